"""The printed statement, read back into the record that it was printed from.

Written from the printed text alone; what the text does not say cannot come back.
"""

import re
from typing import Any

TOKEN = re.compile(r"(?:sum|vec|mean|expect|reparam)_|-?\d+|[A-Za-z]\w*|<=|[-+*/^@()\[\],]")
ALONE = ("pi", "e", "dim", "objective")
CONDITIONS = {
    "range": r"(\w+) is (.*)",
    "normalised": r"the density of (\w+) integrates to one",
    "score": r"the scores of (\w+), those of location and scale included, have mean zero.*",
    "base_measure": r"entropies of (\w+) are relative to it, .*",
    "finite": r"each term of the ELBO, .* derivatives of the (\w+)'s parts, .*",
    "interchange": r"that derivative of the (\w+) may be taken .*",
    "constraint": r"(\w+): (.*)",
    "reparametrised": r"the (\w+) is written as location \+ scale \* noise \(checked\)",
    "closed": r"(?P<two>\w+) is free in the (?P<one>\w+), which is closed under its motion",
    "lipschitz": r"(\w+) is locally Lipschitz: .*",
    "stationary": r"the (\w+) is stationary in (\w+)",
}
RANGES = {
    "positive": "positive",
    "in the open interval (0, 1)": "unit",
    "symmetric and positive definite": "posdef",
    "lower triangular with a positive diagonal": "triangular",
}


class Parser:
    """One printed term; `matrices` are the names that stand for whole matrices."""

    def __init__(self, text: str, sizes: list, nets: list, matrices: list, family: bool = False):
        self.tokens = TOKEN.findall(text)
        assert "".join(self.tokens) == text.replace(" ", ""), text
        self.sizes, self.nets, self.matrices, self.family = sizes, nets, matrices, family

    def take(self, *expected: str) -> str:
        token = self.tokens.pop(0)
        assert not expected or token in expected, (token, expected)
        return token

    def next_is(self, token: str) -> bool:
        return self.tokens[:1] == [token]

    def term(self, scope: tuple[str, ...] = ()) -> Any:
        parts = [self.product(scope)]
        while self.next_is("+"):
            self.take("+")
            parts.append(self.product(scope))
        return parts[0] if len(parts) == 1 else ["add", *parts]

    def product(self, scope: tuple[str, ...]) -> Any:
        parts, signs = [self.factor(scope)], set()
        while self.tokens and self.tokens[0] in "*@":
            signs.add(self.take())
            parts.append(self.factor(scope))
        if not signs:
            return parts[0]
        if signs == {"@"}:
            return ["matmul", *parts]
        return ["scaled" if self.is_matrix(parts[-1]) else "mul", *parts]

    def is_matrix(self, term: Any) -> bool:
        heads = ("mat", "matnet", "scaled", "matmul", "inverse", "transposed")
        argument = isinstance(term, list) and term[0] == "arg" and term[1] in self.matrices
        return isinstance(term, list) and (term[0] in heads or argument)

    def factor(self, scope: tuple[str, ...]) -> Any:
        base = self.atom(scope)
        if not self.next_is("^"):
            return base
        self.take("^")
        self.take("(")
        exponent = self.term()
        self.take(")")
        return ["pow", base, exponent]

    def bracketed(self, scope: tuple[str, ...]) -> Any:
        self.take("(")
        inner = self.term(scope)
        self.take(")")
        return inner

    def positions(self, scope: tuple[str, ...], end: str = "]") -> list[int]:
        found = []
        while not self.next_is(end):
            name = self.take()
            assert scope.count(name) == 1, (name, scope)
            found.append(scope[::-1].index(name))
            if self.next_is(","):
                self.take(",")
        self.take(end)
        return found

    def list_of(self, scope: tuple[str, ...]) -> list:
        self.take("(")
        found = [self.term(scope)]
        while self.next_is(","):
            self.take(",")
            found.append(self.term(scope))
        self.take(")")
        return found

    def binder(self, head: str, scope: tuple[str, ...]) -> Any:
        head = head.removesuffix("_")
        if head == "mean":
            return ["mean", "N", self.bracketed((*scope, self.take()))]
        self.take("(")
        name, _, where = self.take(), self.take("<=", "at"), self.take()
        self.take(")")
        place = where if head in ("sum", "vec") else scope[::-1].index(where)
        return [head, place, self.bracketed((*scope, name))]

    def atom(self, scope: tuple[str, ...]) -> Any:
        if self.next_is("("):
            return self.bracketed(scope)
        token = self.take()
        if re.fullmatch(r"-?\d+", token):
            if not self.next_is("/"):
                return int(token)
            self.take("/")
            return ["frac", int(token), int(self.take())]
        if token.endswith("_"):
            return self.binder(token, scope)
        if token in ("x", "z", "eps"):
            self.take("(")
            drawn = self.positions(scope, ")")
            self.take("[")
            return [token, *drawn, *self.positions(scope)]
        if token in ("logp", "logh", "H") and self.next_is("["):
            self.take("[")
            role = self.take()
            if self.next_is(","):
                self.take(",")
            return [token, role, *self.positions(scope)]
        indices = []
        if self.next_is("["):
            self.take("[")
            indices = self.positions(scope)
        if token in self.nets:
            inputs = self.list_of(scope)
            matrix = token in self.matrices
            return ["matnet", token, inputs] if matrix else ["net", token, indices, inputs]
        if self.next_is("("):
            return [token, *self.list_of(scope)]
        if token in ALONE:
            return [token]
        if token == "var":
            return ["var", *indices]
        if self.family:
            return ["arg", token, *indices]
        if token in self.sizes:
            return ["size", token]
        return ["mat", token] if token in self.matrices else ["param", token, *indices]


def words(text: str) -> list[str]:
    return [word for word in text.split(", ") if word]


class Reader:
    """The lines of a printed statement, in their order."""

    def __init__(self, text: str):
        self.lines = text.splitlines()
        self.sizes: list[str] = []
        self.nets: list[str] = []
        self.matrices: list[str] = []

    def match(self, pattern: str) -> tuple[str, ...] | None:
        found = re.fullmatch(pattern, self.lines[0]) if self.lines else None
        if found:
            self.lines.pop(0)
        return found and found.groups()

    def demand(self, pattern: str) -> tuple[str, ...]:
        found = self.match(pattern)
        assert found is not None, (pattern, self.lines[:1])
        return found

    def term(self, text: str, *scope: str, family: list[str] | None = None) -> Any:
        matrices = self.matrices if family is None else family
        nets = self.nets if family is None else []
        parser = Parser(text, self.sizes, nets, matrices, family is not None)
        found = parser.term(scope)
        assert not parser.tokens, parser.tokens
        return found

    def array(self, name: str, plates: str, range_: str) -> dict:
        self.matrices += [name] * (range_ in ("posdef", "triangular"))
        return {"name": name, "plates": words(plates), "range": range_}

    def model(self) -> dict:
        name, sizes, x, z = self.demand(
            r"model (\w+), sizes (.*) \(integers >= 1\), x over (\w+), z over (\w+)"
        )
        self.sizes = words(sizes)
        found: dict = {"name": name, "sizes": self.sizes, "observed": x, "latent": z}
        found |= {"parameters": [], "networks": [], "families": {}, "constraints": []}
        while m := self.match(r"  parameter (\w+)\[(.*)\] (\w+), (learned|fixed)"):
            found["parameters"].append(self.array(*m[:3]) | {"learned": m[3] == "learned"})
        while m := self.match(r"  network (\w+)\((.*)\) -> \[(.*)\] (\w+)"):
            self.nets.append(m[0])
            array = self.array(m[0], m[2], m[3])
            found["networks"].append(array | {"inputs": words(m[1])})
        while m := self.match(r"  family (\w+)\((.*)\) of (?:vectors .* are )?(\w+) variables"):
            found["families"][m[0]] = self.family(m[1], m[2])
        for role in ("prior", "decoder", "encoder"):
            found[role] = self.factor(role, found)
        return found

    def family(self, arguments: str, support: str) -> dict:
        declared = [dict(zip(("name", "range"), a.split(), strict=True)) for a in words(arguments)]
        whole = [a["name"] for a in declared if a["range"] == "posdef"]
        found = {"arguments": declared, "support": support}
        for key in ("log density", "log base measure", "location", "scale"):
            printed = self.match(f"    {key}: (.*)")
            term = self.term(printed[0], family=whole) if printed else None
            found[key.replace(" ", "_")] = term
        self.demand("    normalised: .*")
        return found

    def factor(self, role: str, model: dict) -> dict:
        if (
            self.match(rf"  {role} q\(z \| x\(n\)\) = any law, which reads none of the above")
            is not None
        ):
            return {"family": "any", "arguments": []}
        family, arguments = self.demand(rf"  {role} [^=]* <?=? ?[^=]*= (\w+)\((.*)\)")
        scope = {"prior": (), "decoder": ("z",), "encoder": ("n",)}[role]
        letter = "d" if role == "decoder" else "h"
        declared = model["families"][family]["arguments"]
        vectors = any(a["range"] in ("vector", "posdef") for a in declared)
        parser = Parser(f"({arguments})", self.sizes, self.nets, self.matrices)
        if not declared:
            return {"family": family, "arguments": []}
        parser.take("(")
        found = []
        for a in declared:
            inside = scope if vectors else (*scope, letter)
            term = parser.term(inside)
            found.append(term[2] if a["range"] == "vector" else term)
            parser.take(",", ")")
        return {"family": family, "arguments": found}

    def condition(self) -> list[str]:
        kind, text = self.demand(r"  (\w+): (.*)")
        m = re.fullmatch(CONDITIONS[kind], text)
        assert m, text
        said = [m["one"], m["two"]] if kind == "closed" else list(m.groups())
        return [kind, said[0], RANGES[said[1]]] if kind == "range" else [kind, *said]


def parse(text: str) -> dict:
    """{model, objective, direction, claim, conditions}, as it is stored."""
    reader = Reader(text)
    model = reader.model()
    reader.demand(r"ELBO = mean_n \(H\[q_n\] \+ E_q log p\(z\) \+ E_q log p\(x_n \| z\)\), in nats")
    objective: Any = "elbo"
    if reader.match("objective = ELBO") is None:
        weight, penalty = reader.demand(
            r"objective = \((.*)\) \* mean_n \(H\[q_n\] \+ E_q log p\(z\)\)"
            r" \+ mean_n E_q log p\(x_n \| z\) - \((.*)\)"
        )
        objective = {"weight": reader.term(weight), "penalty": reader.term(penalty)}
    direction = {}
    while m := reader.match(r"direction: D (\w+)(?:\[(.*)\])? = (.*)"):
        direction[m[0]] = reader.term(m[2], *words(m[1] or ""))
    reader.demand(r"D f = d/dt f\(parameters \+ t \* direction\) at t = 0")
    reader.demand("claim, at every parameter value:")
    (gap,) = reader.demand("  ELBO = (.*)")
    excess = reader.demand(
        r"claim, where the conditions hold: ELBO = entropy sum(?: \+ excess: (.*))?"
    )[0]
    (closed,) = reader.demand("  ELBO = (.*)")
    claim = {"gap": gap, "entropy_sum": closed, "excess": excess or "0"}
    reader.demand("conditions:")
    conditions = []
    while len(reader.lines) > 1:
        conditions.append(reader.condition())
    reader.demand("statement sha256: .*")
    named = [{"on": c[1], "text": c[2]} for c in conditions if c[0] == "constraint"]
    return {
        "model": model | {"constraints": named},
        "objective": objective,
        "direction": direction,
        "claim": {key: reader.term(text) for key, text in claim.items()},
        "conditions": conditions,
    }
