"""What it takes for a statement to be accepted: three equalities of normal forms.

    (T)  D log p = log p - log h + H         for each family with a certificate
    F = E + excess + D J                     at every parameter value, where claim.gap is this sum
    claim.entropy_sum = E + excess

F (the ELBO), J (the objective) and E (the entropy sum) are built here from the model record.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import zip_longest
from typing import Any

from . import terms
from .evaluate import Matrix, Site, arguments, evaluate, letter, motion, multiple, whole
from .normal_form import Polynomial, Work, constant, labels, split
from .terms import Family, Malformed, Model, Refused, Statement, Term, check, named

Q: Term = ["H", "encoder", 0]
PRIOR: Term = ["expect", 0, ["logp", "prior", 0]]
DECODER: Term = ["expect", 0, ["logp", "decoder", 1, 0]]
ELBO: Term = ["mean", ["add", Q, PRIOR, DECODER]]
D_OBJECTIVE: Term = ["D", ["objective"]]
LOG_NORMAL: Term = ["mul", ["frac", -1, 2], ["log", ["mul", 2, ["pi"]]]]


@dataclass(frozen=True)
class Judgement:
    """An accepted statement, the families that are shown to be normal, and what was compared."""

    statement: Statement
    normal: frozenset[str]
    site: Site
    elbo: Polynomial
    target: Polynomial  # E + excess


@contextmanager
def place(where: str) -> Iterator[None]:
    try:
        yield
    except (Malformed, Refused) as error:
        raise type(error)(f"{where}: {error}") from None


def objective(said: Statement) -> Term:
    """weight (mean H[q] + mean E log p(z)) + mean E log p(x | z) - penalty"""
    weighted = ["mul", said.weight, ["mean", ["add", Q, PRIOR]]]
    return ["add", weighted, ["mean", DECODER], ["mul", -1, ["add", 0, said.penalty]]]


def entropy_sum(model: Model) -> Term:
    """E, with pseudo entropies and the means of log h where the base measure h is not 1."""
    parts: list[Term] = [["mean", Q], ["mul", -1, ["H", "prior"]]]
    parts.append(["mul", -1, ["mean", ["expect", 0, ["H", "decoder", 0]]]])
    parts.append(["mean", ["expect", 0, ["logh", "prior", 0]]])
    return ["add", *parts, ["mean", ["logh", "decoder", 0]]]


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
        for part in (Q, PRIOR, DECODER):  # one by one: nothing cancels before it is noted
            evaluate(moving, ["mean", part])
        elbo, entropies = (evaluate(still, term) for term in (ELBO, entropy_sum(model)))
        work.allowed = frozenset(work.met)
        ghosts = sorted(said.direction.keys() - labels(elbo, ("param", *terms.MATRICES)))
        check(not ghosts, f"{ghosts[:1]} moves, but the ELBO does not depend on it")
    with place("statement.objective"):
        weight = evaluate(site.apart(terms.OF_WEIGHT), said.weight)
        evaluate(site.apart(terms.OF_DIRECTION), said.penalty)
        check(work.surely_positive(weight), "the weight: not shown to be positive")
        learned = [n for n in named(said.weight, "param") if model.parameters[n].learned]
        check(not learned, f"the weight is learned: {learned}")
        _, change = split(evaluate(moving, site.objective))
    certified = said.certificates
    opaque = {f"H {role}" for role, f in model.factors.items() if f.family not in certified}
    opaque |= {"H encoder"} if model.family("encoder").log_base_measure != 0 else set()
    with place("statement.claim.excess"):
        excess = evaluate(site.apart(terms.OF_EXCESS | opaque), said.excess)
        target = work.add(entropies, excess)
        same = work.equal(elbo, work.add(target, change))
        check(same, "ELBO = entropy sum + excess + D objective: not shown")
    with place("statement.claim.gap"):
        fits = isinstance(said.gap, list) and said.gap[:1] == ["add"]
        fits = fits and said.gap.count(D_OBJECTIVE) == 1
        check(fits, "not a sum with exactly one addend D(objective)")
        rest = ["add", 0, *(part for part in said.gap[1:] if part != D_OBJECTIVE)]
        allowed = terms.OF_STEP - {"D", "logp prior", "logp decoder"}
        same = work.equal(evaluate(site.apart(allowed), rest), target)
        check(same, "without D(objective): not shown to equal the entropy sum + excess")
    with place("statement.claim.entropy_sum"):
        closed = evaluate(site.apart(terms.OF_CLAIM | opaque), said.entropy_sum)
        check(work.equal(closed, target), "not shown to equal the entropy sum + excess")
    pairs = zip_longest(conditions(said, bool(site.noise)), said.conditions, fillvalue=())
    for i, (ours, theirs) in enumerate(pairs):
        needed, stored = " ".join(ours) or "nothing", " ".join(theirs)[:80] or "nothing"
        found = f"{needed} is needed, {stored} is stored"
        check(list(ours) == list(theirs), f"statement.conditions[{i}]: {found}")
    return Judgement(said, frozenset(normal), site, elbo, target)


def _check_direction(site: Site) -> None:
    """What moves is learned and not constrained, and moves by a term under its own plates alone."""
    model = site.statement.model
    constrained = {name for name, _ in model.constraints}
    for name in site.statement.direction:
        with place(name):
            array = model.parameters[name]
            check(array.learned, "moves, but it is not learned")
            check(name not in constrained, "moves, but it is constrained")
            plates = [] if array.range in terms.MATRICES else array.plates
            motion(replace(site, moving=True), name, [site.opened("index", s) for s in plates])


def _noise_form(site: Site, normal: Collection[str]) -> Site:
    """The site for an encoder that moves: its latent is location + scale * noise of a law that
    stands still."""
    model = site.statement.model
    encoder, prior = model.family("encoder"), model.family("prior")
    inside = terms.within(encoder.support, prior.support)
    check(inside, f"the encoder is {encoder.support}, the prior {prior.support}")
    index, datum = site.opened("index", model.latent), site.opened("datum")
    found = arguments(replace(site, moving=True), "encoder", [datum], index)
    at = replace(site, dim=model.latent)
    moves = [name for name, argument in found.items() if whole(at, argument)[1]]
    if not moves:
        return site
    shape = [name for name in moves if name in encoder.shape]  # all, where there is no location
    check(not shape, f"the encoder moves by {shape}, not by location and scale alone")
    return replace(site, noise="normal" if encoder.name in normal else "other")


def conditions(said: Statement, noise: bool) -> Iterator[tuple[str, ...]]:
    """The conditions of the theorem, in the order of FORMAT.md."""
    model = said.model
    for declared in (*model.parameters.values(), *model.networks.values()):
        if declared.range != "real":
            yield "range", declared.name, declared.range
    for name, family in sorted(model.families.items()):
        yield from (("normalised", name), ("score", name))
        if family.log_base_measure != 0:
            yield "base_measure", name
    yield from (("finite", "objective"), ("interchange", "objective"))
    yield from (("constraint", name, text) for name, text in model.constraints)
    if noise:
        yield "reparametrised", "encoder"
    moved = [name for name in model.parameters if name in said.direction]
    in_encoder = named(model.factors["encoder"].arguments, "param", "mat")
    yield from (("closed", "encoder", name) for name in moved if name in in_encoder)
    inputs = _inputs(model, noise)
    nets = (name for name in model.networks if not inputs[name].isdisjoint(moved))
    yield from (("lipschitz", name) for name in nets)
    yield from (("stationary", "objective", name) for name in moved)


def _inputs(model: Model, noise: bool) -> dict[str, set[str]]:
    """The parameters that each network's inputs name; as noise, z names those of the encoder."""
    drawn = model.factors["encoder"].arguments if noise else []
    found: dict[str, set[str]] = {name: set() for name in model.networks}

    def walk(term: Term) -> None:
        if isinstance(term, list):
            if term[:1] in (["net"], ["matnet"]):
                read = [term[-1], drawn if named(term[-1], "z") else []]
                found[term[1]] |= named(read, "param", "mat")
            for part in term:
                walk(part)

    walk([factor.arguments for factor in model.factors.values()])
    return found


def _symbols(site: Site, family: Family) -> dict[str, Any]:
    """Symbols for variable and arguments, as `bindings`."""

    def symbol(head: str, label: str, vector: bool, positive: bool) -> Any:
        return int(vector), lambda *i: site.symbol(head, label, *i, positive=positive)

    positive = family.support in terms.POSITIVE
    found = {"var": symbol("var", family.support, family.over_vectors, positive)}
    for name, range_ in family.arguments.items():
        found[name] = symbol("arg", name, range_ == "vector", range_ not in ("real", "vector"))
        if range_ == "posdef":
            found[name] = letter(site, site.work.atom(range_, "arg " + name), site.dim, {})
    return found


def _moved(site: Site, symbol: Any, motion: Term, letter: Term) -> Any:
    """The symbol of an argument (or of the variable), moved along a term of the certificate."""
    if isinstance(symbol, Matrix):
        rate = evaluate(site, multiple(motion, letter))
        return replace(symbol, scalar=site.moved(symbol.scalar, rate))
    count, function = symbol
    return count, lambda *i: site.moved(function(*i), evaluate(replace(site, scope=i), motion))


def check_family(site: Site, family: Family) -> bool:
    """
    (T): k + D log p = log p - log h + H, pointwise in the variable x, where D moves the arguments
    along the certificate's direction and x by k x + l. Scores have mean zero, and so have
    1 + x d/dx log p and d/dx log p, hence H = -E log p + E log h. Where location and scale are
    given: log p(location + scale eps) + log scale, the log density of eps, names no argument that
    they name. Returns whether it is -log(2 pi)/2 - eps^2/2.
    """
    work, certificate = site.work, site.statement.certificates.get(family.name)
    site = site.apart(family.heads, dim="dim" if family.over_vectors else "")
    symbols, single = _symbols(site, family), not family.over_vectors
    given = {name: symbol for name, symbol in symbols.items() if name != "var"}
    still, full = replace(site, bindings=given), replace(site, bindings=symbols)
    density = evaluate(full, family.log_density)
    base = evaluate(full, family.log_base_measure)
    if certificate is not None:
        scale, shift = certificate.scale, certificate.shift
        plain = (scale, shift) == (0, 0) or (single and family.log_base_measure == 0)
        stretched = scale == 0 or family.support in ("real", "positive")
        fits = plain and stretched and (shift == 0 or family.support == "real")
        check(fits, f"the variable of {family.name} does not move so")
        still_terms = (scale, shift, certificate.entropy)
        stretch, _, entropy = (evaluate(still, term) for term in still_terms)
        x = ["add", ["mul", ["add", 0, scale], ["var"]], shift] if single else 0
        motions = certificate.direction | {"var": x}
        moved = {
            n: _moved(full if n == "var" else still, symbols[n], motions[n], ["arg", n])
            for n in symbols
        }
        _, change = split(evaluate(replace(site, bindings=moved), family.log_density))
        right = work.add(density, work.negative(base), entropy)
        holds = work.equal(work.add(stretch, change), right)
        check(holds, "not shown: D log density = log density - log base measure + entropy")
    if family.location is None:
        return False
    check(single and family.support == "real", "a location is for a family over single reals")
    eps = site.symbol("noise")
    location, scale, log_scale = (
        evaluate(still, term) for term in (family.location, family.scale, ["log", family.scale])
    )
    drawn = work.add(location, work.product(scale, eps))
    noise = replace(still, bindings=given | {"var": (0, lambda: drawn)})
    law = work.add(evaluate(noise, family.log_density), log_scale)
    fixed = labels(law, ("arg",)) <= set(family.shape)
    check(fixed, "not shown: the variable is location + scale * noise of a fixed law")
    square = work.product(constant(Fraction(-1, 2)), work.product(eps, eps))
    return work.equal(law, work.add(square, evaluate(still, LOG_NORMAL)))
