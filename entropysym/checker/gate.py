"""The gate in front of the kernel: bytes, nesting, limits, hashes and shipped names.

Nothing here is trusted: a document that passes a broken gate meets the kernel all the same.
"""

import json
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from .kernel.reader import MODEL, shaped
from .kernel.terms import FUNCTIONS, Malformed, Refused, Statement, require, shown
from .known import FAMILIES, KNOWN, MODELS

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
# What the printed statement uses for constants, functions and binders: a parameter called "pi" or
# "i1" would make it read as something else.
TAKEN = re.compile(
    rf"(?i:any|pi|elbo|objective|var|dim|rows|entry|index|eps|{'|'.join(sorted(FUNCTIONS))}|logp|logh"
    r"|logdet|trace|quad|class)|e|[in][0-9]+|(?i:mean|sum|vec|eps|e)_.*"
)
LEARNED = ("learned", bool)  # the one place of a truth value
MAX_NAMES = 200
MAX_TEXT = 200
MAX_BYTES = 2**20
MAX_DEPTH = 64
MAX_NODES = 20_000
MAX_DIGITS = 18
RULES = ("definition", "reparametrise", "split", "tempering", "scaling", "gap", "stationary")
RULES += ("closed_form",)
DOCUMENT = {
    "format": ("entropysym/2",),
    "statement": object,
    "certificates": object,
    "steps": [{"rule": RULES, "result": object}],
    "sha256": {"statement": str, "document": str},
}

REFUSAL = {
    "format": ("entropysym/2",),
    "refusal": {
        "model": MODEL,
        "objective": object,
        "kind": ("observed", "latent"),
        "factor": str,
        "values": {str: object},
        "networks": {str: object},
        "points": [[object]],
        "conditions": [[str]],
    },
    "sha256": {"refusal": str},
}


@dataclass(frozen=True)
class Envelope:
    """The raw parts of a document, each within the limits, and its digests as they should be."""

    statement: Any
    certificates: Any
    steps: tuple[tuple[str, Any], ...]
    stored_sha256: dict[str, str]
    actual_sha256: dict[str, str]


def envelope(data: str | bytes) -> Envelope:
    """The parts of a document, or `Malformed`."""

    raw = shaped(parse(data), DOCUMENT, "document")
    body = {name: raw[name] for name in ("statement", "certificates", "steps")}
    digests = {"statement": digest(raw["statement"]), "document": digest(body)}
    steps = tuple((step["rule"], step["result"]) for step in raw["steps"])
    return Envelope(raw["statement"], raw["certificates"], steps, raw["sha256"], digests)


def refusal_envelope(data: str | bytes) -> Any:
    """The body of a refusal, whose hash and shipped names fit."""
    raw = shaped(parse(data), REFUSAL, "document")
    body, stored = raw["refusal"], raw["sha256"]["refusal"]
    if stored != digest(body):
        raise Refused(f"sha256.refusal: stored {stored[:16]}…, computed {digest(body)[:16]}…")
    model = body["model"]
    _check_families(model["families"])
    whole = digest([model, body["objective"]])
    if MODELS.get(model["name"], whole) != whole:
        raise Refused(f"the model is not the shipped one, {model['name']!r}")
    return body


def check_hashes(found: Envelope) -> bool:
    """Whether the model is a shipped one; `Refused` if a hash is stale or a name is taken."""
    for name, stored in found.stored_sha256.items():
        actual = found.actual_sha256[name]
        if stored != actual:
            raise Refused(f"sha256.{name}: stored {stored[:16]}…, computed {actual[:16]}…")
    model, actual = found.statement["model"], found.actual_sha256["statement"]
    if KNOWN.get(model["name"], actual) != actual:
        raise Refused(f"the statement is not that of the shipped model {model['name']!r}")
    _check_families(model["families"])
    return model["name"] in KNOWN


def _check_families(families: dict[str, Any]) -> None:
    for name, family in families.items():
        if FAMILIES.get(name, digest(family)) != digest(family):
            raise Refused(f"the family {name} is not the shipped one: give it a name of its own")


def check_words(said: Statement) -> None:
    """Names and texts cannot make the printed statement read as another one."""
    model, families = said.model, said.model.families
    symbols = [*model.sizes, *model.variables, *model.parameters, *model.networks, *model.factors]
    require(len(symbols) <= MAX_NAMES, len(symbols), f"more than {MAX_NAMES} names")
    arguments = [name for family in families.values() for name in family.arguments]
    symbols += model.functions
    require(len({*symbols}) == len(symbols), model.functions, "a function called like another name")
    for name in (model.name, *symbols, *families, *arguments):
        require(NAME.fullmatch(name), name, "not a name")
        require(not TAKEN.fullmatch(name), name, "a name that the printed statement needs")
    for _, words in model.constraints:
        require(len(words) <= MAX_TEXT, words, "not a short text")
        require(words.isascii() and words.isprintable(), words, "not printable ASCII")
        require("  " not in words, words, "two spaces in a row")


def digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(text.encode("ascii")).hexdigest()


def parse(data: str | bytes) -> Any:
    """JSON with limits on bytes, nesting and digits that hold before anything is built."""
    if len(data) > MAX_BYTES:
        raise Malformed(f"more than {MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
    except UnicodeDecodeError as error:
        raise Malformed(f"not UTF-8: byte {error.start}") from None
    depth = 0
    for match in re.finditer(r'"(?:[^"\\]+|\\.)*+"?|[\[{]|[\]}]', text, re.DOTALL):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match[0], 0)
        if depth > MAX_DEPTH:
            raise Malformed(f"nested more than {MAX_DEPTH} deep at character {match.start()}")
    hooks = {"parse_int": _integer, "parse_float": _not_whole, "parse_constant": _not_whole}
    try:
        value = json.loads(text, **hooks, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise Malformed(f"not JSON: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise Malformed("nested too deep") from None
    nodes, waiting = 0, [value]
    while waiting:
        node = waiting.pop()
        nodes += 1
        if nodes > MAX_NODES:
            raise Malformed(f"more than {MAX_NODES} nodes")
        if isinstance(node, dict):
            held = (inner for name, inner in node.items() if (name, type(inner)) != LEARNED)
            waiting.extend(held)
        elif isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, bool):
            raise Malformed(f"{str(node).lower()} stands for no number")
    return value


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_DIGITS:
        raise Malformed(f"the integer {digits[:20]}… has more than {MAX_DIGITS} digits")
    return int(digits)


def _not_whole(literal: str) -> Any:
    raise Malformed(f"the number {literal[:20]!r} is not an integer")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise Malformed(f"the key {shown(name)} occurs twice")
        found[name] = value
    return found
