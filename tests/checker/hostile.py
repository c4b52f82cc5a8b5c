"""Small files that ask for much work. Each maps the VAE-2 document to bytes."""

import copy
import json
from collections.abc import Callable
from typing import Any

from .documents import (
    linear_vae,
    normal_certificate,
    normal_family,
    parameter,
    sealed,
    vae2,
)


def with_closed_form(term: Any) -> bytes:
    """A document with fresh hashes whose last step and claim are this term."""
    document = copy.deepcopy(vae2())
    document["steps"][-1]["result"] = term
    document["statement"]["claim"]["entropy_sum"] = term
    return json.dumps(sealed(document)).encode()


def with_split(term: Any, document: dict | None = None) -> bytes:
    """A document with fresh hashes whose step `split` has this term as a further addend."""
    document = copy.deepcopy(document or vae2())
    step = next(step for step in document["steps"] if step["rule"] == "split")
    step["result"] = [*step["result"], term]
    return json.dumps(sealed(document)).encode()


def nested(head: Callable[[Any], Any], term: Any, times: int) -> Any:
    for _ in range(times):
        term = head(term)
    return term


ALPHA = ["param", "alpha2", 0]
SIGMA = ["param", "sigma2"]


def like_sums(count: int, power: int) -> Any:
    """mean over x of a product of powers of like sums over one index each."""
    one = ["sum", "D", ["mul", ["v", "x", 1, 0], ["param", "sigma2"]]]
    many = [["pow", nested(lambda t: ["sum", "D", t], one[2], 1), power] for _ in range(count)]
    return ["mean", "N", ["mul", *many]]


def distinct_sums(count: int, power: int) -> Any:
    terms = []
    for k in range(count):
        body = ["mul", ["pow", ["v", "x", 1, 0], k + 1], ["exp", ["v", "x", 1, 0]]]
        terms.append(["pow", ["sum", "D", body], power])
    return ["mean", "N", ["mul", *terms]]


def _divided(by: Any, count: int, power: int, top: int = 16) -> Any:
    """by^top / product of (by + k)^power"""
    return ["mul", ["pow", by, top], *[["pow", ["add", by, k + 1], -power] for k in range(count)]]


def _long_argument(terms: int, times: int) -> bytes:
    """A family that reads softplus of one argument many times, the argument being the square of a sum of logarithms."""
    document = copy.deepcopy(vae2())
    model = document["statement"]["model"]
    own, certificate = normal_family(), normal_certificate()
    softplus = ["softplus", ["arg", "junk"]]
    own["arguments"].append({"name": "junk", "range": "real"})
    repeated = [*[softplus] * times, ["mul", -times, softplus]]
    own["log_density"] = ["add", *own["log_density"][1:], *repeated]
    certificate["direction"]["junk"] = 0
    model["families"] = {"normal": normal_family(), "own": own}
    model["p"][1]["family"] = "own"
    primes = [p for p in range(2, 400) if all(p % q for q in range(2, p))]
    square = ["pow", ["add", *[["log", p] for p in primes[:terms]]], 2]
    model["p"][1]["arguments"].append(square)
    document["certificates"] = {"normal": normal_certificate(), "own": certificate}
    conditions = document["statement"]["conditions"]
    conditions[5:5] = [["normalised", "own"], ["score", "own"]]
    return json.dumps(sealed(document)).encode()


def _deep_addends(count: int) -> bytes:
    """The inverse of a sum of many softplus terms of a deep argument: a root whose leading term is not looked for in vain."""
    document = copy.deepcopy(vae2())
    model = document["statement"]["model"]
    model["parameters"].append(parameter("c", range="positive", learned=False))
    document["statement"]["conditions"].insert(2, ["range", "c", "positive"])
    c = ["param", "c"]
    deep = nested(lambda t: ["softplus", ["pow", ["add", t, c], 16]], ["softplus", c], 3)
    model["p"][1]["arguments"][1] = ["mul", SIGMA, deep]
    terms = [["softplus", ["add", k + 1, ["arg", "variance"]]] for k in range(count)]
    inverse = ["pow", ["add", *terms], -1]
    vanishing = [["mul", ["var"], inverse], ["mul", -1, ["var"], inverse]]
    model["families"]["normal"]["log_density"] += vanishing
    return json.dumps(sealed(document)).encode()


def _many_sizes(count: int) -> bytes:
    document = copy.deepcopy(vae2())
    document["statement"]["model"]["sizes"] += [f"s{k}" for k in range(count)]
    return json.dumps(sealed(document)).encode()


HOSTILE: dict[str, Callable[[], bytes]] = {
    "the inverse of many deep addends": lambda: _deep_addends(430),
    "many sizes": lambda: _many_sizes(19_000),
    "one long argument many times": lambda: _long_argument(60, 3000),
    "ten megabytes of nesting": lambda: b"[" * 10_000_000,
    "a megabyte of nesting": lambda: b"[" * 1_000_000,
    "a megabyte of objects": lambda: b'{"a":' * 200_000,
    "a megabyte of commas": lambda: b"[" + b"1," * 500_000 + b"1]",
    "a megabyte of quotes": lambda: b'["' + b'\\"' * 500_000 + b'"]',
    "an open string": lambda: b'"' + b"\\" * 1_000_001,
    "many open strings": lambda: b'"\\' * 500_000,
    "a long integer": lambda: b"[" + b"9" * 1_000_000 + b"]",
    "a tower of powers": lambda: with_closed_form(nested(lambda t: ["pow", t, 16], 2, 40)),
    "a tower of negative powers": lambda: with_closed_form(
        nested(lambda t: ["pow", t, -16], 2, 40)
    ),
    "a symbolic tower": lambda: with_closed_form(nested(lambda t: ["pow", t, 16], SIGMA, 55)),
    "a tower of roots": lambda: with_closed_form(
        nested(lambda t: ["pow", t, ["frac", 1, 16]], SIGMA, 55)
    ),
    "a tower of sums": lambda: with_closed_form(
        nested(lambda t: ["pow", ["add", 1, t], 16], SIGMA, 20)
    ),
    "nested logarithms of powers": lambda: with_closed_form(
        nested(lambda t: ["log", ["pow", ["add", 2, ["exp", t]], 16]], SIGMA, 14)
    ),
    "nested exponentials": lambda: with_closed_form(
        nested(lambda t: ["exp", ["mul", t, t]], SIGMA, 9)
    ),
    "wide product": lambda: with_closed_form(["mul", *[["add", SIGMA, k] for k in range(1, 1500)]]),
    "wide product of sums": lambda: with_closed_form(
        ["mul", *[["add", SIGMA, ["log", k]] for k in range(2, 1200)]]
    ),
    "many primes": lambda: with_closed_form(
        ["add", *[["log", 10**17 + 2 * k + 1] for k in range(3000)]]
    ),
    "divisions of high powers": lambda: with_closed_form(_divided(SIGMA, 4, 64, 64)),
    "a division of a high power": lambda: with_closed_form(_divided(SIGMA, 1, 64, 64)),
    "divisions of high powers inside a sum": lambda: with_split(
        ["sum", "H", _divided(ALPHA, 12, 64, 64)]
    ),
    "a high tower of powers": lambda: with_closed_form(
        nested(lambda t: ["pow", ["add", 1, t], 64], SIGMA, 20)
    ),
    "a very high moment of the noise": lambda: with_split(_moment(64), linear_vae()),
    "many divisions": lambda: with_closed_form(_divided(SIGMA, 4, 16)),
    "many divisions inside a sum": lambda: with_split(["sum", "H", _divided(ALPHA, 12, 8)]),
    "many fractions": lambda: with_closed_form(
        ["add", *[["frac", 1, 10**17 + 2 * k + 1] for k in range(2000)]]
    ),
    "seven like sums to the sixth": lambda: with_split(like_sums(7, 6)),
    "seven unlike sums to the sixth": lambda: with_split(distinct_sums(7, 6)),
    "unlike sums": lambda: with_split(distinct_sums(12, 2)),
    "a cycle of like sums": lambda: with_split(
        [
            "mean",
            "N",
            nested(
                lambda t: ["sum", "D", t],
                [
                    "mul",
                    *[
                        ["exp", ["mul", ["v", "x", 14, k], ["v", "x", 14, (k + 1) % 14]]]
                        for k in range(14)
                    ],
                ],
                14,
            ),
        ]
    ),
    "two cycles of like sums": lambda: with_split(
        [
            "mean",
            "N",
            nested(
                lambda t: ["sum", "D", t],
                [
                    "mul",
                    *[
                        ["exp", ["mul", ["v", "x", 24, k], ["v", "x", 24, (k + 1) % 12]]]
                        for k in range(12)
                    ],
                    *[
                        ["exp", ["mul", ["v", "x", 24, 12 + k], ["v", "x", 24, 12 + (k + 1) % 12]]]
                        for k in range(12)
                    ],
                ],
                24,
            ),
        ]
    ),
    "many steps": lambda: _many_steps(),
    "large terms in the direction": lambda: _large_direction(),
    "a wide split": lambda: with_split(
        [
            "add",
            *[
                ["mean", "N", ["sum", "D", ["pow", ["v", "x", 1, 0], 1 + k % 16]]]
                for k in range(1300)
            ],
        ]
    ),
    "a high odd moment of the noise": lambda: with_split(_moment(15), linear_vae()),
    "a high even moment of the noise": lambda: with_split(_moment(16), linear_vae()),
    "a product of moments": lambda: with_split(
        [
            "mean",
            "N",
            [
                "reparam",
                nested(
                    lambda t: ["sum", "H", t],
                    ["mul", *[["pow", ["eps", "z", 5, k % 5], 2 + k] for k in range(9)]],
                    5,
                ),
            ],
        ],
        linear_vae(),
    ),
    "a power of a power of a sum": lambda: with_split(
        ["mean", "N", nested(lambda t: ["pow", t, 16], ["sum", "D", ["v", "x", 1, 0]], 4)]
    ),
    "deep means of a wide sum": lambda: with_split(
        nested(lambda t: ["mean", "N", t], ["add", *([["pi"]] * 8000)], 50)
    ),
    "a wide network": lambda: with_split(["mean", "N", ["sum", "D", _net(40)]]),
}


def _moment(power: int) -> Any:
    return ["add", 1, ["mean", "N", ["reparam", ["sum", "H", ["pow", ["eps", "z", 1, 0], power]]]]]


def _net(depth: int) -> Any:
    """A network of itself of itself, doubling at each level."""
    body: Any = ["v", "x", 1 + 4, 0]
    for _ in range(4):
        body = ["net", "mu", [0], [["vec", "H", ["log", ["net", "tau2", [0], [["vec", "D", 1]]]]]]]
    return ["mul", *[body] * depth]


def _many_steps() -> bytes:
    document = copy.deepcopy(vae2())
    step = document["steps"][2]
    document["steps"][2:3] = [step] * 100
    return json.dumps(sealed(document)).encode()


def _large_direction() -> bytes:
    document = copy.deepcopy(vae2())
    term = ["mul", *[["add", SIGMA, ["log", k]] for k in range(2, 400)]]
    document["statement"]["direction"]["sigma2"] = term
    return json.dumps(sealed(document)).encode()
