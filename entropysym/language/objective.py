r"""The objective and the entropy sum of a model, as expressions.

$$\mathcal F=\overline{\mathcal H[q_n]+\mathbb E_{q_n}\log p_\Theta(z)+\mathbb E_{q_n}\log p_\Theta(x_n\mid z)}$$
$$\mathcal E=\overline{\mathcal H[q_n]}-\mathcal H[p_\Theta(z)]-\overline{\mathbb E_{q_n}\mathcal H[p_\Theta(x\mid z)]}$$

Both are written with heads (`LogDensity`, `Entropy`); `spelled_out` replaces the heads by the factors' own formulas.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from entropysym.errors import InputError
from entropysym.language.formula import Node, array_of, entry, of_type, substituted
from entropysym.language.heads import (
    DataMean,
    EncoderExpectation,
    Entropy,
    LawExpectation,
    LocationScaleExpectation,
    LogBaseMeasure,
    LogDensity,
    NoiseExpectation,
    OtherNoiseExpectation,
    _Expectation,
)
from entropysym.language.noise import noise
from entropysym.language.records import Family, Model
from entropysym.language.symbols import DATUM, LATENT, NOISE, n

#: (noise form, standard normal noise) -> the head of the average.
_AVERAGES = {
    (False, True): EncoderExpectation,
    (True, True): NoiseExpectation,
    (False, False): LocationScaleExpectation,
    (True, False): OtherNoiseExpectation,
}


def encoder_expectation(
    model: Model, body: sp.Expr, *, reparametrised: bool = False
) -> _Expectation:
    r"""$\mathbb E_{q_\Phi(z\mid x_n)}[\text{body}]$, or the same average over reparametrisation noise.

    A multivariate Normal encoder is carried by its mean and covariance, one without location and scale by its arguments. Raises
    `InputError` for the noise form of these two.
    """
    family = model.encoder.family
    if family.is_any and not reparametrised:
        return LawExpectation(body, n)
    if family.is_multivariate and not reparametrised:
        mean, covariance = model.encoder.arguments
        return EncoderExpectation(body, n, model.latent.vector(of_type(mean, sp.Expr)), covariance)
    if family.location is None or family.scale is None:
        if not reparametrised and not family.is_multivariate:
            arguments = (of_type(a, sp.Expr) for a in model.encoder.arguments)
            return LawExpectation(body, n, *map(model.latent.vector, arguments))
        raise InputError(
            f"the encoder's family {family.name} has no location and scale, so z = location + scale*epsilon cannot be written"
        )
    head = _AVERAGES[reparametrised, noise(family).normal]
    location, scale = (model.encoder.fill(e, model.latent) for e in (family.location, family.scale))
    return head(body, n, model.latent.vector(location), model.latent.vector(scale))


def elbo(model: Model) -> sp.Expr:
    """The ELBO per data point, in nats, written with heads."""
    return DataMean(
        Entropy("encoder", n)
        + encoder_expectation(model, LogDensity("prior"))
        + encoder_expectation(model, LogDensity("decoder", n)),
        n,
    )


def objective(model: Model) -> sp.Expr:
    """What learning maximises, written with heads: the ELBO, unless the model's objective has a weight or a penalty."""
    weight, penalty = model.objective.weight, model.objective.penalty
    kept = Entropy("encoder", n) + encoder_expectation(model, LogDensity("prior"))
    decoder = encoder_expectation(model, LogDensity("decoder", n))
    return weight * DataMean(kept, n) + DataMean(decoder, n) - penalty


def log_base_measures(model: Model, head: LogDensity) -> sp.Expr:
    r"""$\log h$ of a factor at its variable, as a head; 0 where the base measure is constant."""
    if model.factor(head.role).family.log_base_measure == 0:
        return sp.S.Zero
    return LogBaseMeasure(head.role, *head.datum)


def entropy_sum(model: Model, *, reparametrised: bool = False) -> sp.Expr:
    r"""The entropy sum: encoder plus, prior and decoder minus, in nats, written with heads.

    A base measure h that is not constant makes the entropies of its factor pseudo entropies and adds $\overline{\mathbb E\log h}$.
    """

    def averaged(head: sp.Expr) -> sp.Expr:
        return DataMean(encoder_expectation(model, head, reparametrised=reparametrised), n)

    total = DataMean(Entropy("encoder", n), n) - Entropy("prior") - averaged(Entropy("decoder"))
    if model.prior.family.log_base_measure != 0:
        total += averaged(LogBaseMeasure("prior"))
    if model.decoder.family.log_base_measure != 0:
        total += DataMean(LogBaseMeasure("decoder", n), n)
    return total


def log_density(model: Model, role: str) -> sp.Expr:
    """The log-density of a whole factor, spelled out, at z or at x_n."""
    return whole_factor(model, role, model.factor(role).family.density)


def whole_factor(model: Model, role: str, expression: sp.Expr) -> sp.Expr:
    """A family's expression at a factor's arguments and variable; summed over the plate if the family is univariate."""
    factor, plate = model.factor(role), model.plate(role)
    filled = factor.fill(expression, plate, variable(model, role))
    return filled if factor.family.is_multivariate else plate.sum(filled)


def variable(model: Model, role: str) -> sp.Indexed:
    """What a factor is a distribution of, at its plate's index: $x_{nd}$ or $z_h$."""
    index = model.plate(role).index
    return entry(DATUM, n, index) if role == "decoder" else entry(LATENT, index)


def spelled_out(model: Model, expression: sp.Expr, entropies: Mapping[Family, sp.Expr]) -> sp.Expr:
    """Replace every `LogDensity`, `Entropy` and `LogBaseMeasure` by its formula; `entropies` has each family's, in its arguments.

    The entropy of a family that is not among them stays a head: it is opaque. So does that of an encoder with a base measure.
    """

    def formula(head: LogDensity | Entropy | LogBaseMeasure) -> sp.Expr:
        family = model.factor(head.role).family
        expressions = {
            LogDensity: family.log_density,
            Entropy: entropies.get(family),
            LogBaseMeasure: family.log_base_measure,
        }
        found = expressions[type(head)]
        if isinstance(head, Entropy) and head.role == "encoder" and family.log_base_measure != 0:
            found = None  # a certificate has the pseudo entropy, and H[q_n] is the entropy itself
        return head if found is None else whole_factor(model, head.role, found)

    heads = expression.atoms(LogDensity, Entropy, LogBaseMeasure)
    return substituted(expression, {head: formula(head) for head in heads})


def reparametrised(expression: sp.Expr) -> sp.Expr:
    """Every encoder expectation becomes the same average over reparametrisation noise. Raises `InputError` where it has no such form."""
    return of_type(_in_noise_form(expression), sp.Expr)


def _in_noise_form(expression: sp.Basic) -> sp.Basic:
    if not expression.args:
        return expression
    args = tuple(_in_noise_form(a) for a in expression.args)
    if isinstance(expression, LawExpectation):
        raise InputError("the encoder's family has no location and scale, so it has no noise form")
    if isinstance(expression, EncoderExpectation):
        head = _AVERAGES[True, not isinstance(expression, LocationScaleExpectation)]
        return head(*args)
    return expression.func(*args) if args != expression.args else expression


def latents_as_noise(expression: sp.Expr, encoder: tuple[sp.Symbol, sp.Expr, sp.Basic]) -> sp.Expr:
    r"""Replace $z_h$ by $\text{location}_h+\text{scale}_h\,\varepsilon_h$; `encoder` is the latent index, the location and the scale."""
    h, location, scale = encoder
    value = location + of_type(scale, sp.Expr) * entry(NOISE, h)
    latents = {a for a in expression.atoms(sp.Indexed) if array_of(a) == LATENT}
    return substituted(expression, {a: substituted(value, {h: a.indices[0]}) for a in latents})


def latents_written_out(expression: Node) -> Node:
    """Inside noise expectations, write every latent as location + scale * noise."""
    if not expression.has(LATENT):
        return expression
    if isinstance(expression, NoiseExpectation):
        return expression.over(latents_as_noise(expression.body, expression.encoder))
    return expression.func(*(latents_written_out(a) for a in expression.args))
