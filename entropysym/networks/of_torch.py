"""Networks of PyTorch: outputs, gradients and motions in float64, by reverse mode; what is made of the outputs is JAX's, as for any network.

The gradient goes through both: that of the ELBO by the outputs from JAX, and from there to the parameters by PyTorch. The module is copied and
computed in the mode (`eval` or `train`) that it is in; its noise has to be the one that is passed.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch

from entropysym.errors import InputError
from entropysym.lowering.quadrature import Nodes
from entropysym.networks.equations import Quantity, Value, quantities
from entropysym.networks.outputs import Parts, parts
from entropysym.networks.preparing import demand_outputs
from entropysym.networks.programs import Motions, Network, Programs, enters, reused


class _Whole(torch.nn.Module):
    """The network as one module, so that its parameters can be exchanged."""

    def __init__(self, network: Network, module: torch.nn.Module) -> None:
        super().__init__()
        self.network, self.module = network, module

    def forward(self, x: Any, eps: Any) -> Any:
        return self.network(self.module, x, eps)


def of_torch(
    network: Network, module: torch.nn.Module, x: Any, nodes: Nodes
) -> tuple[dict[str, Any], Programs]:
    """Parameters by name and programs of a module. Raises `InputError` if it has no parameters that learn, if it draws noise of its own, or gives no outputs."""
    unmade = [k for k, p in module.named_parameters() if isinstance(p, torch.nn.UninitializedParameter)]  # fmt: skip
    if unmade:
        raise InputError(f"{unmade[0]} has no shape yet (a lazy layer); call the module on data once before")  # fmt: skip
    whole = _Whole(network, copy.deepcopy(module).double().cpu())
    learned = {k: p for k, p in whole.named_parameters() if p.requires_grad}
    if not learned:
        raise InputError("no parameter of the module has requires_grad; pass the trained module")
    parameters = {k.removeprefix("module."): jnp.asarray(p.detach().numpy()) for k, p in learned.items()}  # fmt: skip

    def run(p: dict[str, torch.Tensor], x: Any, eps: Any) -> Any:
        # Batch statistics are counted in place: on copies, so that each evaluation starts from the same ones.
        copies = {k: b.clone() for k, b in whole.named_buffers()}
        exchanged = {**copies, **{f"module.{k}": v for k, v in p.items()}}
        return torch.func.functional_call(whole, exchanged, (_tensors(x), _tensors(eps)))

    _demand(run, parameters, jax.tree.map(lambda a: a[: min(len(a), 4)], x), nodes)
    made = _Evaluated(run)
    return parameters, Programs(made.gradient, made.elbo, made.motions, made.entered, made.read)


def _demand(run: Any, parameters: Any, x: Any, nodes: Nodes) -> None:
    with torch.no_grad():
        one, two = (run(_tensors(parameters), x, nodes.eps) for _ in range(2))
    demand_outputs(one)
    apart = [not torch.equal(torch.as_tensor(a), torch.as_tensor(b)) for a, b in zip(*map(jax.tree.leaves, (one, two)), strict=True)]  # fmt: skip
    if any(apart):
        raise InputError(
            "the network gives something else each time; let it use the noise that is passed (no randn inside), and put dropout to rest with .eval()"
        )
    jax.eval_shape(lambda out: parts(out, x, nodes.weights), _arrays(one))
    own = {k: v.requires_grad_() for k, v in _tensors(parameters).items()}
    learned = [a for a in jax.tree.leaves(run(own, x, nodes.eps)) if getattr(a, "requires_grad", False)]  # fmt: skip
    short = [a.dtype for a in learned if a.dtype is not torch.float64]
    if short:
        raise InputError(
            f"the network computes in {str(short[0]).removeprefix('torch.')} although the module and its data are float64; "
            "take .float() and dtype=torch.float32 out of it (torch.zeros_like(x) in the place of torch.zeros(…))"
        )
    reached = _reached(learned)
    if not reached:
        raise InputError("no output depends on a parameter (no_grad or detach inside?)")
    if any(all(a is not b for b in own.values()) for a in reached):
        raise InputError(
            "the network reads parameters of a module that it was not passed; let it use its first argument, which is a copy of the module in float64"
        )


def _reached(tensors: list[torch.Tensor]) -> list[torch.Tensor]:
    """The leaves of the graphs of these tensors."""
    found, seen = [], set()
    nodes = [a.grad_fn for a in tensors if a.grad_fn is not None]
    found += [a for a in tensors if a.grad_fn is None]
    while nodes:
        node = nodes.pop()
        if node in seen:
            continue
        seen.add(node)
        if (leaf := getattr(node, "variable", None)) is not None:
            found.append(leaf)
        nodes += [n for n, _ in node.next_functions if n is not None]
    return found


class _Evaluated:
    """A module's functions of (parameters, data, …); `run` computes its outputs from tensors of parameters by name."""

    def __init__(self, run: Callable[[Any, Any, Any], Any]) -> None:
        self._run = run
        # Small operations one by one would each be compiled.
        self._slope = reused(lambda out, x, w: jax.grad(_with_parts, has_aux=True)(out, x, w))
        self._elbo = reused(lambda out, x, w: parts(out, x, w).elbo)

    def _leaves(self, p: Any, x: Any, eps: Any) -> tuple[list[torch.Tensor], Any]:
        leaves, tree = jax.tree.flatten(self._run(p, x, eps))
        return [torch.as_tensor(a, dtype=torch.float64) for a in leaves], tree

    def gradient(self, p: Any, x: Any, nodes: Nodes) -> tuple[Any, Parts]:
        own = {k: v.requires_grad_() for k, v in _tensors(p).items()}
        leaves, tree = self._leaves(own, x, nodes.eps)
        out = jax.tree.unflatten(tree, [jnp.asarray(a.detach().numpy()) for a in leaves])
        slope, t = self._slope(out, x, nodes.weights)
        slopes = jax.tree.leaves(slope)
        pairs = zip(leaves, slopes, strict=True)
        learned = [(a, _tensors(s)) for a, s in pairs if a.requires_grad]
        made = torch.autograd.grad(
            [a for a, _ in learned], list(own.values()), [s for _, s in learned], allow_unused=True
        )
        pairs = zip(own.items(), made, strict=True)
        return {k: jnp.asarray((torch.zeros_like(v) if g is None else g).detach().numpy()) for (k, v), g in pairs}, t  # fmt: skip

    def elbo(self, p: Any, x: Any, nodes: Nodes) -> Any:
        with torch.no_grad():
            out = _arrays(self._run(_tensors(p), x, nodes.eps))
        return self._elbo(out, x, nodes.weights)

    def motions(self, p: Any, x: Any, eps: Any, vs: dict[str, Any]) -> Motions:
        r"""The outputs' motions $Jv$ as the derivative of $v^\top J^\top w$ by w, for which one graph serves all motions (and forward mode need not be loaded)."""
        own = {k: v.requires_grad_() for k, v in _tensors(p).items()}
        leaves, tree = self._leaves(own, x, eps)
        primal = [jnp.asarray(a.detach().numpy()) for a in leaves]
        pairs = _quantities(tree, primal)
        learned = [i for i, a in enumerate(leaves) if a.requires_grad]
        ws = [torch.zeros_like(leaves[i], requires_grad=True) for i in learned]
        back = torch.autograd.grad([leaves[i] for i in learned], list(own.values()), ws, create_graph=True, allow_unused=True)  # fmt: skip
        read = [(k, g) for k, g in zip(own, back, strict=True) if g is not None]
        push = jax.jit(lambda at, dy: jax.jvp(lambda a: _values(tree, a), (at,), (dy,))[1])
        dys = [np.zeros((len(next(iter(vs.values()))), *np.shape(v.y))) for _, v in pairs]
        for k in range(len(dys[0])):
            v = [torch.from_numpy(np.array(vs[name][k])) for name, _ in read]
            if not any(bool(torch.any(a != 0)) for a in v):
                continue  # a set of motions is filled up with none
            made = torch.autograd.grad([g for _, g in read], ws, v, retain_graph=True, allow_unused=True)  # fmt: skip
            moved = [jnp.zeros_like(a) for a in primal]
            for i, dy in zip(learned, made, strict=True):
                if dy is not None:
                    moved[i] = jnp.asarray(dy.numpy())
            for i, dy in enumerate(push(primal, moved)):
                dys[i][k] = dy
        values = [Value(np.asarray(v.y), np.asarray(v.unit)) for _, v in pairs]
        return Motions([q for q, _ in pairs], values, dys)

    def read(self, p: Any, x: Any, eps: Any) -> list[bool]:
        own = {k: v.requires_grad_() for k, v in _tensors(p).items()}
        leaves, _ = self._leaves(own, x, eps)
        learned = [a.sum() for a in leaves if a.requires_grad]
        made = torch.autograd.grad(learned, list(own.values()), allow_unused=True)
        return [g is not None for _, g in sorted(zip(own, made, strict=True), key=lambda pair: pair[0])]  # fmt: skip

    def entered(self, p: Any, x: Any, eps: Any) -> list[bool]:
        own = {k: v.requires_grad_() for k, v in _tensors(p).items()}
        leaves, tree = self._leaves(own, x, eps)
        arrays = [jnp.asarray(a.detach().numpy()) for a in leaves]
        learned = [i for i, a in enumerate(leaves) if a.requires_grad]

        def of(values: list[Any]) -> list[Any]:
            now = dict(enumerate(arrays)) | dict(zip(learned, values, strict=True))
            return _values(tree, list(now.values()))

        some = [arrays[i] for i in learned]
        return [enters(lambda a, i=i: of(a)[i], some) for i in range(len(of(some)))]


def _with_parts(out: Any, x: Any, weights: Any) -> tuple[Any, Parts]:
    t = parts(out, x, weights)
    return t.elbo, t


def _quantities(tree: Any, leaves: list[Any]) -> list[tuple[Quantity, Value]]:
    """Quantities with their values, computed as one program."""
    found: list[Quantity] = []

    def run(leaves: list[Any]) -> list[Value]:
        pairs = quantities(jax.tree.unflatten(tree, leaves))
        found.extend(q for q, _ in pairs)
        return [v for _, v in pairs]

    values = jax.jit(run)(leaves)
    return list(zip(found, values, strict=True))


def _values(tree: Any, leaves: list[Any]) -> list[Any]:
    """The quantities at these outputs."""
    return [v.y for _, v in quantities(jax.tree.unflatten(tree, leaves))]


def _tensors(tree: Any) -> Any:
    """Arrays as tensors; whole numbers stay whole."""
    return jax.tree.map(lambda a: torch.from_numpy(np.array(a)), tree)


def _arrays(tree: Any) -> Any:
    return jax.tree.map(lambda a: jnp.asarray(a.numpy() if hasattr(a, "numpy") else a), tree)
