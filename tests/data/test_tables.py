"""Reading data: each slip has one clear line, and degenerate data are recognised."""

import io
import itertools
import struct
import tracemalloc

import numpy as np
import pytest

from entropysym.data import load, require_stationary_point
from entropysym.data.synthetic import bent_curve
from entropysym.data.tables import (
    KINDS,
    _kind,
    centred_rank,
    checked,
    demand_kind,
    of_kind,
    with_spread,
)
from entropysym.errors import InputError, NoStationaryPointError
from entropysym.language.supports import WORDS

RNG = np.random.default_rng(1)


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
        (
            "1,2\n3,\n",
            "line 2, column 2: an empty cell; remove the row or the column, or impute it",
        ),
        ("1,2\n\n3,nan\n", "line 3, column 2: nan is not finite; remove or impute it"),
        ("1,-inf\n", "line 1, column 2: -inf is not finite"),
        ("1,1e999\n", "line 1, column 2: 1e999 is not finite"),
        ("1,1_000\n", "line 1, column 2: '1_000' has thousands separators; write digits"),
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
        (np.zeros(3), "has shape (3,); pass a matrix (N, D), one datum per row: x[:, None] for N"),
        (np.zeros(()), "has shape (); pass a matrix (N, D), one datum per row"),
        (np.array([[1.0, np.nan]]), "row 1, column 2: nan is not finite"),
        (np.array([[1.0], [-np.inf]]), "row 2, column 1: -inf is not finite"),
        (np.zeros((2, 2), complex), "holds complex128; pass real numbers"),
        (np.array([["a", "b"]]), "holds <U1; pass real numbers"),
        (np.array([[1, 2**60]]), "row 1, column 2: 1152921504606846976 is beyond 2**53"),
        (np.array([[5], [-(2**53) - 1]]), "row 2, column 1: -9007199254740993 is beyond 2**53"),
        (np.array([[2**63 + 1]], np.uint64), "9223372036854775809 is beyond 2**53"),
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


def test_entries_are_never_changed_in_silence():
    """What is taken comes out as it was; what is not is refused with its value and its place."""
    edge = 2**53
    for x in ([[edge, -edge]], np.array([[edge]], np.uint64), [[True, False]], [[0.1, edge]]):
        assert checked(x).tolist() == np.asarray(x).tolist()
        assert checked(x).dtype == np.float64
    for x in ([[0.5, edge + 1]], [[0.5], [-edge - 1]], [np.array([0.5]), np.array([edge + 1])]):
        with pytest.raises(InputError, match=r"row \d, column \d: -?9007199254740993 is beyond"):
            checked(x, "x")
    masked = np.ma.masked_equal([[1.0, 2.0], [3.0, -1.0]], -1.0)
    for x in (masked, [masked[0], masked[1]]):
        with pytest.raises(
            InputError, match=r"x, row 2, column 2: -1\.0 is masked; remove or impute"
        ):
            checked(x, "x")
    assert checked(np.ma.masked_array([[1.0, 2.0]], mask=False)).tolist() == [[1.0, 2.0]]


def _header(descr="'<f8'", order="False", shape="(2, 4)", body=b"\0" * 64):
    text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}".encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + body


SHAPES = [
    *("(True, 8)", "(True, True)", "(8, False)", "True", "None", "[2, 4]", "(2.0, 4)", "('2', 4)"),
    *("(-1, 8)", "(-2, -4)", "(-8,)", "(0, -1)", "(10**20, 1)", "(99999999999999999999999, 1)"),
    *("(2**40, 1)", "(1099511627776, 1)", "(4294967296, 4294967296)", "(9223372036854775807, 2)"),
    *("(536870912, 2)", "(1, 1073741824)", "(8,)", "()", "(2, 2, 3)", "(0, 8)", "(2, 5)", "(2, 3)"),
]
TYPES = [
    *("'<f8'", "'|b1'", "'>i8'", "'|u1'", "'|O'", "'<f16'", "'<c16'", "'<M8[s]'", "'|V8'", "'|S0'"),
    *("True", "None", "3", "[]", "[('a', '<f8')]", "('<f8', (2,))", "'f8, O'", "'nonsense'"),
]


@pytest.mark.some(13)
@pytest.mark.parametrize("shape", SHAPES)
def test_headers_are_not_believed(tmp_path, shape):
    """Any type with any damaged shape is one line of bad input, and little memory is taken for it."""
    path = tmp_path / "x.npy"
    for descr, order in itertools.product(TYPES, ("False", "True", "1", "None")):
        path.write_bytes(_header(descr, order, shape))
        tracemalloc.start()
        with pytest.raises(InputError) as caught:
            load(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)
        assert peak < 8e6


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (_header("'|b1'", body=bytes([0, 1, 1, 0, 2, 0, 0, 0])), "truth values with the byte 2"),
        (_header(shape="(True, 8)"), "header is damaged, it announces the shape (True, 8)"),
        (_header(shape="(-1, 8)"), "header is damaged, it announces the shape (-1, 8)"),
        (_header(shape="(4294967296, 2)"), "more than 1073741824 numbers; is it damaged?"),
        (_header(shape="(536870912, 2)"), "damaged or cut off, 64 bytes of 8589934592 are there"),
        (_header("True"), "header is damaged"),
        (_header("'|O'"), "Python objects, which are never unpickled"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff{", "header is damaged"),
        (b"\x93NUMPY\x03\x00" + _header()[8:], "header is damaged"),
        *((_header()[:cut], "header is damaged") for cut in (6, 7, 8, 9, 10, 40, 127)),
        *((_header()[:cut], "damaged or cut off") for cut in (128, 129, 191)),
        (_header() + b"\0", "damaged, it has more bytes than its shape (2, 4) says"),
    ],
)
def test_damaged_files_say_how(tmp_path, content, says):
    (tmp_path / "x.npy").write_bytes(content)
    with pytest.raises(InputError) as caught:
        load(tmp_path / "x.npy")
    assert says in str(caught.value)


@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", "<f2", ">i4", "|u1", "|b1", "<u8", ">i8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_sound_files_are_read_as_numpy_reads_them(tmp_path, dtype, order):
    x = np.asarray(RNG.integers(0, 2, size=(5, 3)), dtype=dtype, order=order)
    np.save(tmp_path / "x.npy", x)
    assert np.array_equal(load(tmp_path / "x.npy"), np.load(tmp_path / "x.npy").astype(float))
    with (tmp_path / "two.npy").open("wb") as file:
        np.lib.format.write_array(file, x, version=(2, 0))
    assert np.array_equal(load(tmp_path / "two.npy"), x)


def test_integers_in_a_table_are_exact_or_refused(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("9007199254740992,1e300,9007199254740993.0\n")
    assert load(path)[0, 0] == 2**53
    path.write_text("1,2\n3, -9007199254740993\n")
    with pytest.raises(InputError, match="line 2, column 2: '-9007199254740993' is beyond 2"):
        load(path)


#: Support -> entries that a decoder of it can draw, and others.
ENTRIES = {
    "real": ([-2.5, 0.0, 7.0], []),
    "positive": ([0.5, 7.0, 1e-300], [0.0, -0.0, -1.0]),
    "unit": ([0.5, 1e-300, 1 - 1e-16], [0.0, 1.0, 1.5, -0.5]),
    "binary": ([0.0, 1.0, -0.0], [0.5, 2.0, -1.0]),
    "count": ([0.0, 3.0, 2.0**53], [0.5, -1.0, 1e300]),
    "angle": ([0.0, 3.0, -3.125], [3.25, -7.0]),
    "from 3/2": ([1.5, 7.0], [1.25, -2.0]),
    "upto 3": ([0.0, 3.0], [4.0, 0.5, -1.0]),
}


@pytest.mark.parametrize("support", ENTRIES)
def test_data_are_of_the_kind_that_a_decoder_needs(support):
    good, bad = ENTRIES[support]
    x = np.resize(good, (4, 3))
    assert np.array_equal(demand_kind(x, support), x)
    for entry in bad:
        worse = x.copy()
        worse[2, 1] = worse[3, 0] = entry
        with pytest.raises(InputError) as caught:
            demand_kind(worse, support, "x.csv", "Bernoulli")
        assert f"x.csv, row 3, column 2: {entry} is not what a Bernoulli" in str(caught.value)
        assert _kind(support).needs in str(caught.value)
    with pytest.raises(InputError, match="unknown support 'sphere'"):
        demand_kind(x, "sphere")


def test_the_kinds_are_words_of_the_language():
    assert set(KINDS) < set(WORDS)


@pytest.mark.parametrize("support", ENTRIES)
def test_digits_of_every_kind(support):
    pixels, x = load("digits"), of_kind("digits", support)
    assert np.array_equal(demand_kind(x, support), x)
    # Each is a function of the pixel that keeps the order.
    order = np.argsort(pixels, axis=None)
    assert (np.diff(x.ravel()[order]) >= 0).all()
    assert (pixels[x == x.min()] <= 7).all()
    kept, said = with_spread(x, support)
    assert np.array_equal(with_spread(kept, support)[0], kept)
    assert said.startswith(f"{64 - kept.shape[1]} of 64 columns with")
    assert len(kept) == 1797


@pytest.mark.parametrize("support", KINDS)
def test_a_curve_of_every_kind(support):
    x = of_kind("curve", support)
    assert x.shape == (2000, 8)
    assert np.array_equal(demand_kind(x, support), x)
    assert np.array_equal(of_kind("curve", support), x)
    kept, said = with_spread(x, support)
    assert (kept.shape, said) == (x.shape, "")
    # What is common to all columns is one latent: the curve's two units correlate them.
    assert abs(np.corrcoef(x.T)[np.triu_indices(8, 1)]).max() > 0.3


def test_a_curve_is_bent_and_noisy():
    rng = np.random.default_rng(0)
    mean, sd = bent_curve(2000, 8, rng)
    assert np.linalg.matrix_rank(mean) == 2
    assert (sd > 0).all()
    x = load("curve")
    assert np.array_equal(x, of_kind("curve", "real"))
    np.testing.assert_allclose(((x - mean) / sd).var(), 1.0, atol=0.05)


def test_other_data_is_not_built_in():
    with pytest.raises(InputError, match="unknown built-in data set 'mnist'"):
        of_kind("mnist", "real")


@pytest.mark.parametrize(
    ("support", "dropped", "says"),
    [
        ("real", [2], "1 of 4 columns without spread was dropped: 3"),
        ("positive", [2], "1 of 4 columns without spread was dropped: 3"),
        (
            "binary",
            [1, 2, 3],
            "3 of 4 columns with fewer than 10 ones or zeros were dropped: 2, 3, 4",
        ),
        ("count", [1], "1 of 4 columns with fewer than 10 entries above 0 was dropped: 2"),
    ],
)
def test_columns_without_an_optimum_are_dropped_and_named(support, dropped, says):
    x = np.tile([0.0, 0.0, 1.0, 1.0], (200, 1))
    x[:10, 0] = x[:9, 1] = 1
    x[:9, 3] = 0
    x = x + (support == "positive")
    kept, said = with_spread(x, support)
    assert np.array_equal(kept, np.delete(x, dropped, axis=1))
    assert said == says


def test_columns_with_spread_are_all_kept():
    x = RNG.normal(size=(6, 3)) * [1e-150, 1.0, 1e150] + [0.0, 1e9, 0.0]
    kept, said = with_spread(x, "real")
    assert np.array_equal(kept, x)
    assert said == ""
    few = np.eye(4)  # a single one is enough among four rows
    assert with_spread(few, "binary")[1] == with_spread(few, "count")[1] == ""
    constant = np.full((5, 1), 0.1) * (1 + np.finfo(float).eps * np.arange(5)[:, None])
    for x, support, words in (
        (constant, "real", "without spread"),
        (np.ones((5, 2)), "binary", "fewer than 1 ones or zeros"),
        (np.zeros((5, 2)), "count", "fewer than 1 entries above 0"),
    ):
        with pytest.raises(
            NoStationaryPointError, match=f"only columns with.*{words[4:]}.*vacuous"
        ):
            with_spread(x, support)


def test_other_sources(tmp_path):
    (tmp_path / "x.npy").write_bytes(b"not numpy")
    (tmp_path / "empty.npy").write_bytes(b"")
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe1,2")
    whole = io.BytesIO()
    np.save(whole, np.ones((3, 3)))
    (tmp_path / "cut.npy").write_bytes(whole.getvalue()[:-9])
    with pytest.raises(InputError, match="damaged or cut off, 63 bytes of 72"):
        load(tmp_path / "cut.npy")
    for name, says in (("x.npy", "it is no .npy file"), ("empty.npy", "it is no .npy file")):
        with pytest.raises(InputError, match=says):
            load(tmp_path / name)
    with pytest.raises(InputError, match="as CSV"):
        load(tmp_path / "x.csv")
    with pytest.raises(InputError, match="No such file"):
        load(tmp_path / "missing.csv")
    with pytest.raises(InputError, match=r"pass digits, curve, a \.npy or \.npz file, or a table"):
        load("mnist")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match="cannot read"):
        load(tmp_path / "folder.csv")


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


def test_the_digits_that_ship_are_those_of_scikit_learn():
    from sklearn.datasets import load_digits

    np.testing.assert_array_equal(load("digits"), load_digits().data)
    assert load("digits").dtype == np.float64
