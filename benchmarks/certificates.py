"""How long a certificate takes: a toy, a network of 500 parameters on digits, one of a million, and the same in PyTorch.

`python benchmarks/certificates.py` prints for each the seconds of the first call, which compiles, and of a second one, on wall and processor, with
what the certificate found. Nothing is trained: the directions have to be found at any parameters.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from entropysym.data.tables import load
from entropysym.lowering import Nodes, gauss_hermite
from entropysym.networks import certify, vae

jax.config.update("jax_enable_x64", True)


class Problem(NamedTuple):
    """A network with parameters, data and nodes."""

    network: Any
    parameters: Any
    data: np.ndarray
    nodes: Nodes
    rows: int | None = None


def layers(rng: np.random.Generator, *sizes: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights and biases of a perceptron."""
    pairs = itertools.pairwise(sizes)
    return [(rng.normal(size=(i, o)) / i**0.5, 0.1 * rng.normal(size=o)) for i, o in pairs]


def perceptron(net: list[tuple[Any, Any]], x: Any) -> Any:
    """ReLU between the layers."""
    for W, b in net[:-1]:
        x = jax.nn.relu(x @ W + b)
    W, b = net[-1]
    return x @ W + b


def relu_vae(data: np.ndarray, hidden: tuple[int, ...], H: int, nodes: Nodes, rows: int | None = None) -> Problem:  # fmt: skip
    """Gaussian with a learned variance; one head holds ν and log τ²."""
    rng, D = np.random.default_rng(0), data.shape[1]
    p = {"enc": layers(rng, D, *hidden, 2 * H), "dec": layers(rng, H, *hidden[::-1], D), "log_sigma2": np.zeros(())}  # fmt: skip

    def encode(p: Any, x: Any) -> Any:
        return tuple(jnp.split(perceptron(p["enc"], x), 2, axis=-1))

    def decode(p: Any, z: Any) -> Any:
        return perceptron(p["dec"], z), jnp.exp(p["log_sigma2"])

    return Problem(vae(encode, decode), p, data, nodes, rows)


def sampled(S: int, H: int) -> Nodes:
    """Noise as a training loop draws it."""
    eps = np.random.default_rng(1).normal(size=(S, H))
    return Nodes(jnp.asarray(eps), jnp.full(S, 1 / S))


def toy() -> Problem:
    """35 parameters."""
    x = np.random.default_rng(2).normal(size=(100, 5))
    return relu_vae(x, (2,), 1, gauss_hermite(1, 10))


def digits() -> Problem:
    """About 500 parameters on the digits of scikit-learn."""
    return relu_vae(load("digits") / 16, (3,), 2, gauss_hermite(2, 5))


def million() -> Problem:
    """More than a million parameters on 2,000 images of 784 pixels."""
    x = np.random.default_rng(3).uniform(size=(2000, 784))
    return relu_vae(x, (500, 500), 10, sampled(4, 10), rows=500)


def in_torch() -> Problem:
    """The million in PyTorch, in float32 as it was trained."""
    import torch

    torch.manual_seed(0)

    class Vae(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            nn = torch.nn
            self.enc = nn.Sequential(nn.Linear(784, 500), nn.ReLU(), nn.Linear(500, 500), nn.ReLU(), nn.Linear(500, 20))  # fmt: skip
            self.dec = nn.Sequential(nn.Linear(10, 500), nn.ReLU(), nn.Linear(500, 500), nn.ReLU(), nn.Linear(500, 784))  # fmt: skip
            self.log_sigma2 = nn.Parameter(torch.zeros(()))

    network = vae(lambda m, x: m.enc(x).chunk(2, dim=-1), lambda m, z: (m.dec(z), m.log_sigma2.exp()))  # fmt: skip
    whole = million()
    return Problem(network, Vae(), whole.data, whole.nodes, whole.rows)


PROBLEMS: dict[str, Callable[[], Problem]] = {
    f.__name__: f for f in (toy, digits, million, in_torch)
}


def size_of(parameters: Any) -> int:
    """Parameters of a pytree or a module."""
    some = parameters.parameters() if hasattr(parameters, "parameters") else jax.tree.leaves(parameters)  # fmt: skip
    return sum(int(np.prod(a.shape)) for a in some)


def main() -> None:
    for name, make in PROBLEMS.items():
        problem = make()
        print(f"{name}: {size_of(problem.parameters):,} parameters, {len(problem.data):,} data", flush=True)  # fmt: skip
        for call in ("first", "second"):
            wall, cpu = time.perf_counter(), time.process_time()
            c = certify(problem.network, problem.parameters, problem.data, problem.nodes, rows=problem.rows)  # fmt: skip
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            print(f"  {call:6s} {wall:6.2f} s, {cpu:6.2f} s of processor; {c.residual:.1f} eps x terms apart, agrees {c.agrees}", flush=True)  # fmt: skip
        print("  " + ", ".join(f"{f} missing {m:.0e}" for f, m in c.missing.items()))
        print("  " + "; ".join(c.motion))


if __name__ == "__main__":
    main()
