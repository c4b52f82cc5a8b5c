"""The hashes of what ships: `python -m tests.checker.known_hashes` writes them into `known.py`.

Look at what changed in the statements first: who reads a shipped name believes that it stands for what it stood for.
"""

import re
from pathlib import Path

import entropysym as es
from entropysym.checker import known
from entropysym.families import FAMILIES
from entropysym.language.store import _family_record, digest
from entropysym.prover import derive
from entropysym.prover.document import statement


def statements() -> dict[str, dict]:
    """The statement of every model of the zoo, of a refused one that of its part; nothing is replayed."""
    found = {name: derive(make()) for name, make in es.models.ZOO.items()}
    return {name: statement(getattr(one, "partial", one)) for name, one in found.items()}


def hashes(said: dict[str, dict]) -> dict[str, dict[str, str]]:
    """The tables of `known.py`, by their names there."""
    return {
        "KNOWN": {name: digest(one) for name, one in said.items()},
        "MODELS": {name: digest([one["model"], one["objective"]]) for name, one in said.items()},
        "FAMILIES": {name: digest(_family_record(one)) for name, one in FAMILIES.items()},
    }


def main() -> None:
    path = Path(known.__file__)
    text = path.read_text()
    for table, entries in hashes(statements()).items():
        lines = "".join(f'    "{name}": "{entry}",\n' for name, entry in entries.items())
        head = f"{table}: dict[str, str] = {{\n"
        text, count = re.subn(
            rf"^{re.escape(head)}.*?^}}\n", f"{head}{lines}}}\n", text, flags=re.M | re.S
        )
        assert count == 1, table
    path.write_text(text)


if __name__ == "__main__":
    main()
