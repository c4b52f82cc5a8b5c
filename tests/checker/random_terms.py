"""Random well-formed terms of a model, and rewritings that keep their value."""

from random import Random
from typing import Any

Scope = tuple[tuple[str, str], ...]  # binders, and ("drawn", head) under an expectation


def positions(scope: Scope, tag: str, size: str = "") -> list[int]:
    binders = [b for b in reversed(scope) if b[0] != "drawn"]
    return [i for i, b in enumerate(binders) if b[0] == tag and size in ("", b[1])]


def drawn(scope: Scope) -> bool:
    return any(tag == "drawn" for tag, _ in scope)


def counted(model: dict) -> list[str]:
    """The sizes that a sum may run over."""
    return [size for size in model["sizes"] if size not in model["data"]]


def _symbols(model: dict, scope: Scope, rnd: Random, positive: bool) -> list[Any]:
    """Every symbol that the scope allows, with one random choice of indices each."""
    found: list[Any] = [["size", size] for size in counted(model)]
    for p in model["parameters"]:
        places = [positions(scope, "index", size) for size in p["plates"]]
        if all(places) and p["range"] in (("positive",) if positive else ("positive", "real")):
            found.append(["param", p["name"], *(rnd.choice(place) for place in places)])
    for net in model["networks"]:
        places = [positions(scope, "index", size) for size in net["plates"]]
        if all(places) and net["range"] in (("positive",) if positive else ("positive", "real")):
            vectors = [
                ["vec", s, rnd.choice(_symbols_real(model, (*scope, ("index", s)), rnd))]
                for s in net["inputs"]
            ]
            found.append(["net", net["name"], [rnd.choice(place) for place in places], vectors])
    return found


def _symbols_real(model: dict, scope: Scope, rnd: Random) -> list[Any]:
    found: list[Any] = [["param", p["name"]] for p in model["parameters"] if not p["plates"]]
    return [*found, *_variables(model, scope, rnd)] or [1]


def matrix_sizes(model: dict) -> list[str]:
    ranges = ("posdef", "triangular")
    return sorted({p["plates"][0] for p in model["parameters"] if p["range"] in ranges})


def random_matrix(model: dict, rnd: Random, scope: Scope, size: str, depth: int = 3) -> Any:
    kind = rnd.choice(["letter", *["scaled", "matmul", "inverse", "transposed"] * (depth > 0)])
    ranges = ("posdef", "triangular")

    def sub() -> Any:
        return random_matrix(model, rnd, scope, size, depth - 1)

    if kind == "letter":
        found = [
            ["mat", p["name"]]
            for p in model["parameters"]
            if p["range"] in ranges and p["plates"][0] == size
        ]
        for net in model["networks"]:
            if net["range"] in ranges and net["plates"][0] == size:
                (s,) = net["inputs"]
                body = rnd.choice(_variables(model, (*scope, ("index", s)), rnd) or [1])
                found.append(["matnet", net["name"], [["vec", s, body]]])
        return rnd.choice(found)
    if kind == "scaled":
        return [kind, rnd.choice([2, ["frac", 1, 3], *_symbols(model, scope, rnd, True)]), sub()]
    return [kind, *(sub() for _ in range(rnd.choice([2, 3]) if kind == "matmul" else 1))]


def _variables(model: dict, scope: Scope, rnd: Random) -> list[Any]:
    """Variables that the scope allows, and the noise under `reparam`."""
    found = []
    for variable in model["variables"]:
        data, *others = (
            positions(scope, "datum" if size in model["data"] else "index", size)
            for size in variable["plates"]
        )
        latent = variable["role"] == "latent"
        if data and all(others) and (drawn(scope) or not latent):
            at = [rnd.choice(place) for place in (data, *others)]
            found.append(["v", variable["name"], *at])
            if latent and ("drawn", "reparam") in scope:
                found.append(["eps", variable["name"], *at])
    return found


def random_term(
    model: dict,
    rnd: Random,
    depth: int = 4,
    scope: Scope = (),
    reparam: bool = False,
    positive: bool = False,
    binders: int = 4,
    derivative: bool = False,
) -> Any:
    """A term; its expectations are of low degree, so that the noise nodes are exact."""

    def sub(*more: tuple[str, str], deeper: int = 1, positive: bool = positive, d: bool = False):
        return random_term(
            model,
            rnd,
            depth - deeper,
            scope + more,
            reparam,
            positive,
            binders - len(more),
            derivative and not more and d,
        )

    choices = ["symbol"] * 2 + ["integer"]
    if depth > 0 and binders > 0 and not positive and matrix_sizes(model):
        choices += ["logdet", "trace", "quad", "quad"]
    if depth > 0:
        choices += (
            ["add"] * 2 + ["mul"] * 3 + ["pow", "exp", "sum", "log", "family", "abs", "softplus"]
        )
        if binders > 0:
            choices += ["sum"] * 2
            if not drawn(scope):
                choices += ["mean"] * 2
                if positions(scope, "datum"):
                    choices += ["expect"] * 4
    kind = rnd.choice(choices)
    if kind == "symbol":
        variables = [] if positive else _variables(model, scope, rnd) * 3
        symbols = [*variables, *_symbols(model, scope, rnd, positive)]
        return rnd.choice(symbols)
    if kind == "integer" or (kind == "sum" and binders <= 0):
        return rnd.choice([1, 2, 3, 6, ["frac", 1, 2], ["pi"], ["e"]] + [-1, -2] * (not positive))
    if kind in ("logdet", "trace", "quad"):
        size = rnd.choice(matrix_sizes(model))
        matrix = random_matrix(model, rnd, scope, size)
        if kind != "quad":
            return [kind, matrix]
        left, right = (["vec", size, sub(("index", size), deeper=2)] for _ in range(2))
        return [kind, left, matrix, right]
    if kind == "abs":
        return ["exp", ["abs", 1]] if positive else ["abs", sub()]
    if kind == "softplus":
        return [rnd.choice(["softplus", "sigmoid"]), sub()]
    if kind == "add":
        return ["add", *(sub() for _ in range(rnd.choice([2, 2, 3])))]
    if kind == "mul":
        return ["mul", *(sub() for _ in range(rnd.choice([2, 2, 3])))]
    if kind == "pow":
        if positive or rnd.random() < 0.4:
            q = rnd.choice([2, -1, -2, ["frac", 1, 2], ["frac", -3, 2]])
            return ["pow", sub(deeper=2, positive=True), q]
        return ["pow", sub(deeper=2), 2]
    if kind == "exp":
        return ["exp", rnd.choice([["log", sub(deeper=3, positive=True)], 1, ["frac", -1, 2]])]
    if kind == "log":
        inner = sub(deeper=2, positive=True)
        return ["exp", ["log", inner]] if positive else ["log", inner]
    if kind == "family":
        if positive:
            return ["size", rnd.choice(counted(model))]
        data = positions(scope, "datum")
        options: list[Any] = [["mean", "N", ["H", "prior", 0]]] if not drawn(scope) else []
        options += [["H", role, n] for role in ("prior", "encoder") for n in data]
        options += [["logh", "decoder", n] for n in data]
        if drawn(scope):
            options += [["H", "decoder", n] for n in data] + [["logh", "prior", n] for n in data]
            options += [["logp", role, n] for role in ("prior", "decoder") for n in data]
        return rnd.choice(options)
    if kind == "sum":
        size = rnd.choice(counted(model))
        return ["sum", size, sub(("index", size))]
    if kind == "mean":
        return ["mean", "N", sub(("datum", "N"))]
    head = "reparam" if reparam and rnd.random() < 0.7 else "expect"
    return [head, sub(("drawn", head))]


def shifted(term: Any, by: int, depth: int = 0) -> Any:
    """The term under `by` further binders: positions that point outside grow."""

    def place(i: int) -> int:
        return i + by if i >= depth else i

    if isinstance(term, int):
        return term
    head, rest = term[0], term[1:]
    if head in ("frac", "size", "pi", "e", "objective"):
        return term
    if head == "mat":
        return term
    if head in ("param", "v", "eps", "logp", "logh", "H"):
        return [head, rest[0], *(place(i) for i in rest[1:])]
    if head == "net":
        vectors = [shifted(vector, by, depth) for vector in rest[2]]
        return [head, rest[0], [place(i) for i in rest[1]], vectors]
    if head == "matnet":
        return [head, rest[0], [shifted(vector, by, depth) for vector in rest[1]]]
    if head in ("sum", "vec", "mean"):
        return [head, rest[0], shifted(rest[1], by, depth + 1)]
    if head == "pow":
        return [head, shifted(rest[0], by, depth), rest[1]]
    return [head, *(shifted(t, by, depth) for t in rest)]


def rewritten(term: Any, rnd: Random) -> Any:
    """Another term of the same value: sums reordered and merged, squares and products unfolded."""
    if isinstance(term, list) and term[0] in ("logdet", "trace"):
        return [term[0], ["transposed", term[1]]]
    if isinstance(term, list) and term[0] == "quad":
        return ["quad", term[3], ["transposed", term[2]], term[1]]
    if isinstance(term, int) or term[0] in (
        "frac",
        "param",
        "v",
        "eps",
        "logp",
        "logh",
        "H",
        "net",
    ):
        return term
    if term[0] in ("size", "pi", "e", "objective"):
        return term
    parts = [t if i == 0 or isinstance(t, str) else rewritten(t, rnd) for i, t in enumerate(term)]
    head, rest = parts[0], parts[1:]
    if head in ("add", "mul"):
        rnd.shuffle(rest)
        if len(rest) > 2 and rnd.random() < 0.5:
            return [head, rest[0], [head, *rest[1:]]]
        if head == "mul" and rnd.random() < 0.6:
            left, right = rest[0], rest[1]
            if isinstance(right, list) and right[0] == "add":  # a (b + c) = a b + a c
                done = ["add", *(["mul", left, t] for t in right[1:])]
                return ["mul", done, *rest[2:]] if rest[2:] else done
            if isinstance(right, list) and right[0] in ("sum", "mean"):  # a sum b = sum a b
                done = [*right[:2], ["mul", shifted(left, 1), right[2]]]
                return ["mul", done, *rest[2:]] if rest[2:] else done
            averages = isinstance(right, list) and right[0] in ("expect", "reparam")
            if averages and not holds(left, "mean", "expect", "reparam"):
                done = [right[0], ["mul", left, right[1]]]
                return ["mul", done, *rest[2:]] if rest[2:] else done
    if head == "pow" and rest[1] == 2:
        return ["mul", rest[0], rest[0]]
    if head in ("sum", "mean", "expect", "reparam"):
        body = rest[-1]
        if isinstance(body, list) and body[0] == "add":
            return ["add", *([head, *rest[:-1], t] for t in body[1:])]
        if head == "sum" and isinstance(body, list) and body[0] == "sum":
            inner = swapped(body[2])
            return ["sum", body[1], ["sum", rest[0], inner]]
    if head == "log" and isinstance(rest[0], list) and rest[0][0] == "mul":
        return ["add", *(["log", t] for t in rest[0][1:])]
    return [head, *term[1:2], *rest[1:]] if head == "sum" else [head, *rest]


def holds(term: Any, *heads: str) -> bool:
    return isinstance(term, list) and (term[0] in heads or any(holds(t, *heads) for t in term))


def swapped(term: Any) -> Any:
    """The term with its two innermost binders exchanged."""
    lifted = shifted(term, 2, 2)  # a gap of two names, then 0 -> 3, 1 -> 2 seen from outside
    return _permute(lifted, 0)


def _permute(term: Any, depth: int) -> Any:
    def place(i: int) -> int:
        j = i - depth
        if j < 0:
            return i
        return {0: 1, 1: 0}.get(j, j - 2) + depth

    if isinstance(term, int):
        return term
    head, rest = term[0], term[1:]
    if head in ("frac", "size", "pi", "e", "objective"):
        return term
    if head == "mat":
        return term
    if head in ("param", "v", "eps", "logp", "logh", "H"):
        return [head, rest[0], *(place(i) for i in rest[1:])]
    if head == "net":
        return [head, rest[0], [place(i) for i in rest[1]], [_permute(v, depth) for v in rest[2]]]
    if head == "matnet":
        return [head, rest[0], [_permute(v, depth) for v in rest[1]]]
    if head in ("sum", "vec", "mean"):
        return [head, rest[0], _permute(rest[1], depth + 1)]
    if head == "pow":
        return [head, _permute(rest[0], depth), rest[1]]
    return [head, *(_permute(t, depth) for t in rest)]
