"""From the stored form back to SymPy: the inverse of `store`, which only the law of the round trip needs.

Only whitelisted heads are built, by this module's own table.
"""

import sympy as sp

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


def model_from(record, objective="elbo"):
    """The model of a stored record and objective. Titles and sources are not stored, because the meaning does not depend on them."""
    (data,) = record["data"]
    x, z = (v["plates"] for v in record["variables"])
    assert [v["role"] for v in record["variables"]] == ["observed", "latent"]
    assert x[0] == z[0] == data
    observed, latent = Plate(index("d"), size(x[1])), Plate(index("h"), size(z[1]))
    plates = {observed.size.name: observed, latent.size.name: latent}
    for s in record["sizes"]:
        if s == data:
            continue
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

    stored = {factor["name"]: factor for factor in (*record["p"], *record["q"])}

    def argument(place, term, plate, multivariate):
        if isinstance(place, sp.IndexedBase):
            head, over, body = term
            assert (head, over) == ("vec", plate.size.name)
            return reader.expression(body, (n, plate.index))
        return reader.expression(term, (n,) if multivariate else (n, plate.index))

    def factor(role, plate):
        family = families[stored[role]["family"]]
        pairs = zip(family.arguments, stored[role]["arguments"], strict=True)
        multivariate = family.is_multivariate
        return Factor(family, tuple(argument(*pair, plate, multivariate) for pair in pairs))

    return Model(
        name=record["name"],
        title=record["name"],
        source="",
        observed=observed,
        latent=latent,
        parameters=parameters,
        networks=networks,
        prior=factor("prior", latent),
        decoder=factor("decoder", observed),
        encoder=factor("encoder", latent),
        constraints=tuple(Constraint(c["on"], c["text"]) for c in record["constraints"]),
        objective=Objective() if objective == "elbo" else _objective(reader, objective),
    )


def _objective(reader, stored):
    """Prior and encoder have one weight, if any."""
    weights = stored["weights"]
    assert weights.keys() in (set(), {"encoder", "prior"})
    assert weights.get("encoder") == weights.get("prior")
    weight = weights.get("encoder", 1)
    return Objective(*(reader.expression(t, ()) for t in (weight, stored["penalty"])))


def expression(term, model):
    """The SymPy expression of a stored term, up to the order of addends and factors."""
    plates = {p.size.name: p for p in (model.observed, model.latent)}
    for p in (*model.parameters, *model.networks):
        plates.update({plate.size.name: plate for plate in p.plates})
    for s in model.sizes:  # a size that only a network's input has
        plates.setdefault(s.name, Plate(index(f"i_{s.name}"), s))
    parameters = {p.name: p for p in model.parameters}
    networks = {w.name: w for w in model.networks}
    return _Reader(parameters, networks, plates, model).expression(term, ())


def _family(name, record):
    arguments = {a["name"]: _family_argument(a["name"], a["range"]) for a in record["arguments"]}
    vectors = any(isinstance(a, sp.IndexedBase) for a in arguments.values())
    positive = record["support"] in ("positive", "unit")
    variable = array("variable") if vectors else scalar("x", "positive" if positive else "real")
    reader = _Reader({}, {}, {"dim": Plate(COMPONENT, DIM)}, None, {"var": variable, **arguments})

    def of(key):
        return None if record[key] is None else reader.expression(record[key], ())

    return Family(
        name=name,
        arguments=tuple(arguments.values()),
        variable=variable,
        log_density=of("log_density"),
        support=record["support"],
        log_base_measure=of("log_base_measure"),
        location=of("location"),
        scale=of("scale"),
    )


def _family_argument(name, range_):
    if range_ == "vector":
        return array(name)
    return MatrixLetter(name, DIM, range_) if range_ in MATRIX_RANGES else scalar(name, range_)


class _Reader:
    def __init__(self, parameters, networks, plates, model=None, local=None):
        self.parameters, self.networks, self.plates = parameters, networks, plates
        self.model, self.local = model, local or {}
        self.data = {n}  # the indices of data that were bound

    def expression(self, term, under):
        if isinstance(term, int):
            return sp.Integer(term)
        head, *inside = term
        if head in _PLAIN:
            return _PLAIN[head](*self.each(inside, under))
        return _OWN[head](self, inside, under)

    def bound(self, position, under):
        return under[-1 - position]

    def fresh(self, wanted, under):
        """The wanted index, or a numbered one if an enclosing binder has it already."""
        names = (wanted.name, *(f"{wanted.name}_{k}" for k in range(1, len(under) + 2)))
        return next(i for i in map(index, names) if i not in under)

    def each(self, terms, under):
        return [self.expression(t, under) for t in terms]

    def at(self, letter, positions, under):
        places = [self.bound(i, under) for i in positions]
        return letter[places] if places else letter

    def network(self, name, positions, inputs, under):
        network = self.networks[name]
        label = sp.Symbol(name, **assumptions(network.range))
        places = (self.bound(i, under) for i in positions)
        return NetworkValue(label, sp.Tuple(*places), sp.Tuple(*self.each(inputs, under)))

    def over(self, name, body, under):
        """A plate with an index of its own, and what stands under it."""
        plate = self.plates[name]
        i = self.fresh(plate.index, under)
        return Plate(i, plate.size), self.expression(body, (*under, i))

    def mean(self, data, body, under):
        if body == ["H", "prior", 0]:  # the same for every datum
            return Entropy("prior")
        i = self.fresh(n, under)
        self.data.add(i)
        return DataMean(self.expression(body, (*under, i)), i)

    def average(self, body, under, *, reparametrised):
        """Over the latent of the datum that is bound innermost."""
        datum = next(i for i in reversed(under) if i in self.data)
        inside = self.expression(body, under)
        head = encoder_expectation(self.model, inside, reparametrised=reparametrised)
        return head.func(inside, *(a.xreplace({n: datum}) for a in head.args[1:]))

    def variable(self, name, positions, under):
        if name == "x":
            return self.at(DATUM, positions, under)
        assert self.bound(positions[0], under) in self.data
        return self.at(LATENT, positions[1:], under)

    def of_role(self, head, role, positions, under, *, with_datum):
        datum = self.bound(positions[0], under)
        assert datum in self.data
        return head(role, *[datum] if role == with_datum else [])


#: Heads that hold nothing but terms.
_PLAIN = {
    "pi": lambda: sp.pi,
    "e": lambda: sp.E,
    "dim": lambda: DIM,
    "add": sp.Add,
    "mul": sp.Mul,
    "pow": sp.Pow,
    "log": sp.log,
    "exp": sp.exp,
    "softplus": Softplus,
    "sigmoid": Sigmoid,
    "abs": sp.Abs,
    "loggamma": sp.loggamma,
    "scaled": Scaled,
    "matmul": MatrixProduct,
    "inverse": Inverse,
    "transposed": Transposed,
    "logdet": LogDet,
    "trace": Trace,
    "quad": Quadratic,
    "D": Directional,
}

#: Heads that hold names or positions of binders: reader, what the head holds, binders -> expression.
_OWN = {
    "frac": lambda r, t, u: sp.Rational(*t),
    "size": lambda r, t, u: size(*t),
    "param": lambda r, t, u: r.at(r.parameters[t[0]].symbol, t[1:], u),
    "mat": lambda r, t, u: r.parameters[t[0]].letter,
    "net": lambda r, t, u: r.network(*t, u),
    "matnet": lambda r, t, u: r.networks[t[0]].matrix(*r.each(t[1], u)),
    "v": lambda r, t, u: r.variable(t[0], t[1:], u),
    "eps": lambda r, t, u: r.at(NOISE, t[2:], u),
    "var": lambda r, t, u: r.at(r.local["var"], t, u),
    "arg": lambda r, t, u: r.at(r.local[t[0]], t[1:], u),
    "sum": lambda r, t, u: Plate.sum(*r.over(*t, u)),
    "vec": lambda r, t, u: Plate.vector(*r.over(*t, u)),
    "mean": lambda r, t, u: r.mean(*t, u),
    "expect": lambda r, t, u: r.average(*t, u, reparametrised=False),
    "reparam": lambda r, t, u: r.average(*t, u, reparametrised=True),
    "logp": lambda r, t, u: r.of_role(LogDensity, t[0], t[1:], u, with_datum="decoder"),
    "H": lambda r, t, u: r.of_role(Entropy, t[0], t[1:], u, with_datum="encoder"),
    "logh": lambda r, t, u: r.of_role(LogBaseMeasure, t[0], t[1:], u, with_datum="decoder"),
    "objective": lambda r, t, u: Elbo() if r.model.objective.is_elbo else ObjectiveValue(),
}
