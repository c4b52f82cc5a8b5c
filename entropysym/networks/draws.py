r"""Whether the entropy that a network states of its latents belongs to what it draws.

Where the draw is affine in the noise, $z_n(\varepsilon)=z_n(0)+J_n\varepsilon$, the matrix $J_n$ is read off the network at $\varepsilon=0$ and at the unit vectors, and
$$\mathcal H[q_n]=\tfrac12\log\det J_nJ_n^\top+\tfrac H2\log2\pi e,\qquad-\log q_n(z)=\log|\det J_n|+\tfrac12\|\varepsilon\|^2+\tfrac H2\log2\pi$$
for standard normal noise. A standard deviation that is passed as a variance moves the entropy by $\tfrac12\log\tau^2$, which no gradient shows once the prior is learned.
Of draws that are not affine (a flow, a layer that reads another latent through a network) nothing is said. Entropies are in nats.
"""

from __future__ import annotations

import math
from typing import Any

import jax
import numpy as np

from entropysym.errors import InputError
from entropysym.lowering.quadrature import Nodes
from entropysym.networks.directions import Points, pushed
from entropysym.networks.programs import Programs

#: More noise than this is not looked at: each entry takes an evaluation of its own.
_NOISE = 64

#: How well draws have to be affine, and entropies to agree, relative to their size.
_AFFINE, _AGREES = 1e-9, 1e-6


def demand_entropies(programs: Programs, parameters: Any, points: Points, nodes: Nodes) -> None:
    """Raise `InputError` where draws are affine in the noise and their entropy is another one than the network states."""
    shape = np.shape(nodes.eps)[1:]
    E = math.prod(shape)
    if not 0 < E <= _NOISE:
        return
    rng = np.random.default_rng(3)
    probe = rng.normal(size=E)
    wanted = [np.zeros(E), *np.eye(E), probe]
    found = _evaluated(programs, parameters, points, np.array(wanted).reshape(-1, *shape))
    draws, entropies = (
        [y for words, y in found if words.startswith(start)]
        for start in ("draw of", "encoder's entropy of")
    )
    if not draws:
        return
    N, S = len(draws[0]), len(wanted)
    z = np.concatenate([np.broadcast_to(y, (N, S, *y.shape[2:])).reshape(N, S, -1) for y in draws], axis=2)  # fmt: skip
    J, H = z[:, 1:-1] - z[:, :1], z.shape[2]
    ahead = z[:, 0] + np.einsum("neh,e->nh", J, probe)
    if not np.allclose(ahead, z[:, -1], rtol=_AFFINE, atol=_AFFINE * np.abs(z).max()):
        return
    singular = np.linalg.svd(J, compute_uv=False)
    if H > E or not singular.min() > 1e-7 * np.abs(z).max():
        return  # a draw that hardly moves with its noise has no entropy that rounding would leave
    log_det = np.sum(np.log(singular), axis=1)
    sampled = [y.ndim > 1 and np.ptp(y, axis=1).max() > _AFFINE * np.abs(y).max() for y in entropies]  # fmt: skip
    normal = _is_normal(nodes)
    if any(sampled) and (not all(sampled) or H != E or not normal):
        return
    each = [np.broadcast_to(y if y.ndim > 1 else y[:, None], (N, S)) for y in entropies]
    stated = np.sum(each, axis=0)
    if all(sampled):
        squares = np.array([np.sum(e**2) for e in wanted])
        expected = log_det[:, None] + squares / 2 + H / 2 * math.log(2 * math.pi)
    else:
        expected = np.broadcast_to(log_det[:, None] + H / 2 * math.log(2 * math.pi * math.e), stated.shape)  # fmt: skip
    off = stated - expected
    if not normal:
        off = (
            off - off.mean()
        )  # other noise has another entropy, of which the network is right to speak
    worst = np.unravel_index(np.abs(off).argmax(), off.shape)
    if np.abs(off[worst]) > _AGREES * (1 + np.abs(expected).max()):
        raise InputError(
            f"the entropy of {', '.join(words.removeprefix('draw of ') for words, _ in found if words.startswith('draw of'))} is stated as "
            f"{stated[worst]:.6g} nat for a datum whose draws have {expected[worst]:.6g}; pass the log-variance of what is added to the mean "
            "(not that of a standard deviation), or the entropy itself"
        )


def _evaluated(
    programs: Programs, parameters: Any, points: Points, noise: np.ndarray
) -> list[tuple[str, np.ndarray]]:
    """Draws and entropies at this noise, in the shape in which the equations are evaluated, so that nothing is compiled anew."""
    size = len(points.eps)
    still = [[np.zeros(np.shape(a)) for a in jax.tree.leaves(parameters)]]
    pieces = []
    for start in range(0, len(noise), size):
        piece = noise[start : start + size]
        filled = np.concatenate([piece, np.zeros((size - len(piece), *noise.shape[1:]))])
        made = pushed(programs, parameters, Points(points.x, filled), still)
        pieces.append([np.asarray(v.y)[:, : len(piece)] if np.ndim(v.y) > 1 else np.asarray(v.y) for v in made.values])  # fmt: skip
    told = [q.words for q in made.quantities]
    joined = [
        np.concatenate(ys, axis=1) if first.ndim > 1 and len(ys) > 1 else first
        for first, ys in zip(pieces[0], zip(*pieces, strict=True), strict=True)
    ]
    return list(zip(told, joined, strict=True))


def _is_normal(nodes: Nodes) -> bool:
    """Whether the nodes have the first moments of standard normal noise; samples have them to their rounding only by chance, and are not taken for any."""
    eps = np.asarray(nodes.eps).reshape(len(nodes.eps), -1)
    moments = [np.asarray(nodes.weights) @ eps**k for k in (1, 2, 4)]
    return all(np.allclose(m, k, atol=1e-6) for m, k in zip(moments, (0, 1, 3), strict=True))
