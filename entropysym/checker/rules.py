"""The rules, the conditions and the claim: what it takes for a derivation to be accepted.

`accept` is the whole argument. It rests on three equalities of normal forms, F = gap,
gap without D F = E, and entropy_sum = E, where the checker builds F (the ELBO) and E (the entropy
sum) itself from the model record; the steps in between are there for the reader, and each of them
is checked as well.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

from .evaluate import ELBO, ENTROPY_SUM, Pair, Replay, evaluate
from .known import KNOWN
from .normal_form import Polynomial, Work, add, constant, logarithm, of, power, product
from .reader import Document
from .statement import show
from .terms import FACTORS, Family, Refused, Term

D_ELBO: Term = ("D", ("elbo",))


@dataclass(frozen=True)
class Context:
    """What a rule may look at: the document, F and E as polynomials, and the previous result."""

    document: Document
    replay: Replay
    elbo: Polynomial
    entropy_sum: Polynomial
    before: Term


@contextmanager
def _place(where: str) -> Iterator[None]:
    try:
        yield
    except Refused as error:
        raise Refused(f"{where}: {error}") from None


def heads(term: Term, outside_d: bool = False) -> set[str]:
    """The heads in a term; `logp prior` counts as that. Optionally only those outside D."""
    if isinstance(term, tuple):
        if outside_d and term[:1] == ("D",):
            return {"D"}
        own = {" ".join(term[:2])} if term[:1] in (("logp",), ("H",)) else set()
        own |= {term[0]} if term and isinstance(term[0], str) else set()
        return own.union(*(heads(part, outside_d) for part in term))
    return set()


def _equal(at: Context, result: Term) -> None:
    value, _ = evaluate(at.replay, result)
    if value != at.elbo:
        raise Refused(f"not shown to equal the ELBO: {show(result)}")


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

    Fails unless every `expect` became `reparam` and nothing else changed, or if the encoder's
    family has no location and scale.
    """
    family = at.document.model.factors["encoder"].family
    if at.document.model.families[family].location is None:
        raise Refused(f"the encoder's family {family} has no location and scale")

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

    def factors(term: Term) -> set[str]:
        if not isinstance(term, tuple):
            return set()
        own = {str(term[1])} if term[:1] in (("logp",), ("H",)) else set()
        own = own.union(*(factors(part) for part in term))
        if term[:1] == ("mean",) and len(own) > 1:
            raise Refused(f"a mean of several factors: {show(term)}")
        return own

    factors(result)
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
    if not at.replay.reparametrised:
        raise Refused("the encoder moves with the decoder: reparametrise first")
    if "logp prior" not in heads(at.before, True) - heads(result, True):
        raise Refused("the prior's logp has not gone from outside D")
    _equal(at, result)


def gap(at: Context, result: Term) -> None:
    """
    F = E + D a + D b + ...
    ------------------------------------------------------------------  (gap)
    F = E + D F                                            at every parameter value

    Fails unless equal by algebra, `claim.gap`, a sum that holds D F once and no other D or log p,
    and the rest of it equals the entropy sum that the checker builds.
    """
    if result != at.document.gap:
        raise Refused("the result is not claim.gap")
    rest = _without_gap(result)
    wrong = sorted(heads(rest) & {"D", "elbo", "logp"})
    if wrong:
        raise Refused(f"beside D(ELBO) the gap holds {wrong[0]}: {show(result)}")
    if evaluate(at.replay, rest)[0] != at.entropy_sum:
        raise Refused(f"not shown to equal the entropy sum: {show(rest)}")
    _equal(at, result)


def _without_gap(term: Term) -> Term:
    if isinstance(term, int) or term[0] != "add" or term.count(D_ELBO) != 1:
        raise Refused(f"not a sum with exactly one addend D(ELBO): {show(term)}")
    rest: Term = tuple(part for part in term if part != D_ELBO)
    return rest if len(rest) > 2 else rest[1]


def stationary(at: Context, result: Term) -> None:
    """
    F = E + D F     dF/dp = 0 for each moved p, D F = sum_p direction[p] dF/dp
    ------------------------------------------------------------------  (stationary)
    F = E

    Fails unless the result is the previous one without its addend D F.
    """
    if result != _without_gap(at.before):
        raise Refused("not the previous result without its addend D(ELBO)")


def closed_form(at: Context, result: Term) -> None:
    """
    F = E
    ------------------------------------------------------------------  (closed_form)
    F = expression without H

    Fails unless equal by algebra to E, `claim.entropy_sum`, and free of elbo, D, logp and H.
    """
    if result != at.document.entropy_sum:
        raise Refused("the result is not claim.entropy_sum")
    wrong = sorted(heads(result) & {"elbo", "D", "logp", "H"})
    if wrong:
        raise Refused(f"a closed form that holds {wrong[0]}: {show(result)}")
    if evaluate(at.replay, result)[0] != at.entropy_sum:
        raise Refused(f"not shown to equal the entropy sum: {show(result)}")


RULES: dict[str, Callable[[Context, Term], None]] = {
    rule.__name__: rule
    for rule in (
        definition,
        reparametrise,
        split,
        tempering,
        scaling,
        gap,
        stationary,
        closed_form,
    )
}


def accept(document: Document, work: Work) -> bool:
    """Return if every check holds, else raise `Refused`. True: the model is a shipped one."""
    _check_hashes(document)
    _check_order([rule for rule, _ in document.steps])
    _check_moved(document)
    model = document.model
    reparametrised = any(rule == "reparametrise" for rule, _ in document.steps)
    replay = Replay(work, model, document.direction, document.certificates, reparametrised)
    for name, family in model.families.items():
        with _place(f"certificates.{name}"):
            _check_family(replay, family)
    with _place("statement.model"):
        for part in ELBO[1][1:]:  # one by one, so that nothing cancels before it is noted
            evaluate(replay, ("mean", part), moving=True)
        work.allowed = frozenset(work.met)
        elbo, _ = evaluate(replay, ELBO, moving=True)
        entropy_sum, _ = evaluate(replay, ENTROPY_SUM)
    _check_conditions(document)
    before: Term = 0
    for i, (rule, result) in enumerate(document.steps):
        with _place(f"steps[{i}] ({rule})"):
            RULES[rule](Context(document, replay, elbo, entropy_sum, before), result)
        before = result
    return model.name in KNOWN


def _check_hashes(document: Document) -> None:
    pairs = zip(document.stored_sha256, document.actual_sha256, strict=True)
    for name, (stored, actual) in zip(("statement", "document"), pairs, strict=True):
        if stored != actual:
            raise Refused(f"sha256.{name}: stored {stored[:16]}…, computed {actual[:16]}…")
    shipped = KNOWN.get(document.model.name, document.statement_sha256)
    if shipped != document.statement_sha256:
        name = document.model.name
        raise Refused(f"the statement is not that of the shipped model {name!r}")


def _check_order(rules: list[str]) -> None:
    middle = [rule for rule in rules if rule in ("tempering", "scaling")]
    optional = ["reparametrise"] if "reparametrise" in rules else []
    wanted = ["definition", *optional, "split", *middle, "gap", "stationary", "closed_form"]
    if rules != wanted or not middle:
        raise Refused(f"the order of the rules: {' '.join(rules)[:120] or '(no steps)'}")


def _read_by(document: Document, role: str) -> set[str]:
    """Names of the parameters that occur in a factor's arguments."""

    def names(term: Term) -> set[str]:
        if not isinstance(term, tuple):
            return set()
        own = {str(term[1])} if len(term) > 1 and term[0] == "param" else set()
        return own.union(*(names(part) for part in term))

    return set().union(*(names(term) for term in document.model.factors[role].arguments))


def _check_moved(document: Document) -> None:
    constrained = {name for name, _ in document.model.constraints}
    read = set().union(*(_read_by(document, role) for role in FACTORS))
    for name in document.direction:
        if not document.model.parameters[name].learned:
            raise Refused(f"statement.direction: {name} moves, but it is not learned")
        if name in constrained:
            raise Refused(f"statement.direction: {name} moves, but it is constrained")
        if name not in read:
            raise Refused(f"statement.direction: {name} moves, but it occurs in no factor")
    missing = sorted(document.model.families.keys() ^ document.certificates.keys())
    if missing:
        raise Refused(f"certificates: none for the family {missing[0]}")


def conditions(document: Document) -> Iterator[tuple[str, ...]]:
    """The conditions of the theorem, in the order of FORMAT.md."""
    model = document.model
    for declared in (*model.parameters.values(), *model.networks.values()):
        if declared.range != "real":
            yield ("range", declared.name, declared.range)
    for family in sorted(model.families):
        yield from (("normalised", family), ("score", family))
    yield from (("finite", "elbo"), ("interchange", "elbo"))
    for name, text in model.constraints:
        yield ("constraint", name, text)
    if any(rule == "reparametrise" for rule, _ in document.steps):
        yield ("reparametrised", "encoder")
    moved = [name for name in model.parameters if name in document.direction]
    for name in moved:
        if name in _read_by(document, "encoder"):
            yield ("closed", "encoder", name)
    for name in moved:
        yield ("stationary", "elbo", name)


def _check_conditions(document: Document) -> None:
    wanted = list(conditions(document))
    for i in range(max(len(wanted), len(document.conditions))):
        ours = wanted[i] if i < len(wanted) else ()
        theirs = document.conditions[i] if i < len(document.conditions) else ()
        if ours != theirs:
            needed, found = " ".join(ours) or "nothing", " ".join(theirs) or "nothing"
            raise Refused(f"statement.conditions[{i}]: {needed} is needed, {found[:80]} is stored")


def _check_family(at: Replay, family: Family) -> None:
    """
    The certificate (T): D log p = log p + entropy, pointwise in the variable, where D moves the
    family's own arguments along the certificate's direction. Scores have mean zero, hence the
    entropy is the entropy. And where location and scale are given, location + scale eps with
    standard normal eps has the family's law: log p + log scale = -log(2 pi)/2 - eps^2/2.

    Fails for a base measure other than one: true entropies would give a wrong value.
    """
    work, certificate = at.work, at.certificates[family.name]
    if family.log_base_measure != 0:
        found = show(family.log_base_measure)
        raise Refused(f"the log base measure {found}: only 0 (a constant one) is supported")

    def symbols(moved: dict[str, Term]) -> dict[str, Pair]:
        still = {
            "arg " + name: (of(work.atom("arg", name, positive=range_ != "real")), {})
            for name, range_ in family.arguments.items()
        }
        changes = {"arg " + name: evaluate(at, t, (), False, still) for name, t in moved.items()}
        return {name: (value, changes.get(name, ({},))[0]) for name, (value, _) in still.items()}

    var: Pair = (of(work.atom("var")), {})
    bindings = symbols(certificate.direction)
    value, change = evaluate(at, family.log_density, (), True, bindings | {"var": var})
    entropy, _ = evaluate(at, certificate.entropy, (), False, bindings)
    if change != add(work, value, entropy):
        raise Refused("not shown: derivative of the log density = log density + entropy")
    if family.location is None:
        return
    eps = of(work.atom("noise"))
    location, _ = evaluate(at, family.location, (), False, bindings)
    scale, _ = evaluate(at, family.scale, (), False, bindings)
    drawn: Pair = (add(work, location, product(work, scale, eps)), {})
    value, _ = evaluate(at, family.log_density, (), False, bindings | {"var": drawn})
    two_pi = product(work, constant(2), of(work.atom("pi")))
    normal = add(
        work,
        product(work, constant(Fraction(-1, 2)), logarithm(work, two_pi)),
        product(work, constant(Fraction(-1, 2)), power(work, eps, Fraction(2))),
    )
    if add(work, value, logarithm(work, scale, partial(show, family.scale))) != normal:
        raise Refused("not shown: location + scale * eps has the family's density")
