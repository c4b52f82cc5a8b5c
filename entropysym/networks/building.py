r"""A network from the two functions that everybody has: `encode` gives ν and log τ² of data, `decode` the arguments of the decoder's law at latents."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any

from entropysym.errors import InputError
from entropysym.networks.laws import Law, law
from entropysym.networks.outputs import Generated, GraphOutputs, encoded, normal
from entropysym.networks.programs import Network


def vae(
    encode: Callable[..., Any],
    decode: Callable[..., Any],
    *,
    decoder: str = "normal",
    alpha2: Callable[[Any], Any] | None = None,
    per_example: bool = False,
) -> Network:
    r"""The network that `certify` takes, of a VAE with prior N(0, I) or $N(0,\mathrm{diag}\,\alpha^2)$, in JAX or PyTorch.

    * `encode(p, x)` gives ν and log τ², both (N, H); x is the data as they are passed to `certify`.
    * `decode(p, z)`, for z (M, H), gives the arguments of the law `decoder`: mean and **variance** for "normal", location and scale for "laplace", logits for
      "bernoulli" and "categorical", the log-rate for "poisson"; shaped like M data, a variance or scale may be a number or one for each dimension.
      If it takes a third argument, these are the data of each z: a conditional decoder reads its labels there.
    * `alpha2(p)` gives the learned variances (H,) of the prior. `per_example`: both functions take one datum, as under `jax.vmap`.

    Data may be a mapping, whose entry x is what is decoded. Raises `InputError` for an unknown law, and for functions that give something else.
    """
    row = law(decoder)
    conditional = len(_required(decode)) > 2
    if per_example:
        encode, decode = _for_each(encode), _for_each(decode)

    alpha2 = alpha2 or (lambda p: 1.0)

    def network(p: Any, data: Any, eps: Any) -> GraphOutputs:
        nu, log_tau2 = _two(encode(p, data), eps)
        z = nu[:, None] + exp(log_tau2 / 2)[:, None] * eps
        N, S = z.shape[:2]
        given = (_repeated(data, S),) if conditional else ()
        made = decode(p, z.reshape((N * S, *z.shape[2:])), *given)
        arguments = tuple(_by_datum(a, N, S) for a in _arguments(made, row))
        if per_example:  # a number for each datum
            axes = len(arguments[0].shape)
            arguments = tuple(a.reshape((N, S, *(1,) * (axes - 2))) if len(a.shape) == 1 else a for a in arguments)  # fmt: skip
        x = _decoded(data)
        value = x.reshape((N, 1, *arguments[0].shape[2:]))
        return GraphOutputs(
            {"z": normal(z, 0.0, alpha2(p)), "x": Generated(decoder, value, arguments)},
            {"z": encoded(z, log_tau2=log_tau2)},
        )

    return network


def _for_each(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of one datum as one of several, in the library of the parameters."""

    def called(p: Any, *arguments: Any) -> Any:
        torch: Any = sys.modules.get("torch")
        if torch is not None and isinstance(p, torch.nn.Module):
            return torch.vmap(lambda *one: function(p, *one))(*arguments)
        import jax

        return jax.vmap(lambda *one: function(p, *one))(*arguments)

    return called


def _two(pair: Any, eps: Any) -> tuple[Any, Any]:
    """ν and log τ² of one shape, which is that of the noise."""
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise InputError(f"encode gives {type(pair).__name__}; let it give nu and log tau^2")
    nu, log_tau2 = pair
    shapes = tuple(nu.shape), tuple(log_tau2.shape)
    if len(shapes[0]) < 2 or tuple(eps.shape[1:]) != shapes[0][1:]:
        raise InputError(
            f"encode gives nu of shape {shapes[0]}, and the nodes are of shape {tuple(eps.shape)}; pass nu (N, H) and nodes of H latents, such as gauss_hermite(H, 8)"
        )
    if len(shapes[1]) > len(shapes[0]) or any(
        b not in (1, a) for a, b in zip(shapes[0][::-1], shapes[1][::-1], strict=False)
    ):
        raise InputError(f"encode gives nu of shape {shapes[0]} and log tau^2 of shape {shapes[1]}; pass one for each latent")  # fmt: skip
    return nu, log_tau2 + 0 * nu


def _decoded(data: Any) -> Any:
    """What is decoded: the data, or the entry x of a mapping, or the first of several arrays."""
    if isinstance(data, tuple | list):
        return data[0]
    if isinstance(data, Mapping) and "x" not in data:
        raise InputError(f"the data have {sorted(map(str, data))}; call what is decoded x")
    return data["x"] if isinstance(data, Mapping) else data


def _arguments(made: Any, row: Law) -> tuple[Any, ...]:
    made = tuple(made) if isinstance(made, tuple | list) else (made,)
    if len(made) != len(row.arguments):
        raise InputError(
            f"decode gives {len(made)} arrays; a {row.name} decoder has {', '.join(row.arguments)}"
        )
    return made


def _required(function: Callable[..., Any]) -> list[str]:
    """The arguments that have to be passed by position."""
    kinds = inspect.Parameter
    return [
        p.name
        for p in inspect.signature(function).parameters.values()
        if p.default is kinds.empty
        and p.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD)
    ]


def exp(x: Any) -> Any:
    """The exponential of an array of PyTorch or JAX."""
    if hasattr(x, "exp"):
        return x.exp()
    import jax.numpy as jnp

    return jnp.exp(x)


def _repeated(data: Any, S: int) -> Any:
    """Each datum S times, in the order of the latents."""
    if isinstance(data, Mapping):
        return {name: _repeated(a, S) for name, a in data.items()}
    if isinstance(data, tuple | list):
        return tuple(_repeated(a, S) for a in data)
    N = data.shape[0]
    wide = data.reshape((N, 1, *data.shape[1:])) + 0 * data.reshape((N, 1, *data.shape[1:]))
    repeated = wide[:, [0] * S]
    return repeated.reshape((N * S, *data.shape[1:]))


def _by_datum(a: Any, N: int, S: int) -> Any:
    """(N·S, …) as (N, S, …); what is no array over the latents as it is."""
    shape = getattr(a, "shape", ())
    if len(shape) > 1 and shape[0] == N * S:
        return a.reshape((N, S, *shape[1:]))
    return a
