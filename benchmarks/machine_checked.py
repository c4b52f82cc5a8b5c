"""`python benchmarks/machine_checked.py [NAME …] [--record]`: print every shipped theorem, have Coq check it, and say so in a table.

With --record what was accepted is written to machine_checked.json, by which the gallery of theorems marks it; a theory that was printed otherwise since is not marked.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from entropysym.errors import InputError
from entropysym.export.coq import prelude, theory
from entropysym.export.coq.checking import check, compile_prelude, coqc
from entropysym.models import ZOO
from entropysym.prover.derive import derive
from entropysym.prover.document import to_json

#: A premise in the records of a file, by the beginning of its name.
PREMISE = r"^  (?:size|range|support|laws?|finite|interchange)_"
RECORD = Path(__file__).with_suffix(".json")
HEADER = (
    *("model", "accepted", "seconds", "lines", "axioms", "premises", "interchange"),
    *("stationary", "points", "not vacuous"),
)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="models; all that ship by default")
    parser.add_argument(
        "--out", type=Path, help="the folder for the files; a temporary one by default"
    )
    parser.add_argument(
        "--record", action="store_true", help="keep what was accepted for the gallery"
    )
    given = parser.parse_args(arguments)
    for name in given.names:
        if name not in ZOO:
            parser.error(f"{name!r} is not a model that ships")
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.out or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        found = _table(names := given.names or list(ZOO), folder)
    if given.record:
        _record(found)
    print(f"{len(found)} of {len(names)} accepted")
    return 0 if len(found) == len(names) else 1


def _table(names: list[str], folder: Path) -> dict[str, str]:
    """Prints a row for each; name -> hash of what was accepted."""
    first = compile_prelude(folder)
    if not first.accepted:
        print(f"the prelude is not accepted: {first.message}")
        return {}
    print(" | ".join(HEADER), flush=True)
    accepted = {}
    for name in names:
        row = _row(name, folder)
        if row[1] == "yes":
            accepted[name] = sha256((folder / f"{name}.v").read_text(encoding="utf-8"))
        print(" | ".join(row), flush=True)
    return accepted


def sha256(text: str) -> str:
    """Of a theory without its comments, which Coq does not read."""
    bare = " ".join(re.sub(r"\(\*.*?\*\)", "", text, flags=re.S).split())
    return hashlib.sha256(bare.encode()).hexdigest()


def _record(accepted: dict[str, str]) -> None:
    program = coqc()
    assert program is not None
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    kept = recorded()
    same = kept.get("prelude") == sha256(prelude())
    theories = {**(kept["theories"] if same else {}), **accepted}
    found = {
        "coq": said.stdout.splitlines()[0],
        "prelude": sha256(prelude()),
        "theories": {name: theories[name] for name in ZOO if name in theories},
    }
    RECORD.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def recorded() -> dict:
    """What was accepted when the record was written: the version of Coq, and hashes of the prelude and the theories."""
    return json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.is_file() else {}


def accepted(name: str, text: str) -> bool:
    """Whether Coq has accepted the theory as it is printed here."""
    kept = recorded()
    return kept.get("prelude") == sha256(prelude()) and kept["theories"].get(name) == sha256(text)


def _row(name: str, folder: Path) -> tuple[str, ...]:
    found = derive(ZOO[name]())
    derivation = found if hasattr(found, "steps") else found.partial
    if derivation is None:
        return (name, "no: nothing was derived", *[""] * 8)
    try:
        text = theory(to_json(derivation))
    except InputError as error:
        return (name, f"no: {error}", *[""] * 8)
    seen = check(text, name, folder)
    accepted = "yes" if seen.standard else f"no: {seen.message or seen.axioms}"[:160]
    premises = len(re.findall(PREMISE, text, re.M))
    marks = (
        "yes" if f"{word} " in text else "no"
        for word in (
            *(f"Theorem {name}_stationary", f"Definition {name}_points"),
            f"Lemma {name}_not_vacuous",
        )
    )
    interchange = "proved" if "Lemma interchange_holds " in text else "premise"
    return (
        name,
        accepted,
        f"{seen.seconds:.1f}",
        str(seen.lines),
        str(len(seen.axioms)),
        str(premises),
        interchange,
        *marks,
    )


if __name__ == "__main__":
    sys.exit(main())
