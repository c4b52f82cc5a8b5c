r"""One direction: the motion v of everything learned for which $D_v\mathcal J=\sum_f\Delta_f$, as the solution of one linear system.

Every learned, unconstrained parameter of prior, decoder and encoder may move: a scalar by an unknown function of the scalars, an array that stands
alone under its plate by an unknown function of its entry, any other array by numbers times itself, times the other arrays that fit, a vector also by a constant. Each
function of data, latents, noise and networks in $D_v\mathcal J-\sum_f\Delta_f$ gives one equation, and the input of every network has to stand still.

The right sides $\Delta_f$ of the factors are eliminated together, so the largest solvable set of factors is read off at the end: that is the partial result, and
what is left out is the excess. Factors that are products over a plate are matched entry by entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import sympy as sp

from entropysym.errors import InputError
from entropysym.language.algebra import addends, distributed, holds
from entropysym.language.formula import (
    array_like,
    array_of,
    entry,
    inside,
    of_type,
    replaced,
)
from entropysym.language.heads import DataMean, Entropy, Vector, _Binder, _Expectation
from entropysym.language.matrices import Matrix, Scaled
from entropysym.language.objective import (
    encoder_expectation,
    latents_written_out,
    variable,
    whole_factor,
)
from entropysym.language.records import Family, Model, Parameter
from entropysym.language.symbols import DATUM, LATENT, NOISE, n
from entropysym.prover.elimination import (
    ColumnName,
    Field,
    FracElement,
    Powers,
    Row,
    eliminate,
    in_primes,
)
from entropysym.prover.motion import Component, Motion, with_values

#: What keeps equations apart: the index of the plate that they are taken at, or the place of a network's input.
_Mark = sp.Symbol | int | None
_Rows = dict[tuple[_Mark, sp.Expr], dict[ColumnName, sp.Expr]]  # mark and function -> the row

#: Roles whose terms the entropy sum replaces, the last one first where only one can be had.
FACTORS = ("prior", "decoder")


@dataclass(frozen=True)
class Direction:
    r"""A motion with $D_v\mathcal J=\sum_f\Delta_f$ over `factors`, the largest set for which there is one.

    `motions` gives each moved parameter's motion at its own indices. Parts of the objective that are `left_out` (penalty, a factor) move along as they may,
    and what they gain belongs to the excess. `prior_alone` moves for $\Delta_{\rm prior}$ only. Where one of `excluded` is 0, v is not defined.
    """

    motions: dict[str, Component]
    factors: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    prior_alone: dict[str, Component] | None = None
    excluded: tuple[sp.Expr, ...] = ()


@dataclass(frozen=True)
class _Unknowns:
    """Motions with unknowns in them. `local` holds those that depend on an index, by the index."""

    motions: dict[str, Component]
    common: tuple[sp.Symbol, ...]
    local: dict[sp.Symbol, tuple[sp.Indexed, ...]]

    @property
    def all(self) -> frozenset[sp.Basic]:
        return frozenset(self.common).union(*self.local.values())


@dataclass(frozen=True)
class _Equation:
    """$D_v$ of one part of the objective, the right side that it is to give, and the index at which its plate is taken, if it is."""

    part: str  # prior, decoder, penalty or still
    moved: sp.Expr
    delta: sp.Expr = sp.S.Zero
    index: sp.Symbol | None = None


def joint_direction(
    model: Model, entropies: dict[Family, sp.Expr], progress: Callable[[str], None]
) -> Direction:
    """The direction of the largest solvable set of factors, `factors` being empty if there is none.

    The encoder stands still first, which is quicker and enough wherever prior and decoder have directions of their own.
    """
    progress("direction with the encoder at rest")
    still = _best(model, entropies, moving=False)
    if len(still.factors) == len(FACTORS) or not _can_move(model):
        return still
    progress("direction that moves the encoder")
    moving = _best(model, entropies, moving=True)
    return moving if len(moving.factors) > len(still.factors) else still


def moves_encoder(model: Model, motions: Iterable[str]) -> bool:
    """Whether the encoder reads a parameter that moves."""
    names = set(motions)
    moved = {p.symbol for p in model.parameters if p.name in names}
    return any(a.has(*moved) for a in model.encoder.arguments) if moved else False


def free_parameters(model: Model) -> list[Parameter]:
    """What is learned and not constrained."""
    held = {c.on for c in model.constraints}
    return [p for p in model.parameters if p.learned and p.name not in held]


def _can_move(model: Model) -> bool:
    return model.encoder.family.location is not None and moves_encoder(
        model, (p.name for p in free_parameters(model))
    )


def _best(model: Model, entropies: dict[Family, sp.Expr], *, moving: bool) -> Direction:
    free = [p for p in free_parameters(model) if moving or not moves_encoder(model, [p.name])]
    unknowns = _unknown_motions(model, free, moving)
    try:
        equations = _equations(model, entropies, unknowns, moving)
    except InputError:  # something moves that has no derivative
        return Direction({}, ())
    collected = [_collected(e, place, unknowns) for place, e in enumerate(equations)]
    systems: dict[tuple[str, ...], _Solved] = {}
    for factors, left_out in _PREFERRED:
        if "penalty" in left_out and len(left_out) == 1 and model.objective.penalty == 0:
            continue
        if left_out not in systems:
            kept = [c for c, e in zip(collected, equations, strict=True) if e.part not in left_out]
            systems[left_out] = _solve(kept, unknowns)
        found = systems[left_out].motions(factors)
        if found is not None:
            alone = systems[left_out].motions(("prior",)) if "prior" in factors else None
            return replace(found, left_out=left_out, prior_alone=alone and alone.motions)
    return Direction({}, ())


#: Factors that are to be had, and the parts of the objective that are left out for it; the best first.
_PREFERRED: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("prior", "decoder"), ()),
    (("prior", "decoder"), ("penalty",)),
    (("decoder",), ()),
    (("prior",), ()),
    (("decoder",), ("prior", "penalty")),
    (("prior",), ("decoder", "penalty")),
)


def _unknown_motions(model: Model, free: Sequence[Parameter], moving: bool) -> _Unknowns:
    motions: dict[str, Component] = {}
    first: list[sp.Symbol] = []
    then: list[sp.Symbol] = []
    last: list[sp.Symbol] = []
    local: dict[sp.Symbol, tuple[sp.Indexed, ...]] = {}

    family = model.prior.family
    centred = family.location is not None and model.prior.fill(family.location, model.latent) == 0
    about_a_mean = moving and not centred

    def unknown(kind: str, p: Parameter, where: list[sp.Symbol]) -> sp.Symbol:
        where.append(sp.Dummy(f"{kind}_{p.name}", real=True))
        return where[-1]

    for p in free:
        if p.is_matrix:
            motions[p.name] = Scaled(unknown("w", p, first), p.letter)
        elif not p.plates:
            motions[p.name] = unknown("v", p, first)
        else:
            if _stands_alone(model, p, moving):
                (plate,) = p.plates
                own = entry(array_like(sp.Dummy(f"v_{p.name}", real=True)), plate.index)
                local[plate.index] = (*local.get(plate.index, ()), own)
                motion: sp.Expr = own
            else:
                motion = unknown("w", p, then) * p.entry
                if p.range == "real" and len(p.plates) == 1:
                    motion += unknown("a", p, then)
            if p.range == "real" and about_a_mean:
                motion += sp.Add(*(unknown("k", p, last) * e for e in _fitting(model, p)))
            motions[p.name] = motion
    return _Unknowns(motions, (*first, *then, *last), local)


def _stands_alone(model: Model, p: Parameter, moving: bool) -> bool:
    """Whether the array is read only at the index of a factor's plate, in that factor: then each entry may move as it likes."""
    if len(p.plates) != 1 or model.objective.penalty.has(p.symbol):
        return False
    read = [
        r for r in (*FACTORS, "encoder") if any(a.has(p.symbol) for a in model.factor(r).arguments)
    ]
    if (
        len(read) != 1
        or model.factor(read[0]).family.is_multivariate
        or (moving and read == ["encoder"])
    ):
        return False
    if read == ["encoder"] or p.plates[0] != model.plate(read[0]):
        return False
    arguments = model.factor(read[0]).arguments
    inside = {b for a in arguments for b in a.atoms(sp.Sum, Vector)}
    return not any(b.has(p.symbol) for b in inside)


def _fitting(model: Model, p: Parameter) -> Iterator[sp.Expr]:
    r"""What the motion of an array may hold beside itself, for a latent that is scaled about a fixed mean $\mu_0$: $\mu_0$, $W\mu_0$, and $\sum_hW_{:h}$ for a number."""
    own = set(p.plates)
    others = [q for q in model.parameters if q.name != p.name and q.plates and not q.is_matrix]
    fixed = [q for q in others if not q.learned]
    for q in fixed:
        if own.issuperset(q.plates):
            yield q.entry
    for q in others:
        over = [plate for plate in q.plates if plate not in own]
        if len(over) == 1 and 1 < len(q.plates) <= len(own) + 1:
            yield over[0].sum(q.entry)
            yield from (over[0].sum(q.entry * r.entry) for r in fixed if r.plates == tuple(over))


def _equations(
    model: Model, entropies: dict[Family, sp.Expr], unknowns: _Unknowns, moving: bool
) -> list[_Equation]:
    still: list[sp.Expr] = []
    motion = Motion(model.parameters, unknowns.motions, network_inputs=still, model=model)

    def prepared(e: sp.Expr) -> sp.Expr:
        return with_signs(latents_written_out(e)) if moving else with_signs(e)

    found = []
    for role in FACTORS:
        part, delta, index = _parts(model, entropies, role, moving)
        moved = motion.of(part)
        found.append(_Equation(role, prepared(moved), prepared(delta), index))
    if model.objective.penalty != 0:
        found.append(_Equation("penalty", -motion.of(model.objective.penalty)))
    return found + [_Equation("still", latents_written_out(e)) for e in still]


def _parts(
    model: Model, entropies: dict[Family, sp.Expr], role: str, moving: bool
) -> tuple[sp.Expr, sp.Expr, sp.Symbol | None]:
    """A factor's part of the objective, its $\\Delta$, and the index at which both are taken if the factor is a product."""
    family, plate = model.factor(role).family, model.plate(role)
    one = not family.is_multivariate

    def at(expression: sp.Expr) -> sp.Expr:
        factor = model.factor(role)
        return (
            factor.fill(expression, plate, variable(model, role))
            if one
            else whole_factor(model, role, expression)
        )

    def averaged(body: sp.Expr) -> sp.Expr:
        if body == 0:
            return body
        return DataMean(encoder_expectation(model, body, reparametrised=moving), n)

    density = averaged(at(family.density))
    entropy = entropies.get(family)
    opaque = sp.Dummy("H", real=True) if entropy is None else averaged(at(entropy))
    delta = density - averaged(at(family.log_base_measure)) + opaque
    part = density
    if role == "prior":
        if moving:
            part += DataMean(_encoder_entropy(model, entropies, one), n)
        part *= model.objective.weight
    return part, delta, plate.index if one else None


def _encoder_entropy(model: Model, entropies: dict[Family, sp.Expr], one: bool) -> sp.Expr:
    """H[q_n], or its term at the latent index; of a location-scale family without closed entropy what moves of it."""
    encoder, plate = model.encoder, model.latent
    closed = entropies.get(encoder.family)
    entropy = sp.log(of_type(encoder.family.scale, sp.Expr)) if closed is None else closed
    term = encoder.fill(entropy, plate)
    return term if one else plate.sum(term)


def with_signs(e: sp.Expr) -> sp.Expr:
    """|u| as u sign(u), so that its derivative, sign(u) Du, can be matched; sign(-u) is -sign(u)."""
    if not holds(e, (sp.Abs, sp.sign)):
        return e
    e = replaced(e, lambda f: isinstance(f, sp.Abs), lambda f: inside(f) * sp.sign(inside(f)))
    return replaced(e, lambda f: isinstance(f, sp.sign), lambda f: _sign(sp.expand(inside(f))))


def _sign(u: sp.Expr) -> sp.Expr:
    return (
        -sp.sign(-u, evaluate=False) if u.could_extract_minus_sign() else sp.sign(u, evaluate=False)
    )


@dataclass(frozen=True)
class _Solved:
    """What elimination has left: pivot rows of common and local unknowns, and rows that hold right sides only."""

    unknowns: _Unknowns
    field: Field
    common: dict[ColumnName, Row]
    local: dict[ColumnName, Row]
    rest: list[Row]

    def motions(self, factors: tuple[str, ...]) -> Direction | None:
        """The motion that gives the sum of these factors' right sides, unknowns that stay free being 0; None if there is none."""
        zero = self.field.zero

        def right(row: Row) -> FracElement:
            return sum((row[f] for f in factors if f in row), zero)

        if any(right(row) != zero for row in self.rest):
            return None
        values: dict[ColumnName, FracElement] = {u: -right(row) for u, row in self.common.items()}
        for u, row in self.local.items():
            known = (values.get(c, zero) * k for c, k in row.items() if c in values)
            values[u] = -right(row) - sum(known, zero)
        written = {u: self.field.back(values.get(u, zero)) for u in self.unknowns.all}
        found = {name: with_values(m, written) for name, m in self.unknowns.motions.items()}
        found = {name: m for name, m in found.items() if not _is_still(m)}
        below = {f for v in written.values() for f in _may_vanish(v)}
        return Direction(found, factors, excluded=tuple(sorted(below, key=sp.default_sort_key)))


def _is_still(motion: Component) -> bool:
    return motion == 0 or (isinstance(motion, Scaled) and motion.scalar == 0)


def _may_vanish(value: sp.Expr) -> Iterator[sp.Expr]:
    """What an expression divides by and is not surely other than 0."""
    for f in sp.Mul.make_args(sp.fraction(value)[1]):
        if f.is_nonzero is not True:
            yield f


def _collected(e: _Equation, place: int, unknowns: _Unknowns) -> _Rows:
    """The rows of one equation, by its mark and function."""
    found: _Rows = {}
    # The parts of the objective add up, function by function; each input stands still on its own.
    mark = place if e.part == "still" else e.index
    _collect(found, mark, e.moved, e.index, unknowns, None)
    _collect(found, mark, e.delta, e.index, unknowns, e.part)
    return found


def _solve(equations: Sequence[_Rows], unknowns: _Unknowns) -> _Solved:
    found: _Rows = {}
    for rows_of_one in equations:
        for where, row in rows_of_one.items():
            total = found.setdefault(where, {})
            for u, c in row.items():
                total[u] = total.get(u, sp.S.Zero) + c
    rows = [
        (mark if isinstance(mark, sp.Symbol) else None, row) for (mark, _), row in found.items()
    ]
    field = Field.over(c for _, row in rows for c in row.values())
    written = [(index, {k: field.of(c) for k, c in row.items()}) for index, row in rows]
    common: list[Row] = [_nonzero(row) for index, row in written if index not in unknowns.local]
    local: dict[ColumnName, Row] = {}
    for index, mine in unknowns.local.items():
        here = eliminate((_nonzero(row) for at, row in written if at == index), mine, field.is_safe)
        local |= here.pivots
        common += here.rest
    split = [part for row in common for part in _for_every_entry(field, row)]
    solved = eliminate(split, unknowns.common, field.is_safe)
    return _Solved(unknowns, field, solved.pivots, local, solved.rest)


def _nonzero(row: Row) -> Row:
    return {k: c for k, c in row.items() if c}


def _for_every_entry(field: Field, row: Row) -> list[Row]:
    """The row as equations between scalars: it has to hold at every index, whatever the entries there are."""

    def is_entry(generator: sp.Expr) -> bool:
        return bool(generator.atoms(sp.Indexed))

    if not any(is_entry(g) for g in field.place):
        return [row]
    below = field.one
    for c in row.values():
        below *= field.domain(c.denom) / field.domain(below.numer.gcd(c.denom))
    found: dict[Powers, Row] = {}
    for k, c in row.items():
        for mark, part in field.split(c * below, is_entry).items():
            found.setdefault(mark, {})[k] = part
    return list(found.values())


def _collect(
    found: _Rows,
    mark: _Mark,
    expression: sp.Expr,
    index: sp.Symbol | None,
    unknowns: _Unknowns,
    right: str | None,
) -> None:
    """Add an expression to the equations, function by function: by unknowns, or with a minus sign in the column `right`."""
    every = unknowns.all
    for addend in addends(distributed(expression, powers=True)):
        u: ColumnName = right
        coefficient: sp.Expr = sp.S.One if right is None else sp.S.NegativeOne
        function: sp.Expr = sp.S.One
        for f in sp.Mul.make_args(addend):
            if f in every:
                u = f
            elif _is_coefficient(f, index):
                coefficient *= in_primes(f)
            else:
                function *= f
        if addend == 0:
            continue
        if u is None or function.has(*every):
            raise InputError(f"an unknown is caught inside {addend}")
        row = found.setdefault((mark, function), {})
        row[u] = row.get(u, sp.S.Zero) + coefficient


@lru_cache(maxsize=2**14)
def _is_coefficient(f: sp.Expr, index: sp.Symbol | None) -> bool:
    """Whether a factor depends on scalars, sizes and entries at the plate's own index alone."""
    if f.atoms(_Binder, _Expectation, sp.Sum, Matrix, Entropy, sp.Dummy):
        return False
    return all(
        set(e.indices) == {index} and array_of(e) not in (DATUM, LATENT, NOISE)
        for e in f.atoms(sp.Indexed)
    )
