"""Replay of a refusal: numbers where a model is stationary with a gap. Trusted for REFUTED.

    replay_refusal(text) -> Refutation     the claim is false for this model
    Refused                                not shown, which is not the same as true

One data plate holds everything, and what follows a law takes all the values that this law has: no
support is narrower. Families are over single numbers or one-hot.

The witness is the model at all sizes 1 with numbers for its parameters and constant networks, where
no argument of a factor sees a variable. A one-hot vector is constantly 1 there: its parts of ELBO
and entropy sum are 0. All other variables are independent; but for one factor of p, each follows
its own law of p, that of q where it is latent. What is given has any one value. The exception is

*observed*, p(x; a) of an observed variable: it follows p(x; a) + t sum_j y_j (a bump at x_j), with
sum_j y_j = 0 and a small t. For every argument a that names a network or something learned
sum_j y_j d/da log p(x_j; a) = 0, and under p(x; a) itself the score has mean zero. Hence
F - E = t sum_j y_j (log p - log h)(x_j), which is not 0; or

*latent*, p of a latent one: p and q of it name nothing learned, and the networks that they read
learn nothing (condition `frozen`), so that their part is a number. Hence
F - E = E_q (log p - log h) - E_p (log p - log h), which is not 0; both laws are location + scale *
standard normal noise, so these are sums of moments.

Every derivative of the objective is 0: each part has one by itself, and a latent's p and q have one
weight. That of an observed variable changes by its scores. That of a latent, E_q (log p - log q),
changes by the scores of p less those of q, and not with the law that is averaged over, because
log p - log q = 0. A score has mean zero; what multiplies it, the derivative of an argument, reads
other variables, independent of it. Every other part of F - E, E (log p - log h) + H, is 0.

Those derivatives need means. Data may take finitely many values under which finitely many functions
have the means that they have under a density (Richter, Tchakaloff), so what reads data is bounded;
networks of latents are bounded by choice; what reads latents otherwise is looked at (tails).

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
from .kernel.evaluate import Bound, Site, arguments, evaluate, expected
from .kernel.functions import INDICATORS
from .kernel.normal_form import ONE, Atom, Polynomial, Work, constant, labels, split
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
    subterms,
)
from .kernel.theorem import check_family, check_weight, head, per_datum, place
from .printing import refusal_statement

MAX_POINTS = 50
FINITE = ("binary", "onehot")  # supports of what has a mean whatever is read of it


Laws = dict[str, list[Polynomial]]  # by factor, the arguments at the numbers


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
    factor: Factor
    values: dict[str, Fraction]
    networks: dict[str, Fraction]
    points: list[tuple[Fraction, Fraction]]
    conditions: list[list[str]]

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
    found["factor"] = declared.p[terms.one_of(body["factor"], declared.p)]
    role = declared.variables[found["factor"].of[0]].role
    require(role == body["kind"], body["kind"], f"{body['factor']} is of what is {role}")
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
    place_ = site.apart(terms.ARITHMETIC - {"fun"})
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
    check(model_.data, "the data follow a law, and here are no data")
    check(not model_.counted, "a witness is known where one data plate holds everything")
    for factor in model_.factors.values():
        if factor.family != ANY:
            whose, own = witness.family(factor), model_.variables[factor.of[0]]
            words = f"{factor.name} is over {whose.support} numbers, {own.name} is {own.support}"
            check(whose.support == own.support, words)
    check(not model_.functions, f"nobody wrote down {model_.functions}: nothing is known of them")
    check(not model_.constraints, "a constraint in words is not known to hold at the numbers")
    families = model_.families.values()
    vectors = [f.name for f in families if f.depth and f.support != "onehot"]
    check(not vectors, f"families over vectors: {vectors}")
    matrices = [v.name for v in model_.variables.values() if v.support == "posdef"]
    check(not matrices, f"variables that are matrices: {matrices}")
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
    laws = {f.name: _at_witness(witness, site, f) for f in _plain(witness, model_.factors)}
    _check_collapsed(witness, laws)
    if witness.kind == "observed":
        _check_points(witness, site, laws)
    else:
        _check_frozen(witness, site, laws, normal)
    _check_tails(witness, normal)
    ours = [list(words) for words in _conditions(witness)]
    check(ours == witness.conditions, f"refusal.conditions: needed are {ours}"[:200])


def _plain(witness: Witness, factors: dict[str, Factor]) -> list[Factor]:
    """Those with a law of single numbers: neither any law nor one-hot."""
    of_family = [factor for factor in factors.values() if factor.family != ANY]
    return [factor for factor in of_family if not witness.family(factor).depth]


def _under(witness: Witness, site: Site, factor: Factor) -> tuple[Site, list[Bound], list[Bound]]:
    """The place of a factor's arguments: under an expectation, at the indices of its variable and
    of its class."""
    model_ = witness.said.model
    chosen = model_.variable(factor.select).plates[-1:] if factor.select else []
    indices, klass = model_.variables[factor.of[0]].plates, chosen
    return expected(site), [*map(site.opened, indices)], [*map(site.opened, klass)]


def _check_well_formed(witness: Witness, site: Site) -> None:
    """Every factor sees what its place allows, and its arguments lie in their ranges wherever
    parameters and networks do, hence at the numbers, and do not jump; base measures see no latent."""
    model_ = witness.said.model
    for factor in model_.factors.values():
        if factor.family != ANY:
            at, indices, klass = _under(witness, site, factor)
            arguments(at, factor, indices, *klass)
            jumps = [*subterms(factor.arguments, *INDICATORS)]
            check(not jumps, f"an argument of {factor.name} may jump")
    bases = [(factor, head(model_, "logh", factor)) for factor in model_.p.values()]
    evaluate(site.apart(terms.OF_STEP), per_datum(model_, bases))


def _in_range(value: Fraction, range_: str, what: str) -> None:
    known = ("real", "positive", "unit", "simplex")
    check(range_ in known, f"{what} is {range_}, which is no number")
    above = range_ == "real" or value > 0
    below = (range_ != "unit" or value < 1) and (range_ != "simplex" or value == 1)
    check(above and below, f"{what} = {value} is not {range_}")


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
    """Numbers for the parameters of a polynomial, also of one that sums over indices of size 1."""
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
    """The arguments of a factor at the numbers: they see no variable."""
    found = []
    for term in factor.arguments:
        at, indices, klass = _under(witness, site, factor)
        inside = at.apart(terms.OF_MODEL, *indices, *klass)
        value = _size_one(evaluate(inside, _with(witness.numbers, term)))
        check(not labels(value, ("v",)), f"{factor.name} sees a variable at the witness")
        found.append(value)
    return found


def _of_p(witness: Witness, factor: Factor) -> list[Factor]:
    """The factors of p of what a factor of q is of."""
    return [f for f in witness.said.model.p.values() if f.of[0] in factor.of]


def _check_collapsed(witness: Witness, laws: Laws) -> None:
    """Each law of q is that of p, and the whole KL is weighted: it is at its minimum."""
    weights = witness.said.weights
    for ours in witness.said.model.q.values():
        for theirs in _of_p(witness, ours):
            if theirs is not witness.factor:
                both = f"{ours.name} and {theirs.name}"
                whole = weights.get(ours.name, 1) == weights.get(theirs.name, 1)
                check(whole, f"{both} are weighted differently, so KL alone is not at its minimum")
                if ours.name in laws:
                    check(ours.family == theirs.family, f"{both} are of different families")
                    same = laws[ours.name] == laws[theirs.name]
                    check(same, f"{both} are different laws at the numbers")


def _value(
    site: Site, family: Family, term: Term, var: Polynomial, values: list[Polynomial], by: str = ""
) -> tuple[Polynomial, Polynomial]:
    """A term of a family at a variable and arguments, and its derivative by one of these."""
    given: dict[str, Any] = {"var": ([], lambda: var)}
    for name, value in zip(family.arguments, values, strict=True):
        moved = site.moved(value, constant(1 if name == by else 0))
        given[name] = [], lambda moved=moved: moved
    return split(evaluate(site.apart(family.heads, bindings=given), term))


def _log_ratio(family: Family) -> Term:
    """log p - log h, of which the ELBO and the entropy sum have different means."""
    return ["add", family.log_density, ["mul", -1, ["add", 0, family.log_base_measure]]]


def _check_tails(witness: Witness, normal: set[str]) -> None:
    """Where a factor reads latents themselves, not through networks, its log density must have a
    mean beside the numbers as well, or the objective is infinite there and has no derivative: they
    have exponential moments (near 0, or all), and nothing grows faster than those. A latent whose q
    reads others with all moments, has them as well if it is linear in these plus normal noise."""
    model_ = witness.said.model
    law = {f.of[0]: witness.family(f) for f in model_.p.values()}  # of q as well, or both normal
    for factor in _plain(witness, model_.factors):
        read = {name: model_.meant(name) for name in _reads(factor.arguments)}
        read["var"] = {factor.of[0]}
        read = {n: of for n, of in read.items() if any(_is_endless(model_, v) for v in of)}
        if not read.keys() - {"var"}:
            continue
        drawn = [law[v] for of in read.values() for v in of]
        families, unit = {f.name for f in drawn}, {f.name for f in drawn if f.support == "unit"}
        heavy = families - normal - LIGHT - unit
        check(not heavy, f"{factor.name} reads a latent, and the tails of {heavy} may be heavy")
        light = families <= unit | normal | {"Normal", "Poisson"}
        fast = {n: FLAT if unit & {law[v].name for v in of} else LINEAR for n, of in read.items()}
        tails = Tails(witness.numbers, fast, families <= unit, light, {})
        family = witness.family(factor)
        pairs = zip(family.arguments, factor.arguments, strict=True)
        tails = replace(tails, arguments={name: _growth(tails, term) for name, term in pairs})
        if factor.name in model_.p:
            _growth(tails, family.log_density)
            continue
        check(light and family.name in normal, f"{factor.name} reads a latent, and is not normal")
        location, scale = (_growth(tails, t)[0] for t in (family.location, family.scale))
        check(location <= LINEAR and not scale, f"{factor.name} is not linear in what it reads")


def _is_endless(model_: Model, name: str) -> bool:
    """Whether a variable takes infinitely many values; data need not."""
    variable = model_.variables[name]
    return variable.role == "latent" and variable.support not in FINITE


@dataclass(frozen=True)
class Tails:
    """What is read of latents, and how it grows: all bounded (but perhaps near 0), or with all
    exponential moments."""

    numbers: dict[str, Fraction]
    latents: dict[str, int]
    bounded: bool
    all_moments: bool
    arguments: dict[str, tuple[int, bool]]


LIGHT = {"Normal", "Laplace", "Bernoulli", "Poisson"}  # shipped, over numbers that are not cut off
LINEAR, POWERS, EXPONENTIAL, FLAT = 1, 2, 3, 4  # in z; FLAT: perhaps as near 0 as it is large


def _growth(tails: Tails, term: Term) -> tuple[int, bool]:
    """How fast a term grows in z (0: not at all, networks being bounded), at the numbers or beside
    them, and whether it reads z at the numbers; `Refused` if that may be too fast."""
    match term:
        case ["v", name, *_] if name in tails.latents:
            return tails.latents[name], True
        case ["var"] if "var" in tails.latents:
            return tails.latents["var"], True
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


def _reads(term: Term) -> set[str]:
    """The variables that a term names outside of networks."""
    if not isinstance(term, list) or term[:1] in (["net"], ["matnet"]):
        return set()
    own = {term[1]} if term[:1] == ["v"] else set()
    return own.union(*map(_reads, term))


def _check_points(witness: Witness, site: Site, laws: Laws) -> None:
    model_, work, factor = witness.said.model, site.work, witness.factor
    family = witness.family(factor)
    check(not family.depth, f"{factor.name} is constantly 1 at one class")
    support = model_.variables[factor.of[0]].support
    discrete = support in ("count", "binary")
    for _, x in witness.points:
        counted = x.denominator == 1 and x >= 0 and (support == "count" or x <= 1)
        check(counted or not discrete, f"the point {x} is not in the support, {support}")
        _in_range(x, "real" if discrete else support, "a point")
    formulas = [family.log_density, family.log_base_measure]
    jumps = [] if discrete else [*subterms(formulas, *INDICATORS)]
    check(not jumps, f"{factor.name} has a density that may jump, at a point too")
    check(sum(y for y, _ in witness.points) == 0, "the weights do not sum to 0")
    values = laws[factor.name]

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


def _check_frozen(witness: Witness, site: Site, laws: Laws, normal: set[str]) -> None:
    """p and q of the latent learn nothing, and their means of log p - log h differ."""
    model_, work = witness.said.model, site.work
    require(not witness.points, "points", "for witnesses of kind observed only")
    means, of_p = [], witness.family(witness.factor)
    for factor in _frozen(witness):
        check(factor.family in normal, f"{factor.name} is not location + scale * normal noise")
        family = witness.family(factor)
        read = named(factor.arguments, "param", "mat")
        learned = sorted(name for name in read if model_.parameters[name].learned)
        check(not learned, f"{factor.name} learns {learned}")
        given = {
            name: ([], lambda value=value: value)
            for name, value in zip(family.arguments, laws[factor.name], strict=True)
        }
        inside = site.apart(family.heads, bindings=given)
        location, scale = (evaluate(inside, t) for t in (family.location, family.scale))
        drawn = work.add(location, work.product(scale, site.symbol("noise")))
        ratio = _value(site, of_p, _log_ratio(of_p), drawn, laws[witness.factor.name])
        means.append(_mean(ratio[0], work))
    difference = work.add(means[0], work.negative(means[1]))
    check(_is_not_zero(difference), "the means of the latent's log density are not shown to differ")


def _frozen(witness: Witness) -> list[Factor]:
    """The factor of q of the latent that is the exception, if one is, and that of p."""
    of_q = [f for f in witness.said.model.q.values() if witness.factor.of[0] in f.of]
    return [*of_q, witness.factor] if of_q else []


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
        inner = dict(atom.bodies[0]) if atom.head == "log" else {}
        prime = inner.keys() == {ONE} and inner[ONE] < 10**6  # else it may be a product
        return not others and exponent == 1 and prime

    powers = all(atom.head == "e" for mono in poly for atom, _ in mono)
    return bool(poly) and (powers or all(map(independent, poly)))


def _conditions(witness: Witness) -> Iterator[tuple[str, ...]]:
    model_, frozen = witness.said.model, _frozen(witness)
    for name, family in sorted(model_.families.items()):
        yield from (("normalised", name), ("score", name))
        if family.log_base_measure != 0:
            yield "base_measure", name
    yield from (("finite", "objective"), ("interchange", "objective"))
    yield from (("collapsed", name) for name, factor in model_.q.items() if factor not in frozen)
    read = named([factor.arguments for factor in frozen], "net", "matnet")
    yield from (("frozen", name) for name in model_.networks if name in read)
