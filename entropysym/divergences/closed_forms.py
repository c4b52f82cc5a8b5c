r"""Closed forms from the records alone: no formula of a pair is written down anywhere.

A family p with the base measure $h$ has a motion v of its arguments with
$$D_v\log p=\log p-\log h+\mathbb E_p[\log h-\log p]\quad\text{for all }x,\tag{T}$$
where $\log p-\log h$ is a combination of the scores and 1; scores have mean zero, so what is left *is* the average. With $h=1$ it is the entropy. With $h=q$, another law,
it is $-\mathrm{KL}(p\|q)$, and with $h=pq$ minus the cross-entropy: in an exponential family v is $\Psi_p-\Psi_q$ in natural parameters, and (T) reads
$\mathrm{KL}=(\Psi_p-\Psi_q)\cdot\nabla A(\Psi_p)-A(\Psi_p)+A(\Psi_q)$. With $h=1$ also $\mathrm{Var}_p(\log p)=-D_v\mathcal H$, the second derivative of A along Ψ. The checker replays (T).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import sympy as sp

from entropysym.divergences.averaged_words import with_averaged_words
from entropysym.divergences.replay import replayed
from entropysym.errors import InputError, shown
from entropysym.families import FAMILIES
from entropysym.language.algebra import distributed
from entropysym.language.formula import array_of, derivative, of_type, substituted
from entropysym.language.matrices import MatrixLetter
from entropysym.language.records import (
    COMPONENT,
    DIM,
    ROW,
    ROW_DIM,
    Family,
    Law,
    Letter,
    Parameter,
    Plate,
    argument_name,
)
from entropysym.language.supports import in_words, interval, is_within
from entropysym.language.symbols import range_of
from entropysym.prover.families import FamilyCertificate, family_certificate
from entropysym.prover.motion import Motion
from entropysym.verdict import Verdict, undecided


@dataclass(frozen=True)
class ClosedForm:
    """An average in nats as an expression, the conditions under which it is that, and how it was shown.

    `verdict` is *proved* where the checker replayed the identity that it follows from, else *undecided* with the reason; that is not a doubt but a missing second witness.
    """

    name: str
    value: sp.Expr
    conditions: tuple[str, ...]
    verdict: Verdict

    def __str__(self) -> str:
        return f"{self.name} = {self.value}\n  if {'; '.join(self.conditions)}\n  {self.verdict}"


Given = Family | Law


def entropy(law: Given) -> ClosedForm:
    r"""$\mathcal H[p]=-\mathbb E_p\log p$ in nats, of a record in its own arguments, or of a law of numbers such as ``NORMAL(mu, sigma2)``.

    Raises `InputError` where it does not follow from the record, with what is missing.

    >>> from entropysym.families import GAMMA
    >>> entropy(GAMMA).value
    -shape*polygamma(0, shape) + shape - log(rate) + loggamma(shape) + polygamma(0, shape)
    """
    p = _Side.of(law)
    found = _average(p.family, -p.family.density, f"H[{p.family.name}]")
    return p.told(found, 1)


def cross_entropy(p: Given, q: Given) -> ClosedForm:
    r"""$-\mathbb E_p\log q$ in nats. The arguments of a record q are called ``…_q``; equal arguments of two laws are one.

    Raises `InputError` where it does not follow from the record of p, with what is missing.
    """
    left, right = _pair(p, q)
    found = _average(left.family, -right.log_density, f"CE[{left.family.name}, {right.name}]")
    return left.with_others(right).told(found, 1)


def kl(p: Given, q: Given) -> ClosedForm:
    r"""$\mathrm{KL}(p\|q)=\mathbb E_p\log\frac pq$ in nats. The arguments of a record q are called ``…_q``; equal arguments of two laws are one, so that
    ``kl(LAPLACE(m, s), LAPLACE(m, t))`` has an answer where Laplace laws about two places have none.

    Raises `InputError` where p is not shown to live where q does, and where the divergence does not follow from the record of p, with what is missing.

    >>> from entropysym.families import EXPONENTIAL
    >>> kl(EXPONENTIAL, EXPONENTIAL).value
    log(rate) - log(rate_q) - 1 + rate_q/rate
    """
    left, right = _pair(p, q)
    ratio = right.log_density - left.family.density
    found = _average(left.family, ratio, f"KL({left.family.name} || {right.name})")
    return left.with_others(right).told(found, -1)


def against(p: Given, q: Given) -> Family:
    r"""The family p with q as its base measure, in all arguments of both: its pseudo entropy $\mathbb E_p[\log q-\log p]$ is $-\mathrm{KL}(p\|q)$.

    Raises `InputError` as `kl` does.
    """
    left, right = _pair(p, q)
    return replace(left.family, log_base_measure=right.log_density)


def varentropy(law: Given) -> ClosedForm:
    r"""$\mathrm{Var}_p(\log p)$, which is $-D_v\mathcal H$ along the motion v of (T), and 1 more for each scale of the variable that it uses: there $\mathbb E[(1+x\,\partial_x\log p)\log p]=1$.

    Raises `InputError` where (T) has no solution.
    """
    p = _Side.of(law)
    plain = replace(p.family, log_base_measure=sp.S.Zero)
    certificate = family_certificate(plain)
    if certificate is None:
        raise _missing(f"Var[log {p.family.name}]", p.family, p.family.density)
    value = certificate.scale - _along(plain, certificate)
    how = replayed(plain, certificate)
    says = "the motion and the entropy were replayed, the derivative along it was taken by the prover alone"  # fmt: skip
    verdict = undecided(says, *how.evidence) if how.evidence else how
    return p.told(_Found(f"Var[log {p.family.name}]", distributed(value), verdict), 1)


# -- the two laws ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Side:
    """A family in letters of its own, and what stands for them in the answer."""

    family: Family
    filling: Mapping[Letter, sp.Expr]
    name: str
    log_density: sp.Expr

    @staticmethod
    def of(law: object) -> _Side:
        family, filling = _parts(law)
        _demand_density(family)
        return _Side(family, filling, family.name, family.density)

    def with_others(self, other: _Side) -> _Side:
        return replace(self, filling={**self.filling, **other.filling})

    def told(self, found: _Found, sign: int) -> ClosedForm:
        """The answer, in the arguments that were given."""
        filling = {k: v for k, v in self.filling.items() if k != v}
        value = found.value if sign > 0 else distributed(-found.value)
        value = substituted(value, filling) if filling else value
        return ClosedForm(
            found.name, value, (*_conditions(self.family), *found.more), found.verdict
        )


@dataclass(frozen=True)
class _Found:
    """An average, and how it was shown."""

    name: str
    value: sp.Expr
    verdict: Verdict
    more: tuple[str, ...] = ()


def _parts(law: object) -> tuple[Family, dict[Letter, sp.Expr]]:
    if isinstance(law, Family):
        return law, {}
    if not isinstance(law, Law):
        raise InputError(f"{shown(law)} is no law; pass a record such as NORMAL, or NORMAL(mu, sigma2)")  # fmt: skip
    if law.family.is_multivariate:
        raise InputError(f"the arguments of {law.family.name} are vectors and matrices, which a law gives by their entries; pass the record itself")  # fmt: skip
    pairs = zip(law.family.arguments, law.arguments, strict=True)
    return law.family, {a: of_type(e, sp.Expr) for a, e in pairs}


def _demand_density(family: Family) -> None:
    """A density that does not ship is integrated first. Raises `InputError` if it is none."""
    if family == FAMILIES.get(family.name) or family.is_multivariate:
        return
    from entropysym.claims.densities import check_family

    found = check_family(family)
    if found.is_refused:
        raise InputError(found.reason)


def _pair(p: Given, q: Given) -> tuple[_Side, _Side]:
    """Both laws over the variable of p; an argument of q that is given as one of p is the same letter."""
    left, (other, given) = _Side.of(p), _parts(q)
    _demand_density(other)
    if left.family.depth != other.depth or not is_within(left.family.support, other.support):
        raise InputError(
            f"{left.family.name} is {in_words(left.family.support)} and {other.name} {in_words(other.support)}: "
            "p is not shown to live where q does, and elsewhere log q is minus infinity"
        )
    known = {e: a for a, e in left.filling.items() if not e.is_number}
    rule: dict[sp.Basic, sp.Basic] = {}
    filling: dict[Letter, sp.Expr] = {}
    for a in other.arguments:
        place = known.get(given[a]) if a in given else None
        if place is None or other.range_of(a) != left.family.range_of(place):
            place = _renamed(a)
            if a in given:
                filling[place] = given[a]
        rule[a] = place
    rule[other.variable] = left.family.variable
    family = left.family
    others = [of for a in other.arguments if (of := rule[a]) not in family.arguments]
    simplex = [rule[a] for a in other.simplex]
    log_q = _over(other.density, rule)
    wide = replace(
        family,
        arguments=(*family.arguments, *others),  # type: ignore[arg-type]
        simplex=(*family.simplex, *simplex),  # type: ignore[arg-type]
        location=None,
        scale=None,
    )
    return replace(left, family=wide), _Side(wide, filling, other.name, log_q)


def _renamed(argument: Letter) -> Letter:
    name = f"{argument_name(argument)}_q"
    if isinstance(argument, MatrixLetter):
        return MatrixLetter(name, argument.size, argument.kind)
    if isinstance(argument, sp.IndexedBase):
        label = of_type(argument.label, sp.Symbol)
        named = sp.Symbol(name, **label.assumptions0)
        return of_type(type(argument)(named), sp.IndexedBase)
    return sp.Symbol(name, **argument.assumptions0)


def _over(e: sp.Expr, rule: Mapping[sp.Basic, sp.Basic]) -> sp.Expr:
    """The expression with other letters; entries of arrays are renamed with them."""
    entries = {
        f: of_type(rule[array_of(f)], sp.IndexedBase)[f.indices]
        for f in e.atoms(sp.Indexed)
        if array_of(f) in rule
    }
    plain = {k: v for k, v in rule.items() if not isinstance(k, sp.IndexedBase)}
    return substituted(e, {**entries, **plain})


# -- averages ------------------------------------------------------------------------------------------


def _average(family: Family, e: sp.Expr, name: str) -> _Found:
    r"""$\mathbb E_pe$ by (T) with $\log h=\log p+e$."""
    direct = _by_scores(family, e)
    if direct is not None:
        return replace(direct, name=name)
    averaged = with_averaged_words(family, e)
    if averaged is not None:
        if not averaged.has(family.variable):
            why = "words of two matrices were averaged by the score of a matrix along another, and the checker's matrices move by multiples of themselves: derived, not replayed"  # fmt: skip
            return _Found(name, distributed(averaged), undecided(why))
        rest = _by_scores(family, averaged)
        if rest is not None:
            why = "words of two matrices were averaged by the score of a matrix along another; the rest was replayed"  # fmt: skip
            return _Found(name, rest.value, undecided(why, *rest.verdict.evidence))
    raise _missing(name, family, e)


def _by_scores(family: Family, e: sp.Expr) -> _Found | None:
    """The average by a certificate, replayed; None where there is none."""
    # For the entropy this is 0, and motions of the variable count too.
    based = replace(family, log_base_measure=family.density + e, location=None, scale=None)
    certificate = family_certificate(based)
    if certificate is None:
        return None
    return _Found("", certificate.entropy, replayed(based, certificate))


def _missing(name: str, family: Family, e: sp.Expr) -> InputError:
    """What would have to be known: the averages of what holds the variable and is in no score."""
    x = family.variable
    parts = sorted(
        {
            f
            for f in sp.preorder_traversal(distributed(e))
            if isinstance(f, sp.Function) and f.has(x)
        },
        key=sp.default_sort_key,
    )
    what = ", ".join(f"E[{f}]" for f in parts[:3]) or "averages of the variable"
    return InputError(
        f"{name} does not follow from the record of {family.name}: no combination of its scores holds all of {what}; "
        "where two arguments are the same, give both laws the same symbol"
    )


def _along(family: Family, certificate: FamilyCertificate) -> sp.Expr:
    """The derivative of the entropy along the motion."""
    if not family.is_multivariate:
        motions = certificate.direction
        return sp.Add(*(of_type(v, sp.Expr) * derivative(certificate.entropy, a) for a, v in motions.items()))  # type: ignore[arg-type]  # fmt: skip
    parameters = [_parameter(family, a) for a in family.arguments]
    motions = {p.name: certificate.direction[p.whole] for p in parameters if p.whole in certificate.direction}  # fmt: skip
    return Motion(parameters, motions, network_inputs=[]).of(certificate.entropy)


def _parameter(family: Family, a: Letter) -> Parameter:
    """An argument as a parameter, for the derivation to move."""
    columns, rows = Plate(COMPONENT, DIM), Plate(ROW, ROW_DIM)
    if isinstance(a, MatrixLetter):
        plate = rows if a.size == ROW_DIM else columns
        return Parameter(a.name, (plate, plate), a.kind)
    if isinstance(a, sp.Symbol):
        return Parameter(a.name, (), range_of(a))
    plates = (rows, columns) if family.range_of(a) == "matrix" else (columns,)
    positive = family.range_of(a) in ("positives", "simplex")
    return Parameter(argument_name(a), plates, "positive" if positive else "real")


# -- conditions ----------------------------------------------------------------------------------------

_RANGES = {
    "real": "is real",
    "nonnegative": "is at least 0",
    "positive": "is above 0",
    "unit": "lies in (0, 1)",
    "angle": "is an angle",
    "vector": "is a real vector",
    "positives": "has entries above 0",
    "simplex": "is on the simplex",
    "matrix": "is a real matrix",
}


def _variable_in_words(family: Family) -> str:
    plain = family.is_multivariate and interval(family.support) is not None
    return (
        f"each entry of x is {in_words(family.support)}"
        if plain
        else f"x is {in_words(family.support)}"
    )


def _conditions(family: Family) -> tuple[str, ...]:
    ranges = (
        f"{argument_name(a)} {_RANGES.get(family.range_of(a), 'is positive definite')}"
        for a in family.arguments
    )
    return (
        *ranges,
        f"{_variable_in_words(family)}, whatever the arguments are",
        "densities integrate to one, and averages and derivatives by the arguments interchange",
    )
