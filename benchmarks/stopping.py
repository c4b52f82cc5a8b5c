"""When do stopping rules stop, too early or too late? Simulated and real trainings of Gaussian VAEs, every rule at the same rate of false stops.

Run: python benchmarks/stopping.py [--traces 1000] [--trainings 60]; 0 leaves a part out.

* Simulated: linear VAEs (D = 8, H = 2) in float32 that see a fresh mini-batch of 32 Gaussian data at every step, with one sample of z a datum. What
  is logged, at every 10th of 8,000 steps, is what a user logs: the batch's numbers. What is true, ELBO and all, is a closed form of the parameters. Five kinds: plain gradient
  steps; a plateau (one latent starts at 0.001 of its scale); a rate that drops to a tenth; a rate so high that learning ends in a ball of noise; Adam.
* Real: VAE-1 with tanh networks (32 units, 3 latents) on scikit-learn's digits (4 x 4 pixels) and on a synthetic curve; mini-batches of 64, one sample of
  z, 16,000 steps of Adam, of Adam with a rate that drops, or plain ones. The true ELBO is that of all data with the same eight samples of z every time.

A stop is false if training on still gains more than a stated number of nats: the largest later true ELBO (a running mean over 2.5 % of the run)
minus the present one. The delay of a stop is counted from the first step from which on no stop is false; a run that is never stopped counts to its end.
A rule's threshold, and which of its few settings, are chosen on as many other runs: the least mean delay with at most 5 % of false stops. Then it is fixed.
Rates on the runs that are measured differ by chance, so the last column moves the threshold alone until at most 5 % of these very runs stop falsely.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from entropysym.monitoring.stopping import T_MEAN, T_SLOPE, WINDOW, window_drift, window_mean

D, H, BATCH, REAL_BATCH = 8, 2, 32, 64
EVERY, RECORDS, REAL_RECORDS = 10, 800, 1600  # steps between records, and how many
KINDS = ("plain", "plateau", "rate drops", "noise ball", "Adam")
ALLOWED = 0.05  # the rate of false stops
CLIP = 20.0  # of the gradient's norm, so that a high rate gives noise and not infinity
FIRST, BETWEEN = 40, 10  # records: rules are asked at 40, 50, 60, …


@dataclass(frozen=True)
class Runs:
    """Logged numbers and the truth, arrays (runs, records); the truth may have been taken at fewer records and interpolated."""

    gap_prior: np.ndarray
    gap_decoder: np.ndarray
    elbo: np.ndarray
    entropy_sum: np.ndarray
    true_elbo: np.ndarray
    kind: np.ndarray


# --- learning ----------------------------------------------------------------------------------------------------------------------


class Schedule(NamedTuple):
    """How a run learns: its rate, the step at which that drops to a tenth, whether Adam steps."""

    rate: jax.Array
    drop: jax.Array
    adam: jax.Array


class Parts(NamedTuple):
    """For each datum, or on average: ELBO, gap of the prior, gap of the decoder."""

    elbo: jax.Array
    gap_prior: jax.Array
    gap_decoder: jax.Array


def gaussian_parts(
    nu: jax.Array, log_tau2: jax.Array, residual2: jax.Array, log_sigma2: jax.Array, size: int
) -> Parts:
    """The parts for each datum of a Gaussian VAE with prior N(0, I); `residual2` is summed over the `size` dimensions."""
    misfit = residual2 * jnp.exp(-log_sigma2)
    moment = nu**2 + jnp.exp(log_tau2)
    kl = (moment - 1 - log_tau2).sum(1) / 2
    reconstruction = -(size * (jnp.log(2 * jnp.pi) + log_sigma2) + misfit) / 2
    return Parts(reconstruction - kl, (1 - moment).sum(1) / 2, (size - misfit) / 2)


def step(parts: Callable[..., Parts], state: tuple, s: Schedule, batch: tuple) -> tuple:
    """One training step; and the parts of its mini-batch, as they are before it."""
    (t, *arrays), (p, mean, square) = batch, state

    def average(p: Any) -> tuple[jax.Array, Parts]:
        found = Parts(*(a.mean() for a in parts(p, *arrays)))
        return found.elbo, found

    g, told = jax.grad(average, has_aux=True)(p)
    norm = jnp.sqrt(sum((a**2).sum() for a in jax.tree.leaves(g)))
    g = jax.tree.map(lambda a: a * jnp.minimum(1, CLIP / norm), g)
    mean = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, mean, g)
    square = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b**2, square, g)
    rate = s.rate * jnp.where(t >= s.drop, 0.1, 1.0)

    def moved(a: jax.Array, g: jax.Array, m: jax.Array, v: jax.Array) -> jax.Array:
        adam = m / (1 - 0.9 ** (t + 1)) / (jnp.sqrt(v / (1 - 0.999 ** (t + 1))) + 1e-8)
        return a + rate * jnp.where(s.adam, adam, g)

    return (jax.tree.map(moved, p, g, mean, square), mean, square), told


def learn(
    parts: Callable[..., Parts],
    truth: Callable[[Any, Any], jax.Array],
    start: tuple[Any, Schedule, Any],
    batches: Callable[[], tuple],
    records: int,
) -> list[np.ndarray]:
    """Many runs side by side: gap of the prior, of the decoder, ELBO as logged, and the true ELBO, each (runs, records).

    `start`: parameters, schedules and what `truth` reads besides the parameters, all with the runs first. `batches` gives what the next `EVERY`
    steps of all runs read, arrays (runs, EVERY, …). The truth is asked for at each 10th record and interpolated.
    """

    def advance(state: tuple, s: Schedule, k: jax.Array, arrays: tuple) -> tuple[tuple, Parts]:
        steps = (k * EVERY + jnp.arange(EVERY), *arrays)
        state, told = jax.lax.scan(lambda state, batch: step(parts, state, s, batch), state, steps)
        return state, jax.tree.map(lambda a: a[0], told)

    many = jax.jit(jax.vmap(advance, in_axes=(0, 0, None, 0)))
    known = jax.jit(jax.vmap(truth))
    (first, schedule, context) = start
    zero = jax.tree.map(jnp.zeros_like, first)
    state, logged, true = (first, zero, zero), [], []
    for k in range(records):
        if k % BETWEEN == 0:
            true.append(np.asarray(known(state[0], context), np.float64))
        state, told = many(state, schedule, k, batches())
        logged.append(np.asarray(told, np.float64))
    true.append(np.asarray(known(state[0], context), np.float64))
    elbo, prior, decoder = np.moveaxis(np.asarray(logged), 0, 2)
    at, known_at = np.arange(records), np.arange(len(true)) * BETWEEN
    interpolated = [np.interp(at, known_at, run) for run in np.asarray(true).T]
    return [prior, decoder, elbo, np.asarray(interpolated)]


def in_float32(tree: Any) -> Any:
    return jax.tree.map(lambda a: jnp.asarray(a, jnp.float32), tree)


def log_uniform(rng: np.random.Generator, low: float, high: float, size: int) -> np.ndarray:
    return np.exp(rng.uniform(np.log(low), np.log(high), size=size))


# --- simulated: the linear VAE -----------------------------------------------------------------------------------------------------


class Linear(NamedTuple):
    """Parameters of a linear VAE: decoder mean W z, encoder mean V x."""

    W: jax.Array
    V: jax.Array
    log_tau2: jax.Array
    log_sigma2: jax.Array


def linear_parts(p: Linear, x: jax.Array, eps: jax.Array) -> Parts:
    nu = x @ p.V.T
    z = nu + jnp.exp(p.log_tau2 / 2) * eps
    residual2 = ((x - z @ p.W.T) ** 2).sum(1)
    return gaussian_parts(nu, jnp.broadcast_to(p.log_tau2, nu.shape), residual2, p.log_sigma2, D)


def linear_truth(p: Linear, covariance: jax.Array) -> jax.Array:
    """The ELBO under the law of the data, in closed form."""
    tau2, A = jnp.exp(p.log_tau2), jnp.eye(D) - p.W @ p.V
    misfit = jnp.trace(A @ covariance @ A.T) + (tau2 * (p.W**2).sum(0)).sum()
    moment = jnp.trace(p.V @ covariance @ p.V.T) + tau2.sum()
    kl = (moment - H - p.log_tau2.sum()) / 2
    noise = D * (jnp.log(2 * jnp.pi) + p.log_sigma2)
    return -(noise + misfit * jnp.exp(-p.log_sigma2)) / 2 - kl


def simulated(count: int, seed: int) -> Runs:
    """`count` runs, as many of each kind."""
    rng, steps = np.random.default_rng(seed), EVERY * RECORDS
    kind = np.arange(count) % len(KINDS)
    spectrum = rng.uniform(0.3, 0.6, size=(count, D))
    spectrum[:, :H] += log_uniform(rng, 0.3, 8.0, count * H).reshape(count, H)
    root = np.linalg.qr(rng.normal(size=(count, D, D)))[0] * np.sqrt(spectrum)[:, None, :]
    rate = log_uniform(rng, 2e-3, 1e-2, count)
    rate[kind == 3] = log_uniform(rng, 2e-2, 5e-2, (kind == 3).sum())
    drop = np.where(kind == 2, rng.uniform(0.1, 0.5, size=count) * steps, np.inf)
    W, V = 0.3 * rng.normal(size=(count, D, H)), 0.3 * rng.normal(size=(count, H, D))
    W[kind == 1, :, 0] *= 1e-3
    V[kind == 1, 0] *= 1e-3
    source = np.random.Generator(np.random.SFC64(seed))
    transposed = np.swapaxes(root, 1, 2)[:, None].astype(np.float32)

    def batches() -> tuple:
        noise = source.standard_normal((count, EVERY, BATCH, D + H), dtype=np.float32)
        return noise[..., :D] @ transposed, noise[..., D:]

    start = in_float32(Linear(W, V, np.zeros((count, H)), np.zeros(count)))
    schedule = Schedule(*in_float32((rate, drop)), jnp.asarray(kind == 4))
    covariance = in_float32(root @ np.swapaxes(root, 1, 2))
    found = learn(linear_parts, linear_truth, (start, schedule, covariance), batches, RECORDS)
    return runs_of(found, kind)


def runs_of(found: list[np.ndarray], kind: np.ndarray) -> Runs:
    prior, decoder, elbo, true = found
    return Runs(prior, decoder, elbo, elbo - prior - decoder, true, kind)


# --- real: VAE-1 -------------------------------------------------------------------------------------------------------------------

REAL_KINDS = ("Adam", "Adam, rate drops", "plain")
HIDDEN, LATENTS, SAMPLES = 32, 3, 8


class Vae1(NamedTuple):
    """Weights and biases of two tanh layers each in encoder and decoder, and the decoder's variance."""

    trunk: tuple[jax.Array, jax.Array]
    head: tuple[jax.Array, jax.Array]
    first: tuple[jax.Array, jax.Array]
    last: tuple[jax.Array, jax.Array]
    log_sigma2: jax.Array


def vae1_parts(p: Vae1, x: jax.Array, eps: jax.Array) -> Parts:
    layer = lambda a, w: a @ w[0] + w[1]  # noqa: E731
    nu, log_tau2 = jnp.split(layer(jnp.tanh(layer(x, p.trunk)), p.head), 2, axis=1)
    z = nu + jnp.exp(log_tau2 / 2) * eps
    residual2 = ((x - layer(jnp.tanh(layer(z, p.first)), p.last)) ** 2).sum(1)
    return gaussian_parts(nu, log_tau2, residual2, p.log_sigma2, x.shape[1])


def real_data(name: str) -> np.ndarray:
    """The digits, 2 x 2 pixels averaged, from 0 to 4; or 1,500 points near a curve in 10 dimensions."""
    if name == "digits":
        from sklearn.datasets import load_digits

        return load_digits().images.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(-1, 16) / 4
    rng = np.random.default_rng(0)
    angle, radius = rng.uniform(0, 5, size=1500), rng.uniform(0.5, 1.5, size=1500)
    features = np.stack([radius * np.cos(angle), radius * np.sin(angle), np.sin(3 * angle)], axis=1)
    return features @ rng.normal(size=(3, 10)) + 0.3 * rng.normal(size=(1500, 10))


def trained(data: str, count: int, seed: int) -> Runs:
    """`count` trainings on these data, which differ in start, batches, rate and kind."""
    x = real_data(data).astype(np.float32)
    rng, steps = np.random.default_rng(seed), EVERY * REAL_RECORDS
    kind = np.arange(count) % len(REAL_KINDS)
    rate = log_uniform(rng, 1e-3, 5e-3, count)
    drop = np.where(kind == 1, rng.uniform(0.1, 0.4, size=count) * steps, np.inf)

    def layer(inputs: int, outputs: int) -> tuple[np.ndarray, np.ndarray]:
        w = rng.normal(size=(count, inputs, outputs)) / np.sqrt(inputs)
        return w, np.zeros((count, outputs))

    size = x.shape[1]
    shapes = ((size, HIDDEN), (HIDDEN, 2 * LATENTS), (LATENTS, HIDDEN), (HIDDEN, size))
    start = in_float32(Vae1(*(layer(*s) for s in shapes), np.zeros(count)))
    rows = np.stack([shuffled(len(x), steps * REAL_BATCH, rng) for _ in range(count)])
    rows = iter(np.moveaxis(rows.reshape(count, REAL_RECORDS, EVERY, REAL_BATCH), 1, 0))
    everything = jnp.asarray(np.tile(x, (SAMPLES, 1)))
    fixed = jnp.asarray(rng.normal(size=(len(everything), LATENTS)), jnp.float32)

    def batches() -> tuple:
        eps = rng.standard_normal((count, EVERY, REAL_BATCH, LATENTS), dtype=np.float32)
        return x[next(rows)], eps

    def truth(p: Vae1, _: Any) -> jax.Array:
        return vae1_parts(p, everything, fixed).elbo.mean()

    schedule = Schedule(*in_float32((rate, drop)), jnp.asarray(kind != 2))
    found = learn(vae1_parts, truth, (start, schedule, None), batches, REAL_RECORDS)
    return runs_of(found, kind)


def shuffled(N: int, total: int, rng: np.random.Generator) -> np.ndarray:
    """Rows in the order of epochs, each a new permutation."""
    epochs = [rng.permutation(N) for _ in range(-(-total // N))]
    return np.concatenate(epochs)[:total].astype(np.int32)


# --- the rules ---------------------------------------------------------------------------------------------------------------------
# A rule gives a score at each checkpoint, (runs, checkpoints): it stops at the first one whose score is at most a threshold. Its settings are a few
# values of whatever else it has; threshold and setting are both calibrated.


def checkpoints(records: int) -> np.ndarray:
    """Numbers of records after which rules are asked."""
    return np.arange(FIRST, records + 1, BETWEEN)


def running_mean(values: np.ndarray, m: int) -> np.ndarray:
    """The mean of the last m records, or of as many as there are."""
    total = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1)
    ends = np.arange(1, values.shape[1] + 1)
    starts = np.maximum(ends - m, 0)
    return (total[:, ends] - total[:, starts]) / (ends - starts)


def patience(runs: Runs, setting: tuple[int, float]) -> np.ndarray:
    """Minus the number of records since the mean ELBO of the last m was best, by more than a least step."""
    m, least = setting
    smooth = running_mean(runs.elbo, m)
    best, since = np.full(len(smooth), -np.inf), np.zeros(smooth.shape)
    at = np.zeros(len(smooth))
    for k in range(smooth.shape[1]):
        better = smooth[:, k] > best + least
        best, at = np.where(better, smooth[:, k], best), np.where(better, k, at)
        since[:, k] = k - at
    return -since[:, checkpoints(smooth.shape[1]) - 1]


def cusum(runs: Runs, setting: tuple[int, float]) -> np.ndarray:
    """Minus the sum of what block means of the ELBO fail to rise, compared with a reference rise a block; never below 0."""
    m, reference = setting
    marks = checkpoints(runs.elbo.shape[1])
    blocks = running_mean(runs.elbo, m)[:, m - 1 :: m]
    total = np.zeros(blocks.shape)
    for k in range(1, blocks.shape[1]):
        rise = blocks[:, k] - blocks[:, k - 1]
        total[:, k] = np.maximum(0, total[:, k - 1] + reference - rise)
    return -total[:, np.minimum(marks // m - 1, blocks.shape[1] - 1)]


def bounds(values: np.ndarray, window: int | None, drift: bool) -> np.ndarray:
    """Upper bounds of |mean| or |drift| at each checkpoint, from a fixed window, or from the later half; infinite until there is one."""
    found = []
    for n in checkpoints(values.shape[1]):
        length = max((n + 1) // 2, 20) if window is None else window
        if length > n:
            found.append(np.full(len(values), np.inf))
            continue
        part = values[:, n - length : n]
        value, error = (window_drift if drift else window_mean)(part)
        upper = np.abs(value) + (T_SLOPE if drift else T_MEAN) * error
        found.append(np.where(np.isfinite(upper), upper, np.inf))
    return np.stack(found, axis=1)


def gap_bound(runs: Runs, window: int | None) -> np.ndarray:
    """The larger of the two parts' bounds."""
    return np.maximum(*(bounds(g, window, False) for g in (runs.gap_prior, runs.gap_decoder)))


def gap_only(runs: Runs, setting: tuple[int | None]) -> np.ndarray:
    return gap_bound(runs, setting[0])


def elbo_drift(runs: Runs, setting: tuple[int | None]) -> np.ndarray:
    return bounds(runs.elbo, setting[0], True)


def entropy_drift(runs: Runs, setting: tuple[int | None]) -> np.ndarray:
    return bounds(runs.entropy_sum, setting[0], True)


def both(runs: Runs, setting: tuple[int | None, float]) -> np.ndarray:
    """`may_stop`: drift of the entropy sum within the threshold, gap within `ratio` times as much."""
    window, ratio = setting
    return np.maximum(entropy_drift(runs, (window,)), gap_bound(runs, window) / ratio)


class Rule(NamedTuple):
    """A name, the score and the settings that are tried."""

    name: str
    score: Callable[[Runs, tuple], np.ndarray]
    settings: tuple[tuple, ...]


def fixed_length(runs: Runs, setting: tuple) -> np.ndarray:
    """Minus the number of records, whatever they say: what a rule has to beat."""
    marks = checkpoints(runs.elbo.shape[1])
    return -np.broadcast_to(marks.astype(float), (len(runs.elbo), len(marks)))


WINDOWS = (40, 80, 160, 320, 640, None)
ONE_WINDOW = tuple((w,) for w in WINDOWS)
RULES = (
    Rule("a fixed number of steps", fixed_length, ((),)),
    Rule("patience", patience, tuple(itertools.product((1, 10, 40, 100), (0.0, 0.02, 0.1)))),
    Rule("CUSUM", cusum, tuple(itertools.product((10, 20, 40), (0.003, 0.01, 0.03, 0.1)))),
    Rule("drift of the ELBO", elbo_drift, ONE_WINDOW),
    Rule("drift of the entropy sum", entropy_drift, ONE_WINDOW),
    Rule("gap", gap_only, ONE_WINDOW),
    Rule("gap and entropy sum", both, tuple(itertools.product(WINDOWS, (0.3, 1, 3)))),
    Rule("the same as it ships", both, ((WINDOW, 1),)),
)


# --- the comparison ----------------------------------------------------------------------------------------------------------------


class Outcome(NamedTuple):
    """For each run: the checkpoint at which the rule stopped (the last if never), whether it did, whether falsely, and the delay in steps."""

    at: np.ndarray
    stopped: np.ndarray
    false: np.ndarray
    delay: np.ndarray


def left_to_gain(runs: Runs) -> np.ndarray:
    """At each checkpoint: the largest later true ELBO minus the present one, of a centred running mean."""
    m = runs.true_elbo.shape[1] // 40
    padded = np.pad(runs.true_elbo, ((0, 0), (m // 2, m - 1 - m // 2)), mode="edge")
    smooth = np.lib.stride_tricks.sliding_window_view(padded, m, axis=1).mean(axis=2)
    later = np.maximum.accumulate(smooth[:, ::-1], axis=1)[:, ::-1]
    return (later - smooth)[:, checkpoints(smooth.shape[1]) - 1]


def outcome(score: np.ndarray, threshold: float, left: np.ndarray, allowed: float) -> Outcome:
    """What a rule does to each run."""
    hit = score <= threshold
    last = score.shape[1] - 1
    stopped = hit.any(axis=1)
    at = np.where(stopped, hit.argmax(axis=1), last)
    rows = np.arange(len(score))
    wrong = left > allowed
    earliest = np.where(wrong.any(axis=1), last + 1 - wrong[:, ::-1].argmax(axis=1), 0)
    return Outcome(at, stopped, stopped & wrong[rows, at], (at - earliest) * BETWEEN * EVERY)


def soonest(score: np.ndarray, left: np.ndarray, allowed: float) -> tuple[float, float]:
    """The threshold with the least mean delay among those with at most 5 % of false stops, after that delay; both infinite if there is none."""
    best = (np.inf, -np.inf)
    finite = score[np.isfinite(score)]
    if not finite.size:  # a window longer than the runs
        return best
    for threshold in np.unique(np.quantile(finite, np.linspace(0, 1, 400))):
        found = outcome(score, threshold, left, allowed)
        if found.false.mean() <= ALLOWED:
            best = min(best, (found.delay[~found.false].mean(), float(threshold)))
    return best


def calibrated(rule: Rule, runs: Runs, allowed: float) -> tuple[tuple, float]:
    """The setting and threshold that are soonest on these runs."""
    left = left_to_gain(runs)
    found = [(*soonest(rule.score(runs, setting), left, allowed), setting) for setting in rule.settings]  # fmt: skip
    _, threshold, setting = min(found, key=lambda f: f[0])
    return setting, threshold


def of_kinds(runs: Runs, keep: Callable[[np.ndarray], np.ndarray]) -> Runs:
    """The runs whose kind is kept."""
    rows = keep(runs.kind)
    return Runs(*(getattr(runs, f.name)[rows] for f in fields(runs)))


def joined(*several: Runs) -> Runs:
    return Runs(*(np.concatenate([getattr(r, f.name) for r in several]) for f in fields(Runs)))


def table(
    title: str, chosen_on: Runs, held_out: Runs, allowed: float, kinds: Sequence[str]
) -> None:
    """Each rule, calibrated on the first runs, on the second, as Markdown."""
    left, here = left_to_gain(held_out), np.unique(held_out.kind)
    print(
        f"\n{title}; a stop is false if more than {allowed:g} nat are left; {len(left)} runs each\n"
    )
    names = [kinds[k] for k in here]
    print(
        "| rule | setting | threshold | false stops | of these kinds | never | mean delay | median "
        "| mean delay at 5 % |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for rule in RULES:
        setting, threshold = calibrated(rule, chosen_on, allowed)
        score = rule.score(held_out, setting)
        found = outcome(score, threshold, left, allowed)
        delay = found.delay[~found.false]
        error = delay.std() / np.sqrt(len(delay))
        shares = ", ".join(
            f"{name} {100 * found.false[held_out.kind == k].mean():.0f}"
            for k, name in zip(here, names, strict=True)
        )
        told = ", ".join("half" if value is None else f"{value:g}" for value in setting)
        print(
            f"| {rule.name} | {told} | {threshold:.3g} | {100 * found.false.mean():.1f} % | {shares} "
            f"| {100 * (1 - found.stopped.mean()):.0f} % | {delay.mean():.0f} ± {error:.0f} | {np.median(delay):.0f} "
            f"| {soonest(score, left, allowed)[0]:.0f} |",
            flush=True,
        )


def tell_simulated(chosen_on: Runs, held_out: Runs) -> None:
    def calm(kind: np.ndarray) -> np.ndarray:
        return kind != KINDS.index("noise ball")

    table("Simulated, all kinds", chosen_on, held_out, 0.05, KINDS)
    pair = [of_kinds(runs, calm) for runs in (chosen_on, held_out)]
    table("Simulated, without noise balls", *pair, 0.05, KINDS)
    table("Simulated, without noise balls", *pair, 0.02, KINDS)


def tell_real(chosen_on: Runs, held_out: Runs) -> None:
    for allowed in (0.5, 0.25, 0.1):
        table("Real trainings", chosen_on, held_out, allowed, REAL_KINDS)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--traces", type=int, default=1000, help="simulated runs in each set")
    parser.add_argument("--trainings", type=int, default=60, help="real runs in each set")
    asked = parser.parse_args()
    if asked.traces:
        started = time.process_time()
        pair = [simulated(asked.traces, seed) for seed in (1, 2)]
        print(
            f"{2 * asked.traces} simulated runs took {time.process_time() - started:.0f} CPU seconds"
        )
        tell_simulated(*pair)
    if asked.trainings:
        started, each = time.process_time(), -(-asked.trainings // 2)
        pair = [
            joined(*(trained(data, each, seed) for data in ("digits", "curve"))) for seed in (1, 2)
        ]
        print(f"\n{4 * each} trainings took {time.process_time() - started:.0f} CPU seconds")
        tell_real(*pair)


if __name__ == "__main__":
    main()
