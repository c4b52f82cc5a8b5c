"""Closed forms beside quadrature and SciPy, their replay, and what is refused."""

import math
from dataclasses import replace
from itertools import islice

import pytest
import sympy as sp
from scipy import special, stats

import entropysym as es
from entropysym.claims.densities.entropies import measured
from entropysym.claims.families_in_numbers import of_vectors
from entropysym.divergences import against
from entropysym.divergences.replay import replayed
from entropysym.errors import InputError
from entropysym.families import FAMILIES, binomial, generalised_normal, pareto
from entropysym.language.records import Family
from entropysym.language.symbols import scalar
from entropysym.prover.families import family_certificate
from entropysym.verdict import Value

F = FAMILIES
m, s, t, k = (scalar(n, r) for n, r in (("m", "real"), ("s", "positive"), ("t", "positive"), ("k", "positive")))  # fmt: skip
a, b = scalar("a1", "positive"), scalar("a2", "positive")

#: Laws p and q; those of records have all arguments apart.
PAIRS = {
    **{
        name: (F[name], F[name])
        for name in (
            *("Normal", "Bernoulli", "BernoulliProbability", "Poisson", "PoissonRate", "Geometric"),
            *("Exponential", "Gamma", "InverseGamma", "LogNormal"),
            *("HalfNormal", "Rayleigh", "Maxwell", "InverseGaussian", "Beta", "BetaMeanPrecision"),
            *("ContinuousBernoulli", "TruncatedExponential"),
        )
    },
    "Binomial": (binomial(7), binomial(7)),
    "Pareto": (pareto(2), pareto(2)),
    "Laplace about one place": (F["Laplace"](m, s), F["Laplace"](m, t)),
    "Normal with one variance": (F["Normal"](m, s), F["Normal"](scalar("m1"), s)),
    "Normal with one mean": (F["Normal"](m, s), F["Normal"](m, t)),
    "GeneralisedNormal": (generalised_normal(3)(m, s), generalised_normal(3)(m, t)),
    "Weibull of one shape": (F["Weibull"](k, s), F["Weibull"](k, t)),
    "NegativeBinomial of one size": (
        F["NegativeBinomial"](k, scalar("u1", "unit")),
        F["NegativeBinomial"](k, scalar("u2", "unit")),
    ),
    "AsymmetricLaplace": (F["AsymmetricLaplace"](m, s, a), F["AsymmetricLaplace"](m, t, b)),
    "VonMises about one place": (F["VonMises"](m, s), F["VonMises"](m, t)),
    "Gamma and Exponential": (F["Gamma"], F["Exponential"]),
    "HalfNormal and HalfNormal of number": (F["HalfNormal"], F["HalfNormal"](2)),
    "Poisson and PoissonRate": (F["Poisson"], F["PoissonRate"]),
    "Bernoulli and BernoulliProbability": (F["Bernoulli"], F["BernoulliProbability"]),
    "Beta and BetaMeanPrecision": (F["Beta"], F["BetaMeanPrecision"]),
    "TruncatedExponential and ContinuousBernoulli": (
        F["TruncatedExponential"],
        F["ContinuousBernoulli"],
    ),
}
#: Those of vectors and matrices.
VECTORS = ("Dirichlet", "Categorical", "CategoricalLogits", "VonMisesFisher")


def test_there_are_thirty_pairs():
    assert len(PAIRS) + len(VECTORS) >= 30


def _letters(p, q):
    """The value in the family's own letters, as its quadrature has it."""
    wide = against(p, q)
    return wide, -family_certificate(wide).entropy


@pytest.mark.some(2)
@pytest.mark.parametrize("name", PAIRS)
def test_the_divergence_is_the_integral(name):
    p, q = PAIRS[name]
    wide, value = _letters(p, q)
    known = 0
    for look in islice(measured(wide, -value), 3):
        # Beside an end where a density has almost a pole, floats end before its mass does.
        size = max(1, look.entropy.size)
        if look.entropy.error <= 1e-12 * size and abs(look.mass.value - 1) <= 1e-14:
            known += 1
            assert abs(look.formula - look.entropy.value) <= 1e-12 * size
    assert known >= 2


@pytest.mark.parametrize("name", VECTORS)
def test_the_divergence_of_vectors_is_the_integral(name):
    wide, value = _letters(F[name], F[name])
    for look in of_vectors(wide, -value):
        assert look.formula == pytest.approx(look.entropy.value, abs=1e-12 * max(1, look.entropy.size))  # fmt: skip


@pytest.mark.some(5)
@pytest.mark.parametrize("name", PAIRS)
def test_the_divergence_is_replayed(name):
    found = es.kl(*PAIRS[name])
    assert found.verdict.value is Value.PROVED, found.verdict
    assert found.verdict.evidence == ("replayed",)


def test_a_wrong_divergence_is_not_replayed():
    """The checker reads the value: any other one is not accepted."""
    wide = against(F["Gamma"], F["Gamma"])
    right = family_certificate(wide)
    assert replayed(wide, right).value is Value.PROVED
    wrong = [
        replace(right, entropy=right.entropy + 1),
        replace(right, entropy=-right.entropy),
        replace(right, entropy=right.entropy * 2),
    ]
    assert all(replayed(wide, w).value is Value.UNDECIDED for w in wrong)


def _number(e, **values):
    symbols = {str(x): x for x in e.free_symbols}
    return float(e.subs({symbols[n]: v for n, v in values.items()}).evalf(30))


def test_entropies_beside_scipy():
    known = {
        "Normal": ({"variance": 1.7}, stats.norm(0, math.sqrt(1.7))),
        "Gamma": ({"shape": 2.3, "rate": 1.4}, stats.gamma(2.3, scale=1 / 1.4)),
        "Beta": ({"a": 2.3, "b": 1.4}, stats.beta(2.3, 1.4)),
        "LogNormal": (
            {"location": 0.3, "variance": 1.7},
            stats.lognorm(math.sqrt(1.7), scale=math.exp(0.3)),
        ),
        "Laplace": ({"scale": 1.4}, stats.laplace(0, 1.4)),
        "StudentT": ({"scale": 1.4, "freedom": 4.5}, stats.t(4.5, 0, 1.4)),
        "HalfNormal": ({"variance": 1.7}, stats.halfnorm(0, math.sqrt(1.7))),
        "Geometric": ({"probability": 0.3}, stats.geom(0.3)),
    }
    for name, (values, law) in known.items():
        found = es.entropy(F[name])
        at = {n: v for n, v in values.items() if n in map(str, found.value.free_symbols)}
        assert _number(found.value, **at) == pytest.approx(float(law.entropy()), rel=1e-12)
        assert found.verdict.value is Value.PROVED


def test_varentropies():
    """Beside polygammas of the known cases, and the integral of log p squared."""
    assert es.varentropy(F["Normal"]).value == sp.Rational(1, 2)
    assert es.varentropy(F["Exponential"]).value == 1
    gamma = es.varentropy(F["Gamma"])
    c = 2.3
    wanted = c + (c - 1) ** 2 * special.polygamma(1, c) - 2 * (c - 1)
    assert _number(gamma.value, **dict.fromkeys(map(str, gamma.value.free_symbols), c)) == pytest.approx(wanted, rel=1e-12)  # fmt: skip
    law = stats.beta(2.3, 1.4)
    mean = -law.entropy()
    wanted = law.expect(lambda x: (law.logpdf(x) - mean) ** 2)
    found = _number(es.varentropy(F["Beta"]).value, a=2.3, b=1.4)
    assert found == pytest.approx(wanted, rel=1e-8)


def test_a_cross_entropy_is_entropy_plus_divergence():
    for name in ("Normal", "Gamma", "Beta", "Geometric"):
        law = F[name]
        parts = es.entropy(law).value + es.kl(law, law).value - es.cross_entropy(law, law).value
        values = {x: sp.Rational(3 + i, 10) for i, x in enumerate(sorted(parts.free_symbols, key=str))}  # fmt: skip
        assert abs(sp.N(parts.subs(values), 30)) < 1e-25


def test_a_law_against_itself():
    for name in ("Normal", "Gamma", "Beta", "Poisson"):
        law = F[name]
        found = es.kl(law, law).value
        rule = {x: next(y for y in law.arguments if str(y) == str(x)[:-2]) for x in found.free_symbols if str(x).endswith("_q")}  # fmt: skip
        assert sp.simplify(found.subs(rule)) == 0


def test_normals_of_any_size():
    """Different covariances: derived, not replayed, and it says so."""
    found = es.kl(F["MultivariateNormal"], F["MultivariateNormal"])
    assert found.verdict.value is Value.UNDECIDED
    assert "not replayed" in found.verdict.reason
    assert "dim" in map(str, found.value.free_symbols)
    law = es.entropy(F["MultivariateNormal"])
    assert law.verdict.value is Value.PROVED


def test_conditions_are_told():
    said = es.kl(F["Gamma"], F["Exponential"]).conditions
    assert "shape is above 0" in said
    assert "rate_q is above 0" in said
    assert any("a number above 0" in c for c in said)
    assert str(es.entropy(F["Gamma"])).startswith("H[Gamma] = ")


@pytest.mark.parametrize(
    ("p", "q", "says"),
    [
        (F["Exponential"], F["Gamma"], r"E\[log\(x\)\]"),
        (F["Laplace"], F["Laplace"], "same symbol"),
        (F["Normal"], F["LogNormal"], "not shown to live where q does"),
        (F["Normal"], F["Dirichlet"], "not shown to live where q does"),
        (F["NegativeBinomialDecay"], F["NegativeBinomialDecay"], r"E\[loggamma\(dispersion"),
        (F["MatrixNormal"], F["MatrixNormal"], "does not follow"),
    ],
)
def test_what_does_not_follow_is_refused(p, q, says):
    with pytest.raises(InputError, match=says):
        es.kl(p, q)


def test_entropies_that_do_not_follow():
    for name in ("Poisson", "Rayleigh", "Weibull"):
        with pytest.raises(InputError, match="does not follow from the record"):
            es.entropy(F[name])
        with pytest.raises(InputError, match="does not follow from the record"):
            es.varentropy(F[name])


def test_what_is_no_law():
    with pytest.raises(InputError, match="is no law"):
        es.entropy(3)
    with pytest.raises(InputError, match="pass the record itself"):
        es.entropy(F["Dirichlet"](k))


def test_a_density_that_is_none_is_refused():
    x = scalar("x")
    wrong = Family("Halved", (s,), x, log_density=-sp.log(2 * sp.pi * s) / 2 - x**2 / s)
    with pytest.raises(InputError, match="is no density"):
        es.entropy(wrong)
