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

#: Of a model's record with its objective, for refusals.
MODELS: dict[str, str] = {
    "vae0": "ccd5dec20efbe4803550e77759f44d1bb5a72f6eb315f9d87e0595018304575b",
    "vae1": "e76aef273ed76168680b3b49d1c1a339e2db2a1871de9465ccefb361c37efca1",
    "vae2": "36b70ead631a6e2e29e0a27fc7dc25967ef48e97dd5dd5741be502843497d401",
    "vae3": "580ebf558545364d67cabc045bdc078aab2071d41910f1a4175c6c4508b9ab8e",
    "linear_vae": "01818f83b719c5b9296592b1bb044c53b6fbff939beef5b15d0ea3ac79811091",
    "gaussian_vae": "184c2afe40e11c9430482241c739eaf394e781f5055f12a8c089ba9a5dcbeccc",
    "beta_vae": "c65113a9ef48b43a2345d876cff2677dd35563f3ceb6d6fba3035dda4d9062fb",
    "sparse_coding": "f10b9f2641c249a1c198c9fa1f9f8bf707f4d4c393f2e91c299ac3fcf380c4b8",
    "bernoulli_vae": "e48c430ab17c98b7851c4af537225560008aebc08f1e847b901ccae7f7a156ed",
    "poisson_vae": "889473f3cbe06c7046387bba056deed4493bda367733273fe13569498fcc1b3c",
    "vae1_log_variance": "b15042769271de238554f9c612c30a004e658000fe3df26b06a6425ff39c5d3b",
    "vae1_std": "0d119a8fa16ef70eb700be7e3ff7ae0b9ca2067135bc111567fd043987b73f54",
    "vae1_softplus": "bdfaf6ba0bbf748748c6fddae7a0f5a89f0e1204b262f7ef6777046e71c05f13",
    "vae1_precision": "a8aa24ac01cea4b53b8de43e75791e1ca10ffb9483096adf7196b64ae36e8a9d",
    "vae1_frozen_encoder": "5292c1566b1767d03f91e4e8eed4ff56af0006b854893849d0f7a46752698a52",
    "vae1_decay": "7fad2d0cdd879a2c4c4cbba09e8d83899df32e50b994af734187ecf1c9f4239d",
    "vae2_per_dimension": "bba3d4f8a4809536c8121171120351574a24c7ece7f9342b4525d0e3b6adaf37",
    "vae2_log_variance_per_dimension": "98b24f740a211b57ca9bb0c716134f9ed13edb57f122cba3c6de424216c0f78e",
    "vae2_std_per_dimension": "cfac539badf4d5b103dd0352bc921e3d90cf77b8c19fc957282d8ab50f0f6f62",
    "vae2_softplus_per_dimension": "d7df351b8fc4b632549352cc87cc069c64d8f354fa1a0975b8583227dc0b70fc",
    "vae2_precision_per_dimension": "3c079ceb8c0a14644be18b7f49c1f670b77ec43cf5ad95a250916db7e250f81f",
    "beta_vae2": "bf674aac63d75dae8c5c466a3c2928b7936d73a9f6acf693de1feb7b45e2ee2f",
    "vae3_linear": "f8bf5c3aba27f8727ba1ae17a6baa1e503bcb222b64ab4f060599d80a83313eb",
    "vae3_scaled": "e772809aaefba263c5643c5af1f31ff05db7e7d305d977ed20dd14a4743c84b9",
    "vae3_softplus": "32748e653643635d19d735f81310caffe23fc34b39d7334a3fac3c0f2fab611c",
    "gaussian_vae_cholesky": "f71293a7a8558827c00cc704df7a8203e7db7a3f30a1bb464a670a8bddf0ba11",
    "gaussian_vae_precision": "50aa344e37ffcceae7b03e43e06c83b3b43ecde62d2246f5c61bec3c351435c6",
}

FAMILIES: dict[str, str] = {
    "Normal": "627ca1d783572aa91ab7e2bb199e61979dcfcfb68a38def9107d714f3b8dcdb5",
    "MultivariateNormal": "898405b2df9abd6e728e7659d17bddb05f7eca8fbac6ef33574bbd370062ff83",
    "Laplace": "abbbb5b336d1a54c9edc7ace8940d67b0d4187a776291520e791e4d5cae423cd",
    "Bernoulli": "22275c0bbc01981b84d7964e354ed72882a9491951c06d88fd15cf4773cef78d",
    "Poisson": "ed86e63304c182bf65a09753bb7a7e556d1df047710f1921f6715e05e5e706f6",
}
