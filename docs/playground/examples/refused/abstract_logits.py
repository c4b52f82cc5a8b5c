"""Logits whose last layer has no name

What is to move has to have a name. Written as `w.sum("k", A * g)` with a learned `A`, as in the example of binary data, this one is proved.
"""

from entropysym import ModelWriter, families

w = ModelWriter(observed="d D", latent="h H")

model = w.model(
    "abstract_logits",
    prior=families.NORMAL(0, w.learned("alpha2", "h", range="positive")),
    decoder=families.BERNOULLI(w.network("logits", "d", reads=w.z)),
    encoder=families.NORMAL(
        w.network("nu", "h", reads=w.x_n),
        w.network("tau2", "h", reads=w.x_n, range="positive"),
    ),
)
