r"""Gaussian VAEs with abstract networks, VAE-0 to VAE-3, as Damm et al. (AISTATS 2023, PMLR 206:3931) name them.

Decoder mean $\mu$ and encoder mean $\nu$ and variance $\tau^2$ are arbitrary networks. Where the prior is fixed, what the scaling of a latent
needs is written out: a free first layer W that reads z, a mean head linear in its last layer (V, c), and a bias u of the log-variance.
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from entropysym.errors import one_of
from entropysym.families import NORMAL
from entropysym.language.formula import entry
from entropysym.language.functions import Softplus
from entropysym.language.heads import Vector
from entropysym.language.records import (
    Constraint,
    Law,
    Model,
    Network,
    Parameter,
    Plate,
    one_latent_model,
)
from entropysym.language.symbols import DATUM, LATENT, n
from entropysym.models.coordinates import learned_variance

SOURCE = "Damm et al., AISTATS 2023 (PMLR 206:3931)"


def plates() -> tuple[Plate, Plate]:
    """The observed plate d = 1, …, D and the latent plate h = 1, …, H."""
    return Plate.named("d", "D"), Plate.named("h", "H")


def datum(observed: Plate) -> Vector:
    """The data point $x_n$ as a network's input."""
    return observed.vector(entry(DATUM, n, observed.index))


def latents(latent: Plate) -> Vector:
    """The latent z as a network's input."""
    return latent.vector(entry(LATENT, latent.index))


def first_layer(name: str, layer: Plate, latent: Plate) -> tuple[Parameter, Vector]:
    """A free first layer that reads z: the parameter and the vector $(\\sum_hW_{kh}z_h)_k$."""
    weights = Parameter(name, (layer, latent))
    return weights, layer.vector(latent.sum(weights.entry * entry(LATENT, latent.index)))


def scaled_encoder(
    observed: Plate, latent: Plate, *, learned: bool = True
) -> tuple[Law, tuple[Parameter, ...], tuple[Network, ...]]:
    r"""An encoder closed under scaling: $\nu_h=\sum_jV_{hj}g_j(x)+c_h$, $\log\tau_h^2=r_h(x)+u_h$, with abstract g and r."""
    feature = Plate.named("j", "J")
    V = Parameter("V", (latent, feature), learned=learned)
    c = Parameter("c", (latent,), learned=learned)
    u = Parameter("u", (latent,), learned=learned)
    g = Network("g", (feature,), (observed.size,), learned=learned)
    r = Network("r", (latent,), (observed.size,), learned=learned)
    x_n = datum(observed)
    mean = feature.sum(V.entry * g(x_n)) + c.entry
    return NORMAL(mean, sp.exp(r(x_n) + u.entry)), (V, c, u), (g, r)


def variant_name(
    name: str, coordinates: str, per_dimension: bool, *, frozen_encoder: bool = False
) -> str:
    """The name of a variant: a model that is not the default one must not go by its name."""
    words = [name]
    if coordinates != "variance":
        words.append(coordinates.replace("-", "_"))
    words += ["per_dimension"] * per_dimension + ["frozen_encoder"] * frozen_encoder
    return "_".join(words)


def variant_title(title: str, default: str, name: str) -> str:
    """The title of a variant: its form, as its name has it, in brackets."""
    form = name.removeprefix(default).strip("_").replace("_", " ")
    return f"{title} ({form})" if form else title


def vae0() -> Model:
    r"""VAE-0: prior $N(0,I)$, decoder $N(\mu(z),\sigma_0^2I)$ with a *fixed* variance: no entropy sum, but the prior's part holds."""
    model = vae1()
    fixed = tuple(
        Parameter("sigma2", range="positive", learned=False) if p.name == "sigma2" else p
        for p in model.parameters
    )
    title = "VAE-0: Gaussian VAE with fixed decoder variance"
    return replace(model, name="vae0", title=title, parameters=fixed)


def vae1(
    *, coordinates: str = "variance", per_dimension: bool = False, frozen_encoder: bool = False
) -> Model:
    r"""VAE-1: prior $N(0,I)$, decoder $N(F(Wz),\sigma^2I)$ with learned variance, encoder closed under scaling.

    `coordinates` is one of variance, log-variance, std, softplus, precision; `per_dimension` learns one variance for each d. With
    `frozen_encoder` the encoder is not learned, and equality fails.
    """
    observed, latent = plates()
    W, hidden = first_layer("W", Plate.named("k", "K"), latent)
    F = Network("F", (observed,), (Plate.named("k", "K").size,))
    scale, variance = learned_variance(coordinates, (observed,) if per_dimension else ())
    encoder, weights, networks = scaled_encoder(observed, latent, learned=not frozen_encoder)
    name = variant_name("vae1", coordinates, per_dimension, frozen_encoder=frozen_encoder)
    return one_latent_model(
        name=name,
        title=variant_title("VAE-1: Gaussian VAE with learned decoder variance", "vae1", name),
        source=SOURCE,
        observed=observed,
        latent=latent,
        parameters=(W, *weights, scale),
        networks=(F, *networks),
        prior=NORMAL(0, 1),
        decoder=NORMAL(F(hidden), variance),
        encoder=encoder,
    )


def vae2(*, coordinates: str = "variance", per_dimension: bool = False) -> Model:
    r"""VAE-2: prior $N(0,\mathrm{diag}\,\alpha^2)$ and decoder $N(\mu_\Theta(z),\sigma^2I)$, both variances learned, any encoder.

    The columns of the decoder's first layer have unit norm, so that the scale of z is the prior's alone. `coordinates` and
    `per_dimension` are those of `vae1`.
    """
    observed, latent = plates()
    scale, variance = learned_variance(coordinates, (observed,) if per_dimension else ())
    alpha2 = Parameter("alpha2", (latent,), range="positive")
    mu = Network("mu", (observed,), (latent.size,))
    nu = Network("nu", (latent,), (observed.size,))
    tau2 = Network("tau2", (latent,), (observed.size,), range="positive")
    x_n = datum(observed)
    name = variant_name("vae2", coordinates, per_dimension)
    return one_latent_model(
        name=name,
        title=variant_title("VAE-2: Gaussian VAE with learned prior variances", "vae2", name),
        source=SOURCE,
        observed=observed,
        latent=latent,
        parameters=(scale, alpha2),
        networks=(mu, nu, tau2),
        prior=NORMAL(0, alpha2.entry),
        decoder=NORMAL(mu(latents(latent)), variance),
        encoder=NORMAL(nu(x_n), tau2(x_n)),
        constraints=(Constraint("mu", "the columns of the first layer of mu have unit norm"),),
    )


#: Heads of VAE-3's decoder variance: all but softplus leave a direction.
HEADS = ("log-variance", "linear", "scaled", "softplus")


def vae3(*, head: str = "log-variance") -> Model:
    r"""VAE-3: prior $N(0,I)$, decoder $N(F(Wz),\mathrm{diag}\,\sigma^2(z))$ with a variance network that reads z through its own first layer U.

    `head` of the variance network G: `log-variance` with a bias $\sigma_d^2=e^{G_d+s_d}$; `linear` in its last layer,
    $\sigma_d^2=\sum_lA_{dl}G_l$ with positive entries; `scaled`, any positive head times a learned scale, $\sigma_d^2=s\,G_d$; or
    `softplus`, $\sigma_d=\mathrm{softplus}(\sum_lA_{dl}G_l+s_d)$, which has no direction.
    """
    if head not in HEADS:
        raise one_of(head, HEADS, "variance head")
    observed, latent = plates()
    layer, second, feature = (Plate.named(i, s) for i, s in (("k", "K"), ("l", "L"), ("m", "M")))
    W, hidden = first_layer("W", layer, latent)
    U, variance_hidden = first_layer("U", second, latent)
    F = Network("F", (observed,), (layer.size,))
    bias = Parameter("s", (observed,))
    if head == "log-variance":
        G = Network("G", (observed,), (second.size,))
        learned: tuple[Parameter, ...] = (bias,)
        variance = sp.exp(G(variance_hidden) + bias.entry)
    elif head == "scaled":
        G = Network("G", (observed,), (second.size,), range="positive")
        learned = (Parameter("s", range="positive"),)
        variance = learned[0].entry * G(variance_hidden)
    else:
        positive = head == "linear"
        G = Network("G", (feature,), (second.size,), range="positive" if positive else "real")
        A = Parameter("A", (observed, feature), range="positive" if positive else "real")
        last = feature.sum(A.entry * G(variance_hidden))
        learned = (A,) if positive else (A, bias)
        variance = last if positive else Softplus(last + bias.entry) ** 2
    encoder, weights, networks = scaled_encoder(observed, latent)
    name = "vae3" if head == HEADS[0] else f"vae3_{head}"
    return one_latent_model(
        name=name,
        title=variant_title("VAE-3: Gaussian VAE with a variance network", "vae3", name),
        source=SOURCE,
        observed=observed,
        latent=latent,
        parameters=(W, U, *weights, *learned),
        networks=(F, G, *networks),
        prior=NORMAL(0, 1),
        decoder=NORMAL(F(hidden), variance),
        encoder=encoder,
    )
