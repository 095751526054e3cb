"""The program of exercise10 prints the checklist: four sentences, and the functions that check them."""

from __future__ import annotations

import re

import pytest

from tests import shell
from tests.workshop import ROOT

CHECKLIST = """\
forward tensor shapes are correct    shapes_are_correct       True
model can overfit a tiny batch       can_overfit_tiny_batch   True
activation statistics are healthy    activations_are_healthy  True
gradient norms are tracked by layer  gradients_flow           True
"""


@pytest.mark.parametrize(("words", "answer"), [(("--against", "solutions"), "True"), ((), "not written yet")])
def test_the_program_prints_the_checklist_with_what_the_functions_answer(words: tuple[str, ...], answer: str) -> None:
    done = shell.katas_cold("run", "exercise10", *words)
    assert (done.status, done.out, done.err) == (0, CHECKLIST.replace("True", answer), "")


def test_the_readme_shows_what_the_program_prints() -> None:
    readme = (ROOT / "katas/exercise10/README.md").read_text(encoding="utf-8")
    assert re.sub("^    ", "", readme, flags=re.MULTILINE).count(CHECKLIST) == 1
