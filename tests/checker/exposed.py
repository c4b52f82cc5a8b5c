"""Laws that each show one check: functions of a checker that say what is wrong with it, or nothing."""

import json
from collections.abc import Callable
from types import ModuleType

from . import refusals
from .battery import Bench
from .documents import PI, E, linear_vae, vae2
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


EXPOSED: dict[str, Callable[[ModuleType], str | None]] = {
    "powers of sums under sums": _values,
    "the absolute value of a number": _absolute,
    "one entropy for each datum": _one_entropy,
    "refusals and other documents": _kinds,
    "a file that is missing": missing_file,
    "bytes and text": text_or_bytes,
    "a model of one's own is not a shipped one": not_shipped,
}
