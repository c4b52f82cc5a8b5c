r"""Assertions for tests: each compares at 25 random points of three shapes, which are compiled once, and sees wrong variants of the same claim fail.

They raise `Different` with a counter-example as lines of Python, `NotShown`, or `Blind`; all three are `AssertionError`. All quantities are in nats per data point, in float64.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from entropysym.errors import InputError, shown
from entropysym.language.identity import Identity
from entropysym.language.records import Model
from entropysym.prover import Derivation
from entropysym.testing.claims import Along, Claim, Theorem, model_of
from entropysym.testing.comparing import Checked, check
from entropysym.testing.failures import Different
from entropysym.testing.stationary import check_condition

AnyModel = Model | str | Path


def assert_equal(
    a: Any, b: Any, model: AnyModel, *, draws: int | None = None, seed: int | None = None
) -> Checked:
    """a = b at every configuration of a model: sides in any dress (see `entropysym.testing.claims`).

    Raises `Different`, `NotShown` or `Blind` if that is not seen, and `InputError` for what is no side.

    >>> import jax; jax.config.update("jax_enable_x64", True)
    >>> found = assert_equal(r"\\log \\sigma^{2}", lambda sigma2: __import__("numpy").log(sigma2), "vae2")
    >>> found.compared
    27
    """
    return check(Claim(model, a, b), draws=draws, seed=seed)


def assert_gap_identity(
    model: AnyModel | Derivation | Identity,
    *,
    draws: int | None = None,
    seed: int | None = None,
) -> Checked:
    r"""$\mathcal F-v\cdot\nabla\mathcal J$ is the entropy sum at every configuration, as `derive` finds it, or as a `Derivation` or an `Identity` says.

    `model` is a `Model`, the name of one that ships, or the path of a file that binds `model`. Raises `NotShown` with the reason for a model that is refused.
    Source: Damm et al., AISTATS 2023.
    """
    return check(Theorem(model), draws=draws, seed=seed)


def assert_entropy_sum(
    model: AnyModel, expression: Any, *, draws: int | None = None, seed: int | None = None
) -> Checked:
    r"""A side in any dress is the entropy sum of a model: it equals $\mathcal F-v\cdot\nabla\mathcal J$, from the densities, at every configuration, v being the derived direction.

    Raises as `assert_equal`, and `NotShown` for a model that has no derived direction.
    """
    name = f"entropy sum of {model_of(model).name}"
    return check(Claim(model, Along(), expression, name), draws=draws, seed=seed)


def assert_stationary_condition(
    model: AnyModel,
    name: str,
    equation: Any,
    *,
    draws: int | None = None,
    seed: int | None = None,
) -> Checked:
    r"""An equation says when the objective is stationary in a parameter: left − right is $c\cdot\partial\mathcal J/\partial\theta$ with a factor c that θ alone decides and that is not 0.

    `equation` is a SymPy `Eq`, a pair of sides, or LaTeX with one =. It stands at the parameter's own indices. Raises as `assert_equal`; an equation that is c times the derivative with a c that
    depends on data or other parameters is `Different`, as what is compared is that; one with a c that is 0 at a point or changes its sign is `NotShown`, for θ from 1/64 to 64 (positive) or -3 to 3 (real) and at four shapes. A c that
    vanishes without a change of sign, as $(\sigma^2-1)^2$ does, or beyond these values and sizes, is not seen: what is accepted is the condition up to such a factor.
    """
    return check_condition(model_of(model), name, equation, draws=draws, seed=seed)


def assert_rejects(
    claim: Claim | Theorem, *, draws: int | None = None, seed: int | None = None
) -> str:
    """A claim is false: both sides differ at some configuration by more than rounding may do. Returns the counter-example.

    Raises `AssertionError` if the claim holds, and `NotShown` or `Blind` where that is not known either.
    """
    if not isinstance(claim, (Claim, Theorem)):
        raise InputError(f"{shown(claim)} is no claim; pass a Claim or a Theorem")
    try:
        found = check(claim, draws=draws, seed=seed)
    except Different as different:
        return str(different)
    raise AssertionError(f"it is not rejected: {found}")
