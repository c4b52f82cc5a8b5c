"""Images as people have them: floats in [0, 1] or 0 to 255, with more axes, one array of several; and what white is, where it is open."""

import numpy as np
import pytest

from entropysym.data import load, load_images, load_named
from entropysym.errors import InputError

RNG = np.random.default_rng(2)
BYTES = RNG.integers(0, 256, size=(5, 4, 3), dtype=np.uint8)
BYTES[0, 0, :2] = 0, 255
UNIT = BYTES.reshape(5, 12) / 255


@pytest.mark.parametrize(
    "pixels",
    [
        *(BYTES.astype(t) for t in ("u1", "<i4", ">i8", "<f4", "<f8", ">f8", "<f2")),
        *(BYTES[..., None], BYTES.reshape(5, 12), BYTES / 255, (BYTES / 255)[:, None]),
    ],
    ids=lambda p: f"{p.dtype.str}{p.shape}",
)
def test_images_of_any_type_and_shape(tmp_path, pixels):
    np.save(tmp_path / "x.npy", pixels)
    np.savez(tmp_path / "x.npz", x_train=pixels, y_train=np.arange(5), x_test=pixels[:1])
    for name in ("x.npy", "x.npz", "x.npz:x_train"):
        x = load_images(f"{tmp_path}/{name}")
        assert x.dtype == np.float64
        assert np.array_equal(x, UNIT)
    assert np.array_equal(load_images(f"{tmp_path}/x.npz:x_test"), UNIT[:1])


def test_float32_images_in_the_unit_interval_are_not_changed(tmp_path):
    pixels = RNG.uniform(size=(3, 2, 2)).astype(np.float32)
    np.save(tmp_path / "x.npy", pixels)
    assert np.array_equal(load_images(tmp_path / "x.npy"), pixels.reshape(3, 4).astype(float))
    np.save(tmp_path / "x.npy", pixels > 0.5)
    assert np.array_equal(load_images(tmp_path / "x.npy"), (pixels > 0.5).reshape(3, 4))


BINARY = (BYTES > 127).astype(np.uint8)
FRACTIONS = BYTES / 255 * 16


@pytest.mark.parametrize(
    ("pixels", "says", "white"),
    [
        (BINARY, "pixels that are integers from 0 to 1: is white 1, 1, 255 or more?", 1),
        (FRACTIONS, "pixels that are fractions from 0 to 16", 16),
        (BYTES.astype(np.uint16) * 257, "integers from 0 to 65535", 65535),
        (BYTES * 257.0, "fractions from 0 to 65535", np.float32(65535)),
    ],
)
def test_where_white_is_open_it_is_asked_for(tmp_path, pixels, says, white):
    np.save(tmp_path / "x.npy", pixels)
    with pytest.raises(InputError) as caught:
        load_images(tmp_path / "x.npy")
    assert says in str(caught.value)
    assert "pass white=… to entropysym.data.load_images" in str(caught.value)
    x = load_images(tmp_path / "x.npy", white=white)
    assert np.array_equal(x, pixels.reshape(5, 12) / float(white))
    assert x.max() == 1


@pytest.mark.parametrize(
    ("pixels", "options", "says"),
    [
        (BYTES / 255 - 0.5, {}, "has a pixel of -0.5, below 0: undo what standardised"),
        (BYTES / 255, {"white": 0.5}, "has a pixel of 1, above white=0.5; pass white=1"),
        (np.where(BYTES > 254, np.nan, 0.5), {}, "image 1: pixel 2 is nan"),
        (np.where(BYTES > 254, np.inf, 0.5), {"white": 1}, "image 1: pixel 2 is inf"),
        (BYTES, {"white": True}, "white is True; pass the value of a white pixel"),
        (BYTES, {"white": 0}, "white is 0; pass"),
        (BYTES, {"white": "255"}, "white is '255'; pass"),
        (BYTES[None, None], {}, "has shape (1, 1, 5, 4, 3); pass (N, height, width)"),
        (BYTES[:0], {}, "is empty: its shape is (0, 4, 3)"),
        (np.array(["a"]), {}, "save the pixels as uint8 or as floats"),
    ],
)
def test_what_is_no_image_is_refused(tmp_path, pixels, options, says):
    np.save(tmp_path / "x.npy", pixels)
    with pytest.raises(InputError) as caught:
        load_images(tmp_path / "x.npy", **options)
    assert says in str(caught.value)


def test_images_as_a_matrix_of_numbers(tmp_path):
    """`load` changes no entry: one datum is one row."""
    pixels = RNG.normal(size=(5, 4, 3))
    np.save(tmp_path / "x.npy", pixels)
    np.savez(tmp_path / "x.npz", pixels)
    assert np.array_equal(load(tmp_path / "x.npy"), pixels.reshape(5, 12))
    assert np.array_equal(load(tmp_path / "x.npz"), pixels.reshape(5, 12))
    np.save(tmp_path / "x.npy", np.zeros((3, 0, 2)))
    with pytest.raises(InputError, match="is empty"):
        load(tmp_path / "x.npy")


def test_an_archive_of_several_arrays(tmp_path):
    x, y = RNG.normal(size=(4, 3)), np.arange(4)
    np.savez(tmp_path / "x.npz", x=x, y=y)
    assert np.array_equal(load(tmp_path / "x.npz"), x)
    assert {name: a.tolist() for name, a in load_named(tmp_path / "x.npz").items()} == {
        "x": x.tolist(),
        "y": y.tolist(),
    }
    for arrays in ({"u": x, "v": y}, {"x": x, "X": x}, {"arr_0": x, "arr_1": y}):
        np.savez(tmp_path / "x.npz", **arrays)
        first = next(iter(arrays))
        for read in (load, load_images):
            with pytest.raises(InputError) as caught:
                read(tmp_path / "x.npz")
            told = str(caught.value).rpartition("as in ")[2]
            assert told == f"{tmp_path}/x.npz:{first}"
        assert np.array_equal(load(told), x)  # the cure that the message names
    with pytest.raises(InputError, match=r"unknown array of .* 'arr_2'; did you mean arr_"):
        load(f"{tmp_path}/x.npz:arr_2")
    with pytest.raises(InputError, match=r"arr_1 in .* has shape \(4,\)"):
        load(f"{tmp_path}/x.npz:arr_1")


def test_a_file_may_be_called_like_an_array_of_another(tmp_path):
    np.save(tmp_path / "x.npy", np.ones((2, 2)))
    (tmp_path / "x.npy").rename(tmp_path / "a.npz:b.npy")
    assert load(tmp_path / "a.npz:b.npy").tolist() == [[1, 1], [1, 1]]


def test_archives_that_are_none(tmp_path):
    path = tmp_path / "x.npz"
    np.save(tmp_path / "x.npy", np.ones((2, 2)))
    (tmp_path / "x.npy").rename(path)
    for read in (load, load_named):
        with pytest.raises(InputError, match=r"cannot read .*x\.npz: File is not a zip file"):
            read(path)
        with pytest.raises(InputError, match="No such file"):
            read(tmp_path / "none.npz")
    np.savez(path, x=np.ones((2, 2)), names=np.array(["a", "b"]))
    with pytest.raises(InputError, match=r"names in .* is of type <U1, not numbers; save the file"):
        load_named(path)
    np.savez(path, x=np.array([object()]))
    for read in (load, load_named):
        with pytest.raises(InputError, match="never unpickled"):
            read(path)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("x.csv.gz", "unpack it: gunzip x.csv.gz"),
        ("x.xlsx", "pandas.read_excel('x.xlsx').to_csv('data.csv', index=False)"),
        ("x.pt", "numpy.save('data.npy', torch.load('x.pt').numpy())"),
        ("x.mat", "scipy.io.loadmat('x.mat')"),
        ("x.pkl", "a pickle can run code"),
        ("train-images-idx3-ubyte", "entropysym.data.load_images('train-images-idx3-ubyte')"),
        ("x.png", "entropysym.data.load_celeba('FOLDER')"),
        ("mnist", "pass digits, curve, a .npy or .npz file, or a table in text"),
    ],
)
def test_other_files_are_told_how_to_become_one(name, says):
    with pytest.raises(InputError) as caught:
        load(name)
    assert says in str(caught.value)


def test_an_array_is_no_file():
    with pytest.raises(InputError, match=r"pass the name of a file .*entropysym\.data\.checked"):
        load(np.ones((2, 2)))
