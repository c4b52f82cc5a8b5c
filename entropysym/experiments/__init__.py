"""The paper's experiments: what each is (`records`), its data (`synthetic`, `loading`), how it runs (`running`, `streaming`, `manifolds`) and reports.

`commands.execute` runs one by name; `entropysym experiment NAME` is its command line.
"""
