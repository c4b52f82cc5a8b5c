"""What Coq says of printed theories: accepted on four axioms, and every tampered one refused."""

import re
import shutil
import subprocess
from importlib.resources import files

import pytest

import entropysym as es
from entropysym.errors import InputError
from entropysym.export.coq import checking, theory
from entropysym.export.coq.checking import check, compile_prelude, coqc
from entropysym.prover.document import to_json
from tests.instances import derivation

pytestmark = pytest.mark.skipif(coqc() is None, reason="no coqc here")
NAMES = sorted(es.models.ZOO)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("coq")
    assert compile_prelude(made).accepted
    return made


def _text(name):
    return theory(to_json(derivation(name)))


@pytest.mark.slow
def test_vae2_is_accepted_on_the_four_axioms(folder):
    seen = check(_text("vae2"), "vae2", folder)
    assert seen.accepted, seen.message
    assert {a.split(".")[-1] for a in seen.axioms} == {a.split(".")[-1] for a in checking.AXIOMS}


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if name != "vae2"])
def test_all_that_ships_is_accepted(name, folder):
    seen = check(_text(name), name, folder)
    assert seen.standard, seen.message


@pytest.mark.slow
def test_a_further_axiom_is_noticed(folder):
    text = _text("vae2").replace("Section vae2.", "Axiom more : 1 = 1.\nSection vae2.", 1)
    text = text.replace(
        "Lemma closed : entropy_sum p = closed_form p.\nProof.",
        "Lemma closed : entropy_sum p = closed_form p.\nProof.\n  pose proof more.",
    )
    seen = check(text, "vae2_more", folder)
    assert seen.accepted
    assert not seen.standard


#: Model -> what is printed, and what is printed in its place.
TAMPERED = {
    "vae2": [
        ("sigma2 := sigma2 p * exp ((- 1) * t)", "sigma2 := sigma2 p * exp (1 * t)"),
        (
            "- 1 / 2 * INR D * ln (2 * exp 1 * PI * sigma2 p).",
            "- 1 / 2 * INR H * ln (2 * exp 1 * PI * sigma2 p).",
        ),
        ("  1 / 2 + 1 / 2 * ln 2", "  1 / 3 + 1 / 2 * ln 2"),
        (
            "H_encoder p o - H_prior p o - H_decoder p o",
            "H_encoder p o + H_prior p o - H_decoder p o",
        ),
    ],
    "sparse_coding": [
        ("sigma2 := sigma2 p * exp ((- 1) * t)", "sigma2 := sigma2 p"),
        ("lambda p h * exp ((- 1) * t)", "lambda p h * exp ((- 1 / 2) * t)"),
        ("  1 + ln 2 + ln scale", "  2 + ln 2 + ln scale"),
    ],
    "linear_vae": [
        ("tau p h * exp ((1 / 2) * t)", "tau p h * exp (1 * t)"),
        ("W p d h * exp ((-1 / 2) * t)", "W p d h"),
        ("sigma := sigma p * exp ((-1 / 2) * t)", "sigma := sigma p * exp ((- 1) * t)"),
    ],
}
CASES = [(name, i) for name, changes in TAMPERED.items() for i in range(len(changes))]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "i"), CASES)
def test_what_is_tampered_with_is_refused(name, i, folder):
    old, new = TAMPERED[name][i]
    pattern = r"\s+".join(map(re.escape, old.split()))
    text, count = re.subn(pattern, lambda _: new, _text(name))
    assert count, old
    seen = check(text, f"{name}_tampered_{i}", folder)
    assert not seen.accepted


@pytest.mark.slow
def test_a_fixed_variance_has_a_gap_and_no_direction(folder):
    text = files("entropysym.export.coq").joinpath("FixedVariance.v").read_text(encoding="utf-8")
    assert check(_text("vae0"), "vae0", folder).accepted
    assert check(text, "FixedVariance", folder).standard
    wrong = text.replace("= 1 / 2 - v / (2 * s).", "= 1 / 3 - v / (2 * s).")
    assert wrong != text
    assert not check(wrong, "WrongGap", folder).accepted


@pytest.mark.slow
@pytest.mark.parametrize("name", ["vae2"])
def test_coqchk_accepts(name, folder):
    assert check(_text(name), name, folder).accepted
    program = shutil.which("coqchk")
    assert program
    ran = subprocess.run(
        [program, "-silent", "-o", name],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
    )
    assert ran.returncode == 0, ran.stderr
    assert "Admitted" not in ran.stdout


def test_without_coq_there_is_one_clear_line(monkeypatch, tmp_path):
    monkeypatch.setattr(checking, "coqc", lambda: None)
    with pytest.raises(InputError, match="apt-get install coq"):
        check("", "nothing", tmp_path)
