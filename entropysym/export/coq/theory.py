"""A printed file: definitions, premises, proofs, the theorem and its corollaries."""

from __future__ import annotations

from functools import partial

from entropysym.export.coq.corollaries import not_vacuous_lemma, points_corollary
from entropysym.export.coq.definitions import (
    curve_block,
    declarations,
    definition_blocks,
    parameters_record,
)
from entropysym.export.coq.families import family_block
from entropysym.export.coq.layout import Layout
from entropysym.export.coq.lines import comment
from entropysym.export.coq.names import safe
from entropysym.export.coq.premises import premise_records
from entropysym.export.coq.proofs import proof_blocks
from entropysym.export.coq.stationary import stationary_block

#: Seconds that `coqc` may spend on one proof.
PATIENCE = 120


def printed_theory(t: Layout) -> str:
    name = t.model.name
    blocks = [
        title(t),
        f"Section {safe(name)}.",
        declarations(t),
        *(map(partial(family_block, t), t.model.families.values())),
        parameters_record(t),
        *definition_blocks(t),
        curve_block(t),
        premise_records(t),
        *proof_blocks(t),
        theorem_block(t),
        stationary_block(t),
        f"End {safe(name)}.",
        points_corollary(t),
        not_vacuous_lemma(t),
        f"Check {t.theorem}.\nPrint Assumptions {t.theorem}.",
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def title(t: Layout) -> str:
    return comment(
        f"{t.model.name}: the ELBO at stationary points, printed from an accepted derivation by entropysym {t.version}. "
        f"SHA-256 of the statement: {t.sha256}. Check with: coqc EntropySum.v && coqc {t.model.name}.v. "
        f"Read the definitions, the premises (`in_range`, `conditions`) and the theorem at the end; what stands between is proof."
    ) + (
        "\nFrom Coq Require Import Reals Lra Lia FunctionalExtensionality.\nFrom Coquelicot Require Import Coquelicot.\n"
        f"Require Import EntropySum.\nOpen Scope R_scope.\nSet Default Timeout {PATIENCE}."
    )


def theorem_block(t: Layout) -> str:
    excess = " + excess p" if t.said.excess != 0 else ""
    o = t.optimised
    said = "the ELBO" if t.plain else "the objective"
    words = (
        f"At all parameters in range that meet the conditions: along the curve, {said} has a derivative, which is the ELBO less the "
        f"entropy sum{' and the excess' if excess else ''}; these have the closed form; and where that derivative is 0, so at every stationary point, the ELBO is the closed form."
    )
    return "\n".join(
        [
            comment(words),
            f"Theorem {t.theorem} :",
            f"  is_derive (fun t : R => {o} (move p t)) 0 (ELBO p - (entropy_sum p{excess}))",
            f"  /\\ entropy_sum p{excess} = closed_form p",
            f"  /\\ (is_derive (fun t : R => {o} (move p t)) 0 0 -> ELBO p = closed_form p).",
            f"Proof using All. exact (theorem_of{'' if excess else '_plain'} _ _ _ _{' _' if excess else ''} gap closed). Qed.",
        ]
    )
