"""Audit of distributions: what a library says of a law beside integrals of its own log-density.

* `audit`: the rows of one distribution; `Audit`, `Row` and `Outcome` are what it says.
* `audit_libraries`: SciPy, PyTorch, NumPyro and EFAX as they are installed; `python -m entropysym.auditing` prints it.
"""

from typing import TYPE_CHECKING

from entropysym.lazy import lazily

if TYPE_CHECKING:
    from entropysym.auditing.auditor import audit
    from entropysym.auditing.libraries import LibraryAudit, audit_libraries
    from entropysym.auditing.records import Audit, Outcome, Row, Space, Subject

__getattr__, __dir__ = lazily(
    __name__,
    {
        "auditor": "audit",
        "libraries": "LibraryAudit audit_libraries",
        "records": "Audit Outcome Row Space Subject",
    },
)
