"""The repository itself: who may import whom, what an import loads, doctests, README and packaging."""

import ast
import doctest
import importlib
import re
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest

import entropysym

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "entropysym"

#: Room -> rooms it may import. Prover, checker, and lowering with witness never meet; only claims sees all three.
LADDER = {
    "errors": set(),
    # What shows itself looks up how by name, so it imports nothing of `display`.
    "shown": set(),
    "verdict": {"shown"},
    "lazy": set(),
    "ground_types": set(),
    "version": set(),
    "interruption": set(),
    "files": {"errors", "interruption"},
    "checker": set(),
    "language": {"errors", "ground_types", "shown"},
    "families": {"language", "errors"},
    "models": {"families", "language", "errors", "lazy"},
    "data": {"errors", "lazy"},
    "prover": {"families", "language", "errors", "shown", "verdict"},
    "lowering": {"language", "errors", "lazy"},
    "witness": {"lowering", "families", "language", "errors", "lazy", "shown"},
    "ascent": {"lowering", "files", "errors", "lazy", "shown", "version"},
    "exact": {"witness", "lowering", "language", "errors"},
    "networks": {
        *("exact", "ascent", "witness", "lowering", "data"),
        *("models", "language", "errors", "lazy", "shown"),
    },
    # Other provers are told what the checker has accepted.
    "export": {"checker", "errors", "version"},
    "pages": {"export", "prover", "families", "language", "files", "errors", "verdict"},
    "losses": {"monitoring", "networks", "errors", "lazy"},
    "monitoring": {"networks", "pages", "files", "errors", "lazy", "shown"},
    "linear": {"networks", "witness", "lowering", "data", "language", "errors", "lazy"},
    "pictures": {
        *("linear", "networks", "monitoring", "data", "pages", "language"),
        *("files", "errors", "lazy"),
    },
    "claims": {
        *("linear", "networks", "ascent", "witness", "lowering", "data", "pages", "prover"),
        *("checker", "models", "families", "language", "files", "errors", "verdict", "lazy"),
        *("shown", "version"),
    },
    # A closed form is derived and replayed; an audit sees what is derived beside what is integrated.
    "divergences": {
        *("claims", "checker", "prover", "families", "language", "errors", "verdict", "lazy"),
    },
    "auditing": {"prover", "witness", "language", "errors", "lazy", "shown"},
    "balls": {"prover", "language", "errors", "verdict", "lazy"},
    "testing": {
        *("claims", "witness", "lowering", "pages", "prover", "models", "families", "language"),
        *("errors", "lazy", "shown"),
    },
    "sweeping": {
        "balls",
        *("claims", "prover", "models", "witness", "lowering", "ascent", "language"),
        *("files", "errors", "verdict", "lazy", "shown"),
    },
    "display": {"claims", "pages", "language", "errors", "lazy"},
    "glossary": {"errors", "lazy", "shown"},
    "experiments": {
        *("claims", "linear", "networks", "ascent", "witness", "lowering", "data"),
        *("monitoring", "pages", "models", "files", "errors", "verdict", "version"),
    },
    "cli": {
        *(
            "experiments",
            "sweeping",
            "auditing",
            "claims",
            "data",
            "pages",
            "models",
            "glossary",
            "export",
        ),
        *("files", "errors", "verdict", "version", "interruption", "cli_printing", "book"),
    },
    "cli_printing": {"files", "errors"},
    "book": {"errors"},
    "__main__": {"cli", "interruption"},
}


def _modules():
    return sorted(PACKAGE.rglob("*.py"))


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _imports(path: Path) -> set[str]:
    """Rooms that a module imports, wherever the import stands."""
    found = set()
    for node in ast.walk(_tree(path)):
        names = []
        if isinstance(node, ast.Import):
            names = [a.name for a in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module]
            if node.module == "entropysym":
                names = [f"entropysym.{a.name}" for a in node.names]
        found |= {n.split(".")[1] for n in names if n.startswith("entropysym.")}
    return found


@pytest.mark.parametrize("path", _modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_form_a_ladder(path):
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if room == "__init__":
        return  # the tour resolves names lazily
    assert room in LADDER, f"{room} is a new room: give it a place in the ladder"
    assert _imports(path) - {room} <= LADDER[room]


def test_the_ladder_has_no_cycle():
    def below(room, seen=()):
        assert room not in seen, f"cycle through {room}"
        for lower in LADDER[room]:
            below(lower, (*seen, room))

    for room in LADDER:
        below(room)


#: A function says one thing and fits on a page.
LINES, PARAMETERS = 50, 6

#: Longer functions, by name. The list only shrinks.
LONG = {
    "checker/kernel/evaluate.py evaluate",  # one case for each head, as in the next two
    "checker/printing.py infix",
    "language/store.py term",
    "pages/paper.py paper",  # one line for each field of the record
    "cli.py verify",
    "cli.py experiment",
}

#: Functions with more parameters: commands, and public calls whose further parameters are given by keyword. The list only shrinks.
MANY_PARAMETERS = {
    "checker/kernel/normal_form.py __init__",  # of an atom, made in one place
    "cli.py verify",
    "cli.py experiment",
    "cli.py derive",
    "cli.py judge",
    "pages/rendering.py render",
    "auditing/adapters.py of_function",  # what an author says of a log-density, by keyword
    "ascent/settling.py settle",
    "claims/verification.py verify",
    "language/writing.py model",
    "language/records.py one_latent_model",  # the fields of the record that it makes
    "monitoring/monitor.py log",
    "monitoring/reports.py entropies",
    "networks/certificate.py certify",
    "networks/noise.py estimator_noise",
    "sweeping/sweeps.py sweep",
    "sweeping/trainings.py settle_seeds",
}


def _functions():
    """Every function of the package, with the path and name that the lists above have."""
    for path in _modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield f"{path.relative_to(PACKAGE).as_posix()} {node.name}", node


@pytest.mark.slow
def test_functions_fit_on_a_page():
    long = {name for name, node in _functions() if node.end_lineno - node.lineno >= LINES}
    assert long == LONG


def _parameters(node):
    a = node.args
    named = [p.arg for p in (*a.posonlyargs, *a.args, *a.kwonlyargs)]
    return len(named) + bool(a.vararg) + bool(a.kwarg) - (named[:1] in (["self"], ["cls"]))


@pytest.mark.slow
def test_functions_take_few_parameters():
    many = {name for name, node in _functions() if _parameters(node) > PARAMETERS}
    assert many == MANY_PARAMETERS


def test_the_measures_reject():
    node = ast.parse("def f(self, a, b, c, *d, e, f, **g):\n" + "    x = 1\n" * 50).body[0]
    assert _parameters(node) == 7
    assert node.end_lineno - node.lineno >= LINES


def _loaded_by(statement: str) -> set[str]:
    program = f"{statement}\nimport sys; print(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(run.stdout.split())


HEAVY = {
    "torch",
    "optax",
    "jax",
    "jaxlib",
    "hypothesis",
    "matplotlib",
    "sklearn",
    "scipy",
    "equinox",
    "numpy",
}


HELP = """
import io, sys
sys.argv[1:] = "{arguments}".split()
answers, sys.stdout = sys.stdout, io.StringIO()
from entropysym.cli import main
assert main() == 0
assert "Usage: " in sys.stdout.getvalue()
sys.stdout = answers
"""


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import entropysym", HEAVY | {"sympy", "typer", "rich"}),
        ("import entropysym.checker", HEAVY | {"sympy", "typer", "rich", "mpmath"}),
        *(
            (HELP.format(arguments=a), HEAVY | {"sympy"})
            for a in ("-h", "experiment -h", "verify -h")
        ),
        ("from entropysym.cli import _model_names as f; assert f('vae')", HEAVY | {"sympy"}),
        # What is loaded before the program listens to Ctrl-C; `typing` alone would double it.
        ("import entropysym.__main__", HEAVY | {"sympy", "typer", "rich", "typing", "pathlib"}),
        ("import entropysym as es; es.derive(es.models.vae2())", HEAVY),
        # A monitor runs inside the loops of others: it loads no framework.
        ("import entropysym as es; es.Monitor(); es.entropies", HEAVY - {"numpy"} | {"sympy"}),
    ],
)
def test_imports_are_lazy(statement, absent):
    assert _loaded_by(statement) & absent == set()


def test_the_checker_loads_the_standard_library_only():
    loaded = _loaded_by("import entropysym.checker")
    foreign = {m for m in loaded if m not in sys.stdlib_module_names and not m.startswith("_")}
    baseline = {m for m in _loaded_by("pass") if m not in sys.stdlib_module_names}
    assert foreign - baseline <= {"entropysym"}


def test_the_public_names_resolve():
    for name in entropysym.__all__:
        assert getattr(entropysym, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = entropysym.nothing


@pytest.mark.parametrize("room", [room for room in LADDER if (PACKAGE / room).is_dir()])
def test_no_lazy_name_is_also_a_module(room):
    """Importing such a module would put the module where the function belongs."""
    module = importlib.import_module(f"entropysym.{room}")
    names = vars(module).get("__dir__", list)()
    assert not {path.stem for path in (PACKAGE / room).glob("*.py")} & set(names)
    for name in names:
        assert getattr(module, name) is not None


@pytest.mark.parametrize("path", _modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_doctests_run(path):
    if path.name == "__main__.py":
        return
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0


#: Import -> the distribution that has it, where the two differ.
DISTRIBUTIONS = {"flint": "python-flint", "markdown_it": "markdown-it-py", "PIL": "pillow"}


def _distribution(requirement: str) -> str:
    return re.split(r"[\[<>=!~ ]", requirement, maxsplit=1)[0].lower()


def _distributions(tree: ast.Module) -> set[str]:
    """Distributions beyond the standard library that a module imports, wherever the import stands."""
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            imported.add(str(node.module).split(".")[0])
    foreign = imported - sys.stdlib_module_names - {"entropysym"}
    return {DISTRIBUTIONS.get(name, name.replace("_", "-")) for name in foreign}


def test_what_is_imported_is_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = [r for group in project["dependency-groups"].values() for r in group]
    extras = [r for extra in project["project"]["optional-dependencies"].values() for r in extra]
    needed = {_distribution(r) for r in project["project"]["dependencies"]}
    declared = needed | {_distribution(r) for r in (*extras, *groups) if isinstance(r, str)}
    found = set().union(*(_distributions(_tree(path)) for path in _modules()))
    assert found - declared <= {"ipython"}  # only asked for where it is loaded already
    assert needed <= found
    assert "scikit-learn" not in needed
    assert "sklearn" not in found
    assert "matplotlib" not in needed
    assert _distributions(ast.parse("import json, PIL.Image\nfrom flint import arb")) == {
        *("pillow", "python-flint"),
    }


def test_every_hook_is_a_task_as_well():
    config = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    tasks = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    repositories = set(re.findall(r"repo: (\S+)", config))
    assert len(repositories) > 5
    table = tasks.partition("DISTRIBUTIONS = {")[2].partition("}")[0]
    patterns = tasks.partition("PATTERNS = {")[2].partition("}")[0]
    assert repositories - set(re.findall(r'"(https://[^"]+)"', table)) == {
        "https://github.com/pre-commit/pygrep-hooks"
    }
    assert all(f'"{hook}"' in patterns for hook in re.findall(r"id: (python-\S+)", config))


def test_continuous_integration_runs_what_is_configured():
    hosted = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    for task in ("hooks checks", "tests", "wheel", "site"):
        assert f"nox -s {task}\n" in hosted
    assert "-m slow tests/playground" in hosted
    assert "benchmarks/machine_checked.py" in hosted


def test_a_lock_file_holds_no_addresses():
    lock = (ROOT / "docs/playground/package-lock.json").read_text(encoding="utf-8")
    assert '"integrity"' in lock
    assert "://" not in lock


def test_versions_agree():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert project["version"] == entropysym.__version__
    assert f"\nversion: {entropysym.__version__}\n" in citation
    assert f"## {entropysym.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


#: The pages whose code is run; what README shows stands on them.
PAGES = sorted((ROOT / "docs").glob("*.md"))

#: Each snippet in a namespace of its own, in the order of the pages; what is imported is imported once.
SNIPPETS = """
import pathlib, re, sys
for page in sys.argv[1:]:
    for block in re.findall(r"```python\\n(.*?)```", pathlib.Path(page).read_text(encoding="utf-8"), flags=re.S):
        print(block, file=sys.stderr)
        exec(compile(block, page, "exec"), {"__name__": "__main__"})
        print("it ran")
"""


def _blocks(page):
    return re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.S)


def test_what_the_readme_shows_stands_on_a_page():
    """Word for word, so that the two cannot drift apart, and running the pages runs it."""
    shown, there = _blocks(ROOT / "README.md"), {b for page in PAGES for b in _blocks(page)}
    assert len(shown) > 3
    assert set(shown) <= there


@pytest.mark.slow
def test_snippets_run(tmp_path):
    blocks = sum(page.read_text(encoding="utf-8").count("```python\n") for page in PAGES)
    run = subprocess.run(
        [sys.executable, "-c", SNIPPETS, *PAGES],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert run.returncode == 0, run.stderr
    ran = run.stdout.count("it ran")
    assert ran == blocks > 0
    shown, there = _blocks(ROOT / "README.md"), {b for page in PAGES for b in _blocks(page)}
    runs, of = ran + sum(b in there for b in shown), blocks + len(shown)
    print(f"{runs} of {of} Python blocks of README and docs run, {runs / of:.0%}; {_share()}")
    assert runs >= 0.95 * of


#: Blocks of commands: indented, on the pages that people start from.
COMMANDS = re.compile(r"(?:\A|\n\n)((?: {4}(?:entropysym|python3?) .*\n)+)")


def _commands() -> list[str]:
    """Every line of a block of commands that calls the package, without what is installed before it."""
    blocks = (b for page in (ROOT / "README.md", *PAGES) for b in COMMANDS.findall(page.read_text(encoding="utf-8")))  # fmt: skip
    lines = (line.partition("#")[0] for block in blocks for line in block.splitlines())
    calls = (re.search(r"\bentropysym (.+)", line.rpartition("&&")[2]) for line in lines)
    return [found[1].strip() for found in calls if found]


def _share() -> str:
    """How many of them are commands that some test gives to the command line."""
    told = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "tests").rglob("test_*.py"))
    commands = _commands()
    given = [c for c in commands if f'"{c.split()[0]}"' in told]
    return f"{len(given)} of {len(commands)} commands are given in a test"


def test_commands_of_the_pages_are_understood():
    """Names, options and their values, without running what takes long."""
    from typer.main import get_command

    from entropysym.cli import app

    commands = _commands()
    assert len(commands) > 3
    for line in commands:
        name, *given = line.split()
        get_command(app).commands[name].make_context(name, given)


def test_the_readme_knows_how_much_is_trusted():
    """To the nearest hundred, within a tenth."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    stated = re.search(r"entropysym/checker/kernel`, about ([\d,]+) lines", readme)
    assert stated
    files = (PACKAGE / "checker/kernel").glob("*.py")
    counted = sum(len(p.read_text(encoding="utf-8").splitlines()) for p in files)
    assert int(stated[1].replace(",", "")) == pytest.approx(counted, rel=0.1)


@pytest.mark.skipif(not shutil.which("awk"), reason="no awk here")
@pytest.mark.parametrize(("mark", "names"), [("test", ["pytest"]), ("check", ["ruff", "pyright"])])
def test_ci_runs_the_readme_commands(mark, names):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    written = re.search(rf"<!-- {mark} -->\n\n    (.+)", readme)
    assert written
    assert all(f"/bin/{name} " in written[1] for name in names)
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    assert f"readme {mark})" in script
    function = re.search(r"^readme\(\) \{.*?^\}", script, flags=re.S | re.M)
    assert function
    run = subprocess.run(
        ["bash", "-c", f"{function[0]}\nreadme {mark}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == written[1].strip()
