r"""What is averaged over a law of q that a quadrature rule serves: polynomials in the latents, with any function of networks beside them.

A rule of Gauss and Hermite is exact for a polynomial. A network is arbitrary, so that an equation that holds for all networks holds at every latent, nodes included, but for a polynomial in the latents. A
latent in any other function is not so: of $e^{-50z^2}$ two rules may both miss the bump and agree.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import sympy as sp

from entropysym.language.algebra import reads_latent
from entropysym.language.heads import (
    DataMean,
    EncoderExpectation,
    NetworkValue,
    NoiseExpectation,
    Vector,
)
from entropysym.language.matrices import MatrixNetwork, Quadratic

_NETWORKS = (NetworkValue, MatrixNetwork)


@lru_cache(maxsize=2**14)
def degree(e: sp.Basic) -> float:
    """The degree of an expression in the latents outside of networks; infinite where it is no polynomial in them."""
    if not _outside(e):
        return 0
    if isinstance(e, sp.Indexed):
        return 1
    if isinstance(e, (sp.Add, Vector)):
        return max(map(degree, e.args), default=0)
    if isinstance(e, sp.Mul):
        return sum(map(degree, e.args))
    if isinstance(e, sp.Pow) and isinstance(e.exp, sp.Integer) and e.exp > 0:
        return int(e.exp) * degree(e.base)
    if isinstance(e, (sp.Sum, DataMean)):
        return degree(e.args[0])
    if isinstance(e, Quadratic) and not _outside(e.word):
        return degree(e.left) + degree(e.right)
    return math.inf


@lru_cache(maxsize=2**14)
def _outside(e: sp.Basic) -> bool:
    """Whether a latent stands in an expression outside of networks."""
    if isinstance(e, _NETWORKS) or not reads_latent(e):
        return False
    return not e.args or isinstance(e, sp.Indexed) or any(map(_outside, e.args))


def beyond_rules(e: sp.Basic, most: float) -> Any:
    """An average in an expression that is of no polynomial in the latents of at most this degree; None if there is none."""
    for x in e.atoms(EncoderExpectation, NoiseExpectation):
        if reads_latent(x.body) and degree(x.body) > most:
            return x
    return None
