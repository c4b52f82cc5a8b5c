"""A model that is not well formed is refused when it is written down, with the value that caused it."""

from dataclasses import replace

import pytest
import sympy as sp

import entropysym as es
from entropysym.errors import InputError
from entropysym.families import NORMAL
from entropysym.language import Constraint, Parameter
from entropysym.language.symbols import DATUM, LATENT, index, n, scalar

vae2 = es.models.vae2()
h, d = index("h"), index("d")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"prior": NORMAL(LATENT[h], 1)}, "the prior of 'vae2' must not see z"),
        ({"decoder": NORMAL(DATUM[n, d], 1)}, "the decoder of 'vae2' must not see"),
        ({"encoder": NORMAL(LATENT[h], 1)}, "the encoder of 'vae2' must not see z"),
        ({"prior": NORMAL(0, sp.Symbol("ghost", positive=True))}, "must not see ghost"),
        ({"prior": NORMAL(0, scalar("sigma2"))}, "not declared with this range"),
        ({"constraints": (Constraint("nobody", "x"),)}, "a constraint is on 'nobody'"),
        ({"objective": "iwae"}, "unknown objective 'iwae'"),
        ({"parameters": (*vae2.parameters, Parameter("sigma2"))}, "declares sigma2 more than once"),
        ({"parameters": (*vae2.parameters, Parameter("z"))}, "the name 'z' is taken"),
        ({"parameters": (*vae2.parameters, Parameter("ghost"))}, "reads 'ghost'"),
        ({"networks": (), "constraints": ()}, "which is not declared"),
    ],
)
def test_ill_formed_models_are_refused(changes, words):
    with pytest.raises(InputError, match=words):
        replace(vae2, **changes)


def test_families_count_their_arguments():
    with pytest.raises(InputError, match=r"Normal takes 2 arguments \(mean, variance\), not 1"):
        NORMAL(0)


def test_parameters_count_their_indices():
    with pytest.raises(InputError, match="sigma2 has 0 plates, not 1"):
        vae2.parameters[0].at(h)
