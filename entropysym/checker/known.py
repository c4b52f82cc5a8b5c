"""Hashes of what ships with the package: the models' statements and the families' records, by name.

A document may call its model and its families anything. If it uses the name of a shipped one, the
content must be the shipped one, so that a reader who knows 'vae2' or 'Normal' is not shown
something else under that name.
"""

KNOWN: dict[str, str] = {
    "vae0": "c0dcf5973a99f011503e0997914b644b070f0fd6b7a51b426aef892ee827d049",
    "vae1": "cda70c6402867bc17cb3ef48df178ba0e78b4484c80440aa55a513a712be98d3",
    "vae2": "8e99cba12ac34ddc2a0a2a9a5e0298caa3ac8cd348cc468a9fa28e6aae380faa",
    "vae3": "87f309acfc1594697d9c9b3f25659f1bc35b6890c921c9d69a8560e75474cf59",
    "linear_vae": "54129f638699988ee10d7d9041155c9b841ca3032e940ec61ae518d6696f5414",
    "gaussian_vae": "5b78856defdcbf89e4a12485a311990b963f8cd409b778d991916ed97c9fbb59",
    "beta_vae": "69f5aafe826bd1058d2f5707eca8b8e971d576f20e239234805d09220d34f9f1",
    "sparse_coding": "52e8f0e14c509637ab475725c55b38d1cc9b93a5835ed971befa9a6998580e93",
    "bernoulli_vae": "c6ef5069f63ff0a8df3a445e7fb4842ed3435ea1265506550ac1539595ec5eb6",
    "poisson_vae": "e8d814fa8fd0fef1f35da83c384640444e73cc5f21853c052300bd4e39b03983",
    "vae1_log_variance": "35d93bf28fa27865f8d19a07d5bde7e8225bee178167c33bd7f4ffa71c86e3d6",
    "vae1_std": "f3f5621fbc967cca465169473bc98b6b721b2d24de7f3ce8aa756a5d2e084141",
    "vae1_softplus": "6cd7ed60fdff35d0244e9bc4208505c55372344309d297ca6b4fd150e3a00805",
    "vae1_precision": "a13276e850e9d7b3bf0c06063053c87b7ee7b37a5401971625bb0a5f5c430eda",
    "vae1_frozen_encoder": "02e3a40692ea4cec239d1ee3367803a34d3d35b51065c046f571e0c1c8e8b532",
    "vae1_decay": "c1ca623663d1ad9790b47ed3e0661228ad6e39c3f36bd1eee6ada9fee22609da",
    "vae2_per_dimension": "6053872ecbfbedf21fd322a851bb40418ca87af4a2537fe5c608913312d3f071",
    "vae2_log_variance_per_dimension": "11e7301b9608ba3f69d90be43024141514a5abeef90e18080044cf230dc1a2a2",
    "vae2_std_per_dimension": "552a6903c6e5cbd03706f870bba647ea893d10fdb8a2574c59d9186a4b5bdc90",
    "vae2_softplus_per_dimension": "f7f6679b34221ea75d37b910713c0fdd65b6473c35cc7c81afcfa9709df30298",
    "vae2_precision_per_dimension": "69a6dd700bedfb7f41f0a8a1106760a6900feee9eafeb12831de7b66dd018f7e",
    "beta_vae2": "acbdfa39cc13da05b838f3f50987defd5ff9093a48c99351d3f83cfb4144e820",
    "vae3_linear": "38764c348ea32efaf46c3ee05e56eaf8102f84304c21d70ac327fbdd81d62183",
    "vae3_scaled": "e3873c8733a2994e0b51192bc58f34126429fcbfd9312bc8f30e15e95ececa83",
    "vae3_softplus": "2970b38566ab9401e8915dbc4c91f5ab29baae98862904261b115c7b36078f9f",
    "gaussian_vae_cholesky": "aa446b9578247fcfc0b67c19de8634af37a00fecd77f30bb8de955d85526a75f",
    "gaussian_vae_precision": "60013fdbde81c0ad783c9a14ce63d8aafccc0799867fb9575276bcf9a53d69e9",
}

FAMILIES: dict[str, str] = {
    "Normal": "627ca1d783572aa91ab7e2bb199e61979dcfcfb68a38def9107d714f3b8dcdb5",
    "MultivariateNormal": "898405b2df9abd6e728e7659d17bddb05f7eca8fbac6ef33574bbd370062ff83",
    "Laplace": "abbbb5b336d1a54c9edc7ace8940d67b0d4187a776291520e791e4d5cae423cd",
    "Bernoulli": "22275c0bbc01981b84d7964e354ed72882a9491951c06d88fd15cf4773cef78d",
    "Poisson": "ed86e63304c182bf65a09753bb7a7e556d1df047710f1921f6715e05e5e706f6",
}
