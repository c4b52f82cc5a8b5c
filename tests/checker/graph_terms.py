"""Documents of format 2 from terms with named indices: everything that a document written by hand repeats.

An index has a name here, by default the small letter of its size: `["sum", "D", body]` binds `d`,
`["sum", "D:e", body]` binds `e`, and `["param", "W", "d", "h"]` reads what these names stand for.
`placed` turns the names into positions. Nothing is taken from the checker.
"""

import copy
import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

HALF, MINUS_HALF = ["frac", 1, 2], ["frac", -1, 2]
PI, E = ["pi"], ["e"]
D_OBJECTIVE = ["D", ["objective"]]
POSITIONED = ("param", "v", "matv", "eps", "H", "logp", "logh", "arg")  # a name, then positions
BINDERS = ("sum", "mean", "vec")


def placed(term: Any, scope: tuple[str, ...] = ()) -> Any:
    """The term with positions for the names of its indices."""

    def position(name: Any) -> int:
        return name if isinstance(name, int) else scope[::-1].index(name)

    if not isinstance(term, list):
        return term
    head = term[0]
    if head in BINDERS:
        size, _, name = term[1].partition(":")
        return [head, size, placed(term[2], (*scope, name or size.lower()))]
    if head in POSITIONED:
        return [head, term[1], *map(position, term[2:])]
    if head in ("var", "index"):
        return [head, *map(position, term[1:])]
    if head == "entry":
        return [head, placed(term[1], scope), *map(position, term[2:])]
    if head == "net":
        return [head, term[1], [*map(position, term[2])], [placed(one, scope) for one in term[3]]]
    return [head, *(placed(part, scope) for part in term[1:])]


def param(text: str) -> list:
    """`param("W d h")`"""
    return ["param", *text.split()]


def v(text: str) -> list:
    return ["v", *text.split()]


def net(text: str, *inputs: list) -> list:
    name, *indices = text.split()
    return ["net", name, indices, list(inputs)]


def total(size: str, body: Any) -> list:
    return ["sum", size, body]


def vec(size: str, body: Any) -> list:
    return ["vec", size, body]


def mean(plate: str, body: Any) -> list:
    return ["mean", plate, body]


def neg(term: Any) -> list:
    return ["mul", -1, term]


def times(*parts: Any) -> list:
    return ["mul", *parts]


def plus(*parts: Any) -> list:
    return ["add", *parts]


def log(term: Any) -> list:
    return ["log", term]


def half_log(variance: Any) -> list:
    """The entropy of a normal variable."""
    return times(HALF, log(times(2, PI, E, variance)))


def digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def sealed(document: dict) -> dict:
    """The same document with fresh hashes: what a forger would write."""
    document = copy.deepcopy(document)
    body = {key: document[key] for key in ("certificates", "statement", "steps")}
    document["sha256"] = {"statement": digest(document["statement"]), "document": digest(body)}
    return document


# Families, each with its certificate.


def made_family(density: Any, support: str, location: Any = None, scale: Any = None, **ranges: str):
    return {
        "arguments": [{"name": name, "range": range_} for name, range_ in ranges.items()],
        "support": support,
        "log_density": placed(density),
        "log_base_measure": 0,
        "location": location,
        "scale": scale,
    }


def _certificate(entropy: Any, **direction: Any) -> dict:
    return {"direction": direction, "scale": 0, "shift": 0, "entropy": placed(entropy)}


def _normal() -> tuple[dict, dict]:
    mu, variance = ["arg", "mean"], ["arg", "variance"]
    square = ["pow", plus(["var"], neg(mu)), 2]
    density = plus(
        times(MINUS_HALF, log(times(2, PI, variance))),
        times(MINUS_HALF, square, ["pow", variance, -1]),
    )
    ranges = {"mean": "real", "variance": "positive"}
    family = made_family(density, "real", mu, ["pow", variance, HALF], **ranges)
    return family, _certificate(half_log(variance), mean=0, variance=neg(variance))


def _categorical() -> tuple[dict, dict]:
    """One-hot vectors with probabilities on the simplex; tempered along it."""
    family = made_family(
        total("dim:i", times(["var", "i"], log(["arg", "prob", "i"]))), "onehot", prob="simplex"
    )
    entropy = neg(total("dim:i", times(["arg", "prob", "i"], log(["arg", "prob", "i"]))))
    move = placed(times(["arg", "prob", "j"], plus(log(["arg", "prob", "j"]), entropy)), ("j",))
    return family, _certificate(entropy, prob=move)


def _softmax() -> tuple[dict, dict]:
    """One-hot vectors with logits: log of a sum over the classes of exp."""
    logit = ["arg", "logit", "i"]
    norm = total("dim:i", ["exp", logit])
    density = plus(total("dim:i", times(["var", "i"], logit)), neg(log(norm)))
    expected = times(total("dim:i", times(logit, ["exp", logit])), ["pow", norm, -1])
    certificate = _certificate(plus(log(norm), neg(expected)), logit=["arg", "logit", 0])
    return made_family(density, "onehot", logit="vector"), certificate


def poisson_entropy(rate: Any) -> list:
    """Of the log rate, and relative to 1/x!."""
    return plus(["exp", rate], times(-1, rate, ["exp", rate]))


def _poisson() -> tuple[dict, dict]:
    rate, base = ["arg", "log_rate"], neg(["loggamma", plus(["var"], 1)])
    density = plus(times(["var"], rate), neg(["exp", rate]), base)
    family = made_family(density, "count", log_rate="real") | {"log_base_measure": base}
    return family, _certificate(poisson_entropy(rate), log_rate=rate)


def bernoulli_entropy(logit: Any) -> list:
    soft = plus(1, ["exp", logit])
    return plus(log(soft), times(-1, logit, ["exp", logit], ["pow", soft, -1]))


def _bernoulli() -> tuple[dict, dict]:
    logit = ["arg", "logit"]
    family = made_family(
        plus(times(["var"], logit), neg(log(plus(1, ["exp", logit])))), "binary", logit="real"
    )
    return family, _certificate(bernoulli_entropy(logit), logit=logit)


def _gaussian() -> tuple[dict, dict]:
    """Of whole vectors, in mean and covariance."""
    away = ["vec", "dim:i", plus(["var", "i"], neg(["arg", "mean", "i"]))]
    S = ["arg", "covariance"]
    density = plus(
        times(MINUS_HALF, ["dim"], log(times(2, PI))),
        times(MINUS_HALF, ["logdet", S]),
        times(MINUS_HALF, ["quad", away, ["inverse", S], away]),
    )
    entropy = plus(times(HALF, ["dim"], log(times(2, PI, E))), times(HALF, ["logdet", S]))
    family = made_family(density, "real", mean="vector", covariance="posdef")
    return family, _certificate(entropy, mean=0, covariance=["scaled", -1, S])


def _wishart() -> tuple[dict, dict]:
    """Of positive definite matrices; shape + dim - 1 degrees of freedom."""
    V, s, X = ["arg", "spread"], ["arg", "shape"], ["var"]
    freedom = plus(s, ["dim"], -1)
    halves = times(HALF, plus(s, ["index", "i"], -1))
    constant = plus(
        times(HALF, freedom, ["dim"], log(2)),
        times(HALF, freedom, ["logdet", V]),
        times(["frac", 1, 4], ["dim"], plus(["dim"], -1), log(PI)),
        total("dim:i", ["loggamma", halves]),
    )
    density = plus(
        times(HALF, plus(s, -2), ["logdet", X]),
        times(MINUS_HALF, ["trace", ["matmul", ["inverse", V], X]]),
        neg(constant),
    )
    mean_log_det = plus(total("dim:i", ["digamma", halves]), times(["dim"], log(2)), ["logdet", V])
    entropy = plus(
        constant, times(MINUS_HALF, plus(s, -2), mean_log_det), times(HALF, freedom, ["dim"])
    )
    family = made_family(density, "posdef", spread="posdef", shape="positive")
    return family, _certificate(entropy, spread=["scaled", -1, V], shape=plus(s, -2))


def _matrix_normal() -> tuple[dict, dict]:
    """Of rows x columns, in mean and the covariances of rows and of columns."""
    U, V = ["arg", "of_rows"], ["arg", "of_columns"]

    def away(column: str) -> list:
        return ["vec", "rows:r", plus(["var", "r", column], neg(["arg", "mean", "r", column]))]

    pair = times(
        ["entry", ["inverse", V], "i", "j"], ["quad", away("i"), ["inverse", U], away("j")]
    )
    log_dets = plus(times(["dim"], ["logdet", U]), times(["rows"], ["logdet", V]))
    density = plus(
        times(MINUS_HALF, ["rows"], ["dim"], log(times(2, PI))),
        times(MINUS_HALF, log_dets),
        times(MINUS_HALF, total("dim:i", total("dim:j", pair))),
    )
    entropy = plus(times(HALF, ["rows"], ["dim"], log(times(2, PI, E))), times(HALF, log_dets))
    ranges = {"mean": "matrix", "of_rows": "posdef of rows", "of_columns": "posdef"}
    moves = {"of_rows": ["scaled", -1, U], "of_columns": ["scaled", 0, V]}
    return made_family(density, "real", **ranges), _certificate(entropy, mean=0, **moves)


FAMILIES = {
    "gaussian": _gaussian(),
    "wishart": _wishart(),
    "matrix_normal": _matrix_normal(),
    "gauss": _normal(),
    "categorical": _categorical(),
    "softmax": _softmax(),
    "bernoulli": _bernoulli(),
    "poisson_log": _poisson(),
}


#: The plates of one draw, of families that are not over numbers.
DEPTH = {
    "categorical": 1,
    "softmax": 1,
    "gaussian": 1,
    "wishart": 2,
    "matrix_normal": 2,
    "on_spheres": 2,
}


# Records of a model.


def variable(text: str, role: str, support: str = "real") -> dict:
    """`variable("x N D", "observed")`"""
    name, *plates = text.split()
    return {"name": name, "plates": plates, "support": support, "role": role}


def parameter(text: str, range_: str = "real", learned: bool = True) -> dict:
    name, *plates = text.split()
    return {"name": name, "plates": plates, "range": range_, "learned": learned}


def network(text: str, inputs: str, range_: str = "real") -> dict:
    name, *plates = text.split()
    return {"name": name, "plates": plates, "inputs": inputs.split(), "range": range_}


def factor(name: str, of: str, given: str, family: str, *arguments: Any, select: str = "") -> dict:
    """Arguments have named indices: those of the plates of `of`, then `k` for the class."""
    return {
        "name": name,
        "of": of.split(),
        "given": given.split(),
        "family": family,
        "arguments": list(arguments),
        "select": select,
    }


def _settled(model: dict, one: dict) -> dict:
    """The factor with positions in its arguments."""
    plates = next(v["plates"] for v in model["variables"] if v["name"] == one["of"][0])
    outer = plates[: len(plates) - DEPTH.get(one["family"], 0)]
    scope = tuple(size.lower() for size in outer)
    scope += ("k",) if one["select"] else ()
    return one | {"arguments": [placed(argument, scope) for argument in one["arguments"]]}


def model(name: str, sizes: str, **more: Any) -> dict:
    """A model record; `data` is the first size unless it is said."""
    sizes = sizes.split()
    empty = {"lags": {}, "parameters": [], "networks": [], "q": [], "constraints": []}
    made = {"name": name, "sizes": sizes, "data": sizes[:1]} | empty | more
    used = {one["family"] for one in (*made["p"], *made["q"])} - {"any"}
    made["families"] = {family: FAMILIES[family][0] for family in sorted(used)}
    return made | {side: [_settled(made, one) for one in made[side]] for side in "pq"}


# Parts of the ELBO and of the entropy sum, as terms.


class Parts:
    """What a model's ELBO and its entropy sum are made of, one part for each factor."""

    def __init__(self, model: dict, expectation: str = "expect"):
        self.model, self.expectation = model, expectation
        self.variables = {one["name"]: one for one in model["variables"]}
        self.places = [self.place(one) for one in self.factors()]

    def factors(self) -> list[dict]:
        return [*self.model["q"], *self.model["p"]]

    def factor(self, name: str) -> dict:
        return next(one for one in self.factors() if one["name"] == name)

    def place(self, one: dict) -> str:
        """The data plate of a factor, or nothing."""
        plates = self.variables[one["of"][0]]["plates"]
        return plates[0] if plates and plates[0] in self.model["data"] else ""

    def latent(self, name: str) -> bool:
        return self.variables[name.removesuffix("@-1")]["role"] == "latent"

    def inner(self, kind: str, name: str) -> list:
        one = self.factor(name)
        read = {
            "H": one["given"],
            "logp": [*one["given"], *one["of"]],
            "logh": [*one["of"], *([one["select"]] if one["select"] else [])],
        }[kind]
        term = [kind, name, *([0] if self.place(one) else [])]
        averaged = one["family"] != "any" and any(map(self.latent, read))
        return [self.expectation, term] if averaged else term

    def weighted(self, place: str, body: Any) -> Any:
        whole = mean(place, body) if place else body
        if len({*self.places}) == 1:
            return whole
        counts = [["size", plate] for plate in self.model["data"]]
        each = ["pow", plus(*counts) if len(counts) > 1 else counts[0], -1]
        return times(*([["size", place]] if place else []), each, whole)

    def part(self, kind: str, name: str) -> Any:
        return self.weighted(self.place(self.factor(name)), self.inner(kind, name))

    def elbo(self) -> Any:
        by_place: dict[str, list] = {}
        for side, kind in (("q", "H"), ("p", "logp")):
            for one in self.model[side]:
                by_place.setdefault(self.place(one), []).append(self.inner(kind, one["name"]))
        sums = [self.weighted(place, _sum(bodies)) for place, bodies in by_place.items()]
        return _sum(sums)

    def entropies(self) -> list:
        """The addends of the entropy sum."""
        encoders = [self.part("H", one["name"]) for one in self.model["q"]]
        return encoders + [part for one in self.model["p"] for part in self.tempered(one["name"])]

    def tempered(self, name: str) -> list:
        """What log p of a factor is beside its D."""
        based = self.model["families"][self.factor(name)["family"]]["log_base_measure"] != 0
        return [neg(self.part("H", name)), *([self.part("logh", name)] if based else [])]


def _sum(parts: list) -> Any:
    return plus(*parts) if len(parts) > 1 else parts[0]


def _scoped_names(model: dict, parameter: str) -> tuple[str, ...]:
    plates = next(one["plates"] for one in model["parameters"] if one["name"] == parameter)
    if len({*plates}) < len(plates):  # a square
        return ("k", "j")
    return tuple(size.lower() for size in plates)


def conditions(
    model: dict, moved: list[str], noise: dict[str, list[str]], lipschitz: str
) -> Iterator:
    """`noise`: the factors that are written as noise, each with the moved parameters it names."""
    for one in (*model["parameters"], *model["networks"]):
        if one["range"] != "real":
            yield ["range", one["name"], one["range"]]
    for one in model["variables"]:
        if one["role"] != "latent" and one["support"] != "real":
            yield ["support", one["name"], one["support"]]
    for name, lag in model["lags"].items():
        yield ["start", name, lag["start"]]
    if len({*Parts(model).places}) > 1:
        yield from (["counted", plate] for plate in model["data"])
    for name in model["families"]:
        yield from (["normalised", name], ["score", name])
        if model["families"][name]["log_base_measure"] != 0:
            yield ["base_measure", name]
    yield from (["finite", "objective"], ["interchange", "objective"])
    yield from (["reparametrised", name] for name in noise)
    yield from (["closed", name, read] for name, reads in noise.items() for read in reads)
    yield from (["lipschitz", name] for name in lipschitz.split())
    for one in model["parameters"]:
        if one["name"] in moved:
            rule = "tangent" if one["range"] == "simplex" else "stationary"
            yield [rule, "objective", one["name"]]


def derivation(
    model: dict,
    direction: dict[str, Any],
    closed_form: Any,
    noise: dict[str, list[str]] | None = None,
    lipschitz: str = "",
    scaled: dict[str, str] | None = None,
    weights: dict[str, Any] | None = None,
) -> dict:
    """The document of a model: definition, split, a tempering (or scaling) for each factor of p, gap,
    stationary and closed form. `scaled`: the factors of p that a factor of q moves with."""
    scaled, weights = scaled or {}, weights or {}
    parts = Parts(model, "reparam" if noise else "expect")
    moves = {name: placed(term, _scoped_names(model, name)) for name, term in direction.items()}
    steps = [("definition", Parts(model).elbo())]
    steps += [("reparametrise", parts.elbo())] if noise else []
    names = [one["name"] for one in model["p"]]
    shown = [parts.part("H", one["name"]) for one in model["q"]]
    shown += [parts.part("logp", name) for name in names]
    steps.append(("split", _sum(shown)))
    for name in sorted(names, key=scaled.__contains__):
        whole = parts.part("logp", name)
        more = plus(parts.part("H", scaled[name]), whole) if name in scaled else whole
        place = shown.index(whole)
        change = times(weights[name], ["D", more]) if name in weights else ["D", more]
        shown = [*shown[:place], *parts.tempered(name), change, *shown[place + 1 :]]
        steps.append(("scaling" if name in scaled else "tempering", _sum(shown)))
    closed = placed(closed_form)
    gap = plus(*parts.entropies(), D_OBJECTIVE)
    steps += [("gap", gap), ("stationary", _sum(parts.entropies())), ("closed_form", closed)]
    statement = {
        "model": model,
        "objective": {"weights": weights, "penalty": 0} if weights else "elbo",
        "direction": moves,
        "claim": {"gap": gap, "entropy_sum": closed, "excess": 0},
        "conditions": [*conditions(model, [*moves], noise or {}, lipschitz)],
    }
    certificates = {name: FAMILIES[name][1] for name in model["families"] if FAMILIES[name][1]}
    return sealed(
        {
            "format": "entropysym/2",
            "statement": statement,
            "certificates": certificates,
            "steps": [{"rule": rule, "result": result} for rule, result in steps],
        }
    )
