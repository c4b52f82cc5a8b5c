"""The two derivations written by hand are accepted, and the answer says what was shown."""

import json

import pytest

import entropysym.checker.rules
from entropysym.checker import Refused, replay, replay_file

from .documents import (
    DOCUMENTS,
    beta_vae2,
    cholesky_vae,
    gaussian_vae,
    linear_vae,
    poisson,
    sealed,
    vae0,
    vae2,
)
from .falsehoods import FALSE_CLAIMS


@pytest.mark.parametrize("build", DOCUMENTS)
def test_accepted_with_its_statement(build, tmp_path):
    document = build()
    path = tmp_path / "derivation.json"
    path.write_text(json.dumps(document))
    result = replay_file(path)
    assert result.model.removeprefix("own_") == build.__name__
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
    encoder = "normal(sum_(i1 <= D) (V[h, i1] * x(n)[i1]) + c[h], tau[h]^(2))"
    assert f"  encoder q(z[h] | x(n)), h <= H = {encoder}" in lines
    closed = "sum_(i1 <= H) (log(tau[i1])) + (-1/2) * D * log(2 * pi * e) + -1 * D * log(sigma)"
    assert f"  ELBO = {closed}" in lines
    assert "  closed: V is free in the encoder, which is closed under its motion" in lines


def test_bytes_and_text_and_spacing_do_not_matter():
    document = vae2()
    texts = [json.dumps(document), json.dumps(document, indent=1), json.dumps(document).encode()]
    assert len({replay(text).statement_sha256 for text in texts}) == 1


def test_the_name_of_a_shipped_model_is_kept_for_its_statement(monkeypatch):
    document = vae2()
    known = {"own_vae2": document["sha256"]["statement"]}
    monkeypatch.setattr(entropysym.checker.rules, "KNOWN", known)
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
    assert "objective = (beta) * mean_n (H[q_n] + E_q log p(z)) + mean_n E_q log p(x_n | z)" in text
    text = replay(json.dumps(poisson())).statement
    assert "base_measure: entropies of poisson are relative to it, pseudo entropies" in text
    assert "D A = -1 * A" in replay(json.dumps(gaussian_vae())).statement
