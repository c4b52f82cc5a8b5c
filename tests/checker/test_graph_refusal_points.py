"""The witnesses of two layers in numbers: finitely many data, quadrature in both latents, finite differences in everything learned.

Networks are a constant and a bounded feature; what they learn is free. The data are the nodes of a quadrature that is exact for the law of the witness, with
its points beside them.
"""

import numpy as np
import pytest

from . import graph_refusals

NODES, MASSES = np.polynomial.hermite_e.hermegauss(25)  # 0 is one of them
MASSES = MASSES / MASSES.sum()

#: p(x | z1): constant, weights of z1 and tanh z1, log variance; p(z1 | z2): the same of z2; p(z2): mean and log variance; q(z1 | x): mean, weight of x, log
#: deviation; q(z2 | z1): the same of z1.
SEEN, MIDDLE, TOP = ("m0", "W0", "w0", "s0"), ("m1", "W1", "w1", "s1"), ("m2", "s2")
Q1, Q2 = ("nu1", "V1", "t1"), ("nu2", "V2", "t2")
EVERY = SEEN + MIDDLE + TOP + Q1 + Q2


def data(points: list, amount: float) -> tuple[np.ndarray, np.ndarray]:
    """Values and masses of N(0, 1), changed by a multiple of the weights of some points."""
    values = np.concatenate([NODES, [float(x) for _, x in points]])
    masses = np.concatenate([MASSES, [amount * float(y) for y, _ in points]])
    kept = np.unique(values)
    return kept, np.array([masses[np.abs(values - x) < 1e-9].sum() for x in kept])


def log_normal(x, mean, variance):
    return -np.log(2 * np.pi * variance) / 2 - (x - mean) ** 2 / (2 * variance)


def elbo(law: tuple[np.ndarray, np.ndarray], at: dict[str, float]) -> float:
    x, masses = law[0][:, None, None], law[1]
    deviation1, deviation2 = np.exp(at["t1"]), np.exp(at["t2"])
    z1 = at["nu1"] + at["V1"] * x + deviation1 * NODES[:, None]
    z2 = at["nu2"] + at["V2"] * z1 + deviation2 * NODES
    mean0 = at["m0"] + at["W0"] * z1 + at["w0"] * np.tanh(z1)
    mean1 = at["m1"] + at["W1"] * z2 + at["w1"] * np.tanh(z2)
    each = log_normal(x, mean0, np.exp(at["s0"])) + log_normal(z1, mean1, np.exp(at["s1"]))
    each = each + log_normal(z2, at["m2"], np.exp(at["s2"]))
    of_q = entropy(deviation1**2) + entropy(deviation2**2)
    return float(np.einsum("nij,n,i,j->", each, masses, MASSES, MASSES) + of_q)


def entropy(variance: float) -> float:
    return float(np.log(2 * np.pi * np.e * variance)) / 2


def entropy_sum(at: dict[str, float]) -> float:
    of_q = entropy(np.exp(2 * at["t1"])) + entropy(np.exp(2 * at["t2"]))
    return of_q - sum(entropy(np.exp(at[name])) for name in ("s0", "s1", "s2"))


def slopes(law: tuple[np.ndarray, np.ndarray], at: dict[str, float]) -> dict[str, float]:
    """Central differences in everything."""
    h = 1e-4
    sides = {name: [elbo(law, at | {name: at[name] + s * h}) for s in (1, -1)] for name in EVERY}
    return {name: (up - down) / (2 * h) for name, (up, down) in sides.items()}


def test_a_witness_of_two_layers_is_stationary_with_a_gap():
    body = graph_refusals.two_layers()["refusal"]
    numbers = body["values"] | body["networks"]
    assert numbers == {"a": 1, "b": 2, "s": 1, "t": 1, "tau": 2} | dict.fromkeys(
        ("W1", "W0", "V", "c", "mu", "nu"), 0
    )
    at = dict.fromkeys(EVERY, 0.0) | {"s1": np.log(2), "t1": np.log(2) / 2}
    law = data(body["points"], 0.05)
    assert min(law[1]) >= 0
    assert sum(law[1]) == pytest.approx(1, abs=1e-12)
    found = slopes(law, at)
    assert abs(found.pop("s0")) > 0.01  # which is why it must be fixed
    assert max(map(abs, found.values())) < 1e-7, found
    # The weighted log densities have the sum -1.
    assert elbo(law, at) - entropy_sum(at) == pytest.approx(-0.05, abs=1e-10)
    other = slopes(data([[1, 1], [-1, -1]], 0.05), at)
    assert abs(other["m0"]) > 0.01  # the differences see weights that are not balanced


def test_a_witness_of_a_frozen_layer_is_stationary_with_a_gap():
    """q(z2) = N(1, 1) and p(z2) = N(0, 1) learn nothing: F - E = -1/2."""
    assert graph_refusals.frozen_layer()["refusal"]["networks"] == {"nu": 0, "tau": 1, "still": 1}
    at = dict.fromkeys(EVERY, 0.0) | {"nu2": 1.0}
    law = data([], 0)
    found = slopes(law, at)
    learned = {name: found[name] for name in (*SEEN, *MIDDLE, *Q1)}
    assert max(map(abs, learned.values())) < 1e-7, learned
    assert abs(found["nu2"]) > 0.9
    assert abs(found["m2"]) > 0.9
    assert elbo(law, at) - entropy_sum(at) == pytest.approx(-0.5, abs=1e-10)
