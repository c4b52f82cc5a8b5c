r"""An extension of IPython: after ``%load_ext entropysym.display`` every expression is shown as a page shows it, $\sigma^2$ for a parameter called sigma2.

SymPy offers a bare expression no other way: its sums and symbols are its own, and equal to those of anybody else who writes the same. So it is the notebook that is asked, for LaTeX and for
plain text, also inside lists and mappings. What is neither an expression nor an equation is shown as before.
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from entropysym.pages import latex, plain

#: What a page can print.
_SHOWN = (sp.Expr, Relational)


def load_ipython_extension(shell: Any) -> None:
    """Shows expressions as pages do, in this shell."""
    formatters = shell.display_formatter.formatters
    for kind in _SHOWN:
        formatters["text/latex"].for_type(kind, _latex)
        formatters["text/plain"].for_type(kind, _plain)


def unload_ipython_extension(shell: Any) -> None:
    """Leaves them to SymPy again."""
    formatters = shell.display_formatter.formatters
    for kind in _SHOWN:
        for form in ("text/latex", "text/plain"):
            formatters[form].pop(kind, None)


def _latex(expression: sp.Basic) -> str:
    return rf"$\displaystyle {latex(expression)}$"


def _plain(expression: sp.Basic, printer: Any, cycle: bool) -> None:
    printer.text(plain(expression))
