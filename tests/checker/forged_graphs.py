"""Graphs that must not be accepted, each for one reason that no prior, decoder and encoder has."""

from typing import Any

from . import single_graphs as single
from .documents import family, neg, parameter, poisson, vae2
from .exposing import (
    CONDITIONS,
    Build,
    based_decoder,
    fixed_decoder,
    nothing,
    other_family,
    with_gap,
)
from .forging import DELETE, DIRECTION, MODEL, SUM, bonus, everywhere, forged
from .small_graphs import (
    any_law,
    chain,
    classes,
    entropy,
    ladder,
    law,
    mixture,
    over,
    shared,
    weights,
)

END = ("steps", -1, "result")


def given(
    *plates: str,
    first: tuple[str, ...] = ("N",),
    plate: str = "K",
    start: str = "y0",
    name: str = "y@-1",
    supports: tuple[str, str] = ("real", "real"),
) -> Build:
    """VAE-2 with y and y0, which nothing reads, and a lag of y."""

    def build() -> dict:
        declared = [
            over("y", list(plates), "given", supports[0]),
            over("y0", list(first), "given", supports[1]),
        ]
        words = [["support", v["name"], v["support"]] for v in declared if v["support"] != "real"]
        return forged(
            vae2(),
            ((*MODEL, "sizes"), lambda old: [*old, "T", "K"]),
            ((*MODEL, "variables"), lambda old: [*old, *declared]),
            ((*MODEL, "lags"), {name: {"plate": plate, "start": start}}),
            (CONDITIONS, lambda old: [*old[:3], *words, ["start", name, start], *old[3:]]),
        )

    return build


def declared(*variables: dict, **more: Any) -> Build:
    """VAE-2 with further variables, which nothing reads."""
    words = [
        ["support", v["name"], v["support"]]
        for v in variables
        if v["support"] != "real" and v["role"] != "latent"
    ]
    return lambda: forged(
        vae2(),
        ((*MODEL, "sizes"), lambda old: [*old, "K"]),
        ((*MODEL, "variables"), lambda old: [*old, *variables]),
        *(((*MODEL, key), value) for key, value in more.items()),
        (CONDITIONS, lambda old: [*old[:3], *words, *old[3:]]),
    )


def edit(build: Build, *path: Any, to: Any) -> Build:
    return lambda: forged(build(), ((*MODEL, *path), to))


def _one_law_for_two() -> dict:
    """A Normal of two variables, of which only the first would be looked at."""
    form = ["mul", ["size", "T"], entropy(1)]
    both = law("q", "z", ["x"], 0, 1) | {"of": ["z", "z0"]}
    return forged(chain(), ((*MODEL, "q", 0), both), ((*SUM, 1), form), ((*END, 1), form))


def _data_for_all() -> dict:
    """The law of a global latent reads data, of which its place has none."""
    each = ["pow", ["size", "N"], -1]
    form = ["mul", each, ["size", "D"], entropy(1)]
    reads = law("q", "w", ["x"], 0, 1)
    return forged(shared(), ((*MODEL, "q", 0), reads), ((*SUM, 1), form), ((*END, 1), form))


def _vectors_of_data() -> dict:
    """A density over the data as one vector."""
    document = fixed_decoder(0, "real", 0, 0, 0)
    return forged(
        document,
        ((*MODEL, "variables", 0, "plates"), ["N"]),
        ((*MODEL, "families", "other"), family(0, spare="vector")),
        ((*MODEL, "p", 1, "arguments"), [["vec", "N", 0]]),
        (("certificates", "other", "direction", "spare"), 0),
    )


def _weights_that_are_positive() -> dict:
    return forged(
        mixture(),
        ((*MODEL, "parameters", 0, "range"), "positive"),
        ((*CONDITIONS, 0), ["range", "w", "positive"]),
    )


def _real_classes() -> dict:
    return forged(
        classes(),
        ((*MODEL, "variables", 1, "support"), "real"),
        (CONDITIONS, lambda old: [c for c in old if c[0] != "support"]),
    )


def _circle_in_q() -> dict:
    document = everywhere(ladder(), (["H", "q2", 0], ["expect", ["H", "q2", 0]]))
    return forged(document, ((*MODEL, "q", 1, "given"), ["x", "z1"]))


def _any_law_of_what_moves() -> dict:
    """q1 is any law and reads z2, which is stretched."""
    whole = ["mean", "N", ["H", "q1", 0]]
    middle = ["mul", -1, ["size", "H"], entropy(["param", "s2"])]
    document = everywhere(ladder(), (["expect", ["H", "q1", 0]], ["H", "q1", 0]))
    return forged(
        document,
        ((*MODEL, "q", 0), any_law(["z1"], ["z2"], "q1")),
        ((*MODEL, "parameters"), lambda old: old[:-2]),
        ((*DIRECTION, "R"), DELETE),
        ((*SUM, 2), whole),
        ((*END, 2), whole),
        ((*SUM, 3), middle),
        ((*END, 3), middle),
        (
            CONDITIONS,
            lambda old: [c for c in old if not {"R", "rho"} & {*c} and c[1:] != ["q1"]],
        ),
    )


def _density_of_any_law() -> dict:
    """logh of any law, where a claim may hold logh, for its entropy."""
    whole = ["mean", "N", ["logh", "q", 0]]
    return forged(mixture(), ((*SUM, 1), whole), ((*END, 1), whole))


def _base_that_reads_a_latent() -> dict:
    """A base measure that depends on the mean, which is a network of z."""
    log_h = ["mean", "N", ["expect", ["logh", "decoder", 0]]]
    return other_family("decoder", base=["arg", "mean"], more=(log_h,))


def _counts_that_are_binary() -> dict:
    """Poisson counts of which none is above 1: the decoder's law is wider than its variable."""
    return forged(
        poisson(),
        ((*MODEL, "variables", 0, "support"), "binary"),
        (CONDITIONS, lambda old: [[*c[:2], "binary"] if c[0] == "support" else c for c in old]),
    )


def could_read() -> dict:
    """The ladder, where z1 might read z2 in q and does not: it counts as what moves."""
    return forged(
        ladder(),
        ((*MODEL, "q", 0, "arguments", 0), 0),
        ((*MODEL, "parameters", 6), DELETE),
        ((*DIRECTION, "R"), DELETE),
        (CONDITIONS, lambda old: [c for c in old if "R" not in c]),
    )


LABEL = over("y", ["N", "K"], "given", "onehot")
LABELS = over("y", ["N", "D", "H"], "given", "onehot")
LOG_P = ["mean", "N", ["expect", ["logp", "decoder", 0]]]
NO_LAG = ["v", "x@-1", 1, 0]
GHOST = ["mean", "N", ["H", "ghost", 0]]

GRAPHS: dict[str, Build] = {
    "a lag without its suffix": given("N", "K", name="y"),
    "a lag of nothing": given("N", "K", name="u@-1"),
    "a lag along the data": given("N", "K", first=("K",), plate="N"),
    "a lag along another plate": given("N", "K", first=("N", "K"), plate="T"),
    "a lag along two plates": given("N", "K", "K"),
    "a lag within a vector": given("N", "T", "K", first=("N", "T"), supports=("onehot", "onehot")),
    "a start with the lag's plate": given("N", "K", first=("N", "K")),
    "a start of another support": given("N", "K", supports=("real", "positive")),
    "a start that is latent": given("N", "H", "K", start="z"),
    "a start that is none": given("N", "K", start="u"),
    "a latent without a law": declared(over("u", ["N", "H"], "latent")),
    "an observed variable without a law": declared(over("u", ["N", "H"], "observed")),
    "a factor of what is given": edit(vae2, "variables", 0, "role", to="given"),
    "a read of nothing": edit(vae2, "p", 1, "given", to=["z", "ghost"]),
    "a read twice": edit(vae2, "p", 1, "given", to=["z", "z"]),
    "one law for two variables": _one_law_for_two,
    "any law with a class": edit(mixture, "q", 0, "select", to="x"),
    "a global law that reads data": _data_for_all,
    "a density over the data as a vector": _vectors_of_data,
    "a circle in p": edit(ladder, "p", 0, "given", to=["z1"]),
    "a circle in q": _circle_in_q,
    "a circle at the start": edit(chain, "p", 0, "given", to=["z"]),
    "a class that is a real number": _real_classes,
    "a class that is not given": edit(classes, "p", 0, "given", to=[]),
    "a class for each of what x has not": edit(
        classes, "variables", 1, "plates", to=["N", "T", "K"]
    ),
    "a class for one of two equal plates": lambda: classes(
        ("N", "D", "D"), ("N", "D", "K"), (3, 1, 0)
    ),
    "a class for two of one plate": lambda: classes(("N", "D"), ("N", "D", "D", "K"), (2, 1, 1, 0)),
    "an encoder over more than its variable": edit(vae2, "variables", 1, "support", to="positive"),
    "a circle over time": lambda: chain(memory=True),
    "one law of one for all and of each": lambda: shared(joint=True),
    "weights that do not sum to 1": _weights_that_are_positive,
    "weights that leave the simplex": lambda: weights(off=True),
    "z at all times": edit(
        chain,
        "p",
        1,
        "arguments",
        0,
        to=["sum", "T", ["mul", ["param", "a"], ["v", "z@-1", 2, 0]]],
    ),
    "what moves has a class": single.moving_class,
    "any law reads what moves": _any_law_of_what_moves,
    "a data plate that is not the first": declared(over("y", ["K", "N"], "given")),
    "a one-hot without a plate": declared(over("y", ["N"], "given", "onehot")),
    "a variable of no size": declared(over("y", ["N", "Q"], "given")),
    "a variable of no support": declared(over("y", ["N", "K"], "given", "whole")),
    "a variable of no role": declared(over("y", ["N", "K"], "hidden")),
    "data of no size": edit(vae2, "data", to=["N", "Q"]),
    "a parameter for each datum": lambda: forged(
        vae2(), ((*MODEL, "parameters"), lambda old: [*old, parameter("k", "N")])
    ),
    "a simplex without a plate": lambda: forged(
        vae2(),
        ((*MODEL, "parameters"), lambda old: [*old, parameter("k", range="simplex")]),
        (CONDITIONS, lambda old: [*old[:2], ["range", "k", "simplex"], *old[2:]]),
    ),
    "the number of data where it does not matter": lambda: nothing(vae2(), ["size", "N"]),
    "a sum over data": lambda: nothing(vae2(), ["sum", "N", 1]),
    "a mean over what counts no data": lambda: nothing(vae2(), ["mean", "D", 1]),
    "an expectation under another": lambda: nothing(vae2(), ["expect", ["expect", 1]]),
    "a mean under an expectation": lambda: nothing(vae2(), ["expect", ["mean", "N", 1]]),
    "a latent under no expectation": lambda: forged(
        chain(), *(((*path,), lambda old: [*old, FREE, neg(FREE)]) for path in (SUM, END))
    ),
    "a weight of no factor": lambda: forged(
        vae2(), (("statement", "objective"), {"weights": {"ghost": 1}, "penalty": 0})
    ),
    "a lag that is not declared, in a claim": lambda: bonus(
        vae2(), ["mean", "N", ["sum", "D", ["add", NO_LAG, neg(NO_LAG)]]]
    ),
    "the entropy of no factor": lambda: with_gap([*GAP, GHOST, neg(GHOST)]),
    "an expectation under another, of no latent": lambda: nothing(
        classes(), ["expect", ["expect", 1]]
    ),
    "the density of a factor with an opaque entropy": lambda: nothing(based_decoder(), LOG_P),
    "the density of any law": _density_of_any_law,
    "a base measure that reads a latent": _base_that_reads_a_latent,
    "the squares of a simplex": lambda: bonus(
        mixture(), ["add", -1, ["sum", "K", ["pow", ["param", "w", 0], 2]]]
    ),
    "twice a simplex that nobody looks at": lambda: single.flat(["mul", 2, ["param", "w", 0]], "D"),
    "a diagonal that nobody looks at": lambda: single.flat(["param", "w", 0, 0], "D", "D"),
    "one entry of a simplex for all": lambda: single.flat(
        ["param", "w", 1], "D", of=("N", "D", "D")
    ),
    "a one-hot for a simplex": lambda: single.flat(["v", "y", 1, 0], "D"),
    "two one-hots of one variable": lambda: single.products_of_two(declared(LABELS)()),
    "data at all times in p": lambda: single.read_at_all_times(in_p=True),
    "neither data nor factors": single.no_model,
}
GAP = vae2()["statement"]["claim"]["gap"]
FREE = ["mean", "N", ["sum", "T", ["v", "z", 1, 0]]]
VALID_GRAPHS: dict[str, Build] = {
    "a lag of what is given": given("N", "K"),
    "a law that reads another latent": lambda: chain(two=True),
    "a law that could read what moves": could_read,
    "a label that nothing reads": declared(LABEL),
    "a lag of two vectors": given(
        "N", "T", "K", first=("N", "K"), plate="T", supports=("onehot", "onehot")
    ),
    "a simplex that nobody looks at": lambda: single.flat(["param", "w", 0], "D"),
    "products of one one-hot": lambda: single.products(declared(LABELS)()),
    "data at all times in q": single.read_at_all_times,
    "classes at each time": single.classes_at_each_time,
    "one class for all": single.one_class_for_all,
    "counts that are 0 or 1": _counts_that_are_binary,
    "the square of noise beside a latent": single.square_of_noise,
    "classes of noise": single.classes_of_noise,
}
