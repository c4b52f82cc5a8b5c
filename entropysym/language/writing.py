r"""Writing a model down in the words of a paper: plates, what is learned, networks, prior, decoder, encoder."""

from __future__ import annotations

from typing import overload

import sympy as sp

from entropysym.errors import InputError, one_of, shown
from entropysym.language.formula import entry, of_type
from entropysym.language.heads import NetworkValue, Vector
from entropysym.language.matrices import MatrixLetter, MatrixNetwork
from entropysym.language.records import (
    Constraint,
    Law,
    Model,
    Network,
    Objective,
    Parameter,
    Plate,
    one_latent_model,
)
from entropysym.language.symbols import DATUM, LATENT, RESERVED, MatrixRange, Range, ScalarRange, n


class ModelWriter:
    """Collects the parts of a model and returns the record.

    ``observed`` and ``latent`` are written "index size". Every other plate is declared with `plate`. What `learned`, `fixed` and
    `network` return stands at its own indices and can be used in formulas at once.

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
    """

    def __init__(self, *, observed: str = "d D", latent: str = "h H") -> None:
        self._plates: dict[str, Plate] = {}
        self.observed, self.latent = self.plate(observed), self.plate(latent)
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
        reads: Vector,
        range: ScalarRange = "real",
        learned: bool = True,
    ) -> NetworkValue: ...
    @overload
    def network(
        self, name: str, plates: str, *, reads: Vector, range: MatrixRange, learned: bool = True
    ) -> MatrixNetwork: ...
    def network(
        self, name: str, plates: str, *, reads: Vector, range: Range = "real", learned: bool = True
    ) -> NetworkValue | MatrixNetwork:
        """An abstract network over plates that reads a vector: `x_n`, `z`, or one made with `vector`; frozen if not `learned`."""
        if not isinstance(reads, Vector):
            raise InputError(
                f"the network {name} reads {shown(reads)}; pass w.x_n, w.z or w.vector(index, formula)"
            )
        network = Network(
            name, self._named(plates), (of_type(reads.size, sp.Symbol),), range, learned
        )
        self._networks.append(network)
        return network.matrix(reads) if network.is_matrix else network(reads)

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
        prior: Law,
        decoder: Law,
        encoder: Law,
        title: str = "",
        source: str = "",
        objective: Objective | None = None,
    ) -> Model:
        """The record. Raises `InputError` for a factor that sees what it must not see."""
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
            objective=objective or Objective(),
        )

    def _one(self, index: str) -> Plate:
        if index not in self._plates:
            raise one_of(index, self._plates, "index")
        return self._plates[index]

    def _named(self, plates: str) -> tuple[Plate, ...]:
        return tuple(self._one(i) for i in plates.split())
