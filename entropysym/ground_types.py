"""Loaded before SymPy: it computes with its own integers, unless it is there already or somebody chose others.

It would take those of python-flint or gmpy2 as soon as they are installed, and what is derived would not be what was tested. Whoever merely has the package
installed, as a test run that sees its plugin, keeps what he had: this is loaded when a name of the package is used.
"""

import os
import sys

if "sympy" not in sys.modules:
    os.environ.setdefault("SYMPY_GROUND_TYPES", "python")
