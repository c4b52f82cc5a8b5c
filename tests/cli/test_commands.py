"""The command line: what it prints, its exit status, and one clear line for every wrong input."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from entropysym.experiments.names import EXPERIMENTS
from entropysym.experiments.records import TRAINED
from entropysym.models import ZOO
from entropysym.models.catalogue import CATALOGUE

COMMANDS = [
    (),
    *(
        (name,)
        for name in [
            "list",
            "derive",
            "judge",
            "replay",
            "verify",
            "families",
            "sweep",
            "experiment",
            "explain",
        ]
    ),
]


@pytest.mark.slow
def test_list_says_verdict_and_differences_of_every_model(run):
    shown = run("list")
    assert shown.returncode == 0
    lines = [line.split() for line in shown.stdout.splitlines()]
    assert [line[:2] for line in lines] == [[n, c.verdict] for n, c in CATALOGUE.items()]
    rows = json.loads(run("list", "--json").stdout)
    assert {row["name"] for row in rows} == set(ZOO)
    for row, line in zip(rows, lines, strict=True):
        assert line[2] == (f"{row['form_of']}," if row["differs"] else row["title"].split()[0])
        assert row["source"]


def test_list_names_every_experiment(run):
    rows = json.loads(run("list", "--experiments", "--json").stdout)
    assert [row["name"] for row in rows] == list(EXPERIMENTS)
    assert {row["name"] for row in rows} == {*TRAINED, "streaming", "manifolds"}
    needy = {row["name"] for row in rows if row["needs_data"]}
    assert needy == {name for name, record in TRAINED.items() if record.data is None}
    for text in (run("list", "--experiments").stdout, run("experiment", "-h").stdout):
        assert all(f"{name:<12}{title}" in text for name, title in EXPERIMENTS.items())


@pytest.mark.parametrize("command", COMMANDS)
def test_h_is_help(run, command):
    shown = run(*command, "-h")
    assert shown.returncode == 0
    assert shown.stdout == run(*command, "--help").stdout
    assert shown.stdout.startswith(" ".join(("Usage: entropysym", *command)))


def test_help_and_version(run):
    said = " ".join(run("--help").stdout.split())
    assert "Exit status: 0 verified, 1 refuted, 2 bad usage or input, 3 undecided, 130" in said
    assert "143 by SIGTERM" in said
    assert run("--version").stdout.startswith("entropysym ")
    assert run().returncode == 2


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("entropysym de", ["derive"]),
        ("entropysym derive vae2_s", ["vae2_std_per_dimension", "vae2_softplus_per_dimension"]),
        ("entropysym verify vae0", ["vae0"]),
        ("entropysym experiment s", ["stationary", "streaming", "susy"]),
        ("entropysym derive vae2 --to l", ["latex"]),
    ],
)
def test_a_shell_completes_names(run, typed, found, monkeypatch):
    monkeypatch.setenv("_ENTROPYSYM_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", typed)
    monkeypatch.setenv("COMP_CWORD", str(len(typed.split()) - 1))
    assert run().stdout.split() == found


@pytest.mark.parametrize("form", ["text", "latex", "markdown", "json"])
def test_derive_prints_each_form(run, form):
    shown = run("derive", "vae2", "--to", form)
    assert shown.returncode == 0, shown.stderr
    assert shown.stderr == ""
    start = {
        "latex": "\\documentclass",
        "json": '{"certificates"',
        "text": "VAE-2",
        "markdown": "#",
    }
    assert shown.stdout.lstrip().startswith(start[form])


@pytest.mark.slow
def test_derive_writes_a_file_that_replay_accepts(run, tmp_path):
    file = tmp_path / "linear.json"
    written = run("derive", "linear_vae", "--to", "json", "--out", file)
    assert written.returncode == 0, written.stderr
    assert "written to" in written.stdout
    replayed = run("replay", file)
    assert replayed.returncode == 0, replayed.stderr
    assert "derivation accepted" in replayed.stdout
    answer = json.loads(run("replay", file, "--json").stdout)
    assert answer["accepted"] is True
    assert answer["model"] == "linear_vae"


def test_derive_as_json_says_the_verdict(run):
    answer = json.loads(run("derive", "vae2", "--json").stdout)
    assert answer["verdict"] == "proved"
    assert answer["evidence"] == ["replayed"]


def test_a_refused_model_ends_with_status_1_and_says_why(run):
    shown = run("derive", "vae0")
    assert shown.returncode == 1
    assert "σ² being fixed" in " ".join(shown.stdout.split())


def test_a_tampered_file_is_not_accepted_and_not_called_false(run, tmp_path):
    file = tmp_path / "vae2.json"
    run("derive", "vae2", "--to", "json", "--out", file)
    stored = json.loads(file.read_text())
    del stored["steps"][2]
    file.write_text(json.dumps(stored))
    refused = run("replay", file)
    assert refused.returncode == 1
    assert refused.stderr.startswith("derivation not accepted: ")
    assert "false" not in refused.stderr.lower()
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.slow
def test_a_refusal_is_written_and_replayed_as_one(run, tmp_path):
    file = tmp_path / "vae0.json"
    written = run("derive", "vae0", "--to", "json", "--out", file)
    assert written.returncode == 1, written.stderr
    assert "refuted: " in written.stdout
    replayed = run("replay", file)
    assert replayed.returncode == 0, replayed.stderr
    assert replayed.stdout.endswith("refusal accepted: the claim is false for this model\n")
    assert "weight -2 at x = 0" in replayed.stdout
    answer = json.loads(run("replay", file, "--json").stdout)
    assert (answer["accepted"], answer["refuted"], answer["kind"]) == (True, True, "observed")
    stored = json.loads(file.read_text())
    stored["refusal"]["points"][0][0] += 1
    file.write_text(json.dumps(stored))
    refused = run("replay", file)
    assert refused.returncode == 1
    assert refused.stderr.startswith("refusal not accepted: ")
    assert len(refused.stderr.splitlines()) == 1
    stored["refusal"] = "nothing"
    file.write_text(json.dumps(stored))
    unreadable = run("replay", file)
    assert unreadable.returncode in (1, 2)
    assert len(unreadable.stderr.splitlines()) == 1


def _on_terminal(*arguments):
    """What a terminal shows on its standard error, and what goes to a pipe."""
    ours, theirs = os.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        process = subprocess.Popen(
            [sys.executable, "-m", "entropysym", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=theirs,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "200"},
        )
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # Linux ends a closed terminal with an error
            while block := screen.read(4096):
                shown += block
        printed = process.communicate(timeout=300)[0].decode()
    return shown.decode(errors="replace"), printed


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no terminals here")
def test_the_stage_is_shown_on_a_terminal_and_nowhere_else(run):
    shown, printed = _on_terminal("derive", "vae0")
    assert "vae0: direction that moves q" in shown
    assert "direction that moves q" not in printed
    assert printed == run("derive", "vae0").stdout
    assert run("derive", "vae0").stderr == ""


def _files(folder: Path) -> dict[str, Path]:
    folder.mkdir(exist_ok=True)
    texts = {
        "empty.csv": "",
        "ragged.csv": "1,2\n3\n",
        "words.csv": "1,2\n3,four\n",
        "nan.csv": "1,2\nnan,4\n",
        "inf.csv": "1,2\ninf,4\n",
        "data.xlsx": "1 2\n",
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    np.save(folder / "vector.npy", np.zeros(5))
    np.save(folder / "beyond.npy", np.array([[1, 2**53 + 1]]))
    (folder / "beyond.csv").write_text("1,9007199254740993\n")
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (%s), }"
    for name, shape in (
        ("true", b"True, 8"),
        ("negative", b"-1, 8"),
        ("huge", b"1099511627776, 2"),
    ):
        text = (header % shape).ljust(117) + b"\n"
        content = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(64)
        (folder / f"{name}.npy").write_bytes(content)
    np.save(folder / "cube.npy", np.zeros((2, 0, 4)))
    np.save(folder / "object.npy", np.array([[1, "a"]], dtype=object), allow_pickle=True)
    (folder / "broken.npy").write_bytes(b"\x93NUMPY nonsense")
    return {p.name: p for p in folder.iterdir()}


@pytest.mark.parametrize(
    "name",
    [
        *("empty.csv", "ragged.csv", "words.csv", "nan.csv", "inf.csv", "data.xlsx"),
        *("vector.npy", "cube.npy", "object.npy", "broken.npy", "missing.csv", "missing.npy"),
        *("beyond.npy", "beyond.csv", "true.npy", "negative.npy", "huge.npy"),
    ],
)
def test_unusable_data_is_one_clear_line(run, name, tmp_path):
    file = _files(tmp_path / "data").get(name, tmp_path / name)
    shown = run("verify", "linear_vae", "--data", file, "--report", tmp_path / "report")
    assert shown.returncode == 2
    assert shown.stderr.startswith("error: ")
    assert len(shown.stderr.splitlines()) == 1
    assert "Traceback" not in shown.stderr + shown.stdout
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("derive", "vea2"),
            "unknown model 'vea2'; did you mean vae2? choose one of: bayesian_regression",
        ),
        (("derive", "resnet"), "unknown model 'resnet'; choose one of: bayesian_regression"),
        (("verify", "vae9"), "unknown model 'vae9'"),
        (("derive", "vae2", "--out", "/proc/nowhere/x.tex"), "cannot write '/proc/nowhere/x.tex'"),
        (("verify", "--report", "/proc/nowhere"), "cannot write into '/proc/nowhere'"),
        (("replay", "/nowhere.json"), "not a readable derivation: "),
        (("judge", "/nowhere.py"), "there is no file '/nowhere.py'"),
    ],
)
def test_wrong_usage_is_one_clear_line(run, arguments, words):
    shown = run(*arguments)
    assert shown.returncode == 2
    assert words in shown.stderr
    assert len(shown.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments", [("derive",), ("derive", "vae2", "--to", "pdf"), ("nothing",)]
)
def test_wrong_options_end_with_status_2(run, arguments):
    shown = run(*arguments)
    assert shown.returncode == 2
    assert "Traceback" not in shown.stderr


def _matrix(folder: Path, values) -> Path:
    np.save(folder / "data.npy", np.asarray(values, float))
    return folder / "data.npy"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.ones((1, 6)), "single row"),
        (np.ones((20, 6)), "equal"),
        (np.outer(np.arange(30.0), np.ones(6)), "rank"),
    ],
)
def test_data_without_a_stationary_point_is_undecided(run, values, words, tmp_path, at_shapes):
    at_shapes((2, 3, 4))
    shown = run(
        *("verify", "linear_vae", "--data", _matrix(tmp_path, values)),
        *("--report", tmp_path / "report", "--configurations", "64"),
    )
    assert shown.returncode == 3, shown.stderr
    assert words in shown.stdout.lower()


@pytest.mark.slow
def test_verify_writes_a_whole_report(run, tmp_path, at_shapes):
    at_shapes((2, 3, 4))
    rng = np.random.default_rng(3)
    data = rng.laplace(size=(60, 6)) @ rng.normal(size=(6, 6))
    data[:, 2] = 7.0  # a constant column is fine
    report = tmp_path / "deep" / "report"
    shown = run(
        *("verify", "linear_vae", "--data", _matrix(tmp_path, data), "--report", report),
        *("--configurations", "256", "--seed", "5"),
    )
    assert shown.returncode == 0, shown.stdout + shown.stderr
    stages = ("derive, replay", "configurations", "wrong variants", "ascent")
    assert shown.stderr.splitlines() == [f"linear_vae: {stage} ..." for stage in stages]
    assert "proved" in shown.stdout
    stored = json.loads((report / "report.json").read_text())
    (entry,) = stored["models"]
    assert stored["seed"] == 5
    assert "shape" not in stored
    assert entry["shape"] == [60, 6]
    assert entry["data"] == f"{tmp_path / 'data.npy'}, N x D = 60 x 6"
    assert entry["evidence"] == ["replayed", "float64", "trained"]
    figures = entry["figures"]
    assert figures["gradient norm"] <= 1e-8
    assert abs(figures["gap"]) <= 1e-8
    assert abs(figures["ELBO - pPCA maximum"]) <= 1e-8
    assert figures["largest residual [eps x terms]"] <= 8
    assert len(entry["variants"]) >= 10
    assert all(v["rejected"] > 0 for v in entry["variants"] if not v["equal"])
    for name in entry["files"]:
        assert (report / name).stat().st_size > 500
    assert run("replay", report / "linear_vae.json").returncode == 0


@pytest.mark.slow
def test_without_matplotlib_the_report_has_no_figures_and_says_so(
    run, tmp_path, at_shapes, monkeypatch
):
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # as where it is not installed
    at_shapes((2, 3, 4))
    data = _matrix(tmp_path, np.random.default_rng(3).laplace(size=(60, 6)))
    command = ("verify", "linear_vae", "--data", data, "--configurations", "64", "--report")
    shown = run(*command, tmp_path / "report")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "without figures: figures need matplotlib; install it" in " ".join(shown.stdout.split())
    stored = json.loads((tmp_path / "report/report.json").read_text())
    assert stored["models"][0]["files"] == ["linear_vae.json", "linear_vae.tex"]
    refused = run("experiment", "pca", "--out", tmp_path / "pca")
    assert refused.returncode == 2
    assert "pip install 'entropysym[figures]'" in refused.stderr


@pytest.mark.slow
def test_judge_accepts_a_model_and_refuses_another(run, tmp_path):
    text = """
from entropysym import ModelWriter
from entropysym.families import LAPLACE, NORMAL
w = ModelWriter(observed="d D", latent="h H")
W, lam = w.learned("W", "d h"), w.learned("lam", "h", range="positive")
sigma2 = w.SIGMA("sigma2", range="positive")
model = w.model("sparse", prior=LAPLACE(0, lam), decoder=NORMAL(w.sum("h", W * w.z_h), sigma2),
    encoder=NORMAL(w.network("nu", "h", reads=w.x_n), w.network("tau2", "h", reads=w.x_n, range="positive")))
"""
    file = tmp_path / "own.py"
    file.write_text(text.replace("SIGMA", "learned"))
    accepted = run("judge", file)
    assert accepted.returncode == 0, accepted.stderr
    fixed = text.replace("SIGMA", "fixed")
    file.write_text(fixed.replace("LAPLACE(0, lam)", "NORMAL(0, lam)"))
    refused = run("judge", file)
    assert refused.returncode == 1
    assert "σ² being fixed" in " ".join(refused.stdout.split())
    # A Normal encoder is never a Laplace prior, so there is no such stationary point to show.
    file.write_text(fixed)
    undecided = run("judge", file)
    assert undecided.returncode == 3
    assert "no stationary point with a gap was found" in " ".join(undecided.stdout.split())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1", "binds no 'model'"),
        ("model = 1", "model is 1, not a Model"),
        (
            "from entropysym import models\nmodel = models.vae2",
            "model is a function, not a Model; write model = vae2()",
        ),
        ("model = lambda: 1", "model is a function, not a Model; write model = model()"),
        ("model = (", "line 1: "),
        ("\nraise ValueError('boom')", "line 2: ValueError: boom"),
        ("import sys; sys.exit(0)", "SystemExit"),
        (
            "from entropysym import ModelWriter\nModelWriter(observed='d')",
            "line 2: a plate is written",
        ),
    ],
)
def test_judge_says_what_is_wrong_with_a_file(run, text, words, tmp_path):
    file = tmp_path / "own.py"
    file.write_text(text)
    shown = run("judge", file)
    assert shown.returncode == 2
    assert words in shown.stderr
    assert len(shown.stderr.splitlines()) == 1


OWN = """
from entropysym import ModelWriter, families

w = ModelWriter(observed="d D", latent="h H")
alpha2, b = w.learned("alpha2", range="positive"), w.learned("b", range="positive")
model = w.model(
    "shared_laplace",
    prior=families.NORMAL(0, alpha2),
    decoder=families.LAPLACE(w.network("mu", "d", reads=w.z), b),
    encoder=families.NORMAL(
        w.network("nu", "h", reads=w.x_n), w.network("tau2", "h", reads=w.x_n, range="positive")
    ),
)
"""


def test_verify_takes_a_model_of_ones_own(run, tmp_path, at_shapes):
    at_shapes((2, 3, 4))
    (tmp_path / "mine.py").write_text(OWN)
    done = run("verify", "mine.py", "--configurations", "40", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)["models"]
    assert found["verdict"] == "proved"
    assert found["evidence"] == ["replayed", "float64"]
    twice = run("verify", "mine.py", "./mine.py", cwd=tmp_path)
    assert twice.returncode == 2
    assert twice.stderr.startswith("error: two models are called 'shared_laplace'")


@pytest.mark.slow
def test_verify_takes_the_data_of_a_graph_by_name(run, tmp_path):
    rng = np.random.default_rng(1)
    u = rng.normal(size=(60, 2))
    y = np.eye(3)[(u @ rng.normal(size=(2, 3)) + rng.gumbel(size=(60, 3))).argmax(axis=1)]
    np.savez(tmp_path / "own.npz", u=u, y=y)
    asked = ("verify", "softmax_classifier", "--configurations", "40")
    done = run(*asked, "--data", "own.npz", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)["models"]
    assert found["verdict"] == "proved"
    assert found["evidence"] == ["replayed", "float64", "trained"]
    assert found["shape"] == {"u": [60, 2], "y": [60, 3]}
    assert found["figures"]["gradient norm"] <= 1e-8
    np.savez(tmp_path / "own.npz", u=u, labels=y)
    wrong = run(*asked, "--data", "own.npz", cwd=tmp_path)
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("error: unknown variable in the data 'labels'")


def _written(folder: Path, text: str) -> Path:
    (folder / "mine.py").write_text(text)
    return folder / "mine.py"


def test_a_refusal_without_witness_and_partial_result_has_nothing_to_store(run, tmp_path):
    fixed = OWN.replace(
        'b = w.learned("alpha2", range="positive"), w.learned(',
        'b = w.fixed("alpha2", range="positive"), w.fixed(',
    )
    refuted = run("judge", _written(tmp_path, fixed), "--to", "json")
    assert refuted.returncode == 1
    assert "refusal" in json.loads(refuted.stdout)
    no_witness = fixed.replace("families.NORMAL(0, alpha2)", "families.LAPLACE(0, alpha2)")
    done = run("judge", _written(tmp_path, no_witness), "--to", "json")
    assert done.returncode == 3
    assert done.stdout == ""
    assert "no result is left to store" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_model_may_import_what_stands_beside_it(run, tmp_path):
    (tmp_path / "parts.py").write_text(OWN)
    (tmp_path / "mine.py").write_text("from parts import model\n")
    done = run("judge", str(tmp_path / "mine.py"))
    assert done.returncode == 0, done.stderr


def test_what_a_model_file_prints_is_not_the_answer(run, tmp_path):
    (tmp_path / "mine.py").write_text("print('noise')\n" + OWN)
    done = run("judge", "mine.py", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["verdict"] == "proved"
    assert done.stderr == "noise\n"


@pytest.mark.parametrize(
    "command", ["entropysym list", "entropysym derive vae2", "entropysym.checker {}"]
)
def test_without_a_standard_output_there_is_no_verdict(run, command, tmp_path):
    path = tmp_path / "vae2.json"
    run("derive", "vae2", "--to", "json", "--out", path)
    line = f"{sys.executable} -m {command.format(path)} >&-"
    done = subprocess.run(line, shell=True, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "standard output" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("form", ["text", "latex"])
def test_a_closed_pipe_is_no_verdict(form):
    """Whether the answer is longer than what a pipe's writer keeps, or not."""
    process = subprocess.Popen(
        [sys.executable, "-m", "entropysym", "derive", "vae2", "--to", form],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.close()
    assert process.stderr.read().lower() == "error: cannot print the answer: broken pipe\n"
    assert process.wait(timeout=60) == 2
    process.stderr.close()


def test_an_unforeseen_error_is_no_refutation(run, tmp_path):
    (tmp_path / "mine.py").write_text(OWN + "\nobject.__setattr__(model, 'parameters', None)\n")
    done = run("judge", "mine.py", cwd=tmp_path)
    assert done.returncode == 2
    assert "error: unforeseen TypeError, please report it" in done.stderr


@pytest.mark.slow
def test_an_experiment_prints_its_table_or_json_and_says_what_was_wrong(run, tmp_path):
    small = ["--seeds", "2", "--epochs", "20", "--size", "300", "--batch", "100"]
    done = run("experiment", "pca", *small, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["experiment"] == "pca"
    assert found["complete"] is True
    assert (tmp_path / "report" / "pca" / "pca.png").exists()
    for arguments, words in (
        (["stationery"], "unknown experiment 'stationery'; did you mean stationary? choose"),
        (["nope"], "unknown experiment 'nope'; choose one of: celeba"),
        (["pca", "--hidden", "a"], "--hidden is 'a'; pass sizes with commas"),
        (["mnist", "--data", "none.npz"], "cannot read none.npz"),
    ):
        wrong = run("experiment", *arguments, cwd=tmp_path)
        assert wrong.returncode == 2
        assert words in wrong.stderr
        assert wrong.stdout == ""
    assert sorted(p.name for p in (tmp_path / "report").iterdir()) == ["pca"]
