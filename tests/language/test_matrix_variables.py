"""Variables that are matrices, as they are written down, stored and turned into numbers; every mistake is named."""

import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp

import entropysym as es
from entropysym.errors import InputError
from entropysym.families import ANY, CATEGORICAL, MATRIX_NORMAL, NORMAL, WISHART
from entropysym.language.matrices import (
    Entry,
    Inverse,
    LogDet,
    MatrixLetter,
    MatrixVariable,
    Quadratic,
    Scaled,
)
from entropysym.language.objective import log_density
from entropysym.language.records import COMPONENT, DIM, ROW, ROW_DIM
from entropysym.language.store import term
from entropysym.language.symbols import array, matrix_array
from entropysym.lowering import lower
from tests.graph_models import GRAPHS
from tests.instances import graph


class _Writer(es.ModelWriter):
    """With a plate of rows, and what the mistakes below need."""

    def __init__(self):
        super().__init__(observed="d D")
        self.plate("r R")

    def matrix(self, name="V", plates="d d"):
        return self.learned(name, plates, range="posdef")

    def wishart(self, scale=None, shape=3, of="d d"):
        X = self.observed_variable("X", of, support="posdef")
        self.p(X, WISHART(self.matrix() if scale is None else scale, shape))
        return self.model("m")

    def matrix_normal(self, plates="r d", rows="r r", columns="d d"):
        X = self.observed_variable("X", plates)
        self.p(X, MATRIX_NORMAL(0, self.matrix("U", rows), self.matrix("V", columns)))
        return self.model("m")


MISTAKES = {
    "two sizes": (
        lambda w: w.observed_variable("X", "r d", support="posdef"),
        "the matrix X needs two plates of one size",
    ),
    "one plate": (
        lambda w: w.observed_variable("X", "d", support="posdef"),
        "the matrix X needs two plates of one size",
    ),
    "an entry": (
        lambda w: w.observed_variable("X", "d d", support="posdef").entry,
        "X is a matrix and stands as a whole: use its matrix",
    ),
    "an array as a matrix": (
        lambda w: w.observed_variable("X", "r d").matrix,
        "X is no matrix: its support is not posdef",
    ),
    "a network that reads one": (
        lambda w: w.network("mu", "d", reads=w.observed_variable("X", "d d", support="posdef")),
        "X is a matrix and stands as a whole",
    ),
    "a law of numbers": (
        lambda w: (
            w.p(w.observed_variable("X", "d d", support="posdef"), NORMAL(0, 1)),
            w.model("m"),
        ),
        "knows only real values of X, which is posdef",
    ),
    "a law of matrices of a vector": (
        lambda w: w.matrix_normal("d"),
        "p_X is over matrices, and X has no two plates for them",
    ),
    "one index for rows and columns": (
        lambda w: w.matrix_normal("d d", "d d"),
        "X has its last plate twice",
    ),
    "rows for columns": (
        lambda w: w.matrix_normal("r d", "d d"),
        "row_covariance of p_X is R by R, which U, D by D, is not",
    ),
    "a scale of another size": (
        lambda w: w.wishart(w.matrix("V", "r r")),
        "scale of p_X is D by D, which V, R by R, is not",
    ),
    "a shape that may be negative": (
        lambda w: w.wishart(shape=w.learned("s")),
        "shape of Wishart is positive, which s is not",
    ),
    "a scale that is a number": (
        lambda w: w.wishart(w.learned("s", range="positive")),
        "scale of Wishart is a matrix",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named(mistake):
    make, words = MISTAKES[mistake]
    with pytest.raises(InputError, match=words):
        make(_Writer())


def test_a_matrix_that_is_symmetric_by_its_index_is_a_square():
    """Rows and columns of one size have an index each."""
    w = es.ModelWriter(observed="d D")
    w.plate("e D")
    X = w.observed_variable("X", "e d")
    U, V = w.learned("U", "e e", range="posdef"), w.learned("V", "d d", range="posdef")
    w.p(X, MATRIX_NORMAL(0, U, V))
    assert es.derive(w.model("squares")).verdict.value is es.Value.PROVED


def test_a_network_may_stand_for_a_mean_beside_another_index_of_columns():
    """The density reads the mean at two columns: the second has a name that no index of the model has."""
    density = log_density(GRAPHS["images"](), "p_Y")
    names = {s.name for s in density.atoms(sp.Symbol)}
    assert {name for name in names if name.endswith("'")} == {"d'"}


def test_a_shape_that_is_fixed_is_not_settled():
    """The law of X has the degrees of freedom in a statistic of its own, log det X."""
    found = es.derive(_Writer().wishart())
    assert found.verdict.value is es.Value.UNDECIDED


def test_a_shape_that_is_a_whole_number_is_not_settled_either():
    """SymPy makes quotients of gammas of it, for which the stored form has no word."""
    found = es.derive(_Writer().wishart(shape=2))
    assert found.verdict.value is es.Value.UNDECIDED
    assert "cannot be written down" in found.verdict.reason


def test_each_entry_of_a_plate_may_have_a_shape():
    w = _Writer()
    w.plate("f F")
    X = w.observed_variable("X", "f d d", support="posdef")
    w.p(X, WISHART(w.matrix(), w.learned("s", "f", range="positive")))
    found = es.derive(w.model("shapes"))
    assert found.verdict.value is es.Value.PROVED
    assert {k: str(v) for k, v in found.direction.items()} == {"V": "-V", "s": "s[f] - 2"}


def test_a_mixture_of_wishart_laws():
    w = _Writer()
    X = w.observed_variable("X", "d d", support="posdef")
    c = w.latent_variable("c", "k K", support="onehot")
    b, s = (w.learned(name, "k", range="positive") for name in ("b", "s"))
    w.p(c, CATEGORICAL(w.learned("pi0", "k", range="simplex")))
    w.p(X, WISHART(Scaled(b, w.matrix()), s), select=c)
    w.q(c, ANY)
    found = es.derive(w.model("mixture_of_wisharts"))
    assert found.verdict.value is es.Value.PROVED
    with pytest.raises(InputError, match="carries no location and scale"):
        es.instantiate(found.entropy_sum, N=1, K=2, D=2)


def test_latents_are_stored_with_their_datum():
    model = GRAPHS["precisions"]()
    L = model.whole("L")
    assert isinstance(L, MatrixVariable)
    n, (g,) = model.data[0].index, L.indices
    assert term(LogDet(L), model, (n, g)) == ["logdet", ["matv", "L", 1, 0]]
    d = sp.Symbol("d", integer=True, positive=True)
    stored = term(Entry(Inverse(L), d, d), model, (n, g, d))
    assert stored == ["entry", ["inverse", ["matv", "L", 2, 1]], 0, 0]


def test_the_number_of_an_index_is_a_number():
    model = GRAPHS["images"]()
    plate = model.variable("Y").plates[-1]
    numbered = plate.sum(plate.index**2)
    assert term(numbered, model) == ["sum", "D", ["pow", ["index", 0], 2]]
    assert float(lower(numbered, model)(D=4)) == 30
    assert es.instantiate(numbered, D=4) == 30


@pytest.mark.slow
@pytest.mark.parametrize("part", ["elbo", "entropy_sum"])
def test_plain_sympy_and_the_lowered_function_agree(part):
    """At sizes of 2, with the data, covariances and classes as numbers."""
    d, rng = graph("images"), np.random.default_rng(0)
    sizes = {"N": 2, "R": 2, "D": 2, "K": 1, "J": 2}

    def matrix():
        root = rng.normal(size=(2, 2))
        return root @ root.T + np.eye(2)

    arrays = {"Y": rng.normal(size=(2, 2, 2)), "u": rng.normal(size=(2, 1)), "c": np.eye(2)}
    arrays |= {"U": matrix(), "V": matrix(), "b": np.array([0.7, 1.9])}
    plain = es.instantiate(getattr(d, part), **sizes)
    places = {
        e: sp.Float(arrays[str(e.base.label)][tuple(int(i) - 1 for i in e.indices)], 30)
        for e in plain.atoms(sp.Indexed)
    }
    plain = plain.replace(
        lambda e: isinstance(e, sp.core.function.AppliedUndef), lambda e: sp.S.Half
    )
    lowered = lower(getattr(d, part), d.model)(
        **{name: jnp.asarray(a) for name, a in arrays.items()},
        M=lambda u: jnp.full((2, 2), 0.5) + 0 * u[0],
    )
    assert float(plain.xreplace(places)) == pytest.approx(float(lowered), rel=1e-12)


def test_an_index_called_like_that_of_rows_is_one_of_its_own():
    """A family over vectors has no rows: its second index, however it is called, must not fall together with the first."""
    a, x = array("weight"), array("variable")
    r = sp.Symbol("r", integer=True, positive=True)
    both = sp.Sum(a[COMPONENT] * x[r], (r, 1, DIM), (COMPONENT, 1, DIM))
    w = es.ModelWriter(observed="d D")
    filled = es.Family("Pairs", (a,), x, both)(w.learned("W", "d")).fill(
        both, (w.observed,), w.x_nd
    )
    at = es.instantiate(filled, D=2)
    entries = {(str(e.base), e.indices[-1]) for e in at.atoms(sp.Indexed)}
    assert entries == {("W", 1), ("W", 2), ("x", 1), ("x", 2)}
    assert len(sp.expand(at).args) == 4


def test_a_family_over_matrices_of_ones_own():
    """An index of columns may have any name, also that of an index of the model."""
    x, S = matrix_array("variable"), MatrixLetter("rows_like", ROW_DIM, "posdef")
    d = sp.Symbol("d", integer=True, positive=True)
    column = es.language.Vector(x[ROW, d], ROW, ROW_DIM)
    own = es.Family(
        "Columns",
        (S,),
        x,
        -ROW_DIM * DIM * sp.log(2 * sp.pi) / 2
        - DIM * LogDet(S) / 2
        - sp.Sum(Quadratic(column, Inverse(S), column), (d, 1, DIM)) / 2,
    )
    assert own.depth == 2
    assert COMPONENT not in own.density.free_symbols
    w = _Writer()
    Z = w.latent_variable("Z", "r h")
    read = w.vector("h", w.sum("r", Z.entry))
    w.p(Z, own(w.matrix("S", "r r")))
    w.p(w.x, NORMAL(w.network("mu", "d", reads=read), w.learned("s2", range="positive")))
    w.q(Z, ANY)
    found = es.derive(w.model("own_columns"))
    assert found.verdict.value is es.Value.PROVED
    assert str(found.direction["S"]) == "-S"
