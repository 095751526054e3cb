"""What the learner's own networks have learned is shown on the start page, once their katas are done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graders.catalogue import Kata, load
from katas_page.built import MOST_POINTS, built
from katas_page.kept import Training
from tests.browser import violations, visits
from tests.serving import Server
from tests.training_course import PROGRAM, write_course
from tests.workshop import SOLUTION

DIGITS = {"digits": "AAAA", "labels": [3, 5]}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_course(tmp_path_factory.mktemp("built") / "katas", SOLUTION + PROGRAM)


@pytest.fixture(scope="module")
def kata(root: Path) -> Kata:
    return load(root, "alpha")


@pytest.fixture
def training(kata: Kata) -> Callable[..., Training]:
    """training(frame, …) returns a training that has ended, with these frames."""

    def made(*frames: dict[str, Any], ended: bool = True) -> Training:
        return Training(1, kata, "twice.py", False, {}, ended=ended, frames=list(frames))

    return made


def test_the_latest_training_with_digits_or_texts_is_shown(training: Callable[..., Training]) -> None:
    older = training(DIGITS | {"step": 1, "read": [3, 3], "points": [[1, 2.5, 0.5]]})
    newer = training({"step": 4, "text": "hi", "points": [[4, None, None]]}, {"step": 9, "text": "so"})
    running = training(DIGITS | {"step": 1, "text": "not yet"}, ended=False)
    found = built([older, newer, running], {"alpha"})
    assert found["digits"]["read"] == [3, 3]
    assert found["digits"]["points"] == [[1, 2.5]]
    assert found["text"]["texts"] == [[4, "hi"], [9, "so"]]
    assert found["text"]["points"] == [[4, None]]
    assert found["text"]["digits"] == ""


def test_nothing_is_shown_of_a_kata_that_is_not_done(training: Callable[..., Training]) -> None:
    assert built([training(DIGITS | {"step": 1})], {"beta"}) == {}


def test_a_program_with_several_trainings_shows_the_last_one(training: Callable[..., Training]) -> None:
    first = {"begins": True, "step": 1, "text": "first", "points": [[1, 5.0, None]]}
    found = built([training(first, {"begins": True, "step": 2, "text": "last", "points": [[2, 1.0, None]]})], {"alpha"})
    assert (found["text"]["texts"], found["text"]["points"]) == ([[2, "last"]], [[2, 1.0]])


def test_a_long_training_is_shown_in_short(training: Callable[..., Training]) -> None:
    frames = [{"step": step, "text": str(step), "points": [[step, 1.0, None]]} for step in range(1, 2001)]
    (found,) = built([training(*frames)], {"alpha"}).values()
    assert [step for step, _ in found["texts"]] == [1, 101, 401, 1999, 2000]
    assert len(found["points"]) <= MOST_POINTS


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Any]]:
    with visits(browser) as visit:
        yield visit


@pytest.mark.deep
@pytest.mark.timeout(600)
def test_the_start_page_shows_what_was_built(visit: Callable[..., Any], server: Server) -> None:
    page = visit(server, 390, color_scheme="dark", reduced_motion="reduce")
    heading = page.locator(".trailer summary")
    heading.wait_for()
    assert heading.inner_text() == "What you will build"
    start = page.url.partition("#")[0]
    page.goto(f"{start}#/alpha")
    page.locator(".headline", has_text="passed, 3 of 3 points").wait_for(state="attached")
    page.keyboard.press("Alt+Digit5")
    page.keyboard.press("Enter")
    page.locator(".training p", has_text="done, step 40 of 40").first.wait_for()
    page.goto(f"{start}#/")
    page.locator(".trailer summary", has_text="What you have built").wait_for()
    page.get_by_role("img", name="Digits it has never seen: 2 of 20 right").wait_for()
    assert page.get_by_role("img", name="Loss: ").count() == 2
    assert page.locator(".lines-written code").first.inner_text() == "<b>hi"  # as text
    assert page.locator(".digits img").count() == 0  # none of the shipped network's
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert violations(page) == []
    page.goto(f"{start}#/alpha")
    page.goto(f"{start}#/")
    heading.wait_for()
    assert page.locator(".trailer[open]").count() == 1
    heading.click()
    page.reload()
    heading.wait_for()
    assert page.locator(".trailer[open]").count() == 0
