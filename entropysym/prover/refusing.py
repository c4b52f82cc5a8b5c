r"""Refusals: a stationary point with a gap, as numbers that the checker can replay; and otherwise what is missing.

That no direction was found refutes nothing. What refutes is an instance of the model at which every derivative of the objective is 0 and $\mathcal F\ne\mathcal E$. It is looked
for at all sizes 1, with networks that are constant functions, where no argument of a factor sees a variable, and each variable follows its law of p, that of q where it is latent: then KL
is 0, at its minimum, scores have mean zero, and every factor's part of $\mathcal F-\mathcal E$ is 0. But for one factor of p:

* *observed*: the data of one observed variable follow its law plus small weights $y_j$ (positive and negative, of sum 0) at points $x_j$, under which the score of every argument that can
  move has mean zero still and $\log p-\log h$ has not.
* *latent*: p and q of one latent learn nothing, so that their part is a number, $\mathbb E_q\log p-\mathbb E_p\log p$.

One data plate holds everything. What is given may have any one value, and a one-hot vector has one class at size 1, so that nothing is said by it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import sympy as sp

from entropysym.language.formula import (
    arg_of,
    args_of,
    array_of,
    coefficient,
    derivative,
    of_type,
    replaced,
    substituted,
)
from entropysym.language.functions import Softplus
from entropysym.language.heads import NetworkValue
from entropysym.language.matrices import MatrixNetwork
from entropysym.language.noise import noise
from entropysym.language.objective import weight
from entropysym.language.records import Factor, Family, Model

Numbers = Mapping[
    str, sp.Rational
]  # parameter or network -> the number that each of its entries is


@dataclass(frozen=True)
class Witness:
    """Numbers at which a model is stationary with a gap, in nats, which is not 0 and belongs to one factor of p.

    Of kind `observed` it is the sum of $\\log p-\\log h$ over `points`, pairs of a weight and a data point; of kind `latent` the difference of the means of $\\log p(z)$
    under q and p.
    """

    kind: Literal["observed", "latent"]
    factor: str
    values: Numbers
    networks: Numbers
    points: tuple[tuple[sp.Rational, sp.Rational], ...]
    gap: sp.Expr


def find_witness(model: Model) -> Witness | None:
    """A witness of one of the two kinds, or None. Whatever is constrained in words is not known to hold at numbers, so it has none."""
    over_vectors = any(f.is_multivariate and f.support != "onehot" for f in model.families)
    if model.constraints or model.counted or over_vectors:
        return None
    # Data follow a law in full: a support that is narrower than the law's would cut them off.
    laws = [f for f in model.factors if not f.family.is_any]
    if not model.data or any(f.family.support != model.variable(f.of[0]).support for f in laws):
        return None
    return next(itertools.chain(_of_observed(model), _of_latents(model)), None)


#: Numbers that are tried for real parameters and networks, and for positive ones.
_SETTINGS = [
    (sp.S.Zero, sp.S.One),
    (sp.S.Zero, sp.Rational(1, 2)),
    (sp.S.Zero, sp.Integer(2)),
    (sp.S.One, sp.S.One),
]
_POINTS = {
    "real": [sp.Rational(k, 2) for k in (0, 2, -2, 4, -4, 1, -1, 6, -6)],
    "positive": [sp.Rational(k, 2) for k in (2, 4, 1, 6, 8, 3, 10, 16)],
    "unit": [sp.Rational(k, 8) for k in (4, 2, 6, 1, 7, 3, 5)],
    "count": [sp.Integer(k) for k in range(8)],
    "binary": [sp.S.Zero, sp.S.One],
}


#: The one number in ranges that leave no choice: one entry of a simplex is 1.
_ONLY = {"unit": sp.Rational(1, 2), "simplex": sp.S.One}


def _settings(model: Model) -> Iterator[dict[sp.Basic, sp.Rational]]:
    """Numbers for every parameter, fixed ones apart from learned ones, so that a clamp can be active."""
    tried = []
    for (real, positive), (other, fixed) in itertools.product(_SETTINGS, _SETTINGS):
        found = {}
        for p in model.parameters:
            r, s = (real, positive) if p.learned else (other, fixed)
            found[p.symbol] = r if p.range == "real" else _ONLY.get(p.range, s)
        if found not in tried:
            tried.append(found)
            yield dict(found)


def _plain(factors: Iterable[Factor]) -> list[Factor]:
    """The factors with a law of single numbers: neither any law nor one-hot."""
    return [f for f in factors if not (f.family.is_any or f.family.is_multivariate)]


@dataclass(frozen=True)
class _Instance:
    """The model at numbers: its parameters and the constant outputs of its networks, by name."""

    model: Model
    parameters: dict[sp.Basic, sp.Rational]
    networks: dict[str, sp.Rational]

    def at(self, e: sp.Expr, moved: sp.Basic | None = None) -> sp.Expr:
        """An argument at size 1 and at the numbers; variables stay, and `moved` as a symbol of its own."""
        e = replaced(e, lambda f: isinstance(f, sp.Sum), lambda f: arg_of(f, 0, sp.Expr))
        e = substituted(e, {v: self.networks[v.name] for v in e.atoms(NetworkValue)})
        where: dict[sp.Basic, sp.Expr] = dict.fromkeys(self.model.sizes, sp.S.One)
        for entry in e.atoms(sp.Indexed):
            if array_of(entry) in self.parameters:
                where[entry] = self._value(array_of(entry), moved)
        for p in e.atoms(sp.Symbol):
            if p in self.parameters:
                where[p] = self._value(p, moved)
        return substituted(e, where)

    def _value(self, p: sp.Basic, moved: sp.Basic | None) -> sp.Expr:
        return self.parameters[p] + (_STEP if p == moved else 0)

    def arguments(self, factor: Factor) -> tuple[sp.Expr, ...]:
        return tuple(self.at(of_type(a, sp.Expr)) for a in factor.arguments)

    def named(self) -> tuple[Numbers, Numbers]:
        return {p.name: self.parameters[p.symbol] for p in self.model.parameters}, self.networks


_STEP = sp.Dummy("step", real=True)


def _instances(model: Model, apart: Factor | None = None, real: int = 0) -> Iterator[_Instance]:
    """Instances where no argument sees a variable and each law of q is that of p, but for the latent of the factor `apart`."""
    pairs = [(q, p) for q in model.q for p in model.p if p.of[0] in q.of and p is not apart]
    # Where p and q are one law, KL is at its minimum, if entropy and log p count alike.
    if any(weight(model, q) != weight(model, p) for q, p in pairs):
        return
    pairs = [(q, p) for q, p in pairs if _plain([q])]
    if any(q.family != p.family for q, p in pairs):
        return
    for parameters in _settings(model):
        here = _Instance(model, parameters, _constants(model, sp.Integer(real)))
        for q, p in pairs:
            _set(here, q, here.arguments(p))
        laws = {f.name: here.arguments(f) for f in _plain(model.factors)}
        seen = all(v.is_number for law in laws.values() for v in law)
        if seen and _is_instance(here) and all(laws[q.name] == laws[p.name] for q, p in pairs):
            yield here


def _set(here: _Instance, factor: Factor, wanted: Sequence[sp.Expr]) -> None:
    """Give the arguments of a factor these numbers where they are networks or parameters."""
    for a, value in zip(factor.arguments, wanted, strict=True):
        if isinstance(value, sp.Rational):
            letter = array_of(a) if isinstance(a, sp.Indexed) else a
            if isinstance(a, NetworkValue):
                here.networks[a.name] = value
            elif letter in here.parameters:
                here.parameters[letter] = value


def _constants(model: Model, real: sp.Rational) -> dict[str, sp.Rational]:
    """Outputs of networks: 1 where they are positive."""
    return {
        w.name: real if w.range == "real" else _ONLY.get(w.range, sp.S.One) for w in model.networks
    }


def _is_instance(here: _Instance) -> bool:
    """Whether numbers lie in their ranges and the penalty's derivatives are 0 there."""
    penalty = here.model.objective.penalty
    for p in here.model.parameters:
        if p.range != "real" and not here.parameters[p.symbol].is_positive:
            return False
        if p.learned and _along_step(here.at(penalty, p.symbol)) != 0:
            return False
    return True


def _along_step(e: sp.Expr) -> sp.Expr:
    return substituted(derivative(e, _STEP), {_STEP: sp.S.Zero}) if e.has(_STEP) else sp.S.Zero


def _of_observed(model: Model) -> Iterator[Witness]:
    observed = [f for f in _plain(model.p) if model.variable(f.of[0]).role == "observed"]
    for here in _instances(model) if observed else ():
        yield from (w for factor in observed for w in _at_points(here, factor))


def _at_points(here: _Instance, factor: Factor) -> Iterator[Witness]:
    """The witness that data of one observed variable give."""
    family = factor.family
    x, log_p = of_type(family.variable, sp.Symbol), family.density
    values = dict(zip(family.arguments, here.arguments(factor), strict=True))
    if family.support not in _POINTS or not all(v.is_Rational for v in values.values()):
        return
    pairs = zip(family.arguments, factor.arguments, strict=True)
    free = [a for a, e in pairs if _is_free(here, of_type(e, sp.Expr))]
    rows = [sp.S.One, *(substituted(derivative(log_p, a), values) for a in free)]
    kinks = [u.args[0].xreplace(values) for u in log_p.atoms(sp.Abs) if u.has(*free)]
    points = _POINTS[family.support]
    points = [p for p in points if not any(u.xreplace({x: p}) == 0 for u in kinks)]
    target = substituted(log_p - family.log_base_measure, values)
    found = _weights(rows, target, x, points)
    if found is not None:
        weighted, gap = found
        yield Witness("observed", factor.name, *here.named(), weighted, gap)


def _is_free(here: _Instance, argument: sp.Expr) -> bool:
    """Whether an argument names something learned or a network, clamps being resolved to the branch that is active at the numbers."""
    resolved = _resolved(here, argument)
    if resolved.atoms(NetworkValue, MatrixNetwork):
        return True
    return any(p.learned and resolved.has(p.symbol) for p in here.model.parameters)


def _resolved(here: _Instance, argument: sp.Expr) -> sp.Expr:
    """Maxima and minima replaced by their one active branch; left alone where branches tie or are no rational numbers."""

    def active(f: sp.Expr) -> sp.Expr:
        at = [here.at(a) for a in args_of(f)]
        if not all(v.is_Rational for v in at):
            return f
        best = (max if isinstance(f, sp.Max) else min)(at)
        return args_of(f)[at.index(best)] if at.count(best) == 1 else f

    return replaced(argument, lambda f: isinstance(f, (sp.Max, sp.Min)), active)


def _weights(
    rows: Sequence[sp.Expr], target: sp.Expr, x: sp.Symbol, points: Sequence[sp.Rational]
) -> tuple[tuple[tuple[sp.Rational, sp.Rational], ...], sp.Expr] | None:
    """Rational weights under which every row sums to 0 over the points and the target does not, on as few points as possible."""
    try:
        table = sp.Matrix([[r.xreplace({x: p}) for p in points] for r in rows])
        values = [target.xreplace({x: p}) for p in points]
    except (TypeError, ValueError):
        return None
    if not all(e.is_Rational for e in table.flat()):
        return None
    for vector in table.nullspace():
        total = sp.expand_log(
            sp.Add(*(y * v for y, v in zip(vector, values, strict=True))), factor=True
        )
        total = sp.expand(total)
        if (
            total.is_finite is not False
            and sp.N(total, 30).is_Float
            and abs(sp.N(total, 30)) > sp.Float("1e-9")
        ):
            scale = sp.ilcm(*(y.q for y in vector))
            weighted = tuple((y * scale, p) for y, p in zip(vector, points, strict=True) if y != 0)
            return weighted, total * scale
    return None


def _of_latents(model: Model) -> Iterator[Witness]:
    r"""$\mathbb E_q\log p-\mathbb E_p\log p$ of a latent whose p and q are frozen: numbers, by the moments of standard normal noise."""
    for p, q in itertools.product(_plain(model.p), _plain(model.q)):
        frozen = p.of == q.of and _is_frozen(model, p) and _is_frozen(model, q)
        if frozen and _is_normal(p.family) and _is_normal(q.family):
            yield from (w for real in (0, 1) for w in _of_frozen(model, p, q, real))


def _of_frozen(model: Model, p: Factor, q: Factor, real: int) -> Iterator[Witness]:
    family = p.family
    z = of_type(family.variable, sp.Symbol)
    for here in _instances(model, p, real):
        log_p = family.density - family.log_base_measure
        log_p = substituted(log_p, dict(zip(family.arguments, here.arguments(p), strict=True)))
        drawn = [_drawn(factor, here.arguments(factor)) for factor in (q, p)]
        means = [_mean(substituted(log_p, {z: d})) for d in drawn]
        gap = sp.expand(means[0] - means[1])
        if gap.is_finite and abs(sp.N(gap, 30)) > sp.Float("1e-9"):
            yield Witness("latent", p.name, *here.named(), (), gap)


_EPS = sp.Dummy("epsilon", real=True)


def _is_normal(family: Family) -> bool:
    return family.location is not None and noise(family).normal


def _drawn(factor: Factor, arguments: Sequence[sp.Expr]) -> sp.Expr:
    family = factor.family
    assert family.location is not None
    assert family.scale is not None
    values = dict(zip(family.arguments, arguments, strict=True))
    return substituted(family.location + family.scale * _EPS, values)


def _mean(e: sp.Expr) -> sp.Expr:
    r"""The mean of a quadratic in standard normal noise; nan for anything else."""
    e = sp.expand(e)
    if not e.is_polynomial(_EPS) or sp.Poly(e, _EPS).degree() > 2:
        return sp.nan
    return coefficient(e, _EPS, 0) + coefficient(e, _EPS, 2)


def missing(model: Model, name: str) -> tuple[str, ...]:
    """What would have to be known to decide a refused model, in words; `name` is the factor of p that refuses."""
    said = []
    if model.counted:
        return ("a witness is looked for where one data plate holds everything",)
    if model.constraints:
        bound = ", ".join(c.on for c in model.constraints)
        said.append(
            f"a stationary point with a gap would have to satisfy the constraint on {bound}"
        )
    factor = model.factor(name)
    latent = model.variable(factor.of[0]).role == "latent"
    if not latent and any(a.has(Softplus) for a in factor.arguments):
        said.append(
            "a softplus of a sum is not scaled by a motion of the sum; exp(sum + bias), or any positive head times a learned scale, leaves a direction"
        )
    for learning in (q for q in model.q if factor.of[0] in q.of) if latent else [factor]:
        if _learning_networks(model, learning):
            said.append(
                f"what the {learning.name}'s networks learn might still give one: name their last layers"
            )
    return tuple(said) or ("no stationary point with a gap was found either",)


def _is_frozen(model: Model, factor: Factor) -> bool:
    """Whether a factor learns nothing, neither in a parameter nor in a network."""
    learned = any(
        p.learned and any(a.has(p.symbol) for a in factor.arguments) for p in model.parameters
    )
    return not (learned or factor.family.is_any or _learning_networks(model, factor))


def _learning_networks(model: Model, factor: Factor) -> bool:
    learned = {net.name for net in model.networks if net.learned}
    values = set().union(*(a.atoms(NetworkValue, MatrixNetwork) for a in factor.arguments))
    return any(v.name in learned for v in values)
