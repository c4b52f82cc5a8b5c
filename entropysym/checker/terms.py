"""The grammar of terms: each is checked in its place, under the binders around it.

A *scope* is the tuple of binders around a term, outermost first. Roles see what their scope holds,
so a prior cannot read a latent, nor an encoder its own sample.
"""

from collections.abc import Collection
from dataclasses import dataclass
from math import gcd
from typing import Any

Term = Any  # an int, or a tuple that starts with a head and holds terms, names and positions
Binder = tuple[str, str]  # ("index", size), ("datum", ""), ("latent", "") or ("noise", "")

MAX_NODES = 20_000
MAX_EXPONENT = 16
RANGES = ("real", "positive", "unit")
FACTORS = ("prior", "decoder", "encoder")

ARITHMETIC = frozenset({"frac", "pi", "e", "add", "mul", "pow", "log", "exp"})
OF_FAMILY = ARITHMETIC | {"var", "arg"}
OF_DIRECTION = ARITHMETIC | {"size", "param", "sum"}
OF_MODEL = OF_DIRECTION | {"net", "x", "z"}
OF_STEP = OF_MODEL | {"eps", "mean", "expect", "reparam", "logp", "H", "D"}
UNDER_D = OF_STEP - {"D"} | {"elbo"}


class Malformed(ValueError):
    """The input is not a document of this format; the message is one line."""


class Refused(ValueError):
    """The derivation is not accepted: not shown, which does not mean false. One line."""


@dataclass(frozen=True)
class Parameter:
    name: str
    plates: tuple[str, ...]
    range: str
    learned: bool


@dataclass(frozen=True)
class Network:
    name: str
    plates: tuple[str, ...]
    inputs: tuple[str, ...]
    range: str


@dataclass(frozen=True)
class Family:
    name: str
    arguments: dict[str, str]  # name -> range, in order
    log_density: Term
    log_base_measure: Term
    location: Term
    scale: Term


@dataclass(frozen=True)
class Factor:
    family: str
    arguments: tuple[Term, ...]


@dataclass(frozen=True)
class Model:
    name: str
    sizes: tuple[str, ...]
    observed: str
    latent: str
    parameters: dict[str, Parameter]
    networks: dict[str, Network]
    families: dict[str, Family]
    factors: dict[str, Factor]
    constraints: tuple[tuple[str, str], ...]


def shown(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."


def require(holds: bool, where: str, value: Any, why: str) -> None:
    if not holds:
        raise Malformed(f"{where}: {shown(value)}: {why}")


def as_list(raw: Any, where: str) -> list[Any]:
    require(isinstance(raw, list), where, raw, "not a list")
    return raw


def one_of(raw: Any, where: str, allowed: Collection[str]) -> str:
    found = isinstance(raw, str) and raw in allowed
    require(found, where, raw, f"not one of {', '.join(allowed) or '(none)'}"[:120])
    return raw


def term(
    raw: Any,
    where: str,
    model: Model,
    heads: frozenset[str],
    scope: tuple[Binder, ...] = (),
    arguments: Collection[str] = (),
) -> Term:
    """The term as nested tuples, if it is well formed under these binders with these heads."""
    if type(raw) is int:
        return raw
    require(isinstance(raw, list) and len(raw) > 0, where, raw, "not a term")
    head, *rest = raw
    known = isinstance(head, str) and head in heads
    require(known, where, head, "a head that is unknown or not allowed here")

    def sized(least: int, most: int | None = None) -> None:
        fits = least <= len(rest) <= (least if most is None else most)
        require(fits, where, raw, f"{head!r} with {len(rest)} entries")

    def sub(value: Any, *more: Binder, allowed: frozenset[str] = heads) -> Term:
        return term(value, where, model, allowed, scope + more, arguments)

    def at(position: Any, *kinds: Binder) -> int:
        bound = type(position) is int and 0 <= position < len(scope)
        require(bound, where, raw, f"nothing is bound at {shown(position)}")
        found = scope[-1 - position]
        require(found in kinds, where, raw, f"what is bound at {position} is {' '.join(found)}")
        return position

    def each(positions: list, plates: tuple[str, ...]) -> list[int]:
        require(len(positions) == len(plates), where, raw, f"not {len(plates)} indices")
        return [at(i, ("index", size)) for i, size in zip(positions, plates, strict=True)]

    datum, latent, noise = ("datum", ""), ("latent", ""), ("noise", "")
    match head:
        case "pi" | "e" | "var" | "elbo":
            sized(0)
            return (head,)
        case "frac":
            sized(2)
            whole = type(rest[0]) is int and type(rest[1]) is int
            require(whole and rest[1] >= 2 and gcd(*rest) == 1, where, raw, "not in lowest terms")
            return (head, *rest)
        case "size":
            sized(1)
            return (head, one_of(rest[0], where, model.sizes))
        case "arg":
            sized(1)
            return (head, one_of(rest[0], where, arguments))
        case "param":
            sized(1, 9)
            name = one_of(rest[0], where, model.parameters)
            return (head, name, *each(rest[1:], model.parameters[name].plates))
        case "net":
            sized(3)
            net = model.networks[one_of(rest[0], where, model.networks)]
            indices = tuple(each(as_list(rest[1], where), net.plates))
            vectors = as_list(rest[2], where)
            require(len(vectors) == len(net.inputs), where, raw, f"not {len(net.inputs)} inputs")
            inputs = []
            for vector, size in zip(vectors, net.inputs, strict=True):
                fits = isinstance(vector, list) and len(vector) == 3 and vector[:2] == ["vec", size]
                require(fits, where, vector, f"not a vector of size {size}")
                inputs.append(("vec", size, sub(vector[2], ("index", size))))
            return (head, net.name, indices, tuple(inputs))
        case "x":
            sized(2)
            return (head, at(rest[0], datum), at(rest[1], ("index", model.observed)))
        case "z":
            sized(2)
            return (head, at(rest[0], latent, noise), at(rest[1], ("index", model.latent)))
        case "eps":
            sized(2)
            return (head, at(rest[0], noise), at(rest[1], ("index", model.latent)))
        case "sum":
            sized(2)
            size = one_of(rest[0], where, model.sizes)
            return (head, size, sub(rest[1], ("index", size)))
        case "mean":
            sized(1)
            return (head, sub(rest[0], datum))
        case "expect" | "reparam":
            sized(2)
            return (head, at(rest[0], datum), sub(rest[1], latent if head == "expect" else noise))
        case "add" | "mul":
            sized(2, MAX_NODES)
            require(head == "add" or 0 not in rest, where, raw, "a factor that is literally zero")
            return (head, *(sub(value) for value in rest))
        case "pow":
            sized(2)
            exponent = term(rest[1], where, model, frozenset({"frac"}))
            parts = [exponent] if isinstance(exponent, int) else exponent[1:]
            fits = exponent != 0 and all(abs(part) <= MAX_EXPONENT for part in parts)
            require(fits, where, rest[1], f"not an exponent (1 to {MAX_EXPONENT})")
            return (head, sub(rest[0]), exponent)
        case "logp" | "H":
            sized(1, 3)
            factor = one_of(rest[0], where, FACTORS[:2] if head == "logp" else FACTORS)
            wanted = {
                ("logp", "prior"): [(latent, noise)],
                ("logp", "decoder"): [(datum,), (latent, noise)],
                ("H", "prior"): [],
                ("H", "decoder"): [(latent, noise)],
                ("H", "encoder"): [(datum,)],
            }[head, factor]
            sized(1 + len(wanted))
            pairs = zip(rest[1:], wanted, strict=True)
            return (head, factor, *(at(position, *kinds) for position, kinds in pairs))
        case "D":
            sized(1)
            inside = latent in scope or noise in scope
            require(not inside, where, raw, "D under an expectation (which variable stands still?)")
            return (head, sub(rest[0], allowed=UNDER_D))
        case _:
            return (head, *[sub(value) for value in rest if sized(1) is None])
