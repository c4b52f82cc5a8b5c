"""Refusals whose decoder reads the latent itself: is its log density sure to have a mean beside W = 0?"""

from typing import Any

from entropysym.language.store import model_record
from entropysym.models import poisson_vae, sparse_coding

from .documents import HALF
from .exposing import Build
from .refusals import EVEN, MU, MU_NET, WEIGHTS, family, model, refusal

Z, W = ["v", "z", 2, 0], ["param", "W", 1, 0]
STILL = ["mul", W, Z]  # reads no latent at W = 0
SHIPPED = model_record(sparse_coding())["families"] | model_record(poisson_vae())["families"]
LAPLACE, NORMAL, POISSON = ("Laplace", 0, 1), ("normal", 0, 1), ("Poisson", 0)
UNIFORM = {"uniform": family(["add", 1, -1], support="unit")}


def reading(grown: Any, *prior: Any, **more: Any) -> Build:
    """A Normal decoder of mean sum_h W_dh grown, at W = 0."""

    def build() -> dict:
        mean = ["sum", "H", ["mul", W, grown]]
        given = {"families": {prior[0]: SHIPPED[prior[0]]}} if prior[0] in SHIPPED else {}
        own = model(("normal", mean, 1), prior=prior, parameters=[WEIGHTS], **given, **more)
        return refusal(own, {"W": 0}, EVEN)

    return build


def in_unit(grown: Any) -> Build:
    return reading(grown, "uniform", families=UNIFORM)


def through_a_network() -> dict:
    """A Cauchy prior, and a decoder that reads z through a network alone."""
    own = model(("normal", MU, 1), prior=("cauchy", 0, 1), networks=[MU_NET])
    return refusal(own, {}, EVEN, networks={"mu": 0})


SURE: dict[str, Build] = {
    "a network of a latent with heavy tails": through_a_network,
    "a binary latent": reading(Z, "bernoulli", 0),
    "exp of W z + 1 under Laplace": reading(["exp", ["add", STILL, 1]], *LAPLACE),
    "exp of z + z": reading(["exp", ["add", Z, Z]], *NORMAL),
    "z times e": reading(["mul", Z, ["exp", 1]], *NORMAL),
    "one over softplus of W z under Laplace": reading(["pow", ["softplus", STILL], -1], *LAPLACE),
    "the square of a bounded latent": in_unit(["pow", Z, 2]),
    "exp of a bounded latent": in_unit(["exp", Z]),
}
UNSURE: dict[str, Build] = {
    "one over softplus of z under Laplace": reading(["pow", ["softplus", Z], -1], *LAPLACE),
    "the root of a bounded latent": in_unit(["pow", Z, HALF]),
    "the log of a bounded latent": in_unit(["log", Z]),
    "log gamma of a count": reading(["loggamma", ["add", Z, 1]], *POISSON),
    "one over a square and exp of W z": reading(
        ["pow", ["add", ["exp", STILL], ["pow", Z, 2]], -1], *LAPLACE
    ),
}
