"""Every model in every form in which people train it: coordinates of variances, heads, objectives."""

from collections.abc import Callable
from functools import partial

from entropysym.language.records import Model
from entropysym.models.decoders import (
    beta_decoder_vae,
    categorical_vae,
    dirichlet_prior_vae,
    gamma_decoder_vae,
    gamma_prior_vae,
    laplace_decoder_vae,
    single_cell_vae,
)
from entropysym.models.full_covariance import gaussian_vae
from entropysym.models.gaussian import vae0, vae1, vae2, vae3
from entropysym.models.hierarchical import (
    diffusion_chain,
    ladder_vae,
    sigmoid_belief_net,
    two_layer_vae,
    two_layer_vae_fixed_top,
)
from entropysym.models.linear import linear_vae
from entropysym.models.mixtures import (
    bernoulli_mixture,
    exponential_mixture,
    factor_analysis,
    gaussian_mixture,
    mixture_of_factor_analysers,
    mixture_prior_vae,
    poisson_mixture,
)
from entropysym.models.objectives import beta_vae, with_beta, with_weight_decay
from entropysym.models.other_families import bernoulli_vae, poisson_vae, sparse_coding
from entropysym.models.sequences import (
    deep_markov_model,
    hidden_markov_model,
    linear_state_space,
)
from entropysym.models.supervised import (
    bayesian_regression,
    conditional_vae,
    conditional_vae_fixed_prior,
    gamma_regression,
    heteroscedastic_regression,
    logistic_regression,
    poisson_regression,
    semi_supervised_vae,
    softmax_classifier,
    weibull_regression,
)

#: Every model that ships, in its default form, by name.
MODELS: dict[str, Callable[[], Model]] = {
    make.__name__: make
    for make in (
        *(vae0, vae1, vae2, vae3, linear_vae, gaussian_vae),
        *(beta_vae, sparse_coding, bernoulli_vae, poisson_vae),
        *(beta_decoder_vae, gamma_decoder_vae, laplace_decoder_vae, gamma_prior_vae),
    )
}

#: Model name -> the model, for the forms that differ from what a model's function returns by default.
VARIANTS: dict[str, Callable[[], Model]] = {
    "vae1_log_variance": partial(vae1, coordinates="log-variance"),
    "vae1_std": partial(vae1, coordinates="std"),
    "vae1_softplus": partial(vae1, coordinates="softplus"),
    "vae1_precision": partial(vae1, coordinates="precision"),
    "vae1_frozen_encoder": partial(vae1, frozen_encoder=True),
    "vae1_decay": lambda: with_weight_decay(vae1()),
    "vae2_per_dimension": partial(vae2, per_dimension=True),
    "vae2_log_variance_per_dimension": partial(
        vae2, coordinates="log-variance", per_dimension=True
    ),
    "vae2_std_per_dimension": partial(vae2, coordinates="std", per_dimension=True),
    "vae2_softplus_per_dimension": partial(vae2, coordinates="softplus", per_dimension=True),
    "vae2_precision_per_dimension": partial(vae2, coordinates="precision", per_dimension=True),
    "beta_vae2": lambda: with_beta(vae2()),
    "vae3_linear": partial(vae3, head="linear"),
    "vae3_scaled": partial(vae3, head="scaled"),
    "vae3_softplus": partial(vae3, head="softplus"),
    "gaussian_vae_cholesky": partial(gaussian_vae, coordinates="cholesky"),
    "gaussian_vae_precision": partial(gaussian_vae, coordinates="precision"),
    "factor_analysis": factor_analysis,
    "factor_analysis_full": partial(factor_analysis, full_encoder=True),
}

#: Graphs of factors beside one observed and one latent vector, by name.
GRAPHS: dict[str, Callable[[], Model]] = {
    make.__name__: make
    for make in (
        *(two_layer_vae, two_layer_vae_fixed_top, ladder_vae, sigmoid_belief_net, diffusion_chain),
        *(gaussian_mixture, poisson_mixture, exponential_mixture, bernoulli_mixture),
        *(mixture_of_factor_analysers, mixture_prior_vae, categorical_vae, single_cell_vae),
        dirichlet_prior_vae,
        *(conditional_vae, conditional_vae_fixed_prior),
        *(semi_supervised_vae, bayesian_regression),
        *(softmax_classifier, heteroscedastic_regression),
        *(poisson_regression, logistic_regression, gamma_regression, weibull_regression),
        *(linear_state_space, deep_markov_model, hidden_markov_model),
    )
} | {"gaussian_mixture_shared": partial(gaussian_mixture, shared_variance=True)}

#: Every model in every form in which it ships, by the name the command line knows it by.
ZOO: dict[str, Callable[[], Model]] = MODELS | VARIANTS | GRAPHS
