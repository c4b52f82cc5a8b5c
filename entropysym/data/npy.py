"""Arrays in .npy and .npz files, whose headers are believed only as far as the file's bytes go. Nothing is unpickled.

A header is a Python literal that anybody may have written: its sizes may be negative, gigantic or no integers at all.
"""

from __future__ import annotations

import gzip
import io
import lzma
import math
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from entropysym.errors import InputError, one_of, shown

Bytes = IO[bytes] | gzip.GzipFile

MAGIC = b"\x93NUMPY"

#: More numbers than this (8 GiB in float64) are refused before they are read.
MAX_ENTRIES = 2**30

#: Version -> bytes of the header's length, and NumPy's reader of what follows. Version 3 is written for named fields only.
_VERSIONS = {
    b"\x01\x00": (2, np.lib.format.read_array_header_1_0),
    b"\x02\x00": (4, np.lib.format.read_array_header_2_0),
}
#: The data of an .npz file are the array of such a name, where it has one of them only.
KEYS = ("images", "x_train", "X_train", "x", "X", "data", "train", "arr_0")

_DAMAGE = (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError)
_LONGEST_HEADER = 10_000  # NumPy's own limit; a plain array needs 128 bytes
_BLOCK = 2**20


@dataclass(frozen=True)
class Header:
    """What an .npy file announces: sizes >= 0, the order of its entries, and a type without Python objects."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype


def read_header(file: Bytes, path: Path) -> Header:
    """The header at the beginning of `file`. Raises `InputError` for one that is damaged, and for Python objects; `path` is for the message."""
    try:
        shape, fortran, dtype = _announced(file)
    except Exception as error:  # the literal fails in too many ways to list
        raise InputError(f"cannot read {path}: its .npy header is damaged") from error
    if dtype.hasobject:
        raise InputError(
            f"cannot read {path}: it holds Python objects, which are never unpickled; save an array of numbers"
        )
    # True and False are integers to NumPy's reader, but no sizes.
    if any(type(size) is not int or size < 0 for size in shape):
        raise InputError(
            f"cannot read {path}: its .npy header is damaged, it announces the shape {shown(shape)}"
        )
    return Header(shape, fortran, dtype)


def _announced(file: Bytes) -> tuple[tuple, bool, np.dtype]:
    start = file.read(len(MAGIC) + 2)
    width, reader = _VERSIONS[start[len(MAGIC) :]]
    length = file.read(width)
    size = int.from_bytes(length, "little")
    if start[: len(MAGIC)] != MAGIC or len(length) < width or size > _LONGEST_HEADER:
        raise ValueError
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python 2 wrote sizes as 3L, of which NumPy warns
        return reader(io.BytesIO(length + file.read(size)))


def read_array(file: Bytes, header: Header, path: Path) -> np.ndarray:
    """The entries after the header, which must be all that is left of the file; no more memory is taken than there are bytes.

    Raises `InputError` for more or fewer bytes than the shape says, for more than `MAX_ENTRIES` entries, and for truth values that are neither 0 nor 1.
    """
    count, itemsize = math.prod(header.shape), header.dtype.itemsize
    if count > MAX_ENTRIES:
        raise InputError(
            f"{path} announces the shape {shown(header.shape)}, more than {MAX_ENTRIES} numbers; is it damaged? otherwise keep fewer rows"
        )
    data = exactly(file, count * itemsize, path)
    if file.read(1):
        raise InputError(
            f"cannot read {path}: damaged, it has more bytes than its shape {header.shape} says"
        )
    if header.dtype.kind == "b" and (bad := np.frombuffer(data, np.uint8)).size and bad.max() > 1:
        raise InputError(
            f"cannot read {path}: damaged, it holds truth values with the byte {bad.max()}; save 0 and 1 as numbers"
        )
    array = np.frombuffer(data, header.dtype)
    return array.reshape(header.shape, order="F" if header.fortran else "C")


def exactly(file: Bytes, count: int, path: Path) -> bytearray:
    """The next `count` bytes, block by block, so that no more memory is taken than there are bytes. Raises `InputError` if there are fewer."""
    data = bytearray()
    while len(data) < count:
        block = file.read(min(_BLOCK, count - len(data)))
        if not block:
            raise InputError(
                f"cannot read {path}: damaged or cut off, {len(data)} bytes of {count} are there"
            )
        data += block
    return data


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """The system's and the decompressors' errors as one that names the file."""
    try:
        yield
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except _DAMAGE as error:
        raise InputError(f"cannot read {path}: {error or 'it is cut off'}") from error


def named_array(source: object) -> tuple[Path, str | None]:
    """The file and the array's name of ``FILE.npz:NAME``, and the file alone of anything else."""
    file, mark, name = str(source).rpartition(".npz:")
    # A file may be called so, too.
    if mark and not Path(str(source)).exists():
        return Path(f"{file}.npz"), name
    return Path(str(source)), None


@contextmanager
def member(file: IO[bytes] | Path, wanted: str | None, path: Path) -> Iterator[tuple[str, Bytes]]:
    """The name and the bytes of an .npz file's data: of the wanted array, else the only one, else the only one that has a name of `KEYS`.

    Raises `InputError` for an archive without arrays or without the wanted one, and where the choice is open.
    """
    with zipfile.ZipFile(file) as archive:
        name = _chosen(names_of(archive), wanted, path)
        with archive.open(f"{name}.npy") as bytes_of_it:
            yield name, bytes_of_it


def names_of(archive: zipfile.ZipFile) -> list[str]:
    """The names of the archive's arrays."""
    return [n.removesuffix(".npy") for n in archive.namelist() if n.endswith(".npy")]


def _chosen(names: list[str], wanted: str | None, path: Path) -> str:
    if not names:
        raise InputError(f"{path} holds no arrays; write it with numpy.savez(FILE, x=x)")
    if wanted is not None:
        if wanted not in names:
            raise one_of(wanted, names, f"array of {path}")
        return wanted
    if len(names) == 1:
        return names[0]
    usual = [key for key in KEYS if key in names]
    # arr_0 beside arr_1 is no name, but the first of two arrays without names.
    if len(usual) == 1 and usual != ["arr_0"]:
        return usual[0]
    raise InputError(
        f"{path} holds {shown(', '.join(names))}; say which are the data, as in {path}:{(usual or names)[0]}"
    )
