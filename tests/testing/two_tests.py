"""Two tests as a user writes them; `test_assertions` runs and times them."""

import numpy as np

from entropysym.testing import ELBO, assert_equal, assert_gap_identity


def elbo(x, W, b, sigma, V, c, tau, D):
    nu, kl = x @ V.T + c, np.sum(tau**2 - 1 - np.log(tau**2)) / 2
    R = np.mean(np.sum((x - nu @ W.T - b) ** 2, axis=1)) + np.sum(W**2 * tau**2)
    return -D / 2 * np.log(2 * np.pi * sigma**2) - R / (2 * sigma**2) - kl - np.sum(nu**2) / len(x) / 2  # fmt: skip


def test_elbo():
    assert_equal(elbo, ELBO, "linear_vae")


def test_gap():
    assert_gap_identity("tests/testing/own_model.py")
