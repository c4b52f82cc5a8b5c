"""The decoder's variance is fixed"""

from entropysym import ModelWriter, families

w = ModelWriter(observed="d D", latent="h H")

# write `learned` for `fixed`, and it is proved
sigma2 = w.fixed("sigma2", range="positive")
alpha2 = w.learned("alpha2", "h", range="positive")

model = w.model(
    "fixed_variance",
    prior=families.NORMAL(0, alpha2),
    decoder=families.NORMAL(w.network("mu", "d", reads=w.z), sigma2),
    encoder=families.NORMAL(
        w.network("nu", "h", reads=w.x_n),
        w.network("tau2", "h", reads=w.x_n, range="positive"),
    ),
)
