r"""The checks of an audit. Each first looks with one quadrature; what fails there is believed only if another quadrature finds the same number.

Normalised: $\int p=1$. Scores: $\mathbb E_p\partial_a\log p=0$, where the support stands still. Entropy: the library's number beside $-\int p\log p$, and beside minus the intercept of the regression of
$\log p$ on the scores and 1, which *is* the entropy where nothing is left over. KL: the library's number beside $\int p\log\frac pq$, at least 0, and 0 of a law with itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from entropysym.auditing.quadrature import Nodes, Rule, double_exponential, gauss
from entropysym.auditing.records import Audit, Outcome, Parameters, Row, Space, Subject

#: A difference is looked into above this, relative to the size of what is averaged; a number is known if its error estimate is a tenth of it.
TOLERANCE = 1e-6

#: Shares of the mass at which nothing is asked of a gradient, and at which nothing is averaged.
_RARE, _NO_MASS = 1e-12, 1e-40


@dataclass(frozen=True)
class Number:
    """A number with its error estimate, and the size of what was averaged."""

    value: float
    error: float
    size: float = 1.0

    @property
    def known(self) -> bool:
        return self.error <= TOLERANCE / 10 * max(1.0, self.size)

    def meets(self, wanted: float) -> bool:
        near = abs(self.value - wanted) <= TOLERANCE * max(1.0, self.size, abs(wanted))
        return bool(np.isfinite(wanted)) and near

    def confirms(self, other: Number) -> bool:
        """Whether another rule found the same, to the tolerance."""
        both = self.known and other.known
        return both and abs(self.value - other.value) <= TOLERANCE * max(1.0, self.size)


@dataclass(frozen=True)
class Look:
    """One subject at one setting of its parameters under one rule."""

    subject: Subject
    parameters: Parameters
    rule: Rule

    @property
    def space(self) -> Space:
        return self.subject.support(self.parameters)

    @cached_property
    def nodes(self) -> tuple[Nodes, Nodes]:
        both = (*self.parameters.values(), *self.subject.moved.values())
        breaks = sorted({float(v) for p in both for v in np.ravel(p)})
        return self.rule(self.space, self.logs_at, breaks)

    def logs_at(self, x: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.asarray(self.subject.log_density(x, self.parameters), dtype=np.float64)

    def inside(self, x: np.ndarray) -> np.ndarray:
        """The log-density, minus infinity outside of where it is said to live: there libraries give any number."""
        space, logs = self.space, self.logs_at(x)
        if space.kind not in ("interval", "whole"):
            return logs
        return np.where((x < space.low) | (x > space.high), -np.inf, logs)

    @cached_property
    def logs(self) -> tuple[np.ndarray, np.ndarray]:
        first, second = self.nodes
        both = self.logs_at(np.concatenate([first.x, second.x]))
        return both[: len(first.x)], both[len(first.x) :]

    @cached_property
    def shares(self) -> tuple[np.ndarray, np.ndarray]:
        """The mass at each node."""
        with np.errstate(all="ignore"):
            first, second = (np.exp(logs + n.log_weight) for logs, n in zip(self.logs, self.nodes, strict=True))  # fmt: skip
        return first, second

    def mean(self, values: tuple[np.ndarray, np.ndarray]) -> Number:
        """The average of what has these values at the nodes; where there is no mass there is nothing to average."""
        found, sizes = [], []
        for share, value in zip(self.shares, values, strict=True):
            with np.errstate(all="ignore"):
                part = np.where(share > _NO_MASS, share * value, 0.0)
            found.append(float(part.sum()))
            sizes.append(float(np.abs(part).sum()))
        left_out = max(n.left_out for n in self.nodes)
        return Number(found[1], abs(found[1] - found[0]) + left_out * max(1.0, sizes[1]), sizes[1])

    @property
    def mass(self) -> Number:
        return self.mean((np.ones_like(self.logs[0]), np.ones_like(self.logs[1])))

    @property
    def entropy(self) -> Number:
        return self.mean((-self.logs[0], -self.logs[1]))

    @cached_property
    def scores(self) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """The derivatives by each parameter at the nodes, (S, entries); of what is on a simplex the part along it."""
        first, second = self.nodes
        both = scores(self.subject, np.concatenate([first.x, second.x]), self.parameters)
        cut = len(first.x)
        return {k: v[:cut] for k, v in both.items()}, {k: v[cut:] for k, v in both.items()}

    def relative_entropy(self, other: Parameters) -> Number:
        r"""$\int p\log\frac pq$ with the same law at other parameters as q."""
        away = Look(self.subject, other, self.rule)
        with np.errstate(all="ignore"):
            first, second = (
                logs - away.inside(n.x) for logs, n in zip(self.logs, self.nodes, strict=True)
            )
        return self.mean((first, second))


def scores(subject: Subject, x: np.ndarray, parameters: Parameters) -> dict[str, np.ndarray]:
    """By the library's own derivative, else by differences of the fourth order."""
    found = {}
    if subject.gradient is not None:
        with np.errstate(all="ignore"):
            found = {k: np.asarray(v, np.float64) for k, v in subject.gradient(x, parameters).items()}  # fmt: skip
    else:
        still = [name for name in parameters if name not in subject.moving]
        found = {name: _differences(subject, x, parameters, name) for name in still}
    along = {}
    for name, value in found.items():
        if name in subject.moving:
            continue  # the mean of such a score need not be zero
        flat = value.reshape(len(x), -1)
        if _on_simplex(parameters[name]):
            flat = flat - flat.mean(axis=1, keepdims=True)
        along[name] = flat
    return along


def _on_simplex(value: np.ndarray) -> bool:
    return bool(value.ndim == 1 and value.size > 1 and (value > 0).all() and abs(value.sum() - 1) < 1e-12)  # fmt: skip


def _differences(subject: Subject, x: np.ndarray, parameters: Parameters, name: str) -> np.ndarray:
    value = np.asarray(parameters[name], np.float64)
    columns: dict[tuple[int, ...], np.ndarray] = {}
    for place in np.ndindex(value.shape):
        if place[::-1] in columns:  # of what is symmetric both entries move
            columns[place] = columns[place[::-1]]
            continue
        step = 1e-3 * max(abs(float(value[place])), 0.1)
        total = np.zeros(len(x))
        for times, weight in ((1, 8), (-1, -8), (2, -1), (-2, 1)):
            moved = value.copy()
            moved[place] += times * step
            if value.ndim == 2 and place[0] != place[1]:
                moved[place[::-1]] = moved[place]  # what is symmetric stays so
            with np.errstate(all="ignore"):
                total += weight * subject.log_density(x, {**parameters, name: moved}) / (12 * step)
        columns[place] = total
    return np.stack([*columns.values()], axis=1)


# -- rows --------------------------------------------------------------------------------------------


def audited(subject: Subject) -> Audit:
    """All rows of one subject. What a library cannot do is a row that is not shown, with what it said."""
    checks: tuple[tuple[str, Callable[[Subject, Look], Row]], ...] = (
        ("support", support_row),
        ("normalised", normalised_row),
        ("gradient", gradient_row),
        ("scores", scores_row),
        ("entropy", entropy_row),
        ("intercept", intercept_row),
        ("kl", kl_row),
        ("kl of equals", kl_of_equals_row),
    )
    look = Look(subject, subject.parameters, gauss)
    rows = []
    for name, check in checks:
        try:
            rows.append(check(subject, look))
        except Exception as why:  # whatever a library raises is no finding about the law
            first = str(why).splitlines()[0] if str(why) else ""
            rows.append(_not_shown(name, f"{type(why).__name__}: {first}"[:160]))
    return Audit(subject.name, tuple(rows))


def _not_shown(check: str, why: str) -> Row:
    return Row(check, Outcome.NOT_SHOWN, why)


def _compared(
    check: str, number: Number, wanted: float, again: Callable[[], Number], what: str
) -> Row:
    """A row from a number by quadrature and what it should be; a difference is confirmed by the other rule."""
    known = (number.value, wanted, number.error)
    if not np.isfinite(wanted) and not np.isnan(wanted) and number.value == wanted:
        return Row(check, Outcome.HOLDS, f"{what}: both are infinite", *known)
    if not number.known or not np.isfinite(number.value):
        return Row(check, Outcome.NOT_SHOWN, f"the quadrature has not settled ({what})", *known)
    if number.meets(wanted):
        return Row(check, Outcome.HOLDS, f"{what}: {number.value:.10g}", *known)
    second = again()
    if not second.confirms(number) or second.meets(wanted):
        return Row(check, Outcome.NOT_SHOWN, f"two quadratures disagree ({what})", *known)
    says = f"{what}: {number.value:.10g} by two quadratures, not {wanted:.10g}"
    return Row(check, Outcome.FAILS, says, *known)


def _second(subject: Subject, parameters: Parameters | None = None) -> Look:
    return Look(subject, subject.parameters if parameters is None else parameters, double_exponential)  # fmt: skip


#: A share of the mass below which a region is not seen to have any.
_SEEN = 1e-3


def support_row(subject: Subject, look: Look) -> Row:
    """Whether the support moves with the parameters, and is where it is said to be."""
    if subject.moving:
        return Row("support", Outcome.HOLDS, f"moves with {', '.join(sorted(subject.moving))}, as it is said to")  # fmt: skip
    lost = _lost(subject, gauss)
    if lost < _SEEN:
        return Row("support", Outcome.HOLDS, "stands still", lost, 0.0)
    again = _lost(subject, double_exponential)
    says = f"said to stand still, but {lost:.3g} of the mass lies where the density is 0 at other parameters"  # fmt: skip
    return Row("support", Outcome.FAILS if again >= _SEEN else Outcome.NOT_SHOWN, says, lost, 0.0)


def _lost(subject: Subject, rule: Rule) -> float:
    """The mass where the density is 0 at the other parameters, here or there, whichever is more."""
    shares = []
    pair = (subject.parameters, subject.moved)
    for p, q in (pair, pair[::-1]):
        look, away = Look(subject, p, rule), Look(subject, q, rule)
        empty = tuple((away.logs_at(n.x) == -np.inf).astype(float) for n in look.nodes)
        shares.append(look.mean((empty[0], empty[1])).value)
    return float(np.max(shares))  # not a number is never less


def normalised_row(subject: Subject, look: Look) -> Row:
    return _compared("normalised", look.mass, 1.0, lambda: _second(subject).mass, "integral")


def gradient_row(subject: Subject, look: Look) -> Row:
    """Whether the library's own derivatives are finite wherever the law has mass; differences tell whether there is a finite one."""
    if subject.gradient is None:
        return _not_shown("gradient", "the library has no derivatives")
    rows, x = look.scores[1], look.nodes[1].x
    common = look.shares[1] > _RARE
    bad = {k: common & ~np.isfinite(v).all(axis=1) for k, v in rows.items()}
    broken = [k for k, at in bad.items() if at.any()]
    if not broken:
        return Row("gradient", Outcome.HOLDS, f"finite at {int(common.sum())} points")
    plain = Subject(subject.name, subject.parameters, subject.log_density, subject.support)
    at = x[bad[broken[0]]][:8]
    finite = np.isfinite(scores(plain, at, subject.parameters)[broken[0]]).all()
    says = f"the derivative by {broken[0]} is not finite at x = {np.ravel(at)[0]:.6g}"
    return Row("gradient", Outcome.FAILS if finite else Outcome.NOT_SHOWN, says)


def scores_row(subject: Subject, look: Look) -> Row:
    """The score whose mean is farthest from 0, of those that do not move the support."""
    first, second = look.scores
    means = {
        (name, k): look.mean((first[name][:, k], second[name][:, k]))
        for name in first
        for k in range(first[name].shape[1])
    }
    if not means:
        return _not_shown("scores", "every parameter moves the support, so no score need have mean zero")  # fmt: skip
    worst = max(means, key=lambda at: abs(means[at].value) / max(1.0, means[at].size))
    name, k = worst

    def again() -> Number:
        other = _second(subject)
        one, two = other.scores
        return other.mean((one[name][:, k], two[name][:, k]))

    return _compared("scores", means[worst], 0.0, again, f"mean of the score of {name}")


def entropy_row(subject: Subject, look: Look) -> Row:
    if subject.entropy is None:
        return _not_shown("entropy", "the library has no entropy")
    said = float(subject.entropy(subject.parameters))
    if np.isnan(said):
        return _not_shown("entropy", "the library's entropy is not a number")
    return _compared("entropy", look.entropy, said, lambda: _second(subject).entropy, "entropy")


def intercept_row(subject: Subject, look: Look) -> Row:
    r"""$\log p=\sum_av_as_a-\mathcal H$ by least squares under p; beside the library's entropy, or the integral where it has none."""
    found = intercept(look)
    if found is None:
        return _not_shown("intercept", "log p is no combination of the scores")
    said = float(subject.entropy(subject.parameters)) if subject.entropy is not None else np.nan
    if np.isnan(said) and not look.entropy.known:
        return _not_shown("intercept", "there is no entropy to compare it with")
    wanted = look.entropy.value if np.isnan(said) else said

    def again() -> Number:
        second = intercept(_second(subject))
        return Number(np.nan, np.inf) if second is None else second

    return _compared("intercept", found, wanted, again, "entropy from the scores")


def intercept(look: Look) -> Number | None:
    """The entropy by regression; None where a residual is left."""
    values = []
    for share, logs, rows in zip(look.shares, look.logs, look.scores, strict=True):
        used = share > 1e-16
        root = np.sqrt(share[used])
        columns = np.column_stack([np.ones(used.sum()), *(v[used] for v in rows.values())])
        if not np.isfinite(columns).all():
            return None
        scale = np.maximum(np.sqrt(np.sum((columns * root[:, None]) ** 2, axis=0)), 1e-300)
        solved, *_ = np.linalg.lstsq(columns / scale * root[:, None], logs[used] * root, rcond=1e-11)  # fmt: skip
        left = (logs[used] - columns / scale @ solved) * root
        if np.sqrt(np.sum(left**2)) > 1e-7 * max(1.0, float(np.sqrt(np.sum((logs[used] * root) ** 2)))):  # fmt: skip
            return None
        values.append(-float(solved[0] / scale[0]))
    return Number(values[1], abs(values[1] - values[0]))


def kl_row(subject: Subject, look: Look) -> Row:
    """The divergence from the law with other parameters; where the library has none, that the integral is at least 0."""
    p, q = subject.parameters, subject.moved
    number = look.relative_entropy(q)

    def again() -> Number:
        return _second(subject).relative_entropy(q)

    if subject.kl is None:
        if not number.known or number.value >= -TOLERANCE:
            holds = number.known
            says = "by quadrature alone: the library has none"
            return Row("kl", Outcome.HOLDS if holds else Outcome.NOT_SHOWN, says, number.value)
        return _compared("kl", number, 0.0, again, "KL, which is at least 0")
    said = float(subject.kl(p, q))
    return _compared("kl", number, said, again, "KL")


def kl_of_equals_row(subject: Subject, look: Look) -> Row:
    if subject.kl is None:
        return _not_shown("kl of equals", "the library has no divergence")
    said = float(subject.kl(subject.parameters, subject.parameters))
    holds = abs(said) <= 1e-8 * max(1.0, look.entropy.size)
    says = f"KL of a law with itself is {said:.3g}"
    return Row("kl of equals", Outcome.HOLDS if holds else Outcome.FAILS, says, said, 0.0)
