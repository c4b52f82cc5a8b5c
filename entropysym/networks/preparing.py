"""What users pass, in the form in which it is certified: float64 arrays, a pytree of parameters, the programs of the network.

Taken are pytrees of JAX or NumPy arrays, Equinox modules (what is no array stays as it is), NNX modules, and modules of PyTorch. Weights in float32 are
converted, for all is computed in float64; the user's own are not touched.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from entropysym.data.tables import checked
from entropysym.errors import InputError
from entropysym.lowering.quadrature import Nodes
from entropysym.networks.outputs import GraphOutputs, Outputs, parts
from entropysym.networks.programs import Network, Programs, compiled


class Prepared(NamedTuple):
    """Parameters as a pytree of float64 arrays, the names of its leaves, data, the network's programs, and how the parameters look to the user."""

    parameters: Any
    names: tuple[str, ...]
    x: Any
    programs: Programs
    restored: Callable[[Any], Any] | None

    def unread(self, nodes: Nodes) -> list[str]:
        """In words, the arrays that no output reads, if there are any: a slip, where a network was closed over instead of passed."""
        some = jax.tree.map(lambda a: a[:4], self.x)  # batch statistics need more than one
        read = self.programs.read(self.parameters, some, nodes.eps)
        names = [name for name, one in zip(self.names, read, strict=True) if not one]
        return [f"no output reads {_few(names)}"] if names else []

    def tied(self, nodes: Nodes) -> list[str]:
        """In words, the arrays that encoder and decoder share, if there are any: no latent is scaled in the one without the other."""
        if self.programs.tied is None:
            return []
        some = jax.tree.map(lambda a: a[:4], self.x)
        read = self.programs.tied(self.parameters, some, nodes.eps)
        names = [name for name, one in zip(self.names, read, strict=True) if one]
        return [f"encoder and decoder both read {_few(names)} (tied weights)"] if names else []

    def in_arrays(self, objective: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """A function of the user's parameters as one of the arrays. Raises `InputError` for a module of PyTorch, which JAX cannot differentiate."""
        if (restored := self.restored) is None:
            raise InputError(
                "trained is given with a module of PyTorch; leave it out, or pass arrays and a network in JAX"
            )

        def of_arrays(p: Any) -> Any:
            value = objective(restored(p))
            if jnp.shape(value) != ():
                raise InputError(f"trained gives an array of shape {jnp.shape(value)}; let it give one number, such as the mean over the data")  # fmt: skip
            return value

        return of_arrays

    def slope_of(self, objective: Callable[[Any], Any]) -> Any:
        """The gradient of a function of the user's parameters."""
        return jax.jit(jax.grad(self.in_arrays(objective)))(self.parameters)


def _few(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def prepared(network: Network, parameters: Any, data: Any, nodes: Nodes) -> Prepared:
    """All that a certificate needs. Raises `InputError` for parameters and data that are no numbers, and for a network that gives no outputs, or float32."""
    x = _data(data)
    if _is_a("torch", "nn.Module", parameters):
        from entropysym.networks.of_torch import of_torch

        found, programs = of_torch(network, parameters, x, nodes)
        return Prepared(found, tuple(sorted(found)), x, programs, None)
    parameters, names, restored = _in_jax(parameters)

    def of_arrays(p: Any, x: Any, eps: Any) -> Any:
        return network(restored(p), x, eps)

    _demand_outputs(of_arrays, parameters, x, nodes)
    return Prepared(parameters, names, x, compiled(of_arrays), restored)


def _data(data: Any) -> Any:
    """A matrix, or several arrays with the data first, as float64; integers among several stay what they are, for they may be labels."""
    if hasattr(data, "detach"):
        data = data.detach().cpu().numpy()
    if not isinstance(data, Mapping | tuple | list) and np.ndim(data) < 3:
        return jnp.asarray(checked(data))
    if isinstance(data, list):
        return jnp.asarray(checked(data))
    pairs = jax.tree_util.tree_flatten_with_path(data)[0]
    found = []
    for path, value in pairs:
        name = f"the data{jax.tree_util.keystr(path)}"
        a = np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
        if a.dtype.kind not in "fiub" or a.ndim < 1 or not a.size:
            raise InputError(
                f"{name} holds {a.dtype} of shape {a.shape}; pass numbers, data on the first axis"
            )
        if not np.isfinite(a).all():
            raise InputError(f"{name} is not finite in {int((~np.isfinite(a)).sum())} entries; remove or impute them")  # fmt: skip
        if len(a) != len(np.asarray(pairs[0][1])):
            raise InputError(f"{name} has {len(a)} data, the first array {len(pairs[0][1])}; pass as many")  # fmt: skip
        whole = a.dtype.kind in "ib" and len(pairs) > 1
        found.append(jnp.asarray(a if whole else a.astype(np.float64)))
    return jax.tree.unflatten(jax.tree.structure(data), found)


def _in_jax(parameters: Any) -> tuple[Any, tuple[str, ...], Callable[[Any], Any]]:
    """A pytree of float64 arrays alone, the names of these, and the way back to what the user passed."""
    if _is_a("flax.nnx", "Module", parameters):
        nnx: Any = sys.modules["flax.nnx"]
        graph, learned, rest = nnx.split(parameters, nnx.Param, ...)
        pairs, tree = jax.tree_util.tree_flatten_with_path(learned)
        return (
            _float64(tuple(a for _, a in pairs)),
            tuple(jax.tree_util.keystr(path) for path, _ in pairs),
            lambda p: nnx.merge(graph, jax.tree.unflatten(tree, p), rest),
        )
    pairs, tree = jax.tree_util.tree_flatten_with_path(parameters)
    if any(hasattr(a, "detach") for _, a in pairs):
        raise InputError("the parameters are tensors of PyTorch; pass the module itself (several: nn.ModuleDict)")  # fmt: skip
    learned = [i for i, (path, a) in enumerate(pairs) if _is_real(a) or _is_number(path, a)]
    names = tuple(jax.tree_util.keystr(pairs[i][0]) for i in learned)
    if not learned:
        raise InputError("there are no parameters; pass a pytree with at least one array of floats")
    whole = [jax.tree_util.keystr(path) for path, a in pairs if type(a) is int and _is_plain(path)]
    if whole:
        raise InputError(f"the parameter {whole[0]} is a whole number, which does not learn; pass a float, or keep it out of the parameters")  # fmt: skip
    if len(learned) == len(pairs):
        return _float64(parameters), names, lambda p: p

    def restored(p: tuple[Any, ...]) -> Any:
        values = [a for _, a in pairs]
        for i, a in zip(learned, p, strict=True):
            values[i] = a
        return jax.tree.unflatten(tree, values)

    return _float64(tuple(pairs[i][1] for i in learned)), names, restored


def _is_real(a: Any) -> bool:
    return hasattr(a, "dtype") and jnp.issubdtype(a.dtype, jnp.floating)


def _is_number(path: tuple[Any, ...], a: Any) -> bool:
    """Whether a leaf is a float of Python in mappings and sequences: `{"log_sigma2": 0.0}` is meant to learn, and a module's rate of dropout is not."""
    return isinstance(a, float) and _is_plain(path)


def _is_plain(path: tuple[Any, ...]) -> bool:
    """Whether a leaf lies in mappings and sequences alone, not in a module."""
    kinds = jax.tree_util.DictKey | jax.tree_util.SequenceKey
    return all(isinstance(key, kinds) for key in path)


def _float64(parameters: Any) -> Any:
    return jax.tree.map(lambda a: jnp.asarray(a, jnp.float64), parameters)


def _is_a(module: str, name: str, value: Any) -> bool:
    """Whether a value is of a class of a library, which is not loaded for the question."""
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found is not None and isinstance(value, found)


def _demand_outputs(network: Network, parameters: Any, x: Any, nodes: Nodes) -> None:
    """Raise `InputError` for a network that gives something else, or that computes in float32."""
    made = jax.eval_shape(network, parameters, jax.tree.map(lambda a: a[:1], x), nodes.eps)
    demand_outputs(made)
    short = [a.dtype for a in jax.tree.leaves(made) if a.dtype in (jnp.float32, jnp.bfloat16, jnp.float16)]  # fmt: skip
    if short:
        raise InputError(
            f"the network computes in {short[0]} although its parameters and data are float64; "
            "build its layers with dtype=None or dtype=jnp.float64 (Flax: nn.Dense(…, dtype=None))"
        )
    jax.eval_shape(lambda out: parts(out, jax.tree.map(lambda a: a[:1], x), nodes.weights), made)


def demand_outputs(made: Any) -> None:
    """Raise `InputError` for what is neither form of outputs."""
    if not isinstance(made, Outputs | GraphOutputs):
        raise InputError(
            f"the network gives {type(made).__name__}; let it give Outputs (or GraphOutputs, or build it with networks.vae)"
        )
