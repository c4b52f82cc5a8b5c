"""True claims whose functions cancel inside are not called different, and a planted error of 1e-9 still is."""

import contextlib
import inspect

import numpy as np
import pytest
import scipy.special as special
import sympy as sp

from entropysym.language.declared import Symbols
from entropysym.models.zoo import ZOO
from entropysym.testing import Different, NotShown, assert_equal, comparing

S = Symbols(ZOO["linear_vae"]())


def size(W):
    return float(np.abs(W).max())


#: The two sides, how they are called with a factor on the right.
TRUE = {
    "log of 1 + a little": (
        sp.log(1 + sp.exp(-30 * S.sigma)),
        lambda sigma: np.logaddexp(0, -30 * sigma),
    ),
    "logaddexp": (
        lambda W: np.log(1 + np.exp(-20 * size(W))),
        lambda W: np.logaddexp(0, -20 * size(W)),
    ),
    "an entry of an array": (
        lambda tau: np.log(1 + np.exp(-tau))[0],
        lambda tau: np.logaddexp(0, -tau)[0],
    ),
    "a small angle": (
        lambda sigma: 1 - np.cos(sigma / 100),
        lambda sigma: 2 * np.sin(sigma / 200) ** 2,
    ),
    "what is large": (lambda sigma: (1e7 + sigma) - 1e7, lambda sigma: sigma),
    "erfc": (lambda sigma: 1 - special.erf(3 * sigma), lambda sigma: special.erfc(3 * sigma)),
    "formulas": (
        sp.Abs(sp.digamma(1000 * S.sigma + 1) - sp.digamma(1000 * S.sigma)),
        1 / (1000 * S.sigma),
    ),
}


@pytest.mark.some(2)
@pytest.mark.parametrize("name", TRUE)
def test_a_true_claim_is_not_called_different(name):
    left, right = TRUE[name]
    for pair in ((left, right), (right, left)):
        with contextlib.suppress(NotShown):
            assert_equal(*pair, "linear_vae")


@pytest.mark.slow
def test_without_roughness_they_are(monkeypatch):
    monkeypatch.setattr(comparing, "roughness", lambda value, flat: 0.0)
    wrong = set()
    for name, pair in TRUE.items():
        with contextlib.suppress(NotShown):
            try:
                assert_equal(*pair, "linear_vae")
            except Different:
                wrong.add(name)
    assert {"log of 1 + a little", "a small angle", "what is large"} <= wrong


@pytest.mark.parametrize(
    "true",
    [
        lambda sigma: np.log(sigma) ** 2 + 1,
        lambda W, sigma: np.sum(W**2) / sigma,
        lambda tau: np.logaddexp(0, tau)[0],
    ],
)
def test_a_planted_error_is_still_different(true):
    def wrong(**given):
        return true(**given) * (1 + 1e-9)

    wrong.__signature__ = inspect.signature(true)  # type: ignore[attr-defined]
    with pytest.raises(Different):
        assert_equal(true, wrong, "linear_vae")


def test_a_planted_error_beside_what_cancels():
    left, right = TRUE["log of 1 + a little"]
    with pytest.raises(Different):
        assert_equal(left, lambda sigma: right(sigma) + 1e-9, "linear_vae")  # type: ignore[operator]
