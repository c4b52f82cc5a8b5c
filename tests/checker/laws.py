"""Documents whose laws are not the textbook's: encoders of any law, noise of any law, priors whose
entropy follows from a motion of the variable, entropies that nobody wrote down."""

import json
from typing import Any

from .documents import (
    HALF,
    PI,
    E,
    assemble,
    elbo,
    encoder,
    entropy_terms,
    family,
    linear_vae,
    neg,
    network,
    normal_certificate,
    normal_family,
    own_directions,
    parameter,
    prior,
    sealed,
    standard,
    vae2,
    variables,
)

VAR, MEAN, SCALE = ["var"], ["arg", "mean"], ["arg", "scale"]
UNIT = ["mul", ["add", VAR, neg(MEAN)], ["pow", SCALE, -1]]  # (x - mean) / scale
LOG_2PI = ["log", ["mul", 2, PI]]
LOG_2PIE = ["log", ["mul", 2, PI, E]]


def located(density: Any, **arguments: str) -> dict:
    """A family of mean + scale * noise."""
    return family(density, **arguments) | {"location": MEAN, "scale": SCALE}


def logistic() -> dict:
    density = ["add", neg(UNIT), neg(["log", SCALE]), ["mul", -2, ["softplus", neg(UNIT)]]]
    return located(density, mean="real", scale="positive")


def gumbel() -> dict:
    density = ["add", neg(UNIT), neg(["log", SCALE]), neg(["exp", neg(UNIT)])]
    return located(density, mean="real", scale="positive")


def student() -> dict:
    """With nu degrees of freedom: the law of the noise depends on nu."""
    nu = ["arg", "nu"]
    more = ["mul", HALF, ["add", nu, 1]]
    square = ["mul", ["pow", UNIT, 2], ["pow", nu, -1]]
    density = [
        "add",
        ["loggamma", more],
        neg(["loggamma", ["mul", HALF, nu]]),
        ["mul", ["frac", -1, 2], ["log", ["mul", nu, PI]]],
        neg(["log", SCALE]),
        ["mul", -1, more, ["log", ["add", 1, square]]],
    ]
    return located(density, mean="real", scale="positive", nu="positive")


def laplace() -> dict:
    density = ["add", neg(["log", ["mul", 2, SCALE]]), neg(["abs", UNIT])]
    return located(density, mean="real", scale="positive")


def laplace_certificate() -> dict:
    """By the motion of the variable: k = 1 and l = -mean stretch x - mean."""
    still = {"mean": 0, "scale": 0}
    entropy = ["log", ["mul", 2, E, SCALE]]
    return {"direction": still, "scale": 1, "shift": neg(MEAN), "entropy": entropy}


def standard_normal() -> dict:
    """N(0, 1), without arguments."""
    halves = ["mul", ["frac", -1, 2], LOG_2PI], ["mul", ["frac", -1, 2], ["pow", VAR, 2]]
    return family(["add", *halves])


def standard_certificate() -> dict:
    entropy = ["mul", HALF, LOG_2PIE]
    return {"direction": {}, "scale": HALF, "shift": 0, "entropy": entropy}


def unit_normal() -> dict:
    """N(m, 1)."""
    square = ["pow", ["add", VAR, neg(MEAN)], 2]
    halves = ["mul", ["frac", -1, 2], LOG_2PI], ["mul", ["frac", -1, 2], square]
    return family(["add", *halves], mean="real")


def unit_certificate() -> dict:
    shift = ["mul", ["frac", -1, 2], MEAN]
    return standard_certificate() | {"direction": {"mean": 0}, "shift": shift}


def _vae2(name: str, law: dict, families: dict, ranges: list, h_encoder: Any) -> dict:
    """VAE-2 with another encoder, which is not looked into."""
    statement = vae2()["statement"]
    model = statement["model"] | {"name": name, "q": [law], "constraints": []}
    model["families"] |= families
    used = {n for n in ("nu", "tau2", "nu2") if json.dumps(["net", n])[1:-1] in json.dumps(law)}
    more = [network("nu2", "H", "D", "positive")]
    model["networks"] = [net for net in (*model["networks"], *more) if net["name"] in {"mu", *used}]
    closed_form = [
        "add",
        h_encoder,
        ["mul", ["frac", -1, 2], ["sum", "H", ["log", ["mul", 2, PI, E, ["param", "alpha2", 0]]]]],
        ["mul", ["frac", -1, 2], ["size", "D"], ["log", ["mul", 2, PI, E, ["param", "sigma2"]]]],
    ]
    conditions = standard(
        [("sigma2", "positive"), ("alpha2", "positive"), *ranges],
        sorted(model["families"]),
        ["sigma2", "alpha2"],
    )
    certificates = {"normal": normal_certificate()}
    return own_directions(model, certificates, statement["direction"], closed_form, conditions)


def opaque_prior() -> dict:
    """The same of the prior as well, in the same family."""
    document = opaque_decoder()
    statement = document["statement"]
    statement["model"]["p"][0]["family"] = "other"
    statement["model"]["name"] = "opaque_prior"
    log = ["sum", "H", ["log", ["mul", 2, PI, E, ["param", "alpha2", 0]]]]
    excess = ["add", *statement["claim"]["excess"][1:], ["mean", "N", ["H", "prior", 0]]]
    excess.append(["mul", ["frac", -1, 2], log])
    return own_directions(
        statement["model"],
        {"normal": normal_certificate()},
        statement["direction"],
        statement["claim"]["entropy_sum"],
        statement["conditions"],
        excess=excess,
    )


def twins(in_sum: Any = None, in_excess: Any = None) -> dict:
    """Prior and encoder of one family with a base measure: H[q] is an entropy, the prior's is a pseudo
    entropy. log p is that of N(0, 1) and log h = x^2, so the latter is one nat larger."""
    statement = any_law()["statement"]
    square = ["pow", VAR, 2]
    density = ["add", ["mul", ["frac", -1, 2], LOG_2PI], ["mul", ["frac", -1, 2], square]]
    model = statement["model"] | {"name": "twins"}
    model["families"] |= {"odd": family(density, base=square)}
    model["p"][0], model["q"][0] = prior("odd"), encoder("odd")
    model["parameters"] = model["parameters"][:1]
    squares = ["mean", "N", ["expect", ["sum", "H", ["pow", ["v", "z", 1, 0], 2]]]]
    of_prior = ["add", ["mul", ["frac", -1, 2], ["size", "H"], LOG_2PI]]
    of_prior.append(["mul", ["frac", -1, 2], squares])
    log = ["log", ["mul", 2, PI, E, ["param", "sigma2"]]]
    return own_directions(
        model,
        {"normal": normal_certificate()},
        {"sigma2": statement["direction"]["sigma2"]},
        ["add", in_sum or H_ENCODER, of_prior, ["mul", ["frac", -1, 2], ["size", "D"], log]],
        standard([("sigma2", "positive")], ["normal", "odd"], ["sigma2"], ("odd",)),
        excess=["add", in_excess or ["mean", "N", ["H", "prior", 0]], of_prior, neg(squares)],
        more=(["mean", "N", ["expect", ["logh", "prior", 0]]],),
        weights=(0, 1),
    )


def stretched(family_: dict, arguments: list, certificate: dict) -> dict:
    """VAE-2 with an encoder of any law and a fixed prior: what stretches its variable is believed, and
    the excess is E log p + H for N(0, 1) or N(m, 1)."""
    statement = any_law()["statement"]
    model = statement["model"] | {"name": "stretched"}
    model["families"] |= {"own": family_}
    model["p"][0] = prior("own", *arguments)
    model["variables"] = variables(latent=family_["support"])
    model["parameters"] = [model["parameters"][0], parameter("m", learned=False)]
    away = (
        ["add", ["v", "z", 1, 0], *(neg(argument) for argument in arguments)]
        if arguments
        else ["v", "z", 1, 0]
    )
    squares = ["mean", "N", ["expect", ["sum", "H", ["pow", away, 2]]]]
    excess = ["add", ["mul", HALF, ["size", "H"]], ["mul", ["frac", -1, 2], squares]]
    closed_form = statement["claim"]["entropy_sum"]
    closed_form[2] = ["mul", ["frac", -1, 2], ["size", "H"], LOG_2PIE]
    return own_directions(
        model,
        {"normal": normal_certificate(), "own": certificate},
        {"sigma2": statement["direction"]["sigma2"]},
        [*closed_form, excess],
        standard([("sigma2", "positive")], ["normal", "own"], ["sigma2"]),
        excess=excess,
        weights=(0, 1),
    )


def skewed() -> dict:
    """mean + scale (skew + N(0, 1)): the law of the noise is that of skew + N(0, 1)."""
    square = ["pow", ["add", UNIT, neg(["arg", "skew"])], 2]
    parts = ["mul", ["frac", -1, 2], LOG_2PI], neg(["log", SCALE])
    density = ["add", *parts, ["mul", ["frac", -1, 2], square]]
    return located(density, mean="real", scale="positive", skew="real")


def skewed_certificate() -> dict:
    middle = ["add", MEAN, ["mul", SCALE, ["arg", "skew"]]]
    return {
        "direction": {"mean": 0, "scale": 0, "skew": 0},
        "scale": HALF,
        "shift": ["mul", ["frac", -1, 2], middle],
        "entropy": ["add", ["log", SCALE], ["mul", HALF, LOG_2PIE]],
    }


def opaque_decoder() -> dict:
    """VAE-2 whose decoder's entropy nobody wrote down: the excess says how far it is from log 2 pi e."""
    statement = vae2()["statement"]
    model = statement["model"] | {"name": "opaque_decoder", "constraints": []}
    model["families"]["other"] = normal_family() | {"location": None, "scale": None}
    model["p"][1]["family"] = "other"
    log = ["log", ["mul", 2, PI, E, ["param", "sigma2"]]]
    entropy = ["mul", ["frac", -1, 2], ["size", "D"], log]
    excess = ["add", ["mean", "N", ["expect", ["H", "decoder", 0]]], entropy]
    conditions = standard(
        [("sigma2", "positive"), ("alpha2", "positive"), ("tau2", "positive")],
        ["normal", "other"],
        ["sigma2", "alpha2"],
    )
    certificates = {"normal": normal_certificate()}
    closed_form = statement["claim"]["entropy_sum"]
    direction = statement["direction"]
    return own_directions(model, certificates, direction, closed_form, conditions, excess=excess)


H_ENCODER = ["mean", "N", ["H", "encoder", 0]]
X = ["vec", "D", ["v", "x", 2, 0]]
NU, TAU2, NU2 = (["net", name, [0], [X]] for name in ("nu", "tau2", "nu2"))


def any_law() -> dict:
    return _vae2("any_law", encoder("any"), {}, [], H_ENCODER)


def logistic_encoder() -> dict:
    law = encoder("logistic", NU, TAU2)
    families, ranges = {"logistic": logistic()}, [("tau2", "positive")]
    return _vae2("logistic_encoder", law, families, ranges, H_ENCODER)


def gumbel_encoder() -> dict:
    law = encoder("gumbel", NU, TAU2)
    families, ranges = {"gumbel": gumbel()}, [("tau2", "positive")]
    return _vae2("gumbel_encoder", law, families, ranges, H_ENCODER)


def student_encoder() -> dict:
    law = encoder("student", NU, TAU2, NU2)
    families, ranges = {"student": student()}, [("tau2", "positive"), ("nu2", "positive")]
    return _vae2("student_encoder", law, families, ranges, H_ENCODER)


def own_names() -> dict:
    """The logistic family without location and scale: its entropy is H(nu, tau2), whatever it is."""
    law = encoder("logistic", NU, TAU2)
    own = logistic() | {"location": None, "scale": None}
    return _vae2("own_names", law, {"logistic": own}, [("tau2", "positive")], H_ENCODER)


def linear(
    name: str,
    law_of_prior: tuple[str, list],
    law_of_encoder: tuple[str, list],
    families: dict,
    certificates: dict,
    closed_form: Any,
    *,
    rate: Any = HALF,
    middle: bool = True,
    parameters: tuple = (),
    networks: tuple = (),
    decoder_mean: Any = None,
    encoder_mean: Any = None,
    lipschitz: tuple = (),
) -> dict:
    """A linear VAE in which z moves by `rate` times itself; sigma moves as in a Normal."""
    document = linear_vae()
    model = document["statement"]["model"] | {"name": name}
    model["families"] = families
    model["parameters"] += parameters
    model["networks"] = list(networks)
    model["p"][0] = prior(law_of_prior[0], *law_of_prior[1])
    if decoder_mean is not None:
        model["p"][1]["arguments"][0] = decoder_mean
    mean = model["q"][0]["arguments"][0] if encoder_mean is None else encoder_mean
    model["q"][0] = encoder(law_of_encoder[0], mean, *law_of_encoder[1])
    direction = document["statement"]["direction"]
    direction["W"] = ["mul", -1, rate, ["param", "W", 1, 0]]
    direction |= {
        "V": ["mul", rate, ["param", "V", 1, 0]],
        "c": ["mul", rate, ["param", "c", 0]],
        "tau": ["mul", rate, ["param", "tau", 0]],
    }
    old = document["statement"]["conditions"]
    ranges = [
        (a["name"], a["range"])
        for a in (*model["parameters"], *model["networks"])
        if a["range"] != "real"
    ]
    conditions = standard(ranges, sorted(families), [])
    conditions += [c for c in old if c[0] in ("reparametrised", "closed")]
    conditions += [["lipschitz", net] for net in lipschitz]
    conditions += [c for c in old if c[0] == "stationary"]
    h_enc, h_prior, h_dec = entropy_terms("reparam")
    e_prior = ["mean", "N", ["reparam", ["logp", "prior", 0]]]
    e_dec = ["mean", "N", ["reparam", ["logp", "decoder", 0]]]
    gap = ["add", h_enc, h_prior, h_dec, ["D", ["objective"]]]
    scaled = ["D", ["add", h_enc, e_prior]]
    steps = [
        ("definition", elbo()),
        ("reparametrise", elbo("reparam")),
        ("split", ["add", h_enc, e_prior, e_dec]),
        ("tempering", ["add", h_enc, e_prior, h_dec, ["D", e_dec]]),
        ("scaling", ["add", h_enc, h_prior, scaled, h_dec, ["D", e_dec]]),
        ("gap", gap),
        ("stationary", gap[:-1]),
        ("closed_form", closed_form),
    ]
    if not middle:
        steps = [step for step in steps if step[0] not in ("tempering", "scaling")]
    claim = {"gap": gap, "entropy_sum": closed_form, "excess": 0}
    return assemble(model, direction, claim, conditions, steps, certificates=certificates)


TAU = [["param", "tau", 0]]
LOG_TAU = ["sum", "H", ["log", *TAU]]
NORMAL = {"normal": normal_family()}
BY_NORMAL = {"normal": normal_certificate()}
H_X = [
    ["mul", ["frac", -1, 2], ["size", "D"], LOG_2PIE],
    ["mul", -1, ["size", "D"], ["log", ["param", "sigma"]]],
]
H_Z = ["mul", ["frac", -1, 2], ["size", "H"], LOG_2PIE]


def closed_logistic() -> dict:
    """VAE-1 with a logistic encoder: the noise has moments that nobody takes."""
    return linear(
        "closed_logistic",
        ("normal", [0, 1]),
        ("logistic", TAU),
        {**NORMAL, "logistic": logistic()},
        BY_NORMAL,
        ["add", H_ENCODER, H_Z, *H_X],
        middle=False,
    )


def closed_student() -> dict:
    """A Student-t encoder whose degrees of freedom depend on the datum."""
    return linear(
        "closed_student",
        ("normal", [0, 1]),
        ("student", [*TAU, NU2]),
        {**NORMAL, "student": student()},
        BY_NORMAL,
        ["add", H_ENCODER, H_Z, *H_X],
        networks=(network("nu2", "H", "D", "positive"),),
    )


def skewed_encoder(skew: str = "kappa") -> dict:
    """A certified encoder whose noise is not the standard one."""
    return linear(
        "skewed_encoder",
        ("normal", [0, 1]),
        ("skewed", [*TAU, ["param", skew]]),
        {**NORMAL, "skewed": skewed()},
        {**BY_NORMAL, "skewed": skewed_certificate()},
        ["add", LOG_TAU, *H_X],
        parameters=(parameter("kappa", learned=False),),
    )


NORMAL_TAU = [["pow", ["param", "tau", 0], 2]]


def laplace_prior() -> dict:
    """VAE-1 with prior Laplace(0, 1): z moves by itself."""
    return linear(
        "laplace_prior",
        ("laplace", [0, 1]),
        ("normal", NORMAL_TAU),
        {**NORMAL, "laplace": laplace()},
        {**BY_NORMAL, "laplace": laplace_certificate()},
        [
            "add",
            LOG_TAU,
            ["mul", HALF, ["size", "H"], LOG_2PIE],
            ["mul", -1, ["size", "H"], ["log", ["mul", 2, E]]],
            *H_X,
        ],
        rate=1,
    )


def own_standard_prior() -> dict:
    """VAE-1 whose prior N(0, 1) is a family of its own, without arguments."""
    return linear(
        "own_standard_prior",
        ("standard", []),
        ("normal", NORMAL_TAU),
        {**NORMAL, "standard": standard_normal()},
        {**BY_NORMAL, "standard": standard_certificate()},
        ["add", LOG_TAU, *H_X],
    )


def own_unit_prior() -> dict:
    """VAE-1 whose prior is N(m, 1) at m = 0."""
    return linear(
        "own_unit_prior",
        ("unit_normal", [0]),
        ("normal", NORMAL_TAU),
        {**NORMAL, "unit_normal": unit_normal()},
        {**BY_NORMAL, "unit_normal": unit_certificate()},
        ["add", LOG_TAU, *H_X],
    )


def deep() -> dict:
    """VAE-1 with networks: the decoder's input W z stands still to first order."""
    hidden = ["vec", "D", ["sum", "H", ["mul", ["param", "R", 1, 0], ["v", "z", 3, 0]]]]
    document = linear(
        "deep",
        ("normal", [0, 1]),
        ("normal", NORMAL_TAU),
        NORMAL,
        BY_NORMAL,
        ["add", LOG_TAU, *H_X],
        networks=(network("mu", "D", "D"),),
        decoder_mean=["add", ["net", "mu", [0], [hidden]], ["param", "b", 0]],
        lipschitz=("mu",),
    )
    return sealed(json.loads(json.dumps(document).replace('"W"', '"R"')))


LAWS = (
    any_law,
    logistic_encoder,
    gumbel_encoder,
    student_encoder,
    own_names,
    opaque_decoder,
    opaque_prior,
    twins,
    skewed_encoder,
    closed_logistic,
    closed_student,
    laplace_prior,
    own_standard_prior,
    own_unit_prior,
    deep,
)
