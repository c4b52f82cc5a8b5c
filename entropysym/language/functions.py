r"""The functions of the language, one row each, and what a formula is rewritten to when it enters.

A row says how a function is called where it is stored, printed and computed; its derivative is a formula in other rows (`Softplus' = Sigmoid`,
`loggamma' = digamma`). The functions that SymPy lacks are defined here, kept whole so that they cancel: written with exponentials, $e^s/(1+e^s)$ and
$1/(1+e^{-s})$ would be two things. What has no row cannot be stored, and its name is said.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp
from sympy.logic.boolalg import Boolean, BooleanFalse, BooleanTrue

from entropysym.errors import InputError, shown
from entropysym.language.formula import args_of, inside, of_type, replaced, substituted
from entropysym.language.printed import CLOSED, OPEN, Printed


class OwnFunction(Printed, sp.Function):
    """A function of one real number that SymPy lacks."""

    nargs = 1
    is_real = True

    @property
    def precedence(self) -> int:
        """How firmly SymPy's printers see it hold together: a logarithm of something ends openly."""
        row = row_of(self)
        return OPEN if row is not None and row.is_logarithm else CLOSED

    # A number where the argument is one.
    def __new__(cls, argument: sp.Expr, **options: bool) -> sp.Expr:
        return of_type(super().__new__(cls, argument, **options), sp.Expr)

    @abstractmethod
    def written_out(self) -> sp.Expr:
        """The same in SymPy's own functions."""

    def _eval_evalf(self, prec: int) -> sp.Expr | None:
        return self.written_out()._eval_evalf(prec)


class Softplus(OwnFunction):
    r"""$\mathrm{softplus}(s)=\log(1+e^s)$, positive for every real s."""

    is_positive = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return Sigmoid(inside(self))

    def written_out(self) -> sp.Expr:
        return sp.log(1 + sp.exp(inside(self)))


class Sigmoid(OwnFunction):
    r"""$\mathrm{sigmoid}(s)=1/(1+e^{-s})$, the derivative of softplus, in (0, 1)."""

    is_positive = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return self * (1 - self)

    def written_out(self) -> sp.Expr:
        return 1 / (1 + sp.exp(-inside(self)))


class LogBessel(OwnFunction):
    r"""$\log I_0(\kappa)$, the log-normaliser of the von Mises distribution less $\log2\pi$; at least 0."""

    is_nonnegative = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return BesselRatio(inside(self))

    def written_out(self) -> sp.Expr:
        return sp.log(sp.besseli(0, inside(self)))


class BesselRatio(OwnFunction):
    r"""$r(\kappa)=I_1(\kappa)/I_0(\kappa)$, the derivative of $\log I_0$; $r'=1-r/\kappa-r^2$."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return 1 - self / inside(self) - self**2

    def written_out(self) -> sp.Expr:
        return sp.besseli(1, inside(self)) / sp.besseli(0, inside(self))


class LogSinhc(OwnFunction):
    r"""$\log\frac{\sinh u}u$, 0 at $u=0$: the log-normaliser of what is exponential on an interval; at least 0."""

    is_nonnegative = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return Langevin(inside(self))

    def written_out(self) -> sp.Expr:
        u = inside(self)
        return sp.log(sp.Piecewise((sp.S.One, sp.Eq(u, 0)), (sp.sinh(u) / u, True)))


class Langevin(OwnFunction):
    r"""$L(u)=\coth u-1/u$, the derivative of $\log\frac{\sinh u}u$; $L'=1-2L/u-L^2$."""

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return 1 - 2 * self / inside(self) - self**2

    def written_out(self) -> sp.Expr:
        u = inside(self)
        return sp.Piecewise((sp.S.Zero, sp.Eq(u, 0)), (sp.coth(u) - 1 / u, True))


class Erfc(OwnFunction):
    r"""$\mathrm{erfc}(u)=1-\mathrm{erf}(u)$, positive; SymPy's own would become $2-\mathrm{erfc}(-u)$, whose sign is not seen."""

    is_positive = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return -2 * sp.exp(-(inside(self) ** 2)) / sp.sqrt(sp.pi)

    def written_out(self) -> sp.Expr:
        return of_type(sp.erfc(inside(self)), sp.Expr)


class _Indicator(OwnFunction):
    """1 or 0. Its derivative is 0 away from its jump; along a direction its argument has to stand still."""

    is_nonnegative = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        return sp.S.Zero


class IsZero(_Indicator):
    """1 where the argument is 0, else 0."""

    def written_out(self) -> sp.Expr:
        return sp.Piecewise((sp.S.One, sp.Eq(inside(self), 0)), (sp.S.Zero, True))


class IsAbove(_Indicator):
    """1 where the argument is above 0, else 0."""

    def written_out(self) -> sp.Expr:
        return sp.Piecewise((sp.S.One, inside(self) > 0), (sp.S.Zero, True))


@dataclass(frozen=True)
class Row:
    r"""A function of one real number.

    `head` is its name in stored documents; `symbol` the SymPy class, with the arguments `order` before the one that counts (digamma is `polygamma(0, u)`). `jax` names the function
    that computes it, in `jax` or in `entropysym.lowering.special`; `number(m, u)` computes it in mpmath's context m, once more and by other code. `moves` says whether
    it has a derivative. A page says what a function is by its `formula`, in exponentials or as a derivative, and in `words`; what everybody knows has neither.
    """

    head: str
    symbol: type[sp.Basic]
    jax: str
    latex: str
    plain: str
    number: Callable[[Any, Any], Any]
    order: tuple[int, ...] = ()
    moves: bool = True
    formula: Callable[[sp.Expr], sp.Expr] | None = None
    words: str = ""

    @property
    def is_logarithm(self) -> bool:
        r"""Whether it is written as the logarithm of something, such as $\log\Gamma$, which takes up what is written after it."""
        return self.latex.startswith(r"\log")


def _log_sinhc(m: Any, u: Any) -> Any:
    u = abs(u)
    return u + m.log1p(-m.exp(-2 * u)) - m.log(2 * u) if u > 1 else m.log(m.sinh(u) / u) if u else u


def _above(m: Any, u: Any) -> Any:
    return m.mpf(1 if u > 0 else 0)


def _log_bessel(m: Any, u: Any) -> Any:
    return m.log(m.besseli(0, u)) if abs(u) < 300 else _far_bessel(m, abs(u))


def _far_bessel(m: Any, u: Any) -> Any:
    r"""$\log I_0(u)\approx u-\frac12\log2\pi u+\log(1+\frac1{8u}+\frac9{128u^2}+\frac{225}{3072u^3})$."""
    return u - m.log(2 * m.pi * u) / 2 + m.log1p((1 + (9 + 75 / (8 * u)) / (16 * u)) / (8 * u))


#: Every function of the language that is no power, exponential, logarithm or absolute value, which have laws of their own.
ROWS: tuple[Row, ...] = (
    Row(
        "softplus",
        Softplus,
        "softplus",
        r"\operatorname{softplus}",
        "softplus",
        lambda m, u: max(u, 0) + m.log1p(m.exp(-abs(u))),
        formula=lambda u: sp.log(1 + sp.exp(u)),
    ),
    Row(
        "sigmoid",
        Sigmoid,
        "nn.sigmoid",
        r"\operatorname{sigmoid}",
        "sigmoid",
        lambda m, u: 1 / (1 + m.exp(-u)) if u > 0 else m.exp(u) / (1 + m.exp(u)),
        formula=lambda u: 1 / (1 + sp.exp(-u)),
    ),
    Row(
        "loggamma",
        sp.loggamma,
        "scipy.special.gammaln",
        r"\log\Gamma",
        "log Γ",
        lambda m, u: m.loggamma(u),
        words="the logarithm of the gamma function",
    ),
    Row(
        "digamma",
        sp.polygamma,
        "scipy.special.digamma",
        r"\psi",
        "ψ",
        lambda m, u: m.digamma(u),
        (0,),
        formula=lambda u: sp.Derivative(sp.loggamma(u), u),
    ),
    Row(
        "trigamma",
        sp.polygamma,
        "trigamma",
        r"\psi'",
        "ψ'",
        lambda m, u: m.psi(1, u),
        (1,),
        False,
        formula=lambda u: sp.Derivative(sp.polygamma(0, u), u),
    ),
    Row(
        "logbessel",
        LogBessel,
        "log_bessel",
        r"\log I_0",
        "log I₀",
        _log_bessel,
        words="the logarithm of the modified Bessel function of the first kind and order 0",
    ),
    Row(
        "besselratio",
        BesselRatio,
        "bessel_ratio",
        r"\tfrac{I_1}{I_0}",
        "I₁/I₀",
        lambda m, u: m.besseli(1, u) / m.besseli(0, u),
        formula=lambda u: sp.Derivative(LogBessel(u), u),
    ),
    Row(
        "logsinhc",
        LogSinhc,
        "log_sinhc",
        r"\log\operatorname{sinhc}",
        "log sinhc",
        _log_sinhc,
        formula=lambda u: sp.log((sp.exp(u) - sp.exp(-u)) / (2 * u)),
    ),
    Row(
        "langevin",
        Langevin,
        "langevin",
        r"\mathrm{L}",
        "L",
        lambda m, u: m.coth(u) - 1 / u if u else u,
        formula=lambda u: 1 + 2 / (sp.exp(2 * u) - 1) - 1 / u,
        words="the Langevin function",
    ),
    Row(
        "erf",
        sp.erf,
        "scipy.special.erf",
        r"\operatorname{erf}",
        "erf",
        lambda m, u: m.erf(u),
        words="the error function",
    ),
    Row(
        "erfc",
        Erfc,
        "scipy.special.erfc",
        r"\operatorname{erfc}",
        "erfc",
        lambda m, u: m.erfc(u),
        formula=lambda u: 1 - sp.erf(u),
    ),
    Row("sin", sp.sin, "numpy.sin", r"\sin", "sin", lambda m, u: m.sin(u)),
    Row("cos", sp.cos, "numpy.cos", r"\cos", "cos", lambda m, u: m.cos(u)),
    Row(
        "asinh",
        sp.asinh,
        "numpy.asinh",
        r"\operatorname{arsinh}",
        "arsinh",
        lambda m, u: m.asinh(u),
        formula=lambda u: sp.log(u + sp.sqrt(1 + u**2)),
    ),
    Row(
        "iszero",
        IsZero,
        "is_zero",
        r"\mathbb{1}_{0}",
        "1₀",
        lambda m, u: m.mpf(1 if u == 0 else 0),
        moves=False,
        words="1 where its argument is 0, and 0 elsewhere",
    ),
    Row(
        "isabove",
        IsAbove,
        "is_above",
        r"\mathbb{1}_{>0}",
        "1₊",
        _above,
        moves=False,
        words="1 where its argument is positive, and 0 elsewhere",
    ),
)
_BY_SYMBOL: Mapping[tuple[object, ...], Row] = {(row.symbol, *row.order): row for row in ROWS}
_ORDERED = tuple({row.symbol for row in ROWS if row.order})

#: The SymPy classes of all rows.
SYMBOLS: tuple[type[sp.Basic], ...] = tuple(dict.fromkeys(row.symbol for row in ROWS))


def row_of(e: sp.Basic) -> Row | None:
    """The row of a function, or None for what is none of the language's."""
    order = e.args[:-1] if isinstance(e, _ORDERED) else ()
    return _BY_SYMBOL.get((type(e), *order))


def argument_of(e: sp.Basic) -> sp.Expr:
    """What a function is taken of: the last argument."""
    return of_type(e.args[-1], sp.Expr)


#: What is rewritten when a formula enters: these are no rows.
_REWRITTEN: Mapping[type[sp.Basic], Callable[..., sp.Expr]] = {
    sp.sinh: lambda u: (sp.exp(u) - sp.exp(-u)) / 2,
    sp.cosh: lambda u: (sp.exp(u) + sp.exp(-u)) / 2,
    sp.tanh: lambda u: 2 * Sigmoid(2 * u) - 1,
    sp.atanh: lambda u: (sp.log(1 + u) - sp.log(1 - u)) / 2,
    sp.gamma: lambda u: sp.exp(sp.loggamma(u)),
    sp.factorial: lambda u: sp.exp(sp.loggamma(u + 1)),
    sp.beta: lambda a, b: sp.exp(sp.loggamma(a) + sp.loggamma(b) - sp.loggamma(a + b)),
    sp.binomial: lambda n, k: sp.exp(
        sp.loggamma(n + 1) - sp.loggamma(k + 1) - sp.loggamma(n - k + 1)
    ),
    sp.erfc: lambda u: Erfc(u),
    sp.Heaviside: lambda u, *_: IsAbove(u),
}


def on_entry(e: sp.Expr) -> sp.Expr:
    r"""A formula in the functions that have rows: hyperbolic functions in exponentials, $\Gamma$ by its logarithm, $\log I_0$ as one function, cases by indicators.

    Raises `InputError` for cases on what is no comparison of numbers, or that do not cover everything.
    """
    if e.has(sp.erfc):
        e = replaced(e, _is_flipped, _flipped_back)
    for kind, rewrite in _REWRITTEN.items():
        if e.has(kind):
            e = replaced(
                e, lambda f, kind=kind: isinstance(f, kind), lambda f, r=rewrite: r(*f.args)
            )
    if e.has(sp.besseli):
        e = replaced(e, _is_log_bessel, lambda f: LogBessel(f.args[0].args[1]))  # type: ignore[arg-type]
    if e.has(sp.Piecewise):
        e = replaced(e, lambda f: isinstance(f, sp.Piecewise), _by_indicators)
    e = logs_undone(e)
    e = replaced(e, _of_powers, _powers_taken_out) if e.has(sp.Pow) else e
    return replaced(e, _is_power, _as_exponential) if e.has(sp.Pow) else e


def _is_flipped(f: sp.Expr) -> bool:
    """c (2 - erfc u), as SymPy writes c erfc(-u)."""
    if not isinstance(f, sp.Add) or len(f.args) != 2:
        return False
    number, rest = f.as_coeff_Add()
    times, function = rest.as_coeff_Mul()
    return isinstance(function, sp.erfc) and number == -2 * times


def _flipped_back(f: sp.Expr) -> sp.Expr:
    number, rest = f.as_coeff_Add()
    return number / 2 * Erfc(-inside(rest.as_coeff_Mul()[1]))


def _of_powers(f: sp.Expr) -> bool:
    """A logarithm of a product that holds a power such as $s^x$."""
    return isinstance(f, sp.log) and any(map(_is_power, sp.Mul.make_args(inside(f))))


def _is_power(factor: sp.Expr) -> bool:
    return isinstance(factor, sp.Pow) and not factor.exp.is_Rational


def _as_exponential(f: sp.Expr) -> sp.Expr:
    r"""$s^x=e^{x\log s}$, for what is real has $s>0$."""
    base, exponent = args_of(f)
    return of_type(sp.exp(exponent * sp.log(base)), sp.Expr)


def _powers_taken_out(f: sp.Expr) -> sp.Expr:
    r"""$\log(s^xt)=x\log s+\log t$: a power with such an exponent asks for a base that is positive, so the rest is too."""
    factors = sp.Mul.make_args(inside(f))
    powers = [(p.args[0], p.args[1]) for p in factors if _is_power(p)]
    rest = sp.Mul(*(p for p in factors if not _is_power(p)))
    return sp.Add(*(of_type(e * sp.log(b), sp.Expr) for b, e in powers), sp.log(rest))  # type: ignore[operator]


def logs_undone(e: sp.Expr) -> sp.Expr:
    r"""$\log e^u=u$, which SymPy keeps unless it knows that u is real, as everything here is; $\log\mathrm{sigmoid}(s)=s-\mathrm{softplus}(s)$ and $\log(1-\mathrm{sigmoid}(s))=-\mathrm{softplus}(s)$."""
    return replaced(e, lambda f: _undone(f) is not None, lambda f: _undone(f) or sp.S.Zero)


def _undone(f: sp.Expr) -> sp.Expr | None:
    if not isinstance(f, sp.log):
        return None
    under = inside(f)
    if isinstance(under, (sp.exp, Sigmoid)) and under.args:
        u = inside(under)
        return u if isinstance(under, sp.exp) else u - Softplus(u)
    rest = 1 - under
    return -Softplus(inside(rest)) if isinstance(rest, Sigmoid) else None


def _is_log_bessel(f: sp.Expr) -> bool:
    return isinstance(f, sp.log) and isinstance(f.args[0], sp.besseli) and f.args[0].args[0] == 0


def _by_indicators(cases: sp.Expr) -> sp.Expr:
    r"""$\sum_i1_{C_i}\prod_{j<i}(1-1_{C_j})\,e_i$; what stands with $1_{x=c}$ is taken at $x=c$."""
    *first, (otherwise, last) = [(p.args[0], p.args[1]) for p in cases.args]
    if any(p.args[0].has(sp.nan, sp.zoo, sp.oo, -sp.oo) for p in cases.args):
        return cases  # a support of its own, which no indicator can say
    if last != sp.true:
        raise InputError(
            f"the cases of {shown(str(cases))} do not cover everything; end with (…, True)"
        )
    total = of_type(otherwise, sp.Expr)
    for value, condition in reversed(first):
        less = of_type(value - total, sp.Expr)  # type: ignore[operator]
        at = substituted(less, _at_point(condition))
        finite = not at.has(sp.nan, sp.zoo, sp.oo, -sp.oo)
        total += _indicator(of_type(condition, Boolean)) * (at if finite else less)
    return total


def _at_point(condition: sp.Basic) -> dict[sp.Symbol, sp.Expr]:
    """x = c, where that is all that the condition says."""
    if isinstance(condition, sp.Eq):
        left, right = condition.args
        if isinstance(left, sp.Symbol) and isinstance(right, sp.Expr) and not right.has(left):
            return {left: right}
    return {}


def _indicator(condition: Boolean) -> sp.Expr:
    def one_less(a: sp.Expr) -> sp.Expr:
        return sp.S.One - a

    match condition:
        case BooleanTrue():
            return sp.S.One
        case BooleanFalse():
            return sp.S.Zero
        case sp.And():
            return sp.Mul(*(_indicator(a) for a in args_of(condition, Boolean)))
        case sp.Or():
            return one_less(sp.Mul(*(one_less(_indicator(a)) for a in args_of(condition, Boolean))))
        case sp.Not():
            return one_less(_indicator(of_type(condition.args[0], Boolean)))
        case sp.Eq() | sp.Ne():
            u = sp.expand(of_type(condition.lhs - condition.rhs, sp.Expr))  # type: ignore[operator]
            found = IsZero(-u if u.could_extract_minus_sign() else u)
            return found if isinstance(condition, sp.Eq) else one_less(found)
        case sp.StrictGreaterThan() | sp.LessThan():
            found = IsAbove(sp.expand(of_type(condition.lhs - condition.rhs, sp.Expr)))  # type: ignore[operator]
            return found if isinstance(condition, sp.StrictGreaterThan) else one_less(found)
        case sp.StrictLessThan() | sp.GreaterThan():
            found = IsAbove(sp.expand(of_type(condition.rhs - condition.lhs, sp.Expr)))  # type: ignore[operator]
            return found if isinstance(condition, sp.StrictLessThan) else one_less(found)
    raise InputError(f"the case {shown(str(condition))} is no comparison of numbers")
