"""Exact likelihoods are those of other programs, and where learning ends the ELBO is the entropy sum.

The maximum is found by `settle`, which knows nothing of EM; what it finds is compared with scikit-learn, or with a likelihood that is written down here.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.datasets import load_diabetes, load_digits
from sklearn.decomposition import PCA, FactorAnalysis
from sklearn.linear_model import BayesianRidge
from sklearn.mixture import GaussianMixture

import entropysym as es
from entropysym import ModelWriter, families, models
from entropysym.ascent.settling import Plan, settle
from entropysym.claims.on_graphs import graph_sample
from entropysym.errors import InputError
from entropysym.exact import exact
from entropysym.language.records import Objective
from entropysym.networks.graph_defaults import concrete_graph
from entropysym.witness.measuring import measure

PLAN = Plan(epochs=0, lbfgs=600, newton=60, goal=1e-11, block=50)
CLOSE = 1e-9  # nat per datum


def settled(model, data, sizes, start=None, seed=0):
    """(log-likelihood, arguments by name, measurement) where the ascent ends."""
    d = es.derive(model)
    sizes = graph_sample(model, data).sizes | sizes
    c = concrete_graph(model, data, sizes, seed=seed)
    arrays = {name: jnp.asarray(a) for name, a in data.items() if name not in c.constants}
    first = {**c.start, **(start or {})}
    end = settle(c.maximised, jax.tree.map(lambda a: jnp.asarray(a)[None], first), arrays, PLAN)
    at = end.run(0)
    points = c.points(at, arrays)
    m = measure(d.identity, c.arguments, at, arrays, points)
    return float(end.values[0]), c.arguments(at), m


def demand_entropy_sum(value, m):
    """The ELBO is the objective where q is the posterior, its gradient vanishes, and the entropy sum is the same number."""
    assert m.stationary, m.gradient_norm
    assert m.as_predicted
    assert abs(m.gap.elbo - value) <= CLOSE
    assert abs(m.gap.gap) <= 1e-8


@pytest.fixture(scope="module")
def components():
    """The digits' first ten principal components, standardised."""
    x = PCA(10).fit_transform(load_digits().data)
    return x / x.std(axis=0)


@pytest.mark.slow
def test_a_gaussian_mixture_is_that_of_scikit_learn(components):
    x, K = components, 4
    found = GaussianMixture(
        K, covariance_type="diag", reg_covar=0, tol=1e-12, max_iter=5000, random_state=0
    ).fit(x)
    start = {
        "pi0": np.log(found.weights_),
        "m": found.means_.T,
        "s": np.log(found.covariances_.T),
    }
    value, arguments, m = settled(models.gaussian_mixture(), {"x": x}, {"K": K}, start)
    demand_entropy_sum(value, m)
    assert abs(value - found.score(x)) <= CLOSE
    assert np.allclose(arguments["pi0"], found.weights_, atol=1e-5)


def factor_analysis():
    """With a prior variance that is learned: the scale of the loadings is free, the likelihood is the same."""
    w = ModelWriter()
    f = w.latent_variable("f", "h")
    w.p(f, families.NORMAL(0, w.learned("alpha2", "h", range="positive")))
    W, b = w.learned("W", "d h"), w.learned("b", "d")
    w.p(w.x, families.NORMAL(w.sum("h", W * f.entry) + b, w.learned("psi", "d", range="positive")))
    w.q(f, families.ANY)
    return w.model("factor_analysis_any")


@pytest.mark.slow
def test_factor_analysis_is_that_of_scikit_learn():
    """Eight pixels that share what they show, but no two of them nearly all: the optimum is interior."""
    x = load_digits().data[:, [10, 18, 20, 26, 28, 34, 36, 42]]
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    found = FactorAnalysis(2, tol=1e-8, max_iter=5000, svd_method="lapack").fit(x)
    start = {"W": found.components_.T, "b": found.mean_, "psi": np.log(found.noise_variance_)}
    value, arguments, m = settled(factor_analysis(), {"x": x}, {"H": 2}, start)
    demand_entropy_sum(value, m)
    assert (arguments["psi"] > 0.05).all()
    assert abs(value - found.score(x)) <= CLOSE


@pytest.mark.slow
def test_bayesian_regression_is_bayesian_ridge():
    x, y = load_diabetes(return_X_y=True)
    y = (y - y.mean()) / y.std()
    found = BayesianRidge(
        fit_intercept=False, alpha_1=0, alpha_2=0, lambda_1=0, lambda_2=0, tol=1e-14, max_iter=5000,
        compute_score=True,
    ).fit(x, y)  # fmt: skip
    data = {"u": x, "y": y[:, None]}
    value, arguments, m = settled(models.bayesian_regression(), data, {})
    demand_entropy_sum(value, m)
    assert abs(value - found.scores_[-1] / len(x)) <= CLOSE
    assert np.isclose(arguments["sigma2"], 1 / found.alpha_, rtol=1e-6)
    assert np.isclose(arguments["alpha2"], 1 / found.lambda_, rtol=1e-6)


def sequences(N, T, D, seed=0):
    """A stationary sequence of two levels, whose noise remembers and is heavy-tailed: no model here has made it, and no optimum is at a border."""
    rng = np.random.default_rng(seed)
    level = np.empty((N, T, 1))
    level[:, 0] = rng.choice([-1.5, 1.5], size=(N, 1))
    noise = rng.standard_t(6, size=(N, T, D))
    for t in range(1, T):
        level[:, t] = level[:, t - 1] * rng.choice([1, -1], p=[0.75, 0.25], size=(N, 1))
        noise[:, t] = 0.4 * noise[:, t - 1] + noise[:, t]
    return level * np.linspace(1, 0.6, D) + noise


@pytest.mark.slow
def test_a_hidden_markov_model_has_the_likelihood_of_the_forward_algorithm():
    y = sequences(80, 3, 2)
    value, a, m = settled(models.hidden_markov_model(), {"y": y}, {"K": 2})
    demand_entropy_sum(value, m)
    pi, A, mean, s = (np.asarray(a[name]) for name in ("pi0", "A", "m", "s"))
    each = -0.5 * (np.log(2 * np.pi * s) + (y[..., None] - mean) ** 2 / s).sum(axis=2)  # N, T, K
    forward = np.broadcast_to(pi, (len(y), 2))
    total = np.zeros(len(y))
    for t in range(y.shape[1]):
        forward = (forward @ A) * np.exp(each[:, t])
        total += np.log(forward.sum(axis=1))
        forward = forward / forward.sum(axis=1, keepdims=True)
    assert abs(value - total.mean()) <= CLOSE


@pytest.mark.slow
def test_a_state_space_model_has_the_likelihood_of_its_joint_normal_law():
    y, H = sequences(60, 4, 2), 1
    value, a, m = settled(models.linear_state_space(), {"y": y}, {"H": H})
    demand_entropy_sum(value, m)
    A, C, Q, R, P0 = (np.asarray(a[name]) for name in ("A", "C", "Q", "R", "P0"))
    T, D = y.shape[1:]
    law = [np.diag(P0)]
    for _ in range(T):
        law.append(A @ law[-1] @ A.T + np.diag(Q))
    covariance = np.zeros((T, D, T, D))
    for s in range(T):
        for t in range(s, T):
            between = C @ np.linalg.matrix_power(A, t - s) @ law[s + 1] @ C.T
            covariance[t, :, s, :], covariance[s, :, t, :] = between, between.T
        covariance[s, :, s, :] += np.diag(R)
    joint = multivariate_normal(np.zeros(T * D), covariance.reshape(T * D, T * D))
    assert abs(value - joint.logpdf(y.reshape(len(y), -1)).mean()) <= CLOSE


@pytest.mark.slow
def test_a_classifier_with_weight_decay_leaves_what_theory_says():
    """Cross-entropy = predictive entropy - lambda |W|^2, so the log-likelihood has the gap lambda |W|^2."""
    from dataclasses import replace

    import sympy as sp

    digits = load_digits()
    u, y = PCA(4).fit_transform(digits.data / 16), np.eye(10)[digits.target]
    base = models.softmax_classifier()
    W = base.parameters[0]
    decay = sp.Rational(1, 10)
    k, j = (plate for plate in W.plates)
    penalty = decay / 2 * k.sum(j.sum(W.entry**2))
    model = replace(base, name="decayed_classifier", objective=Objective(penalty=penalty))
    _, a, m = settled(model, {"u": u, "y": y}, {"K": 10})
    assert m.stationary
    assert m.as_predicted
    E = -np.mean(_predictive_entropy(u @ np.asarray(a["W"]).T + np.asarray(a["b"])))
    expected = 0.1 * float(np.sum(np.asarray(a["W"]) ** 2))
    assert abs(m.gap.elbo - E - expected) <= 1e-8
    assert expected > 1e-3


def _predictive_entropy(logits):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return -(p * np.log(p)).sum(axis=1)


@pytest.mark.slow
def test_what_has_no_exact_posterior_is_refused():
    sizes = {"N": 3, "D": 2, "H": 1, "L": 1}
    with pytest.raises(InputError, match="not of any law"):
        exact(models.two_layer_vae(), sizes)
    many = {"N": 3, "D": 2, "H": 20, "L": 20}
    with pytest.raises(InputError, match="too many"):
        exact(models.sigmoid_belief_net(), many)
    curved = exact(models.deep_markov_model(), {"N": 2, "D": 1, "H": 1, "T": 2})
    y = jnp.asarray(sequences(2, 2, 1))
    arguments = {"y": y, "P0": jnp.ones(1), "Q": jnp.ones(1), "R": jnp.ones(1)}
    networks = {"f": lambda z: jnp.tanh(z), "g": lambda z: jnp.sin(z)}
    with pytest.raises(InputError, match="not quadratic"):
        curved.posterior({**arguments, **networks})
    assert math.isfinite(float(curved.log_likelihood({**arguments, **networks})))
