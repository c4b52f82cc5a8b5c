"""Latent-variable models as records; each function returns one. Sizes D, H, N stay symbols.

`MODELS` and `ZOO` have them by name; what is known of them, `catalogue.CATALOGUE`, loads no SymPy.
"""

from typing import TYPE_CHECKING

from entropysym.lazy import lazily

if TYPE_CHECKING:
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
    from entropysym.models.zoo import GRAPHS, MODELS, ZOO

__getattr__, __dir__ = lazily(
    __name__,
    {
        "decoders": "beta_decoder_vae categorical_vae dirichlet_prior_vae gamma_decoder_vae gamma_prior_vae laplace_decoder_vae single_cell_vae",
        "full_covariance": "gaussian_vae",
        "gaussian": "vae0 vae1 vae2 vae3",
        "hierarchical": "two_layer_vae two_layer_vae_fixed_top ladder_vae sigmoid_belief_net diffusion_chain",
        "linear": "linear_vae",
        "mixtures": "bernoulli_mixture exponential_mixture factor_analysis gaussian_mixture mixture_of_factor_analysers mixture_prior_vae poisson_mixture",
        "objectives": "beta_vae with_beta with_weight_decay",
        "other_families": "bernoulli_vae poisson_vae sparse_coding",
        "sequences": "deep_markov_model hidden_markov_model linear_state_space",
        "supervised": "bayesian_regression conditional_vae conditional_vae_fixed_prior gamma_regression heteroscedastic_regression logistic_regression poisson_regression semi_supervised_vae softmax_classifier weibull_regression",
        "zoo": "GRAPHS MODELS ZOO",
    },
)
