r"""All theorems as one LaTeX document with a table of contents: the appendix that a theorist attaches."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from derivations.page import as_section, checks, switch_on_float64
from derivations.theorem import VELYCHKO, Theorem
from entropysym.errors import InputError
from entropysym.files import folder, write_whole
from entropysym.pages import REFERENCES, preamble, tex_text

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
    return {name: import_module(f"derivations.{name}").THEOREM for name in NAMES}


def collection(*, numbers: bool) -> str:
    """The LaTeX document; with `numbers`, every claim and every control is run, which takes minutes."""
    sections = [
        as_section(t, checks(t) if numbers else (), label=name) for name, t in theorems().items()
    ]
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
            "\\tableofcontents\n\\clearpage",
            *sections,
            "\\section*{References}\n\\begin{enumerate}\\renewcommand{\\labelenumi}{[\\arabic{enumi}]}\n"
            f"{listed}\n\\end{{enumerate}}\n\\end{{document}}\n",
        )
    )


def compiled(source: Path) -> Path | None:
    """The PDF beside a LaTeX file, or None where pdflatex is not installed. Raises `InputError` with TeX's message if it fails."""
    if shutil.which("pdflatex") is None:
        return None
    command = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", source.name]
    for _ in range(3):  # contents, then page numbers after the contents have their length
        run = subprocess.run(command, cwd=source.parent, capture_output=True, timeout=300)
        log = source.with_suffix(".log").read_text(encoding="latin-1")
        if run.returncode != 0:
            message = next(
                (line for line in log.splitlines() if line.startswith("!")), "no message"
            )
            raise InputError(f"pdflatex refuses {source.name!r}: {message}")
        if not re.search(r"Rerun|No file .*\.toc", log):
            break
    for suffix in (".aux", ".toc", ".out"):
        source.with_suffix(suffix).unlink(missing_ok=True)
    return source.with_suffix(".pdf")


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line: `python -m derivations --out FOLDER`."""
    parser = argparse.ArgumentParser(prog="python -m derivations", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for the document")
    parser.add_argument("--no-numbers", action="store_true", help="do not run claims and controls")
    given = parser.parse_args(arguments)
    if not given.no_numbers:
        switch_on_float64()
    source = folder(given.out) / "derivations.tex"
    write_whole(source, collection(numbers=not given.no_numbers))
    pdf = compiled(source)
    print(source if pdf is None else pdf)


if __name__ == "__main__":
    main()
