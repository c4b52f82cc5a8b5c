"""Objectives with a weight for each factor, and objectives that are no such sum."""

from dataclasses import replace

import pytest
import sympy as sp

import entropysym as es
from entropysym.errors import InputError
from entropysym.exact import exact
from entropysym.language.records import OTHER_OBJECTIVES, Objective
from entropysym.models import ZOO
from entropysym.prover import Derivation, Refusal
from entropysym.verdict import Value
from entropysym.witness import density_elbo, sweep
from tests.instances import names


def weighed(name, **weights):
    return replace(ZOO[name](), name=f"weighed_{name}", objective=Objective(weights=weights))


#: A number for each factor: the weights of q's entropies have to be those that leave their own equation alone.
CASES = {
    "each factor of the generator": weighed("two_layer_vae", p_z2=2, p_z1=sp.Rational(1, 3)),
    "q alone": weighed("two_layer_vae", q_z1=3),
    "the reconstruction": weighed("vae1", decoder=sp.Rational(1, 2)),
    "prior and encoder apart": weighed("vae2", prior=2, encoder=5),
    "a mixture's classes": weighed("gaussian_mixture", p_c=sp.Rational(2, 7)),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", names(CASES, ("q alone", "prior and encoder apart")))
def test_a_weight_of_a_factor_divides_its_motion(case):
    model = CASES[case]
    found = es.derive(model)
    assert isinstance(found, Derivation)
    assert found.verdict.value is Value.PROVED
    result = sweep(found.identity, count=60)
    assert result.passed, result


@pytest.mark.slow
def test_with_other_weights_the_old_direction_fails():
    """The negative control: the direction of the ELBO is none of the weighted objective."""
    plain, model = es.derive(ZOO["vae1"]()), CASES["the reconstruction"]
    wrong = replace(es.derive(model).identity, direction=plain.identity.direction)
    assert not sweep(wrong, count=20).passed


def test_weights_that_let_a_latent_not_be_scaled():
    """Where the prior is fixed, z is scaled in q: its entropy and log p then have to count alike, and unlike they do not serve."""
    alike = weighed("vae1", prior=2, encoder=2)
    assert isinstance(es.derive(alike), Derivation)
    unlike = es.derive(weighed("vae1", prior=2, encoder=3))
    assert isinstance(unlike, Refusal)


@pytest.mark.some(2)
@pytest.mark.parametrize("named", OTHER_OBJECTIVES)
@pytest.mark.parametrize("name", ["vae1", "two_layer_vae", "vae0"])
def test_what_is_only_named_is_refused_with_its_reason(named, name):
    model = replace(ZOO[name](), objective=Objective(named=named))
    refusal = es.derive(model)
    assert isinstance(refusal, Refusal)
    assert refusal.verdict.value is Value.UNDECIDED
    assert named in refusal.reason
    assert OTHER_OBJECTIVES[named] in str(refusal.verdict)
    said = " ".join(es.render(refusal, "text").split())
    assert named in said.lower()
    assert ("true where the ELBO is maximised in its place" in said) == (
        refusal.partial is not None
    )
    with pytest.raises(InputError, match=f"the {named} has no formula here"):
        density_elbo(model)


def test_wrong_weights_are_refused():
    with pytest.raises(InputError, match="unknown objective 'free bit'; did you mean free bits"):
        Objective(named="free bit")
    with pytest.raises(InputError, match="surely positive, which -1"):
        Objective(weights={"prior": -1})
    with pytest.raises(InputError, match="unknown factor 'top'"):
        weighed("vae1", top=2)
    sizes = {"N": 3, "D": 2, "K": 2}
    with pytest.raises(InputError, match=r"parts of the ELBO .* are weighted"):
        exact(weighed("gaussian_mixture", p_c=2), sizes)
