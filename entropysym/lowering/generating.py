"""Expressions of the language as the text of a Python function of arrays, for NumPy or JAX: to be read, copied and run without this package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp

from entropysym.errors import InputError, one_of, shown
from entropysym.language.functions import on_entry
from entropysym.language.matrices import Matrix
from entropysym.language.records import Model, Plate
from entropysym.language.symbols import NAME
from entropysym.lowering.code_of_expressions import Code, Writer, aligned, spelled
from entropysym.lowering.signature import Signature, read_signature, size_of

#: Libraries that code is written for: what stands in front of their functions, and what is imported.
_IMPORTS = {
    "numpy": ("np", "import numpy as np", "from scipy import special"),
    "jax": ("jnp", "import jax.numpy as jnp", "from jax.scipy import special"),
}

#: Functions that generated code may need, by name.
_HELPERS: Mapping[str, str] = {
    "at_each": '''def at_each(network, *inputs):
    """The values of a network at vectors that stand along the last axis."""
    leading = {np}.broadcast_shapes(*(v.shape[:-1] for v in inputs))
    rows = [{np}.broadcast_to(v, (*leading, v.shape[-1])).reshape(-1, v.shape[-1]) for v in inputs]
    values = {np}.stack([{np}.asarray(network(*point)) for point in zip(*rows)])
    return values.reshape(*leading, *values.shape[1:])
''',
    "earlier": '''def earlier(values, start, axis):
    """What stands one step earlier along an axis: the start, then all steps but the last."""
    kept = {np}.moveaxis({np}.moveaxis(values, axis, 0)[:-1], 0, axis)
    return {np}.concatenate([{np}.expand_dims(start, axis), kept], axis=axis)
''',
    "log_sinhc": '''def log_sinhc(u):
    """log(sinh(u) / u), which is 0 at 0."""
    small = {np}.abs(u) < 0.1
    near, far = {np}.where(small, u, 0.0), {np}.abs({np}.where(small, 1.0, u))
    series = {np}.log1p(near**2 / 6 * (1 + near**2 / 20 * (1 + near**2 / 42 * (1 + near**2 / 72))))
    return {np}.where(small, series, far + {np}.log1p(-{np}.exp(-2 * far)) - {np}.log(2 * far))
''',
    "langevin": '''def langevin(u):
    """coth(u) - 1 / u, which is 0 at 0."""
    small = {np}.abs(u) < 0.1
    near, far = {np}.where(small, u, 0.0), {np}.where(small, 1.0, u)
    series = near / 3 * (1 - near**2 / 15 * (1 - 2 * near**2 / 21 * (1 - near**2 / 10)))
    return {np}.where(small, series, 1 / {np}.tanh(far) - 1 / far)
''',
}


def source(
    expression: sp.Basic | complex,
    model: Model | None = None,
    plates: tuple[Plate, ...] = (),
    *,
    to: str = "numpy",
    name: str = "value",
) -> str:
    """The text of a Python function of arrays that computes an expression, with a docstring; it needs NumPy and SciPy, or JAX, and nothing else.

    The function takes by keyword what `lower(expression, model)` takes (`lambda_` for lambda), and gives the same number; `noise` may be anything with the same fields. `to` is "numpy" or "jax"; `plates` are
    the free indices and become the axes of the result. Raises `InputError` for what has no value, and for a function that nobody wrote down.

    >>> import entropysym as es
    >>> d = es.derive(es.models.linear_vae())
    >>> print(source(d.derivative("sigma")))
    import numpy as np
    <BLANKLINE>
    <BLANKLINE>
    def value(*, sigma, D):
        \"\"\"-D/sigma
    <BLANKLINE>
        sigma: ()
        D: an integer
        \"\"\"
        return -D / sigma
    <BLANKLINE>
    """
    if to not in _IMPORTS:
        raise one_of(to, _IMPORTS, "library")
    if not (isinstance(name, str) and NAME.match(name)):
        raise InputError(f"{shown(name)} is no name of a function")
    try:
        e = sp.sympify(expression, strict=True)
    except sp.SympifyError:
        raise InputError(f"{shown(expression)} is no SymPy expression") from None
    if isinstance(e, Matrix) and plates:
        raise InputError(f"{shown(e)} is a matrix, which has its own axes; pass no plates")
    e = on_entry(e) if isinstance(e, sp.Expr) and e.has(sp.Piecewise) else e
    wanted = _needed(read_signature((e,), plates, model), model)
    wanted.sizes |= {s for s in (size_of(p.size) for p in plates) if isinstance(s, str)}
    return _function(e, wanted, plates, to, name)


def _needed(full: Signature, model: Model | None) -> Signature:
    """The signature without what the model has beside, which is no argument."""
    if model is None:
        return full
    needed = set(full.text()) - full.optional
    full.arrays = {k: v for k, v in full.arrays.items() if k in needed}
    full.networks = {k: v for k, v in full.networks.items() if k in needed}
    if full.latents is None and "noise" not in needed:
        full.noise = None
    return full


def _function(e: sp.Basic, wanted: Signature, plates: tuple[Plate, ...], to: str, name: str) -> str:
    np, plain, special = _IMPORTS[to]
    writer = Writer(wanted, np)
    sizes = {p.index: size_of(p.size) for p in plates}
    if isinstance(e, Matrix):
        result = writer.matrix(e, sizes).text
        body = [f"return {result}"]
    else:
        parts = [
            aligned(writer.code(a, sizes), tuple(p.index for p in plates))
            for a in sp.Add.make_args(of_expr(e))
        ]
        body = _returned(parts, [str(size_of(p.size)) for p in plates], writer)
    lines = [*writer.size_lines(), *writer.lines, *body]
    text = "\n".join(lines)
    arguments = _arguments(wanted, writer)
    helpers = [h for h in _HELPERS if f"{h}(" in text]
    blocks = [plain + ("\n" + special if "special." in text else "")]
    blocks += [_HELPERS[h].replace("{np}", np).rstrip("\n") for h in helpers]
    head = f"def {name}(*, {', '.join(arguments)}):" if arguments else f"def {name}():"
    documented = [_docstring(e), "", *(f"{a}: {shape}" for a, shape in arguments.items())]
    doc = "\n".join(
        f"    {line}".rstrip() for line in ['"""' + documented[0], *documented[1:], '"""']
    )
    inner = "\n".join(f"    {line}" for line in lines)
    blocks.append(f"{head}\n{doc}\n{inner}")
    return "\n\n\n".join(blocks) + "\n"


def of_expr(e: Any) -> sp.Expr:
    if isinstance(e, sp.Expr):
        return e
    raise InputError(f"{shown(e)} is no expression of numbers")


def _docstring(e: sp.Basic) -> str:
    return str(e).replace("\\", "\\\\").replace('"""', "'''")


def _returned(parts: list[Code], lengths: list[str], writer: Writer) -> list[str]:
    """The sum as one line, or one line for each addend; with plates it has their shape."""
    texts = [part.text for part in parts]
    signed = [texts[0], *(f"- {t[1:]}" if t.startswith("-") else f"+ {t}" for t in texts[1:])]
    total = " ".join(signed)
    if lengths:
        for length in lengths:
            writer.size(length)
        shape = f"({', '.join(lengths)},)" if len(lengths) == 1 else f"({', '.join(lengths)})"
        return [f"return {writer.np}.broadcast_to({total}, {shape})"]
    if len(total) <= 80 or len(signed) == 1:
        return [f"return {total}"]
    return ["return (", *(f"    {t}" for t in signed), ")"]


def _arguments(wanted: Signature, writer: Writer) -> dict[str, str]:
    """What the function takes, with shapes; sizes that no array tells are integers."""
    text = {k: v for k, v in wanted.text().items() if k != "noise"}
    found = {spelled(name): shape for name, shape in text.items()}
    if writer.uses_noise:
        found["noise"] = wanted.text()["noise"]
    return found | dict.fromkeys(writer.asked, "an integer")
