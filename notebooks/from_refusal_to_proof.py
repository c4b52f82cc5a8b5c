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
# # From a refusal to a proof
#
# A model is refused; the refusal says what is missing; with it the model is proved. First with a decoder whose variance is fixed, as under the mean squared error.

# %%
import entropysym as es
from entropysym import families


def model(learned):
    w = es.ModelWriter(observed="d D", latent="h H")
    sigma2 = (w.learned if learned else w.fixed)("sigma2", range="positive")
    encoder = families.NORMAL(
        w.network("nu", "h", reads=w.x_n), w.network("tau2", "h", reads=w.x_n, range="positive")
    )
    alpha2 = w.learned("alpha2", "h", range="positive")
    decoder = families.NORMAL(w.network("mu", "d", reads=w.z), sigma2)
    return w.model("mine", prior=families.NORMAL(0, alpha2), decoder=decoder, encoder=encoder)


refused = es.derive(model(learned=False))
refused

# %% [markdown]
# *Refuted* is more than *not found*: the checker replays a witness, exact numbers at which every derivative is 0 and the gap is not.

# %%
print(refused.verdict)
print(refused.witness.values, refused.witness.points)

# %% [markdown]
# What is true all the same is the partial result: the entropy sum, and an excess beside it.

# %%
es.show(refused.partial.excess, refused.model)

# %% [markdown]
# One number more to learn, and the theorem holds:

# %%
proved = es.derive(model(learned=True))
print(proved.verdict)
proved
