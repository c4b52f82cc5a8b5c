"""Terms and polynomials as floating-point numbers, by explicit loops over tiny sizes.

Written without a look at the checker: a term is evaluated from its JSON, a polynomial from its
atoms. Expectations run over a few nodes with weights (any law will do, all algebra is linear);
noise runs over Gauss-Hermite nodes, which integrate polynomials of degree 7 exactly.
"""

import functools
import itertools
import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

DATA = 2
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
    data: np.ndarray
    latents: np.ndarray  # datum, node, latent
    step: float = 0.0  # parameters are moved this far along the direction
    vectors: dict[str, np.ndarray] = field(default_factory=dict)

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

    def noises(self) -> list[tuple[float, np.ndarray]]:
        size = self.sizes[self.model["latent"]]
        picks = itertools.product(range(len(NODES)), repeat=size)
        return [(float(np.prod(WEIGHTS[list(p)])), NODES[list(p)]) for p in picks]


def world(document: dict, seed: int, sizes: dict[str, int] | None = None) -> World:
    rng = np.random.default_rng(seed)
    model = document["statement"]["model"]
    sizes = sizes or {size: 2 + (k % 2) for k, size in enumerate(model["sizes"][::-1])}
    arrays = {}
    for p in model["parameters"]:
        array = rng.uniform(-1.2, 1.2, [sizes[s] for s in p["plates"]])
        arrays[p["name"]] = _ranged(array, p["range"])
    return World(
        model=model,
        certificates=document["certificates"],
        direction=document["statement"]["direction"],
        objective=document["statement"]["objective"],
        reparametrised=any(step["rule"] == "reparametrise" for step in document["steps"]),
        sizes=sizes,
        arrays=arrays,
        data=rng.uniform(-1.5, 1.5, (DATA, sizes[model["observed"]])),
        latents=rng.uniform(-1.5, 1.5, (DATA, 3, sizes[model["latent"]])),
    )


def _ranged(array: np.ndarray, range: str) -> np.ndarray:
    if range == "posdef":
        return array @ array.T + np.eye(len(array))
    if range == "triangular":
        return np.tril(array, -1) + np.diag(np.exp(np.diag(array)))
    return array if range == "real" else np.exp(array)


def _arguments(w: World, role: str, scope: tuple, place: tuple, size: int) -> dict:
    """The factor's arguments at one place, or (without one) as arrays."""
    factor = w.model[role]
    found: dict[str, Any] = {"dim": size}
    declared = w.model["families"][factor["family"]]["arguments"]
    for argument, term in zip(declared, factor["arguments"], strict=True):
        if argument["range"] == "posdef":
            value: Any = matrix(w, term, scope)
        elif argument["range"] == "vector":
            value = np.array([number(w, term, (*scope, i)) for i in range(size)])
        else:
            value = number(w, term, scope + place)
        found[argument["name"]] = value
    return found


def _family(w: World, role: str, key: str, scope: tuple, var: Any = None) -> float:
    """A factor's density, base measure or entropy, by a loop over its plate."""
    name = w.model[role]["family"]
    family = w.model["families"][name]
    size = w.sizes[w.model["observed" if role == "decoder" else "latent"]]
    body = w.certificates[name]["entropy"] if key == "entropy" else family[key]
    whole = any(a["range"] in ("vector", "posdef") for a in family["arguments"])
    total = 0.0
    for k in [None] if whole else range(size):
        place = () if k is None else (k,)
        bindings = {} if scope is None else _arguments(w, role, scope, place, size)
        if var is not None:
            bindings |= {"": var if k is None else var[k], "dim": size}
        total += number(w, body, (), bindings)
    return total


def _normal(w: World, key: str, scope: tuple) -> float:
    """The encoder's location or scale at one place."""
    family = w.model["families"][w.model["q"][0]["family"]]
    return number(w, family[key], (), _arguments(w, "encoder", scope[:1], scope[1:], 0))


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
    """The value of a stored term; an index is an int, a datum an int, a latent a pair (z, eps)."""
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
    if head == "x":
        return float(w.data[at(rest[0]), at(rest[1])])
    if head in ("z", "eps"):
        return float(at(rest[0])[head == "eps"][at(rest[1])])
    if head == "sum":
        return sum(sub(rest[1], k) for k in range(w.sizes[rest[0]]))
    if head == "mean":
        return sum(sub(rest[0], n) for n in range(DATA)) / DATA
    if head in ("expect", "reparam"):
        n = at(rest[0])
        if not w.reparametrised:
            return sum(sub(rest[1], (z, None)) for z in w.latents[n]) / len(w.latents[n])
        size = range(w.sizes[w.model["latent"]])
        location = np.array([_normal(w, "location", (n, h)) for h in size])
        scale = np.array([_normal(w, "scale", (n, h)) for h in size])
        return sum(p * sub(rest[1], (location + scale * eps, eps)) for p, eps in w.noises())
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
    if head == "logp":
        latent = at(rest[-1])
        if rest[0] == "prior":
            return _family(w, "prior", "log_density", (), latent[0])
        return _family(w, "decoder", "log_density", (latent,), w.data[at(rest[1])])
    if head == "logh":
        drawn = at(rest[1])[0] if rest[0] == "prior" else w.data[at(rest[1])]
        return _family(w, rest[0], "log_base_measure", None, drawn)
    if head == "H":
        return _family(w, rest[0], "entropy", tuple(at(i) for i in rest[1:]))
    if head == "objective":
        terms = [["H", "encoder", 0], *(["expect", 0, t] for t in LOGS)]
        q, prior, decoder = (number(w, ["mean", t]) for t in terms)
        if w.objective == "elbo":
            return q + prior + decoder
        weight, penalty = number(w, w.objective["weight"]), number(w, w.objective["penalty"])
        return weight * (q + prior) + decoder - penalty
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
LOGS = [["logp", "prior", 0], ["logp", "decoder", 1, 0]]


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
    if head == "x":
        return float(w.data[ids[0], ids[1]])
    if head == "z":
        return float(w.latents[ids[1], ids[0], ids[2]])
    if head == "eps":
        return float(ids[0][ids[2]])
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
        return sum(_measure(w, others, body, names | {name: n}) for n in range(DATA)) / DATA
    if tag == "latent":
        nodes = range(w.latents.shape[1])  # one number for the latents of all data
        return sum(_measure(w, others, body, names | {name: k}) for k in nodes) / len(nodes)
    return sum(p * _measure(w, others, body, names | {name: eps}) for p, eps in w.noises())
