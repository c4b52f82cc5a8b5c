"""Numbers for all that a printed theory declares, drawn by what it says of each: the theorem is then a statement about floats.

The law of the outcomes is that of a few, each with its weight. It is read from the text alone, so that what was tampered with is read as it stands.
"""

import math
import re
import zlib
from dataclasses import dataclass

import numpy as np

from tests.export.reading import definitions, term_of

#: Outcomes of each law; sizes are different, so that D in the place of H is seen.
OUTCOMES = 3
#: Entries of an input that a network reads; no size is smaller.
READ = 2


@dataclass(frozen=True)
class Instance:
    """A printed theory in numbers: its definitions, its parameters, and the residuals of its theorem."""

    defined: dict
    moved: dict
    parameters: dict

    def at(self, name, t=0.0):
        """What is defined, at the parameters of the curve."""
        return self.defined[name](self.curve(t))

    def curve(self, t):
        return {name: field({**self.defined, "p": self.parameters, "t": t}) for name, field in self.moved.items()}  # fmt: skip

    def residuals(self):
        """Of the derivative along the curve, and of the closed form; with the size of what was compared."""
        optimised = "objective" if "objective" in self.defined else "ELBO"
        here = {n: self.defined[n](self.parameters) for n in ("ELBO", "entropy_sum", "closed_form")}
        here["entropy_sum"] += (
            self.defined["excess"](self.parameters) if "excess" in self.defined else 0.0
        )
        slope = _slope(lambda t: self.at(optimised, t))
        size = 1 + max(map(abs, here.values()))
        return (
            abs(slope - (here["ELBO"] - here["entropy_sum"])) / size,
            abs(here["entropy_sum"] - here["closed_form"]) / size,
        )


def _slope(f, h=2e-3):
    """The derivative at 0 by differences of sixth order."""
    weights = (3 / 4, -3 / 20, 1 / 60)
    return sum(w * (f(k * h) - f(-k * h)) for k, w in enumerate(weights, 1)) / h


def instance(text, seed=1):
    """Numbers for a printed theory."""
    plain = re.sub(r"\(\*.*?\*\)", "", text, flags=re.S)
    head = plain[: plain.index("Variable p : parameters")]
    sizes = {s: READ + k % 3 for k, s in enumerate(_sizes(head))}
    draw = _Draw(seed, _kinds(head), sizes)
    given = {**sizes, "expect": lambda law: lambda f: math.fsum(w * f(o) for o, w in law)}
    for name in re.findall(r"\((E\w*) : law outcome\w*\)", head):
        given[name] = [*zip(range(OUTCOMES), draw.weights(name), strict=True)]
    for word, size in re.findall(r"\((det|inverse)_(\w+) :", head):
        if size in sizes:
            given[f"{word}_{size}"] = _matrix_function(word, size, sizes)
    fields = re.search(r"Record parameters := Parameters \{(.*?)\}", head, re.S)[1]
    parameters = {}
    for name, kind in re.findall(r"(\w+)\s+:\s+([^;]+)", fields):
        parameters[name] = draw.array(name, kind.count("nat"))
        given[name] = (lambda n: lambda p: p[n])(name)
    for names, kind in re.findall(r"^Variables? ([\w ]+) : (.*?)\.", head, re.M | re.S):
        for name in names.split() if kind != "nat" else ():
            given[name] = draw.variable(name, " ".join(kind.split()))
    given["p"] = parameters
    move = re.search(r"Definition move .*? := \{\|(.*?)\|\}", head, re.S)[1]
    moved = {n: term_of(body) for n, body in re.findall(r"(\w+) := (.*?)(?=; \w+ :=|$)", " ".join(move.split()))}  # fmt: skip
    return Instance(definitions(head, given), moved, parameters)


def _sizes(head):
    return [
        s for line in re.findall(r"^Variables ([\w ]+) : nat\.", head, re.M) for s in line.split()
    ]


def _kinds(head):
    """Name -> where its values lie, from the premises."""
    record = re.search(r"^Record in_range .*?\}\.", head, re.M | re.S)[0]
    said = (
        (r"\b(posdef|triangular|simplex|onehot) (\w+) \((\w+)", lambda m: (m[3], (m[1], m[2]))),
        (r"\b(simplex|onehot) (\w+) (\w+)$", lambda m: (m[3], (m[1], m[2]))),
        (r"\b(binary|count) \((\w+)", lambda m: (m[2], (m[1], ""))),
        (r"0 < (\w+)[^<]* < 1", lambda m: (m[1], ("unit", ""))),
        (r"0 <=? (\w+)", lambda m: (m[1], ("positive", ""))),
    )
    kinds = {}
    for field, words in re.findall(r"^  (\w+) : (.*?)(?=;$| \}\.)", record, re.M | re.S):
        if field.startswith(("range_", "support_")):
            last = " ".join(words.split()).split("-> ")[-1].split(", ")[-1]
            name, kind = next(make(m) for pattern, make in said if (m := re.search(pattern, last)))
            kinds[name] = kind
    return kinds


class _Draw:
    """Values that depend on the seed, a name and indices alone."""

    def __init__(self, seed, kinds, sizes):
        self.seed, self.kinds, self.sizes = seed, kinds, sizes

    def normal(self, *what):
        return np.random.default_rng([self.seed, zlib.crc32(repr(what).encode())]).normal()

    def weights(self, name):
        found = [math.exp(self.normal("weight", name, o)) for o in range(OUTCOMES)]
        return [w / sum(found) for w in found]

    def value(self, name, indices, moved=0.0):
        """A number in the range of the name; `moved` is what a network reads."""
        kind, size = self.kinds.get(name, ("", ""))
        n = self.sizes.get(size, 0)
        u = 0.6 * self.normal(name, *indices) + moved
        match kind:
            case "positive":
                return math.exp(u)
            case "unit":
                return 1 / (1 + math.exp(-u))
            case "binary":
                return float(u > 0)
            case "count":
                return float(abs(int(3 * u)))
            case "onehot":
                return float(
                    zlib.crc32(repr((self.seed, name, indices[:-1])).encode()) % n == indices[-1]
                )
            case "simplex":
                exps = [
                    math.exp(0.6 * self.normal(name, *indices[:-1], k) + moved * (k + 1))
                    for k in range(n)
                ]
                return exps[indices[-1]] / sum(exps) if indices[-1] < n else 0.0
            case "triangular":
                i, j = indices
                return math.exp(u) if i == j else u if i > j else 0.0
            case "posdef":
                rows = np.array(
                    [[self.normal(name, *indices[:-2], i, k) for k in range(n)] for i in range(n)]
                )
                return float((rows @ rows.T + np.eye(n))[indices[-2], indices[-1]])
        return u

    def array(self, name, depth, before=(), moved=0.0):
        if depth == 0:
            return self.value(name, before, moved)
        return lambda i: self.array(name, depth - 1, (*before, i), moved)

    def variable(self, name, kind):
        """A network, a variable, an entropy, or a function of one number, by its type."""
        if kind == "R -> R":
            return FUNCTIONS[name]
        inputs, depth = kind.count("(nat -> R) ->"), kind.replace("(nat -> R)", "").count("nat")
        depth += "outcome" in kind
        return self._network(name, inputs, depth) if inputs else self.array(name, depth)

    def _network(self, name, inputs, depth, read=0.0):
        if inputs == 0:
            return self.array(name, depth, moved=read)
        weight = [self.normal("weight", name, inputs, k) for k in range(READ)]
        return lambda v: self._network(
            name, inputs - 1, depth, read + math.tanh(sum(w * v(k) for k, w in enumerate(weight)))
        )


def _loggamma(a):
    return math.lgamma(a)


def _digamma(a):
    from scipy.special import digamma

    return float(digamma(a))


#: Functions of which a theory knows the derivative alone.
FUNCTIONS = {"loggamma": _loggamma, "digamma": _digamma}


def _matrix_function(word, size, sizes):
    n = sizes[size]

    def entries(matrix):
        return np.array([[matrix(i)(j) for j in range(n)] for i in range(n)])

    if word == "det":
        return lambda m: float(np.linalg.det(entries(m)))

    def inverse(m):
        found = np.linalg.inv(entries(m))
        return lambda i: lambda j: float(found[i, j])

    return inverse
