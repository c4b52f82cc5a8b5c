"""Variables that are matrices: what is true of them is accepted, and each rule refuses something."""

import json

import pytest

from entropysym.checker import Malformed, Refused, replay

from .careless import careless
from .graph_terms import sealed
from .matrix_falsehoods import FALSE, TRAPS, VALID


@pytest.mark.parametrize("name", VALID)
def test_what_is_true_is_accepted(name):
    assert replay(json.dumps(VALID[name]())).work > 0


@pytest.mark.parametrize("name", FALSE)
def test_false_models_are_refused(name):
    """Each for its own reason: else the rule is not there."""
    build, word = FALSE[name]
    with pytest.raises((Refused, Malformed)) as caught:
        replay(json.dumps(sealed(build())))
    assert word in str(caught.value)


@pytest.mark.parametrize("name", TRAPS)
def test_a_careless_copy_accepts_what_is_refused(name):
    """The document tests the rule: it is refused with the rule and accepted without it."""
    build, word, changes = TRAPS[name]
    text = json.dumps(build())
    with pytest.raises((Refused, Malformed)) as caught:
        replay(text)
    assert word in str(caught.value)
    assert careless(*changes).replay(text).work > 0
