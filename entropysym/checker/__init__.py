"""Replay of a stored derivation, standard library only.

    replay(text) -> Result               accepted
    replay_refusal(text) -> Refutation   accepted: the claim is false for that model
    Refused                              not accepted: not shown, which is not the same as false
    Malformed                            not a document of the format (FORMAT.md)

*Accepted* means: for the model, the direction and the conditions that `Result.statement` prints,

    ELBO = entropy sum + D ELBO     at every parameter value, and
    ELBO = claim.entropy_sum        wherever the printed conditions hold.

*Trusted* are: the folder `kernel`, Python's json and fractions, the conditions (normalised
densities, finite expectations, interchange of limits), and the reader's comparison of the printed
statement with the theorem that was meant; for a refusal, `refusal` as well. The kernel builds the
ELBO and the entropy sum itself from the model record, checks each family's entropy and noise by
algebra, works out the conditions, and compares polynomials whose atoms it does not look into. Not
trusted: whoever wrote the document; and beside the kernel the gate (limits, hashes, names), the
narration (the rules of the steps) and the printing, which can be checked against the document by
eye. Read the kernel in this order: terms, reader, normal_form, measures, matrices, evaluate,
theorem.
"""

from dataclasses import dataclass
from pathlib import Path

from . import gate
from .kernel.normal_form import Work
from .kernel.reader import read
from .kernel.terms import Malformed, Refused
from .kernel.theorem import accept
from .narration import check_steps
from .printing import statement
from .refusal import Refutation, replay_refusal

__all__ = [
    "Malformed",
    "Refused",
    "Refutation",
    "Result",
    "is_refusal",
    "read_file",
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
        found = gate.envelope(text)
        said = read(found.statement, found.certificates)
        gate.check_words(said)
        judgement = accept(said, work)
        shipped = gate.check_hashes(found)
        check_steps(judgement, found.steps)
        digest = found.actual_sha256["statement"]
        printed = statement(said, judgement.normal, digest)
    except (RecursionError, MemoryError):
        raise Refused("work limit reached (nested too deep)") from None
    return Result(
        statement=printed,
        model=said.model.name,
        statement_sha256=digest,
        conditions=tuple(tuple(words) for words in said.conditions),
        rules=tuple(rule for rule, _ in found.steps),
        shipped=shipped,
        work=work.budget - work.left,
    )


def is_refusal(text: str | bytes) -> bool:
    """Whether a document is a refusal, to be replayed by `replay_refusal`; any other is a derivation."""
    try:
        found = gate.parse(text)
    except (Malformed, RecursionError, MemoryError):
        return False
    return isinstance(found, dict) and "refusal" in found


def read_file(path: str | Path) -> bytes:
    """A file's bytes, as far as the limit; one that cannot be read is `Malformed`."""
    try:
        with open(path, "rb") as file:
            return file.read(gate.MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise Malformed(f"{str(path)!r}: {getattr(error, 'strerror', None) or error}") from None


def replay_file(path: str | Path) -> Result:
    """Check a derivation in a file; one that cannot be read is `Malformed`."""
    return replay(read_file(path))
