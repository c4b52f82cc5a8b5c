"""Random small graphs, written as a user writes them: half of them from what mostly has a direction, half from whatever there is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar

import sympy as sp

from entropysym.families import (
    ANY,
    BERNOULLI,
    CATEGORICAL,
    CATEGORICAL_LOGITS,
    LAPLACE,
    NORMAL,
    POISSON,
)
from entropysym.language import Model, Objective
from entropysym.language.functions import Softplus
from entropysym.language.records import Law
from entropysym.language.writing import Drawn, ModelWriter

T = TypeVar("T")

#: Sizes of vectors; two latents may have the same, and then share what they learn.
PLATES = ("h H", "h H", "k K", "l L")
CLASSES = ("a A", "b B", "c C", "e F", "g G", "j J", "o O")


@dataclass(frozen=True)
class Node:
    """A variable as the drawing knows it: the indices of its plates inside the datum, and where it lies."""

    drawn: Drawn
    plates: tuple[str, ...]
    support: str
    data: str | None
    role: str

    @property
    def last(self) -> str:
        return self.plates[-1]

    @property
    def name(self) -> str:
        return self.drawn.name


def random_graph(seed: int) -> Model:
    """A random graph of factors, the same for each seed."""
    return Drawing(Random(seed)).model(f"graph_{seed}")


class Drawing:
    """A model in the making: its variables, in the order in which p reads them, and the parameters that may be shared."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.w = ModelWriter(observed="d D")
        self.w.plate("t T")
        self.easy = self.chance(0.5)
        self.nodes: list[Node] = []
        self.before: dict[str, Node] = {}
        self.shared: dict[str, list[sp.Expr]] = {}
        self.weights: list[tuple[str, sp.Expr]] = []
        self.learned: list[str] = []
        self.count = 0

    # -- choices ------------------------------------------------------------------------------------------------------

    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    def rough(self, p: float) -> bool:
        """Something that mostly takes the direction away."""
        return self.chance(p / 12 if self.easy else p)

    def some(self, *choices: T) -> T:
        return self.rng.choice(choices)

    def name(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{'abcdefghijklmnopqrstuvwxyz'[self.count % 26]}{self.count // 26 or ''}"

    # -- variables ----------------------------------------------------------------------------------------------------

    def model(self, name: str) -> Model:
        kind = self.some("layers", "layers", "layers", "nested", "lag", "two")
        for _ in range(self.some(0, 0, 1, 1, 2) if kind != "lag" else self.some(0, 0, 1)):
            self.given()
        if self.chance(0.2):
            self.factor(self.latent("g0", self.some(*PLATES), data=None))
        {"layers": self.layers, "nested": self.nested, "lag": self.lag, "two": self.two}[kind]()
        self.q()
        for held in self.learned:
            if self.rough(0.03):
                self.w.constrain(held, "it is bounded")
        return self.w.model(name, objective=self.objective())

    def node(
        self, make: Callable[..., Drawn], name: str, written: str, support: str, data: str | None
    ) -> Node:
        if support == "onehot":
            words = written.split()
            known = [c for c in CLASSES if c.split()[0] in self.w._plates]
            word = CLASSES[len(known)] if not known or self.chance(0.65) else self.rng.choice(known)
            written = " ".join([*words[:-2], word]) if len(words) > 1 else word
        drawn = make(name, written, support=support, data=data)
        plates = tuple(word for word in written.split() if not word[0].isupper())
        node = Node(drawn, plates, support, data, make.__name__)
        return node

    def latent(
        self, name: str, written: str, *, data: str | None = "n", support: str | None = None
    ) -> Node:
        kinds = ("real", "real", "real", "real", "onehot", "onehot", "binary", "count")
        support = support or self.some(*kinds)
        return self.node(self.w.latent_variable, name, written, support, data)

    def given(self) -> None:
        k = sum(n.role == "given" for n in self.nodes)
        support = self.some("real", "onehot", "onehot", "binary")
        data = None if self.chance(0.2) else "n"
        self.nodes.append(self.node(self.w.given, f"u{k}", ("i I", "o O")[k], support, data))

    def layers(self) -> None:
        for k in range(self.some(1, 2, 2, 3, 3, 4)):
            self.factor(self.latent(f"z{k}", self.some(*PLATES)))
        self.observed()

    def observed(self, plates: str = "d", data: str = "n", name: str = "y") -> None:
        """What is observed; x itself where it lies over its own plate."""
        support = self.some("real", "real", "real", "binary", "count", "onehot")
        if (plates, data) == ("d", "n") and support != "onehot":
            self.factor(Node(self.w.x, ("d",), support, "n", "x"))
        else:
            self.factor(self.node(self.w.observed_variable, name, plates + " D", support, data))

    def nested(self) -> None:
        """Something for a datum, and something for each of its visits."""
        if self.chance(0.7):
            self.factor(self.latent("z0", self.some(*PLATES)))
        for k in range(1, self.some(2, 2, 3)):
            self.factor(self.latent(f"z{k}", "t T " + self.some(*PLATES)))
        self.observed("t T d")

    def lag(self) -> None:
        """A chain with a start, and what is seen of it; perhaps something above."""
        if self.chance(0.4):
            self.factor(self.latent("z1", self.some(*PLATES)))
        support, plate = self.some("real", "real", "onehot", "binary"), self.some(*PLATES)
        start = self.latent("s0", plate, support=support)
        self.factor(start)
        written = f"{start.last} {self.w._plates[start.last].size}"
        of = Node(
            self.w.latent_variable("s1", f"t {written}", support=support),
            ("t", start.last), support, "n", "latent_variable",
        )  # fmt: skip
        earlier = self.w.lag(of.drawn, "t", start=start.drawn)
        self.nodes.remove(start)
        self.before["s1"] = Node(earlier, of.plates, support, "n", "lag")
        self.factor(of)
        self.nodes.append(start)
        self.observed("t T d")

    def two(self) -> None:
        """Data of two kinds, each with latents of its own, which share some of what they learn."""
        self.w.data_plate("m M")
        for k in range(self.some(1, 1, 2)):
            self.factor(self.latent(f"z{k}", self.some(*PLATES)))
        self.observed()
        for k in range(self.some(0, 1, 1)):
            self.factor(self.latent(f"r{k}", self.some(*PLATES), data="m"))
        self.observed("d", "m", "y1")

    # -- p ------------------------------------------------------------------------------------------------------------

    def factor(self, of: Node) -> None:
        """Its factor of p, which reads some of the variables before it."""
        visible = [n for n in self.nodes if n.data in (None, of.data)]
        if of.data is None:
            visible = [n for n in visible if n.data is None]
        if of.name == "s0":
            visible = [n for n in visible if "t" not in n.plates]
        parents = [n for n in visible if self.chance(0.6 if n.role != "given" else 0.75)][-3:]
        if of.name in self.before:
            parents.append(self.before[of.name])
        chosen = [n for n in parents if self.selectable(n, of)]
        select = self.rng.choice(chosen) if chosen and self.chance(0.75) else None
        parents = [n for n in parents if n is not select]
        classes = self.classes_of(select, of)
        law = self.law(of, select, classes, parents)
        same = classes if select and classes != select.last else ""
        self.w.p(of.drawn, law, select=select.drawn if select else None, classes=same)
        self.nodes.append(of)

    def selectable(self, n: Node, of: Node) -> bool:
        return n.support == "onehot" and {*n.plates[:-1]} <= {*of.plates}

    def classes_of(self, select: Node | None, of: Node) -> str:
        """The index of the classes: another one of the same size where the variable has it itself."""
        if select is None:
            return ""
        if select.last not in of.plates:
            return select.last
        other = f"q{select.last}"
        if other not in self.w._plates:
            self.w.plate(f"{other} {self.w._plates[select.last].size}")
        return other

    def law(self, of: Node, select: Node | None, classes: str, parents: list[Node]) -> Law:
        under = (classes, of.last) if classes else (of.last,)
        if of.support == "onehot":
            if (not parents or self.chance(0.4)) and self.chance(0.7):
                return CATEGORICAL(self.table(" ".join(under)))
            return CATEGORICAL_LOGITS(self.centre(of, under, parents))
        if of.support in ("binary", "count"):
            family = BERNOULLI if of.support == "binary" else POISSON
            return family(self.centre(of, under, parents))
        family = LAPLACE if self.chance(0.15) else NORMAL
        return family(self.centre(of, under, parents), self.scale(of, under, parents))

    def table(self, plates: str) -> sp.Expr:
        """Probabilities of classes, which several may have."""
        known = self.shared.setdefault(f"{plates} simplex", [])
        if known and self.chance(0.6):
            return self.rng.choice(known)
        known.append(self.parameter("Pr", plates, "simplex"))
        return known[-1]

    def parameter(self, stem: str, plates: str, range_: Any = "real") -> Any:
        if self.rough(0.15):
            return self.w.fixed(self.name(stem), plates, range=range_)
        again = [one for p, one in self.weights if p == plates and range_ == "real"]
        if again and self.rough(0.25):
            return self.rng.choice(again)
        name = self.name(stem)
        found = self.w.learned(name, plates, range=range_)
        self.learned.append(name)
        if range_ == "real":
            self.weights.append((plates, found))
        return found

    def centre(self, of: Node, under: tuple[str, ...], parents: list[Node]) -> sp.Expr:
        """Linear in what is read, or a network of it; where nothing else moves a natural parameter, seldom a network."""
        natural = of.support != "real"
        terms = []
        bias = 0.8 if natural else 0.5
        if self.chance(bias):
            terms.append(self.parameter("b", " ".join(self.some(under, under, (of.last,)))))
        for n in parents:
            outside = [i for i in n.plates[:-1] if i not in of.plates]
            network = self.rough(0.4) if natural else self.chance(0.4)
            if not outside and (network or (natural and self.chance(0.25))):
                terms.append(self.network(of, n, under, alone=network))
            else:
                terms.append(self.linear(of, n, under, natural))
        return sp.Add(*terms)

    def network(self, of: Node, n: Node, under: tuple[str, ...], *, alone: bool) -> sp.Expr:
        """A network by itself, or with a last layer or a temperature that learns."""
        learned = self.chance(0.6)
        if alone or self.chance(0.4):
            plates = " ".join(under) if self.chance(0.3) else of.last
            value = self.w.network(self.name("f"), plates, reads=n.drawn, learned=learned)
            return value if alone else self.parameter("T", "") * value
        if "v" not in self.w._plates:
            self.w.plate("v V")
        value = self.w.network(self.name("f"), "v", reads=n.drawn, learned=learned)
        return self.w.sum("v", self.parameter("W", f"{of.last} v") * value)

    def linear(self, of: Node, n: Node, under: tuple[str, ...], natural: bool) -> sp.Expr:
        own = self.some((of.last,), (of.last,), under)
        if n.last in (*of.plates, *under):  # entry by entry
            plain = self.rough(0.5) if natural else self.chance(0.5)
            term = n.drawn.entry if plain else self.parameter("W", " ".join(own)) * n.drawn.entry
            summed = [i for i in n.plates if i not in (*of.plates, *under)]
        else:
            term = self.parameter("W", " ".join((*own, n.last))) * n.drawn.entry
            summed = [i for i in n.plates if i not in of.plates]
        for i in reversed(summed):
            term = self.w.sum(i, term)
        return term

    def scale(self, of: Node, under: tuple[str, ...], parents: list[Node]) -> sp.Expr:
        """Of the factor's own, or shared with others."""
        plates = " ".join(self.some((), (of.last,), under))
        known = self.shared.setdefault(plates, [])
        if known and self.chance(0.5):
            return self.again(known)
        if self.rough(0.15):
            return sp.Integer(self.some(1, 2))
        seen = [n for n in parents if {*n.plates[:-1]} <= {*of.plates}]
        if seen and self.rough(0.15):
            value = self.w.network(self.name("v"), of.last, reads=seen[0].drawn, range="positive")
            return value * (self.parameter("s", "", "positive") if self.chance(0.5) else 1)
        form = self.some("plain", "plain", "plain", "exp", "product", "power", "softplus", "log")
        if form == "log" and parents:  # a log-variance linear in what is read
            bias = 0 if self.rough(0.4) else self.parameter("b", self.some("", of.last))
            return sp.exp(self.linear(of, parents[0], under, False) / 4 + bias)
        if form in ("exp", "softplus"):
            free = self.parameter("r", plates)
            known.append(sp.exp(free) if form == "exp" else Softplus(free))
        elif form == "product":
            other = " ".join(self.some((), (of.last,), under))
            known.append(
                self.parameter("s", plates, "positive") * self.parameter("s", other, "positive")
            )
            if not {*other.split()} <= {*plates.split()}:
                return known.pop()
        else:
            s = self.parameter("s", plates, "positive")
            if self.rough(0.15):
                return s + self.w.fixed(self.name("c"), "", range="positive")
            known.append(s**2 if form == "power" and self.chance(0.5) else s)
        return known[-1]

    def again(self, known: list[sp.Expr]) -> sp.Expr:
        """A scale that another factor has, or one made of two such."""
        s, other = self.rng.choice(known), self.rng.choice(known)
        if self.rough(0.6):
            return self.some(s**2, 1 / s, s + 1, s * other)
        if s != other and self.chance(0.5):
            return self.some(s**2 / other, sp.sqrt(s * other))
        return self.some(s, 2 * s)

    # -- q ------------------------------------------------------------------------------------------------------------

    def q(self) -> None:
        """Any law of some or of all, or laws that read the data and what is above, or nothing."""
        latents = [n for n in self.nodes if n.role == "latent_variable"]
        for place in dict.fromkeys(n.data for n in latents):
            mine = [n for n in latents if n.data == place]
            if self.chance(0.4) or any(n.name in ("s0", "s1") for n in mine):
                self.w.q(*(n.drawn for n in mine), ANY)
                continue
            for k, n in enumerate(mine):
                self.q_of(n, mine[:k])

    def q_of(self, n: Node, above: list[Node]) -> None:
        if self.chance(0.3):
            return self.w.q(n.drawn, ANY)
        seen = [
            s for s in self.nodes
            if s.role != "latent_variable" and s.data in (None, n.data) and not (n.data is None and s.data)
        ]  # fmt: skip
        seen += [s for s in above if self.chance(0.3)]
        reads = tuple(s.drawn for s in seen if {*s.plates[:-1]} <= {*n.plates} and self.chance(0.8))
        learned = self.chance(0.4)
        range_ = "simplex" if n.support == "onehot" and self.chance(0.6) else "real"
        if reads:
            plates = " ".join(n.plates)
            centre = self.w.network(
                self.name("q"), plates, reads=reads, learned=learned, range=range_
            )
        else:
            centre = self.own("m", " ".join(n.plates), range_)
        if n.support == "onehot":
            return self.w.q(
                n.drawn, (CATEGORICAL if range_ == "simplex" else CATEGORICAL_LOGITS)(centre)
            )
        if n.support != "real":
            return self.w.q(n.drawn, (BERNOULLI if n.support == "binary" else POISSON)(centre))
        family = LAPLACE if self.chance(0.2) else NORMAL
        return self.w.q(n.drawn, family(centre, self.width(n, reads, learned)))

    def own(self, stem: str, plates: str, range_: Any) -> Any:
        """A parameter of q's own."""
        kind = self.w.learned if self.chance(0.5) else self.w.fixed
        return kind(self.name(stem), plates, range=range_)

    def width(self, n: Node, reads: tuple[Drawn, ...], learned: bool) -> sp.Expr:
        if self.shared.get("") and self.rough(0.15):
            return self.rng.choice(self.shared[""])
        if reads and self.chance(0.6):
            return self.w.network(
                self.name("w"), " ".join(n.plates), reads=reads, range="positive", learned=learned
            )
        return self.own("v", " ".join(n.plates), "positive")

    # -- the objective -------------------------------------------------------------------------------------------------

    def objective(self) -> Objective:
        weight, penalty = sp.S.One, sp.S.Zero
        if self.chance(0.12):
            weight = self.some(
                lambda: sp.Rational(3, 2), lambda: self.w.fixed("beta", range="positive")
            )()
        if self.weights and self.rough(0.25):
            plates, one = self.rng.choice(self.weights)
            penalty = one**2
            for i in reversed(plates.split()):
                penalty = self.w.sum(i, penalty)
            penalty = self.w.fixed("lam", range="positive") * penalty / 2
        return Objective(weight=weight, penalty=penalty)
