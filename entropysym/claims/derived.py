"""A derivation that can be evaluated: at a point, and as functions of arrays. What evaluates is loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import sympy as sp

from entropysym.language.heads import Entropy
from entropysym.language.objective import head, per_datum, spelled_out
from entropysym.prover import Derivation

if TYPE_CHECKING:
    from entropysym.claims.evaluated import LoweredDerivation
    from entropysym.witness.gap import Gap


@dataclass(frozen=True, repr=False)
class Derived(Derivation):
    """A derivation with its numbers. `derive` returns one."""

    @classmethod
    def of(cls, found: Derivation) -> Derived:
        """The same derivation."""
        return cls(**{f.name: getattr(found, f.name) for f in fields(Derivation)})

    def at(self, point: Mapping[str, Any]) -> Gap:
        r"""Both sides of $\mathcal F-\mathcal E=v\cdot\nabla\mathcal J$ at a point, in nats per datum: `.gap` is the left one, `.predicted` the right one, `.terms` the sum of |terms|
        and `.residual` their difference in eps × terms. $\mathcal E$ is the `stationary_value`.

        `point` has by name what `measure` takes: the data, a float64 array for each parameter, a callable for each network, and as `noise` the nodes. Without these a
        Gauss-Hermite rule is taken, or low-discrepancy points where it would be too long; the identity holds for any. Raises `InputError` for what does not fit the model.
        """
        from entropysym.claims.evaluated import at_point

        return at_point(self, point)

    def lower(self, *, to: str = "jax", dtype: str = "float64") -> LoweredDerivation:
        """All parts as functions of arrays by name, each with its own plates as axes: entropy sum, its terms by factor, direction, both sides of the conditions.

        `to` and `dtype` as in `entropysym.lower`. Raises `InputError` for a part that has no value, such as the entropy of a family without a closed form.
        """
        from entropysym.claims.evaluated import lowered

        return lowered(self, to, dtype)

    def entropy_of(self, factor: str) -> sp.Expr:
        """The entropy of a factor by its name, in closed form where there is one, averaged over the data, in nats per datum. Raises `InputError` for another name."""
        closed = {family: shown.entropy for family, shown in self.entropies.items()}
        found = self.model.factor(factor)
        whole = per_datum(self.model, [(found, head(self.model, Entropy, found))])
        return spelled_out(self.model, whole, closed)
