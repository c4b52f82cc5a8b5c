r"""Formulas as straight-line programs, run on columns of numbers: floats first, mpmath where floats do not do.

The variable enters only through the largest subformulas that are linear in it. Around an anchor $a$ these are $k+c\,t$ with
$x=a+t$ and $k$ computed in many digits, so $1-x$ near 1 and $x-1000$ near 1000 lose no digit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import mpmath
import sympy as sp
from sympy.core.relational import Relational
from sympy.functions.elementary.piecewise import ExprCondPair

from entropysym.claims.densities.functions import FLOAT, MPMATH, Head, head_of
from entropysym.language.functions import IsAbove, IsZero, argument_of, row_of

#: Binary digits of what is free of the variable, and the most that a formula is ever evaluated with.
CONSTANT_BITS = 1200

Column = Sequence[Any]


class NoNumberError(Exception):
    """A formula has no numeric form here; the message says which part."""


@dataclass(frozen=True)
class Step:
    """One register: a leaf (number, argument, linear in the variable) or a function of earlier registers."""

    head: Head
    inputs: tuple[int, ...] = ()
    leaf: Any = None
    moves: bool = False


@dataclass(frozen=True)
class Program:
    """The steps, the registers of the outputs, and those at whose zeros the formula may have a kink, a pole or a peak."""

    steps: tuple[Step, ...]
    outputs: tuple[int, ...]
    switches: tuple[int, ...]
    linear: tuple[int, ...]

    @cached_property
    def moving(self) -> tuple[int, ...]:
        """The registers that depend on the variable."""
        return tuple(i for i, step in enumerate(self.steps) if step.moves)

    def at(self, values: Mapping[sp.Basic, Any]) -> Bound:
        """The program with numbers in place of its arguments."""
        constants: list[Any] = []
        with mpmath.workprec(CONSTANT_BITS):
            for step in self.steps:
                if step.moves:
                    constants.append(None)
                elif step.head == "number":
                    constants.append(_number(step.leaf))
                elif step.head == "argument":
                    constants.append(values[step.leaf])
                else:
                    columns = [[constants[i]] for i in step.inputs]
                    constants.append(MPMATH[step.head](columns)[0])
                    if step.head == "log" and constants[-1] == -mpmath.inf:
                        raise NoNumberError("all digits of what it takes the logarithm of cancel")
        return Bound(self, tuple(constants), tuple(map(_as_float, constants)))


@dataclass(frozen=True)
class Bound:
    """A program at given arguments."""

    program: Program
    constants: tuple[Any, ...]
    floats: tuple[Any, ...]

    @cached_property
    def together(self) -> dict[int, tuple[Any, tuple[int, ...]]]:
        """For each sum and product that moves: what stands still in it as one number, and the registers that move. Added or multiplied once, not for each distance."""
        found = {}
        steps = self.program.steps
        with mpmath.workprec(CONSTANT_BITS):
            for i in self.program.moving:
                still = [j for j in steps[i].inputs if not steps[j].moves]
                if steps[i].head in ("add", "mul") and len(still) > 1:
                    k = MPMATH[steps[i].head]([[self.constants[j]] for j in still])[0]
                    found[i] = k, tuple(j for j in steps[i].inputs if steps[j].moves)
        return found

    def zeros(self) -> list[Any]:
        """The zeros of the subformulas that are linear in the variable, in many digits."""
        found = []
        with mpmath.workprec(CONSTANT_BITS):
            for i in self.program.linear:
                slope, rest = (self.constants[j] for j in self.program.steps[i].inputs)
                if mpmath.isfinite(slope) and mpmath.isfinite(rest) and slope != 0:
                    found.append(-rest / slope)
        return found

    def around(self, anchor: Any) -> Around:
        """The program as a function of the distance from an anchor."""
        shifts: dict[int, tuple[Any, Any]] = {}
        with mpmath.workprec(CONSTANT_BITS):
            for i in self.program.linear:
                slope, rest = (self.constants[j] for j in self.program.steps[i].inputs)
                shift = rest + slope * anchor
                if abs(shift) < mpmath.ldexp(abs(rest) + abs(slope * anchor), 150 - CONSTANT_BITS):
                    shift = mpmath.mpf(0)
                shifts[i] = (shift, slope)
        floats = {i: (_as_float(k), _as_float(c)) for i, (k, c) in shifts.items()}
        return Around(self, anchor, shifts, floats)


@dataclass(frozen=True)
class Around:
    """A program at given arguments, as a function of t with x = anchor + t."""

    bound: Bound
    anchor: Any
    shifts: Mapping[int, tuple[Any, Any]]
    floats: Mapping[int, tuple[float, float]]

    def registers(self, distances: Column, bits: int | None = None) -> list[Column]:
        """Every register at anchor + t for the given t; in floats, or in mpmath with that many binary digits."""
        if bits is None:
            return self._run(distances, FLOAT, self.bound.floats, self.floats)
        with mpmath.workprec(bits):
            numbers = [mpmath.mpf(t) for t in distances]
            return self._run(numbers, MPMATH, self.bound.constants, self.shifts)

    def outputs(self, distances: Column, bits: int | None = None) -> list[Column]:
        """The program's outputs."""
        registers = self.registers(distances, bits)
        return [registers[i] for i in self.bound.program.outputs]

    def log_density(self, distances: Column, bits: int | None = None) -> Column:
        """The program's first output."""
        return self.outputs(distances, bits)[0]

    def _run(
        self,
        distances: Column,
        table: Mapping[Head, Callable[[Sequence[Column]], Column]],
        constants: Sequence[Any],
        shifts: Mapping[int, tuple[Any, Any]],
    ) -> list[Column]:
        size, bound = len(distances), self.bound
        columns: list[Any] = [None] * len(bound.program.steps)

        def column(i: int) -> Column:
            """A register; what does not move is written out where it is read."""
            if columns[i] is None:
                columns[i] = [constants[i]] * size
            return columns[i]

        for i in bound.program.moving:
            step = bound.program.steps[i]
            if step.head == "linear":
                shift, slope = shifts[i]
                columns[i] = [shift + slope * t for t in distances]
            elif i in bound.together:
                still, moving = bound.together[i]
                k = +still if table is MPMATH and step.head == "mul" else _as_float(still)
                k = still if table is MPMATH and step.head == "add" else k
                columns[i] = table[step.head]([[k] * size, *(columns[j] for j in moving)])
            else:
                columns[i] = table[step.head]([column(j) for j in step.inputs])
        for i in bound.program.outputs:
            column(i)
        return columns


def compiled(
    variable: sp.Symbol | None, leaves: frozenset[sp.Basic], outputs: Sequence[sp.Basic]
) -> Program:
    """The program of formulas in a variable and in leaves. Raises `NoNumberError` for a head that has no numbers here."""
    compiler = _Compiler(variable, leaves)
    registers = tuple(compiler.visit(e) for e in outputs)
    steps = tuple(compiler.steps)
    # The first output is the log-density itself: where it is 0, nothing happens.
    switches = dict.fromkeys([*compiler.switches, *registers[1:]])
    return Program(
        steps=steps,
        outputs=registers,
        switches=tuple(i for i in switches if steps[i].moves and steps[i].head != "linear"),
        linear=tuple(i for i, s in enumerate(steps) if s.head == "linear"),
    )


def scanned(variable: sp.Symbol, leaves: frozenset[sp.Basic], log_density: sp.Expr) -> Program:
    """A program whose zeros tell where to look: the slope of the log-density, and of each of its sums and exponents."""
    parts: set[Any] = {e for e in sp.preorder_traversal(log_density) if isinstance(e, sp.Add)}
    parts |= {e.args[0] for e in log_density.atoms(sp.exp)}
    parts = {e for e in parts if variable in e.free_symbols} - {log_density}
    ordered = sorted(parts, key=sp.default_sort_key)
    slopes = [e.diff(variable) for e in (log_density, *ordered)]
    return compiled(variable, leaves, [log_density, *slopes])


class _Compiler:
    def __init__(self, variable: sp.Symbol | None, leaves: frozenset[sp.Basic]) -> None:
        self.variable, self.leaves = variable, leaves
        self.steps: list[Step] = []
        self.known: dict[sp.Basic, int] = {}
        self.switches: list[int] = []

    def visit(self, e: sp.Basic) -> int:
        if e not in self.known:
            step = self._step(e)
            self.steps.append(step)
            self.known[e] = len(self.steps) - 1
            if isinstance(e, sp.Add) and step.head != "linear":
                self.switches.append(self.known[e])
        return self.known[e]

    def _step(self, e: Any) -> Step:
        if e in self.leaves:
            return Step("argument", leaf=e)
        if e.is_number or e in (sp.true, sp.false):
            return Step("number", leaf=e)
        moves = self.variable is not None and self.variable in e.free_symbols
        if moves and self._is_plain(e):
            slope = e.diff(self.variable)
            if self.variable not in slope.free_symbols:
                parts = (slope, e.xreplace({self.variable: sp.S.Zero}))
                if not parts[1].has(sp.nan, sp.zoo, sp.oo):  # x (1 + 1/x) is not taken apart
                    return Step("linear", tuple(map(self.visit, parts)), moves=True)
        if isinstance(e, sp.Piecewise):
            parts = [p for pair in e.args if isinstance(pair, ExprCondPair) for p in pair.args]
            return Step("piecewise", tuple(map(self.visit, parts)), moves=moves)
        head = head_of(e)
        if head is None:
            raise NoNumberError(f"{type(e).__name__} has no numbers here")
        self._note_switches(e)
        parts = e.args if row_of(e) is None else (argument_of(e),)
        return Step(head, tuple(map(self.visit, parts)), moves=moves)

    def _is_plain(self, e: sp.Basic) -> bool:
        """Nothing but sums and products of the variable; a step function has slope 0 and is not linear."""
        return e == self.variable or (
            isinstance(e, (sp.Add, sp.Mul))
            and all(self._is_plain(a) for a in e.args if self.variable in a.free_symbols)
        )

    def _note_switches(self, e: Any) -> None:
        """What changes sign where this function has a kink or a jump."""
        parts: tuple[Any, ...] = e.args
        if isinstance(e, (Relational, sp.Max, sp.Min)):
            differences = [a - b for i, a in enumerate(parts) for b in parts[:i]]
        elif isinstance(e, (sp.Abs, sp.sign, sp.Heaviside, sp.Pow, IsAbove, IsZero)):
            differences = [parts[0]]
        else:
            return
        self.switches += [self.visit(d) for d in differences]


def _number(leaf: sp.Basic) -> Any:
    if leaf in (sp.true, sp.false):
        return bool(leaf)
    if leaf in (sp.oo, -sp.oo):
        return mpmath.inf if leaf == sp.oo else -mpmath.inf
    value = sp.N(leaf, round(CONSTANT_BITS / 3.3))
    if not (value.is_Float or value.is_Rational):
        return mpmath.nan
    return mpmath.mpf(value.p) / value.q if value.is_Rational else mpmath.mpf(value._mpf_)


def _as_float(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
