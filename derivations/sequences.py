"""Time: a start, T transitions that read one step earlier, and T emissions."""

from entropysym.models import deep_markov_model, hidden_markov_model, linear_state_space

from .page import main
from .theorem import Theorem, entropy, everywhere, wrong

THEOREM = Theorem(
    title="Hidden Markov model: rows of a transition matrix",
    statement=(
        "Each row of the transition matrix moves along its simplex, and its entropy counts as often as q says that its state is left: the average is over the state one step earlier, "
        "not over the stationary law of the chain. State space models have the same form with Normal transitions."
    ),
    source="Own derivation; the model is that of Rabiner, A tutorial on hidden Markov models, Proceedings of the IEEE 77, 1989",
    model=hidden_markov_model,
    claim=everywhere(hidden_markov_model, linear_state_space, deep_markov_model),
    control=wrong(
        "the transitions' entropy left out", hidden_markov_model, add=lambda d: entropy(d, "p_c")
    ),
)

if __name__ == "__main__":
    main(THEOREM)
