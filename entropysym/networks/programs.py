"""What certificates need of a network, compiled: outputs, gradient, motions and curvature of the ELBO.

A network of JAX is traced anew for each certificate, for what it reads besides its arguments may have changed; the machine code of a program that
has the same text is used again. Networks of PyTorch give the same functions in `of_torch`.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Literal

from entropysym.ascent.curvature import hessian as dense_hessian
from entropysym.lowering.quadrature import Nodes
from entropysym.networks.equations import Quantity, Value, quantities
from entropysym.networks.outputs import Parts, parts

#: What computes the outputs: parameters, data and noise (S, H).
Network = Callable[[Any, Any, Any], Any]

#: Machine code by the text of the program, the most recently used last.
_CODE: OrderedDict[str, Any] = OrderedDict()
_KEPT = 64


class Motions(NamedTuple):
    """Quantities, their values, and for each motion of the parameters how they move: arrays with the motions first."""

    quantities: list[Quantity]
    values: list[Value]
    moved: list[np.ndarray]


class Programs(NamedTuple):
    """The functions of one network: of (parameters, data, nodes), `motions` of (parameters, data, noise, motions as a pytree with a leading axis)."""

    gradient: Callable[..., tuple[Any, Parts]]
    elbo: Callable[..., Any]
    motions: Callable[..., Motions]
    entered: Callable[..., list[bool]]
    read: Callable[..., list[bool]]
    hessian: Callable[..., Any] | None = None
    tied: Callable[..., list[bool]] | None = None


#: Programs that run for a moment only need not be optimised, which takes longer: multiplications below which they are not, and how XLA is told.
_BRIEF = 3e8
_QUICKLY = {"xla_backend_optimization_level": 0, "xla_cpu_use_fusion_emitters": False}


def reused(function: Callable[..., Any]) -> Callable[..., Any]:
    """`jax.jit`, but that a program with the text of an earlier one is not compiled again, and a brief one not optimised."""
    by_shape: dict[Any, Any] = {}

    def called(*arguments: Any) -> Any:
        leaves, tree = jax.tree.flatten(arguments)
        shape = (tree, *((np.shape(a), jnp.result_type(a)) for a in leaves))
        if shape not in by_shape:
            brief = jax.default_backend() == "cpu" and _work(arguments) < _BRIEF
            trees: list[Any] = []

            # Arrays in, arrays out: how they are put together is no part of the program. A function of its own each time, for
            # JAX remembers what it has traced by the function.
            def flat(*leaves: Any, tree: Any = tree, trees: list[Any] = trees) -> list[Any]:
                found, made = jax.tree.flatten(function(*jax.tree.unflatten(tree, leaves)))
                trees.append(made)
                return found

            lowered = jax.jit(flat).lower(*leaves)
            told = f"{brief}{lowered.as_text()}"
            text = hashlib.sha256(told.encode()).hexdigest()
            if text not in _CODE:
                _CODE[text] = _compiled(lowered, brief)
            _CODE.move_to_end(text)
            while len(_CODE) > _KEPT:
                _CODE.popitem(last=False)
            by_shape[shape] = _CODE[text], trees[-1]
        code, made = by_shape[shape]
        return jax.tree.unflatten(made, code(*leaves))

    return called


def _compiled(lowered: Any, brief: bool) -> Any:
    if brief:
        with suppress(jax.errors.JaxRuntimeError):  # an XLA that does not know these options
            return lowered.compile(compiler_options=_QUICKLY)
    return lowered.compile()


def _work(arguments: Any) -> float:
    """About how many multiplications a network makes: parameters × data × noise points."""
    p, x, noise, *motions = arguments
    points = len(jax.tree.leaves(x)[0]) * len(jax.tree.leaves(noise)[0])
    return points * sum(np.size(a) for a in jax.tree.leaves(motions or p))


def compiled(network: Network, jit: Callable[..., Any] = reused) -> Programs:
    """The programs of a network of JAX."""

    def both(p: Any, x: Any, nodes: Nodes) -> tuple[Any, Parts]:
        def value(p: Any) -> tuple[jax.Array, Parts]:
            t = parts(network(p, x, nodes.eps), x, nodes.weights)
            return t.elbo, t

        return jax.grad(value, has_aux=True)(p)

    def elbo(p: Any, x: Any, nodes: Nodes) -> jax.Array:
        return parts(network(p, x, nodes.eps), x, nodes.weights).elbo

    def hessian(p: Any, x: Any, nodes: Nodes) -> jax.Array:
        return dense_hessian(lambda p: elbo(p, x, nodes), p)

    def arrays(p: Any, x: Any, eps: Any) -> list[Value]:
        return [value for _, value in quantities(network(p, x, eps))]

    def moved(p: Any, x: Any, eps: Any, motions: Any) -> tuple[list[Value], list[jax.Array]]:
        values, push = jax.linearize(lambda p: [v.y for v in arrays(p, x, eps)], p)
        units = arrays(p, x, eps)
        return [Value(y, u.unit) for y, u in zip(values, units, strict=True)], jax.vmap(push)(
            motions
        )

    moved_jit = jit(moved)

    def motions(p: Any, x: Any, eps: Any, vs: Any) -> Motions:
        values, dys = moved_jit(p, x, eps, vs)
        values = [Value(np.asarray(v.y), np.asarray(v.unit)) for v in values]
        return Motions(_named(network, p, x, eps), values, [np.asarray(d) for d in dys])

    def entered(p: Any, x: Any, eps: Any) -> list[bool]:
        count = len(_named(network, p, x, eps))
        return [enters(lambda p, i=i: arrays(p, x, eps)[i].y, p) for i in range(count)]

    def read(p: Any, x: Any, eps: Any) -> list[bool]:
        program = jax.make_jaxpr(lambda p: [v.y for v in arrays(p, x, eps)])(p).jaxpr
        needed = {v for v in program.outvars if not isinstance(v, Literal)}
        for step in reversed(program.eqns):
            if needed.intersection(step.outvars):
                needed |= {v for v in step.invars if not isinstance(v, Literal)}
        return [v in needed for v in program.invars]

    def tied(p: Any, x: Any, eps: Any) -> list[bool]:
        return _before_and_after(lambda p, x, eps: [v.y for v in arrays(p, x, eps)], p, x, eps)

    return Programs(jit(both), jit(elbo), motions, entered, read, jit(hessian), tied)


def _named(network: Network, p: Any, x: Any, eps: Any) -> list[Quantity]:
    """The quantities' records, without computing anything."""
    found: list[Quantity] = []

    def run(p: Any, x: Any, eps: Any) -> list[Any]:
        pairs = quantities(network(p, x, eps))
        found.extend(q for q, _ in pairs)
        return [v for _, v in pairs]

    jax.eval_shape(run, p, x, eps)
    return found


def enters(function: Callable[[Any], Any], p: Any) -> bool:
    """Whether any parameter is read on the way to the output, in the traced program."""
    program = jax.make_jaxpr(function)(p).jaxpr
    reached = set(program.invars)
    for step in program.eqns:
        if any(not isinstance(v, Literal) and v in reached for v in step.invars):
            reached |= set(step.outvars)
    return any(v in reached for v in program.outvars if not isinstance(v, Literal))


def _before_and_after(function: Callable[..., Any], p: Any, x: Any, eps: Any) -> list[bool]:
    """Of each parameter, whether it meets both what depends on the data alone and what depends on the noise: it is read before and after the draw."""
    with (
        jax.disable_jit()
    ):  # functions that are compiled by themselves would hide what meets inside
        program = jax.make_jaxpr(function)(p, x, eps).jaxpr
    count, noisy = len(jax.tree.leaves(p)), len(jax.tree.leaves(eps))
    alone = {v: {k} for k, v in enumerate(program.invars[:count])}
    late = set(program.invars[-noisy:])
    early = set(program.invars[count:-noisy])
    before: set[int] = set()
    after: set[int] = set()
    for step in program.eqns:
        read = [v for v in step.invars if not isinstance(v, Literal)]
        met = set().union(*(alone[v] for v in read if v in alone))
        if any(v in late for v in read):
            after |= met
            late |= set(step.outvars)
        elif any(v in early for v in read):
            before |= met
            early |= set(step.outvars)
        else:
            alone |= dict.fromkeys(step.outvars, met)
    return [k in before and k in after for k in range(count)]
