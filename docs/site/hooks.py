"""What the site has beside its pages: formulas as MathML, the gallery of theorems, the glossary, the reference, executed notebooks, the playground.

MkDocs calls `on_…`; each generated page is made when the site is built, so that it cannot go stale.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # the sites' own modules and the scripts of `derivations`

from docs.site import gallery, notebooks, reference  # noqa: E402
from docs.site.formulas import drawn, marked  # noqa: E402
from docs.site.tables import labelled  # noqa: E402
from entropysym.glossary import glossary  # noqa: E402


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that are generated."""
    from mkdocs.structure.files import File  # here, so that the rest is tested without MkDocs

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


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Mark the formulas."""
    return marked(markdown)


def on_page_content(content: str, **_: Any) -> str:
    """Draw them, and name the cells of wide tables."""
    return labelled(drawn(content))


def on_post_build(config: Any, **_: Any) -> None:
    """Build the playground into the site; its packages come from npm the first time."""
    path = ROOT / "docs" / "playground" / "build.py"
    spec = importlib.util.spec_from_file_location("playground_build", path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    made.build(Path(config["site_dir"]) / "playground")
