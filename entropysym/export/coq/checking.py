"""What `coqc` says of printed theorems: accepted or not, how long it took, and on which axioms they rest."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from entropysym.errors import InputError
from entropysym.export.coq import PRELUDE, prelude

#: The axioms of Coq's real numbers and of functions; a printed theorem rests on nothing else.
AXIOMS = (
    "FunctionalExtensionality.functional_extensionality_dep",
    "Classical_Prop.classic",
    "ClassicalDedekindReals.sig_forall_dec",
    "ClassicalDedekindReals.sig_not_dec",
)
#: Seconds that one file may take.
PATIENCE = 600
_NEWS = re.compile(r"File .*\nWarning:\n(?:.*\n)*?\[.*\]\n")


@dataclass(frozen=True)
class Checked:
    """The answer of `coqc` to one file. `axioms` are the last names, as Coq prints them."""

    name: str
    accepted: bool
    seconds: float
    lines: int
    axioms: tuple[str, ...]
    message: str = ""

    @property
    def standard(self) -> bool:
        """Whether it rests on nothing outside the four axioms."""
        known = {axiom.split(".")[-1] for axiom in AXIOMS}
        return self.accepted and {axiom.split(".")[-1] for axiom in self.axioms} <= known


def coqc() -> str | None:
    """Where `coqc` lies, or None."""
    return shutil.which("coqc")


def compile_prelude(folder: Path) -> Checked:
    """The prelude written to a folder and compiled there, unless that was done already."""
    path = folder / PRELUDE
    if (
        path.exists()
        and path.read_text(encoding="utf-8") == prelude()
        and path.with_suffix(".vo").exists()
    ):
        return Checked(PRELUDE, True, 0.0, prelude().count("\n"), ())
    return check(prelude(), path.stem, folder)


def check(text: str, name: str, folder: Path, patience: float = PATIENCE) -> Checked:
    """Compile a file; the prelude has to be there. Raises `InputError` where Coq is not installed."""
    program = coqc()
    if program is None:
        raise InputError("coqc is not installed; on Debian: apt-get install coq libcoq-coquelicot")
    path = folder / f"{name}.v"
    path.write_text(text, encoding="utf-8")
    start = time.monotonic()
    try:
        ran = subprocess.run(
            [program, path.name],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Checked(
            name, False, patience, text.count("\n"), (), f"stopped after {patience:.0f} s"
        )
    seconds = time.monotonic() - start
    said = _NEWS.sub("", ran.stderr)
    message = " ".join(said.split()) if ran.returncode else ""
    return Checked(
        name, ran.returncode == 0, seconds, text.count("\n"), _axioms(ran.stdout), message
    )


def _axioms(said: str) -> tuple[str, ...]:
    """The names below each "Axioms:"."""
    found: dict[str, None] = {}
    for block in said.split("Axioms:\n")[1:]:
        for line in block.splitlines():
            if line.startswith(("Closed under", "Section Variables")):
                break
            if (name := re.match(r"([A-Za-z_][\w.']*)( :|$)", line)) is not None:
                found[name[1]] = None
    return tuple(found)
