"""Import verdicts into the gradebook, together with their people, katas and submissions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from graders.catalogue import Kata
from graders.course import journal
from graders.course.batch import Batch
from graders.course.gradebook.records import age, verdict_in
from graders.course.gradebook.scores import add_scores, scores_in_file
from graders.course.gradebook.tables import PersonRow, SubmissionRow, VerdictRow
from graders.course.gradebook.transaction import Transaction
from graders.course.journal import Row
from graders.course.submissions import composed
from graders.errors import KataError
from graders.manual_scores import ManualScore, marks_of, without_marks
from graders.report.text import clean_line
from graders.verdict import Verdict


class Imported(NamedTuple):
    """The numbers of new verdicts and new manual scores in an import."""

    verdicts: int
    marks: int


def import_batch(transaction: Transaction, batch: Batch, katas: Iterable[Kata]) -> Imported:
    """Import the verdicts of a batch, and the manual scores in its journal and its verdict files."""
    times = _times(batch)
    new = 0
    scores: defaultdict[SubmissionRow, list[ManualScore]] = defaultdict(list)
    update_katas(transaction, katas)
    for row in journal.rows(batch.journal):
        *earlier, last = times[_identity(row)]
        timed = msgspec.structs.replace(row, submitted_at=last)
        submission, added = add(transaction, timed, str(batch.out.resolve()), earlier)
        new += added
        if submission is not None:
            scores[submission] += marks_of(row.verdict)
    for file in sorted((batch.out / "verdicts").glob("*/*.json")):
        for submission, given in scores_in_file(transaction, file):
            scores[submission] += given
    return Imported(new, sum(add_scores(transaction, submission, given) for submission, given in scores.items()))


def _times(batch: Batch) -> dict[tuple[str, ...], list[str]]:
    """Map the identity of each verdict in a journal to its submission times. Only the last time is valid.

    Raises KataError if a name occurs in two Unicode forms.
    """
    times: dict[tuple[str, ...], list[str]] = {}
    spellings: dict[str, str] = {}
    for row in journal.rows(batch.journal):
        other = spellings.setdefault(composed(row.person), row.person)
        if other != row.person:
            raise KataError(
                f"{batch.journal}: {other!a} and {row.person!a} are the same name in two Unicode forms. "
                "Remove one of them from the submissions, and grade into another --out."
            )
        times.setdefault(_identity(row), []).append(row.submitted_at)
    return times


def update_katas(transaction: Transaction, katas: Iterable[Kata]) -> None:
    """Update the katas' titles and limits on attempts."""
    for kata in katas:
        row = transaction.kata(kata.slug)
        row.title = kata.title
        row.max_points = sum(task.points for task in kata.tasks)
        if row.attempts_per_day != kata.attempts_per_day:
            before, after = (str(each or "no limit") for each in (row.attempts_per_day, kata.attempts_per_day))
            transaction.note("attempts a day", kata=kata.slug, before=before, after=after)
            row.attempts_per_day = kata.attempts_per_day


def add(
    transaction: Transaction, row: Row, batch: str, earlier: Collection[str] = ()
) -> tuple[SubmissionRow | None, bool]:
    """Add a verdict without its manual scores, and add its person, kata and submission if they are missing.

    An `error` is skipped. `earlier` holds submission times that the batch has since corrected. Return the submission,
    and whether the verdict was new.
    """
    found = row.verdict
    if found.status == "error":
        return None, False
    _check_texts(row, batch)
    session = transaction.session
    transaction.kata(found.kata)
    person = transaction.person(row.person)
    if person is None:
        person = PersonRow(name=composed(row.person))
        session.add(person)
        session.flush()
    submission = _submission(transaction, person, row, earlier)
    if submission is None:
        submission = SubmissionRow(
            person_id=person.id,
            kata=found.kata,
            sha256=found.submission_sha256,
            submitted_at=row.submitted_at or found.graded_at,
            batch=batch,
        )
        session.add(submission)
        session.flush()
    elif batch:
        submission.batch = batch
    return submission, add_verdict(transaction, submission, found)


def _submission(
    transaction: Transaction, person: PersonRow, row: Row, earlier: Collection[str]
) -> SubmissionRow | None:
    """Return the submission that a verdict belongs to, or None if it is not in the gradebook.

    A verdict that is already in the gradebook belongs to the submission that it was added to, even if the submission
    time now differs. The stored time is corrected if it was unknown, or if the batch has corrected it (`earlier`).
    """
    found = row.verdict
    same = sa.select(SubmissionRow).where(
        SubmissionRow.person_id == person.id,
        SubmissionRow.kata == found.kata,
        SubmissionRow.sha256 == found.submission_sha256,
    )
    submitted_at = row.submitted_at or found.graded_at
    known = transaction.session.scalar(same.where(SubmissionRow.submitted_at == submitted_at))
    if known is not None or not found.seed:
        return known
    this = (VerdictRow.graded_at == found.graded_at) & (VerdictRow.seed == found.seed)
    known = transaction.session.scalar(same.join(VerdictRow).where(this).limit(1))
    wrong = {found.graded_at, *earlier} - {row.submitted_at}
    if known is not None and row.submitted_at and known.submitted_at in wrong:
        transaction.note_submission(known, "handed in", known.submitted_at, row.submitted_at)
        known.submitted_at = row.submitted_at
    return known


def add_verdict(transaction: Transaction, submission: SubmissionRow, found: Verdict) -> bool:
    """Add a verdict on a submission without its manual scores, and return whether the verdict was new."""
    session = transaction.session
    seed = found.seed or ""
    known = session.scalars(sa.select(VerdictRow).where(VerdictRow.submission_id == submission.id)).all()
    if any((each.graded_at, each.seed) == (found.graded_at, seed) for each in known):
        return False
    current = max(known, key=age, default=None)
    by_tests = without_marks(found)
    session.add(
        VerdictRow(
            submission_id=submission.id,
            graded_at=found.graded_at,
            seed=seed,
            status=found.status,
            harness_version=found.harness_version,
            kata_digest=found.kata_digest,
            suite_digest=found.suite_digest,
            record=msgspec.json.encode(by_tests).decode(),
        )
    )
    session.flush()
    before = "" if current is None else _described(verdict_in(current))
    transaction.note_submission(submission, "graded", before, _described(by_tests))
    return True


def _identity(row: Row) -> tuple[str, ...]:
    """Return the values that identify a verdict. A verdict on a submission that intake refused has no seed."""
    found = row.verdict
    return row.person, found.kata, found.submission_sha256, found.graded_at, found.seed or ""


def _check_texts(row: Row, batch: str) -> None:
    """Raise KataError for a NUL character, which PostgreSQL cannot store and no judge writes."""
    place = f"{batch}/journal.jsonl: " if batch else ""
    found = row.verdict
    texts = {
        "person": row.person,
        "kata": found.kata,
        "submission_sha256": found.submission_sha256,
        "time": row.submitted_at + found.graded_at,
        "seed": found.seed or "",
        "harness_version": found.harness_version,
        "digest": found.kata_digest + found.suite_digest,
    }
    for name, text in texts.items():
        if "\0" in text:
            raise KataError(
                f"{place}{clean_line(row.person)}: the verdict has a NUL character in its {name}, "
                "which no judge writes. Remove it."
            )


def _described(found: Verdict) -> str:
    return f"{found.status}, {found.score:g} of {found.max_score:g}"
