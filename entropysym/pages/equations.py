r"""The equations of a page: direction, identities, entropies, stationarity conditions, each as a left and a right side.

Here expressions are only brought into the shape in which a person writes them; every step is an equality or a division by what is positive.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sympy as sp

from entropysym.language.algebra import addends, collected, distributed, exponentials_merged
from entropysym.language.formula import (
    arg_of,
    args_of,
    array_like,
    derivative,
    entry,
    equation,
    inside,
    of_type,
    substituted,
    sum_over,
)
from entropysym.language.heads import (
    DataMean,
    Directional,
    Entropy,
    JointNoiseExpectation,
    LogBaseMeasure,
    NoiseExpectation,
    _Expectation,
)
from entropysym.language.matrices import Matrix, Scaled
from entropysym.language.noise import noise
from entropysym.language.objective import (
    expectation,
    head,
    latents_written_out,
    reparametrised,
    spelled_out,
)
from entropysym.language.symbols import LATENT, VARIABLES, n
from entropysym.pages.marks import ANY_LAW, EXCESS, ScaleSlope, Slope, Velocity
from entropysym.pages.medium import Medium
from entropysym.pages.order import Roles, taken_apart
from entropysym.pages.wording import (
    declared,
    has_parts,
    independent_noise,
    letter_of,
    maximised,
    reparametrisation,
    samples,
)
from entropysym.prover.derivation import Derivation
from entropysym.prover.motion import Component
from entropysym.prover.stationarity import named_indices, noise_averaged


@dataclass(frozen=True)
class Line:
    """One line of a display: left, right, and the reason for it, words and the formulas that these end with. No left side continues the line above."""

    left: sp.Basic | None
    right: sp.Expr | Scaled
    reason: str = ""
    given: sp.Basic | None = None  # the equation that this line is equivalent to
    about: tuple[sp.Basic, ...] = ()

    @property
    def relation(self) -> str:
        """What stands between left and right: nothing where the right side is in words."""
        return "" if self.right == ANY_LAW else "="


def direction_lines(d: Derivation) -> list[Line]:
    """The motion of each parameter that moves."""
    moved = [p for p in d.model.parameters if p.name in d.direction]
    return [Line(Velocity(p.whole), readable(d.direction[p.name])) for p in moved]


def readable(motion: Component) -> Component:
    """A motion whose sums run over indices that no entry of it stands at: sum_k of pi_k beside pi_k reads as one index."""
    return named_indices(motion) if isinstance(motion, sp.Expr) and motion.has(sp.Sum) else motion


def identity_lines(d: Derivation) -> list[Line]:
    """What each factor's step rests on, v.grad[part] = part + entropy, read off the step itself; else v.grad of the whole."""
    if not has_parts(d):
        by_rule = {s.rule: s.after for s in d.steps}
        left_over = EXCESS if d.excess != 0 else sp.S.Zero
        whole = by_rule["split"] - by_rule["stationary"] + d.excess - left_over
        return [Line(Directional(maximised(d.model)), whole)]
    lines = []
    for s in d.steps:
        if s.rule not in ("tempering", "scaling"):
            continue
        change = s.after - s.before
        for a in addends(change):
            if a.atoms(Directional):  # with the objective's weight in front, if there is one
                lines.append(Line(a, a - change))
    return lines


def entropy_lines(d: Derivation) -> list[Line]:
    """The entropy of each factor spelled out, and the base measures that are not constant."""
    joint = {f: with_one_logarithm(t.entropy) for f, t in d.entropies.items()}
    lines = []
    for f in d.model.factors:
        entropy = head(d.model, Entropy, f)
        formula = spelled_out(d.model, entropy, joint)
        if formula != entropy:  # of a family without a closed entropy nothing more is known
            lines.append(Line(entropy, _shortened(formula, d)))
    for f in d.model.p:
        if f.family.log_base_measure != 0:
            base = head(d.model, LogBaseMeasure, f)
            lines.append(Line(base, distributed(spelled_out(d.model, base, joint))))
    return lines


def _shortened(formula: sp.Expr, d: Derivation) -> sp.Expr:
    if not isinstance(formula, sp.Sum) or len(formula.limits) > 1:
        nested = isinstance(formula, sp.Sum)
        return collected(distributed(formula) if nested else formula, d.model.sizes)
    index, _, size = formula.limits[0]
    body = arg_of(formula, 0, sp.Expr)
    if index not in body.free_symbols:
        return size * body
    factor, rest = body.as_coeff_Mul()
    return factor * sum_over(without_log_of_exp(rest), *formula.limits)


def without_log_of_exp(e: sp.Expr) -> sp.Expr:
    """$c\\log(2\\pi e\\,e^u)$ as $c\\,(\\log(2\\pi e)+u)$."""
    c, log = e.as_coeff_Mul()
    if not isinstance(log, sp.log):
        return e
    factors = sp.Mul.make_args(inside(log))
    powers = [f for f in factors if isinstance(f, sp.exp) and not inside(f).is_number]
    if not powers:
        return e
    rest = sp.Mul(*(f for f in factors if f not in powers))
    parts = sp.Add(sp.log(rest), *map(inside, powers))
    return parts if c == 1 else sp.Mul(c, parts, evaluate=False)


def scaling_index(d: Derivation) -> sp.Indexed:
    """The logarithm of a latent's scaling, under a letter that the model has not taken."""
    taken = {p.name for p in d.model.parameters} | {w.name for w in d.model.networks}
    letter = next(c for c in ("s", "t", "a", "scaling") if c not in taken)
    return entry(array_like(sp.Symbol(letter, real=True)), d.model.latent.index)


def stationarity_lines(d: Derivation) -> list[Line]:
    """One line for each condition; for a matrix, the condition along its own multiples."""
    lines = []
    along = _on_simplex(d)
    for name, condition in d.stationarity.items():
        about = scaling_index(d) if name == "scaling" else declared(name, d.model)
        slope = ScaleSlope if isinstance(about, Matrix) else Slope
        given = None if about in along else equation(slope(maximised(d.model), about))
        left, right = args_of(condition)
        if right != 0:
            if left.atoms(DataMean):
                common = common_factor(left - right)
                left, right = (sp.Add(*(a / common for a in addends(e))) for e in (left, right))
            right = sp.Add(*(_folded(a) for a in addends(right)))
        elif name == "scaling":
            left, right = _of_scaling(d, left)
        else:
            left, right = _balanced(left)
        lines.append(Line(left, right, given=given))
    return lines


def _on_simplex(d: Derivation) -> list[sp.Basic]:
    """The parameters with a condition along a simplex: off it nothing has to be stationary."""
    return [
        p.whole for p in d.model.parameters if p.range == "simplex" and p.name in d.stationarity
    ]


def _balanced(e: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """e = 0 divided by its common positive factors; a single short term goes to the left."""
    e = sp.Add(*(_folded(a) for a in addends(without_common_factor(distributed(e)))))
    short = [a for a in addends(e) if not taken_apart(a, Roles()).heavy and not a.has(*VARIABLES)]
    if len(short) != 1 or len(addends(e)) == 1:
        return sp.S.Zero, e
    (left,) = short
    if taken_apart(left, Roles()).negative:
        return -left, e - left
    return left, sp.Add(*(-a for a in addends(e - left)))


def _of_scaling(d: Derivation, e: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    r"""The condition of the scaling, e = 0, as $1=-\overline{\mathbb E_{q_n}z_h\,\partial_{z_h}\log p(z_h)}$; $\nu_h^2+\tau_h^2$ are gathered for Normal laws."""
    prior, h = d.model.prior, d.model.latent.index
    z = entry(LATENT, h)
    score = derivative(prior.family.density, prior.family.variable)
    weighted = -z * prior.fill(score, (d.model.latent,), z)
    mean = DataMean(expectation(d.model, weighted), n)
    constant = sp.Add(*(a for a in addends(e) if a.is_number))
    both = latents_written_out(e - constant * (1 - reparametrised(mean)))
    if distributed(noise_averaged(distributed(both)), powers=True) != 0:
        return _balanced(e)
    scale = distributed(weighted) / z**2
    if noise(d.model.encoder.family).normal and not scale.has(LATENT):
        return 1 / scale, DataMean(_second_moment(d), n)
    tidy = distributed(substituted(weighted, {sp.sign(z): sp.Abs(z) / z}))
    return sp.S.One, DataMean(expectation(d.model, tidy), n)


def without_common_factor(e: sp.Expr) -> sp.Expr:
    """The sum divided by every positive factor, number or not, that all of its addends share."""
    common = common_factor(e)
    return sp.Add(*(a / common for a in addends(e)))


def common_factor(e: sp.Expr) -> sp.Expr:
    """The product of the positive factors that all addends share."""
    terms = [_powers(a) for a in addends(e)]
    shared = set.intersection(*(set(t) for t in terms)) if terms else set()
    return sp.Mul(*(b ** min(t[b] for t in terms) for b in shared))


def _powers(addend: sp.Expr) -> dict[sp.Expr, sp.Expr]:
    coefficient, rest = addend.as_coeff_Mul()
    found: dict[sp.Expr, sp.Expr] = {}
    if isinstance(coefficient, sp.Rational):
        found = dict(sp.factorint(abs(coefficient.q)))
        found = {sp.Integer(p): -sp.Integer(k) for p, k in found.items()}
        for p, k in sp.factorint(abs(coefficient.p)).items():
            if p > 1:
                found[sp.Integer(p)] = sp.Integer(k)
    for f in sp.Mul.make_args(rest):
        base, exponent = (f.base, f.exp) if isinstance(f, sp.Pow) else (f, sp.S.One)
        if base.is_positive and exponent.is_Rational and not base.is_Number:
            found[base] = exponent
    return found


def _folded(addend: sp.Expr) -> sp.Expr:
    """$e^u\\,\\overline{e^r}$ as $\\overline{e^{r+u}}$."""
    factors = sp.Mul.make_args(addend)
    outside = [f for f in factors if isinstance(f, sp.exp)]
    means = [f for f in factors if isinstance(f, DataMean)]
    if not outside or len(means) != 1:
        return exponentials_merged(addend)
    merged = _with_exponent(means[0], sp.Add(*map(inside, outside)))
    if merged is None:
        return exponentials_merged(addend)
    return sp.Mul(*(f for f in factors if f not in outside and f not in means), merged)


def _with_exponent(e: sp.Expr, exponent: sp.Expr) -> sp.Expr | None:
    if isinstance(e, DataMean):
        inner = _with_exponent(e.body, exponent)
        return None if inner is None else DataMean(inner, e.index)
    if isinstance(e, _Expectation):
        inner = _with_exponent(e.body, exponent)
        return None if inner is None else e.over(inner)
    factors = sp.Mul.make_args(e)
    powers = [f for f in factors if isinstance(f, sp.exp)]
    if not powers:
        return None
    together = exponent + sp.Add(*map(inside, powers))
    return sp.Mul(*(f for f in factors if f not in powers), sp.exp(together))


def about_stationarity(d: Derivation, m: Medium, scaling: Sequence[sp.Expr | Matrix]) -> str:
    """What has to be said before the conditions: noise, moments, matrices, and the parameters that move together in a `scaling`."""
    said = "One condition for each learned parameter whose derivative can be written out, at every index."
    named = {
        name
        for e in d.stationarity.values()
        for over in e.atoms(JointNoiseExpectation)
        for name in over.latents
    }
    if named:
        drawn = [f.name for f in d.model.q if {*f.of} & named]
        said += f" Under the expectation over noise, {samples(d.model, m, drawn)}."
    elif any(e.atoms(NoiseExpectation) for e in d.stationarity.values()):
        z = m.math(reparametrisation(d.model))
        said += f" Under the expectation over noise, {z} with {independent_noise(d.model, m)}."
    matrices = [p.letter for p in d.model.parameters if p.is_matrix and p.name in d.stationarity]
    if matrices:
        said += f" For {m.list(matrices)} the condition along its own multiples is shown, which is all that the claim needs."
    along = _on_simplex(d)
    if along:
        said += f" For {m.list(along)} it is the condition along the simplex."
    if _second_moment_is_used(d):
        z = entry(LATENT, d.model.latent.index)
        said += f" Under {letter_of('q', d.model, m)} the mean of {m.math(z**2)} is {m.math(_second_moment(d))}."
    if "scaling" in d.stationarity:
        scale, z = m.math(scaling_index(d)), m.math(entry(LATENT, d.model.latent.index))
        said += (
            f" The last line is what the conditions of {m.list(scaling)} give together: {scale} is the logarithm of a factor that scales {z} "
            "in the encoder and is undone in the decoder."
        )
    return said


def _second_moment(d: Derivation) -> sp.Expr:
    """The mean of the squared latent under a Normal encoder."""
    _, location, spread = expectation(d.model, sp.S.One).encoder
    return location**2 + exponentials_merged(of_type(spread, sp.Expr) ** 2)


def _second_moment_is_used(d: Derivation) -> bool:
    """Whether a condition has the second moment in place of the squared latent."""
    if not d.model.is_plain:
        return False
    family = d.model.encoder.family
    if family.location is None or family.scale is None or not noise(family).normal:
        return False
    _, location, _ = expectation(d.model, sp.S.One).encoder
    squares = location**2
    return any(
        a.has(squares)
        for line in stationarity_lines(d)
        for a in (line.left, line.right)
        if a is not None
    )


def with_one_logarithm(e: sp.Expr) -> sp.Expr:
    r"""$\frac12\log2+\frac12\log\pi+\frac12\log s+\frac12$ as $\frac12\log(2\pi es)$; anything else as it is."""
    logs: sp.Expr = sp.S.One
    constant: sp.Expr = sp.S.Zero
    coefficients: set[sp.Expr] = set()
    for a in sp.Add.make_args(e):
        c, rest = a.as_coeff_Mul()
        if rest == 1:
            constant += c
        elif isinstance(rest, sp.log):
            coefficients.add(c)
            logs *= inside(rest)
        else:
            return e
    if len(coefficients) != 1:
        return e
    (c,) = coefficients
    return c * sp.log(sp.E ** (constant / c) * logs) if (constant / c).is_Integer else e
