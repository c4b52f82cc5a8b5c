"""What a lowered expression needs: the names of its arguments, and the sizes of their axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from entropysym.errors import InputError, shown
from entropysym.language.functions import Sigmoid, Softplus
from entropysym.language.heads import (
    DataMean,
    Directional,
    Elbo,
    EncoderExpectation,
    Entropy,
    LawExpectation,
    LogBaseMeasure,
    LogDensity,
    NetworkValue,
    NoiseExpectation,
    ObjectiveValue,
    Vector,
)
from entropysym.language.matrices import (
    Inverse,
    LogDet,
    Matrix,
    MatrixLetter,
    MatrixNetwork,
    MatrixProduct,
    Quadratic,
    Scaled,
    Trace,
    Transposed,
)
from entropysym.language.records import Family, Model, Plate
from entropysym.language.symbols import DATUM, LATENT, NOISE

#: A size is known by its symbol's name, or is a literal integer.
Size = str | int

Scope = Mapping[sp.Symbol, Size]

EXPECTATIONS = (EncoderExpectation, NoiseExpectation)
DATA_SIZE = "N"

#: The size of a latent that only its own indices tell.
_ITS_OWN: Size = ""

#: The functions that can be lowered.
FUNCTIONS = (sp.log, sp.exp, sp.Abs, sp.tanh, sp.loggamma, Softplus, Sigmoid)

#: What makes words of letters.
_WORDS = (MatrixProduct, Scaled, Inverse, Transposed)


def is_weighted(encoder: Family) -> bool:
    """Whether an encoder is evaluated at `Points`: it has no location and scale, so no noise gives its draws."""
    return not encoder.is_multivariate and (encoder.location is None or encoder.scale is None)


def size_of(e: sp.Basic) -> Size:
    """The size that an upper limit or a `Vector` names."""
    if isinstance(e, sp.Integer) and e >= 1:
        return int(e)
    if isinstance(e, sp.Symbol):
        return e.name
    raise InputError(
        f"{shown(e)} is no size: sums run from 1 to a size such as H, or to an integer"
    )


def reversal(e: sp.Basic, scope: Scope) -> sp.Symbol | None:
    """The index i of `S + 1 - i`, where i = 1, …, S; None for anything else."""
    bound = [s for s in e.free_symbols if s in scope]
    if len(bound) != 1:
        return None
    size = scope[bound[0]]  # type: ignore[index]
    rest = sp.expand(e + bound[0] - 1)  # type: ignore[operator]
    same = rest == size if isinstance(size, int) else getattr(rest, "name", None) == size
    return bound[0] if same else None  # type: ignore[return-value]


@dataclass
class Signature:
    """Arguments by name: arrays with their sizes, networks with their input and output sizes, and the noise's size.

    With `weighted` the noise is `Points`. `opaque` is the latent's size where an encoder's entropy is a number for each datum.
    """

    arrays: dict[str, tuple[Size, ...]] = field(default_factory=dict)
    networks: dict[str, tuple[tuple[Size, ...], tuple[Size, ...]]] = field(default_factory=dict)
    noise: Size | None = None
    sizes: set[str] = field(default_factory=set)
    optional: set[str] = field(default_factory=set)
    weighted: bool = False
    opaque: Size | None = None

    def text(self) -> dict[str, str]:
        """Name to shape, for a person."""
        out = {name: shape_text(sizes) for name, sizes in sorted(self.arrays.items())}
        for name, (inputs, outputs) in sorted(self.networks.items()):
            out[name] = f"{' x '.join(f'({s},)' for s in inputs)} -> {shape_text(outputs)}"
        if self.noise is not None and self.weighted:
            N = DATA_SIZE
            out["noise"] = f"Points: z ({N}, S, {self.noise}), weights ({N}, S), entropy ({N},)"
        elif self.noise is not None:
            out["noise"] = f"Nodes: eps (S, {self.noise}), weights (S,)"
        return out

    def add_array(self, name: str, sizes: tuple[Size, ...]) -> None:
        self._merge(self.arrays, name, sizes)

    def add_network(self, name: str, inputs: tuple[Size, ...], outputs: tuple[Size, ...]) -> None:
        self._merge(self.networks, name, (inputs, outputs))

    def add_noise(self, size: Size) -> None:
        if self.noise is not None and self.noise != size:
            raise InputError(f"the latent has size {self.noise} in one place and {size} in another")
        self.noise = size

    def _merge(self, table: dict[str, Any], name: str, new: Any) -> None:
        other = self.networks if table is self.arrays else self.arrays
        if name in other or table.setdefault(name, new) != new:
            old = other.get(name, table.get(name))
            raise InputError(f"{name} is used with sizes {shown(old)} and {shown(new)}")


def shape_text(sizes: tuple[Size, ...]) -> str:
    return f"({', '.join(str(s) for s in sizes)}{',' if len(sizes) == 1 else ''})"


def read_signature(
    expressions: tuple[sp.Basic, ...],
    plates: tuple[Plate, ...] = (),
    model: Model | None = None,
    latent: Size | None = None,
) -> Signature:
    """Walk expressions whose free indices are those of `plates`; `latent` is the size of a z that is free in them.

    With a model, its other parameters, its networks, the data and the noise are accepted too, and their shapes are the declared ones.
    """
    s = Signature()
    if model is not None and is_weighted(model.encoder.family):
        s.weighted, s.opaque = True, model.latent.size.name
    scope = {p.index: size_of(p.size) for p in plates}
    for e in expressions:
        _walk(e, scope, s, latent)
    if model is None:
        return s
    needed = set(s.text())
    s.add_array("x", (DATA_SIZE, model.observed.size.name))
    for p in model.parameters:
        s.add_array(p.name, tuple(plate.size.name for plate in p.plates))
    for net in model.networks:
        s.add_network(
            net.name, tuple(i.name for i in net.inputs), tuple(p.size.name for p in net.plates)
        )
    s.add_noise(model.latent.size.name)
    s.optional = set(s.text()) - needed
    return s


def _walk(e: sp.Basic, scope: Scope, s: Signature, latent: Size | None) -> None:
    if isinstance(e, Entropy) and e.role == "encoder" and s.opaque is not None:
        _demand_datum(e, e.args[1], scope)
        s.add_noise(s.opaque)
    elif isinstance(e, (LogDensity, Entropy, LogBaseMeasure)):
        raise InputError(
            f"{e} names a factor; replace it by its formula first (language.objective.spelled_out)"
        )
    elif isinstance(e, (Elbo, ObjectiveValue, Directional)):
        raise InputError(
            f"{e} cannot be lowered: it stands for a quantity of the model; use witness.density_elbo or witness.measure_gap"
        )
    elif isinstance(e, sp.Sum):
        inner = dict(scope)
        for i, lower, upper in reversed(e.limits):
            if lower != 1:
                raise InputError(f"the sum over {i} starts at {shown(lower)}; sums start at 1")
            inner[i] = _noted(size_of(upper), s)
        _walk(e.function, inner, s, latent)
    elif isinstance(e, DataMean):
        _walk(e.body, {**scope, e.args[1]: DATA_SIZE}, s, latent)  # type: ignore[dict-item]
    elif isinstance(e, EXPECTATIONS):
        if not {LATENT.label, NOISE.label} & e.body.free_symbols:
            _walk(e.body, scope, s, latent)  # a constant: the encoder is not needed
            return
        if isinstance(e, LawExpectation):
            _demand_datum(e, e.datum, scope)
            s.weighted = True
            own = size_of(e.law[0].args[2]) if e.law else _ITS_OWN  # type: ignore[attr-defined]
            if own != _ITS_OWN:
                s.add_noise(_noted(own, s))
            _walk(e.body, scope, s, own)
            return
        own = size_of(e.args[2].args[2])
        s.add_noise(_noted(own, s))
        h, location, scale = e.encoder
        for part in (location, scale):
            _walk(part, {**scope, h: own}, s, None)
        if isinstance(scale, Matrix):
            _same_sizes(e, own, scale)
        _walk(e.body, scope, s, own)
    elif isinstance(e, NetworkValue):
        for v in e.inputs:
            _walk(v, scope, s, latent)
        inputs = tuple(size_of(v.args[2]) for v in e.inputs)
        s.add_network(e.name, inputs, tuple(_index(i, scope, e) for i in e.indices))
    elif isinstance(e, MatrixLetter):
        size = _noted(size_of(e.size), s)
        if isinstance(e, MatrixNetwork):
            for v in e.inputs:
                _walk(v, scope, s, latent)
            s.add_network(e.name, tuple(size_of(v.args[2]) for v in e.inputs), (size, size))
        else:
            s.add_array(e.name, (size, size))
    elif isinstance(e, (*_WORDS, LogDet, Trace, Quadratic)):
        words = [a for a in e.args if isinstance(a, Matrix)]
        vectors = [size_of(a.args[2]) for a in e.args if isinstance(a, Vector)]
        _same_sizes(e, *vectors, *words)
        for a in e.args:
            _walk(a, scope, s, latent)
    elif isinstance(e, Vector):
        _walk(e.body, {**scope, e.args[1]: _noted(size_of(e.args[2]), s)}, s, latent)  # type: ignore[dict-item]
    elif isinstance(e, sp.Indexed):
        sizes = tuple(_index(i, scope, e) for i in e.indices)
        if e.base in (LATENT, NOISE):
            if latent is None:
                raise InputError(f"{e} stands outside every expectation, so there is no z to take")
            if latent == _ITS_OWN:
                s.add_noise(sizes[0])
            elif sizes != (latent,):
                raise InputError(
                    f"{e} is indexed by {shape_text(sizes)}, the latent by ({latent},)"
                )
        else:
            s.add_array("x" if e.base == DATUM else e.base.label.name, sizes)
    elif isinstance(e, sp.Symbol):
        if scope.get(e) == DATA_SIZE:
            raise InputError(f"{e} counts data points, which infinite data lack; it is no number")
        if e not in scope:
            if e.is_integer and e.is_positive:
                s.sizes.add(e.name)
            else:
                s.add_array(e.name, ())
    elif isinstance(e, (sp.Add, sp.Mul, sp.Pow, sp.NumberSymbol, *FUNCTIONS)) or (
        isinstance(e, sp.Number) and e.is_finite
    ):
        for a in e.args:
            _walk(a, scope, s, latent)
    else:
        raise InputError(f"cannot lower {shown(e)} ({type(e).__name__}): no JAX function for it")


def _demand_datum(e: sp.Basic, datum: sp.Basic, scope: Scope) -> None:
    if scope.get(datum) != DATA_SIZE:  # type: ignore[call-overload]
        raise InputError(f"{e} stands outside every data mean, so there is no {datum} to take")


def _same_sizes(where: sp.Basic, *parts: Size | Matrix) -> None:
    sizes = [size_of(p.size) if isinstance(p, Matrix) else p for p in parts]
    if len(set(sizes)) > 1:
        raise InputError(f"{shown(where)} joins the sizes {' and '.join(map(str, sizes))}")


def _noted(size: Size, s: Signature) -> Size:
    if isinstance(size, str):
        s.sizes.add(size)
    return size


def _index(i: sp.Basic, scope: Scope, where: sp.Basic) -> Size:
    symbol = i if i in scope else reversal(i, scope)
    if symbol is None:
        known = ", ".join(str(k) for k in scope) or "none"
        raise InputError(
            f"{i} in {shown(where)} is no bound index (bound here: {known}); bind it by a sum or pass its plate"
        )
    return scope[symbol]  # type: ignore[index]
