"""The experiments of Damm et al. (2023): their data, synthetic and loaded."""
