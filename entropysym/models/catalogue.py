"""What is known of the models that ship: the verdict of `derive`, and what a form has that the model it is a form of has not.

A table of words, so that the command line can list and complete names without SymPy; the tests derive every model and compare.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shipped:
    """A model that ships: its verdict, and for a form the model `of` which it is one and how it differs."""

    verdict: str = "proved"
    of: str = ""
    differs: str = ""


#: Name -> what is known, each form after the model of which it is one.
CATALOGUE: dict[str, Shipped] = {
    "vae0": Shipped("refuted"),
    "vae1": Shipped(),
    "vae1_log_variance": Shipped(of="vae1", differs="σ² = exp(logvar), logvar learned"),
    "vae1_std": Shipped(of="vae1", differs="σ² = sigma², sigma learned"),
    "vae1_softplus": Shipped(of="vae1", differs="σ² = softplus(rho)², rho learned"),
    "vae1_precision": Shipped(of="vae1", differs="σ² = 1/lambda, lambda learned"),
    "vae1_frozen_encoder": Shipped("refuted", of="vae1", differs="the encoder is not learned"),
    "vae1_decay": Shipped(
        of="vae1", differs="the objective is the ELBO minus (lambda/2)·‖W‖², which leaves a gap"
    ),
    "beta_vae": Shipped(of="vae1", differs="the KL term of the objective has the weight beta"),
    "vae2": Shipped(),
    "vae2_per_dimension": Shipped(of="vae2", differs="a σ² for each d"),
    "vae2_log_variance_per_dimension": Shipped(
        of="vae2", differs="a σ² = exp(logvar) for each d, logvar learned"
    ),
    "vae2_std_per_dimension": Shipped(of="vae2", differs="a σ² = sigma² for each d, sigma learned"),
    "vae2_softplus_per_dimension": Shipped(
        of="vae2", differs="a σ² = softplus(rho)² for each d, rho learned"
    ),
    "vae2_precision_per_dimension": Shipped(
        of="vae2", differs="a σ² = 1/lambda for each d, lambda learned"
    ),
    "beta_vae2": Shipped(of="vae2", differs="the KL term of the objective has the weight beta"),
    "vae3": Shipped(),
    "vae3_linear": Shipped(
        of="vae3", differs="the variance network is linear in a last layer A > 0, without exp"
    ),
    "vae3_scaled": Shipped(
        of="vae3", differs="the variance network is any positive one times a learned scale s"
    ),
    "vae3_softplus": Shipped(
        "undecided", of="vae3", differs="the variance network ends in a last layer A and a softplus"
    ),
    "linear_vae": Shipped(),
    "factor_analysis": Shipped(),
    "factor_analysis_full": Shipped(
        of="factor_analysis",
        differs="the prior's covariance A is learned, the encoder has a full one, T",
    ),
    "gaussian_vae": Shipped(),
    "gaussian_vae_cholesky": Shipped(
        of="gaussian_vae", differs="the prior's covariance is L·Lᵀ, L learned"
    ),
    "gaussian_vae_precision": Shipped(
        of="gaussian_vae", differs="the prior's covariance is the inverse of P, P learned"
    ),
    "sparse_coding": Shipped(),
    "bernoulli_vae": Shipped(),
    "poisson_vae": Shipped(),
    "beta_decoder_vae": Shipped(),
    "gamma_decoder_vae": Shipped(),
    "single_cell_vae": Shipped(),
    "laplace_decoder_vae": Shipped(),
    "gamma_prior_vae": Shipped(),
    "dirichlet_prior_vae": Shipped(),
    "two_layer_vae": Shipped(),
    "two_layer_vae_fixed_top": Shipped(),
    "ladder_vae": Shipped(),
    "sigmoid_belief_net": Shipped(),
    "diffusion_chain": Shipped(),
    "gaussian_mixture": Shipped(),
    "gaussian_mixture_shared": Shipped(of="gaussian_mixture", differs="one variance for all"),
    "poisson_mixture": Shipped(),
    "exponential_mixture": Shipped(),
    "bernoulli_mixture": Shipped(),
    "mixture_of_factor_analysers": Shipped(),
    "mixture_prior_vae": Shipped(),
    "categorical_vae": Shipped(),
    "conditional_vae": Shipped(),
    "conditional_vae_fixed_prior": Shipped(),
    "semi_supervised_vae": Shipped(),
    "bayesian_regression": Shipped(),
    "softmax_classifier": Shipped(),
    "heteroscedastic_regression": Shipped(),
    "poisson_regression": Shipped(),
    "logistic_regression": Shipped(),
    "gamma_regression": Shipped(),
    "weibull_regression": Shipped(),
    "linear_state_space": Shipped(),
    "deep_markov_model": Shipped(),
    "hidden_markov_model": Shipped(),
}
