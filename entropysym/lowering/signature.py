"""What a lowered expression needs: the names of its arguments, and the sizes of their axes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

import sympy as sp
from sympy.core.function import AppliedUndef

from entropysym.errors import InputError, shown
from entropysym.language.algebra import reads_latent
from entropysym.language.formula import array_name, array_of
from entropysym.language.functions import row_of
from entropysym.language.heads import (
    AbstractValue,
    DataMean,
    Directional,
    Elbo,
    EncoderExpectation,
    Entropy,
    JointExpectation,
    JointNoiseExpectation,
    LawExpectation,
    LogBaseMeasure,
    LogDensity,
    NetworkValue,
    NoiseExpectation,
    ObjectiveValue,
    Vector,
)
from entropysym.language.matrices import (
    Entry,
    Inverse,
    LogDet,
    Matrix,
    MatrixLetter,
    MatrixNetwork,
    MatrixProduct,
    MatrixVariable,
    Quadratic,
    Scaled,
    Trace,
    Transposed,
)
from entropysym.language.records import Family, Lag, Model, Plate
from entropysym.language.symbols import LAG, LatentArray, NoiseArray, latent_of

_Shape = TypeVar("_Shape")

#: A size is known by its symbol's name, or is a literal integer.
Size = str | int

#: The sizes of the indices that are bound.
Sizes = Mapping[sp.Symbol, Size]

EXPECTATIONS = (EncoderExpectation, NoiseExpectation)
DATA_SIZE = "N"

#: The size of a latent that only its own indices tell.
_ITS_OWN: Size = ""
#: Under the joint expectation of a graph.
_JOINT: Size = "joint"
#: Of an axis at which one entry is asked for by its number.
ANY_SIZE: Size = "…"
#: Of the points of a network's values under an expectation.
SAMPLES: Size = "samples"
_SAMPLE = sp.Dummy("s", integer=True, positive=True)

#: The functions that can be lowered, beside those with a row.
FUNCTIONS = (sp.log, sp.exp, sp.Abs, sp.tanh)

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


def bound_index(e: sp.Basic, sizes: Sizes) -> sp.Symbol | None:
    """The index that an entry stands at: i itself, or that of `S + 1 - i`, where i = 1, …, S; None for anything else."""
    if isinstance(e, sp.Symbol) and e in sizes:
        return e
    bound = [s for s in e.free_symbols if isinstance(s, sp.Symbol) and s in sizes]
    if len(bound) != 1 or not isinstance(e, sp.Expr):
        return None
    size = sizes[bound[0]]
    rest = sp.expand(e + bound[0] - 1)
    same = rest == size if isinstance(size, int) else getattr(rest, "name", None) == size
    return bound[0] if same else None


@dataclass
class Signature:
    """Arguments by name: arrays with their sizes, networks with their input and output sizes, and the noise's size.

    With `weighted` the noise is `Points`. `opaque` is the latent's size where an encoder's entropy is a number for each datum. Of a graph, whose noise is
    `JointPoints`, `data` has the size of each data plate by its index, `latents` the data size (empty if global) and the sizes of each latent variable; `reads_points` says whether the noise is needed.
    """

    arrays: dict[str, tuple[Size, ...]] = field(default_factory=dict)
    networks: dict[str, tuple[tuple[Size, ...], tuple[Size, ...]]] = field(default_factory=dict)
    noise: Size | None = None
    sizes: set[str] = field(default_factory=set)
    optional: set[str] = field(default_factory=set)
    weighted: bool = False
    opaque: Size | None = None
    data: dict[sp.Symbol, str] = field(default_factory=dict)
    latents: dict[str, tuple[str, tuple[Size, ...]]] | None = None
    lags: dict[str, Lag] = field(default_factory=dict)
    reads_points: bool = False
    given: frozenset[str] = frozenset()
    places: dict[str, tuple[Vector, ...]] = field(default_factory=dict)

    def text(self) -> dict[str, str]:
        """Name to shape, for a person."""
        out = {name: shape_text(sizes) for name, sizes in sorted(self.arrays.items())}
        for name, (inputs, outputs) in sorted(self.networks.items()):
            out[name] = f"{' x '.join(f'({s},)' for s in inputs)} -> {shape_text(outputs)}"
        if self.latents is not None:
            out["noise"] = f"JointPoints of {', '.join(self.latents) or 'no latents'}"
        elif self.noise is not None and self.weighted:
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

    def _merge(self, table: dict[str, _Shape], name: str, new: _Shape) -> None:
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
    given: frozenset[str] = frozenset(),
) -> Signature:
    """Walk expressions whose free indices are those of `plates`; `latent` is the size of a z that is free in them; `given` names networks whose values are passed as arrays.

    With a model, its other parameters, its networks, the data and the noise are accepted too, and their shapes are the declared ones.
    """
    s = Signature(given=given)
    if model is not None and not model.is_plain:
        s = jointly(s, model)
    elif model is not None and is_weighted(model.encoder.family):
        s.weighted, s.opaque = True, model.latent.size.name
    sizes = {p.index: size_of(p.size) for p in plates}
    for e in expressions:
        _walk(e, sizes, s, latent)
    if model is None:
        return s
    needed = set(s.text()) - (set() if model.is_plain or s.reads_points else {"noise"})
    for v in model.variables:
        if v.role != "latent":
            s.add_array(v.name, tuple(plate.size.name for plate in v.plates))
    for p in model.parameters:
        s.add_array(p.name, tuple(plate.size.name for plate in p.plates))
    for net in model.networks:
        if net.name in given:
            continue
        s.add_network(
            net.name, tuple(i.name for i in net.inputs), tuple(p.size.name for p in net.plates)
        )
    if model.is_plain:
        s.add_noise(model.latent.size.name)
    s.optional = set(s.text()) - needed
    return s


def jointly(signature: Signature, model: Model) -> Signature:
    """The same signature, with all latents of a model standing for their values at joint points."""
    return replace(
        signature,
        data={plate.index: plate.size.name for plate in model.data},
        latents={v.name: _latent_sizes(model, v.name) for v in model.latents},
        lags={lag.name: lag for lag in model.lags},
    )


def demand_values(
    expressions: tuple[sp.Basic, ...], plates: tuple[Plate, ...], model: Model
) -> None:
    """Raise `InputError` for what has no value at joint points, in expressions whose free indices are those of `plates` and in which latents are free."""
    s = jointly(Signature(), model)
    for e in expressions:
        _walk(e, {p.index: size_of(p.size) for p in plates}, s, _JOINT)


def _latent_sizes(model: Model, name: str) -> tuple[str, tuple[Size, ...]]:
    datum = model.datum(name)
    return datum.size.name if datum else "", tuple(p.size.name for p in model.inner(name))


def _walk(e: sp.Basic, sizes: Sizes, s: Signature, latent: Size | None) -> None:
    match e:
        case Entropy() if e.role == "encoder" and s.opaque is not None:
            _demand_datum(e, e.datum[0], sizes)
            s.add_noise(s.opaque)
        case Entropy() if s.latents is not None and e.law:
            s.reads_points = True
            for datum in e.datum:
                if datum not in sizes:
                    raise InputError(f"{e} stands outside every data mean")
        case LogDensity() | Entropy() | LogBaseMeasure():
            raise InputError(
                f"{e} names a factor; replace it by its formula first (language.objective.spelled_out)"
            )
        case Elbo() | ObjectiveValue() | Directional():
            raise InputError(
                f"{e} cannot be lowered: it stands for a quantity of the model; use witness.density_elbo or witness.measure_gap"
            )
        case sp.Sum():
            inner = dict(sizes)
            for i, lower, upper in reversed(e.limits):
                if lower != 1:
                    raise InputError(f"the sum over {i} starts at {shown(lower)}; sums start at 1")
                inner[i] = _noted(size_of(upper), s)
            _walk(e.function, inner, s, latent)
        case DataMean():
            _walk(e.body, {**sizes, e.index: s.data.get(e.index, DATA_SIZE)}, s, latent)
        case EncoderExpectation() | NoiseExpectation():
            _walk_expectation(e, sizes, s)
        case NetworkValue():
            outputs = tuple(_index(i, sizes, e) for i in e.indices)
            _walk_network(e, outputs, sizes, s, latent)
        case AbstractValue():
            _walk(e.inside if e.vector is None else e.vector, sizes, s, latent)
        case MatrixLetter():
            _walk_letter(e, sizes, s, latent)
        case Vector():
            _walk(e.body, {**sizes, e.index: _noted(size_of(e.size), s)}, s, latent)
        case AppliedUndef():
            _walk_plain_network(e, sizes, s, latent)
        case sp.Indexed():
            own = tuple(_index(i, sizes, e) for i in e.indices)
            _walk_variable(e, array_of(e), own, s, latent)
        case sp.Symbol():
            _walk_symbol(e, sizes, s)
        case _:
            _walk_parts(e, sizes, s, latent)


def _walk_letter(e: MatrixLetter, sizes: Sizes, s: Signature, latent: Size | None) -> None:
    size = _noted(size_of(e.size), s)
    if isinstance(e, MatrixVariable):
        own = (*(_index(i, sizes, e) for i in e.indices), size, size)
        _walk_variable(e, e.array, own, s, latent)
    elif isinstance(e, MatrixNetwork):
        _walk_network(e, (size, size), sizes, s, latent)
    else:
        s.add_array(e.name, (size, size))


def _walk_parts(e: sp.Basic, sizes: Sizes, s: Signature, latent: Size | None) -> None:
    """Arithmetic, functions and words of matrices: what has no name of its own."""
    if isinstance(e, Entry):
        _same_sizes(e, *(_index(i, sizes, e) for i in e.indices), e.word)
        _walk(e.word, sizes, s, latent)
        return
    if isinstance(e, (*_WORDS, LogDet, Trace, Quadratic)):
        words = [a for a in e.args if isinstance(a, Matrix)]
        vectors = [size_of(a.size) for a in e.args if isinstance(a, Vector)]
        _same_sizes(e, *vectors, *words)
    elif not _is_arithmetic(e):
        raise InputError(
            f"cannot lower {shown(e)} ({type(e).__name__}): no function of arrays for it"
        )
    for a in e.args:
        _walk(a, sizes, s, latent)


def _is_arithmetic(e: sp.Basic) -> bool:
    known = isinstance(e, (sp.Add, sp.Mul, sp.Pow, sp.NumberSymbol, *FUNCTIONS))
    return known or row_of(e) is not None or (isinstance(e, sp.Number) and bool(e.is_finite))


def _walk_expectation(e: EncoderExpectation | NoiseExpectation, sizes: Sizes, s: Signature) -> None:
    if not reads_latent(e.body):
        _walk(e.body, sizes, s, None)  # a constant: the encoder is not needed
        return
    if isinstance(e, (JointExpectation, JointNoiseExpectation)):
        if s.latents is None:
            raise InputError(f"{shown(e)} is over the latents of a graph; pass its model")
        s.reads_points = True
        _walk(e.body, sizes, s, _JOINT)
        return
    if isinstance(e, LawExpectation):
        _demand_datum(e, e.datum, sizes)
        s.weighted = True
        own = size_of(e.location.size) if e.law else _ITS_OWN
        if own != _ITS_OWN:
            s.add_noise(_noted(own, s))
    else:
        own = size_of(e.location.size)
        s.add_noise(_noted(own, s))
        h, location, scale = e.encoder
        for part in (location, scale):
            _walk(part, {**sizes, h: own}, s, None)
        if isinstance(scale, Matrix):
            _same_sizes(e, own, scale)
    _walk(e.body, sizes, s, own)


def _walk_network(
    e: NetworkValue | MatrixNetwork,
    outputs: tuple[Size, ...],
    sizes: Sizes,
    s: Signature,
    latent: Size | None,
) -> None:
    if e.name in s.given:
        leading = tuple(sizes.get(i, SAMPLES) for i in network_axes(e, sizes, _SAMPLE, s.data))
        if e.name in s.arrays and s.places.get(e.name) != e.inputs:
            raise InputError(
                f"{e.name} reads different vectors in one expression, so its values are no one array; pass a function"
            )
        s.places[e.name] = e.inputs
        s.add_array(e.name, (*leading, *outputs))
        return
    for v in e.inputs:
        _walk(v, sizes, s, latent)
    s.add_network(e.name, tuple(size_of(v.size) for v in e.inputs), outputs)


def network_axes(
    e: NetworkValue | MatrixNetwork,
    sizes: Sizes,
    sample: sp.Symbol,
    data: Mapping[sp.Symbol, str],
) -> tuple[sp.Symbol, ...]:
    """The axes over which a network's values differ: the bound indices that its inputs see, outermost first; of latents their datum, and the points."""
    free = set().union(*(v.free_symbols for v in e.inputs))
    latent = any(map(reads_latent, e.inputs))
    counts = {DATA_SIZE, *data.values()} if latent else set()
    seen = tuple(i for i, size in sizes.items() if i in free or size in counts)
    return (*seen, sample) if latent else seen


_PLAIN = re.compile(r"(?P<name>.+?)(?P<at>(?:__\d+)*)\Z")


def plain_network(e: AppliedUndef) -> tuple[str, tuple[int, ...]]:
    """The name of a network in plain SymPy, and the indices of the output: mu__1(…) is its first."""
    found = _PLAIN.match(e.func.__name__)
    assert found is not None
    return found["name"], tuple(map(int, found["at"].split("__")[1:]))


def _walk_plain_network(e: AppliedUndef, sizes: Sizes, s: Signature, latent: Size | None) -> None:
    for a in e.args:
        _walk(a, sizes, s, latent)
    name, at = plain_network(e)
    s.add_network(name, (len(e.args),), (ANY_SIZE,) * len(at))


def _walk_variable(
    e: sp.Basic, array: sp.IndexedBase, own: tuple[Size, ...], s: Signature, latent: Size | None
) -> None:
    """An entry of an array, or a variable that is a matrix, whose axes have these sizes."""
    drawn = isinstance(array, (LatentArray, NoiseArray))
    if drawn and latent == _JOINT and s.latents is not None:
        name = array_name(array).removesuffix(LAG)
        name = latent_of(array) if isinstance(array, NoiseArray) else name
        wanted = s.latents[name][1] if name in s.latents else None
        if own != wanted:
            raise InputError(f"{e} is indexed by {shape_text(own)}, the latent by {shown(wanted)}")
        return
    if not isinstance(array, (LatentArray, NoiseArray)):
        s.add_array(array_name(array).removesuffix(LAG), own)
    elif latent is None:
        raise InputError(f"{e} stands outside every expectation, so there is no z to take")
    elif latent == _ITS_OWN:
        s.add_noise(own[0])
    elif own != (latent,):
        raise InputError(f"{e} is indexed by {shape_text(own)}, the latent by ({latent},)")


def _walk_symbol(e: sp.Symbol, sizes: Sizes, s: Signature) -> None:
    if sizes.get(e) in (DATA_SIZE, *s.data.values()):
        raise InputError(f"{e} counts data points, which infinite data lack; it is no number")
    if e in sizes:
        return
    if e.is_integer and e.is_positive:
        s.sizes.add(e.name)
    else:
        s.add_array(e.name, ())


def _demand_datum(e: sp.Basic, datum: sp.Symbol, sizes: Sizes) -> None:
    if sizes.get(datum) != DATA_SIZE:
        raise InputError(f"{e} stands outside every data mean, so there is no {datum} to take")


def _same_sizes(where: sp.Basic, *parts: Size | Matrix) -> None:
    sizes = [size_of(p.size) if isinstance(p, Matrix) else p for p in parts]
    if len(set(sizes)) > 1:
        raise InputError(f"{shown(where)} joins the sizes {' and '.join(map(str, sizes))}")


def _noted(size: Size, s: Signature) -> Size:
    if isinstance(size, str):
        s.sizes.add(size)
    return size


def _index(i: sp.Basic, sizes: Sizes, where: sp.Basic) -> Size:
    if isinstance(i, sp.Integer):
        return ANY_SIZE
    symbol = bound_index(i, sizes)
    if symbol is None:
        known = ", ".join(str(k) for k in sizes) or "none"
        raise InputError(
            f"{i} in {shown(where)} is no bound index (bound here: {known}); bind it by a sum or pass its plate"
        )
    return sizes[symbol]
