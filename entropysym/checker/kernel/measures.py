"""Linear measures: finite sums, data means and expectations over polynomials.

Binders are linear and commute (all integrals are finite by condition), so a measure atom is a set
of binders over one product whose factors hang together; an expectation is the joint one, and the
symbols under it say of which datum they are. `close` pulls constants out, opens the measures that a
new binder ties together, takes moments of normal noise, and closes each connected part again.
"""

from fractions import Fraction

from .normal_form import Atom, Monomial, Polynomial, Work, collected, key, product_text, sums_to_one
from .terms import check

Names = tuple[int, ...]  # of open binders


def bind(work: Work, head: str, opened: Names, poly: Polynomial) -> Atom:
    """The atom in which the open names, in this order, are bound in poly."""
    level = max([0, *(atom.level for mono in poly for atom, _ in mono)])
    names = {name: -(level + 1 + place) for place, name in enumerate(opened)}
    binders = tuple((names[name], work.kinds[name]) for name in opened)
    return work.atom(head, "", (), binders, (key(work.rename(poly, names)),))


def close(work: Work, poly: Polynomial, *opened: int) -> Polynomial:
    """The measure that binds the open names, of a polynomial: linear, so term by term."""
    return work.add(*(_integrate(work, opened, mono, c) for mono, c in poly.items()))


def _integrate(work: Work, opened: Names, mono: Monomial, c: Fraction) -> Polynomial:
    """The measure over all opened names of one product."""
    work.charge(3 + len(mono) + len(opened))
    for atom, exponent in mono:
        tied = not atom.free.isdisjoint(opened)
        if tied and atom.head == "measure" and exponent.denominator == 1 and exponent > 0:
            # (measure of b) * rest = measure of (b * rest), with names that rest does not hold.
            rest = dict(mono) | {atom: exponent - 1}
            names = {name: work.fresh(kind) for name, kind in atom.binders}
            body = work.rename(dict(atom.bodies[0]), names)
            whole = work.product(work.monomial(rest, c), body)
            return close(work, whole, *opened, *names.values())
    for name in opened:
        kind = work.kinds[name]
        drawn = [factor for factor in mono if name in factor[0].free]
        natural = all(a.head == "eps" and e.denominator == 1 and e > 0 for a, e in drawn)
        if kind == ("noise", "normal") and drawn and natural:
            beside = [factor for factor in mono if factor[0].head != "eps"]
            free = (name for atom, _ in beside for name in atom.free if name > 0)
            names = {name for name in free if work.kinds[name][0] in ("latent", "noise")}
            _meet(work, names, beside)  # E eps g is 0 only where E g is finite
            return close(work, _parts(work, drawn, mono, c), *opened)
        if kind[0] == "index" and [sums_to_one(*factor, name) for factor in drawn] == [True]:
            others = (other for other in opened if other != name)
            return close(work, {mono - {*drawn}: c}, *others)
    for atom, _ in mono:
        if atom.head == "delta" and not atom.free.isdisjoint(opened):
            gone, stays = atom.ids if atom.ids[0] in opened else reversed(atom.ids)
            others = (name for name in opened if name != gone)
            return close(work, work.rename({mono: c}, {gone: stays}), *others)
    return _components(work, opened, mono, c)


def _parts(work: Work, drawn: list, mono: Monomial, c: Fraction) -> Polynomial:
    """E eps_i f = E df/deps_i for standard normal noise: one factor eps_i less, and one of f's."""
    (first, _), less, found = drawn[0], Fraction(-1), []
    for other, exponent in drawn:
        count = exponent - 1 if other is first else exponent
        pairs = zip(first.ids[1:], other.ids[1:], strict=True)
        pairs = [(a, b) for a, b in pairs if a != b]
        two = any(work.kinds[name][0] != "index" for pair in pairs for name in pair)
        check(not two, "the noise of two data under one expectation")
        deltas = [(work.atom("delta", ids=pair), Fraction(1)) for pair in pairs]
        powers = collected([*mono, (first, less), (other, less), *deltas] if count else [])
        found.append(work.monomial(powers, c * count))
    return work.add(*found)


def _components(work: Work, opened: Names, mono: Monomial, c: Fraction) -> Polynomial:
    """Parts that share no binder; one that no factor names has its mass, an index's size or 1."""
    parts: list[tuple[set[int], list[tuple[Atom, Fraction]]]] = []
    for atom, exponent in mono:
        work.charge(1 + len(parts))
        names, factors = set(atom.free.intersection(opened)), [(atom, exponent)]
        for other in [part for part in parts if not names.isdisjoint(part[0])]:
            parts.remove(other)
            names, factors = names | other[0], factors + other[1]
        parts.append((names, factors))
    named = set().union(*(names for names, _ in parts))
    kinds = [work.kinds[name] for name in opened if name not in named]
    found = [(work.atom("size", size), Fraction(1)) for tag, size in kinds if tag == "index"]
    for names, factors in parts:
        if names:
            _meet(work, names, factors)
            factors = [(_canonical(work, names, frozenset(factors)), Fraction(1))]
        found += factors
    return work.monomial(collected(found), c)


def _meet(work: Work, names: set[int], factors: list[tuple[Atom, Fraction]]) -> None:
    """Report the integrand under means and expectations, whatever finite sums stand around it."""
    integrals = {name for name in names if work.kinds[name][0] != "index"}
    integrand = frozenset(f for f in factors if not f[0].free.isdisjoint(integrals))
    if integrand:
        free = integrals.union(*(atom.free for atom, _ in integrand))
        work.meet(_canonical(work, free, integrand))


def _canonical(work: Work, opened: set[int], mono: Monomial) -> Atom:
    """The measure atom with its binders in an order that does not depend on their names.

    Any order is correct; a canonical one makes equal measures one atom. Binders are coloured by
    what they touch until nothing changes; of those that look alike then, one is set apart.
    """
    weight, colours = 2 + sum(atom.weight for atom, _ in mono), dict.fromkeys(sorted(opened), 0)
    while len(set(colours.values())) < len(colours):
        count = len(set(colours.values()))
        names = {name: f"<{colour}>" for name, colour in colours.items()}
        signatures = {}
        for name, colour in colours.items():
            work.charge(weight)
            touched = frozenset(factor for factor in mono if name in factor[0].free)
            seen = product_text(touched, names | {name: "*"})
            signatures[name] = (colour, work.kinds[name], seen)
        ranks = sorted(signatures.values())
        colours = {name: 2 * ranks.index(signature) for name, signature in signatures.items()}
        if len(set(colours.values())) == count:
            alike = sorted(colours.values())
            first = next(colour for colour in alike if alike.count(colour) > 1)
            colours[next(name for name, colour in colours.items() if colour == first)] -= 1
    order = tuple(sorted(colours, key=colours.__getitem__))
    return bind(work, "measure", order, {mono: Fraction(1)})
