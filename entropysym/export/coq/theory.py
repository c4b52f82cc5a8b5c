"""A printed file: definitions, curve, premises, the theorem, and a short proof of each part."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from entropysym.checker.kernel.terms import (
    ANY,
    Array,
    Factor,
    Family,
    Model,
    Statement,
    Term,
    named,
    subterms,
)
from entropysym.checker.kernel.theorem import Judgement, elbo_parts
from entropysym.export.coq.motions import Motions, rate
from entropysym.export.coq.names import TAKEN, safe
from entropysym.export.coq.printer import (
    APPLIED,
    ATOM,
    LAWS,
    OPEN,
    PRODUCT,
    SUM,
    Place,
    function_of,
    law,
    of_model,
    text,
    unsupported,
    vector,
)

#: Seconds that `coqc` may spend on one proof.
PATIENCE = 120
#: Ranges of numbers and of the entries of arrays, as premises.
RANGES = {"positive": "0 < {0}", "nonnegative": "0 <= {0}", "unit": "0 < {0} < 1"}
SUPPORTS = {**RANGES, "binary": "binary {0}", "count": "count {0}"}
#: The types of arguments that are no numbers.
KINDS = {"vector": "nat -> R", "positives": "nat -> R", "simplex": "nat -> R", "posdef": "matrix"}
MATRIX_PROOF = (
    "\n  match goal with L : matrix_laws _ _ _ |- _ => pose proof (moves_logdet _ _ _ L) end.\n "
)
#: Supports of single numbers that a certificate's proof may use.
POINTS = ("positive", "unit", "count")
WIDTH = 100


@dataclass(frozen=True)
class Premise:
    """A named premise, and whether it is about ranges alone."""

    name: str
    said: str


class Theory:
    """The printed file of one accepted statement."""

    def __init__(self, judgement: Judgement, moving: Motions, sha256: str, version: str):
        self.said: Statement = judgement.statement
        self.model: Model = self.said.model
        self.moving, self.sha256, self.version = moving, sha256, version
        model = self.model
        self.noise = frozenset(moving.noise)
        self.worlds = list(dict.fromkeys(model.data_plate(f.of[0]) for f in model.factors.values()))
        self.several = len(self.worlds) > 1
        self.latent_free = not any(map(model.latent, model.variables))
        self._refuse_what_is_not_printed()
        taken = {
            *TAKEN,
            *map(safe, model.sizes),
            *map(safe, model.parameters),
            *map(safe, model.networks),
        }
        taken |= {of_model(model, v, w) for v in model.variables for w in ("", *self.worlds)}
        taken |= {*LAWS, *LAWS.values(), *model.families}
        self.place = Place(model, frozenset(taken), several=self.several, noise=self.noise)
        self.leaves = self._leaves()

    # ---- what is not printed -------------------------------------------------------------------

    def _refuse_what_is_not_printed(self) -> None:
        model, said = self.model, self.said
        if model.functions:
            raise unsupported(f"the unknown function {model.functions[0]}", model)
        for factor in model.factors.values():
            family = model.families.get(factor.family)
            if family is None:
                continue
            if family.name not in said.certificates:
                raise unsupported(
                    f"the entropy of {family.name} is not known in closed form", model
                )
            if factor.name in model.q and family.log_base_measure != 0:
                raise unsupported(f"{factor.name} in q has a base measure", model)
            certificate = said.certificates[family.name]
            if (certificate.scale, certificate.shift) != (0, 0):
                raise unsupported(f"the certificate of {family.name} moves the variable", model)
            if family.depth == 2:
                raise unsupported(f"{family.name} is over matrices", model)
        if self.several and (said.penalty != 0 or said.excess != 0):
            raise unsupported("an excess or a penalty with several data plates", model)

    # ---- places --------------------------------------------------------------------------------

    def at(self, world: str = "", moved: bool = False, **more) -> Place:
        """A place at an outcome, at the parameters or at those along the curve."""
        return replace(
            self.place,
            at="(move p t)" if moved else "p",
            world=world if self.several else "",
            inside=True,
            **more,
        )

    def suffix(self, world: str) -> str:
        return f"_{world}" if self.several and world else ""

    def opened(self, place: Place, sizes: Iterable[str]) -> tuple[list[str], Place]:
        names = []
        for size in sizes:
            name, place = place.opened(size)
            names.append(name)
        return names, place

    # ---- the file ------------------------------------------------------------------------------

    def text(self) -> str:
        name = self.model.name
        blocks = [
            self._title(),
            f"Section {safe(name)}.",
            self._declarations(),
            *map(self._family, self.model.families.values()),
            self._parameters(),
            *self._definitions(),
            self._curve(),
            self._premises(),
            *self._proofs(),
            self._theorem(),
            f"End {safe(name)}.",
            self._points(),
            self._not_vacuous(),
            f"Check {self.theorem}.\nPrint Assumptions {self.theorem}.",
        ]
        return "\n\n".join(block for block in blocks if block) + "\n"

    @property
    def theorem(self) -> str:
        return f"{self.model.name}_theorem"

    def _title(self) -> str:
        return comment(
            f"{self.model.name}: the ELBO at stationary points, printed from an accepted derivation by entropysym {self.version}. "
            f"SHA-256 of the statement: {self.sha256}. Check with: coqc EntropySum.v && coqc {self.model.name}.v. "
            f"Read the definitions, the premises (`in_range`, `conditions`) and the theorem at the end; what stands between is proof."
        ) + (
            "\nFrom Coq Require Import Reals Lra Lia FunctionalExtensionality.\nFrom Coquelicot Require Import Coquelicot.\n"
            f"Require Import EntropySum.\nOpen Scope R_scope.\nSet Default Timeout {PATIENCE}."
        )

    def _declarations(self) -> str:
        model = self.model
        lines = [
            comment("Sizes, and networks: any functions. Indices start at 0."),
            *([f"Variables {' '.join(map(safe, self._sizes()))} : nat."] if self._sizes() else []),
        ]
        for net in model.networks.values():
            lines.append(
                f"Variable {safe(net.name)} : {'(nat -> R) -> ' * len(net.inputs)}{'nat -> ' * len(net.plates)}R."
            )
        for size in self._matrix_sizes():
            lines.append(
                comment(
                    f"Determinant and inverse of matrices of size {size}; their laws are premises."
                )
            )
            lines.append(
                f"Variables (det_{size} : matrix -> R) (inverse_{size} : matrix -> matrix)."
            )
        for function, slope in self._laws():
            lines += [
                comment(f"{function}, of which the derivative is known, {slope}."),
                f"Variables {function} {slope} : R -> R.",
            ]
        for world in self.worlds:
            lines += self._world(world)
        for factor in model.q.values():
            if factor.family == ANY:
                plate = model.data_plate(factor.of[0])
                lines.append(
                    comment(
                        f"The entropy of {factor.name}, which is any law: any number{' for each datum' if plate else ''}."
                    )
                )
                lines.append(
                    f"Variable H_{factor.name} : {f'outcome{self.suffix(plate)} -> ' if plate else ''}R."
                )
        return "\n".join(lines)

    def _world(self, world: str) -> Iterator[str]:
        model, end = self.model, self.suffix(world)
        drawn = (
            ""
            if self.latent_free
            else " with a draw of the latents" + (" (or of their noise)" if self.noise else "")
        )
        what = f"a datum of the plate {world}{drawn}" if world else "a draw of what is global"
        yield comment(
            f"An outcome is {what}. Their law is any: E{end} is the mean over the data"
            + ("" if self.latent_free else " of the expectation under q")
            + "."
            if world
            else f"An outcome is {what}; E is the expectation under q."
        )
        yield f"Variables (outcome{end} : Type) (E{end} : law outcome{end})."
        for variable in model.variables.values():
            plate = model.data_plate(variable.name)
            if plate not in (world, ""):
                continue
            shape = f"outcome{end} -> {'nat -> ' * (len(variable.plates) - bool(plate))}R"
            drawn_as = (
                f"eps_{variable.name}"
                if variable.name in self.noise
                else of_model(model, variable.name, world if self.several else "")
            )
            role = "noise of a latent" if variable.name in self.noise else variable.role
            yield f"Variable {drawn_as} : {shape}. (* {role} *)"

    def _matrix_sizes(self) -> list[str]:
        """The sizes of the positive definite arguments of factors."""
        model, found = self.model, {}
        for factor in model.factors.values():
            family = model.families.get(factor.family)
            if family is not None and "posdef" in family.arguments.values():
                found[safe(model.variables[factor.of[0]].plates[-1])] = None
        return list(found)

    def _laws(self) -> list[tuple[str, str]]:
        used = [
            [f.log_density for f in self.model.families.values()],
            [c.entropy for c in self.said.certificates.values()],
            [f.arguments for f in self.model.factors.values()],
        ]
        return [
            (f, slope) for f, slope in LAWS.items() if any(True for _ in subterms(used, f, slope))
        ]

    # ---- families ------------------------------------------------------------------------------

    def _family(self, family: Family) -> str:
        """Its log density, base measure and entropy, and (T)."""
        if not any(f.family == family.name for f in self.model.factors.values()):
            return ""
        certificate, name = self.said.certificates[family.name], family.name
        used = self.place.used
        arguments = [fresh(a, used) for a in family.arguments]
        vectors = family.depth == 1
        variable = fresh("y", {*arguments, *used})
        dims = {"dim": fresh("n", {*arguments, *used})} if vectors else {}
        place = replace(
            self.at(),
            dims=dims,
            bindings={**dict(zip(family.arguments, arguments, strict=True)), "var": variable},
        )
        kinds = {
            a: KINDS.get(r, "R") for a, r in zip(arguments, family.arguments.values(), strict=True)
        }
        size = f"({dims['dim']} : nat) " if vectors else ""
        if "matrix" in kinds.values():
            n = dims["dim"]
            size += f"(det_{n} : matrix -> R) (inverse_{n} : matrix -> matrix) "
        taken = size + " ".join(f"({a} : {kind})" for a, kind in kinds.items())
        drawn = f"({variable} : {'nat -> R' if vectors else 'R'})"
        lines = [
            comment(
                f"The family {name}: its log density{', log base measure' if family.log_base_measure != 0 else ''} and entropy."
            ),
            definition(f"{name}_logpdf {taken} {drawn}", text(family.log_density, place)),
        ]
        base = family.log_base_measure != 0
        if base:
            lines.append(
                definition(f"{name}_logbase {taken} {drawn}", text(family.log_base_measure, place))
            )
        lines.append(definition(f"{name}_entropy {taken}", text(certificate.entropy, place)))
        lines.append(self._certificate(family, place, kinds, variable, size))
        lines.append(self._link(family, place, kinds, size))
        return "\n".join(lines)

    def _link(self, family: Family, place: Place, kinds: dict[str, str], size: str) -> str:
        """That the formula is the entropy, where the score along the certificate has mean zero."""
        name, certificate, n = (
            family.name,
            self.said.certificates[family.name],
            place.dims.get("dim", ""),
        )
        base = family.log_base_measure != 0
        curves, said = [], []
        for (stored, range_), a in zip(family.arguments.items(), kinds, strict=True):
            term = certificate.direction[stored]
            if kinds[a] == "R":
                curves.append(f"({a} + t * {text(term, place, ATOM)})")
                said += [RANGES[range_].format(a)] if range_ in RANGES else []
            elif kinds[a] == "matrix":
                curves.append(f"(scaled (exp ({text(term[1], place, ATOM)} * t)) {a})")
                said.append(f"0 < det_{n} {a}")
            else:
                i, inner = place.opened("dim")
                curves.append(f"(fun {i} => {a} {i} + t * {text(term, inner, ATOM)})")
                said += [f"simplex {n} {a}"] if range_ == "simplex" else []
                said += (
                    [f"(forall {i}, ({i} < {n})%nat -> 0 < {a} {i})", f"(0 < {n})%nat"]
                    if range_ == "positives"
                    else []
                )
        if family.support in ("onehot", "simplex"):
            said.append(f"(forall w, {family.support} {n} (y_of w))")
        elif family.support in POINTS:
            said.append(f"(forall w, {SUPPORTS[family.support].format('(y_of w)')})")
        if "matrix" in kinds.values():
            said.append(f"matrix_laws {n} det_{n} inverse_{n}")
        said += [
            f"derivative_law {f} {g}"
            for f, g in self._laws()
            if any(True for _ in subterms(family.log_density, f))
        ]
        prefix = (f"{n} " if n else "") + (
            f"det_{n} inverse_{n} " if "matrix" in kinds.values() else ""
        )
        here, along = prefix + " ".join(kinds), prefix + " ".join(curves)
        mean = f"expect law_of_y (fun w => {name}_logpdf {here} (y_of w))"
        said.append(f"integrable law_of_y (fun w => {name}_logpdf {here} (y_of w))")
        if base:
            said.append(f"integrable law_of_y (fun w => {name}_logbase {here} (y_of w))")
            mean = f"({mean} - expect law_of_y (fun w => {name}_logbase {here} (y_of w)))"
        said.append(
            f"expect law_of_y (fun w => Derive (fun t : R => {name}_logpdf {along} (y_of w)) 0) = 0"
        )
        given = size + " ".join(f"({a} : {kind})" for a, kind in kinds.items())
        kind = "nat -> R" if n else "R"
        proof = f"  intros. apply entropy_link{'_base' if base else ''} with (D := fun w => Derive (fun t : R => {name}_logpdf {along} (y_of w)) 0); try assumption."
        return "\n".join(
            [
                comment(
                    "Where the score has mean zero under the law of y, this entropy is "
                    + ("-E log (p / h)." if base else "-E log p.")
                ),
                wrapped(
                    f"Lemma {name}_is_entropy (W : Type) (law_of_y : law W) (y_of : W -> {kind}) {given} : {' -> '.join(said)} -> "
                    f"{name}_entropy {here} = - {mean}."
                ),
                "Proof.",
                wrapped(proof),
                f"  intros w. eapply moves_value, {name}_T; intros; first [apply curve_line | reflexivity | eauto 3].",
                "Qed.",
            ]
        )

    def _certificate(
        self, family: Family, place: Place, kinds: dict[str, str], variable: str, size: str
    ) -> str:
        """(T): where the arguments move as the certificate says, D log p = log p - log h + H."""
        name, certificate = family.name, self.said.certificates[family.name]
        n = place.dims.get("dim", "")
        curves = {a: fresh(f"{a}_t", {*kinds, *self.place.used}) for a in kinds}
        said = []
        for (stored, range_), a in zip(family.arguments.items(), kinds, strict=True):
            if kinds[a] == "R":
                said.append(
                    f"moves {curves[a]} {a} {text(certificate.direction[stored], place, ATOM)}"
                )
                if range_ in RANGES:
                    said.append(RANGES[range_].format(a))
            elif kinds[a] == "matrix":
                r = text(certificate.direction[stored][1], place, ATOM)
                said += [
                    f"(forall t, {curves[a]} t = scaled (exp ({r} * t)) {a})",
                    f"0 < det_{n} {a}",
                ]
            else:
                i, inner = place.opened("dim")
                direction = text(certificate.direction[stored], inner, ATOM)
                said.append(
                    f"(forall {i}, ({i} < {n})%nat -> moves (fun t : R => {curves[a]} t {i}) ({a} {i}) {direction})"
                )
                if range_ == "simplex":
                    said.append(f"simplex {n} {a}")
                elif range_ == "positives":
                    said.append(f"(forall {i}, ({i} < {n})%nat -> 0 < {a} {i})")
                    said.append(f"(0 < {n})%nat")
        if family.support in POINTS:
            said.append(SUPPORTS[family.support].format(variable))
        if family.support == "onehot":
            said.append(f"onehot {n} {variable}")
        if family.support == "simplex":
            said.append(f"simplex {n} {variable}")
        laws = [
            f"derivative_law {f} {g}"
            for f, g in self._laws()
            if any(True for _ in subterms(family.log_density, f))
        ]
        curved = size + " ".join(
            f"({curves[a]} : R -> {kinds[a]}) ({a} : {kinds[a]})" for a in kinds
        )
        matrices = "matrix" in kinds.values()
        if matrices:
            laws.insert(0, f"matrix_laws {n} det_{n} inverse_{n}")
        prefix = f"{n} " if n else ""
        prefix += f"det_{n} inverse_{n} " if matrices else ""
        at_t = prefix + " ".join(f"({curves[a]} t)" for a in kinds)
        at_0 = prefix + " ".join(kinds)
        drawn = f"({variable} : {'nat -> R' if n else 'R'})"
        entropy = f"{name}_entropy {at_0}"
        base = family.log_base_measure != 0
        right = f"({entropy} - {name}_logbase {at_0} {variable})" if base else entropy
        unfolded = ", ".join(
            [f"{name}_logpdf", f"{name}_entropy", *([f"{name}_logbase"] if base else [])]
        )
        statement = " -> ".join([*said, *laws])
        return "\n".join(
            [
                wrapped(
                    f"Lemma {name}_T {curved} {drawn} : {statement} -> moves (fun t : R => {name}_logpdf {at_t} {variable}) "
                    f"({name}_logpdf {at_0} {variable}) ({name}_logpdf {at_0} {variable} + {right})."
                ),
                "Proof.",
                "  intros. repeat match goal with H : simplex _ _ |- _ => pose proof (simplex_pos _ _ H); revert H end; intros.",
                f"  unfold {unfolded}.{MATRIX_PROOF if matrices else ''} velocity.",
                "Qed.",
            ]
        )

    # ---- the model -----------------------------------------------------------------------------

    def _parameters(self) -> str:
        if not self.model.parameters:
            raise unsupported("it has no parameters", self.model)
        fields = []
        for array in self.model.parameters.values():
            fields.append(f"{safe(array.name)} : {'nat -> ' * len(array.plates)}R")
        return (
            comment("The parameters.")
            + "\n"
            + wrapped(f"Record parameters := Parameters {{ {'; '.join(fields)} }}.")
        )

    def _of_factor(self, factor: Factor, kind: str, place: Place) -> str:
        """log p, log h or H of a factor, summed over its plates and classes."""
        model = self.model
        family = model.families[factor.family]
        of = factor.of[0]
        plates = model.variables[of].plates
        data = 1 if model.data_plate(of) else 0
        place = replace(place, scope=("",) * data)
        own = list(plates[data:])
        alike = own[: len(own) - family.depth]
        indices, inner = self.opened(place, alike)
        chosen = model.variable(factor.select).plates[-1:] if factor.select else []
        klass, inner = self.opened(inner, chosen)
        call = [f"{family.name}_{kind}"]
        if family.depth:
            n = safe(own[-1])
            call += [
                n,
                *([f"det_{n}", f"inverse_{n}"] if "posdef" in family.arguments.values() else []),
            ]
        for argument, range_ in zip(factor.arguments, family.arguments.values(), strict=True):
            wide = range_ in ("vector", "positives", "simplex")
            call.append(vector(argument, inner) if wide else text(argument, inner, ATOM))
        if kind != "entropy":
            drawn = (
                text(
                    [
                        "v",
                        of,
                        *range(len(inner.scope) - 1, len(inner.scope) - 1 - data - len(alike), -1),
                    ],
                    replace(inner),
                    OPEN,
                )
                if not family.depth
                else self._vector_drawn(of, inner, data, alike)
            )
            call.append(drawn if " " not in drawn else f"({drawn})")
        body = (" ".join(call), APPLIED)
        if factor.select:
            sizes = model.variable(factor.select).plates
            positions = {size: len(inner.scope) - 1 - data - i for i, size in enumerate(alike)}
            entry = [
                "v",
                factor.select,
                *([len(inner.scope) - 1] if data else []),
                *(positions[s] for s in sizes[data:-1]),
                0,
            ]
            body = (f"{text(entry, inner, PRODUCT)} * {body[0]}", PRODUCT)
            body = (f"Sum {safe(chosen[0])} {function_of(klass[0], body)}", APPLIED)
        for index, size in reversed(list(zip(indices, alike, strict=True))):
            body = (f"Sum {safe(size)} {function_of(index, body)}", APPLIED)
        return body[0]

    def _vector_drawn(self, of: str, place: Place, data: int, alike: list[str]) -> str:
        """The variable of a factor over vectors, without its last index."""
        name, inner = place.opened(self.model.variables[of].plates[-1])
        depth = len(place.scope)
        positions = [*([depth] if data else []), *(depth - data - i for i in range(len(alike))), 0]
        return (
            function_of(name, (text(["v", of, *positions], inner, APPLIED), APPLIED)).strip("()")
            if False
            else function_of(name, (text(["v", of, *positions], inner, OPEN), APPLIED))
        )

    def _definitions(self) -> Iterator[str]:
        model = self.model
        if self.noise:
            yield "\n".join(
                [
                    comment("The latents that move: location + scale * noise."),
                    *map(self._latent, self.noise),
                ]
            )
        lines = [comment("The factors: log p, and the entropies by the formulas above.")]
        for factor in model.factors.values():
            world = model.data_plate(factor.of[0])
            place, outcome = self.at(world), f"(o : outcome{self.suffix(world)})"
            if factor.family == ANY:
                continue
            if factor.name in model.p:
                lines.append(
                    definition(
                        f"log_{factor.name} (p : parameters) {outcome}",
                        self._of_factor(factor, "logpdf", place),
                    )
                )
                if self._has_base(factor):
                    lines.append(
                        definition(
                            f"log_base_{factor.name} (p : parameters) {outcome}",
                            self._of_factor(factor, "logbase", place),
                        )
                    )
            lines.append(
                definition(
                    f"H_{factor.name} (p : parameters) {outcome}",
                    self._of_factor(factor, "entropy", place),
                )
            )
        yield "\n".join(lines)
        yield self._sums()

    def _has_base(self, factor: Factor) -> bool:
        return self.model.families[factor.family].log_base_measure != 0

    def _latent(self, name: str) -> str:
        model = self.model
        factor = next(f for f in model.q.values() if name in f.of)
        family = model.families[factor.family]
        plates = model.variables[name].plates
        data = 1 if model.data_plate(name) else 0
        world = model.data_plate(name)
        place = replace(self.at(world), scope=("",) * data)
        indices, inner = self.opened(place, plates[data:])
        values = {
            a: text(t, inner, ATOM) for a, t in zip(family.arguments, factor.arguments, strict=True)
        }
        inside = replace(inner, bindings=values)
        location, scale = (
            text(t, inside, level) for t, level in ((family.location, SUM), (family.scale, PRODUCT))
        )
        noise = " ".join([f"eps_{name} o", *indices])
        own = of_model(model, name, world if self.several else "")
        bound = f"({' '.join(indices)} : nat) " if indices else ""
        return definition(
            f"{own} (p : parameters) (o : outcome{self.suffix(world)}) {bound}".rstrip(),
            f"{location} + {scale} * {noise}",
        )

    def _part(self, factor: Factor, kind: str, at: str = "p") -> str:
        place = replace(self.at(self.model.data_plate(factor.of[0])), at=at)
        term = [kind, factor.name]
        return text(term, place, PRODUCT)

    def _sums(self) -> str:
        """ELBO, entropy sum, objective, excess and closed form."""
        lines = [
            comment(
                "The ELBO, the entropy sum and what is optimised, for one outcome and then averaged."
            )
        ]
        model, said = self.model, self.said
        weighted = self.weighted
        for world in self.worlds:
            end, given = self.suffix(world), f"(p : parameters) (o : outcome{self.suffix(world)})"
            parts = [(f, k) for f, k in self._parts() if model.data_plate(f.of[0]) == world]
            lines.append(
                definition(f"elbo{end} {given}", " + ".join(self._part(f, k) for f, k in parts))
            )
            entropies = [
                f"{self._part(f, 'H')}"
                for f in model.q.values()
                if model.data_plate(f.of[0]) == world
            ]
            words = " + ".join(entropies) or "0"
            for f in model.p.values():
                if model.data_plate(f.of[0]) == world:
                    words += f" - {self._part(f, 'H')}" + (
                        f" + {self._part(f, 'logh')}" if self._has_base(f) else ""
                    )
            lines.append(definition(f"entropies{end} {given}", words.removeprefix("0 + ")))
            if weighted:
                lines.append(
                    definition(
                        f"gain{end} {given}", " + ".join(self._weighted(f, k) for f, k in parts)
                    )
                )
        lines.append(definition("ELBO (p : parameters)", self._averaged("elbo")))
        lines.append(definition("entropy_sum (p : parameters)", self._averaged("entropies")))
        if said.penalty != 0:
            lines.append(definition("penalty (p : parameters)", text(said.penalty, self.place)))
        if not self.plain:
            penalty = " - penalty p" if said.penalty != 0 else ""
            lines.append(
                definition(
                    "objective (p : parameters)",
                    self._averaged("gain" if weighted else "elbo") + penalty,
                )
            )
        if said.excess != 0:
            lines.append(comment("What stands beside the entropy sum at stationary points."))
            lines.append(definition("excess (p : parameters)", text(said.excess, self.place)))
        lines.append(
            comment("The closed form" + (", excess included." if said.excess != 0 else "."))
        )
        lines.append(definition("closed_form (p : parameters)", text(said.entropy_sum, self.place)))
        return "\n".join(lines)

    @property
    def weighted(self) -> bool:
        return bool(self.said.weights)

    @property
    def plain(self) -> bool:
        """Whether the objective is the ELBO."""
        return not self.said.weights and self.said.penalty == 0

    def _parts(self) -> list[tuple[Factor, str]]:
        q = {*self.model.q}
        return [
            (factor, "H" if factor.name in q else "logp") for factor, _ in elbo_parts(self.model)
        ]

    def _weighted(self, factor: Factor, kind: str) -> str:
        weight = self.said.weights.get(factor.name)
        part = self._part(factor, kind)
        return part if weight is None else f"{text(weight, self.place, PRODUCT)} * {part}"

    def _share(self, world: str) -> str:
        """What the part of a plate counts, where there are several."""
        count = " + ".join(f"INR {safe(size)}" for size in self.model.data)
        count = f"({count})" if len(self.model.data) > 1 else count
        return f"INR {safe(world)} / {count}" if world else f"/ {count}"

    def _averaged(self, name: str) -> str:
        if not self.several:
            return f"{law('')} ({name} p)"
        return " + ".join(
            f"{self._share(w)} * {law(w)} ({name}{self.suffix(w)} p)" for w in self.worlds
        )

    @property
    def optimised(self) -> str:
        return "ELBO" if self.plain else "objective"

    @property
    def integrand(self) -> str:
        return "gain" if self.weighted else "elbo"

    # ---- the curve -----------------------------------------------------------------------------

    def _curve(self) -> str:
        fields, lemmas = [], []
        for array in self.model.parameters.values():
            name = safe(array.name)
            indices, place = self.opened(replace(self.place, scope=()), array.plates)
            here = " ".join([name, "p", *indices])
            bound = f"fun {' '.join(indices)} => " if indices else ""
            given = f"({' '.join(indices)} : nat) " if indices else ""
            along = " ".join([name, "(move p t)", *indices])
            value = here if not indices else f"({here})"
            start = f"({here})"
            if array.name not in self.said.direction:
                fields.append(f"{name} := {name} p")
                velocity, proof = "0", "apply moves_const"
            elif array.range in ("posdef", "triangular"):
                factor = text(
                    self.said.direction[array.name][1], replace(self.place, scope=()), ATOM
                )
                fields.append(f"{name} := scaled (exp ({factor} * t)) ({name} p)")
                continue
            elif (r := rate(self.said, array.name)) is not None:
                factor = text(r, replace(self.place, scope=()), ATOM)
                fields.append(f"{name} := {bound}{here} * exp ({factor} * t)")
                velocity, proof = f"({factor} * {here})", "apply curve_exp"
            else:
                term = text(self.said.direction[array.name], place, ATOM)
                fields.append(f"{name} := {bound}{here} + t * {term}")
                velocity, proof = term, "apply curve_line"
            lemmas.append(
                f"Lemma {name}_moves p {given}: moves (fun t : R => {along}) {start} {velocity}.\nProof. {proof}. Qed."
            )
            del value
        return "\n".join(
            [
                comment(
                    "The curve through p along which the derivative is taken; its velocity at t = 0 is the direction."
                ),
                wrapped(
                    "Definition move (p : parameters) (t : R) : parameters := {| "
                    + "; ".join(fields)
                    + " |}."
                ),
                *lemmas,
            ]
        )

    # ---- premises ------------------------------------------------------------------------------

    def ranges(self) -> Iterator[Premise]:
        model = self.model
        for size in self._sizes():
            yield Premise(f"size_{size}", f"(0 < {safe(size)})%nat")
        for array in (*model.parameters.values(), *model.networks.values()):
            if array.range not in ("real", "angle"):
                yield Premise(f"range_{array.name}", self._range(array))
        for world in self.worlds:
            for variable in model.variables.values():
                plate = model.data_plate(variable.name)
                if (
                    plate in (world, "")
                    and variable.support != "real"
                    and variable.name not in self.noise
                ):
                    name = of_model(model, variable.name, world if self.several else "")
                    data = 1 if plate else 0
                    yield Premise(
                        f"support_{name}",
                        self._all(
                            f"{name} o",
                            variable.plates[data:],
                            variable.support,
                            first="forall o, ",
                        ),
                    )
        for size in self._matrix_sizes():
            yield Premise(f"laws_{size}", f"matrix_laws {size} det_{size} inverse_{size}")
        for function, slope in self._laws():
            yield Premise(f"law_{function}", f"derivative_law {function} {slope}")

    def _range(self, array: Array) -> str:
        inputs = [fresh(f"v{i}", []) for i in range(len(array.inputs))]
        called = " ".join([safe(array.name), *(inputs if array.inputs else ["p"])])
        first = f"forall {' '.join(inputs)}, " if inputs else ""
        return self._all(called, array.plates, array.range, first=first)

    def _all(self, called: str, plates: list[str], kind: str, first: str) -> str:
        if kind in ("posdef", "triangular"):
            return f"{first}{kind} {safe(plates[0])} ({called})"
        whole = kind in ("simplex", "onehot")
        if not whole and kind not in SUPPORTS:
            raise unsupported(f"the support or range {kind!r}", self.model)
        names, _ = self.opened(replace(self.place, scope=()), plates)
        outer = names[:-1] if whole else names
        bounds = "".join(
            f"forall {i}, ({i} < {safe(size)})%nat -> "
            for i, size in zip(outer, plates, strict=False)
        )
        entry = " ".join([called, *outer])
        if whole:
            said = f"{kind} {safe(plates[-1])} ({entry})"
        else:
            said = SUPPORTS[kind].format(f"({entry})" if kind in ("binary", "count") else entry)
        return f"{first}{bounds}{said}"

    def _leaves(self) -> list[tuple[str, str]]:
        """Each mean in the claim: its plate, and what stands in it, printed at an outcome."""
        found: dict[tuple[str, str], None] = {}

        def walk(term: Term, world: str, scope: tuple[str, ...]) -> None:
            if not isinstance(term, list):
                return
            if term[0] == "mean" or (term[0] in ("expect", "reparam")):
                world = term[1] if term[0] == "mean" else world
                body = term[2] if term[0] == "mean" else term[1]
                inner = replace(
                    self.at(world, pointwise=True), scope=("",) if term[0] == "mean" else ()
                )
                found[world, text(body, inner)] = None
                return
            for part in term[1:]:
                walk(part, world, scope)

        walk(self.said.excess, "", ())
        walk(self.said.entropy_sum, "", ())
        return list(found)

    def means(self) -> Iterator[Premise]:
        for world in self.worlds:
            end = self.suffix(world)
            yield Premise(f"finite_elbo{end}", f"integrable E{end} (elbo{end} p)")
            yield Premise(f"finite_entropies{end}", f"integrable E{end} (entropies{end} p)")
            integrand = f"{self.integrand}{end}"
            yield Premise(
                f"interchange{end}_objective",
                f"interchange E{end} (fun t : R => {integrand} (move p t))",
            )
        for i, (world, body) in enumerate(self.leaves, 1):
            yield Premise(
                f"finite_{i}", f"integrable E{self.suffix(world)} {function_of('o', (body, OPEN))}"
            )

    def _premises(self) -> str:
        ranges, means = list(self.ranges()), list(self.means())
        return "\n".join(
            [
                comment("Premises: where parameters, networks and data lie."),
                record("in_range", ranges),
                comment(
                    "Premises: means exist, and the derivative at t = 0 may be taken under the mean."
                ),
                record("conditions", means),
            ]
        )

    # ---- proofs --------------------------------------------------------------------------------

    def _proofs(self) -> Iterator[str]:
        yield "Variable p : parameters.\nHypothesis ranges : in_range p.\nLtac in_range := destruct ranges."
        moving = self.said.direction
        known = [
            f"apply {safe(a.name)}_moves"
            for a in self.model.parameters.values()
            if a.name not in moving or a.range not in ("posdef", "triangular")
        ]
        for name in self.noise:
            yield self._scales(name)
            known.append(f"apply {of_model(self.model, name, self._world_of(name))}_moves")
        stills = list(self._stills())
        for i, (said, _) in enumerate(stills):
            yield self._still(i, said)
            known.append(f"apply still_{i}")
        yield "Ltac known ::= first [ " + " | ".join(known) + " ]."
        fields = " ".join(map(safe, self.model.parameters))
        yield f"Ltac unfold_curve ::= cbn [move {fields}]."
        for factor in self.moving.tempering:
            yield self._tempering(factor)
        for factor, partner in self.moving.scaling:
            yield self._scaling(factor, partner)
        if self.said.penalty != 0:
            yield self._penalty()
        if self._unexplained:
            yield self._rest()
        for world in self.worlds:
            yield self._along(world)
        yield self._holds()
        yield self._gap()
        yield self._closed()

    def _world_of(self, name: str) -> str:
        return self.model.data_plate(name) if self.several else ""

    def _scales(self, name: str) -> str:
        """A latent that moves is multiplied by exp (r t), and hence has the velocity r z."""
        model = self.model
        plates = model.variables[name].plates
        data = 1 if model.data_plate(name) else 0
        indices, _ = self.opened(replace(self.place, scope=()), plates[data:])
        own = of_model(model, name, self._world_of(name))
        r = text(self.moving.noise[name], self.place, ATOM)
        here = " ".join([own, "p", "o", *indices])
        along = " ".join([own, "(move p t)", "o", *indices])
        given = f"o ({' '.join(indices)} : nat)" if indices else "o"
        return "\n".join(
            [
                f"Lemma {own}_scales t {given} : {along} = exp ({r} * t) * {here}.",
                f"Proof. in_range. unfold {own}. cbn [move {' '.join(map(safe, model.parameters))}]. scales. Qed.",
                f"Lemma {own}_moves {given} : moves (fun t : R => {along}) ({here}) ({r} * {here}).",
                f"Proof. in_range. apply (moves_ext (fun t : R => {here} * exp ({r} * t))); [intros t; rewrite {own}_scales; ring | apply curve_exp]. Qed.",
            ]
        )

    def _stills(self) -> Iterator[tuple[tuple[str, str, str], str]]:
        """Networks whose inputs name parameters or noise; they are the same all along the curve."""
        model, seen = self.model, set()
        for factor in model.factors.values():
            if factor.family == ANY:
                continue
            of = factor.of[0]
            data = 1 if model.data_plate(of) else 0
            family = model.families[factor.family]
            plates = model.variables[of].plates[data:]
            alike = plates[: len(plates) - family.depth]
            chosen = model.variable(factor.select).plates[-1:] if factor.select else []
            base = replace(self.at(model.data_plate(of)), scope=("",) * data)
            _, place = self.opened(base, [*alike, *chosen])
            for argument in factor.arguments:
                for net, inner in self._nets(argument, place):
                    if not named(net[-1], "param") and not named(net[-1], "v") & self.noise:
                        continue
                    along = text(net, replace(inner, at="(move p t)"))
                    here = text(net, inner)
                    words = {*re.findall(r"\w+", here)}
                    indices = " ".join(n for n in inner.scope if n in words)
                    given = f"o ({indices} : nat)" if indices else "o"
                    if (given, along) not in seen:
                        seen.add((given, along))
                        yield (given, along, here), factor.name

    def _nets(self, term: Term, place: Place) -> Iterator[tuple[Term, Place]]:
        if not isinstance(term, list):
            return
        if term[0] == "net":
            yield term, place
        elif term[0] in ("sum", "vec"):
            yield from self._nets(term[2], place.opened(term[1])[1])
        else:
            for part in term[1:]:
                yield from self._nets(part, place)

    def _still(self, i: int, said: tuple[str, str, str]) -> str:
        given, along, here = said
        model = self.model
        scales = "".join(
            f" rewrite ?{of_model(model, name, self._world_of(name))}_scales;"
            for name in self.noise
        )
        cbn = f"cbn [move {' '.join(map(safe, model.parameters))}]"
        return "\n".join(
            [
                wrapped(f"Lemma still_{i} {given} : moves (fun t : R => {along}) ({here}) 0."),
                f"Proof. in_range. apply moves_still. intros t. stands_still ltac:(idtac;{scales} {cbn}). Qed.",
            ]
        )

    def _tempering(self, factor: Factor) -> str:
        name, family = factor.name, factor.family
        base = self._has_base(factor)
        if name in self.said.weights:
            return self._weighted_tempering(factor)
        right = f"(H_{name} p o - log_base_{name} p o)" if base else f"H_{name} p o"
        unfolded = ", ".join([f"log_{name}", f"H_{name}", *([f"log_base_{name}"] if base else [])])
        return "\n".join(
            [
                f"(* (T) for {name}. *)",
                wrapped(
                    f"Lemma {name}_T o : moves (fun t : R => log_{name} (move p t) o) (log_{name} p o) (log_{name} p o + {right})."
                ),
                f"Proof. in_range. unfold {unfolded}. tempers ltac:(apply {family}_T; argument). Qed.",
            ]
        )

    def _weighted_tempering(self, factor: Factor) -> str:
        """(T) for a factor with a weight: the weighted velocity is log p + H."""
        f, family = factor.name, factor.family
        if self._has_base(factor):
            raise unsupported("a weight of a factor with a base measure", self.model)
        return "\n".join(
            [
                f"(* (T) for {f}, which counts with a weight. *)",
                wrapped(
                    f"Lemma {f}_T o : exists d, moves (fun t : R => log_{f} (move p t) o) (log_{f} p o) d /\\ "
                    f"{self._times(factor, 'd')} = log_{f} p o + H_{f} p o."
                ),
                f"Proof. in_range. unfold log_{f}, H_{f}, {family}_logpdf, {family}_entropy. eexists. split; [velocity_of | merged]. Qed.",
            ]
        )

    def _scaling(self, factor: Factor, partner: Factor) -> str:
        """(T) for a latent that is written as noise: the entropy of q moves with log p."""
        f, g = factor.name, partner.name
        families = dict.fromkeys([factor.family, partner.family])
        unfolded = ", ".join(
            [
                f"log_{f}",
                f"H_{f}",
                f"H_{g}",
                *(f"{n}_logpdf" for n in families),
                *(f"{n}_entropy" for n in families),
            ]
        )
        left = " + ".join(self._times(x, d) for x, d in ((partner, "d"), (factor, "d'")))
        return "\n".join(
            [
                f"(* (T) for {f}, whose latent is written as noise: the entropy of {g} moves with it. *)",
                wrapped(
                    f"Lemma {f}_T o : exists d d', moves (fun t : R => H_{g} (move p t) o) (H_{g} p o) d /\\ "
                    f"moves (fun t : R => log_{f} (move p t) o) (log_{f} p o) d' /\\ {left} = log_{f} p o + H_{f} p o."
                ),
                f"Proof. in_range. unfold {unfolded}. do 2 eexists. split; [velocity_of | split; [velocity_of | merged]]. Qed.",
            ]
        )

    def _times(self, factor: Factor, velocity: str) -> str:
        weight = self.said.weights.get(factor.name)
        return velocity if weight is None else f"{text(weight, self.place, PRODUCT)} * {velocity}"

    def _penalty(self) -> str:
        return "\n".join(
            [
                "Lemma penalty_exists : exists d, moves (fun t : R => penalty (move p t)) (penalty p) d.",
                "Proof. in_range. unfold penalty. eexists. velocity_of. Qed.",
                "Lemma penalty_moves : moves (fun t : R => penalty (move p t)) (penalty p) (Derive (fun t : R => penalty (move p t)) 0).",
                "Proof. destruct penalty_exists as [d h]. rewrite (moves_value _ _ _ h). exact h. Qed.",
            ]
        )

    @property
    def _unexplained(self) -> bool:
        return bool(self.moving.rest) or self.said.excess != 0 or self.said.penalty != 0

    def _at_outcome(self, term: Term) -> str:
        return text(term, self.at("", pointwise=True), SUM)

    def _rest(self) -> str:
        """What (T) does not explain: the excess, at an outcome, is what is left over."""
        rest = self.moving.rest
        velocities = [f"d{i}" for i in range(len(rest))]
        said = [
            f"moves (fun t : R => log_{f.name} (move p t) o) (log_{f.name} p o) {d}"
            for f, d in zip(rest, velocities, strict=True)
        ]
        left = " + ".join(self._times(f, d) for f, d in zip(rest, velocities, strict=True)) or "0"
        right = " + ".join(f"(log_{f.name} p o + H_{f.name} p o)" for f in rest) or "0"
        if any(map(self._has_base, rest)):
            raise unsupported("an excess of a factor with a base measure", self.model)
        penalty = " + Derive (fun t : R => penalty (move p t)) 0" if self.said.penalty != 0 else ""
        families = {f.family for f in rest}
        unfolded = [f"log_{f.name}" for f in rest] + [f"H_{f.name}" for f in rest]
        unfolded += [f"{n}_{w}" for n in sorted(families) for w in ("logpdf", "entropy")]
        exists = f"exists {' '.join(velocities)}, " if velocities else ""
        both = " /\\ ".join([*said, f"{left} = {right} - excess_of o{penalty}"])
        proof = []
        if self.said.penalty != 0:
            proof = [
                "  eassert (slope : moves (fun t : R => penalty (move p t)) (penalty p) _) by (unfold penalty; velocity_of).",
                "  rewrite (moves_value _ _ _ slope). clear slope.",
            ]
        if unfolded:
            proof.append(f"  unfold {', '.join(unfolded)}.")
        if velocities:
            proof.append(f"  do {len(velocities)} eexists. repeat (split; [velocity_of|]).")
        return "\n".join(
            [
                "(* What moves otherwise, and the excess of an outcome. *)",
                definition("excess_of (o : outcome)", self._at_outcome(self.said.excess)),
                wrapped(f"Lemma rest_T o : {exists}{both}."),
                "Proof.",
                "  in_range. unfold excess_of.",
                *proof,
                "  algebra.",
                "Qed.",
            ]
        )

    def _along(self, world: str) -> str:
        """The velocity of what is optimised, at an outcome."""
        model, end = self.model, self.suffix(world)
        mine = [f for f in self.moving.tempering if model.data_plate(f.of[0]) == world]
        pairs = [(f, g) for f, g in self.moving.scaling if model.data_plate(f.of[0]) == world]
        paired = {g.name for _, g in pairs}
        integrand = f"{self.integrand}{end}"
        excess = " - excess_of o" if self._unexplained else ""
        penalty = " + Derive (fun t : R => penalty (move p t)) 0" if self.said.penalty != 0 else ""
        weights = self.said.weights
        steps = [
            f"  destruct ({f.name}_T o) as (d_{f.name} & ? & ?)."
            if f.name in weights
            else f"  pose proof ({f.name}_T o)."
            for f in mine
        ]
        steps += [
            f"  destruct ({f.name}_T o) as (d_{f.name} & d_{g.name} & ? & ? & ?)." for f, g in pairs
        ]
        if self._unexplained:
            rest = self.moving.rest
            pattern = " & ".join([*(f"e{i}" for i in range(len(rest))), *("?" for _ in rest), "?"])
            steps.append(
                f"  destruct (rest_T o) as ({pattern})." if rest else "  pose proof (rest_T o)."
            )
        for q in model.q.values():
            if q.family != ANY and q.name not in paired and model.data_plate(q.of[0]) == world:
                steps.append(
                    f"  assert (moves (fun t : R => H_{q.name} (move p t) o) (H_{q.name} p o) 0) \n    by first [exact (moves_still _ _ (fun t => eq_refl)) | unfold H_{q.name}, {q.family}_entropy; velocity]."
                )
        unfolded = ", ".join(dict.fromkeys([integrand, f"elbo{end}", f"entropies{end}"]))
        return "\n".join(
            [
                f"Lemma along{end} o : moves (fun t : R => {integrand} (move p t) o) ({integrand} p o) (elbo{end} p o - entropies{end} p o{excess}{penalty}).",
                "Proof.",
                "  in_range.",
                *steps,
                f"  unfold {unfolded}. eapply moves_eq; [velocity_of | reflexivity | lra].",
                "Qed.",
            ]
        )

    def _holds(self) -> str:
        """For tame laws, ranges are all that is assumed."""
        said = " -> ".join(f"tame E{self.suffix(w)}" for w in self.worlds)
        names = [f"tame_{i}" for i in range(len(self.worlds))]
        tries = " | ".join(f"apply {n}" for n in names)
        swaps = " | ".join(
            f"apply {n}; intros o; exists ({self.integrand}{self.suffix(w)} p o); eexists; exact (along{self.suffix(w)} o)"
            for n, w in zip(names, self.worlds, strict=True)
        )
        return "\n".join(
            [
                comment("Where the law is tame, at parameters in range all conditions hold."),
                f"Lemma {self.model.name}_conditions_hold : {said} -> conditions p.",
                f"Proof using All. intros {' '.join(f'[{n} {n}_swaps]' for n in names)}. constructor; first [{tries} | {swaps.replace('apply tame_', 'apply tame_').replace('; intros', '_swaps; intros')}]. Qed.",
            ]
        )

    def _points(self) -> str:
        """The theorem for N data points, each with a law of its latents."""
        model, name = self.model, self.model.name
        bound = [*self._sizes(), *model.networks]
        given = [*map(safe, bound)]
        taken = [*map(safe, bound)]
        for size in self._matrix_sizes():
            taken += [f"det_{size}", f"inverse_{size}"]
            given += [f"det_{size}", f"inverse_{size}"]
        for pair in self._laws():
            taken += pair
            given += pair
        tame = []
        for world in self.worlds:
            end, first, second = self.suffix(world), "o", "o"
            if not world:
                taken += ["outcome", "E"]
                given += ["outcome", "E"]
            else:
                n = safe(world)
                taken += ([] if self.several else [n]) + [f"(some{end} : (0 < {n})%nat)"]
                points = f"(finite {n} some{end})"
                tame.append(f"(tame_finite {n} some{end})")
                if self.latent_free:
                    given += ["nat", points]
                else:
                    taken += [f"(draw{end} : Type) (q{end} : nat -> law draw{end})"]
                    given += [f"(nat * draw{end})", f"(joint {points} q{end})"]
                    first, second = "(fst o)", "(snd o)"
            for variable in model.variables.values():
                plate = model.data_plate(variable.name)
                if plate not in (world, ""):
                    continue
                own = (
                    f"eps_{variable.name}"
                    if variable.name in self.noise
                    else of_model(model, variable.name, world if self.several else "")
                )
                of_draw = variable.role == "latent"
                kind = "outcome" if not world else f"draw{end}" if of_draw else "nat"
                taken.append(
                    f"({own} : {kind} -> {'nat -> ' * (len(variable.plates) - bool(plate))}R)"
                )
                given.append(f"(fun o => {own} {second if of_draw else first})")
        for factor in model.q.values():
            if factor.family == ANY:
                plate = model.data_plate(factor.of[0])
                taken.append(f"(H_{factor.name} : nat -> R)" if plate else f"H_{factor.name}")
                given.append(f"(fun o => H_{factor.name} (fst o))" if plate else f"H_{factor.name}")
        all_given = " ".join(given)
        body = f"{self.theorem} {all_given}"
        if self.latent_free:
            body = f"fun p ranges => {body} p ranges ({name}_conditions_hold {all_given} p ranges {' '.join(tame)})"
        words = (
            "For N data points: nothing is assumed but ranges."
            if self.latent_free
            else "For N data points, the n-th with any law q n of the latents: the mean is / INR N * Sum N (fun n => expect (q n) ...), see joint_points."
        )
        return "\n".join(
            [
                comment(words),
                wrapped(f"Definition {name}_points {' '.join(taken)} := {body}."),
                f"Check {name}_points.",
            ]
        )

    def _not_vacuous(self) -> str:
        """All premises hold together, for sizes, networks, data and parameters that are 1."""
        model, name = self.model, self.model.name
        one = {"unit": "(1 / 2)"}
        sizes = ["1%nat" for _ in self._sizes()]

        def value(depth: int, range_: str) -> str:
            if range_ == "triangular":
                return "(fun i j => if Nat.eq_dec i j then 1 else 0)"
            return (
                f"(fun {' '.join('_' * depth)} => {one.get(range_, '1')})"
                if depth
                else one.get(range_, "1")
            )

        given = [*sizes]
        for net in model.networks.values():
            inner = value(len(net.plates), net.range)
            given.append(
                f"(fun {' '.join('_' * len(net.inputs))} => {inner})" if net.inputs else inner
            )
        for _ in self._matrix_sizes():
            given += ["(fun M => M 0%nat 0%nat)", "(fun M _ _ => / M 0%nat 0%nat)"]
        for _ in self._laws():
            given += ["(fun _ => 0)", "(fun _ => 0)"]
        for world in self.worlds:
            given += ["unit", "(surely tt)"]
            for variable in model.variables.values():
                plate = model.data_plate(variable.name)
                if plate in (world, ""):
                    depth = len(variable.plates) - bool(plate)
                    given.append(f"(fun _ => {value(depth, variable.support)})")
        for factor in model.q.values():
            if factor.family == ANY:
                given.append("(fun _ => 1)" if model.data_plate(factor.of[0]) else "1")
        values = " ".join(value(len(a.plates), a.range) for a in model.parameters.values())
        given.append(f"(Parameters {values})")
        certain = " ".join(["(tame_surely tt)"] * len(self.worlds))
        applied_to = f"{name}_conditions_hold {' '.join(given)}"
        return "\n".join(
            [
                comment(
                    "The premises do not contradict each other: they hold together where all is 1 and the law is surely one outcome."
                ),
                wrapped(
                    f"Lemma {name}_not_vacuous : ltac:(let all := type of (fun ranges => {applied_to} ranges {certain}) in"
                ),
                "  lazymatch all with ?ranges -> ?conditions => exact (ranges /\\ conditions) end).",
                "Proof.",
                "  match goal with |- ?ranges /\\ _ => assert (r : ranges) by (constructor; example) end.",
                wrapped(f"  split; [exact r | exact ({applied_to} r {certain})]."),
                "Qed.",
            ]
        )

    def _sizes(self) -> list[str]:
        """The sizes that the file declares: how many data there are only where it matters."""
        return [s for s in self.model.sizes if s not in self.model.data or self.several]

    def _gap(self) -> str:
        excess = " - excess p" if self.said.excess != 0 else ""
        lines = [
            "Hypothesis means : conditions p.",
            f"Lemma gap : is_derive (fun t : R => {self.optimised} (move p t)) 0 (ELBO p - entropy_sum p{excess}).",
            "Proof.",
            "  destruct means.",
        ]
        if self.several:
            lines.append(f"  unfold ELBO, entropy_sum{'' if self.plain else ', objective'}.")
            lines += [
                f"  assert (gap_{i} : is_derive (fun t : R => {law(w)} ({self.integrand}{self.suffix(w)} (move p t))) 0 "
                f"({law(w)} (elbo{self.suffix(w)} p) - {law(w)} (entropies{self.suffix(w)} p)))\n"
                f"    by (apply plain_identity; [intros o; exact (at_start _ _ _ (along{self.suffix(w)} o)) | assumption ..])."
                for i, w in enumerate(self.worlds)
            ]
            lines += [
                "  eapply derives_as; [|"
                + " ".join(["apply @is_derive_plus; [" * (len(self.worlds) - 1)])
                + "apply is_derive_scal; exact gap_0"
                + "".join(
                    f" | apply is_derive_scal; exact gap_{i}]" for i in range(1, len(self.worlds))
                )
                + "].",
                "  unfold plus; simpl. ring.",
                "Qed.",
            ]
            return "\n".join(lines)
        if not self._unexplained:
            lines += [
                f"  apply (plain_identity E (fun t : R => {self.integrand} (move p t))); try assumption.",
                "  intros o. exact (at_start _ _ _ (along o)).",
                "Qed.",
            ]
            return "\n".join(lines)
        penalty = (
            "(fun t : R => penalty (move p t)) (penalty p) (Derive (fun t : R => penalty (move p t)) 0)"
            if self.said.penalty != 0
            else "(fun _ => 0) 0 0"
        )
        bare = (
            ""
            if self.said.penalty != 0
            else "apply (is_derive_ext (fun t : R => ELBO (move p t) - 0)); [intros; apply Rminus_0_r|]. "
        )
        moved = "  - apply penalty_moves." if self.said.penalty != 0 else "  - apply moves_const."
        lines += [
            f"  {bare}apply (identity E (fun t : R => {self.integrand} (move p t)) (elbo p) (entropies p) excess_of {penalty}); try assumption.",
            "  - intros o. eapply moves_eq; [exact (at_start _ _ _ (along o)) | reflexivity | ring].",
            moved,
            "  - unfold excess, excess_of. eapply hm_eq; [means | reflexivity].",
            "Qed.",
        ]
        return "\n".join(lines)

    def _closed(self) -> str:
        model = self.model
        families = sorted({f.family for f in model.factors.values() if f.family != ANY})
        bases = [f"log_base_{f.name}" for f in model.p.values() if self._has_base(f)]
        heads = [f"H_{f.name}" for f in model.factors.values() if f.family != ANY]
        heads += [f"{n}_entropy" for n in families] + bases
        heads += [f"{n}_logbase" for n in families if model.families[n].log_base_measure != 0]
        left = "entropy_sum p + excess p" if self.said.excess != 0 else "entropy_sum p"
        lines = [f"Lemma closed : {left} = closed_form p.", "Proof."]
        if self.several:
            lines.append("  in_range. destruct means.")
            for i, w in enumerate(self.worlds):
                end = self.suffix(w)
                heads_here = [
                    h
                    for h in heads
                    if h.removeprefix("log_base_").removeprefix("H_") not in model.factors
                    or model.data_plate(
                        model.factors[h.removeprefix("log_base_").removeprefix("H_")].of[0]
                    )
                    == w
                ]
                lines.append(
                    f"  eassert (mean_{i} : has_mean E{end} (entropies{end} p) _)\n    by (eapply hm_ext; [intros o; apply eq_sym; unfold entropies{end}, {', '.join(heads_here)}; spell | means])."
                )
            lines.append(
                "  unfold entropy_sum, closed_form. "
                + " ".join(f"rewrite (hm_expect _ _ _ mean_{i})." for i in range(len(self.worlds)))
            )
            lines += ["  plain_means. algebra.", "Qed."]
            return "\n".join(lines)
        body = self._at_outcome(self.said.entropy_sum)
        excess = " + excess_of o" if self.said.excess != 0 else ""
        unfold = [*(["excess_of"] if excess else []), "entropies", *heads]
        lines = [
            wrapped(f"Lemma pointwise o : entropies p o{excess} = {body}."),
            f"Proof. in_range. unfold {', '.join(unfold)}. algebra. Qed.",
            *lines,
            "  destruct means.",
            f"  assert (mean_a : has_mean E (fun o => entropies p o{excess}) ({left})).",
        ]
        if excess:
            lines.append(
                "  { apply hm_plus; [now apply hm_self|]. unfold excess, excess_of. eapply hm_eq; [means | reflexivity]. }"
            )
        else:
            lines.append("  { now apply hm_self. }")
        lines += [
            f"  assert (mean_b : has_mean E (fun o => entropies p o{excess}) (closed_form p)).",
            "  { eapply hm_ext; [intros o; apply eq_sym, pointwise|]. unfold closed_form. eapply hm_eq; [means | reflexivity]. }",
            "  rewrite <- (hm_expect _ _ _ mean_a). exact (hm_expect _ _ _ mean_b).",
            "Qed.",
        ]
        return "\n".join(lines)

    def _theorem(self) -> str:
        excess = " + excess p" if self.said.excess != 0 else ""
        o = self.optimised
        said = "the ELBO" if self.plain else "the objective"
        words = (
            f"At all parameters in range that meet the conditions: along the curve, {said} has a derivative, which is the ELBO less the "
            f"entropy sum{' and the excess' if excess else ''}; these have the closed form; and where that derivative is 0, so at every stationary point, the ELBO is the closed form."
        )
        return "\n".join(
            [
                comment(words),
                f"Theorem {self.theorem} :",
                f"  is_derive (fun t : R => {o} (move p t)) 0 (ELBO p - (entropy_sum p{excess}))",
                f"  /\\ entropy_sum p{excess} = closed_form p",
                f"  /\\ (is_derive (fun t : R => {o} (move p t)) 0 0 -> ELBO p = closed_form p).",
                f"Proof using All. exact (theorem_of{'' if excess else '_plain'} _ _ _ _{' _' if excess else ''} gap closed). Qed.",
            ]
        )


def fresh(name: str, used: Iterable[str]) -> str:
    taken = {*used, *TAKEN}
    tries = (name, *(f"{name}{i}" for i in range(1, 99)))
    return next(n for n in tries if n not in taken)


def comment(words: str) -> str:
    lines = textwrap.wrap(words, WIDTH - 6, break_long_words=False)
    return "(* " + "\n   ".join(lines) + " *)"


def wrapped(words: str) -> str:
    return "\n".join(
        textwrap.wrap(
            words, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
    )


def definition(name: str, body: str) -> str:
    line = f"Definition {name} : R := {body}."
    return (
        line
        if len(line) <= WIDTH
        else f"Definition {name} : R :=\n"
        + "\n".join(
            textwrap.wrap(
                body + ".",
                WIDTH,
                initial_indent="  ",
                subsequent_indent="    ",
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
    )


def record(name: str, premises: list[Premise]) -> str:
    fields = ";\n".join(f"  {p.name} : {p.said}" for p in premises)
    return (
        f"Record {name} (p : parameters) : Prop := {{\n{fields} }}."
        if premises
        else f"Record {name} (p : parameters) : Prop := {{ }}."
    )
