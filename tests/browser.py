"""A real, headless Chromium for tests of pages with scripts, and the rules of accessibility that axe checks."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

import pytest

from tests.serving import Server

PATIENCE_MS = 120_000
AXE = "axe-core@4.10.3"
CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)


def missing(said: str) -> NoReturn:
    """Skip the test, or fail it where a browser is required, as in CI."""
    if os.environ.get("KATAS_BROWSER") == "required":
        pytest.fail(said)
    pytest.skip(said)


def answer_of(script: str, given: object) -> Any:
    """Return what a script, run by node, makes of `given`: both are JSON, on its standard input and output."""
    node = shutil.which("node")
    if node is None:
        missing("node is needed to run the pages' scripts")
    done = subprocess.run(
        [node, "--input-type=module", "-e", script],
        input=json.dumps(given), capture_output=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def becomes(value: Callable[[], object], wanted: object) -> None:
    """Wait until a function returns a value. (The pages' policy forbids playwright's own wait_for_function to poll.)"""
    ends = time.monotonic() + PATIENCE_MS / 1000
    while value() != wanted and time.monotonic() < ends:
        time.sleep(0.05)
    assert value() == wanted


@contextmanager
def chromium() -> Iterator[Any]:
    """Yield a playwright browser."""
    if not CHROMIUM:
        missing("chromium is needed to look at the pages")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright is needed to use the pages")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def visits(browser: Any) -> Iterator[Callable[..., Any]]:
    """Yield visit(server, …), which returns a page that has the server's secret. No page may have had a fault.

    If the test fails, its report has what the pages showed in the end, and the requests that failed.
    """
    contexts, faults = [], []

    def visit(server: Server, width: int = 1280, height: int = 800, **how: Any) -> Any:
        contexts.append(browser.new_context(viewport={"width": width, "height": height}, **how))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.wait_for_function = None  # see becomes
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.on("requestfailed", lambda request: print(request.method, request.url, request.failure))
        page.on("response", lambda answer: answer.ok or print(answer.request.method, answer.url, answer.status))
        page.goto(f"http://{server.host}/?token={server.token}")
        return page

    yield visit
    for context in contexts:
        print(*(page.evaluate("document.body?.innerText") for page in context.pages), sep="\n\n")
        context.close()
    assert faults == []


@functools.cache
def axe() -> str:
    """Return the source of axe."""
    if not shutil.which("npm"):
        missing("npm is needed to fetch axe")
    with TemporaryDirectory() as folder:
        fetched = subprocess.run(
            ["npm", "pack", "--silent", AXE], cwd=folder, capture_output=True, text=True, check=False
        )
        if fetched.returncode:
            missing(f"npm could not fetch {AXE}: {fetched.stderr[-200:]}")
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as archive:
            member = archive.extractfile("package/axe.min.js")
            assert member is not None
            return member.read().decode()


def violations(page: Any) -> list[str]:
    """Return the violations of the rules of accessibility on a page, as text."""
    page.evaluate(axe())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert found["passes"], "axe looked at nothing"
    return [f"{each['id']}: {' | '.join(node['html'] for node in each['nodes'])}" for each in found["violations"]]
