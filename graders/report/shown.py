"""Prepare a verdict for a report by redacting it for the audience and cleaning every text in it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from graders.report.decided import DecidedTask
from graders.report.text import clean, clean_line
from graders.verdict import LONGEST_COMMENT, Audience, TaskResult, TestResult, Verdict

OUTPUT_LIMIT = 65_536  # in characters; the judge has already cut the output to the kata's `output_kb`


def shown(verdict: Verdict, audience: Audience, *, for_programs: bool = False) -> Verdict:
    """Return the verdict as this audience may see it, with texts that are safe in every report format.

    The tasks that block others are named by their titles, as in the list of tasks; for programs, by their names.
    """
    verdict = verdict.for_audience(audience)
    titles = {} if for_programs else {task.name: f'"{task.title}"' for task in verdict.tasks if task.title}
    return replace(
        verdict,
        kata=clean_line(verdict.kata),
        harness_version=clean_line(verdict.harness_version),
        title=clean_line(verdict.title),
        message=clean(verdict.message),
        kata_digest=clean_line(verdict.kata_digest),
        suite_digest=clean_line(verdict.suite_digest),
        submission_sha256=clean_line(verdict.submission_sha256),
        builds_on={clean_line(slug): clean_line(digest) for slug, digest in verdict.builds_on.items()},
        seed=_line(verdict.seed),
        graded_at=clean_line(verdict.graded_at),
        device=clean_line(verdict.device),
        ignored_files=tuple(clean_line(name) for name in verdict.ignored_files),
        intake_notes=tuple(clean_line(note, 400) for note in verdict.intake_notes),
        tasks=tuple(_task(task, titles) for task in verdict.tasks),
        tests=tuple(_test(test) for test in verdict.tests),
    )


def _task(task: TaskResult, titles: Mapping[str, str]) -> TaskResult:
    if isinstance(task, DecidedTask):
        task = replace(task, remark=clean_line(task.remark, LONGEST_COMMENT))
    return replace(
        task,
        name=clean_line(task.name),
        title=clean_line(task.title),
        blocked_by=tuple(clean_line(titles.get(name, name)) for name in task.blocked_by),
        reviewer=_line(task.reviewer),
        reviewed_at=_line(task.reviewed_at),
        comment=task.comment and clean(task.comment, LONGEST_COMMENT),
    )


def _test(test: TestResult) -> TestResult:
    return replace(
        test,
        name=clean_line(test.name),
        title=clean_line(test.title),
        task=clean_line(test.task),
        message=clean(test.message),
        counterexample=clean(test.counterexample),
        expected=clean(test.expected),
        actual=clean(test.actual),
        diagnosis=clean_line(test.diagnosis, 1_000),
        output=clean(test.output, OUTPUT_LIMIT),
    )


def _line(text: str | None) -> str | None:
    return None if text is None else clean_line(text)
