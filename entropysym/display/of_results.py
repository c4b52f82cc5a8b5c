"""What is said of verdicts, certificates, sweeps, runs, audits, claims and steps of a monitor: figures, in nats per data point where nothing else is said."""

from __future__ import annotations

from typing import Any

from entropysym.display.said import Body, Row, Said, nats, number

#: So many rows of a long table are shown.
ROWS = 20


def of_verdict(v: Any) -> Said:
    """The value with its evidence, and the reason: a line."""
    by = f" [{', '.join(v.evidence)}]" if v.evidence else ""
    return Said(f"Verdict {v.value.value}{by}", v.reason)


def of_certificate(c: Any) -> Said:
    """What the point is, and the figures that say so."""

    def body() -> Body:
        rows: list[Row] = [
            ("reading", c.reading.value),
            ("ELBO", number(c.elbo)),
            ("entropy sum", number(c.entropy_sum)),
            ("encoder entropy", number(c.encoder_entropy)),
            *((f"{name} entropy", number(value)) for name, value in c.entropies.items()),
            ("gap", number(c.gap)),
            ("predicted gap", number(c.predicted)),
            ("residual [eps x terms]", number(c.residual)),
            ("the gap is the predicted one", number(c.agrees)),
            ("gradient norm", number(c.gradient_norm)),
            ("bound on the gap", number(c.bound)),
        ]
        if c.inertia is not None:
            rows.append(("curvatures: positive, negative, flat", ", ".join(map(str, c.inertia))))
        rows.append(("directions", c.origin))
        rows += [("motion", one) for one in c.motion[:ROWS]]
        _, _, more = c.message.partition("; ")  # the figures stand above
        return Body(rows=tuple(rows), notes=(more,) if more else ())

    agrees = "as predicted" if c.agrees else "not as predicted"
    says = f"{_label(c.reading)}, gap {nats(c.gap)} {agrees}, gradient norm {c.gradient_norm:.2g}"
    return Said("Certificate", says, body)


def _label(reading: Any) -> str:
    return reading.name.lower().replace("_", " ")


def of_reading(reading: Any) -> Said:
    """A label and what it means."""
    return Said(f"Reading {reading.name}", reading.value)


def of_sweep_report(r: Any) -> Said:
    """A sweep with its verdict and its wrong variants."""

    def body() -> Body:
        wrong = [v for v in r.variants if not v.equal]
        rejected = f"{sum(v.rejected > 0 for v in wrong)} of {len(wrong)}"
        rows = (
            ("verdict", str(r.verdict)),
            ("units", number(r.units)),
            ("seed", number(r.seed)),
            *_swept(r.sweep),
            ("wrong variants rejected", rejected),
        )
        return Body(rows=rows, notes=tuple(r.notes))

    return Said(f"Sweep of {r.sweep.model}", f"{r.verdict.value.value}, {_residual(r.sweep)}", body)


def of_sweep(s: Any) -> Said:
    """A sweep by itself."""
    says = f"{'passed' if s.passed else 'not passed'}, {_residual(s)}"
    return Said(f"Sweep of {s.model}", says, lambda: Body(rows=_swept(s)))


def _residual(s: Any) -> str:
    return f"{s.compared} configurations, largest residual {s.largest:.3g} eps x terms"


def _swept(s: Any) -> tuple[Row, ...]:
    return (
        ("configurations", number(s.compared)),
        ("failures", number(s.failures)),
        ("not finite", number(s.broken)),
        ("coarse", number(s.coarse)),
        ("largest residual [eps x terms]", number(s.largest)),
        ("where", s.where),
    )


def of_verification(v: Any) -> Said:
    """The column of `entropysym verify`."""

    def body() -> Body:
        from entropysym.claims.reporting import figures

        rows = [(name, number(value)) for name, value in figures(v).items() if value is not None]
        if v.partial_verdict is not None:
            rows.append(("what holds all the same", str(v.partial_verdict)))
        return Body(rows=(("verdict", str(v.verdict)), *rows))

    verdict = v.verdict
    evidence = f" [{', '.join(verdict.evidence)}]" if verdict.evidence else ""
    says = f"{verdict.value.value}{evidence}: {verdict.reason}"
    return Said(f"Verification of {v.model}", says, body)


def of_settled(s: Any) -> Said:
    """How the runs ended, one row for each."""
    runs = len(s.values)

    def body() -> Body:
        each = zip(s.values[:ROWS], s.gradient_norms[:ROWS], strict=True)
        rows = tuple((str(k), number(float(F)), number(float(g))) for k, (F, g) in enumerate(each))
        more = (f"{runs - ROWS} runs more.",) if runs > ROWS else ()
        return Body(rows=rows, head=("run", "objective", "gradient norm"), notes=(s.message, *more))

    largest = max(map(float, s.gradient_norms), default=0.0)
    counted = "1 run" if runs == 1 else f"{runs} runs"
    says = f"{s.ending.name.lower().replace('_', ' ')}, largest gradient norm {largest:.2g}"
    return Said(f"Settled, {counted}", says, body)


def of_audit(a: Any) -> Said:
    """The checks of a distribution, one row for each."""
    rows = tuple((r.check, r.outcome.value, r.says) for r in a.rows)
    failing = [r.check for r in a.alarms]
    says = f"fails: {', '.join(failing)}" if failing else f"nothing fails, {a.decided} checks hold"
    head = ("check", "outcome", "what was found")
    return Said(f"Audit of {a.name}", says, lambda: Body(rows=rows, head=head))


def of_step(s: Any) -> Said:
    """What a monitor recorded."""

    def body() -> Body:
        cells = {name: value for name, value in s.cells().items() if value not in (None, ())}
        if s.not_finite:
            cells["not_finite"] = ", ".join(s.not_finite)
        return Body(rows=tuple((name.replace("_", " "), number(v)) for name, v in cells.items()))

    broken = f", not finite: {', '.join(s.not_finite)}" if s.not_finite else ""
    return Said(f"Step {s.step}", f"{_entropies(s)}{broken}", body)


def of_entropies(e: Any) -> Said:
    """The quantities of `entropies`, and which latents are collapsed."""

    def body() -> Body:
        rows = tuple((name.replace("_", " "), number(v)) for name, v in e.numbers().items())
        collapsed = e.latents.collapsed
        said = f"{int(collapsed.sum())} of {len(collapsed)} latents collapsed (KL below {e.collapsed_below:g} nat)."
        return Body(rows=rows, notes=(said,))

    return Said("Entropies", _entropies(e), body)


def _entropies(e: Any) -> str:
    return f"ELBO {e.elbo:.6g}, entropy sum {e.entropy_sum:.6g}, gap {nats(e.gap)}"


def of_claim(c: Any) -> Said:
    """What is claimed to be equal; nothing is derived for that."""
    model = c.model
    model = getattr(model, "model", model)
    where = getattr(model, "name", None) or str(model)
    rows = [("model", where)]
    rows += [(side, str(getattr(c, side))) for side in ("left", "right") if hasattr(c, side)]
    says = c.name or _sides(c)
    return Said(f"{type(c).__name__} on {where}", says, lambda: Body(rows=tuple(rows)))


def _sides(c: Any) -> str:
    # That of a theorem would have to be derived first.
    return str(c) if hasattr(c, "left") else "its gap identity"


def of_entry(e: Any) -> Said:
    """A word of the glossary."""
    cells = {
        "also": ", ".join(e.also),
        "formula": e.formula,
        "source": e.source,
        "related": ", ".join(e.related),
        "in the code": ", ".join(e.code),
    }
    rows = tuple((name, text) for name, text in cells.items() if text)
    return Said(e.word, e.text, lambda: Body(rows=rows))
