r"""Linearity of sums, data means and expectations: distribute them over addends and pull constants out.

Every binder of the language is linear, so $\sum_h(a\,f_h+b)=a\sum_hf_h+Hb$, and the same for $\frac1N\sum_n$ and $\mathbb E_{q_n}$, whose
measure of 1 is 1. Constants only ever move outwards, so no index is captured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

import sympy as sp

from entropysym.errors import WorkLimitError
from entropysym.language.formula import (
    Node,
    arg_of,
    args_of,
    array_of,
    inside,
    of_type,
    replaced,
    substituted,
    sum_over,
)
from entropysym.language.functions import logs_undone
from entropysym.language.heads import (
    DataMean,
    Entropy,
    LogBaseMeasure,
    LogDensity,
    Vector,
    _Binder,
    _Expectation,
)
from entropysym.language.matrices import Quadratic, is_symmetric
from entropysym.language.symbols import LatentArray, NoiseArray, OneHotDatum, OneHotLatent

_left: ContextVar[list[int] | None] = ContextVar("_left", default=None)


@contextmanager
def limited_work(addends: int) -> Iterator[None]:
    """Inside, expressions may be multiplied out into this many addends in all; then `WorkLimitError` is raised. Clocks have no say."""
    token = _left.set([addends])
    try:
        yield
    finally:
        _left.reset(token)


def _charged(e: sp.Expr) -> sp.Expr:
    left = _left.get()
    if left is not None:
        left[0] -= len(e.args) if isinstance(e, sp.Add) else 1
        if left[0] < 0:
            raise WorkLimitError("its expressions are too large to be multiplied out")
    return e


def distributed(expression: sp.Expr, *, powers: bool = False) -> sp.Expr:
    """The expression as a sum of addends, each a constant times nested binders; logarithms of products are split.

    With `powers`, powers of sums are multiplied out too and sums in denominators are divided by, so that equal expressions
    become alike; without, $(x-\\mu)^2$ stays as a reader knows it.
    """
    return _expanded(_inside_out(expression, powers), powers)


def _expanded(e: sp.Expr, powers: bool) -> sp.Expr:
    """One level multiplied out; it is charged for whether it is remembered or not."""
    return _charged(_one_level(e, powers))


@lru_cache(maxsize=2**12)
def _one_level(e: sp.Expr, powers: bool) -> sp.Expr:
    e = logs_undone(e) if holds(e, (sp.log,)) else e
    e, denominators = _denominators_masked(e, factored=powers)
    e = _multiplied_out(e, powers)
    logs = e.atoms(sp.log) if holds(e, (sp.log,)) else ()
    under = [f.args[0] for f in logs if not f.args[0].is_Symbol]
    if under:
        split = sp.expand_log(e)
        if split != e:
            e = _multiplied_out(split, powers)
            if any(u.has(sp.exp) for u in under):  # what stood under the exponential is a sum
                e = _inside_out(e, powers)
    e = _exponentials_split(e)
    if powers and denominators:
        e = sp.Add(*(_divided(a, denominators, [_DIVISIONS]) for a in addends(e)))
    meant: dict[sp.Expr, sp.Expr] = {}
    for symbol, whole in denominators.items():  # a later one may hold an earlier one
        meant[symbol] = substituted(whole, meant)
    return substituted(e, meant) if meant else e


def _multiplied_out(e: sp.Expr, powers: bool) -> sp.Expr:
    """Products of sums as sums of products; what binders hold has been multiplied out before, and is not walked again."""
    if isinstance(e, sp.Add):
        return sp.Add(*(_multiplied_out(a, powers) for a in args_of(e)))
    if not isinstance(e, sp.Mul):
        return _factor_out(e, powers)
    sums, plain = [], []
    for f in args_of(e):
        one = _factor_out(f, powers)
        (sums if isinstance(one, sp.Add) else plain).append(one)
    if not sums:
        return sp.Mul(*plain)
    products = [sp.Mul(*plain)]
    for s in sums:
        products = [sp.Mul(p, t) for p in products for t in args_of(s)]
    return sp.Add(*products)


@lru_cache(maxsize=2**14)
def _factor_out(f: sp.Expr, powers: bool) -> sp.Expr:
    if not f.args or isinstance(f, (sp.Sum, DataMean, _Expectation)):
        return f
    hints = {"power_base": False, "power_exp": False, "multinomial": powers, "log": False}
    return f.expand(basic=False, **hints)


#: Divisions that one addend may take.
_DIVISIONS = 60


def _divided(
    addend: sp.Expr, denominators: Mapping[sp.Expr, sp.Expr], left_over: list[int]
) -> sp.Expr:
    r"""Polynomial division by the sums in the denominators: $\frac s{s+t}=1-\frac t{s+t}$, so that fractions can be compared; beside a number, $\frac1{s(s-1)}=\frac1{s-1}-\frac1s$.

    Several denominators may lead in a circle, so there is a limit; what is left undivided is only not recognised.
    """
    powers = dict(map(_power, sp.Mul.make_args(addend)))
    for symbol, meant in denominators.items():
        lead = _leading(meant) if powers.get(symbol, sp.S.Zero).is_negative else None
        if lead is not None and all(
            (powers.get(b, sp.S.Zero) - k).is_nonnegative for b, k in map(_power, lead[0])
        ):
            left_over[0] -= 1
            if left_over[0] < 0:
                return addend
            leading = lead[1] * sp.Mul(*lead[0])
            left = addend / leading
            rest = meant - leading
            quotient = left * symbol, *addends(_multiplied_out(-left * rest, True))
            return sp.Add(*(_divided(a, denominators, left_over) for a in quotient))
        if lead is not None and len(lead[0]) == 1:
            leading, (base, _) = lead[1] * lead[0][0], _power(lead[0][0])
            rest = meant - leading
            if rest.is_number and rest != 0 and powers.get(base, 0) < 0:
                left_over[0] -= 1
                if left_over[0] < 0:
                    return addend
                apart = addend * symbol / rest, -addend * leading / rest
                return sp.Add(*(_divided(a, denominators, left_over) for a in apart))
    return addend


def _power(factor: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Base and exponent; of an exponential the base is an exponential too: $e^{2r}=(e^r)^2$."""
    if isinstance(factor, sp.exp):
        times, rest = inside(factor).as_coeff_Mul()
        return sp.exp(rest), times
    return factor.as_base_exp()


@lru_cache(maxsize=2**12)
def _leading(denominator: sp.Expr) -> tuple[tuple[sp.Expr, ...], sp.Expr] | None:
    """(factors, c) if the sum is c times the factors, all positive powers, plus lower powers of one of them; c is a number."""
    found = []
    for addend in addends(denominator):
        coefficient, product = addend.as_coeff_Mul()
        factors = sp.Mul.make_args(product)
        others = [_power(f) for a in addends(denominator - addend) for f in sp.Mul.make_args(a)]
        for base, exponent in map(_power, factors):
            lower = all(
                b != base or (exponent - e).is_positive for b, e in others if not b.is_Number
            )
            whole = all(k.is_Rational and k > 0 for _, k in map(_power, factors))
            if lower and whole and not base.is_number:
                found.append((base.sort_key(), factors, coefficient))
    return min(found, key=lambda lead: lead[0])[1:] if found else None


@lru_cache(
    maxsize=2**14
)  # the same sums come back, as new objects of which SymPy knows nothing yet
def _is_positive(e: sp.Expr) -> bool | None:
    return e.is_positive


def _denominators_masked(e: sp.Expr, *, factored: bool) -> tuple[sp.Expr, dict[sp.Expr, sp.Expr]]:
    r"""Sums under logarithms and negative powers as symbols, which are kept whole, and what each stands for.

    Multiplied out, $(s+t)^{-1}$ and $(2s+2t)^{-1}$ would no longer be seen to belong together; `factored` sees that they do.
    """
    masks: dict[sp.Expr, sp.Expr] = {}  # a sum without common factors -> a multiple of its symbol
    meant: dict[sp.Expr, sp.Expr] = {}

    def symbol(base: sp.Expr) -> sp.Expr:
        if base.is_Add and base not in masks:
            lead = _leading(base) if factored else None
            scale = lead[1] if lead else sp.S.One
            masks[base] = scale * sp.Dummy("sum", positive=_is_positive(base / scale))
            whole = _multiplied_out(base / scale, True) if lead else base
            meant[masks[base] / scale] = _exponentials_split(whole) if factored else whole
        return masks.get(base, base)

    def mask(base: sp.Expr) -> sp.Expr:
        product = _factored(base) if factored else base
        powers = [f.as_base_exp() for f in sp.Mul.make_args(product)]
        return sp.Mul(*(symbol(b) ** exponent for b, exponent in powers))

    def whole(f: sp.Expr) -> bool:
        kept = isinstance(f, sp.Pow) and f.exp.could_extract_minus_sign()
        return (kept or isinstance(f, sp.log)) and f.args[0].is_Add

    if not holds(e, (sp.Pow, sp.log)) or not any(map(whole, e.atoms(sp.Pow, sp.log))):
        return e, {}

    def masked(f: sp.Expr) -> sp.Expr:
        return of_type(f.func(mask(arg_of(f, 0, sp.Expr)), *f.args[1:]), sp.Expr)

    return _each_once(e, (sp.Pow, sp.log), whole, masked), meant


#: Addends of a sum that is factored into polynomials.
_FACTORED = 6


@lru_cache(maxsize=2**12)
def _factored(e: sp.Expr) -> sp.Expr:
    """`factor`, which would write the exponential of a sum over an index as a product.

    A long sum, and a positive one whose factors are not all seen to be positive, $1+s^{17}$, is left with its common factor taken out.
    """
    if isinstance(e, sp.Add) and len(e.args) > _FACTORED:
        return of_type(sp.gcd_terms(e), sp.Expr)
    held = {f: _power(f) for f in e.atoms(sp.exp) if f.args and f.has(sp.Sum)}
    names = {base: sp.Dummy(positive=True) for base, _ in held.values()}
    hidden = substituted(e, {f: names[base] ** times for f, (base, times) in held.items()})
    factors = of_type(sp.factor(hidden), sp.Expr)
    if hidden.is_positive and not all(p.is_positive for p in sp.Mul.make_args(factors)):
        return of_type(sp.gcd_terms(e), sp.Expr)
    return substituted(factors, {name: base for base, name in names.items()})


def _exponentials_split(e: sp.Expr) -> sp.Expr:
    """$e^{a+b}$ as $e^ae^b$: SymPy does not see that $e^{a+b}e^{-a-b}$ is 1, and its own splitting turns sums into products."""
    if not holds(e, (sp.exp,)):
        return e
    return _each_once(
        e,
        (sp.exp,),
        lambda f: isinstance(f, sp.exp) and f.args[0].is_Add,
        lambda f: sp.Mul(*(sp.exp(a) for a in args_of(inside(f)))),
    )


def exponentials_merged(e: sp.Expr) -> sp.Expr:
    """$e^ae^b$ as $e^{a+b}$, for the eye."""

    def merged(product: sp.Expr) -> sp.Expr:
        exponents = [inside(f) for f in product.args if isinstance(f, sp.exp)]
        others = [f for f in args_of(product) if not isinstance(f, sp.exp)]
        return sp.Mul(*others, sp.exp(sp.Add(*exponents)))

    return replaced(
        e, lambda f: f.is_Mul and sum(isinstance(a, sp.exp) for a in f.args) > 1, merged
    )


@lru_cache(maxsize=2**13)  # the same parts come back in every step of a derivation
def _inside_out(e: sp.Expr, powers: bool) -> sp.Expr:
    if isinstance(e, sp.Sum):
        body = arg_of(e, 0, sp.Expr)
        for limit in e.limits:
            body = _over(
                body,
                lambda f, i=limit[0]: i in f.free_symbols,
                lambda rest, lim=limit: (
                    sp.S.One if _is_class(rest, lim[0]) else sum_over(rest, lim)
                ),
                limit[2],
                powers,
            )
        return body
    if isinstance(e, DataMean):
        return _over(
            e.body,
            lambda f: e.index in f.free_symbols,
            lambda rest: DataMean(rest, e.index),
            sp.S.One,
            powers,
        )
    if isinstance(e, _Expectation):
        return _over(e.body, reads_latent, e.over, sp.S.One, powers)
    if isinstance(e, Quadratic):
        return _bilinear(e) if powers else e
    if isinstance(e, (sp.Add, sp.Mul, sp.Pow)):
        return _expanded(e.func(*(_inside_out(a, powers) for a in e.args)), powers)
    return e


def _is_class(e: sp.Expr, index: sp.Symbol) -> bool:
    """Whether this is an entry of a one-hot vector at its last index, over which it sums to 1."""
    if not isinstance(e, sp.Indexed) or not isinstance(array_of(e), (OneHotDatum, OneHotLatent)):
        return False
    return e.indices[-1] == index and index not in e.indices[:-1]


def _bilinear(e: Quadratic) -> sp.Expr:
    """$v^\\top Mw$ as a sum over the addends of v and w, scalars pulled out; a symmetric M lets v and w change places."""
    found = []
    for a, u in _components(e.left):
        for b, v in _components(e.right):
            if is_symmetric(e.word):
                u_, v_ = sorted((u, v), key=sp.default_sort_key)
            else:
                u_, v_ = u, v
            found.append(a * b * Quadratic(u_, e.word, v_))
    return sp.Add(*found)


def _components(vector: Vector) -> list[tuple[sp.Expr, Vector]]:
    """A vector as scalars times vectors."""
    out = []
    for addend in addends(distributed(vector.body, powers=True)):
        scalar, kept = addend.as_independent(vector.index, as_Add=False)
        out.append((scalar, vector.of(kept)))
    return out


def _over(
    body: sp.Expr,
    depends: Callable[[sp.Expr], bool],
    wrap: Callable[[sp.Expr], sp.Expr],
    measure: sp.Expr,
    powers: bool,
) -> sp.Expr:
    """Distribute one binder; `measure` is what the binder makes of 1."""
    found = []
    for addend in addends(distributed(body, powers=powers)):
        kept, outside = [], []
        for factor in sp.Mul.make_args(addend):
            (kept if depends(factor) else outside).append(factor)
        inner = sp.Mul(*kept)
        found.append(sp.Mul(*outside, measure if inner == 1 else wrap(inner)))
    # All at once: added one by one, each addend would be compared with all before.
    return sp.Add(*found)


def vanishes(expression: sp.Expr) -> bool:
    """Whether an expression is zero by algebra; logarithms of numbers are split into those of primes."""
    rest = distributed(expression, powers=True)
    primes = replaced(
        rest,
        lambda f: isinstance(f, sp.log) and f.args[0].is_Rational,
        lambda f: sp.expand_log(f, factor=True),
    )
    if sp.expand(primes) == 0:
        return True
    numerator, _ = sp.fraction(sp.together(primes))
    return sp.expand(numerator) == 0


@lru_cache(maxsize=2**15)
def reads_latent(e: sp.Basic) -> bool:
    """Whether the latent, or the noise it is made of, stands in an expression; subexpressions come back, so their answers are kept."""
    if isinstance(e, (LatentArray, NoiseArray)):
        return True
    if isinstance(e, (LogDensity, Entropy, LogBaseMeasure)):
        return e.reads_latent
    return any(map(reads_latent, e.args))


@lru_cache(maxsize=2**16)
def holds(e: sp.Basic, kinds: tuple[type, ...]) -> bool:
    """Whether an expression of one of the kinds stands in e; `atoms` would walk through e each time."""
    return isinstance(e, kinds) or any(holds(a, kinds) for a in e.args)


def _each_once(
    e: sp.Expr,
    kinds: tuple[type, ...],
    which: Callable[[sp.Expr], object],
    by: Callable[[sp.Expr], sp.Expr],
) -> sp.Expr:
    """What `replaced` makes of it, for parts of some kinds: a part that stands in many addends is looked at once, and what holds no such part not at all."""
    done: dict[sp.Basic, sp.Basic] = {}

    def walk(f: sp.Basic) -> sp.Basic:
        if f not in done:
            new = f
            if holds(f, kinds):
                args = tuple(map(walk, f.args))
                new = f if args == f.args else f.func(*args)
                new = by(new) if isinstance(new, sp.Expr) and which(new) else new
            done[f] = new
        return done[f]

    return of_type(walk(e), sp.Expr)


def addends(expression: sp.Expr) -> tuple[sp.Expr, ...]:
    """The addends of an expression, itself if it has only one."""
    return sp.Add.make_args(expression)


def with_fresh_indices(e: Node) -> Node:
    """Rename every bound summation index to a symbol of its own, so that stripping one sum cannot capture another's index."""
    if not e.args or not e.has(sp.Sum):
        return e
    e = e.func(*(with_fresh_indices(a) for a in e.args))
    if isinstance(e, sp.Sum):
        new = {lim[0]: sp.Dummy(lim[0].name, integer=True, positive=True) for lim in e.limits}
        limits = ((new[i], lower, upper) for i, lower, upper in e.limits)
        return of_type(sp.Sum(e.function.xreplace(new), *limits), type(e))
    return e


def counts_joined(expression: sp.Expr, counts: tuple[sp.Symbol, ...]) -> sp.Expr:
    r"""$\frac N{N+M}a+\frac M{N+M}a=a$: what every data plate has counts once."""
    total = sp.Add(*counts)
    found: dict[sp.Expr, dict[sp.Symbol, sp.Expr]] = {}
    rest: list[sp.Expr] = []
    for addend in addends(expression):
        factors = sp.Mul.make_args(addend)
        own = [c for c in counts if c in factors]
        if 1 / total in factors and len(own) == 1:
            key = sp.Mul(*(f for f in factors if f not in (*own, 1 / total)))
            found.setdefault(key, {})[own[0]] = addend
        else:
            rest.append(addend)
    for key, parts in found.items():
        rest += [key] if set(parts) == set(counts) else list(parts.values())
    return sp.Add(*rest)


def collected(expression: sp.Expr, sizes: tuple[sp.Symbol, ...]) -> sp.Expr:
    r"""Gather constant logarithms with the same factor: $-\frac D2\log2-\frac D2\log\pi-\frac D2$ becomes $-\frac D2\log(2\pi e)$."""
    groups: dict[sp.Expr, sp.Expr] = {}
    rest: list[sp.Expr] = []
    for addend in addends(expression):
        factor: sp.Expr = sp.S.One
        logs: sp.Expr = sp.S.One
        for f in sp.Mul.make_args(addend):
            if isinstance(f, sp.log):
                logs *= f
            else:
                factor *= f
        plain = not factor.atoms(_Binder, _Expectation, sp.Sum, sp.Indexed)
        if logs == 1 and plain and factor.free_symbols and factor.free_symbols <= set(sizes):
            argument: sp.Expr = sp.E
        elif isinstance(logs, sp.log):
            argument = inside(logs)
        else:
            rest.append(addend)
            continue
        if factor.could_extract_minus_sign():
            factor, argument = -factor, 1 / argument
        groups[factor] = groups.get(factor, sp.S.One) * argument
    for factor, argument in groups.items():
        numerator, _ = argument.as_numer_denom()
        rest.append(-factor * sp.log(1 / argument) if numerator == 1 else factor * sp.log(argument))
    return sp.Add(*rest)
