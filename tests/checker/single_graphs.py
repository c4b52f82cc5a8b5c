"""Graphs that each show one rule of the kernel: entries of one-hots, classes at each time, what is global, and
what is read at other times. Valid ones, and false ones that differ in what the rule forbids."""

from typing import Any

from . import graph_terms as g
from .documents import family, parameter
from .exposing import CONDITIONS, fixed_decoder
from .forging import MODEL, bonus, forged
from .graphs import PI0, expected, linear, linear_top, minus, negentropy
from .small_graphs import FINITE, derived, over

HALF, MINUS_HALF = ["frac", 1, 2], ["frac", -1, 2]


def flat(entry: Any, *plates: str, of: tuple[str, ...] = ("N", "D")) -> dict:
    """VAE-2 with a decoder whose density is 1 and whose argument is on the simplex; nothing looks at
    it. `entry` of it may read w, an array of simplexes over these plates, and the label y."""
    label = over("y", ["N", "D"], "given", "onehot")
    return forged(
        fixed_decoder(0, "real", 0, 0, 0),
        ((*MODEL, "variables", 0, "plates"), [*of]),
        ((*MODEL, "variables"), lambda old: [*old, label]),
        ((*MODEL, "parameters"), lambda old: [*old, parameter("w", *plates, range="simplex")]),
        ((*MODEL, "families", "other"), family(0, spare="simplex")),
        ((*MODEL, "p", 1, "given"), ["z", "y"]),
        ((*MODEL, "p", 1, "arguments"), [["vec", "D", entry]]),
        (("certificates", "other", "direction", "spare"), 0),
        (CONDITIONS, lambda old: [*old[:2], ["range", "w", "simplex"], *old[2:]]),
        (CONDITIONS, lambda old: [*old[:4], ["support", "y", "onehot"], *old[4:]]),
    )


def products(label: dict) -> dict:
    """What products of the entries of one one-hot vector are, its entry `y` at a plate D, weighed by
    alpha2: (sum a y)^2 = sum a^2 y, sum y^2 = 1, and no order of factors matters."""
    one, other, weight = g.v("y n d h"), g.v("y n d i"), g.param("alpha2 h")
    whole = ["pow", g.total("H", g.times(weight, one)), 2]
    squares = g.total("H", g.times(["pow", weight, 2], one))
    ones = g.plus(g.total("H", ["pow", one, 2]), -1)
    orders = g.plus(["exp", g.times(one, other)], g.neg(["exp", g.times(other, one)]))
    ordered = g.total("H", g.total("H:i", g.times(weight, orders)))
    sums = g.plus(whole, g.neg(squares), ones, ordered)
    return bonus(label, g.placed(g.mean("N", g.total("D", sums))))


def products_of_two(label: dict) -> dict:
    """Two vectors of one variable count as one: y_d and y_e would always be of one class."""
    both = g.total("H", g.times(g.v("y n d h"), g.v("y n e h")))
    all_of_them = g.mean("N", g.total("D", g.total("D:e", both)))
    return bonus(label, g.placed(g.plus(all_of_them, g.neg(["pow", ["size", "D"], 2]))))


def read_at_all_times(in_p: bool = False) -> dict:
    """z reads x one step earlier in p, and in q x at all times. In p (`in_p`) that is a circle."""
    earlier = g.v("x@-1 n t")
    made = g.model(
        "own_all_times",
        "N T",
        variables=[
            g.variable("x N T", "observed"),
            g.variable("x0 N", "given"),
            g.variable("z N T", "latent"),
        ],
        lags={"x@-1": {"plate": "T", "start": "x0"}},
        parameters=[
            g.parameter("s1", "positive"),
            g.parameter("s0", "positive"),
            g.parameter("rho", "positive", learned=False),
        ],
        p=[
            g.factor(
                "pz",
                "z",
                "x@-1",
                "gauss",
                g.total("T:u", g.v("x@-1 n u")) if in_p else earlier,
                g.param("s1"),
            ),
            g.factor("px", "x", "z", "gauss", g.v("z n t"), g.param("s0")),
        ],
        q=[g.factor("qz", "z", "x", "gauss", g.total("T:u", g.v("x n u")), g.param("rho"))],
    )
    closed = g.plus(
        g.times(["size", "T"], g.half_log(g.param("rho"))),
        *(g.neg(g.times(["size", "T"], g.half_log(g.param(name)))) for name in ("s1", "s0")),
    )
    return g.derivation(made, {"s1": minus("s1"), "s0": minus("s0")}, closed)


def classes_at_each_time() -> dict:
    """A class for each time, of which z is normal in p and in q; neither law of q moves."""
    rate = g.net("r k", g.vec("T:u", g.v("x n u")))
    made = g.model(
        "own_times",
        "N T K",
        variables=[
            g.variable("x N T", "observed"),
            g.variable("c N T K", "latent", "onehot"),
            g.variable("z N T", "latent"),
        ],
        parameters=[
            g.parameter("pi0 K", "simplex"),
            g.parameter("m K"),
            g.parameter("s K", "positive"),
            g.parameter("s0", "positive"),
            g.parameter("R K"),
            g.parameter("rho K", "positive", learned=False),
        ],
        networks=[g.network("r K", "T", "simplex")],
        p=[
            g.factor("pc", "c", "", "categorical", g.vec("K", g.param("pi0 k"))),
            g.factor("pz", "z", "c", "gauss", g.param("m k"), g.param("s k"), select="c"),
            g.factor("px", "x", "z", "gauss", g.v("z n t"), g.param("s0")),
        ],
        q=[
            g.factor("qc", "c", "x", "categorical", g.vec("K", rate)),
            g.factor(
                "qz",
                "z",
                "c x",
                "gauss",
                g.times(g.param("R k"), g.v("x n t")),
                g.param("rho k"),
                select="c",
            ),
        ],
    )

    def of_class(variance: str) -> list:
        each = g.total("K", g.times(g.v("c n t k"), g.half_log(g.param(variance))))
        return g.mean("N", expected(g.total("T", each)))

    closed = g.plus(
        g.neg(g.times(["size", "T"], g.mean("N", g.total("K", g.times(rate, g.log(rate)))))),
        of_class("rho k"),
        g.times(["size", "T"], negentropy("K", "pi0 k")),
        g.neg(of_class("s k")),
        g.neg(g.times(["size", "T"], g.half_log(g.param("s0")))),
    )
    return g.derivation(made, {"pi0": PI0, "s": minus("s k"), "s0": minus("s0")}, closed)


def one_class_for_all() -> dict:
    """All data are of one class c and have one offset b, a number."""
    made = g.model(
        "own_one_class",
        "N D K",
        variables=[
            g.variable("x N D", "observed"),
            g.variable("c K", "latent", "onehot"),
            g.variable("b", "latent"),
        ],
        parameters=[
            g.parameter("pi0 K", "simplex"),
            g.parameter("m K"),
            g.parameter("s K", "positive"),
            g.parameter("v0", "positive"),
        ],
        p=[
            g.factor("pc", "c", "", "categorical", g.vec("K", g.param("pi0 k"))),
            g.factor("pb", "b", "", "gauss", 0, g.param("v0")),
            g.factor(
                "px",
                "x",
                "c b",
                "gauss",
                g.plus(g.param("m k"), g.v("b")),
                g.param("s k"),
                select="c",
            ),
        ],
        q=[g.factor("joint", "c b", "", "any")],
    )
    each = ["pow", ["size", "N"], -1]
    seen = g.total("K", g.times(g.v("c k"), g.half_log(g.param("s k"))))
    closed = g.plus(
        g.times(each, ["H", "joint"]),
        g.times(each, negentropy("K", "pi0 k")),
        g.neg(g.times(each, g.half_log(g.param("v0")))),
        g.neg(g.times(["size", "D"], expected(seen))),
    )
    return g.derivation(made, {"pi0": PI0, "s": minus("s k"), "v0": minus("v0")}, closed)


def moving_class() -> dict:
    """z moves and has a class, of which there are as many as entries of z: without the class, the mean
    c_k of class k would be read as that of the entry k. The claim holds for the latter alone."""
    made = g.model(
        "own_moving_class",
        "N K",
        variables=[
            g.variable("x N", "observed"),
            g.variable("y N K", "given", "onehot"),
            g.variable("z N K", "latent"),
        ],
        parameters=[
            g.parameter("W K"),
            g.parameter("c K"),
            g.parameter("tau K", "positive"),
            g.parameter("s0", "positive"),
        ],
        p=[
            g.factor("pz", "z", "", "gauss", 0, 1),
            g.factor(
                "px", "x", "z", "gauss", linear("K", g.param("W k"), g.v("z n k")), g.param("s0")
            ),
        ],
        q=[
            g.factor(
                "qz", "z", "y", "gauss", g.param("c k"), ["pow", g.param("tau k"), 2], select="y"
            )
        ],
    )
    logs = g.total("K", g.times(g.v("y n k"), g.log(g.param("tau k"))))
    means = g.mean("N", ["reparam", g.total("K", g.v("z n k"))])
    closed = g.plus(
        g.times(["size", "K"], g.mean("N", logs)),
        g.neg(g.half_log(g.param("s0"))),
        means,
        g.neg(g.total("K", g.param("c k"))),
    )
    direction = {
        "W": g.times(MINUS_HALF, g.param("W k")),
        "c": g.times(HALF, g.param("c k")),
        "tau": g.times(HALF, g.param("tau k")),
        "s0": minus("s0"),
    }
    return g.derivation(made, direction, closed, noise={"qz": ["c", "tau"]}, scaled={"pz": "qz"})


def square_of_noise() -> dict:
    """E z1 eps^2 of the noise of z2 is E z1: the ELBO holds E z1 eps, so E z1 is finite, and no square."""
    weighted = g.times(g.param("W h l"), g.v("z1 n h"))
    whole = g.times(weighted, ["pow", ["eps", "z2", "n", "l"], 2])
    two = g.mean("N", ["reparam", g.total("H", g.total("L", whole))])
    one = g.mean("N", expected(g.total("H", g.total("L", weighted))))
    return bonus(linear_top(), g.placed(g.plus(two, g.neg(one))))


def classes_of_noise() -> dict:
    """Probabilities r_k of W z, which stands still. They sum to 1 even around the mean over the data, and
    what is left beside the noise is x, whose mean the ELBO does not hold and nobody needs."""
    score = g.total("H:i", g.times(g.param("W j i"), g.v("z n i")))
    rate = g.net("r k", g.vec("J", score))
    made = g.model(
        "own_noise_classes",
        "N H J K",
        variables=[g.variable("x N", "observed"), g.variable("z N H", "latent")],
        parameters=[
            g.parameter("W J H"),
            g.parameter("U K H"),
            g.parameter("c H"),
            g.parameter("tau H", "positive"),
            g.parameter("s0", "positive"),
        ],
        networks=[g.network("r K", "J", "simplex")],
        p=[
            g.factor("pz", "z", "", "gauss", 0, 1),
            g.factor(
                "px",
                "x",
                "z",
                "gauss",
                g.total("K", g.total("H", g.times(rate, g.param("U k h"), g.v("z n h")))),
                g.param("s0"),
            ),
        ],
        q=[g.factor("qz", "z", "", "gauss", g.param("c h"), ["pow", g.param("tau h"), 2])],
    )
    noise = g.times(g.v("x n"), rate, g.total("H", ["eps", "z", "n", "h"]))
    closed = g.plus(
        g.total("H", g.log(g.param("tau h"))),
        g.neg(g.half_log(g.param("s0"))),
        g.total("K", g.mean("N", ["reparam", noise])),
    )
    direction = {
        "W": g.times(MINUS_HALF, g.param("W j h")),
        "U": g.times(MINUS_HALF, g.param("U k h")),
        "c": g.times(HALF, g.param("c h")),
        "tau": g.times(HALF, g.param("tau h")),
        "s0": minus("s0"),
    }
    moves = {"noise": {"qz": ["c", "tau"]}, "scaled": {"pz": "qz"}, "lipschitz": "r"}
    return g.derivation(made, direction, closed, **moves)


def no_model() -> dict:
    """Neither data nor factors: 0 = 0."""
    kinds = ("sizes", "data", "variables", "parameters", "networks", "p", "q", "constraints")
    model = {"name": "none", "lags": {}, "families": {}} | {kind: [] for kind in kinds}
    document = derived(model, {}, 0, [0, 0], [0], 0, FINITE)
    return forged(document, (("certificates",), {}))
