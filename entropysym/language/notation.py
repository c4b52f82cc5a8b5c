r"""How the heads of the language look, in LaTeX and in a line of Unicode text: $\mathbb E_{q_\Phi(z\mid x_n)}[\dots]$ and E_q(z|x_n)[…].

A notation prints heads and leaves the arithmetic between them to a printer: to that of `pages`, which orders it as a paper does, or to SymPy's own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import ClassVar

import sympy as sp
from sympy.printing.printer import Printer

from entropysym.language.formula import array_name, array_of
from entropysym.language.functions import SYMBOLS, argument_of, row_of
from entropysym.language.heads import (
    AbstractValue,
    DataMean,
    Directional,
    Elbo,
    Entropy,
    LogBaseMeasure,
    LogDensity,
    NetworkValue,
    ObjectiveValue,
    Vector,
    _Expectation,
    _RoleHead,
)
from entropysym.language.matrices import (
    Entry,
    Inverse,
    LogDet,
    Matrix,
    MatrixLetter,
    MatrixNetwork,
    MatrixProduct,
    MatrixVariable,
    Quadratic,
    Scaled,
    Trace,
    Transposed,
)
from entropysym.language.names import Spelled, latex_stem, plain_stem, spelled
from entropysym.language.symbols import LAG, n

#: A name with its indices, the power that the name carries, and its arguments.
Glyph = tuple[str, int, str]
_LETTERLIKE = (MatrixLetter, Inverse, Transposed)


class Notation(ABC):
    """One method for each head. Of infinite data the index of the datum is dropped; `pseudo` names factors whose entropies are pseudo entropies."""

    #: How a few words look: log, entropy, pseudo entropy, F, J, trace, log det, transposed, inverted, squared, π, Euler's constant.
    signs: ClassVar[Mapping[str, str]]
    #: Prints anything, heads or not.
    _print: Callable[[sp.Basic], str]
    infinite: bool = False
    pseudo: Collection[str] = ()
    #: Which of a function's names is printed.
    names: ClassVar[str]
    #: How many data the index of a datum counts.
    counts: Mapping[sp.Basic, sp.Basic] = MappingProxyType({n: sp.Symbol("N")})

    @abstractmethod
    def enclosed(self, body: str, left: str = "(", right: str = ")") -> str:
        """Brackets that fit what stands inside them."""

    #: How the names that a model declares are written; any other is read by itself.
    spellings: Mapping[str, Spelled] = MappingProxyType({})

    def spelled(self, name: str, positive: bool | None = False) -> Spelled:
        """A declared name as a person writes it. What is not said to be positive has no square in its name."""
        return self.spellings.get(name) or spelled(name, bool(positive))

    def letter(self, name: str, positive: bool | None = False) -> tuple[str, int]:
        """A declared name without its power, and the power that it carries: sigma2 is (σ, 2)."""
        found = self.spelled(name, positive)
        return self.stem(found), found.power

    @staticmethod
    @abstractmethod
    def stem(name: Spelled) -> str:
        """A name without its power."""

    @abstractmethod
    def joined(self, name: str, indices: Collection[sp.Basic]) -> str:
        """A name with its indices; a subscript that the name has itself comes first."""

    @abstractmethod
    def below(self, indices: Collection[sp.Basic]) -> str:
        """Indices as a subscript."""

    @abstractmethod
    def mean(self, e: DataMean, *, with_fraction: bool = True) -> str:
        """The data mean, also without its 1/N."""

    @abstractmethod
    def datum(self, n: sp.Basic) -> str:
        """The data point."""

    @abstractmethod
    def density(self, role: str, datum: sp.Basic | None) -> str:
        """The density of a factor, as a name."""

    # -- densities and entropies ------------------------------------------------------------------------------------

    def _print_DataMean(self, e: DataMean) -> str:
        return self.mean(e)

    def averaged(self, sign: str, e: _Expectation) -> str:
        return sign + self.enclosed(self._print(e.body), "[", "]")

    def _print_LogDensity(self, e: LogDensity) -> str:
        if e.law:
            return f"{self.signs['log']} {self.law(e)}"
        datum = e.datum[0] if e.role != "prior" and e.datum else None
        return f"{self.signs['log']} {self.density(e.role, datum)}"

    def _print_Entropy(self, e: Entropy) -> str:
        letter = self.signs["pseudo" if e.role in self.pseudo else "entropy"]
        if e.law:
            return f"{letter}[{self.law(e)}]"
        datum = e.datum[0] if e.role == "encoder" and e.datum else None
        return f"{letter}[{self.density(e.role, datum)}]"

    def _print_LogBaseMeasure(self, e: LogBaseMeasure) -> str:
        if e.law:
            return f"{self.signs['log']} h({self.sides(e)[0]})"
        return f"{self.signs['log']} h({'z' if e.role == 'prior' else self.datum(e.datum[0])})"

    def law(self, e: _RoleHead) -> str:
        """A factor of a graph: p(x_n | z, y_n)."""
        return f"{self.law_letter(e.law[0])}({self.signs['given'].join(self.sides(e))})"

    def sides(self, e: _RoleHead) -> list[str]:
        """What a factor of a graph is of and, if it reads anything, what it is given."""

        def name(written: str) -> str:
            stem = self.variable(written.removesuffix("@"))
            return self.joined(stem, e.datum) if written[-1] == "@" and e.datum else stem

        of, _, given = e.law[2:-1].partition("|")
        return [", ".join(map(name, side.split(","))) for side in (of, given) if side]

    def law_letter(self, letter: str) -> str:
        """The letter of a factor of a graph: p or q."""
        return letter

    @abstractmethod
    def variable(self, name: str) -> str:
        """The name of a variable; one step earlier has a mark."""

    def _print_Elbo(self, e: Elbo) -> str:
        return self.signs["F"]

    def _print_ObjectiveValue(self, e: ObjectiveValue) -> str:
        return self.signs["J"]

    def _print_Directional(self, e: Directional) -> str:
        body = self._print(e.body)
        whole = isinstance(e.body, (Elbo, ObjectiveValue, sp.Symbol, sp.Indexed))
        return self.signs["along v"] + (body if whole else self.enclosed(body, "[", "]"))

    def _print_row(self, e: sp.Expr, exp: object = None) -> str:
        """A function that has a row: its name there, and what it is taken of."""
        row = row_of(e)
        assert row is not None
        return f"{getattr(row, self.names)}{self.enclosed(self._print(argument_of(e)))}"

    # -- networks, vectors and matrices -----------------------------------------------------------------------------

    def network(self, e: NetworkValue) -> Glyph:
        name, power = self.letter(e.name, e.label.is_nonnegative)
        inputs = ", ".join(self._print(v) for v in e.inputs)
        return self.joined(name, e.indices), power, f"({inputs})"

    def raised(self, letter: Glyph) -> str:
        stem, power, after = letter
        return f"{stem}{self.signs['squared'] if power == 2 else ''}{after}"

    def _print_AbstractValue(self, e: AbstractValue) -> str:
        r"""$A(\psi)$, $A'(\psi)$, $A(\Psi)$, and an entry, of a gradient or of a function of vectors, $A_i(\Psi)$."""
        name, _ = self.letter(e.name)
        if e.vector is None:
            return f"{name}{chr(39) * e.order}{self.enclosed(self._print(e.inside))}"
        return f"{self.joined(name, e.indices)}({self._print(e.vector)})"

    def _print_NetworkValue(self, e: NetworkValue) -> str:
        return self.raised(self.network(e))

    def vector(self, e: Vector) -> tuple[str, bool]:
        """A vector without its index, and whether it is a sum."""
        body = e.body
        if isinstance(body, sp.Indexed) and body.indices[-1] == e.index:
            name, power = self.letter(array_name(array_of(body)), body.is_nonnegative)
            return self.raised((self.joined(name, body.indices[:-1]), power, "")), False
        return self.enclosed(self._print(body)) + self.below((e.index,)), False

    def _print_Vector(self, e: Vector) -> str:
        return self.vector(e)[0]

    @abstractmethod
    def _print_MatrixLetter(self, e: MatrixLetter) -> str: ...

    def _print_MatrixVariable(self, e: MatrixVariable) -> str:
        return self._print_MatrixLetter(e) + self.below(e.indices)

    def _print_MatrixNetwork(self, e: MatrixNetwork) -> str:
        return f"{self._print_MatrixLetter(e)}({', '.join(self._print(v) for v in e.inputs)})"

    def _print_Scaled(self, e: Scaled) -> str:
        if e.scalar.could_extract_minus_sign():
            return f"-{self._print(Scaled(-e.scalar, e.word))}"
        scalar = self._print(e.scalar)
        scalar = self.enclosed(scalar) if isinstance(e.scalar, sp.Add) else scalar
        word = self._print(e.word)
        return word if e.scalar == 1 else f"{scalar}{self.signs['times']}{word}"

    def _print_MatrixProduct(self, e: MatrixProduct) -> str:
        return " ".join(map(self._letterlike, e.words))

    def _print_Inverse(self, e: Inverse) -> str:
        return f"{self._word(e.word)}{self.signs['inverse']}"

    def _print_Transposed(self, e: Transposed) -> str:
        return f"{self._word(e.word)}{self.signs['transposed']}"

    def _word(self, e: Matrix) -> str:
        text = self._print(e)
        return text if isinstance(e, MatrixLetter) else self.enclosed(text)

    def _letterlike(self, e: Matrix) -> str:
        return self._print(e) if isinstance(e, _LETTERLIKE) else self._word(e)

    def _print_LogDet(self, e: LogDet) -> str:
        text = self._print(e.word)
        bare = isinstance(e.word, _LETTERLIKE)
        return self.signs["logdet"] + (f" {text}" if bare else self.enclosed(text))

    def _print_Trace(self, e: Trace) -> str:
        return self.signs["trace"] + self.enclosed(self._print(e.word))

    def _print_Entry(self, e: Entry) -> str:
        text = self._word(e.word)  # what has an index of its own takes no second subscript
        return (
            self.enclosed(text) if isinstance(e.word, MatrixVariable) and e.word.indices else text
        ) + self.below(e.indices)

    def _print_Quadratic(self, e: Quadratic) -> str:
        sides = [self.enclosed(t) if sum_ else t for t, sum_ in map(self.vector, (e.left, e.right))]
        return f"{sides[0]}{self.signs['transposed']} {self._letterlike(e.word)} {sides[1]}"


# SymPy's printers look for a method by the name of the class itself.
for _symbol in SYMBOLS:
    setattr(Notation, f"_print_{_symbol.__name__}", Notation._print_row)

_TALL = ("\\frac", "\\sum", "\\prod")


class LatexNotation(Notation):
    """For amsmath, KaTeX and MathJax alike."""

    names: ClassVar = "latex"

    signs: ClassVar = {
        "log": r"\log",
        "entropy": r"\mathcal{H}",
        "pseudo": r"\tilde{\mathcal{H}}",
        "F": r"\mathcal{F}",
        "J": r"\mathcal{J}",
        "along v": r"v \cdot \nabla ",
        "trace": r"\mathrm{tr}",
        "logdet": r"\log\det",
        "transposed": r"^{\top}",
        "inverse": "^{-1}",
        "squared": "^{2}",
        "times": r" \, ",
        "apply": " ",
        "pi": r"\pi",
        "euler": r"\gamma_{\mathrm{E}}",
        "given": r" \mid ",
        "p": r"p_\Theta",
        "q": r"q_\Phi",
        "mean": r"\mathbb{E}",
    }

    def enclosed(self, body: str, left: str = "(", right: str = ")") -> str:
        r"""Brackets that fit what stands inside them. Unlike \left and \right they may be parted by a line break."""
        nested = "big" if left == "[" and "[" in body else ""
        size = "bigg" if "\\Big" in body else "Big" if any(t in body for t in _TALL) else nested
        return f"\\{size}l{left} {body} \\{size}r{right}" if size else f"{left}{body}{right}"

    @staticmethod
    def stem(name: Spelled) -> str:
        return latex_stem(name)

    def joined(self, name: str, indices: Collection[sp.Basic]) -> str:
        r"""A name with its indices; a subscript that the name has itself comes first: $\mu_{0,h}$."""
        below = self.below(indices)
        if not below or name.startswith("{") or not name.endswith("}") or "_{" not in name:
            return name + below
        return f"{name[:-1]},{below[2:]}"

    def below(self, indices: Collection[sp.Basic]) -> str:
        if not indices:
            return ""
        texts = [self._print(i) for i in indices]
        joint = "" if all(len(t.rstrip("'")) == 1 for t in texts) else ","
        return f"_{{{joint.join(texts)}}}"

    @staticmethod
    def opens_with_sign(e: sp.Basic, text: str) -> bool:
        return isinstance(e, sp.Add) or text.startswith("-")

    def mean(self, e: DataMean, *, with_fraction: bool = True) -> str:
        body = self._print(e.body)
        if self.infinite:
            own = isinstance(e.body, _Expectation)
            inner = f" {body}" if own else self.enclosed(body, "[", "]")
            return f"{self.signs['mean']}_{{p(x)}}{inner}"
        count = self._print(self.counts[e.index]) if e.index in self.counts else ""
        signs = rf"\sum_{{{self._print(e.index)}=1}}^{{{count}}} "
        if with_fraction:
            signs = rf"\frac{{1}}{{{count}}} {signs}"
        if not count:  # nobody has said how many there are
            signs = rf"\mathrm{{mean}}_{{{self._print(e.index)}}} "
        braces = self.opens_with_sign(e.body, body)
        return signs + (rf"\Bigl\{{ {body} \Bigr\}}" if braces else body)

    def datum(self, n: sp.Basic) -> str:
        return "x" if self.infinite else f"x_{{{self._print(n)}}}"

    def density(self, role: str, datum: sp.Basic | None) -> str:
        at = "x" if datum is None else self.datum(datum)
        return {
            "prior": f"{self.signs['p']}(z)",
            "decoder": rf"{self.signs['p']}({at} \mid z)",
            "encoder": rf"{self.signs['q']}(z \mid {at})",
        }[role]

    def _print_EncoderExpectation(self, e: _Expectation) -> str:
        under = rf"{self.signs['q']}(z \mid {self.datum(e.datum)})"
        return self.averaged(rf"{self.signs['mean']}_{{{under}}}", e)

    def _print_JointExpectation(self, e: _Expectation) -> str:
        return self.averaged(f"{self.signs['mean']}_{{{self.law_letter('q')}}}", e)

    def variable(self, name: str) -> str:
        stem, power = self.letter(name.removesuffix(LAG))
        squared = "^2" if power == 2 else ""
        return f"{stem}{squared}" + ("^{-}" if name.endswith(LAG) else "")

    def _print_NoiseExpectation(self, e: _Expectation) -> str:
        return self.averaged(rf"{self.signs['mean']}_{{\varepsilon}}", e)

    def _print_MatrixLetter(self, e: MatrixLetter) -> str:
        return rf"\boldsymbol{{{self.letter(e.name)[0]}}}"


class PlainNotation(Notation):
    """One line of Unicode text."""

    names: ClassVar = "plain"

    signs: ClassVar = {
        "log": "log",
        "entropy": "H",
        "pseudo": "H̃",
        "F": "F",
        "J": "J",
        "along v": "v·∇",
        "trace": "tr",
        "logdet": "log det",
        "transposed": "ᵀ",
        "inverse": "⁻¹",
        "squared": "²",
        "times": " ",
        "apply": "",
        "pi": "π",
        "euler": "γ_E",
        "given": "|",
    }

    def enclosed(self, body: str, left: str = "(", right: str = ")") -> str:
        return f"{left}{body}{right}"

    @staticmethod
    def stem(name: Spelled) -> str:
        return plain_stem(name)

    def joined(self, name: str, indices: Collection[sp.Basic]) -> str:
        below = self.below(indices)
        return f"{name},{below[1:]}" if below and "_" in name else name + below

    def below(self, indices: Collection[sp.Basic]) -> str:
        texts = [self._print(i) for i in indices]
        joint = "" if all(len(t.rstrip("'")) == 1 for t in texts) else ","
        return f"_{joint.join(texts)}" if texts else ""

    def mean(self, e: DataMean, *, with_fraction: bool = True) -> str:
        body = self._print(e.body)
        if self.infinite:
            return f"E_p(x) {body}" if isinstance(e.body, _Expectation) else f"E_p(x)[{body}]"
        inner = f"{{{body}}}" if isinstance(e.body, sp.Add) or body.startswith("-") else body
        if e.index not in self.counts:  # nobody has said how many there are
            return f"mean_{self._print(e.index)} {inner}"
        fraction = f"1/{self._print(self.counts[e.index])} " if with_fraction else ""
        return f"{fraction}Σ_{self._print(e.index)} {inner}"

    def datum(self, n: sp.Basic) -> str:
        return "x" if self.infinite else f"x_{self._print(n)}"

    def density(self, role: str, datum: sp.Basic | None) -> str:
        at = "x" if datum is None else self.datum(datum)
        return {"prior": "p(z)", "decoder": f"p({at}|z)", "encoder": f"q(z|{at})"}[role]

    def _print_EncoderExpectation(self, e: _Expectation) -> str:
        return self.averaged(f"E_q(z|{self.datum(e.datum)})", e)

    def _print_JointExpectation(self, e: _Expectation) -> str:
        return self.averaged("E_q", e)

    def variable(self, name: str) -> str:
        stem, _ = self.letter(name.removesuffix(LAG))
        return stem + ("⁻" if name.endswith(LAG) else "")

    def _print_NoiseExpectation(self, e: _Expectation) -> str:
        return self.averaged("E_ε", e)

    def _print_MatrixLetter(self, e: MatrixLetter) -> str:
        return self.letter(e.name)[0]


class _Within:
    """Heads inside a formula that one of SymPy's own printers prints."""

    def __init__(self, printer: Printer) -> None:
        self._print = printer._print

    def of(self, e: sp.Basic) -> str:
        methods = (getattr(self, f"_print_{kind.__name__}", None) for kind in type(e).__mro__)
        return next(method for method in methods if method)(e)


class LatexWithin(_Within, LatexNotation):
    """For `sympy.latex`."""


class PlainWithin(_Within, PlainNotation):
    """For `str`, where a mean says where it ends."""

    def mean(self, e: DataMean, *, with_fraction: bool = True) -> str:
        sign = f"1/N Σ_{e.index}" if e.index in self.counts else f"mean_{e.index}"
        return f"{sign} {{{self._print(e.body)}}}"
