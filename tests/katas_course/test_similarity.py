"""Submissions that resemble each other: which pairs are listed, in which order, and the page that shows them."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from graders import catalogue, intake
from graders.catalogue import Kata
from graders.intake import Submission, SubmissionFile
from katas_course import similarity
from katas_course.similarity import Comparison, Match
from tests import workshop
from tests.katas_course.disguise import disguised
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
    return {person: intake.submission(kata, {kata.files[0]: text.encode()}) for person, text in texts.items()}


def cohort(kata: Kata) -> dict[str, Submission]:
    """Return twelve people: ten with the usual answer, and two who share part of an odd one, under other names."""
    usual = {f"person{number}": USUAL.replace("vector", f"vector {number}") for number in range(10)}
    copied = ODD.partition("def twice")[0] + "def twice(values):\n    return [value * 2.0 for value in values]\n"
    return submitted(kata, {**usual, "mallory": ODD, "trent": f"# all my own work\n{copied.replace('number', 'n')}"})


def together(match: Match) -> set[str]:
    return set(match.everyone)


def test_rare_code_in_common_outranks_what_everyone_writes(kata: Kata) -> None:
    first, second = Comparison(kata, cohort(kata)).matches(0.3)
    assert together(first) == {"mallory", "trent"}
    assert first.bits > 10
    assert (
        min(first.share, first.other_share) < 1.0 == second.share
    )  # by shares alone, the honest ones would come first
    assert second.bits < first.bits / 2


def test_people_with_the_same_answer_are_one_group(kata: Kata) -> None:
    usual = USUAL.replace("x", "values").replace("import numpy as np\n", "import numpy as np  # the library\n\n")
    moved = "import numpy\n\ndef half(x):\n    return x/2.\n" + USUAL.partition("\n")[2].partition("\ndef half")[0]
    texts = {"ada": USUAL, "bob": USUAL, "cleo": usual, "dan": moved.replace("np.", "numpy."), "eve": ODD, "fay": ODD}
    found = Comparison(kata, submitted(kata, texts)).matches(0.5)
    assert [(each.people, each.others) for each in found] == [
        (("eve", "fay"), ()),
        (("ada", "bob", "cleo", "dan"), ()),
    ]
    assert found[0].bits > found[1].bits


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("for x in xs:\n        s += x * 2", "for y in xs:\n        s = s + 2 * y", id="augmented"),
        pytest.param(
            "if 3 > len(xs) > 1:\n        return None", "if 3 > len(xs) > 1:\n\n        return None", id="lines"
        ),
        pytest.param("m: int = len(xs) + 1", "n = 1 + len(xs)", id="annotation"),
        pytest.param("assert len(xs) == 3 * 2", "assert 3 * 2 == len(xs)", id="equality"),
        pytest.param("assert len(xs) >= 3 * 2", "assert 2 * 3 <= len(xs)", id="inequality"),
        pytest.param("xs.total = helper(xs, 3)", "xs.score = aid(xs, 3)", id="attribute"),
    ],
)
def test_another_spelling_makes_no_difference(kata: Kata, before: str, after: str) -> None:
    texts = [f"def helper(xs, s=0):\n    {before}\n", f"def aid(xs, s=0):\n    {after}\n", ODD]
    found = Comparison(kata, submitted(kata, dict(zip("abc", texts, strict=True)))).matches(0.1)
    assert [(each.people, each.others) for each in found] == [(("a", "b"), ())]


def test_code_from_stub_and_readme_is_left_out(kata: Kata) -> None:
    shown, own = "np.stack([x, x]).sum(axis=0)", "def half(x):\n    return np.divide(x, 2 * np.ones(len(x)))\n"
    answer = f"import numpy as np\n\ndef twice(x):\n    return {shown}\n\n{own}"
    people = submitted(kata, {"ada": answer, "bob": answer.replace("x", "y"), "cleo": USUAL})
    (before,) = Comparison(kata, people).matches(0.5)
    (kata.folder / "README.md").write_text(f"Try `{shown}`, as in\n\n    return {shown}\n")
    (after,) = Comparison(kata, people).matches(0.5)
    assert together(before) == together(after) == {"ada", "bob"}
    assert after.bits < 0.75 * before.bits
    (kata.folder / kata.files[0]).write_text(answer)
    assert Comparison(kata, people).matches(0.5) == []


def test_the_kata_s_own_solutions_make_code_common(kata: Kata) -> None:
    people = submitted(kata, {"ada": ODD, "bob": ODD, "cleo": USUAL})
    (before,) = Comparison(kata, people).matches(0.9)
    for number in range(5):
        workshop.write(kata.hidden / "accept" / f"odd{number}.py", f"# Reduces.\n{ODD}")
    (after,) = Comparison(kata, people).matches(0.9)
    assert after.bits < before.bits / 2


def test_earlier_terms_are_compared_with_but_not_with_each_other(kata: Kata) -> None:
    other = ODD.replace("(2.0,)", "(2.0, 1.0)")
    earlier = submitted(kata, {"ada (2025)": ODD, "bob (2025)": ODD, "cleo (2025)": other})
    (found,) = Comparison(kata, submitted(kata, {"dan": USUAL, "eve": other}), earlier).matches(0.9)
    assert found.everyone == ("cleo (2025)", "eve")


def test_the_page_marks_common_lines_and_shows_no_markup_of_a_submission(kata: Kata) -> None:
    evil = "# </pre><script>alert(1)</script>\n"
    people = cohort(kata) | submitted(kata, {"<b>eve</b>": evil + ODD})
    comparison = Comparison(kata, people)
    found = comparison.matches(0.5)
    text = similarity.render("Similar", found, comparison, dict.fromkeys(people, "2026-03-01T10:00:00Z"))
    assert "<script" not in text
    assert "<b>" not in text
    assert '<mark class="level2">    for divisor in' in text
    assert '<mark class="level3">    return type(vector)' in text


def test_levels_say_how_many_have_a_line(kata: Kata) -> None:
    comparison = Comparison(kata, cohort(kata))
    first, second = comparison.matches(0.3)
    mine, theirs = comparison.levels(first)
    lines = ODD.split("\n")
    assert mine[lines.index("    for divisor in (2.0,):") + 1] == similarity.OF_THESE
    assert mine[lines.index("def twice(vector):") + 1] == 0
    assert theirs[-2] == 0
    usual, _ = comparison.levels(second)
    assert max(usual) == 1


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"x = {'-' * 3000}1\n", id="deep"),
        pytest.param(f"x = a{'.b' * 40_000}\n", id="chain"),
        pytest.param("def twice(x:\n    return x.sum(\n", id="syntax-error"),
        pytest.param("x = 1\0\n", id="nul"),
        pytest.param("x = 1\n" * 150_000, id="long"),
        pytest.param("\udcff" * 200, id="no-text"),
        pytest.param(f"x = 0x{'f' * 9000}\n", id="number"),
    ],
)
def test_hostile_files_are_named_and_left_out(kata: Kata, text: str) -> None:
    data = {"ada": text.encode(errors="surrogateescape"), "bob": USUAL.encode(), "cleo": USUAL.encode()}
    data["dan"] = b"# mine\n" + data["ada"]
    files = {
        person: Submission(files=(SubmissionFile(name="twice.py", data=each),), ignored=(), missing=(), sha256="")
        for person, each in data.items()
    }
    comparison = Comparison(kata, files)
    assert comparison.unparsed == ["ada", "dan"]
    assert [match.everyone for match in comparison.matches(0.3)] == [("bob", "cleo")]


@pytest.mark.deep
def test_similarity_does_not_depend_on_hash_seeds() -> None:
    program = (
        "from pathlib import Path; from graders import catalogue, intake; from katas_course import similarity\n"
        f"kata = catalogue.load(Path({str(ROOT)!r}), 'exercise04'); solution = intake.shipped(kata, kata.solution)\n"
        "texts = [each.applied(solution) for each in kata.wrong[:6]]\n"
        "files = {str(n): intake.submission(kata, {kata.files[0]: text}) for n, text in enumerate(texts)}\n"
        "print(similarity.Comparison(kata, files).matches(0.3))\n"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("0", "1")
    }
    assert len(said) == 1
    assert b"Match" in said.pop()


@pytest.mark.deep
def test_planted_copies_stand_out_among_accepted_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plant 10 disguised copies in each exercise, among the accepted answers, which count as strangers' here."""
    monkeypatch.setattr(Kata, "accept", ())
    strangers = found = false = 0
    for kata in (each for each in catalogue.load_all(ROOT) if each.slug.startswith("exercise")):
        chance = random.Random(kata.slug)
        kept = frozenset(kata.entry_points)
        people = {path.stem: path.read_text() for path in sorted((kata.hidden / "accept").glob("*.py"))}
        copies = {name: disguised(people[name], kept, chance.randrange(10**9)) for name in chance.sample([*people], 10)}
        files = people | {f"{name}, copied": text for name, text in copies.items()}
        comparison = Comparison(kata, submitted(kata, files))
        for match in comparison.matches(0.5):
            right = {one.removesuffix(", copied") for one in match.everyone}
            found, false = found + (len(right) == 1), false + (len(right) > 1)
        strangers += len(people)
    print(f"{found} of 190 copies found among {strangers} answers, {false} other pairs")
    assert found >= 176
    assert false <= 8
