"""Words for a point of the parameters, for the end of a training and for its loop: what a certificate, a monitor and a run of settle say."""

from __future__ import annotations

from entropysym.glossary.entries import DAMM, Entry

ENTRIES = (
    Entry(
        "reading",
        "What a certificate or a monitor says of a point in one label: converged, stalled, clamped, wrong objective and so on, each with the figures that led to it. "
        "A reading is a judgement of figures and no proof.",
        related=("certificate", "monitor", "converged"),
    ),
    Entry(
        "converged",
        "The gradient is as small as was asked and every part of the gap is closed: the point is stationary, and the ELBO equals the entropy sum there. "
        "In a loop it says that the last steps' gaps are within the noise of their batches of 0.",
        formula="∇F = 0, F = ℰ",
        source=DAMM,
        related=("stationary point", "gap", "unidentifiable", "settled"),
        code=("reading CONVERGED",),
    ),
    Entry(
        "unidentifiable",
        "Stationary with a closed gap, but the curvature is 0 along some directions of the parameters: the point lies on a set of points that are as good, such as rotations of the latents. "
        "The equality holds on all of it.",
        also=("flat directions",),
        related=("converged", "inertia"),
        code=("reading UNIDENTIFIABLE",),
    ),
    Entry(
        "holds for another objective",
        "What was trained is stationary and the ELBO is not, but the gap is closed all the same: the direction of the identity leads along what the two objectives share, as with another weight of the KL.",
        related=("wrong objective", "beta-VAE", "tempering direction"),
        code=("reading HOLDS",),
    ),
    Entry(
        "clamped",
        "A variance does not follow its parameter at this point, because a floor, a clip or a saturated function cuts it off: its gradient vanishes although the ELBO would still grow. A gap stays, "
        "however small the gradient is; write the variance as an exponential, or lower the floor.",
        related=("fixed", "gap", "reading"),
        code=("reading CLAMPED",),
    ),
    Entry(
        "fixed",
        "No learned parameter moves a factor's variance (or natural parameter), so there is no direction that tempers it and a gap stays at stationary points. Learn the variance.",
        also=("fixed variance", "fixed scale"),
        formula="F - ℰ = D/2 - R/(2σ²), R the mean squared error summed over dimensions",
        source=DAMM,
        related=("clamped", "tempering direction", "excess"),
        code=("reading FIXED",),
    ),
    Entry(
        "wrong objective",
        "The point is stationary for what was trained, a loss with a penalty, other weights or a part left out, and not for the ELBO, so the equality need not hold.",
        related=("holds for another objective", "free bits", "penalty", "beta-VAE"),
        code=("reading WRONG_OBJECTIVE",),
    ),
    Entry(
        "stalled",
        "Nothing improves any more although the gradient is above its goal, or training was cut off there: a rate that is too small, a line search at the end of the digits, a kink. "
        "The gap is then still the one that the gradient predicts.",
        related=("converged", "noise ball", "learning"),
        code=("reading STALLED", "ending STALLED"),
    ),
    Entry(
        "noise ball",
        "The gradient is smaller than what a mini-batch's gradient deviates from it, so steps of a constant rate wander about the stationary point. A lower rate or larger batches get further.",
        related=("stalled", "learning"),
        code=("reading NOISE_BALL",),
    ),
    Entry(
        "equality without stationarity",
        "The parts of the gap cancel although the gradient does not vanish. Equality does not imply that a point is stationary: only one direction of the gradient has to vanish.",
        also=("not stationary",),
        related=("gap identity", "stationary point"),
        code=("reading NOT_STATIONARY",),
    ),
    Entry(
        "no direction",
        "The equations of a factor's tempering direction have no solution in the parameters of this network, so its gap is no derivative of the ELBO and need not vanish at stationary points.",
        related=("tempering direction", "fixed", "refused"),
        code=("reading NO_DIRECTION",),
    ),
    Entry(
        "unresolved expectation",
        "Other quadrature nodes or samples give another ELBO, by more than 0.05 nat: the network may have learned the nodes. Train or measure with more of them.",
        also=("unresolved",),
        related=("quadrature", "certificate"),
        code=("reading UNRESOLVED",),
    ),
    Entry(
        "not finite",
        "A number is infinite or NaN. It never passes a check, and nothing else is read from it.",
        also=("NaN",),
        related=("coarse", "reading"),
        code=("reading NOT_FINITE", "reason NOT_FINITE", "ending NOT_FINITE"),
    ),
    Entry(
        "learning",
        "The gap is open and the ELBO still moves: training goes on.",
        related=("converged", "stalled", "gap"),
        code=("reading LEARNING",),
    ),
    Entry(
        "free bits",
        "A loss in which latents whose KL is below an allowance do not feel it. Their part of the gap stays open, since nothing presses on their prior.",
        source="Kingma et al., NeurIPS 2016 (inverse autoregressive flow)",
        related=("wrong objective", "posterior collapse", "named objective"),
        code=("reading FREE_BITS",),
    ),
    Entry(
        "wrong use",
        "What was logged is not what was differentiated, or is passed in another form, such as a log-variance for a variance or a loss that is summed over the batch. The monitor's slip names the mistake and its cure.",
        also=("slip",),
        related=("monitor", "reading"),
        code=("reading WRONG_USE",),
    ),
    Entry(
        "settled",
        "Over the last window of logged steps both parts of the gap and the drift of the entropy sum are shown to be within their tolerances, by equivalence tests at 5 %: training may stop. "
        "It is a necessary condition of stationarity, at this learning rate.",
        related=("gap open", "drifting", "not shown", "stationary point"),
        code=("reason SETTLED",),
    ),
    Entry(
        "gap open",
        "A part of the gap is shown to be larger than the tolerance, so the ELBO has a slope along the direction of that factor: go on.",
        related=("settled", "gap"),
        code=("reason GAP_OPEN",),
    ),
    Entry(
        "drifting",
        "The entropy sum is shown to move by more than its tolerance over the window: go on.",
        related=("settled", "entropy sum"),
        code=("reason DRIFTING",),
    ),
    Entry(
        "too few",
        "The window of the stopping rule is not filled yet; log more steps.",
        related=("settled",),
        code=("reason TOO_FEW",),
    ),
    Entry(
        "arrived",
        "A run of settle has brought the gradient norm of every start to its goal.",
        related=("stationary point", "limit", "converged"),
        code=("ending ARRIVED",),
    ),
    Entry(
        "limit",
        "The steps of a run of settle are used up before the gradient norm reached its goal; give it more of them.",
        related=("arrived", "stalled"),
        code=("ending LIMIT",),
    ),
    Entry(
        "interrupted",
        "Ctrl-C or a signal ended a run. What was complete is kept, and the same call goes on from there.",
        related=("limit", "sweep"),
        code=("ending INTERRUPTED",),
    ),
    Entry(
        "monitor",
        "An object that records ELBO, entropy sum and gap in somebody else's training loop, with the gap that the loop's own gradients predict. The two agree on every batch if the loop does what it is thought to do.",
        related=("gap identity", "wrong use", "reading"),
    ),
    Entry(
        "certificate",
        "What certify finds of one point of one network: ELBO, entropy sum, the gap between them, the gap that the gradient predicts, a bound, the curvatures, and a reading.",
        formula="|F - ℰ| ≤ ‖v‖ ‖∇F‖",
        related=("reading", "bound", "gap identity", "inertia"),
    ),
    Entry(
        "bound",
        "What a gradient of some length allows at most for the gap, by the inequality of Cauchy and Schwarz: length of the direction times length of the gradient.",
        formula="|F - ℰ| = |v·∇F| ≤ ‖v‖ ‖∇F‖",
        related=("certificate", "gap"),
    ),
    Entry(
        "inertia",
        "How many curvatures of the trained objective at a point are positive, negative and flat: a maximum has none that is positive.",
        related=("certificate", "unidentifiable"),
    ),
    Entry(
        "quadrature",
        "Nodes and weights that stand for an expectation over the encoder's noise, such as those of Gauss and Hermite. With any fixed nodes the gap identity holds exactly for the ELBO at these nodes.",
        related=("unresolved expectation", "gap identity"),
    ),
)
