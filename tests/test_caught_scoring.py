"""Tests for planted faults in scoring that no other test caught; see `tests/planted.py`."""

from __future__ import annotations

from graders.catalogue import Task
from graders.scoring import blocking, scored
from graders.verdict import TestResult, TestStatus, Verdict
from tests.test_scoring import kata_of


def test_a_test_that_did_not_run_gives_no_partial_points() -> None:
    kata = kata_of(Task(name="t", title="T", points=3, partial=True))
    statuses: list[TestStatus] = ["passed", "failed", "ungraded"]
    results = [TestResult(name=each, task="t", visibility="hidden", status=each) for each in statuses]
    (task,) = scored(Verdict(kata="any", status="error"), kata, results).tasks
    assert (task.status, task.score) == ("partial", 1)


def test_a_failed_task_blocks_at_the_end_of_a_long_chain() -> None:
    names = ["first", "second", "third", "fourth"]
    after = [(), *((name,) for name in names)]
    tasks = [Task(name=name, title=name, points=1, after=earlier) for name, earlier in zip(names, after, strict=False)]
    assert blocking(kata_of(*tasks), ["first"], "fourth") == ("first",)
