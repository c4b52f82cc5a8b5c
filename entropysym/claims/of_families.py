r"""Each family that ships, as prior and as decoder: derived, replayed, compared in numbers; and its
record beside what others know of the same law.

Each check has a number and what it was compared by, so that a false record, a false entropy or a
false direction shows in one of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import sympy as sp

from entropysym.claims.families_in_numbers import (
    NAMES,
    SHIPPED,
    WITH_NUMBERS,
    Check,
    Known,
    not_made,
    numbers,
)
from entropysym.claims.progress import Progress, silent
from entropysym.claims.replayed import derive
from entropysym.errors import InputError, one_of
from entropysym.families import ANY, MULTIVARIATE_NORMAL, NORMAL
from entropysym.language.formula import array_of
from entropysym.language.identity import Identity
from entropysym.language.matrices import Inverse, Matrix, MatrixLetter, Scaled
from entropysym.language.records import Family, Law, Letter, Model, argument_name
from entropysym.language.writing import ModelWriter
from entropysym.prover import Derivation
from entropysym.prover.families import family_certificate
from entropysym.verdict import Value, Verdict, undecided
from entropysym.witness import Sweep, sweep
from entropysym.witness.configurations import Shape, shapes
from entropysym.witness.densities import density, ships


@dataclass(frozen=True)
class Role:
    """A family as prior or as decoder: the verdict of `derive` (PROVED is derived and replayed),
    and the gap identity at random configurations.
    """

    verdict: Verdict
    sweep: Sweep | None = None

    @property
    def holds(self) -> bool:
        found = self.verdict.value is Value.PROVED and "replayed" in self.verdict.evidence
        return found and self.sweep is not None and self.sweep.passed


@dataclass(frozen=True)
class CheckedFamily:
    """What was checked of one family. `checks` has ``entropy``, ``normalised``, ``scores`` and
    ``row``.
    """

    family: str
    prior: Role
    decoder: Role
    checks: Mapping[str, Check]
    seconds: float

    @property
    def failing(self) -> tuple[str, ...]:
        """The names of what does not hold."""
        roles = {"prior": self.prior, "decoder": self.decoder}
        return tuple(name for name, c in {**roles, **self.checks}.items() if not c.holds)


def check_families(
    names: Iterable[str] = (), *, configurations: int = 500, progress: Progress = silent
) -> tuple[CheckedFamily, ...]:
    """Check the families of these names, or all that ship.

    Raises `InputError` for a name that none has, or if x64 is off.
    """
    wanted = list(dict.fromkeys(names)) or list(SHIPPED)
    for name in wanted:
        if name not in SHIPPED:
            raise one_of(name, SHIPPED, "family")
    found = []
    for k, name in enumerate(wanted):
        progress("families", k, len(wanted), name)
        row = WITH_NUMBERS[name][1] if name in WITH_NUMBERS else None
        found.append(check_record(SHIPPED[name], row, configurations=configurations))
    progress("families", len(wanted), len(wanted), "")
    return tuple(found)


def check_record(
    family: Family, row: Known | None = None, *, configurations: int = 500
) -> CheckedFamily:
    """Check one record beside a row, which is that of the table if the family is in it."""
    began = time.monotonic()
    if row is None and ships(family):
        row = Known(density(family).log_density, density(family).entropy)
    prior, decoder = (role(family, write, configurations) for write in (as_prior, as_decoder))
    certificate = family_certificate(family)
    checks = {name: not_made("no entropy is derived") for name in NAMES}
    if certificate is not None:
        checks = numbers(family, certificate, row)
    return CheckedFamily(family.name, prior, decoder, checks, time.monotonic() - began)


# -- as prior and as decoder -----------------------------------------------------------------------


def role(family: Family, write: Callable[[Family], Model], configurations: int) -> Role:
    """A model with the family in one place, derived, replayed and swept."""
    try:
        found = derive(write(family))
    except InputError as reason:  # such as a density that does not integrate to one
        return Role(undecided(str(reason)))
    if not isinstance(found, Derivation):
        return Role(found.verdict)
    if found.excess != 0 or family not in found.entropies:
        return Role(undecided("an entropy is left that no formula is known of"))
    return Role(found.verdict, gap(found.identity, configurations))


def gap(identity: Identity, configurations: int) -> Sweep:
    """The gap identity at two shapes, in which no two sizes are equal and there are two classes or
    more.
    """
    return sweep(identity, count=configurations, at=_two_shapes(identity.model))


def _two_shapes(model: Model) -> Sequence[Shape]:
    return shapes(model)[4:6]


def as_prior(family: Family) -> Model:
    """The family as prior, with a Normal decoder and any encoder."""
    w = ModelWriter(observed="d D", latent="h H")
    if family.depth == 2:
        return _of_matrices(w, family, latent=True)
    arguments = (_parameter(w, family, a, "h") for a in family.arguments)
    mu, sigma2 = w.network("mu", "d", reads=w.z), w.learned("sigma2", range="positive")
    prior = family(*arguments)
    return w.model("as_prior", prior=prior, decoder=NORMAL(mu, sigma2), encoder=ANY())


def as_decoder(family: Family) -> Model:
    """The family as decoder, with a Normal prior and any encoder.

    What stands still along the derived direction is a network that reads z; what is multiplied is,
    if real, linear in z, and if positive, learned times a network; anything else is learned.
    """
    w = ModelWriter(observed="d D", latent="h H")
    if family.depth == 2:
        return _of_matrices(w, family, latent=False)
    prior = NORMAL(0, w.learned("alpha2", "h", range="positive"))
    return w.model("as_decoder", prior=prior, decoder=_decoder(w, family), encoder=ANY())


def _of_matrices(w: ModelWriter, family: Family, *, latent: bool) -> Model:
    """A family over matrices as prior, where data are Normal about a network or, with a positive
    definite latent, in its inverse; or as decoder, where its mean is a network, beside nothing else.
    """
    w.plate("r R")
    plates = "h h" if family.support == "posdef" else "r h"
    declare = w.latent_variable if latent else w.observed_variable
    X = declare("X", plates, support=family.support)
    arguments: list[sp.Expr | Matrix] = []
    for a in family.arguments:
        name, range_ = f"of_{argument_name(a)}", family.range_of(a)
        if range_ == "matrix" and not latent:
            arguments.append(w.network(name, "r h", reads=w.given("u", "k K")))
        elif range_.startswith("posdef"):
            plate = "r r" if range_.endswith("rows") else "h h"
            arguments.append(w.learned(name, plate, range="posdef"))
        elif range_ == "matrix":
            arguments.append(sp.S.Zero)
        else:
            arguments.append(_parameter(w, family, a, ""))
    w.p(X, family(*arguments))
    if latent:
        w.q(X, ANY)
        sigma2 = w.learned("sigma2", range="positive")
        y = w.observed_variable("y", "h" if family.support == "posdef" else "d")
        if family.support == "posdef":
            mean = w.learned("mu", "h")
            w.p(y, MULTIVARIATE_NORMAL(mean, Scaled(sigma2, Inverse(X.matrix))))
        else:
            read = w.vector("h", w.sum("r", X.entry))
            w.p(y, NORMAL(w.network("mu", "d", reads=read), sigma2))
    return w.model("as_prior" if latent else "as_decoder")


def _decoder(w: ModelWriter, family: Family) -> Law:
    arguments = []
    for a in family.arguments:
        name, range_, rate = argument_name(a), _range(family, a), _rate(family, a)
        if rate == 0 and not family.log_base_measure.has(a):
            arguments.append(w.network(f"net_{name}", "d", reads=w.z, range=range_))  # type: ignore[call-overload]
        elif not rate or not rate.is_number or range_ not in ("real", "positive"):
            arguments.append(_parameter(w, family, a, "d"))
        elif range_ == "real":
            W, b = w.learned("W", "d h"), w.learned("b", "d")
            arguments.append(w.sum("h", W * w.z_h) + b)
        else:
            learned = w.learned(f"of_{name}", "d", range="positive")
            network = w.network(f"net_{name}", "d", reads=w.z, range="positive")
            arguments.append(learned * network)
    return family(*arguments)


def _rate(family: Family, argument: Letter) -> sp.Expr | None:
    """How an argument moves along the derived direction, relative to itself; None of a matrix, and
    where no direction is known.
    """
    certificate = family_certificate(family)
    for at, motion in {} if certificate is None else certificate.direction.items():
        name = argument_name(array_of(at) if isinstance(at, sp.Indexed) else at)  # type: ignore[arg-type]
        if name == argument_name(argument) and not isinstance(at, Matrix):
            return sp.cancel(motion / at)  # type: ignore[operator]
    return None


def _range(family: Family, argument: Letter) -> str:
    range_ = family.range_of(argument)
    return {"vector": "real", "positives": "positive"}.get(range_, range_)


def _parameter(w: ModelWriter, family: Family, argument: Letter, index: str) -> sp.Expr | Matrix:
    """Learned, over the plate of the variable; fixed if the base measure holds it."""
    declare = w.fixed if family.log_base_measure.has(argument) else w.learned
    plates = f"{index} {index}" if isinstance(argument, MatrixLetter) else index
    return declare(f"of_{argument_name(argument)}", plates, range=_range(family, argument))  # type: ignore[call-overload]
