"""The rules of the steps: a derivation as a person reads it, each step checked with its figure.

Nothing here is trusted: the kernel has accepted the statement before it looks at a step.
"""

from collections.abc import Callable
from dataclasses import dataclass

from .kernel import terms
from .kernel.evaluate import evaluate
from .kernel.normal_form import Polynomial
from .kernel.terms import Term, check, shown
from .kernel.theorem import D_OBJECTIVE, Judgement, place

FACTOR_HEADS = (["logp"], ["logh"], ["H"])


@dataclass(frozen=True)
class Context:
    """What a rule may look at: what the kernel has accepted, and the previous result."""

    judgement: Judgement
    before: Term
    seen: dict[str, Polynomial]  # addends of earlier steps: most of them come back

    def value(self, term: Term) -> Polynomial:
        """The value of a step, addend by addend."""
        is_sum = isinstance(term, list) and term[:1] == ["add"] and len(term) > 2
        addends = term[1:] if is_sum else [term]
        site = self.judgement.site.apart(terms.OF_STEP)
        for text, addend in ((str(addend), addend) for addend in addends):
            if text not in self.seen:
                self.seen[text] = evaluate(site, addend)
        return site.work.add(*(self.seen[str(addend)] for addend in addends))

    def equals(self, term: Term, other: Polynomial) -> bool:
        return self.judgement.site.work.equal(self.value(term), other)


def heads(term: Term, outside_d: bool = False) -> set[str]:
    """The heads in a term, also with the factor's name where they have one. Optionally only those outside D."""
    if not isinstance(term, list):
        return set()
    if outside_d and term[:1] == ["D"]:
        return {"D"}
    own = {" ".join(term[:2])} if term[:1] in FACTOR_HEADS else set()
    own |= {term[0]} if term and isinstance(term[0], str) else set()
    return own.union(*(heads(part, outside_d) for part in term))


def _is_elbo(at: Context, result: Term) -> None:
    check(at.equals(result, at.judgement.elbo), f"not shown to equal the ELBO: {shown(result)}")


def definition(at: Context, result: Term) -> None:
    """
    ------------------------------------------------------------------  (definition)
    F = mean (sum of H[q_f] + sum of E_q log p_f)
    Fails unless equal by algebra, with H of each factor of q, log p of each of p, and no D.
    """
    model, found = at.judgement.statement.model, heads(result)
    wanted = {f"H {name}" for name in model.q} | {f"logp {name}" for name in model.p}
    check(wanted <= found and "D" not in found, f"not the ELBO: {shown(result)}")
    _is_elbo(at, result)


def reparametrise(at: Context, result: Term) -> None:
    """
    F = ... E_q f(z) ...      z = location + scale eps under q  (checked for the family)
    ------------------------------------------------------------------  (reparametrise)
    F = ... E_eps f(location + scale eps) ...
    Fails unless every `expect` became `reparam` and nothing else changed.
    """

    def changed(term: Term) -> Term:
        if isinstance(term, list):
            return [changed(part) for part in term]
        return "reparam" if term == "expect" else term

    same = result == changed(at.before)
    check(same, f"not the previous result with reparam for expect: {shown(result)}")


def split(at: Context, result: Term) -> None:
    """
    F = mean (a + b + c)
    ------------------------------------------------------------------  (split)
    F = mean a + mean b + mean c
    Fails unless equal by algebra, a term for each factor, and each mean of one factor.
    """
    count = len(at.judgement.statement.model.factors)
    is_sum = isinstance(result, list) and len([t for t in result if t != "add"]) >= count
    check(count == 1 or (is_sum and result[0] == "add"), f"not {count} terms: {shown(result)}")

    def factors(term: Term) -> set[str]:
        if not isinstance(term, list):
            return set()
        own = {term[1]} if term[:1] in FACTOR_HEADS else set()
        own = own.union(*(factors(part) for part in term))
        check(term[:1] != ["mean"] or len(own) < 2, "a mean of several factors")
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
    check(_gone(at, result), "no factor's logp has gone from outside D")
    _is_elbo(at, result)


def scaling(at: Context, result: Term) -> None:
    """
    F = ... + mean H[q] + E log p(z) + ...     z_h -> e^s z_h in q and in what reads z
    ------------------------------------------------------------------  (scaling)
    F = ... + mean H[q] - H[p(z)] + D (mean H[q] + E log p(z)) + ...
    Fails unless equal by algebra, after `reparametrise`, and log p of a latent that moves is gone
    outside D.
    """
    model, noise = at.judgement.statement.model, at.judgement.site.noise
    moved = {f"logp {f.name}" for f in model.p.values() if {*f.of} & {*noise}}
    check(_gone(at, result) & moved, "no logp of a latent that moves has gone from outside D")
    _is_elbo(at, result)


def _gone(at: Context, result: Term) -> set[str]:
    """The factors whose log p stood outside D and no longer does."""
    gone = heads(at.before, True) - heads(result, True)
    return {head for head in gone if head.startswith("logp ")}


def gap(at: Context, result: Term) -> None:
    """
    F = E + excess + D a + D b + ...
    ------------------------------------------------------------------  (gap)
    F = E + excess + D objective                           at every parameter value
    Fails unless it is `claim.gap`: the kernel has shown that it is a sum which holds D objective
    once and no other D or log p, and that the rest of it equals E + excess.
    """
    check(result == at.judgement.statement.gap, "the result is not claim.gap")


def _without_gap(term: Term) -> Term:
    fits = isinstance(term, list) and term[0] == "add" and term.count(D_OBJECTIVE) == 1
    check(fits, f"not a sum with exactly one addend D(objective): {shown(term)}")
    rest = [part for part in term if part != D_OBJECTIVE]
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
    Fails unless it is `claim.entropy_sum`: the kernel has shown that it equals E + excess, and that
    it is free of objective, D and log p, and of H but where it is opaque.
    """
    check(result == at.judgement.statement.entropy_sum, "the result is not claim.entropy_sum")


ALL = (definition, reparametrise, split, tempering, scaling, gap, stationary, closed_form)
RULES: dict[str, Callable[[Context, Term], None]] = {rule.__name__: rule for rule in ALL}


def check_steps(judgement: Judgement, steps: tuple[tuple[str, Term], ...]) -> None:
    """Return if every step follows from the one before, else raise `Refused`."""
    _check_order([rule for rule, _ in steps])
    before: Term = 0
    seen: dict[str, Polynomial] = {}
    for i, (rule, result) in enumerate(steps):
        with place(f"steps[{i}] ({rule})"):
            RULES[rule](Context(judgement, before, seen), result)
        before = result


def _check_order(rules: list[str]) -> None:
    middle = [rule for rule in rules if rule in ("tempering", "scaling")]
    optional = ["reparametrise"] if "reparametrise" in rules else []
    wanted = ["definition", *optional, "split", *middle, "gap", "stationary", "closed_form"]
    found = " ".join(rules)[:120] or "(no steps)"
    check(rules == wanted, f"the order of the rules: {found}")
