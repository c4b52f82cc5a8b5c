"""Normal forms: polynomials with rational exponents over atoms, and linear measures.

A *monomial* is a set of (atom, exponent), a *polynomial* maps monomials to rational coefficients;
two terms whose polynomials agree, or differ by what vanishes without denominators, are equal.
Nothing else is concluded: atoms that look different may be equal, which then is "not shown".

An atom is a symbol (parameter, datum, latent, …), an opaque function (log, exp, abs, net, entropy,
root of a sum, word of matrices) or a *measure*: sums, data means and expectations of one product,
see `measures`. A bound name is a negative integer that exceeds (in size) all names bound inside, an
open one a positive integer that is never used twice: nothing can be captured.
"""

import itertools
from collections.abc import Collection, Iterable, Iterator
from fractions import Fraction
from math import gcd, isqrt, lcm

from .functions import INDICATORS, ODD
from .terms import AT_LEAST_ZERO, MAX_EXPONENT, ONE_IN_ALL, POSITIVE, Refused, border, check

Kind = tuple[str, str]  # (index | datum | latent | noise, the size or the law of the noise)
Monomial = frozenset[tuple["Atom", Fraction]]
Polynomial = dict[Monomial, Fraction]
Key = frozenset[tuple[Monomial, Fraction]]

ONE: Monomial = frozenset()
ALWAYS_POSITIVE = ("size", "pi", "e", "integer", "exp", "root", "above")
UNORDERED = ("delta", "symmetric")  # of two indices whose order does not matter
BUDGET = 280_000
MAX_BITS = 2_000
MAX_WEIGHT = 20_000


class Atom:
    """One irreducible factor; made by `Work.atom` alone, so that equal atoms are one object."""

    def __init__(self, serial, head, label, ids, binders, bodies, range_):
        self.serial, self.head, self.label, self.ids = serial, head, label, ids
        self.binders: tuple[tuple[int, Kind], ...] = binders
        self.bodies: tuple[Key, ...] = bodies
        inner = [atom for body in bodies for monomial, _ in body for atom, _ in monomial]
        bound = [name for name, _ in binders]
        self.free = frozenset(ids).union(*(atom.free for atom in inner)).difference(bound)
        self.level = max([0, *(-name for name in bound), *(atom.level for atom in inner)])
        self.weight = 1 + len(ids) + len(binders) + sum(atom.weight for atom in inner)
        low = -1 if (bound := border(range_)) is None else bound * range_.startswith("from")
        positive = range_ in POSITIVE or head in ALWAYS_POSITIVE or low > 0
        measured = head == "measure" and all(sign(dict(body)) for body in bodies)
        self.positive: bool = positive or measured
        self.negative = False
        zero = head in ("abs", "beyond") or range_ in AT_LEAST_ZERO or low == 0
        self.at_least_zero: bool = self.positive or zero
        self.range: str = range_  # or, of a variable, its support
        self.inner: frozenset[Atom] = frozenset(inner)
        self.labels = frozenset([(head, label)]).union(*(atom.labels for atom in inner))
        self.leading: tuple[Monomial, Fraction] | None = None  # of a root, for divisions

    def __hash__(self):
        return self.serial  # not the address: the order of sets must not change between runs


class Work:
    """What one replay may spend, its atoms, its open binders and the expectations it may meet."""

    def __init__(self, budget: int = BUDGET):
        self.left = self.budget = budget
        self.atoms: dict[tuple, Atom] = {}
        self.kinds: dict[int, Kind] = {}
        self.met: set[Atom] = set()
        self.signs: dict[Key, bool | None] = {}
        self.allowed: frozenset[Atom] | None = None

    def charge(self, amount: int) -> None:
        self.left -= amount
        check(self.left >= 0, f"work limit reached ({self.budget} elementary operations)")

    def number(self, value: Fraction) -> Fraction:
        bits = value.numerator.bit_length() + value.denominator.bit_length()
        self.charge(bits >> 6)
        check(bits <= MAX_BITS, f"work limit reached (a number of more than {MAX_BITS} bits)")
        return value

    def fresh(self, kind: Kind) -> int:
        self.kinds[name := len(self.kinds) + 1] = kind
        return name

    def atom(self, head, label="", ids=(), binders=(), bodies=(), range_="") -> Atom:
        ids = tuple(sorted(ids)) if head in UNORDERED else ids
        self.charge(1 + sum(map(len, bodies)))
        key = (head, label, ids, binders, bodies, range_)
        if key not in self.atoms:
            self.charge(2)
            made = self.atoms[key] = Atom(len(self.atoms), *key)
            check(made.weight <= MAX_WEIGHT, f"work limit reached ({made.weight} parts)")
            if head == "root":
                self.charge(made.weight)
                made.leading = _leading(dict(bodies[0]))
            if head == "log" or head in ODD:
                self._signed(made)
        return self.atoms[key]

    def _signed(self, atom: Atom) -> None:
        """log u has the sign of u - 1, and what is odd and grows that of its argument."""
        body = dict(atom.bodies[0])
        if atom.head == "log":
            if len(body) == len(atom.inner) == 1 and self._within(*atom.inner) is None:
                return  # nothing is known of s - 1
            body = self.add(body, constant(-1))
        atom.positive = self.surely_positive(body)
        atom.negative = self.surely_positive(self.negative(body))
        atom.at_least_zero |= atom.positive

    def meet(self, integrand: Atom) -> None:
        """Note an expectation; refuse one that the ELBO and its derivative do not contain: an
        infinite one would cancel (E[g] - E[g]) or vanish (0 * E[g]) silently."""
        if self.allowed is None:
            self.met.add(integrand)
        elif integrand not in self.allowed:
            raise Refused(f"an expectation that the ELBO does not contain: {text(integrand)[:120]}")

    def add(self, *polys: Polynomial) -> Polynomial:
        total: Polynomial = {}
        for poly in polys:
            self.charge(len(poly))
            for mono, coefficient in poly.items():
                if value := self.number(total.pop(mono, Fraction(0)) + coefficient):
                    total[mono] = value
        return total

    def product(self, *polys: Polynomial) -> Polynomial:
        result = polys[0]
        for poly in polys[1:]:
            self.charge(1)
            parts = []
            for (a, x), (b, y) in itertools.product(result.items(), poly.items()):
                self.charge(3 + len(a) + len(b))
                parts.append(self.monomial(collected([*a, *b]), self.number(x * y)))
            result = self.add(*parts)
        return result

    def negative(self, poly: Polynomial) -> Polynomial:
        return {mono: -coefficient for mono, coefficient in poly.items()}

    def monomial(self, powers: dict[Atom, Fraction], coefficient: Fraction) -> Polynomial:
        """The product of powers: integers join the coefficient, powers of sums are expanded."""
        kept, sums, powers = {}, [], self._one_hot(powers)
        for atom, exponent in powers.items():
            whole = exponent.numerator // exponent.denominator
            if atom.head == "integer":
                small = abs(whole) * int(atom.label).bit_length() <= MAX_BITS
                check(small, f"work limit reached (the number {atom.label}^{whole})")
                coefficient = self.number(coefficient * Fraction(int(atom.label)) ** whole)
                exponent -= whole
            elif atom.head == "root" and whole > 0:
                sums.append((dict(atom.bodies[0]), whole))
                exponent -= whole
            elif atom.head == "delta":
                exponent = Fraction(atom.ids[0] != atom.ids[1])  # delta is 0 or 1, delta_ii is 1
            elif atom.head == "t" and exponent > 1:
                coefficient = Fraction(0)
            elif atom.head in INDICATORS:
                check(exponent > 0, f"a division by {atom.head}")
                exponent = Fraction(1)  # it is 0 or 1
            if exponent:
                kept[atom] = self.number(exponent)
        result = self._divided(kept, coefficient) if coefficient else {}
        for poly, whole in sums:
            for _ in range(whole):
                result = self.product(result, poly)
        return result

    def _one_hot(self, powers: dict[Atom, Fraction]) -> dict[Atom, Fraction]:
        """c_k c_l = delta_kl c_k of the entries of one one-hot vector."""
        found: dict[tuple, Atom] = {}
        for atom in [atom for atom in powers if atom.range == "onehot"]:
            first = found.setdefault((atom.label, atom.ids[:-1]), atom)
            check(powers[atom] >= 0, "a division by an entry of a one-hot vector")
            powers = powers | {atom: min(powers[atom], Fraction(1))}
            if first is not atom and powers[atom]:
                delta = self.atom("delta", ids=(first.ids[-1], atom.ids[-1]))
                stays = min(first, atom, key=lambda entry: entry.ids[-1])
                rest = [item for item in powers.items() if item[0] not in (first, atom)]
                more = [(one, Fraction(1)) for one in (delta, stays)]
                return self._one_hot(collected([*rest, *more]))
        return powers

    def _divided(self, powers: dict[Atom, Fraction], coefficient: Fraction) -> Polynomial:
        """Polynomial division by the sums in the denominator: s/(s+t) = 1 - t/(s+t)."""
        for root, exponent in powers.items():
            if exponent > 0 or root.leading is None:
                continue
            lead, scale = root.leading
            if all(powers.get(atom, 0) >= power for atom, power in lead):
                self.charge(40 + 2 * len(powers) + len(root.bodies[0]))
                ratio = self.number(coefficient / scale)
                left = collected([*powers.items(), *((atom, -power) for atom, power in lead)])
                whole = self.monomial(collected([*left.items(), (root, Fraction(1))]), ratio)
                rest = dict(root.bodies[0])
                del rest[lead]
                return self.add(whole, self.product(self.monomial(left, -ratio), rest))
        return {frozenset(item for item in powers.items() if item[1]): coefficient}

    def _lowest(self, poly: Polynomial) -> dict[Atom, Fraction]:
        """The lowest power of each atom, which is at most 0 where an addend lacks it."""
        self.charge(sum(1 + len(mono) for mono in poly))
        found: dict[Atom, list[Fraction]] = {}
        for atom, power in (factor for mono in poly for factor in mono):
            found.setdefault(atom, []).append(power)
        lacks = {atom: [Fraction(0)] * (len(found[atom]) < len(poly)) for atom in found}
        return {atom: min(powers + lacks[atom]) for atom, powers in found.items()}

    def _content(self, poly: Polynomial) -> tuple[Polynomial, Polynomial]:
        """poly = content * rest, with a one-term content that is surely positive."""
        common = {atom: power for atom, power in self._lowest(poly).items() if atom.positive}
        scale = Fraction(1)
        for c in poly.values():
            scale = self.number(scale * c.denominator / gcd(scale.numerator, c.denominator))
        content = self.number(gcd(*(c.numerator for c in poly.values())) / scale)
        rest = self.product(poly, {_inverse(common): 1 / content})
        return {frozenset(common.items()): content}, rest

    def _primes(self, number: int) -> Iterator[int]:
        """Prime factors below 1000, and what is left: enough to see log 4 = 2 log 2."""
        self.charge(10 if number < 1000 else 80)
        for prime in range(2, min(number + 1, 1000)):
            while number % prime == 0:
                yield prime
                number //= prime
        yield from [number] * (number > 1)

    def _cleared(self, poly: Polynomial) -> tuple[Polynomial, dict[Atom, Fraction]]:
        """poly = cleared * powers of roots, which are positive: 1 - 1/(1 + s) = s (1 + s)^-1."""
        roots = {a: power for a, power in self._lowest(poly).items() if a.head == "root"}
        below = {root: power for root, power in roots.items() if power < 0}
        return self.product(poly, {_inverse(below): Fraction(1)}) if below else poly, below

    def equal(self, left: Polynomial, right: Polynomial) -> bool:
        """Whether the difference vanishes without denominators, under each set of binders; what is
        constant stands under the binders whose sizes it has: D = sum_d 1."""
        parts: dict[tuple, Polynomial] = {}
        for mono, coefficient in self.add(left, self.negative(right)).items():
            under = [atom for atom, power in mono if atom.head == "measure" and power == 1]
            binders, body = (), {mono: coefficient}
            if len(under) == 1:
                outside = frozenset(factor for factor in mono if factor[0] is not under[0])
                binders = under[0].binders
                body = self.product({outside: coefficient}, dict(under[0].bodies[0]))
            parts[binders] = self.add(parts.get(binders, {}), body)
        alone = parts.pop((), {})
        for binders, part in parts.items():
            if self._cleared(part)[0]:
                inside = self._over(alone, [size for _, (tag, size) in binders if tag == "index"])
                alone = self.add(alone, self.negative(inside[0]))
                if self._cleared(self.add(part, inside[1]))[0]:
                    return False
        return not self._cleared(alone)[0]

    def _over(self, poly: Polynomial, sizes: Iterable[str]) -> tuple[Polynomial, Polynomial]:
        """The addends that hold exactly these sizes, as they are and without the sizes."""
        wanted = collected((self.atom("size", size), Fraction(1)) for size in sizes).items()
        held = {m: c for m, c in poly.items() if {f for f in m if f[0].head == "size"} == wanted}
        return held, {m.difference(wanted): c for m, c in held.items()}

    def sign(self, poly: Polynomial) -> bool | None:
        """True: certainly > 0, False: certainly >= 0, None: neither is seen. As it stands, without
        its denominators, by functions that grow, or in distances from borders."""
        self.charge(1 + len(poly))
        if (seen := sign(poly)) is None:
            asked = key(poly)
            if asked not in self.signs:
                poly = self._cleared(poly)[0]
                ways = (sign, self._of_pair, self._of_logs, self._of_distances)
                found = (answer for way in ways if (answer := way(poly)) is not None)
                self.signs[asked] = next(found, None)
            seen = self.signs[asked]
        return seen

    def _of_distances(self, poly: Polynomial) -> bool | None:
        return sign(self._from_borders(poly))

    def _of_logs(self, poly: Polynomial) -> bool | None:
        """u has the sign of e^u - 1, which is sought where u is a sum with a few logarithms."""
        logs = [mono for mono in poly for atom, _ in mono if atom.head == "log"]
        few = 0 < len(logs) < 4 and all(abs(poly[mono]) <= 2 for mono in logs)
        return self.sign(self.add(self.exponential(poly), constant(-1))) if few else None

    def _of_pair(self, poly: Polynomial) -> bool | None:
        """f(u) + f(v) has the sign of u + v where f is odd and grows, f(u) - f(v) that of u - v."""
        heads = {atom.head for mono in poly for atom, _ in mono}.intersection(ODD)
        if len(poly) != 2 or len(heads) != 1:
            return None
        arguments = []
        for mono, coefficient in self._content(poly)[1].items():
            ((f, power),) = mono if len(mono) == 1 else [(None, 0)]
            if f is None or f.head not in heads or power != 1 or abs(coefficient) != 1:
                return None
            arguments.append(self.product(dict(f.bodies[0]), constant(coefficient)))
        return self.sign(self.add(*arguments))

    def surely_positive(self, poly: Polynomial) -> bool:
        return self.sign(poly) is True

    def _from_borders(self, poly: Polynomial) -> Polynomial:
        """Times something positive, each atom that lies between borders in its distance from them:
        1 - p, e^s - 1, p - p^2, n - x + 1, 1 + erf s."""
        for atom in sorted({atom for mono in poly for atom, _ in mono}, key=hash):
            if not (made := self._within(atom)):
                continue
            self.charge(len(poly))
            powers = [dict(mono).get(atom, Fraction(0)) for mono in poly]
            root = lcm(*(power.denominator for power in powers))
            if root > 1 and border(atom.range) is not None:
                continue  # what lies in (0, 1), or above 1, has a root that does
            powers = [root * power for power in powers]
            least, most = min(powers), max(powers)
            if most - least > MAX_EXPONENT:
                continue
            above, below = made
            parts = []
            for (mono, coefficient), power in zip(poly.items(), powers, strict=True):
                rest = {frozenset(factor for factor in mono if factor[0] is not atom): coefficient}
                times = power - least if atom.positive else power
                parts.append(
                    self.product(rest, self.power(above, times), self.power(below, most - power))
                )
            poly = self.add(*parts)
        return poly

    def _within(self, atom: Atom) -> tuple[Polynomial, Polynomial] | None:
        """u = p(y) / q(y) with q > 0, y > 0 or y >= 0: 1 / (1 + y) in (0, 1), (1 - y) / (1 + y)
        in (-1, 1), 1 + y for e, pi, primes and e^s with s > 0, a + y from a on, n - y up to n."""
        body = dict(atom.bodies[0]) if atom.head == "exp" else {}
        grows = atom.head in ("e", "pi", "integer") or sign(body)
        unit = atom.range == "unit" or sign(self.negative(body))
        open_ = grows or unit or atom.range == "within"
        bound = Fraction(1) if open_ else border(atom.range)
        if bound is None:
            return None
        y = of(self.atom("above" if open_ else "beyond", bodies=(key(of(atom)),)))
        distance = self.add(constant(bound), y)
        if atom.range.startswith("upto"):
            distance = self.add(constant(bound), self.negative(y))
        if grows or not open_:
            return distance, constant(1)
        return (constant(1) if unit else self.add(constant(1), self.negative(y))), distance

    def bases(self, poly: Polynomial) -> dict[Atom, Fraction]:
        """A polynomial that is known to be positive as a product of powers of positive atoms."""
        poly, roots = self._cleared(poly)
        content, rest = self._content(poly)
        ((mono, coefficient),) = content.items()
        factors = [*mono, *roots.items()]
        for number, sign in ((coefficient.numerator, 1), (coefficient.denominator, -1)):
            primes = (self.atom("integer", str(prime)) for prime in self._primes(number))
            factors += [(prime, Fraction(sign)) for prime in primes]
        if (half := self._square_root(rest)) is not None:
            factors += [(atom, 2 * power) for atom, power in self.bases(half).items()]
        elif rest != constant(1):
            factors.append((self.atom("root", bodies=(key(rest),)), Fraction(1)))
        return collected(factors)

    def _square_root(self, poly: Polynomial) -> Polynomial | None:
        """q of poly = q^2, where all addends of q are positive: a^2 + 2 a b + b^2 = (a + b)^2."""
        root: Polynomial = {}
        for mono, c in poly.items():
            top, below = isqrt(abs(c.numerator)), isqrt(c.denominator)
            if Fraction(top**2, below**2) == c and all(e % 2 == 0 for _, e in mono):
                root[frozenset((atom, e / 2) for atom, e in mono)] = Fraction(top, below)
        seen = len(poly) > 2 and sign(root)
        return root if seen and self.product(root, root) == poly else None

    def power(self, poly: Polynomial, exponent: Fraction) -> Polynomial:
        """poly^exponent; one that is not a natural number asks for a base that is surely > 0."""
        if exponent.denominator == 1 and exponent >= 0:
            return self.product(constant(1), *[poly] * exponent.numerator)
        seen, (mono, *others) = self.sign(poly), poly or [ONE]
        if seen is None and exponent.denominator == 1:  # (-u)^k = (-1)^k u^k
            poly, times = self.negative(poly), constant((-1) ** exponent.numerator)
            check(self.surely_positive(poly), "a power of what is not shown not to be 0")
            return self.product(times, self.power(poly, exponent))
        if seen is False and poly and exponent > 0 and not others:  # such as |u|^q
            fits = all(atom.at_least_zero for atom, _ in mono)
            check(fits, "a root of what is not shown to be positive")
            rest = self.monomial({a: power * exponent for a, power in mono}, Fraction(1))
            return self.product(self.power(constant(poly[mono]), exponent), rest)
        check(seen, "a power of what is not shown to be positive")
        powers = {atom: power * exponent for atom, power in self.bases(poly).items()}
        return self.monomial(powers, Fraction(1))

    def logarithm(self, poly: Polynomial) -> Polynomial:
        """log of a product is the sum of logs, of what is surely positive."""
        check(self.surely_positive(poly), "the logarithm of what is not shown to be positive")
        parts = []
        for atom, exponent in self.bases(poly).items():
            if atom.head == "e":
                log = constant(1)
            elif atom.head == "exp":
                log = dict(atom.bodies[0])
            else:
                inside = self.monomial({atom: Fraction(1)}, Fraction(1))
                log = of(self.atom("log", bodies=(key(inside),)))
            parts.append(self.product(log, constant(exponent)))
        return self.add(*parts)

    def exponential(self, poly: Polynomial) -> Polynomial:
        """exp(sum c m) = product of exp(m)^c; exp(c) = e^c and exp(c log s) = s^c."""
        result = constant(1)
        for mono, coefficient in poly.items():
            logs = [dict(a.bodies[0]) for a, power in mono if a.head == "log" and power == 1]
            other = self.atom("exp", bodies=(key({mono: Fraction(1)}),)) if mono else self.atom("e")
            base = logs[0] if len(mono) == len(logs) == 1 else of(other)
            powers = {atom: e * coefficient for atom, e in self.bases(base).items()}
            result = self.product(result, self.monomial(powers, Fraction(1)))
        return result

    def absolute(self, poly: Polynomial) -> Polynomial:
        """|c u| = c |u| for the positive c that u's addends share; |u| is an atom of u^2."""
        if not poly:
            return {}
        content, rest = self._content(poly)
        square = self.product(rest, rest)
        return content if square == constant(1) else self.product(content, self._abs(square))

    def root(self, poly: Polynomial) -> Polynomial:
        """sqrt u of a sum that is surely at least 0, such as a^2 + b^2."""
        content, rest = self._content(poly)
        return self.product(self.power(content, Fraction(1, 2)), self._abs(rest))

    def _abs(self, square: Polynomial) -> Polynomial:
        return of(self.atom("abs", bodies=(key(square),)))

    def rename(self, poly: Polynomial, names: dict[int, int]) -> Polynomial:
        """All names replaced at once. Renaming may make factors equal, so it multiplies anew."""
        parts = []
        for mono, coefficient in poly.items():
            renamed = collected((self._renamed(atom, names), exponent) for atom, exponent in mono)
            parts.append(self.monomial(renamed, coefficient))
        return self.add(*parts)

    def _renamed(self, atom: Atom, names: dict[int, int]) -> Atom:
        self.charge(1)
        if atom.free.isdisjoint(names):
            return atom
        ids = tuple(names.get(name, name) for name in atom.ids)
        bodies = tuple(key(self.rename(dict(body), names)) for body in atom.bodies)
        return self.atom(atom.head, atom.label, ids, atom.binders, bodies, atom.range)


def _leading(poly: Polynomial) -> tuple[Monomial, Fraction] | None:
    """(m, c) if the polynomial is c m, m a product of positive powers, plus lower powers of one b
    of m; of the first such b by its text."""
    highest: dict[Atom, list[Fraction]] = {}
    for atom, power in (factor for mono in poly for factor in mono):
        highest[atom] = sorted([power, *highest.get(atom, [])])[-2:]
    found = []
    for mono, coefficient in poly.items():
        for atom, power in mono if all(power > 0 for _, power in mono) else ():
            if [p for p in highest[atom] if p >= power] == [power]:
                found.append((text(atom, dict.fromkeys(atom.free, "")), mono, coefficient))
    return min(found, key=lambda lead: lead[0])[1:] if found else None


def _inverse(powers: dict[Atom, Fraction]) -> Monomial:
    return frozenset((atom, -power) for atom, power in powers.items())


def collected(factors: Iterable[tuple[Atom, Fraction]]) -> dict[Atom, Fraction]:
    """Factors as powers, those of one atom merged."""
    powers: dict[Atom, Fraction] = {}
    for atom, exponent in factors:
        powers[atom] = powers.get(atom, Fraction(0)) + exponent
    return powers


def constant(value: int | Fraction) -> Polynomial:
    return {ONE: Fraction(value)} if value else {}


def of(atom: Atom) -> Polynomial:
    return {frozenset([(atom, Fraction(1))]): Fraction(1)}


def split(poly: Polynomial) -> tuple[Polynomial, Polynomial]:
    """(u, D u) of u + t D u."""
    parts: tuple[Polynomial, Polynomial] = {}, {}
    for mono, coefficient in poly.items():
        rest = frozenset(factor for factor in mono if factor[0].head != "t")
        parts[len(mono) > len(rest)][rest] = coefficient
    return parts


def key(poly: Polynomial) -> Key:
    return frozenset(poly.items())


def leads(poly: Polynomial) -> bool:
    """Whether this, of u and -u, is the one to write: its first addend, by what its factors are
    called and when they were first met, is positive."""

    def called(mono: Monomial) -> list:
        return sorted((a.head, a.label, exponent, a.serial) for a, exponent in mono)

    return poly.get(min(poly, key=called, default=ONE), 0) >= 0


def sign(poly: Polynomial) -> bool | None:
    """Whether the value is certainly > 0 (True) or >= 0 (False): in each addend an even number of
    factors < 0, and the others at least 0, or to an even power; None: not seen."""
    strict = False
    for mono, coefficient in poly.items():
        below = (coefficient < 0) + sum(power for atom, power in mono if atom.negative)
        seen = (a.at_least_zero or a.negative or power % 2 == 0 for a, power in mono)
        if below % 2 or not all(seen):
            return None
        strict |= all(atom.positive or atom.negative for atom, _ in mono)
    return strict


def sums_to_one(atom: Atom, exponent: Fraction, name: int) -> bool:
    """Whether it is 1 if summed over the index of this name: the last one of a one-hot or a simplex
    alone (the columns of a transition matrix need not sum to 1)."""
    *rest, last = atom.ids or (0,)
    others = {*rest}.union(*(inner.free for inner in atom.inner))
    return atom.range in ONE_IN_ALL and last == name and name not in others and exponent == 1


def labels(poly: Polynomial, heads: Collection[str]) -> set[str]:
    """The labels of all atoms of these heads, those inside atoms included."""
    found = set().union(*(a.labels for mono in poly for a, _ in mono))
    return {label for head, label in found if head in heads}


def text(atom: Atom, names: dict[int, str] | None = None) -> str:
    """A text that tells atoms apart and does not depend on the order of sets."""
    names = names or {}
    places = [names.get(name, str(name)) for name in atom.ids]
    ids = ",".join(sorted(places) if atom.head in UNORDERED else places)
    binders = ",".join(f"{name}:{tag}{size}" for name, (tag, size) in atom.binders)
    addends = ([f"{c} {product_text(mono, names)}" for mono, c in body] for body in atom.bodies)
    sums = (" + ".join(sorted(body)) for body in addends)
    inside = "; ".join(part for part in (binders, *sums) if part)
    return f"{atom.head} {atom.label}[{ids}]" + (f"({inside})" if inside else "")


def product_text(mono: Monomial, names: dict[int, str]) -> str:
    return " ".join(sorted(f"{text(atom, names)}^{exponent}" for atom, exponent in mono))
