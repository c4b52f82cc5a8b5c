"""May training stop? Each part of the rule refuses something, errors cover, and the gain that is promised is there."""

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import jax
import numpy as np
import pytest
from scipy import stats

from entropysym.errors import InputError
from entropysym.monitoring import Monitor, entropies
from entropysym.monitoring.stopping import (
    BATCHES,
    T_MEAN,
    T_SLOPE,
    Estimate,
    Reason,
    may_stop,
    tempering_gain,
    window_drift,
    window_mean,
)

NAMES = ("gap_prior", "gap_decoder", "entropy_sum")


def _settled(n=160, noise=0.01, seed=0, **added):
    """Columns of a run that rests at 0, -0, -7 with noise, plus what is added to each."""
    rng = np.random.default_rng(seed)
    levels = (0.0, 0.0, -7.0)
    found = {k: m + noise * rng.normal(size=n) for k, m in zip(NAMES, levels, strict=True)}
    return {k: column + added.get(k, 0.0) for k, column in found.items()}


def _autoregressive(runs, n, phi, seed):
    """Stationary series with mean 0 and variance 1 that forget at rate phi."""
    rng = np.random.default_rng(seed)
    out = np.empty((runs, n))
    out[:, 0] = rng.normal(size=runs)
    for k in range(1, n):
        out[:, k] = phi * out[:, k - 1] + np.sqrt(1 - phi**2) * rng.normal(size=runs)
    return out


# --- the decision ------------------------------------------------------------------------------------------------------------------


def test_a_run_that_rests_may_stop():
    found = may_stop(_settled(), tolerance=0.05)
    assert found.stop
    assert found.reason is Reason.SETTLED
    assert found.window == 160
    assert str(found).startswith("stop: settled")


@pytest.mark.parametrize(
    ("added", "reason"),
    [
        ({"gap_prior": 0.1}, Reason.GAP_OPEN),
        ({"gap_prior": -0.1}, Reason.GAP_OPEN),
        ({"gap_decoder": 0.1}, Reason.GAP_OPEN),
        ({"gap_decoder": -0.1}, Reason.GAP_OPEN),
        # Parts that cancel leave no gap, but the ELBO has slopes.
        ({"gap_prior": 0.1, "gap_decoder": -0.1}, Reason.GAP_OPEN),
        ({"entropy_sum": np.linspace(0, 0.4, 160)}, Reason.DRIFTING),
        ({"entropy_sum": np.linspace(0, -0.4, 160)}, Reason.DRIFTING),
        # Within the tolerance by its mean, and not shown to be.
        ({"gap_prior": 0.05}, Reason.NOT_SHOWN),
        ({"gap_decoder": 0.05}, Reason.NOT_SHOWN),
        ({"entropy_sum": np.linspace(0, 0.05, 160)}, Reason.NOT_SHOWN),
    ],
)
def test_what_moves_or_is_open_goes_on(added, reason):
    found = may_stop(_settled(**added), tolerance=0.05)
    assert not found.stop
    assert found.reason is reason


@pytest.mark.parametrize("name", NAMES)
def test_noise_shows_nothing(name):
    """No progress is seen in noise; that is no reason to stop."""
    loud = np.random.default_rng(3).normal(size=160)
    found = may_stop(_settled(**{name: loud - loud.mean()}), tolerance=0.05)
    assert not found.stop
    assert found.reason in (Reason.NOT_SHOWN, Reason.DRIFTING)
    assert may_stop(_settled(**{name: 0.01 * loud}), tolerance=0.05).stop


def test_the_drift_has_a_tolerance_of_its_own():
    moving = _settled(entropy_sum=np.linspace(0, 0.4, 160))
    assert may_stop(moving, tolerance=0.05, drift=0.5).stop
    assert not may_stop(_settled(gap_prior=0.1), tolerance=0.05, drift=0.5).stop


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_never_stops(name, value):
    columns = _settled()
    columns[name][100] = value
    found = may_stop(columns, tolerance=0.05)
    assert not found.stop
    assert found.reason is Reason.NOT_FINITE
    assert np.isnan(found.prior.value)
    assert may_stop(columns, tolerance=0.05, window=40).stop  # it lies before the window


def test_the_window():
    settled, restless = _settled(400), _settled(400)
    restless["gap_prior"][:200] += 3
    assert may_stop(restless, tolerance=0.05).window == 160
    assert may_stop(restless, tolerance=0.05).stop
    assert not may_stop(restless, tolerance=0.05, window=240).stop
    few = may_stop({k: v[:159] for k, v in settled.items()}, tolerance=0.05)
    assert (few.stop, few.reason, few.window, few.prior) == (False, Reason.TOO_FEW, 159, None)
    assert may_stop({k: v[:159] for k, v in settled.items()}, tolerance=0.05, window=159).stop
    assert may_stop([], tolerance=0.05).reason is Reason.TOO_FEW


def test_records_say_the_same_as_columns():
    columns = _settled()
    records = [SimpleNamespace(**dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]  # fmt: skip
    assert may_stop(records, tolerance=0.05) == may_stop(columns, tolerance=0.05)
    assert may_stop([None, *records], tolerance=0.05).stop  # what is older is not looked at
    reports = [_report(k) for k in range(20)]
    found = may_stop(reports, tolerance=0.5, window=20)
    assert found.decoder.value == pytest.approx(np.mean([r.gap_decoder for r in reports]))
    assert found.prior.value == pytest.approx(np.mean([r.gap_prior for r in reports]))


def _report(seed):
    rng = np.random.default_rng(seed)
    x, nu = rng.normal(size=(50, 4)), rng.normal(size=(50, 2))
    return entropies(x, nu, [0.3, 0.3], mean=0 * x, sigma2=1.3)


def test_estimates_bound_from_both_sides():
    found = Estimate(-0.5, 0.1, 2.0)
    assert found.upper == pytest.approx(0.7)
    assert found.lower == pytest.approx(0.3)
    assert Estimate(0.1, 0.1, 2.0).lower == 0


# --- the errors --------------------------------------------------------------------------------------------------------------------


def test_the_quantiles_are_those_of_student():
    assert pytest.approx(stats.t.ppf(0.95, BATCHES - 1), abs=1e-9) == T_MEAN
    assert pytest.approx(stats.t.ppf(0.95, BATCHES - 2), abs=1e-9) == T_SLOPE


def test_a_mean_and_its_error():
    values = np.concatenate([[99.0], np.repeat(np.arange(10.0), 3)])  # the oldest is left over
    mean, error = window_mean(values)
    assert mean == 4.5
    assert error == pytest.approx(np.std(np.arange(10), ddof=1) / np.sqrt(10))


def test_a_line_drifts_by_its_rise():
    rise, error = window_drift(np.linspace(0, 3, 61)[:-1] + 5)
    assert rise == pytest.approx(3)
    assert error == pytest.approx(0, abs=1e-12)
    bent, error = window_drift(np.array([0.0, 1.0] * 5).repeat(2))
    line = stats.linregress(np.arange(10), [0.0, 1.0] * 5)
    assert bent == pytest.approx(10 * line.slope)
    assert error == pytest.approx(10 * line.stderr)


@pytest.mark.parametrize(("phi", "least"), [(0.0, 0.87), (0.5, 0.86), (0.9, 0.83)])
def test_errors_cover_dependent_steps(phi, least):
    """90 % intervals cover the truth, 0, nearly that often; the error of independent records does not."""
    series = _autoregressive(2000, 400, phi, seed=1)
    for estimate, quantile in ((window_mean, T_MEAN), (window_drift, T_SLOPE)):
        value, error = estimate(series)
        assert least <= (np.abs(value) <= quantile * error).mean() <= 0.93
    naive = series.std(axis=1) / np.sqrt(400)
    covered = (np.abs(series.mean(axis=1)) <= 1.65 * naive).mean()
    assert covered < 0.75 or phi == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_yes_is_wrong_in_five_percent(name):
    """With a part exactly at its tolerance, one call says yes in 5 % of the runs; well within, in nearly all."""
    yes = {1.0: 0, 0.0: 0}
    for level in yes:
        for seed in range(400):
            added = level * 0.05 * (np.linspace(0, 1, 160) if name == "entropy_sum" else 1)
            columns = _settled(160, 0.04 if name != "entropy_sum" else 0.01, seed)
            columns = {k: v if k == name else 0 * v for k, v in columns.items()}
            columns[name] = columns[name] + added
            yes[level] += may_stop(columns, tolerance=0.05).stop
    assert 6 <= yes[1.0] <= 36  # 20 expected, four standard deviations of 4.4 are 17
    assert yes[0.0] > 380


# --- what an open gap still gives --------------------------------------------------------------------------------------------------


def _vae(decoder=0.7, prior=1.0):
    rng = np.random.default_rng(4)
    x, nu, tau2 = rng.normal(size=(60, 5)), 1.4 * rng.normal(size=(60, 2)), np.array([0.2, 0.5])
    mean = 0.3 * rng.normal(size=(3, 60, 5))
    return lambda s=1.0, a=1.0, z=1.0: entropies(
        x, z * nu, z**2 * tau2, mean=mean, sigma2=decoder * s, alpha2=prior * a
    )


def test_the_gain_is_there():
    """The ELBO rises by so much along the direction and by no more: σ² by a factor; α² by one; the latents' scale, which the first layer undoes."""
    at = _vae()
    start = at()
    for motion, gap, d in (
        (lambda f: at(s=f), start.gap_decoder, 5),
        (lambda f: at(a=f), start.gap_prior, 2),
        (lambda f: at(z=f**-0.5), start.gap_prior, 2),
    ):
        promised = tempering_gain(gap, d)
        best = 1 - 2 * gap / d
        assert promised > 0.01
        assert motion(best).elbo - start.elbo == pytest.approx(promised, abs=1e-12)
        for factor in (0.9 * best, 1.1 * best):
            assert motion(factor).elbo - start.elbo < promised - 1e-3


def test_the_gain_is_the_slope_squared_over_twice_the_varentropy():
    for gap in (1e-3, -1e-3):
        assert tempering_gain(gap, 6) == pytest.approx(gap**2 / (2 * 6 / 2), rel=1e-3)
    assert tempering_gain(0.0, 6) == 0
    assert tempering_gain(-1e-9, 6) == pytest.approx(1e-18 / 6, abs=1e-24)


@pytest.mark.parametrize("gap", [3.0, 4.0, np.nan, np.inf, -np.inf, [0.1], "much"])
def test_no_factor_has_such_a_gap(gap):
    with pytest.raises(InputError):
        tempering_gain(gap, 6)


# --- in a loop ---------------------------------------------------------------------------------------------------------------------


def _learning(rate, steps=600):
    """A monitor on VAE-2 whose log-variances learn by mini-batches, from 1 and 1 to some 4 and 2; the networks have learned already."""
    rng = np.random.default_rng(8)
    monitor, log_sigma2, log_alpha2 = Monitor(), 0.0, 0.0
    for step in range(steps):
        x, nu = 2 * rng.normal(size=(64, 4)), 1.3 * rng.normal(size=(64, 1))
        r = monitor.log(
            step,
            x=x,
            nu=nu,
            tau2=[0.31],
            mean=0 * x,
            sigma2=np.exp(log_sigma2),
            alpha2=np.exp(log_alpha2),
        )
        log_sigma2 -= rate * r.gap_decoder  # the gradient, as the direction moves by -1
        log_alpha2 -= rate * r.gap_prior
    return monitor.history


def test_it_stops_when_learning_is_done():
    history = _learning(rate=0.01)
    said = [may_stop(history[:n], tolerance=0.1).stop for n in range(0, 601, 50)]
    assert said[-1]
    assert not any(said[:2])


def test_standstill_is_no_convergence():
    """At a rate of nearly 0 nothing moves, so any rule that waits for progress stops. The gap is open, and stays so."""
    history = _learning(rate=1e-9)
    found = may_stop(history, tolerance=0.1)
    assert found.drift.upper < 0.001
    assert found.reason is Reason.GAP_OPEN
    assert tempering_gain(found.decoder.value, 4) > 3


# --- input -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"tolerance": 0}, "tolerance is 0"),
        ({"tolerance": np.nan}, "tolerance is nan"),
        ({"drift": -1.0}, "drift is -1.0"),
        ({"window": 19}, "window is 19; pass at least 20"),
        ({"window": 40.0}, "window is 40.0; pass an integer"),
        ({"window": True}, "window is True"),
        ({"steps": "abc"}, "steps is 'abc'"),
        ({"steps": 3}, "steps is 3"),
        ({"steps": [SimpleNamespace(gap_prior=0.0)]}, "has no gap_decoder"),
        ({"steps": {"gap_prior": [0.0]}}, "steps has no gap_decoder"),
        ({"steps": _settled() | {"gap_prior": np.zeros(3)}}, r"gap_prior \(3,\)"),
        ({"steps": {k: np.zeros((2, 2)) for k in NAMES}}, r"gap_prior \(2, 2\)"),
        ({"steps": dict.fromkeys(NAMES, 1.0)}, r"gap_prior \(\)"),
    ],
)
def test_bad_input_is_told(change, told):
    arguments = {"steps": _settled(), "tolerance": 0.05} | change
    with pytest.raises(InputError, match=told):
        may_stop(arguments.pop("steps"), **arguments)


@pytest.mark.parametrize("dimensions", [0, 2.0, True])
def test_dimensions_are_a_number_of_them(dimensions):
    with pytest.raises(InputError, match="dimensions is"):
        tempering_gain(-0.1, dimensions)


def test_it_loads_no_framework():
    program = "import sys, entropysym.monitoring.stopping; print({'jax', 'torch', 'scipy'} & set(sys.modules))"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "set()"


# --- what the benchmark measures with ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bench():
    """benchmarks/stopping.py as a module."""
    path = Path(__file__).parents[2] / "benchmarks" / "stopping.py"
    spec = importlib.util.spec_from_file_location("benchmark_of_stopping", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look up their names
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def _linear(bench, seed=0):
    rng = np.random.default_rng(seed)
    W, V = rng.normal(size=(bench.D, bench.H)), 0.3 * rng.normal(size=(bench.H, bench.D))
    root = rng.normal(size=(bench.D, bench.D)) / 3
    return bench.Linear(W, V, np.array([-1.0, 0.3]), np.float64(0.7)), root, rng


def test_the_benchmark_logs_what_entropies_reports(bench):
    p, root, rng = _linear(bench)
    x, eps = rng.normal(size=(30, bench.D)) @ root.T, rng.normal(size=(30, bench.H))
    nu, tau2 = x @ p.V.T, np.exp(p.log_tau2)
    r = entropies(x, nu, tau2, mean=(nu + np.sqrt(tau2) * eps) @ p.W.T, sigma2=np.exp(p.log_sigma2))
    told = [float(np.mean(part)) for part in bench.linear_parts(p, x, eps)]
    assert told == pytest.approx([r.elbo, r.gap_prior, r.gap_decoder], rel=1e-4)


def test_the_benchmark_knows_the_truth(bench):
    p, root, rng = _linear(bench)
    n = 20_000
    elbo = bench.linear_parts(p, rng.normal(size=(n, bench.D)) @ root.T, rng.normal(size=(n, bench.H))).elbo  # fmt: skip
    error = float(np.std(elbo)) / np.sqrt(n)
    truth = float(bench.linear_truth(p, root @ root.T))
    assert abs(float(np.mean(elbo)) - truth) < 4 * error
    assert abs(float(np.mean(elbo)) - float(bench.linear_truth(p, 1.2 * root @ root.T))) > 9 * error


def test_the_benchmark_counts_false_stops_and_delays(bench):
    score = np.array([[3.0, 2, 1, 0], [0, 2, 1, 0], [3, 3, 3, 3]])
    left = np.array([[9.0, 0.1, 0, 0], [9.0, 0.1, 0, 0], [9.0, 9.0, 0, 0]])
    found = bench.outcome(score, 1.0, left, 0.2)
    per = bench.BETWEEN * bench.EVERY
    assert found.at.tolist() == [2, 0, 3]
    assert found.stopped.tolist() == [True, True, False]
    assert found.false.tolist() == [False, True, False]
    assert found.delay.tolist() == [per, -per, per]  # right from 1, 1 and 2 on


def _random_runs(bench, seed=0, count=40, records=400):
    """ELBOs that rise to 0 at different rates, with noise; the truth is the same without."""
    rng = np.random.default_rng(seed)
    rate = np.exp(rng.uniform(-5, -3, size=(count, 1)))
    true = -np.exp(-rate * np.arange(records)) * 3
    gaps = [-np.exp(-rate * np.arange(records)) + 0.1 * rng.normal(size=true.shape) for _ in "12"]
    entropy_sum = true - sum(gaps) + 0.02 * rng.normal(size=true.shape)
    return bench.Runs(*gaps, entropy_sum + sum(gaps), entropy_sum, true, np.zeros(count, int))


@pytest.mark.parametrize("window", [80, 160])
def test_the_benchmark_rates_the_rule_itself(bench, window):
    runs = _random_runs(bench, count=5)
    score = bench.both(runs, (window, 0.5))
    marks = bench.checkpoints(400)
    said = []
    for row in range(5):
        columns = {k: getattr(runs, k)[row] for k in NAMES}
        for mark, value in zip(marks, score[row], strict=True):
            arrays = {k: c[:mark] for k, c in columns.items()}
            found = may_stop(arrays, tolerance=0.15, drift=0.3, window=window)
            assert found.stop == (value <= 0.3)
            said.append(found.stop)
    assert 20 < sum(said) < len(said) - 20


def test_calibration_keeps_its_promise(bench):
    runs, others = _random_runs(bench), _random_runs(bench, seed=1)
    left = bench.left_to_gain(runs)
    for rule in bench.RULES[:5]:
        setting, threshold = bench.calibrated(rule, runs, 0.2)
        score = rule.score(runs, setting)
        assert bench.outcome(score, threshold, left, 0.2).false.mean() <= 0.05
        loosest = bench.outcome(score, score[np.isfinite(score)].max(), left, 0.2)
        assert loosest.false.mean() > 0.2  # so that the promise costs something
        found = bench.outcome(rule.score(others, setting), threshold, bench.left_to_gain(others), 0.2)  # fmt: skip
        assert found.false.mean() <= 0.2


def test_simulated_runs_learn(bench, monkeypatch):
    monkeypatch.setattr(bench, "RECORDS", 40)
    with jax.enable_x64(False):
        runs = bench.simulated(5, seed=0)
    assert runs.kind.tolist() == [0, 1, 2, 3, 4]
    assert np.isfinite(runs.elbo).all()
    assert (runs.true_elbo[:, -1] > runs.true_elbo[:, 0] + 0.3).all()
    noise = (runs.elbo - runs.true_elbo).mean(axis=1)
    assert (np.abs(noise) < 0.5).all()
