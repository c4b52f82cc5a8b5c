r"""An encoder of any law: no density, no location, no closed entropy.

The entropy of an encoder cancels in $\mathcal F-\mathcal E$, so a theorem whose direction leaves the encoder alone asks nothing of its law. Any
family, product or not, discrete or not, is an instance, as long as its support lies within the prior's.
"""

import sympy as sp

from entropysym.language.records import Family

ANY = Family(name="Any", arguments=(), variable=sp.Symbol("x", real=True), log_density=None)
