r"""What holds at stationary points of learning, for each kind of loss of a VAE: one row each.

$\mathcal F$ is the plain ELBO (every weight 1, nothing dropped) of the model that the row names, $\mathcal E$ its entropy sum, both in nats per datum:
average encoder entropy − prior entropy − expected decoder entropy. Gaussian encoder, prior $N(0,I)$ unless said otherwise. The rows are tried on
networks in `tests/monitoring/test_objectives.py`, where training has converged.
Source: Damm et al., AISTATS 2023 for a learned variance; the other rows follow from the identity
$\mathcal F-\mathcal E=v\cdot\nabla\mathcal F$ for each decoder.
"""

from __future__ import annotations

from typing import NamedTuple


class Theorem(NamedTuple):
    """A row: the loss (per datum, up to its scale), the model whose ELBO it is, what holds at stationary points, under which conditions, what to change.

    `elbo`: whether the loss is the ELBO of a model, up to scale, sign, a constant and the KL's weight. `equality`: whether ELBO = entropy sum follows.
    """

    kind: str
    loss: str
    model: str
    holds: str
    provided: str
    cure: str
    elbo: bool = True
    equality: bool = False


#: What N(0, I) needs, for every row with a KL.
LATENTS = (
    "for the latents: the decoder reads z through a linear layer with free weights, the mean head is linear with free weights and bias,"
    " the log-variance head has a free bias (VAE-1's conditions)"
)
_LAST = "for the decoder: what the law's natural parameter (logits, log-rate) is read from is a last linear layer with free weights and bias, and nothing behind it"
_SCALE = "for the decoder: the scale is a trained parameter (or a head whose log-scale has a free bias); one that is not handed to the optimiser counts as fixed"

_ROWS = (
    Theorem(
        "learned scale",
        "(x-m)^2/(2 sigma^2) + D/2 log sigma^2 + KL, or |x-m|/b + D log b + KL",
        "Normal or Laplace decoder with a learned scale",
        "the ELBO equals the entropy sum at every stationary point",
        f"{LATENTS}; {_SCALE}",
        "nothing to change",
        equality=True,
    ),
    Theorem(
        "learned scale, weighted KL",
        "the same with beta KL",
        "Normal or Laplace decoder with a learned scale, beta-objective",
        "at every stationary point of what is trained the plain ELBO (KL with weight 1) equals the entropy sum; it is not itself stationary there",
        f"{LATENTS}; {_SCALE}; beta > 0 is constant by then",
        "for the ELBO itself give the KL the weight that makes beta 1; for the equality nothing: evaluate the ELBO with weight 1",
        equality=True,
    ),
    Theorem(
        "fixed scale",
        "sum (x-m)^2 + beta KL, or sum |x-m| + beta KL",
        "Normal or Laplace decoder with a fixed scale that the weights imply",
        "a gap stays at stationary points, which training does not close: ELBO - entropy sum = D/2 - R/(2 sigma^2) with R the mean of |x-m|^2"
        " for Normal, D - R/b with R the mean of sum |x-m| for Laplace",
        LATENTS,
        "learn the scale: (x-m)^2/(2 sigma^2) + D/2 log sigma^2 + KL with log sigma^2 a trained parameter (|x-m|/b + D log b for Laplace)",
    ),
    Theorem(
        "optimal scale",
        "D/2 log(mean of (x-m)^2) + KL",
        "Normal decoder whose variance is the mean squared error of the batch",
        "the decoder's part of the gap is 0 at every parameter value, for sigma^2 = the mean squared error of the batch; so the ELBO (KL with weight 1)"
        " equals the entropy sum at every stationary point of the full batch",
        f"{LATENTS}; all data are one batch (of smaller batches each has a variance of its own)",
        "nothing to change for the full batch; otherwise learn log sigma^2",
        equality=True,
    ),
    Theorem(
        "natural parameters",
        "binary or categorical cross-entropy, or Poisson loss, + KL",
        "Bernoulli, categorical or Poisson decoder",
        "the ELBO equals the entropy sum at every stationary point (Poisson: with the entropy relative to the base measure 1/x!, and the mean of -log x! added)",
        f"{LATENTS}; {_LAST}. On grey pixels the equality holds, but the loss is no log-density of them: the continuous Bernoulli law is",
        "nothing to change; keep the bias of the last layer, and no softplus or clamp behind it",
        equality=True,
    ),
    Theorem(
        "natural parameters, weighted KL",
        "the same with beta KL",
        "Bernoulli, categorical or Poisson decoder, beta-objective",
        "at every stationary point of what is trained the plain ELBO (KL with weight 1) equals the entropy sum (Poisson: as above); it is not itself stationary there",
        f"{LATENTS}; {_LAST}; beta > 0 is constant by then",
        "for the ELBO itself give the KL the weight that makes beta 1; for the equality nothing: evaluate the ELBO with weight 1",
        equality=True,
    ),
    Theorem(
        "logarithm with an addend",
        "cross-entropy or Poisson loss with log(p + 1e-8)",
        "nearly a Bernoulli or Poisson decoder",
        "no exact statement: with something added inside of the logarithm the loss is no log-likelihood",
        "",
        "pass logits (or log-rates) to a loss that takes them; nothing has to be added then",
        elbo=False,
    ),
    Theorem(
        "threshold",
        "max(KL, level) for each latent or in all (free bits), or |KL - level| (annealed capacity)",
        "no ELBO: the KL has weight 0 (or -1) below its level",
        "nothing of the ELBO in general: where the KL is below its level a converged objective is not stationary for the ELBO",
        "",
        "train to the end with the plain KL",
        elbo=False,
    ),
    Theorem(
        "no KL",
        "reconstruction only",
        "no ELBO: an autoencoder",
        "nothing of the ELBO",
        "",
        "add the KL: -1/2 sum (1 + log tau^2 - nu^2 - tau^2) for each datum",
        elbo=False,
    ),
    Theorem(
        "no reconstruction",
        "KL only",
        "no ELBO: the data do not enter",
        "nothing of the ELBO",
        "",
        "add the negative log-likelihood",
        elbo=False,
    ),
    Theorem(
        "broken KL",
        "weights of the KL's pieces that do not belong together, or signs",
        "no ELBO: what stands in the place of the KL is no multiple of a KL to N(0, s^2 I)",
        "nothing of the ELBO",
        "",
        "write the KL as -1/2 sum (1 + log tau^2 - nu^2 - tau^2) and add it to the negative log-likelihood",
        elbo=False,
    ),
    Theorem(
        "scale without normaliser",
        "(x-m)^2/(2 sigma^2) + KL with sigma^2 an argument",
        "no ELBO: nothing keeps the scale from growing",
        "nothing of the ELBO; there is no stationary point in the scale",
        "",
        "add D/2 log sigma^2 for each datum (D log b for Laplace)",
        elbo=False,
    ),
    Theorem(
        "unknown",
        "anything else: MMD, adversarial or perceptual terms, importance-weighted bounds, clips, Huber",
        "unknown",
        "nothing is known of it",
        "",
        "identify the loss without the further term, or pass the parts one at a time",
        elbo=False,
    ),
)

#: The rows by kind.
THEOREMS = {row.kind: row for row in _ROWS}


def table() -> str:
    """The rows as a Markdown table, in the order of `THEOREMS`."""
    head = (
        "your loss, per datum",
        "the model it trains",
        "at stationary points",
        "provided",
        "to change",
    )
    lines = [head, ("---",) * len(head)]
    lines += [(r.loss, r.model, r.holds, r.provided or "–", r.cure) for r in _ROWS]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines
    )
