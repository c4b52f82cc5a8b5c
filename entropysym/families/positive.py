r"""Distributions on the positive numbers, and one on $[m,\infty)$."""

import sympy as sp

from entropysym.errors import InputError, shown, whole
from entropysym.language.records import Family
from entropysym.language.symbols import scalar

_x = scalar("x", "positive")
_rate, _scale, _shape = (scalar(name, "positive") for name in ("rate", "scale", "shape"))
_variance, _mean, _location = (
    scalar("variance", "positive"),
    scalar("mean", "positive"),
    scalar("location"),
)

#: $\lambda e^{-\lambda x}$.
EXPONENTIAL = Family(
    name="Exponential",
    arguments=(_rate,),
    variable=_x,
    support="positive",
    log_density=sp.log(_rate) - _rate * _x,
)

#: $\frac{b^a}{\Gamma(a)}x^{a-1}e^{-bx}$, in shape a and rate b.
GAMMA = Family(
    name="Gamma",
    arguments=(_shape, _rate),
    variable=_x,
    support="positive",
    log_density=_shape * sp.log(_rate)
    - sp.loggamma(_shape)
    + (_shape - 1) * sp.log(_x)
    - _rate * _x,
)

#: $\frac{b^a}{\Gamma(a)}x^{-a-1}e^{-b/x}$, in shape a and scale b.
INVERSE_GAMMA = Family(
    name="InverseGamma",
    arguments=(_shape, _scale),
    variable=_x,
    support="positive",
    log_density=_shape * sp.log(_scale)
    - sp.loggamma(_shape)
    - (_shape + 1) * sp.log(_x)
    - _scale / _x,
)

#: The exponential of a $N(\mu,\sigma^2)$, with the base measure $h=1/x$.
LOG_NORMAL = Family(
    name="LogNormal",
    arguments=(_location, _variance),
    variable=_x,
    support="positive",
    log_density=-sp.log(_x)
    - sp.log(2 * sp.pi * _variance) / 2
    - (sp.log(_x) - _location) ** 2 / (2 * _variance),
    log_base_measure=-sp.log(_x),
)

#: The absolute value of a $N(0,\sigma^2)$, in σ².
HALF_NORMAL = Family(
    name="HalfNormal",
    arguments=(_variance,),
    variable=_x,
    support="positive",
    log_density=sp.log(2 / (sp.pi * _variance)) / 2 - _x**2 / (2 * _variance),
)

#: The length of a vector of two $N(0,\sigma^2)$, in σ², with the base measure $h=x$.
RAYLEIGH = Family(
    name="Rayleigh",
    arguments=(_variance,),
    variable=_x,
    support="positive",
    log_density=sp.log(_x) - sp.log(_variance) - _x**2 / (2 * _variance),
    log_base_measure=sp.log(_x),
)

#: The length of a vector of three $N(0,\sigma^2)$, in σ², with the base measure $h=x^2$.
MAXWELL = Family(
    name="Maxwell",
    arguments=(_variance,),
    variable=_x,
    support="positive",
    log_density=sp.log(2 / sp.pi) / 2
    + 2 * sp.log(_x)
    - 3 * sp.log(_variance) / 2
    - _x**2 / (2 * _variance),
    log_base_measure=2 * sp.log(_x),
)

#: $\sqrt{\frac\lambda{2\pi x^3}}\exp\{-\frac{\lambda(x-\mu)^2}{2\mu^2x}\}$, in mean μ and shape λ, with the base measure $h=x^{-3/2}$.
INVERSE_GAUSSIAN = Family(
    name="InverseGaussian",
    arguments=(_mean, _shape),
    variable=_x,
    support="positive",
    log_density=sp.log(_shape) / 2
    - sp.log(2 * sp.pi) / 2
    - 3 * sp.log(_x) / 2
    - _shape * (_x - _mean) ** 2 / (2 * _mean**2 * _x),
    log_base_measure=-3 * sp.log(_x) / 2,
)

#: $\frac ks(\frac xs)^{k-1}e^{-(x/s)^k}$, in shape k and scale s, with the base measure $h=x^{k-1}$: tempering moves the scale alone, so the shape is a number or fixed.
WEIBULL = Family(
    name="Weibull",
    arguments=(_shape, _scale),
    variable=_x,
    support="positive",
    log_density=sp.log(_shape)
    - _shape * sp.log(_scale)
    + (_shape - 1) * sp.log(_x)
    - sp.exp(_shape * (sp.log(_x) - sp.log(_scale))),
    log_base_measure=(_shape - 1) * sp.log(_x),
)


def pareto(least: int | sp.Rational) -> Family:
    r"""The Pareto distribution $a\,m^ax^{-a-1}$ on $[m,\infty)$, in its shape a; `least` is m, a rational number above 0. Raises `InputError` for anything else."""
    m = positive_rational(least, "least")
    return Family(
        name=f"Pareto_{named(m)}",
        arguments=(_shape,),
        variable=_x,
        support=f"from {m}",
        log_density=sp.log(_shape) + _shape * sp.log(m) - (_shape + 1) * sp.log(_x),
    )


def positive_rational(given: object, what: str) -> sp.Rational:
    number = given if (integer := whole(given)) is None else sp.Integer(integer)
    if not isinstance(number, sp.Rational) or not number > 0:
        raise InputError(f"{what} is {shown(given)}; pass an integer or a sympy.Rational above 0")
    return number


def named(number: sp.Rational) -> str:
    return str(number).replace("/", "_")
