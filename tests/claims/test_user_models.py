"""A researcher's own file: whatever it raises is bad input with its line, and only Ctrl-C is not the file's."""

import _thread
import signal
import sys
import time

import pytest

from entropysym.claims.user_models import model_from_file
from entropysym.errors import EntropysymError, InputError
from entropysym.language import Model

OWN = """
from entropysym import ModelWriter, families

w = ModelWriter(observed="d D", latent="h H")
alpha2, b = w.learned("alpha2", range="positive"), w.learned("b", range="positive")
model = w.model(
    "shared_laplace",
    prior=families.NORMAL(0, alpha2),
    decoder=families.LAPLACE(w.network("mu", "d", reads=w.z), b),
    encoder=families.NORMAL(
        w.network("nu", "h", reads=w.x_n), w.network("tau2", "h", reads=w.x_n, range="positive")
    ),
)
"""

UNPRINTABLE = "class E({base}):\n    def __str__(self): raise {inner}\nraise E"

#: What a file does, and what is said of it.
RAISES = [
    ("raise ValueError('boom')", "line 1: ValueError: boom"),
    ("\nraise SystemExit", "line 2: SystemExit"),
    *((f"import sys; sys.exit({code})", "SystemExit") for code in ("0", "1", "3", "None", "'no'")),
    ("raise KeyboardInterrupt", "line 1: KeyboardInterrupt"),
    ("raise GeneratorExit('stop')", "GeneratorExit: stop"),
    ("raise StopIteration", "StopIteration"),
    ("class Own(BaseException): pass\nraise Own('mine')", "line 2: Own: mine"),
    ("def f(): f()\nf()", "line 1: RecursionError"),
    ("import sys; sys.setrecursionlimit(90)\ndef f(): f()\nf()", "RecursionError"),
    (UNPRINTABLE.format(base="Exception", inner="ValueError"), "cannot be printed"),
    (UNPRINTABLE.format(base="Exception", inner="SystemExit(1)"), "cannot be printed"),
    (UNPRINTABLE.format(base="BaseException", inner="KeyboardInterrupt"), "cannot be printed"),
    (
        "from entropysym.errors import InputError\n"
        "class E(InputError):\n    def __str__(self): return 1\nraise E",
        "cannot be printed",
    ),
    ("raise SyntaxError", "line 1: SyntaxError"),
    ("raise BaseExceptionGroup('two', [SystemExit(1), ValueError()])", "BaseExceptionGroup: two"),
    ("raise BrokenPipeError", "BrokenPipeError"),
    ("import typer; raise typer.Exit(1)", "Exit"),
    ("raise EOFError", "EOFError"),
    ("raise ValueError(10**6 * 'long ')", "line 1: ValueError: long long"),
    ("class M:\n    def __repr__(self): raise SystemExit(1)\nmodel = M()", "SystemExit"),
    ("class M:\n    @property\n    def __class__(self): raise SystemExit(1)\nother = M()", "no 'model'"),
    ("import sys; sys.path.clear(); model = 1", "model is 1, not a Model"),
    ("\0", "null bytes"),
    ("x = '\udcff'", "line 1: "),
]  # fmt: skip


@pytest.fixture
def file(tmp_path):
    def written(text):
        path = tmp_path / "own.py"
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        return path

    return written


@pytest.mark.parametrize(("text", "words"), RAISES)
def test_whatever_a_file_raises_is_bad_input(text, words, file):
    path, limit, handler = list(sys.path), sys.getrecursionlimit(), signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(InputError) as caught:
            model_from_file(file(text))
        assert sys.getrecursionlimit() == limit
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        sys.path[:] = path
    assert words in str(caught.value)
    assert len(str(caught.value)) < 800
    assert not isinstance(caught.value, KeyboardInterrupt)
    assert isinstance(caught.value, EntropysymError)


def test_a_model_is_found_and_others_are_named(file):
    assert isinstance(model_from_file(file(OWN)), Model)
    with pytest.raises(InputError, match=r"binds no 'other': .*it has model"):
        model_from_file(file(OWN), "other")


def test_a_file_may_drop_its_own_folder_from_the_path(file):
    path = list(sys.path)
    try:
        assert isinstance(model_from_file(file("import sys; sys.path.pop(0)\n" + OWN)), Model)
        assert sys.path == path
    finally:
        sys.path[:] = path


@pytest.mark.parametrize(
    "text",
    [
        "import time\nwhile True: time.sleep(0.01)",
        "import time\ntry:\n    while True: time.sleep(0.01)\nexcept BaseException: model = 1",
        "import time\ntry:\n    while True: time.sleep(0.01)\nexcept BaseException: raise SystemExit(1)",
        "import time\ntry:\n    while True: time.sleep(0.01)\nexcept BaseException: pass\n" + OWN,
    ],
)
def test_a_real_interrupt_is_none_of_the_files(text, file):
    def interrupt():
        time.sleep(0.3)
        _thread.interrupt_main()

    path = file(text)
    # A shell's background job inherits an ignored SIGINT: the file would never end.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        _thread.start_new_thread(interrupt, ())
        with pytest.raises(KeyboardInterrupt):
            model_from_file(path)
    finally:
        signal.signal(signal.SIGINT, before)


def test_outside_the_main_thread_there_is_nothing_to_listen_for(file):
    import threading

    found = []
    path = file(OWN)
    thread = threading.Thread(target=lambda: found.append(model_from_file(path)))
    thread.start()
    thread.join()
    assert isinstance(found[0], Model)
