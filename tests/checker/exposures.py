"""Documents that each show one check of gate, reader or kernel: without it they would pass.

`REFUSED` are refused by that check alone, `REFUSALS` by a check of refusals; `VALID` are accepted.
"""

import json

from . import exposing
from .documents import (
    HALF,
    PI,
    E,
    X,
    entropy_terms,
    gaussian_vae,
    linear_vae,
    neg,
    poisson,
    sigmoid_net,
    vae2,
)
from .exposing import (
    CONDITIONS,
    D_OBJECTIVE,
    GAUSSIAN,
    NORMAL,
    SIGMA,
    Build,
    change,
    constrained,
    density,
    fixed,
    named,
    nothing,
    other_family,
    with_gap,
    with_spare,
)
from .forged_functions import FUNCTIONS, VALID_FUNCTIONS
from .forged_graphs import GRAPHS, VALID_GRAPHS
from .forging import DELETE, DIRECTION, MODEL, SUM, bonus, claims, edited, forged
from .graph_falsehoods import scale_of_odds

ONES = ["vec", "H", 1]
T_OF_X = ["matnet", "T", [["vec", "D", ["v", "x", 1, 0]]]]
T_AT_0 = ["matnet", "T", [["vec", "D", 0]]]
E_PRIOR = ["mean", "N", ["expect", ["logp", "prior", 0]]]
SIZE_1 = ["add", ["param", "s"], -1]
GAP = vae2()["statement"]["claim"]["gap"]
SQUARE_OF_NOISE = ["sum", "H", ["pow", ["eps", "z", 1, 0], 2]]
STILL_SQUARE = ["mean", "N", ["reparam", ["sum", "H", ["pow", ["v", "z", 1, 0], 2]]]]
LOG_X, LOG_Z = (["sum", size, ["log", ["v", v, 2, 0]]] for size, v in (("D", "x"), ("H", "z")))
TAU = ["param", "tau", 0]
EPS = ["eps", "z", 1, 0]
TWICE = ["mean", "N", ["H", "prior", 0, 0]]
H_OF_VAE2 = [
    ["mul", ["frac", -1, 2], ["sum", "H", ["log", ["mul", 2, PI, E, ["param", "alpha2", 0]]]]],
    ["mul", ["frac", -1, 2], ["size", "D"], ["log", ["mul", 2, PI, E, SIGMA]]],
]

RECORDS: dict[str, Build] = {
    "a name of two words": named("own_vae2", "own vae2"),
    "a name that is a number": change(vae2, (*MODEL, "name"), 5),
    "a text of 201 characters": constrained("a" * 201),
    "a text that is a number": constrained(5),
    "a text in a constraint that is a number": change(vae2, (*MODEL, "constraints", 0, "text"), 5),
    "an escape, in the condition too": constrained("fine\u001b[2K"),
    "two lines, in the condition too": constrained("fine\nmodel vae2"),
    "a letter that is not ASCII": constrained("caf\u00e9"),
    "two spaces, in the condition too": constrained("fine  stationary: all"),
    "a constraint on what is not declared": constrained("fine", on="phantom"),
    "learned is 1": change(vae2, (*MODEL, "parameters", 0, "learned"), 1),
    "a direction that is a list": change(vae2, DIRECTION, []),
    "a hash that is a number": lambda: edited(vae2(), (("sha256", "statement"), 5)),
    "the other hash is a number": lambda: edited(vae2(), (("sha256", "document"), 5)),
    "the sizes are a text": change(vae2, (*MODEL, "sizes"), "NDH"),
    "a rule that is a number": change(vae2, ("steps", 2, "rule"), 5),
    "an objective that is a list": change(vae2, ("statement", "objective"), ["weights", "penalty"]),
    "a certificate for a family that is none": change(
        vae2, ("certificates", "other"), vae2()["certificates"]["normal"]
    ),
    "floats where nothing may stand": exposing.floats_for_nothing,
    "a megabyte of spaces": lambda: json.dumps(vae2()).encode() + b" " * 2**20,
    "a term nested too deep": exposing.deep,
    "too many nodes": lambda: bonus(vae2(), ["add", *[0] * 20_000]),
    "a plate of no size": fixed("k", "Q"),
    "a range that is none": fixed("k", range="integer"),
    "a matrix with one axis": fixed("k", "H", range="posdef"),
    "a matrix with three axes": fixed("k", "H", "H", "H", range="posdef"),
    "an unused family": exposing.unused_family,
    "a factor of no family": change(vae2, (*MODEL, "p", 0, "family"), "other"),
    "a family that is a list": change(vae2, (*MODEL, "p", 0, "family"), ["normal"]),
    "an argument too few": change(vae2, (*MODEL, "p", 0, "arguments"), [0]),
    "an argument of two words": named("variance", "my variance"),
    "an argument's range that is none": change(vae2, (*NORMAL, "arguments", 1, "range"), "nonzero"),
    "a support that is none": lambda: forged(
        vae2(),
        ((*NORMAL, "support"), "nonzero"),
        ((*NORMAL, "location"), None),
        ((*NORMAL, "scale"), None),
    ),
    "an argument declared twice": change(vae2, (*NORMAL, "arguments"), lambda old: [*old, old[1]]),
    "a matrix argument of another size": with_spare(
        "posdef",
        (["mat", "A"], ["mat", "A"], T_OF_X),
        ["scaled", 0, ["arg", "spare"]],
    ),
    "a scale without location": change(vae2, (*NORMAL, "location"), None),
    "a location of vectors": lambda: forged(
        gaussian_vae(), ((*GAUSSIAN, "location"), 0), ((*GAUSSIAN, "scale"), 1)
    ),
    "a location with the variable": change(
        vae2, (*NORMAL, "location"), lambda old: ["add", old, ["var"], neg(["var"])]
    ),
    "a location that is no term": change(vae2, (*NORMAL, "location"), lambda old: ["mul", old]),
    "a density that is nothing": change(vae2, (*NORMAL, "log_density"), None),
    "a base measure that is nothing": change(vae2, (*NORMAL, "log_base_measure"), None),
    "a base measure with an argument that cancels": change(
        poisson,
        (*MODEL, "families", "poisson", "log_base_measure"),
        lambda old: ["add", old, ["arg", "log_rate"], neg(["arg", "log_rate"])],
    ),
    "a motion of no argument": change(vae2, ("certificates", "normal", "direction", "Q"), 0),
    "no motion of an argument": change(
        vae2, ("certificates", "normal", "direction", "mean"), DELETE
    ),
    "an entropy with the variable": change(
        vae2, ("certificates", "normal", "entropy"), lambda old: ["add", old, ["var"], neg(["var"])]
    ),
    "a matrix moves by a number alone": change(gaussian_vae, (*DIRECTION, "A"), 5),
    "a matrix moves by nothing": change(gaussian_vae, (*DIRECTION, "A"), ["scaled", -1]),
    "a matrix moves by too much": change(
        gaussian_vae, (*DIRECTION, "A"), ["scaled", -1, ["mat", "A"], 1]
    ),
}

TERMS: dict[str, Build] = {
    "a negative position": change(vae2, (*DIRECTION, "alpha2"), neg(["param", "alpha2", -1])),
    "a sum over no size": lambda: nothing(vae2(), ["sum", "Q", 1]),
    "D of D": change(vae2, ("steps", 1, "result"), lambda old: [*old, ["D", ["D", SIGMA]]]),
    "a latent in the plate of the data": change(
        vae2, (*MODEL, "p", 1, "arguments", 0), lambda old: ["add", old, ["v", "z", 1, 0]]
    ),
    "a datum in the plate of the latents": change(
        vae2, (*MODEL, "q", 0, "arguments", 0), lambda old: ["add", old, ["v", "x", 1, 0]]
    ),
    "an index of another plate": change(
        vae2, (*MODEL, "p", 1, "arguments", 1), ["mul", SIGMA, ["param", "alpha2", 0]]
    ),
    "the indices of a network are a number": change(vae2, (*MODEL, "q", 0, "arguments", 0, 2), 5),
    "an index too many": change(vae2, (*MODEL, "p", 0, "arguments", 1), ["param", "alpha2", 0, 0]),
    "an index too few": change(vae2, (*MODEL, "p", 0, "arguments", 1), ["param", "alpha2"]),
    "the empty term": lambda: claims(vae2(), []),
    "an input that is a number": change(vae2, (*MODEL, "q", 0, "arguments", 0, 3), [5]),
    "an input without a body": change(vae2, (*MODEL, "q", 0, "arguments", 0, 3), [["vec", "D"]]),
    "an input of another size": change(vae2, (*MODEL, "q", 0, "arguments", 0, 3), [ONES]),
    "the inputs are a number": change(vae2, (*MODEL, "q", 0, "arguments", 0, 3), 5),
    "an input too many": change(vae2, (*MODEL, "q", 0, "arguments", 0, 3), [X, X]),
    "a fraction of true": lambda: nothing(vae2(), ["frac", True, 2]),
    "a fraction of a text": lambda: nothing(vae2(), ["frac", "1", 2]),
    "a fraction by a text": lambda: nothing(vae2(), ["frac", 1, "2"]),
    "a fraction of texts": lambda: nothing(vae2(), ["frac", "1", "2"]),
    "a fraction by one": lambda: nothing(vae2(), ["frac", 3, 1]),
    "a fraction by a negative number": lambda: nothing(vae2(), ["frac", 1, -2]),
    "a fraction that can be reduced": lambda: nothing(vae2(), ["frac", 2, 4]),
    "a factor zero": lambda: bonus(vae2(), ["mul", 0, SIGMA]),
    "the power zero": lambda: bonus(vae2(), ["add", -1, ["pow", SIGMA, 0]]),
    "a large power": lambda: nothing(vae2(), ["pow", SIGMA, 65]),
    "a root of high order": lambda: nothing(vae2(), ["pow", SIGMA, ["frac", 1, 65]]),
    "an exponent that is a term": lambda: nothing(vae2(), ["pow", SIGMA, ["add", 1, 1]]),
    "a parameter matrix in a density": density(["logdet", ["mat", "A"]], gaussian_vae, GAUSSIAN),
    "a network in a direction": change(
        gaussian_vae,
        (*DIRECTION, "s"),
        lambda old: [
            "add",
            old,
            *(["mul", k, ["trace", ["matnet", "Omega", [ONES]]]] for k in (1, -1)),
        ],
    ),
    "an unknown matrix": lambda: nothing(gaussian_vae(), ["trace", ["mat", "Q"]]),
    "a vector as a matrix": lambda: nothing(gaussian_vae(), ["trace", ["mat", "mu0"]]),
    "an unknown matrix network": lambda: nothing(
        gaussian_vae(), ["trace", ["matnet", "Q", [ONES]]]
    ),
    "a vector network as a matrix": lambda: nothing(
        gaussian_vae(), ["trace", ["matnet", "mu", [ONES]]]
    ),
    "an unknown matrix argument": density(["trace", ["arg", "Q"]], gaussian_vae, GAUSSIAN),
    "a vector argument as a matrix": density(["trace", ["arg", "mean"]], gaussian_vae, GAUSSIAN),
    "an argument outside of a family": lambda: nothing(
        gaussian_vae(), ["trace", ["arg", "covariance"]]
    ),
    "a component of a number": density(["var", 0]),
    "an unknown argument": density(["arg", "Q"]),
    "the variable as an argument": density(["arg", "var"]),
    "an argument whose name is a list": density(["arg", ["mean"]]),
    "a component of an argument that is a number": density(["arg", "variance", 0]),
    "a matrix argument as a number": density(["arg", "covariance"], gaussian_vae, GAUSSIAN),
    "entries of a matrix": lambda: nothing(
        gaussian_vae(), ["sum", "H", ["sum", "H", ["param", "A", 0, 1]]]
    ),
    "entries of a matrix network": lambda: nothing(
        gaussian_vae(), ["sum", "D", ["sum", "D", ["net", "Omega", [0, 1], [ONES]]]]
    ),
    "an unknown parameter": lambda: nothing(vae2(), ["param", "Q"]),
    "an unknown network": lambda: nothing(vae2(), ["net", "Q", [], []]),
    "the index of a network is a text": change(vae2, (*MODEL, "q", 0, "arguments", 0, 2), ["a"]),
    "a term that is an object": lambda: claims(vae2(), {"pi": 1}),
    "a term that is true": lambda: claims(vae2(), True),
    "a term whose head is a term": lambda: claims(vae2(), [["pi"]]),
    "no size": lambda: nothing(vae2(), ["size", "Q"]),
    "the noise of a latent": lambda: nothing(
        vae2(), ["mean", "N", ["expect", ["sum", "H", ["add", EPS, neg(EPS)]]]]
    ),
    "the noise under no expectation": lambda: nothing(
        linear_vae(), ["mean", "N", ["sum", "H", ["add", EPS, neg(EPS)]]]
    ),
    "an exponent that is true": lambda: nothing(vae2(), ["pow", SIGMA, True]),
    "H of nothing": lambda: nothing(vae2(), ["H"]),
    "pi of something": lambda: nothing(vae2(), ["pi", 1]),
    "the log of nothing": lambda: nothing(vae2(), ["log"]),
    "the claim E = E": lambda: claims(vae2(), ["add", *entropy_terms()]),
}

PLACES: dict[str, Build] = {
    "a real network as a variance": exposing.real_network,
    "the log of a real latent": change(vae2, (*MODEL, "p", 1, "arguments", 0), LOG_Z),
    "the log of a real datum": change(vae2, (*MODEL, "q", 0, "arguments", 0), LOG_X),
    "the log of a real variable": lambda: other_family("encoder", ["log", ["var"]]),
    "the log of a real argument": lambda: other_family("encoder", ["log", ["arg", "mean"]]),
    "1 for a number below 1": exposing.encoder_variance(1),
    "3/2 for a number below 1": exposing.encoder_variance(["frac", 3, 2]),
    "a product for a number below 1": exposing.encoder_variance(["mul", SIGMA, SIGMA]),
    "a positive network for one below 1": lambda: forged(
        exposing.in_unit(),
        ((*MODEL, "networks", 2, "range"), "positive"),
        ((*CONDITIONS, 2), ["range", "tau2", "positive"]),
    ),
    "a real logit for a positive one": change(
        sigmoid_net, (*MODEL, "families", "bernoulli", "arguments", 0, "range"), "positive"
    ),
    "a negative matrix that nobody looks at": with_spare(
        "posdef",
        (
            ["scaled", -1, ["mat", "A"]],
            ["matnet", "Omega", [["vec", "H", ["v", "z", 1, 0]]]],
            T_OF_X,
        ),
        ["scaled", 0, ["arg", "spare"]],
    ),
    "an asymmetric matrix that nobody looks at": with_spare(
        "posdef",
        (
            ["matmul", ["mat", "A"], T_AT_0],
            ["matnet", "Omega", [["vec", "H", ["v", "z", 1, 0]]]],
            T_OF_X,
        ),
        ["scaled", 0, ["arg", "spare"]],
    ),
    "reparam where nothing moves": lambda: nothing(vae2(), STILL_SQUARE),
    "the encoder moves without location": lambda: forged(
        linear_vae(), ((*NORMAL, "location"), None), ((*NORMAL, "scale"), None)
    ),
    "the claim's gap alone": change(
        vae2, ("statement", "claim", "gap"), [*GAP[:-1], 5, D_OBJECTIVE]
    ),
    "the claim's entropy sum alone": change(vae2, SUM, lambda old: [*old, 5]),
    "the claim's excess alone": change(vae2, ("statement", "claim", "excess"), 5),
    "an excess of the gap's step alone": change(
        vae2, ("steps", -3, "result"), [*GAP[:-1], 5, D_OBJECTIVE]
    ),
    "a gap without D objective": lambda: with_gap(GAP[:-1]),
    "a gap that is one term": lambda: with_gap(D_OBJECTIVE),
    "a gap with D objective twice": lambda: with_gap([*GAP, D_OBJECTIVE]),
    "a gap with D objective twice, less once": lambda: with_gap(
        [*GAP, D_OBJECTIVE, neg(D_OBJECTIVE)]
    ),
    "a gap with D objective in a product": lambda: with_gap([*GAP[:-1], ["mul", 1, D_OBJECTIVE]]),
    "a gap with D of a parameter": lambda: with_gap([*GAP, ["D", SIGMA], neg(["D", SIGMA])]),
    "a gap with log p": lambda: with_gap([*GAP, E_PRIOR, neg(E_PRIOR)]),
    "a gap with half of D objective": lambda: with_gap([*GAP[:-1], ["mul", HALF, D_OBJECTIVE]]),
    "a shipped name": named("own_vae2", "vae2"),
    "the log of a sum of reals": lambda: nothing(
        linear_vae(), ["log", ["sum", "H", ["param", "c", 0]]]
    ),
    "the log of a real": lambda: nothing(linear_vae(), ["sum", "H", ["log", ["param", "c", 0]]]),
    "the inverse of a real": lambda: nothing(
        linear_vae(), ["sum", "H", ["pow", ["param", "c", 0], -1]]
    ),
    "the inverse of a difference": lambda: nothing(vae2(), ["pow", ["add", SIGMA, -1], -1]),
    "the log of a difference": lambda: nothing(vae2(), ["log", ["add", SIGMA, -1]]),
    "the log of zero": lambda: nothing(vae2(), ["log", ["add", SIGMA, neg(SIGMA)]]),
    "the inverse of zero": lambda: nothing(vae2(), ["pow", ["add", SIGMA, neg(SIGMA)], -1]),
    "the log of a negative number": lambda: nothing(vae2(), ["log", neg(SIGMA)]),
    "the log of a square": lambda: nothing(
        linear_vae(), ["sum", "H", ["log", ["pow", ["param", "c", 0], 2]]]
    ),
    "the log of a square times a positive number": lambda: nothing(
        linear_vae(), ["sum", "H", ["log", ["mul", ["pow", ["param", "c", 0], 2], TAU]]]
    ),
    "the log of 1 and a cube": lambda: nothing(
        linear_vae(), ["sum", "H", ["log", ["add", 1, ["pow", ["param", "c", 0], 3]]]]
    ),
    "an entropy at no latent": lambda: with_gap([*GAP, ["H", "decoder"], neg(["H", "decoder"])]),
    "an entropy at too many places": lambda: with_gap([*GAP, TWICE, neg(TWICE)]),
    "the log of a large prime is nothing": lambda: bonus(vae2(), ["log", 1009]),
    "the log det of a matrix that may be negative": lambda: nothing(
        gaussian_vae(), ["logdet", ["scaled", SIZE_1, ["mat", "A"]]]
    ),
    "the inverse of a matrix that may be zero": lambda: nothing(
        gaussian_vae(), ["trace", ["inverse", ["scaled", SIZE_1, ["mat", "A"]]]]
    ),
    "exp of the square of a logarithm": lambda: bonus(
        vae2(), ["add", ["exp", ["pow", ["log", SIGMA], 2]], neg(SIGMA)]
    ),
    "exp of a product of logarithms": lambda: bonus(
        vae2(), ["add", ["exp", ["mul", ["log", SIGMA], ["log", 2]]], neg(SIGMA)]
    ),
    "exp of a multiple of a logarithm": lambda: bonus(
        vae2(), ["add", ["exp", ["mul", ["size", "H"], ["log", SIGMA]]], neg(SIGMA)]
    ),
    "log gamma of a count less one": density(
        ["loggamma", ["add", ["var"], -1]], poisson, (*MODEL, "families", "poisson")
    ),
    "a plate of the data of no size": lambda: forged(
        exposing.uniform_decoder(), ((*MODEL, "variables", 0, "plates", 1), "Q")
    ),
    "a uniform variable is stretched": lambda: exposing.fixed_decoder(
        0, "unit", 1, 0, 1, ["size", "D"]
    ),
    "an exponential variable is shifted": lambda: exposing.exponential_decoder(1, 0),
    "a stretched vector": exposing.stretched_vectors,
    "a stretched variable with the base measure e": exposing.stretched_with_base,
    "the noise's law moves, though nobody reads how": exposing.moving_shape,
    "a network of a product that stands still": lambda: exposing.product_that_stands_still(
        "decoder"
    ),
    "a network of z - z": lambda: exposing.network_of_nothing(False),
    "a direction that moves with the variable": exposing.direction_of_the_variable,
    "a location of vectors that nobody reads": lambda: exposing.flat_vectors(location=0, scale=1),
    "the encoder's entropy in the closed form": lambda: claims(
        vae2(), ["add", ["mean", "N", ["H", "encoder", 0]], *H_OF_VAE2]
    ),
    "a flat vector is stretched": lambda: exposing.flat_vectors(1),
    "a power of a thousand million": lambda: nothing(vae2(), ["exp", ["mul", 10**9, ["log", 2]]]),
    "a penalty with a kink": exposing.kinked_penalty,
    "a gap that is a number": change(vae2, ("statement", "claim", "gap"), 5),
    "a gap that is a product": change(
        vae2, ("statement", "claim", "gap"), lambda old: ["mul", *old[1:]]
    ),
    "a pseudo entropy that is constant": exposing.constant_pseudo_entropy,
    "log gamma of a difference": lambda: nothing(vae2(), ["loggamma", ["add", SIGMA, -1]]),
}

REFUSED: dict[str, Build] = RECORDS | TERMS | PLACES | GRAPHS | FUNCTIONS
# for `replay_refusal`
REFUSALS: dict[str, Build] = {
    "another family under the name of a shipped one": exposing.shipped_family,
    "a deep penalty": exposing.deep_penalty,
}
VALID: dict[str, Build] = (
    VALID_GRAPHS
    | VALID_FUNCTIONS
    | {
        "a scale that is a number's odds": scale_of_odds,
        "all variances below 1": exposing.in_unit,
        "a prior with a base measure": lambda: other_family(
            "prior", base=1, more=(["mean", "N", ["expect", ["logh", "prior", 0]]],)
        ),
        "a decoder with a base measure": lambda: other_family(
            "decoder", base=1, more=(["mean", "N", ["logh", "decoder", 0]],)
        ),
        "an encoder with a family of its own": lambda: other_family("encoder"),
        "a covariance that stands still": exposing.still_matrix,
        "a uniform decoder": exposing.uniform_decoder,
        "a flat decoder over vectors": exposing.flat_vectors,
        "a base measure with an argument": lambda: other_family(
            "decoder", base=["arg", "variance"], more=(["mean", "N", ["logh", "decoder", 0]],)
        ),
        "log gamma of a large number": lambda: nothing(vae2(), ["loggamma", 10**17]),
        "an exponential decoder": lambda: exposing.exponential_decoder(0, 1),
        "a network of a product that stands still": lambda: exposing.product_that_stands_still(
            "decoder", True
        ),
        "an encoder that stands still": lambda: exposing.product_that_stands_still("encoder"),
        "a network of z - z": lambda: exposing.network_of_nothing(True),
        "a pseudo entropy that nobody wrote down": exposing.based_decoder,
        "normal noise has variance one": lambda: bonus(
            linear_vae(), ["add", ["mean", "N", ["reparam", SQUARE_OF_NOISE]], neg(["size", "H"])]
        ),
    }
)
