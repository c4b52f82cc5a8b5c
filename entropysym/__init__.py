r"""entropysym: derive and check that an ELBO becomes a sum of entropies at stationary points.

>>> import entropysym as es
>>> d = es.derive(es.models.vae2())        # symbolic D, H, N; abstract networks
>>> d.verdict.value.name                   # replayed by the independent checker
'PROVED'
>>> d.stationarity["sigma2"].lhs
sigma2
>>> es.replay(es.render(d, to="json")).value.name
'PROVED'

`ModelWriter` writes models, `Family` with `argument` a family of one's own, `Objective` what learning maximises; `derive` writes the derivation, `replay` checks a stored one, `render` prints it, `lower` turns an expression into a JAX function,
`verify` does all of it on data, `sweep` at 10⁸ random configurations on many machines; `measure` takes networks of your own for any model that is written down; `certify` takes any network, `entropies` arrays, `Monitor` a training loop, `may_stop` its history, `identify_objective` a loss. Names resolve lazily: importing the package loads neither SymPy nor JAX.
"""

from __future__ import annotations

from importlib import import_module

from entropysym.version import __version__

TYPE_CHECKING = (
    False  # as in `typing`, whose import would be most of what importing the package costs
)
if TYPE_CHECKING:
    from typing import Any

#: Public name -> module that defines it.
_PUBLIC = {
    "Derivation": "entropysym.prover",
    "Refusal": "entropysym.prover",
    "Family": "entropysym.language",
    "Identity": "entropysym.language",
    "Model": "entropysym.language",
    "ModelWriter": "entropysym.language",
    "Objective": "entropysym.language",
    "argument": "entropysym.language",
    "dump": "entropysym.language",
    "load": "entropysym.language",
    "instantiate": "entropysym.language",
    "Verdict": "entropysym.verdict",
    "Value": "entropysym.verdict",
    "derive": "entropysym.claims",
    "equal": "entropysym.claims",
    "replay": "entropysym.claims",
    "verify": "entropysym.claims",
    "render": "entropysym.pages",
    "show": "entropysym.display",
    "explain": "entropysym.glossary",
    "latex": "entropysym.pages",
    "plain": "entropysym.pages",
    "model_graph": "entropysym.pictures",
    "collapse_figure": "entropysym.pictures",
    "landscape": "entropysym.pictures",
    "certificate_report": "entropysym.pictures",
    "gauss_hermite": "entropysym.lowering",
    "lower": "entropysym.lowering",
    "source": "entropysym.lowering",
    "measure": "entropysym.witness",
    "certify": "entropysym.networks",
    "settle": "entropysym.ascent",
    "sweep": "entropysym.sweeping",
    "audit": "entropysym.auditing",
    "entropy": "entropysym.divergences",
    "kl": "entropysym.divergences",
    "cross_entropy": "entropysym.divergences",
    "varentropy": "entropysym.divergences",
    "enclose": "entropysym.balls",
    "Outputs": "entropysym.networks",
    "entropies": "entropysym.monitoring",
    "Monitor": "entropysym.monitoring",
    "identify_objective": "entropysym.losses",
    "may_stop": "entropysym.monitoring",
    "Move": "entropysym.monitoring",
}
_ROOMS = (
    *("models", "families", "language", "prover", "checker", "lowering", "witness", "claims"),
    *(
        "data",
        "ascent",
        "networks",
        "linear",
        "losses",
        "monitoring",
        "pages",
        "pictures",
        "sweeping",
        "testing",
        "auditing",
        "divergences",
        "balls",
        "experiments",
        "display",
        "glossary",
        "errors",
    ),
)

__all__ = ["__version__", *sorted(_PUBLIC), *_ROOMS]

if TYPE_CHECKING:
    from entropysym import (
        ascent,
        auditing,
        balls,
        checker,
        claims,
        data,
        display,
        divergences,
        errors,
        experiments,
        families,
        glossary,
        language,
        linear,
        losses,
        lowering,
        models,
        monitoring,
        networks,
        pages,
        pictures,
        prover,
        sweeping,
        testing,
        witness,
    )
    from entropysym.ascent import settle
    from entropysym.auditing import audit
    from entropysym.balls import enclose
    from entropysym.claims import derive, equal, replay, verify
    from entropysym.display import show
    from entropysym.divergences import cross_entropy, entropy, kl, varentropy
    from entropysym.glossary import explain
    from entropysym.language import (
        Family,
        Identity,
        Model,
        ModelWriter,
        Objective,
        argument,
        dump,
        instantiate,
        load,
    )
    from entropysym.losses import identify_objective
    from entropysym.lowering import gauss_hermite, lower, source
    from entropysym.monitoring import Monitor, Move, entropies, may_stop
    from entropysym.networks import Outputs, certify
    from entropysym.pages import render
    from entropysym.prover import Derivation, Refusal
    from entropysym.sweeping import sweep
    from entropysym.verdict import Value, Verdict
    from entropysym.witness import measure


def __getattr__(name: str) -> Any:
    if name in _PUBLIC or name in _ROOMS:
        import_module(f"{__name__}.ground_types")
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    if name in _ROOMS:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
