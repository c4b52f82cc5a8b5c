"""Loading real data: files as they are published, and every wrong or hostile one with a clear line of its own."""

import gzip
import io
import pickle
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image

from entropysym.data import sources
from entropysym.data.npy import KEYS
from entropysym.data.sources import (
    SUSY_FEATURES,
    dequantised_digits,
    digits,
    load_celeba,
    load_images,
    load_susy,
)
from entropysym.errors import InputError

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, size=(5, 4, 3), dtype=np.uint8)
PIXELS[0, 0, :2] = 0, 255


def gz(content):
    return gzip.compress(content, mtime=0)  # the same bytes, hence test names, in every process


def idx(pixels, kind=0x08):
    shape = pixels.shape
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, kind, len(shape), *shape) + pixels.tobytes()


def npy(array, **more):
    file = io.BytesIO()
    np.save(file, array, **more)
    return file.getvalue()


def announcing(shape, descr="|u1"):
    """An .npy file whose header announces a shape, with four bytes behind it."""
    file = io.BytesIO()
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + b"1234"


def npz(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return file.getvalue()


def error(call, *arguments, **more):
    """The message of the `InputError` that a call must raise: one line."""
    with pytest.raises(InputError) as caught:
        call(*arguments, **more)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("train-images-idx3-ubyte", idx(PIXELS)),
        ("train-images-idx3-ubyte.gz", gz(idx(PIXELS))),
        ("flat-idx2-ubyte", idx(PIXELS.reshape(5, 12))),
        *((f"{key}.npz", npz(**{key: npy(PIXELS)})) for key in KEYS),
        ("keras.npz", npz(x_test=npy(PIXELS[:1]), x_train=npy(PIXELS), y_train=npy(np.arange(5)))),
        ("images.npy", npy(PIXELS)),
        ("flat.npy", npy(PIXELS.reshape(5, 12))),
        ("fortran.npy", npy(np.asfortranarray(PIXELS))),
    ],
)
def test_images_round_trip(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    x = load_images(tmp_path / name)
    assert x.dtype == np.float64
    assert np.array_equal(x, PIXELS.reshape(5, 12) / 255)
    assert x[0, :2].tolist() == [0.0, 1.0]
    assert np.array_equal(load_images(str(tmp_path / name)), x)


HUGE = struct.pack(">BBBB3I", 0, 0, 8, 3, 2**32 - 1, 2**32 - 1, 2**32 - 1)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "begins with b'' and is no image file; pass IDX (train-images-idx3-ubyte"),
        (b"label,pixel0\n", "begins with b'labe' and is no image file"),
        (pickle.dumps(PIXELS), "is no image file"),
        (idx(PIXELS, kind=0x0D), "IDX file of type 0x0D; pass unsigned bytes (0x08)"),
        (idx(np.arange(9, dtype=np.uint8)), "IDX file of labels; pass the file of images"),
        (idx(PIXELS[None]), "has shape (1, 5, 4, 3); pass (N, height, width) or (N, D)"),
        (idx(PIXELS[:0]), "is empty: its shape is (0, 4, 3)"),
        (idx(PIXELS)[:9], "damaged or cut off, 5 bytes of 12 are there"),
        (idx(PIXELS)[:-1], "cut off, 59 bytes of 60 are there"),
        (idx(PIXELS) + b"x", "has more bytes than its shape (5, 4, 3) says"),
        (HUGE + b"1234", "numbers; is it damaged?"),
        (gz(HUGE), "numbers; is it damaged?"),
        (gz(idx(PIXELS)[:-1]), "cut off, 59 bytes of 60 are there"),
        (gz(idx(PIXELS))[:-12], "Compressed file ended before"),
        (b"\x1f\x8bnothing", "cannot read"),
        (npy(PIXELS)[:-1], "cut off, 59 bytes of 60 are there"),
        (npy(PIXELS)[:40], "its .npy header is damaged"),
        (npy(PIXELS) + b"x", "has more bytes than its shape"),
        (npy(PIXELS + 0j), "holds complex128; save the pixels as uint8 or as floats"),
        (npy(PIXELS[0, 0]), "has shape (3,); pass (N, height, width) or (N, D)"),
        (announcing((10**6, 10**6)), "announces the shape (1000000, 1000000), more than"),
        (announcing((2**29, 1)), "cut off, 4 bytes of 536870912 are there"),
        (announcing((-1, 4)), "header is damaged, it announces the shape (-1, 4)"),
        (b"\x93NUMPY\x09\x00" + npy(PIXELS)[8:], "its .npy header is damaged"),
        (b"\x93NUMPY\x01\x00\x40\x00" + b"(" * 64, "its .npy header is damaged"),
        (
            npy(np.array([[object()]]), allow_pickle=True),
            "Python objects, which are never unpickled",
        ),
        (
            npz(images=npy(np.array([[{}]]), allow_pickle=True)),
            "Python objects, which are never unpickled",
        ),
        (npz(images=pickle.dumps(PIXELS)), "its .npy header is damaged"),
        (npz(images=npy(PIXELS)[:-1]), "cut off, 59 bytes of 60 are there"),
        (npz(images=announcing((10**6, 10**6))), "numbers; is it damaged?"),
        (
            npz(x_test=npy(PIXELS), y=npy(PIXELS)),
            "holds 'x_test, y'; say which are the data, as in",
        ),
        (npz(), "holds no arrays; write it with numpy.savez(FILE, x=x)"),
        (npz(images=npy(PIXELS))[:-30], "is not a zip file"),
    ],
)
def test_image_errors(tmp_path, content, says):
    (tmp_path / "images").write_bytes(content)
    message = error(load_images, tmp_path / "images")
    assert says in message
    assert str(tmp_path / "images") in message


def test_nothing_in_a_pickle_runs(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    trap = np.array([[Trap()]], dtype=object)
    for name, content in (
        ("trap.npy", npy(trap, allow_pickle=True)),
        ("trap.npz", npz(images=npy(trap, allow_pickle=True))),
        ("trap", pickle.dumps(Trap())),
    ):
        (tmp_path / name).write_bytes(content)
        error(load_images, tmp_path / name)
    assert not (tmp_path / "sprung").exists()


def test_damaged_and_encrypted_archives(tmp_path):
    content = bytearray(npz(images=npy(np.tile(PIXELS, (40, 1, 1)))))
    content[120] ^= 0xFF
    (tmp_path / "damaged.npz").write_bytes(content)
    assert "cannot read" in error(load_images, tmp_path / "damaged.npz")
    content = bytearray(npz(images=npy(PIXELS)))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "encrypted.npz").write_bytes(content)
    assert "encrypted" in error(load_images, tmp_path / "encrypted.npz")


@pytest.mark.parametrize("load", [load_images, load_susy, load_celeba])
def test_places_that_cannot_be_read(tmp_path, load):
    assert "No such file" in error(load, tmp_path / "missing")
    if load is load_celeba:
        (tmp_path / "file").write_bytes(b"")
        assert "Not a directory" in error(load, tmp_path / "file")
    else:
        assert "Is a directory" in error(load, tmp_path)


def save(path, pixels, **more):
    Image.fromarray(pixels).save(path, **more)


def test_celeba_is_cropped_resized_and_sorted(tmp_path):
    # Red bars left and right of a blue square: the central square is blue alone.
    wide = np.zeros((10, 20, 3), np.uint8)
    wide[:, :, 0] = 255
    wide[:, 5:15] = 0, 0, 51
    save(tmp_path / "b.png", wide)
    save(tmp_path / "a.PNG", wide.transpose(1, 0, 2).copy())
    save(tmp_path / "c.jpg", np.full((8, 8), 102, np.uint8), quality=95)
    save(tmp_path / "d.jpeg", np.full((8, 8, 3), 204, np.uint8), quality=95)
    (tmp_path / "._b.png").write_bytes(b"what a Mac leaves behind")
    (tmp_path / "list_attr_celeba.txt").write_text("no image")
    x = load_celeba(tmp_path, size=(4, 6))
    assert x.shape == (4, 4 * 6 * 3)
    assert x.dtype == np.float64
    assert np.array_equal(x[0], np.tile([0, 0, 0.2], 4 * 6))
    assert np.array_equal(x[1], x[0])
    assert x[2:].mean(axis=1) == pytest.approx([0.4, 0.8], abs=0.01)
    assert np.array_equal(load_celeba(str(tmp_path), (4, 6), limit=2), x[:2])
    assert load_celeba(tmp_path, limit=1).shape == (1, 64 * 64 * 3)
    assert len(load_celeba(tmp_path, (1, 1), limit=99)) == 4


def test_celeba_keeps_height_before_width(tmp_path):
    square = np.zeros((6, 6, 3), np.uint8)
    square[:3] = 255  # the upper half
    save(tmp_path / "x.png", square)
    x = load_celeba(tmp_path, size=(2, 3)).reshape(2, 3, 3)
    assert (x[0] > 0.6).all()
    assert (x[1] < 0.4).all()


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda whole: b"", "cannot identify image file"),
        (lambda whole: b"GIF89a" + whole, "cannot identify image file"),
        (lambda whole: b"%!PS-Adobe-3.0 EPSF-3.0\n" + whole, "cannot identify image file"),
        (lambda whole: whole[: len(whole) // 2], "truncated"),
        (lambda whole: whole[:60] + b"\0\0\0\0" + whole[64:], "cannot read the image"),
    ],
)
def test_a_broken_image_is_named(tmp_path, damage, says):
    save(tmp_path / "000001.png", RNG.integers(0, 256, size=(30, 30, 3), dtype=np.uint8))
    whole = (tmp_path / "000001.png").read_bytes()
    (tmp_path / "000002.png").write_bytes(damage(whole))
    message = error(load_celeba, tmp_path)
    assert says in message
    assert "000002.png" in message
    assert "replace or remove it" in message
    assert len(load_celeba(tmp_path, limit=1)) == 1


def test_pictures_that_would_be_changed_silently(tmp_path):
    for name, picture, mode in (
        ("deep", Image.fromarray(np.full((4, 4), 40_000, np.uint16)), "I;16"),
        ("clear", Image.fromarray(np.zeros((4, 4, 4), np.uint8)), "RGBA"),
    ):
        folder = tmp_path / name
        folder.mkdir()
        picture.save(folder / "x.png")
        assert f"has mode {mode}; save it as 8-bit RGB or grey" in error(load_celeba, folder)


def test_a_decompression_bomb_is_refused(tmp_path, monkeypatch):
    save(tmp_path / "x.png", np.zeros((30, 30, 3), np.uint8))
    for limit in (600, 100):  # Pillow warns above its limit, and raises above twice that
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        assert "decompression bomb" in error(load_celeba, tmp_path)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"size": 64}, "size is 64; pass (height, width), e.g. (64, 64)"),
        ({"size": (64,)}, "size is (64,); pass (height, width)"),
        ({"size": (64, 0)}, "the width in size is 0; pass an integer >= 1"),
        ({"size": (1.5, 2)}, "the height in size is 1.5; pass an integer >= 1"),
        ({"size": (10**6, 10**6)}, "size is (1000000, 1000000); pass a smaller one"),
        ({"limit": 0}, "limit is 0; pass an integer >= 1"),
        ({}, "holds no .jpg or .png file; pass the folder with the images themselves"),
    ],
)
def test_celeba_arguments(tmp_path, more, says):
    assert says in error(load_celeba, tmp_path, **more)


def test_more_numbers_than_fit_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "MAX_ENTRIES", 50)
    for name in ("a.png", "b.png"):
        save(tmp_path / name, np.zeros((5, 5, 3), np.uint8))
    assert "pass limit=1 or a smaller size" in error(load_celeba, tmp_path, size=(4, 4))
    (tmp_path / "susy").write_text(susy(5))
    assert "more than 50 numbers; pass a limit of rows" in error(load_susy, tmp_path / "susy")
    assert load_susy(tmp_path / "susy", limit=2).shape == (2, 18)


def susy(N, seed=1):
    """The text of a SUSY.csv, as UCI writes it."""
    rng = np.random.default_rng(seed)
    table = np.column_stack([rng.integers(0, 2, N), 3 + 2 * rng.normal(size=(N, 18))])
    return "".join(",".join(f"{v:.18e}" for v in row) + "\n" for row in table)


def test_susy_is_standardised(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "_LINES", 7)  # several blocks
    text = susy(50)
    (tmp_path / "SUSY.csv").write_text(text)
    (tmp_path / "SUSY.csv.gz").write_bytes(gz(text.encode()))
    (tmp_path / "windows.csv").write_bytes(text.rstrip().replace("\n", "\r\n").encode())
    x = load_susy(tmp_path / "SUSY.csv")
    raw = np.loadtxt(io.StringIO(text), delimiter=",")[:, 1:]
    assert x.shape == (50, len(SUSY_FEATURES))
    assert x == pytest.approx((raw - raw.mean(axis=0)) / raw.std(axis=0), abs=1e-12)
    assert np.array_equal(load_susy(str(tmp_path / "SUSY.csv.gz")), x)
    assert np.array_equal(load_susy(tmp_path / "windows.csv"), x)
    assert np.array_equal(load_susy(tmp_path / "SUSY.csv", limit=999), x)


@pytest.mark.parametrize("limit", [6, 7, 8, 14, 20])
def test_susy_reads_no_further_than_its_limit(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(sources, "_LINES", 7)
    lines = susy(limit)
    (tmp_path / "SUSY.csv").write_text(lines + "not read\n")
    x = load_susy(tmp_path / "SUSY.csv", limit=limit)
    assert x.shape == (limit, 18)
    assert x.mean(axis=0) == pytest.approx(0, abs=1e-12)
    assert x.var(axis=0) == pytest.approx(1, abs=1e-12)


ROW = ",".join(["1", *(f"{v}.5" for v in range(18))])


def cell(column, value, row=ROW):
    cells = row.split(",")
    cells[column] = value
    return ",".join(cells)


@pytest.mark.parametrize("before", [0, 9])
@pytest.mark.parametrize(
    ("line", "says"),
    [
        (cell(3, "nan"), "lepton 1 phi: nan is not finite; remove or impute it"),
        (cell(18, "1e999"), "cos(theta_r1): 1e999 is not finite"),
        (cell(1, "high"), "lepton 1 pT: 'high' is no number"),
        (cell(2, ""), "lepton 1 eta: '' is no number"),
        (cell(0, "2"), "label: 2 is neither 0 nor 1; is the label the first column?"),
        (cell(0, "nan"), "label: nan is not finite"),
        (ROW.rsplit(",", 1)[0], "18 cells, but SUSY.csv has 19, the label and 18 features"),
        (ROW + ",7", "20 cells, but SUSY.csv has 19"),
        ("", "1 cells, but SUSY.csv has 19"),
        (ROW.replace(",", ";"), "1 cells, but SUSY.csv has 19"),
        ("7" * 10_000, "1 cells, but SUSY.csv has 19"),
    ],
)
def test_susy_faults_are_named(tmp_path, monkeypatch, before, line, says):
    monkeypatch.setattr(sources, "_LINES", 4)
    (tmp_path / "SUSY.csv").write_text(susy(before) + line + "\n" + susy(5))
    message = error(load_susy, tmp_path / "SUSY.csv")
    assert f"SUSY.csv, line {before + 1}" in message
    assert says in message


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty; pass SUSY.csv or SUSY.csv.gz of UCI"),
        (gz(b""), "is empty"),
        (gz(susy(99).encode())[:-30], "Compressed file ended before"),
        (gz(susy(99).encode())[:-8] + b"12345678", "CRC check failed"),
        (b"\xff\xfe" + ROW.encode(), "as CSV: 'ascii' codec can't decode"),
        (b"PK\x03\x04" + bytes(range(128, 256)), "as CSV"),
        (("label," + ",".join(SUSY_FEATURES) + "\n" + susy(3)).encode(), "has no header, drop it"),
        ((ROW + "\n" + ROW).encode(), "lepton 1 pT is constant over the 2 rows read"),
        (ROW.encode(), "lepton 1 pT is constant over the 1 rows read"),
        (cell(5, "1_0").encode(), "lines 1 to 1: not plain decimal numbers"),
    ],
)
def test_susy_files_that_are_none(tmp_path, content, says):
    (tmp_path / "SUSY").write_bytes(content)
    message = error(load_susy, tmp_path / "SUSY")
    assert says in message
    assert str(tmp_path / "SUSY") in message


def test_a_constant_column_is_named_whatever_its_scale(tmp_path):
    for value in ("0", "0.1", "-1e300", "1e-300"):
        lines = [cell(14, value, row) for row in susy(1000).splitlines()]
        (tmp_path / "SUSY.csv").write_text("\n".join(lines))
        assert "MT2 is constant over the 1000 rows" in error(load_susy, tmp_path / "SUSY.csv")


def test_huge_and_tiny_columns_are_standardised(tmp_path):
    for power in (300, -300):
        lines = [cell(14, f"{k % 5 + 1}e{power}", r) for k, r in enumerate(susy(50).splitlines())]
        (tmp_path / "SUSY.csv").write_text("\n".join(lines))
        x = load_susy(tmp_path / "SUSY.csv")
        assert x.mean(axis=0) == pytest.approx(0, abs=1e-12)
        assert x.var(axis=0) == pytest.approx(1, abs=1e-12)


def test_susy_limit_must_make_sense(tmp_path):
    assert "limit is 0; pass an integer >= 1" in error(load_susy, tmp_path, limit=0)


def test_digits():
    x = digits()
    assert x.shape == (1797, 64)
    assert x.dtype == np.float64
    assert (x.min(), x.max()) == (0, 1)


def test_dequantised_digits():
    x = dequantised_digits(1797, np.random.default_rng(0))
    assert x.shape == (1797, 64)
    assert np.array_equal(np.floor(x * 17), digits() * 16)
    assert 0 <= x.min() < x.max() < 1
    assert (np.ptp(x, axis=0) > 0.05).all()
    assert np.array_equal(dequantised_digits(3, np.random.default_rng(0)), x[:3])
    assert not np.array_equal(dequantised_digits(3, np.random.default_rng(1)), x[:3])
    rng = np.random.default_rng(0)
    assert "N is 1798, but there are 1797 digits" in error(dequantised_digits, 1798, rng)
    assert "N is 0; pass an integer >= 1" in error(dequantised_digits, 0, rng)
    assert "rng is 7; pass a generator" in error(dequantised_digits, 3, 7)
