"""Linear measures: finite sums, data means and expectations over polynomials.

Every binder is linear and binders commute (all integrals are finite by condition), so a measure
atom is a set of binders over one product whose factors hang together. `close` pulls constants out,
opens the measures that the new binder ties together, takes the moments of standard normal noise,
and closes each connected part again.
"""

from collections.abc import Iterator
from fractions import Fraction

from .normal_form import Atom, Kind, Monomial, Polynomial, Work, collected, key, product_text

INTEGRALS = ("datum", "latent", "noise")


def bind(work: Work, head: str, label: str, opened: dict[int, Kind], poly: Polynomial) -> Atom:
    """The atom in which the open names, in this order, are bound in poly."""
    level = max([0, *(atom.level for mono in poly for atom, _ in mono)])
    names = {name: -(level + 1 + place) for place, name in enumerate(opened)}
    binders = tuple(
        (names[name], (tag, size, names.get(datum, datum)))
        for name, (tag, size, datum) in opened.items()
    )
    return work.atom(head, label, (), binders, (key(work.rename(poly, names)),))


def close(work: Work, name: int, poly: Polynomial) -> Polynomial:
    """The measure that binds the open name, of a polynomial: linear, so term by term."""
    opened = {name: work.kinds[name]}
    return work.add(*(_integrate(work, opened, mono, c) for mono, c in poly.items()))


def _integrate(
    work: Work, opened: dict[int, Kind], mono: Monomial, coefficient: Fraction
) -> Polynomial:
    """The measure over all opened names of one product."""
    work.charge(3 + len(mono) + len(opened))
    for atom, exponent in mono:
        if atom.head == "measure" and exponent.denominator == 1 and exponent > 0:
            if atom.free.isdisjoint(opened):
                continue
            # (measure of b) * rest = measure of (b * rest), with names that rest does not hold.
            rest = dict(mono)
            rest[atom] = exponent - 1
            names: dict[int, int] = {}
            for name, (tag, size, datum) in sorted(atom.binders, key=lambda b: b[1][0] != "datum"):
                names[name] = work.fresh((tag, size, names.get(datum, datum)))
            more = opened | {name: work.kinds[name] for name in names.values()}
            body = work.rename(dict(atom.bodies[0]), names)
            merged = work.product(work.monomial(rest, coefficient), body)
            return work.add(*(_integrate(work, more, m, c) for m, c in merged.items()))
    for name, kind in opened.items():
        if kind[:2] == ("noise", "normal") and _is_moment(name, mono):
            others = {other: k for other, k in opened.items() if other != name}
            moment = _moment(work, name, mono)
            return work.add(*(_integrate(work, others, m, coefficient * c) for m, c in moment))
    for atom, _ in mono:
        if atom.head == "delta" and not atom.free.isdisjoint(opened):
            gone, stays = atom.ids if atom.ids[0] in opened else reversed(atom.ids)
            others = {name: kind for name, kind in opened.items() if name != gone}
            same = work.rename({mono: coefficient}, {gone: stays})
            return work.add(*(_integrate(work, others, m, c) for m, c in same.items()))
    return _components(work, opened, mono, coefficient)


def _is_moment(noise: int, mono: Monomial) -> bool:
    """Whether the noise occurs in natural powers of its components only (or not at all)."""
    return all(
        atom.head == "eps" and exponent.denominator == 1 and exponent > 0
        for atom, exponent in mono
        if noise in atom.free
    )


def _moment(work: Work, noise: int, mono: Monomial) -> Iterator[tuple[Monomial, Fraction]]:
    """E of a product of standard normals: the sum over all pairings of products of deltas."""
    rest = {atom: exponent for atom, exponent in mono if noise not in atom.free}
    indices: list[int] = []
    for atom, exponent in mono:
        if noise in atom.free:
            work.charge(exponent.numerator)
            indices += [atom.ids[1]] * exponent.numerator
    if len(indices) % 2:
        return  # odd moments are zero
    for pairs in _pairings(indices):
        powers = dict(rest)
        for pair in pairs:
            work.charge(4)
            delta = work.atom("delta", ids=pair)
            powers[delta] = Fraction(1)
        yield from work.monomial(powers, Fraction(1)).items()


def _pairings(indices: list[int]) -> Iterator[list[tuple[int, int]]]:
    if not indices:
        yield []
    for place in range(1, len(indices)):
        for others in _pairings(indices[1:place] + indices[place + 1 :]):
            yield [(indices[0], indices[place]), *others]


def _components(
    work: Work, opened: dict[int, Kind], mono: Monomial, coefficient: Fraction
) -> Polynomial:
    """Split a measure into parts that share no binder; a part without factors is its total mass.

    The mass is the size for an index and 1 for a mean or an expectation.
    """
    mentioned = {name for atom, _ in mono for name in atom.free}
    parts: list[tuple[set[int], list[tuple[Atom, Fraction]]]] = []
    links = [(set(atom.free & opened.keys()), [(atom, exponent)]) for atom, exponent in mono]
    for name, (tag, _, datum) in opened.items():
        if tag not in ("latent", "noise") or name in mentioned:
            links.append(({name, datum} & opened.keys(), []))
    for names, factors in links:
        work.charge(1 + len(parts))
        joined = [part for part in parts if not names.isdisjoint(part[0])]
        parts = [part for part in parts if names.isdisjoint(part[0])]
        for other_names, other_factors in joined:
            names, factors = names | other_names, factors + other_factors
        parts.append((names, factors))
    found: list[tuple[Atom, Fraction]] = []
    for names, factors in parts:
        if not names:
            found += factors
        elif not factors:
            sizes = [opened[name][1] for name in names if opened[name][0] == "index"]
            found += [(work.atom("size", size), Fraction(1)) for size in sizes]
        else:
            inside = {name: kind for name, kind in opened.items() if name in names}
            _meet(work, inside, factors)
            found.append((_canonical(work, inside, frozenset(factors)), Fraction(1)))
    return work.monomial(collected(found), coefficient)


def _meet(work: Work, inside: dict[int, Kind], factors: list[tuple[Atom, Fraction]]) -> None:
    """Report the integrand under means and expectations, whatever finite sums stand around it."""
    integrals = {name for name, kind in inside.items() if kind[0] in INTEGRALS}
    integrand = frozenset(f for f in factors if not f[0].free.isdisjoint(integrals))
    if integrand:
        names = integrals.union(*(atom.free for atom, _ in integrand))
        names |= {work.kinds[name][2] for name in names} - {0}
        work.meet(_canonical(work, {name: work.kinds[name] for name in sorted(names)}, integrand))


def _canonical(work: Work, opened: dict[int, Kind], mono: Monomial) -> Atom:
    """The measure atom with its binders in an order that does not depend on their names.

    Any order is correct; a canonical one makes equal measures one atom. Binders are coloured by
    what they touch until nothing changes; ties are broken by trying each, but of two binders that
    may be swapped without effect only one.
    """
    if len(opened) == 1:
        return bind(work, "measure", "", opened, {mono: Fraction(1)})
    best = min(_orders(work, opened, mono, dict.fromkeys(opened, 0)))
    return bind(work, "measure", "", {n: opened[n] for n in best[1]}, {mono: Fraction(1)})


def _orders(
    work: Work, opened: dict[int, Kind], mono: Monomial, colours: dict[int, int]
) -> Iterator[tuple[str, list[int]]]:
    weight = 2 + sum(atom.weight for atom, _ in mono)
    count = 0
    while len(set(colours.values())) > count:
        count = len(set(colours.values()))
        shown = {name: f"<{colour}>" for name, colour in colours.items()}
        signatures = {}
        for name, (tag, size, datum) in opened.items():
            work.charge(weight)
            own = shown | {name: "*"}
            touched = product_text(frozenset(f for f in mono if name in f[0].free), own)
            links = sorted(colours[n] for n, kind in opened.items() if kind[2] == name)
            signatures[name] = (colours[name], tag, size, colours.get(datum, -1), links, touched)
        ranks = sorted(signatures.values())
        colours = {name: 2 * ranks.index(signature) for name, signature in signatures.items()}
    order = sorted(opened, key=lambda name: colours[name])
    ties = [name for name in order if list(colours.values()).count(colours[name]) > 1]
    if not ties:
        shown = {name: f"<{place}>" for place, name in enumerate(order)}
        work.charge(weight)
        yield product_text(mono, shown), order
        return
    tried: list[int] = []
    for name in ties:
        if colours[name] == colours[ties[0]] and not any(
            _swappable(work, opened, mono, name, other) for other in tried
        ):
            tried.append(name)
            yield from _orders(work, opened, mono, colours | {name: colours[name] - 1})


def _swappable(work: Work, opened: dict[int, Kind], mono: Monomial, a: int, b: int) -> bool:
    if any(kind[2] in (a, b) for kind in opened.values()):
        return False
    return work.rename({mono: Fraction(1)}, {a: b, b: a}) == {mono: Fraction(1)}
