r"""A notation of one's own: LaTeX for declared names and for the signs of the theory, alone or as a named profile.

`{"sigma2": r"\sigma_x^2", "F": r"\mathcal L"}` writes the parameter `sigma2` as $\sigma_x^2$ and the ELBO as $\mathcal L$. A square at the end is understood as one: the
square of that parameter is $\sigma_x^4$.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from entropysym.errors import InputError, one_of, shown
from entropysym.language.graph import written
from entropysym.language.names import latex_stem
from entropysym.language.records import Model

#: What may be written otherwise beside the declared names, and the printer's word for it.
SIGNS: Mapping[str, str] = {
    **{key: key for key in ("F", "J", "entropy", "p", "q", "entropy sum", "gap")},
    "expectation": "mean",
}

#: Notations by name: that of the papers on entropy sums, that of textbooks on variational autoencoders, that of statistics.
PROFILES: Mapping[str, Mapping[str, str]] = {
    "papers": {},
    "textbook": {"F": r"\mathcal{L}", "p": r"p_{\theta}", "q": r"q_{\phi}", "entropy": r"\mathbb{H}"},
    "statistics": {
        "F": r"\mathrm{ELBO}",
        "p": "p",
        "q": "q",
        "entropy": r"\mathrm{H}",
        "expectation": r"\mathrm{E}",
    },
}  # fmt: skip

#: The printer's word for a sign, and the macro that stands for it where macros are asked for.
MACROS: Mapping[str, str] = {
    "F": r"\esElbo",
    "J": r"\esObjective",
    "entropy": r"\esEntropy",
    "pseudo": r"\esPseudoEntropy",
    "mean": r"\esMean",
    "p": r"\esModel",
    "q": r"\esEncoder",
    "entropy sum": r"\esEntropySum",
    "gap": r"\esGap",
}

_FORBIDDEN = re.compile(r"[$%#&~\n\r\x00-\x1f]|\\\\")
_SQUARED = re.compile(r"(?P<stem>[^^]+)\^(?:2|\{2\})\Z")
_TAIL = re.compile(r"(?P<stem>[^_^]+)(?:_(?P<one>[A-Za-z0-9])|_\{(?P<group>[^{}]*(?:\{[^{}]*\})?[^{}]*)\}|_(?P<word>\\[a-z]+\{[^{}]*\}))?\Z")  # fmt: skip
_LONGEST = 60


@dataclass(frozen=True)
class OwnNotation:
    """Declared names with their LaTeX and the power that it ends with, and signs by the printer's word."""

    letters: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    signs: Mapping[str, str] = field(default_factory=dict)


#: As the papers write, and as everything is written unless somebody asks.
PAPERS = OwnNotation()


def own_notation(given: Mapping[str, str] | str | None, model: Model) -> OwnNotation:
    """What a caller asks for, checked: the name of a profile, or LaTeX by name, the key `profile` naming one to start from.

    Raises `InputError` for an unknown profile or name, for LaTeX that cannot stand in a formula, and where two names would be written alike.
    """
    if given is None:
        return PAPERS
    wanted = {"profile": given} if isinstance(given, str) else dict(given)
    profile = wanted.pop("profile", "papers")
    if profile not in PROFILES:
        raise one_of(profile, PROFILES, "profile of notation")
    spelled = written(model.variables, (*model.parameters, *model.networks))
    usual = {name: (latex_stem(one), one.power) for name, one in spelled.items()}
    usual |= {size.name: (size.name, 1) for size in model.sizes}
    letters, signs = {}, {}
    for key, text in (*PROFILES[profile].items(), *wanted.items()):
        if key in usual and key in wanted:
            letters[key] = _letter(_checked(key, text))
        elif key in SIGNS:
            signs[SIGNS[key]] = _checked(key, text)
        else:
            raise one_of(key, [*sorted(usual), *SIGNS], "name to be written otherwise")
    _demand_distinct(usual | letters)
    return OwnNotation(letters, signs)


def _demand_distinct(letters: Mapping[str, tuple[str, int]]) -> None:
    """Raises `InputError` where two names, those that keep their usual letter included, would be written alike."""
    by_text: dict[tuple[str, int], str] = {}
    for name, text in letters.items():
        other = by_text.setdefault(text, name)
        if other != name:
            raise InputError(f"{other} and {name} are both to be written {shown(text[0])}")


def with_macros(own: OwnNotation) -> OwnNotation:
    """The notation with a macro for each sign."""
    return OwnNotation(own.letters, MACROS)


def _checked(name: str, text: str) -> str:
    """LaTeX that can stand in any formula. Raises `InputError` with the text."""
    said = f"the notation of {name} is {shown(text)}"
    if not isinstance(text, str) or not text.strip() or len(text) > _LONGEST:
        raise InputError(f"{said}; pass LaTeX of 1 to {_LONGEST} characters")
    if _FORBIDDEN.search(text):
        raise InputError(
            f"{said}; pass what stands between the dollar signs, on one line, without $ % # & ~"
        )
    depth = 0
    for before, char in zip(" " + text, text, strict=False):
        depth += {"{": 1, "}": -1}.get(char, 0) if before != "\\" else 0
        if depth < 0:
            break
    if depth:
        raise InputError(f"{said}, whose braces do not match")
    return text.strip()


def _letter(text: str) -> tuple[str, int]:
    """A name without its square, so that indices and powers can be put on it."""
    squared = _SQUARED.match(text)
    stem, power = (squared["stem"], 2) if squared else (text, 1)
    tail = _TAIL.match(stem)
    if not tail:
        return f"{{{stem}}}", power
    below = tail["one"] or tail["group"] or tail["word"]
    return (f"{tail['stem']}_{{{below}}}" if below else stem), power
