r"""The order in which a paper writes things: encoder, prior, decoder, derivative; what is added before what is subtracted.

SymPy keeps sums and products in an order of its own. Both printers, LaTeX and text, ask this module instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sympy as sp

from entropysym.language.heads import (
    DataMean,
    Directional,
    Elbo,
    LogDensity,
    NetworkValue,
    _Expectation,
    _RoleHead,
)
from entropysym.language.records import Model
from entropysym.language.symbols import DATUM, LATENT, NOISE
from entropysym.rendering.marks import Slope, Velocity

ENCODER, PRIOR, DECODER, DERIVATIVE = range(4)
_RANK = {"encoder": ENCODER, "prior": PRIOR, "decoder": DECODER}


@dataclass(frozen=True)
class Roles:
    """Which factor a name belongs to, so that a spelled-out term can be placed. Empty without a model."""

    names: Mapping[str, int] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    declared: tuple[str, ...] = ()


def roles(model: Model) -> Roles:
    """The factor of each parameter and network of a model; what two factors share belongs to the later one."""
    declared = (*(p.name for p in model.parameters), *(w.name for w in model.networks))
    names: dict[str, int] = {}
    for role, place in _RANK.items():
        for argument in model.factor(role).arguments:
            names |= dict.fromkeys(_names(argument) & set(declared), place)
    sizes = {model.observed.size.name: DECODER, model.latent.size.name: PRIOR}
    return Roles(names, sizes, declared)


def _names(e: sp.Basic) -> set[str]:
    names = {w.name for w in e.atoms(NetworkValue)}
    names |= {i.base.label.name for i in e.atoms(sp.Indexed)}
    return names | {s.name for s in e.free_symbols if isinstance(s, sp.Symbol)}


@dataclass(frozen=True)
class Product:
    """A term taken apart for printing: sign, the fraction of light factors, and the heavy factors behind it."""

    negative: bool
    numerator: tuple[sp.Expr, ...]
    denominator: tuple[sp.Expr, ...]
    heavy: tuple[sp.Expr, ...]


def product(e: sp.Expr, places: Roles) -> Product:
    """Take a term apart. Light are numbers, symbols and array entries; heavy is whatever reads better beside a fraction."""
    coefficient, rest = e.as_coeff_Mul()
    if not coefficient.is_Rational:
        coefficient, rest = sp.S.One, e
    light: list[sp.Expr] = []
    below: list[sp.Expr] = []
    heavy: list[sp.Expr] = []
    for f in sp.Mul.make_args(rest):
        base, exponent = (f.base, f.exp) if isinstance(f, sp.Pow) else (f, sp.S.One)
        if f == 1:
            continue
        if exponent.is_Rational and exponent.is_negative:
            below.append(base**-exponent)
        elif is_light(f):
            light.append(f)
        else:
            heavy.append(f)
    above, under = sp.Integer(abs(coefficient.p)), sp.Integer(coefficient.q)
    return Product(
        negative=bool(coefficient.is_negative),
        numerator=(
            *([above] if above != 1 else []),
            *sorted(light, key=lambda f: _light_key(f, places)),
        ),
        denominator=(
            *([under] if under != 1 else []),
            *sorted(below, key=lambda f: _light_key(f, places)),
        ),
        heavy=tuple(sorted(heavy, key=_heavy_key)),
    )


def is_light(f: sp.Expr) -> bool:
    """Whether a factor may stand inside a fraction."""
    base = f.base if isinstance(f, sp.Pow) else f
    return bool(base.is_Number or base.is_NumberSymbol or isinstance(base, (sp.Symbol, sp.Indexed)))


def _light_key(f: sp.Expr, places: Roles) -> tuple[int, str]:
    """Numbers, constants, sizes, parameters, data, latents, noise: the order of $W_{dh}\\,x_{nd}\\,z_h$."""
    base = f.base if isinstance(f, sp.Pow) else f
    if base.is_Number:
        kind = 0
    elif base.is_NumberSymbol:
        kind = 1
    elif isinstance(base, sp.Symbol):
        kind = 3 if base.name not in places.sizes and not base.is_integer else 2
    elif isinstance(base, sp.Indexed):
        kind = {DATUM: 5, LATENT: 6, NOISE: 7}.get(base.base, 4)
    else:
        kind = 8
    # pi before e, as in 2 pi e sigma^2
    return kind, "" if base is sp.pi else str(base)


def _heavy_key(f: sp.Expr) -> tuple[int, str]:
    base = f.base if isinstance(f, sp.Pow) else f
    binder = isinstance(base, (sp.Sum, DataMean, _Expectation, Directional)) and base == f
    return (2 if binder else 1 if isinstance(base, sp.Add) else 0), str(f)


def addends(e: sp.Expr, places: Roles) -> list[sp.Expr]:
    """The addends in the order of the page. A page does not open with a minus if it need not."""
    if not isinstance(e, sp.Add):
        return [e]
    ordered = sorted(sp.Add.make_args(e), key=lambda a: _addend_key(a, places))
    first = next((a for a in ordered if not product(a, places).negative), None)
    if first is not None and first is not ordered[0]:
        ordered.remove(first)
        ordered.insert(0, first)
    return ordered


def _addend_key(a: sp.Expr, places: Roles) -> tuple[int | str, ...]:
    taken = product(a, places)
    integrand = _integrand(a)
    leaves = integrand.atoms(sp.Indexed)
    reads = {base: any(i.base == base for i in leaves) for base in (DATUM, LATENT, NOISE)}
    constant = not integrand.atoms(sp.Symbol, sp.Indexed, _RoleHead, Elbo) - _sizes(
        integrand, places
    )
    return (
        rank(a, places),
        0 if constant else 1,
        1 if taken.negative else 0,
        0 if a.atoms(LogDensity) else 1,
        0 if reads[DATUM] else 1,
        2 if reads[NOISE] else 0 if reads[LATENT] else 1,
        len(a.atoms(sp.Sum)),
        min((i for i, name in enumerate(places.declared) if name in _names(integrand)), default=-1),
        sp.srepr(a),
    )


def _sizes(e: sp.Basic, places: Roles) -> set[sp.Basic]:
    return {s for s in e.atoms(sp.Symbol) if s.name in places.sizes}


def rank(a: sp.Expr, places: Roles) -> int:
    """The factor that a term belongs to, by the heads in it, else by the names, else by what it reads."""
    if a.atoms(Directional, Slope, Velocity):
        # Under the derivative the same order holds among the parts.
        inside = [
            rank(d.body, places) for d in a.atoms(Directional) if not isinstance(d.body, Elbo)
        ]
        return DERIVATIVE + min(inside, default=DERIVATIVE)
    heads = a.atoms(_RoleHead)
    if heads:
        return min(_RANK[h.role] for h in heads)
    integrand = _integrand(a)
    known = {places.names[name] for name in _names(integrand) if name in places.names}
    leaves = {i.base for i in integrand.atoms(sp.Indexed)}
    if known - {ENCODER}:
        return max(known)
    if DATUM in leaves and not known:
        return DECODER
    if LATENT in leaves:
        return PRIOR
    if known:
        return ENCODER
    sizes = {places.sizes[s.name] for s in integrand.atoms(sp.Symbol) if s.name in places.sizes}
    return min(sizes, default=DECODER)


def _integrand(e: sp.Basic) -> sp.Basic:
    """The expression without the encoder that its expectations carry along and without what its sums bind."""
    if isinstance(e, _Expectation):
        return _integrand(e.body)
    if isinstance(e, (sp.Sum, DataMean)):
        return _integrand(e.args[0])
    if not e.atoms(_Expectation, sp.Sum, DataMean):
        return e
    return e.func(*(_integrand(a) for a in e.args))
