r"""Synthetic data: linear-Gaussian mechanisms, the PCA-ring, streaming segments, and curves and surfaces in two and three dimensions.

A generator is a function of (N, rng, …) and gives N rows in float64; equal seeds give equal data. Every one adds Gaussian noise: without noise
the data lie on a manifold, σ² runs to zero, and the theorem is vacuous.

Where train and test data are wanted, draw a `LinearMechanism` once and sample from it twice; the curves and surfaces are fixed.

>>> rng = np.random.default_rng(0)
>>> mechanism = linear_mechanism(rng)
>>> train, test = mechanism.sample(5, rng), mechanism.sample(3, rng)
>>> train.shape, test.shape
((5, 10), (3, 10))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.random import Generator

from entropysym.errors import InputError, integer, real, shown

#: (N, H, rng) -> z of shape (N, H).
Latents = Callable[[int, int, Generator], Float[np.ndarray, "N H"]]

#: A generator of data: (N, rng, noise=…) -> x of shape (N, D).
Manifold = Callable[..., Float[np.ndarray, "N D"]]


def positive(name: str, value: int) -> int:
    """The value as Python's int, if it is an integer >= 1. Raises `InputError` otherwise."""
    return integer(name, value)


def generator(rng: Generator) -> Generator:
    """The random generator, if it is one. Raises `InputError` for a seed, a JAX key or an old RandomState."""
    if not isinstance(rng, Generator):
        raise InputError(f"rng is {shown(rng)}; pass a generator, np.random.default_rng(seed)")
    return rng


def _scale(noise: float) -> float:
    # Zero is allowed: it shows the manifold itself.
    found = real(noise)
    if found is None or not 0 <= found < np.inf:
        raise InputError(f"noise is {shown(noise)}; pass a finite standard deviation >= 0")
    return found


def bent_curve(
    N: int, D: int, rng: Generator
) -> tuple[Float[np.ndarray, "N D"], Float[np.ndarray, "N D"]]:
    r"""Mean and standard deviation of N data about a curve: $f=A\tanh(\tfrac32(z+c))$ with $z\sim N(0,1)$, $c=(-0.7,0.7)$, and $\tfrac12e^{B\tanh(\tfrac32(z+c))}$.

    Made for networks of two tanh units: on many other data they have no best weights, since two units that merge become a polynomial, a limit
    with infinite weights.
    """
    z = rng.normal(size=(positive("N", N), 1))
    units = np.tanh(1.5 * (z + np.array([-0.7, 0.7])))
    A, B = 2 * rng.normal(size=(2, positive("D", D))), 0.7 * rng.normal(size=(2, D))
    return units @ A, 0.5 * np.exp(units @ B)


def normal_latents(N: int, H: int, rng: Generator) -> Float[np.ndarray, "N H"]:
    r"""$z\sim N(0,I_H)$."""
    return rng.normal(size=(N, H))


def ring_latents(N: int, H: int, rng: Generator) -> Float[np.ndarray, "N H"]:
    r"""$z/10+z/\lVert z\rVert$ with $z\sim N(0,I_H)$: a fuzzy unit sphere, for H = 2 a ring (PCA-ring, Damm et al. 2023)."""
    z = rng.normal(size=(N, H))
    return z / 10 + z / np.linalg.norm(z, axis=1, keepdims=True)


@dataclass(frozen=True, eq=False)
class LinearMechanism:
    r"""$x=Wz+\mu+\varepsilon$ with $\varepsilon\sim N(0,s^2I_D)$, s being `noise`, and z as `latents` draws it."""

    W: Float[np.ndarray, "D H"]
    mu: Float[np.ndarray, " D"]
    noise: float = 0.1
    latents: Latents = normal_latents

    def sample(self, N: int, rng: Generator) -> Float[np.ndarray, "N D"]:
        """N fresh rows. Raises `InputError` for an N or rng that makes no sense."""
        z = self.latents(positive("N", N), self.W.shape[1], generator(rng))
        return z @ self.W.T + self.mu + self.noise * rng.normal(size=(N, len(self.mu)))


def linear_mechanism(
    rng: Generator, D: int = 10, H: int = 2, noise: float = 0.1, latents: Latents = normal_latents
) -> LinearMechanism:
    """W (D, H) and μ (D,) with entries U[0, 1]: the mechanism of the PCA and, with `ring_latents`, the PCA-ring experiment."""
    shape = (positive("D", D), positive("H", H))
    W = generator(rng).uniform(size=shape)
    return LinearMechanism(W, rng.uniform(size=D), _scale(noise), latents)


def haar_orthogonal(rng: Generator, D: int) -> Float[np.ndarray, "D D"]:
    """A uniform orthogonal matrix: QR of a Gaussian matrix, with the signs of R's diagonal moved into Q (Mezzadri 2007).

    Half of them also reflect, which symmetric noise and latents cannot tell from a rotation.
    """
    Q, R = np.linalg.qr(generator(rng).normal(size=(positive("D", D), D)))
    # The QR routine fixes the signs by its own rule; left alone they would bias Q.
    return Q * np.sign(np.diag(R))


def rotated_mechanism(
    rng: Generator, scales: Float[np.ndarray, " H"], D: int = 10, noise: float = 0.1
) -> LinearMechanism:
    r"""$x=Q_{:H}\,\mathrm{diag}(\text{scales})\,z+\varepsilon$ with Q uniform orthogonal, so the covariance has eigenvalues $\text{scales}^2+s^2$ and $s^2$.

    Q is drawn before it is cut to H columns: equal seeds give equal directions for every H.
    """
    H = len(scales)
    if not 1 <= H <= positive("D", D):
        raise InputError(f"the intrinsic dimension is {H}; pass one from 1 to D={D}")
    return LinearMechanism(haar_orthogonal(rng, D)[:, :H] * scales, np.zeros(D), _scale(noise))


def stream_mechanism(
    rng: Generator, dimension: int, D: int = 10, noise: float = 0.1
) -> LinearMechanism:
    """One segment of the streaming experiment: the standard deviations are the first `dimension` of linspace(1, 5, D), randomly rotated."""
    kept = np.linspace(1.0, 5.0, positive("D", D))[: positive("dimension", dimension)]
    if dimension > D:
        raise InputError(f"dimension is {dimension}; pass one from 1 to D={D}")
    return rotated_mechanism(rng, kept, D, noise)


def pca_data(
    N: int, rng: Generator, D: int = 10, H: int = 2, noise: float = 0.1
) -> Float[np.ndarray, "N D"]:
    r"""$x=Wz+\mu+\varepsilon$, $z\sim N(0,I_H)$, with W and μ drawn anew; for test data of the same W, μ sample a `linear_mechanism` twice."""
    return linear_mechanism(rng, D, H, noise).sample(N, rng)


def ring(N: int, rng: Generator, D: int = 10, noise: float = 0.1) -> Float[np.ndarray, "N D"]:
    """The PCA-ring: a fuzzy circle mapped linearly into D dimensions, with W and μ drawn anew."""
    return linear_mechanism(rng, D, 2, noise, ring_latents).sample(N, rng)


def stream_segment(
    N: int, rng: Generator, dimension: int, D: int = 10, noise: float = 0.1
) -> Float[np.ndarray, "N D"]:
    """A segment of the stream with a rotation of its own; see `stream_mechanism`."""
    return stream_mechanism(rng, dimension, D, noise).sample(N, rng)


def _uniform(N: int, rng: Generator, low: float, high: float) -> Float[np.ndarray, " N"]:
    return generator(rng).uniform(low, high, positive("N", N))


def _observed(
    m: Float[np.ndarray, "N D"], power: float, noise: float, rng: Generator
) -> Float[np.ndarray, "N D"]:
    r"""$m/\sqrt{\text{power}}+\varepsilon$ for points with $\mathbb E m=0$, $\mathbb E\lVert m\rVert^2=\text{power}$: mean 0 and total variance $1+Ds^2$.

    The power is the manifold's, not the sample's, so that every sample lies on the same manifold.
    """
    return m / np.sqrt(power) + _scale(noise) * rng.normal(size=m.shape)


def circle(N: int, rng: Generator, noise: float = 0.05) -> Float[np.ndarray, "N 2"]:
    r"""$(\cos t,\sin t)$, t uniform on a turn."""
    t = _uniform(N, rng, 0, 2 * np.pi)
    return _observed(np.stack([np.cos(t), np.sin(t)], axis=1), 1.0, noise, rng)


def eight_gaussians(N: int, rng: Generator, noise: float = 0.05) -> Float[np.ndarray, "N 2"]:
    r"""Eight Gaussians, of standard deviation `noise`, at the angles $k\pi/4$ of the unit circle."""
    t = np.floor(_uniform(N, rng, 0, 8)) * np.pi / 4
    return _observed(np.stack([np.cos(t), np.sin(t)], axis=1), 1.0, noise, rng)


def cosine(N: int, rng: Generator, noise: float = 0.05) -> Float[np.ndarray, "N 2"]:
    r"""$(t,\cos t)$, t uniform on $[-\pi,\pi]$, scaled to total variance 1."""
    t = _uniform(N, rng, -np.pi, np.pi)
    return _observed(np.stack([t, np.cos(t)], axis=1), np.pi**2 / 3 + 1 / 2, noise, rng)


def lemniscate(N: int, rng: Generator, noise: float = 0.05) -> Float[np.ndarray, "N 2"]:
    r"""Bernoulli's figure eight $(\cos t,\sin t\cos t)/(1+\sin^2t)$, t uniform on a turn, scaled to total variance 1."""
    t = _uniform(N, rng, 0, 2 * np.pi)
    eight = np.stack([np.cos(t), np.sin(t) * np.cos(t)], axis=1) / (1 + np.sin(t) ** 2)[:, None]
    return _observed(eight, np.sqrt(2) - 1, noise, rng)


def swiss_roll(N: int, rng: Generator, noise: float = 0.05) -> Float[np.ndarray, "N 3"]:
    r"""$(t\cos t,h,t\sin t)$, t uniform on $[3\pi/2,9\pi/2]$ and h on $[0,21]$ as in scikit-learn, centred and scaled to total variance 1."""
    t = _uniform(N, rng, 1.5 * np.pi, 4.5 * np.pi)
    h = _uniform(N, rng, -10.5, 10.5)
    mean = (2.0, 2 / (3 * np.pi))
    roll = np.stack([t * np.cos(t) - mean[0], h, t * np.sin(t) - mean[1]], axis=1)
    power = 9.75 * np.pi**2 - mean[0] ** 2 - mean[1] ** 2 + 21**2 / 12
    return _observed(roll, power, noise, rng)


def spiral(N: int, rng: Generator, noise: float = 0.05) -> Float[np.ndarray, "N 3"]:
    r"""Two turns of a helix $(\cos t,\sin t,t/\pi)$, t uniform on $[-2\pi,2\pi]$, scaled to total variance 1."""
    t = _uniform(N, rng, -2 * np.pi, 2 * np.pi)
    return _observed(np.stack([np.cos(t), np.sin(t), t / np.pi], axis=1), 7 / 3, noise, rng)


def k_in_D(
    N: int, rng: Generator, noise: float = 0.05, k: int = 2, D: int = 10
) -> Float[np.ndarray, "N D"]:
    """A Gaussian on a random k-dimensional subspace of D dimensions, with total variance 1 before the noise.

    For test data on the same subspace sample a `rotated_mechanism` twice.
    """
    return rotated_mechanism(rng, np.full(positive("k", k), k**-0.5), D, noise).sample(N, rng)


MANIFOLDS: dict[str, Manifold] = {
    "circle": circle,
    "eight_gaussians": eight_gaussians,
    "cosine": cosine,
    "lemniscate": lemniscate,
    "swiss_roll": swiss_roll,
    "spiral": spiral,
    "k_in_D": k_in_D,
}
