"""Mixture of Gaussians, any q"""

from entropysym import ModelWriter, families

w = ModelWriter(observed="d D")
c = w.latent_variable("c", "k K", support="onehot")
w.p(c, families.CATEGORICAL(w.learned("pi0", "k", range="simplex")))

mean, variance = w.learned("m", "d k"), w.learned("s", "d k", range="positive")
w.p(w.x, families.NORMAL(mean, variance), select=c)  # the mean and variance of the class c
w.q(c, families.ANY)

model = w.model("mixture")
