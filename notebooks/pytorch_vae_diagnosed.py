# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A PyTorch VAE, diagnosed
#
# The VAE that everybody writes: prior $\mathcal N(0,I)$, ReLU, binary cross-entropy, Adam, mini-batches. A monitor in the loop says whether the loop does what it is thought to do; a certificate says afterwards how far the network is
# from its entropy sum, and why.

# %%
import jax
import torch
from torch import nn
from torch.nn import functional as F

import entropysym as es
from entropysym.data import load

torch.manual_seed(0)
x = torch.tensor(load("digits") / 16, dtype=torch.float32)
body, mu, logvar = nn.Sequential(nn.Linear(64, 32), nn.ReLU()), nn.Linear(32, 2), nn.Linear(32, 2)
decoder = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 64))
model = nn.ModuleDict({"body": body, "mu": mu, "logvar": logvar, "decoder": decoder})


def step(monitor, adam, at, summed=False):
    batch = x[torch.randperm(len(x))[:100]]
    h = body(batch)
    nu, log_tau2 = mu(h), logvar(h)
    logits = decoder(nu + (log_tau2 / 2).exp() * torch.randn_like(nu))
    bce = F.binary_cross_entropy_with_logits(logits, batch, reduction="none").sum(1)
    each = bce + (nu**2 + log_tau2.exp() - 1 - log_tau2).sum(1) / 2
    loss = each.sum() if summed else each.mean()
    adam.zero_grad()
    loss.backward()
    monitor.log(at, loss=loss, x=batch, nu=nu, log_tau2=log_tau2, logits=logits)
    adam.step()


def monitored(adam, every=2):
    layers = {"encoder_mean": mu, "encoder_logvar": logvar, "decoder_first": decoder[0]}
    return es.Monitor.bernoulli(**layers, logits=decoder[-1], parameters=adam, every=every)


# %% [markdown]
# **First with a slip**: the loss is summed over the batch. The gap that the gradients predict is then a hundred times too large, and the monitor says so.

# %%
adam = torch.optim.Adam(model.parameters(), lr=1e-4)
monitor = monitored(adam)
for at in range(40):
    step(monitor, adam, at, summed=True)
print(monitor.slip)
assert monitor.slip is not None

# %% [markdown]
# **Then as it should be.** No slip; the reading and the stopping rule have their figures with standard errors.

# %%
adam = torch.optim.Adam(model.parameters(), lr=3e-3)
monitor = monitored(adam)
for at in range(400):
    step(monitor, adam, at)
print(monitor.slip)
reading, figures = monitor.reading()
print(reading.value)
print(figures)
print(monitor.may_stop(tolerance=0.5))
assert monitor.slip is None

# %% [markdown]
# **The network itself**, in float64, as it is:

# %%
jax.config.update("jax_enable_x64", True)
network = es.networks.vae(
    lambda m, x: (m["mu"](m["body"](x)), m["logvar"](m["body"](x))),
    lambda m, z: m["decoder"](z),
    decoder="bernoulli",
)
found = es.certify(network, model, x[:300], es.gauss_hermite(2, 5))
found

# %% [markdown]
# How parameters move along the direction, found without being told which layer is which:

# %%
print(*found.motion, sep="\n")
assert found.agrees
