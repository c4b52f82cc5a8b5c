"""SciPy, PyTorch, NumPyro and EFAX as they are installed: one object of each distribution that is known here, audited."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from entropysym.auditing.auditor import audit
from entropysym.auditing.records import Audit, Outcome, Row
from entropysym.errors import one_of

Makers = Mapping[str, Callable[[], Any]]

#: SciPy: name -> shapes; location and scale are added.
_SCIPY: dict[str, dict[str, float]] = {
    "norm": {},
    "laplace": {},
    "logistic": {},
    "gumbel_r": {},
    "gumbel_l": {},
    "cauchy": {},
    "hypsecant": {},
    "t": {"df": 4.5},
    "expon": {},
    "gamma": {"a": 2.3},
    "invgamma": {"a": 3.2},
    "chi2": {"df": 4.0},
    "chi": {"df": 3.0},
    "lognorm": {"s": 0.7},
    "weibull_min": {"c": 1.7},
    "weibull_max": {"c": 1.7},
    "invweibull": {"c": 2.7},
    "rayleigh": {},
    "maxwell": {},
    "halfnorm": {},
    "halfcauchy": {},
    "halflogistic": {},
    "invgauss": {"mu": 0.8},
    "pareto": {"b": 2.5},
    "lomax": {"c": 2.5},
    "genpareto": {"c": 0.3},
    "genextreme": {"c": -0.2},
    "gennorm": {"beta": 1.6},
    "gengamma": {"a": 1.8, "c": 1.3},
    "fisk": {"c": 3.0},
    "burr": {"c": 3.0, "d": 1.5},
    "burr12": {"c": 3.0, "d": 1.5},
    "f": {"dfn": 5.0, "dfd": 7.0},
    "nakagami": {"nu": 1.4},
    "loggamma": {"c": 1.6},
    "exponnorm": {"K": 1.2},
    "exponweib": {"a": 1.5, "c": 1.4},
    "laplace_asymmetric": {"kappa": 1.4},
    "skewnorm": {"a": 1.5},
    "johnsonsu": {"a": 0.5, "b": 1.3},
    "powerlaw": {"a": 1.8},
    "beta": {"a": 2.2, "b": 1.6},
    "betaprime": {"a": 2.2, "b": 3.6},
    "uniform": {},
    "arcsine": {},
    "semicircular": {},
    "triang": {"c": 0.4},
    "cosine": {},
    "truncexpon": {"b": 2.0},
    "vonmises": {"kappa": 1.3},
    "wald": {},
    "levy": {},
}
_SCIPY_WHOLE: dict[str, dict[str, float]] = {
    "bernoulli": {"p": 0.35},
    "binom": {"n": 12, "p": 0.35},
    "poisson": {"mu": 3.2},
    "geom": {"p": 0.35},
    "nbinom": {"n": 3, "p": 0.35},
    "logser": {"p": 0.45},
    "planck": {"lambda_": 0.6},
    "boltzmann": {"lambda_": 0.6, "N": 9},
    "dlaplace": {"a": 0.7},
    "betabinom": {"n": 10, "a": 2.2, "b": 1.6},
    "hypergeom": {"M": 20, "n": 7, "N": 9},
    "skellam": {"mu1": 2.5, "mu2": 1.4},
}


def _of_scipy() -> Makers:
    from scipy import stats as known

    stats: Any = known

    def continuous(name: str, shapes: dict[str, float]) -> Callable[[], Any]:
        where = {"loc": 0.3} if name == "vonmises" else {"loc": 0.3, "scale": 1.4}
        return lambda: getattr(stats, name)(**shapes, **where)

    return {
        **{name: continuous(name, shapes) for name, shapes in _SCIPY.items()},
        **{
            name: lambda name=name, shapes=shapes: getattr(stats, name)(**shapes)
            for name, shapes in _SCIPY_WHOLE.items()
        },
        "multivariate_normal": lambda: stats.multivariate_normal(
            [0.3, -0.2], [[1.2, 0.4], [0.4, 0.9]]
        ),
        "dirichlet": lambda: stats.dirichlet([2.2, 1.6, 3.1]),
    }


_COVARIANCE = [[1.2, 0.4], [0.4, 0.9]]

#: PyTorch and NumPyro: name -> arguments. A name that a library does not have is left out.
_ARGUMENTS: dict[str, dict[str, Any]] = {
    "Normal": {"loc": 0.3, "scale": 1.4},
    "Laplace": {"loc": 0.3, "scale": 1.4},
    "Cauchy": {"loc": 0.3, "scale": 1.4},
    "Gumbel": {"loc": 0.3, "scale": 1.4},
    "Logistic": {"loc": 0.3, "scale": 1.4},
    "StudentT": {"df": 4.5, "loc": 0.3, "scale": 1.4},
    "AsymmetricLaplace": {"loc": 0.3, "scale": 1.4, "asymmetry": 1.3},
    "SoftLaplace": {"loc": 0.3, "scale": 1.4},
    "Exponential": {"rate": 1.7},
    "Gamma": {"concentration": 2.3, "rate": 1.7},
    "Chi2": {"df": 4.0},
    "InverseGamma": {"concentration": 3.2, "rate": 1.7},
    "LogNormal": {"loc": 0.3, "scale": 0.7},
    "LogUniform": {"low": 0.5, "high": 3.0},
    "HalfNormal": {"scale": 1.4},
    "HalfCauchy": {"scale": 1.4},
    "Weibull": {"scale": 1.4, "concentration": 1.7},
    "FisherSnedecor": {"df1": 5.0, "df2": 7.0},
    "Gompertz": {"concentration": 1.3, "rate": 0.8},
    "Beta": {"concentration1": 2.2, "concentration0": 1.6},
    "BetaProportion": {"mean": 0.4, "concentration": 3.2},
    "Kumaraswamy": {"concentration1": 2.2, "concentration0": 1.6},
    "ContinuousBernoulli": {"probs": 0.3},
    "Uniform": {"low": -0.5, "high": 1.2},
    "Pareto": {"scale": 1.4, "alpha": 2.5},
    "VonMises": {"loc": 0.3, "concentration": 1.3},
    "Bernoulli": {"probs": 0.35},
    "Binomial": {"total_count": 12, "probs": 0.35},
    "Geometric": {"probs": 0.35},
    "Poisson": {"rate": 3.2},
    "NegativeBinomial": {"total_count": 3.5, "probs": 0.35},
    "NegativeBinomial2": {"mean": 2.5, "concentration": 1.7},
    "OneHotCategorical": {"probs": [0.2, 0.5, 0.3]},
    "Categorical": {"probs": [0.2, 0.5, 0.3]},
    "Dirichlet": {"concentration": [2.2, 1.6, 3.1]},
    "MultivariateNormal": {"loc": [0.3, -0.2], "covariance_matrix": _COVARIANCE},
    "MultivariateStudentT": {"df": 5.5, "loc": [0.3, -0.2], "scale_tril": [[1.1, 0.0], [0.4, 0.9]]},
    "Wishart": {"df": 4.5, "covariance_matrix": _COVARIANCE},
    "LogisticNormal": {"loc": [0.3, -0.2], "scale": [0.7, 0.9]},
    "BetaBinomial": {"concentration1": 2.2, "concentration0": 1.6, "total_count": 10},
    "GammaPoisson": {"concentration": 2.2, "rate": 1.6},
    "ZeroInflatedPoisson": {"gate": 0.3, "rate": 2.2},
    "SkewNormal": {"loc": 0.3, "scale": 1.4, "alpha": 1.2},
    "Levy": {"loc": 0.3, "scale": 1.4},
    "Rayleigh": {"scale": 1.4},
    "InverseGaussian": {"loc": 0.8, "concentration": 1.7},
}

#: Names of other arguments in NumPyro.
_IN_NUMPYRO: dict[str, str] = {
    "Bernoulli": "BernoulliProbs",
    "Binomial": "BinomialProbs",
    "Geometric": "GeometricProbs",
    "Categorical": "CategoricalProbs",
    "NegativeBinomial": "NegativeBinomialProbs",
}


def _of_torch() -> Makers:
    import torch

    def array(value: Any) -> Any:
        return torch.tensor(value, dtype=torch.float64)

    def maker(kind: Any, arguments: dict[str, Any]) -> Callable[[], Any]:
        return lambda: kind(**{k: array(v) for k, v in arguments.items()})

    room = torch.distributions
    return {n: maker(getattr(room, n), a) for n, a in _ARGUMENTS.items() if hasattr(room, n)}


def _of_numpyro() -> Makers:
    import jax

    room: Any = import_module("numpyro.distributions")

    def maker(kind: Any, arguments: dict[str, Any]) -> Callable[[], Any]:
        def make() -> Any:
            with jax.enable_x64(True):
                return kind(
                    **{
                        k: v if isinstance(v, int) else jax.numpy.asarray(v, jax.numpy.float64)
                        for k, v in arguments.items()
                    }
                )

        return make

    names = {n: getattr(room, _IN_NUMPYRO.get(n, n), None) for n in _ARGUMENTS}
    return {n: maker(kind, _ARGUMENTS[n]) for n, kind in names.items() if kind}


#: EFAX: class -> arguments.
_EFAX: dict[str, dict[str, float]] = {
    "NormalDP": {"mean": 0.3, "deviation": 1.4},
    "NormalVP": {"mean": 0.3, "variance": 1.9},
    "GammaNP": {"negative_rate": -1.7, "shape_minus_one": 1.3},
    "InverseGammaNP": {"negative_scale": -1.7, "shape_minus_one": 1.3},
    "ExponentialNP": {"negative_rate": -1.7},
    "PoissonNP": {"log_mean": 0.9},
    "BernoulliNP": {"log_odds": -0.4},
    "GeometricNP": {"log_not_p": -0.5},
    "LogarithmicNP": {"log_probability": -0.6},
    "RayleighNP": {"eta": -0.6},
    "ChiSquareNP": {"k_over_two_minus_one": 1.2},
}


def _of_efax() -> Makers:
    import jax

    efax: Any = import_module("efax")

    def maker(kind: Any, arguments: dict[str, float]) -> Callable[[], Any]:
        def make() -> Any:
            with jax.enable_x64(True):
                return kind(**{k: jax.numpy.asarray(v, jax.numpy.float64) for k, v in arguments.items()})  # fmt: skip

        return make

    found = {n: getattr(efax, n, None) for n in _EFAX}
    return {n: maker(kind, _EFAX[n]) for n, kind in found.items() if kind}


#: Library -> the package that has to be installed, and its distributions.
LIBRARIES: dict[str, tuple[str, Callable[[], Makers]]] = {
    "scipy": ("scipy", _of_scipy),
    "torch": ("torch", _of_torch),
    "numpyro": ("numpyro", _of_numpyro),
    "efax": ("efax", _of_efax),
}


@dataclass(frozen=True)
class LibraryAudit:
    """What was found in one library; `skipped` says why nothing was looked at."""

    library: str
    version: str
    audits: tuple[Audit, ...]
    seconds: float
    skipped: str = ""

    @property
    def cells(self) -> int:
        """Checks that were decided: they hold, or fail."""
        return sum(a.decided for a in self.audits)

    @property
    def alarms(self) -> tuple[tuple[str, Row], ...]:
        """What fails, with the distribution's name."""
        return tuple((a.name, row) for a in self.audits for row in a.alarms)


def audit_libraries(
    names: Iterable[str] = (), *, progress: Callable[[str, str], None] = lambda library, name: None
) -> Iterator[LibraryAudit]:
    """Audit every distribution that is known of these libraries, or of all four. One that is not installed is skipped, and says so.

    Raises `InputError` for a library that is not known.
    """
    wanted = list(dict.fromkeys(names)) or list(LIBRARIES)
    for library in wanted:
        if library not in LIBRARIES:
            raise one_of(library, LIBRARIES, "library")
    for library in wanted:
        package, of = LIBRARIES[library]
        began = time.monotonic()
        installed = ""
        try:
            installed = version(package)
            import_module(package)
        except PackageNotFoundError:
            yield LibraryAudit(library, "", (), 0.0, f"{package} is not installed")
            continue
        except Exception as why:  # such as a dependency of its own that is too old
            skipped = f"{package} cannot be imported: {why}"
            yield LibraryAudit(library, installed, (), 0.0, skipped)
            continue
        audits = []
        for name, make in of().items():
            progress(library, name)
            audits.append(_one(name, make))
        yield LibraryAudit(library, installed, tuple(audits), time.monotonic() - began)


def _one(name: str, make: Callable[[], Any]) -> Audit:
    try:
        return audit(make(), name=name)
    except Exception as why:  # what this version of a library does not take is not looked at
        says = f"{type(why).__name__}: {str(why).splitlines()[0] if str(why) else ''}"[:160]
        return Audit(name, (Row("made", Outcome.NOT_SHOWN, says),))
