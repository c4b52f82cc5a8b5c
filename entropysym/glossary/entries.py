"""What an entry of the glossary is."""

from __future__ import annotations

from dataclasses import dataclass

from entropysym.shown import Shown

#: Papers that several entries name.
DAMM = "Damm et al., AISTATS 2023 (arXiv 2010.14860)"
LUECKE = "Lücke and Warnken, arXiv 2209.03077"


@dataclass(frozen=True, repr=False)
class Entry(Shown):
    """A word and what it means, in one to three sentences.

    `formula` is Unicode, in nats per data point; `also` are other names of the same, `related` words of other entries. `code` has what it explains of the package, such as
    ``reading STALLED`` or ``condition finite``: kinds and names as the code has them.
    """

    word: str
    text: str
    also: tuple[str, ...] = ()
    formula: str = ""
    source: str = ""
    related: tuple[str, ...] = ()
    code: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """The entry for a terminal, in lines of any length: heading, formula, text, and what belongs to it."""
        named = {
            "source": self.source,
            "related": ", ".join(self.related),
            "in the code": ", ".join(self.code),
        }
        heading = f"{self.word} ({', '.join(self.also)})" if self.also else self.word
        formula = [f"    {self.formula}"] if self.formula else []
        return [heading, *formula, self.text, *(f"{k}: {v}" for k, v in named.items() if v)]
