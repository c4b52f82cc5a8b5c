"""Deriving against what a user would pick instead: SymPy's own integration of one Gaussian term.

Run: python benchmarks/symbolic.py. Prints medians of whole runs in one process and their ratio; nothing is asserted.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import sympy as sp

import entropysym as es


def derive_vae2() -> None:
    """The whole derivation with symbolic D, H, N, replayed by the checker."""
    es.derive(es.models.vae2())


def integrate_one_term() -> None:
    """One scalar prior term of VAE-2 by SymPy: the integral of q(z) log p(z), D = H = 1."""
    z, nu = sp.symbols("z nu", real=True)
    tau, alpha = sp.symbols("tau alpha", positive=True)
    q = sp.exp(-((z - nu) ** 2) / (2 * tau**2)) / sp.sqrt(2 * sp.pi * tau**2)
    log_p = -sp.log(2 * sp.pi * alpha**2) / 2 - z**2 / (2 * alpha**2)
    sp.integrate(q * log_p, (z, -sp.oo, sp.oo))


def instantiate_and_compare(D: int) -> Callable[[], None]:
    """What symbolic sizes save: the linear VAE's ELBO written out at a given D and expanded."""
    d = es.derive(es.models.linear_vae())

    def run() -> None:
        sp.expand(es.instantiate(d.elbo, D=D, H=2, N=2))

    return run


def median_seconds(run: Callable[[], None], repeats: int) -> float:
    """The median of several runs after a warm-up."""
    run()
    times = []
    for _ in range(repeats):
        sp.core.cache.clear_cache()
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def main() -> None:
    """Print the comparison."""
    ours = median_seconds(derive_vae2, 5)
    theirs = median_seconds(integrate_one_term, 3)
    print(f"derive and replay VAE-2, symbolic D, H, N   {ours:8.3f} s")
    print(f"SymPy integrate, one scalar term            {theirs:8.3f} s   {theirs / ours:6.1f} x")
    for D in (2, 3, 4):
        seconds = median_seconds(instantiate_and_compare(D), 3)
        print(
            f"linear VAE's ELBO written out at D = {D}      {seconds:8.3f} s   {seconds / ours:6.1f} x"
        )


if __name__ == "__main__":
    main()
