"""Two views, one of them counts"""

from entropysym import ModelWriter
from entropysym.families import NORMAL, POISSON

w = ModelWriter(observed="d D")
z = w.latent_variable("z", "h H")
y = w.observed_variable("y", "e B", support="count")
w.p(z, NORMAL(0, w.learned("alpha2", "h", range="positive")))
w.p(w.x, NORMAL(w.network("mu", "d", reads=z), w.learned("sigma2", range="positive")))

w.plate("j J")
V, b, g = w.learned("V", "e j"), w.learned("b", "e"), w.network("g", "j", reads=z)
w.p(y, POISSON(w.sum("j", V * g) + b))
w.q(
    z,
    NORMAL(
        w.network("nu", "h", reads=(w.x, y)),
        w.network("tau2", "h", reads=(w.x, y), range="positive"),
    ),
)

model = w.model("two_views")
