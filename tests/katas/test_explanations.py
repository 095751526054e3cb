"""Every kata has an explanation for people who have passed it, and it is complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from graders import catalogue
from graders.authoring.checking import HEADINGS, explanation_gap
from graders.catalogue import Kata
from graders.output.terminal_markdown import shown
from tests.workshop import ROOT

KATAS = catalogue.load_all(ROOT)
WIDTH = 80


@pytest.fixture(params=KATAS, ids=[kata.slug for kata in KATAS])
def kata(request: pytest.FixtureRequest) -> Kata:
    found: Kata = request.param
    return found


def test_explanation_has_its_title_and_headings(kata: Kata) -> None:
    text = kata.explanation.read_text(encoding="utf-8")
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    assert explanation_gap(kata) == ""
    assert re.findall(r"^## (.+)$", prose, re.MULTILINE) == list(HEADINGS)
    assert text.startswith(f"# After {kata.title}\n")
    assert len(re.findall(r"^<details>$", text, re.MULTILINE)) == text.count("\n</details>\n") == 1


def test_explanation_fits_a_narrow_terminal(kata: Kata) -> None:
    text = shown(kata.explanation.read_text(encoding="utf-8"), WIDTH)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "\\" not in re.sub(r"^  .*$", "", text, flags=re.MULTILINE)  # no formula is left as LaTeX
    assert not re.search(r"</?details>|</?summary>|\$|\*\*[^ (]+ |```", re.sub(r"^  .*$|`.*?`", "", text, flags=re.M))
    assert re.search(r"\nAnswer\n-{6}\n", text)


def test_explanation_names_later_katas_only(kata: Kata) -> None:
    """`Where it comes back` names katas that exist, and not the kata itself."""
    text = kata.explanation.read_text(encoding="utf-8").partition("## Where it comes back")[2]
    named = set(re.findall(r"`((?:exercise|challenge|milestone)\d+|meta)`", text))
    assert named
    assert named < {each.slug for each in KATAS} - {kata.slug}


def test_code_is_valid_python(kata: Kata) -> None:
    blocks = re.findall(r"```python\n(.*?)```", kata.explanation.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) >= 2
    for number, block in enumerate(blocks):
        compile(block, f"{Path(kata.slug)}, block {number}", "exec")
