"""What moves along the direction, and how: asked of the checker's evaluation, never guessed from names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from entropysym.checker.kernel.evaluate import Site, evaluate, expected, variable
from entropysym.checker.kernel.normal_form import Polynomial, split
from entropysym.checker.kernel.terms import (
    ANY,
    OF_DIRECTION,
    OF_STEP,
    Factor,
    Model,
    Statement,
    Term,
    subterms,
)
from entropysym.checker.kernel.theorem import Judgement, head, per_datum


def rate(statement: Statement, name: str) -> Term | None:
    """r where a parameter moves by r times itself, else None."""
    term = statement.direction[name]
    plates = statement.model.parameters[name].plates
    own = ["param", name, *reversed(range(len(plates)))]
    if term == own:
        return 1
    if isinstance(term, list) and term[0] == "mul" and term.count(own) == 1:
        rest = [part for part in term[1:] if part != own]
        if not any(map(plain_indices, rest)):
            return rest[0] if len(rest) == 1 else ["mul", *rest]
    return None


def plain_indices(term: Term) -> bool:
    """Whether a term holds a parameter with indices, so that it is not one number."""
    return any(len(found) > 2 for found in subterms(term, "param"))


@dataclass(frozen=True)
class Motions:
    """`noise`: the rate of each latent that is written as noise. `tempering`: factors of p of which (T) holds by themselves. `scaling`: those
    of which it holds together with the entropy of q, by its factor of q. `rest`: factors of p of neither kind. `rates`: the velocity of each
    entropy and base measure, of factors whose family is known."""

    noise: dict[str, Term]
    tempering: tuple[Factor, ...]
    scaling: tuple[tuple[Factor, Factor], ...]
    rest: tuple[Factor, ...]
    rates: Mapping[tuple[str, str], Polynomial]


class NoRate(ValueError):
    """A latent that moves, but not by a multiple of itself."""


def motions(judgement: Judgement) -> Motions:
    said, site = judgement.statement, judgement.site
    site.work.allowed, site.work.left = None, site.work.budget
    noise = {name: _rate_of(site, name) for name in site.noise}
    parts = _Parts(site)
    tempering, scaling, rest = [], [], []
    for factor in said.model.p.values():
        partner = next(
            (q for q in said.model.q.values() if {*q.of} & {*factor.of} & {*noise}), None
        )
        if not _tempers(parts, factor, partner):
            rest.append(factor)
        elif partner:
            scaling.append((factor, partner))
        else:
            tempering.append(factor)
    return Motions(
        noise, tuple(tempering), tuple(scaling), tuple(rest), dict(_rates_of_parts(parts))
    )


class _Parts:
    """A factor's parts with their velocities, each evaluated once."""

    def __init__(self, site: Site):
        self.site = site
        self.known: dict[tuple[str, str], tuple[Polynomial, Polynomial]] = {}

    def __call__(self, factor: Factor, kind: str) -> tuple[Polynomial, Polynomial]:
        key = factor.name, kind
        if key not in self.known:
            model: Model = self.site.statement.model
            term = per_datum(model, [(factor, head(model, kind, factor))])
            self.known[key] = split(evaluate(self.site.apart(OF_STEP, moving=True), term))
        return self.known[key]

    def weighted(self, factor: Factor, velocity: Polynomial) -> Polynomial:
        weight = self.site.statement.weights.get(factor.name, 1)
        return self.site.work.product(evaluate(self.site.apart(OF_DIRECTION), weight), velocity)


def _rates_of_parts(parts: _Parts) -> Iterator[tuple[tuple[str, str], Polynomial]]:
    model = parts.site.statement.model
    for factor in model.factors.values():
        if factor.family == ANY:
            continue
        yield (factor.name, "H"), parts(factor, "H")[1]
        if factor.name in model.p and model.families[factor.family].log_base_measure != 0:
            yield (factor.name, "logh"), parts(factor, "logh")[1]


def _rates(statement: Statement) -> Iterator[Term]:
    for name in statement.direction:
        found = rate(statement, name)
        if found is not None:
            yield found


def _rate_of(site: Site, name: str) -> Term:
    """r of D z = r z."""
    inside = replace(expected(site), moving=True)
    indices = [inside.opened(size) for size in site.statement.model.variables[name].plates]
    value, change = split(variable(inside, name, indices))
    for found in _rates(site.statement):
        number = evaluate(inside.apart(OF_DIRECTION, moving=False), found)
        if site.work.equal(change, site.work.product(number, value)):
            return found
    raise NoRate(name)


def _tempers(parts: _Parts, factor: Factor, partner: Factor | None) -> bool:
    """Whether the weighted velocities are log p - log h + H."""
    work, model = parts.site.work, parts.site.statement.model
    value, velocity = parts(factor, "logp")
    change = parts.weighted(factor, velocity)
    if partner:
        change = work.add(change, parts.weighted(partner, parts(partner, "H")[1]))
    target = work.add(value, parts(factor, "H")[0])
    if model.families[factor.family].log_base_measure != 0:
        target = work.add(target, work.negative(parts(factor, "logh")[0]))
    return work.equal(change, target)
