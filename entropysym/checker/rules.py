"""The rules, the conditions and the claim: what it takes for a derivation to be accepted.

`accept` is the whole argument. It rests on three equalities of normal forms, F = gap, gap without
D objective = E + excess, and entropy_sum = E + excess, where the checker builds F (the ELBO), the
objective and E (the entropy sum) itself from the model record; the steps in between are there for
the reader, and each of them is checked as well.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any

from .evaluate import Bound, Pair, Site, evaluate, letter
from .known import KNOWN
from .normal_form import (
    Polynomial,
    Work,
    add,
    constant,
    is_positive,
    logarithm,
    of,
    product,
    symbols,
)
from .reader import Document
from .statement import show
from .terms import Family, Model, Refused, Term

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


def _equal(at: Context, result: Term) -> None:
    if evaluate(at.site, result)[0] != at.elbo:
        raise Refused(f"not shown to equal the ELBO: {show(result)}")


def _meets_target(at: Context, result: Term) -> None:
    if evaluate(at.site, result)[0] != at.target:
        raise Refused(f"not shown to equal the entropy sum and the excess: {show(result)}")


def definition(at: Context, result: Term) -> None:
    """
    ------------------------------------------------------------------  (definition)
    F = mean_n (H[q_n] + E_q log p(z) + E_q log p(x_n | z))

    Fails unless the result is this very term.
    """
    if result != ELBO:
        raise Refused(f"not the ELBO: {show(result)}")


def reparametrise(at: Context, result: Term) -> None:
    """
    F = ... E_q f(z) ...      z = location + scale eps under q  (checked for the family)
    ------------------------------------------------------------------  (reparametrise)
    F = ... E_eps f(location + scale eps) ...

    Fails unless every `expect` became `reparam` and nothing else changed.
    """

    def changed(term: Term) -> Term:
        if not isinstance(term, tuple):
            return "reparam" if term == "expect" else term
        return tuple(changed(part) for part in term)

    if result != changed(at.before):
        raise Refused(f"not the previous result with reparam for expect: {show(result)}")


def split(at: Context, result: Term) -> None:
    """
    F = mean_n (a + b + c)
    ------------------------------------------------------------------  (split)
    F = mean_n a + mean_n b + mean_n c

    Fails unless equal by algebra, a sum of at least three terms, and each mean of one factor.
    """
    if isinstance(result, int) or result[0] != "add" or len(result) < 4:
        raise Refused(f"not a sum of at least three terms: {show(result)}")

    def check(term: Term) -> None:
        if isinstance(term, tuple):
            factors = {head.split()[1] for head in heads(term) if " " in head}
            if term[:1] == ("mean",) and len(factors) > 1:
                raise Refused(f"a mean of several factors: {show(term)}")
            for part in term:
                check(part)

    check(result)
    _equal(at, result)


def tempering(at: Context, result: Term) -> None:
    """
    F = ... + E log p + ...     D log p = log p + H[p]  (checked for the family)
    ------------------------------------------------------------------  (tempering)
    F = ... - E H[p] + D E log p + ...

    Fails unless equal by algebra and one more factor's log p is gone outside D.
    """
    gone = heads(at.before, True) - heads(result, True)
    if not gone & {"logp prior", "logp decoder"}:
        raise Refused("no factor's logp has gone from outside D")
    _equal(at, result)


def scaling(at: Context, result: Term) -> None:
    """
    F = ... + mean H[q] + E log p(z) + ...     z_h -> e^s z_h in encoder and decoder
    ------------------------------------------------------------------  (scaling)
    F = ... + mean H[q] - H[p(z)] + D (mean H[q] + E log p(z)) + ...

    Fails unless equal by algebra, after `reparametrise`, and the prior's log p is gone outside D.
    """
    if not at.site.reparametrised:
        raise Refused("the encoder moves with the decoder: reparametrise first")
    if "logp prior" not in heads(at.before, True) - heads(result, True):
        raise Refused("the prior's logp has not gone from outside D")
    _equal(at, result)


def gap(at: Context, result: Term) -> None:
    """
    F = E + excess + D a + D b + ...
    ------------------------------------------------------------------  (gap)
    F = E + excess + D objective                           at every parameter value

    Fails unless equal by algebra, `claim.gap`, a sum that holds D objective once and no other D
    or log p, and the rest of it equals E + excess.
    """
    if result != at.document.gap:
        raise Refused("the result is not claim.gap")
    rest = _without_gap(result)
    wrong = sorted(heads(rest) & {"D", "logp"})
    if wrong:
        raise Refused(f"beside D(objective) the gap holds {wrong[0]}: {show(result)}")
    _meets_target(at, rest)
    _equal(at, result)


def _without_gap(term: Term) -> Term:
    if isinstance(term, int) or term[0] != "add" or term.count(D_OBJECTIVE) != 1:
        raise Refused(f"not a sum with exactly one addend D(objective): {show(term)}")
    rest: Term = tuple(part for part in term if part != D_OBJECTIVE)
    return rest if len(rest) > 2 else rest[1]


def stationary(at: Context, result: Term) -> None:
    """
    F = E + excess + D objective     d objective/dp = 0 for each moved p
    ------------------------------------------------------------------  (stationary)
    F = E + excess                   D objective = sum_p direction[p] d objective/dp

    Fails unless the result is the previous one without its addend D objective.
    """
    if result != _without_gap(at.before):
        raise Refused("not the previous result without its addend D(objective)")


def closed_form(at: Context, result: Term) -> None:
    """
    F = E + excess
    ------------------------------------------------------------------  (closed_form)
    F = expression without H

    Fails unless equal by algebra to E + excess, and `claim.entropy_sum`, which the reader has
    found to be free of objective, D, logp and H.
    """
    if result != at.document.entropy_sum:
        raise Refused("the result is not claim.entropy_sum")
    _meets_target(at, result)


RULES: dict[str, Callable[[Context, Term], None]] = {
    "definition": definition,
    "reparametrise": reparametrise,
    "split": split,
    "tempering": tempering,
    "scaling": scaling,
    "gap": gap,
    "stationary": stationary,
    "closed_form": closed_form,
}


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


def accept(document: Document, work: Work) -> bool:
    """Return if every check holds, else raise `Refused`. True: the model is a shipped one."""
    rules, model = [rule for rule, _ in document.steps], document.model
    _check_hashes(document)
    _check_order(rules)
    _check_moved(document)
    certificates = document.certificates
    reparametrised = "reparametrise" in rules
    goal = objective(document)
    site = Site(work, model, goal, document.direction, certificates, reparametrised)
    for name, family in model.families.items():
        with _place(f"certificates.{name}"):
            _check_family(site, family)
    with _place("statement.model"):
        _check_factors(site)
        moving = replace(site, moving=True)
        for part in (Q, PRIOR, DECODER):  # one by one: nothing cancels before it is noted
            evaluate(moving, ("mean", part))
        work.allowed = frozenset(work.met)
        elbo, _ = evaluate(site, ELBO)
        entropies, _ = evaluate(site, entropy_sum(model))
        for name in sorted(document.direction.keys() - symbols(elbo)):
            raise Refused(f"{name} moves, but the ELBO does not depend on it")
    with _place("statement.objective"):
        if not is_positive(evaluate(site, document.weight)[0]):
            raise Refused(f"the weight {show(document.weight)}: not shown to be positive")
        evaluate(moving, goal)
    with _place("statement.claim.excess"):
        target = add(work, entropies, evaluate(site, document.excess)[0])
    _check_conditions(document)
    before: Term = 0
    for i, (rule, result) in enumerate(document.steps):
        with _place(f"steps[{i}] ({rule})"):
            RULES[rule](Context(document, site, elbo, target, before), result)
        before = result
    return model.name in KNOWN


def _check_hashes(document: Document) -> None:
    for name, stored in document.stored_sha256.items():
        actual = document.actual_sha256[name]
        if stored != actual:
            raise Refused(f"sha256.{name}: stored {stored[:16]}…, computed {actual[:16]}…")
    name, actual = document.model.name, document.actual_sha256["statement"]
    if KNOWN.get(name, actual) != actual:
        raise Refused(f"the statement is not that of the shipped model {name!r}")


def _check_order(rules: list[str]) -> None:
    middle = [rule for rule in rules if rule in ("tempering", "scaling")]
    optional = ["reparametrise"] if "reparametrise" in rules else []
    wanted = ["definition", *optional, "split", *middle, "gap", "stationary", "closed_form"]
    if rules != wanted or not middle:
        raise Refused(f"the order of the rules: {' '.join(rules)[:120] or '(no steps)'}")


def _names(term: Term) -> set[str]:
    """Names of the parameters that occur in a term, or in a tuple of terms."""
    if not isinstance(term, tuple):
        return set()
    own = {term[1]} if term[:1] in (("param",), ("mat",)) else set()
    return own.union(*(_names(part) for part in term))


def _check_moved(document: Document) -> None:
    model = document.model
    constrained = {name for name, _ in model.constraints}
    for name in document.direction:
        if not model.parameters[name].learned:
            raise Refused(f"statement.direction: {name} moves, but it is not learned")
        if name in constrained:
            raise Refused(f"statement.direction: {name} moves, but it is constrained")
    for name in sorted(_names(document.weight)):
        if model.parameters[name].learned:
            raise Refused(f"statement.objective.weight: {name} is learned")
    missing = sorted(model.families.keys() ^ document.certificates.keys())
    if missing:
        raise Refused(f"certificates: none for the family {missing[0]}")


def _check_factors(site: Site) -> None:
    encoder, prior = site.model.family("encoder"), site.model.family("prior")
    if encoder.log_base_measure != 0:
        raise Refused(f"the encoder's family {encoder.name} has a base measure")
    if encoder.support != prior.support:
        raise Refused(f"the encoder is {encoder.support}, the prior {prior.support}")
    if site.reparametrised and encoder.location is None:
        raise Refused(f"the encoder's family {encoder.name} has no location and scale")


def conditions(document: Document) -> Iterator[tuple[str, ...]]:
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
    for name, text in model.constraints:
        yield ("constraint", name, text)
    if any(rule == "reparametrise" for rule, _ in document.steps):
        yield ("reparametrised", "encoder")
    moved = [name for name in model.parameters if name in document.direction]
    for name in moved:
        if name in _names(model.factors["encoder"].arguments):
            yield ("closed", "encoder", name)
    for name in moved:
        yield ("stationary", "objective", name)


def _check_conditions(document: Document) -> None:
    wanted = list(conditions(document))
    for i in range(max(len(wanted), len(document.conditions))):
        ours = wanted[i] if i < len(wanted) else ()
        theirs = document.conditions[i] if i < len(document.conditions) else ()
        if ours != theirs:
            needed, found = " ".join(ours) or "nothing", " ".join(theirs) or "nothing"
            raise Refused(f"statement.conditions[{i}]: {needed} is needed, {found[:80]} is stored")


def _check_family(site: Site, family: Family) -> None:
    """
    The certificate (T): D log p = log p - log h + entropy, pointwise in the variable, where D moves
    the family's own arguments along the certificate's direction. Scores have mean zero, hence the
    entropy is -E log p + E log h: the entropy, or the pseudo entropy if h is not constant. And
    where location and scale are given, location + scale eps with standard normal eps has the
    family's law: log p + log scale = -log(2 pi)/2 - eps^2/2.
    """
    work, certificate = site.work, site.certificates[family.name]

    def symbol(head: str, label: str, positive: bool, index: tuple[Bound, ...]) -> Polynomial:
        return of(work.atom(head, label, tuple(i.name for i in index), positive=positive))

    def var(*index: Bound) -> Pair:
        return symbol("var", family.support, family.support in ("positive", "unit"), index), {}

    def argument(name: str, range_: str, moved: Site | None) -> Any:
        def change(*index: Bound) -> Polynomial:
            if moved is None:
                return {}
            return evaluate(replace(moved, scope=index), certificate.direction[name])[0]

        if range_ == "posdef":
            return letter(work.atom(range_, "arg " + name), "dim", change())
        positive = range_ not in ("real", "vector")
        return lambda *index: (symbol("arg", name, positive, index), change(*index))

    def bound(moved: Site | None, **more: Any) -> Site:
        ranges = family.arguments.items()
        given = {"arg " + name: argument(name, range_, moved) for name, range_ in ranges}
        bindings = {"dim": "dim", "var": var, **given, **more}
        return replace(site, moving=moved is not None, bindings=bindings)

    still = bound(None)
    value, change = evaluate(bound(still), family.log_density)
    measure, entropy = family.log_base_measure, certificate.entropy
    less = ("mul", -1, measure) if measure else 0
    parts = [evaluate(still, term)[0] for term in (less, entropy)]
    if change != add(work, value, *parts):
        base = " - log base measure" if measure else ""
        raise Refused(f"not shown: derivative of the log density = log density{base} + entropy")
    if family.location is None:
        return
    eps: Pair = of(work.atom("noise")), {}
    location, scale = evaluate(still, family.location), evaluate(still, family.scale)
    drawn = site.plus(location, site.times(scale, eps))
    value, _ = evaluate(bound(None, var=lambda: drawn), family.log_density)
    log_scale = logarithm(work, scale[0], partial(show, family.scale))
    squared = product(work, constant(Fraction(-1, 2)), product(work, eps[0], eps[0]))
    if add(work, value, log_scale) != add(work, squared, evaluate(site, LOG_NORMAL)[0]):
        raise Refused("not shown: location + scale * eps has the family's density")
