"""Models of categories, proportions, counts and waiting times: the direction that theory gives, and
beside each a model that differs in one thing and is not proved."""

import pytest
import sympy as sp

import entropysym as es
from entropysym import ModelWriter, models
from entropysym.families import (
    ANY,
    BERNOULLI,
    BERNOULLI_PROBABILITY,
    BETA_MEAN_PRECISION,
    CATEGORICAL,
    CATEGORICAL_LOGITS,
    DIRICHLET,
    EXPONENTIAL,
    GAMMA,
    LAPLACE,
    NEGATIVE_BINOMIAL,
    NEGATIVE_BINOMIAL_DECAY,
    NORMAL,
    POISSON_RATE,
    WEIBULL,
)
from entropysym.language import Sigmoid, Softplus
from entropysym.verdict import Value
from tests.instances import derivation

#: Beside -alpha2 of the prior of z, and the motion of class probabilities.
DIRECTIONS = {
    "categorical_vae": "V: V[d, k, j], c: c[d, k]",
    "beta_decoder_vae": "a: 1, b: 1",
    "gamma_decoder_vae": "a: a[d] - 1, c: 1",
    "single_cell_vae": "c: 1",
    "laplace_decoder_vae": "logscale: -1",
    "gamma_prior_vae": "a: a[h] - 1, b: b[h], sigma2: -sigma2",
    "dirichlet_prior_vae": "B: B[k, h], a: a[h] - 1",
    "poisson_mixture": "eta: eta[d, k]",
    "exponential_mixture": "rate: rate[d, k]",
    "bernoulli_mixture": "eta: eta[d, k]",
    "poisson_regression": "W: W[o, j], b: b[o]",
    "logistic_regression": "W: W[o, j], b: b[o]",
    "gamma_regression": "a: a[o] - 1, b: -1/a[o]",
    "weibull_regression": "b: -1/k[o]",
}


@pytest.mark.some(2)
@pytest.mark.parametrize("name", DIRECTIONS)
def test_the_direction_is_that_of_theory(name):
    found = derivation(name)
    assert found.verdict.value is Value.PROVED
    assert found.excess == 0
    moves = {k: v for k, v in found.direction.items() if k not in ("alpha2", "pi0")}
    assert ", ".join(f"{k}: {moves[k]}" for k in sorted(moves)) == DIRECTIONS[name]


@pytest.mark.parametrize(
    "name", ["single_cell_vae", "poisson_mixture", "poisson_regression", "weibull_regression"]
)
def test_the_conditions_name_the_base_measure(name):
    assert "base_measure" in [c.kind for c in derivation(name).conditions]


# -- what is not proved --------------------------------------------------------------------------


def vae(decoder, prior=None):
    """`decoder` is a law, as a function of the writer and of a last layer on z."""
    w = ModelWriter()
    w.plate("k K")
    f = w.network("f", "k", reads=w.z)
    last = w.sum("k", w.learned("V", "d k") * f) + w.learned("c", "d")
    return w.model(
        "control",
        prior=prior(w) if prior else NORMAL(0, w.learned("alpha2", "h", range="positive")),
        decoder=decoder(w, last),
        encoder=ANY(),
    )


def with_categories():
    w = ModelWriter()
    x = w.observed_variable("x", "d k K", support="onehot")
    z = w.latent_variable("z", "h")
    w.plate("j J")
    last = w.sum("j", w.learned("V", "d k j") * w.network("f", "j", reads=z))
    w.p(z, NORMAL(0, w.learned("alpha2", "h", range="positive")))
    w.p(x, CATEGORICAL_LOGITS(Softplus(last + w.learned("c", "d k"))))
    w.q(z, ANY)
    return w.model("control")


def mixture(law):
    w = ModelWriter()
    c = w.latent_variable("c", "k K", support="onehot")
    w.p(c, CATEGORICAL(w.learned("pi0", "k", range="simplex")))
    w.p(w.x, law(w), select=c)
    w.q(c, ANY)
    return w.model("control")


def regression(law):
    w = ModelWriter()
    u = w.given("u", "j J")
    w.plate("o O")
    last = w.sum("j", w.learned("W", "o j") * u.entry) + w.learned("b", "o")
    made = law(w, last)
    w.p(w.observed_variable("y", "o", support=made.family.support), made)
    return w.model("control")


def dispersion(w):
    return w.learned("r", "d", range="positive")


#: Model -> one that differs in a head, in a coordinate, or in what is learned.
def with_shares():
    w = ModelWriter()
    x = w.observed_variable("x", "d k K", support="onehot")
    z = w.latent_variable("z", "h", support="simplex")
    w.p(z, DIRICHLET(w.fixed("a", "h", range="positive")))
    w.p(x, CATEGORICAL_LOGITS(w.sum("h", w.learned("B", "k h") * z.entry)))
    w.q(z, ANY)
    return w.model("shares")


CONTROLS = {
    "categorical_vae, logits end in a softplus": with_categories,
    "beta_decoder_vae in mean and precision": lambda: vae(
        lambda w, last: BETA_MEAN_PRECISION(
            Sigmoid(last), w.learned("kappa", "d", range="positive")
        )
    ),
    "gamma_decoder_vae, shape fixed": lambda: vae(
        lambda w, last: GAMMA(w.fixed("a", "d", range="positive"), sp.exp(last))
    ),
    "single_cell_vae in the logit of the probability": lambda: vae(
        lambda w, last: NEGATIVE_BINOMIAL(dispersion(w), Sigmoid(last))
    ),
    "single_cell_vae in the logit of the probability, as a decay": lambda: vae(
        lambda w, last: NEGATIVE_BINOMIAL_DECAY(dispersion(w), Softplus(last))
    ),
    "laplace_decoder_vae, scale fixed": lambda: vae(
        lambda w, last: LAPLACE(last, w.fixed("b", range="positive"))
    ),
    "gamma_prior_vae, rate fixed": lambda: vae(
        lambda w, last: NORMAL(last, w.learned("sigma2", range="positive")),
        lambda w: GAMMA(w.learned("a", "h", range="positive"), 1),
    ),
    "dirichlet_prior_vae, concentration fixed": with_shares,
    "poisson_mixture, rates that add up": lambda: mixture(
        lambda w: POISSON_RATE(
            w.learned("a", "d", range="positive") + w.learned("b", "k", range="positive")
        )
    ),
    "exponential_mixture, rates fixed": lambda: mixture(
        lambda w: EXPONENTIAL(w.fixed("rate", "d k", range="positive"))
    ),
    "bernoulli_mixture, logits fixed": lambda: mixture(lambda w: BERNOULLI(w.fixed("eta", "d k"))),
    "poisson_regression, rate a softplus": lambda: regression(
        lambda w, last: POISSON_RATE(Softplus(last))
    ),
    "logistic_regression, complementary log-log": lambda: regression(
        lambda w, last: BERNOULLI_PROBABILITY(1 - sp.exp(-sp.exp(last)))
    ),
    "gamma_regression, shape fixed": lambda: regression(
        lambda w, last: GAMMA(w.fixed("a", "o", range="positive"), sp.exp(-last))
    ),
    "weibull_regression, scale a softplus": lambda: regression(
        lambda w, last: WEIBULL(w.fixed("k", "o", range="positive"), Softplus(last))
    ),
}


@pytest.mark.some(2)
@pytest.mark.parametrize("name", CONTROLS)
def test_a_control_is_not_proved(name):
    assert name.split(",")[0].split(" ")[0] in models.ZOO
    found = es.derive(CONTROLS[name]())
    assert found.verdict.value is not Value.PROVED
    assert isinstance(found, es.Refusal)
