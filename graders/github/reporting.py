"""The third job, which writes a comment and a check run with annotations to the pull request.

The verdicts come from the machine that ran the submission, so they are trusted as little as possible. The report must
be small, fit the schema, and cover exactly the katas that the first job named. This job redacts and cleans the report
again. The request and its commit come from the first job. Nothing is written if the request has a newer commit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from graders import catalogue
from graders.errors import KataError
from graders.github.api import Repository, ServerError
from graders.github.intake import still_at
from graders.github.records import REPORT_BYTES, Intake, Pull, Report, read
from graders.report import markdown, wording
from graders.report.text import clean, clean_line, shown
from graders.verdict import Audience, Verdict

MARKER = "<!-- katas: official verdict -->"
CHECK = "katas"
COMMENTS = 1_000  # search at most this many comments for an earlier report
ANNOTATIONS = 50  # the server's limit for one call
ANNOTATION_LIMIT = 2_000  # in characters
BODY_LIMIT = 65_000  # in characters; the server's limit is 65 536
BOT = "github-actions[bot]"
LOST = "Grading failed because of a fault on our side. Run the workflow again, or tell the maintainers."
_PLACE = re.compile(r"([\w./-]+\.\w+), line (\d{1,6})\b")

Conclusion = Literal["success", "failure", "neutral", "cancelled"]


def publish(server: Repository, root: Path, intake: Intake, handed: Path, audience: Audience = "learner") -> bool:
    """Write the verdicts to the request, unless it has a newer commit. Return whether they were. Raises KataError."""
    fault = ""
    verdicts: tuple[Verdict, ...] = ()
    if not intake.refused:
        try:
            verdicts = checked(handed, [taken.kata for taken in intake.taken], audience)
        except KataError as wrong:
            fault = str(wrong)
    if not still_at(server, intake.pull):
        return False
    body = comment(intake, verdicts)
    _comment(server, intake.pull, body)
    _check(server, intake, verdicts, body, notes(root, verdicts))
    if fault:
        raise KataError(f"the report was not published: {fault}")
    return True


def checked(handed: Path, katas: Sequence[str], audience: Audience) -> tuple[Verdict, ...]:
    """Return the verdicts in the second job's file, one for each of these katas. Raises KataError for anything else."""
    report = read(handed, Report, REPORT_BYTES)
    found = [verdict.kata for verdict in report.verdicts]
    if sorted(found) != sorted(katas):
        raise KataError(f"{handed}: verdicts on {len(found)} katas, expected the {len(katas)} that were handed in")
    if any(task.reviewer or task.comment for verdict in report.verdicts for task in verdict.tasks):
        raise KataError(f"{handed}: the file claims that a person gave points, which cannot happen in a pull request")
    return tuple(shown(verdict, audience) for verdict in report.verdicts)


def comment(intake: Intake, verdicts: Sequence[Verdict]) -> str:
    """Return the comment's Markdown. Its first line is a marker, by which the next run finds the comment."""
    lines = [MARKER, f"Official verdict on {intake.pull.commit}, with the tests of the default branch.", ""]
    if intake.refused:
        reason = markdown.text(clean_line(intake.refused, 500))
        lines += ["### ✗ Refused", "", f"The request was not graded: {reason}", ""]
    elif not verdicts:
        lines += ["### ! Not graded", "", LOST, ""]
    if intake.beside:
        names = ", ".join(markdown.code(clean_line(name, 120)) for name in intake.beside)
        lines += [f"Changes outside the katas' own files were ignored: {names}.", ""]
    head = "\n".join([*lines, ""])
    return (head + markdown.render(list(verdicts)) if verdicts else head)[:BODY_LIMIT]


def _comment(server: Repository, pull: Pull, body: str) -> None:
    """Edit the bot's comment, or write a new one. Ignore other authors' comments, even if they have the marker."""
    for each in server.pages(f"issues/{pull.number}/comments", COMMENTS):
        author = each.get("user") or {}
        if author.get("login") == BOT and str(each.get("body", "")).startswith(MARKER):
            server.patch(f"issues/comments/{int(each['id'])}", {"body": body})
            return
    server.post(f"issues/{pull.number}/comments", {"body": body})


def conclusion(verdicts: Sequence[Verdict]) -> Conclusion:
    """Return the check run's conclusion. It is a success only if every kata passes or awaits review."""
    statuses = {verdict.status for verdict in verdicts}
    if not statuses or "error" in statuses:
        return "cancelled"
    if statuses & {"failed", "ungradable"}:
        return "failure"
    return "success" if statuses <= {"passed", "awaiting_review"} else "neutral"


def notes(root: Path, verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Return at most ANNOTATIONS failures, each at the line that its message names, or else at line 1."""
    found = []
    for verdict in verdicts:
        kata = catalogue.load(root, verdict.kata, complete=False)
        first = next(iter(kata.named_files), None)
        for title, message, level in _faults(verdict):
            named = _PLACE.search(message)
            name, line = (named[1], max(int(named[2]), 1)) if named and kata.declares(named[1]) else (first, 1)
            if name is not None:
                place = {"path": f"katas/{kata.slug}/{name}", "start_line": line, "end_line": line}
                said = {"title": clean_line(title, 200), "message": clean(message, ANNOTATION_LIMIT)}
                found.append({**place, "annotation_level": level, **said})
    return found[:ANNOTATIONS]


def _faults(verdict: Verdict) -> list[tuple[str, str, str]]:
    """Return the title, message and level of each failure: "notice" if it doesn't affect the verdict's status."""
    if verdict.status in ("ungradable", "error"):
        title = wording.STATUSES[verdict.status]
        return [(title, verdict.message or title, "failure")]
    optional = wording.optional(verdict)
    found = []
    for test in wording.not_passed(verdict):
        parts = (test.message or wording.BARE, wording.diagnosis(test), test.counterexample)
        level = "notice" if test.task in optional else "failure"
        found.append((wording.title(test), "\n\n".join(filter(None, parts)), level))
    return found


def _check(
    server: Repository, intake: Intake, verdicts: Sequence[Verdict], body: str, annotations: list[dict[str, Any]]
) -> None:
    scores = ", ".join(f"{verdict.kata}: {wording.score(verdict) or verdict.status}" for verdict in verdicts)
    title = "Refused" if intake.refused else scores or "Not graded"
    check = {
        "name": CHECK,
        "head_sha": intake.pull.commit,
        "status": "completed",
        "conclusion": "failure" if intake.refused else conclusion(verdicts),
        "output": {"title": clean_line(title, 200), "summary": body, "annotations": annotations},
    }
    if not isinstance(server.post("check-runs", check), dict):
        raise ServerError("check-runs: the server's answer is not an object")
