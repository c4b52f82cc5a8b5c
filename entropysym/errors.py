"""The exceptions that entropysym raises, and the one way to word them: what is wrong, the value, what to do."""


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
