"""Copy a batch from one gradebook to another."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from graders.course.gradebook import batches, importing, pages, rubrics
from graders.course.gradebook.batch_tables import BatchRow, EntryRow, PageRow
from graders.course.gradebook.records import age, score_in, verdict_in
from graders.course.gradebook.tables import AuditRow, MarkRow, SubmissionRow
from graders.course.gradebook.transaction import Transaction
from graders.course.rows import Row

OF_GRADING = ("graded", "marked", "handed in", "attempts a day", "withdrawn", "rubric")
"""The lines in the audit trail of a batch. Any other line comes from an instructor who set up the gradebook."""


class Imported(NamedTuple):
    """The numbers of new verdicts and new manual scores in an import."""

    verdicts: int
    marks: int


def withdraw(transaction: Transaction, submission: SubmissionRow, keep: Collection[str]) -> None:
    """Remove a submission's manual scores, except those for the tasks in `keep`."""
    for mark in list(transaction.session.scalars(sa.select(MarkRow).where(MarkRow.submission_id == submission.id))):
        if mark.task not in keep:
            transaction.note_submission(submission, "withdrawn", f"{mark.task}: {mark.points:g} by {mark.reviewer}", "")
            transaction.session.delete(mark)


def belongs_to_batch_only(source: Transaction) -> bool:
    """Return whether a gradebook holds nothing but one batch: no rules, deadlines or other decisions."""
    others = sa.select(AuditRow.id).where(AuditRow.what.not_in(OF_GRADING)).limit(1)
    folders = set(source.session.scalars(sa.select(SubmissionRow.batch).distinct()))
    return source.session.scalar(others) is None and folders <= {"."}


def from_gradebook(
    source: Transaction, batch: BatchRow, target: Transaction, folder: str, into: BatchRow | None
) -> Imported:
    """Copy a batch from one gradebook to another, where its folder is called `folder`.

    If `into` is a batch of the other gradebook, it gets the entries too. Copying a batch twice does no harm.
    """
    of_batch = sa.select(SubmissionRow).where(SubmissionRow.batch == batch.folder).order_by(SubmissionRow.id)
    current = set(source.session.scalars(sa.select(EntryRow.submission_id).where(EntryRow.batch_id == batch.id)))
    new = marks = 0
    for each in source.session.scalars(of_batch.execution_options(yield_per=100)):
        lines = _lines(source, each)
        earlier = [line.before for line in lines if line.what == "handed in"]
        for verdict in sorted(each.verdicts, key=age):
            row = Row(person=each.person.name, submitted_at=each.submitted_at, verdict=verdict_in(verdict))
            submission, added = importing.add(target, row, folder, earlier)
            new += added
        copied = _copy_lines(target, lines, submission)
        marks += copied.count("marked")
        _copy_marks(target, each, submission)
        rubrics.copy_items(source, each, target, submission)
        if "withdrawn" in copied:
            withdraw(target, submission, keep={mark.task for mark in each.marks})
        if into is not None and each.id in current:
            batches.set_entry(target, into, submission)
    return Imported(new, marks)


def copy_pages(source: Transaction, batch: BatchRow, target: Transaction, into: BatchRow) -> None:
    """Copy which pages of feedback a batch has written. Only later changes will be listed on them."""
    end = pages.last_line(target)
    for first, name in pages.page_rows(source, batch):
        row = target.person(name)
        if row is not None and target.session.get(PageRow, (into.id, row.id, first.kata)) is None:
            new = PageRow(batch_id=into.id, person_id=row.id, kata=first.kata, points=first.points)
            new.written_at, new.last_line = first.written_at, end
            target.session.add(new)


def _lines(source: Transaction, submission: SubmissionRow) -> list[AuditRow]:
    about = sa.select(AuditRow).where(AuditRow.submission_id == submission.id, AuditRow.what != "graded")
    return list(source.session.scalars(about.order_by(AuditRow.id)))


def _copy_lines(target: Transaction, lines: Sequence[AuditRow], submission: SubmissionRow) -> list[str]:
    """Copy lines of the audit trail unless they are there already. Return what the new ones are about.

    A corrected submission time has a line already, with the time of its import.
    """
    there = _lines(target, submission)
    known = {_content(line) for line in there}
    corrected = {(line.before, line.after) for line in there if line.what == "handed in"}
    new = [
        line
        for line in lines
        if _content(line) not in known and not (line.what == "handed in" and (line.before, line.after) in corrected)
    ]
    for line in new:
        at, who, what, before, after = _content(line)
        copy = AuditRow(at=at, who=who, what=what, before=before, after=after)
        copy.person, copy.kata, copy.submission_id = submission.person.name, submission.kata, submission.id
        target.session.add(copy)
    return [line.what for line in new]


def _content(line: AuditRow) -> tuple[str, str, str, str, str]:
    return line.at, line.who, line.what, line.before, line.after


def _copy_marks(target: Transaction, original: SubmissionRow, submission: SubmissionRow) -> None:
    """Copy a submission's manual scores, unless the other gradebook has newer ones."""
    for mark in map(score_in, original.marks):
        row = target.session.get(MarkRow, (submission.id, mark.task))
        if row is None:
            row = MarkRow(submission_id=submission.id, task=mark.task, reviewed_at="")
            target.session.add(row)
        if mark.at >= row.reviewed_at:
            row.points, row.reviewer, row.reviewed_at, row.comment = mark[1:]
    target.session.flush()
