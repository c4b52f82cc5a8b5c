"""Terms and polynomials as floating-point numbers, by explicit loops over tiny sizes.

Written without a look at the checker: a term is evaluated from its JSON, a polynomial from its
atoms. There is one expectation, over the latents of all data at once. It runs over a few nodes with
weights, each of which has a latent for every datum (any law will do, all algebra is linear); noise
runs over the products of Gauss-Hermite nodes, which integrate polynomials of degree 7 exactly.
"""

import functools
import itertools
import json
import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

LATENT = "z"
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(4)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


@dataclass(frozen=True)
class World:
    """Concrete sizes and numbers for the symbols of one model record."""

    model: dict
    certificates: dict
    direction: dict
    objective: Any
    reparametrised: bool
    sizes: dict[str, int]
    arrays: dict[str, np.ndarray]
    data: dict[str, np.ndarray]
    latents: dict[str, np.ndarray]  # each with one axis more, the first: the node
    step: float = 0.0  # parameters are moved this far along the direction
    drawn: dict[str, np.ndarray] = field(default_factory=dict)  # under an expectation
    noise: dict[str, np.ndarray] = field(default_factory=dict)

    def parameter(self, name: str, indices: tuple[int, ...]) -> float:
        value = float(self.arrays[name][indices])
        if self.step and name in self.direction:
            still = replace(self, step=0.0)
            value += self.step * number(still, self.direction[name], indices)
        return value

    def matrix(self, name: str) -> np.ndarray:
        value = self.arrays[name]
        if self.step and name in self.direction:
            still = replace(self, step=0.0)
            value = value + self.step * matrix(still, self.direction[name])
        return value

    def matrix_network(self, name: str, inputs: list[np.ndarray]) -> np.ndarray:
        net = next(net for net in self.model["networks"] if net["name"] == name)
        size = range(self.sizes[net["plates"][0]])
        square = [[self.network(name, (i, j), inputs) for j in size] for i in size]
        return _ranged(np.array(square), net["range"])

    def network(self, name: str, indices: tuple[int, ...], inputs: list[np.ndarray]) -> float:
        net = next(net for net in self.model["networks"] if net["name"] == name)
        seed = sum(ord(c) * 31**k for k, c in enumerate(name)) + sum(
            7 * (k + 1) * i for k, i in enumerate(indices)
        )
        out = math.sin(seed)
        for k, vector in enumerate(inputs):
            out += sum(math.cos(seed + k + j) * math.tanh(v) for j, v in enumerate(vector))
        return math.exp(out / 2) if net["range"] == "positive" else out

    def factor(self, name: str) -> dict:
        return next(f for f in (*self.model["p"], *self.model["q"]) if f["name"] == name)

    def shape(self, name: str) -> list[int]:
        found = next(v for v in self.model["variables"] if v["name"] == name)
        return [self.sizes[size] for size in found["plates"]]

    def noises(self) -> list[tuple[float, dict[str, np.ndarray]]]:
        """Noise for every entry of the latent of every datum, with its probability."""
        shape = self.shape(LATENT)
        picks = itertools.product(range(len(NODES)), repeat=math.prod(shape))
        return [
            (float(np.prod(WEIGHTS[list(p)])), {LATENT: NODES[list(p)].reshape(shape)})
            for p in picks
        ]

    def draws(self) -> list[tuple[float, "World"]]:
        """The worlds that an expectation runs over, with their probabilities."""
        if not self.reparametrised:
            count = len(self.latents[LATENT])
            nodes = ({LATENT: self.latents[LATENT][k]} for k in range(count))
            return [(1 / count, replace(self, drawn=node)) for node in nodes]
        places = list(np.ndindex(*self.shape(LATENT)))
        location, scale = (
            np.array([_normal(self, key, place) for place in places]).reshape(self.shape(LATENT))
            for key in ("location", "scale")
        )
        return [
            (p, replace(self, drawn={LATENT: location + scale * eps[LATENT]}, noise=eps))
            for p, eps in self.noises()
        ]


def world(document: dict, seed: int, sizes: dict[str, int] | None = None) -> World:
    rng = np.random.default_rng(seed)
    model = document["statement"]["model"]
    sizes = sizes or {size: 2 + (k % 2) for k, size in enumerate(model["sizes"][::-1])}
    arrays = {}
    for p in model["parameters"]:
        array = rng.uniform(-1.2, 1.2, [sizes[s] for s in p["plates"]])
        arrays[p["name"]] = _ranged(array, p["range"])
    data, latents = {}, {}
    for variable in model["variables"]:
        shape = [sizes[size] for size in variable["plates"]]
        if variable["role"] == "latent":
            latents[variable["name"]] = rng.uniform(-1.5, 1.5, (3, *shape))
        else:
            data[variable["name"]] = rng.uniform(-1.5, 1.5, shape)
    return World(
        model=model,
        certificates=document["certificates"],
        direction=document["statement"]["direction"],
        objective=document["statement"]["objective"],
        reparametrised=any(step["rule"] == "reparametrise" for step in document["steps"]),
        sizes=sizes,
        arrays=arrays,
        data=data,
        latents=latents,
    )


def _ranged(array: np.ndarray, range: str) -> np.ndarray:
    if range == "posdef":
        return array @ array.T + np.eye(len(array))
    if range == "triangular":
        return np.tril(array, -1) + np.diag(np.exp(np.diag(array)))
    return array if range == "real" else np.exp(array)


def _arguments(w: World, factor: dict, datum: int, place: tuple, size: int) -> dict:
    """The factor's arguments at one place, or (without one) as arrays."""
    found: dict[str, Any] = {"dim": size}
    declared = w.model["families"][factor["family"]]["arguments"]
    for argument, term in zip(declared, factor["arguments"], strict=True):
        if argument["range"] == "posdef":
            value: Any = matrix(w, term, (datum,))
        elif argument["range"] == "vector":
            value = np.array([number(w, term[2], (datum, i)) for i in range(size)])
        else:
            value = number(w, term, (datum, *place))
        found[argument["name"]] = value
    return found


def _family(w: World, name: str, key: str, datum: int) -> float:
    """A factor's density, base measure or entropy at a datum, by a loop over its plate."""
    factor = w.factor(name)
    family = w.model["families"][factor["family"]]
    body = w.certificates[factor["family"]]["entropy"] if key == "entropy" else family[key]
    (of,) = factor["of"]
    size = w.shape(of)[1]
    whole = any(a["range"] in ("vector", "posdef") for a in family["arguments"])
    total = 0.0
    for k in [None] if whole else range(size):
        place = () if k is None else (k,)
        plain = key == "log_base_measure" and '"arg"' not in json.dumps(body)
        bindings = {"dim": size} if plain else _arguments(w, factor, datum, place, size)
        if key != "entropy":
            var = (w.data | w.drawn)[of][datum]
            bindings |= {"": var if k is None else var[k]}
        total += number(w, body, (), bindings)
    return total


def _normal(w: World, key: str, place: tuple) -> float:
    """The location or scale of the latent at one place."""
    factor = next(f for f in w.model["q"] if f["of"] == [LATENT])
    family = w.model["families"][factor["family"]]
    return number(w, family[key], (), _arguments(w, factor, place[0], place[1:], 0))


def matrix(w: World, term: Any, scope: tuple = (), bindings: dict | None = None) -> np.ndarray:
    head, rest = term[0], term[1:]
    if head == "mat":
        return w.matrix(rest[0])
    if head == "arg":
        return (bindings or {})[rest[0]]
    if head == "matnet":
        loops = [(v[2], range(w.sizes[v[1]])) for v in rest[1]]
        inputs = [
            np.array([number(w, body, (*scope, k), bindings) for k in loop]) for body, loop in loops
        ]
        return w.matrix_network(rest[0], inputs)
    if head == "scaled":
        return number(w, rest[0], scope, bindings) * matrix(w, rest[1], scope, bindings)
    parts = [matrix(w, t, scope, bindings) for t in rest]
    if head == "inverse":
        return np.linalg.inv(parts[0])
    if head == "transposed":
        return parts[0].T
    return functools.reduce(np.matmul, parts)


def number(w: World, term: Any, scope: tuple = (), bindings: dict | None = None) -> float:
    """The value of a stored term; an index or a datum is an int."""
    if isinstance(term, int):
        return float(term)

    def sub(t: Any, *more: Any) -> float:
        return number(w, t, scope + more, bindings)

    def at(i: int) -> Any:
        return scope[-1 - i]

    head, rest = term[0], term[1:]
    if head == "frac":
        return rest[0] / rest[1]
    if head in ("pi", "e"):
        return getattr(math, head)
    if head == "size":
        return float(w.sizes[rest[0]])
    if head == "param":
        return w.parameter(rest[0], tuple(at(i) for i in rest[1:]))
    if head == "net":
        inputs = [np.array([sub(v[2], k) for k in range(w.sizes[v[1]])]) for v in rest[2]]
        return w.network(rest[0], tuple(at(i) for i in rest[1]), inputs)
    if head == "v":
        return float((w.data | w.drawn)[rest[0]][tuple(at(i) for i in rest[1:])])
    if head == "eps":
        return float(w.noise[rest[0]][tuple(at(i) for i in rest[1:])])
    if head == "sum":
        return sum(sub(rest[1], k) for k in range(w.sizes[rest[0]]))
    if head == "mean":
        count = w.sizes[rest[0]]
        return sum(sub(rest[1], n) for n in range(count)) / count
    if head in ("expect", "reparam"):
        return sum(p * number(at_node, rest[0], scope, bindings) for p, at_node in w.draws())
    if head == "add":
        return sum(sub(t) for t in rest)
    if head == "mul":
        return math.prod(sub(t) for t in rest)
    if head == "pow":
        return sub(rest[0]) ** number(w, rest[1])
    if head in FUNCTIONS:
        return FUNCTIONS[head](sub(rest[0]))
    if head == "logdet":
        return float(np.linalg.slogdet(matrix(w, rest[0], scope, bindings))[1])
    if head == "trace":
        return float(np.trace(matrix(w, rest[0], scope, bindings)))
    if head == "quad":
        square = matrix(w, rest[1], scope, bindings)
        sides = [[sub(v[2], k) for k in range(len(square))] for v in (rest[0], rest[2])]
        return float(np.array(sides[0]) @ square @ np.array(sides[1]))
    if head in OF_FACTORS:
        return _family(w, rest[0], OF_FACTORS[head], at(rest[1]))
    if head == "objective":
        plain = {"weights": {}, "penalty": 0}
        goal = plain if w.objective == "elbo" else w.objective
        total = -number(w, goal["penalty"])
        for name, term in PARTS.items():
            total += number(w, goal["weights"].get(name, 1)) * number(w, ["mean", "N", term])
        return total
    if head == "D":
        step = 1e-3
        near, far = (
            number(replace(w, step=s * step), rest[0], scope, bindings)
            - number(replace(w, step=-s * step), rest[0], scope, bindings)
            for s in (1, 2)
        )
        return (8 * near - far) / (12 * step)
    if head == "dim":
        return float((bindings or {})["dim"])
    if head in ("var", "arg"):
        value, places = (
            ((bindings or {})[""], rest) if head == "var" else (bindings[rest[0]], rest[1:])
        )
        return float(value[tuple(at(i) for i in places)] if places else value)
    raise KeyError(head)


def _softplus(u: float) -> float:
    return max(u, 0.0) + math.log1p(math.exp(-abs(u)))


def _sigmoid(u: float) -> float:
    return 1 / (1 + math.exp(-u)) if u > 0 else math.exp(u) / (1 + math.exp(u))


FUNCTIONS = {"log": math.log, "exp": math.exp, "abs": abs, "loggamma": math.lgamma}
FUNCTIONS |= {"softplus": _softplus, "sigmoid": _sigmoid}
OF_FACTORS = {"logp": "log_density", "logh": "log_base_measure", "H": "entropy"}
PARTS: dict[str, Any] = {
    "encoder": ["H", "encoder", 0],
    "prior": ["expect", ["logp", "prior", 0]],
    "decoder": ["expect", ["logp", "decoder", 0]],
}


def value(w: World, poly: Any, names: dict[int, Any] | None = None) -> float:
    """The value of a polynomial of the checker: a mapping (or a set of pairs) over monomials."""
    names = names or {}
    pairs = poly.items() if isinstance(poly, dict) else poly
    return math.fsum(
        float(c) * math.prod(_atom(w, atom, names) ** float(e) for atom, e in mono)
        for mono, c in pairs
    )


def _atom(w: World, atom: Any, names: dict[int, Any]) -> float:
    ids = [names[i] for i in atom.ids]
    head = atom.head
    if head in ("pi", "e"):
        return getattr(math, head)
    if head == "integer":
        return float(atom.label)
    if head == "size":
        return float(w.sizes[atom.label])
    if head == "param":
        return w.parameter(atom.label, tuple(ids))
    if head == "v":
        return float((w.data | w.latents)[atom.label][tuple(ids)])
    if head == "eps":
        return float(ids[0][atom.label][tuple(ids[1:])])
    if head == "delta":
        return float(ids[0] == ids[1])
    if head in ("log", "exp", "loggamma", "softplus", "sigmoid"):
        return FUNCTIONS[head](value(w, atom.bodies[0], names))
    if head == "abs":
        return math.sqrt(value(w, atom.bodies[0], names))
    if head == "root":
        return value(w, atom.bodies[0], names)
    if head == "net":
        return w.network(atom.label, tuple(ids), _inputs(w, atom, names))
    if head in ("logdet", "trace", "entry", "symmetric"):
        word = _word(w, atom, names)
        if head == "logdet":
            return float(np.linalg.slogdet(word)[1])
        return float(np.trace(word) if head == "trace" else word[tuple(ids)])
    if head == "measure":
        return _measure(w, list(atom.binders), atom.bodies[0], names)
    raise KeyError(head)


def _inputs(w: World, atom: Any, names: dict[int, Any]) -> list[np.ndarray]:
    inputs = []
    for body in atom.bodies:
        ((mono, _),) = body
        ((vector, _),) = mono
        ((name, kind),) = vector.binders
        loop = range(w.sizes[kind[1]])
        inputs.append(np.array([value(w, vector.bodies[0], names | {name: k}) for k in loop]))
    return inputs


def _word(w: World, atom: Any, names: dict[int, Any]) -> np.ndarray:
    """The product of an atom's letters; two characters of the label say how each is meant."""
    factors = []
    for k, body in enumerate(atom.bodies):
        ((mono, _),) = body
        ((letter, _),) = mono
        inputs = _inputs(w, letter, names)
        known = letter.label in w.arrays
        found = w.matrix(letter.label) if known else w.matrix_network(letter.label, inputs)
        inverted, transposed = atom.label[2 * k] == "-", atom.label[2 * k + 1] == "T"
        found = np.linalg.inv(found) if inverted else found
        factors.append(found.T if transposed else found)
    return functools.reduce(np.matmul, factors)


def _measure(w: World, binders: list, body: Any, names: dict[int, Any]) -> float:
    if not binders:
        return value(w, body, names)
    (name, (tag, size)), *others = binders
    if tag == "index":
        return sum(_measure(w, others, body, names | {name: k}) for k in range(w.sizes[size]))
    if tag == "datum":
        data = range(w.sizes[size])
        return sum(_measure(w, others, body, names | {name: n}) for n in data) / len(data)
    if tag == "latent":
        nodes = range(len(w.latents[LATENT]))
        return sum(_measure(w, others, body, names | {name: k}) for k in nodes) / len(nodes)
    return sum(p * _measure(w, others, body, names | {name: eps}) for p, eps in w.noises())
