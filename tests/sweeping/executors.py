"""Executors and functions for tests: what is sent to another process has to be found there by name."""

import os
import random
import signal
import threading
from concurrent.futures import Executor, Future
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from entropysym.sweeping.units import CHUNK

#: Two units for each of the two shapes, the second of which is not full.
DRAWS, SIZE = 2 * (CHUNK + 100), CHUNK


class Shuffled(Executor):
    """Carries out what it was given in random order, and some of it twice."""

    def __init__(self, seed):
        self.random, self.given = random.Random(seed), []

    def submit(self, call, /, *arguments):
        future = Future()
        self.given.append((future, call, arguments))
        if len(self.given) == 1:
            threading.Timer(0.05, self.run).start()
        return future

    def run(self):
        given, self.given = self.given, []
        self.random.shuffle(given)
        for future, call, arguments in given:
            if self.random.random() < 0.5:
                call(*arguments)
            future.set_result(call(*arguments))


class Dying(Executor):
    """An executor whose workers die under a task: always under the named ones, else `times` times under each."""

    def __init__(self, times=0, always=()):
        self.times, self.always, self.count = times, always, {}

    def submit(self, call, /, *arguments):
        future, name = Future(), str(arguments[-1])
        self.count[name] = self.count.get(name, 0) + 1
        if self.count[name] <= self.times or any(word in name for word in self.always):
            future.set_exception(OSError("the worker was killed"))
        else:
            future.set_result(call(*arguments))
        return future


def squared(number):
    return number**2


def raising(number):
    raise ZeroDivisionError(f"at {number}")


def refusing(number):
    from entropysym.errors import InputError

    raise InputError(f"not {number}")


def killed_once(number, folder):
    """Its worker dies the first time."""
    mark = Path(folder) / str(number)
    if number == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number**2


def killed(number, folder):
    """Its worker dies always."""
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number**2


def environment(number):
    names = ("OMP_NUM_THREADS", "XLA_FLAGS", "JAX_PLATFORMS")
    return [os.environ.get(name) for name in names], signal.getsignal(signal.SIGINT)


def hill(v, x):
    """A concave function of v, with its top at the mean of the data."""
    return -jnp.mean((v["a"] - x) ** 2) - jnp.mean((v["b"] - 1.0) ** 4 + (v["b"] - 1.0) ** 2)


def anywhere(seed):
    rng = np.random.default_rng(seed)
    return {"a": jnp.asarray(rng.normal()), "b": jnp.asarray(rng.normal(size=2))}


def one_without_an_end(seed):
    """Seed 3 begins where nothing is finite."""
    start = anywhere(seed)
    return {**start, "a": start["a"] * (np.inf if seed == 3 else 1.0)}
