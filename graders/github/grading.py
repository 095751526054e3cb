"""The second job, which grades the files from the first job and limits the size of the report."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec.structs import replace

from graders import catalogue
from graders.github.records import REPORT_BYTES, Intake, Report, Taken
from graders.judge.client import Judge
from graders.report.text import clean, shown
from graders.verdict import Audience, Confinement, Verdict

_STEPS = (4_000, 1_000, 300, 80, 0)  # limits on the number of characters in a text, tried in turn until the report fits


def grade(root: Path, intake: Intake, *, audience: Audience = "learner", require: Confinement = "full") -> Report:
    """Return a report with a verdict for every kata of the request, redacted for the audience."""
    with Judge(root, require=require) as judge:
        verdicts = [_verdict(judge, root, taken) for taken in intake.taken]
    return fitted([shown(verdict, audience) for verdict in verdicts])


def _verdict(judge: Judge, root: Path, taken: Taken) -> Verdict:
    if taken.submission is None:
        kata = catalogue.load(root, taken.kata, complete=False)
        return Verdict(kata=kata.slug, title=kata.title, status="ungradable", message=taken.refused)
    verdict = judge.grade(taken.kata, taken.submission)
    return replace(verdict, message=f"{verdict.message}. {taken.moved}") if taken.moved else verdict


def fitted(verdicts: list[Verdict]) -> Report:
    """Return a report on these verdicts, with texts shortened to fit into REPORT_BYTES."""
    for limit in _STEPS:
        report = Report(verdicts=tuple(_cut(verdict, limit) for verdict in verdicts))
        if len(msgspec.json.encode(report)) <= REPORT_BYTES:
            return report
    return Report(verdicts=tuple(replace(each, tests=(), ignored_files=()) for each in report.verdicts))


def _cut(verdict: Verdict, limit: int) -> Verdict:
    fields = ("message", "counterexample", "expected", "actual", "output")
    tests = (replace(test, **{name: clean(getattr(test, name), limit) for name in fields}) for test in verdict.tests)
    return replace(verdict, tests=tuple(tests), message=clean(verdict.message, max(limit, 300)))
