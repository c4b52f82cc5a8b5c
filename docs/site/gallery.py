"""A page for each model that ships: theorem, argument and steps as `es.render` writes them, what the checker says of the stored form, and files to take along."""

from __future__ import annotations

from collections.abc import Iterator

import entropysym as es
from benchmarks import machine_checked as record
from entropysym.export.coq import PRELUDE, prelude
from entropysym.language.store import digest
from entropysym.pages import for_screen
from entropysym.pages.medium import markdown_text


def pages() -> Iterator[tuple[str, str]]:
    """Path and text of each page, and of the stored forms."""
    rows = []
    for name, make in es.models.ZOO.items():
        derived = es.derive(make())
        stored = es.render(derived, to="json")
        said, sha = es.replay(stored), digest(stored)
        title = markdown_text(derived.model.title)
        theory = es.render(derived, to="coq")
        accepted = record.accepted(name, theory)
        marks = "replayed, machine-checked" if accepted else "replayed"
        rows.append(
            f"| [{name}]({name}.md) | {title} | {derived.verdict.value.value} | {marks} | `{sha[:12]}` |"
        )
        yield f"gallery/{name}.json", stored
        yield f"gallery/{name}.tex", es.render(derived, to="latex")
        yield f"gallery/{name}.v", theory
        yield (
            f"gallery/{name}.md",
            _page(name, for_screen(derived), str(said), sha, accepted),
        )
    yield f"gallery/{PRELUDE}", prelude()
    yield "gallery/index.md", _index(rows)


def _page(name: str, text: str, said: str, sha: str, accepted: bool) -> str:
    coq = f"[the theory for Coq]({name}.v), which needs [the prelude]({PRELUDE})"
    return "\n\n".join(
        (
            text.strip(),
            "## Checked",
            f"The independent checker says of the stored form: {said}.",
            f"*Machine-checked*: {record.recorded()['coq']} accepted {coq}, on its four standard axioms; see [what is proved](../coq.md)."
            if accepted
            else f"Not machine-checked in this form: {coq}.",
            f"SHA-256 of the stored form: `{sha}`",
            f"[The stored form]({name}.json), which `entropysym replay FILE` checks again; [LaTeX]({name}.tex). The same by command: `entropysym derive {name} --to latex`.",
        )
    )


def _index(rows: list[str]) -> str:
    return "\n".join(
        (
            "# Gallery of theorems",
            "",
            "Every model that ships, each derived, stored, and replayed by the independent checker when this page was made. *Machine-checked* are those whose theory Coq has accepted as it is printed here: of refused models what holds all the same. `entropysym derive NAME` does the same on your machine.",
            "",
            "| model | what it is | verdict | checked | hash of the stored form |",
            "| --- | --- | --- | --- | --- |",
            *rows,
        )
    )
