"""Reading data: each slip has one clear line, and degenerate data are recognised."""

import io

import numpy as np
import pytest

from entropysym.data import load, require_stationary_point
from entropysym.data.tables import centred_rank, checked
from entropysym.errors import InputError, NoStationaryPointError


def test_digits():
    x = load("digits")
    assert x.shape == (1797, 64)
    assert x.dtype == np.float64


def test_files_round_trip(tmp_path):
    x = np.random.default_rng(0).normal(size=(4, 3))
    np.save(tmp_path / "x.npy", x)
    assert np.array_equal(load(tmp_path / "x.npy"), x)
    np.save(tmp_path / "i.npy", np.arange(6, dtype=np.int32).reshape(2, 3))
    assert load(tmp_path / "i.npy").dtype == np.float64
    text = "\ufeff" + "\r\n".join(",".join(f" {v!r}" for v in row.tolist()) for row in x) + "\n\n"
    (tmp_path / "x.csv").write_text(text, encoding="utf-8")
    assert np.array_equal(load(str(tmp_path / "x.csv")), x)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty; pass one datum per line"),
        ("\n \n", "is empty; pass one datum per line"),
        ("1,2\n3\n", "line 2: 1 cells, but the first row has 2"),
        ("1,2\n3,4,5\n", "line 2: 3 cells, but the first row has 2"),
        ("1,2\n3,four\n", "line 2, column 2: 'four' is no number"),
        ("1,2\n3,\n", "line 2, column 2: an empty cell"),
        ("1,2\n\n3,nan\n", "line 3, column 2: nan is not finite; remove or impute it"),
        ("1,-inf\n", "line 1, column 2: -inf is not finite"),
        ("1,1e999\n", "line 1, column 2: 1e999 is not finite"),
        ("1,1_000\n", "line 1, column 2: '1_000' is no number"),
        ("1;2\n3;4\n", "line 1, column 1: '1;2' is no number"),
        ("width,height\n1,2\n", "line 1 is text ('width', …); drop the header, e.g. tail -n +2"),
        ("width\n1\n", "line 1, column 1: 'width' is no number; if this line is a header, drop it"),
        ('1,"2\n', "as CSV: unexpected end of data"),
        ("1,2+3j\n", "line 1, column 2: '2+3j' is no number"),
    ],
)
def test_csv_errors(tmp_path, text, says):
    path = tmp_path / "data.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load(path)
    assert says in str(caught.value)
    assert "data.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("array", "says"),
    [
        (np.zeros((0, 3)), "is empty: its shape is (0, 3)"),
        (np.zeros(3), "has shape (3,); pass a matrix (N, D)"),
        (np.zeros((2, 2, 2)), "has shape (2, 2, 2); pass a matrix (N, D)"),
        (np.array([[1.0, np.nan]]), "row 1, column 2: nan is not finite"),
        (np.array([[1.0], [-np.inf]]), "row 2, column 1: -inf is not finite"),
        (np.zeros((2, 2), complex), "holds complex128; pass real numbers"),
        (np.array([["a", "b"]]), "holds <U1; pass real numbers"),
        (np.array([[2**60]]), "beyond 2**53"),
    ],
)
def test_array_errors(tmp_path, array, says):
    np.save(tmp_path / "x.npy", array)
    with pytest.raises(InputError) as caught:
        load(tmp_path / "x.npy")
    assert says in str(caught.value)
    with pytest.raises(InputError):
        checked(array)


def test_pickles_are_never_loaded(tmp_path):
    np.save(tmp_path / "x.npy", np.array([[object()]]), allow_pickle=True)
    with pytest.raises(InputError, match="Python objects, which are never unpickled"):
        load(tmp_path / "x.npy")


def test_other_sources(tmp_path):
    (tmp_path / "x.npy").write_bytes(b"not numpy")
    (tmp_path / "empty.npy").write_bytes(b"")
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe1,2")
    whole = io.BytesIO()
    np.save(whole, np.ones((3, 3)))
    (tmp_path / "cut.npy").write_bytes(whole.getvalue()[:-9])
    with pytest.raises(InputError, match="damaged"):
        load(tmp_path / "cut.npy")
    for name, says in (("x.npy", "it is no .npy file"), ("empty.npy", "it is no .npy file")):
        with pytest.raises(InputError, match=says):
            load(tmp_path / name)
    with pytest.raises(InputError, match="as CSV"):
        load(tmp_path / "x.csv")
    with pytest.raises(InputError, match="No such file"):
        load(tmp_path / "missing.csv")
    with pytest.raises(InputError, match=r"pass digits, a \.npy file or a \.csv file"):
        load("mnist")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match="cannot read"):
        load(tmp_path / "folder.csv")


RNG = np.random.default_rng(1)


@pytest.mark.parametrize(
    ("x", "H", "says"),
    [
        (np.ones((1, 4)), 1, "a single row"),
        (np.full((7, 3), 0.1), 1, "all 7 rows are equal"),
        (RNG.normal(size=(9, 2)) @ RNG.normal(size=(2, 5)) + 3, 2, "rank 2 (N=9, D=5)"),
        (RNG.normal(size=(9, 2)) @ RNG.normal(size=(2, 5)) + 3, 3, "no more than the H=3 latents"),
        (RNG.normal(size=(3, 5)), 2, "rank 2 (N=3, D=5)"),
        (RNG.normal(size=(20, 2)), 2, "use fewer latents (at most 1)"),
        (np.arange(10.0)[:, None] * np.ones(3), 1, "rank 1"),
    ],
)
@pytest.mark.parametrize("scale", [1.0, 1e6, 1e-6, 1e150, 1e-150])
def test_degenerate_data(x, H, says, scale):
    with pytest.raises(NoStationaryPointError) as caught:
        require_stationary_point(x * scale, H)
    assert says in str(caught.value)
    assert "vacuous" in str(caught.value)


@pytest.mark.parametrize("scale", [1.0, 1e6, 1e-6, 1e150, 1e-150])
def test_the_rank_does_not_depend_on_scale(scale):
    x = RNG.normal(size=(30, 4))
    x[:, 1] = 0.1  # a constant column is no obstacle
    x[:, 2] *= 1e-7
    assert centred_rank(x * scale) == 3
    require_stationary_point(x * scale, 2)
    require_stationary_point(load("digits"), 4)


@pytest.mark.parametrize("H", [0, -1, 1.0, True])
def test_latents_that_make_no_sense(H):
    with pytest.raises(InputError, match="pass an integer >= 1"):
        require_stationary_point(RNG.normal(size=(5, 3)), H)
