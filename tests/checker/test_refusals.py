"""False claims, tampered files and hostile files are refused in one clear line."""

import contextlib
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entropysym.checker import Malformed, Refused, replay

from .documents import linear_vae, sealed, vae2
from .falsehoods import FALSE_CLAIMS, TAMPERINGS, VALID
from .hostile import HOSTILE

REASONS = {
    "an abstract network moves": "'nu': not one of sigma2, alpha2",
    "the prior's mean is the latent": "nothing is bound at 1",
    "the decoder's mean is the datum": "what is bound at 1 is latent",
    "plates of q and z differ": "what is bound at 0 is index H",
    "the log of the noise": "the logarithm of eps.*not shown to be positive",
    "a moved parameter that is not learned": "sigma2 moves, but it is not learned",
    "the variance is fixed": r"steps\[2\] \(tempering\): not shown to equal the ELBO",
    "VAE-1 for any encoder": r"steps\[3\] \(tempering\): not shown to equal the ELBO",
    "a base measure that is the density": r"base measure -1 \* var\^\(2\): only 0",
    "another objective": "'beta-elbo': not 'elbo'",
    "a ghost parameter": "ghost moves, but it occurs in no factor",
    "a constrained parameter moves": "sigma2 moves, but it is constrained",
    "the claim ELBO = ELBO": "a closed form that holds H",
    "zero times an infinite mean": "an expectation that the ELBO does not contain",
    "an infinite mean minus itself": "an expectation that the ELBO does not contain",
    "the encoder moves and z does not": "reparametrise first",
    "an abstract network's input moves": "cannot be differentiated",
    "a variance that may be negative": "variance of the decoder: sigma2: not shown to be positive",
    "an entropy one nat too large": "derivative of the log density = log density",
    "twice the scale": "location \\+ scale \\* eps has the family's density",
    "one nat more": r"steps\[6\] \(closed_form\): not shown to equal the entropy sum",
}


def refusal(data: bytes | str) -> str:
    with pytest.raises((Refused, Malformed)) as caught:
        replay(data)
    message = str(caught.value)
    assert message
    assert "\n" not in message
    assert len(message) < 500
    return message


@pytest.mark.parametrize("name", FALSE_CLAIMS)
def test_false_claims_are_refused(name):
    document = FALSE_CLAIMS[name]()
    assert document not in (vae2(), linear_vae())
    message = refusal(json.dumps(document))
    assert "sha256" not in message
    assert re.search(REASONS.get(name, ""), message), message
    assert "false" not in message.lower()


def test_reasons_name_existing_claims():
    assert REASONS.keys() <= FALSE_CLAIMS.keys()


@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampered_files_are_refused(name):
    data = TAMPERINGS[name]()
    assert data != VALID
    refusal(data)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(name):
    refusal(HOSTILE[name]())


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_no_byte_of_a_file_can_be_changed_unnoticed(data):
    source = bytearray(data.draw(st.sampled_from([VALID, json.dumps(linear_vae()).encode()])))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(source) - 1))
        source[place : place + data.draw(st.integers(0, 3))] = data.draw(
            st.one_of(
                st.binary(max_size=3), st.sampled_from([b"[", b"]", b'"', b"0", b"-", b"1e9"])
            )
        )
    try:
        same = json.loads(bytes(source)) in (vae2(), linear_vae())
    except (ValueError, RecursionError):
        same = False
    if not same:
        refusal(bytes(source))


LEAVES = [0, 1, -1, 2, 17, True, None, "", "D", "sum", "z", [], {}, ["pi"], ["frac", 1, 2]]
LEAVES += [["z", 0, 0], ["sum", "D", 1], ["elbo"], ["D", ["objective"]], ["mean", 1]]


@settings(deadline=None, max_examples=120)
@given(st.data())
def test_no_node_of_a_document_can_raise_anything_else(data):
    """A node anywhere is replaced or deleted and the hashes are made fresh again."""
    document = json.loads(json.dumps(data.draw(st.sampled_from([vae2(), linear_vae()]))))
    place = document
    for _ in range(data.draw(st.integers(1, 12))):
        keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            place[key] = data.draw(st.sampled_from([*LEAVES, place[key]]))
            break
        place = place[key]
    if isinstance(document, dict) and {"certificates", "statement", "steps"} <= document.keys():
        document = sealed(document)
    with contextlib.suppress(Refused, Malformed):
        replay(json.dumps(document))
