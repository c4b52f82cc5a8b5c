"""False statements about variables that are matrices, each with a word of the message that refuses it; `TRAPS` are accepted by a careless
copy, and `VALID` are true."""

import copy
from collections.abc import Callable
from typing import Any

from .graph_falsehoods import (
    Change,
    Path,
    _argument,
    _bonus,
    _more,
    _record,
    _student,
    again,
    edited,
    factor_of,
)
from .graph_terms import (
    FAMILIES,
    HALF,
    MINUS_HALF,
    PI,
    E,
    Parts,
    derivation,
    factor,
    half_log,
    mean,
    model,
    neg,
    param,
    parameter,
    placed,
    plus,
    times,
    total,
    v,
    variable,
    vec,
)
from .graphs import GRAPHS, minus, of_wishart

Build = Callable[[], dict]
LAW: Path = ("statement", "model", "families")
L, X = ["matv", "L", "n", "g"], ["matv", "X", "n"]


def _shaped(shape: Any, given: str, lie: bool) -> dict:
    """z moves as noise of a Student law with this shape; the claim says E z^2 log det L = E z^2 E log det L."""
    FAMILIES.setdefault("student", _student())
    log_det, square = ["logdet", ["matv", "L", "n"]], ["pow", v("z n"), 2]
    made = model(
        "own_matrix_shape",
        "N D",
        variables=[
            variable("x N", "observed"),
            variable("L N D D", "latent", "posdef"),
            variable("z N", "latent"),
        ],
        parameters=[
            parameter("V D D", "posdef"),
            parameter("V0 D D", "posdef"),
            parameter("W"),
            *(parameter(name, "positive") for name in ("s", "tau", "s0", "nu0")),
        ],
        p=[
            factor("top", "z", "", "gauss", 0, 1),
            factor("prior", "L", "", "wishart", ["mat", "V"], param("s")),
            factor(
                "px",
                "x",
                "L z",
                "gauss",
                plus(1, times(["pow", param("W"), 2], log_det, square)),
                param("s0"),
            ),
        ],
        q=[
            factor("qL", "L", "x", "any"),
            factor("qz", "z", given, "student", 0, param("tau"), shape),
        ],
    )
    both = mean("N", ["reparam", times(log_det, square)])
    apart = mean("N", times(["reparam", log_det], ["reparam", square]))
    closed = plus(
        mean("N", ["H", "qL", "n"]),
        Parts(made, "reparam").part("H", "qz"),
        neg(half_log(1)),
        neg(of_wishart("D", ["mat", "V"], param("s"))),
        neg(half_log(param("s0"))),
        *([both, neg(apart)] if lie else []),
    )
    direction = {
        "V": ["scaled", -1, ["mat", "V"]],
        "W": times(MINUS_HALF, param("W")),
        "s": plus(param("s"), -2),
        "tau": times(HALF, param("tau")),
        "s0": minus("s0"),
    }
    return derivation(made, direction, closed, noise={"qz": ["tau"]}, scaled={"top": "qz"})


def _family(base: str, name: str, **entries: Any) -> Build:
    """A record of a family with other entries."""

    def made() -> dict:
        path: Path = (*LAW, name)
        return edited(GRAPHS[base](), (path, lambda old: old | copy.deepcopy(entries)))

    return made


def _density(base: str, name: str, term: Any) -> Build:
    """A density with a term more, minus that term."""

    def made() -> dict:
        path: Path = (*LAW, name, "log_density")
        more = placed(term)
        return edited(GRAPHS[base](), (path, lambda old: plus(old, more, neg(more))))

    return made


def _plates(base: str, name: str, *plates: str) -> Build:
    return _record(base, "variables", name, plates=[*plates])


def _given_over(plates: str) -> Build:
    """A positive definite variable over these plates that nothing reads."""

    def made() -> dict:
        document = _more("images", ("variables", variable(f"S N {plates}", "given", "posdef")))()
        known = ["support", "c", "onehot"]

        def more(old: list) -> list:
            k = old.index(known) + 1
            return [*old[:k], ["support", "S", "posdef"], *old[k:]]

        return edited(document, (("statement", "conditions"), more))

    return made


def _true_for_one() -> dict:
    """True is equal to 1, and is none: the last steps are compared with the claim, not computed."""

    def changed(term: Any) -> Any:
        if isinstance(term, list):
            return [*map(changed, term)]
        return True if term == 1 and isinstance(term, int) else term

    document = GRAPHS["covariances"]()
    return edited(document, *((("steps", k, "result"), changed) for k in (-1, -3)))


def _of_one_plate() -> dict:
    """A global variable with one plate and a law of matrices: there would be nothing to be its rows."""
    document = GRAPHS["images"]()
    made = copy.deepcopy(document["statement"]["model"])
    made["variables"].append(variable("Z D", "observed"))
    made["p"].append(factor("wide", "Z", "", "matrix_normal", 0, ["mat", "U"], ["mat", "V"]))
    return edited(document, (("statement", "model"), made))


def _real_covariance() -> dict:
    """A covariance that is given, of which nobody says that it is positive definite."""
    spread = ["scaled", param("t"), ["matv", "S", "n"]]
    made = model(
        "own_real_covariance",
        "N D",
        variables=[variable("x N D", "observed"), variable("S N D D", "given")],
        parameters=[parameter("m D"), parameter("t", "positive")],
        p=[factor("law", "x", "S", "gaussian", vec("D", param("m d")), spread)],
    )
    entropy = plus(
        times(HALF, ["size", "D"], ["log", times(2, PI, E)]),
        times(HALF, mean("N", ["logdet", spread])),
    )
    return derivation(made, {"t": minus("t")}, neg(entropy))


def _on_spheres() -> dict:
    """Each row is of norm 1, over which the Normal law of matrices does not integrate to one."""
    family, certificate = FAMILIES["matrix_normal"]
    FAMILIES["on_spheres"] = family | {"support": "sphere"}, certificate
    made = model(
        "own_spheres",
        "N R D",
        variables=[variable("Y N R D", "observed", "sphere")],
        parameters=[parameter("U R R", "posdef"), parameter("V D D", "posdef")],
        p=[factor("law", "Y", "", "on_spheres", vec("R", vec("D", 0)), ["mat", "U"], ["mat", "V"])],
    )
    R, D = ["size", "R"], ["size", "D"]
    entropy = plus(
        times(HALF, R, D, ["log", times(2, PI, E)]),
        times(HALF, D, ["logdet", ["mat", "U"]]),
        times(HALF, R, ["logdet", ["mat", "V"]]),
    )
    return derivation(made, {"U": ["scaled", -1, ["mat", "U"]]}, neg(entropy))


def _not_given() -> dict:
    def change(made: dict) -> None:
        factor_of(made, "decoder")["given"] = []

    return again(GRAPHS["precisions"](), change)


SPREAD = ["scaled", ["param", "t"], ["inverse", ["matv", "L", 1, 0]]]

FALSE: dict[str, tuple[Build, str]] = {
    "an entry of a matrix as that of an array": (
        _bonus("covariances", mean("N", total("D:i", total("D:j", v("X n i j"))))),
        "'X': not one of",
    ),
    "an array as a matrix": (
        _bonus("precisions", mean("N", ["logdet", ["matv", "x", "n"]])),
        "'x': not one of",
    ),
    "a latent matrix outside of an expectation": (
        _bonus("precisions", mean("N", total("G", ["logdet", L]))),
        "under an expectation only",
    ),
    "a latent matrix that is not given": (_not_given, "L is read, but it is not given"),
    "a matrix with an index of its own": (
        _bonus("covariances", mean("N", total("D", ["logdet", ["matv", "X", "n", "d"]]))),
        "not 1 indices",
    ),
    "a positive definite matrix of two sizes": (
        _record("images", "variables", "Y", support="posdef"),
        "posdef without a plate",
    ),
    "a positive definite matrix of one plate": (
        _plates("covariances", "X", "N", "D"),
        "posdef without a plate",
    ),
    "a positive definite matrix over the data": (
        _plates("covariances", "X", "N", "N"),
        "a data plate that is not the first",
    ),
    "a matrix law of a vector for all data": (_of_one_plate, "without plates for them"),
    "data are numbered": (_bonus("images", mean("N", ["index", "n"])), "data are not numbered"),
    "data are numbered in a mean": (
        _argument("images", "law", 0, ["vec", "R", ["vec", "D", ["index", 3]]]),
        "data are not numbered",
    ),
    "a matrix of real numbers is no covariance": (_real_covariance, "'S': not one of"),
    "a vector over no size": (
        _argument("images", "law", 0, ["vec", ["R"], ["vec", "D", 0]]),
        "['R']: not one of",
    ),
    **{
        f"a given matrix over {plates}": (
            _given_over(plates),
            "posdef without a plate",
        )
        for plates in ("D", "R D", "D D R")
    },
    "true for 1 in what repeats the claim": (_true_for_one, "true stands for no number"),
    "the number of what is not bound": (_bonus("images", ["index", 0]), "nothing is bound there"),
    "the log of an index less one": (
        _bonus("images", total("D", ["log", plus(["index", "d"], -1)])),
        "not shown to be positive",
    ),
    "the covariances change places": (
        _argument("images", "law", 1, ["mat", "V"]),
        "not a matrix of the plate's size",
    ),
    "rows and columns change places": (
        _argument("images", "law", 0, ["vec", "D", ["vec", "R", 0]]),
        "not a vector of size R",
    ),
    "a row is no matrix": (
        _argument("images", "law", 0, ["vec", "R", 0]),
        "not a vector of size D",
    ),
    "rows of vectors": (_density("precisions", "gaussian", ["rows"]), "'rows': not one of"),
    "rows of numbers": (_density("mixture", "gauss", ["rows"]), "a head not known"),
    "rows of a square": (_density("covariances", "wishart", ["rows"]), "'rows': not one of"),
    "an entry of a row and a column": (
        _density(
            "images",
            "matrix_normal",
            total("rows:r", total("dim:i", ["entry", ["arg", "of_rows"], "r", "i"])),
        ),
        "what is bound there runs over dim",
    ),
    "an entry of rows by columns": (
        _density("images", "matrix_normal", total("dim:i", total("dim:j", ["var", "i", "j"]))),
        "what is bound there runs over dim",
    ),
    "a mean is no matrix of words": (
        _density("images", "matrix_normal", ["logdet", ["arg", "mean"]]),
        "'mean': not one of",
    ),
    "the variable as an entry": (
        _density("covariances", "wishart", total("dim:i", total("dim:j", ["var", "i", "j"]))),
        "'var': not one of",
    ),
    "a matrix law on spheres": (_on_spheres, "no support of a family with"),
    "a mean of positive definite matrices": (
        _family("images", "matrix_normal", support="posdef"),
        "no support of a family with",
    ),
    "a covariance that may be none": (
        _argument("precisions", "decoder", 1, ["scaled", -1, SPREAD]),
        "not shown to be posdef",
    ),
}

TRAPS: dict[str, tuple[Build, str, tuple[Change, ...]]] = {
    "the law of the noise reads a latent matrix": (
        lambda: _shaped(plus(5, ["exp", ["logdet", ["matv", "L", "n"]]]), "L", True),
        "has a law that reads",
        (("kernel/theorem.py", '("v", "eps", "posdef")', '("v", "eps")'),),
    ),
}


def _mixture_of_wisharts() -> dict:
    """A scale and a shape for each class; what selects them is one-hot."""
    made = model(
        "own_classes_of_matrices",
        "N D K",
        variables=[
            variable("X N D D", "observed", "posdef"),
            variable("c N K", "given", "onehot"),
        ],
        parameters=[
            parameter("V D D", "posdef"),
            parameter("w K", "positive"),
            parameter("s K", "positive"),
        ],
        p=[
            factor(
                "law",
                "X",
                "c",
                "wishart",
                ["scaled", param("w k"), ["mat", "V"]],
                param("s k"),
                select="c",
            )
        ],
    )
    whole = of_wishart("D", ["scaled", param("w k"), ["mat", "V"]], param("s k"))
    closed = neg(mean("N", total("K", times(v("c n k"), whole))))
    return derivation(made, {"w": minus("w k"), "s": plus(param("s k"), -2)}, closed)


def _numbered() -> dict:
    """A penalty that weights what is learned by its place."""
    document = GRAPHS["images"]()
    weighted = total("C", times(["index", "c"], ["log", plus(["index", "c"], param("w c"))]))
    return edited(
        document, (("statement", "objective"), {"weights": {}, "penalty": placed(weighted)})
    )


VALID: dict[str, Build] = {
    "a given matrix that nothing reads": _given_over("R D D"),
    "classes of positive definite matrices": _mixture_of_wisharts,
    "a penalty with numbered classes": _numbered,
    "noise whose law reads no matrix": lambda: _shaped(param("nu0"), "", True),
    "noise whose law reads a matrix that is no variable": lambda: _shaped(
        plus(5, ["exp", ["logdet", ["mat", "V0"]]]), "", True
    ),
}
