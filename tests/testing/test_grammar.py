"""LaTeX is read back as what was printed, for every model that ships, and nothing else is read."""

import pytest
import sympy as sp

import entropysym as es
from entropysym.errors import InputError
from entropysym.pages import latex
from entropysym.testing import read_latex
from entropysym.testing.grammar import as_latex
from tests.instances import REPRESENTATIVE, derivation

SCALAR = [name for name in REPRESENTATIVE if "gaussian_vae" not in name]


@pytest.mark.some(3)
@pytest.mark.parametrize("name", SCALAR)
def test_what_is_printed_is_read_back(name):
    d = derivation(name)
    for e in (d.entropy_sum, d.elbo, d.gap):
        back = read_latex(latex(e, d.model), d.model)
        assert back == e or sp.expand(back - e) == 0
    for motion in d.direction.values():
        assert read_latex(latex(motion, d.model), d.model) == motion


@pytest.mark.slow
def test_most_of_the_zoo_is_read_back():
    read = 0
    for name in es.models.ZOO:
        found = es.derive(es.models.ZOO[name]())
        d = getattr(found, "partial", found)
        read += d is not None and as_latex(d.entropy_sum, d.model) is not None
    assert read >= 0.6 * len(es.models.ZOO)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        r"\sigma^{2",
        r"\alpha^{2}",
        r"\alpha_{h d}^{2}",
        r"\mu_{d}(x_{n})",
        r"\input{/etc/passwd}",
        r"\sigma^{2} = 1",
        "",
        "(" * 1000 + "1" + ")" * 1000,
        "1" * 30_000,
        r"\frac{1}{2",
        r"\sum_{h=2}^{H} \alpha_{h}^{2}",
    ],
)
def test_what_is_not_in_the_grammar_is_refused(text):
    with pytest.raises(InputError):
        read_latex(text, es.models.vae2())


def test_a_letter_that_may_be_two_names_is_refused():
    w = es.ModelWriter()
    entry, whole = w.learned("a_d", range="positive"), w.learned("a", "h", range="positive")
    N = es.families.NORMAL
    nu = w.network("nu", "h", reads=w.x_n)
    tau2 = w.network("t", "h", reads=w.x_n, range="positive")
    mu = w.network("mu", "d", reads=w.z)
    model = w.model("two", prior=N(0, whole), decoder=N(mu, entry), encoder=N(nu, tau2))
    with pytest.raises(InputError, match="may be"):
        read_latex(r"a_{d}", model)


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        (r"\log(\tau_{h})^{2}", r"\log((\tau_{h})^{2})", r"(\log(\tau_{h}))^{2}"),
        (r"\frac{D}{2} \log 2\pi e - 1", r"\log(2 \pi e)", r"\log(2) \pi e"),
        (r"\log\bigl[\sigma\bigr]^3", r"\log([\sigma]^3)", r"(\log[\sigma])^3"),
        (r"\log \tau_{h} \sigma", r"\log(\tau_{h} \sigma)", r"\log(\tau_{h}) \sigma"),
        (r"\log\frac{D}{2} \sigma", r"\log(\frac{D}{2} \sigma)", r"\log(\frac{D}{2}) \sigma"),
    ],
)
def test_a_logarithm_with_two_readings_is_refused(text, first, second):
    """Both readings that are offered are read, and are not the same."""
    model = es.models.linear_vae()
    with pytest.raises(InputError, match="two ways") as refused:
        read_latex(text, model)
    assert first in str(refused.value)
    assert second in str(refused.value)
    assert read_latex(first, model) != read_latex(second, model)


def test_a_logarithm_with_one_reading_is_read():
    model = es.models.linear_vae()
    for text, same in (
        (r"\log \sigma^{2}", r"\log(\sigma^{2})"),
        (r"D \log(2 \pi e) \sigma", r"\sigma D \log(2 \pi e)"),
        (r"(\log \sigma)^{2}", r"\log(\sigma) \log(\sigma)"),
        (r"\log |\sigma| + D", r"D + \log(|\sigma|)"),
    ):
        assert read_latex(text, model) == read_latex(same, model)
