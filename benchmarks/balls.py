"""Rigorous bounds at N = 100 data in D = 200 dimensions: seconds of `es.enclose`, beside interval arithmetic of mpmath written out by hand.

Run: python benchmarks/balls.py. The first claim is the log-likelihood of a Gaussian at its best variance, the second the whole gap identity of the linear VAE, averages and derivatives included.
Each is shown with the width of its bounds, and with a false neighbour that is refuted. Nothing is asserted; the load of the machine is printed.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import sympy as sp

import entropysym as es
from entropysym.language.formula import entry, sum_over
from entropysym.language.symbols import array, index, scalar, size

N, D = 100, 200
DRAWN = np.random.default_rng(0)


def rationals(*shape: int, positive: bool = False) -> np.ndarray:
    """Random multiples of 1/300."""
    numbers = DRAWN.integers(1 if positive else -900, 900, shape)
    return np.vectorize(lambda v: Fraction(int(v), 300), otypes=[object])(numbers)


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    """The best of three."""
    found, seconds = None, float("inf")
    for _ in range(3):
        began = time.perf_counter()
        found = call()
        seconds = min(seconds, time.perf_counter() - began)
    return found, seconds


def gaussian_sides() -> tuple[sp.Expr, sp.Expr]:
    """The mean log-likelihood of N data in D dimensions, and the negative entropy that it equals at the best variance."""
    n, d, data, sigma2 = index("n"), index("d"), array("y"), scalar("sigma2", "positive")
    square = sum_over(entry(data, n, d) ** 2, (n, 1, size("N")), (d, 1, size("D"))) / size("N")
    left = -size("D") * sp.log(2 * sp.pi * sigma2) / 2 - square / (2 * sigma2)
    return left, -size("D") * sp.log(2 * sp.pi * square / size("D")) / 2 - size("D") / 2


def at_random(model: es.Model, **sizes: int) -> dict[str, Any]:
    """A rational point of a model without networks."""
    point: dict[str, Any] = {"x": rationals(sizes["N"], sizes["D"])}
    for p in model.parameters:
        shape = [sizes[str(plate.size)] for plate in p.plates]
        point[p.name] = rationals(*shape, positive=p.range == "positive") if shape else Fraction(7, 5)  # fmt: skip
    return point


def gaussian() -> None:
    """Beside intervals of mpmath."""
    left, right = gaussian_sides()
    y = rationals(N, D)
    best = sum(v * v for v in y.ravel()) / N / D
    point = {"y": y, "sigma2": best}
    found, seconds = timed(lambda: es.enclose((left, right), point))
    wrong = es.enclose((left, right + sp.Rational(1, 10**25)), point)
    print(f"Gaussian log-likelihood         {seconds:7.3f} s, radius {found.radius:.0e}, one part in 1e25 too many: {wrong.verdict.value.value}")  # fmt: skip

    def by_hand() -> Any:
        iv = mpmath.iv
        iv.prec = 140
        squares = iv.mpf(0)
        for v in y.ravel():
            squares += (iv.mpf(v.numerator) / v.denominator) ** 2
        variance = iv.mpf(best.numerator) / best.denominator
        first = -D * iv.log(2 * iv.pi * variance) / 2 - squares / N / (2 * variance)
        return first + D * iv.log(2 * iv.pi * squares / N / D) / 2 + iv.mpf(D) / 2

    bounds, other = timed(by_hand)
    print(f"  by hand, intervals of mpmath  {other:7.3f} s, radius {float(bounds.delta) / 2:.0e}: {other / seconds:.1f} x as long")  # fmt: skip


def linear_vae(H: int) -> None:
    """F - E - v·∇J."""
    found = es.derive(es.models.linear_vae())
    point = at_random(found.model, N=N, D=D, H=H)
    one, seconds = timed(lambda: es.enclose(found, point))
    little = found.identity.entropy_sum + sp.Rational(1, 10**25)
    wrong = es.enclose(replace(found.identity, entropy_sum=little), point)
    print(f"gap identity, linear VAE, H = {H} {seconds:7.3f} s, radius {one.radius:.0e}, one part in 1e25 too many: {wrong.verdict.value.value}")  # fmt: skip


if __name__ == "__main__":
    print(f"load {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores, {sys.platform}")
    gaussian()
    linear_vae(2)
    linear_vae(5)
