"""The words in which random models are described: families, locations and scales to choose from."""

from __future__ import annotations

from entropysym.testing.spec_laws import CASES


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


#: Families of prior and decoder by support; those that stand twice are drawn twice as often.
REAL = words(
    "Normal Laplace NormalStd NormalPrecision NormalLogVariance NormalFactor NormalPlain UnitNormal"
    " StandardNormal StandardLaplace Logistic Gumbel Student Cauchy Quartic"
)
POSITIVE = words("OwnExponential OwnGamma OwnHalfNormal OwnRayleigh OwnLogNormal")
BINARY = words("Bernoulli BernoulliLogit BernoulliOdds")
COUNT = words("Poisson OwnPoissonRate OwnGeometric OwnNegativeBinomial")
UNIT = words("PowerUnit")

#: Families of z for an encoder, by the support of the prior.
ENCODERS = {
    "real": words(
        "Normal Normal NormalStd NormalLogVariance NormalFactor NormalPlain UnitNormal Laplace"
        " LaplaceScaled Logistic Gumbel Student Cauchy"
    ),
    "positive": words("OwnExponential OwnHalfNormal OwnGamma OwnLogNormal PowerUnit"),
    "unit": UNIT,
    "binary": BINARY,
    "count": words("Poisson OwnGeometric"),
}

#: Decoders, priors and encoders that often fit together.
FITTING_DECODERS = words(
    "Normal Normal NormalStd NormalPrecision NormalLogVariance NormalFactor NormalPlain Laplace"
    " Quartic Bernoulli BernoulliLogit Poisson OwnExponential OwnHalfNormal OwnRayleigh OwnLogNormal"
    " BernoulliOdds OwnPoissonRate OwnGeometric"
)
MOVING_PRIORS = words(
    "Normal Normal NormalStd NormalPrecision NormalLogVariance NormalFactor Laplace Quartic"
    " OwnExponential OwnHalfNormal OwnRayleigh OwnLogNormal Bernoulli OwnPoissonRate OwnGeometric OwnNegativeBinomial"
)
FIXED_PRIORS = words(
    "Normal Normal Normal StandardNormal UnitNormal Laplace StandardLaplace NormalStd Quartic"
)
SCALED_ENCODERS = words("Normal Normal NormalStd NormalLogVariance LaplaceScaled Logistic Gumbel")

#: Scales that move freely, that do not, that read z and can move, and that another factor has too.
FREE = words("learned each exp softplus square root inverse product power ratio")
HELD = words(
    "one number fixed fixed_each plus_known plus_known_each softplus_sum clamp inactive_clamp"
    " exp_abs exp_tanh"
)
READING = words("times_network exp_network")
SHARED = words("shared shared_square shared_inverse shared_root shared_product")
HEADS = words(
    "exp softplus square root inverse plus_known plus_known_each softplus_sum power exp_abs"
    " exp_tanh exp_network softplus_network product ratio"
)
PRIOR_LOCATIONS = words("zero number fixed fixed_array learned learned_array")
DECODER_LOCATIONS = words(
    "linear linear_bias network network_of_linear last_layer last_layer_no_bias"
)
ENCODER_LOCATIONS = words(
    "network frozen linear linear_no_bias linear_fixed linear_fixed_offset last_layer tied zero"
    " network_of_linear"
)
ENCODER_SCALES = words(
    "network frozen exp_network times_network each learned fixed one shared shared_root exp"
    " softplus"
)

#: Encoders with a location; the others read the datum in their scale only.
LOCATED = {name for name, case in CASES.items() if {"location", "natural"} & set(case.kinds)}

#: Shipped families for own ones.
SHIPPED = {
    **dict.fromkeys(
        words("NormalStd NormalPrecision NormalLogVariance NormalFactor NormalPlain"), "Normal"
    ),
    **dict.fromkeys(words("LaplaceScaled Quartic"), "Laplace"),
    "BernoulliLogit": "Bernoulli",
}
