"""Every experiment at a small size: figure, table and JSON, what they say, and what is left when it is cut off."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import fields, replace
from functools import cache

import numpy as np
import pytest

from entropysym.errors import InputError
from entropysym.experiments.commands import execute
from entropysym.experiments.kinds import KINDS
from entropysym.experiments.names import EXPERIMENTS
from entropysym.experiments.records import PLANNED, STATIONARY, TRAINED, Sample, Settings
from entropysym.experiments.running import run
from entropysym.verdict import Value
from tests.instances import names

SMALL = {
    "pca": {"seeds": 2, "epochs": 20, "size": 300, "batch": 100},
    "ring": {"seeds": 2, "epochs": 10, "size": 60, "lbfgs": 5, "hidden": (6, 6), "order": 4},
    "mnist": {"seeds": 2, "epochs": 5, "size": 100, "lbfgs": 5, "hidden": (6, 6), "order": 4},
}


def published(place, name):
    return json.loads((place / f"{name}.json").read_text(encoding="utf-8"))


def bytes_of(place):
    """The files of a report that is finished: no checkpoint and no temporary file stays."""
    assert not list(place.glob(".*"))
    return {p.name: p.read_bytes() for p in place.iterdir()}


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """A function that runs a small experiment, once for all tests: what it returned, and its folder."""

    @cache
    def report(name):
        place = tmp_path_factory.mktemp("report") / name
        return execute(name, place, changes=SMALL[name]), place

    return report


@pytest.mark.slow
@pytest.mark.parametrize("name", names(SMALL, ("pca", "mnist")))
def test_an_experiment_writes_its_report(reports, name):
    done, place = reports(name)
    assert done.complete
    assert done.verdict.value is Value.PROVED, done.verdict
    assert {p.suffix for p in place.iterdir()} == {".json", ".md", ".png", ".pdf"}
    found = published(place, name)
    (network,) = found["networks"]
    assert len(network["runs"]) == 2
    for made in network["runs"]:
        assert made["gap agrees"] is True
        assert made["gap"] == pytest.approx(made["ELBO"] - made["entropy sum"], abs=1e-12)
        assert made["gap"] == pytest.approx(made["predicted gap"], abs=1e-10)
        assert abs(made["gap"]) <= made["bound on the gap"]
        assert made["residual [eps x terms]"] <= 8
        assert made["residual of densities and derived direction [eps x terms]"] <= 8
        assert math.isfinite(made["noise"]["ELBO"])
    history = network["history"]
    assert len(history["ELBO"]) == len(history["step"]) > 2
    assert "| network" in done.text
    if name == "pca":
        for made in network["runs"]:
            assert made["reading"] == "converged"
            assert made["gradient norm"] <= 1e-8
            assert abs(made["gap"]) <= 1e-9
            assert made["ELBO"] == pytest.approx(made["pPCA maximum"], abs=1e-9)
            assert made["entropy sum"] == pytest.approx(made["log-likelihood"], abs=1e-9)


def quarters(N, rng):
    """Digits of which the mean of each quarter is left: four columns instead of 64."""
    return Sample(
        *(
            x.reshape(-1, 2, 4, 2, 4).mean(axis=(2, 4)).reshape(-1, 4)
            for x in STATIONARY.data(N, rng)
        )
    )


QUARTERS = replace(STATIONARY, kinds={"vae2": {"size": 150, "order": 12}}, data=quarters)
WHOLE = {kind: replace(STATIONARY, kinds={kind: {}}) for kind in ("vae1", "vae2")}


@pytest.mark.parametrize(
    "small",
    [
        pytest.param(QUARTERS, id="quarters", marks=pytest.mark.slow),
        *(pytest.param(e, id=kind, marks=pytest.mark.slow) for kind, e in WHOLE.items()),
    ],
)
def test_a_non_linear_network_on_digits_is_brought_to_a_stationary_point(small):
    (network,) = run(small).trained
    (m,) = network.measured
    assert m.certificate.reading.name == "CONVERGED"
    assert m.certificate.gradient_norm <= 1e-8
    assert m.densities.gradient_norm <= 1e-8
    assert abs(m.certificate.gap) <= 1e-8
    assert m.agrees
    assert m.certificate.inertia[0] == 0  # a maximum
    assert m.certificate.quadrature_error <= 1e-6


@pytest.mark.slow
def test_digits_of_the_user_are_read(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, size=(240, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "images.npz", images=images)
    done = execute(
        "mnist", tmp_path / "out", source=tmp_path / "images.npz", changes=SMALL["mnist"]
    )
    assert done.verdict.value is Value.PROVED
    assert published(tmp_path / "out", "mnist")["shape"] == [100, 64]


class Interrupts:
    """Progress that is interrupted at its n-th report, as by Ctrl-C."""

    def __init__(self, after):
        self.left = after

    def __call__(self, *_):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.mark.slow
def test_ctrl_c_leaves_a_usable_partial_report_and_the_same_call_goes_on(tmp_path, reports):
    changes = SMALL["pca"]
    cut = execute("pca", tmp_path / "cut", changes=changes, progress=Interrupts(5))
    assert cut.interrupted
    assert not cut.complete
    assert cut.verdict.value is Value.UNDECIDED
    found = published(tmp_path / "cut", "pca")
    assert found["complete"] is False
    assert "interrupted after step" in found["note"]
    assert found["networks"][0]["runs"][0]["gap agrees"] is True  # usable where it stopped
    assert "Not complete" in cut.text
    assert list((tmp_path / "cut").glob(".*.checkpoint.npz"))
    again = execute("pca", tmp_path / "cut", changes=changes)
    assert again.complete
    assert bytes_of(tmp_path / "cut") == bytes_of(reports("pca")[1])


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_bytes(tmp_path, reports):
    program = (
        "import json, sys; from pathlib import Path; from entropysym.experiments.commands import execute; "
        "execute('pca', Path(sys.argv[1]), changes=json.loads(sys.argv[2]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path), json.dumps(SMALL["pca"])],
        # What it compiled it writes for others in place, and is killed while it does.
        env={k: v for k, v in os.environ.items() if k != "JAX_COMPILATION_CACHE_DIR"},
    )
    while not list(tmp_path.glob(".*.npz")):
        assert process.poll() is None
        time.sleep(0.005)
    process.kill()
    process.wait()
    assert list(tmp_path.glob(".*.checkpoint.npz"))  # there is something to go on from
    assert not (tmp_path / "pca.json").exists()
    assert execute("pca", tmp_path, changes=SMALL["pca"]).complete
    assert bytes_of(tmp_path) == bytes_of(reports("pca")[1])


@pytest.mark.slow
def test_a_real_ctrl_c(tmp_path):
    options = ["--seeds", "1", "--epochs", "1000000", "--size", "300", "--batch", "100"]
    # What starts in the background of a shell inherits that Ctrl-C is ignored; somebody's terminal does not.
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from entropysym.__main__ import main; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, "experiment", "pca", "--out", str(tmp_path), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 100
    while not list(tmp_path.glob(".*.checkpoint.npz")) and time.monotonic() < deadline:
        time.sleep(0.2)
    for _ in range(3):  # as it comes from a terminal and from a wrapper: one interruption
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
    out, err = process.communicate(timeout=100)
    assert process.returncode == 130, err
    *stages, last = err.splitlines()
    assert all(line.endswith(" ...") for line in stages), err
    assert "the same call goes on" in last
    assert "Not complete" in out
    assert published(tmp_path, "pca")["networks"][0]["runs"]


@pytest.mark.slow
def test_numbers_that_are_not_finite_stop_with_step_and_name(tmp_path):
    done = execute("pca", tmp_path, changes={**SMALL["pca"], "rate": 1e8})
    assert done.verdict.value is Value.UNDECIDED
    assert not done.complete
    note = published(tmp_path, "pca")["note"]
    assert "is not finite at step" in note
    assert "of Adam" in note


@pytest.mark.slow
def test_an_unfinished_run_is_not_continued_with_other_options(tmp_path):
    execute("pca", tmp_path, changes=SMALL["pca"], progress=Interrupts(5))
    with pytest.raises(InputError, match="belongs to another training"):
        execute("pca", tmp_path, changes={**SMALL["pca"], "epochs": 21})


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("nothing", {}, "unknown experiment 'nothing'; choose one of: celeba, manifolds, mnist"),
        ("pca", {"changes": {"epochs": -1}}, "epochs is -1; pass an integer >= 0"),
        ("ring", {"changes": {"hidden": (4, 0)}}, r"hidden is 0; pass an integer >= 1"),
        ("pca", {"changes": {"rate": math.inf}}, "rate is inf; pass a positive number"),
        ("pca", {"changes": {"seeds": True}}, "seeds is True; pass an integer >= 1"),
        ("manifolds", {"changes": {"size": 0}}, "size is 0; pass an integer >= 1"),
        ("ring", {"changes": {"hidden": ()}}, "hidden is empty; pass at least one layer"),
        ("ring", {"changes": {"order": 1}}, "order is 1; pass an integer >= 2"),
        ("pca", {"changes": {"hidden": (5,)}}, "the networks of 'pca' have no --hidden"),
        ("ring", {"changes": {"beta": 2}}, r"'ring' has no --beta \(here 2\)"),
        ("streaming", {"changes": {"hidden": (4,)}}, "'streaming' has no --hidden"),
        ("celeba", {}, "'celeba' needs data of yours; pass --data"),
        ("manifolds", {"source": "x.npz"}, "makes its own data; leave out --data"),
        ("mnist", {"source": "missing.npz"}, "cannot read missing.npz: there is no such file"),
    ],
)
def test_wrong_input_is_refused_and_leaves_no_folder(tmp_path, name, options, says):
    place = tmp_path / "out"
    with pytest.raises(InputError, match=says):
        execute(name, place, **options)
    assert not place.exists()


@pytest.mark.slow
def test_many_latents_are_integrated_by_low_discrepancy_points(tmp_path):
    changes = {"latent": 4, "seeds": 1, "epochs": 3, "lbfgs": 2, "size": 60, "hidden": (4,)}
    done = execute("mnist", tmp_path, changes=changes)
    assert done.verdict.value is Value.PROVED, done.verdict
    assert "256 Sobol' points" in done.text


@pytest.mark.slow
def test_a_stream_too_short_to_learn_refutes_nothing(tmp_path):
    done = execute("streaming", tmp_path, changes={"size": 2000})
    assert done.verdict.value in (Value.UNDECIDED, Value.PROVED)


def test_settings_hold_a_plan_and_change_by_name():
    """A setting has one home: those of the ascent are the plan's, and asking for one by name finds it there."""
    assert not PLANNED & {f.name for f in fields(Settings)}
    for record in TRAINED.values():
        changed = record.settings.changed({"epochs": 7, "order": 3, "goal": 1e-3})
        assert changed.plan == replace(record.settings.plan, epochs=7, goal=1e-3)
        assert changed == replace(record.settings, plan=changed.plan, order=3)
        assert record.settings.changed({}) == record.settings


def test_every_record_is_complete():
    assert set(EXPERIMENTS) == {*TRAINED, "streaming", "manifolds"}
    for experiment in TRAINED.values():
        assert experiment.data is not None or experiment.reader is not None
        assert set(experiment.kinds) <= set(KINDS)
