"""A model file as a user writes it."""

from entropysym import ModelWriter, families

w = ModelWriter()
alpha2, sigma2 = w.learned("alpha2", "h", range="positive"), w.learned("sigma2", range="positive")
tau2 = w.network("tau2", "h", reads=w.x_n, range="positive")
model = w.model(
    "own",
    prior=families.NORMAL(0, alpha2),
    decoder=families.NORMAL(w.network("mu", "d", reads=w.z), sigma2),
    encoder=families.NORMAL(w.network("nu", "h", reads=w.x_n), tau2),
)
