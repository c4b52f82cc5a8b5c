r"""The optimal manifold: with σ² and α² at their best values the ELBO is an entropy sum of encoder and means alone."""

import sympy as sp

from entropysym.errors import EntropysymError
from entropysym.models import vae2
from entropysym.pages import Line
from entropysym.prover import Derivation
from entropysym.verdict import Verdict, proved, refuted

from .page import main
from .theorem import DAMM, Theorem, derivation

PROFILED = sp.Symbol("F_best", real=True)

#: Random configurations of each shape.
COUNT = 3


def best_values(d: Derivation) -> dict[sp.Expr, sp.Expr]:
    """σ² and α_h², solved from their stationarity conditions."""
    best = {p.entry: d.stationarity[p.name] for p in d.model.parameters}
    for entry, condition in best.items():
        if condition.lhs != entry or condition.rhs.has(entry):
            raise EntropysymError(f"the stationarity condition of {entry} is not solved for it")
    return {entry: condition.rhs for entry, condition in best.items()}  # type: ignore[misc]


def profiled(d: Derivation) -> sp.Expr:
    """The entropy sum with the best values put in: a function of the networks alone."""
    return d.entropy_sum.xreplace(best_values(d))


def on_the_manifold(factor: float = 1.0) -> Verdict:
    """ELBO at σ² = factor × its best value and α² at its best, against the profiled objective, at random networks and encoders."""
    import jax
    import jax.numpy as jnp

    from entropysym.lowering import EPS, TOLERANCE, cubature, lower
    from entropysym.witness import density_elbo
    from entropysym.witness.configurations import callables, draw, shapes

    d = derivation(vae2)
    model, objective = d.model, lower(profiled(d), d.model)
    best = {p.name: lower(best_values(d)[p.entry], model, p.plates) for p in model.parameters}
    elbo, largest, compared = density_elbo(model), 0.0, 0
    for shape in shapes(model):
        drawn = draw(model, shape, 0, COUNT)
        noise = cubature(shape["H"])  # for which E eps_i eps_j = delta_ij holds exactly
        for k in range(COUNT):
            c = jax.tree.map(lambda a, k=k: jnp.asarray(a[k]), drawn)
            given = {**c.arrays, **callables(model, shape)(c.weights)}
            values = {name: f(**given, noise=noise) for name, f in best.items()}
            at_best = {**given, **values, "sigma2": factor * values["sigma2"]}
            parts = elbo(at_best, noise)
            terms = parts.terms + objective.terms(**given, noise=noise)
            apart = parts.total - objective(**given, noise=noise)
            largest = max(largest, float(abs(apart) / (EPS * terms)))
            compared += 1
    said = f"{compared} random encoders and decoders, largest residual {largest:.2g} eps x terms"
    make = proved if largest <= TOLERANCE else refuted
    return make(f"ELBO against profiled objective: {said}", "float64")


def off_the_manifold() -> Verdict:
    """The control: a decoder variance that is 1 % too large."""
    v = on_the_manifold(1.01)
    return Verdict(v.value, f"variance 1 % too large: {v.reason}", v.evidence)


THEOREM = Theorem(
    title="The optimal manifold: variances profiled out",
    statement=(
        "For any encoder and any decoder mean, the best decoder variance and the best prior variances are means of squares. With "
        "these put in, the ELBO equals the entropy sum and depends on encoder and decoder mean alone: it is the objective that "
        "is left to be maximised. No other parameter has to be stationary."
    ),
    source=DAMM,
    model=vae2,
    claim=on_the_manifold,
    control=off_the_manifold,
    about_lines="The stationarity conditions of the two variances are solved for them and put into the closed form:",
    lines=lambda d: [Line(PROFILED, profiled(d))],
)

if __name__ == "__main__":
    main(THEOREM)
