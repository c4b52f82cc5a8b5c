"""Sweeps and trainings that outgrow one machine: cut into units, computed by any executor, stored unit by unit, merged in any order.

* `sweep`: a claim at 10⁶, 10⁸, … random configurations; its `SweepReport` has the same bytes whoever computed which unit, how often and in which order.
* `repeat`: one configuration of a sweep again, as the report names it.
* `settle_seeds`: trainings from many starts, many in one program; `entropysym.settle(…, seeds=…)` calls it.
* `merged`, `total`: what the records of units come to.

An executor is one of `concurrent.futures`; without one there is a pool of spawned processes. Only JSON and arrays are read from files.
"""

from typing import TYPE_CHECKING

from entropysym.lazy import lazily

if TYPE_CHECKING:
    from entropysym.sweeping.processes import one_thread
    from entropysym.sweeping.records import Record, merged, total
    from entropysym.sweeping.sweeps import SweepReport, repeat, sweep
    from entropysym.sweeping.trainings import settle_seeds

__getattr__, __dir__ = lazily(
    __name__,
    {
        "processes": "one_thread",
        "records": "Record merged total",
        "sweeps": "SweepReport repeat sweep",
        "trainings": "settle_seeds",
    },
)
