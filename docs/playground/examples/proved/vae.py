"""VAE with learned variances"""

from entropysym import ModelWriter, families

# x_d for d = 1, …, D and z_h for h = 1, …, H
w = ModelWriter(observed="d D", latent="h H")

sigma2 = w.learned("sigma2", range="positive")
# one for each latent
alpha2 = w.learned("alpha2", "h", range="positive")

model = w.model(
    "vae",
    prior=families.NORMAL(0, alpha2),
    decoder=families.NORMAL(w.network("mu", "d", reads=w.z), sigma2),
    encoder=families.NORMAL(  # mean and variance
        w.network("nu", "h", reads=w.x_n),
        w.network("tau2", "h", reads=w.x_n, range="positive"),
    ),
)
