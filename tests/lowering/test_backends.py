"""One evaluator for JAX, NumPy and PyTorch: the same numbers to 4 eps of the terms, and what each takes."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp
import torch

import entropysym as es
from entropysym.errors import InputError
from entropysym.language.functions import ROWS
from entropysym.language.heads import DataMean, LogDensity, Vector
from entropysym.language.matrices import (
    Inverse,
    LogDet,
    MatrixLetter,
    MatrixProduct,
    Quadratic,
    Scaled,
    Trace,
    Transposed,
)
from entropysym.language.objective import expectation, log_density
from entropysym.language.symbols import scalar, size
from entropysym.lowering import EPS, elementary
from entropysym.lowering.functions import function_of, slope
from entropysym.lowering.quadrature import JointPoints, Nodes, Points
from entropysym.models.zoo import ZOO
from entropysym.witness.configurations import callables, draw, shapes
from entropysym.witness.gap import gap_function

#: Agreement, in eps of the sum of the |terms|.
CLOSE = 4


def as_torch(value):
    return torch.as_tensor(np.array(value))


def converted(nodes, to):
    """Nodes with arrays of another library."""
    if isinstance(nodes, Nodes):
        return Nodes(to(nodes.eps), to(nodes.weights))
    if isinstance(nodes, Points):
        return Points(to(nodes.z), to(nodes.weights), to(nodes.entropy))
    parts = (nodes.values, nodes.weights, nodes.entropies)
    made = [{name: to(v) for name, v in part.items()} for part in parts]
    return JointPoints(*made, nodes.enumerated, {name: to(v) for name, v in nodes.noise.items()})


def first(tree):
    return jax.tree.map(lambda a: jnp.asarray(np.asarray(a)[0]), tree)


class Case:
    """A model of the zoo at one random configuration."""

    def __init__(self, name, shape=1):
        found = es.derive(ZOO[name]())
        self.d = found if isinstance(found, es.Derivation) else found.partial
        self.model = self.d.model
        self.shape = shapes(self.model)[shape]
        drawn = draw(self.model, self.shape, 0, 1)
        self.arrays = {k: np.asarray(v)[0] for k, v in drawn.arrays.items()}
        self.networks = callables(self.model, self.shape)(first(drawn.weights))
        given = {**{k: jnp.asarray(v) for k, v in self.arrays.items()}, **self.networks}
        self.nodes = gap_function(self.d.identity).elbo.at(given, first(drawn.nodes))

    def parts(self):
        d, plates = self.d, {p.name: () if p.is_matrix else p.plates for p in self.model.parameters}
        yield "entropy sum", d.entropy_sum, ()
        if d.stationary_value != d.entropy_sum:
            yield "stationary value", d.stationary_value, ()
        yield from ((f"motion of {name}", e, plates[name]) for name, e in d.direction.items())

    def arguments(self, wanted, to):
        """What a function takes, as arrays and networks of one library."""
        change = {"jax": jnp.asarray, "numpy": np.asarray, "torch": as_torch}[to]
        back = {"jax": lambda v: v, "numpy": np.asarray, "torch": lambda v: jnp.asarray(v.numpy())}[
            to
        ]

        def network(f):
            return f if to == "jax" else lambda *v: change(f(*map(back, v)))

        given = {k: change(v) for k, v in self.arrays.items()}
        if (
            to == "torch"
        ):  # a network made of JAX cannot be mapped by PyTorch, so its values are passed
            given |= {}
        given |= {k: network(f) for k, f in self.networks.items()}
        given |= {"noise": converted(self.nodes, change), **dict(self.shape.sizes)}
        return {k: v for k, v in given.items() if k in wanted}


def compared(case, to):
    for what, e, plates in case.parts():
        here, there = (es.lower(e, case.model, plates, to=where) for where in ("jax", to))
        wanted = {*here.signature, *here.wanted.sizes}
        a, terms = (f(**case.arguments(wanted, "jax")) for f in (here, here.terms))
        b, size_ = (f(**case.arguments(wanted, to)) for f in (there, there.terms))
        b, size_ = np.asarray(b), np.asarray(size_)
        assert b.dtype == np.float64
        scale = np.where(np.asarray(terms) > 0, terms, 1.0)
        assert np.max(np.abs(a - b) / scale) <= CLOSE * EPS, what
        assert np.max(np.abs(terms - size_) / scale) <= 1e-10, what


QUICK = ("vae2", "linear_vae", "poisson_vae", "gaussian_mixture", "two_layer_vae")


@pytest.fixture(scope="module")
def cases():
    return {}


def case(cases, name):
    if name not in cases:
        cases[name] = Case(name)
    return cases[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_numpy_gives_what_jax_gives(cases, name):
    compared(case(cases, name), "numpy")


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ZOO if name not in QUICK])
def test_all_libraries_and_the_code_agree_in_the_whole_zoo(name):
    made = Case(name)
    compared(made, "numpy")
    compared_with_torch(made)
    written(made)


def written(made):
    for what, e, plates in made.parts():
        here = es.lower(e, made.model, plates)
        wanted = {*here.signature, *here.wanted.sizes}
        a, terms = (np.asarray(f(**made.arguments(wanted, "jax"))) for f in (here, here.terms))
        namespace = {}
        exec(es.source(e, made.model, plates), namespace)
        value = namespace["value"]
        asked = set(inspect.signature(value).parameters)
        given = {
            k + "_" if k + "_" in asked else k: v
            for k, v in made.arguments(wanted, "numpy").items()
        }
        found = np.asarray(value(**{k: v for k, v in given.items() if k in asked}))
        assert found.shape == a.shape, what
        scale = np.where(terms > 0, terms, 1.0)
        assert np.max(np.abs(a - found) / scale) <= 8 * EPS, what


@pytest.mark.some(2)
@pytest.mark.parametrize("name", QUICK)
def test_the_code_that_is_written_gives_the_same(cases, name):
    written(case(cases, name))


def test_a_wrong_number_is_seen(cases):
    """The comparison rejects: a thousandth of a nat is no rounding."""
    made = case(cases, "vae2")
    e = made.d.entropy_sum
    here, there = (
        es.lower(e, made.model),
        es.lower(e + sp.Rational(1, 1000), made.model, to="numpy"),
    )
    wanted = {*here.signature, *here.wanted.sizes}
    a, terms = (f(**made.arguments(wanted, "jax")) for f in (here, here.terms))
    b = there(**made.arguments(wanted, "numpy"))
    assert abs(a - b) > CLOSE * EPS * terms


def _eye(rows):
    return torch.eye(rows, dtype=torch.float64)


def networks_of_torch(model, lengths, seed=3):
    """Networks written in PyTorch, and the same in JAX."""
    rng = np.random.default_rng(seed)
    here, there = {}, {}
    for net in model.networks:
        ins = sum(lengths[str(s)] for s in net.inputs)
        shape = [lengths[str(p.size)] for p in net.plates]
        w = rng.normal(size=(int(np.prod(shape)), ins))

        def of(xp, exp, tanh, eye, w, shape=shape, net_range=net.range):
            def f(*v):
                raw = tanh(w @ xp(v)).reshape(tuple(shape))
                if net_range in ("positive", "nonnegative"):
                    return exp(raw)
                if net_range == "unit":
                    return 1 / (1 + exp(-raw))
                if net_range == "simplex":
                    return exp(raw) / exp(raw).sum()
                if net_range == "posdef":
                    return raw @ raw.T + 2 * eye(len(raw))
                return raw

            return f

        here[net.name] = of(jnp.concatenate, jnp.exp, jnp.tanh, jnp.eye, jnp.asarray(w))
        there[net.name] = of(torch.concat, torch.exp, torch.tanh, _eye, torch.as_tensor(w))
    return here, there


def compared_with_torch(made):
    here, there = networks_of_torch(made.model, dict(made.shape.sizes))
    for what, e, plates in made.parts():
        f, g = (es.lower(e, made.model, plates, to=to) for to in ("jax", "torch"))
        wanted = {*f.signature, *f.wanted.sizes}
        one = {**made.arguments(wanted, "jax"), **{k: v for k, v in here.items() if k in wanted}}
        other = {
            **made.arguments(wanted, "torch"),
            **{k: v for k, v in there.items() if k in wanted},
        }
        a, terms, b, size_ = f(**one), f.terms(**one), g(**other), g.terms(**other)
        assert isinstance(b, torch.Tensor)
        scale = np.where(np.asarray(terms) > 0, terms, 1.0)
        assert np.max(np.abs(np.asarray(a) - b.numpy()) / scale) <= CLOSE * EPS, what
        assert np.max(np.abs(np.asarray(terms) - size_.numpy()) / scale) <= 1e-10, what


@pytest.mark.some(2)
@pytest.mark.parametrize("name", QUICK)
def test_pytorch_gives_what_jax_gives(cases, name):
    compared_with_torch(case(cases, name))


@pytest.mark.slow
@pytest.mark.parametrize("rows", [3, 14])
@pytest.mark.parametrize("to", ["numpy", "torch"])
def test_words_of_matrices(to, rows):
    K, i = size("K"), sp.Symbol("i", integer=True, positive=True)
    A, L = MatrixLetter("A", K, "posdef"), MatrixLetter("L", K, "triangular")
    v = Vector(sp.IndexedBase(scalar("v"))[i], i, K)
    e = LogDet(Scaled(scalar("s", "positive"), A)) + Quadratic(v, Inverse(A), v)
    e += Trace(MatrixProduct(L, Transposed(L))) - LogDet(L)
    rng = np.random.default_rng(0)
    root = np.tril(rng.normal(size=(rows, rows)), -1) + np.diag(np.exp(rng.normal(size=rows)))
    arrays = {"A": root @ root.T, "L": root, "v": rng.normal(size=rows)}
    wanted, terms = (
        f(s=0.7, **{k: jnp.asarray(a) for k, a in arrays.items()})
        for f in (es.lower(e), es.lower(e).terms)
    )
    given = {k: as_torch(a) if to == "torch" else a for k, a in arrays.items()}
    found = np.asarray(es.lower(e, to=to)(s=0.7, **given))
    assert abs(found - wanted) <= CLOSE * EPS * terms
    arrays["A"] = arrays["A"] - 100 * np.outer(np.eye(rows)[0], np.eye(rows)[0])
    bent = {k: as_torch(a) if to == "torch" else a for k, a in arrays.items()}
    assert np.isnan(np.asarray(es.lower(e, to=to)(s=0.7, **bent)))  # not positive definite


def test_pytorch_differentiates():
    d = es.derive(es.models.linear_vae())
    f = es.lower(d.entropy_sum, to="torch")
    sigma = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    tau = torch.tensor([0.5, 2.0], dtype=torch.float64, requires_grad=True)
    f(sigma=sigma, tau=tau, D=3).backward()
    assert sigma.grad is not None
    assert tau.grad is not None
    np.testing.assert_allclose(sigma.grad, -3 / 0.7)
    np.testing.assert_allclose(tau.grad, [2.0, 0.5])


@pytest.mark.some(3)
@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.head)
def test_functions_are_the_same_in_all_three(row):
    s = scalar("s", "positive")
    e = row.symbol(*row.order, s)
    u = np.asarray([1e-3, 0.3, 0.999, 1.001, 2.5, 40.0])
    u = u if row.head in ("loggamma", "digamma", "trigamma") else np.concatenate([-u, [0.0], u])
    wanted = np.asarray(function_of(e)(jnp.asarray(u)))
    for to, change in (("numpy", np.asarray), ("torch", torch.as_tensor)):
        found = np.asarray(elementary.function(row.head, to)(change(u)))
        np.testing.assert_allclose(found, wanted, rtol=3e-14, atol=3e-15)
        if row.moves:
            rate = np.asarray(slope(e, change(u)))
            away = u != 0 if row.head in ("besselratio", "langevin") else slice(None)
            np.testing.assert_allclose(
                rate[away], np.asarray(slope(e, jnp.asarray(u)))[away], rtol=1e-9, atol=1e-12
            )


def linear():
    return es.derive(es.models.linear_vae())


def test_float32_is_taken_where_it_is_asked_for():
    e = linear().entropy_sum
    tau = np.asarray([0.5, 2.0], np.float32)
    for to in ("jax", "numpy", "torch"):
        f = es.lower(e, to=to, dtype="float32")
        given = torch.as_tensor(tau) if to == "torch" else tau
        value = f(sigma=0.7, tau=given, D=3)
        assert "float32" in str(value.dtype)
        np.testing.assert_allclose(
            np.asarray(value), -3 * np.log(0.7) - 1.5 * np.log(2 * np.pi * np.e), rtol=1e-6
        )
        with pytest.raises(InputError, match="pass float32, as it was lowered for"):
            f(sigma=0.7, tau=np.asarray([0.5, 2.0]), D=3)
    with pytest.raises(InputError, match='lower with dtype="float32" where no verdict is asked'):
        es.lower(e)(sigma=0.7, tau=tau, D=3)
    assert es.lower(e, dtype=np.float32).dtype == "float32"
    assert es.lower(e, dtype=torch.float32).dtype == "float32"


def test_float32_needs_no_x64():
    with jax.enable_x64(False):
        f = es.lower(linear().entropy_sum, dtype="float32")
        assert f(sigma=0.7, tau=jnp.ones(2), D=3).dtype == jnp.float32


def test_integers_are_numbers():
    f = es.lower(linear().entropy_sum)
    tau = jnp.ones(2)
    one = f(sigma=2, tau=tau, D=3)
    assert one == f(sigma=2.0, tau=tau, D=3) == f(sigma=np.int64(2), tau=tau, D=3)
    for wrong in (True, "2", None):
        with pytest.raises(InputError, match="pass a float64 array"):
            f(sigma=wrong, tau=tau, D=3)


@pytest.mark.parametrize(
    ("to", "dtype", "says"),
    [
        ("tensorflow", "float64", "unknown kind of array"),
        ("jax", "float16", "unknown type of numbers"),
    ],
)
def test_what_is_no_library(to, dtype, says):
    with pytest.raises(InputError, match=says):
        es.lower(sp.S.One, to=to, dtype=dtype)


def test_directions_and_conditions_have_their_plates():
    d = es.derive(es.models.vae2())
    alpha2 = jnp.asarray([0.5, 2.0])
    for model in (d.model, None):
        f = es.lower(d.direction, model)
        np.testing.assert_allclose(f["alpha2"](alpha2=alpha2), -alpha2)
        assert f["sigma2"](sigma2=3.0) == -3
        equation = es.lower(d.stationarity["alpha2"], model)
        assert equation.lhs(alpha2=alpha2).shape == (2,)
    both = es.lower(d.stationarity, d.model)
    assert set(both) == set(d.stationarity)
    left, right = es.lower(sp.Eq(d.symbols.sigma2, 2), d.model)(sigma2=3.0)
    assert (left, right) == (3, 2)
    free = es.lower(d.derivative("alpha2"), d.model, None)
    np.testing.assert_allclose(free(alpha2=alpha2), -1 / (2 * alpha2))
    with pytest.raises(InputError, match="no bound index"):
        es.lower(d.derivative("alpha2"))  # a sum that was forgotten is not taken for a plate


def test_values_of_a_network_may_be_passed(cases):
    made = case(cases, "vae2")
    f = es.lower(made.d.entropy_sum, made.model)
    given = made.arguments({*f.signature}, "jax")
    wanted = f(**given)
    values = jnp.stack([made.networks["tau2"](x) for x in given["x"]])
    rest = {k: v for k, v in given.items() if k not in ("tau2", "x")}
    assert f(**rest, tau2=values, D=given["x"].shape[1]) == pytest.approx(float(wanted), rel=1e-15)
    every = {
        **given,
        "tau2": values,
        "nu": values,
        "mu": values,
    }  # what is not read is not looked at
    assert f(**every) == pytest.approx(float(wanted), rel=1e-15)
    with pytest.raises(InputError, match="tau2 has shape"):
        f(**rest, tau2=values[0], D=3)
    with pytest.raises(InputError, match="H is"):
        f(**rest, tau2=values[:, :1], D=3)


def test_values_under_an_expectation():
    """A decoder's values at the points: over data, nodes and its own plate."""
    model = es.models.vae2()
    n = model.data[0].index
    e = DataMean(expectation(model, log_density(model, "decoder")), n)
    f = es.lower(e, model)
    rng = np.random.default_rng(0)
    D, H, N = 3, 2, 4
    w = jnp.asarray(rng.normal(size=(D, H)))
    x, noise = jnp.asarray(rng.normal(size=(N, D))), es.gauss_hermite(H, 3)
    nu, tau2 = jnp.asarray(rng.normal(size=(N, H))), jnp.asarray(np.exp(rng.normal(size=(N, H))))
    z = nu[:, None, :] + jnp.sqrt(tau2)[:, None, :] * noise.eps
    mu = jnp.tanh(z @ w.T)
    rest = {"sigma2": 0.5, "x": x, "noise": noise, "nu": nu, "tau2": tau2}
    np.testing.assert_allclose(
        f(**rest, mu=mu), f(**rest, mu=lambda z: jnp.tanh(w @ z)), rtol=1e-14
    )


def test_what_instantiate_returns_prints_and_lowers():
    d = es.derive(es.models.vae2())
    plain = es.instantiate(d.entropy_sum, D=3, H=2, N=4)
    assert "tau2__1(x[1, 1], x[1, 2], x[1, 3])" in str(plain)
    assert sp.latex(plain)
    rng = np.random.default_rng(0)
    x, alpha2 = jnp.asarray(rng.normal(size=(4, 3))), jnp.asarray([0.5, 2.0])
    given = {"sigma2": 0.3, "alpha2": alpha2, "x": x, "tau2": lambda v: jnp.exp(v[:2] * v[2])}
    wanted = es.lower(d.entropy_sum, d.model)(**given)
    for to in ("jax", "numpy"):
        f = es.lower(plain, to=to)
        assert f.signature["tau2"] == "(3,) -> (…,)"
        change = jnp.asarray if to == "jax" else np.asarray
        tau2 = given["tau2"] if to == "jax" else (lambda v: np.exp(v[:2] * v[2]))
        arrays = {k: change(v) for k, v in given.items() if k != "tau2"}
        np.testing.assert_allclose(f(**arrays, tau2=tau2), wanted, rtol=1e-13)
    with pytest.raises(InputError, match="entry 2 is asked for along an axis of length 1"):
        es.lower(plain)(**{**given, "alpha2": alpha2[:1]})


def test_nan_says_the_same_in_all_three():
    s = scalar("s")
    for to in ("jax", "numpy", "torch"):
        assert np.isnan(np.asarray(es.lower(sp.log(s), to=to)(s=-1.0)))
        assert np.isneginf(np.asarray(es.lower(sp.log(s), to=to)(s=0.0)))


@pytest.mark.slow
def test_code_names():
    d = es.derive(ZOO["sparse_coding"]())
    assert "lambda_: (H,)" in es.source(d.entropy_sum, d.model)
    text = es.source(linear().entropy_sum, name="closed_form", to="jax")
    assert "def closed_form(*, sigma, tau, D):" in text
    assert "import jax.numpy as jnp" in text
    namespace = {}
    exec(text, namespace)
    given = {"sigma": 0.7, "tau": jnp.ones(2), "D": 3}
    assert namespace["closed_form"](**given) == es.lower(linear().entropy_sum)(**given)
    with pytest.raises(InputError, match="no name of a function"):
        es.source(sp.S.One, name="a b")
    with pytest.raises(InputError, match="unknown library"):
        es.source(sp.S.One, to="fortran")
    with pytest.raises(InputError, match="replace it by its formula"):
        es.source(LogDensity("prior", latent=True))


def test_a_size_that_nothing_tells_is_an_integer():
    D = size("D")
    text = es.source(D**2 / 3)
    namespace = {}
    exec(text, namespace)
    assert "D: an integer" in text
    assert namespace["value"](D=6) == 12
