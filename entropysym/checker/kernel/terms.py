"""Records of a statement, and the words of its terms. Terms stay as they are stored, integers and
lists that start with a head; `evaluate` alone says what they mean and where they may stand."""

import re
from collections.abc import Collection, Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from .functions import ROWS

Term = Any  # an int, or a list that starts with a head and holds terms, names and positions

MAX_EXPONENT = 64
MATRICES = ("posdef", "triangular")
RANGES = ("real", "nonnegative", "positive", "unit", "angle", "simplex", *MATRICES)
SCALARS = ("real", "nonnegative", "positive", "unit", "angle")
OF_ROWS = "posdef of rows"
ARGUMENTS = (*SCALARS, "vector", "positives", "simplex", "posdef", OF_ROWS, "matrix")
POSITIVE = ("positive", "positives", "unit", "simplex", *MATRICES)  # of what is > 0
AT_LEAST_ZERO = ("nonnegative", "binary", "count", "onehot")  # and of what is >= 0
WITHIN = (("unit", "positive", "real"), ("binary", "count"))  # each lies within what follows it
SUPPORTS = (*WITHIN[0], *WITHIN[1], "onehot", "simplex", "angle", "sphere", "posdef")
OF_ENTRIES = ("vector", "positives", "simplex", "matrix")  # ranges of arguments with entries
VECTORS = ("onehot", "simplex", "sphere")  # supports of whole vectors, over the last plate
ONE_IN_ALL = ("onehot", "simplex")  # entries sum to 1 over the last plate
ROLES = ("observed", "given", "latent")
LAG = "@-1"  # z@-1 is z one step earlier
ANY = "any"  # a factor of q of any law: no family, one number for each datum as its entropy
FUNCTIONS = frozenset(["log", "exp", "abs", "softplus", "sigmoid", *ROWS])
ARITHMETIC = FUNCTIONS | {"fun", "frac", "pi", "e", "add", "mul", "pow"}
ALGEBRA = {"logdet", "trace", "quad", "scaled", "matmul", "inverse", "transposed", "field"}
ALGEBRA |= {"entry", "index"}
OF_FAMILY = ARITHMETIC | {"var", "arg"}
OF_VECTORS = OF_FAMILY | ALGEBRA | {"dim", "rows", "sum"}
OF_WEIGHT = ARITHMETIC | {"param"}
OF_DIRECTION = OF_WEIGHT | ALGEBRA | {"size", "sum", "mat"}
OF_MODEL = OF_DIRECTION | {"net", "matnet", "v", "matv"}
OF_EXCESS = OF_MODEL | {"eps", "mean", "expect", "reparam"}
OF_CLAIM = OF_EXCESS | {"logh"}
OF_STEP = OF_CLAIM | {"logp", "H", "D"}
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


def border(support: str) -> Fraction | None:
    """a of "from a", which is [a, inf); n of "upto n", which is {0, ..., n}; of others None."""
    kind, _, number = support.partition(" ")
    return Fraction(number) if kind in ("from", "upto") else None


def is_support(raw: str) -> bool:
    """Whether it is a known support; the number of one with a border in lowest terms."""
    bordered = re.fullmatch(r"from (-?\d{1,9}(/[1-9]\d{0,8})?)|upto ([1-9]\d{0,8})", raw)
    number = raw.partition(" ")[2]
    return raw in SUPPORTS or (bool(bordered) and str(Fraction(number)) == number)


def within(inner: str, outer: str) -> bool:
    """Whether one support is certainly a subset of another."""
    bound, known = border(inner), inner
    if bound is not None:
        known = "count" if inner.startswith("upto") else "positive" if bound > 0 else "real"
    rows = [row[row.index(known) :] for row in WITHIN if known in row]
    return inner == outer or any(outer in row for row in rows)


def subterms(term: Term, *heads: str) -> Iterator[Term]:
    """All subterms of these heads."""
    if isinstance(term, list):
        yield from [term] if term and term[0] in heads else []
        for part in term:
            yield from subterms(part, *heads)


def named(term: Term, *heads: str) -> set[str]:
    """The second entries of all subterms of these heads."""
    return {part[1] for part in subterms(term, *heads)}


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
    def depth(self) -> int:
        """The plates of one draw: none of a number, one of a vector, two of a matrix."""
        ranges = {*self.arguments.values()}
        if self.support == "posdef" or not ranges.isdisjoint((OF_ROWS, "matrix")):
            return 2
        return int(self.support in VECTORS or not ranges.isdisjoint((*OF_ENTRIES, "posdef")))

    @property
    def heads(self) -> frozenset[str]:
        return OF_VECTORS if self.depth else OF_FAMILY

    def alike(self, plates: Sequence) -> Sequence:
        """Of the plates of a variable, or their indices, those that it is a product over."""
        return plates[: len(plates) - self.depth]

    def dims(self, *sizes: str) -> dict[str, str]:
        """What "rows" and "dim" mean inside, given the sizes of a variable's plates."""
        words = ("rows", "dim")[2 - self.depth + (self.support == "posdef") :]
        return dict(zip(words, sizes[len(sizes) - len(words) :], strict=True))

    @property
    def shape(self) -> list[str]:
        """The arguments that neither location nor scale names: those of the law of the noise."""
        used = named([self.location, self.scale], "arg")
        return [name for name in self.arguments if name not in used]


class Variable(NamedTuple):
    """An array with one axis for each plate; what lies in a data plate has it as its first."""

    name: str
    plates: list[str]
    support: str
    role: str  # observed; given: never modelled; or latent


class Factor(NamedTuple):
    """p(of | given) or q(of | given), a product over the plates of `of`. With `select`, a one-hot
    variable of `given`, the arguments see its class k, and log p is sum_k c_k (log p)_k."""

    name: str
    of: list[str]  # one variable, or several of one joint law, which is any
    given: list[str]
    family: str
    arguments: list[Term]
    select: str


class Lag(NamedTuple):
    """z@-1 is z one step earlier along this plate; at the first step it is `start`."""

    plate: str
    start: str


class FamilyCertificate(NamedTuple):
    """x -> x + t (scale x + shift) and the arguments along `direction`; `entropy` in nats."""

    direction: dict[str, Term]
    scale: Term
    shift: Term
    entropy: Term


class Model(NamedTuple):
    name: str
    sizes: list[str]
    data: list[str]  # the sizes that count data
    variables: dict[str, Variable]
    lags: dict[str, Lag]
    parameters: dict[str, Array]
    networks: dict[str, Array]
    families: dict[str, Family]
    functions: list[str]  # that nobody wrote down: of densities, base measures and arguments
    p: dict[str, Factor]
    q: dict[str, Factor]
    constraints: list[tuple[str, str]]

    @property
    def factors(self) -> dict[str, Factor]:
        return self.q | self.p

    @property
    def counted(self) -> bool:
        """Whether the number of data matters: several data plates, or something outside of them."""
        return len({self.data_plate(factor.of[0]) for factor in self.factors.values()}) > 1

    def variable(self, name: str) -> Variable:
        """What is declared; z for z@-1."""
        return self.variables[name.removesuffix(LAG)]

    def meant(self, name: str) -> set[str]:
        """The variables that are read under a name: z@-1 is z, and at the first step its start."""
        return {name.removesuffix(LAG), self.lags[name].start if name in self.lags else name}

    def latent(self, name: str) -> bool:
        return self.variable(name).role == "latent"

    def data_plate(self, name: str) -> str:
        """The data plate that a variable lies in, or nothing if it is global."""
        plates = self.variable(name).plates
        return plates[0] if plates and plates[0] in self.data else ""


class Statement(NamedTuple):
    model: Model
    weights: dict[str, Term]  # objective = sum of the ELBO's parts, by factor, with these - penalty
    penalty: Term
    direction: dict[str, Term]
    gap: Term
    entropy_sum: Term
    excess: Term
    conditions: list[list[str]]
    certificates: dict[str, FamilyCertificate]
