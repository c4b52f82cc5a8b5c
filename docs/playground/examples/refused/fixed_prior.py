"""The prior is fixed, and nothing else scales a latent"""

from entropysym import ModelWriter, families

w = ModelWriter(observed="d D", latent="h H")

model = w.model(
    "fixed_prior",
    prior=families.NORMAL(0, w.fixed("alpha2", "h", range="positive")),
    decoder=families.NORMAL(
        w.network("mu", "d", reads=w.z, learned=False), w.learned("sigma2", range="positive")
    ),
    encoder=families.NORMAL(
        w.network("nu", "h", reads=w.x_n),
        w.network("tau2", "h", reads=w.x_n, range="positive"),
    ),
)
