"""Looking a word up: upper case, blanks, hyphens, underscores and a plural make no difference."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import lru_cache

from entropysym.errors import InputError, shown
from entropysym.glossary import of_points, of_proofs, of_the_field
from entropysym.glossary.entries import Entry


@lru_cache(maxsize=1)
def glossary() -> dict[str, Entry]:
    """Every entry by its word, in alphabetical order."""
    entries = (*of_the_field.ENTRIES, *of_proofs.ENTRIES, *of_points.ENTRIES)
    return {e.word: e for e in sorted(entries, key=lambda e: e.word.casefold())}


@lru_cache(maxsize=1)
def _by_name() -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for entry in glossary().values():
        # As the code names it, the word is looked up last: HOLDS is a reading and an outcome.
        in_code = (name.partition(" ")[2] for name in entry.code)
        for name in (entry.word, *entry.also, *in_code, *entry.code):
            found.setdefault(folded(name), entry)
    return {**found, **{folded(e.word): e for e in glossary().values()}}


def folded(word: str) -> str:
    """A word as it is compared: lower case, without blanks, hyphens and underscores."""
    return re.sub(r"[\s_\-]+", "", word.casefold())


def explain(word: str) -> Entry:
    """The entry of a word of the package or of the field, also by another name that it has, or by the one in the code.

    Raises `InputError` for an unknown word, with those that are most like it.

    >>> explain("Noise_Ball").related
    ('stalled', 'learning')
    >>> explain("tempring")
    Traceback (most recent call last):
    entropysym.errors.InputError: the glossary has no 'tempring'; did you mean 'tempering direction'? `entropysym explain` lists all words
    """
    if not isinstance(word, str):
        raise InputError(f"word is {shown(word)}; pass a text, such as 'gap identity'")
    names, wanted = _by_name(), folded(word)
    found = names.get(wanted) or names.get(wanted.removesuffix("s"))
    if found is not None:
        return found
    like = dict.fromkeys(
        names[n].word for n in get_close_matches(wanted[:80], names, n=3, cutoff=0.7)
    )
    meant = f"did you mean {' or '.join(map(repr, like))}? " if like else ""
    raise InputError(
        f"the glossary has no {shown(word)}; {meant}`entropysym explain` lists all words"
    )
