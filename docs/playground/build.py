"""Builds the playground, a folder of static files: `python docs/playground/build.py FOLDER`.

It needs Node with npm, and an environment in which the package is installed: its pure Python and that of what deriving imports go into one archive.
"""

from __future__ import annotations

import argparse
import ast
import json
import shutil
import subprocess
import tempfile
import zipfile
from importlib.metadata import files
from pathlib import Path

import entropysym

HERE = Path(__file__).parent
PACKAGE = Path(entropysym.__file__).parent
#: The distributions that deriving, replaying and printing import, with what these import.
DISTRIBUTIONS = (
    *("sympy", "mpmath", "jinja2", "markupsafe"),
    *("latex2mathml", "markdown-it-py", "mdurl"),
)
STATIC = ("index.html", "style.css", "worker.js")
PYODIDE = (
    *("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm"),
    *("python_stdlib.zip", "pyodide-lock.json"),
)
#: Folder of examples -> what they are called on the page.
GALLERY = {"proved": "Proved", "refused": "Refused"}


def build(out: Path) -> None:
    """Write the page and all it needs to the folder `out`, which is emptied first if an earlier build made it."""
    _demand_own(out)
    if not (HERE / "node_modules/.package-lock.json").is_file():
        _run("npm", "ci", "--no-progress")
    shutil.rmtree(out, ignore_errors=True)
    (out / "pyodide").mkdir(parents=True)
    for name in STATIC:
        shutil.copy(HERE / name, out / name)
    for name in PYODIDE:
        shutil.copy(HERE / "node_modules/pyodide" / name, out / "pyodide" / name)
    esbuild = HERE / "node_modules/esbuild/bin/esbuild"
    bundle = ("--bundle", "--minify", "--format=esm", "--target=es2022", "--legal-comments=linked")
    _run("node", str(esbuild), "page.js", *bundle, f"--outfile={(out / 'page.js').resolve()}")
    (out / "licences.txt").write_text(licences(), encoding="utf-8")
    examples = json.dumps(gallery(), ensure_ascii=False, indent=1)
    (out / "examples.json").write_text(examples, encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        sources = Path(folder) / "sources.zip"
        _pack(sources)
        _run("node", "compile.mjs", str(sources), str((out / "packages.zip").resolve()))


def gallery() -> dict[str, list[dict[str, str]]]:
    """The examples by what is said of them, each with the first line of its docstring as title; VAE first, as it is what the page begins with."""
    return {
        label: [
            _example(path) for path in sorted((HERE / "examples" / folder).glob("*.py"), key=_order)
        ]
        for folder, label in GALLERY.items()
    }


def licences() -> str:
    """What comes from npm into the page, each with its licence; those of the Python packages lie in the archive beside them."""
    lock = json.loads((HERE / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    said = []
    for name, package in lock.items():
        if name and not package.get("dev"):
            said.append(
                f"{Path(name).relative_to('node_modules').as_posix()} {package['version']}: {package['license']}"
            )
            said += [p.read_text(encoding="utf-8") for p in sorted((HERE / name).glob("LICENSE*"))]
    return "\n\n".join(said)


def _order(path: Path) -> tuple[bool, str]:
    return path.stem != "vae", path.stem


def _example(path: Path) -> dict[str, str]:
    text = path.read_text(encoding="utf-8")
    said = ast.get_docstring(ast.parse(text))
    if not said:
        raise SystemExit(f"{path} has no docstring, whose first line is its title in the gallery")
    return {"name": path.stem, "title": said.splitlines()[0], "text": text}


def _demand_own(out: Path) -> None:
    """Raises `SystemExit` for a folder that holds something else."""
    if out.exists() and any(out.iterdir()) and not (out / "packages.zip").is_file():
        raise SystemExit(f"{out} is not empty, and no earlier build; name another folder")


def _pack(archive: Path) -> None:
    """The sources that the worker imports, with the licences of the distributions that they come from."""
    with zipfile.ZipFile(archive, "w") as packed:
        packed.write(HERE / "answering.py", "answering.py")
        version = entropysym.__version__
        named = f"Metadata-Version: 2.4\nName: entropysym\nVersion: {version}\n"
        packed.writestr(f"entropysym-{version}.dist-info/METADATA", named)
        for path in sorted(PACKAGE.rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                packed.write(path, path.relative_to(PACKAGE.parent))
        for distribution in DISTRIBUTIONS:
            for file in files(distribution) or ():
                if _is_wanted(file.parts, file.suffix):
                    packed.write(file.locate(), str(file))


def _is_wanted(parts: tuple[str, ...], suffix: str) -> bool:
    """Neither compiled for this machine, nor outside of the packages, nor a library's own tests."""
    return suffix not in (".so", ".pyd", ".pyc") and parts[0] != ".." and "tests" not in parts


def _run(*command: str) -> None:
    subprocess.run(command, cwd=HERE, check=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description="Build the playground as a folder of static files."
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    build(parser.parse_args().folder)
