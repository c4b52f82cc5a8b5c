"""Tables in text: every dialect gives the same numbers, and what could be read in two ways is refused."""

import csv
import io
import itertools

import numpy as np
import pytest

from entropysym.data import load
from entropysym.errors import InputError

RNG = np.random.default_rng(3)
X = np.concatenate([RNG.normal(size=(6, 3)) * [1, 1e3, 1e-4], [[0.0, -5, 12.345]]])


def written(x, separator=",", mark=".", names=None, quoting=csv.QUOTE_MINIMAL, end="\r\n"):
    file = io.StringIO()
    writer = csv.writer(file, delimiter=separator, quoting=quoting, lineterminator=end)
    rows = [[repr(v).replace(".", mark) for v in row] for row in x.tolist()]
    writer.writerows([names, *rows] if names else rows)
    return file.getvalue()


DIALECTS = [
    (separator, mark, names, quoting, end)
    for separator, mark in (
        (",", "."),
        (";", "."),
        (";", ","),
        ("\t", "."),
        ("\t", ","),
        ("|", "."),
    )
    for names in (None, ["width", "body height", "5 % fat; (mm)"[4:]])
    for quoting, end in (
        (csv.QUOTE_MINIMAL, "\n"),
        (csv.QUOTE_ALL, "\r\n"),
        (csv.QUOTE_MINIMAL, "\r"),
    )
]


@pytest.mark.parametrize("dialect", DIALECTS, ids=repr)
def test_every_dialect_gives_the_same_numbers(tmp_path, dialect):
    text = written(X, *dialect)
    for encoding, before in itertools.product(
        ("utf-8", "utf-8-sig", "utf-16"), ("", "# by me\n\n")
    ):
        (tmp_path / "x.csv").write_bytes((before + text).encode(encoding))
        assert np.array_equal(load(tmp_path / "x.csv"), X)


@pytest.mark.parametrize(
    ("text", "x"),
    [
        ("# a b\n 1.0 2.5\n 3 4\n", [[1, 2.5], [3, 4]]),  # numpy.savetxt
        ("sep=;\r\n1,5;2\r\n", [[1.5, 2]]),  # Excel
        ('"1,5","2"\n', [[1.5, 2]]),
        ("body height\n1.5\n2\n", [[1.5], [2]]),
        ("1.5\n2\n", [[1.5], [2]]),
        ("a,b\n# between\n1,2\n", [[1, 2]]),
        ("1, 2 , 3\n4 ,5,6\n", [[1, 2, 3], [4, 5, 6]]),
        ("0,123;1,500\n", [[0.123, 1.5]]),  # the first comma cannot separate thousands
        ("1234,567;1,500\n", [[1234.567, 1.5]]),
        ("0,1\n1,0\n", [[0, 1], [1, 0]]),
        ("1e3,-2E-1\n", [[1000, -0.2]]),
        ("1e3;-2,5E-1\n", [[1000, -0.25]]),
    ],
)
def test_tables_as_people_write_them(tmp_path, text, x):
    for name in ("x.csv", "x.TSV", "x.txt", "x.dat"):
        (tmp_path / name).write_text(text, encoding="utf-8", newline="")
        assert load(tmp_path / name).tolist() == x


def test_names_in_another_encoding(tmp_path):
    (tmp_path / "x.csv").write_bytes("Größe;b\r\n1,5;2\r\n".encode("cp1252"))
    assert load(tmp_path / "x.csv").tolist() == [[1.5, 2]]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('"1,234","2,000"\n', "column 1: every comma in a number has three digits behind it"),
        ("1,234;5\n", "read it with entropysym.data.load('"),
        ('"1,234.5","2"\n', "'1,234.5' has thousands separators; write digits"),
        ("a;b\n1.234.567;2\n", "line 2, column 1 ('a'): '1.234.567' has thousands separators"),
        ("1 234;2\n", "'1 234' has thousands separators"),
        ("1'234;2\n", "has thousands separators"),
        ("1\u00a0234;2\n", "has thousands separators"),
        ("1.234;2,5\n", "a point in a number in line 1, column 1 and a comma in line 1, column 2"),
        ("1,5;2\n0,25;2.5\n", "a point in a number in line 2, column 2 and a comma in line 1"),
        ("a,b\n1,2\nNA,3\n", "line 3, column 1 ('a'): 'NA' stands for a missing number; remove"),
        ("a,b\n1,2\n4,\n", "line 3, column 2 ('b'): an empty cell; remove the row or the column"),
        ("NA,2\n1,3\n", "line 1, column 1: 'NA' stands for a missing number"),
        (",2\n1,3\n", "line 1, column 1: an empty cell"),
        ("a,b\n1,nan\n", "line 2, column 2 ('b'): nan is not finite"),
        (",a,b\n0,1,2\n", "save again without them (index=False, row.names=FALSE)"),
        ("Unnamed: 0,a\n0,1\n", "column 1 has no name"),
        ("0,1,2,3\n5,6,7,8\n", "line 1 is 0, 1, 2, …: are these the columns' numbers, or a datum?"),
        ("year,2019,2020\n1,2,3\n", "the text 'year' beside '2019': is it a header?"),
        ("oops,5,3\n1,2,3\n", "pass header=True or header=False to entropysym.data.load"),
        ("a,b,c\n1,2,setosa\n", "select_dtypes('number').to_csv('numbers.csv', index=False)"),
        ("my data\na,b\n1,2\n", "begin lines above the names of the columns with #"),
        ("a b\n1 2 3\n", "if R wrote row names, save again with row.names=FALSE"),
        ("a,b\n", "has a header and no data"),
        ("1,2\n3;4\n", "line 2: 2 cells, but the first row has 1"),
        ("1 2\n3\n", "line 1, column 1: '1 2' is no number"),
        ("2020-01-01,3\n2020-01-02,4\n", "line 1, column 1: '2020-01-01' is no number"),
        ("1.2.3,4\n1,2\n", "line 1, column 1: '1.2.3' is no number"),
        ("1,90071992547409931\n", "write it as a float, 90071992547409936.0"),
        ("a\n1,5\n", "line 2: 2 cells, but the first row has 1"),
    ],
)
def test_what_is_refused_says_what_to_do(tmp_path, text, says):
    (tmp_path / "x.csv").write_text(text, encoding="utf-8", newline="")
    with pytest.raises(InputError) as caught:
        load(tmp_path / "x.csv")
    assert says in str(caught.value)
    assert "x.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "options", "x"),
    [
        ('"1,234","2,000"\n', {"decimal": ","}, [[1.234, 2]]),
        ("1,234;5\n", {"decimal": ","}, [[1.234, 5]]),
        ("1,5\n2,5\n", {"decimal": ","}, [[1.5], [2.5]]),
        ("1,5\n2,5\n", {}, [[1, 5], [2, 5]]),
        ("0,1,2,3\n5,6,7,8\n", {"header": True}, [[5, 6, 7, 8]]),
        ("0,1,2,3\n5,6,7,8\n", {"header": False}, [[0, 1, 2, 3], [5, 6, 7, 8]]),
        ("year,2019,2020\n1,2,3\n", {"header": True}, [[1, 2, 3]]),
    ],
)
def test_the_options_that_are_named_cure_it(tmp_path, text, options, x):
    (tmp_path / "x.csv").write_text(text, encoding="utf-8")
    assert load(tmp_path / "x.csv", **options).tolist() == x


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("1.5;2\n", {"decimal": ","}, "'1.5' is no number with decimal=','; pass the other"),
        ("1,5;2\n", {"decimal": "."}, "'1,5' is no number with decimal='.'; pass the other"),
        ("a,b\n1,2\n", {"header": False}, "line 1, column 1: 'a' is no number"),
        ("1,2\n", {"decimal": ";"}, "decimal is ';'; pass '.', ',' or None"),
        ("1,2\n", {"header": 1}, "header is 1; pass True, False or None"),
    ],
)
def test_options_are_believed_and_checked(tmp_path, text, options, says):
    (tmp_path / "x.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load(tmp_path / "x.csv", **options)
    assert says in str(caught.value)
