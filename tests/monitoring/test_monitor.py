"""The monitor in real training loops: the gap that PyTorch's gradients predict is the gap, and wrong directions are seen."""

import csv
import gc
import json
import math
import re
import subprocess
import sys
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from torch import nn

from entropysym.errors import InputError
from entropysym.monitoring import Monitor, Move, entropies

N, D, H, S = 40, 5, 2, 4
STEPS, EVERY = 300, 20


@pytest.fixture(autouse=True, scope="module")
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _data():
    """Heavy tails and two clusters: no Gaussian VAE of this size generates it."""
    rng = np.random.default_rng(5)
    return torch.tensor(rng.standard_t(4, size=(N, D)) + 2 * rng.integers(0, 2, size=(N, 1)))


class _Vae(nn.Module):
    """A Gaussian VAE with tanh networks in float64 and fixed noise; VAE-1, VAE-2 or VAE-3."""

    def __init__(self, kind):
        super().__init__()
        torch.manual_seed(0)
        self.hidden = nn.Linear(D, 8)
        self.nu, self.log_tau2 = nn.Linear(8, H), nn.Linear(8, H)
        self.first, self.last = nn.Linear(H, 8), nn.Linear(8, D)
        self.first_variance, self.last_variance = nn.Linear(H, 4), nn.Linear(4, D)
        self.log_sigma2 = nn.Parameter(torch.zeros(()))
        self.log_alpha2 = nn.Parameter(torch.zeros(H))
        self.kind = kind
        self.double()
        self.noise = torch.randn(S, N, H, dtype=torch.float64)

    def forward(self, x):
        features = torch.tanh(self.hidden(x))
        nu, tau2 = self.nu(features), self.log_tau2(features).exp()
        z = nu + tau2.sqrt() * self.noise
        if self.kind == "vae3":
            sigma2 = self.last_variance(torch.tanh(self.first_variance(z))).exp()
        else:
            sigma2 = self.log_sigma2.exp()
        return {
            "x": x,
            "nu": nu,
            "tau2": tau2,
            "mean": self.last(torch.tanh(self.first(z))),
            "sigma2": sigma2,
            "alpha2": self.log_alpha2.exp() if self.kind == "vae2" else torch.ones(H),
        }

    def direction(self, first=-0.5):
        if self.kind == "vae2":
            return [
                Move(self.log_sigma2, plus=-1, name="log_sigma2"),
                Move(self.log_alpha2, plus=-1, name="log_alpha2"),
            ]
        scaling = [
            Move(self.first.weight, times=first),
            Move(self.nu.weight, times=0.5),
            Move(self.nu.bias, times=0.5),
            Move(self.log_tau2.bias, plus=1),
        ]
        if self.kind == "vae1":
            return [Move(self.log_sigma2, plus=-1), *scaling]
        return [
            Move(self.last_variance.bias, plus=-1),
            Move(self.first_variance.weight, times=first),
            *scaling,
        ]


def _loss(out):
    """-ELBO per data point, as anybody writes it: analytic KL, sampled reconstruction."""
    ratio, nu2 = out["tau2"] / out["alpha2"], out["nu"] ** 2 / out["alpha2"]
    kl = 0.5 * (ratio + nu2 - 1 - ratio.log()).sum(1)
    misfit = (out["x"] - out["mean"]) ** 2 / out["sigma2"]
    log_variance = (2 * math.pi * out["sigma2"]).log() + torch.zeros_like(misfit)
    return (kl + 0.5 * (misfit + log_variance).sum(2).mean(0)).mean()


def _train(model, monitor, steps=STEPS, penalty=lambda: 0.0, after=lambda: None):
    """Adam, logging as the documentation says; returns the losses at logged steps."""
    x, losses = _data(), []
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for step in range(steps):
        optimizer.zero_grad()
        out = model(x)
        loss = _loss(out)
        (loss + penalty()).backward()
        if monitor.log(step, **out):
            losses.append(loss.item())
            after()
        optimizer.step()
    return losses


@pytest.mark.some(1)
@pytest.mark.parametrize("kind", ["vae1", "vae2", "vae3"])
def test_the_gap_of_a_training_run_is_predicted_and_closes(kind):
    model = _Vae(kind)
    monitor = Monitor(model.direction(), every=EVERY)
    losses = _train(model, monitor)
    assert [r.step for r in monitor.history] == list(range(0, STEPS, EVERY))
    for reading, loss in zip(monitor.history, losses, strict=True):
        assert abs(reading.gap - reading.predicted) <= 1e-10
        assert reading.elbo == pytest.approx(-loss, abs=1e-12)
        assert reading.gap == pytest.approx(reading.elbo - reading.entropy_sum, abs=1e-12)
    first, last = monitor.history[0], monitor.history[-1]
    assert abs(first.gap) > 1
    assert abs(last.gap) < 0.05 * abs(first.gap)
    assert last.elbo > first.elbo + 1
    assert monitor.first_not_finite is None


@pytest.mark.some(1)
@pytest.mark.parametrize("kind", ["vae1", "vae3"])
def test_a_wrong_direction_does_not_predict_the_gap(kind):
    model = _Vae(kind)
    monitor = Monitor(model.direction(first=+0.5), every=EVERY)
    _train(model, monitor)
    assert max(abs(r.gap - r.predicted) for r in monitor.history) > 0.1


def test_a_parameter_that_is_left_out_is_seen():
    model = _Vae("vae1")
    monitor = Monitor(model.direction()[:-1], every=EVERY)
    _train(model, monitor, steps=100)
    assert max(abs(r.gap - r.predicted) for r in monitor.history) > 0.1


def test_the_sign_of_the_objective_matters():
    right, wrong = (_Vae("vae2") for _ in range(2))
    monitors = Monitor(right.direction()), Monitor(wrong.direction(), gradient_of="elbo")
    for model, monitor in zip((right, wrong), monitors, strict=True):
        _train(model, monitor, steps=1)
    assert monitors[0].history[0].predicted == -monitors[1].history[0].predicted != 0


@pytest.mark.slow
def test_weight_decay_in_the_loss_leaves_the_gap_of_the_theory():
    """At a stationary point of ELBO - R the gap is v.grad R, here -(rate/2) |W|^2; v.grad of the objective vanishes."""
    model, rate, sizes = _Vae("vae1"), 0.2, []
    monitor = Monitor(model.direction(), every=EVERY)

    def size():
        return (model.first.weight**2).sum()

    _train(
        model,
        monitor,
        steps=600,
        penalty=lambda: rate / 2 * size(),
        after=lambda: sizes.append(size().item()),
    )
    for reading, squares in zip(monitor.history, sizes, strict=True):
        assert reading.gap - reading.predicted == pytest.approx(-rate / 2 * squares, abs=1e-10)
    last = monitor.history[-1]
    assert last.gap < -0.05
    assert abs(last.predicted) < 0.3 * abs(last.gap)


def test_a_frozen_variance_leaves_the_gap_open_and_is_refused_as_a_parameter():
    model = _Vae("vae2")
    model.log_sigma2.requires_grad_(False)
    monitor = Monitor(model.direction(), every=EVERY)
    with pytest.raises(InputError, match=r"log_sigma2 has no gradient"):
        _train(model, monitor, steps=1)
    assert monitor.history == ()
    half = Monitor(model.direction()[1:], every=EVERY)
    _train(model, half)
    last = half.history[-1]
    assert abs(last.gap_decoder) > 0.1
    assert all(abs(r.gap_prior - r.predicted) <= 1e-10 for r in half.history)


def test_one_head_for_mean_and_log_variance_moves_by_arrays():
    """Both in one layer, the usual way: the rows of nu are scaled, the biases of log tau2 shifted."""
    torch.manual_seed(1)
    head, first = nn.Linear(D, 2 * H).double(), nn.Linear(H, D).double()
    log_sigma2 = torch.zeros((), dtype=torch.float64, requires_grad=True)
    x, noise = _data(), torch.randn(S, N, H, dtype=torch.float64)
    nu, log_tau2 = head(x).chunk(2, dim=1)
    mean = first(nu + (0.5 * log_tau2).exp() * noise)
    out = {"x": x, "nu": nu, "tau2": log_tau2.exp(), "mean": mean, "sigma2": log_sigma2.exp()}
    _loss({**out, "alpha2": torch.ones(H)}).backward()
    of_nu = np.repeat([1.0, 0.0], H)
    direction = [
        Move(log_sigma2, plus=-1),
        Move(first.weight, times=-0.5),
        Move(head.weight, times=0.5 * np.tile(of_nu[:, None], D)),
        Move(head.bias, times=torch.tensor(0.5 * of_nu), plus=1 - of_nu),
    ]
    reading = Monitor(direction).log(0, **out)
    assert abs(reading.gap) > 1
    assert abs(reading.gap - reading.predicted) <= 1e-12 * abs(reading.gap)


def _logged_once(convert, direction_of):
    """The reading at the start of VAE-2, from arrays and gradients of another library."""
    model = _Vae("vae2")
    out = model(_data())
    _loss(out).backward()
    arrays = {k: convert(v.detach().numpy()) for k, v in out.items()}
    trained = (model.log_sigma2, model.log_alpha2)
    monitor = Monitor(direction_of(model))
    return monitor.log(
        0,
        **arrays,
        parameters=[convert(p.detach().numpy()) for p in trained],
        gradients=[convert(p.grad.numpy()) for p in trained],
    )


@pytest.mark.parametrize("convert", [np.asarray, jnp.asarray, lambda v: v.tolist()])
def test_passed_arrays_and_gradients_give_what_torch_gives(convert):
    model = _Vae("vae2")
    monitor = Monitor(model.direction())
    _train(model, monitor, steps=1)
    blind = _logged_once(convert, lambda _: [Move(plus=-1), Move(plus=-1)])
    assert blind == monitor.history[0]


def test_gradients_of_torch_may_be_passed_without_parameters():
    model = _Vae("vae1")
    out = model(_data())
    direction = model.direction()
    trained = [m.parameter for m in direction]
    gradients = torch.autograd.grad(_loss(out), trained)
    reading = Monitor(direction).log(0, **out, gradients=gradients)
    assert all(p.grad is None for p in trained)
    assert abs(reading.gap) > 1
    assert abs(reading.gap - reading.predicted) <= 1e-10


def test_a_training_loop_in_jax():
    rng = np.random.default_rng(2)
    x, noise = jnp.asarray(_data().numpy()), jnp.asarray(rng.normal(size=(S, N, H)))
    keys = ("W", "V", "c", "log_tau2", "log_sigma2")
    shapes = ((D, H), (H, D), (H,), (H,), ())
    weights = {k: jnp.asarray(rng.normal(size=s)) for k, s in zip(keys, shapes, strict=True)}
    times = {"W": -0.5, "V": 0.5, "c": 0.5}
    plus = {"log_tau2": 1, "log_sigma2": -1}
    direction = [Move(times=times.get(k, 0), plus=plus.get(k, 0), name=k) for k in keys]

    def outputs(w):
        nu, tau2 = x @ w["V"].T + w["c"], jnp.exp(w["log_tau2"])
        mean = (nu + jnp.sqrt(tau2) * noise) @ w["W"].T
        return {"x": x, "nu": nu, "tau2": tau2, "mean": mean, "sigma2": jnp.exp(w["log_sigma2"])}

    def elbo(w):
        o = outputs(w)
        kl = 0.5 * (o["tau2"] + o["nu"] ** 2 - 1 - w["log_tau2"]).sum(1).mean()
        misfit = ((x - o["mean"]) ** 2).sum(2).mean() / o["sigma2"]
        return -kl - 0.5 * (misfit + D * (jnp.log(2 * jnp.pi) + w["log_sigma2"]))

    step_of = jax.jit(lambda w: (outputs(w), jax.grad(elbo)(w)))
    monitor = Monitor(direction, gradient_of="elbo")
    for step in range(200):
        out, gradient = step_of(weights)
        monitor.log(
            step,
            **out,
            parameters=[weights[k] for k in keys],
            gradients=[gradient[k] for k in keys],
        )
        weights = {k: weights[k] + 0.02 * gradient[k] for k in keys}
    assert max(abs(r.gap - r.predicted) / max(1, abs(r.gap)) for r in monitor.history) <= 1e-12
    assert abs(monitor.history[-1].gap) < 0.05 * abs(monitor.history[0].gap)


def test_a_reading_is_that_of_entropies():
    out = {k: v.detach() for k, v in _Vae("vae3")(_data()).items()}
    reading, report = Monitor().log(7, **out), entropies(**out)
    assert (reading.step, reading.predicted, reading.not_finite) == (7, None, ())
    for name in ("elbo", "entropy_sum", "gap", "gap_prior", "gap_decoder"):
        assert getattr(reading, name) == getattr(report, name)


def test_steps_between_are_skipped_without_a_look():
    monitor = Monitor(every=3)
    assert monitor.log(1, nu="nothing", tau2=None, sigma2=object()) is None
    assert monitor.history == ()
    assert monitor.log(np.int64(3), **_plain()).step == 3


@pytest.mark.slow
def test_no_tensor_and_no_graph_is_kept():
    model = _Vae("vae1")
    monitor = Monitor(model.direction())
    out = model(_data())
    _loss(out).backward()
    watched = [weakref.ref(v) for v in out.values()]
    monitor.log(0, **out)
    del out
    gc.collect()
    assert [w() for w in watched] == [None] * len(watched)
    values = vars(monitor.history[0]).values()
    assert {type(v) for v in values} == {int, float, tuple, type(None)}


def _plain(**changes):
    rng = np.random.default_rng(0)
    return {
        "x": rng.normal(size=(4, 3)),
        "nu": rng.normal(size=(4, 2)),
        "tau2": np.ones(2),
        "mean": rng.normal(size=(4, 3)),
        "sigma2": 0.5,
    } | changes


@pytest.mark.parametrize(
    ("changes", "quantity"),
    [
        ({"mean": np.full((4, 3), np.nan)}, "mean"),
        ({"nu": np.full((4, 2), np.inf)}, "nu"),
        ({"sigma2": 0.0}, "log sigma2"),
        ({"tau2": [1.0, -1.0]}, "log tau2"),
        ({"alpha2": np.nan}, "alpha2"),
        ({"mean": np.full((4, 3), 1e200)}, "reconstruction"),
        ({"gradients": [np.nan]}, "gradient of log_sigma2"),
        ({"parameters": [np.inf]}, "log_sigma2"),
        ({"gradients": [1e308], "parameters": [10.0]}, "predicted"),
    ],
)
def test_what_is_not_finite_is_recorded_and_named(changes, quantity):
    monitor = Monitor([Move(times=1e3, plus=-1, name="log_sigma2")])
    given = {"parameters": [0.1], "gradients": [0.2]}
    monitor.log(0, **_plain(**given))
    assert monitor.first_not_finite is None
    reading = monitor.log(5, **_plain(**given | changes))
    monitor.log(6, **_plain(**given))
    assert monitor.first_not_finite == (5, quantity)
    assert monitor.first_not_finite.quantity == reading.not_finite[0]
    results = {k for k in ("elbo", "gap", "predicted") if not math.isfinite(getattr(reading, k))}
    assert results
    assert results <= set(reading.not_finite)


def _monitor_with_trouble():
    monitor = Monitor([Move(plus=-1)])
    for step, slope in enumerate([0.5, np.nan, 0.25]):
        monitor.log(step, **_plain(parameters=[0.0], gradients=[slope]))
    monitor.log(3, **_plain(parameters=[0.0], gradients=[0.0], mean=np.full((4, 3), np.inf)))
    return monitor


def test_csv(tmp_path):
    monitor = _monitor_with_trouble()
    monitor.to_csv(tmp_path / "run.csv")
    with (tmp_path / "run.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [int(r["step"]) for r in rows] == [0, 1, 2, 3]
    for row, reading in zip(rows, monitor.history, strict=True):
        assert {"elbo", "entropy_sum", "gap", "kl"} <= set(row) == set(reading.cells())
        for name in set(row) - {"step", "not_finite"}:
            value = getattr(reading, name)
            assert row[name] == "" if value is None else True
            np.testing.assert_equal(float(row[name] or "nan"), np.nan if value is None else value)
    assert rows[1]["not_finite"] == "gradient of parameter 0 of the direction; predicted"
    assert rows[0]["not_finite"] == ""
    unpredicted = Monitor()
    unpredicted.log(0, **_plain())
    unpredicted.to_csv(str(tmp_path / "run.csv"))
    with (tmp_path / "run.csv").open(newline="") as lines:
        assert next(csv.DictReader(lines))["predicted"] == ""


def test_json(tmp_path):
    monitor = _monitor_with_trouble()
    monitor.to_json(tmp_path / "run.json")

    def refuse(word):
        raise AssertionError(word)

    stored = json.loads((tmp_path / "run.json").read_text(), parse_constant=refuse)
    assert stored["unit"] == "nats per data point"
    assert [r["step"] for r in stored["history"]] == [0, 1, 2, 3]
    assert stored["history"][0]["elbo"] == monitor.history[0].elbo
    assert stored["history"][1]["predicted"] is None
    assert "predicted" in stored["history"][1]["not_finite"]
    assert stored["history"][3]["elbo"] is None


@pytest.mark.slow
def test_plot(tmp_path):
    model = _Vae("vae1")
    monitor = Monitor(model.direction(), every=2)
    _train(model, monitor, steps=20)
    png, pdf = monitor.plot(tmp_path / "run.png", "VAE-1")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert pdf.read_bytes().startswith(b"%PDF")


@pytest.mark.slow
def test_a_plot_needs_two_finite_readings(tmp_path):
    monitor = Monitor([Move(plus=-1)])
    with pytest.raises(InputError, match=r"at least two steps, and 0 are logged"):
        monitor.plot(tmp_path / "run.png")
    monitor.log(0, **_plain(parameters=[0.0], gradients=[0.5]))
    with pytest.raises(InputError, match=r"at least two steps, and 1 are logged"):
        monitor.plot(tmp_path / "run.png")
    monitor.log(1, **_plain(parameters=[0.0], gradients=[np.inf]))
    monitor.plot(tmp_path / "run.png")  # a prediction that is not finite leaves no mark
    monitor.log(2, **_plain(parameters=[0.0], gradients=[0.5], sigma2=np.nan))
    with pytest.raises(InputError, match=r"at step 2 sigma2 is not finite, so nothing is drawn"):
        monitor.plot(tmp_path / "other.png")
    assert not (tmp_path / "other.png").exists()


PASSED = {"parameters": [0.0], "gradients": [0.5]}
REFUSED = {
    "text": ({"step": "1"}, "step is '1'; pass an integer"),
    "fraction": ({"step": 1.0}, "step is 1.0; pass an integer"),
    "truth": ({"step": True}, "step is True"),
    "before the start": ({"step": -1}, "step is -1; pass an integer >= 0"),
    "again": ({"step": 0}, "step 0 comes after step 0; count on over the epochs"),
    "shape": ({"nu": np.ones((3, 2))}, "nu has shape (3, 2), which does not fit x of shape (4, 3)"),
    "no gradients": ({"gradients": None}, "parameters are passed without gradients"),
    "no parameters": ({"parameters": None}, "gradients are passed, but not the present value of a; pass parameters, too"),
    "nothing passed": ({"parameters": None, "gradients": None}, "a is no PyTorch parameter, so its gradient cannot be read; pass parameters and gradients to log()"),
    "too many gradients": ({"gradients": [0.5, 0.5]}, "2 gradients for a direction of 1 moves"),
    "too many parameters": ({"parameters": []}, "0 parameters for a direction of 1 moves"),
    "another shape": ({"gradients": [np.ones(2)]}, "the gradient of a has shape (2,), but the parameter ()"),
    "no number": ({"gradients": ["0"]}, "the gradient of a holds <U1"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_malformed_logs_are_refused_and_leave_no_trace(case):
    change, says = REFUSED[case]
    monitor = Monitor([Move(plus=-1, name="a")])
    monitor.log(0, **_plain(**PASSED))
    with pytest.raises(InputError, match=re.escape(says)):
        monitor.log(**{"step": 1} | _plain(**PASSED | change))
    assert len(monitor.history) == 1


def test_gradients_need_a_direction():
    with pytest.raises(InputError, match="1 parameters for a direction of 0 moves"):
        Monitor().log(0, **_plain(**PASSED))


def test_a_missing_gradient_is_named():
    weight = nn.Linear(2, 3).weight
    with pytest.raises(
        InputError,
        match=re.escape("parameter 0 of the direction with shape (3, 2) has no gradient (.grad is None); call log() after loss.backward()"),
    ):  # fmt: skip
        Monitor([Move(weight, plus=1)]).log(0, **_plain())


@pytest.mark.parametrize("word", ["times", "plus"])
def test_coefficients_are_numbers_or_of_the_parameters_shape(word):
    for value, says in [
        (np.ones(2), f"{word} of a has shape (2,), but the parameter ()"),
        (np.nan, f"{word} of a is nan; pass finite numbers"),
        ("1", f"{word} of a holds <U1"),
    ]:
        monitor = Monitor([Move(name="a", **{word: value})])
        with pytest.raises(InputError, match=re.escape(says)):
            monitor.log(0, **_plain(**PASSED))


def test_what_is_no_direction():
    weight = nn.Linear(2, 2).weight
    for direction, says in [
        (Move(weight), "pass a list of Moves"),
        ([weight], "pass Moves"),
        ([Move(weight.exp(), name="variance")], "variance is computed from other tensors; pass the trained parameter itself"),
        ([Move(weight, times=1), Move(weight, plus=1, name="b")], "b is in the direction twice; add up its times and plus"),
    ]:  # fmt: skip
        with pytest.raises(InputError, match=re.escape(says)):
            Monitor(direction)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"gradient_of": "evidence"}, "unknown objective 'evidence'; choose one of: elbo, loss"),
        ({"every": 0}, "every is 0; pass an integer >= 1"),
        ({"every": 0.5}, "every is 0.5; pass an integer"),
    ],
)
def test_unknown_options(options, says):
    with pytest.raises(InputError, match=says):
        Monitor(**options)


def test_the_monitor_loads_neither_torch_nor_jax():
    code = (
        "import sys, entropysym.monitoring as m; before = {'numpy'} & set(sys.modules); "
        "m.Monitor().log(0, x=[[1.]], nu=[[0.]], tau2=[1.], mean=[[0.]], sigma2=1); "
        "print(before, {'torch', 'jax', 'matplotlib', 'sympy'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set() set()"
