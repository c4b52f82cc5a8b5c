"""Every rule for matrices, instantiated exactly: rational matrices of size 1, 2 and 3."""

from fractions import Fraction
from functools import reduce
from random import Random
from typing import Any

import pytest

import entropysym.checker

from .battery import Bench
from .documents import workbench
from .random_terms import random_matrix

Matrix = list[list[Fraction]]


def product(left: Matrix, right: Matrix) -> Matrix:
    columns = list(zip(*right, strict=True))
    return [[sum(a * b for a, b in zip(row, c, strict=True)) for c in columns] for row in left]


def transpose(matrix: Matrix) -> Matrix:
    return [list(row) for row in zip(*matrix, strict=True)]


def determinant(matrix: Matrix) -> Fraction:
    if not matrix:
        return Fraction(1)
    minors = ([row[:k] + row[k + 1 :] for row in matrix[1:]] for k in range(len(matrix)))
    return sum((-1) ** k * matrix[0][k] * determinant(minor) for k, minor in enumerate(minors))


def inverse(matrix: Matrix) -> Matrix:
    """By cofactors."""
    size, whole = range(len(matrix)), determinant(matrix)

    def cofactor(i: int, j: int) -> Fraction:
        rows = [row[:j] + row[j + 1 :] for k, row in enumerate(matrix) if k != i]
        return (-1) ** (i + j) * determinant(rows)

    return [[cofactor(j, i) / whole for j in size] for i in size]


def scaled(factor: Fraction, matrix: Matrix) -> Matrix:
    return [[factor * entry for entry in row] for row in matrix]


class World:
    """Rational values for the workbench's matrices, vectors and its scalar s."""

    def __init__(self, size: int, rnd: Random):
        def number() -> Fraction:
            return Fraction(rnd.randint(-5, 5), rnd.randint(1, 4))

        self.size = size
        rows = [[number() for _ in range(size)] for _ in range(size)]
        self.matrices = {
            "L": [
                [
                    rows[i][j] if j < i else Fraction(i == j) * (1 + number() ** 2)
                    for j in range(size)
                ]
                for i in range(size)
            ]
        }
        gram = product(rows, transpose(rows))
        self.matrices["P"] = [[gram[i][j] + (i == j) for j in range(size)] for i in range(size)]
        self.vectors = {name: [number() for _ in range(size)] for name in "vw"}
        self.s = 1 + number() ** 2

    def scalar(self, term: Any) -> Fraction:
        if isinstance(term, int):
            return Fraction(term)
        known = {"param": self.s, "size": Fraction(self.size)}
        return Fraction(*term[1:]) if term[0] == "frac" else known[term[0]]

    def matrix(self, term: Any) -> Matrix:
        head, rest = term[0], term[1:]
        if head == "mat":
            return self.matrices[rest[0]]
        if head == "scaled":
            return scaled(self.scalar(rest[0]), self.matrix(rest[1]))
        parts = [self.matrix(part) for part in rest]
        if head == "matmul":
            return reduce(product, parts)
        return inverse(parts[0]) if head == "inverse" else transpose(parts[0])

    def word(self, atom: Any) -> Matrix:
        found = []
        for k, body in enumerate(atom.bodies):
            ((mono, _),) = body
            ((letter, _),) = mono
            one = self.matrices[letter.label]
            one = inverse(one) if atom.label[2 * k] == "-" else one
            found.append(transpose(one) if atom.label[2 * k + 1] == "T" else one)
        return reduce(product, found)

    def value(self, poly: Any, names: dict[int, int] | None = None) -> Fraction:
        total = Fraction(0)
        for mono, coefficient in poly.items() if isinstance(poly, dict) else poly:
            for atom, exponent in mono:
                coefficient *= self.atom(atom, names or {}) ** int(exponent)
            total += coefficient
        return total

    def atom(self, atom: Any, names: dict[int, int]) -> Fraction:
        ids = [names[i] for i in atom.ids]
        match atom.head:
            case "size":
                return Fraction(self.size)
            case "integer":
                return Fraction(int(atom.label))
            case "delta":
                return Fraction(ids[0] == ids[1])
            case "param":
                return self.vectors[atom.label][ids[0]] if ids else self.s
            case "trace":
                return sum(self.word(atom)[i][i] for i in range(self.size))
            case "entry" | "symmetric":
                return self.word(atom)[ids[0]][ids[1]]
            case "measure":
                total = [names]
                for name, _ in atom.binders:
                    total = [old | {name: k} for old in total for k in range(self.size)]
                return sum(self.value(atom.bodies[0], each) for each in total)
        raise KeyError(atom.head)

    def exp_of_logs(self, poly: dict) -> Fraction:
        """exp of a sum of integer multiples (perhaps times the size) of logs and log dets."""
        total = Fraction(1)
        for mono, coefficient in poly.items():
            power, base = coefficient, Fraction(1)
            for atom, _ in mono:
                if atom.head == "size":
                    power *= self.size
                elif atom.head == "logdet":
                    base = determinant(self.word(atom))
                else:
                    base = self.value(atom.bodies[0])
            total *= base ** int(power)
        return total


BENCH = Bench(entropysym.checker, workbench())
MODEL = {
    **BENCH.raw["statement"]["model"],
    "networks": [],
    "sizes": ["H"],
    "parameters": [
        p for p in BENCH.raw["statement"]["model"]["parameters"] if p["name"] in ("L", "P", "s")
    ],
}
CASES = [(size, seed) for size in (1, 2, 3) for seed in range(60)]


def vector(name: str) -> list:
    return ["vec", "H", ["param", name, 0]]


@pytest.mark.parametrize(("size", "seed"), CASES)
def test_traces_forms_and_determinants_are_exact(size, seed):
    rnd = Random(seed)
    world, term = World(size, rnd), random_matrix(MODEL, rnd, (), "H", 4)
    matrix = world.matrix(term)
    polynomial = BENCH.polynomial
    BENCH.work.left = BENCH.work.budget
    assert world.value(polynomial(["trace", term])) == sum(matrix[i][i] for i in range(size))
    v, w = world.vectors["v"], world.vectors["w"]
    form = sum(v[i] * matrix[i][j] * w[j] for i in range(size) for j in range(size))
    assert world.value(polynomial(["quad", vector("v"), term, vector("w")])) == form
    assert world.exp_of_logs(polynomial(["logdet", term])) == determinant(matrix)
    assert determinant(matrix) > 0


@pytest.mark.parametrize(("size", "seed"), CASES)
def test_a_word_is_positive_definite_when_it_is_said_to_be(size, seed):
    rnd = Random(seed)
    world, term = World(size, rnd), random_matrix(MODEL, rnd, (), "H", 3)
    kernel = entropysym.checker.kernel
    word = kernel.evaluate.matrix(BENCH.site, term).word
    if not kernel.matrices.surely_posdef(word):
        return
    matrix = world.matrix(term)
    assert matrix == transpose(matrix)
    leading = [[row[: k + 1] for row in matrix[: k + 1]] for k in range(size)]
    assert all(determinant(corner) > 0 for corner in leading)
