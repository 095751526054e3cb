"""The batches in a gradebook: the last submission of each person and kata, and the seed.

A batch's results are those of its entries. Everything else about a submission is stored as for any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from graders.manual_scores import scores_of, with_scores
from graders.verdict import from_json
from katas_course.gradebook import rubrics, storing
from katas_course.gradebook.database import WHOLE, Transaction
from katas_course.gradebook.storing import Key, Row, add_scores, scores_on
from katas_course.gradebook.tables import AuditRow, BatchRow, EntryRow, PersonRow, SubmissionRow, VerdictRow
from katas_course.submissions import now


class VerdictSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The main fields of a verdict, without its tasks and its tests."""

    kata: str
    status: str
    submission_sha256: str
    kata_digest: str
    suite_digest: str
    harness_version: str
    graded_at: str = ""
    message: str = ""
    score: float = 0.0
    max_score: float = 0.0
    review_points: float = 0.0
    require_extras: bool = False
    intake_notes: tuple[str, ...] = ()
    stopped_tests: int = 0


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """A row of a batch without tasks and tests, so that all rows fit into memory."""

    person: str
    submitted_at: str
    verdict: VerdictSummary

    @property
    def key(self) -> Key:
        return self.person, self.verdict.kata


_summary = msgspec.json.Decoder(VerdictSummary).decode


def find(transaction: Transaction, **values: str) -> BatchRow | None:
    """Return the batch with this key or this folder, or None."""
    return transaction.session.scalar(sa.select(BatchRow).filter_by(**values))


def folders(transaction: Transaction, slug: str = "") -> list[str]:
    """Return the batch folders that hold submissions for a kata or, if `slug` is empty, for any."""
    wanted = sa.select(SubmissionRow.batch).where(SubmissionRow.batch != "").distinct().order_by(SubmissionRow.batch)
    return list(map(transaction.path_of, transaction.session.scalars(wanted.filter_by(kata=slug) if slug else wanted)))


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


def store(transaction: Transaction, batch: BatchRow, row: Row) -> Row:
    """Store a verdict of a batch, and return it with the manual scores of its submission.

    If the person submitted the same files before, at another time, the new submission gets the same manual scores.
    """
    graded_at = row.verdict.graded_at or now()
    complete = msgspec.structs.replace(row.verdict, graded_at=graded_at)
    row = msgspec.structs.replace(row, verdict=from_json(msgspec.json.encode(complete)))  # as the store returns it
    submission = storing.add(transaction, row, batch.folder)
    set_entry(transaction, batch, submission)
    given = list(scores_of(row.verdict))
    others = same_files(transaction, submission)
    if not scores_on(transaction, submission.id):
        given += [known.score for each in others for known in scores_on(transaction, each.id)]
    if given:
        add_scores(transaction, submission, given)
        rubrics.copy_uses(transaction, others, submission)
    scores = [known.score for known in scores_on(transaction, submission.id)]
    return msgspec.structs.replace(row, verdict=with_scores(row.verdict, scores))


def same_files(transaction: Transaction, submission: SubmissionRow) -> list[SubmissionRow]:
    """Return a person's other submissions of the same files, which differ only in their times."""
    files = {"person_id": submission.person_id, "kata": submission.kata, "sha256": submission.sha256}
    same = sa.select(SubmissionRow).filter_by(**files).where(SubmissionRow.id != submission.id)
    return list(transaction.session.scalars(same.order_by(SubmissionRow.id)))


def set_entry(transaction: Transaction, batch: BatchRow, submission: SubmissionRow) -> None:
    """Make a submission the last one of its person and kata in a batch, unless a newer one is."""
    key = {"batch_id": batch.id, "person_id": submission.person_id, "kata": submission.kata}
    known = transaction.session.get(EntryRow, key) or EntryRow(**key, submission_id=submission.id)
    before = transaction.session.get_one(SubmissionRow, known.submission_id)
    if submission.submitted_at >= before.submitted_at:
        known.submission_id = submission.id
    transaction.session.add(known)
    transaction.session.flush()


def entries(transaction: Transaction, batch: BatchRow, person: str | None = None) -> Iterator[SubmissionRow]:
    """Yield a batch's current submissions. Rows are loaded in groups, so that a large batch fits into memory."""
    wanted = sa.select(SubmissionRow).join(EntryRow, EntryRow.submission_id == SubmissionRow.id).options(*WHOLE)
    wanted = wanted.join(PersonRow, PersonRow.id == SubmissionRow.person_id).where(EntryRow.batch_id == batch.id)
    wanted = wanted.order_by(PersonRow.name, SubmissionRow.kata)
    if person is not None:
        wanted = wanted.where(PersonRow.name == person)
    return iter(transaction.session.scalars(wanted.execution_options(yield_per=100)))


def graded(transaction: Transaction, batch: BatchRow) -> set[tuple[str, ...]]:
    """Return the person, kata, digest and time of each submission in a batch that has a verdict that counts."""
    wanted = sa.select(PersonRow.name, SubmissionRow.kata, SubmissionRow.sha256, SubmissionRow.submitted_at)
    wanted = wanted.join(SubmissionRow.person).join(SubmissionRow.verdicts).where(VerdictRow.status != "error")
    return {tuple(row) for row in transaction.session.execute(wanted.where(SubmissionRow.batch == batch.folder))}


def submissions(transaction: Transaction, batch: BatchRow) -> Iterator[SubmissionRow]:
    """Yield all submissions of a batch, also the earlier ones."""
    wanted = sa.select(SubmissionRow).where(SubmissionRow.batch == batch.folder).order_by(SubmissionRow.id)
    wanted = wanted.options(selectinload(SubmissionRow.person), selectinload(SubmissionRow.verdicts))
    return iter(transaction.session.scalars(wanted.execution_options(yield_per=100)))


def people(transaction: Transaction, batch: BatchRow) -> set[str]:
    """Return the names of the people in a batch."""
    names = sa.select(PersonRow.name).join(EntryRow, EntryRow.person_id == PersonRow.id)
    return set(transaction.session.scalars(names.where(EntryRow.batch_id == batch.id)))


def katas(transaction: Transaction, batch: BatchRow) -> set[str]:
    """Return the slugs of the katas in a batch."""
    return set(transaction.session.scalars(sa.select(EntryRow.kata).where(EntryRow.batch_id == batch.id)))


def summaries(transaction: Transaction, batch: BatchRow) -> dict[Key, Summary]:
    """Return the current row of each person and kata, with manual scores, but without tasks and tests."""
    result = {}
    for each in entries(transaction, batch):
        if each.scores:
            verdict = each.last_verdict()
            summary = VerdictSummary(**{name: getattr(verdict, name) for name in VerdictSummary.__struct_fields__})
        else:
            summary = _summary(max(each.verdicts, key=VerdictRow.age).record)
        result[each.person.name, each.kata] = Summary(
            person=each.person.name, submitted_at=each.submitted_at, verdict=summary
        )
    return result


def correct_times(transaction: Transaction, batch: BatchRow, times: Mapping[Key, str]) -> list[str]:
    """Change the submission times of a batch's current submissions, and return a line about each that has changed."""
    changed = []
    for submission in list(entries(transaction, batch)) if times else []:
        time = times.get((submission.person.name, submission.kata), submission.submitted_at)
        if time == submission.submitted_at:
            continue
        changed.append(f"{submission.person.name}, {submission.kata}: {submission.submitted_at} → {time}")
        transaction.note_submission(submission, "handed in", submission.submitted_at, time)
        other = next((each for each in same_files(transaction, submission) if each.submitted_at == time), None)
        if other is None:
            submission.submitted_at = time
        else:
            _merge(transaction, submission, other)
    return changed


def _merge(transaction: Transaction, submission: SubmissionRow, other: SubmissionRow) -> None:
    """Add a submission's verdicts, scores and audit lines to another submission of the same files, and remove it."""
    session = transaction.session
    session.flush()
    known = {(each.graded_at, each.seed) for each in other.verdicts}
    for verdict in list(submission.verdicts):
        if (verdict.graded_at, verdict.seed) not in known:
            other.verdicts.append(verdict)
    add_scores(transaction, other, [row.score for row in submission.scores])
    rubrics.copy_uses(transaction, [submission], other)
    session.flush()
    for table in (EntryRow, AuditRow):
        of_submission = sa.update(table).where(table.submission_id == submission.id)
        session.execute(of_submission.values(submission_id=other.id))
    session.expire(submission)
    session.delete(submission)
    session.flush()
