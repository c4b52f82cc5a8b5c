"""A lowered function against the same written by hand in JAX, both jitted, in one run: `python benchmarks/lowering.py`.

For value and gradient of the entropy sums of two models it prints the median time of a call by hand and lowered, and the median ratio of pairs that are timed one after the other.
It ends with 1 if a ratio exceeds 1.05.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import entropysym as es

jax.config.update("jax_enable_x64", True)

LIMIT, PAIRS, CALLS = 1.05, 201, 20
D, H, N = 64, 16, 4096
LOG_2_PI_E = float(np.log(2 * np.pi * np.e))


def linear_vae(p: Mapping[str, Any], x: Any) -> Any:
    return jnp.sum(jnp.log(p["tau"])) - D * jnp.log(p["sigma"]) - D * LOG_2_PI_E / 2


def vae2(p: Mapping[str, Any], x: Any) -> Any:
    tau2 = jax.vmap(network(p))(x)
    encoder = jnp.mean(jnp.sum(jnp.log(tau2), axis=1)) / 2
    return encoder - jnp.sum(jnp.log(p["alpha2"])) / 2 - D * (LOG_2_PI_E + jnp.log(p["sigma2"])) / 2


def network(p: Mapping[str, Any]) -> Callable[[Any], Any]:
    return lambda row: jnp.exp(jnp.tanh(p["w"] @ row))


def cases() -> list[tuple[str, Callable[..., Any], Callable[..., Any], dict[str, Any]]]:
    """Name, by hand, lowered, and parameters."""
    rng = np.random.default_rng(0)
    positive = lambda *shape: jnp.asarray(np.exp(rng.normal(size=shape)))  # noqa: E731
    w = jnp.asarray(rng.normal(size=(H, D)) / 8)
    f = es.lower(es.derive(es.models.linear_vae()).entropy_sum)
    g = es.lower(es.derive(es.models.vae2()).entropy_sum)
    return [
        (
            "linear_vae",
            linear_vae,
            lambda p, x: f(sigma=p["sigma"], tau=p["tau"], D=D),
            {"sigma": positive(), "tau": positive(H)},
        ),
        (
            "vae2",
            vae2,
            lambda p, x: g(sigma2=p["sigma2"], alpha2=p["alpha2"], x=x, tau2=network(p)),
            {"sigma2": positive(), "alpha2": positive(H), "w": w},
        ),
    ]


def timed(f: Callable[..., Any], *given: Any) -> float:
    start = time.perf_counter()
    for _ in range(CALLS):
        out = f(*given)
    jax.block_until_ready(out)
    return (time.perf_counter() - start) / CALLS


def main() -> int:
    x = jnp.asarray(np.random.default_rng(1).normal(size=(N, D)))
    worst = 0.0
    print(f"D = {D}, H = {H}, N = {N}; median of {PAIRS} pairs of {CALLS} calls")
    for name, by_hand, lowered, p in cases():
        for what, change in (("value", jax.jit), ("gradient", lambda f: jax.jit(jax.grad(f)))):
            one, two = change(by_hand), change(lowered)
            jax.block_until_ready((one(p, x), two(p, x)))
            same = jax.tree.map(lambda a, b: np.allclose(a, b, rtol=1e-12), one(p, x), two(p, x))
            assert all(jax.tree.leaves(same)), name
            pairs = []
            for k in range(PAIRS):  # the order turns, so that neither is always the warm one
                first, second = (one, two) if k % 2 else (two, one)
                a, b = timed(first, p, x), timed(second, p, x)
                pairs.append((a, b) if k % 2 else (b, a))
            ratio = statistics.median(b / a for a, b in pairs)
            hand, low = (1e6 * statistics.median(column) for column in zip(*pairs, strict=True))
            print(
                f"{name:12} {what:9} by hand {hand:9.1f} us, lowered {low:9.1f} us, ratio {ratio:.3f}"
            )
            worst = max(worst, ratio)
    print(f"largest ratio {worst:.3f}, allowed {LIMIT}")
    return int(worst > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
