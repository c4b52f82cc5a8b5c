r"""What a family's log-density says of its own entropy.

$$k+(kx+l)\,\partial_x\log p+\sum_av_a\,\partial_a\log p=\log p-\log h+\tilde{\mathcal H}\quad\text{for all }x.\tag{T}$$
Scores have mean zero, those of location, $\partial_x\log p$, and of scale, $1+x\,\partial_x\log p$, included. So whatever is left free of x *is* the (pseudo) entropy: it
is derived from the density and never typed. A family for which (T) has no solution keeps an opaque entropy.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import sympy as sp
from sympy.polys.fields import FracElement

from entropysym.errors import InputError, WorkLimitError
from entropysym.language.algebra import addends, distributed, exponentials_merged, vanishes
from entropysym.language.formula import (
    coefficient,
    derivative,
    entry,
    of_type,
    replaced,
    substituted,
    sum_over,
)
from entropysym.language.matrices import MatrixLetter, Scaled
from entropysym.language.records import (
    COMPONENT,
    DIM,
    ROW,
    ROW_DIM,
    Family,
    Letter,
    Parameter,
    Plate,
    argument_name,
    at_class,
)
from entropysym.language.symbols import is_surely_positive, range_of
from entropysym.prover.elimination import ColumnName, Field, Row, eliminate, in_primes
from entropysym.prover.motion import Component, Motion, with_signs, with_values

#: Supports on which an affine motion of the variable stays.
SCALED = ("real", "positive")
SHIFTED = ("real",)


#: Sums of more addends are not factored.
LONGEST = 12

#: Addends of a solution of (T); no checker would take the identity that follows from more.
MOST_TERMS = 256


@dataclass(frozen=True)
class FamilyCertificate:
    """A solution of (T): the motion of each argument, of the variable ($kx+l$), and the (pseudo) entropy in nats."""

    direction: Mapping[sp.Basic, Component]
    entropy: sp.Expr
    scale: sp.Expr = sp.S.Zero
    shift: sp.Expr = sp.S.Zero


@lru_cache(maxsize=256)
def family_certificate(family: Family) -> FamilyCertificate | None:
    """The certificate of a family all of whose arguments are free, or None if none is found."""
    try:
        if family.support == "onehot":
            return _of_classes(family)
        return _of_vectors(family) if family.is_multivariate else _of_numbers(family)
    except (InputError, NotImplementedError, WorkLimitError, sp.PolynomialError):
        return None  # such as a function without a derivative here: the entropy stays opaque


def _of_numbers(family: Family) -> FamilyCertificate | None:
    x, log_p = of_type(family.variable, sp.Symbol), with_signs(family.density)
    score = derivative(family.density, x)
    unknowns: dict[sp.Symbol, sp.Expr] = {
        sp.Dummy(f"v_{argument_name(a)}", real=True): derivative(family.density, a)
        for a in family.arguments
    }
    motions = list(unknowns)
    k, shift = sp.Dummy("k", real=True), sp.Dummy("l", real=True)
    constant_base = family.log_base_measure == 0
    if constant_base and family.support in SCALED:
        unknowns[k] = 1 + x * score
    if constant_base and family.support in SHIFTED:
        unknowns[shift] = score
    tempered = log_p - with_signs(family.log_base_measure)
    solved = _solved({u: with_signs(s) for u, s in unknowns.items()}, tempered, x)
    if solved is None:
        return None

    def said(e: sp.Expr) -> sp.Expr:
        return _denominators_factored(_logs_as_given(e, family.density, x))

    return FamilyCertificate(
        {a: said(solved[0][v]) for a, v in zip(family.arguments, motions, strict=True)},
        exponentials_merged(said(solved[1])),
        solved[0].get(k, sp.S.Zero),
        solved[0].get(shift, sp.S.Zero),
    )


def _solved(
    scores: Mapping[sp.Symbol, sp.Expr], tempered: sp.Expr, x: sp.Basic
) -> tuple[dict[sp.Symbol, sp.Expr], sp.Expr] | None:
    """The unknowns for which the sum of their scores is `tempered` + H for all x, and H, which x is not in.

    Both sides are brought to one denominator: then the coefficients of each product of powers of what holds x have to agree.
    """
    if any(
        _is_alone(log, tempered, scores.values()) for log in tempered.atoms(sp.log) if log.has(x)
    ):
        return None
    entropy = sp.Dummy("H", real=True)
    columns: dict[ColumnName, sp.Expr] = {entropy: -sp.S.One, **scores, None: -tempered}
    plain = {u: _in_generators(e) for u, e in columns.items()}
    field = Field.over(plain.values())
    written = {u: field.of(e) for u, e in plain.items()}
    rows: dict[object, Row] = {}
    for u, numerator in field.over_one_denominator(written).items():
        for mark, c in field.split(numerator, lambda base: base.has(x)).items():
            rows.setdefault(mark, {})[u] = c
    found = {}
    for turn in range(max(1, len(scores))):  # where one may be free, one that divides by nothing
        order = [*scores][turn:] + [*scores][:turn]
        found = _values(rows.values(), [*order, entropy], field)
        if found is None or all(field.is_safe(field.domain(v.denom)) for v in found.values()):
            break
    if found is None or any(len(v.numer) + len(v.denom) > MOST_TERMS for v in found.values()):
        return None
    closed = distributed(field.back(found.pop(entropy)), powers=True)
    return {u: _written(field, found[u]) for u in scores}, closed


def _is_alone(log: sp.Expr, tempered: sp.Expr, scores: Collection[sp.Expr]) -> bool:
    """Whether a logarithm that holds the variable stands in the density and in no score, as that of a mixture: then no motion gives it, and nothing need be multiplied out."""
    if any(s.has(log) for s in scores):
        return False
    hidden = sp.Dummy("log", real=True)
    slope = derivative(substituted(tempered, {log: hidden}), hidden)
    return distributed(slope) != 0


def _written(field: Field, element: FracElement) -> sp.Expr:
    """A motion multiplied out, or as a product where that is long."""
    return field.back(element) if len(element.numer) < LONGEST else field.factored(element)


def _values(
    rows: Collection[Row], unknowns: Sequence[sp.Symbol], field: Field
) -> dict[sp.Symbol, FracElement] | None:
    """The unknowns, those that stay free being 0, or None."""
    eliminated = eliminate(rows, unknowns, field.is_safe)
    if any(eliminated.rest):
        return None
    pivots, zero = eliminated.pivots, field.zero
    return {u: -pivots[u].get(None, zero) if u in pivots else zero for u in unknowns}


def _logs_as_given(e: sp.Expr, density: sp.Expr, x: sp.Basic) -> sp.Expr:
    r"""With $\log(1+s+s^2+s^3)$, where the density holds it, in place of the logarithms of its factors, which a checker need not know."""
    for log in sorted(density.atoms(sp.log), key=sp.default_sort_key):
        if log.args[0].is_Add and not log.has(x):
            parts = addends(distributed(log, powers=True))
            split = [p for p in parts if isinstance(p, sp.log) and len(parts) > 1 and e.has(p)]
            for part in split[:1]:
                whole = substituted(e, {part: log - sp.Add(*parts) + part})
                e = sp.Add(*(sp.expand(a, deep=False) for a in addends(whole)))
    return e


def _denominators_factored(e: sp.Expr) -> sp.Expr:
    r"""$\frac1{(e^a-1)\log b}$ with its denominator as a product: whoever reads it has to see that no factor is 0; of positive addends that is seen."""

    def is_long(f: sp.Expr) -> bool:
        if not isinstance(f, sp.Pow) or not f.exp.is_negative or not f.base.is_Add:
            return False
        positive = all(map(is_surely_positive, addends(f.base)))
        return not positive and len(f.base.args) <= LONGEST

    return replaced(
        e, is_long, lambda f: of_type(sp.factor(f.args[0]), sp.Expr) ** of_type(f.args[1], sp.Expr)
    )


def _in_generators(e: sp.Expr) -> sp.Expr:
    """Multiplied out, with logarithms of numbers split into those of primes."""
    flat = sp.expand(distributed(e, powers=True))
    return sp.Add(*(sp.Mul(*(in_primes(f) for f in sp.Mul.make_args(a))) for a in addends(flat)))


def _of_vectors(family: Family) -> FamilyCertificate | None:
    """Vectors move by multiples of themselves plus a constant, $v_i=wa_i+c$, matrices by multiples, $v_\\Sigma=w\\Sigma$, and numbers by numbers; the variable stands still."""
    columns, rows = Plate(COMPONENT, DIM), Plate(ROW, ROW_DIM)
    motions: dict[str, Component] = {}
    unknowns: list[sp.Symbol] = []
    parameters = []
    for a in family.arguments:
        u = sp.Dummy(f"w_{argument_name(a)}", real=True)
        if isinstance(a, MatrixLetter):
            plate = rows if a.size == ROW_DIM else columns
            p = Parameter(a.name, (plate, plate), a.kind)
            motions[p.name] = Scaled(u, p.letter)
        elif isinstance(a, sp.Symbol):
            p = Parameter(a.name, (), range_of(a))
            motions[p.name] = u
        else:
            range_ = "positive" if family.range_of(a) == "positives" else "real"
            plates = (rows, columns) if family.range_of(a) == "matrix" else (columns,)
            p = Parameter(argument_name(a), plates, range_)
            constant = sp.Dummy(f"c_{argument_name(a)}", real=True)
            others = _elsewhere(family, a)
            at = [plate.index for plate in plates]
            along = {sp.Dummy("u", real=True): entry(b, *at) for b in others}
            motions[p.name] = u * p.entry + constant + sp.Add(*(w * e for w, e in along.items()))
            unknowns += [constant, *along]
        unknowns.append(u)
        parameters.append(p)
    moved = Motion(parameters, motions, network_inputs=[]).of(family.density)
    moved = distributed(moved, powers=True)
    scores = {u: sp.Add(*(coefficient(a, u) for a in addends(moved))) for u in unknowns}
    tempered = family.density - family.log_base_measure
    solved = _solved(scores, tempered, family.variable)
    if solved is None:
        return None
    direction = {p.whole: with_values(motions[p.name], solved[0]) for p in parameters}
    return FamilyCertificate(direction, exponentials_merged(solved[1]))


def _elsewhere(family: Family, a: Letter) -> list[sp.IndexedBase]:
    """Arrays like a that stand in the base measure alone: against another law of the family, a moves towards its argument."""
    arrays = [b for b in family.arguments if isinstance(b, sp.IndexedBase) and b != a]
    alone = [b for b in arrays if not family.density.has(b) and family.density.has(a)]
    return [
        b for b in alone if (family.range_of(b) == "matrix") == (family.range_of(a) == "matrix")
    ]


def _of_classes(family: Family) -> FamilyCertificate | None:
    r"""A one-hot variable has finitely many values, so its entropy is a sum, $-\sum_kp_k\log p_k$; arguments on the simplex move entry by entry, others by multiples of themselves."""
    log_p, log_h = (at_class(family, e) for e in (family.density, family.log_base_measure))
    tempered = log_p - log_h
    entropy = -sum_over(sp.exp(log_p) * tempered, (COMPONENT, 1, DIM))
    entropy = distributed(entropy, powers=True)
    own_arguments = [a for a in family.arguments if family.density.has(a)]
    if len(own_arguments) != 1:
        return None
    (a,) = own_arguments
    own = entry(a, COMPONENT)
    if a in family.simplex:
        motion = distributed((tempered + entropy) / derivative(log_p, own))
        return FamilyCertificate({own: motion}, entropy)
    p = Parameter(argument_name(a), (Plate(COMPONENT, DIM),))
    towards = sp.Add(*(entry(b, COMPONENT) for b in _elsewhere(family, a)))
    for motion in (own - towards, towards - own):
        moved = Motion([p], {p.name: motion}).of(log_p)
        if vanishes(moved - tempered - entropy):
            return FamilyCertificate({own: motion}, entropy)
    return None
