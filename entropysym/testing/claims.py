r"""What is claimed: two sides that are equal at every configuration of a model.

A side may be dressed as

* an expression of the language, such as `derivation.entropy_sum`, also with free indices of the model's plates; an integer is one;
* plain SymPy with numbered sizes, as `instantiate` returns it: `Numbered(expression, D=3, H=2)`;
* a Python function of arrays (NumPy, JAX, PyTorch), which is called with the model's arguments by name: x, the parameters, the networks, `noise`, and sizes such as `D`;
* LaTeX, a text, in the grammar that `entropysym.pages.latex` writes (`grammar.read_latex`);
* `ELBO`, $\mathcal F$ straight from the densities; `ENTROPY_SUM`, the derived one; `Along`, $\mathcal F-v\cdot\nabla\mathcal J$, which equals the entropy sum at every configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import sympy as sp

from entropysym.claims import derive
from entropysym.claims.user_models import model_from_file
from entropysym.errors import InputError, integer, shown
from entropysym.language.heads import Elbo
from entropysym.language.identity import Identity
from entropysym.language.records import Model
from entropysym.prover import Derivation, Refusal
from entropysym.shown import Shown
from entropysym.testing.failures import NotShown
from entropysym.witness.opaque import stood_in

#: The ELBO $\mathcal F$, evaluated from the densities.
ELBO = Elbo()


@dataclass(frozen=True)
class EntropySum:
    """The entropy sum that `derive` finds."""

    def __str__(self) -> str:
        return "entropy sum"


ENTROPY_SUM = EntropySum()


@dataclass(frozen=True, eq=False)
class Along:
    r"""$\mathcal F-v\cdot\nabla\mathcal J$ from the densities: the ELBO less its derivative along a direction v, by default the one that `derive` finds.

    `direction` maps a parameter's name to its motion at its own indices, an expression or LaTeX; `entropies` has closed entropies of families, as in `Identity`.
    """

    direction: Mapping[str, Any] | None = None
    entropies: Mapping[Any, sp.Expr] | None = None

    def __str__(self) -> str:
        return "F - v·∇J"


@dataclass(frozen=True, eq=False)
class Numbered:
    """Plain SymPy at given sizes: ``Numbered(instantiate(e, D=3, H=2, N=4), D=3, H=2, N=4)``, entries with indices from 1."""

    expression: sp.Expr
    sizes: Mapping[str, int]

    def __init__(self, expression: sp.Expr, **sizes: int) -> None:
        object.__setattr__(self, "expression", sp.sympify(expression, strict=True))
        found = {name: integer(f"the size {name}", value) for name, value in sizes.items()}
        object.__setattr__(self, "sizes", found)

    def __str__(self) -> str:
        return f"expression at {', '.join(f'{k}={v}' for k, v in self.sizes.items())}"


@dataclass(frozen=True, eq=False, repr=False)
class Claim(Shown):
    """Two sides that are equal at every configuration of `model`: a `Model`, a zoo name, or the path of a file that binds `model`."""

    model: Model | str | Path
    left: Any
    right: Any
    name: str = ""
    #: What has been compiled for it; for `comparing` only.
    compared: list[Any] = field(default_factory=list, repr=False)

    def __str__(self) -> str:
        return self.name or f"{told(self.left)} = {told(self.right)}"


@dataclass(frozen=True, eq=False, repr=False)
class Theorem(Shown):
    r"""The claim that `derive` makes of a model: $\mathcal F-v\cdot\nabla\mathcal J$ is the entropy sum, at every configuration.

    `model` is as in `Claim`, or a `Derivation` or `Identity`, whose direction and entropy sum are then compared. A model that is refused makes no claim: `claim` raises `NotShown` with the reason.
    """

    model: Model | str | Path | Derivation | Identity
    name: str = ""
    _kept: list[Claim] = field(default_factory=list, repr=False)

    @property
    def claim(self) -> Claim:
        if not self._kept:
            self._kept.append(self._made())
        return self._kept[0]

    def _made(self) -> Claim:
        of = self.model.identity if isinstance(self.model, Derivation) else self.model
        if isinstance(of, Identity):
            name = self.name or f"gap identity of {of.model.name}"
            right = stood_in(of.model, of.entropy_sum, of.entropies)
            return Claim(of.model, Along(of.direction, of.entropies), right, name)
        model = model_of(of)
        derived(model)
        return Claim(of, Along(), ENTROPY_SUM, self.name or f"gap identity of {model.name}")

    def __str__(self) -> str:
        """Without deriving anything: a refusal is what checking it says."""
        of = self.model.identity if isinstance(self.model, Derivation) else self.model
        named = getattr(of.model if isinstance(of, Identity) else of, "name", of)
        return self.name or f"gap identity of {named}"


def told(side: Any) -> str:
    """A side in a few words, for a message."""
    if callable(side):
        return getattr(side, "__name__", type(side).__name__)
    text = "F" if isinstance(side, Elbo) else str(side)
    return text if len(text) <= 60 else f"{text[:59]}…"


def model_of(given: Model | str | Path) -> Model:
    """The model that a claim is of. Raises `InputError` for what is none."""
    from entropysym.models import ZOO

    if isinstance(given, Model):
        return given
    if isinstance(given, Path) or (isinstance(given, str) and given.endswith(".py")):
        path = Path(given).resolve()
        return _from_file(path, path.stat().st_mtime if path.is_file() else 0.0)
    if isinstance(given, str) and given in ZOO:
        return ZOO[given]()
    raise InputError(
        f"{shown(given)} is no model; pass a Model, the name of one that ships, or the path of a file that binds model"
    )


@lru_cache(maxsize=64)
def _from_file(path: Path, changed: float) -> Model:
    return model_from_file(path)


def derived(model: Model) -> Derivation:
    """What `derive` finds for a model, once. Raises `NotShown` with the reason where it is refused, or not replayed."""
    found = _found(model)
    if isinstance(found, Refusal):
        raise NotShown(f"no gap identity of {model.name} was derived: {found.verdict}")
    if found.verdict.value.name != "PROVED":
        raise NotShown(f"the gap identity of {model.name} is not proved: {found.verdict}")
    return found


def closed_forms(model: Model) -> Mapping[Any, sp.Expr]:
    """The entropies in closed form that `derive` finds, also where it refuses the model."""
    found = _found(model)
    found = found.partial if isinstance(found, Refusal) else found
    return {} if found is None else found.identity.entropies


@lru_cache(maxsize=64)
def _found(model: Model) -> Derivation | Refusal:
    return derive(model)
