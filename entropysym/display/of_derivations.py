"""What is said of models, derivations, refusals and stationarity conditions: the formulas of their pages, as few as tell them.

Pages are loaded inside, so that a title needs none of them.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from entropysym.display.said import Body, Formulas, Said


def of_derivation(d: Any) -> Said:
    """The theorem: how many conditions, the gap identity, the direction and the closed form."""
    equality = "F = ℰ" if d.excess == 0 else "F = ℰ + Δ*"
    where = "at stationary points" if d.direction else "everywhere"
    says = f"{equality} {where}, {d.verdict.value.value}"
    notes = (f"Verdict: {d.verdict}.",)
    return Said(f"Derivation of {d.model.name}", says, lambda: Body(_theorem(d), notes=notes))


def _theorem(d: Any, lead: str = "Under") -> tuple[Formulas, ...]:
    import sympy as sp

    from entropysym.language.formula import equation
    from entropysym.language.heads import Elbo
    from entropysym.pages import Line
    from entropysym.pages.abbreviations import abbreviations
    from entropysym.pages.equations import direction_lines
    from entropysym.pages.marks import ENTROPY_SUM, EXCESS

    model, after = d.model, {s.rule: s.after for s in d.steps}
    left_over = sp.S.Zero if d.excess == 0 else EXCESS
    # As many as the page lists: one sentence for each kind.
    kinds = {c.kind for c in d.conditions} - {"stationary", "tangent"}
    always = f"{lead} {len(kinds)} conditions, at every value of the parameters"
    out = []
    if d.direction:
        moved = after["gap"] - after["stationary"]
        out.append((f"{always},", Line(Elbo(), ENTROPY_SUM + left_over + moved)))
        out.append(("along the direction", *direction_lines(d)))
    where = "and at stationary points" if d.direction else always
    out.append((f"{where},", Line(equation(Elbo(), ENTROPY_SUM + left_over), d.stationary_value)))
    if d.excess != 0:
        out.append(("where beside the entropy sum stands", Line(EXCESS, d.excess)))
    short = abbreviations(model)
    out = [(words, *(_abbreviated(line, short) for line in lines)) for words, *lines in out]
    used = [
        one
        for one in short
        if any(line.right.has(one.letter.label) for _, *ls in out for line in ls)
    ]
    if used:
        out.append(("with", *(Line(one.letter, one.meaning) for one in used)))
    return tuple(Formulas(words, tuple(lines), model) for words, *lines in out)


def _abbreviated(line: Any, short: Any) -> Any:
    """The line with each long argument of the decoder under its letter, as on the page."""
    from dataclasses import replace

    import sympy as sp

    for one in short if isinstance(line.right, sp.Expr) else ():
        line = replace(line, right=one.gathered(line.right))
    return line


def of_refusal(r: Any) -> Said:
    """The reason, the witness in numbers, and what is true all the same."""

    def body() -> Body:
        lead = "What is true all the same: under"
        formulas = () if r.partial is None else _theorem(r.partial, lead)
        rows = [("verdict", str(r.verdict))]
        if r.witness is not None:
            values = {**r.witness.values, **r.witness.networks}
            numbers = ", ".join(f"{name} = {value}" for name, value in values.items())
            rows.append(("witness", f"{numbers}; gap {r.witness.gap}"))
        else:
            rows += [("missing", one) for one in r.missing]
        if r.counter_example is not None:
            rows.append(("counter-example", f"claims.COUNTER_EXAMPLES[{r.counter_example!r}]"))
        if r.partial is not None:
            rows.append(("what is true all the same", str(r.partial.verdict)))
        return Body(formulas, tuple(rows))

    return Said(f"Refusal of {r.model.name}", f"{r.verdict.value.value}: {r.reason}", body)


def of_model(model: Any) -> Said:
    """The factors, what is learned, and where the model is from."""

    def body() -> Body:
        from entropysym.pages.declarations import factor_lines

        learned = [p.name for p in model.parameters if p.learned]
        fixed = [p.name for p in model.parameters if not p.learned]
        cells = {
            "learned": ", ".join(learned),
            "fixed": ", ".join(fixed),
            "networks": ", ".join(w.name for w in model.networks),
            "constraints": "; ".join(c.text for c in model.constraints),
            "source": model.source,
        }
        lines = Formulas("The factors are", factor_lines(model), model)
        return Body((lines,), tuple((name, text) for name, text in cells.items() if text))

    return Said(f"Model {model.name}", model.title, body)


def of_equations(equations: Any) -> Said:
    """The conditions line by line, as on the page. The title names them only where they were worked out already."""
    model, *_ = equations._of
    found = vars(equations).get("_found")

    def body() -> Body:
        from entropysym.pages.equations import stationarity_lines

        # What the page reads of a derivation is its model and its conditions.
        about: Any = SimpleNamespace(model=model, stationarity=equations)
        lines = tuple(stationarity_lines(about))
        if not lines:
            return Body(notes=("No derivative can be written out: only networks learn.",))
        return Body((Formulas("At every index,", lines, model),))

    says = "not worked out yet" if found is None else ", ".join(found) or "none"
    return Said(f"Stationarity conditions of {model.name}", says, body)
