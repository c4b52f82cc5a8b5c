r"""The objective and the entropy sum of a model, as expressions: loops over the factors of q and p.

$$\mathcal F=\overline{\sum_{f\in q}\mathbb E_q\mathcal H[q_f]+\sum_{f\in p}\mathbb E_q\log p_f},\qquad
\mathcal E=\overline{\sum_{f\in q}\mathbb E_q\mathcal H[q_f]-\sum_{f\in p}\mathbb E_q\mathcal H[p_f]}$$

The mean is over the data plate that holds everything; else a factor in the data plate P counts $\frac P{N_\bullet}\mathrm{mean}_P$ and a global one $\frac1{N_\bullet}$, where
$N_\bullet$ counts all data. Both are written with heads (`LogDensity`, `Entropy`); `spelled_out` replaces the heads by the factors' own formulas.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import sympy as sp
from sympy.core.symbol import Str

from entropysym.errors import InputError
from entropysym.language.algebra import reads_latent
from entropysym.language.formula import Node, array_of, entry, of_type, substituted
from entropysym.language.heads import (
    DataMean,
    EncoderExpectation,
    Entropy,
    JointExpectation,
    JointNoiseExpectation,
    LawExpectation,
    LocationScaleExpectation,
    LogBaseMeasure,
    LogDensity,
    NoiseExpectation,
    OtherNoiseExpectation,
    _Expectation,
    _RoleHead,
    at_indices,
)
from entropysym.language.matrices import MatrixVariable
from entropysym.language.noise import noise
from entropysym.language.records import DATA, OTHER_OBJECTIVES, Factor, Family, Model, Plate
from entropysym.language.symbols import NOISE, LatentArray, n, noise_of

#: Whether an average is over noise; of a graph the names of the latents that are written as noise, each after those that it reads.
InNoise = bool | tuple[str, ...]

#: (noise form, standard normal noise) -> the head of the average.
_AVERAGES = {
    (False, True): EncoderExpectation,
    (True, True): NoiseExpectation,
    (False, False): LocationScaleExpectation,
    (True, False): OtherNoiseExpectation,
}


def expectation(
    model: Model, body: sp.Expr, *, reparametrised: InNoise = False, datum: Plate | None = DATA
) -> _Expectation:
    r"""$\mathbb E_q[\text{body}]$ over all latents, those of a datum and the global ones, or the same average over reparametrisation noise.

    Where there is one latent vector, a multivariate Normal encoder is carried by its mean and covariance, one without location and scale by its arguments. Raises
    `InputError` for the noise form of these two, and of a graph without the names of the latents that are written so.
    """
    if not model.is_plain:
        at = [datum.index] if datum else []
        if not reparametrised:
            return JointExpectation(body, *at)
        if isinstance(reparametrised, bool):
            raise InputError("name the latents of the graph that are written as noise")
        return JointNoiseExpectation(body, *at, *map(Str, reparametrised))
    family = model.encoder.family
    if family.is_any and not reparametrised:
        return LawExpectation(body, n)
    with_covariance = family.is_multivariate and family.support != "onehot"
    if with_covariance and not reparametrised:
        mean, covariance = model.encoder.arguments
        return EncoderExpectation(body, n, model.latent.vector(of_type(mean, sp.Expr)), covariance)
    if family.location is None or family.scale is None:
        if not reparametrised:
            arguments = (of_type(a, sp.Expr) for a in model.encoder.arguments)
            return LawExpectation(body, n, *map(model.latent.vector, arguments))
        raise InputError(
            f"the encoder's family {family.name} has no location and scale, so z = location + scale*epsilon cannot be written"
        )
    head = _AVERAGES[bool(reparametrised), noise(family).normal]
    location, scale = (
        model.encoder.fill(e, (model.latent,)) for e in (family.location, family.scale)
    )
    return head(body, n, model.latent.vector(location), model.latent.vector(scale))


def head(model: Model, kind: type[_RoleHead], factor: Factor) -> _RoleHead:
    """log p, log h or H of a factor, naming its datum where it reads what is observed or given there; H of any law is a number for each datum."""
    names = {
        LogDensity: (*factor.of, *factor.given),
        LogBaseMeasure: (*factor.of, *([factor.select] if factor.select else [])),
        Entropy: factor.given,
    }[kind]
    law = "" if model.is_plain else _written(model, factor)
    if factor.family.is_any:
        datum = model.datum(factor.of[0])
        return kind(factor.name, *([datum.index] if datum else []), law=law)
    variables = [model.variable(name) for name in names]
    data = (model.datum(v.name) for v in variables if v.role != "latent")
    datum = next((plate for plate in data if plate is not None), None)
    latent = any(v.role == "latent" for v in variables)
    return kind(factor.name, *([datum.index] if datum else []), latent=latent, law=law)


def _written(model: Model, factor: Factor) -> str:
    """A factor as a head keeps it for the printers: p(x@|z), where @ marks what has the index of the datum."""

    def names(of: Iterable[str]) -> str:
        found = ((name, model.variable(name)) for name in of)
        inside = ((name, v.role != "latent" and model.datum(v.name)) for name, v in found)
        return ",".join(f"{name}{'@' if datum else ''}" for name, datum in inside)

    given = f"|{names(factor.given)}" if factor.given else ""
    return f"{'q' if factor in model.q else 'p'}({names(factor.of)}{given})"


def averaged(
    model: Model, factor: Factor, body: sp.Expr, *, reparametrised: InNoise = False
) -> sp.Expr:
    """A factor's term under the expectation over the latents that it reads, and over the data of its plate; a constant stays as it is."""
    datum = model.datum(factor.of[0])
    if reads_latent(body):
        body = expectation(model, body, reparametrised=reparametrised, datum=datum)
    return DataMean(body, datum.index) if datum and datum.index in body.free_symbols else body


def per_datum(
    model: Model, parts: Iterable[tuple[Factor, sp.Expr]], *, reparametrised: InNoise = False
) -> sp.Expr:
    """The sum of the factors' terms for each datum, each under its expectation: the mean over the data plate that holds all, or the weighted means."""
    sums: dict[Plate | None, sp.Expr] = {}
    for factor, body in parts:
        datum = model.datum(factor.of[0])
        if reads_latent(body):
            body = expectation(model, body, reparametrised=reparametrised, datum=datum)
        sums[datum] = sums.get(datum, sp.S.Zero) + body
    total: sp.Expr = sp.S.Zero
    for datum, body in sums.items():
        mean = DataMean(body, datum.index) if datum and datum.index in body.free_symbols else body
        total += weight_of_plate(model, datum) * mean
    return total


def weight_of_plate(model: Model, datum: Plate | None) -> sp.Expr:
    """What the mean over a data plate, or a global term, counts for each datum: 1, P / N or 1 / N."""
    if not model.counted:
        return sp.S.One
    count = sp.Add(*(plate.size for plate in model.data))
    return (datum.size if datum else sp.S.One) / count


def _elbo_parts(model: Model) -> Iterator[tuple[Factor, sp.Expr]]:
    yield from ((f, head(model, Entropy, f)) for f in model.q)
    yield from ((f, head(model, LogDensity, f)) for f in model.p)


def elbo(model: Model) -> sp.Expr:
    """The ELBO per data point, in nats, written with heads."""
    return per_datum(model, _elbo_parts(model))


def weight(model: Model, factor: Factor) -> sp.Expr:
    """What a factor's term counts in the objective: a weight of its own, else the KL divergence, all of q and p of the latents, has its weight."""
    in_kl = factor in model.q or model.variable(factor.of[0]).role == "latent"
    usual = model.objective.weight if in_kl else sp.S.One
    return dict(model.objective.weights).get(factor.name, usual)


def demand_formula(model: Model) -> None:
    """Raises `InputError` with the reason for an objective that is only named."""
    if model.objective.named:
        reason = OTHER_OBJECTIVES[model.objective.named]
        raise InputError(f"the {model.objective.named} has no formula here: {reason}")


def objective(model: Model) -> sp.Expr:
    """What learning maximises, written with heads: the ELBO, unless the model's objective has weights or a penalty. Raises `InputError` for one that is only named."""
    demand_formula(model)
    parts = [(f, h, weight(model, f)) for f, h in _elbo_parts(model)]
    value = -model.objective.penalty
    for w in dict.fromkeys(w for _, _, w in parts):
        value += w * per_datum(model, [(f, h) for f, h, own in parts if own == w])
    return value


def log_base_measures(model: Model, log_p: LogDensity) -> sp.Expr:
    r"""$\log h$ of a factor at its variable, as a head; 0 where the base measure is constant."""
    factor = model.factor(log_p.role)
    if factor.family.log_base_measure == 0:
        return sp.S.Zero
    return head(model, LogBaseMeasure, factor)


def entropy_sum(model: Model, *, reparametrised: InNoise = False) -> sp.Expr:
    r"""The entropy sum: the entropies of q plus, those of p minus, in nats, written with heads.

    A base measure h that is not constant makes the entropies of its factor pseudo entropies and adds $\overline{\mathbb E\log h}$.
    """

    def mean(kind: type[_RoleHead], factor: Factor) -> sp.Expr:
        part = (factor, head(model, kind, factor))
        return per_datum(model, [part], reparametrised=reparametrised)

    total = sp.Add(*(mean(Entropy, f) for f in model.q))
    for f in model.p:
        total -= mean(Entropy, f)
        if f.family.log_base_measure != 0:
            total += mean(LogBaseMeasure, f)
    return total


def log_density(model: Model, role: str) -> sp.Expr:
    """The log-density of a whole factor, spelled out, at its variable."""
    return whole_factor(model, role, model.factor(role).family.density)


def whole_factor(model: Model, role: str, expression: sp.Expr) -> sp.Expr:
    """A family's expression at a factor's arguments and variable, summed over the plates inside its datum, and with `select` over the classes."""
    factor = model.factor(role)
    name, classes = factor.of[0], model.classes(factor)
    plates = model.inner(name)
    filled = factor.fill(expression, plates, model.whole(name))
    if classes is not None:
        filled = classes.sum(model.chosen(factor) * filled)
    for plate in reversed(plates[: len(plates) - factor.family.depth]):
        filled = plate.sum(filled)
    return filled


def variable(model: Model, role: str) -> sp.Indexed | MatrixVariable:
    """What a factor is a distribution of, at its plates' indices: $x_{nd}$ or $z_h$."""
    return model.whole(model.factor(role).of[0])


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
        of_q = any(f.name == head.role for f in model.q)
        if isinstance(head, Entropy) and of_q and family.log_base_measure != 0:
            found = None  # a certificate has the pseudo entropy, and H[q_n] is the entropy itself
        return head if found is None else whole_factor(model, head.role, found)

    heads = expression.atoms(LogDensity, Entropy, LogBaseMeasure)
    return substituted(expression, {head: formula(head) for head in heads})


def reparametrised(expression: sp.Expr, latents: InNoise = True) -> sp.Expr:
    """Every encoder expectation becomes the same average over reparametrisation noise. Raises `InputError` where it has no such form.

    Of a graph, `latents` names those that are written as noise.
    """
    return of_type(_in_noise_form(expression, latents), sp.Expr)


def _in_noise_form(expression: sp.Basic, latents: InNoise) -> sp.Basic:
    if not expression.args:
        return expression
    args = tuple(_in_noise_form(a, latents) for a in expression.args)
    if isinstance(expression, JointExpectation) and not isinstance(latents, bool):
        return JointNoiseExpectation(*args, *map(Str, latents))
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
    latents = {a for a in expression.atoms(sp.Indexed) if isinstance(array_of(a), LatentArray)}
    return substituted(expression, {a: substituted(value, {h: a.indices[0]}) for a in latents})


def latents_written_out(expression: Node, model: Model | None = None) -> Node:
    """Inside noise expectations, write every latent as location + scale * noise. That of a graph has both from its model."""
    if not expression.has(LatentArray):
        return expression
    if isinstance(expression, JointNoiseExpectation) and model is not None:
        return expression.over(joint_as_noise(expression.body, model, expression.latents))
    if isinstance(expression, NoiseExpectation):
        return expression.over(latents_as_noise(expression.body, expression.encoder))
    return expression.func(*(latents_written_out(a, model) for a in expression.args))


def joint_as_noise(expression: sp.Expr, model: Model, latents: Iterable[str]) -> sp.Expr:
    """Replace the latents of these names, each named after those that it reads, by location + scale * noise."""
    for name in reversed(tuple(latents)):
        location, scale = location_and_scale(model, name)
        own, value = model.entry(name), location + scale * noise_entry(model, name)
        found = (a for a in expression.atoms(sp.Indexed) if array_of(a) == array_of(own))
        rule = {a: at_indices(value, dict(zip(own.indices, a.indices, strict=True))) for a in found}
        expression = substituted(expression, rule)
    return expression


def location_and_scale(model: Model, name: str) -> tuple[sp.Expr, sp.Expr]:
    """Location and scale of a latent under its factor of q, at its own indices."""
    factor = next(f for f in model.q if name in f.of)
    location, scale = (
        factor.fill(of_type(e, sp.Expr), model.inner(name))
        for e in (factor.family.location, factor.family.scale)
    )
    return location, scale


def noise_entry(model: Model, name: str) -> sp.Indexed:
    """The noise of a latent of a graph at its own indices."""
    return entry(noise_of(name), *(plate.index for plate in model.inner(name)))
