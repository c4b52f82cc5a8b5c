"""Wrong use of a certificate that no gradient shows, and structures that are named: each is refused or said, and its right form is taken."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from entropysym.errors import InputError
from entropysym.lowering import Nodes, gauss_hermite
from entropysym.networks import (
    Encoded,
    GraphOutputs,
    certify,
    encoded,
    initial,
    normal,
    vae,
)
from entropysym.networks.networks import outputs
from tests.networks.test_traps import judged, network, start
from tests.networks.zoo import CASES

RNG = np.random.default_rng(17)
N, D = 70, 3
X = RNG.normal(size=(N, D)) + RNG.normal(size=(N, 1)) ** 2
TWO = gauss_hermite(2, 5)


def weights(**shapes):
    return {k: 0.5 * RNG.normal(size=s) for k, s in shapes.items()}


P = weights(V=(D, 2), R=(D, 2), u=(2,), W=(2, D), s=(), l=(2,))


def drawing(stated):
    """Two latents with a learned prior, drawn right; `stated` makes the entropy from log τ² (N, 2) and z (N, S, 2)."""

    def run(p, x, eps):
        log_tau2 = 0.3 * x @ p["R"] + p["u"]
        z = (x @ p["V"])[:, None] + jnp.exp(log_tau2 / 2)[:, None] * eps
        return GraphOutputs(
            {
                "z": normal(z, 0.0, jnp.exp(p["l"])),
                "x": normal(x[:, None], z @ p["W"], jnp.exp(p["s"])),
            },
            {"z": stated(log_tau2, z, eps)},
        )

    return run


LOG_2PI = np.log(2 * np.pi)
RIGHT = {
    "log variance": lambda t, z, e: encoded(z, log_tau2=t),
    "sampled": lambda t, z, e: Encoded(
        z, jnp.sum(t[:, None] + e**2 + LOG_2PI, axis=-1) / 2 + 0 * z[..., 0]
    ),
    "for each sample": lambda t, z, e: Encoded(
        z, jnp.broadcast_to(jnp.sum(t + 1 + LOG_2PI, axis=-1)[:, None] / 2, z.shape[:2])
    ),
}
WRONG = {
    "log of the standard deviation": lambda t, z, e: encoded(z, log_tau2=t / 2),
    "twice": lambda t, z, e: encoded(z, log_tau2=2 * t),
    "one datum's for all": lambda t, z, e: encoded(z, log_tau2=t[:1] + 0 * t),
    "sampled, standard deviation": lambda t, z, e: Encoded(
        z, jnp.sum(t[:, None] / 2 + e**2 + LOG_2PI, axis=-1) / 2
    ),
}


@pytest.mark.some(1)
@pytest.mark.parametrize("how", RIGHT)
def test_an_entropy_that_belongs_to_the_draw(how):
    c = certify(drawing(RIGHT[how]), P, X, TWO)
    assert c.agrees, (c.missing, c.residual)


@pytest.mark.some(2)
@pytest.mark.parametrize("how", WRONG)
def test_an_entropy_of_something_else(how):
    with pytest.raises(InputError, match=r"the entropy of z is stated as .* nat for a datum"):
        certify(drawing(WRONG[how]), P, X, TWO)


@pytest.mark.slow
def test_other_noise_has_another_entropy():
    """Noise of your own law, with its own entropy, a constant: nothing is refused."""
    uniform = Nodes(jnp.asarray(RNG.uniform(-1, 1, size=(25, 2))), jnp.full(25, 1 / 25))

    def stated(log_tau2, z, eps):
        return Encoded(z, jnp.sum(log_tau2 / 2 + np.log(2.0), axis=-1))

    assert certify(drawing(stated), P, X, uniform).agrees
    with pytest.raises(InputError, match="the entropy of z"):
        certify(
            drawing(lambda t, z, e: Encoded(z, jnp.sum(t + np.log(2.0), axis=-1))), P, X, uniform
        )


def test_a_draw_that_is_not_affine_is_not_judged():
    """A flow: the draw is z + z³, its entropy is known only to those who wrote it."""

    def run(p, x, eps):
        made = drawing(RIGHT["log variance"])(p, x, eps)
        z = made.q["z"].z
        z = z + z**3
        return GraphOutputs({**made.p, "z": normal(z, 0.0, 1.0)}, {"z": Encoded(z, jnp.ones(len(z)))})  # fmt: skip

    assert not certify(run, P, X, TWO).agrees


@pytest.mark.slow
def test_masked_logits_are_no_equations():
    """Classes that a mask of -1e9 takes away, by datum: neither the direction nor the tolerance sees them."""
    classes = 4
    mask = jnp.asarray(np.where(np.arange(classes) < 3, 0.0, -1e9))
    shares = np.concatenate([RNG.dirichlet(np.ones(3), N), np.zeros((N, 1))], axis=1)
    p = weights(V=(classes, 1), u=(1,), W=(1, classes), b=(classes,))

    def net(mask):
        return vae(
            lambda p, x: (x @ p["V"], p["u"] + 0 * x[:, :1]),
            lambda p, z: z @ p["W"] + p["b"] + mask,
            decoder="categorical",
        )

    c = certify(net(mask), p, shares, gauss_hermite(1, 8))
    assert c.agrees, (c.missing, c.residual, c.tolerance)
    # A mask is no excuse for logits that matter: fixed ones among the others are missed.
    held = certify(net(mask.at[0].set(3.0)), p, shares, gauss_hermite(1, 8))
    assert held.missing["x"] > 1e-3 or held.agrees
    frozen = vae(
        lambda p, x: (x @ p["V"], p["u"] + 0 * x[:, :1]),
        lambda p, z: (z @ p["W"]).at[:, 1].set(0.7) + mask,
        decoder="categorical",
    )
    assert certify(frozen, p, shares, gauss_hermite(1, 8)).missing["x"] > 1e-3


@pytest.mark.slow
def test_tied_arrays_are_named():
    c = CASES["tied_encoder_and_decoder"](np.random.default_rng(1))
    found = certify(c.network, c.parameters, c.data, c.nodes)
    assert "encoder and decoder both read ['V'] (tied weights)" in found.message
    # Arrays that both sides have of their own are not.
    c = CASES["softplus_head_of_the_encoder"](np.random.default_rng(1))
    found = certify(c.network, c.parameters, c.data, c.nodes)
    assert not found.exact
    assert "tied" not in found.message


def test_floats_of_python_learn_and_whole_numbers_are_refused():
    x, p = X, {"V": P["V"][:, :1], "u": -0.5, "W": P["W"][:1], "s": 0.1}
    net = vae(
        lambda p, x: (x @ p["V"], p["u"] + 0 * x[:, :1]),
        lambda p, z: (z @ p["W"], jnp.exp(p["s"])),
    )
    c = certify(net, p, x, gauss_hermite(1, 6))
    assert c.agrees
    assert any(word.startswith("['s']") for word in c.motion)
    with pytest.raises(InputError, match=r"\['s'\] is a whole number"):
        certify(net, {**p, "s": 0}, x, gauss_hermite(1, 6))


def test_an_objective_that_is_no_number():
    with pytest.raises(InputError, match=r"trained gives an array of shape \(60,\)"):
        judged(network, start(), trained=lambda p: jnp.zeros(60) * p["s"])


def test_a_graph_without_factors():
    with pytest.raises(InputError, match="p of GraphOutputs is empty"):
        certify(lambda p, x, eps: GraphOutputs({}, {}), {"w": np.ones(2)}, X, TWO)


@pytest.mark.slow
def test_modules_of_pytorch_that_are_not_ready_or_compute_in_single_precision():
    torch = pytest.importorskip("torch")

    class Vae(torch.nn.Module):
        def __init__(self, first):
            super().__init__()
            self.first, self.logvar = first, torch.nn.Linear(D, 1)
            self.decoder, self.s = torch.nn.Linear(1, D), torch.nn.Parameter(torch.zeros(()))

    def net(short=False, **more):
        def decode(m, z):
            mean = m.decoder(z)
            return (mean.float() if short else mean), m.s.exp()

        return vae(lambda m, x: (m.first(x), m.logvar(x)), decode, **more)

    nodes = gauss_hermite(1, 6)
    with pytest.raises(InputError, match="has no shape yet"):
        certify(net(), Vae(torch.nn.LazyLinear(1)), X, nodes)
    ready = Vae(torch.nn.Linear(D, 1))
    with pytest.raises(InputError, match="computes in float32 although"):
        certify(net(short=True), ready, X, nodes)
    data = torch.tensor(X, requires_grad=True)
    together, one = (certify(net(per_example=each), ready, data, nodes) for each in (False, True))
    assert together.agrees
    assert one.elbo == pytest.approx(together.elbo, rel=1e-12)
    assert one.agrees


@pytest.mark.slow
def test_the_bernoulli_network_that_ships_is_certified():
    x = (RNG.uniform(size=(60, 4)) < 0.4).astype(float)
    vae = initial("bernoulli_vae", jnp.asarray(x), 2, (3,), jax.random.key(0))
    c = certify(outputs, vae, x, TWO)
    assert c.origin == "solved"
    assert c.agrees, (c.missing, c.residual)
    assert abs(c.gap) > 1e-3
