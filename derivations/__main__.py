"""`python -m derivations --out FOLDER` builds the document of all theorems."""

from .build import main

main()
