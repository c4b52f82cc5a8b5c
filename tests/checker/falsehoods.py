"""Documents that must not be accepted: false or improper claims, and tamperings of valid files."""

import json
from collections.abc import Callable
from typing import Any

from .documents import (
    HALF,
    PI,
    E,
    beta_vae2,
    cholesky_vae,
    decayed_vae,
    elbo,
    gaussian_vae,
    linear_vae,
    neg,
    own_directions,
    parameter,
    poisson,
    prior,
    sealed,
    sigmoid_net,
    vae0,
    vae2,
    variables,
    weighted,
)
from .false_laws import FALSE_LAWS
from .forging import (
    DELETE,
    DIRECTION,
    MODEL,
    SUM,
    Path,
    bonus,
    claims,
    edited,
    everywhere,
    forged,
)


def family(path: str, value: Any) -> tuple[Path, Any]:
    return (*MODEL, "families", "normal", path), value


def _fixed_variance() -> dict:
    """VAE-0: the decoder's variance is not learned and does not move."""
    conditions = vae2()["statement"]["conditions"]
    return forged(
        vae2(),
        ((*MODEL, "parameters", 0, "learned"), False),
        ((*DIRECTION, "sigma2"), DELETE),
        (("statement", "conditions"), [c for c in conditions if c != conditions[-2]]),
    )


def _vae1_any_encoder() -> dict:
    """VAE-1 with an abstract encoder and decoder, as if sigma2 alone did it."""
    conditions = vae2()["statement"]["conditions"]
    kept = [c for c in conditions if "alpha2" not in c]
    return forged(
        vae2(),
        ((*MODEL, "p", 0, "arguments"), [0, 1]),
        ((*MODEL, "parameters", 1), DELETE),
        ((*DIRECTION, "alpha2"), DELETE),
        ((*SUM, 2), DELETE),
        (("steps", -1, "result", 2), DELETE),
        (("statement", "conditions"), kept),
    )


def _ghost() -> dict:
    ghost = parameter("ghost", range="positive")
    return forged(
        vae2(),
        ((*MODEL, "parameters"), lambda old: [*old, ghost]),
        ((*DIRECTION, "ghost"), ["param", "ghost"]),
        (("statement", "conditions", 2), ["range", "tau2", "positive"]),
        (
            ("statement", "conditions"),
            lambda old: [
                *old[:2],
                ["range", "ghost", "positive"],
                *old[2:],
                ["stationary", "objective", "ghost"],
            ],
        ),
    )


def _constrained() -> dict:
    return forged(
        vae2(),
        ((*MODEL, "constraints", 0, "on"), "sigma2"),
        (("statement", "conditions", 7, 1), "sigma2"),
    )


def _wrong_plate() -> dict:
    """The encoder's tau has one entry for each observed component."""
    return forged(linear_vae(), ((*MODEL, "parameters", 5, "plates"), ["D"]))


def _frozen_encoder() -> dict:
    """The linear VAE with V fixed: the encoder is not closed under the scaling."""
    kept = [c for c in linear_vae()["statement"]["conditions"] if "V" not in c]
    return forged(
        linear_vae(),
        ((*MODEL, "parameters", 3, "learned"), False),
        ((*DIRECTION, "V"), DELETE),
        (("statement", "conditions"), kept),
    )


def _without_reparametrisation() -> dict:
    """The linear VAE's argument with z held still although the encoder moves."""
    document = json.loads(json.dumps(linear_vae()).replace('"reparam"', '"expect"'))
    conditions = [c for c in document["statement"]["conditions"] if c[0] != "reparametrised"]
    document["steps"] = [s for s in document["steps"] if s["rule"] != "reparametrise"]
    document["steps"][3]["rule"] = "tempering"
    document["statement"]["conditions"] = conditions
    return sealed(document)


def _shifted_encoder() -> dict:
    """The encoder's bias moves; with z held still neither entropies nor densities would notice."""
    nu = vae2()["statement"]["model"]["q"][0]["arguments"][0]
    return forged(
        vae2(),
        ((*MODEL, "parameters"), lambda old: [*old, parameter("c", "H")]),
        ((*MODEL, "q", 0, "arguments", 0), ["add", nu, ["param", "c", 0]]),
        ((*DIRECTION, "c"), 1),
        (
            ("statement", "conditions"),
            lambda old: [
                *old[:-2],
                ["closed", "encoder", "c"],
                *old[-2:],
                ["stationary", "objective", "c"],
            ],
        ),
    )


def _network_variance() -> dict:
    """The decoder's mean is an abstract network of sigma2 as well, which moves."""
    moving = ["mul", ["param", "sigma2"], ["v", "z", 2, 0]]
    return forged(
        vae2(), ((*MODEL, "p", 1, "arguments", 0), ["net", "mu", [0], [["vec", "H", moving]]])
    )


def _real_variance() -> dict:
    document = vae2()
    kept = [c for c in document["statement"]["conditions"] if c != ["range", "sigma2", "positive"]]
    return forged(
        document, ((*MODEL, "parameters", 0, "range"), "real"), (("statement", "conditions"), kept)
    )


def _entropy_off_by_one() -> dict:
    """Certificate and closed form both claim one nat too much for every entropy."""
    document = vae2()
    entropy = document["certificates"]["normal"]["entropy"]
    off = ["add", document["statement"]["claim"]["entropy_sum"], neg(["size", "D"])]
    return forged(
        document,
        (("certificates", "normal", "entropy"), ["add", entropy, 1]),
        (SUM, off),
        (("steps", -1, "result"), off),
    )


def _encoder_entropy_off_by_one() -> dict:
    """A family of its own for the encoder, whose entropy adds one nat to ELBO and entropy sum."""
    document = vae2()
    normal = document["statement"]["model"]["families"]["normal"]
    certificate = document["certificates"]["normal"]
    more = {**certificate, "entropy": ["add", certificate["entropy"], 1]}
    form = ["add", document["statement"]["claim"]["entropy_sum"], ["size", "H"]]
    return forged(
        document,
        ((*MODEL, "families", "other"), normal),
        ((*MODEL, "q", 0, "family"), "other"),
        (("certificates", "other"), more),
        (SUM, form),
        (("steps", -1, "result"), form),
        (
            ("statement", "conditions"),
            lambda old: [*old[:5], ["normalised", "other"], ["score", "other"], *old[5:]],
        ),
    )


def _swallowed(measure: Any) -> dict:
    return forged(vae2(), family("log_base_measure", measure))


def _another_scale() -> dict:
    return forged(linear_vae(), family("scale", ["arg", "variance"]))


def _zero_times_infinite(function: Callable[[Any], Any]) -> dict:
    z4 = ["mul", ["v", "z", 1, 0], ["v", "z", 1, 0], ["v", "z", 1, 0], ["v", "z", 1, 0]]
    infinite = ["mean", "N", ["expect", ["sum", "H", ["exp", z4]]]]
    form = vae2()["statement"]["claim"]["entropy_sum"]
    return claims(vae2(), ["add", form, function(infinite)])


def _same_in_split() -> dict:
    infinite = ["mean", "N", ["expect", ["sum", "H", ["exp", ["pow", ["v", "z", 1, 0], 4]]]]]
    return forged(vae2(), (("steps", 1, "result"), lambda old: [*old, infinite, neg(infinite)]))


def _log_of_noise() -> dict:
    log = ["mean", "N", ["reparam", ["sum", "H", ["log", ["eps", "z", 1, 0]]]]]
    form = linear_vae()["statement"]["claim"]["entropy_sum"]
    return claims(linear_vae(), ["add", form, log, neg(log)])


def _elbo_is_elbo() -> dict:
    return claims(vae2(), elbo())


def _gap_is_elbo() -> dict:
    gap = ["add", elbo(), neg(["D", ["objective"]]), ["D", ["objective"]]]
    return forged(vae2(), (("statement", "claim", "gap"), gap), (("steps", 4, "result"), gap))


def _true_entropy() -> dict:
    """Poisson with a constant base measure, as if the certificate's were the true entropy."""
    base = poisson()["statement"]["model"]["families"]["poisson"]["log_base_measure"]
    without = everywhere(poisson(), (["mean", "N", ["logh", "decoder", 0]], DELETE))
    return forged(
        without,
        ((*MODEL, "families", "poisson", "log_base_measure"), 0),
        ((*MODEL, "families", "poisson", "log_density", 3), base),
        (("statement", "conditions"), lambda old: [c for c in old if c[0] != "base_measure"]),
        *((path, lambda old: old[:-1]) for path in (SUM, ("steps", -1, "result"))),
    )


def _density_as_base() -> dict:
    """A fixed normal prior whose base measure is its density: the data term is left out."""
    normal = vae2()["statement"]["model"]["families"]["normal"]
    base = ["mul", ["frac", -1, 2], ["pow", ["var"], 2]]
    fixed = {**normal, "arguments": [], "location": None, "scale": None}
    fixed |= {"log_density": ["add", neg(["log", ["mul", 2, PI]]), base], "log_base_measure": base}
    fixed["log_density"][1] = ["mul", HALF, fixed["log_density"][1]]
    entropy = ["mul", HALF, ["log", ["mul", 2, PI]]]
    certificate = {"direction": {}, "scale": 0, "shift": 0, "entropy": entropy}
    return forged(
        _vae1_any_encoder(),
        ((*MODEL, "families", "fixed"), fixed),
        ((*MODEL, "p", 0), prior("fixed")),
        (("certificates", "fixed"), certificate),
        (
            ("statement", "conditions"),
            lambda old: [
                *old[:2],
                ["normalised", "fixed"],
                ["score", "fixed"],
                ["base_measure", "fixed"],
                *old[2:],
            ],
        ),
    )


def _no_excess() -> dict:
    excess = vae0()["statement"]["claim"]["excess"]
    return forged(everywhere(vae0(), (excess, DELETE)), (("statement", "claim", "excess"), 0))


def _real_beta() -> dict:
    real = forged(beta_vae2(), ((*MODEL, "parameters", 2, "range"), "real"))
    square = ["pow", ["param", "beta"], 2]
    kept = [c for c in real["statement"]["conditions"] if c != ["range", "beta", "positive"]]
    real = everywhere(real, (["pow", ["param", "beta"], -1], ["param", "beta"]))
    return forged(real, (("statement", "conditions"), kept), (OBJECTIVE, weighted(square)))


def _ghost_in_the_penalty() -> dict:
    """A ghost that cancels in the decoder: it can be stationary nowhere."""
    document = vae0()
    ghost, mean = ["param", "ghost"], document["statement"]["model"]["p"][1]["arguments"][0]
    return forged(
        document,
        ((*MODEL, "parameters"), lambda old: [*old, parameter("ghost")]),
        ((*MODEL, "p", 1, "arguments", 0), ["add", mean, ghost, neg(ghost)]),
        (OBJECTIVE, weighted(1, ghost)),
        ((*DIRECTION, "ghost"), 0),
        (("statement", "conditions"), lambda old: [*old, ["stationary", "objective", "ghost"]]),
    )


def _prior(term: Any) -> dict:
    return forged(cholesky_vae(), ((*MODEL, "p", 0, "arguments", 1), term))


def _gaussian_scaled_by_a_real() -> dict:
    kept = [c for c in gaussian_vae()["statement"]["conditions"] if c != ["range", "s", "positive"]]
    return forged(
        gaussian_vae(),
        ((*MODEL, "parameters", 2, "range"), "real"),
        (("statement", "conditions"), kept),
    )


def _moves(name: str, term: Any) -> Callable[[], dict]:
    return lambda: forged(gaussian_vae(), ((*DIRECTION, name), term))


def _encoder_base_measure() -> dict:
    """h = e for every factor: the encoder's H is one nat too large in each latent."""
    document = vae2()
    statement = forged(document, family("log_base_measure", 1))["statement"]
    certificate = document["certificates"]["normal"]
    certificate["entropy"] = ["add", certificate["entropy"], 1]
    conditions = statement["conditions"]
    return own_directions(
        statement["model"],
        {"normal": certificate},
        statement["direction"],
        [*statement["claim"]["entropy_sum"], ["size", "H"]],
        [*conditions[:5], ["base_measure", "normal"], *conditions[5:]],
        more=(
            ["mean", "N", ["expect", ["logh", "prior", 0]]],
            ["mean", "N", ["logh", "decoder", 0]],
        ),
    )


def _encoder_covariance_moves() -> dict:
    """As if z stood still: then D mean H[q] = -H/2 and nothing else would change."""
    document = gaussian_vae()
    statement = document["statement"]
    statement["model"]["q"][0]["arguments"][1] = A
    conditions, excess = statement["conditions"], ["mul", HALF, ["size", "H"]]
    closed_form = [*statement["claim"]["entropy_sum"], excess]
    closed_form[1] = ["mul", HALF, ["logdet", A]]
    moved = own_directions(
        statement["model"],
        document["certificates"],
        statement["direction"],
        closed_form,
        [*conditions[:-2], ["closed", "encoder", "A"], *conditions[-2:]],
        excess=excess,
    )
    without = [term for term in moved["steps"][2]["result"] if term != excess]
    return forged(moved, (("steps", 2, "result"), without))


def _negative_weight() -> dict:
    """A consistent derivation whose objective has the prior part with the wrong sign."""
    document = vae2()
    statement = document["statement"]
    return own_directions(
        statement["model"],
        document["certificates"],
        statement["direction"] | {"alpha2": ["param", "alpha2", 0]},
        statement["claim"]["entropy_sum"],
        statement["conditions"],
        objective=weighted(-1),
        weights=(-1, 1),
    )


def _nothing(document: dict, term: Any) -> dict:
    """term - term in the closed form, where term has no value."""
    return bonus(document, ["add", term, neg(term)])


OBJECTIVE: Path = ("statement", "objective")
EXCESS: Path = ("statement", "claim", "excess")
L, A = ["mat", "L"], ["mat", "A"]
LT = ["transposed", L]
MU0, ONES = ["vec", "H", ["param", "mu0", 0]], ["vec", "H", 1]
ON_PLATE = ("statement", "model", "families")

EXCESS_OF_VAE0 = [vae0()["statement"]["claim"]["excess"]]
INFINITE = ["mean", "N", ["expect", ["sum", "H", ["exp", ["pow", ["v", "z", 1, 0], 4]]]]]

NEW_FEATURES: dict[str, Callable[[], dict]] = {
    "a true entropy for the pseudo entropy": _true_entropy,
    "the data term of the base measure is dropped": lambda: everywhere(
        poisson(), (["mean", "N", ["logh", "decoder", 0]], DELETE)
    ),
    "a base measure that is a fixed density, without its data term": _density_as_base,
    "a base measure with a log rate": lambda: forged(
        poisson(), ((*ON_PLATE, "poisson", "log_base_measure"), ["arg", "log_rate"])
    ),
    "the condition on the base measure is dropped": lambda: everywhere(
        poisson(), (["base_measure", "poisson"], DELETE)
    ),
    "a base measure for the encoder": _encoder_base_measure,
    "log of x for log of x!": lambda: everywhere(
        poisson(),
        (["loggamma", ["add", 1, ["v", "x", 1, 0]]], ["log", ["add", 1, ["v", "x", 1, 0]]]),
    ),
    "(x + 1)! for x!": lambda: claims(
        poisson(),
        everywhere(poisson(), (["add", 1, ["v", "x", 1, 0]], ["add", 2, ["v", "x", 1, 0]]))[
            "statement"
        ]["claim"]["entropy_sum"],
    ),
    "log gamma of a real variable": lambda: forged(
        poisson(),
        ((*ON_PLATE, "poisson", "support"), "real"),
        ((*MODEL, "variables"), variables()),
        (("statement", "conditions"), lambda old: [c for c in old if c[0] != "support"]),
    ),
    "log gamma of a count": lambda: everywhere(
        poisson(), (["add", ["var"], 1], ["var"]), (["add", 1, ["v", "x", 1, 0]], ["v", "x", 1, 0])
    ),
    "log gamma of a parameter called count": lambda: everywhere(
        _nothing(linear_vae(), ["sum", "D", ["loggamma", ["add", ["param", "b", 0], 1]]]),
        ("b", "count"),
    ),
    "encoder and prior on different sets": lambda: forged(
        sigmoid_net(), ((*ON_PLATE, "laplace", "support"), "positive")
    ),
    "an absolute value moves": lambda: forged(
        sigmoid_net(), (("certificates", "laplace", "direction", "mean"), ["arg", "mean"])
    ),
    "|b| is b": lambda: bonus(
        decayed_vae(), ["add", ["abs", ["param", "decay"]], neg(["param", "decay"])]
    ),
    "log 2 b for log 2 e b": lambda: claims(
        sigmoid_net(),
        everywhere(sigmoid_net(), (["mul", 2, E, ["param", "s"]], ["mul", 2, ["param", "s"]]))[
            "statement"
        ]["claim"]["entropy_sum"],
    ),
    "the excess is dropped": _no_excess,
    "half of the excess": lambda: everywhere(
        vae0(), (vae0()["statement"]["claim"]["excess"], ["mul", HALF, *EXCESS_OF_VAE0])
    ),
    "an excess that is infinite minus itself": lambda: forged(
        vae0(), (EXCESS, lambda old: ["add", old, INFINITE, neg(INFINITE)])
    ),
    "the excess in words only": lambda: forged(vae0(), (EXCESS, 0)),
    "an excess where there is none": lambda: forged(vae2(), (EXCESS, 1)),
    "an excess that is the gap": lambda: forged(
        vae0(), (EXCESS, ["add", elbo(), neg(["mean", "N", ["H", "prior", 0]])])
    ),
    "an excess with a derivative": lambda: forged(vae0(), (EXCESS, ["D", ["objective"]])),
    "the objective is the ELBO after all": lambda: forged(beta_vae2(), (OBJECTIVE, "elbo")),
    "the objective is another one after all": lambda: forged(vae2(), (OBJECTIVE, weighted(2))),
    "the objective holds a penalty after all": lambda: forged(
        vae2(), (OBJECTIVE, weighted(1, ["param", "sigma2"]))
    ),
    "the weight is learned": lambda: forged(
        beta_vae2(), ((*MODEL, "parameters", 2, "learned"), True)
    ),
    "the weight may be zero": _real_beta,
    "the weight is zero": lambda: forged(beta_vae2(), (OBJECTIVE, weighted(0))),
    "the weight is negative": _negative_weight,
    "the penalty's sign": lambda: forged(
        decayed_vae(), ((*OBJECTIVE, "penalty", 1), ["frac", -1, 2])
    ),
    "the penalty is dropped": lambda: forged(decayed_vae(), (OBJECTIVE, "elbo")),
    "the penalty holds data": lambda: forged(decayed_vae(), ((*OBJECTIVE, "penalty"), elbo())),
    "a ghost in the penalty": _ghost_in_the_penalty,
    "stationarity of something else": lambda: forged(
        beta_vae2(), (("statement", "conditions", -1, 1), "elbo")
    ),
    "the log det of a sum": lambda: everywhere(
        gaussian_vae(), (["logdet", A], ["logdet", ["add", A, A]])
    ),
    "log s for D log s": lambda: claims(
        gaussian_vae(),
        [
            *gaussian_vae()["statement"]["claim"]["entropy_sum"][:-1],
            ["mul", ["frac", -1, 2], ["log", ["param", "s"]]],
            [
                "mul",
                ["frac", -1, 2],
                ["mean", "N", ["expect", ["logdet", ["matnet", "Omega", [Z]]]]],
            ],
        ],
    ),
    "a covariance that is not symmetric": lambda: _prior(["matmul", L, L]),
    "a covariance with its transpose between": lambda: _prior(["matmul", L, LT, L]),
    "a triangular covariance": lambda: _prior(L),
    "a negative covariance": lambda: _prior(["scaled", -1, ["matmul", L, LT]]),
    "a covariance scaled by zero": lambda: _prior(["scaled", 0, ["matmul", L, LT]]),
    "a covariance scaled by a real": _gaussian_scaled_by_a_real,
    "a covariance of another size": lambda: forged(
        gaussian_vae(), ((*MODEL, "p", 1, "arguments", 1), A)
    ),
    "a product of two sizes": lambda: _nothing(
        gaussian_vae(), ["trace", ["matmul", A, ["matnet", "Omega", [ONES]]]]
    ),
    "a rectangular matrix": lambda: forged(
        gaussian_vae(), ((*MODEL, "parameters", 1, "plates"), ["H", "D"])
    ),
    "an entry of a matrix": lambda: forged(
        gaussian_vae(), ((*MODEL, "p", 0, "arguments", 0, 2), ["param", "A", 0, 0])
    ),
    "tr L L is tr L L^T": lambda: bonus(
        cholesky_vae(), ["add", ["trace", ["matmul", L, L]], neg(["trace", ["matmul", L, LT]])]
    ),
    "tr L L L^T L^T is tr L L^T L L^T": lambda: bonus(
        cholesky_vae(),
        ["add", ["trace", ["matmul", L, L, LT, LT]], neg(["trace", ["matmul", L, LT, L, LT]])],
    ),
    "L L^T is L^T L": lambda: bonus(
        cholesky_vae(),
        [
            "add",
            ["quad", MU0, ["matmul", L, LT], ONES],
            neg(["quad", MU0, ["matmul", LT, L], ONES]),
        ],
    ),
    "a bilinear form of L is symmetric": lambda: bonus(
        cholesky_vae(), ["add", ["quad", MU0, L, ONES], neg(["quad", ONES, L, MU0])]
    ),
    "the trace of the unit matrix is 1": lambda: bonus(
        gaussian_vae(), ["add", -1, ["trace", ["matmul", A, ["inverse", A]]]]
    ),
    "log det A is log det of its inverse": lambda: bonus(
        gaussian_vae(), ["add", ["logdet", A], neg(["logdet", ["inverse", A]])]
    ),
    "a matrix moves by its square": _moves("A", ["matmul", A, A]),
    "a matrix moves by its inverse": _moves("A", ["scaled", -1, ["inverse", A]]),
    "a matrix moves by a number": _moves("A", neg(["mat", "A"])),
    "a matrix moves in a component": _moves("A", ["scaled", ["param", "mu0", 0], A]),
    "a matrix moves half as far": _moves("A", ["scaled", ["frac", -1, 2], A]),
    "a matrix moves backwards": _moves("A", ["scaled", 1, A]),
    "a Cholesky factor moves as far as the covariance": lambda: forged(
        cholesky_vae(), ((*DIRECTION, "L"), ["scaled", -1, L])
    ),
    "a scale and its matrix move": lambda: forged(
        everywhere(gaussian_vae(), (A, ["scaled", ["param", "s"], A])), ((*DIRECTION, "A", 2), A)
    ),
    "a fixed matrix moves": lambda: forged(
        gaussian_vae(), ((*MODEL, "parameters", 1, "learned"), False)
    ),
    "a matrix network's input moves": lambda: everywhere(
        gaussian_vae(),
        (
            ["matnet", "Omega", [Z]],
            ["matnet", "Omega", [["vec", "H", ["mul", ["param", "s"], ["v", "z", 1, 0]]]]],
        ),
    ),
    "an entropy of vectors half a nat too large": lambda: forged(
        gaussian_vae(), (("certificates", "gaussian", "entropy"), lambda old: [*old, HALF])
    ),
    "a covariance's direction that is half": lambda: forged(
        gaussian_vae(),
        (("certificates", "gaussian", "direction", "covariance", 1), ["frac", -1, 2]),
    ),
    "an asymmetric density of vectors": lambda: forged(
        gaussian_vae(), ((*ON_PLATE, "gaussian", "log_density", 3, 2, 2), ["arg", "covariance"])
    ),
    "a scale for a family over vectors": lambda: forged(
        gaussian_vae(),
        ((*ON_PLATE, "gaussian", "location"), ["arg", "mean"]),
        ((*ON_PLATE, "gaussian", "scale"), 1),
    ),
    "the encoder's covariance moves and z does not": _encoder_covariance_moves,
    "the encoder's mean moves and z does not": lambda: forged(
        gaussian_vae(),
        ((*MODEL, "q", 0, "arguments", 0, 2), lambda old: ["mul", ["param", "s"], old]),
    ),
    "one nat more with matrices": lambda: bonus(gaussian_vae(), 1),
}

Z = ["vec", "H", ["v", "z", 1, 0]]
EPS_AND_EPS = ["eps", "z", 2, 0], ["eps", "z", 1, 0]  # of two data
LOG_2PIE = ["log", ["mul", 2, PI, E, ["param", "sigma2"]]]


def _family_called(name: str) -> dict:
    """VAE-2, its family renamed."""
    return sealed(json.loads(json.dumps(vae2()).replace('"normal"', f'"{name}"')))


FALSE_CLAIMS: dict[str, Callable[[], dict]] = {
    **NEW_FEATURES,
    **FALSE_LAWS,
    "an abstract network moves": lambda: forged(vae2(), ((*DIRECTION, "nu"), 1)),
    "the prior's mean is the latent": lambda: forged(
        vae2(), ((*MODEL, "p", 0, "arguments", 0), ["v", "z", 1, 0])
    ),
    "the prior's mean is its own index": lambda: forged(
        vae2(), ((*MODEL, "p", 0, "arguments", 0), ["v", "z", 0, 0])
    ),
    "the decoder's mean is the datum": lambda: forged(
        vae2(), ((*MODEL, "p", 1, "arguments", 0), ["v", "x", 1, 0])
    ),
    "the encoder sees its latent": lambda: forged(
        vae2(), ((*MODEL, "q", 0, "arguments", 0), ["v", "z", 1, 0])
    ),
    "plates of q and z differ": _wrong_plate,
    "the Normal density under the name of another family": lambda: _family_called("Laplace"),
    "the log of the noise": _log_of_noise,
    "a moved parameter that is not learned": lambda: forged(
        vae2(), ((*MODEL, "parameters", 0, "learned"), False)
    ),
    "the variance is fixed": _fixed_variance,
    "VAE-1 for any encoder": _vae1_any_encoder,
    "a base measure with an argument": lambda: _swallowed(["log", ["arg", "variance"]]),
    "a base measure that is the density": lambda: _swallowed(neg(["pow", ["var"], 2])),
    "a base measure with a parameter": lambda: _swallowed(["param", "sigma2"]),
    "another objective": lambda: forged(vae2(), (("statement", "objective"), "beta-elbo")),
    "a ghost parameter": _ghost,
    "a constrained parameter moves": _constrained,
    "the claim ELBO = ELBO": _elbo_is_elbo,
    "the gap holds the ELBO": _gap_is_elbo,
    "zero times an infinite mean": lambda: _zero_times_infinite(
        lambda t: ["mul", ["add", 1, -1], t]
    ),
    "literally zero times an infinite mean": lambda: _zero_times_infinite(lambda t: ["mul", 0, t]),
    "an infinite mean minus itself": lambda: _zero_times_infinite(lambda t: ["add", t, neg(t)]),
    "an infinite mean minus itself in a step": _same_in_split,
    "an infinite mean to the power zero": lambda: _zero_times_infinite(
        lambda t: ["add", -1, ["pow", t, 0]]
    ),
    "the encoder is frozen": _frozen_encoder,
    "the encoder moves and z does not": _without_reparametrisation,
    "the encoder's bias moves and z does not": _shifted_encoder,
    "an abstract network's input moves": _network_variance,
    "a variance that may be negative": _real_variance,
    "an entropy one nat too large": _entropy_off_by_one,
    "an encoder's entropy one nat too large": _encoder_entropy_off_by_one,
    "a positive variance for one below 1": lambda: forged(
        vae2(), family("arguments", lambda old: [old[0], {"name": "variance", "range": "unit"}])
    ),
    "the variance for the scale": _another_scale,
    "half the variance's direction": lambda: forged(
        vae2(), ((*DIRECTION, "sigma2"), ["mul", ["frac", -1, 2], ["param", "sigma2"]])
    ),
    "the direction's sign": lambda: forged(vae2(), ((*DIRECTION, "sigma2"), ["param", "sigma2"])),
    "D + 1 for D": lambda: bonus(vae2(), ["mul", ["frac", -1, 2], LOG_2PIE]),
    "one nat more": lambda: bonus(vae2(), 1),
    "log 2 pi for log 2 pi e": lambda: bonus(vae2(), ["mul", HALF, ["size", "D"]]),
    "N(0, 2) as the prior of the linear VAE": lambda: forged(
        linear_vae(), ((*MODEL, "p", 0, "arguments", 1), 2)
    ),
    "a prior mean in the linear VAE": lambda: forged(
        linear_vae(), ((*MODEL, "p", 0, "arguments", 0), 1)
    ),
    "the bias of the encoder does not move": lambda: forged(
        linear_vae(),
        ((*DIRECTION, "c"), DELETE),
        (
            ("statement", "conditions"),
            [c for c in linear_vae()["statement"]["conditions"] if "c" not in c],
        ),
    ),
    "sum of logs is log of the sum": lambda: claims(
        linear_vae(),
        [
            "add",
            ["log", ["sum", "H", ["param", "tau", 0]]],
            *linear_vae()["statement"]["claim"]["entropy_sum"][2:],
        ],
    ),
    "the noise of two data is one": lambda: bonus(
        linear_vae(),
        [
            "add",
            ["mean", "N", ["mean", "N", ["reparam", ["sum", "H", ["mul", *EPS_AND_EPS]]]]],
            neg(["size", "H"]),
        ],
    ),
    "expectations multiply": lambda: bonus(
        linear_vae(),
        [
            "add",
            ["mean", "N", ["reparam", ["sum", "H", ["pow", ["v", "z", 1, 0], 2]]]],
            neg(["sum", "H", ["mean", "N", ["mul", *[["reparam", ["v", "z", 0, 1]]] * 2]]]),
        ],
    ),
}


def _argument_called_var() -> dict:
    """The density names the argument, and the argument is called like the variable."""
    without = forged(vae2(), family("location", None), family("scale", None))
    renamed = everywhere(without, (["arg", "mean"], ["arg", "var"]))
    stored = json.dumps(renamed).replace('"mean", "range"', '"var", "range"')
    return sealed(json.loads(stored.replace('"mean": 0', '"var": 0')))


def _gap(*more: Any) -> dict:
    gap = vae2()["statement"]["claim"]["gap"]
    other = [*gap[:-1], *more, gap[-1]]
    return forged(vae2(), (("statement", "claim", "gap"), other), (("steps", 4, "result"), other))


B = ["param", "b", 0]
HOLES: dict[str, Callable[[], dict]] = {
    "a gap one nat too large": lambda: _gap(1),
    "a gap in the claim alone": lambda: forged(
        vae2(), (("statement", "claim", "gap"), lambda old: [*old[:-1], 1, old[-1]])
    ),
    "a gap with two derivatives": lambda: _gap(["D", ["objective"]]),
    "a gap with the densities": lambda: _gap(
        ["mean", "N", ["expect", ["logp", "prior", 0]]],
        neg(["mean", "N", ["expect", ["logp", "prior", 0]]]),
    ),
    "an entropy sum in the claim alone": lambda: forged(vae2(), (SUM, lambda old: [*old, 1])),
    "an excess that does not belong to it": lambda: forged(vae2(), (EXCESS, ["size", "D"])),
    "one over a real": lambda: _nothing(linear_vae(), ["sum", "D", ["pow", B, -1]]),
    "the root of a real": lambda: _nothing(linear_vae(), ["sum", "D", ["pow", B, HALF]]),
    "the root of a square, which may be zero": lambda: _nothing(
        linear_vae(), ["sum", "D", ["pow", ["pow", B, 2], HALF]]
    ),
    "the log of a difference of squares": lambda: _nothing(
        linear_vae(), ["sum", "D", ["log", ["add", 1, neg(["pow", B, 2])]]]
    ),
    "a location on the positive numbers": lambda: forged(
        vae2(),
        family("support", "positive"),
        ((*MODEL, "variables"), variables("positive", "positive")),
        (
            ("statement", "conditions"),
            lambda old: [*old[:3], ["support", "x", "positive"], *old[3:]],
        ),
    ),
    "a location without a scale": lambda: forged(linear_vae(), family("scale", None)),
    "an argument called like the variable": _argument_called_var,
    "an argument too many": lambda: forged(
        vae2(), ((*MODEL, "p", 0, "arguments"), lambda old: [*old, 1])
    ),
    "a direction under an index too many": lambda: forged(
        vae2(), ((*DIRECTION, "alpha2"), neg(["param", "alpha2", 1]))
    ),
}

# What no statement says: these are false in their steps, or in a name or a hash.
BESIDE_THE_KERNEL = {
    "the Normal density under the name of another family",
    "an infinite mean minus itself in a step",
    "an entropy that nobody wrote down moves",
    "a family called Any",
}


def text(document: dict, old: str, new: str) -> bytes:
    return json.dumps(document).replace(old, new, 1).encode()


def _steps(change: Callable[[list], list], seal: bool = True) -> bytes:
    document = edited(vae2(), (("steps",), change))
    return json.dumps(sealed(document) if seal else document).encode()


def _dump(document: dict) -> bytes:
    return json.dumps(document).encode()


def _renamed(name: str) -> bytes:
    return json.dumps(
        sealed(json.loads(json.dumps(vae2()).replace('"sigma2"', json.dumps(name))))
    ).encode()


VALID = _dump(vae2())
FALSE_CLAIMS |= HOLES

TAMPERINGS: dict[str, Callable[[], bytes]] = {
    **{f"step {i} deleted": lambda i=i: _steps(lambda s: s[:i] + s[i + 1 :]) for i in (0, 1, 4, 5)},
    "last step deleted": lambda: _steps(lambda s: s[:-1]),
    "a tempering after the gap": lambda: _steps(lambda s: [*s[:2], s[4], *s[2:4], *s[5:]]),
    "all steps deleted": lambda: _steps(lambda s: []),
    "steps reversed": lambda: _steps(lambda s: s[::-1]),
    "two steps exchanged": lambda: _steps(lambda s: [*s[:2], s[3], s[2], *s[4:]]),
    "a step repeated": lambda: _steps(lambda s: [*s, s[-1]]),
    "a rule renamed": lambda: text(vae2(), '"tempering"', '"scaling"'),
    "a rule renamed and sealed": lambda: _dump(forged(vae2(), (("steps", 2, "rule"), "scaling"))),
    "an unknown rule": lambda: _dump(forged(vae2(), (("steps", 2, "rule"), "magic"))),
    "a condition dropped": lambda: _dump(forged(vae2(), (("statement", "conditions", 5), DELETE))),
    "the last condition dropped": lambda: _dump(
        forged(vae2(), (("statement", "conditions", -1), DELETE))
    ),
    "a condition added": lambda: _dump(
        forged(vae2(), (("statement", "conditions"), lambda c: [*c, ["finite", "objective"]]))
    ),
    "conditions exchanged": lambda: _dump(
        forged(vae2(), (("statement", "conditions"), lambda c: [c[1], c[0], *c[2:]]))
    ),
    "a coefficient changed": lambda: _dump(
        forged(vae2(), (("steps", 1, "result", 1), lambda t: ["mul", 2, t]))
    ),
    "a coefficient changed in the density": lambda: _dump(
        forged(vae2(), family("log_density", lambda t: [t[0], ["mul", 2, t[1]], t[2]]))
    ),
    "an index changed": lambda: _dump(forged(vae2(), ((*MODEL, "p", 0, "arguments", 1, 2), 1))),
    "an index changed in the decoder": lambda: _dump(
        forged(linear_vae(), ((*MODEL, "p", 1, "arguments", 0, 1, 2, 1, 2), 0))
    ),
    "an index changed to a boolean": lambda: _dump(
        forged(vae2(), ((*MODEL, "p", 0, "arguments", 1, 2), False))
    ),
    "the claim swapped": lambda: _dump(
        forged(vae2(), (SUM, linear_vae()["statement"]["claim"]["entropy_sum"]))
    ),
    "the claim's gap and sum swapped": lambda: _dump(
        forged(
            vae2(),
            (SUM, vae2()["statement"]["claim"]["gap"]),
            (("statement", "claim", "gap"), vae2()["statement"]["claim"]["entropy_sum"]),
        )
    ),
    "a parameter called like a size": lambda: json.dumps(
        sealed(json.loads(json.dumps(vae2()).replace('"sigma2"', '"D"')))
    ).encode(),
    "a parameter with a space in its name": lambda: _renamed("sigma 2"),
    "a parameter with a line break in its name": lambda: _renamed("s\nmodel vae2"),
    "a parameter without a name": lambda: _renamed(""),
    "a constraint as long as a page": lambda: _dump(
        forged(vae2(), ((*MODEL, "constraints", 0, "text"), "x" * 201))
    ),
    "a parameter called pi": lambda: json.dumps(
        sealed(json.loads(json.dumps(vae2()).replace('"sigma2"', '"pi"')))
    ).encode(),
    "a parameter called like an index": lambda: json.dumps(
        sealed(json.loads(json.dumps(vae2()).replace('"sigma2"', '"i1"')))
    ).encode(),
    "a derivative under an expectation": lambda: _dump(
        forged(
            vae2(),
            (("steps", 3, "result", 3), ["mean", "N", ["expect", ["D", ["logp", "prior", 0]]]]),
        )
    ),
    "the ELBO outside D": lambda: _dump(forged(vae2(), (("steps", 3, "result"), ["elbo"]))),
    "an unknown head": lambda: _dump(forged(vae2(), (("steps", 0, "result", 0), "eval"))),
    "a head that is a list": lambda: _dump(forged(vae2(), (("steps", 0, "result", 0), ["mean"]))),
    "an unknown key": lambda: _dump(forged(vae2(), ((*MODEL, "note"), "trust me"))),
    "a missing key": lambda: _dump(forged(vae2(), ((*MODEL, "constraints"), DELETE))),
    "the format": lambda: _dump(forged(vae2(), (("format",), "entropysym/1"))),
    "a float": lambda: text(vae2(), '["frac", 1, 2]', "0.5"),
    "a whole float": lambda: text(vae2(), "-1", "-1.0"),
    "an exponent float": lambda: text(vae2(), '["frac", 1, 2]', "5e-1"),
    "NaN": lambda: text(vae2(), '["frac", 1, 2]', "NaN"),
    "Infinity": lambda: text(vae2(), '["frac", 1, 2]', "-Infinity"),
    "null": lambda: text(vae2(), '["frac", 1, 2]', "null"),
    "true": lambda: text(vae2(), '["frac", 1, 2]', "true"),
    "a fraction not in lowest terms": lambda: text(vae2(), '["frac", 1, 2]', '["frac", 2, 4]'),
    "a fraction over zero": lambda: text(vae2(), '["frac", 1, 2]', '["frac", 1, 0]'),
    "a duplicate key": lambda: text(vae2(), '"learned": true', '"learned": false, "learned": true'),
    "a stale statement hash": lambda: _dump(
        edited(vae2(), (("sha256", "statement"), lambda h: h[::-1]))
    ),
    "a stale document hash": lambda: _dump(
        edited(vae2(), (("sha256", "document"), lambda h: h[::-1]))
    ),
    "a false claim, hash stale": lambda: _dump(edited(vae2(), ((*SUM, 3, 2), ["size", "H"]))),
    "a false claim, hash fresh": lambda: _dump(
        forged(
            vae2(), ((*SUM, 3, 2), ["size", "H"]), (("steps", -1, "result", 3, 2), ["size", "H"])
        )
    ),
    "a certificate missing": lambda: _dump(forged(vae2(), (("certificates",), {}))),
    "another entropy": lambda: _dump(forged(vae2(), (("certificates", "normal", "entropy"), 0))),
    "an escape in a text": lambda: _dump(
        forged(vae2(), ((*MODEL, "constraints", 0, "text"), "fine\u001b[2K\nmodel vae2"))
    ),
    "cut in the middle": lambda: VALID[: len(VALID) // 2],
    "a byte order mark": lambda: b"\xef\xbb\xbf" + VALID,
    "not UTF-8": lambda: VALID.replace(b"first-layer", b"first\xfflayer"),
    "a lone surrogate": lambda: VALID.replace(b"first-layer", b"first\\ud800layer"),
    "UTF-16": lambda: VALID.decode().encode("utf-16"),
    "something after the end": lambda: VALID + b"[]",
    "nothing": lambda: b"",
    "null bytes": lambda: b"\0" * 1000,
}
