"""A function that works in place changes copies of its own: no other side, later point or wrong variant sees what it leaves."""

import jax.numpy as jnp
import numpy as np
import pytest
import torch

from entropysym import testing
from entropysym.errors import InputError
from entropysym.lowering.quadrature import JointPoints
from entropysym.testing import Claim, Different, assert_equal, assert_rejects, at
from entropysym.testing import sides as module


def centred(x):
    x -= x.mean(axis=0)
    return np.mean(x**2)


def as_sorted(tau):
    tau.sort()
    return tau[0] + 2 * tau[-1]


def halved(W):
    W /= 2
    return np.sum(W**2)


def clipped(W):
    np.clip(W, -1, 1, out=W)
    return np.sum(W**2)


def overwritten(tau):
    tau[:] = 1
    return np.sum(tau)


def by_torch(x):
    x.sub_(torch.mean(x, dim=0))
    return torch.mean(x**2)


def from_noise(noise):
    noise.eps[:] = 1
    return np.sum(noise.eps)


def from_network(x, mu, noise):
    found = mu(noise.eps[0])
    found[:] = 1
    noise.eps[:] = 0
    return np.sum(mu(noise.eps[0])) + np.sum(found)


#: Each beside what it would be equal to if its argument stayed changed.
FALSE = [
    ("linear_vae", centred, lambda x: np.mean(x**2)),
    ("linear_vae", as_sorted, lambda tau: tau[0] + 2 * tau[-1]),
    ("linear_vae", halved, lambda W: np.sum(W**2)),
    ("linear_vae", clipped, lambda W: np.sum(W**2)),
    ("linear_vae", overwritten, lambda tau: np.sum(tau)),
    ("linear_vae", by_torch, lambda x: np.mean(x**2)),
    ("linear_vae", from_noise, lambda noise: np.sum(noise.eps) + 0.0 * noise.eps.size),
]


@pytest.mark.some(1)
@pytest.mark.parametrize(
    ("model", "left", "right"), FALSE, ids=lambda v: getattr(v, "__name__", "")
)
def test_what_one_side_leaves_the_other_does_not_get(model, left, right):
    with pytest.raises(Different):
        assert_equal(left, right, model)
    assert assert_rejects(Claim(model, right, left))


def test_shared_arrays_would_be_accepted(monkeypatch):
    """The control: with the arrays themselves in place of copies the first of these claims is accepted."""

    def shared(arguments, library):
        return {name: np.asarray(value) for name, value in arguments.items()}

    monkeypatch.setattr(module, "_converted", shared)
    assert_equal(centred, lambda x: np.mean(x**2), "linear_vae")


def test_a_true_claim_in_place_holds():
    def by_hand(x):
        return np.mean((x - x.mean(axis=0)) ** 2)

    assert_equal(centred, by_hand, "linear_vae")
    assert_equal(by_hand, centred, "linear_vae")
    assert_equal(lambda x: jnp.mean((x - x.mean(axis=0)) ** 2), centred, "linear_vae")


@pytest.mark.slow
def test_a_buffer_that_is_filled_again_is_read_at_once():
    buffer = np.zeros(1)

    def into_buffer(sigma):
        buffer[0] = np.log(sigma)
        return buffer

    def into_the_same(sigma):
        buffer[0] = np.log(2 * sigma)
        return buffer

    assert_equal(into_buffer, lambda sigma: np.log(sigma), "linear_vae")
    with pytest.raises(Different):
        assert_equal(into_buffer, into_the_same, "linear_vae")


@pytest.mark.slow
def test_what_a_network_returns_may_be_overwritten():
    assert_equal(
        from_network,
        lambda x, mu, noise: np.sum(mu(0 * noise.eps[0])) + x.shape[-1],
        "vae2",
    )


def test_a_point_of_the_caller_is_left_as_it_is():
    from entropysym.testing import flat_points as points
    from entropysym.testing.claims import model_of

    model = model_of("linear_vae")
    shape = points.shapes(model)[0]
    point = {k: np.asarray(v)[0] for k, v in points.drawn(model, shape, 0, 1).items()}
    before = {k: v.copy() for k, v in point.items()}
    at(Claim("linear_vae", centred, lambda x: np.mean(x**2)), point)
    assert all(np.array_equal(point[k], before[k]) for k in point)


def test_nodes_of_a_graph_are_copies():
    values, ones = {"z": np.ones((2, 3))}, {"n": np.ones((2, 3))}
    nodes = JointPoints(values, ones, {"z": np.ones(2)})  # type: ignore[arg-type]
    for library in ("numpy", "jax", "torch"):
        given = module._converted({"noise": nodes}, library)["noise"]
        given.values["z"][:] = 5
        given.weights["n"][:] = 5
    assert (values["z"] == 1).all()
    assert (ones["n"] == 1).all()


def test_a_function_that_returns_no_number_is_no_side():
    with pytest.raises(InputError, match="no number"):
        assert_equal(lambda tau: [], lambda tau: np.zeros((0, 2)), "linear_vae")


def test_import_of_everything_binds_the_names():
    names: dict[str, object] = {}
    exec("from entropysym.testing import *", names)
    assert {"assert_equal", "assert_rejects", "Claim", "ELBO", "NotShown"} <= names.keys()
    strategies = {"configurations", "datasets", "models", "networks", "points", "sizes"}
    assert set(testing.__all__) == set(dir(testing)) - strategies
