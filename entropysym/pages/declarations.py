"""The model on the page: its three factors as products, and the table of what every letter is."""

from __future__ import annotations

import sympy as sp

from entropysym.language.formula import of_type
from entropysym.language.matrices import Matrix
from entropysym.language.objective import variable
from entropysym.language.records import Model, Plate
from entropysym.language.symbols import n
from entropysym.pages.equations import Line
from entropysym.pages.marks import ANY_LAW, DensityName, Distributed
from entropysym.pages.medium import Medium
from entropysym.pages.wording import value_of

#: A range in the words of the table.
RANGES = {
    "real": "real",
    "positive": "positive",
    "unit": "between 0 and 1",
    "posdef": "symmetric positive definite",
    "triangular": "lower triangular with positive diagonal",
}


def factor_lines(model: Model) -> tuple[Line, ...]:
    """One line for each factor."""
    return tuple(
        Line(DensityName(role, n), factor_formula(model, role))
        for role in ("prior", "decoder", "encoder")
    )


def factor_formula(model: Model, role: str) -> sp.Expr:
    r"""A factor as a product over its plate, $\prod_hN(z_h;0,\alpha_h^2)$; a multivariate one as it is, $N(z;\mu_0,A)$; *any law* in words."""
    plate, factor = model.plate(role), model.factor(role)
    if factor.family.is_any:
        return ANY_LAW
    value = variable(model, role)
    if factor.family.is_multivariate:
        given = (a if isinstance(a, Matrix) else plate.vector(a) for a in factor.arguments)
        return Distributed(factor.family.name, plate.vector(value), *given)
    one = Distributed(factor.family.name, value, *factor.arguments)
    return of_type(sp.Product(one, (plate.index, 1, plate.size)), sp.Expr)


def letters(model: Model, m: Medium) -> list[tuple[str, str]]:
    """Each letter and what it is, in words."""
    rows = []
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
        rows.append((m.math(value), what + _over(w.plates, m, matrix)))
    dimensions, widths = model.sizes[:2], model.sizes[2:]
    rows.append((_letters(dimensions, m), "dimensions of data and latents"))
    if widths:
        rows.append((_letters(widths, m), "widths of layers"))
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
