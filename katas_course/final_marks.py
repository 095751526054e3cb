"""The final marks that pages of feedback show: how they came about, and how they have changed since an earlier page."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import msgspec

from graders.report.text import clean_line
from graders.report.wording import with_remark
from graders.verdict import TaskResult, Verdict
from katas_course import rules
from katas_course.batch import BatchStore
from katas_course.gradebook import decisions, pages, results, settings
from katas_course.gradebook.people import Directory
from katas_course.gradebook.results import KataResult
from katas_course.gradebook.storing import Key, Row
from katas_course.gradebook.tables import AuditRow, RequestRow
from katas_course.marked_reports import MarkNote
from katas_course.rules import ScoredAttempt


class FinalMarks:
    """The final marks of everyone in a batch, from its store.

    `line` is the last line of the audit trail that they include.
    """

    def __init__(self, held: BatchStore) -> None:
        with held.book.transaction() as transaction:
            self.line = pages.last_line(transaction)
            self._first = pages.first_pages(transaction, held.batch(transaction))
            oldest = min((each.last_line for each in self._first.values()), default=self.line)
            self._changes = pages.changes(transaction, oldest)
            self._directory = Directory(transaction)
            self._clock = settings.clock(transaction)
            self._requests: dict[Key, list[RequestRow]] = {}
            for person, request in decisions.requests(transaction, closed=True):
                self._requests.setdefault((person, request.kata), []).append(request)
        self._results = held.book.read(results.by_name)

    def readers(self, keys: Collection[Key]) -> dict[Key, list[str]]:
        """Return for whom a page is written on each of these rows of a batch: its person, and others in the group.

        Others get it unless they have a row of their own.
        """
        collected = {key: [key[0]] for key in keys}
        for key, result in self._results.items():
            if key not in collected:
                newest = sorted(result.standings, key=lambda each: (each is result.counted, each.attempt.submitted_at))
                rows = [(each.attempt.submitted_as, result.kata) for each in reversed(newest)]
                on = next((each for each in rows if each in keys), None)
                if on is not None:
                    collected[on].append(key[0])
        return collected

    def of(self, row: Row) -> MarkNote | None:
        """Return the mark for the page on a row, or None if no submission for the kata has been graded yet."""
        result = self._results.get(row.key)
        if result is None:
            return None
        mark = result.mark
        person = result.person if result.person == row.person else f"{result.person} (submitted as {row.person})"
        requests = self._requests.get((result.person, result.kata), ())
        facts = [("Person", person), ("Submitted", self._clock.words(row.submitted_at))]
        facts += [("Deadline", self._clock.words(result.rule.due_at))] if result.rule.due_at else []
        facts += self._counting(result, row)
        if result.outstanding:
            below = ", which the points below do not include" if row.verdict.review_points else ""
            facts.append(("Open", f"a review can still add up to {result.outstanding:g} points{below}"))
        facts += [("Request", self._answered(each)) for each in requests]
        facts += self._changed(row.key, result)
        return MarkNote(mark.points, mark.maximum, mark.text, tuple(facts), self._data(result, row, requests))

    def _data(self, result: KataResult, row: Row, requests: Sequence[RequestRow]) -> dict[str, Any]:
        """Return how the mark came about, for programs."""
        this = result.standing(row.submitted_at, row.verdict.submission_sha256)
        return {
            "points": result.points,
            "maximum": result.mark.maximum,
            "steps": [clean_line(step, 3_000) for step in result.mark.steps],
            "due_at": result.rule.due_at and self._clock.iso(result.rule.due_at),
            "submitted_at": self._clock.iso(row.submitted_at),
            "this_submission_counts": this is not None and this is result.counted,
            "days_late": result.counted.late if result.counted else 0,
            "excluded": result.mark.excluded,
            "decisions": [asdict(each) | {"at": self._clock.iso(each.at)} for each in result.decisions],
            "requests": [{"reason": each.reason, "answer": each.answer} for each in requests],
            "outstanding": result.outstanding,
        }

    def _answered(self, request: RequestRow) -> str:
        """Return a request to regrade with the answer."""
        asked = f"{self._clock.words(request.opened_at)}: {request.reason}"
        if request.closed_at is None:
            return f"{asked} (not answered yet)"
        return f"{asked} → {request.closed_by}, {self._clock.words(request.closed_at)}: {request.answer}"

    def note_pages(self, held: BatchStore, points: Mapping[Key, float]) -> None:
        """Record the points on the pages that were written."""
        held.write(pages.note_pages, points, self.line)

    def verdict(self, row: Row) -> Verdict:
        """Return the verdict as the page shows it: with the decisions on its tasks, or with that on the whole kata.

        Its tasks do not wait for a review that could not change the final mark. Its time is in the course's zone.
        """
        shown = self._decided(row)
        return msgspec.structs.replace(shown, graded_at=self._clock.words(shown.graded_at))

    def _decided(self, row: Row) -> Verdict:
        result = self._results.get(row.key)
        if result is None:
            return row.verdict
        shown = _with_decisions(row.verdict, result) if result.decisions else row.verdict
        this = result.standing(row.submitted_at, row.verdict.submission_sha256)
        if this is None or not _is_left_unreviewed(result, this):
            return shown
        tasks = [_not_reviewed(task) if task.status == "awaiting_review" else task for task in shown.tasks]
        return msgspec.structs.replace(shown, tasks=tuple(tasks), review_points=0.0)

    def _changed(self, key: Key, result: KataResult) -> list[tuple[str, str]]:
        """Return what has changed since the first page: the mark, and the reasons."""
        person, kata = key
        first = self._first.get((result.person, kata))
        if first is None:
            return []
        names = {person, result.person, *self._directory.names_of(result.person)}
        about = [(name, slug) for name in (*sorted(names), "") for slug in (kata, "")]
        found = [change for each in about for change in self._changes.get(each, ())]
        mates = {each.attempt.submitted_as for each in result.standings if each.attempt.by} - names
        of_mates = [change for name in sorted(mates) for change in self._changes.get((name, kata), ())]
        found = [*found, *(change for change in of_mates if change.what in pages.OF_SUBMISSION)]
        same = first.points == result.points
        # A rule for everyone concerns only those whose mark it has changed.
        found = [each for each in found if each.id > first.last_line and not (same and each.what in pages.OF_EVERYONE)]
        lines = [("Change", self._described(change)) for change in sorted(found, key=lambda each: each.id)]
        if same and not lines:
            return []
        moment = self._clock.words(first.written_at)
        return [("Changed", f"{first.points:g} points on the first page ({moment}), {result.points:g} now"), *lines]

    def _counting(self, result: KataResult, row: Row) -> list[tuple[str, str]]:
        """Return which submission counts and, if it is not that of the page, what the page's is worth."""
        this = result.standing(row.submitted_at, row.verdict.submission_sha256)
        if result.counted is None:
            return [("Counts", "no submission")]
        counted = result.counted.attempt
        by = f" by {counted.by}" if counted.by else ""
        if this is result.counted:
            return [("Counts", f"this submission,{by}" if by else "this submission")]
        lines = [("Counts", f"the submission of {self._clock.words(counted.submitted_at)}{by}")]
        if this is not None and this.over_limit:
            lines.append(("This one", f"over the limit of {result.rule.attempts_per_day} attempts a day: not counted"))
        elif this is not None:
            lines.append(("This one", _worth(result, this)))
        return lines

    def _described(self, change: AuditRow) -> str:
        what, before, after = pages.OF_MARKS[change.what], change.before, change.after
        if change.what == "graded":
            what = "graded again" if before else "new submission"
        if change.what in pages.OF_EVERYONE:
            before, after = _differing(before, after), _differing(after, before)
        parts = [part.replace("awaiting_review", "awaiting review") for part in (before, after) if part]
        return f"{self._clock.words(change.at)}, {what}: {self._clock.in_text(' → '.join(parts))}"


def _with_decisions(verdict: Verdict, result: KataResult) -> Verdict:
    of_task = {each.task: each for each in result.decisions if each.task}
    whole = next((each for each in result.decisions if not each.task), None)
    shown = rules.decided(verdict, result.decisions)
    tasks = [
        with_remark(task, f"set to {task.score:g} by {one.who}: {one.reason}")
        if (one := of_task.get(task.name))
        else task
        for task in shown.tasks
    ]
    if whole is None:
        return msgspec.structs.replace(shown, tasks=tuple(tasks))
    if whole.kind == "exclude":
        tasks = [_not_reviewed(task) if task.status == "awaiting_review" else task for task in tasks]
        if shown.status in ("passed", "awaiting_review"):  # someone who is excluded does not pass
            shown = msgspec.structs.replace(shown, status="failed")
    what = "Excluded" if whole.kind == "exclude" else f"Points set to {result.points:g}"
    message = f"{what} by {whole.who}: {whole.reason}\nThe points below do not count. Final mark: {result.points:g}."
    message = "\n\n".join(filter(None, (message, shown.message)))
    return msgspec.structs.replace(shown, tasks=tuple(tasks), message=message, review_points=0.0)


def _not_reviewed(task: TaskResult) -> TaskResult:
    return with_remark(msgspec.structs.replace(task, status="ungraded"), "not reviewed")


def _is_left_unreviewed(result: KataResult, this: ScoredAttempt) -> bool:
    """Return whether a submission that awaits a review stays as it is. A review could still turn it into a pass."""
    verdict = this.attempt.verdict
    return bool(verdict.review_points) and verdict.status != "awaiting_review" and not result.is_to_review(this)


def _worth(result: KataResult, this: ScoredAttempt) -> str:
    of_tasks = [each for each in result.decisions if each.task]
    waiting, note = this.attempt.verdict.review_points, ""
    if _is_left_unreviewed(result, this):
        this, note = _without_review(this), "; not reviewed, because that could not change the final mark"
    elif waiting:
        note = f"; a review can still add up to {waiting:g} points"
    mark = rules.final_mark(this, result.rule, of_tasks)
    worth = f"{mark.points:g} of {mark.maximum:g}"
    how = f" ({mark.text})" if mark.text != worth else ""
    return f"{worth} points{how}{note}"


def _without_review(this: ScoredAttempt) -> ScoredAttempt:
    """Return an attempt whose maximum does not include what awaits review, as the page's points below do not."""
    attempt, none = this.attempt, {"review_points": 0.0}
    original = attempt.original and msgspec.structs.replace(attempt.original, **none)
    verdict = msgspec.structs.replace(attempt.verdict, **none)
    return replace(this, attempt=replace(attempt, verdict=verdict, original=original))


def _differing(text: str, other: str) -> str:
    """Return the parts of a rule's description that are not in another one."""
    known = re.split("[,;] ", other)
    return ", ".join(part for part in re.split("[,;] ", text) if part not in known)
