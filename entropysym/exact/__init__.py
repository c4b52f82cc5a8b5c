"""Graphs whose posterior is known exactly: discrete latents are summed, real ones integrated where the log-density is quadratic in them."""

from entropysym.exact.posterior import Exact, exact

__all__ = ["Exact", "exact"]
