"""The training figure is drawn, refuses what cannot be drawn, and leaves no global state behind."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from entropysym.errors import InputError
from entropysym.pages import figure, training_figure
from entropysym.pages.figure import settled_limits


def _history(length=60):
    return [
        SimpleNamespace(
            iteration=10 * i, elbo=-12 - 200 * 0.7**i, entropy_sum=-12 - 200 * 0.7**i + 50 * 0.8**i
        )
        for i in range(length)
    ]


def test_without_matplotlib_one_line_says_what_to_install(tmp_path, monkeypatch):
    assert figure.can_draw()
    monkeypatch.setattr(figure, "find_spec", lambda name: None)
    for draw in (
        lambda: training_figure(_history(), "", tmp_path / "run.png"),
        lambda: figure.canvas(1, 1),
    ):
        with pytest.raises(
            InputError, match=r"install it with pip install 'entropysym\[figures\]'"
        ):
            draw()
    assert list(tmp_path.iterdir()) == []


def test_figure_is_written_as_png_and_pdf(tmp_path):
    history = _history()
    gaps = [r.elbo - r.entropy_sum for r in history]
    png, pdf = training_figure(history, "50 % of $x_1", tmp_path / "run.png", predicted_gap=gaps)
    assert png.read_bytes().startswith(b"\x89PNG")
    assert pdf.read_bytes().startswith(b"%PDF")


def test_limits_cut_the_plunge_and_keep_the_meeting():
    np = pytest.importorskip("numpy")
    history = _history()
    elbo, entropies = (np.array([getattr(r, a) for r in history]) for a in ("elbo", "entropy_sum"))
    low, high = settled_limits(elbo, entropies)
    assert low > elbo.min()
    assert low < elbo[-1] < high
    assert low < entropies[-1] < high


def test_an_exact_meeting_is_drawn(tmp_path):
    flat = [SimpleNamespace(iteration=i, elbo=-1.0, entropy_sum=-1.0) for i in range(3)]
    training_figure(flat, "flat", tmp_path / "flat.png")


@pytest.mark.parametrize(
    ("history", "gaps", "message"),
    [
        (_history(1), None, "at least two"),
        (
            [*_history(3), SimpleNamespace(iteration=9, elbo=float("nan"), entropy_sum=0.0)],
            None,
            "not finite",
        ),
        (_history(3), [0.0], "1 predicted gaps for 3"),
    ],
)
def test_what_cannot_be_drawn_is_refused(history, gaps, message, tmp_path):
    with pytest.raises(InputError, match=message):
        training_figure(history, "t", tmp_path / "f.png", predicted_gap=gaps)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_importing_render_loads_no_plotting():
    code = "import sys, entropysym.pages; print(sorted({'matplotlib', 'jax', 'numpy'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
