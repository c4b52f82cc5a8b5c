"""Trained with free bits"""

from entropysym import ModelWriter, families
from entropysym.language import Objective

w = ModelWriter(observed="d D", latent="h H")

model = w.model(
    "free_bits",
    prior=families.NORMAL(0, w.learned("alpha2", "h", range="positive")),
    decoder=families.NORMAL(w.network("mu", "d", reads=w.z), w.learned("sigma2", range="positive")),
    encoder=families.NORMAL(
        w.network("nu", "h", reads=w.x_n),
        w.network("tau2", "h", reads=w.x_n, range="positive"),
    ),
    objective=Objective(named="free bits"),
)
