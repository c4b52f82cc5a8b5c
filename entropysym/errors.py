"""The exceptions that entropysym raises, and the one way to word them: what is wrong, the value, what to do.

Numbers are told here, too, for all that ask for one: `whole`, `real` and `integer` take Python's, NumPy's and arrays of one without axes alike.
"""

from __future__ import annotations

import operator


class EntropysymError(Exception):
    """Root of every error that entropysym raises on purpose."""


class InputError(EntropysymError, ValueError):
    """What the caller passed cannot be used: a name, a file, an array, a model."""


class NotStorableError(EntropysymError, ValueError):
    """An expression that the stored form has no head for."""


class WorkLimitError(EntropysymError, RuntimeError):
    """A search was given up after a number of operations that does not depend on the machine."""


class NoStationaryPointError(EntropysymError, ValueError):
    """The objective has no finite stationary point on this data, so the theorem is vacuous."""


def shown(value: object, limit: int = 80) -> str:
    """`repr` of a value, cut to `limit` characters, for use inside an error message."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def one_of(value: object, known: object, what: str) -> InputError:
    """The error for a name that is not in a list, with the names that are most like it, and the list."""
    from difflib import get_close_matches  # needed where something went wrong, and only there

    names = sorted(str(k) for k in known)  # type: ignore[attr-defined]
    like = get_close_matches(str(value)[:80], names, n=3, cutoff=0.7)
    meant = f"did you mean {' or '.join(like)}? " if like else ""
    return InputError(f"unknown {what} {shown(value)}; {meant}choose one of: {', '.join(names)}")


def whole(value: object) -> int | None:
    """The value as Python's int, where it is an integer: Python's, NumPy's, or an array of one without axes. None for all else, truth values and floats above all.

    >>> whole(3), whole(True), whole(3.0), whole("3")
    (3, None, None, None)
    """
    # A truth value of NumPy or JAX is no index, but one of PyTorch is, as is a row of one of its integers.
    truth = isinstance(value, bool) or "bool" in str(getattr(value, "dtype", ""))
    if truth or getattr(value, "ndim", 0) != 0:
        return None
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        return None


def real(value: object) -> float | None:
    """The value as Python's float, where it is a real number: as `whole`, and floats. It may be NaN or infinite. None for all else.

    >>> real(3), real(0.5), real(True), real("0.5"), real(1j)
    (3.0, 0.5, None, None, None)
    """
    from numbers import Real  # not needed by a program that only starts

    try:
        if getattr(value, "ndim", None) == 0:
            value = value.item()  # type: ignore[attr-defined]
        return float(value) if isinstance(value, Real) and not isinstance(value, bool) else None
    except (TypeError, OverflowError):  # a traced value; an int beyond all floats
        return None


def integer(name: str, value: object, least: int = 1, *, otherwise: str = "") -> int:
    """The value as Python's int; `otherwise` adds to the message what may be passed instead.

    Raises `InputError` for what is no integer (see `whole`), and for one below `least`.

    >>> integer("seed", 0.5, 0)
    Traceback (most recent call last):
    entropysym.errors.InputError: seed is 0.5; pass an integer >= 0
    """
    found = whole(value)
    if found is None or found < least:
        raise InputError(f"{name} is {shown(value)}; pass an integer >= {least}{otherwise}")
    return found
