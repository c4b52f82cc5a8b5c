"""Replay of a stored derivation: the trusted part of entropysym, standard library only.

    replay(text) -> Result        accepted
    Refused                       not accepted: not shown, which is not the same as false
    Malformed                     not a document of the format (FORMAT.md)

*Accepted* means: for the model, the direction and the conditions that `Result.statement` prints,

    ELBO = entropy sum + D ELBO     at every parameter value, and
    ELBO = claim.entropy_sum        wherever the printed conditions hold.

The checker builds the ELBO and the entropy sum itself from the model record, checks each family's
entropy and reparametrisation by algebra, works out the conditions, and compares polynomials whose
atoms it does not look into. *Trusted* are: this folder, Python's json, fractions and hashlib, the
conditions (normalised densities, finite expectations, interchange of limits), and the reader's
comparison of the printed statement with the theorem that was meant. Not trusted: whoever wrote the
document. Read in this order: terms, reader, normal_form, measures, matrices, evaluate, rules,
statement, known.
"""

from dataclasses import dataclass
from pathlib import Path

from .normal_form import Work
from .reader import MAX_BYTES, read
from .refusal import Refutation, replay_refusal
from .rules import accept
from .statement import statement
from .terms import Malformed, Refused

__all__ = [
    "Malformed",
    "Refused",
    "Refutation",
    "Result",
    "replay",
    "replay_file",
    "replay_refusal",
]


@dataclass(frozen=True)
class Result:
    """An accepted derivation. `shipped`: the statement is that of the model of this name here."""

    statement: str
    model: str
    statement_sha256: str
    conditions: tuple[tuple[str, ...], ...]
    rules: tuple[str, ...]
    shipped: bool
    work: int

    @property
    def origin(self) -> str:
        return (
            f"the shipped model {self.model!r}" if self.shipped else "not one of the shipped models"
        )


def replay(text: str | bytes) -> Result:
    """Check a document; `Malformed` and `Refused` are the only exceptions."""
    work = Work()
    try:
        document = read(text)
        judgement = accept(document, work)
        printed = statement(document, judgement.normal)
    except (RecursionError, MemoryError):
        raise Refused("work limit reached (nested too deep)") from None
    return Result(
        statement=printed,
        model=document.model.name,
        statement_sha256=document.actual_sha256["statement"],
        conditions=document.conditions,
        rules=tuple(rule for rule, _ in document.steps),
        shipped=judgement.shipped,
        work=work.budget - work.left,
    )


def replay_file(path: str | Path) -> Result:
    """Check a file; one that cannot be read is `Malformed`."""
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise Malformed(f"{str(path)!r}: {getattr(error, 'strerror', None) or error}") from None
    return replay(data)
