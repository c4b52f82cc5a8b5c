"""Data matrices, the kind of their entries, and whether the ELBO has a finite stationary point on them."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from entropysym.data.delimited import EXACT, read_delimited
from entropysym.data.npy import (
    MAGIC,
    Bytes,
    member,
    named_array,
    names_of,
    read_array,
    read_header,
    reading,
)
from entropysym.data.synthetic import bent_curve
from entropysym.errors import InputError, NoStationaryPointError, integer, one_of, shown

#: Handwritten digits, 8 × 8 pixels with values 0 to 16; the file beside them says whose they are, and their licence.
DIGITS = Path(__file__).parent / "digits.npz"
#: How the name of a table in text ends.
TEXT = (".csv", ".tsv", ".tab", ".txt", ".dat")

#: Ending of another kind of file -> what makes one of it that can be read.
ELSEWHERE = {
    ".gz": "unpack it: gunzip {0}",
    ".zip": "unpack it: unzip {0}",
    **dict.fromkeys(
        (".xls", ".xlsx", ".ods"),
        "save it as CSV: pandas.read_excel('{0}').to_csv('data.csv', index=False)",
    ),
    ".parquet": "save it as CSV: pandas.read_parquet('{0}').to_csv('data.csv', index=False)",
    ".mat": "save one of its arrays: numpy.save('data.npy', scipy.io.loadmat('{0}')['x'])",
    **dict.fromkeys(
        (".h5", ".hdf5"), "save one of its arrays: numpy.save('data.npy', h5py.File('{0}')['x'])"
    ),
    **dict.fromkeys(
        (".pt", ".pth"), "save it as NumPy's: numpy.save('data.npy', torch.load('{0}').numpy())"
    ),
    **dict.fromkeys(
        (".pkl", ".pickle"),
        "a pickle can run code, so it is never read; where it was made write numpy.save('data.npy', x)",
    ),
    **dict.fromkeys(
        (".png", ".jpg", ".jpeg"),
        "images are read by the folder: numpy.save('data.npy', entropysym.data.load_celeba('FOLDER'))",
    ),
    "ubyte": "save the images as NumPy's: numpy.save('data.npy', entropysym.data.load_images('{0}'))",
}


def load(
    source: str | Path, *, header: bool | None = None, decimal: str | None = None
) -> Float[np.ndarray, "N D"]:
    """A float64 data matrix, one datum per row: ``digits`` (handwritten, 1797 × 64, which ship), ``curve`` (synthetic, 2000 × 8), or of a file.

    FILE.npy; FILE.npz, whose data are the array of a usual name (`npy.KEYS`) or the only one, and FILE.npz:NAME any array of it; a table in text
    (`TEXT`), for which `header` and `decimal` see `delimited.read_delimited`. Data of more axes, such as images (N, 28, 28), become rows; no entry is changed.

    Raises `InputError`, naming row and column (from 1), for what is empty, ragged, not a number, not finite or not a matrix.
    """
    if not isinstance(source, (str, PathLike)):
        raise InputError(
            f"cannot read {shown(source)}; pass the name of a file (an array needs no loading: see entropysym.data.checked)"
        )
    if str(source) == "curve":
        return of_kind("curve", "real")
    if str(source) == "digits":
        return np.load(DIGITS)["digits"].astype(np.float64)
    path, array = named_array(source)
    with reading(path):
        if path.suffix.lower() == ".npy":
            table = _read_npy(path)
        elif path.suffix.lower() == ".npz":
            table = _read_npz(path, array)
        elif path.suffix.lower() in TEXT:
            table = read_delimited(path, header=header, decimal=decimal)
        else:
            raise InputError(_no_reader(path))
    return checked(table, str(source))


def _no_reader(path: Path) -> str:
    cure = next((c for end, c in ELSEWHERE.items() if path.name.lower().endswith(end)), None)
    if cure is not None:
        return f"cannot read {shown(str(path))}; {cure.format(path)}"
    return f"cannot read {shown(str(path))}; pass digits, curve, a .npy or .npz file, or a table in text ({', '.join(TEXT)})"


def load_named(source: str | Path) -> dict[str, np.ndarray]:
    """The arrays of an .npz file by name. Raises `InputError` for a file that cannot be read, or that holds anything but arrays of numbers."""
    path, found = Path(source), {}
    with reading(path), zipfile.ZipFile(path) as archive:
        for name in names_of(archive):
            with archive.open(f"{name}.npy") as file:
                header = read_header(file, path)
                if header.dtype.kind not in "biuf":
                    raise InputError(
                        f"{name} in {path} is of type {header.dtype}, not numbers; save the file again without it, or with numbers for it"
                    )
                found[name] = read_array(file, header, path)
    return found


def checked(x: Any, name: str = "the data") -> Float[np.ndarray, "N D"]:
    """The data as a float64 matrix, with no entry changed: truth values become 0 and 1.

    Raises `InputError` for another rank or type, for no entries, and, with row and column (from 1), for NaN, inf, masked entries and integers
    beyond 2^53, which float64 would round.
    """
    given, x = x, np.asarray(x)
    _demand_matrix(x.dtype, x.shape, name)
    if isinstance(given, (list, tuple, np.ma.MaskedArray)):
        masked = np.ma.getmaskarray(np.ma.asarray(given))
        _demand_none(name, x, masked, "is masked; remove or impute it")
    # A list of integers and floats is rounded as soon as it is an array.
    exact = np.array(given, dtype=object) if isinstance(given, (list, tuple)) else x
    _demand_none(name, exact, _beyond(exact), "is beyond 2**53, where float64 rounds integers")
    x = x.astype(np.float64)
    _demand_none(name, x, ~np.isfinite(x), "is not finite; remove or impute it")
    return x


def _beyond(x: np.ndarray) -> np.ndarray:
    """Which entries are integers that float64 cannot be trusted with."""
    if x.dtype.kind == "O":
        found = [isinstance(v, (int, np.integer)) and abs(int(v)) > EXACT for v in x.flat]
        return np.array(found).reshape(x.shape)
    if x.dtype.kind not in "iu" or x.dtype.itemsize < 8:
        return np.zeros(x.shape, bool)
    return (x > EXACT) | (x < -EXACT if x.dtype.kind == "i" else False)


def _demand_matrix(dtype: np.dtype, shape: tuple[int, ...], name: str) -> None:
    if dtype.kind not in "fiub" or dtype.itemsize > 8:
        raise InputError(f"{name} holds {dtype}; pass real numbers (float64)")
    if len(shape) != 2:
        cure = {0: "", 1: ": x[:, None] for N numbers, x[None] for one datum"}
        how = cure.get(len(shape), ": x.reshape(len(x), -1)")
        raise InputError(
            f"{name} has shape {shown(shape)}; pass a matrix (N, D), one datum per row{how}"
        )
    if 0 in shape:
        raise InputError(f"{name} is empty: its shape is {shape}")


def _demand_none(name: str, x: np.ndarray, bad: np.ndarray, what: str) -> None:
    """Raise `InputError` for the first entry that is marked as bad."""
    if bad.any():
        row, column = (int(i) for i in np.argwhere(bad)[0])
        raise InputError(f"{name}, row {row + 1}, column {column + 1}: {x[row, column]} {what}")


def _read_npy(path: Path) -> np.ndarray:
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise InputError(
                f"cannot read {path}: it is no .npy file; write one with numpy.save, or name it .csv if it is a table in text"
            )
        file.seek(0)
        return _flat(file, path, str(path))


def _read_npz(path: Path, array: str | None) -> np.ndarray:
    with member(path, array, path) as (name, file):
        return _flat(file, path, f"{name} in {path}")


def _flat(file: Bytes, path: Path, name: str) -> np.ndarray:
    """The array after its header, with all axes but the first as one: a datum may be an image."""
    header = read_header(file, path)
    shape = header.shape
    if len(shape) > 2:
        shape = (shape[0], math.prod(shape[1:]))
    _demand_matrix(header.dtype, shape, name)
    return read_array(file, header, path).reshape(shape)


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
    H = integer("the number of latents", H)
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


@dataclass(frozen=True)
class Kind:
    """A kind of entries: what a decoder of this support needs, whether each entry is it, and built-in data made so.

    `from_pixels` makes it of the digits (pixels 0 to 16), and `words` says how. `drawn` draws it about a mean, with a standard deviation.
    """

    needs: str
    holds: Callable[[np.ndarray], np.ndarray]
    words: str
    from_pixels: Callable[[np.ndarray], np.ndarray]
    drawn: Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]


def _normal(f: np.ndarray, sd: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return f + sd * rng.normal(size=f.shape)


#: Support of a decoder's family -> the kind of data that it needs.
KINDS: dict[str, Kind] = {
    "real": Kind("real numbers", np.isfinite, "pixels", lambda p: p, _normal),
    "positive": Kind(
        "numbers above 0",
        lambda x: x > 0,
        "pixels + 1",
        lambda p: p + 1,
        lambda f, sd, rng: np.exp(_normal(f, sd, rng) / 2),
    ),
    "unit": Kind(
        "numbers strictly between 0 and 1",
        lambda x: (x > 0) & (x < 1),
        "(pixels + 1)/18",
        lambda p: (p + 1) / 18,
        lambda f, sd, rng: 1 / (1 + np.exp(-_normal(f, sd, rng))),
    ),
    "angle": Kind(
        "angles from -pi to pi",
        lambda x: abs(x) <= np.pi,
        "(pixels - 8) * 3/8",
        lambda p: (p - 8) * 3 / 8,
        lambda f, sd, rng: np.remainder(_normal(f, sd, rng) + np.pi, 2 * np.pi) - np.pi,
    ),
    "binary": Kind(
        "0 or 1",
        lambda x: (x == 0) | (x == 1),
        "pixels > 7",
        lambda p: 1.0 * (p > 7),
        lambda f, sd, rng: 1.0 * (rng.uniform(size=f.shape) < 1 / (1 + np.exp(-f))),
    ),
    "count": Kind(
        "counts 0, 1, 2, … up to 2**53",
        lambda x: (x >= 0) & (x <= EXACT) & (x == np.floor(x)),
        "pixels as counts",
        lambda p: p,
        lambda f, sd, rng: 1.0 * rng.poisson(np.exp(f / 2)),
    ),
}

#: Data that need no file.
BUILT_IN = ("digits", "curve")

#: Of each of the two values of a binary column, and of the entries above 0 in a column of counts, at least this many must be there.
LEAST = 10


def _kind(support: str) -> Kind:
    """Raises `InputError` for a support of vectors."""
    kind, _, number = support.partition(" ")
    if kind == "from":
        least, above = float(Fraction(number)), KINDS["positive"]
        return replace(
            above,
            needs=f"numbers from {number} on",
            holds=lambda x: x >= least,
            words=f"pixels + {number}",
            from_pixels=lambda p: p + least,
            drawn=lambda f, sd, rng: least + above.drawn(f, sd, rng),
        )
    if kind == "upto":
        most, counts = int(number), KINDS["count"]
        return replace(
            counts,
            needs=f"whole numbers from 0 to {most}",
            holds=lambda x: (x >= 0) & (x <= most) & (x == np.floor(x)),
            words=f"pixels as counts up to {most}",
            from_pixels=lambda p: np.minimum(p, most),
            drawn=lambda f, sd, rng: 1.0 * rng.binomial(most, 1 / (1 + np.exp(-f))),
        )
    if support not in KINDS:
        raise one_of(support, KINDS, "support")
    return KINDS[support]


def demand_kind(
    x: Any, support: str, name: str = "the data", decoder: str = ""
) -> Float[np.ndarray, "N D"]:
    """The data as a float64 matrix whose entries a decoder of that support can have drawn; `decoder` is the family's name, for the message.

    Raises `InputError` that names the first entry of another kind.

    >>> demand_kind([[0, 1], [1, 0.5]], "binary", "x.csv", "Bernoulli")
    Traceback (most recent call last):
    entropysym.errors.InputError: x.csv, row 2, column 2: 0.5 is not what a Bernoulli decoder needs, 0 or 1
    """
    kind, x = _kind(support), checked(x, name)
    who = f"a {decoder or support} decoder"
    _demand_none(name, x, ~kind.holds(x), f"is not what {who} needs, {kind.needs}")
    return x


def of_kind(name: str, support: str) -> Float[np.ndarray, "N D"]:
    """Built-in data, made to be of a kind: ``digits`` as `KINDS[support].words` says, or ``curve``, drawn about `synthetic.bent_curve`.

    Raises `InputError` for another name.
    """
    kind = _kind(support)
    if name not in BUILT_IN:
        raise one_of(name, BUILT_IN, "built-in data set")
    if name == "digits":
        return kind.from_pixels(load(name))
    rng = np.random.default_rng(0)
    return kind.drawn(*bent_curve(2000, 8, rng), rng)


def with_spread(
    x: Float[np.ndarray, "N D"], support: str, least: int = LEAST
) -> tuple[Float[np.ndarray, "N d"], str]:
    """The columns whose parameters have a finite optimum, and a sentence that says which were dropped; it is empty if none was.

    A constant column sends a variance of its own to 0; a binary column without ones, or without zeros, sends a logit to infinity, a column of counts without
    entries above 0 the logarithm of a rate. Columns that are *nearly* so, with fewer than `least` such entries, have an optimum so far out that
    no descent reaches it. Of few rows less is asked: at most a twentieth of them, at least one.

    Raises `InputError` for data of another kind and `NoStationaryPointError` if no column is left.
    """
    x = demand_kind(x, support)
    needed = max(1, min(least, len(x) // 20))
    kept, lack = _spread(x, support, needed)
    if kept.all():
        return x, ""
    dropped = [str(i + 1) for i in np.flatnonzero(~kept)]
    if not kept.any():
        raise NoStationaryPointError(
            f"there are only columns {lack}, so the objective has no finite stationary point, and the theorem is vacuous here"
        )
    listed = ", ".join(dropped[:20]) + (", …" if len(dropped) > 20 else "")
    were = "was" if len(dropped) == 1 else "were"
    return x[:, kept], f"{len(dropped)} of {len(kept)} columns {lack} {were} dropped: {listed}"


def _spread(
    x: Float[np.ndarray, "N D"], support: str, needed: int
) -> tuple[Bool[np.ndarray, " D"], str]:
    """Which columns have spread, and what the others lack."""
    ones = (x > 0).sum(axis=0)
    if support == "binary":
        return np.minimum(ones, len(x) - ones) >= needed, f"with fewer than {needed} ones or zeros"
    if support == "count":
        return ones >= needed, f"with fewer than {needed} entries above 0"
    # Halves, since the difference of two finite numbers may be infinite.
    high, low = x.max(axis=0) / 2, x.min(axis=0) / 2
    rounding = 8 * np.finfo(np.float64).eps * np.maximum(abs(high), abs(low))
    return high - low > rounding, "without spread"
