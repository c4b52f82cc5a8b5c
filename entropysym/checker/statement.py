"""The statement in plain text: what a reader must believe in, and nothing that is not checked."""

from .reader import Document
from .terms import FACTORS, Term

MEANING = {
    "range": "{0} is {1}",
    "normalised": "the density of {0} integrates to one (cited)",
    "score": "the scores of {0} have mean zero (regularity)",
    "finite": "the expectation of each term of the {0} and of its derivative, expanded, is finite",
    "interchange": "that derivative of the {0} may be taken under means and expectations",
    "constraint": "{0}: {1}",
    "reparametrised": "the {0} is written as location + scale * noise (checked)",
    "closed": "{1} is free in the {0}, which is closed under its motion",
    "stationary": "the {0} is stationary in {1}",
}


def show(term: Term, limit: int = 80) -> str:
    """A term in infix notation, cut at the limit."""
    text = _infix(term, ())
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _infix(term: Term, scope: tuple[str, ...]) -> str:
    if isinstance(term, int):
        return str(term)

    def sub(inner: Term, *more: str) -> str:
        return _infix(inner, scope + more)

    def at(position: int) -> str:
        return scope[-1 - position] if position < len(scope) else f"#{position}"

    def fresh(letter: str) -> str:
        return f"{letter}{sum(name.startswith(letter) for name in scope) + 1}"

    match term:
        case ("frac", p, q):
            return f"{p}/{q}"
        case ("size" | "arg", name):
            return name
        case ("param", name, *positions):
            return name + (f"[{', '.join(at(i) for i in positions)}]" if positions else "")
        case ("net", name, positions, vectors):
            index = f"[{', '.join(at(i) for i in positions)}]" if positions else ""
            return f"{name}{index}({', '.join(sub(vector) for vector in vectors)})"
        case ("vec" | "sum", size, body):
            index = fresh("i")
            return f"{term[0]}_({index} <= {size}) ({sub(body, index)})"
        case ("x" | "z" | "eps", i, j):
            return f"{term[0]}({at(i)})[{at(j)}]"
        case ("mean", body):
            datum = fresh("n")
            return f"mean_{datum} ({sub(body, datum)})"
        case ("expect" | "reparam", i, body):
            latent = fresh("q")
            return f"{term[0]}_({latent} at {at(i)}) ({sub(body, latent)})"
        case ("add", *parts):
            return " + ".join(sub(part) for part in parts)
        case ("mul", *parts):
            return " * ".join(_wrapped(part, scope) for part in parts)
        case ("pow", inner, exponent):
            return f"{_wrapped(inner, scope)}^({sub(exponent)})"
        case ("log" | "exp" | "D", inner):
            return f"{term[0]}({sub(inner)})"
        case ("logp" | "H", factor, *positions):
            return f"{term[0]}[{', '.join([factor, *(at(i) for i in positions)])}]"
        case _:
            return str(term[0])


def _wrapped(term: Term, scope: tuple[str, ...]) -> str:
    text = _infix(term, scope)
    return f"({text})" if not isinstance(term, int) and term[0] in ("add", "mul", "frac") else text


def statement(document: Document) -> str:
    """Model, objective, direction, claim, conditions and hash, one fact a line."""
    model = document.model
    lines = [f"model {model.name}, sizes {', '.join(model.sizes)} (integers >= 1)"]
    for p in model.parameters.values():
        learned = "learned" if p.learned else "fixed"
        lines.append(f"  parameter {p.name}[{', '.join(p.plates)}] {p.range}, {learned}")
    for net in model.networks.values():
        inputs = ", ".join(net.inputs)
        lines.append(f"  network {net.name}({inputs}) -> [{', '.join(net.plates)}] {net.range}")
    for family in model.families.values():
        ranges = ", ".join(f"{name} {range_}" for name, range_ in family.arguments.items())
        lines.append(f"  family {family.name}({ranges}) on the real line")
        lines.append(f"    log density: {_infix(family.log_density, ())}")
    scopes = {"prior": ("h",), "decoder": ("z", "d"), "encoder": ("n", "h")}
    drawn = {
        "prior": f"p(z[h]), h <= {model.latent}",
        "decoder": f"p(x[d] | z), d <= {model.observed}",
        "encoder": f"q(z[h] | x(n)), h <= {model.latent}",
    }
    for role in FACTORS:
        factor = model.factors[role]
        given = ", ".join(_infix(term, scopes[role]) for term in factor.arguments)
        lines.append(f"  {role} {drawn[role]} = {factor.family}({given})")
    lines.append("objective: ELBO = mean_n (H[q_n] + E_q log p(z) + E_q log p(x_n | z)), in nats")
    for name, term in document.direction.items():
        places = tuple(f"i{k + 1}" for k in range(len(model.parameters[name].plates)))
        left = name + (f"[{', '.join(places)}]" if places else "")
        lines.append(f"direction: D {left} = {_infix(term, places)}")
    lines.append("claim, at every parameter value:")
    lines.append(f"  ELBO = {_infix(document.gap, ())}")
    lines.append("claim, where the conditions hold:")
    lines.append(f"  ELBO = {_infix(document.entropy_sum, ())}")
    lines.append("conditions:")
    for kind, *words in document.conditions:
        lines.append(f"  {kind}: " + MEANING[kind].format(*words).replace("elbo", "ELBO"))
    lines.append(f"statement sha256: {document.statement_sha256}")
    return "\n".join(lines)
