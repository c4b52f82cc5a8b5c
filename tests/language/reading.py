"""From the stored form back to SymPy: the inverse of `store`, which only the law of the round trip needs.

Only whitelisted heads are built, by this module's own table.
"""

from functools import partial

import sympy as sp

from entropysym.families import ANY
from entropysym.language.functions import ROWS
from entropysym.language.heads import (
    AbstractValue,
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
    Entry,
    Inverse,
    LogDet,
    MatrixLetter,
    MatrixProduct,
    MatrixVariable,
    Quadratic,
    Scaled,
    Trace,
    Transposed,
)
from entropysym.language.objective import expectation, head
from entropysym.language.records import (
    COMPONENT,
    DIM,
    ROW,
    ROW_DIM,
    Constraint,
    Factor,
    Family,
    Lag,
    Model,
    Network,
    Objective,
    Parameter,
    Plate,
    Variable,
)
from entropysym.language.symbols import (
    LAG,
    MATRIX_RANGES,
    NOISE,
    MatrixArray,
    array,
    assumptions,
    index,
    matrix_array,
    n,
    noise_of,
    scalar,
    size,
)

#: The indices that the shipped models use; another size has an index of its own.
_USUAL = {"N": n, "D": index("d"), "H": index("h")}


def _plate(name, taken=()):
    """A plate of this size whose index is not taken."""
    usual = _USUAL.get(name, index(f"i_{name}"))
    others = (index(f"i_{name}_{k}") for k in range(2, len(taken) + 3))
    return Plate(next(i for i in (usual, *others) if i not in taken), size(name))


def _plates(names):
    """The plates of an array; of several of one size the last has the index of the size, as in the vectors that a class selects among."""
    found = []
    for name in reversed(names):
        found.insert(0, _plate(name, [plate.index for plate in found]))
    return tuple(found)


def model_from(record, objective="elbo"):
    """The model of a stored record and objective. Titles and sources are not stored, because the meaning does not depend on them."""
    variables = tuple(
        Variable(v["name"], _plates(v["plates"]), v["support"], v["role"])
        for v in record["variables"]
    )
    lags = tuple(
        Lag(name.removesuffix(LAG), _plate(lag["plate"]), lag["start"])
        for name, lag in record["lags"].items()
    )
    parameters = tuple(
        Parameter(p["name"], _plates(p["plates"]), p["range"], p["learned"])
        for p in record["parameters"]
    )
    networks = tuple(
        Network(w["name"], _plates(w["plates"]), tuple(map(size, w["inputs"])), w["range"])
        for w in record["networks"]
    )
    families = {name: _family(name, f) for name, f in record["families"].items()} | {"any": ANY}
    reader = _Reader(parameters, networks, variables, record["data"])

    def factor(stored):
        family, name, select = families[stored["family"]], stored["of"][0], stored["select"]
        plates, classes = reader.variables[name].plates, None
        if select:
            chosen = reader.variables[select.removesuffix(LAG)].plates[-1]
            classes = _plate(chosen.size.name, [plate.index for plate in plates])
        outer = plates[: len(plates) - family.depth]
        under = (*(plate.index for plate in outer), *([classes.index] if classes else []))

        def argument(place, term):
            if not isinstance(place, sp.IndexedBase):
                return reader.expression(term, under)
            own = plates[-2:] if isinstance(place, MatrixArray) else plates[-1:]
            for plate in own:
                head, length, term = term
                assert (head, length) == ("vec", plate.size.name)
            return reader.expression(term, (*under, *(plate.index for plate in own)))

        arguments = map(argument, family.arguments, stored["arguments"])
        names = stored["name"], tuple(stored["of"]), tuple(stored["given"])
        return Factor(family, tuple(arguments), *names, select or None, classes)

    return Model(
        name=record["name"],
        title=record["name"],
        source="",
        variables=variables,
        parameters=parameters,
        networks=networks,
        p=tuple(map(factor, record["p"])),
        q=tuple(map(factor, record["q"])),
        data=_plates(record["data"]),
        lags=lags,
        constraints=tuple(Constraint(c["on"], c["text"]) for c in record["constraints"]),
        objective=Objective() if objective == "elbo" else _objective(reader, objective),
    )


def _objective(reader, stored):
    """What is not written counts once."""
    weights = {name: reader.expression(w, ()) for name, w in stored["weights"].items()}
    return Objective(penalty=reader.expression(stored["penalty"], ()), weights=weights)


def expression(term, model, moving=()):
    """The SymPy expression of a stored term, up to the order of addends and factors; of a graph `moving` are the latents that are noise."""
    data = [plate.size.name for plate in model.data]
    reader = _Reader(model.parameters, model.networks, model.variables, data, model)
    reader.moving = moving
    return reader.expression(term, ())


def _family(name, record):
    arguments = {a["name"]: _family_argument(a["name"], a["range"]) for a in record["arguments"]}
    vectors = any(isinstance(a, sp.IndexedBase) for a in arguments.values())
    rows = any(isinstance(a, MatrixArray) for a in arguments.values())
    range_ = record["support"] if record["support"] in ("positive", "unit") else "real"
    range_ = "positive" if record["support"].startswith("from") else range_
    entries = "positive" if record["support"] == "simplex" else "real"
    variable = array("variable", entries) if vectors else scalar("x", range_)
    if rows:
        variable = matrix_array("variable")
    elif record["support"] == "posdef":
        variable = MatrixLetter("variable", DIM, "posdef")
    reader = _Reader(local={"var": variable, **arguments})

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
        simplex=tuple(arguments[a["name"]] for a in record["arguments"] if a["range"] == "simplex"),
    )


def _family_argument(name, range_):
    if range_ in ("vector", "positives", "simplex"):
        return array(name, "real" if range_ == "vector" else "positive")
    if range_ == "matrix":
        return matrix_array(name)
    if range_ == "posdef of rows":
        return MatrixLetter(name, ROW_DIM, "posdef")
    return MatrixLetter(name, DIM, range_) if range_ in MATRIX_RANGES else scalar(name, range_)


class _Reader:
    def __init__(self, parameters=(), networks=(), variables=(), data=(), model=None, local=None):
        self.parameters = {p.name: p for p in parameters}
        self.networks = {w.name: w for w in networks}
        self.variables = {v.name: v for v in variables}
        self.data, self.model, self.local = data, model, local or {}

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

    def variable(self, name, positions, under):
        """A latent variable is written without its datum, which the expectation around it names."""
        found = self.variables[name.removesuffix(LAG)]
        inside = found.plates and found.plates[0].size.name in self.data
        positions = positions[1:] if found.role == "latent" and inside else positions
        return self.at(found.lagged(name), positions, under)

    def matrix_variable(self, name, positions, under):
        found = self.variables[name.removesuffix(LAG)]
        inside = found.plates[0].size.name in self.data
        positions = positions[1:] if found.role == "latent" and inside else positions
        at = sp.Tuple(*(self.bound(i, under) for i in positions))
        return MatrixVariable(found.lagged(name), found.plates[-1].size, "posdef", at)

    def noise(self, name, positions, under):
        if self.model.is_plain:
            return self.at(NOISE, positions[1:], under)
        inside = self.variables[name].plates[0].size.name in self.data
        return self.at(noise_of(name), positions[1:] if inside else positions, under)

    def over(self, name, body, under):
        """A plate with an index of its own, and what stands under it."""
        own = {"dim": Plate(COMPONENT, DIM), "rows": Plate(ROW, ROW_DIM)}
        plate = own[name] if name in own and self.model is None else _plate(name)
        i = self.fresh(plate.index, under)
        return Plate(i, plate.size), self.expression(body, (*under, i))

    def mean(self, name, body, under):
        """What is the same for every datum stands without its mean."""
        i = next(plate.index for plate in self.model.data if plate.size.name == name)
        assert i not in under
        inside = self.expression(body, (*under, i))
        return DataMean(inside, i) if i in inside.free_symbols else inside

    def average(self, body, under, *, reparametrised):
        """The datum is that of the mean around it, if there is one."""
        datum = next((plate for plate in self.model.data if plate.index in under), None)
        inside = self.expression(body, under)
        noise = self.moving if reparametrised and not self.model.is_plain else reparametrised
        return expectation(self.model, inside, reparametrised=noise, datum=datum)

    def unknown(self, name, place, inside, under):
        """An abstract function: at a number its derivative of an order, at a vector perhaps an entry."""
        of = self.expression(inside, under)
        at = (
            sp.Integer(place)
            if isinstance(place, int)
            else sp.Tuple(*(self.bound(i, under) for i in place))
        )
        return AbstractValue(name, at, of)

    def of_role(self, kind, name, positions, under):
        found = head(self.model, kind, self.model.factor(name))
        own = self.model.datum(self.model.factor(name).of[0])
        assert [self.bound(i, under) for i in positions] == ([own.index] if own else [])
        return found


#: Heads that hold nothing but terms.
_PLAIN = {
    "pi": lambda: sp.pi,
    "e": lambda: sp.E,
    "dim": lambda: DIM,
    "rows": lambda: ROW_DIM,
    "add": sp.Add,
    "mul": sp.Mul,
    "pow": sp.Pow,
    "log": sp.log,
    "exp": sp.exp,
    **{row.head: partial(row.symbol, *row.order) for row in ROWS},
    "abs": sp.Abs,
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
    "fun": lambda r, t, u: r.unknown(*t, u),
    "field": lambda r, t, u: r.unknown(*t, u),
    "size": lambda r, t, u: size(*t),
    "param": lambda r, t, u: r.at(r.parameters[t[0]].symbol, t[1:], u),
    "mat": lambda r, t, u: r.parameters[t[0]].letter,
    "net": lambda r, t, u: r.network(*t, u),
    "matnet": lambda r, t, u: r.networks[t[0]].matrix(*r.each(t[1], u)),
    "v": lambda r, t, u: r.variable(t[0], t[1:], u),
    "matv": lambda r, t, u: r.matrix_variable(t[0], t[1:], u),
    "index": lambda r, t, u: r.bound(*t, u),
    "entry": lambda r, t, u: Entry(r.expression(t[0], u), *(r.bound(i, u) for i in t[1:])),
    "eps": lambda r, t, u: r.noise(t[0], t[1:], u),
    "var": lambda r, t, u: r.at(r.local["var"], t, u),
    "arg": lambda r, t, u: r.at(r.local[t[0]], t[1:], u),
    "sum": lambda r, t, u: Plate.sum(*r.over(*t, u)),
    "vec": lambda r, t, u: Plate.vector(*r.over(*t, u)),
    "mean": lambda r, t, u: r.mean(*t, u),
    "expect": lambda r, t, u: r.average(*t, u, reparametrised=False),
    "reparam": lambda r, t, u: r.average(*t, u, reparametrised=True),
    "logp": lambda r, t, u: r.of_role(LogDensity, t[0], t[1:], u),
    "H": lambda r, t, u: r.of_role(Entropy, t[0], t[1:], u),
    "logh": lambda r, t, u: r.of_role(LogBaseMeasure, t[0], t[1:], u),
    "objective": lambda r, t, u: Elbo() if r.model.objective.is_elbo else ObjectiveValue(),
}
