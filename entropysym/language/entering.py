"""A formula in the variable of a law, brought to one form when the law is written: a binary one at its two values, squares completed, logarithms in factors."""

from __future__ import annotations

import sympy as sp

from entropysym.language.formula import args_of, inside, of_type, replaced, substituted
from entropysym.language.functions import on_entry
from entropysym.language.supports import Support
from entropysym.language.symbols import is_surely_positive

#: Sums of more addends are not factored.
MOST_FACTORED = 12


def of_variable(e: sp.Expr, x: sp.Symbol, support: Support) -> sp.Expr:
    """The formula with the same values on the support, of which the signs and the coefficients are seen. It holds nan or zoo if it has no value at one of two."""
    e = _squares_completed(_sums_factored(_of_two_values(e, x, support)), x)
    return _variable_apart(e, x, support)


def _of_two_values(e: sp.Expr, x: sp.Symbol, support: Support) -> sp.Expr:
    r"""$xf(1)+(1-x)f(0)$, which every function of a binary variable is: also a mixture of Bernoulli laws."""
    if support != "binary" or not any(f.has(x) for f in e.atoms(sp.Function, sp.Pow)):
        return e
    at_1, at_0 = (on_entry(substituted(e, {x: sp.Integer(k)})) for k in (1, 0))
    return x * at_1 + (1 - x) * at_0


def _variable_apart(e: sp.Expr, x: sp.Symbol, support: Support) -> sp.Expr:
    r"""$\log\frac sx=\log s-\log x$: what holds the variable and is positive on its support has logarithms of its own, for data are no symbols whose sign is seen."""
    kind, _, number = support.partition(" ")
    y = {
        "positive": sp.Dummy("y", positive=True),
        "unit": sp.Dummy("y", positive=True, unit=True),
        "from": sp.Dummy("y", nonnegative=True) + (sp.Rational(number) if kind == "from" else 0),
    }.get(kind, x)

    def positive(f: sp.Expr) -> bool:
        return f.has(x) and is_surely_positive(substituted(f, {x: y}))

    def apart(f: sp.Expr) -> sp.Expr:
        found = [g.as_base_exp() for g in sp.Mul.make_args(inside(f))]
        taken = [(base, power) for base, power in found if positive(base)]
        rest = sp.Mul(*(base**power for base, power in found if not positive(base)))
        return sp.Add(sp.log(rest), *(power * sp.log(base) for base, power in taken))

    def is_product(f: sp.Expr) -> bool:
        return isinstance(f, sp.log) and (inside(f).is_Mul or inside(f).is_Pow) and f.has(x)

    return replaced(e, is_product, apart) if e.has(sp.log) else e


def _squares_completed(e: sp.Expr, x: sp.Symbol) -> sp.Expr:
    r"""$\log(1+m^2-2mx+x^2)=\log\bigl(1+(x-m)^2\bigr)$, where nobody could see the argument to be positive."""

    def completed(f: sp.Expr) -> sp.Expr | None:
        under = inside(f) if isinstance(f, sp.log) else sp.S.Zero
        if not under.is_Add or not under.has(x) or not under.is_polynomial(x):
            return None
        powers = of_type(sp.expand(under), sp.Expr).as_poly(x)
        if powers is None or powers.degree() != 2 or powers.coeff_monomial(x) == 0:
            return None
        square, linear, rest = powers.all_coeffs()
        centre = sp.cancel(linear / (2 * square))
        rest = sp.cancel(rest - square * centre**2)
        seen = is_surely_positive(square) and is_surely_positive(rest)
        return sp.log(rest + square * (x + centre) ** 2) if seen else None

    return replaced(e, completed, lambda f: completed(f) or f) if e.has(sp.log) else e


def _sums_factored(e: sp.Expr) -> sp.Expr:
    r"""$\log(1-a^2)=\log(1-a)+\log(1+a)$, $\log\bigl(1-\frac a{1+a}\bigr)=-\log(1+a)$: logarithms of sums in factors that are surely positive."""

    def factors(f: sp.Expr) -> list[tuple[sp.Expr, sp.Expr]]:
        if not isinstance(f, sp.log) or not inside(f).is_Add or len(inside(f).args) > MOST_FACTORED:
            return []
        powers = [p.exp for p in inside(f).atoms(sp.Pow)]
        if not all(q.is_Integer and abs(q) <= MOST_FACTORED for q in powers):
            return []  # roots would be slow
        if all(map(is_surely_positive, args_of(inside(f), sp.Expr))):
            return []  # it is seen to be positive as it stands
        found, below = [], 0
        for base, power in (g.as_base_exp() for g in sp.Mul.make_args(sp.factor(inside(f)))):
            turned = power.is_Integer and is_surely_positive(-base)
            below += power if turned else 0
            found.append((-base if turned else base, power))
        fits = below % 2 == 0 and all(is_surely_positive(base) for base, _ in found)
        return found if fits else []

    def is_inverse(f: sp.Expr) -> bool:
        under = inside(f) if isinstance(f, sp.log) else sp.S.One
        return isinstance(under, sp.Pow) and under.exp == -1 and is_surely_positive(under.base)

    e = replaced(e, is_inverse, lambda f: -sp.log(1 / inside(f))) if e.has(sp.log) else e

    def is_product(f: sp.Expr) -> bool:
        found = [(base, power) for base, power in factors(f) if not base.is_number]
        return len(found) > 1 or any(power != 1 for _, power in found)

    def apart(f: sp.Expr) -> sp.Expr:
        return sp.Add(*(power * sp.log(base) for base, power in factors(f)))

    return replaced(e, is_product, apart) if e.has(sp.log) else e
