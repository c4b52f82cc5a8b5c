"""Documents written by hand, with symbolic D, H and N: two of them in full, the others from parts."""

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
        "arguments": [{"name": "mean", "range": "real"}, {"name": "variance", "range": "positive"}],
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
        "scale": 0,
        "shift": 0,
        "entropy": ["mul", HALF, ["log", ["mul", 2, PI, E, variance]]],
    }


def elbo(head: str = "expect") -> list:
    return [
        "mean",
        "N",
        [
            "add",
            ["H", "encoder", 0],
            [head, ["logp", "prior", 0]],
            [head, ["logp", "decoder", 0]],
        ],
    ]


def variable(name: str, plate: str, role: str, support: str = "real") -> dict:
    return {"name": name, "plates": ["N", plate], "support": support, "role": role}


def variables(observed: str = "real", latent: str = "real") -> list[dict]:
    """x over data and D, z over data and H, of these supports."""
    return [variable("x", "D", "observed", observed), variable("z", "H", "latent", latent)]


def factor(name: str, of: str, given: list[str], family: str, arguments: Any) -> dict:
    record = {"name": name, "of": [of], "given": given, "family": family}
    return record | {"arguments": list(arguments), "select": ""}


def prior(family: str, *arguments: Any) -> dict:
    return factor("prior", "z", [], family, arguments)


def decoder(family: str, *arguments: Any) -> dict:
    return factor("decoder", "x", ["z"], family, arguments)


def encoder(family: str, *arguments: Any) -> dict:
    return factor("encoder", "z", ["x"], family, arguments)


def weighted(weight: Any, penalty: Any = 0) -> dict:
    """An objective whose KL has this weight."""
    return {"weights": {"encoder": weight, "prior": weight}, "penalty": penalty}


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


def assemble(
    model: dict,
    direction: dict,
    claim: dict,
    conditions: list,
    steps: list,
    objective: Any = "elbo",
    certificates: dict | None = None,
) -> dict:
    return sealed(
        {
            "format": "entropysym/2",
            "statement": {
                "model": model,
                "objective": objective,
                "direction": direction,
                "claim": claim,
                "conditions": conditions,
            },
            "certificates": certificates or {"normal": normal_certificate()},
            "steps": [{"rule": rule, "result": result} for rule, result in steps],
        }
    )


def entropy_terms(head: str = "expect") -> list:
    return [
        ["mean", "N", ["H", "encoder", 0]],
        neg(["mean", "N", ["H", "prior", 0]]),
        neg(["mean", "N", [head, ["H", "decoder", 0]]]),
    ]


def vae2() -> dict:
    nu = ["net", "nu", [0], [["vec", "D", ["v", "x", 2, 0]]]]
    tau2 = ["net", "tau2", [0], [["vec", "D", ["v", "x", 2, 0]]]]
    mu = ["net", "mu", [0], [["vec", "H", ["v", "z", 2, 0]]]]
    model = {
        "name": "own_vae2",
        "sizes": ["N", "D", "H"],
        "data": ["N"],
        "variables": variables(),
        "lags": {},
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
        "p": [
            prior("normal", 0, ["param", "alpha2", 0]),
            decoder("normal", mu, ["param", "sigma2"]),
        ],
        "q": [encoder("normal", nu, tau2)],
        "constraints": [{"on": "mu", "text": "first-layer columns have unit norm"}],
    }
    direction = {"sigma2": neg(["param", "sigma2"]), "alpha2": neg(["param", "alpha2", 0])}
    h_enc, h_prior, h_dec = entropy_terms()
    e_prior = ["mean", "N", ["expect", ["logp", "prior", 0]]]
    e_dec = ["mean", "N", ["expect", ["logp", "decoder", 0]]]
    gap = ["add", h_enc, h_prior, h_dec, ["D", ["objective"]]]
    entropy_sum = [
        "add",
        [
            "mean",
            "N",
            [
                "sum",
                "H",
                ["mul", HALF, ["log", ["net", "tau2", [0], [["vec", "D", ["v", "x", 2, 0]]]]]],
            ],
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
        ["finite", "objective"],
        ["interchange", "objective"],
        ["constraint", "mu", "first-layer columns have unit norm"],
        ["stationary", "objective", "sigma2"],
        ["stationary", "objective", "alpha2"],
    ]
    claim = {"gap": gap, "entropy_sum": entropy_sum, "excess": 0}
    return assemble(model, direction, claim, conditions, steps)


def linear_vae() -> dict:
    mean_x = [
        "add",
        ["sum", "H", ["mul", ["param", "W", 1, 0], ["v", "z", 2, 0]]],
        ["param", "b", 0],
    ]
    mean_z = [
        "add",
        ["sum", "D", ["mul", ["param", "V", 1, 0], ["v", "x", 2, 0]]],
        ["param", "c", 0],
    ]
    model = {
        "name": "own_linear_vae",
        "sizes": ["N", "D", "H"],
        "data": ["N"],
        "variables": variables(),
        "lags": {},
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
        "p": [prior("normal", 0, 1), decoder("normal", mean_x, ["pow", ["param", "sigma"], 2])],
        "q": [encoder("normal", mean_z, ["pow", ["param", "tau", 0], 2])],
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
    e_prior = ["mean", "N", ["reparam", ["logp", "prior", 0]]]
    e_dec = ["mean", "N", ["reparam", ["logp", "decoder", 0]]]
    gap = ["add", h_enc, h_prior, h_dec, ["D", ["objective"]]]
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
        ["finite", "objective"],
        ["interchange", "objective"],
        ["reparametrised", "encoder"],
        ["closed", "encoder", "V"],
        ["closed", "encoder", "c"],
        ["closed", "encoder", "tau"],
        ["stationary", "objective", "W"],
        ["stationary", "objective", "sigma"],
        ["stationary", "objective", "V"],
        ["stationary", "objective", "c"],
        ["stationary", "objective", "tau"],
    ]
    claim = {"gap": gap, "entropy_sum": entropy_sum, "excess": 0}
    return assemble(model, direction, claim, conditions, steps)


def network(name: str, plates: str, inputs: str, range: str = "real") -> dict:
    return {"name": name, "plates": list(plates), "inputs": list(inputs), "range": range}


def family(density: Any, support: str = "real", base: Any = 0, **arguments: str) -> dict:
    return {
        "arguments": [{"name": name, "range": range} for name, range in arguments.items()],
        "support": support,
        "log_density": density,
        "log_base_measure": base,
        "location": None,
        "scale": None,
    }


def own_directions(
    model: dict,
    certificates: dict,
    direction: dict,
    closed_form: list,
    conditions: list,
    *,
    excess: Any = 0,
    objective: Any = "elbo",
    more: tuple = (),
    weights: tuple = (1, 1),
) -> dict:
    """A derivation without reparametrisation: split, two temperings, gap, stationary, closed form.

    `more`: what E holds beside three entropies; `weights`: of D(prior part) and D(decoder part).
    """
    h_enc, h_prior, h_dec = entropy_terms()
    e_prior = ["mean", "N", ["expect", ["logp", "prior", 0]]]
    e_dec = ["mean", "N", ["expect", ["logp", "decoder", 0]]]
    parts = [
        ["D", t] if w == 1 else ["mul", w, ["D", t]]
        for t, w in zip((e_prior, e_dec), weights, strict=True)
        if w != 0
    ]
    total = [h_enc, h_prior, h_dec, *more, *([excess] if excess != 0 else [])]
    gap = ["add", *total, ["D", ["objective"]]]
    steps = [
        ("definition", elbo()),
        ("split", ["add", h_enc, e_prior, e_dec]),
        ("tempering", ["add", *total, *parts]),
        ("gap", gap),
        ("stationary", gap[:-1]),
        ("closed_form", closed_form),
    ]
    claim = {"gap": gap, "entropy_sum": closed_form, "excess": excess}
    return assemble(model, direction, claim, conditions, steps, objective, certificates)


def standard(
    ranges: list,
    families: list[str],
    moved: list[str],
    pseudo: tuple = (),
    support: str = "real",
) -> list:
    """The list of conditions of such a derivation; `support`: that of the data."""
    named = []
    for name in families:
        named += [["normalised", name], ["score", name]]
        named += [["base_measure", name]] if name in pseudo else []
    return [
        *(["range", *pair] for pair in ranges),
        *([["support", "x", support]] if support != "real" else []),
        *named,
        ["finite", "objective"],
        ["interchange", "objective"],
        *(["stationary", "objective", name] for name in moved),
    ]


X, Z = (
    ["vec", "D", ["v", "x", 2, 0]],
    ["vec", "H", ["v", "z", 2, 0]],
)  # whole vectors, as seen from a plate
LINEAR = ["add", ["sum", "H", ["mul", ["param", "W", 1, 0], ["v", "z", 2, 0]]], ["param", "b", 0]]
NU_TAU2 = [["net", "nu", [0], [X]], ["net", "tau2", [0], [X]]]
NU_TAU2_NETWORKS = [network("nu", "H", "D"), network("tau2", "H", "D", "positive")]
H_ENCODER = ["mean", "N", ["sum", "H", ["mul", HALF, ["log", ["mul", 2, PI, E, NU_TAU2[1]]]]]]


def base_model(name: str, **more: Any) -> dict:
    sizes = {"name": name, "sizes": ["N", "D", "H"], "data": ["N"], "variables": variables()}
    return sizes | {"lags": {}, "networks": [], "constraints": []} | more


def sigmoid_net() -> dict:
    """A Laplace prior and a Bernoulli decoder with logits W z + b."""
    var, scale, logit = ["var"], ["arg", "scale"], ["arg", "logit"]
    away = ["abs", ["add", var, neg(["arg", "mean"])]]
    laplace = family(
        ["add", neg(["log", ["mul", 2, scale]]), ["mul", -1, away, ["pow", scale, -1]]],
        mean="real",
        scale="positive",
    )
    soft = ["add", 1, ["exp", logit]]
    bernoulli = family(["add", ["mul", var, logit], neg(["log", soft])], "binary", logit="real")
    certificates = {
        "normal": normal_certificate(),
        "laplace": {
            "direction": {"mean": 0, "scale": neg(scale)},
            "scale": 0,
            "shift": 0,
            "entropy": ["log", ["mul", 2, E, scale]],
        },
        "bernoulli": {
            "direction": {"logit": logit},
            "scale": 0,
            "shift": 0,
            "entropy": [
                "add",
                ["log", soft],
                ["mul", -1, logit, ["exp", logit], ["pow", soft, -1]],
            ],
        },
    }
    model = base_model(
        "sigmoid_net",
        parameters=[
            parameter("W", "D", "H"),
            parameter("b", "D"),
            parameter("s", range="positive"),
        ],
        networks=NU_TAU2_NETWORKS,
        families={"normal": normal_family(), "laplace": laplace, "bernoulli": bernoulli},
        p=[prior("laplace", 0, ["param", "s"]), decoder("bernoulli", LINEAR)],
        q=[encoder("normal", *NU_TAU2)],
        variables=variables("binary"),
    )
    direction = {"W": ["param", "W", 1, 0], "b": ["param", "b", 0], "s": neg(["param", "s"])}
    soft = ["add", 1, ["exp", LINEAR]]
    entropy = ["add", ["log", soft], ["mul", -1, LINEAR, ["exp", LINEAR], ["pow", soft, -1]]]
    closed_form = [
        "add",
        H_ENCODER,
        ["mul", -1, ["size", "H"], ["log", ["mul", 2, E, ["param", "s"]]]],
        neg(["mean", "N", ["expect", ["sum", "D", entropy]]]),
    ]
    conditions = standard(
        [("s", "positive"), ("tau2", "positive")],
        ["bernoulli", "laplace", "normal"],
        ["W", "b", "s"],
        support="binary",
    )
    return own_directions(model, certificates, direction, closed_form, conditions)


def poisson() -> dict:
    """Counts with log rates W z + b: log h = -log x!, so the decoder's entropy is a pseudo entropy."""
    var, rate = ["var"], ["arg", "log_rate"]
    base = neg(["loggamma", ["add", var, 1]])
    counts = family(
        ["add", ["mul", var, rate], neg(["exp", rate]), base], "count", base, log_rate="real"
    )
    certificates = {
        "normal": normal_certificate(),
        "poisson": {
            "direction": {"log_rate": rate},
            "scale": 0,
            "shift": 0,
            "entropy": ["add", ["exp", rate], ["mul", -1, rate, ["exp", rate]]],
        },
    }
    model = base_model(
        "poisson",
        parameters=[
            parameter("W", "D", "H"),
            parameter("b", "D"),
            parameter("alpha2", "H", range="positive"),
        ],
        networks=NU_TAU2_NETWORKS,
        families={"normal": normal_family(), "poisson": counts},
        p=[prior("normal", 0, ["param", "alpha2", 0]), decoder("poisson", LINEAR)],
        q=[encoder("normal", *NU_TAU2)],
        variables=variables("count"),
    )
    direction = {
        "W": ["param", "W", 1, 0],
        "b": ["param", "b", 0],
        "alpha2": neg(["param", "alpha2", 0]),
    }
    entropy = ["mul", ["exp", LINEAR], ["add", 1, neg(LINEAR)]]
    closed_form = [
        "add",
        H_ENCODER,
        ["mul", ["frac", -1, 2], ["sum", "H", ["log", ["mul", 2, PI, E, ["param", "alpha2", 0]]]]],
        neg(["mean", "N", ["expect", ["sum", "D", entropy]]]),
        neg(["mean", "N", ["sum", "D", ["loggamma", ["add", 1, ["v", "x", 1, 0]]]]]),
    ]
    conditions = standard(
        [("alpha2", "positive"), ("tau2", "positive")],
        ["normal", "poisson"],
        ["W", "b", "alpha2"],
        ("poisson",),
        "count",
    )
    more = (["mean", "N", ["logh", "decoder", 0]],)
    return own_directions(model, certificates, direction, closed_form, conditions, more=more)


def vae0() -> dict:
    """VAE-2's prior and a decoder of fixed variance: D/2 - mean E |x - mu|^2 / (2 sigma^2) stays."""
    document = vae2()["statement"]
    model = document["model"] | {"name": "own_vae0", "constraints": []}
    model["parameters"][0]["learned"] = False
    away = ["add", ["v", "x", 1, 0], neg(model["p"][1]["arguments"][0])]
    squares = ["mean", "N", ["expect", ["sum", "D", ["pow", away, 2]]]]
    excess = [
        "add",
        ["mul", HALF, ["size", "D"]],
        ["mul", ["frac", -1, 2], squares, ["pow", ["param", "sigma2"], -1]],
    ]
    return own_directions(
        model,
        {"normal": normal_certificate()},
        {"alpha2": document["direction"]["alpha2"]},
        [*document["claim"]["entropy_sum"], excess],
        standard(
            [("sigma2", "positive"), ("alpha2", "positive"), ("tau2", "positive")],
            ["normal"],
            ["alpha2"],
        ),
        excess=excess,
        weights=(1, 0),
    )


def beta_vae2() -> dict:
    document = vae2()["statement"]
    model = document["model"] | {"name": "own_beta_vae2", "constraints": []}
    model["parameters"].append(parameter("beta", range="positive", learned=False))
    beta = ["param", "beta"]
    direction = document["direction"]
    direction["alpha2"] = ["mul", -1, ["param", "alpha2", 0], ["pow", beta, -1]]
    ranges = [("sigma2", "positive"), ("alpha2", "positive"), ("beta", "positive")]
    return own_directions(
        model,
        {"normal": normal_certificate()},
        direction,
        document["claim"]["entropy_sum"],
        standard([*ranges, ("tau2", "positive")], ["normal"], ["sigma2", "alpha2"]),
        objective=weighted(beta),
        weights=(beta, 1),
    )


def decayed_vae() -> dict:
    """The linear VAE with weight decay (decay/2) sum W^2: the excess is D(penalty)."""
    document = linear_vae()
    statement = document["statement"]
    statement["model"]["name"] = "decayed_vae"
    statement["model"]["parameters"].append(parameter("decay", learned=False))
    squares = ["sum", "D", ["sum", "H", ["pow", ["param", "W", 1, 0], 2]]]
    penalty = ["mul", HALF, ["param", "decay"], squares]
    statement["objective"] = {"weights": {}, "penalty": penalty}
    excess = ["mul", ["frac", -1, 2], ["param", "decay"], squares]
    claim, steps = statement["claim"], document["steps"]
    gap = [*claim["gap"][:-1], excess, ["D", ["objective"]]]
    closed_form = [*claim["entropy_sum"], excess]
    statement["claim"] = {"gap": gap, "entropy_sum": closed_form, "excess": excess}
    for step, result in zip(steps[-3:], (gap, [*gap[:-1]], closed_form), strict=True):
        step["result"] = result
    return sealed(document)


def gaussian_family() -> dict:
    covariance = ["arg", "covariance"]
    away = ["vec", "dim", ["add", ["var", 0], neg(["arg", "mean", 0])]]
    return family(
        [
            "add",
            ["mul", ["frac", -1, 2], ["dim"], ["log", ["mul", 2, PI]]],
            ["mul", ["frac", -1, 2], ["logdet", covariance]],
            ["mul", ["frac", -1, 2], ["quad", away, ["inverse", covariance], away]],
        ],
        mean="vector",
        covariance="posdef",
    )


def gaussian_certificate() -> dict:
    covariance = ["arg", "covariance"]
    return {
        "direction": {"mean": 0, "covariance": ["scaled", -1, covariance]},
        "scale": 0,
        "shift": 0,
        "entropy": [
            "add",
            ["mul", HALF, ["dim"], ["log", ["mul", 2, PI, E]]],
            ["mul", HALF, ["logdet", covariance]],
        ],
    }


def gaussian_vae() -> dict:
    """Full covariances A, s Omega(z) and T(x) for prior, decoder and encoder."""
    whole_x, whole_z = ["vec", "D", ["v", "x", 1, 0]], ["vec", "H", ["v", "z", 1, 0]]
    omega, spread = ["matnet", "Omega", [whole_z]], ["matnet", "T", [whole_x]]
    model = base_model(
        "own_gaussian_vae",
        parameters=[
            parameter("mu0", "H"),
            parameter("A", "H", "H", range="posdef"),
            parameter("s", range="positive"),
        ],
        networks=[
            network("mu", "D", "H"),
            network("Omega", "DD", "H", "posdef"),
            network("nu", "H", "D"),
            network("T", "HH", "D", "posdef"),
        ],
        families={"gaussian": gaussian_family()},
        p=[
            prior("gaussian", ["vec", "H", ["param", "mu0", 0]], ["mat", "A"]),
            decoder(
                "gaussian", ["vec", "D", ["net", "mu", [0], [Z]]], ["scaled", ["param", "s"], omega]
            ),
        ],
        q=[encoder("gaussian", ["vec", "H", ["net", "nu", [0], [X]]], spread)],
    )
    direction = {"A": ["scaled", -1, ["mat", "A"]], "s": neg(["param", "s"])}
    closed_form = [
        "add",
        ["mul", HALF, ["mean", "N", ["logdet", spread]]],
        ["mul", ["frac", -1, 2], ["logdet", ["mat", "A"]]],
        ["mul", ["frac", -1, 2], ["size", "D"], ["log", ["mul", 2, PI, E]]],
        [
            "mul",
            ["frac", -1, 2],
            ["mean", "N", ["expect", ["logdet", ["scaled", ["param", "s"], omega]]]],
        ],
    ]
    conditions = standard(
        [("A", "posdef"), ("s", "positive"), ("Omega", "posdef"), ("T", "posdef")],
        ["gaussian"],
        ["A", "s"],
    )
    certificates = {"gaussian": gaussian_certificate()}
    return own_directions(model, certificates, direction, closed_form, conditions)


def cholesky_vae() -> dict:
    """The same with the prior's covariance L L^T, L triangular."""
    document = gaussian_vae()["statement"]
    model = document["model"] | {"name": "cholesky_vae"}
    model["parameters"][1] = parameter("L", "H", "H", range="triangular")
    factor = ["mat", "L"]
    model["p"][0]["arguments"][1] = ["matmul", factor, ["transposed", factor]]
    direction = {"L": ["scaled", ["frac", -1, 2], factor], "s": document["direction"]["s"]}
    closed_form = document["claim"]["entropy_sum"]
    closed_form[2] = neg(["logdet", factor])
    conditions = document["conditions"]
    conditions[0], conditions[-2] = ["range", "L", "triangular"], ["stationary", "objective", "L"]
    certificates = {"gaussian": gaussian_certificate()}
    return own_directions(model, certificates, direction, closed_form, conditions)


DOCUMENTS = (
    vae2,
    linear_vae,
    sigmoid_net,
    poisson,
    vae0,
    beta_vae2,
    decayed_vae,
    gaussian_vae,
    cholesky_vae,
)


def workbench() -> dict:
    """Not a theorem: every kind of matrix, and a direction that moves them, for tests of algebra."""
    document = cholesky_vae()
    statement = document["statement"]
    model = statement["model"]
    model["name"] = "workbench"
    model["parameters"] += [
        parameter("P", "H", "H", range="posdef"),
        parameter("v", "H"),
        parameter("w", "H"),
    ]
    model["networks"].append(network("R", "HH", "D", "triangular"))
    statement["direction"]["P"] = ["scaled", ["param", "s"], ["mat", "P"]]
    statement["direction"]["v"] = ["mul", 3, ["param", "w", 0]]
    return sealed(document)
