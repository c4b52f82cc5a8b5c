"""Random densities as records, and the small models in which one stands as prior or as decoder."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from entropysym.families import ANY, NORMAL
from entropysym.language import Family, Model, ModelWriter

from .laws import (
    EXPONENTIAL_FAMILIES,
    TRUNCATIONS,
    Drawn,
    location_scale,
    mixture,
    transformed,
    zero_inflated,
)
from .words import Words

KINDS = {
    "exponential family": 45,
    "location-scale": 20,
    "truncated": 12,
    "transformed": 15,
    "mixture": 4,
    "zero-inflated": 4,
}
USES = ("decoder", "prior")


@dataclass(frozen=True)
class Draft:
    """A density: the formulas as drawn, the record of them, and what stands for each argument that is not learned (`fixed` or a number)."""

    seed: int
    kind: str
    law: Drawn
    record: Family
    held: dict[str, str | sp.Rational]
    used: tuple[str, ...]

    @property
    def learned(self) -> list[sp.Symbol]:
        return [a for a in self.record.arguments if a.name not in self.held]

    @property
    def lines(self) -> str:
        """What somebody would have written."""
        f, given = self.law, [f"support={self.law.support!r}"]
        given += [f"log_base_measure={f.base}"] if f.base != 0 else []
        given += [f"location={f.location}, scale={f.scale}"] if f.location is not None else []
        ranges = ", ".join(f"{a}: {self.record.range_of(a)}" for a in self.record.arguments)
        return f"{f.name}({ranges}; held {self.held}): {f.log_p}; {'; '.join(given)}"


def draft(seed: int) -> Draft:
    """The density of a seed."""
    w = Words(seed)
    kind = w.rng.choices([*KINDS], [*KINDS.values()])[0]
    if kind == "exponential family":
        law = w.rng.choice(EXPONENTIAL_FAMILIES)(w)
    elif kind == "truncated":
        law = w.rng.choice(TRUNCATIONS)(w)
    else:
        makers = {
            "location-scale": location_scale,
            "transformed": transformed,
            "mixture": mixture,
            "zero-inflated": zero_inflated,
        }
        law = makers[kind](w)
    formula = law.log_p
    if w.chance(0.3) and not formula.has(sp.Piecewise):
        form = w.some("expand", "together", "logcombine")
        w.used.append(form)
        formula = getattr(sp, form)(formula)
    arguments = tuple(a for a in w.arguments if formula.has(a))
    record = Family(
        name="Own",
        arguments=arguments,
        variable=law.x,
        log_density=formula,
        support=law.support,
        log_base_measure=law.base,
        location=law.location,
        scale=law.scale,
    )
    held: dict[str, str | sp.Rational] = {}
    share = w.some(0.0, 0.0, 0.25)
    for a in arguments:
        if w.chance(share):
            held[a.name] = "fixed" if w.chance(0.5) else w.number(record.range_of(a))
    return Draft(seed, kind, law, record, held, tuple(w.used))


def model_of(d: Draft, use: str) -> Model:
    """The model in which the density is the prior or the decoder; the other one is Normal, with a learned variance."""
    w = ModelWriter()
    plate = "d" if use == "decoder" else "h"

    def given(a: sp.Symbol) -> sp.Expr:
        how = d.held.get(a.name)
        if isinstance(how, sp.Rational):
            return how
        make = w.fixed if how == "fixed" else w.learned
        return make(f"par_{a.name}", plate, range=d.record.range_of(a))

    own = d.record(*map(given, d.record.arguments))
    v = w.learned("v", range="positive")
    if use == "decoder":
        return w.model(f"as_{use}", prior=NORMAL(0, v), decoder=own, encoder=ANY())
    decoder = NORMAL(w.network("mu", "d", reads=w.z), v)
    return w.model(f"as_{use}", prior=own, decoder=decoder, encoder=ANY())
