"""A model's text in, the whole answer out: what the page's worker runs, and any Python with the package can.

The text is the caller's own program and is run as one; whatever it raises comes back as one line and its place.
"""

from __future__ import annotations

import ast
import io
import re
import tempfile
from collections.abc import Callable
from contextlib import chdir, redirect_stderr
from pathlib import Path
from typing import Any

from entropysym import checker
from entropysym.claims import derive
from entropysym.claims.user_models import model_from_file, own_code
from entropysym.errors import InputError
from entropysym.pages import render
from entropysym.prover import Derivation, Refusal

#: The file that the text is written to; errors call it so.
FILE = Path("this text")
#: What is kept of what a model's text prints, in characters.
LONGEST = 10_000
_PLACE = re.compile(rf"(?s){re.escape(str(FILE))}(?:, line (\d+|\?))?: (.*)\Z")
_TITLE = re.compile(r"^<h1>.*?</h1>$", re.M)
_SECTION = re.compile(r"^<h2>(.*?)</h2>$", re.M)


def answer(text: str, progress: Callable[[str], None] = lambda stage: None) -> dict[str, Any]:
    """What the page shows of a model: the answer, or `error` with the line (from 1) at which it belongs; with what the text printed.

    `progress` is called with the name of each stage.
    """
    printed = _Kept()
    with tempfile.TemporaryDirectory() as folder, chdir(folder), redirect_stderr(printed):
        FILE.write_text(text, encoding="utf-8")
        try:
            progress("reading the model")
            model = model_from_file(FILE)
            with own_code(FILE):  # a family of one's own is asked for its density
                found = derive(model, progress=progress)
        except InputError as error:
            shown = {"error": _placed(str(error), text)}
        else:
            progress("writing the page")
            shown = _shown(found)
    return {**shown, "printed": printed.getvalue()}


class _Kept(io.StringIO):
    """The beginning of what is written: a loop that prints must not fill the memory."""

    def write(self, text: str) -> int:
        super().write(text[: max(0, LONGEST - self.tell())])
        return len(text)


def _placed(message: str, text: str) -> dict[str, Any]:
    """The error in one line, and its line of the text; what no line raised belongs to the model as a whole, where it is bound."""
    found = _PLACE.match(message)
    line, said = found.groups() if found else (None, message)
    number = int(line) if line and line.isdecimal() else _binding(text)
    lines = max(1, len(text.splitlines()))
    return {"line": min(max(1, number), lines), "message": " ".join(said.split())}


def _binding(text: str) -> int:
    """The line that binds `model`, or else the last one."""
    last = len(text.splitlines())
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return last
    bound = (
        statement.lineno
        for statement in body
        if isinstance(statement, ast.Assign)
        and any(isinstance(to, ast.Name) and to.id == "model" for to in statement.targets)
    )
    return max(bound, default=last)


def _shown(found: Derivation | Refusal) -> dict[str, Any]:
    head, *sections = _sections(render(found, "html"))
    stored = _text(found, "json")
    return {
        "name": found.model.name,
        "title": found.model.title,
        "verdict": found.verdict.value.value,
        "reason": found.verdict.reason,
        "evidence": list(found.verdict.evidence),
        "head": head["html"],
        "sections": sorted(sections, key=lambda section: section["heading"] != "Result"),
        "checked": _checked(stored),
        "latex": render(found, "latex"),
        "json": stored,
        "coq": _text(found, "coq"),
    }


def _text(found: Derivation | Refusal, form: str) -> str | None:
    """What can be replayed or checked by Coq; None where nothing was derived, or where it holds something that is not printed."""
    try:
        return render(found, form)
    except InputError:
        return None


def _sections(page: str) -> list[dict[str, str]]:
    """A page cut at its headings: what stands before the first, which has none, and one for each. The title is left to the page around it."""
    body = page.partition("<body>")[2].partition("</body>")[0]
    before, *rest = _SECTION.split(_TITLE.sub("", body))
    pairs = zip(rest[::2], rest[1::2], strict=True)
    return [{"heading": "", "html": before}, *({"heading": h, "html": b} for h, b in pairs)]


def _checked(stored: str | None) -> str:
    """The statement that the independent checker reads out of the stored form, or why it does not accept it."""
    if stored is None:
        return ""
    try:
        return (checker.replay_refusal if checker.is_refusal(stored) else checker.replay)(
            stored
        ).statement
    except (checker.Malformed, checker.Refused) as reason:
        return f"not accepted: {reason}"
