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
# # From a derivation to my paper
#
# What stands in a paper comes from the expressions, so that no formula is typed twice. Here VAE-2 with learned variances is derived, written in the notation of a paper of one's own, and exported.

# %%
import entropysym as es

d = es.derive(es.models.vae2())
d

# %% [markdown]
# The theorem alone, with own names for the variance and for the objective. `width` is that of a column in em; 23 is one of two columns.

# %%
own = {"sigma2": r"\sigma_x^2", "F": r"\mathcal L"}
print(es.render(d, "latex", part="theorem", notation=own, width=23))

# %% [markdown]
# The closed form, in the notation of textbooks:

# %%
print(es.render(d, "latex", part="closed form", notation="textbook"))

# %% [markdown]
# A whole document compiles as it is. A fragment goes into your own, under its `\subsection`s; what is cited has keys for BibTeX (`entropysym derive vae2 --bib`).

# %%
whole = es.render(d, "latex")
fragment = es.render(d, "latex", fragment=True)
print(len(whole.splitlines()), "lines as a document,", len(fragment.splitlines()), "as a fragment")

# %% [markdown]
# A supplement can hold the stored form: anybody may replay it in the independent checker, which trusts nothing of what derived it.

# %%
stored = es.render(d, "json")
print(es.replay(stored))
