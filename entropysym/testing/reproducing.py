"""A claim at a point as a few lines of Python that run by themselves."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp

from entropysym.language.heads import Elbo, ObjectiveValue
from entropysym.language.records import Model
from entropysym.testing.claims import Along, EntropySum, Numbered
from entropysym.testing.flat_points import Flat
from entropysym.testing.grammar import as_latex
from entropysym.witness.configurations import Shape

if TYPE_CHECKING:
    from entropysym.testing.comparing import Comparison


#: What the lines may need of this room.
_NAMES = ("ELBO", "ENTROPY_SUM", "Along", "Claim", "Numbered", "at", "random_graph", "random_model")


def lines(made: Comparison, shape: Shape, point: Flat) -> list[str]:
    """The lines; what stands in no file and has no LaTeX is given by the number that it has at the point."""
    model, claim = made.model, made.claim
    out = ["import jax", "from numpy import array, inf, nan", "import entropysym as es"]
    if made.is_numbered:
        out.append("from sympy import *")
    body = [f"model = {_model(claim.model, model)}"]
    for which, (name, side) in enumerate((("left", claim.left), ("right", claim.right))):
        written = _side(side, model)
        if written is None:
            one = {n: np.asarray(a)[None] for n, a in point.items()}
            values = made.side_at(which, shape, one).value[0]
            number = ", ".join(repr(float(v)) for v in values)
            body += [f"# {name} is given by its number: what it is stands in no file and has no LaTeX"]  # fmt: skip
            written = f"lambda: array([{number}])"
        body.append(f"{name} = {written}")
    body.append("point = {")
    body += [f'    "{name}": {_array(value)},' for name, value in point.items()]
    body += ["}", "print(at(Claim(model, left, right), point))"]
    used = [name for name in _NAMES if re.search(rf"\b{name}\b", "\n".join(body))]
    out += [
        f"from entropysym.testing import {', '.join(used)}",
        'jax.config.update("jax_enable_x64", True)',
    ]
    return [*out, *body]


def condition_lines(
    model: Model, name: str, difference: sp.Expr, draws: int, seed: int
) -> list[str]:
    """A claimed stationarity condition as lines that fail in the same way."""
    written = as_latex(difference, model)
    if written is None:
        return ["# the equation has no LaTeX that reads back: repeat the call that you made"]
    return [
        "import jax",
        "import entropysym as es",
        "from entropysym.testing import assert_stationary_condition, random_graph, random_model",
        'jax.config.update("jax_enable_x64", True)',
        f"model = {_model(model, model)}",
        f'assert_stationary_condition(model, {name!r}, r"{written} = 0", draws={draws}, seed={seed})',
    ]


def _array(value: Any) -> str:
    array = np.asarray(value, float)
    text = re.sub(r"\s+", " ", repr(array.tolist()))
    return text if array.ndim == 0 else f"array({text})"


def _model(given: Any, model: Model) -> str:
    from entropysym.models import ZOO

    if isinstance(given, Path) or (isinstance(given, str) and given.endswith(".py")):
        return repr(str(Path(given).resolve()))
    if model.name in ZOO and ZOO[model.name]() == model:
        return f"es.models.ZOO[{model.name!r}]()"
    drawn = re.fullmatch(r"(graph|random)_(\d+)", model.name)
    if drawn:
        return f"random_{'graph' if drawn[1] == 'graph' else 'model'}({drawn[2]})"
    return _bound(model) or "model  # yours"


def _bound(value: Any) -> str | None:
    """The name that a module of a file binds a value to, or a function without arguments that returns it."""
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if not path or not path.endswith(".py") or _is_installed(path):
            continue
        for name, found in list(vars(module).items()):
            if isinstance(found, Model) and found == value:
                return _from_file(path, name)
            if inspect.isfunction(found) and not inspect.signature(found).parameters:
                annotated = found.__annotations__.get("return") in (Model, "Model")
                if annotated and found.__module__ == module.__name__ and found() == value:
                    return f"{_from_file(path, name)}()"
    return None


def _is_installed(path: str) -> bool:
    here = str(Path(__file__).parent.parent)
    return path.startswith((here, sys.prefix, sys.base_prefix)) or "site-packages" in path


def _from_file(path: str, name: str) -> str:
    return f'__import__("runpy").run_path({path!r})[{name!r}]'


def _side(side: Any, model: Model) -> str | None:
    """A side as Python, or None."""
    if isinstance(side, str):
        return f'r"{side}"' if '"' not in side and "\n" not in side else repr(side)
    if isinstance(side, (Elbo, ObjectiveValue)):
        return "ELBO" if isinstance(side, Elbo) else None
    if isinstance(side, EntropySum):
        return "ENTROPY_SUM"
    if isinstance(side, Along):
        return _along(side, model)
    if isinstance(side, Numbered):
        names = ", ".join(f"{name}={size}" for name, size in side.sizes.items())
        return f"Numbered({sp.srepr(side.expression)}, {names})"
    if isinstance(side, (sp.Basic, int)):
        written = as_latex(sp.sympify(side, strict=True), model)
        return None if written is None else f'r"{written}"'
    return _function(side)


def _along(side: Along, model: Model) -> str | None:
    if side.direction is None:
        return "Along()"
    parts: Mapping[str, str | None] = {
        name: e if isinstance(e, str) else as_latex(sp.sympify(e, strict=True), model)
        for name, e in side.direction.items()
    }
    if any(text is None for text in parts.values()):
        return None
    return f"Along({{{', '.join(f'{name!r}: r{chr(34)}{text}{chr(34)}' for name, text in parts.items())}}})"


def _function(side: Any) -> str | None:
    """A function that its file binds to its own name."""
    code = getattr(side, "__code__", None)
    path = getattr(code, "co_filename", "")
    name = getattr(side, "__name__", "")
    bound = getattr(side, "__globals__", {}).get(name)
    return _from_file(path, name) if bound is side and Path(path).is_file() else None
