"""How results show themselves: a line in a terminal, formulas and tables in a notebook. A mixin that loads nothing until it is asked."""

from importlib import import_module

TYPE_CHECKING = False  # as in `typing`, which a verdict need not load
if TYPE_CHECKING:
    from typing import Any


class Shown:
    """Gives a result `repr`, one line of at most 100 characters, and what notebooks ask for: HTML, Markdown and LaTeX.

    What they say of a class is a row of the table in `entropysym.display`. A dataclass takes the line with `@dataclass(repr=False)`; one that leaves the
    argument out keeps the `repr` that Python makes. `repr` never raises and works nothing out; the other forms may take as long as a page does.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        try:
            return _display().line(self)
        except Exception:  # an object that is half made, as a debugger may meet it
            return f"<{type(self).__name__}>"

    def _repr_html_(self) -> str:
        return _display().html(self)

    def _repr_markdown_(self) -> str:
        return _display().markdown(self)

    def _repr_latex_(self) -> str:
        return _display().latex(self)


def _display() -> "Any":
    # By name: display stands above every room whose results it shows.
    return import_module("entropysym.display")
