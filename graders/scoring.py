"""Turn test results into task results, points and a status."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import msgspec

from graders.catalogue import Kata, Task
from graders.verdict import Status, TaskResult, TaskStatus, TestResult, Verdict, VerdictReason


def blocking(kata: Kata, failed: Collection[str], task: str) -> tuple[str, ...]:
    """Return the failed tasks that `task` builds on, directly or indirectly. `kata` may have only some of its tasks."""
    return tuple(name for name in kata.in_order([task]) if name in failed and name != task)


def blocked_message(kata: Kata, others: Iterable[str]) -> str:
    """Return the message about a test whose task is blocked by these tasks, with names as in READMEs, and titles."""
    named = {task.name: f'`{task.name}` ("{task.title}")' for task in kata.tasks}
    return f"blocked: first make {' and '.join(named[name] for name in others)} pass"


def stopped_test(tests: Iterable[TestResult]) -> str:
    """Return the first of these tests that a time limit has stopped, in words, or ""."""
    return next((test.title or test.name for test in tests if test.reason == "time limit"), "")


def scored(verdict: Verdict, kata: Kata, tests: Sequence[TestResult]) -> Verdict:
    """Return the verdict with its tests, tasks, points and status filled in."""
    failed = {test.task for test in tests if test.status == "failed"}
    tests_of = {task.name: [test for test in tests if test.task == task.name] for task in kata.tasks}
    tasks = tuple(_task(kata, task, tests_of[task.name], failed) for task in kata.tasks)
    stopped = sum(test.reason == "time limit" for test in tests)
    return totalled(msgspec.structs.replace(verdict, tests=tuple(tests), stopped_tests=stopped), tasks)


def ungradable(
    verdict: Verdict, kata: Kata, message: str, reason: VerdictReason = "files", waits_for: str = ""
) -> Verdict:
    """Return the verdict on an ungradable submission, which gets none of the points that tests decide."""
    most = sum(task.points for task in kata.tasks if not task.review)
    return msgspec.structs.replace(
        verdict, status="ungradable", message=message, reason=reason, waits_for=waits_for, max_score=most
    )


def totalled(verdict: Verdict, tasks: Sequence[TaskResult]) -> Verdict:
    """Return the verdict with these tasks, and the status and points that follow from them."""
    graded = [task for task in tasks if task.status in ("passed", "partial", "failed", "blocked", "error")]
    verdict = msgspec.structs.replace(verdict, tasks=tuple(tasks))
    return msgspec.structs.replace(
        verdict,
        status=_status(verdict),
        score=sum(task.score for task in graded),
        max_score=sum(task.max_score for task in graded),
        ungraded_points=sum(task.max_score for task in tasks if task.status == "ungraded"),
        review_points=sum(task.max_score for task in tasks if task.status == "awaiting_review"),
    )


def _status(verdict: Verdict) -> Status:
    """Return the status that follows from the tasks. Only this function decides whether a kata passes.

    Extra tasks decide the status only if the verdict requires them. However, an error in an extra task makes the whole
    verdict an error, because otherwise a bug in the harness would cost the learner points.
    """
    if any(task.status == "error" for task in verdict.tasks):
        return "error"
    statuses = {task.status for task in verdict.deciding}
    if statuses & {"failed", "partial", "blocked"}:
        return "failed"
    if "awaiting_review" in statuses:
        return "awaiting_review"
    return "passed" if "passed" in statuses else "ungraded"


def _task(kata: Kata, task: Task, tests: Sequence[TestResult], failed: set[str]) -> TaskResult:
    status = _task_status(task, tests)
    share = {"passed": 1.0}.get(status, 0.0)
    if status == "partial":
        share = sum(test.status == "passed" for test in tests) / len(tests)
    return TaskResult(
        name=task.name,
        title=task.title,
        status=status,
        score=round(task.points * share, 2),
        max_score=task.points,
        blocked_by=blocking(kata, failed, task.name) if status == "blocked" else (),
        extra=task.extra,
        pass_from=task.pass_from if task.review else None,
    )


def _task_status(task: Task, tests: Sequence[TestResult]) -> TaskStatus:
    statuses = [test.status for test in tests]
    if "error" in statuses:
        return "error"
    if "failed" in statuses:
        # In a reviewed task, only the reviewer may award partial points.
        return "partial" if task.partial and not task.review and "passed" in statuses else "failed"
    if "blocked" in statuses:
        return "blocked"
    if task.review:
        return "awaiting_review"
    # A test that cannot run on this machine never counts as passed.
    return "ungraded" if "ungraded" in statuses or not statuses else "passed"


def tasks_for_diagnosis(kata: Kata, failed: Collection[str], explicable: Iterable[str]) -> set[str]:
    """Return the tasks to use for a diagnosis: those that need a file of the first of these `explicable` failed tasks.

    If a core task failed, only core tasks are used.
    """
    core = [task for task in kata.tasks if not task.extra]
    used = core if any(task.name in failed for task in core) else kata.tasks
    first = next((task for name in explicable for task in used if task.name == name), None)
    return {task.name for task in used if first and (not first.files or any(map(task.needs, first.files)))}
