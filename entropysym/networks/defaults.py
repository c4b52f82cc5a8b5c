r"""A model made concrete: its sizes, small tanh networks for the abstract ones, a start near the data, and its arguments by name.

Parameters are held where they are unconstrained: a positive one by its logarithm, a unit one by its logit, a positive definite matrix by its
Cholesky factor with a logarithmic diagonal. A network is $r(A\tanh(Bu+c)+a)$ with r into its range; one that reads the data reads their
leading principal components in units of their standard deviations, $u=P(x-\bar x)$.

The start is made for speed and decides nothing: latents begin near the principal components, means near those of the data.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from entropysym.errors import integer
from entropysym.language.records import Model, Network, Parameter, Plate
from entropysym.language.symbols import MATRIX_RANGES, Range
from entropysym.lowering.precision import require_x64
from entropysym.lowering.quadrature import Nodes, Points, cubature, gauss_hermite
from entropysym.lowering.signature import is_weighted
from entropysym.witness.elbo import density_elbo

#: Hidden tanh units of a default network, and the size of a plate that neither data nor latents fix.
HIDDEN, FEATURES = 2, 2

#: How many principal components a network that reads the data is given, at most.
COMPONENTS = 6

#: What stands still in a network that reads the data alone: features of the data are given, so that its units cannot saturate.
FROZEN = ("inside", "bias")

#: Gauss-Hermite nodes per latent. The identity holds for any nodes that integrate polynomials of degree 2.
ORDER = 6

#: Weighted points for each datum where the encoder cannot be drawn from noise.
POINTS = 3

Pytree = Any


@dataclass(frozen=True, eq=False)
class Concrete:
    """A model with numbers in place of sizes. `arguments(p)` gives parameters and networks by the model's names; `fixed` is what is not learned.

    `start` is a pytree {name: raw values} of what is learned; `sizes` says what each size is.
    """

    model: Model
    sizes: Mapping[str, int]
    start: Pytree
    fixed: Pytree
    nodes: Nodes | None
    principal: Principal

    def arguments(self, parameters: Pytree) -> dict[str, Any]:
        """Every parameter as an array, every network as a callable, from the raw values."""
        found: dict[str, Any] = {}
        raw = {**self.fixed, **parameters}
        for name in self.fixed.keys() & parameters.keys():
            raw[name] = {**self.fixed[name], **parameters[name]}
        for p in self.model.parameters:
            found[p.name] = into(raw[p.name], p.range)
        for net in self.model.networks:
            found[net.name] = self._callable(net, raw[net.name])
        return found

    def data(self, x: Float[np.ndarray, "N D"]) -> Pytree:
        """What the objective averages over: the data, and points for each datum where the encoder has no noise."""
        found: dict[str, Any] = {"x": jnp.asarray(x, jnp.float64)}
        if self.nodes is None:
            H = self.sizes[self.model.latent.size.name]
            found["noise"] = points(self.model, self.principal, x, H)
        return found

    def noise(self, data: Pytree) -> Nodes | Points:
        """The nodes, the same for each datum, or the points that come with the data."""
        return data["noise"] if self.nodes is None else self.nodes

    def _callable(self, net: Network, w: Mapping[str, Array]) -> Callable[..., Array]:
        lengths = tuple(self.sizes[plate.size.name] for plate in net.plates)
        observed = [size == self.model.observed.size for size in net.inputs]

        def value(*inputs: Float[Array, " I"]) -> Array:
            pairs = zip(inputs, observed, strict=True)
            u = jnp.concatenate([self.principal(v) if reads else v for v, reads in pairs])
            inside = w["inside"]
            if not all(observed):
                inside = inside / jnp.linalg.norm(inside, axis=0)
            raw = w["outside"] @ jnp.tanh(inside @ u + w["bias"]) + w["shift"]
            return into(raw if net.range in MATRIX_RANGES else raw.reshape(lengths), net.range)

        return value


@dataclass(frozen=True, eq=False)
class Principal:
    """Mean, leading principal axes (C, D) and standard deviations (C,) along them; `variance` is that of a column, on average."""

    mean: Float[Array, " D"]
    axes: Float[Array, "C D"]
    deviations: Float[Array, " C"]
    variance: float

    def __call__(self, x: Float[Array, " D"]) -> Float[Array, " C"]:
        """The components of a datum, in units of their standard deviations."""
        return (self.axes @ (x - self.mean)) / self.deviations


def principal(x: Float[np.ndarray, "N D"]) -> Principal:
    """The leading principal components of a data matrix."""
    mean = x.mean(axis=0)
    _, singular, axes = np.linalg.svd(x - mean, full_matrices=False)
    used = int(np.sum(singular > 1e-9 * singular[0])) if singular[0] > 0 else 1
    kept = min(used, COMPONENTS)
    deviations = np.maximum(singular[:kept] / math.sqrt(len(x)), np.finfo(np.float64).tiny)
    variance = float(np.mean((x - mean) ** 2)) or 1.0
    return Principal(jnp.asarray(mean), jnp.asarray(axes[:kept]), jnp.asarray(deviations), variance)


def into(raw: Array, range_: Range) -> Array:
    """Unconstrained values in a range: $e^r$, the logistic function, $LL^\\top$ or L with $L_{ii}=e^{r_{ii}}$."""
    if range_ in ("positive", "nonnegative"):
        return jnp.exp(raw)
    if range_ == "unit":
        return jax.nn.sigmoid(raw)
    if range_ == "simplex":
        return jax.nn.softmax(raw, axis=-1)
    if range_ in MATRIX_RANGES:
        K = (math.isqrt(8 * raw.size + 1) - 1) // 2
        diagonal = jnp.arange(K)
        L = jnp.zeros((K, K)).at[jnp.tril_indices(K)].set(raw)
        L = L.at[diagonal, diagonal].set(jnp.exp(jnp.diag(L)))
        return L @ L.T if range_ == "posdef" else L
    return raw


def concrete(
    model: Model, x: Float[np.ndarray, "N D"], *, latent: int | None = None, seed: int = 0
) -> Concrete:
    """A model with default networks for data x, started from `seed`. H is `latent`; if left out, 2 where no network reads z, else 1.

    Raises `InputError` for an H below 1 and for a model whose densities have no numerical form.
    """
    require_x64()
    linear = not any(model.latent.size in net.inputs for net in model.networks)
    H = integer("the number of latents", (2 if linear else 1) if latent is None else latent)
    sizes = {size.name: FEATURES for size in model.sizes}
    sizes |= {model.observed.size.name: x.shape[1], model.latent.size.name: H}
    start = _Start(model, sizes, principal(x), np.random.default_rng(seed))
    raw = {p.name: start.parameter(p) for p in model.parameters}
    raw |= {net.name: start.network(net) for net in model.networks}
    raw = jax.tree.map(lambda a: jnp.asarray(a, jnp.float64), raw)
    learned = {f.name for f in (*model.parameters, *model.networks) if f.learned}
    moving, still = {}, {}
    reading = {w.name for w in model.networks if set(w.inputs) == {model.observed.size}}
    for name, value in raw.items():
        parts = FROZEN if name in reading else ()
        if name not in learned:
            still[name] = value
        elif parts:
            moving[name] = {k: v for k, v in value.items() if k not in parts}
            still[name] = {k: v for k, v in value.items() if k in parts}
        else:
            moving[name] = value
    found = Concrete(model, sizes, moving, still, start.nodes(linear), start.principal)
    return _tuned(found, found.data(x))


@dataclass(frozen=True, eq=False)
class _Start:
    """Raw values to start from."""

    model: Model
    sizes: Mapping[str, int]
    principal: Principal
    rng: np.random.Generator

    def _lengths(self, plates: tuple[Plate, ...]) -> tuple[int, ...]:
        return tuple(self.sizes[plate.size.name] for plate in plates)

    def _noise(self, *lengths: int) -> np.ndarray:
        return self.rng.normal(size=lengths)

    def parameter(self, p: Parameter) -> np.ndarray:
        """Loadings where latents meet data; else a rectangular unit matrix or 0, and some noise."""
        lengths = self._lengths(p.plates)
        if p.range in MATRIX_RANGES:
            return 0.1 * self._noise(lengths[0] * (lengths[0] + 1) // 2)
        if p.range != "real" or len(lengths) < 2:
            return 0.1 * self._noise(*lengths)
        axes, deviations = np.asarray(self.principal.axes), np.asarray(self.principal.deviations)
        observed, latent = self.model.observed, self.model.latent
        if p.plates == (observed, latent):
            return _filled(lengths, 0.9 * axes.T * deviations) + 0.1 * self._noise(*lengths)
        if p.plates == (latent, observed):
            return _filled(lengths, 0.9 * axes / deviations[:, None])
        return _filled(lengths, np.eye(lengths[0], lengths[1])) + 0.3 * self._noise(*lengths)

    def network(self, net: Network) -> dict[str, np.ndarray]:
        """Weights with tanh units that are neither linear nor saturated on what they read."""
        lengths = self._lengths(net.plates)
        matrix = net.range in MATRIX_RANGES
        outs = lengths[0] * (lengths[0] + 1) // 2 if matrix else math.prod(lengths)
        observed = [size == self.model.observed.size for size in net.inputs]
        ins = [
            len(self.principal.deviations) if reads else self.sizes[size.name]
            for size, reads in zip(net.inputs, observed, strict=True)
        ]
        K = max(HIDDEN, lengths[0]) if all(observed) and net.range == "real" else HIDDEN
        if all(observed):
            # Unit k begins at component k, so that latents begin near the principal ones.
            inside = 0.5 * np.eye(K, sum(ins)) + 0.1 * self._noise(K, sum(ins))
            outside = (2.0 if net.range == "real" else 0.05) * np.eye(outs, K)
            shift = np.full(outs, -2.0 if net.range == "positive" else 0.0)
            return {
                "inside": inside,
                "bias": 0.1 * self._noise(K),
                "outside": outside + 0.02 * self._noise(outs, K),
                "shift": shift,
            }
        rows = self._noise(K, sum(ins))
        inside = rows / np.linalg.norm(rows, axis=0)
        scale = 0.3 if net.range == "real" and net.plates == (self.model.observed,) else 0.1
        return {
            "inside": inside,
            "bias": np.linspace(-1.0, 1.0, K),
            "outside": scale * self._noise(outs, K),
            "shift": np.zeros(outs),
        }

    def nodes(self, linear: bool) -> Nodes | None:
        """Nodes of standard normal noise; None where each datum has points of its own."""
        if is_weighted(self.model.encoder.family):
            return None
        H = self.sizes[self.model.latent.size.name]
        return cubature(H) if linear else gauss_hermite(H, ORDER if H == 1 else 5 if H == 2 else 3)


def _filled(lengths: tuple[int, ...], some: np.ndarray) -> np.ndarray:
    """Zeros of these lengths, with `some` in the corner."""
    out = np.zeros(lengths)
    rows, columns = (min(a, b) for a, b in zip(lengths, some.shape, strict=True))
    out[:rows, :columns] = some[:rows, :columns]
    return out


def points(model: Model, found: Principal, x: Float[np.ndarray, "N D"], H: int) -> Points:
    """Weighted points for each datum, spread about its principal components and carried into the latents' support."""
    family = model.encoder.family
    support = (model.prior.family if family.log_density is None else family).support
    u = jax.vmap(found)(jnp.asarray(x))
    centre = jnp.zeros((len(x), H)).at[:, : u.shape[1]].set(u[:, :H])
    at = centre[:, None, :] + 0.5 * jnp.linspace(-1.0, 1.0, POINTS)[None, :, None]
    weights = jnp.full((len(x), POINTS), 1 / POINTS)
    return Points(_carried(support, at), weights, jnp.zeros(len(x)))


def _carried(support: str, at: Array) -> Array:
    """Real numbers in a support, each near where it was."""
    kind, _, number = support.partition(" ")
    carried: dict[str, Callable[[Array], Array]] = {
        "real": lambda v: v,
        "positive": jnp.exp,
        "unit": jax.nn.sigmoid,
        "angle": lambda v: math.pi * jnp.tanh(v / math.pi),
        "binary": lambda v: (v > 0).astype(jnp.float64),
        "count": lambda v: jnp.floor(jnp.exp(jnp.clip(v, -3.0, 3.0))),
        "from": lambda v: float(Fraction(number)) + jnp.exp(v),
        "upto": lambda v: jnp.floor((int(number) + 1) * jax.nn.sigmoid(v)),
    }
    return carried[kind](at)


def _tuned(found: Concrete, data: Pytree) -> Concrete:
    """The start with offsets and scales that suit the data best, tried one after the other, twice: no name says what is a variance."""
    elbo = density_elbo(found.model)

    @jax.jit
    def value(p: Pytree, data: Pytree) -> Array:
        return elbo({**found.arguments(p), "x": data["x"]}, found.noise(data)).objective

    best, start = float(value(found.start, data)), found.start
    for _ in range(2):
        for place, candidates in _candidates(found):
            for candidate in candidates:
                tried = _put(start, place, candidate)
                level = float(value(tried, data))
                if level > best or (math.isfinite(level) and not math.isfinite(best)):
                    best, start = level, tried
    return replace(found, start=start)


Place = tuple[str, str | None]  # a parameter, or a network's "shift"


def _candidates(found: Concrete) -> Iterator[tuple[Place, list[np.ndarray]]]:
    """Values to try for what is one number, or one for each column or latent."""
    model, start = found.model, found.start
    mean, variance = np.asarray(found.principal.mean), found.principal.variance
    scales = [e * math.log(variance) for e in (-1.0, -0.5, 0.0, 0.5, 1.0)]
    means = [mean, np.zeros_like(mean)]
    if (mean > 0).all():
        means.append(np.log(mean))
    if ((mean > 0) & (mean < 1)).all():
        means.append(np.log(mean / (1 - mean)))
    encoders = [p.name for p in model.parameters if p.plates == (model.latent, model.observed)]
    for p in model.parameters:
        if p.name not in start or p.range in MATRIX_RANGES or p.range == "unit":
            continue
        shape = start[p.name].shape
        tried = [np.full(shape, s) for s in scales]
        if p.plates in ((), (model.observed,)):
            if p.range == "real" and p.plates:
                tried = [*means, *tried]
            yield (p.name, None), tried
        elif p.plates == (model.latent,):
            tried = [np.full(shape, s) for s in (0.0, -2.0)]
            tried += [-np.asarray(start[V]) @ mean for V in encoders if p.range == "real"]
            yield (p.name, None), tried
    for net in model.networks:
        if net.name in start and net.plates == (model.observed,):
            D = len(mean)
            logs = [np.full(D, s) for s in scales]
            yield (net.name, "shift"), logs if net.range == "positive" else [*means, *logs]


def _put(start: Pytree, place: Place, value: np.ndarray) -> Pytree:
    name, part = place
    new = jnp.asarray(value, jnp.float64)
    return {**start, name: new if part is None else {**start[name], part: new}}
