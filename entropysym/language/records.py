"""Records: distribution families, the factors of a latent-variable model, and the model itself.

A family is knowledge (a log-density with its arguments and their ranges), never behaviour. A model names its factors, what
is learned, its objective and its constraints; everything else is derived from it.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field
from typing import Literal

import sympy as sp

from entropysym.errors import InputError, shown
from entropysym.language.formula import array_name, array_of, entry, substituted, sum_over
from entropysym.language.heads import NetworkValue, Vector
from entropysym.language.matrices import Matrix, MatrixLetter, MatrixNetwork
from entropysym.language.names import name_parts
from entropysym.language.symbols import (
    DATUM,
    LATENT,
    MATRIX_RANGES,
    Range,
    array,
    assumptions,
    check_declared,
    index,
    n,
    scalar,
    size,
)

#: What a name stands for: a scalar, an array or a matrix.
Letter = sp.Symbol | sp.IndexedBase | MatrixLetter


@dataclass(frozen=True)
class Plate:
    """An index and the size it runs to: h = 1, …, H."""

    index: sp.Symbol
    size: sp.Symbol

    @staticmethod
    def named(index_name: str, size_name: str) -> Plate:
        return Plate(index(index_name), size(size_name))

    def sum(self, body: sp.Expr) -> sp.Expr:
        """The sum of `body` over this plate."""
        return sum_over(body, (self.index, 1, self.size))

    def vector(self, body: sp.Expr) -> Vector:
        """The vector of `body` over this plate, for a network to read."""
        return Vector(body, self.index, self.size)


@dataclass(frozen=True)
class Parameter:
    """A free parameter: a scalar, or an array with one axis for each plate."""

    name: str
    plates: tuple[Plate, ...] = ()
    range: Range = "real"
    learned: bool = True

    def __post_init__(self) -> None:
        if (
            self.range in MATRIX_RANGES
            and [p.size for p in self.plates] != [self.plates[0].size] * 2
        ):
            raise InputError(f"the matrix {self.name} needs two plates of one size")

    @property
    def is_matrix(self) -> bool:
        return self.range in MATRIX_RANGES

    @property
    def symbol(self) -> Letter:
        """The symbol, the array or the matrix letter that stands for the whole parameter."""
        if self.is_matrix:
            return self.letter
        return array(self.name, self.range) if self.plates else scalar(self.name, self.range)

    @property
    def letter(self) -> MatrixLetter:
        """The letter of a matrix. Raises `InputError` for anything else."""
        if not self.is_matrix:
            raise InputError(f"{self.name} is no matrix: its range is {self.range}")
        return MatrixLetter(self.name, self.plates[0].size, self.range)

    @property
    def entry(self) -> sp.Symbol | sp.Indexed:
        """The parameter at its own plates' indices: $\\sigma^2$, $W_{dh}$. Raises `InputError` for a matrix, which stands as a whole."""
        return self.at(*(p.index for p in self.plates))

    @property
    def whole(self) -> sp.Symbol | sp.Indexed | MatrixLetter:
        """What stands for the parameter in a formula: its entry, or the letter of a matrix."""
        return self.letter if self.is_matrix else self.entry

    def at(self, *indices: sp.Expr) -> sp.Symbol | sp.Indexed:
        if self.is_matrix:
            raise InputError(f"the matrix {self.name} stands as a whole: use its letter")
        if len(indices) != len(self.plates):
            raise InputError(
                f"{self.name} has {len(self.plates)} plates, not {len(indices)}: {shown(indices)}"
            )
        if not indices:
            return scalar(self.name, self.range)
        return entry(array(self.name, self.range), *indices)


@dataclass(frozen=True)
class Network:
    """An arbitrary function from vectors to an array over plates, such as $\\mu_d(z)$ and $\\tau_h^2(x_n)$.

    What it learns, if it is `learned`, has no name here. No theorem depends on that, so the stored form does not hold it; but a claim is
    not refuted if a network that learns could rescue it.
    """

    name: str
    plates: tuple[Plate, ...]
    inputs: tuple[sp.Symbol, ...]
    range: Range = "real"
    learned: bool = field(default=True, compare=False)

    @property
    def is_matrix(self) -> bool:
        return self.range in MATRIX_RANGES

    def matrix(self, *inputs: Vector) -> MatrixNetwork:
        """The value of a matrix-valued network. Raises `InputError` for any other."""
        if not self.is_matrix:
            raise InputError(f"the network {self.name} is no matrix: its range is {self.range}")
        return MatrixNetwork(self.name, self.plates[0].size, self.range, sp.Tuple(*inputs))

    def __call__(self, *inputs: Vector) -> NetworkValue:
        """The value at the plates' own indices for the given input vectors. Raises `InputError` for a matrix-valued network."""
        if self.is_matrix:
            raise InputError(f"the network {self.name} is a matrix: use {self.name}.matrix(…)")
        label = sp.Symbol(self.name, **assumptions(self.range))
        return NetworkValue(label, sp.Tuple(*(p.index for p in self.plates)), sp.Tuple(*inputs))


Support = Literal["real", "positive", "unit", "binary", "count"]

#: Support -> the supports that hold it.
WITHIN: dict[str, tuple[Support, ...]] = {
    "real": ("real",),
    "positive": ("positive", "real"),
    "unit": ("unit", "positive", "real"),
    "count": ("count",),
    "binary": ("binary", "count"),
}

#: The size and the index of a multivariate family's vectors, inside its own record.
DIM = sp.Symbol("dim", integer=True, positive=True)
COMPONENT = sp.Symbol("i", integer=True, positive=True)


@dataclass(frozen=True)
class Family:
    r"""A distribution: its log-density in nats as a function of `variable` and `arguments`.

    Arguments of a univariate family are symbols. Those of a multivariate one are an array for a vector and a matrix letter for a
    covariance; its variable is an array, and `DIM` stands for the size. `log_base_measure` is $\log h$ in
    $p=h\exp\{\zeta^\top T-A\}$; 0 means the base measure is constant. `location` and `scale` are given where
    $x=\text{location}+\text{scale}\,\varepsilon$ with noise $\varepsilon$ whose law names neither of their arguments; that is checked where it is used
    (`language.noise`). A log-density of None is *any law*: an encoder of which nothing is known.
    """

    name: str
    arguments: tuple[Letter, ...]
    variable: sp.Symbol | sp.IndexedBase
    log_density: sp.Expr | None
    support: Support = "real"
    log_base_measure: sp.Expr = sp.S.Zero
    location: sp.Expr | None = None
    scale: sp.Expr | None = None

    def __post_init__(self) -> None:
        for what in ("location", "scale"):
            given = getattr(self, what)
            if given is not None and given.has(self.variable):
                raise InputError(f"the {what} of {self.name} holds the variable: {shown(given)}")
        if (self.location is None) != (self.scale is None):
            raise InputError(
                f"{self.name} has a location or a scale but not both; state both or none"
            )
        if self.location is not None and (self.support != "real" or self.is_multivariate):
            raise InputError(
                f"{self.name} has a location, which needs one real variable; its support is {self.support}"
            )

    @property
    def is_multivariate(self) -> bool:
        return isinstance(self.variable, sp.IndexedBase)

    @property
    def density(self) -> sp.Expr:
        """The log-density. Raises `InputError` for any law, which has none."""
        if self.log_density is None:
            raise InputError(f"{self.name} is any law and has no density")
        return self.log_density

    @property
    def is_any(self) -> bool:
        """Whether this is any law at all."""
        return self.log_density is None

    def __call__(self, *arguments: sp.Expr | Matrix | int) -> Factor:
        """The family with its arguments filled in; a vector is given by its component at the plate's index."""
        if len(arguments) != len(self.arguments):
            wanted = ", ".join(argument_name(a) for a in self.arguments)
            raise InputError(
                f"{self.name} takes {len(self.arguments)} arguments ({wanted}), not {len(arguments)}"
            )
        exact: list[sp.Expr | Matrix] = []
        for place, given in zip(self.arguments, arguments, strict=True):
            where = f"{argument_name(place)} of {self.name}"
            if isinstance(place, Matrix) != isinstance(given, Matrix):
                what = "a matrix" if isinstance(place, Matrix) else "no matrix"
                raise InputError(f"{where} is {what}: {shown(given)} does not fit")
            exact.append(given if isinstance(given, Matrix) else exact_formula(given, where))
            if place.is_positive and exact[-1].is_positive is False:
                raise InputError(f"{where} is positive, which {shown(given)} is not")
        return Factor(self, tuple(exact))


def exact_formula(given: object, what: str) -> sp.Expr:
    """A formula or an integer as SymPy has it. Raises `InputError` for anything else, for floats and for what is not finite."""
    given = sp.Float(given) if isinstance(given, float) else given
    if not isinstance(given, (sp.Expr, int)) or isinstance(given, bool):
        raise InputError(f"{what} is a formula or an integer: {shown(given)} does not fit")
    formula = sp.sympify(given, strict=True)
    floats = sorted(formula.atoms(sp.Float), key=str)
    if floats:
        written = f"sympy.Rational('{float(floats[0])!r}')"
        raise InputError(f"{what} holds a float; write it exactly, as {written}")
    if formula.has(sp.nan, sp.zoo, sp.oo, -sp.oo):
        raise InputError(f"{what} is not finite: {shown(given)}")
    return formula


def argument_name(argument: Letter) -> str:
    """The name of a family's argument: symbol, array or matrix letter."""
    return array_name(argument) if isinstance(argument, sp.IndexedBase) else argument.name


@dataclass(frozen=True)
class Factor:
    """One factor of a model: a family and its arguments at one index of the factor's plate."""

    family: Family
    arguments: tuple[sp.Expr | Matrix, ...]

    def fill(self, expression: sp.Expr, plate: Plate, value: sp.Expr | None = None) -> sp.Expr:
        """An expression in the family's arguments and variable, at this factor's arguments and at `value`.

        Both stand at the plate's index. A univariate family's expression is for one index of the plate.
        """
        given: dict[Letter, sp.Expr | Matrix] = dict(
            zip(self.family.arguments, self.arguments, strict=True)
        )
        if value is not None:
            given[self.family.variable] = value
        if not self.family.is_multivariate:
            return substituted(expression, given)
        places: dict[sp.Basic, sp.Basic] = {DIM: plate.size, COMPONENT: plate.index}
        for symbol, filling in given.items():
            if isinstance(symbol, sp.IndexedBase):
                places[entry(symbol, COMPONENT)] = filling
            else:
                places[symbol] = filling
        return substituted(expression, places)


@dataclass(frozen=True)
class Constraint:
    """A side condition on a parameter or a network, in words; what it binds is never moved."""

    on: str
    text: str

    def __post_init__(self) -> None:
        plain = self.text.isascii() and self.text.isprintable() and "  " not in self.text
        if not (plain and len(self.text) <= 200):
            raise InputError(
                f"the constraint on {self.on} is kept as up to 200 characters of plain ASCII, not {shown(self.text)}"
            )


@dataclass(frozen=True)
class Objective:
    r"""What learning maximises, per data point: $w\,(\overline{\mathcal H[q_n]}+\overline{\mathbb E\log p(z)})+\overline{\mathbb E\log p(x_n|z)}-\mathcal R$.

    The default is the ELBO. A weight β makes it that of the β-VAE; a penalty $\mathcal R$ of parameters is a regulariser.
    """

    weight: sp.Expr = sp.S.One
    penalty: sp.Expr = sp.S.Zero

    def __post_init__(self) -> None:
        object.__setattr__(self, "weight", exact_formula(self.weight, "the weight"))
        object.__setattr__(self, "penalty", exact_formula(self.penalty, "the penalty"))
        if self.weight.is_positive is not True:
            raise InputError(f"the weight is surely positive, which {shown(self.weight)} is not")

    @property
    def is_elbo(self) -> bool:
        return self.weight == 1 and self.penalty == 0


@dataclass(frozen=True)
class Model:
    """A latent-variable model: prior, decoder, encoder, what is learned, and what learning maximises.

    Univariate families make the prior and the encoder products over `latent` and the decoder one over `observed`. The prior's arguments see the latent index,
    the decoder's see z and the observed index, the encoder's see the datum x_n and the latent index.
    """

    name: str
    title: str
    source: str
    observed: Plate
    latent: Plate
    parameters: tuple[Parameter, ...]
    networks: tuple[Network, ...]
    prior: Factor
    decoder: Factor
    encoder: Factor
    constraints: tuple[Constraint, ...] = ()
    objective: Objective = field(default_factory=lambda: Objective())

    def __post_init__(self) -> None:
        names = [p.name for p in self.parameters] + [net.name for net in self.networks]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(f"the model declares {', '.join(twice)} more than once")
        clash = sorted(set(names) & {str(s) for s in self.sizes})
        if clash:
            raise InputError(f"the name {clash[0]!r} is taken by a size; rename it")
        places = [argument_name(a) for f in self.families for a in f.arguments]
        families = [f.name for f in self.families]
        for name in families:
            if families.count(name) > 1:
                raise InputError(f"the model has two families called {name}; rename one")
        for role in ("prior", "decoder"):
            if self.factor(role).family.is_any:
                raise InputError(
                    f"the {role} of {self.name!r} needs a density: only an encoder may be of any law"
                )
        inner, outer = self.encoder.family.support, self.prior.family.support
        if not (self.encoder.family.is_any or outer in WITHIN[inner]):
            raise InputError(
                f"the encoder draws {inner} latents, of which the prior knows only {outer} ones; state the support of {self.encoder.family.name}"
            )
        sizes = [s.name for s in self.sizes]
        for name in (self.name, *names, *families, *places, *sizes):
            check_declared(name)
        _check_prints((*self.parameters, *self.networks))
        unknown = sorted({c.on for c in self.constraints} - set(names))
        if unknown:
            raise InputError(f"a constraint is on {unknown[0]!r}, which the model does not declare")
        if not isinstance(self.objective, Objective):
            raise InputError(f"unknown objective {shown(self.objective)}; pass an Objective")
        for role, factor, allowed in (
            ("prior", self.prior, {self.latent.index}),
            ("decoder", self.decoder, {self.observed.index, LATENT}),
            ("encoder", self.encoder, {self.latent.index, n, DATUM}),
        ):
            _check_scope(role, factor, allowed, self)
        factors = (self.prior, self.decoder, self.encoder)
        arguments = [a for f in factors for a in f.arguments]
        read = {
            leaf
            for a in (*arguments, self.objective.weight, self.objective.penalty)
            for leaf in _leaves(a)
        }
        used = {v.name for a in arguments for v in a.atoms(NetworkValue, MatrixNetwork)}
        ghosts = [p.name for p in self.parameters if p.symbol not in read]
        ghosts += [w.name for w in self.networks if w.name not in used]
        if ghosts:
            raise InputError(f"no factor of {self.name!r} reads {ghosts[0]!r}; drop it or use it")

    @property
    def sizes(self) -> tuple[sp.Symbol, ...]:
        """Every size that occurs, the observed and the latent one first."""
        found = [self.observed.size, self.latent.size]
        for p in self.parameters:
            found += [plate.size for plate in p.plates]
        for net in self.networks:
            found += [plate.size for plate in net.plates] + list(net.inputs)
        return tuple(dict.fromkeys(found))

    def factor(self, role: str) -> Factor:
        """The factor called prior, decoder or encoder."""
        return {"prior": self.prior, "decoder": self.decoder, "encoder": self.encoder}[role]

    def plate(self, role: str) -> Plate:
        """The plate over which a factor is a product."""
        return self.observed if role == "decoder" else self.latent

    @property
    def families(self) -> tuple[Family, ...]:
        """The families of the three factors, each once; any law is none."""
        used = (f.family for f in (self.prior, self.decoder, self.encoder))
        return tuple(dict.fromkeys(f for f in used if not f.is_any))


def _check_prints(declared: tuple[Parameter | Network, ...]) -> None:
    """Refuse names that a page would print alike: sigma2 is the square of sigma, s_d an entry of s, and z_h a latent."""
    printed: dict[tuple[str, str], str] = {}
    for one in declared:
        stem, below, _ = name_parts(one.name)
        if stem in ("x", "z"):
            raise InputError(f"the name {one.name!r} prints as data or a latent; rename it")
        indices = [plate.index.name for plate in one.plates]
        for shown_below in {below, ",".join([*below.split(","), *indices]).strip(",")}:
            other = printed.setdefault((stem, shown_below), one.name)
            if other != one.name:
                raise InputError(f"{other} and {one.name} print alike; rename one")


def _check_scope(role: str, factor: Factor, allowed: Set[Letter], model: Model) -> None:
    """Refuse a factor that sees what it must not see, or a symbol that the model does not declare."""
    declared: set[Letter] = {p.symbol for p in model.parameters} | set(model.sizes)
    for argument in factor.arguments:
        for symbol in _leaves(argument):
            if symbol not in allowed and symbol not in declared:
                raise InputError(
                    f"the {role} of {model.name!r} must not see {symbol}: it is not declared with this range, or out of scope there"
                )
        for value in argument.atoms(NetworkValue, MatrixNetwork):
            if value.name not in {net.name for net in model.networks}:
                raise InputError(
                    f"the {role} reads the network {value.name}, which is not declared"
                )


def _leaves(expression: sp.Basic) -> set[Letter]:
    """Free symbols and arrays, without the labels SymPy adds for an array and its entries."""
    free = expression.free_symbols
    arrays = {array_of(i) for i in expression.atoms(sp.Indexed)}
    labels = {a.label for a in arrays}
    letters = {m for m in expression.atoms(MatrixLetter) if not isinstance(m, MatrixNetwork)}
    return {s for s in free if isinstance(s, sp.Symbol) and s not in labels} | arrays | letters
