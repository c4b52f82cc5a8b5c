"""Documents written by hand: VAE-2 and the linear VAE, with symbolic D, H and N."""

import copy
import json
from hashlib import sha256
from typing import Any

HALF = ["frac", 1, 2]
PI, E = ["pi"], ["e"]


def neg(term: Any) -> list:
    return ["mul", -1, term]


def normal_family() -> dict:
    variance, mean, var = ["arg", "variance"], ["arg", "mean"], ["var"]
    square = ["pow", ["add", var, neg(mean)], 2]
    return {
        "arguments": [
            {"name": "mean", "range": "real"},
            {"name": "variance", "range": "positive"},
        ],
        "support": "real",
        "log_density": [
            "add",
            ["mul", ["frac", -1, 2], ["log", ["mul", 2, PI, variance]]],
            ["mul", ["frac", -1, 2], square, ["pow", variance, -1]],
        ],
        "log_base_measure": 0,
        "location": mean,
        "scale": ["pow", variance, HALF],
    }


def normal_certificate() -> dict:
    variance = ["arg", "variance"]
    return {
        "direction": {"mean": 0, "variance": neg(variance)},
        "entropy": ["mul", HALF, ["log", ["mul", 2, PI, E, variance]]],
    }


def elbo(head: str = "expect") -> list:
    return [
        "mean",
        [
            "add",
            ["H", "encoder", 0],
            [head, 0, ["logp", "prior", 0]],
            [head, 0, ["logp", "decoder", 1, 0]],
        ],
    ]


def parameter(name: str, *plates: str, range: str = "real", learned: bool = True) -> dict:
    return {"name": name, "plates": list(plates), "range": range, "learned": learned}


def sealed(document: dict) -> dict:
    """The same document with fresh hashes: what a forger would write."""
    document = copy.deepcopy(document)

    def digest(value: Any) -> str:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"))
        return sha256(text.encode()).hexdigest()

    body = {key: document[key] for key in ("certificates", "statement", "steps")}
    document["sha256"] = {"statement": digest(document["statement"]), "document": digest(body)}
    return document


def assemble(model: dict, direction: dict, claim: dict, conditions: list, steps: list) -> dict:
    return sealed(
        {
            "format": "entropysym/1",
            "statement": {
                "model": model,
                "objective": "elbo",
                "direction": direction,
                "claim": claim,
                "conditions": conditions,
            },
            "certificates": {"normal": normal_certificate()},
            "steps": [{"rule": rule, "result": result} for rule, result in steps],
        }
    )


def entropy_terms(head: str = "expect") -> list:
    return [
        ["mean", ["H", "encoder", 0]],
        neg(["H", "prior"]),
        neg(["mean", [head, 0, ["H", "decoder", 0]]]),
    ]


def vae2() -> dict:
    nu = ["net", "nu", [0], [["vec", "D", ["x", 2, 0]]]]
    tau2 = ["net", "tau2", [0], [["vec", "D", ["x", 2, 0]]]]
    mu = ["net", "mu", [0], [["vec", "H", ["z", 2, 0]]]]
    model = {
        "name": "vae2",
        "sizes": ["D", "H"],
        "observed": "D",
        "latent": "H",
        "parameters": [
            parameter("sigma2", range="positive"),
            parameter("alpha2", "H", range="positive"),
        ],
        "networks": [
            {"name": "mu", "plates": ["D"], "inputs": ["H"], "range": "real"},
            {"name": "nu", "plates": ["H"], "inputs": ["D"], "range": "real"},
            {"name": "tau2", "plates": ["H"], "inputs": ["D"], "range": "positive"},
        ],
        "families": {"normal": normal_family()},
        "prior": {"family": "normal", "arguments": [0, ["param", "alpha2", 0]]},
        "decoder": {"family": "normal", "arguments": [mu, ["param", "sigma2"]]},
        "encoder": {"family": "normal", "arguments": [nu, tau2]},
        "constraints": [{"on": "mu", "text": "first-layer columns have unit norm"}],
    }
    direction = {"sigma2": neg(["param", "sigma2"]), "alpha2": neg(["param", "alpha2", 0])}
    h_enc, h_prior, h_dec = entropy_terms()
    e_prior = ["mean", ["expect", 0, ["logp", "prior", 0]]]
    e_dec = ["mean", ["expect", 0, ["logp", "decoder", 1, 0]]]
    gap = ["add", h_enc, h_prior, h_dec, ["D", ["elbo"]]]
    entropy_sum = [
        "add",
        [
            "mean",
            ["sum", "H", ["mul", HALF, ["log", ["net", "tau2", [0], [["vec", "D", ["x", 2, 0]]]]]]],
        ],
        ["mul", ["frac", -1, 2], ["sum", "H", ["log", ["param", "alpha2", 0]]]],
        ["mul", ["frac", -1, 2], ["size", "D"], ["log", ["mul", 2, PI, E, ["param", "sigma2"]]]],
    ]
    steps = [
        ("definition", elbo()),
        ("split", ["add", h_enc, e_prior, e_dec]),
        ("tempering", ["add", h_enc, e_prior, h_dec, ["D", e_dec]]),
        ("tempering", ["add", h_enc, h_prior, ["D", e_prior], h_dec, ["D", e_dec]]),
        ("gap", gap),
        ("stationary", ["add", h_enc, h_prior, h_dec]),
        ("closed_form", entropy_sum),
    ]
    conditions = [
        ["range", "sigma2", "positive"],
        ["range", "alpha2", "positive"],
        ["range", "tau2", "positive"],
        ["normalised", "normal"],
        ["score", "normal"],
        ["finite", "elbo"],
        ["interchange", "elbo"],
        ["constraint", "mu", "first-layer columns have unit norm"],
        ["stationary", "elbo", "sigma2"],
        ["stationary", "elbo", "alpha2"],
    ]
    claim = {"gap": gap, "entropy_sum": entropy_sum}
    return assemble(model, direction, claim, conditions, steps)


def linear_vae() -> dict:
    mean_x = [
        "add",
        ["sum", "H", ["mul", ["param", "W", 1, 0], ["z", 2, 0]]],
        ["param", "b", 0],
    ]
    mean_z = [
        "add",
        ["sum", "D", ["mul", ["param", "V", 1, 0], ["x", 2, 0]]],
        ["param", "c", 0],
    ]
    model = {
        "name": "linear_vae",
        "sizes": ["D", "H"],
        "observed": "D",
        "latent": "H",
        "parameters": [
            parameter("W", "D", "H"),
            parameter("b", "D"),
            parameter("sigma", range="positive"),
            parameter("V", "H", "D"),
            parameter("c", "H"),
            parameter("tau", "H", range="positive"),
        ],
        "networks": [],
        "families": {"normal": normal_family()},
        "prior": {"family": "normal", "arguments": [0, 1]},
        "decoder": {"family": "normal", "arguments": [mean_x, ["pow", ["param", "sigma"], 2]]},
        "encoder": {"family": "normal", "arguments": [mean_z, ["pow", ["param", "tau", 0], 2]]},
        "constraints": [],
    }
    direction = {
        "W": ["mul", ["frac", -1, 2], ["param", "W", 1, 0]],
        "V": ["mul", HALF, ["param", "V", 1, 0]],
        "c": ["mul", HALF, ["param", "c", 0]],
        "tau": ["mul", HALF, ["param", "tau", 0]],
        "sigma": ["mul", ["frac", -1, 2], ["param", "sigma"]],
    }
    h_enc, h_prior, h_dec = entropy_terms("reparam")
    e_prior = ["mean", ["reparam", 0, ["logp", "prior", 0]]]
    e_dec = ["mean", ["reparam", 0, ["logp", "decoder", 1, 0]]]
    gap = ["add", h_enc, h_prior, h_dec, ["D", ["elbo"]]]
    entropy_sum = [
        "add",
        ["sum", "H", ["log", ["param", "tau", 0]]],
        ["mul", ["frac", -1, 2], ["size", "D"], ["log", ["mul", 2, PI, E]]],
        ["mul", -1, ["size", "D"], ["log", ["param", "sigma"]]],
    ]
    scaled = ["D", ["add", h_enc, e_prior]]
    steps = [
        ("definition", elbo()),
        ("reparametrise", elbo("reparam")),
        ("split", ["add", h_enc, e_prior, e_dec]),
        ("tempering", ["add", h_enc, e_prior, h_dec, ["D", e_dec]]),
        ("scaling", ["add", h_enc, h_prior, scaled, h_dec, ["D", e_dec]]),
        ("gap", gap),
        ("stationary", ["add", h_enc, h_prior, h_dec]),
        ("closed_form", entropy_sum),
    ]
    conditions = [
        ["range", "sigma", "positive"],
        ["range", "tau", "positive"],
        ["normalised", "normal"],
        ["score", "normal"],
        ["finite", "elbo"],
        ["interchange", "elbo"],
        ["reparametrised", "encoder"],
        ["closed", "encoder", "V"],
        ["closed", "encoder", "c"],
        ["closed", "encoder", "tau"],
        ["stationary", "elbo", "W"],
        ["stationary", "elbo", "sigma"],
        ["stationary", "elbo", "V"],
        ["stationary", "elbo", "c"],
        ["stationary", "elbo", "tau"],
    ]
    claim = {"gap": gap, "entropy_sum": entropy_sum}
    return assemble(model, direction, claim, conditions, steps)
