"""A built playground on a server of its own, and a headless Chromium that clicks through it."""

import shutil
import subprocess
import sys
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from tests.playground.site import HERE

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
#: No sandbox, since continuous integration is root; none of the browser's own business with the network.
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)


def built(folder):
    """The playground, by its own command."""
    subprocess.run([sys.executable, HERE / "build.py", folder], check=True)
    return folder


class _Noting(SimpleHTTPRequestHandler):
    def __init__(self, *arguments, arrived, **named):
        self.arrived = arrived
        super().__init__(*arguments, **named)

    def do_GET(self):
        self.arrived.append(self.path)
        super().do_GET()

    def log_message(self, *arguments):
        pass


@contextmanager
def served(folder, arrived=None):
    """The folder's address; what is asked for is noted in the list `arrived`."""
    noted = [] if arrived is None else arrived
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(_Noting, directory=str(folder), arrived=noted)
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def chromium():
    """A headless browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()
