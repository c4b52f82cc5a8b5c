"""Random small models, as lines of Python that build them.

A `Spec` says what each part of a model is, in words; `source` writes it as the lines that a user would write, and `build` runs them. So a
failure is reported as a few lines, and shrinks by putting back one plain choice after the other. About half of the specs are drawn so that
prior, decoder and encoder fit each other, or nearly so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import partial
from random import Random
from typing import Any

import sympy as sp

from entropysym import families
from entropysym.language import Model, ModelWriter, Objective
from entropysym.language.functions import Softplus
from entropysym.testing.spec_choices import (
    BINARY,
    COUNT,
    DECODER_LOCATIONS,
    ENCODER_LOCATIONS,
    ENCODER_SCALES,
    ENCODERS,
    FITTING_DECODERS,
    FIXED_PRIORS,
    FREE,
    HELD,
    LOCATED,
    MOVING_PRIORS,
    POSITIVE,
    PRIOR_LOCATIONS,
    READING,
    REAL,
    SCALED_ENCODERS,
    SHARED,
    SHIPPED,
    UNIT,
)
from entropysym.testing.spec_laws import CASES, LAWS
from entropysym.testing.spec_writing import Lines


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
    kinds = (*[REAL] * 6, *[POSITIVE] * 2, BINARY, *[COUNT] * 2, UNIT)
    return random.choice(random.choice(kinds))


def _wild(random: Random) -> Spec:
    """A spec whose parts are drawn each for itself."""
    prior = _family(random)
    shape = partial(_often, random, ("fixed", "number"), ("learned",), 0.85)
    return Spec(
        prior=prior,
        prior_location=random.choice(PRIOR_LOCATIONS),
        prior_scale=random.choice((*FREE, *HELD, *SHARED)),
        prior_shape=shape(),
        decoder=_family(random),
        decoder_location=random.choice((*DECODER_LOCATIONS, "linear_fixed", "frozen")),
        decoder_scale=random.choice(
            (*FREE, *HELD, *READING, "exp_linear", "network", "softplus_network")
        ),
        decoder_shape=shape(),
        encoder=random.choice(ENCODERS[CASES[prior].support]),
        encoder_location=random.choice(ENCODER_LOCATIONS),
        encoder_scale=random.choice(ENCODER_SCALES),
    )


def _fitting(random: Random) -> Spec:
    """A prior that moves by itself under any encoder, or a fixed one under an encoder that is closed under scaling."""
    decoder = random.choice(FITTING_DECODERS)
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
    case = CASES[random.choice(MOVING_PRIORS)]
    location = "learned_array" if "natural" in case.kinds else random.choice(PRIOR_LOCATIONS)
    any_law = random.random() < 0.3
    return replace(
        spec,
        prior=case.name,
        prior_location=location,
        prior_scale=random.choice((*FREE, "shared", "shared_square", "shared_product")),
        prior_shape=random.choice(("fixed", "number")),
        encoder="Any" if any_law else random.choice(ENCODERS[case.support]),
        encoder_location=random.choice(ENCODER_LOCATIONS),
        encoder_scale=random.choice(ENCODER_SCALES),
    )


def _scaling(spec: Spec, random: Random) -> Spec:
    location = random.choice(("linear_bias", "linear", "network_of_linear", "network_of_linear"))
    kinds, scale = CASES[spec.decoder].kinds, random.choice(FREE)
    if kinds == ("natural",):
        location = "linear_bias"
    if kinds == ("scale",):
        scale = "exp_linear"
    means = ("linear", "last_layer", "linear_no_bias")
    scales = ("each", "exp_network", "times_network", "learned", "exp")
    return replace(
        spec,
        prior=random.choice(FIXED_PRIORS),
        prior_location=_often(random, ("zero",), ("number", "fixed", "fixed_array"), 0.8),
        prior_scale=random.choice(("one", "number", "fixed")),
        decoder_location=location,
        decoder_scale=scale,
        encoder=random.choice(SCALED_ENCODERS),
        encoder_location=_often(random, means, ENCODER_LOCATIONS, 0.8),
        encoder_scale=_often(random, scales, ENCODER_SCALES, 0.8),
    )


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
        scale = random.choice(("network", "times_network", "frozen"))
        spec = replace(spec, encoder_scale=scale)
    if spec.encoder != "Any" and not CASES[spec.encoder].drawn:
        # An encoder of weighted points does not move.
        if spec.encoder_location not in ("network", "frozen", "linear_fixed"):
            spec = replace(spec, encoder_location="network")
        if spec.encoder_scale not in ("network", "frozen", "fixed", "one"):
            spec = replace(spec, encoder_scale="network")
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
    language = {"ModelWriter": ModelWriter, "Objective": Objective, "Softplus": Softplus}
    return {"sp": sp, "families": families, "LAWS": LAWS, **language}


def build(spec: Spec) -> Model:
    """The model of a spec. Raises `InputError` where the language refuses it."""
    names = namespace()
    exec("\n".join(source(spec)), names)
    return names["model"]


def spec_of(seed: int) -> Spec:
    """The spec of a seed."""
    return random_spec(Random(seed))


def random_model(seed: int) -> Model:
    """A random model of one observed and one latent vector, the same for each seed.

    Raises `InputError` where the language refuses what was drawn, as it does for a few seeds in a hundred.
    """
    return replace(build(spec_of(seed)), name=f"random_{seed}")


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
