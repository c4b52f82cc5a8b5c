"""Random densities of one's own, as prior and as decoder, against a least-squares oracle."""
