"""A small model whose names are what Coq, the prelude or a printed file use for something else."""

from entropysym import Model, ModelWriter, families


def sparse(name="sparse", W="W", scale="scale", sigma2="sigma2", nu="nu", tau2="tau2", latent="h H") -> Model:  # fmt: skip
    """Sparse coding with these names."""
    w = ModelWriter(observed="d D", latent=latent)
    h = latent.split()[0]
    encoder = families.NORMAL(
        w.network(nu, h, reads=w.x_n), w.network(tau2, h, reads=w.x_n, range="positive")
    )
    loading, scales = w.learned(W, f"d {h}"), w.learned(scale, h, range="positive")
    return w.model(
        name,
        prior=families.LAPLACE(0, scales),
        decoder=families.NORMAL(w.sum(h, loading * w.z_h), w.learned(sigma2, range="positive")),
        encoder=encoder,
    )


#: Names that Coq, its libraries, the prelude or a printed file use; each of these files is accepted.
ACCEPTED = {
    "parameters": {"W": "q", "scale": "locally", "sigma2": "unit", "nu": "draw", "tau2": "some"},
    "commands": {"W": "Record", "scale": "by", "sigma2": "Section", "nu": "Lemma", "tau2": "Proof"},
    "lemmas": {"W": "hm_self", "scale": "curve_line", "sigma2": "Parameters", "nu": "near", "tau2": "v0"},
    "sizes": {"latent": "q Q"},
    "numbered": {"W": "finite_1", "scale": "finite_2", "sigma2": "finite_elbo", "nu": "still_0", "tau2": "d_1"},
}  # fmt: skip
#: Names that such a file gives to something else.
REFUSED = ("H_prior", "log_prior", "Normal_T", "size_H", "range_sigma2")
