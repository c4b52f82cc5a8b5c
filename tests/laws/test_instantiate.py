"""The law of instantiation: plain SymPy at given sizes and the lowered JAX function agree."""

import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp

import entropysym as es
from entropysym.errors import InputError
from entropysym.language.heads import Entropy
from entropysym.lowering import Nodes, cubature, lower

D, H, N = 3, 2, 4


def _arrays(model, seed=2):
    rng = np.random.default_rng(seed)
    lengths = {"D": D, "H": H}
    arrays = {"x": rng.normal(size=(N, D))}
    for p in model.parameters:
        value = rng.normal(size=[lengths[plate.size.name] for plate in p.plates])
        arrays[p.name] = np.abs(value) + 0.3 if p.range == "positive" else value
    return {k: jnp.asarray(v) for k, v in arrays.items()}


def _substituted(plain, model, arrays):
    """Numbers for the indexed entries of an instantiated expression."""
    places = {}
    for entry in plain.atoms(sp.Indexed):
        value = arrays[str(entry.base.label)]
        places[entry] = sp.Float(float(value[tuple(int(i) - 1 for i in entry.indices)]), 30)
    for p in model.parameters:
        if not p.plates:
            places[p.symbol] = sp.Float(float(arrays[p.name]), 30)
    return float(plain.xreplace(places).evalf(25))


@pytest.mark.slow
@pytest.mark.parametrize("part", ["elbo", "gap", "entropy_sum"])
def test_the_linear_vae_agrees_with_its_lowered_function(part, derivations):
    d = derivations["linear_vae"]
    arrays = _arrays(d.model)
    expression = getattr(d, part)
    plain = es.instantiate(expression, D=D, H=H, N=N)
    assert not plain.atoms(sp.Sum)
    lowered = lower(expression, d.model)(**arrays, noise=cubature(H))
    assert (
        abs(_substituted(plain, d.model, arrays) - float(lowered))
        < 1e-12 * abs(float(lowered)) + 1e-12
    )


def test_plain_sympy_can_be_differentiated(derivations):
    d = derivations["linear_vae"]
    plain = es.instantiate(d.entropy_sum, D=D, H=H)
    tau = sp.IndexedBase("tau", positive=True)
    assert sp.diff(plain, tau[2]) == 1 / tau[2]
    assert sp.diff(es.instantiate(d.elbo, D=1, H=1, N=1), tau[1]) != 0


def test_nodes_carry_out_what_is_not_polynomial(derivations):
    d = derivations["sparse_coding"]
    arrays = _arrays(d.model)
    eps = np.array([[0.4, -1.1], [-0.7, 0.2], [1.3, 0.6]])
    weights = np.array([0.2, 0.5, 0.3])
    nodes = [(tuple(map(sp.Float, e)), sp.Float(w)) for e, w in zip(eps, weights, strict=True)]
    plain = es.instantiate(d.gap, nodes=nodes, D=D, H=H, N=N)

    def nu(x):
        return jnp.stack([x[0] - x[1], x[2] / 3])

    def tau2(x):
        return jnp.stack([1 + x[0] ** 2, 2 + x[1] ** 2])

    a, b, c = sp.symbols("a b c")
    formulas = {
        "nu__1": sp.Lambda((a, b, c), a - b),
        "nu__2": sp.Lambda((a, b, c), c / 3),
        "tau2__1": sp.Lambda((a, b, c), 1 + a**2),
        "tau2__2": sp.Lambda((a, b, c), 2 + b**2),
    }
    plain = plain.replace(
        lambda e: isinstance(e, sp.core.function.AppliedUndef),
        lambda e: formulas[e.func.__name__](*e.args),
    )
    lowered = lower(d.gap, d.model)(
        **arrays, nu=nu, tau2=tau2, noise=Nodes(jnp.asarray(eps), jnp.asarray(weights))
    )
    assert abs(_substituted(plain, d.model, arrays) - float(lowered)) < 1e-11 * abs(float(lowered))


def test_matrices_are_written_out(derivations):
    d = derivations["gaussian_vae"]
    plain = es.instantiate(d.entropy_sum, nodes=[((0, 0), 1)], D=1, H=2, N=1)
    A = sp.IndexedBase("A", real=True)
    assert plain.has(sp.log(A[1, 1] * A[2, 2] - A[2, 1] ** 2))


@pytest.mark.parametrize(
    ("part", "sizes", "words"),
    [
        ("entropy_sum", {"D": 2}, "the size H is needed"),
        ("entropy_sum", {"D": 2, "H": 0}, "the size H is 0; pass an integer"),
        ("entropy_sum", {"D": 2, "H": 1.5}, "pass an integer"),
        ("elbo", {"D": 1, "H": 1}, "the size N is needed"),
    ],
)
def test_sizes_are_checked(part, sizes, words, derivations):
    with pytest.raises(InputError, match=words):
        es.instantiate(getattr(derivations["linear_vae"], part), **sizes)


def test_what_cannot_be_carried_out_says_so(derivations):
    with pytest.raises(InputError, match="not one of a polynomial in z; pass nodes"):
        es.instantiate(derivations["vae2"].elbo, D=1, H=1, N=1)
    with pytest.raises(InputError, match="is not spelled out"):
        es.instantiate(Entropy("prior"), D=1)
