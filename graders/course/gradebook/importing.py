"""Import verdicts into the gradebook, together with their people, katas and submissions."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec
import sqlalchemy as sa

from graders.catalogue import Kata
from graders.course.gradebook.records import age, verdict_in
from graders.course.gradebook.tables import PersonRow, SubmissionRow, VerdictRow
from graders.course.gradebook.transaction import Transaction
from graders.course.rows import Row
from graders.course.submissions import composed
from graders.errors import KataError
from graders.manual_scores import without_marks
from graders.report.text import clean_line
from graders.verdict import Verdict


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
    transaction: Transaction,
    row: Row,
    batch: str,
    earlier: Collection[str] = (),
    *,
    latest: bool = False,
) -> tuple[SubmissionRow, bool]:
    """Add a verdict without its manual scores, and add its person, kata and submission if they are missing.

    `earlier` holds submission times that the batch has since corrected. `latest` says that the verdict was made just
    now. Return the submission, and whether the verdict was new.
    """
    found = row.verdict
    _check_texts(row)
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
    return submission, add_verdict(transaction, submission, found, latest=latest)


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


def add_verdict(transaction: Transaction, submission: SubmissionRow, found: Verdict, *, latest: bool = False) -> bool:
    """Add a verdict on a submission without its manual scores, and return whether the verdict was new.

    If the submission was graded twice within a second, with the same seed, the `latest` verdict replaces the earlier.
    """
    session = transaction.session
    seed = found.seed or ""
    known = session.scalars(sa.select(VerdictRow).where(VerdictRow.submission_id == submission.id)).all()
    by_tests = without_marks(found)
    same = next((each for each in known if (each.graded_at, each.seed) == (found.graded_at, seed)), None)
    if same is not None:
        if not latest or verdict_in(same) == by_tests:
            return False
        session.delete(same)
        session.flush()
    current = max((each for each in known if each is not same), key=age, default=None)
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


def _check_texts(row: Row) -> None:
    """Raise KataError for a NUL character, which PostgreSQL cannot store and no judge writes."""
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
                f"{clean_line(row.person)}: the verdict has a NUL character in its {name}, "
                "which no judge writes. Remove it."
            )


def _described(found: Verdict) -> str:
    return f"{found.status}, {found.score:g} of {found.max_score:g}"
