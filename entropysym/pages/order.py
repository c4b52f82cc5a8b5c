r"""The order in which a paper writes things: encoder, prior, decoder, derivative; what is added before what is subtracted.

SymPy keeps sums and products in an order of its own. Both printers, LaTeX and text, ask this module instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import overload

import sympy as sp

from entropysym.language.formula import array_name, array_of, inside
from entropysym.language.functions import SYMBOLS, argument_of
from entropysym.language.graph import written
from entropysym.language.heads import (
    DataMean,
    Directional,
    Elbo,
    LogDensity,
    NetworkValue,
    ObjectiveValue,
    _Expectation,
    _RoleHead,
)
from entropysym.language.matrices import LogDet, Matrix, MatrixLetter, Scaled, Trace
from entropysym.language.names import Spelled
from entropysym.language.records import DATA, Model
from entropysym.language.symbols import VARIABLES, DatumArray, LatentArray, NoiseArray
from entropysym.pages.marks import BASE, ELL, EXCESS, ScaleSlope, Slice, Slope, Times, Velocity

#: q, p of latents, p of what is observed, derivatives; the factors of a kind follow in the order of the model.
ENCODER, PRIOR, DECODER, DERIVATIVE = range(0, 400, 100)
_RANK = {"encoder": ENCODER, "prior": PRIOR, "decoder": DECODER}


@dataclass(frozen=True, eq=False)  # one object for each page: keys are remembered by it
class Roles:
    """Which factor a name belongs to, so that a spelled-out term can be placed. Empty without a model.

    `pseudo` names the factors whose base measure is not constant: their entropies are pseudo entropies.
    """

    ranks: Mapping[str, int] = field(default_factory=lambda: _RANK)
    names: Mapping[str, int] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    declared: tuple[str, ...] = ()
    pseudo: frozenset[str] = frozenset()
    counts: Mapping[sp.Basic, sp.Basic] = field(default_factory=lambda: {DATA.index: DATA.size})
    spellings: Mapping[str, Spelled] = field(default_factory=dict)


def roles(model: Model) -> Roles:
    """The factor of each parameter and network of a model; what two factors share belongs to the later one."""
    declared = (*(p.name for p in model.parameters), *(w.name for w in model.networks))
    names: dict[str, int] = {}
    ranks = {f.name: ENCODER + i for i, f in enumerate(model.q)}
    for i, f in enumerate(model.p):
        latent = model.variable(f.of[0]).role == "latent"
        ranks[f.name] = (PRIOR if latent else DECODER) + i
    sizes: dict[str, int] = {}
    for f in model.factors:
        for argument in f.arguments:
            names |= dict.fromkeys(_names(argument) & set(declared), ranks[f.name])
    for f in model.p:
        for plate in model.inner(f.of[0]):
            sizes[plate.size.name] = ranks[f.name]
    spelled = written(model.variables, (*model.parameters, *model.networks))
    pseudo = frozenset(f.name for f in model.factors if f.family.log_base_measure != 0)
    counts: dict[sp.Basic, sp.Basic] = {plate.index: plate.size for plate in model.data}
    return Roles(ranks, names, sizes, declared, pseudo, counts, spelled)


@lru_cache(maxsize=2**13)  # the same addends are put in order in every line and form of a page
def _names(e: sp.Basic) -> frozenset[str]:
    names = {w.name for w in e.atoms(NetworkValue, MatrixLetter)}
    names |= {array_name(array_of(i)) for i in e.atoms(sp.Indexed)}
    return frozenset(names | {s.name for s in e.free_symbols if isinstance(s, sp.Symbol)})


@dataclass(frozen=True)
class TakenApart:
    """A term taken apart for printing: sign, the fraction of light factors, and the heavy factors behind it."""

    negative: bool
    numerator: tuple[sp.Expr, ...]
    denominator: tuple[sp.Expr, ...]
    heavy: tuple[sp.Expr | Matrix, ...]


def taken_apart(e: sp.Expr | Matrix, places: Roles) -> TakenApart:
    """Take a term apart. Light are numbers, symbols, array entries and short functions of them; heavy is what reads better
    beside a fraction."""
    if isinstance(e, Matrix):
        if isinstance(e, Scaled) and e.scalar.could_extract_minus_sign():
            return TakenApart(True, (), (), (Scaled(-e.scalar, e.word),))
        return TakenApart(False, (), (), (e,))
    coefficient, rest = e.as_coeff_Mul()
    if not isinstance(coefficient, sp.Rational):
        coefficient, rest = sp.S.One, e
    light: list[sp.Expr] = []
    below: list[sp.Expr] = []
    heavy: list[sp.Expr] = []
    for f in sp.Mul.make_args(rest):
        base, exponent = _base_and_exponent(f)
        if f == 1:
            continue
        if exponent.is_Rational and exponent.is_negative:
            below.append(base**-exponent)
        elif is_light(f):
            light.append(f)
        else:
            heavy.append(f)
    above, under = sp.Integer(abs(coefficient.p)), sp.Integer(coefficient.q)
    return TakenApart(
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


def _base_and_exponent(f: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """A power of a number, like 1/e, counts as a power; any other exponential is a function."""
    if isinstance(f, sp.exp):
        return (sp.E, inside(f)) if inside(f).is_Rational else (f, sp.S.One)
    return (f.base, f.exp) if isinstance(f, sp.Pow) else (f, sp.S.One)


_LETTERS = (sp.Symbol, sp.Indexed, Slice)
#: Functions that may stand inside a fraction if what they are of is short.
_SHORT_FUNCTIONS = (*SYMBOLS, sp.Abs, sp.exp)


def is_light(f: sp.Expr) -> bool:
    """Whether a factor may stand inside a fraction."""
    base, _ = _base_and_exponent(f)
    if isinstance(base, (*SYMBOLS, sp.Abs)):
        return sp.fraction(argument_of(base), exact=True)[1] == 1  # no fraction in a fraction
    if isinstance(base, sp.exp):
        return all(is_light(a) for m in sp.Add.make_args(inside(base)) for a in sp.Mul.make_args(m))
    return bool(
        base.is_Number or base.is_NumberSymbol or isinstance(base, (*_LETTERS, NetworkValue, Times))
    )


def _light_key(f: sp.Expr, places: Roles) -> tuple[int, str]:
    """Numbers, constants, sizes, parameters, data, networks, functions, latents, noise: the order of $W_{dh}\\,x_{nd}\\,z_h$."""
    base, _ = _base_and_exponent(f)
    if base.is_Number:
        kind = 0
    elif base.is_NumberSymbol:
        kind = 1
    elif isinstance(base, sp.Symbol):
        kind = 3 if base.name not in places.sizes and not base.is_integer else 2
    elif isinstance(base, sp.Indexed):
        drawn = {DatumArray: 5, LatentArray: 8, NoiseArray: 9}
        kind = next((k for a, k in drawn.items() if isinstance(array_of(base), a)), 4)
    elif isinstance(base, NetworkValue):
        kind = 6
    elif isinstance(base, _SHORT_FUNCTIONS):
        kind = 7
    else:
        kind = 10
    # pi before e, as in 2 pi e sigma^2
    return kind, "" if base is sp.pi else str(base)


#: Binders in the order in which they stand behind a fraction.
_BINDERS = (_Expectation, sp.Sum, DataMean, Directional)


def _heavy_key(f: sp.Expr) -> tuple[int, str]:
    base, _ = _base_and_exponent(f)
    if isinstance(base, (Slope, ScaleSlope)):  # $v\,\partial_\theta\ell$, what moves first
        return 3 + len(_BINDERS), str(f)
    if base == f and isinstance(base, _BINDERS):
        kind = 3 + next(k for k, binder in enumerate(_BINDERS) if isinstance(base, binder))
    else:
        kind = 2 if isinstance(base, sp.Add) else 1 if isinstance(base, (LogDet, Trace)) else 0
    return kind, str(f)


@overload
def in_order(e: sp.Expr, places: Roles) -> list[sp.Expr]: ...
@overload
def in_order(e: Matrix, places: Roles) -> list[Matrix]: ...
def in_order(e: sp.Expr | Matrix, places: Roles) -> Sequence[sp.Expr | Matrix]:
    """The addends in the order of the page. A page does not open with a minus if it need not."""
    if not isinstance(e, sp.Add):
        return [e]
    ordered = sorted(sp.Add.make_args(e), key=lambda a: _addend_key(a, places))
    first = next((a for a in ordered if not taken_apart(a, places).negative), None)
    if first is not None and first is not ordered[0]:
        ordered.remove(first)
        ordered.insert(0, first)
    return ordered


@lru_cache(maxsize=2**12)
def _addend_key(a: sp.Expr, places: Roles) -> tuple[int | str, ...]:
    taken = taken_apart(a, places)
    integrand = _integrand(a)
    names = _names(integrand)
    leaves = integrand.atoms(sp.Indexed)
    reads = {a: any(isinstance(array_of(i), a) for i in leaves) for a in VARIABLES}
    constant = not integrand.atoms(sp.Symbol, sp.Indexed, _RoleHead, Elbo, MatrixLetter) - _sizes(
        integrand, places
    )
    return (
        rank(a, places),
        0 if constant else 1,
        1 if taken.negative else 0,
        0 if a.atoms(LogDensity) else 1,
        1 if reads[NoiseArray] else 0,
        0 if reads[DatumArray] else 1,
        0 if reads[LatentArray] else 1,
        len(a.atoms(sp.Sum)),
        min((i for i, name in enumerate(places.declared) if name in names), default=-1),
        sp.srepr(a),
    )


def _sizes(e: sp.Basic, places: Roles) -> set[sp.Basic]:
    return {s for s in e.atoms(sp.Symbol) if s.name in places.sizes}


def rank(a: sp.Expr, places: Roles) -> int:
    """The factor that a term belongs to, by the heads in it, else by the names, else by what it reads."""
    if a.atoms(Directional, Slope, ScaleSlope, Velocity):
        # Under the derivative the same order holds among the parts.
        inside = [
            rank(d.body, places)
            for d in a.atoms(Directional)
            if not isinstance(d.body, (Elbo, ObjectiveValue))
        ]
        return DERIVATIVE + min(inside, default=DERIVATIVE)
    if not {ELL, BASE}.isdisjoint(a.free_symbols):
        return ENCODER
    if EXCESS in a.free_symbols:
        return DERIVATIVE
    heads = a.atoms(_RoleHead)
    if heads:
        return min(places.ranks.get(h.role, DECODER) for h in heads)
    integrand = _integrand(a)
    known = {places.names[name] for name in _names(integrand) if name in places.names}
    leaves = {type(array_of(i)) for i in integrand.atoms(sp.Indexed)}
    if any(place >= PRIOR for place in known):
        return max(known)
    # A network that the model does not declare abbreviates what the decoder reads.
    if not known and (_any(leaves, DatumArray) or integrand.atoms(NetworkValue)):
        return DECODER
    if _any(leaves, LatentArray):
        return PRIOR
    if known:
        return max(known)
    sizes = {places.sizes[s.name] for s in integrand.atoms(sp.Symbol) if s.name in places.sizes}
    return min(sizes, default=DECODER)


def _any(kinds: set[type], kind: type) -> bool:
    return any(issubclass(k, kind) for k in kinds)


@lru_cache(maxsize=2**13)
def _integrand(e: sp.Basic) -> sp.Basic:
    """The expression without the encoder that its expectations carry along and without what its sums bind."""
    if isinstance(e, _Expectation):
        return _integrand(e.body)
    if isinstance(e, (sp.Sum, DataMean)):
        return _integrand(e.args[0])
    if not e.atoms(_Expectation, sp.Sum, DataMean):
        return e
    return e.func(*(_integrand(a) for a in e.args))
