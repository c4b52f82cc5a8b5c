"""Matrices of symbolic size: words of letters, and the four numbers that a word gives.

A *letter* is (atom, inverted, transposed), the atom's head its range: symmetric positive definite,
or triangular with a positive diagonal. So every *word*, a product of letters, is invertible and has
a positive determinant. Inverses and transposes are distributed over the letters.
"""

from .normal_form import Atom, Polynomial, Work, key, of, text

Letter = tuple[Atom, bool, bool]
Word = tuple[Letter, ...]


def transposed(word: Word) -> Word:
    """(A B)^T = B^T A^T; a symmetric letter is its own transpose."""
    return tuple((a, inv, not tr and a.head != "posdef") for a, inv, tr in reversed(word))


def inverse(word: Word) -> Word:
    """(A B)^-1 = B^-1 A^-1, and (A^T)^-1 = (A^-1)^T."""
    return tuple((a, not inv, tr) for a, inv, tr in reversed(word))


def joined(*words: Word) -> Word:
    """The product, where A A^-1 and A^-1 A are nothing."""
    result: list[Letter] = []
    for letter in (letter for word in words for letter in word):
        if result and inverse((letter,)) == (result[-1],):
            result.pop()
        else:
            result.append(letter)
    return tuple(result)


def surely_posdef(word: Word) -> bool:
    """X X^T or X P X^T with a letter P: a letter that is its own transpose is positive definite."""
    return word == transposed(word)


def _order(word: Word) -> list:
    """For a choice among words that does not depend on the names of binders."""
    return [(text(a, dict.fromkeys(a.free, "")), inv, tr) for a, inv, tr in word]


def _spelled(work: Work, head: str, word: Word, ids: tuple[int, ...] = ()) -> Polynomial:
    label = "".join("+-"[inv] + ".T"[tr] for _, inv, tr in word)
    return of(work.atom(head, label, ids, (), tuple(key(of(atom)) for atom, _, _ in word)))


def log_det(work: Work, word: Word) -> Polynomial:
    """log det (A B) = log det A + log det B, log det A^-1 = -log det A, log det A^T = log det A."""
    logs = [(_spelled(work, "logdet", ((atom, False, False),)), inv) for atom, inv, _ in word]
    return work.add(*(work.negative(log) if inv else log for log, inv in logs))


def trace(work: Work, word: Word, size: str) -> Polynomial:
    """tr (A B) = tr (B A) = tr (B^T A^T), and the trace of the unit matrix is its size."""
    while len(word) > 1 and inverse(word[:1]) == word[-1:]:
        word = word[1:-1]
    if not word:
        return of(work.atom("size", size))
    # Each rotation is written out to be compared, letters and all.
    work.charge(4 * len(word) * sum(atom.weight for atom, _, _ in word))
    both = (word, transposed(word))
    rotated = [each[k:] + each[:k] for each in both for k in range(len(word))]
    return _spelled(work, "trace", min(rotated, key=_order))


def entry(work: Work, word: Word, i: int, j: int) -> Polynomial:
    """A_ij = (A^T)_ji; the entries of the unit matrix are delta_ij."""
    if not word:
        return of(work.atom("delta", ids=(i, j)))
    if (other := transposed(word)) == word:
        return _spelled(work, "symmetric", word, (i, j))
    if _order(other) < _order(word):
        word, i, j = other, j, i
    return _spelled(work, "entry", word, (i, j))
