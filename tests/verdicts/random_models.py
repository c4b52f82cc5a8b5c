"""Random small models, as lines of Python that build them.

A `Spec` says what each part of a model is, in words; `source` writes it as the lines that a user would write, and `build` runs them. So a
failure is reported as a few lines, and shrinks by putting back one plain choice after the other. About half of the specs are drawn so that
prior, decoder and encoder fit each other, or nearly so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from random import Random
from typing import Any

import sympy as sp

from entropysym import families
from entropysym.language import Model, ModelWriter, Objective, Softplus

from .catalogue import ANY, CASES, LAWS, Case
from .writing import Lines


@dataclass(frozen=True)
class Spec:
    """What each part of a model is, in words that `writing` turns into formulas."""

    prior: str = "Normal"
    prior_location: str = "zero"
    prior_scale: str = "each"
    prior_shape: str = "fixed"
    decoder: str = "Normal"
    decoder_location: str = "network"
    decoder_scale: str = "learned"
    decoder_shape: str = "fixed"
    encoder: str = "Normal"
    encoder_location: str = "network"
    encoder_scale: str = "network"
    encoder_shape: str = "number"
    penalty: str = "none"
    beta: str = "none"
    constraint: str = "none"

    def plain(self) -> dict[str, str]:
        """Only what differs from the plain model, for a report."""
        return {f.name: v for f in fields(self) if (v := getattr(self, f.name)) != f.default}


REAL = (
    "Normal", "Laplace", "NormalStd", "NormalPrecision", "NormalLogVariance", "NormalFactor", "NormalPlain",
    "UnitNormal", "StandardNormal", "StandardLaplace", "Logistic", "Gumbel", "Student", "Cauchy", "Quartic",
)  # fmt: skip
POSITIVE = ("Exponential", "Gamma", "HalfNormal", "Rayleigh", "LogNormal")
BINARY = ("Bernoulli", "BernoulliLogit", "BernoulliOdds")
COUNT = ("Poisson", "PoissonRate", "Geometric", "NegativeBinomial")
#: Families of z for an encoder, by the support of the prior.
ENCODERS = {
    "real": (
        "Normal", "Normal", "NormalStd", "NormalLogVariance", "NormalFactor", "NormalPlain", "UnitNormal", "Laplace",
        "LaplaceScaled", "Logistic", "Gumbel", "Student", "Cauchy",
    ),
    "positive": ("Exponential", "HalfNormal", "Gamma", "LogNormal", "PowerUnit"),
    "unit": ("PowerUnit",),
    "binary": BINARY,
    "count": ("Poisson", "Geometric"),
}  # fmt: skip

#: Scales that move freely, and others.
FREE = (
    "learned",
    "each",
    "exp",
    "softplus",
    "square",
    "root",
    "inverse",
    "product",
    "power",
    "ratio",
)
HELD = (
    "one", "number", "fixed", "fixed_each", "plus_known", "plus_known_each", "softplus_sum", "clamp", "inactive_clamp", "exp_abs",
    "exp_tanh",
)  # fmt: skip
#: Scales that read z and can move.
READING = ("times_network", "exp_network")
SHARED = ("shared", "shared_square", "shared_inverse", "shared_root", "shared_product")
HEADS = (
    "exp", "softplus", "square", "root", "inverse", "plus_known", "plus_known_each", "softplus_sum", "power", "exp_abs",
    "exp_tanh",
)  # fmt: skip
PRIOR_LOCATIONS = ("zero", "number", "fixed", "fixed_array", "learned", "learned_array")
DECODER_LOCATIONS = (
    "linear",
    "linear_bias",
    "network",
    "network_of_linear",
    "last_layer",
    "last_layer_no_bias",
)
ENCODER_LOCATIONS = (
    "network", "frozen", "linear", "linear_no_bias", "linear_fixed", "linear_fixed_offset", "last_layer", "tied", "zero",
    "network_of_linear",
)  # fmt: skip
ENCODER_SCALES = (
    "network", "frozen", "exp_network", "times_network", "each", "learned", "fixed", "one", "shared", "shared_root", "exp", "softplus",
)  # fmt: skip


def _often(random: Random, often: tuple[str, ...], rarely: tuple[str, ...], odds: float) -> str:
    return random.choice(often if random.random() < odds else rarely)


def random_spec(random: Random) -> Spec:
    """One spec; wild in a third of the cases, else one whose parts fit together, with one part drawn again in half of these."""
    if random.random() < 0.3:
        return _settled(_wild(random), random)
    fitting = _fitting(random)
    if random.random() < 0.35:
        other = _wild(random)
        part = random.choice([f.name for f in fields(Spec)][:12])
        if part not in ("prior", "decoder", "encoder"):
            fitting = replace(fitting, **{part: getattr(other, part)})
    return _settled(fitting, random)


def _family(random: Random) -> str:
    kinds = (
        REAL,
        REAL,
        REAL,
        REAL,
        REAL,
        REAL,
        POSITIVE,
        POSITIVE,
        BINARY,
        COUNT,
        COUNT,
        ("PowerUnit",),
    )
    return random.choice(random.choice(kinds))


def _wild(random: Random) -> Spec:
    prior = _family(random)
    return Spec(
        prior=prior,
        prior_location=random.choice(PRIOR_LOCATIONS),
        prior_scale=random.choice((*FREE, *HELD, *SHARED)),
        prior_shape=_often(random, ("fixed", "number"), ("learned",), 0.85),
        decoder=_family(random),
        decoder_location=random.choice((*DECODER_LOCATIONS, "linear_fixed", "frozen")),
        decoder_scale=random.choice((*FREE, *HELD, *READING, "exp_linear", "network", "softplus_network")),
        decoder_shape=_often(random, ("fixed", "number"), ("learned",), 0.85),
        encoder=random.choice(ENCODERS[CASES[prior].support]),
        encoder_location=random.choice(ENCODER_LOCATIONS),
        encoder_scale=random.choice(ENCODER_SCALES),
        encoder_shape="number",
    )  # fmt: skip


def _fitting(random: Random) -> Spec:
    """A prior that moves by itself under any encoder, or a fixed one under an encoder that is closed under scaling."""
    decoder = random.choice(
        ("Normal", "Normal", "NormalStd", "NormalPrecision", "NormalLogVariance", "NormalFactor", "NormalPlain", "Laplace",
         "Quartic", "Bernoulli", "BernoulliLogit", "Poisson", "Exponential", "HalfNormal", "Rayleigh", "LogNormal",
         "BernoulliOdds", "PoissonRate", "Geometric")
    )  # fmt: skip
    case = CASES[decoder]
    location, scale = random.choice(DECODER_LOCATIONS), random.choice((*FREE, *FREE, *READING))
    if case.kinds == ("natural",):
        location = random.choice(("last_layer", "linear_bias", "last_layer_no_bias", "linear"))
    if case.kinds == ("scale",):
        scale = random.choice(("exp_last_layer", "exp_linear"))
        if case.support == "positive":
            scale = random.choice((scale, *READING))
    spec = Spec(decoder=decoder, decoder_location=location, decoder_scale=scale)
    return _moving(spec, random) if random.random() < 0.55 else _scaling(spec, random)


def _moving(spec: Spec, random: Random) -> Spec:
    prior = random.choice(
        ("Normal", "Normal", "NormalStd", "NormalPrecision", "NormalLogVariance", "NormalFactor", "Laplace", "Quartic",
         "Exponential", "HalfNormal", "Rayleigh", "LogNormal", "Bernoulli", "PoissonRate", "Geometric", "NegativeBinomial")
    )  # fmt: skip
    case = CASES[prior]
    return replace(
        spec,
        prior=prior,
        prior_location="learned_array" if "natural" in case.kinds else random.choice(PRIOR_LOCATIONS),
        prior_scale=random.choice((*FREE, "shared", "shared_square", "shared_product")),
        prior_shape=random.choice(("fixed", "number")),
        encoder="Any" if ANY and random.random() < 0.3 else random.choice(ENCODERS[case.support]),
        encoder_location=random.choice(ENCODER_LOCATIONS),
        encoder_scale=random.choice(ENCODER_SCALES),
    )  # fmt: skip


def _scaling(spec: Spec, random: Random) -> Spec:
    prior = random.choice(
        ("Normal", "Normal", "Normal", "StandardNormal", "UnitNormal", "Laplace", "StandardLaplace", "NormalStd", "Quartic")
    )  # fmt: skip
    location = random.choice(("linear_bias", "linear", "network_of_linear", "network_of_linear"))
    kinds, scale = CASES[spec.decoder].kinds, random.choice(FREE)
    if kinds == ("natural",):
        location = "linear_bias"
    if kinds == ("scale",):
        scale = "exp_linear"
    return replace(
        spec,
        prior=prior,
        prior_location=_often(random, ("zero",), ("number", "fixed", "fixed_array"), 0.8),
        prior_scale=random.choice(("one", "number", "fixed")),
        decoder_location=location,
        decoder_scale=scale,
        encoder=random.choice(("Normal", "Normal", "NormalStd", "NormalLogVariance", "LaplaceScaled", "Logistic", "Gumbel")),
        encoder_location=_often(random, ("linear", "last_layer", "linear_no_bias"), ENCODER_LOCATIONS, 0.8),
        encoder_scale=_often(random, ("each", "exp_network", "times_network", "learned", "exp"), ENCODER_SCALES, 0.8),
    )  # fmt: skip


#: Encoders with a location; the others read the datum in their scale only.
LOCATED = {name for name, case in CASES.items() if {"location", "natural"} & set(case.kinds)}

#: Shipped families for own ones.
SHIPPED = {
    **dict.fromkeys(
        ("NormalStd", "NormalPrecision", "NormalLogVariance", "NormalFactor", "NormalPlain"),
        "Normal",
    ),
    **dict.fromkeys(("LaplaceScaled", "Quartic"), "Laplace"),
    **dict.fromkeys(("BernoulliLogit",), "Bernoulli"),
}


def _settled(spec: Spec, random: Random) -> Spec:
    """Objective and constraint, and what does not go together put right."""
    if random.random() < 0.3:
        roles = ("prior", "decoder", "encoder")
        spec = replace(spec, **{r: SHIPPED.get(getattr(spec, r), getattr(spec, r)) for r in roles})
    if random.random() < 0.22:
        spec = replace(spec, penalty=random.choice(("decay", "decay", "scale", "prior_scale")))
    if random.random() < 0.22:
        spec = replace(spec, beta=random.choice(("fixed", "number")))
    if random.random() < 0.06:
        spec = replace(spec, constraint=random.choice(("weights", "scale", "network")))
    still = spec.encoder_location == "zero" or spec.encoder not in LOCATED
    if still and random.random() < 0.8:  # few encoders with one law for all data
        spec = replace(spec, encoder_scale=random.choice(("network", "times_network", "frozen")))
    if spec.encoder != "Any" and CASES[spec.encoder].draw is None:
        fixed = ("network", "frozen", "fixed", "one")  # an encoder of points does not move
        spec = replace(
            spec,
            encoder_location=spec.encoder_location if spec.encoder_location in ("network", "frozen", "linear_fixed") else "network",
            encoder_scale=spec.encoder_scale if spec.encoder_scale in fixed else "network",
        )  # fmt: skip
    return spec


def source(spec: Spec) -> list[str]:
    """The lines of Python that build the model, in the names of `namespace`."""
    lines = Lines()
    factors = {role: lines.factor(role, spec) for role in ("decoder", "prior", "encoder")}
    objective = lines.objective(spec)
    lines.constrain(spec)
    call = [f"    {role}={factors[role]}," for role in ("prior", "decoder", "encoder")]
    if objective:
        call.append(f"    objective={objective},")
    return [*lines.lines, 'model = w.model("random",', *call, ")"]


def namespace() -> dict[str, Any]:
    """What the lines read: ``from sympy import …``, the language, and the catalogue of families."""
    return {
        "sp": sp, "ModelWriter": ModelWriter, "Objective": Objective, "Softplus": Softplus,
        "families": families, "LAWS": LAWS,
    }  # fmt: skip


def build(spec: Spec) -> Model:
    """The model of a spec. Raises `InputError` where the language refuses it."""
    names = namespace()
    exec("\n".join(source(spec)), names)
    return names["model"]


def spec_of(seed: int) -> Spec:
    """The spec of a seed."""
    return random_spec(Random(seed))


def shrunk(spec: Spec, fails: Callable[[Spec], bool], tries: int = 16) -> Spec:
    """A spec that still fails, with as many plain choices as were found."""
    plain = Spec()
    again = True
    while again:
        again = False
        for f in fields(spec):
            if getattr(spec, f.name) == getattr(plain, f.name) or tries <= 0:
                continue
            tries -= 1
            simpler = replace(spec, **{f.name: getattr(plain, f.name)})
            try:
                failed = fails(simpler)
            except Exception:
                failed = False
            if failed:
                spec, again = simpler, True
    return spec


def features(spec: Spec, model: Model) -> set[str]:
    """The features of a model that the report counts."""
    cases: Mapping[str, Case | None] = {
        role: CASES.get(getattr(spec, role)) for role in ("prior", "decoder", "encoder")
    }
    text = "\n".join(source(spec))
    used = {role: _used(spec, role, case) for role, case in cases.items()}
    found = {
        "own family": any(c is not None and c.own for c in cases.values()),
        "own decoder family": cases["decoder"].own,
        "own prior family": cases["prior"].own,
        "own encoder family": cases["encoder"] is not None and cases["encoder"].own,
        "encoder of any law": spec.encoder == "Any",
        "encoder not Normal": spec.encoder == "Any" or not spec.encoder.startswith("Normal"),
        "argument that stays fixed": any(
            c and {"shape"} & set(c.kinds) and getattr(spec, f"{role}_shape") != "learned" for role, c in cases.items()
        ) or any(c and c.own and len(c.kinds) < 2 and c.support == "real" for c in cases.values()),
        "base measure": any(c and c.record.log_base_measure != 0 for c in cases.values()),
        "shared parameter": any(u.startswith("shared") or u == "tied" for u in set().union(*used.values())),
        "head": bool(set().union(*used.values()) & {*HEADS, "exp_network", "softplus_network", "product", "ratio"}),
        "encoder linear": bool(used["encoder"] & {"linear", "linear_no_bias", "linear_fixed", "linear_fixed_offset", "last_layer", "tied"}),
        "encoder abstract": bool(used["encoder"] & {"network", "exp_network", "times_network", "frozen"}),
        "encoder with learned parameters": any(
            p.learned and any(a.has(p.symbol) for a in model.encoder.arguments) for p in model.parameters
        ),
        "encoder frozen": bool(used["encoder"] & {"frozen", "linear_fixed"}),
        "decoder linear": bool(used["decoder"] & {"linear", "linear_bias", "exp_linear", "linear_fixed"}),
        "decoder network": bool(used["decoder"] & {"network", "last_layer", "last_layer_no_bias", "frozen", "exp_last_layer"}),
        "decoder network of linear": "network_of_linear" in used["decoder"],
        "prior mean": bool(used["prior"] & {"number", "fixed_array", "learned", "learned_array"}) and spec.prior_location != "zero",
        "penalty": "penalty=" in text,
        "beta": "weight=" in text,
        "clamp (rare)": "Max(" in text,
        "constraint (rare)": ".constrain(" in text,
    }  # fmt: skip
    return {name for name, there in found.items() if there}


def _used(spec: Spec, role: str, case: Case | None) -> set[str]:
    """The choices that a factor's arguments really read."""
    kinds = set(case.kinds) if case else set()
    read = {"location": kinds & {"location", "natural"}, "scale": kinds & {"scale", "logscale"}}
    read["shape"] = kinds & {"shape"}
    return {getattr(spec, f"{role}_{part}") for part, there in read.items() if there}
