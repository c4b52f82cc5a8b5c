"""The graphs of all models: what is drawn, where it stands, and that both writers draw the same."""

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest

import entropysym as es
from entropysym.errors import InputError
from entropysym.language.symbols import LAG
from entropysym.models import ZOO
from entropysym.pages.compiling import compiled, is_installed
from entropysym.pictures import model_graph
from entropysym.pictures.boxes import Box
from entropysym.pictures.curves import _bent, _on_borders, at, ways
from entropysym.pictures.nodes import Repeated, graph_of, named_in
from entropysym.pictures.placing import loop_box, placed
from entropysym.testing.random_graphs import random_graph
from tests.graph_models import GRAPHS

SVG = "{http://www.w3.org/2000/svg}"


def violations(graph, layout):
    """What is wrong with a layout: nodes that overlap, plates that hold what is not theirs or cut it, plates that cross, labels on nodes."""
    found = []
    for one, other in combinations(layout.nodes.values(), 2):
        if one.box.meets(other.box):
            found.append(f"{one.node.name} and {other.node.name} overlap")
    for frame in layout.frames:
        for name, node in layout.nodes.items():
            inside, apart = frame.box.holds(node.box), not frame.box.meets(node.box)
            if not (inside if name in frame.repeated.members else apart):
                found.append(f"{name} stands wrongly in {frame.repeated.plate.index}")
            if frame.label.meets(node.box):
                found.append(f"the label of {frame.repeated.plate.index} lies on {name}")
    for one, other in combinations(layout.frames, 2):
        nested = one.box.holds(other.box) or other.box.holds(one.box)
        if one.box.meets(other.box) and not nested:
            found.append(f"{one.repeated.plate.index} and {other.repeated.plate.index} cross")
        if one.label.meets(other.label):
            found.append("labels overlap")
    for name, side in layout.loops.items():
        loop = loop_box(layout.nodes[name], side, layout.radius)
        met = [n for n, p in layout.nodes.items() if n != name and p.box.meets(loop)]
        found += [f"the loop of {name} lies on {n}" for n in met]
    return found


def relation(model):
    """Pairs of what is read and what reads it, in p and q, straight from the factors."""
    found = set()
    start = {lag.name: lag.start for lag in model.lags}
    for side, factors in (("p", model.p), ("q", model.q)):
        for f in factors:
            read = {name.removesuffix(LAG) for name in f.given} | {
                start[n] for n in f.given if n in start
            }
            found |= {(side, s, of) for s in read | {*named_in(model, f)} for of in f.of}
    return found


@pytest.mark.some(5)
@pytest.mark.parametrize("name", sorted(ZOO))
def test_every_graph_of_the_zoo(name):
    model = ZOO[name]()
    graph = graph_of(model)
    layout = placed(graph)
    declared = [one.name for one in (*model.variables, *model.parameters, *model.networks)]
    assert sorted(layout.nodes) == sorted(declared)
    plates = [*(one.plate for one in graph.plates), *graph.axes]
    assert sorted(map(str, plates)) == sorted(map(str, model.plates))
    assert violations(graph, layout) == []
    arrows = [(e.side, e.source, e.target) for e in graph.edges if e.side != "joint"]
    assert set(arrows) == relation(model)
    assert len(arrows) == len(set(arrows))
    for way in ways(graph, layout):
        if way.side:
            continue
        points = [at(way.curve, k / 40) for k in range(41)]
        ends = (way.edge.source, way.edge.target)
        met = [
            n
            for n, p in layout.nodes.items()
            if n not in ends and any(p.box.near(*xy) for xy in points)
        ]
        assert met == [], way.edge


@pytest.mark.some(5)
@pytest.mark.parametrize("name", sorted(ZOO))
def test_the_svg_has_everything_once(name):
    model = ZOO[name]()
    root = ElementTree.fromstring(model_graph(model))
    groups = list(root.iter(f"{SVG}g"))
    nodes = [
        g.get("id", "").removeprefix("node-") for g in groups if g.get("id", "").startswith("node-")
    ]
    declared = [one.name for one in (*model.variables, *model.parameters, *model.networks)]
    assert sorted(nodes) == sorted(declared)
    arrows = {
        (g.get("class"), g.get("data-from"), g.get("data-to")) for g in groups if g.get("data-from")
    }
    assert {a for a in arrows if a[0] != "joint"} == relation(model)
    drawn = [g.get("id", "").removeprefix("plate-") for g in groups if g.get("class") == "plate"]
    texts = ["".join(t.itertext()) for t in root.iter(f"{SVG}text")]
    key = re.findall(r"(\w+) = 1…", " ".join(t for t in texts if t not in drawn))
    assert sorted(key) == sorted(p.index.name for p in model.plates)
    assert {*drawn} <= {*key}
    wide, tall = (float(root.get(side, "0")) for side in ("width", "height"))
    assert 100 < wide < 800
    assert 100 < tall < 1000


def test_the_law_of_a_layout_rejects():
    graph = graph_of(ZOO["vae2"]())
    layout = placed(graph)
    x, z = layout.nodes["x"], layout.nodes["z"]
    onto = replace(layout, nodes=layout.nodes | {"x": replace(x, box=z.box)})
    assert [set(found.split()) for found in violations(graph, onto)] == [
        {"x", "and", "z", "overlap"}
    ]
    frame = layout.frames[0]
    less = replace(frame, repeated=Repeated(frame.repeated.plate, frozenset({"z"})))
    assert violations(graph, replace(layout, frames=(less,))) == ["x stands wrongly in n"]
    cut = replace(frame, box=Box(z.x, z.y, x.box.right, x.box.bottom))
    assert "z stands wrongly in n" in violations(graph, replace(layout, frames=(cut,)))


def test_a_mixture_as_papers_draw_it():
    graph = graph_of(ZOO["gaussian_mixture"]())
    assert {p.plate.index.name: {*p.members} for p in graph.plates} == {
        "n": {"c", "x"},
        "k": {"m", "s"},
    }
    assert [a.index.name for a in graph.axes] == ["d"]


def test_time_is_a_plate_with_an_arrow_that_returns():
    graph = graph_of(ZOO["hidden_markov_model"]())
    assert {p.plate.index.name: {*p.members} for p in graph.plates} == {
        "n": {"c0", "c", "y"},
        "t": {"c", "y"},
        "k": {"m", "s"},
        "l": {"A"},
    }
    assert [(e.source, e.target, e.lag) for e in graph.edges if e.lag] == [("c", "c", "t")]
    assert "t − 1" in model_graph(ZOO["hidden_markov_model"]())


def test_kinds_are_told_apart():
    svg = model_graph(ZOO["vae1_frozen_encoder"]())
    kinds = dict(re.findall(r'<g class="(\w+)" id="node-(\w+)"', svg))
    assert set(kinds) == {"observed", "latent", "learned", "fixed", "network", "frozen"}
    assert "empty square: fixed network" in svg
    assert "no arrow" not in svg
    assert "no arrow: in the objective only" in model_graph(ZOO["beta_vae2"]())


def test_no_raw_name_is_printed():
    svg = model_graph(ZOO["vae2"]())
    words = re.sub(r"<[^>]*>", " ", svg)
    assert "sigma2" not in words
    assert "_" not in words
    assert "σ" in words
    assert "τ" in words


def test_without_a_key():
    assert "dashed" not in model_graph(ZOO["vae2"](), key=False).replace("dasharray", "")
    assert "footnotesize" in model_graph(ZOO["vae2"](), to="tikz")
    assert "footnotesize" not in model_graph(ZOO["vae2"](), to="tikz", key=False)


def test_tikz_draws_the_same_graph():
    model = ZOO["two_layer_vae"]()
    text = model_graph(model, to="tikz")
    nodes = re.findall(
        r"^\\node\[(?:observed|given|latent|learned|fixed|network|frozen).*?\((\w+)\) at",
        text,
        flags=re.M,
    )
    assert sorted(nodes) == sorted(graph_of(model).nodes[k].name for k in range(len(nodes)))
    arrows = {
        tuple(a)
        for a in re.findall(
            r"^\\draw\[([pq])\] \((\w+)\) to(?:\[[^]]*\])? \((\w+)\);", text, flags=re.M
        )
    }
    assert arrows == relation(model)
    assert text.count("{") == text.count("}")
    assert "usetikzlibrary" not in text
    assert text.isascii()


def test_a_model_of_ones_own_with_documents_and_words():
    """Plates inside of a datum, a global latent, and two that read each other's plate."""
    from entropysym import families as f

    w = es.ModelWriter()
    w.plate("i I")
    w.plate("k K")
    w.plate("v V")
    theta = w.latent_variable("theta", "h H")
    c = w.latent_variable("c", "i k", support="onehot")
    word = w.observed_variable("word", "i v", support="onehot")
    w.p(theta, f.NORMAL(0, w.learned("alpha2", "h", range="positive")))
    w.p(c, f.CATEGORICAL_LOGITS(w.network("g", "k", reads=theta)))
    w.p(word, f.CATEGORICAL(w.learned("phi", "v k", range="simplex")), select=c, classes="k")
    w.q(theta, c, f.ANY)
    graph = graph_of(w.model("topics"))
    assert {p.plate.index.name: {*p.members} for p in graph.plates} == {
        "n": {"theta", "c", "word"},
        "i": {"c", "word"},
        "k": {"phi"},
    }
    assert violations(graph, placed(graph)) == []


@pytest.mark.parametrize("to", ["svg", "tikz"])
def test_equal_models_give_equal_text(to):
    assert model_graph(ZOO["vae3"](), to) == model_graph(ZOO["vae3"](), to)
    assert model_graph(ZOO["vae3"](), to) != model_graph(ZOO["vae2"](), to)


@pytest.mark.slow
def test_equal_models_give_equal_text_in_another_process():
    program = "from entropysym.models import vae3; from entropysym.pictures import model_graph; print(model_graph(vae3()) + model_graph(vae3(), to='tikz'), end='')"
    runs = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    made = model_graph(ZOO["vae3"]()) + model_graph(ZOO["vae3"](), to="tikz")
    assert runs == {made.encode()}


def test_what_cannot_be_drawn():
    with pytest.raises(InputError, match=r"model is 'vae2'; pass a Model"):
        model_graph("vae2")
    with pytest.raises(InputError, match=r"unknown format 'pdf'.*svg, tikz"):
        model_graph(ZOO["vae2"](), to="pdf")


@pytest.mark.parametrize("name", ["hidden_markov_model", "semi_supervised_vae"])
def test_the_graphs_in_the_documentation_are_those_of_today(name):
    stored = (Path(__file__).parents[2] / "docs" / f"{name}.svg").read_text(encoding="utf-8")
    assert stored == model_graph(ZOO[name]())


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
def test_random_graphs(seed):
    model = random_graph(seed)
    graph = graph_of(model)
    assert violations(graph, placed(graph)) == []
    arrows = {(e.side, e.source, e.target) for e in graph.edges if e.side != "joint"}
    assert arrows == relation(model)
    ElementTree.fromstring(model_graph(model))


@pytest.mark.parametrize("name", sorted(GRAPHS))
def test_graphs_of_the_tests(name):
    """Nested plates, matrices, several data plates."""
    graph = graph_of(GRAPHS[name]())
    assert violations(graph, placed(graph)) == []


def _is_known_to_tex(file):
    found = is_installed() and shutil.which("kpsewhich")
    return bool(found) and subprocess.run(["kpsewhich", file], capture_output=True).returncode == 0


@pytest.mark.skipif(not _is_known_to_tex("tikz.sty"), reason="tikz is not installed")
def test_tikz_compiles():
    """Kinds that between them have loops, plates in plates, shared parameters, matrices, joint laws and marks without an arrow."""
    names = ("hidden_markov_model", "semi_supervised_vae", "gaussian_vae", "beta_vae", "categorical_vae")  # fmt: skip
    pictures = "\n\n".join(model_graph(ZOO[name](), to="tikz") for name in names)
    head = r"\documentclass{article}\usepackage{tikz,amsmath}\setlength{\parindent}{0pt}\begin{document}"
    assert "Overfull" not in compiled(f"{head}{pictures}\\end{{document}}").log
    wrong = model_graph(ZOO["vae2"](), to="tikz").replace(r"\draw", r"\draws", 1)
    with pytest.raises(InputError, match="Undefined control sequence"):
        compiled(f"{head}{wrong}\\end{{document}}")


@pytest.mark.some(6)
@pytest.mark.parametrize("name", sorted(ZOO))
def test_no_arrow_runs_along_the_side_of_a_plate(name):
    graph = graph_of(ZOO[name]())
    layout = placed(graph)
    assert [w.edge for w in ways(graph, layout) if _on_borders(w, layout)] == []


def test_an_arrow_that_would_is_bent_less():
    graph = graph_of(ZOO["vae3_softplus"]())
    layout = placed(graph)
    (bent,) = (w for w in ways(graph, layout) if w.bend)
    assert not _on_borders(bent, layout)
    assert _on_borders(_bent(bent.edge, layout, 30), layout)
