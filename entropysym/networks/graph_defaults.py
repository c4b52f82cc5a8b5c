r"""A graph of factors made concrete: its sizes, small networks, simulated data that it does not fit, and what learning maximises.

Where q is of any law the exact log-likelihood is maximised, q being the posterior (on a grid, where the log-density is not quadratic in the real latents); else the ELBO with
nodes for the noise and every value of discrete latents.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import sympy as sp
from jaxtyping import Array, Float

from entropysym.errors import InputError
from entropysym.exact import Exact, exact
from entropysym.language.formula import array_name, array_of
from entropysym.language.heads import NetworkValue
from entropysym.language.matrices import MatrixNetwork
from entropysym.language.records import Model, Network, Variable
from entropysym.language.symbols import LAG, MATRIX_RANGES
from entropysym.lowering.precision import require_x64
from entropysym.lowering.quadrature import JointPoints, cubature, gauss_hermite
from entropysym.networks.defaults import into
from entropysym.witness.densities import is_drawn
from entropysym.witness.elbo import DensityElbo, density_elbo

#: Hidden tanh units of a default network; data points that are simulated, and where the likelihood is maximised; points of a grid for each entry of a real latent.
HIDDEN, SIMULATED, LIKELY = 2, 240, 400
GRID = (-1.5, -0.5, 0.5, 1.5)

#: Nodes of the noise: a product rule of this order in few dimensions, else the cubature that is exact for quadratic integrands.
_PRODUCT, _ORDER = 3, 6

#: What is learned of a network: all but its tanh units, which are given.
_LEARNED = ("outside", "squares", "linear", "shift")

Pytree = Any


@dataclass(frozen=True, eq=False)
class ConcreteGraph:
    """A graph with numbers in place of sizes. `arguments(p)` gives parameters and networks by the model's names; `start` is what is learned, `fixed` what is not.

    `maximised(p, data)` is what learning maximises; `points(p, data)` are the joint points of q there. `exact` is None where q has laws of its own.
    """

    model: Model
    sizes: Mapping[str, int]
    start: Pytree
    fixed: Pytree
    constants: Mapping[str, Array]
    elbo: DensityElbo
    exact: Exact | None
    nodes: JointPoints | None

    def arguments(self, parameters: Pytree) -> dict[str, Any]:
        """Every parameter as an array, every network as a callable, from the raw values; and what is given once for all data."""
        raw = {**self.fixed, **parameters}
        for name in self.fixed.keys() & parameters.keys():
            raw[name] = {**self.fixed[name], **parameters[name]}
        found: dict[str, Any] = dict(self.constants)
        for p in self.model.parameters:
            found[p.name] = into(raw[p.name], p.range)
        for net in self.model.networks:
            found[net.name] = _callable(net, raw[net.name], self.sizes)
        return found

    def maximised(self, parameters: Pytree, data: Mapping[str, Array]) -> Float[Array, ""]:
        """The exact log-likelihood less the penalty, or the objective at the nodes."""
        made = {**self.arguments(parameters), **data}
        if self.exact is not None:
            return self.exact.log_likelihood(made) - self.elbo.penalty(made)
        assert self.nodes is not None
        return self.elbo(made, self.nodes).objective

    def points(
        self, parameters: Pytree, data: Mapping[str, Array], *, checked: bool = True
    ) -> JointPoints:
        """The posterior, or the nodes. Raises `InputError` where the posterior would be an approximation, unless it has been `checked` before."""
        if self.exact is not None:
            return self.exact.posterior({**self.arguments(parameters), **data}, checked=checked)
        assert self.nodes is not None
        return self.nodes


def simulated(
    model: Model, sizes: Mapping[str, int], seed: int = 0
) -> dict[str, Float[np.ndarray, ...]]:
    """Data that the model does not fit: every variable from two hidden numbers of each datum, bent, with heavy-tailed noise.

    The first hidden number has two modes, so that a mixture finds classes that it can tell apart and no class dies out.
    """
    rng = np.random.default_rng(seed)
    walked = {lag.plate for lag in model.lags}
    steps = max((sizes[plate.size.name] for plate in walked), default=1)
    hidden = {plate: _hidden(rng, sizes[plate.size.name], steps) for plate in model.data}
    found: dict[str, np.ndarray] = {}
    for v in model.variables:
        if v.role == "latent":
            continue
        inner = model.inner(v.name)
        times = [place for place, plate in enumerate(inner) if plate in walked]
        datum = model.datum(v.name)
        h = hidden[datum] if datum else rng.normal(size=(1, steps, 2))
        h = h[:, : sizes[inner[times[0]].size.name]] if times else h[:, :1]
        rest = tuple(sizes[p.size.name] for place, p in enumerate(inner) if place not in times[:1])
        bent = np.tensordot(h, rng.normal(size=(2, *rest)), 1)
        bent += 0.4 * np.tensordot(h**2 - 1, rng.normal(size=(2, *rest)), 1)
        bent += rng.standard_t(8, size=bent.shape)
        bent = np.moveaxis(bent, 1, 1 + times[0]) if times else bent[:, 0]
        found[v.name] = _supported(v, bent, rng)
        if datum is None:
            found[v.name] = found[v.name][0]
    return found


def _hidden(rng: np.random.Generator, N: int, T: int) -> Float[np.ndarray, "N T 2"]:
    """A number with two modes, between which it jumps, and one that remembers."""
    mode = np.where(rng.random((N, 1)) < 0.4, 1.0, -1.0)
    jumps = np.where(rng.random((N, T)) < 0.3, -1.0, 1.0)
    jumps[:, 0] = 1.0
    own, other = rng.normal(size=(2, N, T))
    for t in range(1, T):
        other[:, t] = 0.6 * other[:, t - 1] + 0.8 * other[:, t]
    return np.stack([1.5 * mode * np.cumprod(jumps, axis=1) + own / 2, other], axis=2)


def _supported(v: Variable, real: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if v.support == "onehot":
        return np.eye(real.shape[-1])[np.argmax(real + rng.gumbel(size=real.shape), axis=-1)]
    if v.support == "simplex":
        grown = np.exp(real)
        return grown / grown.sum(axis=-1, keepdims=True)
    if v.support == "sphere":
        return real / np.linalg.norm(real, axis=-1, keepdims=True)
    if v.support == "posdef":
        return real @ np.swapaxes(real, -1, -2) + np.eye(real.shape[-1])
    kind, _, number = v.support.partition(" ")
    return {
        "real": lambda: real,
        "angle": lambda: np.remainder(real + math.pi, 2 * math.pi) - math.pi,
        "from": lambda: float(Fraction(number)) + np.exp(real / 2),
        "upto": lambda: 1.0 * rng.binomial(int(number), 1 / (1 + np.exp(-real))),
        "positive": lambda: np.exp(real / 2),
        "unit": lambda: 1 / (1 + np.exp(-real)),
        "binary": lambda: (real + rng.logistic(size=real.shape) > 0).astype(np.float64),
        "count": lambda: rng.poisson(np.exp(np.clip(real, -3, 2))).astype(np.float64),
    }[kind]()


def default_sizes(model: Model, given: Mapping[str, int] | None = None) -> dict[str, int]:
    """Small sizes: what is one-hot has three classes, steps of time are three, real latents have one entry, binary ones two.

    Observed vectors have four entries. Where q may be any law they have six, binary ones eight: with fewer the maximum of the likelihood could copy one of them, whose variance
    would run to 0 or whose logit to infinity.
    """
    any_law = all(f.family.is_any for f in model.q)
    count = LIKELY if any_law else SIMULATED
    sizes = {size.name: HIDDEN for size in model.sizes}
    for v in sorted(model.variables, key=lambda v: v.role != "latent"):
        inner = model.inner(v.name)
        binary = v.support == "binary"
        observed = 4 if not any_law else 8 if binary else 6
        usual = {"latent": 2 if binary else 1, "given": 3, "observed": observed}[v.role]
        sizes |= {plate.size.name: usual for plate in inner}
        if v.support in ("onehot", "simplex"):
            sizes[inner[-1].size.name] = 3
    labels = {
        model.inner(v.name)[-1]
        for v in model.variables
        if v.role != "latent" and v.support == "onehot"
    }
    for v in model.latents:
        if v.support == "onehot" and model.inner(v.name)[-1] not in labels:
            sizes[model.inner(v.name)[-1].size.name] = 2
    sizes |= {lag.plate.size.name: 3 for lag in model.lags}
    return sizes | {plate.size.name: count for plate in model.data} | dict(given or {})


def concrete_graph(
    model: Model,
    data: Mapping[str, Float[np.ndarray, ...]],
    sizes: Mapping[str, int],
    *,
    seed: int = 0,
) -> ConcreteGraph:
    """A graph with default networks, started from `seed`. Raises `InputError` where q mixes any law with laws of its own, or an exact sum is too large."""
    require_x64()
    rng = np.random.default_rng(seed)
    raw: dict[str, Any] = {}
    for p in model.parameters:
        lengths = tuple(sizes[plate.size.name] for plate in p.plates)
        if p.range in MATRIX_RANGES:
            raw[p.name] = 0.1 * rng.normal(size=lengths[0] * (lengths[0] + 1) // 2)
        else:
            raw[p.name] = (0.7 if p.range == "real" else 0.2) * rng.normal(size=lengths)
    for net in model.networks:
        raw[net.name] = _network(model, net, sizes, rng)
    raw = jax.tree.map(lambda a: jnp.asarray(a, jnp.float64), raw)
    start, fixed = {}, {}
    networks = {net.name for net in model.networks}
    learned = {f.name for f in (*model.parameters, *model.networks) if f.learned}
    for name, value in raw.items():
        if name not in learned:
            fixed[name] = value
        elif (
            name in networks
        ):  # the tanh units are given, so that none can saturate or merge with another
            start[name] = {k: v for k, v in value.items() if k in _LEARNED}
            fixed[name] = {k: v for k, v in value.items() if k not in _LEARNED}
        else:
            start[name] = value
    constants = {
        v.name: jnp.asarray(data[v.name])
        for v in model.variables
        if v.role != "latent" and model.datum(v.name) is None
    }
    found = ConcreteGraph(model, sizes, start, fixed, constants, density_elbo(model), None, None)
    if all(f.family.is_any for f in model.q):
        return replace(found, exact=_exact(found, data))
    return replace(found, nodes=_nodes(model, sizes))


def _exact(found: ConcreteGraph, data: Mapping[str, Any]) -> Exact:
    """Without grids where the log-density is quadratic in the real latents, else on grids."""
    whole = exact(found.model, found.sizes)
    real = [v.name for place in whole.places for v in place.real]
    try:
        if real:
            whole.posterior(
                {**found.arguments(found.start), **jax.tree.map(jnp.asarray, dict(data))}
            )
        return whole
    except InputError:
        return exact(found.model, found.sizes, {name: np.array(GRID) for name in real})


def _nodes(model: Model, sizes: Mapping[str, int]) -> JointPoints:
    """Noise for the latents that are drawn, and every value of the discrete ones, for each data plate."""
    values: dict[str, Array] = {}
    weights: dict[str, Array] = {"": jnp.ones(1)}
    for f in model.q:
        if f.family.is_any:
            raise InputError(
                f"{f.name} is of any law beside factors of other laws: there are no default points"
            )
    places: dict[str, list[Variable]] = {plate.size.name: [] for plate in model.data}
    for v in model.latents:
        datum = model.datum(v.name)
        places.setdefault(datum.size.name if datum else "", []).append(v)
    drawn = {f.of[0] for f in model.q if is_drawn(model, f)}
    for place, here in places.items():
        widths = {v.name: tuple(sizes[p.size.name] for p in model.inner(v.name)) for v in here}
        real = [v for v in here if v.name in drawn]
        R = sum(math.prod(widths[v.name]) for v in real)
        noise = gauss_hermite(R, _ORDER) if 0 < R <= _PRODUCT else cubature(R) if R else None
        tables = [_all_values(v, widths[v.name]) for v in here if v.name not in drawn]
        rows = list(itertools.product(*(range(len(t)) for t in tables)))
        eps = np.zeros((1, 0)) if noise is None else np.asarray(noise.eps)
        share = np.ones(1) if noise is None else np.asarray(noise.weights)
        outer = (sizes[place],) if place else ()
        start = 0
        for v in real:
            width = math.prod(widths[v.name])
            one = np.tile(eps[:, start : start + width], (len(rows), 1)).reshape(
                -1, *widths[v.name]
            )
            values[v.name] = jnp.broadcast_to(jnp.asarray(one), (*outer, *one.shape))
            start += width
        for k, v in enumerate(v for v in here if v.name not in drawn):
            one = np.repeat(np.stack([tables[k][row[k]] for row in rows]), len(eps), axis=0)
            values[v.name] = jnp.broadcast_to(jnp.asarray(one), (*outer, *one.shape))
        w = np.tile(share, len(rows))
        weights[place] = jnp.broadcast_to(jnp.asarray(w), (*outer, *w.shape))
    return JointPoints(values, weights, {}, enumerated=True)


def _all_values(v: Variable, lengths: tuple[int, ...]) -> np.ndarray:
    if v.support == "onehot":
        *outer, K = lengths
        rows = itertools.product(range(K), repeat=math.prod(outer))
        return np.stack([np.eye(K)[list(row)].reshape(*outer, K) for row in rows])
    if v.support != "binary":
        raise InputError(
            f"{v.name} is {v.support} and is not drawn from noise: there are no default points"
        )
    return np.array(list(itertools.product((0.0, 1.0), repeat=math.prod(lengths)))).reshape(
        -1, *lengths
    )


def _reads(model: Model, net: Network) -> set[str]:
    """The names of the variables that a network reads, anywhere."""
    found: set[str] = set()
    for f in model.factors:
        for a in f.arguments:
            for value in a.atoms(NetworkValue, MatrixNetwork):
                if value.name == net.name:
                    names = {array_name(array_of(i)) for i in value.atoms(sp.Indexed)}
                    found |= {name.removesuffix(LAG) for name in names}
    return found & {v.name for v in model.variables}


def _reading_data(model: Model) -> set[str]:
    """Networks that read no latent."""
    latents = {v.name for v in model.latents}
    return {net.name for net in model.networks if not _reads(model, net) & latents}


def _network(
    model: Model, net: Network, sizes: Mapping[str, int], rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Of data a linear part and given tanh units. Of latents a linear part, squares and products, so that the scale of a latent is one that any other can stand for; a variance is the exponential of what is linear in them."""
    lengths = tuple(sizes[plate.size.name] for plate in net.plates)
    outs = lengths[0] * (lengths[0] + 1) // 2 if net.range in MATRIX_RANGES else math.prod(lengths)
    ins = sum(sizes[size.name] for size in net.inputs)
    reading = net.name in _reading_data(model)
    # A generator that hardly reads its latents would have learned to leave them alone before they mean something.
    linear = 1.0 if net.range == "real" and not reading else 0.3
    layers = {"linear": linear * rng.normal(size=(outs, ins)), "shift": np.zeros(outs)}
    if reading:
        K = max(HIDDEN, ins)
        layers |= {
            "inside": 0.5 * rng.normal(size=(K, ins)),
            "bias": np.linspace(-1.0, 1.0, K),
            "outside": 0.3 * rng.normal(size=(outs, K)),
            "shift": np.full(outs, -1.0 if net.range == "positive" else 0.0),
        }
    elif net.range == "real":
        layers["squares"] = 0.1 * rng.normal(size=(outs, ins * (ins + 1) // 2))
    return layers


def _callable(
    net: Network, w: Mapping[str, Array], sizes: Mapping[str, int]
) -> Callable[..., Array]:
    lengths = tuple(sizes[plate.size.name] for plate in net.plates)

    def value(*inputs: Float[Array, " I"]) -> Array:
        read = jnp.concatenate(inputs)
        raw = w["linear"] @ read + w["shift"]
        if "outside" in w:
            raw += w["outside"] @ jnp.tanh(w["inside"] @ read + w["bias"])
        if "squares" in w:
            raw += w["squares"] @ jnp.outer(read, read)[jnp.triu_indices(len(read))]
        return into(raw if net.range in MATRIX_RANGES else raw.reshape(lengths), net.range)

    return value
