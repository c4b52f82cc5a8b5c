"""The statement in plain text: what a reader must believe in, and nothing that is not checked."""

from collections.abc import Collection, Iterator
from typing import Any

from .kernel.terms import ANY, MATRICES, Array, Factor, Family, Model, Statement, Term, Variable
from .kernel.theorem import elbo, objective
from .known import FAMILIES

MEANING = {
    "range": "{0} is {1}",
    "support": "{0} is {1}",
    "start": "{0} is {1} at the first step; all sequences are of one length",
    "counted": "the number of data {0} is finite",
    "normalised": "the density of {0} integrates to one",
    "score": "the scores of {0}, those of location and scale included, have mean zero (regularity)",
    "base_measure": "entropies of {0} are relative to it, pseudo entropies if it is not constant",
    "differentiable": "{0} is a differentiable function, whatever it is",
    "finite": "each term of the ELBO, of the entropies and of the derivatives of the {0}'s parts, expanded, has a finite mean",
    "interchange": "that derivative of the {0} may be taken under means and expectations",
    "constraint": "{0}: {1}",
    "reparametrised": "{0} is written as location + scale * noise (checked)",
    "closed": "{1} is free in {0}, which is closed under its motion",
    "lipschitz": "{0} is locally Lipschitz: its input stands still along the direction to first order",
    "collapsed": "at the numbers {0} is the law of p, which sees no variable",
    "frozen": "{0} learns nothing",
    "stationary": "the {0} is stationary in {1}",
    "tangent": "the {0} is stationary in {1} along the simplex",
}
RANGES = {
    "nonnegative": "at least 0",
    "simplex": "positive with sum 1 over its last index",
    "positive": "positive",
    "unit": "in the open interval (0, 1)",
    "posdef": "symmetric and positive definite",
    "triangular": "lower triangular with a positive diagonal",
    "binary": "0 or 1",
    "count": "a whole number >= 0",
    "onehot": "one-hot over its last index",
    "angle": "an angle in one period",
    "sphere": "of norm 1 over its last index",
}
TIGHT = ("add", "mul", "frac", "scaled", "matmul")  # bracketed inside a product
LOOSE = (*TIGHT, "pow", "sum", "mean", "expect", "reparam")  # bracketed under a power


def show(term: Term, limit: int = 80) -> str:
    """A term in infix notation, cut at the limit."""
    text = infix(term)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def infix(term: Term, scope: tuple[str, ...] = ()) -> str:
    if isinstance(term, int):
        return str(term)

    def sub(inner: Term) -> str:
        return infix(inner, scope)

    def index(*positions: int) -> str:
        return f"[{_at(scope, *positions)}]" if positions else ""

    def wrapped(part: Term, heads: Collection[str] = TIGHT) -> str:
        return f"({sub(part)})" if isinstance(part, list) and part[0] in heads else sub(part)

    match term:
        case ("frac", p, q):
            return f"{p}/{q}"
        case ("size" | "mat", name):
            return name
        case ("param" | "arg", name, *positions):
            return name + index(*positions)
        case ("net", name, positions, vectors):
            return f"{name}{index(*positions)}({', '.join(sub(vector) for vector in vectors)})"
        case ("matnet", name, vectors):
            return f"{name}({', '.join(sub(vector) for vector in vectors)})"
        case ("v" | "matv", name, *positions):
            return name + index(*positions)
        case ("index", position):
            return _at(scope, position)
        case ("entry", matrix, *positions):
            return f"entry({sub(matrix)}, {_at(scope, *positions)})"
        case ("eps", name, *positions):
            return f"eps_{name}{index(*positions)}"
        case ("expect" | "reparam", body):
            return f"{'E_q' if term[0] == 'expect' else 'E_eps'} ({sub(body)})"
        case ("vec" | "sum" | "mean", *_):
            return _binder(term, scope)
        case ("add", *parts):
            return " + ".join(wrapped(part, ("add",)) for part in parts)
        case ("mul" | "scaled" | "matmul", *parts):
            return (" @ " if term[0] == "matmul" else " * ").join(wrapped(part) for part in parts)
        case ("pow", inner, exponent):
            bare = inner >= 0 if isinstance(inner, int) else inner[0] not in LOOSE
            base = sub(inner) if bare else f"({sub(inner)})"
            return f"{base}^({sub(exponent)})"
        case ("fun", name, order, inner):
            return name + "'" * order + f"({sub(inner)})"
        case ("field", name, positions, vector):
            return f"{name}{index(*positions)}({sub(vector)})"
        case ("var", *positions):
            return term[0] + index(*positions)
        case ("logp" | "logh" | "H", factor, *positions):
            return f"{term[0]}[{', '.join([factor, *(_at(scope, i) for i in positions)])}]"
        case (head, *parts):
            return head + (f"({', '.join(map(sub, parts))})" if parts else "")
    return ""


def _at(scope: tuple[str, ...], *positions: int) -> str:
    """The names of what is bound at these positions."""
    return ", ".join(scope[-1 - i] if i < len(scope) else f"#{i}" for i in positions)


def _binder(term: Any, scope: tuple[str, ...]) -> str:
    """A head that binds: it gives what it binds a name of its own."""
    head, over, body = term
    letter = "n" if head == "mean" else "i"
    name = f"{letter}{sum(bound.startswith(letter) for bound in scope) + 1}"
    return f"{head}_({name} <= {over}) ({infix(body, (*scope, name))})"


def _normalised(family: Family, normal: Collection[str]) -> str:
    """Why the density is believed to integrate to one; the checker computes no integral."""
    if family.name in normal:
        return "shown, as that of location + scale * standard normal noise"
    if family.name in FAMILIES:
        return "cited, for this family as it ships"
    return "NOT SHOWN: this family does not ship, its density is the author's"


def statement(said: Statement, normal: Collection[str], digest: str) -> str:
    """Model, objective, direction, claim, conditions and hash, one fact a line."""
    plain = (said.weights, said.penalty) == ({}, 0)
    excess = f" + excess: {infix(said.excess)}" if said.excess != 0 else ""
    lines = [
        *_declarations(said.model),
        *(line for family in said.model.families.values() for line in _family(family, normal)),
        *_graph(said.model),
        f"ELBO = {infix(elbo(said.model))}, in nats",
        f"objective = {'ELBO' if plain else infix(objective(said))}",
        *(_motion(said.model.parameters[name], term) for name, term in said.direction.items()),
        "D f = d/dt f(parameters + t * direction) at t = 0",
        "claim, at every parameter value:",
        f"  ELBO = {infix(said.gap)}",
        f"claim, where the conditions hold: ELBO = entropy sum{excess}",
        f"  ELBO = {infix(said.entropy_sum)}",
        "conditions:",
        *(_condition(*words) for words in said.conditions),
        f"statement sha256: {digest}",
    ]
    return "\n".join(lines)


def refusal_statement(body: Any, model: Model, digest: str) -> str:
    """The refused model, the numbers of its witness and what they rest on; clamps are resolved."""
    (of,) = model.p[body["factor"]].of
    lines = [
        f"refusal of kind {body['kind']}, by {body['factor']}, at all sizes 1",
        *_declarations(model),
        *(line for family in model.families.values() for line in _family(family, ())),
        *_graph(model),
        f"objective: {'ELBO' if body['objective'] == 'elbo' else body['objective']}",
        *(f"  {name} = {infix(value)}" for name, value in body["values"].items()),
        *(f"  {name}(...) = {infix(value)}" for name, value in body["networks"].items()),
        *(f"  weight {infix(y)} at {of} = {infix(x)}" for y, x in body["points"]),
        "claim: a stationary point of the objective where ELBO and entropy sum differ",
        "conditions:",
        *(_condition(*words) for words in body["conditions"]),
        f"refusal sha256: {digest}",
    ]
    return "\n".join(lines)


def _declarations(model: Model) -> Iterator[str]:
    def declared(array: Array) -> str:
        return f"[{', '.join(array.plates)}] {array.range}"

    sizes = ", ".join(size for size in model.sizes if size not in model.data)
    data = ", ".join(model.data) or "none"
    yield f"model {model.name}, sizes {sizes or 'none'} (integers >= 1), data {data}"
    for variable in model.variables.values():
        plates = f"[{', '.join(variable.plates)}]" if variable.plates else ""
        yield f"  variable {variable.name}{plates} {variable.support}, {variable.role}"
    for name, lag in model.lags.items():
        yield f"  {name} is it one step earlier along {lag.plate}, at the first step {lag.start}"
    for p in model.parameters.values():
        yield f"  parameter {p.name}{declared(p)}, {'learned' if p.learned else 'fixed'}"
    for net in model.networks.values():
        yield f"  network {net.name}({', '.join(net.inputs)}) -> {declared(net)}"


def _family(family: Family, normal: Collection[str]) -> Iterator[str]:
    ranges = ", ".join(f"{name} {range_}" for name, range_ in family.arguments.items())
    draw = ("", "vectors whose entries are ", "matrices whose entries are ")[family.depth]
    over = family.support if family.support == "posdef" else draw + family.support
    yield f"  family {family.name}({ranges}) of {over} variables"
    yield f"    log density: {infix(family.log_density)}"
    yield f"    log base measure: {infix(family.log_base_measure)}"
    if family.location is not None:
        yield f"    location: {infix(family.location)}"
        yield f"    scale: {infix(family.scale)}"
    yield f"    normalised: {_normalised(family, normal)}"


def _graph(model: Model) -> Iterator[str]:
    """The factors of p and of q."""
    for side, factors in (("p", model.p), ("q", model.q)):
        for factor in factors.values():
            yield f"  {factor.name} {side}({_drawn(model, factor)}) = {_law(model, factor)}"


def _scope(model: Model, variable: Variable) -> tuple[str, ...]:
    """Names for the indices of a variable."""
    data = bool(model.data_plate(variable.name))
    inner = (f"i{k + 1}" for k in range(len(variable.plates) - data))
    return (*(["n1"] * data), *inner)


def _drawn(model: Model, factor: Factor) -> str:
    given = f" | {', '.join(factor.given)}" if factor.given else ""
    if factor.family == ANY:
        return ", ".join(factor.of) + given
    variable = model.variables[factor.of[0]]
    places = _scope(model, variable)
    places = model.families[factor.family].alike(places)
    return variable.name + (f"[{', '.join(places)}]" if places else "") + given


def _law(model: Model, factor: Factor) -> str:
    if factor.family == ANY:
        return "any law, which reads none of the parameters"
    family, variable = model.families[factor.family], model.variables[factor.of[0]]
    scope = _scope(model, variable)
    scope = family.alike(scope)
    chosen = model.variable(factor.select).plates[-1:] if factor.select else []
    klass = [f"i{sum(name.startswith('i') for name in scope) + 1}"] * len(chosen)
    printed = ", ".join(infix(term, (*scope, *klass)) for term in factor.arguments)
    selected = f" at the class {klass[0]} <= {chosen[0]} of {factor.select}" if chosen else ""
    return f"{factor.family}({printed}){selected}"


def _motion(array: Array, term: Term) -> str:
    """A matrix moves as a whole, other arrays entry by entry."""
    matrix = array.range in MATRICES
    places = () if matrix else tuple(f"i{k + 1}" for k in range(len(array.plates)))
    index = f"[{', '.join(places)}]" if places else ""
    return f"direction: D {array.name}{index} = {infix(term, places)}"


def _condition(kind: str, *words: str) -> str:
    said = [words[0], _range(words[1])] if kind in ("range", "support") else words
    return f"  {kind}: " + MEANING[kind].format(*said)


def _range(word: str) -> str:
    kind, _, number = word.partition(" ")
    return {"from": f"at least {number}", "upto": f"one of 0, ..., {number}"}.get(kind) or RANGES[
        word
    ]
