r"""Tables in text: numbers separated by commas, semicolons, tabs, bars or blanks, with a header or without.

What separates the cells is told by the first line of numbers, the decimal mark by all cells. What could be read in two ways is refused, with
the option that decides it: `header`, or `decimal`. Lines that begin with # are comments, as is Excel's ``sep=;``.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import numpy as np
from jaxtyping import Float

from entropysym.errors import InputError, shown

EXACT = 2**53

#: The first of these that the second row has outside of quotes, or else the first, separates cells; without one of them, blanks do.
SEPARATORS = "\t;|,"

#: What stands for a number that is not there, in lower case.
MISSING = frozenset(("", "na", "n/a", "#n/a", "null", "none", "missing", "-", "--", "?", "."))

_COMMA = re.compile(r"[+-]?(\d+,\d*|,\d+)([eE][+-]?\d+)?")
_GROUPS = re.compile(
    r"[+-]?\d{1,3}([ '_.,\u00a0\u2009\u202f\u2019]\d{3})+([.,]\d*)?|[+-]?\d[\d_]*_\d+"
)
_NUMERAL = re.compile(r"[\d+\-.,\u2212]")  # how a cell that is meant to be a number begins
_ROW_NUMBERS = ("", "unnamed: 0")  # as pandas and R call them


def read_delimited(
    path: Path, *, header: bool | None = None, decimal: str | None = None
) -> Float[np.ndarray, "N D"]:
    """The table as float64. `header` says whether the first row is one, `decimal` is the decimal mark, ``.`` or ``,``; None means to tell them by the text.

    Raises `InputError`, with line and column (from 1) and the column's name, for a cell that is missing, no number, not finite or an integer beyond
    2^53, for thousands separators, for rows of different lengths, and for what could be read in two ways.
    """
    if header is not None and not isinstance(header, bool):
        raise InputError(f"header is {shown(header)}; pass True, False or None")
    if decimal not in (None, ".", ","):
        raise InputError(f"decimal is {shown(decimal)}; pass '.', ',' or None")
    try:
        rows = _rows(_text(path), decimal)
        first = list(islice(rows, 2))
        cells = _Cells(path, decimal, _names(path, first, header))
        found = [cells.values(*row) for row in chain(first[cells.names is not None :], rows)]
    except csv.Error as error:
        raise InputError(f"cannot read {path} as CSV: {error}; is a quote left open?") from error
    if not found:
        held = "is empty" if cells.names is None else "has a header and no data"
        raise InputError(f"{path} {held}; pass one datum per line, numbers separated by commas")
    cells.demand_one_decimal_mark()
    return np.array(found)


def _text(path: Path) -> str:
    """Names of columns may be in any encoding; digits are the same in all."""
    raw = path.read_bytes()
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return raw.decode("utf-16")
        except UnicodeDecodeError as error:
            raise InputError(
                f"cannot read {path} as CSV: {error}; save it again as UTF-8"
            ) from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _rows(text: str, decimal: str | None) -> Iterator[tuple[int, list[str]]]:
    """The rows that are neither blank nor comments, each with the number of its (last) line."""
    # A comment is emptied, not dropped: so the numbers of lines stay.
    lines = [
        "" if line.lstrip().startswith("#") else line for line in io.StringIO(text, newline="")
    ]
    said = re.fullmatch(r"sep=(.)\s*", lines[0]) if lines else None
    if said:
        lines[0] = ""
    separator = (
        said[1] if said else _separator([line for line in lines if line.strip()][:2], decimal)
    )
    if separator is None:
        cells = ((n, line.split()) for n, line in enumerate(lines, start=1))
    else:
        reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
        cells = ((reader.line_num, row) for row in reader)
    return ((n, [c.strip() for c in row]) for n, row in cells if any(c.strip() for c in row))


def _separator(lines: list[str], decimal: str | None) -> str | None:
    """That of the first two rows: the second's, for the first may be a header; None for blanks."""
    bare = [re.sub(r'"[^"]*"', '""', line).strip() for line in reversed(lines)]
    # A comma that is said to be a decimal mark separates quoted cells only.
    known = [s for s in SEPARATORS if s != "," or decimal != "," or '"' in "".join(bare)]
    found = next((s for line in bare for s in known if s in line), None)
    # Names of columns may have blanks in them.
    blanks = found is None and bare and re.search(r"\s", bare[0])
    return None if blanks else found or "\t"


def _names(path: Path, first: list[tuple[int, list[str]]], header: bool | None) -> list[str] | None:
    """The names of the columns, if the first row is a header. Raises `InputError` where that is open, and for a column of row numbers."""
    if not first or header is False:
        return None
    line, row = first[0]
    where, ask = f"{path}, line {line}", "pass header=True or header=False to entropysym.data.load"
    named = [
        c for c in row if c.lower() not in MISSING and not _NUMERAL.match(c) and not _is_nan(c)
    ]
    if header is None:
        if len(row) >= 4 and row == [str(i) for i in range(len(row))]:
            raise InputError(
                f"{where} is 0, 1, 2, …: are these the columns' numbers, or a datum? remove the line, or {ask}"
            )
        if not named:
            return None
        if len(named) < len([c for c in row if c]):
            other = next(c for c in row if c and c not in named)
            raise InputError(
                f"{where} has the text {shown(named[0])} beside {shown(other)}: is it a header? if not, remove or replace the text; or {ask}"
            )
    if row[0].lower() in _ROW_NUMBERS:
        raise InputError(
            f"{where}: column 1 has no name, as where pandas or R wrote row numbers; save again without them (index=False, row.names=FALSE), or give it a name"
        )
    return row


def _is_nan(cell: str) -> bool:
    return cell.lower() in ("nan", "inf", "infinity")


@dataclass
class _Cells:
    """The numbers of a table's cells. `point` and `comma` are the first places where each stood as a decimal mark; `sure` is whether one of the commas cannot be a thousands separator."""

    path: Path
    decimal: str | None
    names: list[str] | None
    width: int = 0
    point: str = ""
    comma: str = ""
    sure: bool = False

    def values(self, line: int, row: list[str]) -> list[float]:
        """The numbers of one row."""
        self.width = self.width or len(self.names or row)
        if len(row) != self.width:
            raise InputError(self._ragged(line, row))
        text = "".join(row)
        try:
            found = [float(cell) for cell in row]
        except ValueError:
            found = None
        # Most rows are plain; only in others every cell is looked at.
        plain = found is not None and "_" not in text and self.decimal != ","
        if found is not None and plain and all(abs(v) < EXACT for v in found):
            if not self.point and "." in text:
                self.point = self._place(line, next(i for i, c in enumerate(row) if "." in c))
            return found
        return [self._number(line, at, cell) for at, cell in enumerate(row)]

    def _ragged(self, line: int, row: list[str]) -> str:
        says = f"{self.path}, line {line}: {len(row)} cells, but the first row has {self.width}"
        if self.names is not None and not any(_NUMERAL.match(c) for c in row):
            says += "; begin lines above the names of the columns with #"
        elif self.names is not None and len(row) == self.width + 1:
            says += "; if R wrote row names, save again with row.names=FALSE"
        return says

    def _place(self, line: int, at: int) -> str:
        name = f" ({shown(self.names[at])})" if self.names else ""
        return f"line {line}, column {at + 1}{name}"

    def _number(self, line: int, at: int, cell: str) -> float:
        where = f"{self.path}, {self._place(line, at)}"
        if cell.lower() in MISSING:
            what = "an empty cell" if not cell else f"{shown(cell)} stands for a missing number"
            raise InputError(f"{where}: {what}; remove the row or the column, or impute it")
        value = self._plain(line, at, cell)
        if value is None:
            raise InputError(f"{where}: {self._why(cell)}")
        if not math.isfinite(value):
            raise InputError(f"{where}: {cell} is not finite; remove or impute it")
        # 1e300 is a float, as is 9007199254740993.0; only what is written as an integer claims to be exact.
        if abs(value) >= EXACT and cell.lstrip("+-").isdecimal() and abs(int(cell)) > EXACT:
            raise InputError(
                f"{where}: {shown(cell)} is beyond 2**53, where float64 rounds integers; write it as a float, {value:.17g}.0, if that is near enough"
            )
        return value

    def _plain(self, line: int, at: int, cell: str) -> float | None:
        """The number, if it is one with at most a decimal mark; where the marks stood is noted."""
        if "," in cell and self.decimal != "." and _COMMA.fullmatch(cell):
            self.comma = self.comma or self._place(line, at)
            self.sure = self.sure or not _GROUPS.fullmatch(cell) or cell.lstrip("+-")[0] == "0"
            return float(cell.replace(",", "."))
        if "." in cell and self.decimal == ",":
            return None
        try:
            value = None if "_" in cell else float(cell)
        except ValueError:
            return None
        if "." in cell and not self.point:
            self.point = self._place(line, at)
        return value

    def _why(self, cell: str) -> str:
        """What is wrong with a cell that is no number."""
        if _GROUPS.fullmatch(cell):
            return f"{shown(cell)} has thousands separators; write digits and a decimal point only"
        if self.decimal is not None and ("." in cell or "," in cell):
            return f"{shown(cell)} is no number with decimal={self.decimal!r}; pass the other mark, or None"
        if self.names is None:
            return f"{shown(cell)} is no number; remove it or its column, or write a header and other lines of text with a # before them"
        return f"{shown(cell)} is no number; remove the column, e.g. pandas.read_csv({str(self.path)!r}).select_dtypes('number').to_csv('numbers.csv', index=False)"

    def demand_one_decimal_mark(self) -> None:
        """Raise `InputError` if commas and points both stood as decimal marks, or if all commas may be thousands separators."""
        if self.comma and self.point:
            raise InputError(
                f"{self.path} has a point in a number in {self.point} and a comma in {self.comma}; one of them is a thousands separator: remove it"
            )
        if self.comma and not self.sure and self.decimal is None:
            raise InputError(
                f"{self.path}, {self.comma}: every comma in a number has three digits behind it, so it may separate thousands; write a point or "
                f"nothing, or if it is the decimal mark read it with entropysym.data.load({str(self.path)!r}, decimal=',')"
            )
