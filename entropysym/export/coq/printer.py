"""Stored terms as Coq terms: one function for each head, no tactics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from entropysym.checker.kernel.terms import LAG, Model, Term
from entropysym.errors import InputError
from entropysym.export.coq.names import letter, safe

#: Levels of Coq's grammar; a smaller one binds tighter.
ATOM, APPLIED, POWER, FACTOR, PRODUCT, SUM, OPEN = 0, 10, 30, 35, 40, 50, 200
Printed = tuple[str, int]

#: Functions of one number that the prelude defines.
DEFINED = ("softplus", "sigmoid", "logsinhc", "langevin")
#: Functions of one number of which a printed theorem knows the derivative alone, and what that is.
LAWS = {"loggamma": "digamma"}
PLAIN = {"exp": "exp", "log": "ln", "abs": "Rabs", "sin": "sin", "cos": "cos"}


def of_model(model: Model, name: str, world: str) -> str:
    """A variable as it is seen from a plate: a global one has the plate's name there."""
    plain = safe(name.removesuffix(LAG))
    return f"{plain}_{world}" if world and model.data_plate(name) != world else plain


@dataclass(frozen=True)
class Place:
    """Where a term is printed.

    `at`: the parameters, `p` or `(move p t)`. `scope`: the names of the binders, outermost first, a datum's is empty. `world`: the plate
    whose outcomes are averaged over, where there are several. `bindings`: inside a family, its variable and arguments. `pointwise`: means
    and expectations are left out, what stands in them is printed at the outcome `o`. `noise`: latents that are location + scale · noise.
    """

    model: Model
    used: frozenset[str]
    at: str = "p"
    scope: tuple[str, ...] = ()
    world: str = ""
    several: bool = False
    inside: bool = False
    pointwise: bool = False
    noise: frozenset[str] = frozenset()
    bindings: Mapping[str, str] = field(default_factory=dict)
    dims: Mapping[str, str] = field(default_factory=dict)
    rows: frozenset[str] = frozenset()

    def index(self, position: int) -> str:
        return self.scope[-1 - position]

    def opened(self, size: str) -> tuple[str, Place]:
        """A new index over a size, and the place under it."""
        used = {*self.used, *self.scope, *self.bindings.values(), *self.dims.values()}
        name = letter("i" if size in self.dims else size, used)
        return name, replace(self, scope=(*self.scope, name))


def text(term: Term, place: Place, level: int = OPEN) -> str:
    """A term, in brackets if it binds more loosely than `level`."""
    printed, own = _printed(term, place)
    return printed if own <= level else f"({printed})"


def applied(head: str, *arguments: str) -> Printed:
    """A function of arguments that are printed as atoms."""
    return (" ".join((head, *arguments)), APPLIED) if arguments else (head, ATOM)


def bracketed(found: Printed, level: int) -> str:
    return found[0] if found[1] <= level else f"({found[0]})"


def unsupported(what: str, model: Model) -> InputError:
    return InputError(f"{model.name} cannot be printed for Coq: {what}")


def size(name: str, place: Place) -> str:
    return place.dims.get(name, safe(name))


def function_of(name: str, body: Printed) -> str:
    """fun i => body as an atom; f where the body is f i."""
    words = body[0]
    head = words.removesuffix(f" {name}")
    if (
        body[1] == APPLIED
        and head != words
        and name not in head.replace("(", " ").replace(")", " ").split()
    ):
        return head if " " not in head else f"({head})"
    return f"(fun {name} => {words})"


def vector(term: Term, place: Place) -> str:
    """["vec", S, body], of one index or more, as a function."""
    name, inner = place.opened(term[1])
    body = term[2]
    if isinstance(body, list) and body[:1] == ["vec"]:
        return f"(fun {name} => {vector(body, inner)})"
    return function_of(name, _printed(body, inner))


def variable(name: str, positions: list[int], place: Place) -> Printed:
    """A variable at its indices, or a lag; a latent that is noise depends on the parameters."""
    model = place.model
    plates = model.variable(name).plates
    data = 1 if model.data_plate(name.removesuffix(LAG)) else 0
    indices = [place.index(i) for i in positions[data:]]
    if name in model.lags:
        lag = model.lags[name]
        if (
            plates[data : data + 1] != [lag.plate]
            or {lag.start, name.removesuffix(LAG)} & place.noise
        ):
            raise unsupported(f"the lag {name} along {lag.plate}", model)
        start, now = (
            bracketed(_drawn(n, place), ATOM) for n in (lag.start, name.removesuffix(LAG))
        )
        return applied("lag", start, now, *indices)
    found = _drawn(name, place)
    return applied(found[0], *indices)


def _drawn(name: str, place: Place) -> Printed:
    own = of_model(place.model, name, place.world)
    return applied(own, place.at, "o") if name in place.noise else applied(own, "o")


def _printed(term: Term, place: Place) -> Printed:
    if isinstance(term, int):
        return (str(term), ATOM) if term >= 0 else (f"- {-term}", FACTOR)
    head = term[0]
    if head not in _PRINTERS:
        raise unsupported(f"nothing is printed for {head!r}", place.model)
    return _PRINTERS[head](term, place)


def _fraction(term: Term, place: Place) -> Printed:
    return f"{term[1]} / {term[2]}", PRODUCT


def _param(term: Term, place: Place) -> Printed:
    return applied(safe(term[1]), place.at, *map(place.index, term[2:]))


def _net(term: Term, place: Place) -> Printed:
    inputs = [vector(v, place) for v in term[3]]
    return applied(safe(term[1]), *inputs, *map(place.index, term[2]))


def _sum(term: Term, place: Place) -> Printed:
    name, inner = place.opened(term[1])
    return applied("Sum", size(term[1], place), function_of(name, _printed(term[2], inner)))


def _add(term: Term, place: Place) -> Printed:
    words = text(term[1], place, SUM)
    for part in term[2:]:
        sign, rest = _sign(part)
        words += f" {sign} {text(rest, place, PRODUCT)}"
    return words, SUM


def _sign(term: Term) -> tuple[str, Term]:
    """The sign that is printed before an addend, and what stands behind it."""
    if isinstance(term, int) and term < 0:
        return "-", -term
    if isinstance(term, list) and term[0] == "frac" and term[1] < 0:
        return "-", ["frac", -term[1], term[2]]
    if isinstance(term, list) and term[0] == "mul":
        sign, first = _sign(term[1])
        if sign == "-" and (first != 1 or len(term) > 2):
            rest = [*([] if first == 1 else [first]), *term[2:]]
            return "-", ["mul", *rest] if len(rest) > 1 else rest[0]
    return "+", term


def _mul(term: Term, place: Place) -> Printed:
    sign, positive = _sign(term)
    if sign == "-" and term[1] == -1:
        return f"- {text(positive, place, APPLIED)}", FACTOR
    words = text(term[1], place, PRODUCT)
    for part in term[2:]:
        divides = _is(part, "pow") and part[2] == -1
        words += (
            f" / {text(part[1], place, POWER)}" if divides else f" * {text(part, place, POWER)}"
        )
    return words, PRODUCT


def _is(term: Term, head: str) -> bool:
    return isinstance(term, list) and term[0] == head


def _pow(term: Term, place: Place) -> Printed:
    _, base, exponent = term
    if exponent == -1:
        return f"/ {text(base, place, POWER)}", FACTOR
    if isinstance(exponent, int):
        words = f"{text(base, place, APPLIED)} ^ {abs(exponent)}"
        return (words, POWER) if exponent > 0 else (f"/ {words}", FACTOR)
    _, over, under = exponent
    if under == 2 and abs(over) == 1:
        words = f"sqrt {text(base, place, ATOM)}"
        return (words, APPLIED) if over > 0 else (f"/ {words}", FACTOR)
    return f"Rpower {text(base, place, ATOM)} ({over} / {under})", APPLIED


def _function(head: str) -> Callable[[Term, Place], Printed]:
    return lambda term, place: applied(head, text(term[1], place, ATOM))


def size_of(term: Term, place: Place) -> str:
    """The size of a matrix term, as Coq prints it."""
    model = place.model
    match term:
        case ["arg", name] if place.dims:
            return place.dims["rows" if name in place.rows else "dim"]
        case ["mat", name]:
            return safe(model.parameters[name].plates[0])
        case ["matnet", name, _]:
            return safe(model.networks[name].plates[0])
    return size_of(term[2] if term[0] == "scaled" else term[1], place)


def _matrix(term: Term, place: Place) -> Printed:
    match term:
        case ["mat", name]:
            return applied(safe(name), place.at)
        case ["matnet", name, inputs]:
            return applied(safe(name), *(vector(v, place) for v in inputs))
        case ["scaled", number, inner]:
            return applied("scaled", text(number, place, ATOM), text(inner, place, ATOM))
        case ["transposed", inner]:
            return applied("transposed", text(inner, place, ATOM))
        case ["inverse", inner]:
            return applied(f"inverse_{size_of(inner, place)}", text(inner, place, ATOM))
        case ["matmul", *parts]:
            n, found = size_of(parts[0], place), _printed(parts[0], place)
            for part in parts[1:]:
                found = applied("matmul", n, bracketed(found, ATOM), text(part, place, ATOM))
            return found
    raise unsupported(f"the matrix {term[0]!r}", place.model)


def _of_matrix(term: Term, place: Place) -> Printed:
    match term:
        case ["logdet", inner]:
            return f"ln (det_{size_of(inner, place)} {text(inner, place, ATOM)})", APPLIED
        case ["trace", inner]:
            return applied("trace", size_of(inner, place), text(inner, place, ATOM))
        case ["quad", left, inner, right]:
            n = size_of(inner, place)
            return applied(
                "quad", n, vector(left, place), text(inner, place, ATOM), vector(right, place)
            )
        case ["entry", inner, i, j]:
            return applied(text(inner, place, ATOM), place.index(i), place.index(j))
    raise unsupported(f"the matrix {term[0]!r}", place.model)


def _mean(term: Term, place: Place) -> Printed:
    """The mean over a data plate is the expectation under the law of its outcomes."""
    inner = replace(place, scope=(*place.scope, ""), world=term[1] if place.several else "")
    return _expectation(term[2], inner, place)


def _expect(term: Term, place: Place) -> Printed:
    return _printed(term[1], place) if place.inside else _expectation(term[1], place, place)


def _expectation(body: Term, inner: Place, place: Place) -> Printed:
    found = _printed(body, replace(inner, inside=True))
    return found if place.pointwise else applied(law(inner.world), function_of("o", found))


def law(world: str) -> str:
    return f"expect E_{world}" if world else "expect E"


def _in_family(term: Term, place: Place) -> Printed:
    name = "var" if term[0] == "var" else term[1]
    positions = term[1:] if term[0] == "var" else term[2:]
    return applied(place.bindings[name], *map(place.index, positions))


def factor(head: str, name: str, place: Place) -> Printed:
    """log p, log h or H of a factor at an outcome, as it is defined in the file."""
    model = place.model
    of = model.factors[name]
    if head == "H" and of.family == "any":
        own = f"H_{name}"
        return applied(own, "o") if model.data_plate(of.of[0]) else applied(own)
    word = {"logp": "log_", "logh": "log_base_", "H": "H_"}[head]
    return applied(word + name, place.at, "o")


_PRINTERS: dict[str, Callable[[Term, Place], Printed]] = {
    "frac": _fraction,
    "pi": lambda term, place: ("PI", ATOM),
    "e": lambda term, place: ("exp 1", APPLIED),
    "size": lambda term, place: applied("INR", size(term[1], place)),
    "dim": lambda term, place: applied("INR", place.dims["dim"]),
    "rows": lambda term, place: applied("INR", place.dims["rows"]),
    "param": _param,
    "net": _net,
    "v": lambda term, place: variable(term[1], term[2:], place),
    "eps": lambda term, place: applied(f"eps_{term[1]}", "o", *map(place.index, term[3:])),
    "sum": _sum,
    "mean": _mean,
    "expect": _expect,
    "reparam": _expect,
    "add": _add,
    "mul": _mul,
    "pow": _pow,
    "var": _in_family,
    "arg": _in_family,
    **dict.fromkeys(("mat", "matnet", "scaled", "transposed", "inverse", "matmul"), _matrix),
    **dict.fromkeys(("logdet", "trace", "quad", "entry"), _of_matrix),
    "logp": lambda term, place: factor("logp", term[1], place),
    "logh": lambda term, place: factor("logh", term[1], place),
    "H": lambda term, place: factor("H", term[1], place),
    **{head: _function(word) for head, word in PLAIN.items()},
    **{head: _function(head) for head in (*DEFINED, *LAWS, *LAWS.values())},
}
