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
    """The error for a name that is not in a list, with the list."""
    names = ", ".join(sorted(str(k) for k in known))  # type: ignore[attr-defined]
    return InputError(f"unknown {what} {shown(value)}; choose one of: {names}")
