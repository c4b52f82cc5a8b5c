"""What a graph of factors has to satisfy, besides that every term is well formed in its place.

What a factor may read is said in `evaluate.arguments`; here stands what no single factor shows: who
models what, that there is no circle, and that the laws of p and q are about the same variables.
"""

from .terms import ANY, LAG, VECTORS, Factor, Model, one_of, require, within


def check_graph(model: Model) -> None:
    """Each latent has one factor in p and one in q, each observed variable one in p, a given one
    none; neither p nor q has a circle; supports agree. Or `Malformed`."""
    for name, lag in model.lags.items():
        _check_lag(model, name, lag.plate, lag.start)
    for side, factors in (("p", model.p), ("q", model.q)):
        roles = ("observed", "latent") if side == "p" else ("latent",)
        wanted = sorted(v.name for v in model.variables.values() if v.role in roles)
        found = sorted(name for factor in factors.values() for name in factor.of)
        require(found == wanted, found, f"{side} has to have one factor of each of {wanted}"[:120])
        for factor in factors.values():
            _check_factor(model, side, factor)
        _check_order(model, side, {name: f for f in factors.values() for name in f.of})
    held = {model.data_plate(factor.of[0]) for factor in model.factors.values()}
    require({*model.data} <= held, model.data, "a data plate in which nothing is modelled")
    used = {factor.family for factor in model.factors.values()} - {ANY}
    require(used == {*model.families}, sorted(used), "families of the factors, others declared")


def _check_lag(model: Model, name: str, plate: str, start: str) -> None:
    require(name.endswith(LAG), name, f"not a variable with {LAG}")
    variable = model.variables[one_of(name.removesuffix(LAG), model.variables)]
    first = model.variables[one_of(start, model.variables)]
    inner = [size for size in variable.plates if size not in model.data]
    require(inner.count(plate) == 1, plate, f"{name} has no such plate, or two")
    wide = variable.support in VECTORS and variable.plates[-1] == plate
    require(not wide, plate, f"{name} is a vector over that plate")
    rest = [size for size in variable.plates if size != plate]
    alike = first.role == variable.role or (first.role, variable.role) == ("given", "observed")
    same = alike and (first.plates, first.support) == (rest, variable.support)
    require(same, start, f"not like {name} without {plate}")


def _check_factor(model: Model, side: str, factor: Factor) -> None:
    name, any_law = factor.name, factor.family == ANY
    known = [*model.variables, *model.lags]
    for read in factor.given:
        one_of(read, known)
    require(len({*factor.given}) == len(factor.given), factor.given, f"{name} reads one twice")
    require(any_law or len(factor.of) == 1, factor.of, f"not what {name} can be of")
    require(side == "q" or not any_law, name, "p has a factor of any law")
    places = {model.data_plate(of) for of in factor.of}
    require(len(places) == 1, factor.of, f"{name} is not of one data plate")
    if any_law:
        require(not factor.arguments and not factor.select, name, "any law with arguments")
        return
    inside = [read for read in factor.given if model.data_plate(read) not in (*places, "")]
    require(not inside, inside, f"{name} reads inside a data plate that it does not lie in")
    family = model.families[one_of(factor.family, model.families)]
    variable = model.variables[factor.of[0]]
    fits = family.support == variable.support
    fits = fits or (side == "p" and within(variable.support, family.support))
    require(fits, family.support, f"{name} is of {variable.name}, which is {variable.support}")
    own = variable.plates[len(family.alike(variable.plates)) :]
    fits = len(own) == family.depth
    require(fits, name, "a family over vectors or matrices without plates for them")
    if factor.select:
        chosen = model.variable(one_of(factor.select, factor.given))
        require(chosen.support == "onehot", factor.select, "not one-hot, so it selects nothing")
        outer, seen = chosen.plates[:-1], family.alike(variable.plates)
        fits = {*outer} <= {*seen} and len({*seen}) == len(seen)
        require(fits and len({*outer}) == len(outer), factor.select, f"no entry for each of {name}")


def _check_order(model: Model, side: str, factor_of: dict[str, Factor]) -> None:
    """No variable depends on itself. A circle through lags is none if all of it lies along their
    plates, since what is read is earlier then, and no law of it is any, which reads all times."""

    def reads(name: str, lags: bool) -> set[str]:
        given = factor_of[name].given
        starts = {model.lags[read].start for read in given if read in model.lags}
        return starts | {r.removesuffix(LAG) for r in given if lags or r not in model.lags}

    def reached(lags: bool) -> dict[str, set[str]]:
        found = {name: reads(name, lags) for name in factor_of}
        for middle in found:
            for names in found.values():
                names |= found[middle] if middle in names else set()
        return found

    earlier, now = reached(lags=True), reached(lags=False)
    for name, factor in factor_of.items():
        require(name not in now[name], name, f"a circle in {side}")
        circle = [other for other in factor_of if {name, other} <= earlier[name] & earlier[other]]
        for read in sorted({other + LAG for other in circle} & {*factor.given}):
            along = (model.lags[read].plate in model.variables[c].plates for c in circle)
            still = all(along) and all(factor_of[c].family != ANY for c in circle)
            require(still, [*circle, read], f"a circle in {side}")
