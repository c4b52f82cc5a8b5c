"""Statement hashes of the models that ship with the package: model name -> SHA-256.

A document may call its model anything. If it uses the name of a shipped model, its statement must
be the shipped one, so that a reader who knows 'vae2' is not shown something else under that name.
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
