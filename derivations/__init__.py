"""One script per theorem: statement, source, model, numeric claim, negative control. `python -m derivations` builds them all."""
