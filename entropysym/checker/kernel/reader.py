"""From parsed JSON to the records of a statement, each with exactly the keys of FORMAT.md.

Terms are not looked into: `evaluate` does, in their place.
"""

from typing import Any

from . import terms
from .terms import Array, Factor, Family, FamilyCertificate, Model, Statement, one_of, require

# A shape is a type, a tuple of words, the list of one shape, or an object: {key: shape, …} with
# exactly these keys, or {str: shape} with any. Terms are of type `object`.
ARRAY = {"name": str, "plates": [str], "range": terms.RANGES}
FAMILY = {
    "arguments": [{"name": str, "range": terms.ARGUMENTS}],
    "support": tuple(support for row in terms.SUPPORTS for support in row),
    **dict.fromkeys(("log_density", "log_base_measure", "location", "scale"), object),
}
MODEL = {
    **dict.fromkeys(("name", "observed", "latent"), str),
    **{role: {"family": str, "arguments": [object]} for role in terms.FACTORS},
    "sizes": [str],
    "parameters": [ARRAY | {"learned": bool}],
    "networks": [ARRAY | {"inputs": [str]}],
    "families": {str: FAMILY},
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
    declared, goal = model(raw["model"]), raw["objective"]
    goal = {"weight": 1, "penalty": 0} if goal == "elbo" else goal
    goal = shaped(goal, {"weight": object, "penalty": object}, "statement.objective")
    for name in raw["direction"]:
        one_of(name, declared.parameters)
    certified = {}
    for name, entry in shaped(certificates, {str: CERTIFICATE}, "certificates").items():
        arguments = declared.families[one_of(name, declared.families)].arguments
        same = entry["direction"].keys() == arguments.keys()
        require(
            same, [*entry["direction"]], f"certificates.{name} has not all arguments, or others"
        )
        certified[name] = FamilyCertificate(**entry)
    more = {key: raw[key] for key in ("direction", "conditions")}
    return Statement(declared, **goal, **raw["claim"], **more, certificates=certified)


def model(raw: dict[str, Any]) -> Model:
    parameters, networks = (
        {a["name"]: Array(**a) for a in raw[k]} for k in ("parameters", "networks")
    )
    arrays = parameters | networks
    symbols = [*raw["sizes"], *(a["name"] for a in (*raw["parameters"], *raw["networks"]))]
    require(len({*symbols}) == len(symbols), symbols, "a name that stands for two things")
    for array in arrays.values():
        for size in (*array.plates, *array.inputs):
            one_of(size, raw["sizes"])
        square = len(array.plates) == 2 and len({*array.plates}) == 1
        require(square or array.range not in terms.MATRICES, array.name, "not square")
    families = {name: _family(name, **entry) for name, entry in raw["families"].items()}
    factors = {role: Factor(**raw[role]) for role in terms.FACTORS}
    for role, factor in factors.items():
        one_of(factor.family, [*families, *([terms.ANY] if role == "encoder" else [])])
    unused = sorted(families.keys() - {factor.family for factor in factors.values()})
    require(not unused, unused, "an unused family")
    observed, latent = (one_of(raw[key], raw["sizes"]) for key in ("observed", "latent"))
    constraints = [(one_of(c["on"], arrays), c["text"]) for c in raw["constraints"]]
    sizes = raw["name"], raw["sizes"], observed, latent
    return Model(*sizes, parameters, networks, families, factors, constraints)


def _family(name: str, arguments: list[dict[str, str]], **entry: Any) -> Family:
    ranges = {one["name"]: one["range"] for one in arguments}
    require(
        name != terms.ANY and "var" not in ranges, name, "not a name of a family, or of its own"
    )
    require(len(ranges) == len(arguments), [*ranges], "an argument's name occurs twice")
    both = (entry["location"] is None) == (entry["scale"] is None)
    require(both, entry["scale"], "location without scale")
    return Family(name, ranges, **entry)
