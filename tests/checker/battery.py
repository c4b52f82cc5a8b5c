"""What a checker must pass, as a function of the checker: used on ours and on broken copies."""

import json
import math
from collections.abc import Iterator
from random import Random
from types import ModuleType
from typing import Any

from . import explicit_sums
from .documents import DOCUMENTS, HALF, linear_vae, poisson, sigmoid_net, vae2, workbench
from .falsehoods import BESIDE_THE_KERNEL, FALSE_CLAIMS, TAMPERINGS
from .laws import LAWS
from .random_terms import random_term
from .small_graphs import GRAPHS

# (the linear VAE's) terms aimed at one rule each
AIMED: list[Any] = [
    ["D", ["sum", "H", ["exp", ["param", "c", 0]]]],
    ["D", ["log", ["add", ["param", "sigma"], 1]]],
    ["D", ["pow", ["param", "sigma"], 3]],
    ["D", ["pow", ["add", ["param", "sigma"], 2], ["frac", -3, 2]]],
    ["D", ["sum", "H", ["mul", ["param", "tau", 0], ["param", "c", 0], ["param", "sigma"]]]],
    ["D", ["objective"]],
    ["log", ["mul", 12, ["pow", ["param", "sigma"], -3], ["frac", 5, 7]]],
    ["exp", ["mul", ["frac", 3, 2], ["log", ["mul", 12, ["param", "sigma"]]]]],
    ["pow", ["add", ["mul", 6, ["param", "sigma"]], ["frac", 4, 3]], ["frac", 5, 2]],
    ["pow", ["sum", "H", ["param", "c", 0]], 3],
    ["sum", "D", ["pow", ["sum", "H", ["param", "V", 0, 1]], 3]],
    ["sum", "D", ["pow", ["sum", "H", ["exp", ["param", "V", 0, 1]]], ["frac", 1, 2]]],
    ["pow", ["sum", "D", ["pow", ["sum", "H", ["exp", ["param", "V", 0, 1]]], HALF]], 2],
    ["mean", "N", ["pow", ["reparam", ["sum", "H", ["v", "z", 1, 0]]], 2]],
    ["mean", "N", ["reparam", ["pow", ["sum", "H", ["v", "z", 1, 0]], 4]]],
    [
        "mean",
        "N",
        ["mean", "N", ["mul", *(["reparam", ["sum", "H", ["v", "z", n + 1, 0]]] for n in (0, 1))]],
    ],
    [
        "mean",
        "N",
        ["reparam", ["pow", ["sum", "H", ["mul", ["eps", "z", 1, 0], ["param", "c", 0]]], 4]],
    ],
    [
        "mean",
        "N",
        [
            "sum",
            "H",
            ["sum", "H", ["pow", ["reparam", ["mul", ["eps", "z", 2, 0], ["v", "z", 2, 1]]], 2]],
        ],
    ],
    ["mean", "N", ["reparam", ["exp", ["sum", "H", ["mul", ["frac", 1, 3], ["eps", "z", 1, 0]]]]]],
    ["pow", ["mean", "N", ["sum", "D", ["v", "x", 1, 0]]], 2],
    ["mean", "N", ["pow", ["sum", "D", ["v", "x", 1, 0]], 3]],
    ["sum", "H", ["mean", "N", ["sum", "D", 1]]],
    ["sum", "H", ["sum", "D", ["mul", ["param", "V", 1, 0], ["param", "W", 0, 1]]]],
    ["mul", ["param", "sigma"], ["pow", ["add", ["mul", 2, ["param", "sigma"]], 3], -2]],
    [
        "D",
        [
            "mul",
            ["pow", ["param", "sigma"], 3],
            ["pow", ["add", 5, ["pow", ["param", "sigma"], 2]], -1],
        ],
    ],
]

_Z_AND_Z: Any = ["mul", ["sum", "H", ["v", "z", 2, 0]], ["sum", "H", ["v", "z", 1, 0]]]

# (the VAE-2's) the latents of two data under one expectation, and under two
AIMED_AT_TWO_DATA: list[Any] = [
    ["mean", "N", ["mean", "N", ["expect", _Z_AND_Z]]],
    ["mean", "N", ["mean", "N", ["mul", *(["expect", part] for part in _Z_AND_Z[1:])]]],
    ["mean", "N", ["mean", "N", ["pow", ["expect", ["exp", _Z_AND_Z]], 2]]],
    ["mean", "N", ["expect", ["pow", ["sum", "H", ["v", "z", 1, 0]], 2]]],
]

_TRINOMIAL: Any = ["add", ["pow", ["param", "sigma"], 2], ["param", "sigma"], 1]

# pairs that are equal, and must be recognised as equal, and pairs that must not be
EQUAL: list[tuple[Any, Any]] = [
    (["exp", ["log", ["param", "sigma"]]], ["param", "sigma"]),
    (["log", 4], ["mul", 2, ["log", 2]]),
    (["pow", ["pow", 8, ["frac", 1, 2]], 2], 8),
    (
        ["pow", ["sum", "H", ["param", "c", 0]], 2],
        ["sum", "H", ["sum", "H", ["mul", ["param", "c", 0], ["param", "c", 1]]]],
    ),
    (
        ["sum", "H", ["sum", "D", ["param", "V", 1, 0]]],
        ["sum", "D", ["sum", "H", ["param", "V", 0, 1]]],
    ),
    (
        ["mean", "N", ["mul", *[["reparam", ["sum", "H", ["v", "z", 1, 0]]]] * 2]],
        [
            "mean",
            "N",
            [
                "sum",
                "H",
                [
                    "sum",
                    "H",
                    [
                        "mul",
                        [
                            "add",
                            ["sum", "D", ["mul", ["param", "V", 1, 0], ["v", "x", 3, 0]]],
                            ["param", "c", 0],
                        ],
                        [
                            "add",
                            ["sum", "D", ["mul", ["param", "V", 2, 0], ["v", "x", 3, 0]]],
                            ["param", "c", 1],
                        ],
                    ],
                ],
            ],
        ],
    ),
    (
        ["pow", ["add", ["mul", 2, ["param", "sigma"]], 2], HALF],
        ["mul", ["pow", 2, HALF], ["pow", ["add", ["param", "sigma"], 1], HALF]],
    ),
    (["pow", ["pow", ["add", ["param", "sigma"], 1], HALF], 2], ["add", 1, ["param", "sigma"]]),
    # sigma/(2 sigma + 3) = 1/2 - 3/2/(2 sigma + 3), also inside a sum; sigma^3/(sigma^2 + sigma + 1)
    (
        ["mul", ["param", "sigma"], ["pow", ["add", ["mul", 2, ["param", "sigma"]], 3], -1]],
        [
            "add",
            HALF,
            [
                "mul",
                ["frac", -3, 2],
                ["pow", ["add", ["mul", 2, ["param", "sigma"]], 3], -1],
            ],
        ],
    ),
    (
        [
            "sum",
            "H",
            ["mul", ["param", "tau", 0], ["pow", ["add", ["param", "tau", 0], 1], -2]],
        ],
        [
            "add",
            ["sum", "H", ["pow", ["add", ["param", "tau", 0], 1], -1]],
            ["mul", -1, ["sum", "H", ["pow", ["add", 1, ["param", "tau", 0]], -2]]],
        ],
    ),
    (
        ["log", ["mul", ["param", "sigma"], ["pow", ["add", 1, ["param", "sigma"]], -1]]],
        [
            "add",
            ["log", ["param", "sigma"]],
            ["mul", -1, ["log", ["add", 1, ["param", "sigma"]]]],
        ],
    ),
    (
        ["pow", ["add", 1, ["pow", ["param", "sigma"], -1]], HALF],
        [
            "mul",
            ["pow", ["add", 1, ["param", "sigma"]], HALF],
            ["pow", ["param", "sigma"], ["frac", -1, 2]],
        ],
    ),
    (
        ["mul", ["pow", ["param", "sigma"], 3], ["pow", _TRINOMIAL, -1]],
        ["add", ["param", "sigma"], -1, ["pow", _TRINOMIAL, -1]],
    ),
]


def _quad(matrix: Any, left: str = "v", right: str = "w") -> Any:
    return ["quad", ["vec", "H", ["param", left, 0]], matrix, ["vec", "H", ["param", right, 0]]]


L, P = ["mat", "L"], ["mat", "P"]
LT = ["transposed", L]
R = ["matnet", "R", [["vec", "D", ["v", "x", 1, 0]]]]
S = ["param", "s"]

# (the workbench's) the same for matrices
AIMED_AT_MATRICES: list[Any] = [
    ["logdet", ["scaled", S, ["matmul", L, ["inverse", P], LT]]],
    ["D", ["logdet", ["scaled", S, ["matmul", L, ["inverse", P], LT]]]],
    ["D", ["logdet", ["inverse", P]]],
    ["trace", ["scaled", S, ["matmul", ["transposed", ["matmul", L, P]], ["inverse", L]]]],
    ["D", ["trace", ["scaled", S, ["matmul", P, L, ["inverse", ["matmul", L, P, P]]]]]],
    ["trace", ["matmul", L, L, LT, LT]],
    ["trace", ["matmul", P, L, LT, P, LT, L]],
    ["trace", ["matmul", L, P, ["inverse", L]]],
    ["trace", ["matmul", P, ["inverse", P]]],
    _quad(L),
    _quad(LT),
    _quad(["matmul", P, L]),
    _quad(["transposed", ["matmul", P, L]]),
    _quad(["inverse", ["matmul", P, L]]),
    _quad(["matmul", L, LT, ["inverse", LT]]),
    _quad(["matmul", P, ["inverse", P]]),
    _quad(["matmul", L, ["inverse", LT]]),
    ["D", _quad(["scaled", S, ["inverse", ["matmul", P, L]]])],
    ["D", _quad(["matmul", P, P], "v", "v")],
    [
        "mean",
        "N",
        [
            "sum",
            "H",
            _quad(["matmul", L, ["transposed", ["matnet", "R", [["vec", "D", ["v", "x", 2, 0]]]]]]),
        ],
    ],
    ["mean", "N", ["logdet", ["scaled", ["exp", ["sum", "D", ["v", "x", 1, 0]]], R]]],
    [
        "mean",
        "N",
        ["expect", ["quad", ["vec", "H", ["v", "z", 1, 0]], ["matmul", P, L], ["vec", "H", 1]]],
    ],
]

EQUAL_MATRICES: list[tuple[Any, Any]] = [
    (["trace", ["matmul", L, P, LT]], ["trace", ["matmul", P, LT, L]]),
    (["trace", ["matmul", L, P]], ["trace", ["matmul", P, LT]]),
    (["trace", ["matmul", L, P, ["inverse", L]]], ["trace", P]),
    (["trace", ["scaled", 2, P]], ["mul", 2, ["trace", P]]),
    (_quad(L), _quad(LT, "w", "v")),
    (_quad(P), _quad(P, "w", "v")),
    (_quad(["matmul", L, P, LT]), _quad(["matmul", L, P, LT], "w", "v")),
    (
        _quad(["matmul", L, ["inverse", L]]),
        ["sum", "H", ["mul", ["param", "v", 0], ["param", "w", 0]]],
    ),
    (["logdet", ["matmul", L, P]], ["add", ["logdet", LT], ["logdet", P]]),
    (["logdet", ["scaled", S, P]], ["add", ["mul", ["size", "H"], ["log", S]], ["logdet", P]]),
    (["logdet", ["matmul", P, ["inverse", P]]], 0),
    (["abs", ["add", S, -3]], ["abs", ["add", 3, ["mul", -1, S]]]),
]


TABLES = {
    "own_linear_vae": (AIMED, EQUAL),
    "own_vae2": (AIMED_AT_TWO_DATA, []),
    "workbench": (AIMED_AT_MATRICES, EQUAL_MATRICES),
}


class Bench:
    """One checker and one document, evaluated without the guard on expectations."""

    def __init__(self, checker: ModuleType, document: dict):
        self.checker, self.raw = checker, document
        self.kernel = checker.kernel
        self.document = self.kernel.reader.read(document["statement"], document["certificates"])
        self.reparam = any(step["rule"] == "reparametrise" for step in document["steps"])
        self.work = self.kernel.normal_form.Work(20_000_000)

    @property
    def site(self) -> Any:
        theorem, noise = self.kernel.theorem, {"z": "normal"} if self.reparam else {}
        goal = theorem.objective(self.document)
        site = theorem.Site(self.work, self.document, goal, noise)
        return site.apart(self.kernel.terms.OF_STEP)

    def polynomial(self, term: Any) -> Any:
        return self.kernel.evaluate.evaluate(self.site, term)

    def disagreement(self, term: Any, seed: int) -> str | None:
        """Why the polynomial's value is not the term's, or None."""
        world = explicit_sums.world(self.raw, seed)
        ours = explicit_sums.value(world, self.polynomial(term))
        truth = explicit_sums.number(world, term)
        tolerance = 1e-6 if "D" in json.dumps(term) else 1e-9
        if not math.isclose(ours, truth, rel_tol=tolerance, abs_tol=tolerance):
            return f"{ours} for {truth}: {json.dumps(term)}"
        return None


def failures(checker: ModuleType, seeds: int = 40) -> Iterator[str]:
    """Every way in which this checker is seen to be wrong."""
    for build in (*DOCUMENTS, *LAWS, *GRAPHS):
        try:
            checker.replay(json.dumps(build()))
        except Exception as error:
            yield f"{build.__name__} refused: {error!r}"
    for name, build in FALSE_CLAIMS.items():
        if name not in BESIDE_THE_KERNEL:
            yield from _accepted_by_the_kernel(checker.kernel, name, build())
    files = {name: json.dumps(FALSE_CLAIMS[name]()).encode() for name in BESIDE_THE_KERNEL}
    files |= {name: build() for name, build in TAMPERINGS.items()}
    for name, data in files.items():
        try:
            checker.replay(data)
            yield f"accepted: {name}"
        except (checker.Refused, checker.Malformed):
            pass
        except Exception as error:
            yield f"{name}: {error!r}"
    for build in (vae2, linear_vae, sigmoid_net, poisson, workbench):
        try:
            yield from _algebra(Bench(checker, build()), seeds)
        except Exception as error:
            yield f"algebra of {build.__name__}: {error!r}"


def _accepted_by_the_kernel(kernel: ModuleType, name: str, document: dict) -> Iterator[str]:
    """Whatever stands beside the kernel, it refuses a false statement by itself."""
    try:
        said = kernel.reader.read(document["statement"], document["certificates"])
        kernel.theorem.accept(said, kernel.normal_form.Work())
        yield f"accepted by the kernel: {name}"
    except (kernel.terms.Refused, kernel.terms.Malformed):
        pass
    except Exception as error:
        yield f"{name}: {error!r}"


def _algebra(bench: Bench, seeds: int) -> Iterator[str]:
    name = bench.raw["statement"]["model"]["name"]
    if name in TABLES:
        aimed, equal = TABLES[name]
        for term in aimed:
            yield from filter(None, [bench.disagreement(term, 1)])
        for left, right in equal:
            if bench.polynomial(left) != bench.polynomial(right):
                yield f"not recognised: {json.dumps(left)} = {json.dumps(right)}"
    model = bench.raw["statement"]["model"]
    for seed in range(seeds):
        term = random_term(model, Random(seed), 5, reparam=bench.reparam)
        for tried in (term, ["D", term]):
            try:
                found = bench.disagreement(tried, seed)
            except bench.checker.Refused:
                continue
            yield from filter(None, [found])
