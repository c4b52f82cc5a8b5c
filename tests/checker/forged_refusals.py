"""Refusals that must not be accepted, each with the words of the check that alone refuses it.

Some are of models for which the claim is true, or of points that are not stationary; others only leave what the checker reads.
"""

import copy
import json
from typing import Any

from . import refusals
from .documents import neg, parameter
from .forging import Path, edited
from .refusals import (
    ENCODER_NETS,
    EVEN,
    LINEAR,
    MU,
    MU_NET,
    NU,
    TAU2,
    VAR,
    WEIGHTS,
    M,
    S,
    family,
    log_normal,
    log_poisson,
    model,
    network,
    refusal,
    resealed,
)

Term = Any
Forged = tuple[dict, str]  # a document, a pattern of the message

ABS = ["abs", VAR]


def forged(document: dict, *changes: tuple[Path, Any]) -> dict:
    """The document with entries of the refusal replaced or deleted, and a fresh hash."""
    return resealed(edited(document, *((("refusal", *path), value) for path, value in changes)))


def learned(name: str, range: str = "positive") -> dict:
    return parameter(name, range=range)


def fixed(name: str, range: str = "positive") -> dict:
    return parameter(name, range=range, learned=False)


# A base measure that names an argument: log h = m x. The claim is true, along (m, s) -> -s (m, 1).
TILTED = family(log_normal(M, S), "m", positive=("s",), log_base_measure=["mul", M, VAR])


def tilted() -> dict:
    """The score by m of log p is x - 1; that of log p - log h is 0."""
    own = model(
        ("tilted", ["param", "m"], ["param", "s"]),
        prior=("normal", 0, ["param", "a"]),
        parameters=[learned("m", "real"), learned("s"), learned("a")],
        families={"tilted": TILTED},
    )
    return refusal(own, {"m": 1, "s": 1, "a": 1}, [[1, 0], [-1, 2]])


def _envelope() -> dict[str, Forged]:
    cauchy, vae0 = refusals.cauchy(), refusals.vae0()
    stale = copy.deepcopy(cauchy)
    stale["refusal"]["points"] = [[2, 0], [-1, 1], [-1, -1]]
    many = [[y, x] for y, x in EVEN for _ in range(17)]
    return {
        "a stale hash": (stale, "sha256.refusal: stored"),
        "a shipped name": (
            forged(vae0, (("model", "name"), "vae1")),
            "the model is not the shipped one, 'vae1'",
        ),
        "a shipped family's name": (
            resealed(json.loads(json.dumps(cauchy).replace('"normal"', '"Normal"'))),
            "the family Normal is not the shipped one",
        ),
        "an unknown kind": (forged(cauchy, (("kind",), "encoder")), "kind is none of"),
        "a fraction that is not in lowest terms": (
            forged(cauchy, (("points", 0, 1), ["frac", 0, 2])),
            "not a rational in lowest terms",
        ),
        "a fraction of 1": (
            forged(cauchy, (("values", "W"), ["frac", 0, 1])),
            "not a rational in lowest terms",
        ),
        "three numbers for a point": (
            forged(cauchy, (("points", 0), [-2, 0, 0])),
            "not a weight and a point",
        ),
        "51 points": (forged(cauchy, (("points",), many)), "too many points"),
        "a number for nothing": (
            forged(cauchy, (("values", "V"), 1)),
            "without a number in values, or not declared",
        ),
        "a network without a number": (
            forged(vae0, (("networks",), {"mu": 0, "nu": 0})),
            "'tau2'.*: without a number in networks",
        ),
        "a condition is dropped": (
            forged(
                cauchy,
                (("conditions",), refusals.needed(cauchy["refusal"]["model"], "decoder")[1:]),
            ),
            "conditions: needed are",
        ),
        "a list for a name in a clamp": (
            refusal(model(("normal", 0, ["max", ["param", []], 1])), {}, EVEN),
            "'param': a head that is unknown",
        ),
    }


def _clamps() -> dict[str, Forged]:
    clamped = refusals.clamped()
    variance: Path = ("model", "decoder", "arguments", 1)
    swapped = ["max", ["param", "floor"], ["param", "sigma2"]]
    inside = ["net", "mu", [0], [["vec", "H", ["max", ["z", 2, 0], 0]]]]
    return {
        "the other branch is active": (
            forged(clamped, (("values", "sigma2"), 2)),
            "the weighted scores of variance do not sum to 0",
        ),
        "a minimum for a maximum": (
            forged(clamped, (variance, ["min", ["param", "sigma2"], ["param", "floor"]])),
            "the weighted scores of variance do not sum to 0",
        ),
        "branches tie": (
            forged(clamped, (variance, swapped), (("values", "sigma2"), 1)),
            "branches of max tie at 1",
        ),
        "a branch that is no rational number": (
            forged(clamped, (variance, ["max", ["param", "floor"], ["exp", ["param", "sigma2"]]])),
            "a branch of max is no rational number",
        ),
        "a clamp of latents": (
            refusal(model(("cauchy", inside, 1), networks=[MU_NET]), {}, EVEN, networks={"mu": 0}),
            "'z': a head that is unknown or not allowed here",
        ),
    }


def _model() -> dict[str, Forged]:
    cauchy, vae0 = refusals.cauchy(), refusals.vae0()
    posdef = parameter("A", "D", "D", range="posdef")
    bound = [{"on": "W", "text": "W W^T = 1"}]
    vectors = family(0) | {"arguments": [{"name": "m", "range": "vector"}]}
    latent = family(
        log_poisson(), positive=("s",), support="count", log_base_measure=["mul", S, VAR]
    )
    rate = ["exp", LINEAR]

    def with_parameter(declared: dict, value: Any) -> dict:
        parameters = [WEIGHTS, declared]
        return forged(
            cauchy, (("model", "parameters"), parameters), (("values", declared["name"]), value)
        )

    return {
        "a constraint": (
            forged(cauchy, (("model", "constraints"), bound)),
            "a constraint in words is not known to hold",
        ),
        "a family over vectors": (
            refusal(
                model(("cauchy", 0, 1), prior=("vectors", 0), families={"vectors": vectors}),
                {},
                EVEN,
            ),
            "families over vectors: .*vectors",
        ),
        "a matrix is 1": (with_parameter(posdef, 1), "A is posdef, which is no number"),
        "a positive parameter is 0": (with_parameter(learned("s"), 0), "s = 0 is not positive"),
        "a positive parameter is -1": (with_parameter(learned("s"), -1), "s = -1 is not positive"),
        "a unit parameter is 1": (with_parameter(learned("s", "unit"), 1), "s = 1 is not unit"),
        "a positive network is 0": (
            forged(vae0, (("model", "networks", 0, "range"), "positive")),
            "mu = 0 is not positive",
        ),
        "a location that is none": (
            forged(cauchy, (("model", "families", "cauchy", "location"), 0)),
            "families.cauchy: not shown: the variable is location",
        ),
        "a prior that sees the latent": (
            refusal(model(("cauchy", 0, 1), prior=("normal", ["z", 1, 0], 1)), {}, EVEN),
            "refusal.model: 1: nothing is bound there",
        ),
        "a decoder that sees the datum": (
            refusal(model(("cauchy", ["mul", ["x", 1, 0], ["add", 1, -1]], 1)), {}, EVEN),
            "refusal.model: 1: what is bound there is latent",
        ),
        "a base measure that sees the latent": (
            refusal(
                model(("latent", rate), parameters=[WEIGHTS], families={"latent": latent}),
                {"W": 0},
                [[1, 0], [-2, 1], [1, 2]],
            ),
            "refusal.model: 2: nothing is bound there",
        ),
        "a decoder that sees the latent": (
            forged(cauchy, (("values", "W"), 1)),
            "an argument of the decoder is no number at the witness",
        ),
        "an irrational argument": (
            refusal(model(("laplace", ["log", 2], 1)), {}, [[1, 1], [1, -1], [-2, 0]]),
            "m of the decoder is no rational number",
        ),
    }


def _objective() -> dict[str, Forged]:
    beta = parameter("beta", range="positive")

    def with_objective(weight: Term = 1, penalty: Term = 0, values: dict | None = None) -> dict:
        own = model(("cauchy", LINEAR, 1), parameters=[WEIGHTS, beta])
        values = {"W": 0, "beta": 1} | (values or {})
        return refusal(own, values, EVEN, objective={"weight": weight, "penalty": penalty})

    w = ["param", "W", 1, 0]

    def summed(term: Term) -> Term:
        return ["sum", "D", ["sum", "H", term]]

    return {
        "a negative weight": (with_objective(-1), "the weight is not shown to be positive"),
        "a learned weight": (with_objective(["param", "beta"]), "the weight is learned: .*beta"),
        "a weight of data": (with_objective(["x", 0, 0]), "'x': a head that is unknown"),
        "a penalty of data": (with_objective(1, ["x", 0, 0]), "'x': a head that is unknown"),
        "a penalty with a slope": (
            with_objective(1, ["param", "beta"]),
            "the penalty has a derivative by beta",
        ),
        "a penalty with a slope at the numbers": (
            with_objective(1, ["pow", ["add", ["param", "beta"], 1], 2]),
            "the penalty has a derivative by beta",
        ),
        "a penalty with a slope by an array": (
            with_objective(1, summed(["pow", ["add", w, -1], 2])),
            "the penalty has a derivative by W",
        ),
        "a penalty that is no polynomial": (
            with_objective(1, summed(["exp", w])),
            "the penalty is no polynomial: it holds exp",
        ),
        "a penalty with a kink": (
            with_objective(1, summed(["abs", w])),
            "does not move by a multiple of itself",
        ),
        "a penalty with an infinite slope": (
            with_objective(1, summed(["pow", ["pow", w, 2], ["frac", 1, 4]])),
            "not shown to be positive",
        ),
    }


def _decoder() -> dict[str, Forged]:
    cauchy, vae0, laplace = refusals.cauchy(), refusals.vae0(), refusals.laplace()
    bernoulli = refusals.bernoulli()
    geometric = model(("geometric",), families={"geometric": family(neg(VAR), support="count")})
    counted = model(("counted", ["param", "s"]), parameters=[learned("s")])
    tail = [[1, 0], [-3, 1], [3, 2], [-1, 3]]  # no quadratic has a sum there
    true = model(
        ("normal", LINEAR, ["param", "s"]),
        prior=("normal", 0, ["param", "a"]),
        parameters=[WEIGHTS, learned("s"), learned("a")],
    )
    mean = "the weighted scores of m do not sum to 0"
    return {
        "a tilted base measure": (tilted(), mean),
        "the encoder is not the prior": (
            forged(vae0, (("networks", "tau2"), 2)),
            "the encoder is not the prior at the numbers",
        ),
        "the encoder is of another family": (
            forged(
                refusal(
                    model(("cauchy", LINEAR, 1), encoder=("laplace", 0, 1), parameters=[WEIGHTS]),
                    {"W": 0},
                    EVEN,
                )
            ),
            "the encoder's family is not the prior's",
        ),
        "weights that do not sum to 0": (
            forged(refusals.exponential(), (("points",), [[1, 1]])),
            "or they do not sum to 0",
        ),
        "the score of a weight matrix": (
            forged(cauchy, (("points",), [[1, 0], [-1, 1]])),
            mean,
        ),
        "the score of a network": (
            forged(
                refusal(
                    model(("cauchy", MU, 1), networks=[MU_NET]),
                    {},
                    [[1, 0], [-1, 1]],
                    networks={"mu": 0},
                )
            ),
            mean,
        ),
        "the score of a network that reads a fixed one": (
            refusal(
                model(
                    ("cauchy", ["add", MU, ["param", "b"]], 1),
                    parameters=[fixed("b", "real")],
                    networks=[MU_NET],
                ),
                {"b": 0},
                [[1, 0], [-1, 1]],
                networks={"mu": 0},
            ),
            mean,
        ),
        "learned times fixed": (
            refusal(
                model(
                    ("cauchy", ["mul", ["param", "b"], ["param", "c"]], 1),
                    parameters=[learned("b", "real"), fixed("c", "real")],
                ),
                {"b": 0, "c": 1},
                [[1, 0], [-1, 1]],
            ),
            mean,
        ),
        "a learned variance": (
            refusal(true, {"W": 0, "s": 1, "a": 1}, EVEN),
            "the weighted scores of variance do not sum to 0",
        ),
        "a true model": (
            refusal(true, {"W": 0, "s": 1, "a": 1}, tail),
            "the weighted log densities are not shown not to sum to 0",
        ),
        "a kink at a point": (
            forged(laplace, (("points",), EVEN)),
            "does not move by a multiple of itself",
        ),
        "log 0 at a point": (
            refusal(
                model(("logged",), families={"logged": family(neg(["log", ["abs", VAR]]))}),
                {},
                [[1, 0], [-1, 1]],
            ),
            "not shown to be positive",
        ),
        "half a count": (
            refusal(geometric, {}, [[1, 0], [-1, ["frac", 1, 2]]]),
            "the point 1/2 is not in the support, count",
        ),
        "a negative count": (
            refusal(geometric, {}, [[1, 0], [-1, -1]]),
            "the point -1 is not in the support, count",
        ),
        "the base measure of a count": (
            refusal(counted, {"s": 1}, [[1, 0], [-2, 1], [1, 2]]),
            "the weighted log densities are not shown not to sum to 0",
        ),
        "a binary 2": (
            forged(bernoulli, (("points",), [[1, 0], [-1, 2]])),
            "the point 2 is not in the support, binary",
        ),
        "a point at the edge": (
            forged(refusals.exponential(), (("points",), [[1, 0], [-1, 1]])),
            "a point = 0 is not positive",
        ),
        "a point outside": (
            refusal(
                model(("ramp",), families={"ramp": family(VAR, support="unit")}),
                {},
                [[1, ["frac", 1, 2]], [-1, 1]],
            ),
            "a point = 1 is not unit",
        ),
        "no points": (
            forged(cauchy, (("points",), [])),
            "there are no weights",
        ),
    } | _gaps()


def _gaps() -> dict[str, Forged]:
    """Densities on (0, 1) that are constant, which the checker does not see: the claim is true."""
    third, quarter = ["frac", 1, 3], ["frac", 1, 4]
    large = ["add", ["log", 1022117], neg(["log", 1009]), neg(["log", 1013])]  # log 1 in the end
    zeros = {
        "softplus": ["add", ["softplus", VAR], neg(["softplus", neg(VAR)]), neg(VAR)],
        "large primes": ["mul", VAR, large],
    }
    found = {}
    for name, density in zeros.items():
        own = model(("flat",), families={"flat": family(density, support="unit")})
        document = refusal(own, {}, [[1, third], [-1, quarter]])
        found[f"a gap of 0 in words: {name}"] = (document, "are not shown not to sum to 0")
    product = family(["mul", VAR, ["log", 2], ["log", 3]], support="unit")
    own = model(("product",), families={"product": product})
    document = refusal(own, {}, [[1, third], [-1, quarter]])
    return found | {"a product of logarithms": (document, "are not shown not to sum to 0")}


# log p - log h = z, whatever the datum is: the means of encoder and prior differ by that of q.
LINEAR_RATIO = family(
    log_normal(0, 1), log_base_measure=["add", log_normal(0, 1), neg(VAR)], location=0, scale=1
)
# |z|^3 - 7 |z| + z^2 of 2 eps and of eps differ by 7 (eps^2 - 1) |eps| + 3 eps^2.
CUBIC = ["add", ["mul", ABS, ["add", ["pow", VAR, 2], -7]], ["pow", VAR, 2]]
CUBIC_RATIO = family(
    log_normal(0, 1), log_base_measure=["add", log_normal(0, 1), neg(CUBIC)], location=0, scale=1
)


# exp(-z^4) / (2 gamma(5/4)), which is location + scale * noise, but no normal one
QUARTIC = family(
    ["add", neg(["pow", VAR, 4]), neg(["log", 2]), neg(["loggamma", ["frac", 5, 4]])],
    location=0,
    scale=1,
)


def _prior() -> dict[str, Forged]:
    frozen = refusals.frozen()
    encoder: Path = ("model", "encoder", "arguments")
    even = ["mul", ["param", "W", 1, 0], ["pow", ["z", 2, 0], 2]]
    scale = ["exp", ["sum", "H", even]]
    seeing = model(
        ("normal", 0, scale),
        prior=("ratio",),
        encoder=("normal", 1, ["exp", ["sum", "D", ["x", 2, 0]]]),
        parameters=[WEIGHTS],
        families={"ratio": LINEAR_RATIO},
    )
    cubic = model(
        ("normal", 0, 1),
        prior=("cubic",),
        encoder=("normal", 0, 4),
        families={"cubic": CUBIC_RATIO},
    )
    net = model(
        ("normal", LINEAR, 1),
        prior=("normal", 0, ["net", "a", [0], []]),
        encoder=("normal", NU, TAU2),
        parameters=[WEIGHTS],
        networks=[network("a", "H", range="positive"), *ENCODER_NETS],
    )
    learning = refusal(net, {"W": 0}, networks={"a": 1, "nu": 1, "tau2": 1})
    conditions = [c for c in learning["refusal"]["conditions"] if c != ["frozen", "a"]]
    declared: Path = ("model", "parameters")
    c = [WEIGHTS, learned("sigma2"), learned("c", "real")]
    return {
        "points for a prior": (
            forged(frozen, (("points",), EVEN)),
            "for witnesses of kind decoder",
        ),
        "the encoder learns": (
            forged(
                frozen,
                ((*encoder, 0), ["add", NU, ["param", "c"]]),
                (declared, c),
                (("values", "c"), 0),
            ),
            "the encoder learns .*c",
        ),
        "a network's input learns": (
            forged(
                frozen,
                ((*encoder, 0), ["net", "nu", [0], [["vec", "D", ["param", "c"]]]]),
                (declared, c),
                (("values", "c"), 0),
            ),
            "the encoder learns .*c",
        ),
        "the prior learns": (
            forged(
                frozen,
                (("model", "prior", "arguments"), [0, ["param", "c"]]),
                (declared, [WEIGHTS, learned("sigma2"), learned("c")]),
                (("values", "c"), 1),
            ),
            "the prior learns .*c",
        ),
        "a network of the prior learns": (
            forged(learning, (("conditions",), conditions)),
            "conditions: needed are",
        ),
        "any encoder": (
            refusal(model(("normal", LINEAR, 1), parameters=[WEIGHTS]), {"W": 0}),
            "the encoder is not location . scale . normal noise",
        ),
        "a prior that is not normal": (
            refusal(
                model(
                    ("normal", 0, 1),
                    prior=("quartic",),
                    encoder=("normal", 1, 1),
                    families={"quartic": QUARTIC},
                ),
                {},
            ),
            "the prior is not location . scale . normal noise",
        ),
        "the means agree": (
            forged(frozen, (("networks", "nu"), 0)),
            "the means of the prior's log density are not shown to differ",
        ),
        "the encoder sees the datum": (
            refusal(seeing, {"W": 0}),
            "an argument of the encoder is no number at the witness",
        ),
        "absolute values of the noise": (
            refusal(cubic, {}),
            "the log density is no polynomial in the noise",
        ),
    }


def forgeries() -> dict[str, Forged]:
    return _envelope() | _clamps() | _model() | _objective() | _decoder() | _prior()
