"""Claims in every dress: the true ones hold, planted errors are found, made small and reproduced, and what says nothing fails."""

import re
import subprocess
import sys
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp
import torch

import entropysym as es
from entropysym.errors import InputError
from entropysym.language.identity import Identity
from entropysym.testing import (
    ELBO,
    ENTROPY_SUM,
    Along,
    Blind,
    Claim,
    Different,
    NotShown,
    Numbered,
    Theorem,
    assert_entropy_sum,
    assert_equal,
    assert_gap_identity,
    assert_rejects,
    assert_stationary_condition,
    at,
    check,
)
from tests.compiling import as_users_do
from tests.instances import derivation
from tests.testing.two_tests import elbo

OWN = Path(__file__).parent / "own_model.py"


# -- the true ones -----------------------------------------------------------------------------------------------------------


def test_two_tests_are_short_and_quick(tmp_path):
    """In a process of its own, imports and derivation included."""
    body = (Path(__file__).parent / "two_tests.py").read_text()
    tests = body.split("\ndef ")[1:]
    counted = [line for one in tests for line in ("def " + one).splitlines() if line.strip()]
    assert len(counted) <= 10
    program = (
        "import sys, time, jax; jax.config.update('jax_enable_x64', True)\n"
        "from tests.testing import two_tests as t\n"
        "start = time.process_time(); t.test_elbo(); middle = time.process_time()\n"
        "t.test_gap(); print(middle - start, time.process_time() - middle)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=as_users_do()
    )  # fmt: skip
    print(run.stdout)
    assert max(map(float, run.stdout.split())) <= 6


@pytest.mark.slow
def test_what_was_compared_is_told():
    found = assert_equal(elbo, ELBO, "linear_vae")
    assert found.compared == 27
    assert found.coarse <= 2
    assert found.largest < 8
    assert found.detectable < 1e-8
    assert 0.9 * found.tried < found.rejected
    assert "27 configurations" in str(found)
    assert assert_equal(elbo, ELBO, "linear_vae", draws=60, seed=3).compared == 60


def _jax(x, sigma, W):
    return jnp.sum(W**2) / sigma + jnp.mean(x)


def _torch(x, sigma, W):
    return torch.sum(W**2) / sigma + x.mean(dim=1).mean()


def _numpy(x, sigma, W):
    return np.sum(W**2) / sigma + np.mean(x)


@pytest.mark.parametrize("other", [_jax, _torch])
def test_functions_of_every_library(other):
    assert assert_equal(_numpy, other, "linear_vae").compared == 27


@pytest.mark.slow
def test_a_function_may_call_networks_and_read_the_nodes():
    def second_moment(x, nu, tau2):
        return np.mean([np.sum(nu(row) ** 2 + tau2(row)) for row in x])

    def by_nodes(x, nu, tau2, noise):
        z = [nu(row) + np.sqrt(tau2(row)) * noise.eps for row in x]
        return np.mean([noise.weights @ np.sum(v**2, axis=1) for v in z])

    assert_equal(second_moment, by_nodes, "vae2")


@pytest.mark.slow
def test_the_gap_identity_of_graphs_and_of_derivations():
    assert_gap_identity("gaussian_mixture")
    assert_gap_identity(es.models.vae2())
    assert_gap_identity(derivation("vae2"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["linear_vae", "vae2", "bernoulli_vae", "gaussian_mixture"])
def test_the_derived_sum_in_other_dresses(name):
    d = derivation(name) if name in es.models.MODELS else es.derive(es.models.ZOO[name]())
    assert_entropy_sum(name, d.entropy_sum)
    check(Claim(name, es.pages.latex(d.entropy_sum, d.model), Along()))


def test_numbered_sizes():
    d = derivation("linear_vae")
    plain = Numbered(es.instantiate(d.entropy_sum, D=3, H=2, N=4), D=3, H=2, N=4)
    found = assert_equal(plain, d.entropy_sum, d.model)
    assert found.compared == 25
    wrong = Numbered(plain.expression + sp.log(sp.Symbol("sigma", positive=True)), **plain.sizes)
    with pytest.raises(Different, match="D=3, H=2, N=4"):
        assert_equal(wrong, d.entropy_sum, d.model)
    with pytest.raises(InputError, match="say its sizes"):
        assert_equal(plain.expression, d.entropy_sum, d.model)


@pytest.mark.slow
def test_entries_are_compared_one_by_one():
    d = derivation("vae2")
    alpha2 = next(p for p in d.model.parameters if p.name == "alpha2").entry
    assert_equal(lambda alpha2: np.log(alpha2) * 2, 2 * sp.log(alpha2), d.model)
    with pytest.raises(InputError, match="entries"):
        assert_equal(lambda alpha2: np.sum(np.log(alpha2)), sp.log(alpha2), d.model)


# -- planted errors ----------------------------------------------------------------------------------------------------------

_R = "np.mean(np.sum((x - (x @ V.T + c) @ W.T - b)**2, axis=1)) + np.sum(W**2 * tau**2)"
_RIGHT = (
    f"-D/2*np.log(2*np.pi*sigma**2) - ({_R})/(2*sigma**2) - (np.sum(tau**2) - H - 2*np.sum(np.log(tau)))/2"
    " - np.mean(np.sum((x @ V.T + c)**2, axis=1))/2"
)
#: What is planted into the closed form of the linear VAE's ELBO.
_IN_ELBO = {
    "half": ("-D/2*np.log", "-D*np.log"),
    "sign": ("- H - 2*np.sum", "- H + 2*np.sum"),
    "D for H": ("- H -", "- D -"),
    "sigma for sigma^2": ("/(2*sigma**2)", "/(2*sigma)"),
    "n for N": ("np.mean(np.sum((x @ V.T + c)**2, axis=1))", "np.sum((x @ V.T + c)**2)"),
}


def _planted(body, path):
    """A module with the closed form, as a user's file is."""
    arguments = "x, W, b, sigma, V, c, tau, D, H"
    path.write_text(f"import numpy as np\n\n\ndef elbo({arguments}):\n    return {body}\n")
    names = {}
    exec(compile(path.read_text(), str(path), "exec"), names)
    return names["elbo"]


def _reproduced(error):
    """The lines of a counter-example, run: what they print."""
    lines = re.findall(r"^    (.*)$", str(error), flags=re.M)
    run = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True
    )
    return float(re.search(r"residual (\S+) eps", run.stdout)[1])


def _sizes(error):
    found = re.search(r" at ((?:\w+=\d+(?:, )?)+)", str(error))
    return {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", found[1])}


def test_the_closed_form_without_an_error(tmp_path):
    assert_equal(_planted(_RIGHT, tmp_path / "right.py"), ELBO, "linear_vae")


@pytest.mark.slow
@pytest.mark.parametrize("name", _IN_ELBO)
def test_errors_in_a_closed_form_are_found_and_made_small(name, tmp_path):
    old, new = _IN_ELBO[name]
    assert _RIGHT.count(old) == 1
    wrong = _planted(_RIGHT.replace(old, new), tmp_path / "wrong.py")
    with pytest.raises(Different) as error:
        assert_equal(wrong, ELBO, "linear_vae")
    assert max(_sizes(error.value).values()) <= 2
    assert _reproduced(error.value) > 1e3


_SUM = (
    r"\frac{1}{2 N} \sum_{n=1}^{N} \sum_{h=1}^{H} \log(2 \pi e \tau_{h}^{2}(x_{n}))"
    r" - \frac{1}{2} \sum_{h=1}^{H} \log(2 \pi e \alpha_{h}^{2}) - \frac{D}{2} \log(2 \pi e \sigma^{2})"
)
#: What is planted into the entropy sum of the model file.
_IN_SUM = {
    "half": (r"\frac{D}{2}", "D"),
    "sign": (r" - \frac{1}{2} \sum", r" + \frac{1}{2} \sum"),
    "D for H": (r"\frac{D}{2}", r"\frac{H}{2}"),
    "sigma for sigma^2": (r"e \sigma^{2}", r"e \sigma"),
    "n for N": (r"\frac{1}{2 N}", r"\frac{1}{2}"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", _IN_SUM)
def test_errors_in_the_identity_of_a_model_file(name):
    assert_entropy_sum(OWN, _SUM)
    old, new = _IN_SUM[name]
    assert _SUM.count(old) == 1
    with pytest.raises(Different) as error:
        assert_entropy_sum(OWN, _SUM.replace(old, new))
    assert max(_sizes(error.value).values()) <= 2
    assert _reproduced(error.value) > 1e3


@pytest.mark.slow
def test_wrong_directions_are_found_and_reproduced():
    d = derivation("vae2")
    for name, motion in d.direction.items():
        wrong = Identity(d.model, {**d.direction, name: 2 * motion}, d.entropy_sum)
        with pytest.raises(Different) as error:
            assert_gap_identity(wrong)
        assert _reproduced(error.value) > 1e3


@pytest.mark.slow
def test_numbers_are_plain_where_they_can_be():
    with pytest.raises(Different) as error:
        assert_equal(lambda sigma2: 2 * np.log(sigma2), r"\log \sigma^{2}", "vae2")
    assert '"sigma2": 2.0,' in str(error.value)
    assert '"x": array([[0.0]])' in str(error.value)
    assert set(_sizes(error.value).values()) == {1}


# -- what says nothing -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_claim_that_all_wrong_variants_pass_is_blind():
    with pytest.raises(Blind, match="blind"):
        assert_equal(lambda x: 0.0 * np.sum(x), lambda sigma2: 0.0 * sigma2, "vae2")
    d = derivation("vae2")
    with pytest.raises(Blind, match="one and the same"):
        assert_equal(d.entropy_sum, d.entropy_sum, d.model)


@pytest.mark.slow
def test_numbers_that_are_not_finite_are_no_pass_and_no_failure():
    with pytest.raises(NotShown, match="not finite"):
        assert_equal(lambda sigma2: np.log(-sigma2), lambda sigma2: np.log(-sigma2) + 1, "vae2")
    with pytest.raises(NotShown, match="not finite"):
        assert_equal(lambda sigma2: np.nan, lambda x: np.nan, "vae2")


def test_huge_terms_hide_nothing():
    s = es.models.vae2().parameters[0].symbol
    zero = sp.Add(sp.Pow(1 + s, 2), -(s**2), -2 * s, -1, evaluate=False)
    hidden = sp.log(s) + sp.Rational(1, 1000) + sp.Mul(10**19, zero, evaluate=False)
    with pytest.raises(NotShown, match="rounding"):
        assert_equal(hidden, r"\log \sigma^{2}", "vae2")


def test_float32_is_no_evidence():
    with pytest.raises(InputError, match="float32"):
        assert_equal(lambda sigma2: np.float32(sigma2), lambda sigma2: sigma2, "vae2")


@pytest.mark.slow
def test_an_average_that_nodes_do_not_give_is_not_shown():
    """The fourth moment is 3; nodes that are exact to degree three have another one."""

    def fourth(x, nu, tau2, noise):
        return noise.weights @ np.sum(np.asarray(noise.eps) ** 4, axis=1)

    with pytest.raises(NotShown, match="nodes"):
        assert_equal(fourth, lambda H: 3.0 * H, "vae2")
    with pytest.raises(Different):
        assert_equal(fourth, lambda H: 2.0 * H, "vae2")


def test_a_refused_model_makes_no_claim():
    with pytest.raises(NotShown, match="sigma2"):
        assert_gap_identity("vae0")


# -- rejection, conditions, points -----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_rejection_is_shown_too():
    false = Claim("vae2", r"\log \sigma^{2}", r"2 \log \sigma^{2}")
    assert "differs" in assert_rejects(false)
    true = Claim("vae2", r"\log \sigma^{4}", r"2 \log \sigma^{2}")
    with pytest.raises(AssertionError, match="not rejected"):
        assert_rejects(true)
    with pytest.raises(NotShown):
        assert_rejects(Claim("vae2", lambda x: np.nan, lambda x: np.nan))
    with pytest.raises(InputError, match="no claim"):
        assert_rejects(lambda: None)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sigma2", "alpha2"])
def test_derived_conditions_hold_and_wrong_ones_do_not(name):
    d = derivation("vae2")
    equation = d.stationarity[name]
    assert assert_stationary_condition(d.model, name, equation).rejected > 0
    assert_stationary_condition(d.model, name, (equation.lhs**-1 * equation.rhs, 1))
    for wrong in (
        (2 * equation.lhs, equation.rhs),
        (equation.lhs, equation.rhs + 1),
        (equation.lhs**2, equation.rhs),
    ):
        with pytest.raises((Different, NotShown)):
            assert_stationary_condition(d.model, name, wrong)
    with pytest.raises(Different, match="derivative") as error:
        assert_stationary_condition(d.model, name, (equation.lhs, 2 * equation.rhs))
    lines = re.findall(r"^    (.*)$", str(error.value), flags=re.M)
    with pytest.raises(Different):
        exec("\n".join(lines), {})


def test_a_condition_that_always_holds_is_blind():
    sigma2 = es.models.vae2().parameters[0].symbol
    with pytest.raises(Blind):
        assert_stationary_condition("vae2", "sigma2", (sigma2 - sigma2, 0))
    with pytest.raises(InputError, match="no equation"):
        assert_stationary_condition("vae2", "sigma2", "1")
    with pytest.raises(InputError, match="unknown learned parameter"):
        assert_stationary_condition("vae2", "tau", (sigma2, 1))


def test_both_sides_at_a_point():
    point = {"x": [[1.0]], "sigma2": 2.0, "alpha2": [1.0], "noise.radius": 1.0}
    for net in ("mu", "nu", "tau2"):
        point |= {f"{net}.inside": np.zeros((3, 1)), f"{net}.bias": np.zeros(3)}
        point |= {f"{net}.outside": np.zeros((1, 3)), f"{net}.shift": np.zeros(1)}
    found = at(Claim("vae2", r"\log \sigma^{2}", r"2 \log \sigma^{2}"), point)
    assert found.left == [pytest.approx(np.log(2))]
    assert found.right == [pytest.approx(2 * np.log(2))]
    assert not found.agrees
    assert at(Theorem("vae2"), point).agrees
    with pytest.raises(InputError, match="lacks"):
        at(Theorem("vae2"), {"x": [[1.0]]})
    with pytest.raises(InputError, match="axes"):
        at(Theorem("vae2"), point | {"x": [1.0]})


# -- wrong use -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "words"),
    [
        (lambda ghost: 1.0, "unknown argument"),
        (0.5, "exactly"),
        (object(), "no side"),
        (lambda sigma2: [1.0] * 1 / 0, "fails"),
        (r"\ghost", "grammar|declared"),
    ],
)
def test_what_is_no_side(side, words):
    with pytest.raises(InputError, match=words):
        assert_equal(side, ELBO, "vae2")


@pytest.mark.parametrize("model", ["nothing", 3, "ghost.py"])
def test_what_is_no_model(model):
    with pytest.raises(InputError):
        assert_equal(lambda x: 1.0, ENTROPY_SUM, model)
