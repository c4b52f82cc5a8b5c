"""From bytes to a document in which every term is well formed in its place.

Nothing is evaluated here. Sizes are limited before anything is built; each record has exactly the
keys of FORMAT.md; each term is checked against its *scope*, the tuple of binders around it
(outermost first), so that a prior cannot see a latent nor an encoder its own sample.
"""

import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from hashlib import sha256
from math import gcd
from typing import Any

Term = Any  # an int, or a tuple that starts with a head and holds terms, names and positions
Binder = tuple[str, str]  # ("index", size), ("datum", ""), ("latent", "") or ("noise", "")

MAX_BYTES = 2**20
MAX_DEPTH = 64
MAX_NODES = 20_000
MAX_DIGITS = 18
MAX_EXPONENT = 16
MAX_TEXT = 200
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
RANGES = ("real", "positive", "unit")
FACTORS = ("prior", "decoder", "encoder")
RULES = ("definition", "reparametrise", "split", "tempering", "scaling", "gap", "stationary")
RULES += ("closed_form",)

ARITHMETIC = frozenset("frac pi e add mul pow log exp".split())
OF_FAMILY = ARITHMETIC | {"var", "arg"}
OF_DIRECTION = ARITHMETIC | {"size", "param", "sum"}
OF_MODEL = OF_DIRECTION | {"net", "x", "z"}
OF_STEP = OF_MODEL | {"eps", "mean", "expect", "reparam", "logp", "H", "D"}
UNDER_D = OF_STEP - {"D"} | {"elbo"}


class Malformed(ValueError):
    """The input is not a document of this format; the message is one line."""


class Refused(ValueError):
    """The derivation is not accepted: not shown, which does not mean false. One line."""


@dataclass(frozen=True)
class Parameter:
    name: str
    plates: tuple[str, ...]
    range: str
    learned: bool


@dataclass(frozen=True)
class Network:
    name: str
    plates: tuple[str, ...]
    inputs: tuple[str, ...]
    range: str


@dataclass(frozen=True)
class Family:
    name: str
    arguments: dict[str, str]  # name -> range, in order
    log_density: Term
    log_base_measure: Term
    location: Term
    scale: Term


@dataclass(frozen=True)
class Factor:
    family: str
    arguments: tuple[Term, ...]


@dataclass(frozen=True)
class Model:
    name: str
    sizes: tuple[str, ...]
    observed: str
    latent: str
    parameters: dict[str, Parameter]
    networks: dict[str, Network]
    families: dict[str, Family]
    factors: dict[str, Factor]
    constraints: tuple[tuple[str, str], ...]


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
    _require(raw["format"] == "entropysym/1", "format", raw["format"], "not 'entropysym/1'")
    statement = _record(raw["statement"], "statement", "model objective direction claim conditions")
    objective = statement["objective"]
    _require(objective == "elbo", "statement.objective", objective, "not 'elbo'")
    model = _model(statement["model"])
    known = {name: p.plates for name, p in model.parameters.items()}
    direction = {
        _one_of(name, f"statement.direction.{_show(name)}", known): term(
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
        tuple(_text(word, f"statement.conditions[{i}]") for word in _list(row, "condition"))
        for i, row in enumerate(_list(statement["conditions"], "statement.conditions"))
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
            _one_of(name, "certificates", model.families): _certificate(value, name, model)
            for name, value in certificates.items()
        },
        steps=tuple(
            _step(step, f"steps[{i}]", model) for i, step in enumerate(_list(raw["steps"], "steps"))
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
    for match in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', text, re.DOTALL):
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
        raise Malformed(f"the key {_show(twice)} occurs twice")
    return found


def _show(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _require(holds: bool, where: str, value: Any, why: str) -> None:
    if not holds:
        raise Malformed(f"{where}: {_show(value)}: {why}")


def _record(raw: Any, where: str, names: str) -> dict[str, Any]:
    _require(isinstance(raw, dict), where, raw, "not an object")
    for name in names.split():
        _require(name in raw, where, sorted(raw), f"the key {name!r} is missing")
    extra = sorted(raw.keys() - set(names.split()))
    _require(not extra, where, extra, "unknown keys")
    return raw


def _mapping(raw: Any, where: str) -> dict[str, Any]:
    _require(isinstance(raw, dict), where, raw, "not an object")
    return raw


def _list(raw: Any, where: str) -> list[Any]:
    _require(isinstance(raw, list), where, raw, "not a list")
    return raw


def _text(raw: Any, where: str) -> str:
    """Printable ASCII: what is printed in a statement cannot imitate another statement."""
    _require(isinstance(raw, str) and len(raw) <= MAX_TEXT, where, raw, "not a short text")
    _require(raw.isascii() and raw.isprintable(), where, raw, "not printable ASCII")
    return raw


def _name(raw: Any, where: str) -> str:
    _require(isinstance(raw, str) and bool(NAME.fullmatch(raw)), where, raw, "not a name")
    return raw


def _one_of(raw: Any, where: str, allowed: Collection[str]) -> str:
    found = isinstance(raw, str) and raw in allowed
    _require(found, where, raw, f"not one of {', '.join(allowed) or '(none)'}"[:120])
    return raw


def _named(raw: Any, where: str, build: Callable[[dict, str], Any]) -> dict[str, Any]:
    """A list of records with different names, as a mapping in the same order."""
    found: dict[str, Any] = {}
    for i, entry in enumerate(_list(raw, where)):
        _require(isinstance(entry, dict) and "name" in entry, f"{where}[{i}]", entry, "no name")
        name = _name(entry["name"], f"{where}[{i}].name")
        _require(name not in found, f"{where}[{i}].name", name, "occurs twice")
        found[name] = build(entry, f"{where}[{i}]")
    return found


def _model(raw: Any) -> Model:
    at = "statement.model"
    names = "name sizes observed latent parameters networks families prior decoder encoder"
    _record(raw, at, names + " constraints")
    sizes = tuple(_name(size, f"{at}.sizes") for size in _list(raw["sizes"], f"{at}.sizes"))
    _require(len(set(sizes)) == len(sizes), f"{at}.sizes", raw["sizes"], "a size occurs twice")

    def plates(value: Any, where: str) -> tuple[str, ...]:
        return tuple(_one_of(size, where, sizes) for size in _list(value, where))

    def parameter(entry: dict, where: str) -> Parameter:
        _record(entry, where, "name plates range learned")
        learned = entry["learned"]
        _require(isinstance(learned, bool), f"{where}.learned", learned, "not true or false")
        range_ = _one_of(entry["range"], f"{where}.range", RANGES)
        return Parameter(entry["name"], plates(entry["plates"], where), range_, learned)

    def network(entry: dict, where: str) -> Network:
        _record(entry, where, "name plates inputs range")
        range_ = _one_of(entry["range"], f"{where}.range", RANGES)
        inputs = plates(entry["inputs"], where)
        return Network(entry["name"], plates(entry["plates"], where), inputs, range_)

    parameters = _named(raw["parameters"], f"{at}.parameters", parameter)
    networks = _named(raw["networks"], f"{at}.networks", network)
    twice = sorted(parameters.keys() & networks.keys())
    _require(not twice, at, twice, "names of a parameter and of a network")
    model = Model(
        name=_name(raw["name"], f"{at}.name"),
        sizes=sizes,
        observed=_one_of(raw["observed"], f"{at}.observed", sizes),
        latent=_one_of(raw["latent"], f"{at}.latent", sizes),
        parameters=parameters,
        networks=networks,
        families={},
        factors={},
        constraints=tuple(
            (
                _one_of(entry["on"], f"{at}.constraints", parameters.keys() | networks.keys()),
                _text(entry["text"], f"{at}.constraints"),
            )
            for entry in _list(raw["constraints"], f"{at}.constraints")
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
        family = _one_of(entry["family"], f"{where}.family", model.families)
        given = _list(entry["arguments"], f"{where}.arguments")
        count = len(model.families[family].arguments)
        _require(len(given) == count, f"{where}.arguments", given, f"not {count} arguments")
        arguments = tuple(
            term(value, f"{where}.arguments[{i}]", model, OF_MODEL, scopes[role])
            for i, value in enumerate(given)
        )
        model.factors[role] = Factor(family, arguments)
    used = {factor.family for factor in model.factors.values()}
    unused = sorted(model.families.keys() - used)
    _require(not unused, f"{at}.families", unused, "used by no factor")
    return model


def _family(raw: Any, where: str, name: str, model: Model) -> Family:
    _record(raw, where, "arguments support log_density log_base_measure location scale")
    _require(raw["support"] == "real", f"{where}.support", raw["support"], "not 'real'")
    ranges = _named(raw["arguments"], f"{where}.arguments", lambda e, w: _record(e, w, "name range"))
    arguments = {
        key: _one_of(entry["range"], f"{where}.arguments.{key}.range", RANGES)
        for key, entry in ranges.items()
    }

    def part(key: str, heads: frozenset[str]) -> Term:
        return term(raw[key], f"{where}.{key}", model, heads, (), arguments)

    one, other = raw["location"], raw["scale"]
    _require((one is None) == (other is None), where, [one, other], "location without scale")
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
    rule = _one_of(raw["rule"], f"{where}.rule", RULES)
    return rule, term(raw["result"], f"{where}.result", model, OF_STEP)


def term(
    raw: Any,
    where: str,
    model: Model,
    heads: frozenset[str],
    scope: tuple[Binder, ...] = (),
    arguments: Collection[str] = (),
) -> Term:
    """The term as nested tuples, if it is well formed under these binders with these heads."""
    if type(raw) is int:
        return raw
    _require(isinstance(raw, list) and len(raw) > 0, where, raw, "not a term")
    head, *rest = raw
    known = isinstance(head, str) and head in heads
    _require(known, where, head, "a head that is unknown or not allowed here")

    def sized(least: int, most: int | None = None) -> None:
        fits = least <= len(rest) <= (least if most is None else most)
        _require(fits, where, raw, f"{head!r} with {len(rest)} entries")

    def sub(value: Any, *more: Binder, allowed: frozenset[str] = heads) -> Term:
        return term(value, where, model, allowed, scope + more, arguments)

    def at(position: Any, *kinds: Binder) -> int:
        bound = type(position) is int and 0 <= position < len(scope)
        _require(bound, where, raw, f"nothing is bound at {_show(position)}")
        found = scope[-1 - position]
        _require(found in kinds, where, raw, f"what is bound at {position} is {' '.join(found)}")
        return position

    def each(positions: list, plates: tuple[str, ...]) -> list[int]:
        _require(len(positions) == len(plates), where, raw, f"not {len(plates)} indices")
        return [at(i, ("index", size)) for i, size in zip(positions, plates, strict=True)]

    datum, latent, noise = ("datum", ""), ("latent", ""), ("noise", "")
    match head:
        case "pi" | "e" | "var" | "elbo":
            sized(0)
            return (head,)
        case "frac":
            sized(2)
            whole = type(rest[0]) is int and type(rest[1]) is int
            _require(whole and rest[1] >= 2 and gcd(*rest) == 1, where, raw, "not in lowest terms")
            return (head, *rest)
        case "size":
            sized(1)
            return (head, _one_of(rest[0], where, model.sizes))
        case "arg":
            sized(1)
            return (head, _one_of(rest[0], where, arguments))
        case "param":
            sized(1, 9)
            name = _one_of(rest[0], where, model.parameters)
            return (head, name, *each(rest[1:], model.parameters[name].plates))
        case "net":
            sized(3)
            net = model.networks[_one_of(rest[0], where, model.networks)]
            indices = tuple(each(_list(rest[1], where), net.plates))
            vectors = _list(rest[2], where)
            _require(len(vectors) == len(net.inputs), where, raw, f"not {len(net.inputs)} inputs")
            inputs = []
            for vector, size in zip(vectors, net.inputs, strict=True):
                fits = isinstance(vector, list) and len(vector) == 3 and vector[:2] == ["vec", size]
                _require(fits, where, vector, f"not a vector of size {size}")
                inputs.append(("vec", size, sub(vector[2], ("index", size))))
            return (head, net.name, indices, tuple(inputs))
        case "x":
            sized(2)
            return (head, at(rest[0], datum), at(rest[1], ("index", model.observed)))
        case "z":
            sized(2)
            return (head, at(rest[0], latent, noise), at(rest[1], ("index", model.latent)))
        case "eps":
            sized(2)
            return (head, at(rest[0], noise), at(rest[1], ("index", model.latent)))
        case "sum":
            sized(2)
            size = _one_of(rest[0], where, model.sizes)
            return (head, size, sub(rest[1], ("index", size)))
        case "mean":
            sized(1)
            return (head, sub(rest[0], datum))
        case "expect" | "reparam":
            sized(2)
            return (head, at(rest[0], datum), sub(rest[1], latent if head == "expect" else noise))
        case "add" | "mul":
            sized(2, MAX_NODES)
            _require(head == "add" or 0 not in rest, where, raw, "a factor that is literally zero")
            return (head, *(sub(value) for value in rest))
        case "pow":
            sized(2)
            exponent = term(rest[1], where, model, frozenset({"frac"}))
            parts = [exponent] if isinstance(exponent, int) else exponent[1:]
            fits = exponent != 0 and all(abs(part) <= MAX_EXPONENT for part in parts)
            _require(fits, where, rest[1], f"not an exponent (1 to {MAX_EXPONENT})")
            return (head, sub(rest[0]), exponent)
        case "logp" | "H":
            sized(1, 3)
            factor = _one_of(rest[0], where, FACTORS[:2] if head == "logp" else FACTORS)
            wanted = {
                ("logp", "prior"): [(latent, noise)],
                ("logp", "decoder"): [(datum,), (latent, noise)],
                ("H", "prior"): [],
                ("H", "decoder"): [(latent, noise)],
                ("H", "encoder"): [(datum,)],
            }[head, factor]
            sized(1 + len(wanted))
            pairs = zip(rest[1:], wanted, strict=True)
            return (head, factor, *(at(position, *kinds) for position, kinds in pairs))
        case "D":
            sized(1)
            return (head, sub(rest[0], allowed=UNDER_D))
        case _:
            return (head, *[sub(value) for value in rest if sized(1) is None])
