"""`python -m derivations --out FOLDER` builds the document of all theorems."""

from derivations.build import main

main()
