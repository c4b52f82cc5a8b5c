"""Curves and surfaces in two and three dimensions, and k dimensions in D: which latents collapse, and how noisy ELBO and entropy sum are."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from entropysym.data import synthetic
from entropysym.experiments.figures import saved
from entropysym.experiments.records import Experiment, Settings
from entropysym.experiments.reporting import aligned, as_json, to_json
from entropysym.experiments.running import Outcome, Progress, run
from entropysym.files import write_whole

KINDS: Mapping[str, Mapping[str, Any]] = {"vae1": {}, "vae2": {}, "vae3": {}}

#: Settings of every manifold; the k-dimensional subspace gets one latent more than it needs.
SETTINGS = Settings(
    size=200,
    epochs=400,
    rate=1e-2,
    latent=2,
    hidden=(20, 20),
    activation="tanh",
    # With 8 nodes per latent the networks learn the nodes: the ELBO then changes by nats under others.
    order=12,
    lbfgs=100,
)
CHANGES: Mapping[str, Mapping[str, Any]] = {"k_in_D": {"latent": 3, "order": 5}}

_TITLES = {"eight_gaussians": "8 Gaussians", "swiss_roll": "swiss roll", "k_in_D": "2 in 10"}
_COLOURS = {"vae1": "#0072B2", "vae2": "#D55E00", "vae3": "#009E73"}


@dataclass(frozen=True, eq=False)
class Manifolds:
    """An outcome for each manifold, in order, and the data that were trained on."""

    outcomes: Mapping[str, Outcome]
    seconds: float

    @property
    def complete(self) -> bool:
        return all(o.complete for o in self.outcomes.values())

    @property
    def note(self) -> str:
        return "; ".join(f"{name}: {o.note}" for name, o in self.outcomes.items() if o.note)


def record(name: str) -> Experiment:
    """The experiment on one manifold."""
    make = synthetic.MANIFOLDS[name]

    def data(N: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        if name != "k_in_D":
            return make(N, rng), make(N, rng)
        both = make(2 * N, rng)  # one subspace for training and test
        return both[:N], both[N:]

    return Experiment(
        name=f"manifolds_{name}",
        title=f"Manifolds: {_TITLES.get(name, name)}",
        kinds=KINDS,
        data=data,
        settings=replace(SETTINGS, **CHANGES.get(name, {})),
    )


def run_manifolds(
    changes: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
    folder: Path | None = None,
    progress: Progress | None = None,
) -> Manifolds:
    """Train VAE-1, VAE-2 and VAE-3 on every manifold; an interrupted one ends it with what there is."""
    began, outcomes = time.monotonic(), {}
    for name in synthetic.MANIFOLDS:
        told: Callable[..., None] | None = None
        if progress is not None:
            told = lambda task, *rest, p=progress, n=name: p(f"{n}: {task}", *rest)  # noqa: E731
        outcomes[name] = run(record(name), changes, seed=seed, folder=folder, progress=told)
        if not outcomes[name].complete:
            break
    return Manifolds(outcomes, time.monotonic() - began)


def write_manifolds(found: Manifolds, place: Path) -> dict[str, Path]:
    """Write `manifolds.json`, `manifolds.md` and the figure; returns the paths."""
    paths = {"json": place / "manifolds.json", "table": place / "manifolds.md"}
    if any(o.trained for o in found.outcomes.values()):
        paths["png"], paths["pdf"] = draw_manifolds(found, place / "manifolds.png")
    write_whole(paths["table"], manifolds_table(found) + "\n")
    outcomes = {name: to_json(o) for name, o in found.outcomes.items()}
    whole = {"experiment": "manifolds", "complete": found.complete, "note": found.note}
    write_whole(paths["json"], as_json({**whole, "manifolds": outcomes}))
    return paths


def manifolds_table(found: Manifolds) -> str:
    """A line for each manifold and kind of network (first seed)."""
    head = ("manifold", "network", "reading", "ELBO", "gap", "predicted", "residual", "gradient")
    rows: list[tuple[str, ...]]
    rows = [
        (
            *head,
            "expectation",
            "KL of each latent",
            "collapsed",
            "std of ELBO",
            "std of entropy sum",
            "ratio",
        )
    ]
    for name, outcome in found.outcomes.items():
        for t in outcome.trained:
            for m in t.measured[:1]:
                c = m.certificate
                rows.append(
                    (
                        *(
                            _TITLES.get(name, name),
                            t.kind,
                            c.reading.name.lower().replace("_", " "),
                        ),
                        *(f"{c.elbo:.4f}", f"{c.gap:+.1e}"),
                        *(f"{c.predicted:+.1e}", f"{c.residual:.2f}, {m.densities.residual:.2f}"),
                        *(
                            f"{c.gradient_norm:.1e}",
                            f"{c.quadrature_error:.0e}" if c.quadrature_error is not None else "-",
                        ),
                        " ".join(f"{k:.2f}" for k in m.latents.kl),
                        str(int(m.latents.collapsed.sum())),
                        *(f"{m.noise.elbo:.4f}", f"{m.noise.entropy_sum:.4f}"),
                        f"{m.noise.ratio:.1f}",
                    )
                )
    lines = ["# Manifolds: posterior collapse, and noise of ELBO and entropy sum", ""]
    lines += aligned(rows)
    lines += [
        "Nats per data point. `residual`: |gap - predicted| in eps x terms, from the network and from the densities with the derived direction.",
        "Standard deviations are those of estimates from mini-batches of 100 data points with 10 samples of z each.",
    ]
    if not found.complete:
        lines += ["", f"**Not complete**: {found.note}."]
    return "\n".join(lines)


def draw_manifolds(found: Manifolds, path: Path) -> tuple[Path, Path]:
    """A column for each manifold: data with VAE-1's reconstructions; KL of each latent; standard deviations of the two estimates."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = {name: o for name, o in found.outcomes.items() if o.trained}
    figure = Figure(figsize=(2.3 * len(shown) + 0.8, 6.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(3, len(shown), squeeze=False, height_ratios=(5, 4, 4))
    for i, (name, outcome) in enumerate(shown.items()):
        _pictures(axes[0, i], outcome)
        axes[0, i].set_title(_TITLES.get(name, name), fontsize=10)
        _collapse(axes[1, i], outcome)
        _noise(axes[2, i], outcome)
    axes[0, 0].legend(fontsize=7, frameon=False, loc="lower left", borderaxespad=0)
    axes[1, 0].set_ylabel("KL of each latent, nats")
    axes[2, 0].set_ylabel("standard deviation, nats")
    axes[1, 0].legend(fontsize=7, frameon=False)
    # Above the panel, where no bar can be; the sentence fits over the first column.
    axes[2, 0].legend(
        fontsize=7,
        frameon=False,
        ncols=2,
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        borderaxespad=0.1,
    )
    # Bars are compared along a row; a picture has limits of its own, or equal scales would cut it.
    for row in axes[1:]:
        limits = [a.get_ylim() for a in row]
        for i, a in enumerate(row):
            a.set_ylim(min(low for low, _ in limits), max(high for _, high in limits))
            a.tick_params(which="both", labelleft=i == 0)
    for row in axes:
        for a in row:
            a.spines[["top", "right"]].set_visible(False)
    return saved(figure, path)


def _pictures(axes: Any, outcome: Outcome) -> None:
    """The first two coordinates (of three, the first and the last) of data and reconstructions."""
    x, made = outcome.trained[0].reconstructions
    last = 2 if x.shape[1] == 3 else 1
    axes.plot(x[:, 0], x[:, last], ".", color="0.7", markersize=3, label="data")
    axes.plot(
        made[:, 0], made[:, last], ".", color=_COLOURS["vae1"], markersize=2, label=r"$\mu(\nu(x))$"
    )
    axes.set_aspect("equal", adjustable="datalim")
    axes.set_xticks([])
    axes.set_yticks([])


def _collapse(axes: Any, outcome: Outcome) -> None:
    for k, t in enumerate(outcome.trained):
        kl = np.sort(t.measured[0].latents.kl)[::-1] if t.measured else np.zeros(0)
        at = np.arange(1, len(kl) + 1) + 0.26 * (k - 1)
        axes.bar(at, kl, width=0.24, color=_COLOURS[t.kind], label=t.kind)
        axes.set_xticks(np.arange(1, len(kl) + 1))
    axes.set_xlabel("latent, by KL", fontsize=8)


def _noise(axes: Any, outcome: Outcome) -> None:
    kinds = [t for t in outcome.trained if t.measured]
    at = np.arange(len(kinds))
    for shift, name, colour in ((-0.2, "elbo", "#0072B2"), (0.2, "entropy_sum", "#D55E00")):
        values = [getattr(t.measured[0].noise, name) for t in kinds]
        label = {"elbo": "ELBO", "entropy_sum": "entropy sum"}[name]
        axes.bar(at + shift, values, width=0.38, color=colour, label=label)
    axes.set_yscale("log")
    axes.set_xticks(at, [t.kind for t in kinds], fontsize=8)
