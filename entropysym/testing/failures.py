"""How an assertion fails: in three ways, which are never taken for each other."""

from __future__ import annotations


class Different(AssertionError):
    """Both sides differ at a configuration by more than rounding may do."""


class NotShown(AssertionError):
    """Nothing is shown: not finite, too coarse, within what rounding may do, or nothing was compared."""


class Blind(AssertionError):
    """Every wrong variant of the claim passes as well, so that it passes says nothing."""
