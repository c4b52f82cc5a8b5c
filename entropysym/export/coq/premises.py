"""Premises by name: where parameters, networks and data lie, and which means exist."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from entropysym.checker.kernel.terms import Array
from entropysym.export.coq.layout import SUPPORTS, Layout
from entropysym.export.coq.lines import Premise, comment, fresh, record
from entropysym.export.coq.names import safe
from entropysym.export.coq.printer import OPEN, function_of, of_model, unsupported
from entropysym.export.coq.separation import separates


def ranges(t: Layout) -> Iterator[Premise]:
    model = t.model
    for size in t.sizes():
        yield Premise(f"size_{size}", f"(0 < {safe(size)})%nat")
    for array in (*model.parameters.values(), *model.networks.values()):
        if array.range not in ("real", "angle"):
            yield Premise(f"range_{array.name}", range_of(t, array))
    for world in t.worlds:
        for variable in model.variables.values():
            plate = model.data_plate(variable.name)
            if plate in (world, "") and variable.support != "real" and variable.name not in t.noise:
                name = of_model(model, variable.name, world if t.several else "")
                data = 1 if plate else 0
                yield Premise(
                    f"support_{name}",
                    bounded(
                        t,
                        f"{name} o",
                        variable.plates[data:],
                        variable.support,
                        first="forall o, ",
                    ),
                )
    for size in t.matrix_sizes():
        yield Premise(f"laws_{size}", f"matrix_laws {size} det_{size} inverse_{size}")
    for function, slope in t.function_laws():
        yield Premise(f"law_{function}", f"derivative_law {function} {slope}")


def range_of(t: Layout, array: Array, at: str = "p") -> str:
    inputs = [fresh(f"v{i}", t.place.used) for i in range(len(array.inputs))]
    called = " ".join([safe(array.name), *(inputs if array.inputs else [at])])
    first = f"forall {' '.join(inputs)}, " if inputs else ""
    return bounded(t, called, array.plates, array.range, first=first)


def bounded(t: Layout, called: str, plates: list[str], kind: str, first: str) -> str:
    if kind in ("posdef", "triangular"):
        return f"{first}{kind} {safe(plates[0])} ({called})"
    whole = kind in ("simplex", "onehot")
    if not whole and kind not in SUPPORTS:
        raise unsupported(f"the support or range {kind!r}", t.model)
    names, _ = t.opened(replace(t.place, scope=()), plates)
    outer = names[:-1] if whole else names
    bounds = "".join(
        f"forall {i}, ({i} < {safe(size)})%nat -> " for i, size in zip(outer, plates, strict=False)
    )
    entry = " ".join([called, *outer])
    if whole:
        said = f"{kind} {safe(plates[-1])} ({entry})"
    else:
        said = SUPPORTS[kind].format(f"({entry})" if kind in ("binary", "count") else entry)
    return f"{first}{bounds}{said}"


def means(t: Layout) -> Iterator[Premise]:
    for world in t.worlds:
        end = t.suffix(world)
        yield Premise(f"finite_elbo{end}", f"integrable E{end} (elbo{end} p)")
        yield Premise(f"finite_entropies{end}", f"integrable E{end} (entropies{end} p)")
        if not separates(t):
            yield Premise(
                f"interchange{end}_objective",
                f"interchange E{end} (fun t : R => {t.integrand}{end} (move p t))",
            )
    for i, (world, body) in enumerate(t.leaves, 1):
        yield Premise(
            f"finite_{i}", f"integrable E{t.suffix(world)} {function_of('o', (body, OPEN))}"
        )


def premise_records(t: Layout) -> str:
    where, exist = list(ranges(t)), list(means(t))
    return "\n".join(
        [
            comment("Premises: where parameters, networks and data lie."),
            record("in_range", where),
            comment(
                "Premises: means exist. That the derivative at t = 0 may be taken under them is proved below (`interchange_holds`)."
                if separates(t)
                else "Premises: means exist, and the derivative at t = 0 may be taken under the mean."
            ),
            record("conditions", exist),
        ]
    )
