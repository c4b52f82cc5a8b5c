"""Distributions on the real line beside `normal` and `laplace`, and one on the circle."""

import sympy as sp

from entropysym.families.positive import named, positive_rational
from entropysym.language.functions import LogBessel
from entropysym.language.records import Family
from entropysym.language.symbols import scalar

_x, _location = scalar("x"), scalar("location")
_scale, _asymmetry, _freedom, _concentration = (
    scalar(name, "positive") for name in ("scale", "asymmetry", "freedom", "concentration")
)
_u = _x - _location

#: Student's t, in location, scale and degrees of freedom ν; tempering moves scale and ν together, so both are learned.
STUDENT_T = Family(
    name="StudentT",
    arguments=(_location, _scale, _freedom),
    variable=_x,
    log_density=sp.loggamma((_freedom + 1) / 2)
    - sp.loggamma(_freedom / 2)
    - sp.log(sp.pi * _freedom) / 2
    - sp.log(_scale)
    - (_freedom + 1) / 2 * sp.log(1 + _u**2 / (_freedom * _scale**2)),
    location=_location,
    scale=_scale,
)

#: $\frac{\lambda}{\kappa+1/\kappa}e^{-\lambda u\,s\,\kappa^s}$ with $u=x-\mu$, $s=\mathrm{sign}\,u$, $\lambda=1/\text{scale}$, in location, scale and asymmetry κ.
ASYMMETRIC_LAPLACE = Family(
    name="AsymmetricLaplace",
    arguments=(_location, _scale, _asymmetry),
    variable=_x,
    log_density=-sp.log(_scale)
    - sp.log(_asymmetry + 1 / _asymmetry)
    - (sp.Abs(_u) * (_asymmetry + 1 / _asymmetry) + _u * (_asymmetry - 1 / _asymmetry))
    / (2 * _scale),
    location=_location,
    scale=_scale,
)

#: $\frac{e^{\kappa\cos(x-\mu)}}{2\pi I_0(\kappa)}$ on the circle, in location and concentration.
VON_MISES = Family(
    name="VonMises",
    arguments=(_location, _concentration),
    variable=_x,
    support="angle",
    log_density=_concentration * sp.cos(_u) - sp.log(2 * sp.pi) - LogBessel(_concentration),
)


def generalised_normal(power: int | sp.Rational) -> Family:
    r"""$\frac p{2s\Gamma(1/p)}e^{-(|x-\mu|/s)^p}$, in location μ and scale s; `power` is p, a rational number above 0. Raises `InputError` for anything else."""
    p = positive_rational(power, "power")
    return Family(
        name=f"GeneralisedNormal_{named(p)}",
        arguments=(_location, _scale),
        variable=_x,
        log_density=-(sp.Abs(_u) ** p) / _scale**p
        + sp.log(p / 2)
        - sp.log(_scale)
        - sp.loggamma(1 / p),
        location=_location,
        scale=_scale,
    )
