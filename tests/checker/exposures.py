"""Documents that each show one check of the reader or of the kernel: without it they would pass.

`REFUSED` are refused by that check alone, `VALID` are accepted, and `EXPOSED` are functions of a
checker that say what is wrong with it, or nothing.
"""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

from . import laws
from .battery import Bench
from .documents import (
    HALF,
    PI,
    X,
    entropy_terms,
    family,
    gaussian_vae,
    linear_vae,
    neg,
    network,
    normal_family,
    own_directions,
    parameter,
    poisson,
    sealed,
    sigmoid_net,
    standard,
    vae0,
    vae2,
)
from .forging import DELETE, DIRECTION, MODEL, SUM, claims, edited, everywhere, forged

Build = Callable[[], Any]
CONDITIONS = ("statement", "conditions")
NORMAL = (*MODEL, "families", "normal")
GAUSSIAN = (*MODEL, "families", "gaussian")
SIGMA = ["param", "sigma2"]
ONES = ["vec", "H", 1]
T_OF_X = ["matnet", "T", [["vec", "D", ["x", 1, 0]]]]
T_AT_0 = ["matnet", "T", [["vec", "D", 0]]]
E_PRIOR = ["mean", ["expect", 0, ["logp", "prior", 0]]]


def more(document: dict, term: Any) -> dict:
    """The document whose closed form has this term, which is 0, as a further addend."""
    return claims(document, ["add", document["statement"]["claim"]["entropy_sum"], term])


def nothing(document: dict, term: Any) -> dict:
    return more(document, ["add", term, neg(term)])


def change(build: Callable[[], dict], path: tuple, value: Any) -> Build:
    return lambda: forged(build(), (path, value))


def density(term: Any, build: Callable[[], dict] = vae2, family: tuple = NORMAL) -> Build:
    """A log density that holds term - term."""
    return change(build, (*family, "log_density"), lambda old: [*old, term, neg(term)])


def named(old: str, new: str, build: Callable[[], dict] = vae2) -> Build:
    return lambda: sealed(json.loads(json.dumps(build()).replace(f'"{old}"', f'"{new}"')))


def constrained(text: Any, on: str = "mu") -> Build:
    """VAE-2 with another constraint, in the model and in the conditions."""
    return lambda: forged(
        vae2(),
        ((*MODEL, "constraints", 0), {"on": on, "text": text}),
        ((*CONDITIONS, 7), ["constraint", on, text]),
    )


def fixed(name: str = "k", *plates: str, range: str = "real", learned: Any = False) -> Build:
    """VAE-2 with one parameter more, which stands nowhere."""
    unused = parameter(name, *plates, range=range) | {"learned": learned}
    condition = [] if range == "real" else [["range", name, range]]
    return lambda: forged(
        vae2(),
        ((*MODEL, "parameters"), lambda old: [*old, unused]),
        (CONDITIONS, lambda old: [*old[:2], *condition, *old[2:]]),
    )


def with_spare(range: str, given: tuple[Any, Any, Any], direction: Any = 0) -> Build:
    """Full covariances, with an argument that the density does not look at; `given`: by factor."""

    def build() -> dict:
        document = gaussian_vae()
        for role, term in zip(("prior", "decoder", "encoder"), given, strict=True):
            document["statement"]["model"][role]["arguments"].append(term)
        return forged(
            document,
            ((*GAUSSIAN, "arguments"), lambda old: [*old, {"name": "spare", "range": range}]),
            (("certificates", "gaussian", "direction", "spare"), direction),
        )

    return build


def unused_family() -> dict:
    document = vae2()
    return forged(
        document,
        ((*MODEL, "families", "other"), normal_family()),
        (("certificates", "other"), document["certificates"]["normal"]),
        (
            CONDITIONS,
            lambda old: [*old[:5], ["normalised", "other"], ["score", "other"], *old[5:]],
        ),
    )


def floats_for_nothing() -> bytes:
    """Two floats stand where `null` is meant, under the hashes of `null`."""
    document = json.dumps(forged(vae2(), ((*NORMAL, "location"), None), ((*NORMAL, "scale"), None)))
    return document.replace(
        '"location": null, "scale": null', '"location": 0.5, "scale": 0.5'
    ).encode()


def deep() -> dict:
    term: Any = 0
    for _ in range(80):
        term = ["add", term, 0]
    return more(vae2(), term)


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
    "the sizes are a text": change(vae2, (*MODEL, "sizes"), "DH"),
    "a rule that is a number": change(vae2, ("steps", 2, "rule"), 5),
    "an objective that is a list": change(vae2, ("statement", "objective"), ["weight", "penalty"]),
    "a certificate for a family that is none": change(
        vae2, ("certificates", "other"), vae2()["certificates"]["normal"]
    ),
    "floats where nothing may stand": floats_for_nothing,
    "a megabyte of spaces": lambda: json.dumps(vae2()).encode() + b" " * 2**20,
    "a term nested too deep": deep,
    "too many nodes": lambda: more(vae2(), ["add", *[0] * 20_000]),
    "a plate of no size": fixed("k", "Q"),
    "a range that is none": fixed("k", range="integer"),
    "a matrix with one axis": fixed("k", "H", range="posdef"),
    "a matrix with three axes": fixed("k", "H", "H", "H", range="posdef"),
    "an unused family": unused_family,
    "a factor of no family": change(vae2, (*MODEL, "prior", "family"), "other"),
    "a family that is a list": change(vae2, (*MODEL, "prior", "family"), ["normal"]),
    "an argument too few": change(vae2, (*MODEL, "prior", "arguments"), [0]),
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
    "a negative position": change(vae2, (*MODEL, "prior", "arguments", 1, 2), -1),
    "a sum over no size": lambda: nothing(vae2(), ["sum", "Q", 1]),
    "D of D": change(vae2, ("steps", 1, "result"), lambda old: [*old, ["D", ["D", SIGMA]]]),
    "a latent in the plate of the data": change(
        vae2, (*MODEL, "decoder", "arguments", 0), lambda old: ["add", old, ["z", 1, 0]]
    ),
    "a datum in the plate of the latents": change(
        vae2, (*MODEL, "encoder", "arguments", 0), lambda old: ["add", old, ["x", 1, 0]]
    ),
    "an index of another plate": change(
        vae2, (*MODEL, "decoder", "arguments", 1), ["mul", SIGMA, ["param", "alpha2", 0]]
    ),
    "the indices of a network are a number": change(
        vae2, (*MODEL, "encoder", "arguments", 0, 2), 5
    ),
    "an index too many": change(vae2, (*MODEL, "prior", "arguments", 1), ["param", "alpha2", 0, 0]),
    "an index too few": change(vae2, (*MODEL, "prior", "arguments", 1), ["param", "alpha2"]),
    "the empty term": lambda: claims(vae2(), []),
    "an input that is a number": change(vae2, (*MODEL, "encoder", "arguments", 0, 3), [5]),
    "an input without a body": change(vae2, (*MODEL, "encoder", "arguments", 0, 3), [["vec", "D"]]),
    "an input of another size": change(vae2, (*MODEL, "encoder", "arguments", 0, 3), [ONES]),
    "the inputs are a number": change(vae2, (*MODEL, "encoder", "arguments", 0, 3), 5),
    "an input too many": change(vae2, (*MODEL, "encoder", "arguments", 0, 3), [X, X]),
    "a fraction of true": lambda: nothing(vae2(), ["frac", True, 2]),
    "a fraction of a text": lambda: nothing(vae2(), ["frac", "1", 2]),
    "a fraction by a text": lambda: nothing(vae2(), ["frac", 1, "2"]),
    "a fraction of texts": lambda: nothing(vae2(), ["frac", "1", "2"]),
    "a fraction by one": lambda: nothing(vae2(), ["frac", 3, 1]),
    "a fraction by a negative number": lambda: nothing(vae2(), ["frac", 1, -2]),
    "a fraction that can be reduced": lambda: nothing(vae2(), ["frac", 2, 4]),
    "a factor zero": lambda: more(vae2(), ["mul", 0, SIGMA]),
    "the power zero": lambda: more(vae2(), ["add", -1, ["pow", SIGMA, 0]]),
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
    "the index of a network is a text": change(vae2, (*MODEL, "encoder", "arguments", 0, 2), ["a"]),
    "a term that is an object": lambda: claims(vae2(), {"pi": 1}),
    "a term that is true": lambda: claims(vae2(), True),
    "a term whose head is a term": lambda: claims(vae2(), [["pi"]]),
    "no size": lambda: nothing(vae2(), ["size", "Q"]),
    "the noise of a latent": lambda: nothing(
        vae2(), ["mean", ["expect", 0, ["sum", "H", ["pow", ["eps", 1, 0], 2]]]]
    ),
    "an exponent that is true": lambda: nothing(vae2(), ["pow", SIGMA, True]),
    "H of nothing": lambda: nothing(vae2(), ["H"]),
    "pi of something": lambda: nothing(vae2(), ["pi", 1]),
    "the log of nothing": lambda: nothing(vae2(), ["log"]),
    "the claim E = E": lambda: claims(vae2(), ["add", *entropy_terms()]),
}


def other_family(role: str, term: Any = 0, base: Any = 0, more: tuple = ()) -> dict:
    """VAE-2 with a family of its own for one factor: a Normal with term - term in its density."""
    statement = vae2()["statement"]
    own, certificate = normal_family(), vae2()["certificates"]["normal"]
    own["log_density"] += [term, neg(term)] if term else []
    own |= {"log_base_measure": base, "location": None, "scale": None}
    entropy = ["add", certificate["entropy"], base] if base else certificate["entropy"]
    statement["model"]["families"]["other"] = own
    statement["model"][role]["family"] = "other"
    named = [["normalised", "other"], ["score", "other"], *[["base_measure", "other"]] * bool(base)]
    return own_directions(
        statement["model"],
        {"normal": certificate, "other": certificate | {"entropy": entropy}},
        statement["direction"],
        statement["claim"]["entropy_sum"],
        [*statement["conditions"][:5], *named, *statement["conditions"][5:]],
        more=more,
    )


def in_unit() -> dict:
    """VAE-2 with all variances below 1."""
    document = json.loads(json.dumps(vae2()).replace('"positive"', '"unit"'))
    return sealed(document)


def encoder_variance(term: Any) -> Build:
    return change(in_unit, (*MODEL, "encoder", "arguments", 1), term)


def real_network() -> dict:
    document = forged(vae2(), ((*MODEL, "networks", 2, "range"), "real"))
    kept = [c for c in document["statement"]["conditions"] if c[1] != "tau2"]
    return forged(document, (CONDITIONS, kept))


def with_gap(gap: Any) -> dict:
    """VAE-2 with this gap, in the claim and in the steps."""
    rest = [part for part in gap if part != D_OBJECTIVE] if isinstance(gap, list) else gap
    return forged(
        vae2(),
        (("statement", "claim", "gap"), gap),
        (("steps", -3, "result"), gap),
        (("steps", -2, "result"), rest),
    )


def still_matrix() -> dict:
    """Full covariances, the encoder's being a parameter that stands still."""
    document = gaussian_vae()
    spread = document["statement"]["model"]["encoder"]["arguments"][1]
    fixed = parameter("B", "H", "H", range="posdef", learned=False)
    document = everywhere(document, (spread, ["mat", "B"]))
    conditions = document["statement"]["conditions"]
    return forged(
        document,
        ((*MODEL, "parameters"), lambda old: [*old, fixed]),
        ((*MODEL, "networks", 3), DELETE),
        (CONDITIONS, [*conditions[:2], ["range", "B", "posdef"], conditions[2], *conditions[4:]]),
    )


def fixed_decoder(
    density: Any, support: str, stretch: Any, shift: Any, entropy: Any, excess: Any = 0
) -> dict:
    """VAE-2 with a decoder without arguments and an encoder that reads nothing."""
    statement = json.loads(json.dumps(vae2()["statement"]).replace('["x", 2, 0]', "1"))
    model = statement["model"] | {"constraints": []}
    model["decoder"] = {"family": "other", "arguments": []}
    model["families"]["other"] = family(density, support)
    motion = {"direction": {}, "scale": stretch, "shift": shift, "entropy": entropy}
    ranges = [(name, "positive") for name in ("sigma2", "alpha2", "tau2")]
    known = ["mul", -1, ["size", "D"], entropy] if entropy else 0
    return own_directions(
        model,
        {"normal": vae2()["certificates"]["normal"], "other": motion},
        {"alpha2": statement["direction"]["alpha2"]},
        [*statement["claim"]["entropy_sum"][:-1], known, excess],
        standard(ranges, ["normal", "other"], ["alpha2"]),
        excess=excess,
        weights=(1, 0),
    )


def uniform_decoder() -> dict:
    return fixed_decoder(0, "unit", 0, 0, 0)


def exponential_decoder(shift: Any, entropy: Any) -> dict:
    """The density exp(-x): 1 - x - shift = -x + entropy, but its shift has no mean zero."""
    excess = ["add", MINUS_DATA, ["mul", ["size", "D"], entropy]] if entropy else MINUS_DATA
    return fixed_decoder(neg(["var"]), "positive", 1, shift, entropy, excess)


def stretched_vectors() -> dict:
    """A prior N(0, 1) over vectors, with the entropy that a stretched number would have."""
    statement = gaussian_vae()["statement"]
    model = statement["model"]
    whole = ["vec", "dim", ["var", 0]]
    unit = ["matmul", ["arg", "spare"], ["inverse", ["arg", "spare"]]]
    log_2pi = ["mul", ["frac", -1, 2], ["dim"], ["log", ["mul", 2, PI]]]
    square = ["mul", ["frac", -1, 2], ["quad", whole, unit, whole]]
    model["families"]["plain"] = family(["add", log_2pi, square], spare="posdef")
    model["parameters"][:2] = [parameter("B", "H", "H", range="posdef", learned=False)]
    model["prior"] = {"family": "plain", "arguments": [["mat", "B"]]}
    entropy = ["add", HALF, neg(log_2pi)]
    still = {"spare": ["scaled", 0, ["arg", "spare"]]}
    motion = {"direction": still, "scale": HALF, "shift": 0, "entropy": entropy}
    squares = ["mean", ["expect", 0, ["sum", "H", ["pow", ["z", 1, 0], 2]]]]
    excess = ["add", HALF, ["mul", ["frac", -1, 2], squares]]
    sums = statement["claim"]["entropy_sum"]
    known = ["mul", ["frac", -1, 2], ["size", "H"], ["log", ["mul", 2, PI]]]
    closed_form = ["add", sums[1], ["frac", -1, 2], known, *sums[3:], excess]
    ranges = [("B", "posdef"), ("s", "positive"), ("Omega", "posdef"), ("T", "posdef")]
    certificates = {"gaussian": gaussian_vae()["certificates"]["gaussian"], "plain": motion}
    direction = {"s": statement["direction"]["s"]}
    return own_directions(
        model,
        certificates,
        direction,
        closed_form,
        standard(ranges, ["gaussian", "plain"], ["s"]),
        excess=excess,
        weights=(0, 1),
    )


def stretched_with_base() -> dict:
    """N(0, 1) by stretching, with the base measure e."""
    document = laws.own_standard_prior()
    more = ["mean", ["expect", 0, ["logh", "prior", 0]]]
    return forged(
        document,
        ((*MODEL, "families", "standard", "log_base_measure"), 1),
        (("certificates", "standard", "entropy"), lambda old: ["add", old, 1]),
        (("statement", "claim", "gap"), lambda old: [*old[:-1], more, old[-1]]),
        (CONDITIONS, lambda old: _after(["score", "standard"], ["base_measure", "standard"], old)),
    )


def _after(old: Any, new: Any, given: list) -> list:
    place = given.index(old) + 1
    return [*given[:place], new, *given[place:]]


def moving_shape() -> dict:
    """The linear VAE: an argument of the noise's law, which nobody reads, moves with the mean."""
    document = linear_vae()
    model, k = document["statement"]["model"], ["param", "k", 0]
    model["families"]["normal"]["arguments"].append({"name": "spare", "range": "real"})
    for role, spare in (("prior", 0), ("decoder", 0), ("encoder", k)):
        model[role]["arguments"].append(spare)
    mean = model["encoder"]["arguments"][0]
    return forged(
        document,
        ((*MODEL, "encoder", "arguments", 0), ["add", mean, k]),
        ((*MODEL, "parameters"), lambda old: [*old, parameter("k", "H")]),
        ((*DIRECTION, "k"), ["mul", HALF, k]),
        (("certificates", "normal", "direction", "spare"), 0),
        (
            CONDITIONS,
            lambda old: [
                *_after(["closed", "encoder", "tau"], ["closed", "encoder", "k"], old),
                ["stationary", "objective", "k"],
            ],
        ),
    )


def product_that_stands_still(where: str, lipschitz: bool = False) -> dict:
    """VAE-2 with c_h k_h in a network's input or in the encoder's variance; c grows as k shrinks."""
    document, c, k = vae2(), ["param", "c", 0], ["param", "k", 0]
    model = document["statement"]["model"]
    if where == "decoder":
        vector = ["vec", "H", ["mul", c, k, ["z", 2, 0]]]
        model[where]["arguments"][0] = ["net", "mu", [0], [vector]]
    else:
        model[where]["arguments"][1] = ["mul", model[where]["arguments"][1], c, k]
        document = more(document, ["mul", HALF, ["sum", "H", ["log", ["mul", c, k]]]])
    closed = [["closed", "encoder", name] for name in "ck"] if where == "encoder" else []
    ranges = [["range", name, "positive"] for name in "ck"]
    needed = [["lipschitz", "mu"]] if lipschitz else []
    moved = [["stationary", "objective", name] for name in "ck"]
    new = [parameter(name, "H", range="positive") for name in "ck"]
    return forged(
        document,
        ((*MODEL, "parameters"), lambda old: [*old, *new]),
        ((*DIRECTION, "c"), c),
        ((*DIRECTION, "k"), neg(k)),
        (
            CONDITIONS,
            lambda old: [*old[:2], *ranges, *old[2:-2], *closed, *needed, *old[-2:], *moved],
        ),
    )


def network_of_nothing(lipschitz: bool) -> dict:
    """The linear VAE with a network of z - z in the decoder's mean."""
    nothing = ["add", ["z", 2, 0], neg(["z", 2, 0])]
    term = ["net", "mu", [0], [["vec", "H", nothing]]]
    needed = [["lipschitz", "mu"]] if lipschitz else []
    return forged(
        linear_vae(),
        ((*MODEL, "networks"), [network("mu", "D", "H")]),
        ((*MODEL, "decoder", "arguments", 0), lambda old: ["add", old, term]),
        (CONDITIONS, lambda old: [*old[:-5], *needed, *old[-5:]]),
    )


def based_decoder(claim: Any = 0) -> dict:
    """VAE-0 with a Laplace decoder whose scale depends on z and whose base measure is exp(-x^2): its
    pseudo entropy is not log scale + a constant."""
    statement = vae0()["statement"]
    model = statement["model"]
    model["parameters"] = model["parameters"][1:]
    model["networks"].append(network("s", "D", "H", "positive"))
    base = ["mul", -1, ["pow", ["var"], 2]]
    model["families"]["other"] = laws.laplace() | {"log_base_measure": base}
    model["decoder"] = {"family": "other", "arguments": [MU_OF_Z, S_OF_Z]}
    away = ["abs", ["mul", ["add", ["x", 2, 0], neg(MU_OF_Z)], ["pow", S_OF_Z, -1]]]
    density = ["sum", "D", ["add", neg(["log", ["mul", 2, S_OF_Z]]), neg(away)]]
    more = neg(["mean", ["expect", 0, ["H", "decoder", 0]]]), ["mean", ["logh", "decoder", 0]]
    excess = ["add", ["mean", ["expect", 0, density]], neg(more[0]), SQUARE_OF_DATA]
    sums = statement["claim"]["entropy_sum"]
    return own_directions(
        model,
        {"normal": vae2()["certificates"]["normal"]},
        {"alpha2": statement["direction"]["alpha2"]},
        [*sums[:3], *more, excess, claim],
        standard(
            [(name, "positive") for name in ("alpha2", "tau2", "s")],
            ["normal", "other"],
            ["alpha2"],
            ("other",),
        ),
        excess=excess,
        more=more[1:],
        weights=(1, 0),
    )


def constant_pseudo_entropy() -> dict:
    """As if the decoder's pseudo entropy, less the logarithm of the scale, were the same for all z."""
    rest = ["add", ["H", "decoder", 0], neg(["sum", "D", ["log", S_OF_Z]])]
    square = ["mean", ["expect", 0, ["pow", rest, 2]]]
    return based_decoder(["add", square, neg(["pow", ["mean", ["expect", 0, rest]], 2])])


MINUS_DATA = ["mean", ["sum", "D", neg(["x", 1, 0])]]
SQUARE_OF_DATA = ["mean", ["sum", "D", ["pow", ["x", 1, 0], 2]]]
MU_OF_Z, S_OF_Z = (["net", name, [0], [["vec", "H", ["z", 2, 0]]]] for name in ("mu", "s"))
D_OBJECTIVE = ["D", ["objective"]]
SIZE_1 = ["add", ["param", "s"], -1]
GAP = vae2()["statement"]["claim"]["gap"]
SQUARE_OF_NOISE = ["sum", "H", ["pow", ["eps", 1, 0], 2]]
STILL_SQUARE = ["mean", ["reparam", 0, ["sum", "H", ["pow", ["z", 1, 0], 2]]]]
LOG_X, LOG_Z = (["sum", size, ["log", [v, 2, 0]]] for size, v in (("D", "x"), ("H", "z")))
TAU = ["param", "tau", 0]

PLACES: dict[str, Build] = {
    "a real network as a variance": real_network,
    "the log of a real latent": change(vae2, (*MODEL, "decoder", "arguments", 0), LOG_Z),
    "the log of a real datum": change(vae2, (*MODEL, "encoder", "arguments", 0), LOG_X),
    "the log of a real variable": lambda: other_family("encoder", ["log", ["var"]]),
    "the log of a real argument": lambda: other_family("encoder", ["log", ["arg", "mean"]]),
    "1 for a number below 1": encoder_variance(1),
    "3/2 for a number below 1": encoder_variance(["frac", 3, 2]),
    "a product for a number below 1": encoder_variance(["mul", SIGMA, SIGMA]),
    "a positive network for one below 1": lambda: forged(
        in_unit(),
        ((*MODEL, "networks", 2, "range"), "positive"),
        ((*CONDITIONS, 2), ["range", "tau2", "positive"]),
    ),
    "a real logit for a positive one": change(
        sigmoid_net, (*MODEL, "families", "bernoulli", "arguments", 0, "range"), "positive"
    ),
    "a negative matrix that nobody looks at": with_spare(
        "posdef",
        (["scaled", -1, ["mat", "A"]], ["matnet", "Omega", [["vec", "H", ["z", 1, 0]]]], T_OF_X),
        ["scaled", 0, ["arg", "spare"]],
    ),
    "an asymmetric matrix that nobody looks at": with_spare(
        "posdef",
        (
            ["matmul", ["mat", "A"], T_AT_0],
            ["matnet", "Omega", [["vec", "H", ["z", 1, 0]]]],
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
    "log gamma moves": density(["loggamma", ["arg", "variance"]]),
    "an entropy at no latent": lambda: with_gap([*GAP, ["H", "decoder"], neg(["H", "decoder"])]),
    "an entropy at too many places": lambda: with_gap(
        [*GAP, ["H", "prior", 0], neg(["H", "prior", 0])]
    ),
    "the log of a large prime is nothing": lambda: more(vae2(), ["log", 1009]),
    "the log det of a matrix that may be negative": lambda: nothing(
        gaussian_vae(), ["logdet", ["scaled", SIZE_1, ["mat", "A"]]]
    ),
    "the inverse of a matrix that may be zero": lambda: nothing(
        gaussian_vae(), ["trace", ["inverse", ["scaled", SIZE_1, ["mat", "A"]]]]
    ),
    "exp of the square of a logarithm": lambda: more(
        vae2(), ["add", ["exp", ["pow", ["log", SIGMA], 2]], neg(SIGMA)]
    ),
    "exp of a product of logarithms": lambda: more(
        vae2(), ["add", ["exp", ["mul", ["log", SIGMA], ["log", 2]]], neg(SIGMA)]
    ),
    "exp of a multiple of a logarithm": lambda: more(
        vae2(), ["add", ["exp", ["mul", ["size", "H"], ["log", SIGMA]]], neg(SIGMA)]
    ),
    "log gamma of a count less one": density(
        ["loggamma", ["add", ["var"], -1]], poisson, (*MODEL, "families", "poisson")
    ),
    "a plate of the data of no size": lambda: forged(
        uniform_decoder(), ((*MODEL, "observed"), "Q")
    ),
    "a uniform variable is stretched": lambda: fixed_decoder(0, "unit", 1, 0, 1, ["size", "D"]),
    "an exponential variable is shifted": lambda: exponential_decoder(1, 0),
    "a stretched vector": stretched_vectors,
    "a stretched variable with the base measure e": stretched_with_base,
    "the noise's law moves, though nobody reads how": moving_shape,
    "a network of a product that stands still": lambda: product_that_stands_still("decoder"),
    "a network of z - z": lambda: network_of_nothing(False),
    "a gap that is a number": change(vae2, ("statement", "claim", "gap"), 5),
    "a gap that is a product": change(
        vae2, ("statement", "claim", "gap"), lambda old: ["mul", *old[1:]]
    ),
    "a pseudo entropy that is constant": constant_pseudo_entropy,
    "log gamma of a difference": lambda: nothing(vae2(), ["loggamma", ["add", SIGMA, -1]]),
}

REFUSED: dict[str, Build] = RECORDS | TERMS | PLACES
VALID: dict[str, Callable[[], dict]] = {
    "all variances below 1": in_unit,
    "a prior with a base measure": lambda: other_family(
        "prior", base=1, more=(["mean", ["expect", 0, ["logh", "prior", 0]]],)
    ),
    "a decoder with a base measure": lambda: other_family(
        "decoder", base=1, more=(["mean", ["logh", "decoder", 0]],)
    ),
    "an encoder with a family of its own": lambda: other_family("encoder"),
    "a covariance that stands still": still_matrix,
    "a uniform decoder": uniform_decoder,
    "an exponential decoder": lambda: exponential_decoder(0, 1),
    "a network of a product that stands still": lambda: product_that_stands_still("decoder", True),
    "an encoder that stands still": lambda: product_that_stands_still("encoder"),
    "a network of z - z": lambda: network_of_nothing(True),
    "a pseudo entropy that nobody wrote down": based_decoder,
    "normal noise has variance one": lambda: more(
        linear_vae(), ["add", ["mean", ["reparam", 0, SQUARE_OF_NOISE]], neg(["size", "H"])]
    ),
}


def missing_file(checker: ModuleType) -> str | None:
    try:
        checker.replay_file("there is no such file")
    except checker.Malformed:
        return None
    return "a missing file was read"


def text_or_bytes(checker: ModuleType) -> str | None:
    text = json.dumps(vae2())
    return None if checker.replay(text) == checker.replay(text.encode()) else "text is not bytes"


def not_shipped(checker: ModuleType) -> str | None:
    return "shipped" if checker.replay(json.dumps(vae2())).shipped else None


def _values(checker: ModuleType) -> str | None:
    """Powers of sums under sums, and functions of sums of squares, have their values."""
    bench = Bench(checker, linear_vae())
    inner = ["sum", "H", ["exp", ["param", "V", 0, 1]]]
    square = ["add", 1, ["pow", ["param", "c", 0], 2]]
    powers = (-1, -2, ["frac", 3, 2], ["frac", -1, 2])
    asked = [["sum", "D", ["pow", inner, q]] for q in powers]
    asked += [["sum", "H", ["pow", square, q]] for q in powers] + [["sum", "H", ["log", square]]]
    return next(filter(None, (bench.disagreement(term, 1) for term in asked)), None)


def _absolute(checker: ModuleType) -> str | None:
    bench = Bench(checker, linear_vae())
    same = bench.polynomial(["abs", -3]) == bench.polynomial(3)
    return None if same else "|-3| is not 3"


EXPOSED: dict[str, Callable[[ModuleType], str | None]] = {
    "powers of sums under sums": _values,
    "the absolute value of a number": _absolute,
    "a file that is missing": missing_file,
    "bytes and text": text_or_bytes,
    "a model of one's own is not a shipped one": not_shipped,
}
