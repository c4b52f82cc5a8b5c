"""What is known to be beyond these theorems and the program that found them: the last page of the book."""

#: A heading and what is said under it.
LIMITS: tuple[tuple[str, str], ...] = (
    (
        "Fixed variances",
        "Where a variance is fixed, or clamped where the clamp is active, its derivative says nothing about the gap, and the equality does not hold in general. Such models are refused, "
        "most of them with a witness: a stationary point that has a gap.",
    ),
    (
        "Stationary in one direction",
        "Only the derivative along v has to vanish. Equality therefore does not imply that a point is stationary, and away from stationary points the sum of entropies is no bound of the ELBO.",
    ),
    (
        "Points that are never reached",
        "A network without bounds may have no best weights: they run to infinity, or a variance runs to 0. Then nothing is stationary, and the theorem speaks of no point.",
    ),
    (
        "Regularity",
        "Finite expectations, derivatives that may be taken under them, and scores with mean zero are conditions of each theorem. They are not derived from the model; a support that moves with a parameter violates them.",
    ),
    (
        "Kinks",
        "Networks are taken to be locally Lipschitz. On a kink there may be no gradient, and the curve of the direction need not be one of descent.",
    ),
    (
        "Entropies that are not true entropies",
        "Where the base measure is not constant, as for Poisson, the entropy of the sum is relative to that measure. It is not the entropy of the distribution.",
    ),
    (
        "Other objectives",
        "Importance weights, several samples inside a logarithm and adversarial terms are no ELBO. They are refused by name, with what holds of the ELBO in their place.",
    ),
    (
        "What no direction proves",
        "That no direction was found refutes nothing: the search knows motions of whole parameters, and gives up where it would take too much work.",
    ),
    (
        "Numbers",
        "Tables compare numbers in double precision at finitely many random configurations. They are evidence beside the derivation and no part of it.",
    ),
)
