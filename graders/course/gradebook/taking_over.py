"""Take a batch over into the gradebook: from the journal of an older version, or from another gradebook."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from graders import verdict as verdicts
from graders.course import old_journal
from graders.course.gradebook import batches, importing, pages, rubrics
from graders.course.gradebook.batch_tables import BatchRow, EntryRow, PageRow
from graders.course.gradebook.records import age, score_in, verdict_in
from graders.course.gradebook.scores import add_scores
from graders.course.gradebook.tables import AuditRow, MarkRow, SubmissionRow
from graders.course.gradebook.transaction import Transaction
from graders.course.rows import Key, Row
from graders.course.submissions import composed
from graders.errors import KataError
from graders.manual_scores import Given, ManualScore, marks_of
from graders.verdict import Verdict

OF_GRADING = ("graded", "marked", "handed in", "attempts a day", "withdrawn", "rubric")
"""The lines in the audit trail of a batch. Any other line comes from an instructor who set up the gradebook."""


class Imported(NamedTuple):
    """The numbers of new verdicts and new manual scores in an import."""

    verdicts: int
    marks: int


def from_journal(transaction: Transaction, batch: BatchRow, path: Path) -> Imported:
    """Add the verdicts in an older version's journal, and the manual scores in it and in the verdict files next to it.

    Doing this twice does no harm. Raises KataError if the journal or a verdict file is damaged.
    """
    times, last = _times(path)
    scores: defaultdict[SubmissionRow, list[ManualScore]] = defaultdict(list)
    given: defaultdict[SubmissionRow, Given] = defaultdict(Given)

    def take(submission: SubmissionRow, found: Verdict) -> None:
        for each in (submission, *batches.twins(transaction, submission)):
            scores[each] += marks_of(found)
            given[each].take((found.graded_at, found.seed), found.tasks)

    new = 0
    for row in old_journal.rows(path):
        *earlier, time = times[importing.identity(row)]
        timed = msgspec.structs.replace(row, submitted_at=time)
        submission, added = importing.add(transaction, timed, batch.folder, earlier, source=str(path))
        new += added
        if last[row.key] == importing.identity(row):
            batches.set_entry(transaction, batch, submission)
        if any(task.reviewer for task in row.verdict.tasks) or submission in given:
            take(submission, row.verdict)
    for submission, found in _reviewed(transaction, path, last):
        take(submission, found)
    marks = sum(add_scores(transaction, submission, each) for submission, each in scores.items())
    for submission, effective in given.items():
        withdraw(transaction, submission, keep={mark.task for mark in effective.marks})
    return Imported(new, marks)


def _times(path: Path) -> tuple[dict[tuple[str, ...], list[str]], dict[Key, tuple[str, ...]]]:
    """Return the submission times of each verdict, and the current verdicts. Only the last of the times is valid.

    Both identify verdicts by `importing.identity`. Raises KataError if a name occurs in two Unicode forms.
    """
    times: dict[tuple[str, ...], list[str]] = {}
    last: dict[Key, tuple[str, ...]] = {}
    spellings: dict[str, str] = {}
    for row in old_journal.rows(path):
        other = spellings.setdefault(composed(row.person), row.person)
        if other != row.person:
            raise KataError(
                f"{path}: {other!a} and {row.person!a} are the same name in two Unicode forms. "
                "Remove one of them from the submissions, and grade into another --out."
            )
        times.setdefault(importing.identity(row), []).append(row.submitted_at)
        last[row.key] = importing.identity(row)
    return times, last


def _reviewed(
    transaction: Transaction, path: Path, last: Mapping[Key, object]
) -> Iterator[tuple[SubmissionRow, Verdict]]:
    """Yield the verdicts in the verdict files, because older versions wrote manual scores there before the journal."""
    for name, kata in sorted(last):
        file = path.parent / "verdicts" / name.replace("/", "_") / f"{kata}.json"
        try:
            found = verdicts.from_json(file.read_bytes())
        except (FileNotFoundError, NotADirectoryError, ValueError):
            continue
        except (OSError, KataError) as fault:
            problem = getattr(fault, "strerror", None) or str(fault).rstrip(".")
            raise KataError(f"{file}: {problem}. Remove it, and run the command again to write it again.") from None
        person = transaction.person(name)
        if person is None or found.kata != kata:
            continue
        of_submission = sa.select(SubmissionRow).where(
            SubmissionRow.person_id == person.id,
            SubmissionRow.kata == kata,
            SubmissionRow.sha256 == found.submission_sha256,
        )
        submission = transaction.session.scalar(of_submission.order_by(SubmissionRow.id).limit(1))
        if submission is not None:
            yield submission, found


def withdraw(transaction: Transaction, submission: SubmissionRow, keep: Collection[str]) -> None:
    """Remove a submission's manual scores, except those for the tasks in `keep`."""
    for mark in list(transaction.session.scalars(sa.select(MarkRow).where(MarkRow.submission_id == submission.id))):
        if mark.task not in keep:
            transaction.note_submission(submission, "withdrawn", f"{mark.task}: {mark.points:g} by {mark.reviewer}", "")
            transaction.session.delete(mark)


# From another gradebook.


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
