"""The pages in a real browser: no violation of the rules of accessibility, nothing wider than a phone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest

from graders.report import render
from graders.verdict import TaskResult, Verdict, from_json
from tests.browser import chromium, violations
from tests.report.test_comparison import failed
from tests.workshop import ROOT


@pytest.fixture(scope="module")
def looked() -> Iterator[Callable[[str, int, bool], tuple[list[str], int]]]:
    """Return looked(text, width, dark): what axe finds wrong in a page, and by how much the page is too wide."""
    with chromium() as browser:

        def look(text: str, width: int, dark: bool) -> tuple[list[str], int]:
            size, scheme = {"width": width, "height": 900}, "dark" if dark else "light"
            page = browser.new_page(viewport=size, color_scheme=scheme, bypass_csp=True)
            page.set_content(text)
            page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
            found = violations(page)
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            page.close()
            return found, wide

        yield look


def compared() -> Verdict:
    """A verdict with a table of every size: many entries, one, a batch of matrices, no finite number."""
    wide = [[round(math.sin(3 * row + column), 3) for column in range(12)] for row in range(2)]
    off = [[round(value + 0.1 * (number % 4), 3) for number, value in enumerate(row)] for row in wide]
    pairs = [(wide, off), (0.5, -0.25), ([[[1.0, 2.0]], [[3.0, 4.0]]], [[[1.0, 2.0]], [[3.0, 9.0]]])]
    pairs += [([1.0, float("inf")], [float("nan"), 2.0])]
    words = {"name": "test_gradient", "message": "backward: is off", "counterexample": "backward(x)"}
    tests = [failed(np.array(a), np.array(b), task="backward", **words) for a, b in pairs]
    task = TaskResult(name="backward", title="Backward", status="failed", score=0, max_score=2)
    return Verdict(kata="exercise05", title="Gradients", status="failed", tasks=(task,), tests=tuple(tests))


@cache
def pages() -> dict[str, str]:
    golden = {
        path.parent.name: from_json(path.read_bytes()) for path in (ROOT / "tests" / "golden").glob("*/verdict.json")
    }
    return {
        "report": render(list(golden.values()), "html", "instructor"),
        "one": render([golden["wrong"]], "html", "learner"),
        "compared": render([compared()], "html", "learner"),
    }


@pytest.mark.deep
@pytest.mark.parametrize("name", ["report", "one", "compared"])
@pytest.mark.parametrize(
    ("width", "dark"),
    [
        pytest.param(360, True, id="phone-dark"),
        pytest.param(1280, False, id="desk-light"),
        pytest.param(360, False, id="phone-light", marks=pytest.mark.wide),
        pytest.param(1280, True, id="desk-dark", marks=pytest.mark.wide),
    ],
)
def test_everybody_can_use_the_page(looked: Any, name: str, width: int, dark: bool) -> None:
    found, wide = looked(pages()[name], width, dark)
    assert found == []
    assert wide <= 0, "the page is wider than the window"


@pytest.mark.deep
def test_axe_finds_what_is_wrong(looked: Any) -> None:
    bad = pages()["one"].replace("--soft: #57606a", "--soft: #dddddd").replace('lang="en"', "")
    said = " ".join(looked(bad, 1280, False)[0])
    assert "color-contrast" in said
    assert "html-has-lang" in said


def test_what_axe_looks_at_has_tables() -> None:
    page = pages()["compared"]
    assert page.count('<div class="map"') == 4
