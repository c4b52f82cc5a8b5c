"""The same numbers from SymPy itself: no refusal rests on this package's own arithmetic alone."""

from __future__ import annotations

import mpmath
import sympy as sp

from entropysym.claims.densities.averages import Averages, Formulas
from entropysym.language.records import Family
from entropysym.language.supports import interval


def agrees_with_sympy(family: Family, formulas: Formulas, score: str, a: Averages) -> bool:
    """SymPy has the same log-density, and the same score if one is named, at some places where there is mass."""
    wanted = [(0, family.density)]
    if score:
        place = [symbol.name for symbol in formulas.scores].index(score)
        wanted.append((1 + place, family.density.diff(formulas.scores[place])))
    around = formulas.program.at(a.setting).around(mpmath.mpf(0))
    for x in _places(family, a):
        ours = around.outputs([x], 150)
        for place, formula in wanted:
            theirs = _value(formula, family, a, x)
            value = float(ours[place][0])
            if not theirs.is_extended_real or abs(float(theirs) - value) > 1e-8 * (1 + abs(value)):
                return False
    return True


def is_undefined_in_part(family: Family, a: Averages) -> bool:
    """SymPy agrees that the log-density is no real number somewhere in the support, while it is one elsewhere."""
    undefined = a.whole.undefined
    if not undefined or not any(p.defined and p.values[0] > 0 for p in a.whole.panels):
        return False
    nearest = min(undefined, key=lambda p: abs(p.low + p.high))
    value = _value(family.density, family, a, sum(nearest.interval()) / 2)
    return value is sp.nan or (value.is_number and value.is_extended_real is False)


def _places(family: Family, a: Averages) -> list[float]:
    numbers = interval(family.support)
    if numbers is not None and numbers.whole:
        last = 8 if numbers.high is None else int(numbers.high)
        return [float(k) for k in (0, 1, 3, 8) if k <= last]
    if a.whole.partial is not None:
        low, high, _ = a.whole.partial
        return [low + (high - low) * part for part in (0.3, 0.5, 0.8)]
    heaviest = sorted((p for p in a.whole.panels if p.defined), key=lambda p: -p.values[0])
    return [sum(p.interval()) / 2 for p in heaviest[:6]]


def _value(formula: sp.Expr, family: Family, a: Averages, x: float) -> sp.Expr:
    numbers = {symbol: sp.Float(v, 40) for symbol, v in a.setting.items()}
    return sp.N(formula.xreplace({**numbers, family.variable: sp.Float(x, 40)}), 30)
