"""From bytes to a document in which every term is well formed in its place.

Nothing is evaluated here. Sizes are limited before anything is built; each record has exactly the
keys of FORMAT.md, and each term is checked in its place by `terms.term`.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from .terms import (
    FACTORS,
    MAX_NODES,
    OF_DIRECTION,
    OF_FAMILY,
    OF_MODEL,
    OF_STEP,
    RANGES,
    Factor,
    Family,
    Malformed,
    Model,
    Network,
    Parameter,
    Term,
    as_list,
    one_of,
    require,
    shown,
    term,
)

MAX_BYTES = 2**20
MAX_DEPTH = 64
MAX_DIGITS = 18
MAX_TEXT = 200
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
# What the printed statement uses for constants, variables and binders: a parameter called "pi" or
# "i1" would make it read as something else.
TAKEN = re.compile(r"pi|e|elbo|var|x|z|eps|log|exp|logp|[hdn]|[inq][0-9]+")
RULES = ("definition", "reparametrise", "split", "tempering", "scaling", "gap", "stationary")
RULES += ("closed_form",)


@dataclass(frozen=True)
class Certificate:
    direction: dict[str, Term]
    entropy: Term


@dataclass(frozen=True)
class Document:
    model: Model
    direction: dict[str, Term]
    gap: Term
    entropy_sum: Term
    conditions: tuple[tuple[str, ...], ...]
    certificates: dict[str, Certificate]
    steps: tuple[tuple[str, Term], ...]
    statement_sha256: str
    stored_sha256: tuple[str, str]
    actual_sha256: tuple[str, str]


def read(data: str | bytes) -> Document:
    """The document, or `Malformed`."""
    raw = _record(_parse(data), "document", "format statement certificates steps sha256")
    require(raw["format"] == "entropysym/1", "format", raw["format"], "not 'entropysym/1'")
    statement = _record(raw["statement"], "statement", "model objective direction claim conditions")
    objective = statement["objective"]
    require(objective == "elbo", "statement.objective", objective, "not 'elbo'")
    model = _model(statement["model"])
    known = {name: p.plates for name, p in model.parameters.items()}
    direction = {
        one_of(name, f"statement.direction.{shown(name)}", known): term(
            body,
            f"statement.direction.{name}",
            model,
            OF_DIRECTION,
            tuple(("index", size) for size in known[name]),
        )
        for name, body in _mapping(statement["direction"], "statement.direction").items()
    }
    claim = _record(statement["claim"], "statement.claim", "gap entropy_sum")
    conditions = tuple(
        tuple(_text(word, f"statement.conditions[{i}]") for word in as_list(row, "condition"))
        for i, row in enumerate(as_list(statement["conditions"], "statement.conditions"))
    )
    certificates = _mapping(raw["certificates"], "certificates")
    stored = _record(raw["sha256"], "sha256", "statement document")
    body = {key: raw[key] for key in ("certificates", "statement", "steps")}
    return Document(
        model=model,
        direction=direction,
        gap=term(claim["gap"], "statement.claim.gap", model, OF_STEP),
        entropy_sum=term(claim["entropy_sum"], "statement.claim.entropy_sum", model, OF_STEP),
        conditions=conditions,
        certificates={
            one_of(name, "certificates", model.families): _certificate(value, name, model)
            for name, value in certificates.items()
        },
        steps=tuple(
            _step(step, f"steps[{i}]", model)
            for i, step in enumerate(as_list(raw["steps"], "steps"))
        ),
        statement_sha256=_digest(statement),
        stored_sha256=(
            _text(stored["statement"], "sha256.statement"),
            _text(stored["document"], "sha256.document"),
        ),
        actual_sha256=(_digest(statement), _digest(body)),
    )


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(text.encode("ascii")).hexdigest()


def _parse(data: str | bytes) -> Any:
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
    try:
        value = json.loads(
            text,
            parse_int=_integer,
            parse_float=_no_float,
            parse_constant=_no_float,
            object_pairs_hook=_unique,
        )
    except json.JSONDecodeError as error:
        raise Malformed(f"not JSON: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise Malformed("nested too deep") from None
    nodes, waiting = 0, [value]
    while waiting:
        nodes += 1
        if nodes > MAX_NODES:
            raise Malformed(f"more than {MAX_NODES} nodes")
        node = waiting.pop()
        if isinstance(node, dict):
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
    return value


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_DIGITS:
        raise Malformed(f"the integer {digits[:20]}… has more than {MAX_DIGITS} digits")
    return int(digits)


def _no_float(literal: str) -> Any:
    raise Malformed(f"the number {literal[:20]!r} is not an integer")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Malformed(f"the key {shown(twice)} occurs twice")
    return found


def _record(raw: Any, where: str, names: str) -> dict[str, Any]:
    require(isinstance(raw, dict), where, raw, "not an object")
    for name in names.split():
        require(name in raw, where, sorted(raw), f"the key {name!r} is missing")
    extra = sorted(raw.keys() - set(names.split()))
    require(not extra, where, extra, "unknown keys")
    return raw


def _mapping(raw: Any, where: str) -> dict[str, Any]:
    require(isinstance(raw, dict), where, raw, "not an object")
    return raw


def _text(raw: Any, where: str) -> str:
    """Printable ASCII: what is printed in a statement cannot imitate another statement."""
    require(isinstance(raw, str) and len(raw) <= MAX_TEXT, where, raw, "not a short text")
    require(raw.isascii() and raw.isprintable(), where, raw, "not printable ASCII")
    return raw


def _name(raw: Any, where: str) -> str:
    require(isinstance(raw, str) and bool(NAME.fullmatch(raw)), where, raw, "not a name")
    require(not TAKEN.fullmatch(raw), where, raw, "a name that the printed statement needs")
    return raw


def _named(raw: Any, where: str, build: Callable[[dict, str], Any]) -> dict[str, Any]:
    """A list of records with different names, as a mapping in the same order."""
    found: dict[str, Any] = {}
    for i, entry in enumerate(as_list(raw, where)):
        require(isinstance(entry, dict) and "name" in entry, f"{where}[{i}]", entry, "no name")
        name = _name(entry["name"], f"{where}[{i}].name")
        require(name not in found, f"{where}[{i}].name", name, "occurs twice")
        found[name] = build(entry, f"{where}[{i}]")
    return found


def _model(raw: Any) -> Model:
    at = "statement.model"
    names = "name sizes observed latent parameters networks families prior decoder encoder"
    _record(raw, at, names + " constraints")
    sizes = tuple(_name(size, f"{at}.sizes") for size in as_list(raw["sizes"], f"{at}.sizes"))
    require(len(set(sizes)) == len(sizes), f"{at}.sizes", raw["sizes"], "a size occurs twice")

    def plates(value: Any, where: str) -> tuple[str, ...]:
        return tuple(one_of(size, where, sizes) for size in as_list(value, where))

    def parameter(entry: dict, where: str) -> Parameter:
        _record(entry, where, "name plates range learned")
        learned = entry["learned"]
        require(isinstance(learned, bool), f"{where}.learned", learned, "not true or false")
        range_ = one_of(entry["range"], f"{where}.range", RANGES)
        return Parameter(entry["name"], plates(entry["plates"], where), range_, learned)

    def network(entry: dict, where: str) -> Network:
        _record(entry, where, "name plates inputs range")
        range_ = one_of(entry["range"], f"{where}.range", RANGES)
        inputs = plates(entry["inputs"], where)
        return Network(entry["name"], plates(entry["plates"], where), inputs, range_)

    parameters = _named(raw["parameters"], f"{at}.parameters", parameter)
    networks = _named(raw["networks"], f"{at}.networks", network)
    names_used = [*sizes, *parameters, *networks]
    twice = sorted({name for name in names_used if names_used.count(name) > 1})
    require(not twice, at, twice, "a name that stands for two things")
    model = Model(
        name=_name(raw["name"], f"{at}.name"),
        sizes=sizes,
        observed=one_of(raw["observed"], f"{at}.observed", sizes),
        latent=one_of(raw["latent"], f"{at}.latent", sizes),
        parameters=parameters,
        networks=networks,
        families={},
        factors={},
        constraints=tuple(
            (
                one_of(entry["on"], f"{at}.constraints", [*parameters, *networks]),
                _text(entry["text"], f"{at}.constraints"),
            )
            for entry in as_list(raw["constraints"], f"{at}.constraints")
            if _record(entry, f"{at}.constraints", "on text")
        ),
    )
    for name, entry in _mapping(raw["families"], f"{at}.families").items():
        family = _family(entry, f"{at}.families.{_name(name, f'{at}.families')}", name, model)
        model.families[name] = family
    scopes = {
        "prior": (("index", model.latent),),
        "decoder": (("latent", ""), ("index", model.observed)),
        "encoder": (("datum", ""), ("index", model.latent)),
    }
    for role in FACTORS:
        where = f"{at}.{role}"
        entry = _record(raw[role], where, "family arguments")
        family = one_of(entry["family"], f"{where}.family", model.families)
        given = as_list(entry["arguments"], f"{where}.arguments")
        count = len(model.families[family].arguments)
        require(len(given) == count, f"{where}.arguments", given, f"not {count} arguments")
        arguments = tuple(
            term(value, f"{where}.arguments[{i}]", model, OF_MODEL, scopes[role])
            for i, value in enumerate(given)
        )
        model.factors[role] = Factor(family, arguments)
    used = {factor.family for factor in model.factors.values()}
    unused = sorted(model.families.keys() - used)
    require(not unused, f"{at}.families", unused, "used by no factor")
    return model


def _family(raw: Any, where: str, name: str, model: Model) -> Family:
    _record(raw, where, "arguments support log_density log_base_measure location scale")
    require(raw["support"] == "real", f"{where}.support", raw["support"], "not 'real'")
    ranges = _named(
        raw["arguments"], f"{where}.arguments", lambda e, w: _record(e, w, "name range")
    )
    arguments = {
        key: one_of(entry["range"], f"{where}.arguments.{key}.range", RANGES)
        for key, entry in ranges.items()
    }

    def part(key: str, heads: frozenset[str]) -> Term:
        return term(raw[key], f"{where}.{key}", model, heads, (), arguments)

    one, other = raw["location"], raw["scale"]
    require((one is None) == (other is None), where, [one, other], "location without scale")
    return Family(
        name,
        arguments,
        log_density=part("log_density", OF_FAMILY),
        log_base_measure=part("log_base_measure", OF_FAMILY - {"arg"}),
        location=None if one is None else part("location", OF_FAMILY - {"var"}),
        scale=None if one is None else part("scale", OF_FAMILY - {"var"}),
    )


def _certificate(raw: Any, name: str, model: Model) -> Certificate:
    where = f"certificates.{name}"
    _record(raw, where, "direction entropy")
    arguments = model.families[name].arguments
    direction = _record(raw["direction"], f"{where}.direction", " ".join(arguments))

    def part(value: Any, at: str) -> Term:
        return term(value, f"{where}.{at}", model, OF_FAMILY - {"var"}, (), arguments)

    return Certificate(
        {key: part(value, f"direction.{key}") for key, value in direction.items()},
        part(raw["entropy"], "entropy"),
    )


def _step(raw: Any, where: str, model: Model) -> tuple[str, Term]:
    _record(raw, where, "rule result")
    rule = one_of(raw["rule"], f"{where}.rule", RULES)
    return rule, term(raw["result"], f"{where}.result", model, OF_STEP)
