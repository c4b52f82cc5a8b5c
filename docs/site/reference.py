"""A page of the reference for each room of the package, from its docstrings."""

from __future__ import annotations

from collections.abc import Iterator

#: Room -> what it is for.
ROOMS = {
    "entropysym": "What `import entropysym as es` offers",
    "entropysym.language": "Models, variables, factors, objectives",
    "entropysym.families": "Laws",
    "entropysym.models": "The models that ship",
    "entropysym.claims": "Derived, replayed, verified",
    "entropysym.checker": "The independent checker",
    "entropysym.lowering": "Expressions as functions",
    "entropysym.witness": "Both sides in numbers",
    "entropysym.ascent": "To a stationary point",
    "entropysym.networks": "Certificates",
    "entropysym.monitoring": "Training loops and arrays",
    "entropysym.losses": "What a loss is the ELBO of",
    "entropysym.testing": "Claims of your own",
    "entropysym.sweeping": "Very many configurations",
    "entropysym.auditing": "Distributions of other libraries",
    "entropysym.divergences": "Entropies, KL and others in closed form",
    "entropysym.balls": "Rigorous bounds",
    "entropysym.pages": "LaTeX, HTML, Markdown, text",
    "entropysym.pictures": "Graphs of models, figures",
    "entropysym.display": "Notebooks",
}


def pages() -> Iterator[tuple[str, str]]:
    """Path and text of each page."""
    lines = [f"| [{name}]({name}.md) | {what} |" for name, what in ROOMS.items()]
    table = ["| room | what it is for |", "| --- | --- |", *lines]
    yield "api/index.md", "\n".join(["# Reference", "", *table, ""])
    for name in ROOMS:
        yield f"api/{name}.md", f"# {name}\n\n::: {name}\n"
