"""What is refused is false: at a vanishing gradient a gap remains, and where a formula predicts it, it is that gap."""

import pytest

import entropysym as es
from entropysym.claims import COUNTER_EXAMPLES
from entropysym.verdict import Value
from tests.instances import names

#: The reason that the refusal of the counter-example's own model gives, in its words.
REASONS = {
    "fixed variance": "gives the decoder's part beside that of the prior: it learns W, b, sigma being fixed",
    "frozen encoder": "gives the prior's part beside that of the decoder: it learns nothing",
    "softplus head": "gives the decoder's part beside that of the prior",
    "clamped variance": "the derivative by its parameter is 0 whatever the gap",
}

#: One of a fixed parameter and one of a kink.
QUICK = ("fixed variance", "clamped variance")


@pytest.mark.some(1)
@pytest.mark.parametrize("name", names(COUNTER_EXAMPLES, QUICK))
def test_a_gap_at_a_vanishing_gradient(name):
    found = COUNTER_EXAMPLES[name]()
    assert found.name == name
    assert found.convinces, found
    assert found.gradient_norm < 1e-8
    assert abs(found.gap) > 1e-3
    if name == "softplus head":
        assert found.extra["gap_with_60_nodes"] == pytest.approx(found.gap, rel=1e-9)
    else:
        assert found.extra["predicted"] == pytest.approx(found.gap, rel=1e-9)
    refusal = es.derive(found.model)
    assert isinstance(refusal, es.Refusal)
    assert refusal.verdict.value is not Value.PROVED
    assert REASONS[name] in refusal.reason
    assert refusal.counter_example == name
    assert f"counter-example {name}" in " ".join(es.render(refusal).split())


@pytest.mark.some(1)
@pytest.mark.parametrize(
    ("model", "name"),
    [
        (es.models.vae0, "fixed variance"),
        (lambda: es.models.vae1(frozen_encoder=True), "frozen encoder"),
        (lambda: es.models.vae3(head="softplus"), "softplus head"),
    ],
)
def test_a_refusal_of_the_zoo_names_the_counter_example_of_its_kind(model, name):
    assert es.derive(model()).counter_example == name
