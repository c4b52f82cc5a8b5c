"""From the stored form back to SymPy: the inverse of `store`.

Only whitelisted heads are built, by this module's own table; text is never parsed as an expression. What comes from a file goes through
the checker's reader first, which enforces the limits; this module still refuses every head and position it does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp

from entropysym.errors import InputError, shown
from entropysym.language.functions import Sigmoid, Softplus
from entropysym.language.heads import (
    DataMean,
    Directional,
    Elbo,
    Entropy,
    LogBaseMeasure,
    LogDensity,
    NetworkValue,
    ObjectiveValue,
)
from entropysym.language.matrices import (
    Inverse,
    LogDet,
    MatrixLetter,
    MatrixProduct,
    Quadratic,
    Scaled,
    Trace,
    Transposed,
)
from entropysym.language.objective import encoder_expectation
from entropysym.language.records import (
    COMPONENT,
    DIM,
    Constraint,
    Factor,
    Family,
    Model,
    Network,
    Objective,
    Parameter,
    Plate,
)
from entropysym.language.store import Scope, Term
from entropysym.language.symbols import (
    DATUM,
    LATENT,
    MATRIX_RANGES,
    NOISE,
    array,
    assumptions,
    index,
    n,
    scalar,
    size,
)


def model_from(
    record: Mapping[str, Any], objective: Any = "elbo", *, title: str = "", source: str = ""
) -> Model:
    """The model of a stored record and objective. Titles and sources are not part of the record, because the meaning does not depend on them."""
    observed = Plate(index("d"), size(record["observed"]))
    latent = Plate(index("h"), size(record["latent"]))
    plates = {observed.size.name: observed, latent.size.name: latent}
    for s in record["sizes"]:
        plates.setdefault(s, Plate(index(f"i_{s}"), size(s)))
    parameters = tuple(
        Parameter(p["name"], tuple(plates[s] for s in p["plates"]), p["range"], p["learned"])
        for p in record["parameters"]
    )
    networks = tuple(
        Network(
            w["name"],
            tuple(plates[s] for s in w["plates"]),
            tuple(size(s) for s in w["inputs"]),
            w["range"],
        )
        for w in record["networks"]
    )
    families = {name: _family(name, f) for name, f in record["families"].items()}
    reader = _Reader({p.name: p for p in parameters}, {w.name: w for w in networks}, plates)

    def factor(role: str, *scope: sp.Basic) -> Factor:
        stored = record[role]
        family = families[stored["family"]]
        return Factor(
            family,
            tuple(
                reader.expression(term, scope[:-1] if isinstance(place, MatrixLetter) else scope)
                for place, term in zip(family.arguments, stored["arguments"], strict=True)
            ),
        )

    return Model(
        name=record["name"],
        title=title or record["name"],
        source=source,
        observed=observed,
        latent=latent,
        parameters=parameters,
        networks=networks,
        prior=factor("prior", latent.index),
        decoder=factor("decoder", LATENT, observed.index),
        encoder=factor("encoder", n, latent.index),
        constraints=tuple(Constraint(c["on"], c["text"]) for c in record["constraints"]),
        objective=Objective()
        if objective == "elbo"
        else Objective(
            reader.expression(objective["weight"], ()), reader.expression(objective["penalty"], ())
        ),
    )


def expression(term: Term, model: Model, scope: Scope = ()) -> sp.Expr:
    """The SymPy expression of a stored term: the inverse of `store.term`, up to the order of addends and factors."""
    plates = {p.size.name: p for p in (model.observed, model.latent)}
    for p in (*model.parameters, *model.networks):
        plates.update({plate.size.name: plate for plate in p.plates})
    for s in model.sizes:  # a size that only a network's input has
        plates.setdefault(s.name, Plate(index(f"i_{s.name}"), s))
    parameters = {p.name: p for p in model.parameters}
    networks = {w.name: w for w in model.networks}
    return _Reader(parameters, networks, plates, model).expression(term, scope)


def _family(name: str, record: Mapping[str, Any]) -> Family:
    arguments = {a["name"]: _family_argument(a["name"], a["range"]) for a in record["arguments"]}
    vectors = any(isinstance(a, sp.IndexedBase) for a in arguments.values())
    positive = record["support"] in ("positive", "unit")
    variable = (
        array("variable")
        if vectors
        else sp.Symbol("x", **assumptions("positive" if positive else "real"))
    )
    plates = {"dim": Plate(COMPONENT, DIM)}
    reader = _Reader({}, {}, plates, None, {"var": variable, **arguments})

    def optional(term: Term | None) -> sp.Expr | None:
        return None if term is None else reader.expression(term, ())

    return Family(
        name=name,
        arguments=tuple(arguments.values()),
        variable=variable,
        log_density=reader.expression(record["log_density"], ()),
        support=record["support"],
        log_base_measure=reader.expression(record["log_base_measure"], ()),
        location=optional(record["location"]),
        scale=optional(record["scale"]),
    )


def _family_argument(name: str, range_: str) -> sp.Basic:
    if range_ == "vector":
        return array(name)
    if range_ in MATRIX_RANGES:
        return MatrixLetter(name, DIM, range_)
    return sp.Symbol(name, **assumptions(range_))


class _Reader:
    def __init__(
        self,
        parameters: Mapping[str, Parameter],
        networks: Mapping[str, Network],
        plates: Mapping[str, Plate],
        model: Model | None = None,
        local: Mapping[str, sp.Basic] | None = None,
    ) -> None:
        self.parameters, self.networks, self.plates = parameters, networks, plates
        self.model, self.local = model, local or {}

    def expression(self, term: Term, scope: Scope) -> sp.Expr:
        if isinstance(term, int) and not isinstance(term, bool):
            return sp.Integer(term)
        if not isinstance(term, list) or not term or not isinstance(term[0], str):
            raise InputError(f"{shown(term)} is no term")
        read = _HEADS.get(term[0])
        if read is None:
            raise InputError(f"unknown head {shown(term[0])}")
        return read(self, term, scope)

    def bound(self, position: int, scope: Scope) -> sp.Basic:
        if not isinstance(position, int) or not 0 <= position < len(scope):
            raise InputError(f"{shown(position)} is no position among {len(scope)} binders")
        return scope[-1 - position]

    def fresh(self, wanted: sp.Symbol, scope: Scope) -> sp.Symbol:
        """The wanted index, or a numbered one if an enclosing binder has it already."""
        names = (wanted.name, *(f"{wanted.name}_{k}" for k in range(1, len(scope) + 2)))
        return next(i for i in map(index, names) if i not in scope)

    def each(self, terms: list[Term], scope: Scope) -> list[sp.Expr]:
        return [self.expression(t, scope) for t in terms]

    def _read_frac(self, t: Any, scope: Scope) -> sp.Expr:
        return sp.Rational(t[1], t[2])

    def _read_pi(self, t: Any, scope: Scope) -> sp.Expr:
        return sp.pi

    def _read_e(self, t: Any, scope: Scope) -> sp.Expr:
        return sp.E

    def _read_size(self, t: Any, scope: Scope) -> sp.Expr:
        return size(t[1])

    def _read_param(self, t: Any, scope: Scope) -> sp.Expr:
        p = self.parameters[t[1]]
        at = [self.bound(i, scope) for i in t[2:]]
        return array(p.name, p.range)[at] if at else scalar(p.name, p.range)

    def _read_net(self, t: Any, scope: Scope) -> sp.Expr:
        network = self.networks[t[1]]
        at = sp.Tuple(*(self.bound(i, scope) for i in t[2]))
        inputs = self.each(t[3], scope)
        label = sp.Symbol(network.name, **assumptions(network.range))
        return NetworkValue(label, at, sp.Tuple(*inputs))

    def _read_x(self, t: Any, scope: Scope) -> sp.Expr:
        return DATUM[self.bound(t[1], scope), self.bound(t[2], scope)]

    def _read_z(self, t: Any, scope: Scope) -> sp.Expr:
        return LATENT[self.bound(t[2], scope)]

    def _read_eps(self, t: Any, scope: Scope) -> sp.Expr:
        return NOISE[self.bound(t[2], scope)]

    def _read_sum(self, t: Any, scope: Scope) -> sp.Expr:
        plate = self.plates[t[1]]
        i = self.fresh(plate.index, scope)
        return Plate(i, plate.size).sum(self.expression(t[2], (*scope, i)))

    def _read_mean(self, t: Any, scope: Scope) -> sp.Expr:
        i = self.fresh(n, scope)
        return DataMean(self.expression(t[1], (*scope, i)), i)

    def _expectation(self, t: Any, scope: Scope, reparametrised: bool) -> sp.Expr:
        assert self.model is not None
        datum = self.bound(t[1], scope)
        body = self.expression(t[2], (*scope, LATENT))
        head = encoder_expectation(self.model, body, reparametrised=reparametrised)
        rest = [a.xreplace({n: datum}) for a in head.args[1:]]
        return head.func(body, *rest)

    def _read_expect(self, t: Any, scope: Scope) -> sp.Expr:
        return self._expectation(t, scope, False)

    def _read_reparam(self, t: Any, scope: Scope) -> sp.Expr:
        return self._expectation(t, scope, True)

    def _read_add(self, t: Any, scope: Scope) -> sp.Expr:
        return sp.Add(*self.each(t[1:], scope))

    def _read_mul(self, t: Any, scope: Scope) -> sp.Expr:
        return sp.Mul(*self.each(t[1:], scope))

    def _read_pow(self, t: Any, scope: Scope) -> sp.Expr:
        return sp.Pow(self.expression(t[1], scope), self.expression(t[2], scope))

    def _read_log(self, t: Any, scope: Scope) -> sp.Expr:
        return sp.log(self.expression(t[1], scope))

    def _read_exp(self, t: Any, scope: Scope) -> sp.Expr:
        return sp.exp(self.expression(t[1], scope))

    def _read_logp(self, t: Any, scope: Scope) -> sp.Expr:
        datum = [self.bound(t[2], scope)] if t[1] == "decoder" else []
        return LogDensity(t[1], *datum)

    def _read_h(self, t: Any, scope: Scope) -> sp.Expr:
        datum = [self.bound(t[2], scope)] if t[1] == "encoder" else []
        return Entropy(t[1], *datum)

    def _read_logh(self, t: Any, scope: Scope) -> sp.Expr:
        datum = [self.bound(t[2], scope)] if t[1] == "decoder" else []
        return LogBaseMeasure(t[1], *datum)

    def _read_objective(self, t: Any, scope: Scope) -> sp.Expr:
        return Elbo() if self.model is None or self.model.objective.is_elbo else ObjectiveValue()

    def _read_softplus(self, t: Any, scope: Scope) -> sp.Expr:
        return Softplus(self.expression(t[1], scope))

    def _read_sigmoid(self, t: Any, scope: Scope) -> sp.Expr:
        return Sigmoid(self.expression(t[1], scope))

    def _read_abs(self, t: Any, scope: Scope) -> sp.Expr:
        return sp.Abs(self.expression(t[1], scope))

    def _read_loggamma(self, t: Any, scope: Scope) -> sp.Expr:
        return sp.loggamma(self.expression(t[1], scope))

    def _read_vec(self, t: Any, scope: Scope) -> sp.Basic:
        plate = self.plates[t[1]]
        i = self.fresh(plate.index, scope)
        return Plate(i, plate.size).vector(self.expression(t[2], (*scope, i)))

    def _read_mat(self, t: Any, scope: Scope) -> sp.Basic:
        return self.parameters[t[1]].symbol

    def _read_matnet(self, t: Any, scope: Scope) -> sp.Basic:
        return self.networks[t[1]](*self.each(t[2], scope))

    def _read_scaled(self, t: Any, scope: Scope) -> sp.Basic:
        return Scaled(*self.each(t[1:], scope))

    def _read_matmul(self, t: Any, scope: Scope) -> sp.Basic:
        return MatrixProduct(*self.each(t[1:], scope))

    def _read_inverse(self, t: Any, scope: Scope) -> sp.Basic:
        return Inverse(*self.each(t[1:], scope))

    def _read_transposed(self, t: Any, scope: Scope) -> sp.Basic:
        return Transposed(*self.each(t[1:], scope))

    def _read_logdet(self, t: Any, scope: Scope) -> sp.Basic:
        return LogDet(*self.each(t[1:], scope))

    def _read_trace(self, t: Any, scope: Scope) -> sp.Basic:
        return Trace(*self.each(t[1:], scope))

    def _read_quad(self, t: Any, scope: Scope) -> sp.Basic:
        return Quadratic(*self.each(t[1:], scope))

    def _read_dim(self, t: Any, scope: Scope) -> sp.Expr:
        return DIM

    def _read_d(self, t: Any, scope: Scope) -> sp.Expr:
        return Directional(self.expression(t[1], scope))

    def _read_var(self, t: Any, scope: Scope) -> sp.Basic:
        return self._of_family("var", t[1:], scope)

    def _read_arg(self, t: Any, scope: Scope) -> sp.Basic:
        return self._of_family(t[1], t[2:], scope)

    def _of_family(self, name: str, positions: list[int], scope: Scope) -> sp.Basic:
        symbol = self.local[name]
        at = [self.bound(i, scope) for i in positions]
        return symbol[at] if at else symbol


#: The whole list of heads that can be read.
_HEADS: dict[str, Callable[[_Reader, Any, Scope], Any]] = {
    "frac": _Reader._read_frac,
    "pi": _Reader._read_pi,
    "e": _Reader._read_e,
    "size": _Reader._read_size,
    "param": _Reader._read_param,
    "net": _Reader._read_net,
    "x": _Reader._read_x,
    "z": _Reader._read_z,
    "eps": _Reader._read_eps,
    "sum": _Reader._read_sum,
    "mean": _Reader._read_mean,
    "expect": _Reader._read_expect,
    "reparam": _Reader._read_reparam,
    "add": _Reader._read_add,
    "mul": _Reader._read_mul,
    "pow": _Reader._read_pow,
    "log": _Reader._read_log,
    "exp": _Reader._read_exp,
    "logp": _Reader._read_logp,
    "H": _Reader._read_h,
    "logh": _Reader._read_logh,
    "objective": _Reader._read_objective,
    "softplus": _Reader._read_softplus,
    "sigmoid": _Reader._read_sigmoid,
    "abs": _Reader._read_abs,
    "loggamma": _Reader._read_loggamma,
    "vec": _Reader._read_vec,
    "mat": _Reader._read_mat,
    "matnet": _Reader._read_matnet,
    "scaled": _Reader._read_scaled,
    "matmul": _Reader._read_matmul,
    "inverse": _Reader._read_inverse,
    "transposed": _Reader._read_transposed,
    "logdet": _Reader._read_logdet,
    "trace": _Reader._read_trace,
    "quad": _Reader._read_quad,
    "dim": _Reader._read_dim,
    "D": _Reader._read_d,
    "var": _Reader._read_var,
    "arg": _Reader._read_arg,
}
