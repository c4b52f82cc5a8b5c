r"""The claim of the project as one record: $\mathcal F=\mathcal E+v\cdot\nabla\mathcal J$ at every parameter of a model.

$\mathcal F$ is the ELBO, $\mathcal J$ what learning maximises (the ELBO unless the model's objective says otherwise), $\mathcal E$ the entropy
sum, v a direction of the learned parameters. That $\mathcal F=\mathcal E$ where $\nabla\mathcal J=0$ is its corollary.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sympy as sp

from entropysym.language.records import Family, Model


@dataclass(frozen=True)
class Identity:
    """A model, v and $\\mathcal E$. Nothing is proved by it: a wrong one can be written down, and is to be rejected.

    `direction` maps a parameter's name to its motion at its own plates' indices; a matrix moves by a word. `entropy_sum` holds the `excess`, which is
    what stands beside the entropies at stationary points. `entropies` has closed entropies of families, in their arguments; a family that is
    not among them keeps its entropy as an unknown.
    """

    model: Model
    direction: Mapping[str, sp.Basic]
    entropy_sum: sp.Expr
    excess: sp.Expr = sp.S.Zero
    entropies: Mapping[Family, sp.Expr] = field(default_factory=dict)
