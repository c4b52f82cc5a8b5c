r"""Writing a model down in the words of a paper: plates, variables, what is learned, networks, and the factors of p and q."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import overload

import sympy as sp

from entropysym.errors import InputError, one_of, shown
from entropysym.language.formula import array_of, entry, of_type
from entropysym.language.heads import NetworkValue, Vector
from entropysym.language.matrices import MatrixLetter, MatrixNetwork, MatrixVariable
from entropysym.language.records import (
    DATA,
    Constraint,
    Factor,
    Family,
    Lag,
    Law,
    Model,
    Network,
    Objective,
    Parameter,
    Plate,
    Variable,
    as_declared,
    one_latent_model,
)
from entropysym.language.supports import Support
from entropysym.language.symbols import (
    DATUM,
    LATENT,
    RESERVED,
    MatrixRange,
    Range,
    ScalarRange,
    check_declared,
    n,
)


@dataclass(frozen=True)
class Drawn:
    """A variable as it is written in formulas: `entry` at its own indices, `vector` over its last plate, for a network to read; `matrix` of a positive definite one."""

    name: str
    whole: sp.Indexed | MatrixVariable
    plate: Plate | None

    @property
    def entry(self) -> sp.Indexed:
        if isinstance(self.whole, MatrixVariable):
            raise InputError(f"{self.name} is a matrix and stands as a whole: use its matrix")
        return self.whole

    @property
    def matrix(self) -> MatrixVariable:
        """A positive definite matrix as a letter of words, such as an argument that is a covariance."""
        if not isinstance(self.whole, MatrixVariable):
            raise InputError(f"{self.name} is no matrix: its support is not posdef")
        return self.whole

    def at(self, index: str) -> sp.Indexed:
        """The entry at another index of its last plate: $z_g$ beside $z_h$."""
        *kept, last = self.entry.indices
        other = Plate.named(index, str(self.plate.size)).index if self.plate else last
        return entry(array_of(self.entry), *kept, other)

    @property
    def vector(self) -> Vector:
        if self.plate is None:
            raise InputError(f"{self.name} is a number: a network reads w.vector(index, formula)")
        return self.plate.vector(self.entry)


Reads = Vector | Drawn


class ModelWriter:
    """Collects the parts of a model and returns the record.

    ``observed`` and ``latent`` are written "index size". Every other plate is declared with `plate`. What `learned`, `fixed` and
    `network` return stands at its own indices and can be used in formulas at once.

    A model of one observed and one latent vector is given by its prior, decoder and encoder:

    >>> from entropysym.families import LAPLACE, NORMAL
    >>> w = ModelWriter(observed="d D", latent="h H")
    >>> W, lam = w.learned("W", "d h"), w.learned("lam", "h", range="positive")
    >>> sigma2 = w.learned("sigma2", range="positive")
    >>> nu = w.network("nu", "h", reads=w.x_n)
    >>> tau2 = w.network("tau2", "h", reads=w.x_n, range="positive")
    >>> model = w.model(
    ...     "sparse",
    ...     prior=LAPLACE(0, lam),
    ...     decoder=NORMAL(w.sum("h", W * w.z_h), sigma2),
    ...     encoder=NORMAL(nu, tau2),
    ... )
    >>> [p.name for p in model.parameters]
    ['W', 'lam', 'sigma2']

    The same is meant where the factors of one x and one z are written one by one. Any other graph is written variable by variable and factor by factor, here a mixture of Gaussians with any q:

    >>> from entropysym.families import ANY, CATEGORICAL
    >>> w = ModelWriter(observed="d D")
    >>> c = w.latent_variable("c", "k K", support="onehot")
    >>> pi0 = w.learned("pi0", "k", range="simplex")
    >>> m, s = w.learned("m", "d k"), w.learned("s", "d k", range="positive")
    >>> w.p(c, CATEGORICAL(pi0))
    >>> w.p(w.x, NORMAL(m, s), select=c)
    >>> w.q(c, ANY)
    >>> [f.name for f in w.model("mixture").factors]
    ['q_c', 'p_c', 'p_x']
    """

    def __init__(self, *, observed: str = "d D", latent: str = "h H") -> None:
        self._plates: dict[str, Plate] = {}
        self.observed, self.latent = self.plate(observed), self.plate(latent)
        self._data: list[Plate] = [DATA]
        self._variables: dict[str, Variable] = {}
        self._lags: list[Lag] = []
        self._factors: dict[str, list[Factor]] = {"p": [], "q": []}
        self._parameters: list[Parameter] = []
        self._networks: list[Network] = []
        self._constraints: list[Constraint] = []

    def plate(self, written: str) -> Plate:
        """Declare a plate, written "index size" such as "k K"."""
        words = written.split()
        if len(words) != 2:
            raise InputError(
                f"a plate is written 'index size', such as 'k K', not {shown(written)}"
            )
        taken = sorted(RESERVED & set(words))
        if taken:
            raise InputError(f"the name {taken[0]!r} is taken; call the plate otherwise")
        if words[0] in self._plates:
            raise InputError(f"the index {words[0]} is declared twice")
        self._plates[words[0]] = Plate.named(*words)
        return self._plates[words[0]]

    def data_plate(self, written: str) -> Plate:
        """Declare another plate that counts data, beside "n N"; give it as `data` to the variables that lie in it."""
        self._data.append(self.plate(written))
        return self._data[-1]

    def latent_variable(
        self, name: str, plates: str = "", *, support: Support = "real", data: str | None = "n"
    ) -> Drawn:
        """A latent variable over plates inside each datum, written as their indices, or "index size" where they are new; global if `data` is None."""
        return self._declared(Variable(name, self._over(plates, data), support, "latent"))

    def observed_variable(
        self, name: str, plates: str = "", *, support: Support = "real", data: str | None = "n"
    ) -> Drawn:
        """A further observed variable beside x."""
        return self._declared(Variable(name, self._over(plates, data), support, "observed"))

    def given(
        self, name: str, plates: str = "", *, support: Support = "real", data: str | None = "n"
    ) -> Drawn:
        """A variable that nothing models: an input, a label, a grouping."""
        return self._declared(Variable(name, self._over(plates, data), support, "given"))

    def lag(self, of: Drawn, index: str, *, start: Drawn) -> Drawn:
        """A variable one step earlier along a plate; at the first step it is `start`."""
        lag = Lag(of.name, self._one(index), start.name)
        self._lags.append(lag)
        whole = self._variables[of.name].whole(self._data, lag.name)
        return Drawn(lag.name, whole, of.plate)

    def p(
        self,
        of: Drawn,
        law: Law,
        *,
        select: Drawn | None = None,
        classes: str = "",
        name: str = "",
    ) -> None:
        """A factor of the generative model; what its arguments read is given to it.

        `select`: a one-hot variable among whose classes they are taken, at the index `classes` if that of its own last plate is not meant.
        """
        self._factor("p", (of,), law, select, name, classes)

    def q(self, *of: Drawn | Law | Family, select: Drawn | None = None, name: str = "") -> None:
        """A factor of the variational distribution: ``w.q(z, NORMAL(nu, tau2))``, or ``w.q(c, z, ANY)`` for one law of several variables that may be any."""
        *drawn, law = of
        variables = tuple(d for d in drawn if isinstance(d, Drawn))
        if isinstance(law, Drawn) or len(variables) != len(drawn) or not drawn:
            raise InputError(
                "q is written with its variables and, last, their law: w.q(z, NORMAL(…))"
            )
        self._factor("q", variables, law if isinstance(law, Law) else law(), select, name)

    def _factor(
        self,
        side: str,
        of: tuple[Drawn, ...],
        law: Law,
        select: Drawn | None,
        name: str,
        classes: str = "",
    ) -> None:
        if not isinstance(law, Law):
            raise InputError(
                f"the law {law.name if isinstance(law, Family) else shown(law)} is given with its arguments, as in w.{side}(z, NORMAL(0, 1))"
            )
        for one in (*of, *((select,) if select is not None else ())):
            if not isinstance(one, Drawn):
                raise InputError(
                    f"{shown(one)} is no variable; pass what w.latent_variable or w.observed_variable gave, or w.x"
                )
        if any(d.name == "x" for d in of) and "x" not in self._variables:
            support = law.family.support
            self._variables = {"x": Variable("x", (DATA, self.observed), support)} | self._variables
        again = {d.name for d in of} & {name for f in self._factors[side] for name in f.of}
        if again:
            raise InputError(f"{min(again)} has a factor in {side} already")
        self._factors[side].append(
            Factor(
                law.family,
                law.arguments,
                name or "_".join([side, *(d.name for d in of)]),
                tuple(d.name for d in of),
                (),
                select.name if select else None,
                self._one(classes) if classes else None,
            )
        )

    def _declared(self, variable: Variable) -> Drawn:
        if variable.name in self._variables:
            raise InputError(f"the variable {variable.name} is declared twice")
        check_declared(variable.name)
        self._variables[variable.name] = variable
        inner = [p for p in variable.plates if p not in self._data]
        if not (inner if variable.role == "latent" else variable.plates):
            raise InputError(
                f"{variable.name} needs a plate: give it one of size 1 if it is a number"
            )
        whole = variable.whole(self._data)
        return Drawn(variable.name, whole, inner[-1] if inner else None)

    def _over(self, plates: str, data: str | None) -> tuple[Plate, ...]:
        """The data plate and the plates of a variable; "index size" declares one."""
        found: list[Plate] = []
        words = plates.split()
        while words:
            index = words.pop(0)
            known = self._plates.get(index)
            if known is None and not words:
                raise one_of(index, self._plates, "index")
            if known and len(words) == 1 and words[0] not in {*self._plates, str(known.size)}:
                raise InputError(
                    f"the index {index} is declared already, with the size {known.size}, not {words[0]}"
                )
            size = words.pop(0) if words and (known is None or words[0] == str(known.size)) else ""
            found.append(known or self.plate(f"{index} {size}"))
        outer = [p for p in self._data if p.index.name == data]
        if data is not None and not outer:
            raise one_of(data, [p.index.name for p in self._data], "data plate")
        return (*outer, *found)

    @property
    def x(self) -> Drawn:
        """The observed variable x over the observed plate."""
        return Drawn("x", of_type(self.x_nd, sp.Indexed), self.observed)

    @property
    def z_h(self) -> sp.Expr:
        """The latent at its index."""
        return entry(LATENT, self.latent.index)

    @property
    def z(self) -> Vector:
        """The latent vector, for a network to read."""
        return self.latent.vector(self.z_h)

    @property
    def x_n(self) -> Vector:
        """The data point, for a network to read."""
        return self.observed.vector(self.x_nd)

    @property
    def x_nd(self) -> sp.Expr:
        """An entry of the data point, at the observed index."""
        return entry(DATUM, n, self.observed.index)

    @overload
    def learned(self, name: str, plates: str = "", *, range: ScalarRange = "real") -> sp.Expr: ...
    @overload
    def learned(self, name: str, plates: str, *, range: MatrixRange) -> MatrixLetter: ...
    def learned(
        self, name: str, plates: str = "", *, range: Range = "real"
    ) -> sp.Expr | MatrixLetter:
        """A learned parameter over plates, written as their indices: ``learned("W", "d h")``."""
        return self._parameter(name, plates, range, True)

    @overload
    def fixed(self, name: str, plates: str = "", *, range: ScalarRange = "real") -> sp.Expr: ...
    @overload
    def fixed(self, name: str, plates: str, *, range: MatrixRange) -> MatrixLetter: ...
    def fixed(
        self, name: str, plates: str = "", *, range: Range = "real"
    ) -> sp.Expr | MatrixLetter:
        """A parameter that is not learned."""
        return self._parameter(name, plates, range, False)

    def _parameter(
        self, name: str, plates: str, range_: Range, learned: bool
    ) -> sp.Expr | MatrixLetter:
        parameter = Parameter(name, self._named(plates), range_, learned)
        self._parameters.append(parameter)
        return parameter.whole

    @overload
    def network(
        self,
        name: str,
        plates: str,
        *,
        reads: Reads | tuple[Reads, ...],
        range: ScalarRange = "real",
        learned: bool = True,
    ) -> NetworkValue: ...
    @overload
    def network(
        self,
        name: str,
        plates: str,
        *,
        reads: Reads | tuple[Reads, ...],
        range: MatrixRange,
        learned: bool = True,
    ) -> MatrixNetwork: ...
    def network(
        self,
        name: str,
        plates: str,
        *,
        reads: Reads | tuple[Reads, ...],
        range: Range = "real",
        learned: bool = True,
    ) -> NetworkValue | MatrixNetwork:
        """An abstract network over plates that reads vectors: variables, `x_n`, `z`, or one made with `vector`; frozen if not `learned`."""
        inputs = reads if isinstance(reads, tuple) else (reads,)
        for one in inputs:
            if not isinstance(one, (Vector, Drawn)):
                raise InputError(
                    f"the network {name} reads {shown(one)}; pass w.x_n, w.z, a variable or w.vector(index, formula)"
                )
        vectors = [one.vector if isinstance(one, Drawn) else one for one in inputs]
        sizes = tuple(of_type(v.size, sp.Symbol) for v in vectors)
        network = Network(name, self._named(plates), sizes, range, learned)
        if network not in self._networks:  # the same network may read something else
            self._networks.append(network)
        return network.matrix(*vectors) if network.is_matrix else network(*vectors)

    def sum(self, index: str, formula: sp.Expr) -> sp.Expr:
        """The sum of a formula over a plate's index."""
        return self._one(index).sum(formula)

    def vector(self, index: str, formula: sp.Expr) -> Vector:
        """The vector of a formula over a plate's index, for a network to read."""
        return self._one(index).vector(formula)

    def constrain(self, name: str, text: str) -> None:
        """A side condition on a parameter or a network, in words; what it binds does not move."""
        self._constraints.append(Constraint(name, text))

    def model(
        self,
        name: str,
        *,
        prior: Law | None = None,
        decoder: Law | None = None,
        encoder: Law | None = None,
        title: str = "",
        source: str = "",
        objective: Objective | None = None,
    ) -> Model:
        """The record: of the factors that were written, or of a prior, a decoder and an encoder. Raises `InputError` for a factor that sees what it must not see."""
        if prior is not None and decoder is not None and encoder is not None:
            return one_latent_model(
                name=name,
                title=title or name,
                source=source,
                observed=self.observed,
                latent=self.latent,
                parameters=tuple(self._parameters),
                networks=tuple(self._networks),
                prior=prior,
                decoder=decoder,
                encoder=encoder,
                constraints=tuple(self._constraints),
                objective=objective,
            )
        if any(one is not None for one in (prior, decoder, encoder)) or not self._factors["p"]:
            raise InputError(
                "give prior, decoder and encoder, or write the factors with w.p and w.q"
            )
        if [*self._variables] in (["x", "z"], ["z", "x"]):
            self._call_by_role()
        variables = tuple(self._variables.values())
        return Model(
            name=name,
            title=title or name,
            source=source,
            variables=variables,
            parameters=tuple(self._parameters),
            networks=tuple(self._networks),
            p=tuple(self._with_given(f) for f in self._factors["p"]),
            q=tuple(self._with_given(f) for f in self._factors["q"]),
            data=tuple(d for d in self._data if any(d in v.plates for v in variables)),
            lags=tuple(self._lags),
            constraints=tuple(self._constraints),
            objective=objective or Objective(),
        )

    def _call_by_role(self) -> None:
        """The factors of one observed vector x and one latent vector z are prior, decoder and encoder, unless they have names of their own."""
        roles = {("p", "z"): "prior", ("p", "x"): "decoder", ("q", "z"): "encoder"}
        self._variables = {name: self._variables[name] for name in ("x", "z")}
        for side, factors in self._factors.items():
            for k, f in enumerate(factors):
                role = roles.get((side, f.of[0])) if len(f.of) == 1 else None
                if role and f.name == f"{side}_{f.of[0]}":
                    factors[k] = replace(f, name=role)
            factors.sort(key=lambda f: f.name == "decoder")

    def _with_given(self, factor: Factor) -> Factor:
        """The factor with the variables that it reads; one of any law reads whatever is observed or given where it lies."""
        arrays = {v.name: v.array for v in self._variables.values()}
        arrays |= {lag.name: self._variables[lag.of].lagged(lag.name) for lag in self._lags}
        law = as_declared(factor, self._variables.values())
        factor = replace(factor, arguments=law.arguments)
        if factor.family.is_any:
            place = self._variables[factor.of[0]].plates[:1]
            read = [
                v.name
                for v in self._variables.values()
                if v.role != "latent" and (v.plates[:1] == place or v.plates[0] not in self._data)
            ]
        else:
            read = [
                name
                for name, array in arrays.items()
                if any(a.has(array) for a in factor.arguments) or name == factor.select
            ]
        return replace(factor, given=tuple(read))

    def _one(self, index: str) -> Plate:
        if index not in self._plates:
            raise one_of(index, self._plates, "index")
        return self._plates[index]

    def _named(self, plates: str) -> tuple[Plate, ...]:
        return tuple(self._one(i) for i in plates.split())
