#!/usr/bin/env -S python
# /// script
# dependencies = ["nox>=2025.5", "pyyaml>=6"]
# ///
"""Tasks: `nox` runs what continuous integration runs, `nox -l` lists the sessions. Each makes an environment of its own."""

import os
import re
import shutil
from pathlib import Path

import nox
import yaml

nox.needs_version = ">=2025.5"
nox.options.default_venv_backend = "uv|virtualenv"

ROOT = Path(__file__).parent

#: Repository of hooks -> the distribution with its program; its version is the revision's.
DISTRIBUTIONS = {
    "https://github.com/pre-commit/pre-commit-hooks": "pre-commit-hooks",
    "https://github.com/astral-sh/ruff-pre-commit": "ruff",
    "https://github.com/astral-sh/ty-pre-commit": "ty",
    "https://github.com/codespell-project/codespell": "codespell",
    "https://github.com/rvben/rumdl-pre-commit": "rumdl",
    "https://github.com/zizmorcore/zizmor-pre-commit": "zizmor",
    "https://github.com/scientific-python/cookie": "sp-repo-review[cli]",
}
#: Hook -> its command, where that is not its name, and the files it takes; of the others it takes those that are text.
COMMANDS = {
    "ruff-check": ("ruff check --force-exclude", r"\.pyi?$"),
    "ruff-format": ("ruff format --check --force-exclude", r"\.(pyi?|md)$"),
    "trailing-whitespace": ("trailing-whitespace-fixer", ""),
    "check-json": ("check-json", r"\.json$"),
    "check-toml": ("check-toml", r"\.toml$"),
    "check-yaml": ("check-yaml", r"\.ya?ml$"),
    "ty": ("ty check", r"\.py$"),
    "rumdl": ("rumdl check", r"\.md$"),
    "zizmor": ("zizmor --offline --no-progress", r"^\.github/workflows/|dependabot"),
}
#: Hooks that take no files.
WHOLE = {"sp-repo-review": "sp-repo-review ."}
#: Hooks that are a regular expression no line may match.
PATTERNS = {"python-check-blanket-noqa": (r"(?i)# [n]oqa(?!: )", r"\.py$")}


@nox.session(default=True)
def hooks(session: nox.Session) -> None:
    """The hooks of .pre-commit-config.yaml on every file, from the package index alone."""
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    listed = str(session.run("git", "ls-files", external=True, silent=True)).splitlines()
    kept = [f for f in listed if not re.search(config["exclude"], f) and Path(f).is_file()]
    repos = config["repos"]
    session.install(
        *(
            f"{DISTRIBUTIONS[r['repo']]}=={r['rev'].lstrip('v')}"
            for r in repos
            if r["repo"] in DISTRIBUTIONS
        )
    )
    for hook in (hook for repo in repos for hook in repo["hooks"]):
        name = hook["id"]
        if name in WHOLE:
            session.run(*WHOLE[name].split())
            continue
        command, wanted = PATTERNS.get(name) or COMMANDS.get(name, (name, ""))
        files = [f for f in kept if re.search(wanted, f) and re.search(hook.get("files", ""), f)]
        files = files if wanted else [f for f in files if _is_text(f)]
        if name in PATTERNS:
            _demand_no_match(session, command, files)
        elif files:
            session.log(f"{command}: {len(files)} files")
            session.run(*command.split(), *hook.get("args", ()), *files, log=False)


def _is_text(file: str) -> bool:
    return b"\0" not in Path(file).read_bytes()


def _demand_no_match(session: nox.Session, pattern: str, files: list[str]) -> None:
    for file in files:
        for number, line in enumerate(Path(file).read_text(encoding="utf-8").splitlines(), 1):
            if re.search(pattern, line):
                session.error(f"{file}:{number}: {line.strip()}")


def _readme(mark: str) -> str:
    """A command of the README without the environment that it makes: each has one place."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"<!-- {mark} -->\n\n    (.+)", text)
    if not found:
        raise SystemExit(f"README.md has no command marked {mark}")
    return found[1]


def _installed(session: nox.Session) -> None:
    session.install("pip>=25.1")
    session.run("python", "-m", "pip", "install", "-q", "-e", ".", "--group", "test")


@nox.session(default=True)
def checks(session: nox.Session) -> None:
    """Style and types, by the README's command."""
    _installed(session)
    session.run(
        "bash", "-c", _readme("check").replace(".venv/bin/", f"{session.bin}/"), external=True
    )


@nox.session(default=True)
def tests(session: nox.Session) -> None:
    """The tests that run by default; arguments go to pytest: `nox -s tests -- -m slow`."""
    _installed(session)
    session.run("pytest", "-n", "2", *session.posargs)


@nox.session(default=True)
def wheel(session: nox.Session) -> None:
    """The wheel and the source archive, built; the wheel with the extra of README's first line runs the main job, outside of the checkout."""
    session.install("build")
    place = Path(session.create_tmp()).resolve()
    shutil.rmtree(place / "dist", ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(place / "dist"))
    (built,) = (place / "dist").glob("*.whl")
    session.install(f"{built}[figures]")
    session.chdir(place)
    session.run("entropysym", "verify", *session.posargs)


@nox.session
def playground(session: nox.Session) -> None:
    """The playground, built into site/playground."""
    session.install("-e", ".")
    session.run("python", "docs/playground/build.py", "site/playground")


@nox.session
def site(session: nox.Session) -> None:
    """The site, with gallery, reference, executed notebooks and playground, built into site; a warning is an error."""
    session.install("pip>=25.1")
    session.run("python", "-m", "pip", "install", "-q", "-e", ".", "--group", "docs")
    session.run("mkdocs", "build", "--strict", *session.posargs)


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Measures and appends to benchmarks/history.json what this machine needs for the usual jobs."""
    session.install("-e", ".", env={"PIP_QUIET": os.environ.get("PIP_QUIET", "1")})
    session.run("python", "benchmarks/history.py", *session.posargs)


if __name__ == "__main__":
    nox.main()
