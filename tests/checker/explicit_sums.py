"""Terms and polynomials as floating-point numbers, by explicit loops over tiny sizes.

Written without a look at the checker: a term is evaluated from its JSON, a polynomial from its
atoms. Expectations run over a few nodes with weights (any law will do, all algebra is linear);
noise runs over Gauss-Hermite nodes, which integrate polynomials of degree 7 exactly.
"""

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

    def network(self, name: str, indices: tuple[int, ...], inputs: list[np.ndarray]) -> float:
        net = next(net for net in self.model["networks"] if net["name"] == name)
        seed = sum(ord(c) * 31**k for k, c in enumerate(name)) + sum(
            7 * (k + 1) * i for k, i in enumerate(indices)
        )
        out = math.sin(seed)
        for k, vector in enumerate(inputs):
            out += sum(math.cos(seed + k + j) * math.tanh(v) for j, v in enumerate(vector))
        return out if net["range"] == "real" else math.exp(out / 2)

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
        arrays[p["name"]] = array if p["range"] == "real" else np.exp(array)
    return World(
        model=model,
        certificates=document["certificates"],
        direction=document["statement"]["direction"],
        reparametrised=any(step["rule"] == "reparametrise" for step in document["steps"]),
        sizes=sizes,
        arrays=arrays,
        data=rng.uniform(-1.5, 1.5, (DATA, sizes[model["observed"]])),
        latents=rng.uniform(-1.5, 1.5, (DATA, 3, sizes[model["latent"]])),
    )


def _family(w: World, role: str, key: str, scope: tuple, var: float | None = None) -> float:
    factor = w.model[role]
    family = w.model["families"][factor["family"]]
    names = [argument["name"] for argument in family["arguments"]]
    given = [number(w, term, scope) for term in factor["arguments"]]
    bindings = dict(zip(names, given, strict=True))
    if var is not None:
        bindings[""] = var
    body = w.certificates[factor["family"]]["entropy"] if key == "entropy" else family[key]
    return number(w, body, (), bindings)


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
        location = np.array([_family(w, "encoder", "location", (n, h)) for h in size])
        scale = np.array([_family(w, "encoder", "scale", (n, h)) for h in size])
        return sum(p * sub(rest[1], (location + scale * eps, eps)) for p, eps in w.noises())
    if head == "add":
        return sum(sub(t) for t in rest)
    if head == "mul":
        return math.prod(sub(t) for t in rest)
    if head == "pow":
        return sub(rest[0]) ** number(w, rest[1])
    if head in ("log", "exp"):
        return getattr(math, head)(sub(rest[0]))
    if head == "logp":
        latent = at(rest[-1])
        if rest[0] == "prior":
            size = range(w.sizes[w.model["latent"]])
            return sum(_family(w, "prior", "log_density", (h,), latent[0][h]) for h in size)
        x = w.data[at(rest[1])]
        return sum(_family(w, "decoder", "log_density", (latent, d), x[d]) for d in range(len(x)))
    if head == "H":
        size = w.model["observed" if rest[0] == "decoder" else "latent"]
        places = tuple(at(i) for i in rest[1:])
        return sum(_family(w, rest[0], "entropy", (*places, k)) for k in range(w.sizes[size]))
    if head == "elbo":
        parts = [["H", "encoder", 0], *(["expect", 0, t] for t in LOGS)]
        return sub(["mean", ["add", *parts]])
    if head == "D":
        step = 1e-3
        near, far = (
            number(replace(w, step=s * step), rest[0], scope, bindings)
            - number(replace(w, step=-s * step), rest[0], scope, bindings)
            for s in (1, 2)
        )
        return (8 * near - far) / (12 * step)
    if head == "var":
        return (bindings or {})[""]
    if head == "arg":
        return (bindings or {})[rest[0]]
    raise KeyError(head)


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
    if head in ("z", "eps"):
        return float(ids[0][ids[1]])
    if head == "delta":
        return float(ids[0] == ids[1])
    if head in ("log", "exp"):
        return getattr(math, head)(value(w, atom.bodies[0], names))
    if head == "root":
        return value(w, atom.bodies[0], names)
    if head == "net":
        inputs = []
        for body in atom.bodies:
            ((mono, _),) = body
            ((vector, _),) = mono
            ((name, kind),) = vector.binders
            loop = range(w.sizes[kind[1]])
            inputs.append(np.array([value(w, vector.bodies[0], names | {name: k}) for k in loop]))
        return w.network(atom.label, tuple(ids), inputs)
    if head == "measure":
        order = sorted(
            atom.binders, key=lambda b: b[1][0] == "latent"
        )  # a datum before its latents
        return _measure(w, list(order), atom.bodies[0], names)
    raise KeyError(head)


def _measure(w: World, binders: list, body: Any, names: dict[int, Any]) -> float:
    if not binders:
        return value(w, body, names)
    (name, (tag, size, datum)), *others = binders
    if tag == "index":
        return sum(_measure(w, others, body, names | {name: k}) for k in range(w.sizes[size]))
    if tag == "datum":
        return sum(_measure(w, others, body, names | {name: n}) for n in range(DATA)) / DATA
    if tag == "latent":
        nodes = w.latents[names[datum]]
        return sum(_measure(w, others, body, names | {name: z}) for z in nodes) / len(nodes)
    return sum(p * _measure(w, others, body, names | {name: eps}) for p, eps in w.noises())
