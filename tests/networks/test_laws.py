"""The laws of trained networks: densities and entropies beside SciPy's, in NumPy and JAX; what tempering moves beside what the prover derives."""

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats as st

from entropysym.errors import InputError
from entropysym.networks.laws import LAWS, law

RNG = np.random.default_rng(3)
M, B, ETA = RNG.normal(size=40), RNG.uniform(0.1, 4, 40), 3 * RNG.normal(size=40)
LOGITS = 2 * RNG.normal(size=(40, 5))
P, LAMBDA = 1 / (1 + np.exp(-ETA)), np.exp(ETA)
COUNTS, BITS = RNG.poisson(3, 40).astype(float), RNG.integers(0, 2, 40).astype(float)
ONE_HOT = np.eye(5)[RNG.integers(0, 5, 40)]
SHARES = np.exp(LOGITS) / np.exp(LOGITS).sum(-1, keepdims=True)

#: Law, data, arguments, log-density and entropy of others (nats).
CASES = {
    "normal": (M, (B, B**2), st.norm(B, B).logpdf(M), st.norm(B, B).entropy()),
    "laplace": (M, (B, B), st.laplace(B, B).logpdf(M), st.laplace(B, B).entropy()),
    "bernoulli": (BITS, (ETA,), st.bernoulli(P).logpmf(BITS), st.bernoulli(P).entropy()),
    "categorical": (
        ONE_HOT,
        (LOGITS,),
        np.log((ONE_HOT * SHARES).sum(-1)),
        st.entropy(SHARES, axis=-1),
    ),
    "poisson": (
        COUNTS,
        (ETA,),
        st.poisson(LAMBDA).logpmf(COUNTS),
        LAMBDA - LAMBDA * ETA + np.array([np.sum(np.log(np.arange(1, n + 1))) for n in COUNTS]),
    ),
}


def entries(name, values):
    return np.asarray(values).sum(-1) if name == "categorical" else np.asarray(values)


@pytest.mark.parametrize("xp", [np, jnp])
@pytest.mark.parametrize("name", LAWS)
def test_densities_and_entropies_are_those_of_scipy(name, xp):
    x, arguments, log_density, entropy = CASES[name]
    row = LAWS[name]
    given = [xp.asarray(a) for a in (x, *arguments)]
    found = {f: entries(name, getattr(row, f)(xp, *given)) for f in ("log_density", "entropy", "gap")}  # fmt: skip
    terms = np.abs(log_density) + np.abs(entropy) + 10 + 4 * np.exp(np.max(ETA))
    assert np.all(np.abs(found["log_density"] - log_density) < 1e-14 * terms)
    assert np.all(np.abs(found["entropy"] - entropy) < 1e-14 * terms)
    assert np.all(np.abs(found["gap"] - (log_density + entropy)) < 1e-14 * terms)


@pytest.mark.parametrize("name", LAWS)
def test_tempering_is_what_the_row_says(name):
    """The derivative of the log-density along the motion is log-density plus entropy, up to what has no x: the gap."""
    x, arguments, *_ = CASES[name]
    row, h = LAWS[name], 1e-6

    def moved(t):
        if row.natural:
            return (arguments[0] * (1 + t),)
        return (arguments[0], arguments[1] * np.exp(-t * row.rate / row.power))

    up, down = (entries(name, row.log_density(np, x, *moved(t))) for t in (h, -h))
    gap = entries(name, row.gap(np, x, *arguments))
    assert np.allclose((up - down) / (2 * h), gap, rtol=1e-6, atol=1e-6 * np.max(np.abs(gap)))


def test_extreme_logits_stay_finite():
    eta = np.array([-800.0, 800.0])
    for name in ("bernoulli", "categorical"):
        row = LAWS[name]
        for f in (row.log_density, row.entropy, row.gap):
            assert np.isfinite(f(np, np.array([0.0, 1.0]), eta)).all()


def test_an_unknown_law_is_named():
    with pytest.raises(InputError, match="gauss"):
        law("gauss")
