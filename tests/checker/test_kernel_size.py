"""The trusted part stays small, and it stands alone."""

import ast
import sys
from pathlib import Path

import entropysym.checker

CHECKER = Path(entropysym.checker.__file__).parent
KERNEL = CHECKER / "kernel"
LINES = (
    1_600 + 360
)  # the second part for functions, signs, borders, matrices that are variables and what nobody wrote down
WITH_BLANK_LINES = 2_330
COLUMNS = 100


def imports(path: Path) -> list[tuple[int, str]]:
    """(level, module) of every import of a file."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(0, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [alias.name for alias in node.names] if node.module is None else [node.module]
            found += [(node.level, name) for name in names]
    return found


def trusted() -> dict[str, Path]:
    """The modules that `reader.read` and `theorem.accept` run through, themselves included."""
    found, waiting = {}, ["reader", "theorem"]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = KERNEL / f"{name}.py"
            waiting += [module for level, module in imports(found[name]) if level == 1]
    return found


def test_the_trusted_part_is_small(capsys):
    texts = {name: path.read_text().splitlines() for name, path in sorted(trusted().items())}
    full = {name: sum(bool(line.strip()) for line in lines) for name, lines in texts.items()}
    with capsys.disabled():
        print(f"\nkernel lines: {sum(full.values())}, {full}")
    assert sum(full.values()) <= LINES
    assert sum(map(len, texts.values())) <= WITH_BLANK_LINES
    long = [line for lines in texts.values() for line in lines if len(line) > COLUMNS]
    assert not long


def test_all_modules_of_the_kernel_are_trusted():
    assert {path.stem for path in KERNEL.glob("*.py")} == {*trusted(), "__init__"}
    assert not (KERNEL / "__init__.py").read_text()


def test_the_kernel_imports_itself_and_the_standard_library():
    for path in trusted().values():
        for level, module in imports(path):
            assert level <= 1, path
            assert level == 1 or module.split(".")[0] in sys.stdlib_module_names, module
            assert module not in ("gate", "narration", "printing", "known")


def test_what_stands_beside_the_kernel_imports_no_more_than_the_standard_library():
    for path in CHECKER.glob("*.py"):
        for level, module in imports(path):
            assert level == 1 or module.split(".")[0] in sys.stdlib_module_names, (path, module)


def test_no_check_is_an_assertion():
    """`python -O` drops those."""
    for path in CHECKER.rglob("*.py"):
        assert not [
            node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Assert)
        ]
