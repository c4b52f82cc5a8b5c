r"""Sides of claims in numbers: for a batch of points the parts that a side is the sum of, and the scale of its rounding.

The scale is the sum of the |terms| (`lowering`, `witness.elbo`). Of a Python function, whose terms nobody knows, it is $|f|+\sum_a|a\cdot\partial_af|$ over its arguments a, by differences: what f does to
the rounding of what it is given.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np
import sympy as sp

from entropysym.errors import InputError, one_of, shown
from entropysym.language.heads import Elbo, Entropy, ObjectiveValue
from entropysym.language.identity import Identity
from entropysym.language.records import Model, Plate
from entropysym.lowering.arguments import bind
from entropysym.lowering.axes import spread
from entropysym.lowering.evaluator import Evaluator
from entropysym.lowering.quadrature import JointPoints, Nodes, Points
from entropysym.lowering.scope import Scope
from entropysym.lowering.signature import read_signature, size_of
from entropysym.testing.claims import Along, EntropySum, Numbered, closed_forms, derived
from entropysym.testing.flat_points import Flat, configuration
from entropysym.testing.grammar import read_latex
from entropysym.testing.numbered import evaluated
from entropysym.witness.configurations import Configuration, Shape, callables
from entropysym.witness.densities import density
from entropysym.witness.elbo import DensityElbo, density_elbo
from entropysym.witness.gap import gap_function
from entropysym.witness.mutations import terms_through
from entropysym.witness.opaque import stood_in

#: Programs run for a moment, so XLA need not optimise: a fifth of the time.
_COMPILER: dict[str, str | bool | int] = {
    "xla_backend_optimization_level": "0",
    "xla_llvm_disable_expensive_passes": True,
    "xla_cpu_use_fusion_emitters": False,
    "xla_cpu_parallel_codegen_split_count": 1,
}

#: An expression of more terms is compared as a whole.
_MOST_TERMS = 24

#: The relative step of the differences that say how a function multiplies rounding.
_STEP = 2.0**-26

#: What is evaluated for one configuration: parts (P, cells) and scale (cells,).
One = Callable[[Configuration], tuple[jax.Array, jax.Array]]


@dataclass(frozen=True, eq=False)
class Values:
    """Of a batch: parts (count, P, cells), whose sum is the value, and the scale of its rounding (count, cells)."""

    parts: np.ndarray
    scale: np.ndarray

    @property
    def value(self) -> np.ndarray:
        with np.errstate(all="ignore"):  # what is not finite is seen by whoever compares
            return self.parts.sum(axis=1)


class At(Protocol):
    """A side at one shape; `nodes` stand in the place of those of the points. With `rough` the scale may be too small."""

    def __call__(
        self, flat: Flat, nodes: Nodes | None = None, *, rough: bool = False
    ) -> Values: ...


class Side(Protocol):
    """A side of a claim. `own` says whether it is the caller's, so that wrong variants of it are made by other arguments, too."""

    @property
    def own(self) -> bool: ...

    def at(self, model: Model, shape: Shape) -> At: ...


def compiled(one: Callable[[Configuration], Any], batch: Configuration) -> Callable[..., Any]:
    """A function of one configuration as a program for batches of this length."""
    lowered = jax.jit(jax.vmap(one)).lower(batch)
    try:
        return lowered.compile(compiler_options=_COMPILER)  # type: ignore[arg-type]
    except RuntimeError:  # another XLA, which does not know one of them
        return lowered.compile()


class Compiled:
    """A function of one configuration, mapped over batches; compiled once for each number of points and nodes."""

    def __init__(self, model: Model, shape: Shape, one: One) -> None:
        self.model, self.shape, self.one = model, shape, one
        self.made: dict[object, Any] = {}

    def __call__(self, flat: Flat, nodes: Nodes | None = None, *, rough: bool = False) -> Values:
        batch = configuration(self.model, self.shape, flat)
        if nodes is not None:
            count = len(next(iter(flat.values())))
            many = [np.repeat(np.asarray(a)[None], count, 0) for a in (nodes.eps, nodes.weights)]
            batch = replace(batch, nodes=Nodes(*many))  # type: ignore[arg-type]
        key = tuple(np.shape(leaf) for leaf in jax.tree.leaves(batch))
        if key not in self.made:
            self.made[key] = compiled(self.one, batch)
        parts, scale = self.made[key](batch)
        return Values(np.asarray(parts), np.asarray(scale))


@dataclass(frozen=True, eq=False)
class Formula:
    """An expression of the language, over plates of the model where indices are free."""

    expression: sp.Expr
    plates: tuple[Plate, ...] = ()
    own: bool = True

    def at(self, model: Model, shape: Shape) -> At:
        return Compiled(model, shape, self.program(model, shape))

    def program(self, model: Model, shape: Shape) -> One:
        """What is evaluated for one configuration."""
        parts = terms_through(self.expression)
        parts = parts if len(parts) <= _MOST_TERMS else [self.expression]
        wanted = read_signature(tuple(parts), self.plates, model)
        wanted.sizes |= {s for s in (size_of(p.size) for p in self.plates) if isinstance(s, str)}
        networks = callables(model, shape)
        elbo = None if model.is_plain else elbo_of(model)
        axes = tuple(p.index for p in self.plates)
        lengths = [shape[p.size.name] for p in self.plates]

        def one(c: Configuration) -> tuple[jax.Array, jax.Array]:
            arguments = {**c.arrays, **networks(c.weights)}
            nodes = c.nodes if elbo is None else elbo.at(arguments, c.nodes)
            sizes = {name: value for name, value in shape.sizes if name in wanted.sizes}
            evaluator = Evaluator(bind(wanted, {**arguments, **sizes, "noise": nodes}))
            scope = Scope({p.index: size_of(p.size) for p in self.plates})

            def flat(how: Any, e: sp.Expr) -> jax.Array:
                return spread(how(e, scope), axes, lengths).reshape(-1).astype(jnp.float64)

            values = [flat(evaluator.value, e) for e in parts]
            scales = [flat(evaluator.magnitude, e) for e in parts]
            return jnp.stack(values), jnp.sum(jnp.stack(scales), axis=0)

        return one


def elbo_of(model: Model, *, smooth: bool = True) -> DensityElbo:
    """The ELBO from densities. A closed entropy of q is derived where the table of densities has none."""
    laws = [f.family for f in model.q if not f.family.is_any]
    derived_too = any(density(law).entropy is None for law in laws)
    closed = closed_forms(model) if derived_too else None
    return density_elbo(model, closed, smooth=smooth)


@dataclass(frozen=True)
class Densities:
    """The ELBO from the densities, a part for each factor; or what learning maximises."""

    objective: bool = False
    #: Whether the mean of |z| under a Normal law is taken in closed form; not where the other side averages it at the nodes.
    smooth: bool = True
    own: bool = False

    def at(self, model: Model, shape: Shape) -> At:
        return Compiled(model, shape, self.program(model, shape))

    def program(self, model: Model, shape: Shape) -> One:
        """What is evaluated for one configuration."""
        elbo, networks = elbo_of(model, smooth=self.smooth), callables(model, shape)

        def one(c: Configuration) -> tuple[jax.Array, jax.Array]:
            parts = elbo({**c.arrays, **networks(c.weights)}, c.nodes)
            pieces = [*parts.entropies.values(), *parts.log_densities.values()]
            pieces = [parts.objective] if self.objective else pieces
            return jnp.stack(pieces)[:, None], parts.terms[None]

        return one


@dataclass(frozen=True, eq=False)
class AlongDirection:
    r"""$\mathcal F-v\cdot\nabla\mathcal J$ of an identity, a part for $\mathcal F$ and for each parameter that moves."""

    identity: Identity
    own: bool = False

    def at(self, model: Model, shape: Shape) -> At:
        return Compiled(model, shape, self.program(model, shape))

    def program(self, model: Model, shape: Shape) -> One:
        """What is evaluated for one configuration."""
        made, networks = gap_function(self.identity), callables(model, shape)

        def one(c: Configuration) -> tuple[jax.Array, jax.Array]:
            arguments = {**c.arrays, **networks(c.weights)}
            value, terms, gradient, _ = made.gradient(arguments, c.nodes)
            parameters = {p.name: c.arrays[p.name] for p in model.parameters}
            along = [v(**parameters) * gradient[name] for name, v in made.direction.items()]
            parts = [value, *(-jnp.sum(a) for a in along)]
            scale = terms + sum((jnp.sum(jnp.abs(a)) for a in along), jnp.zeros(()))
            return jnp.stack(parts)[:, None], scale[None]

        return one


@dataclass(frozen=True, eq=False)
class Plain:
    """Plain SymPy with numbered entries, at its own sizes only."""

    numbered: Numbered
    own: bool = True

    def at(self, model: Model, shape: Shape) -> At:
        return Compiled(model, shape, self.program(model, shape))

    def program(self, model: Model, shape: Shape) -> One:
        """What is evaluated for one configuration."""
        networks = callables(model, shape)
        parts = sp.Add.make_args(self.numbered.expression)

        def one(c: Configuration) -> tuple[jax.Array, jax.Array]:
            nets = networks(c.weights)
            values, scales = zip(*(evaluated(e, c.arrays, nets) for e in parts), strict=True)
            return jnp.stack(values)[:, None], sum(scales, jnp.zeros(()))[None]

        return one


# -- Python functions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Function:
    """A Python function of arrays, called with what it names."""

    function: Callable[..., Any]
    own: bool = True

    def at(self, model: Model, shape: Shape) -> At:
        names = _names(self.function, model, shape)
        call = _Caller(self.function)
        jitted = _networks(model, shape)

        def value(flat: Flat, nodes: Nodes | None) -> np.ndarray:
            c = configuration(model, shape, flat)
            noise = c.nodes if nodes is None else nodes
            nets = {n: _with_weights(f, c.weights[n]) for n, f in jitted.items()}
            every = {**dict(shape.sizes), **c.arrays, **nets, "noise": noise}
            return call({name: every[name] for name in names})

        def batched(flat: Flat, nodes: Nodes | None = None, *, rough: bool = False) -> Values:
            count = len(next(iter(flat.values())))
            values, scales = [], []
            for k in range(count):
                point = {name: np.asarray(a)[k] for name, a in flat.items()}
                at = value(point, nodes)
                values.append(at)
                more = 0.0 if rough else _amplified(point, at, lambda p: value(p, nodes))
                scales.append(np.abs(at) + more)
            return Values(np.stack(values)[:, None], np.stack(scales))

        return batched


def _amplified(
    point: Mapping[str, np.ndarray], at: np.ndarray, value: Callable[[Flat], np.ndarray]
) -> np.ndarray:
    r"""$\sum_a|a\cdot\partial_af|$ by differences, entries of one array moving together, up and down in turn."""
    total = np.zeros_like(at)
    for name, array in point.items():
        if not np.any(array) or np.all(array == np.round(array)):  # counts and classes are exact
            continue
        signs = np.where(np.arange(array.size).reshape(array.shape) % 2, -1.0, 1.0)
        with np.errstate(all="ignore"):
            moved = np.abs(value({**point, name: array * (1 + _STEP * signs)}) - at) / _STEP
        total = total + np.where(np.isfinite(moved), moved, 0.0)
    return total


def _names(function: Callable[..., Any], model: Model, shape: Shape) -> list[str]:
    """The arguments that a function takes. Raises `InputError` for one that the model has not."""
    known = [v.name for v in model.variables if v.role != "latent"]
    known += [f.name for f in (*model.parameters, *model.networks)]
    known += [name for name, _ in shape.sizes] + ["noise"]
    taken = inspect.signature(function).parameters.values()
    names = [p.name for p in taken if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    names = [p for p in names if p in known or taken_without_default(function, p)]
    for name in names:
        if name not in known:
            raise one_of(name, known, f"argument of {function.__name__}")
    if any(p.kind is p.VAR_KEYWORD for p in taken):
        names += [name for name in known if name not in names]
    return names


def taken_without_default(function: Callable[..., Any], name: str) -> bool:
    return inspect.signature(function).parameters[name].default is inspect.Parameter.empty


class _Caller:
    """Calls a function with NumPy's arrays, or with those of the library that it turns out to want."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.library: str | None = None

    def __call__(self, arguments: Mapping[str, Any]) -> np.ndarray:
        libraries = [self.library] if self.library else _libraries(self.function)
        errors = []
        for library in libraries:
            try:
                with np.errstate(all="ignore"):
                    found = self.function(**_converted(arguments, library))
            except Exception as error:
                errors.append(f"with {library} arrays {type(error).__name__}: {error}")
                continue
            self.library = library
            return _as_numbers(found, getattr(self.function, "__name__", "the function"))
        name = getattr(self.function, "__name__", shown(self.function))
        raise InputError(f"{name} fails: {'; '.join(errors)[:500]}")


def _libraries(function: Callable[..., Any]) -> list[str]:
    """The libraries to try: first those that the function's own module names."""
    names = {getattr(v, "__name__", "") for v in getattr(function, "__globals__", {}).values()}
    known = {"torch": "torch", "jax.numpy": "jax", "jax": "jax", "numpy": "numpy"}
    own = [known[name] for name in known if name in names]
    others = ["numpy", "jax", *(["torch"] if "torch" in sys.modules else [])]
    wanted = [lib for lib in own if lib != "numpy"] if "numpy" not in own else []
    return list(dict.fromkeys([*wanted, *others]))


def _converted(arguments: Mapping[str, Any], library: str) -> dict[str, Any]:
    """The arguments as arrays of a library, each a copy: a function may work in place, and the other side and every later call must not see what it leaves."""

    def into(a: Any) -> Any:
        if library == "torch":
            return sys.modules["torch"].from_numpy(np.array(a, copy=True))
        return jnp.array(a, copy=True) if library == "jax" else np.array(a, copy=True)

    def one(value: Any) -> Any:
        if isinstance(value, (Nodes, Points)):
            return replace(value, **{k: into(v) for k, v in vars(value).items()})
        if isinstance(value, JointPoints):
            return jax.tree.map(lambda a: np.array(a, copy=True), value)
        if isinstance(value, int):
            return value
        if callable(value):
            return lambda *v: into(value(*(jnp.array(np.asarray(a), copy=True) for a in v)))
        array = np.asarray(value, np.float64)
        return float(array) if array.ndim == 0 and library == "numpy" else into(array)

    return {name: one(value) for name, value in arguments.items()}


def _as_numbers(found: Any, name: str) -> np.ndarray:
    """What a function returned, flat, and a copy: it may return a buffer that its next call fills again. Raises `InputError` for what is no float64."""
    if hasattr(found, "detach"):
        found = found.detach().cpu().numpy()
    array = np.asarray(found)
    if array.dtype.kind in "iu":
        array = array.astype(np.float64)
    if array.dtype != np.float64:
        raise InputError(
            f"{name} returned {array.dtype}, which cannot support 8 eps; let it compute in float64"
        )
    if not array.size:
        raise InputError(
            f"{name} returned no number, but an array of shape {array.shape}; nothing could be compared"
        )
    return np.array(array, copy=True).reshape(-1)


def _networks(model: Model, shape: Shape) -> dict[str, Callable[..., Any]]:
    """Each network as a compiled function of its weights and its inputs."""
    make = callables(model, shape)

    def one(name: str) -> Callable[..., Any]:
        return jax.jit(lambda weights, *v: make(_Only(name, weights))[name](*v))

    return {net.name: one(net.name) for net in model.networks}


class _Only(dict):  # type: ignore[type-arg]
    """The weights of one network; of the others nothing is asked."""

    def __init__(self, name: str, weights: Any) -> None:
        super().__init__({name: weights})

    def __missing__(self, name: str) -> dict[str, Any]:
        return {}


def _with_weights(f: Callable[..., Any], weights: Any) -> Callable[..., Any]:
    held = {part: jnp.asarray(a) for part, a in weights.items()}
    return lambda *v: f(held, *v)


# -- from a dress to a side --------------------------------------------------------------------------------------------------


def sides_of(model: Model, left: Any, right: Any) -> tuple[Side, Side]:
    """Both sides of a claim; indices that are free in one run along the result of both."""
    dressed = [undressed(model, side) for side in (left, right)]
    plates = tuple(
        p for p in model.plates
        if any(isinstance(e, sp.Basic) and p.index in e.free_symbols for e in dressed)
    )  # fmt: skip
    kinks = any(isinstance(e, sp.Basic) and e.has(sp.Abs) for e in dressed)
    first, second = (_side(model, e, plates, smooth=not kinks) for e in dressed)
    return first, second


def undressed(model: Model, side: Any) -> Any:
    """A side with text read, derived sums put in and numbers made exact. Raises `InputError` for what is no side."""
    if isinstance(side, str):
        side = read_latex(side, model)
    if isinstance(side, EntropySum):
        return stood_in(model, derived(model).identity.entropy_sum, closed_forms(model))
    if isinstance(side, (Along, Numbered)) or (
        callable(side) and not isinstance(side, (sp.Basic, type))
    ):
        return side
    if isinstance(side, Identity):
        return side
    if isinstance(side, float):
        raise InputError(f"a side is {side}; write it exactly, as sympy.Rational")
    try:
        e = sp.sympify(side, strict=True)
    except sp.SympifyError:
        raise InputError(
            f"{shown(side)} is no side of a claim; pass an expression, a function, LaTeX, ELBO, ENTROPY_SUM, Along or Numbered"
        ) from None
    if not isinstance(e, sp.Expr):
        raise InputError(f"{shown(side)} is no side of a claim, but a {type(e).__name__}")
    if isinstance(e, (Elbo, ObjectiveValue)) or not e.has(Entropy):
        return e
    return stood_in(model, e, closed_forms(model))


def _side(model: Model, e: Any, plates: tuple[Plate, ...], *, smooth: bool) -> Side:
    if isinstance(e, (Elbo, ObjectiveValue)):
        return Densities(isinstance(e, ObjectiveValue), smooth)
    if isinstance(e, Numbered):
        return Plain(e)
    if isinstance(e, Along):
        return AlongDirection(_identity(model, e))
    if isinstance(e, sp.Expr):
        if any(i.is_Integer for entry in e.atoms(sp.Indexed) for i in entry.indices):
            raise InputError(
                f"{shown(e)} has numbered entries; say its sizes: Numbered(expression, D=3, H=2)"
            )
        return Formula(e, plates)
    if callable(e):
        return Function(e)
    raise InputError(f"{shown(e)} is no side of a claim")


def _identity(model: Model, along: Along) -> Identity:
    if along.direction is None:
        return derived(model).identity
    closed = closed_forms(model) if along.entropies is None else along.entropies
    motion = {
        name: read_latex(v, model) if isinstance(v, str) else sp.sympify(v, strict=True)
        for name, v in along.direction.items()
    }
    return Identity(model, motion, sp.S.Zero, sp.S.Zero, closed)
