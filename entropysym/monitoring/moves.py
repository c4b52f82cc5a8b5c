"""A direction: how each parameter moves, and the slope of the ELBO along it from parameters and gradients of any framework."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from entropysym.errors import InputError, one_of, shown
from entropysym.monitoring.arrays import as_float64

#: The factor of the model that a move tempers; "" where nobody said.
Factor = Literal["", "decoder", "prior"]


@dataclass(frozen=True, eq=False)
class Move:
    """How one parameter moves along the direction: v = times · parameter + plus.

    `parameter` is PyTorch's own, whose `.grad` is read. Or a function that takes parameter and gradient out of the trees that are passed to
    `Monitor.log`, such as `lambda p: p["log_sigma2"]`. Where sequences are passed there, in the order of the direction, it may be None.
    `times` and `plus` are numbers, arrays of the parameter's shape, such as for a head that holds ν and log τ² in one layer, or functions of that shape.
    `factor` says which part of the gap the move explains. A parameter of both factors has a move for each.
    """

    parameter: Any = None
    times: Any = 0.0
    plus: Any = 0.0
    name: str = ""
    factor: Factor = ""


class Motion(NamedTuple):
    """A move at a step: v is `scaled` + `shifted`."""

    label: str
    factor: Factor
    parameter: np.ndarray
    scaled: np.ndarray
    shifted: np.ndarray
    gradient: np.ndarray

    def slope(self) -> float:
        """v · gradient."""
        return float(((self.scaled + self.shifted) * self.gradient).sum())

    def shift(self) -> float:
        """The part of the slope that `plus` brings."""
        return float((self.shifted * self.gradient).sum())

    def size(self) -> float:
        """The sum of the absolute terms of the slope, which bounds what rounding does to it."""
        return float((abs(self.scaled + self.shifted) * abs(self.gradient)).sum())


def direction_of(direction: Sequence[Move]) -> tuple[Move, ...]:
    """The moves. Raises `InputError` for what is no list of them, for parameters that are not trained themselves, and for one that is there twice."""
    if not isinstance(direction, Sequence):
        raise InputError(f"the direction is {shown(direction)}; pass a list of Moves")
    moves = tuple(direction)
    for k, move in enumerate(moves):
        if not isinstance(move, Move):
            raise InputError(f"the direction holds {shown(move)}; pass Moves")
        if move.factor not in get_args(Factor):
            raise one_of(move.factor, get_args(Factor), "factor")
        # The .grad of what is computed from parameters stays None, and asking for it warns.
        if not getattr(move.parameter, "is_leaf", True):
            raise InputError(
                f"{_label(move, k)} is computed from other tensors; pass the trained parameter itself"
            )
        for earlier in moves[:k]:
            same = move.parameter is not None and move.parameter is earlier.parameter
            if same and move.factor == earlier.factor:
                raise InputError(
                    f"{_label(move, k)} is in the direction twice; add up its times and plus in one Move"
                )
    if len({is_where(move) for move in moves}) > 1:
        raise InputError(
            "some parameters are functions of a tree and others are not; pass functions for all moves"
        )
    return moves


def motions(direction: Sequence[Move], parameters: Any, gradients: Any) -> list[Motion]:
    """Each move at a step. Raises `InputError` for gradients that are missing and for shapes that do not fit."""
    if any(map(is_where, direction)):
        if parameters is None or gradients is None:
            raise InputError(
                "the direction takes its parameters out of a tree; pass parameters= and gradients= to log()"
            )
        parameters = [move.parameter(parameters) for move in direction]
        gradients = [move.parameter(gradients) for move in direction]
    else:
        parameters, gradients = _in_order(direction, parameters, gradients)
    return [
        _motion(move, _label(move, k), parameter, gradient)
        for k, (move, parameter, gradient) in enumerate(
            zip(direction, parameters, gradients, strict=True)
        )
    ]


def _in_order(direction: Sequence[Move], parameters: Any, gradients: Any) -> tuple[Any, Any]:
    """Parameters and gradients for each move, in the order of the direction."""
    if gradients is None:
        if parameters is not None:
            raise InputError("parameters are passed without gradients; pass gradients too")
        gradients = [_grad(move, k) for k, move in enumerate(direction)]
        return [move.parameter for move in direction], gradients
    if parameters is None:
        # A tensor of PyTorch is trained in place; an array of JAX in the direction would be that of the first step.
        for k, move in enumerate(direction):
            if not _is_tensor(move.parameter):
                raise InputError(
                    f"gradients are passed, but not the present value of {_label(move, k)}; pass parameters, too"
                )
        parameters = [move.parameter for move in direction]
    for name, values in (("parameters", parameters), ("gradients", gradients)):
        if len(values) != len(direction):
            raise InputError(
                f"{len(values)} {name} for a direction of {len(direction)} moves; pass one for each, in its order"
            )
    return parameters, gradients


def is_where(move: Move) -> bool:
    """The move takes its parameter out of a tree."""
    return callable(move.parameter) and not _is_tensor(move.parameter)


def _is_tensor(parameter: Any) -> bool:
    return hasattr(parameter, "is_leaf")  # .grad of a tensor that is none warns


def _label(move: Move, k: int) -> str:
    if move.name:
        return move.name
    shape = getattr(move.parameter, "shape", None)
    of_shape = "" if shape is None else f" with shape {tuple(shape)}"
    return f"parameter {k} of the direction{of_shape}"


def _grad(move: Move, k: int) -> Any:
    """What PyTorch has left in `.grad`."""
    if not _is_tensor(move.parameter):
        raise InputError(
            f"{_label(move, k)} is no PyTorch parameter, so its gradient cannot be read; pass parameters and gradients to log()"
        )
    if move.parameter.grad is None:
        raise InputError(
            f"{_label(move, k)} has no gradient (.grad is None); call log() after loss.backward() and before zero_grad(), "
            "and see that the loss depends on it"
        )
    return move.parameter.grad


def _motion(move: Move, label: str, parameter: Any, gradient: Any) -> Motion:
    if gradient is None:
        raise InputError(f"the gradient of {label} is None; differentiate with respect to it, too")
    now, slope = as_float64(parameter, label), as_float64(gradient, f"the gradient of {label}")
    if now.shape != slope.shape:
        raise InputError(
            f"the gradient of {label} has shape {slope.shape}, but the parameter {now.shape}; pass them in the order of the direction"
        )
    times, plus = (
        _coefficient(value, f"{word} of {label}", now.shape)
        for word, value in (("times", move.times), ("plus", move.plus))
    )
    with np.errstate(all="ignore"):
        shifted = np.broadcast_to(plus, now.shape)
        return Motion(label, move.factor, now, times * now, shifted, slope)


def _coefficient(value: Any, name: str, shape: tuple[int, ...]) -> np.ndarray:
    array = as_float64(value(shape) if callable(value) else value, name)
    if array.shape not in ((), shape):
        raise InputError(
            f"{name} has shape {array.shape}, but the parameter {shape}; pass a number or an array of the parameter's shape"
        )
    if not np.isfinite(array).all():
        raise InputError(f"{name} is {shown(value)}; pass finite numbers")
    return array


def trained_tensors(parameters: Any) -> list[Any]:
    """PyTorch's parameters from an optimiser, a module or a list of them. Raises `InputError` for anything else."""
    if hasattr(parameters, "param_groups"):
        return [p for group in parameters.param_groups for p in group["params"]]
    found = parameters.parameters() if hasattr(parameters, "parameters") else parameters
    try:
        tensors = list(found)
    except TypeError:
        raise InputError(
            f"parameters is {shown(parameters)}; pass the optimiser, the model or a list of parameters"
        ) from None
    for tensor in tensors:
        if not _is_tensor(tensor):
            raise InputError(
                f"parameters holds {shown(tensor)}; pass PyTorch's parameters, or trees to log()"
            )
    return tensors


def norm(gradients: Sequence[Any]) -> float:
    """The norm of all gradients together; None counts as zero."""
    squares = 0.0
    for gradient in gradients:
        if gradient is None:
            continue
        # A tensor stays where it is: only its norm leaves the accelerator.
        found = gradient.detach().norm() if hasattr(gradient, "detach") else np.linalg.norm(as_float64(gradient, "a gradient"))  # fmt: skip
        squares += float(found) ** 2
    return float(np.sqrt(squares))


def leaves(tree: Any) -> Iterator[Any]:
    """The arrays of a tree of gradients; JAX's own trees are walked by the JAX that the caller has loaded."""
    if "jax" in sys.modules:
        yield from sys.modules["jax"].tree_util.tree_leaves(tree)
    elif isinstance(tree, Mapping):
        for value in tree.values():
            yield from leaves(value)
    elif isinstance(tree, (list, tuple)):
        for value in tree:
            yield from leaves(value)
    elif tree is not None:
        yield tree
