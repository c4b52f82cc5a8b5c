r"""The objective and the entropy sum of a model, as expressions.

$$\mathcal F=\overline{\mathcal H[q_n]+\mathbb E_{q_n}\log p_\Theta(z)+\mathbb E_{q_n}\log p_\Theta(x_n\mid z)}$$
$$\mathcal E=\overline{\mathcal H[q_n]}-\mathcal H[p_\Theta(z)]-\overline{\mathbb E_{q_n}\mathcal H[p_\Theta(x\mid z)]}$$

Both are written with heads (`LogDensity`, `Entropy`); `spelled_out` replaces the heads by the factors' own formulas.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from entropysym.errors import InputError
from entropysym.language.heads import (
    DataMean,
    EncoderExpectation,
    Entropy,
    LogDensity,
    NoiseExpectation,
)
from entropysym.language.records import Family, Model
from entropysym.language.symbols import DATUM, LATENT, NOISE, n


def encoder_expectation(model: Model, body: sp.Expr, *, reparametrised: bool = False) -> sp.Expr:
    r"""$\mathbb E_{q_\Phi(z\mid x_n)}[\text{body}]$, or the same average over reparametrisation noise.

    Raises `InputError` if the encoder's family has no location and scale.
    """
    family = model.encoder.family
    if family.location is None or family.scale is None:
        raise InputError(
            f"the encoder's family {family.name} has no location and scale, so z = location + scale*epsilon cannot be written"
        )
    head = NoiseExpectation if reparametrised else EncoderExpectation
    location, scale = model.encoder.fill(family.location), model.encoder.fill(family.scale)
    return head(body, n, model.latent.vector(location), model.latent.vector(scale))


def elbo(model: Model) -> sp.Expr:
    """The ELBO per data point, in nats, written with heads."""
    return DataMean(
        Entropy("encoder", n)
        + encoder_expectation(model, LogDensity("prior"))
        + encoder_expectation(model, LogDensity("decoder", n)),
        n,
    )


def entropy_sum(model: Model, *, reparametrised: bool = False) -> sp.Expr:
    """The entropy sum: encoder plus, prior and decoder minus, in nats, written with heads."""
    decoder = encoder_expectation(model, Entropy("decoder"), reparametrised=reparametrised)
    return DataMean(Entropy("encoder", n), n) - Entropy("prior") - DataMean(decoder, n)


def log_density(model: Model, role: str) -> sp.Expr:
    """The log-density of a whole factor, spelled out, at z or at x_n."""
    plate = model.plate(role)
    value = DATUM[n, plate.index] if role == "decoder" else LATENT[plate.index]
    return plate.sum(model.factor(role).log_density(value))


def spelled_out(
    model: Model, expression: sp.Expr, entropies: Mapping[Family, sp.Expr]
) -> sp.Expr:
    """Replace every `LogDensity` and `Entropy` head by its formula; `entropies` gives each family's entropy in its arguments."""

    def formula(head: sp.Basic) -> sp.Expr:
        assert isinstance(head, (LogDensity, Entropy))
        if isinstance(head, LogDensity):
            return log_density(model, head.role)
        factor = model.factor(head.role)
        return model.plate(head.role).sum(factor.fill(entropies[factor.family]))

    heads = expression.atoms(LogDensity, Entropy)
    return expression.xreplace({head: formula(head) for head in heads})


def reparametrised(expression: sp.Basic) -> sp.Basic:
    """Every encoder expectation becomes the same average over reparametrisation noise."""
    if not isinstance(expression, sp.Basic) or not expression.args:
        return expression
    args = [reparametrised(a) for a in expression.args]
    if isinstance(expression, EncoderExpectation):
        return NoiseExpectation(*args)
    return expression.func(*args) if tuple(args) != expression.args else expression


def latents_as_noise(expression: sp.Expr, encoder: tuple[sp.Symbol, sp.Expr, sp.Expr]) -> sp.Expr:
    r"""Replace $z_h$ by $\text{location}_h+\text{scale}_h\,\varepsilon_h$; `encoder` is the latent index, the location and the scale."""
    h, location, scale = encoder
    value = location + scale * NOISE[h]
    latents = {a for a in expression.atoms(sp.Indexed) if a.base == LATENT}
    return expression.xreplace({a: value.xreplace({h: a.indices[0]}) for a in latents})


def latents_written_out(expression: sp.Basic) -> sp.Basic:
    """Inside noise expectations, write every latent as location + scale * noise."""
    if not isinstance(expression, sp.Basic) or not expression.has(LATENT):
        return expression
    if isinstance(expression, NoiseExpectation):
        return expression.over(latents_as_noise(expression.body, expression.encoder))
    return expression.func(*(latents_written_out(a) for a in expression.args))
