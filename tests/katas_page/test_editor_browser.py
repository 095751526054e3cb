"""`katas serve` in a real browser: what helps to read, to type and to print."""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import workshop
from tests.browser import becomes, violations, visits
from tests.katas_page.test_serve_browser import EDITOR, HEADLINE, SAVED, keys, opened, press, shows, typed
from tests.serving import Server, serving
from tests.workshop import SOLUTION, STUB, write

pytestmark = [pytest.mark.deep, pytest.mark.timeout(600)]

SESSION = "    >>> x = 20\n    >>> x + 1\n    21\n"
NEXT = "    >>> x + 2\n    22\n"
PLAIN = "    W = [[1.0, 0.0],\n         [0.5, 1.0]]\n"
IMPORTS = "    from math import floor\n    print(floor(7.5))\n"
README = (
    f"# Twice\n\nDrag these words.\n\n{SESSION}\nand\n\n{NEXT}\nand\n\n{PLAIN}\nand\n\n{IMPORTS}\n"
    + 60 * "Read on.\n\n"
)
COLUMNS = """(content) => {
    const probe = document.createElement("span");
    probe.textContent = "0".repeat(100);
    probe.style.cssText = "position: absolute; white-space: pre";
    content.append(probe);
    const column = probe.getBoundingClientRect().width / 100;
    const { paddingLeft, paddingRight } = getComputedStyle(content.querySelector(".cm-line"));
    probe.remove();
    return Math.floor((content.clientWidth - 6 - parseFloat(paddingRight)) / column);
}"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return workshop.write_clone(tmp_path_factory.mktemp("typed") / "katas", ["alpha", "beta"], README)


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Any]]:
    with visits(browser) as visit:
        yield visit


@pytest.fixture
def page(visit: Callable[..., Any], server: Server, root: Path) -> Any:
    write(root / "katas/alpha/twice.py", STUB)
    page = visit(server)
    page.wait_for_selector(".katas li")
    opened(page, "alpha")
    return page


def text(root: Path) -> str:
    return (root / "katas/alpha/twice.py").read_text(encoding="utf-8")


def scrolled(page: Any) -> float:
    return float(page.locator(".pane.read").evaluate("pane => pane.scrollTop"))


def test_a_line_of_the_editor_has_seventy_columns(visit: Callable[..., Any], real: Server) -> None:
    page = visit(real)
    page.wait_for_selector(".katas li")
    opened(page, "exercise01")
    assert page.locator(EDITOR).first.evaluate(COLUMNS) >= 70
    signature = page.locator(".cm-line", has_text="def affine")
    assert signature.bounding_box()["height"] < 25


def test_brackets_and_quotes_close_and_names_are_offered(page: Any, root: Path) -> None:
    typed(page, "import numpy as np\n\n\n", save=False)
    page.keyboard.type("def twice(value_of_x):")
    keys(page, "Enter")
    page.keyboard.type('print(["')
    shows(page, ".cm-line", 'print([""])')
    keys(page, "Control+z")
    typed(page, "import numpy as np\n\n\ndef twice(value_of_x):\n    return ", save=False)
    page.keyboard.type("np.mea")
    shows(page, ".cm-completionLabel", "mean")
    keys(page, "Tab")
    page.keyboard.type("(valu")
    shows(page, ".cm-completionLabel", "value_of_x")
    assert violations(page) == []
    keys(page, "ArrowDown", "Enter", "End", "Enter")
    page.keyboard.type("# val")
    page.wait_for_timeout(500)
    assert page.locator(".cm-completionLabel").count() == 0
    keys(page, "Control+s")
    becomes(lambda: text(root).split("\n")[4:], ["    return np.mean(value_of_x)", "    # val"])


def test_enter_begins_a_line_although_names_are_offered(page: Any, root: Path) -> None:
    typed(page, "values = 2\nval = 1\n", save=False)
    page.keyboard.type("val")
    shows(page, ".cm-completionLabel", "values")
    keys(page, "Enter")
    page.keyboard.type("4")
    keys(page, "Control+s")
    becomes(lambda: text(root), "values = 2\nval = 1\nval\n4")


def test_a_key_leads_to_the_next_function(page: Any) -> None:
    typed(page, SOLUTION, save=False)
    keys(page, "Control+Home", "F8")
    line = page.locator(".cm-activeLine").first
    functions = [each for each in SOLUTION.split("\n") if each.startswith("def ")]
    assert line.inner_text() == functions[0]
    keys(page, "F8")
    assert line.inner_text() == functions[1]
    keys(page, "F8")
    assert line.inner_text() == functions[1]
    keys(page, "Shift+F8")
    assert line.inner_text() == functions[0]


def test_the_size_of_code_is_chosen_and_kept(page: Any) -> None:
    def height() -> float:
        return float(page.locator(".cm-line").first.bounding_box()["height"])

    usual = height()
    for _ in range(3):
        page.get_by_role("button", name="Larger code").click()
    becomes(lambda: height() > usual + 3, True)
    chosen = height()
    page.reload()
    page.wait_for_selector(EDITOR)
    assert height() == chosen
    for _ in range(5):
        page.get_by_role("button", name="Smaller code").click()
    becomes(lambda: height() < usual, True)


@pytest.mark.parametrize("width", [390, 1280])
def test_the_place_in_a_readme_is_kept_for_each_kata(visit: Callable[..., Any], server: Server, width: int) -> None:
    page = visit(server, width)
    page.wait_for_selector(".katas li")
    page.goto(page.url.partition("#")[0] + "#/alpha")
    page.locator(".prose h1").wait_for()
    page.locator(".pane.read").evaluate("pane => (pane.scrollTop = 700)")
    page.wait_for_timeout(500)
    page.reload()
    page.locator(".prose h1").wait_for(state="attached")
    becomes(lambda: abs(scrolled(page) - 700) < 2, True)
    page.goto(page.url.partition("#")[0] + "#/beta")
    page.locator(".pane.read").wait_for()
    becomes(lambda: scrolled(page), 0)


def test_the_page_has_an_icon(page: Any) -> None:
    size = """async () => {
        const image = new Image();
        image.src = document.querySelector("link[rel=icon]").href;
        await image.decode();
        return image.naturalWidth;
    }"""
    assert page.evaluate(size) > 0


def test_a_readme_and_the_files_are_printed_whole(page: Any) -> None:
    long = "\n".join(f"line_{number} = {number}" for number in range(400))
    typed(page, long)
    shows(page, ".state", SAVED)
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf())) > 5
    page.emulate_media(media="print", color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".paper h2").all_inner_texts() == ["twice.py"]
    assert page.locator(".paper pre").inner_text() == long
    assert page.locator(".prose").is_visible()
    for gone in ("header", ".pane.result", ".files", ".tabs", ".tip"):
        assert not page.locator(gone).first.is_visible(), gone
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_text_that_is_dropped_waits_for_a_key(page: Any, root: Path) -> None:
    shows(page, HEADLINE, "not started")
    words = page.locator(".prose p", has_text="Drag these words.")
    words.evaluate("words => getSelection().setBaseAndExtent(words.firstChild, 0, words.firstChild, 4)")
    start = words.bounding_box()
    target = page.locator(".cm-line", has_text="raise").first.bounding_box()
    page.mouse.move(start["x"] + 10, start["y"] + 10)
    page.mouse.down()
    for x in (40, 200, target["x"] + 8):
        page.mouse.move(x, target["y"] + 8, steps=3)
    page.mouse.up()
    shows(page, EDITOR, "Drag")
    shows(page, ".state", "press a key to keep what you dropped")
    page.wait_for_timeout(1000)
    assert text(root) == STUB
    assert "Drag these words." in page.locator(".prose").inner_text()
    page.locator(EDITOR).first.focus()
    keys(page, "Control+z")
    shows(page, ".state", SAVED)
    assert text(root) == STUB
    keys(page, "Control+y", "ArrowLeft")
    becomes(lambda: text(root).count("Drag"), 1)


def test_text_survives_a_dead_server_and_a_reload(visit: Callable[..., Any], root: Path, tmp_path: Path) -> None:
    own = tmp_path / "katas"
    shutil.copytree(root, own)
    write(own / "katas/alpha/twice.py", STUB)
    progress = tmp_path / "progress.sqlite"
    with serving(own, progress=progress) as first:
        page = visit(first)
        page.wait_for_selector(".katas li")
        opened(page, "alpha")
        shows(page, HEADLINE, "not started")
        first.end(signal.SIGKILL)
        typed(page, SOLUTION)
        shows(page, ".state", "not saved")
        page.on("dialog", lambda dialog: dialog.accept())
        with serving(own, "--port", str(first.port), progress=progress):
            page.context.set_offline(True)  # so that the page that is open doesn't save it first
            assert text(own) == STUB
            page.evaluate("setTimeout(() => location.reload(), 300)")
            page.context.set_offline(False)
            shows(page, HEADLINE, "passed")
            assert text(own) == SOLUTION


def test_the_code_of_a_readme_is_run_in_try(page: Any) -> None:
    runs = page.locator(".prose .copying button", has_text="Run")
    assert runs.count() == 3  # two sessions, and a program that imports
    runs.nth(1).click()
    shows(page, ".tried pre", "22")
    lines = page.get_by_role("textbox", name="Text of the lines to try")
    assert lines.inner_text().split("\n")[:2] == ["x = 20", "print(x + 2)"]
    runs.nth(2).click()
    shows(page, ".tried pre", "7")
    assert "floor" in lines.inner_text()
    assert "x = 20" not in lines.inner_text()  # unchanged lines are replaced
    typed(page, "mine = 3\n", save=False, place=lines)
    runs.first.click()
    shows(page, ".tried pre", "21")
    assert lines.inner_text().startswith("mine = 3")
    press(page, "Start again")
