"""Render the results.json of Exercism's test runner interface, version 3, with one entry per test."""

from __future__ import annotations

import json
from typing import Any

from graders.report import wording
from graders.verdict import TestResult, Verdict

OUTPUT_LIMIT = 500
CUT = "\n(Output was cut to 500 characters.)"
MESSAGE_LIMIT = 65_535
_STATUSES = {"passed": "pass", "failed": "fail", "blocked": "fail", "ungraded": "error", "error": "error"}


def render(verdicts: list[Verdict]) -> str:
    """Return one results.json for all verdicts. The status is `error` if any submission could not be graded.

    In Exercism, `pass` means that every test passed. Therefore, failures in extra tasks that are not required appear in
    the message, but not in the list of tests.
    """
    tasks = [(verdict.kata, task.name) for verdict in verdicts for task in verdict.tasks]
    several = len(verdicts) > 1
    tests = [_test(verdict, test, tasks, several) for verdict in verdicts for test in _listed(verdict)]
    status, message = _outcome(verdicts)
    result: dict[str, Any] = {"version": 3, "status": status, "message": message, "tests": tests}
    return json.dumps(result, indent=2, ensure_ascii=False) + "\n"


def _listed(verdict: Verdict) -> list[TestResult]:
    optional = wording.optional(verdict)
    return [test for test in verdict.tests if test.status == "passed" or test.task not in optional]


def _extras(verdicts: list[Verdict]) -> list[str]:
    lines = []
    for verdict in verdicts:
        optional = wording.optional(verdict)
        left = [task for task in wording.counted(verdict) if task.name in optional and task.status != "passed"]
        if left:
            names = ", ".join(task.title or task.name for task in left)
            are = "It is" if len(left) == 1 else "They are"
            lines.append(f"Extra, not passed: {names}. {are} not needed to pass.")
    return lines


def _outcome(verdicts: list[Verdict]) -> tuple[str, str | None]:
    broken = [verdict for verdict in verdicts if verdict.status in ("ungradable", "ungraded", "error")]
    if broken or not verdicts:
        lines = [f"{wording.heading(each)}: {each.message or wording.STATUSES[each.status]}" for each in broken]
        return "error", "\n".join(lines)[:MESSAGE_LIMIT] or "nothing was graded"
    if any(verdict.status == "failed" for verdict in verdicts):
        unseen = [task for verdict in verdicts for task in wording.unexplained(verdict) if task in verdict.deciding]
        names = ", ".join(task.title or task.name for task in unseen)
        lines = [f"{names}: failed in a test that is not shown"] if names else []
        marked = [task for verdict in verdicts for task in wording.marked_down(verdict) if task in verdict.deciding]
        lines += [f"{task.title or task.name}: {wording.marked(task)}" for task in marked]
        return "fail", "\n".join([*lines, *_extras(verdicts)])[:MESSAGE_LIMIT] or None
    return "pass", "\n".join(_extras(verdicts))[:MESSAGE_LIMIT] or None


def _test(verdict: Verdict, test: TestResult, tasks: list[tuple[str, str]], several: bool) -> dict[str, Any]:
    name = wording.title(test)
    found: dict[str, Any] = {
        "name": f"{verdict.kata}: {name}" if several else name,
        "status": _STATUSES[test.status],
        "message": None if test.status == "passed" else _message(test),
        "output": _output(test) or None,
        "test_code": test.counterexample or _command(verdict, test),
    }
    if (verdict.kata, test.task) in tasks:
        found["task_id"] = tasks.index((verdict.kata, test.task)) + 1
    return found


def _message(test: TestResult) -> str:
    parts = (test.message, wording.diagnosis(test))
    text = "\n\n".join(part for part in parts if part)
    return (text or (f"{test.status}: {wording.BARE[:1].lower()}{wording.BARE[1:]}"))[:MESSAGE_LIMIT]


def _output(test: TestResult) -> str:
    return test.output if len(test.output) <= OUTPUT_LIMIT else test.output[: OUTPUT_LIMIT - len(CUT)] + CUT


def _command(verdict: Verdict, test: TestResult) -> str:
    return f"pytest katas/{verdict.kata} -k {test.name.rpartition('::')[2]}" if test.visibility == "visible" else ""
