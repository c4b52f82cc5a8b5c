"""Linear measures: finite sums, data means and expectations over polynomials.

Every binder is linear and binders commute (all integrals are finite by condition), so a measure
atom is a set of binders over one product whose factors hang together. An expectation is a joint one
over all latents (or their noise) of all data: the symbols under it say of which datum they are.
`close` pulls constants out, opens the measures that the new binder ties together, takes the
moments of standard normal noise, and closes each connected part again.
"""

from fractions import Fraction

from .normal_form import (
    Atom,
    Kind,
    Monomial,
    Polynomial,
    Work,
    collected,
    key,
    product_text,
    sums_to_one,
)
from .terms import check


def bind(work: Work, head: str, opened: dict[int, Kind], poly: Polynomial) -> Atom:
    """The atom in which the open names, in this order, are bound in poly."""
    level = max([0, *(atom.level for mono in poly for atom, _ in mono)])
    names = {name: -(level + 1 + place) for place, name in enumerate(opened)}
    binders = tuple((names[name], kind) for name, kind in opened.items())
    return work.atom(head, "", (), binders, (key(work.rename(poly, names)),))


def close(work: Work, name: int, poly: Polynomial) -> Polynomial:
    """The measure that binds the open name, of a polynomial: linear, so term by term."""
    return _all(work, {name: work.kinds[name]}, poly)


def _all(work: Work, opened: dict[int, Kind], poly: Polynomial) -> Polynomial:
    return work.add(*(_integrate(work, opened, mono, c) for mono, c in poly.items()))


def _integrate(work: Work, opened: dict[int, Kind], mono: Monomial, c: Fraction) -> Polynomial:
    """The measure over all opened names of one product."""
    work.charge(3 + len(mono) + len(opened))
    for atom, exponent in mono:
        tied = not atom.free.isdisjoint(opened)
        if tied and atom.head == "measure" and exponent.denominator == 1 and exponent > 0:
            # (measure of b) * rest = measure of (b * rest), with names that rest does not hold.
            rest = dict(mono) | {atom: exponent - 1}
            names = {name: work.fresh(kind) for name, kind in atom.binders}
            more = opened | {name: work.kinds[name] for name in names.values()}
            body = work.rename(dict(atom.bodies[0]), names)
            return _all(work, more, work.product(work.monomial(rest, c), body))
    for name, kind in opened.items():
        drawn = [factor for factor in mono if name in factor[0].free]
        natural = all(a.head == "eps" and e.denominator == 1 and e > 0 for a, e in drawn)
        if kind == ("noise", "normal") and drawn and natural:
            return _all(work, opened, _parts(work, drawn, mono, c))
        if kind[0] == "index" and [sums_to_one(*factor, name) for factor in drawn] == [True]:
            others = {other: kind for other, kind in opened.items() if other != name}
            return _all(work, others, {mono - {*drawn}: c})
    for atom, _ in mono:
        if atom.head == "delta" and not atom.free.isdisjoint(opened):
            gone, stays = atom.ids if atom.ids[0] in opened else reversed(atom.ids)
            others = {name: kind for name, kind in opened.items() if name != gone}
            return _all(work, others, work.rename({mono: c}, {gone: stays}))
    return _components(work, opened, mono, c)


def _parts(work: Work, drawn: list, mono: Monomial, c: Fraction) -> Polynomial:
    """E eps_i f = E df/deps_i for standard normal noise: one factor eps_i less, and one of f's."""
    (first, _), less, found = drawn[0], Fraction(-1), []
    for other, exponent in drawn:
        count = exponent - 1 if other is first else exponent
        pairs = [
            pair for pair in zip(first.ids[1:], other.ids[1:], strict=True) if pair[0] != pair[1]
        ]
        two = any(work.kinds[name][0] != "index" for pair in pairs for name in pair)
        check(not two, "the noise of two data under one expectation")
        deltas = [(work.atom("delta", ids=pair), Fraction(1)) for pair in pairs]
        powers = collected([*mono, (first, less), (other, less), *deltas] if count else [])
        found.append(work.monomial(powers, c * count))
    return work.add(*found)


def _components(work: Work, opened: dict[int, Kind], mono: Monomial, c: Fraction) -> Polynomial:
    """Split a measure into parts that share no binder; a binder that no factor names is its mass,
    the size for an index and 1 for a mean or an expectation."""
    parts: list[tuple[set[int], list[tuple[Atom, Fraction]]]] = []
    for atom, exponent in mono:
        work.charge(1 + len(parts))
        names, factors = set(atom.free & opened.keys()), [(atom, exponent)]
        for other in [part for part in parts if not names.isdisjoint(part[0])]:
            parts.remove(other)
            names, factors = names | other[0], factors + other[1]
        parts.append((names, factors))
    named = set().union(*(names for names, _ in parts))
    sizes = [size for name, (tag, size) in opened.items() if name not in named and tag == "index"]
    found = [(work.atom("size", size), Fraction(1)) for size in sizes]
    for names, factors in parts:
        inside = {name: kind for name, kind in opened.items() if name in names}
        if inside:
            _meet(work, inside, factors)
            factors = [(_canonical(work, inside, frozenset(factors)), Fraction(1))]
        found += factors
    return work.monomial(collected(found), c)


def _meet(work: Work, inside: dict[int, Kind], factors: list[tuple[Atom, Fraction]]) -> None:
    """Report the integrand under means and expectations, whatever finite sums stand around it."""
    integrals = {name for name, (tag, _) in inside.items() if tag != "index"}
    integrand = frozenset(f for f in factors if not f[0].free.isdisjoint(integrals))
    if integrand:
        names = integrals.union(*(atom.free for atom, _ in integrand))
        work.meet(_canonical(work, {name: work.kinds[name] for name in sorted(names)}, integrand))


def _canonical(work: Work, opened: dict[int, Kind], mono: Monomial) -> Atom:
    """The measure atom with its binders in an order that does not depend on their names.

    Any order is correct; a canonical one makes equal measures one atom. Binders are coloured by
    what they touch until nothing changes; of those that look alike then, one is set apart.
    """
    weight, colours = 2 + sum(atom.weight for atom, _ in mono), dict.fromkeys(opened, 0)
    while len(set(colours.values())) < len(colours):
        count = len(set(colours.values()))
        names = {name: f"<{colour}>" for name, colour in colours.items()}
        signatures = {}
        for name, kind in opened.items():
            work.charge(weight)
            touched = frozenset(factor for factor in mono if name in factor[0].free)
            seen = product_text(touched, names | {name: "*"})
            signatures[name] = (colours[name], kind, seen)
        ranks = sorted(signatures.values())
        colours = {name: 2 * ranks.index(signature) for name, signature in signatures.items()}
        if len(set(colours.values())) == count:
            alike = sorted(colours.values())
            first = next(colour for colour in alike if alike.count(colour) > 1)
            colours[next(name for name, colour in colours.items() if colour == first)] -= 1
    order = sorted(opened, key=lambda name: colours[name])
    return bind(work, "measure", {name: opened[name] for name in order}, {mono: Fraction(1)})
