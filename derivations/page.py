r"""A theorem as a page: text on a terminal, a LaTeX document, the stored form of its derivation, or a section of the collection."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Sequence

from entropysym.pages import display, preamble, render, section, tex_text
from entropysym.verdict import Verdict

from .theorem import Theorem

FORMATS = ("latex", "text", "json")


def page(theorem: Theorem, to: str, *, numbers: bool) -> str:
    """The theorem in a format; with `numbers`, claim and control are run and shown (not in json, which is the derivation's)."""
    if to == "json":
        return render(theorem.derivation, "json")
    ran = checks(theorem) if numbers else ()
    if to == "latex":
        body = as_section(theorem, ran)
        return f"{preamble()}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"
    d = theorem.derivation
    parts = [theorem.title, "=" * len(theorem.title), "", _wrapped(theorem.statement), ""]
    parts += [_wrapped(f"Source: {theorem.source}."), ""]
    if theorem.lines is not None:
        shown = display(tuple(theorem.lines(d)), d.model, "text", data=theorem.data)
        parts += [_wrapped(theorem.about_lines), "", shown, ""]
    for name, verdict in ran:
        parts += [_wrapped(f"{name}: {verdict}")]
    parts += ["", render(theorem.found, "text", data=theorem.data)]
    return "\n".join(parts)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 100, break_long_words=False)


def checks(theorem: Theorem) -> tuple[tuple[str, Verdict], ...]:
    """Claim and negative control, run."""
    return (("Claim", theorem.claim()), ("Negative control", theorem.control()))


def as_section(
    theorem: Theorem, ran: Sequence[tuple[str, Verdict]] = (), *, label: str = ""
) -> str:
    """The theorem as one LaTeX section: statement, source, numbers, derivation, and what follows from it."""
    d = theorem.derivation
    parts = [
        _heading(theorem.title, label),
        tex_text(theorem.statement),
        rf"{{\small Source: {tex_text(theorem.source)}.\par}}",
    ]
    if ran:
        rows = "\n".join(rf"{name} & {v.value.value} & {tex_text(v.reason)} \\" for name, v in ran)
        parts.append(
            "{\\footnotesize\n\\begin{tabular}{@{}llp{0.68\\textwidth}@{}}\n\\toprule\n"
            f"{rows}\n\\bottomrule\n\\end{{tabular}}\\par}}"
        )
    closing = ""
    if theorem.lines is not None:
        shown = display(tuple(theorem.lines(d)), d.model, "latex", data=theorem.data)
        closing = "\n".join((r"\subsection{What follows}", tex_text(theorem.about_lines), shown))
    parts.append(section(theorem.found, data=theorem.data, closing=closing))
    return "\n\n".join(parts)


def _heading(title: str, label: str) -> str:
    mark = rf"\label{{{label}}}" if label else ""
    return rf"\section{{{tex_text(title)}}}{mark}"


def main(theorem: Theorem, arguments: Sequence[str] | None = None) -> None:
    """The command line of one script."""
    parser = argparse.ArgumentParser(description=theorem.title)
    parser.add_argument("--to", choices=FORMATS, default="text", help="what to print")
    parser.add_argument("--no-numbers", action="store_true", help="do not run claim and control")
    given = parser.parse_args(arguments)
    numbers = given.to != "json" and not given.no_numbers
    if numbers:
        switch_on_float64()
    print(page(theorem, given.to, numbers=numbers), end="" if given.to == "json" else "\n")


def switch_on_float64() -> None:
    """JAX computes in double precision from here on; only command lines do this."""
    import jax

    jax.config.update("jax_enable_x64", True)
