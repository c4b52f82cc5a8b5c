"""What it takes for a statement to be accepted: three equalities of normal forms.

    (T)  D log p = log p - log h + H         for each family with a certificate
    F = E + excess + D J                     at every parameter value, where claim.gap is this sum
    claim.entropy_sum = E + excess

F (the ELBO), J (the objective) and E (the entropy sum) are built here from the model record.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import zip_longest
from typing import Any

from . import terms
from .evaluate import (
    Matrix,
    Site,
    arguments,
    bound_value,
    evaluate,
    expected,
    letter,
    motion,
    multiple,
    spans,
)
from .measures import close
from .normal_form import Polynomial, Work, constant, labels, split
from .terms import ANY, Factor, Family, Model, Statement, Term, check, named, subterms

D_OBJECTIVE: Term = ["D", ["objective"]]
LOG_NORMAL: Term = ["mul", ["frac", -1, 2], ["log", ["mul", 2, ["pi"]]]]


@dataclass(frozen=True)
class Judgement:
    """An accepted statement, the families that are shown to be normal, and what was compared."""

    statement: Statement
    normal: frozenset[str]
    site: Site
    elbo: Polynomial


@contextmanager
def place(where: str) -> Iterator[None]:
    try:
        yield
    except (terms.Malformed, terms.Refused) as error:
        raise type(error)(f"{where}: {error}") from None


def head(model: Model, kind: str, factor: Factor) -> Term:
    """log p, log h or H of a factor, averaged over q where it holds latents; H of any law is
    averaged over what it reads."""
    chosen = [factor.select] if factor.select else []
    reads = {"logp": [*factor.of, *factor.given], "logh": factor.of + chosen, "H": factor.given}
    latent = factor.family != ANY and any(map(model.latent, reads[kind]))
    term: Term = [kind, factor.name, *([0] if model.data_plate(factor.of[0]) else [])]
    return ["expect", term] if latent else term


def per_datum(model: Model, parts: Sequence[tuple[Factor, Term]]) -> Term:
    """The sum of the factors' parts for each datum: where one data plate holds all, its mean;
    else P / N of the mean over a plate P, and 1 / N of what is global, N counting all data."""
    by_plate: dict[str, list[Term]] = {}
    for factor, part in parts:
        by_plate.setdefault(model.data_plate(factor.of[0]), []).append(part)
    sums = {plate: _sum(found) for plate, found in by_plate.items()}
    means = {plate: ["mean", plate, body] if plate else body for plate, body in sums.items()}
    if not model.counted:
        return _sum([*means.values()])
    each = ["pow", _sum([["size", plate] for plate in model.data]), -1]
    counts = {plate: [["size", plate]] if plate else [] for plate in means}
    return _sum([["mul", *counts[plate], each, mean] for plate, mean in means.items()])


def _sum(parts: list[Term]) -> Term:
    return ["add", *parts] if len(parts) > 1 else parts[0] if parts else 0


def elbo_parts(model: Model) -> list[tuple[Factor, Term]]:
    """H of each factor of q, log p of each of p."""
    return [
        *((factor, head(model, "H", factor)) for factor in model.q.values()),
        *((factor, head(model, "logp", factor)) for factor in model.p.values()),
    ]


def elbo(model: Model) -> Term:
    return per_datum(model, elbo_parts(model))


def objective(said: Statement) -> Term:
    """The ELBO with a weight for each factor's part, minus a penalty."""
    weighted = [
        (factor, ["mul", said.weights[factor.name], part] if factor.name in said.weights else part)
        for factor, part in elbo_parts(said.model)
    ]
    return ["add", per_datum(said.model, weighted), ["mul", -1, ["add", 0, said.penalty]]]


def entropy_sum(model: Model) -> Term:
    """E: H of each factor of q, minus H of each of p; with pseudo entropies and the means of log h
    where the base measure h is not 1."""
    parts = [(factor, head(model, "H", factor)) for factor in model.q.values()]
    for factor in model.p.values():
        parts.append((factor, ["mul", -1, head(model, "H", factor)]))
        if model.families[factor.family].log_base_measure != 0:
            parts.append((factor, head(model, "logh", factor)))
    return per_datum(model, parts)


def accept(said: Statement, work: Work) -> Judgement:
    """What was shown, or `Refused` (or `Malformed`)."""
    model, normal = said.model, set()
    site = Site(work, said, objective(said))
    for name, family in model.families.items():
        with place(f"families.{name}"):
            normal |= {name} if check_family(site, family) else set()
    with place("statement.direction"):
        _check_direction(site)
    with place("statement.model"):
        site = _noise_form(site, normal)
        still, moving = (site.apart(terms.OF_STEP, moving=m) for m in (False, True))
        for part in elbo_parts(model):  # one by one: nothing cancels before it is noted
            evaluate(moving, per_datum(model, [part]))
        value, entropies = (evaluate(still, term) for term in (elbo(model), entropy_sum(model)))
        work.allowed = frozenset(work.met)
        ghosts = sorted(said.direction.keys() - labels(value, ("param", *terms.MATRICES)))
        check(not ghosts, f"{ghosts[:1]} moves, but the ELBO does not depend on it")
    with place("statement.objective"):
        for weight in said.weights.values():
            check_weight(site, weight)
        evaluate(site.apart(terms.OF_DIRECTION), said.penalty)
        _, change = split(evaluate(moving, site.objective))
    certified = said.certificates
    opaque = {f"H {name}" for name, f in model.factors.items() if f.family not in certified}
    based = (f for f in model.q.values() if f.family != ANY)
    opaque |= {f"H {f.name}" for f in based if model.families[f.family].log_base_measure != 0}
    with place("statement.claim.excess"):
        excess = evaluate(site.apart(terms.OF_EXCESS | opaque), said.excess)
        target = work.add(entropies, excess)
        same = work.equal(value, work.add(target, change))
        check(same, "ELBO = entropy sum + excess + D objective: not shown")
    with place("statement.claim.gap"):
        fits = isinstance(said.gap, list) and said.gap[:1] == ["add"]
        fits = fits and said.gap.count(D_OBJECTIVE) == 1
        check(fits, "not a sum with exactly one addend D(objective)")
        rest = ["add", 0, *(part for part in said.gap[1:] if part != D_OBJECTIVE)]
        allowed = terms.OF_STEP - {"D", "logp"}
        same = work.equal(evaluate(site.apart(allowed), rest), target)
        check(same, "without D(objective): not shown to equal the entropy sum + excess")
    with place("statement.claim.entropy_sum"):
        closed = evaluate(site.apart(terms.OF_CLAIM | opaque), said.entropy_sum)
        check(work.equal(closed, target), "not shown to equal the entropy sum + excess")
    pairs = zip_longest(conditions(said, site.noise), said.conditions, fillvalue=())
    for i, (ours, theirs) in enumerate(pairs):
        needed, stored = " ".join(ours) or "nothing", " ".join(theirs)[:80] or "nothing"
        found = f"{needed} is needed, {stored} is stored"
        check(list(ours) == list(theirs), f"statement.conditions[{i}]: {found}")
    return Judgement(said, frozenset(normal), site, value)


def check_weight(site: Site, weight: Term) -> None:
    """Surely positive, and nothing that is learned."""
    positive = site.work.surely_positive(evaluate(site.apart(terms.OF_WEIGHT), weight))
    check(positive, "the weight: not shown to be positive")
    parameters = site.statement.model.parameters
    learned = [name for name in named(weight, "param") if parameters[name].learned]
    check(not learned, f"the weight is learned: {learned}")


def _check_direction(site: Site) -> None:
    """What moves is learned and not constrained, and moves by a term under its own plates alone; on
    a simplex the motions of the entries sum to 0."""
    model = site.statement.model
    constrained = {name for name, _ in model.constraints}
    for name in site.statement.direction:
        with place(name):
            array = model.parameters[name]
            check(array.learned, "moves, but it is not learned")
            check(name not in constrained, "moves, but it is constrained")
            plates = [] if array.range in terms.MATRICES else array.plates
            indices = [*map(site.opened, plates)]
            found = motion(replace(site, moving=True), name, indices)
            if array.range == "simplex":
                check_tangent(site, found, indices[-1].name)


def check_tangent(site: Site, motion: Polynomial, index: int) -> None:
    """Off the simplex scores do not have mean zero, and any number would pass as the entropy."""
    total = close(site.work, motion, index)
    check(site.work.equal(total, {}), "not shown to stay on the simplex: the motions' sum is not 0")


def _noise_form(site: Site, normal: Collection[str]) -> Site:
    """The site in which each latent whose law in q moves, and each that reads such a one in q, is
    location + scale * noise of a law that stands still."""
    model, noise = site.statement.model, {}
    for factor in _parents_first(model):
        moved = [read for read in factor.given if model.meant(read) & {*noise}]
        if factor.family == ANY:
            continue
        family, (name,) = model.families[factor.family], factor.of
        at = expected(replace(site, moving=True, noise=noise))
        indices = [site.opened(size) for size in model.variables[name].plates]
        chosen = model.variable(factor.select).plates[-1:] if factor.select else []
        found = arguments(at, factor, indices, *map(site.opened, chosen))
        moves = [each for each, argument in found.items() if bound_value(at, argument)[1]]
        if moves or moved:
            fits = family.location is not None and not factor.select
            check(fits, f"{factor.name} moves, and it has no location and scale of its own")
            shape = [each for each in moves if each in family.shape]
            check(not shape, f"{factor.name} moves by {shape}, not by location and scale alone")
            shaped = (bound_value(at, found[each])[0] for each in family.shape)
            read = set().union(*(labels(value, ("v", "eps", "posdef")) for value in shaped))
            tied = {
                each for each in read - {*model.parameters, *model.networks} if model.latent(each)
            }
            check(not tied, f"the noise of {name} has a law that reads {sorted(tied)}")
            noise[name] = "normal" if family.name in normal else "other"
    for factor in model.q.values():
        late = [read for read in factor.given if model.meant(read) & {*noise}]
        check(not late or {*factor.of} & {*noise}, f"{factor.name} reads {late}, which move")
    return replace(site, noise=noise)


def _parents_first(model: Model) -> Iterator[Factor]:
    """The factors of q, each after those of what it reads at its own time; q has no circle."""
    waiting = [*model.q.values()]
    while waiting:
        unmade = {name for factor in waiting for name in factor.of}
        ready = next(factor for factor in waiting if unmade.isdisjoint(factor.given))
        waiting.remove(ready)
        yield ready


def conditions(said: Statement, noise: Collection[str]) -> Iterator[tuple[str, ...]]:
    """The conditions of the theorem, in the order of FORMAT.md."""
    model = said.model
    arrays = (*model.parameters.values(), *model.networks.values())
    yield from (("range", a.name, a.range) for a in arrays if a.range != "real")
    data = (v for v in model.variables.values() if v.role != "latent")
    yield from (("support", v.name, v.support) for v in data if v.support != "real")
    yield from (("start", name, lag.start) for name, lag in model.lags.items())
    if model.counted:
        yield from (("counted", plate) for plate in model.data)
    for name, family in sorted(model.families.items()):
        yield from (("normalised", name), ("score", name))
        if family.log_base_measure != 0:
            yield "base_measure", name
    yield from (("differentiable", name) for name in model.functions)
    yield from (("finite", "objective"), ("interchange", "objective"))
    yield from (("constraint", name, text) for name, text in model.constraints)
    yield from (("reparametrised", f.name) for f in model.q.values() if {*f.of} & {*noise})
    moved = [name for name in model.parameters if name in said.direction]
    for factor in model.q.values():
        free = named(factor.arguments, "param", "mat")
        yield from (("closed", factor.name, name) for name in moved if name in free)
    inputs = _inputs(model, noise)
    yield from (("lipschitz", name) for name in inputs if not inputs[name].isdisjoint(moved))
    for name in moved:
        on_simplex = model.parameters[name].range == "simplex"
        yield "tangent" if on_simplex else "stationary", "objective", name


def _inputs(model: Model, noise: Collection[str]) -> dict[str, set[str]]:
    """The parameters that each network's inputs name; a latent that is noise names those of its
    location and scale, and of what they read."""
    drawn: dict[str, set[str]] = {name: set() for name in (*model.variables, *model.lags)}
    found: dict[str, set[str]] = {name: set() for name in model.networks}
    for factor in _parents_first(model):
        if {*factor.of} & {*noise}:
            own = named(factor.arguments, "param", "mat")
            drawn[factor.of[0]] = own.union(*(drawn[name] for name in factor.given))
    for net in subterms([f.arguments for f in model.factors.values()], "net", "matnet"):
        read = [named(net[-1], "param", "mat"), *(drawn[name] for name in named(net[-1], "v"))]
        found[net[1]] |= set().union(*read)
    return found


def _symbols(site: Site, family: Family) -> dict[str, Any]:
    """Symbols for variable and arguments, as `bindings`."""

    def symbol(head: str, label: str, range_: str, sizes: list[str]) -> Any:
        return sizes, lambda *i: site.symbol(head, label, *i, range_=range_)

    def matrix(label: str, range_: str) -> Matrix:
        return letter(site, site.work.atom("posdef", label), spans(range_, site.dims)[0], {})

    found = {"var": symbol("var", "", family.support, [*site.dims.values()])}
    if family.support == "posdef":
        found["var"] = matrix("var", "posdef")
    for name, range_ in family.arguments.items():
        whole = range_.startswith("posdef")
        found[name] = symbol("arg", name, range_, spans(range_, site.dims))
        found[name] = matrix("arg " + name, range_) if whole else found[name]
    return found


def _moved(site: Site, symbol: Any, motion: Term, letter: Term) -> Any:
    """The symbol of an argument (or of the variable), moved along a term of the certificate."""
    if isinstance(symbol, Matrix):
        rate = evaluate(site, multiple(motion, letter))
        return replace(symbol, scalar=site.moved(symbol.scalar, rate))
    sizes, function = symbol
    return sizes, lambda *i: site.moved(function(*i), evaluate(replace(site, scope=i), motion))


def _check_tempering(full: Site, still: Site, family: Family) -> None:
    """(T) for the family's certificate; `full` sees the variable, `still` the arguments alone."""
    work, certificate = full.work, full.statement.certificates[family.name]
    single, scale, shift = family.depth == 0, certificate.scale, certificate.shift
    plain = (scale, shift) == (0, 0) or (single and family.log_base_measure == 0)
    stretched = scale == 0 or family.support in ("real", "positive")
    fits = plain and stretched and (shift == 0 or family.support == "real")
    check(fits, f"the variable of {family.name} does not move so")
    still_terms = (scale, shift, certificate.entropy)
    stretch, _, entropy = (evaluate(still, term) for term in still_terms)
    x = ["add", ["mul", ["add", 0, scale], ["var"]], shift] if single else 0
    motions = certificate.direction | {"var": x}
    moved = {
        name: _moved(full if name == "var" else still, symbol, motions[name], ["arg", name])
        for name, symbol in full.bindings.items()
        if single or name != "var"
    }
    density, base = (evaluate(full, t) for t in (family.log_density, family.log_base_measure))
    # A matrix is called "arg NAME" there, and the variable has no name.
    names = {name for name, term in certificate.direction.items() if term != 0}
    names |= {"arg " + name for name in names} | ({""} if (scale, shift) != (0, 0) else set())
    moving = replace(full, bindings={**full.bindings, **moved}, moved_in_family=frozenset(names))
    _, change = split(evaluate(moving, family.log_density))
    for name, range_ in family.arguments.items():
        if range_ == "simplex":
            entry = full.opened(full.dims["dim"])
            motion = evaluate(replace(still, scope=(entry,)), certificate.direction[name])
            check_tangent(full, motion, entry.name)
    right = work.add(density, work.negative(base), entropy)
    holds = work.equal(work.add(stretch, change), right)
    check(holds, "not shown: D log density = log density - log base measure + entropy")


def check_family(site: Site, family: Family) -> bool:
    """(T): k + D log p = log p - log h + H, pointwise in the variable x, where D moves arguments
    along the certificate's direction and x by k x + l. Scores have mean zero, and so have
    1 + x d/dx log p and d/dx log p, hence H = -E log p + E log h. Where location and scale are
    given: log p(location + scale eps) + log scale, the log density of eps, names no argument that
    they name. Returns whether it is -log(2 pi)/2 - eps^2/2."""
    work, single = site.work, family.depth == 0
    site = site.apart(family.heads, dims=family.dims("rows", "dim"))
    full = replace(site, bindings=_symbols(site, family))
    still = replace(full, heads=family.heads - {"var"})
    evaluate(full, ["add", family.log_density, family.log_base_measure])  # whoever reads it
    if family.name in site.statement.certificates:
        _check_tempering(full, still, family)
    if family.location is None:
        return False
    check(single and family.support == "real", "a location is for a family over single reals")
    eps = site.symbol("noise")
    location, scale, log_scale = (
        evaluate(still, term) for term in (family.location, family.scale, ["log", family.scale])
    )
    drawn = work.add(location, work.product(scale, eps))
    noise = replace(full, bindings={**full.bindings, "var": ([], lambda: drawn)})
    law = work.add(evaluate(noise, family.log_density), log_scale)
    square = work.product(constant(Fraction(-1, 2)), work.product(eps, eps))
    normal = work.equal(law, work.add(square, evaluate(still, LOG_NORMAL)))
    fixed = normal or labels(law, ("arg",)) <= set(family.shape)
    check(fixed, "not shown: the variable is location + scale * noise of a fixed law")
    return normal
