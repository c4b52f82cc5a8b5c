"""Whether two terms of one model are equal: both in the kernel's normal form, with nothing moving.

    equal(model, left, right, plates, certificates) -> Equal     shown
    Refused                                                      not shown, which is not *different*
    Malformed                                                    not a model, or not its terms

*Shown* means: at every parameter value, data set and law of q that the model allows, wherever both
are finite. Trusted are the folder `kernel` and this file, beside Python's fractions. No certificate
is taken on trust: (T) is checked for each, as in a derivation. A latent of a family that is shown to
be standard normal in location + scale * noise is written so, which gives its moments; one whose
draws another law of q reads stays as it is, for its noise would not be independent of that law.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .gate import check_words
from .kernel import terms
from .kernel.evaluate import Site, evaluate
from .kernel.normal_form import Polynomial, Work
from .kernel.reader import CERTIFICATE, MODEL, model, shaped
from .kernel.terms import Malformed, Refused, Statement, Term, one_of, require
from .kernel.theorem import check_family

HEADS = terms.OF_STEP - {"D"}


@dataclass(frozen=True)
class Equal:
    """`integrals`: the number of expectations and data means that both sides are equal under, if these are finite."""

    integrals: int
    work: int


def equal(
    declared: Any,
    left: Term,
    right: Term,
    plates: Sequence[str] = (),
    certificates: Mapping[str, Any] | None = None,
) -> Equal:
    """Shown, or `Refused` (or `Malformed`). ``plates``: the sizes that the free indices run over,
    which both terms name by their position, the last of them first."""
    reasons = []
    for in_noise in (True, False):
        try:
            return _compared(declared, left, right, plates, certificates or {}, in_noise)
        except Refused as reason:
            reasons.append(str(reason))
        except (RecursionError, MemoryError):
            reasons.append("work limit reached (nested too deep)")
    raise Refused("; ".join(dict.fromkeys(reasons)))


def _compared(
    declared: Any,
    left: Term,
    right: Term,
    plates: Sequence[str],
    certificates: Mapping[str, Any],
    in_noise: bool,
) -> Equal:
    work = Work()
    said = _statement(declared, certificates)
    site = Site(work, said, 0)
    normal = {name for name in said.model.families if _is_normal(site, name)}
    if in_noise:
        site = replace(site, noise=dict.fromkeys(_drawn(said.model, normal), "normal"))
    for size in plates:
        one_of(size, said.model.sizes)
    place = site.apart(HEADS, *map(site.opened, plates))
    sides: list[Polynomial] = [evaluate(place, term) for term in (left, right)]
    if not work.equal(*sides):
        raise Refused("the normal forms differ")
    return Equal(len(work.met), work.budget - work.left)


def _statement(declared: Any, certificates: Mapping[str, Any]) -> Statement:
    """The model with its certificates; nothing is claimed and nothing moves."""
    read = model(shaped(declared, MODEL, "model"))
    certified = {}
    for name, entry in shaped(dict(certificates), {str: CERTIFICATE}, "certificates").items():
        arguments = read.families[one_of(name, read.families)].arguments
        same = entry["direction"].keys() == arguments.keys()
        require(same, [*entry["direction"]], f"certificates.{name}: not all arguments, or others")
        certified[name] = terms.FamilyCertificate(**entry)
    said = Statement(read, {}, 0, {}, 0, 0, 0, [], certified)
    check_words(said)
    return said


def _is_normal(site: Site, name: str) -> bool:
    """Whether location and scale make a family standard normal; (T) holds, or nothing is shown."""
    said = site.statement
    family = said.model.families[name]
    if name in said.certificates:
        return check_family(site, family)
    try:
        return check_family(site, family)
    except Refused:
        return False  # no location and scale that are understood; nothing is concluded from it


def _drawn(declared: terms.Model, normal: set[str]) -> list[str]:
    """The latents that may be written in noise: normal under q, and read under q by such ones alone."""
    found = {
        factor.of[0]: factor
        for factor in declared.q.values()
        if factor.family in normal and not factor.select and len(factor.of) == 1
    }
    found = {
        name: f for name, f in found.items() if declared.families[f.family].location is not None
    }
    lagged = {
        name.removesuffix(terms.LAG)
        for f in declared.factors.values()
        for name in f.given
        if name.endswith(terms.LAG)
    }
    found = {name: f for name, f in found.items() if name not in lagged}
    while True:
        others = (f for f in declared.q.values() if f not in found.values())
        read = set().union(*(declared.meant(name) for f in others for name in f.given))
        kept = {name: f for name, f in found.items() if name not in read}
        if len(kept) == len(found):
            return [*kept]
        found = kept


__all__ = ["Equal", "Malformed", "Refused", "equal"]
