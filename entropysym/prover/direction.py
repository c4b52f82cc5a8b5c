r"""One direction: the motion v of everything learned for which $D_v\mathcal J=\sum_f\Delta_f$, as the solution of one linear system.

Every learned, unconstrained parameter of p and q may move: a scalar by an unknown function of the scalars, an array that stands
alone under its plate by an unknown function of its entry, any other array by numbers times itself, times the other arrays that fit, a vector also by a constant. Each
function of data, latents, noise and networks in $D_v\mathcal J-\sum_f\Delta_f$ gives one equation, and the input of every network has to stand still.

The right sides $\Delta_f$ of the factors are eliminated together, so the largest solvable set of factors is read off at the end: that is the partial result, and
what is left out is the excess. Factors that are products over a plate are matched entry by entry.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import sympy as sp

from entropysym.errors import InputError, WorkLimitError
from entropysym.language.algebra import addends, distributed, limited_work
from entropysym.language.formula import (
    array_like,
    array_of,
    entry,
    of_type,
)
from entropysym.language.heads import Entropy, Vector, _Binder, _Expectation
from entropysym.language.matrices import Matrix, Scaled
from entropysym.language.noise import noise, noise_form, rigid
from entropysym.language.objective import averaged, latents_written_out, weight
from entropysym.language.records import Factor, Family, Model, Parameter, at_class
from entropysym.language.symbols import VARIABLES
from entropysym.prover.elimination import (
    ColumnName,
    Field,
    FracElement,
    Powers,
    Row,
    eliminate,
    in_primes,
)
from entropysym.prover.families import FamilyCertificate
from entropysym.prover.motion import Component, Motion, with_signs, with_values

Certificates = Mapping[Family, FamilyCertificate]

#: Addends that the search for a direction that moves q of a graph may multiply out.
WORK_OF_MOVING = 20_000

#: The indices of the entry at which a factor's equation is taken: of its plates, and of its class.
_Entry = tuple[sp.Symbol, ...]
#: What keeps equations apart: the entry that they are taken at, or the place of a network's input.
_Mark = _Entry | int
_Rows = dict[tuple[_Mark, sp.Expr], dict[ColumnName, sp.Expr]]  # mark and function -> the row


@dataclass(frozen=True)
class Direction:
    r"""A motion with $D_v\mathcal J=\sum_f\Delta_f$ over `factors`, the largest set for which there is one.

    `motions` gives each moved parameter's motion at its own indices. Parts of the objective that are `left_out` (penalty, a factor) move along as they may,
    and what they gain belongs to the excess. `latent_alone` moves for the $\Delta$ of the latent only, where there is one. Where one of `excluded` is 0, v is not defined.
    """

    motions: dict[str, Component]
    factors: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    latent_alone: dict[str, Component] | None = None
    excluded: tuple[sp.Expr, ...] = ()


@dataclass(frozen=True)
class _Unknowns:
    """Motions with unknowns in them. `local` holds those that depend on indices, by the entries of the factors that read them, which no other group has."""

    motions: dict[str, Component]
    common: tuple[sp.Symbol, ...]
    local: dict[frozenset[_Entry], tuple[sp.Indexed, ...]]

    @property
    def all(self) -> frozenset[sp.Basic]:
        return frozenset(self.common).union(*self.local.values())

    @property
    def entries(self) -> frozenset[_Entry]:
        """The entries of factors at which something moves that depends on indices."""
        return frozenset[_Entry]().union(*self.local)


@dataclass(frozen=True)
class _Equation:
    """$D_v$ of one part of the objective, the right side that it is to give, and the entry at which it is taken; `classes` has the one-hot entries that multiply both."""

    part: str  # a factor's name, penalty or still
    moved: sp.Expr
    delta: sp.Expr = sp.S.Zero
    entry: _Entry = ()
    classes: sp.Expr = sp.S.One


def joint_direction(
    model: Model, certificates: Certificates, progress: Callable[[str], None]
) -> Direction:
    """The direction of the largest solvable set of factors, `factors` being empty if there is none.

    q stands still first, which is quicker and enough wherever the factors of p have directions of their own. Factors for which functions cannot
    be matched, or only with a division by what may be 0, are asked again, argument by argument.
    """
    progress("direction with q at rest")
    at_rest = [p for p in free_parameters(model) if not moves_encoder(model, [p.name])]
    still = _best(model, certificates, at_rest)
    done = {*still.factors} if not still.excluded else set()
    if left := {f.name for f in model.p if certificates.get(f.family)} - done:
        other = _best(model, certificates, at_rest, by_argument=left)
        # Of equal ones the first.
        still = max(still, other, key=lambda d: (len(d.factors), not d.excluded))
    free = _movable(model)
    if len(still.factors) == len(model.p) or not moves_encoder(model, (p.name for p in free)):
        return still
    progress("direction that moves q")
    if model.is_plain:
        moving = _best(model, certificates, free)
    else:
        try:
            with limited_work(WORK_OF_MOVING):
                moving = _best(model, certificates, free)
        except WorkLimitError:  # what is known with q at rest is known all the same
            return still
    return moving if len(moving.factors) > len(still.factors) else still


def moves_encoder(model: Model, motions: Iterable[str]) -> bool:
    """Whether a factor of q reads a parameter that moves."""
    names = set(motions)
    moved = {p.symbol for p in model.parameters if p.name in names}
    return any(a.has(*moved) for f in model.q for a in f.arguments) if moved else False


def free_parameters(model: Model) -> list[Parameter]:
    """What is learned and not constrained."""
    held = {c.on for c in model.constraints}
    return [p for p in model.parameters if p.learned and p.name not in held]


def _movable(model: Model) -> list[Parameter]:
    """The free parameters that may move with all of q: of factors that are location + scale · noise, as is all that reads their latents in q."""
    free = free_parameters(model)
    if model.is_plain:
        return free if all(f.family.location is not None for f in model.q) else []
    still = {f.name for f in model.q if rigid(model, f)}
    while True:
        read = {name for f in model.q if f.name in still for name in f.given}
        grown = still | {f.name for f in model.q if read & {*f.of}}
        if grown == still:
            break
        still = grown
    held: set[sp.Basic] = set()
    for f in model.q:
        located = f.name not in still
        shape = noise(f.family).shape if located else ()
        for place, argument in zip(f.family.arguments, f.arguments, strict=True):
            if not located or place in shape:
                held |= {p.symbol for p in free if argument.has(p.symbol)}
    return [p for p in free if p.symbol not in held]


def _best(
    model: Model,
    certificates: Certificates,
    free: Sequence[Parameter],
    by_argument: Collection[str] = (),
) -> Direction:
    """The best direction along which these parameters move; of factors `by_argument` each argument moves as it does in the family's certificate."""
    moving = noise_form(model, [p.name for p in free])
    unknowns = _unknown_motions(model, free, moving)
    try:
        equations = _equations(model, certificates, unknowns, moving, by_argument)
    except InputError:  # something moves that has no derivative
        return Direction({}, ())
    collected = [_collected(e, place, unknowns) for place, e in enumerate(equations)]
    systems: dict[tuple[str, ...], _Solved] = {}
    names = tuple(f.name for f in model.p)
    for factors, left_out in _preferred(names, model.objective.penalty != 0):
        if left_out not in systems:
            kept = [c for c, e in zip(collected, equations, strict=True) if e.part not in left_out]
            try:
                systems[left_out] = _solve(kept, unknowns)
            except WorkLimitError:  # fractions of a mixture, say
                return Direction({}, ())
        found = systems[left_out].motions(factors)
        if found is not None:
            scaled = tuple(f.name for f in model.p if {*f.of} & {*moving})
            single = model.is_plain and {*scaled} & {*factors}
            alone = systems[left_out].motions(scaled) if single else None
            return replace(found, left_out=left_out, latent_alone=alone and alone.motions)
    return Direction({}, ())


def _preferred(
    names: tuple[str, ...], penalty: bool
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Sets of factors that are to be had, and the parts of the objective that are left out for it; the best first.

    All of them; all but one, the last factors being kept; one alone. No subset in between: their number grows exponentially.
    """
    but_one = [tuple(name for name in names if name != other) for other in names]
    sets = dict.fromkeys([*but_one, *((name,) for name in reversed(names))])
    yield names, ()
    if penalty:
        yield names, ("penalty",)
    if len(names) > 1:
        yield from ((kept, ()) for kept in sets)
        for kept in sets:
            yield kept, (*(name for name in names if name not in kept), "penalty")


def _unknown_motions(model: Model, free: Sequence[Parameter], moving: tuple[str, ...]) -> _Unknowns:
    motions: dict[str, Component] = {}
    first: list[sp.Symbol] = []
    then: list[sp.Symbol] = []
    last: list[sp.Symbol] = []
    local: dict[frozenset[_Entry], tuple[sp.Indexed, ...]] = {}
    about_a_mean = any(_has_fixed_mean(model, f) for f in model.p if {*f.of} & {*moving})

    def unknown(kind: str, p: Parameter, where: list[sp.Symbol]) -> sp.Symbol:
        where.append(sp.Dummy(f"{kind}_{p.name}", real=True))
        return where[-1]

    for p in free:
        if p.is_matrix:
            motions[p.name] = Scaled(unknown("w", p, first), p.letter)
        elif not p.plates:
            motions[p.name] = unknown("v", p, first)
        else:
            entries = _alone_at(model, p)
            if entries:
                indices = (plate.index for plate in p.plates)
                own = entry(array_like(sp.Dummy(f"v_{p.name}", real=True)), *indices)
                _join(local, entries, own)
                motion: sp.Expr = own
            elif p.range == "simplex":
                continue  # a multiple of itself would leave the simplex
            else:
                motion = unknown("w", p, then) * p.entry
                if len(p.plates) == 1 and (p.range == "real" or _fills_positives(model, p)):
                    motion += unknown("a", p, then)
                if p.range == "real":
                    motion += sp.Add(*(unknown("c", p, last) * e for e in _of_classes(model, p)))
            if p.range == "real" and about_a_mean:
                motion += sp.Add(*(unknown("k", p, last) * e for e in _fitting(model, p)))
            motions[p.name] = motion
    return _Unknowns(motions, (*first, *then, *last), local)


def _fills_positives(model: Model, p: Parameter) -> bool:
    """Whether this is a vector of positive arguments of a family, such as that of Dirichlet, where $a-1$ moves."""
    return any(
        f.family.range_of(place) == "positives" and a.has(p.symbol)
        for f in model.p
        for place, a in zip(f.family.arguments, f.arguments, strict=True)
    )


def _has_fixed_mean(model: Model, factor: Factor) -> bool:
    """Whether a factor of p of a latent that moves is about a mean that is neither 0 nor read off a latent."""
    location = factor.family.location
    if any(model.variable(name).role == "latent" for name in factor.given):
        return False
    return location is None or factor.fill(location, model.inner(factor.of[0])) != 0


def _join(
    local: dict[frozenset[_Entry], tuple[sp.Indexed, ...]],
    entries: frozenset[_Entry],
    own: sp.Indexed,
) -> None:
    """Add an unknown to the group of its entries, groups that share one becoming one."""
    mine: tuple[sp.Indexed, ...] = ()
    for other in [group for group in local if group & entries]:
        entries, mine = entries | other, mine + local.pop(other)
    local[entries] = (*mine, own)


def _alone_at(model: Model, p: Parameter) -> frozenset[_Entry]:
    """The entries of the factors that read the array, if each does so at the array's own indices alone: then each entry may move as it likes."""
    read = [f for f in model.factors if any(a.has(p.symbol) for a in f.arguments)]
    if any(f in model.q for f in read) or model.objective.penalty.has(p.symbol):
        return frozenset()
    own, found = tuple(plate.index for plate in p.plates), set()
    for f in read:
        density, at = density_at_entry(model, f, f.family.density)
        inside = {b for b in density.atoms(Vector, Matrix) if b.has(p.symbol)}
        # Under a sum over another index it is a constant.
        inside |= {
            b
            for b in density.atoms(sp.Sum)
            if b.has(p.symbol) and not {limit[0] for limit in b.limits}.isdisjoint(own)
        }
        entries = {e for e in density.atoms(sp.Indexed) if array_of(e) == p.symbol}
        if inside or {e.indices for e in entries} != {own} or not {*own} <= {*at}:
            return frozenset()
        found.add(at)
    return frozenset(found)


def _of_classes(model: Model, p: Parameter) -> Iterator[sp.Expr]:
    """What the motion of the weights of a one-hot variable may hold beside themselves, since its classes sum to 1: a number, and what stands still beside them."""
    over = {v.plates[-1] for v in model.variables if v.support == "onehot"} & {*p.plates}
    if not over:
        return
    if len(p.plates) > 1:
        yield sp.S.One
    moved = {q.name for q in free_parameters(model)}
    for q in model.parameters:
        if q.is_matrix or q.name in moved or not {*q.plates} < {*p.plates}:
            continue
        beside = any(
            all(any(a.has(s) for a in f.arguments) for s in (p.symbol, q.symbol)) for f in model.p
        )
        if beside and {*p.plates} - {*q.plates} <= over:
            yield q.entry


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
    model: Model,
    certificates: Certificates,
    unknowns: _Unknowns,
    moving: tuple[str, ...],
    by_argument: Collection[str],
) -> list[_Equation]:
    still: list[sp.Expr] = []
    motion = Motion(model.parameters, unknowns.motions, network_inputs=still, model=model)

    def prepared(e: sp.Expr) -> sp.Expr:
        return with_signs(latents_written_out(e, model)) if moving else with_signs(e)

    entropies = {family: c.entropy for family, c in certificates.items()}
    found = []
    for factor in model.p:
        certificate = certificates.get(factor.family)
        if factor.name in by_argument and certificate and _is_at_rest(factor.family, certificate):
            found += _argument_by_argument(model, factor, certificate, motion)
            continue
        part, delta, at = parts_at_entry(model, entropies, factor, moving)
        moved = motion.of(part)
        classes = model.chosen(factor)
        if factor.family.support == "onehot":
            classes *= model.entry(factor.of[0])
        found.append(_Equation(factor.name, prepared(moved), prepared(delta), at, classes))
    if model.objective.penalty != 0:
        found.append(_Equation("penalty", -motion.of(model.objective.penalty)))
    return found + [_Equation("still", latents_written_out(e, model)) for e in still]


def _is_at_rest(family: Family, certificate: FamilyCertificate) -> bool:
    """Whether the arguments of a univariate family move alone, and its variable does not."""
    return not family.is_multivariate and certificate.scale == 0 == certificate.shift


def _argument_by_argument(
    model: Model, factor: Factor, certificate: FamilyCertificate, motion: Motion
) -> Iterator[_Equation]:
    r"""$D_va_i$ as the certificate has it, for each argument: by the chain rule $D_v\log p=\log p-\log h+\mathcal H$, whatever the density is."""
    for place, argument in zip(factor.family.arguments, factor.arguments, strict=True):
        wanted, at = density_at_entry(model, factor, of_type(certificate.direction[place], sp.Expr))
        moved = weight(model, factor) * motion.of(of_type(argument, sp.Expr))
        slope = sp.Dummy(f"slope_{place}", real=True)  # keeps the equations apart
        yield _Equation(factor.name, with_signs(moved), with_signs(wanted), at, slope)


def density_at_entry(model: Model, factor: Factor, expression: sp.Expr) -> tuple[sp.Expr, _Entry]:
    """A family's expression at one entry of a factor, and the indices of the entry: products are taken apart, and one-hot variables at one class."""
    family, name, classes = factor.family, factor.of[0], model.classes(factor)
    plates, value = model.inner(name), model.whole(name)
    if family.support == "onehot":
        expression = at_class(family, expression)
    filled = factor.fill(expression, plates, value)
    kept = plates if family.support == "onehot" else plates[: len(plates) - family.depth]
    at = (*(plate.index for plate in kept), *([classes.index] if classes else []))
    return filled, at


def parts_at_entry(
    model: Model,
    entropies: dict[Family, sp.Expr],
    factor: Factor,
    moving: tuple[str, ...],
) -> tuple[sp.Expr, sp.Expr, _Entry]:
    """A factor's part of the objective and its $\\Delta$ at one entry, and the indices of the entry.

    The entropy of q of a latent that moves is part of the equation of its factor of p: it has no $\\Delta$ of its own.
    """
    family = factor.family

    def averaged_(body: sp.Expr) -> sp.Expr:
        return averaged(model, factor, body, reparametrised=moving)

    density, at = density_at_entry(model, factor, family.density)
    base, _ = density_at_entry(model, factor, family.log_base_measure)
    entropy = entropies.get(family)
    opaque: sp.Expr = sp.Dummy("H", real=True)
    if entropy is not None:
        opaque = averaged_(density_at_entry(model, factor, entropy)[0])
    delta = averaged_(density) - averaged_(base) + opaque
    part = weight(model, factor) * averaged_(density)
    name = factor.of[0]
    if name in moving:
        law = next(f for f in model.q if name in f.of)
        own = entropy_of_q(model, entropies, law, at)
        part += weight(model, law) * averaged(model, law, own, reparametrised=moving)
    return part, delta, at


def entropy_of_q(
    model: Model, entropies: dict[Family, sp.Expr], law: Factor, at: _Entry
) -> sp.Expr:
    """H of a factor of q at one entry, or summed over the plates that the equation of p does not keep apart; without closed entropy what moves of it."""
    closed = entropies.get(law.family)
    entropy = sp.log(of_type(law.family.scale, sp.Expr)) if closed is None else closed
    term, _ = density_at_entry(model, law, entropy)
    for plate in reversed(model.inner(law.of[0])):
        term = term if plate.index in at else plate.sum(term)
    return term


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
        if any(_strays(u, written[u]) for u in self.local if isinstance(u, sp.Indexed)):
            return None
        below = {f for v in written.values() for f in _may_vanish(v)}
        return Direction(found, factors, excluded=tuple(sorted(below, key=sp.default_sort_key)))


def _strays(unknown: sp.Indexed, motion: sp.Expr) -> bool:
    """Whether a motion names an index that the parameter does not have: it could not be written down."""
    read = {i for e in motion.atoms(sp.Indexed) for i in e.indices}
    bound = {lim[0] for s in motion.atoms(sp.Sum) for lim in s.limits}
    return not read <= bound.union(unknown.indices)


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
    mark = place if e.part == "still" else e.entry
    for side, right in ((e.moved, None), (e.delta, e.part)):
        for (function, u), c in _collect(side, e.entry, unknowns, right).items():
            row = found.setdefault((mark, e.classes * function), {})
            row[u] = row.get(u, sp.S.Zero) + c
    return found


def _solve(equations: Sequence[_Rows], unknowns: _Unknowns) -> _Solved:
    found: _Rows = {}
    for rows_of_one in equations:
        for where, row in rows_of_one.items():
            total = found.setdefault(where, {})
            for u, c in row.items():
                total[u] = total.get(u, sp.S.Zero) + c
    field = Field.over(c for row in found.values() for c in row.values())
    written = [(at, {k: field.of(c) for k, c in row.items()}) for (at, _), row in found.items()]
    common: list[Row] = [_nonzero(row) for at, row in written if at not in unknowns.entries]
    local: dict[ColumnName, Row] = {}
    for entries, mine in unknowns.local.items():
        rows = (_nonzero(row) for at, row in written if at in entries)
        here = eliminate(rows, mine, field.is_safe)
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
    found: dict[Powers, Row] = {}
    for k, numerator in field.over_one_denominator(row).items():
        for mark, part in field.split(numerator, is_entry).items():
            found.setdefault(mark, {})[k] = part
    return list(found.values())


def _collect(
    expression: sp.Expr, at: _Entry, unknowns: _Unknowns, right: str | None
) -> dict[tuple[sp.Expr, ColumnName], sp.Expr]:
    """The coefficients of an expression by function and column: by unknowns, or with a minus sign in the column `right`."""
    every, sums = unknowns.all, at in unknowns.entries
    found: dict[tuple[sp.Expr, ColumnName], sp.Expr] = {}
    for addend in addends(distributed(expression, powers=True)):
        u: ColumnName = right
        known: list[sp.Expr] = [sp.S.One if right is None else sp.S.NegativeOne]
        others: list[sp.Expr] = []
        for f in sp.Mul.make_args(addend):
            if f in every:
                u = f
            elif _is_coefficient(f, at, sums):
                known.append(in_primes(f))
            else:
                others.append(f)
        coefficient, function = sp.Mul(*known), sp.Mul(*others)
        if addend == 0:
            continue
        if u is None or function.has(*every):
            raise InputError(f"an unknown is caught inside {addend}")
        found[function, u] = found.get((function, u), sp.S.Zero) + coefficient
    return found


@lru_cache(maxsize=2**14)
def _is_coefficient(f: sp.Expr, at: _Entry, sums: bool) -> bool:
    """Whether a factor depends on scalars, sizes and parameters' entries at the indices of the factor's entry alone, or on sums of these."""
    bound = {lim[0] for s in f.atoms(sp.Sum) for lim in s.limits}
    if f.atoms(_Binder, _Expectation, Matrix, Entropy) or (bound and not sums):
        return False
    known = bound.union(at)
    return not f.atoms(sp.Dummy) - bound and all(
        known.issuperset(e.indices) and not isinstance(array_of(e), VARIABLES)
        for e in f.atoms(sp.Indexed)
    )
