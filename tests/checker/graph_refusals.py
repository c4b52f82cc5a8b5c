"""Refusals of graphs, written by hand: one witness for each shape, and what must not be accepted of it."""

from typing import Any

from .documents import factor, parameter
from .exposing import Build
from .forging import Path, edited
from .refusals import (
    EVEN,
    FAMILIES,
    Forged,
    family,
    fixed,
    forged,
    learned,
    needed,
    network,
    refusal,
    resealed,
)
from .small_graphs import any_law, categorical, over
from .tails import SHIPPED

KNOWN = (
    FAMILIES
    | SHIPPED
    | {
        "categorical": categorical(),
        "uniform": family(["add", 1, -1], support="unit"),
    }
)
D, H, L, K, J = (["N", size] for size in "DHLKJ")


def law(
    name: str, of: str, given: list[str], family: str, *arguments: Any, select: str = ""
) -> dict:
    return factor(name, of, given, family, arguments) | {"select": select}


def families(*factors: dict) -> dict:
    return {one["family"]: KNOWN[one["family"]] for one in factors if one["family"] != "any"}


def graph(
    variables: list, p: list, q: list, parameters: list, networks: list = (), **more: Any
) -> dict:
    """A model record of these factors, with the families that they name."""
    sizes = dict.fromkeys(
        size for one in (*variables, *parameters, *networks) for size in one["plates"]
    )
    sizes |= dict.fromkeys(size for net in networks for size in net["inputs"])
    return {
        "name": "own",
        "sizes": [*sizes],
        "data": ["N"],
        "variables": variables,
        "lags": {},
        "parameters": parameters,
        "networks": [*networks],
        "families": families(*p, *q),
        "p": p,
        "q": q,
        "constraints": [],
        **more,
    }


def summed(size: str, weight: str, read: str) -> list:
    """sum_s weight[i, s] read[n, s] at the index i of a vector of data."""
    return ["sum", size, ["mul", ["param", weight, 1, 0], ["v", read, 2, 0]]]


def reads(net: str, read: str, size: str) -> list:
    return ["net", net, [0], [["vec", size, ["v", read, 2, 0]]]]


SPREAD = ["param", "s"]


def two_layers() -> dict:
    """p(z2) p(z1 | z2) p(x | z1) and q(z1 | x) q(z2 | z1), the variance of x being fixed; in q z2 is linear in z1."""
    model = graph(
        [over("x", D, "observed"), over("z1", H, "latent"), over("z2", L, "latent")],
        [
            law("top", "z2", [], "normal", 0, ["param", "a", 0]),
            law("middle", "z1", ["z2"], "normal", summed("L", "W1", "z2"), ["param", "b", 0]),
            law(
                "seen",
                "x",
                ["z1"],
                "normal",
                ["add", summed("H", "W0", "z1"), reads("mu", "z1", "H")],
                SPREAD,
            ),
        ],
        [
            law("q1", "z1", ["x"], "normal", reads("nu", "x", "D"), reads("tau", "x", "D")),
            law(
                "q2",
                "z2",
                ["z1"],
                "normal",
                ["add", summed("H", "V", "z1"), ["param", "c", 0]],
                ["param", "t", 0],
            ),
        ],
        [
            parameter("a", "L", range="positive"),
            parameter("b", "H", range="positive"),
            parameter("W1", "H", "L"),
            parameter("W0", "D", "H"),
            fixed("s"),
            parameter("V", "L", "H"),
            parameter("c", "L"),
            parameter("t", "L", range="positive"),
        ],
        [network("mu", "D", "H"), network("nu", "H", "D"), network("tau", "H", "D", "positive")],
    )
    values = {"a": 1, "b": 2, "W1": 0, "W0": 0, "s": 1, "V": 0, "c": 0, "t": 1}
    return refusal(model, values, EVEN, networks={"mu": 0, "nu": 0, "tau": 2})


def classes() -> dict:
    """A Gaussian mixture, all of its variances being fixed."""
    model = graph(
        [over("x", D, "observed"), over("c", K, "latent", "onehot")],
        [
            law("kind", "c", [], "categorical", ["vec", "K", ["param", "pi0", 0]]),
            law("seen", "x", ["c"], "normal", ["param", "m", 1, 0], ["param", "s", 0], select="c"),
        ],
        [any_law(["c"], ["x"])],
        [
            parameter("pi0", "K", range="simplex"),
            parameter("m", "D", "K"),
            fixed("s") | {"plates": ["K"]},
        ],
    )
    return refusal(model, {"pi0": 1, "m": 0, "s": 1}, EVEN)


def conditional() -> dict:
    """A VAE of data with a given label, which all of its factors read; q is of any law."""
    model = graph(
        [over("x", D, "observed"), over("y", K, "given", "onehot"), over("z", H, "latent")],
        [
            law("latent", "z", ["y"], "normal", summed("K", "A", "y"), ["param", "a"]),
            law(
                "seen",
                "x",
                ["z", "y"],
                "normal",
                ["add", summed("H", "W", "z"), summed("K", "B", "y")],
                SPREAD,
            ),
        ],
        [any_law(["z"], ["x", "y"])],
        [
            parameter("A", "H", "K"),
            learned("a"),
            parameter("W", "D", "H"),
            parameter("B", "D", "K"),
            fixed("s"),
        ],
    )
    return refusal(model, {"A": 0, "a": 2, "W": 0, "B": 0, "s": 1}, EVEN)


def regression() -> dict:
    """No latent, an input that is given, a variance that is fixed."""
    model = graph(
        [over("x", D, "observed"), over("u", J, "given")],
        [
            law(
                "seen",
                "x",
                ["u"],
                "normal",
                ["add", summed("J", "W", "u"), ["param", "b", 0]],
                SPREAD,
            )
        ],
        [],
        [parameter("W", "D", "J"), parameter("b", "D"), fixed("s")],
    )
    return refusal(model, {"W": 0, "b": 0, "s": 1}, EVEN)


def labels() -> dict:
    """Data without a latent, and labels that read them: data have finitely many values, whatever their tails are."""
    scores = ["vec", "K", ["param", "pi0", 0]]
    model = graph(
        [over("x", D, "observed"), over("w", H, "observed"), over("y", K, "observed", "onehot")],
        [
            law("first", "w", [], "cauchy", ["param", "c"], 1),
            law("seen", "x", ["w"], "normal", summed("H", "W", "w"), SPREAD),
            law("label", "y", ["x"], "categorical", scores),
        ],
        [],
        [
            learned("c", "real"),
            parameter("W", "D", "H"),
            fixed("s"),
            parameter("pi0", "K", range="simplex"),
        ],
    )
    return refusal(model, {"c": 0, "W": 0, "s": 1, "pi0": 1}, EVEN, factor="seen")


def chain() -> dict:
    """A state space model whose readout has a fixed variance; at size 1 it has one step."""
    model = graph(
        [
            over("x", ["N", "T"], "observed"),
            over("z", ["N", "T"], "latent"),
            over("z0", ["N"], "latent"),
        ],
        [
            law("first", "z0", [], "normal", 0, ["param", "v"]),
            law(
                "step",
                "z",
                ["z@-1"],
                "normal",
                ["mul", ["param", "A"], ["v", "z@-1", 1, 0]],
                ["param", "b"],
            ),
            law("seen", "x", ["z"], "normal", ["mul", ["param", "C"], ["v", "z", 1, 0]], SPREAD),
        ],
        [any_law(["z0", "z"], ["x"])],
        [learned("v"), learned("A", "real"), learned("b"), learned("C", "real"), fixed("s")],
        lags={"z@-1": {"plate": "T", "start": "z0"}},
    )
    return refusal(model, {"v": 1, "A": 0, "b": 1, "C": 0, "s": 1}, EVEN)


def steps() -> dict:
    """A class for each step of a sequence, and an input that is given for the whole of it."""
    mean = ["add", ["param", "m", 0], ["mul", ["param", "W"], ["v", "u", 2]]]
    model = graph(
        [
            over("x", ["N", "T"], "observed"),
            over("u", ["N"], "given"),
            over("c", ["N", "T", "K"], "latent", "onehot"),
        ],
        [
            law("kind", "c", [], "categorical", ["vec", "K", ["param", "pi0", 0]]),
            law("seen", "x", ["c", "u"], "normal", mean, SPREAD, select="c"),
        ],
        [any_law(["c"], ["x"])],
        [
            parameter("pi0", "K", range="simplex"),
            parameter("m", "K"),
            learned("W", "real"),
            fixed("s"),
        ],
    )
    return refusal(model, {"pi0": 1, "m": 0, "W": 0, "s": 1}, EVEN)


def frozen_layer() -> dict:
    """Two layers of which the upper one learns nothing, in p and in q; the other and the data are at their best."""
    model = graph(
        [over("x", D, "observed"), over("z1", H, "latent"), over("z2", L, "latent")],
        [
            law("top", "z2", [], "normal", 0, 1),
            law("middle", "z1", ["z2"], "normal", summed("L", "W1", "z2"), ["param", "b"]),
            law("seen", "x", ["z1"], "normal", summed("H", "W0", "z1"), ["param", "s"]),
        ],
        [
            law("q1", "z1", ["x"], "normal", reads("nu", "x", "D"), reads("tau", "x", "D")),
            law("q2", "z2", ["x"], "normal", reads("still", "x", "D"), 1),
        ],
        [parameter("W1", "H", "L"), learned("b"), parameter("W0", "D", "H"), learned("s")],
        [network("nu", "H", "D"), network("tau", "H", "D", "positive"), network("still", "L", "D")],
    )
    values = {"W1": 0, "b": 1, "W0": 0, "s": 1}
    return refusal(model, values, networks={"nu": 0, "tau": 1, "still": 1})


def bounded_beside() -> dict:
    """A datum that is linear in a normal latent and in one of the unit interval, and bounded in a binary one."""
    b = ["exp", ["v", "b", 1, 0]]
    mean = ["add", summed("H", "W", "z"), summed("L", "U", "u"), ["mul", ["param", "k"], b]]
    model = graph(
        [
            over("x", D, "observed"),
            over("z", H, "latent"),
            over("u", L, "latent", "unit"),
            over("b", D, "latent", "binary"),
        ],
        [
            law("latent", "z", [], "normal", 0, 1),
            law("unit", "u", [], "uniform"),
            law("flip", "b", [], "bernoulli", 0),
            law("seen", "x", ["z", "u", "b"], "normal", mean, 1),
        ],
        [any_law(["z", "u", "b"], ["x"])],
        [parameter("W", "D", "H"), parameter("U", "D", "L"), learned("k", "real")],
    )
    return refusal(model, {"W": 0, "U": 0, "k": 0}, EVEN)


WITNESSES: dict[str, Build] = {
    build.__name__: build
    for build in (
        two_layers,
        classes,
        conditional,
        regression,
        labels,
        chain,
        steps,
        frozen_layer,
        bounded_beside,
    )
}


def again(document: dict, *changes: tuple[Path, Any], of: str = "") -> dict:
    """The document with entries of the model replaced, and the families and conditions that are needed then, perhaps by another factor."""
    made = edited(document, *((("refusal", "model", *path), value) for path, value in changes))
    body = made["refusal"]
    model = body["model"]
    model["families"] = families(*model["p"], *model["q"])
    body["factor"] = of or body["factor"]
    body["conditions"] = needed(model, body["factor"])
    return resealed(made)


def _true() -> dict[str, Forged]:
    """Each shape with a variance that learns: the claim is true."""
    found = {}
    for name in ("two_layers", "classes", "conditional", "regression", "labels", "chain", "steps"):
        document = WITNESSES[name]()
        parameters = document["refusal"]["model"]["parameters"]
        learns = [one | {"learned": one["learned"] or one["name"] == "s"} for one in parameters]
        found[f"{name}, with a variance that learns"] = (
            again(document, (("parameters",), learns)),
            "the weighted scores of variance do not sum to 0",
        )
    return found


def _laws() -> dict[str, Forged]:
    """What p and q say of the second latent, and of what is given or one-hot."""
    layers = two_layers()
    variance = ("q", 1, "arguments", 1)
    laplace = (("q", 1), law("q2", "z2", ["z1"], "laplace", 0, 1))
    return {
        "a factor that is none": (forged(layers, (("factor",), "q1")), "not one of top, middle"),
        "data of a latent": (
            again(two_layers(), (("p", 0, "arguments", 1), 1), of="top"),
            "'observed': top is of what is latent",
        ),
        "the kind of another factor": (
            forged(layers, (("factor",), "top")),
            "'observed': top is of what is latent",
        ),
        "the second latent has another law in q": (
            again(layers, (variance, 2)),
            "q2 and top are different laws at the numbers",
        ),
        "the second latent has another family in q": (
            again(layers, laplace),
            "q2 and top are of different families",
        ),
        "the second latent has another weight in q": (
            forged(layers, (("objective",), {"weights": {"q2": 2}, "penalty": 0})),
            "q2 and top are weighted differently",
        ),
        "any law of two latents of two weights": (
            forged(chain(), (("objective",), {"weights": {"step": 2}, "penalty": 0})),
            "q and step are weighted differently",
        ),
        "a latent of p that sees another": (
            forged(layers, (("values", "W1"), 1)),
            "middle sees a variable at the witness",
        ),
        "a latent of p that sees another, q being any law": (
            forged(chain(), (("values", "A"), 1)),
            "step sees a variable at the witness",
        ),
        "a latent of q that sees another": (
            forged(layers, (("values", "V"), 1)),
            "q2 sees a variable at the witness",
        ),
        "a datum that sees what is given": (
            forged(regression(), (("values", "W"), 1)),
            "seen sees a variable at the witness",
        ),
        "a datum that sees another": (
            forged(labels(), (("values", "W"), 1)),
            "seen sees a variable at the witness",
        ),
        "a class that is constant": (
            forged(labels(), (("factor",), "label")),
            "label is constantly 1 at one class",
        ),
        "a class that is constant, without points": (
            forged(labels(), (("factor",), "label"), (("points",), [])),
            "label is constantly 1 at one class",
        ),
        "half of one class": (
            forged(classes(), (("values", "pi0"), ["frac", 1, 2])),
            "pi0 = 1/2 is not simplex",
        ),
        "a frozen latent beside one that is not p": (
            forged(frozen_layer(), (("networks", "tau"), 2)),
            "q1 and middle are different laws at the numbers",
        ),
        "a frozen latent of any law together with another": (
            again(frozen_layer(), (("q",), [any_law(["z1", "z2"], ["x"])])),
            "q is not location . scale . normal noise",
        ),
    }


def _tails() -> dict[str, Forged]:
    """Latents whose tails may be too heavy for what reads them."""
    layers, beside = two_layers(), bounded_beside()
    mean, of_q2 = ("p", 3, "arguments", 0), ("q", 1, "arguments", 0)
    V, none = summed("H", "V", "z1"), "may have no mean"
    cauchy = law("middle", "z1", ["z2"], "cauchy", summed("L", "W1", "z2"), 2)
    of_laplace = (
        (("p", 1), law("middle", "z1", [], "Laplace", 0, 2)),
        (("q", 0), law("q1", "z1", [], "Laplace", 0, 2)),
        (("p", 2, "arguments", 0), reads("mu", "z1", "H")),
    )
    of_counts = (
        (("variables", 2), over("z2", L, "latent", "count")),
        (("p", 0), law("top", "z2", [], "Poisson", 0)),
        (("p", 1, "arguments", 0), 0),
        (("q", 1), law("q2", "z2", ["z1"], "Poisson", V)),
    )
    return {
        "a datum of two steps whose first has heavy tails": (
            again(chain(), (("p", 0, "family"), "cauchy")),
            "step reads a latent, and the tails of {'cauchy'}",
        ),
        "a latent with heavy tails that reads one": (
            again(
                layers,
                (("p", 1), cauchy),
                (("q", 0), law("q1", "z1", [], "cauchy", 0, 2)),
                (of_q2, 0),
                (("p", 2, "arguments", 0), reads("mu", "z1", "H")),
            ),
            "middle reads a latent, and the tails of {'cauchy'}",
        ),
        "the exponential of a product of two latents": (
            again(
                layers,
                (
                    ("p", 1, "arguments", 0),
                    ["add", -1, ["exp", ["pow", summed("L", "W1", "z2"), 2]]],
                ),
            ),
            none,
        ),
        "one over the other latent": (
            again(
                beside,
                (mean, ["sum", "L", ["mul", ["param", "U", 1, 0], ["pow", ["v", "u", 2, 0], -1]]]),
            ),
            none,
        ),
        "the exponential of a bounded latent and of one that is not": (
            again(
                beside,
                (
                    mean,
                    lambda old: ["mul", ["param", "k"], ["exp", ["mul", ["v", "b", 1, 0], old]]],
                ),
            ),
            none,
        ),
        "q that reads a latent of heavier tails": (
            again(layers, *of_laplace),
            "q2 reads a latent, and is not normal",
        ),
        "q that reads a latent and counts": (
            again(layers, *of_counts),
            "q2 reads a latent, and is not normal",
        ),
        "q that squares a latent": (
            again(layers, (of_q2, ["pow", V, 2])),
            "q2 is not linear in what it reads",
        ),
        "q whose scale reads a latent": (
            again(layers, (("q", 1, "arguments", 1), ["exp", V])),
            "q2 is not linear in what it reads",
        ),
    }


def forgeries() -> dict[str, Forged]:
    return _true() | _laws() | _tails()
