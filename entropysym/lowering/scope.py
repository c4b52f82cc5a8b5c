"""What is in scope where an expression is evaluated: the sizes of the bound indices, and the latent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import sympy as sp

from entropysym.language.formula import substituted
from entropysym.lowering.axes import NamedArray
from entropysym.lowering.signature import Size


@dataclass(frozen=True, eq=False)
class Latent:
    """The z that is in scope, along `index`, with its noise; `key` tells two of them apart."""

    key: object
    index: sp.Symbol
    z: NamedArray
    eps: NamedArray | None = None


@dataclass(frozen=True, eq=False)
class Scope:
    """The sizes of the bound indices, and the latent; `joint` is the datum, if there is one, whose latents the joint expectation of a graph is over."""

    sizes: Mapping[sp.Symbol, Size]
    latent: Latent | None = None
    joint: tuple[sp.Symbol, ...] | None = None

    def binding(self, index: sp.Symbol, size: Size) -> Scope:
        return replace(self, sizes={**self.sizes, index: size})


def fresh(i: sp.Symbol, body: sp.Expr, scope: Scope) -> tuple[sp.Symbol, sp.Expr]:
    """The bound symbol and the body, renamed if the symbol is bound outside already."""
    if i not in scope.sizes:
        return i, body
    new = sp.Dummy(i.name, integer=True, positive=True)
    return new, substituted(body, {i: new})
