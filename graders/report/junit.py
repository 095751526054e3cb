"""Render verdicts as JUnit XML that Jenkins and GitLab can read, with one suite per kata and one case per test.

The report contains failures or errors if and only if a kata failed, was ungradable, or ended in an error.
"""

from __future__ import annotations

import math
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from graders.report import wording
from graders.report.text import clean_line
from graders.verdict import TaskResult, TestResult, TestStatus, Verdict

OUTCOMES = {"failed": "failure", "error": "error", "blocked": "skipped", "ungraded": "skipped"}
STAND_INS: dict[str, TestStatus] = {"ungradable": "failed", "ungraded": "ungraded", "error": "error"}
UNSEEN = "a test that is not shown did not pass"


def render(verdicts: list[Verdict]) -> str:
    """Return a `<testsuites>` element that contains one `<testsuite>` per verdict."""
    suites = Element("testsuites", name="katas")
    for verdict in verdicts:
        _suite(suites, verdict)
    _count(suites, sum(verdict.duration_s for verdict in verdicts))
    ElementTree.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suites, encoding="unicode") + "\n"


def _suite(suites: Element, verdict: Verdict) -> None:
    suite = SubElement(suites, "testsuite", name=verdict.kata)
    if verdict.graded_at:
        suite.set("timestamp", verdict.graded_at)
    stated = {
        "status": verdict.status,
        "score": wording.points(verdict.score),
        "max_score": wording.points(verdict.max_score),
        "confinement": verdict.confinement,
        "harness_version": verdict.harness_version,
    }
    if verdict.extras:
        stated["extras"] = wording.extras(verdict).removeprefix("extras ")
        stated["require_extras"] = "true" if verdict.require_extras else "false"
    properties = SubElement(suite, "properties")
    for name, value in stated.items():
        SubElement(properties, "property", name=name, value=value)
    optional = wording.optional(verdict)
    for test in (*verdict.tests, *_unseen(verdict)):
        _case(suite, verdict.kata, test, extra=test.task in optional)
    _count(suite, verdict.duration_s)
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))


def _count(element: Element, seconds: float) -> None:
    for attribute, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
        element.set(attribute, str(len(list(element.iter(tag)))))
    element.set("time", _seconds(seconds))


def _unseen(verdict: Verdict) -> list[TestResult]:
    """Return substitute tests for failures that no test in the verdict shows, so that CI does not pass by mistake."""

    def stand_in(name: str, task: str, status: TestStatus, message: str) -> TestResult:
        return TestResult(name=name, task=task, visibility="visible", status=status, message=message)

    if verdict.status in STAND_INS:
        message = verdict.message or wording.STATUSES[verdict.status]
        return [stand_in("grading", "grading", STAND_INS[verdict.status], message)]
    unseen = [
        stand_in(f"task {task.name}", task.name, "error" if task.status == "error" else "failed", UNSEEN)
        for task in wording.unexplained(verdict)
    ]
    reviewed = [task for task in verdict.tasks if task.reviewer and task.status in ("failed", "partial")]
    return unseen + [stand_in(f"task {task.name}", task.name, "failed", _marked(task)) for task in reviewed]


def _marked(task: TaskResult) -> str:
    """Return the points, the reviewer and the comment of a task's manual review as one text."""
    return f"{wording.worth(task)}, {wording.task_remark(task)}" + (f": {task.comment}" if task.comment else "")


def _case(suite: Element, kata: str, test: TestResult, *, extra: bool) -> None:
    """Add a test to a suite. A failure in an optional extra task counts as skipped, so that CI does not fail."""
    seconds = _seconds(test.duration_s)
    case = SubElement(suite, "testcase", classname=f"{kata}.{test.task}", name=test.name, time=seconds)
    kind = OUTCOMES.get(test.status)
    if kind is not None:
        message = clean_line(test.message or test.status)
        if extra and kind == "failure":
            kind, message = "skipped", f"extra: {message}"
        outcome = SubElement(case, kind, message=message, type=test.status)
        outcome.text = "\n\n".join(filter(None, [test.message, wording.diagnosis(test), test.counterexample]))
    if test.output:
        SubElement(case, "system-out").text = test.output


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}" if 0 <= seconds < math.inf else "0.000"
