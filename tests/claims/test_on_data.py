"""Models settled on data: of their kind, to a stationary point or with the reason, and compared by two witnesses."""

from dataclasses import replace

import jax
import numpy as np
import pytest

import entropysym as es
from entropysym.ascent import Plan, settling
from entropysym.claims import COUNTER_EXAMPLES, on_data
from entropysym.claims.on_data import PLAN, Sample, rest_on, sample
from entropysym.claims.on_graphs import graph_sample, rest_on_graph
from entropysym.claims.reporting import figures
from entropysym.claims.verification import Verification, rest_verdict, verify
from entropysym.errors import InputError, NoStationaryPointError
from entropysym.models import ZOO
from entropysym.networks.defaults import concrete
from entropysym.verdict import Value
from entropysym.witness import entropy_sum, measuring
from tests.instances import names

#: One of each kind of data.
QUICK = ("linear_vae", "vae2", "bernoulli_vae", "poisson_vae")


def data(support: str, N: int = 150, D: int = 5) -> np.ndarray:
    """Heavy-tailed data that no model fits, made to be of a kind."""
    rng = np.random.default_rng(1)
    t = rng.normal(size=(N, 1))
    x = t * np.linspace(2, -1, D) + 0.3 * np.tanh(2 * t) + 0.5 * rng.laplace(size=(N, D))
    return {"real": x, "binary": 1.0 * (x > 0), "count": np.floor(np.exp(x / 2))}[support]


#: An ascent that ends long before a stationary point.
EARLY = Plan(epochs=0, lbfgs=2, newton=0)


def derived(name: str):
    found = es.derive(ZOO[name]())
    return found.partial if isinstance(found, es.Refusal) else found


@pytest.fixture(autouse=True)
def one_start(monkeypatch):
    """Ascents that are cut off early need no others."""
    monkeypatch.setattr(on_data, "STARTS", 1)


@pytest.mark.slow
def test_a_stationary_point_where_both_witnesses_agree():
    d = derived("linear_vae")
    rest = rest_on(d, sample(d.model, data("real")))
    assert rest.measured.stationary, rest.settled
    assert rest.measured.as_predicted
    assert abs(rest.measured.gap.gap) <= 1e-8
    assert abs(rest.measured.gap.elbo - rest.ppca) <= 1e-8
    assert rest_verdict(rest).value is Value.PROVED


@pytest.mark.slow
@pytest.mark.parametrize("name", names(QUICK, ("vae2", "poisson_vae")))
def test_the_identity_is_as_predicted_wherever_an_ascent_ends(name):
    """Away from a stationary point the gap is not 0, and nothing is said to be proved of it."""
    d = derived(name)
    some = sample(d.model, data(d.model.decoder.family.support))
    early = rest_on(d, some, plan=EARLY)
    assert early.measured.as_predicted
    assert not early.measured.stationary
    assert (early.measured.density_residual is None) == (name == "poisson_vae")  # a pseudo entropy
    assert rest_verdict(early).value is Value.UNDECIDED


@pytest.mark.slow
def test_a_wrong_entropy_sum_is_refuted_by_the_data():
    d = derived("linear_vae")
    some = sample(d.model, data("real"))
    wrong = replace(d, stationary_value=d.stationary_value + 1)
    assert rest_verdict(rest_on(wrong, some, plan=EARLY)).value is Value.REFUTED


@pytest.mark.slow
def test_the_second_witness_alone_refutes(monkeypatch):
    """The derived sum agrees, the entropies of the densities do not."""
    wrong = {"encoder": 1.0, "prior": 2.0, "decoder": 3.0}
    monkeypatch.setattr(measuring, "_entropies", lambda *_: wrong)
    d = derived("linear_vae")
    rest = rest_on(d, sample(d.model, data("real")), plan=EARLY)
    assert rest.measured.gap.agrees
    assert rest_verdict(rest).value is Value.REFUTED


@pytest.mark.slow
@pytest.mark.parametrize(("name", "plan"), [("vae2", EARLY), ("linear_vae", PLAN)])
def test_the_same_input_gives_the_same_figures(name, plan):
    d = derived(name)
    some = sample(d.model, data("real"))
    one, other = rest_on(d, some, plan=plan), rest_on(d, some, plan=plan)
    assert one.measured.gap == other.measured.gap
    assert one.settled.steps == other.settled.steps


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "factors"),
    [("linear_vae", ("encoder", "prior", "decoder")), ("heteroscedastic_regression", ("p_y",))],
)
def test_entropies_are_reported_by_the_names_of_the_factors(name, factors):
    d = derived(name)
    if d.model.is_plain:
        rest = rest_on(d, sample(d.model, data("real")), plan=EARLY)
    else:
        rest = rest_on_graph(d, graph_sample(d.model, None), plan=EARLY)
    found = figures(Verification(name, d.verdict, d, rest=rest))
    shown = [f"{factor} entropy" for factor in factors]
    assert [key for key in found if key.endswith("entropy")] == shown
    assert [found[key] for key in shown] == list(rest.measured.entropies.values())


def test_data_of_another_kind_are_refused_by_name():
    with pytest.raises(InputError, match=r"0.5 is not what a Bernoulli decoder needs, 0 or 1"):
        verify([ZOO["bernoulli_vae"]()], np.full((9, 2), 0.5))


def test_built_in_data_are_made_to_be_of_the_kind():
    for name in QUICK:
        model = ZOO[name]()
        found = sample(model, "digits")
        assert found.x.shape[0] == 1797
        assert "digits" in str(found)
        binary = model.decoder.family.support == "binary"
        assert (set(np.unique(found.x)) == {0.0, 1.0}) == binary
    assert sample(ZOO["vae2"](), "digits").x.shape == (1797, 64)  # one variance: nothing is dropped
    assert "dropped" in str(sample(ZOO["vae2_per_dimension"](), "digits"))
    assert sample(ZOO["gaussian_vae"](), "digits").x.shape == (1797, 3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("x", "words"),
    [(np.ones((20, 4)), "equal"), (np.outer(np.arange(9.0), np.ones(4)), "rank")],
)
def test_what_has_no_stationary_point_is_vacuous(x, words, at_shapes):
    at_shapes((2, 3, 4))
    (found,) = verify([ZOO["linear_vae"]()], x, configurations=8)
    assert found.verdict.value is Value.UNDECIDED
    assert found.verdict.reason.startswith("vacuous, ")
    assert words in found.verdict.reason
    assert found.rest is None
    with pytest.raises(NoStationaryPointError):
        rest_on(derived("linear_vae"), Sample(x, "x"))


@pytest.mark.slow
def test_data_that_are_not_used_are_not_named(at_shapes):
    at_shapes((2, 3, 4))
    (found,) = verify([ZOO["vae2"]()], None, configurations=8)
    assert found.rest is None
    assert found.verdict.evidence == ("replayed", "float64")


@pytest.mark.slow
def test_a_refused_model_is_settled_for_its_partial_result():
    d = derived("vae0")
    few = Plan(epochs=0, lbfgs=20, newton=0, block=10)
    rest = rest_on(d, sample(d.model, data("real")), plan=few)
    assert rest.measured.as_predicted
    assert jax.tree.leaves(rest.concrete.fixed)
    assert rest.measured.entropies is not None
    three = entropy_sum(d.model, rest.measured.entropies)
    assert abs(rest.measured.gap.entropy_sum - float(three)) > 1e-3  # the excess


@pytest.mark.slow
def test_another_start_is_tried_where_the_first_does_not_settle(monkeypatch):
    d = derived("linear_vae")
    some = sample(d.model, data("real"))
    whole = on_data._rest_from

    def first_stops_early(derived, data, latent, seed, plan, progress):
        return whole(derived, data, latent, seed, EARLY if seed == 4 else plan, progress)

    monkeypatch.setattr(on_data, "_rest_from", first_stops_early)
    assert not rest_on(d, some, seed=4).measured.stationary
    monkeypatch.setattr(on_data, "STARTS", 3)
    rest = rest_on(d, some, seed=4)
    assert (rest.measured.stationary, rest.seed) == (True, 5)


@pytest.mark.slow
def test_no_other_start_hides_an_identity_that_fails(monkeypatch):
    monkeypatch.setattr(on_data, "STARTS", 3)
    d = derived("linear_vae")
    wrong = replace(d, stationary_value=d.stationary_value + 1)
    rest = rest_on(wrong, sample(d.model, data("real")), plan=EARLY)
    assert rest.seed == 0
    assert rest_verdict(rest).value is Value.REFUTED


@pytest.mark.slow
def test_an_interrupted_ascent_says_nothing(monkeypatch):
    """What `settle` keeps of a training that was cut off is nothing to draw a verdict from, or a counter-example."""

    def cut_off(*_):
        raise KeyboardInterrupt

    d = derived("linear_vae")
    some = sample(d.model, data("real"))
    monkeypatch.setattr(settling._Trainer, "advance", cut_off)
    with pytest.raises(KeyboardInterrupt, match="interrupted after step 0"):
        rest_on(d, some)
    for example in COUNTER_EXAMPLES.values():
        with pytest.raises(KeyboardInterrupt, match="interrupted after step 0"):
            example()


def test_a_border_is_named():
    model = ZOO["vae3_linear"]()
    c = concrete(model, data("real"))
    assert on_data._border(c, c.start) is None
    near = {**c.start, "A": c.start["A"].at[1, 0].set(-20.0)}
    assert on_data._border(c, near) == "A runs to 0 (its smallest entry is 2e-09)"
