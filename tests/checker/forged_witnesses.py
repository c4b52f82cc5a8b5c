"""Forged witnesses: points that are not stationary, and models for which the claim is true."""

from typing import Any

from entropysym.language.store import model_record
from entropysym.models import sparse_coding

from . import refusals
from .documents import PI, E, neg
from .forging import Path
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
    Forged,
    M,
    S,
    family,
    fixed,
    forged,
    learned,
    log_normal,
    model,
    network,
    refusal,
    resealed,
)

ABS = ["abs", VAR]


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


def tails() -> dict[str, Forged]:
    """W = 0 where the objective is minus infinity for every other W: no stationary point."""
    Z = ["v", "z", 2, 0]
    shipped = model_record(sparse_coding())["families"]
    uniform = family(["add", 1, -1], support="unit")

    def read(grown: Any, *prior: Any, **more: Any) -> dict:
        mean = ["sum", "H", ["mul", ["param", "W", 1, 0], grown]]
        own = model(("normal", mean, 1), prior=prior, parameters=[WEIGHTS], **more)
        return refusal(own, {"W": 0}, EVEN)

    inside = read(Z, "normal", 0, 1)
    cubes = ["exp", ["sum", "H", ["mul", ["param", "W", 1, 0], ["pow", Z, 3]]]]
    inside["refusal"]["model"]["p"][1]["arguments"][0] = cubes
    none = "may have no mean"
    return {
        "a prior without moments": (
            read(Z, "cauchy", 0, 1),
            "decoder reads a latent, and the tails of .'cauchy'",
        ),
        "the exponential of a fourth power": (read(["exp", ["pow", Z, 4]], "normal", 0, 1), none),
        "the exponential of a cube times W": (resealed(inside), none),
        "an exponential of exponentials": (read(["exp", ["exp", Z]], "normal", 0, 1), none),
        "one over a softplus": (
            read(["pow", ["softplus", ["pow", Z, 2]], -1], "normal", 0, 1),
            none,
        ),
        "an exponential under a Laplace prior": (
            read(["exp", Z], "Laplace", 0, 1, families=shipped),
            none,
        ),
        "one over z in the unit interval": (
            read(["pow", Z, -1], "uniform", families={"uniform": uniform}),
            none,
        ),
    }


def of_decoder() -> dict[str, Forged]:
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
        **tails(),
        "the encoder is not the prior": (
            forged(vae0, (("networks", "tau2"), ["frac", 3, 2])),
            "encoder and prior are different laws at the numbers",
        ),
        "the encoder is of another family": (
            forged(
                refusal(
                    model(("cauchy", LINEAR, 1), encoder=("laplace", 0, 1), parameters=[WEIGHTS]),
                    {"W": 0},
                    EVEN,
                )
            ),
            "encoder and prior are of different families",
        ),
        "weights that do not sum to 0": (
            forged(refusals.exponential(), (("points",), [[1, 1]])),
            "the weights do not sum to 0",
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
            "the weighted log densities are not shown not to sum to 0",
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
    values = {
        f"log {one} log {other}": ["mul", ["log", one], ["log", other]]
        for one, other in ((2, 2), (2, 3), (E, PI))
    } | {"trigamma of 2": ["trigamma", 2], "pi": PI}
    for name, value in values.items():
        own = model(("own",), families={"own": family(["mul", VAR, value], support="unit")})
        document = refusal(own, {}, [[1, third], [-1, quarter]])
        found[name] = (document, "are not shown not to sum to 0")
    return found


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


def of_prior() -> dict[str, Forged]:
    frozen = refusals.frozen()
    encoder: Path = ("model", "q", 0, "arguments")
    even = ["mul", ["param", "W", 1, 0], ["abs", ["v", "z", 2, 0]]]
    scale = ["exp", ["sum", "H", even]]
    seeing = model(
        ("normal", 0, scale),
        prior=("ratio",),
        encoder=("normal", 1, ["exp", ["sum", "D", ["v", "x", 2, 0]]]),
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
            "for witnesses of kind observed",
        ),
        "the encoder learns": (
            forged(
                frozen,
                ((*encoder, 0), ["add", NU, ["param", "c"]]),
                (declared, c),
                (("values", "c"), 0),
            ),
            "encoder learns .*c",
        ),
        "a network's input learns": (
            forged(
                frozen,
                ((*encoder, 0), ["net", "nu", [0], [["vec", "D", ["param", "c"]]]]),
                (declared, c),
                (("values", "c"), 0),
            ),
            "encoder learns .*c",
        ),
        "the prior learns": (
            forged(
                frozen,
                (("model", "p", 0, "arguments"), [0, ["param", "c"]]),
                (declared, [WEIGHTS, learned("sigma2"), learned("c")]),
                (("values", "c"), 1),
            ),
            "prior learns .*c",
        ),
        "a network of the prior learns": (
            forged(learning, (("conditions",), conditions)),
            "conditions: needed are",
        ),
        "any encoder": (
            refusal(model(("normal", LINEAR, 1), parameters=[WEIGHTS]), {"W": 0}),
            "encoder is not location . scale . normal noise",
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
            "prior is not location . scale . normal noise",
        ),
        "the means agree": (
            forged(frozen, (("networks", "nu"), 0)),
            "the means of the latent's log density are not shown to differ",
        ),
        "the encoder sees the datum": (
            refusal(seeing, {"W": 0}),
            "encoder sees a variable at the witness",
        ),
        "absolute values of the noise": (
            refusal(cubic, {}),
            "the log density is no polynomial in the noise",
        ),
    }
