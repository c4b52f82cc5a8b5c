"""What a derivation can be asked: derivatives at free indices, numbers at a point, and its parts as functions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp

import entropysym as es
from entropysym.errors import InputError
from entropysym.lowering import EPS, TOLERANCE
from entropysym.lowering.quadrature import cubature, gauss_hermite
from entropysym.models.zoo import ZOO

D, H, N = 3, 2, 4
RNG = np.random.default_rng(5)
X = RNG.normal(size=(N, D))


@pytest.fixture(scope="module")
def vae2():
    return es.derive(es.models.vae2())


@pytest.fixture(scope="module")
def linear():
    return es.derive(es.models.linear_vae())


def point(d):
    """Arrays for every parameter, smooth networks, and data."""
    lengths = {"D": D, "H": H}
    arrays = {
        p.name: np.exp(RNG.normal(size=[lengths[str(i.size)] for i in p.plates]))
        if p.range == "positive"
        else RNG.normal(size=[lengths[str(i.size)] for i in p.plates])
        for p in d.model.parameters
    }
    weights = {
        net.name: RNG.normal(size=[lengths[str(s)] for s in (net.plates[0].size, *net.inputs)])
        for net in d.model.networks
    }

    def network(net):
        w = jnp.asarray(weights[net.name])
        return lambda v: jnp.exp(jnp.tanh(w @ v)) if net.range == "positive" else jnp.tanh(w @ v)

    return {**arrays, **{net.name: network(net) for net in d.model.networks}, "x": X}


def test_derivatives_at_free_indices(vae2, linear):
    s = vae2.symbols
    assert vae2.derivative("alpha2") == -1 / (2 * s.alpha2[s.h])
    assert vae2.derivative("sigma2") == -s.D / (2 * s.sigma2)
    assert linear.derivative("tau") == 1 / linear.symbols.tau[linear.symbols.h]
    assert linear.derivative("W") == 0


def test_sympy_itself_captures_the_index(vae2):
    """Why `derivative` is there: at the bound index, every addend would count."""
    s = vae2.symbols
    e = sp.Sum(sp.log(s.alpha2[s.h]), (s.h, 1, s.H))
    wrong = e.diff(s.alpha2[s.h])
    assert wrong != 1 / s.alpha2[s.h]


@pytest.mark.some(1)
@pytest.mark.parametrize(
    "name", ["vae2", "linear_vae", "vae2_per_dimension", "bernoulli_vae", "factor_analysis"]
)
def test_derivatives_are_those_of_jax(name):
    d = es.derive(ZOO[name]())
    lengths = {str(s): k for s, k in zip(d.model.sizes, (3, 2, 4, 5, 3), strict=False)}

    def shape(of):
        return [lengths[str(i.size)] for i in of.plates]

    def network(net):
        return lambda *v: jnp.exp(jnp.sum(jnp.concatenate(v)) / 9 + jnp.zeros(shape(net)))

    plain = [p for p in d.model.parameters if not p.is_matrix]
    arrays = {p.name: jnp.asarray(np.exp(RNG.normal(size=shape(p)))) for p in plain}
    x = jnp.asarray(RNG.normal(size=(4, lengths["D"])))
    nets = {net.name: network(net) for net in d.model.networks}
    given = {**arrays, **nets, **lengths, "x": x, "noise": cubature(lengths["H"])}
    f = es.lower(d.entropy_sum, d.model)
    for p in plain:
        g = es.lower(d.derivative(p.name), d.model, p.plates)
        slope = jax.grad(lambda a, name=p.name: f(**_known(f, {**given, name: a})))
        found = g(**_known(g, given))
        np.testing.assert_allclose(found, slope(arrays[p.name]), rtol=1e-12, atol=1e-12)


def _known(f, given):
    return {k: v for k, v in given.items() if k in {*f.signature, *f.wanted.sizes}}


def test_a_kronecker_delta_stays_only_between_free_indices():
    from entropysym.prover.partial import derivative_by

    m = es.models.linear_vae()
    W = next(p for p in m.parameters if p.name == "W")
    d, h = (plate.index for plate in W.plates)
    D_, H_ = (plate.size for plate in W.plates)
    k = sp.Symbol("k", integer=True, positive=True)
    e = sp.Sum(W.at(d, h) ** 2 * sp.Sum(W.at(d, k), (k, 1, H_)), (d, 1, D_), (h, 1, H_))
    found = derivative_by(e, m, "W")
    assert not found.has(sp.KroneckerDelta)
    wanted = 2 * W.at(d, h) * sp.Sum(W.at(d, k), (k, 1, H_)) + sp.Sum(W.at(d, k) ** 2, (k, 1, H_))
    assert es.equal(found, wanted, m).value.name == "PROVED"
    off = derivative_by(W.at(d, k), m, "W")
    assert off == sp.KroneckerDelta(h, k)


@pytest.mark.parametrize(
    ("name", "of", "says"),
    [
        ("alpha", "vae2", "unknown parameter 'alpha'; did you mean alpha2"),
        ("A", "gaussian_vae", "is a matrix"),
    ],
)
def test_what_has_no_derivative(name, of, says):
    with pytest.raises(InputError, match=says):
        es.derive(getattr(es.models, of)()).derivative(name)


def test_a_derivative_through_a_network_is_refused():
    d = es.derive(es.models.vae3())
    assert d.derivative("s") != 0
    with pytest.raises(InputError, match=r"no derivative by U .*abstract network G moves"):
        d.derivative("U")


def test_a_derivative_that_moves_a_law_is_refused():
    from entropysym.language.objective import elbo, spelled_out
    from entropysym.prover.partial import derivative_by

    m = es.models.linear_vae()
    with pytest.raises(InputError, match="reparametrise"):
        derivative_by(spelled_out(m, elbo(m), {}), m, "tau")


@pytest.mark.some(1)
@pytest.mark.parametrize("of", ["vae2", "linear"])
def test_at_a_point(of, request):
    d = request.getfixturevalue(of)
    p = point(d)
    found = d.at(p)
    assert found.agrees
    assert abs(found.gap) > 1e-3
    assert abs(found.gap - found.predicted) <= TOLERANCE * EPS * found.terms
    other = d.at({**p, "noise": gauss_hermite(H, 5)})
    assert other.agrees
    ints = {**p, "sigma2": 2} if of == "vae2" else {**p, "sigma": 2}
    assert d.at(ints).agrees


def test_a_wrong_direction_disagrees_at_a_point(linear):
    from dataclasses import replace

    wrong = replace(linear, direction={**linear.direction, "sigma": 2 * linear.direction["sigma"]})
    assert not wrong.at(point(linear)).agrees


def test_what_is_no_point(vae2):
    with pytest.raises(InputError, match="pass a dict"):
        vae2.at(3)
    with pytest.raises(InputError, match="missing argument"):
        vae2.at({k: v for k, v in point(vae2).items() if k != "sigma2"})
    with pytest.raises(InputError, match=r"pass noise, for this model lowering\.JointPoints"):
        es.derive(es.models.gaussian_mixture()).at({})


@pytest.mark.parametrize("to", ["jax", "numpy"])
def test_all_parts_at_once(vae2, to):
    p = point(vae2)
    parts = vae2.lower(to=to)

    def at(f):
        known = {*f.signature}
        given = {k: v for k, v in p.items() if k in known}
        if to == "numpy":
            given = {
                k: (lambda v, g=v_: np.asarray(g(v))) if callable(v_) else v_
                for k, v_ in given.items()
            }
        noise = {"noise": gauss_hermite(H, 5)} if "noise" in known else {}
        sizes = {k: v for k, v in {"D": D, "H": H, "N": N}.items() if k in f.wanted.sizes}
        return f(**given, **noise, **sizes)

    E, terms = at(parts.entropy_sum), [at(f) for f in parts.terms.values()]
    assert set(parts.terms) == {"prior", "decoder", "encoder"}
    np.testing.assert_allclose(sum(terms), E, rtol=1e-13)
    assert abs(sum(terms[:-1]) - E) > 1e-3  # each is needed
    np.testing.assert_allclose(at(parts.direction["alpha2"]), -p["alpha2"])
    assert at(parts.direction["alpha2"]).shape == (H,)
    assert at(parts.direction["sigma2"]).shape == ()
    equation = parts.conditions["alpha2"]
    assert at(equation.lhs).shape == at(equation.rhs).shape == (H,)
    assert at(parts.stationary_value) == E


@pytest.mark.slow
def test_a_partial_result_has_the_sum_of_entropies_and_what_holds_beside_it():
    partial = es.derive(es.models.vae0()).partial
    assert partial.excess != 0
    assert partial.stationary_value != partial.entropy_sum
    whole = partial.entropy_sum + partial.excess
    assert es.equal(partial.stationary_value, whole, partial.model).value.name == "PROVED"
    closed = es.derive(es.models.vae1()).entropy_sum  # the same sum where the variance is learned
    fixed = {s: sp.Symbol(str(s), positive=True) for s in closed.free_symbols if str(s) == "sigma2"}
    assert (
        es.equal(partial.entropy_sum, closed.xreplace(fixed), partial.model).value.name == "PROVED"
    )
    assert partial.identity.entropy_sum == partial.stationary_value
    whole = es.derive(es.models.vae2())
    assert whole.stationary_value == whole.entropy_sum
