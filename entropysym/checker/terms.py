"""The grammar of terms: each is checked in its place, under the binders around it.

A *scope* is the tuple of binders around a term, outermost first. Roles see what their scope holds,
so a prior cannot read a latent, nor an encoder its own sample.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from math import gcd
from typing import Any

Term = Any  # an int, or a tuple that starts with a head and holds terms, names and positions
Binder = tuple[str, str]  # ("index", size), ("datum", ""), ("latent", "") or ("noise", "")

MAX_EXPONENT = 64
MATRICES = ("posdef", "triangular")
RANGES = ("real", "positive", "unit", *MATRICES)
ARGUMENTS = ("real", "positive", "unit", "vector", "posdef")
SUPPORTS = ("real", "positive", "unit", "binary", "count")
POSITIVE = ("positive", "unit")  # supports whose variable is positive
# Each support lies within those that follow it in its row.
INCLUSIONS = (("unit", "positive", "real"), ("binary", "count"))
ANY = "any"  # an encoder of any law: no family, one number for each datum as its entropy
FACTORS = ("prior", "decoder", "encoder")

# What the entries of a head are: terms, matrices, vectors, names, positions of binders, and bodies
# under a new binder (>). `param`, `net`, `var`, `arg`, `frac`, `add`, `mul`, `pow` are read by hand.
GRAMMAR = {
    **dict.fromkeys(("pi", "e", "dim", "objective"), ""),
    **dict.fromkeys(("log", "exp", "abs", "loggamma", "softplus", "sigmoid", "D"), "term"),
    **dict.fromkeys(("logdet", "trace"), "matrix"),
    "quad": "vector matrix vector",
    "size": "size",
    "sum": "size >index",
    "x": "datum observed",
    "z": "sample latent",
    "eps": "noise latent",
    "mean": ">datum",
    "expect": "datum >latent",
    "reparam": "datum >noise",
    "logp prior": "role sample",
    "logp decoder": "role datum sample",
    "logh prior": "role sample",
    "logh decoder": "role datum",
    "H prior": "role",
    "H decoder": "role sample",
    "H encoder": "role datum",
}
ARITHMETIC = frozenset(["frac", "pi", "e", "add", "mul", "pow", "log", "exp", "abs", "loggamma"])
ARITHMETIC |= {"softplus", "sigmoid"}
ALGEBRA = frozenset(("logdet", "trace", "quad"))
OF_FAMILY = ARITHMETIC | {"var", "arg"}
OF_VECTORS = OF_FAMILY | ALGEBRA | {"dim"}
OF_DIRECTION = ARITHMETIC | ALGEBRA | {"size", "param", "sum", "mat"}
OF_MODEL = OF_DIRECTION | {"net", "matnet", "x", "z"}
OF_EXCESS = OF_MODEL | {"eps", "mean", "expect", "reparam"}
OF_CLAIM = OF_EXCESS | {"logh"}
OF_STEP = OF_CLAIM | {"logp", "D", *(f"H {role}" for role in FACTORS)}
UNDER_D = OF_STEP - {"D"} | {"objective"}


class Malformed(ValueError):
    """The input is not a document of this format; the message is one line."""


class Refused(ValueError):
    """The derivation is not accepted: not shown, which does not mean false. One line."""


@dataclass(frozen=True)
class Array:
    """A parameter, or (with inputs) a network."""

    name: str
    plates: tuple[str, ...]
    range: str
    learned: bool = False
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Family:
    name: str
    arguments: dict[str, str]  # name -> range, in order
    support: str
    log_density: Term
    log_base_measure: Term
    location: Term
    scale: Term
    sha256: str  # of the stored record

    @property
    def over_vectors(self) -> bool:
        return not {"vector", "posdef"}.isdisjoint(self.arguments.values())


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
    parameters: dict[str, Array]
    networks: dict[str, Array]
    families: dict[str, Family]
    factors: dict[str, Factor]
    constraints: tuple[tuple[str, str], ...]

    def family(self, role: str) -> Family:
        name = self.factors[role].family
        if name == ANY:
            return Family(ANY, {}, self.family("prior").support, 0, 0, None, None, "")
        return self.families[name]


def shown(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."


def within(inner: str, outer: str) -> bool:
    """Whether one support is certainly a subset of another."""
    rows = (row[row.index(inner) :] for row in INCLUSIONS if inner in row)
    return any(outer in row for row in rows)


def require(holds: Any, where: str, value: Any, why: str) -> None:
    if not holds:
        raise Malformed(f"{where}: {shown(value)}: {why}")


def check(holds: Any, why: str) -> None:
    if not holds:
        raise Refused(why)


def one_of(raw: Any, where: str, allowed: Collection[str]) -> str:
    found = isinstance(raw, str) and raw in allowed
    if not found:
        require(False, where, raw, f"not one of {', '.join(allowed) or '(none)'}"[:120])
    return raw


@dataclass(frozen=True)
class Place:
    """Where a term stands: its model, the heads and arguments it may use, the binders around it."""

    where: str
    model: Model
    heads: frozenset[str]
    scope: tuple[Binder, ...] = ()
    arguments: Mapping[str, str] = field(default_factory=dict)

    def under(self, *binders: Binder) -> "Place":
        return replace(self, scope=self.scope + binders)

    def require(self, holds: Any, value: Any, why: str) -> None:
        require(holds, self.where, value, why)

    def one_of(self, raw: Any, allowed: Collection[str]) -> str:
        return one_of(raw, self.where, allowed)

    def bound(self, position: Any, *kinds: Binder) -> int:
        fits = type(position) is int and 0 <= position < len(self.scope)
        self.require(fits, position, "nothing is bound there")
        found = self.scope[-1 - position]
        self.require(found in kinds, position, f"what is bound there is {' '.join(found)}")
        return position

    def indices(self, given: Any, plates: tuple[str, ...]) -> tuple[int, ...]:
        fits = isinstance(given, list) and len(given) == len(plates)
        self.require(fits, given, f"not {len(plates)} indices")
        return tuple(self.bound(i, ("index", size)) for i, size in zip(given, plates, strict=True))


def term(raw: Any, place: Place) -> Term:
    """The term as nested tuples, if it is well formed in its place."""
    if type(raw) is int:
        return raw
    head, rest = _head(raw, place)
    role = f" {rest[0]}" if head in ("logp", "logh", "H") and rest else ""
    named = head + role if head == "H" else head
    place.require(named in place.heads, named, "a head that is unknown or not allowed here")
    vectors = "dim" in place.heads
    match head, *rest:
        case "frac", p, q:
            whole = type(p) is int and type(q) is int and q >= 2 and gcd(p, q) == 1
            place.require(whole, raw, "not in lowest terms")
            return head, p, q
        case "add" | "mul", _, _, *_:
            place.require(head == "add" or 0 not in rest, raw, "a factor that is literally zero")
            return head, *(term(t, place) for t in rest)
        case "pow", base, power:
            q = term(power, replace(place, heads=frozenset({"frac"})))
            small = all(abs(part) <= MAX_EXPONENT for part in ([q] if type(q) is int else q[1:]))
            place.require(q != 0 and small, power, f"not an exponent (1 to {MAX_EXPONENT})")
            return head, term(base, place), q
        case "var", *positions:
            return head, *place.indices(positions, ("dim",) * vectors)
        case "arg", name, *positions:
            one = place.one_of(name, [n for n, r in place.arguments.items() if r != "posdef"])
            plates = ("dim",) if place.arguments[one] == "vector" else ()
            return head, one, *place.indices(positions, plates)
        case "param", name, *positions:
            parameters = place.model.parameters
            one = place.one_of(name, [n for n, p in parameters.items() if p.range not in MATRICES])
            return head, one, *place.indices(positions, parameters[one].plates)
        case "net", name, positions, inputs:
            networks = place.model.networks
            one = place.one_of(name, [n for n, f in networks.items() if f.range not in MATRICES])
            indices = place.indices(positions, networks[one].plates)
            return head, one, indices, _inputs(inputs, networks[one], place)
    slots = GRAMMAR.get(head + role, "missing").split()
    place.require(len(slots) == len(rest), raw, f"{head!r} with {len(rest)} such entries")
    if head == "D":
        inside = {tag for tag, _ in place.scope} & {"latent", "noise"}
        place.require(not inside, raw, "D under an expectation (which variable stands still?)")
        place = replace(place, heads=UNDER_D)
    return head, *(_entry(*pair, rest, place) for pair in zip(slots, rest, strict=True))


def _entry(slot: str, raw: Any, entries: list, place: Place) -> Any:
    """One entry of a head, as the grammar's word for it says."""
    match slot:
        case "role":
            return raw
        case "term":
            return term(raw, place)
        case "matrix":
            return matrix(raw, place)[0]
        case "vector":  # of a quad, of its matrix's size
            return vector(raw, matrix(entries[1], place)[1], place)
        case "size":
            return place.one_of(raw, place.model.sizes)
        case ">index":
            return term(raw, place.under(("index", entries[0])))
        case ">datum" | ">latent" | ">noise":
            return term(raw, place.under((slot[1:], "")))
        case "sample":
            return place.bound(raw, ("latent", ""), ("noise", ""))
        case "observed" | "latent":
            return place.bound(raw, ("index", getattr(place.model, slot)))
        case _:
            return place.bound(raw, (slot, ""))


def _head(raw: Any, place: Place) -> tuple[str, list]:
    fits = isinstance(raw, list) and len(raw) > 0 and isinstance(raw[0], str)
    place.require(fits, raw, "not a term")
    return raw[0], raw[1:]


def vector(raw: Any, size: str, place: Place) -> Term:
    fits = isinstance(raw, list) and len(raw) == 3 and raw[:2] == ["vec", size]
    place.require(fits, raw, f"not a vector of size {size}")
    return "vec", size, term(raw[2], place.under(("index", size)))


def _inputs(raw: Any, net: Array, place: Place) -> tuple[Term, ...]:
    fits = isinstance(raw, list) and len(raw) == len(net.inputs)
    place.require(fits, raw, f"not {len(net.inputs)} inputs")
    return tuple(vector(v, size, place) for v, size in zip(raw, net.inputs, strict=True))


def matrix(raw: Any, place: Place) -> tuple[Term, str]:
    """A matrix term and its size. There are no sums of matrices."""
    head, rest = _head(raw, place)
    model = place.model
    match head, *rest:
        case "mat", name if "mat" in place.heads:
            one = place.one_of(
                name, [n for n, p in model.parameters.items() if p.range in MATRICES]
            )
            return (head, one), model.parameters[one].plates[0]
        case "matnet", name, inputs if "matnet" in place.heads:
            one = place.one_of(name, [n for n, f in model.networks.items() if f.range in MATRICES])
            net = model.networks[one]
            return (head, one, _inputs(inputs, net, place)), net.plates[0]
        case "arg", name if "arg" in place.heads:
            one = place.one_of(name, [n for n, r in place.arguments.items() if r == "posdef"])
            return (head, one), "dim"
        case "scaled", factor, inner:
            found, size = matrix(inner, place)
            return (head, term(factor, place), found), size
        case "inverse" | "transposed", inner:
            found, size = matrix(inner, place)
            return (head, found), size
        case "matmul", _, _, *_:
            found, sizes = zip(*(matrix(inner, place) for inner in rest), strict=True)
            place.require(len(set(sizes)) == 1, raw, "a product of matrices of different sizes")
            return (head, *found), sizes[0]
    place.require(False, raw, "not a matrix that is allowed here")
    raise AssertionError
