"""What a printed file of one accepted statement is made of: plates, places and parts, and what cannot be printed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from entropysym.checker.kernel.terms import Factor, Model, Statement, Term, subterms
from entropysym.checker.kernel.theorem import Judgement, elbo_parts
from entropysym.export.coq.motions import Motions
from entropysym.export.coq.names import TAKEN, safe
from entropysym.export.coq.printer import LAWS, PRODUCT, Place, of_model, text, unsupported

#: Ranges of numbers and of the entries of arrays, as premises.
RANGES = {"positive": "0 < {0}", "nonnegative": "0 <= {0}", "unit": "0 < {0} < 1"}
SUPPORTS = {**RANGES, "binary": "binary {0}", "count": "count {0}"}


class Layout:
    """The parts of a printed file, and where they stand."""

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
        self._refuse_names()
        taken = {
            *TAKEN,
            *map(safe, model.sizes),
            *map(safe, model.parameters),
            *map(safe, model.networks),
        }
        taken |= {of_model(model, v, w) for v in model.variables for w in ("", *self.worlds)}
        taken |= {*LAWS, *LAWS.values(), *model.families}
        self.place = Place(model, frozenset(taken), several=self.several, noise=self.noise)
        self.leaves = _leaves(self)

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

    def _refuse_names(self) -> None:
        """Names of the model that the file gives to something else."""
        model = self.model
        of_families = ("logpdf", "logbase", "entropy", "T", "is_entropy", "entropy_moves")
        given = {f"{family}_{end}" for family in model.families for end in of_families}
        for factor in model.factors:
            given |= {f"H_{factor}", f"log_{factor}", f"log_base_{factor}", f"{factor}_T"}
        own = [*model.parameters, *model.networks, *model.variables, *model.sizes]
        for name in own:
            given |= {f"{name}_moves", f"{name}_scales", f"eps_{name}"}
            given |= {f"{kind}_{name}" for kind in ("size", "range", "support", "laws", "law")}
        for name in own:
            if name in given:
                raise unsupported(
                    f"the name {name}, which such a file gives to something else", model
                )

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

    @property
    def theorem(self) -> str:
        return f"{self.model.name}_theorem"

    def matrix_sizes(self) -> list[str]:
        """The sizes of the positive definite arguments of factors."""
        model, found = self.model, {}
        for factor in model.factors.values():
            family = model.families.get(factor.family)
            if family is not None and "posdef" in family.arguments.values():
                found[safe(model.variables[factor.of[0]].plates[-1])] = None
        return list(found)

    def function_laws(self) -> list[tuple[str, str]]:
        used = [
            [f.log_density for f in self.model.families.values()],
            [c.entropy for c in self.said.certificates.values()],
            [f.arguments for f in self.model.factors.values()],
        ]
        return [
            (f, slope) for f, slope in LAWS.items() if any(True for _ in subterms(used, f, slope))
        ]

    def has_matrices(self, family: str) -> bool:
        return "posdef" in self.model.families[family].arguments.values()

    def has_base(self, factor: Factor) -> bool:
        return self.model.families[factor.family].log_base_measure != 0

    def part(self, factor: Factor, kind: str, at: str = "p") -> str:
        place = replace(self.at(self.model.data_plate(factor.of[0])), at=at)
        term = [kind, factor.name]
        return text(term, place, PRODUCT)

    @property
    def weighted(self) -> bool:
        return bool(self.said.weights)

    @property
    def plain(self) -> bool:
        """Whether the objective is the ELBO."""
        return not self.said.weights and self.said.penalty == 0

    def parts(self) -> list[tuple[Factor, str]]:
        q = {*self.model.q}
        return [
            (factor, "H" if factor.name in q else "logp") for factor, _ in elbo_parts(self.model)
        ]

    def share(self, world: str) -> str:
        """What the part of a plate counts, where there are several."""
        count = " + ".join(f"INR {safe(size)}" for size in self.model.data)
        count = f"({count})" if len(self.model.data) > 1 else count
        return f"INR {safe(world)} / {count}" if world else f"/ {count}"

    @property
    def optimised(self) -> str:
        return "ELBO" if self.plain else "objective"

    @property
    def integrand(self) -> str:
        return "gain" if self.weighted else "elbo"

    def seen_from(self, name: str) -> str:
        return self.model.data_plate(name) if self.several else ""

    @property
    def unexplained(self) -> bool:
        return bool(self.moving.rest) or self.said.excess != 0 or self.said.penalty != 0

    def sizes(self) -> list[str]:
        """The sizes that the file declares: how many data there are only where it matters."""
        return [s for s in self.model.sizes if s not in self.model.data or self.several]


def _leaves(t: Layout) -> list[tuple[str, str]]:
    """Each mean in the claim: its plate, and what stands in it, printed at an outcome."""
    found: dict[tuple[str, str], None] = {}

    def walk(term: Term, world: str, scope: tuple[str, ...]) -> None:
        if not isinstance(term, list):
            return
        if term[0] == "mean" or (term[0] in ("expect", "reparam")):
            world = term[1] if term[0] == "mean" else world
            body = term[2] if term[0] == "mean" else term[1]
            inner = replace(t.at(world, pointwise=True), scope=("",) if term[0] == "mean" else ())
            found[world, text(body, inner)] = None
            return
        for part in term[1:]:
            walk(part, world, scope)

    walk(t.said.excess, "", ())
    walk(t.said.entropy_sum, "", ())
    return list(found)
