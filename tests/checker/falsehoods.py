"""Documents that must not be accepted: false or improper claims, and tamperings of valid files."""

import copy
import json
from collections.abc import Callable
from typing import Any

from .documents import HALF, PI, E, elbo, linear_vae, neg, parameter, sealed, vae2

Path = tuple[str | int, ...]
MODEL: Path = ("statement", "model")
SUM: Path = ("statement", "claim", "entropy_sum")
DIRECTION: Path = ("statement", "direction")
DELETE = object()


def edited(document: dict, *changes: tuple[Path, Any]) -> dict:
    """The document with entries replaced (or deleted), hashes left stale."""
    document = json.loads(json.dumps(document))  # and no list occurs in two places
    for path, value in changes:
        place: Any = document
        for key in path[:-1]:
            place = place[key]
        if value is DELETE:
            del place[path[-1]]
        elif callable(value):
            place[path[-1]] = value(place[path[-1]])
        else:
            place[path[-1]] = copy.deepcopy(value)
    return document


def forged(document: dict, *changes: tuple[Path, Any]) -> dict:
    return sealed(edited(document, *changes))


def claims(document: dict, term: Any) -> dict:
    """The document with another closed form, in the claim and in the last step."""
    return forged(document, (SUM, term), (("steps", -1, "result"), term))


def family(path: str, value: Any) -> tuple[Path, Any]:
    return (*MODEL, "families", "normal", path), value


def _fixed_variance() -> dict:
    """VAE-0: the decoder's variance is not learned and does not move."""
    conditions = vae2()["statement"]["conditions"]
    return forged(
        vae2(),
        ((*MODEL, "parameters", 0, "learned"), False),
        ((*DIRECTION, "sigma2"), DELETE),
        (("statement", "conditions"), [c for c in conditions if c != conditions[-2]]),
    )


def _vae1_any_encoder() -> dict:
    """VAE-1 with an abstract encoder and decoder, as if sigma2 alone did it."""
    conditions = vae2()["statement"]["conditions"]
    kept = [c for c in conditions if "alpha2" not in c]
    return forged(
        vae2(),
        ((*MODEL, "prior", "arguments"), [0, 1]),
        ((*MODEL, "parameters", 1), DELETE),
        ((*DIRECTION, "alpha2"), DELETE),
        ((*SUM, 2), DELETE),
        (("steps", -1, "result", 2), DELETE),
        (("statement", "conditions"), kept),
    )


def _ghost() -> dict:
    ghost = parameter("ghost", range="positive")
    return forged(
        vae2(),
        ((*MODEL, "parameters"), lambda old: [*old, ghost]),
        ((*DIRECTION, "ghost"), ["param", "ghost"]),
        (("statement", "conditions", 2), ["range", "tau2", "positive"]),
        (
            ("statement", "conditions"),
            lambda old: [
                *old[:2],
                ["range", "ghost", "positive"],
                *old[2:],
                ["stationary", "objective", "ghost"],
            ],
        ),
    )


def _constrained() -> dict:
    return forged(
        vae2(),
        ((*MODEL, "constraints", 0, "on"), "sigma2"),
        (("statement", "conditions", 7, 1), "sigma2"),
    )


def _wrong_plate() -> dict:
    """The encoder's tau has one entry for each observed component."""
    return forged(linear_vae(), ((*MODEL, "parameters", 5, "plates"), ["D"]))


def _frozen_encoder() -> dict:
    """The linear VAE with V fixed: the encoder is not closed under the scaling."""
    kept = [c for c in linear_vae()["statement"]["conditions"] if "V" not in c]
    return forged(
        linear_vae(),
        ((*MODEL, "parameters", 3, "learned"), False),
        ((*DIRECTION, "V"), DELETE),
        (("statement", "conditions"), kept),
    )


def _without_reparametrisation() -> dict:
    """The linear VAE's argument with z held still although the encoder moves."""
    document = json.loads(json.dumps(linear_vae()).replace('"reparam"', '"expect"'))
    conditions = [c for c in document["statement"]["conditions"] if c[0] != "reparametrised"]
    document["steps"] = [s for s in document["steps"] if s["rule"] != "reparametrise"]
    document["steps"][3]["rule"] = "tempering"
    document["statement"]["conditions"] = conditions
    return sealed(document)


def _shifted_encoder() -> dict:
    """The encoder's bias moves; with z held still neither entropies nor densities would notice."""
    nu = vae2()["statement"]["model"]["encoder"]["arguments"][0]
    return forged(
        vae2(),
        ((*MODEL, "parameters"), lambda old: [*old, parameter("c", "H")]),
        ((*MODEL, "encoder", "arguments", 0), ["add", nu, ["param", "c", 0]]),
        ((*DIRECTION, "c"), 1),
        (
            ("statement", "conditions"),
            lambda old: [
                *old[:-2],
                ["closed", "encoder", "c"],
                *old[-2:],
                ["stationary", "objective", "c"],
            ],
        ),
    )


def _network_variance() -> dict:
    """The decoder's mean is an abstract network of sigma2 as well, which moves."""
    moving = ["mul", ["param", "sigma2"], ["z", 2, 0]]
    return forged(
        vae2(), ((*MODEL, "decoder", "arguments", 0), ["net", "mu", [0], [["vec", "H", moving]]])
    )


def _real_variance() -> dict:
    document = vae2()
    kept = [c for c in document["statement"]["conditions"] if c != ["range", "sigma2", "positive"]]
    return forged(
        document,
        ((*MODEL, "parameters", 0, "range"), "real"),
        (("statement", "conditions"), kept),
    )


def _entropy_off_by_one() -> dict:
    """Certificate and closed form both claim one nat too much for every entropy."""
    document = vae2()
    entropy = document["certificates"]["normal"]["entropy"]
    off = ["add", document["statement"]["claim"]["entropy_sum"], neg(["size", "D"])]
    return forged(
        document,
        (("certificates", "normal", "entropy"), ["add", entropy, 1]),
        (SUM, off),
        (("steps", -1, "result"), off),
    )


def _encoder_entropy_off_by_one() -> dict:
    """A family of its own for the encoder, whose entropy adds one nat to ELBO and entropy sum."""
    document = vae2()
    normal = document["statement"]["model"]["families"]["normal"]
    certificate = document["certificates"]["normal"]
    more = {**certificate, "entropy": ["add", certificate["entropy"], 1]}
    form = ["add", document["statement"]["claim"]["entropy_sum"], ["size", "H"]]
    return forged(
        document,
        ((*MODEL, "families", "other"), normal),
        ((*MODEL, "encoder", "family"), "other"),
        (("certificates", "other"), more),
        (SUM, form),
        (("steps", -1, "result"), form),
        (
            ("statement", "conditions"),
            lambda old: [*old[:5], ["normalised", "other"], ["score", "other"], *old[5:]],
        ),
    )


def _swallowed(measure: Any) -> dict:
    return forged(vae2(), family("log_base_measure", measure))


def _doubled_scale() -> dict:
    return forged(linear_vae(), family("scale", ["mul", 2, ["pow", ["arg", "variance"], HALF]]))


def _zero_times_infinite(function: Callable[[Any], Any]) -> dict:
    z4 = ["mul", ["z", 1, 0], ["z", 1, 0], ["z", 1, 0], ["z", 1, 0]]
    infinite = ["mean", ["expect", 0, ["sum", "H", ["exp", z4]]]]
    form = vae2()["statement"]["claim"]["entropy_sum"]
    return claims(vae2(), ["add", form, function(infinite)])


def _same_in_split() -> dict:
    infinite = ["mean", ["expect", 0, ["sum", "H", ["exp", ["pow", ["z", 1, 0], 4]]]]]
    return forged(vae2(), (("steps", 1, "result"), lambda old: [*old, infinite, neg(infinite)]))


def _log_of_noise() -> dict:
    log = ["mean", ["reparam", 0, ["sum", "H", ["log", ["eps", 1, 0]]]]]
    form = linear_vae()["statement"]["claim"]["entropy_sum"]
    return claims(linear_vae(), ["add", form, log, neg(log)])


def _elbo_is_elbo() -> dict:
    return claims(vae2(), elbo())


def _gap_is_elbo() -> dict:
    gap = ["add", elbo(), neg(["D", ["objective"]]), ["D", ["objective"]]]
    return forged(vae2(), (("statement", "claim", "gap"), gap), (("steps", 4, "result"), gap))


def _bonus(document: dict, term: Any) -> dict:
    return claims(document, ["add", document["statement"]["claim"]["entropy_sum"], term])


LOG_2PIE = ["log", ["mul", 2, PI, E, ["param", "sigma2"]]]

FALSE_CLAIMS: dict[str, Callable[[], dict]] = {
    "an abstract network moves": lambda: forged(vae2(), ((*DIRECTION, "nu"), 1)),
    "the prior's mean is the latent": lambda: forged(
        vae2(), ((*MODEL, "prior", "arguments", 0), ["z", 1, 0])
    ),
    "the prior's mean is its own index": lambda: forged(
        vae2(), ((*MODEL, "prior", "arguments", 0), ["z", 0, 0])
    ),
    "the decoder's mean is the datum": lambda: forged(
        vae2(), ((*MODEL, "decoder", "arguments", 0), ["x", 1, 0])
    ),
    "the encoder sees its latent": lambda: forged(
        vae2(), ((*MODEL, "encoder", "arguments", 0), ["z", 1, 0])
    ),
    "plates of q and z differ": _wrong_plate,
    "the log of the noise": _log_of_noise,
    "a moved parameter that is not learned": lambda: forged(
        vae2(), ((*MODEL, "parameters", 0, "learned"), False)
    ),
    "the variance is fixed": _fixed_variance,
    "VAE-1 for any encoder": _vae1_any_encoder,
    "a base measure with an argument": lambda: _swallowed(["log", ["arg", "variance"]]),
    "a base measure that is the density": lambda: _swallowed(neg(["pow", ["var"], 2])),
    "a base measure with a parameter": lambda: _swallowed(["param", "sigma2"]),
    "another objective": lambda: forged(vae2(), (("statement", "objective"), "beta-elbo")),
    "a ghost parameter": _ghost,
    "a constrained parameter moves": _constrained,
    "the claim ELBO = ELBO": _elbo_is_elbo,
    "the gap holds the ELBO": _gap_is_elbo,
    "zero times an infinite mean": lambda: _zero_times_infinite(
        lambda t: ["mul", ["add", 1, -1], t]
    ),
    "literally zero times an infinite mean": lambda: _zero_times_infinite(lambda t: ["mul", 0, t]),
    "an infinite mean minus itself": lambda: _zero_times_infinite(lambda t: ["add", t, neg(t)]),
    "an infinite mean minus itself in a step": _same_in_split,
    "an infinite mean to the power zero": lambda: _zero_times_infinite(
        lambda t: ["add", -1, ["pow", t, 0]]
    ),
    "the encoder is frozen": _frozen_encoder,
    "the encoder moves and z does not": _without_reparametrisation,
    "the encoder's bias moves and z does not": _shifted_encoder,
    "an abstract network's input moves": _network_variance,
    "a variance that may be negative": _real_variance,
    "an entropy one nat too large": _entropy_off_by_one,
    "an encoder's entropy one nat too large": _encoder_entropy_off_by_one,
    "a positive variance for one below 1": lambda: forged(
        vae2(), family("arguments", lambda old: [old[0], {"name": "variance", "range": "unit"}])
    ),
    "twice the scale": _doubled_scale,
    "half the variance's direction": lambda: forged(
        vae2(), ((*DIRECTION, "sigma2"), ["mul", ["frac", -1, 2], ["param", "sigma2"]])
    ),
    "the direction's sign": lambda: forged(vae2(), ((*DIRECTION, "sigma2"), ["param", "sigma2"])),
    "D + 1 for D": lambda: _bonus(vae2(), ["mul", ["frac", -1, 2], LOG_2PIE]),
    "one nat more": lambda: _bonus(vae2(), 1),
    "log 2 pi for log 2 pi e": lambda: _bonus(vae2(), ["mul", HALF, ["size", "D"]]),
    "N(0, 2) as the prior of the linear VAE": lambda: forged(
        linear_vae(), ((*MODEL, "prior", "arguments", 1), 2)
    ),
    "a prior mean in the linear VAE": lambda: forged(
        linear_vae(), ((*MODEL, "prior", "arguments", 0), 1)
    ),
    "the bias of the encoder does not move": lambda: forged(
        linear_vae(),
        ((*DIRECTION, "c"), DELETE),
        (
            ("statement", "conditions"),
            [c for c in linear_vae()["statement"]["conditions"] if "c" not in c],
        ),
    ),
    "sum of logs is log of the sum": lambda: claims(
        linear_vae(),
        [
            "add",
            ["log", ["sum", "H", ["param", "tau", 0]]],
            *linear_vae()["statement"]["claim"]["entropy_sum"][2:],
        ],
    ),
    "expectations multiply": lambda: _bonus(
        linear_vae(),
        [
            "add",
            ["mean", ["reparam", 0, ["sum", "H", ["pow", ["z", 1, 0], 2]]]],
            neg(["sum", "H", ["mean", ["mul", *[["reparam", 0, ["z", 0, 2]]] * 2]]]),
        ],
    ),
}


def text(document: dict, old: str, new: str) -> bytes:
    return json.dumps(document).replace(old, new, 1).encode()


def _steps(change: Callable[[list], list], seal: bool = True) -> bytes:
    document = edited(vae2(), (("steps",), change))
    return json.dumps(sealed(document) if seal else document).encode()


def _dump(document: dict) -> bytes:
    return json.dumps(document).encode()


VALID = _dump(vae2())

TAMPERINGS: dict[str, Callable[[], bytes]] = {
    **{f"step {i} deleted": lambda i=i: _steps(lambda s: s[:i] + s[i + 1 :]) for i in (0, 1, 4, 5)},
    "last step deleted": lambda: _steps(lambda s: s[:-1]),
    "both temperings deleted": lambda: _steps(lambda s: s[:2] + s[4:]),
    "all steps deleted": lambda: _steps(lambda s: []),
    "steps reversed": lambda: _steps(lambda s: s[::-1]),
    "two steps exchanged": lambda: _steps(lambda s: [*s[:2], s[3], s[2], *s[4:]]),
    "a step repeated": lambda: _steps(lambda s: [*s, s[-1]]),
    "a rule renamed": lambda: text(vae2(), '"tempering"', '"scaling"'),
    "a rule renamed and sealed": lambda: _dump(forged(vae2(), (("steps", 2, "rule"), "scaling"))),
    "an unknown rule": lambda: _dump(forged(vae2(), (("steps", 2, "rule"), "magic"))),
    "a condition dropped": lambda: _dump(forged(vae2(), (("statement", "conditions", 5), DELETE))),
    "the last condition dropped": lambda: _dump(
        forged(vae2(), (("statement", "conditions", -1), DELETE))
    ),
    "a condition added": lambda: _dump(
        forged(vae2(), (("statement", "conditions"), lambda c: [*c, ["finite", "objective"]]))
    ),
    "conditions exchanged": lambda: _dump(
        forged(vae2(), (("statement", "conditions"), lambda c: [c[1], c[0], *c[2:]]))
    ),
    "a coefficient changed": lambda: _dump(
        forged(vae2(), (("steps", 1, "result", 1), lambda t: ["mul", 2, t]))
    ),
    "a coefficient changed in the density": lambda: _dump(
        forged(vae2(), family("log_density", lambda t: [*t[:2], ["mul", 2, t[2]]]))
    ),
    "an index changed": lambda: _dump(forged(vae2(), ((*MODEL, "prior", "arguments", 1, 2), 1))),
    "an index changed in the decoder": lambda: _dump(
        forged(linear_vae(), ((*MODEL, "decoder", "arguments", 0, 1, 2, 1, 2), 0))
    ),
    "an index changed to a boolean": lambda: _dump(
        forged(vae2(), ((*MODEL, "prior", "arguments", 1, 2), False))
    ),
    "the claim swapped": lambda: _dump(
        forged(vae2(), (SUM, linear_vae()["statement"]["claim"]["entropy_sum"]))
    ),
    "the claim's gap and sum swapped": lambda: _dump(
        forged(
            vae2(),
            (SUM, vae2()["statement"]["claim"]["gap"]),
            (("statement", "claim", "gap"), vae2()["statement"]["claim"]["entropy_sum"]),
        )
    ),
    "a parameter called like a size": lambda: json.dumps(
        sealed(json.loads(json.dumps(vae2()).replace('"sigma2"', '"D"')))
    ).encode(),
    "a parameter called pi": lambda: json.dumps(
        sealed(json.loads(json.dumps(vae2()).replace('"sigma2"', '"pi"')))
    ).encode(),
    "a parameter called like an index": lambda: json.dumps(
        sealed(json.loads(json.dumps(vae2()).replace('"sigma2"', '"i1"')))
    ).encode(),
    "a derivative under an expectation": lambda: _dump(
        forged(
            vae2(),
            (("steps", 3, "result", 3), ["mean", ["expect", 0, ["D", ["logp", "prior", 0]]]]),
        )
    ),
    "the ELBO outside D": lambda: _dump(forged(vae2(), (("steps", 3, "result"), ["elbo"]))),
    "an unknown head": lambda: _dump(forged(vae2(), (("steps", 0, "result", 0), "eval"))),
    "a head that is a list": lambda: _dump(forged(vae2(), (("steps", 0, "result", 0), ["mean"]))),
    "an unknown key": lambda: _dump(forged(vae2(), ((*MODEL, "note"), "trust me"))),
    "a missing key": lambda: _dump(forged(vae2(), ((*MODEL, "constraints"), DELETE))),
    "the format": lambda: _dump(forged(vae2(), (("format",), "entropysym/2"))),
    "a float": lambda: text(vae2(), '["frac", 1, 2]', "0.5"),
    "a whole float": lambda: text(vae2(), "-1", "-1.0"),
    "an exponent float": lambda: text(vae2(), '["frac", 1, 2]', "5e-1"),
    "NaN": lambda: text(vae2(), '["frac", 1, 2]', "NaN"),
    "Infinity": lambda: text(vae2(), '["frac", 1, 2]', "-Infinity"),
    "null": lambda: text(vae2(), '["frac", 1, 2]', "null"),
    "true": lambda: text(vae2(), '["frac", 1, 2]', "true"),
    "a fraction not in lowest terms": lambda: text(vae2(), '["frac", 1, 2]', '["frac", 2, 4]'),
    "a fraction over zero": lambda: text(vae2(), '["frac", 1, 2]', '["frac", 1, 0]'),
    "a duplicate key": lambda: text(vae2(), '"learned": true', '"learned": false, "learned": true'),
    "a stale statement hash": lambda: _dump(
        edited(vae2(), (("sha256", "statement"), lambda h: h[::-1]))
    ),
    "a stale document hash": lambda: _dump(
        edited(vae2(), (("sha256", "document"), lambda h: h[::-1]))
    ),
    "a false claim, hash stale": lambda: _dump(edited(vae2(), ((*SUM, 3, 2), ["size", "H"]))),
    "a false claim, hash fresh": lambda: _dump(
        forged(
            vae2(), ((*SUM, 3, 2), ["size", "H"]), (("steps", -1, "result", 3, 2), ["size", "H"])
        )
    ),
    "a certificate missing": lambda: _dump(forged(vae2(), (("certificates",), {}))),
    "another entropy": lambda: _dump(forged(vae2(), (("certificates", "normal", "entropy"), 0))),
    "an escape in a text": lambda: _dump(
        forged(vae2(), ((*MODEL, "constraints", 0, "text"), "fine\u001b[2K\nmodel vae2"))
    ),
    "cut in the middle": lambda: VALID[: len(VALID) // 2],
    "a byte order mark": lambda: b"\xef\xbb\xbf" + VALID,
    "not UTF-8": lambda: VALID.replace(b"first-layer", b"first\xfflayer"),
    "a lone surrogate": lambda: VALID.replace(b"first-layer", b"first\\ud800layer"),
    "UTF-16": lambda: VALID.decode().encode("utf-16"),
    "something after the end": lambda: VALID + b"[]",
    "nothing": lambda: b"",
    "null bytes": lambda: b"\0" * 1000,
}
