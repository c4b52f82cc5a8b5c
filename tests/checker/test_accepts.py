"""The two derivations written by hand are accepted, and the answer says what was shown."""

import json

import pytest

import entropysym.checker.gate
from entropysym.checker import Malformed, Refused, replay, replay_file

from .documents import (
    DOCUMENTS,
    HALF,
    beta_vae2,
    cholesky_vae,
    gaussian_vae,
    linear_vae,
    poisson,
    sealed,
    vae0,
    vae2,
)
from .false_laws import supports
from .falsehoods import FALSE_CLAIMS
from .forging import bonus, forged
from .laws import (
    LAWS,
    any_law,
    closed_logistic,
    closed_student,
    deep,
    standard_certificate,
    standard_normal,
    stretched,
    unit_certificate,
    unit_normal,
)
from .small_graphs import GRAPHS


@pytest.mark.some(12)
@pytest.mark.parametrize("build", [*DOCUMENTS, *LAWS, *GRAPHS])
def test_accepted_with_its_statement(build, tmp_path):
    document = build()
    path = tmp_path / "derivation.json"
    path.write_text(json.dumps(document))
    result = replay_file(path)
    assert result.model.removeprefix("own_") == build.__name__.removeprefix("own_")
    assert result.rules == tuple(step["rule"] for step in document["steps"])
    assert [list(c) for c in result.conditions] == document["statement"]["conditions"]
    assert result.statement_sha256 == document["sha256"]["statement"]
    assert f"statement sha256: {result.statement_sha256}" in result.statement
    assert "the objective is stationary in " in result.statement
    assert result.origin == "not one of the shipped models"


def test_statement_names_model_direction_claim_and_conditions():
    lines = replay(json.dumps(linear_vae())).statement.splitlines()
    assert "  parameter W[D, H] real, learned" in lines
    assert "direction: D W[i1, i2] = (-1/2) * W[i1, i2]" in lines
    encoder = "normal(sum_(i2 <= D) (V[i1, i2] * x[n1, i2]) + c[i1], tau[i1]^(2))"
    assert f"  encoder q(z[n1, i1] | x) = {encoder}" in lines
    assert "  variable x[N, D] real, observed" in lines
    closed = "sum_(i1 <= H) (log(tau[i1])) + (-1/2) * D * log(2 * pi * e) + -1 * D * log(sigma)"
    assert f"  ELBO = {closed}" in lines
    assert "  closed: V is free in encoder, which is closed under its motion" in lines


def test_bytes_and_text_and_spacing_do_not_matter():
    document = vae2()
    texts = [json.dumps(document), json.dumps(document, indent=1), json.dumps(document).encode()]
    assert len({replay(text).statement_sha256 for text in texts}) == 1


def test_the_name_of_a_shipped_model_is_kept_for_its_statement(monkeypatch):
    document = vae2()
    known = {"own_vae2": document["sha256"]["statement"]}
    monkeypatch.setattr(entropysym.checker.gate, "KNOWN", known)
    assert replay(json.dumps(document)).origin == "the shipped model 'own_vae2'"
    document["statement"]["model"]["constraints"] = []
    document["statement"]["conditions"].pop(7)
    with pytest.raises(Refused, match="not that of the shipped model 'own_vae2'"):
        replay(json.dumps(sealed(document)))
    document["statement"]["model"]["name"] = "mine"
    assert not replay(json.dumps(sealed(document))).shipped


def test_the_linear_vae_with_any_prior_variance_needs_its_own_closed_form():
    document = FALSE_CLAIMS["N(0, 2) as the prior of the linear VAE"]()
    form = document["steps"][-1]["result"]
    more = ["mul", ["frac", -1, 2], ["size", "H"], ["log", 2]]
    document["steps"][-1]["result"] = document["statement"]["claim"]["entropy_sum"] = [*form, more]
    assert replay(json.dumps(sealed(document))).model == "own_linear_vae"


def test_an_identity_of_traces_may_be_added():
    """tr (L L L^T) = tr (L L^T L) by rotation."""
    left, right = ["mat", "L"], ["transposed", ["mat", "L"]]
    one, other = ["matmul", left, left, right], ["matmul", left, right, left]
    document = cholesky_vae()
    zero = ["add", ["trace", one], ["mul", -1, ["trace", other]]]
    form = [*document["steps"][-1]["result"], zero]
    document["steps"][-1]["result"] = document["statement"]["claim"]["entropy_sum"] = form
    assert replay(json.dumps(sealed(document))).model == "cholesky_vae"


def test_the_statement_names_what_is_not_the_plain_theorem():
    text = replay(json.dumps(vae0())).statement
    assert "claim, where the conditions hold: ELBO = entropy sum + excess: (1/2) * D + " in text
    text = replay(json.dumps(beta_vae2())).statement
    kl = "beta * H[encoder, n1] + beta * E_q (logp[prior, n1])"
    assert f"objective = mean_(n1 <= N) ({kl} + E_q (logp[decoder, n1])) + -1 * " in text
    text = replay(json.dumps(poisson())).statement
    assert "base_measure: entropies of poisson are relative to it, pseudo entropies" in text
    assert "D A = -1 * A" in replay(json.dumps(gaussian_vae())).statement


@pytest.mark.parametrize(
    ("inner", "outer"),
    [("unit", "positive"), ("unit", "real"), ("positive", "real"), ("binary", "count")],
)
def test_the_encoder_may_lie_within_the_prior(inner, outer):
    assert replay(json.dumps(supports(inner, outer))).model == "own_names"


def test_an_encoder_of_any_law_is_printed_as_such():
    lines = replay(json.dumps(any_law())).statement.splitlines()
    assert "  encoder q(z | x) = any law, which reads none of the parameters" in lines
    assert "D f = d/dt f(parameters + t * direction) at t = 0" in lines


def test_only_normal_noise_is_said_to_be_normal():
    text = replay(json.dumps(closed_logistic())).statement
    normal, logistic = (text.split(f"  family {name}(")[1] for name in ("normal", "logistic"))
    assert "normalised: shown, as that of location + scale" in normal.split("family")[0]
    assert "normalised: NOT SHOWN" in logistic.split("\n  prior")[0]


def test_twice_the_scale_is_another_noise_of_the_same_law():
    """N(m, v) is m + 2 sqrt(v) * N(0, 1/4): true, but its moments are not taken."""
    scale = ["mul", 2, ["pow", ["arg", "variance"], HALF]]
    path = ("statement", "model", "families", "normal", "scale")
    assert "NOT SHOWN" in replay(json.dumps(forged(linear_vae(), (path, scale)))).statement


def test_noise_with_a_law_for_each_datum():
    """mean_n E_eps f(eps) is a number of its own; where the law is one for all, E_eps f(eps) is."""
    square = ["reparam", ["sum", "H", ["pow", ["eps", "z", 1, 0], 2]]]
    twice = ["mean", "N", ["mul", square, 2]]
    zero = ["add", twice, ["mul", -2, ["mean", "N", square]]]
    for build in (closed_logistic, closed_student):
        assert replay(json.dumps(bonus(build(), zero))).rules


def test_networks_that_stand_still_to_first_order_are_named():
    text = replay(json.dumps(deep())).statement
    line = "lipschitz: mu is locally Lipschitz: its input stands still along the direction to first"
    assert line in text
    assert "lipschitz" not in replay(json.dumps(closed_student())).statement


@pytest.mark.parametrize("exponent", [["frac", 17, 10], ["frac", 64, 63], 64])
def test_exponents(exponent):
    power = ["pow", ["param", "sigma2"], exponent]
    document = vae2()
    term = ["add", power, ["mul", -1, power]]
    assert replay(json.dumps(bonus(document, term))).rules
    with pytest.raises(Malformed, match="not an exponent"):
        replay(json.dumps(bonus(document, ["pow", ["param", "sigma2"], ["frac", 65, 2]])))


@pytest.mark.parametrize("shifted", [False, True])
def test_a_variable_may_be_stretched_on_the_whole_line(shifted):
    own = unit_normal() if shifted else standard_normal()
    certificate = unit_certificate() if shifted else standard_certificate()
    document = stretched(own, [["param", "m"]] if shifted else [], certificate)
    assert replay(json.dumps(document)).model == "stretched"


def test_a_variable_may_be_stretched_on_the_positive_numbers():
    own = standard_normal() | {"support": "positive"}
    document = stretched(own, [], standard_certificate())
    assert "of positive variables" in replay(json.dumps(document)).statement
