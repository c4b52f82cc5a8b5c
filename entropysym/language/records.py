"""Records: distribution families, variables, factors, and the model itself, which is a graph of factors.

A family is knowledge (a log-density with its arguments and their ranges), never behaviour. A model names its variables, the factors of p and q, what
is learned, its objective and its constraints; everything else is derived from it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import sympy as sp

from entropysym.errors import InputError, one_of, shown
from entropysym.language.entering import of_variable
from entropysym.language.formula import (
    array_name,
    array_of,
    entry,
    of_type,
    replaced,
    substituted,
    sum_over,
)
from entropysym.language.functions import on_entry
from entropysym.language.graph import (
    check_graph,
    check_objective,
    check_prints,
    check_scope,
    leaves,
)
from entropysym.language.heads import NetworkValue, Vector, at_indices
from entropysym.language.matrices import Matrix, MatrixLetter, MatrixNetwork, MatrixVariable
from entropysym.language.supports import MATRICES, Support, check_support
from entropysym.language.symbols import (
    DATUM,
    LAG,
    LATENT,
    MATRIX_RANGES,
    DatumArray,
    LatentArray,
    MatrixArray,
    OneHotDatum,
    OneHotLatent,
    Range,
    array,
    assumptions,
    check_declared,
    index,
    n,
    range_of,
    scalar,
    size,
)
from entropysym.shown import Shown

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

    @property
    def range(self) -> tuple[sp.Symbol, int, sp.Symbol]:
        """The limits of a sum or a product over this plate."""
        return self.index, 1, self.size

    def sum(self, body: sp.Expr) -> sp.Expr:
        """The sum of `body` over this plate."""
        return sum_over(body, self.range)

    def vector(self, body: sp.Expr) -> Vector:
        """The vector of `body` over this plate, for a network to read."""
        return Vector(body, self.index, self.size)


#: The plate of the data, n = 1, …, N.
DATA = Plate(n, size("N"))


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


Role = Literal["observed", "given", "latent"]

#: The size and the index of a multivariate family's vectors, inside its own record; of the columns of matrices, with a second index of columns.
DIM = sp.Symbol("dim", integer=True, positive=True)
COMPONENT = sp.Symbol("i", integer=True, positive=True)
OTHER_COMPONENT = sp.Symbol("i_1", integer=True, positive=True)

#: The size and the index of the rows of a family's matrices.
ROW_DIM = sp.Symbol("rows", integer=True, positive=True)
ROW = sp.Symbol("r", integer=True, positive=True)


@dataclass(frozen=True)
class Family:
    r"""A distribution: its log-density in nats as a function of `variable` and `arguments`.

    Arguments of a univariate family are symbols. Those of a multivariate one are an array for a vector and a matrix letter for a
    covariance; its variable is an array, and `DIM` stands for the size. A family over matrices has as its variable a matrix letter (support `posdef`), or an array
    made by `symbols.matrix_array`, whose first index runs to `ROW_DIM`. `log_base_measure` is $\log h$ in
    $p=h\exp\{\zeta^\top T-A\}$; 0 means the base measure is constant. `location` and `scale` are given where
    $x=\text{location}+\text{scale}\,\varepsilon$ with noise $\varepsilon$ whose law names neither of their arguments; that is checked where it is used
    (`language.noise`). The entries of the arguments named by `simplex` are positive and sum to 1. A log-density of None is *any law*: a factor of q of
    which nothing is known.
    """

    name: str
    arguments: tuple[Letter, ...]
    variable: Letter
    log_density: sp.Expr | None
    support: Support = "real"
    log_base_measure: sp.Expr = sp.S.Zero
    location: sp.Expr | None = None
    scale: sp.Expr | None = None
    simplex: tuple[Letter, ...] = ()

    def __post_init__(self) -> None:
        check_support(self.support, self.name)
        for what in ("log_density", "log_base_measure", "location", "scale"):
            if (formula := getattr(self, what)) is not None:
                object.__setattr__(self, what, on_entry(sp.sympify(formula, strict=True)))
        for what in ("log_density", "log_base_measure"):
            if isinstance(self.variable, sp.Symbol) and (formula := getattr(self, what)):
                entered = of_variable(formula, self.variable, self.support)
                if entered.has(sp.nan, sp.zoo):
                    raise InputError(
                        f"the {what} of {self.name} has no value at 0 or at 1: {shown(formula)}; a term such as x log(x) is 0 there"
                    )
                object.__setattr__(self, what, entered)
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
        return self.depth > 0

    @property
    def depth(self) -> int:
        """The number of plates that one draw is over: 0 of a number, 1 of a vector, 2 of a matrix."""
        if isinstance(self.variable, sp.Symbol):
            return 0
        return 2 if isinstance(self.variable, (MatrixLetter, MatrixArray)) else 1

    def range_of(self, argument: Letter) -> str:
        """The range of an argument: that of its symbol, `vector`, `positives`, `simplex` or `matrix` of an array, the kind of a matrix, which may be one of rows."""
        if isinstance(argument, MatrixLetter):
            return f"{argument.kind} of rows" if argument.size == ROW_DIM else argument.kind
        if isinstance(argument, sp.IndexedBase):
            if isinstance(argument, MatrixArray):
                return "matrix"
            positive = "positives" if argument.label.is_positive else "vector"
            return "simplex" if argument in self.simplex else positive
        return range_of(argument)

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

    def __call__(self, *arguments: sp.Expr | Matrix | int) -> Law:
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
            range_ = self.range_of(place)
            above = range_ in ("nonnegative", "positive", "positives", "unit", "simplex")
            below = exact[-1].is_negative or (range_ != "nonnegative" and exact[-1].is_zero)
            if above and (below or _declared_real(exact[-1])):
                said = {"unit": "between 0 and 1", "nonnegative": "at least 0"}.get(
                    range_, "positive"
                )
                raise InputError(
                    f"{where} is {said}, which {shown(given)} is not; where it is a parameter or a network, declare it with range={range_.removesuffix('s')!r}"
                )
        return Law(self, tuple(exact))


def _declared_real(e: sp.Expr | Matrix) -> bool:
    """Whether this is a parameter or a network's value with the range that is given to none in particular."""
    if isinstance(e, NetworkValue):
        return not e.label.is_positive
    if isinstance(e, sp.Symbol):
        return range_of(e) == "real"
    return isinstance(e, sp.Indexed) and type(array_of(e)) is sp.IndexedBase and not e.is_positive


def at_class(family: Family, expression: sp.Expr) -> sp.Expr:
    r"""An expression of a one-hot family at the class i: what $\sum_ix_if_i$ multiplies by the entry $x_i$, and all that does not hold the variable."""
    x = entry(family.variable, COMPONENT)

    def chosen(s: sp.Expr) -> sp.Expr:
        body = substituted(of_type(s.args[0], sp.Expr), {x: sp.S.One})
        linear = sp.expand(of_type(s.args[0], sp.Expr) - x * body) == 0
        if not linear or len(s.args) > 2:
            raise InputError(f"{family.name} is not linear in its one-hot variable: {shown(s)}")
        return body

    return replaced(expression, lambda e: isinstance(e, sp.Sum) and e.has(x), chosen)


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
    return on_entry(formula)


def argument_name(argument: Letter) -> str:
    """The name of a family's argument: symbol, array or matrix letter."""
    return array_name(argument) if isinstance(argument, sp.IndexedBase) else argument.name


@dataclass(frozen=True)
class Variable:
    """A random variable, or with the role `given` an input that nothing models: an array with one axis for each plate.

    What lies in a data plate has it as its first. A latent variable is written without the index of its datum, which the expectation around it names.
    """

    name: str
    plates: tuple[Plate, ...]
    support: Support = "real"
    role: Role = "observed"

    def __post_init__(self) -> None:
        check_support(self.support, self.name)
        sizes = [plate.size for plate in self.plates[-2:]]
        if self.is_matrix and (len(sizes) < 2 or sizes[0] != sizes[1]):
            raise InputError(f"the matrix {self.name} needs two plates of one size, its last")

    @property
    def is_matrix(self) -> bool:
        """Whether it is a positive definite matrix over its last two plates, which stands in formulas as a whole."""
        return self.support in MATRICES

    @property
    def array(self) -> sp.IndexedBase:
        """The array whose entries stand in formulas."""
        return self.lagged(self.name)

    def whole(self, data: Collection[Plate], name: str = "") -> sp.Indexed | MatrixVariable:
        """What stands for it in a formula, perhaps one step earlier under another name; of a latent one the index of the datum is left out."""
        array = self.lagged(name or self.name)
        plates = [p for p in self.plates if self.role != "latent" or p not in data]
        at = [plate.index for plate in plates]
        if self.is_matrix:
            return MatrixVariable(array, plates[-1].size, "posdef", sp.Tuple(*at[:-2]))
        return entry(array, *at)

    def lagged(self, name: str) -> sp.IndexedBase:
        """The same one step earlier, as an array of this name."""
        label = sp.Symbol(name, real=True)
        if self.support == "onehot":
            kind = OneHotLatent if self.role == "latent" else OneHotDatum
        else:
            kind = LatentArray if self.role == "latent" else DatumArray
        return of_type(kind(label), sp.IndexedBase)


@dataclass(frozen=True)
class Lag:
    """`name` is the variable `of` one step earlier along a plate, `of` + "@-1"; at the first step it is the variable `start`."""

    of: str
    plate: Plate
    start: str

    @property
    def name(self) -> str:
        return self.of + LAG


@dataclass(frozen=True)
class Law:
    """A family and its arguments at one entry of a variable."""

    family: Family
    arguments: tuple[sp.Expr | Matrix, ...]

    def fill(
        self,
        expression: sp.Expr,
        plates: tuple[Plate, ...],
        value: sp.Expr | Matrix | None = None,
    ) -> sp.Expr:
        """An expression in the family's arguments and variable, at these arguments and at `value`.

        Both stand at the indices of the variable's `plates`, of which one draw has the last or the last two. A univariate family's expression is for one index of each.
        """
        given: dict[Letter, sp.Expr | Matrix] = dict(
            zip(self.family.arguments, self.arguments, strict=True)
        )
        if value is not None:
            given[self.family.variable] = value
        if not self.family.depth:
            return substituted(expression, given)
        own, columns = plates[-self.family.depth :], plates[-1]
        places: dict[sp.Basic, sp.Basic] = {DIM: columns.size, COMPONENT: columns.index}
        if own[0] != columns:
            places |= {ROW_DIM: own[0].size, ROW: own[0].index}
        # A further index has a name that no plate has.
        bound = {limit[0] for s in expression.atoms(sp.Sum) for limit in s.limits}
        bound |= {v.index for v in expression.atoms(Vector)}
        for k, i in enumerate(sorted(bound - {*places}, key=str), start=1):
            primed = f"{columns.index.name}{chr(39) * k}"
            places[i] = sp.Symbol(primed, integer=True, positive=True)
        for symbol, filling in given.items():
            if not isinstance(symbol, sp.IndexedBase):
                places[symbol] = filling
        for e in expression.atoms(sp.Indexed):
            if array_of(e) in given:
                filling = of_type(given[array_of(e)], sp.Expr)
                at = zip(own[-len(e.indices) :], e.indices, strict=True)
                moved = {plate.index: places[i] for plate, i in at if places[i] != plate.index}
                places[e] = at_indices(filling, {**moved}) if moved else filling
        return substituted(expression, places)


@dataclass(frozen=True)
class Factor(Law):
    """$p(\\text{of}\\mid\\text{given})$ or $q(\\text{of}\\mid\\text{given})$, a product over the plates of its variable unless its family is over vectors.

    `select` names a one-hot variable c of `given`: the arguments see the index of its class k, that of `classes` or of c's last plate, and
    $\\log p=\\sum_kc_k(\\log p)_k$. A factor of any law may be of several variables at once.
    """

    name: str = ""
    of: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    select: str | None = None
    classes: Plate | None = None


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


#: What people maximise that is no weighted sum of expected log-densities and entropies, and why the ELBO's identity is then not shown.
OTHER_OBJECTIVES = {
    "importance-weighted bound": (
        "the bound is the mean of the logarithm of an average of K density ratios, not a sum of expected log-densities: where its gradient is 0, that of the ELBO "
        "need not be, and a motion that tempers a factor does not give that factor's part of it"
    ),
    "free bits": (
        "the part of the KL divergence that lies below its allowance is constant in what learning maximises: where the gradient is 0 and an allowance is in use, the "
        "derivative of the ELBO's own KL term need not be"
    ),
}


@dataclass(frozen=True)
class Objective:
    r"""What learning maximises, per data point: $\sum_{f\in q}w_f\,\mathbb E_q\mathcal H[q_f]+\sum_{f\in p}w_f\,\mathbb E_q\log p_f-\mathcal R$.

    The default is the ELBO, $w_f=1$. `weight` is that of the KL divergence, all of q and p of the latents: β makes it that of the β-VAE. `weights` has by a
    factor's name what its part counts instead. A penalty $\mathcal R$ of parameters is a regulariser. `named` is one of `OTHER_OBJECTIVES`, which are no such sum
    and are refused with the reason. Raises `InputError` for a weight that is not surely positive, and for an unknown name.
    """

    weight: sp.Expr = sp.S.One
    penalty: sp.Expr = sp.S.Zero
    weights: Mapping[str, sp.Expr] | tuple[tuple[str, sp.Expr], ...] = ()
    named: str = ""

    def __post_init__(self) -> None:
        weights = dict(self.weights)
        exact = {name: exact_formula(w, f"the weight of {name}") for name, w in weights.items()}
        object.__setattr__(self, "weights", tuple(sorted(exact.items())))
        object.__setattr__(self, "weight", exact_formula(self.weight, "the weight"))
        object.__setattr__(self, "penalty", exact_formula(self.penalty, "the penalty"))
        for weight in (self.weight, *exact.values()):
            if weight.is_positive is not True:
                raise InputError(f"the weight is surely positive, which {shown(weight)} is not")
        if self.named and self.named not in OTHER_OBJECTIVES:
            raise one_of(self.named, OTHER_OBJECTIVES, "objective")

    @property
    def formulas(self) -> tuple[sp.Expr, ...]:
        """Every weight, and the penalty."""
        return (self.weight, *dict(self.weights).values(), self.penalty)

    @property
    def is_elbo(self) -> bool:
        return self == Objective()

    @property
    def is_weighted(self) -> bool:
        """Whether some part of the ELBO may count otherwise than once."""
        return any(weight != 1 for weight in self.formulas[:-1])


@dataclass(frozen=True, repr=False)
class Model(Shown):
    """A graph of factors: variables, the factors of p and q over them, what is learned, and what learning maximises.

    `data` are the plates that count data. Each latent variable has one factor in p and one in q, each observed one a factor in p, a given one none.
    """

    name: str
    title: str
    source: str
    variables: tuple[Variable, ...]
    parameters: tuple[Parameter, ...]
    networks: tuple[Network, ...]
    p: tuple[Factor, ...]
    q: tuple[Factor, ...]
    data: tuple[Plate, ...] = (DATA,)
    lags: tuple[Lag, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    objective: Objective = field(default_factory=lambda: Objective())

    def __post_init__(self) -> None:
        names = [p.name for p in self.parameters] + [net.name for net in self.networks]
        names += [v.name for v in self.variables] + [f.name for f in self.factors]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(f"the model declares {', '.join(twice)} more than once")
        clash = sorted(set(names) & {str(s) for s in self.sizes})
        if clash:
            raise InputError(f"the name {clash[0]!r} is taken by a size; rename it")
        clash = sorted(set(names) & {str(plate.index) for plate in self.plates})
        if clash:
            raise InputError(f"the name {clash[0]!r} is taken by an index; rename it")
        places = [argument_name(a) for f in self.families for a in f.arguments]
        families = [f.name for f in self.families]
        for name in families:
            if families.count(name) > 1:
                raise InputError(f"the model has two families called {name}; rename one")
        for name in (self.name, *names, *families, *places, *(s.name for s in self.sizes)):
            check_declared(name)
        check_prints(self.variables, (*self.parameters, *self.networks))
        arrays = {a.name for a in (*self.parameters, *self.networks)}
        unknown = sorted({c.on for c in self.constraints} - arrays)
        if unknown:
            raise InputError(f"a constraint is on {unknown[0]!r}, which the model does not declare")
        if not isinstance(self.objective, Objective):
            raise InputError(f"unknown objective {shown(self.objective)}; pass an Objective")
        check_objective(self)
        check_graph(self)
        for name in dict(self.objective.weights):
            self.factor(name)
        for f in self.factors:
            check_scope(f, self)
        arguments = [a for f in self.factors for a in f.arguments]
        read = {leaf for a in (*arguments, *self.objective.formulas) for leaf in leaves(a)}
        used = {v.name for a in arguments for v in a.atoms(NetworkValue, MatrixNetwork)}
        ghosts = [p.name for p in self.parameters if p.symbol not in read]
        ghosts += [w.name for w in self.networks if w.name not in used]
        if ghosts:
            raise InputError(f"no factor of {self.name!r} reads {ghosts[0]!r}; drop it or use it")

    @property
    def plates(self) -> tuple[Plate, ...]:
        """Every plate that a variable, a parameter, a network or a factor's classes have, or the data."""
        found = [*self.data]
        for one in (*self.variables, *self.parameters, *self.networks):
            found += one.plates
        found += [f.classes for f in self.factors if f.classes]
        return tuple(dict.fromkeys(found))

    @property
    def sizes(self) -> tuple[sp.Symbol, ...]:
        """Every size that occurs and does not count data, those of the variables first."""
        data = {plate.size for plate in self.data}
        found = [plate.size for v in self.variables for plate in v.plates]
        for p in self.parameters:
            found += [plate.size for plate in p.plates]
        for net in self.networks:
            found += [plate.size for plate in net.plates] + list(net.inputs)
        return tuple(size for size in dict.fromkeys(found) if size not in data)

    @property
    def factors(self) -> tuple[Factor, ...]:
        """Those of q, then those of p."""
        return (*self.q, *self.p)

    @property
    def latents(self) -> tuple[Variable, ...]:
        return tuple(v for v in self.variables if v.role == "latent")

    @property
    def counted(self) -> bool:
        """Whether the number of data matters: several data plates, or a factor outside of them."""
        return len({self.datum(f.of[0]) for f in self.factors}) > 1

    def variable(self, name: str) -> Variable:
        """The variable of this name, or of which it is one step earlier."""
        found = next((v for v in self.variables if v.name == name.removesuffix(LAG)), None)
        if found is None:
            raise one_of(name, [v.name for v in self.variables], "variable")
        return found

    def datum(self, name: str) -> Plate | None:
        """The data plate that a variable lies in; None if it is global."""
        plates = self.variable(name).plates
        return plates[0] if plates and plates[0] in self.data else None

    def inner(self, name: str) -> tuple[Plate, ...]:
        """The plates of a variable inside its datum."""
        plates = self.variable(name).plates
        return plates[1:] if self.datum(name) else plates

    def entry(self, name: str) -> sp.Indexed:
        """A variable at its own indices: $x_{nd}$, and $z_h$ for a latent one. Raises `InputError` for a matrix, which stands as a whole."""
        found = self.whole(name)
        if isinstance(found, MatrixVariable):
            raise InputError(f"the variable {name} is a matrix, which stands as a whole")
        return found

    def whole(self, name: str) -> sp.Indexed | MatrixVariable:
        """What stands for a variable in a formula: its entry, or the letter of a matrix at its other indices."""
        return self.variable(name).whole(self.data, name)

    def chosen(self, factor: Factor) -> sp.Expr:
        """$c_k$, the entry of the variable that a factor selects by, at the index of its class; 1 for a factor that does not."""
        classes = self.classes(factor)
        if classes is None or factor.select is None:
            return sp.S.One
        found = self.entry(factor.select)
        return entry(array_of(found), *found.indices[:-1], classes.index)

    def factor(self, name: str) -> Factor:
        """The factor of this name."""
        found = next((f for f in self.factors if f.name == name), None)
        if found is None:
            raise one_of(name, [f.name for f in self.factors], "factor")
        return found

    def plate(self, name: str) -> Plate:
        """The last plate of a factor's variable."""
        return self.variable(self.factor(name).of[0]).plates[-1]

    def classes(self, factor: Factor) -> Plate | None:
        """The plate of the classes that a factor selects among."""
        if factor.select is None:
            return None
        return factor.classes or self.variable(factor.select).plates[-1]

    @property
    def families(self) -> tuple[Family, ...]:
        """The families of the factors, each once, those of p first; any law is none."""
        used = (f.family for f in (*self.p, *self.q))
        return tuple(dict.fromkeys(f for f in used if not f.is_any))

    @property
    def is_plain(self) -> bool:
        """Whether there is one observed vector x and one latent vector z for each datum of one data plate, and nothing else but prior, decoder and encoder."""
        variables = {v.name: v.role for v in self.variables}
        factors = {f.name: f.of for f in self.factors}
        places = {self.datum(v.name) for v in self.variables}
        one = len(places) == 1 and None not in places
        two = all(len(v.plates) == 2 for v in self.variables)
        selects = any(f.select for f in self.factors)
        return (
            variables == {"x": "observed", "z": "latent"}
            and factors == {"prior": ("z",), "decoder": ("x",), "encoder": ("z",)}
            and (one and two and not (selects or self.lags))
        )

    def _plain(self, factors: tuple[Factor, ...], role: Role) -> Factor:
        if not self.is_plain:
            raise InputError(
                f"{self.name} is no model of one observed and one latent vector, for which alone this is known"
            )
        return next(f for f in factors if self.variable(f.of[0]).role == role)

    @property
    def prior(self) -> Factor:
        """p of the latent vector. Raises `InputError` where there is not just one."""
        return self._plain(self.p, "latent")

    @property
    def decoder(self) -> Factor:
        """p of the observed vector. Raises `InputError` where there is not just one."""
        return self._plain(self.p, "observed")

    @property
    def encoder(self) -> Factor:
        """q of the latent vector. Raises `InputError` where there is not just one."""
        return self._plain(self.q, "latent")

    @property
    def observed(self) -> Plate:
        """The plate of the observed vector. Raises `InputError` where there is not just one."""
        return self.plate(self.decoder.name)

    @property
    def latent(self) -> Plate:
        """The plate of the latent vector. Raises `InputError` where there is not just one."""
        return self.plate(self.encoder.name)

    def with_laws(self, **laws: Law) -> Model:
        """The same model with other laws for the factors of these names; what they read stays."""
        for name in laws:
            self.factor(name)

        def changed(factors: tuple[Factor, ...]) -> tuple[Factor, ...]:
            return tuple(
                replace(f, family=laws[f.name].family, arguments=laws[f.name].arguments)
                if f.name in laws
                else f
                for f in factors
            )

        return replace(self, p=changed(self.p), q=changed(self.q))


def as_declared(law: Law, variables: Iterable[Variable]) -> Law:
    """A law that reads x and z as they are declared, where it was written before it was known that they are one-hot."""
    arrays = {DATUM: "x", LATENT: "z"}
    declared = {v.name: v.array for v in variables}
    places = {
        e: entry(declared[arrays[array_of(e)]], *e.indices)
        for a in law.arguments
        for e in a.atoms(sp.Indexed)
        if array_of(e) in arrays and arrays[array_of(e)] in declared
    }

    def read(argument: sp.Expr | Matrix) -> sp.Expr | Matrix:
        return of_type(
            argument.xreplace(places), Matrix if isinstance(argument, Matrix) else sp.Expr
        )

    return Law(law.family, tuple(map(read, law.arguments)))


def one_latent_model(
    *,
    name: str,
    observed: Plate,
    latent: Plate,
    prior: Law,
    decoder: Law,
    encoder: Law,
    title: str = "",
    source: str = "",
    parameters: tuple[Parameter, ...] = (),
    networks: tuple[Network, ...] = (),
    constraints: tuple[Constraint, ...] = (),
    objective: Objective | None = None,
) -> Model:
    """The model of one observed vector x and one latent vector z for each datum: prior p(z), decoder p(x|z), encoder q(z|x)."""
    hidden = prior.family.support if encoder.family.is_any else encoder.family.support
    variables = (
        Variable("x", (DATA, observed), decoder.family.support),
        Variable("z", (DATA, latent), hidden, "latent"),
    )
    prior, decoder, encoder = (as_declared(law, variables) for law in (prior, decoder, encoder))
    return Model(
        name=name,
        title=title or name,
        source=source,
        variables=variables,
        parameters=parameters,
        networks=networks,
        p=(
            Factor(prior.family, prior.arguments, "prior", ("z",)),
            Factor(decoder.family, decoder.arguments, "decoder", ("x",), ("z",)),
        ),
        q=(Factor(encoder.family, encoder.arguments, "encoder", ("z",), ("x",)),),
        constraints=constraints,
        objective=objective or Objective(),
    )
