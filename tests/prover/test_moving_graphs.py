"""Graphs whose direction moves q: latents with a fixed prior are scaled in q and in all that reads them, and the others stand still."""

import json
from dataclasses import replace
from functools import cache

import jax
import jax.numpy as jnp
import pytest
import sympy as sp

import entropysym as es
from entropysym import ModelWriter, checker
from entropysym.errors import InputError
from entropysym.families import ANY, LAPLACE, NORMAL
from entropysym.language.functions import Softplus
from entropysym.language.heads import JointNoiseExpectation
from entropysym.language.noise import noise_form
from entropysym.language.objective import elbo, latents_written_out, reparametrised
from entropysym.language.symbols import noise_of
from entropysym.lowering import lower
from entropysym.models import ZOO
from entropysym.prover import Derivation, Refusal
from entropysym.prover.document import document, to_json
from entropysym.prover.motion import along
from entropysym.verdict import Value
from entropysym.witness import density_elbo, sweep, try_variants
from entropysym.witness.configurations import callables, draw, shapes
from tests.checker.forging import DELETE, DIRECTION, bonus, claims, forged
from tests.instances import names

#: The Laplace law as location + scale · noise; the noise is not normal.
LOCATED = replace(
    LAPLACE, name="Located", location=LAPLACE.arguments[0], scale=LAPLACE.arguments[1]
)


def _first_layer(w, name, index, z, at):
    """A network's input that is a free first layer of z."""
    return w.vector(index, w.sum(at, w.learned(name, f"{index} {at}") * z.entry))


def _scaled(w, z, at, *reads, scale=sp.exp, learned=True, law=NORMAL):
    """q of a latent with a mean that is linear in its last layer, and a variance with a bias."""
    free = w.learned if learned else w.fixed
    V, c, u = free(f"V{z.name}", f"{at} j"), free(f"c{z.name}", at), free(f"u{z.name}", at)
    mean = w.sum("j", V * w.network(f"g{z.name}", "j", reads=reads)) + c
    w.q(z, law(mean, scale(w.network(f"r{z.name}", at, reads=reads) + u)))


def _still(w, z, at, *reads):
    t = w.network(f"t{z.name}", at, reads=reads, range="positive")
    w.q(z, NORMAL(w.network(f"nu{z.name}", at, reads=reads), t))


def _two_layers(name, *, reads="z1", second=None, constrained=False, **encoder):
    """p(z2) = N(0, 1), and z1 reads z2 through a first layer, perhaps also through a second one."""
    w = ModelWriter()
    for plate in ("k K", "j J", "m M"):
        w.plate(plate)
    z1, z2 = w.latent_variable("z1", "h"), w.latent_variable("z2", "l L")
    layers = [_first_layer(w, "W", "k", z2, "l")]
    if second:
        layers.append(_first_layer(w, second, "m", z2, "l"))
    w.p(z2, NORMAL(0, 1))
    mean = w.network("m1", "h", reads=tuple(layers))
    w.p(z1, NORMAL(mean, w.learned("s1", "h", range="positive")))
    w.p(w.x, NORMAL(w.network("m0", "d", reads=z1), w.learned("s0", range="positive")))
    _still(w, z1, "h", w.x)
    _scaled(w, z2, "l", w.x if reads == "x" else z1, **encoder)
    if constrained:
        w.constrain(second, "its columns have norm 1")
    return w.model(name)


def linear_top():
    """z1 is linear in z2, and the standard deviation of q(z2|z1) is learned."""
    w = ModelWriter()
    z1, z2 = w.latent_variable("z1", "h"), w.latent_variable("z2", "l L")
    w.plate("j J")
    W, b = w.learned("W", "h l"), w.learned("b", "h")
    V, c = w.learned("V", "l j"), w.learned("c", "l")
    w.p(z2, NORMAL(0, 1))
    w.p(z1, NORMAL(w.sum("l", W * z2.entry) + b, w.learned("s1", "h", range="positive")))
    w.p(w.x, NORMAL(w.network("m0", "d", reads=z1), w.learned("s0", range="positive")))
    _still(w, z1, "h", w.x)
    mean = w.sum("j", V * w.network("f", "j", reads=z1)) + c
    w.q(z2, NORMAL(mean, w.learned("tau", "l", range="positive") ** 2))
    return w.model("linear_top")


def both_layers():
    """Neither layer has a learned variance, so both are scaled; q(z2|z1) is linear."""
    w = ModelWriter()
    z1, z2 = w.latent_variable("z1", "h"), w.latent_variable("z2", "l L")
    w.plate("k K")
    w.plate("j J")
    W, b = w.learned("W", "h l"), w.learned("b", "h")
    w.p(z2, NORMAL(0, 1))
    w.p(z1, NORMAL(w.sum("l", W * z2.entry) + b, 1))
    first = _first_layer(w, "A", "k", z1, "h")
    w.p(w.x, NORMAL(w.network("m0", "d", reads=first), w.learned("s0", range="positive")))
    _scaled(w, z1, "h", w.x)
    V, c, u = w.learned("V", "l h"), w.learned("c", "l"), w.learned("u", "l")
    w.q(z2, NORMAL(w.sum("h", V * z1.entry) + c, sp.exp(u)))
    return w.model("both_layers")


def both_from_data():
    """Neither layer has a learned variance, and q reads the data alone."""
    w = ModelWriter()
    z1, z2 = w.latent_variable("z1", "h"), w.latent_variable("z2", "l L")
    w.plate("k K")
    w.plate("j J")
    W, b = w.learned("W", "h l"), w.learned("b", "h")
    w.p(z2, NORMAL(0, 1))
    w.p(z1, NORMAL(w.sum("l", W * z2.entry) + b, 1))
    first = _first_layer(w, "A", "k", z1, "h")
    w.p(w.x, NORMAL(w.network("m0", "d", reads=first), w.learned("s0", range="positive")))
    _scaled(w, z1, "h", w.x)
    _scaled(w, z2, "l", w.x)
    return w.model("both_from_data")


def chain():
    """Entry by entry, z2 reads z1 in q and z1 reads z2 in p, and neither prior learns a variance."""
    w = ModelWriter()
    z1, z2 = w.latent_variable("z1", "h"), w.latent_variable("z2", "h")
    w.plate("k K")
    w.p(z2, NORMAL(0, 1))
    w.p(z1, NORMAL(w.learned("b", "h") * z2.entry, 1))
    first = _first_layer(w, "A", "k", z1, "h")
    w.p(w.x, NORMAL(w.network("m0", "d", reads=first), w.learned("s0", range="positive")))
    variance = w.learned("t1", "h", range="positive")
    w.q(z1, NORMAL(w.learned("a", "h") * w.network("nu", "h", reads=w.x), variance))
    w.q(z2, NORMAL(w.learned("v", "h") * z1.entry, w.learned("t2", "h", range="positive")))
    return w.model("moving_chain")


def laplace():
    """One latent of another name, with a Laplace law in q."""
    w = ModelWriter()
    w.plate("k K")
    w.plate("j J")
    v = w.latent_variable("v", "h")
    first = _first_layer(w, "W", "k", v, "h")
    w.p(v, NORMAL(0, 1))
    w.p(w.x, NORMAL(w.network("F", "d", reads=first), w.learned("s", range="positive")))
    _scaled(w, v, "h", w.x, law=LOCATED)
    return w.model("laplace")


half = sp.Rational(1, 2)
#: Model -> how it is made, the latents that are scaled, and the multiples of themselves by which parameters move.
MOVING = {
    "two_layer_vae_fixed_top": (
        ZOO["two_layer_vae_fixed_top"],
        ("z2",),
        {"s0": -1, "s1": -1, "W": -half, "V": half, "c": half},
    ),
    "conditional_vae_fixed_prior": (
        ZOO["conditional_vae_fixed_prior"],
        ("z",),
        {"sigma2": -1, "W": -half, "V": half, "c": half},
    ),
    "from data": (
        lambda: _two_layers("from_data", reads="x"),
        ("z2",),
        {"s0": -1, "s1": -1, "W": -half, "Vz2": half, "cz2": half},
    ),
    "two first layers": (
        lambda: _two_layers("two_first_layers", second="U"),
        ("z2",),
        {"s0": -1, "s1": -1, "W": -half, "U": -half, "Vz2": half, "cz2": half},
    ),
    "linear top": (
        linear_top,
        ("z2",),
        {"s0": -1, "s1": -1, "W": -half, "V": half, "c": half, "tau": half},
    ),
    "both from data": (
        both_from_data,
        ("z1", "z2"),
        {
            "s0": -1,
            "A": -half,
            "b": half,
            "Vz1": half,
            "cz1": half,
            "Vz2": half,
            "cz2": half,
        },
    ),
    "chain": (chain, ("z1", "z2"), {"s0": -1, "A": -half, "a": half, "t1": 1, "t2": 1}),
    "laplace": (laplace, ("v",), {"s": -1, "W": -half, "Vv": half, "cv": half}),
}
every = pytest.mark.parametrize("name", MOVING)
some = pytest.mark.parametrize("name", names(MOVING, ("two_layer_vae_fixed_top", "chain")))


@cache
def _found(name):
    return es.derive(MOVING[name][0]())


@pytest.mark.some(1)
@every
def test_all_factors_are_served_and_the_derivation_is_replayed(name):
    found = _found(name)
    assert isinstance(found, Derivation), found.reason
    assert found.verdict.value is Value.PROVED, found.verdict
    assert "replayed" in found.verdict.evidence
    assert found.factors == tuple(f.name for f in found.model.p)
    assert found.excess == 0
    rules = [step.rule for step in found.steps]
    scaled = len(MOVING[name][1])
    middle = [*["tempering"] * (len(found.model.p) - scaled), *["scaling"] * scaled]
    assert rules == [
        *("definition", "reparametrise", "split"),
        *middle,
        *("gap", "stationary", "closed_form"),
    ]


@pytest.mark.some(1)
@every
def test_the_direction_scales_what_has_a_fixed_prior(name):
    found = _found(name)
    _, latents, multiples = MOVING[name]
    assert noise_form(found.model, found.direction) == latents
    entries = {p.name: p.entry for p in found.model.parameters}
    for parameter, times in multiples.items():
        assert sp.expand(found.direction[parameter] - times * entries[parameter]) == 0, parameter
    for parameter in set(found.direction) - set(multiples):  # the biases of log-variances
        assert found.direction[parameter].is_number, parameter
    for step in found.steps:
        for e in step.after.atoms(JointNoiseExpectation):
            assert e.latents == latents


@pytest.mark.some(1)
@every
def test_the_conditions_are_those_that_the_checker_demands(name):
    found = _found(name)
    result = checker.replay(to_json(found))
    assert list(result.conditions) == [tuple(c.stored()) for c in found.conditions]
    drawn = [c.subject for c in found.conditions if c.kind == "reparametrised"]
    assert drawn == [f.name for f in found.model.q if {*f.of} & {*MOVING[name][1]}]


# -- what is false -----------------------------------------------------------------------------------------------------


def _refused(forged):
    with pytest.raises(checker.Refused):
        checker.replay(json.dumps(forged))


@pytest.mark.slow
@some
def test_a_false_entropy_sum_is_refused(name):
    true = document(_found(name))
    head, *addends = true["statement"]["claim"]["entropy_sum"]
    assert head == "add"
    for k, addend in enumerate(addends):
        others = addends[:k] + addends[k + 1 :]
        _refused(claims(true, others[0] if len(others) == 1 else ["add", *others]))
        _refused(bonus(true, addend))
    for number in (1, ["frac", 1, 2], ["log", 2]):
        _refused(bonus(true, number))


@pytest.mark.slow
@some
def test_a_false_direction_is_refused(name):
    true = document(_found(name))
    for parameter, moved in true["statement"]["direction"].items():
        for times in (-1, ["frac", 1, 2]):
            _refused(forged(true, ((*DIRECTION, parameter), ["mul", times, moved])))
        _refused(forged(true, ((*DIRECTION, parameter), DELETE)))


# -- what has no direction ----------------------------------------------------------------------------------------------


def _read_by_any_law():
    """A law that nothing is known of reads what would be scaled."""
    w = ModelWriter()
    z1, z2 = w.latent_variable("z1", "h"), w.latent_variable("z2", "l L")
    for plate in ("k K", "j J"):
        w.plate(plate)
    w.p(z2, NORMAL(0, 1))
    mean = w.network("m1", "h", reads=_first_layer(w, "W", "k", z2, "l"))
    w.p(z1, NORMAL(mean, w.learned("s1", "h", range="positive")))
    w.p(w.x, NORMAL(w.network("m0", "d", reads=z1), w.learned("s0", range="positive")))
    w.q(z1, z2, ANY)
    return w.model("any_law")


#: Why there is none -> the model.
WITHOUT = {
    "the encoder is frozen": lambda: _two_layers("frozen", learned=False),
    "the variance is no exponential": lambda: _two_layers("no_exponential", scale=Softplus),
    "a first layer is constrained": lambda: _two_layers("held", second="U", constrained=True),
    "q may be any": _read_by_any_law,
}


@pytest.mark.some(1)
@pytest.mark.parametrize("why", WITHOUT)
def test_what_has_no_direction_is_undecided_and_what_is_left_is_true(why):
    found = es.derive(WITHOUT[why]())
    assert isinstance(found, Refusal)
    assert found.verdict.value is Value.UNDECIDED
    assert found.role == "p_z2"
    left = found.partial
    assert left.verdict.value is Value.PROVED, left.verdict
    assert set(left.factors) == {"p_z1", "p_x"}
    assert left.excess != 0
    _refused(forged(document(left), (("statement", "claim", "excess"), 0)))


@pytest.mark.slow
def test_a_noise_form_that_is_too_large_is_not_proved():
    """z1 is a sum of features, z2 one of the entries of z1, and the prior of z1 squares both: more than the checker looks through."""
    found = es.derive(both_layers())
    assert found.verdict.value is Value.UNDECIDED
    assert "work limit" in found.verdict.reason
    assert set(found.factors) == {"p_z2", "p_z1", "p_x"}


# -- the noise form ------------------------------------------------------------------------------------------------------


def test_only_what_moves_and_what_reads_it_is_noise():
    model = both_layers()
    assert noise_form(model, []) == ()
    assert noise_form(model, ["s0", "W"]) == ()
    assert noise_form(model, ["u"]) == ("z2",)
    assert noise_form(model, ["Vz1"]) == ("z1", "z2")


def test_a_latent_moves_with_what_it_reads():
    model = both_layers()
    value = reparametrised(elbo(model), ("z1", "z2"))
    head = next(iter(value.atoms(JointNoiseExpectation)))
    z2 = model.entry("z2")
    written = latents_written_out(head.over(z2), model)
    names = {str(e.base) for e in written.body.atoms(sp.Indexed)}
    assert {"V", "c", "Vz1", "cz1", "epsilon_z1", "epsilon_z2"} <= names
    assert not {"z1", "z2"} & names
    moved = along(head.over(z2), model, {"cz1": sp.S.One})
    assert str(moved) == "E_ε[Sum(V[l, h], (h, 1, H))]"


def test_a_direction_that_moves_q_needs_the_noise_form():
    model = both_layers()
    still = reparametrised(elbo(model), ("z2",)).atoms(JointNoiseExpectation).pop()
    with pytest.raises(InputError, match="z1"):
        along(still.over(model.entry("z1")), model, {"cz1": sp.S.One})


# -- stationarity --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["W", "b", "V", "c", "tau"])
def test_conditions_of_what_is_learned_in_q_are_gradients(name):
    """z2 is drawn from noise, z1 stands still: the slope is JAX's gradient of the ELBO from densities, at the same noise."""
    found = _found("linear top")
    model, equation = found.model, found.stationarity[name]
    assert equation.rhs == 0 or name == "b"
    shape = shapes(model, 0)[3]
    one = jax.tree.map(lambda a: jnp.asarray(a[0]), draw(model, shape, 0, 1))
    nodes = _mirrored(one.nodes)
    arguments = {**one.arrays, **callables(model, shape)(one.weights)}
    density = density_elbo(model)

    def value(v):
        return density({**arguments, name: v}, nodes).total

    gradient = jax.grad(value)(arguments[name])
    parameter = next(p for p in model.parameters if p.name == name)
    slope = lower(equation.lhs - equation.rhs, model, parameter.plates)
    there = slope(**arguments, noise=density.at(arguments, nodes))
    if equation.rhs != 0:  # solved for b: the normal equation of a mean, times the precision
        there, gradient = there / arguments["s1"], -gradient
    assert jnp.max(jnp.abs(gradient)) > 1e-6
    assert jnp.allclose(there, gradient, rtol=1e-9, atol=1e-12)


def _mirrored(nodes):
    """Each point also with the noise of z2 turned round, so that its mean is 0 at the points too."""
    values = {k: jnp.concatenate([v, -v if k == "z2" else v], 1) for k, v in nodes.values.items()}
    weights = {k: jnp.concatenate([v, v], -1) / 2 for k, v in nodes.weights.items()}
    return replace(nodes, values=values, weights=weights)


@pytest.mark.slow
def test_conditions_of_one_latent_do_not_depend_on_its_name():
    """A latent of another name makes a graph, and all averages over its noise are carried out as for z."""
    plain, joint = (es.derive(_linear(name)).stationarity for name in "zv")
    for name in ("b", "s", "tau"):
        assert str(joint[name].lhs) == str(plain[name].lhs)
    assert joint["tau"] == plain["tau"]
    assert set(plain) - set(joint) == {"scaling"}


def _linear(latent):
    w = ModelWriter()
    z, b = w.latent_variable(latent, "h"), w.learned("b", "d")
    W, V, c = w.learned("W", "d h"), w.learned("V", "h d"), w.learned("c", "h")
    s, tau = w.learned("s", range="positive"), w.learned("tau", "h", range="positive")
    w.p(w.x, NORMAL(w.sum("h", W * z.entry) + b, s))
    w.p(z, NORMAL(0, 1))
    w.q(z, NORMAL(w.sum("d", V * w.x_nd) + c, tau**2))
    return w.model(f"linear_{latent}")


# -- numbers -------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["two_layer_vae_fixed_top", "chain"])
def test_the_identity_holds_at_random_configurations(name):
    result = sweep(_found(name).identity, count=160)
    assert result.passed, result


@pytest.mark.slow
def test_wrong_variants_are_rejected():
    for variant in try_variants(_found("two_layer_vae_fixed_top").identity, count=40):
        assert variant.passed, variant


@pytest.mark.slow
def test_what_is_left_of_a_factor_is_averaged_at_the_same_noise():
    """A decoder that is fixed leaves its gain along the motion of q, in which the noise stands by itself."""
    w = ModelWriter()
    v = w.latent_variable("v", "h")
    W, V, c = w.fixed("W", "d h"), w.learned("V", "h d"), w.learned("c", "h")
    w.p(w.x, NORMAL(w.sum("h", W * v.entry), w.fixed("s", range="positive")))
    w.p(v, NORMAL(0, 1))
    tau = w.learned("tau", "h", range="positive")
    w.q(v, NORMAL(w.sum("d", V * w.x_nd) + c, tau**2))
    found = es.derive(w.model("fixed_decoder"))
    assert isinstance(found, Refusal)
    left = found.partial
    assert left.verdict.value is Value.PROVED, left.verdict
    assert left.factors == ("p_v",)
    assert set(left.direction) == {"V", "c", "tau"}
    assert left.excess.has(noise_of("v"))
    _refused(forged(document(left), (("statement", "claim", "excess"), 0)))
    result = sweep(left.identity, count=80)
    assert result.passed, result
