"""`python benchmarks/machine_checked.py [NAME …]`: print every shipped theorem, have Coq check it, and say so in a table."""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from pathlib import Path

from entropysym.errors import InputError
from entropysym.export.coq import theory
from entropysym.export.coq.checking import check, compile_prelude
from entropysym.models import ZOO
from entropysym.prover.derive import derive
from entropysym.prover.document import to_json

#: A premise in the records of a file, by the beginning of its name.
PREMISE = r"^  (?:size|range|support|laws?|finite|interchange)_"
HEADER = ("model", "accepted", "seconds", "lines", "axioms", "premises", "points", "not vacuous")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="models; all that ship by default")
    parser.add_argument(
        "--out", type=Path, help="the folder for the files; a temporary one by default"
    )
    given = parser.parse_args(arguments)
    for name in given.names:
        if name not in ZOO:
            parser.error(f"{name!r} is not a model that ships")
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.out or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        return _table(given.names or list(ZOO), folder)


def _table(names: list[str], folder: Path) -> int:
    first = compile_prelude(folder)
    if not first.accepted:
        print(f"the prelude is not accepted: {first.message}")
        return 1
    print(" | ".join(HEADER), flush=True)
    failed = 0
    for name in names:
        row = _row(name, folder)
        failed += row[1] != "yes"
        print(" | ".join(row), flush=True)
    print(f"{len(names) - failed} of {len(names)} accepted")
    return 1 if failed else 0


def _row(name: str, folder: Path) -> tuple[str, ...]:
    found = derive(ZOO[name]())
    derivation = found if hasattr(found, "steps") else found.partial
    if derivation is None:
        return (name, "no: nothing was derived", *[""] * 6)
    try:
        text = theory(to_json(derivation))
    except InputError as error:
        return (name, f"no: {error}", *[""] * 6)
    seen = check(text, name, folder)
    accepted = "yes" if seen.standard else f"no: {seen.message or seen.axioms}"[:160]
    premises = len(re.findall(PREMISE, text, re.M))
    marks = (
        "yes" if f"{word} " in text else "no"
        for word in (f"Definition {name}_points", f"Lemma {name}_not_vacuous")
    )
    return (
        name,
        accepted,
        f"{seen.seconds:.1f}",
        str(seen.lines),
        str(len(seen.axioms)),
        str(premises),
        *marks,
    )


if __name__ == "__main__":
    sys.exit(main())
