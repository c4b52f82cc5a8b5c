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
# # Mixtures and time series
#
# Any graph of factors is asked the same question. A mixture of Gaussians with any $q$, and a hidden Markov model.

# %%
from IPython.display import SVG

import entropysym as es
from entropysym import families as f
from entropysym.pictures import model_graph

w = es.ModelWriter(observed="d D")
c = w.latent_variable("c", "k K", support="onehot")
w.p(c, f.CATEGORICAL(w.learned("pi0", "k", range="simplex")))
mean, variance = w.learned("m", "d k"), w.learned("s", "d k", range="positive")
w.p(w.x, f.NORMAL(mean, variance), select=c)  # the mean and variance of the class c
w.q(c, f.ANY)
mixture = w.model("mixture")
SVG(model_graph(mixture))

# %%
d = es.derive(mixture)
d

# %% [markdown]
# The direction tempers both factors; in the class probabilities it moves along the simplex.

# %%
for name, motion in d.direction.items():
    print(f"{name} moves by {es.plain(motion, d.model)}")
es.show(d.entropy_sum, d.model)

# %% [markdown]
# **Time.** In a hidden Markov model a class depends on the class before. The factors share their parameters over time, and the theorem has one entropy for each.

# %%
hmm = es.models.hidden_markov_model()
SVG(model_graph(hmm))

# %%
h = es.derive(hmm)
print(h.verdict)
es.show(h.entropy_sum, h.model)
