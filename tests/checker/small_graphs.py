"""Graphs that are no prior, decoder and encoder: chains, classes, global latents, layers and labels."""

from typing import Any

from .documents import (
    HALF,
    PI,
    E,
    assemble,
    encoder,
    factor,
    family,
    neg,
    normal_certificate,
    normal_family,
    parameter,
    sealed,
    vae2,
)

NORMAL = {"normal": normal_family()}


def law(name: str, of: str, given: list[str], *arguments: Any, select: str = "") -> dict:
    """A Normal factor."""
    return factor(name, of, given, "normal", arguments) | {"select": select}


def any_law(of: list[str], given: list[str], name: str = "q") -> dict:
    return encoder("any") | {"name": name, "of": of, "given": given}


def over(name: str, plates: list[str], role: str, support: str = "real") -> dict:
    return {"name": name, "plates": plates, "support": support, "role": role}


def entropy(variance: Any) -> list:
    return ["mul", HALF, ["log", ["mul", 2, PI, E, variance]]]


def derived(
    model: dict,
    direction: dict,
    elbo: list,
    parts: list,
    sums: list,
    closed_form: list,
    conditions: list,
    certificates: dict | None = None,
) -> dict:
    """ELBO, its split, the entropy sum by factors, and its closed form."""
    gap = ["add", *sums, ["D", ["objective"]]]
    steps = [
        ("definition", elbo),
        ("split", ["add", *parts]),
        ("gap", gap),
        ("stationary", ["add", *sums]),
        ("closed_form", closed_form),
    ]
    claim = {"gap": gap, "entropy_sum": closed_form, "excess": 0}
    certified = certificates or {"normal": normal_certificate()}
    return assemble(model, direction, claim, conditions, steps, certificates=certified)


def moved(*names: str) -> list:
    return [["stationary", "objective", name] for name in names]


FINITE = [["finite", "objective"], ["interchange", "objective"]]
OF_NORMAL = [["normalised", "normal"], ["score", "normal"]]


def chain(two: bool = False, memory: bool = False) -> dict:
    """A linear state space model: z_t reads z one step earlier, and z0 at the first; q is any law of
    both, or (`two`) one of each. With `memory` z reads u, which reads z one step earlier: a circle."""
    names, kept = ("v0", "s2", "sigma2"), ["u"] if memory else []
    of_step = law(
        "step", "z", ["z@-1", *kept], ["mul", ["param", "a"], ["v", "z@-1", 1, 0]], ["param", "s2"]
    )
    all_of_q = [any_law(["z", "z0", *kept], ["x"])]
    if two:
        all_of_q = [any_law(["z"], ["x", "z0"]), any_law(["z0"], ["x"], "q0")]
    model = {
        "name": "chain",
        "sizes": ["N", "T"],
        "data": ["N"],
        "variables": [
            over("x", ["N", "T"], "observed"),
            over("z", ["N", "T"], "latent"),
            over("z0", ["N"], "latent"),
            *(over(name, ["N"], "latent") for name in kept),
        ],
        "lags": {"z@-1": {"plate": "T", "start": "z0"}},
        "parameters": [parameter("a"), *(parameter(name, range="positive") for name in names)],
        "networks": [],
        "families": NORMAL,
        "p": [
            law("first", "z0", [], 0, ["param", "v0"]),
            of_step,
            law("seen", "x", ["z"], ["v", "z", 1, 0], ["param", "sigma2"]),
            *(law("kept", name, ["z@-1"], 0, ["param", "v0"]) for name in kept),
        ],
        "q": all_of_q,
        "constraints": [],
    }
    of_p = ["step", "seen", *(["kept"] if memory else [])]
    densities = [["expect", ["logp", name, 0]] for name in ("first", *of_p)]
    of_q = [["H", one["name"], 0] for one in all_of_q]
    whole = [["mean", "N", term] for term in of_q]
    pseudo = [["H", "first", 0], *(["expect", ["H", name, 0]] for name in of_p)]
    form = [
        "add",
        *whole,
        *[neg(entropy(["param", "v0"]))] * (1 + memory),
        *(["mul", -1, ["size", "T"], entropy(["param", name])] for name in ("s2", "sigma2")),
    ]
    return derived(
        model,
        {name: neg(["param", name]) for name in names},
        ["mean", "N", ["add", *of_q, *densities]],
        [*whole, *(["mean", "N", term] for term in densities)],
        [*whole, *(neg(["mean", "N", term]) for term in pseudo)],
        form,
        [
            *(["range", name, "positive"] for name in names),
            ["start", "z@-1", "z0"],
            *OF_NORMAL,
            *FINITE,
            *moved(*names),
        ],
    )


def categorical() -> dict:
    """log p = sum_k c_k log pi_k of a one-hot c, for fixed probabilities of an array."""
    density = ["sum", "dim", ["mul", ["var", 0], ["log", ["arg", "probs", 0]]]]
    return family(density, "onehot", probs="simplex")


def mixture() -> dict:
    """Normal data of class k with mean m_k and variance s_k, the class of each datum by weights w."""
    model = {
        "name": "mixture",
        "sizes": ["N", "D", "K"],
        "data": ["N"],
        "variables": [
            over("x", ["N", "D"], "observed"),
            over("c", ["N", "K"], "latent", "onehot"),
        ],
        "lags": {},
        "parameters": [
            parameter("w", "K", range="simplex"),
            parameter("m", "K", "D"),
            parameter("s", "K", range="positive"),
        ],
        "networks": [],
        "families": NORMAL | {"categorical": categorical()},
        "p": [
            factor("label", "c", [], "categorical", [["vec", "K", ["param", "w", 0]]]),
            law("seen", "x", ["c"], ["param", "m", 0, 1], ["param", "s", 0], select="c"),
        ],
        "q": [any_law(["c"], ["x"])],
        "constraints": [],
    }
    densities = [["expect", ["logp", name, 0]] for name in ("label", "seen")]
    whole = ["mean", "N", ["H", "q", 0]]
    label = ["mean", "N", densities[0]]
    seen = ["mean", "N", ["expect", ["H", "seen", 0]]]
    of_label = [
        "sum",
        "K",
        ["mul", ["mean", "N", ["expect", ["v", "c", 0, 1]]], ["log", ["param", "w", 0]]],
    ]
    each = entropy(["param", "s", 0])
    form_of_seen = [
        "mul",
        -1,
        ["size", "D"],
        ["sum", "K", ["mul", ["mean", "N", ["expect", ["v", "c", 0, 1]]], each]],
    ]
    excess = ["add", of_label, ["mean", "N", ["H", "label", 0]]]
    sums = [whole, neg(["mean", "N", ["H", "label", 0]]), neg(seen), excess]
    document = derived(
        model,
        {"s": neg(["param", "s", 0])},
        ["mean", "N", ["add", ["H", "q", 0], *densities]],
        [whole, label, ["mean", "N", densities[1]]],
        sums,
        ["add", whole, of_label, form_of_seen],
        [
            ["range", "w", "simplex"],
            ["range", "s", "positive"],
            ["normalised", "categorical"],
            ["score", "categorical"],
            *OF_NORMAL,
            *FINITE,
            *moved("s"),
        ],
    )
    document["statement"]["claim"]["excess"] = excess
    return sealed(document)


def weights(off: bool = False) -> dict:
    """The mixture whose weights are learned: D w_k = w_k (log w_k + H) stays on the simplex. Without H
    (`off`) it does not, and the entropy would be 0."""

    def motion(w: Any, whole: Any) -> list:
        return ["mul", w, ["add", ["log", w], whole]]

    arg, w = ["arg", "probs", 0], ["param", "w", 0]
    of_arg = ["mul", -1, ["sum", "dim", ["mul", arg, ["log", arg]]]]
    logs = ["sum", "K", ["mul", w, ["log", w]]]
    certificate = {
        "direction": {"probs": motion(arg, 0 if off else of_arg)},
        "scale": 0,
        "shift": 0,
        "entropy": 0 if off else of_arg,
    }
    statement = mixture()["statement"]
    whole, _, seen = statement["claim"]["entropy_sum"][1:]
    entropy_of_w = ["mul", -1, ["sum", "K", ["mul", ["param", "w", 0], ["log", ["param", "w", 0]]]]]
    conditions = [*statement["conditions"][:-1], ["tangent", "objective", "w"], *moved("s")]
    steps = mixture()["steps"]
    return derived(
        statement["model"] | {"name": "weights"},
        {"w": motion(w, 0 if off else entropy_of_w)} | statement["direction"],
        steps[0]["result"],
        steps[1]["result"][1:],
        statement["claim"]["gap"][1:4],
        ["add", whole, 0 if off else logs, seen],
        conditions,
        {"normal": normal_certificate(), "categorical": certificate},
    )


def shared(joint: bool = False) -> dict:
    """A global latent w, the mean of all data: their number matters. `joint`: one law of w and of a
    latent of each datum, which is no factor."""
    names = ("v0", "sigma2")
    model = {
        "name": "shared",
        "sizes": ["N", "D"],
        "data": ["N"],
        "variables": [over("x", ["N", "D"], "observed"), over("w", ["D"], "latent")],
        "lags": {},
        "parameters": [parameter(name, range="positive") for name in names],
        "networks": [],
        "families": NORMAL,
        "p": [
            law("top", "w", [], 0, ["param", "v0"]),
            law("seen", "x", ["w"], ["v", "w", 0], ["param", "sigma2"]),
        ],
        "q": [any_law(["w"], [])],
        "constraints": [],
    }
    each = ["pow", ["size", "N"], -1]
    top, seen = ["expect", ["logp", "top"]], ["expect", ["logp", "seen", 0]]
    of_seen = neg(["mean", "N", ["expect", ["H", "seen", 0]]])
    if joint:
        model["variables"].append(over("u", ["N", "D"], "latent"))
        model["p"].append(law("own", "u", [], 0, ["param", "sigma2"]))
        model["q"] = [any_law(["w", "u"], [])]
        seen = ["add", seen, ["expect", ["logp", "own", 0]]]
        of_seen = ["add", of_seen, neg(["mean", "N", ["H", "own", 0]])]
    of_all = ["mul", ["size", "N"], each, ["mean", "N", seen]]
    return derived(
        model,
        {name: neg(["param", name]) for name in names},
        ["add", ["mul", each, ["add", ["H", "q"], top]], of_all],
        [["mul", each, ["H", "q"]], ["mul", each, top], ["mean", "N", seen]],
        [["mul", each, ["H", "q"]], ["mul", -1, each, ["H", "top"]], of_seen],
        [
            "add",
            ["mul", each, ["H", "q"]],
            ["mul", -1, each, ["size", "D"], entropy(["param", "v0"])],
            *[["mul", -1, ["size", "D"], entropy(["param", "sigma2"])]] * (1 + joint),
        ],
        [
            *(["range", name, "positive"] for name in names),
            ["counted", "N"],
            *OF_NORMAL,
            *FINITE,
            *moved(*names),
        ],
    )


def _linear(name: str, sizes: str, variable: str) -> list:
    """sum over the second size of matrix * variable, at a datum and an index of the first."""
    return ["sum", sizes[1], ["mul", ["param", name, 1, 0], ["v", variable, 2, 0]]]


def ladder() -> dict:
    """Two layers: z2 is stretched, so z1, which reads it in q, is written as noise as well, and stands still."""
    model = {
        "name": "ladder",
        "sizes": ["N", "D", "H", "K"],
        "data": ["N"],
        "variables": [
            over("x", ["N", "D"], "observed"),
            over("z1", ["N", "H"], "latent"),
            over("z2", ["N", "K"], "latent"),
        ],
        "lags": {},
        "parameters": [
            parameter("U", "H", "K"),
            parameter("W", "D", "H", learned=False),
            parameter("s2", range="positive"),
            parameter("sigma2", range="positive"),
            parameter("V", "K", "D"),
            parameter("tau", "K", range="positive"),
            parameter("R", "H", "K"),
            parameter("rho", "H", range="positive", learned=False),
        ],
        "networks": [],
        "families": NORMAL,
        "p": [
            law("top", "z2", [], 0, 1),
            law("middle", "z1", ["z2"], _linear("U", "HK", "z2"), ["param", "s2"]),
            law("seen", "x", ["z1"], _linear("W", "DH", "z1"), ["param", "sigma2"]),
        ],
        "q": [
            law("q1", "z1", ["z2"], _linear("R", "HK", "z2"), ["pow", ["param", "rho", 0], 2]),
            law("q2", "z2", ["x"], _linear("V", "KD", "x"), ["pow", ["param", "tau", 0], 2]),
        ],
        "constraints": [],
    }
    densities = [["expect", ["logp", name, 0]] for name in ("top", "middle", "seen")]
    of_q = [["expect", ["H", "q1", 0]], ["H", "q2", 0]]
    of_p = [["H", "top", 0], *(["expect", ["H", name, 0]] for name in ("middle", "seen"))]
    half = {name: ["mul", HALF, ["param", name, 1, 0]] for name in "VUR"}
    direction = {
        "U": neg(half["U"]),
        "s2": neg(["param", "s2"]),
        "sigma2": neg(["param", "sigma2"]),
        "V": half["V"],
        "tau": ["mul", HALF, ["param", "tau", 0]],
        "R": neg(half["R"]),
    }
    return derived(
        model,
        direction,
        ["mean", "N", ["add", *of_q, *densities]],
        [["mean", "N", term] for term in (*of_q, *densities)],
        [*(["mean", "N", term] for term in of_q), *(neg(["mean", "N", term]) for term in of_p)],
        [
            "add",
            ["sum", "K", ["log", ["param", "tau", 0]]],
            ["sum", "H", ["log", ["param", "rho", 0]]],
            ["mul", ["frac", -1, 2], ["size", "H"], ["log", ["param", "s2"]]],
            ["mul", -1, ["size", "D"], entropy(["param", "sigma2"])],
        ],
        [
            *(["range", name, "positive"] for name in ("s2", "sigma2", "tau", "rho")),
            *OF_NORMAL,
            *FINITE,
            ["reparametrised", "q1"],
            ["reparametrised", "q2"],
            ["closed", "q1", "R"],
            ["closed", "q2", "V"],
            ["closed", "q2", "tau"],
            *moved("U", "s2", "sigma2", "V", "tau", "R"),
        ],
    )


def labelled() -> dict:
    """VAE-2 with a label y, which nothing models: the decoder's network reads it."""
    document = vae2()
    statement = document["statement"]
    model = statement["model"]
    model["name"] = "labelled"
    model["sizes"].append("K")
    model["variables"].append(over("y", ["N", "K"], "given", "onehot"))
    model["networks"][0]["inputs"].append("K")
    seen = model["p"][1]
    seen["given"].append("y")
    seen["arguments"][0][3].append(["vec", "K", ["v", "y", 2, 0]])
    statement["conditions"].insert(3, ["support", "y", "onehot"])
    return sealed(document)


def classes(of_x: tuple = ("N", "D"), of_y: tuple = ("N", "K"), entry: tuple = (2, 0)) -> dict:
    """Normal data of a class that is given: nothing is latent. `entry`: of y in the closed form, under
    the sums over its class, the data, and the plates of x."""
    model = {
        "name": "classes",
        "sizes": ["N", "D", "K", "T"],
        "data": ["N"],
        "variables": [over("x", [*of_x], "observed"), over("y", [*of_y], "given", "onehot")],
        "lags": {},
        "parameters": [parameter("m", "K", learned=False), parameter("s", "K", range="positive")],
        "networks": [],
        "families": NORMAL,
        "p": [law("seen", "x", ["y"], ["param", "m", 0], ["param", "s", 0], select="y")],
        "q": [],
        "constraints": [],
    }
    density = ["mean", "N", ["logp", "seen", 0]]
    one = ["mul", ["v", "y", *entry], entropy(["param", "s", 0])]
    each: Any = ["sum", "K", one]
    for size in of_x[1:]:
        each = ["sum", size, each]
    gap = ["add", neg(["mean", "N", ["H", "seen", 0]]), ["D", ["objective"]]]
    steps = [
        ("definition", density),
        ("split", density),
        ("gap", gap),
        ("stationary", gap[1]),
        ("closed_form", ["mul", -1, ["mean", "N", each]]),
    ]
    return assemble(
        model,
        {"s": neg(["param", "s", 0])},
        {"gap": gap, "entropy_sum": steps[-1][1], "excess": 0},
        [
            ["range", "s", "positive"],
            ["support", "y", "onehot"],
            *OF_NORMAL,
            *FINITE,
            *moved("s"),
        ],
        steps,
    )


GRAPHS = (chain, mixture, weights, shared, ladder, labelled, classes)
