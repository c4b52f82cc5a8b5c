"""What results look like in a notebook and in a terminal: one table from a class to what is said of it, and one function for each form."""

from entropysym.lazy import lazily

TYPE_CHECKING = False
if TYPE_CHECKING:
    from entropysym.display.forms import html, latex, markdown, text
    from entropysym.display.formula import Formula, show, sympy_printer
    from entropysym.display.notebooks import load_ipython_extension, unload_ipython_extension
    from entropysym.display.table import line, said_of

__getattr__, __dir__ = lazily(
    __name__,
    {
        "table": "line said_of",
        "forms": "html latex markdown text",
        "formula": "Formula show sympy_printer",
        "notebooks": "load_ipython_extension unload_ipython_extension",
    },
)
__all__ = [
    "Formula",
    "html",
    "latex",
    "line",
    "load_ipython_extension",
    "markdown",
    "said_of",
    "show",
    "sympy_printer",
    "text",
    "unload_ipython_extension",
]
