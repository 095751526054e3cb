"""The final marks that pages of feedback show: how they came about, and how they have changed since an earlier page."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import NamedTuple

import msgspec

from graders.report.wording import with_remark
from graders.verdict import TaskResult, Verdict
from katas_course import rules
from katas_course.batch import BatchStore
from katas_course.gradebook import pages, results
from katas_course.gradebook.people import Directory
from katas_course.gradebook.results import KataResult
from katas_course.gradebook.storing import Key, Row
from katas_course.gradebook.tables import AuditRow
from katas_course.rules import ScoredAttempt


class MarkNote(NamedTuple):
    """The final mark that a page shows. `lines` holds pairs of a label and a text."""

    points: float
    lines: tuple[tuple[str, str], ...]


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
        lines = [("Person", person), ("Submitted", _moment(row.submitted_at))]
        lines.append(("Final mark", f"{mark.points:g} of {mark.maximum:g} points"))
        lines.append(("How", mark.text))
        lines += _counting(result, row)
        if result.outstanding:
            below = ", which the points below do not include" if row.verdict.review_points else ""
            lines.append(("Open", f"a review can still add up to {result.outstanding:g} points{below}"))
        return MarkNote(mark.points, (*lines, *self._changed(row.key, result)))

    def note_pages(self, held: BatchStore, points: Mapping[Key, float]) -> None:
        """Record the points on the pages that were written."""
        held.write(pages.note_pages, points, self.line)

    def verdict(self, row: Row) -> Verdict:
        """Return the verdict as the page shows it: with the decisions on its tasks, or with that on the whole kata.

        Its tasks do not wait for a review that could not change the final mark.
        """
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
        found = [change for change in found if change.id > first.last_line]
        lines = [("Change", _described(change)) for change in sorted(found, key=lambda each: each.id)]
        if first.points == result.points and not lines:
            return []
        was = f"{first.points:g} points on the first page ({_moment(first.written_at)}), {result.points:g} now"
        return [("Changed", was), *lines]


def _counting(result: KataResult, row: Row) -> list[tuple[str, str]]:
    """Return which submission counts and, if it is another one than that of the page, what the page's is worth."""
    this = result.standing(row.submitted_at, row.verdict.submission_sha256)
    if result.counted is None:
        return [("Counts", "no submission")]
    if this is result.counted:
        return [("Counts", f"this submission, by {this.attempt.by}" if this and this.attempt.by else "this submission")]
    by = f" by {result.counted.attempt.by}" if result.counted.attempt.by else ""
    lines = [("Counts", f"the submission of {_moment(result.counted.attempt.submitted_at)}{by}")]
    if this is not None and this.over_limit:
        lines.append(("This one", f"over the limit of {result.rule.attempts_per_day} attempts a day: not counted"))
    elif this is not None:
        lines.append(("This one", _worth(result, this)))
    return lines


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


def _described(change: AuditRow) -> str:
    what = pages.OF_MARKS[change.what]
    if change.what == "graded":
        what = "graded again" if change.before else "new submission"
    parts = [part.replace("awaiting_review", "awaiting review") for part in (change.before, change.after) if part]
    return f"{_moment(change.at)}, {what}: {' → '.join(parts)}"


def _moment(text: str) -> str:
    """Return a time in UTC in words, to the minute."""
    try:
        moment = datetime.datetime.fromisoformat(text).astimezone(datetime.UTC)
    except ValueError:
        return text
    return f"{moment:%Y-%m-%d %H:%M} UTC"
