r"""What `sympy.latex` and `es.latex` print of an expression means that expression.

Random expressions of every head of the language (powers, quotients, products, sums over plates, derivatives, nested) are printed, read back by a reader that
refuses what can be read in two ways, and compared in numbers with the expression's own tree.
"""

import random
from importlib import import_module

import pytest
import sympy as sp
from sympy.core.symbol import Str

import entropysym as es
from entropysym.language import heads as hd
from entropysym.language import matrices as mt
from entropysym.language.functions import ROWS, OwnFunction, Row
from entropysym.language.notation import LatexNotation
from entropysym.language.symbols import DATUM, LATENT, NOISE, array, index, n, scalar, size
from entropysym.pages.latex import PaperPrinter
from tests.language.latex_reading import Unreadable, read
from tests.language.worlds import World, value

H, D = size("H"), size("D")
h, k, d, h1 = index("h"), index("k"), index("d"), index("h_1")
a, s, sigma2 = (scalar(name, "positive") for name in ("a", "s", "sigma2"))
b, W, V, alpha2 = array("b"), array("W"), array("V"), array("alpha2", "positive")
x_n, z = hd.Vector(DATUM[n, d], d, D), hd.Vector(LATENT[h], h, H)


def network(name, at, *inputs, positive=False):
    label = sp.Symbol(name, **({"positive": True} if positive else {"real": True}))
    return hd.NetworkValue(label, sp.Tuple(*at), sp.Tuple(*inputs))


def reading(draw):
    """A vector that a network may read."""
    hidden = hd.Vector(network("nu", (h,), x_n), h, H)
    sum_ = hd.Vector(sp.Sum(W[d, h] * LATENT[h], (h, 1, H)) + b[d], d, D)
    squares = hd.Vector(LATENT[h] ** 2, h, H)
    variances = hd.Vector(alpha2[h], h, H)
    return draw.choice([x_n, x_n, z, z, hidden, sum_, squares, variances])


LETTERS = {kind: mt.MatrixLetter(name, D, kind) for name, kind in (("Sigma", "posdef"), ("L", "triangular"))}  # fmt: skip


def word(draw, deep):
    letters = [
        *LETTERS.values(),
        mt.MatrixNetwork("Omega", D, "posdef", sp.Tuple(z)),
        mt.MatrixVariable(sp.IndexedBase("X"), D, "posdef", sp.Tuple(n)),
    ]
    kind = draw.choice(["letter"] * 3 + ["product", "inverse", "transposed", "scaled"] * deep)
    one = draw.choice(letters)
    match kind:
        case "product":
            return mt.MatrixProduct(word(draw, False), draw.choice([one, mt.Inverse(one)]))
        case "inverse":
            return mt.Inverse(word(draw, draw.random() < 0.3))
        case "transposed":
            return mt.Transposed(word(draw, draw.random() < 0.3))
        case "scaled":
            return mt.Scaled(draw.choice([s, 2 * a, a / 2, s + a, -a]), one)
    return one


def positive(draw, deep):
    """What is surely above 0, for roots and logarithms."""
    at = draw.choice([h, k])
    leaves = [
        a, s, sigma2, alpha2[at], network("tau2", (at,), reading(draw), positive=True),
        sp.Integer(2), D, sp.pi, sp.Rational(3, 2), sp.S.Exp1, sp.EulerGamma,
    ]  # fmt: skip
    if deep <= 0:
        return draw.choice(leaves)
    match draw.randrange(6):
        case 0:
            return positive(draw, deep - 1) * positive(draw, deep - 1)
        case 1:
            return positive(draw, deep - 1) + positive(draw, 0)
        case 2:
            return positive(draw, deep - 1) / positive(draw, deep - 1)
        case 3:
            return sp.exp(expression(draw, deep - 1) / 8)
        case 4:
            return sp.Abs(draw.choice([DATUM[n, d], LATENT[h], b[d]])) + positive(draw, 0)
    return hd.DataMean(positive(draw, deep - 1), n)


def functions(draw, deep, row=None):
    """A function of the language, of an argument at which it is defined."""
    row = row or draw.choice(ROWS)
    argument = positive(draw, deep)
    if row.head == "loggamma" and draw.random() < 0.5:
        argument = draw.choice([a, DATUM[n, d] + 3]) + 1
    return row.symbol(*row.order, argument)


#: How an expression with each head at its root is drawn.
HEADS = {
    hd.DataMean: lambda r, g: hd.DataMean(expression(r, g), r.choice([n, n, k])),
    hd.EncoderExpectation: lambda r, g: hd.EncoderExpectation(expression(r, g), n, z, z),
    hd.LawExpectation: lambda r, g: hd.LawExpectation(expression(r, g), n, z, z),
    hd.LocationScaleExpectation: lambda r, g: hd.LocationScaleExpectation(expression(r, g), n, z, z),
    hd.JointExpectation: lambda r, g: hd.JointExpectation(expression(r, g), n),
    hd.NoiseExpectation: lambda r, g: hd.NoiseExpectation(expression(r, g), n, z, z),
    hd.OtherNoiseExpectation: lambda r, g: hd.OtherNoiseExpectation(expression(r, g), n, z, z),
    hd.JointNoiseExpectation: lambda r, g: hd.JointNoiseExpectation(expression(r, g), n, Str("z")),
    hd.NetworkValue: lambda r, g: network(*r.choice([("mu", (d,)), ("nu", (h,)), ("nu", (k,)), ("log_rho2", (h,)), ("f", ())]), *(reading(r) for _ in range(r.choice([1, 1, 2])))),
    hd.AbstractValue: lambda r, g: r.choice([
        hd.AbstractValue("A", sp.Integer(r.randrange(3)), expression(r, g)),
        hd.AbstractValue("A", sp.Tuple(), reading(r)),
        hd.AbstractValue("T", sp.Tuple(h), reading(r)),
    ]),
    hd.LogDensity: lambda r, g: r.choice([hd.LogDensity("prior", latent=True), hd.LogDensity("decoder", n, latent=True), hd.LogDensity("encoder", n, latent=True)]),
    hd.Entropy: lambda r, g: r.choice([hd.Entropy("prior"), hd.Entropy("decoder", latent=True), hd.Entropy("encoder", n)]),
    hd.LogBaseMeasure: lambda r, g: r.choice([hd.LogBaseMeasure("prior", latent=True), hd.LogBaseMeasure("decoder", n)]),
    hd.Elbo: lambda r, g: hd.Elbo(),
    hd.ObjectiveValue: lambda r, g: hd.ObjectiveValue(),
    hd.Directional: lambda r, g: hd.Directional(r.choice([hd.Elbo(), hd.ObjectiveValue(), sigma2, alpha2[h], expression(r, g)])),
    mt.LogDet: lambda r, g: mt.LogDet(word(r, True)),
    mt.Trace: lambda r, g: mt.Trace(word(r, True)),
    mt.Entry: lambda r, g: mt.Entry(word(r, True), d, index("d_1")),
    mt.Quadratic: lambda r, g: mt.Quadratic(vector(r), word(r, True), vector(r)),
    OwnFunction: lambda r, g: functions(r, g),
    sp.Sum: lambda r, g: sp.Sum(expression(r, g) * r.choice([W[d, h1], alpha2[h1], V[h1, d]]), (h1, 1, H)),
    sp.Indexed: lambda r, g: r.choice([LATENT[h], NOISE[h], DATUM[n, d], W[d, h], b[d], alpha2[k]]),
    sp.log: lambda r, g: sp.log(positive(r, g)),
    sp.exp: lambda r, g: sp.exp(expression(r, g - 1) / 8),
    sp.Symbol: lambda r, g: r.choice([a, s, sigma2, scalar("c"), sp.Integer(-3), sp.Rational(1, 2), D]),
}  # fmt: skip


def vector(draw):
    residual = hd.Vector(DATUM[n, d] - network("mu", (d,), z), d, D)
    half = hd.Vector(DATUM[n, d] / 2, d, D)
    return draw.choice([x_n, residual, half])


def expression(draw, deep, root=None):
    if root is None and deep <= 0:
        root = draw.choice([sp.Symbol, sp.Indexed, hd.NetworkValue, hd.Entropy, hd.LogDensity])
    if isinstance(root, Row):
        return functions(draw, deep, root)
    return HEADS[root or draw.choice([*HEADS])](draw, deep - 1)


def around(draw, e, deep):
    """A power, quotient, product, sum or derivative around an expression."""
    other = expression(draw, deep - 1)
    match draw.randrange(11):
        case 0:
            return e**2
        case 1:
            return e**3 * other
        case 2:
            return other / e
        case 3:
            return e / (other + 1)
        case 4:
            return e * other
        case 5:
            return e * expression(draw, deep - 1) * other
        case 6:
            return (e + other) * e
        case 7:
            return other - e
        case 8:
            return -e / 2 - 3 * e * other
        case 9:
            return c_times_derivative(draw, e)
    return e ** sp.Rational(-2) - e ** draw.choice([2, 4]) / a


def c_times_derivative(draw, e):
    return draw.choice([1, -2, sigma2]) * sp.Derivative(e * sp.exp(a), a) + s


#: What stands at the root: each head, and each function.
ROOTS = (*HEADS, *ROWS)


def drawn(seed, root=None, deep=2):
    """A random expression: a head at its root, and none to two things around it."""
    draw = random.Random(seed)
    while True:
        e = expression(draw, deep, root or ROOTS[seed % len(ROOTS)])
        for _ in range(draw.choice([0, 1, 1, 2])):
            e = around(draw, e, deep - 1)
        if not e.has(sp.zoo, sp.nan, sp.gamma):
            return e


PRINTERS = {"SymPy's": sp.latex, "of the pages": es.latex}
WORLD = World(indices={"n": 2, "d": 3, "h": 1, "k": 2, "d_1": 2})


def problem(e, printer):
    """What is wrong with what is printed of an expression; empty if it means the expression."""
    text = printer(e)
    try:
        read_, own = complex(read(text)(WORLD)), complex(value(e, WORLD))
    except Unreadable as said:
        return f"{said}, in {text} for {e}"
    same = abs(read_ - own) <= 1e-9 * (1 + abs(own))
    return "" if same else f"{read_} is not {own}, in {text} for {e}"


def first_problem(printer, seeds, root=None):
    return next(filter(None, (problem(drawn(seed, root), printer) for seed in seeds)), "")


@pytest.mark.parametrize("name", PRINTERS)
def test_what_is_printed_means_what_is_meant(name):
    assert first_problem(PRINTERS[name], range(4 * len(ROOTS))) == ""


@pytest.mark.slow
@pytest.mark.parametrize("name", PRINTERS)
def test_much_that_is_printed_means_what_is_meant(name):
    assert first_problem(PRINTERS[name], range(10_000, 16_000)) == ""


def kinds_of(*roots):
    found = {k for root in roots for k in root.__subclasses__()}
    return found | kinds_of(*found) if found else set()


def test_every_head_of_the_language_is_printed():
    heads = kinds_of(hd._Head, mt.Matrix, OwnFunction)
    missing = {kind for kind in heads if not kind.__name__.startswith("_")}
    for seed in range(4 * len(ROOTS)):  # those of the test above
        missing -= {type(part) for part in sp.preorder_traversal(drawn(seed))}
    assert missing == set()


@pytest.mark.parametrize("name", PRINTERS)
@pytest.mark.parametrize(
    "root", [k for k in HEADS if issubclass(k, hd._Head)], ids=lambda k: k.__name__
)
def test_a_head_that_prints_as_another_is_noticed(root, name, monkeypatch):
    methods = (f"_print_{kind.__name__}" for kind in root.__mro__)
    method = next(m for m in methods if hasattr(LatexNotation, m))
    for printer in (LatexNotation, PaperPrinter):
        monkeypatch.setattr(printer, method, lambda self, e, exp=None: "s")
    assert first_problem(PRINTERS[name], range(20), root) != ""


LATEX, PRINTER = (import_module(f"entropysym.pages.{name}") for name in ("latex", "printer"))
#: What keeps a meaning, and what is printed without it.
CARELESS = {
    "a mean as a factor": (hd.DataMean, "precedence", 55, "SymPy's"),
    "a log-density as a factor": (hd.LogDensity, "precedence", 55, "SymPy's"),
    "a base measure as a factor": (hd.LogBaseMeasure, "precedence", 55, "SymPy's"),
    "a direction as a factor": (hd.Directional, "precedence", 55, "SymPy's"),
    "a log-determinant under a power": (mt.LogDet, "precedence", 1000, "SymPy's"),
    "a quadratic form under a power": (mt.Quadratic, "precedence", 1000, "SymPy's"),
    "a name that is a logarithm": (hd.NetworkValue, "precedence", 55, "SymPy's"),
    "a function that is a logarithm": (OwnFunction, "precedence", 1000, "SymPy's"),
    "brackets": (LatexNotation, "enclosed", lambda self, body, left="(", right=")": body, None),
    "squares of names": (LatexNotation, "signs", {**LatexNotation.signs, "squared": ""}, None),
    "a power of a logarithm on a page": (LATEX, "is_closed", lambda f: True, "of the pages"),
    "what ends openly on a page": (PRINTER, "OPEN", (), "of the pages"),
}


@pytest.mark.parametrize("name", CARELESS)
def test_a_careless_printer_is_noticed(name, monkeypatch):
    where, what, careless, only = CARELESS[name]
    monkeypatch.setattr(where, what, careless)
    for printer in [only] if only else PRINTERS:
        root = where if where in HEADS else None
        assert first_problem(PRINTERS[printer], range(200), root) != ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (r"\log a b", "does log reach over b"),
        (r"\log a/2", "does log reach over /"),
        (r"x_{n}^{\top} \boldsymbol{\Sigma} x_{n}^{2}", "a power of what is no number"),
        (r"v \cdot \nabla \mathcal{F} a", "reach over a"),
        (r"\log\det \boldsymbol{\Sigma} a", "reach over a"),
        (r"\mathbb{E}_{q} a", "what is this the mean of"),
        (r"\boldsymbol{X}_{n}_{dd}", "a second subscript"),
        (r"a + q", "no letter is called"),
        (r"a_{h}", "has no indices"),
        (r"(a", "'\\)'"),
    ],
)
def test_what_can_be_read_in_two_ways_is_not_read(text, words):
    with pytest.raises(Unreadable, match=words):
        read(text)(WORLD)


def test_a_sum_reaches_to_the_next_plus():
    mean = lambda e: hd.DataMean(e, n)  # noqa: E731
    square = DATUM[n, d] ** 2
    for text, meant in (
        (r"\frac{1}{N} \sum_{n=1}^{N} x_{nd}^{2} x_{nd}", mean(square * DATUM[n, d])),
        (r"\Bigl( \frac{1}{N} \sum_{n=1}^{N} x_{nd}^{2} \Bigr) x_{nd}", mean(square) * DATUM[n, d]),
        (r"\frac{1}{N} \sum_{n=1}^{N} x_{nd}^{2} + x_{nd}", mean(square) + DATUM[n, d]),
        (r"\tau_{h}^{2}(x_{n})^{2}", network("tau2", (h,), x_n, positive=True) ** 2),
        (r"\tau_{h}(x_{n})", sp.sqrt(network("tau2", (h,), x_n, positive=True))),
        (r"\log x_{nd}!", sp.loggamma(DATUM[n, d] + 1)),
    ):
        assert abs(complex(read(text)(WORLD)) - complex(value(meant, WORLD))) < 1e-12
