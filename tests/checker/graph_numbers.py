"""The ELBO and the entropy sum as numbers, by explicit sums over all values of all discrete latents.

Two ways that know nothing of each other: `Numbers` evaluates the terms that the kernel builds, from
their JSON; the functions in `DIRECT` are E_q[log p(everything) - log q(everything)] divided by the
number of data, written out for each model. What no equality of the kernel tests is seen here: the
weight, the plates and the average of each entropy, and 1/N for what is global.
"""

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]
STEP = 1e-4
DENSITY = {"logp": "log_density", "logh": "log_base_measure"}


@dataclass(frozen=True)
class Numbers:
    """A model record with numbers for everything; `joint` lists all values of all latents, each with
    its probability under q."""

    model: dict
    certificates: dict
    sizes: dict[str, int]
    arrays: Arrays  # parameters and data
    networks: dict[str, Callable]
    joint: list[tuple[float, Arrays]]
    entropies: dict[str, Any]  # of a factor of any law: a number, or one for each datum
    scope: tuple[int, ...] = ()
    drawn: Arrays | None = None
    family: dict = field(default_factory=dict)  # inside one: "var", the arguments, "dim"

    def under(self, index: int) -> "Numbers":
        return replace(self, scope=(*self.scope, index))

    def indices(self, positions: list[int]) -> tuple[int, ...]:
        return tuple(self.scope[-1 - position] for position in positions)

    def size(self, name: str) -> int:
        return self.family["dim"] if name == "dim" else self.sizes[name]

    def value(self, term: Any) -> float:
        if isinstance(term, int):
            return float(term)
        match term:
            case ["frac", p, q]:
                return p / q
            case ["pi"]:
                return math.pi
            case ["e"]:
                return math.e
            case ["size", name]:
                return float(self.sizes[name])
            case ["param", name, *positions]:
                return float(self.arrays[name][self.indices(positions)])
            case ["net", name, positions, vectors]:
                inputs = [self.vector(raw) for raw in vectors]
                return float(self.networks[name](*inputs)[self.indices(positions)])
            case ["v", name, *positions]:
                return self.variable(name, self.indices(positions))
            case ["var" | "arg", *_]:
                name, positions = ("var", term[1:]) if term[0] == "var" else (term[1], term[2:])
                found = self.family[name]
                return float(found[self.indices(positions)] if positions else found)
            case ["sum", size, body]:
                return sum(self.under(i).value(body) for i in range(self.size(size)))
            case ["mean", plate, body]:
                each = [self.under(i).value(body) for i in range(self.sizes[plate])]
                return sum(each) / len(each)
            case ["expect", body]:
                return sum(w * replace(self, drawn=drawn).value(body) for w, drawn in self.joint)
            case ["add", *parts]:
                return sum(map(self.value, parts))
            case ["mul", *parts]:
                return math.prod(map(self.value, parts))
            case ["pow", base, exponent]:
                return self.value(base) ** self.value(exponent)
            case ["log", inner]:
                return math.log(self.value(inner))
            case ["exp", inner]:
                return math.exp(self.value(inner))
            case ["loggamma", inner]:
                return math.lgamma(self.value(inner))
            case ["logp" | "logh" | "H", name, *positions]:
                return self.factor(term[0], name, self.indices(positions))
        raise ValueError(f"no number: {term}")

    def vector(self, raw: list) -> np.ndarray:
        size = self.family["dim"] if raw[1] == "dim" else self.sizes[raw[1]]
        return np.array([self.under(i).value(raw[2]) for i in range(size)])

    def variable(self, name: str, indices: tuple[int, ...]) -> float:
        if name in self.model["lags"]:
            lag, base = self.model["lags"][name], name.removesuffix("@-1")
            plates = next(v["plates"] for v in self.model["variables"] if v["name"] == base)
            k = plates.index(lag["plate"])
            before = indices[k] - 1
            if before < 0:
                return self.variable(lag["start"], (*indices[:k], *indices[k + 1 :]))
            return self.variable(base, (*indices[:k], before, *indices[k + 1 :]))
        declared = next(v for v in self.model["variables"] if v["name"] == name)
        if declared["role"] != "latent":
            return float(self.arrays[name][indices])
        if self.drawn is None:
            raise ValueError(f"{name} outside of an expectation")
        return float(self.drawn[name][indices])

    def factor(self, kind: str, name: str, data: tuple[int, ...]) -> float:
        """log p or H of one factor, summed over the plates inside the datum and over the classes."""
        one = next(f for f in (*self.model["p"], *self.model["q"]) if f["name"] == name)
        if one["family"] == "any":
            return float(np.asarray(self.entropies[name])[data])
        family = self.model["families"][one["family"]]
        wide = one["family"] == "categorical"
        variables = {v["name"]: v for v in self.model["variables"]}
        plates = variables[one["of"][0]]["plates"]
        outer = plates[: len(plates) - wide]
        chosen = variables[one["select"].removesuffix("@-1")] if one["select"] else None
        classes = self.sizes[chosen["plates"][-1]] if chosen else 1
        result = 0.0
        for inner in itertools.product(*(range(self.sizes[s]) for s in outer[len(data) :])):
            indices = (*data, *inner)
            for k in range(classes):
                weight, scope = 1.0, indices
                if chosen:
                    where = dict(zip(outer, indices, strict=True))
                    place = tuple(where[s] for s in chosen["plates"][:-1])
                    weight, scope = self.variable(one["select"], (*place, k)), (*indices, k)
                if weight:
                    result += weight * self.single(kind, one, family, plates, indices, scope, wide)
        return result

    def single(self, kind, one, family, plates, indices, scope, wide) -> float:
        at = replace(self, scope=scope)
        bindings: dict[str, Any] = {"dim": self.sizes[plates[-1]] if wide else 0}
        for declared, term in zip(family["arguments"], one["arguments"], strict=True):
            is_vector = declared["range"] == "simplex"
            bindings[declared["name"]] = at.vector(term) if is_vector else at.value(term)
        if kind == "H":
            inside = replace(self, scope=(), family=bindings)
            return inside.value(self.certificates[one["family"]]["entropy"])
        name = one["of"][0]
        if wide:
            entries = range(bindings["dim"])
            bindings["var"] = np.array([self.variable(name, (*indices, i)) for i in entries])
        else:
            bindings["var"] = self.variable(name, indices)
        return replace(self, scope=(), family=bindings).value(family[DENSITY[kind]])


# The definition, model by model.


def log_normal(x: Any, mu: Any, variance: Any) -> Any:
    return -0.5 * np.log(2 * np.pi * variance) - 0.5 * (x - mu) ** 2 / variance


def log_bernoulli(x: Any, logit: Any) -> Any:
    return x * logit - np.log1p(np.exp(logit))


def entropy(table: np.ndarray) -> float:
    return float(-(table * np.log(table)).sum())


def random_law(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """A positive table that sums to 1 in all."""
    table = rng.random(shape) + 0.1
    return table / table.sum()


def rows(rng: np.random.Generator, *shape: int) -> np.ndarray:
    table = rng.random(shape) + 0.2
    return table / table.sum(-1, keepdims=True)


def binary(*shape: int) -> Iterator[np.ndarray]:
    for bits in itertools.product((0, 1), repeat=math.prod(shape)):
        yield np.array(bits, float).reshape(shape)


@dataclass(frozen=True)
class Example:
    """Numbers of one model: with the parameters moved, `direct` is the ELBO by its definition."""

    document: dict
    numbers: Numbers
    direct: Callable[[Arrays], float]

    def moved(self, step: float) -> Arrays:
        """All parameters moved along the document's direction."""
        arrays = dict(self.numbers.arrays)
        for name, term in self.document["statement"]["direction"].items():
            change = np.zeros_like(arrays[name])
            for place in np.ndindex(change.shape):
                change[place] = replace(self.numbers, scope=place).value(term)
            arrays[name] = arrays[name] + step * change
        return arrays

    def elbo(self) -> float:
        return self.direct(self.numbers.arrays)

    def entropies(self) -> float:
        """F - D F, where D F is a difference of the definition: the entropy sum, by the theorem."""
        ahead, back = (self.direct(self.moved(step)) for step in (STEP, -STEP))
        further, before = (self.direct(self.moved(step)) for step in (2 * STEP, -2 * STEP))
        slope = (8 * (ahead - back) - (further - before)) / (12 * STEP)
        return self.elbo() - slope


def _numbers(document: dict, sizes: dict, arrays: Arrays, joint: list, **more: Any) -> Numbers:
    statement = document["statement"]
    empty: dict[str, Any] = {"networks": {}, "entropies": {}}
    arrays = {name: np.asarray(array, float) for name, array in arrays.items()}
    return Numbers(
        statement["model"], document["certificates"], sizes, arrays, joint=joint, **empty | more
    )


def mixture(document: dict) -> Example:
    rng, n, d, k = np.random.default_rng(1), 3, 2, 2
    arrays = {
        "x": rng.normal(size=(n, d)),
        "pi0": rows(rng, k),
        "m": rng.normal(size=(d, k)),
        "s": rng.random((d, k)) + 0.5,
    }
    r = rows(rng, n, k)
    joint = [
        (math.prod(r[i, c] for i, c in enumerate(classes)), {"c": np.eye(k)[list(classes)]})
        for classes in itertools.product(range(k), repeat=n)
    ]

    def direct(a: Arrays) -> float:
        result = 0.0
        for classes in itertools.product(range(k), repeat=n):
            q = p = 0.0
            for i, c in enumerate(classes):
                q += math.log(r[i, c])
                p += math.log(a["pi0"][c]) + log_normal(a["x"][i], a["m"][:, c], a["s"][:, c]).sum()
            result += math.exp(q) * (p - q)
        return result / n

    sizes = {"N": n, "D": d, "K": k}
    tables = {"posterior": np.array([entropy(row) for row in r])}
    return Example(document, _numbers(document, sizes, arrays, joint, entropies=tables), direct)


def count_mixture(document: dict) -> Example:
    """Counts that no mixture of Poisson laws would give."""
    rng, n, d, k = np.random.default_rng(6), 3, 2, 2
    arrays = {
        "x": rng.integers(0, 9, (n, d)),
        "pi0": rows(rng, k),
        "m": rng.normal(size=(d, k)),
    }
    r, x = rows(rng, n, k), arrays["x"]
    joint = [
        (math.prod(r[i, c] for i, c in enumerate(classes)), {"c": np.eye(k)[list(classes)]})
        for classes in itertools.product(range(k), repeat=n)
    ]
    factorials = np.array([[math.lgamma(count + 1) for count in row] for row in x])

    def direct(a: Arrays) -> float:
        result = 0.0
        for i, c in itertools.product(range(n), range(k)):
            rate = a["m"][:, c]
            log_p = math.log(a["pi0"][c]) + (x[i] * rate - np.exp(rate) - factorials[i]).sum()
            result += r[i, c] * (log_p - math.log(r[i, c]))
        return float(result) / n

    sizes = {"N": n, "D": d, "K": k}
    entropies = {"posterior": np.array([entropy(row) for row in r])}
    return Example(document, _numbers(document, sizes, arrays, joint, entropies=entropies), direct)


def belief_net(document: dict) -> Example:
    """q(z1|x) q(z2|z1), two binary layers."""
    rng, n, d, h, l = np.random.default_rng(2), 2, 2, 2, 1
    arrays = {
        "x": rng.integers(0, 2, (n, d)),
        "b2": rng.normal(size=l),
        "U": rng.normal(size=(h, l)),
        "b1": rng.normal(size=h),
        "W": rng.normal(size=(d, h)),
        "b0": rng.normal(size=d),
    }
    first, second = rng.normal(size=(h, d)), rng.normal(size=(l, h))

    def f1(x: np.ndarray) -> np.ndarray:
        return np.sin(first @ x + 1.0)

    def f2(z: np.ndarray) -> np.ndarray:
        return np.cos(second @ z) + z.sum()

    def log_q(x: np.ndarray, z1: np.ndarray, z2: np.ndarray) -> float:
        return log_bernoulli(z1, f1(x)).sum() + log_bernoulli(z2, f2(z1)).sum()

    x = arrays["x"]
    joint = []
    for z1, z2 in itertools.product(binary(n, h), binary(n, l)):
        log_weight = sum(log_q(x[i], z1[i], z2[i]) for i in range(n))
        joint.append((math.exp(log_weight), {"z1": z1, "z2": z2}))

    def direct(a: Arrays) -> float:
        result = 0.0
        for i in range(n):
            for z1, z2 in itertools.product(binary(h), binary(l)):
                p = log_bernoulli(z2, a["b2"]).sum()
                p += log_bernoulli(z1, a["U"] @ z2 + a["b1"]).sum()
                p += log_bernoulli(a["x"][i], a["W"] @ z1 + a["b0"]).sum()
                q = log_q(a["x"][i], z1, z2)
                result += math.exp(q) * (p - q)
        return result / n

    sizes, networks = {"N": n, "D": d, "H": h, "L": l}, {"f1": f1, "f2": f2}
    return Example(document, _numbers(document, sizes, arrays, joint, networks=networks), direct)


def hidden_markov(document: dict) -> Example:
    """An arbitrary joint law of whole paths, one for each sequence."""
    rng, n, t, d, k = np.random.default_rng(3), 2, 3, 1, 2
    arrays = {
        "x": rng.normal(size=(n, t, d)),
        "pi0": rows(rng, k),
        "A": rows(rng, k, k),
        "m": rng.normal(size=(d, k)),
        "s": rng.random((d, k)) + 0.5,
    }
    tables = [random_law(rng, *[k] * (t + 1)) for _ in range(n)]
    paths = list(itertools.product(range(k), repeat=t + 1))
    one_hot = np.eye(k)
    joint = []
    for chosen in itertools.product(paths, repeat=n):
        weight = math.prod(table[path] for table, path in zip(tables, chosen, strict=True))
        c0 = one_hot[[path[0] for path in chosen]]
        c = one_hot[[list(path[1:]) for path in chosen]]
        joint.append((float(weight), {"c0": c0, "c": c}))

    def direct(a: Arrays) -> float:
        result = 0.0
        for i in range(n):
            for path in paths:
                p = math.log(a["pi0"][path[0]])
                for step in range(t):
                    before, now = path[step], path[step + 1]
                    p += math.log(a["A"][before, now])
                    p += log_normal(a["x"][i, step], a["m"][:, now], a["s"][:, now]).sum()
                q = tables[i][path]
                result += q * (p - math.log(q))
        return float(result) / n

    sizes = {"N": n, "T": t, "D": d, "K": k}
    entropies = {"smoother": np.array([entropy(table) for table in tables])}
    return Example(document, _numbers(document, sizes, arrays, joint, entropies=entropies), direct)


def two_plates(document: dict) -> Example:
    rng, n, m, d, k = np.random.default_rng(4), 3, 2, 2, 2
    labels = rng.integers(0, k, n)
    arrays = {
        "x": rng.normal(size=(n, d)),
        "y": np.eye(k)[labels],
        "u": rng.normal(size=(m, d)),
        "pi0": rows(rng, k),
        "m": rng.normal(size=(d, k)),
        "s": rng.random(d) + 0.5,
    }
    r = rows(rng, m, k)
    joint = [
        (math.prod(r[i, c] for i, c in enumerate(classes)), {"c": np.eye(k)[list(classes)]})
        for classes in itertools.product(range(k), repeat=m)
    ]

    def direct(a: Arrays) -> float:
        def log_p(x: np.ndarray, c: int) -> float:
            return math.log(a["pi0"][c]) + log_normal(x, a["m"][:, c], a["s"]).sum()

        result = sum(log_p(a["x"][i], labels[i]) for i in range(n))
        for i, c in itertools.product(range(m), range(k)):
            result += r[i, c] * (log_p(a["u"][i], c) - math.log(r[i, c]))
        return float(result) / (n + m)

    sizes = {"N": n, "M": m, "D": d, "K": k}
    entropies = {"posterior": np.array([entropy(row) for row in r])}
    return Example(document, _numbers(document, sizes, arrays, joint, entropies=entropies), direct)


def binary_weights(document: dict) -> Example:
    """One w for all data: log p(w) and log q(w) stand once beside the sum over data."""
    rng, n, j = np.random.default_rng(5), 3, 2
    arrays = {
        "y": rng.normal(size=n),
        "a": rng.normal(size=(n, j)),
        "b": rng.normal(size=j),
        "s2": np.array(0.7),
    }
    table = random_law(rng, *[2] * j)
    joint = [(float(table[tuple(map(int, w))]), {"w": w}) for w in binary(j)]

    def direct(a: Arrays) -> float:
        result = 0.0
        for w in binary(j):
            q = table[tuple(map(int, w))]
            p = log_bernoulli(w, a["b"]).sum() + log_normal(a["y"], a["a"] @ w, a["s2"]).sum()
            result += q * (p - math.log(q))
        return float(result) / n

    sizes, entropies = {"N": n, "J": j}, {"posterior": entropy(table)}
    return Example(document, _numbers(document, sizes, arrays, joint, entropies=entropies), direct)


EXAMPLES: dict[str, Callable[[dict], Example]] = {
    made.__name__: made
    for made in (mixture, count_mixture, belief_net, hidden_markov, two_plates, binary_weights)
}
