"""VAE with the prior N(0, I)

A latent cannot be scaled by the prior, so what scales it is written out: the first layer W of the decoder, and the last layer (V, c, u) of the
encoder.
"""

import sympy as sp

from entropysym import ModelWriter, families

w = ModelWriter(observed="d D", latent="h H")
w.plate("k K")  # units of the decoder's first layer
w.plate("j J")  # features of the encoder
W = w.learned("W", "k h")
V, c, u = w.learned("V", "h j"), w.learned("c", "h"), w.learned("u", "h")

hidden = w.vector("k", w.sum("h", W * w.z_h))
g = w.network("g", "j", reads=w.x_n)
r = w.network("r", "h", reads=w.x_n)

model = w.model(
    "standard_prior",
    prior=families.NORMAL(0, 1),
    decoder=families.NORMAL(
        w.network("F", "d", reads=hidden), w.learned("sigma2", range="positive")
    ),
    encoder=families.NORMAL(w.sum("j", V * g) + c, sp.exp(r + u)),
)
