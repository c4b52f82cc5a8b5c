"""How the documents of `exposures` are made: edits of valid documents, and derivations of their own."""

import json
from collections.abc import Callable
from typing import Any

from . import laws, refusals
from .documents import (
    HALF,
    PI,
    decoder,
    family,
    gaussian_vae,
    linear_vae,
    neg,
    network,
    normal_family,
    own_directions,
    parameter,
    prior,
    sealed,
    standard,
    vae0,
    vae2,
    variables,
    weighted,
)
from .forging import DELETE, DIRECTION, MODEL, bonus, everywhere, forged

Build = Callable[[], Any]
CONDITIONS = ("statement", "conditions")
NORMAL = (*MODEL, "families", "normal")
GAUSSIAN = (*MODEL, "families", "gaussian")
SIGMA = ["param", "sigma2"]
MINUS_DATA = ["mean", "N", ["sum", "D", neg(["v", "x", 1, 0])]]
SQUARE_OF_DATA = ["mean", "N", ["sum", "D", ["pow", ["v", "x", 1, 0], 2]]]
MU_OF_Z, S_OF_Z = (["net", name, [0], [["vec", "H", ["v", "z", 2, 0]]]] for name in ("mu", "s"))
D_OBJECTIVE = ["D", ["objective"]]


def factors(document: dict) -> list[dict]:
    """Prior, decoder and encoder."""
    model = document["statement"]["model"]
    return [*model["p"], *model["q"]]


def factor(document: dict, name: str) -> dict:
    return next(found for found in factors(document) if found["name"] == name)


def nothing(document: dict, term: Any) -> dict:
    return bonus(document, ["add", term, neg(term)])


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
        for law, term in zip(factors(document), given, strict=True):
            law["arguments"].append(term)
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
    return bonus(vae2(), term)


def other_family(role: str, term: Any = 0, base: Any = 0, more: tuple = ()) -> dict:
    """VAE-2 with a family of its own for one factor: a Normal with term - term in its density."""
    document = vae2()
    statement = document["statement"]
    own, certificate = normal_family(), vae2()["certificates"]["normal"]
    own["log_density"] += [term, neg(term)] if term else []
    own |= {"log_base_measure": base, "location": None, "scale": None}
    entropy = ["add", certificate["entropy"], base] if base else certificate["entropy"]
    statement["model"]["families"]["other"] = own
    factor(document, role)["family"] = "other"
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
    return change(in_unit, (*MODEL, "q", 0, "arguments", 1), term)


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
    spread = document["statement"]["model"]["q"][0]["arguments"][1]
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
    density: Any,
    support: str,
    stretch: Any,
    shift: Any,
    entropy: Any,
    excess: Any = 0,
    known: Any = 0,
) -> dict:
    """VAE-2 with a decoder without arguments and an encoder that reads nothing."""
    statement = json.loads(json.dumps(vae2()["statement"]).replace('["v", "x", 2, 0]', "1"))
    model = statement["model"] | {"constraints": []}
    model["p"][1] = decoder("other")
    model["families"]["other"] = family(density, support)
    model["variables"] = variables(support)
    motion = {"direction": {}, "scale": stretch, "shift": shift, "entropy": entropy}
    ranges = [(name, "positive") for name in ("sigma2", "alpha2", "tau2")]
    known = known or (["mul", -1, ["size", "D"], entropy] if entropy else 0)
    return own_directions(
        model,
        {"normal": vae2()["certificates"]["normal"], "other": motion},
        {"alpha2": statement["direction"]["alpha2"]},
        [*statement["claim"]["entropy_sum"][:-1], known, excess],
        standard(ranges, ["normal", "other"], ["alpha2"], support=support),
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
    model["p"][0] = prior("plain", ["mat", "B"])
    entropy = ["add", HALF, neg(log_2pi)]
    still = {"spare": ["scaled", 0, ["arg", "spare"]]}
    motion = {"direction": still, "scale": HALF, "shift": 0, "entropy": entropy}
    squares = ["mean", "N", ["expect", ["sum", "H", ["pow", ["v", "z", 1, 0], 2]]]]
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
    more = ["mean", "N", ["expect", ["logh", "prior", 0]]]
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
    for law, spare in zip(factors(document), (0, 0, k), strict=True):
        law["arguments"].append(spare)
    mean = model["q"][0]["arguments"][0]
    return forged(
        document,
        ((*MODEL, "q", 0, "arguments", 0), ["add", mean, k]),
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
    law = factor(document, where)
    if where == "decoder":
        vector = ["vec", "H", ["mul", c, k, ["v", "z", 2, 0]]]
        law["arguments"][0] = ["net", "mu", [0], [vector]]
    else:
        law["arguments"][1] = ["mul", law["arguments"][1], c, k]
        document = bonus(document, ["mul", HALF, ["sum", "H", ["log", ["mul", c, k]]]])
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


def kinked_penalty() -> dict:
    """VAE-2 with a network of (c_h + k_h) z_h, where c moves by 1 and k by -1, and the penalty |c| - |c|."""
    c, k = ["param", "c", 0], ["param", "k", 0]
    vector = ["vec", "H", ["mul", ["add", c, k], ["v", "z", 2, 0]]]
    kink = ["sum", "H", ["abs", c]]
    moved = [["stationary", "objective", name] for name in "ck"]
    return forged(
        vae2(),
        ((*MODEL, "parameters"), lambda old: [*old, parameter("c", "H"), parameter("k", "H")]),
        ((*MODEL, "p", 1, "arguments", 0), ["net", "mu", [0], [vector]]),
        (("statement", "objective"), weighted(1, ["add", kink, neg(kink)])),
        ((*DIRECTION, "c"), 1),
        ((*DIRECTION, "k"), -1),
        (CONDITIONS, lambda old: [*old[:-2], ["lipschitz", "mu"], *old[-2:], *moved]),
    )


def network_of_nothing(lipschitz: bool) -> dict:
    """The linear VAE with a network of z - z in the decoder's mean."""
    nothing = ["add", ["v", "z", 2, 0], neg(["v", "z", 2, 0])]
    term = ["net", "mu", [0], [["vec", "H", nothing]]]
    needed = [["lipschitz", "mu"]] if lipschitz else []
    return forged(
        linear_vae(),
        ((*MODEL, "networks"), [network("mu", "D", "H")]),
        ((*MODEL, "p", 1, "arguments", 0), lambda old: ["add", old, term]),
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
    model["p"][1] = decoder("other", MU_OF_Z, S_OF_Z)
    away = ["abs", ["mul", ["add", ["v", "x", 1, 0], neg(MU_OF_Z)], ["pow", S_OF_Z, -1]]]
    density = ["sum", "D", ["add", neg(["log", ["mul", 2, S_OF_Z]]), neg(away)]]
    more = (
        neg(["mean", "N", ["expect", ["H", "decoder", 0]]]),
        ["mean", "N", ["logh", "decoder", 0]],
    )
    excess = ["add", ["mean", "N", ["expect", density]], neg(more[0]), SQUARE_OF_DATA]
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
    square = ["mean", "N", ["expect", ["pow", rest, 2]]]
    return based_decoder(["add", square, neg(["pow", ["mean", "N", ["expect", rest]], 2])])


def direction_of_the_variable() -> dict:
    """Arguments that move with the variable: -(x - mean)/2 for the mean looks like half a nat less."""
    away = ["add", ["var"], neg(["arg", "mean"])]
    halves = ["mul", ["frac", -1, 2], ["add", ["size", "H"], ["size", "D"]]]
    document = bonus(vae2(), ["mul", ["frac", -1, 2], ["size", "H"]])
    motion = {"mean": ["mul", ["frac", -1, 2], away], "variance": 0}
    entropy = ["mul", HALF, ["log", ["mul", 2, PI, ["arg", "variance"]]]]
    return forged(
        document,
        (("certificates", "normal", "direction"), motion),
        (("certificates", "normal", "entropy"), entropy),
        (("statement", "claim", "excess"), halves),
        (("statement", "claim", "gap"), lambda old: [*old[:-1], halves, old[-1]]),
    )


def flat_vectors(stretch: int = 0, **located: Any) -> dict:
    """A decoder over vectors whose density is 1 everywhere."""
    document = fixed_decoder(0, "real", stretch, 0, stretch, stretch, -stretch)
    spread = ["matnet", "Omega", [["vec", "H", ["v", "z", 1, 0]]]]
    flat = family(0, spare="posdef") | located
    return forged(
        document,
        ((*MODEL, "families", "other"), flat),
        ((*MODEL, "p", 1, "arguments"), [spread]),
        ((*MODEL, "networks"), lambda old: [*old, network("Omega", "DD", "H", "posdef")]),
        (("certificates", "other", "direction", "spare"), ["scaled", 0, ["arg", "spare"]]),
        (
            CONDITIONS,
            lambda old: _after(["range", "tau2", "positive"], ["range", "Omega", "posdef"], old),
        ),
    )


def shipped_family() -> dict:
    """A refusal whose Normal is not the shipped one."""
    document = json.loads(json.dumps(refusals.cauchy()).replace('"normal"', '"Normal"'))
    body = document["refusal"]
    body["conditions"] = refusals.needed(body["model"], "decoder")
    return refusals.resealed(document)


def deep_penalty() -> dict:
    """A power of a power of a power of a sum under a sum."""
    term: Any = ["sum", "D", ["param", "W", 0, 1]]
    for _ in range(3):
        term = ["pow", term, 16]
    goal = weighted(1, ["sum", "H", term])
    return refusals.forged(refusals.cauchy(), (("objective",), goal))
