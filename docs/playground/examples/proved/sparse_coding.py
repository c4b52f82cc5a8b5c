"""Sparse coding: Laplace prior, linear decoder"""

from entropysym import ModelWriter, families

w = ModelWriter(observed="d D", latent="h H")
W, lam = w.learned("W", "d h"), w.learned("lam", "h", range="positive")
sigma2 = w.learned("sigma2", range="positive")

model = w.model(
    "sparse",
    prior=families.LAPLACE(0, lam),
    decoder=families.NORMAL(w.sum("h", W * w.z_h), sigma2),
    encoder=families.NORMAL(
        w.network("nu", "h", reads=w.x_n),
        w.network("tau2", "h", reads=w.x_n, range="positive"),
    ),
)
