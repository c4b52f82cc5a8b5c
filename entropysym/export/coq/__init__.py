"""Coq: an accepted derivation as definitions, premises and a theorem that `coqc` checks with Coquelicot and the prelude `EntropySum.v`."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from entropysym.checker import gate
from entropysym.checker.kernel.normal_form import Work
from entropysym.checker.kernel.reader import read
from entropysym.checker.kernel.terms import Refused
from entropysym.checker.kernel.theorem import Judgement, accept
from entropysym.errors import InputError
from entropysym.export.coq.layout import Layout
from entropysym.export.coq.motions import NoRate, motions
from entropysym.export.coq.theory import printed_theory
from entropysym.version import __version__

#: The name of the file that all printed ones need.
PRELUDE = "EntropySum.v"


def prelude() -> str:
    """The text of the prelude, on which all printed theorems rest."""
    return files(__name__).joinpath(PRELUDE).read_text(encoding="utf-8")


def demand_place(out: Path) -> None:
    """Raise `InputError` where a theory in the file `out`, with the prelude beside it, would take the place of something else."""
    beside = out.parent / PRELUDE
    if out.name == PRELUDE:
        raise InputError(f"{out} is where the prelude belongs; call the theory otherwise")
    if beside.is_file() and not beside.read_text(encoding="utf-8", errors="replace").startswith(
        prelude().partition(":")[0]
    ):
        raise InputError(
            f"{beside} is no prelude of this package and would be lost; choose another folder"
        )


def theory(document: str | bytes) -> str:
    """The Coq text of a stored derivation, which is replayed first.

    Raises `Malformed` or `Refused` where the checker does not accept it, and `InputError` where it holds something that is not printed.
    """
    found = gate.envelope(document)
    said = read(found.statement, found.certificates)
    gate.check_words(said)
    judgement = accept(said, Work())
    gate.check_hashes(found)
    return printed(judgement, found.actual_sha256["statement"])


def theory_of(name: str, document: str) -> str:
    """The Coq text of what was derived for a model; `InputError` where the checker does not accept it."""
    try:
        return theory(document)
    except Refused as error:
        raise InputError(
            f"the checker does not accept what was derived for {name}, and only that is printed for Coq: {error}"
        ) from None


def printed(judgement: Judgement, sha256: str) -> str:
    """The Coq text of an accepted statement."""
    name = judgement.statement.model.name
    if f"{name}.v" == PRELUDE:
        raise InputError(f"{name} cannot be printed for Coq: the prelude has this name")
    try:
        moving = motions(judgement)
    except NoRate as error:
        raise InputError(
            f"{name} cannot be printed for Coq: the latent {error} does not move by a multiple of itself"
        ) from None
    return printed_theory(Layout(judgement, moving, sha256, __version__))
