"""Ways of SymPy that would end in wrong numbers without a word: code of a head, and derivatives by what only looks like a symbol of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import sympy as sp

from entropysym.errors import InputError, shown
from entropysym.language.formula import array_name, array_of

#: What SymPy's code printers, those of `lambdify` among them, ask an expression for.
CODE_PRINTERS = tuple(
    f"_{name}"
    for name in (
        *("pythoncode", "lambdacode", "numexprcode", "mpmathcode", "cmathcode", "numpycode"),
        *("scipycode", "cupycode", "jaxcode", "torchcode", "tensorflowcode", "aesara", "theano"),
        *("ccode", "cxxcode", "fcode", "glsl", "javascript", "julia", "maple", "mcode", "octave"),
        *("rcode", "rust_code", "smtlib"),
    )
)


class NoCode(sp.Basic):
    """A mixin for heads: SymPy has no code for them, and would count arrays from 0 where they are counted from 1."""

    __slots__ = ()


def _refusing(printer: str) -> Callable[..., NoReturn]:
    def refuse(self: NoCode, *_: Any, **__: Any) -> NoReturn:
        raise InputError(
            f"SymPy has no code for {type(self).__name__}, such as in {shown(str(self))}; use entropysym.lower(expression), a function of arrays, or entropysym.source(expression), its code"
        )

    refuse.__name__ = printer
    return refuse


for _printer in CODE_PRINTERS:
    setattr(NoCode, _printer, _refusing(_printer))


def demand_own(e: sp.Expr, s: sp.Basic) -> None:
    """Raises `InputError` for a derivative of e by a symbol that only looks like one of e."""
    if isinstance(s, sp.Symbol):
        free = e.free_symbols
        alike = [f for f in free if isinstance(f, sp.Symbol) and f.name == s.name]
        if alike and s not in free:
            raise InputError(
                f"{s.name} is another symbol than the {s.name} in {shown(str(e))}: same name, other assumptions; take d.symbols.{s.name}, or d.derivative({s.name!r})"
            )
    elif isinstance(s, sp.Indexed):
        bases = {b for b in e.atoms(sp.IndexedBase) if array_name(b) == array_name(array_of(s))}
        if bases and s.base not in bases:
            raise InputError(
                f"{s.base} is another array than the {s.base} in {shown(str(e))}: same name, other assumptions; take d.symbols.{s.base}, or d.derivative({str(s.base)!r})"
            )


def demand_unbound(e: sp.Expr, s: sp.Basic) -> None:
    """Raises `InputError` for a derivative of e by an entry at an index that e binds."""
    if isinstance(s, sp.Indexed) and e.has(s.base):
        bound = {limits[0] for x in e.atoms(sp.Sum) for limits in x.limits}
        bound |= {b for x in sp.preorder_traversal(e) for b in getattr(x, "bound_symbols", ())}
        caught = sorted(str(i) for i in s.indices if i in bound)
        if caught:
            raise InputError(
                f"{caught[0]} is bound in {shown(str(e))}, so {s} is no entry that it could be differentiated by; use d.derivative({str(s.base)!r}), where {caught[0]} is free"
            )
