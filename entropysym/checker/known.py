"""Hashes of what ships with the package: the models' statements and the families' records, by name.

A document may call its model and its families anything. If it uses the name of a shipped one, the
content must be the shipped one, so that a reader who knows 'vae2' or 'Normal' is not shown
something else under that name.
"""

KNOWN: dict[str, str] = {
    "vae0": "aa25eb8261d1e7ac1dc8a9d8f8c6a54e10cdaaa33e449daef7b2289ce6c07e90",
    "vae1": "92e5ad5c7df2700e5578c54eef41a414918db7e1d78b5d6321cb2d0a1b5adb02",
    "vae2": "8e99cba12ac34ddc2a0a2a9a5e0298caa3ac8cd348cc468a9fa28e6aae380faa",
    "vae3": "7b38d026ddada4c4c442fcaa2a8476d24f55cd56a23b28e46c26a4ff906a58d2",
    "linear_vae": "54129f638699988ee10d7d9041155c9b841ca3032e940ec61ae518d6696f5414",
    "gaussian_vae": "5b78856defdcbf89e4a12485a311990b963f8cd409b778d991916ed97c9fbb59",
    "beta_vae": "164c5274c8ebd773b8dbc70ff902b3158ab15c92006d1c668854f07cd7290b0e",
    "sparse_coding": "52e8f0e14c509637ab475725c55b38d1cc9b93a5835ed971befa9a6998580e93",
    "bernoulli_vae": "c6ef5069f63ff0a8df3a445e7fb4842ed3435ea1265506550ac1539595ec5eb6",
    "poisson_vae": "e8d814fa8fd0fef1f35da83c384640444e73cc5f21853c052300bd4e39b03983",
    "vae1_log_variance": "b9547028ad2b843522215b86b4d97b0be9d779b27010d22fc261cb36086ff160",
    "vae1_std": "f97e3f60de1d66d0a3995232fa585ff88ce9045acc5baf27fde8412fdbe13691",
    "vae1_softplus": "ec88a256e5306f961c521d13a34d4498007d5265b432a20bd7e67338713e8872",
    "vae1_precision": "e95c626d61a8dcc11a2831544910d4e8571ff453719dd46ba891b8dd285560e8",
    "vae1_frozen_encoder": "02e3a40692ea4cec239d1ee3367803a34d3d35b51065c046f571e0c1c8e8b532",
    "vae1_decay": "ae7ff215c61fc449c407f5bb99b492e27323c8145e4bbe83c64328ee9ef0f79e",
    "vae2_per_dimension": "6053872ecbfbedf21fd322a851bb40418ca87af4a2537fe5c608913312d3f071",
    "vae2_log_variance_per_dimension": "11e7301b9608ba3f69d90be43024141514a5abeef90e18080044cf230dc1a2a2",
    "vae2_std_per_dimension": "552a6903c6e5cbd03706f870bba647ea893d10fdb8a2574c59d9186a4b5bdc90",
    "vae2_softplus_per_dimension": "f7f6679b34221ea75d37b910713c0fdd65b6473c35cc7c81afcfa9709df30298",
    "vae2_precision_per_dimension": "69a6dd700bedfb7f41f0a8a1106760a6900feee9eafeb12831de7b66dd018f7e",
    "beta_vae2": "acbdfa39cc13da05b838f3f50987defd5ff9093a48c99351d3f83cfb4144e820",
    "vae3_linear": "19980c8afef7583c39f3c0ab6e821492701fae9a204b5be428863b993013d32a",
    "vae3_scaled": "23702e4e31538dd999b62cde0ed039a39a8e980533cb0b477cf2ac95bdd86e87",
    "vae3_softplus": "9a504a3d6b251c0f99366e4d07cacd2ce448dde2e5ce6a8c96fb669054910c4c",
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
