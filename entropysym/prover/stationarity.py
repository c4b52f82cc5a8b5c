r"""Stationarity conditions as plain expressions, one for each learned parameter.

The gradient is read off the derivative along a test direction: $D_wF=\sum_hw_h\,g_h$, so $g_h=\partial F/\partial\theta_h$. Where the gradient
is $A\theta^p+B\theta^q$ with A and B free of θ, the condition is solved: $\theta^{q-p}=-A/B$.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cached_property

import sympy as sp

from entropysym.errors import InputError, WorkLimitError
from entropysym.language.algebra import (
    addends,
    distributed,
    exponentials_merged,
    limited_work,
    vanishes,
    with_fresh_indices,
)
from entropysym.language.formula import (
    Node,
    arg_of,
    args_of,
    array_like,
    array_of,
    entry,
    equation,
    of_type,
    substituted,
    sum_over,
)
from entropysym.language.heads import (
    DataMean,
    JointNoiseExpectation,
    LawExpectation,
    LocationScaleExpectation,
    NoiseExpectation,
    OtherNoiseExpectation,
    _Expectation,
)
from entropysym.language.matrices import Matrix, Quadratic, Scaled
from entropysym.language.noise import noise, noise_form
from entropysym.language.objective import (
    joint_as_noise,
    latents_written_out,
    objective,
    reparametrised,
    spelled_out,
)
from entropysym.language.records import Family, Model, Parameter
from entropysym.language.symbols import LATENT, NOISE, LatentArray, NoiseArray, latent_of
from entropysym.prover.motion import Component, along
from entropysym.shown import Shown

#: The test direction: its entries are what the gradient is read off.
_TEST = array_like(sp.Symbol("w", real=True))


#: Addends that the equation of one parameter may be multiplied out into; a longer one is read by nobody.
_WORK = 10_000


class Equations(Shown, Mapping[str, sp.Eq]):
    """The stationarity conditions of a model, worked out when they are first asked for: nothing rests on them, and they take a while.

    `motions` is the scaling field of the latents where a condition per latent is wanted, else empty (see `scaling_condition`).
    """

    def __init__(
        self,
        model: Model,
        entropies: Mapping[Family, sp.Expr],
        motions: Mapping[str, Component],
    ) -> None:
        self._of = model, entropies, motions

    @cached_property
    def _found(self) -> dict[str, sp.Eq]:
        model, entropies, motions = self._of
        found = stationarity_conditions(model, entropies)
        scaling = None
        if motions:
            with suppress(WorkLimitError), limited_work(_WORK):
                scaling = scaling_condition(model, entropies, motions)
        return found if scaling is None else {**found, "scaling": scaling}

    def __getitem__(self, name: str) -> sp.Eq:
        if name not in self._found:
            raise KeyError(f"no condition of {name!r}; there are {', '.join(self._found)}")
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def stationarity_conditions(model: Model, entropies: Mapping[Family, sp.Expr]) -> dict[str, sp.Eq]:
    r"""For each learned parameter the equation that holds exactly where the objective's $\partial/\partial\theta$ is 0.

    Solved for a power of the parameter where that is possible ($\sigma^2=\dots$), otherwise the gradient set equal to zero. Parameters
    that only an abstract network reads are left out: their gradient would need the network's own derivative; so is an equation that is too long to be read. On a simplex the gradient along it is 0, which is
    $\theta_k\sum_l\theta_lg_l=\theta_kg_k$ with $g=\partial/\partial\theta$.
    """
    found: dict[str, sp.Eq] = {}
    for p in model.parameters:
        if p.learned:
            with suppress(InputError, WorkLimitError), limited_work(_WORK):
                found[p.name] = (
                    _on_simplex(model, p, entropies)
                    if p.range == "simplex"
                    else _equation(p, gradient(model, p, entropies))
                )
    return found


def _on_simplex(model: Model, p: Parameter, entropies: Mapping[Family, sp.Expr]) -> sp.Eq:
    """The gradient is the same for all entries of a vector, so it is their mean: solved for the entry where the mean is 1."""
    outer = [plate.index for plate in p.plates[:-1]]
    step = p.entry * entry(_TEST, *outer) if outer else p.entry
    mean = _slope(model, {p.name: step}, outer, entropies)
    weighted = distributed(p.entry * gradient(model, p, entropies))
    return equation(p.entry if vanishes(mean - 1) else distributed(p.entry * mean), weighted)


def scaling_condition(
    model: Model, entropies: Mapping[Family, sp.Expr], motions: Mapping[str, Component]
) -> sp.Eq | None:
    r"""$\partial\mathcal F/\partial s_h=0$ for the scaling of one latent, $1=\overline{\nu_h^2+\tau_h^2}$ for $p(z)=N(0,1)$.

    `motions` is the scaling field of all latents together; None if some moved parameter is shared by the latents.
    """
    h = model.latent.index
    moved = {p.name: p for p in model.parameters if p.name in motions}
    if not all(model.latent in p.plates for p in moved.values()):
        return None
    each = {name: 2 * entry(_TEST, h) * of_type(m, sp.Expr) for name, m in motions.items()}
    expression = reparametrised(spelled_out(model, objective(model), entropies))
    slope = distributed(along(expression, model, each))
    read = sp.Add(*(_strip(with_fresh_indices(a), [h]) for a in addends(slope)))
    slope = exponentials_merged(named_indices(noise_averaged(read)))
    return equation(slope)


def gradient(model: Model, parameter: Parameter, entropies: Mapping[Family, sp.Expr]) -> sp.Expr:
    r"""The derivative of the objective by θ at the parameter's own indices, per data point, in nats.

    For a matrix it is the derivative by the logarithm of a factor in front of it. Raises `InputError` where an abstract network, or a
    vector under a matrix, stands in the way.
    """
    own = [] if parameter.is_matrix else [plate.index for plate in parameter.plates]
    step: Component = sp.S.One
    if parameter.is_matrix:
        step = Scaled(sp.S.One, parameter.letter)
    elif own:
        step = entry(_TEST, *own)
    return _slope(model, {parameter.name: step}, own, entropies)


def _slope(
    model: Model,
    motion: Mapping[str, Component],
    own: list[sp.Symbol],
    entropies: Mapping[Family, sp.Expr],
) -> sp.Expr:
    """The derivative of the objective along a motion, of which the test direction's entry at `own` indices is read off."""
    expression = spelled_out(model, objective(model), entropies)
    try:
        moved = along(expression, model, motion)
    except InputError:  # the parameter moves q, so the latents are written out first
        latents = noise_form(model, [*motion])
        moved = along(reparametrised(expression, latents), model, motion)
    moved = distributed(moved)
    if own:
        stripped = (_strip(with_fresh_indices(a), own) for a in addends(moved))
        # At its own indices the parameter is a constant, which leaves sums and averages.
        moved = distributed(sp.Add(*stripped))
    averaged = noise_averaged(moved, model)
    # Residuals read better as squares than multiplied out, so averages are carried out where that makes them shorter.
    short = (
        averaged
        if sp.count_ops(averaged) < sp.count_ops(moved) or not _sums_latents(moved)
        else moved
    )
    return exponentials_merged(named_indices(short))


def _sums_latents(e: sp.Expr) -> bool:
    joint = any(s.has(LatentArray) for j in e.atoms(JointNoiseExpectation) for s in j.atoms(sp.Sum))
    return joint or any(s.has(LATENT, NOISE) for s in e.atoms(sp.Sum))


def _strip(e: sp.Expr, own: list[sp.Symbol]) -> sp.Expr:
    """The coefficient of the test direction's entry at the parameter's own indices."""
    entries = [i for i in e.atoms(sp.Indexed) if array_of(i) == _TEST]
    if any(q.has(_TEST) for q in e.atoms(Quadratic)):
        raise InputError(f"the component of a vector under a matrix is not read off: {e}")
    if e == 0:  # the objective does not depend on the parameter
        return e
    if len(entries) > 1:
        return sp.Add(*(_strip(a, own) for a in addends(distributed(e))))
    (found,) = entries
    wanted = dict(zip(found.indices, own, strict=True))

    def strip(e: sp.Expr) -> sp.Expr:
        if not e.has(_TEST):
            return e
        if e == found:
            return sp.S.One
        if isinstance(e, sp.Sum):
            kept = [lim for lim in e.limits if lim[0] not in wanted]
            body = strip(arg_of(e, 0, sp.Expr))
            return sum_over(body, *kept) if kept else body
        if isinstance(e, sp.Mul):
            return sp.Mul(*(strip(a) for a in args_of(e)))
        if isinstance(e, DataMean):
            return DataMean(strip(e.body), e.index)
        if isinstance(e, _Expectation) and not any(a.has(_TEST) for a in e.law):
            return e.over(strip(e.body))
        raise InputError(f"the test direction does not stand linearly in {e}")

    return substituted(strip(e), wanted)


def noise_averaged(expression: sp.Expr, model: Model | None = None) -> sp.Expr:
    r"""Carry out expectations that are quadratic in the latents: $\mathbb E\varepsilon_h=0$, $\mathbb E\varepsilon_h\varepsilon_k=\delta_{hk}$.

    Expectations of anything else stay as they are. Those of a graph are carried out with its model, where they are over the noise of one latent.
    """
    if model is not None:
        joint = {e: _moments_of_graph(e, model) for e in expression.atoms(JointNoiseExpectation)}
        found = substituted(expression, joint)
        expression = distributed(found) if found != expression else expression
    averaged = substituted(
        expression,
        {
            e: _moments(e)
            for e in expression.atoms(_Expectation)
            if _has_moments(e)
            and not any(
                isinstance(a, sp.Function) and a.has(LATENT) for a in e.body.atoms(sp.Function)
            )
            and _polynomial(e.body)
        },
    )
    return distributed(averaged) if averaged != expression else expression


def _has_moments(e: _Expectation) -> bool:
    """Whether z is location + scale * standard normal noise, latent by latent."""
    other = (
        LawExpectation,
        LocationScaleExpectation,
        OtherNoiseExpectation,
        JointNoiseExpectation,
    )
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
    mean = _mean(written.body)
    return expectation if mean is None else mean


def _moments_of_graph(expectation: JointNoiseExpectation, model: Model) -> sp.Expr:
    body = joint_as_noise(expectation.body, model, expectation.latents)
    drawn = {
        e for e in body.atoms(sp.Indexed) if isinstance(array_of(e), (LatentArray, NoiseArray))
    }
    arrays = {array_of(e) for e in drawn}
    if len(arrays) > 1 or any(isinstance(a, LatentArray) for a in arrays):
        return expectation
    laws = [f for f in model.q for a in arrays if latent_of(a) in f.of]
    if any(len(e.indices) > 1 for e in drawn) or not all(noise(f.family).normal for f in laws):
        return expectation
    body = substituted(body, {e: entry(NOISE, *e.indices) for e in drawn})
    mean = _mean(body) if _polynomial(body) else None
    return expectation if mean is None or mean.has(NOISE) else mean


def _mean(body: sp.Expr) -> sp.Expr | None:
    """The mean of what is at most quadratic in standard normal noise."""
    mean = []
    for addend in addends(_flat(body)):
        entries = [
            a
            for f in sp.Mul.make_args(_integrand(addend))
            for a in [f.as_base_exp()[0]] * int(f.as_base_exp()[1] if f.has(NOISE) else 0)
            if isinstance(a, sp.Indexed) and array_of(a) == NOISE
        ]
        if len(entries) > 2:
            return None
        mean.append(_paired(addend, entries))
    return sp.Add(*mean)


def _integrand(addend: sp.Expr) -> sp.Expr:
    out: sp.Expr = sp.S.One
    for f in sp.Mul.make_args(addend):
        sums = isinstance(f, sp.Sum) and f.has(NOISE)
        out *= _integrand(arg_of(f, 0, sp.Expr)) if sums else f
    return out


def _flat(body: sp.Expr) -> sp.Expr:
    """Multiply out so that noise stands in products under one joint sum: $(\\sum_ha_h)^2=\\sum_{h,k}a_ha_k$."""
    whole = []
    for addend in addends(distributed(body, powers=True)):
        limits: list[tuple[sp.Symbol, sp.Expr, sp.Expr]] = []
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
                    pending += sp.Mul.make_args(arg_of(fresh, 0, sp.Expr))
                    nested = True
            else:
                product *= f
        flat = sp.expand(product)
        whole += [flat] if not nested else [sum_over(a, *limits) for a in addends(flat)]
    return sp.Add(*whole)


def _paired(addend: sp.Expr, entries: list[sp.Indexed]) -> sp.Expr:
    if not entries:
        return addend
    if len(entries) == 1:
        return sp.S.Zero
    (i,), (j,) = entries[0].indices, entries[1].indices
    constant: sp.Expr = sp.S.One
    inner, limits = addend, []
    for f in sp.Mul.make_args(addend):
        if isinstance(f, sp.Sum) and f.has(NOISE):
            inner, limits = arg_of(f, 0, sp.Expr), list(f.limits)
            constant = addend / f
    bound = [lim[0] for lim in limits]
    if i != j:
        if i not in bound:
            i, j = j, i
        if i not in bound:
            return constant * inner  # two indices bound further out: left alone, never guessed
        limits = [lim for lim in limits if lim[0] != i]
        inner = substituted(inner, {i: j})
    inner = inner / entry(NOISE, j) ** 2
    return constant * (sum_over(inner, *limits) if limits else inner)


def named_indices(expression: sp.Expr) -> sp.Expr:
    """Give each summation index a readable name that hides no other: h, else h_1, h_2, …"""
    fresh = with_fresh_indices(expression)
    return _named(fresh, frozenset(s.name for s in fresh.free_symbols if isinstance(s, sp.Symbol)))


def _named(e: Node, taken: frozenset[str]) -> Node:
    if isinstance(e, sp.Sum):
        new: dict[sp.Basic, sp.Symbol] = {}
        for i, _, _ in e.limits:
            names = (i.name, *(f"{i.name}_{k}" for k in range(1, 99)))
            name = next(c for c in names if c not in taken)
            taken |= {name}
            new[i] = sp.Symbol(name, integer=True, positive=True)
        body = _named(substituted(arg_of(e, 0, sp.Expr), new), taken)
        limits = ((new[i], lower, upper) for i, lower, upper in e.limits)
        return of_type(sp.Sum(body, *limits), type(e))
    if not e.has(sp.Sum):
        return e
    return e.func(*(_named(a, taken) for a in e.args))


def _equation(parameter: Parameter, slope: sp.Expr) -> sp.Eq:
    if parameter.is_matrix or slope.atoms(JointNoiseExpectation):  # a latent holds it there
        return equation(slope)
    theta = parameter.entry
    powers: dict[sp.Expr, sp.Expr] = {}
    for addend in addends(distributed(slope)):
        power: sp.Expr = sp.S.Zero
        rest: sp.Expr = sp.S.One
        for f in sp.Mul.make_args(addend):
            base, exponent = f.as_base_exp()
            if base == theta:
                power += exponent
            else:
                rest *= f
        if rest.has(theta) or (parameter.plates and rest.has(parameter.symbol)):
            return equation(slope)
        powers[power] = powers.get(power, sp.S.Zero) + rest
    if len(powers) != 2:
        return equation(slope)
    (p, a), (q, b) = sorted(powers.items(), key=lambda item: item[0])
    if not (q - p).is_Integer or not (theta.is_positive or q - p == 1):
        return equation(slope)
    if b.could_extract_minus_sign():
        a, b = -a, -b
    if all(
        c.atoms(DataMean, _Expectation) for c in (a, b)
    ):  # of a class that does not occur both are 0
        return equation(distributed(b * theta ** (q - p)), distributed(-a))
    if all(s.is_integer for s in b.free_symbols) and not b.atoms(sp.Sum, DataMean, _Expectation):
        b = sp.cancel(b)  # M / (M + N) + N / (M + N) is 1
    return equation(theta ** (q - p), distributed(-a / b))
