r"""Verify a model: derive, replay, sweep random configurations, try wrong variants, train on data, compare.

Evidence is named and only what ran is named: *replayed* (checker), *float64* (gap identity at random configurations, with every wrong variant
rejected), *trained* (a network on the data). What was replayed but could not be compared in numbers is not verified: UNDECIDED, with the reason.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from entropysym.claims.progress import Progress, silent
from entropysym.claims.replayed import derive
from entropysym.errors import InputError, NoStationaryPointError
from entropysym.language.records import Model
from entropysym.linear import Trained
from entropysym.linear.training_linear_vae import train_linear_vae
from entropysym.linear.training_vae2 import train_vae2
from entropysym.lowering.precision import COARSE
from entropysym.models import ZOO
from entropysym.prover import Derivation, Refusal
from entropysym.verdict import Value, Verdict, proved, refuted, undecided
from entropysym.witness import Sweep, VariantResult, gap_function, sweep, try_variants

#: Agreement that is demanded at the stationary point of a linear VAE, in nats per data point.
CLOSED_FORM_TOLERANCE = 1e-8

#: Model name -> how it is trained on data; models that are not named are verified without training.
TRAINERS: Mapping[str, Callable[..., Trained]] = {
    "vae2": train_vae2,
    "linear_vae": train_linear_vae,
}


@dataclass(frozen=True)
class Verification:
    """What was checked of one model, and the verdict that follows. Parts that did not run are None.

    For a refused model, `sweep` and `variants` are about its partial result, and `partial_verdict` is what they say of it.
    """

    model: str
    verdict: Verdict
    derivation: Derivation | Refusal
    sweep: Sweep | None = None
    variants: tuple[VariantResult, ...] = ()
    trained: Trained | None = None
    data: str = ""
    shape: tuple[int, ...] = ()
    seed: int = 0
    seconds: float = 0.0
    partial_verdict: Verdict | None = None


def verify(
    models: Sequence[Model],
    data: np.ndarray,
    *,
    data_name: str = "data",
    seed: int = 0,
    configurations: int = 10_000,
    train: bool = True,
    progress: Progress = silent,
) -> tuple[Verification, ...]:
    """Verify models on a data matrix (N, D), one data point per row; without `train`, at random configurations only.

    Raises `InputError` for data that is no finite matrix. Data without a finite stationary point leaves a model UNDECIDED.
    """
    return tuple(
        _verify(model, data, data_name, seed, configurations, train, progress) for model in models
    )


def _verify(
    model: Model,
    data: np.ndarray,
    data_name: str,
    seed: int,
    configurations: int,
    train: bool,
    progress: Progress,
) -> Verification:
    began = time.monotonic()
    parts: dict[str, Any] = {"data": data_name, "shape": data.shape, "seed": seed}

    def finish(verdict: Verdict) -> Verification:
        seconds = time.monotonic() - began
        return Verification(model.name, verdict, found, seconds=seconds, **parts)

    progress(f"{model.name}: derive, replay", 0, 1, "")
    found = derive(model)
    progress(f"{model.name}: derive, replay", 1, 1, found.verdict.value.value)
    derived = found.partial if isinstance(found, Refusal) else found
    if derived is None or derived.verdict.value is not Value.PROVED:
        return finish(found.verdict)

    def shown(task: str) -> Callable[[int, int, str], None]:
        return lambda done, total, remark: progress(f"{model.name}: {task}", done, total, remark)

    claim = {"direction": derived.direction, "entropy_sum": derived.entropy_sum}
    entropies = {family: t.entropy for family, t in derived.entropies.items()}
    try:
        gap_function(model, **claim, entropies=entropies)
    except InputError as reason:  # such as a function that JAX lacks
        return finish(_not_compared(found.verdict, reason))
    parts["sweep"] = sweep(
        model,
        **claim,
        entropies=entropies,
        count=configurations,
        seed=seed,
        progress=shown("configurations"),
    )
    parts["variants"] = try_variants(
        model,
        **claim,
        entropies=entropies,
        excess=derived.excess,
        seed=seed,
        progress=shown("wrong variants"),
    )
    swept = sweep_verdict(parts["sweep"], parts["variants"])
    if isinstance(found, Refusal):
        parts["partial_verdict"] = swept
        return finish(found.verdict)
    if swept.value is not Value.PROVED:
        return finish(swept)
    evidence = (*found.verdict.evidence, *swept.evidence)
    trainer = _trainer(model) if train else None
    if trainer is None:
        return finish(proved(f"{found.verdict.reason}; {swept.reason}", *evidence))
    try:
        parts["trained"] = trainer(model, data, **claim, seed=seed, progress=shown("training"))
    except NoStationaryPointError as reason:
        return finish(undecided(f"the theorem says nothing on this data: {reason}", *evidence))
    trained = training_verdict(parts["trained"])
    if trained.value is not Value.PROVED:
        return finish(Verdict(trained.value, trained.reason, evidence))
    return finish(proved(trained.reason, *evidence, *trained.evidence))


def _not_compared(verdict: Verdict, reason: InputError) -> Verdict:
    """A refutation stands without numbers; anything else is undecided."""
    value = verdict.value if verdict.value is Value.REFUTED else Value.UNDECIDED
    return Verdict(value, f"not compared in numbers: {reason}; {verdict.reason}", verdict.evidence)


def _trainer(model: Model) -> Callable[..., Trained] | None:
    """How a model that ships is trained; another of the same name is another model."""
    shipped = model.name in TRAINERS and model == ZOO[model.name]()
    return TRAINERS[model.name] if shipped else None


def sweep_verdict(swept: Sweep, variants: Sequence[VariantResult]) -> Verdict:
    """PROVED if every configuration agrees and every wrong variant is rejected; nothing compared is never a pass."""
    wrong = [v for v in variants if not v.equal]
    accepted = [v.name for v in wrong if v.rejected == 0]
    if swept.compared == 0 or not wrong:
        return undecided("no configuration or no wrong variant was compared")
    if swept.failures:
        return refuted(
            f"the gap identity fails at {swept.failures} of {swept.compared} configurations, at worst by {swept.largest:.3g} eps x terms: {swept.where}",
            "float64",
        )
    if swept.broken:
        return undecided(
            f"numbers are not finite at {swept.broken} of {swept.compared} configurations, such as {swept.where}"
        )
    if not swept.passed:
        return undecided(
            f"the terms are so large that rounding could hide {COARSE:g} nat at {swept.coarse} of {swept.compared} configurations"
        )
    if accepted:
        return undecided(f"the check is blind: it accepts the wrong variant {accepted[0]!r}")
    return proved(
        f"gap identity at {swept.compared} configurations, {len(wrong)} wrong variants rejected",
        "float64",
    )


def training_verdict(trained: Trained) -> Verdict:
    """PROVED if gap and predicted gap agree where training ended; a linear VAE must be stationary and meet pPCA as well."""
    gap = trained.gap
    if not gap.finite:
        return undecided(f"training ended at numbers that are not finite: {trained.message}")
    if not gap.agrees:
        return refuted(
            f"gap {gap.gap:.3e} and predicted gap {gap.predicted:.3e} nat differ by {gap.residual:.3g} eps x terms at the trained point",
            "trained",
        )
    if trained.ppca_log_likelihood is None:
        where = "" if trained.stationary else ", not stationary yet"
        return proved(
            f"gap {gap.gap:.1e} nat as predicted by v.grad F, at gradient norm {trained.gradient_norm:.1e}{where}",
            "trained" if trained.stationary else "trained in part",
        )
    if not trained.stationary:
        return undecided(f"training did not reach a stationary point: {trained.message}")
    apart = (
        gap.gap,
        gap.elbo - trained.ppca_log_likelihood,
        gap.entropy_sum - trained.ppca_log_likelihood,
    )
    # max() forgets a NaN that is not its first argument.
    off = max(map(abs, apart)) if all(map(math.isfinite, apart)) else math.nan
    if not off <= CLOSED_FORM_TOLERANCE:
        if trained.kind != "maximum":
            return undecided(
                f"training ended at a {trained.kind} stationary point, where the log-likelihood is not maximal"
            )
        return refuted(
            f"ELBO, entropy sum and pPCA maximum differ by {off:.3e} nat at gradient norm {trained.gradient_norm:.1e}",
            "trained",
        )
    return proved(
        f"ELBO = entropy sum = pPCA maximum to {off:.0e} nat at gradient norm {trained.gradient_norm:.0e}",
        "trained",
    )
