"""Real data: image files, CelebA and SUSY, one datum per row, in float64.

All but the digits are files of the user. They are read as bytes and numbers, nothing in them is unpickled or run, and a size that a file
announces is believed only as far as its bytes go. Every slip raises `InputError` with the file, the value and what to do.
"""

from __future__ import annotations

import gzip
import math
import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, TextIO

import numpy as np
from jaxtyping import Float, UInt8
from numpy.random import Generator

from entropysym.data.npy import (
    MAGIC,
    MAX_ENTRIES,
    Bytes,
    Header,
    exactly,
    member,
    named_array,
    read_array,
    read_header,
    reading,
)
from entropysym.data.synthetic import generator, positive
from entropysym.data.tables import load
from entropysym.errors import InputError, real, shown

#: The columns of SUSY.csv after the label, in the order of its UCI page (Baldi, Sadowski and Whiteson 2014).
SUSY_FEATURES = (
    *("lepton 1 pT", "lepton 1 eta", "lepton 1 phi", "lepton 2 pT", "lepton 2 eta"),
    *("lepton 2 phi", "missing energy magnitude", "missing energy phi", "MET_rel", "axial MET"),
    *("M_R", "M_TR_2", "R", "MT2", "S_R", "M_Delta_R", "dPhi_r_b", "cos(theta_r1)"),
)

_GZIP = b"\x1f\x8b"
_LINES = 50_000
_LONGEST_LINE = 4096  # SUSY's are below 500; a file without line ends must not be read at once


def load_images(path: str | Path, *, white: float | None = None) -> Float[np.ndarray, "N D"]:
    r"""Images as rows of $\text{pixel}/\text{white}\in[0,1]$; `white` is the value of a white pixel.

    The file is told by its content: IDX (``train-images-idx3-ubyte``, also gzipped), .npy, or .npz, whose images are the array of a usual name
    (`npy.KEYS`) or the only one, and FILE.npz:NAME any array of it; the array is (N, height, width), with more axes or flat.
    With `white` None it is 255 for integers and for floats that are whole numbers up to 255, 1 for floats in [0, 1] and truth values.

    Raises `InputError` for a file that cannot be read, for pixels below 0 or above `white`, not finite, and where white may be another number:
    pixels that are 0 or 1 as integers, or up to more than 255, and floats that are neither whole nor in [0, 1].
    """
    path, array = named_array(path)
    with reading(path), path.open("rb") as file:
        start = file.read(6)
        file.seek(0)
        if start == MAGIC:
            pixels = _pixels(file, path)
        elif start.startswith(b"PK"):
            with member(file, array, path) as (_, images):
                pixels = _pixels(images, path)
        elif start.startswith(_GZIP):
            with gzip.GzipFile(fileobj=file) as unpacked:
                pixels = _idx(unpacked, path)
        else:
            pixels = _idx(file, path)
    flat = pixels.reshape(len(pixels), -1)
    return flat.astype(np.float64) / _white(flat, white, path)


def _white(pixels: np.ndarray, white: float | None, path: Path) -> float:
    """The value of a white pixel, after all of them have been looked at."""
    if not np.isfinite(pixels).all():
        row, column = (int(i) for i in np.argwhere(~np.isfinite(pixels))[0])
        raise InputError(
            f"{path}, image {row + 1}: pixel {column + 1} is {pixels[row, column]}; remove the image or the pixel"
        )
    low, high = pixels.min().item(), pixels.max().item()
    if low < 0:
        raise InputError(
            f"{path} has a pixel of {low:.6g}, below 0: undo what standardised the images, or read them as numbers with entropysym.data.load"
        )
    if white is None:
        return _told_white(pixels, high, path)
    value = real(white)
    if value is None or not 0 < value < math.inf:
        raise InputError(f"white is {shown(white)}; pass the value of a white pixel, such as 255")
    if high > value:
        raise InputError(
            f"{path} has a pixel of {high:.9g}, above white={value:.6g}; pass white={high:.9g}, or save numpy.clip(x, 0, {value:.6g})"
        )
    return value


def _told_white(pixels: np.ndarray, high: float, path: Path) -> float:
    """White as the numbers tell it. Raises `InputError` where they may mean two things."""
    floats = pixels.dtype.kind == "f"
    if pixels.dtype.kind == "b" or (floats and high <= 1):
        return 1.0
    if high == 0 or (1 < high <= 255 and not (floats and (pixels != np.floor(pixels)).any())):
        return 255.0
    kind = "fractions" if floats else "integers"
    ask = "pass white=… to entropysym.data.load_images, the value of a white pixel"
    raise InputError(
        f"{path} has pixels that are {kind} from 0 to {high:.6g}: is white 1, {high:.6g}, 255 or more? {ask}; or save x / white"
    )


def _idx(file: Bytes, path: Path) -> np.ndarray:
    # http://yann.lecun.com/exdb/mnist: two zero bytes, the type, the rank, then each size as a big-endian 32-bit integer.
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise InputError(
            f"cannot read {path}: it begins with {magic!r} and is no image file; pass IDX (train-images-idx3-ubyte, also .gz), .npz or .npy"
        )
    if magic[2] != 0x08:
        raise InputError(
            f"{path} is an IDX file of type 0x{magic[2]:02X}; pass unsigned bytes (0x08)"
        )
    rank = magic[3]
    if rank == 1:
        raise InputError(f"{path} is an IDX file of labels; pass the file of images")
    shape = struct.unpack(f">{rank}I", exactly(file, 4 * rank, path))
    _demand_images(shape, path)
    return read_array(file, Header(shape, fortran=False, dtype=np.dtype(np.uint8)), path)


def _pixels(file: Bytes, path: Path) -> np.ndarray:
    header = read_header(file, path)
    if header.dtype.kind not in "fiub" or header.dtype.itemsize > 8:
        raise InputError(f"{path} holds {header.dtype}; save the pixels as uint8 or as floats")
    _demand_images(header.shape, path, 4)  # (N, height, width, channels)
    return read_array(file, header, path)


def _demand_images(shape: tuple[int, ...], path: Path, most: int = 3) -> None:
    if not 2 <= len(shape) <= most:
        raise InputError(f"{path} has shape {shown(shape)}; pass (N, height, width) or (N, D)")
    if min(shape) < 1:
        raise InputError(f"{path} is empty: its shape is {shape}")


def load_celeba(
    folder: str | Path, size: tuple[int, int] = (64, 64), limit: int | None = None
) -> Float[np.ndarray, "N D"]:
    r"""The .jpg and .png images of a folder, in the order of their names, as rows of D = 3·height·width numbers $\text{pixel}/255\in[0,1]$.

    Each is cut to its central square, resized to `size` = (height, width) and flattened as (height, width, RGB); grey images become RGB.
    At most `limit` images are read.
    """
    height, width = _size(size)
    limit = None if limit is None else positive("limit", limit)
    folder = Path(folder)
    with reading(folder):
        found = sorted(p for p in folder.iterdir() if _is_image(p))
    if not found:
        raise InputError(
            f"{folder} holds no .jpg or .png file; pass the folder with the images themselves, e.g. img_align_celeba"
        )
    found = found[:limit]
    D = 3 * height * width
    if len(found) * D > MAX_ENTRIES:
        raise InputError(
            f"{len(found)} images of {height} × {width} are more than {MAX_ENTRIES} numbers; pass limit={MAX_ENTRIES // D} or a smaller size"
        )
    x = np.empty((len(found), D))
    for row, path in zip(x, found, strict=True):
        row[:] = _picture(path, height, width).reshape(-1) / 255.0
    return x


def _size(size: tuple[int, int]) -> tuple[int, int]:
    if not isinstance(size, (tuple, list)) or len(size) != 2:
        raise InputError(f"size is {shown(size)}; pass (height, width), e.g. (64, 64)")
    height, width = positive("the height in size", size[0]), positive("the width in size", size[1])
    if 3 * height * width > MAX_ENTRIES:
        raise InputError(f"size is {shown(size)}; pass a smaller one, e.g. (64, 64)")
    return height, width


def _is_image(path: Path) -> bool:
    # A dot hides what systems put beside files, e.g. ._000001.jpg.
    # What is no regular file, such as a pipe, would block.
    image = path.suffix.lower() in (".jpg", ".jpeg", ".png") and not path.name.startswith(".")
    return image and path.is_file()


def _picture(path: Path, height: int, width: int) -> UInt8[np.ndarray, "height width 3"]:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            # Two formats only: others can start programs, e.g. Ghostscript.
            with Image.open(path, formats=("JPEG", "PNG")) as image:
                mode = image.mode
                if mode in ("L", "RGB"):
                    side = min(image.size)
                    left, top = ((length - side) // 2 for length in image.size)
                    # Grey first: Pillow's filters want full colours.
                    square = image.convert("RGB").crop((left, top, left + side, top + side))
                    return np.asarray(square.resize((width, height), Image.Resampling.BILINEAR))
    except Exception as error:  # decoders fail in too many ways to list
        raise InputError(
            f"cannot read the image {path}: {shown(str(error), 200)}; replace or remove it"
        ) from error
    # Transparency would be dropped and 16 bits clipped, both silently.
    raise InputError(f"the image {path} has mode {mode}; save it as 8-bit RGB or grey")


def load_susy(path: str | Path, limit: int | None = None) -> Float[np.ndarray, "N 18"]:
    """The 18 features of UCI's SUSY.csv or SUSY.csv.gz, each column standardised to mean 0 and variance 1 over the rows read.

    At most `limit` rows are read, and only these are checked. The first column, the label 0 or 1, is left out.
    """
    limit = None if limit is None else positive("limit", limit)
    path = Path(path)
    tables: list[np.ndarray] = []
    rows = 0
    with reading(path), _text(path) as file:
        lines = islice(iter(partial(file.readline, _LONGEST_LINE), ""), limit)
        while chunk := list(islice(lines, _LINES)):
            tables.append(_susy_rows(chunk, rows, path))
            rows += len(chunk)
            if rows * len(SUSY_FEATURES) > MAX_ENTRIES:
                raise InputError(
                    f"{path} has more than {MAX_ENTRIES} numbers; pass a limit of rows"
                )
    if not tables:
        raise InputError(f"{path} is empty; pass SUSY.csv or SUSY.csv.gz of UCI")
    return _standardised(_stacked(tables, rows), path)


@contextmanager
def _text(path: Path) -> Iterator[TextIO]:
    with path.open("rb") as file:
        opened: Callable[..., IO] = gzip.open if file.read(2) == _GZIP else open
    with opened(path, "rt", encoding="ascii") as text:
        try:
            yield text
        except UnicodeDecodeError as error:
            raise InputError(
                f"cannot read {path} as CSV: {error}; pass SUSY.csv or SUSY.csv.gz of UCI"
            ) from error


def _susy_rows(lines: list[str], before: int, path: Path) -> Float[np.ndarray, "n 18"]:
    """The features of some lines; `before` counts the lines before them. A fault sends the lines to a slow reading that can name it."""
    table = None
    if not lines[0].isspace():  # NumPy warns of lines that are all empty
        with suppress(ValueError):
            table = np.loadtxt(lines, delimiter=",", comments=None, ndmin=2)
    good = (
        table is not None
        and table.shape == (len(lines), 1 + len(SUSY_FEATURES))
        and np.isfinite(table).all()
        and np.isin(table[:, 0], (0, 1)).all()
    )
    if table is None or not good:
        raise _fault(lines, before, path)
    return table[:, 1:].copy()


def _fault(lines: list[str], before: int, path: Path) -> InputError:
    """The first fault in the lines."""
    columns = ("label", *SUSY_FEATURES)
    for number, line in enumerate(lines, start=before + 1):
        cells = line.strip().split(",")
        if len(cells) != len(columns):
            return InputError(
                f"{path}, line {number}: {len(cells)} cells, but SUSY.csv has {len(columns)}, the label and {len(SUSY_FEATURES)} features"
            )
        for column, cell in zip(columns, cells, strict=True):
            where = f"{path}, line {number}, {column}"
            try:
                value = float(cell)
            except ValueError:
                hint = "; SUSY.csv has no header, drop it" if number == 1 else ""
                return InputError(f"{where}: {shown(cell)} is no number{hint}")
            if not math.isfinite(value):
                return InputError(f"{where}: {cell} is not finite; remove or impute it")
            if column == "label" and value not in (0, 1):
                return InputError(
                    f"{where}: {cell} is neither 0 nor 1; is the label the first column?"
                )
    return InputError(
        f"{path}, lines {before + 1} to {before + len(lines)}: not plain decimal numbers"
    )


def _stacked(tables: list[np.ndarray], rows: int) -> np.ndarray:
    """The tables below one another. They are given up one by one, so that the data are not in memory twice."""
    x = np.empty((rows, tables[0].shape[1]))
    while tables:
        table = tables.pop()
        x[rows - len(table) : rows] = table
        rows -= len(table)
    return x


def _standardised(x: Float[np.ndarray, "N D"], path: Path) -> Float[np.ndarray, "N D"]:
    """Each column to mean 0 and variance 1 (with 1/N), in place: a copy of SUSY has 720 MB."""
    # In units of its largest entry no column overflows, and "constant up to rounding" is the same for all.
    largest = np.maximum(x.max(axis=0), -x.min(axis=0))
    x /= np.where(largest > 0, largest, 1.0)
    x -= x.mean(axis=0)
    deviation = np.sqrt(np.einsum("nd,nd->d", x, x) / len(x))
    constant = np.flatnonzero(deviation <= 8 * np.finfo(np.float64).eps)
    if constant.size:
        raise InputError(
            f"{path}: {SUSY_FEATURES[constant[0]]} is constant over the {len(x)} rows read and cannot be standardised; read more rows"
        )
    x /= deviation
    return x


def digits() -> Float[np.ndarray, "1797 64"]:
    r"""Scikit-learn's 8 × 8 digits as $\text{pixel}/16\in[0,1]$. Some pixels are constant."""
    return load("digits") / 16.0


def dequantised_digits(N: int, rng: Generator) -> Float[np.ndarray, "N 64"]:
    r"""The first N digits as $(\text{pixel}+u)/17\in[0,1)$, $u\sim U[0,1)$: dequantised (Theis et al. 2016), so no column is constant."""
    pixels = load("digits")
    if (N := positive("N", N)) > len(pixels):
        raise InputError(f"N is {N}, but there are {len(pixels)} digits; pass at most as many")
    return (pixels[:N] + generator(rng).uniform(size=(N, pixels.shape[1]))) / 17.0
