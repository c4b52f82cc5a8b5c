"""False statements about graphs of factors, each with a word of the message that refuses it.

`variants` makes those that any document has: other weights, signs, directions, conditions. `FALSE` are
models that are none, or whose statement would be wrong. `TRAPS` are statements that a careless rule
accepts: the rule is changed in a copy of the checker.
"""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

from .graph_terms import (
    D_OBJECTIVE,
    FAMILIES,
    HALF,
    MINUS_HALF,
    PI,
    Parts,
    conditions,
    derivation,
    factor,
    half_log,
    log,
    made_family,
    mean,
    model,
    neg,
    net,
    network,
    param,
    parameter,
    placed,
    plus,
    sealed,
    times,
    total,
    v,
    variable,
    vec,
)
from .graphs import GRAPHS, X, expected, linear, minus

Path = tuple[str | int, ...]
SUM: Path = ("statement", "claim", "entropy_sum")
DROPPED = object()


def edited(document: dict, *changes: tuple[Path, Any]) -> dict:
    """Entries replaced (or changed by a function, or dropped), and fresh hashes."""
    document = json.loads(json.dumps(document))
    for path, new in changes:
        owner: Any = document
        for key in path[:-1]:
            owner = owner[key]
        if new is DROPPED:
            del owner[path[-1]]
        else:
            owner[path[-1]] = new(owner[path[-1]]) if callable(new) else copy.deepcopy(new)
    return sealed(document)


def everywhere(value: Any, old: Any, new: Any) -> Any:
    """Every occurrence of a subterm replaced."""
    if value == old:
        return copy.deepcopy(new)
    if isinstance(value, dict):
        return {key: everywhere(entry, old, new) for key, entry in value.items()}
    if isinstance(value, list):
        return [everywhere(entry, old, new) for entry in value]
    return value


def found(value: Any, head: str) -> list:
    """All different subterms of a head."""
    if not isinstance(value, list):
        return []
    own = [value] if value[:1] == [head] else []
    for part in value:
        own += [term for term in found(part, head) if term not in own]
    return own


def claims(document: dict, closed: Any) -> dict:
    """The document with another closed form, in the claim and in the last step."""
    return edited(document, (SUM, closed), (("steps", -1, "result"), closed))


def bonus(document: dict, term: Any) -> dict:
    """The document with something that is not 0 added to its closed form."""
    return claims(document, plus(document["statement"]["claim"]["entropy_sum"], placed(term)))


def regapped(document: dict, gap: list) -> dict:
    rest = [part for part in gap if part != D_OBJECTIVE]
    rest = rest if len(rest) > 2 else rest[1]
    return edited(
        document,
        (("statement", "claim", "gap"), gap),
        (("steps", -3, "result"), gap),
        (("steps", -2, "result"), rest),
    )


# What is false of any document.


def variants(document: dict) -> Iterator[tuple[str, dict]]:
    """Other weights, signs, sizes, directions and excesses."""
    claim = document["statement"]["claim"]
    closed, gap = claim["entropy_sum"], claim["gap"]
    addends = closed[1:] if closed[0] == "add" else [closed]
    for k, part in enumerate(addends):
        others = [*addends[:k], *addends[k + 1 :]]
        changes = {"twice": [times(2, part)], "negated": [neg(part)], "dropped": []}
        for word, new in changes.items():
            yield f"addend {k} {word}", claims(document, ["add", 0, 0, *others, *new])
    for k, part in enumerate(gap[1:-1], 1):
        for word, new in {"twice": times(2, part), "negated": neg(part), "dropped": 0}.items():
            yield f"entropy {k} {word}", regapped(document, [*gap[:k], new, *gap[k + 1 :]])
    for size in found(closed, "size"):
        yield f"{size[1]} dropped", claims(document, everywhere(closed, size, 1))
    for body in found(closed, "expect"):
        one = everywhere(closed, body, ["expect", 1])
        yield f"{str(body)[:40]} is 1", claims(document, one)
    for power in found(closed, "sum"):
        yield (
            f"{str(power)[:40]} twice",
            claims(document, everywhere(closed, power, times(2, power))),
        )
    yield "one nat more", claims(document, plus(closed, 1))
    yield "one nat more in the gap", regapped(document, [*gap[:-1], 1, gap[-1]])
    yield "D objective twice", regapped(document, [*gap, D_OBJECTIVE])
    excess = edited(document, (("statement", "claim", "excess"), 1))
    yield "an excess", claims(excess, plus(closed, 1))
    for name, term in document["statement"]["direction"].items():
        path: Path = ("statement", "direction", name)
        yield f"{name} moves twice as far", edited(document, (path, times(2, term)))
        yield f"{name} moves backwards", edited(document, (path, neg(term)))
        rest = [c for c in document["statement"]["conditions"] if c[1:] != ["objective", name]]
        yield (
            f"{name} stands still",
            edited(document, (path, DROPPED), (("statement", "conditions"), rest)),
        )


def without_conditions(document: dict) -> Iterator[tuple[str, dict]]:
    """Each condition left out, put one place later, or twice."""
    path: Path = ("statement", "conditions")
    stored = document["statement"]["conditions"]
    for k, condition in enumerate(stored):
        rest = [*stored[:k], *stored[k + 1 :]]
        yield f"without {condition}", edited(document, (path, rest))
        yield f"{condition} twice", edited(document, (path, [*stored[:k], condition, *stored[k:]]))
        if k + 1 < len(stored):
            later = [*rest[: k + 1], condition, *rest[k + 1 :]]
            yield f"{condition} later", edited(document, (path, later))


# Documents of models that are changed.


def again(document: dict, change: Callable[[dict], Any], **more: Any) -> dict:
    """The derivation of a changed model, with the same direction and closed form unless others are given."""
    statement = json.loads(json.dumps(document["statement"]))
    change(statement["model"])
    defaults = {
        "direction": statement["direction"],
        "closed_form": statement["claim"]["entropy_sum"],
    }
    return derivation(statement["model"], **defaults | more)


def entry(records: list, name: str) -> dict:
    return next(record for record in records if record["name"] == name)


def factor_of(made: dict, name: str) -> dict:
    return entry([*made["p"], *made["q"]], name)


def changed(base: str, name: str, **entries: Any) -> dict:
    """One factor with other entries, its arguments with positions."""
    return again(GRAPHS[base](), lambda made: factor_of(made, name).update(entries))


def record(base: str, kind: str, name: str, /, **entries: Any) -> dict:
    """One record of the model with other entries, and everything else as it was."""
    document = GRAPHS[base]()
    k = [one["name"] for one in document["statement"]["model"][kind]].index(name)
    path: Path = ("statement", "model", kind, k)
    return edited(document, (path, lambda one: one | entries))


def _added(base: str, *changes: tuple[str, dict]) -> dict:
    """Records appended to the model."""
    document = GRAPHS[base]()
    steps = [
        (("statement", "model", kind), lambda old, new=new: [*old, new]) for kind, new in changes
    ]
    return edited(document, *steps)


def circle_in_q() -> dict:
    """q(z1|x, z2) q(z2|z1): no such joint law."""
    read = vec("L", ["v", "z2", 2, 0])

    def change(made: dict) -> None:
        entry(made["networks"], "nu1")["inputs"].append("L")
        q1 = factor_of(made, "q1")
        q1["given"].append("z2")
        q1["arguments"][0][3].append(read)

    return again(GRAPHS["two_layers"](), change)


def circle_in_p() -> dict:
    """p(z1|z2) p(z2|z1)."""

    def change(made: dict) -> None:
        made["networks"].append(network("back L", "H"))
        top = factor_of(made, "top")
        top["given"].append("z1")
        top["arguments"][0] = placed(net("back l", vec("H", v("z1 n h"))), ("n", "l"))

    return again(GRAPHS["two_layers"](), change)


def circle_through_a_lag() -> dict:
    """b reads all a_t, a_t reads c_(t-1), c_t reads b: b depends on itself, though no two factors read
    each other at one time."""
    moved = ("s0", "s1", "s2", "s3", "s4")
    made = model(
        "own_lag_circle",
        "N T",
        variables=[
            variable("x N T", "observed"),
            variable("a N T", "latent"),
            variable("c0 N", "latent"),
            variable("c N T", "latent"),
            variable("b N", "latent"),
        ],
        lags={"c@-1": {"plate": "T", "start": "c0"}},
        parameters=[parameter(name, "positive") for name in moved],
        p=[
            factor("px", "x", "a", "gauss", v("a n t"), param("s0")),
            factor("pa", "a", "c@-1", "gauss", v("c@-1 n t"), param("s1")),
            factor("pc", "c", "b", "gauss", v("b n"), param("s2")),
            factor("pb", "b", "a", "gauss", total("T", v("a n t")), param("s3")),
            factor("pc0", "c0", "", "gauss", 0, param("s4")),
        ],
        q=[factor("joint", "a b c c0", "x", "any")],
    )
    closed = plus(
        mean("N", ["H", "joint", "n"]),
        *(neg(times(["size", "T"], half_log(param(name)))) for name in moved[:3]),
        *(neg(half_log(param(name))) for name in moved[3:]),
    )
    return derivation(made, {name: minus(name) for name in moved}, closed)


def circle_through_any_law() -> dict:
    """q(z|u) of any law reads u at all times, and u_t reads z_(t-1)."""
    moved = ("s0", "s1", "s2", "s3")
    made = model(
        "own_any_circle",
        "N T",
        variables=[
            variable("x N T", "observed"),
            variable("z N T", "latent"),
            variable("z0 N", "latent"),
            variable("u N T", "latent"),
        ],
        lags={"z@-1": {"plate": "T", "start": "z0"}},
        parameters=[parameter(name, "positive") for name in (*moved, "tu")],
        p=[
            factor("px", "x", "z", "gauss", v("z n t"), param("s0")),
            factor("pz", "z", "z@-1", "gauss", v("z@-1 n t"), param("s1")),
            factor("pz0", "z0", "", "gauss", 0, param("s2")),
            factor("pu", "u", "", "gauss", 0, param("s3")),
        ],
        q=[
            factor("qz", "z", "u", "any"),
            factor("qz0", "z0", "x", "any"),
            factor("qu", "u", "z@-1", "gauss", v("z@-1 n t"), param("tu")),
        ],
    )
    closed = plus(
        mean("N", ["H", "qz", "n"]),
        mean("N", ["H", "qz0", "n"]),
        times(["size", "T"], half_log(param("tu"))),
        *(neg(times(["size", "T"], half_log(param(name)))) for name in ("s0", "s1", "s3")),
        neg(half_log(param("s2"))),
    )
    return derivation(made, {name: minus(name) for name in moved}, closed)


def _located(shape: Any, shape_given: str = "z1", lie: bool = True) -> dict:
    """z2 moves as noise of a Student law with this shape; the claim says E z1^2 z2^2 = E z1^2 E z2^2."""
    z1, x = vec("H", v("z1 n h")), vec("H", v("x n h"))
    made = model(
        "own_shape",
        "N H",
        variables=[
            variable("x N H", "observed"),
            variable("z1 N H", "latent"),
            variable("z2 N", "latent"),
        ],
        parameters=[
            parameter("W"),
            parameter("tau", "positive"),
            parameter("s0", "positive"),
            parameter("s1", "positive"),
            parameter("nu0", "positive"),
        ],
        networks=[
            network("m1 H", "H"),
            network("t1 H", "H", "positive"),
            network("nu", "H", "positive"),
        ],
        p=[
            factor("top", "z2", "", "gauss", 0, 1),
            factor("p1", "z1", "", "gauss", 0, param("s1")),
            factor(
                "px",
                "x",
                "z1 z2",
                "gauss",
                times(param("W"), v("z1 n h"), v("z2 n")),
                param("s0"),
            ),
        ],
        q=[
            factor("q1", "z1", "x", "gauss", net("m1 h", x), net("t1 h", x)),
            factor("q2", "z2", shape_given, "student", 0, param("tau"), shape or net("nu", z1)),
        ],
    )
    first, second = total("H", ["pow", v("z1 n h"), 2]), ["pow", v("z2 n"), 2]
    both = mean("N", ["reparam", times(first, second)])
    apart = mean("N", times(["reparam", first], ["reparam", second]))
    closed = plus(
        mean("N", total("H", half_log(net("t1 h", x)))),
        Parts(made, "reparam").part("H", "q2"),
        neg(half_log(1)),
        neg(times(["size", "H"], half_log(param("s1")))),
        neg(times(["size", "H"], half_log(param("s0")))),
        *([both, neg(apart)] if lie else []),
    )
    direction = {
        "W": times(MINUS_HALF, param("W")),
        "tau": times(HALF, param("tau")),
        "s0": minus("s0"),
        "s1": minus("s1"),
    }
    return derivation(made, direction, closed, noise={"q2": ["tau"]}, scaled={"top": "q2"})


def _with_encoder(name: str, q: dict, *networks: dict) -> dict:
    """A linear-free VAE of one z for each datum, with this factor of q."""
    return model(
        name,
        "N D",
        variables=[variable("x N D", "observed"), variable("z N", "latent")],
        parameters=[parameter("s0", "positive"), parameter("s1", "positive")],
        networks=[*networks],
        p=[
            factor("pz", "z", "", "gauss", 0, param("s1")),
            factor("px", "x", "z", "gauss", v("z n"), param("s0")),
        ],
        q=[q],
    )


def _tempered(made: dict, entropy: Any) -> dict:
    """Both variances move, and q has this entropy."""
    closed = plus(
        entropy, neg(half_log(param("s1"))), neg(times(["size", "D"], half_log(param("s0"))))
    )
    return derivation(made, {"s0": minus("s0"), "s1": minus("s1")}, closed)


def variable_as_an_argument() -> dict:
    """A certificate whose direction reads x as ["arg", "var"] gives the Normal law any entropy, here 7 nats too many."""
    x, centre, spread = ["arg", "var"], ["arg", "mean"], ["arg", "variance"]
    FAMILIES["odd"] = (
        FAMILIES["gauss"][0],
        {
            "scale": 0,
            "shift": 0,
            "direction": {
                "mean": times(7, plus(x, neg(centre))),
                "variance": times(-15, spread),
            },
            "entropy": plus(times(HALF, log(times(2, PI, spread))), ["frac", 15, 2]),
        },
    )
    data = vec("D", v("x n d"))
    made = _with_encoder(
        "own_odd_entropy",
        factor("qz", "z", "x", "odd", net("nu", data), net("t", data)),
        network("nu", "D"),
        network("t", "D", "positive"),
    )
    entropy = mean("N", times(HALF, log(times(2, PI, net("t", data)))))
    return _tempered(made, plus(entropy, ["frac", 15, 2]))


def density_that_nobody_reads() -> dict:
    """A law of q whose density names s0, which moves, while its entropy is taken to stand still."""
    s0 = param("s0")
    density = plus(
        times(MINUS_HALF, log(times(2, PI, s0))),
        times(MINUS_HALF, ["pow", ["var"], 2], ["pow", s0, -1]),
    )
    FAMILIES["unread"] = (made_family(density, "real"), None)
    made = _with_encoder("own_unread_density", factor("qz", "z", "", "unread"))
    return _tempered(made, mean("N", ["H", "qz", "n"]))


def lag_of_what_is_given() -> dict:
    """y reads all of a through the first step of a lag of u, which is given, and a reads y one step earlier: a circle."""
    lags = {"u@-1": {"plate": "T", "start": "a"}, "y@-1": {"plate": "S", "start": "y0"}}
    everything = total("S:r", total("T", v("u@-1 n r t")))
    made = model(
        "own_given_lag",
        "N S T",
        variables=[
            variable("y N S", "observed"),
            variable("y0 N", "given"),
            variable("a N S", "observed"),
            variable("u N S T", "given"),
        ],
        lags=lags,
        parameters=[parameter("s0", "positive"), parameter("s1", "positive")],
        p=[
            factor("pa", "a", "y@-1", "gauss", v("y@-1 n s"), param("s0")),
            factor("py", "y", "u@-1", "gauss", everything, param("s1")),
        ],
    )
    closed = plus(*(neg(times(["size", "S"], half_log(param(s)))) for s in ("s0", "s1")))
    return derivation(made, {s: minus(s) for s in ("s0", "s1")}, closed)


def moment_beside_what_may_be_infinite() -> dict:
    """E eps exp(z1^4) is no number, though E eps is 0 and eps is independent of z1."""
    document = GRAPHS["linear_top"]()
    top = document["statement"]["model"]["variables"]
    document["statement"]["model"]["variables"] = [top[0], top[2], top[1]]
    infinite = times(["eps", "z2", "n", "l"], ["exp", ["pow", v("z1 n h"), 4]])
    lie = mean("N", ["reparam", total("H", total("L", infinite))])
    return bonus(sealed(document), lie)


def shape_of_a_step_earlier() -> dict:
    """The noise of w has a shape that reads u one step earlier, so E u^2 w^2 is not E u^2 E w^2."""
    FAMILIES.setdefault("student", _student())
    earlier = v("u@-1 n t")
    a, b = ["pow", earlier, 2], ["pow", v("w n t"), 2]
    made = model(
        "own_lagged_shape",
        "N T",
        variables=[
            variable("x N T", "observed"),
            *(variable(name, "latent") for name in ("u0 N", "u N T", "w N T")),
        ],
        lags={"u@-1": {"plate": "T", "start": "u0"}},
        parameters=[parameter("W"), *(parameter(s, "positive") for s in ("tau", "s0", "s1", "s2"))],
        p=[
            factor("p0", "u0", "", "gauss", 0, param("s1")),
            factor("p1", "u", "u@-1", "gauss", earlier, param("s2")),
            factor("pw", "w", "", "gauss", 0, 1),
            factor(
                "px", "x", "w u@-1", "gauss", times(param("W"), earlier, v("w n t")), param("s0")
            ),
        ],
        q=[
            factor("qu", "u0 u", "x", "any"),
            factor("qw", "w", "u@-1", "student", 0, param("tau"), plus(5, ["exp", earlier])),
        ],
    )
    both = mean("N", total("T", ["reparam", times(a, b)]))
    apart = mean("N", total("T", times(["reparam", a], ["reparam", b])))
    closed = plus(
        *(Parts(made, "reparam").part("H", name) for name in ("qu", "qw")),
        neg(times(["size", "T"], half_log(1))),
        neg(half_log(param("s1"))),
        *(neg(times(["size", "T"], half_log(param(s)))) for s in ("s2", "s0")),
        times(1000, both),
        times(-1000, apart),
    )
    direction = {"W": times(MINUS_HALF, param("W")), "tau": times(HALF, param("tau"))}
    direction |= {s: minus(s) for s in ("s0", "s1", "s2")}
    return derivation(made, direction, closed, noise={"qw": ["tau"]}, scaled={"pw": "qw"})


def _student() -> tuple[dict, None]:
    x, centre, scale, shape = ["var"], ["arg", "m"], ["arg", "s"], ["arg", "nu"]
    away = times(["pow", plus(x, neg(centre)), 2], ["pow", scale, -2], ["pow", shape, -1])
    density = plus(
        ["loggamma", times(HALF, plus(shape, 1))],
        neg(["loggamma", times(HALF, shape)]),
        times(MINUS_HALF, log(times(PI, shape))),
        neg(log(scale)),
        times(MINUS_HALF, plus(shape, 1), log(plus(1, away))),
    )
    return made_family(density, "real", centre, scale, m="real", s="positive", nu="positive"), None


def _dirichlet() -> tuple[dict, None]:
    """The symmetric Dirichlet law: its one argument does not say how many entries there are."""
    a = ["arg", "a"]
    density = plus(
        total("dim:i", times(plus(a, -1), log(["var", "i"]))),
        ["loggamma", times(["dim"], a)],
        neg(times(["dim"], ["loggamma", a])),
    )
    return made_family(density, "simplex", a="positive"), None


FAMILIES["student"], FAMILIES["dirichlet"] = _student(), _dirichlet()


def opaque_entropies(second: str = "a0", size: str = "K") -> dict:
    """Two Dirichlet laws without a certificate; the claim counts the entropy of the first one twice."""
    made = model(
        "own_opaque",
        "N D K",
        variables=[
            variable("x N D", "observed", "simplex"),
            variable(f"y N {size}", "observed", "simplex"),
            variable("w N", "observed"),
        ],
        parameters=[
            parameter("a0", "positive"),
            parameter("a1", "positive"),
            parameter("s0", "positive"),
        ],
        p=[
            factor("px", "x", "", "dirichlet", param("a0")),
            factor("py", "y", "", "dirichlet", param(second)),
            factor("pw", "w", "", "gauss", 0, param("s0")),
        ],
    )
    parts = Parts(made)
    entropy = placed(mean("N", ["H", "px", "n"]))

    def density(name: str, size: str, a: list) -> list:
        entries = total(size, times(plus(a, -1), mean("N", log(v(f"{name} n {size.lower()}")))))
        whole = times(["size", size], a)
        return placed(
            plus(entries, ["loggamma", whole], neg(times(["size", size], ["loggamma", a])))
        )

    densities = [density("x", "D", param("a0")), density("y", size, param(second))]
    excess = plus(*densities, entropy, entropy)
    gap = plus(neg(entropy), neg(entropy), neg(parts.part("H", "pw")), excess, D_OBJECTIVE)
    closed = plus(neg(entropy), neg(entropy), neg(half_log(param("s0"))), excess)
    steps = [
        ("definition", parts.elbo()),
        ("split", plus(*(parts.part("logp", name) for name in ("px", "py", "pw")))),
        ("gap", gap),
        ("stationary", gap[:-1]),
        ("closed_form", closed),
    ]
    statement = {
        "model": made,
        "objective": "elbo",
        "direction": {"s0": minus("s0")},
        "claim": {"gap": gap, "entropy_sum": closed, "excess": excess},
        "conditions": [*conditions(made, ["s0"], {}, "")],
    }
    return sealed(
        {
            "format": "entropysym/2",
            "statement": statement,
            "certificates": {"gauss": FAMILIES["gauss"][1]},
            "steps": [{"rule": rule, "result": result} for rule, result in steps],
        }
    )


# Traps: what a careless rule accepts.


def no_entropy_of_a_class() -> dict:
    """Row 1: q(c|x) has a family whose certificate leaves the simplex and says that its entropy is 0."""
    free, certificate = copy.deepcopy(FAMILIES["categorical"])
    certificate["direction"]["prob"] = placed(
        times(["arg", "prob", "j"], log(["arg", "prob", "j"])), ("j",)
    )
    certificate["entropy"] = 0
    FAMILIES["unnormalised"] = free, certificate

    def change(made: dict) -> None:
        factor_of(made, "guess")["family"] = "unnormalised"
        made["families"]["unnormalised"] = free

    document = GRAPHS["mixture_prior"]()
    closed = document["statement"]["claim"]["entropy_sum"]
    return again(document, change, closed_form=["add", *closed[2:]])


def off_the_simplex() -> dict:
    """Row 2: pi moves by pi more, so D J has one nat more, and the excess one nat less."""
    document = GRAPHS["mixture"]()
    path: Path = ("statement", "direction", "pi0")
    document = edited(document, (path, lambda old: plus(old, ["param", "pi0", 0])))
    gap, closed = (document["statement"]["claim"][key] for key in ("gap", "entropy_sum"))
    document = regapped(document, [*gap[:-1], -1, gap[-1]])
    # The addend of the class moves by one nat more.
    k = next(i for i, step in enumerate(document["steps"]) if step["rule"] == "tempering")
    steps = [(("steps", i, "result"), lambda old: [*old, -1]) for i in range(k, k + 2)]
    return claims(
        edited(document, (("statement", "claim", "excess"), -1), *steps), plus(closed, -1)
    )


def columns_of_a_simplex() -> dict:
    """Row 3: sum_k A_kj = 1 for the square A."""
    column = total("K:k", param("A k j"))
    lie = total("K:j", times(plus(column, -1), log(param("pi0 j"))))
    return bonus(GRAPHS["hidden_markov"](), lie)


def independent_layers() -> dict:
    """Row 4: E z1 z2 = E z1 E z2."""

    def change(made: dict) -> None:
        made["parameters"] += [parameter("W H L"), parameter("b H")]
        centre = linear("L", param("W h l"), v("z2 n l"), param("b h"))
        factor_of(made, "middle")["arguments"][0] = placed(centre, ("n", "h"))
        made["networks"] = [one for one in made["networks"] if one["name"] != "m1"]

    weight = param("W h l")
    both = mean("N", expected(total("H", total("L", times(weight, v("z1 n h"), v("z2 n l"))))))
    each = times(weight, expected(v("z1 n h")), expected(v("z2 n l")))
    apart = mean("N", total("H", total("L", each)))
    return bonus(again(GRAPHS["two_layers"](), change), plus(both, neg(apart)))


def class_probability_inside() -> dict:
    """Row 5: E c_k z_h^2 = r_k(x) E z_h^2, though q(z|x,c) reads c."""
    square, r = ["pow", v("z n h"), 2], net("r k", X)
    weight = times(log(param("pi0 k")), log(param("s1 h k")))
    both = mean("N", expected(total("K", total("H", times(weight, v("c n k"), square)))))
    apart = mean("N", total("K", total("H", times(weight, r, expected(square)))))
    return bonus(GRAPHS["mixture_prior"](), plus(both, neg(apart)))


def still_descendants() -> dict:
    """Row 6: q(z1) moves, and z2 reads z1 in q, but E f(z2) is said to stand still."""
    made = model(
        "own_descendants",
        "N D H L",
        variables=[
            variable("x N D", "observed"),
            variable("z1 N H", "latent"),
            variable("z2 N L", "latent"),
        ],
        parameters=[
            parameter("nu H"),
            parameter("tau H", "positive"),
            parameter("U L H"),
            parameter("t2 L", "positive"),
            parameter("a2 L", "positive"),
            parameter("s0", "positive"),
        ],
        networks=[network("m0 D", "L")],
        p=[
            factor("first", "z1", "", "gauss", 0, 1),
            factor("second", "z2", "", "gauss", 0, param("a2 l")),
            factor("decoder", "x", "z2", "gauss", net("m0 d", vec("L", v("z2 n l"))), param("s0")),
        ],
        q=[
            factor("q1", "z1", "", "gauss", param("nu h"), ["pow", param("tau h"), 2]),
            factor(
                "q2", "z2", "z1", "gauss", linear("H", param("U l h"), v("z1 n h")), param("t2 l")
            ),
        ],
    )
    direction = {
        "nu": times(HALF, param("nu h")),
        "tau": times(HALF, param("tau h")),
        "a2": minus("a2 l"),
        "s0": minus("s0"),
    }
    closed = plus(
        total("H", log(param("tau h"))),
        total("L", half_log(param("t2 l"))),
        neg(total("L", half_log(param("a2 l")))),
        neg(times(["size", "D"], half_log(param("s0")))),
    )
    return derivation(made, direction, closed, noise={"q1": ["nu", "tau"]}, scaled={"first": "q1"})


def one_noise_for_all() -> dict:
    """Row 7: E (sum_l w_l eps_l)^2 = (sum_l w_l)^2."""
    weight = times(param("W h l"), param("tau l"))
    drawn = total("L", times(weight, ["eps", "z2", "n", "l"]))
    square = mean("N", ["reparam", total("H", ["pow", drawn, 2])])
    lie = total("H", ["pow", total("L", weight), 2])
    return bonus(GRAPHS["linear_top"](), plus(square, neg(lie)))


def decoder_reads_data() -> dict:
    """Row 8: the mean of x is x."""
    centre = ["v", "x", 1, 0]

    def change(made: dict) -> None:
        factor_of(made, "decoder")["arguments"][0] = centre

    return again(GRAPHS["two_layers"](), change)


def layer_reads_itself() -> dict:
    """Row 8: the mean of z1 is z1."""

    def change(made: dict) -> None:
        factor_of(made, "middle")["arguments"][0] = ["v", "z1", 1, 0]

    return again(GRAPHS["two_layers"](), change)


def prior_reads_a_latent() -> dict:
    """Row 8: the top prior reads z1 with `given` empty."""

    def change(made: dict) -> None:
        made["networks"].append(network("back L", "H"))
        factor_of(made, "top")["arguments"][0] = placed(
            net("back l", vec("H", v("z1 n h"))), ("n", "l")
        )

    return again(GRAPHS["two_layers"](), change)


def the_class_now() -> dict:
    """Row 11: transition entropies weighted by c_t instead of c_(t-1)."""
    document = GRAPHS["hidden_markov"]()
    closed = document["statement"]["claim"]["entropy_sum"]
    return claims(document, json.loads(json.dumps(closed).replace("c@-1", "c")))


def all_times_before() -> dict:
    """Row 12: z_t reads the sum of all z_(r-1), itself among them."""
    read = total("T:r", total("H:g", times(param("A h g"), v("z@-1 n r g"))))
    arguments = [placed(read, ("n", "t", "h")), ["param", "Q", 0]]
    return changed("state_space", "transition", arguments=arguments)


def weights_for_each_datum() -> dict:
    """Row 13: the entropies of global weights count once for each datum."""
    text = json.dumps(GRAPHS["regression"]())
    each = json.dumps(["pow", ["size", "N"], -1])
    text = text.replace(f'["mul", ["size", "N"], {each}, ', '["mul", 1, 1, ')
    text = text.replace(f"{each}, ", "1, ")
    return _plainly(json.loads(text))


def one_mean_for_two_plates() -> dict:
    """Row 17: labelled and unlabelled data count as much as each other, whatever their number."""
    document = GRAPHS["semi_supervised"]()
    text = json.dumps(document)
    each = json.dumps(["pow", ["add", ["size", "N"], ["size", "M"]], -1])
    for plate in "NM":
        text = text.replace(f'["mul", ["size", "{plate}"], {each}, ', '["mul", 1, 1, ')
    document = _plainly(json.loads(text))
    # All parts of p stand in both means, so their entropies count twice.
    closed = document["statement"]["claim"]["entropy_sum"]
    return claims(document, ["add", *closed[1:4], *(times(2, part) for part in closed[4:])])


def _plainly(document: dict) -> dict:
    """`["mul", 1, x]` is x: what a kernel without weights would write."""

    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: walk(entry) for key, entry in value.items()}
        if not isinstance(value, list):
            return value
        kept = [walk(part) for part in value]
        if kept[:1] == ["mul"]:
            kept = ["mul", *(part for part in kept[1:] if part != 1)]
            return kept[1] if len(kept) == 2 else kept
        return kept

    stored = document["statement"]["conditions"]
    document["statement"]["conditions"] = [c for c in stored if c[0] != "counted"]
    return sealed(walk(document))


def seven_entropies() -> dict:
    """Row 14: H[q] counts seven times in F and in E."""
    document = GRAPHS["mixture"]()
    h = ["H", "posterior", 0]
    document = everywhere(document, h, times(7, h))
    return sealed(document)


def entropy_outside_its_average() -> dict:
    """Row 15: H[q(z2|z1)] at "z1", with no expectation."""
    document = GRAPHS["two_layers"]()
    closed = copy.deepcopy(document["statement"]["claim"]["entropy_sum"])
    closed[2][2] = closed[2][2][1]
    return claims(document, closed)


def classes_by_pi() -> dict:
    """Row 16: entropies of the components weighted by pi instead of E c: equal where pi is stationary,
    so never by algebra."""
    document = GRAPHS["mixture"]()
    closed = document["statement"]["claim"]["entropy_sum"]
    return claims(document, everywhere(closed, ["v", "c", 1, 0], ["param", "pi0", 0]))


def labelled_for_unlabelled() -> dict:
    """Row 17: the entropy of the classifier on the labelled data instead of the unlabelled."""
    document = GRAPHS["semi_supervised"]()
    closed = copy.deepcopy(document["statement"]["claim"]["entropy_sum"])
    body = json.loads(
        json.dumps(closed[2]).replace('"u"', '"x"').replace('"mean", "M"', '"mean", "N"')
    )
    closed[2] = body
    return claims(document, closed)


def plate_twice() -> dict:
    """Row 19: x[n, d, d'] selects by group[d] or by group[d']?"""

    def change(made: dict) -> None:
        entry(made["variables"], "x")["plates"] = ["N", "D", "D"]
        decoder, encoder = factor_of(made, "decoder"), factor_of(made, "encoder")
        decoder["arguments"] = [0, ["param", "s", 0]]
        decoder["given"] = ["group"]
        encoder["given"], encoder["arguments"] = [], [0, ["param", "t", 0]]
        made["networks"], made["parameters"] = (
            [],
            [*made["parameters"], parameter("t H", "positive")],
        )

    document = GRAPHS["groups"]()
    chosen = placed(total("D", total("G", times(v("group d g"), half_log(param("s g"))))))
    closed = plus(
        placed(total("H", half_log(param("t h")))),
        placed(neg(total("H", half_log(param("a2 h"))))),
        neg(times(["size", "D"], chosen)),
    )
    return again(document, change, closed_form=closed)


def positive_one_hot() -> dict:
    """Row 20: the variance of component k is c_k s_k, whose logarithm is infinite where c_k = 0."""
    arguments = [["param", "m", 1, 0], times(["v", "c", 2, 0], ["param", "s", 1, 0])]
    document = changed("mixture", "component", arguments=arguments)
    closed = document["statement"]["claim"]["entropy_sum"]
    variance = ["param", "s", 0, 1]
    return claims(document, everywhere(closed, variance, times(["v", "c", 2, 1], variance)))


def soft_labels() -> dict:
    """Row 21: the condition that labels are one-hot is left out."""
    document = GRAPHS["classifier"]()
    stored = document["statement"]["conditions"]
    kept = [c for c in stored if c[0] != "support"]
    return edited(document, (("statement", "conditions"), kept))


def cancelled_expectations() -> dict:
    """Row 22: E g - E g for a g whose expectation may be infinite."""
    term = mean("N", expected(total("H", ["exp", ["pow", v("z1 n h"), 4]])))
    return bonus(GRAPHS["two_layers"](), plus(term, neg(term)))


def data_that_count_twice() -> dict:
    """The number of data is N + N."""
    document = GRAPHS["regression"]()
    each, double = ["pow", ["size", "N"], -1], ["pow", plus(["size", "N"], ["size", "N"]), -1]
    document = everywhere(document, each, double)
    document["statement"]["model"]["data"] = ["N", "N"]
    stored = document["statement"]["conditions"]
    k = stored.index(["counted", "N"])
    document["statement"]["conditions"] = [*stored[:k], ["counted", "N"], *stored[k:]]
    closed = document["statement"]["claim"]["entropy_sum"]
    return claims(document, [*closed[:3], times(["size", "N"], double, closed[3])])


def data_that_are_not_there() -> dict:
    """A second data plate counts, though nothing is modelled in it."""
    document = GRAPHS["regression"]()
    each, both = ["pow", ["size", "N"], -1], ["pow", plus(["size", "N"], ["size", "M"]), -1]
    document = everywhere(document, each, both)
    document["statement"]["model"] |= {"sizes": ["N", "M", "J"], "data": ["N", "M"]}
    stored = document["statement"]["conditions"]
    k = stored.index(["counted", "N"]) + 1
    document["statement"]["conditions"] = [*stored[:k], ["counted", "M"], *stored[k:]]
    closed = document["statement"]["claim"]["entropy_sum"]
    return claims(document, [*closed[:3], times(["size", "N"], both, closed[3])])


PASS = "check(True, "
Change = tuple[str, str, str]
ORDER: Change = (
    "kernel/graph.py",
    "        _check_order(model, side,",
    "        _check_factor if True else (model, side,",
)
SCOPE: Change = (
    "kernel/evaluate.py",
    "check(reader is None or name in reader.given, ",
    PASS,
)
OWN_TIME: Change = ("kernel/evaluate.py", "declared.role in modelled else ()", "False else ()")
UNCOUNTED: Change = (
    "kernel/terms.py",
    "return len({self.data_plate(factor.of[0]) for factor in self.factors.values()}) > 1",
    "return False",
)

# The false statement, a word of its refusal, and the changes with which a copy accepts it.
TRAPS: dict[str, tuple[Callable[[], dict], str, tuple[Change, ...]]] = {
    "1 a certificate leaves the simplex": (
        no_entropy_of_a_class,
        "stay on the simplex",
        (
            (
                "kernel/theorem.py",
                "            check_tangent(full, motion, entry.name)",
                "            pass",
            ),
        ),
    ),
    "2 a direction leaves the simplex": (
        off_the_simplex,
        "stay on the simplex",
        (
            (
                "kernel/theorem.py",
                "                check_tangent(site, found, indices[-1].name)",
                "                pass",
            ),
        ),
    ),
    "3 the columns of a simplex sum to 1": (
        columns_of_a_simplex,
        "not shown",
        (
            (
                "kernel/normal_form.py",
                "last == name and name not in others",
                "name in atom.ids",
            ),
        ),
    ),
    "4 a law for each latent": (
        independent_layers,
        "expectation that the ELBO does not contain",
        (
            (
                "kernel/evaluate.py",
                "dict.fromkeys(filter(model.latent, model.variables), still)",
                '{v: site.work.fresh(("latent", "")) for v in model.variables if model.latent(v)}',
            ),
        ),
    ),
    "6 what reads a moving latent stands still": (
        still_descendants,
        "",
        (
            (
                "kernel/theorem.py",
                "moved = [read for read in factor.given if model.meant(read) & {*noise}]",
                "moved: list = []",
            ),
            (
                "kernel/theorem.py",
                "at = expected(replace(site, moving=True, noise=noise))",
                "at = expected(replace(site, moving=True, noise={}))",
            ),
            (
                "kernel/theorem.py",
                "check(not late or {*factor.of} & {*noise}, ",
                PASS,
            ),
        ),
    ),
    "7 noise without its plates": (
        one_noise_for_all,
        "not shown",
        (
            (
                "kernel/evaluate.py",
                'return site.symbol("eps", name, Bound(site.omega[name]), *indices)',
                'return site.symbol("eps", name, Bound(site.omega[name]))',
            ),
        ),
    ),
    "8 a decoder reads what it is not given": (decoder_reads_data, "not given", (SCOPE,)),
    "8 a layer reads itself": (layer_reads_itself, "not given", (SCOPE,)),
    "9 a circle in q": (
        circle_in_q,
        "a circle in q",
        (
            ORDER,
            (
                "kernel/theorem.py",
                "ready = next(factor for factor in waiting if unmade.isdisjoint(factor.given))",
                "ready = waiting[0]",
            ),
        ),
    ),
    "9 a circle in p": (circle_in_p, "a circle in p", (ORDER,)),
    "11 one step earlier is now": (
        the_class_now,
        "not shown",
        (
            (
                "kernel/evaluate.py",
                'return site.symbol("v", name, *ids, ',
                'return site.symbol("v", name.removesuffix("@-1"), *ids, ',
            ),
        ),
    ),
    "12 another time": (all_times_before, "at another T than its own", (OWN_TIME,)),
    "13 what is global counts for each datum": (weights_for_each_datum, "", (UNCOUNTED,)),
    "14 seven entropies": (
        seven_entropies,
        "",
        (
            (
                "kernel/theorem.py",
                '*((factor, head(model, "H", factor)) for factor in model.q.values()),',
                '*((factor, ["mul", 7, head(model, "H", factor)]) for factor in model.q.values()),',
            ),
            (
                "kernel/theorem.py",
                'parts = [(factor, head(model, "H", factor)) for factor in model.q.values()]',
                'parts = [(factor, ["mul", 7, head(model, "H", factor)]) for factor in model.q.values()]',
            ),
        ),
    ),
    "15 an entropy that does not say of what": (
        lambda: opaque_entropies("a1", "D"),
        "not shown",
        (("kernel/evaluate.py", "bodies=bodies))", "bodies=bodies[:1]))"),),
    ),
    "15 an entropy that does not say of what size": (
        opaque_entropies,
        "not shown",
        (("kernel/evaluate.py", "bodies=bodies))", "bodies=bodies[1:]))"),),
    ),
    "17 two plates count alike": (one_mean_for_two_plates, "", (UNCOUNTED,)),
    "19 the plate of a class occurs twice": (
        plate_twice,
        "no entry for each",
        (
            (
                "kernel/graph.py",
                " and len({*seen}) == len(seen)",
                "",
            ),
        ),
    ),
    "20 a one-hot is positive": (
        positive_one_hot,
        "not shown to be positive",
        (
            (
                "kernel/terms.py",
                'POSITIVE = ("positive", ',
                'POSITIVE = ("onehot", "positive", ',
            ),
            (
                "kernel/normal_form.py",
                'check(powers[atom] >= 0, "a division',
                'check(True, "a division',
            ),
        ),
    ),
    "21 labels are one-hot in silence": (
        soft_labels,
        "support y onehot is needed",
        (
            (
                "kernel/theorem.py",
                'data = (v for v in model.variables.values() if v.role != "latent")',
                "data = ()",
            ),
        ),
    ),
    "22 expectations that cancel": (
        cancelled_expectations,
        "expectation that the ELBO does not contain",
        (("kernel/normal_form.py", "elif integrand not in self.allowed:", "elif False:"),),
    ),
    "a circle through a lag": (
        circle_through_a_lag,
        "a circle in p",
        (("kernel/graph.py", "require(still, [*circle, read], ", "require(True, [], "),),
    ),
    "a circle through any law": (
        circle_through_any_law,
        "a circle in q",
        (
            (
                "kernel/graph.py",
                "still = all(along) and all(factor_of[c].family != ANY for c in circle)",
                "still = all(along)",
            ),
        ),
    ),
    "the law of the noise reads a latent": (
        lambda: _located(None),
        "has a law that reads",
        (("kernel/theorem.py", "check(not tied, ", PASS),),
    ),
    "the law of the noise reads a latent one step earlier": (
        shape_of_a_step_earlier,
        "has a law that reads",
        (
            (
                "kernel/theorem.py",
                "if model.latent(each)\n",
                "if each in at.omega\n",
            ),
        ),
    ),
    "the variable is an argument": (
        variable_as_an_argument,
        "'var': not one of",
        (
            (
                "kernel/evaluate.py",
                'asked = {n: b for n, b in site.bindings.items() if (n == "var") == (term[0] == "var")}',
                "asked = site.bindings",
            ),
        ),
    ),
    "a density that nobody reads": (
        density_that_nobody_reads,
        "'param': a head not known",
        (
            (
                "kernel/theorem.py",
                'evaluate(full, ["add", family.log_density, family.log_base_measure])',
                "pass",
            ),
        ),
    ),
    "a given lag starts at what is modelled": (
        lag_of_what_is_given,
        "not like u@-1 without T",
        (
            (
                "kernel/graph.py",
                "alike = first.role == variable.role or ",
                'alike = "latent" not in (first.role, variable.role) or ',
            ),
        ),
    ),
    "a moment beside what may be infinite": (
        moment_beside_what_may_be_infinite,
        "expectation that the ELBO does not contain",
        (("kernel/measures.py", "_meet(work, names, beside)", "pass"),),
    ),
    "data that are not there": (
        data_that_are_not_there,
        "nothing is modelled",
        (("kernel/graph.py", "require({*model.data} <= held, ", "require(True, "),),
    ),
    "data that count twice": (
        data_that_count_twice,
        "counts twice",
        (
            (
                "kernel/reader.py",
                "require(len({*data}) == len(data), ",
                "require(True, ",
            ),
        ),
    ),
}


def scale_of_odds() -> dict:
    """An encoder in t in (0, 1), whose scale is t / (1 - t): its noise is standard normal once denominators are gone."""
    x, centre, t = ["var"], ["arg", "mean"], ["arg", "chance"]
    less_t = plus(1, neg(t))
    away = plus(times(x, ["pow", t, -1], less_t), times(-1, centre, ["pow", t, -1], less_t))
    scale = times(t, ["pow", less_t, -1])
    density = plus(
        times(MINUS_HALF, log(times(2, PI))), neg(log(scale)), times(MINUS_HALF, ["pow", away, 2])
    )
    family = made_family(density, "real", centre, scale, mean="real", chance="unit")
    FAMILIES["odds_scale"] = family, None
    data = vec("D", v("x n d"))
    made = _with_encoder(
        "own_odds_scale",
        factor("qz", "z", "x", "odds_scale", net("nu", data), net("t", data)),
        network("nu", "D"),
        network("t", "D", "unit"),
    )
    return _tempered(made, mean("N", ["H", "qz", "n"]))


def independent_shape() -> dict:
    """The noise of z2 has a shape that is a parameter: then E z1^2 z2^2 = E z1^2 E z2^2 is true."""
    return _located(param("nu0"), shape_given="")


# Statements that no copy is needed for.
FALSE: dict[str, tuple[Callable[[], dict], str]] = {
    "5 the probability of a class taken out": (class_probability_inside, "ELBO does not contain"),
    "15 an entropy outside its average": (entropy_outside_its_average, "under an expectation only"),
    "16 classes weighted by pi": (classes_by_pi, "not shown"),
    "17 labelled for unlabelled": (labelled_for_unlabelled, "ELBO does not contain"),
    "8 a prior reads what it is not given": (prior_reads_a_latent, "not given"),
}


# Models that are none.


def start_that_moves() -> dict:
    """z0 is location + scale * noise that moves, and z reads it one step later."""
    made = json.loads(json.dumps(GRAPHS["state_space"]()["statement"]["model"]))
    made["parameters"] += [parameter("nu H"), parameter("tau H", "positive")]
    factor_of(made, "start")["arguments"] = [0, 1]
    made["q"] = [
        factor("q0", "z0", "", "gauss", ["param", "nu", 0], ["pow", ["param", "tau", 0], 2]),
        factor("smoother", "z", "x", "any"),
    ]
    closed = plus(
        total("H", half_log(["pow", param("tau h"), 2])),
        mean("N", ["H", "smoother", "n"]),
        neg(total("H", half_log(1))),
        neg(times(["size", "T"], total("H", half_log(param("Q h"))))),
        neg(times(["size", "T"], total("D", half_log(param("R d"))))),
    )
    direction = {
        "nu": times(HALF, param("nu h")),
        "tau": times(HALF, param("tau h")),
        "Q": minus("Q h"),
        "R": minus("R d"),
    }
    made["parameters"] = [one for one in made["parameters"] if one["name"] != "P0"]
    return derivation(made, direction, closed, noise={"q0": ["nu", "tau"]}, scaled={"start": "q0"})


def any_law_that_reads_what_moves() -> dict:
    def change(made: dict) -> None:
        made["q"][1] = factor("q2", "z2", "z1", "any")

    more = {"noise": {"q1": ["nu", "tau"]}, "scaled": {"first": "q1"}}
    return again(still_descendants(), change, **more)


def _argument(base: str, name: str, k: int, term: Any) -> Callable[[], dict]:
    """One argument replaced, everything else as it was."""

    def made() -> dict:
        document = GRAPHS[base]()
        factors = document["statement"]["model"]
        side = "p" if name in [one["name"] for one in factors["p"]] else "q"
        i = [one["name"] for one in factors[side]].index(name)
        return edited(document, (("statement", "model", side, i, "arguments", k), term))

    return made


def _bonus(base: str, term: Any) -> Callable[[], dict]:
    return lambda: bonus(GRAPHS[base](), term)


def _record(base: str, kind: str, name: str, /, **entries: Any) -> Callable[[], dict]:
    return lambda: record(base, kind, name, **entries)


def _more(base: str, *changes: tuple[str, dict]) -> Callable[[], dict]:
    return lambda: _added(base, *changes)


def _weight(term: Any, name: str = "component") -> Callable[[], dict]:
    path: Path = ("statement", "objective", "weights")
    return lambda: edited(GRAPHS["weighted_mixture"](), (path, {name: term}))


def _lag(**entries: str) -> Callable[[], dict]:
    path: Path = ("statement", "model", "lags", "z@-1")
    return lambda: edited(GRAPHS["state_space"](), (path, lambda old: old | entries))


def _without(base: str, kind: str, name: str) -> Callable[[], dict]:
    path: Path = ("statement", "model", kind)

    def kept(records: list) -> list:
        return [one for one in records if one["name"] != name]

    return lambda: edited(GRAPHS[base](), (path, kept))


def _class(read: str) -> Any:
    return ["v", read, 1, 0]


NOT_KNOWN = "not one of"
FALSE |= {
    "a start that moves": (start_that_moves, "no noise form of a lag"),
    "any law reads what moves": (any_law_that_reads_what_moves, "which move"),
    "the transpose of a simplex": (
        _argument("hidden_markov", "transition", 0, ["vec", "K", ["param", "A", 0, 1]]),
        "not shown to be simplex",
    ),
    "a multiple of a simplex": (
        _argument("mixture", "classes", 0, ["vec", "K", times(2, ["param", "pi0", 0])]),
        "not shown to be simplex",
    ),
    "a power of a simplex": (
        _argument("mixture", "classes", 0, ["vec", "K", ["pow", ["param", "pi0", 0], 2]]),
        "not shown to be simplex",
    ),
    "the diagonal of a simplex": (
        _argument("hidden_markov", "start", 0, ["vec", "K", ["param", "A", 0, 0]]),
        "not shown to be simplex",
    ),
    "a division by a one-hot": (
        _bonus("mixture", mean("N", expected(total("K", ["pow", v("c n k"), -1])))),
        "not shown to be positive",
    ),
    "a variance that is a sum over classes": (
        _argument(
            "mixture",
            "component",
            1,
            total("K", times(["v", "c", 3, 0], ["param", "s", 2, 0])),
        ),
        "not shown to be positive",
    ),
    "the size of a plate dropped": (
        lambda: claims(
            GRAPHS["visits"](),
            everywhere(GRAPHS["visits"]()["statement"]["claim"]["entropy_sum"], ["size", "T"], 1),
        ),
        "not shown",
    ),
    "a mean under an expectation": (
        _bonus("mixture", mean("N", expected(mean("N", total("D", v("x n d")))))),
        "a mean under an expectation",
    ),
    "an expectation under another": (
        _bonus("mixture", mean("N", expected(expected(1)))),
        "an expectation under another",
    ),
    "D under an expectation": (
        lambda: regapped(
            GRAPHS["mixture"](),
            [
                *GRAPHS["mixture"]()["statement"]["claim"]["gap"][:-1],
                ["mean", "N", ["expect", ["D", 1]]],
                D_OBJECTIVE,
            ],
        ),
        "not allowed here",
    ),
    "a sum over data": (_bonus("mixture", total("N", 1)), NOT_KNOWN),
    "the number of data": (_bonus("mixture", ["size", "N"]), NOT_KNOWN),
    "a mean over what is no data": (_bonus("mixture", mean("D", 1)), NOT_KNOWN),
    "a latent outside of an expectation": (
        _bonus("mixture", mean("N", total("K", v("c n k")))),
        "under an expectation only",
    ),
    "noise of what does not move": (
        _bonus("linear_top", mean("N", ["reparam", total("H", ["eps", "z1", "n", "h"])])),
        "no noise of",
    ),
    "reparam where nothing moves": (
        _bonus("mixture", mean("N", ["reparam", 1])),
        "no latent moves",
    ),
    "a penalty that reads data": (
        lambda: edited(
            GRAPHS["weighted_mixture"](),
            (("statement", "objective", "penalty"), placed(mean("N", 1))),
        ),
        "not allowed here",
    ),
    "a mean in an argument": (
        _argument("mixture", "component", 0, ["mean", "N", ["v", "x", 0, 2]]),
        "not allowed here",
    ),
    "an expectation in an argument": (
        _argument("mixture", "component", 0, ["expect", 1]),
        "not allowed here",
    ),
    "a parameter with a data plate": (
        _more("mixture", ("parameters", parameter("tau N"))),
        NOT_KNOWN,
    ),
    "a network with a data plate": (_more("mixture", ("networks", network("f N", "D"))), NOT_KNOWN),
    "a network that reads all data": (
        _more("mixture", ("networks", network("f D", "N"))),
        NOT_KNOWN,
    ),
    "a simplex without a plate": (
        _more("mixture", ("parameters", parameter("tau", "simplex"))),
        "without a plate",
    ),
    "a data plate that is not the first": (
        _record("mixture", "variables", "x", plates=["D", "N"]),
        "not the first",
    ),
    "one-hot over data": (
        _record("mixture", "variables", "c", plates=["N"]),
        "without a plate for it",
    ),
    "a plate that is not declared": (
        _record("mixture", "variables", "x", plates=["N", "Z"]),
        NOT_KNOWN,
    ),
    "select of what is not given": (
        _record("mixture", "p", "component", given=[]),
        NOT_KNOWN,
    ),
    "select of what is not one-hot": (
        _record("conditional", "p", "decoder", select="z"),
        "not one-hot",
    ),
    "select along a plate that is not there": (
        _record("hidden_markov", "p", "start", given=["c"], select="c"),
        "no entry for each",
    ),
    "select along the plate of the vectors": (
        lambda: edited(
            _added(
                "classifier",
                ("sizes", "G"),
                ("variables", variable("group K G", "given", "onehot")),
            ),
            (("statement", "model", "p", 0, "given"), ["a", "group"]),
            (("statement", "model", "p", 0, "select"), "group"),
        ),
        "no entry for each",
    ),
    "no class without select": (
        _record("mixture", "p", "component", select=""),
        "",
    ),
    "select by any law": (_record("mixture", "q", "posterior", given=["c"], select="c"), "any law"),
    "two factors of a latent in p": (
        _more("mixture", ("p", factor("more", "c", "", "any"))),
        "one factor of each",
    ),
    "two factors of a latent in q": (
        _more("mixture", ("q", factor("more", "c", "x", "any"))),
        "one factor of each",
    ),
    "no factor of a latent in p": (_without("mixture", "p", "classes"), "one factor of each"),
    "no factor of a latent in q": (_without("mixture", "q", "posterior"), "one factor of each"),
    "no factor of what is observed": (_without("mixture", "p", "component"), "one factor of each"),
    "a factor of what is given": (
        _more("regression", ("p", factor("inputs", "a", "", "gauss", 0, 1))),
        "one factor of each",
    ),
    "a factor of q of what is observed": (
        _more("mixture", ("q", factor("more", "x", "", "any"))),
        "one factor of each",
    ),
    "any law in p": (
        _record("mixture", "p", "component", family="any", arguments=[], select=""),
        "p has a factor of any law",
    ),
    "any law with arguments": (
        _record("mixture", "q", "posterior", arguments=[1]),
        "any law with arguments",
    ),
    "a law of nothing": (_more("mixture", ("q", factor("more", "", "x", "any"))), "not of one"),
    "a law of two that is not any": (
        _record("state_space", "q", "smoother", family="gauss", arguments=[0, 1]),
        "not what",
    ),
    "one read twice": (
        _record("mixture", "p", "component", given=["c", "c"]),
        "reads one twice",
    ),
    "what is global reads a datum": (
        _record("regression", "p", "weights", given=["a"]),
        "reads inside a data plate",
    ),
    "one data plate reads another": (
        _record("semi_supervised", "p", "decoder_u", given=["w", "c", "y"]),
        "reads inside a data plate",
    ),
    "a normal law of what is global reads data": (
        _record("regression_normal", "q", "posterior", given=["y"]),
        "reads inside a data plate",
    ),
    "a variable reads itself": (
        _record("two_layers", "p", "middle", given=["z1"]),
        "a circle in p",
    ),
    "a start that reads what it starts": (
        _record("state_space", "p", "start", given=["z"]),
        "a circle in p",
    ),
    "binary in p and real in q": (
        _record("two_layers", "variables", "z1", support="binary"),
        "which is binary",
    ),
    "positive in p and real in q": (
        _record("two_layers", "variables", "z1", support="positive"),
        "which is positive",
    ),
    "a categorical law of binary entries": (
        _record("mixture", "variables", "c", support="binary"),
        "which is binary",
    ),
    "a weight that is learned": (_weight(["param", "s0"]), "the weight is learned"),
    "a weight below 0": (_weight(-1), "not shown to be positive"),
    "a weight that may be 0": (_weight(["param", "m", 0, 0]), ""),
    "a weight with two factors' names": (_weight(1, "component x"), NOT_KNOWN),
    "another weight": (_weight(2), "not shown"),
    "the weight of another factor": (_weight(["param", "beta"], "classes"), "not shown"),
    "a lag without a start": (
        lambda: edited(
            GRAPHS["state_space"](), (("statement", "model", "lags", "z@-1", "start"), DROPPED)
        ),
        "missing keys",
    ),
    "a lag along no plate of it": (_lag(plate="D"), "has no such plate"),
    "a lag along data": (_lag(plate="N"), "has no such plate"),
    "a lag over vectors": (
        lambda: edited(
            GRAPHS["hidden_markov"](), (("statement", "model", "lags", "c@-1", "plate"), "K")
        ),
        "a vector over that plate",
    ),
    "a start of other plates": (_lag(start="x"), "not like"),
    "a lag that starts with itself": (_lag(start="z"), "not like"),
    "a start that is not declared": (_lag(start="z00"), NOT_KNOWN),
    "a start of another support": (
        _record("hidden_markov", "variables", "c0", support="simplex"),
        "not like",
    ),
    "a lag that is not named so": (
        lambda: edited(
            GRAPHS["state_space"](),
            (("statement", "model", "lags"), {"z": {"plate": "T", "start": "z0"}}),
        ),
        "not a variable with",
    ),
    "a lag that is not declared": (
        lambda: edited(GRAPHS["state_space"](), (("statement", "model", "lags"), {})),
        NOT_KNOWN,
    ),
    "a lag that is read and not given": (
        _record("state_space", "p", "transition", given=["z"]),
        "a circle in p",
    ),
    "one name for two things": (
        _record("mixture", "parameters", "m", name="x"),
        "stands for two things",
    ),
    "one name for a size and a factor": (
        _record("mixture", "p", "classes", name="K"),
        "stands for two things",
    ),
    "one name for two factors": (
        _record("mixture", "q", "posterior", name="classes"),
        "stands for two things",
    ),
    "nothing is modelled": (
        lambda: edited(
            GRAPHS["heteroscedastic"](),
            (("statement", "model", "p"), []),
            (("statement", "model", "variables"), []),
        ),
        "nothing is modelled",
    ),
    "a family called any": (
        lambda: json.loads(json.dumps(GRAPHS["mixture"]()).replace('"gauss"', '"any"')),
        "",
    ),
    "a family that nothing uses": (
        lambda: edited(
            GRAPHS["mixture"](),
            (("statement", "model", "families", "softmax"), FAMILIES["softmax"][0]),
        ),
        "families of the factors",
    ),
    "what moves does not matter": (
        lambda: edited(
            _added("mixture", ("parameters", parameter("spare"))),
            (("statement", "direction", "spare"), 1),
        ),
        "does not depend on it",
    ),
    "what moves is not learned": (
        _record("mixture", "parameters", "s", learned=False),
        "not learned",
    ),
    "what moves is constrained": (
        lambda: edited(
            GRAPHS["mixture"](),
            (("statement", "model", "constraints"), [{"on": "s", "text": "small"}]),
        ),
        "constrained",
    ),
}
