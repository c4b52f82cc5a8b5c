"""`equal` against a table of pairs, and what it refuses; each part of it is shown to be needed."""

import pytest
import sympy as sp

import entropysym as es
from entropysym.checker import equality as checker
from entropysym.claims import equality
from entropysym.errors import InputError
from entropysym.language.declared import Symbols
from entropysym.language.store import model_record, term
from tests.equality.pairs import DIFFERENT, EQUAL, PAIRS, derived, model

EVIDENCE = {EQUAL: ("replayed",), DIFFERENT: ("witness",)}


def test_the_table_is_long_enough():
    assert len({p.name + p.verdict for p in PAIRS}) == len(PAIRS)
    assert sum(p.verdict == EQUAL for p in PAIRS) >= 30
    assert sum(p.verdict == DIFFERENT for p in PAIRS) >= 30


@pytest.mark.some(25)
@pytest.mark.parametrize("pair", PAIRS, ids=lambda p: f"{p.verdict}: {p.name}")
def test_pairs(pair):
    a, b = pair.sides(Symbols(model(pair.model)))
    found = es.equal(a, b, model(pair.model))
    assert found.value.name == pair.verdict, found
    assert found.evidence == EVIDENCE.get(pair.verdict, ())
    back = es.equal(b, a, model(pair.model))
    assert back.value.name == pair.verdict, back


def test_without_the_normal_form_nothing_is_equal(monkeypatch):
    """The verdict is the checker's: numbers that agree prove nothing."""
    s = Symbols(model("vae2"))

    def refuse(*_):
        raise checker.Refused("no")

    monkeypatch.setattr(checker, "equal", refuse)
    found = es.equal(2 * sp.log(s.sigma2), sp.log(s.sigma2**2), model("vae2"))
    assert found.value.name == "UNDECIDED"
    assert "they agree at" in found.reason


def test_without_a_point_nothing_is_different(monkeypatch):
    from entropysym.claims import telling_apart

    monkeypatch.setattr(telling_apart, "told_apart", lambda *_: "nobody looked")
    s = Symbols(model("vae2"))
    found = es.equal(s.sigma2, 2 * s.sigma2, model("vae2"))
    assert found.value.name == "UNDECIDED"
    assert "nobody looked" in found.reason


def test_a_difference_can_be_repeated():
    """The reason names a configuration; at it the two sides are what it says."""
    import numpy as np

    from entropysym.claims.telling_apart import told_apart
    from entropysym.witness.configurations import draw

    d = derived("vae2")
    s = d.symbols
    a, b = total = (s.D * sp.log(s.sigma2), s.H * sp.log(s.sigma2))
    found = told_apart(a, b, d.model, ())
    drawn = draw(d.model, found.shape, found.seed, 4).arrays["sigma2"][found.number]
    for e, value in zip(total, found.values, strict=True):
        given = es.lower(e, to="numpy")(
            sigma2=np.asarray(drawn),
            **{str(k): found.shape[str(k)] for k in e.free_symbols - {s.sigma2}},
        )
        assert float(given) == value
    assert repr(found.values[0]) in es.equal(a, b, d.model).reason


@pytest.mark.parametrize(
    ("a", "says"),
    [
        (sp.Symbol("sigma2"), "sigma2 is not the sigma2 of the model"),
        (sp.Symbol("sigma2", real=True) + 1, "d.symbols.sigma2"),
        (sp.Symbol("t"), "t is no symbol of the model; its symbols are: sigma2, alpha2"),
        (
            sp.IndexedBase("alpha2")[sp.Symbol("h", integer=True, positive=True)],
            "alpha2 is not the alpha2 of the model",
        ),
        (sp.Symbol("alpha2", positive=True), "in place of an array"),
        ("sigma2", "pass a SymPy expression"),
        (sp.oo, "which is no number"),
        (sp.Matrix([1]), "pass a SymPy expression"),
    ],
    ids=str,
)
def test_what_is_no_expression_of_the_model(a, says):
    for given in ((a, 1), (1, a)):
        with pytest.raises(InputError, match=says):
            es.equal(*given, model("vae2"))


def stored(a, b, name="vae2", plates=()):
    m = model(name)
    under = tuple(p.index for p in plates)
    return model_record(m), term(a, m, under), term(b, m, under), [p.size.name for p in plates]


def test_the_checker_takes_nothing_on_trust():
    s = Symbols(model("vae2"))
    record, left, right, _ = stored(sp.log(s.sigma2**2), 2 * sp.log(s.sigma2))
    assert checker.equal(record, left, right).work > 0
    with pytest.raises(checker.Refused, match="the normal forms differ"):
        checker.equal(record, left, ["log", ["param", "sigma2"]])
    with pytest.raises(checker.Malformed):
        checker.equal(record, left, ["log", ["param", "sigma"]])
    with pytest.raises(checker.Malformed):
        checker.equal(record, left, right, ["no plate"])
    with pytest.raises(checker.Malformed):
        checker.equal({**record, "p": []}, left, right)
    with pytest.raises(checker.Malformed):
        checker.equal(record, ["D", left], ["D", right])


def test_a_wrong_certificate_is_refused():
    from entropysym.language.objective import entropy_sum
    from entropysym.prover.document import certificates

    d = derived("vae2")
    record, left, right, _ = stored(d.entropy_sum, entropy_sum(d.model))
    closed = certificates(d.entropies)
    checker.equal(record, left, right, (), closed)
    with pytest.raises(checker.Refused):
        checker.equal(record, left, right)  # without it an entropy is opaque
    wrong = {name: {**c, "entropy": ["add", 1, c["entropy"]]} for name, c in closed.items()}
    with pytest.raises(checker.Refused, match="not shown"):
        checker.equal(record, left, right, (), wrong)


def test_noise_is_used_only_where_it_is_independent():
    """In a ladder the first latent is read by the law of the second: its noise form would make them independent."""
    m = model("two_layer_vae")
    from entropysym.language.heads import DataMean
    from entropysym.language.objective import expectation

    z1, z2 = (m.entry(v.name) for v in m.latents)
    n = m.data[0]
    a = DataMean(expectation(m, z1 * z2, datum=n), n.index)
    b = DataMean(expectation(m, z1, datum=n) * expectation(m, z2, datum=n), n.index)
    found = es.equal(a, b, m)
    assert found.value.name != "PROVED", found


def test_equality_under_expectations_says_where():
    found = es.equal(
        *PAIRS[[p.name for p in PAIRS].index("the second moment")].sides(Symbols(model("vae2"))),
        model("vae2"),
    )
    assert "wherever both are finite" in found.reason


def test_the_free_index_runs_over_all_entries():
    s = Symbols(model("vae2"))
    assert [
        str(p.size) for p in equality.free_plates(model("vae2"), s.alpha2[s.h] * s.x[s.n, s.d])
    ] == ["N", "D", "H"]


def test_what_is_nested_too_deep_is_undecided():
    s = Symbols(model("vae2"))
    deep = s.sigma2
    for _ in range(400):
        deep = sp.Abs(deep - 1, evaluate=False)
    found = es.equal(deep, s.sigma2, model("vae2"))
    assert found.value.name == "UNDECIDED"
