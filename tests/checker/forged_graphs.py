"""Graphs that must not be accepted, each for one reason that no prior, decoder and encoder has."""

from typing import Any

from .documents import family, linear_vae, neg, parameter, vae2
from .exposing import CONDITIONS, Build, fixed_decoder, nothing
from .forging import DELETE, DIRECTION, MODEL, SUM, everywhere, forged
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
    document = everywhere(ladder(), (["expect", ["H", "q1", 0]], ["H", "q1", 0]))
    return forged(
        document,
        ((*MODEL, "q", 0), any_law(["z1"], ["z2"], "q1")),
        ((*MODEL, "parameters"), lambda old: old[:-2]),
        ((*DIRECTION, "R"), DELETE),
        ((*SUM, 2), whole),
        ((*END, 2), whole),
        (
            CONDITIONS,
            lambda old: [c for c in old if not {"R", "rho"} & {*c} and c[1:] != ["q1"]],
        ),
    )


def _class_of_what_moves() -> dict:
    """The linear VAE's encoder has a class, which its arguments do not look at, although it moves."""
    product = ["mul", ["param", "V", 2, 0], ["v", "x", 3, 0]]
    mean = ["add", ["sum", "D", product], ["param", "c", 1]]
    return forged(
        linear_vae(),
        ((*MODEL, "q", 0, "arguments"), [mean, ["pow", ["param", "tau", 1], 2]]),
        ((*MODEL, "sizes"), lambda old: [*old, "K"]),
        ((*MODEL, "variables"), lambda old: [*old, LABEL]),
        ((*MODEL, "q", 0, "given"), ["x", "y"]),
        ((*MODEL, "q", 0, "select"), "y"),
        (CONDITIONS, lambda old: [*old[:2], ["support", "y", "onehot"], *old[2:]]),
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
    "what moves has a class": _class_of_what_moves,
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
}
FREE = ["mean", "N", ["sum", "T", ["v", "z", 1, 0]]]
VALID_GRAPHS: dict[str, Build] = {
    "a lag of what is given": given("N", "K"),
    "a law that reads another latent": lambda: chain(two=True),
    "a law that could read what moves": could_read,
    "a label that nothing reads": declared(LABEL),
    "a lag of two vectors": given(
        "N", "T", "K", first=("N", "K"), plate="T", supports=("onehot", "onehot")
    ),
}
