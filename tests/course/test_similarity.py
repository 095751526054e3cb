"""Submissions that resemble each other: which pairs are listed, in which order, and the page that shows them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from graders import catalogue, intake
from graders.catalogue import Kata
from graders.course import similarity
from graders.course.similarity import Comparison
from graders.intake import Submission
from tests import workshop
from tests.workshop import ROOT

USUAL = """\
import numpy as np

def twice(x):
    x = np.asarray(x)
    if x.ndim != 1:
        raise ValueError("x must be a vector")
    return 2.0 * x

def half(x):
    return x / 2.0
"""
ODD = """\
import functools, operator

def half(number):
    for divisor in (2.0,):
        number = functools.reduce(operator.truediv, [number, divisor])
    return number

def twice(vector):
    return type(vector)([]) if not len(vector) else functools.reduce(operator.add, (vector, vector))
"""


@pytest.fixture
def kata(tmp_path: Path) -> Kata:
    return catalogue.load(workshop.write_repository(tmp_path, ["one"]), "one")


def submitted(kata: Kata, texts: dict[str, str]) -> dict[str, Submission]:
    return {person: intake.submission(kata, {"twice.py": text.encode()}) for person, text in texts.items()}


def cohort(kata: Kata) -> dict[str, Submission]:
    """Return twelve people: ten with the usual answer, and two who share part of an odd one, under other names."""
    usual = {f"person{number}": USUAL.replace("vector", f"vector {number}") for number in range(10)}
    copied = ODD.partition("def twice")[0] + "def twice(values):\n    return [value * 2.0 for value in values]\n"
    return submitted(kata, {**usual, "mallory": ODD, "trent": f"# all my own work\n{copied.replace('number', 'n')}"})


def test_rare_code_in_common_outranks_what_everyone_writes(kata: Kata) -> None:
    found = Comparison(kata, cohort(kata)).pairs(0.5)
    first, second = found.pairs[0], found.pairs[1]
    assert (first.one, first.other) == ("mallory", "trent")
    assert first.bits > 10
    assert first.most < 1.0 == second.most  # by the share of common code alone, the honest pairs would come first
    assert second.bits < first.bits / 5
    assert found.median_bits < first.bits / 5


def test_the_kata_s_own_solutions_make_code_common(kata: Kata) -> None:
    people = submitted(kata, {"ada": ODD, "bob": ODD, "cleo": USUAL})
    (before,) = Comparison(kata, people).pairs(0.9).pairs
    for number in range(5):
        workshop.write(kata.hidden / "accept" / f"odd{number}.py", f"# Reduces.\n{ODD}")
    (after,) = Comparison(kata, people).pairs(0.9).pairs
    assert after.bits < before.bits / 2


def test_earlier_terms_are_compared_with_but_not_with_each_other(kata: Kata) -> None:
    earlier = submitted(kata, {"ada (2025)": ODD, "bob (2025)": ODD})
    found = Comparison(kata, submitted(kata, {"cleo": USUAL, "mallory": ODD}), earlier).pairs(0.9)
    assert {(pair.one, pair.other) for pair in found.pairs} == {("ada (2025)", "mallory"), ("bob (2025)", "mallory")}


def test_the_page_marks_common_lines_and_shows_no_markup_of_a_submission(kata: Kata) -> None:
    evil = "# </pre><script>alert(1)</script>\n"
    people = cohort(kata) | submitted(kata, {"<b>eve</b>": evil + ODD})
    comparison = Comparison(kata, people)
    found = comparison.pairs(0.5)
    text = similarity.render(
        "Similar", found.pairs[:5], comparison, dict.fromkeys(people, "2026-03-01T10:00:00Z"), found.median_bits
    )
    assert "<script" not in text
    assert "<b>" not in text
    assert '<mark class="level2">import functools, operator</mark>' in text


def test_levels_say_how_many_have_a_line(kata: Kata) -> None:
    mine, theirs = Comparison(kata, cohort(kata)).levels("mallory", "trent")
    lines = ODD.split("\n")
    assert mine[lines.index("    return number")] == similarity.OF_TWO
    assert mine[lines.index("def twice(vector):") + 1] == 0
    assert theirs[-2] == 0
    usual, _ = Comparison(kata, cohort(kata)).levels("person1", "person2")
    assert max(usual) == 1


def test_files_too_slow_to_compare_are_listed(kata: Kata, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similarity, "TOKENIZING_S", 0.1)
    odd = b"\xff" * 250_000  # every character is an error of the tokenizer
    sources = {"ada": workshop.SOLUTION.encode(), "bob": odd, "cleo": f"# mine\n{workshop.SOLUTION}".encode()}
    files = {person: intake.submission(kata, {"twice.py": text}) for person, text in sources.items()}
    found = Comparison(kata, files).pairs(0.8)
    assert found.left_out == ["bob"]
    assert [(pair.one, pair.other) for pair in found.pairs] == [("ada", "cleo")]


@pytest.mark.deep
def test_similarity_does_not_depend_on_hash_seeds() -> None:
    program = (
        "from pathlib import Path; from graders import catalogue, intake; from graders.course import similarity\n"
        f"kata = catalogue.load(Path({str(ROOT)!r}), 'exercise04'); solution = intake.shipped(kata, kata.solution)\n"
        "texts = [each.applied(solution) for each in kata.wrong[:6]]\n"
        "files = {str(n): intake.submission(kata, {kata.files[0]: text}) for n, text in enumerate(texts)}\n"
        "print(similarity.Comparison(kata, files).pairs(0.3).pairs)\n"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("0", "1")
    }
    assert len(said) == 1
    assert b"Pair" in said.pop()
