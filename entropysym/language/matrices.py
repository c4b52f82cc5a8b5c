r"""Square matrices of symbolic size: letters, words, and the scalars made of them.

A *letter* is a symmetric positive-definite matrix or a lower-triangular one with positive diagonal, as a parameter or as the value of a network.
A *word* is a product of letters, their inverses and transposes, times a scalar; sums have no head, so $\log\det$ is always that of a word.
Everything that moves, moves by a multiple of itself, so the derivative of a word is a multiple of the word: its *rate*. SymPy's own matrix
calculus is never used (it says that the derivative of $\log\det S$ by S is 0).
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.core.symbol import Str

from entropysym.errors import InputError, shown
from entropysym.language.formula import part, parts
from entropysym.language.heads import Vector, _Head, latex_name
from entropysym.language.symbols import MATRIX_RANGES, MatrixRange


class Matrix(sp.Basic):
    """A word: a square matrix of symbolic size."""

    is_commutative = False

    @property
    def size(self) -> sp.Symbol:
        """The number of rows."""
        raise InputError(f"{self} has no size")


def _bold(name: str) -> str:
    stem, power = latex_name(name)
    return rf"\boldsymbol{{{stem}}}{power}"


class MatrixLetter(Matrix):
    """A matrix parameter: ``MatrixLetter(name, size, kind)`` with kind `posdef` or `triangular`."""

    def __new__(cls, name: str | Str, size: sp.Expr, kind: str | Str) -> MatrixLetter:
        name, kind = (t if isinstance(t, Str) else Str(t) for t in (name, kind))
        if str(kind) not in MATRIX_RANGES:
            raise InputError(
                f"unknown kind of matrix {shown(str(kind))}; choose posdef or triangular"
            )
        return sp.Basic.__new__(cls, name, size, kind)

    @property
    def name(self) -> str:
        return str(self.args[0])

    @property
    def size(self) -> sp.Symbol:
        return part(self, 1, sp.Symbol)

    @property
    def kind(self) -> MatrixRange:
        return "posdef" if str(self.args[2]) == "posdef" else "triangular"

    def _latex(self, printer: Any) -> str:
        return _bold(self.name)

    def _sympystr(self, printer: Any) -> str:
        return self.name


class MatrixNetwork(MatrixLetter):
    r"""A matrix-valued network: $\Sigma(z)$, ``MatrixNetwork(name, size, kind, Tuple(Vector, …))``."""

    def __new__(
        cls, name: str | Str, size: sp.Expr, kind: str | Str, inputs: sp.Tuple
    ) -> MatrixNetwork:
        letter = MatrixLetter(name, size, kind)
        return sp.Basic.__new__(cls, *letter.args, inputs)

    @property
    def inputs(self) -> tuple[Vector, ...]:
        return parts(self.args[3], Vector)

    def _latex(self, printer: Any) -> str:
        return f"{_bold(self.name)}({', '.join(printer._print(v) for v in self.inputs)})"

    def _sympystr(self, printer: Any) -> str:
        return f"{self.name}({', '.join(printer._print(v) for v in self.inputs)})"


class MatrixProduct(Matrix):
    """A product of at least two words."""

    @property
    def words(self) -> tuple[Matrix, ...]:
        return parts(self, Matrix)

    @property
    def size(self) -> sp.Symbol:
        return self.words[0].size

    def _latex(self, printer: Any) -> str:
        return " ".join(printer._print(a) for a in self.args)

    def _sympystr(self, printer: Any) -> str:
        return "*".join(printer._print(a) for a in self.args)


class Scaled(Matrix):
    """A positive or negative scalar times a word: ``Scaled(scalar, word)``."""

    @property
    def scalar(self) -> sp.Expr:
        return part(self, 0, sp.Expr)

    @property
    def word(self) -> Matrix:
        return part(self, 1, Matrix)

    @property
    def size(self) -> sp.Symbol:
        return self.word.size

    def _latex(self, printer: Any) -> str:
        scalar = printer._print(self.args[0])
        if isinstance(self.args[0], sp.Add):
            scalar = rf"\left({scalar}\right)"
        return f"{ {'1': '', '-1': '-'}.get(scalar, scalar) } {printer._print(self.args[1])}"

    def _sympystr(self, printer: Any) -> str:
        scalar = printer._print(self.args[0])
        bare = isinstance(self.args[0], (sp.Symbol, sp.Integer)) and not scalar.startswith("-")
        return f"{scalar if bare else f'({scalar})'}*{printer._print(self.args[1])}"


class _OfOne(Matrix):
    _mark = ("", "")

    @property
    def word(self) -> Matrix:
        return part(self, 0, Matrix)

    @property
    def size(self) -> sp.Symbol:
        return self.word.size

    def _latex(self, printer: Any) -> str:
        inside = printer._print(self.args[0])
        return (
            f"{inside if isinstance(self.args[0], MatrixLetter) else f'({inside})'}{self._mark[0]}"
        )

    def _sympystr(self, printer: Any) -> str:
        inside = printer._print(self.args[0])
        return (
            f"{inside if isinstance(self.args[0], MatrixLetter) else f'({inside})'}{self._mark[1]}"
        )


class Inverse(_OfOne):
    """The inverse of a word."""

    _mark = ("^{-1}", "^-1")


class Transposed(_OfOne):
    """The transpose of a word."""

    _mark = (r"^{\top}", "'")


class LogDet(_Head):
    r"""$\log\det M$ of a word with positive determinant."""

    def __new__(cls, word: Matrix) -> LogDet:
        return sp.Expr.__new__(cls, word)

    @property
    def word(self) -> Matrix:
        return part(self, 0, Matrix)

    def _latex(self, printer: Any) -> str:
        return rf"\log\det {printer._print(self.args[0])}"

    def _sympystr(self, printer: Any) -> str:
        return f"logdet({printer._print(self.args[0])})"


class Trace(_Head):
    r"""$\mathrm{tr}\,M$ of a word."""

    def __new__(cls, word: Matrix) -> Trace:
        return sp.Expr.__new__(cls, word)

    @property
    def word(self) -> Matrix:
        return part(self, 0, Matrix)

    def _latex(self, printer: Any) -> str:
        return rf"\mathrm{{tr}}\left({printer._print(self.args[0])}\right)"

    def _sympystr(self, printer: Any) -> str:
        return f"tr({printer._print(self.args[0])})"


class Quadratic(_Head):
    r"""$v^\top M\,w$ for vectors v, w and a word M: ``Quadratic(Vector, M, Vector)``."""

    def __new__(cls, left: Vector, word: Matrix, right: Vector) -> Quadratic:
        return sp.Expr.__new__(cls, left, word, right)

    @property
    def left(self) -> Vector:
        return part(self, 0, Vector)

    @property
    def word(self) -> Matrix:
        return part(self, 1, Matrix)

    @property
    def right(self) -> Vector:
        return part(self, 2, Vector)

    def _latex(self, printer: Any) -> str:
        left, word, right = (printer._print(a) for a in self.args)
        return rf"{left}^{{\top}} {word}\, {right}"

    def _sympystr(self, printer: Any) -> str:
        left, word, right = (printer._print(a) for a in self.args)
        return f"{left}'*{word}*{right}"


def is_symmetric(word: Matrix) -> bool:
    """Whether a word is surely its own transpose: a positive-definite letter, its inverse, or a multiple."""
    if isinstance(word, MatrixLetter):
        return word.kind == "posdef"
    return isinstance(word, (Scaled, Inverse, Transposed)) and is_symmetric(word.word)
