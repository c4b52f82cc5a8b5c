"""Records of a statement, and the words of its terms. Terms stay as they are stored, integers and
lists that start with a head; `evaluate` alone says what they mean and where they may stand."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

Term = Any  # an int, or a list that starts with a head and holds terms, names and positions

MAX_EXPONENT = 64
MATRICES = ("posdef", "triangular")
RANGES = ("real", "positive", "unit", *MATRICES)
ARGUMENTS = ("real", "positive", "unit", "vector", "posdef")
POSITIVE = ("positive", "unit")  # supports whose variable is positive
# Each support lies within those that follow it in its row.
SUPPORTS = (("unit", "positive", "real"), ("binary", "count"))
ANY = "any"  # an encoder of any law: no family, one number for each datum as its entropy
FACTORS = ("prior", "decoder", "encoder")
# What a head that names a factor reads: log p and log h at the first, given the second.
READS = {
    "logp prior": ["latent"],
    "logp decoder": ["datum", "latent"],
    "logh prior": ["latent"],
    "logh decoder": ["datum"],
    "H prior": [],
    "H decoder": ["latent"],
    "H encoder": ["datum"],
}
FUNCTIONS = frozenset(["log", "exp", "abs", "loggamma", "softplus", "sigmoid"])
ARITHMETIC = FUNCTIONS | {"frac", "pi", "e", "add", "mul", "pow"}
ALGEBRA = frozenset(["logdet", "trace", "quad", "scaled", "matmul", "inverse", "transposed"])
OF_FAMILY = ARITHMETIC | {"var", "arg"}
OF_VECTORS = OF_FAMILY | ALGEBRA | {"dim"}
OF_WEIGHT = ARITHMETIC | {"param"}
OF_DIRECTION = OF_WEIGHT | ALGEBRA | {"size", "sum", "mat"}
OF_MODEL = OF_DIRECTION | {"net", "matnet", "x", "z"}
OF_EXCESS = OF_MODEL | {"eps", "mean", "expect", "reparam"}
OF_CLAIM = OF_EXCESS | {"logh prior", "logh decoder"}
OF_STEP = OF_CLAIM | READS.keys() | {"D"}
UNDER_D = OF_STEP - {"D"} | {"objective"}


class Malformed(ValueError):
    """The input is not a document of this format; the message is one line."""


class Refused(ValueError):
    """The statement is not accepted: not shown, which does not mean false. One line."""


def shown(value: Any) -> str:
    return text if len(text := ascii(value)) <= 60 else text[:57] + "..."


def require(holds: Any, value: Any, why: str) -> None:
    if not holds:
        raise Malformed(f"{shown(value)}: {why}")


def check(holds: Any, why: str) -> None:
    if not holds:
        raise Refused(why)


def one_of(raw: Any, allowed: Collection[str]) -> str:
    known = ", ".join(list(allowed)[:9]) or "(none)"
    require(isinstance(raw, str) and raw in allowed, raw, f"not one of {known}"[:120])
    return raw


def within(inner: str, outer: str) -> bool:
    """Whether one support is certainly a subset of another."""
    return any(outer in row[row.index(inner) :] for row in SUPPORTS if inner in row)


def named(term: Term, *heads: str) -> set[str]:
    """The second entries of all subterms of these heads."""
    if not isinstance(term, list):
        return set()
    own = {term[1]} if term and term[0] in heads else set()
    return own.union(*(named(part, *heads) for part in term))


class Array(NamedTuple):
    """A parameter, or (with inputs) a network."""

    name: str
    plates: list[str]
    range: str
    learned: bool = False
    inputs: Sequence[str] = ()


class Family(NamedTuple):
    """With location and scale, its law is that of location + scale * noise."""

    name: str
    arguments: dict[str, str]  # name -> range, in order
    support: str
    log_density: Term
    log_base_measure: Term
    location: Term = None
    scale: Term = None

    @property
    def over_vectors(self) -> bool:
        return not {"vector", "posdef"}.isdisjoint(self.arguments.values())

    @property
    def heads(self) -> frozenset[str]:
        return OF_VECTORS if self.over_vectors else OF_FAMILY

    @property
    def shape(self) -> list[str]:
        """The arguments that neither location nor scale names: those of the law of the noise."""
        used = named([self.location, self.scale], "arg")
        return [name for name in self.arguments if name not in used]


class Factor(NamedTuple):
    family: str
    arguments: list[Term]


class FamilyCertificate(NamedTuple):
    """x -> x + t (scale x + shift) and the arguments along `direction`; `entropy` in nats."""

    direction: dict[str, Term]
    scale: Term
    shift: Term
    entropy: Term


class Model(NamedTuple):
    name: str
    sizes: list[str]
    observed: str
    latent: str
    parameters: dict[str, Array]
    networks: dict[str, Array]
    families: dict[str, Family]
    factors: dict[str, Factor]
    constraints: list[tuple[str, str]]

    def family(self, role: str) -> Family:
        name = self.factors[role].family
        any_law = name == ANY and Family(ANY, {}, self.family("prior").support, 0, 0)
        return any_law or self.families[name]

    def plate(self, role: str) -> str:
        return self.observed if role == "decoder" else self.latent


class Statement(NamedTuple):
    model: Model
    weight: Term  # objective = weight (mean H[q] + mean E log p(z)) + mean E log p(x|z) - penalty
    penalty: Term
    direction: dict[str, Term]
    gap: Term
    entropy_sum: Term
    excess: Term
    conditions: list[list[str]]
    certificates: dict[str, FamilyCertificate]
