"""From bytes to a document in which every term is well formed in its place.

Nothing is evaluated here. Sizes are limited before anything is built; each record has exactly the
keys of FORMAT.md, and each term is checked in its place by `terms.term`. A *reader* is a function
of a raw value and of its place in the document, for the message.
"""

import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from . import terms
from .terms import Array, Factor, Family, Malformed, Model, Place, Term, require, shown

Reader = Callable[[Any, str], Any]

MAX_BYTES = 2**20
MAX_DEPTH = 64
MAX_NODES = 20_000
MAX_DIGITS = 18
MAX_TEXT = 200
MAX_NAMES = 200
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
# What the printed statement uses for constants, functions and binders: a parameter called "pi" or
# "i1" would make it read as something else.
TAKEN = re.compile(
    r"(?i:any|pi|elbo|objective|var|dim|eps|log|exp|abs|loggamma|softplus|sigmoid|logp|logh|logdet|trace|quad)"
    r"|e|x|z|[hdn]|[inq][0-9]+|E_q|q_n|(?i:mean|sum|expect|reparam|vec)_.*"
)
RULES = ("definition", "reparametrise", "split", "tempering", "scaling", "gap", "stationary")
RULES += ("closed_form",)


@dataclass(frozen=True)
class Certificate:
    """x -> x + t (scale x + shift) and the arguments along `direction`; `entropy` in nats."""

    direction: dict[str, Term]
    scale: Term
    shift: Term
    entropy: Term


@dataclass(frozen=True)
class Document:
    model: Model
    weight: Term  # objective = weight (mean H[q] + mean E log p(z)) + mean E log p(x|z) - penalty
    penalty: Term
    direction: dict[str, Term]
    gap: Term
    entropy_sum: Term
    excess: Term
    conditions: tuple[tuple[str, ...], ...]
    certificates: dict[str, Certificate]
    steps: tuple[tuple[str, Term], ...]
    stored_sha256: dict[str, str]
    actual_sha256: dict[str, str]


def anything(raw: Any, where: str) -> Any:
    return raw


def text(raw: Any, where: str) -> str:
    """Printable ASCII: what is printed in a statement cannot imitate another statement."""
    require(isinstance(raw, str) and len(raw) <= MAX_TEXT, where, raw, "not a short text")
    require(raw.isascii() and raw.isprintable(), where, raw, "not printable ASCII")
    require("  " not in raw, where, raw, "two spaces in a row")
    return raw


def name(raw: Any, where: str) -> str:
    require(isinstance(raw, str) and NAME.fullmatch(raw), where, raw, "not a name")
    require(not TAKEN.fullmatch(raw), where, raw, "a name that the printed statement needs")
    return raw


def family_name(raw: Any, where: str) -> str:
    require(name(raw, where).lower() != terms.ANY, where, raw, "a name for an encoder of any law")
    return raw


def boolean(raw: Any, where: str) -> bool:
    require(isinstance(raw, bool), where, raw, "not true or false")
    return raw


def choice(allowed: Collection[str]) -> Reader:
    return lambda raw, where: terms.one_of(raw, where, allowed)


def many(entry: Reader) -> Reader:
    def read(raw: Any, where: str) -> tuple:
        require(isinstance(raw, list), where, raw, "not a list")
        return tuple(entry(value, f"{where}[{i}]") for i, value in enumerate(raw))

    return read


def mapping(key: Reader) -> Callable[[Any, str], dict[str, Any]]:
    def read(raw: Any, where: str) -> dict[str, Any]:
        require(isinstance(raw, dict), where, raw, "not an object")
        return {key(name, where): value for name, value in raw.items()}

    return read


def record(**fields: Reader) -> Callable[[Any, str], dict[str, Any]]:
    def read(raw: Any, where: str) -> dict[str, Any]:
        require(isinstance(raw, dict), where, raw, "not an object")
        for key in fields:
            require(key in raw, where, sorted(raw), f"the key {key!r} is missing")
        extra = sorted(raw.keys() - fields.keys())
        require(not extra, where, extra, "unknown keys")
        return {key: read(raw[key], f"{where}.{key}") for key, read in fields.items()}

    return read


def terms_with(model: Model, heads: frozenset[str]) -> Reader:
    return lambda raw, where: terms.term(raw, Place(where, model, heads))


def read(data: str | bytes) -> Document:
    """The document, or `Malformed`."""
    raw = _parse(data)
    body = dict.fromkeys(("statement", "certificates", "steps"), anything)
    stored = {"format": choice(("entropysym/1",)), "sha256": record(statement=text, document=text)}
    top = record(**body, **stored)(raw, "document")
    fields = dict.fromkeys(("objective", "direction", "claim"), anything)
    read_statement = record(model=_model, conditions=many(many(text)), **fields)
    statement = read_statement(raw["statement"], "statement")
    model: Model = statement["model"]
    objective, claim = statement["objective"], statement["claim"]
    if objective == "elbo":
        objective = {"weight": 1, "penalty": 0}
    weight, penalty = (
        terms_with(model, terms.ARITHMETIC | {"param"}),
        terms_with(model, terms.OF_DIRECTION),
    )
    certified = mapping(choice(model.families))(raw["certificates"], "certificates")
    opaque = {f"H {role}" for role, f in model.factors.items() if f.family not in certified}
    if model.family("encoder").log_base_measure != 0:
        opaque.add("H encoder")
    in_step = terms_with(model, terms.OF_STEP)
    step = record(rule=choice(RULES), result=in_step)
    readers = {
        "gap": in_step,
        "entropy_sum": terms_with(model, terms.OF_CLAIM | opaque),
        "excess": terms_with(model, terms.OF_EXCESS | opaque),
    }
    moved = mapping(choice(model.parameters))(statement["direction"], "statement.direction")
    return Document(
        model=model,
        **record(weight=weight, penalty=penalty)(objective, "statement.objective"),
        direction={key: _motion(value, key, model) for key, value in moved.items()},
        **record(**readers)(claim, "statement.claim"),
        conditions=statement["conditions"],
        certificates={key: _certificate(value, key, model) for key, value in certified.items()},
        steps=tuple((s["rule"], s["result"]) for s in many(step)(raw["steps"], "steps")),
        stored_sha256=top["sha256"],
        actual_sha256={
            "statement": _digest(raw["statement"]),
            "document": _digest({key: raw[key] for key in body}),
        },
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
    hooks = {"parse_int": _integer, "parse_float": _no_float, "parse_constant": _no_float}
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
        if isinstance(node, dict | list):
            waiting.extend(node.values() if isinstance(node, dict) else node)
    return value


def _integer(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_DIGITS:
        raise Malformed(f"the integer {digits[:20]}… has more than {MAX_DIGITS} digits")
    return int(digits)


def _no_float(literal: str) -> Any:
    raise Malformed(f"the number {literal[:20]!r} is not an integer")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise Malformed(f"the key {shown(name)} occurs twice")
        found[name] = value
    return found


def _model(raw: Any, where: str) -> Model:
    later = ("families", "parameters", "networks", "constraints", *terms.FACTORS)
    fields = dict.fromkeys(later, anything)
    fields |= {"name": name, "sizes": many(name), "observed": anything, "latent": anything}
    top = record(**fields)(raw, where)
    size = choice(top["sizes"])

    def arrays(key: str, **more: Reader) -> list[Array]:
        one = record(name=name, plates=many(size), range=choice(terms.RANGES), **more)
        found = [Array(**fields) for fields in many(one)(raw[key], f"{where}.{key}")]
        for array in found:
            square = len(array.plates) == 2 and len(set(array.plates)) == 1
            require(square or array.range not in terms.MATRICES, where, array.name, "not square")
        return found

    parameters = arrays("parameters", learned=boolean)
    networks = arrays("networks", inputs=many(size))
    named = [a.name for a in (*parameters, *networks)]
    names = [*top["sizes"], *named]
    require(len(names) <= MAX_NAMES, where, len(names), f"more than {MAX_NAMES} names")
    twice = sorted({name for name in names if names.count(name) > 1})
    require(not twice, where, twice, "a name that stands for two things")
    constraint = record(on=choice(named), text=text)
    constraints = many(constraint)(raw["constraints"], f"{where}.constraints")
    model = Model(
        name=top["name"],
        sizes=top["sizes"],
        observed=size(raw["observed"], f"{where}.observed"),
        latent=size(raw["latent"], f"{where}.latent"),
        parameters={p.name: p for p in parameters},
        networks={n.name: n for n in networks},
        families={},
        factors={},
        constraints=tuple((c["on"], c["text"]) for c in constraints),
    )
    families = mapping(family_name)(raw["families"], f"{where}.families")
    for key, entry in families.items():
        model.families[key] = _family(entry, key, model)
    for role in terms.FACTORS:
        model.factors[role] = _factor(raw[role], f"{where}.{role}", role, model)
    used = {factor.family for factor in model.factors.values()} - {terms.ANY}
    require(used == families.keys(), where, sorted(families.keys() - used), "an unused family")
    return model


def _factor(raw: Any, where: str, role: str, model: Model) -> Factor:
    """Terms see the place in the plate unless they are arguments of the whole vector."""
    allowed = (*model.families, *([terms.ANY] if role == "encoder" else []))
    given = record(family=choice(allowed), arguments=many(anything))(raw, where)
    model.factors[role] = Factor(given["family"], ())
    family = model.family(role)
    ranges = family.arguments.values()
    fits = len(given["arguments"]) == len(ranges)
    require(fits, f"{where}.arguments", given["arguments"], f"not {len(ranges)} arguments")
    plate = model.observed if role == "decoder" else model.latent
    scope = {"prior": (), "decoder": (("latent", ""),), "encoder": (("datum", ""),)}[role]
    found = []
    for i, (value, range_) in enumerate(zip(given["arguments"], ranges, strict=True)):
        place = Place(f"{where}.arguments[{i}]", model, terms.OF_MODEL, scope)
        if range_ == "posdef":
            one, size = terms.matrix(value, place)
            place.require(size == plate, value, f"not a matrix of size {plate}")
        else:
            whole = family.over_vectors and range_ != "vector"
            one = terms.term(value, place if whole else place.under(("index", plate)))
        found.append(one)
    return Factor(family.name, tuple(found))


def _family(raw: Any, key: str, model: Model) -> Family:
    where = f"statement.model.families.{key}"
    parts = ("log_density", "log_base_measure", "location", "scale")
    argument = record(name=name, range=choice(terms.ARGUMENTS))
    fields = {"arguments": many(argument), "support": choice(terms.SUPPORTS)}
    top = record(**fields, **dict.fromkeys(parts, anything))(raw, where)
    arguments = {a["name"]: a["range"] for a in top["arguments"]}
    twice = [a["name"] for a in top["arguments"]]
    require(len(arguments) == len(twice), f"{where}.arguments", twice, "a name occurs twice")
    family = Family(
        key, arguments, top["support"], *(raw[part] for part in parts), sha256=_digest(raw)
    )
    heads = terms.OF_VECTORS if family.over_vectors else terms.OF_FAMILY
    one, other = raw["location"], raw["scale"]
    require((one is None) == (other is None), where, [one, other], "location without scale")
    fits = one is None or (not family.over_vectors and family.support == "real")
    require(fits, where, one, "a location is for a family over single reals")
    without = {"log_density": "", "log_base_measure": "arg", "location": "var", "scale": "var"}
    read = {}
    for part, lacks in without.items():
        if raw[part] is not None or lacks != "var":
            place = Place(f"{where}.{part}", model, heads - {lacks}, (), arguments)
            read[part] = terms.term(raw[part], place)
    return replace(family, **read)


def _motion(raw: Any, key: str, model: Model) -> Term:
    parameter = model.parameters[key]
    place = Place(f"statement.direction.{key}", model, terms.OF_DIRECTION)
    if parameter.range in terms.MATRICES:
        return _multiple(raw, ("mat", key), place)
    return terms.term(raw, place.under(*(("index", size) for size in parameter.plates)))


def _multiple(raw: Any, letter: Term, place: Place) -> Term:
    """["scaled", t, letter], the only motion of a matrix; as the term t."""
    fits = isinstance(raw, list) and len(raw) == 3 and [raw[0], raw[2]] == ["scaled", list(letter)]
    place.require(fits, raw, f"not a multiple of {letter[1]}")
    return terms.term(raw[1], place)


def _certificate(raw: Any, key: str, model: Model) -> Certificate:
    where, family = f"certificates.{key}", model.families[key]
    direction = record(**dict.fromkeys(family.arguments, anything))
    parts = dict.fromkeys(("scale", "shift", "entropy"), anything)
    top = record(direction=direction, **parts)(raw, where)
    heads = (terms.OF_VECTORS if family.over_vectors else terms.OF_FAMILY) - {"var"}
    moved = {}
    for name_, range_ in family.arguments.items():
        place = Place(f"{where}.direction.{name_}", model, heads, (), family.arguments)
        value = top["direction"][name_]
        if range_ == "posdef":
            moved[name_] = _multiple(value, ("arg", name_), place)
        else:
            index = [("index", "dim")] if range_ == "vector" else []
            moved[name_] = terms.term(value, place.under(*index))
    found: dict[str, Term] = {}
    for part in parts:
        place = Place(f"{where}.{part}", model, heads, (), family.arguments)
        found[part] = terms.term(top[part], place)
    supports = {"scale": ("real", "positive"), "shift": ("real",)}
    for part, allowed in supports.items():
        fits = family.support in allowed and not family.over_vectors and not family.log_base_measure
        why = f"the variable of {key} does not move so"
        require(found[part] == 0 or fits, f"{where}.{part}", top[part], why)
    return Certificate(moved, **found)
