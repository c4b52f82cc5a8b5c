"""How a forger edits a document: entries replaced, and fresh hashes."""

import copy
import json
from typing import Any

from .documents import sealed

Path = tuple[str | int, ...]
MODEL: Path = ("statement", "model")
SUM: Path = ("statement", "claim", "entropy_sum")
DIRECTION: Path = ("statement", "direction")
DELETE = object()


def edited(document: dict, *changes: tuple[Path, Any]) -> dict:
    """The document with entries replaced (or deleted), hashes left stale."""
    document = json.loads(json.dumps(document))  # and no list occurs in two places
    for path, value in changes:
        place: Any = document
        for key in path[:-1]:
            place = place[key]
        if value is DELETE:
            del place[path[-1]]
        elif callable(value):
            place[path[-1]] = value(place[path[-1]])
        else:
            place[path[-1]] = copy.deepcopy(value)
    return document


def forged(document: dict, *changes: tuple[Path, Any]) -> dict:
    return sealed(edited(document, *changes))


def claims(document: dict, term: Any) -> dict:
    """The document with another closed form, in the claim and in the last step."""
    return forged(document, (SUM, term), (("steps", -1, "result"), term))


def bonus(document: dict, term: Any) -> dict:
    return claims(document, ["add", document["statement"]["claim"]["entropy_sum"], term])


def everywhere(document: dict, *changes: tuple[Any, Any]) -> dict:
    """Every occurrence of one subterm replaced by another (or deleted from its list)."""

    def walk(value: Any) -> Any:
        for old, new in changes:
            if value == old:
                return new
        if isinstance(value, dict):
            walked = {key: walk(entry) for key, entry in value.items()}
            return {key: entry for key, entry in walked.items() if entry is not DELETE}
        if isinstance(value, list):
            return [entry for entry in map(walk, value) if entry is not DELETE]
        return value

    return sealed(walk(json.loads(json.dumps(document))))
