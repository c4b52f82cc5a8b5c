"""False neighbours of the documents in `laws`: each differs from an accepted one in one respect."""

import json
from collections.abc import Callable
from typing import Any

from . import laws
from .documents import (
    HALF,
    decoder,
    family,
    linear_vae,
    neg,
    parameter,
    prior,
    sealed,
    vae2,
    variables,
)
from .forging import DELETE, DIRECTION, MODEL, Path, bonus, claims, everywhere, forged


def certificate(name: str, key: str) -> Path:
    return ("certificates", name, key)


def supports(encoder: str, prior: str) -> dict:
    """VAE-2 with an encoder of one support and a prior of another; nothing else would notice."""
    document = laws.own_names()
    model = document["statement"]["model"]
    model["variables"], families = variables(prior, encoder), model["families"]
    families["logistic"]["support"] = encoder
    families["normal"] |= {"support": prior, "location": None, "scale": None}
    if prior != "real":
        document["statement"]["conditions"].insert(3, ["support", "x", prior])
    return sealed(document)


def _stretched(base: Any) -> dict:
    """A standard normal density with its scale as certificate, over a base."""
    own = laws.standard_normal() | {"log_base_measure": base}
    document = laws.own_standard_prior()
    document["statement"]["model"]["families"]["standard"] = own
    return sealed(document)


def _on_another_support(support: str, shifted: bool) -> dict:
    """N(0, 1) or N(m, 1) cut off to a smaller set: its boundary breaks the argument."""
    own = laws.unit_normal() if shifted else laws.standard_normal()
    certificate = laws.unit_certificate() if shifted else laws.standard_certificate()
    arguments = [["param", "m"]] if shifted else []
    return laws.stretched(own | {"support": support}, arguments, certificate)


def _skew_moves() -> dict:
    """The skew of the encoder's noise is sigma, which moves; the noise would not notice."""
    conditions = laws.skewed_encoder()["statement"]["conditions"]
    place = conditions.index(["closed", "encoder", "V"])
    conditions.insert(place, ["closed", "encoder", "sigma"])
    return forged(laws.skewed_encoder("sigma"), (("statement", "conditions"), conditions))


def _one_opaque_entropy() -> dict:
    """D times the prior's entropy = H times the decoder's, as if neither read its arguments."""
    prior = ["mul", ["size", "D"], ["mean", "N", ["H", "prior", 0]]]
    decoder = ["mul", ["size", "H"], ["mean", "N", ["expect", ["H", "decoder", 0]]]]
    return bonus(laws.opaque_prior(), ["add", prior, neg(decoder)])


def _shifted(support: str) -> dict:
    """exp(-x) on the positive numbers: its derivative does not have mean zero, by the boundary."""
    density = neg(laws.VAR)
    entropy = {"direction": {}, "scale": 0, "shift": 1, "entropy": 0}
    return laws.stretched(family(density, support), [], entropy)


def _moving_shape() -> dict:
    """A Student-t encoder whose degrees of freedom grow while the others are stretched."""
    document = everywhere(laws.closed_student(), (laws.NU2, ["param", "nu0"]))
    model = document["statement"]["model"]
    model["networks"] = []
    model["parameters"].append(parameter("nu0", range="positive"))
    document["statement"]["direction"]["nu0"] = ["param", "nu0"]
    return forged(
        document,
        (
            ("statement", "conditions"),
            lambda old: (
                [
                    ["range", "nu0", "positive"] if c == ["range", "nu2", "positive"] else c
                    for c in old
                ]
                + [["stationary", "objective", "nu0"]]
            ),
        ),
    )


def _moving_entropy() -> dict:
    """D H of a decoder whose entropy nobody wrote down, minus itself."""
    document = laws.opaque_decoder()
    change = ["D", ["mean", "N", ["expect", ["H", "decoder", 0]]]]
    document["steps"][1]["result"] += [change, neg(change)]
    return sealed(document)


def _same_noise() -> dict:
    """mean x eps = mean x mean eps, although the law of the noise depends on the datum."""
    x = ["sum", "D", ["v", "x", 1, 0]]
    eps = ["reparam", ["sum", "H", ["eps", "z", 1, 0]]]
    both = ["mean", "N", ["mul", x, eps]]
    return bonus(
        laws.closed_student(), ["add", both, ["mul", -1, ["mean", "N", x], ["mean", "N", eps]]]
    )


def _unit_noise() -> dict:
    square = ["mean", "N", ["reparam", ["sum", "H", ["pow", ["eps", "z", 1, 0], 2]]]]
    return bonus(laws.closed_logistic(), ["add", square, neg(["size", "H"])])


def _no_lipschitz() -> dict:
    return forged(
        laws.deep(),
        (("statement", "conditions"), lambda old: [c for c in old if c[0] != "lipschitz"]),
    )


def _scalar_with_an_index() -> dict:
    """sigma2 moves by -(sigma2 + c_d): captured, the index would look like the decoder's own."""
    document = vae2()
    document["statement"]["model"]["parameters"].append(parameter("c", "D", learned=False))
    moved = ["mul", -1, ["add", ["param", "sigma2"], ["param", "c", 0]]]
    return forged(document, ((*DIRECTION, "sigma2"), moved))


def _renamed(name: str) -> dict:
    return sealed(json.loads(json.dumps(vae2()).replace('"normal"', f'"{name}"')))


FALSE_LAWS: dict[str, Callable[[], dict]] = {
    "a variable stretched twice as far": lambda: forged(
        laws.own_standard_prior(), (certificate("standard", "scale"), 1)
    ),
    "a variable that is not stretched": lambda: forged(
        laws.own_standard_prior(), (certificate("standard", "scale"), 0)
    ),
    "a variable shifted the wrong way": lambda: forged(
        laws.own_unit_prior(), (certificate("unit_normal", "shift"), ["mul", HALF, laws.MEAN])
    ),
    "a variable that is not shifted": lambda: forged(
        laws.own_unit_prior(), (certificate("unit_normal", "shift"), 0)
    ),
    "an entropy by stretching, one nat too large": lambda: forged(
        laws.own_standard_prior(),
        (certificate("standard", "entropy"), lambda old: ["add", old, 1]),
    ),
    "a stretched variable with a base measure": lambda: _stretched(1),
    "a shifted variable in the unit interval": lambda: _on_another_support("unit", True),
    "a stretched binary variable": lambda: _on_another_support("binary", False),
    "a normal density cut off to the unit interval": lambda: _on_another_support("unit", False),
    "a normal density cut off to the positive numbers": lambda: _on_another_support(
        "positive", True
    ),
    "the skew of the noise moves": _skew_moves,
    "an opaque entropy without arguments": _one_opaque_entropy,
    "a shifted positive variable": lambda: _shifted("positive"),
    "a stretching that reads the variable": lambda: forged(
        laws.own_standard_prior(), (certificate("standard", "scale"), ["mul", HALF, laws.VAR])
    ),
    "a certificate without scale": lambda: forged(
        laws.own_standard_prior(), (certificate("standard", "scale"), DELETE)
    ),
    "the noise's shape moves": _moving_shape,
    "an entropy that nobody wrote down moves": _moving_entropy,
    "the noise of all data is one": _same_noise,
    "logistic noise has variance one": _unit_noise,
    "the entropy of a certified prior in the closed form": lambda: bonus(
        laws.any_law(),
        ["add", ["mean", "N", ["H", "prior", 0]], neg(["mean", "N", ["H", "prior", 0]])],
    ),
    "the entropy of a certified decoder in the closed form": lambda: bonus(
        laws.any_law(), ["mean", "N", ["expect", ["H", "decoder", 0]]]
    ),
    "twice the entropy of an encoder of any law": lambda: bonus(laws.any_law(), laws.H_ENCODER),
    "no entropy of an encoder of any law": lambda: claims(
        laws.any_law(), ["add", *laws.any_law()["statement"]["claim"]["entropy_sum"][2:]]
    ),
    "a pseudo entropy for that of an encoder of the same family": lambda: laws.twins(
        in_sum=["mean", "N", ["H", "prior", 0]]
    ),
    "an encoder's entropy for a pseudo entropy of the same family": lambda: laws.twins(
        in_excess=laws.H_ENCODER
    ),
    "a logistic entropy like a normal one": lambda: everywhere(
        laws.logistic_encoder(),
        (
            laws.H_ENCODER,
            ["mean", "N", ["sum", "H", ["add", ["log", laws.TAU2], ["mul", HALF, laws.LOG_2PIE]]]],
        ),
    ),
    "any law as a prior": lambda: forged(laws.any_law(), ((*MODEL, "p", 0), prior("any"))),
    "any law as a decoder": lambda: forged(laws.any_law(), ((*MODEL, "p", 1), decoder("any"))),
    "any law with an argument": lambda: forged(
        laws.any_law(), ((*MODEL, "q", 0, "arguments"), [0])
    ),
    "a family called any": lambda: _renamed("any"),
    "a family called Any": lambda: _renamed("Any"),
    "a real encoder beside a positive prior": lambda: supports("real", "positive"),
    "a positive encoder beside a prior in the unit interval": lambda: supports("positive", "unit"),
    "a binary encoder beside a real prior": lambda: supports("binary", "real"),
    "a count encoder beside a binary prior": lambda: supports("count", "binary"),
    "a location that is the mean plus one, with a kink": lambda: forged(
        laws.laplace_prior(),
        ((*MODEL, "families", "laplace", "location"), ["mul", 2, laws.MEAN]),
    ),
    "noise scaled by its variance": lambda: forged(
        linear_vae(), ((*MODEL, "families", "normal", "scale"), ["arg", "variance"])
    ),
    "a network whose input stands still to first order": _no_lipschitz,
    "a network that has no input": lambda: forged(
        laws.closed_student(),
        (("statement", "conditions"), lambda old: [*old[:-5], ["lipschitz", "nu2"], *old[-5:]]),
    ),
    "a scalar moves by something with an index": _scalar_with_an_index,
    "a Laplace prior stretched half as far": lambda: forged(
        laws.laplace_prior(), ((*DIRECTION, "tau"), ["mul", HALF, ["param", "tau", 0]])
    ),
}

REASONS = {
    "a variable stretched twice as far": "D log density = log density",
    "a variable that is not shifted": "D log density = log density",
    "a stretched variable with a base measure": "the variable of standard does not move so",
    "a shifted variable in the unit interval": "the variable of own does not move so",
    "a shifted positive variable": "the variable of own does not move so",
    "a stretching that reads the variable": "families.standard: 'var': a head not known or not allowed here",
    "a normal density cut off to the unit interval": "the variable of own does not move so",
    "a normal density cut off to the positive numbers": "the variable of own does not move so",
    "the skew of the noise moves": "encoder moves by .'skew'",
    "an opaque entropy without arguments": "not shown to equal the entropy sum",
    "the noise's shape moves": "encoder moves by .'nu'",
    "an entropy that nobody wrote down moves": "H of decoder moves, and other has no certificate",
    "the noise of all data is one": "not shown to equal the entropy sum",
    "logistic noise has variance one": "not shown to equal the entropy sum",
    "the entropy of a certified prior in the closed form": "'H prior': a head not known",
    "twice the entropy of an encoder of any law": "not shown to equal the entropy sum",
    "any law as a prior": "'prior': p has a factor of any law",
    "a family called Any": "a name that the printed statement needs",
    "a real encoder beside a positive prior": "'positive': prior is of z, which is real",
    "a count encoder beside a binary prior": "'binary': prior is of z, which is count",
    "noise scaled by its variance": "scale . noise of a fixed law",
    "a network whose input stands still to first order": "lipschitz mu is needed",
    "a network that has no input": "stationary objective W is needed, lipschitz nu2",
    "a scalar moves by something with an index": "direction: sigma2: 0: nothing is bound there",
    "a Laplace prior stretched half as far": "does not move by a multiple of itself",
}
