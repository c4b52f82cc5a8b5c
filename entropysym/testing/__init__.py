"""Property tests of claims of one's own: sides in any dress are compared at random configurations of a model.

* `Claim`, `Theorem`: what is claimed; `ELBO`, `ENTROPY_SUM`, `Along`, `Numbered`: sides that are no formula or function.
* `assert_equal`, `assert_gap_identity`, `assert_entropy_sum`, `assert_stationary_condition`, `assert_rejects`: it holds, at a few compiled shapes, and wrong variants of it are seen to fail.
* `configurations`, `points`, `sizes`, `datasets`, `models`, `networks`: strategies of Hypothesis, which nothing else here needs.

`at` gives both sides of a claim at one point. The pytest plugin is `entropysym.testing.plugin`; `python -m entropysym.testing.power` counts what all of this accepts and rejects.
"""

from typing import TYPE_CHECKING

from entropysym.lazy import lazily

if TYPE_CHECKING:
    from entropysym.testing.assertions import (
        assert_entropy_sum,
        assert_equal,
        assert_gap_identity,
        assert_rejects,
        assert_stationary_condition,
    )
    from entropysym.testing.claims import ELBO, ENTROPY_SUM, Along, Claim, Numbered, Theorem
    from entropysym.testing.comparing import Checked, at, check
    from entropysym.testing.failures import Blind, Different, NotShown
    from entropysym.testing.grammar import read_latex
    from entropysym.testing.random_graphs import random_graph
    from entropysym.testing.random_models import random_model
    from entropysym.testing.strategies import (
        configurations,
        datasets,
        models,
        networks,
        points,
        sizes,
    )

__getattr__, __dir__ = lazily(
    __name__,
    {
        "assertions": "assert_entropy_sum assert_equal assert_gap_identity assert_rejects assert_stationary_condition",
        "claims": "ELBO ENTROPY_SUM Along Claim Numbered Theorem",
        "comparing": "Checked at check",
        "failures": "Blind Different NotShown",
        "grammar": "read_latex",
        "random_graphs": "random_graph",
        "random_models": "random_model",
        "strategies": "configurations datasets models networks points sizes",
    },
)

#: For ``import *``, which does not ask `__getattr__` for a list; without the strategies, which need Hypothesis.
__all__ = [
    "ELBO",
    "ENTROPY_SUM",
    "Along",
    "Blind",
    "Checked",
    "Claim",
    "Different",
    "NotShown",
    "Numbered",
    "Theorem",
    "assert_entropy_sum",
    "assert_equal",
    "assert_gap_identity",
    "assert_rejects",
    "assert_stationary_condition",
    "at",
    "check",
    "random_graph",
    "random_model",
    "read_latex",
]
