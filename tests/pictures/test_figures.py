"""Collapsed latents, levels of stationary points, and the page of a certificate: what they show is what was computed, and equal input gives equal bytes."""

from dataclasses import replace

import numpy as np
import pytest

import entropysym as es
from entropysym.errors import InputError, NoStationaryPointError
from entropysym.linear import (
    Inertia,
    hessian_inertia,
    max_log_likelihood,
    maximum_point,
    stationary_point,
)
from entropysym.linear.ppca import spectrum
from entropysym.networks import LinearVae
from entropysym.networks import networks as shipped
from entropysym.networks.readings import Reading
from entropysym.pictures import (
    Level,
    certificate_report,
    collapse_figure,
    landscape,
    stationary_levels,
)
from entropysym.pictures.page_of_certificate import ROWS, factors, number, verdict

RNG = np.random.default_rng(0)
DATA = RNG.normal(size=(200, 4)) @ np.diag([2.0, 1.5, 1.1, 0.6])
SUFFIXES = (".svg", ".pdf", ".png")
MAGIC = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml"}


@pytest.fixture(scope="module")
def report():
    nu = RNG.normal(size=(300, 3)) * [0.9, 0.01, 0.5]
    tau2 = np.array([0.2, 1.0, 0.7])
    mean = 0.5 * RNG.normal(size=(300, 4))
    return es.entropies(RNG.normal(size=(300, 4)), nu, tau2, mean=mean, sigma2=1.25)


@pytest.fixture(scope="module")
def certificate():
    point = maximum_point(DATA, 2)
    logs = {"log_sigma": np.log(point["sigma"]), "log_tau": np.log(point["tau"])}
    vae = LinearVae(**{k: point[k] for k in ("W", "b", "V", "c")}, **logs)
    return es.certify(shipped.outputs, vae, DATA, es.gauss_hermite(2, 4))


def _bytes_twice(draw, tmp_path, suffix):
    made = []
    for name in ("one", "other"):
        path = draw(tmp_path / f"{name}{suffix}")
        assert path == tmp_path / f"{name}{suffix}"
        made.append(path.read_bytes())
    return made


@pytest.mark.some(1)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_collapse_figure_is_the_same_twice(report, tmp_path, suffix):
    one, other = _bytes_twice(lambda path: collapse_figure(report, path), tmp_path, suffix)
    assert one == other
    assert one.startswith(MAGIC[suffix])


def test_another_report_gives_another_figure(report, tmp_path):
    one = collapse_figure(report, tmp_path / "one.png").read_bytes()
    less = replace(report, collapsed_below=0.5)
    assert collapse_figure(less, tmp_path / "other.png").read_bytes() != one


def test_the_collapse_figure_shows_the_table(report, tmp_path, monkeypatch):
    """What is in the axes, before it is written."""
    from entropysym.pictures import collapse

    kept = []
    monkeypatch.setattr(collapse, "write", lambda figure, path: kept.append(figure))
    collapse_figure(report, tmp_path / "x.png", title="$mine")
    (figure,) = kept
    left = figure.axes[0]
    order = [int(t.get_text()) for t in left.get_yticklabels()]
    assert order == list(np.argsort(-report.latents.kl))
    dots = np.concatenate([line.get_xdata() for line in left.lines if line.get_marker() == "o"])
    assert sorted(dots) == sorted(report.latents.kl)
    words = figure.get_suptitle()
    assert words.startswith("$mine\n")
    assert report.table().splitlines()[-1] in words


@pytest.mark.slow
def test_an_axis_is_not_one_of_rounding_errors(report, tmp_path, monkeypatch):
    """Where every latent is stationary, the ratios are 1 up to rounding."""
    drawn = []
    monkeypatch.setattr(
        "entropysym.pictures.collapse.write", lambda figure, _: drawn.append(figure)
    )
    ones = 1 + 1e-13 * np.arange(len(report.latents.moment))
    collapse_figure(
        replace(report, latents=replace(report.latents, moment=ones)), tmp_path / "x.png"
    )
    axis = drawn[0].axes[2]
    low, high = axis.get_xlim()
    assert high - low > 0.05
    assert not axis.xaxis.get_major_formatter().get_useOffset()


def test_very_many_latents_fit(tmp_path):
    H = 300
    x = RNG.normal(size=(20, 2))
    r = es.entropies(x, RNG.normal(size=(20, H)), np.ones(H), mean=x * 0.5, sigma2=1.0)
    assert collapse_figure(r, tmp_path / "x.png").stat().st_size > 10_000


def test_a_collapse_figure_refuses(report, tmp_path):
    with pytest.raises(InputError, match=r"pass what entropysym\.entropies"):
        collapse_figure(3, tmp_path / "x.png")  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match=r"let it end with \.png, \.pdf, \.svg"):
        collapse_figure(report, tmp_path / "x.gif")
    broken = replace(report, latents=replace(report.latents, kl=np.array([np.nan, 1.0, 2.0])))
    with pytest.raises(InputError, match="not finite"):
        collapse_figure(broken, tmp_path / "x.png")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def found():
    """Levels as they are drawn, with curvatures that nobody has computed."""
    sets = {(0, 1): 0, (0, 2): 1, (0,): 2, (1,): 2, (): 4}
    points = [(stationary_point(DATA, 2, active), up) for active, up in sets.items()]
    return tuple(Level(p, Inertia(up, 21 - up, 0), p.elbo) for p, up in points)


@pytest.mark.slow
def test_levels_are_the_stationary_points(found):
    drawn, found = found, stationary_levels(DATA, 2)
    assert [level.point.active for level in drawn] == [level.point.active for level in found]
    values, _ = spectrum(DATA)
    active = {level.point.active for level in found}
    assert {(), (0,), (0, 1)} <= active
    assert (3,) not in active  # its eigenvalue is below the mean of the others
    with pytest.raises(InputError, match="below the mean"):
        stationary_point(DATA, 2, (3,))
    for level in found:
        assert level.elbo == pytest.approx(level.point.entropy_sum, abs=1e-12)
        assert level.elbo == pytest.approx(level.point.elbo, abs=1e-12)
        assert level.inertia == hessian_inertia(DATA, level.point.parameters)
    assert values[0] > values[1]
    best = found[0]
    assert best.point.active == (0, 1)
    assert best.elbo == pytest.approx(max_log_likelihood(DATA, 2))
    assert best.kind == "maximum"
    assert all(f"saddle, {level.inertia.positive} up" == level.kind for level in found[1:])
    assert found[-1].point.active == ()


def test_the_elbo_of_a_level_is_evaluated():
    """At parameters that are no stationary point it is not the entropy sum."""
    from entropysym.pictures.levels import _elbo

    point = stationary_point(DATA, 2)
    moved = dict(point.parameters) | {"sigma": 1.2 * point.parameters["sigma"]}
    assert _elbo(DATA, moved) < point.elbo - 1e-3


@pytest.mark.some(1)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_landscape_is_the_same_twice(tmp_path, suffix, monkeypatch, found):
    from entropysym.pictures import levels

    monkeypatch.setattr(levels, "stationary_levels", lambda x, H: found)
    one, other = _bytes_twice(lambda path: landscape(DATA, 2, path), tmp_path, suffix)
    assert one == other
    assert one.startswith(MAGIC[suffix])


def test_a_landscape_shows_every_level(tmp_path, monkeypatch, found):
    from entropysym.pictures import levels

    kept = []
    monkeypatch.setattr(levels, "write", lambda figure, path: kept.append(figure))
    monkeypatch.setattr(levels, "stationary_levels", lambda x, H: found)
    landscape(DATA, 2, tmp_path / "x.png")
    (axes,) = kept[0].axes
    words = {text.get_text() for text in axes.texts}
    assert "{1, 2}\nmaximum" in words
    assert len(words) == len(found)
    rings = [line.get_ydata()[0] for line in axes.lines if line.get_marker() == "o"]
    assert sorted(rings) == sorted(level.point.entropy_sum for level in found)


def test_a_landscape_refuses(tmp_path):
    wide = RNG.normal(size=(50, 12))
    with pytest.raises(InputError, match=r"12 dimensions with up to 4 latents have \d+ sets"):
        landscape(wide, 4, tmp_path / "x.png")
    with pytest.raises(InputError, match="the number of latents is 0"):
        landscape(DATA, 0, tmp_path / "x.png")
    flat = np.zeros((10, 3))
    flat[:, 0] = np.arange(10)
    with pytest.raises(NoStationaryPointError):
        landscape(flat, 1, tmp_path / "x.png")
    with pytest.raises(InputError, match="path is"):
        landscape(DATA, 2, tmp_path / "x")


@pytest.mark.some(1)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_page_is_the_same_twice(certificate, tmp_path, suffix):
    one, other = _bytes_twice(lambda path: certificate_report(certificate, path), tmp_path, suffix)
    assert one == other
    assert one.startswith(MAGIC[suffix])


def _words(figure):
    return [text.get_text() for text in figure.texts]


@pytest.fixture
def page(monkeypatch, tmp_path):
    """The figure of a page, and everything on it that lies outside of the paper or on other words."""
    from entropysym.pictures import page_of_certificate as module

    def made(certificate, **how):
        kept = []
        monkeypatch.setattr(module, "write", lambda figure, path: kept.append(figure))
        certificate_report(certificate, tmp_path / "x.png", **how)
        return kept[0]

    return made


def clashes(figure):
    """Words that leave the page or lie on other words."""
    renderer = figure.canvas.get_renderer()
    figure.draw_without_rendering()
    boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in figure.texts]
    wide, tall = figure.bbox.width, figure.bbox.height
    found = [w for w, b in boxes if b.x0 < 0 or b.y0 < 0 or b.x1 > wide or b.y1 > tall]
    for k, (words, box) in enumerate(boxes):
        for other, its in boxes[:k]:
            if box.x0 < its.x1 and its.x0 < box.x1 and box.y0 + 1 < its.y1 and its.y0 + 1 < box.y1:
                found.append(f"{words} on {other}")
    return found


def test_a_page_says_what_the_certificate_says(certificate, page):
    figure = page(certificate, title="My VAE")
    words = _words(figure)
    assert words[0] == "My VAE"
    assert certificate.reading.value.partition(":")[0] in words
    for name, gap in certificate.gaps.items():
        assert name in words
        assert number(gap) in words
    assert number(certificate.gradient_norm) in words
    assert "{} / {} / {}".format(*certificate.inertia) in words
    assert clashes(figure) == []
    figure.text(0.09, 0.955, "on the title")
    assert clashes(figure) != []


def test_a_page_with_many_factors_and_long_words(certificate, page):
    many = {f"a_factor_with_a_long_name_{k}": float(k) for k in range(30)}
    crowded = replace(
        certificate,
        entropies=many,
        gaps=many,
        slopes=many,
        missing={},
        message="a reason " * 100,
        motion=tuple(f"layer_{k} × 0.5" for k in range(200)),
        reading=Reading.CLAMPED,
        quadrature_error=1e-3,
    )
    assert len(factors(crowded)) == ROWS
    assert sum(row.gap for row in factors(crowded)) == sum(many.values())
    assert clashes(page(crowded)) == []


def test_a_page_of_what_is_not_finite(certificate, page):
    nan = float("nan")
    broken = replace(
        certificate, elbo=nan, gap=nan, predicted=nan, gaps=dict.fromkeys(certificate.gaps, nan)
    )
    assert "nan" in _words(page(broken))


def test_the_verdict_in_words(certificate):
    assert "the one that the gradient predicts" in verdict(certificate)
    off = replace(certificate, residual=100.0)
    assert "not the one" in verdict(off)
    unknown = replace(certificate, missing={"decoder": 0.5})
    assert "not predicted" in verdict(unknown)


def test_a_page_refuses(certificate, tmp_path):
    with pytest.raises(InputError, match=r"pass what entropysym\.certify"):
        certificate_report("c", tmp_path / "x.pdf")  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match="path is"):
        certificate_report(certificate, tmp_path / "x.docx")
