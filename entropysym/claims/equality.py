r"""Symbolic equality with a verdict: *equal, replayed* by the checker's normal form, *different* at a point, or *not shown*.

That two expressions are equal is never concluded from numbers, and that they differ never from their form: the prover's algebra is not asked at all.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from entropysym.checker import equality as checker
from entropysym.errors import InputError, NotStorableError, shown
from entropysym.language.declared import Symbols, demand_declared
from entropysym.language.formula import substituted
from entropysym.language.functions import on_entry
from entropysym.language.heads import Elbo, Entropy
from entropysym.language.objective import elbo
from entropysym.language.records import Model, Plate
from entropysym.language.store import model_record, term
from entropysym.prover.document import certificates
from entropysym.prover.families import family_certificate
from entropysym.verdict import Verdict, proved, refuted, undecided


def equal(a: sp.Expr | complex, b: sp.Expr | complex, model: Model) -> Verdict:
    r"""Whether two expressions over the symbols of a model are equal, at every parameter value, data set and law of q.

    `a` and `b` are expressions of the language, such as `d.entropy_sum`, or plain SymPy over the model's symbols (`d.symbols`); free indices, as in
    `d.derivative("alpha2")`, stand for every entry.

    * PROVED: $a-b$ comes to 0 in the checker's own normal form, wherever both are finite; evidence *replayed*.
    * REFUTED: at a point, which the reason names, they differ by more than rounding explains ($10^3$ eps × the sum of the |terms|, and than rounding inside of functions
      may do); evidence *witness*. An average over q refutes only where a rule is known to be right: of a polynomial in the latents, with any functions of networks beside it.
    * UNDECIDED: neither was found, with the reason; that is not *different*.

    Raises `InputError` for what is no expression of numbers, and for a symbol that only looks like one of the model or that the model does not declare.

    >>> import entropysym as es
    >>> d = es.derive(es.models.linear_vae())
    >>> sigma, D = d.symbols.sigma, d.symbols.D
    >>> equal(d.derivative("sigma"), -D / sigma, d.model).value.name
    'PROVED'
    """
    try:
        return _settled(a, b, model)
    except RecursionError:
        return undecided(
            "not shown to be equal, nor told apart: the expressions are nested too deep"
        )


def _settled(a: sp.Expr | complex, b: sp.Expr | complex, model: Model) -> Verdict:
    """The verdict, where expressions are not nested too deep for Python."""
    symbols = Symbols(model)
    a, b = (_formula(name, e, model, symbols) for name, e in (("a", a), ("b", b)))
    plates = free_plates(model, a, b)
    not_shown = _replayed(a, b, model, plates)
    if isinstance(not_shown, Verdict):
        return not_shown
    from entropysym.claims.telling_apart import (
        told_apart,  # numbers, where the form does not settle it
    )

    found = told_apart(a, b, model, plates)
    if isinstance(found, str):
        return undecided(f"not shown to be equal: {not_shown}; not told apart: {found}")
    return refuted(f"different: {found}", "witness")


def _formula(name: str, given: Any, model: Model, symbols: Symbols) -> sp.Expr:
    """An expression in the model's own symbols, as the language writes functions."""
    try:
        e = sp.sympify(given, strict=True)
    except sp.SympifyError:
        e = None
    if not isinstance(e, sp.Expr) or isinstance(e, sp.MatrixExpr):
        raise InputError(f"{name} is {shown(given)}; pass a SymPy expression of numbers")
    if e.has(sp.nan, sp.zoo, sp.oo, -sp.oo):
        raise InputError(f"{name} is {shown(str(e))}, which is no number")
    e = substituted(e, dict.fromkeys(e.atoms(Elbo), elbo(model)))
    demand_declared(e, symbols)
    return on_entry(e)


def free_plates(model: Model, *expressions: sp.Expr) -> tuple[Plate, ...]:
    """The plates over which the free indices of expressions run, in the model's order."""
    free = set().union(*(e.free_symbols for e in expressions))
    return tuple({p.index: p for p in reversed(model.plates) if p.index in free}.values())[::-1]


def _replayed(a: sp.Expr, b: sp.Expr, model: Model, plates: tuple[Plate, ...]) -> Verdict | str:
    """PROVED, or why it is not."""
    under = tuple(plate.index for plate in plates)
    try:
        left, right = (term(e, model, under) for e in (a, b))
        record = model_record(model)
    except (NotStorableError, TypeError) as reason:
        return f"it cannot be written down ({reason})"
    families = model.families if a.has(Entropy) or b.has(Entropy) else ()
    known = ((f, family_certificate(f)) for f in families)
    closed = certificates({f: c for f, c in known if c is not None})
    try:
        found = checker.equal(record, left, right, [p.size.name for p in plates], closed)
    except (checker.Malformed, checker.Refused) as reason:
        return str(reason)
    where = " wherever both are finite," if found.integrals else ""
    return proved(
        f"equal at every parameter value, data set and law of q,{where} in the checker's normal form",
        "replayed",
    )
