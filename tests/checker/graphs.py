"""Graphs of factors written by hand, all sizes symbolic: one document for each kind of model.

The closed form of each is written out from the model, not taken from the checker.
"""

from collections.abc import Callable
from typing import Any

from .graph_terms import (
    bernoulli_entropy,
    derivation,
    factor,
    half_log,
    log,
    mean,
    model,
    neg,
    net,
    network,
    param,
    parameter,
    plus,
    poisson_entropy,
    times,
    total,
    v,
    variable,
    vec,
)

HALF, MINUS_HALF = ["frac", 1, 2], ["frac", -1, 2]


def minus(text: str) -> list:
    """A variance that is tempered."""
    return neg(param(text))


def linear(size: str, weight: list, read: list, *bias: list) -> list:
    product = total(size, times(weight, read))
    return plus(product, *bias) if bias else product


def on_simplex(text: str, size: str, other: str) -> list:
    """p (log p + H[p]), which tempers a distribution along the simplex; `other` is its entry under a sum."""
    entry, summed = param(text), param(other)
    return times(entry, plus(log(entry), neg(total(size, times(summed, log(summed))))))


def negentropy(size: str, text: str) -> list:
    return total(size, times(param(text), log(param(text))))


def expected(body: Any) -> list:
    return ["expect", body]


X, Y = vec("D", v("x n d")), vec("K", v("y n k"))
Z1, Z2 = vec("H", v("z1 n h")), vec("L", v("z2 n l"))
PIXELS = neg(times(["size", "D"], half_log(param("s0"))))  # -H of a decoder with one variance
PI0 = on_simplex("pi0 k", "K", "pi0 k")


def _two_layers(name: str, parent: str, read: list, inputs: str) -> dict:
    scale = net("t2 l", read)
    made = model(
        name,
        "N D H L",
        variables=[
            variable("x N D", "observed"),
            variable("z1 N H", "latent"),
            variable("z2 N L", "latent"),
        ],
        parameters=[
            parameter("a2 L", "positive"),
            parameter("s1 H", "positive"),
            parameter("s0", "positive"),
        ],
        networks=[
            network("m1 H", "L"),
            network("m0 D", "H"),
            network("nu1 H", "D"),
            network("t1 H", "D", "positive"),
            network("nu2 L", inputs),
            network("t2 L", inputs, "positive"),
        ],
        p=[
            factor("top", "z2", "", "gauss", 0, param("a2 l")),
            factor("middle", "z1", "z2", "gauss", net("m1 h", Z2), param("s1 h")),
            factor("decoder", "x", "z1", "gauss", net("m0 d", Z1), param("s0")),
        ],
        q=[
            factor("q1", "z1", "x", "gauss", net("nu1 h", X), net("t1 h", X)),
            factor("q2", "z2", parent, "gauss", net("nu2 l", read), scale),
        ],
    )
    layer2 = total("L", half_log(scale))
    closed = plus(
        mean("N", total("H", half_log(net("t1 h", X)))),
        mean("N", layer2 if parent == "x" else expected(layer2)),
        neg(total("L", half_log(param("a2 l")))),
        neg(total("H", half_log(param("s1 h")))),
        PIXELS,
    )
    return derivation(made, {"a2": minus("a2 l"), "s1": minus("s1 h"), "s0": minus("s0")}, closed)


def two_layers() -> dict:
    """q(z1|x) q(z2|z1): the encoder entropy of z2 is averaged over z1."""
    return _two_layers("own_two_layers", "z1", Z1, "H")


def two_layers_from_data() -> dict:
    """q(z1|x) q(z2|x)."""
    return _two_layers("own_two_layers_x", "x", X, "D")


def chain(length: int) -> dict:
    """x <- z1 <- ... <- zL, and q upwards; all variances learned."""
    layers = range(1, length + 1)

    def read(k: int) -> list:
        return vec(f"H{k}", v(f"z{k} n h{k}")) if k else X

    def size(k: int) -> str:
        return f"H{k}" if k else "D"

    def place(k: int) -> str:
        return f"h{k}" if k else "d"

    def variance(k: int) -> list:
        return param(f"s{k} {place(k)}")

    p = [factor(f"p{length}", f"z{length}", "", "gauss", 0, variance(length))]
    for k in range(length - 1, -1, -1):
        centre = net(f"m{k} {place(k)}", read(k + 1))
        p.append(factor(f"p{k}", f"z{k}" if k else "x", f"z{k + 1}", "gauss", centre, variance(k)))
    q = []
    for k in layers:
        arguments = [net(f"{name}{k} h{k}", read(k - 1)) for name in ("nu", "tau")]
        q.append(factor(f"q{k}", f"z{k}", f"z{k - 1}" if k > 1 else "x", "gauss", *arguments))
    made = model(
        f"own_chain{length}",
        " ".join(["N", "D", *map(size, layers)]),
        variables=[
            variable("x N D", "observed"),
            *(variable(f"z{k} N H{k}", "latent") for k in layers),
        ],
        parameters=[parameter(f"s{k} {size(k)}", "positive") for k in range(length + 1)],
        networks=[
            *(network(f"m{k} {size(k)}", size(k + 1)) for k in range(length)),
            *(network(f"nu{k} {size(k)}", size(k - 1)) for k in layers),
            *(network(f"tau{k} {size(k)}", size(k - 1), "positive") for k in layers),
        ],
        p=p,
        q=q,
    )
    closed = []
    for k in layers:
        body = total(size(k), half_log(net(f"tau{k} h{k}", read(k - 1))))
        closed.append(mean("N", expected(body) if k > 1 else body))
    closed += [neg(total(size(k), half_log(variance(k)))) for k in range(length + 1)]
    direction = {f"s{k}": neg(variance(k)) for k in range(length + 1)}
    return derivation(made, direction, plus(*closed))


def linear_top() -> dict:
    """Top prior N(0, 1), z1 linear in z2, and q(z2|z1) with a linear last layer: z2 moves as noise,
    z1 does not."""
    feature = net("f j", Z1)
    made = model(
        "own_linear_top",
        "N D H L J",
        variables=[
            variable("x N D", "observed"),
            variable("z1 N H", "latent"),
            variable("z2 N L", "latent"),
        ],
        parameters=[
            parameter("W H L"),
            parameter("b H"),
            parameter("s1 H", "positive"),
            parameter("s0", "positive"),
            parameter("V L J"),
            parameter("c L"),
            parameter("tau L", "positive"),
        ],
        networks=[
            network("m0 D", "H"),
            network("nu1 H", "D"),
            network("t1 H", "D", "positive"),
            network("f J", "H"),
        ],
        p=[
            factor("top", "z2", "", "gauss", 0, 1),
            factor(
                "middle",
                "z1",
                "z2",
                "gauss",
                linear("L", param("W h l"), v("z2 n l"), param("b h")),
                param("s1 h"),
            ),
            factor("decoder", "x", "z1", "gauss", net("m0 d", Z1), param("s0")),
        ],
        q=[
            factor("q1", "z1", "x", "gauss", net("nu1 h", X), net("t1 h", X)),
            factor(
                "q2",
                "z2",
                "z1",
                "gauss",
                linear("J", param("V l j"), feature, param("c l")),
                ["pow", param("tau l"), 2],
            ),
        ],
    )
    direction = {
        "W": times(MINUS_HALF, param("W h l")),
        "V": times(HALF, param("V l j")),
        "c": times(HALF, param("c l")),
        "tau": times(HALF, param("tau l")),
        "s1": minus("s1 h"),
        "s0": minus("s0"),
    }
    closed = plus(
        mean("N", total("H", half_log(net("t1 h", X)))),
        total("L", log(param("tau l"))),
        neg(total("H", half_log(param("s1 h")))),
        PIXELS,
    )
    noise, scaled = {"q2": ["V", "c", "tau"]}, {"top": "q2"}
    return derivation(made, direction, closed, noise=_in_order(made, noise), scaled=scaled)


def _in_order(made: dict, noise: dict[str, list[str]]) -> dict[str, list[str]]:
    """Moved parameters as they are declared."""
    order = [one["name"] for one in made["parameters"]]
    return {name: sorted(reads, key=order.index) for name, reads in noise.items()}


def conditional() -> dict:
    """A conditional VAE: y is one-hot and given, and prior, decoder and encoder read it."""
    z = vec("H", v("z n h"))
    made = model(
        "own_conditional",
        "N D H K",
        variables=[
            variable("x N D", "observed"),
            variable("y N K", "given", "onehot"),
            variable("z N H", "latent"),
        ],
        parameters=[parameter("s1 H", "positive"), parameter("s0", "positive")],
        networks=[
            network("m1 H", "K"),
            network("m0 D", "H K"),
            network("nu H", "D K"),
            network("t H", "D K", "positive"),
        ],
        p=[
            factor("prior", "z", "y", "gauss", net("m1 h", Y), param("s1 h")),
            factor("decoder", "x", "z y", "gauss", net("m0 d", z, Y), param("s0")),
        ],
        q=[factor("encoder", "z", "x y", "gauss", net("nu h", X, Y), net("t h", X, Y))],
    )
    closed = plus(
        mean("N", total("H", half_log(net("t h", X, Y)))),
        neg(total("H", half_log(param("s1 h")))),
        PIXELS,
    )
    return derivation(made, {"s1": minus("s1 h"), "s0": minus("s0")}, closed)


def semi_supervised() -> dict:
    """Labelled data x, y with latent z, and unlabelled data u with latents c, w, of one model."""
    z, w = vec("H", v("z n h")), vec("H", v("w m h"))
    u, c = vec("D", v("u m d")), vec("K", v("c m k"))
    made = model(
        "own_semi_supervised",
        "N M D H K",
        data=["N", "M"],
        variables=[
            variable("x N D", "observed"),
            variable("y N K", "observed", "onehot"),
            variable("z N H", "latent"),
            variable("u M D", "observed"),
            variable("c M K", "latent", "onehot"),
            variable("w M H", "latent"),
        ],
        parameters=[
            parameter("pi0 K", "simplex"),
            parameter("a2 H", "positive"),
            parameter("s0", "positive"),
        ],
        networks=[
            network("mu D", "H K"),
            network("nu H", "D K"),
            network("t H", "D K", "positive"),
            network("r K", "D", "simplex"),
        ],
        p=[
            factor("label", "y", "", "categorical", vec("K", param("pi0 k"))),
            factor("prior", "z", "", "gauss", 0, param("a2 h")),
            factor("decoder", "x", "z y", "gauss", net("mu d", z, Y), param("s0")),
            factor("label_u", "c", "", "categorical", vec("K", param("pi0 k"))),
            factor("prior_u", "w", "", "gauss", 0, param("a2 h")),
            factor("decoder_u", "u", "w c", "gauss", net("mu d", w, c), param("s0")),
        ],
        q=[
            factor("encoder", "z", "x y", "gauss", net("nu h", X, Y), net("t h", X, Y)),
            factor("classifier", "c", "u", "categorical", vec("K", net("r k", u))),
            factor("encoder_u", "w", "u c", "gauss", net("nu h", u, c), net("t h", u, c)),
        ],
    )
    number = ["pow", plus(["size", "N"], ["size", "M"]), -1]
    guess = net("r k", u)
    closed = plus(
        times(["size", "N"], number, mean("N", total("H", half_log(net("t h", X, Y))))),
        times(["size", "M"], number, mean("M", neg(total("K", times(guess, log(guess)))))),
        times(["size", "M"], number, mean("M", expected(total("H", half_log(net("t h", u, c)))))),
        negentropy("K", "pi0 k"),
        neg(total("H", half_log(param("a2 h")))),
        PIXELS,
    )
    return derivation(made, {"pi0": PI0, "a2": minus("a2 h"), "s0": minus("s0")}, closed)


def _mixture(name: str, variances: str, variance: list) -> dict:
    return model(
        name,
        "N D K",
        variables=[variable("x N D", "observed"), variable("c N K", "latent", "onehot")],
        parameters=[
            parameter("pi0 K", "simplex"),
            parameter("m D K"),
            parameter(variances, "positive"),
        ],
        p=[
            factor("classes", "c", "", "categorical", vec("K", param("pi0 k"))),
            factor("component", "x", "c", "gauss", param("m d k"), variance, select="c"),
        ],
        q=[factor("posterior", "c", "x", "any")],
    )


def mixture() -> dict:
    """A Gaussian mixture with a variance for each dimension and class; q of any law."""
    made = _mixture("own_mixture", "s D K", param("s d k"))
    chosen = total("K", times(v("c n k"), total("D", half_log(param("s d k")))))
    closed = plus(
        mean("N", ["H", "posterior", "n"]),
        negentropy("K", "pi0 k"),
        neg(mean("N", expected(chosen))),
    )
    return derivation(made, {"pi0": PI0, "s": minus("s d k")}, closed)


def mixture_with_one_variance() -> dict:
    made = _mixture("own_shared_mixture", "s0", param("s0"))
    closed = plus(mean("N", ["H", "posterior", "n"]), negentropy("K", "pi0 k"), PIXELS)
    return derivation(made, {"pi0": PI0, "s0": minus("s0")}, closed)


def weighted_mixture() -> dict:
    """The components' part of the objective counts beta times; F is the ELBO all the same."""
    made = _mixture("own_weighted_mixture", "s0", param("s0"))
    made["parameters"].append(parameter("beta", "positive", learned=False))
    closed = plus(mean("N", ["H", "posterior", "n"]), negentropy("K", "pi0 k"), PIXELS)
    direction = {"pi0": PI0, "s0": times(-1, param("s0"), ["pow", param("beta"), -1])}
    return derivation(made, direction, closed, weights={"component": param("beta")})


def factor_analysers() -> dict:
    """A mixture of factor analysers, with q(c|x) q(z|x,c) that selects as well."""
    made = model(
        "own_factor_analysers",
        "N D H K",
        variables=[
            variable("x N D", "observed"),
            variable("c N K", "latent", "onehot"),
            variable("z N H", "latent"),
        ],
        parameters=[
            parameter("pi0 K", "simplex"),
            parameter("W D H K"),
            parameter("b D K"),
            parameter("s D K", "positive"),
            parameter("a2 H K", "positive"),
        ],
        networks=[
            network("r K", "D", "simplex"),
            network("nu H K", "D"),
            network("t H K", "D", "positive"),
        ],
        p=[
            factor("classes", "c", "", "categorical", vec("K", param("pi0 k"))),
            factor("prior", "z", "c", "gauss", 0, param("a2 h k"), select="c"),
            factor(
                "decoder",
                "x",
                "z c",
                "gauss",
                linear("H", param("W d h k"), v("z n h"), param("b d k")),
                param("s d k"),
                select="c",
            ),
        ],
        q=[
            factor("guess", "c", "x", "categorical", vec("K", net("r k", X))),
            factor("encoder", "z", "x c", "gauss", net("nu h k", X), net("t h k", X), select="c"),
        ],
    )
    r = net("r k", X)
    closed = plus(
        neg(mean("N", total("K", times(r, log(r))))),
        mean("N", expected(total("K", times(v("c n k"), total("H", half_log(net("t h k", X))))))),
        negentropy("K", "pi0 k"),
        neg(
            mean(
                "N", expected(total("K", times(v("c n k"), total("H", half_log(param("a2 h k"))))))
            )
        ),
        neg(
            mean("N", expected(total("K", times(v("c n k"), total("D", half_log(param("s d k")))))))
        ),
    )
    return derivation(made, {"pi0": PI0, "s": minus("s d k"), "a2": minus("a2 h k")}, closed)


def mixture_prior() -> dict:
    """A VAE with a mixture as its prior: the networks of q(z|x,c) read the class."""
    c, z = vec("K", v("c n k")), vec("H", v("z n h"))
    made = model(
        "own_mixture_prior",
        "N D H K",
        variables=[
            variable("x N D", "observed"),
            variable("c N K", "latent", "onehot"),
            variable("z N H", "latent"),
        ],
        parameters=[
            parameter("pi0 K", "simplex"),
            parameter("m H K"),
            parameter("s1 H K", "positive"),
            parameter("s0", "positive"),
        ],
        networks=[
            network("m0 D", "H"),
            network("r K", "D", "simplex"),
            network("nu H", "D K"),
            network("t H", "D K", "positive"),
        ],
        p=[
            factor("classes", "c", "", "categorical", vec("K", param("pi0 k"))),
            factor("prior", "z", "c", "gauss", param("m h k"), param("s1 h k"), select="c"),
            factor("decoder", "x", "z", "gauss", net("m0 d", z), param("s0")),
        ],
        q=[
            factor("guess", "c", "x", "categorical", vec("K", net("r k", X))),
            factor("encoder", "z", "x c", "gauss", net("nu h", X, c), net("t h", X, c)),
        ],
    )
    r = net("r k", X)
    closed = plus(
        neg(mean("N", total("K", times(r, log(r))))),
        mean("N", expected(total("H", half_log(net("t h", X, c))))),
        negentropy("K", "pi0 k"),
        neg(
            mean(
                "N", expected(total("K", times(v("c n k"), total("H", half_log(param("s1 h k"))))))
            )
        ),
        PIXELS,
    )
    return derivation(made, {"pi0": PI0, "s1": minus("s1 h k"), "s0": minus("s0")}, closed)


def _regression(name: str, q: dict, entropy: Any, more: tuple = ()) -> dict:
    """Weights that all data share: their terms count once, not once for each datum."""
    made = model(
        name,
        "N J",
        variables=[
            variable("y N", "observed"),
            variable("a N J", "given"),
            variable("w J", "latent"),
        ],
        parameters=[parameter("a2", "positive"), parameter("s2", "positive"), *more],
        p=[
            factor("weights", "w", "", "gauss", 0, param("a2")),
            factor(
                "likelihood",
                "y",
                "w a",
                "gauss",
                linear("J", v("a n j"), v("w j")),
                param("s2"),
            ),
        ],
        q=[q],
    )
    each = ["pow", ["size", "N"], -1]
    closed = plus(
        times(each, entropy),
        times(-1, each, ["size", "J"], half_log(param("a2"))),
        neg(half_log(param("s2"))),
    )
    return derivation(made, {"a2": minus("a2"), "s2": minus("s2")}, closed)


def regression() -> dict:
    """Bayesian linear regression, q(w) of any law."""
    return _regression("own_regression", factor("posterior", "w", "a y", "any"), ["H", "posterior"])


def regression_normal() -> dict:
    """Bayesian linear regression, q(w) normal with its own mean and variance, which do not move."""
    q = factor("posterior", "w", "", "gauss", param("mw j"), param("tw j"))
    more = (parameter("mw J"), parameter("tw J", "positive"))
    return _regression("own_regression_normal", q, total("J", half_log(param("tw j"))), more)


def classifier() -> dict:
    """A softmax classifier on given inputs: no latent, so F is the mean log-likelihood."""
    logit = linear("J", param("W k j"), v("a n j"), param("b k"))
    norm = total("K", ["exp", logit])
    made = model(
        "own_classifier",
        "N J K",
        variables=[variable("y N K", "observed", "onehot"), variable("a N J", "given")],
        parameters=[parameter("W K J"), parameter("b K")],
        p=[factor("likelihood", "y", "a", "softmax", vec("K", logit))],
    )
    expected_logit = times(total("K", times(logit, ["exp", logit])), ["pow", norm, -1])
    closed = plus(neg(mean("N", log(norm))), mean("N", expected_logit))
    return derivation(made, {"W": param("W k j"), "b": param("b k")}, closed)


def heteroscedastic() -> dict:
    """Regression whose log variance is linear in given features, with a bias that is tempered."""
    features = vec("J", v("a n j"))
    log_variance = linear("J", param("u j"), v("a n j"), param("c"))
    made = model(
        "own_heteroscedastic",
        "N J",
        variables=[variable("y N", "observed"), variable("a N J", "given")],
        parameters=[parameter("u J"), parameter("c")],
        networks=[network("mu", "J")],
        p=[factor("likelihood", "y", "a", "gauss", net("mu", features), ["exp", log_variance])],
    )
    closed = neg(mean("N", half_log(["exp", log_variance])))
    return derivation(made, {"c": -1}, closed)


def state_space() -> dict:
    """A linear-Gaussian state space: z0, then z with a lag; q of any law over the whole trajectory."""
    made = model(
        "own_state_space",
        "N T D H",
        variables=[
            variable("x N T D", "observed"),
            variable("z0 N H", "latent"),
            variable("z N T H", "latent"),
        ],
        lags={"z@-1": {"plate": "T", "start": "z0"}},
        parameters=[
            parameter("P0 H", "positive"),
            parameter("A H H"),
            parameter("Q H", "positive"),
            parameter("C D H"),
            parameter("R D", "positive"),
        ],
        p=[
            factor("start", "z0", "", "gauss", 0, param("P0 h")),
            factor(
                "transition",
                "z",
                "z@-1",
                "gauss",
                total("H:g", times(param("A h g"), v("z@-1 n t g"))),
                param("Q h"),
            ),
            factor(
                "emission",
                "x",
                "z",
                "gauss",
                linear("H", param("C d h"), v("z n t h")),
                param("R d"),
            ),
        ],
        q=[factor("smoother", "z0 z", "x", "any")],
    )
    closed = plus(
        mean("N", ["H", "smoother", "n"]),
        neg(total("H", half_log(param("P0 h")))),
        neg(times(["size", "T"], total("H", half_log(param("Q h"))))),
        neg(times(["size", "T"], total("D", half_log(param("R d"))))),
    )
    return derivation(made, {"P0": minus("P0 h"), "Q": minus("Q h"), "R": minus("R d")}, closed)


def hidden_markov() -> dict:
    """A hidden Markov model: the rows of A are simplexes, and c one step earlier selects the row."""
    made = model(
        "own_hidden_markov",
        "N T D K",
        variables=[
            variable("x N T D", "observed"),
            variable("c0 N K", "latent", "onehot"),
            variable("c N T K", "latent", "onehot"),
        ],
        lags={"c@-1": {"plate": "T", "start": "c0"}},
        parameters=[
            parameter("pi0 K", "simplex"),
            parameter("A K K", "simplex"),
            parameter("m D K"),
            parameter("s D K", "positive"),
        ],
        p=[
            factor("start", "c0", "", "categorical", vec("K", param("pi0 k"))),
            factor(
                "transition",
                "c",
                "c@-1",
                "categorical",
                vec("K:j", param("A k j")),
                select="c@-1",
            ),
            factor("emission", "x", "c", "gauss", param("m d k"), param("s d k"), select="c"),
        ],
        q=[factor("smoother", "c0 c", "x", "any")],
    )
    row = total("K:j", times(param("A k j"), log(param("A k j"))))
    emitted = total("K", times(v("c n t k"), total("D", half_log(param("s d k")))))
    closed = plus(
        mean("N", ["H", "smoother", "n"]),
        negentropy("K", "pi0 k"),
        mean("N", expected(total("T", total("K", times(v("c@-1 n t k"), row))))),
        neg(mean("N", expected(total("T", emitted)))),
    )
    direction = {"pi0": PI0, "A": on_simplex("A k j", "K:i", "A k i"), "s": minus("s d k")}
    return derivation(made, direction, closed)


def belief_net() -> dict:
    """A sigmoid belief net with two binary layers: all logits are tempered."""
    top = param("b2 l")
    middle = linear("L", param("U h l"), v("z2 n l"), param("b1 h"))
    bottom = linear("H", param("W d h"), v("z1 n h"), param("b0 d"))
    first, second = net("f1 h", X), net("f2 l", Z1)
    made = model(
        "own_belief_net",
        "N D H L",
        variables=[
            variable("x N D", "observed", "binary"),
            variable("z1 N H", "latent", "binary"),
            variable("z2 N L", "latent", "binary"),
        ],
        parameters=[
            parameter("b2 L"),
            parameter("U H L"),
            parameter("b1 H"),
            parameter("W D H"),
            parameter("b0 D"),
        ],
        networks=[network("f1 H", "D"), network("f2 L", "H")],
        p=[
            factor("top", "z2", "", "bernoulli", top),
            factor("middle", "z1", "z2", "bernoulli", middle),
            factor("decoder", "x", "z1", "bernoulli", bottom),
        ],
        q=[
            factor("q1", "z1", "x", "bernoulli", first),
            factor("q2", "z2", "z1", "bernoulli", second),
        ],
    )
    closed = plus(
        mean("N", total("H", bernoulli_entropy(first))),
        mean("N", expected(total("L", bernoulli_entropy(second)))),
        neg(total("L", bernoulli_entropy(top))),
        neg(mean("N", expected(total("H", bernoulli_entropy(middle))))),
        neg(mean("N", expected(total("D", bernoulli_entropy(bottom))))),
    )
    texts = ("b2 l", "U h l", "b1 h", "W d h", "b0 d")
    return derivation(made, {text.split()[0]: param(text) for text in texts}, closed)


def visits() -> dict:
    """Two nested plates: patients with visits, and a latent of each."""
    x, w = vec("D", v("x n t d")), vec("L", v("w n t l"))
    z = vec("H", v("z n h"))
    made = model(
        "own_visits",
        "N T D H L",
        variables=[
            variable("x N T D", "observed"),
            variable("z N H", "latent"),
            variable("w N T L", "latent"),
        ],
        parameters=[
            parameter("a2 H", "positive"),
            parameter("s1 L", "positive"),
            parameter("s0", "positive"),
        ],
        networks=[
            network("m1 L", "H"),
            network("m0 D", "L H"),
            network("nu L", "D H"),
            network("t L", "D H", "positive"),
        ],
        p=[
            factor("patient", "z", "", "gauss", 0, param("a2 h")),
            factor("visit", "w", "z", "gauss", net("m1 l", z), param("s1 l")),
            factor("decoder", "x", "w z", "gauss", net("m0 d", w, z), param("s0")),
        ],
        q=[
            factor("posterior", "z", "x", "any"),
            factor("encoder", "w", "x z", "gauss", net("nu l", x, z), net("t l", x, z)),
        ],
    )
    closed = plus(
        mean("N", ["H", "posterior", "n"]),
        mean("N", expected(total("T", total("L", half_log(net("t l", x, z)))))),
        neg(total("H", half_log(param("a2 h")))),
        neg(times(["size", "T"], total("L", half_log(param("s1 l"))))),
        neg(times(["size", "T"], ["size", "D"], half_log(param("s0")))),
    )
    return derivation(made, {"a2": minus("a2 h"), "s1": minus("s1 l"), "s0": minus("s0")}, closed)


def groups() -> dict:
    """A variance for each group of dimensions; which group a dimension is in is given once for all data."""
    z = vec("H", v("z n h"))
    made = model(
        "own_groups",
        "N D H G",
        variables=[
            variable("x N D", "observed"),
            variable("group D G", "given", "onehot"),
            variable("z N H", "latent"),
        ],
        parameters=[parameter("a2 H", "positive"), parameter("s G", "positive")],
        networks=[
            network("m0 D", "H"),
            network("nu H", "D"),
            network("t H", "D", "positive"),
        ],
        p=[
            factor("prior", "z", "", "gauss", 0, param("a2 h")),
            factor(
                "decoder", "x", "z group", "gauss", net("m0 d", z), param("s k"), select="group"
            ),
        ],
        q=[factor("encoder", "z", "x", "gauss", net("nu h", X), net("t h", X))],
    )
    chosen = total("D", total("G", times(v("group d g"), half_log(param("s g")))))
    closed = plus(
        mean("N", total("H", half_log(net("t h", X)))),
        neg(total("H", half_log(param("a2 h")))),
        neg(chosen),
    )
    return derivation(made, {"a2": minus("a2 h"), "s": minus("s g")}, closed)


def two_plates() -> dict:
    """A mixture with labelled data x, y and unlabelled data u with a latent c, of one model."""
    made = model(
        "own_two_plates",
        "N M D K",
        data=["N", "M"],
        variables=[
            variable("x N D", "observed"),
            variable("y N K", "observed", "onehot"),
            variable("u M D", "observed"),
            variable("c M K", "latent", "onehot"),
        ],
        parameters=[
            parameter("pi0 K", "simplex"),
            parameter("m D K"),
            parameter("s D", "positive"),
        ],
        p=[
            factor("label", "y", "", "categorical", vec("K", param("pi0 k"))),
            factor("component", "x", "y", "gauss", param("m d k"), param("s d"), select="y"),
            factor("label_u", "c", "", "categorical", vec("K", param("pi0 k"))),
            factor("component_u", "u", "c", "gauss", param("m d k"), param("s d"), select="c"),
        ],
        q=[factor("posterior", "c", "u", "any")],
    )
    number = ["pow", plus(["size", "N"], ["size", "M"]), -1]
    closed = plus(
        times(["size", "M"], number, mean("M", ["H", "posterior", "m"])),
        negentropy("K", "pi0 k"),
        neg(total("D", half_log(param("s d")))),
    )
    return derivation(made, {"pi0": PI0, "s": minus("s d")}, closed)


def binary_weights() -> dict:
    """Regression whose weights are binary and shared by all data."""
    logit = param("b j")
    made = model(
        "own_binary_weights",
        "N J",
        variables=[
            variable("y N", "observed"),
            variable("a N J", "given"),
            variable("w J", "latent", "binary"),
        ],
        parameters=[parameter("b J"), parameter("s2", "positive")],
        p=[
            factor("weights", "w", "", "bernoulli", logit),
            factor(
                "likelihood", "y", "w a", "gauss", linear("J", v("a n j"), v("w j")), param("s2")
            ),
        ],
        q=[factor("posterior", "w", "a y", "any")],
    )
    each = ["pow", ["size", "N"], -1]
    closed = plus(
        times(each, ["H", "posterior"]),
        times(-1, each, total("J", bernoulli_entropy(logit))),
        neg(half_log(param("s2"))),
    )
    return derivation(made, {"b": logit, "s2": minus("s2")}, closed)


def count_mixture() -> dict:
    """A mixture of Poisson laws: pseudo entropies, and the mean of -log x!."""
    made = model(
        "own_count_mixture",
        "N D K",
        variables=[variable("x N D", "observed", "count"), variable("c N K", "latent", "onehot")],
        parameters=[parameter("pi0 K", "simplex"), parameter("m D K")],
        p=[
            factor("classes", "c", "", "categorical", vec("K", param("pi0 k"))),
            factor("component", "x", "c", "poisson_log", param("m d k"), select="c"),
        ],
        q=[factor("posterior", "c", "x", "any")],
    )
    chosen = total("K", times(v("c n k"), total("D", poisson_entropy(param("m d k")))))
    closed = plus(
        mean("N", ["H", "posterior", "n"]),
        negentropy("K", "pi0 k"),
        neg(mean("N", expected(chosen))),
        neg(mean("N", total("D", ["loggamma", plus(v("x n d"), 1)]))),
    )
    return derivation(made, {"pi0": PI0, "m": param("m d k")}, closed)


def noise_after_a_lag() -> dict:
    """w_t moves as noise, and its location reads z_(t-1), which stands still."""
    made = model(
        "own_noise_after_a_lag",
        "N T",
        variables=[
            variable("x N T", "observed"),
            variable("z0 N", "latent"),
            variable("z N T", "latent"),
            variable("w N T", "latent"),
        ],
        lags={"z@-1": {"plate": "T", "start": "z0"}},
        parameters=[
            *(parameter(name, "positive") for name in ("s0", "s1", "s2", "tau")),
            *(parameter(name) for name in "WVc"),
        ],
        p=[
            factor("emission", "x", "w", "gauss", times(param("W"), v("w n t")), param("s0")),
            factor("transition", "z", "z@-1", "gauss", v("z@-1 n t"), param("s1")),
            factor("start", "z0", "", "gauss", 0, param("s2")),
            factor("prior", "w", "", "gauss", 0, 1),
        ],
        q=[
            factor("smoother", "z0 z", "x", "any"),
            factor(
                "encoder",
                "w",
                "z@-1",
                "gauss",
                plus(times(param("V"), v("z@-1 n t")), param("c")),
                ["pow", param("tau"), 2],
            ),
        ],
    )
    closed = plus(
        mean("N", ["H", "smoother", "n"]),
        times(["size", "T"], log(param("tau"))),
        *(neg(times(["size", "T"], half_log(param(name)))) for name in ("s0", "s1")),
        neg(half_log(param("s2"))),
    )
    direction = {name: minus(name) for name in ("s0", "s1", "s2")}
    direction |= {name: times(HALF, param(name)) for name in ("tau", "V", "c")}
    direction["W"] = times(MINUS_HALF, param("W"))
    noise = {"encoder": ["tau", "V", "c"]}
    return derivation(made, direction, closed, noise=noise, scaled={"prior": "encoder"})


def global_noise() -> dict:
    """Weights with the prior N(0, 1) that all data share: q(w) moves with the scale of the likelihood."""
    read = total("J", times(v("a n j"), v("w j")))
    made = model(
        "own_global_noise",
        "N J",
        variables=[
            variable("y N", "observed"),
            variable("a N J", "given"),
            variable("w J", "latent"),
        ],
        parameters=[
            parameter("W"),
            parameter("s0", "positive"),
            parameter("nu J"),
            parameter("tau J", "positive"),
        ],
        p=[
            factor("weights", "w", "", "gauss", 0, 1),
            factor("likelihood", "y", "w a", "gauss", times(param("W"), read), param("s0")),
        ],
        q=[factor("posterior", "w", "", "gauss", param("nu j"), ["pow", param("tau j"), 2])],
    )
    closed = plus(
        times(["pow", ["size", "N"], -1], total("J", log(param("tau j")))),
        neg(half_log(param("s0"))),
    )
    direction = {
        "W": times(MINUS_HALF, param("W")),
        "s0": minus("s0"),
        "nu": times(HALF, param("nu j")),
        "tau": times(HALF, param("tau j")),
    }
    noise = {"posterior": ["nu", "tau"]}
    return derivation(made, direction, closed, noise=noise, scaled={"weights": "posterior"})


def covariances() -> dict:
    """Positive definite matrices as data: a Wishart law in its scale and its shape."""
    made = model(
        "own_covariances",
        "N D",
        variables=[variable("X N D D", "observed", "posdef")],
        parameters=[parameter("V D D", "posdef"), parameter("s", "positive")],
        p=[factor("law", "X", "", "wishart", ["mat", "V"], param("s"))],
    )
    closed = neg(of_wishart("D", ["mat", "V"], param("s")))
    return derivation(made, {"V": ["scaled", -1, ["mat", "V"]], "s": plus(param("s"), -2)}, closed)


def of_wishart(size: str, V: Any, s: Any) -> list:
    """The entropy of a Wishart law."""
    dim, halves = ["size", size], times(HALF, plus(s, ["index", "i"], -1))
    freedom = plus(s, dim, -1)
    mean_log_det = plus(total(f"{size}:i", ["digamma", halves]), times(dim, log(2)), ["logdet", V])
    return plus(
        times(HALF, freedom, dim, log(2)),
        times(HALF, freedom, ["logdet", V]),
        times(["frac", 1, 4], dim, plus(dim, -1), log(["pi"])),
        total(f"{size}:i", ["loggamma", halves]),
        times(["frac", -1, 2], plus(s, -2), mean_log_det),
        times(HALF, freedom, dim),
    )


def precisions() -> dict:
    """A precision matrix for each datum and group, with a Wishart prior and any law as posterior."""
    L = ["matv", "L", "n", "g"]
    spread = ["scaled", param("t"), ["inverse", L]]
    made = model(
        "own_precisions",
        "N G D",
        variables=[variable("x N G D", "observed"), variable("L N G D D", "latent", "posdef")],
        parameters=[
            parameter("V D D", "posdef"),
            parameter("s", "positive"),
            parameter("m D"),
            parameter("t", "positive"),
        ],
        p=[
            factor("prior", "L", "", "wishart", ["mat", "V"], param("s")),
            factor("decoder", "x", "L", "gaussian", vec("D", param("m d")), spread),
        ],
        q=[factor("posterior", "L", "x", "any")],
    )
    normal = plus(
        times(HALF, ["size", "D"], log(times(2, ["pi"], ["e"]))), times(HALF, ["logdet", spread])
    )
    closed = plus(
        mean("N", ["H", "posterior", "n"]),
        neg(times(["size", "G"], of_wishart("D", ["mat", "V"], param("s")))),
        neg(mean("N", expected(total("G", normal)))),
    )
    moves = {"V": ["scaled", -1, ["mat", "V"]], "s": plus(param("s"), -2), "t": minus("t")}
    return derivation(made, moves, closed)


def images() -> dict:
    """Rectangular data with a mean that reads an input, and a covariance of rows and of columns; what selects the scale of the rows is one-hot."""
    M = vec("R", vec("D", net("M r d", vec("K", v("u n k")))))
    rows = ["scaled", param("w k"), ["mat", "U"]]
    made = model(
        "own_images",
        "N R D K C",
        variables=[
            variable("Y N R D", "observed"),
            variable("u N K", "given"),
            variable("c N C", "given", "onehot"),
        ],
        parameters=[
            parameter("U R R", "posdef"),
            parameter("V D D", "posdef"),
            parameter("w C", "positive"),
        ],
        networks=[network("M R D", "K")],
        p=[
            factor("law", "Y", "u c", "matrix_normal", M, rows, ["mat", "V"], select="c"),
        ],
    )
    R, D = ["size", "R"], ["size", "D"]
    whole = plus(
        times(HALF, R, D, log(times(2, ["pi"], ["e"]))),
        times(HALF, R, D, log(param("w c"))),
        times(HALF, D, ["logdet", ["mat", "U"]]),
        times(HALF, R, ["logdet", ["mat", "V"]]),
    )
    closed = neg(mean("N", total("C", times(v("c n c"), whole))))
    return derivation(made, {"U": ["scaled", -1, ["mat", "U"]]}, closed)


GRAPHS: dict[str, Callable[[], dict]] = {
    made.__name__: made
    for made in (
        two_layers,
        two_layers_from_data,
        linear_top,
        conditional,
        semi_supervised,
        mixture,
        mixture_with_one_variance,
        weighted_mixture,
        factor_analysers,
        mixture_prior,
        regression,
        regression_normal,
        classifier,
        heteroscedastic,
        state_space,
        hidden_markov,
        belief_net,
        visits,
        groups,
        two_plates,
        binary_weights,
        count_mixture,
        noise_after_a_lag,
        global_noise,
        covariances,
        precisions,
        images,
    )
}
