"""Printed theories, without Coq: each states what is stored, and what is not printed says so in a line."""

import hashlib
import itertools
import json
import re
import time
from pathlib import Path

import numpy as np
import pytest

import entropysym as es
from entropysym.checker import Refused
from entropysym.errors import InputError
from entropysym.export.coq import PRELUDE, demand_place, prelude, theory
from entropysym.language.store import canonical
from entropysym.prover.document import to_json
from tests.checker.explicit_sums import NODES, WEIGHTS, number, world
from tests.export.awkward import REFUSED, sparse
from tests.export.instances import instance
from tests.export.reading import definitions
from tests.export.tampering import false_ones
from tests.instances import derivation, found

NAMES = sorted(es.models.ZOO)
ROOT = Path(__file__).parents[2]
#: Of one data plate and the latent z, which the evaluator of stored terms knows.
ONE_LATENT = (
    "vae2",
    "vae1_log_variance",
    "vae1",
    "linear_vae",
    "vae0",
    "poisson_vae",
    "bernoulli_vae",
    "sparse_coding",
    "beta_vae",
    "vae3",
    "vae1_softplus",
)


def _document(name):
    return to_json(derivation(name))


@pytest.mark.some(2)
@pytest.mark.parametrize("name", NAMES)
def test_all_that_ships_is_printed(name):
    text = theory(_document(name))
    assert f"Theorem {name}_theorem :" in text
    assert max(map(len, text.splitlines())) <= 400
    assert not re.search(r"\b(Admitted|Axiom|Parameter|admit)\b", text)


def test_the_file_has_the_hash_of_its_statement():
    document = _document("vae2")
    statement = canonical(json.loads(document)["statement"]).encode()
    assert hashlib.sha256(statement).hexdigest() in theory(document)


def test_the_prelude_assumes_nothing():
    assert not re.search(r"\b(Admitted|Axiom|Parameter|Conjecture|admit)\b", prelude())


@pytest.mark.some(2)
@pytest.mark.parametrize("name", NAMES)
def test_premises_come_from_a_fixed_list(name):
    text = theory(_document(name))
    records = re.findall(r"^Record (?:in_range|conditions) .*?\}\.", text, flags=re.M | re.S)
    fields = re.findall(r"^  (\w+) : (.*?)(?=;$| \}\.)", "\n".join(records), flags=re.M | re.S)
    assert len(records) == 2
    kinds = ("size_", "range_", "support_", "law_", "laws_", "finite_", "interchange_")
    for field, said in fields:
        assert field.startswith(kinds), field
        if not field.startswith(("finite_", "interchange_")):
            assert not re.search(r"ELBO|elbo|entrop", said)


def test_a_document_that_is_not_accepted_is_not_printed():
    document = json.loads(_document("vae2"))
    document["statement"]["direction"]["sigma2"] = ["param", "sigma2"]
    with pytest.raises(Refused):
        theory(json.dumps(document))


def test_what_is_not_printed_says_so():
    refused = found("vae1_frozen_encoder")
    assert "vae1_frozen_encoder_theorem" in es.render(refused, to="coq")  # the partial result
    with pytest.raises(InputError, match="no parts"):
        es.render(derivation("vae2"), to="coq", part="theorem")


@pytest.mark.parametrize("name", REFUSED)
def test_a_name_that_the_file_gives_to_something_else_is_refused_in_one_line(name):
    with pytest.raises(InputError, match=f"the name {name}, which such a file gives to something"):
        es.render(es.derive(sparse(W=name)), to="coq")


def test_a_model_is_not_called_like_the_prelude():
    with pytest.raises(InputError, match="the prelude has this name"):
        es.render(es.derive(sparse("EntropySum")), to="coq")


def test_what_the_checker_refuses_is_an_error_of_the_caller():
    """A positive number need not be below 1."""
    f, w = es.families, es.ModelWriter(observed="d D")
    z, y = w.latent_variable("z", "h H"), w.observed_variable("y", "e B", support="count")
    w.p(z, f.NORMAL(0, w.learned("a", "h", range="positive")))
    w.p(w.x, f.NORMAL(w.network("mu", "d", reads=z), w.learned("s", range="positive")))
    w.p(y, f.GEOMETRIC(w.learned("r", "e", range="positive")))
    w.q(z, f.ANY)
    model = w.model("own")
    with pytest.raises(InputError, match="the checker does not accept what was derived for own"):
        es.render(es.derive(model), to="coq")


@pytest.mark.parametrize(("name", "fixed"), [("beta_vae", "beta"), ("vae0", "sigma2")])
def test_what_does_not_learn_is_no_part_of_a_stationary_point(name, fixed):
    text = theory(_document(name))
    distance = re.search(r"^Definition distance .*?\.\n", text, re.M | re.S)[0]
    assert not re.search(rf"\b{fixed} q", distance)
    assert "Rabs (u q h - u p h)" in " ".join(distance.split())
    assert (
        f"Definition learned (q : parameters) : Prop := in_range q /\\ {fixed} q = {fixed} p."
        in text
    )
    assert "stationary learned distance" in text
    assert "stationary in_range distance" in theory(_document("vae2"))


def test_no_file_is_lost_beside_a_theory(tmp_path):
    (tmp_path / PRELUDE).write_text("my notes")
    with pytest.raises(InputError, match="would be lost"):
        demand_place(tmp_path / "vae1.v")
    with pytest.raises(InputError, match="where the prelude belongs"):
        demand_place(tmp_path / "other" / PRELUDE)
    (tmp_path / PRELUDE).write_text(prelude())
    demand_place(tmp_path / "vae1.v")


def test_printing_is_quick():
    """The checker's replay is a matter of its own."""
    from entropysym.checker import gate
    from entropysym.checker.kernel.normal_form import Work
    from entropysym.checker.kernel.reader import read
    from entropysym.checker.kernel.theorem import accept
    from entropysym.export.coq import printed

    parts = gate.envelope(_document("vae1"))
    judgement = accept(read(parts.statement, parts.certificates), Work())
    start = time.process_time()
    printed(judgement, "0")
    assert time.process_time() - start < 0.2


# ---- a second reader: the printed definitions as numbers, beside the stored terms ---------------


def _curried(array):
    """An array as a function of its indices, one by one."""
    array = np.asarray(array)
    return (lambda i: _curried(array[i])) if array.ndim else float(array)


def _network(w, net):
    """A network as a printed file calls it: the inputs, then the indices."""
    sizes = [w.sizes[s] for s in net["inputs"]]

    def called(values, indices):
        if len(values) < len(sizes):
            return lambda v: called(
                [*values, np.array([v(k) for k in range(sizes[len(values)])])], ()
            )
        if len(indices) < len(net["plates"]):
            return lambda i: called(values, (*indices, i))
        return w.network(net["name"], indices, values)

    return called([], ())


def _given(w):
    """Values for what a printed file declares, with the law of its outcomes."""
    noise = list(itertools.product(range(len(NODES)), repeat=w.sizes["H"]))
    draws = noise if w.reparametrised else range(len(w.latents["z"]))
    outcomes = list(itertools.product(range(w.sizes["N"]), draws))

    def weight(o):
        return (
            float(np.prod(WEIGHTS[list(o[1])])) if w.reparametrised else 1 / len(draws)
        ) / w.sizes["N"]

    given = {
        "E": None,
        "expect": lambda _: lambda f: sum(weight(o) * f(o) for o in outcomes),
        "p": None,
    }
    given |= w.sizes
    given |= {name: (lambda a: lambda p: _curried(a))(array) for name, array in w.arrays.items()}
    given |= {net["name"]: _network(w, net) for net in w.model["networks"]}
    given["x"] = lambda o: _curried(w.data["x"][o[0]])
    if w.reparametrised:
        given["eps_z"] = lambda o: _curried(NODES[list(o[1])])
    else:
        given["z"] = lambda o: _curried(w.latents["z"][o[1]][o[0]])
    return given


def _printed_and_stored(name, seed=1):
    document = json.loads(_document(name))
    w = world(
        document,
        seed,
        {size: 1 + (k % 2) for k, size in enumerate(document["statement"]["model"]["sizes"])},
    )
    if name == "poisson_vae":
        w.data["x"][...] = np.arange(w.data["x"].size).reshape(w.data["x"].shape)
    read = definitions(theory(json.dumps(document)), _given(w))
    claim = document["statement"]["claim"]
    elbo = next(step["result"] for step in document["steps"] if step["rule"] == "definition")
    pairs = {
        "closed_form": (read["closed_form"](None), number(w, claim["entropy_sum"])),
        "ELBO": (read["ELBO"](None), number(w, elbo)),
        "entropy_sum": (
            read["entropy_sum"](None),
            number(w, claim["entropy_sum"]) - number(w, claim["excess"]),
        ),
    }
    return pairs, read


@pytest.mark.some(2)
@pytest.mark.parametrize("name", ONE_LATENT)
def test_printed_definitions_are_the_stored_ones_in_numbers(name):
    pairs, _ = _printed_and_stored(name)
    for what, (printed, stored) in pairs.items():
        assert printed == pytest.approx(stored, rel=1e-9, abs=1e-9), what


def test_the_second_reader_notices_a_misprint():
    document = json.loads(_document("vae2"))
    w = world(document, 1)
    text = theory(json.dumps(document))
    assert "1 / 2 * INR D *" in text
    wrong = definitions(text.replace("1 / 2 * INR D *", "1 / 2 * INR H *"), _given(w))
    right = definitions(text, _given(w))
    assert abs(wrong["closed_form"](None) - right["closed_form"](None)) > 1e-3


# ---- the theorems as statements about floats, read from the text alone --------------------------


@pytest.mark.some(2)
@pytest.mark.parametrize("name", NAMES)
def test_a_printed_theorem_holds_in_numbers(name):
    """For a law of three outcomes, whatever the latents are."""
    text = theory(_document(name))
    for seed in (1, 2):
        slope, closed = instance(text, seed).residuals()
        assert slope < 1e-10
        assert closed < 1e-12


@pytest.mark.some(2)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_tampered_with_is_false_in_numbers(name):
    assert len(false_ones(theory(_document(name)))) >= 3


def test_the_integrand_separates_where_all_families_are_of_location_and_scale():
    """There the interchange is no premise; a Bernoulli's logits do not separate."""
    without = {n for n in ("vae1", "gaussian_vae", "sparse_coding") if "interchange_" not in _premises(n)}  # fmt: skip
    assert without == {"vae1", "gaussian_vae", "sparse_coding"}
    for name in ("bernoulli_vae", "gaussian_mixture", "beta_vae", "vae1_softplus"):
        assert "interchange_" in _premises(name)


@pytest.mark.slow
def test_the_page_says_how_many_models_separate():
    said = (ROOT / "docs/coq.md").read_text(encoding="utf-8")
    separate = [name for name in NAMES if "interchange_" not in _premises(name)]
    assert f"{len(separate)} of the {len(NAMES)} models that ship" in " ".join(said.split())


def _premises(name):
    return re.search(r"^Record conditions .*?\}\.", theory(_document(name)), re.M | re.S)[0]
