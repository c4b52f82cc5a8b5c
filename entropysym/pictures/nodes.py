r"""The graph of a model as plate notation has it: nodes, arrows and plates, without any place on a page.

A node is a variable, a parameter or a network. Arrows of p and q lead to a variable from what its factor is given and from what its arguments name. A *plate*
repeats nodes: a data plate, a plate of time, any other plate of a variable but the axes of one draw (its last plate, or the last two of a matrix), and the classes
over which a selecting factor's parameters are. All other plates are *axes* of the arrays: they stand in subscripts and in a key below the graph.
Source of the notation: Bishop, "Pattern recognition and machine learning", 2006, section 8.1; Dietz, "Directed factor graph notation for generative models", 2010.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from entropysym.language.graph import leaves
from entropysym.language.heads import NetworkValue
from entropysym.language.matrices import MatrixNetwork
from entropysym.language.records import Factor, Model, Network, Parameter, Plate, Variable
from entropysym.language.symbols import LAG
from entropysym.pages.latex import latex
from entropysym.pages.plain import plain

#: What is drawn as a circle; the rest are small marks with a letter.
VARIABLES = ("observed", "given", "latent")
Kind = Literal["observed", "given", "latent", "learned", "fixed", "network", "frozen"]


@dataclass(frozen=True)
class Node:
    """A variable, a parameter (`learned` or `fixed`) or a network (`frozen` if it does not learn), with its letter as `plain` text and as `latex`."""

    name: str
    kind: Kind
    plain: str
    latex: str

    @property
    def is_variable(self) -> bool:
        return self.kind in VARIABLES


@dataclass(frozen=True)
class Edge:
    """An arrow of p or q; one from a variable to itself comes from the step before, along the index `lag`. `joint` has no head: both are of one law in q."""

    source: str
    target: str
    side: Literal["p", "q", "joint"]
    lag: str = ""


@dataclass(frozen=True)
class Repeated:
    """A plate that is drawn as a rectangle, and the names of the nodes in it."""

    plate: Plate
    members: frozenset[str]


@dataclass(frozen=True)
class Graph:
    """Nodes with variables first, in the order in which p generates them; plates with the outer ones first; axes are plates without a rectangle."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    plates: tuple[Repeated, ...]
    axes: tuple[Plate, ...]

    def node(self, name: str) -> Node:
        return next(one for one in self.nodes if one.name == name)


def graph_of(model: Model) -> Graph:
    """The graph of a model's factors."""
    edges = tuple(_edges(model))
    plates = _plates(model)
    drawn = {one.plate for one in plates}
    letters = (*model.parameters, *model.networks)
    nodes = (
        *(_variable(model, v) for v in generated(model)),
        *(_letter(model, a) for a in letters),
    )
    return Graph(nodes, edges, plates, tuple(p for p in model.plates if p not in drawn))


def _variable(model: Model, v: Variable) -> Node:
    whole = model.whole(v.name)
    return Node(v.name, v.role, plain(whole, model), latex(whole, model))


def _letter(model: Model, a: Parameter | Network) -> Node:
    if isinstance(a, Parameter):
        kind: Kind = "learned" if a.learned else "fixed"
        return Node(a.name, kind, plain(a.whole, model), latex(a.whole, model))
    whole = Parameter(a.name, a.plates, a.range).whole  # prints as the network without its inputs
    kind = "network" if a.learned else "frozen"
    return Node(a.name, kind, f"{plain(whole, model)}(·)", rf"{latex(whole, model)}(\cdot)")


def generated(model: Model) -> tuple[Variable, ...]:
    """The variables in an order in which p generates them, that of the model where p leaves it open."""
    parents = {v.name: set[str]() for v in model.variables}
    for f in model.p:
        for of in f.of:
            parents[of] |= {s for s, _ in _sources(model, f) if s != of}
    found: list[Variable] = []
    rest = list(model.variables)
    while rest:
        done = {v.name for v in found}
        # What lags does not leave this empty: check_graph lets no circle through at one step; across steps any order will do.
        ready = [v for v in rest if parents[v.name] <= done] or rest
        found.append(ready[0])
        rest.remove(ready[0])
    return tuple(found)


def _sources(model: Model, f: Factor) -> Iterable[tuple[str, str]]:
    """The variables that a factor is given, and for what is one step earlier the index of its steps; a start is read at the first step."""
    for name in f.given:
        lag = next((one for one in model.lags if one.name == name), None)
        if lag is None:
            yield name, ""
        else:
            yield name.removesuffix(LAG), lag.plate.index.name
            yield lag.start, ""


def _edges(model: Model) -> Iterable[Edge]:
    for side, factors in (("p", model.p), ("q", model.q)):
        for f in factors:
            read = [(s, lag) for s, lag in _sources(model, f)]
            read += [(name, "") for name in named_in(model, f)]
            for of in f.of:
                for source, lag in dict.fromkeys(read):
                    yield Edge(source, of, "p" if side == "p" else "q", lag)
            for one, other in zip(f.of, f.of[1:], strict=False):
                yield Edge(one, other, "joint")


def named_in(model: Model, f: Factor) -> tuple[str, ...]:
    """The parameters and networks in the arguments of a factor, in the order of the model."""
    symbols = {leaf for a in f.arguments for leaf in leaves(a)}
    networks = {v.name for a in f.arguments for v in a.atoms(NetworkValue, MatrixNetwork)}
    found = [p.name for p in model.parameters if p.symbol in symbols]
    return (*found, *(net.name for net in model.networks if net.name in networks))


def _plates(model: Model) -> tuple[Repeated, ...]:
    """The plates that repeat something, as far as their sets of nodes are nested or apart; those of variables come first."""
    over: dict[Plate, set[str]] = {plate: set() for plate in model.data}
    over |= {lag.plate: set() for lag in model.lags}
    for v in model.variables:
        for plate in _repeating(model, v):
            over.setdefault(plate, set()).add(v.name)
    candidates = [(plate, frozenset(names)) for plate, names in over.items()]
    candidates += [one for one in _classes(model).items() if one[0] not in over]
    found: list[Repeated] = []
    for plate, names in candidates:
        nested = all(
            names <= one.members or one.members <= names or not names & one.members for one in found
        )
        if names and nested:
            found.append(Repeated(plate, names))
    return tuple(sorted(found, key=lambda one: -len(one.members)))


def _repeating(model: Model, v: Variable) -> tuple[Plate, ...]:
    """All plates of a variable but the axes of one draw."""
    factor = next((f for f in model.p if v.name in f.of), None)
    depth = 2 if v.is_matrix else max(1, factor.family.depth if factor else 1)
    inner = model.inner(v.name)
    outer = v.plates[: len(v.plates) - len(inner)]
    along = {lag.plate for lag in model.lags}
    kept = inner[: max(0, len(inner) - depth)]
    # A variable may have one number at each step, and then no axis of its own.
    return (*outer, *(p for p in inner if p in kept or p in along))


def _classes(model: Model) -> dict[Plate, frozenset[str]]:
    """The classes that factors select among, each with the parameters that have one value for each class."""
    found: dict[Plate, set[str]] = {}
    for f in model.factors:
        classes = model.classes(f)
        if classes is not None:
            read = named_in(model, f)
            own = {p.name for p in model.parameters if p.name in read and classes in p.plates}
            found.setdefault(classes, set()).update(own)
    return {plate: frozenset(names) for plate, names in found.items()}
