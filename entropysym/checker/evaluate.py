"""The value of a term and its derivative along the direction, side by side.

Both are polynomials over atoms, computed in one walk: no substitution, hence no capture. The
direction acts as a derivation D with D x = D eps = 0, D p = direction[p] for a parameter p, and it
passes through sums, means and expectations whose law does not move. Abstract networks have no
derivative; they stand still when their inputs do, and so do loggamma and entropies that nobody
wrote down. |u| moves only by a rational multiple of itself, as u does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from typing import Any

from . import matrices
from .matrices import Word
from .measures import bind, close
from .normal_form import ONE, Atom, Polynomial, Work, constant, key, of
from .reader import Certificate
from .statement import show
from .terms import ANY, POSITIVE, Family, Model, Refused, Term, check

Pair = tuple[Polynomial, Polynomial]  # value, derivative (empty, and unread, if not asked for)


@dataclass(frozen=True)
class Bound:
    """A binder that has been opened: its fresh name and, for a latent or a noise, its datum."""

    name: int
    tag: str
    datum: int = 0


@dataclass(frozen=True)
class Matrix:
    """scalar * word, of this size; D word = rate * word for every entry, as log det and trace."""

    scalar: Pair
    word: Word
    rate: Polynomial
    size: str


@dataclass(frozen=True)
class Site:
    """Where a term is evaluated: the replay's model and direction, and what the place binds.

    With ``reparametrised``, E_q f(z) is evaluated as E_eps f(location + scale eps), the same
    number, for `expect` and `reparam` alike, where eps has a fixed law: the standard normal one, if
    ``normal``, else one that is the same for all data unless it is ``tied`` to them. ``bindings`` hold, inside a family, the variable and
    the arguments as functions of an index (none for a family over single numbers), and the
    plate's size as ``dim``. ``moving``: derivatives are asked for.
    """

    work: Work
    model: Model
    objective: Term
    direction: dict[str, Term]
    certificates: dict[str, Certificate]
    reparametrised: bool
    normal: bool = False
    tied: bool = False
    moving: bool = False
    scope: tuple[Bound, ...] = ()
    bindings: Mapping[str, Any] = field(default_factory=dict)

    def at(self, position: int) -> Bound:
        return self.scope[-1 - position]

    def names(self, positions: Sequence[int]) -> tuple[int, ...]:
        return tuple(self.at(i).name for i in positions)

    def under(self, *binders: Bound) -> "Site":
        return replace(self, scope=self.scope + binders)

    def opened(self, tag: str, size: str = "", datum: int = 0) -> Bound:
        linked = datum if tag == "latent" or self.tied else 0
        size = "normal" if tag == "noise" and self.normal else size
        return Bound(self.work.fresh((tag, size, linked)), tag, datum)

    def close(self, bound: Bound, pair: Pair) -> Pair:
        return close(self.work, bound.name, pair[0]), close(self.work, bound.name, pair[1])

    def times(self, *pairs: Pair) -> Pair:
        """The product rule: D (u v) = D u v + u D v."""
        value, change = constant(1), {}
        for v, d in pairs:
            change = self.work.add(self.work.product(change, v), self.work.product(value, d))
            value = self.work.product(value, v)
        return value, change

    def plus(self, *pairs: Pair) -> Pair:
        return self.work.add(*(v for v, _ in pairs)), self.work.add(*(d for _, d in pairs))


def evaluate(site: Site, term: Term) -> Pair:
    """(value, D value if moving) of a term that `reader.term` has let through."""
    work = site.work
    work.charge(5)
    match term:
        case int():
            return constant(term), {}
        case ("frac", p, q):
            return constant(Fraction(p, q)), {}
        case ("pi" | "e" | "size", *name):
            return of(work.atom(term[0], *name)), {}
        case ("dim",):
            return of(work.atom("size", site.bindings["dim"])), {}
        case ("var", *positions):
            return site.bindings["var"](*map(site.at, positions))
        case ("arg", name, *positions):
            return site.bindings["arg " + name](*map(site.at, positions))
        case ("param", name, *positions):
            positive = site.model.parameters[name].range != "real"
            value = of(work.atom("param", name, site.names(positions), positive=positive))
            if not site.moving or name not in site.direction:
                return value, {}
            still = replace(site, moving=False, scope=tuple(map(site.at, positions)), bindings={})
            return value, evaluate(still, site.direction[name])[0]
        case ("net", name, positions, vectors):
            positive = site.model.networks[name].range != "real"
            bodies = _inputs(site, name, vectors)
            return of(work.atom("net", name, site.names(positions), (), bodies, positive)), {}
        case ("x" | "z", i, j):
            return _drawn(site, site.at(i), site.at(j))
        case ("eps", *positions):
            return of(work.atom("eps", ids=site.names(positions))), {}
        case ("sum", size, body):
            return _measure(site, site.opened("index", size), body)
        case ("mean", body):
            return _measure(site, site.opened("datum"), body)
        case ("expect" | "reparam", i, body):
            datum = site.at(i).name
            if site.reparametrised:
                return _measure(site, site.opened("noise", datum=datum), body)
            check(term[0] == "expect", "'reparam', but the encoder does not move")
            still = not site.moving or not moving_arguments(site, datum)
            check(still, "the encoder moves, but its latent is not written as noise")
            return _measure(site, site.opened("latent", datum=datum), body)
        case ("add", *parts):
            return site.plus(*(evaluate(site, part) for part in parts))
        case ("mul", *parts):
            return site.times(*(evaluate(site, part) for part in parts))
        case ("pow", base, exponent):
            q = Fraction(exponent) if isinstance(exponent, int) else Fraction(*exponent[1:])
            found = evaluate(site, base) if q.denominator == 1 and q > 0 else _positive(site, base)
            return _power(site, found, q, partial(show, base))
        case ("log", inner):
            return _log(site, _positive(site, inner), partial(show, inner))
        case ("exp", inner):
            v, d = evaluate(site, inner)
            value = work.exponential(v)
            return value, work.product(value, d)
        case ("softplus" | "sigmoid", inner):
            return _softplus(site, term[0], evaluate(site, inner))
        case ("abs", inner):
            return _absolute(site, evaluate(site, inner), partial(show, inner))
        case ("loggamma", inner):
            v, d = evaluate(site, inner)
            if d:
                raise Refused(f"{show(inner)} moves: loggamma is not differentiated")
            return work.log_gamma(v, partial(show, inner)), {}
        case ("logdet" | "trace" | "quad", *_):
            return _of_matrix(site, term)
        case ("logp" | "logh" | "H", role, *positions):
            return _factor(site, term[0], role, tuple(map(site.at, positions)))
        case ("objective",):
            return evaluate(replace(site, scope=()), site.objective)
        case ("D", inner):
            return evaluate(replace(site, moving=True), inner)[1], {}
        case _:
            raise Refused(f"no rule evaluates {show(term)}")


def _measure(site: Site, bound: Bound, body: Term) -> Pair:
    return site.close(bound, evaluate(site.under(bound), body))


def _positive(site: Site, term: Term) -> Pair:
    """The term, as a product of positive factors where it is a sum of squares and of something > 0."""
    pair, work = evaluate(site, term), site.work
    if work.surely_positive(pair[0]) or not _sign(site, term, pair[0]):
        return pair
    return work.factored(pair[0]), pair[1]


def _sign(site: Site, term: Term, value: Polynomial | None = None) -> bool | None:
    """True: certainly > 0, False: certainly >= 0, None: neither is seen."""
    match term:
        case ("add", *parts):
            signs = [_sign(site, part) for part in parts]
            return None if None in signs else any(signs)
        case ("mul", *parts):
            signs = [_sign(site, part) for part in parts]
            return None if None in signs else all(signs)
        case ("pow", base, int() as power) if power > 0 and power % 2 == 0:
            return bool(_sign(site, base))
        case ("abs", _):
            return False
    found = evaluate(site, term)[0] if value is None else value
    return True if site.work.surely_positive(found) else None


def _power(site: Site, base: Pair, q: Fraction, what: Callable[[], str]) -> Pair:
    """D u^q = q u^(q-1) D u."""
    (v, d), work = base, site.work
    value = work.power(v, q, what)
    slope = work.product(constant(q), work.power(v, q - 1, what)) if d else {}
    return value, work.product(slope, d)


def _log(site: Site, inner: Pair, what: Callable[[], str]) -> Pair:
    """D log u = D u / u."""
    v, d = inner
    value = site.work.logarithm(v, what)
    return value, site.work.product(d, site.work.power(v, Fraction(-1))) if d else {}


def _absolute(site: Site, inner: Pair, what: Callable[[], str]) -> Pair:
    """D |u| = r |u| where D u = r u with a rational r: true at u = 0 as well."""
    (v, d), work = inner, site.work
    value = work.absolute(v)
    if not d:
        return value, {}
    mono = next(iter(v), ONE)
    rate = constant(d.get(mono, Fraction(0)) / v[mono]) if v else {}
    if not work.equal(d, work.product(rate, v)):
        raise Refused(f"{what()} does not move by a multiple of itself: no derivative of its abs")
    return value, work.product(rate, value)


def _softplus(site: Site, head: str, inner: Pair) -> Pair:
    """softplus u = log(1 + e^u), with D softplus u = sigmoid u D u and D sigmoid u = sigmoid u (1 - sigmoid u) D u."""
    (v, d), work = inner, site.work
    value = of(work.atom(head, bodies=(key(v),), positive=True))
    if not d:
        return value, {}
    sigmoid = of(work.atom("sigmoid", bodies=(key(v),), positive=True))
    rest = work.add(constant(1), work.product(constant(-1), sigmoid))
    slope = sigmoid if head == "softplus" else work.product(sigmoid, rest)
    return value, work.product(slope, d)


def _inputs(site: Site, name: str, vectors: tuple[Term, ...]) -> tuple:
    """The inputs of a network as bodies of its atom; a network stands still if they do."""
    inputs = []
    for _, size, body in vectors:
        index = site.opened("index", size)
        value, change = evaluate(site.under(index), body)
        moves = f"the input {show(body)} of {name} moves" if change else ""
        check(not moves, f"{moves}: an abstract network cannot be differentiated")
        inputs.append(bind(site.work, "vec", size, {index.name: ("index", size, 0)}, value))
    return tuple(key(of(vector)) for vector in inputs)


def matrix(site: Site, term: Term) -> Matrix:
    """A matrix term in normal form; the direction moves a letter by a multiple of itself."""
    site.work.charge(5)
    match term:
        case ("arg", name):
            return site.bindings["arg " + name]
        case ("mat", name):
            declared = site.model.parameters[name]
            atom, rate = site.work.atom(declared.range, name), {}
            if site.moving and name in site.direction:
                still = replace(site, moving=False, scope=(), bindings={})
                rate, _ = evaluate(still, site.direction[name])
            return letter(atom, declared.plates[0], rate)
        case ("matnet", name, vectors):
            net = site.model.networks[name]
            atom = site.work.atom(net.range, name, bodies=_inputs(site, name, vectors))
            return letter(atom, net.plates[0], {})
        case ("scaled", factor, inner):
            found = matrix(site, inner)
            return replace(found, scalar=site.times(evaluate(site, factor), found.scalar))
        case ("transposed", inner):
            found = matrix(site, inner)
            return replace(found, word=matrices.transposed(found.word))
        case ("inverse", inner):
            found = matrix(site, inner)
            scalar = _power(site, found.scalar, Fraction(-1), partial(show, term))
            rate = site.work.product(constant(-1), found.rate)
            return Matrix(scalar, matrices.inverse(found.word), rate, found.size)
    parts = [matrix(site, part) for part in term[1:]]
    scalar = site.times(*(part.scalar for part in parts))
    word = matrices.joined(tuple(part.word for part in parts))
    return Matrix(scalar, word, site.work.add(*(p.rate for p in parts)), parts[0].size)


def letter(atom: Atom, size: str, rate: Polynomial) -> Matrix:
    return Matrix((constant(1), {}), ((atom, False, False),), rate, size)


def _of_matrix(site: Site, term: Term) -> Pair:
    """log det (c W) = size log c + log det W and D log det W = size * rate; tr (c W) = c tr W and
    v^T (c W) w = c sum_ij v_i w_j W_ij, where D multiplies W by its rate."""
    work = site.work
    found = matrix(site, term[2 if term[0] == "quad" else 1])
    size = of(work.atom("size", found.size))
    if term[0] == "logdet":
        log = _log(site, found.scalar, partial(show, term))
        value = matrices.log_det(work, found.word), work.product(size, found.rate)
        return site.plus(site.times((size, {}), log), value)
    if term[0] == "trace":
        value = matrices.trace(work, found.word, found.size)
        return site.times(found.scalar, (value, work.product(found.rate, value)))
    i, j = site.opened("index", found.size), site.opened("index", found.size)
    value = matrices.entry(work, found.word, i.name, j.name)
    left, right = (evaluate(site.under(index), v[2]) for index, v in ((i, term[1]), (j, term[3])))
    pair = site.times(found.scalar, left, right, (value, work.product(found.rate, value)))
    return site.close(i, site.close(j, pair))


def _drawn(site: Site, bound: Bound, index: Bound) -> Pair:
    """x_d and z_h are symbols; after reparametrisation z_h is location_h + scale_h eps_h."""
    head, role = ("x", "decoder") if bound.tag == "datum" else ("z", "encoder")
    family, ids = site.model.family(role), (bound.name, index.name)
    if bound.tag != "noise":
        positive = family.support in POSITIVE
        return of(site.work.atom(head, family.support, ids, positive=positive)), {}
    bindings = arguments(site, role, (Bound(bound.datum, "datum"),), index)
    inside = replace(site, scope=(), bindings=bindings)
    eps = of(site.work.atom("eps", ids=ids)), {}
    location, scale = evaluate(inside, family.location), evaluate(inside, family.scale)
    return site.plus(location, site.times(scale, eps))


def arguments(site: Site, role: str, scope: tuple[Bound, ...], index: Bound) -> dict[str, Any]:
    """The arguments of a factor's family, each within its range, as `bindings`."""
    work, factor, family = site.work, site.model.factors[role], site.model.family(role)
    whole = replace(site, scope=scope, bindings={})
    place = whole if family.over_vectors else whole.under(index)
    found: dict[str, Any] = {}
    for (name, range_), term in zip(family.arguments.items(), factor.arguments, strict=True):
        if range_ == "vector":
            found["arg " + name] = lambda i, term=term: evaluate(whole.under(i), term)
            continue
        if range_ == "posdef":
            value = matrix(whole, term)
            fits = work.surely_positive(value.scalar[0]) and matrices.surely_posdef(value.word)
            found["arg " + name] = value
        else:
            pair = evaluate(place, term)
            fits = range_ == "real" or work.surely_positive(pair[0])
            fits = fits and (range_ != "unit" or _in_unit(site.model, term))
            found["arg " + name] = lambda pair=pair: pair
        if not fits:
            raise Refused(f"{name} of the {role}: {show(term)}: not shown to be {range_}")
    return found


def _in_unit(model: Model, term: Term) -> bool:
    declared = model.parameters | model.networks
    named = isinstance(term, tuple) and term[0] in ("param", "net")
    return named and declared[term[1]].range == "unit"


def _factor(site: Site, head: str, role: str, bound: tuple[Bound, ...]) -> Pair:
    """A factor's log density or log base measure at the first of these, given the others, or its
    entropy given them all: a sum over the plate, or one term if its family is over vectors."""
    model, family = site.model, site.model.family(role)
    size = model.observed if role == "decoder" else model.latent
    index = site.opened("index", size)
    given = bound if head == "H" else bound[1:]
    bindings = {} if head == "logh" else arguments(site, role, given, index)
    bindings["dim"] = size
    if head == "H":
        pair = _entropy(site, role, bound, bindings)
    else:
        here = () if family.over_vectors else (index,)
        bindings["var"] = lambda *i: _drawn(site, bound[0], *here, *i)
        body = {"logp": family.log_density, "logh": family.log_base_measure}[head]
        pair = evaluate(replace(site, scope=(), bindings=bindings), body)
    return pair if family.over_vectors or family.name == ANY else site.close(index, pair)


def named(term: Term, *heads: str) -> set[str]:
    """The second entries of all subterms of these heads."""
    if not isinstance(term, tuple):
        return set()
    own = {term[1]} if term and term[0] in heads else set()
    return own.union(*(named(part, *heads) for part in term))


def shape_arguments(family: Family) -> list[str]:
    """The arguments that neither location nor scale names: those of the law of the noise."""
    used = named((family.location, family.scale), "arg")
    return [name for name in family.arguments if name not in used]


def moving_arguments(site: Site, datum: int) -> set[str]:
    """The names of the encoder's arguments that move."""
    index, family = site.opened("index", site.model.latent), site.model.family("encoder")
    bindings = arguments(site, "encoder", (Bound(datum, "datum"),), index)
    pairs = {name: _whole(site, bindings["arg " + name], r) for name, r in family.arguments.items()}
    return {name for name, (_, change) in pairs.items() if change}


def _whole(site: Site, found: Any, range_: str) -> Pair:
    """An argument as one value: a vector is bound by an index, a matrix by two."""
    if range_ not in ("vector", "posdef"):
        return found()
    i, j = site.opened("index", "dim"), site.opened("index", "dim")
    pair, opened = (found(i), (i,)) if range_ == "vector" else (None, (i, j))
    if pair is None:
        entry = matrices.entry(site.work, found.word, i.name, j.name)
        pair = site.times(found.scalar, (entry, site.work.product(found.rate, entry)))
    kinds = {index.name: site.work.kinds[index.name] for index in opened}
    return of(bind(site.work, "vec", "dim", kinds, pair[0])), pair[1]


def _entropy(site: Site, role: str, bound: tuple[Bound, ...], bindings: dict[str, Any]) -> Pair:
    """The certificate's entropy, or an atom that nobody looks into and that must stand still: H(x_n)
    for any law, log scale + H(shape) for location + scale * noise, H(arguments) for any other."""
    family, work = site.model.family(role), site.work
    inside = replace(site, scope=(), bindings=bindings)
    if family.name == ANY:
        return of(work.atom("entropy", ANY, (bound[0].name,))), {}
    pseudo = (
        role == "encoder" and family.log_base_measure != 0
    )  # while H[q_n] is the entropy itself
    if family.name in site.certificates and not pseudo:
        return evaluate(inside, site.certificates[family.name].entropy)
    log_scale: Pair = ({}, {})
    names = list(family.arguments)
    if family.location is not None and family.log_base_measure == 0:
        names = shape_arguments(family)
        log_scale = _log(site, evaluate(inside, family.scale), partial(show, family.scale))
    values = [_whole(site, bindings["arg " + name], family.arguments[name]) for name in names]
    moves = any(change for _, change in values)
    check(not moves, f"H of the {role} moves, and {family.name} has no certificate for it")
    opaque = of(work.atom("entropy", family.name, bodies=tuple(key(v) for v, _ in values)))
    return site.plus(log_scale, (opaque, {}))
