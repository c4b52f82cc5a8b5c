"""Declared names as they are read: sigma2 is the square of σ, W2 a second W, mu_dec has a subscript, log_sigma2 is a logarithm."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import sympy as sp

#: Greek letters by name.
GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ",
    "tau": "τ", "upsilon": "υ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Upsilon": "Υ",
    "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
_GREEK_AS = {"epsilon": r"\varepsilon"}


@dataclass(frozen=True)
class Spelled:
    """A name as a person writes it: `log_sigma2_x` is the logarithm of the square of σ with the subscript x."""

    stem: str
    below: tuple[str, ...]
    square: bool
    logarithm: bool

    @property
    def power(self) -> int:
        return 2 if self.square else 1


def spelled(name: str, positive: bool = True, siblings: Collection[str] = ()) -> Spelled:
    """A name taken apart. After a Greek letter a 2 is a square if the value is `positive` and no sibling has the same letter with another number or none: beside `mu1` and
    for what may be negative, `mu2` is a second μ. After `log_` the value itself may be negative."""
    head, _, rest = name.partition("_")
    if head == "log" and rest.strip("_0123456789"):
        inner = spelled(
            rest, True, [s.removeprefix("log_") for s in siblings if s.startswith("log_")]
        )
        return Spelled(inner.stem, inner.below, inner.square, True)
    letters, digits = _numbered(name)
    parts = [part for part in rest.split("_") if part]
    others = {_numbered(s) for s in siblings if s != name and s.partition("_")[2] == rest}
    alone = all(stem != letters for stem, _ in others)
    square = digits == "2" and letters in GREEK and positive and alone
    below = (*((digits,) if digits and not square else ()), *parts)
    return Spelled(letters, below, square, False)


def spellings(declared: Mapping[str, bool]) -> dict[str, Spelled]:
    """Names that are declared together, and whether each is positive, as a person writes them side by side."""
    return {name: spelled(name, positive, declared) for name, positive in declared.items()}


def _numbered(name: str) -> tuple[str, str]:
    stem = name.partition("_")[0]
    letters = stem.rstrip("0123456789")
    return letters, stem[len(letters) :]


def latex_stem(name: Spelled) -> str:
    r"""LaTeX of a name without its power: \sigma, \mu_{0}, \log \sigma_{x}."""
    stem = name.stem
    if stem in GREEK:
        stem = _GREEK_AS.get(stem, f"\\{stem}")
    elif len(stem) > 1:
        stem = rf"\mathrm{{{stem}}}"
    if name.below:
        parts = (p if p.isdigit() or len(p) == 1 else rf"\mathrm{{{p}}}" for p in name.below)
        stem = f"{stem}_{{{','.join(parts)}}}"
    return rf"\log {stem}" if name.logarithm else stem


def plain_stem(name: Spelled) -> str:
    """A name without its power in Unicode."""
    stem = GREEK.get(name.stem, name.stem) + (f"_{','.join(name.below)}" if name.below else "")
    return f"log {stem}" if name.logarithm else stem


_INDEX = re.compile(r"([A-Za-z])(?:_(\d+))?\Z")


def primed(index: sp.Symbol) -> str | None:
    """The letter of a bound index with primes: h_1 is h'. None for anything that is no index."""
    found = _INDEX.match(index.name) if index.is_integer else None
    if not found:
        return None
    count = int(found[2] or 0)
    return found[1] + "'" * count if count <= 3 else f"{found[1]}_{{{count}}}"
