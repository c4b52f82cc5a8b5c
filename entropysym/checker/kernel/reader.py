"""From parsed JSON to the records of a statement, each with exactly the keys of FORMAT.md.

Terms are not looked into: `evaluate` does, in their place.
"""

from typing import Any

from . import terms
from .graph import check_graph
from .terms import Factor, Family, Model, Statement, Variable, one_of, require

# A shape is a type, a tuple of words, the list of one shape, or an object: {key: shape, …} with
# exactly these keys, or {str: shape} with any. Terms are of type `object`.
ARRAY = {"name": str, "plates": [str], "range": terms.RANGES}
ARGUMENT = {"name": str, "range": terms.ARGUMENTS}
FAMILY = dict.fromkeys(("log_density", "log_base_measure", "location", "scale"), object)
FAMILY |= {"arguments": [ARGUMENT], "support": str}
VARIABLE = {"name": str, "plates": [str], "support": str, "role": terms.ROLES}
FACTOR = dict.fromkeys(("name", "family", "select"), str)
FACTOR |= {"of": [str], "given": [str], "arguments": [object]}
RECORDS = {"variables": Variable, "p": Factor, "q": Factor}
RECORDS |= {"parameters": terms.Array, "networks": terms.Array}
MODEL = {
    "name": str,
    "sizes": [str],
    "data": [str],
    "variables": [VARIABLE],
    "lags": {str: {"plate": str, "start": str}},
    "parameters": [ARRAY | {"learned": bool}],
    "networks": [ARRAY | {"inputs": [str]}],
    "families": {str: FAMILY},
    "p": [FACTOR],
    "q": [FACTOR],
    "constraints": [{"on": str, "text": str}],
}
STATEMENT = {
    "model": MODEL,
    "objective": object,
    "direction": {str: object},
    "conditions": [[str]],
    "claim": {"gap": object, "entropy_sum": object, "excess": object},
}
CERTIFICATE = {"direction": {str: object}, "scale": object, "shift": object, "entropy": object}


def shaped(raw: Any, shape: Any, where: str) -> Any:
    """The raw value, if it has this shape."""
    if isinstance(shape, tuple):
        require(raw in shape, raw, f"{where} is none of {', '.join(shape)}")
        return raw
    if isinstance(shape, list):
        require(isinstance(raw, list), raw, f"{where} is not a list")
        return [shaped(entry, shape[0], f"{where}[{i}]") for i, entry in enumerate(raw)]
    if isinstance(shape, dict):
        require(isinstance(raw, dict), raw, f"{where} is not an object")
        shape = dict.fromkeys(raw, shape[str]) if str in shape else shape
        wrong = sorted(raw.keys() ^ shape.keys())
        require(not wrong, wrong, f"{where} has unknown or missing keys")
        return {key: shaped(raw[key], shape[key], f"{where}.{key}") for key in shape}
    require(isinstance(raw, shape), raw, f"{where} is not of type {shape.__name__}")
    return raw


def read(statement: Any, certificates: Any) -> Statement:
    """The statement with its certificates, or `Malformed`."""
    raw = shaped(statement, STATEMENT, "statement")
    declared, goal = model(raw["model"]), objective(raw["objective"], "statement.objective")
    for name in goal["weights"]:
        one_of(name, declared.factors)
    for name in raw["direction"]:
        one_of(name, declared.parameters)
    certified = {}
    for name, entry in shaped(certificates, {str: CERTIFICATE}, "certificates").items():
        arguments = declared.families[one_of(name, declared.families)].arguments
        same = entry["direction"].keys() == arguments.keys()
        require(same, [*entry["direction"]], f"certificates.{name}: not all arguments, or others")
        certified[name] = terms.FamilyCertificate(**entry)
    more = {key: raw[key] for key in ("direction", "conditions")}
    return Statement(declared, **goal, **raw["claim"], **more, certificates=certified)


def objective(raw: Any, where: str) -> dict[str, Any]:
    """Weights by factor (1 where there is none) and a penalty; the ELBO has neither."""
    raw = {"weights": {}, "penalty": 0} if raw == "elbo" else raw
    return shaped(raw, {"weights": {str: object}, "penalty": object}, where)


def model(raw: dict[str, Any]) -> Model:
    sizes, data = raw["sizes"], raw["data"]
    names = [*sizes, *(one["name"].removesuffix(terms.LAG) for key in RECORDS for one in raw[key])]
    require(len({*names}) == len(names), names, "a name that stands for two things")
    require(len({*data}) == len(data), data, "a data plate that counts twice")
    read = {key: {one["name"]: of(**one) for one in raw[key]} for key, of in RECORDS.items()}
    arrays = read["parameters"] | read["networks"]
    for array in arrays.values():
        for size in (*array.plates, *array.inputs):
            one_of(size, [size for size in sizes if size not in data])
        square = len(array.plates) == 2 and len({*array.plates}) == 1
        require(square or array.range not in terms.MATRICES, array.name, "not square")
        require(array.plates or array.range != "simplex", array.name, "a simplex without a plate")
    for variable in read["variables"].values():
        require(terms.is_support(variable.support), variable.support, "no support")
        for size in variable.plates:
            one_of(size, sizes)
        later = {*variable.plates[1:]} & {*data}
        require(not later, variable.name, "a data plate that is not the first")
        own = [size for size in variable.plates if size not in data]
        fits = own or variable.support not in terms.VECTORS
        fits = fits and (variable.support != "posdef" or (len(own) > 1 and own[-1] == own[-2]))
        require(fits, variable.name, f"{variable.support} without a plate for it")
    families = {name: _family(name, **entry) for name, entry in raw["families"].items()}
    lags = {name: terms.Lag(**one) for name, one in raw["lags"].items()}
    bound = [(one_of(one["on"], arrays), one["text"]) for one in raw["constraints"]]
    written: Any = [[f.log_density, f.log_base_measure] for f in families.values()]
    written += [factor.arguments for side in "pq" for factor in read[side].values()]
    unknown = [name for part in terms.subterms(written, "fun", "field") for name in part[1:2]]
    functions = sorted({*shaped(unknown, [str], "functions")})
    more = {"families": families, "functions": functions, "lags": lags, "constraints": bound}
    declared = Model(raw["name"], sizes, data, **read, **more)
    require(declared.p, raw["p"], "nothing is modelled")
    check_graph(declared)
    return declared


def _family(name: str, arguments: list[dict[str, str]], **entry: Any) -> Family:
    ranges = {one["name"]: one["range"] for one in arguments}
    require(name != terms.ANY, name, "not a name of a family")
    require("var" not in ranges, name, "an argument that is called like the variable")
    require(len(ranges) == len(arguments), [*ranges], "an argument's name occurs twice")
    wide = {terms.OF_ROWS, "matrix"} & {*ranges.values()}
    fits = not wide or entry["support"] not in (*terms.VECTORS, "posdef")
    require(fits, entry["support"], f"no support of a family with {sorted(wide)}")
    both = (entry["location"] is None) == (entry["scale"] is None)
    require(both, entry["scale"], "location without scale")
    return Family(name, ranges, **entry)
