"""The statement in plain text: what a reader must believe in, and nothing that is not checked."""

from collections.abc import Collection

from .known import FAMILIES
from .reader import Document
from .terms import ANY, FACTORS, MATRICES, Array, Family, Model, Term

MEANING = {
    "range": "{0} is {1}",
    "normalised": "the density of {0} integrates to one",
    "score": "the scores of {0}, those of location and scale included, have mean zero (regularity)",
    "base_measure": "entropies of {0} are relative to it, pseudo entropies if it is not constant",
    "finite": "each term of the ELBO, of the entropies and of the derivatives of the {0}'s parts, expanded, has a finite mean",
    "interchange": "that derivative of the {0} may be taken under means and expectations",
    "constraint": "{0}: {1}",
    "reparametrised": "the {0} is written as location + scale * noise (checked)",
    "closed": "{1} is free in the {0}, which is closed under its motion",
    "lipschitz": "{0} is locally Lipschitz: its input stands still along the direction to first order",
    "stationary": "the {0} is stationary in {1}",
}
RANGES = {
    "positive": "positive",
    "unit": "in the open interval (0, 1)",
    "posdef": "symmetric and positive definite",
    "triangular": "lower triangular with a positive diagonal",
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

    def sub(inner: Term, *more: str) -> str:
        return infix(inner, scope + more)

    def at(*positions: int) -> str:
        return ", ".join(scope[-1 - i] if i < len(scope) else f"#{i}" for i in positions)

    def index(*positions: int) -> str:
        return f"[{at(*positions)}]" if positions else ""

    def fresh(letter: str) -> str:
        return f"{letter}{sum(name.startswith(letter) for name in scope) + 1}"

    def wrapped(part: Term) -> str:
        return f"({sub(part)})" if isinstance(part, tuple) and part[0] in TIGHT else sub(part)

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
        case ("vec" | "sum", size, body):
            name = fresh("i")
            return f"{term[0]}_({name} <= {size}) ({sub(body, name)})"
        case ("x" | "z" | "eps", i, j):
            return f"{term[0]}({at(i)})[{at(j)}]"
        case ("mean", body):
            name = fresh("n")
            return f"mean_{name} ({sub(body, name)})"
        case ("expect" | "reparam", i, body):
            name = fresh("q")
            return f"{term[0]}_({name} at {at(i)}) ({sub(body, name)})"
        case ("add", *parts):
            return " + ".join(sub(part) for part in parts)
        case ("mul" | "scaled" | "matmul", *parts):
            return (" @ " if term[0] == "matmul" else " * ").join(wrapped(part) for part in parts)
        case ("pow", inner, exponent):
            bare = inner >= 0 if isinstance(inner, int) else inner[0] not in LOOSE
            base = sub(inner) if bare else f"({sub(inner)})"
            return f"{base}^({sub(exponent)})"
        case ("var", *positions):
            return term[0] + index(*positions)
        case ("logp" | "logh" | "H", factor, *positions):
            return f"{term[0]}[{', '.join([factor, *map(at, positions)])}]"
        case (head, *parts):
            return head + (f"({', '.join(map(sub, parts))})" if parts else "")
    return ""


def _normalised(family: Family, normal: Collection[str]) -> str:
    """Why the density is believed to integrate to one; the checker computes no integral."""
    if family.name in normal:
        return "shown, as that of location + scale * standard normal noise"
    if family.name in FAMILIES:
        return "cited, for this family as it ships"
    return "NOT SHOWN: this family does not ship, its density is the author's"


def model_lines(model: Model, normal: Collection[str]) -> list[str]:
    """The declarations and factors of a model, one a line; `normal` names families with shown noise."""

    def declared(array: Array) -> str:
        return f"[{', '.join(array.plates)}] {array.range}"

    lines = [f"model {model.name}, sizes {', '.join(model.sizes)} (integers >= 1)"]
    for p in model.parameters.values():
        lines.append(f"  parameter {p.name}{declared(p)}, {'learned' if p.learned else 'fixed'}")
    for net in model.networks.values():
        lines.append(f"  network {net.name}({', '.join(net.inputs)}) -> {declared(net)}")
    for family in model.families.values():
        ranges = ", ".join(f"{name} {range_}" for name, range_ in family.arguments.items())
        over = "vectors whose entries are " * family.over_vectors + family.support
        lines.append(f"  family {family.name}({ranges}) of {over} variables")
        lines.append(f"    log density: {infix(family.log_density)}")
        lines.append(f"    log base measure: {infix(family.log_base_measure)}")
        lines.append(f"    normalised: {_normalised(family, normal)}")
    scopes = {"prior": ("h",), "decoder": ("z", "d"), "encoder": ("n", "h")}
    drawn = {"prior": "p({})", "decoder": "p({} | z)", "encoder": "q({} | x(n))"}
    for role in FACTORS:
        factor, family = model.factors[role], model.family(role)
        if factor.family == ANY:
            lines.append("  encoder q(z | x(n)) = any law")
            continue
        variable, letter, size = (
            ("x", "d", model.observed) if role == "decoder" else ("z", "h", model.latent)
        )
        given = []
        for term, range_ in zip(factor.arguments, family.arguments.values(), strict=True):
            whole = family.over_vectors and range_ != "vector"
            text = infix(term, scopes[role][:-1] if whole else scopes[role])
            given.append(f"vec_({letter} <= {size}) ({text})" if range_ == "vector" else text)
        plate = "" if family.over_vectors else f", {letter} <= {size}"
        variable += "" if family.over_vectors else f"[{letter}]"
        law = f"{family.name}({', '.join(given)})"
        lines.append(f"  {role} {drawn[role].format(variable)}{plate} = {law}")
    return lines


def statement(document: Document, normal: Collection[str]) -> str:
    """Model, objective, direction, claim, conditions and hash, one fact a line."""
    model, lines = document.model, model_lines(document.model, normal)
    lines.append("ELBO = mean_n (H[q_n] + E_q log p(z) + E_q log p(x_n | z)), in nats")
    weighted = (
        f"({infix(document.weight)}) * mean_n (H[q_n] + E_q log p(z)) + mean_n E_q log p(x_n | z)"
    )
    plain = (document.weight, document.penalty) == (1, 0)
    lines.append(f"objective = {'ELBO' if plain else f'{weighted} - ({infix(document.penalty)})'}")
    for name, term in document.direction.items():
        places = tuple(f"i{k + 1}" for k in range(len(model.parameters[name].plates)))
        if model.parameters[name].range in MATRICES:
            places, term = (), ("scaled", term, ("mat", name))
        index = f"[{', '.join(places)}]" if places else ""
        lines.append(f"direction: D {name}{index} = {infix(term, places)}")
    lines.append("D f = d/dt f(parameters + t * direction) at t = 0")
    lines.append("claim, at every parameter value:")
    lines.append(f"  ELBO = {infix(document.gap)}")
    excess = f" + excess: {infix(document.excess)}" if document.excess != 0 else ""
    lines.append(f"claim, where the conditions hold: ELBO = entropy sum{excess}")
    lines.append(f"  ELBO = {infix(document.entropy_sum)}")
    lines.append("conditions:")
    for kind, *words in document.conditions:
        words = [words[0], RANGES[words[1]]] if kind == "range" else words
        lines.append(f"  {kind}: " + MEANING[kind].format(*words))
    lines.append(f"statement sha256: {document.actual_sha256['statement']}")
    return "\n".join(lines)
