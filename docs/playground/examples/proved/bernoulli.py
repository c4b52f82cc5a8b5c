"""Binary data: Bernoulli decoder"""

from entropysym import ModelWriter, families

w = ModelWriter(observed="d D", latent="h H")
w.plate("k K")  # units of the decoder's last hidden layer
A, b = w.learned("A", "d k"), w.learned("b", "d")
g = w.network("g", "k", reads=w.z)

model = w.model(
    "bernoulli",
    prior=families.NORMAL(0, w.learned("alpha2", "h", range="positive")),
    decoder=families.BERNOULLI(w.sum("k", A * g) + b),  # logits, linear in what is learned
    encoder=families.NORMAL(
        w.network("nu", "h", reads=w.x_n),
        w.network("tau2", "h", reads=w.x_n, range="positive"),
    ),
)
