"""Every check of a package, deleted or weakened in one place at a time.

A *check* is a call of `check` or `require`, a `raise`, or a condition on which one of them, a rewriting or a
condition of the theorem depends. A condition has a *sign*: +1 where more is let through if it holds more
often, -1 where more is let through if it holds less often, 0 where that is not seen from here. A condition
is changed in the direction that lets more through; one of sign 0 loses its parts or always holds.
"""

import ast
import importlib.abc
import importlib.util
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import entropysym.checker

FOLDER = Path(entropysym.checker.__file__).parent
UNTRUSTED = ("__main__", "known", "printing", "narration")
CHECKS = ("check", "require")
WEIGHED = ("theorem", "refusal")  # modules whose numbers are weights of the theorem
NO_CHECKS = ("charge", "shown", "show")  # work and messages
GIVEN = ("one_of", "bound", "indices")  # return what they are given, if it is allowed
# Any choice among equal forms is correct: these decide how soon two of them are seen to be equal.
ORDERS = ("measures._canonical", "measures._orders", "measures._swappable", "matrices._order")
ORDERS += ("normal_form.text", "normal_form.product_text", "normal_form._leading")
ORDERS += ("normal_form._cleared",)
FLAGS = ("frozen", "strict", "ensure_ascii", "sort_keys")  # no checks of ours
LOOSER = {ast.Gt: ast.GtE, ast.Lt: ast.LtE}
OTHERWISE = {ast.GtE: ast.Gt, ast.LtE: ast.Lt}
TESTED = ("isinstance", "all", "any", "fullmatch", "isdisjoint", "equal", "surely_positive")
TESTED += ("surely_posdef", "is_positive", "isascii", "isprintable", "issubset", "startswith")


@dataclass(frozen=True)
class Place:
    """A node, by the field of its owner."""

    owner: ast.AST
    field: str
    index: int | None = None

    @property
    def node(self) -> ast.AST:
        found = getattr(self.owner, self.field)
        return found if self.index is None else found[self.index]

    def put(self, new: ast.AST) -> None:
        if self.index is None:
            setattr(self.owner, self.field, new)
        else:
            getattr(self.owner, self.field)[self.index] = new


@dataclass(frozen=True)
class Mutant:
    """One change of one file; `key` says where and what, and does not change with line numbers."""

    key: str
    file: str
    line: int
    function: str
    place: Place
    new: ast.AST


def one_line(node: ast.AST, limit: int = 110) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= limit else text[: limit - 3] + "..."


def mutants(trees: dict[str, ast.Module]) -> list[Mutant]:
    """All mutants of these modules (by file name), each text of a change only once per place."""
    found: list[Mutant] = []
    seen: Counter[str] = Counter()
    for file, tree in trees.items():
        changed: set[tuple[int, str]] = set()
        for function, place, new in _Walk(Path(file).stem).module(tree):
            was, now = one_line(place.node), one_line(new)
            if was == now or (id(place.node), now) in changed:
                continue
            changed.add((id(place.node), now))
            key = f"{file} {function}: {was} -> {now}"
            seen[key] += 1
            key += f" ({seen[key]})" if seen[key] > 1 else ""
            line = getattr(place.node, "lineno", 0)
            found.append(Mutant(key, file, line, function, place, new))
    return found


Change = tuple[str, Place, ast.AST]
TRUE, FALSE, PASS = ast.Constant(True), ast.Constant(False), ast.Pass()


def called(node: ast.AST) -> str:
    """The last name of what a call calls."""
    if not isinstance(node, ast.Call):
        return ""
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _raises(body: list[ast.stmt]) -> bool:
    last = body[-1]
    return isinstance(last, ast.Raise) or (
        isinstance(last, ast.Expr)
        and called(last.value) in CHECKS
        and isinstance(last.value.args[0], ast.Constant)
    )


def _boolean(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.BoolOp | ast.Compare)
        or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not))
        or called(node) in TESTED
        or (called(node) == "bool")
    )


def _words(node: ast.AST) -> bool:
    """Whether this is a text with a default, for a message."""
    kinds = (ast.JoinedStr, ast.Constant)
    return isinstance(node, ast.BoolOp) and any(
        isinstance(part, kinds) and isinstance(getattr(part, "value", ""), str)
        for part in node.values
    )


class _Walk:
    def __init__(self, module: str):
        self.module_name = module
        self.functions: list[str] = []
        self.required: list[dict[str, int]] = [{}]

    def module(self, tree: ast.Module) -> Iterator[Change]:
        for place, new in self.children(tree):
            yield place[0], place[1], new

    # Everything below yields ((function, place), new).

    def children(self, node: ast.AST) -> Iterator[tuple[tuple[str, Place], ast.AST]]:
        for field, value in ast.iter_fields(node):
            if isinstance(value, ast.AST):
                yield from self.visit(Place(node, field))
            elif isinstance(value, list):
                for k, entry in enumerate(value):
                    if isinstance(entry, ast.AST):
                        yield from self.visit(Place(node, field, k))

    def at(self, place: Place, new: ast.AST) -> tuple[tuple[str, Place], ast.AST]:
        return (".".join(self.functions) or "(module)", place), new

    def visit(self, place: Place) -> Iterator[tuple[tuple[str, Place], ast.AST]]:
        node = place.node
        match node:
            case ast.FunctionDef(name=name) if f"{self.module_name}.{name}" in ORDERS:
                return
            case ast.FunctionDef() | ast.ClassDef():
                self.functions.append(node.name)
                self.required.append(_conditions_named(node))
                yield from self.children(node)
                self.functions.pop()
                self.required.pop()
                return
            case ast.Expr(value=ast.Constant()):
                return  # a docstring
            case ast.Expr(value=ast.Call()) if called(node.value) in CHECKS:
                yield self.at(place, PASS)
                if node.value.args and not isinstance(node.value.args[0], ast.Constant):
                    yield from self.condition(Place(node.value, "args", 0), 1, top=True)
                return
            case ast.Expr(value=ast.Call()) if called(node.value).startswith(("_check", "_is_")):
                yield self.at(place, PASS)
            case ast.Expr(value=ast.Yield() | ast.YieldFrom()):
                yield self.at(place, PASS)
            case ast.ExceptHandler():
                for k in range(len(node.body)):
                    yield from self.visit(Place(node, "body", k))
                return
            case ast.Raise():
                if node.exc is not None and called(node.exc) in ("Refused", "Malformed"):
                    yield self.at(place, PASS)
                return
            case ast.Call() if called(node) in NO_CHECKS:
                return
            case ast.Call(func=ast.Attribute(attr="get"), args=[_, ast.expr()]):
                return  # what is looked up, or a default
            case ast.If() | ast.IfExp() | ast.While():
                sign = -1 if isinstance(node, ast.If) and _raises(node.body) else 0
                yield from self.condition(Place(node, "test"), sign, top=sign < 0)
            case ast.match_case(guard=ast.expr()):
                yield from self.condition(Place(node, "guard"), 0)
            case ast.comprehension():
                for k in range(len(node.ifs)):
                    yield from self.condition(Place(node, "ifs", k), 0)
            case ast.Assign(targets=[ast.Name(id=name)]) if _boolean(node.value) and not _words(
                node.value
            ):
                sign = 1 if name == "positive" else self.required[-1].get(name, 0)
                yield from self.condition(Place(node, "value"), sign)
            case ast.Return(value=ast.expr()) if _boolean(node.value):
                yield from self.condition(Place(node, "value"), 1)
            case ast.keyword(arg="positive"):
                yield self.at(Place(node, "value"), TRUE)
            case ast.keyword(value=value) if _boolean(value):
                yield from self.condition(Place(node, "value"), 0)
            case ast.keyword(arg=name, value=ast.Constant(value=bool(value))) if name not in FLAGS:
                yield self.at(Place(node, "value"), ast.Constant(not value))
        yield from self.expression(place, node)
        yield from self.children(node)

    def condition(
        self, place: Place, sign: int, top: bool = False
    ) -> Iterator[tuple[tuple[str, Place], ast.AST]]:
        """The changes of a condition; `top`: that of the whole is another mutant already."""
        node = place.node
        whole = [] if top else [FALSE] if sign < 0 else [TRUE]
        match node:
            case ast.BoolOp(op=op, values=values):
                if sign == 0 or isinstance(op, ast.And) == (sign > 0):
                    for k in range(len(values)):
                        rest = values[:k] + values[k + 1 :]
                        new = rest[0] if len(rest) == 1 else ast.BoolOp(op, rest)
                        yield self.at(place, new)
                for k in range(len(values)):
                    yield from self.condition(Place(node, "values", k), sign, top=True)
            case ast.UnaryOp(op=ast.Not()):
                yield self.at(place, node.operand)
                yield from self.condition(Place(node, "operand"), -sign, top=True)
            case ast.Compare():
                for new in whole:
                    yield self.at(place, new)
                yield from (self.at(place, new) for new in _comparisons(node, sign))
            case _ if sign or called(node) in TESTED:
                for new in whole:
                    yield self.at(place, new)

    def expression(
        self, place: Place, node: ast.AST
    ) -> Iterator[tuple[tuple[str, Place], ast.AST]]:
        weighed = self.module_name in WEIGHED
        match node:
            case ast.Call(args=[given, *_]) if called(node) in GIVEN:
                if called(node) == "one_of" or isinstance(node.func, ast.Attribute):
                    yield self.at(place, given)
            case ast.BinOp(op=ast.Sub(), left=left, right=ast.Set()):
                yield self.at(place, left)
            case ast.BinOp(op=ast.BitXor(), left=left, right=right):
                yield self.at(place, ast.BinOp(left, ast.Sub(), right))
                yield self.at(place, ast.BinOp(right, ast.Sub(), left))
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int())):
                yield self.at(place, node.operand)
            case ast.List(elts=[ast.Constant(value=str(head)), *rest], ctx=ast.Load()) if weighed:
                for k, part in enumerate(rest, 1):
                    # ["add", 0, …] only makes sure that there are two addends.
                    if not (head == "add" and isinstance(part, ast.Constant) and part.value == 0):
                        yield from self.weight(Place(node, "elts", k), part)
                if len(rest) > 2:
                    for k in range(1, len(rest) + 1):
                        yield self.at(place, _without(node, k))
            case ast.List(elts=parts, ctx=ast.Load()) if weighed and len(parts) > 1:
                for k in range(len(parts)):
                    yield self.at(place, _without(node, k))
            case ast.Call(args=[*parts]) if called(node) in ("constant", "Fraction"):
                for k, part in enumerate(parts):
                    yield from self.weight(Place(node, "args", k), part)

    def weight(self, place: Place, part: ast.AST) -> Iterator[tuple[tuple[str, Place], ast.AST]]:
        match part:
            case ast.Constant(value=bool()):
                return
            case ast.Constant(value=int(number)):
                yield self.at(place, ast.Constant(number + 1))


def _without(node: ast.Tuple | ast.List, k: int) -> ast.AST:
    return type(node)(node.elts[:k] + node.elts[k + 1 :], ast.Load())


def _comparisons(node: ast.Compare, sign: int) -> Iterator[ast.AST]:
    """One link of a chain dropped, or one strict comparison made weak (or the other way round)."""
    links = list(zip([node.left, *node.comparators], node.ops, node.comparators, strict=False))
    if len(links) > 1 and sign >= 0:
        for k in range(len(links)):
            kept = [ast.Compare(a, [op], [b]) for i, (a, op, b) in enumerate(links) if i != k]
            yield kept[0] if len(kept) == 1 else ast.BoolOp(ast.And(), kept)
    for k, op in enumerate(node.ops):
        changes = (LOOSER if sign >= 0 else {}) | (OTHERWISE if sign <= 0 else {})
        if type(op) in changes and sign:
            ops = [*node.ops[:k], changes[type(op)](), *node.ops[k + 1 :]]
            yield ast.Compare(node.left, ops, node.comparators)


def _conditions_named(function: ast.AST) -> dict[str, int]:
    """The sign of each local name that a check asks for."""
    found: dict[str, int] = {}
    for node in ast.walk(function):
        if called(node) in CHECKS and isinstance(node, ast.Call) and node.args:
            asked, sign = node.args[0], 1
        elif isinstance(node, ast.If) and _raises(node.body):
            asked, sign = node.test, -1
        else:
            continue
        if isinstance(asked, ast.UnaryOp) and isinstance(asked.op, ast.Not):
            asked, sign = asked.operand, -sign
        for part in asked.values if isinstance(asked, ast.BoolOp) else [asked]:
            if isinstance(part, ast.Name):
                found[part.id] = sign
    return found


class Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports the package from its sources under another name, one module from a changed tree."""

    def __init__(self, package: str, trees: dict[str, ast.Module], folder: Path = FOLDER):
        self.package, self.folder, self.trees = package, folder, trees

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        if fullname.split(".")[0] != self.package:
            return None
        file = self.folder.joinpath(*fullname.split(".")[1:])
        whole = (file / "__init__.py").exists()
        file = file / "__init__.py" if whole else file.with_suffix(".py")
        if not file.exists():
            return None
        spec = importlib.util.spec_from_loader(fullname, self, is_package=whole)
        if spec is not None and whole:
            spec.submodule_search_locations = [str(file.parent)]
        return spec

    def exec_module(self, module: ModuleType) -> None:
        parts = module.__name__.split(".")[1:]
        file = "/".join([*parts, "__init__.py"] if hasattr(module, "__path__") else parts)
        file = file if file.endswith(".py") else file + ".py"
        module.__file__ = str(self.folder / file)
        exec(CODES.get(file) or compile(self.trees[file], module.__file__, "exec"), vars(module))


CODES: dict[str, Any] = {}  # of the modules that are not changed


def trees() -> dict[str, ast.Module]:
    files = sorted(FOLDER.rglob("*.py"))
    return {file.relative_to(FOLDER).as_posix(): ast.parse(file.read_text()) for file in files}


def checked(found: dict[str, ast.Module]) -> dict[str, ast.Module]:
    return {file: tree for file, tree in found.items() if Path(file).stem not in UNTRUSTED}
