"""`katas serve` in a real browser: solve a kata by typing, with trouble on the way, at every width."""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graders.web.server import address_of, opening_page
from katas_practice import practice
from tests import milestone_course, workshop
from tests.browser import PATIENCE_MS, becomes, violations, visits
from tests.cli.test_show import DRAWING
from tests.learner.test_learning import README
from tests.milestone_course import write_files
from tests.serving import Server, serving
from tests.workshop import ADDED, HALF, SOLUTION, STUB, SUMMED, edit, write

pytestmark = [pytest.mark.deep, pytest.mark.timeout(600)]

ENDLESS = "def twice(x):\n    while True:\n        pass\n\n" + HALF
EDITOR = ".cm-content"
HEADLINE = ".headline"
SAVED = re.compile(r"^saved$")


@pytest.fixture
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return a repository with two small katas, or with a milestone in which the learner has finished everything."""
    if getattr(request, "param", "") == "milestone":
        return write_files(milestone_course.write_course(tmp_path / "course"), milestone_course.WHOLE)
    root = workshop.write_clone(tmp_path / "katas", ["alpha", "beta"], README)
    write(root / "solutions" / "alpha" / "after.md", "# After Twice\n\n## Why it works\n\nIt adds $x$ to itself.\n")
    return root


@pytest.fixture
def server(root: Path, tmp_path: Path) -> Iterator[Server]:
    with serving(root, progress=tmp_path / "progress.sqlite") as server:
        yield server


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Any]]:
    with visits(browser) as visit:
        yield visit


@pytest.fixture
def page(visit: Callable[..., Any], server: Server) -> Any:
    return visit(server, permissions=["clipboard-read", "clipboard-write"])


def opened(page: Any, slug: str) -> None:
    page.goto(page.url.partition("#")[0] + f"#/{slug}")
    page.wait_for_selector(EDITOR)


def typed(page: Any, text: str, *, save: bool = True, place: Any = None) -> None:
    """Replace the editor's text by typing. The editor indents by itself, so the text arrives in one piece."""
    (place or page.locator(EDITOR).first).click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)
    if save:
        page.keyboard.press("Control+s")


def keys(page: Any, *names: str) -> None:
    for name in names:
        page.keyboard.press(name)


def press(page: Any, *buttons: str) -> None:
    for name in buttons:
        page.get_by_role("button", name=name).click()


def shows(page: Any, selector: str, text: str | re.Pattern[str]) -> None:
    page.locator(selector, has_text=text).first.wait_for()


def bottom(element: Any) -> float:
    box = element.bounding_box()
    return float(box["y"] + box["height"])


def test_the_start_page_shows_the_way_and_what_it_leads_to(
    visit: Callable[..., Any], server: Server, root: Path
) -> None:
    edit(root / "katas/alpha/kata.toml", 'title = "Twice"', 'title = "Twice"\nadds = "the doubling of a signal"')
    page = visit(server, reduced_motion="reduce")
    stops = page.locator("ol.way > li")
    stops.first.wait_for()
    assert stops.count() == 2
    assert "the doubling of a signal" in stops.first.inner_text()
    assert stops.first.get_attribute("aria-current") == "step"
    trailer = page.locator("details.trailer")
    assert trailer.get_attribute("open") is not None
    assert page.locator(".digits img").count() == 12
    assert page.locator(".lines-written li").last.evaluate("each => getComputedStyle(each).opacity") == "1"
    opened(page, "alpha")
    page.get_by_role("link", name="Katas").click()
    stops.first.wait_for()
    assert trailer.get_attribute("open") is None
    page.reload()
    stops.first.wait_for()
    assert trailer.get_attribute("open") is None
    trailer.locator("summary").click()
    assert page.locator(".digits").is_visible()


def test_a_kata_is_solved_by_typing(page: Any, root: Path) -> None:
    shows(page, "h2", "Next: Twice")
    page.get_by_role("link", name="Start").click()
    page.wait_for_selector(EDITOR)
    shows(page, HEADLINE, "not started")
    typed(page, ADDED, save=False)
    shows(page, HEADLINE, "failed, 1 of 3 points")
    shows(page, ".verdict", "two is added")
    copy, code = page.get_by_label("Copy this code").first, page.locator(".copying + pre").first
    assert bottom(copy) <= code.bounding_box()["y"]
    copy.click()
    assert "from twice import twice" in page.evaluate("navigator.clipboard.readText()")
    press(page, "Hint")
    shows(page, ".hints", "Add it to itself.")
    assert page.locator(".hints details[open]").count() == 1
    typed(page, SOLUTION)
    shows(page, HEADLINE, "passed, 3 of 3 points")
    becomes(page.locator(".hints details[open]").count, 0)
    assert (root / "katas/alpha/twice.py").read_text(encoding="utf-8") == SOLUTION
    page.get_by_role("link", name="Explanation and solution").click()
    page.wait_for_selector("math")
    shows(page, "pre", "return FACTOR * x")
    shows(page, ".legend", "The two have the same code, line by line.")
    press(page, "Keys", "Close")
    page.get_by_role("link", name="Next kata").click()
    page.wait_for_selector(EDITOR)
    assert page.url.endswith("#/beta")
    page.goto(page.url.partition("#")[0] + "#/")
    shows(page, ".katas", "done on")


def test_a_syntax_error_is_said_once_and_marked_in_the_editor(page: Any) -> None:
    opened(page, "alpha")
    typed(page, HALF + "\n\ndef twice(x)\n    return x + x\n")
    shows(page, HEADLINE, "syntax error")
    assert page.locator(".outcome").inner_text().count("SyntaxError") == 1
    marked = page.locator(".cm-fault")
    assert marked.inner_text() == "def twice(x)"
    assert violations(page) == []
    typed(page, ADDED)
    shows(page, HEADLINE, "failed, 1 of 3 points")
    marked.wait_for(state="detached")
    parts = "[...document.querySelector('.verdict').children].map((each) => each.localName).slice(0, 2)"
    becomes(lambda: page.evaluate(parts), ["details", "table"])


def test_indentation_is_typed_and_the_editor_can_be_left(page: Any, root: Path) -> None:
    opened(page, "alpha")
    typed(page, "# " + 10_000_000 * "x")
    shows(page, ".state", "Make it shorter")
    assert (root / "katas/alpha/twice.py").read_text(encoding="utf-8") == STUB
    typed(page, "", save=False)
    for words in ("def twice(x):", "return x + x"):
        page.keyboard.type(words)
        page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("# indented")
    page.keyboard.press("Control+s")
    shows(page, ".state", SAVED)
    lines = (root / "katas/alpha/twice.py").read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["def twice(x):", "    return x + x"]
    assert lines[2].endswith("    # indented")
    page.wait_for_timeout(500)  # until no completion is being looked for, which Escape would end instead
    keys(page, "Escape", "Tab")
    becomes(lambda: page.evaluate("document.activeElement.classList.contains('cm-content')"), False)


def test_another_editor_may_change_the_file(page: Any, root: Path) -> None:
    file = root / "katas/alpha/twice.py"
    opened(page, "alpha")
    shows(page, HEADLINE, "not started")
    write(file, ADDED)
    shows(page, EDITOR, "return 2.0 + x")
    shows(page, HEADLINE, "failed, 1 of 3 points")
    shows(page, ".state", "loaded from disk")
    page.context.set_offline(True)
    typed(page, SOLUTION)
    shows(page, ".state", "not saved")
    write(file, STUB)
    page.context.set_offline(False)
    shows(page, ".choice", "has changed on disk, and you have changed it here")
    assert file.read_text(encoding="utf-8") == STUB
    press(page, "Keep my text")
    shows(page, HEADLINE, "passed")
    assert file.read_text(encoding="utf-8") == SOLUTION
    file.unlink()
    shows(page, ".choice", "was deleted")
    press(page, "Write it again")
    shows(page, ".state", SAVED)
    assert file.read_text(encoding="utf-8") == SOLUTION


def test_a_server_that_is_killed_and_started_again_loses_no_text(
    page: Any, server: Server, root: Path, tmp_path: Path
) -> None:
    opened(page, "alpha")
    shows(page, HEADLINE, "not started")
    server.end(signal.SIGKILL)
    typed(page, SOLUTION)
    press(page, "Grade")
    shows(
        page, ".banner", f"The server does not answer. Your text is kept here; start `katas serve --port {server.port}`"
    )
    assert (root / "katas/alpha/twice.py").read_text(encoding="utf-8") == STUB
    with serving(root, "--port", str(server.port), progress=tmp_path / "progress.sqlite"):
        shows(page, HEADLINE, "passed")
        assert (root / "katas/alpha/twice.py").read_text(encoding="utf-8") == SOLUTION
        becomes(page.locator(".banner").count, 0)


def test_a_submission_that_loops_is_stopped(page: Any, root: Path) -> None:
    edit(root / "katas/alpha/kata.toml", "call_s = 3\ntest_s = 6", "call_s = 300\ntest_s = 600")
    opened(page, "alpha")
    typed(page, ENDLESS)
    press(page, "Stop")
    shows(page, ".notes", "Grading was stopped")
    page.keyboard.press("Control+s")
    press(page, "Stop")
    shows(page, ".notes", "Grading was stopped")
    press(page, "Reset…", "Restore the stubs")
    shows(page, HEADLINE, "not started")
    shows(page, EDITOR, "raise NotImplementedError")


def test_an_endless_loop_is_named_with_its_line(page: Any) -> None:
    opened(page, "alpha")
    typed(page, ENDLESS)
    loop = (
        "twice took longer than 3 s and was stopped, in line 3 of twice.py: the loop that begins in line 2 did not end"
    )
    shows(page, ".said", re.compile(loop.replace("line 3", "line [23]").replace("that begins in line 2", ".*")))
    shows(page, HEADLINE, "Failed")
    assert page.locator(".verdict details").count() == 1  # the other tests did not loop again


def test_a_save_grades_its_own_file_and_the_rest_is_still_to_do(page: Any, root: Path) -> None:
    folder, hidden = root / "katas/alpha", root / "graders/hidden/alpha"
    toml = edit(folder / "kata.toml", 'files = ["twice.py"]', 'files = ["twice.py", "half.py"]')
    edit(toml, "points = 2", 'points = 2\nfiles = ["twice.py"]')
    edit(toml, "points = 1", 'points = 1\nfiles = ["half.py"]')
    twice, half = STUB.split("def half")
    write(folder / "twice.py", twice)
    write(folder / "half.py", f"def half{half}")
    write(root / "solutions/alpha/twice.py", SOLUTION.partition("def half")[0])
    write(root / "solutions/alpha/half.py", HALF)
    for place in hidden.glob("*/"):
        shutil.rmtree(place)
    workshop.commit(root)
    opened(page, "alpha")
    typed(page, SOLUTION.partition("def half")[0])
    shows(page, HEADLINE, "2 of 3 points; 1 task still to do; next: Half a number")
    assert page.locator(".verdict details").count() == 0
    page.get_by_role("tab", name="half.py").click()
    editor = page.locator(f"{EDITOR}:visible")
    typed(page, HALF.replace("2.0", "4.0"), place=editor)
    shows(page, HEADLINE, "Failed, 2 of 3 points")
    typed(page, HALF, place=editor)
    shows(page, HEADLINE, "Passed, 3 of 3 points")


def test_long_lines_wrap_under_their_indentation(page: Any, root: Path) -> None:
    opened(page, "alpha")
    typed(page, "def twice(x):\n    # " + 60 * "long words " + "\n    return x + x\n")
    shows(page, ".state", SAVED)
    assert page.evaluate(
        "(({scrollWidth, clientWidth}) => scrollWidth <= clientWidth)(document.querySelector('.cm-scroller'))"
    )
    lines = page.locator(".cm-line")
    assert lines.nth(1).bounding_box()["height"] > 2 * lines.nth(2).bounding_box()["height"]
    assert lines.nth(1).evaluate("line => parseFloat(getComputedStyle(line).textIndent)") < -30
    keys(page, "Control+Home", "ArrowDown")
    for key, text in (("End", "!"), ("Home", "# "), ("Home", "x"), ("End", "?")):
        page.keyboard.press(key)
        page.keyboard.insert_text(text)
    keys(page, "Control+s")
    line, file = "# # " + 60 * "long words " + "!", root / "katas/alpha/twice.py"
    becomes(lambda: file.read_text(encoding="utf-8").split("\n")[1], f"    x{line}?")
    keys(page, "Shift+Home", "Delete", "Control+s")
    becomes(lambda: file.read_text(encoding="utf-8").split("\n")[1], "    ")


def test_a_long_word_of_code_is_broken_at_its_brackets(page: Any, root: Path) -> None:
    opened(page, "alpha")
    text = "def f():\n    " + "history.validation_accuracy.append(" * 9 + "1.0" + ")" * 9 + "\n"
    typed(page, text)
    becomes(lambda: (root / "katas/alpha/twice.py").read_text(encoding="utf-8"), text)
    line = page.locator(".cm-line").nth(1)
    line.locator("span").first.wait_for()  # colours come when the browser is idle
    first = "line => line.querySelector('span').getClientRects()[0].top - line.getBoundingClientRect().top"
    assert line.evaluate(first) < 10  # the row with the indentation has a part of the word, too
    assert line.locator("wbr").count() == 9 * 3 + 1  # after dots and brackets


def test_lines_that_differ_from_the_solution_are_marked(page: Any, root: Path) -> None:
    described = SUMMED.replace(
        "def twice(x):\n", 'def twice(x):\n    """Return 2 x.\n\n    No difference.\n    """\n', 1
    )
    assert described != SUMMED
    write(root / "katas/alpha/twice.py", described)
    page.goto(page.url.partition("#")[0] + "#/alpha/explanation")
    press(page, "Show it anyway")
    shows(page, ".legend", "− only in yours (1), + only in the solution (2)")
    found = page.locator(".differs").evaluate_all("all => all.map(each => [each.dataset.sign, each.lastChild.data])")
    assert [sign for sign, _ in found] == ["−", "+", "+"]
    assert page.locator(".differs").nth(0).inner_text().endswith("return x + x")
    assert violations(page) == []


def test_an_own_answer_is_kept_and_compared_with_the_given_one(page: Any, root: Path) -> None:
    question = (
        "## A question to think about\n\nWhy?\n\n<details>\n<summary>Answer</summary>\n\nThe sum.\n\n</details>\n"
    )
    write(root / "solutions/alpha/after.md", f"# After Twice\n\n{question}")
    for _ in range(2):  # the second time, the text is still there
        page.goto(page.url.partition("#")[0] + "#/alpha/explanation")
        page.reload()
        press(page, "Show it anyway")
        mine = page.get_by_label("Your answer")
        mine.wait_for()
        assert not page.get_by_text("The sum.").is_visible()
        written = mine.input_value()
        mine.fill("Because.")
        press(page, "Compare with the answer")
        assert page.get_by_text("The sum.").is_visible()
    assert written == "Because."
    assert violations(page) == []


def test_what_is_cut_off_has_a_sign(page: Any, root: Path) -> None:
    readme = root / "katas/alpha/README.md"
    rows = f"[{60 * '1, '}1]"
    write(readme, f"# Twice\n\n```\nshort\n```\n\n```\nm = [{rows},\n     {rows}]\n```\n")  # a matrix is not wrapped
    opened(page, "alpha")
    short, long = page.locator(".prose .sideways").all()
    assert not short.is_visible()
    long.wait_for()
    page.locator(".prose pre").nth(1).evaluate("each => (each.scrollLeft = 10_000)")
    long.wait_for(state="hidden")
    assert violations(page) == []


def test_only_a_kata_with_hidden_tests_can_be_graded_without_them(page: Any, root: Path) -> None:
    opened(page, "alpha")
    choice = page.get_by_label("visible tests only")
    choice.wait_for()
    shows(page, HEADLINE, "not started")  # no grading is under way when the tests go
    (root / "graders" / "hidden").rename(root / "hidden")  # as in a handout
    page.reload()
    shows(page, HEADLINE, "not started")
    assert choice.count() == 0


def test_html_of_a_submission_is_shown_as_text(page: Any) -> None:
    opened(page, "alpha")
    typed(page, 'def twice(x):\n    print("<b>bold</b>")\n    raise ValueError("<img src=x onerror=alert(1)>")\n')
    shows(page, ".verdict", "<img src=x onerror=alert(1)>")
    assert page.locator(".verdict img").count() == 0
    assert page.locator(".verdict b").count() == 0


def test_the_learner_tries_lines_of_their_own(page: Any) -> None:
    opened(page, "alpha")
    typed(page, HALF + "\ndef twice(x):\n    print('<b>doubled</b>')\n    return 2 * x\n", save=False)
    page.keyboard.press("Alt+Digit4")
    lines = page.get_by_role("textbox", name="Text of the lines to try")
    assert "from twice import" in lines.inner_text()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("from twice import twice\ntwice(21)")
    page.keyboard.press("Control+Enter")  # saves the file first
    shows(page, ".tried pre", "42")
    shows(page, ".tried pre", "<b>doubled</b>")
    assert page.locator(".tried b").count() == 0
    assert violations(page) == []
    page.get_by_role("tab", name="Try").press("ArrowLeft")
    shows(page, HEADLINE, "passed, 3 of 3 points")
    page.reload()
    page.wait_for_selector(EDITOR)
    page.get_by_role("tab", name="Try").click()
    assert lines.inner_text().splitlines()[-1] == "twice(21)"
    typed(page, "print('on')\nwhile True: pass", save=False, place=lines)
    press(page, "Run")
    page.get_by_role("button", name="Stop", exact=True).click()
    shows(page, ".tried .failed", "Stopped.")
    typed(page, "1 / 0", save=False, place=lines)
    press(page, "Run")
    shows(page, ".tried .failed", "ZeroDivisionError")
    assert violations(page) == []
    press(page, "Start again")
    assert "from twice import" in lines.inner_text()
    assert page.evaluate("Object.keys(localStorage).filter((each) => each.startsWith('try '))") == []
    typed(page, ADDED)
    page.get_by_role("tab", name="Verdict").click()
    shows(page, HEADLINE, "failed, 1 of 3 points")
    page.get_by_role("button", name="Try this code").first.click()
    shows(page, ".tried h2", "Output")
    assert "# expected" in lines.inner_text()
    typed(page, "def twice(x):\n    raise ValueError\n\n" + HALF)
    page.get_by_role("tab", name="Verdict").click()
    shows(page, ".verdict pre.code", "# raises ValueError")
    page.get_by_role("button", name="Try this code").first.click()
    shows(page, ".tried .failed", "ValueError")
    assert "# raises" not in lines.inner_text()  # it would stay there once the file is corrected


@pytest.mark.wide
def test_a_puzzle_is_made_and_solved(page: Any, root: Path) -> None:
    page.get_by_label("Level").select_option("1")
    page.get_by_label("Fault").select_option("update")
    page.get_by_label("Number").fill("3")
    press(page, "New puzzle")
    page.wait_for_selector(EDITOR)
    assert page.url.endswith("#/debug:3")
    folder = root / "katas" / "debug" / "3"
    puzzle = practice.puzzle_in(folder)
    shows(page, ".prose blockquote", puzzle.symptom[:20])
    shows(page, HEADLINE, "not graded yet")
    shows(page, ".activity", "Change something, or press Ctrl-S, to grade.")
    page.keyboard.press("Control+s")
    shows(page, HEADLINE, "failed, 0 of 10 points")
    assert page.get_by_role("button", name="Plot").count() == 0
    press(page, "Hint")
    shows(page, ".hints", "Hint 1 of 3")
    typed(page, puzzle.twin)
    shows(page, HEADLINE, "failed, 8 of 10 points")
    assert page.get_by_role("link", name="Explanation and solution").count() == 0
    page.get_by_role("tab", name="diagnosis.toml").click()
    page.get_by_label("cause").select_option(puzzle.faults[0].cause)
    page.get_by_label("line", exact=True).fill(str(puzzle.lines[0][0]))
    shows(page, HEADLINE, "passed, 10 of 10 points")
    page.get_by_role("link", name="Explanation and solution").click()
    shows(page, "h2", f"The fault: {puzzle.faults[0].cause}")
    page.goto(page.url.partition("#")[0] + "#/")
    shows(page, ".puzzles li", "solved on")
    page.get_by_label("Number").fill("3")
    press(page, "New puzzle")
    shows(page, ".puzzles [role=alert]", "this puzzle exists already")


in_a_milestone = pytest.mark.parametrize("root", ["milestone"], indirect=True)


@pytest.mark.wide
@in_a_milestone
def test_the_picture_of_a_milestones_program_is_shown(page: Any, root: Path) -> None:
    write(root / "katas/milestone/network.py", milestone_course.NETWORK + DRAWING)
    opened(page, "milestone")
    shows(page, HEADLINE, "passed")
    press(page, "Plot")
    picture = page.locator(".pictures img[alt='Plot: milestone-network.png']")
    picture.wait_for()
    assert picture.evaluate("each => each.decode().then(() => each.naturalWidth)") == 80
    opened(page, "one")
    shows(page, ".verdict", re.compile(r"\w"))
    assert not page.get_by_role("button", name="Plot").is_visible()


@pytest.mark.wide
@in_a_milestone
def test_an_earlier_kata_that_is_not_done_is_named_with_a_link(page: Any, root: Path) -> None:
    earlier = root / "katas/two/add_two.py"
    earlier.unlink()
    for missing in (True, False):
        opened(page, "milestone")
        shows(page, HEADLINE, re.compile("^do two first$"))
        link = page.locator(".onward a.primary")
        assert link.inner_text() == "Do first: Earlier"
        link.click()
        becomes(lambda: page.url.partition("#")[2], "/two")
        if missing:
            write(earlier, milestone_course.STUB.format(name="add_two"))
    page.wait_for_selector(EDITOR)
    typed(page, milestone_course.ADD)
    shows(page, ".state", SAVED)
    opened(page, "milestone")
    shows(page, HEADLINE, "passed")
    assert page.locator(".onward a", has_text="Do first").count() == 0


def test_a_file_under_a_pattern_is_created_and_closed(page: Any, root: Path) -> None:
    file = root / "katas/alpha/results/more.csv"
    edit(root / "katas/alpha/kata.toml", '["twice.py"]', '["twice.py", "results/*.csv"]')
    opened(page, "beta")
    assert page.get_by_role("button", name="New file…").count() == 0
    opened(page, "alpha")
    press(page, "New file…")
    assert page.get_by_label("Name").input_value() == "results/"
    assert violations(page) == []
    page.keyboard.type("more.txt")
    page.keyboard.press("Enter")
    shows(page, "dialog .failed", "not one of alpha's files")
    for incomplete in ("../more.csv", "results/", ""):
        page.get_by_label("Name").fill(incomplete)
        page.keyboard.press("Enter")
        shows(page, "dialog .failed", "Write the whole name, which matches results/*.csv.")
    page.get_by_label("Name").fill("results/more.csv")
    press(page, "Create")
    page.get_by_role("tab", name="results/more.csv", selected=True).wait_for()
    becomes(lambda: page.evaluate("document.activeElement.className").split()[0:1], ["cm-content"])
    page.keyboard.type("1,2")
    becomes(lambda: file.read_text(encoding="utf-8"), "1,2")
    file.unlink()
    shows(page, ".choice", "was deleted")
    press(page, "Close it")
    assert page.get_by_role("tab", name="results/more.csv").count() == 0
    page.get_by_role("tab", name="twice.py", selected=True).wait_for()
    assert not file.exists()
    write(file, "3,4")  # by a program
    page.get_by_role("tab", name="results/more.csv").wait_for()


def test_the_page_that_opens_the_browser_leads_to_the_katas(browser: Any, server: Server, tmp_path: Path) -> None:
    """A browser that comes from a file has to receive the cookie, and send it with the next request."""
    opening = opening_page(tmp_path / "opening" / "open.html", address_of("127.0.0.1", server.port, server.token))
    assert opening is not None
    page = browser.new_context().new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(opening.as_uri())
    shows(page, ".katas", "Twice")
    assert page.url == f"http://{server.host}/"
    page.context.close()


def test_every_line_keeps_its_end(page: Any, root: Path) -> None:
    file = root / "katas/alpha/twice.py"
    file.write_bytes(b"one\r\ntwo\nthree\rfour\nfive\n\r\nlast")
    opened(page, "alpha")
    page.click(EDITOR)
    page.keyboard.press("Control+Home")
    page.keyboard.type("# ")
    becomes(file.read_bytes, b"# one\r\ntwo\nthree\rfour\nfive\n\r\nlast")
    page.keyboard.press("End")
    page.keyboard.type("!")
    keys(page, "ArrowDown", "Enter", "ArrowDown", "Home")
    page.keyboard.type(">")
    becomes(file.read_bytes, b"# one!\r\ntwo\n\n>three\rfour\nfive\n\r\nlast")
    page.keyboard.press("End")
    page.keyboard.press("Delete")  # joins two lines
    becomes(file.read_bytes, b"# one!\r\ntwo\n\n>threefour\nfive\n\r\nlast")
    file.write_bytes(b"one\r\ntwo\r\n")  # by another editor
    shows(page, ".state", "loaded from disk")
    page.keyboard.press("Control+End")
    page.keyboard.type("three")
    page.keyboard.press("Enter")
    becomes(file.read_bytes, b"one\r\ntwo\r\nthree\r\n")


def test_the_columns_can_be_resized(page: Any) -> None:
    def widths() -> list[int]:
        return [round(page.locator(f"#pane-{number}").bounding_box()["width"]) for number in range(3)]

    opened(page, "alpha")
    first = widths()
    bar = page.get_by_role("separator", name="Width of Read")
    bar.focus()
    keys(page, "ArrowRight", "ArrowRight")
    wider = widths()
    assert wider[0] > first[0] + 40
    assert wider[2] == first[2]
    assert int(bar.get_attribute("aria-valuenow")) > 29
    page.reload()
    page.wait_for_selector(EDITOR)
    becomes(widths, wider)
    other, box = page.get_by_role("separator", name="Width of Result"), page.locator("#pane-2").bounding_box()
    page.mouse.move(box["x"] - 1, 400)
    page.mouse.down()
    page.mouse.move(box["x"] - 101, 400, steps=3)
    page.mouse.up()
    assert abs(widths()[2] - first[2] - 100) < 5
    for key in ("Home", "End"):
        other.press(key)
        assert min(widths()) >= 180
    assert violations(page) == []
    other.press("Delete")
    bar.dblclick()
    assert widths() == first
    page.set_viewport_size({"width": 800, "height": 800})
    becomes(page.get_by_role("separator").count, 0)


DIAGNOSIS = '# what you found\n[bug1]\ncause = ""  # a name\nline = 1\nwhy = "so"\n\n[bug2]\ncause = ""\nline = 2\n'


def test_a_diagnosis_has_a_form_beside_its_text(page: Any, root: Path) -> None:
    edit(root / "katas/alpha/kata.toml", '["twice.py"]', '["twice.py", "diagnosis.toml"]')
    file = write(root / "katas/alpha/diagnosis.toml", DIAGNOSIS)
    opened(page, "alpha")
    page.get_by_role("tab", name="diagnosis.toml").click()
    one, two = (page.get_by_role("group", name=f"bug{number}") for number in (1, 2))
    assert violations(page) == []
    one.get_by_label("cause").focus()
    page.keyboard.type("step-missing")
    shows(page, ".form p", "the optimizer takes no steps")
    keys(page, "Tab", "Control+a")
    page.keyboard.type("17x")
    shows(page, ".form .failed", "“17x” is not a number")
    page.keyboard.press("Backspace")
    one.get_by_label("why").fill('it "never"\nsteps')
    two.get_by_label("why").fill("because")  # this table has no such key yet
    shows(page, ".sheet:not([hidden]) .state", SAVED)
    expected = DIAGNOSIS.replace('cause = ""  #', 'cause = "step-missing"  #').replace("line = 1", "line = 17")
    expected = expected.replace('"so"', r'"it \"never\"\nsteps"').replace("line = 2", 'line = 2\nwhy = "because"')
    assert file.read_text(encoding="utf-8") == expected
    write(file, expected.replace("because", "since"))  # by another editor
    becomes(lambda: two.get_by_label("why").input_value(), "since")
    page.get_by_role("button", name="Text", exact=True).click()
    page.locator(".sheet:not([hidden]) .cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.type("fix = ")
    shows(page, ".unreadable", "The form cannot show diagnosis.toml: line 11:")
    assert page.get_by_role("button", name="Form", exact=True).get_attribute("aria-disabled") == "true"
    assert violations(page) == []
    page.keyboard.type("'none'")
    page.get_by_role("button", name="Form", exact=True).click()
    assert two.get_by_label("fix").input_value() == "none"
    becomes(lambda: file.read_text(encoding="utf-8")[-26:], "why = \"since\"\nfix = 'none'")


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (360, "dark"),
        (1280, "light"),
        *(pytest.param(*each, marks=pytest.mark.wide) for each in [(360, "light"), (1280, "dark")]),
        *(pytest.param(2560, scheme, marks=pytest.mark.wide) for scheme in ("light", "dark")),
    ],
)
def test_everybody_can_use_the_pages(visit: Callable[..., Any], real: Server, width: int, scheme: str) -> None:
    page = visit(real, width, 900, color_scheme=scheme)
    page.wait_for_selector(".katas li")
    too_wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    page.evaluate("Promise.all(document.getAnimations().map((each) => each.finished))")  # what fades in is pale
    assert violations(page) == []
    assert not page.evaluate(too_wide)
    for slug in ("exercise05", "challenge5"):
        page.goto(f"http://{real.host}/#/{slug}")
        for number in (3, 2, 1):
            page.keyboard.press(f"Alt+Digit{number}")
            page.wait_for_selector(EDITOR, state="attached")
            assert violations(page) == [], (slug, number)
            assert not page.evaluate(too_wide), (slug, number)


@pytest.mark.parametrize("width", [pytest.param(360, marks=pytest.mark.wide), 1280])
def test_only_the_columns_scroll(visit: Callable[..., Any], real: Server, page: Any, width: int) -> None:
    """The document is never higher than the window, however long the lists and the verdict are."""
    too_high = "document.scrollingElement.scrollHeight > innerHeight"
    opened(page, "alpha")
    typed(page, 'def twice(x):\n    raise ValueError(300 * "long ")\n')
    page.set_viewport_size({"width": width, "height": 500})
    page.keyboard.press("Alt+Digit3")
    shows(page, HEADLINE, "failed")
    shows(page, ".verdict", "long long")
    assert not page.evaluate(too_high)
    start = visit(real, width, 500)
    start.wait_for_selector(".katas li")
    assert not start.evaluate(too_high)
    start.locator(".katas li").last.scroll_into_view_if_needed()
    assert not start.evaluate("document.scrollingElement.scrollTop")


def test_columns_can_be_folded_and_come_back(page: Any) -> None:
    opened(page, "alpha")
    bar, read = page.get_by_role("separator", name="Width of Read"), page.locator("#pane-0")
    bar.focus()
    page.keyboard.press("Enter")
    read.wait_for(state="hidden")
    assert bar.get_attribute("aria-valuenow") == "0"
    page.reload()
    page.wait_for_selector(EDITOR)
    assert not read.is_visible()
    assert page.get_by_role("button", name="Read").get_attribute("aria-expanded") == "false"
    page.keyboard.press("Alt+Digit1")
    read.wait_for()
    page.get_by_role("button", name="Result").click()
    page.locator("#pane-2").wait_for(state="hidden")
    right = page.get_by_role("separator", name="Width of Result").bounding_box()
    page.mouse.move(right["x"], 300)
    page.mouse.down()
    page.mouse.move(900, 300)
    page.mouse.up()
    page.locator("#pane-2").wait_for()
    assert violations(page) == []


def test_the_editor_begins_at_the_first_stub_with_descriptions_folded(visit: Callable[..., Any], real: Server) -> None:
    page = visit(real)
    opened(page, "exercise05")
    active, editor = page.locator(".pane.write .cm-activeLine"), page.locator(EDITOR).first
    assert active.inner_text().strip() == "raise NotImplementedError"
    assert "Arguments:" not in editor.inner_text()
    page.locator(".cm-foldPlaceholder").first.click()
    shows(page, ".cm-line", "Arguments:")
    shows(page, ".state", SAVED)


def test_nothing_in_a_worked_example_is_cut(visit: Callable[..., Any], real: Server) -> None:
    page = visit(real)
    wide = ".prose pre:not(.cut)"
    for slug in ("exercise01", "exercise05", "exercise16"):
        opened(page, slug)
        becomes(lambda: page.locator(wide).count() > 0 and page.locator(".prose pre.cut").count(), 0)
    line = page.locator(".prose pre.wrapped .line").first.text_content()
    assert line.startswith("x = [1, 0]        W_x = [ln 3, 0, ln 2, ln 4]        rows for i, f, g, o")


def test_a_failing_input_is_whole_and_copied_as_it_is(page: Any) -> None:
    opened(page, "alpha")
    typed(page, ADDED)
    shows(page, HEADLINE, "failed, 1 of 3 points")
    code = page.locator("pre.code").first
    imports = page.locator(".imports").first
    assert imports.text_content().count("\n") >= 2
    assert imports.bounding_box()["height"] < 30
    assert code.evaluate("each => each.scrollWidth <= each.clientWidth")
    page.get_by_label("Copy this code").first.click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("import sys")
    assert "\nfrom twice import twice\n" in copied
    press(page, "Hint 1 of")
    assert page.locator(".hint summary").first.bounding_box()["height"] >= 44
    page.goto(page.url.partition("#")[0] + "#/alpha/explanation")
    press(page, "Show it anyway")
    aside = page.get_by_role("complementary", name="Your files")
    assert "return 2.0 + x" in aside.inner_text()
    assert aside.bounding_box()["x"] > 500


def test_a_paste_that_is_too_large_is_answered_at_once(page: Any) -> None:
    opened(page, "alpha")
    paste = """text => {
        const clipboardData = new DataTransfer();
        clipboardData.setData("text/plain", text);
        const event = new ClipboardEvent("paste", {clipboardData, bubbles: true, cancelable: true});
        document.querySelector(".cm-content").dispatchEvent(event);
    }"""
    page.evaluate(paste, "x = 1\n" * 175_000)
    shows(page, ".state", "not saved: the file has")


@pytest.mark.parametrize("slug", ["exercise01", "milestone1"])
def test_a_picture_opens_in_its_full_size(visit: Callable[..., Any], real: Server, slug: str) -> None:
    page = visit(real)
    opened(page, slug)
    picture = page.locator(".prose a.enlarging img").first
    assert picture.bounding_box()["width"] <= page.locator(".pane.read").bounding_box()["width"]
    with page.expect_popup() as popup:
        picture.click()
    popup.value.wait_for_selector("svg")
    assert popup.value.url.endswith(f"/pictures/{slug}/figure.svg")
    decoded = (
        "Promise.all([...document.querySelectorAll('image')].map((each) => each.decode())).then((all) => all.length)"
    )
    assert popup.value.evaluate(decoded) == {"exercise01": 0, "milestone1": 16}[slug]  # it fails if one is refused
