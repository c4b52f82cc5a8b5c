"""Graphs as they are written down: a few lines for each, and every mistake is refused with the value that caused it."""

import ast
import inspect
from dataclasses import replace

import pytest
import sympy as sp

from entropysym import ModelWriter
from entropysym.errors import InputError
from entropysym.families import ANY, BERNOULLI, CATEGORICAL, CATEGORICAL_LOGITS, NORMAL, POISSON
from entropysym.language.records import DATA, Factor, Lag, Plate, Variable
from tests.graph_models import GRAPHS, mixture, state_space, two_layers


@pytest.mark.parametrize(("make", "lines"), [(two_layers, 16), (mixture, 12)])
def test_a_model_takes_a_few_lines(make, lines):
    (function,) = ast.parse(inspect.getsource(make)).body
    assert isinstance(function, ast.FunctionDef)
    body = function.body[1:]  # without what it says of itself
    assert body[-1].end_lineno - body[0].lineno + 1 <= lines


def test_what_a_factor_reads_is_given_to_it():
    model = GRAPHS["semi_supervised"]()
    given = {f.name: f.given for f in model.factors}
    assert given["p_x"] == ("y", "z")
    assert given["p_xu"] == ("yu", "zu")
    assert given["p_z"] == ()
    assert given["q_z"] == ("x", "y")
    assert given["q_yu_zu"] == ("xu",)
    assert {v.name: model.datum(v.name).index.name for v in model.variables} == {
        "x": "n",
        "y": "n",
        "z": "n",
        "yu": "m",
        "zu": "m",
        "xu": "m",
    }
    chain = {f.name: f.given for f in GRAPHS["hidden_markov"]().factors}
    assert chain["p_c"] == ("c@-1",)
    assert chain["p_y"] == ("c",)
    of_all = {f.name: f.given for f in GRAPHS["bayesian_regression"]().factors}
    assert of_all["p_x"] == ("u", "b")
    assert of_all["q_b"] == ()


def test_the_order_in_which_a_graph_is_written_does_not_matter_to_the_circles():
    w = ModelWriter()
    z1, z2 = w.latent_variable("z1", "h"), w.latent_variable("z2", "k K")
    w.p(w.x, NORMAL(w.network("m0", "d", reads=z1), 1))
    w.p(z1, NORMAL(w.network("m1", "h", reads=z2), 1))
    w.p(z2, NORMAL(0, 1))
    w.q(z1, z2, ANY)
    assert [f.name for f in w.model("downwards").p] == ["p_x", "p_z1", "p_z2"]


def test_only_a_plain_model_has_a_prior_a_decoder_and_an_encoder():
    for make in GRAPHS.values():
        model = make()
        for part in ("prior", "decoder", "encoder", "observed", "latent"):
            with pytest.raises(
                InputError, match=f"{model.name} is no model of one observed and one latent"
            ):
                getattr(model, part)


# -- graphs that are none ----------------------------------------------------------------------------------------------


class _Two:
    """A writer with two latents, z of the plate h and v of the plate k, an input u, and one factor for each unless it is said otherwise."""

    def __init__(self):
        self.w = w = ModelWriter()
        self.z, self.v = w.latent_variable("z", "h"), w.latent_variable("v", "k K")
        self.u, self.c = w.given("u", "j J"), w.given("c", "l L", support="onehot")
        self.laws = {
            "p_v": lambda: w.p(self.v, NORMAL(0, 1)),
            "p_z": lambda: w.p(self.z, NORMAL(w.network("m", "h", reads=self.v), 1)),
            "p_x": lambda: w.p(w.x, NORMAL(w.network("f", "d", reads=self.z), 1)),
            "q": lambda: w.q(self.z, self.v, ANY),
        }

    def model(self, **changes):
        for law in {**self.laws, **changes}.values():
            law()
        return self.w.model("two")


def _nothing():
    pass


MISTAKES = {
    "circle in p": (
        lambda t: t.model(p_v=lambda: t.w.p(t.v, NORMAL(t.w.network("g", "k", reads=t.z), 1))),
        "a circle in p: v reads z reads v",
    ),
    "circle in q": (
        lambda t: t.model(
            q=lambda: (
                t.w.q(t.z, NORMAL(t.w.network("g", "h", reads=t.v), 1)),
                t.w.q(t.v, NORMAL(t.w.network("r", "k", reads=t.z), 1)),
            )
        ),
        "a circle in q: z reads v reads z",
    ),
    "reads itself": (
        lambda t: t.model(p_v=lambda: t.w.p(t.v, NORMAL(t.w.network("g", "k", reads=t.v), 1))),
        "a circle in p: v reads v",
    ),
    "no factor of p": (
        lambda t: t.model(p_v=_nothing),
        "v is latent, so it is of 1 factor of p, not of 0",
    ),
    "no factor of q": (
        lambda t: t.model(q=lambda: t.w.q(t.z, ANY)),
        "v is latent, so it is of 1 factor of q, not of 0",
    ),
    "two factors": (
        lambda t: t.model(again=lambda: t.w.p(t.v, NORMAL(1, 1), name="again")),
        "v has a factor in p already",
    ),
    "two factors of one name": (
        lambda t: t.model(again=lambda: t.w.p(t.v, NORMAL(1, 1))),
        "v has a factor in p already",
    ),
    "given with a factor": (
        lambda t: t.model(of_u=lambda: t.w.p(t.u, NORMAL(1, 1))),
        "u is given, so it is of no factor of p, not of 1",
    ),
    "given in q": (
        lambda t: t.model(of_u=lambda: t.w.q(t.u, NORMAL(1, 1))),
        "u is given, so it is of no factor of q, not of 1",
    ),
    "observed in q": (
        lambda t: t.model(of_x=lambda: t.w.q(t.w.x, NORMAL(1, 1))),
        "x is observed, so it is of no factor of q, not of 1",
    ),
    "select what is not one-hot": (
        lambda t: t.model(p_z=lambda: t.w.p(t.z, NORMAL(t.w.learned("a", "h k"), 1), select=t.v)),
        "p_z selects 'v', which is no one-hot variable given to it",
    ),
    "any law in p": (
        lambda t: t.model(p_v=lambda: t.w.p(t.v, ANY())),
        "the p_v of 'two' needs a density: only a factor of q may be of any law",
    ),
    "support of a latent": (
        lambda t: t.model(p_v=lambda: t.w.p(t.v, POISSON(0))),
        "the p_v knows only count values of v, which is real; give it support='count', or state the support of Poisson",
    ),
    "support in q": (
        lambda t: t.model(q=lambda: (t.w.q(t.z, ANY), t.w.q(t.v, BERNOULLI(0)))),
        "the q_v knows only binary values of v, which is real",
    ),
    "support of classes": (
        lambda t: t.model(p_v=lambda: t.w.p(t.v, CATEGORICAL_LOGITS(t.w.learned("a", "k")))),
        "the p_v knows only onehot values of v, which is real",
    ),
    "two variables, a density": (
        lambda t: t.model(q=lambda: t.w.q(t.z, t.v, NORMAL(0, 1))),
        r"q_z_v is of \('z', 'v'\): only a factor of any law is of several",
    ),
    "an index that is not its own": (
        lambda t: t.model(p_v=lambda: t.w.p(t.v, NORMAL(t.u.entry, 1))),
        "the p_v of 'two' must not see j: it is not declared with this range, or out of scope",
    ),
    "an array with an index that is not its own": (
        lambda t: t.model(p_v=lambda: t.w.p(t.v, NORMAL(t.w.learned("a", "h"), 1))),
        "the p_v of 'two' must not see h",
    ),
    "what is not declared": (
        lambda t: t.model(p_v=lambda: t.w.p(t.v, NORMAL(0, sp.Symbol("ghost", positive=True)))),
        "the p_v of 'two' must not see ghost",
    ),
    "a class without select": (
        lambda t: t.model(p_v=lambda: t.w.p(t.v, NORMAL(t.w.learned("a", "k l"), 1))),
        "the p_v of 'two' must not see l",
    ),
    "a name of an index": (
        lambda t: t.model(p_v=lambda: t.w.p(t.v, NORMAL(t.w.learned("k"), 1))),
        "the name 'k' is taken by an index; rename it",
    ),
    "a name of a variable": (
        lambda t: t.model(p_v=lambda: t.w.p(t.v, NORMAL(t.w.learned("u"), 1))),
        "the model declares u more than once",
    ),
    "prints as a variable": (
        lambda t: t.model(p_v=lambda: t.w.p(t.v, NORMAL(t.w.learned("v_k"), 1))),
        "the name 'v_k' prints as data or a latent; rename it",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_graph_that_is_none_is_refused(name):
    make, words = MISTAKES[name]
    assert _Two().model().name == "two"  # without the mistake it is one
    with pytest.raises(InputError, match=words):
        make(_Two())


def test_a_factor_outside_a_data_plate_does_not_read_inside_it():
    w = ModelWriter()
    w.data_plate("m M")
    b, z = w.latent_variable("b", "k K", data=None), w.latent_variable("z", "h")
    other = w.latent_variable("y", "h", data="m")
    w.p(b, NORMAL(w.network("f", "k", reads=z), 1))
    w.p(z, NORMAL(0, 1))
    w.p(w.x, NORMAL(w.network("g", "d", reads=z), 1))
    w.q(b, ANY)
    w.q(z, ANY)
    w.q(other, ANY)
    w.p(other, NORMAL(0, 1))
    with pytest.raises(InputError, match="p_b lies outside the data plate of z, which it reads"):
        w.model("outside")
    model = GRAPHS["semi_supervised"]()
    inside = replace(model.factor("p_zu"), given=("z",))
    factors = tuple(inside if f.name == "p_zu" else f for f in model.p)
    with pytest.raises(InputError, match="p_zu lies outside the data plate of z, which it reads"):
        replace(model, p=factors)


def test_one_law_of_several_variables_is_of_one_data_plate():
    w = ModelWriter()
    w.data_plate("m M")
    z, other = w.latent_variable("z", "h"), w.latent_variable("y", "h", data="m")
    w.p(z, NORMAL(0, 1))
    w.p(other, NORMAL(0, 1))
    w.p(w.x, NORMAL(w.network("g", "d", reads=z), 1))
    w.q(z, other, ANY)
    with pytest.raises(
        InputError, match=r"q_z_y is one law of \('z', 'y'\): give them one data plate"
    ):
        w.model("apart")


def test_a_data_plate_is_the_first_of_a_variable():
    model = two_layers()
    late = replace(model.variable("z2"), plates=(*model.variable("z2").plates[1:], DATA))
    variables = tuple(late if v.name == "z2" else v for v in model.variables)
    with pytest.raises(InputError, match="the data plate of z2, n, has to be its first"):
        replace(model, variables=variables)


def test_what_is_given_is_a_variable():
    model = two_layers()
    lost = replace(model.factor("p_x"), given=("z1", "y"))
    with pytest.raises(InputError, match="p_x reads 'y', which is no variable here"):
        replace(model, p=(*model.p[:-1], lost))


def test_a_factor_sees_only_what_is_given_to_it():
    model = two_layers()
    blind = replace(model.factor("p_x"), given=())
    with pytest.raises(InputError, match="the p_x of 'two_layers' must not see z1"):
        replace(model, p=(*model.p[:-1], blind))


def test_a_family_over_vectors_needs_a_plate_for_them():
    y = Variable("y", (DATA,), "onehot")
    model = GRAPHS["softmax_classifier"]()
    factor = Factor(CATEGORICAL_LOGITS, (sp.S.Zero,), "p_y", ("y",))
    with pytest.raises(InputError, match="p_y is over vectors, and y has no plate for them"):
        replace(model, variables=(y,), parameters=(), p=(factor,))


def test_a_selecting_variable_has_an_entry_for_each_entry():
    w = ModelWriter()
    c = w.latent_variable("c", "t T k K", support="onehot")
    w.p(c, CATEGORICAL_LOGITS(w.learned("b", "k")))
    w.p(w.x, NORMAL(w.learned("m", "d k"), 1), select=c)
    w.q(c, ANY)
    with pytest.raises(InputError, match="c has no entry for each entry of x"):
        w.model("too_many")


def _lagged(of="z", plate=None, start="z0"):
    return Lag(of, plate or Plate.named("t", "T"), start)


@pytest.mark.parametrize(
    ("lag", "words"),
    [
        (_lagged(start="u"), "a lag is of and starts with variables; 'u' is none"),
        (_lagged(of="u"), "a lag is of and starts with variables; 'u' is none"),
        (_lagged(plate=Plate.named("k", "K")), "z has no plate k to be one step earlier along"),
        (_lagged(plate=DATA), "z has no plate n to be one step earlier along"),
        (_lagged(start="y"), "y is at the first step what z is later: give it the same support"),
    ],
)
def test_a_lag_has_a_plate_and_a_start(lag, words):
    with pytest.raises(InputError, match=words):
        replace(state_space(), lags=(lag,))


def test_a_lag_that_is_not_declared_is_no_variable():
    with pytest.raises(InputError, match="p_z reads 'z@-1', which is no variable here"):
        replace(state_space(), lags=())


def test_no_variable_depends_on_itself_through_a_lag():
    w = ModelWriter()
    w.plate("t T")
    z0, z = w.latent_variable("z0", "h"), w.latent_variable("z", "t h")
    before = w.lag(z, "t", start=z0)
    w.p(z0, NORMAL(w.network("g", "h", reads=before), 1))  # along no step: any z
    w.p(z, NORMAL(w.network("f", "h", reads=before), 1))
    w.p(w.x, NORMAL(w.network("r", "d", reads=z0), 1))
    w.q(z0, z, ANY)
    with pytest.raises(InputError, match=r"must not see t|a circle in p: z0 reads"):
        w.model("round")


# -- what the writer itself refuses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda w: w.plate("k"), "a plate is written 'index size', such as 'k K', not 'k'"),
        (lambda w: w.plate("n K"), "the name 'n' is taken; call the plate otherwise"),
        (lambda w: w.plate("d K"), "the index d is declared twice"),
        (lambda w: w.data_plate("h M"), "the index h is declared twice"),
        (lambda w: w.latent_variable("v", "k"), "unknown index 'k'; choose one of: d, h"),
        (
            lambda w: w.latent_variable("v", "h", data="m"),
            "unknown data plate 'm'; choose one of: n",
        ),
        (lambda w: w.latent_variable("v"), "v needs a plate: give it one of size 1"),
        (
            lambda w: (w.latent_variable("v", "h"), w.given("v", "d")),
            "the variable v is declared twice",
        ),
        (lambda w: w.given("epsilon", "d"), "the name 'epsilon' is taken"),
        (lambda w: w.given("a b", "d"), "'a b' is no name"),
        (lambda w: w.given("u").vector, "u is a number: a network reads w.vector"),
        (lambda w: w.network("f", "d", reads=3), "the network f reads 3; pass w.x_n, w.z"),
        (lambda w: w.network("f", "d", reads=(w.z, "x")), "the network f reads 'x'"),
        (lambda w: w.learned("a", "k"), "unknown index 'k'; choose one of: d, h"),
        (lambda w: w.q(ANY), "q is written with its variables and, last, their law"),
        (lambda w: w.q(w.latent_variable("v", "h")), "q is written with its variables and, last"),
        (lambda w: w.q(ANY, w.latent_variable("v", "h")), "q is written with its variables"),
        (
            lambda w: w.lag(w.latent_variable("v", "h"), "t", start=w.latent_variable("v0", "h")),
            "unknown index 't'",
        ),
        (lambda w: w.model("empty"), "give prior, decoder and encoder, or write the factors"),
        (
            lambda w: w.model("half", prior=NORMAL(0, 1)),
            "give prior, decoder and encoder, or write the factors",
        ),
        (lambda w: CATEGORICAL(-1), "probability of Categorical is positive, which -1 is not"),
    ],
)
def test_the_writer_names_what_it_refuses(write, words):
    with pytest.raises(InputError, match=words):
        write(ModelWriter())
