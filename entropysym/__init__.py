"""entropysym: derive and check that a model's ELBO becomes a sum of entropies at stationary points."""
