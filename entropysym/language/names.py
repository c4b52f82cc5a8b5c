"""Declared names as they are read: sigma2 is the square of σ, W2 a second W, mu_dec has a subscript."""

from __future__ import annotations

import re

import sympy as sp

#: Greek letters by name; after one of them a trailing 2 in a name is a square.
GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ",
    "tau": "τ", "upsilon": "υ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Upsilon": "Υ",
    "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
_GREEK_AS = {"epsilon": r"\varepsilon"}


def name_parts(name: str) -> tuple[str, str, bool]:
    """Stem, subscript and whether it is a square: `sigma2` is (sigma, "", True), `W2` is (W, "2", False), `mu_dec` is (mu, dec, False)."""
    stem, _, tail = name.partition("_")
    letters = stem.rstrip("0123456789")
    digits = stem[len(letters) :]
    square = digits == "2" and letters in GREEK
    below = ",".join(part for part in ("" if square else digits, tail) if part)
    return letters, below, square


def latex_name(name: str) -> tuple[str, str]:
    """LaTeX of a name and its power: after a Greek letter a 2 is a square, so `sigma2` is the pair (\\sigma, ^{2}); `mu0` is \\mu_{0}."""
    stem, below, square = name_parts(name)
    if stem in GREEK:
        stem = _GREEK_AS.get(stem, f"\\{stem}")
    elif len(stem) > 1:
        stem = rf"\mathrm{{{stem}}}"
    if below:
        tail = below.replace("_", r"\_")
        stem = (
            f"{stem}_{{{tail}}}"
            if tail.isdigit() or len(tail) == 1
            else rf"{stem}_{{\mathrm{{{tail}}}}}"
        )
    return stem, "^{2}" if square else ""


_INDEX = re.compile(r"([A-Za-z])(?:_(\d+))?\Z")


def primed(index: sp.Symbol) -> str | None:
    """The letter of a bound index with primes: h_1 is h'. None for anything that is no index."""
    found = _INDEX.match(index.name) if index.is_integer else None
    if not found:
        return None
    count = int(found[2] or 0)
    return found[1] + "'" * count if count <= 3 else f"{found[1]}_{{{count}}}"
