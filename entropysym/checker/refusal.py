"""Replay of a refusal: numbers at which a model is stationary and has a gap. Trusted for the word REFUTED.

    replay_refusal(text) -> Refutation     the claim is false for this model
    Refused                                not shown, which is not the same as true

The witness is the model at all sizes 1 with numbers for its parameters and constant networks, where
the decoder does not see the latents. There are two kinds.

*decoder*: the encoder's law is the prior's, so KL is 0, at its minimum: prior and encoder leave no
derivative, whatever networks learn. The data follow p(x; a) + t sum_j y_j (a bump at x_j), with
sum_j y_j = 0 and a small t. For every argument a of the decoder's family that names a network or
something learned, sum_j y_j d/da log p(x_j; a) = 0, and under p(x; a) itself the score has mean
zero; so every derivative of the objective is 0, by the chain rule, and
F - E = t sum_j y_j (log p - log h)(x_j), which is not 0.

*prior*: prior and encoder name nothing learned, and the networks that the encoder reads learn
nothing (condition `frozen`). The data follow the decoder's own law, whose scores have mean zero, so
every derivative is 0, and F - E = E_q (log p - log h) - E_p (log p - log h), which is not 0; both
laws are location + scale * standard normal noise, so these are sums of moments.

In both, no constraint binds anything (it is not known whether the numbers satisfy it), the
penalty's derivative by each learned parameter is 0, and constants and entropies drop out.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd
from typing import Any

from . import terms
from .evaluate import Pair, Site, evaluate, named
from .known import FAMILIES
from .normal_form import ONE, Atom, Polynomial, Work, constant, of
from .reader import _digest, _model, _parse, anything, choice, many, mapping, record, text
from .rules import _check_noise
from .statement import model_lines, show
from .terms import ANY, Family, Model, Place, Refused, Term, check, require

KINDS = ("decoder", "prior")
MAX_POINTS = 50


@dataclass(frozen=True)
class Refutation:
    """A replayed witness: the statement that was shown, and what it rests on."""

    statement: str
    model: str
    kind: str
    conditions: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Witness:
    """The document: the model, its clamps resolved, the objective, and the numbers."""

    model: Model
    weight: Term
    penalty: Term
    kind: str
    values: dict[str, Fraction]
    networks: dict[str, Fraction]
    points: tuple[tuple[Fraction, Fraction], ...]
    conditions: tuple[tuple[str, ...], ...]


def replay_refusal(data: str | bytes) -> Refutation:
    """Check a refusal; `Malformed` and `Refused` are the only exceptions."""
    work = Work()
    try:
        raw = _parse(data)
        witness, printed = _read(raw, work)
        _check(witness, work)
    except (RecursionError, MemoryError):
        raise Refused("work limit reached (nested too deep)") from None
    return Refutation(printed, witness.model.name, witness.kind, witness.conditions)


def rational(raw: Any, where: str) -> Fraction:
    if type(raw) is int:
        return Fraction(raw)
    fits = isinstance(raw, list) and len(raw) == 3 and raw[0] == "frac"
    fits = fits and type(raw[1]) is int and type(raw[2]) is int and raw[2] >= 2
    require(fits and gcd(raw[1], raw[2]) == 1, where, raw, "not a rational in lowest terms")
    return Fraction(raw[1], raw[2])


def _point(raw: Any, where: str) -> tuple[Fraction, Fraction]:
    require(isinstance(raw, list) and len(raw) == 2, where, raw, "not a weight and a point")
    return rational(raw[0], where), rational(raw[1], where)


def _read(raw: Any, work: Work) -> tuple[Witness, str]:
    parts = {"format": choice(("entropysym/1",)), "refusal": anything}
    top = record(**parts, sha256=record(refusal=text))(raw, "document")
    actual = _digest(raw["refusal"])
    stored = top["sha256"]["refusal"]
    check(stored == actual, f"sha256.refusal: stored {stored[:16]}…, computed {actual[:16]}…")
    fields = {"kind": choice(KINDS), "points": many(_point), "conditions": many(many(text))}
    fields |= dict.fromkeys(("model", "objective", "values", "networks"), anything)
    body = record(**fields)(raw["refusal"], "refusal")
    require(len(body["points"]) <= MAX_POINTS, "refusal.points", len(body["points"]), "too many")
    numbers = {}
    for key, declared in (("values", "parameters"), ("networks", "networks")):
        names = _declared(body["model"], declared)
        given = mapping(choice(names))(body[key], f"refusal.{key}")
        numbers[key] = {n: rational(v, f"refusal.{key}.{n}") for n, v in given.items()}
        missing = sorted(set(names) - given.keys())
        require(not missing, f"refusal.{key}", missing, "without a number")
    at = _at(numbers["values"] | numbers["networks"])
    model = _model(_resolved(body["model"], at, work), "refusal.model")
    objective = {"weight": 1, "penalty": 0} if body["objective"] == "elbo" else body["objective"]
    in_weight = Place("refusal.objective", model, terms.ARITHMETIC | {"param"})
    in_penalty = replace(in_weight, heads=terms.OF_DIRECTION)
    read = {"weight": lambda t, _: terms.term(t, in_weight)}
    read["penalty"] = lambda t, _: terms.term(t, in_penalty)
    found = record(**read)(objective, "refusal.objective")
    rest = {key: body[key] for key in ("kind", "points", "conditions")}
    witness = Witness(model, found["weight"], found["penalty"], **numbers, **rest)
    return witness, _printed(witness, actual)


def _declared(model: Any, key: str) -> list[str]:
    """The names under a key of a model that is not read yet."""
    require(isinstance(model, dict), "refusal.model", model, "not an object")
    entries = model.get(key)
    require(isinstance(entries, list), f"refusal.model.{key}", entries, "not a list")
    names = [e.get("name") if isinstance(e, dict) else None for e in entries]
    require(all(isinstance(n, str) for n in names), f"refusal.model.{key}", names, "not names")
    return names


def _at(numbers: dict[str, Fraction]) -> Callable[[Any], Any]:
    """Puts numbers for parameters, networks and sizes into a raw or a read term; 0 is 1 - 1, since
    no factor of a product is literally 0."""

    def number(value: Fraction) -> Any:
        if value == 0:
            return ["add", 1, -1]
        return int(value) if value.denominator == 1 else ["frac", *value.as_integer_ratio()]

    def at(term: Any) -> Any:
        if not isinstance(term, list | tuple) or not term:
            return term
        if term[0] in ("param", "net") and len(term) > 1 and term[1] in numbers:
            return number(numbers[term[1]])
        return 1 if term[0] == "size" else [at(part) for part in term]

    return at


def _resolved(raw: Any, at: Callable[[Any], Any], work: Work) -> Any:
    """Clamps (`max`, `min`) as the one branch that is active at the numbers."""
    if isinstance(raw, dict):
        return {key: _resolved(value, at, work) for key, value in raw.items()}
    if not isinstance(raw, list):
        return raw
    parts = [_resolved(part, at, work) for part in raw]
    if raw[:1] not in (["max"], ["min"]) or len(parts) < 3:
        return parts
    place = Place("refusal.model", _NO_MODEL, terms.ARITHMETIC)
    site = Site(work, _NO_MODEL, 0, {}, {}, False)
    values = [_number(evaluate(site, terms.term(at(part), place))[0]) for part in parts[1:]]
    check(None not in values, f"a branch of {raw[0]} is no rational number")
    best = (max if raw[0] == "max" else min)(v for v in values if v is not None)
    check(values.count(best) == 1, f"branches of {raw[0]} tie at {best}")
    return parts[1 + values.index(best)]


_NO_MODEL = Model("", (), "", "", {}, {}, {}, {}, ())


def _number(poly: Polynomial) -> Fraction | None:
    """The rational number that a polynomial is, at sizes 1; None if it is none."""
    poly = _size_one(poly)
    return poly.get(ONE, Fraction(0)) if not poly.keys() - {ONE} else None


def _size_one(poly: Polynomial) -> Polynomial:
    """Sums over one term: their sizes are 1."""
    found: Polynomial = {}
    for mono, coefficient in poly.items():
        rest = frozenset(item for item in mono if item[0].head != "size")
        found[rest] = found.get(rest, Fraction(0)) + coefficient
    return {mono: c for mono, c in found.items() if c}


def _check(witness: Witness, work: Work) -> None:
    model = witness.model
    check(not model.constraints, "a constraint in words is not known to hold at the numbers")
    for name, family in model.families.items():
        same = FAMILIES.get(name, family.sha256) == family.sha256
        check(same, f"the family {name} is not the shipped one: give it a name of its own")
        check(not family.over_vectors, f"the family {name} is over vectors")
    for declared in (*model.parameters.values(), *model.networks.values()):
        value = {**witness.values, **witness.networks}[declared.name]
        _in_range(value, declared.range, declared.name)
    site = Site(work, model, 0, {}, {}, False)
    weight = evaluate(site, witness.weight)[0]
    check(work.surely_positive(weight), "the weight is not shown to be positive")
    for name in sorted(named(witness.weight, "param")):
        check(not model.parameters[name].learned, f"the weight names {name}, which is learned")
    _check_penalty(witness, site)
    decoder = _arguments(witness, site, "decoder")
    for (name, range_), value in zip(
        model.family("decoder").arguments.items(), decoder, strict=True
    ):
        number = _number(value)
        check(number is not None, f"{name} of the decoder is no rational number at the witness")
        _in_range(number, range_, f"{name} of the decoder")
    numbers = [_number(value) or Fraction(0) for value in decoder]
    if witness.kind == "decoder":
        _check_collapsed(witness, site)
        _check_points(witness, site, numbers)
    else:
        _check_frozen(witness, site)
    ours = tuple(_conditions(witness))
    check(ours == witness.conditions, f"refusal.conditions: {ours} are needed"[:200])


def _in_range(value: Fraction, range_: str, what: str) -> None:
    check(range_ in ("real", "positive", "unit"), f"{what} is {range_}, which is no number")
    above = range_ == "real" or value > 0
    check(above and (range_ != "unit" or value < 1), f"{what} = {value} is not {range_}")


def _check_penalty(witness: Witness, site: Site) -> None:
    """Its derivative by each learned parameter is 0 at the numbers."""
    at = _at(witness.values)
    for name in sorted(named(witness.penalty, "param", "mat")):
        if witness.model.parameters[name].learned:
            moving = replace(site, moving=True, direction={name: 1})
            slope = _substituted(moving, evaluate(moving, witness.penalty)[1], at)
            check(not slope, f"the penalty has a derivative by {name} at the witness")


def _substituted(site: Site, poly: Polynomial, at: Callable[[Any], Any]) -> Polynomial:
    """Numbers in place of the parameters of a polynomial; a sum over one entry is that entry."""
    total: Polynomial = {}
    for mono, coefficient in poly.items():
        part = constant(coefficient)
        for atom, exponent in mono:
            value = _atom_at(site, atom, at)
            part = site.work.product(part, site.work.power(value, exponent))
        total = site.work.add(total, part)
    return total


def _atom_at(site: Site, atom: Atom, at: Callable[[Any], Any]) -> Polynomial:
    work = site.work
    bodies = [_substituted(site, dict(body), at) for body in atom.bodies]
    if atom.head == "param":
        number = at(["param", atom.label])
        return evaluate(site, _tuples(number))[0]
    if atom.head in ("size", "pi", "e", "integer"):
        return constant(1) if atom.head == "size" else of(atom)
    if atom.head == "measure" and all(kind[0] == "index" for _, kind in atom.binders):
        return bodies[0]
    rebuilt = {"log": work.logarithm, "exp": work.exponential, "root": lambda p: p}
    check(atom.head in rebuilt, f"the penalty holds {atom.head}, which has no number here")
    return rebuilt[atom.head](bodies[0])


def _tuples(raw: Any) -> Term:
    return tuple(map(_tuples, raw)) if isinstance(raw, list) else raw


def _arguments(witness: Witness, site: Site, role: str) -> list[Polynomial]:
    """The arguments of a factor at the numbers, which see neither a datum nor a latent."""
    model, at = witness.model, _at(witness.values | witness.networks)
    size = model.observed if role == "decoder" else model.latent
    outer = {"prior": (), "decoder": ("latent",), "encoder": ("datum",)}[role]
    scope = (*tuple(site.opened(tag) for tag in outer), site.opened("index", size))
    found = []
    for term in model.factors[role].arguments:
        value = _size_one(evaluate(replace(site, scope=scope), _tuples(at(term)))[0])
        sees = any(atom.free for mono in value for atom, _ in mono)
        check(not sees, f"{show(term)} of the {role} is not a number at the witness")
        found.append(value)
    return found


def _check_collapsed(witness: Witness, site: Site) -> None:
    """The encoder's law is the prior's."""
    model = witness.model
    if model.factors["encoder"].family == ANY:
        return
    same = model.factors["encoder"].family == model.factors["prior"].family
    check(same, "the encoder's family is not the prior's")
    pairs = zip(*(_arguments(witness, site, role) for role in ("encoder", "prior")), strict=True)
    check(all(a == b for a, b in pairs), "the encoder is not the prior at the witness")
    for (name, range_), value in zip(
        model.family("prior").arguments.items(), _arguments(witness, site, "prior"), strict=True
    ):
        fits = range_ == "real" or site.work.surely_positive(value)
        check(fits and range_ != "unit", f"{name} of the prior is not shown to be {range_}")


def _free(witness: Witness) -> list[str]:
    """The arguments of the decoder's family that name something learned or a network."""
    model = witness.model
    learned = {name for name, p in model.parameters.items() if p.learned}
    arguments = zip(
        model.family("decoder").arguments, model.factors["decoder"].arguments, strict=True
    )
    return [
        name
        for name, term in arguments
        if named(term, "net", "matnet") or named(term, "param", "mat") & learned
    ]


def _density(
    site: Site, family: Family, var: Pair, values: list[Polynomial], moved: str = ""
) -> Pair:
    """log p - log h of a family at a variable and arguments, one of which may move by 1."""
    bindings: dict[str, Any] = {"dim": "dim", "var": lambda: var}
    for name, value in zip(family.arguments, values, strict=True):
        change = constant(1) if name == moved else {}
        bindings["arg " + name] = lambda value=value, change=change: (value, change)
    inside = replace(site, moving=True, scope=(), bindings=bindings)
    base = evaluate(inside, family.log_base_measure)
    return inside.plus(
        evaluate(inside, family.log_density),
        inside.times((constant(-1), {}), base),
    )


def _check_points(witness: Witness, site: Site, numbers: list[Fraction]) -> None:
    family, work = witness.model.family("decoder"), site.work
    for _, x in witness.points:
        whole = family.support in ("count", "binary")
        inside = not whole or (x.denominator == 1 and x >= 0)
        inside = inside and (family.support != "binary" or x <= 1)
        check(inside, f"the point {x} is not in the support, {family.support}")
        if not whole:
            _in_range(x, family.support, "a point")
    check(sum(y for y, _ in witness.points) == 0, "the weights do not sum to 0")
    values = [constant(v) for v in numbers]

    def weighted(moved: str, which: int) -> Polynomial:
        parts = (
            work.product(
                constant(y), _density(site, family, (constant(x), {}), values, moved)[which]
            )
            for y, x in witness.points
        )
        return work.add(*parts)

    for name in _free(witness):
        check(not weighted(name, 1), f"the weighted scores of {name} do not sum to 0")
    gap = weighted("", 0)
    check(
        _is_not_zero(gap),
        "the weighted log densities are not shown to sum to something else than 0",
    )


def _check_frozen(witness: Witness, site: Site) -> None:
    """Prior and encoder learn nothing, and their means of log p - log h differ."""
    model, work = witness.model, site.work
    check(not witness.points, "points are for witnesses of the decoder")
    means = []
    prior = _arguments(witness, site, "prior")
    for role in ("encoder", "prior"):
        factor = model.factors[role]
        check(factor.family != ANY, f"the {role} is of any law")
        learned = {
            n for n in named(factor.arguments, "param", "mat") if model.parameters[n].learned
        }
        check(not learned, f"the {role} learns {sorted(learned)}")
        check(role == "encoder" or not named(factor.arguments, "net"), "the prior reads a network")
        family = model.family(role)
        normal = family.location is not None and _check_noise(site, family)
        check(normal, f"the {role} is not location + scale * standard normal noise")
        values = _arguments(witness, site, role)
        for (name, range_), value in zip(family.arguments.items(), values, strict=True):
            fits = range_ == "real" or work.surely_positive(value)
            check(fits and range_ != "unit", f"{name} of the {role} is not shown to be {range_}")
        bindings = {
            "arg " + name: (lambda value=value: (value, {}))
            for name, value in zip(family.arguments, values, strict=True)
        }
        inside = replace(site, scope=(), bindings=bindings)
        eps: Pair = of(work.atom("noise")), {}
        location, scale = evaluate(inside, family.location), evaluate(inside, family.scale)
        drawn = site.plus(location, site.times(scale, eps))
        means.append(_mean(_density(site, model.family("prior"), drawn, prior)[0], work))
    difference = work.add(means[0], work.product(constant(-1), means[1]))
    check(_is_not_zero(difference), "the means of the prior's log density are not shown to differ")


def _mean(poly: Polynomial, work: Work) -> Polynomial:
    """E of a polynomial in standard normal noise: odd moments are 0, that of eps^k is (k-1)!!."""
    noise = work.atom("noise")
    total: Polynomial = {}
    for mono, coefficient in poly.items():
        power = dict(mono).get(noise, Fraction(0))
        rest = frozenset(item for item in mono if item[0] is not noise)
        inside = any(_holds(atom, noise) for atom, _ in rest)
        whole = power.denominator == 1 and power >= 0
        check(whole and not inside, "the log density is no polynomial in the noise")
        moment = 0 if power % 2 else 1
        for k in range(1, int(power), 2):
            moment *= k
        if moment:
            total = work.add(total, {rest: coefficient * moment})
    return total


def _holds(atom: Atom, wanted: Atom) -> bool:
    inner = (a for body in atom.bodies for mono, _ in body for a, _ in mono)
    return atom is wanted or any(_holds(a, wanted) for a in inner)


def _is_not_zero(poly: Polynomial) -> bool:
    """Whether a number is certainly not 0: a rational, with rational multiples of logarithms of
    different primes, or with rational multiples of different rational powers of e. Either are
    linearly independent over the rationals (unique factorisation; Lindemann)."""

    def independent(mono: frozenset) -> bool:
        if not mono:
            return True
        ((atom, exponent), *others) = mono
        body = dict(atom.bodies[0]) if atom.head == "log" else {}
        inner = [a for m in body for a, e in m if e == 1 and len(m) == 1]
        prime = len(body) == 1 == len(inner) and inner[0].head == "integer"
        return not others and exponent == 1 and prime and int(inner[0].label) < 10**6

    powers = all(atom.head == "e" for mono in poly for atom, _ in mono)
    return bool(poly) and (powers or all(map(independent, poly)))


def _conditions(witness: Witness) -> Iterator[tuple[str, ...]]:
    model = witness.model
    for name in sorted({model.factors[role].family for role in ("prior", "decoder")}):
        yield from (("normalised", name), ("score", name))
    yield from (("finite", "objective"), ("interchange", "objective"))
    if witness.kind == "decoder":
        yield ("collapsed", "encoder")
        return
    read = named(model.factors["encoder"].arguments, "net", "matnet")
    yield from (("frozen", name) for name in model.networks if name in read)


def _printed(witness: Witness, sha256: str) -> str:
    lines = [
        f"refusal of kind {witness.kind}, at sizes 1",
        *model_lines(witness.model, frozenset()),
    ]
    lines += [f"  {name} = {v}" for name, v in (witness.values | witness.networks).items()]
    lines += [f"  weight {y} at x = {x}" for y, x in witness.points]
    return "\n".join([*lines, f"refusal sha256: {sha256}"])
