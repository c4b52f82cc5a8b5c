"""The playground as a visitor uses it, in a real browser: load, derive, change, be refused, err, stop, copy."""

import json
import shutil
import time
from contextlib import suppress

import psutil
import pytest

import entropysym as es
from tests.playground.browser import CHROMIUM, built, chromium, served
from tests.playground.site import EXAMPLES, HERE, example

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (CHROMIUM and shutil.which("npm")), reason="no Chromium or npm here"),
]

#: Seconds that an answer may take, the first with all that has to be loaded.
FIRST, LATER = 20, 5
#: How many times as long it may take on a machine that does other things as well.
BUSY = 3
VAE = example("proved", "vae")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with served(built(tmp_path_factory.mktemp("site") / "playground")) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


class Stopwatch:
    """Seconds that passed or, where others use the processors as well, those for which the busiest thread of each of the browser's processes ran."""

    def __init__(self):
        self.start, self.used = time.monotonic(), _seconds_by_thread()

    def seconds(self):
        busiest = {}
        for (process, thread), used in _seconds_by_thread().items():
            more = used - self.used.get((process, thread), 0.0)
            busiest[process] = max(busiest.get(process, 0.0), more)
        return min(time.monotonic() - self.start, sum(busiest.values()))


def _seconds_by_thread():
    found = {}
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            found |= {(process.pid, t.id): t.user_time + t.system_time for t in process.threads()}
    return found


class Visit:
    """A page with what it asked for, and what it complained about."""

    def __init__(self, browser, address, **context):
        self.context = browser.new_context(
            permissions=["clipboard-read", "clipboard-write"], **context
        )
        self.page = self.context.new_page()
        self.asked, self.complaints = [], []
        self.context.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda line: self.complaints.append(line.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(address)

    def write(self, text):
        self.page.click(".cm-content")
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)

    def derive(self, seconds=60):
        """The kind of the answer, and the seconds it took."""
        stopwatch = Stopwatch()
        self.page.click("#derive")
        self.page.wait_for_selector("#derive:not([disabled])", timeout=1000 * seconds)
        return self.page.get_attribute("#verdict", "class"), stopwatch.seconds()

    def said(self, selector="#status"):
        return self.page.inner_text(selector)


@pytest.fixture(scope="module")
def visit(browser, site):
    """One visit whose Python is loaded."""
    visit = Visit(browser, site)
    visit.page.wait_for_selector("text=Ready.", timeout=120_000)
    yield visit
    assert visit.complaints == []
    assert {
        url.partition("://")[2].partition("/")[0]
        for url in visit.asked
        if not url.startswith("blob:")
    } == {site.split("/")[2]}


def test_load_derive_fix_the_variance_be_refused_and_copy(browser, site):
    stopwatch = Stopwatch()
    visit = Visit(browser, site)
    page = visit.page
    kind, _ = visit.derive(120)
    first = stopwatch.seconds()
    print(f"first answer after {first:.1f} s")
    assert kind == "proved"
    assert page.locator("#answered h3").all_inner_texts()[:3] == ["Result", "Model", "Derivation"]
    assert page.locator("#answered math").count() > 50
    page.click("text=Copy LaTeX")
    page.wait_for_selector("text=LaTeX copied.")
    assert page.evaluate("() => navigator.clipboard.readText()").startswith("\\documentclass")
    page.click("text=Copy JSON")
    page.wait_for_selector("text=JSON copied.")
    stored = page.evaluate("() => navigator.clipboard.readText()")
    assert es.replay(stored).value.name == "PROVED"
    page.click("text=Copy Coq")
    page.wait_for_selector("text=Coq copied.")
    assert "Theorem vae_theorem :" in page.evaluate("() => navigator.clipboard.readText()")

    page.locator(".cm-line", has_text='sigma2 = w.learned("sigma2"').click()
    page.keyboard.press("Home")
    for key, times in (("ArrowRight", len("sigma2 = w.")), ("Shift+ArrowRight", len("learned"))):
        for _ in range(times):
            page.keyboard.press(key)
    page.keyboard.type("fixed")
    kind, seconds = visit.derive()
    print(f"a later answer after {seconds:.1f} s")
    assert kind == "refuted"
    assert "sigma2 being fixed" in visit.said("#answer .reason")
    with page.expect_download() as download:
        page.click("text=Save JSON")
    assert download.value.suggested_filename == "vae.json"
    stored = download.value.path().read_text(encoding="utf-8")
    assert es.replay(stored).value.name == "REFUTED"
    assert visit.complaints == []
    assert first <= BUSY * FIRST
    assert seconds <= BUSY * LATER


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.py")), ids=lambda p: p.stem)
def test_the_gallery(visit, path):
    visit.page.select_option("#examples", path.stem)
    kind, seconds = visit.derive()
    print(f"{path.stem}: {seconds:.1f} s")
    assert kind in {"proved": {"proved"}, "refused": {"refuted", "undecided"}}[path.parent.name]
    assert seconds <= BUSY * LATER
    assert "not installed" not in visit.said("#answer")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (VAE.replace("alpha2)", "alpha3)"), 14, "name 'alpha3' is not defined"),
        (VAE.replace("reads=w.z)", "reads=w.x_n)"), 12, "must not see x"),
        (VAE + "print((\n", 21, "never closed"),
        ("def f():\n    return f()\nmodel = f()\n", 2, "RecursionError"),
        ("import sys\nsys.exit(0)\n", 2, "SystemExit"),
        ("import torch\n", 1, "No module named 'torch'"),
    ],
    ids=["name", "range", "syntax", "recursion", "exit", "torch"],
)
def test_a_mistake_stands_below_its_line(visit, text, line, said):
    visit.write(text)
    kind, _ = visit.derive()
    assert kind == "waiting"
    assert said in visit.said(".mistake")
    shown = visit.page.locator(".mistake").evaluate(
        "mistake => mistake.previousElementSibling.textContent"
    )
    assert shown == text.splitlines()[line - 1]
    assert f"Line {line}: " in visit.page.text_content("#mistake")
    visit.page.keyboard.insert_text(" ")  # what is changed is no longer said to be wrong
    assert visit.page.locator(".mistake").count() == 0


@pytest.mark.parametrize(
    "text",
    [
        "while True:\n    pass\n",
        "while True:\n    print(1)\n",
        "x = [0]\nwhile True:\n    x += x[:1000000]\n",
    ],
)
def test_a_model_without_end_freezes_nothing_and_is_stopped(browser, site, text):
    visit = Visit(browser, site)
    visit.page.wait_for_selector("text=Ready.", timeout=120_000)
    visit.write(text)
    visit.page.click("#derive")
    visit.page.wait_for_selector("text=Reading the model", timeout=5000)
    time.sleep(1)
    start = time.monotonic()
    visit.page.select_option("#examples", "vae")
    assert "VAE with learned variances" in visit.said(".cm-content")
    visit.page.click("#stop")
    assert time.monotonic() - start < BUSY * LATER
    assert visit.said().startswith("Stopped.")
    assert visit.derive(120)[0] == "proved"
    assert visit.complaints == []


def test_a_link_carries_the_model_and_does_not_run_it(browser, site, visit):
    visit.write(VAE + "# ünï ✓\n")
    visit.page.click("#link")
    visit.page.wait_for_selector("text=The link copied.")
    link = visit.page.evaluate("() => navigator.clipboard.readText()")
    assert link == visit.page.url
    assert link.startswith(f"{site}#model=")
    other = Visit(browser, link)
    other.page.wait_for_selector("text=Ready.", timeout=120_000)
    assert "# ünï ✓" in other.said(".cm-content")
    assert other.said("#verdict") == "No answer yet"
    broken = Visit(browser, f"{site}#model=AAAA")
    broken.page.wait_for_selector("text=The link holds no model")


@pytest.mark.parametrize("kept", [True, False])
def test_the_model_reaches_no_other_site(browser, site, tmp_path, kept):
    """With the page's policy nothing arrives; without it, it would."""
    arrived = []
    with served(tmp_path, arrived) as elsewhere:
        visit = Visit(browser, site, bypass_csp=not kept)
        visit.page.wait_for_selector("text=Ready.", timeout=120_000)
        visit.write(f'from js import fetch\nfetch("{elsewhere}secret")\n{VAE}')
        assert visit.derive()[0] == "proved"
        visit.page.wait_for_timeout(1000)
    assert arrived == ([] if kept else ["/secret"])


def test_the_keyboard_is_enough(browser, site):
    visit = Visit(browser, site)
    page = visit.page
    page.wait_for_selector("text=Ready.", timeout=120_000)
    reached = []
    for _ in range(8):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("() => document.activeElement.id || document.activeElement.className")
        )
    assert reached[0] == "skip"
    assert reached[1] == "examples"
    assert reached[2].startswith("cm-content")
    assert reached[3:5] == ["derive", "link"]  # the stop button has nothing to stop
    page.focus(".cm-content")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#verdict.proved", timeout=60_000)
    assert page.evaluate("() => document.activeElement.id") == "answer"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_accessible_and_no_wider_than_the_screen(browser, site, width, scheme):
    axe = (HERE / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
    visit = Visit(
        browser,
        site,
        viewport={"width": width, "height": 844},
        color_scheme=scheme,
        bypass_csp=True,
    )
    page = visit.page
    page.wait_for_selector("text=Ready.", timeout=120_000)
    page.evaluate(axe)

    def faults():
        found = page.evaluate("() => axe.run()")
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
        return [(v["id"], [n["html"][:200] for n in v["nodes"]]) for v in found["violations"]]

    assert faults() == []
    for name in ("vae", "fixed_variance"):
        page.select_option("#examples", name)
        visit.derive()
        assert faults() == [], name
    visit.write("model = 1\n")
    visit.derive()
    assert faults() == []
    page.evaluate(
        "() => document.getElementById('stop').removeAttribute('type') || (document.getElementById('examples').labels[0].outerHTML = '<select id=examples></select>')"
    )
    assert "select-name" in json.dumps(faults())  # it finds what is wrong
