"""The gap identity at thousands of random configurations, and the same check on wrong variants, which it must reject."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import sympy as sp

from entropysym.errors import integer
from entropysym.language.identity import Identity
from entropysym.language.records import Model
from entropysym.lowering.lowered import Lowered, LoweredTogether, lower_together
from entropysym.lowering.precision import COARSE, EPS, REFUTES, TOLERANCE, require_x64
from entropysym.shown import Shown
from entropysym.witness.configurations import Configuration, Shape, callables, draw, shapes
from entropysym.witness.gap import GapFunction, Networks, gap_function, lowered_motion
from entropysym.witness.mutations import Variant, variants
from entropysym.witness.opaque import stood_in

Progress = Callable[[int, int, str], None]

#: Shapes on which variants are tried: D < H, D > H, D = H, with and without ones.
_VARIANT_SHAPES = (1, 3, 4, 5)

#: A sweep compiles for each shape and runs for a moment, so XLA need not optimise much.
_COMPILER: dict[str, str | bool] = {"xla_backend_optimization_level": "0"}


@dataclass(frozen=True, repr=False)
class Sweep(Shown):
    """`compared` configurations; `failures` had a residual above tolerance, `beyond` of them by more than rounding may do (`REFUTES`), and at `broken` a number was not finite,
    which shows nothing.

    At `coarse` of them the terms were so large that rounding alone could hide `COARSE` nat: agreement there says nothing.
    `largest` is the largest residual in units of eps × terms (infinite if any was not finite) and `where` reproduces it.
    """

    model: str
    compared: int
    failures: int
    coarse: int
    largest: float
    where: str
    broken: int = 0
    beyond: int = 0

    @property
    def passed(self) -> bool:
        """No failure, only finite numbers, and most of what was compared could have failed."""
        return self.failures == self.broken == 0 and 2 * self.coarse < self.compared


@dataclass(frozen=True)
class VariantResult:
    """How often a wrong variant was rejected. `equal`: no configuration tells it from the original, so it is not wrong."""

    name: str
    compared: int
    rejected: int
    equal: bool

    @property
    def passed(self) -> bool:
        """Rejected at least once (one counter-example refutes), or equal to the original."""
        return self.compared > 0 and (self.equal or self.rejected > 0)


def _checked(count: int, seed: int) -> None:
    require_x64()
    for name, value, least in (("count", count, 1), ("seed", seed, 0)):
        integer(name, value, least)


def sweep(
    claim: Identity,
    *,
    count: int = 10_000,
    seed: int = 0,
    at: Sequence[Shape] | None = None,
    progress: Progress | None = None,
) -> Sweep:
    """Compare $\\mathcal F$ with $\\mathcal E+v\\cdot\\nabla\\mathcal J$ at `count` random configurations, spread over `shapes`, or over those of one's choice.

    Raises `InputError` for a count below 1, for expressions that cannot be lowered, or if x64 is off.
    """
    _checked(count, seed)
    model, identity = claim.model, gap_function(claim)
    every = shapes(model, seed) if at is None else at
    shares = [count // len(every) + (k < count % len(every)) for k in range(len(every))]
    compared, failures, beyond, broken, coarse, largest, where = 0, 0, 0, 0, 0, 0.0, "nowhere"
    for shape, share in zip(every, shares, strict=True):
        if progress is not None:
            progress(compared, count, f"{model.name} at {shape}")
        if share == 0:
            continue
        rows = _over(residual(identity, model, shape), draw(model, shape, seed, share))
        residuals, tolerances = rows[:, 0], rows[:, 1]
        finite = np.isfinite(residuals)
        coarse += int(np.sum(~(tolerances <= COARSE)))
        compared += residuals.size
        broken += int(np.sum(~finite))
        failures += int(np.sum(finite & ~(residuals <= TOLERANCE)))
        beyond += int(np.sum(finite & (residuals > REFUTES)))
        worst = int(np.argmax(residuals))
        if not residuals[worst] <= largest or where == "nowhere":
            largest = float(residuals[worst])
            where = f"seed {seed}, {shape}, configuration {worst}"
    if progress is not None:
        progress(compared, count, f"{model.name} done")
    return Sweep(model.name, compared, failures, coarse, largest, where, broken, beyond)


def compiled(
    one: Callable[[Configuration], jax.Array],
    batch: Configuration,
    options: Mapping[str, str | bool] = _COMPILER,
) -> Callable[[Configuration], np.ndarray]:
    """What is computed for one configuration as a program for all of a batch, or of another with as many."""
    program = jax.jit(jax.vmap(one)).lower(batch).compile(compiler_options=dict(options))
    return lambda configurations: np.asarray(program(configurations))


def _over(one: Callable[[Configuration], jax.Array], batch: Configuration) -> np.ndarray:
    """What is computed for one configuration, for all of a batch."""
    return compiled(one, batch)(batch)


def residual(
    identity: GapFunction, model: Model, shape: Shape
) -> Callable[[Configuration], jax.Array]:
    """For one configuration at a shape its residual in units of eps × terms, infinite if a number is not finite, and the tolerance in nats."""
    networks = callables(model, shape)

    def one(c: Configuration) -> jax.Array:
        # The networks' weights stay put: only parameters move, and their gradient costs half the time.
        g = identity({**c.arrays, **networks(c.weights)}, c.nodes)
        right = g.entropy_sum + g.predicted
        terms = g.terms + 0 * g.gradient_norm
        return jnp.stack([_scaled(g.elbo - right, terms), TOLERANCE * EPS * terms])

    return one


def _scaled(difference: jax.Array, terms: jax.Array) -> jax.Array:
    """|difference| in units of eps × terms, 0 where all terms are 0; infinite if either is not finite."""
    residual = jnp.where(difference == 0, 0.0, jnp.abs(difference) / (EPS * terms))
    return jnp.where(jnp.isfinite(difference) & jnp.isfinite(terms), residual, math.inf)


@dataclass(frozen=True, eq=False)
class WrongVariants:
    """Variants of an identity. The entropy sum or the direction of most is the original one, which is lowered once."""

    identity: GapFunction
    original: sp.Expr
    made: Sequence[tuple[sp.Expr, Mapping[str, sp.Basic]]]
    sums: LoweredTogether
    motions: Mapping[tuple[str, sp.Basic], Lowered]

    @staticmethod
    def lowered(identity: GapFunction, claim: Identity, wrong: Sequence[Variant]) -> WrongVariants:
        model = claim.model
        named = {p.name: p for p in model.parameters}

        def formula(of: Identity) -> sp.Expr:
            return stood_in(model, of.entropy_sum, of.entropies)

        made = [(formula(v.identity), v.identity.direction) for v in wrong]
        original = formula(claim)
        sums = lower_together([original, *(entropy_sum for entropy_sum, _ in made)], model)
        motions = {
            (name, e): lowered_motion(model, named[name], e)
            for _, direction in made
            for name, e in direction.items()
        }
        return WrongVariants(identity, original, made, sums, motions)

    def residuals(self, networks: Networks) -> Callable[[Configuration], jax.Array]:
        """For each variant its residual, and the difference of its right side from the original's."""

        def one(c: Configuration) -> jax.Array:
            arguments = {**c.arrays, **networks(c.weights)}
            F, terms, gradient, _ = self.identity.gradient(arguments, c.nodes)
            nodes = self.identity.elbo.at(arguments, c.nodes)
            everything = {**arguments, "noise": nodes}
            parameters = {p.name: c.arrays[p.name] for p in self.identity.elbo.model.parameters}
            values = self.sums(**everything)
            along = {
                (name, e): (v := f(**parameters) * gradient[name], jnp.sum(jnp.abs(v)))
                for (name, e), f in self.motions.items()
            }
            _, v = self.identity.right_hand_side(everything)
            moved = sum(jnp.sum(v[name] * gradient[name]) for name in v)
            original = values[self.original][0] + moved
            rows = []
            for entropy_sum, direction in self.made:
                right, scale = values[entropy_sum]
                scale = scale + terms
                for item in direction.items():
                    right = right + jnp.sum(along[item][0])
                    scale = scale + along[item][1]
                rows.append(
                    jnp.stack([_scaled(F - right, scale), _scaled(original - right, scale)])
                )
            return jnp.stack(rows)

        return one


def try_variants(
    claim: Identity,
    *,
    count: int = 400,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[VariantResult, ...]:
    """Run the check of `sweep` on every variant of `variants`, at the same configurations.

    A variant that no configuration tells from the original is reported as `equal`; every other must be rejected.
    """
    _checked(count, seed)
    identity = gap_function(claim)
    model, made = claim.model, variants(claim)
    tried = WrongVariants.lowered(identity, claim, made)
    every = shapes(model, seed)
    rejected, differs, compared = np.zeros(len(made), int), np.zeros(len(made), bool), 0
    chosen = [k for k in _VARIANT_SHAPES if k < len(every)]
    for step, k in enumerate(chosen):
        if progress is not None:
            progress(step, len(chosen), f"{len(made)} wrong variants of {model.name}")
        share = count // len(chosen) + (step < count % len(chosen))
        if share == 0:
            continue
        at = tried.residuals(callables(model, every[k]))
        residuals = _over(at, draw(model, every[k], seed, share))
        compared += share
        rejected += np.sum(~(residuals[:, :, 0] <= TOLERANCE), axis=0)
        differs |= np.any(~(residuals[:, :, 1] <= TOLERANCE), axis=0)
    return tuple(
        VariantResult(v.name, compared, int(r), not bool(d))
        for v, r, d in zip(made, rejected, differs, strict=True)
    )
