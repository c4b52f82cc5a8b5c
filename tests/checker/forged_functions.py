"""Documents that each show one rule on functions, signs, supports and ranges: `FUNCTIONS` are refused by
that rule alone, `VALID_FUNCTIONS` are accepted."""

from collections.abc import Callable
from typing import Any

from .documents import HALF, gaussian_vae, neg, parameter, poisson, vae2, weighted
from .exposing import CONDITIONS, GAUSSIAN, Build, change, density, fixed, fixed_decoder, nothing
from .forging import MODEL, bonus, forged

K, S, V, SPARE = ["param", "k"], ["param", "sigma2"], ["var"], ["arg", "spare"]
ALPHA, ENTRY = ["param", "alpha2", 0], ["param", "k", 0]
OTHER = (*MODEL, "families", "other")


def plus(*terms: Any) -> list:
    return ["add", *terms]


def times(*terms: Any) -> list:
    return ["mul", *terms]


def less(a: Any, b: Any) -> list:
    """a - b"""
    return ["add", a, neg(b)]


def inverse(term: Any) -> list:
    return ["pow", term, -1]


def entries(term: Any) -> list:
    return ["vec", "D", term]


def of_k(term: Any, range: str = "unit") -> Build:
    """VAE-2 with a parameter k of this range: term - term in its closed form."""
    return lambda: nothing(fixed(range=range)(), term)


def is_zero(term: Any, range: str = "unit") -> Build:
    """The same with the term itself, which is 0."""
    return lambda: bonus(fixed(range=range)(), term)


def on(support: str, term: Any) -> Build:
    """A decoder over this support whose density is term - term."""
    return lambda: fixed_decoder(less(term, term), support, 0, 0, 0)


def equal_on(support: str, left: Any, right: Any) -> Build:
    """A decoder over this support whose density is left - right, which is 0."""
    return lambda: fixed_decoder(less(left, right), support, 0, 0, 0)


def of_range(
    spare: str, argument: Any, range: str, *plates: str, support: str = "real", term: Any = 1
) -> Build:
    """The same with an argument of the range `spare`, given by `argument`, of a parameter k."""

    def build() -> dict:
        k = parameter("k", *plates, range=range, learned=False)
        condition = [["range", "k", range]] * (range != "real")
        return forged(
            on(support, term)(),
            ((*OTHER, "arguments"), [{"name": "spare", "range": spare}]),
            ((*MODEL, "p", 1, "arguments"), [argument]),
            ((*MODEL, "parameters"), lambda old: [*old, k]),
            (("certificates", "other", "direction"), {"spare": 0}),
            (CONDITIONS, lambda old: [*old[:2], *condition, *old[2:]]),
        )

    return build


def within(inner: str, outer: str) -> Build:
    """Data of one support under a family over another."""
    return lambda: forged(fixed_decoder(0, inner, 0, 0, 0), ((*OTHER, "support"), outer))


def differentiable(document: dict, *names: str) -> dict:
    """With the conditions that these functions are."""
    place = document["statement"]["conditions"].index(["finite", "objective"])
    more = [["differentiable", name] for name in names]
    return forged(document, (CONDITIONS, lambda old: [*old[:place], *more, *old[place:]]))


def in_density(term: Any, *names: str) -> Build:
    return lambda: differentiable(density(term)(), *names)


def in_density_of_vectors(term: Any, *names: str) -> Build:
    return lambda: differentiable(density(term, gaussian_vae, GAUSSIAN)(), *names)


def in_mean(term: Any, *names: str) -> Build:
    """VAE-2 with a decoder whose mean holds this term, and a parameter k that stands still."""
    mean = (*MODEL, "p", 1, "arguments", 0)
    return lambda: differentiable(forged(fixed()(), (mean, lambda old: plus(old, term))), *names)


def in_penalty(term: Any, holds: Any, *names: str) -> Build:
    """The same with the penalty term - term."""
    objective = ("statement", "objective")
    return lambda: forged(in_mean(holds, *names)(), (objective, weighted(1, less(term, term))))


def penalised(term: Any) -> dict:
    """VAE-2 with the penalty term - term, which sigma2 moves, beside a parameter k that does not."""
    return forged(in_mean(K)(), (("statement", "objective"), weighted(1, less(term, term))))


def thirds(u: Any) -> list:
    """Three numbers that sum to 1, e^(1/2) e^u, e and e^(2 u) over their sum, each as a constant and what it multiplies."""
    grown = ["exp", u]
    parts = ((["exp", 1], 1), (["exp", HALF], grown), (1, times(grown, grown)))
    below = inverse(plus(*(times(constant, part) for constant, part in parts)))
    return [(constant, times(part, below)) for constant, part in parts]


#: Three sums over h that sum to H.
THIRDS = [times(constant, ["sum", "H", part]) for constant, part in thirds(ALPHA)]


BELOW_0 = (["log", K], ["erf", less(1, ["exp", S])])


def to_first_order(power: int, penalty: Callable[[Any], Any], excess: Any = 0) -> Build:
    """c_h - k_h^2 along (2 k, 1), or c_h - k_h^3 along (3 k^2, 1): its D is 0, and yet it moves, by -t^2 or
    -t^3. A network reads it, and a penalty is not differentiable where it is 0."""

    def build() -> dict:
        c, k = ["param", "c", 0], ["param", "k", 0]
        w = less(c, ["pow", k, power])
        vector = ["vec", "H", times(w, ["v", "z", 2, 0])]
        stationary = [["stationary", "objective", name] for name in "ck"]
        document = forged(
            vae2(),
            ((*MODEL, "parameters"), lambda old: [*old, parameter("c", "H"), parameter("k", "H")]),
            ((*MODEL, "p", 1, "arguments", 0), ["net", "mu", [0], [vector]]),
            (("statement", "objective"), weighted(1, ["sum", "H", penalty(w)])),
            (
                ("statement", "direction", "c"),
                times(power, ["pow", k, power - 1] if power > 2 else k),
            ),
            (("statement", "direction", "k"), 1),
            (CONDITIONS, lambda old: [*old[:-2], ["lipschitz", "mu"], *old[-2:], *stationary]),
        )
        if excess == 0:
            return document
        claim = document["statement"]["claim"]
        beside = ["sum", "H", excess(w)]
        gap = [*claim["gap"][:-1], beside, claim["gap"][-1]]
        total = plus(claim["entropy_sum"], beside)
        return forged(
            document,
            (("statement", "claim"), {"gap": gap, "entropy_sum": total, "excess": beside}),
            (("steps", -3, "result"), gap),
            (("steps", -2, "result"), gap[:-1]),
            (("steps", -1, "result"), total),
        )

    return build


def _odd_root(w: Any) -> Any:
    return times(["pow", ["abs", w], ["frac", 1, 3]], less(["isabove", w], ["isabove", neg(w)]))


FIRST_ORDER: dict[str, Build] = {
    "a number times an indicator of what is still to first order": to_first_order(
        2, lambda w: times(["param", "k", 0], ["iszero", w]), lambda w: ["iszero", w]
    ),
    "an indicator of what is still to first order": to_first_order(
        2, lambda w: ["isabove", neg(w)]
    ),
    "the root of what is still to first order": to_first_order(
        2, lambda w: ["pow", ["abs", w], HALF]
    ),
    "the cube root of what is still to second order": to_first_order(3, _odd_root),
    "the root of two that are still to first order": to_first_order(
        2, lambda w: ["pow", plus(["abs", w], ["pow", ["abs", w], 3]), HALF]
    ),
}

SIGNS: dict[str, Build] = {
    "the log of 1 less twice a number below 1": of_k(["log", less(1, times(2, K))]),
    "the log of a number below 1 less 1": of_k(["log", plus(K, -1)]),
    "the log of exp less one of a real": of_k(["log", plus(["exp", K], -1)], "real"),
    "the log of 1 less exp of a real": of_k(["log", less(1, ["exp", K])], "real"),
    "the log of 1 less exp of a positive number": of_k(["log", less(1, ["exp", K])], "positive"),
    "the log of exp less two": of_k(["log", plus(["exp", K], -2)], "positive"),
    "the log of 1 less a high power": of_k(["log", less(1, times(["pow", K, 64], K))]),
    "the log of what may be 0": of_k(["log", K], "nonnegative"),
    "one over what may be 0": of_k(inverse(K), "nonnegative"),
    "the root of one over what may be 0": of_k(["pow", ["abs", K], ["frac", -1, 2]], "real"),
    "the root of 0": of_k(["pow", less(K, K), HALF]),
    "the root of what is below 0": of_k(["pow", plus(K, -1), HALF]),
    "the cube root of two that may be 0": of_k(
        ["pow", plus(["abs", K], ["abs", plus(K, 1)]), ["frac", 1, 3]], "real"
    ),
    "the root of two of which one may be below 0": of_k(["pow", plus(["abs", K], K), HALF], "real"),
    "the root of two that may be 0 moves with one of them": lambda: penalised(
        ["pow", plus(["pow", less(S, 1), 2], ["pow", K, 2]), HALF]
    ),
    "the log of a product with one number below 0": of_k(["log", times(S, ["log", K])]),
    "the log of a product of three numbers below 0": of_k(
        ["log", times(["log", K], ["erf", less(1, ["exp", S])], ["log", ["pow", K, K]])]
    ),
    "the log of the log of a positive number": of_k(["log", ["log", K]], "positive"),
    "the log of less than the log of a number above 1": of_k(
        ["log", ["log", plus(HALF, K)]], "positive"
    ),
    "the log of erf": of_k(["log", ["erf", K]], "real"),
    "the log of erf less 1": of_k(["log", plus(["erf", K], -1)], "positive"),
    "the log of asinh less 1": of_k(["log", less(1, ["asinh", K])], "positive"),
    "the log of a negative pair": of_k(["log", plus(["erf", K], ["erf", less(-1, K)])], "real"),
    "the log of a pair of two functions": of_k(
        ["log", plus(["erf", K], ["asinh", less(1, K)])], "real"
    ),
    "the log of a pair and one half of it": of_k(
        ["log", plus(times(2, ["erf", K]), ["erf", less(1, times(2, K))])], "real"
    ),
    "the log of a pair with a power": of_k(
        ["log", plus(["pow", ["erf", K], 3], ["erf", less(1, K)])], "real"
    ),
    "the log of a pair with a factor": of_k(
        ["log", plus(times(S, ["erf", K]), ["erf", less(1, K)])], "real"
    ),
    "the log of a function and a number": of_k(["log", plus(["asinh", K], 1)], "real"),
    "the log of a third": of_k(
        ["log", plus(["erf", less(4, times(2, K))], ["erf", plus(K, -1)], ["erf", plus(K, -2)])],
        "real",
    ),
    "the log of erf and a positive number": of_k(["log", plus(["erf", K], S)], "real"),
    "the root of the square of a number below 0": is_zero(
        less(["pow", ["pow", plus(*BELOW_0), 2], HALF], plus(*BELOW_0))
    ),
    "D is the sum of H parts that sum to 1": lambda: bonus(
        vae2(), less(plus(*THIRDS), ["size", "D"])
    ),
    "the square of H is the sum of H parts that sum to 1": lambda: bonus(
        vae2(), less(plus(*THIRDS), times(["size", "H"], ["size", "H"]))
    ),
    "H is the sum of two parts": lambda: bonus(vae2(), less(plus(*THIRDS[:2]), ["size", "H"])),
    "the log of a product with a square": of_k(["log", times(S, ["pow", K, 2])], "real"),
    "the square of a sum is the sum": lambda: bonus(
        vae2(), less(["pow", ["sum", "H", ALPHA], 2], ["sum", "H", ALPHA])
    ),
    "the log of what may be its border": on("from 0", ["log", V]),
    "the log of a bounded count": on("upto 3", ["log", V]),
    "the log of a root from a border on": on("from 4", ["log", plus(["pow", V, HALF], -3)]),
    "the log of 1 less a root of a positive number": of_k(
        ["log", less(1, ["pow", K, HALF])], "positive"
    ),
    "the log of more than the border": on("from 3/2", ["log", plus(V, -2)]),
    "log gamma of 19 less a count up to 20": on("upto 20", ["loggamma", less(19, V)]),
    "log gamma of the border less a count": on("upto 20", ["loggamma", less(20, V)]),
    "a negative power of a count": on("count", inverse(V)),
    "one over an indicator": on("real", inverse(["iszero", V])),
    **{
        f"{head} is odd": is_zero(plus([head, less(1, K)], [head, plus(K, -1)]), "real")
        for head in ("cos", "erfc", "logbessel", "logsinhc", "isabove")
    },
    "an angle is positive": of_k(["log", K], "angle"),
}

ROWS: dict[str, Build] = {
    "trigamma moves": density(["trigamma", ["arg", "variance"]]),
    "an indicator moves": density(["isabove", ["arg", "variance"]]),
    "digamma of a real": of_k(["digamma", K], "real"),
}

SUPPORTS: dict[str, Build] = {
    "a border that can be reduced": on("from 2/4", 1),
    "a border over 1": on("from 2/1", 1),
    "a border over 00": on("from 1/00", 1),
    "a border that is -0": on("from -0", 1),
    "up to 0": on("upto 0", 1),
    "up to a fraction": on("upto 3/2", 1),
    "up to a number below 0": on("upto -3", 1),
    "up to no number": on("upto", 1),
    "a support with a number": on("beside 1", 1),
    "a family's border that can be reduced": within("real", "from 2/4"),
    "data from 0 are positive": within("from 0", "positive"),
    "data from below 0 are positive": within("from -1", "positive"),
    "data from 1 are counts": within("from 1", "count"),
    "counts that have an end": within("count", "upto 5"),
    "positive data from 1": within("positive", "from 1"),
    "a bounded variable is stretched": lambda: fixed_decoder(0, "from 3/2", 1, 0, 1, ["size", "D"]),
}

RANGES: dict[str, Build] = {
    "a number that may be negative for one that is not": of_range("nonnegative", K, "real"),
    "a difference for what is at least 0": of_range("nonnegative", less(1, times(2, K)), "unit"),
    "1 and more for a number below 1": of_range("unit", plus(K, HALF), "unit"),
    "a number that may be 1": of_range("unit", ["exp", neg(K)], "nonnegative"),
    "a number that may be 0 for one above": of_range("positive", K, "nonnegative"),
    "a real for an angle": of_range("angle", K, "real"),
    "a number for an angle": of_range("angle", 1, "real"),
    "a sum for an angle": of_range("angle", plus(K, 1), "angle"),
    "an angle in a product": of_range("angle", times(2, K), "angle"),
    "reals for positive numbers": of_range("positives", entries(ENTRY), "real", "D"),
    "numbers that may be 0 for positive ones": of_range(
        "positives", entries(ENTRY), "nonnegative", "D"
    ),
    "positive numbers for a simplex": of_range("simplex", entries(ENTRY), "positive", "D"),
    "a number for positive ones": of_range("positives", K, "positive"),
}

FUN, ALPHAS = ["fun", "f", 0, K], ["vec", "H", ALPHA]
ALL = ["field", "f", [], ALPHAS]

UNKNOWN: dict[str, Build] = {
    "a function that the model does not hold": lambda: nothing(vae2(), ["fun", "f", 0, S]),
    "a function of no name": in_mean(["fun"]),
    "a function whose name is a number": in_mean(["fun", 5, 0, K]),
    "a function whose name is a list": in_mean(["fun", ["f"], 0, K]),
    "a function whose name is another's": in_mean(["fun", "sigma2", 0, K], "sigma2"),
    "a function whose name is that of the log": in_mean(["fun", "log", 0, K], "log"),
    "a function of two words": in_mean(["fun", "f of", 0, K], "f of"),
    "a function that need not be differentiable": in_mean(FUN),
    "a function in a density that need not be differentiable": in_density(
        ["fun", "f", 0, ["arg", "mean"]]
    ),
    "a function in a base measure that need not be differentiable": change(
        poisson,
        (*MODEL, "families", "poisson", "log_base_measure"),
        lambda old: plus(old, ["fun", "f", 0, V], neg(["fun", "f", 0, V])),
    ),
    "the derivative of order -1": in_mean(["fun", "f", -1, K], "f"),
    "the derivative of order true": in_mean(["fun", "f", True, K], "f"),
    "the derivative of order 65": in_mean(["fun", "f", 65, K], "f"),
    "the derivative of a text": in_mean(["fun", "f", "1", K], "f"),
    "a field of a number": in_mean(["field", "f", [], 5], "f"),
    "a field of a parameter": in_mean(["field", "f", [], S], "f"),
    "a field of a sum": in_mean(["field", "f", [], ["sum", "H", 1]], "f"),
    "a field without a body": in_mean(["field", "f", [], ["vec"]], "f"),
    "a field of the data": in_mean(["field", "f", [], ["vec", "N", 1]], "f"),
    "a field at a number": in_mean(["field", "f", 5, ALPHAS], "f"),
    "an entry of another size": in_mean(["field", "f", [0], ["vec", "H", 1]], "f"),
    "an entry that moves": in_penalty(["sum", "H", ["field", "f", [0], ALPHAS]], FUN, "f"),
    "two entries": in_penalty(["sum", "H", ["field", "f", [0, 0], ["vec", "H", 1]]], FUN, "f"),
    "a field in a density of numbers": in_density(["field", "f", [], ["vec", "D", 1]], "f"),
}

FUNCTIONS: dict[str, Build] = FIRST_ORDER | SIGNS | ROWS | SUPPORTS | RANGES | UNKNOWN

#: Their product has 2^17 addends.
_MANY_LOGS = [["log", plus(1, ["pow", S, ["frac", 1, k]])] for k in range(47, 64)]

VALID_FUNCTIONS: dict[str, Build] = {
    "the absolute value of what is still to first order": to_first_order(2, lambda w: ["abs", w]),
    "a power of what is still to first order": to_first_order(
        2, lambda w: ["pow", ["abs", w], ["frac", 3, 2]]
    ),
    "the root of 1 and a square": of_k(["pow", plus(1, ["pow", plus(K, -3), 2]), HALF], "real"),
    "the root of two that may be 0": of_k(
        ["pow", plus(["abs", K], ["abs", plus(K, 1)]), HALF], "real"
    ),
    "the root of 4 times two that may be 0": is_zero(
        less(
            ["pow", plus(times(4, ["pow", K, 2]), times(4, ["abs", K])), HALF],
            times(2, ["pow", plus(["pow", K, 2], ["abs", K]), HALF]),
        ),
        "real",
    ),
    "the root of two that may be 0 and stand still": lambda: penalised(
        ["pow", plus(["abs", K], ["pow", K, 2]), HALF]
    ),
    "the log of minus the log of a number below 1": of_k(["log", neg(["log", K])]),
    "the log of minus the log of 1 less it": of_k(["log", neg(["log", less(1, K)])]),
    **{
        f"the log of the square of {name}": is_zero(
            less(["log", ["pow", plus(*parts), 2]], times(2, ["log", plus(*parts)])), "positive"
        )
        for name, parts in {
            "a sum with a 2": (S, times(2, K)),
            "a sum of squares": (times(S, S), times(K, K)),
            "a third and more": (times(["frac", 1, 3], S), K),
        }.items()
    },
    "one over the log of a number below 1": is_zero(
        plus(times(inverse(["log", K]), ["log", K]), -1)
    ),
    "the log of a product of two numbers below 0": of_k(
        ["log", times(["log", K], ["erf", less(1, ["exp", S])])]
    ),
    "the log of the log of 1 and more": of_k(["log", ["log", plus(1, K)]]),
    "the log of the log of 1 and a positive number": of_k(["log", ["log", plus(1, S)]]),
    "the log of a product with the log of 1 and more": of_k(
        ["log", plus(times(S, ["log", plus(1, S)]), K, neg(K))], "real"
    ),
    "the log of the log of 2": of_k(["log", plus(["log", 2], K)]),
    "the log of the log of pi": of_k(["log", ["log", ["pi"]]]),
    "the log of 1 less a power": of_k(["log", less(1, ["exp", times(S, ["log", K])])]),
    "the log of a sum that is positive by its logs": of_k(
        ["log", neg(["log", less(1, ["exp", neg(S)])])]
    ),
    "the log of a difference of logs": of_k(["log", less(["log", plus(1, S)], ["log", S])]),
    "the log of twice a log": of_k(
        ["log", less(times(2, ["log", plus(1, S)]), ["log", plus(1, times(2, S))])]
    ),
    "the log of a sum of many logs": of_k(["log", plus(HALF, S, *_MANY_LOGS)]),
    "the log of what may be below 1": of_k(["log", plus(HALF, S)]),
    "the log of a multiple of a log": of_k(
        ["log", plus(HALF, S, times(1000, ["log", plus(2, S)]))]
    ),
    **{
        f"the log of 1 less {head}": of_k(["log", less(1, [head, K])], "real")
        for head in ("erf", "besselratio", "langevin")
    },
    **{
        f"the log of {head} of a positive number": of_k(["log", [head, K]], "positive")
        for head in ("erf", "besselratio", "langevin", "asinh")
    },
    **{
        f"{head} is odd": is_zero(plus([head, less(1, K)], [head, plus(K, -1)]), "real")
        for head in ("erf", "besselratio", "langevin", "asinh")
    },
    "the log of a pair": of_k(["log", plus(["erf", K], ["erf", less(1, K)])], "real"),
    "the log of half a pair": of_k(
        ["log", times(HALF, S, plus(["asinh", K], neg(["asinh", plus(K, -1)])))], "real"
    ),
    "H is the sum of H parts that sum to 1": lambda: bonus(
        vae2(), less(plus(*THIRDS), ["size", "H"])
    ),
    "the log of 1 less a number below 1": of_k(["log", less(1, K)]),
    "the log of a number less its square": of_k(["log", less(K, ["pow", K, 2])]),
    "the log of 1 less a square": of_k(["log", less(1, ["pow", K, 2])]),
    "the log of 1 less exp": of_k(["log", less(1, ["exp", neg(K)])], "positive"),
    "the log of exp less 1": of_k(["log", plus(["exp", K], -1)], "positive"),
    "the log of e less 1": of_k(["log", plus(["e"], -1)]),
    "the log of a mixture with exp": of_k(["log", plus(K, times(less(1, K), ["exp", neg(S)]))]),
    "the log of a sum with one over a sum of squares": of_k(
        ["log", plus(S, K, inverse(plus(1, ["pow", plus(K, -3), 2])), neg(K))], "real"
    ),
    "one over a negative number": is_zero(plus(times(inverse(plus(K, -1)), plus(K, -1)), -1)),
    "the square of a root of what may be 0": is_zero(
        less(["pow", ["pow", times(4, ["abs", K]), HALF], 2], times(4, ["abs", K])), "real"
    ),
    "a power 17/10 of what may be 0": of_k(["pow", ["abs", K], ["frac", 17, 10]], "real"),
    "the root of a number that may be 0": is_zero(
        less(["pow", ["pow", K, 2], HALF], K), "nonnegative"
    ),
    "one over a sum of squares": is_zero(
        plus(
            times(inverse(plus(1, ["pow", less(K, 3), 2])), plus(10, times(-6, K), ["pow", K, 2])),
            -1,
        ),
        "real",
    ),
    "partial fractions": is_zero(
        plus(
            times(inverse(plus(1, K)), inverse(plus(2, K))),
            neg(inverse(plus(1, K))),
            inverse(plus(2, K)),
        )
    ),
    "partial fractions under a sum and beside it": lambda: bonus(
        vae2(),
        plus(
            *(
                part
                for of, around in ((ALPHA, lambda t: ["sum", "H", t]), (S, lambda t: t))
                for part in (
                    around(times(inverse(plus(1, of)), inverse(plus(2, of)))),
                    neg(around(inverse(plus(1, of)))),
                    around(inverse(plus(2, of))),
                )
            )
        ),
    ),
    "log gamma of 21 less a count up to 20": on("upto 20", ["loggamma", less(21, V)]),
    "the log of 1 less a root below 1": of_k(["log", less(1, ["pow", K, ["frac", 2, 3]])]),
    "the log of the root of e less 1": of_k(["log", plus(["pow", ["e"], HALF], -1)]),
    "the log of what is beyond its border": on("from 3/2", ["log", plus(V, -1)]),
    "the log of the square of what is beyond its border": equal_on(
        "from 3/2", ["log", ["pow", V, 2]], times(2, ["log", V])
    ),
    "the log of 1 and a product beyond a border": on("from -2", ["log", plus(1, times(V, V))]),
    "the root of a bounded count": of_range(
        "unit", K, "unit", support="upto 20", term=["log", less(plus(2, ["pow", V, HALF]), SPARE)]
    ),
    "an indicator is its square": equal_on(
        "real", ["pow", ["iszero", V], 2], ["pow", ["iszero", V], HALF]
    ),
    "more zeros than elsewhere": of_range(
        "unit",
        K,
        "unit",
        support="count",
        term=["log", plus(times(SPARE, ["iszero", V]), less(1, SPARE))],
    ),
    "an indicator of an argument that stands still": of_range(
        "real", K, "real", term=["iszero", SPARE]
    ),
    "log gamma moves": density(["loggamma", ["arg", "variance"]]),
    "digamma moves": density(["digamma", ["arg", "variance"]]),
    "trigamma stands still": of_k(["trigamma", K]),
    "positive data from 3/2": within("from 3/2", "positive"),
    "data from 3/2 are real": within("from 3/2", "real"),
    "data from 0 are real": within("from 0", "real"),
    "counts up to 5": within("upto 5", "count"),
    "1 less a number below 1": of_range("unit", less(1, K), "unit"),
    "a product of numbers below 1": of_range("unit", times(K, K), "unit"),
    "a number above 0 for what is at least 0": of_range("nonnegative", K, "positive"),
    "a square for what is at least 0": of_range("nonnegative", times(K, K), "real"),
    "an angle": of_range("angle", K, "angle"),
    "positive entries": of_range("positives", entries(ENTRY), "positive", "D"),
    "entries above 1": of_range("positives", entries(plus(1, times(ENTRY, ENTRY))), "real", "D"),
    "a function of a parameter": in_mean(FUN, "f"),
    "a function in the closed form": lambda: nothing(in_mean(FUN, "f")(), ["fun", "f", 1, S]),
    "the derivative of order 64": in_mean(["fun", "f", 64, K], "f"),
    "a function of latents": in_mean(["sum", "H", ["fun", "f", 0, ["v", "z", 2, 0]]], "f"),
    "a field of latents": in_mean(["field", "f", [], ["vec", "H", ["v", "z", 2, 0]]], "f"),
    "entries of a field": in_mean(["sum", "H", ["field", "f", [0], ["vec", "H", 1]]], "f"),
    "a function that moves": in_penalty(["fun", "f", 0, S], FUN, "f"),
    "a field that moves": in_penalty(ALL, FUN, "f"),
    "two functions in a density": in_density(
        plus(["fun", "g", 0, ["arg", "variance"]], ["fun", "f", 2, V]), "f", "g"
    ),
    "a field in a density": in_density_of_vectors(
        ["field", "f", [], ["vec", "dim", ["arg", "mean", 0]]], "f"
    ),
}
