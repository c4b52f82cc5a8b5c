"""Claims: statement, derivation, numbers and negative control meet here, and become a verdict."""

from entropysym.claims.replayed import derive, replay

__all__ = ["derive", "replay"]
