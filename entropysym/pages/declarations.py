"""The model on the page: its three factors as products, and the table of what every letter is."""

from __future__ import annotations

import sympy as sp

from entropysym.language.formula import of_type
from entropysym.language.heads import LogDensity, NetworkValue
from entropysym.language.matrices import Matrix, MatrixNetwork
from entropysym.language.objective import head, variable
from entropysym.language.records import Model, Plate, Variable
from entropysym.language.supports import in_words
from entropysym.language.symbols import MatrixArray
from entropysym.pages.equations import Line
from entropysym.pages.marks import ANY_LAW, DensityName, Distributed, Slice
from entropysym.pages.medium import Medium
from entropysym.pages.vectors import as_matrix, without_index
from entropysym.pages.wording import value_of

#: A range in the words of the table.
RANGES = {
    "real": "real",
    "nonnegative": "at least 0",
    "positive": "positive",
    "unit": "between 0 and 1",
    "angle": "angle",
    "simplex": "simplex (positive, sum 1 over its last index)",
    "posdef": "symmetric positive definite",
    "triangular": "lower triangular with positive diagonal",
}


def factor_lines(model: Model) -> tuple[Line, ...]:
    """One line for each factor."""
    return tuple(
        Line(DensityName(head(model, LogDensity, f)), factor_formula(model, f.name))
        for f in (*model.p, *model.q)
    )


def factor_formula(model: Model, role: str) -> sp.Expr:
    r"""A factor as a product over its plates, $\prod_hN(z_h;0,\alpha_h^2)$, and with `select` over the classes, $\prod_kN(x_d;m_{dk},s_k)^{c_k}$; one over vectors as it is,
    $N(z;\mu_0,A)$, and over matrices; *any law* in words."""
    factor = model.factor(role)
    if factor.family.is_any:
        return ANY_LAW
    value, plates, classes = variable(model, role), model.inner(factor.of[0]), model.classes(factor)
    one: sp.Expr = Distributed(factor.family.name, value, *factor.arguments)
    if depth := factor.family.depth:
        *_, last = plates
        rows, plates = plates[-depth], plates[:-depth]

        def given(place: sp.Basic, a: sp.Expr | Matrix) -> sp.Expr | Matrix:
            if not isinstance(place, sp.IndexedBase) or isinstance(a, Matrix):
                return a
            if isinstance(place, MatrixArray):
                return as_matrix(a, rows, last)
            return last.vector(a)

        family = factor.family
        filled = map(given, (family.variable, *family.arguments), (value, *factor.arguments))
        one = Distributed(family.name, *filled)
    if classes is not None:
        one = of_type(sp.Product(one ** model.chosen(factor), classes.range), sp.Expr)
    for plate in reversed(plates):
        one = of_type(sp.Product(one, plate.range), sp.Expr)
    return one


def letters(model: Model, m: Medium) -> list[tuple[str, str]]:
    """Each letter and what it is, in words."""
    rows = [] if model.is_plain else _variables(model, m)
    for p in model.parameters:
        shape = "matrix" if p.is_matrix else "array" if p.plates else "scalar"
        what = f"{RANGES[p.range]} {shape}, {'learned' if p.learned else 'fixed'}"
        rows.append((m.math(p.whole), what + _over(p.plates, m, p.is_matrix)))
    for w in model.networks:
        value = value_of(w.name, model)
        inputs = m.list(value.inputs)
        matrix = w.is_matrix
        kind = f"{RANGES[w.range]} matrix" if matrix else f"{RANGES[w.range]} function"
        what = f"any {kind} {'that is a function ' if matrix else ''}of {inputs}"
        what += "" if w.learned else ", not learned"
        rows.append((m.math(_named(value)), what + _over(w.plates, m, matrix)))
    first = {plate.size for v in model.variables for plate in v.plates}
    dimensions = tuple(size for size in model.sizes if size in first)
    widths = tuple(size for size in model.sizes if size not in first)
    if model.counted:
        data = tuple(plate.size for plate in model.data)
        rows.append((_letters(data, m), "number of data" if len(data) == 1 else "numbers of data"))
    rows.append((_letters(dimensions, m), "dimensions of data and latents"))
    if widths:
        rows.append((_letters(widths, m), "widths of layers"))
    return rows


def _named(value: NetworkValue | MatrixNetwork) -> sp.Expr | Matrix:
    """A network with what it reads, and where that is a formula of its own without it."""
    if isinstance(value, NetworkValue) and any(without_index(v) is None for v in value.inputs):
        return Slice(of_type(sp.IndexedBase(value.label), sp.IndexedBase), *value.indices)
    return value


def _set_of(v: Variable) -> str:
    """The support in the words of the table."""
    short = v.support in ("real", "positive", "angle")
    return v.support if short else in_words(v.support).removeprefix("a number ").removeprefix("a ")


def _variables(model: Model, m: Medium) -> list[tuple[str, str]]:
    """Each variable, its support and its plates; what is one step earlier."""
    rows = []
    for v in model.variables:
        what = f"{v.role}, {_set_of(v)}"
        plates = model.inner(v.name)
        over = _over(plates[:-2], m, False) + _over(plates[-2:], m, True) if v.is_matrix else ""
        rows.append((m.math(model.whole(v.name)), what + (over or _over(plates, m, False))))
    for lag in model.lags:
        earlier, first = m.math(model.whole(lag.name)), m.math(model.whole(lag.start))
        step = m.math(lag.plate.index)
        rows.append(
            (
                earlier,
                f"{m.math(model.whole(lag.of))} one step earlier along {step}, at the first step {first}",
            )
        )
    return rows


def _letters(sizes: tuple[sp.Symbol, ...], m: Medium) -> str:
    return ", ".join(m.math(s) for s in sizes)


def _over(plates: tuple[Plate, ...], m: Medium, matrix: bool) -> str:
    if not plates:
        return ""
    if matrix:
        side = m.printer.doprint(plates[0].size)
        return f"; {m.inline(side)} by {m.inline(side)}"
    ends = [
        m.inline(f"{m.printer.doprint(q.index)}=1,{m.dots},{m.printer.doprint(q.size)}")
        for q in plates
    ]
    return "; " + ", ".join(ends)
