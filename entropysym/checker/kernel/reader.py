"""From parsed JSON to the records of a statement, each with exactly the keys of FORMAT.md.

A *reader* is a function of a raw value. Terms are not looked into: `evaluate` does, in their place.
"""

from collections.abc import Callable, Collection
from typing import Any

from . import terms
from .terms import Array, Certificate, Factor, Family, Malformed, Model, Statement, one_of, require

Reader = Callable[[Any], Any]


def anything(raw: Any) -> Any:
    return raw


def text(raw: Any) -> str:
    require(isinstance(raw, str), raw, "not a text")
    return raw


def boolean(raw: Any) -> bool:
    require(isinstance(raw, bool), raw, "not true or false")
    return raw


def choice(allowed: Collection[str]) -> Reader:
    return lambda raw: one_of(raw, allowed)


def at(where: Any, read: Reader, raw: Any) -> Any:
    """What is read there; the message of a failure says where."""
    try:
        return read(raw)
    except Malformed as error:
        raise Malformed(f"{where}: {error}") from None


def many(entry: Reader) -> Reader:
    def read(raw: Any) -> list:
        require(isinstance(raw, list), raw, "not a list")
        return [at(i, entry, value) for i, value in enumerate(raw)]

    return read


def mapping(key: Reader, value: Reader = anything) -> Reader:
    def read(raw: Any) -> dict[str, Any]:
        require(isinstance(raw, dict), raw, "not an object")
        return {key(name): at(name, value, entry) for name, entry in raw.items()}

    return read


def record(*terms: str, **fields: Reader) -> Reader:
    """An object with exactly these keys; those without a reader stay as they are."""
    fields |= dict.fromkeys(terms, anything)

    def read(raw: Any) -> dict[str, Any]:
        require(isinstance(raw, dict), raw, "not an object")
        wrong = sorted(raw.keys() ^ fields.keys())
        require(not wrong, wrong, "unknown or missing keys")
        return {key: at(key, read, raw[key]) for key, read in fields.items()}

    return read


def read(statement: Any, certificates: Any) -> Statement:
    """The statement with its certificates, or `Malformed`."""
    more = {"claim": record("gap", "entropy_sum", "excess"), "conditions": many(many(text))}
    fields = record("objective", "direction", model=model, **more)
    found = at("statement", fields, statement)
    declared, objective = found.pop("model"), found.pop("objective")
    goal = {"weight": 1, "penalty": 0} if objective == "elbo" else objective
    found |= found.pop("claim") | at("statement.objective", record("weight", "penalty"), goal)
    moved = mapping(choice(declared.parameters))
    found["direction"] = at("statement.direction", moved, found["direction"])
    certified = at("certificates", mapping(choice(declared.families)), certificates)
    for name, raw in certified.items():
        direction = record(*declared.families[name].arguments)
        fields = record("scale", "shift", "entropy", direction=direction)
        certified[name] = Certificate(**at(f"certificates.{name}", fields, raw))
    return Statement(declared, **found, certificates=certified)


def model(raw: Any) -> Model:
    later = ("observed", "latent", "parameters", "networks", *terms.FACTORS)
    constraints = many(record("on", text=text))
    fields = {"name": text, "sizes": many(text), "families": mapping(text, _family)}
    found = record(*later, **fields, constraints=constraints)(raw)
    size = choice(found["sizes"])

    def array(**more: Reader) -> Reader:
        fields = record(name=text, plates=many(size), range=choice(terms.RANGES), **more)

        def read(raw: Any) -> Array:
            found = Array(**fields(raw))
            square = len(found.plates) == 2 and len(set(found.plates)) == 1
            require(square or found.range not in terms.MATRICES, found.name, "not square")
            return found

        return read

    readers = {"parameters": array(learned=boolean), "networks": array(inputs=many(size))}
    names = [*found["sizes"]]
    for key, one in readers.items():
        arrays = at(key, many(one), found[key])
        names += [array.name for array in arrays]
        found[key] = {array.name: array for array in arrays}
    require(len(set(names)) == len(names), names, "a name that stands for two things")
    families, factors = found["families"], {}
    require(terms.ANY not in families, terms.ANY, "the name of any law")
    found["families"] = {key: Family(key, **entry) for key, entry in families.items()}
    for role in terms.FACTORS:
        allowed = choice([*families, *([terms.ANY] if role == "encoder" else [])])
        factor = record(family=allowed, arguments=many(anything))
        factors[role] = Factor(**at(role, factor, found.pop(role)))
    unused = sorted(families.keys() - {factor.family for factor in factors.values()})
    require(not unused, unused, "an unused family")
    known = names[len(found["sizes"]) :]
    found["constraints"] = [(one_of(c["on"], known), c["text"]) for c in found["constraints"]]
    found |= {key: at(key, size, found[key]) for key in ("observed", "latent")}
    return Model(**found, factors=factors)


def _family(raw: Any) -> dict[str, Any]:
    argument = record(name=text, range=choice(terms.ARGUMENTS))
    support = choice([support for row in terms.SUPPORTS for support in row])
    parts = ("log_density", "log_base_measure", "location", "scale")
    found = record(*parts, arguments=many(argument), support=support)(raw)
    arguments = {one["name"]: one["range"] for one in found["arguments"]}
    require(len(arguments) == len(found["arguments"]), raw["arguments"], "a name occurs twice")
    both = (found["location"] is None) == (found["scale"] is None)
    require(both, raw["scale"], "location without scale")
    return found | {"arguments": arguments}
