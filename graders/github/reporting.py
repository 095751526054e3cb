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
from graders.catalogue import is_glob
from graders.errors import KataError
from graders.github.api import Repository, ServerError
from graders.github.intake import still_at
from graders.github.records import REPORT_BYTES, Intake, Pull, Report, read
from graders.report import markdown, wording
from graders.report.shown import shown
from graders.report.text import clean, clean_line
from graders.verdict import Audience, TestResult, Verdict

MARKER = "<!-- katas: official verdict -->"
CHECK = "katas"
COMMENTS = 1_000  # search at most this many comments for an earlier report
ANNOTATIONS = 50  # the server's limit for one call
ANNOTATION_LIMIT = 2_000  # in characters
BODY_LIMIT = 65_000  # in characters; the server's limit is 65 536
BOT = "github-actions[bot]"
LOST = "Grading failed because of a fault on our side. Run the workflow again, or tell the maintainers."
_PLACE = re.compile(r"([\w./-]+\.\w+), line (\d{1,6})\b")

Outcome = Literal["published", "moved"]
Conclusion = Literal["success", "failure", "neutral", "cancelled"]


def publish(server: Repository, root: Path, intake: Intake, handed: Path, audience: Audience = "learner") -> Outcome:
    """Write the verdicts to the request, unless it has a newer commit. Raises KataError if the report is invalid."""
    fault = ""
    verdicts: tuple[Verdict, ...] = ()
    if not intake.refused:
        try:
            verdicts = checked(handed, [taken.kata for taken in intake.taken], audience)
        except KataError as wrong:
            fault = str(wrong)
    if not still_at(server, intake.pull):
        return "moved"
    body = comment(intake, verdicts)
    _comment(server, intake.pull, body)
    _check(server, intake, verdicts, notes(root, verdicts))
    if fault:
        raise KataError(f"the report was not published: {fault}")
    return "published"


def checked(handed: Path, katas: Sequence[str], audience: Audience) -> tuple[Verdict, ...]:
    """Return the verdicts in the second job's file, one for each of these katas.

    Raises KataError for any other content.
    """
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
        lines += [
            "### ✗ Refused",
            "",
            f"The request was not graded: {markdown.text(clean_line(intake.refused, 500))}",
            "",
        ]
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
    """Return an annotation for each failure, but at most ANNOTATIONS.

    An annotation refers to the line that the message names, or else to line 1.
    """
    found = []
    for verdict in verdicts:
        kata = catalogue.load(root, verdict.kata, complete=False)
        first = next((name for name in kata.files if not is_glob(name)), None)
        for title, message, level in _faults(verdict):
            named = _PLACE.search(message)
            known = named is not None and kata.declares(named[1])
            name = named[1] if named and known else first
            if name is not None:
                found.append(
                    _annotation(
                        f"katas/{kata.slug}/{name}", int(named[2]) if named and known else 1, title, message, level
                    )
                )
    return found[:ANNOTATIONS]


def _faults(verdict: Verdict) -> list[tuple[str, str, str]]:
    """Return the title, message and level of each failure.

    The level is only "notice" for a test that does not affect the status of the verdict.
    """
    if verdict.status in ("ungradable", "error"):
        return [(wording.STATUSES[verdict.status], verdict.message or wording.STATUSES[verdict.status], "failure")]
    optional = wording.optional(verdict)
    return [
        (wording.title(test), _explanation(test), "notice" if test.task in optional else "failure")
        for test in wording.not_passed(verdict)
    ]


def _explanation(test: TestResult) -> str:
    parts = (test.message or wording.BARE, wording.diagnosis(test), test.counterexample)
    return "\n\n".join(part for part in parts if part)


def _annotation(path: str, line: int, title: str, message: str, level: str) -> dict[str, Any]:
    line = max(line, 1)
    return {
        "path": path,
        "start_line": line,
        "end_line": line,
        "annotation_level": level,
        "title": clean_line(title, 200),
        "message": clean(message, ANNOTATION_LIMIT),
    }


def _check(server: Repository, intake: Intake, verdicts: Sequence[Verdict], annotations: list[dict[str, Any]]) -> None:
    ended = "failure" if intake.refused else conclusion(verdicts)
    title = "Refused" if intake.refused else ", ".join(_score(verdict) for verdict in verdicts) or "Not graded"
    body = {
        "name": CHECK,
        "head_sha": intake.pull.commit,
        "status": "completed",
        "conclusion": ended,
        "output": {"title": clean_line(title, 200), "summary": comment(intake, verdicts), "annotations": annotations},
    }
    answer = server.post("check-runs", body)
    if not isinstance(answer, dict):
        raise ServerError("check-runs: the server's answer is not an object")


def _score(verdict: Verdict) -> str:
    return f"{verdict.kata}: {wording.score(verdict) or verdict.status}"
