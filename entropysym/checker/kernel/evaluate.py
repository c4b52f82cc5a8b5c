"""The value of a term, and its derivative along the direction, as a polynomial u + t D u.

One walk, and the only one: a term is well formed if it evaluates in its place, under the heads,
binders and arguments that the place allows. No substitution, hence no capture. Where D is asked
for, a parameter p is p + t direction[p] with t^2 = 0, and data, latents and noise stand still; t
passes through sums, means and expectations, whose law does not move. Networks, loggamma and
entropies that nobody wrote down stand still when what they read does, else they have no D.

There is one expectation, the joint one over all latents of q: linear, with E 1 = 1, and its law
stands still; a latent whose law moves, and what reads it in q, is location + scale * noise.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from math import gcd
from typing import Any

from . import matrices, terms
from .functions import INDICATORS, ROWS, Row
from .matrices import Word
from .measures import bind, close
from .normal_form import (
    ONE,
    Atom,
    Polynomial,
    Work,
    constant,
    key,
    labels,
    leads,
    of,
    split,
    sums_to_one,
)
from .terms import Factor, Malformed, Statement, Term, check, named, require, shown


@dataclass(frozen=True)
class Bound:
    """A binder that has been opened: its fresh name, and the size that it runs over."""

    name: int
    size: str = ""


@dataclass(frozen=True)
class Matrix:
    """scalar * word, of this size. It moves by a multiple of itself, hence only its scalar does."""

    scalar: Polynomial
    word: Word
    size: str


@dataclass(frozen=True)
class Site:
    """Where a term is evaluated: what the place allows and binds, and whether D is asked for.

    ``noise`` has the law ("normal", or "other") of the noise of each latent that is written as
    location + scale * noise, for `expect` and `reparam` alike. Under an expectation ``omega`` has
    the name under which each latent (or its noise) is bound. ``reader``: the factor whose arguments
    the place is in; ``own``: the index at which it reads what is modelled along a lagged plate.
    ``bindings`` hold, inside a family, its variable and its arguments: a matrix, or the sizes
    of its indices and a function of them. ``dims``: what "dim" and "rows" mean there.
    """

    work: Work
    statement: Statement
    objective: Term
    noise: Mapping[str, str] = field(default_factory=dict)
    moving: bool = False
    heads: frozenset[str] = frozenset()
    scope: tuple[Bound, ...] = ()
    omega: Mapping[str, int] = field(default_factory=dict)
    reader: Factor | None = None
    own: Mapping[str, int] = field(default_factory=dict)
    bindings: Mapping[str, Any] = field(default_factory=dict)
    dims: Mapping[str, str] = field(default_factory=dict)
    moved_in_family: frozenset[str] = frozenset()

    def apart(self, heads: frozenset[str], *scope: Bound, **more: Any) -> "Site":
        """A place with nothing around it but this scope, and the expectation that it is under."""
        plain = {"reader": None, "own": {}, "bindings": {}, "dims": {}}
        return replace(self, heads=heads, scope=scope, **(plain | more))

    def opened(self, size: str) -> Bound:
        """An index, or a datum."""
        tag = "datum" if size in self.statement.model.data else "index"
        return Bound(self.work.fresh((tag, size)), size)

    def bound(self, position: Any, *size: str) -> Bound:
        """The binder at this position, counted outwards, that runs over this size, if any."""
        fits = type(position) is int and 0 <= position < len(self.scope)
        require(fits, position, "nothing is bound there")
        found = self.scope[-1 - position]
        fits = found.size in size or not size
        require(fits, position, f"what is bound there runs over {found.size}")
        return found

    def indices(self, positions: Any, sizes: Sequence[str]) -> list[Bound]:
        fits = isinstance(positions, list) and len(positions) == len(sizes)
        require(fits, positions, f"not {len(sizes)} indices")
        return [self.bound(i, size) for i, size in zip(positions, sizes, strict=True)]

    def symbol(self, head: str, label: str = "", *ids: Bound, range_: str = "") -> Polynomial:
        return of(self.work.atom(head, label, tuple(i.name for i in ids), range_=range_))

    def still(self, value: Polynomial) -> bool:
        """Whether nothing in it moves, which is more than that its D is 0: c - k^2 along (2 k, 1)
        is 0 at the first order only."""
        names = self.statement.direction if self.moving else self.moved_in_family
        return labels(value, ("param", "arg", "var", *terms.MATRICES)).isdisjoint(names)

    def moved(self, value: Polynomial, change: Polynomial) -> Polynomial:
        return self.work.add(value, self.work.product(self.symbol("t"), change))


def evaluate(site: Site, term: Term) -> Polynomial:
    """u + t D u (without t unless moving), or `Malformed` if the term does not fit its place."""
    work, model = site.work, site.statement.model
    work.charge(5)
    if type(term) is int:
        return constant(term)
    head = _head(site, term)
    match term:
        case ["frac", *_]:
            return constant(_rational(term))
        case ["pi"] | ["e"]:
            return site.symbol(head)
        case ["size", name]:
            return site.symbol("size", terms.one_of(name, _sizes(site, counted=model.counted)))
        case ["dim" | "rows"]:
            return site.symbol("size", site.dims[terms.one_of(head, site.dims)])
        case ["index", position]:
            bound = site.bound(position)
            require(work.kinds[bound.name][0] == "index", term, "data are not numbered")
            return site.symbol("index", "", bound, range_="from 1")
        case ["var", *positions] | ["arg", _, *positions]:
            sizes, function = _binding(site, term, matrix=False)
            return function(*site.indices(positions, sizes))
        case ["param", name, *positions]:
            array = _array(model.parameters, name, matrix=False)
            indices = site.indices(positions, array.plates)
            value = site.symbol("param", name, *indices, range_=array.range)
            return site.moved(value, motion(site, name, indices))
        case ["net", name, positions, vectors]:
            array = _array(model.networks, name, matrix=False)
            ids = tuple(i.name for i in site.indices(positions, array.plates))
            bodies = _inputs(site, array, vectors)
            return of(work.atom("net", name, ids, (), bodies, array.range))
        case ["v" | "eps", name, *positions]:
            indices = site.indices(positions, _declared(model, name, matrix=False).plates)
            if head == "v":
                return variable(site, name, indices)
            check(name in site.noise and site.omega, f"no noise of {name} here")
            return _noise(site, name, indices)
        case ["sum" | "mean", size, body]:
            require(head == "sum" or not site.omega, term, "a mean under an expectation")
            size = terms.one_of(size, _sizes(site) if head == "sum" else model.data)
            bound = site.opened(site.dims.get(size, size))
            return close(work, _under(site, bound, body), bound.name)
        case ["expect" | "reparam", body]:
            check(site.noise or head == "expect", "'reparam', but no latent moves")
            return expectation(site, body)
        case ["add", _, _, *_]:
            return work.add(*(evaluate(site, part) for part in term[1:]))
        case ["mul", _, _, *_] if 0 not in term[1:]:
            return work.product(*(evaluate(site, part) for part in term[1:]))
        case ["pow", base, exponent]:
            q = _rational(exponent)
            small = q and max(abs(q.numerator), q.denominator) <= terms.MAX_EXPONENT
            require(small, exponent, f"not an exponent (1 to {terms.MAX_EXPONENT})")
            natural = q.denominator == 1 and q > 0
            return _power(site, evaluate(site, base) if natural else _in_factors(site, base), q)
        case ["fun", _, _, _] | ["field", _, _, _]:
            return _abstract(site, *term)
        case [_, inner] if head in terms.FUNCTIONS:
            return _function(site, head, inner)
        case ["logdet" | "trace", _] | ["quad" | "entry", _, _, _]:
            return _of_matrix(site, term)
        case ["logp" | "logh" | "H", name, *positions]:
            factor = model.factors[terms.one_of(name, model.factors)]
            plate = model.data_plate(factor.of[0])
            return _factor(site, term[0], factor, site.indices(positions, [plate] if plate else []))
        case ["objective"]:
            return evaluate(site.apart(terms.OF_STEP), site.objective)
        case ["D", inner]:
            require(not site.omega, term, "D under an expectation (which variable stands still?)")
            return split(evaluate(replace(site, moving=True, heads=terms.UNDER_D), inner))[1]
    raise Malformed(f"{shown(term)}: {head!r} with {len(term) - 1} such entries")


def _under(site: Site, bound: Bound, term: Term) -> Polynomial:
    return evaluate(replace(site, scope=(*site.scope, bound)), term)


def _sizes(site: Site, counted: bool = False) -> list[str]:
    """What a sum may run over: a family knows its own, and data have means, not sums."""
    model = site.statement.model
    plates = [size for size in model.sizes if counted or size not in model.data]
    return [*site.dims] or plates


def _head(site: Site, term: Term) -> str:
    """The head of a list, if it may stand here; a place may allow the entropy of some factors."""
    require(isinstance(term, list) and term and isinstance(term[0], str), term, "not a term")
    some = f"H {term[1]}" if term[0] == "H" and len(term) > 1 else term[0]
    allowed = not site.heads.isdisjoint((term[0], some))
    require(allowed, some, "a head not known or not allowed here")
    return term[0]


def _rational(term: Term) -> Fraction:
    match term:
        case int() if type(term) is int:
            return Fraction(term)
        case ["frac", p, q] if type(p) is type(q) is int and q >= 2 and gcd(p, q) == 1:
            return Fraction(p, q)
    raise Malformed(f"{shown(term)}: not an integer, nor a fraction in lowest terms")


def _array(arrays: Mapping[str, terms.Array], name: Any, matrix: bool) -> terms.Array:
    known = [n for n, array in arrays.items() if (array.range in terms.MATRICES) == matrix]
    return arrays[terms.one_of(name, known)]


def _declared(model: terms.Model, name: Any, matrix: bool) -> terms.Variable:
    known = [*model.variables, *model.lags]
    known = [n for n in known if (model.variable(n).support == "posdef") == matrix]
    return model.variable(terms.one_of(name, known))


def _binding(site: Site, term: Term, matrix: bool) -> Any:
    """An argument, or the variable, of the family that the place is in."""
    asked = {n: b for n, b in site.bindings.items() if (n == "var") == (term[0] == "var")}
    known = {n: b for n, b in asked.items() if isinstance(b, Matrix) == matrix}
    return known[terms.one_of("var" if term[0] == "var" else term[1], known)]


def motion(site: Site, name: str, indices: Sequence[Bound] = ()) -> Polynomial:
    """D of a parameter: its direction, a term under its own plates alone; a matrix moves by a
    multiple of itself, ["scaled", t, ["mat", name]]."""
    if not site.moving or name not in site.statement.direction:
        return {}
    term, array = site.statement.direction[name], site.statement.model.parameters[name]
    term = multiple(term, ["mat", name]) if array.range in terms.MATRICES else term
    return evaluate(site.apart(terms.OF_DIRECTION, *indices, moving=False), term)


def multiple(motion: Term, letter: Term) -> Term:
    fits = isinstance(motion, list) and len(motion) == 3 and motion[::2] == ["scaled", letter]
    require(fits, motion, f"not a multiple of {letter[1]}")
    return motion[1]


def _in_factors(site: Site, term: Term) -> Polynomial:
    """A term that is > 0 by a sum with squares as a product of positive factors."""
    work, found = site.work, evaluate(site, term)
    value, change = split(found)
    if work.surely_positive(value) or not _sign(site, term):
        return found
    return site.moved({frozenset(work.bases(value).items()): Fraction(1)}, change)


def _sign(site: Site, term: Term) -> bool | None:
    """True: certainly > 0, False: certainly >= 0, None: neither is seen."""
    match term:
        case ["add" | "mul" as head, *parts]:
            signs = [_sign(site, part) for part in parts]
            if None not in signs:
                return any(signs) if head == "add" else all(signs)
        case ["pow", base, int() as power] if power % 2 == 0:
            return bool(_sign(site, base))
    return site.work.sign(split(evaluate(site, term))[0])


def _power(site: Site, base: Polynomial, q: Fraction) -> Polynomial:
    """D u^q = q u^(q-1) D u; of a sum that may be 0 the square root alone, by the rate of u."""
    (v, d), work = split(base), site.work
    if q == Fraction(1, 2) and len(v) > 1 and work.sign(v) is False:
        plain = all(not a.bodies and e.denominator == 1 for mono in v for a, e in mono)
        check(plain or site.still(v), "the root of what may be 0 moves")
        value = work.root(v)
        return site.moved(value, work.product(constant(q), _rate(site, v, d), value))
    fits = d or not 0 < q < 1 or work.surely_positive(v) or site.still(v)
    check(fits, "a root of what may be 0 moves")
    slope = work.product(constant(q), work.power(v, q - 1)) if d else {}
    return site.moved(work.power(v, q), work.product(slope, d))


def _log(site: Site, inner: Polynomial) -> Polynomial:
    """D log u = D u / u."""
    (v, d), work = split(inner), site.work
    return site.moved(work.logarithm(v), work.product(d, work.power(v, Fraction(-1))) if d else {})


def _function(site: Site, head: str, inner: Term) -> Polynomial:
    """D f(u) = f'(u) D u, f' by the table of functions; D e^u = e^u D u; D |u| = r |u| where
    D u = r u, at u = 0 as well."""
    work = site.work
    if head == "log":
        found = _in_factors(site, inner)
        positive = work.surely_positive(split(found)[0])
        check(positive, f"{shown(inner)}: not shown to be positive")
        return _log(site, found)
    v, d = split(evaluate(site, inner))
    if head == "exp":
        value = slope = work.exponential(v)
    elif head == "abs":
        slope, value = _rate(site, v, d), work.absolute(v)
        d = value
    elif head in ("softplus", "sigmoid"):  # log(1 + e^v) and e^v / (1 + e^v)
        grown = work.exponential(v)
        sum_ = work.add(constant(1), grown)
        slope = work.product(grown, work.power(sum_, Fraction(-1)))
        value = work.logarithm(sum_) if head == "softplus" else slope
        if head == "sigmoid":
            slope = work.product(slope, work.power(sum_, Fraction(-1)))
    else:
        row = ROWS[head]
        above = not row.above or _sign(site, inner)
        check(above, f"{head} of {shown(inner)}: not shown to be positive")
        fits = row.slope or (site.still(v) if head in INDICATORS else not d)
        check(fits, f"{shown(inner)} moves: {head} is not differentiated")
        inside = site.apart(terms.OF_FAMILY, bindings={"var": ([], lambda: v)})
        turned = row.odd and not leads(v)  # f(-u) = -f(u)
        value = _at_number(site, head, row, work.negative(v) if turned else v)
        value = work.negative(value) if turned else value
        slope = evaluate(inside, row.slope) if d else {}
    return site.moved(value, work.product(slope, d))


def _rate(site: Site, v: Polynomial, d: Polynomial) -> Polynomial:
    """r of D u = r u, where r is finite at u = 0 as well: then D |u| = r |u|."""
    mono, work = next(iter(v), ONE), site.work
    inverse = {frozenset((a, -e) for a, e in mono): 1 / v[mono]} if v else {}
    rates = [{}, *(work.product({m: c}, inverse) for m, c in d.items())]
    rates = [r for r in rates if all(e > 0 or a.positive for m in r for a, e in m)]
    fitting = [r for r in rates if work.equal(d, work.product(r, v))]
    check(fitting, "what an absolute value is taken of does not move by a multiple of itself")
    return fitting[0]


def _at_number(site: Site, head: str, row: Row, v: Polynomial) -> Polynomial:
    """gamma(x + 1) = x gamma(x), gamma(1) = 1, gamma(1/2) = sqrt pi, and for digamma the derivative
    of that, digamma(1/2) = digamma(1) - 2 log 2; any other value stays whole."""
    x, work = v.get(ONE, Fraction(0)), site.work
    whole = head not in ("loggamma", "digamma") or v.keys() != {ONE}
    if whole or x.denominator > 2 or x > 40:
        return of(work.atom(head, bodies=(key(v),), range_=row.range_))
    factor, slope = Fraction(1), Fraction(0)
    while x > 1:
        x -= 1
        factor, slope = factor * x, slope + 1 / x
    if head == "digamma":
        one = of(work.atom(head, bodies=(key(constant(1)),), range_=row.range_))
        half = work.product(constant(4 * x - 4), work.logarithm(constant(2)))
        return work.add(one, half, constant(slope))
    root = work.product(constant(1 - x), work.logarithm(site.symbol("pi")))
    return work.add(work.logarithm(constant(factor)), root)


def _vector(site: Site, raw: Any, *indices: Bound) -> Polynomial:
    """The component of ["vec", size, body] at this index; of a matrix, a vec of a vec, at two."""
    for index in indices:
        fits = isinstance(raw, list) and len(raw) == 3 and raw[0] == "vec"
        word = terms.one_of(raw[1], _sizes(site)) if fits else ""
        require(site.dims.get(word, word) == index.size, raw, f"not a vector of size {index.size}")
        site, raw = replace(site, scope=(*site.scope, index)), raw[2]
    return evaluate(site, raw)


def _inputs(site: Site, net: terms.Array, vectors: Any) -> tuple:
    """The inputs of a network as bodies of its atom; a network stands still if they do."""
    fits = isinstance(vectors, list) and len(vectors) == len(net.inputs)
    require(fits, vectors, f"not {len(net.inputs)} inputs")
    bodies = []
    for raw, size in zip(vectors, net.inputs, strict=True):
        index = site.opened(size)
        value, change = split(_vector(site, raw, index))
        check(not change, f"the input {shown(raw)} of {net.name} moves: it has no D")
        bodies.append(key(_function_of(site, value, index)))
    return tuple(bodies)


def _abstract(site: Site, head: str, name: Any, place: Any, raw: Term) -> Polynomial:
    """A function that nobody wrote down, by its name: D f(u) = f'(u) D u, with the k-th derivative
    at ["fun", f, k, u]; and of a vector D f(u) = sum_i (d_i f)(u) D u_i, with d_i f at
    ["field", f, [i], u], which has no D."""
    work = site.work
    terms.one_of(name, site.statement.model.functions)
    if head == "fun":
        known = type(place) is int and 0 <= place <= terms.MAX_EXPONENT
        require(known, place, "not the order of a derivative")
        v, d = split(evaluate(site, raw))
        f, slope = (
            of(work.atom(head, f"{name} {k}", bodies=(key(v),))) for k in (place, place + 1)
        )
        return site.moved(f, work.product(slope, d))
    fits = isinstance(raw, list) and len(raw) == 3
    word = terms.one_of(raw[1] if fits else raw, _sizes(site))
    index = site.opened(size := site.dims.get(word, word))
    v, d = split(_vector(site, raw, index))
    own = site.indices(place, [size] * len(place) if isinstance(place, list) else [""])
    check(not own or (not d and len(own) == 1), f"{name} is differentiated twice")
    bodies = (key(_function_of(site, v, index)),)
    value = of(work.atom(head, name, tuple(i.name for i in own), (), bodies))
    slope = of(work.atom(head, name, (index.name,), (), bodies))
    return site.moved(value, close(work, work.product(slope, d), index.name) if d else {})


def _function_of(site: Site, value: Polynomial, *indices: Bound) -> Polynomial:
    return of(bind(site.work, "vec", tuple(i.name for i in indices), value))


def matrix(site: Site, term: Term) -> Matrix:
    """A matrix term in normal form. There are no sums of matrices."""
    work, model = site.work, site.statement.model
    work.charge(5)
    _head(site, term)
    match term:
        case ["arg", _] | ["var"]:
            return _binding(site, term, matrix=True)
        case ["mat", name]:
            array = _array(model.parameters, name, matrix=True)
            return letter(site, work.atom(array.range, name), array.plates[0], motion(site, name))
        case ["matnet", name, vectors]:
            array = _array(model.networks, name, matrix=True)
            atom = work.atom(array.range, name, bodies=_inputs(site, array, vectors))
            return letter(site, atom, array.plates[0], {})
        case ["matv", name, *positions]:
            plates = _declared(model, name, matrix=True).plates
            return matrix_variable(site, name, site.indices(positions, plates[:-2]))
        case ["scaled", factor, inner]:
            found = matrix(site, inner)
            return replace(found, scalar=work.product(evaluate(site, factor), found.scalar))
        case ["transposed", inner]:
            found = matrix(site, inner)
            return replace(found, word=matrices.transposed(found.word))
        case ["inverse", inner]:
            found = matrix(site, inner)
            scalar = _power(site, found.scalar, Fraction(-1))
            return Matrix(scalar, matrices.inverse(found.word), found.size)
        case ["matmul", _, _, *_]:
            parts = [matrix(site, part) for part in term[1:]]
            same = all(part.size == parts[0].size for part in parts)
            require(same, term, "a product of matrices of different sizes")
            word = matrices.joined(*(part.word for part in parts))
            return Matrix(work.product(*(part.scalar for part in parts)), word, parts[0].size)
    raise Malformed(f"{shown(term)}: not a matrix that is allowed here")


def letter(site: Site, atom: Atom, size: str, rate: Polynomial) -> Matrix:
    return Matrix(site.moved(constant(1), rate), ((atom, False, False),), size)


def _of_matrix(site: Site, term: Term) -> Polynomial:
    """log det (c W) = size log c + log det W, tr (c W) = c tr W, v^T (c W) w = c sum v_i W_ij w_j,
    (c W)_ij = c W_ij, and log det W is the sum of the letters', whatever W."""
    work = site.work
    found = matrix(site, term[2 if term[0] == "quad" else 1])
    if term[0] == "logdet":
        scale = work.product(site.symbol("size", found.size), _log(site, found.scalar))
        return work.add(scale, matrices.log_det(work, found.word))
    if term[0] == "trace":
        return work.product(found.scalar, matrices.trace(work, found.word, found.size))
    if term[0] == "entry":
        return _entry(site, found, *site.indices(term[2:], [found.size] * 2))
    i, j = site.opened(found.size), site.opened(found.size)
    sides = _vector(site, term[1], i), _vector(site, term[3], j)
    value = work.product(*sides, _entry(site, found, i, j))
    return close(work, value, i.name, j.name)


def _entry(site: Site, found: Matrix, i: Bound, j: Bound) -> Polynomial:
    return site.work.product(found.scalar, matrices.entry(site.work, found.word, i.name, j.name))


def _read(site: Site, name: str, indices: Sequence[Bound]) -> list[Bound]:
    """The indices of a variable that may stand here, a latent one's after what it is bound by."""
    model, declared = site.statement.model, site.statement.model.variable(name)
    reader = site.reader
    check(reader is None or name in reader.given, f"{name} is read, but it is not given")
    modelled = ("latent",) if reader in model.q.values() else ("latent", "observed")
    for bound in indices if declared.role in modelled else ():
        own = site.own.get(bound.size, bound.name) == bound.name
        check(own, f"{name} at another {bound.size} than its own")
    if not model.latent(name):
        return [*indices]
    check(site.omega, f"{name} is latent: it stands under an expectation only")
    still = name in site.noise or model.meant(name).isdisjoint(site.noise)
    check(still, f"{name} would move: there is no noise form of a lag")
    return [Bound(site.omega[declared.name]), *indices]


def variable(site: Site, name: str, indices: Sequence[Bound]) -> Polynomial:
    """A variable: a symbol, or location + scale * noise. With the next, the only way to one."""
    model, ids = site.statement.model, _read(site, name, indices)
    if name in site.noise:
        factor = next(factor for factor in model.q.values() if name in factor.of)
        inside = site.apart(terms.OF_FAMILY, bindings=arguments(site, factor, indices))
        family = model.families[factor.family]
        scaled = site.work.product(evaluate(inside, family.scale), _noise(site, name, indices))
        return site.work.add(evaluate(inside, family.location), scaled)
    return site.symbol("v", name, *ids, range_=model.variable(name).support)


def matrix_variable(site: Site, name: str, indices: Sequence[Bound]) -> Matrix:
    """A variable that is a positive definite matrix, which stands still."""
    ids = tuple(bound.name for bound in _read(site, name, indices))
    size = site.statement.model.variable(name).plates[-1]
    return letter(site, site.work.atom("posdef", name, ids), size, {})


def _noise(site: Site, name: str, indices: Sequence[Bound]) -> Polynomial:
    return site.symbol("eps", name, Bound(site.omega[name]), *indices)


def expectation(site: Site, body: Term) -> Polynomial:
    """E over all latents, jointly: of those whose law stands still, and of each noise. The law is
    that of q, of which no part is used, so that none can be mistaken for another."""
    require(not site.omega, body, "an expectation under another")
    inside = expected(site)
    value = evaluate(inside, body)
    for name in dict.fromkeys(inside.omega.values()):
        value = close(site.work, value, name)
    return value


def expected(site: Site) -> Site:
    """The place under an expectation: one name for all latents that stand still, one each noise."""
    model, still = site.statement.model, site.work.fresh(("latent", ""))
    omega = dict.fromkeys(filter(model.latent, model.variables), still)
    omega |= {name: site.work.fresh(("noise", law)) for name, law in site.noise.items()}
    return replace(site, omega=omega or {"": still})


def arguments(
    site: Site, factor: Factor, indices: Sequence[Bound], *klass: Bound, base: bool = False
) -> dict[str, Any]:
    """The arguments of a factor's family (or of its base measure) at the indices of its variable,
    each within its range, as `bindings`: the only way into a family, and the one place that says
    what a factor may read. Its arguments see the plates of `of`, without those of one draw of the
    family, then the class; of variables those of `given`, and along a lagged plate what is modelled
    at their own index alone, or z at one time could depend on itself."""
    model, work = site.statement.model, site.work
    family = model.families[factor.family]
    lagged = {lag.plate for lag in model.lags.values()}
    own = {bound.size: bound.name for bound in indices if bound.size in lagged}
    dims = family.dims(*(index.size for index in indices))
    scope = (*family.alike(indices), *klass)
    whole = site.apart(terms.OF_MODEL, *scope, reader=factor, own=own)
    count = len(family.arguments)
    require(len(factor.arguments) == count, factor.arguments, f"not {count} arguments")
    found: dict[str, Any] = {}
    for (name, range_), term in zip(family.arguments.items(), factor.arguments, strict=True):
        if base and name not in named(family.log_base_measure, "arg"):
            continue
        if range_.startswith("posdef"):
            value = found[name] = matrix(whole, term)
            require(value.size == spans(range_, dims)[0], term, "not a matrix of the plate's size")
            positive, symmetric = split(value.scalar)[0], matrices.surely_posdef(value.word)
            fits = work.surely_positive(positive) and symmetric
        elif range_ in terms.OF_ENTRIES:
            entry = [*map(site.opened, sizes := spans(range_, dims))]
            value, _ = split(_vector(whole, term, *entry))
            found[name] = sizes, lambda *i, term=term: _vector(whole, term, *i)
            fits = range_ in ("vector", "matrix")
            fits = fits or (range_ == "simplex" and _on_simplex(value, *entry))
            fits = fits or (range_ == "positives" and work.surely_positive(value))
        else:
            value = evaluate(whole, term)
            found[name] = [], lambda value=value: value
            fits = _in_range(work, range_, split(value)[0])
        check(fits, f"{name} of {factor.name}: {shown(term)}: not shown to be {range_}")
    return found


def spans(range_: str, dims: Mapping[str, str]) -> list[str]:
    """The sizes of the indices of an argument, of a positive definite one without the second."""
    words = ["rows"] * (range_ in (terms.OF_ROWS, "matrix"))
    words += ["dim"] * (range_ in (*terms.OF_ENTRIES, "posdef"))
    return [dims[word] for word in words]


def _in_range(work: Work, range_: str, value: Polynomial) -> bool:
    """Whether a number surely lies in the range of an argument; an angle is what is declared so."""
    if range_ == "angle":
        return any(value == of(a) and a.range == "angle" for mono in value for a, _ in mono)
    if range_ == "nonnegative":
        return work.sign(value) is not None
    rest = work.add(constant(1), work.negative(value)) if range_ == "unit" else constant(1)
    return range_ == "real" or (work.surely_positive(value) and work.surely_positive(rest))


def _on_simplex(value: Polynomial, index: Bound) -> bool:
    """Whether these are the entries of an array that is declared so, at its last index."""
    atoms = (a for mono in value for a, _ in mono if a.range == "simplex" and value == of(a))
    return any(sums_to_one(atom, Fraction(1), index.name) for atom in atoms)


def _factor(site: Site, head: str, factor: Factor, data: list[Bound]) -> Polynomial:
    """A factor's log density or log base measure at its variable, or its entropy: a sum over the
    plates, and with `select` over the classes, sum_k c_k (...)_k."""
    model, work, name = site.statement.model, site.work, factor.of[0]
    if factor.family == terms.ANY:
        require(head == "H", head, f"{factor.name} is any law, of which nothing is known")
        return site.symbol("entropy of q", factor.name, *data)
    family, plates = model.families[factor.family], model.variable(name).plates
    indices = [*data, *map(site.opened, plates[len(data) :])]
    alike, dims = family.alike(indices), family.dims(*(index.size for index in indices))
    chosen = model.variable(factor.select).plates if factor.select else []
    klass = [*map(site.opened, chosen[-1:])]
    bindings = arguments(site, factor, indices, *klass, base=head == "logh")
    inside = site.apart(family.heads, bindings=bindings, dims=dims)
    if head == "H":
        value = _entropy(inside, factor)
    else:
        own = [*dims.values()], lambda *i: variable(site, name, [*alike, *i])
        whole = family.support == "posdef"
        bindings["var"] = matrix_variable(site, name, alike) if whole else own
        value = evaluate(inside, family.log_base_measure if head == "logh" else family.log_density)
    if factor.select:
        by_size = {bound.size: bound for bound in alike}
        entry = variable(site, factor.select, [*(by_size[s] for s in chosen[:-1]), *klass])
        value = work.product(entry, value)
    for bound in [*klass, *reversed(alike[len(data) :])]:
        value = close(work, value, bound.name)
    return value


def _entropy(site: Site, factor: Factor) -> Polynomial:
    """The certificate's entropy, or an atom that nobody looks into and that must stand still:
    log scale + H(shape) for location + scale * noise, else H(arguments). With a base measure, the
    entropy of a factor of q is the entropy itself, and those of p are pseudo entropies."""
    model, certificates = site.statement.model, site.statement.certificates
    family = model.families[factor.family]
    itself = factor.name in model.q and family.log_base_measure != 0
    if family.name in certificates and not itself:
        return evaluate(site, certificates[family.name].entropy)
    located = family.location is not None and family.log_base_measure == 0
    names = family.shape if located else family.arguments
    values = [bound_value(site, site.bindings[name]) for name in names]
    moves = any(change for _, change in values)
    check(not moves, f"H of {factor.name} moves, and {family.name} has no certificate for it")
    head = "entropy itself" if itself else "entropy"
    sizes = (site.symbol("size", size) for size in site.dims.values())  # of vectors and matrices
    bodies = tuple(map(key, [*sizes, *(value for value, _ in values)]))
    opaque = of(site.work.atom(head, family.name, bodies=bodies))
    return site.work.add(opaque, _function(site, "log", family.scale) if located else {})


def bound_value(site: Site, argument: Any) -> tuple[Polynomial, Polynomial]:
    """An argument as one value, and its D: what has entries is bound by their indices."""
    if isinstance(argument, Matrix):
        sizes = [argument.size] * 2
        function = partial(_entry, site, argument)
    else:
        sizes, function = argument
    indices = [*map(site.opened, sizes)]
    value, change = split(function(*indices))
    return (_function_of(site, value, *indices) if indices else value), change
