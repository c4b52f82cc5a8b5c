"""False claims, tampered files and hostile files are refused in one clear line."""

import contextlib
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entropysym.checker import Malformed, Refused, replay

from .documents import DOCUMENTS, sealed, vae2
from .false_laws import REASONS as REASONS_OF_LAWS
from .falsehoods import FALSE_CLAIMS, TAMPERINGS, VALID
from .hostile import HOSTILE
from .small_graphs import GRAPHS

ORIGINALS = [build() for build in (*DOCUMENTS, *GRAPHS)]
REASONS = {
    "an abstract network moves": "'nu': not one of sigma2, alpha2",
    "the prior's mean is the latent": "z is read, but it is not given",
    "the decoder's mean is the datum": "x is read, but it is not given",
    "plates of q and z differ": "0: what is bound there runs over H",
    "the log of the noise": "eps.*not shown to be positive",
    "a moved parameter that is not learned": "sigma2: moves, but it is not learned",
    "the variance is fixed": "D objective: not shown",
    "VAE-1 for any encoder": "D objective: not shown",
    "a base measure that is the density": "D log density = log density - log base measure",
    "another objective": "'beta-elbo': statement.objective is not an object",
    "a ghost parameter": "ghost.* moves, but the ELBO does not depend on it",
    "a constrained parameter moves": "sigma2: moves, but it is constrained",
    "the claim ELBO = ELBO": "entropy_sum: 'H encoder': a head not known or not allowed here",
    "zero times an infinite mean": "an expectation that the ELBO does not contain",
    "an infinite mean minus itself": "an expectation that the ELBO does not contain",
    "the encoder moves and z does not": "reparametrised encoder is needed",
    "an abstract network's input moves": "it has no D",
    "a variance that may be negative": "variance of decoder: .*sigma2.*: not shown to be positive",
    "an entropy one nat too large": "D log density = log density",
    "the variance for the scale": r"location \+ scale \* noise of a fixed law",
    "a true entropy for the pseudo entropy": "D log density = log density",
    "the data term of the base measure is dropped": "gap: without .* equal the entropy sum",
    "a base measure with a log rate": "families.poisson: not shown: D log density",
    "the condition on the base measure is dropped": "base_measure poisson is needed",
    "a base measure for the encoder": "an expectation that the ELBO does not contain",
    "log gamma of a real variable": "not shown to be positive",
    "log gamma of a count": r"loggamma of ..var..: not shown to be positive",
    "log gamma of a parameter called count": "loggamma of .*count.*: not shown",
    "encoder and prior on different sets": "'positive': prior is of z, which is real",
    "an absolute value moves": "does not move by a multiple of itself",
    "the excess is dropped": "ELBO = entropy sum . excess . D objective: not shown",
    "the excess in words only": "ELBO = entropy sum . excess . D objective: not shown",
    "an excess that is the gap": "excess: 'H encoder': a head not known",
    "the objective is the ELBO after all": "D objective: not shown",
    "the weight is learned": "the weight is learned: .*beta",
    "the weight is negative": "the weight: not shown to be positive",
    "the penalty's sign": "D objective: not shown",
    "stationarity of something else": "stationary objective alpha2 is needed",
    "the log det of a sum": "not a matrix that is allowed here",
    "a covariance that is not symmetric": "matmul.*: not shown to be posdef",
    "a covariance scaled by a real": "not shown to be posdef",
    "tr L L L^T L^T is tr L L^T L L^T": "entropy_sum: not shown to equal the entropy sum",
    "a matrix moves by its square": "not a multiple of A",
    "a matrix network's input moves": "of Omega moves: it has no D",
    "the encoder's covariance moves and z does not": "encoder moves, and it has no location and scale",
    "the noise of two data is one": "the noise of two data under one expectation",
    "one nat more": "entropy_sum: not shown to equal the entropy sum",
} | REASONS_OF_LAWS


def refusal(data: bytes | str) -> str:
    with pytest.raises((Refused, Malformed)) as caught:
        replay(data)
    message = str(caught.value)
    assert message
    assert "\n" not in message
    assert len(message) < 500
    return message


@pytest.mark.some(40)
@pytest.mark.parametrize("name", FALSE_CLAIMS)
def test_false_claims_are_refused(name):
    document = FALSE_CLAIMS[name]()
    assert document not in ORIGINALS
    message = refusal(json.dumps(document))
    assert "sha256" not in message
    assert re.search(REASONS.get(name, ""), message), message
    assert "false" not in message.lower()


def test_reasons_name_existing_claims():
    assert REASONS.keys() <= FALSE_CLAIMS.keys()


@pytest.mark.some(17)
@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampered_files_are_refused(name):
    data = TAMPERINGS[name]()
    assert data != VALID
    refusal(data)


@pytest.mark.some(2)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(name):
    refusal(HOSTILE[name]())


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(st.data())
def test_no_byte_of_a_file_can_be_changed_unnoticed(data):
    source = bytearray(data.draw(st.sampled_from([json.dumps(d).encode() for d in ORIGINALS])))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(source) - 1))
        source[place : place + data.draw(st.integers(0, 3))] = data.draw(
            st.one_of(
                st.binary(max_size=3), st.sampled_from([b"[", b"]", b'"', b"0", b"-", b"1e9"])
            )
        )
    try:
        same = json.loads(bytes(source)) in ORIGINALS
    except (ValueError, RecursionError):
        same = False
    if not same:
        refusal(bytes(source))


LEAVES = [0, 1, -1, 2, 17, True, None, "", "D", "sum", "z", [], {}, ["pi"], ["frac", 1, 2]]
LEAVES += [["v", "z", 0, 0], ["sum", "D", 1], ["objective"], ["D", ["objective"]], ["mean", "N", 1]]
LEAVES += [["mat", "A"], ["trace", ["mat", "A"]], ["scaled", 2, ["mat", "A"]], ["abs", -1], ["dim"]]


@pytest.mark.slow
@settings(deadline=None, max_examples=120)
@given(st.data())
def test_no_node_of_a_document_can_raise_anything_else(data):
    """A node anywhere is replaced or deleted and the hashes are made fresh again."""
    document = json.loads(json.dumps(data.draw(st.sampled_from(ORIGINALS))))
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


@pytest.mark.parametrize("name", ["ELBO", "Log", "sum_", "mean_n1", "E_q", "eps_z", "DIM", "Class"])
def test_names_that_would_read_as_something_else(name):
    text = json.dumps(vae2()).replace('"sigma2"', f'"{name}"')
    with pytest.raises(Malformed, match="a name that the printed statement needs"):
        replay(json.dumps(sealed(json.loads(text))))


def test_a_constraint_cannot_imitate_another_line():
    document = vae2()
    document["statement"]["model"]["constraints"][0]["text"] = "fine" + " " * 40 + "stationary: all"
    with pytest.raises(Malformed, match="two spaces in a row"):
        replay(json.dumps(sealed(document)))
