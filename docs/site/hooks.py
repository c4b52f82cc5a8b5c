"""What the site has beside its pages: formulas as MathML, the gallery of theorems, the glossary, the reference, executed notebooks, the playground.

MkDocs calls `on_…`; each generated page is made when the site is built, so that it cannot go stale.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the sites' own modules and the scripts of `derivations`

from docs.site import gallery, notebooks, reference  # noqa: E402
from entropysym.glossary import glossary  # noqa: E402
from entropysym.pages.html import display, mathml  # noqa: E402

#: What stands in code is no formula.
_CODE = re.compile(r"^(```|~~~).*?^\1\s*$|`[^`\n]+`|^(?: {4}|\t)[^\n]*$", re.M | re.S)
_DISPLAY = re.compile(r"^\$\$\n(.*?)\n\$\$$", re.M | re.S)
_INLINE = re.compile(r"(?<![\\$])\$(?!\s)([^$\n]+?)(?<![\\\s])\$(?!\d)")
#: Stands for the k-th formula, or piece of code, while Markdown is read; no text has these characters.
_FORMULA, _KEPT = "\ue000{}\ue001", "\ue002{}\ue003"


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are generated."""
    for path, text in _generated():
        files.append(File.generated(config, path, content=text))
    return files


def _generated() -> Iterator[tuple[str, str | bytes]]:
    yield "changelog.md", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    yield "contributing.md", (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    yield "glossary.md", _glossary()
    yield from gallery.pages()
    yield from reference.pages()
    yield from notebooks.pages()


def _glossary() -> str:
    def entry(e: Any) -> str:
        words = f"*Also:* {', '.join(e.also)}. " if e.also else ""
        related = ", ".join(f"[{r}](#{anchor(r)})" for r in e.related)
        lines = [f"## {e.word} {{#{anchor(e.word)}}}", f"{words}{e.text}"]
        lines += [f"`{e.formula}`"] if e.formula else []
        lines += [f"*Related:* {related}."] if related else []
        lines += [f"*Source:* {e.source}."] if e.source else []
        return "\n\n".join(lines)

    return "\n\n".join(
        [
            "# Glossary",
            "Readings, conditions, evidence and the words of the field; `entropysym explain WORD` says the same in a terminal.",
            *map(entry, glossary().values()),
        ]
    )


def anchor(word: str) -> str:
    """The place of a word on the page of the glossary."""
    return re.sub(r"[^\w]+", "-", word.casefold()).strip("-")


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Put a mark in the place of each formula outside of code."""
    formulas: list[str] = []
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found[0])
        return _KEPT.format(len(kept) - 1)

    def put(made: Callable[[str], str]) -> Callable[[re.Match[str]], str]:
        def one(found: re.Match[str]) -> str:
            formulas.append(made(found[1]))
            return _FORMULA.format(len(formulas) - 1)

        return one

    text = _DISPLAY.sub(put(display), markdown)
    text = _CODE.sub(keep, text)
    text = _INLINE.sub(put(mathml), text)
    page.meta["formulas"] = formulas
    return re.sub("\ue002(\\d+)\ue003", lambda m: kept[int(m[1])], text)


def on_page_content(content: str, page: Any, **_: Any) -> str:
    """Put the formulas in the place of their marks; a display is no paragraph."""
    formulas = page.meta.pop("formulas", [])

    def put(found: re.Match[str]) -> str:
        formula = formulas[int(found[1])]
        whole = found[0].startswith("<p>") and found[0].endswith("</p>")
        return formula if whole and formula.startswith("<div") else found[0].replace(_FORMULA.format(found[1]), formula)  # fmt: skip

    return re.sub("(?:<p>)?\ue000(\\d+)\ue001(?:</p>)?", put, content)


def on_post_build(config: Any, **_: Any) -> None:
    """Build the playground into the site, where its packages are installed."""
    path = ROOT / "docs" / "playground" / "build.py"
    spec = importlib.util.spec_from_file_location("playground_build", path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    made.build(Path(config["site_dir"]) / "playground")
