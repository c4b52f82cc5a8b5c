"""Networks of which nobody says which array is which: the directions are found by structure, or said to be absent (`zoo` has the table)."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from entropysym.errors import InputError
from entropysym.lowering import gauss_hermite
from entropysym.networks import (
    Generated,
    GraphOutputs,
    Reading,
    bernoulli,
    certificate,
    certify,
    directions,
    encoded,
    normal,
    programs,
    vae,
)
from entropysym.networks.candidates import Candidate, levels, words
from entropysym.networks.directions import Points, two_sets
from entropysym.networks.laws import LAWS
from tests.networks import zoo

RNG = np.random.default_rng(11)
QUICK = sorted(name for name in zoo.CASES if not name.startswith("torch"))


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_a_direction_is_found_or_truly_absent(name):
    _, faults, _ = zoo.at_the_start(name, 77)
    assert faults == ()


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(zoo.CASES))
def test_the_reading_where_training_ends(name):
    assert zoo.judged(name, 78).faults == ()


def test_a_module_of_pytorch(monkeypatch):
    """In float32, with batch statistics: computed in float64, and the module is left as it was."""
    import torch

    made = zoo.torch_bernoulli_with_batch_norm_in_training_mode(np.random.default_rng(3))
    before = {k: v.clone() for k, v in made.parameters.state_dict().items()}
    c = certify(made.network, made.parameters, made.data, made.nodes)
    assert c.agrees, c.missing
    assert abs(c.gap) > 1e-3
    after = made.parameters.state_dict()
    assert all(torch.equal(before[k], after[k]) for k in before)
    assert after["mu.weight"].dtype == torch.float32
    with pytest.raises(
        InputError, match="rows is 40, but the network uses statistics of its batch"
    ):
        certify(made.network, made.parameters, made.data, made.nodes, rows=40)


def test_a_module_of_pytorch_that_draws_its_own_noise():
    import torch

    made = zoo.torch_module_in_float32(np.random.default_rng(3))

    def own_noise(m, z):
        return m.decoder(z + torch.randn_like(z)), m.log_sigma2.exp()

    net = vae(lambda m, x: (m.mu(m.body(x)), m.logvar(m.body(x))), own_noise)
    with pytest.raises(InputError, match=r"something else each time; .*eval"):
        certify(net, made.parameters, made.data, made.nodes)


@pytest.mark.slow
def test_batch_statistics_are_noticed():
    made = zoo.batch_norm_in_training_mode(np.random.default_rng(5))
    assert certify(made.network, made.parameters, made.data, made.nodes).agrees
    assert certify(made.network, made.parameters, made.data, made.nodes, rows=80).agrees
    with pytest.raises(InputError, match="leave rows out, or put the network in evaluation mode"):
        certify(made.network, made.parameters, made.data, made.nodes, rows=20)
    plain = zoo.relu(np.random.default_rng(5))
    whole = certify(plain.network, plain.parameters, plain.data, plain.nodes)
    parts = certify(plain.network, plain.parameters, plain.data, plain.nodes, rows=np.int64(7))
    assert parts.gap == pytest.approx(whole.gap, abs=1e-12)


def test_the_motion_can_be_read():
    made = zoo.one_head_for_both(np.random.default_rng(1))
    c = certify(made.network, made.parameters, made.data, made.nodes)
    assert c.motion == (
        "['V'][:, 0:2] × 0.5",
        "['W'] × -0.5",
        "['c'][0:2] × 0.5, ['c'][2:4] +1",
        "['s'] -1",
    )


def test_of_several_motions_the_most_direct_one_is_told():
    """ReLU would let the second layer undo the first; the first undoes the latents at once."""
    made = zoo.relu(np.random.default_rng(2))
    c = certify(made.network, made.parameters, made.data, made.nodes)
    assert "['W'] × -0.5" in c.motion
    assert not any(said.startswith(("['b']", "['B']")) for said in c.motion)


def test_words():
    a = RNG.normal(size=(3, 4))
    mask = np.array([1.0, 1.0, 0.0, 0.0])
    assert words("W", -a / 2, a) == "W × -0.5"
    assert words("W", a * mask, a) == "W[:, 0:2] × 1"
    assert words("W", 0 * a, a) == ""
    assert words("b", np.ones(3), a[:, 0]) == "b +1"
    assert words("b", np.array([0.5, 0.0]) * a[0, :2], a[0, :2]) == "b[0] × 0.5"
    assert words("W", RNG.normal(size=(3, 4)), a) == "W by entries, 100% of them"


def test_no_candidate_is_missing_from_the_levels():
    leaves = [RNG.normal(size=s) for s in ((), (3,), (3, 2), (100,))]
    whole, slices, vectors, dense = levels(leaves)
    assert Candidate(2, "times") in whole
    assert Candidate(0, "plus") in whole
    assert {Candidate(2, "times", 0, 2), Candidate(2, "times", 1, 1), Candidate(1, "plus", -1, 2)} <= set(slices)  # fmt: skip
    assert len(vectors) == 100
    assert len(dense) == sum(a.size for a in leaves)
    assert len(list(levels([RNG.normal(size=(50, 50))]))) == 3  # too many to stand alone


def test_the_worst_is_no_motion():
    """Where nothing comes closer, v = 0 is returned and its residual is 1."""
    p = {"k": jnp.asarray(0.3), "s": jnp.zeros(())}

    def network(p, x, eps):
        z = jnp.sin(3 * x[:, None, :1]) + eps
        mean = jnp.sin(p["k"] * z) * jnp.ones(3)
        return GraphOutputs(
            {"z": normal(z, 0.0, 1.0), "x": normal(x[:, None], mean, jnp.exp(p["s"]))},
            {"z": encoded(z, log_tau2=jnp.zeros((len(x), 1)))},
        )

    c = certify(network, p, RNG.normal(size=(50, 3)), gauss_hermite(1, 6))
    assert c.missing["x"] <= 1e-10
    assert 0.1 < c.missing["z"] <= 1
    assert not c.agrees


def test_the_value_of_a_latent_is_what_was_drawn():
    p = zoo.weights(np.random.default_rng(6), **zoo.LINEAR, s=())

    def network(p, x, eps):
        nu, log_tau2 = zoo.encode_linearly(p, x)
        z = nu[:, None] + jnp.exp(log_tau2 / 2)[:, None] * eps
        return GraphOutputs(
            {"z": normal(z**3, 0.0, 1.0), "x": normal(x[:, None], zoo.decode_linearly(p, z), jnp.exp(p["s"]))},
            {"z": encoded(z, log_tau2=log_tau2)},
        )  # fmt: skip

    with pytest.raises(InputError, match="the value of z in p is not what q drew"):
        certify(network, p, zoo.real(np.random.default_rng(7)), gauss_hermite(1, 6))


def made_for_slips(**more):
    p = zoo.weights(np.random.default_rng(6), **zoo.LINEAR, s=(), **more)
    return p, zoo.real(np.random.default_rng(7), 80)


def decode_with_variance(p, z):
    return zoo.decode_linearly(p, z), jnp.exp(p["s"])


@pytest.mark.slow
def test_a_gradient_that_was_cut_is_noticed():
    p, x = made_for_slips()
    cut = lambda p, z: decode_with_variance(p, jax.lax.stop_gradient(z))  # noqa: E731
    c = certify(vae(zoo.encode_linearly, cut), p, x, gauss_hermite(1, 5))
    assert not c.agrees
    assert "part of it is cut" in c.message
    assert "cut" not in certify(vae(zoo.encode_linearly, decode_with_variance), p, x, gauss_hermite(1, 5)).message  # fmt: skip


def test_a_long_direction_is_not_taken_for_a_cut_gradient():
    """The variance hardly follows its parameter, so that v is long and a difference along it is mostly rounding."""
    p, x = made_for_slips()
    slow = lambda p, z: (zoo.decode_linearly(p, z), jnp.exp(1e-6 * p["s"]))  # noqa: E731
    c = certify(vae(zoo.encode_linearly, slow), p, x, gauss_hermite(1, 5))
    assert c.direction_norm > 1e5
    assert c.agrees, c.message
    assert "cut" not in c.message


def test_no_directions_are_not_those_of_nobody():
    p, x = made_for_slips()
    with pytest.raises(InputError, match="directions has"):
        certify(vae(zoo.encode_linearly, decode_with_variance), p, x, gauss_hermite(1, 5), directions={})  # fmt: skip


@pytest.mark.slow
def test_a_clamp_that_one_datum_meets_is_noticed():
    p, x = made_for_slips(R=(zoo.D, 1))
    x = np.concatenate([x] * 20)
    x[1234] *= 300
    heads = lambda p, x: (x @ p["V"], jnp.clip(x @ p["R"], -20.0, 10.0))  # noqa: E731
    c = certify(vae(heads, decode_with_variance), p, x, gauss_hermite(1, 5))
    assert not c.agrees
    assert not c.exact


@pytest.mark.slow
def test_the_parameters_of_a_shipped_network_do_not_make_it_one():
    from entropysym.networks import initial
    from entropysym.networks.networks import outputs

    x = zoo.real(np.random.default_rng(7))
    shipped = initial("vae2", jnp.asarray(x), 1, [3], jax.random.key(0))

    def own(m, x, eps):
        out = outputs(m, x, eps)
        return out._replace(sigma2=out.sigma2 + 0.5, alpha2=out.alpha2 + 0.5)

    c = certify(own, shipped, x, gauss_hermite(1, 5))
    assert c.origin == "solved"
    assert certify(outputs, shipped, x, gauss_hermite(1, 5)).origin == "written"


def test_arrays_that_nobody_reads_are_named():
    p, x = made_for_slips()
    held = dict(p)
    c = certify(vae(lambda q, x: zoo.encode_linearly(held, x), decode_with_variance), p, x, gauss_hermite(1, 5))  # fmt: skip
    assert "no output reads ['V'], ['c'], ['u']" in c.message
    assert "no output" not in certify(vae(zoo.encode_linearly, decode_with_variance), p, x, gauss_hermite(1, 5)).message  # fmt: skip


def test_a_module_of_pytorch_that_is_closed_over():
    made = zoo.torch_module_in_float32(np.random.default_rng(3))
    m = made.parameters.double()
    net = vae(lambda _, x: (m.mu(m.body(x)), m.logvar(m.body(x))), lambda q, z: (q.decoder(z), q.log_sigma2.exp()))  # fmt: skip
    with pytest.raises(InputError, match="parameters of a module that it was not passed"):
        certify(net, m, made.data, made.nodes)
    with pytest.raises(InputError, match="pass the module itself"):
        certify(made.network, dict(m.state_dict()), made.data, made.nodes)


def test_one_program_serves_other_containers():
    p, x = made_for_slips()
    renamed = lambda q: {k[:-1]: a for k, a in q.items()}  # noqa: E731
    one = certify(vae(zoo.encode_linearly, decode_with_variance), p, x, gauss_hermite(1, 5))
    other = vae(lambda q, x: zoo.encode_linearly(renamed(q), x), lambda q, z: decode_with_variance(renamed(q), z))  # fmt: skip
    two = certify(other, {f"{k}_": a for k, a in p.items()}, x, gauss_hermite(1, 5))
    assert one.agrees
    assert two.gap == one.gap


@pytest.mark.slow
def test_a_variance_for_all_latents_counts_for_each():
    p, x = made_for_slips()
    W = np.random.default_rng(1).normal(size=(2, zoo.D))
    wide = lambda p, x: (jnp.repeat(x @ p["V"], 2, 1), jnp.repeat(p["u"] + 0 * x[:, :1], 2, 1))  # noqa: E731
    narrow = lambda p, x: (jnp.repeat(x @ p["V"], 2, 1), p["u"] + 0 * x[:, :1])  # noqa: E731
    found = [certify(vae(e, lambda p, z: (z @ W, jnp.exp(p["s"]))), p, x, gauss_hermite(2, 4)).elbo for e in (wide, narrow)]  # fmt: skip
    assert found[0] == pytest.approx(found[1], abs=1e-12)


@pytest.mark.some(2)
@pytest.mark.parametrize(
    ("data", "decoder", "nodes", "says"),
    [
        (zoo.real(np.random.default_rng(7)), "bernoulli", 1, r"outside of what its law generates; pass \[0, 1\]"),
        (zoo.real(np.random.default_rng(7)), "poisson", 1, "outside of what its law generates"),
        (np.ones((40, zoo.D)), "categorical", 1, "shares that sum to 1"),
        (zoo.real(np.random.default_rng(7)) ** 2, "poisson", 2, "nodes of H latents"),
        ({"y": np.ones((40, zoo.D))}, "poisson", 1, "call what is decoded x"),
    ],
)  # fmt: skip
def test_data_that_a_law_does_not_generate(data, decoder, nodes, says):
    p, _ = made_for_slips()
    encode = lambda p, d: zoo.encode_linearly(p, d["y"] if isinstance(d, dict) else d)  # noqa: E731
    with pytest.raises(InputError, match=says):
        certify(vae(encode, zoo.decode_linearly, decoder=decoder), p, data, gauss_hermite(nodes, 4))


@pytest.mark.slow
def test_a_clamp_out_of_reach_of_the_data_is_none():
    """Between the data, or far out in the noise, a clip would act; at the data and the noise it does not."""
    made = zoo.tanh(np.random.default_rng(4))

    def heads(p, x):
        nu, log_tau2 = zoo.encode(p, x)
        return nu, jnp.clip(log_tau2, low, high)

    p, x = made.parameters, made.data
    at_data = np.asarray(zoo.encode(p, x)[1])
    net = vae(heads, lambda p, z: (zoo.decode(p, z), jnp.exp(p["s"])))
    low, high = at_data.min() - 1e-3, at_data.max() + 1e-3
    assert certify(net, p, x, made.nodes).agrees
    low = float(np.sort(at_data.ravel())[len(x) // 2])  # half of them are clamped
    c = certify(net, p, x, made.nodes)
    assert not c.exact
    assert not c.agrees


@pytest.mark.slow
def test_a_clamped_encoder_is_named():
    """Trained to a stationary point of the parameters, with the log-variance held at a floor for all data."""
    from entropysym.ascent import Plan, settle
    from entropysym.networks.outputs import elbo

    def heads(p, x):
        return x @ p["V"], jnp.maximum(p["u"], 0.5) + jnp.zeros((len(x), 1))

    net = vae(heads, lambda p, z: (z @ p["W"], jnp.exp(p["s"])))
    x = jnp.asarray(RNG.normal(size=(60, 3)) @ np.diag([3.0, 1.0, 1.0]))
    start = {"V": 0.3 * RNG.normal(size=(1, 3, 1)), "u": np.full((1, 1), -1.0), "W": RNG.normal(size=(1, 1, 3)), "s": np.zeros(1)}  # fmt: skip
    nodes = gauss_hermite(1, 6)
    end = settle(lambda p, x: elbo(net(p, x, nodes.eps), x, nodes.weights), start, x, Plan(epochs=300, rate=2e-2, lbfgs=50, newton=50)).run(0)  # fmt: skip
    c = certify(net, end, x, nodes)
    assert c.gradient_norm <= 1e-8
    assert c.reading is Reading.CLAMPED, c.message
    assert "encoder's entropy of z does not follow its parameters for 100% of the data" in c.message


def test_points_to_check_at_are_others():
    x, eps = RNG.normal(size=(100, 2)), RNG.normal(size=(9, 1))
    fit, test = two_sets(x, eps, 32, 4)
    rows = {tuple(r) for r in np.asarray(fit.x)}
    assert rows.isdisjoint(tuple(r) for r in np.asarray(test.x))
    assert not np.isin(fit.eps[1::2], test.eps).any()
    labels = np.arange(100)
    (_, y), _ = (p.x for p in two_sets((x, labels), eps, 32, 4))
    assert set(y) <= set(labels)  # never mixed


def test_what_is_no_quarter_is_solved_for_again_beside_the_quarters():
    """A matrix with the rounding of 4e-13 in one coefficient: the quarter that it hid is put right, and so is the other, which is none."""
    rng = np.random.default_rng(0)
    A, u = rng.normal(size=(50, 3)), np.array([0.5, -0.25, 0.1985])
    off = u + np.array([4e-13, 0, -2e-13])
    found = directions._in_quarters(A, A @ u, off)
    assert list(found[:2]) == [0.5, -0.25]
    assert abs(found[2] - u[2]) < 1e-15
    assert abs(off[2] - u[2]) > 1e-13


def test_what_the_first_points_do_not_show_is_looked_for(monkeypatch):
    """A unit that 3 of 300 data reach: where it is silent, adding to the other's weight does what scaling does."""
    x = np.concatenate([RNG.normal(size=(297, 1)), 40 + RNG.normal(size=(3, 1))])
    p = {
        "V": np.array([[1.0]]), "u": np.array([-9.0]), "s": np.array(0.3),
        "W": np.array([[0.05, 1.0]]), "B": np.array([[0.5], [-2.0]]),
    }  # fmt: skip
    heads = lambda p, x: (x @ p["V"], p["u"] + 0 * x)  # noqa: E731

    def out(p, z):
        reached = jnp.maximum(z @ p["W"] - jnp.array([-60.0, 20.0]), 0)
        return reached @ p["B"], jnp.exp(p["s"])

    net = vae(heads, out)
    few = lambda x, eps, *a, **k: tuple(Points(x[:8], eps) for _ in range(2))  # noqa: E731
    monkeypatch.setattr(directions, "two_sets", few)
    found = certify(net, p, x, gauss_hermite(1, 5))
    assert found.agrees, found.message
    monkeypatch.setattr(certificate, "_AGAIN", 0)
    assert "not at all of them" in certify(net, p, x, gauss_hermite(1, 5)).message


def test_machine_code_is_used_again_but_for_what_changed(monkeypatch):
    """A constant of another value, deep inside a large array, is another program."""
    counted = []
    kept = dict(programs._CODE)
    monkeypatch.setattr(programs, "_CODE", programs._CODE.__class__(kept))
    table = RNG.normal(size=(30, 30))

    def value(x, *_):
        return jnp.sum(jnp.asarray(table) @ x)

    for step in range(3):
        if step == 2:
            table = table.copy()
            table[17, 3] += 1e-9
        found = float(programs.reused(value)(jnp.ones(30), jnp.ones(1), jnp.ones(1)))
        assert found == pytest.approx(float(np.sum(table)), abs=1e-11)
        counted.append(len(programs._CODE))
    assert counted[0] == counted[1] < counted[2]


@pytest.mark.slow
def test_equinox_modules_keep_what_is_no_array():
    class Vae(eqx.Module):
        net: eqx.nn.MLP
        log_sigma2: jax.Array
        name: str = "a string"

    m = Vae(eqx.nn.MLP(3, 2, 4, 1, key=jax.random.key(0)), jnp.zeros(()))
    W = jnp.asarray(RNG.normal(size=(1, 3)))
    net = vae(lambda m, x: tuple(jnp.split(jax.vmap(m.net)(x), 2, -1)), lambda m, z: (z @ W, jnp.exp(m.log_sigma2)))  # fmt: skip
    c = certify(net, m, RNG.normal(size=(30, 3)), gauss_hermite(1, 5))
    assert c.missing["x"] <= 1e-10 < 1e-3 < c.missing["z"]  # W does not learn
    with pytest.raises(InputError, match="there are no parameters"):
        certify(net, {"name": "a string"}, RNG.normal(size=(30, 3)), gauss_hermite(1, 5))


X = RNG.normal(size=(20, 3))
GOOD = {"z": normal(np.zeros((20, 4, 1)), 0.0, 1.0), "x": bernoulli(X[:, None], X[:, None])}
DRAWN = {"z": encoded(np.zeros((20, 4, 1)), log_tau2=np.zeros((20, 1)))}


@pytest.mark.parametrize(
    ("p", "q", "says"),
    [
        ({**GOOD, "x": 3}, DRAWN, r"p\['x'\] is .*; make it with normal"),
        ({**GOOD, "x": Generated("gauss", X[:, None], (X,))}, DRAWN, r"p\['x'\] is .*make it"),
        (
            {**GOOD, "x": bernoulli(X, X)},
            DRAWN,
            r"the factor of x has shape \(20, 3\); pass 20 data first and 4 samples second",
        ),
        ({"x": GOOD["x"]}, DRAWN, "the latent 'z' has no factor in p"),
        (GOOD, {"z": 3}, r"q\['z'\] is .*; pass Encoded"),
    ],
)
def test_what_is_no_graph(p, q, says):
    with pytest.raises(InputError, match=says):
        certify(lambda w, x, eps: GraphOutputs(p, q), {"w": np.ones(2)}, X, gauss_hermite(1, 4))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"decoder": "gauss"}, "unknown law .*gauss"),
        ({"decode": lambda p, z: (z, z, z)}, "decode gives 3 arrays; a normal decoder has mean, variance"),
        ({"encode": lambda p, x: x}, "encode gives .*; let it give nu and log tau"),
    ],
)  # fmt: skip
def test_what_makes_no_vae(options, says):
    given = {"encode": lambda p, x: (x[:, :1] * p["w"], x[:, :1]), "decode": lambda p, z: (z, 1.0), **options}  # fmt: skip
    with pytest.raises(InputError, match=says):
        certify(vae(**given), {"w": np.ones(())}, X, gauss_hermite(1, 4))


@pytest.mark.some(1)
@pytest.mark.parametrize("name", LAWS)
def test_every_law_certifies(name):
    """A decoder of one linear layer under each law, with data that fit none."""
    rows = {"normal": 1.0, "laplace": 0.7}
    x = {"poisson": RNG.poisson(2, (40, 3)), "bernoulli": RNG.uniform(size=(40, 3)), "categorical": RNG.dirichlet(np.ones(3), 40)}.get(name, RNG.normal(size=(40, 3)))  # fmt: skip
    p = {"V": RNG.normal(size=(3, 1)), "u": np.zeros(1), "W": RNG.normal(size=(1, 3)), "b": np.zeros(3) + 0.2, "s": np.zeros(())}  # fmt: skip

    def decode(p, z):
        natural = z @ p["W"] + p["b"]
        return (natural, rows[name] * jnp.exp(p["s"])) if name in rows else natural

    net = vae(lambda p, x: (x @ p["V"], p["u"] + 0 * x[:, :1]), decode, decoder=name)
    c = certify(net, p, x, gauss_hermite(1, 8))
    assert c.agrees, (c.missing, c.residual)
    assert abs(c.gaps["x"]) > 1e-3
    assert sum(c.gaps.values()) == pytest.approx(c.gap, abs=1e-12)
