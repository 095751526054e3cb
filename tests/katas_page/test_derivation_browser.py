"""The questions beside a README in a real browser: right and wrong answers, "Show me", and going on after a reload."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import workshop
from tests.browser import violations, visits
from tests.serving import Server
from tests.workshop import SOLUTION, write

pytestmark = [pytest.mark.deep, pytest.mark.timeout(300)]

README = """# Alpha

## Derive it

<details>
<summary>Show me: the double</summary>

$$y = x + x$$

</details>
"""
CHAIN = """
format = 1
title = "The double of a number"

[[questions]]
ask = "What is {x} twice?"
draw = { x = "int(rng.integers(2, 9))" }
answer = "2 * x"
wrong = [["x * x", "That is its *square*."]]
otherwise = "Add $x$ to itself."
because = "Twice is $x + x$."

[[questions]]
ask = "Is the double of a negative number larger than the number?"
choices = ["No", "Yes, always"]
wrong = ["Try -1."]
because = "The double of -1 is -2."

[[predictions]]
ask = "What is $2 \\\\cdot 0$?"
choices = ["It is zero", "It is two"]
run = "from twice import twice\\nfloat(twice(0.0))"
gives = "0.0"

[[predictions]]
ask = "And $2 \\\\cdot 3$?"
choices = ["It is six", "It is five"]
run = "from twice import twice\\nfloat(twice(3.0))"
gives = "6.0"
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = workshop.write_clone(tmp_path_factory.mktemp("derive") / "katas", ["alpha", "beta"], README)
    write(root / "katas/alpha/derive.toml", CHAIN)
    return root


@pytest.fixture
def page(browser: Any, server: Server) -> Iterator[Any]:
    with visits(browser) as visit:
        yield visit(server)


def opened(page: Any) -> Any:
    page.goto(page.url.partition("#")[0] + "#/alpha")
    return page.get_by_role("region", name="Derive it")  # a prediction has its class, too


def answered(derive: Any, answer: str) -> None:
    derive.get_by_label("Your answer").fill(answer)
    derive.get_by_text("Check").click()


def asked(derive: Any) -> int:
    return int(derive.locator(".ask").last.inner_text().split()[2])


def test_each_answer_is_judged_at_once_and_the_last_one_opens_the_formulas(
    page: Any, find: Callable[..., None]
) -> None:
    derive, folded = opened(page), page.locator(".prose > details")
    number = asked(derive)
    answered(derive, "171")
    find(derive, "Add x to itself.")
    answered(derive, str(number * number) if number != 2 else "5")
    find(derive, "square" if number != 2 else "itself")
    assert violations(page) == []
    answered(derive, f"{number} + {number}")
    find(derive, "Twice is")
    page.reload()
    derive = opened(page)
    find(derive, "question 2 of 2")
    derive.get_by_text("Yes, always").click()
    find(derive, "Try -1.")
    assert folded.get_attribute("open") is None
    derive.get_by_text("No", exact=True).click()
    find(derive, "You have reached: The double of a number.")
    assert folded.get_attribute("open") is not None
    derive.get_by_text("Derive it again").click()
    find(derive, "question 1 of 2")
    assert folded.get_attribute("open") is None


def test_show_me_opens_the_formulas_and_the_questions_stay(page: Any, find: Callable[..., None]) -> None:
    derive, folded = opened(page), page.locator(".prose > details")
    find(derive, "question 1 of 2")
    derive.get_by_text("Show me").click()
    assert folded.get_attribute("open") is not None
    page.reload()  # it is remembered
    derive = opened(page)
    find(derive, "question 1 of 2")
    assert folded.get_attribute("open") is not None
    answered(derive, str(2 * asked(derive)))
    find(derive, "question 2 of 2")
    assert folded.get_attribute("open") is not None
    folded.locator("summary").click()
    assert folded.get_attribute("open") is None


def test_predictions_are_asked_once_and_answered_by_the_learners_own_code(
    page: Any, root: Path, find: Callable[..., None]
) -> None:
    opened(page)
    predict = page.locator(".predict")
    find(predict, "Before you begin, what do you expect? 1 of 2")
    assert violations(page) == []
    predict.get_by_text("It is two").click()
    find(predict, "2 of 2")
    predict.get_by_text("Skip").press("Escape")
    find(predict, "Once you pass, your own code answers this.")
    page.reload()
    opened(page)
    find(predict, "Once you pass")
    write(root / "katas/alpha/twice.py", SOLUTION)
    find(predict, "You said:")
    assert predict.get_by_text("It is two").count() == 1
    assert predict.get_by_text("It is five").count() == 0
    predict.get_by_text("What does your code say?").click()
    find(predict, "0.0")
    find(predict, "It is zero")


@pytest.mark.parametrize("late", ["predictions", "derivation"])
def test_a_text_does_not_move_when_a_question_comes_late(server: Server, browser: Any, late: str) -> None:
    held: list[Any] = []
    with visits(browser) as visit:
        page = visit(server)
        page.route(f"**/api/katas/alpha/{late}", lambda route: held.append(route))
        with page.expect_request(f"**/{late}"):
            page.goto(page.url.partition("#")[0] + "#/alpha")
        page.wait_for_timeout(1000)
        folded = page.locator(".prose > details")
        place = folded.bounding_box() if folded.count() else None  # as it does not show yet
        held[0].continue_()
        page.get_by_role("region", name="Derive it").wait_for()
        page.get_by_role("region", name="Predict").wait_for()
        assert place in (None, folded.bounding_box())


@pytest.fixture
def find() -> Callable[..., None]:
    def wait(place: Any, text: str) -> None:
        place.get_by_text(text).first.wait_for()

    return wait


@pytest.mark.parametrize(
    "given", [{}, {"number": -1}, {"number": 9}, {"number": 0, "answer": "1"}, {"number": 2, "seed": 1, "answer": "1"}]
)
def test_a_wrong_request_changes_nothing(server: Server, given: dict[str, Any]) -> None:
    before = server.get("/api/katas/alpha/derivation")["answered"]
    status, _ = server.send("POST", "/api/katas/alpha/derivation", given)
    assert status == 400
    assert server.get("/api/katas/alpha/derivation")["answered"] == before
    assert server.request("GET", "/api/katas/beta/derivation")[0] == 400
    assert server.send("POST", "/api/katas/alpha/predictions", given)[0] == 400
