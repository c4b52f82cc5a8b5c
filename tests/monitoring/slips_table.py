"""Mistakes in real PyTorch loops and what the monitor calls them, beside right loops of which it says nothing.

`python -m tests.monitoring.slips_table` runs every row, prints the table and ends with 1 if a row is wrong.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from entropysym.monitoring import Monitor, Move

N, D, H = 24, 6, 3


class Vae(nn.Module):
    """ReLU networks with biases in float32. `kind` is the decoder; options for how scales are held."""

    def __init__(self, kind="gaussian", *, learned_prior=False, logstd=False, norm=False):
        super().__init__()
        self.kind, self.logstd, self.learned_prior = kind, logstd, learned_prior
        self.features = nn.Sequential(nn.Linear(D, 8), nn.ReLU())
        self.fc_mu, self.fc_spread = nn.Linear(8, H), nn.Linear(8, H)
        self.first, self.last = nn.Linear(H, 8), nn.Linear(8, D)
        self.norm = nn.BatchNorm1d(8) if norm else nn.Identity()
        self.log_scale = nn.Parameter(torch.tensor(0.3))  # log sigma2, log sigma or log b
        self.log_alpha2 = nn.Parameter(torch.full((H,), 0.4))
        self.clamp = math.inf

    def forward(self, x, eps):
        """What the decoder computes at one sample of z for each datum, and the encoder's mean and log-variance."""
        h = self.features(x)
        nu, log_tau2 = self.fc_mu(h), self.fc_spread(h) * (2 if self.logstd else 1)
        log_tau2 = log_tau2.clamp(-self.clamp, self.clamp)
        z = nu + (log_tau2 / 2).exp() * eps
        hidden = torch.relu(self.norm(self.first(z).reshape(-1, 8))).reshape(*z.shape[:-1], 8)
        return self.last(hidden), nu, log_tau2


@dataclass(frozen=True)
class Terms:
    """The loss's terms of each datum and dimension, of each datum and latent."""

    error: torch.Tensor
    kl: torch.Tensor


def terms(model: Vae, x, out, nu, log_tau2) -> Terms:
    log_scale = model.log_scale
    error = {
        "gaussian": lambda: ((x - out) ** 2 * (-log_scale).exp() + log_scale) / 2,
        "log sigma": lambda: (x - out) ** 2 * (-2 * log_scale).exp() / 2 + log_scale,
        "laplace": lambda: (x - out).abs() * (-log_scale).exp() + log_scale,
        "bernoulli": lambda: F.binary_cross_entropy_with_logits(out, x.expand_as(out), reduction="none"),
        "sigmoid": lambda: (x - out.sigmoid()) ** 2 / 2,
        "poisson": lambda: out.exp() - x * out,
        "mse": lambda: (x - out) ** 2,
    }[model.kind]()  # fmt: skip
    if error.ndim == 3:
        error = error.mean(0)
    ratio, log_alpha2 = log_tau2, torch.zeros(H)
    if model.learned_prior:
        log_alpha2 = model.log_alpha2
        ratio = log_tau2 - log_alpha2
    return Terms(error, (nu**2 / log_alpha2.exp() + ratio.exp() - 1 - ratio) / 2)


def mean_loss(t: Terms) -> torch.Tensor:
    return t.error.sum(1).mean() + t.kl.sum(1).mean()


def weighted(error: float, kl: float) -> Callable[[Terms], torch.Tensor]:
    return lambda t: error * t.error.sum(1).mean() + kl * t.kl.sum(1).mean()


def arrays(model: Vae, x, out, nu, log_tau2) -> dict[str, Any]:
    """What a right loop logs."""
    given = {"x": x, "nu": nu, "tau2": log_tau2.exp()}
    if model.learned_prior:
        given["alpha2"] = model.log_alpha2.exp()
    return (
        given
        | {
            "gaussian": lambda: {"mean": out, "sigma2": model.log_scale.exp()},
            "log sigma": lambda: {"mean": out, "sigma2": (2 * model.log_scale).exp()},
            "laplace": lambda: {"mean": out, "scale": model.log_scale.exp()},
            "bernoulli": lambda: {"logits": out},
            "sigmoid": lambda: {"mean": out.sigmoid(), "sigma2": 1.0},
            "poisson": lambda: {"log_rate": out},
            "mse": lambda: {"mean": out},
        }[model.kind]()
    )


def preset(model: Vae, optimizer: Any, **options: Any) -> Monitor:
    """The monitor that belongs to a model, by the options that its user would write."""
    options |= {"parameters": optimizer}
    if model.learned_prior:
        options.setdefault("log_alpha2", model.log_alpha2)
    else:
        options |= {"encoder_mean": model.fc_mu, "decoder_first": model.first}
        if "encoder_logvar" not in options:
            options.setdefault("encoder_logstd" if model.logstd else "encoder_logvar", model.fc_spread)  # fmt: skip
    if model.kind in ("bernoulli", "poisson"):
        name = "logits" if model.kind == "bernoulli" else "log_rate"
        return getattr(Monitor, model.kind)(**{name: model.last}, **options)
    if model.kind == "laplace":
        return Monitor.laplace(log_scale=model.log_scale, **options)
    if model.kind in ("mse", "sigmoid"):
        return Monitor.gaussian(**options)
    if "log_sigma2" not in options:
        name = "log_sigma" if model.kind == "log sigma" else "log_sigma2"
        options.setdefault(name, model.log_scale)
    return Monitor.gaussian(**options)


@dataclass(frozen=True)
class Row:
    """A loop. `says` is the name of the slip ("" for none), `factor` its factor; the rest is what is done differently from a right loop."""

    name: str
    says: str = ""
    factor: float | None = None
    model: dict[str, Any] = field(default_factory=dict)
    loss: Callable[[Terms], torch.Tensor] = mean_loss
    monitor: Callable[[Vae, Any], Monitor] = preset
    logged: Callable[[Vae, dict[str, Any]], dict[str, Any]] = lambda model, given: given
    before_log: Callable[[Vae, Any, int], Any] = lambda model, optimizer, step: None
    optimizer: Callable[[Any], Any] = lambda p: torch.optim.Adam(p, lr=0.02)
    with_loss: bool = False
    samples: int = 0
    steps: int = 8
    batch: int = N
    clamp: float = math.inf
    another_pass: str = ""
    warm_up: bool = False
    half: bool = False
    seed: int = 3


def data(kind: str, n: int) -> torch.Tensor:
    x = torch.randn(n, D) * 1.5 + torch.randint(0, 2, (n, 1)) * 2
    return {
        "bernoulli": lambda: (x > 0.7).float(),
        "sigmoid": lambda: (x / 3).sigmoid(),
        "poisson": lambda: x.abs().round(),
    }.get(kind, lambda: x)()


def run(row: Row) -> Monitor:
    """The loop, and what its monitor has seen."""
    torch.manual_seed(row.seed)
    model = Vae(**row.model)
    model.clamp = row.clamp
    x = data(model.kind, max(64, row.batch))
    optimizer = row.optimizer(model.parameters())
    monitor = row.monitor(model, optimizer)
    for step in range(row.steps):
        batch = x[torch.randperm(len(x))[: row.batch]]
        eps = torch.randn(*([row.samples] if row.samples else []), row.batch, H)
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=row.half):
            passed = model(batch, eps)
        passed = tuple(a.float() for a in passed)
        of_batch = terms(model, batch, *passed)
        if row.warm_up:
            of_batch = replace(of_batch, kl=of_batch.kl * (step + 1) / row.steps)
        loss = row.loss(of_batch)
        loss.backward()
        given = row.logged(model, arrays(model, batch, *passed))
        row.before_log(model, optimizer, step)
        if row.another_pass:
            if row.another_pass == "eval":
                model.eval()
                again = model(batch, eps)
                model.train()
            else:
                again = model(batch, torch.randn_like(eps))
            given = arrays(model, batch, *again)
        monitor.log(step, **given, **({"loss": loss} if row.with_loss else {}))
        optimizer.step()
    return monitor


def _changed(**changes: Callable[[Vae, dict[str, Any]], Any]):
    """What is logged, with other values under some names."""
    return lambda model, given: given | {k: f(model, given) for k, f in changes.items()}


def _without(name: str):
    return lambda model, given: {k: v for k, v in given.items() if k != name}


def _with(**names: str):
    """The preset, with layers of the model under other options."""
    return lambda model, optimizer: preset(model, optimizer, **{k: getattr(model, v) for k, v in names.items()})  # fmt: skip


def _options(**options: Any):
    return lambda model, optimizer: preset(model, optimizer, **options)


def _clip(norm: float):
    return lambda model, optimizer, step: nn.utils.clip_grad_norm_(model.parameters(), norm)


def _scale(model, optimizer, step):
    for p in model.parameters():
        if p.grad is not None:
            p.grad *= 1024.0


def _free_bits(t: Terms) -> torch.Tensor:
    return t.error.sum(1).mean() + t.kl.mean(0).clamp(min=0.08).sum()


def _free_bits_of_entries(t: Terms) -> torch.Tensor:
    return t.error.sum(1).mean() + t.kl.clamp(min=0.08).sum(1).mean()


def _decoder_only(model, optimizer):
    return Monitor([Move(model.log_scale, plus=-1, factor="decoder")])


def _unnamed(model, optimizer):
    """A direction that does not name its factors."""
    return Monitor(
        [
            Move(model.log_scale, plus=-1),
            Move(model.first.weight, times=-0.5),
            Move(model.fc_mu.weight, times=0.5),
            Move(model.fc_mu.bias, times=0.5),
            Move(model.fc_spread.bias, plus=1),
        ]
    )


def _bce_as_gaussian(model, optimizer):
    return Monitor.gaussian(
        encoder_mean=model.fc_mu, encoder_logvar=model.fc_spread, decoder_first=model.first
    )


def _probabilities(model, given):
    rest = {k: v for k, v in given.items() if k != "logits"}
    return rest | {"mean": given["logits"].sigmoid(), "sigma2": 1.0}


def _step(model, optimizer, step):
    optimizer.step()


_LOG_TAU2 = _changed(tau2=lambda m, g: g["tau2"].log())
_SIGMA = _changed(sigma2=lambda m, g: g["sigma2"].sqrt())

SLIPS: tuple[Row, ...] = (
    Row("sum over the batch", "loss summed over the batch", N, loss=lambda t: t.error.sum() + t.kl.sum()),
    Row("mean over dimensions", "error averaged over the dimensions", 1 / D, loss=weighted(1 / D, 1)),
    Row("beta = 4", "KL weighted", 4.0, loss=weighted(1, 4)),
    Row("beta = 0.37, Bernoulli", "KL weighted", 0.37, {"kind": "bernoulli"}, loss=weighted(1, 0.37)),
    Row("beta = 1/D", "KL divided by the dimensions", 1 / D, loss=weighted(1, 1 / D)),
    Row("beta = 1/B", "KL divided by the batch size", 1 / N, loss=weighted(1, 1 / N)),
    Row("beta = 1/(BD)", "KL divided by batch size and dimensions", 1 / (N * D), loss=weighted(1, 1 / (N * D))),
    Row("mean over everything", "both terms averaged over everything", 1 / H, loss=lambda t: t.error.mean() + t.kl.mean()),
    Row("moves of the prior missing", "moves of the prior are missing", monitor=_decoder_only),
    Row("log tau2 as tau2", "tau2 is its logarithm", logged=_LOG_TAU2),
    Row("tau as tau2", "tau2 is a standard deviation", logged=_changed(tau2=lambda m, g: g["tau2"].sqrt())),
    Row("sigma as sigma2", "sigma2 is a standard deviation", logged=_SIGMA),
    Row("log sigma2 as sigma2", "sigma2 is its logarithm", logged=_changed(sigma2=lambda m, g: g["sigma2"].log())),
    Row("BCE as a Gaussian", "a Bernoulli decoder logged as Gaussian", 1.0, {"kind": "bernoulli"}, monitor=_bce_as_gaussian, logged=_probabilities, with_loss=True),
    Row("BCE as a Gaussian, beta = 3", "a Bernoulli decoder logged as Gaussian and KL weighted", 3.0, {"kind": "bernoulli"}, loss=weighted(1, 3), monitor=_bce_as_gaussian, logged=_probabilities, with_loss=True),
    Row("sign", "sign of the loss", -1.0, monitor=_options(gradient_of="elbo")),
    Row("clipped before the log", "gradients clipped or scaled", before_log=_clip(0.5)),
    Row("AMP's scale", "loss or gradients scaled", 1024.0, before_log=_scale),
    Row("after Adam's step", "logged after the optimiser's step", before_log=_step),
    Row("after SGD's step", "logged after the optimiser's step", before_log=_step, optimizer=lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9)),
    Row("log-std head moved as log-variance", "log-standard deviation moved as log-variance", None, {"logstd": True}, monitor=_with(encoder_logvar="fc_spread")),
    Row("log sigma moved as log sigma2", "log sigma moved as log sigma2", None, {"kind": "log sigma"}, monitor=_with(log_sigma2="log_scale"), with_loss=True),
    Row("free bits", "free bits", loss=_free_bits, steps=12),
    Row("free bits of each entry", "free bits", loss=_free_bits_of_entries, steps=12),
    Row("batch statistics", "arrays of another pass", None, {"norm": True}, with_loss=True, another_pass="eval"),
    Row("other samples", "arrays of another pass", with_loss=True, another_pass="noise"),
    Row("alpha2 not passed", "alpha2 is learned but not passed", None, {"learned_prior": True}, logged=_without("alpha2")),
    Row("KL warmed up", "KL with a weight that varies", 1.0, with_loss=True, warm_up=True),
    Row("sum and beta", "loss summed over the batch and KL weighted", 2.5, loss=lambda t: t.error.sum() + 2.5 * t.kl.sum()),
    Row("sum and log tau2", "tau2 is its logarithm and loss summed over the batch", N, loss=lambda t: t.error.sum() + t.kl.sum(), logged=_LOG_TAU2),
    Row("sigma as sigma2 and beta", "sigma2 is a standard deviation and KL weighted", 4.0, loss=weighted(1, 4), logged=_SIGMA),
    Row("log tau2 and sigma", "sigma2 is a standard deviation and tau2 is its logarithm", logged=lambda m, g: _SIGMA(m, _LOG_TAU2(m, g))),
    Row("sum, no factors", "loss summed over the batch", N, loss=lambda t: t.error.sum() + t.kl.sum(), monitor=_unnamed),
    Row("beta, no factors", "KL weighted", 4.0, loss=weighted(1, 4), monitor=_unnamed, steps=12),
    Row("clamp", "log tau2 is clamped", clamp=0.1),
)  # fmt: skip

RIGHT: tuple[Row, ...] = (
    Row("Gaussian"),
    Row("Gaussian with losses", with_loss=True),
    Row("Gaussian, 5 samples", samples=5),
    Row("small batches", batch=4),
    Row("one datum", batch=1),
    Row("learned prior", model={"learned_prior": True}),
    Row("log-std head", model={"logstd": True}),
    Row("log sigma", model={"kind": "log sigma"}),
    Row("Bernoulli", model={"kind": "bernoulli"}, with_loss=True),
    Row("Poisson", model={"kind": "poisson"}),
    Row("Laplace", model={"kind": "laplace"}, samples=2),
    Row("fixed variance", model={"kind": "sigmoid"}, with_loss=True),
    Row("sum that is told", loss=lambda t: t.error.sum() + t.kl.sum(), monitor=_options(reduction="sum")),
    Row("weight decay in Adam", optimizer=lambda p: torch.optim.Adam(p, lr=0.02, weight_decay=0.1)),
    Row("AdamW", optimizer=lambda p: torch.optim.AdamW(p, lr=0.02, weight_decay=0.1)),
    Row("batch statistics", model={"norm": True}, with_loss=True),
    Row("no factors", monitor=_unnamed),
    Row("mixed precision", half=True),
    Row("mixed precision with losses", half=True, with_loss=True),
    Row("a long run", steps=1500, batch=64, optimizer=lambda p: torch.optim.Adam(p, lr=0.01)),
    Row("nothing moves", optimizer=lambda p: torch.optim.SGD(p, lr=0.0)),
)  # fmt: skip


def verdict(row: Row) -> tuple[bool, str]:
    """Whether a row is right, and what the monitor says."""
    slip = run(row).slip
    if slip is None:
        return row.says == "", "-"
    told = slip.name + ("" if slip.certain else " (?)")
    told += "" if slip.factor is None else f" [{slip.factor:.5g}]"
    close = row.factor is None or (
        slip.factor is not None and math.isclose(slip.factor, row.factor, rel_tol=0.01)
    )
    return slip.name == row.says and slip.certain and close, told


def main() -> int:
    torch.set_num_threads(1)
    wrong = 0
    for title, rows in (("slips", SLIPS), ("right loops", RIGHT)):
        good = 0
        print(title)
        for row in rows:
            fits, told = verdict(row)
            good += fits
            print(f"  {'ok   ' if fits else 'WRONG'}  {row.name:36} {told}")
        print(f"  {good} of {len(rows)}")
        wrong += len(rows) - good
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
