"""Laws that each show one check: functions of a checker that say what is wrong with it, or nothing."""

import json
from collections.abc import Callable
from types import ModuleType

from . import refusals
from .battery import Bench
from .documents import PI, E, linear_vae, vae2
from .forging import edited
from .laws import any_law


def missing_file(checker: ModuleType) -> str | None:
    try:
        checker.replay_file("there is no such file")
    except checker.Malformed:
        return None
    return "a missing file was read"


def text_or_bytes(checker: ModuleType) -> str | None:
    text = json.dumps(vae2())
    return None if checker.replay(text) == checker.replay(text.encode()) else "text is not bytes"


def not_shipped(checker: ModuleType) -> str | None:
    return "shipped" if checker.replay(json.dumps(vae2())).shipped else None


def _values(checker: ModuleType) -> str | None:
    """Powers of sums under sums, and functions of sums of squares, have their values."""
    bench = Bench(checker, linear_vae())
    inner = ["sum", "H", ["exp", ["param", "V", 0, 1]]]
    square = ["add", 1, ["pow", ["param", "c", 0], 2]]
    powers = (-1, -2, ["frac", 3, 2], ["frac", -1, 2])
    asked = [["sum", "D", ["pow", inner, q]] for q in powers]
    asked += [["sum", "H", ["pow", square, q]] for q in powers] + [["sum", "H", ["log", square]]]
    halves = [["frac", p, q] for p, q in ((1, 2), (5, 2), (1, 3), (7, 3))]
    asked += [["loggamma", x] for x in (1, 3, *halves)]
    pairs = (["param", "sigma"], PI), (["param", "sigma"], E), (PI, E)
    asked.append(["pow", ["add", *(["mul", *pair] for pair in pairs)], -1])
    return next(filter(None, (bench.disagreement(term, 1) for term in asked)), None)


C, SIGMA = ["param", "c", 0], ["param", "sigma"]
VEC_C = ["vec", "H", C]
ROOT_PI = ["pow", PI, ["frac", -1, 2]]
BELL = ["mul", 2, ROOT_PI, ["exp", ["mul", -1, ["pow", SIGMA, 2]]]]


def _squared(head: str, times: int) -> list:
    """1 - times f(sigma) / sigma - f(sigma)^2"""
    f = [head, SIGMA]
    return ["add", 1, ["mul", -times, f, ["pow", SIGMA, -1]], ["mul", -1, f, f]]


SLOPES = {
    "loggamma": ["digamma", SIGMA],
    "digamma": ["trigamma", SIGMA],
    "softplus": ["sigmoid", SIGMA],
    "sigmoid": ["mul", ["sigmoid", SIGMA], ["add", 1, ["mul", -1, ["sigmoid", SIGMA]]]],
    "logbessel": ["besselratio", SIGMA],
    "besselratio": _squared("besselratio", 1),
    "logsinhc": ["langevin", SIGMA],
    "langevin": _squared("langevin", 2),
    "erf": BELL,
    "erfc": ["mul", -1, BELL],
    "sin": ["cos", SIGMA],
    "cos": ["mul", -1, ["sin", SIGMA]],
    "asinh": ["pow", ["add", ["pow", SIGMA, 2], 1], ["frac", -1, 2]],
}


def _slopes(checker: ModuleType) -> str | None:
    """D of each function of sigma, which moves by -sigma / 2."""
    bench, rate = Bench(checker, linear_vae()), ["mul", ["frac", -1, 2], SIGMA]
    pairs = {head: (["D", [head, SIGMA]], ["mul", rate, slope]) for head, slope in SLOPES.items()}
    return next(
        (h for h, (a, b) in pairs.items() if bench.polynomial(a) != bench.polynomial(b)), None
    )


def _numbers(checker: ModuleType) -> str | None:
    """Values at 1 and 1/2, and at what is a number of steps from there; others stay whole."""
    bench, log_2 = Bench(checker, linear_vae()), ["mul", -2, ["log", 2]]
    halves = ["frac", 1, 2], ["frac", 5, 2]
    equal = [
        (["digamma", 3], ["add", ["digamma", 1], ["frac", 3, 2]]),
        (["digamma", halves[0]], ["add", ["digamma", 1], log_2]),
        (["digamma", halves[1]], ["add", ["digamma", 1], log_2, ["frac", 8, 3]]),
        (["loggamma", halves[0]], ["mul", ["frac", 1, 2], ["log", PI]]),
        (["loggamma", 5], ["log", 24]),
    ]
    whole = [["digamma", ["frac", 4, 3]], ["sin", 2], ["erf", 1], ["trigamma", 1], ["digamma", 1]]
    whole.append(["loggamma", ["add", 1, SIGMA]])
    found = [f"{a} is not {b}" for a, b in equal if bench.polynomial(a) != bench.polynomial(b)]
    found += [f"{term} has a value" for term in whole if not _is_whole(bench, term)]
    return next(iter(found), None)


def _is_whole(bench: Bench, term: list) -> bool:
    """Whether it is that function of that argument."""
    own = [(term[0], (frozenset(bench.polynomial(term[1]).items()),))]
    return [[(a.head, a.bodies) for a, _ in mono] for mono in bench.polynomial(term)] == [own]


def _unknown(checker: ModuleType) -> str | None:
    """D of functions that nobody wrote down, c moving by c / 2."""
    mean = ("statement", "model", "p", 1, "arguments", 0)
    document = edited(linear_vae(), (mean, lambda old: ["add", old, ["fun", "f", 0, 1]]))
    bench, rate = Bench(checker, document), ["mul", ["frac", 1, 2], C]
    pairs = [
        (
            ["sum", "H", ["fun", "f", 1, ["pow", C, 2]]],
            ["sum", "H", ["mul", 2, C, rate, ["fun", "f", 2, ["pow", C, 2]]]],
        ),
        (["field", "f", [], VEC_C], ["sum", "H", ["mul", rate, ["field", "f", [0], VEC_C]]]),
    ]
    wrong = [t for t, d in pairs if bench.polynomial(["D", t]) != bench.polynomial(d)]
    return f"D of {wrong[0]}" if wrong else None


def _absolute(checker: ModuleType) -> str | None:
    bench = Bench(checker, linear_vae())
    same = bench.polynomial(["abs", -3]) == bench.polynomial(3)
    return None if same else "|-3| is not 3"


def _one_entropy(checker: ModuleType) -> str | None:
    """H of an encoder of any law is one number for each datum, not one for each latent."""
    found = Bench(checker, any_law()).polynomial(["mean", "N", ["H", "encoder", 0]])
    return None if [len(mono) for mono in found] == [1] else "not one number"


def _kinds(checker: ModuleType) -> str | None:
    documents = [vae2(), ["refusal"], refusals.cauchy()]
    found = [checker.is_refusal(json.dumps(document)) for document in documents]
    return None if found == [False, False, True] else "a refusal is taken for something else"


def _under_binders(checker: ModuleType) -> str | None:
    """Parts that sum to 1 under binders are the product of the sizes of these, and of no others."""
    form = checker.kernel.normal_form
    for kinds in ("D", "H", "nD", "n", "DD", "nDH", "l"):
        tags = {"n": ("datum", "N"), "l": ("latent", "z")}
        binders = [tags.get(kind, ("index", kind)) for kind in kinds]
        for sizes in ("", "D", "H", "N", "DD", "DH", "D0", "DK"):
            work = form.Work()
            names = [-k for k, _ in enumerate(binders, 1)]
            e = work.exponential({form.ONE: form.Fraction(1)})
            x = form.of(work.atom("v", "x", tuple(names), range_="positive"))
            below = work.power(work.add(e, x, work.product(x, x, e)), form.Fraction(-1))
            parts = [below, work.product(below, x), work.product(below, x, x)]
            bound = [
                form.of(
                    work.atom(
                        "measure",
                        binders=tuple(zip(names, binders, strict=True)),
                        bodies=(form.key(part),),
                    )
                )
                for part in parts
            ]
            left = work.add(
                *(work.product(c, b) for c, b in zip((e, form.constant(1), e), bound, strict=True))
            )
            right = form.constant(0 if "0" in sizes else 1)
            for size in sizes.replace("0", ""):
                right = work.product(right, form.of(work.atom("size", size)))
            pi = form.of(work.atom("pi"))
            left, right = work.product(pi, left), work.product(pi, right)
            same = sorted(sizes) == sorted(kind for kind in kinds if kind.isupper())
            if work.equal(left, right) != same:
                return f"the parts under {kinds} are {'not ' * same}{sizes}"
            twice = work.add(right, right)
            more = work.add(right, form.constant(1))
            if right and (work.equal(left, twice) or work.equal(left, more)):
                return f"the parts under {kinds} are not only {sizes}"
    return None


EXPOSED: dict[str, Callable[[ModuleType], str | None]] = {
    "powers of sums under sums": _values,
    "the absolute value of a number": _absolute,
    "slopes of functions": _slopes,
    "functions of numbers": _numbers,
    "slopes of functions that nobody wrote down": _unknown,
    "one entropy for each datum": _one_entropy,
    "refusals and other documents": _kinds,
    "constants under binders": _under_binders,
    "a file that is missing": missing_file,
    "bytes and text": text_or_bytes,
    "a model of one's own is not a shipped one": not_shipped,
}
