"""Tables of three columns and more: each cell has the name of its column, which stands before it where a screen is too narrow for a row."""

from __future__ import annotations

import re

_TABLE = re.compile(r"<table>.*?</table>", re.S)
_NAME = re.compile(r"<th[^>]*>(.*?)</th>", re.S)
_TAG = re.compile(r"<[^>]+>")


def labelled(page: str) -> str:
    """The page with the cells of its wide tables named."""
    return _TABLE.sub(_labelled, page)


def _labelled(found: re.Match[str]) -> str:
    table = found[0]
    names = [_TAG.sub("", name).strip() for name in _NAME.findall(table)]
    if len(names) < 3:
        return table
    rows = (_row(row, names) for row in re.split(r"(?=<tr>)", table))
    return "".join(rows).replace("<table>", '<table data-wide="">', 1)


def _row(row: str, names: list[str]) -> str:
    left = iter(names)
    return re.sub(r"<td", lambda _: f'<td data-name="{next(left, "")}"', row)
