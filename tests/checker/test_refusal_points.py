"""The witnesses in numbers: densities on a grid, quadrature in the latent, finite differences in every parameter.

The data follow the decoder's own law plus small bumps. Networks are c + a first and a second feature, and constant where their
weights are 0: what they learn is free there.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from . import refusals

TIMES = np.linspace(-20.0, 20.0, 12001)
GRID, STEP = np.sinh(TIMES), np.cosh(TIMES) * (TIMES[1] - TIMES[0])  # of the data, tails included
NODES, MASSES = np.polynomial.hermite_e.hermegauss(24)
MASSES = MASSES / MASSES.sum()
WIDTH = 0.2  # of a bump

Density = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def log_normal(x, mean, variance):
    return -np.log(2 * np.pi * variance) / 2 - (x - mean) ** 2 / (2 * variance)


def log_cauchy(x, location, scale):
    return -np.log(np.pi * scale) - np.log1p(((x - location) / scale) ** 2)


def log_laplace(x, location, scale):
    return -np.log(2 * scale) - np.abs(x - location) / scale


def bump(at: float) -> np.ndarray:
    """A smooth density on (at - WIDTH, at + WIDTH)."""
    u = (GRID - at) / WIDTH
    inside = np.abs(u) < 1
    found = np.where(inside, np.exp(-1 / np.where(inside, 1 - u**2, 1.0)), 0.0)
    return found / (found @ STEP)


@dataclass(frozen=True)
class Case:
    """A witness: the decoder's density, its arguments at the numbers, which of them are learned, and the gap per weight."""

    density: Density
    at: tuple[float, float]
    free: tuple[bool, bool]
    document: dict

    @property
    def points(self) -> list[tuple[float, float]]:
        return [(float(y), float(x)) for y, x in self.document["refusal"]["points"]]

    def law(self) -> tuple[np.ndarray, float]:
        """The data's density on the grid, and how much of the weights it holds: half of what leaves it positive.

        The bumps are not points: their weights are corrected, so that the scores have sum 0 over them.
        """
        own = np.exp(self.density(GRID, *self.at))
        own = own / (own @ STEP)
        if not self.points:
            return own, 0.0
        weights = np.array([y for y, _ in self.points])
        bumps = np.array([bump(x) for _, x in self.points])
        scores = [np.ones_like(GRID), *(self.score(k) for k in (0, 1) if self.free[k])]
        rows = np.array([[(b * s) @ STEP for b in bumps] for s in scores])
        weights = weights - np.linalg.pinv(rows) @ (rows @ weights)
        change = weights @ bumps
        amount = 0.5 * float(np.min(own[change < 0] / -change[change < 0]))
        return own + amount * change, amount

    def score(self, k: int, h: float = 1e-5) -> np.ndarray:
        up, down = list(self.at), list(self.at)
        up[k] += h
        down[k] -= h
        return (self.density(GRID, *up) - self.density(GRID, *down)) / (2 * h)

    def gap(self) -> float:
        """The sum of weight * log density over the points."""
        return sum(y * float(self.density(np.array(x), *self.at)) for y, x in self.points)


CASES = {
    "vae0": Case(log_normal, (0.0, 1.0), (True, False), refusals.vae0()),
    "cauchy": Case(log_cauchy, (0.0, 1.0), (True, False), refusals.cauchy()),
    "free_cauchy": Case(log_cauchy, (0.0, 1.0), (True, True), refusals.free_cauchy()),
    "laplace": Case(log_laplace, (0.0, 2.0), (True, False), refusals.laplace()),
}

#: decoder: constant, weights of z and of tanh z, logarithm of the second argument and its weight of z;
#: encoder: the same for mean and log deviation with x for z; prior: mean and log deviation.
NAMES = ("c", "W", "w", "s", "u", "nu", "V", "v", "r", "R", "prior_mean", "prior_deviation")
START = np.zeros(len(NAMES))


def elbo(case: Case, law: np.ndarray, theta: np.ndarray, encoder_mean: float = 0.0) -> float:
    """The data's mean of -KL(q || p) + E log p(x | z), with an encoder N(encoder_mean, 1) at the start."""
    c, W, w, s, u, nu, V, v, r, R, m, a = theta
    squashed = np.tanh(
        GRID
    )  # the encoder's networks are bounded, so that Cauchy data have finite means
    mean = encoder_mean + nu + V * squashed + v * squashed**2
    log_deviation = r + R * squashed
    z = mean[:, None] + np.exp(log_deviation)[:, None] * NODES
    location = case.at[0] + c + W * z + w * np.tanh(z)
    second = case.at[1] * np.exp(s + u * z) if case.free[1] else case.at[1]
    reconstruction = case.density(GRID[:, None], location, second) @ MASSES
    kl = (
        a - log_deviation + (np.exp(2 * log_deviation) + (mean - m) ** 2) * np.exp(-2 * a) / 2 - 0.5
    )
    return float((law * (reconstruction - kl)) @ STEP)


def slopes(function: Callable[[np.ndarray], float], which: tuple[str, ...]) -> dict[str, float]:
    """Central differences at the start."""
    found, h = {}, 1e-4
    for name in which:
        move = h * np.eye(len(NAMES))[NAMES.index(name)]
        found[name] = (function(START + move) - function(START - move)) / (2 * h)
    return found


def decoder_entropy(case: Case) -> float:
    own = np.exp(case.density(GRID, *case.at))
    own = own / (own @ STEP)
    return -float((own * case.density(GRID, *case.at)) @ STEP)


@pytest.mark.parametrize("name", CASES)
def test_a_witness_of_the_decoder_is_stationary_with_a_gap(name):
    case = CASES[name]
    law, amount = case.law()
    found = slopes(lambda theta: elbo(case, law, theta), NAMES)
    assert max(map(abs, found.values())) < 2e-5, found
    # KL is 0, so the entropy sum is minus the decoder's entropy.
    gap = elbo(case, law, START) + decoder_entropy(case)
    assert gap == pytest.approx(amount * case.gap(), rel=0.1)
    assert abs(gap) > 1e-3


@pytest.mark.parametrize("name", CASES)
def test_other_weights_are_not_stationary(name):
    """The differences see it where the weights of a witness are not balanced."""
    case = CASES[name]
    law = case.law()[0] + 0.01 * (bump(1.5) - bump(-0.5))
    found = slopes(lambda theta: elbo(case, law, theta), ("c", "nu", "prior_mean"))
    assert abs(found["c"]) > 1e-3
    assert abs(found["nu"]) < 2e-5  # the latents are not seen, whatever the data are
    assert abs(found["prior_mean"]) < 2e-5


def test_a_witness_of_the_prior_is_stationary_with_a_gap():
    """q = N(1, 1) and p = N(0, 1) learn nothing, the decoder does: F - E = E_q log p - E_p log p = -1/2."""
    assert refusals.frozen()["refusal"]["networks"] == {"mu": 0, "nu": 1, "tau2": 1}
    case = Case(log_normal, (0.0, 1.0), (True, True), refusals.frozen())
    law, _ = case.law()
    found = slopes(lambda theta: elbo(case, law, theta, 1.0), NAMES)
    decoder = {name: found[name] for name in ("c", "W", "w", "s", "u")}
    assert max(map(abs, decoder.values())) < 2e-5, found
    assert abs(found["nu"]) > 0.9  # which is why its encoder must be frozen
    assert abs(found["prior_mean"]) > 0.9
    entropies = -decoder_entropy(case)  # those of prior and encoder are equal
    assert elbo(case, law, START, 1.0) - entropies == pytest.approx(-0.5, abs=1e-6)
