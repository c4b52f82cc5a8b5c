"""The paper's experiments: what each is (`records`, `kinds`), how it runs (`running` and `measuring`, `manifolds`, `selection` and `streaming`), and what
it says (`verdicts`, `figures`, `reporting`).

`commands.execute` runs one by name; `entropysym experiment NAME` is its command line.
"""
