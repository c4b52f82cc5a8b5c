"""The table of families: what ships is green, and each column of it rejects what is false."""

import json
from dataclasses import replace

import pytest
import sympy as sp

import entropysym as es
from entropysym.claims import of_families
from entropysym.claims.families_in_numbers import SHIPPED, Known, numbers
from entropysym.claims.of_families import as_decoder, as_prior, check_families, check_record, gap
from entropysym.claims.reporting import family_record, family_table
from entropysym.families import FAMILIES, WITH_A_NUMBER
from entropysym.prover.families import family_certificate
from entropysym.verdict import Value
from entropysym.witness.densities import density

NORMAL, GAMMA = FAMILIES["Normal"], FAMILIES["Gamma"]
#: A family of numbers, one of vectors, and one with a number.
QUICK = ("Exponential", "Categorical", "Pareto_3_2")


@pytest.fixture(scope="module")
def checked():
    return check_families(QUICK, configurations=50)


def test_every_family_that_ships_has_a_row():
    assert {*FAMILIES} < {*SHIPPED}
    assert len(SHIPPED) == len(FAMILIES) + len(WITH_A_NUMBER)
    stems = {name.split("_")[0].lower() for name in {*SHIPPED} - {*FAMILIES}}
    assert stems == {name.replace("_", "") for name in WITH_A_NUMBER}


@pytest.mark.slow
def test_three_of_them_are_green(checked, capsys):
    assert [c.family for c in checked] == [*QUICK]
    for c in checked:
        assert c.failing == ()
        assert c.prior.sweep.compared == c.decoder.sweep.compared == 50
        stored = json.loads(json.dumps(family_record(c), allow_nan=False))
        assert stored["entropy"]["holds"]
        assert stored["entropy"]["off"] <= 1e-12
    assert [c.checks["entropy"].by for c in checked] == ["quadrature, closed form"] * 3
    family_table(checked)
    printed = capsys.readouterr().out
    assert all(name in printed for name in QUICK)
    assert "undecided" not in printed


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_all_of_them_are_green(name):
    (found,) = check_families([name])
    assert found.failing == ()


def test_a_name_that_none_has_is_refused():
    with pytest.raises(es.errors.InputError, match="unknown family 'Normall'; did you mean Normal"):
        check_families(["Normall"])


# -- each column rejects ---------------------------------------------------------------------------


def _numbers(family, known=None, certificate=None):
    own = Known(density(family).log_density, density(family).entropy)
    return numbers(family, certificate or family_certificate(family), known or own)


def _failing(checks):
    return {name for name, check in checks.items() if not check.holds}


@pytest.mark.slow
def test_a_false_normaliser():
    false = replace(GAMMA, name="False", log_density=GAMMA.log_density + sp.Rational(1, 10**6))
    assert {"normalised"} <= _failing(_numbers(false)) <= {"normalised", "entropy"}
    found = check_record(false, configurations=20)
    assert {"prior", "decoder", "normalised"} <= {*found.failing}
    assert "False is no density on the positive numbers" in str(found.prior.verdict)


def test_a_false_law_of_classes():
    categorical = FAMILIES["Categorical"]
    false = replace(categorical, name="False", log_density=categorical.log_density + sp.log(2))
    assert "normalised" in _failing(_numbers(false, certificate=family_certificate(categorical)))


def test_a_support_that_moves_has_a_score():
    x, b = es.argument("x", "positive"), es.argument("b", "positive")
    uniform = sp.Piecewise((-sp.log(b), b > x), (-sp.oo, True))
    false = es.Family("UpTo", (b,), x, uniform, support="positive")
    looks = numbers(false, replace(family_certificate(GAMMA), entropy=sp.log(b)), None)
    assert _failing(looks) == {"scores", "row"}


@pytest.mark.slow
def test_a_false_entropy():
    true = family_certificate(GAMMA)
    false = replace(true, entropy=true.entropy + sp.Rational(1, 10**11))
    assert _failing(_numbers(GAMMA, certificate=false)) == {"entropy"}


@pytest.mark.slow
def test_a_false_closed_form():
    own = Known(density(GAMMA).log_density, lambda shape, rate: shape)
    assert _failing(_numbers(GAMMA, own)) == {"entropy"}


@pytest.mark.slow
def test_a_row_of_another_law():
    looks = _numbers(NORMAL, Known(density(FAMILIES["Laplace"]).log_density))
    assert _failing(looks) == {"row"}
    nothing = Known(lambda x, *a: x * float("nan"))
    assert _failing(_numbers(NORMAL, nothing)) == {"row"}


@pytest.mark.slow
@pytest.mark.parametrize("write", [as_prior, as_decoder])
def test_a_false_direction(write):
    true = es.derive(write(FAMILIES["Exponential"])).identity
    name = next(name for name in true.direction if name.startswith("of_"))
    false = replace(true, direction={**true.direction, name: 2 * true.direction[name]})
    assert gap(true, 20).passed
    assert gap(false, 20).failures > 10


def test_a_family_without_a_direction():
    x, m, s = es.argument("x"), es.argument("m"), es.argument("s", "positive")
    cauchy = es.Family("Cauchy", (m, s), x, sp.log(s / sp.pi) - sp.log(s**2 + (x - m) ** 2))
    found = check_record(cauchy, configurations=20)
    assert {"prior", "decoder", "entropy", "row"} <= {*found.failing}
    assert found.prior.verdict.value is not Value.PROVED or found.prior.sweep is None


@pytest.mark.slow
def test_the_command_ends_with_1_where_something_fails(monkeypatch, capsys):
    from entropysym.cli import main

    true = check_families(["Bernoulli"], configurations=20)
    assert true[0].failing == ()
    checks = {**true[0].checks, "row": replace(true[0].checks["row"], holds=False)}
    false = (replace(true[0], checks=checks),)
    for found, status in ((true, 0), (false, 1)):
        monkeypatch.setattr(of_families, "check_families", lambda *_, found=found, **__: found)
        monkeypatch.setattr("sys.argv", ["entropysym", "families", "Bernoulli"])
        assert main() == status
        assert ("Bernoulli: row: " in capsys.readouterr().out) == bool(status)
    monkeypatch.setattr("sys.argv", ["entropysym", "families", "--json"])
    assert main() == 1
    assert json.loads(capsys.readouterr().out)[0]["failing"] == ["row"]
