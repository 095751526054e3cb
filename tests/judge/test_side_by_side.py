"""Independent tasks of a kata that trains are graded side by side, with the verdict of a grading of all tasks."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from graders import Judge, catalogue
from graders.errors import Abandoned
from graders.judge.messages import Step
from graders.judge.side_by_side import Part, SideBySide, tasks_of
from graders.verdict import Verdict
from tests.workshop import HALF, HIDDEN, SOLUTION, TOML, write, write_kata, write_repository

CHALLENGE = TOML.replace('"exercise"', '"challenge"')
SLOW = "import time\n" + SOLUTION.replace("    return", "    time.sleep(0.6)\n    return")
LATER = """
[tasks.late]
title = "Late"
points = 1
after = ["half"]

[tasks.last]
title = "Last"
points = 1
after = ["late", "twice"]

[tasks.other]
title = "Other"
points = 1
"""
RUNTIMES = CHALLENGE.replace("[tasks.half]", '[tasks.half]\nruntime = "torch"')
RUNTIMES += '[tasks.other]\ntitle = "Other"\npoints = 1\nruntime = "gpu"\n'
OTHERS = "".join(f'[tasks.other{n}]\ntitle = "Other {n}"\npoints = 1\n' for n in range(8))
LATER_TESTS = """
@task("late")
def test_minus_one_is_halved(kata):
    assert_close(kata.half(-1.0), -0.5)

@task("last")
def test_both(kata):
    assert_close(kata.half(kata.twice(8.0)), 8.0)
"""
OTHER_TEST = """
@task("other")
def test_half_a_quarter(kata):
    assert_close(kata.half(0.25), 0.125)
"""
ENDLESS = "def twice(x):\n    while True:\n        pass\n\ndef half(x):\n    while True:\n        pass\n"
NAMES = ["test_two_becomes_four", "test_every_vector_is_doubled", "test_three_is_halved"]
SEED = bytes(range(16))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_repository(tmp_path_factory.mktemp("spread") / "katas", ["exercise"])
    write_kata(root, "apart", toml=CHALLENGE)
    write_kata(root, "wide", toml=CHALLENGE + LATER)
    write_kata(root, "several", toml=RUNTIMES)
    write_kata(root, "many", toml=CHALLENGE + LATER + OTHERS)
    two = CHALLENGE.replace('["twice.py"]', '["twice.py", "more.py"]').replace("= 2\n[", '= 2\nfiles = ["twice.py"]\n[')
    write_kata(root, "lacking", toml=two)
    for place in ("katas", "solutions"):
        write(root / place / "lacking" / "more.py", "more = 1\n")
    write(root / "graders" / "hidden" / "wide" / "test_hidden.py", HIDDEN + LATER_TESTS + OTHER_TEST)
    write(root / "graders" / "hidden" / "several" / "test_hidden.py", HIDDEN + OTHER_TEST)
    return root


@pytest.fixture(scope="module")
def spread(root: Path) -> Iterator[Judge]:
    with Judge(root) as judge:
        yield judge


@pytest.fixture(autouse=True)
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)


def test_the_tasks_on_which_most_others_build_come_first(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tasks_of(catalogue.load(root, "apart")) == ["twice", "half"]
    assert tasks_of(catalogue.load(root, "wide")) == ["half", "twice", "late", "last", "other"]
    assert tasks_of(catalogue.load(root, "exercise")) == []
    assert tasks_of(catalogue.load(root, "apart"), ["half"]) == []
    assert tasks_of(catalogue.load(root, "wide"), ["half", "late"]) == []  # a chain
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    assert tasks_of(catalogue.load(root, "apart")) == []


def test_while_one_judge_grades_a_long_task_the_other_grades_all_others(root: Path, spread: Judge) -> None:
    kata, verdict = catalogue.load(root, "many"), graded(spread, root / "solutions" / "apart", spread=False)
    tasks, graded_others = tasks_of(kata), threading.Semaphore(0)

    def ask(part: Part, *_: object) -> Verdict:
        if part.task == "other":
            for number in range(len(tasks) - 1):
                assert graded_others.acquire(timeout=20), f"only {number} of the other tasks were graded meanwhile"
        graded_others.release()
        return verdict

    assert SideBySide(kata, list(tasks), None, None).verdict(ask, ask, ()) is not None


def test_two_parts_may_wait_for_the_same_sandbox(root: Path) -> None:
    with Judge(root) as judge:
        judge.start()
        before = judge.process
        assert graded(judge, root / "solutions" / "several", spread=True, slug="several").status == "passed"
        assert judge.process is before


def graded(judge: Judge, place: Path, *, spread: bool, slug: str = "apart", **how: Any) -> Verdict:
    return judge.grade(slug, place, seed=SEED, spread=spread, **how)


@pytest.mark.parametrize("slug", ["apart", "wide"])
@pytest.mark.parametrize(
    ("text", "status"),
    [
        (SOLUTION, "passed"),
        (SOLUTION.replace("2.0", "3.0"), "failed"),
        (SOLUTION.replace("FACTOR * x", "FACTOR + x"), "failed"),
        (SOLUTION.replace("x / 2.0", "x / 3.0"), "failed"),
        ("def twice(x):\n    raise NotImplementedError\n\n" + HALF, "failed"),
        (SOLUTION + "import nothing_like_this\n", "ungradable"),
        ("def twice(x) return x\n", "ungradable"),
        ("", "failed"),
    ],
)
def test_the_verdict_is_that_of_all_tasks_together(
    spread: Judge, tmp_path: Path, text: str, status: str, slug: str
) -> None:
    (tmp_path / "twice.py").write_text(text, encoding="utf-8")
    one, other = (timeless(graded(spread, tmp_path, spread=each, slug=slug)) for each in (False, True))
    assert one.status == status
    assert one == other


def test_a_task_is_blocked_by_one_that_failed_beside_it(spread: Judge, tmp_path: Path) -> None:
    (tmp_path / "twice.py").write_text(SOLUTION.replace("x / 2.0", "x / 3.0"), encoding="utf-8")
    verdict = graded(spread, tmp_path, spread=True, slug="wide")
    found = {task.name: (task.status, task.blocked_by) for task in verdict.tasks}
    assert found["half"] == found["other"] == ("failed", ())
    assert found["late"] == found["last"] == ("blocked", ("half",))


def test_after_a_test_that_is_stopped_no_task_begins(spread: Judge, tmp_path: Path) -> None:
    (tmp_path / "twice.py").write_text(ENDLESS, encoding="utf-8")
    verdict = graded(spread, tmp_path, spread=True, slug="wide", impatient=True)
    last = next(test for test in verdict.tests if test.task == "other")
    assert last.status == "blocked"
    assert last.message.startswith("not run, because your code was stopped in ")


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
    (tmp_path / "twice.py").write_text(ENDLESS, encoding="utf-8")
    until, closer = os.pipe()

    def cancel(step: Step) -> None:
        if step.number == 2:
            os.close(closer)

    with pytest.raises(Abandoned):
        graded(spread, tmp_path, spread=True, at=cancel, until=until)
    os.close(until)
    (tmp_path / "twice.py").write_text(SOLUTION, encoding="utf-8")
    assert graded(spread, tmp_path, spread=True).status == "passed"


def test_a_grading_is_cancelled_while_one_judge_waits_for_the_other(spread: Judge, tmp_path: Path) -> None:
    (tmp_path / "twice.py").write_text(SOLUTION.replace("return x /", "while True:\n        x /"), encoding="utf-8")
    until, closer = os.pipe()
    told: list[Verdict] = []

    def cancel(verdict: Verdict) -> None:
        if {task.name for task in verdict.tasks} == {"twice"} and not told:
            told.append(verdict)
            os.close(closer)

    with pytest.raises(Abandoned):
        graded(spread, tmp_path, spread=True, tell=cancel, until=until)
    os.close(until)


def test_a_file_that_is_missing_grades_nothing_twice(spread: Judge, tmp_path: Path) -> None:
    (tmp_path / "twice.py").write_text(SOLUTION, encoding="utf-8")
    steps: list[int] = []
    one = timeless(graded(spread, tmp_path, spread=False, slug="lacking"))
    other = graded(spread, tmp_path, spread=True, slug="lacking", at=lambda step: steps.append(step.number))
    assert one == timeless(other)
    assert one.message.startswith("more.py")
    assert steps == [1, 2]


def timeless(verdict: Verdict) -> Verdict:
    tests = tuple(test.timeless for test in verdict.tests)
    return msgspec.structs.replace(verdict, tests=tests, duration_s=0.0, graded_at="")
