"""Wording and symbols that the report formats share."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from graders.report.text import clean_line, first_names
from graders.verdict import SOMEBODY, STRENGTH, Speed, Status, TaskResult, TestResult, Verdict

TO_DO = "still to do"
DESCRIBED = "What the test did:"  # the line above a counterexample that is not a program
SYMBOLS = {
    "passed": "✓",
    "partial": "~",
    "failed": "✗",
    "ungradable": "✗",
    "blocked": "⊘",
    "ungraded": "–",
    "awaiting_review": "…",
    "error": "!",
}

STATUSES = {
    "passed": "passed",
    "failed": "failed",
    "awaiting_review": "passed so far; waiting for manual review",
    "ungradable": "could not be graded because of a fault in the submission",
    "ungraded": "not graded: this machine cannot run its tests",
    "error": "not graded: the grader failed, which is not the submission's fault",
}

PRINTED = "Printed by the submission during the whole test:"  # mostly on inputs other than the one shown
BARE = "Its details are not shown."
_SHOWN_FILES = 10


class DecidedTask(TaskResult, frozen=True, kw_only=True):
    """A task whose points an instructor has decided. Reports show the remark about that instead of the usual one."""

    remark: str


def with_remark(task: TaskResult, remark: str) -> DecidedTask:
    """Return the task with this remark."""
    return DecidedTask(**{name: getattr(task, name) for name in TaskResult.__struct_fields__}, remark=remark)


def briefly(status: Status) -> str:
    """Return a status in a few words, without the explanation that STATUSES adds to some."""
    return re.split("[;:]", STATUSES[status])[0]


def status_of(verdict: Verdict) -> str:
    """Return a verdict's status in a few words, or which kata to do first."""
    return f"do {verdict.waits_for} first" if verdict.waits_for else briefly(verdict.status)


def sentence(test_name: str) -> str:
    """Return a test's name as a sentence, for example `A batch is mapped` for `test_a_batch_is_mapped`."""
    words = test_name.rpartition("::")[2].removeprefix("test_").replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def title(test: TestResult) -> str:
    """Return a test's title or, if it has none, its name as a sentence."""
    return test.title or sentence(test.name)


def can_be_pasted(counterexample: str) -> bool:
    """Return whether a counterexample is a program. If it begins with a comment, it only describes the input."""
    return bool(counterexample) and not counterexample.startswith("#")


def input_heading(test: TestResult) -> str:
    """Return the line to print above a counterexample, which says whether the counterexample is code to paste."""
    return "The smallest failing input, as code to paste:" if can_be_pasted(test.counterexample) else DESCRIBED


def heading(verdict: Verdict) -> str:
    """Return the kata's title and name."""
    return f"{verdict.title} ({verdict.kata})" if verdict.title else verdict.kata


def points(value: float) -> str:
    """Return points without needless decimals, as in 2, 2.5 or 0.33."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def score(verdict: Verdict) -> str:
    """Return the score and the passed extras, as in `7 of 10 points; extras 1 of 2`, or nothing if none was graded."""
    reached = f"{points(verdict.score)} of {_points(verdict.max_score)}"
    return _joined("; ", reached, extras(verdict)) if verdict.max_score else ""


def extras(verdict: Verdict) -> str:
    """Return how many graded extra tasks passed, as in `extras 1 of 2`, or an empty string if there are none."""
    graded = graded_extras(verdict)
    return f"extras {sum(task.status == 'passed' for task in graded)} of {len(graded)}" if graded else ""


def outcome(verdict: Verdict) -> str:
    """Return the title, status and extras of a kata in one sentence, for formats without fields for them."""
    return f"{heading(verdict)}: {_joined('; ', STATUSES[verdict.status], extras(verdict))}."


def graded_extras(verdict: Verdict) -> list[TaskResult]:
    """Return the extra tasks whose points are in the verdict's score."""
    return [task for task in counted(verdict) if task.extra]


def optional(verdict: Verdict) -> frozenset[str]:
    """Return the names of the tasks that do not decide whether the kata passes. Their failures are only reported."""
    return frozenset({task.name for task in verdict.extras} - {task.name for task in verdict.deciding})


def task_title(verdict: Verdict, task: TaskResult, several: bool) -> str:
    """Return a task's title, with a remark if the task is extra, and with the kata if the report is on `several`."""
    remark = (" (extra, required)" if verdict.require_extras else " (extra)") if task.extra else ""
    return f"{f'{verdict.kata}: ' * several}{task.title or task.name}{remark}"


def total(verdicts: Sequence[Verdict], seconds: float) -> str:
    """Return a line with the number of katas, the number of passed katas, their points and the total time."""
    got, possible = (sum(getattr(verdict, name) for verdict in verdicts) for name in ("score", "max_score"))
    passed = sum(verdict.status == "passed" for verdict in verdicts)
    return f"{len(verdicts)} katas, {passed} passed: {points(got)} of {_points(possible)}, in {seconds:.2f} s"


def _points(value: float) -> str:
    return "1 point" if value == 1 else f"{points(value)} points"


def worth(task: TaskResult) -> str:
    """Return a task's points as a fraction, as in `2 / 3`."""
    return f"{points(task.score)} / {points(task.max_score)}"


def task_remark(task: TaskResult, *, is_to_do: bool = False) -> str:
    """Return the remark to print after a task's title, or an empty string if there is none."""
    return _joined(", ", "extra" * task.extra, TO_DO if is_to_do else _remark(task))


def _remark(task: TaskResult) -> str:
    if isinstance(task, DecidedTask):
        return task.remark
    if task.status == "blocked":
        return f"blocked by {', '.join(task.blocked_by)}" if task.blocked_by else "blocked"
    if task.status == "awaiting_review":
        return "waiting for manual review"
    if task.reviewer:
        return f"reviewed by {task.reviewer}"
    return {"ungraded": "not graded here", "error": "could not be graded"}.get(task.status, "")


def comments(verdict: Verdict) -> list[tuple[str, str]]:
    """Return pairs of a heading and a reviewer's comment. The heading names the reviewer and the task."""
    return [
        (f"From {task.reviewer or SOMEBODY}, on {task.title or task.name}:", task.comment)
        for task in verdict.tasks
        if task.comment
    ]


def diagnosis(test: TestResult) -> str:
    """Return the diagnosis as sentences for the submission's author, or an empty string if there is none."""
    mistake = test.diagnosis.strip()
    end = "" if mistake.endswith((".", "!", "?", "…")) else "."
    return f"Your code behaves exactly like a known mistake. {mistake}{end}" if mistake else ""


def timed(test: TestResult) -> str:
    """Return a sentence about the speed that a test has measured, or an empty string if it has not."""
    return f"Speed, in “{title(test)}”: {speed(test.speed)}." if test.speed else ""


def speed(measured: Speed) -> str:
    """Return a speed ratio with its interval."""
    return (
        f"{measured.ratio:.2f} times the reference's time "
        f"(between {measured.low:.2f} and {measured.high:.2f}; CPU time {measured.cpu_ratio:.2f})"
    )


def not_passed(verdict: Verdict) -> list[TestResult]:
    """Return the tests with the status `failed` or `error`. Those of optional tasks come last."""
    last = optional(verdict)
    return sorted((test for test in verdict.tests if test.status in ("failed", "error")), key=lambda t: t.task in last)


def failing(verdict: Verdict) -> list[TestResult]:
    """Return the tests that did not pass although the learner has written what they test, in the same order."""
    return [test for test in not_passed(verdict) if not _is_to_do(test)]


def to_do(verdict: Verdict) -> frozenset[str]:
    """Return the names of the tasks in which nothing has failed, but something is not started or not written yet."""
    failed = {test.task for test in failing(verdict)}
    return frozenset(test.task for test in verdict.tests if _is_to_do(test)) - failed


def in_progress(verdict: Verdict) -> bool:
    """Return whether all that is written passes, as far as it decides, but something is still to do."""
    wrong = {test.task for test in failing(verdict)} | {task.name for task in unexplained(verdict)}
    return verdict.status == "failed" and bool(to_do(verdict)) and wrong <= optional(verdict)


def next_to_do(verdict: Verdict) -> TestResult:
    """Return the first test of something that is still to do; that of an optional task if nothing else is."""
    last = optional(verdict)
    return min(filter(_is_to_do, verdict.tests), key=lambda test: test.task in last)


def progress(verdict: Verdict) -> str:
    """Return how many tasks are still to do, and which function or task is next."""
    open_, test = to_do(verdict), next_to_do(verdict)
    left = open_ - optional(verdict) or open_
    titles = {task.name: task.title or task.name for task in verdict.tasks}
    name = test.message.removesuffix(" is not written yet") if test.reason == "unwritten" else titles[test.task]
    return f"{len(left)} task{'s' * (len(left) > 1)} {TO_DO}; next: {clean_line(name)}"


def _is_to_do(test: TestResult) -> bool:
    return test.reason in ("unchanged", "unwritten")


def is_bare(test: TestResult) -> bool:
    """Return whether a test has no message, counterexample, diagnosis or output."""
    return not (test.message or test.counterexample or test.diagnosis or test.output)


def unexplained(verdict: Verdict) -> list[TaskResult]:
    """Return the tasks that lost points to tests that this audience does not see."""
    if verdict.status in ("ungradable", "error"):
        return []  # the verdict's own message explains why
    explained = {test.task for test in not_passed(verdict)}
    by_tests = [task for task in verdict.tasks if not (task.reviewer or isinstance(task, DecidedTask))]
    lost = [task for task in by_tests if task.status in ("failed", "partial", "error")]
    return [task for task in lost if task.name not in explained]


def counted(verdict: Verdict) -> list[TaskResult]:
    """Return the tasks whose points are in the verdict's score, which excludes those not graded or not reviewed yet."""
    return [task for task in verdict.tasks if task.status not in ("ungraded", "awaiting_review", "error")]


def account(verdict: Verdict, task: TaskResult) -> str:
    """Return all details of a task's result in one text, for formats with a single text field per task."""
    parts = [_remark(task), task.comment or ""]
    for test in not_passed(verdict):
        if test.task == task.name:
            parts += [f"{title(test)}: {test.message or BARE}", diagnosis(test), test.counterexample]
    return _joined("\n\n", *parts, "A test that is not shown did not pass." * (task in unexplained(verdict)))


def unofficial(verdict: Verdict) -> str:
    """Return why this verdict is unofficial, or an empty string if it is official."""
    if verdict.with_shipped:
        return f"Unofficial: graded with the shipped files of {', '.join(verdict.builds_on)}, not with your own."
    if not verdict.ran or STRENGTH.index(verdict.confinement) >= STRENGTH.index(verdict.accepted_confinement):
        return ""
    how = "only partly confined" if verdict.confinement == "partial" else "not confined"
    return f"Unofficial: the submission was {how} (confinement: {verdict.confinement})."


def outstanding(verdict: Verdict) -> list[str]:
    """Return sentences about points that this verdict does not count, and about its policy for extras."""
    sentences = []
    if verdict.require_extras and verdict.extras:
        sentences.append("Extra tasks are required here: they must pass too.")
    if not verdict.require_extras and any(task.status != "passed" for task in graded_extras(verdict)):
        sentences.append("Extra tasks earn points but are not needed to pass.")
    if verdict.review_points:
        sentences.append(f"Not counted here, because they await manual review: {_points(verdict.review_points)}.")
    if verdict.ungraded_points:
        sentences.append(f"Not counted, because this machine cannot grade them: {_points(verdict.ungraded_points)}.")
    return sentences


def notes(intake_notes: Sequence[str], stopped: int) -> list[str]:
    """Return what an instructor should know: the notes of intake, and how many tests a time limit stopped."""
    tests = "1 test was" if stopped == 1 else f"{stopped} tests were"
    return [*intake_notes, *([f"{tests} stopped by a time limit"] if stopped else [])]


def remarks(verdict: Verdict, escaped: Callable[[str], str] = str) -> list[str]:
    """Return sentences about what the lists of tasks and tests don't show. `escaped` is applied to untrusted words."""
    unseen = [
        f"{escaped(task.title or task.name)}: a test that is not shown did not pass." for task in unexplained(verdict)
    ]
    speeds = [escaped(sentence) for sentence in map(timed, verdict.tests) if sentence]
    return [*filter(None, [unofficial(verdict), *outstanding(verdict), *unseen, *speeds]), *of_files(verdict, escaped)]


def of_files(verdict: Verdict, escaped: Callable[[str], str] = str) -> list[str]:
    """Return sentences about files that were not graded, or not under their own names, without `__pycache__`."""
    sentences = [escaped(f"{note}.") for note in verdict.intake_notes[:8] if note]
    names = [name for name in verdict.ignored_files if not name.endswith("__pycache__/")]
    if names:
        listed = first_names([escaped(clean_line(name, 60)) for name in names], _SHOWN_FILES)
        sentences.append(f"Ignored, because only the kata's own files are graded: {listed}.")
    return sentences


def _joined(separator: str, *parts: str) -> str:
    return separator.join(filter(None, parts))
