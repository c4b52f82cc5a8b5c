"""Models whose ELBO becomes a sum of entropies, in words that the shipped models do not use: each has to be proved and replayed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import sympy as sp

from entropysym import ModelWriter
from entropysym.families import ANY, LAPLACE, NORMAL
from entropysym.language import Family, Model
from entropysym.language.records import Law
from entropysym.models import vae1, vae2

x, m = sp.Symbol("x", real=True), sp.Symbol("m", real=True)
s, nu = sp.Symbol("s", positive=True), sp.Symbol("nu", positive=True)

LOGISTIC = Family(
    "Logistic",
    (m, s),
    x,
    -(x - m) / s - sp.log(s) - 2 * sp.log(1 + sp.exp(-(x - m) / s)),
    location=m,
    scale=s,
)
GUMBEL = Family(
    "Gumbel",
    (m, s),
    x,
    -(x - m) / s - sp.log(s) - sp.exp(-(x - m) / s),
    location=m,
    scale=s,
)
STUDENT = Family(
    "Student",
    (nu, m, s),
    x,
    sp.loggamma((nu + 1) / 2)
    - sp.loggamma(nu / 2)
    - sp.log(nu * sp.pi) / 2
    - sp.log(s)
    - (nu + 1) / 2 * sp.log(1 + (x - m) ** 2 / (nu * s**2)),
    location=m,
    scale=s,
)
#: N(m, 1), N(0, 1) and Laplace(0, 1) as families of their own.
UNIT_NORMAL = Family("UnitNormal", (m,), x, -sp.log(2 * sp.pi) / 2 - (x - m) ** 2 / 2)
STANDARD_NORMAL = Family("StandardNormal", (), x, -sp.log(2 * sp.pi) / 2 - x**2 / 2)
STANDARD_LAPLACE = Family("StandardLaplace", (), x, -sp.Abs(x) - sp.log(2))


def _renamed(model: Model, name: str, **laws: Law) -> Model:
    return replace(model, name=name).with_laws(**laws)


def _linear(name: str, **how: object) -> Model:
    """A linear decoder and a linear encoder whose standard deviations are shared by all data."""
    w = ModelWriter()
    W, b = w.learned("W", "d h"), w.learned("b", "d")
    V, c = w.learned("V", "h d"), w.learned("c", "h")
    tau = w.learned("tau", "h", range="positive")
    return _of(name, w, W, b, V, c, tau, **how)


def _of(name, w, W, b, V, c, tau, *, prior, decoder_variance, family=None) -> Model:
    location = w.sum("d", V * w.x_nd) + c
    encoder = NORMAL(location, tau**2) if family is None else family(location, tau)
    mean = w.sum("h", W * w.z_h) + b
    return w.model(name, prior=prior(w), decoder=NORMAL(mean, decoder_variance(w)), encoder=encoder)


def tied() -> Model:
    """Prior variance s², decoder variance s: one parameter, two factors, and the encoder moves along."""
    w = ModelWriter()
    s_ = w.learned("s", range="positive")
    W, b = w.learned("W", "d h"), w.learned("b", "d")
    V, c = w.learned("V", "h d"), w.learned("c", "h")
    tau = w.learned("tau", "h", range="positive")
    return _of(
        "tied", w, W, b, V, c, tau, prior=lambda _: NORMAL(0, s_**2), decoder_variance=lambda _: s_
    )


def fixed_prior_mean(how: str) -> Model:
    """N(mu_0, 1) with a fixed mean: the latents are scaled about it, and the decoder's bias makes up for it."""
    w = ModelWriter()
    mu0 = {
        "array": lambda: w.fixed("mu0", "h"),
        "scalar": lambda: w.fixed("mu0"),
        "number": lambda: sp.Integer(3),
    }[how]()
    W, b = w.learned("W", "d h"), w.learned("b", "d")
    V, c = w.learned("V", "h d"), w.learned("c", "h")
    tau = w.learned("tau", "h", range="positive")
    s2 = w.learned("sigma2", range="positive")
    return _of(
        f"prior_mean_{how}",
        w,
        W,
        b,
        V,
        c,
        tau,
        prior=lambda _: NORMAL(mu0, 1),
        decoder_variance=lambda _: s2,
    )


def product_of_scales() -> Model:
    """alpha^2 = s1 s2 and sigma^2 = s2, any encoder."""
    w = ModelWriter()
    s1, s2 = w.learned("s1", range="positive"), w.learned("s2", range="positive")
    mu = w.network("mu", "d", reads=w.z)
    return w.model(
        "product_of_scales", prior=NORMAL(0, s1 * s2), decoder=NORMAL(mu, s2), encoder=ANY()
    )


def precision_prior() -> Model:
    """Prior N(0, 1/sigma^2) and decoder variance sigma^2, with an encoder that is closed under scaling."""
    w = ModelWriter()
    s2 = w.learned("sigma2", range="positive")
    W, b = w.learned("W", "d h"), w.learned("b", "d")
    V, c = w.learned("V", "h d"), w.learned("c", "h")
    tau = w.learned("tau", "h", range="positive")
    return _of(
        "precision_prior",
        w,
        W,
        b,
        V,
        c,
        tau,
        prior=lambda _: NORMAL(0, 1 / s2),
        decoder_variance=lambda _: s2,
    )


def _vae2_with(name: str, family: Family) -> Model:
    model = vae2()
    nu_, tau2 = model.encoder.arguments
    if family.is_any:
        read = tuple(w for w in model.networks if w.name == "mu")
        any_encoder = tuple(replace(f, family=ANY, arguments=()) for f in model.q)
        return replace(model, name=name, q=any_encoder, networks=read)
    arguments = (nu_, sp.sqrt(tau2)) if len(family.arguments) == 2 else (5, nu_, sp.sqrt(tau2))
    return _renamed(model, name, encoder=family(*arguments))


def _vae1_logistic() -> Model:
    model = vae1()
    location, variance = model.encoder.arguments
    return _renamed(model, "vae1_logistic", encoder=LOGISTIC(location, sp.sqrt(variance)))


def shifted_heads() -> Model:
    """A known constant beside each learned variance."""
    w = ModelWriter()
    s_, c = w.learned("s", "d", range="positive"), w.fixed("c", "d", range="positive")
    a = w.learned("a", "h", range="positive")
    return w.model(
        "shifted_heads",
        prior=NORMAL(0, a + 2),
        decoder=NORMAL(w.network("mu", "d", reads=w.z), s_ + c),
        encoder=ANY(),
    )


TRUE_MODELS: dict[str, Callable[[], Model]] = {
    "tied": tied,
    "vae2_logistic_encoder": lambda: _vae2_with("vae2_logistic", LOGISTIC),
    "vae2_gumbel_encoder": lambda: _vae2_with("vae2_gumbel", GUMBEL),
    "vae2_student_encoder": lambda: _vae2_with("vae2_student", STUDENT),
    "vae2_any_encoder": lambda: _vae2_with("vae2_any", ANY),
    "vae1_logistic_encoder": _vae1_logistic,
    "vae1_own_unit_normal": lambda: _renamed(vae1(), "vae1_own1", prior=UNIT_NORMAL(0)),
    "vae1_own_standard_normal": lambda: _renamed(vae1(), "vae1_own2", prior=STANDARD_NORMAL()),
    "vae1_own_standard_laplace": lambda: _renamed(vae1(), "vae1_own3", prior=STANDARD_LAPLACE()),
    "vae1_laplace_prior": lambda: _renamed(vae1(), "vae1_laplace", prior=LAPLACE(0, 1)),
    "prior_mean_array": lambda: fixed_prior_mean("array"),
    "prior_mean_scalar": lambda: fixed_prior_mean("scalar"),
    "prior_mean_number": lambda: fixed_prior_mean("number"),
    "product_of_scales": product_of_scales,
    "precision_prior": precision_prior,
    "shifted_heads": shifted_heads,
}
