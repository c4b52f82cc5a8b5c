"""The printed statement, read back into the record that it was printed from.

Written from the printed text alone; what the text does not say cannot come back.
"""

import re
from typing import Any

TOKEN = re.compile(r"(?:sum|vec|mean)_|[A-Za-z]\w*(?:@-1)?|-?\d+|<=|[-+*/^@()\[\],]")
ALONE = ("pi", "e", "dim", "objective")
AVERAGES = {"E_q": "expect", "E_eps": "reparam"}
PARTS = (["H", "encoder", 0], ["expect", ["logp", "prior", 0]], ["expect", ["logp", "decoder", 0]])
CONDITIONS = {
    "range": r"(\w+) is (.*)",
    "support": r"(\w+) is (.*)",
    "start": r"(\S+) is (\w+) at the first step; all sequences are of one length",
    "counted": r"the number of data (\w+) is finite",
    "normalised": r"the density of (\w+) integrates to one",
    "score": r"the scores of (\w+), those of location and scale included, have mean zero.*",
    "base_measure": r"entropies of (\w+) are relative to it, .*",
    "finite": r"each term of the ELBO, .* derivatives of the (\w+)'s parts, .*",
    "interchange": r"that derivative of the (\w+) may be taken .*",
    "constraint": r"(\w+): (.*)",
    "reparametrised": r"(\w+) is written as location \+ scale \* noise \(checked\)",
    "closed": r"(?P<two>\w+) is free in (?P<one>\w+), which is closed under its motion",
    "lipschitz": r"(\w+) is locally Lipschitz: .*",
    "stationary": r"the (\w+) is stationary in (\w+)",
    "tangent": r"the (\w+) is stationary in (\w+) along the simplex",
}
RANGES = {
    "positive": "positive",
    "in the open interval (0, 1)": "unit",
    "symmetric and positive definite": "posdef",
    "lower triangular with a positive diagonal": "triangular",
    "positive with sum 1 over its last index": "simplex",
    "0 or 1": "binary",
    "a whole number >= 0": "count",
    "one-hot over its last index": "onehot",
    "an angle in one period": "angle",
    "of norm 1 over its last index": "sphere",
}


class Parser:
    """One printed term; `matrices` are the names that stand for whole matrices."""

    def __init__(self, text: str, names: dict[str, list[str]], family: bool = False):
        self.tokens = TOKEN.findall(text)
        assert "".join(self.tokens) == text.replace(" ", ""), text
        self.sizes, self.nets, self.matrices = names["sizes"], names["nets"], names["matrices"]
        self.variables, self.family = names["variables"], family

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
        self.take("(")
        name, _, where = self.take(), self.take("<="), self.take()
        self.take(")")
        return [head.removesuffix("_"), where, self.bracketed((*scope, name))]

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
        if token in AVERAGES:
            return [AVERAGES[token], self.bracketed(scope)]
        if token.startswith("eps_"):
            self.take("[")
            return ["eps", token.removeprefix("eps_"), *self.positions(scope)]
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
        if token in self.variables:
            return ["v", token, *indices]
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
        self.names: dict[str, list[str]] = {
            key: [] for key in ("sizes", "nets", "matrices", "variables")
        }

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
        """A whole term; inside a family it knows nothing but matrices among its arguments."""
        own = {key: [] for key in self.names} | {"matrices": family or []}
        parser = Parser(text, self.names if family is None else own, family is not None)
        found = parser.term(scope)
        assert not parser.tokens, parser.tokens
        return found

    def array(self, name: str, plates: str, range_: str) -> dict:
        self.names["matrices"] += [name] * (range_ in ("posdef", "triangular"))
        return {"name": name, "plates": words(plates), "range": range_}

    def model(self) -> dict:
        name, sizes, data = self.demand(r"model (\w+), sizes (.*) \(integers >= 1\), data (.*)")
        data, sizes = (words(text) if text != "none" else [] for text in (data, sizes))
        self.names["sizes"] = [*data, *sizes]
        found: dict = {"name": name, "sizes": self.names["sizes"], "data": data, "lags": {}}
        found |= {key: [] for key in ("variables", "parameters", "networks", "p", "q")}
        found |= {"families": {}, "constraints": []}
        while m := self.match(r"  variable (\w+)(?:\[(.*)\])? (\w+), (\w+)"):
            record = dict(zip(("name", "plates", "support", "role"), m, strict=True))
            found["variables"].append(record | {"plates": words(m[1] or "")})
        while m := self.match(
            r"  (\S+) is it one step earlier along (\w+), at the first step (\w+)"
        ):
            found["lags"][m[0]] = {"plate": m[1], "start": m[2]}
        self.names["variables"] = [*(one["name"] for one in found["variables"]), *found["lags"]]
        while m := self.match(r"  parameter (\w+)\[(.*)\] (\w+), (learned|fixed)"):
            found["parameters"].append(self.array(*m[:3]) | {"learned": m[3] == "learned"})
        while m := self.match(r"  network (\w+)\((.*)\) -> \[(.*)\] (\w+)"):
            self.names["nets"].append(m[0])
            array = self.array(m[0], m[2], m[3])
            found["networks"].append(array | {"inputs": words(m[1])})
        while m := self.match(r"  family (\w+)\((.*)\) of (?:vectors .* are )?(\w+) variables"):
            found["families"][m[0]] = self.family(m[1], m[2])
        while m := self.match(r"  (\w+) (p|q)\(([^\[|)]*)(?:\[(.*?)\])?(?: \| (.*?))?\) = (.*)"):
            factor = self.factor(words(m[3] or ""), m[5])
            factor |= {"name": m[0], "of": words(m[2].strip()), "given": words(m[4] or "")}
            found[m[1]].append(factor)
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

    def factor(self, scope: list[str], text: str) -> dict:
        """Family, arguments and what selects their class."""
        if text == "any law, which reads none of the parameters":
            return {"family": "any", "arguments": [], "select": ""}
        m = re.fullmatch(r"(\w+)\((.*)\)(?: at the class (\w+) <= (\w+) of (\w+))?", text)
        assert m, text
        inside = (*scope, *([m[3]] if m[3] else []))
        parser = Parser(f"({m[2]})", self.names)
        arguments = parser.list_of(inside) if m[2] else []
        return {"family": m[1], "arguments": arguments, "select": m[5] or ""}

    def condition(self) -> list[str]:
        kind, text = self.demand(r"  (\w+): (.*)")
        m = re.fullmatch(CONDITIONS[kind], text)
        assert m, text
        said = [m["one"], m["two"]] if kind == "closed" else list(m.groups())
        if kind in ("range", "support"):
            return [kind, said[0], RANGES[said[1]]]
        return [kind, *said]


def parse(text: str) -> dict:
    """{model, objective, direction, claim, conditions}, as it is stored."""
    reader = Reader(text)
    model = reader.model()
    (elbo,) = reader.demand(r"ELBO = (.*), in nats")
    whole = reader.term(elbo)
    if [factor["name"] for factor in (*model["q"], *model["p"])] == ["encoder", "prior", "decoder"]:
        assert whole == ["mean", "N", ["add", *PARTS]]
    objective: Any = "elbo"
    if reader.match("objective = ELBO") is None:
        (printed,) = reader.demand(r"objective = (.*)")
        match reader.term(printed):
            case ["add", ["mean", "N", ["add", *parts]], ["mul", -1, ["add", 0, penalty]]]:
                weights = {}
                for part, plain in zip(parts, PARTS, strict=True):
                    name = plain[1][1] if plain[0] == "expect" else plain[1]
                    if part != plain:
                        assert part == ["mul", part[1], plain]
                        weights[name] = part[1]
                objective = {"weights": weights, "penalty": penalty}
            case other:
                raise AssertionError(other)
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
