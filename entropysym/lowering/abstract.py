r"""Stand-ins for functions that nobody wrote down: smooth, the same for the same name, and such as nobody would guess.

An identity that holds for every differentiable A holds for these. A function that has numbers of its own is in `KNOWN`.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from entropysym.lowering.backends import logsumexp, matmul, namespace

_OfVector = Callable[[Any], Any]


def _phase(name: str) -> float:
    return zlib.crc32(name.encode()) / 2**32


def of_number(name: str, order: int) -> Callable[[Any], Any]:
    r"""The k-th derivative of $\log(e^{au}+e^{-bu})+cu^2$ with numbers a, b, c of the name.

    The first is $(a+b)s-b+2cu$ with $s=\mathrm{sigmoid}((a+b)u)$, and every further one brings $s'=(a+b)s(1-s)$.
    """
    t = _phase(name)
    a, b, c = 0.4 + t, 1.1 - t / 2, 0.05 + 0.1 * t
    powers = _powers_of_sigmoid(order - 1) if order else []
    rest = {1: lambda u: 2 * c * u - b, 2: lambda u: 2 * c}.get(order, lambda u: 0.0)

    def f(u: Any) -> Any:
        xp = namespace(u)
        if not order:
            # log(e^x + e^y) without overflow, and with its derivative.
            return xp.logaddexp(a * u, -b * u) + c * u**2
        s = xp.exp(-xp.logaddexp(0 * u, -(a + b) * u))
        total = 0 * u
        for coefficient in reversed(powers):
            total = total * s + coefficient
        return (a + b) ** order * total + rest(u)

    return f


def _powers_of_sigmoid(order: int) -> list[float]:
    """The coefficients of the derivative of this order of s, as a polynomial in s where s' = s - s^2."""
    found = [0.0, 1.0]
    for _ in range(order):
        slopes = [k * c for k, c in enumerate(found)]  # of s^k, times s' = s - s^2
        found = [x - y for x, y in zip([*slopes, 0.0], [0.0, *slopes], strict=True)]
    return found


def log_sphere(eta: Any) -> Any:
    r"""$\log\int_{\|x\|=1}e^{\eta\cdot x}dx$ over the sphere in K dimensions, along the last axis.

    $\log2\pi^{K/2}-\log\Gamma(K/2)+\log\sum_k\frac{(\|\eta\|^2/4)^k}{k!\,(K/2)_k}$: all terms are positive, and 200 are enough for $\|\eta\|\le100$.
    """
    half = eta.shape[-1] / 2
    series = logsumexp(_log_terms(eta, 0.0))
    return math.log(2) + half * math.log(math.pi) - math.lgamma(half) + series


def _log_terms(eta: Any, shift: float) -> Any:
    r"""$\log\frac{q^k}{k!\,(K/2+\text{shift})_k}$ for k = 0, 1, …, along a further axis, q being $\|\eta\|^2/4$."""
    xp, half = namespace(eta), eta.shape[-1] / 2 + shift
    q = xp.sum(eta**2, axis=-1)[..., None] / 4
    steps = [0.0]
    for k in range(1, 200):
        steps.append(steps[-1] + math.log(k) + math.log(half + k - 1))
    k = xp.asarray([float(k) for k in range(200)], dtype=eta.dtype)
    log_q = xp.log(xp.where(q > 0, q, xp.ones_like(q)))
    beyond = xp.where((q > 0) | (k == 0), xp.zeros_like(q * k), xp.full_like(q * k, -math.inf))
    return k * log_q - xp.asarray(steps, dtype=eta.dtype) + beyond


def _slope_of_log_sphere(eta: Any) -> Any:
    r"""$\nabla\log\sum_k\frac{q^k}{k!(K/2)_k}=\frac\eta{K}\,\frac{\sum_kq^k/(k!(K/2+1)_k)}{\sum_kq^k/(k!(K/2)_k)}$."""
    ratio = logsumexp(_log_terms(eta, 1.0)) - logsumexp(_log_terms(eta, 0.0))
    return eta / eta.shape[-1] * namespace(eta).exp(ratio)[..., None]


#: Name -> the function of a vector and its gradient, along the last axis.
KNOWN: Mapping[str, tuple[_OfVector, _OfVector]] = {
    "log_sphere": (log_sphere, _slope_of_log_sphere)
}


def of_vector(name: str) -> _OfVector:
    r"""$\log\sum_je^{m_j\cdot v}$ with five vectors $m_j$ of the name, along the last axis."""
    if name in KNOWN:
        return KNOWN[name][0]
    return lambda v: logsumexp(matmul(v, _matrix(name, v)))


def gradient(name: str) -> _OfVector:
    """The gradient of the function of a vector, along the last axis; a function whose values are vectors is one as well."""
    if name in KNOWN:
        return KNOWN[name][1]

    def slope(v: Any) -> Any:
        xp, m = namespace(v), _matrix(name, v)
        levels = matmul(v, m)
        shares = xp.exp(levels - logsumexp(levels)[..., None])
        return matmul(shares, xp.matrix_transpose(m))

    return slope


def _matrix(name: str, like: Any, columns: int = 5) -> Any:
    t, rows = 7 * _phase(name), like.shape[-1]
    entries = [
        [math.sin(t + 1.7 * i + 2.3 * j + 0.9 * i * j) for j in range(columns)] for i in range(rows)
    ]
    return namespace(like).asarray(entries, dtype=like.dtype)
