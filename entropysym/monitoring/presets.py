"""The directions of the usual models, from their layers: PyTorch's modules, or functions that take a layer out of a tree (Flax, Equinox).

For the prior N(0, I) the scaling z -> z + t z / 2 tempers the prior: the decoder's first layers move by -1/2 of their weights, the head of the encoder's
mean by 1/2 of weight and bias, the bias of the log-variance by 1 (of the log-standard deviation by 1/2). A learned prior moves by itself.
The decoder moves by its log-scale, or by its last layer, which gives natural parameters (Bernoulli, Poisson). Source: Damm et al., AISTATS 2023.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypedDict

import numpy as np

from entropysym.errors import InputError, one_of, shown
from entropysym.monitoring.moves import Factor, Move


class Options(TypedDict, total=False):
    """What each preset takes; a layer is a PyTorch module, or a function of the trees that are passed to `Monitor.log`.

    * `encoder_mean` with `encoder_logvar` or `encoder_logstd`: the encoder's last layers. `encoder_head` (`encoder_head_logstd`): one layer for both, the
      rows of the mean first.
    * `decoder_first`: the layer that reads z, or a list of all layers that do. `columns`: which of its inputs are z, where it reads a label, too: a
      number (the first ones), a slice or a list of indices.
    * `log_alpha2`, `log_alpha`, `alpha2` or `alpha`: a learned prior, scalar or (H,); then no layers of encoder and decoder are needed.
    * `gradient_of`, `every`, `parameters`, `reduction`: see `Monitor`.
    """

    encoder_mean: Any
    encoder_logvar: Any
    encoder_logstd: Any
    encoder_head: Any
    encoder_head_logstd: Any
    decoder_first: Any
    columns: Any
    log_alpha2: Any
    log_alpha: Any
    alpha2: Any
    alpha: Any
    gradient_of: Literal["loss", "elbo"]
    every: int
    parameters: Any
    reduction: Literal["mean", "sum"]


class GaussianOptions(Options, total=False):
    """`log_sigma2`, `log_sigma`, `sigma2` or `sigma`: the trained parameter itself, scalar or (D,); a logarithm may be a layer, whose bias then moves. None if fixed."""

    log_sigma2: Any
    log_sigma: Any
    sigma2: Any
    sigma: Any


class LaplaceOptions(Options, total=False):
    """`log_scale` or `scale`: as for `GaussianOptions`."""

    log_scale: Any
    scale: Any


class BernoulliOptions(Options, total=False):
    """`logits`: the last layer."""

    logits: Any


class PoissonOptions(Options, total=False):
    """`log_rate`: the last layer."""

    log_rate: Any


class Spread(NamedTuple):
    """How a parameter of a scale moves when its factor is tempered: times itself, plus a number."""

    times: float
    plus: float


#: The parameters that hold a scale, by factor. A variance v moves by -v, a scale b of Laplace's law by -b, and so what they are functions of.
SPREADS: dict[Factor, dict[str, Spread]] = {
    "decoder": {
        "log_sigma2": Spread(0, -1),
        "log_sigma": Spread(0, -0.5),
        "sigma2": Spread(-1, 0),
        "sigma": Spread(-0.5, 0),
        "log_scale": Spread(0, -1),
        "scale": Spread(-1, 0),
    },
    "prior": {
        "log_alpha2": Spread(0, -1),
        "log_alpha": Spread(0, -0.5),
        "alpha2": Spread(-1, 0),
        "alpha": Spread(-0.5, 0),
    },
}

_LAYERS = tuple(n for n in Options.__annotations__ if n.startswith(("encoder", "decoder")))

#: What goes to the monitor itself.
_FOR_MONITOR = ("gradient_of", "every", "parameters", "reduction")

#: Names by which frameworks call the weights of a layer; a kernel has its outputs last.
_WEIGHTS = ("weight", "kernel")

_WHERE = "pass a PyTorch layer, or for JAX a function such as lambda p: p['params']['fc_mu']"


def split(options: Mapping[str, Any], known: Any) -> tuple[list[Move], dict[str, Any]]:
    """The direction and what is left for the monitor. Raises `InputError` for unknown names, and for layers that are missing or too many."""
    for name in options:
        if name not in known.__annotations__:
            raise one_of(name, known.__annotations__, "option")
    given = {name: value for name, value in options.items() if value is not None}
    moves = [*_spread("decoder", given), *_last(given)]
    moves += _spread("prior", given) or _scaling(given)
    return moves, {name: value for name, value in given.items() if name in _FOR_MONITOR}


def _spread(factor: Factor, given: Mapping[str, Any]) -> list[Move]:
    names = [name for name in SPREADS[factor] if name in given]
    if len(names) > 1:
        raise InputError(f"both {names[0]} and {names[1]} are given; pass the one that is trained")
    if factor == "prior" and names:
        for name in _LAYERS:
            if name in given:
                raise InputError(
                    f"{name} is given beside {names[0]}; with a learned prior no layer of encoder or decoder moves, leave it out"
                )
    return [_spread_move(name, given[name], factor) for name in names]


def _spread_move(name: str, value: Any, factor: Factor) -> Move:
    times, plus = SPREADS[factor][name]
    logarithm = name.startswith("log_")

    def of(tree: Any) -> Any:
        """The parameter, or the bias of a layer that computes a logarithm."""
        bias = _get(tree, "bias") if logarithm else None
        return tree if bias is None else bias

    if _is_where(value):
        return Move(_chain(value, lambda tree: _plain(of(tree))), times, plus, name, factor)
    return Move(_tensor(of(value), name), times, plus, name, factor)


def _last(given: Mapping[str, Any]) -> list[Move]:
    """The last layer of a decoder with natural parameters moves by itself, weight and bias."""
    moves = []
    for name in ("logits", "log_rate"):
        if name in given:
            moves += _layer_moves(given[name], name, "decoder", weight=1.0, bias=(1.0, 0.0))
    return moves


def _scaling(given: Mapping[str, Any]) -> list[Move]:
    """The moves for the prior N(0, I)."""
    heads = [name for name in ("encoder_head", "encoder_head_logstd") if name in given]
    pair = [name for name in ("encoder_logvar", "encoder_logstd") if name in given]
    if len(heads) + len(pair) != 1 or ("encoder_mean" in given) != bool(pair):
        told = ", ".join(name for name in _LAYERS if name in given) or "no layer"
        raise InputError(
            f"{told} given; pass encoder_mean with encoder_logvar or encoder_logstd, or encoder_head for a layer that holds both, "
            "or log_alpha2 if the prior is learned"
        )
    if "decoder_first" not in given:
        raise InputError("decoder_first is missing; pass the layer that reads z, or a list of them")
    first = given["decoder_first"]
    moves = []
    for k, layer in enumerate(first if isinstance(first, Sequence) else [first]):
        name = f"decoder_first[{k}]" if isinstance(first, Sequence) else "decoder_first"
        weight = _inputs(-0.5, given.get("columns"), _layout(layer)[1])
        moves += _layer_moves(layer, name, "prior", weight=weight, bias=None)
    if heads:
        shift = 0.5 if heads[0].endswith("logstd") else 1.0
        layer = given[heads[0]]
        mean = _half(0.5, 0.0, _layout(layer)[0])
        bias = (_half(0.5, 0.0, 0), _half(0.0, shift, 0))
        return moves + _layer_moves(layer, heads[0], "prior", weight=mean, bias=bias, needs_bias=True)  # fmt: skip
    shift = 0.5 if pair[0] == "encoder_logstd" else 1.0
    moves += _layer_moves(given["encoder_mean"], "encoder_mean", "prior", weight=0.5, bias=(0.5, 0.0))  # fmt: skip
    return moves + _layer_moves(
        given[pair[0]], pair[0], "prior", weight=None, bias=(0.0, shift), needs_bias=True
    )


def _layer_moves(
    layer: Any, name: str, factor: Factor, *, weight: Any, bias: Any, needs_bias: bool = False
) -> list[Move]:
    """The moves of a layer: its weight times `weight`, its bias times and plus `bias`; None rests."""
    without = f"{name} has no bias, and it is the bias that moves; give the layer one"
    moves = []
    if _is_where(layer):
        if weight is not None:
            moves.append(Move(_chain(layer, _weight), weight, 0.0, f"{name}.weight", factor))
        if bias is not None:
            of = _chain(layer, lambda tree: _bias(tree, without if needs_bias else ""))
            moves.append(Move(of, bias[0], bias[1], f"{name}.bias", factor))
        return moves
    if weight is not None:
        of = _tensor(getattr(layer, "weight", None), name)
        moves.append(Move(of, weight, 0.0, f"{name}.weight", factor))
    if bias is not None:
        of = getattr(layer, "bias", None)
        if of is None and needs_bias:
            _tensor(getattr(layer, "weight", None), name)  # what is no layer at all is told first
            raise InputError(without)
        if of is not None:
            moves.append(Move(_tensor(of, name), bias[0], bias[1], f"{name}.bias", factor))
    return moves


def _is_where(layer: Any) -> bool:
    """A function that takes a layer out of a tree; a module can be called, too, but has parts."""
    parts = (*_WEIGHTS, "parameters", "is_leaf")
    return callable(layer) and not any(hasattr(layer, part) for part in parts)


def _tensor(value: Any, name: str) -> Any:
    """PyTorch's parameter; an array would be that of the first step for ever."""
    if not hasattr(value, "is_leaf"):
        raise InputError(f"{name} has no PyTorch parameter ({shown(value)}); {_WHERE}")
    return value


def _chain(where: Callable[[Any], Any], part: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda tree: part(where(tree))


def _get(layer: Any, name: str) -> Any:
    """An attribute or an entry, None if there is neither."""
    found = getattr(layer, name, None)
    if found is None and hasattr(layer, "keys") and name in layer.keys():  # noqa: SIM118 (trees of NNX have no `in`)
        found = layer[name]
    return found


def _plain(value: Any) -> Any:
    """The array of a variable (NNX); anything else as it is."""
    return value.get_value() if hasattr(value, "get_value") else value


def _weight(layer: Any) -> Any:
    """The weights with outputs first and inputs second, as PyTorch and Equinox have them."""
    found = _get(layer, "weight")
    if found is not None:
        return _plain(found)
    kernel = _get(layer, "kernel")
    if kernel is None:
        raise InputError(f"{shown(layer)} has neither weight nor kernel; {_WHERE}")
    return np.moveaxis(np.asarray(_plain(kernel)), (-1, -2), (0, 1))


def _bias(layer: Any, without: str) -> Any:
    found = _get(layer, "bias")
    if found is None and without:
        raise InputError(without)
    return 0.0 if found is None else _plain(found)


def _layout(layer: Any) -> tuple[int, int]:
    """The axes of outputs and inputs; PyTorch's transposed convolutions have the inputs first."""
    return (1, 0) if type(layer).__name__.startswith("ConvTranspose") else (0, 1)


def _half(first: float, second: float, axis: int) -> Callable[[tuple[int, ...]], np.ndarray]:
    """Coefficients for a head of two halves."""

    def coefficients(shape: tuple[int, ...]) -> np.ndarray:
        rows = shape[axis] if shape else 0
        if rows % 2 or not rows:
            raise InputError(
                f"the head has {rows} rows; pass encoder_head= for one that holds mean and log-variance in equal halves"
            )
        along = np.repeat([first, second], rows // 2)
        return _spread_along(along, axis, shape)

    return coefficients


def _inputs(value: float, columns: Any, axis: int) -> Any:
    """The coefficient of the inputs that are z, 0 for the others."""
    if columns is None:
        return value

    def coefficients(shape: tuple[int, ...]) -> np.ndarray:
        along = np.zeros(shape[axis])
        try:
            if isinstance(columns, (int, slice)):
                along[slice(columns) if isinstance(columns, int) else columns] = value
            else:
                along[list(columns)] = value
        except (IndexError, TypeError):
            raise InputError(
                f"columns is {shown(columns)}, but the first layer has {shape[axis]} inputs; pass those that are z"
            ) from None
        return _spread_along(along, axis, shape)

    return coefficients


def _spread_along(along: np.ndarray, axis: int, shape: tuple[int, ...]) -> np.ndarray:
    beside = [1] * len(shape)
    beside[axis] = len(along)
    return np.broadcast_to(along.reshape(beside), shape)
