"""The pages in a real browser: no violation of the rules of accessibility, nothing wider than a phone."""

from __future__ import annotations

import datetime
import json
import math
import re
import subprocess
from collections.abc import Callable
from functools import cache
from html import escape, unescape
from typing import Any

import numpy as np
import pytest

from graders import catalogue, intake
from graders.course import similarity
from graders.course.similarity import Comparison
from graders.learner.listing import as_page
from graders.learner.progress import Standing
from graders.pytest_plugin.outcome import actual_text, expected_text
from graders.report import render
from graders.verdict import TaskResult, TestResult, Verdict, from_json
from tests.browser import CHROMIUM, axe, missing
from tests.workshop import ROOT

LOOK = """
<script>
document.querySelectorAll("details").forEach(each => { each.open = true; });
axe.run(document, {resultTypes: ["violations"]}).then(found => {
  const said = found.violations.map(each => each.id + ": " + each.nodes.map(node => node.html).join(" | "));
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  const seen = parent.document.createElement("pre");
  seen.className = frameElement.name;
  seen.textContent = JSON.stringify({said, wide, passes: found.passes.length});
  parent.document.body.append(seen);
});
</script>
"""

Looked = Callable[[int, bool], dict[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Looked:
    """Open all pages in one headless Chromium, each in a frame `width` pixels wide, and let axe look at them."""
    folder = tmp_path_factory.mktemp("axe")
    if not CHROMIUM:
        missing("chromium is needed to look at the pages")
    source = axe()

    def framed(name: str, text: str, width: int) -> str:
        open_to_axe = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
        inner = escape(open_to_axe.replace("</body>", f"<script>{source}</script>{LOOK}</body>"))
        # Chromium opens no window as narrow as a phone: the page is looked at in a frame.
        return f'<iframe name="{name}" width="{width}" height="900" srcdoc="{inner}"></iframe>'

    @cache
    def look(width: int, dark: bool) -> dict[str, dict[str, Any]]:
        path = folder / "page.html"
        wanted = pages() | {"bad": bad()}
        frames = "".join(framed(name, text, width) for name, text in wanted.items())
        path.write_text(f'<!doctype html><body style="margin:0">{frames}', encoding="utf-8")
        words = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", f"--window-size={max(width, 500)},1000"]
        words += ["--blink-settings=preferredColorScheme=0"] * dark
        words += ["--virtual-time-budget=20000", "--dump-dom", path.as_uri()]
        done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
        seen = dict(re.findall(r'<pre class="(\w+)">(.*?)</pre>', done.stdout, re.DOTALL))
        assert seen.keys() == wanted.keys(), done.stderr[-2000:]
        return {name: json.loads(unescape(text)) for name, text in seen.items()}

    return look


def compared() -> Verdict:
    """A verdict with a table and a plot of every size: many entries, one, a batch of matrices, no finite number."""
    wide = [[round(math.sin(3 * row + column), 3) for column in range(12)] for row in range(2)]
    off = [[round(value + 0.1 * (number % 4), 3) for number, value in enumerate(row)] for row in wide]
    pairs = [(wide, off), (0.5, -0.25), ([[[1.0, 2.0]], [[3.0, 4.0]]], [[[1.0, 2.0]], [[3.0, 9.0]]])]
    pairs += [([1.0, float("inf")], [float("nan"), 2.0])]
    tests = [
        TestResult(
            name=f"test_gradient_{number}",
            task="backward",
            visibility="visible",
            status="failed",
            message="backward: is off",
            counterexample="backward(x)",
            expected=expected_text(np.array(a)),
            actual=actual_text(np.array(b)),
        )
        for number, (a, b) in enumerate(pairs)
    ]
    task = TaskResult(name="backward", title="Backward", status="failed", score=0, max_score=2)
    return Verdict(kata="exercise05", title="Gradients", status="failed", tasks=(task,), tests=tuple(tests))


def similar() -> str:
    kata = catalogue.load(ROOT, "exercise04")
    texts = [variant.applied(intake.solved(kata)) for variant in kata.accept[:4]]
    people = {f"person {n}": intake.submission(kata, {kata.files[0]: text}) for n, text in enumerate(texts)}
    comparison = Comparison(kata, people)
    return similarity.render("Similar", comparison.pairs(0).pairs[:3], comparison, dict.fromkeys(people, "2026"), 1.0)


@cache
def pages() -> dict[str, str]:
    golden = {
        path.parent.name: from_json(path.read_bytes()) for path in (ROOT / "tests" / "golden").glob("*/verdict.json")
    }
    katas = catalogue.load_all(ROOT)
    states = [Standing("", 3, 10, "2026-03-01"), Standing("", 2, 4), Standing("")]
    standings = {kata.slug: states[number % 3] for number, kata in enumerate(katas)}
    day = datetime.date(2026, 3, 2)
    return {
        "report": render(list(golden.values()), "html", "instructor"),
        "one": render([golden["wrong"]], "html", "learner"),
        "compared": render([compared()], "html", "learner"),
        "similar": similar(),
        "progress": as_page(katas, standings, [day], day),
    }


@pytest.mark.deep
@pytest.mark.parametrize("name", ["report", "one", "compared", "similar", "progress"])
@pytest.mark.parametrize(
    ("width", "dark"),
    [
        pytest.param(360, True, id="phone-dark"),
        pytest.param(1280, False, id="desk-light"),
        pytest.param(360, False, id="phone-light", marks=pytest.mark.wide),
        pytest.param(1280, True, id="desk-dark", marks=pytest.mark.wide),
    ],
)
def test_everybody_can_use_the_page(looked: Looked, name: str, width: int, dark: bool) -> None:
    found = looked(width, dark)[name]
    assert found["said"] == []
    assert found["passes"] > 10, "axe has looked at next to nothing"
    assert found["wide"] <= 0, "the page is wider than the window"


def bad() -> str:
    return pages()["one"].replace("--soft: #57606a", "--soft: #dddddd").replace('lang="en"', "")


@pytest.mark.deep
def test_axe_finds_what_is_wrong(looked: Looked) -> None:
    said = " ".join(looked(1280, False)["bad"]["said"])
    assert "color-contrast" in said
    assert "html-has-lang" in said


def test_the_checklist_says_what_is_done_begun_and_next() -> None:
    page = pages()["progress"]
    assert "Next: <strong>" in page
    assert page.count(">done<") == page.count("2026-03-01")
    assert ">in progress<" in page
    assert ">not started<" in page


def test_what_axe_looks_at_has_tables_and_plots() -> None:
    page = pages()["compared"]
    assert page.count('<div class="map"') == 4
    assert page.count('<svg class="plot"') == 2
