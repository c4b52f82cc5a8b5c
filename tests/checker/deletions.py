"""Every check of the checker deleted or weakened, one at a time: who notices?

    python -m tests.checker.deletions [--only TEXT] [--all]

prints a line for each mutant (file:line, what was changed, noticed by), the totals and the survivors. It
ends with 1 if a mutant survives that `SURVIVORS` does not name, or one that it names does not.
"""

import argparse
import ast
import importlib.abc
import importlib.machinery
import importlib.util
import json
import multiprocessing
import resource
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType
from typing import Any

import entropysym.checker

from .hostile import HOSTILE
from .mutations import Mutant, mutants

FOLDER = Path(entropysym.checker.__file__).parent
UNTRUSTED = ("__main__", "known", "statement", "printing", "narration")
SECONDS = 4  # of computing that one entry of the battery may take with a mutant
WORKERS = 2
LIMITS = ("limit", "more than", "nested", "digits", "MAX_")  # what hostile documents are for

# Changes that no document can notice, and why. The key is what `mutants` says, file and function first.
SURVIVORS: dict[str, str] = {}


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


class TooLong(BaseException):
    """An entry of the battery took more than its seconds."""


@dataclass(frozen=True)
class Entry:
    """A document that must be refused or must not, or a law: a function that says why it fails."""

    name: str
    asked: bytes | Callable[[ModuleType], str | None]
    refused: bool = False

    def answer(self, checker: ModuleType) -> str | None:
        """The words of the refusal, or None; those of the true checker where the reader alone is
        changed and reads this document as it should."""
        if not isinstance(self.asked, bytes):
            return self.asked(checker)
        if READING and reading(checker, self.asked) == READS[self.name]:
            return SAID[self.name]
        try:
            checker.replay(self.asked)
        except (checker.Refused, checker.Malformed) as error:
            return str(error)
        return None


SAID: dict[str, str | None] = {}  # the true checker's answers
READS: dict[str, str] = {}  # what the true reader makes of each document
READING: list[str] = []  # holds a file's name while a part of the reader is changed


def of_reader(mutant: Mutant) -> bool:
    return Path(mutant.file).stem in ("reader", "terms")


def reading(checker: ModuleType, data: bytes) -> str:
    """What the reader makes of the document: itself, or the words of its refusal."""
    start = checker.__name__ + "."
    name = next(n for n in sys.modules if n.startswith(start) and n.endswith(".reader"))
    try:
        return repr(sys.modules[name].read(data))
    except (checker.Refused, checker.Malformed) as error:
        return f"refused: {error}"


def battery() -> list[Entry]:
    """The whole battery."""
    from . import battery as tables
    from .documents import DOCUMENTS, linear_vae, poisson, sigmoid_net, vae2, workbench
    from .exposures import EXPOSED, REFUSED, VALID
    from .falsehoods import FALSE_CLAIMS, TAMPERINGS
    from .laws import LAWS

    def algebra(build: Callable[[], dict]) -> Callable[[ModuleType], str | None]:
        return lambda checker: next(tables._algebra(tables.Bench(checker, build()), 40), None)

    valid = {build.__name__: build for build in (*DOCUMENTS, *LAWS)} | VALID
    found = [Entry(f"valid: {name}", _dump(build())) for name, build in valid.items()]
    for build in (vae2, linear_vae, sigmoid_net, poisson, workbench):
        found.append(Entry(f"algebra of {build.__name__}", algebra(build)))
    found += [Entry(name, law) for name, law in EXPOSED.items()]
    for table in (REFUSED, TAMPERINGS, FALSE_CLAIMS, HOSTILE):
        found += [Entry(name, _dump(build()), True) for name, build in table.items()]
    return found


def _dump(document: dict | bytes) -> bytes:
    return document if isinstance(document, bytes) else json.dumps(document).encode()


@dataclass(frozen=True)
class Verdict:
    mutant: Mutant
    noticed_by: str  # empty: survived
    how: str
    words: tuple[str, ...] = ()  # of a survivor: documents that it refuses in other words


def noticed(checker: ModuleType, entries: list[Entry]) -> tuple[str, str, list[str]]:
    """The first entry that notices, how, and which are refused in other words."""
    others = []
    for entry in entries:
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        try:
            words = entry.answer(checker)
        except TooLong:
            return entry.name, f"hangs: more than {SECONDS} s", []
        except Exception as error:
            return entry.name, f"crashes: {error!r}", []
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        if (words is not None) != entry.refused:
            return entry.name, words or "accepted", []
        if words != SAID[entry.name]:
            others.append(f"{entry.name}: {words}, not: {SAID[entry.name]}")
    return "", "", others


def judge(mutant: Mutant, all_trees: dict[str, ast.Module], entries: list[Entry]) -> tuple:
    """In a process of its own: (noticed by, how, other words)."""

    def late(*_: Any) -> None:
        raise TooLong

    signal.signal(signal.SIGPROF, late)
    resource.setrlimit(resource.RLIMIT_CPU, (120, 120))
    mutant.place.put(ast.fix_missing_locations(ast.copy_location(mutant.new, mutant.place.node)))
    CODES.pop(mutant.file)
    READING.extend([mutant.file] * of_reader(mutant))
    sys.meta_path.insert(0, Mutated("mutant", all_trees))
    try:
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        checker = importlib.import_module("mutant")
    except (Exception, TooLong) as error:
        return "import", f"crashes: {error!r}", []
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return noticed(checker, entries)


def _child(sender: Connection, *arguments: Any) -> None:
    sender.send(judge(*arguments))
    sender.close()


def _work(sender: Connection, given: list[Mutant], all_trees: dict, entries: list[Entry]) -> None:
    """One mutant after the other, each in a process; what noticed the last ones is tried first."""
    context, recent = multiprocessing.get_context("fork"), []
    for mutant in given:
        first = sorted(entries, key=lambda e: recent.index(e.name) if e.name in recent else 99)
        if not any(word in mutant.key for word in LIMITS):
            first = [entry for entry in first if entry.name not in HOSTILE]
        if not of_reader(mutant):
            first = [e for e in first if not READS.get(e.name, "").startswith("refused")]
        receiver, child_sender = context.Pipe(duplex=False)
        child = context.Process(target=_child, args=(child_sender, mutant, all_trees, first))
        child.start()
        child_sender.close()
        try:
            answer = receiver.recv()
        except EOFError:
            answer = ("process", "crashes: the process died", [])
        child.join()
        recent = [answer[0], *(name for name in recent if name != answer[0])][:12]
        sender.send((mutant.key, answer))
    sender.close()


def verdicts(chosen: list[Mutant], all_trees: dict, entries: list[Entry]) -> Iterator[Verdict]:
    """The verdicts in any order, by two processes: whole functions each, as they are noticed alike."""
    by_key = {mutant.key: mutant for mutant in chosen}
    groups: dict[tuple[str, str], list[Mutant]] = {}
    for mutant in chosen:
        groups.setdefault((mutant.file, mutant.function), []).append(mutant)
    shares: list[list[Mutant]] = [[] for _ in range(WORKERS)]
    for group in groups.values():
        min(shares, key=len).extend(group)
    context = multiprocessing.get_context("fork")
    receivers = []
    for share in shares:
        receiver, sender = context.Pipe(duplex=False)
        context.Process(target=_work, args=(sender, share, all_trees, entries)).start()
        sender.close()
        receivers.append(receiver)
    while receivers:
        for receiver in multiprocessing.connection.wait(receivers):
            try:
                key, (name, how, words) = receiver.recv()
            except EOFError:
                receivers.remove(receiver)
                continue
            yield Verdict(by_key[key], name, how.split("\n")[0], tuple(words))


def prepared() -> tuple[list[Mutant], dict[str, ast.Module], list[Entry]]:
    """Mutants, trees and battery; the checker as it is must pass."""
    all_trees, entries = trees(), battery()
    for file, tree in all_trees.items():
        CODES[file] = compile(tree, str(FOLDER / file), "exec")
    seconds: dict[str, float] = {}
    for entry in entries:
        began = time.process_time()
        SAID[entry.name] = words = entry.answer(entropysym.checker)
        seconds[entry.name] = time.process_time() - began
        if (words is not None) != entry.refused:
            raise SystemExit(f"the checker itself: {entry.name}: {words or 'accepted'}")
        if isinstance(entry.asked, bytes):
            READS[entry.name] = reading(entropysym.checker, entry.asked)
    entries.sort(key=lambda entry: seconds[entry.name])
    return mutants(checked(all_trees)), all_trees, entries


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="", help="mutants whose key holds this text")
    options = parser.parse_args()
    began = time.monotonic()
    every, all_trees, entries = prepared()
    chosen = [m for m in every if any(m.key.startswith(o) for o in options.only.split(","))]
    print(f"{len(chosen)} mutants, {len(entries)} entries of the battery", flush=True)
    kinds: Counter[str] = Counter()
    survived: list[Verdict] = []
    for verdict in verdicts(chosen, all_trees, entries):
        m, how = verdict.mutant, verdict.how
        kind = "survived"
        if verdict.noticed_by:
            kind = next((k for k in ("crashes", "hangs") if how.startswith(k)), "noticed")
        else:
            survived.append(verdict)
        kinds[kind] += 1
        told = f"{verdict.noticed_by}: {how}"[:110] if verdict.noticed_by else "SURVIVED"
        print(f"{m.file}:{m.line} {m.key.removeprefix(m.file)[:150]} | {told}", flush=True)
    print(", ".join(f"{kinds[k]} {k}" for k in sorted(kinds)), f"{time.monotonic() - began:.0f} s")
    print("survivors:")
    for verdict in survived:
        print(f"  {verdict.mutant.line} {verdict.mutant.key}")
        for words in verdict.words[:3]:
            print(f"      {words[:250]}")
    keys = {verdict.mutant.key for verdict in survived}
    listed = {mutant.key for mutant in chosen} & SURVIVORS.keys()
    return 0 if keys == listed else 1


if __name__ == "__main__":
    sys.exit(main())
