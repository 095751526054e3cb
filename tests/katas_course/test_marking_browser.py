"""The marking page in a real browser: by keyboard only, with trouble on the way, at every width."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser import becomes, chromium, violations
from tests.katas_course.marking import HTML, Course, Marking

pytestmark = [pytest.mark.deep, pytest.mark.timeout(600)]

PATIENCE_MS = 60_000
FOCUSED = "document.activeElement.id || document.activeElement.tagName"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def server(course: Course) -> Iterator[Marking]:
    with course.serve() as server:
        yield server


def opened(browser: Any, server: Marking, width: int = 1280, scheme: str = "light") -> Any:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.faults = []
    page.on("pageerror", lambda fault: page.faults.append(str(fault)))
    page.on("console", lambda said: page.faults.append(said.text) if "Content Security" in said.text else None)
    page.goto(f"http://{server.host}/?token={server.token}")
    page.wait_for_selector("form.score")
    return page


@pytest.fixture
def page(browser: Any, server: Marking) -> Iterator[Any]:
    page = opened(browser, server)
    yield page
    page.context.close()
    assert page.faults == []


def shows(page: Any, selector: str, text: str) -> None:
    page.locator(selector, has_text=text).first.wait_for()


def test_a_queue_is_marked_by_keyboard_only(page: Any, course: Course) -> None:
    keys = page.keyboard
    shows(page, ".progress", "0 of 6 marked, 6 left")
    keys.press("n")
    shows(page, "dialog h2", "New rubric item")
    assert violations(page) == []
    keys.type("Sign")
    keys.press("Tab")
    keys.type("-1")
    keys.press("Tab")
    keys.type("The sign is wrong.")
    keys.press("Tab")
    keys.press("Enter")
    shows(page, ".items button", "Sign")
    page.wait_for_selector("dialog", state="detached")
    keys.press("1")
    page.wait_for_selector(".items [aria-pressed=true]")
    page.locator("#points").wait_for()
    keys.press("c")
    assert page.evaluate(FOCUSED) == "comment"
    keys.press("Control+End")
    keys.type("\nSay more.")
    keys.press("Control+Enter")
    shows(page, ".work .soft", "bob")
    shows(page, ".progress", "1 of 6 marked, 5 left")
    assert page.evaluate(FOCUSED) == "H2"
    keys.press("p")
    keys.type("9")
    keys.press("Control+Enter")
    shows(page, "#fault", "9 points is out of range; award 0 to 4")
    assert violations(page) == []
    keys.press("Control+a")
    keys.type("2,5")
    keys.press("Enter")
    shows(page, ".work .soft", "cleo")
    keys.press("s")
    shows(page, ".work .soft", "ada")
    shows(page, "h2", "How")
    keys.press("b")
    shows(page, ".work .soft", "cleo")
    keys.press("b")
    shows(page, "form.score p", "Now: 2.5 by Grace")
    assert page.locator("#points").input_value() == "2.5"
    assert course.marks() == {
        ("why", "ada"): (3.0, "Grace", "The sign is wrong.\nSay more."),
        ("why", "bob"): (2.5, "Grace", ""),
    }


def test_lines_are_commented_on_by_keyboard_and_shown_as_text(page: Any, course: Course) -> None:
    keys = page.keyboard
    keys.press("l")
    while page.evaluate("document.activeElement.ariaLabel") != "Comment on line 3 of why.md":
        keys.press("ArrowDown")
    keys.press("Enter")
    assert violations(page) == []
    keys.type("<b>Why?</b>")
    keys.press("Enter")
    shows(page, ".line .remark", "<b>Why?</b>")
    keys.press("ArrowUp")
    keys.press("ArrowUp")
    keys.press("Enter")
    keys.type("A heading.")
    keys.press("Enter")
    assert page.locator("#comment").input_value() == "why.md:1: A heading.\nwhy.md:3: <b>Why?</b>"
    keys.press("Enter")
    keys.press("Control+a")
    keys.press("Delete")
    keys.press("Enter")
    assert page.locator(".remark").all_inner_texts() == ["<b>Why?</b>"]
    keys.press("p")
    keys.type("3")
    keys.press("Enter")
    shows(page, ".work .soft", "bob")
    assert course.marks() == {("why", "ada"): (3.0, "Grace", "why.md:3: <b>Why?</b>")}
    keys.press("b")
    shows(page, ".line .remark", "<b>Why?</b>")


def test_items_fill_the_fields_and_typed_text_stays(page: Any, course: Course) -> None:
    for label, points, comment in (("Sign", "-1", "The sign."), ("Unit", "-0.5", "The unit.")):
        page.keyboard.press("n")
        page.get_by_label("Label").fill(label)
        page.get_by_label("Points, such as").fill(points)
        page.locator("#item-comment").fill(comment)
        page.get_by_role("button", name="Add").click()
        shows(page, ".items button", label)
    comment, points = page.locator("#comment"), page.locator("#points")
    comment.fill("Nice work.")
    page.keyboard.press("Escape")
    for keys, expected in (("1", ("3", "The sign.\nNice work.")), ("2", ("2.5", "The sign.\nThe unit.\nNice work."))):
        page.keyboard.press(keys)
        page.wait_for_timeout(500)
        assert (points.input_value(), comment.input_value()) == expected
    page.keyboard.press("1")
    for _ in range(2):  # at once, and once too often
        page.keyboard.press("Control+Enter")
    shows(page, ".work .soft", "bob")
    assert course.marks() == {("why", "ada"): (3.5, "Grace", "The unit.\nNice work.")}
    shows(page, ".progress", "1 of 6 marked, 5 left")


def test_reload_keeps_the_piece_and_the_end_says_what_is_left(page: Any) -> None:
    shows(page, ".work .soft", "ada")
    for _ in range(2):
        page.reload()
        shows(page, ".work .soft", "ada")
    for _ in range(6):
        page.wait_for_selector("form.score")
        shown = page.locator("main").inner_text()
        page.keyboard.press("s")
        becomes(lambda before=shown: page.locator("main").inner_text() != before, True)
    shows(page, "h2", "6 pieces are left")
    shows(page, ".work p", "0 of 6 marked, 6 left. You have skipped 6.")
    page.reload()
    shows(page, "h2", "6 pieces are left")
    page.get_by_role("button", name="Show skipped pieces").click()
    shows(page, ".work .soft", "ada")


def test_points_given_meanwhile_are_shown_and_not_overwritten(page: Any, course: Course) -> None:
    record = str(course.batch.verdict_file("ada", "alpha"))
    award = ("--by", "Alan", "--award", "why=1", "--comment", "why=<b>No.</b>")
    assert course.run("review", record, *award).status == 1
    page.locator("#points").fill("4")
    page.locator("#comment").fill("Very good.")
    page.keyboard.press("Control+Enter")
    shows(page, "#fault", "Alan has given 1 point meanwhile: <b>No.</b>")
    assert violations(page) == []
    assert page.locator("#comment").input_value() == "Very good."
    assert course.marks() == {("why", "ada"): (1.0, "Alan", "<b>No.</b>")}
    page.get_by_role("button", name="Change it to mine").click()
    shows(page, "form.score p", "Now: 1 by Alan")
    assert page.locator("#comment").input_value() == "Very good."
    page.keyboard.press("Control+Enter")
    shows(page, ".work .soft", "bob")
    assert course.marks() == {("why", "ada"): (4.0, "Grace", "Very good.")}


def test_nothing_in_a_submission_or_a_comment_becomes_part_of_the_page(page: Any) -> None:
    page.locator("#points").fill("1")
    page.locator("#comment").fill("<img src=x onerror=\"document.title='owned'\"><script>alert(1)</script>")
    page.keyboard.press("Control+Enter")
    shows(page, ".work .soft", "bob")
    page.keyboard.press("b")
    shows(page, "form.score p", "Now: 1 by Grace")
    assert "<img src=x onerror=" in page.locator("#comment").input_value()
    shows(page, ".file h3", f"out/{HTML}.txt")
    text = page.locator(".file", has_text="why.md").inner_text()
    assert "Ada says: <img src=x onerror=alert(1)>" in text
    assert page.locator("main script, main iframe, main img:not([src^='/pieces/'])").count() == 0
    picture = page.locator("main img")
    picture.evaluate("image => image.decode()")
    assert picture.evaluate("image => image.naturalWidth") == 40
    assert page.title().startswith("Marking ")


def test_unsaved_text_is_not_lost_by_mistake(page: Any) -> None:
    page.locator("#comment").fill("A long comment.")
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    shows(page, "dialog p", "What you have typed for this piece is not saved.")
    assert violations(page) == []
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog", state="detached")
    assert page.locator("#comment").input_value() == "A long comment."
    page.keyboard.press("s")
    page.get_by_role("button", name="Leave it out").click()
    shows(page, ".work .soft", "bob")


def test_server_that_has_ended_keeps_what_is_typed(page: Any, server: Marking) -> None:
    page.locator("#points").fill("4")
    server.end()
    page.keyboard.press("Control+Enter")
    shows(page, "#fault", "The server does not answer. What you have typed stays here")
    assert page.locator("#points").input_value() == "4"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 390, 1280, 2560])
def test_everybody_can_use_the_page(browser: Any, server: Marking, width: int, scheme: str) -> None:
    page = opened(browser, server, width, scheme)
    number = server.post("/api/choose", {})["piece"]["number"]
    for label, points in (("The sign is wrong", -1), ("A longer label, as it is for a whole sentence", 0.5)):
        server.post(f"/api/pieces/{number}/items", {"label": label, "points": points, "comment": "Because."})
    page.get_by_role("button", name="Apply").click()
    shows(page, ".items button", "The sign is wrong")
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    page.wait_for_selector(".items [aria-pressed=true]")
    page.get_by_text("The other tasks").click()
    page.get_by_label("Comment on line 3 of why.md").click()
    page.keyboard.type("A long comment on a line, which needs more than one line on a phone: why is that so?")
    page.keyboard.press("Enter")
    page.get_by_label("Comment on line 1 of why.md").click()
    assert violations(page) == []
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    if folder := os.environ.get("KATAS_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/marking-{width}-{scheme}.png", full_page=True)
    page.locator("h2").first.focus()
    page.keyboard.press("?")
    shows(page, "dialog h2", "Keys")
    assert violations(page) == []
    page.context.close()
    assert page.faults == []
