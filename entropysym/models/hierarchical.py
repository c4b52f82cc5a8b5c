r"""Several layers of latents: two-layer and ladder VAE, sigmoid belief net, diffusion chain.

Where every layer's variance is learned, every factor has a direction of its own, and q may be any; with the last layer's fixed to 1, its latent is scaled in q and in what reads it. Sources: Sønderby et al., "Ladder Variational Autoencoders", NeurIPS 2016;
Neal, "Connectionist learning of belief networks", 1992; Ho et al., "Denoising Diffusion Probabilistic Models", NeurIPS 2020. That their ELBO becomes an entropy sum: own derivation.
"""

from __future__ import annotations

import sympy as sp

from entropysym.errors import integer
from entropysym.families import ANY, BERNOULLI, NORMAL
from entropysym.language.records import Model
from entropysym.language.writing import Drawn, ModelWriter


def _two_layers(w: ModelWriter) -> tuple[Drawn, Drawn]:
    """$p(z_2)p(z_1|z_2)p(x|z_1)$ with abstract means and learned variances."""
    z1, z2 = w.latent_variable("z1", "h"), w.latent_variable("z2", "l L")
    alpha2 = w.learned("alpha2", "l", range="positive")
    s1, s0 = w.learned("s1", "h", range="positive"), w.learned("s0", range="positive")
    w.p(z2, NORMAL(0, alpha2))
    w.p(z1, NORMAL(w.network("m1", "h", reads=z2), s1))
    w.p(w.x, NORMAL(w.network("m0", "d", reads=z1), s0))
    return z1, z2


def _normal_given(w: ModelWriter, z: Drawn, index: str, *reads: Drawn) -> None:
    """q of a layer: a Normal law with abstract mean and variance."""
    k = z.name[1:]
    mean = w.network(f"nu_{k}", index, reads=reads)
    w.q(z, NORMAL(mean, w.network(f"t_{k}", index, reads=reads, range="positive")))


def scaled_q(w: ModelWriter, z: Drawn, index: str, *reads: Drawn) -> None:
    r"""q of a latent that is closed under its scaling: $\sum_jV_jg_j+c$ and $e^{r+u}$ with abstract g and r of what it reads."""
    w.plate("j J")
    V, c, u = w.learned("V", f"{index} j"), w.learned("c", index), w.learned("u", index)
    mean = w.sum("j", V * w.network("g", "j", reads=reads)) + c
    w.q(z, NORMAL(mean, sp.exp(w.network("r", index, reads=reads) + u)))


def two_layer_vae() -> Model:
    r"""$p(z_2)p(z_1|z_2)p(x|z_1)$ with $q(z_1|x)q(z_2|z_1)$."""
    w = ModelWriter()
    z1, z2 = _two_layers(w)
    _normal_given(w, z1, "h", w.x)
    _normal_given(w, z2, "l", z1)
    return w.model("two_layer_vae", title="Two-layer VAE", source="own derivation")


def ladder_vae() -> Model:
    r"""The ladder VAE: the generator of the two-layer VAE, and q from the top, $q(z_2|x)q(z_1|x,z_2)$."""
    w = ModelWriter()
    z1, z2 = _two_layers(w)
    _normal_given(w, z2, "l", w.x)
    _normal_given(w, z1, "h", w.x, z2)
    source = "Sønderby et al., NeurIPS 2016; own derivation"
    return w.model("ladder_vae", title="Ladder VAE", source=source)


def two_layer_vae_fixed_top() -> Model:
    r"""The two-layer VAE with $p(z_2)=N(0,I)$: the mean of $z_1$ reads $z_2$ through a free first layer, and $q(z_2|z_1)$ is closed under scaling."""
    w = ModelWriter()
    z1, z2 = w.latent_variable("z1", "h"), w.latent_variable("z2", "l L")
    w.plate("k K")
    W, s1 = w.learned("W", "k l"), w.learned("s1", "h", range="positive")
    s0 = w.learned("s0", range="positive")
    w.p(z2, NORMAL(0, 1))
    w.p(z1, NORMAL(w.network("m1", "h", reads=w.vector("k", w.sum("l", W * z2.entry))), s1))
    w.p(w.x, NORMAL(w.network("m0", "d", reads=z1), s0))
    _normal_given(w, z1, "h", w.x)
    scaled_q(w, z2, "l", z1)
    title = "Two-layer VAE with a fixed prior of the last layer"
    return w.model("two_layer_vae_fixed_top", title=title, source="own derivation")


def sigmoid_belief_net() -> Model:
    r"""Two layers of binary latents with logits linear in the layer above; any $q(z_1,z_2|x)$."""
    w = ModelWriter()
    z1 = w.latent_variable("z1", "h", support="binary")
    z2 = w.latent_variable("z2", "l L", support="binary")
    W0, b0, W1, b1 = (
        w.learned("W0", "d h"),
        w.learned("b0", "d"),
        w.learned("W1", "h l"),
        w.learned("b1", "h"),
    )
    w.p(z2, BERNOULLI(w.learned("c", "l")))
    w.p(z1, BERNOULLI(w.sum("l", W1 * z2.entry) + b1))
    w.p(w.x, BERNOULLI(w.sum("h", W0 * z1.entry) + b0))
    w.q(z1, z2, ANY)
    title = "Sigmoid belief net with two layers"
    return w.model("sigmoid_belief_net", title=title, source="Neal, 1992; own derivation")


def diffusion_chain(steps: int = 3) -> Model:
    r"""Denoising by steps: $q(z_t|z_{t-1})=N(a_tz_{t-1},b_t)$ is fixed ($a_t=\sqrt{1-b_t}$ keeps the variance), the variances of $p(z_{t-1}|z_t)$ and of the last latent are learned.

    With the last latent's law fixed to $N(0,I)$ a remainder stays. Raises `InputError` for fewer than one step.
    """
    steps = integer("the number of steps", steps)
    w = ModelWriter()
    z = [w.x, *(w.latent_variable(f"z{t}", "d") for t in range(1, steps + 1))]
    w.p(z[-1], NORMAL(0, w.learned("alpha2", range="positive")))
    for t in range(steps, 0, -1):
        s = w.learned(f"s{t}", range="positive")
        w.p(z[t - 1], NORMAL(w.network(f"m{t}", "d", reads=z[t]), s))
        a, b = w.fixed(f"a{t}"), w.fixed(f"b{t}", range="positive")
        w.q(z[t], NORMAL(a * z[t - 1].entry, b))
    source = "Ho et al., NeurIPS 2020; own derivation"
    name = "diffusion_chain" if steps == 3 else f"diffusion_chain_{steps}"
    return w.model(name, title=f"Diffusion chain of {steps} steps", source=source)
