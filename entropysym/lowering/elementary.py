r"""Functions of one real number for NumPy and PyTorch, from the few that these have: as accurate as those of `special`, which are JAX's.

Everything is written once, over the array-API standard and a table of primitives ($\log\Gamma$, $\psi$, $\psi'$, $I_0$ and $I_1$ scaled, erf, erfc) of each library.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from entropysym.lowering.backends import namespace_of
from entropysym.lowering.special import BESSEL, SINHC, TIMES_2K

_Function = Callable[[Any], Any]


@lru_cache
def _primitives(backend: str) -> Mapping[str, _Function]:
    if backend == "numpy":
        from scipy import special as sc

        return {
            "loggamma": sc.gammaln,
            "digamma": sc.digamma,
            "trigamma": lambda u: sc.zeta(2, u),
            "i0e": sc.i0e,
            "i1e": sc.i1e,
            "erf": sc.erf,
            "erfc": sc.erfc,
            "sigmoid": sc.expit,
        }
    import torch

    return {
        "loggamma": torch.special.gammaln,
        "digamma": torch.special.digamma,
        # Its polygamma is off by 1e-9.
        "trigamma": lambda u: torch.special.zeta(torch.full_like(u, 2), u),
        "i0e": torch.special.i0e,
        "i1e": torch.special.i1e,
        "erf": torch.special.erf,
        "erfc": torch.special.erfc,
        "sigmoid": torch.sigmoid,
    }


def function(head: str, backend: str) -> _Function:
    """The function of a row for one library."""
    return _functions(backend)[head]


def slope(head: str, backend: str) -> _Function:
    """Its derivative, for functions that have one."""
    return _slopes(backend)[head]


@lru_cache
def _functions(backend: str) -> Mapping[str, _Function]:
    xp, p = namespace_of(backend), _primitives(backend)
    same = {name: p[name] for name in ("loggamma", "digamma", "trigamma", "erf", "erfc", "sigmoid")}

    def parts(u: Any) -> tuple[Any, Any, Any]:
        """Where u is small, and u on either side, with a harmless number on the other."""
        small, one, zero = xp.abs(u) < 1, xp.ones_like(u), xp.zeros_like(u)
        return small, xp.where(small, u, zero), xp.where(small, one, u)

    def softplus(u: Any) -> Any:
        return xp.maximum(u, xp.zeros_like(u)) + xp.log1p(xp.exp(-xp.abs(u)))

    def log_bessel(u: Any) -> Any:
        small, near, far = parts(u)
        series = xp.log1p(near**2 * _series(near**2, BESSEL[1:]))
        far = xp.abs(far)
        return xp.where(small, series, xp.log(p["i0e"](far)) + far)

    def log_sinhc(u: Any) -> Any:
        small, near, far = parts(u)
        series = xp.log1p(near**2 * _series(near**2, SINHC[1:]))
        far = xp.abs(far)
        return xp.where(small, series, far + xp.log1p(-xp.exp(-2 * far)) - xp.log(2 * far))

    def langevin(u: Any) -> Any:
        small, near, far = parts(u)
        series = near * _series(near**2, TIMES_2K[1:]) / _series(near**2, SINHC)
        return xp.where(small, series, 1 / xp.tanh(far) - 1 / far)

    return {
        **same,
        "softplus": softplus,
        "logbessel": log_bessel,
        "besselratio": lambda u: p["i1e"](u) / p["i0e"](u),
        "logsinhc": log_sinhc,
        "langevin": langevin,
        "sin": xp.sin,
        "cos": xp.cos,
        "asinh": xp.asinh,
        "iszero": lambda u: xp.where(u == 0, xp.ones_like(u), xp.zeros_like(u)),
        "isabove": lambda u: xp.where(u > 0, xp.ones_like(u), xp.zeros_like(u)),
    }


@lru_cache
def _slopes(backend: str) -> Mapping[str, _Function]:
    xp, f = namespace_of(backend), _functions(backend)

    def of_ratio(head: str, times: int) -> _Function:
        r"""$r'=1-\frac{k\,r}u-r^2$, which is $\frac1{k+1}$ at 0."""

        def at(u: Any) -> Any:
            ratio, zero = f[head](u), u == 0
            inside = xp.where(zero, xp.ones_like(u), u)
            limit = xp.full_like(u, 1 / (times + 1))
            return xp.where(zero, limit, 1 - times * ratio / inside - ratio**2)

        return at

    def bell(u: Any) -> Any:
        return 2 / math.sqrt(math.pi) * xp.exp(-(u**2))

    return {
        "softplus": f["sigmoid"],
        "sigmoid": lambda u: f["sigmoid"](u) * f["sigmoid"](-u),
        "loggamma": f["digamma"],
        "digamma": f["trigamma"],
        "logbessel": f["besselratio"],
        "besselratio": of_ratio("besselratio", 1),
        "logsinhc": f["langevin"],
        "langevin": of_ratio("langevin", 2),
        "erf": bell,
        "erfc": lambda u: -bell(u),
        "sin": xp.cos,
        "cos": lambda u: -xp.sin(u),
        "asinh": lambda u: 1 / xp.sqrt(1 + u**2),
    }


def _series(square: Any, coefficients: list[float]) -> Any:
    total = 0 * square
    for c in reversed(coefficients):
        total = total * square + c
    return total
