r"""Averages of $(x-m)^\top W(x-m)$ and $\mathrm{tr}\,WX$ for any word W that the variable is not in.

Where a record holds its matrix S as $k\log\det S+c\,s(S^{-1})$ with $s(V)=u^\top Vu$, $u=x-\mu$, or $s(V)=\mathrm{tr}\,VX$, the score of S along the symmetric matrix $SWS$ is
$k\,\mathrm{tr}(WS)-c\,s(W)$. It has mean zero, so $\mathbb E\,s(W)=\frac kc\mathrm{tr}(WS)$. The score of μ along $SW(\mu-m)$ gives $\mathbb E\,u^\top W(\mu-m)=0$.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from entropysym.language.algebra import addends
from entropysym.language.formula import array_of, of_type, replaced, substituted
from entropysym.language.heads import Vector
from entropysym.language.matrices import (
    Inverse,
    LogDet,
    Matrix,
    MatrixLetter,
    MatrixProduct,
    Quadratic,
    Trace,
)
from entropysym.language.records import Family


@dataclass(frozen=True)
class _Form:
    """What a record says of its matrix: the letter, k / c, and for a vector the entries that u vanishes at."""

    letter: MatrixLetter
    ratio: sp.Expr
    mean: sp.Expr | None


def with_averaged_words(family: Family, e: sp.Expr) -> sp.Expr | None:
    """The expression with such parts replaced by their averages; None where the record has no such form or there is no such part."""
    form = _form(family)
    if form is None:
        return None

    def is_part(f: sp.Expr) -> bool:
        return isinstance(f, (Quadratic, Trace)) and f.has(family.variable)

    if not any(map(is_part, e.atoms(Quadratic, Trace))):
        return None
    parts: dict[sp.Basic, sp.Expr | None] = {f: _average(family, form, f) for f in e.atoms(Quadratic, Trace) if is_part(f)}  # fmt: skip
    if None in parts.values():
        return None
    return replaced(e, is_part, lambda f: of_type(parts[f], sp.Expr))


def _form(family: Family) -> _Form | None:
    letters = [a for a in family.arguments if isinstance(a, MatrixLetter) and family.density.has(a)]
    if len(letters) != 1:
        return None
    (S,) = letters
    k, c, mean, others = None, None, None, sp.S.Zero
    for addend in addends(sp.expand(family.density)):
        times, rest = addend.as_independent(LogDet, Quadratic, Trace)
        if rest == LogDet(S):
            k = times if k is None else k + times
        elif isinstance(rest, Quadratic) and rest.word == Inverse(S) and rest.left == rest.right:
            if c is not None:
                return None
            c, mean = times, _vanishes_at(family, rest.left)
            if mean is None:
                return None
        elif isinstance(rest, Trace) and rest.word == MatrixProduct(Inverse(S), family.variable):
            if c is not None:
                return None
            c = times
        else:
            others += addend
    if k is None or c is None or others.has(S):
        return None
    return _Form(S, sp.cancel(k / c), mean)


def _vanishes_at(family: Family, vector: Vector) -> sp.Expr | None:
    """The entry m_i of u_i = x_i - m_i."""
    x = of_type(family.variable, sp.IndexedBase)[vector.index]
    mean = sp.expand(x - vector.body)
    return None if mean.has(family.variable) else mean


def _average(family: Family, form: _Form, f: sp.Expr) -> sp.Expr | None:
    if isinstance(f, Quadratic):
        if form.mean is None or f.word.has(family.variable):
            return None
        away = []
        for side in (f.left, f.right):
            x = of_type(family.variable, sp.IndexedBase)[side.index]
            if sp.expand(side.body - x).has(family.variable):
                return None
            at = {g: substituted(form.mean, _indices(form.mean, g)) for g in side.body.atoms(sp.Indexed) if array_of(g) == family.variable}  # fmt: skip
            away.append(side.of(sp.expand(substituted(side.body, at))))
        fixed = sp.S.Zero if 0 in (v.body for v in away) else Quadratic(away[0], f.word, away[1])
        return fixed + form.ratio * _trace(f.word, form.letter)
    word = of_type(f, Trace).word
    if form.mean is not None or not isinstance(word, MatrixProduct):
        return None
    *before, last = word.words
    if last != family.variable or len(before) != 1 or before[0].has(family.variable):
        return None
    return form.ratio * _trace(before[0], form.letter)


def _indices(mean: sp.Expr, at: sp.Indexed) -> dict[sp.Basic, sp.Basic]:
    """The mean's own index, exchanged for that of an entry."""
    own = {i for e in mean.atoms(sp.Indexed) for i in e.indices}
    return dict.fromkeys(own, at.indices[0])


def _trace(word: Matrix, letter: MatrixLetter) -> sp.Expr:
    """tr(W S), which is the size where W is the inverse of S."""
    return letter.size if word == Inverse(letter) else Trace(MatrixProduct(word, letter))
