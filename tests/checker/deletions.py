"""Every check of the checker deleted or weakened, one at a time: who notices?

    python -m tests.checker.deletions [--only TEXT] [--all]

prints a line for each mutant (file:line, what was changed, noticed by), the totals and the survivors. It
ends with 1 if a mutant survives that `SURVIVORS` does not name, or one that it names does not.
"""

import argparse
import ast
import importlib
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
from .mutations import CODES, FOLDER, Mutant, Mutated, checked, mutants, trees
from .survivors import SAMPLE, SURVIVORS

SECONDS = 4  # of computing that one entry of the battery may take with a mutant
WORKERS = 2
LIMITS = ("limit", "more than", "nested", "digits", "MAX_")  # what hostile documents are for

# What notices most: asked first.
OFTEN = (
    "algebra of linear_vae",
    "valid: decayed_vae",
    "valid: a decoder with a base measure",
    "valid: beta_vae2",
    "valid: any_law",
    "valid: a covariance that stands still",
    "algebra of vae2",
    "valid: sigmoid_net",
    "algebra of workbench",
)


class TooLong(BaseException):
    """An entry of the battery took more than its seconds."""


@dataclass(frozen=True)
class Entry:
    """A document that must be refused or must not, or a law: a function that says why it fails."""

    name: str
    asked: bytes | Callable[[ModuleType], str | None]
    refused: bool = False
    replay: str = "replay"  # or replay_refusal


@dataclass(frozen=True)
class Truth:
    """What the checker itself answers: the words of its refusal or None, and its parts' answers."""

    words: str | None
    seconds: float
    front: tuple = ()
    kernel: str | None = None


def asked(call: Callable[..., Any], checker: ModuleType, *arguments: Any) -> tuple[Any, str | None]:
    """(the value, None) or (None, the words of the refusal)."""
    try:
        return call(*arguments), None
    except (checker.Refused, checker.Malformed) as error:
        return None, str(error)


def front(checker: ModuleType, data: bytes) -> tuple:
    """All that gate and reader make of a document."""
    gate, read = checker.gate, checker.kernel.reader.read
    found, words = asked(gate.envelope, checker, data)
    if words is not None:
        return (words,)
    said, words = asked(read, checker, found.statement, found.certificates)
    if words is not None:
        return (words,)
    names, hashes = asked(gate.check_words, checker, said), asked(gate.check_hashes, checker, found)
    return repr(found), repr(said), names, hashes


def kernel(checker: ModuleType, data: bytes) -> str | None:
    """What the kernel says on the statement, whatever gate and narration say; None if it accepts."""
    raw = json.loads(data)
    read, accept = checker.kernel.reader.read, checker.kernel.theorem.accept
    said, words = asked(read, checker, raw["statement"], raw["certificates"])
    if words is None:
        _, words = asked(accept, checker, said, checker.kernel.normal_form.Work())
    return words


NOT_ASKED = "the kernel was not asked"  # about what is no statement at all
TRUTH: dict[str, Truth] = {}
CHANGED: list[str] = []  # the file that holds the change


def answer(checker: ModuleType, entry: Entry) -> tuple[str | None, str | None]:
    """(this checker's words, the true one's). If the kernel is changed, it is asked alone, and so it
    is after its reader; if gate or reader do with a document what they should, nobody is asked."""
    truth, data = TRUTH[entry.name], entry.asked
    if not isinstance(data, bytes):
        return data(checker), truth.words
    if entry.replay != "replay":
        return asked(getattr(checker, entry.replay), checker, data)[1], truth.words
    if of_front(CHANGED[0]) and front(checker, data) == truth.front:
        return truth.words, truth.words
    alone = (
        for_kernel(entry)
        if of_kernel(CHANGED[0])
        else of_front(CHANGED[0]) and "gate" not in CHANGED[0]
    )
    if alone and truth.kernel != NOT_ASKED:
        words = kernel(checker, data)
        if of_kernel(CHANGED[0]) or (words is None) != (truth.kernel is None):
            return words, truth.kernel
    return asked(checker.replay, checker, data)[1], truth.words


def for_kernel(entry: Entry) -> bool:
    """Whether the kernel alone answers as the whole checker does."""
    truth = TRUTH[entry.name]
    return len(truth.front) != 1 and (truth.kernel is None) == (truth.words is None)


def of_front(file: str) -> bool:
    return Path(file).stem in ("gate", "reader", "graph")


def of_kernel(file: str) -> bool:
    """Whether reader and gate do without this file, so that the kernel alone may be asked."""
    return file.startswith("kernel/") and not of_front(file) and Path(file).stem != "terms"


def battery() -> list[Entry]:
    """The whole battery."""
    from . import battery as tables
    from .documents import DOCUMENTS, linear_vae, poisson, sigmoid_net, vae2, workbench
    from .exposed import EXPOSED
    from .exposures import REFUSALS as FALSE_REFUSALS
    from .exposures import REFUSED, VALID
    from .falsehoods import FALSE_CLAIMS, TAMPERINGS
    from .forged_refusals import forgeries
    from .graph_falsehoods import FALSE, TRAPS
    from .graph_refusals import WITNESSES
    from .graphs import GRAPHS as WHOLE
    from .laws import LAWS
    from .matrix_falsehoods import FALSE as FALSE_MATRICES
    from .matrix_falsehoods import TRAPS as MATRIX_TRAPS
    from .matrix_falsehoods import VALID as MATRICES
    from .refusals import REFUSALS
    from .small_graphs import GRAPHS
    from .tails import SURE, UNSURE

    def algebra(build: Callable[[], dict]) -> Callable[[ModuleType], str | None]:
        return lambda checker: next(tables._algebra(tables.Bench(checker, build()), 40), None)

    valid = {build.__name__: build for build in (*DOCUMENTS, *LAWS, *GRAPHS)} | VALID
    valid |= MATRICES | {f"a whole {name}": build for name, build in WHOLE.items()}
    found = [Entry(f"valid: {name}", _dump(build())) for name, build in valid.items()]
    lies = FALSE | TRAPS | FALSE_MATRICES | MATRIX_TRAPS
    false = {name: build for name, (build, *_) in lies.items()}
    found += [Entry(f"graph: {name}", _dump(build()), True) for name, build in false.items()]
    for build in (vae2, linear_vae, sigmoid_net, poisson, workbench):
        found.append(Entry(f"algebra of {build.__name__}", algebra(build)))
    found += [Entry(name, law) for name, law in EXPOSED.items()]
    for table in (REFUSED, TAMPERINGS, FALSE_CLAIMS, HOSTILE):
        found += [Entry(name, _dump(build()), True) for name, build in table.items()]
    witnesses = {name: (build(), False) for name, build in (REFUSALS | WITNESSES | SURE).items()}
    forged = {f"forged: {name}": (document, True) for name, (document, _) in forgeries().items()}
    forged |= {name: (build(), True) for name, build in (FALSE_REFUSALS | UNSURE).items()}
    for name, (document, wrong) in (witnesses | forged).items():
        found.append(Entry(f"refusal: {name}", _dump(document), wrong, "replay_refusal"))
    twice = [name for name, times in Counter(entry.name for entry in found).items() if times > 1]
    if twice:
        raise SystemExit(f"two entries of one name: {twice}")
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
            words, truth = answer(checker, entry)
        except TooLong:
            return entry.name, f"hangs: more than {SECONDS} s", []
        except Exception as error:
            return entry.name, f"crashes: {error!r}", []
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        if (words is None) != (truth is None):
            return entry.name, words or "accepted", []
        if words != truth:
            others.append(f"{entry.name}: {words}, not: {truth}")
    return "", "", others


def judge(mutant: Mutant, all_trees: dict[str, ast.Module], entries: list[Entry]) -> tuple:
    """In a process of its own: (noticed by, how, other words)."""

    def late(*_: Any) -> None:
        raise TooLong

    signal.signal(signal.SIGPROF, late)
    resource.setrlimit(resource.RLIMIT_CPU, (80, 80))  # where a single operation takes for ever
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    mutant.place.put(ast.fix_missing_locations(ast.copy_location(mutant.new, mutant.place.node)))
    CODES.pop(mutant.file)
    CHANGED.append(mutant.file)
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
        first = entries
        if isinstance(mutant.new, ast.Pass):  # a check is gone: valid documents will not notice
            first = sorted(entries, key=lambda entry: not entry.refused)
        first = sorted(first, key=lambda e: recent.index(e.name) if e.name in recent else 99)
        if not any(word in mutant.key for word in LIMITS):
            first = [entry for entry in first if entry.name not in HOSTILE]
        if of_kernel(mutant.file):
            first = [e for e in first if len(TRUTH[e.name].front) != 1]
            first.sort(key=lambda entry: not for_kernel(entry))
        if mutant.file == "refusal.py":
            first = [e for e in first if e.replay != "replay"]
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


def true_answer(entry: Entry) -> Truth:
    """The answers of the checker as it is; it must pass."""
    checker, began = entropysym.checker, time.process_time()
    if isinstance(entry.asked, bytes):
        words = asked(getattr(checker, entry.replay), checker, entry.asked)[1]
    else:
        words = entry.asked(checker)
    if (words is not None) != entry.refused:
        raise SystemExit(f"the checker itself: {entry.name}: {words or 'accepted'}")
    if not isinstance(entry.asked, bytes) or entry.replay != "replay":
        return Truth(words, time.process_time() - began)
    found = front(checker, entry.asked)
    began = time.process_time()
    try:
        said = kernel(checker, entry.asked)
    except (ValueError, TypeError, KeyError, RecursionError):
        said = NOT_ASKED
    return Truth(words, time.process_time() - began, found, said)


def prepared(
    names: set[str] | None = None,
) -> tuple[list[Mutant], dict[str, ast.Module], list[Entry]]:
    """Mutants, trees and battery (or what it has of these names): the checker itself has passed."""
    all_trees = trees()
    entries = [entry for entry in battery() if names is None or entry.name in names]
    for file, tree in all_trees.items():
        CODES[file] = compile(tree, str(FOLDER / file), "exec")
    for entry in entries:
        TRUTH[entry.name] = true_answer(entry)
    entries.sort(key=lambda entry: (entry.name not in OFTEN, TRUTH[entry.name].seconds))
    return mutants(checked(all_trees)), all_trees, entries


def table(found: Iterator[Verdict]) -> tuple[Counter[str], list[Verdict]]:
    """Print a line for each mutant; how many were noticed in which way, and the survivors."""
    kinds: Counter[str] = Counter()
    survived: list[Verdict] = []
    for verdict in found:
        m, how = verdict.mutant, verdict.how
        kind = "noticed" if verdict.noticed_by else "survived"
        kind = next((kind for kind in ("crashes", "hangs") if how.startswith(kind)), kind)
        kinds[kind] += 1
        survived += [verdict] * (kind == "survived")
        told = f"{verdict.noticed_by}: {how}" if verdict.noticed_by else "SURVIVED"
        print(f"{m.file}:{m.line}{m.key.removeprefix(m.file)[:160]} | {told[:110]}", flush=True)
    return kinds, survived


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default="", metavar="START", help="mutants whose key starts so")
    parser.add_argument("--sample", action="store_true", help="the mutants and documents of SAMPLE")
    few = "the documents of SAMPLE alone"
    parser.add_argument("--documents-of-sample", action="store_true", dest="few", help=few)
    options = parser.parse_args(arguments)
    began = time.monotonic()
    names = set(SAMPLE.values()) if options.sample or options.few else None
    every, all_trees, entries = prepared(names)
    chosen = [m for m in every if m.key in SAMPLE or not options.sample]
    chosen = [m for m in chosen if m.key.startswith(options.only)]
    print(f"{len(chosen)} mutants, {len(entries)} documents and laws", flush=True)
    kinds, survived = table(verdicts(chosen, all_trees, entries))
    print(", ".join(f"{kinds[k]} {k}" for k in sorted(kinds)), f"{time.monotonic() - began:.0f} s")
    keys = {verdict.mutant.key for verdict in survived}
    for verdict in survived:
        print(f"survived: {verdict.mutant.key}")
        print(f"    {SURVIVORS.get(verdict.mutant.key, 'NOT LISTED')}")
        for words in verdict.words[:2]:
            print(f"    in other words: {words[:250]}")
    gone = sorted({m.key for m in chosen} & SURVIVORS.keys() - keys)
    gone += sorted(SURVIVORS.keys() - {m.key for m in every})
    for key in gone:
        print(f"listed, but noticed or gone: {key}")
    return 0 if keys <= SURVIVORS.keys() and not gone else 1


if __name__ == "__main__":
    sys.exit(main())
