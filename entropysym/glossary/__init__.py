"""The glossary: readings, conditions, rules, evidence and the words of the field, in one to three sentences each. It loads nothing else."""

from entropysym.lazy import lazily

TYPE_CHECKING = False
if TYPE_CHECKING:
    from entropysym.glossary.entries import Entry
    from entropysym.glossary.explaining import explain, glossary

__getattr__, __dir__ = lazily(__name__, {"entries": "Entry", "explaining": "explain glossary"})
__all__ = ["Entry", "explain", "glossary"]
