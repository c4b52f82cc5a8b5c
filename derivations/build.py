r"""All theorems as one LaTeX document with a table of contents: the appendix that a theorist attaches."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path

from entropysym.files import folder, write_whole
from entropysym.pages import REFERENCES, pdf, preamble, tex_text
from entropysym.pages.compiling import is_installed

from .limits import LIMITS
from .page import as_section, checks, switch_on_float64
from .theorem import VELYCHKO, Theorem

#: The scripts, in the order of the document.
NAMES = (
    "vae2",
    "vae1",
    "vae3",
    "linear_vae",
    "gaussian_vae",
    "beta_vae",
    "weight_decay",
    "fixed_variance",
    "termwise",
    "optimal_manifold",
    "sparse_coding",
    "poisson",
    "bernoulli",
    "correspondence",
    "infinite_data",
    "hierarchical",
    "mixture",
    "conditional",
    "semi_supervised",
    "supervised",
    "global_latent",
    "sequences",
)
TITLE = "When the ELBO is a sum of entropies"
INTRODUCTION = (
    "Each section states one theorem, its conditions, and a derivation that was found by a program and stored step by step. "
    "All quantities are per data point and in nats. Where a table stands under a statement, the claim was compared with the model's "
    "densities at random configurations, in units of machine precision times the size of the terms, and a wrong variant was "
    "run through the same check, which has to reject it. Away from stationary points an entropy sum is neither an upper nor a "
    "lower bound of the ELBO, and equality does not imply that a point is stationary. Differential entropies may be negative."
)


def theorems() -> dict[str, Theorem]:
    """Every theorem by the name of its script."""
    return {name: import_module(f".{name}", __package__).THEOREM for name in NAMES}


def collection(*, numbers: bool, progress: Callable[[str], None] = lambda said: None) -> str:
    """The LaTeX document; with `numbers`, every claim and every control is run, which takes minutes. `progress` is called before each theorem."""
    found = theorems()
    sections = []
    for count, (name, t) in enumerate(found.items(), 1):
        progress(f"theorem {count} of {len(found)}: {t.title}")
        sections.append(as_section(t, checks(t) if numbers else (), label=name))
    head = preamble().replace(
        r"\setcounter{secnumdepth}{0}",
        "\\setcounter{secnumdepth}{1}\n\\setcounter{tocdepth}{1}\n\\numberwithin{equation}{section}",
    )
    listed = "\n".join(rf"\item {tex_text(r)}" for r in (*REFERENCES, f"{VELYCHKO}."))
    return "\n\n".join(
        (
            f"{head}\n\\begin{{document}}",
            f"\\begin{{center}}\n  {{\\Large {TITLE}\\par}}\n\\end{{center}}",
            INTRODUCTION,
            "\\tableofcontents",
            _by_model(found),
            "\\clearpage",
            *sections,
            _limits(),
            "\\section*{References}\n\\begin{enumerate}\\renewcommand{\\labelenumi}{[\\arabic{enumi}]}\n"
            f"{listed}\n\\end{{enumerate}}\n\\end{{document}}\n",
        )
    )


def _by_model(found: Mapping[str, Theorem]) -> str:
    """The theorems by the model that they are about, several of one model in their order, each with its page."""
    names: dict[str, list[str]] = {}
    for name, theorem in found.items():
        names.setdefault(theorem.model().title, []).append(name)
    rows = []
    for title, about in sorted(names.items()):
        cells = (", ".join(rf"\{ref}{{{n}}}" for n in about) for ref in ("ref", "pageref"))
        rows.append(rf"{tex_text(title)} & {' & '.join(cells)} \\")
    body = "\n".join(rows)
    return (
        "\\section*{By model}\n\\begin{center}\\small\n\\begin{tabular}{@{}p{0.68\\textwidth}rr@{}}\n\\toprule\n"
        f"model & section & page \\\\\n\\midrule\n{body}\n\\bottomrule\n\\end{{tabular}}\n\\end{{center}}"
    )


def _limits() -> str:
    """What is known to be beyond the theorems, on a page of its own."""
    said = "\n".join(rf"\item[{tex_text(head)}.] {tex_text(text)}" for head, text in LIMITS)
    return f"\\clearpage\n\\section{{Known limits}}\n\\begin{{description}}\n{said}\n\\end{{description}}"


def book(
    out: Path, *, numbers: bool = False, progress: Callable[[str], None] = lambda said: None
) -> Path:
    """Write the document into a folder; its path, that of the PDF where pdflatex is installed."""
    if numbers:
        switch_on_float64()
    source = folder(out) / "derivations.tex"
    text = collection(numbers=numbers, progress=progress)
    write_whole(source, text)
    if not is_installed():
        return source
    progress("compiling")
    page = source.with_suffix(".pdf")
    write_whole(page, pdf(text))
    return page


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line: `python -m derivations --out FOLDER`."""
    parser = argparse.ArgumentParser(prog="python -m derivations", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the document")
    parser.add_argument("--no-numbers", action="store_true", help="do not run claims and controls")
    given = parser.parse_args(arguments)
    print(book(given.out, numbers=not given.no_numbers))


if __name__ == "__main__":
    main()
