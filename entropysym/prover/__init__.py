"""The prover: SymPy finds the derivation. It is never believed; the checker replays what it writes."""

from entropysym.prover.derivation import Condition, Derivation, Refusal, Step
from entropysym.prover.derive import derive

__all__ = ["Condition", "Derivation", "Refusal", "Step", "derive"]
