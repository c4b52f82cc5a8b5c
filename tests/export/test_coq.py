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
from tests.export.awkward import ACCEPTED, sparse
from tests.export.tampering import false_ones
from tests.instances import derivation, found

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


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_what_is_tampered_with_is_refused(name, folder):
    """At least three changes, each shown to be false in numbers; refused in a proof, not for how it is written."""
    changed = false_ones(_text(name))
    assert len(changed) >= 3
    for what, text in changed.items():
        seen = check(text, f"{name}_{what}", folder)
        assert not seen.accepted, what
        assert "yntax" not in seen.message
        assert _within_proof(text, int(re.search(r"line (\d+)", seen.message)[1]))


def _within_proof(text, line):
    """Whether a line is in a proof: of one line, or of one that was begun and not ended before."""
    *before, own = text.splitlines()[:line]
    keys = [row for row in before if re.search(r"\b(Proof|Qed)\b", row)]
    return "Proof" in own or ("Proof" in keys[-1] and "Qed" not in keys[-1])


def test_what_stands_between_proofs_is_in_none():
    text = "Lemma a : b.\nProof. c. Qed.\nDefinition d := e.\nLemma f : g.\nProof.\n  h.\nQed.\n"
    assert [_within_proof(text, line) for line in (2, 3, 6)] == [True, False, True]


#: What is false -> the theory of its counter-example, the model it is about, a gap and a wrong one.
COUNTER_EXAMPLES = {
    "FixedVariance": ("vae0", "= 1 / 2 - v / (2 * s).", "= 1 / 3 - v / (2 * s)."),
    "FrozenEncoder": ("vae1_frozen_encoder", "= (1 - w) / 2.", "= (1 - w) / 3."),
}


@pytest.mark.slow
@pytest.mark.parametrize("theory_of", sorted(COUNTER_EXAMPLES))
def test_what_is_refuted_has_a_gap_and_no_direction(theory_of, folder):
    name, gap, wrong = COUNTER_EXAMPLES[theory_of]
    text = files("entropysym.export.coq").joinpath(f"{theory_of}.v").read_text(encoding="utf-8")
    assert check(_text(name), name, folder).accepted
    seen = check(text, theory_of, folder)
    assert seen.standard, seen.message
    assert gap in text
    assert not check(text.replace(gap, wrong), f"{theory_of}Wrong", folder).accepted


@pytest.mark.slow
def test_the_laws_of_determinants_hold_for_sizes_two_and_three(folder):
    text = files("entropysym.export.coq").joinpath("Determinants.v").read_text(encoding="utf-8")
    seen = check(text, "Determinants", folder)
    assert seen.standard, seen.message
    wrong = text.replace("- M 0%nat 1%nat * M 1%nat 0%nat.", "+ M 0%nat 1%nat * M 1%nat 0%nat.")
    assert wrong != text
    assert not check(wrong, "WrongDeterminants", folder).accepted


@pytest.mark.slow
def test_every_model_that_ships_and_is_refuted_has_its_counter_example():
    refuted = {n for n in NAMES if not hasattr(f := found(n), "steps") and f.witness is not None}
    assert refuted == {name for name, *_ in COUNTER_EXAMPLES.values()}


#: One model for each kind of theorem.
KINDS = {
    "networks and noise": "vae1",
    "a penalty and an excess": "vae1_decay",
    "a weight": "beta_vae",
    "a base measure and digamma": "gamma_decoder_vae",
    "matrices": "gaussian_vae",
    "one-hot latents": "gaussian_mixture",
    "time": "hidden_markov_model",
    "several data plates": "semi_supervised_vae",
    "no latents": "weibull_regression",
}


@pytest.mark.slow
def test_the_second_checker_accepts_one_of_each_kind(folder):
    for kind, name in KINDS.items():
        assert check(_text(name), name, folder).accepted, kind
    program = shutil.which("coqchk")
    assert program
    ran = subprocess.run(
        [program, "-silent", "-o", *KINDS.values()],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=1800,
    )
    assert ran.returncode == 0, ran.stderr
    said = ran.stdout + ran.stderr  # the summary comes with the messages
    axioms = re.search(r"\* Axioms:\n(.*?)\n\s*\n", said, re.S)[1].split()
    known = {axiom.split(".")[-1] for axiom in checking.AXIOMS}
    assert {axiom.split(".")[-1] for axiom in axioms} <= known


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(ACCEPTED))
def test_names_of_others_make_no_file_that_is_refused(kind, folder):
    name = f"awkward_{kind}"
    text = es.render(es.derive(sparse(name, **ACCEPTED[kind])), to="coq")
    seen = check(text, name, folder)
    assert seen.standard, seen.message


def test_without_coq_there_is_one_clear_line(monkeypatch, tmp_path):
    monkeypatch.setattr(checking, "coqc", lambda: None)
    with pytest.raises(InputError, match="apt-get install coq"):
        check("", "nothing", tmp_path)
