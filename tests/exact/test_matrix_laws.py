"""Laws of random matrices and the one theorem for all exponential families, on data that they do not fit.

A random matrix is its entries, one long vector x. In its natural parameter -V^-1/2 the Wishart law is h(x) exp(eta.x - A(eta)), of which is derived, whatever
h and A are: at the maximum of the likelihood the mean of log p/h is minus the pseudo entropy, A - eta.grad A. Here A is the law's own, the maximum is found by
the textbook's formulas, and SciPy has the densities and the entropies. The matrix normal law has more statistics than entries. Both laws ship as records of their own as well,
with the degrees of freedom learned too: then the base measure is constant, and the entropy is the entropy itself.
"""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, stats
from scipy.special import multigammaln, psi

import entropysym as es
from entropysym.families import ANY, MATRIX_NORMAL, NORMAL, WISHART, exponential_family
from entropysym.prover.families import family_certificate
from entropysym.witness import own_densities
from entropysym.witness.densities import density

NU, P, N = 7.0, 3, 400


def by_theorem(A, eta):
    """A - eta.grad A, as `family_certificate` has it."""
    return float(A(eta) - jnp.vdot(eta, jax.grad(A)(eta)))


def test_it_is_the_entropy_that_is_derived():
    family = exponential_family()
    stated = str(family_certificate(family).entropy)
    assert stated == "A(natural) - Sum(A_i(natural)*natural[i], (i, 1, dim))", stated
    w = es.ModelWriter()
    prior = NORMAL(0, w.learned("alpha2", "h", range="positive"))
    d = es.derive(w.model("m", prior=prior, decoder=family(w.learned("eta", "d")), encoder=ANY()))
    assert d.verdict.value is es.Value.PROVED


@pytest.fixture(scope="module")
def scatter():
    """Matrices of second moments of heavy-tailed vectors."""
    rng = np.random.default_rng(0)
    y = rng.standard_t(4, size=(N, int(NU), P)) @ rng.normal(size=(P, P))
    return np.einsum("nki,nkj->nij", y, y)


def test_wishart(scatter):
    V = scatter.mean(0) / NU  # the maximum of the likelihood
    log_p = stats.wishart.logpdf(np.moveaxis(scatter, 0, -1), NU, V).mean()
    log_h = (NU - P - 1) / 2 * np.linalg.slogdet(scatter)[1].mean()

    def A(eta):  # of h(X) exp(tr(eta X) - A), eta = -V^-1 / 2
        return (
            -NU / 2 * jnp.linalg.slogdet(-2 * eta)[1]
            + NU * P / 2 * jnp.log(2)
            + multigammaln(NU / 2, P)
        )

    entropy = by_theorem(A, -np.linalg.inv(V) / 2)
    assert abs(log_p - log_h + entropy) < 1e-10

    mean_log_det = psi((NU - np.arange(P)) / 2).sum() + P * np.log(2) + np.linalg.slogdet(V)[1]
    pseudo = stats.wishart.entropy(NU, V) + (NU - P - 1) / 2 * mean_log_det
    assert abs(entropy - pseudo) < 1e-10
    # The entropy itself is another number: the base measure depends on the data.
    assert abs(log_p + stats.wishart.entropy(NU, V)) > 0.05


def test_a_wishart_law_whose_scale_is_not_the_maximum(scatter):
    V = 1.3 * scatter.mean(0) / NU
    log_p = stats.wishart.logpdf(np.moveaxis(scatter, 0, -1), NU, V).mean()
    mean_log_det = psi((NU - np.arange(P)) / 2).sum() + P * np.log(2) + np.linalg.slogdet(V)[1]
    pseudo = stats.wishart.entropy(NU, V) + (NU - P - 1) / 2 * mean_log_det
    log_h = (NU - P - 1) / 2 * np.linalg.slogdet(scatter)[1].mean()
    assert abs(log_p - log_h + pseudo) > 0.1


def test_wishart_with_its_degrees_of_freedom(scatter):
    """At the maximum in scale and shape the mean of log p is minus the entropy, which the record states."""
    log_det = np.linalg.slogdet(scatter)[1].mean()
    middle, i = scatter.mean(0), np.arange(P)

    def slope(nu):  # of the likelihood in nu, the scale at its own maximum
        mean_log_det = psi((nu - i) / 2).sum() + P * np.log(2 / nu) + np.linalg.slogdet(middle)[1]
        return log_det - mean_log_det

    nu = optimize.brentq(slope, P - 1 + 1e-6, 1e3, xtol=1e-14, rtol=1e-14)
    V = middle / nu
    log_p = stats.wishart.logpdf(np.moveaxis(scatter, 0, -1), nu, V).mean()
    entropy = density(WISHART).entropy(jnp.asarray(V), jnp.asarray(nu - P + 1))
    assert abs(log_p + stats.wishart.entropy(nu, V)) < 1e-9
    assert abs(log_p + float(entropy)) < 1e-9
    assert stated(WISHART, V, np.asarray(nu - P + 1)) == pytest.approx(float(entropy), rel=1e-13)


def stated(family, *arguments):
    """The entropy that is derived of a record, in numbers."""
    entropy = own_densities.log_density(
        replace(family, log_density=family_certificate(family).entropy)
    )
    x = np.eye(P) if family.support == "posdef" else np.zeros((4, P))
    return float(entropy(jnp.asarray(x), *map(jnp.asarray, arguments)))


@pytest.mark.slow
def test_matrix_normal():
    rng = np.random.default_rng(1)
    x = rng.laplace(size=(N, 4, P)) @ rng.normal(size=(P, P)) + rng.normal(size=(4, P))
    mean = x.mean(0)
    c = x - mean
    U, V = np.eye(4), np.eye(P)
    for _ in range(200):  # flip-flop (Dutilleul 1999)
        U = np.einsum("nij,jk,nlk->il", c, np.linalg.inv(V), c) / (N * P)
        V = np.einsum("nji,jk,nkl->il", c, np.linalg.inv(U), c) / (N * 4)
    log_p = np.mean([stats.matrix_normal.logpdf(each, mean, U, V) for each in x])
    assert abs(log_p + stats.matrix_normal.entropy(U, V)) < 1e-10
    assert abs(log_p + stated(MATRIX_NORMAL, mean, U, V)) < 1e-10
    row = density(MATRIX_NORMAL)
    assert abs(log_p - float(jnp.mean(row.log_density(x, mean, U, V)))) < 1e-10

    def A(eta):  # eta = (K M, -K / 2) of the entries, K the inverse of their covariance
        K = -2 * eta[:, 1:]
        quadratic = eta[:, 0] @ jnp.linalg.solve(K, eta[:, 0])
        return quadratic / 2 - jnp.linalg.slogdet(K / (2 * jnp.pi))[1] / 2

    K = np.linalg.inv(np.kron(U, V))
    eta = np.concatenate([(K @ mean.ravel())[:, None], -K / 2], axis=1)
    assert abs(by_theorem(A, eta) - stats.matrix_normal.entropy(U, V)) < 1e-10
