r"""The criterion solver: is there a tempering direction, which one, and if not, why.

For one factor $p_\theta$ with base measure $h$ it looks for $v(\theta)$ with
$$v\cdot\nabla_\theta\log p_\theta(x)=\log p_\theta(x)-\log h(x)+\tilde{\mathcal H}[p_\theta]\quad\text{for all }x.\tag{T}$$
Both sides are sums of functions of x with coefficients in θ. Matching the coefficients of each function of x gives a linear
system for v; what is left over, free of x, *is* the (pseudo) entropy, because scores have mean zero. Nothing is looked up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import sympy as sp

from entropysym.language.heads import NetworkValue
from entropysym.language.objective import variable
from entropysym.language.records import Family, Model
from entropysym.language.symbols import DATUM, LATENT
from entropysym.prover.certificates import Certificate, certificate


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
        shown = _certificate(tempered, over, seen - over, learned)
        names = ", ".join(p.name for p in learned) or "nothing"
        return NoTempering(
            reason=f"with {names} learned, no motion of the learned parameters tempers the density: its logarithm is no combination of scores and constants",
            certificate=shown,
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
    def varying(e: sp.Expr) -> sp.Expr:
        fs = functions_of(e, over | given)
        return sp.Add(*(c * f for f, c in fs.items() if f.free_symbols & over))

    scores = [varying(sp.diff(tempered, p)) for p in learned]
    return certificate(scores, varying(tempered), over, given)


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
        return replace(found, certificate=_smallest_certificate(model, role))
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


def _smallest_certificate(model: Model, role: str) -> Certificate | None:
    """The certificate of the smallest instance: inner sums of one term, every parameter learned that is.

    The outputs of networks may move, too, where that can be excluded all the same; otherwise they are given functions.
    """
    factor, plate = model.factor(role), model.plate(role)
    value = variable(model, role)

    def one_term(e: sp.Basic) -> sp.Basic:
        return e.replace(lambda f: isinstance(f, sp.Sum), lambda f: f.function)

    tempered = factor.fill(factor.family.log_density - factor.family.log_base_measure, plate, value)
    tempered = one_term(tempered)
    constrained = {c.on for c in model.constraints}
    free = {p.symbol for p in model.parameters if p.learned and p.name not in constrained}
    symbols: dict[sp.Basic, sp.Symbol] = {}
    learned, given, outputs = [], [], []
    atoms = tempered.atoms(NetworkValue, sp.Indexed)
    inside = set().union(*(a.atoms(sp.Indexed) for a in atoms if isinstance(a, NetworkValue)))
    for atom in sorted(atoms, key=str):
        positive = {"positive": True} if atom.is_positive else {"real": True}
        if isinstance(atom, NetworkValue) or atom.base == LATENT:
            if atom != value and not (atom in inside and not tempered.xreplace(symbols).has(atom)):
                symbols[atom] = sp.Dummy(f"g{len(given) + 1}", **positive)
                given.append(symbols[atom])
                if isinstance(atom, NetworkValue):
                    outputs.append(symbols[atom])
        elif atom.base in free:
            symbols[atom] = sp.Dummy(str(atom.base.label), **positive)
            learned.append(symbols[atom])
    symbols[value] = sp.Dummy("x", real=True)
    plain = tempered.xreplace(symbols)
    learned += sorted((p for p in free if isinstance(p, sp.Symbol)), key=str)
    learned = [p for p in learned if plain.has(p)]
    over, present = frozenset([symbols[value]]), plain.free_symbols
    fixed = frozenset(g for g in given if g not in outputs and g in present)
    strong = _certificate(plain, over, fixed, [*learned, *(o for o in outputs if o in present)])
    return strong or _certificate(plain, over, frozenset(given) & present, learned)
