r"""How many false claims are accepted, and how many true ones are not: ``python -m entropysym.testing.power``.

For every model that ships and whose gap identity is derived, in full or in part, at least four claims: the gap identity, the ELBO spelled out, the gap spelled out, and the mean log-density of each factor of p and the entropy of each
of q spelled out, each against the densities, as a part of the ELBO, whose terms are then the scale. Of each claim 500 false variants are made: in one or two of its parts the factor is another one, from a change of sign to $1+10^{-9}$. The command prints how many are
accepted, how many of a million true comparisons are alarms, and beside them the same claims through `numpy.testing.assert_allclose` as it is by default, and through `Expr.equals` of SymPy.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import jax
import jax.numpy as jnp
import numpy as np
import sympy as sp

from entropysym.errors import InputError, integer
from entropysym.language.heads import Entropy, LogDensity
from entropysym.language.objective import averaged, head, spelled_out
from entropysym.language.records import Factor, Model
from entropysym.lowering.precision import COARSE, EPS, TOLERANCE
from entropysym.models import ZOO
from entropysym.prover import Derivation, Refusal
from entropysym.testing import flat_points as points
from entropysym.testing.claims import _found
from entropysym.testing.comparing import SHAKEN, spread
from entropysym.testing.sides import AlongDirection, Formula, One, Values, compiled, elbo_of
from entropysym.witness.configurations import Configuration, Shape, callables
from entropysym.witness.opaque import stood_in

#: False variants of each claim, and configurations that each of them is compared at.
VARIANTS, TRIED = 500, 60

#: The factors of a part that is wrong: as mistakes are, and as small as 1e-9.
_FACTORS = (-1.0, 0.0, 2.0, 0.5, 1.5, 3.0, 1 / 3, *(1 + s * 10.0**-k for k in range(1, 10) for s in (1, -1)))  # fmt: skip

#: Configurations are drawn and compared so many at a time.
_BATCH = 2000


@dataclass(frozen=True, eq=False)
class _ByFactor:
    """The ELBO from the densities, a part for each factor, each with its own scale."""

    smooth: bool

    def program(self, model: Model, shape: Shape) -> One:
        elbo, networks = elbo_of(model, smooth=self.smooth), callables(model, shape)

        def one(c: Configuration) -> tuple[jax.Array, jax.Array]:
            found = elbo.by_factor({**c.arrays, **networks(c.weights)}, c.nodes)
            values, scales = zip(*found.values(), strict=True)
            return jnp.stack(values)[:, None], jnp.stack(scales)

        return one


@dataclass(frozen=True, eq=False)
class TrueClaim:
    """A claim at a batch: the left side, the parts of the right one, and the scale."""

    name: str
    left: np.ndarray
    right: Values
    scale: np.ndarray


@dataclass
class Count:
    """What one model's claims came to."""

    model: str
    claims: int = 0
    compared: int = 0
    alarms: int = 0
    coarse: int = 0
    variants: int = 0
    accepted: int = 0
    allclose_alarms: int = 0
    allclose_accepted: int = 0
    examples: list[str] = field(default_factory=list)

    def __add__(self, other: Count) -> Count:
        names = ("claims", "compared", "alarms", "coarse", "variants", "accepted", "allclose_alarms", "allclose_accepted")  # fmt: skip
        sums = {name: getattr(self, name) + getattr(other, name) for name in names}
        return Count("all", **sums, examples=self.examples + other.examples)

    def row(self) -> str:
        return (
            f"{self.model:36} {self.claims:6} {self.compared:10} {self.alarms:7} {self.variants:9} {self.accepted:9} "
            f"{self.allclose_alarms:10} {self.allclose_accepted:11}"
        )


_HEAD = (
    f"{'':54} {'8 eps x terms':>27} {'assert_allclose':>22}\n"
    f"{'model':36} {'claims':>6} {'compared':>10} {'alarms':>7} {'variants':>9} {'accepted':>9} {'alarms':>10} {'accepted':>11}"
)


def claims_of(model: Model) -> Derivation | None:
    """What is derived of a model, in part where it is refused; None if nothing is."""
    found = _found(model)
    return found.partial if isinstance(found, Refusal) else found


class _Program:
    """All claims of a model in one program for each shape."""

    def __init__(self, model: Model, found: Derivation) -> None:
        self.model, identity = model, found.identity
        closed = identity.entropies
        self.along = AlongDirection(identity)
        self.densities = _ByFactor(smooth=not found.elbo.has(sp.Abs))
        formulas = {
            "gap identity": identity.entropy_sum,
            "ELBO": found.elbo,
            "gap": found.gap - found.excess,  # what stands beside the entropies is in their sum
        }
        self.factors: dict[str, int] = {}
        for k, f in enumerate(model.factors):
            e = _factor(model, f)
            spelled = None if e is None else spelled_out(model, e, closed)
            if spelled is not None and not spelled.has(Entropy, LogDensity):
                formulas[f.name] = spelled
                self.factors[f.name] = k
        self.formulas = {name: Formula(stood_in(model, e, closed)) for name, e in formulas.items()}

    def at(self, shape: Shape, seed: int, count: int) -> Iterator[list[TrueClaim]]:
        """The claims at `count` configurations, a batch at a time."""
        sides = [self.along, self.densities, *self.formulas.values()]
        programs = [side.program(self.model, shape) for side in sides]
        run = None
        for start in range(0, count, _BATCH):
            flat = points.drawn(self.model, shape, seed + 7919 * (start // _BATCH), min(_BATCH, count))  # fmt: skip
            batch = points.configuration(self.model, shape, flat)
            if run is None:
                run = compiled(lambda c: [one(c) for one in programs], batch)
            claims = self._claims([Values(np.asarray(p), np.asarray(s)) for p, s in run(batch)])
            if not all(_passes(claim).all() for claim in claims):
                claims = self._steadied(claims, [
                    self._claims([Values(np.asarray(p), np.asarray(s)) for p, s in run(points.configuration(self.model, shape, points.shaken(flat, k)))])
                    for k in range(SHAKEN)
                ])  # fmt: skip
            yield claims

    @staticmethod
    def _steadied(claims: list[TrueClaim], moved: list[list[TrueClaim]]) -> list[TrueClaim]:
        """With scales that hold how far both sides move if every number moves by one rounding, as `comparing.steadied` has it."""
        found = []
        for k, claim in enumerate(claims):
            left = spread(claim.left, [m[k].left for m in moved])
            right = spread(claim.right.value, [m[k].right.value for m in moved])
            found.append(replace(claim, scale=claim.scale + left + right))
        return found

    def _claims(self, found: list[Values]) -> list[TrueClaim]:
        along, densities, *rest = found
        right = dict(zip(self.formulas, rest, strict=True))
        E, whole = right["gap identity"], densities.scale.sum(axis=1, keepdims=True)
        lefts = {
            "gap identity": (along.value, along.scale),
            "ELBO": (densities.value, whole),
            "gap": (densities.value - E.value, whole + E.scale),
        } | {
            name: (densities.parts[:, k], whole) for name, k in self.factors.items()
        }  # fmt: skip
        return [
            TrueClaim(name, left, right[name], scale + right[name].scale)
            for name, (left, scale) in lefts.items()
        ]


def _factor(model: Model, f: Factor) -> sp.Expr | None:
    """A factor's part of the ELBO as an expression with heads."""
    if f.family.is_any:
        return None
    from entropysym.language.objective import weight_of_plate

    kind = Entropy if f in model.q else LogDensity
    share = weight_of_plate(model, model.datum(f.of[0]))
    return share * averaged(model, f, head(model, kind, f))


def count(name: str, configurations: int, seed: int = 0, variants: int = VARIANTS) -> Count:
    """All of one model: `configurations` true comparisons of each claim, and its false variants."""
    model = ZOO[name]()
    total, found = Count(name), claims_of(model)
    if found is None:
        return total
    program = _Program(model, found)
    shapes = points.shapes(model, seed)
    false: dict[str, list[np.ndarray]] = {}
    caught: dict[str, list[np.ndarray]] = {}
    for shape in shapes:
        for first, claims in _numbered(program.at(shape, seed, configurations // len(shapes))):
            total.claims = len(claims)
            for claim in claims:
                _true(total, claim, f"{claim.name} at {shape}")
                if first:
                    made = false.setdefault(claim.name, _changes(claim, variants, seed))
                    caught.setdefault(claim.name, []).append(_caught(claim, made))
    for name, rows in caught.items():
        ours, theirs, differs = np.any(rows, axis=0)
        total.variants += int(differs.sum())
        total.accepted += int((differs & ~ours).sum())
        total.allclose_accepted += int((differs & ~theirs).sum())
        if (differs & ~ours).any():
            total.examples.append(f"{total.model}: {name}, variants {np.nonzero(differs & ~ours)[0][:5].tolist()}")  # fmt: skip
    return total


def _numbered(batches: Iterator[list[TrueClaim]]) -> Iterator[tuple[bool, list[TrueClaim]]]:
    for k, claims in enumerate(batches):
        yield k == 0, claims


def _passes(claim: TrueClaim) -> np.ndarray:
    difference = (claim.left - claim.right.value)[:, 0]
    with np.errstate(all="ignore"):
        return np.isfinite(difference) & (np.abs(difference) <= TOLERANCE * EPS * claim.scale[:, 0])


def _true(total: Count, claim: TrueClaim, where: str) -> None:
    difference = (claim.left - claim.right.value)[:, 0]
    scale = claim.scale[:, 0]
    passes = _passes(claim)
    total.compared += difference.size
    total.alarms += int(np.sum(~passes))
    total.coarse += int(np.sum(TOLERANCE * EPS * scale > COARSE))
    close = np.isclose(claim.left[:, 0], claim.right.value[:, 0], rtol=1e-7, atol=0)
    total.allclose_alarms += int(np.sum(~close))
    if not passes.all() and len(total.examples) < 20:
        with np.errstate(all="ignore"):
            worst = np.nanmax(np.abs(difference) / (EPS * scale))
        total.examples.append(f"{total.model}: alarm in {where}, residual {worst:.3g}")


def _changes(claim: TrueClaim, count: int, seed: int) -> list[np.ndarray]:
    """For each false variant what is added, by part: (factor − 1) of one or of two parts."""
    rng = np.random.default_rng([seed, len(claim.name)])
    parts = claim.right.parts.shape[1]
    out = []
    for k in range(count):
        change = np.zeros(parts)
        for part in rng.choice(parts, size=min(parts, 1 + k % 2), replace=False):
            change[part] = _FACTORS[rng.integers(len(_FACTORS))] - 1
        out.append(change)
    return out


def _caught(claim: TrueClaim, changes: list[np.ndarray]) -> np.ndarray:
    """(3, variants): whether 8 eps, whether `assert_allclose` rejects each, and whether it is seen to be false at all, in exact steps of the parts."""
    parts = claim.right.parts[:TRIED, :, 0]
    left, scale = claim.left[:TRIED, 0], claim.scale[:TRIED, 0]
    added = parts @ np.stack(changes).T  # (TRIED, variants)
    grown = scale[:, None] + np.abs(parts) @ np.abs(np.stack(changes)).T
    right = claim.right.value[:TRIED, :1] + added
    with np.errstate(all="ignore"):
        difference = left[:, None] - right
        ours = np.isfinite(difference) & (np.abs(difference) > TOLERANCE * EPS * grown)
        theirs = ~np.isclose(np.broadcast_to(left[:, None], right.shape), right, rtol=1e-7, atol=0)
        # Two parts may be the same number twice, and parts may be 0: then nothing is false.
        differs = np.abs(added) > 1e-12 * (np.abs(parts) @ np.abs(np.stack(changes)).T)
    return np.stack([ours.any(axis=0), theirs.any(axis=0), differs.any(axis=0)])


# -- SymPy's own check ---------------------------------------------------------------------------------------------------


def by_sympy(seconds: float, seed: int = 0) -> tuple[int, int, int]:
    """`Expr.equals` on false variants of entropy sums in plain SymPy: variants tried, accepted as equal, and left open (None)."""
    from entropysym.language.concrete import instantiate

    started, tried, accepted, unknown = time.process_time(), 0, 0, 0
    rng = np.random.default_rng(seed)
    for name in ("linear_vae", "vae2", "sparse_coding", "factor_analysis", "poisson_vae"):
        found = claims_of(ZOO[name]())
        if found is None:
            continue
        sizes = {s.name: 2 + k for k, s in enumerate((*found.model.sizes, *(p.size for p in found.model.data)))}  # fmt: skip
        try:
            e = instantiate(found.entropy_sum, **sizes)  # type: ignore[arg-type]
        except InputError:
            continue
        parts = sp.Add.make_args(e)
        for _ in range(VARIANTS // 5):
            if time.process_time() - started > seconds:
                return tried, accepted, unknown
            k = int(rng.integers(len(parts)))
            factor = sp.nsimplify(_FACTORS[rng.integers(len(_FACTORS))], rational=True)
            answer = e.equals(e + (factor - 1) * parts[k])
            tried += 1
            accepted += answer is True
            unknown += answer is None
    return tried, accepted, unknown


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m entropysym.testing.power", description=(__doc__ or "").splitlines()[0])  # fmt: skip
    parser.add_argument("--models", nargs="*", default=sorted(ZOO), choices=sorted(ZOO), metavar="NAME")  # fmt: skip
    parser.add_argument("--configurations", type=int, default=1_000_000, help="true comparisons in all")  # fmt: skip
    parser.add_argument("--variants", type=int, default=VARIANTS, help="false variants of each claim")  # fmt: skip
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sympy", type=float, default=60.0, metavar="S", help="CPU-seconds for SymPy's own check")  # fmt: skip
    given = parser.parse_args(arguments)
    try:
        for name, least in (("configurations", 1), ("variants", 1), ("seed", 0)):
            integer(name, getattr(given, name), least)
    except InputError as reason:
        parser.error(str(reason))
    jax.config.update("jax_enable_x64", True)
    share = -(-given.configurations // (4 * len(given.models)))
    print(_HEAD)
    total = Count("all")
    for name in given.models:
        one = count(name, share, given.seed, given.variants)
        print(one.row() if one.claims else f"{name:36} nothing is derived", flush=True)
        total += one
    print(total.row())
    print(f"{total.coarse} comparisons are coarse: rounding could hide {COARSE} nats")
    tried, accepted, unknown = by_sympy(given.sympy, given.seed) if given.sympy else (0, 0, 0)
    print(f"Expr.equals of SymPy: {tried} false variants, {accepted} accepted, {unknown} left open")
    print(*total.examples[:20], sep="\n")
    return 1 if total.alarms or total.accepted or not total.compared else 0


if __name__ == "__main__":
    sys.exit(main())
