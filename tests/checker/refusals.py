"""Refusals written by hand: small models with a witness each, and a digest for whatever a forger writes."""

import copy
from typing import Any

from entropysym.language.store import digest

from . import documents
from .documents import PI, neg, normal_family, parameter, variables, weighted
from .forging import Path, edited

Term = Any
Forged = tuple[dict, str]  # a document that must be refused, and a pattern of the message


def refusal(
    model: dict,
    values: dict,
    points: list | None = None,
    *,
    networks: dict | None = None,
    objective: Any = "elbo",
    conditions: list | None = None,
    factor: str = "",
) -> dict:
    """A document with the conditions that it needs: of the first factor of p of a latent if it has
    no points, else of the first of an observed variable, or of the one that is named."""
    kind = "latent" if points is None else "observed"
    factor = factor or next(f["name"] for f in model["p"] if role(model, f) == kind)
    body = {
        "model": model,
        "objective": objective,
        "kind": kind,
        "factor": factor,
        "values": values,
        "networks": networks or {},
        "points": points or [],
        "conditions": needed(model, factor) if conditions is None else conditions,
    }
    return resealed({"format": "entropysym/2", "refusal": body})


def resealed(document: dict) -> dict:
    """The same document with a fresh hash: what a forger would write."""
    document = copy.deepcopy(document)
    document["sha256"] = {"refusal": digest(document["refusal"])}
    return document


def role(model: dict, factor: dict) -> str:
    """Of the variable that a factor is of."""
    return next(v["role"] for v in model["variables"] if v["name"] == factor["of"][0])


def needed(model: dict, name: str) -> list[list[str]]:
    """The conditions of a witness that is about this factor of p, in their order."""
    chosen = next(factor for factor in model["p"] if factor["name"] == name)
    frozen = [factor for factor in model["q"] if {*chosen["of"]} & {*factor["of"]}]
    out = []
    for name in sorted(model["families"]):
        out += [["normalised", name], ["score", name]]
        if model["families"][name]["log_base_measure"] != 0:
            out.append(["base_measure", name])
    out += [["finite", "objective"], ["interchange", "objective"]]
    out += [["collapsed", factor["name"]] for factor in model["q"] if factor not in frozen]
    read = [named(factor["arguments"]) for factor in (*frozen, *[chosen] * bool(frozen))]
    nets = (net["name"] for net in model["networks"])
    return out + [["frozen", net] for net in nets if net in set().union(*read)]


def forged(document: dict, *changes: tuple[Path, Any]) -> dict:
    """The document with entries of the refusal replaced or deleted, and a fresh hash."""
    return resealed(edited(document, *((("refusal", *path), value) for path, value in changes)))


def learned(name: str, range: str = "positive") -> dict:
    return parameter(name, range=range)


def fixed(name: str, range: str = "positive") -> dict:
    return parameter(name, range=range, learned=False)


def named(term: Term) -> set[str]:
    """The networks in a term."""
    if not isinstance(term, list):
        return set()
    own = {term[1]} if term[:1] == ["net"] else set()
    return own.union(*map(named, term))


def network(name: str, plate: str = "", reads: str = "", range: str = "real") -> dict:
    plates, inputs = ([size] if size else [] for size in (plate, reads))
    return {"name": name, "plates": plates, "inputs": inputs, "range": range}


def family(log_density: Term, *real: str, positive: tuple[str, ...] = (), **more: Any) -> dict:
    """A family of one's own, over real numbers and without a location unless said otherwise."""
    ranges = dict.fromkeys(real, "real") | dict.fromkeys(positive, "positive")
    return {
        "arguments": [{"name": name, "range": range} for name, range in ranges.items()],
        "support": "real",
        "log_density": log_density,
        "log_base_measure": 0,
        "location": None,
        "scale": None,
    } | more


VAR, M, S = ["var"], ["arg", "m"], ["arg", "s"]


def over(x: Term, y: Term) -> Term:
    return ["mul", x, ["pow", y, -1]]


def log_normal(mean: Term, variance: Term) -> Term:
    """log N(x; mean, variance)"""
    square = ["pow", ["add", VAR, neg(mean)] if mean else VAR, 2]
    constant = ["mul", ["frac", -1, 2], ["log", ["mul", 2, PI, variance]]]
    return ["add", constant, ["mul", ["frac", -1, 2], over(square, variance)]]


def log_cauchy(m: Term = M, s: Term = S) -> Term:
    """-log(pi s) - log(1 + ((x - m) / s)^2)"""
    square = ["pow", over(["add", VAR, neg(m)], s), 2]
    return ["add", neg(["log", ["mul", PI, s]]), neg(["log", ["add", 1, square]])]


def log_laplace(m: Term = M, s: Term = S) -> Term:
    """-log(2 s) - |x - m| / s"""
    return ["add", neg(["log", ["mul", 2, s]]), neg(over(["abs", ["add", VAR, neg(m)]], s))]


def log_poisson(rate: Term = S) -> Term:
    """x log rate - rate - log x!"""
    return ["add", ["mul", VAR, ["log", rate]], neg(rate), LESS_FACTORIAL]


LESS_FACTORIAL = neg(["loggamma", ["add", VAR, 1]])


def log_exponential(rate: Term = S) -> Term:
    """log rate - rate x"""
    return ["add", ["log", rate], neg(["mul", rate, VAR])]


FAMILIES = {
    "normal": normal_family(),
    "cauchy": family(log_cauchy(), "m", positive=("s",), location=M, scale=S),
    "laplace": family(log_laplace(), "m", positive=("s",), location=M, scale=S),
    "poisson": family(log_poisson(), positive=("s",), support="count"),
    "counted": family(
        log_poisson(), positive=("s",), support="count", log_base_measure=LESS_FACTORIAL
    ),
    "exponential": family(log_exponential(), positive=("s",), support="positive"),
    # log p = x l - softplus(l)
    "bernoulli": family(
        ["add", ["mul", VAR, ["arg", "l"]], neg(["softplus", ["arg", "l"]])], "l", support="binary"
    ),
}


def model(
    decoder: tuple,
    prior: tuple = ("normal", 0, 1),
    encoder: tuple = ("any",),
    parameters: list[dict] | None = None,
    networks: list[dict] | None = None,
    families: dict | None = None,
    **more: Any,
) -> dict:
    """A model record; factors are a family's name and its arguments."""
    known = FAMILIES | (families or {})
    used = sorted({factor[0] for factor in (prior, decoder, encoder)} - {"any"})
    latent = prior if encoder[0] == "any" else encoder
    supports = [known[factor[0]]["support"] for factor in (decoder, latent)]
    return {
        "name": "own",
        "sizes": ["N", "D", "H"],
        "data": ["N"],
        "variables": variables(*supports),
        "lags": {},
        "parameters": parameters or [],
        "networks": networks or [],
        "families": {name: known[name] for name in used},
        "p": [documents.prior(*prior), documents.decoder(*decoder)],
        "q": [documents.encoder(*encoder)],
        "constraints": [],
        **more,
    }


W, B = ["param", "W", 0], ["param", "b"]
Z_VECTOR, X_VECTOR = ["vec", "H", ["v", "z", 2, 0]], ["vec", "D", ["v", "x", 2, 0]]
LINEAR = ["sum", "H", ["mul", ["param", "W", 1, 0], ["v", "z", 2, 0]]]  # (W z)_d
WEIGHTS = parameter("W", "D", "H")
MU = ["net", "mu", [0], [Z_VECTOR]]  # a network of the latents
NU, TAU2 = (["net", name, [0], [X_VECTOR]] for name in ("nu", "tau2"))  # networks of the data
MU_NET = network("mu", "D", "H")
ENCODER_NETS = [network("nu", "H", "D"), network("tau2", "H", "D", "positive")]
#: For a free location at 0 and any scale; and for a free scale at 1 besides.
EVEN = [[-2, 0], [1, 1], [1, -1]]


def vae0() -> dict:
    """Normal decoder of fixed variance: its mean is free, and sum y x^2 is not 0."""
    parameters = [WEIGHTS, parameter("sigma2", range="positive", learned=False)]
    own = model(
        ("normal", ["add", LINEAR, MU], ["param", "sigma2"]),
        encoder=("normal", NU, TAU2),
        parameters=parameters,
        networks=[MU_NET, *ENCODER_NETS],
    )
    networks = {"mu": 0, "nu": 0, "tau2": 1}
    return refusal(own, {"W": 0, "sigma2": 1}, EVEN, networks=networks)


def cauchy() -> dict:
    """Cauchy decoder of fixed scale."""
    own = model(("cauchy", LINEAR, 1), parameters=[WEIGHTS])
    return refusal(own, {"W": 0}, EVEN)


def free_cauchy() -> dict:
    """Cauchy decoder of learned scale s: at s = 1 its score by s is (x^2 - 1) / (x^2 + 1)."""
    s = parameter("s", range="positive")
    own = model(("cauchy", LINEAR, ["param", "s"]), parameters=[WEIGHTS, s])
    # At 1, 2 and 3 that is 0, 3/5 and 4/5.
    half = [[4, 2], [-3, 3], [-1, 1]]
    points = [[y, sign * x] for y, x in half for sign in (1, -1)]
    return refusal(own, {"W": 0, "s": 1}, points)


def laplace() -> dict:
    """Laplace decoder of fixed scale 2 about 0: the score of its location at x is +-1/2."""
    own = model(("laplace", LINEAR, 2), parameters=[WEIGHTS])
    return refusal(own, {"W": 0}, [[1, 1], [1, -1], [-1, 2], [-1, -2]])


def clamped() -> dict:
    """The variance is max(sigma2, floor): where the floor is active, nothing is learned."""
    sigma2 = parameter("sigma2", range="positive")
    floor = parameter("floor", range="positive", learned=False)
    variance = ["max", ["param", "sigma2"], ["param", "floor"]]
    own = model(("normal", LINEAR, variance), parameters=[WEIGHTS, sigma2, floor])
    return refusal(own, {"W": 0, "sigma2": ["frac", 1, 2], "floor": 1}, EVEN)


def poisson() -> dict:
    """Own Poisson of learned rate, entropies being true ones: log x! is not free."""
    own = model(("poisson", ["param", "s"]), parameters=[parameter("s", range="positive")])
    return refusal(own, {"s": 1}, [[1, 0], [-2, 1], [1, 2]])


def counted() -> dict:
    """Poisson of fixed rate 2, its entropy relative to 1/x!: log p - log h = x log 2 - 2."""
    return refusal(model(("counted", 2)), {}, [[1, 0], [-1, 1]])


def shifted() -> dict:
    """A Cauchy location sum_h W_h + b, which no latent enters; the penalty has its minimum at the numbers."""
    located = ["add", ["sum", "H", ["param", "W", 1, 0]], B]
    own = model(("cauchy", located, 1), parameters=[WEIGHTS, parameter("b")])
    square = ["pow", ["add", ["param", "W", 1, 0], -1], 2]
    penalty = ["add", ["sum", "D", ["sum", "H", square]], ["pow", ["add", B, ["frac", 1, 2]], 4]]
    points = [[y, ["frac", 2 * x + 1, 2]] for y, x in EVEN]
    values, objective = (
        {"W": 1, "b": ["frac", -1, 2]},
        weighted(["frac", 1, 2], penalty),
    )
    return refusal(own, values, points, objective=objective)


def exponential() -> dict:
    """Exponential decoder of fixed rate: positive points."""
    own = model(("exponential", 1))
    return refusal(own, {}, [[1, 1], [-1, 2]])


def bernoulli() -> dict:
    """Bernoulli decoder of fixed logit 1."""
    own = model(("bernoulli", 1))
    return refusal(own, {}, [[1, 0], [-1, 1]])


def frozen() -> dict:
    """Prior N(0, 1), an encoder that learns nothing; the decoder is all learned."""
    sigma2 = parameter("sigma2", range="positive")
    own = model(
        ("normal", ["add", LINEAR, MU], ["param", "sigma2"]),
        encoder=("normal", NU, TAU2),
        parameters=[WEIGHTS, sigma2],
        networks=[MU_NET, *ENCODER_NETS],
    )
    return refusal(own, {"W": 0, "sigma2": 1}, networks={"mu": 0, "nu": 1, "tau2": 1})


REFUSALS = {
    build.__name__: build
    for build in (
        vae0,
        cauchy,
        free_cauchy,
        laplace,
        clamped,
        poisson,
        counted,
        shifted,
        exponential,
        bernoulli,
        frozen,
    )
}
