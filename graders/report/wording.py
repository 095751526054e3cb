"""The words and marks that reports for people share."""

from __future__ import annotations

from collections.abc import Sequence

from graders.verdict import SOMEBODY, Speed, TaskResult, TestResult, Verdict

MARKS = {
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
    "awaiting_review": "passed so far; a person's review is outstanding",
    "ungradable": "could not be graded: the fault is in the submission",
    "ungraded": "not graded: nothing of it can be graded on this machine",
    "error": "not graded: the fault is ours, not the submission's",
}

PRINTED = "Printed by the submission during the whole test:"  # most of it for other inputs than the one shown
BARE = "What it found is not shown."


def sentence(test_name: str) -> str:
    """A test's name as a sentence: `test_a_batch_is_mapped` becomes `A batch is mapped`."""
    words = test_name.rpartition("::")[2].removeprefix("test_").replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def title(test: TestResult) -> str:
    """What a test is called: the title that its author gave it, or its name as a sentence."""
    return test.title or sentence(test.name)


def can_be_pasted(test: TestResult) -> bool:
    """Whether the counterexample is a program. One that begins with a comment only describes the input."""
    return bool(test.counterexample) and not test.counterexample.startswith("#")


def input_heading(test: TestResult) -> str:
    """What stands above a counterexample; only a program is offered to be pasted."""
    pasted = ", to paste" if can_be_pasted(test) else ""
    return f"The smallest input that fails{pasted}:"


def heading(verdict: Verdict) -> str:
    """The kata's title and name."""
    return f"{verdict.title} ({verdict.kata})" if verdict.title else verdict.kata


def points(value: float) -> str:
    """Points without needless decimals: 2, 2.5, 0.33."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def score(verdict: Verdict) -> str:
    """How many points of how many, and how many extras; nothing where no point was graded."""
    if verdict.max_score == 0:
        return ""
    reached = f"{points(verdict.score)} of {_points(verdict.max_score)}"
    return "; ".join(part for part in (reached, extras(verdict)) if part)


def extras(verdict: Verdict) -> str:
    """`extras 1 of 2`: how many of the graded extra tasks passed; nothing where there are none."""
    graded = graded_extras(verdict)
    passed = sum(task.status == "passed" for task in graded)
    return f"extras {passed} of {len(graded)}" if graded else ""


def outcome(verdict: Verdict) -> str:
    """The kata, its status and its extras in a sentence, for forms that have nothing but text for them."""
    said = "; ".join(part for part in (STATUSES[verdict.status], extras(verdict)) if part)
    return f"{heading(verdict)}: {said}."


def graded_extras(verdict: Verdict) -> list[TaskResult]:
    """The extra tasks whose points are in the verdict's score."""
    return [task for task in counted(verdict) if task.extra]


def policy(verdict: Verdict) -> str:
    """What extra tasks mean for this verdict, or nothing where it does not matter."""
    if verdict.require_extras:
        return "Extras are required here: they must pass too." if verdict.extras else ""
    if any(task.status != "passed" for task in graded_extras(verdict)):
        return "Extras are worth points, and are not needed to pass."
    return ""


def optional(verdict: Verdict) -> frozenset[str]:
    """The names of the tasks that decide nothing: their failures are told, and are no failure of the kata."""
    return frozenset({task.name for task in verdict.extras} - {task.name for task in verdict.deciding})


def task_title(verdict: Verdict, task: TaskResult) -> str:
    """A task's title, for forms that have no other place to say that it is extra."""
    kind = (" (extra, required)" if verdict.require_extras else " (extra)") if task.extra else ""
    return f"{task.title or task.name}{kind}"


def total(verdicts: Sequence[Verdict], seconds: float) -> str:
    """Several verdicts in a line: how many katas, their points, the time that they took together."""
    got, possible = (sum(getattr(verdict, name) for verdict in verdicts) for name in ("score", "max_score"))
    passed = sum(verdict.status == "passed" for verdict in verdicts)
    return f"{len(verdicts)} katas, {passed} passed: {points(got)} of {_points(possible)}, in {seconds:.2f} s"


def _points(value: float) -> str:
    return "1 point" if value == 1 else f"{points(value)} points"


def worth(task: TaskResult) -> str:
    """A task's points as a fraction."""
    return f"{points(task.score)} / {points(task.max_score)}"


def task_remark(task: TaskResult) -> str:
    """What is to be said of a task beside its mark, mostly nothing."""
    return ", ".join(part for part in ("extra" if task.extra else "", _remark(task)) if part)


def _remark(task: TaskResult) -> str:
    if task.status == "blocked":
        return f"waits for {', '.join(task.blocked_by)}" if task.blocked_by else "blocked"
    if task.status == "awaiting_review":
        return "awaits a person's review"
    if task.reviewer:
        return f"reviewed by {task.reviewer}"
    return {"ungraded": "not graded here", "error": "could not be judged"}.get(task.status, "")


def comments(verdict: Verdict) -> list[tuple[str, str]]:
    """What people have said of tasks: who of which, and the words, in as many lines as they were written."""
    return [
        (f"From {task.reviewer or SOMEBODY}, on {task.title or task.name}:", task.comment)
        for task in verdict.tasks
        if task.comment
    ]


def marked(task: TaskResult) -> str:
    """A task that a person marked, by itself: its points, who gave them and what they said."""
    return f"{worth(task)}, {task_remark(task)}" + (f": {task.comment}" if task.comment else "")


def diagnosis(test: TestResult) -> str:
    """The misconception that behaves just like the submission, said to its author; empty where none is known."""
    known = test.diagnosis.strip()
    end = "" if not known or known.endswith((".", "!", "?", "…")) else "."
    return f"A known mistake does exactly this. {known}{end}" if known else ""


def speed(measured: Speed) -> str:
    """A speed ratio with its interval."""
    return (
        f"{measured.ratio:.2f} times the reference's time "
        f"(between {measured.low:.2f} and {measured.high:.2f}; CPU time {measured.cpu_ratio:.2f})"
    )


def not_passed(verdict: Verdict) -> list[TestResult]:
    """The tests that failed or could not be judged, in the order of the suite, those that decide nothing last."""
    last = optional(verdict)
    return sorted((test for test in verdict.tests if test.status in ("failed", "error")), key=lambda t: t.task in last)


def is_bare(test: TestResult) -> bool:
    """Whether nothing but its status is known of a test."""
    return not (test.message or test.counterexample or test.diagnosis or test.output)


def unexplained(verdict: Verdict) -> list[TaskResult]:
    """Tasks that lost points to tests of which this audience sees nothing."""
    if verdict.status in ("ungradable", "error"):
        return []  # the verdict's own message explains
    explained = {test.task for test in not_passed(verdict)}
    unseen = [task for task in verdict.tasks if not task.reviewer and task.name not in explained]
    return [task for task in unseen if task.status in ("failed", "partial", "error")]


def marked_down(verdict: Verdict) -> list[TaskResult]:
    """Tasks that passed their tests and lost points to a person."""
    return [task for task in verdict.tasks if task.reviewer and task.status in ("failed", "partial")]


def counted(verdict: Verdict) -> list[TaskResult]:
    """The tasks whose points are in the verdict's score: not those that were not graded, or await a person."""
    return [task for task in verdict.tasks if task.status not in ("ungraded", "awaiting_review", "error")]


def account(verdict: Verdict, task: TaskResult) -> str:
    """All that is to be said of a task beside its `title`, for forms that have a text for each and no more."""
    failures = [test for test in not_passed(verdict) if test.task == task.name]
    parts = [_remark(task), task.comment or ""]
    for test in failures:
        parts += [f"{title(test)}: {test.message or BARE}", diagnosis(test), test.counterexample]
    if task in unexplained(verdict):
        parts.append("It failed by a test that is not shown.")
    return "\n\n".join(part for part in parts if part)


def unofficial(verdict: Verdict) -> str:
    """Why this verdict is not to be relied on, or nothing."""
    if verdict.confinement == "full":
        return ""
    how = "only partly confined" if verdict.confinement == "partial" else "not confined"
    return f"Unofficial: the submission was {how} (confinement: {verdict.confinement})."


def outstanding(verdict: Verdict) -> list[str]:
    """Points that this verdict says nothing about, and what extras mean for it."""
    sentences = [policy(verdict)] if policy(verdict) else []
    if verdict.review_points:
        sentences.append(f"Marked by a person, not counted here: {_points(verdict.review_points)}.")
    if verdict.ungraded_points:
        sentences.append(f"Not gradable on this machine, not counted: {_points(verdict.ungraded_points)}.")
    return sentences


def ignored_files(verdict: Verdict, most: int) -> tuple[tuple[str, ...], int]:
    """The first names of ignored files, and how many more there are; what Python leaves behind is nobody's."""
    names = tuple(name for name in verdict.ignored_files if not name.endswith("__pycache__/"))
    return names[:most], max(len(names) - most, 0)
