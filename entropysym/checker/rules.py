"""The rules, the conditions and the claim: what it takes for a derivation to be accepted.

`accept` is the whole argument. It rests on three equalities of normal forms, F = gap, gap without
D objective = E + excess, and entropy_sum = E + excess, where the checker builds F (the ELBO), the
objective and E (the entropy sum) itself from the model record; the steps in between are there for
the reader, and each of them is checked as well.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import zip_longest
from typing import Any

from .evaluate import (
    Bound,
    Pair,
    Site,
    evaluate,
    letter,
    moving_arguments,
    named,
    shape_arguments,
)
from .known import FAMILIES, KNOWN
from .normal_form import Polynomial, Work, constant, labels, of
from .reader import Certificate, Document
from .statement import show
from .terms import POSITIVE, Family, Model, Refused, Term, check, within

Q: Term = ("H", "encoder", 0)
PRIOR: Term = ("expect", 0, ("logp", "prior", 0))
DECODER: Term = ("expect", 0, ("logp", "decoder", 1, 0))
ELBO: Term = ("mean", ("add", Q, PRIOR, DECODER))
LOG_NORMAL: Term = ("mul", ("frac", -1, 2), ("log", ("mul", 2, ("pi",))))
D_OBJECTIVE: Term = ("D", ("objective",))


@dataclass(frozen=True)
class Context:
    """What a rule may look at: the document, F and E + excess, and the previous result."""

    document: Document
    site: Site
    elbo: Polynomial
    target: Polynomial
    before: Term


@dataclass(frozen=True)
class Judgement:
    """`shipped`: the model is a shipped one; `normal`: the families of normal laws (shown)."""

    shipped: bool
    normal: frozenset[str]


@contextmanager
def _place(where: str) -> Iterator[None]:
    try:
        yield
    except Refused as error:
        raise Refused(f"{where}: {error}") from None


def heads(term: Term, outside_d: bool = False) -> set[str]:
    """The heads in a term; `logp prior` counts as that. Optionally only those outside D."""
    if not isinstance(term, tuple):
        return set()
    if outside_d and term[:1] == ("D",):
        return {"D"}
    own = {" ".join(term[:2])} if term[:1] in (("logp",), ("logh",), ("H",)) else set()
    own |= {term[0]} if term and isinstance(term[0], str) else set()
    return own.union(*(heads(part, outside_d) for part in term))


def _is_elbo(at: Context, result: Term) -> None:
    same = at.site.work.equal(evaluate(at.site, result)[0], at.elbo)
    check(same, f"not shown to equal the ELBO: {show(result)}")


def _is_target(at: Context, result: Term) -> None:
    same = at.site.work.equal(evaluate(at.site, result)[0], at.target)
    check(same, f"not shown to equal the entropy sum + excess: {show(result)}")


def definition(at: Context, result: Term) -> None:
    """
    ------------------------------------------------------------------  (definition)
    F = mean_n (H[q_n] + E_q log p(z) + E_q log p(x_n | z))
    Fails unless the result is this very term.
    """
    check(result == ELBO, f"not the ELBO: {show(result)}")


def reparametrise(at: Context, result: Term) -> None:
    """
    F = ... E_q f(z) ...      z = location + scale eps under q  (checked for the family)
    ------------------------------------------------------------------  (reparametrise)
    F = ... E_eps f(location + scale eps) ...
    Fails unless every `expect` became `reparam` and nothing else changed.
    """

    def changed(term: Term) -> Term:
        if isinstance(term, tuple):
            return tuple(changed(part) for part in term)
        return "reparam" if term == "expect" else term

    same = result == changed(at.before)
    check(same, f"not the previous result with reparam for expect: {show(result)}")


def split(at: Context, result: Term) -> None:
    """
    F = mean_n (a + b + c)
    ------------------------------------------------------------------  (split)
    F = mean_n a + mean_n b + mean_n c
    Fails unless equal by algebra, a sum of at least three terms, and each mean of one factor.
    """
    is_sum = isinstance(result, tuple) and result[0] == "add" and len(result) > 3
    check(is_sum, f"not a sum of at least three terms: {show(result)}")

    def factors(term: Term) -> set[str]:
        if not isinstance(term, tuple):
            return set()
        own = {term[1]} if term[:1] in (("logp",), ("logh",), ("H",)) else set()
        own = own.union(*(factors(part) for part in term))
        check(term[:1] != ("mean",) or len(own) < 2, "a mean of several factors")
        return own

    factors(result)
    _is_elbo(at, result)


def tempering(at: Context, result: Term) -> None:
    """
    F = ... + E log p + ...     D log p = log p + H[p]  (checked for the family)
    ------------------------------------------------------------------  (tempering)
    F = ... - E H[p] + D E log p + ...
    Fails unless equal by algebra and one more factor's log p is gone outside D.
    """
    gone = heads(at.before, True) - heads(result, True)
    check(gone & {"logp prior", "logp decoder"}, "no factor's logp has gone from outside D")
    _is_elbo(at, result)


def scaling(at: Context, result: Term) -> None:
    """
    F = ... + mean H[q] + E log p(z) + ...     z_h -> e^s z_h in encoder and decoder
    ------------------------------------------------------------------  (scaling)
    F = ... + mean H[q] - H[p(z)] + D (mean H[q] + E log p(z)) + ...
    Fails unless equal by algebra, after `reparametrise`, and the prior's log p is gone outside D.
    """
    check(at.site.reparametrised, "the encoder does not move")
    gone = heads(at.before, True) - heads(result, True)
    check("logp prior" in gone, "the prior's logp has not gone from outside D")
    _is_elbo(at, result)


def gap(at: Context, result: Term) -> None:
    """
    F = E + excess + D a + D b + ...
    ------------------------------------------------------------------  (gap)
    F = E + excess + D objective                           at every parameter value
    Fails unless equal by algebra, `claim.gap`, a sum that holds D objective once and no other D
    or log p, and the rest of it equals E + excess.
    """
    check(result == at.document.gap, "the result is not claim.gap")
    rest = _without_gap(result)
    check(not heads(rest) & {"D", "logp"}, f"D or logp beside D(objective): {show(result)}")
    _is_target(at, rest)
    _is_elbo(at, result)


def _without_gap(term: Term) -> Term:
    fits = isinstance(term, tuple) and term[0] == "add" and term.count(D_OBJECTIVE) == 1
    check(fits, f"not a sum with exactly one addend D(objective): {show(term)}")
    rest: Term = tuple(part for part in term if part != D_OBJECTIVE)
    return rest if len(rest) > 2 else rest[1]


def stationary(at: Context, result: Term) -> None:
    """
    F = E + excess + D objective     d objective/dp = 0 for each moved p
    ------------------------------------------------------------------  (stationary)
    F = E + excess                   D objective = sum_p direction[p] d objective/dp
    Fails unless the result is the previous one without its addend D objective.
    """
    same = result == _without_gap(at.before)
    check(same, "not the previous result without its addend D(objective)")


def closed_form(at: Context, result: Term) -> None:
    """
    F = E + excess
    ------------------------------------------------------------------  (closed_form)
    F = expression without H
    Fails unless equal by algebra to E + excess, and `claim.entropy_sum`, which the reader has
    found to be free of objective, D, logp and H.
    """
    check(result == at.document.entropy_sum, "the result is not claim.entropy_sum")
    _is_target(at, result)


ALL = (definition, reparametrise, split, tempering, scaling, gap, stationary, closed_form)
RULES: dict[str, Callable[[Context, Term], None]] = {rule.__name__: rule for rule in ALL}


def objective(document: Document) -> Term:
    """weight (mean H[q] + mean E log p(z)) + mean E log p(x | z) - penalty"""
    if (document.weight, document.penalty) == (1, 0):
        return ELBO
    weighted = ("mul", document.weight, ("mean", ("add", Q, PRIOR)))
    return ("add", weighted, ("mean", DECODER), ("mul", -1, document.penalty))


def entropy_sum(model: Model) -> Term:
    """E, with pseudo entropies and the means of log h where the base measure h is not constant."""
    parts = [
        ("mean", Q),
        ("mul", -1, ("H", "prior")),
        ("mul", -1, ("mean", ("expect", 0, ("H", "decoder", 0)))),
    ]
    if model.family("prior").log_base_measure != 0:
        parts.append(("mean", ("expect", 0, ("logh", "prior", 0))))
    if model.family("decoder").log_base_measure != 0:
        parts.append(("mean", ("logh", "decoder", 0)))
    return ("add", *parts)


def accept(document: Document, work: Work) -> Judgement:
    """What was shown, or `Refused`."""
    rules, model = [rule for rule, _ in document.steps], document.model
    _check_hashes(document)
    _check_order(rules)
    _check_moved(document)
    goal, certificates = objective(document), document.certificates
    site = Site(work, model, goal, document.direction, certificates, False)
    normal = set()
    for name, family in model.families.items():
        with _place(f"certificates.{name}"):
            _check_certificate(site, family)
            if family.location is not None and _check_noise(site, family):
                normal.add(name)
    with _place("statement.model"):
        _check_factors(site)
        site = _noise_form(site, normal)
        moving = replace(site, moving=True)
        for part in (Q, PRIOR, DECODER):  # one by one: nothing cancels before it is noted
            evaluate(moving, ("mean", part))
        elbo, entropies = (evaluate(site, term)[0] for term in (ELBO, entropy_sum(model)))
        work.allowed = frozenset(work.met)
        ghosts = sorted(document.direction.keys() - labels(elbo, ("param", "posdef", "triangular")))
        check(not ghosts, f"{ghosts[:1]} moves, but the ELBO does not depend on it")
    with _place("statement.objective"):
        surely = work.surely_positive(evaluate(site, document.weight)[0])
        check(surely, f"the weight {show(document.weight)}: not shown to be positive")
        evaluate(moving, goal)
    with _place("statement.claim.excess"):
        target = work.add(entropies, evaluate(site, document.excess)[0])
    _check_conditions(document, site.reparametrised)
    before: Term = 0
    for i, (rule, result) in enumerate(document.steps):
        with _place(f"steps[{i}] ({rule})"):
            RULES[rule](Context(document, site, elbo, target, before), result)
        before = result
    return Judgement(model.name in KNOWN, frozenset(normal))


def _check_hashes(document: Document) -> None:
    for name, stored in document.stored_sha256.items():
        actual = document.actual_sha256[name]
        check(stored == actual, f"sha256.{name}: stored {stored[:16]}…, computed {actual[:16]}…")
    name, actual = document.model.name, document.actual_sha256["statement"]
    shipped = KNOWN.get(name, actual) == actual
    check(shipped, f"the statement is not that of the shipped model {name!r}")
    for name, family in document.model.families.items():
        same = FAMILIES.get(name, family.sha256) == family.sha256
        check(same, f"the family {name} is not the shipped one: give it a name of its own")


def _check_order(rules: list[str]) -> None:
    middle = [rule for rule in rules if rule in ("tempering", "scaling")]
    optional = ["reparametrise"] if "reparametrise" in rules else []
    wanted = ["definition", *optional, "split", *middle, "gap", "stationary", "closed_form"]
    found = " ".join(rules)[:120] or "(no steps)"
    check(rules == wanted, f"the order of the rules: {found}")


def _check_moved(document: Document) -> None:
    model = document.model
    constrained = {name for name, _ in model.constraints}
    for name in document.direction:
        moves = f"statement.direction: {name} moves, but it is"
        check(model.parameters[name].learned, f"{moves} not learned")
        check(name not in constrained, f"{moves} constrained")
    for name in sorted(named(document.weight, "param", "mat")):
        check(not model.parameters[name].learned, f"statement.objective.weight: {name} is learned")


def _check_factors(site: Site) -> None:
    encoder, prior = site.model.family("encoder"), site.model.family("prior")
    inside = within(encoder.support, prior.support)
    check(inside, f"the encoder is {encoder.support}, the prior {prior.support}")


def _noise_form(site: Site, normal: Collection[str]) -> Site:
    """Where the encoder moves, its latent is location + scale * noise, and the noise's law is fixed."""
    family, datum = site.model.family("encoder"), site.opened("datum").name
    moves = moving_arguments(replace(site, moving=True), datum)
    if not moves:
        return site
    drawn = family.location is not None
    check(drawn, f"the encoder moves, but its family {family.name} has no location and scale")
    shape, terms = shape_arguments(family), site.model.factors["encoder"].arguments
    moving = sorted(moves.intersection(shape))
    check(not moving, f"the law of the encoder's noise moves: {moving}")
    of_shape = [t for name, t in zip(family.arguments, terms, strict=True) if name in shape]
    tied = bool(named(tuple(of_shape), "x"))
    return replace(site, reparametrised=True, normal=family.name in normal, tied=tied)


def _lipschitz(model: Model, moved: Collection[str], noise: bool) -> Iterator[str]:
    """The networks with an input that names what moves: it stands still to first order only."""
    family, found = model.family("encoder"), {}
    used = named((family.location, family.scale), "arg") if noise else ()
    encoder = zip(family.arguments, model.factors["encoder"].arguments, strict=True)
    in_z = named(tuple(term for name, term in encoder if name in used), "param", "mat")

    def walk(term: Term) -> None:
        if isinstance(term, tuple):
            if term[:1] in (("net",), ("matnet",)):
                names = named(term[-1], "param", "mat") | (in_z if named(term[-1], "z") else set())
                found[term[1]] = found.get(term[1], set()) | names
            for part in term:
                walk(part)

    walk(tuple(factor.arguments for factor in model.factors.values()))
    return (name for name in model.networks if not found.get(name, set()).isdisjoint(moved))


def conditions(document: Document, noise: bool) -> Iterator[tuple[str, ...]]:
    """The conditions of the theorem, in the order of FORMAT.md."""
    model = document.model
    for declared in (*model.parameters.values(), *model.networks.values()):
        if declared.range != "real":
            yield ("range", declared.name, declared.range)
    for name, family in sorted(model.families.items()):
        yield from (("normalised", name), ("score", name))
        if family.log_base_measure != 0:
            yield ("base_measure", name)
    yield from (("finite", "objective"), ("interchange", "objective"))
    yield from (("constraint", name, text) for name, text in model.constraints)
    if noise:
        yield ("reparametrised", "encoder")
    moved = [name for name in model.parameters if name in document.direction]
    in_encoder = named(model.factors["encoder"].arguments, "param", "mat")
    yield from (("closed", "encoder", name) for name in moved if name in in_encoder)
    yield from (("lipschitz", name) for name in _lipschitz(model, moved, noise))
    yield from (("stationary", "objective", name) for name in moved)


def _check_conditions(document: Document, noise: bool) -> None:
    pairs = zip_longest(conditions(document, noise), document.conditions, fillvalue=())
    for i, (ours, theirs) in enumerate(pairs):
        needed, stored = " ".join(ours) or "nothing", " ".join(theirs) or "nothing"
        found = f"{needed} is needed, {stored[:80]} is stored"
        check(ours == theirs, f"statement.conditions[{i}]: {found}")


def _bindings(site: Site, family: Family, certificate: Certificate | None) -> dict[str, Any]:
    """Symbols for variable and arguments; they move along the certificate, if there is one."""
    work = site.work

    def symbol(head: str, label: str, positive: bool, index: tuple[Bound, ...]) -> Polynomial:
        return of(work.atom(head, label, tuple(i.name for i in index), positive=positive))

    def moved(term: Term, index: tuple[Bound, ...] = ()) -> Polynomial:
        if certificate is None:
            return {}
        still = _bindings(site, family, None)
        return evaluate(replace(site, scope=index, bindings=still), term)[0]

    def var(*index: Bound) -> Pair:
        value = symbol("var", family.support, family.support in POSITIVE, index)
        if certificate is None:
            return value, {}
        stretched = work.product(moved(certificate.scale), value)
        return value, work.add(stretched, moved(certificate.shift))

    found: dict[str, Any] = {"dim": "dim", "var": var}
    for name, range_ in family.arguments.items():
        motion = 0 if certificate is None else certificate.direction[name]
        if range_ == "posdef":
            found["arg " + name] = letter(work.atom(range_, "arg " + name), "dim", moved(motion))
            continue

        def argument(*index: Bound, name=name, range_=range_, motion=motion) -> Pair:
            positive = range_ not in ("real", "vector")
            return symbol("arg", name, positive, index), moved(motion, index)

        found["arg " + name] = argument
    return found


def _check_certificate(site: Site, family: Family) -> None:
    """
    (T): k + D log p = log p - log h + entropy, pointwise in the variable, where D moves the family's
    arguments along the certificate's direction and the variable x by k x + l. Scores have mean
    zero, 1 + x d/dx log p and d/dx log p included, hence the entropy is -E log p + E log h: the
    entropy, or the pseudo entropy if h is not constant.
    """
    certificate, work = site.certificates.get(family.name), site.work
    if certificate is None:
        return
    still = replace(site, bindings=_bindings(site, family, None))
    moving = replace(site, moving=True, bindings=_bindings(site, family, certificate))
    value, change = evaluate(moving, family.log_density)
    measure, entropy = family.log_base_measure, certificate.entropy
    less = ("mul", -1, measure) if measure else 0
    stretch, *parts = (evaluate(still, term)[0] for term in (certificate.scale, less, entropy))
    base = " - log base measure" if measure else ""
    holds = work.equal(work.add(stretch, change), work.add(value, *parts))
    check(holds, f"not shown: derivative of the log density = log density{base} + entropy")


def _check_noise(site: Site, family: Family) -> bool:
    """
    log p(location + scale eps) + log scale, the log density of eps, names no argument that location
    and scale name, so the variable is location + scale * noise of a fixed law. True if that law
    is the standard normal one: the log density is -log(2 pi)/2 - eps^2/2.
    """
    work, bindings = site.work, _bindings(site, family, None)
    still = replace(site, bindings=bindings)
    eps: Pair = of(work.atom("noise")), {}
    location, scale = evaluate(still, family.location), evaluate(still, family.scale)
    drawn = site.plus(location, site.times(scale, eps))
    value, _ = evaluate(
        replace(site, bindings=bindings | {"var": lambda: drawn}), family.log_density
    )
    density = work.add(value, work.logarithm(scale[0], partial(show, family.scale)))
    used = named((family.location, family.scale), "arg")
    fixed = used.isdisjoint(labels(density, ("arg",)))
    check(fixed, "not shown: the variable is location + scale * noise of a fixed law")
    squared = work.product(constant(Fraction(-1, 2)), work.product(eps[0], eps[0]))
    return work.equal(density, work.add(squared, evaluate(site, LOG_NORMAL)[0]))
