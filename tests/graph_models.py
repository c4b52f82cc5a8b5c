"""Graphs of factors as a user writes them, all sizes symbolic: one model of each kind, and the direction that theory gives of each."""

from collections.abc import Callable

import sympy as sp

from entropysym import ModelWriter
from entropysym.families import (
    ANY,
    BERNOULLI,
    CATEGORICAL,
    CATEGORICAL_LOGITS,
    MATRIX_NORMAL,
    MULTIVARIATE_NORMAL,
    NORMAL,
    POISSON,
    WISHART,
)
from entropysym.language import Model, NetworkValue, Plate
from entropysym.language.matrices import Inverse, MatrixLetter, Scaled


def two_layers() -> Model:
    """p(z2) p(z1|z2) p(x|z1) and q(z1|x) q(z2|z1)."""
    w = ModelWriter(observed="d D")
    z1, z2 = w.latent_variable("z1", "h H"), w.latent_variable("z2", "l L")
    alpha2 = w.learned("alpha2", "l", range="positive")
    s1, s0 = w.learned("s1", "h", range="positive"), w.learned("s0", range="positive")
    w.p(z2, NORMAL(0, alpha2))
    w.p(z1, NORMAL(w.network("m1", "h", reads=z2), s1))
    w.p(w.x, NORMAL(w.network("m0", "d", reads=z1), s0))
    t1 = w.network("t1", "h", reads=w.x, range="positive")
    t2 = w.network("t2", "l", reads=z1, range="positive")
    w.q(z1, NORMAL(w.network("nu1", "h", reads=w.x), t1))
    w.q(z2, NORMAL(w.network("nu2", "l", reads=z1), t2))
    return w.model("two_layers")


def mixture() -> Model:
    """A Gaussian mixture, each class with variances of its own."""
    w = ModelWriter(observed="d D")
    c = w.latent_variable("c", "k K", support="onehot")
    pi0 = w.learned("pi0", "k", range="simplex")
    m, s = w.learned("m", "d k"), w.learned("s", "d k", range="positive")
    w.p(c, CATEGORICAL(pi0))
    w.p(w.x, NORMAL(m, s), select=c)
    w.q(c, ANY)
    return w.model("mixture")


def shared_mixture() -> Model:
    """A Gaussian mixture with one variance."""
    w = ModelWriter(observed="d D")
    c = w.latent_variable("c", "k K", support="onehot")
    w.p(c, CATEGORICAL(w.learned("pi0", "k", range="simplex")))
    w.p(w.x, NORMAL(w.learned("m", "d k"), w.learned("s", range="positive")), select=c)
    w.q(c, ANY)
    return w.model("shared_mixture")


def conditional_vae() -> Model:
    """A VAE of data with a label, which prior, decoder and encoder read."""
    w = ModelWriter(observed="d D")
    y, z = w.given("y", "k K", support="onehot"), w.latent_variable("z", "h H")
    alpha2, s2 = w.learned("alpha2", "h", range="positive"), w.learned("s2", range="positive")
    w.p(z, NORMAL(w.network("mu0", "h", reads=y), alpha2))
    w.p(w.x, NORMAL(w.network("mu", "d", reads=(z, y)), s2))
    tau2 = w.network("tau2", "h", reads=(w.x, y), range="positive")
    w.q(z, NORMAL(w.network("nu", "h", reads=(w.x, y)), tau2))
    return w.model("own_conditional_vae")


def bayesian_regression() -> Model:
    """Linear regression whose weights are one latent vector for all data."""
    w = ModelWriter(observed="o O")
    u, b = w.given("u", "j J"), w.latent_variable("b", "j", data=None)
    a2, s2 = w.learned("a2", range="positive"), w.learned("s2", range="positive")
    w.p(b, NORMAL(0, a2))
    w.p(w.x, NORMAL(w.sum("j", u.entry * b.entry), s2))
    w.q(b, ANY)
    return w.model("own_regression")


def softmax_classifier() -> Model:
    """Labels given inputs, without a latent."""
    w = ModelWriter()
    u, y = w.given("u", "j J"), w.observed_variable("y", "k K", support="onehot")
    W, b = w.learned("W", "k j"), w.learned("b", "k")
    w.p(y, CATEGORICAL_LOGITS(w.sum("j", W * u.entry) + b))
    return w.model("own_classifier")


def heteroscedastic() -> Model:
    """Regression whose log-variance is linear in the inputs."""
    w = ModelWriter(observed="o O")
    u = w.given("u", "j J")
    A, a = w.learned("A", "o j"), w.learned("a", "o")
    w.p(w.x, NORMAL(w.network("mu", "o", reads=u), sp.exp(w.sum("j", A * u.entry) + a)))
    return w.model("heteroscedastic")


def state_space() -> Model:
    """A state that moves by a network, and a linear readout."""
    w = ModelWriter(observed="d D")
    w.plate("t T")
    z0, z = w.latent_variable("z0", "h"), w.latent_variable("z", "t h")
    y, before = w.observed_variable("y", "t d"), w.lag(z, "t", start=z0)
    C, P0 = w.learned("C", "d h"), w.learned("P0", "h", range="positive")
    Q, R = w.learned("Q", "h", range="positive"), w.learned("R", "d", range="positive")
    w.p(z0, NORMAL(0, P0))
    w.p(z, NORMAL(w.network("f", "h", reads=before), Q))
    w.p(y, NORMAL(w.sum("h", C * z.entry), R))
    w.q(z0, z, ANY)
    return w.model("state_space")


def hidden_markov() -> Model:
    """A chain of classes and Gaussian emissions."""
    w = ModelWriter(observed="d D")
    for plate in ("t T", "k K", "l K"):
        w.plate(plate)
    c0 = w.latent_variable("c0", "k", support="onehot")
    c, y = w.latent_variable("c", "t k", support="onehot"), w.observed_variable("y", "t d")
    before = w.lag(c, "t", start=c0)
    pi0, A = w.learned("pi0", "k", range="simplex"), w.learned("A", "l k", range="simplex")
    m, s = w.learned("m", "d k"), w.learned("s", "d k", range="positive")
    w.p(c0, CATEGORICAL(pi0))
    w.p(c, CATEGORICAL(A), select=before, classes="l")
    w.p(y, NORMAL(m, s), select=c)
    w.q(c0, c, ANY)
    return w.model("hidden_markov")


def nested() -> Model:
    """Patients with visits: one latent vector for a patient, one for each visit."""
    w = ModelWriter(observed="d D")
    u, v = w.latent_variable("u", "h H"), w.latent_variable("v", "t T h")
    y = w.observed_variable("y", "t d")
    a, b, s = (w.learned(name, range="positive") for name in ("a", "b", "s"))
    w.p(u, NORMAL(0, a))
    w.p(v, NORMAL(u.entry, b))
    w.p(y, NORMAL(w.network("mu", "d", reads=v), s))
    w.q(u, ANY)
    w.q(v, ANY)
    return w.model("nested")


def semi_supervised() -> Model:
    """Data with labels and data without, which share all that is learned of the labels, the prior and the decoder."""
    w = ModelWriter(observed="d D")
    w.data_plate("m M")
    y, z = w.observed_variable("y", "k K", support="onehot"), w.latent_variable("z", "h H")
    yu = w.latent_variable("yu", "k", support="onehot", data="m")
    zu, xu = w.latent_variable("zu", "h", data="m"), w.observed_variable("xu", "d", data="m")
    pi0, s2 = w.learned("pi0", "k", range="simplex"), w.learned("s2", range="positive")
    alpha2 = w.learned("alpha2", "h", range="positive")
    mu = w.network("mu", "d", reads=(z, y))
    w.p(y, CATEGORICAL(pi0))
    w.p(z, NORMAL(0, alpha2))
    w.p(w.x, NORMAL(mu, s2))
    w.p(yu, CATEGORICAL(pi0))
    w.p(zu, NORMAL(0, alpha2))
    mu_u = NetworkValue(mu.label, sp.Tuple(*mu.indices), sp.Tuple(zu.vector, yu.vector))
    w.p(xu, NORMAL(mu_u, s2))
    w.q(z, ANY)
    w.q(yu, zu, ANY)
    return w.model("semi_supervised")


def sigmoid_belief_net() -> Model:
    """Two layers of binary latents."""
    w = ModelWriter(observed="d D")
    z1 = w.latent_variable("z1", "h H", support="binary")
    z2 = w.latent_variable("z2", "l L", support="binary")
    W1, b1, b2 = w.learned("W1", "h l"), w.learned("b1", "h"), w.learned("b2", "l")
    W0, b0 = w.learned("W0", "d h"), w.learned("b0", "d")
    w.p(z2, BERNOULLI(b2))
    w.p(z1, BERNOULLI(w.sum("l", W1 * z2.entry) + b1))
    w.p(w.x, BERNOULLI(w.sum("h", W0 * z1.entry) + b0))
    w.q(z1, z2, ANY)
    return w.model("own_belief_net")


def grouped_variances() -> Model:
    """A VAE whose decoder has one variance for each group of pixels, which are given."""
    w = ModelWriter(observed="d D")
    g = w.given("g", "d k K", support="onehot", data=None)
    z = w.latent_variable("z", "h H")
    w.p(z, NORMAL(0, w.learned("alpha2", "h", range="positive")))
    s = w.learned("s", "k", range="positive")
    w.p(w.x, NORMAL(w.network("mu", "d", reads=z), s), select=g)
    w.q(z, ANY)
    return w.model("grouped_variances")


def counts_of_topics() -> Model:
    """Counts whose log-rates depend on a class: a base measure in a graph."""
    w = ModelWriter(observed="d D")
    c = w.latent_variable("c", "k K", support="onehot")
    w.p(c, CATEGORICAL_LOGITS(w.learned("b", "k")))
    w.p(w.x, POISSON(w.learned("r", "d k")), select=c)
    w.q(c, ANY)
    return w.model("counts_of_topics")


def precisions() -> Model:
    """A precision matrix for each datum and group, with a Wishart prior; q is any law."""
    w = ModelWriter(observed="d D")
    w.plate("g G")
    x = w.observed_variable("y", "g d")
    L = w.latent_variable("L", "g d d", support="posdef")
    V, s = w.learned("V", "d d", range="posdef"), w.learned("s", range="positive")
    m, t = w.learned("m", "d"), w.learned("t", range="positive")
    w.p(L, WISHART(V, s))
    w.p(x, MULTIVARIATE_NORMAL(m, Scaled(t, Inverse(L.matrix))))
    w.q(L, ANY)
    return w.model("own_precisions")


def images() -> Model:
    """Rectangular data about a network of an input, with a covariance of rows for each class, and one of columns."""
    w = ModelWriter(observed="d D")
    w.plate("r R")
    Y = w.observed_variable("Y", "r d")
    u, c = w.given("u", "k K"), w.given("c", "j J", support="onehot")
    M = w.network("M", "r d", reads=u)
    U, V = w.learned("U", "r r", range="posdef"), w.learned("V", "d d", range="posdef")
    w.p(Y, MATRIX_NORMAL(M, Scaled(w.learned("b", "j", range="positive"), U), V), select=c)
    return w.model("own_images")


GRAPHS: dict[str, Callable[[], Model]] = {
    make.__name__: make
    for make in (
        two_layers,
        mixture,
        shared_mixture,
        conditional_vae,
        bayesian_regression,
        softmax_classifier,
        heteroscedastic,
        state_space,
        hidden_markov,
        nested,
        semi_supervised,
        sigmoid_belief_net,
        grouped_variances,
        counts_of_topics,
        precisions,
        images,
    )
}


def _covariance(letter: MatrixLetter, plate: Plate | None) -> Scaled:
    return Scaled(sp.S.NegativeOne, letter)


def _shape(entry: sp.Expr, plate: Plate | None) -> sp.Expr:
    return entry - 2


def _variance(entry: sp.Expr, plate: Plate | None) -> sp.Expr:
    return -entry


def _natural(entry: sp.Expr, plate: Plate | None) -> sp.Expr:
    return entry


def _log_variance(entry: sp.Expr, plate: Plate | None) -> sp.Expr:
    return sp.S.NegativeOne


def _simplex(entry: sp.Expr, plate: Plate | None) -> sp.Expr:
    """Probabilities are tempered towards the log-probabilities, and stay on the simplex."""
    assert plate is not None
    return entry * sp.log(entry) - entry * plate.sum(entry * sp.log(entry))


#: What moves each parameter so that every factor is tempered; what is not named stands still.
DIRECTIONS = {
    "two_layers": {"alpha2": _variance, "s1": _variance, "s0": _variance},
    "mixture": {"pi0": _simplex, "s": _variance},
    "shared_mixture": {"pi0": _simplex, "s": _variance},
    "conditional_vae": {"alpha2": _variance, "s2": _variance},
    "bayesian_regression": {"a2": _variance, "s2": _variance},
    "softmax_classifier": {"W": _natural, "b": _natural},
    "heteroscedastic": {"a": _log_variance},
    "state_space": {"P0": _variance, "Q": _variance, "R": _variance},
    "hidden_markov": {"pi0": _simplex, "A": _simplex, "s": _variance},
    "nested": {"a": _variance, "b": _variance, "s": _variance},
    "semi_supervised": {"pi0": _simplex, "alpha2": _variance, "s2": _variance},
    "sigmoid_belief_net": dict.fromkeys(("W1", "b1", "b2", "W0", "b0"), _natural),
    "grouped_variances": {"alpha2": _variance, "s": _variance},
    "counts_of_topics": {"b": _natural, "r": _natural},
    "precisions": {"V": _covariance, "s": _shape, "t": _variance},
    "images": {"U": _covariance},
}


def direction(name: str, model: Model) -> dict[str, sp.Expr | Scaled]:
    """The direction that theory gives, at each parameter's own indices."""
    known = {p.name: p for p in model.parameters}
    return {
        parameter: moved(known[parameter].whole, next(reversed(known[parameter].plates), None))
        for parameter, moved in DIRECTIONS[name].items()
    }
