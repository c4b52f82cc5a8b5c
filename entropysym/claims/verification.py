r"""Verify a model: derive, replay, sweep random configurations, try wrong variants, settle on data, compare with two witnesses.

Evidence is named and only what ran is named: *replayed* (checker), *float64* (gap identity at random configurations, with every wrong variant
rejected), *trained* (a stationary point on data, where both witnesses agree). What was replayed but could not be compared in numbers is not
verified: UNDECIDED, with the reason.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from entropysym.claims.on_data import PLAN, Rest, Sample, rest_on, sample
from entropysym.claims.on_graphs import GraphRest, GraphSample, graph_sample, rest_on_graph
from entropysym.claims.progress import Progress, silent
from entropysym.claims.replayed import derive
from entropysym.errors import InputError, NoStationaryPointError, integer
from entropysym.language.records import Model
from entropysym.lowering.precision import COARSE, REFUTES
from entropysym.prover import Derivation, Refusal
from entropysym.shown import Shown as ShownResult
from entropysym.verdict import Value, Verdict, proved, refuted, undecided
from entropysym.witness import Sweep, VariantResult, gap_function, sweep, try_variants

#: Data by name, a matrix, arrays by name for a graph, or none.
Data = str | np.ndarray | Mapping[str, np.ndarray] | None

#: What `verify` settles where no model is named.
DEFAULT = ("vae2", "linear_vae")

#: The largest |gap| beside an excess at a stationary point, and the largest distance from the maximum of probabilistic PCA, in nats per datum.
CLOSED = 1e-8


@dataclass(frozen=True, repr=False)
class Verification(ShownResult):
    """What was checked of one model, and the verdict that follows. Parts that did not run are None.

    For a refused model, `sweep`, `variants` and `rest` are about its partial result, and `partial_verdict` is what they say of it.
    """

    model: str
    verdict: Verdict
    derivation: Derivation | Refusal
    sweep: Sweep | None = None
    variants: tuple[VariantResult, ...] = ()
    rest: Rest | GraphRest | None = None
    seed: int = 0
    seconds: float = 0.0
    partial_verdict: Verdict | None = None


@dataclass(frozen=True)
class Options:
    """What `verify` is asked for: data (None: random configurations only), H, a seed, how many configurations, and where progress is told."""

    data: Data
    data_name: str
    latent: int | None
    seed: int
    configurations: int
    progress: Progress


def verify(
    models: Sequence[Model],
    data: Data = "digits",
    *,
    data_name: str = "the data",
    latent: int | None = None,
    seed: int = 0,
    configurations: int = 10_000,
    progress: Progress = silent,
) -> tuple[Verification, ...]:
    """Verify models at random configurations, and on data: ``digits``, ``curve`` or a matrix (N, D), one data point per row, of the kind that each decoder needs.

    Networks are small tanh ones with `latent` latents (1, or 2 where no network reads z); the ascent is counted in steps. With `data` None nothing is
    trained. A graph of factors is settled on simulated data, or on arrays by name. Raises `InputError` for data of another kind. Data without a finite stationary point leave a model UNDECIDED.
    """
    latent = None if latent is None else integer("the number of latents", latent)
    seed, configurations = integer("seed", seed, 0), integer("configurations", configurations)
    options = Options(data, data_name, latent, seed, configurations, progress)
    if latent is not None and models and not any(model.is_plain for model in models):
        raise InputError(
            f"a graph has latents of its own; leave the number of latents, {latent}, out"
        )
    # Data of another kind are refused before anything is computed.
    samples = [_sample(model, options) for model in models]
    pairs = zip(models, samples, strict=True)
    return tuple(_verify(model, some, options) for model, some in pairs)


def _sample(model: Model, o: Options) -> Sample | GraphSample | NoStationaryPointError | None:
    if not model.is_plain:
        named = o.data if isinstance(o.data, Mapping) else None
        if isinstance(o.data, np.ndarray):
            names = ", ".join(f"{v.name}=…" for v in model.variables if v.role != "latent")
            raise InputError(
                f"{model.name} is a graph: its data are arrays by name; write them with numpy.savez('data.npz', {names})"
            )
        return None if o.data is None else graph_sample(model, named)
    if isinstance(o.data, Mapping):
        raise InputError(
            f"{model.name} has one observed vector: pass its matrix, not arrays by name; verify it apart from graphs"
        )
    try:
        return None if o.data is None else sample(model, o.data, o.data_name)
    except NoStationaryPointError as reason:
        return reason


def _verify(
    model: Model, some: Sample | GraphSample | NoStationaryPointError | None, o: Options
) -> Verification:
    began = time.monotonic()

    def shown(task: str) -> Callable[[int, int, str], None]:
        return lambda done, total, remark: o.progress(f"{model.name}: {task}", done, total, remark)

    shown("derive, replay")(0, 1, "")
    found = derive(model)
    shown("derive, replay")(1, 1, found.verdict.value.value)
    done = Verification(model.name, found.verdict, found, seed=o.seed)
    derived = found.partial if isinstance(found, Refusal) else found
    if derived is not None and derived.verdict.value is Value.PROVED:
        done = _compared(done, derived, o, shown)
        swept = done.verdict if done.partial_verdict is None else done.partial_verdict
        if some is not None and swept.value is Value.PROVED:
            done = _settled(done, derived, some, o, shown)
    return replace(done, seconds=time.monotonic() - began)


Shown = Callable[[str], Callable[[int, int, str], None]]


def _compared(done: Verification, derived: Derivation, o: Options, shown: Shown) -> Verification:
    """With the sweep and the wrong variants."""
    claim, found = derived.identity, done.derivation
    try:
        gap_function(claim)
    except InputError as reason:  # such as a function that JAX lacks
        return replace(done, verdict=_not_compared(found.verdict, reason))
    swept = sweep(claim, seed=o.seed, count=o.configurations, progress=shown("configurations"))
    tried = try_variants(claim, seed=o.seed, progress=shown("wrong variants"))
    verdict = sweep_verdict(swept, tried)
    done = replace(done, sweep=swept, variants=tried)
    if isinstance(found, Refusal):
        return replace(done, partial_verdict=verdict)
    if verdict.value is Value.PROVED:
        reason = f"{found.verdict.reason}; {verdict.reason}"
        verdict = proved(reason, *found.verdict.evidence, *verdict.evidence)
    return replace(done, verdict=verdict)


def _settled(
    done: Verification,
    derived: Derivation,
    some: Sample | GraphSample | NoStationaryPointError,
    o: Options,
    shown: Shown,
) -> Verification:
    """With what both witnesses say where an ascent on the data ended."""
    try:
        if isinstance(some, NoStationaryPointError):
            raise some
        if isinstance(some, GraphSample):
            return _settled_graph(done, derived, some, o, shown)
        rest = rest_on(derived, some, latent=o.latent, seed=o.seed, progress=shown("ascent"))
    except NoStationaryPointError as reason:
        verdict = undecided(f"vacuous, the theorem says nothing on these data: {reason}")
        return _with_verdict(done, verdict)
    return _with_verdict(replace(done, rest=rest), rest_verdict(rest))


def _settled_graph(
    done: Verification, derived: Derivation, some: GraphSample, o: Options, shown: Shown
) -> Verification:
    try:
        rest = rest_on_graph(derived, some, seed=o.seed, progress=shown("ascent"))
    except InputError as reason:  # it has no default q
        return _with_verdict(done, undecided(f"not settled on data: {reason}"))
    return _with_verdict(replace(done, rest=rest), rest_verdict(rest))


def _with_verdict(done: Verification, on_data: Verdict) -> Verification:
    """What data say is said of the claim, or of the partial result where the claim is refused."""
    before = done.verdict if done.partial_verdict is None else done.partial_verdict
    evidence = before.evidence
    if on_data.value is Value.PROVED:
        evidence = (*evidence, *on_data.evidence)
    verdict = Verdict(on_data.value, on_data.reason, evidence)
    if done.partial_verdict is None:
        return replace(done, verdict=verdict)
    return replace(done, partial_verdict=verdict)


def _not_compared(verdict: Verdict, reason: InputError) -> Verdict:
    """A refutation stands without numbers; anything else is undecided."""
    value = verdict.value if verdict.value is Value.REFUTED else Value.UNDECIDED
    return Verdict(value, f"not compared in numbers: {reason}; {verdict.reason}", verdict.evidence)


def sweep_verdict(swept: Sweep, variants: Sequence[VariantResult]) -> Verdict:
    """PROVED if every configuration agrees and every wrong variant is rejected; nothing compared is never a pass."""
    wrong = [v for v in variants if not v.equal]
    accepted = [v.name for v in wrong if v.rejected == 0]
    if swept.compared == 0 or not wrong:
        return undecided("no configuration or no wrong variant was compared")
    if swept.failures:
        fails = f"the gap identity fails at {swept.failures} of {swept.compared} configurations, at worst by {swept.largest:.3g} eps x terms: {swept.where}"
        if not swept.beyond:
            return undecided(f"{fails}; that little may be rounding")
        return refuted(fails, "float64")
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


def rest_verdict(rest: Rest | GraphRest) -> Verdict:
    """PROVED where the ascent ended at a stationary point at which both witnesses agree and the gap is 0 (or the excess that was derived).

    The linear VAE must meet probabilistic PCA as well, where it ends at a maximum. The identity is as predicted or not, whether the point is
    stationary or not; only one that is not as predicted refutes.
    """
    at = rest.measured
    gap, norm = at.gap, f"gradient norm {at.gradient_norm:.1e}"
    border = f"vacuous, the ascent runs to a border, and the theorem is about points inside: {rest.border}"
    if not gap.finite and rest.border is not None:
        return undecided(border)
    if not gap.finite:
        return undecided(f"the ascent ended at numbers that are not finite: {rest.settled.message}")
    if not at.as_predicted:
        other = at.density_residual
        also = "" if other is None else f" and {other:.3g} (entropies of the densities)"
        differ = f"gap {gap.gap:.3e} and predicted gap {gap.predicted:.3e} nat differ by {gap.residual:.3g}{also} eps x terms at {norm}"
        if max(gap.residual, other or 0.0) <= REFUTES:
            return undecided(f"{differ}; that little may be rounding")
        return refuted(differ, "trained")
    if rest.border is not None:
        return undecided(f"{border}; the identity is as predicted (gap {gap.gap:.1e} nat)")
    if not at.stationary:
        return undecided(
            f"the identity is as predicted (gap {gap.gap:.1e} nat), but the ascent ended above {norm}: {rest.settled.ending.value}"
        )
    if not abs(gap.gap) <= CLOSED:  # as predicted, so a long direction makes it of a small gradient
        return undecided(f"the gap is {gap.gap:.1e} nat, as predicted, at {norm}")
    if rest.ppca is None:
        return proved(f"stationary on the data ({norm}), gap {gap.gap:.0e} nat", "trained")
    off = max(abs(gap.elbo - rest.ppca), abs(gap.entropy_sum - rest.ppca))
    if not off <= CLOSED:
        if not rest.kind.startswith("maximum"):
            return undecided(
                f"the ascent ended at a {rest.kind}, where the likelihood is no maximum"
            )
        return refuted(
            f"ELBO and entropy sum are {off:.3e} nat off pPCA's maximum at {norm}", "trained"
        )
    return proved(f"ELBO = entropy sum = pPCA maximum to {off:.0e} nat at {norm}", "trained")


__all__ = ["DEFAULT", "PLAN", "Options", "Verification", "rest_verdict", "sweep_verdict", "verify"]
