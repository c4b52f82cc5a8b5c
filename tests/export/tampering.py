"""Printed theories with one thing changed: what they then say is false."""

import re
from collections.abc import Iterator

from tests.export.instances import instance

#: What a false statement misses by, at least; a true one misses by 1e-12.
FALSE = 1e-3


def tampered(text: str) -> Iterator[tuple[str, str]]:
    """What was changed, and the text: a velocity, a sign, a size or a number of the closed form, an entropy."""
    yield from _curves(text)
    yield from _signs(text)
    yield from _closed_forms(text)
    yield from _entropies(text)


def false_ones(text: str) -> dict[str, str]:
    """Of each kind of change the first that makes the theorem false, in numbers."""
    found: dict[str, str] = {}
    for what, changed in tampered(text):
        if what not in found and max(instance(changed).residuals()) > FALSE:
            found[what] = changed
    return found


def _curves(text: str) -> Iterator[tuple[str, str]]:
    """A parameter that moves twice as fast."""
    start, end = _span(text, r"^Definition move .*?\|\}\.")
    for found in re.finditer(r"exp\s\((\([^()]*\)|\d+)\s\*\s+t\)|\+\st\s\*\s", text[start:end]):
        moved = f"exp (2 * {found[1]} * t)" if found[1] else "+ 2 * t * "
        yield "curve", text[:start] + _replaced(text[start:end], found, moved) + text[end:]


def _signs(text: str) -> Iterator[tuple[str, str]]:
    """An entropy that is added and not subtracted, or the other way round."""
    start, end = _span(text, r"^Definition entropies.*?\.\n")
    for found in re.finditer(r"- (?=H_)|(?<=p o )\+ (?=H_)", text[start:end]):
        sign = "+ " if found[0] == "- " else "- "
        yield "sign", text[:start] + _replaced(text[start:end], found, sign) + text[end:]


def _closed_forms(text: str) -> Iterator[tuple[str, str]]:
    """Another size, a third for a half, or one more."""
    start, end = _span(text, r"^Definition closed_form .*?\.\n(?=\S|\n)")
    body = text[start:end]
    sizes = re.search(r"^Variables ([\w ]+) : nat\.", text, re.M)
    names = sizes[1].split() if sizes else []
    for found in re.finditer(r"INR (\w+)", body):
        other = names[(names.index(found[1]) + 1) % len(names)]
        if other != found[1]:
            yield "size", text[:start] + _replaced(body, found, f"INR {other}") + text[end:]
    for found in re.finditer(r"1 / 2\b", body):
        yield "number", text[:start] + _replaced(body, found, "1 / 3") + text[end:]
    yield "number", text[:start] + body.replace(": R :=", ": R := 1 +", 1) + text[end:]


def _entropies(text: str) -> Iterator[tuple[str, str]]:
    """A formula of an entropy that is one too large."""
    for found in re.finditer(r"^Definition \w+_entropy .*?: R :=", text, re.M | re.S):
        yield "entropy", _replaced(text, found, f"{found[0]} 1 +")


def _span(text: str, pattern: str) -> tuple[int, int]:
    found = re.search(pattern, text, re.M | re.S)
    assert found, pattern
    return found.span()


def _replaced(text: str, found: re.Match, new: str) -> str:
    return text[: found.start()] + new + text[found.end() :]
