"""Refusals that must not be accepted, each with the words of the check that alone refuses it.

Here are those whose model, objective or numbers are not what they should be; `forged_witnesses` has the others.
"""

import copy
import json
from typing import Any

from . import graph_refusals, refusals
from .documents import neg, parameter, variables, weighted
from .forged_witnesses import of_decoder, of_prior
from .forging import Path
from .refusals import (
    EVEN,
    LINEAR,
    MU_NET,
    VAR,
    WEIGHTS,
    Forged,
    S,
    Term,
    family,
    forged,
    learned,
    log_poisson,
    model,
    refusal,
    resealed,
)
from .small_graphs import any_law


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
            "is not a list|not a weight and a point",
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
    } | _numbers()


def _numbers() -> dict[str, Forged]:
    """What is no rational number, each in the place of one."""
    raw = [
        None,
        [],
        ["frac", 1],
        ["half", 1, 2],
        ["frac", "1", "2"],
        ["frac", "1", 2],
        ["frac", True, 2],
    ]
    raw += [["frac", 1, "2"], ["frac", 1, 2, 3], "0", {}, True]
    vae0, found = refusals.vae0(), {}
    for number in raw:
        document = forged(vae0, (("values", "sigma2"), number))
        true = any(part is True for part in (number if isinstance(number, list) else [number]))
        words = "true stands for no number" if true else "not a rational in lowest terms"
        found[f"{number} for a number"] = (document, words)
    document = forged(vae0, (("points", 0), None))
    return found | {"no point": (document, "is not a list|not a weight and a point")}


def _clamps() -> dict[str, Forged]:
    clamped = refusals.clamped()
    variance: Path = ("model", "p", 1, "arguments", 1)
    swapped = ["max", ["param", "floor"], ["param", "sigma2"]]
    inside = ["net", "mu", [0], [["vec", "H", ["max", ["v", "z", 2, 0], 0]]]]
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
        **{
            f"{term} in a clamp": (
                refusal(model(("normal", 0, ["max", term, 1])), {}, EVEN),
                f"'{term[0]}': a head not known",
            )
            for term in (["param", []], ["param"], ["param", "ghost"], ["fun", "f", 0, 1])
        },
        "a matrix in a clamp": (
            forged(clamped, (variance, ["max", ["mat", "sigma2"], 1])),
            "'mat': a head not known",
        ),
        "a maximum of one": (
            forged(clamped, (variance, ["max", ["param", "floor"]])),
            "'max': a head not known",
        ),
        "a clamp of latents": (
            refusal(model(("cauchy", inside, 1), networks=[MU_NET]), {}, EVEN, networks={"mu": 0}),
            "'v': a head not known or not allowed here",
        ),
    }


def _uniform_with_jumps(in_base: bool = False) -> dict:
    """log p = 4 x - 4 x (but 4 x at x = 1/2): uniform, though one point alone says otherwise. Or
    the second of these terms is -log h."""
    away = ["add", VAR, ["frac", -1, 2]]
    above = [
        "add",
        ["isabove", away],
        ["isabove", neg(away)],
        ["mul", -2, ["isabove", ["pow", away, 2]]],
    ]
    linear, jumps = ["mul", 4, VAR], ["mul", 4, VAR, above]
    law = family(["add", linear, jumps], support="unit")
    if in_base:
        law = family(linear, support="unit", log_base_measure=neg(jumps))
    points = [
        [1, ["frac", 1, 2]],
        [["frac", 1, 2], ["frac", 3, 4]],
        [["frac", -3, 2], ["frac", 1, 4]],
    ]
    return refusal(model(("jump",), families={"jump": law}), {}, points)


def _model() -> dict[str, Forged]:
    cauchy, vae0 = refusals.cauchy(), refusals.vae0()
    posdef = parameter("A", "D", "D", range="posdef")
    bound = [{"on": "W", "text": "W W^T = 1"}]
    whole = {"name": "S", "plates": ["N", "D", "D"], "support": "posdef", "role": "given"}
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

    a = learned("a", "real")
    jump = ["add", ["isabove", ["pow", ["param", "a"], 2]], neg(["isabove", ["param", "a"]])]
    plateless = [{**one, "plates": one["plates"][1:]} for one in variables()]
    return {
        "no data": (
            refusal(
                model(("cauchy", 0, 1), sizes=["D", "H"], data=[], variables=plateless), {}, EVEN
            ),
            "here are no data",
        ),
        "a law wider than its variable": (
            refusal(
                model(("normal", 0, 1), variables=variables("positive")), {}, [[1, 1], [-1, 2]]
            ),
            "decoder is over real numbers, x is positive",
        ),
        "a prior wider than its latent": (
            forged(cauchy, (("model", "variables"), variables("real", "positive"))),
            "prior is over real numbers, z is positive",
        ),
        "a constraint": (
            forged(cauchy, (("model", "constraints"), bound)),
            "a constraint in words is not known to hold",
        ),
        "a family over vectors": (
            refusal(
                model(
                    ("cauchy", 0, 1),
                    prior=("vectors", ["vec", "H", 0]),
                    families={"vectors": vectors},
                ),
                {},
                EVEN,
            ),
            "families over vectors: .*vectors",
        ),
        "a variable that is a matrix": (
            forged(cauchy, (("model", "variables"), lambda old: [*old, whole])),
            "variables that are matrices: .*S",
        ),
        "two latents and nothing observed": (
            forged(
                cauchy,
                (("model", "variables", 0, "role"), "latent"),
                (("model", "q", 0), any_law(["x", "z"], [], "encoder")),
            ),
            "'observed': decoder is of what is latent",
        ),
        "a latent outside of the data": (
            forged(
                refusals.exponential(),
                (("model", "variables", 1, "plates"), ["H"]),
                (("model", "q", 0, "given"), []),
            ),
            "where one data plate holds everything",
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
            forged(
                refusal(model(("cauchy", 0, 1)), {}, EVEN),
                (("model", "families", "cauchy", "location"), 0),
            ),
            "families.cauchy: not shown: the variable is location",
        ),
        "a prior that sees the latent": (
            refusal(model(("cauchy", 0, 1), prior=("normal", ["v", "z", 1, 0], 1)), {}, EVEN),
            "refusal.model: z is read, but it is not given",
        ),
        "a decoder that sees the datum": (
            refusal(model(("cauchy", ["mul", ["v", "x", 1, 0], ["add", 1, -1]], 1)), {}, EVEN),
            "refusal.model: x is read, but it is not given",
        ),
        "a base measure that sees the latent": (
            refusal(
                model(("latent", rate), parameters=[WEIGHTS], families={"latent": latent}),
                {"W": 0},
                [[1, 0], [-2, 1], [1, 2]],
            ),
            "refusal.model: z is latent: it stands under an expectation only",
        ),
        "a density that jumps at a point": (
            _uniform_with_jumps(),
            "decoder has a density that may jump",
        ),
        "a base measure that jumps at a point": (
            _uniform_with_jumps(in_base=True),
            "decoder has a density that may jump",
        ),
        "an argument that jumps": (
            refusal(model(("cauchy", jump, 1), parameters=[a]), {"a": 0}, EVEN),
            "an argument of decoder may jump",
        ),
        "a function that nobody wrote down": (
            refusal(
                model(
                    ("cauchy", 0, 1),
                    prior=("normal", ["fun", "f", 0, ["param", "a"]], 1),
                    parameters=[a],
                ),
                {"a": 0},
                EVEN,
            ),
            "nothing is known of them",
        ),
        "a decoder that sees the latent": (
            forged(cauchy, (("values", "W"), 1)),
            "decoder sees a variable at the witness",
        ),
        "an irrational argument": (
            refusal(model(("laplace", ["log", 2], 1)), {}, [[1, 1], [1, -1], [-2, 0]]),
            "the weighted log densities are not shown not to sum to 0",
        ),
    }


def _objective() -> dict[str, Forged]:
    beta, cauchy = parameter("beta", range="positive"), refusals.cauchy()

    def with_objective(weight: Term = 1, penalty: Term = 0, values: dict | None = None) -> dict:
        own = model(("cauchy", LINEAR, 1), parameters=[WEIGHTS, beta])
        values = {"W": 0, "beta": 1} | (values or {})
        return refusal(own, values, EVEN, objective=weighted(weight, penalty))

    w = ["param", "W", 1, 0]

    def summed(term: Term) -> Term:
        return ["sum", "D", ["sum", "H", term]]

    return {
        "a negative weight": (with_objective(-1), "the weight: not shown to be positive"),
        "a learned weight": (with_objective(["param", "beta"]), "the weight is learned: .*beta"),
        "an entropy of its own weight": (
            forged(cauchy, (("objective",), {"weights": {"encoder": 2}, "penalty": 0})),
            "encoder and prior are weighted differently",
        ),
        "a prior of its own weight": (
            forged(cauchy, (("objective",), {"weights": {"prior": 2}, "penalty": 0})),
            "encoder and prior are weighted differently",
        ),
        "a weight of data": (with_objective(["v", "x", 0, 0]), "'v': a head not known"),
        "a penalty of data": (with_objective(1, ["v", "x", 0, 0]), "'v': a head not known"),
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
        "a penalty with an irrational slope": (
            with_objective(1, ["mul", ["add", ["pow", 2, ["frac", 1, 2]], -1], ["param", "beta"]]),
            "the penalty has a derivative by beta",
        ),
        "a penalty with a kink": (
            with_objective(1, summed(["abs", w])),
            "does not move by a multiple of itself",
        ),
        "a penalty with an infinite slope": (
            with_objective(1, summed(["pow", ["pow", w, 2], ["frac", 1, 4]])),
            "a root of what is not shown to be positive",
        ),
    }


def forgeries() -> dict[str, Forged]:
    single = _envelope() | _clamps() | _model() | _objective() | of_decoder() | of_prior()
    return single | graph_refusals.forgeries()
