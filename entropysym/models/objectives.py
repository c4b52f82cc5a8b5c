r"""Other objectives for a model: the β-VAE's weight on the KL term, and weight decay."""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from entropysym.errors import one_of
from entropysym.language.records import Model, Objective, Parameter
from entropysym.models.gaussian import vae1


def with_beta(model: Model) -> Model:
    r"""Maximise $\overline{\mathbb E\log p(x|z)}-\beta\,\overline{\mathrm{KL}}$ instead of the ELBO, for any β > 0 that is not learned.

    The claim stays about the plain ELBO. The *whole* KL is weighted.
    """
    beta = Parameter("beta", range="positive", learned=False)
    return replace(
        model,
        name=f"beta_{model.name}",
        title=f"{model.title}, trained with weight beta on the KL term",
        parameters=(*model.parameters, beta),
        objective=Objective(weight=beta.entry),
    )


def with_weight_decay(model: Model, name: str = "W") -> Model:
    r"""Subtract $\frac\lambda2\|\theta\|^2$ of one array from the ELBO; at stationary points that leaves an exact gap."""
    arrays = {p.name: p for p in model.parameters if p.plates and not p.is_matrix}
    if name not in arrays:
        raise one_of(name, arrays, "array to decay")
    decay = Parameter("lambda", range="positive", learned=False)
    penalty: sp.Expr = arrays[name].entry ** 2
    for plate in reversed(arrays[name].plates):
        penalty = plate.sum(penalty)
    return replace(
        model,
        name=f"{model.name}_decay",
        title=f"{model.title}, with weight decay on {name}",
        parameters=(*model.parameters, decay),
        objective=Objective(penalty=decay.entry * penalty / 2),
    )


def beta_vae() -> Model:
    """VAE-1 trained as a β-VAE."""
    return replace(with_beta(vae1()), name="beta_vae")
