"""The experiments by name, as words: the command line lists and completes them without loading what runs them."""

#: Name -> what it does.
EXPERIMENTS: dict[str, str] = {
    "pca": "PCA: the linear VAE and probabilistic PCA",
    "mnist": "MNIST: VAE-1 on images of digits",
    "ring": "PCA-ring: VAE-3 with a variance network",
    "stationary": "Small non-linear networks on digits, brought to a stationary point",
    "streaming": "Streaming model selection: how many latents, in every batch anew",
    "manifolds": "VAE-1, VAE-2 and VAE-3 on curves and surfaces: collapsed latents, noise of ELBO and entropy sum",
    "celeba": "CelebA: VAE-1 on images of faces",
    "susy": "SUSY: VAE-1 on collisions of particles",
}

#: Experiments without data of their own: they need --data.
NEED_DATA = ("celeba", "susy")
