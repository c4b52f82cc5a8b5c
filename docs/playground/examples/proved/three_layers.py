"""Three layers of latents"""

from entropysym import ModelWriter
from entropysym.families import NORMAL

w = ModelWriter(observed="d D")
z1 = w.latent_variable("z1", "h H")
z2 = w.latent_variable("z2", "l L")
z3 = w.latent_variable("z3", "m M")
s = [w.learned(f"s_{k}", i, range="positive") for k, i in enumerate(("", "h", "l", "m"))]

w.p(z3, NORMAL(0, s[3]))
w.p(z2, NORMAL(w.network("mu_2", "l", reads=z3), s[2]))
w.p(z1, NORMAL(w.network("mu_1", "h", reads=z2), s[1]))
w.p(w.x, NORMAL(w.network("mu_0", "d", reads=z1), s[0]))

for z, index, below in ((z1, "h", w.x), (z2, "l", z1), (z3, "m", z2)):
    nu = w.network(f"nu_{z.name}", index, reads=below)
    w.q(z, NORMAL(nu, w.network(f"tau_{z.name}", index, reads=below, range="positive")))

model = w.model("three_layers")
