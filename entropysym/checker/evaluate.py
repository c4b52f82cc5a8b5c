"""The value of a term and its derivative along the direction, side by side.

Both are polynomials over atoms, computed in one walk: no substitution, hence no capture. The
direction acts as a derivation D with D x = D eps = 0, D p = direction[p] for a parameter p, and it
passes through sums, means and expectations whose law does not move. Abstract networks have no
derivative; they stand still when their inputs do.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import partial

from .measures import bind, close
from .normal_form import (
    Polynomial,
    Work,
    add,
    constant,
    exponential,
    is_positive,
    key,
    logarithm,
    of,
    power,
    product,
)
from .reader import Certificate
from .statement import show
from .terms import Model, Refused, Term

Pair = tuple[Polynomial, Polynomial]  # value, derivative (empty, and unread, if not asked for)

ELBO: Term = (
    "mean",
    (
        "add",
        ("H", "encoder", 0),
        ("expect", 0, ("logp", "prior", 0)),
        ("expect", 0, ("logp", "decoder", 1, 0)),
    ),
)
ENTROPY_SUM: Term = (
    "add",
    ("mean", ("H", "encoder", 0)),
    ("mul", -1, ("H", "prior")),
    ("mul", -1, ("mean", ("expect", 0, ("H", "decoder", 0)))),
)


@dataclass(frozen=True)
class Bound:
    """A binder that has been opened: its fresh name and, for a latent or a noise, its datum."""

    name: int
    tag: str
    datum: int = 0


@dataclass(frozen=True)
class Replay:
    """What terms of one derivation are evaluated against.

    With ``reparametrised``, E_q f(z) is evaluated as E_eps f(location + scale eps), the same
    number, for `expect` and `reparam` alike.
    """

    work: Work
    model: Model
    direction: dict[str, Term]
    certificates: dict[str, Certificate]
    reparametrised: bool


def evaluate(
    at: Replay,
    term: Term,
    scope: tuple[Bound, ...] = (),
    moving: bool = False,
    bindings: dict[str, Pair] | None = None,
) -> Pair:
    """(value, D value if moving) of a term that `reader.term` has let through."""
    work = at.work
    work.charge(5)

    def sub(inner: Term, *more: Bound) -> Pair:
        return evaluate(at, inner, scope + more, moving, bindings)

    def bound(position: int) -> Bound:
        return scope[-1 - position]

    match term:
        case int():
            return constant(term), {}
        case ("frac", p, q):
            return constant(Fraction(p, q)), {}
        case ("pi" | "e",):
            return of(work.atom(term[0])), {}
        case ("size", name):
            return of(work.atom("size", name)), {}
        case ("var",):
            return (bindings or {})["var"]
        case ("arg", name):
            return (bindings or {})["arg " + name]
        case ("param", name, *positions):
            indices = [bound(i) for i in positions]
            positive = at.model.parameters[name].range != "real"
            ids = tuple(index.name for index in indices)
            value = of(work.atom("param", name, ids, positive=positive))
            if not moving or name not in at.direction:
                return value, {}
            return value, evaluate(at, at.direction[name], tuple(indices))[0]
        case ("net", *_):
            return _network(at, term, scope, moving, bindings), {}
        case ("x", i, j):
            return of(work.atom("x", ids=(bound(i).name, bound(j).name))), {}
        case ("eps", i, j):
            return of(work.atom("eps", ids=(bound(i).name, bound(j).name))), {}
        case ("z", i, j):
            return _latent(at, bound(i), bound(j), moving)
        case ("sum", size, body):
            index = _open(work, "index", size)
            return _close(at, index, sub(body, index))
        case ("mean", body):
            datum = _open(work, "datum")
            return _close(at, datum, sub(body, datum))
        case ("expect" | "reparam", i, body):
            datum = bound(i).name
            if at.reparametrised:
                noise = _open(work, "noise", datum=datum)
                return _close(at, noise, sub(body, noise))
            if term[0] == "reparam":
                raise Refused("'reparam' in a derivation without the step 'reparametrise'")
            if moving and _moves(at, "encoder", datum):
                raise Refused("the encoder moves along the direction: reparametrise first")
            latent = _open(work, "latent", datum=datum)
            return _close(at, latent, sub(body, latent))
        case ("add", *parts):
            pairs = [sub(part) for part in parts]
            return add(work, *(v for v, _ in pairs)), add(work, *(d for _, d in pairs))
        case ("mul", *parts):
            value, change = constant(1), {}
            for part in parts:
                v, d = sub(part)
                change = add(work, product(work, change, v), product(work, value, d))
                value = product(work, value, v)
            return value, change
        case ("pow", base, exponent):
            q = evaluate(at, exponent)[0].popitem()[1]
            v, d = sub(base)
            value = power(work, v, q, partial(show, base))
            if not d:
                return value, {}
            slope = product(work, constant(q), power(work, v, q - 1, partial(show, base)))
            return value, product(work, slope, d)
        case ("log", inner):
            v, d = sub(inner)
            value = logarithm(work, v, partial(show, inner))
            return value, product(work, d, power(work, v, Fraction(-1))) if d else {}
        case ("exp", inner):
            v, d = sub(inner)
            value = exponential(work, v)
            return value, product(work, value, d)
        case ("logp", "prior", i):
            return _plate(at, "prior", (), "log_density", moving, latent=bound(i))
        case ("logp", "decoder", n, i):
            return _plate(at, "decoder", (bound(i),), "log_density", moving, datum=bound(n))
        case ("H", factor, *positions):
            return _plate(at, factor, tuple(bound(i) for i in positions), "entropy", moving)
        case ("elbo",):
            return evaluate(at, ELBO, (), moving)
        case ("D", inner):
            return evaluate(at, inner, scope, True, bindings)[1], {}
        case _:
            raise Refused(f"no rule evaluates {show(term)}")


def _open(work: Work, tag: str, size: str = "", datum: int = 0) -> Bound:
    linked = datum if tag == "latent" else 0  # noise has the same law for every datum
    return Bound(work.fresh((tag, size, linked)), tag, datum)


def _close(at: Replay, bound: Bound, pair: Pair) -> Pair:
    return close(at.work, bound.name, pair[0]), close(at.work, bound.name, pair[1])


def _network(at: Replay, term: Term, scope, moving: bool, bindings) -> Polynomial:
    _, name, positions, vectors = tuple(term)
    inputs = []
    for _, size, body in vectors:
        index = _open(at.work, "index", size)
        value, change = evaluate(at, body, (*scope, index), moving, bindings)
        if change:
            raise Refused(
                f"the input {show(body)} of {name} moves along the direction: "
                "an abstract network cannot be differentiated"
            )
        inputs.append(bind(at.work, "vec", size, {index.name: ("index", size, 0)}, value))
    ids = tuple(scope[-1 - i].name for i in positions)
    bodies = tuple(key(of(vector)) for vector in inputs)
    positive = at.model.networks[name].range != "real"
    return of(at.work.atom("net", name, ids, (), bodies, positive))


def _latent(at: Replay, bound: Bound, index: Bound, moving: bool) -> Pair:
    """z_h: a symbol under `expect`, location_h + scale_h eps_h after reparametrisation."""
    work = at.work
    if bound.tag == "latent":
        return of(work.atom("z", ids=(bound.name, index.name))), {}
    family = at.model.families[at.model.factors["encoder"].family]
    bindings = arguments(at, "encoder", (Bound(bound.datum, "datum"), index), moving)
    location = evaluate(at, family.location, (), moving, bindings)
    scale = evaluate(at, family.scale, (), moving, bindings)
    eps = of(work.atom("eps", ids=(bound.name, index.name)))
    value = add(work, location[0], product(work, scale[0], eps))
    return value, add(work, location[1], product(work, scale[1], eps))


def arguments(at: Replay, role: str, scope: tuple[Bound, ...], moving: bool) -> dict[str, Pair]:
    """The arguments of a factor's family at one place of its plate, each within its range."""
    factor = at.model.factors[role]
    ranges = at.model.families[factor.family].arguments
    found = {}
    for (name, range_), term in zip(ranges.items(), factor.arguments, strict=True):
        pair = evaluate(at, term, scope, moving)
        if range_ != "real" and not is_positive(pair[0]):
            raise Refused(f"{name} of the {role}: {show(term)}: not shown to be positive")
        if range_ == "unit" and not _in_unit(at, term):
            raise Refused(f"{name} of the {role}: {show(term)}: not shown to be below 1")
        found["arg " + name] = pair
    return found


def _in_unit(at: Replay, term: Term) -> bool:
    declared = {**at.model.parameters, **at.model.networks}
    match term:
        case ("param" | "net", name, *_):
            return declared[name].range == "unit"
    return False


def _plate(
    at: Replay,
    role: str,
    scope: tuple[Bound, ...],
    part: str,
    moving: bool,
    latent: Bound | None = None,
    datum: Bound | None = None,
) -> Pair:
    """sum over a factor's plate of its log density or its entropy."""
    model = at.model
    family = model.families[model.factors[role].family]
    size = model.observed if role == "decoder" else model.latent
    index = _open(at.work, "index", size)
    bindings = arguments(at, role, (*scope, index), moving)
    if part == "entropy":
        body = at.certificates[family.name].entropy
    else:
        body = family.log_density
        if latent:
            bindings["var"] = _latent(at, latent, index, moving)
        if datum:
            bindings["var"] = of(at.work.atom("x", ids=(datum.name, index.name))), {}
    return _close(at, index, evaluate(at, body, (), moving, bindings))


def _moves(at: Replay, role: str, datum: int) -> bool:
    index = _open(at.work, "index", at.model.latent)
    pairs = arguments(at, role, (Bound(datum, "datum"), index), True)
    return any(change for _, change in pairs.values())
