"""Pictures: a model as a graph with plates, collapsed latents, stationary points as levels, and a certificate on one page.

* `model_graph`: the graph of a model's factors as papers draw it, as SVG or TikZ; needs no plotting library.
* `collapse_figure`: the table of collapsed latents, `EntropyReport.table()`, as a figure.
* `landscape`: the stationary points of a linear VAE by their ELBO, each with its kind.
* `certificate_report`: what `certify` found, on one page.

Equal input gives equal bytes.
"""

from typing import TYPE_CHECKING

from entropysym.lazy import lazily

if TYPE_CHECKING:
    from entropysym.pictures.collapse import collapse_figure
    from entropysym.pictures.graphs import model_graph
    from entropysym.pictures.levels import Level, landscape, stationary_levels
    from entropysym.pictures.page_of_certificate import certificate_report

__getattr__, __dir__ = lazily(
    __name__,
    {
        "collapse": "collapse_figure",
        "graphs": "model_graph",
        "levels": "Level landscape stationary_levels",
        "page_of_certificate": "certificate_report",
    },
)
