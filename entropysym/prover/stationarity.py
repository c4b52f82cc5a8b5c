r"""Stationarity conditions as plain expressions, one for each learned parameter.

The gradient is read off the derivative along a test direction: $D_wF=\sum_hw_h\,g_h$, so $g_h=\partial F/\partial\theta_h$. Where the gradient
is $A\theta^p+B\theta^q$ with A and B free of θ, the condition is solved: $\theta^{q-p}=-A/B$.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import sympy as sp

from entropysym.errors import InputError
from entropysym.language.algebra import (
    addends,
    distributed,
    exponentials_merged,
    with_fresh_indices,
)
from entropysym.language.heads import (
    DataMean,
    LawExpectation,
    LocationScaleExpectation,
    NoiseExpectation,
    OtherNoiseExpectation,
    _Expectation,
)
from entropysym.language.matrices import Matrix, Quadratic, Scaled
from entropysym.language.objective import (
    latents_written_out,
    objective,
    reparametrised,
    spelled_out,
)
from entropysym.language.records import Family, Model, Parameter
from entropysym.language.symbols import LATENT, NOISE
from entropysym.prover.motion import along


def stationarity_conditions(model: Model, entropies: Mapping[Family, sp.Expr]) -> dict[str, sp.Eq]:
    r"""For each learned parameter the equation that holds exactly where the objective's $\partial/\partial\theta$ is 0.

    Solved for a power of the parameter where that is possible ($\sigma^2=\dots$), otherwise the gradient set equal to zero. Parameters
    that only an abstract network reads are left out: their gradient would need the network's own derivative.
    """
    found: dict[str, sp.Eq] = {}
    for p in model.parameters:
        if p.learned:
            with suppress(InputError):
                found[p.name] = _equation(p, gradient(model, p, entropies))
    return found


def scaling_condition(
    model: Model, entropies: Mapping[Family, sp.Expr], motions: Mapping[str, sp.Expr]
) -> sp.Eq | None:
    r"""$\partial\mathcal F/\partial s_h=0$ for the scaling of one latent, $1=\overline{\nu_h^2+\tau_h^2}$ for a prior $N(0,1)$.

    `motions` is the scaling field of all latents together; None if some moved parameter is shared by the latents.
    """
    test = sp.IndexedBase("w", real=True)
    h = model.latent.index
    moved = {p.name: p for p in model.parameters if p.name in motions}
    if not all(model.latent in p.plates for p in moved.values()):
        return None
    each = {name: 2 * test[h] * motion for name, motion in motions.items()}
    expression = reparametrised(spelled_out(model, objective(model), entropies))
    slope = distributed(along(expression, model, each))
    read = sp.Add(*(_strip(with_fresh_indices(a), test, [h]) for a in addends(slope)))
    slope = exponentials_merged(named_indices(noise_averaged(read)))
    return sp.Eq(slope, 0, evaluate=False)


def gradient(model: Model, parameter: Parameter, entropies: Mapping[Family, sp.Expr]) -> sp.Expr:
    r"""The derivative of the objective by θ at the parameter's own indices, per data point, in nats.

    For a matrix it is the derivative by the logarithm of a factor in front of it. Raises `InputError` where an abstract network, or a
    vector under a matrix, stands in the way.
    """
    test = sp.IndexedBase("w", real=True)
    own = [] if parameter.is_matrix else [plate.index for plate in parameter.plates]
    step = Scaled(sp.S.One, parameter.symbol) if parameter.is_matrix else sp.S.One
    motion = {parameter.name: test[own] if own else step}
    expression = spelled_out(model, objective(model), entropies)
    try:
        moved = along(expression, model, motion)
    except InputError:  # the parameter moves the encoder, so the latents are written out first
        moved = along(reparametrised(expression), model, motion)
    moved = distributed(moved)
    if own:
        moved = sp.Add(*(_strip(with_fresh_indices(a), test, own) for a in addends(moved)))
    averaged = noise_averaged(moved)
    # Residuals read better as squares than multiplied out, so averages are carried out where that makes them shorter.
    short = (
        averaged
        if sp.count_ops(averaged) < sp.count_ops(moved) or not _sums_latents(moved)
        else moved
    )
    return exponentials_merged(named_indices(short))


def _sums_latents(e: sp.Expr) -> bool:
    return any(s.has(LATENT, NOISE) for s in e.atoms(sp.Sum))


def _strip(e: sp.Basic, test: sp.IndexedBase, own: list[sp.Symbol]) -> sp.Expr:
    """The coefficient of the test direction's entry at the parameter's own indices."""
    entries = [i for i in e.atoms(sp.Indexed) if i.base == test]
    if any(q.has(test) for q in e.atoms(Quadratic)):
        raise InputError(f"the component of a vector under a matrix is not read off: {e}")
    if len(entries) > 1:
        return sp.Add(*(_strip(a, test, own) for a in addends(distributed(e))))
    (entry,) = entries
    wanted = dict(zip(entry.indices, own, strict=True))

    def strip(e: sp.Basic) -> sp.Basic:
        if not e.has(test):
            return e
        if e == entry:
            return sp.S.One
        if isinstance(e, sp.Sum):
            kept = [lim for lim in e.limits if lim[0] not in wanted]
            body = strip(e.function)
            return sp.Sum(body, *kept) if kept else body
        if isinstance(e, (sp.Mul, DataMean, _Expectation)):
            return e.func(*(strip(a) for a in e.args))
        raise InputError(f"the test direction does not stand linearly in {e}")

    return strip(e).xreplace(wanted)


def noise_averaged(expression: sp.Expr) -> sp.Expr:
    r"""Carry out expectations that are quadratic in the latents: $\mathbb E\varepsilon_h=0$, $\mathbb E\varepsilon_h\varepsilon_k=\delta_{hk}$.

    Expectations of anything else stay as they are.
    """
    averaged = expression.xreplace(
        {
            e: _moments(e)
            for e in expression.atoms(_Expectation)
            if _has_moments(e)
            and not any(
                isinstance(a, sp.Function) and a.has(LATENT) for a in e.body.atoms(sp.Function)
            )
            and _polynomial(e.body)
        }
    )
    return distributed(averaged) if averaged != expression else expression


def _has_moments(e: _Expectation) -> bool:
    """Whether z is location + scale * standard normal noise, latent by latent."""
    other = (LawExpectation, LocationScaleExpectation, OtherNoiseExpectation)
    return not isinstance(e, other) and not isinstance(e.law[-1], Matrix)


def _polynomial(body: sp.Basic) -> bool:
    """Whether z occurs in sums, products and whole powers only."""
    if not body.has(LATENT, NOISE):
        return True
    if isinstance(body, sp.Indexed):
        return True
    if isinstance(body, sp.Sum):
        return _polynomial(body.function)
    if isinstance(body, sp.Pow):
        return bool(body.exp.is_Integer and body.exp.is_positive) and _polynomial(body.base)
    return isinstance(body, (sp.Add, sp.Mul)) and all(_polynomial(a) for a in body.args)


def _moments(expectation: _Expectation) -> sp.Expr:
    written = latents_written_out(NoiseExpectation(*expectation.args))
    assert isinstance(written, NoiseExpectation)
    total: sp.Expr = sp.S.Zero
    for addend in addends(_flat(written.body)):
        entries = [
            a
            for f in sp.Mul.make_args(_integrand(addend))
            for a in [f.as_base_exp()[0]] * int(f.as_base_exp()[1] if f.has(NOISE) else 0)
            if isinstance(a, sp.Indexed) and a.base == NOISE
        ]
        if len(entries) > 2:
            return expectation
        total += _paired(addend, entries)
    return total


def _integrand(addend: sp.Expr) -> sp.Expr:
    out: sp.Expr = sp.S.One
    for f in sp.Mul.make_args(addend):
        out *= _integrand(f.function) if isinstance(f, sp.Sum) and f.has(NOISE) else f
    return out


def _flat(body: sp.Expr) -> sp.Expr:
    """Multiply out so that noise stands in products under one joint sum: $(\\sum_ha_h)^2=\\sum_{h,k}a_ha_k$."""
    total: sp.Expr = sp.S.Zero
    for addend in addends(distributed(body, powers=True)):
        limits: list[sp.Tuple] = []
        product: sp.Expr = sp.S.One
        pending = list(sp.Mul.make_args(addend))
        nested = False
        while pending:
            f = pending.pop()
            base, exponent = f.as_base_exp()
            if isinstance(base, sp.Sum) and base.has(NOISE):
                for _ in range(int(exponent)):
                    fresh = with_fresh_indices(base)
                    limits += fresh.limits
                    pending += sp.Mul.make_args(fresh.function)
                    nested = True
            else:
                product *= f
        flat = sp.expand(product)
        total += flat if not nested else sp.Add(*(sp.Sum(a, *limits) for a in addends(flat)))
    return total


def _paired(addend: sp.Expr, entries: list[sp.Indexed]) -> sp.Expr:
    if not entries:
        return addend
    if len(entries) == 1:
        return sp.S.Zero
    (i,), (j,) = entries[0].indices, entries[1].indices
    constant, inner, limits = sp.S.One, addend, []
    for f in sp.Mul.make_args(addend):
        if isinstance(f, sp.Sum) and f.has(NOISE):
            inner, limits = f.function, list(f.limits)
            constant = addend / f
    bound = [lim[0] for lim in limits]
    if i != j:
        if i not in bound:
            i, j = j, i
        if i not in bound:
            return constant * inner  # two indices bound further out: left alone, never guessed
        limits = [lim for lim in limits if lim[0] != i]
        inner = inner.xreplace({i: j})
    inner = inner / NOISE[j] ** 2
    return constant * (sp.Sum(inner, *limits) if limits else inner)


def named_indices(expression: sp.Expr) -> sp.Expr:
    """Give each summation index a readable name that hides no other: h, else h_1, h_2, …"""
    fresh = with_fresh_indices(expression)
    return _named(fresh, frozenset(s.name for s in fresh.free_symbols if isinstance(s, sp.Symbol)))


def _named(e: sp.Basic, taken: frozenset[str]) -> sp.Expr:
    if isinstance(e, sp.Sum):
        new: dict[sp.Basic, sp.Symbol] = {}
        for i, _, _ in e.limits:
            names = (i.name, *(f"{i.name}_{k}" for k in range(1, 99)))
            name = next(c for c in names if c not in taken)
            taken |= {name}
            new[i] = sp.Symbol(name, integer=True, positive=True)
        body = _named(e.function.xreplace(new), taken)
        return sp.Sum(body, *((new[i], lower, upper) for i, lower, upper in e.limits))
    if not e.has(sp.Sum):
        return e
    return e.func(*(_named(a, taken) for a in e.args))


def _equation(parameter: Parameter, slope: sp.Expr) -> sp.Eq:
    if parameter.is_matrix:
        return sp.Eq(slope, 0, evaluate=False)
    theta = parameter.entry
    powers: dict[sp.Expr, sp.Expr] = {}
    for addend in addends(sp.expand(slope, multinomial=False, power_base=False, log=False)):
        power, rest = sp.S.Zero, sp.S.One
        for f in sp.Mul.make_args(addend):
            base, exponent = f.as_base_exp()
            if base == theta:
                power += exponent
            else:
                rest *= f
        if rest.has(theta) or (parameter.plates and rest.has(parameter.symbol)):
            return sp.Eq(slope, 0, evaluate=False)
        powers[power] = powers.get(power, sp.S.Zero) + rest
    if len(powers) != 2:
        return sp.Eq(slope, 0, evaluate=False)
    (p, a), (q, b) = sorted(powers.items(), key=lambda item: item[0])
    if not (q - p).is_Integer or not (theta.is_positive or q - p == 1):
        return sp.Eq(slope, 0, evaluate=False)
    if b.could_extract_minus_sign():
        a, b = -a, -b
    return sp.Eq(theta ** (q - p), distributed(-a / b), evaluate=False)
