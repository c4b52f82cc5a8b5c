"""Witnesses are accepted; forged ones are refused, each by the check that it is made for."""

import ast
import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import sympy as sp

import entropysym as es
import entropysym.checker
from entropysym import ModelWriter, Value
from entropysym.checker import Malformed, Refused, refusal, replay_refusal
from entropysym.claims.replayed import derive as derive_and_replay
from entropysym.families import ANY, LAPLACE, NORMAL
from entropysym.language import Family, Model
from entropysym.language.store import model_record
from entropysym.models import ZOO
from entropysym.prover import Refusal, derive
from entropysym.prover.document import refusal_to_json
from entropysym.prover.refusing import find_witness
from entropysym.verdict import undecided
from tests.graph_models import GRAPHS as OWN_GRAPHS
from tests.instances import names
from tests.prover.true_models import STUDENT, TRUE_MODELS

from .forged_refusals import forgeries
from .graph_refusals import WITNESSES
from .refusals import EVEN, REFUSALS, needed, resealed

SOURCE = Path(refusal.__file__).read_text()
FORGERIES = forgeries()
VALID = {name: json.dumps(build()) for name, build in (REFUSALS | WITNESSES).items()}

#: Weaker checks: what stands in the module, and what stands there instead.
WEAKER = {
    "a fraction may have common factors": ("fits and gcd(raw[1], raw[2]) == 1", "fits"),
    "a fraction may be an integer": ("raw[2] >= 2", "raw[2] >= 1"),
    "minima are maxima": ('(max if raw[0] == "max" else min)(known)', "max(known)"),
    "zero and one are positive": (
        'range_ == "real" or value > 0',
        'range_ == "real" or value >= 0',
    ),
    "the unit interval is closed": (
        '(range_ != "unit" or value < 1)',
        '(range_ != "unit" or value <= 1)',
    ),
    "positive is all that unit is": ('(range_ != "unit" or value < 1)', "True"),
    "families are not checked": (
        "normal |= {name} if check_family(site, family) else set()",
        "pass",
    ),
    "every family with a location is normal": (
        "normal |= {name} if check_family(site, family) else set()",
        "check_family(site, family)\n            normal |= {name}",
    ),
    "arguments are not checked": ("        _check_well_formed(witness, site)\n", "        pass\n"),
    "base measures are not checked": (
        "    evaluate(site.apart(terms.OF_STEP), per_datum(model_, bases))\n",
        "    pass\n",
    ),
    "the objective's weights may be anything": (
        "            check_weight(site, weight)\n",
        "            pass\n",
    ),
    "p and q have weights of their own": ("check(whole, ", "check(True, "),
    "the penalty is not read": ("    evaluate(site.apart(terms.OF_DIRECTION), said.penalty)\n", ""),
    "the penalty is believed": ("        _check_penalty(witness, site)\n", ""),
    "the penalty's fixed parameters are all": (
        "        if said.model.parameters[name].learned:\n",
        "        if not said.model.parameters[name].learned:\n",
    ),
    "a penalty of anything": (
        'check(atom.head == "measure"',
        "check(True",
    ),
    "q is anything": ("    _check_collapsed(witness, laws)\n", ""),
    "one latent of q is enough": (
        "for ours in witness.said.model.q.values():",
        "for ours in [*witness.said.model.q.values()][:1]:",
    ),
    "one latent of each factor of q is enough": (
        "for theirs in _of_p(witness, ours):",
        "for theirs in _of_p(witness, ours)[:1]:",
    ),
    "what is of any law in q may see anything in p": (
        "for f in _plain(witness, model_.factors)}",
        "for f in [*_plain(witness, model_.q), witness.factor]}",
    ),
    "networks are fixed": ('named(term, "net", "matnet") or named', "named"),
    "parameters are fixed": (' or named(term, "param", "mat") & learned', ""),
    "scores of log p - log h": (
        "score = weighted(family.log_density, name)[1]",
        "score = weighted(_log_ratio(family), name)[1]",
    ),
    "log h is 1": (
        "gap, _ = weighted(_log_ratio(family))",
        "gap, _ = weighted(family.log_density)",
    ),
    "points are not checked": (
        "for _, x in witness.points:\n        counted",
        "for _, x in ():\n        counted",
    ),
    "counts are not whole": ("x.denominator == 1 and x >= 0 and", "x >= 0 and"),
    "counts are negative": ("x.denominator == 1 and x >= 0 and", "x.denominator == 1 and"),
    "binary numbers are counts": ('(support == "count" or x <= 1)', "True"),
    "networks of p are not frozen": (
        "named([factor.arguments for factor in frozen]",
        "named([factor.arguments for factor in frozen[:1]]",
    ),
    "p of a frozen latent may learn": (
        "for factor in _frozen(witness):",
        "for factor in _frozen(witness)[:1]:",
    ),
    "a simplex of one is anything": (' and (range_ != "simplex" or value == 1)', ""),
    "data may be read however heavy the tails are, and so may latents": (
        'return variable.role == "latent" and variable.support not in FINITE',
        "return False",
    ),
    "the start of a lag does not matter": (
        "read = {name: model_.meant(name) for name in",
        "read = {name: {model_.variable(name).name} for name in",
    ),
    "what reads a latent may have any tails": (
        '        read["var"] = {factor.of[0]}\n',
        '        read["var"] = set()\n',
    ),
    "a bounded latent is not near 0 beside another": (
        "FLAT if unit & {law[v].name for v in of} else LINEAR",
        "LINEAR",
    ),
    "one bounded latent bounds all": ("fast, families <= unit, light", "fast, bool(unit), light"),
    "q may read latents in its scale": ("location <= LINEAR and not scale", "location <= LINEAR"),
    "q may read latents in any way": ("location <= LINEAR and not scale", "not scale"),
    "the noise may be anywhere": ("check(not inside", "check(True"),
    "whatever is written is not 0": ("return bool(poly) and (", "return bool(poly) or ("),
    "every number is prime": (" and inner[ONE] < 10**6", ""),
    "products of logarithms": (
        "return not others and exponent == 1 and prime",
        "return exponent == 1 and prime",
    ),
}


def deletions() -> dict[str, str]:
    """The module without one of its checks, by the words of the check."""
    tree, found = ast.parse(SOURCE), {}
    for node in ast.walk(tree):
        for body in (getattr(node, "body", None), getattr(node, "orelse", None)):
            for i, statement in enumerate(body if isinstance(body, list) else ()):
                if _is_check(statement) or (
                    isinstance(statement, ast.Raise) and isinstance(node, ast.If)
                ):
                    body[i] = ast.Pass()
                    found[f"{ast.unparse(statement)[:100]}"] = ast.unparse(tree)
                    body[i] = statement
    return found


def _is_check(statement: ast.stmt) -> bool:
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("check", "require")


DELETED = deletions()


def weakened(source: str) -> ModuleType:
    """The module from another text; what it imports stays."""
    found = ModuleType("entropysym.checker.weakened_refusal")
    found.__package__ = entropysym.checker.__name__
    exec(compile(source, "weakened_refusal", "exec"), vars(found))
    return found


def failures(module: ModuleType) -> Iterator[str]:
    """What is accepted and must not be, or is refused in another way than by refusing."""
    for name, (document, _) in FORGERIES.items():
        try:
            module.replay_refusal(json.dumps(document))
        except (Malformed, Refused):
            continue
        except (TypeError, ValueError, LookupError):
            pass
        yield name


@pytest.mark.slow
def test_the_unharmed_module_notices_nothing():
    assert list(failures(weakened(SOURCE))) == []


@pytest.mark.some(3)
@pytest.mark.parametrize("words", DELETED)
def test_a_deleted_check_is_noticed(words):
    assert next(failures(weakened(DELETED[words])), None)


@pytest.mark.some(2)
@pytest.mark.parametrize("name", WEAKER)
def test_a_weaker_check_is_noticed(name):
    old, new = WEAKER[name]
    assert SOURCE.count(old) == 1
    assert next(failures(weakened(SOURCE.replace(old, new))), None)


@pytest.mark.parametrize("name", VALID)
def test_witnesses_are_accepted(name):
    found = replay_refusal(VALID[name])
    kind, body = json.loads(VALID[name])["refusal"]["kind"], json.loads(VALID[name])["refusal"]
    assert found.kind == kind
    assert [list(words) for words in found.conditions] == body["conditions"]
    for value in body["values"]:
        assert re.search(rf"^  {value} = ", found.statement, re.MULTILINE)


def with_decoder(name: str, decoder: Callable[[ModelWriter, sp.Expr], Any]) -> Model:
    """A linear decoder of this law, and any encoder."""
    w = ModelWriter()
    mean = w.sum("h", w.learned("W", "d h") * w.z_h)
    return w.model(name, prior=NORMAL(0, 1), decoder=decoder(w, mean), encoder=ANY())


x, m = sp.symbols("x m", real=True)
s = sp.Symbol("s", positive=True)
CAUCHY = Family("Cauchy", (m, s), x, -sp.log(sp.pi * s) - sp.log(1 + ((x - m) / s) ** 2))
POISSON = Family("Own", (s,), x, x * sp.log(s) - s - sp.loggamma(x + 1), support="count")

#: Decoders for which the claim is false, of one's own families and of shipped ones.
FALSE = {
    "cauchy": lambda w, mean: CAUCHY(mean, 1),
    "cauchy_scale": lambda w, mean: CAUCHY(mean, w.learned("s", range="positive")),
    "student": lambda w, mean: STUDENT(3, mean, 1),
    "student_scale": lambda w, mean: STUDENT(3, mean, w.learned("s", range="positive")),
    "laplace": lambda w, mean: LAPLACE(mean, w.fixed("b", range="positive")),
    "poisson": lambda w, mean: POISSON(sp.exp(mean)),
    "clamped": lambda w, mean: NORMAL(
        mean, sp.Max(w.learned("s", range="positive"), w.fixed("floor", range="positive"))
    ),
}


@pytest.mark.parametrize("name", FALSE)
def test_witnesses_that_are_found_are_accepted(name):
    model = with_decoder(name, FALSE[name])
    witness = find_witness(model)
    assert witness is not None
    text = refusal_to_json(Refusal(model, "decoder", "", (), undecided("")), witness)
    assert replay_refusal(text).kind == "observed"


@pytest.mark.parametrize("name", ["vae0", "vae1_frozen_encoder"])
def test_witnesses_of_shipped_models_are_accepted(name):
    found = derive(ZOO[name]())
    assert isinstance(found, Refusal)
    assert found.witness is not None
    text = refusal_to_json(found, found.witness)
    assert replay_refusal(text).model == name


@pytest.mark.parametrize("name", FORGERIES)
def test_forgeries_are_refused(name):
    document, pattern = FORGERIES[name]
    with pytest.raises((Refused, Malformed)) as caught:
        replay_refusal(json.dumps(document))
    message = str(caught.value)
    assert re.search(pattern, message), message
    assert "\n" not in message
    assert len(message) < 500


def tilted() -> Model:
    """A base measure that names an argument, log h = m x; along (m, s) -> -s (m, 1) the claim is true."""
    density = -sp.log(2 * sp.pi * s) / 2 - (x - m) ** 2 / (2 * s)
    family = Family("Tilted", (m, s), x, density, log_base_measure=m * x)
    w = ModelWriter()
    location = w.learned("m")
    scale, a = (w.learned(name, range="positive") for name in ("s", "a"))
    decoder = family(location, scale)
    return w.model("tilted", prior=NORMAL(0, a), decoder=decoder, encoder=ANY())


#: Shipped models for which the claim is true, with the constraints left out: it is true without them.
PROVED = [
    "vae1",
    "vae2",
    "vae3",
    "linear_vae",
    "sparse_coding",
    "bernoulli_vae",
    "poisson_vae",
    "vae1_precision",
]
GRAPHS = {f"own {name}": make for name, make in OWN_GRAPHS.items()} | es.models.GRAPHS
TRUE: dict[str, Any] = {
    **{name: ZOO[name] for name in PROVED},
    **TRUE_MODELS,
    "tilted": tilted,
    **GRAPHS,
}

#: Weights that sum to 0 on functions of some kind: odd ones, even ones, quadratics, all that a binary variable has.
WEIGHTS_AT_POINTS = {
    "real": [
        EVEN,
        [[1, 1], [-1, -1]],
        [[1, 0], [-1, 2]],
        [[1, 1], [1, -1], [-1, 2], [-1, -2]],
        [[1, 0], [-3, 1], [3, 2], [-1, 3]],
        [[4, 2], [4, -2], [-3, 3], [-3, -3], [-1, 1], [-1, -1]],
    ],
    "count": [[[1, 0], [-2, 1], [1, 2]], [[1, 0], [-1, 1]], [[1, 0], [-3, 1], [3, 2], [-1, 3]]],
    "binary": [[[1, 0], [-1, 1]]],
}


def attempts(model: Model) -> Iterator[dict]:
    """Documents about each factor of p, at many numbers and with weights of many kinds."""
    record = model_record(replace(model, constraints=())) | {"name": "attempt"}
    supports = {v["name"]: v["support"] for v in record["variables"]}
    numbers = itertools.product((0, 1), (1, ["frac", 1, 2], 2), (0, 1))
    for (real, positive, output), factor in itertools.product(numbers, record["p"]):
        chosen = {"real": real, "positive": positive, "unit": ["frac", 1, 2], "simplex": 1}
        values = {p["name"]: chosen.get(p["range"], 1) for p in record["parameters"]}
        chosen["real"] = output
        networks = {net["name"]: chosen.get(net["range"], 1) for net in record["networks"]}
        for points in (None, *WEIGHTS_AT_POINTS.get(supports[factor["of"][0]], ())):
            yield resealed(
                {
                    "format": "entropysym/2",
                    "refusal": {
                        "model": record,
                        "objective": "elbo",
                        "kind": "latent" if points is None else "observed",
                        "factor": factor["name"],
                        "values": values,
                        "networks": networks,
                        "points": points or [],
                        "conditions": needed(record, factor["name"]),
                    },
                }
            )


#: One of each kind; the others are slow.
QUICK = ("vae2", "bernoulli_vae", "two_layer_vae", "gaussian_mixture", "own state_space", "tilted")


@pytest.mark.slow
@pytest.mark.parametrize("name", names(TRUE, QUICK))
def test_true_models_have_no_witness(name):
    for document in attempts(TRUE[name]()):
        with pytest.raises((Refused, Malformed)):
            replay_refusal(json.dumps(document))


@pytest.mark.slow
def test_the_attempts_would_find_a_witness():
    """On models for which the claim is false, some of them are accepted."""
    found = {"observed": False, "latent": False}
    for name, kind in (("vae0", "observed"), ("vae1_frozen_encoder", "latent")):
        for document in attempts(ZOO[name]()):
            try:
                replay_refusal(json.dumps(document))
            except (Refused, Malformed):
                continue
            found[document["refusal"]["kind"]] = True
            assert document["refusal"]["kind"] == kind
    assert found == {"observed": True, "latent": True}


def test_the_model_with_a_tilted_base_measure_is_true():
    assert derive_and_replay(tilted()).verdict.value is Value.PROVED
