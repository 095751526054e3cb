"""Independent tasks of a kata that trains are graded side by side, with the verdict of a grading of all tasks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from graders import Judge, catalogue
from graders.errors import Abandoned
from graders.judge.client import parts_of
from graders.judge.messages import Step
from graders.verdict import Verdict
from tests.workshop import HALF, SOLUTION, TOML, write_kata, write_repository

CHALLENGE = TOML.replace('"exercise"', '"challenge"')
SLOW = "import time\n" + SOLUTION.replace("    return", "    time.sleep(0.6)\n    return")
NAMES = ["test_two_becomes_four", "test_every_vector_is_doubled", "test_three_is_halved"]
SEED = bytes(range(16))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_repository(tmp_path_factory.mktemp("spread") / "katas", ["exercise"])
    write_kata(root, "apart", toml=CHALLENGE)
    write_kata(root, "linked", toml=CHALLENGE.replace('title = "Half', 'after = ["twice"]\ntitle = "Half'))
    return root


@pytest.fixture(scope="module")
def spread(root: Path) -> Iterator[Judge]:
    with Judge(root) as judge:
        yield judge


@pytest.fixture(autouse=True)
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)


def test_tasks_that_wait_for_each_other_stay_together(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert parts_of(catalogue.load(root, "apart")) == [("twice",), ("half",)]
    for slug in ("linked", "exercise"):
        assert parts_of(catalogue.load(root, slug)) == []
    assert parts_of(catalogue.load(root, "apart"), ["half"]) == []
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    assert parts_of(catalogue.load(root, "apart")) == []


def test_a_chain_is_one_part(root: Path, tmp_path: Path) -> None:
    root = write_repository(tmp_path / "katas", [])
    more = '[tasks.both]\ntitle = "Both"\npoints = 1\nafter = ["half", "twice"]\n'
    more += '[tasks.last]\ntitle = "Last"\npoints = 1\n'
    write_kata(root, "more", toml=CHALLENGE + more)
    assert parts_of(catalogue.load(root, "more")) == [("both", "half", "twice"), ("last",)]


def graded(judge: Judge, place: Path, *, spread: bool, **how: Any) -> Verdict:
    return judge.grade("apart", place, seed=SEED, spread=spread, **how)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (SOLUTION, "passed"),
        (SOLUTION.replace("2.0", "3.0"), "failed"),
        (SOLUTION.replace("FACTOR * x", "FACTOR + x"), "failed"),
        ("def twice(x):\n    raise NotImplementedError\n\n" + HALF, "failed"),
        (SOLUTION + "import nothing_like_this\n", "ungradable"),
        ("def twice(x) return x\n", "ungradable"),
        ("", "failed"),
    ],
)
def test_the_verdict_is_that_of_all_tasks_together(spread: Judge, tmp_path: Path, text: str, status: str) -> None:
    (tmp_path / "twice.py").write_text(text, encoding="utf-8")
    one, other = (timeless(graded(spread, tmp_path, spread=each)) for each in (False, True))
    assert one.status == status
    assert one == other


def test_both_parts_run_at_the_same_time(spread: Judge, tmp_path: Path) -> None:
    (tmp_path / "twice.py").write_text(SLOW, encoding="utf-8")
    told: list[Step | Verdict] = []
    verdict = graded(spread, tmp_path, spread=True, at=told.append, tell=told.append)
    assert [test.name for test in verdict.tests] == NAMES
    steps = [each for each in told if isinstance(each, Step)]
    assert [(step.number, step.of) for step in steps] == [(1, 3), (2, 3), (3, 3)]
    assert {step.doing for step in told[:2] if isinstance(step, Step)} == {"Twice a vector", "Half a number"}
    partial = [each for each in told if isinstance(each, Verdict)]
    assert [len(each.tests) for each in partial] == sorted(len(each.tests) for each in partial)
    assert {task.name for task in partial[-1].tasks} <= {"twice", "half"}


def test_a_cancelled_grading_ends_both_parts(spread: Judge, tmp_path: Path) -> None:
    endless = "def twice(x):\n    while True:\n        pass\n\ndef half(x):\n    while True:\n        pass\n"
    (tmp_path / "twice.py").write_text(endless, encoding="utf-8")
    until, closer = os.pipe()

    def cancel(step: Step) -> None:
        if step.number == 2:
            os.close(closer)

    with pytest.raises(Abandoned):
        graded(spread, tmp_path, spread=True, at=cancel, until=until)
    os.close(until)
    (tmp_path / "twice.py").write_text(SOLUTION, encoding="utf-8")
    assert graded(spread, tmp_path, spread=True).status == "passed"


def timeless(verdict: Verdict) -> Verdict:
    tests = tuple(test.timeless for test in verdict.tests)
    return msgspec.structs.replace(verdict, tests=tests, duration_s=0.0, graded_at="")
