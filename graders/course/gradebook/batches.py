"""The batches whose store is the gradebook: which submission is the last of each person and kata, and with which seed.

A batch's results are those of its entries. Everything else about a submission is stored as for any other.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from graders.course.gradebook import importing, rubrics
from graders.course.gradebook.batch_tables import BatchRow, EntryRow
from graders.course.gradebook.records import age, last_verdict, score_in
from graders.course.gradebook.scores import add_scores
from graders.course.gradebook.tables import AuditRow, MarkRow, PersonRow, SubmissionRow
from graders.course.gradebook.transaction import WHOLE, Transaction
from graders.course.rows import Graded, Key, Row, Short, shortened
from graders.course.submissions import as_utc
from graders.manual_scores import marks_of, with_marks
from graders.verdict import from_json

_graded = msgspec.json.Decoder(Graded).decode


def find(transaction: Transaction, key: str) -> BatchRow | None:
    """Return the batch with this key, or None."""
    return transaction.session.scalar(sa.select(BatchRow).where(BatchRow.key == key))


def in_folder(transaction: Transaction, folder: str) -> BatchRow | None:
    """Return the batch with this folder, or None."""
    return transaction.session.scalar(sa.select(BatchRow).where(BatchRow.folder == folder))


def create(transaction: Transaction, key: str, folder: str, seed: str) -> BatchRow:
    """Add a batch that has no verdicts yet."""
    row = BatchRow(key=key, folder=folder, seed=seed)
    transaction.session.add(row)
    transaction.session.flush()
    return row


def move_folder(transaction: Transaction, batch: BatchRow, folder: str) -> None:
    """Change the folder of a batch that was moved."""
    of_batch = sa.update(SubmissionRow).where(SubmissionRow.batch == batch.folder)
    transaction.session.execute(of_batch.values(batch=folder))
    batch.folder = folder


def record(transaction: Transaction, batch: BatchRow, row: Row) -> Row:
    """Store a verdict of a batch, and return it with the manual scores of its submission.

    If the person submitted the same files before, at another time, the new submission gets the same manual scores.
    """
    graded_at = row.verdict.graded_at or as_utc(datetime.datetime.now(datetime.UTC))
    complete = msgspec.structs.replace(row.verdict, graded_at=graded_at)
    row = msgspec.structs.replace(row, verdict=from_json(msgspec.json.encode(complete)))  # as the store returns it
    submission, _ = importing.add(transaction, row, batch.folder, latest=True)
    set_entry(transaction, batch, submission)
    given = list(marks_of(row.verdict))
    if not _marks(transaction, submission):
        for each in twins(transaction, submission):
            given += map(score_in, _marks(transaction, each))
    if given:
        add_scores(transaction, submission, given)
        rubrics.copy_uses(transaction, twins(transaction, submission), submission)
    marks = map(score_in, _marks(transaction, submission))
    return msgspec.structs.replace(row, verdict=with_marks(row.verdict, marks))


def _marks(transaction: Transaction, submission: SubmissionRow) -> list[MarkRow]:
    return list(transaction.session.scalars(sa.select(MarkRow).where(MarkRow.submission_id == submission.id)))


def twins(transaction: Transaction, submission: SubmissionRow) -> list[SubmissionRow]:
    """Return a person's other submissions of the same files, which differ only in their times."""
    same = sa.select(SubmissionRow).where(
        SubmissionRow.person_id == submission.person_id,
        SubmissionRow.kata == submission.kata,
        SubmissionRow.sha256 == submission.sha256,
        SubmissionRow.id != submission.id,
    )
    return list(transaction.session.scalars(same.order_by(SubmissionRow.id)))


def set_entry(transaction: Transaction, batch: BatchRow, submission: SubmissionRow) -> None:
    """Make a submission the last one of its person and kata in a batch."""
    known = transaction.session.get(EntryRow, (batch.id, submission.person_id, submission.kata))
    if known is not None:
        known.submission_id = submission.id
        return
    new = EntryRow(batch_id=batch.id, person_id=submission.person_id, kata=submission.kata, submission_id=submission.id)
    transaction.session.add(new)
    transaction.session.flush()


def entries(transaction: Transaction, batch: BatchRow, person: str | None = None) -> Iterator[SubmissionRow]:
    """Yield a batch's current submissions. Rows are loaded in groups, so that a large batch fits into memory."""
    wanted = (
        sa.select(SubmissionRow)
        .join(EntryRow, EntryRow.submission_id == SubmissionRow.id)
        .join(PersonRow, PersonRow.id == SubmissionRow.person_id)
        .where(EntryRow.batch_id == batch.id)
        .options(*WHOLE)
        .order_by(PersonRow.name, SubmissionRow.kata)
    )
    if person is not None:
        wanted = wanted.where(PersonRow.name == person)
    return iter(transaction.session.scalars(wanted.execution_options(yield_per=100)))


def submissions(transaction: Transaction, batch: BatchRow) -> Iterator[SubmissionRow]:
    """Yield all submissions of a batch, also the earlier ones."""
    wanted = (
        sa.select(SubmissionRow)
        .where(SubmissionRow.batch == batch.folder)
        .options(selectinload(SubmissionRow.person), selectinload(SubmissionRow.verdicts))
        .order_by(SubmissionRow.id)
    )
    return iter(transaction.session.scalars(wanted.execution_options(yield_per=100)))


def rows(transaction: Transaction, batch: BatchRow) -> Iterator[Row]:
    """Yield the current row of each person and kata, with manual scores."""
    for each in entries(transaction, batch):
        yield Row(person=each.person.name, submitted_at=each.submitted_at, verdict=last_verdict(each))


def people(transaction: Transaction, batch: BatchRow) -> set[str]:
    """Return the names of the people in a batch."""
    found = sa.select(PersonRow.name).join(EntryRow, EntryRow.person_id == PersonRow.id)
    return set(transaction.session.scalars(found.where(EntryRow.batch_id == batch.id)))


def katas(transaction: Transaction, batch: BatchRow) -> set[str]:
    """Return the slugs of the katas in a batch."""
    return set(transaction.session.scalars(sa.select(EntryRow.kata).where(EntryRow.batch_id == batch.id)))


def shorts(transaction: Transaction, batch: BatchRow) -> dict[Key, Short]:
    """Return the current row of each person and kata, with manual scores, but without tasks and tests."""
    found = {}
    for each in entries(transaction, batch):
        if each.marks:
            row = Row(person=each.person.name, submitted_at=each.submitted_at, verdict=last_verdict(each))
            short = shortened(row)
        else:
            graded = _graded(max(each.verdicts, key=age).record)
            short = Short(person=each.person.name, submitted_at=each.submitted_at, verdict=graded)
        found[short.key] = short
    return found


def move(transaction: Transaction, batch: BatchRow, times: Mapping[Key, str]) -> int:
    """Change the submission times of a batch's current submissions, and return how many have changed."""
    moved = 0
    for submission in list(entries(transaction, batch)) if times else []:
        time = times.get((submission.person.name, submission.kata), submission.submitted_at)
        if time == submission.submitted_at:
            continue
        transaction.note_submission(submission, "handed in", submission.submitted_at, time)
        other = next((each for each in twins(transaction, submission) if each.submitted_at == time), None)
        if other is None:
            submission.submitted_at = time
        else:
            _merge(transaction, submission, other)
        moved += 1
    return moved


def _merge(transaction: Transaction, submission: SubmissionRow, other: SubmissionRow) -> None:
    """Add a submission's verdicts, scores and audit lines to another submission of the same files, and remove it."""
    session = transaction.session
    session.flush()
    known = {(each.graded_at, each.seed) for each in other.verdicts}
    for verdict in list(submission.verdicts):
        if (verdict.graded_at, verdict.seed) not in known:
            other.verdicts.append(verdict)
    add_scores(transaction, other, map(score_in, submission.marks))
    rubrics.copy_uses(transaction, [submission], other)
    session.flush()
    for table in (EntryRow, AuditRow):
        of_submission = sa.update(table).where(table.submission_id == submission.id)
        session.execute(of_submission.values(submission_id=other.id))
    session.expire(submission)
    session.delete(submission)
    session.flush()
