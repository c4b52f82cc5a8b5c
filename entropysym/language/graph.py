"""What a model has to satisfy: that its factors are a graph, that each sees only what it may, that its objective is one, and that its names can be told apart in print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import sympy as sp

from entropysym.errors import InputError, shown
from entropysym.language.formula import array_name, array_of
from entropysym.language.heads import NetworkValue
from entropysym.language.matrices import Matrix, MatrixLetter, MatrixNetwork, MatrixVariable
from entropysym.language.names import Spelled, spellings
from entropysym.language.supports import is_within
from entropysym.language.symbols import LAG

if TYPE_CHECKING:
    from entropysym.language.records import (
        Factor,
        Letter,
        Model,
        Network,
        Parameter,
        Variable,
    )


def check_graph(model: Model) -> None:
    """Raises `InputError` unless each latent has one factor in p and one in q, each observed variable one in p, a given one none, neither p nor q has a
    circle, and laws and variables agree on their supports."""
    known = {v.name for v in model.variables} | {lag.name for lag in model.lags}
    for lag in model.lags:
        _check_lag(model, lag.of, lag.start)
    for v in model.variables:
        late = [plate.index for plate in v.plates[1:] if plate in model.data]
        if late:
            raise InputError(f"the data plate of {v.name}, {late[0]}, has to be its first")
    for side, factors, roles in (
        ("p", model.p, ("observed", "latent")),
        ("q", model.q, ("latent",)),
    ):
        found = [name for f in factors for name in f.of]
        for v in model.variables:
            wanted = 1 if v.role in roles else 0
            if found.count(v.name) != wanted:
                raise InputError(
                    f"{v.name} is {v.role}, so it is of {wanted or 'no'} factor of {side}, not of {found.count(v.name)}"
                )
        for f in factors:
            unknown = sorted({*f.of, *f.given} - known)
            if unknown:
                raise InputError(f"{f.name} reads {unknown[0]!r}, which is no variable here")
            _check_factor(model, side, f)
        _check_order(model, side, {name: f for f in factors for name in f.of})


def _check_lag(model: Model, of: str, start: str) -> None:
    names = {v.name for v in model.variables}
    for name in (of, start):
        if name not in names:
            raise InputError(f"a lag is of and starts with variables; {name!r} is none")
    lag = next(lag for lag in model.lags if lag.of == of)
    variable, first = model.variable(of), model.variable(start)
    rest = tuple(plate for plate in variable.plates if plate != lag.plate)
    if len(rest) != len(variable.plates) - 1 or lag.plate in model.data:
        raise InputError(f"{of} has no plate {lag.plate.index} to be one step earlier along")
    if (first.plates, first.support) != (rest, variable.support):
        raise InputError(f"{start} is at the first step what {of} is later: give it the same support and plates, without {lag.plate.index}")  # fmt: skip


def _check_factor(model: Model, side: str, f: Factor) -> None:
    if f.family.is_any:
        if side == "p":
            raise InputError(
                f"the {f.name} of {model.name!r} needs a density: only a factor of q may be of any law"
            )
        places = {model.datum(name) for name in f.of}
        if len(places) > 1 or f.select:
            raise InputError(f"{f.name} is one law of {f.of}: give them one data plate")
        return
    if len(f.of) != 1:
        raise InputError(f"{f.name} is of {f.of}: only a factor of any law is of several")
    variable, support = model.variable(f.of[0]), f.family.support
    fits = support == variable.support
    if not fits and not (side == "p" and is_within(variable.support, support)):
        raise InputError(
            f"the {f.name} knows only {support} values of {variable.name}, which is {variable.support}; give it support={support!r}, or state the support of {f.family.name}"
        )
    inner, depth = model.inner(variable.name), f.family.depth
    if len(inner) < depth:
        wanted = (
            "matrices, and {} has no two plates" if depth == 2 else "vectors, and {} has no plate"
        )
        raise InputError(f"{f.name} is over {wanted.format(variable.name)} for them")
    if depth == 2 and not variable.is_matrix and inner[-1] == inner[-2]:
        raise InputError(f"{variable.name} has its last plate twice: rows and columns need an index each, which may run to one size")  # fmt: skip
    for place, a in zip(f.family.arguments, f.arguments, strict=True):
        if isinstance(place, MatrixLetter) and isinstance(a, Matrix):
            of_rows = f.family.range_of(place).endswith("rows")
            wanted = inner[-depth if of_rows else -1].size
            if a.size != wanted:
                raise InputError(f"{place.name} of {f.name} is {wanted} by {wanted}, which {shown(a)}, {a.size} by {a.size}, is not")  # fmt: skip
    here = model.datum(variable.name)
    inside = [name for name in f.given if model.datum(name) not in (None, here)]
    if inside:
        raise InputError(f"{f.name} lies outside the data plate of {inside[0]}, which it reads")
    if f.select is not None:
        if f.select not in f.given or model.variable(f.select).support != "onehot":
            raise InputError(f"{f.name} selects {f.select!r}, which is no one-hot variable given to it")  # fmt: skip
        outer = model.variable(f.select).plates[:-1]
        own = variable.plates[: len(variable.plates) - depth]
        if not {*outer} <= {*own} or len({*own}) < len(own):
            raise InputError(f"{f.select} has no entry for each entry of {variable.name}")


def _check_order(model: Model, side: str, factor_of: Mapping[str, Factor]) -> None:
    """No variable depends on itself; at its own step, what is one step earlier is another variable, which comes from the start."""
    lags = {lag.name: lag for lag in model.lags}

    def reads(name: str) -> Iterator[str]:
        for read in factor_of[name].given:
            lag = lags.get(read)
            if lag is None or lag.plate not in model.variable(name).plates:
                yield read.removesuffix(LAG)
            if lag is not None:
                yield lag.start

    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise InputError(f"a circle in {side}: {' reads '.join((*path, name))}")
        if name in factor_of and name not in done:
            for read in reads(name):
                visit(read, (*path, name))
            done.add(name)

    for name in factor_of:
        visit(name, ())


#: Ranges of parameters and networks, and supports of variables, at which a trailing 2 is read as a square.
_SQUARES = ("positive", "nonnegative", "unit")


def written(
    variables: Iterable[Variable], declared: Iterable[Parameter | Network]
) -> dict[str, Spelled]:
    """How the names that stand side by side in a model are written."""
    positive = {v.name: v.support in _SQUARES for v in variables}
    return spellings(positive | {one.name: one.range in _SQUARES for one in declared})


def check_prints(
    variables: tuple[Variable, ...], declared: tuple[Parameter | Network, ...]
) -> None:
    """Refuse names that a page would print alike: s_d is an entry of s, z_h a latent, and log_s the logarithm of s."""
    printed: dict[tuple[str, bool, str], str] = {}
    taken = {v.name for v in variables}
    names = written(variables, declared)
    for one in declared:
        spelled = names[one.name]
        if spelled.stem in taken and not spelled.logarithm:
            raise InputError(f"the name {one.name!r} prints as data or a latent; rename it")
        for other, its in names.items():
            if spelled == replace(its, logarithm=True) != its:
                raise InputError(f"{one.name} prints as the logarithm of {other}; rename one")
        indices = [plate.index.name for plate in one.plates]
        for below in {spelled.below, (*spelled.below, *indices)}:
            key = (spelled.stem, spelled.logarithm, ",".join(below))
            other = printed.setdefault(key, one.name)
            if other != one.name:
                raise InputError(f"{other} and {one.name} print alike; rename one")


def check_scope(factor: Factor, model: Model) -> None:
    """Refuse a factor that sees what it must not see, or a symbol that the model does not declare."""
    role, index = factor.name, {plate.index for plate in model.variable(factor.of[0]).plates}
    classes = model.classes(factor)
    index |= {classes.index} if classes else set()
    declared: set[Letter] = {p.symbol for p in model.parameters} | set(model.sizes)
    given: set[Letter] = {model.variable(name).lagged(name) for name in factor.given}
    for argument in factor.arguments:
        for symbol in leaves(argument):
            if symbol not in index | given | declared:
                raise InputError(
                    f"the {role} of {model.name!r} must not see {symbol}: it is not declared with this range, or out of scope there"
                )
        for value in argument.atoms(NetworkValue, MatrixNetwork):
            if value.name not in {net.name for net in model.networks}:
                raise InputError(
                    f"the {role} reads the network {value.name}, which is not declared"
                )


def leaves(expression: sp.Basic) -> set[Letter]:
    """Free symbols and arrays, without the labels SymPy adds for an array and its entries."""
    free = expression.free_symbols
    drawn = expression.atoms(MatrixVariable)
    arrays = {array_of(i) for i in expression.atoms(sp.Indexed)} | {m.array for m in drawn}
    labels = {a.label for a in arrays}
    letters = expression.atoms(MatrixLetter) - expression.atoms(MatrixNetwork) - drawn
    return {s for s in free if isinstance(s, sp.Symbol) and s not in labels} | arrays | letters


def check_objective(model: Model) -> None:
    """Weights and penalty are of parameters alone, at no index; a weight is not learned."""
    learned = {p.symbol for p in model.parameters if p.learned}
    variables = {v.name for v in model.variables}
    indices = {plate.index for plate in model.plates}
    told = [(f"the weight of {name}", w) for name, w in dict(model.objective.weights).items()]
    told += [("the weight", model.objective.weight), ("the penalty", model.objective.penalty)]
    for what, formula in told:
        if formula.atoms(NetworkValue):
            raise InputError(
                f"{what} reads a network; it is a formula of parameters: {shown(formula)}"
            )
        free = sorted(formula.free_symbols & indices, key=str)
        if free:
            raise InputError(
                f"{what} has the free index {free[0]}: {shown(formula)}; sum over it, as w.sum('{free[0]}', …)"
            )
        read = leaves(formula)
        names = variables & {array_name(a) for a in read if isinstance(a, sp.IndexedBase)}
        if names:
            raise InputError(
                f"{what} reads {min(names)}; it is a formula of parameters: {shown(formula)}"
            )
        if what != "the penalty" and read & learned:
            raise InputError(f"{what} is learned: {shown(formula)}; declare it with w.fixed")
