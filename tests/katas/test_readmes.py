"""The worked examples in the READMEs show what the solutions compute."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from graders.output.terminal_markdown import FOLDED
from tests.kata_modules import importable
from tests.workshop import ROOT

READMES = {path.parent.name: path for path in sorted((ROOT / "katas").glob("*/README.md"))}


@pytest.fixture(scope="module")
def worked_examples() -> Iterator[ModuleType]:
    with importable(ROOT / "benchmarks") as module:
        yield module("worked_examples")
        sys.modules.pop("worked_examples", None)


def test_each_readme_with_a_worked_example_is_recomputed(worked_examples: ModuleType) -> None:
    texts = {slug: worked_examples.section(path.read_text(encoding="utf-8")) for slug, path in READMES.items()}
    assert {slug for slug, text in texts.items() if text} == set(worked_examples.EXAMPLES)


@pytest.mark.parametrize("slug", [slug for slug in READMES if slug != "challenge5"])
def test_worked_example_agrees_with_the_solution(worked_examples: ModuleType, slug: str) -> None:
    assert worked_examples.recomputed(slug).all_faults() == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("= 0.4076", "= 0.4075", "should be"),
        ("logits = [2, 1, 0]", "logits = [2, 1, 1]", "should be"),
        ("target = 0\n", "target = 0\n\n    size = 17\n", "not recomputed"),
        ("loss        = -log", "cost = -log", "doesn't say"),
    ],
    ids=["another digit", "another input", "a new line", "another word"],
)
def test_worked_example_that_was_changed_is_noticed(
    worked_examples: ModuleType, old: str, new: str, fault: str
) -> None:
    text = READMES["exercise04"].read_text(encoding="utf-8")
    assert old in text
    changed = worked_examples.recomputed("exercise04", text.replace(old, new, 1))
    assert any(fault in each for each in changed.all_faults())


@pytest.mark.parametrize("file", sorted(ROOT.glob("katas/*/README.md")), ids=lambda file: file.parent.name)
def test_what_is_unfolded_can_be_read_in_a_few_minutes(file: Path) -> None:
    most = {"exercise": 1_100, "meta": 3_000}.get(file.parent.name.rstrip("0123456789"), 1_600)
    unfolded = FOLDED.sub("", file.read_text(encoding="utf-8"))
    assert len(unfolded.split()) <= most
