"""Clamps: maxima and minima of parameters. Where one is active it is a constant, and its parameter has no effect."""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from entropysym.language.heads import ROLES, NetworkValue
from entropysym.language.matrices import MatrixNetwork
from entropysym.language.records import Model
from entropysym.language.symbols import LATENT


def is_clamped(model: Model, role: str) -> bool:
    """Whether a factor holds a clamp; a maximum of latents or networks belongs to the model's shape and is none."""
    found = set().union(*(a.atoms(sp.Max, sp.Min) for a in model.factor(role).arguments))
    return any(not c.has(LATENT) and not c.atoms(NetworkValue) for c in found)


def with_active_clamps(model: Model, role: str) -> Model:
    """The model with the constant of each of a factor's clamps in its place, and without what nothing reads any more."""
    learned = {p.symbol for p in model.parameters if p.learned}

    def active(clamp: sp.Basic) -> sp.Basic:
        fixed = [a for a in clamp.args if not any(a.has(s) for s in learned)]
        return fixed[0] if fixed else clamp.args[0]

    factors = {r: model.factor(r) for r in ROLES}
    clamped = factors[role].arguments
    inside = tuple(a.replace(lambda f: isinstance(f, (sp.Max, sp.Min)), active) for a in clamped)
    factors[role] = replace(factors[role], arguments=inside)
    arguments = [a for f in factors.values() for a in f.arguments]
    read = {v.name for a in arguments for v in a.atoms(NetworkValue, MatrixNetwork)}
    return replace(
        model,
        name=f"{model.name}_clamped",
        parameters=tuple(p for p in model.parameters if any(a.has(p.symbol) for a in arguments)),
        networks=tuple(net for net in model.networks if net.name in read),
        **factors,
    )
