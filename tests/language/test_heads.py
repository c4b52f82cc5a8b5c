"""Binders never capture, and a derivative that would need the encoder's motion is refused."""

import pytest
import sympy as sp

import entropysym as es
from entropysym.errors import InputError, NotStorableError
from entropysym.language import DataMean, Entropy, LogDensity, NetworkValue, Vector
from entropysym.language.objective import expectation, latents_written_out, spelled_out
from entropysym.language.store import term
from entropysym.language.symbols import DATUM, LATENT, array, index, n, scalar, size

h, k, d = index("h"), index("k"), index("d")
H, D = size("H"), size("D")


def test_substitution_into_a_data_mean_does_not_capture_its_index():
    mean = DataMean(DATUM[n, d], n)
    moved = mean.subs(d, n)
    (bound,) = moved.bound_symbols
    assert bound != n
    assert moved.body == DATUM[bound, n]
    assert mean.subs(n, 3) == mean
    assert n not in mean.free_symbols


def test_substitution_into_a_vector_does_not_capture_its_index():
    a = array("a")
    vector = Vector(a[h] * scalar("s"), h, H)
    moved = vector.subs(scalar("s"), a[h])
    assert h in moved.free_symbols
    assert moved.bound_symbols != [h]


def test_the_derivative_of_an_expectation_is_not_silently_zero():
    linear = es.models.linear_vae()
    square = expectation(linear, LATENT[k] ** 2)
    tau = array("tau", "positive")
    with pytest.raises(InputError, match="the encoder moves with"):
        sp.diff(square, tau[h])
    sigma = scalar("sigma", "positive")
    assert sp.diff(expectation(linear, sigma * LATENT[k]), sigma) == expectation(linear, LATENT[k])


def test_an_abstract_network_has_no_derivative_by_its_input():
    x = scalar("u")
    value = NetworkValue(sp.Symbol("f", real=True), sp.Tuple(h), sp.Tuple(Vector(x, k, H)))
    with pytest.raises(InputError, match="abstract network f cannot be differentiated by u"):
        sp.diff(value, x)
    assert sp.diff(value, scalar("t")) == 0


def test_positive_networks_let_logarithms_split():
    label = sp.Symbol("tau2", positive=True)
    value = NetworkValue(label, sp.Tuple(h), sp.Tuple(Vector(DATUM[n, d], d, D)))
    assert sp.expand_log(sp.log(2 * value)) == sp.log(2) + sp.log(value)
    assert label not in value.free_symbols


def test_latents_are_written_out_per_index():
    linear = es.models.linear_vae()
    body = expectation(linear, LATENT[k] * LATENT[h], reparametrised=True)
    written = latents_written_out(body)
    assert not written.has(LATENT)
    assert str(written.body).count("epsilon[k]") == 1


@pytest.mark.parametrize("name", ["", "2x", "a b", "x" * 33, "__import__('os')", "σ", "a;b", 3])
def test_hostile_names_are_refused(name):
    with pytest.raises(InputError, match="is no name"):
        scalar(name)


def test_unknown_roles_and_ranges_are_refused():
    with pytest.raises(InputError, match="unknown factor 'likelihood'"):
        term(LogDensity("likelihood"), es.models.vae2())
    with pytest.raises(InputError, match="unknown factor 'q'"):
        spelled_out(es.models.vae2(), Entropy("q"), {})
    with pytest.raises(InputError, match="unknown range 'negative'"):
        scalar("a", "negative")


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        (sp.Float(0.5), "no head for 0.5"),
        (sp.zeta(scalar("sigma2", "positive")), "no head for"),
        (scalar("sigma2"), "no parameter or size sigma2 with this range"),
        (DATUM[n, d], "n is not bound here"),
        (sp.Sum(1, (h, 2, H)), "runs from 2 to H"),
        (sp.Sum(1, (h, 1, 3)), "runs from 1 to 3"),
        (H ** scalar("sigma2", "positive"), "is not rational"),
    ],
)
def test_what_has_no_stored_form_is_refused(expression, words):
    with pytest.raises(NotStorableError, match=words):
        term(expression, es.models.vae2())
