"""The command line: `entropysym list | derive | judge | replay | verify | families | audit | sweep | experiment | book | explain`.

Exit status: 0 verified, 1 refuted (`replay`: not accepted), 2 bad usage or input, 3 undecided, 130 interrupted (by SIGTERM 143). Rooms are
imported inside the commands, so that `--help` loads nothing and `derive` never loads JAX.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from entropysym import interruption
from entropysym.cli_printing import (
    Bib,
    Form,
    Fragment,
    Macros,
    OnePart,
    Open,
    OutFile,
    OwnNotation,
    ToForm,
    Width,
    Wish,
)
from entropysym.errors import EntropysymError, InputError, NoStationaryPointError
from entropysym.experiments.names import EXPERIMENTS, NEED_DATA
from entropysym.models.catalogue import CATALOGUE

VERIFIED, REFUTED, BAD_INPUT, UNDECIDED = 0, 1, 2, 3


def _version(asked: bool) -> None:
    if asked:
        from entropysym.version import __version__

        print(f"entropysym {__version__}")
        raise typer.Exit()


app = typer.Typer(
    name="entropysym",
    help="Does your model's ELBO become a sum of entropies at stationary points? Derive it, replay it, verify it on data.",
    epilog="Exit status: 0 verified, 1 refuted, 2 bad usage or input, 3 undecided, 130 interrupted by Ctrl-C (143 by SIGTERM).",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _model_names(incomplete: str) -> list[str]:
    return [name for name in CATALOGUE if name.startswith(incomplete)]


def _experiment_names(incomplete: str) -> list[tuple[str, str]]:
    return [(name, title) for name, title in EXPERIMENTS.items() if name.startswith(incomplete)]


def _glossary_words(incomplete: str) -> list[str]:
    from entropysym.glossary import glossary

    return [word for word in glossary() if word.startswith(incomplete)]


def _lines(rows: Iterable[tuple[str, ...]], indent: str = "") -> str:
    """Rows as lines, in columns that are as wide as their widest entry."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(indent + "  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options of the program itself."""


@app.command("list")
def list_models(
    experiments: Annotated[
        bool, typer.Option("--experiments", help="List the experiments instead.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the models that ship, each in every form, with the verdict of `derive` and what differs between forms."""
    rows = _experiment_rows() if experiments else _model_rows()
    if as_json:
        _print_json(rows)
    else:
        print(_lines(map(_experiment_line if experiments else _model_line, rows)))


def _model_rows() -> list[dict[str, Any]]:
    from entropysym.models import ZOO

    models = {name: ZOO[name]() for name in CATALOGUE}
    return [
        {"name": name, "verdict": known.verdict, "form_of": known.of, "differs": known.differs}
        | {"title": models[name].title, "source": models[name].source}
        for name, known in CATALOGUE.items()
    ]


def _model_line(row: dict[str, Any]) -> tuple[str, ...]:
    form = f"{row['form_of']}, but {row['differs']}"
    said = form if row["differs"] else f"{row['title']}. {row['source']}"
    return row["name"], row["verdict"], said


def _experiment_rows() -> list[dict[str, Any]]:
    return [
        {"name": name, "title": title, "needs_data": name in NEED_DATA}
        for name, title in EXPERIMENTS.items()
    ]


def _experiment_line(row: dict[str, Any]) -> tuple[str, ...]:
    return row["name"], f"{row['title']}{' (needs --data)' if row['needs_data'] else ''}"


@app.command()
def derive(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="A model of `entropysym list`.", autocompletion=_model_names
        ),
    ],
    to: ToForm = Form.text,
    part: OnePart = None,
    fragment: Fragment = False,
    notation: OwnNotation = None,
    macros: Macros = False,
    width: Width = None,
    bib: Bib = False,
    out: OutFile = None,
    show: Open = False,
    as_json: AsJson = False,
) -> None:
    """Derive a model's entropy sum; the derivation is replayed before it is printed."""
    wish = Wish(to, part, fragment, notation, macros, width, bib, out, show, as_json)
    _derived(_model(name), wish)


@app.command()
def judge(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.py", help="A Python file that binds `model` to a Model.")
    ],
    to: ToForm = Form.text,
    part: OnePart = None,
    fragment: Fragment = False,
    notation: OwnNotation = None,
    macros: Macros = False,
    width: Width = None,
    bib: Bib = False,
    out: OutFile = None,
    show: Open = False,
    as_json: AsJson = False,
) -> None:
    """Judge your own model: an entropy sum with its derivation, or the reason why not."""
    from entropysym.claims.user_models import model_from_file

    wish = Wish(to, part, fragment, notation, macros, width, bib, out, show, as_json)
    _derived(model_from_file(file), wish)


def _derived(model: Any, wish: Wish) -> None:
    from entropysym.claims import derive as derived
    from entropysym.claims.progress import stages_on_terminal
    from entropysym.pages import bibtex, pdf, render

    wish.check()
    if wish.bib:
        out = wish.written(bibtex(), "references")
        print(bibtex() if out is None else f"written to {out}", end="" if out is None else "\n")
        raise typer.Exit(VERIFIED)
    with _no_way_out(model), stages_on_terminal(sys.stderr, model.name) as progress:
        found = derived(model, progress=progress)
    refuted = _status(found.verdict) == REFUTED
    if wish.to is Form.json and not refuted and getattr(found, "partial", found) is None:
        _complain(
            f"{model.name}: {found.verdict}; no result is left to store", _status(found.verdict)
        )
    text: str | bytes = render(
        found,
        to="latex" if wish.to is Form.pdf else wish.to.value,
        part=wish.part and wish.part.value,
        fragment=wish.fragment,
        notation=wish.own_notation(),
        macros=wish.macros,
        width=wish.width,
    )
    if wish.to is Form.pdf:
        text = pdf(str(text))
    if wish.to is Form.coq and wish.out is not None:
        from entropysym.export.coq import demand_place

        demand_place(wish.out)
    out = wish.written(text, model.name)
    if wish.to is Form.coq and out is not None:
        from entropysym.export.coq import PRELUDE, prelude
        from entropysym.files import write_whole

        write_whole(out.parent / PRELUDE, prelude())
    if wish.as_json:
        verdict = {"verdict": found.verdict.value.value, "reason": found.verdict.reason}
        answer = {"model": model.name, **verdict, "evidence": list(found.verdict.evidence)}
        _print_json(
            {**answer, "form": wish.to.value, **({"file": str(out)} if out else {"text": text})}
        )
    elif out is None:
        print(text, end="" if str(text).endswith("\n") else "\n")
    else:
        print(f"{model.name}: {found.verdict}; written to {out}")
    raise typer.Exit(_status(found.verdict))


@app.command()
def book(
    out: Annotated[Path, typer.Option(help="The folder for it.", metavar="DIR")] = Path("book"),
    numbers: Annotated[
        bool,
        typer.Option(
            "--numbers", help="Also run every claim and its negative control; takes minutes."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the book of all theorems: each with its model, conditions, argument and derivation."""
    from entropysym.book import write_book
    from entropysym.claims.progress import stages_on_terminal

    with stages_on_terminal(sys.stderr, "book") as progress:
        written = write_book(out, numbers=numbers, progress=progress)
    if as_json:
        _print_json({"file": str(written)})
    else:
        print(f"written to {written}")
    raise typer.Exit(VERIFIED)


@app.command()
def replay(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A stored derivation or refusal (JSON).")
    ],
    as_json: AsJson = False,
) -> None:
    """Replay a stored derivation or refusal in the independent checker, in a process of its own.

    0: accepted; of a refusal this means that the claim is false for its model. 1: not accepted, which does not mean that the claim is
    false. 2: not readable.
    """
    import subprocess

    # -P keeps files in the current folder from standing in for the checker or the standard library.
    command = [sys.executable, "-P", "-m", "entropysym.checker", *(["--json"] if as_json else [])]
    command += ["--", str(file)]
    try:
        # In a group of its own a Ctrl-C does not reach it: this process ends it, and says so.
        status = subprocess.run(command, check=False, timeout=60, process_group=0).returncode
        raise typer.Exit(status if status in (VERIFIED, REFUTED, BAD_INPUT) else UNDECIDED)
    except subprocess.TimeoutExpired:
        print(f"undecided: the checker gave no answer on {file} within 60 s", file=sys.stderr)
        raise typer.Exit(UNDECIDED) from None


@app.command()
def verify(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME|FILE.py]...",
            help="Models, or files that bind `model`; vae2 and linear_vae if none is named.",
            autocompletion=_model_names,
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="digits, curve (synthetic), or a file with one data point per row (an array, FILE.npz:NAME, or a table in text); of a graph: simulated, or an .npz of arrays by name. If left out: digits, but none with --zoo or a FILE.py.",
            metavar="digits|curve|FILE.npy|FILE.npz|FILE.csv",
        ),
    ] = None,
    latent: Annotated[
        int | None, typer.Option(help="Number of latents of the networks that are trained.", min=1)
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the sweep and of the start.", min=0)] = 0,
    report: Annotated[
        Path,
        typer.Option(help="Folder for report.json, the .tex files and the figures.", metavar="DIR"),
    ] = Path("report"),
    zoo: Annotated[
        bool,
        typer.Option("--zoo", help="Every model in every form; on data only with --data."),
    ] = False,
    configurations: Annotated[
        int, typer.Option(help="Random configurations for each model.", min=1)
    ] = 10_000,
    as_json: AsJson = False,
) -> None:
    """Derive, replay, sweep random configurations, settle networks on data, compare, and write a report."""
    _in_double_precision()
    from entropysym.claims.reporting import table, write_report
    from entropysym.claims.user_models import model_from_file
    from entropysym.claims.verification import DEFAULT
    from entropysym.claims.verification import verify as verified
    from entropysym.data.tables import BUILT_IN, load, load_named
    from entropysym.files import folder
    from entropysym.models import ZOO

    if zoo and names:
        raise InputError(f"--zoo takes no names, but got {', '.join(names)}")
    wanted = dict.fromkeys(names or (ZOO if zoo else DEFAULT))
    models = [
        model_from_file(Path(name)) if name.endswith(".py") else _model(name) for name in wanted
    ]
    _demand_different_names(models)
    own = any(name.endswith(".py") for name in wanted)
    source = data or (None if zoo or own else "digits")
    points: Any = source
    if source is not None and source not in (*BUILT_IN, "simulated"):
        graph = source.endswith(".npz") and not all(model.is_plain for model in models)
        points = load_named(source) if graph else load(source)
    place = folder(report)
    with _progress() as progress, _no_way_out(*models):
        results = verified(
            models,
            points,
            data_name=source or "",
            latent=latent,
            seed=seed,
            configurations=configurations,
            progress=progress,
        )
    paths = write_report(results, place)
    if as_json:
        print(paths["report"].read_text(encoding="utf-8"), end="")
    else:
        table(results, place)
    # In the zoo a refused model is there to be refused: what counts is that its partial result holds.
    judged = [
        r.verdict if r.partial_verdict is None or not zoo else r.partial_verdict for r in results
    ]
    raise typer.Exit(max(map(_status, judged), key=(0, 3, 1).index))


@app.command()
def families(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[NAME]...", help="Families that ship; all if none is named."),
    ] = None,
    configurations: Annotated[
        int, typer.Option(help="Random configurations of each model.", min=1)
    ] = 500,
    as_json: AsJson = False,
) -> None:
    """Check the families that ship: each as prior and as decoder, its entropy, integral and scores, and what others know of it.

    Exit status 1 if something in the table does not hold.
    """
    _in_double_precision()
    from entropysym.claims.of_families import check_families
    from entropysym.claims.reporting import family_record, family_table

    with _progress() as progress:
        found = check_families(names or (), configurations=configurations, progress=progress)
    if as_json:
        _print_json([family_record(c) for c in found])
    else:
        family_table(found)
    raise typer.Exit(REFUTED if any(c.failing for c in found) else VERIFIED)


@app.command()
def audit(
    libraries: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[LIBRARY]...", help="scipy, torch, numpyro, efax; all if left out."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Audit the distributions of SciPy, PyTorch, NumPyro and EFAX as they are installed: what a library says beside integrals of its own log-density.

    Exit status 1 if something fails, which a second quadrature has confirmed. What is not installed is skipped.
    """
    from entropysym.auditing import audit_libraries
    from entropysym.auditing.table import as_data, lines

    found = list(audit_libraries(libraries or ()))
    if as_json:
        _print_json(as_data(found))
    else:
        print("\n".join(lines(found)))
    raise typer.Exit(REFUTED if any(f.alarms for f in found) else VERIFIED)


@app.command()
def sweep(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE.py",
            help="A model of `entropysym list`, or a file that binds `model`.",
            autocompletion=_model_names,
        ),
    ],
    draws: Annotated[
        str, typer.Option(help="How many random configurations, such as 1e6.", metavar="NUMBER")
    ] = "1e6",
    into: Annotated[
        Path | None,
        typer.Option(help="Folder of the records; a sweep found there goes on.", metavar="DIR"),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes; one for each core if left out.", min=1)
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the configurations.", min=0)] = 0,
    as_json: AsJson = False,
) -> None:
    """Compare both sides of a model's identity at very many random configurations, on all cores.

    A unit of work that is done leaves a file, so Ctrl-C and kills lose seconds: the same call goes on.
    """
    _in_double_precision()
    from entropysym.claims.user_models import model_from_file
    from entropysym.sweeping import sweep as swept

    count = _count(draws)
    claim = model_from_file(Path(name)) if name.endswith(".py") else name
    try:
        with _progress() as progress:
            found = swept(claim, count, seed=seed, into=into, workers=workers, progress=progress)
    except KeyboardInterrupt:
        if into is not None:
            interruption.say(f"interrupted; what is done is in {into}, and the same call goes on")
        raise
    print(found.json() if as_json else f"{found}\n", end="")
    raise typer.Exit(_status(found.verdict))


def _count(text: str) -> int:
    """A whole number, also written as 1e6."""
    try:
        value = float(text)
        if value.is_integer() and value >= 1:
            return int(text) if text.isdecimal() else int(value)
    except (ValueError, OverflowError):
        pass
    raise InputError(f"--draws is {text!r}; pass a whole number >= 1, such as 1e6")


@app.command(epilog=f"\b\nExperiments:\n{_lines(EXPERIMENTS.items(), indent='  ')}")
def experiment(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help=f"One of those below; {' and '.join(NEED_DATA)} need --data.",
            autocompletion=_experiment_names,
        ),
    ],
    seeds: Annotated[
        int | None, typer.Option(help="Networks from different random starts, trained together.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes of Adam over the data.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the report; report/NAME if left out.", metavar="DIR"),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Your own data: IDX, .npz or .npy images (mnist), a folder of images (celeba), SUSY.csv (susy).",
            metavar="FILE",
        ),
    ] = None,
    size: Annotated[int | None, typer.Option(help="Number of training data.")] = None,
    batch: Annotated[int | None, typer.Option(help="Size of Adam's mini-batches.")] = None,
    rate: Annotated[float | None, typer.Option(help="Adam's learning rate.")] = None,
    latent: Annotated[int | None, typer.Option(help="Number of latents.")] = None,
    hidden: Annotated[
        str | None, typer.Option(help="Sizes of the hidden layers, such as 50,50.")
    ] = None,
    order: Annotated[int | None, typer.Option(help="Quadrature nodes per latent.")] = None,
    lbfgs: Annotated[int | None, typer.Option(help="Steps of L-BFGS after Adam.")] = None,
    newton: Annotated[
        int | None,
        typer.Option(help="Dense Hessians after L-BFGS; several Newton steps follow each."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of data and starts.", min=0)] = 0,
    as_json: AsJson = False,
) -> None:
    """Train networks as in the paper, measure ELBO against entropy sum, and write figure, table and JSON.

    Exit status 0 says that every gap is the predicted one; whether a network is stationary, its reading says. A run that was cut off
    goes on where it was if called again with the same options; Ctrl-C leaves a partial report.
    """
    _in_double_precision()
    from entropysym.experiments.commands import execute

    changes = {
        "seeds": seeds,
        "epochs": epochs,
        "size": size,
        "batch": batch,
        "rate": rate,
        "latent": latent,
        "order": order,
        "lbfgs": lbfgs,
        "newton": newton,
        "hidden": None if hidden is None else _layers(hidden),
    }
    place = out or Path("report") / name
    with _progress() as progress:
        done = execute(name, place, seed=seed, source=data, changes=changes, progress=progress)
    if as_json:
        print(done.paths["json"].read_text(encoding="utf-8"), end="")
    else:
        print(done.text)
        said = {"proved": "agrees", "refuted": "does not agree"}
        word = said.get(done.verdict.value.value, "undecided")
        print(f"\n{name}: {word}: {done.verdict.reason}; {done.seconds:.0f} s; report: {place}")
    if done.interrupted:
        sys.stdout.flush()
        interruption.say(
            f"interrupted; the partial report is in {place}, and the same call goes on"
        )
        raise typer.Exit(interruption.status())
    raise typer.Exit(_status(done.verdict))


@app.command()
def explain(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[WORD]...",
            help="A word or words of one entry; every entry's first sentence if none is given.",
            autocompletion=_glossary_words,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Explain a word: a reading, a kind of condition, a rule, a name of evidence, or a word of the field."""
    from dataclasses import asdict

    from entropysym.glossary import explain as explained
    from entropysym.glossary import glossary

    if not words:
        entries = glossary().values()
        if as_json:
            _print_json([asdict(e) for e in entries])
        else:
            print(_lines((e.word, f"{e.text.split('. ')[0].rstrip('.')}.") for e in entries))
        return
    found = explained(" ".join(words))
    if as_json:
        _print_json(asdict(found))
    else:
        print("\n".join(_wrapped(line) for line in found.lines()))


def _wrapped(line: str) -> str:
    """A line in at most 100 columns; a formula stands as it is."""
    import textwrap

    return line if line.startswith(" ") else textwrap.fill(line, 100, subsequent_indent="  ")


def _layers(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise InputError(f"--hidden is {text!r}; pass sizes with commas, such as 50,50") from None


def _model(name: str) -> Any:
    from entropysym.errors import one_of
    from entropysym.models import ZOO

    if name not in ZOO:
        raise one_of(name, ZOO, "model")
    return ZOO[name]()


def _demand_different_names(models: list[Any]) -> None:
    """The files of a report go by the models' names."""
    names = [model.name for model in models]
    for name in names:
        if names.count(name) > 1:
            raise InputError(
                f"two models are called {name!r}; rename one, for their files go by it"
            )


def _status(verdict: Any) -> int:
    return {"proved": VERIFIED, "refuted": REFUTED, "undecided": UNDECIDED}[verdict.value.value]


def _print_json(data: object) -> None:
    print(json.dumps(data, indent=2, ensure_ascii=False))


@contextmanager
def _no_way_out(*models: Any) -> Iterator[None]:
    """A model may hold functions of its author's own, and an exit from one of them would be taken for a verdict."""
    names = ", ".join(model.name for model in models)
    try:
        yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        ends = isinstance(error, (EOFError, typer.Exit, typer.Abort))
        if isinstance(error, Exception) and not ends:
            raise
        raise InputError(f"what {names} is made of raised {type(error).__name__}") from None


def _in_double_precision() -> None:
    """Verdicts need it; this process is ours. To be said before JAX is loaded."""
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    os.environ["JAX_ENABLE_X64"] = "1"


def _progress() -> Any:
    from entropysym.claims.progress import on_terminal

    return on_terminal(sys.stderr)


def main() -> int:
    """Run the command line and return its exit status; every foreseen error is one line on stderr.

    Raises `KeyboardInterrupt` if it was interrupted and nobody has said so yet.
    """
    if sys.stdout is None:  # closed by whoever started this process: no answer can be given
        return _told("error: there is no standard output to print the answer on", BAD_INPUT)
    stdout = sys.stdout
    try:
        try:
            app(prog_name="entropysym")
        finally:
            if not (sys.stdout.closed or interruption.heard()):
                sys.stdout.flush()
    except SystemExit as end:
        if (
            sys.stdout is not stdout
        ):  # typer's way with a closed pipe; its status 1 would mean refuted
            return _told("error: cannot print the answer: broken pipe", BAD_INPUT)
        return end.code if isinstance(end.code, int) else BAD_INPUT
    except BaseException as error:
        if interruption.heard():
            raise KeyboardInterrupt from None
        return _told(*_ending(error))
    return VERIFIED


def _ending(error: BaseException) -> tuple[str, int]:
    """What is said of an error, and the exit status. An unforeseen one must not end with 1, which means refuted."""
    if isinstance(error, NoStationaryPointError):
        return f"undecided: {error}", UNDECIDED
    if isinstance(error, EntropysymError):
        return f"error: {error}", BAD_INPUT
    if isinstance(error, OSError):  # a full disk or a closed pipe is no verdict
        return f"error: cannot print the answer: {error.strerror or error}", BAD_INPUT
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", interruption.status()
    import traceback

    what = f"unforeseen {type(error).__name__}, please report it"
    with suppress(Exception):  # an error need not be printable, nor the stream open
        traceback.print_exception(error)
        what = f"{what}: {error}"
    return f"error: {what}", BAD_INPUT


def _told(line: str, status: int) -> int:
    with suppress(Exception):  # a file of the caller's own may have closed the stream
        print(" ".join(line.split()), file=sys.stderr)
    return status


def _complain(line: str, status: int) -> None:
    raise SystemExit(_told(line, status))
