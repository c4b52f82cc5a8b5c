r"""Where a long formula breaks: at its top-level addends, as many to a line as fit.

TeX alone knows how wide a formula is; `tex_width` estimates it from the LaTeX, a little too wide rather than too narrow.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

import sympy as sp

from entropysym.language.heads import DataMean, _Expectation
from entropysym.language.matrices import Matrix
from entropysym.pages.latex import PaperPrinter
from entropysym.pages.order import in_order
from entropysym.pages.plain import PlainPrinter

#: What has brackets around its body.
_BINDERS = (DataMean, sp.Sum, _Expectation)
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\s+|.")
_WIDTHS = {  # em, at the size of the text
    "\\quad": 1.0, "\\qquad": 2.0, "\\log": 1.5, "\\mid": 0.85, "\\cdot": 0.75, "\\nabla": 0.85, "\\iff": 3.0, "\\mathbb": 0.0,
    "\\mathcal": 0.1, "\\mathrm": 0.0, "\\operatorname": 0.35, "\\boldsymbol": 0.1, "\\det": 1.5, "\\,": 0.17, "\\sum": 1.0, "\\prod": 1.0, "\\Phi": 0.75, "\\Theta": 0.8, "\\varepsilon": 0.5,
    "=": 1.35, "+": 1.25, "-": 1.25, ",": 0.45, "(": 0.4, ")": 0.4, "[": 0.3, "]": 0.3, "'": 0.3, "|": 0.3,
    "\\bigl": 0.1, "\\bigr": 0.1, "\\Bigl": 0.25, "\\Bigr": 0.25, "\\biggl": 0.4, "\\biggr": 0.4, "\\{": 0.5, "\\}": 0.5,
    "m": 0.88, "w": 0.72, "n": 0.6, "W": 0.96, "M": 0.98, "H": 0.85, "D": 0.84, "N": 0.83, "\\omega": 0.65, "\\Omega": 0.85, "\\Sigma": 0.8, "\\Lambda": 0.75, "\\Delta": 0.85, "\\Gamma": 0.65, "\\Pi": 0.8, "\\Psi": 0.8, "\\Xi": 0.7, "\\Upsilon": 0.8,
    "\\partial": 0.6, "\\sqrt": 0.9, "\\infty": 1.0, "&": 0.0,
}  # fmt: skip


@lru_cache(maxsize=2**13)  # the same terms are tried in rows, sizes and lines
def tex_width(tex: str) -> float:
    """The width of LaTeX mathematics in display style, in em. An estimate."""
    width, _ = _run(_TOKEN.findall(tex), 0)
    return width


def _run(tokens: list[str], at: int, *, script: bool = False) -> tuple[float, int]:
    """Width from `at` to the end of the group, and the place after it. In a `script`, and in a fraction, the limits of a sum stand beside it."""
    total, operator, over, under = 0.0, 0.0, 0.0, 0.0
    while at < len(tokens) and tokens[at] != "}":
        token = tokens[at]
        if token.isspace():
            at += 1
        elif token in "^_":
            width, at = _one(tokens, at + 1, script=True)
            over, under = (0.74 * width, under) if token == "^" else (over, 0.74 * width)
        else:
            total += max(operator, over, under) if operator else max(over, under)
            over = under = operator = 0.0
            if token == "\\frac":
                above, at = _one(tokens, at + 1, script=True)
                below, at = _one(tokens, at, script=True)
                total += max(above, below) + 0.4
            elif token in ("\\sum", "\\prod"):
                operator, at = (0.0, at + 1) if script else (1.5, at + 1)
                total += 1.2 if script else 0.17
            else:
                step, at = _one(tokens, at, script=script)
                total += step
    return total + max(operator, over, under), at


def _one(tokens: list[str], at: int, *, script: bool = False) -> tuple[float, int]:
    """Width of one token or one group."""
    while at < len(tokens) and tokens[at].isspace():
        at += 1
    if at >= len(tokens):
        return 0.0, at
    if tokens[at] == "{":
        width, end = _run(tokens, at + 1, script=script)
        return width, end + 1
    token = tokens[at]
    usual = 0.9 if token.startswith("\\es") else 0.78 if token.isupper() else 0.56
    return _WIDTHS.get(token, usual), at + 1


def _inside_brackets(
    e: sp.Expr | Matrix, written: str, printer: PaperPrinter | PlainPrinter
) -> list[str]:
    """The pieces of a product with a sum in brackets, its own or those of a mean or an expectation, which is too wide for a line: the brackets may stand on different lines."""
    factors = () if isinstance(e, Matrix) else sp.Mul.make_args(e)
    bodies = [f.args[0] if isinstance(f, _BINDERS) else f for f in factors]
    sums = [body for body in bodies if isinstance(body, sp.Add)]
    if len(sums) != 1:
        return []
    opening, found, closing = written.partition(printer.doprint(sums[0]))
    if not found or opening.count("{") - opening.count(r"\{") != (
        opening.count("}") - opening.count(r"\}")
    ):  # a fraction is not torn apart
        return []
    pieces: list[str] = []
    for a in in_order(sums[0], printer.places):
        sign, body = printer.signed(a)
        pieces.append((f"-{body}" if sign == "-" else body) if not pieces else f"{sign} {body}")
    return [opening + pieces[0], *pieces[1:-1], pieces[-1] + closing]


def _filled(
    pieces: list[str], measure: Callable[[str], float], first: float, rest: float
) -> list[str]:
    """Pieces in lines, as many to a line as fit."""
    lines: list[str] = []
    current = ""
    for piece in pieces:
        current = _behind(lines, current, piece, measure, rest if lines else first)
    return [*lines, current]


def _behind(
    lines: list[str], current: str, piece: str, measure: Callable[[str], float], width: float
) -> str:
    """The line that is open once the piece is written: behind what stands there, or in a new one where it is too wide."""
    joined = f"{current} {piece}" if current else piece
    if not current or measure(joined) <= width:
        return joined
    lines.append(current)
    return piece


def rows(
    e: sp.Expr | Matrix,
    printer: PaperPrinter | PlainPrinter,
    measure: Callable[[str], float],
    first: float,
    rest: float,
) -> list[str]:
    """A formula in lines no wider than `first` and then `rest`, where its addends allow it; later lines open with a sign."""
    lines: list[str] = []
    current = ""
    for a in in_order(e, printer.places):
        sign, body = printer.signed(a)
        opening = not lines and not current
        piece = (f"-{body}" if sign == "-" else body) if opening else f"{sign} {body}"
        parts = _inside_brackets(a, piece, printer)
        if parts and measure(piece) > rest:
            lines += [current] if current else []
            *full, current = _filled(parts, measure, first if not lines else rest, rest)
            lines += full
            continue
        current = _behind(lines, current, piece, measure, rest if lines else first)
    return [*lines, current]
