"""Hashes of what ships with the package: the models' statements and the families' records, by name.

A document may call its model and its families anything. If it uses the name of a shipped one, the
content must be the shipped one, so that a reader who knows 'vae2' or 'Normal' is not shown
something else under that name.
"""

KNOWN: dict[str, str] = {
    "vae0": "07b9d320fb75a5a27fa3593149c810b836e4ac84ae6726150268b7a8caae809a",
    "vae1": "5ffd8378763a7961d5f25da252e3352b65958a4cd16d3cb4c0757b9c063664d9",
    "vae2": "421e3a4141d74a471ec750846734491ad9926a7054286e918eeb66ba0ce6b916",
    "vae3": "5dad17920b6e43edfae2618a9c249106de9ece666db567ef17b83e0ab00508b4",
    "linear_vae": "ad08940244f10f554413549d3c09dd348686b6554eb8cd7401e5b4051a78b2f5",
    "gaussian_vae": "8e26da071c547abb4155bab1a2b8e6ae1db34d470c10597c7c13599ef481f9a4",
    "beta_vae": "c5a3b05c59f77cb91d1e8f93ba2b8533772d224ecba4931ed5360737f99ab657",
    "sparse_coding": "cd17bd9c1bdcca7b81b2a44f95d874e4d6538c4fdf754bb0b6a75e29bc44a5d6",
    "bernoulli_vae": "2daf51129d525a521b91ffc3bdd66c33f05574401c50bd7060282b6d5e20ba1b",
    "poisson_vae": "6b0746c44798b05231b517048bf59ab678d6b0359a5f4ba71b49182cdace483d",
    "vae1_log_variance": "c75ac5544ae61705cd8b10268e3dae103fc7e709d08ec45803b3a4d0131a8f88",
    "vae1_std": "3fd72fa49e49a5c909dd9182ffc86f27aaaa387a8eebc03f5f17a5e38fa8cb0d",
    "vae1_softplus": "3b74c59e3c75551a233aca522c5d0874b9522a5277dbc1854ca11ad5b51449fa",
    "vae1_precision": "8f15db952a03cd640d802822cd64b4b09af34f6df453f937396a757036ff6ba0",
    "vae1_frozen_encoder": "c11d2387cdb2dab6253860cfc8a99b7aea0c93d7dd41890cae3beb14fb6f2d5f",
    "vae1_decay": "adcbf0a3da7aabc7a1129678526b2e9eef5e75896a27e7c5492d9f69ba433962",
    "vae2_per_dimension": "d3eee51509b1efd14577c67c5b9e64fe3e82d8701c9cccd9e01f0017ad77bfdb",
    "vae2_log_variance_per_dimension": "78f621b393210b435e91630ed5f890785c02386cacfd466b0f6a5acd42db1f07",
    "vae2_std_per_dimension": "63ae4c4492ac8646997e1fc1ebccc902b5b32ddc34f991aa8997468c02df8518",
    "vae2_softplus_per_dimension": "2822aaf7b11a9dbe3468ff6f94aa7799c4733794fa77386d7aad78a15a504925",
    "vae2_precision_per_dimension": "dd07a38577cea1cece22399f700e6b65bb7cfa81f60ea3167b575407ebafe322",
    "beta_vae2": "d7a27a81840c27359904e4c85fd0cf2a06b5ffe754c1597dcf8e549bca3dbeb2",
    "vae3_linear": "d6acf2358c3047477d65f52f6ef54c526655fb95a50125e872545f4751248641",
    "vae3_scaled": "e9a43183204d4074bdca40e99195b694d0674de0c7cc6ed6a7fc5b68e088381b",
    "vae3_softplus": "9a0cd03def0956672e82e23dffd3b5612696a57fce049cb0bcf334c221953de2",
    "gaussian_vae_cholesky": "54453aceb0cd3558e47e0620538d57bc2c4aeb466b5973384f50617e177c94b3",
    "gaussian_vae_precision": "55935f6e7bf2825d77e1720f035d2ca3328bbae612ce07baaca8907a7da1c361",
}

#: Of a model's record with its objective, for refusals.
MODELS: dict[str, str] = {
    "vae0": "72a087a8451442df41ddfd7d784da52bfaf6eef64a848af13064ab77360f00d7",
    "vae1": "6b7787de11bb3d4b61e25f88239ebc959dca999f9b63d7babd025ea4e6b90c51",
    "vae2": "e6d73ab0b055a6fa960ca82f28af9bf7aba85cb996efb5fdbf7a12b1d7dfdc92",
    "vae3": "97ecda8c5043ec6d3a47d4c270606d332872c0e8b6946dfe784856187fbd5554",
    "linear_vae": "d4c681f4e15085ec3cec26567710e68c1149a44296ab0e705835c1d23ddda676",
    "gaussian_vae": "a4aa9b7edfd7c8465b20e0bae353f6dbd40620380d9c31ae87005a24d7199a26",
    "beta_vae": "61cd08159c6f42098cc3b381ad69b8ba73ec02acd0badf88aa424e25f3ee9a2c",
    "sparse_coding": "ae607271e2e78ac90efbb8080da6e55cac98f3487d8eab6dd7a7ad297f3ae73f",
    "bernoulli_vae": "591da01e3810d09b4d236b33e56e09cc1d0b1ae2f9a6d057a294247e22bf3576",
    "poisson_vae": "fc773a81164d210dd79ecb9d170de5f5b5d244f8bd9e787a6246d2dace559d1c",
    "vae1_log_variance": "eaa26da01f7c4051f89e4b6b7763a1a7d1457a77b091fbcc88878346e7300fcb",
    "vae1_std": "c0bca1402d8e346b177f27952e800a17a85612762adbcd0e6c701a8b93da41a1",
    "vae1_softplus": "62725671c6244a2bed218443c930b4fee15a6410375f79cc5f233a411e4ff9d8",
    "vae1_precision": "ca38d67521a5b42454f85b330bec36f2fae0ea27a2c0fee2d419b7ebebd6322b",
    "vae1_frozen_encoder": "f7fb4f34f250dc5d7a95698ab9fb4428f670a9255e8142729a2e088a29c949f3",
    "vae1_decay": "c94e13f3fea00b61e72ab6d5c8c1653a9c46f3d42a01c8d67a829ca224a6b51f",
    "vae2_per_dimension": "7c0d9b89c6a6d53fdd74ee7a0572fd994a0713d56977c4b63a39a5070f28904d",
    "vae2_log_variance_per_dimension": "e0b6e2ff938e2f8ae74ed999b7ecbfb5e302016518f541edef33135502610cb6",
    "vae2_std_per_dimension": "7deba76b3c88b2215c3f4a8a0449ec7019491f58157af51f1172e940d3e0081a",
    "vae2_softplus_per_dimension": "6acaf5b3866b59a58650830efe12a3220fb3ab04887cab4f3bf48c03a8f8461b",
    "vae2_precision_per_dimension": "ed938658172dd2756e538f362f89e06da8fc8d5de66852e92d44422b856bb48f",
    "beta_vae2": "cb5f7419cbafabe33ded92c9656919a733849540d95b676f6a17c3beb6294f43",
    "vae3_linear": "4121b235bbe28541a4d1923e1b3048194337df1719c29a23cc99f48823763000",
    "vae3_scaled": "73ee9080bd3af0fdb320e3be5415cadbf9174d4b705b1b97a0d2c47114f37b03",
    "vae3_softplus": "488a1e3f15dffb00dadc5516e2f5799b25f7bcd5451ba1c213645cd881e9f844",
    "gaussian_vae_cholesky": "b388e9363b937bb6ed2e7b940738ad469344c01791d9c17b9d9e5d3153f14448",
    "gaussian_vae_precision": "039435ead7ae2f15038a1194c20dfa303546cb765e1161dfbbed61de772d6706",
}

FAMILIES: dict[str, str] = {
    "Normal": "627ca1d783572aa91ab7e2bb199e61979dcfcfb68a38def9107d714f3b8dcdb5",
    "MultivariateNormal": "898405b2df9abd6e728e7659d17bddb05f7eca8fbac6ef33574bbd370062ff83",
    "Laplace": "abbbb5b336d1a54c9edc7ace8940d67b0d4187a776291520e791e4d5cae423cd",
    "Bernoulli": "22275c0bbc01981b84d7964e354ed72882a9491951c06d88fd15cf4773cef78d",
    "Poisson": "ed86e63304c182bf65a09753bb7a7e556d1df047710f1921f6715e05e5e706f6",
    "Categorical": "c8e63c8c253a82c19487734a33ecb193c6e03d0a927537d302fcb43db905d3f8",
    "CategoricalLogits": "792d9461d0e9992b6f7c9e553bd7833b367e3aa056ca47686348b10e390c3297",
}
