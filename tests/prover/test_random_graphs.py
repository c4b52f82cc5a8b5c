"""Small random graphs: no search raises, what is proved is accepted by the checker, and so is what is left of what is not."""

import random
from functools import cache

import pytest
import sympy as sp

from entropysym import ModelWriter, checker
from entropysym.families import ANY, BERNOULLI, CATEGORICAL, CATEGORICAL_LOGITS, NORMAL, POISSON
from entropysym.language import Softplus
from entropysym.language.store import model_record
from entropysym.pages import render
from entropysym.prover import Refusal, derive
from entropysym.prover.document import to_json
from entropysym.verdict import Value
from tests.language.reading import model_from

#: Supports of variables, each with the size of its vectors.
SUPPORTS = ("real", "real", "real", "onehot", "binary", "count")
#: Seeds of the quick run, and of the long one.
FEW, MANY = range(30), range(30, 600)


class _Draws:
    """A model of two or three latents and an observed variable, what each reads, and which of what its law holds is learned, fixed or shared."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.w = ModelWriter(observed="d D")
        self.plates = {"x": "d"}
        self.scales, self.number = [], 0

    def some(self, *choices):
        return self.rng.choice(choices)

    def chance(self, p):
        return self.rng.random() < p

    def name(self, stem):
        self.number += 1
        return f"{stem}{'abcdefghijklmnopqrstuvwxyz'[self.number % 26]}{self.number // 26 or ''}"

    def model(self, name):
        latents = []
        for k in range(self.some(2, 2, 3)):
            index = "klm"[k]
            data = None if k == 0 and self.chance(0.15) else "n"
            support = self.some(*SUPPORTS)
            self.plates[f"z{k}"] = index
            latents.append(
                self.w.latent_variable(
                    f"z{k}", f"{index} {index.upper()}", support=support, data=data
                )
            )
            self.factor(latents[-1], latents[:-1], support)
        self.factor(self.w.x, latents, self.some(*SUPPORTS[2:]))
        self.q(latents)
        return self.w.model(name)

    # -- p -----------------------------------------------------------------------------------------------------------

    def factor(self, of, before, support):
        """One that reads some of the variables before it."""
        outside = [z for z in before if of.name == "z0"]
        parents = [z for z in before if z not in outside and self.chance(0.7)]
        onehot = [z for z in parents if self.support(z) == "onehot"]
        select = self.rng.choice(onehot) if onehot and self.chance(0.7) else None
        parents = [z for z in parents if z is not select]
        index = self.plates[of.name]
        under = index + (f" {self.plates[select.name]}" if select else "")
        self.w.p(of, self.law(support, under, index, parents), select=select)

    def support(self, variable):
        return self.w._variables[variable.name].support

    def law(self, support, under, index, parents):
        if support == "onehot":
            if not parents and self.chance(0.6):
                # Over the last plate, which is that of the classes' own vectors.
                plates = " ".join(reversed(under.split()))
                return CATEGORICAL(self.parameter("p", plates, "simplex"))
            return CATEGORICAL_LOGITS(self.centre(under, index, parents))
        if support in ("binary", "count"):
            family = BERNOULLI if support == "binary" else POISSON
            return family(self.centre(under, index, parents))
        return NORMAL(self.centre(under, index, parents), self.variance(under, index, parents))

    def parameter(self, stem, plates, range_="real"):
        kind = self.w.learned if self.chance(0.9) else self.w.fixed
        return kind(self.name(stem), plates, range=range_)

    def centre(self, under, index, parents):
        """Linear in what is read, a network of it, both, or nothing."""
        terms = []
        if self.chance(0.7):
            terms.append(self.parameter("b", self.some(under, under, index)))
        for z in parents:
            if self.chance(0.7):
                at = self.plates[z.name]
                weight = self.parameter("W", f"{index} {at}")
                terms.append(self.w.sum(at, weight * z.entry))
            else:
                learned = self.chance(0.8)
                terms.append(self.w.network(self.name("f"), index, reads=z, learned=learned))
        return sp.Add(*terms)

    def variance(self, under, index, parents):
        if self.scales and self.chance(0.15):
            return self.some(lambda s: s, lambda s: 2 * s, lambda s: s**2, lambda s: 1 / s)(
                self.rng.choice(self.scales)
            )
        if self.chance(0.05):
            return sp.Integer(self.some(1, 2))
        if parents and self.chance(0.07):
            read = self.rng.choice(parents)
            return self.w.network(self.name("v"), index, reads=read, range="positive")
        form = self.some("plain", "plain", "exp", "softplus", "floor", "product")
        plates = self.some("", index, under)
        if form in ("exp", "softplus"):
            free = self.parameter("r", plates)
            return sp.exp(free) if form == "exp" else Softplus(free)
        s = self.parameter("s", plates, "positive")
        if not plates:
            self.scales.append(s)
        if form == "floor":
            return s + self.w.fixed(self.name("c"), "", range="positive")
        return s * self.parameter("t", "", "positive") if form == "product" else s

    # -- q -----------------------------------------------------------------------------------------------------------

    def q(self, latents):
        """Any law of one or of all, or a law that reads the data, or none of them, and what is above."""
        if all(self.local(z) for z in latents) and self.chance(0.3):
            return self.w.q(*latents, ANY)
        for k, z in enumerate(latents):
            support, index = self.support(z), self.plates[z.name]
            if self.chance(0.3) or support == "onehot":
                self.w.q(z, ANY)
                continue
            reads = [self.w.x] if self.local(z) else []
            reads += [
                a for a in latents[:k] if self.chance(0.3) and (self.local(z) or not self.local(a))
            ]
            centre = (
                self.w.network(self.name("g"), index, reads=tuple(reads))
                if reads
                else self.parameter("m", index)
            )
            if support == "real":
                self.w.q(z, NORMAL(centre, self.width(index, reads)))
            else:
                self.w.q(z, (BERNOULLI if support == "binary" else POISSON)(centre))
        return None

    def width(self, index, reads):
        if self.scales and self.chance(0.2):
            return self.rng.choice(self.scales)
        if reads and self.chance(0.6):
            return self.w.network(self.name("h"), index, reads=tuple(reads), range="positive")
        return self.parameter("u", index, "positive")

    def local(self, variable):
        return len(self.w._variables[variable.name].plates) == 2


def graph(seed):
    return _Draws(seed).model(f"random_{seed}")


@cache
def _derived(seed):
    return derive(graph(seed))


@pytest.mark.some(1)
@pytest.mark.parametrize(
    "seed", [*FEW, *(pytest.param(seed, marks=pytest.mark.slow) for seed in MANY)]
)
def test_what_is_derived_is_accepted_and_nothing_raises(seed):
    model, found = graph(seed), _derived(seed)
    left = found.partial if isinstance(found, Refusal) else found
    if isinstance(found, Refusal):
        assert found.verdict.value is Value.UNDECIDED
        assert found.role in ("model", *(f.name for f in model.p))
    else:
        assert found.factors == tuple(f.name for f in model.p)
        assert found.excess == 0
    if left is not None:
        result = checker.replay(to_json(left))
        assert list(result.conditions) == [tuple(c.stored()) for c in left.conditions]


@pytest.mark.slow
def test_there_are_proofs_and_refusals_of_every_kind_among_them():
    """Else the law above would be about little."""
    found = [_derived(seed) for seed in FEW]
    proved = [d for d in found if not isinstance(d, Refusal)]
    partial = [d for d in found if isinstance(d, Refusal) and d.partial is not None]
    assert len(proved) >= 8
    assert len(partial) >= 8
    families = {f.family.name for d in proved for f in d.model.p}
    assert families == {"Normal", "Bernoulli", "Poisson", "Categorical", "CategoricalLogits"}
    assert any(f.select for d in proved for f in d.model.p)
    assert any(len(d.model.latents) == 3 for d in proved)


@pytest.mark.parametrize("seed", FEW[::4])
def test_they_come_back_from_the_stored_form(seed):
    record = model_record(graph(seed))
    assert model_record(model_from(record)) == record


@pytest.mark.some(1)
@pytest.mark.parametrize("seed", FEW[::6])
def test_their_pages_are_written(seed):
    found = _derived(seed)
    for form in ("text", "markdown", "latex"):
        assert render(found, form)
