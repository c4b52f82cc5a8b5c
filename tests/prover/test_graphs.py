"""Each kind of graph is derived with all factors of p, in the direction that theory gives, and the checker refuses a false entropy sum of it."""

import json

import pytest
import sympy as sp

import entropysym as es
from entropysym import ModelWriter, checker
from entropysym.families import ANY, BERNOULLI, CATEGORICAL, CATEGORICAL_LOGITS, NORMAL
from entropysym.language import Objective, Sigmoid, Softplus
from entropysym.prover import Derivation, Refusal
from entropysym.prover.document import document, to_json
from entropysym.verdict import Value
from tests.checker.forging import DELETE, DIRECTION, bonus, claims, forged
from tests.graph_models import DIRECTIONS, GRAPHS, direction
from tests.instances import graph

every_graph = pytest.mark.parametrize("name", GRAPHS)


@pytest.mark.some(6)
@every_graph
def test_all_factors_are_served_and_the_derivation_is_replayed(name):
    found = graph(name)
    assert found.verdict.value is Value.PROVED
    assert found.verdict.evidence == ("replayed",)
    assert found.factors == tuple(f.name for f in found.model.p)
    assert found.excess == 0
    rules = [step.rule for step in found.steps]
    tempered = ["tempering"] * len(found.model.p)
    assert rules == ["definition", "split", *tempered, "gap", "stationary", "closed_form"]


@every_graph
def test_the_direction_is_that_of_theory(name):
    found = graph(name)
    theory = direction(name, found.model)
    assert set(found.direction) == set(DIRECTIONS[name])
    for parameter, moved in found.direction.items():
        same = moved == theory[parameter]  # words of matrices cannot be subtracted
        assert same or sp.expand(moved - theory[parameter]) == 0, parameter


@pytest.mark.some(8)
@every_graph
def test_the_conditions_are_those_that_the_checker_demands(name):
    found = graph(name)
    result = checker.replay(to_json(found))
    assert list(result.conditions) == [tuple(c.stored()) for c in found.conditions]
    kinds = [c.kind for c in found.conditions]
    simplex = [p.name for p in found.model.parameters if p.range == "simplex"]
    assert [c.detail for c in found.conditions if c.kind == "tangent"] == simplex
    assert ("counted" in kinds) == (name in ("bayesian_regression", "semi_supervised"))
    assert ("start" in kinds) == (name in ("state_space", "hidden_markov"))
    not_real = [v.name for v in found.model.variables if v.role != "latent" and v.support != "real"]
    assert [c.subject for c in found.conditions if c.kind == "support"] == not_real


# -- what is false -----------------------------------------------------------------------------------------------------


def _refused(forged):
    with pytest.raises(checker.Refused):
        checker.replay(json.dumps(forged))


@pytest.mark.slow
@every_graph
def test_a_false_entropy_sum_is_refused(name):
    """Each addend left out, or counted twice, and a constant too many, with fresh hashes."""
    true = document(graph(name))
    head, *addends = true["statement"]["claim"]["entropy_sum"]
    assert head == "add"
    for k, addend in enumerate(addends):
        others = addends[:k] + addends[k + 1 :]
        _refused(claims(true, others[0] if len(others) == 1 else ["add", *others]))
        _refused(bonus(true, addend))
    for number in (1, ["frac", 1, 2], ["log", 2]):
        _refused(bonus(true, number))


@pytest.mark.some(2)
@every_graph
def test_a_false_direction_is_refused(name):
    """Each motion halved, turned round, or left out."""
    true = document(graph(name))
    for parameter, moved in true["statement"]["direction"].items():
        for times in (-1, ["frac", 1, 2]):
            other = ["mul", times, moved]
            if isinstance(moved, list) and moved[0] == "scaled":
                other = ["scaled", ["mul", times, moved[1]], moved[2]]
            _refused(forged(true, ((*DIRECTION, parameter), other)))
        _refused(forged(true, ((*DIRECTION, parameter), DELETE)))


# -- what has no direction ----------------------------------------------------------------------------------------------


def _two_layers(*, top=None, variance=None):
    w = ModelWriter(observed="d D")
    z1, z2 = w.latent_variable("z1", "h H"), w.latent_variable("z2", "l L")
    s1 = w.learned("s1", "h", range="positive")
    w.p(z2, NORMAL(0, w.learned("alpha2", "l", range="positive") if top is None else top))
    w.p(z1, NORMAL(w.network("m1", "h", reads=z2), s1))
    s0 = variance(w) if variance else w.learned("s0", range="positive")
    w.p(w.x, NORMAL(w.network("m0", "d", reads=z1), s0))
    w.q(z1, z2, ANY)
    return w.model("without")


def _constrained_weights():
    w = ModelWriter(observed="d D")
    c = w.latent_variable("c", "k K", support="onehot")
    w.p(c, CATEGORICAL(w.learned("pi0", "k", range="simplex")))
    w.p(w.x, NORMAL(w.learned("m", "d k"), w.learned("s", range="positive")), select=c)
    w.q(c, ANY)
    w.constrain("pi0", "no class is smaller than a tenth")
    return w.model("constrained")


def _fixed_transitions():
    w = ModelWriter(observed="d D")
    for plate in ("t T", "k K", "l K"):
        w.plate(plate)
    c0, c = (w.latent_variable(n, p, support="onehot") for n, p in (("c0", "k"), ("c", "t k")))
    y, before = w.observed_variable("y", "t d"), w.lag(c, "t", start=c0)
    w.p(c0, CATEGORICAL(w.learned("pi0", "k", range="simplex")))
    w.p(c, CATEGORICAL(w.fixed("A", "l k", range="simplex")), select=before, classes="l")
    w.p(y, NORMAL(w.learned("m", "d k"), w.learned("s", "d k", range="positive")), select=c)
    w.q(c0, c, ANY)
    return w.model("fixed_transitions")


def _one_bias_for_two_layers():
    """One logit for both layers of a belief net; the lower layer's weights stand still."""
    w = ModelWriter(observed="d D")
    v = w.latent_variable("v", "h H", support="binary")
    b = w.learned("b")
    w.p(v, BERNOULLI(b))
    w.p(w.x, BERNOULLI(w.sum("h", w.fixed("W", "d h") * v.entry) + b))
    w.q(v, ANY)
    return w.model("one_bias")


#: A model, the factor that is named, and the factors that are served all the same.
WITHOUT = {
    "fixed top prior": (lambda: _two_layers(top=1), "p_z2", ("p_z1", "p_x")),
    "fixed decoder variance": (
        lambda: _two_layers(variance=lambda w: w.fixed("s0", range="positive")),
        "p_x",
        ("p_z2", "p_z1"),
    ),
    "decoder variance a number": (
        lambda: _two_layers(variance=lambda w: sp.Integer(1)),
        "p_x",
        ("p_z2", "p_z1"),
    ),
    "constrained weights": (_constrained_weights, "p_c", ("p_x",)),
    "fixed transitions": (_fixed_transitions, "p_c", ("p_c0", "p_y")),
    "one bias for two layers": (_one_bias_for_two_layers, "p_x", ("p_v",)),
}


@pytest.mark.some(3)
@pytest.mark.parametrize("name", WITHOUT)
def test_of_what_has_no_direction_the_rest_is_true(name):
    make, role, served = WITHOUT[name]
    found = es.derive(make())
    assert isinstance(found, Refusal)
    refuted = "decoder variance" in name  # at a witness, which the data have
    assert found.verdict.value is (Value.REFUTED if refuted else Value.UNDECIDED)
    assert found.role == role
    assert (found.witness is not None) == refuted
    assert f"no motion of what is learned gives the {role}'s part" in found.reason
    left = found.partial
    assert isinstance(left, Derivation)
    assert left.verdict.value is Value.PROVED, left.verdict
    assert set(left.factors) == set(served)
    assert left.excess != 0
    false = document(left)
    _refused(forged(false, (("statement", "claim", "excess"), 0)))


def test_a_weight_counts_the_factors_of_the_divergence():
    """Of a beta-VAE with two layers: q and p of the latents have the weight, and their variances move by its inverse."""
    w = ModelWriter(observed="d D")
    beta = w.fixed("beta", range="positive")
    z1, z2 = w.latent_variable("z1", "h H"), w.latent_variable("z2", "l L")
    alpha2, s1 = w.learned("alpha2", "l", range="positive"), w.learned("s1", "h", range="positive")
    s0 = w.learned("s0", range="positive")
    w.p(z2, NORMAL(0, alpha2))
    w.p(z1, NORMAL(w.network("m1", "h", reads=z2), s1))
    w.p(w.x, NORMAL(w.network("m0", "d", reads=z1), s0))
    w.q(z1, z2, ANY)
    found = es.derive(w.model("weighted", objective=Objective(weight=beta)))
    assert found.verdict.value is Value.PROVED, found.verdict
    assert found.direction == {"alpha2": -alpha2 / beta, "s1": -s1 / beta, "s0": -s0}
    weights = document(found)["statement"]["objective"]["weights"]
    assert set(weights) == {"q_z1_z2", "p_z2", "p_z1"}


def test_what_moves_the_input_of_a_network_has_no_stationarity_condition():
    """The derivative of an expectation over q by what q learns needs that of the networks that read the latent."""
    w = ModelWriter(observed="d D")
    z1, z2 = w.latent_variable("z1", "h H"), w.latent_variable("z2", "l L")
    alpha2, s1 = w.learned("alpha2", "l", range="positive"), w.learned("s1", "h", range="positive")
    w.p(z2, NORMAL(0, alpha2))
    w.p(z1, NORMAL(w.network("m1", "h", reads=z2), s1))
    w.p(w.x, NORMAL(w.network("m0", "d", reads=z1), w.learned("s0", range="positive")))
    w.q(z1, NORMAL(w.network("nu1", "h", reads=w.x), w.learned("tau2", "h", range="positive")))
    w.q(z2, NORMAL(w.learned("nu2", "l"), 1))
    found = es.derive(w.model("with_learned_widths"))
    assert found.verdict.value is Value.PROVED
    assert set(found.stationarity) == {"alpha2", "s1", "s0"}


def test_a_class_has_the_probability_with_which_q_gives_it():
    """Along the simplex; off it nothing has to be stationary."""
    found = graph("mixture")
    equation = found.stationarity["pi0"]
    assert str(equation.lhs) == "pi0[k]"
    assert str(equation.rhs) == "1/N Σ_n {E_q[c[k]]}"
    page = es.render(found, "text")
    assert "For π_0,k it is the condition along the simplex." in " ".join(page.split())
    assert "    π_0,k = 1/N Σ_n E_q[c_k]" in page


def test_transitions_are_counted_by_q():
    """A row of transitions times how often its class was left is how often each class came next."""
    equation = graph("hidden_markov").stationarity["A"]
    assert str(equation.lhs) == "(1/N Σ_n {E_q[Sum(c@-1[t, l], (t, 1, T))]})*A[l, k]"
    assert str(equation.rhs) == "1/N Σ_n {E_q[Sum(c@-1[t, l]*c[t, k], (t, 1, T))]}"


# -- x and z of a plain model may be one-hot ----------------------------------------------------------------------------


def test_a_vae_of_labels():
    w = ModelWriter(observed="k K", latent="h H")
    alpha2, V, b = (
        w.learned("alpha2", "h", range="positive"),
        w.learned("V", "k h"),
        w.learned("b", "k"),
    )
    tau2 = w.network("tau2", "h", reads=w.x_n, range="positive")
    model = w.model(
        "labels",
        prior=NORMAL(0, alpha2),
        decoder=CATEGORICAL_LOGITS(w.sum("h", V * w.z_h) + b),
        encoder=NORMAL(w.network("nu", "h", reads=w.x_n), tau2),
    )
    found = es.derive(model)
    assert found.verdict.value is Value.PROVED
    assert found.direction == {"alpha2": -alpha2, "V": V, "b": b}
    assert ["support", "x", "onehot"] in [c.stored() for c in found.conditions]


def test_a_plain_model_with_a_latent_of_classes():
    w = ModelWriter(observed="d D", latent="k K")
    pi0, s = w.learned("pi0", "k", range="simplex"), w.learned("s", range="positive")
    model = w.model(
        "classes",
        prior=CATEGORICAL(pi0),
        decoder=NORMAL(w.sum("k", w.learned("V", "d k") * w.z_h), s),
        encoder=CATEGORICAL_LOGITS(w.network("nu", "k", reads=w.x_n)),
    )
    found = es.derive(model)
    assert found.verdict.value is Value.PROVED
    assert set(found.direction) == {"pi0", "s"}
    assert set(found.stationarity) == {"pi0", "s", "V"}


def _written_by_factors(latent):
    w = ModelWriter()
    z, b = w.latent_variable(latent, "h"), w.learned("b", "d")
    W, V, c = w.learned("W", "d h"), w.learned("V", "h d"), w.learned("c", "h")
    s, tau = w.learned("s", range="positive"), w.learned("tau", "h", range="positive")
    w.p(w.x, NORMAL(w.sum("h", W * z.entry) + b, s))
    w.p(z, NORMAL(0, 1))
    w.q(z, NORMAL(w.sum("d", V * w.x_nd) + c, tau**2))
    return w.model(f"linear_{latent}")


@pytest.mark.slow
def test_a_plain_model_may_be_written_factor_by_factor():
    """x and z are known, so prior, decoder and encoder are; the encoder moves, and the pages have the papers' signs."""
    model = _written_by_factors("z")
    assert model.is_plain
    assert [f.name for f in model.factors] == ["encoder", "prior", "decoder"]
    found = es.derive(model)
    assert found.verdict.value is Value.PROVED
    assert set(found.direction) == {"W", "V", "c", "tau", "s"}
    assert "E_q(z|x_n)[log p(x_n|z)]" in es.render(found, "text")


@pytest.mark.slow
def test_a_latent_of_another_name_makes_a_graph():
    model = _written_by_factors("v")
    assert not model.is_plain
    found = es.derive(model)
    assert found.verdict.value is Value.PROVED
    assert found.direction == es.derive(_written_by_factors("z")).direction
    assert "log p(x_n|v)" in es.render(found, "text")


# -- arrays that several factors read -----------------------------------------------------------------------------------


def test_an_array_moves_as_it_likes_where_factors_of_several_plates_read_it():
    """Probabilities, and a variance under a softplus, of something for a datum and of something for each of its visits."""
    w = ModelWriter(observed="d D")
    w.plate("t T")
    c0 = w.latent_variable("c0", "k K", support="onehot")
    c = w.latent_variable("c", "t k", support="onehot")
    pi0, r = w.learned("pi0", "k", range="simplex"), w.learned("r", "d")
    w.p(c0, CATEGORICAL(pi0))
    w.p(c, CATEGORICAL(pi0))
    w.p(w.x, NORMAL(w.learned("m", "d k"), Softplus(r)), select=c0)
    y = w.observed_variable("y", "t d")
    w.p(y, NORMAL(w.learned("l", "d k"), Softplus(r)), select=c)
    w.q(c0, c, ANY)
    found = es.derive(w.model("shared_by_visits"))
    assert found.verdict.value is Value.PROVED, found.verdict
    assert found.direction == {
        "pi0": sp.expand(pi0 * (sp.log(pi0) - w.sum("k", pi0 * sp.log(pi0)))),
        "r": -Softplus(r) / Sigmoid(r),
    }


def test_weights_of_classes_make_up_for_a_bias_that_is_fixed():
    """The classes of a label sum to 1, so a bias is a motion of the label's weights."""
    w = ModelWriter(observed="d D")
    u, z = w.given("u", "k K", support="onehot"), w.latent_variable("z", "h H", support="binary")
    A, W, b = w.learned("A", "h k"), w.learned("W", "d k"), w.fixed("b", "d")
    V = w.learned("V", "d h")
    w.p(z, BERNOULLI(w.sum("k", A * u.entry)))
    w.p(w.x, BERNOULLI(w.sum("k", W * u.entry) + w.sum("h", V * z.entry) + b))
    w.q(z, ANY)
    found = es.derive(w.model("fixed_bias"))
    assert found.verdict.value is Value.PROVED, found.verdict
    assert found.direction == {"A": A, "W": W + b, "V": V}


def test_log_variances_of_classes_need_no_bias():
    w = ModelWriter(observed="d D")
    u, A = w.given("u", "k K", support="onehot"), w.learned("A", "d k")
    w.p(w.x, NORMAL(w.network("mu", "d", reads=u), sp.exp(w.sum("k", A * u.entry))))
    found = es.derive(w.model("log_variances"))
    assert found.verdict.value is Value.PROVED, found.verdict
    assert found.direction == {"A": sp.S.NegativeOne}


def test_two_variables_of_the_same_classes_have_equations_of_their_own():
    w = ModelWriter(observed="d D")
    b = w.latent_variable("b", "k K", support="onehot")
    c = w.latent_variable("c", "k", support="onehot")
    pi0, rho = (w.learned(name, "k", range="simplex") for name in ("pi0", "rho"))
    r, s = (w.learned(name, "d", range="positive") for name in ("r", "s"))
    y = w.observed_variable("y", "d")
    w.p(b, CATEGORICAL(pi0))
    w.p(c, CATEGORICAL(rho))
    w.p(w.x, NORMAL(w.learned("m", "d k"), r), select=b)
    w.p(y, NORMAL(w.learned("l", "d k"), s), select=c)
    w.q(b, c, ANY)
    found = es.derive(w.model("same_classes"))
    assert found.verdict.value is Value.PROVED, found.verdict
    assert set(found.direction) == {"pi0", "rho", "r", "s"}
