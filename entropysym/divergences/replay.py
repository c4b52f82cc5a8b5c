"""The identity (T) of one family, handed to the checker alone: its kernel reads the record and the certificate, and compares normal forms."""

from __future__ import annotations

from typing import Any

import sympy as sp

from entropysym.checker.kernel.evaluate import Site
from entropysym.checker.kernel.normal_form import Work
from entropysym.checker.kernel.reader import read
from entropysym.checker.kernel.terms import Malformed, Refused
from entropysym.checker.kernel.theorem import check_family
from entropysym.errors import NotStorableError
from entropysym.language.formula import array_of
from entropysym.language.records import Family, Letter, argument_name
from entropysym.language.store import family_term
from entropysym.prover.families import FamilyCertificate
from entropysym.verdict import Verdict, proved, undecided


def replayed(family: Family, certificate: FamilyCertificate) -> Verdict:
    """Proved if the checker accepts (T) for this certificate, else undecided, with what it says."""
    try:
        said = read(_statement(family), {family.name: _certificate(family, certificate)})
        work = Work()
        check_family(Site(work, said, 0), said.model.families[family.name])
    except (NotStorableError, Malformed, Refused, RecursionError) as why:
        return undecided(f"derived, not replayed: {why}")
    return proved("follows from an identity of the record, which the checker replayed", "replayed")


def _statement(family: Family) -> dict[str, Any]:
    """A model of one variable with this law, in which nothing is claimed."""
    plates = ["N", *["K", "L"][: family.depth]]
    if family.support == "posdef":
        plates = ["N", "K", "K"]
    record = {
        "arguments": [
            {"name": argument_name(a), "range": family.range_of(a)} for a in family.arguments
        ],
        "support": family.support,
        "log_density": family_term(family.density, family),
        "log_base_measure": family_term(family.log_base_measure, family),
        "location": None,
        "scale": None,
    }
    factor = {"name": "p_x", "of": ["x"], "given": [], "family": family.name}
    variable = {"name": "x", "plates": plates, "support": family.support, "role": "observed"}
    model = {
        "name": "alone",
        "sizes": list(dict.fromkeys(plates)),
        "data": ["N"],
        "variables": [variable],
        "lags": {},
        "parameters": [],
        "networks": [],
        "families": {family.name: record},
        "p": [factor | {"arguments": [0 for _ in family.arguments], "select": ""}],
        "q": [],
        "constraints": [],
    }
    claim = {"gap": 0, "entropy_sum": 0, "excess": 0}
    return {"model": model, "objective": "elbo", "direction": {}, "conditions": [], "claim": claim}


def _certificate(family: Family, found: FamilyCertificate) -> dict[str, Any]:
    return {
        "direction": {argument_name(a): _motion(family, found, a) for a in family.arguments},
        "scale": family_term(found.scale, family),
        "shift": family_term(found.shift, family),
        "entropy": family_term(found.entropy, family),
    }


def _motion(family: Family, found: FamilyCertificate, a: Letter) -> Any:
    """How an argument moves, under the indices of its entry; what is not named stands still."""
    for at, motion in found.direction.items():
        if at == a:
            return family_term(motion, family)
        if isinstance(at, sp.Indexed) and array_of(at) == a:
            return family_term(motion, family, at.indices)
    return 0
