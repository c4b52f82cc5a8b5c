r"""The criterion solver: is there a tempering direction, which one, and if not, why.

For one factor $p_\theta$ with base measure $h$ it looks for $v(\theta)$ with
$$v\cdot\nabla_\theta\log p_\theta(x)=\log p_\theta(x)-\log h(x)+\tilde{\mathcal H}[p_\theta]\quad\text{for all }x.\tag{T}$$
Both sides are sums of functions of x with coefficients in θ. Matching the coefficients of each function of x gives a linear
system for v; what is left over, free of x, *is* the (pseudo) entropy, because scores have mean zero. Nothing is looked up.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import sympy as sp

from entropysym.language.heads import NetworkValue
from entropysym.language.objective import variable
from entropysym.language.records import Family, Model
from entropysym.language.symbols import DATUM, LATENT


@dataclass(frozen=True)
class Certificate:
    r"""Why no direction exists: at these rational points $\log p-\log h$ is no combination of the scores and what x is not in.

    The matrix has a row for each point and a column for each of `columns`, up to terms free of x; a column 1 stands for one value of
    what the density is conditioned on, and is 0 at points with another. The determinant is an exact rational other than zero.
    """

    parameters: Mapping[sp.Symbol, sp.Rational]
    points: tuple[Mapping[sp.Symbol, sp.Rational], ...]
    columns: tuple[sp.Expr, ...]
    matrix: sp.ImmutableMatrix
    determinant: sp.Rational


@dataclass(frozen=True)
class Tempering:
    """A solution of (T): the direction, the (pseudo) entropy in nats, the base measure, and the points left out."""

    direction: Mapping[sp.Basic, sp.Basic]
    entropy: sp.Expr
    log_base_measure: sp.Expr = sp.S.Zero
    excluded: tuple[sp.Expr, ...] = ()
    exists: Literal[True] = True


@dataclass(frozen=True)
class NoTempering:
    """No solution of (T) found. With a certificate there is none; without one the question is undecided."""

    reason: str
    certificate: Certificate | None = None
    exists: Literal[False] = False


Functions = dict[sp.Expr, sp.Expr]  # function of the variables -> coefficient in the parameters


def tempering_direction(
    log_density: sp.Expr,
    variables: Iterable[sp.Symbol],
    learned: Sequence[sp.Symbol],
    *,
    given: Iterable[sp.Symbol] = (),
    log_base_measure: sp.Expr = sp.S.Zero,
) -> Tempering | NoTempering:
    """Solve (T) for the learned parameters of a log-density given as a plain SymPy expression.

    `variables` are what the density is over. `given` is what it is conditioned on, such as a network's output: the direction must
    not depend on it, the entropy may. The default base measure is constant.
    """
    over = frozenset(variables)
    seen = over | frozenset(given)
    tempered = log_density - log_base_measure
    target = functions_of(tempered, seen)
    scores = [functions_of(sp.diff(log_density, p), seen) for p in learned]
    rows = sorted(
        {f for fs in (target, *scores) for f in fs if f.free_symbols & over},
        key=sp.default_sort_key,
    )
    solved = solve_linear(
        [[s.get(f, sp.S.Zero) for s in scores] for f in rows],
        [target.get(f, sp.S.Zero) for f in rows],
    )
    if solved is None:
        certificate = _certificate(tempered, over, seen - over, learned)
        names = ", ".join(p.name for p in learned) or "nothing"
        return NoTempering(
            reason=f"with {names} learned, no motion of the learned parameters tempers the density: its logarithm is no combination of scores and constants",
            certificate=certificate,
        )
    solution, pivots = solved
    direction = (
        dict(zip(learned, solution, strict=True)) if rows else dict.fromkeys(learned, sp.S.Zero)
    )
    entropy: sp.Expr = sp.S.Zero
    for f in {f for fs in (target, *scores) for f in fs if not f.free_symbols & over}:
        moved = sum(
            (v * s.get(f, sp.S.Zero) for v, s in zip(direction.values(), scores, strict=True)),
            sp.S.Zero,
        )
        entropy += f * (moved - target.get(f, sp.S.Zero))
    entropy = sp.expand(sp.expand_log(sp.expand(entropy)))
    residual = sum((v * sp.diff(log_density, p) for p, v in direction.items()), sp.S.Zero)
    if functions_of(sp.expand(residual - tempered - entropy), seen):
        return NoTempering(
            "the solution found does not satisfy the identity; the statistics are dependent"
        )
    return Tempering(
        direction=direction,
        entropy=entropy,
        log_base_measure=log_base_measure,
        excluded=tuple(p for p in pivots if p.is_nonzero is None),
    )


def functions_of(expression: sp.Expr, variables: frozenset[sp.Symbol]) -> Functions:
    """Write an expression as a sum of coefficient × function of the variables; coefficients that vanish are dropped."""
    found: Functions = {}
    expanded = sp.expand(sp.expand_log(sp.expand(expression)))
    for addend in sp.Add.make_args(expanded):
        coefficient, function = addend.as_independent(*variables, as_Add=False)
        found[function] = found.get(function, sp.S.Zero) + coefficient
    return {f: c for f, c in ((f, _reduced(c)) for f, c in found.items()) if c != 0}


def _reduced(expression: sp.Expr) -> sp.Expr:
    """Cancelled as a rational function over the logarithms in it."""
    return sp.cancel(sp.together(sp.expand_log(expression)))


def solve_linear(
    rows: Sequence[Sequence[sp.Expr]], right: Sequence[sp.Expr]
) -> tuple[list[sp.Expr], list[sp.Expr]] | None:
    """Solve a linear system by elimination; unknowns that stay free are 0. None if there is no solution.

    Also returns the pivots that were divided by: SymPy's own solver drops the conditions that they are not zero.
    """
    width = len(rows[0]) if rows else 0
    matrix = [[_reduced(e) for e in (*row, b)] for row, b in zip(rows, right, strict=True)]
    pivots: list[sp.Expr] = []
    place: dict[int, int] = {}
    top = 0
    for column in range(width):
        # A pivot that cannot vanish is preferred, so that fewer points are left out.
        candidates = [r for r in range(top, len(matrix)) if matrix[r][column] != 0]
        if not candidates:
            continue
        best = min(candidates, key=lambda r: (matrix[r][column].is_nonzero is not True, r))
        matrix[top], matrix[best] = matrix[best], matrix[top]
        pivot = matrix[top][column]
        pivots.append(pivot)
        matrix[top] = [_reduced(e / pivot) for e in matrix[top]]
        for r, row in enumerate(matrix):
            if r != top and row[column] != 0:
                factor = row[column]
                matrix[r] = [
                    _reduced(a - factor * b) for a, b in zip(row, matrix[top], strict=True)
                ]
        place[column] = top
        top += 1
    if any(row[-1] != 0 for row in matrix[top:]):
        return None
    return [matrix[place[c]][-1] if c in place else sp.S.Zero for c in range(width)], pivots


def _certificate(
    tempered: sp.Expr,
    over: frozenset[sp.Symbol],
    given: frozenset[sp.Symbol],
    learned: Sequence[sp.Symbol],
) -> Certificate | None:
    """Rational points at which the tempered log-density is provably outside the span of the scores and functions of `given`."""

    def varying(e: sp.Expr) -> sp.Expr:
        # What is free of x is taken up by the indicator columns, so it may be dropped, and with it most irrational numbers.
        fs = functions_of(e, over | given)
        return sp.Add(*(c * f for f, c in fs.items() if f.free_symbols & over))

    columns = [*(varying(sp.diff(tempered, p)) for p in learned), varying(tempered)]
    symbols = set().union(*(c.free_symbols for c in columns)) - over - given
    values = {t: sp.Rational(2 * i + 3, 2 * i + 7) for i, t in enumerate(sorted(symbols, key=str))}
    grid = [sp.Rational(k, 4) for k in (1, 3, 2, 5, 7, 9, 11, 13)]

    def places(over: frozenset[sp.Symbol], most: int) -> list[dict[sp.Symbol, sp.Rational]]:
        ordered = sorted(over, key=str)
        found = itertools.islice(itertools.product(grid, repeat=len(ordered)), most)
        return [dict(zip(ordered, p, strict=True)) for p in found]

    for conditions in range(1, 2 + (2 if given else 0)):
        settings = places(given, conditions)
        points = [{**x, **g} for g in settings for x in places(over, 16)]
        indicators = [
            [sp.Integer(all(p[k] == v for k, v in g.items())) for g in settings] for p in points
        ]
        table = sp.Matrix(
            [
                [*ones, *(c.xreplace(values).xreplace(p) for c in columns)]
                for ones, p in zip(indicators, points, strict=True)
            ]
        )
        if not all(e.is_Rational for e in table):
            return None
        # Keep columns that are independent at these points, then rows that make the last column stand out.
        kept = list(table[:, :-1].rref()[1])
        chosen = table[:, [*kept, table.cols - 1]]
        rows = list(chosen.T.rref()[1])
        if len(rows) == chosen.cols:
            square = chosen[rows, :]
            named = [sp.S.One] * len(settings) + columns
            return Certificate(
                parameters=values,
                points=tuple(points[r] for r in rows),
                columns=tuple(named[c] for c in (*kept, table.cols - 1)),
                matrix=sp.ImmutableMatrix(square),
                determinant=square.det(),
            )
    return None


def family_tempering(family: Family) -> Tempering | NoTempering:
    """(T) for a family all of whose arguments are free. Its entropy is the family's entropy wherever the arguments stand."""
    return tempering_direction(
        family.log_density,
        [family.variable],
        family.arguments,
        log_base_measure=family.log_base_measure,
    )


def factor_tempering(model: Model, role: str) -> Tempering | NoTempering:
    """(T) for the prior or the decoder of a model, moving the model's own learned parameters.

    The direction maps a parameter's entry to its motion. Whatever a network or a sum over latents returns counts as a variable,
    so the motion is the same for all of its values.
    """
    factor, plate = model.factor(role), model.plate(role)
    value = variable(model, role)
    expression = factor.fill(factor.family.log_density, plate, value)
    opaque: dict[sp.Basic, sp.Symbol] = {}
    for sub in sorted(
        expression.atoms(NetworkValue, sp.Sum), key=lambda e: (-sp.count_ops(e), str(e))
    ):
        opaque[sub] = sp.Dummy("m", positive=True) if sub.is_positive else sp.Dummy("m", real=True)
    expression = expression.xreplace(opaque)
    for entry in sorted(expression.atoms(sp.Indexed), key=str):
        if entry.base in (DATUM, LATENT):
            opaque[entry] = sp.Dummy("x", real=True)
    constrained = {c.on for c in model.constraints}
    plain: dict[sp.Basic, sp.Symbol] = {}
    for p in model.parameters:
        if p.learned and p.name not in constrained and expression.has(p.entry):
            plain[p.entry] = (
                sp.Dummy(p.name, positive=True)
                if p.entry.is_positive
                else sp.Dummy(p.name, real=True)
            )
    found = tempering_direction(
        expression.xreplace({**opaque, **plain}),
        [s for e, s in opaque.items() if e == value],
        list(plain.values()),
        given=[s for e, s in opaque.items() if e != value],
    )
    if isinstance(found, NoTempering):
        return found
    back = {s: e for e, s in (*plain.items(), *opaque.items())}
    return Tempering(
        direction={
            e: found.direction[s].xreplace(back)
            for e, s in plain.items()
            if found.direction[s] != 0
        },
        entropy=found.entropy.xreplace(back),
        excluded=tuple(e.xreplace(back) for e in found.excluded),
    )
