"""Claims: statement, derivation, numbers and negative control meet here, and become a verdict."""

from typing import TYPE_CHECKING, Any

from entropysym.claims.replayed import derive, replay

if TYPE_CHECKING:
    from entropysym.claims.verification import Verification, verify

__all__ = ["Verification", "derive", "replay", "verify"]


def __getattr__(name: str) -> Any:
    # Verification trains networks: JAX is loaded only when somebody asks for it.
    if name in ("verify", "Verification"):
        from entropysym.claims import verification

        return getattr(verification, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
