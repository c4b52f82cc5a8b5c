r"""Situations of a model at fixed parameters: gap $\mathcal F-\mathcal E$ and slopes of $\mathcal J$, a row for each.

A situation is a datum, the outputs of the networks that read it, and a function for each network that reads z. Sizes, parameters and
situations are drawn from a seed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from scipy import special

from entropysym.language import Model, Parameter
from entropysym.language.symbols import n

from .catalogue import ANY, CASES, ENTROPIES
from .evaluating import STEP, Array, Point, evaluate, exponential, sine, tanh

#: Sizes of the three points: more and fewer dimensions than latents, and many, since on few bits every function is a combination of others.
SIZES = (
    {"D": 3, "H": 2, "K": 2, "J": 3},
    {"D": 2, "H": 3, "K": 4, "J": 2},
    {"D": 7, "H": 2, "K": 2, "J": 2},
)
LARGEST, BITS = 2, 5
SITUATIONS = 200


@dataclass(frozen=True)
class Rows:
    r"""One row for each situation: the gap $\mathcal F-\mathcal E$, and the derivatives of $\mathcal J$ by the columns."""

    gap: np.ndarray
    objective: np.ndarray
    slopes: np.ndarray
    columns: tuple[tuple[str, tuple[int, ...]], ...]
    point: Point


def rows(
    model: Model,
    k: int,
    seed: int,
    *,
    generous: bool = False,
    common: bool = False,
    given: Mapping[Any, float] | None = None,
) -> Rows:
    """Gap and slopes at the k-th point of a seed, some parameters `given`; drawn again where something overflows."""
    for attempt in range(5):
        rng = np.random.default_rng([seed, k, attempt])
        with np.errstate(all="ignore"):
            found = Situations(model, SIZES[k], rng, generous, common, given).rows()
        if np.all(np.isfinite(found.gap)) and np.all(np.isfinite(found.slopes)):
            return found
    raise FloatingPointError("gap or slopes are not finite at five points")


class Situations:
    def __init__(
        self,
        model: Model,
        sizes: dict[str, int],
        rng: np.random.Generator,
        generous: bool = False,
        common: bool = False,
        given: Mapping[Any, float] | None = None,
    ) -> None:
        self.model, self.rng, self.generous = model, rng, generous
        self.common, self.given = common, given or {}
        self.sizes = {size.name: sizes.get(size.name, 2) for size in model.sizes}
        if model.prior.family.support == "binary" and sizes == SIZES[LARGEST]:
            self.sizes[model.latent.size.name] = BITS
        held = {c.on for c in model.constraints}
        moved = [p for p in model.parameters if p.learned and p.name not in held]
        self.columns: list[tuple[str, tuple[int, ...]]] = [
            (p.name, index) for p in moved for index in self.indices(p)
        ]
        self.named = len(self.columns)
        self.learning = {w.name: w for w in model.networks if w.learned and w.name not in held}
        self.weights: dict[Any, Any] = {}
        if generous:
            self.columns += [c for w in self.learning.values() for c in self.last_layer(w)]
        self.parameters = {p.symbol: self.values(p) for p in model.parameters}

    def indices(self, p: Any) -> list[tuple[int, ...]]:
        return list(product(*(range(1, self.sizes[plate.size.name] + 1) for plate in p.plates)))

    def last_layer(self, w: Any) -> list[tuple[str, tuple[Any, ...]]]:
        outputs = self.indices(w)
        if w.range == "positive":
            return [(w.name, (i, None)) for i in outputs] + [(w.name, (i, i)) for i in outputs]
        return [(w.name, (i, j)) for i in outputs for j in (None, *outputs)]

    def unit(self, column: int) -> np.ndarray:
        """The perturbation of one column: an array over the perturbations."""
        e = np.zeros((len(self.columns), 1, 1), complex)
        e[column] = 1j * STEP
        return e

    def values(self, p: Parameter) -> dict[tuple[int, ...], Array]:
        out: dict[tuple[int, ...], Array] = {}
        for index in self.indices(p):
            value = self.rng.uniform(0.35, 1.3) * (0.6 if len(p.plates) > 1 else 1.0)
            if p.range == "real":
                value *= self.rng.choice([-1, 1])
            if p.range == "unit":
                value = value / 2
            value = self.given.get((p.name, index), value)
            out[index] = value
            if (p.name, index) in self.columns:
                out[index] = value + self.unit(self.columns.index((p.name, index)))
        return out

    # Networks: smooth functions, drawn anew for every situation unless they must stay the same.

    def network(self, name: str, index: tuple[int, ...], inputs: list[Array]) -> Array:
        w = next(w for w in self.model.networks if w.name == name)
        reads_x = self.model.observed.size in w.inputs and not self.latent_input
        value = self.smooth(name, index, inputs, reads_x)
        if self.generous and name in self.learning:
            value = self.moved(w, index, value, inputs, reads_x)
        return exponential(0.6 * value) if w.range == "positive" else value

    def moved(self, w: Any, index: Any, value: Array, inputs: list[Array], reads_x: bool) -> Array:
        for column, (name, what) in enumerate(self.columns[self.named :], self.named):
            if name == w.name and what[0] == index:
                by = 1.0 if what[1] is None else self.smooth(w.name, what[1], inputs, reads_x)
                value = value + by * self.unit(column)
        return value

    def smooth(self, name: str, index: Any, inputs: list[Array], reads_x: bool) -> Array:
        key = (name, index)
        if key not in self.weights:
            count = 1 if self.common or (self.generous and not reads_x) else SITUATIONS
            draw = self.rng.uniform(-1.6, 1.6, (2, len(inputs) + 2, 1, count, 1))
            self.weights[key] = (draw, self.rng.uniform(-0.6, 0.6, (1, count, 1)))
        (one, two), shift = self.weights[key]
        first = one[-1] + sum(c * t for c, t in zip(one, inputs, strict=False))
        second = two[-1] + sum(c * t for c, t in zip(two, inputs, strict=False))
        return shift + one[-2] * tanh(first) + 0.5 * two[-2] * sine(second)

    # Data, latents, and the three factors.

    def data(self) -> list[Array]:
        """One datum for each situation; its dimensions go together, so that there is something to learn."""
        shape = (1, SITUATIONS, 1)
        common = self.rng.normal(size=shape)
        return [
            drawn(
                self.rng,
                self.model.decoder.family.support,
                shape,
                self.rng.choice([-1, 1]) * self.rng.uniform(0.9, 1.5) * common,
            )
            for _ in range(self.sizes[self.model.observed.size.name])
        ]

    def arguments(self, role: str, point: Point, i: int) -> list[Array]:
        at = {self.model.plate(role).index: i, n: 1}
        return [evaluate(a, point, at) for a in self.model.factor(role).arguments]

    def encode(self, point: Point) -> tuple[list[Array], Array, Array]:
        """Latents and weights at the nodes, and the encoder's entropy where it is known."""
        H = self.sizes[self.model.latent.size.name]
        family = self.model.encoder.family
        case = None if family == ANY else CASES[family.name]
        if case is not None and family.support == "binary":
            return self.binary(point, case, H)
        if case is None or case.draw is None:
            return self.points(H)
        rule = noise_rule(case.noise, 3)
        grid = list(product(range(len(rule[0])), repeat=H))
        weights = np.array([np.prod([rule[1][g] for g in node]) for node in grid])
        self.noise = [np.array([rule[0][node[h]] for node in grid]) for h in range(H)]
        latents, entropy = [], 0.0
        for h in range(H):
            arguments = self.arguments("encoder", point, h + 1)
            latents.append(case.draw(*arguments, self.noise[h]) + np.zeros((1, 1, 1)))
            entropy = entropy + case.entropy(*arguments)
        return latents, weights, entropy

    def points(self, H: int) -> tuple[list[Array], Array, Array]:
        """An encoder of any law: three weighted points in the prior's support, others in every situation."""
        support = self.model.encoder.family.support
        if self.model.encoder.family == ANY:
            support = self.model.prior.family.support
        shape = (1, SITUATIONS, 3)
        weights = self.rng.dirichlet([1.0, 1.0, 1.0], (1, SITUATIONS))
        return [drawn(self.rng, support, shape, 0.0) for _ in range(H)], weights, 0.0

    def binary(self, point: Point, case: Any, H: int) -> tuple[list[Array], Array, Array]:
        grid = list(product((0.0, 1.0), repeat=H))
        latents = [np.array([node[h] for node in grid])[None, None] for h in range(H)]
        weights, entropy = 1.0, 0.0
        for h in range(H):
            (argument,) = self.arguments("encoder", point, h + 1)
            one = (
                argument / (1 + argument)
                if case.kinds == ("scale",)
                else 1 / (1 + np.exp(-argument))
            )
            weights = weights * np.where(latents[h] == 1, one, 1 - one)
            entropy = entropy + case.entropy(argument)
        return latents, weights, entropy

    def factor(self, role: str, point: Point, values: list[Array]) -> tuple[Array, Array, Array]:
        """log p, log h and the entropy of prior or decoder, summed over the plate."""
        family = self.model.factor(role).family
        log_p, log_h, entropy = 0.0, 0.0, 0.0
        for i, value in enumerate(values, 1):
            arguments = self.arguments(role, point, i)
            local = dict(zip(family.arguments, arguments, strict=True)) | {family.variable: value}
            inner = replace(point, local=local, memo={})
            log_p = log_p + evaluate(family.log_density, inner, {})
            log_h = log_h + evaluate(family.log_base_measure, inner, {})
            still = [np.real(a)[:1] if np.ndim(a) == 3 else np.real(a) for a in arguments]
            entropy = entropy + ENTROPIES[family.name](*still)
        return log_p, log_h, entropy

    def measured(self) -> tuple[Array, Array, Point]:
        """The gap, the objective under each perturbation, and the point with the values of its factors."""
        self.latent_input, self.noise = False, []
        outer = Point(self.sizes, self.parameters, self.network, self.data())
        latents, weights, entropy = self.encode(outer)
        self.latent_input = True
        point = replace(outer, latents=latents, weights=weights, noise=self.noise, memo={})

        def averaged(value: Array) -> Array:
            return np.sum(value * weights, -1, keepdims=True)

        prior, prior_h, prior_entropy = self.factor("prior", point, latents)
        decoder, decoder_h, decoder_entropy = self.factor("decoder", point, point.data)
        gap = averaged(prior - prior_h + prior_entropy + decoder - decoder_h + decoder_entropy)
        weight, penalty = (
            evaluate(e, point, {})
            for e in (self.model.objective.weight, self.model.objective.penalty)
        )
        J = weight * (entropy + averaged(prior)) + averaged(decoder) - penalty
        shape = (max(1, len(self.columns)), SITUATIONS)
        gap, J = (np.broadcast_to(v[..., 0] if np.ndim(v) else v, shape) for v in (gap, J))
        roles = {
            "Entropy encoder": entropy,
            "Entropy prior": prior_entropy,
            "Entropy decoder": decoder_entropy,
        }
        roles |= {"LogDensity prior": prior, "LogDensity decoder": decoder}
        roles |= {"LogBaseMeasure prior": prior_h, "LogBaseMeasure decoder": decoder_h}
        return np.real(gap[0]), J, replace(point, roles=roles)

    def rows(self) -> Rows:
        gap, J, point = self.measured()
        slopes = (np.imag(J) / STEP).T[:, : len(self.columns)]
        return Rows(gap, np.real(J[0]), slopes, tuple(self.columns), point)


def drawn(rng: np.random.Generator, support: str, shape: tuple[int, ...], by: Array) -> np.ndarray:
    """Values in a support, larger where `by` is."""
    if support == "real":
        return 0.3 + 1.4 * by + rng.normal(0, 0.7, shape)
    if support == "positive":
        return np.exp(by / 2) * (rng.gamma(1.5, 0.7, shape) + 0.05)
    if support == "unit":
        return np.clip(_inverse_logit(by + rng.normal(size=shape)), 0.02, 0.98)
    if support == "binary":
        return (rng.uniform(size=shape) < _inverse_logit(2 * by)).astype(float)
    return np.minimum(rng.poisson(np.exp(0.2 + by / 2) * rng.exponential(1.0, shape)), 5.0)


def _inverse_logit(t: Array) -> Array:
    return 1 / (1 + np.exp(-t))


def noise_rule(noise: str, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of an encoder's noise whose low moments are those of the law."""
    if noise == "normal":
        nodes, weights = special.roots_hermitenorm(count)
    elif noise == "exponential":
        nodes, weights = special.roots_laguerre(count)
    elif noise == "laplace":
        half, each = special.roots_laguerre(count)  # also exact for odd powers of |noise|
        nodes, weights = np.concatenate([half, -half]), np.concatenate([each, each])
    else:
        # A rule from the moments: enough for polynomials, and for all else the identity holds sample by sample.
        nodes, weights = _from_moments(_MOMENTS[noise])
    return nodes, weights / weights.sum()


#: Moments 0 to 5 of logistic and Gumbel noise, of Student noise with nu = 6 (there the fifth is as for more), and of some law or other.
_zeta3, _g = special.zeta(3), np.euler_gamma
_v = np.pi**2 / 6
_c = (_g, _v, 2 * _zeta3, np.pi**4 / 15, 24 * special.zeta(5))
_MOMENTS = {
    "logistic": (1.0, 0.0, np.pi**2 / 3, 0.0, 7 * np.pi**4 / 15, 0.0),
    "student": (1.0, 0.0, 1.5, 0.0, 13.5, 0.0),
    "points": (1.0, 0.3, 1.2, 0.5, 4.0, 1.0),
    "gumbel": (
        1.0,
        _g,
        _v + _g**2,
        _c[2] + 3 * _v * _g + _g**3,
        _c[3] + 4 * _c[2] * _g + 3 * _v**2 + 6 * _v * _g**2 + _g**4,
        _c[4] + 5 * _c[3] * _g + 10 * _c[2] * _v + 10 * _c[2] * _g**2 + 15 * _v**2 * _g
        + 10 * _v * _g**3 + _g**5,
    ),
}  # fmt: skip


def _from_moments(moments: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The Gauss rule with three nodes from the moments 0 to 5."""
    hankel = np.array([[moments[i + j] for j in range(3)] for i in range(3)])
    coefficients = np.linalg.solve(hankel, -np.array(moments[3:6]))
    nodes = np.real(np.roots([1.0, *coefficients[::-1]]))
    weights = np.linalg.solve(np.vander(nodes, 3, increasing=True).T, np.array(moments[:3]))
    return nodes, weights
