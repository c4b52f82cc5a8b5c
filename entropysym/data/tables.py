"""Data matrices, and whether the ELBO has a finite stationary point on them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from entropysym.errors import InputError, NoStationaryPointError, shown

_EXACT = 2**53


def load(source: str | Path) -> Float[np.ndarray, "N D"]:
    """A float64 data matrix, one datum per row: ``digits`` (scikit-learn's, 1797 × 64), FILE.npy or FILE.csv.

    Raises `InputError`, naming row and column (from 1), for what is empty, ragged, not a number, not finite or not a matrix.
    """
    if str(source) == "digits":
        from sklearn.datasets import load_digits

        return np.asarray(load_digits().data, dtype=np.float64)
    path = Path(source)
    readers = {".npy": _read_npy, ".csv": _read_csv}
    if path.suffix.lower() not in readers:
        raise InputError(
            f"cannot read {shown(str(source))}; pass digits, a .npy file or a .csv file"
        )
    try:
        table = readers[path.suffix.lower()](path)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    return checked(table, str(path))


def checked(x: Any, name: str = "the data") -> Float[np.ndarray, "N D"]:
    """The data as a float64 matrix. Raises `InputError` for another rank or type, for no entries and for NaN or inf."""
    x = np.asarray(x)
    if x.dtype.kind not in "fiub" or x.dtype.itemsize > 8:
        raise InputError(f"{name} holds {x.dtype}; pass real numbers (float64)")
    if x.ndim != 2:
        raise InputError(f"{name} has shape {x.shape}; pass a matrix (N, D), one datum per row")
    if x.size == 0:
        raise InputError(f"{name} is empty: its shape is {x.shape}")
    if x.dtype.kind in "iu" and int(np.abs(x.astype(object)).max()) > _EXACT:
        raise InputError(f"{name} holds integers beyond 2**53, which float64 would round")
    x = x.astype(np.float64)
    bad = np.argwhere(~np.isfinite(x))
    if bad.size:
        row, column = (int(i) for i in bad[0])
        raise InputError(
            f"{name}, row {row + 1}, column {column + 1}: {x[row, column]} is not finite; remove or impute it"
        )
    return x


def _read_npy(path: Path) -> np.ndarray:
    # NumPy takes any file without its magic for a pickle, and says so; only a true header can announce objects.
    with path.open("rb") as file:
        if file.read(6) != b"\x93NUMPY":
            raise InputError(f"cannot read {path}: it is no .npy file")
    try:
        return np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        if "Object arrays" in str(error):
            reason = "it holds Python objects, which are never unpickled; save a float64 array"
        else:
            reason = f"the .npy file is damaged ({str(error).splitlines()[0]})"
        raise InputError(f"cannot read {path}: {reason}") from error


def _read_csv(path: Path) -> np.ndarray:
    rows: list[list[float]] = []
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            for row in (reader := csv.reader(lines, strict=True)):
                if not any(cell.strip() for cell in row):
                    continue
                rows.append(_csv_row(path, reader.line_num, row, first=not rows))
                if len(rows[-1]) != len(rows[0]):
                    raise InputError(
                        f"{path}, line {reader.line_num}: {len(rows[-1])} cells, but the first row has {len(rows[0])}"
                    )
    except (csv.Error, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {path} as CSV: {error}") from error
    if not rows:
        raise InputError(f"{path} is empty; pass one datum per line, numbers separated by commas")
    return np.array(rows)


def _csv_row(path: Path, line: int, row: list[str], *, first: bool) -> list[float]:
    values = [_number(cell) for cell in row]
    for column, (cell, value) in enumerate(zip(row, values, strict=True), start=1):
        if value is None:
            if first and len(row) > 1 and all(v is None for v in values):
                raise InputError(
                    f"{path}, line {line} is text ({shown(cell.strip())}, …); drop the header, e.g. tail -n +2 {path.name} > data.csv"
                )
            what = "an empty cell" if not cell.strip() else f"{shown(cell.strip())} is no number"
            hint = "; if this line is a header, drop it" if first else ""
            raise InputError(f"{path}, line {line}, column {column}: {what}{hint}")
        if not np.isfinite(value):
            raise InputError(
                f"{path}, line {line}, column {column}: {cell.strip()} is not finite; remove or impute it"
            )
    return values  # type: ignore[return-value]


def _number(cell: str) -> float | None:
    # float() reads 1_000 as a thousand; in a table it is a slip.
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def centred_rank(x: Float[np.ndarray, "N D"]) -> int:
    """The rank of the centred data, in units that make it independent of the columns' scales.

    Singular values of the columns, each divided by its largest deviation, count if they exceed the rounding error of the data.
    """
    largest = np.abs(x).max(axis=0)
    x = x / np.where(largest > 0, largest, 1.0)
    # Differences from a row are exact zeros in constant columns, which those from the mean are not.
    deviation = x - x[0]
    spread = np.abs(deviation).max(axis=0)
    varying = spread > 0
    if not varying.any():
        return 0
    columns = deviation[:, varying] / spread[varying]
    columns = columns - columns.mean(axis=0)
    singular = np.linalg.svd(columns, compute_uv=False)
    rounding = np.finfo(np.float64).eps / spread[varying].min()
    return int(np.sum(singular > max(x.shape) * rounding * singular[0]))


def require_stationary_point(x: Float[np.ndarray, "N D"], H: int) -> None:
    """Refuse data on which σ² runs to zero: a Gaussian decoder with H latents can fit them exactly.

    Raises `NoStationaryPointError` with the reason; `InputError` for unusable data or H.
    """
    x = checked(x)
    if isinstance(H, bool) or not isinstance(H, int) or H < 1:
        raise InputError(f"the number of latents is {shown(H)}; pass an integer >= 1")
    N, D = x.shape
    vacuous = "so sigma^2 runs to 0, the ELBO has no finite stationary point, and the theorem is vacuous here"
    if N == 1:
        raise NoStationaryPointError(f"the data are a single row, {vacuous}")
    if (x == x[0]).all():
        raise NoStationaryPointError(f"all {N} rows are equal, {vacuous}")
    rank = centred_rank(x)
    if rank <= H:
        raise NoStationaryPointError(
            f"the centred data have rank {rank} (N={N}, D={D}), no more than the H={H} latents, {vacuous}; "
            f"use fewer latents{'' if rank <= 1 else f' (at most {rank - 1})'} or more data"
        )
