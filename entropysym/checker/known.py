"""Statement hashes of the models that ship with the package: model name -> SHA-256.

A document may call its model anything. If it uses the name of a shipped model, its statement must
be the shipped one, so that a reader who knows 'vae2' is not shown something else under that name.
"""

KNOWN: dict[str, str] = {}
