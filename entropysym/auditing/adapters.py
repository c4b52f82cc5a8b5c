"""From what a library calls a distribution to a `Subject`: functions, records of our own, and objects of SciPy, PyTorch, NumPyro and EFAX."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import numpy as np

from entropysym.auditing.records import Parameters, Space, Subject, as_parameters, space_of
from entropysym.errors import InputError, shown
from entropysym.language.records import Family

#: Compiled functions take this many draws at once, so that they are compiled once.
BLOCK = 4096


def subject_of(distribution: object, **about: Any) -> Subject:
    """The subject of any of these. Raises `InputError` for what is none."""
    if isinstance(distribution, Family):
        return of_record(distribution, **about)
    module = type(distribution).__module__.partition(".")[0]
    makers = {"torch": of_torch, "numpyro": of_numpyro, "scipy": of_scipy, "efax": of_efax}
    if module in makers and not inspect.isroutine(distribution):
        if {*about} - {"name", "parameters"}:
            raise InputError(f"{type(distribution).__name__} knows its own support and parameters; leave {min({*about} - {'name', 'parameters'})} out")  # fmt: skip
        return makers[module](distribution, **about)
    if callable(distribution):
        return of_function(distribution, **about)
    raise InputError(
        f"{shown(distribution)} is no distribution; pass a log-density with support= and parameters=, a record, or an object of SciPy, PyTorch, NumPyro or EFAX"
    )


# -- functions ---------------------------------------------------------------------------------------


def of_function(
    log_density: Callable[..., Any],
    *,
    support: object = None,
    parameters: Mapping[str, Any] | None = None,
    size: int | None = None,
    entropy: Callable[..., Any] | None = None,
    kl: Callable[..., Any] | None = None,
    name: str = "",
    other: Mapping[str, Any] | None = None,
) -> Subject:
    """`log_density(x, **parameters)` of one draw x in JAX or PyTorch, or of an array of draws in NumPy; `entropy(**parameters)` and `kl(p, q)` of two dictionaries are claims about it."""
    if support is None or parameters is None:
        raise InputError("a log-density alone says neither where it lives nor at which parameters; pass support= and parameters=")  # fmt: skip
    space, values = space_of(support, size), as_parameters(parameters)
    plain, gradient = _in_framework(log_density, values, space)

    def said(value: Any) -> float:
        return float(np.asarray(value))

    return Subject(
        name or getattr(log_density, "__name__", "log-density"),
        values,
        plain,
        lambda _: space,
        gradient,
        None if entropy is None else lambda p: said(entropy(**p)),
        None if kl is None else lambda p, q: said(kl(p, q)),
        None if other is None else as_parameters(other),
    )


def _in_framework(f: Callable[..., Any], parameters: Parameters, space: Space) -> tuple[Any, Any]:
    """The function over arrays of draws and its derivatives, by the framework that it is written in."""
    draw = _a_draw(space)
    try:
        return _of_jax(lambda x, p: f(x, **p), parameters, draw)
    except Exception:  # not written in JAX
        pass
    if "torch" in sys.modules:
        try:
            return _of_torch_function(f, parameters, draw)
        except Exception:  # not written in PyTorch
            pass
    return (lambda x, p: np.asarray(f(x, **p), np.float64)), None


def _a_draw(space: Space) -> np.ndarray:
    """One draw, from which shapes are read."""
    k = space.size
    if space.kind == "posdef":
        return np.eye(k)
    if space.kind in ("interval", "whole"):
        low = space.low if np.isfinite(space.low) else 0.0
        return np.asarray((low + min(space.high, low + 2)) / 2 if space.kind == "interval" else low)
    return np.full(k, 1 / k) if space.kind == "simplex" else np.eye(k)[0]


def _of_jax(
    f: Callable[..., Any], parameters: Parameters, draw: np.ndarray
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Raises whatever JAX raises for a function that is not its own."""
    import jax

    with jax.enable_x64(True):
        found = jax.eval_shape(f, draw, dict(parameters))
    if not hasattr(found, "shape") or found.shape != ():
        raise InputError("a log-density of one draw is one number")
    log_density = _Program(jax.vmap(f, (0, None)))
    slopes = _Program(jax.vmap(jax.grad(f, argnums=1), (0, None)))

    def blocked(program: Callable[..., Any], x: np.ndarray, p: Parameters) -> Any:
        x = np.asarray(x, np.float64)
        count = -(-len(x) // BLOCK) * BLOCK
        padded = np.concatenate([x, np.repeat(x[-1:], count - len(x), axis=0)])
        parts = []
        with jax.enable_x64(True):
            for k in range(0, count, BLOCK):
                parts.append(jax.tree.map(np.asarray, program(padded[k : k + BLOCK], dict(p))))
        whole = jax.tree.map(lambda *a: np.concatenate(a), *parts)
        return jax.tree.map(lambda a: a[: len(x)], whole)

    return lambda x, p: blocked(log_density, x, p), lambda x, p: blocked(slopes, x, p)


class _Program:
    """A function of JAX, compiled at its first call for the shapes that it then has, with little optimisation: it runs for a moment."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f, self.compiled = f, None

    def __call__(self, *arguments: Any) -> Any:
        import jax

        if self.compiled is None:
            lowered = jax.jit(self.f).lower(*arguments)
            options: dict[str, Any] = {"xla_backend_optimization_level": "0"}
            self.compiled = lowered.compile(compiler_options=options)
        return self.compiled(*arguments)


def _of_torch_function(
    f: Callable[..., Any], parameters: Parameters, draw: np.ndarray
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    import torch

    def one(p: Any, x: Any) -> Any:
        return f(x, **p)

    def tensors(p: Parameters) -> dict[str, Any]:
        return {k: torch.as_tensor(np.asarray(v)) for k, v in p.items()}

    mapped = torch.func.vmap(one, (None, 0))
    # What NumPy computes of a tensor may be a tensor, too; mapped over draws, or derived, it is not taken.
    two = mapped(tensors(parameters), torch.as_tensor(np.stack([draw, draw])))
    if not isinstance(two, torch.Tensor) or two.shape != (2,):
        raise InputError("a log-density of one draw is one number")
    slopes = torch.func.vmap(torch.func.grad(one), (None, 0))
    slopes(tensors(parameters), torch.as_tensor(np.stack([draw, draw])))
    return (
        lambda x, p: mapped(tensors(p), torch.as_tensor(x)).numpy(),
        lambda x, p: {k: v.numpy() for k, v in slopes(tensors(p), torch.as_tensor(x)).items()},
    )


# -- records -------------------------------------------------------------------------------------------


def of_record(
    family: Family, *, parameters: Mapping[str, Any] | None = None, size: int = 2, name: str = ""
) -> Subject:
    """A record of ours; its entropy is the one that is derived from it. `size` is that of vectors and matrices."""
    from entropysym.language.records import argument_name
    from entropysym.witness.own_densities import log_density

    names = [argument_name(a) for a in family.arguments]
    values = as_parameters(parameters if parameters is not None else _values(family, size))
    if {*values} != {*names}:
        raise InputError(f"{family.name} takes {', '.join(names)}, not {', '.join(values)}")
    space = space_of(family.support, size if family.is_multivariate else None)
    of_arrays = log_density(family)

    def f(x: Any, p: Mapping[str, Any]) -> Any:
        return of_arrays(x, *(p[name] for name in names))

    plain, gradient = _of_jax(f, values, _a_draw(space))
    return Subject(
        name or family.name,
        values,
        plain,
        lambda _: space,
        gradient,
        _derived(family, names, space),
    )


def _derived(
    family: Family, names: list[str], space: Space
) -> Callable[[Parameters], float] | None:
    """The entropy that is derived from the record, as a number; None where none is."""
    from entropysym.prover.families import family_certificate
    from entropysym.witness.own_densities import log_density

    certificate = family_certificate(family)
    if certificate is None or family.log_base_measure != 0:
        return None
    formula = log_density(
        dataclasses.replace(family, log_density=certificate.entropy, location=None, scale=None)
    )

    def entropy(p: Parameters) -> float:
        import jax

        with jax.enable_x64(True):
            return float(formula(_a_draw(space), *(p[name] for name in names)))

    return entropy


#: Ordinary values of what lies in a range.
_ORDINARY = {"real": 0.4, "nonnegative": 1.3, "positive": 1.7, "unit": 0.35, "angle": 0.4}


def _values(family: Family, size: int) -> dict[str, Any]:
    from entropysym.language.records import argument_name

    found = {}
    for place, argument in enumerate(family.arguments):
        range_ = family.range_of(argument)
        line = np.arange(1.0, size + 1)
        known = {
            "simplex": line / line.sum(),
            "positives": 1.5 + line / 2,
            "vector": np.cos(line) / 2,
            "posdef": np.eye(size) + 0.3 * (1 - np.eye(size)),
        }
        value = known.get(range_, _ORDINARY.get(range_))
        if value is None:
            raise InputError(f"{family.name} has an argument that is {range_}; pass parameters=")
        found[argument_name(argument)] = value if np.ndim(value) else value + 0.3 * place * (range_ == "positive")  # fmt: skip
    return found


# -- objects of PyTorch and NumPyro ------------------------------------------------------------------


_CIRCLE = Space("interval", -np.pi, np.pi)

#: Laws on the circle, of which some libraries say that they live on the line.
_CIRCULAR = ("VonMises", "vonmises")


def space_of_constraint(constraint: Any, event: tuple[int, ...]) -> Space:
    """The space of a constraint of PyTorch or NumPyro. Raises `InputError` for one that is not known."""
    name = type(constraint).__name__.lower().lstrip("_")
    base = getattr(constraint, "base_constraint", None)
    if base is not None and event:
        inner = space_of_constraint(base, ())
        if inner == Space("interval"):
            return Space("vector", size=event[-1])
    if "simplex" in name:
        return Space("simplex", size=event[-1])
    if "onehot" in name.replace("_", ""):
        return Space("onehot", size=event[-1])
    if "positivedefinite" in name.replace("_", ""):
        return Space("posdef", size=event[-1])
    if "sphere" in name:
        return Space("sphere", size=event[-1])
    if "realvector" in name.replace("_", "") or (name == "real" and event):
        return Space("vector", size=event[-1])
    if event:
        raise InputError(f"draws that are {type(constraint).__name__} of shape {event} are not integrated")  # fmt: skip
    whole = bool(getattr(constraint, "is_discrete", False)) or "integer" in name or "boolean" in name  # fmt: skip
    if name == "circular":
        return _CIRCLE
    low, high = (_end(constraint, which) for which in ("lower_bound", "upper_bound"))
    if name == "boolean":
        low, high = 0.0, 1.0
    if not (np.isfinite(low) or np.isfinite(high)) and name not in ("real", "integer"):
        raise InputError(f"the support {type(constraint).__name__} is not known here")
    return Space("whole" if whole else "interval", low, high)


def _end(constraint: Any, which: str) -> float:
    value = getattr(constraint, which, None)
    if value is None:
        return -np.inf if which == "lower_bound" else np.inf
    return float(np.asarray(value))


#: Names of which a distribution takes one.
_ALTERNATIVES = (
    ("probs", "logits"),
    ("covariance_matrix", "precision_matrix", "scale_tril"),
)


def _taken(distribution: Any) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The parameters of an object that are real numbers, and the rest, by which it is made again."""
    constraints = distribution.arg_constraints
    named = [n for n in inspect.signature(type(distribution).__init__).parameters if n in constraints]  # fmt: skip
    held = vars(distribution)
    for group in _ALTERNATIVES:
        of_group = [n for n in named if n in group]
        keep = next((n for n in of_group if n in held), of_group[0] if of_group else None)
        named = [n for n in named if n not in of_group or n == keep]
    real, rest = {}, {}
    for n in named:
        value = getattr(distribution, n)
        constraint = constraints[n]
        kind = type(constraint).__name__.lower()
        whole = bool(getattr(constraint, "is_discrete", False)) or "integer" in kind
        array = np.array(value.detach() if hasattr(value, "detach") else value, np.float64)
        (rest if whole else real)[n] = array
    return real, rest


def of_torch(
    distribution: Any, *, name: str = "", parameters: Mapping[str, Any] | None = None
) -> Subject:
    """A `torch.distributions.Distribution`, made again at float64."""
    import torch

    if not isinstance(distribution, torch.distributions.Distribution):
        raise InputError(f"{shown(distribution)} is no distribution of PyTorch")
    values, rest = _taken(distribution)
    values |= as_parameters(parameters or {})
    kind: Any = type(distribution)
    event = tuple(distribution.event_shape)

    def made(p: Mapping[str, Any]) -> Any:
        fixed = {k: torch.as_tensor(v) for k, v in rest.items()}
        given = {k: v if isinstance(v, torch.Tensor) else torch.as_tensor(np.asarray(v)) for k, v in p.items()}  # fmt: skip
        return kind(**given, **fixed, validate_args=False)

    def log_density(x: np.ndarray, p: Parameters) -> np.ndarray:
        with torch.no_grad():
            return made(p).log_prob(torch.as_tensor(np.ascontiguousarray(x))).numpy()

    def gradient(x: np.ndarray, p: Parameters) -> dict[str, np.ndarray]:
        leaves = {
            k: torch.as_tensor(np.asarray(v)).expand(len(x), *np.shape(v)).clone().requires_grad_()
            for k, v in p.items()
        }
        total = made(leaves).log_prob(torch.as_tensor(np.ascontiguousarray(x))).sum()
        found = torch.autograd.grad(total, [*leaves.values()], allow_unused=True)
        return {
            k: np.zeros((len(x), *np.shape(p[k]))) if g is None else g.numpy()
            for k, g in zip(leaves, found, strict=True)
        }

    def support(p: Parameters) -> Space:
        circular = kind.__name__ in _CIRCULAR
        return _CIRCLE if circular else space_of_constraint(made(p).support, event)

    def kl(p: Parameters, q: Parameters) -> float:
        return float(torch.distributions.kl_divergence(made(p), made(q)).detach())

    return Subject(
        name or kind.__name__,
        values,
        log_density,
        support,
        gradient,
        _where_known(lambda p: float(made(p).entropy().detach()), values),
        _where_known(lambda p: kl(p, p), values) and kl,
    )


def _where_known(f: Callable[[Parameters], float], p: Parameters) -> Callable[..., float] | None:
    """The function, or None where the library says that it has none."""
    try:
        f(p)
    except NotImplementedError:
        return None
    return f


def of_numpyro(
    distribution: Any, *, name: str = "", parameters: Mapping[str, Any] | None = None
) -> Subject:
    """A distribution of NumPyro, made again at float64."""
    import jax

    room: Any = import_module("numpyro.distributions")  # which need not be installed
    if not isinstance(distribution, room.Distribution):
        raise InputError(f"{shown(distribution)} is no distribution of NumPyro")
    values, rest = _taken(distribution)
    values |= as_parameters(parameters or {})
    kind, event = type(distribution), tuple(distribution.event_shape)

    def made(p: Mapping[str, Any]) -> Any:
        return kind(**p, **rest, validate_args=False)

    space = space_of_constraint(distribution.support, event)
    log_density, gradient = _of_jax(lambda x, p: made(p).log_prob(x), values, _a_draw(space))

    def at64(f: Callable[..., Any]) -> Callable[..., Any]:
        def run(*p: Parameters) -> Any:
            with jax.enable_x64(True):
                return f(*p)

        return run

    entropy = _Program(lambda p: made(p).entropy())
    kl = _Program(lambda p, q: room.kl_divergence(made(p), made(q)))
    return Subject(
        name or kind.__name__,
        values,
        log_density,
        at64(lambda p: space_of_constraint(made(p).support, event)),
        gradient,
        _where_known(at64(lambda p: float(entropy(p))), values),
        _where_known(at64(lambda p: float(kl(p, p))), values)
        and at64(lambda p, q: float(kl(p, q))),
    )


# -- objects of SciPy and EFAX -------------------------------------------------------------------------

#: Frozen distributions of vectors and matrices: parameters by attribute, and where draws lie.
_FROZEN: dict[str, tuple[tuple[str, ...], str]] = {
    "multivariate_normal_frozen": (("mean", "cov"), "real"),
    "dirichlet_frozen": (("alpha",), "simplex"),
    "wishart_frozen": (("df", "scale"), "posdef"),
    "invwishart_frozen": (("df", "scale"), "posdef"),
}


def of_scipy(
    distribution: Any, *, name: str = "", parameters: Mapping[str, Any] | None = None
) -> Subject:
    """A frozen distribution of SciPy. Its parameters have no derivatives there, so differences stand for them."""
    kind = type(distribution).__name__
    if kind in _FROZEN:
        return _of_frozen_arrays(distribution, kind, name, parameters)
    if not hasattr(distribution, "dist") or not hasattr(distribution, "args"):
        raise InputError(f"{shown(distribution)} is no frozen distribution of SciPy; pass stats.gamma(2.0), for example")  # fmt: skip
    law = distribution.dist
    shapes, loc, scale = law._parse_args(*distribution.args, **distribution.kwds)
    continuous = hasattr(law, "logpdf")
    names = [s.strip() for s in law.shapes.split(",")] if law.shapes else []
    every = dict(zip(names, shapes, strict=True))
    whole = {k: v for k, v in every.items() if not continuous and float(v) == int(v)}
    values = as_parameters({k: v for k, v in every.items() if k not in whole})
    if continuous:
        values |= as_parameters({"loc": loc} if law.name in _CIRCULAR else {"loc": loc, "scale": scale})  # fmt: skip
    values |= as_parameters(parameters or {})
    log_of = law.logpdf if continuous else law.logpmf

    def keywords(p: Parameters) -> dict[str, Any]:
        return {**{k: float(v) for k, v in p.items()}, **whole}

    def support(p: Parameters) -> Space:
        if law.name in _CIRCULAR:
            return _CIRCLE
        low, high = map(float, law.support(**keywords(p)))
        return Space("interval" if continuous else "whole", low, high)

    return Subject(
        name or law.name,
        values,
        lambda x, p: log_of(x, **keywords(p)),
        support,
        None,
        lambda p: float(law.entropy(**keywords(p))),
    )


def _of_frozen_arrays(
    distribution: Any, kind: str, name: str, parameters: Mapping[str, Any] | None
) -> Subject:
    from scipy import stats

    names, support = _FROZEN[kind]
    law = getattr(stats, kind.removesuffix("_frozen"))
    values = as_parameters({n: getattr(distribution, n) for n in names}) | as_parameters(parameters or {})  # fmt: skip
    space = space_of(support, int(np.shape(values[names[-1]])[-1]))

    def log_density(x: np.ndarray, p: Parameters) -> np.ndarray:
        given = np.moveaxis(x, 0, -1) if space.kind in ("simplex", "posdef") else x
        return np.asarray(law.logpdf(given, *(p[n] for n in names)))

    return Subject(
        name or kind.removesuffix("_frozen"),
        values,
        log_density,
        lambda _: space,
        None,
        lambda p: float(law.entropy(*(p[n] for n in names))),
    )


def of_efax(
    distribution: Any, *, name: str = "", parameters: Mapping[str, Any] | None = None
) -> Subject:
    """A distribution of EFAX, in any of its parametrisations."""
    import jax

    fields = {f.name: getattr(distribution, f.name) for f in dataclasses.fields(distribution)}
    arrays = {k: v for k, v in fields.items() if hasattr(v, "dtype") and np.asarray(v).dtype.kind == "f"}  # fmt: skip
    rest = {k: v for k, v in fields.items() if k not in arrays}
    values = as_parameters(arrays) | as_parameters(parameters or {})
    kind = type(distribution)

    def made(p: Mapping[str, Any]) -> Any:
        found = kind(**{k: jax.numpy.asarray(v) for k, v in p.items()}, **rest)
        return found.to_nat() if hasattr(found, "to_nat") else found

    space = _space_of_efax(distribution)
    log_density, gradient = _of_jax(lambda x, p: made(p).log_pdf(x), values, _a_draw(space))

    def at64(f: Callable[..., Any]) -> Callable[..., Any]:
        def run(*p: Parameters) -> Any:
            with jax.enable_x64(True):
                return float(f(*p))

        return run

    def entropy(p: Parameters) -> Any:
        law = made(p)
        if not hasattr(law, "entropy"):
            raise NotImplementedError
        return law.entropy()

    def kl(p: Parameters, q: Parameters) -> Any:
        law = made(p)
        if not hasattr(law, "kl_divergence"):
            raise NotImplementedError
        return law.kl_divergence(made(q))

    return Subject(
        name or kind.__name__,
        values,
        log_density,
        lambda _: space,
        gradient,
        _where_known(at64(entropy), values),
        _where_known(at64(lambda p: kl(p, p)), values) and at64(kl),
    )


#: The beginning of a class of EFAX -> the support, and whether its draws are vectors.
_EFAX: dict[str, str] = {
    "Normal": "real",
    "UnitVarianceNormal": "real",
    "Laplace": "real",
    "Logarithmic": "from 1",
    "Gamma": "positive",
    "Exponential": "positive",
    "ChiSquare": "positive",
    "InverseGamma": "positive",
    "InverseGaussian": "positive",
    "LogNormal": "positive",
    "Rayleigh": "positive",
    "Maxwell": "positive",
    "Weibull": "positive",
    "Chi": "positive",
    "HalfNormal": "positive",
    "Beta": "unit",
    "Bernoulli": "binary",
    "Poisson": "count",
    "Geometric": "count",
    "NegativeBinomial": "count",
}


def _space_of_efax(distribution: Any) -> Space:
    kind = type(distribution).__name__
    for start in sorted(_EFAX, key=len, reverse=True):
        rest = kind.removeprefix(start)
        if kind.startswith(start) and len(rest) <= 3 and rest.isupper():
            return space_of(_EFAX[start])
    raise InputError(f"where draws of EFAX's {kind} lie is not known here")
