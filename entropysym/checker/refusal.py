"""Replay of a refusal: numbers at which a model is stationary and has a gap. Trusted for the word REFUTED.

    replay_refusal(text) -> Refutation     the claim is false for this model
    Refused                                not shown, which is not the same as true

The model has one observed variable, one latent variable, and three factors: here p of the latent is
called the prior, p of the observed variable the decoder, and q the encoder. There is a data plate,
and what is said to follow a law takes all the values that this law has: no support is narrower.

The witness is the model at all sizes 1 with numbers for its parameters and constant networks, where
the decoder does not see the latents. There are two kinds.

*decoder*: the encoder's law is the prior's, so KL is 0, at its minimum: prior and encoder leave no
derivative, whatever networks learn. The data follow p(x; a) + t sum_j y_j (a bump at x_j), with
sum_j y_j = 0 and a small t. For every argument a of the decoder's family that names a network or
something learned, sum_j y_j d/da log p(x_j; a) = 0, and under p(x; a) itself the score has mean
zero; so every derivative of the objective is 0, by the chain rule, and
F - E = t sum_j y_j (log p - log h)(x_j), which is not 0.

*prior*: prior and encoder name nothing learned, and the networks that they read learn nothing
(condition `frozen`). The data follow the decoder's own law, whose scores have mean zero, so
every derivative is 0, and F - E = E_q (log p - log h) - E_p (log p - log h), which is not 0; both
laws are location + scale * standard normal noise, so these are sums of moments.

Points stand for smooth densities: log p - log h and the scores are continuous at the points (a
kink there is refused), and as the weights show, log p - log h is no combination of the scores and
1. So there is a smooth density, of any sign, under which these have mean 0 and it has not.

In both, no constraint binds anything (it is not known whether the numbers satisfy it), the
penalty's derivative by each learned parameter is 0, and constants and entropies drop out.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd
from typing import Any

from . import gate
from .kernel import terms
from .kernel.evaluate import Site, arguments, evaluate
from .kernel.normal_form import ONE, Atom, Polynomial, Work, constant, split
from .kernel.reader import model, objective
from .kernel.terms import (
    ANY,
    Factor,
    Family,
    Model,
    Refused,
    Statement,
    Term,
    check,
    named,
    require,
    shown,
)
from .kernel.theorem import check_family, check_weight, place
from .known import FAMILIES
from .printing import refusal_statement

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
    """The document: the model with its clamps resolved, the objective's parts, and the numbers."""

    said: Statement
    kind: str
    values: dict[str, Fraction]
    networks: dict[str, Fraction]
    points: list[tuple[Fraction, Fraction]]
    conditions: list[list[str]]

    @property
    def prior(self) -> Factor:
        return self._factor(self.said.model.p, "latent")

    @property
    def decoder(self) -> Factor:
        return self._factor(self.said.model.p, "observed")

    @property
    def encoder(self) -> Factor:
        return self._factor(self.said.model.q, "latent")

    def _factor(self, factors: dict[str, Factor], role: str) -> Factor:
        """The one factor of a variable of this role."""
        roles = self.said.model.variables
        found = [f for f in factors.values() if roles[f.of[0]].role == role]
        check(len(found) == 1, f"{len(found)} factors of {role} variables: no witness is known")
        return found[0]

    def family(self, factor: Factor) -> Family:
        return self.said.model.families[factor.family]

    @property
    def numbers(self) -> dict[str, Fraction]:
        return self.values | self.networks


def replay_refusal(data: str | bytes) -> Refutation:
    """Check a refusal; `Malformed` and `Refused` are the only exceptions."""
    work = Work()
    try:
        body = gate.refusal_envelope(data)
        witness = _read(body, work)
        gate.check_words(witness.said)
        _check(witness, work)
        printed = refusal_statement(body, witness.said.model, gate.digest(body))
    except (RecursionError, MemoryError):
        raise Refused("work limit reached (nested too deep)") from None
    model, words = witness.said.model.name, tuple(tuple(c) for c in witness.conditions)
    return Refutation(printed, model, witness.kind, words)


def rational(raw: Any) -> Fraction:
    """An integer or a fraction in lowest terms."""
    if type(raw) is int:
        return Fraction(raw)
    fits = isinstance(raw, list) and len(raw) == 3 and raw[0] == "frac"
    fits = fits and type(raw[1]) is type(raw[2]) is int and raw[2] >= 2
    require(fits and gcd(raw[1], raw[2]) == 1, raw, "not a rational in lowest terms")
    return Fraction(raw[1], raw[2])


def _point(raw: Any) -> tuple[Fraction, Fraction]:
    require(isinstance(raw, list) and len(raw) == 2, raw, "not a weight and a point")
    return rational(raw[0]), rational(raw[1])


def _read(body: Any, work: Work) -> Witness:
    require(len(body["points"]) <= MAX_POINTS, len(body["points"]), "too many points")
    found = {key: body[key] for key in ("kind", "conditions")}
    found["points"] = [_point(raw) for raw in body["points"]]
    for key in ("values", "networks"):
        found[key] = {name: rational(raw) for name, raw in body[key].items()}
    site = Site(work, _about(None, {}, 0), 0)
    declared = model(_resolved(body["model"], found["values"] | found["networks"], site))
    for key, arrays in (("values", declared.parameters), ("networks", declared.networks)):
        wrong = sorted(found[key].keys() ^ arrays.keys())
        require(not wrong, wrong, f"without a number in {key}, or not declared")
    goal = objective(body["objective"], "refusal.objective")
    return Witness(_about(declared, **goal), **found)


def _about(declared: Model | None, weights: dict[str, Term], penalty: Term) -> Statement:
    """A statement of which only the model and the objective are used."""
    return Statement(declared, weights, penalty, {}, 0, 0, 0, [], {})  # type: ignore[arg-type]


def _resolved(raw: Any, numbers: dict[str, Fraction], site: Site) -> Any:
    """Clamps (`max`, `min`) as the one branch that is active at the numbers."""
    if isinstance(raw, dict):
        return {key: _resolved(value, numbers, site) for key, value in raw.items()}
    if not isinstance(raw, list):
        return raw
    parts = [_resolved(part, numbers, site) for part in raw]
    if raw[:1] not in (["max"], ["min"]) or len(parts) < 3:
        return parts
    place_ = site.apart(terms.ARITHMETIC)
    values = [_number(evaluate(place_, _with(numbers, part))) for part in parts[1:]]
    known = [v for v in values if v is not None]
    check(len(known) == len(values), f"a branch of {raw[0]} is no rational number")
    best = (max if raw[0] == "max" else min)(known)
    check(values.count(best) == 1, f"branches of {raw[0]} tie at {best}")
    return parts[1 + values.index(best)]


def _with(numbers: dict[str, Fraction], term: Term) -> Term:
    """Numbers for parameters, networks and sizes; 0 is 1 - 1: no factor is literally 0."""
    if not isinstance(term, list) or not term:
        return term
    array = term[0] in ("param", "net") and len(term) > 1 and isinstance(term[1], str)
    if array and term[1] in numbers:
        value = numbers[term[1]]
        whole = int(value) if value.denominator == 1 else ["frac", *value.as_integer_ratio()]
        return whole if value else ["add", 1, -1]
    return 1 if term[0] == "size" else [_with(numbers, part) for part in term]


def _number(poly: Polynomial) -> Fraction | None:
    """The rational number that a polynomial is, at sizes 1; None if it is none."""
    poly = _size_one(poly)
    return poly.get(ONE, Fraction(0)) if not poly.keys() - {ONE} else None


def _size_one(poly: Polynomial) -> Polynomial:
    """Sums run over one term."""
    found: Polynomial = {}
    for mono, coefficient in poly.items():
        rest = frozenset(item for item in mono if item[0].head != "size")
        found[rest] = found.get(rest, Fraction(0)) + coefficient
    return {mono: c for mono, c in found.items() if c}


def _check(witness: Witness, work: Work) -> None:
    said, model_ = witness.said, witness.said.model
    one_of_each = len(model_.variables) == 2 and len(model_.factors) == 3 and not model_.counted
    check(one_of_each, "a witness is known for one observed and one latent variable only")
    plain = witness.encoder.select or witness.decoder.select or witness.prior.select or model_.lags
    check(not plain, "no witness is known for classes and lags")
    check(model_.data, "the data follow a law, and here are no data")
    for factor in (witness.prior, witness.decoder, witness.encoder):
        if factor.family != ANY:
            whose, own = model_.families[factor.family], model_.variables[factor.of[0]]
            words = f"{factor.name} is over {whose.support} numbers, {own.name} is {own.support}"
            check(whose.support == own.support, words)
    check(not model_.constraints, "a constraint in words is not known to hold at the numbers")
    vectors = [name for name, family in model_.families.items() if family.over_vectors]
    check(not vectors, f"families over vectors: {vectors}")
    for declared in (*model_.parameters.values(), *model_.networks.values()):
        _in_range(witness.numbers[declared.name], declared.range, declared.name)
    site = Site(work, said, 0)
    normal = set()
    for name, family in model_.families.items():
        with place(f"families.{name}"):
            normal |= {name} if check_family(site, family) else set()
    with place("refusal.model"):
        _check_well_formed(witness, site)
    with place("refusal.objective"):
        for weight in said.weights.values():
            check_weight(site, weight)
        _check_penalty(witness, site)
    numbers = _decoder_numbers(witness, site)
    if witness.kind == "decoder":
        _check_collapsed(witness, site)
        _check_points(witness, site, numbers)
    else:
        _check_frozen(witness, site, normal)
    _check_tails(witness, normal)
    ours = [list(words) for words in _conditions(witness)]
    check(ours == witness.conditions, f"refusal.conditions: needed are {ours}"[:200])


def _under(witness: Witness, site: Site, factor: Factor) -> tuple[Site, list]:
    """The place of a factor's arguments: under an expectation, at the indices of its variable."""
    latent = witness.encoder.of[0]
    at = replace(site, omega={latent: site.work.fresh(("latent", ""))})
    return at, [*map(site.opened, witness.said.model.variables[factor.of[0]].plates)]


def _check_well_formed(witness: Witness, site: Site) -> None:
    """Every factor sees what its place allows, and its arguments lie in their ranges wherever
    parameters and networks do, hence at the numbers."""
    for factor in (witness.prior, witness.decoder, witness.encoder):
        if factor.family != ANY:
            at, indices = _under(witness, site, factor)
            arguments(at, factor, indices)
    data = [0] if witness.said.model.data else []
    term: Term = ["logh", witness.decoder.name, *data]  # sees no latent
    evaluate(
        site.apart(terms.OF_STEP), ["mean", witness.said.model.data[0], term] if data else term
    )


def _in_range(value: Fraction, range_: str, what: str) -> None:
    check(range_ in ("real", "positive", "unit"), f"{what} is {range_}, which is no number")
    above = range_ == "real" or value > 0
    check(above and (range_ != "unit" or value < 1), f"{what} = {value} is not {range_}")


def _check_penalty(witness: Witness, site: Site) -> None:
    """Its derivative by each learned parameter is 0 at the numbers; it is a polynomial there."""
    said = witness.said
    evaluate(site.apart(terms.OF_DIRECTION), said.penalty)
    for name in sorted(named(said.penalty, "param", "mat")):
        if said.model.parameters[name].learned:
            alone = said._replace(direction={name: 1})
            moving = replace(site, statement=alone).apart(terms.OF_DIRECTION, moving=True)
            _, change = split(evaluate(moving, said.penalty))
            slope = _substituted(witness, site.work, change)
            check(not slope, f"the penalty has a derivative by {name} at the numbers")


def _substituted(witness: Witness, work: Work, poly: Polynomial) -> Polynomial:
    """Numbers for the parameters of a polynomial, also of one that sums over indices (of size 1)."""
    total: Polynomial = {}
    for mono, coefficient in poly.items():
        part = constant(coefficient)
        for atom, exponent in mono:
            part = work.product(part, work.power(_at_numbers(witness, work, atom), exponent))
        total = work.add(total, part)
    return total


def _at_numbers(witness: Witness, work: Work, atom: Atom) -> Polynomial:
    if atom.head == "param":
        return constant(witness.values[atom.label])
    if atom.head in ("size", "integer"):
        return constant(1 if atom.head == "size" else int(atom.label))
    # A penalty holds no data and no latents: what it sums over are indices.
    check(atom.head == "measure", f"the penalty is no polynomial: it holds {atom.head}")
    return _substituted(witness, work, dict(atom.bodies[0]))


def _at_witness(witness: Witness, site: Site, factor: Factor) -> list[Polynomial]:
    """The arguments of a factor at the numbers: they see neither a datum nor a latent."""
    found = []
    for term in factor.arguments:
        at, indices = _under(witness, site, factor)
        inside = at.apart(terms.OF_MODEL, *indices)
        value = _size_one(evaluate(inside, _with(witness.numbers, term)))
        sees = any(atom.free for mono in value for atom, _ in mono)
        check(not sees, f"an argument of {factor.name} is no number at the witness")
        found.append(value)
    return found


def _decoder_numbers(witness: Witness, site: Site) -> list[Fraction]:
    names, found = witness.family(witness.decoder).arguments, []
    for name, value in zip(names, _at_witness(witness, site, witness.decoder), strict=True):
        number = _number(value)
        if number is None:
            raise Refused(f"{name} of {witness.decoder.name} is no rational number")
        found.append(number)
    return found


def _check_collapsed(witness: Witness, site: Site) -> None:
    """The encoder's law is the prior's, and the whole KL is weighted: it is at its minimum."""
    weights = witness.said.weights
    whole = weights.get(witness.encoder.name, 1) == weights.get(witness.prior.name, 1)
    check(whole, "prior and encoder are weighted differently, so KL alone is not at its minimum")
    if witness.encoder.family == ANY:
        return
    same = witness.encoder.family == witness.prior.family
    check(same, "the encoder's family is not the prior's")
    ours, theirs = (_at_witness(witness, site, f) for f in (witness.encoder, witness.prior))
    check(ours == theirs, "the encoder is not the prior at the numbers")


def _value(
    site: Site, family: Family, term: Term, var: Polynomial, values: list[Polynomial], by: str = ""
) -> tuple[Polynomial, Polynomial]:
    """A term of a family at a variable and arguments, and its derivative by one of these."""
    given: dict[str, Any] = {"var": (0, lambda: var)}
    for name, value in zip(family.arguments, values, strict=True):
        moved = site.moved(value, constant(1 if name == by else 0))
        given[name] = 0, lambda moved=moved: moved
    return split(evaluate(site.apart(family.heads, bindings=given), term))


def _log_ratio(family: Family) -> Term:
    """log p - log h, of which the ELBO and the entropy sum have different means."""
    return ["add", family.log_density, ["mul", -1, ["add", 0, family.log_base_measure]]]


def _check_tails(witness: Witness, normal: set[str]) -> None:
    """Where the decoder reads z itself, not through a network, its log density must have a mean
    beside the numbers as well, or the objective is infinite there and has no derivative: z has
    exponential moments (near 0, or all), and nothing grows faster than those."""
    law = witness.family(witness.prior)  # of the encoder as well, or both are normal
    family, given = witness.family(witness.decoder), witness.decoder.arguments
    if not any(map(_reads_latent, given)) or law.support == "binary":
        return
    light = law.name in normal | FAMILIES.keys() or law.support == "unit"
    check(light, f"the tails of {law.name} may be heavy, and the decoder reads z")
    bounded, all_moments = law.support == "unit", law.name in normal | {"Normal", "Poisson"}
    tails = Tails(witness.numbers, bounded, bounded or all_moments, {})
    pairs = zip(family.arguments, given, strict=True)
    seen = {name: _growth(tails, term) for name, term in pairs}
    _growth(replace(tails, arguments=seen), family.log_density)


@dataclass(frozen=True)
class Tails:
    """What z is like: bounded (but perhaps near 0), or with all exponential moments."""

    numbers: dict[str, Fraction]
    bounded: bool
    all_moments: bool
    arguments: dict[str, tuple[int, bool]]


LINEAR, POWERS, EXPONENTIAL, FLAT = 1, 2, 3, 4  # in z; FLAT: perhaps as near 0 as it is large


def _growth(tails: Tails, term: Term) -> tuple[int, bool]:
    """How fast a term grows in z (0: not at all, networks being bounded), at the numbers or beside
    them, and whether it reads z at the numbers; `Refused` if that may be too fast."""
    match term:
        case ["v", *_]:  # the latent
            return FLAT if tails.bounded else LINEAR, True
        case ["arg", name]:
            return tails.arguments[name]
        case ["sum", _, body]:
            return _growth(tails, body)
        case ["add" | "mul" as head, *parts]:
            found = [_growth(tails, part) for part in parts]
            fastest = max(growth for growth, _ in found)
            reads = any(reads for _, reads in found)
            if head == "mul":
                fastest = max(fastest, min(sum(growth for growth, _ in found), POWERS))
                reads &= ["add", 1, -1] not in [_with(tails.numbers, part) for part in parts]
            return fastest, reads
        case ["pow", base, power]:
            growth, reads = _growth(tails, base)
            if type(power) is not int or power < 0:
                slow = growth != FLAT and (growth < EXPONENTIAL or tails.all_moments or not reads)
                check(slow, f"{shown(term)} may have no mean")
            return max(growth, POWERS) if growth else 0, reads
        case [str() as head, inner] if head in terms.FUNCTIONS:
            growth, reads = _growth(tails, inner)
            bounded = tails.bounded and head in ("exp", "softplus", "sigmoid")
            if not growth or head == "abs" or bounded:
                return growth, reads
            if head in ("softplus", "sigmoid"):
                return EXPONENTIAL if growth == LINEAR else FLAT, reads
            linear = growth == LINEAR and (tails.all_moments or not reads)
            slow = (head == "log" and growth != FLAT) or (head == "exp" and linear)
            check(slow, f"{shown(term)} may have no mean")
            return POWERS if head == "log" else EXPONENTIAL, reads
    return 0, False


def _reads_latent(term: Term) -> bool:
    if not isinstance(term, list) or term[:1] in (["net"], ["matnet"]):
        return False
    return term[:1] == ["v"] or any(map(_reads_latent, term))


def _check_points(witness: Witness, site: Site, numbers: list[Fraction]) -> None:
    model_ = witness.said.model
    work = site.work
    family, factor = witness.family(witness.decoder), witness.decoder
    support = model_.variables[factor.of[0]].support
    for _, x in witness.points:
        discrete = support in ("count", "binary")
        counted = x.denominator == 1 and x >= 0 and (support == "count" or x <= 1)
        check(counted or not discrete, f"the point {x} is not in the support, {support}")
        _in_range(x, "real" if discrete else support, "a point")
    check(sum(y for y, _ in witness.points) == 0, "the weights do not sum to 0")
    values = [constant(v) for v in numbers]

    def weighted(term: Term, by: str = "") -> list[Polynomial]:
        parts = [_value(site, family, term, constant(x), values, by) for _, x in witness.points]
        weights = [constant(y) for y, _ in witness.points]
        columns = zip(*parts, strict=True) if parts else ((), ())
        pairs = [zip(weights, column, strict=True) for column in columns]
        return [work.add(*(work.product(y, p) for y, p in pair)) for pair in pairs]

    learned = {name for name, p in model_.parameters.items() if p.learned}
    for name, term in zip(family.arguments, factor.arguments, strict=True):
        if named(term, "net", "matnet") or named(term, "param", "mat") & learned:
            score = weighted(family.log_density, name)[1]  # log h is no part of the objective
            check(not score, f"the weighted scores of {name} do not sum to 0")
    gap, _ = weighted(_log_ratio(family))
    check(_is_not_zero(gap), "the weighted log densities are not shown not to sum to 0")


def _check_frozen(witness: Witness, site: Site, normal: set[str]) -> None:
    """Prior and encoder learn nothing, and their means of log p - log h differ."""
    model_, work = witness.said.model, site.work
    require(not witness.points, "points", "for witnesses of kind decoder only")
    prior, means = _at_witness(witness, site, witness.prior), []
    for factor in (witness.encoder, witness.prior):
        check(factor.family in normal, f"{factor.name} is not location + scale * normal noise")
        family = witness.family(factor)
        read = named(factor.arguments, "param", "mat")
        learned = sorted(name for name in read if model_.parameters[name].learned)
        check(not learned, f"{factor.name} learns {learned}")
        values = _at_witness(witness, site, factor)
        given = {
            name: (0, lambda value=value: value)
            for name, value in zip(family.arguments, values, strict=True)
        }
        inside = site.apart(family.heads, bindings=given)
        location, scale = (evaluate(inside, t) for t in (family.location, family.scale))
        drawn = work.add(location, work.product(scale, site.symbol("noise")))
        of_prior = witness.family(witness.prior)
        means.append(_mean(_value(site, of_prior, _log_ratio(of_prior), drawn, prior)[0], work))
    difference = work.add(means[0], work.negative(means[1]))
    check(_is_not_zero(difference), "the means of the prior's log density are not shown to differ")


def _mean(poly: Polynomial, work: Work) -> Polynomial:
    """E of a polynomial in standard normal noise: 0 for odd powers, (k - 1)!! for eps^k, k even."""
    noise = work.atom("noise")
    total: Polynomial = {}
    for mono, coefficient in poly.items():
        power = dict(mono).get(noise, Fraction(0))
        rest = frozenset(item for item in mono if item[0] is not noise)
        inside = any(_holds(atom, noise) for atom, _ in rest)
        check(not inside, "the log density is no polynomial in the noise")
        moment = 1 - int(power) % 2
        for k in range(1, int(power), 2):
            moment *= k
        total = work.add(total, {rest: coefficient * moment} if moment else {})
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
        inner = [a for body in atom.bodies for m, _ in body for a, _ in m]  # one, if a logarithm
        prime = atom.head == "log" and inner[0].head == "integer" and int(inner[0].label) < 10**6
        return not others and exponent == 1 and prime

    powers = all(atom.head == "e" for mono in poly for atom, _ in mono)
    return bool(poly) and (powers or all(map(independent, poly)))


def _conditions(witness: Witness) -> Iterator[tuple[str, ...]]:
    model_ = witness.said.model
    for name in sorted({witness.prior.family, witness.decoder.family}):
        yield from (("normalised", name), ("score", name))
        if model_.families[name].log_base_measure != 0:
            yield "base_measure", name
    yield from (("finite", "objective"), ("interchange", "objective"))
    if witness.kind == "decoder":
        yield "collapsed", witness.encoder.name
        return
    terms_ = [factor.arguments for factor in (witness.prior, witness.encoder)]
    read = named(terms_, "net", "matnet")
    yield from (("frozen", name) for name in model_.networks if name in read)
