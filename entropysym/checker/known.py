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
}

FAMILIES: dict[str, str] = {
    "Normal": "627ca1d783572aa91ab7e2bb199e61979dcfcfb68a38def9107d714f3b8dcdb5",
    "MultivariateNormal": "898405b2df9abd6e728e7659d17bddb05f7eca8fbac6ef33574bbd370062ff83",
    "Laplace": "abbbb5b336d1a54c9edc7ace8940d67b0d4187a776291520e791e4d5cae423cd",
    "Bernoulli": "22275c0bbc01981b84d7964e354ed72882a9491951c06d88fd15cf4773cef78d",
    "Poisson": "ed86e63304c182bf65a09753bb7a7e556d1df047710f1921f6715e05e5e706f6",
}
