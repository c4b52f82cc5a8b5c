r"""Square matrices of symbolic size: letters, words, and the scalars made of them.

A *letter* is a symmetric positive-definite matrix or a lower-triangular one with positive diagonal, as a parameter or as the value of a network.
A *word* is a product of letters, their inverses and transposes, times a scalar; sums have no head, so $\log\det$ is always that of a word.
Everything that moves, moves by a multiple of itself, so the derivative of a word is a multiple of the word: its *rate*. SymPy's own matrix
calculus is never used (it says that the derivative of $\log\det S$ by S is 0).
"""

from __future__ import annotations

import sympy as sp
from sympy.core.symbol import Str

from entropysym.errors import InputError, shown
from entropysym.language.formula import arg_of, args_of
from entropysym.language.heads import Vector, _Head
from entropysym.language.printed import OPEN, RAISED, Printed
from entropysym.language.symbols import MATRIX_RANGES, MatrixRange
from entropysym.language.wrong_ways import NoCode


class Matrix(Printed, NoCode):
    """A word: a square matrix of symbolic size."""

    is_commutative = False

    @property
    def size(self) -> sp.Expr:
        """The number of rows."""
        raise InputError(f"{self} has no size")


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
    def size(self) -> sp.Expr:
        return arg_of(self, 1, sp.Expr)

    @property
    def kind(self) -> MatrixRange:
        return "posdef" if str(self.args[2]) == "posdef" else "triangular"


class MatrixNetwork(MatrixLetter):
    r"""A matrix-valued network: $\Sigma(z)$, ``MatrixNetwork(name, size, kind, Tuple(Vector, …))``."""

    def __new__(
        cls, name: str | Str, size: sp.Expr, kind: str | Str, inputs: sp.Tuple
    ) -> MatrixNetwork:
        letter = MatrixLetter(name, size, kind)
        return sp.Basic.__new__(cls, *letter.args, inputs)

    @property
    def inputs(self) -> tuple[Vector, ...]:
        return args_of(self.args[3], Vector)


class MatrixVariable(MatrixLetter):
    """A variable that is a positive definite matrix, at the indices of its other plates: ``MatrixVariable(array, size, "posdef", Tuple(index, …))``.

    What is observed or given has the index of its datum among these, a latent variable has not. It never moves.
    """

    def __new__(
        cls, array: sp.IndexedBase, size: sp.Expr, kind: str | Str, indices: sp.Tuple
    ) -> MatrixVariable:
        kind = kind if isinstance(kind, Str) else Str(kind)
        return sp.Basic.__new__(cls, array, size, kind, indices)

    @property
    def array(self) -> sp.IndexedBase:
        return arg_of(self, 0, sp.IndexedBase)

    @property
    def indices(self) -> tuple[sp.Expr, ...]:
        return args_of(self.args[3])


class MatrixProduct(Matrix):
    """A product of at least two words."""

    @property
    def words(self) -> tuple[Matrix, ...]:
        return args_of(self, Matrix)

    @property
    def size(self) -> sp.Expr:
        return self.words[0].size


class Scaled(Matrix):
    """A positive or negative scalar times a word: ``Scaled(scalar, word)``."""

    @property
    def scalar(self) -> sp.Expr:
        return arg_of(self, 0, sp.Expr)

    @property
    def word(self) -> Matrix:
        return arg_of(self, 1, Matrix)

    @property
    def size(self) -> sp.Expr:
        return self.word.size


class _OfWord(Matrix):
    @property
    def word(self) -> Matrix:
        return arg_of(self, 0, Matrix)

    @property
    def size(self) -> sp.Expr:
        return self.word.size


class Inverse(_OfWord):
    """The inverse of a word."""


class Transposed(_OfWord):
    """The transpose of a word."""


class LogDet(_Head):
    r"""$\log\det M$ of a word with positive determinant."""

    precedence = OPEN

    def __new__(cls, word: Matrix) -> LogDet:
        return sp.Expr.__new__(cls, word)

    @property
    def word(self) -> Matrix:
        return arg_of(self, 0, Matrix)


class Trace(_Head):
    r"""$\mathrm{tr}\,M$ of a word."""

    def __new__(cls, word: Matrix) -> Trace:
        return sp.Expr.__new__(cls, word)

    @property
    def word(self) -> Matrix:
        return arg_of(self, 0, Matrix)


class Entry(_Head):
    r"""$M_{ij}$, an entry of a word: ``Entry(word, i, j)``."""

    def __new__(cls, word: Matrix, row: sp.Expr, column: sp.Expr) -> Entry:
        return sp.Expr.__new__(cls, word, row, column)

    @property
    def word(self) -> Matrix:
        return arg_of(self, 0, Matrix)

    @property
    def indices(self) -> tuple[sp.Expr, ...]:
        """Row and column."""
        return args_of(self, after=1)


class Quadratic(_Head):
    r"""$v^\top M\,w$ for vectors v, w and a word M: ``Quadratic(Vector, M, Vector)``."""

    precedence = RAISED

    def __new__(cls, left: Vector, word: Matrix, right: Vector) -> Quadratic:
        return sp.Expr.__new__(cls, left, word, right)

    @property
    def left(self) -> Vector:
        return arg_of(self, 0, Vector)

    @property
    def word(self) -> Matrix:
        return arg_of(self, 1, Matrix)

    @property
    def right(self) -> Vector:
        return arg_of(self, 2, Vector)


def is_symmetric(word: Matrix) -> bool:
    """Whether a word is surely its own transpose: a positive-definite letter, its inverse, or a multiple."""
    if isinstance(word, MatrixLetter):
        return word.kind == "posdef"
    return isinstance(word, (Scaled, Inverse, Transposed)) and is_symmetric(word.word)
