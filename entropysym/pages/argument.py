r"""The argument of each factor's step, computed from its density: the score along v, the tempering equation, the entropy read off.

$$v\cdot\nabla\ell=\sum_\theta v_\theta\,\partial_\theta\ell=\ell-\log h+\tilde{\mathcal H},\qquad\mathbb E_p[v\cdot\nabla\ell]=0,$$
where $\ell$ is the factor's log-density at one entry. What moves with a latent is written at fixed noise. Nothing is shown that was not computed:
an argument stands on a page only if the motion of $\ell$, differentiated rule by rule, is what the tempering equation says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Literal

import sympy as sp

from entropysym.errors import InputError
from entropysym.language.algebra import (
    collected,
    distributed,
    exponentials_merged,
    reads_latent,
    vanishes,
)
from entropysym.language.formula import arg_of, array_of, derivative, of_type, substituted
from entropysym.language.heads import Directional, NetworkValue, _Expectation
from entropysym.language.matrices import (
    LogDet,
    Matrix,
    MatrixNetwork,
    Quadratic,
    Scaled,
    Trace,
)
from entropysym.language.noise import noise_form
from entropysym.language.objective import (
    expectation,
    latents_written_out,
    location_and_scale,
    weight,
)
from entropysym.language.records import Factor, Family, Model, Plate
from entropysym.pages.equations import (
    Line,
    readable,
    with_one_logarithm,
    without_log_of_exp,
)
from entropysym.pages.marks import (
    BASE,
    DIRECTION,
    ELL,
    TIME,
    OnCurve,
    ScaleSlope,
    Slope,
    UnderModel,
)
from entropysym.pages.medium import Medium, listed
from entropysym.pages.wording import called, has_scaling, letter_of, reparametrisation
from entropysym.prover.derivation import Derivation
from entropysym.prover.direction import density_at_entry, entropy_of_q, parts_at_entry
from entropysym.prover.motion import Component, Motion, Motions, with_signs


@dataclass(frozen=True)
class Argument:
    """The computation behind the step of a factor, or of several with the same lines: their names, the rule, and the lines, each with its reason."""

    factors: tuple[str, ...]
    rule: Literal["tempering", "scaling"]
    lines: tuple[Line, ...]

    def words(self, model: Model, m: Medium) -> str:
        """Whose step it is, and by which rule."""
        names = [called(model, name, m) for name in self.factors]
        if self.rule == "tempering":
            return f"Tempering of {listed(names)}:"
        own = "the encoder" if model.is_plain else letter_of("q", model, m)
        return f"Scaling symmetry of {listed([*names, own])}:"


def arguments(d: Derivation) -> tuple[Argument, ...]:
    """One for each factor that the direction serves, in the order of the steps, factors with the same lines together; of a factor whose entropy is not known in closed form there is none."""
    entropies = ((family, c.entropy) for family, c in d.entropies.items())
    return _arguments(d.model, tuple(d.direction.items()), d.factors, tuple(entropies))


@lru_cache(maxsize=16)  # the forms of a page share them
def _arguments(
    model: Model,
    direction: tuple[tuple[str, Component], ...],
    factors: tuple[str, ...],
    entropies: tuple[tuple[Family, sp.Expr], ...],
) -> tuple[Argument, ...]:
    closed = {family: with_one_logarithm(entropy) for family, entropy in entropies}
    moving = noise_form(model, [name for name, _ in direction])
    found = [
        _Entry(model, dict(direction), closed, f, moving) for f in model.p if f.name in factors
    ]
    shown = [e for e in sorted(found, key=lambda e: e.scaled) if e.is_shown()]
    drawn: set[str] = set()  # how a latent is drawn is said once
    together: dict[tuple[str, tuple[Line, ...]], Argument] = {}
    for a in (e.argument(drawn) for e in shown):
        same = together.get((a.rule, a.lines))
        together[a.rule, a.lines] = replace(
            a, factors=(*(same.factors if same else ()), *a.factors)
        )
    return tuple(together.values())


class _Entry:
    """One entry of a factor: its log-density, its base measure and its entropy, and how they move."""

    def __init__(
        self,
        model: Model,
        direction: Motions,
        closed: dict[Family, sp.Expr],
        factor: Factor,
        moving: tuple[str, ...],
    ) -> None:
        self.model, self.direction, self.closed = model, direction, closed
        self.factor, self.moving = factor, moving
        self.scaled = bool({*factor.of} & {*moving})
        self.weight = weight(model, factor)
        self.motion = Motion(model.parameters, direction, model=model)

    def at(self, expression: sp.Expr) -> sp.Expr:
        return density_at_entry(self.model, self.factor, expression)[0]

    @cached_property
    def indices(self) -> tuple[sp.Symbol, ...]:
        """The indices of the entry."""
        return density_at_entry(self.model, self.factor, sp.S.Zero)[1]

    @cached_property
    def ell(self) -> sp.Expr:
        return self.at(self.factor.family.density)

    @cached_property
    def base(self) -> sp.Expr:
        return self.at(self.factor.family.log_base_measure)

    @cached_property
    def entropy(self) -> sp.Expr:
        return self._written(self.at(self.closed[self.factor.family]))

    def _written(self, e: sp.Expr) -> sp.Expr:
        """As a person writes it: exponentials merged, one logarithm for constants, and no index that means two things."""
        e = exponentials_merged(e)
        e = collected(e, self.model.sizes) if isinstance(e, sp.Add) else e
        e = sp.Add(*map(without_log_of_exp, sp.Add.make_args(e)))
        return of_type(readable(e), sp.Expr)

    def is_shown(self) -> bool:
        """Whether the entry moves as the tempering equation says: the parts of the objective are differentiated along v, rule by rule, and compared."""
        if self.factor.family not in self.closed:
            return False
        part, delta, _ = parts_at_entry(self.model, self.closed, self.factor, self.moving)

        def written(e: sp.Expr) -> sp.Expr:
            return with_signs(latents_written_out(e, self.model) if self.moving else e)

        try:
            return vanishes(written(self.motion.of(with_signs(part))) - written(delta))
        except InputError:
            return False

    def argument(self, drawn: set[str]) -> Argument:
        relative = ELL - BASE if self.base != 0 else ELL
        score = self._written(distributed(self.ell - self.base + self.entropy))
        about = self.weight * Directional(ELL)
        base = [Line(BASE, self.base, "base measure")] if self.base != 0 else []
        lines = [
            Line(ELL, sp.Add(*map(without_log_of_exp, sp.Add.make_args(self.ell))), "one entry"),
            *base,
            *self._at_fixed_noise(drawn),
            *self._matrices(),
        ]
        if self.scaled:
            own = self._written(self._of_q())
            lines.append(Line(Directional(own), self._moved(own), "entropy of q"))
            about += weight(self.model, self._own) * Directional(own)
        chain = self._chain()
        lines.append(
            Line(Directional(ELL), chain, "chain rule")
            if self.scaled
            else Line(about, self.weight * chain, "chain rule")
        )
        if self.scaled:
            lines.append(Line(about, score, "both together"))
        else:
            lines.append(Line(None, score, "the scores"))
        lines.append(Line(None, relative + self.entropy, "tempering equation"))
        lines.append(Line(-UnderModel(relative), self.entropy, "scores have mean zero"))
        rule = "scaling" if self.scaled else "tempering"
        return Argument((self.factor.name,), rule, tuple(lines))

    # -- the lines -------------------------------------------------------------------------------------------------------

    @property
    def _own(self) -> Factor:
        """The factor of q of the latent that is scaled."""
        return next(f for f in self.model.q if {*f.of} & {*self.factor.of})

    def _of_q(self) -> sp.Expr:
        return entropy_of_q(self.model, self.closed, self._own, self.indices)

    def _moved(self, e: sp.Expr) -> sp.Expr:
        """The derivative along v, latents at fixed noise; 0, or spelled out in parameters and noise."""
        if not (self.moving and reads_latent(e)):
            return distributed(self.motion.of(e))
        drawn = expectation(
            self.model, e, reparametrised=self.moving, datum=self.model.datum(self.factor.of[0])
        )
        moved = latents_written_out(self.motion.of(drawn), self.model)
        return distributed(moved.body if isinstance(moved, _Expectation) else moved, powers=True)

    def _at_fixed_noise(self, drawn: set[str]) -> Iterator[Line]:
        """How the latents that are read are drawn and move, and which inputs of networks stand still."""
        if not self.moving:
            return
        for name in self.moving:
            if self._reads(name) and name not in drawn:
                drawn.add(name)
                law = reparametrisation(self.model, self._law(name))
                yield Line(arg_of(law, 0, sp.Expr), arg_of(law, 1, sp.Expr), "at fixed noise")
                yield Line(Directional(self.model.entry(name)), self._velocity(name), "direction v")
        for value in _networks(self.ell):
            for vector in value.inputs:
                if self._reads_both(vector):
                    yield Line(Directional(vector), sp.S.Zero, "stands still")
        for argument in self._still:
            yield Line(Directional(argument), sp.S.Zero, "stands still")

    def _reads_both(self, e: sp.Basic) -> bool:
        """Whether it reads a parameter that moves and a latent that does."""
        symbols = [p.symbol for p in self.model.parameters if p.name in self.direction]
        latents = [array_of(self.model.entry(name)) for name in self.moving]
        return e.has(*symbols) and e.has(*latents)

    @cached_property
    def _still(self) -> list[sp.Expr]:
        """Arguments in which latents and parameters move against each other, so that the whole stands still."""
        found = []
        for place in self.factor.family.arguments:
            if not isinstance(place, sp.Symbol):
                continue
            argument = self.at(place)
            if self._reads_both(_outside_networks(argument)) and self._moved(argument) == 0:
                found.append(argument)
        return found

    def _law(self, name: str) -> Factor:
        return next(f for f in self.model.q if name in f.of)

    def _reads(self, name: str) -> bool:
        return self.ell.has(array_of(self.model.entry(name)))

    def _velocity(self, name: str) -> sp.Expr:
        r"""How a latent moves at fixed noise, $kz+l$: the scale by k times itself, and the location by what is left beside."""
        location, scale = location_and_scale(self.model, name)
        rate = sp.cancel(self._moved(scale) / scale)
        return rate * self.model.entry(name) + distributed(self._moved(location) - rate * location)

    def _matrices(self) -> Iterator[Line]:
        """The laws by which words of matrices move: a determinant, a quadratic form, a trace."""
        if self.moving:
            return
        words = self.ell.atoms(LogDet, Quadratic, Trace)
        for word in sorted(words, key=sp.default_sort_key):
            moved = self._moved(word)
            if moved != 0:
                yield Line(Directional(word), moved, "law of matrices")

    def _chain(self) -> sp.Expr:
        r"""$\sum_\theta v_\theta\,\partial_\theta\ell$ over what the entry reads and v moves, outside the inputs of networks."""
        read = [
            a for a in map(self._argument, self.factor.family.arguments) if a not in self._still
        ]
        if self.scaled:
            read += [self.model.whole(name) for name in self.factor.of]
        indices = {*self.indices, *(plate.index for plate in self.model.data)}
        found: list[sp.Expr] = []
        for p in self.model.parameters:
            motion = self.direction.get(p.name)
            if motion is None or not any(a.has(p.symbol) for a in read):
                continue
            if isinstance(motion, Scaled):
                found.append(motion.scalar * ScaleSlope(ELL, p.letter))
            else:
                found.append(_summed(readable(motion) * Slope(ELL, p.whole), p.plates, indices))
        for name in self.moving:
            if any(a.has(array_of(self.model.entry(name))) for a in read):
                one = self._velocity(name) * Slope(ELL, self.model.entry(name))
                found.append(_summed(one, self.model.inner(name), indices))
        return sp.Add(*found)

    def _argument(self, place: sp.Basic) -> sp.Basic:
        """What stands at an argument of the family, outside the inputs of networks."""
        own: dict[sp.Basic, sp.Basic] = dict(
            zip(self.factor.family.arguments, self.factor.arguments, strict=True)
        )
        filled = self.at(place) if isinstance(place, sp.Symbol) else own[place]
        return filled if filled in self._still else _outside_networks(filled)


_NETWORKS = (NetworkValue, MatrixNetwork)


def _networks(e: sp.Expr) -> list[NetworkValue | MatrixNetwork]:
    return sorted(e.atoms(*_NETWORKS), key=sp.default_sort_key)


def _outside_networks(e: sp.Basic) -> sp.Basic:
    return e.xreplace({f: sp.Dummy() for f in e.atoms(*_NETWORKS)})


def _summed(e: sp.Expr, plates: tuple[Plate, ...], indices: set[sp.Symbol]) -> sp.Expr:
    for plate in reversed(plates):
        e = e if plate.index in indices else plate.sum(e)
    return e


def scaling_parameters(d: Derivation) -> list[sp.Expr | Matrix]:
    """What moves, but is not what a tempered density is differentiated by: it scales latents, and undoes that where they are read."""
    lines = (line for a in arguments(d) if a.rule == "tempering" for line in a.lines)
    tempered = {s.args[1] for line in lines for s in line.right.atoms(Slope, ScaleSlope)}
    moved = (p for p in d.model.parameters if p.name in d.direction)
    return [
        p.whole for p in moved if not {p.whole, p.letter if p.is_matrix else p.whole} & tempered
    ]


def curve(d: Derivation) -> tuple[Line, ...]:
    r"""The curve $\dot\theta=v(\theta)$ through each parameter, $\theta e^{ct}$ or affine; none if one of them is another."""
    lines = []
    for p in d.model.parameters:
        motion = d.direction.get(p.name)
        if motion is None:
            continue
        own = sp.Dummy("own", real=True)  # a matrix moves by a multiple of itself, too
        moved = (
            motion.scalar * own
            if isinstance(motion, Scaled)
            else substituted(motion, {p.whole: own})
        )
        rate = derivative(moved, own)
        offset = distributed(moved - rate * own)
        if not rate.is_number or offset.has(own):
            return ()
        grown = sp.exp(rate * TIME)
        shift = offset * TIME if rate == 0 else offset * (grown - 1) / rate
        right = (
            Scaled(grown, p.letter)
            if p.is_matrix
            else substituted(own * grown + shift, {own: p.entry})
        )
        lines.append(Line(OnCurve(p.whole), right))
    return tuple(lines)


def about_direction(derivation: Derivation, m: Medium) -> str:
    """What a tempering direction is and, where latents are scaled, what the scaling symmetry is."""
    if not derivation.direction:
        return ""
    v, t, ell, entropy = (m.math(e) for e in (DIRECTION, TIME, ELL, -UnderModel(ELL)))
    served = [f for f in derivation.model.p if f.name in derivation.factors]
    relative = any(f.family.log_base_measure != 0 for f in served)
    weighed = any(weight(derivation.model, f) != 1 for f in served)
    said = (
        f"The vector {v} is a tempering direction: to first order in {t}, a step of {t} along it turns a density{', relative to its base measure if it has one,' if relative else ''} "
        f"into its normalised power with the exponent {m.math(1 + TIME)}, so the log-density grows by itself plus the entropy, both times {t}"
        f"{' and divided by the weight of the factor' if weighed else ''}. For each factor it is shown at one of its entries, which has "
        f"the log-density {ell} and the entropy {entropy}, a mean under that density itself"
    )
    if relative:
        said += f"; where there is a base measure, what is tempered has the entropy {m.math(-UnderModel(ELL - BASE))}"
    said += "."
    if has_scaling(derivation):
        q = letter_of("q", derivation.model, m)
        said += (
            f" A density of latents that has nothing to be tempered is served by the scaling symmetry: {v} moves {q}, at fixed noise, so that {q} draws scaled latents, and what reads them undoes "
            f"the factor, so that its input stands still; the entropy of {q} and this density, taken together, move by a multiple of the score that this density has in its scale, and give what tempering gives."
        )
    return said
