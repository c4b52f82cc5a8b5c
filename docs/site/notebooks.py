"""The notebooks, executed: text, code, and what each cell shows."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "notebooks"
#: Seconds that a cell may take.
LIMIT = 300
#: A formula in the size of a display, and nothing else.
_ALONE = re.compile(r"\A\$\\displaystyle (.*)\$\Z", re.S)


def pages() -> Iterator[tuple[str, str | bytes]]:
    """Path and content of each page and picture, two notebooks at a time."""
    paths = sorted(FOLDER.glob("*.py"))
    with ThreadPoolExecutor(2) as pool:
        made = dict(zip(paths, pool.map(executed, paths), strict=True))
    rows = []
    for path, notebook in made.items():
        text, pictures = written(notebook, path.stem)
        title = re.search(r"^# (.+)", text, re.M)
        rows.append(f"* [{title[1] if title else path.stem}]({path.stem}.md)")
        yield f"notebooks/{path.stem}.md", text
        for name, content in pictures.items():
            yield f"notebooks/{name}", content
    told = "Each is a Python file in `notebooks`, which Jupyter opens with Jupytext; what the cells show was computed when this site was built."
    yield "notebooks/index.md", "\n".join(["# Notebooks", "", told, "", *rows, ""])


def executed(path: Path) -> Any:
    """The notebook of a script in cells, run. Raises what a cell raises."""
    import jupytext
    from nbclient import NotebookClient

    notebook = jupytext.read(path)
    where = {"metadata": {"path": str(FOLDER)}}
    NotebookClient(notebook, timeout=LIMIT, kernel_name="python3", resources=where).execute()
    return notebook


def written(notebook: Any, stem: str) -> tuple[str, dict[str, bytes]]:
    """Markdown, and the pictures in it by file name."""
    parts: list[str] = []
    pictures: dict[str, bytes] = {}
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
        elif cell.cell_type == "code" and cell.source.strip():
            parts.append(f"```python\n{cell.source}\n```")
            parts += [_shown(o, stem, pictures) for o in _joined(cell.outputs)]
    return "\n\n".join(p for p in parts if p), pictures


def _joined(outputs: Any) -> list[Any]:
    """Outputs, what was printed in pieces as one."""
    found: list[Any] = []
    for output in outputs:
        one = dict(output)
        if found and one["output_type"] == "stream" == found[-1]["output_type"]:
            found[-1]["text"] += one["text"]
        else:
            found.append(one)
    return found


def _fenced(text: str) -> str:
    """What was printed, if anything was; lines are wrapped where no columns stand below each other."""
    if not text.strip():
        return ""
    columns = re.search(r"\S {2,}\S", text)
    kind = "{ .text .columns }" if columns else "text"
    return f"```{kind}\n{text.rstrip()}\n```"


def _shown(output: Any, stem: str, pictures: dict[str, bytes]) -> str:
    """The richest form of an output that a page can hold."""
    if output["output_type"] == "stream":
        return _fenced(output["text"])
    data = output.get("data", {})
    for kind, ending in (("image/svg+xml", "svg"), ("image/png", "png")):
        if kind in data:
            name = f"{stem}_{len(pictures)}.{ending}"
            content = data[kind]
            pictures[name] = content.encode() if ending == "svg" else base64.b64decode(content)
            return f"![Output]({name})"
    if "text/markdown" in data:
        return _ALONE.sub(r"$$\n\1\n$$", str(data["text/markdown"]))
    if "text/html" in data:
        return f'<div class="output">\n{data["text/html"]}\n</div>'
    if "text/latex" in data:
        tex = str(data["text/latex"]).strip().strip("$").strip()
        return f"$$\n{tex.removeprefix(chr(92) + 'displaystyle').strip()}\n$$"
    return _fenced(data.get("text/plain", ""))
