"""Add verdicts and manual scores, together with their people, katas and submissions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import msgspec
import sqlalchemy as sa

from graders.catalogue import Kata
from graders.errors import KataError
from graders.manual_scores import ManualScore, marks_of, without_marks
from graders.report.text import clean, clean_line
from graders.verdict import LONGEST_COMMENT, Record, Verdict
from katas_course.downloads import composed
from katas_course.gradebook.database import Transaction
from katas_course.gradebook.tables import MarkItemRow, MarkRow, PersonRow, SubmissionRow, VerdictRow

LONGEST_NAME = 200  # in characters, for the name of a task or a reviewer

Key = tuple[str, str]  # a submitted name, and a kata's slug


class Row(Record, frozen=True, kw_only=True):
    """A verdict on a person's submission. `submitted_at` is a time in UTC, in ISO 8601."""

    person: str
    submitted_at: str
    verdict: Verdict

    @property
    def key(self) -> Key:
        return self.person, self.verdict.kata


def update_katas(transaction: Transaction, katas: Iterable[Kata]) -> None:
    """Update the katas' titles, points and limits on attempts."""
    for kata in katas:
        row = transaction.kata(kata.slug)
        row.title = kata.title
        row.maximum = sum(task.points for task in kata.tasks)
        if row.attempts_per_day != kata.attempts_per_day:
            before, after = (str(each or "no limit") for each in (row.attempts_per_day, kata.attempts_per_day))
            transaction.note("attempts a day", kata=kata.slug, before=before, after=after)
            row.attempts_per_day = kata.attempts_per_day


def import_verdict(transaction: Transaction, verdict: Verdict, person: str, submitted_at: str = "") -> bool:
    """Import one verdict with its manual scores, and return whether the verdict was new.

    Without `submitted_at`, the time of grading is used as the time of submission. An `error` is not imported.
    """
    if verdict.status == "error":
        return False
    submission, new = add(transaction, Row(person=person, submitted_at=submitted_at, verdict=verdict), "")
    add_scores(transaction, submission, marks_of(verdict))
    return new


def add(
    transaction: Transaction, row: Row, batch: str, earlier: Collection[str] = (), *, latest: bool = False
) -> tuple[SubmissionRow, bool]:
    """Add a verdict without its manual scores, and add its person, kata and submission if they are missing.

    `earlier` holds submission times that the batch has since corrected. `latest` says that the verdict was made just
    now. Return the submission, and whether the verdict was new.
    """
    verdict = row.verdict
    _check_texts(row)
    session = transaction.session
    kata = transaction.kata(verdict.kata)
    if not kata.title:  # the repository lacks it
        kata.maximum = max(kata.maximum, verdict.max_score + verdict.review_points)
    person = transaction.person(row.person)
    if person is None:
        person = PersonRow(name=composed(row.person))
        session.add(person)
        session.flush()
    submission = _submission(transaction, person, row, earlier)
    if submission is None:
        submission = SubmissionRow(
            person_id=person.id, kata=verdict.kata, sha256=verdict.submission_sha256, batch=batch
        )
        submission.submitted_at = row.submitted_at or verdict.graded_at
        session.add(submission)
        session.flush()
    elif batch:
        submission.batch = batch
    return submission, add_verdict(transaction, submission, verdict, latest=latest)


def _submission(
    transaction: Transaction, person: PersonRow, row: Row, earlier: Collection[str]
) -> SubmissionRow | None:
    """Return the submission that a verdict belongs to, or None if it is not in the gradebook.

    A verdict that is already in the gradebook belongs to the submission that it was added to, even if the submission
    time now differs. The stored time is corrected if it was unknown, or if the batch has corrected it (`earlier`).
    """
    verdict = row.verdict
    files = {"person_id": person.id, "kata": verdict.kata, "sha256": verdict.submission_sha256}
    same = sa.select(SubmissionRow).filter_by(**files)
    submitted_at = row.submitted_at or verdict.graded_at
    known = transaction.session.scalar(same.where(SubmissionRow.submitted_at == submitted_at))
    if known is not None or not verdict.seed:
        return known
    this = (VerdictRow.graded_at == verdict.graded_at) & (VerdictRow.seed == verdict.seed)
    known = transaction.session.scalar(same.join(VerdictRow).where(this).limit(1))
    wrong = {verdict.graded_at, *earlier} - {row.submitted_at}
    if known is not None and row.submitted_at and known.submitted_at in wrong:
        transaction.note_submission(known, "handed in", known.submitted_at, row.submitted_at)
        known.submitted_at = row.submitted_at
    return known


def add_verdict(transaction: Transaction, submission: SubmissionRow, verdict: Verdict, *, latest: bool = False) -> bool:
    """Add a verdict on a submission without its manual scores, and return whether the verdict was new.

    If the submission was graded twice within a second, with the same seed, the `latest` verdict replaces the earlier.
    """
    session = transaction.session
    seed = verdict.seed or ""
    known = session.scalars(sa.select(VerdictRow).where(VerdictRow.submission_id == submission.id)).all()
    by_tests = without_marks(verdict)
    same = next((each for each in known if (each.graded_at, each.seed) == (verdict.graded_at, seed)), None)
    if same is not None:
        if not latest or same.verdict() == by_tests:
            return False
        session.delete(same)
        session.flush()
    current = max((each for each in known if each is not same), key=VerdictRow.age, default=None)
    columns = ("graded_at", "status", "harness_version", "kata_digest", "suite_digest")
    values = {name: getattr(verdict, name) for name in columns} | {"record": msgspec.json.encode(by_tests).decode()}
    session.add(VerdictRow(submission_id=submission.id, seed=seed, **values))
    session.flush()
    before = "" if current is None else _described_verdict(current.verdict())
    transaction.note_submission(submission, "graded", before, _described_verdict(by_tests))
    return True


def add_regraded(transaction: Transaction, submission: int, verdict: Verdict) -> tuple[Verdict, Verdict]:
    """Add a new verdict on a submission. Return the verdicts that were current before and after."""
    row = transaction.session.get(SubmissionRow, submission)
    assert row is not None
    before = row.current_verdict()
    add_verdict(transaction, row, verdict)
    transaction.session.expire(row)
    return before, row.current_verdict()


def _check_texts(row: Row) -> None:
    """Raise KataError for a NUL character, which PostgreSQL cannot store and no judge writes."""
    verdict = row.verdict
    texts = {name: getattr(verdict, name) for name in ("kata", "submission_sha256", "seed", "harness_version")}
    texts |= {"person": row.person, "time": row.submitted_at + verdict.graded_at}
    texts |= {"digest": verdict.kata_digest + verdict.suite_digest}
    for name, text in texts.items():
        if "\0" in (text or ""):
            raise KataError(
                f"{clean_line(row.person)}: the verdict has a NUL character in its {name}, "
                "which no judge writes. Remove it."
            )


def _described_verdict(verdict: Verdict) -> str:
    return f"{verdict.status}, {verdict.score:g} of {verdict.max_score:g}"


# -------------------------------------------------------------------------------------- manual scores


def marks_on(transaction: Transaction, submission: int) -> list[MarkRow]:
    """Return the manual scores of a submission, as they are in the database."""
    return list(transaction.session.scalars(sa.select(MarkRow).where(MarkRow.submission_id == submission)))


def add_scores(transaction: Transaction, submission: SubmissionRow, scores: Iterable[ManualScore]) -> None:
    """Add the manual scores of a submission.

    The newest score of a task is current. If two scores have the same time, the later one in `scores` is current. A
    score that has already been added is not recorded in the audit trail again.
    """
    scores = [_cleaned(score) for score in scores]
    for task in dict.fromkeys(score.task for score in scores):
        if clean_line(task, LONGEST_NAME) == task:  # no kata has a task with any other name
            _add_scores_of_task(transaction, submission, task, [each for each in scores if each.task == task])
    transaction.session.flush()


def _add_scores_of_task(
    transaction: Transaction, submission: SubmissionRow, task: str, scores: Sequence[ManualScore]
) -> None:
    row = transaction.session.get(MarkRow, (submission.id, task))
    before = None if row is None else _cleaned(row.score)
    later = _later(scores, before)
    if before is not None and later and later[-1].points != before.points:  # it no longer comes from rubric items
        transaction.session.execute(sa.delete(MarkItemRow).filter_by(submission_id=submission.id, task=task))
    for score in later:
        set_mark(transaction, submission.id, score)
        was = "" if before is None else _described_score(before)
        transaction.note_submission(submission, "marked", was, _described_score(score))
        before = score


def set_mark(transaction: Transaction, submission: int, score: ManualScore) -> None:
    """Set the manual score of a task, unless it has a newer one."""
    key = {"submission_id": submission, "task": score.task}
    row = transaction.session.get(MarkRow, key) or MarkRow(**key, reviewed_at="")
    if score.at >= row.reviewed_at:
        row.points, row.reviewer, row.reviewed_at, row.comment = score[1:]
    transaction.session.add(row)
    transaction.session.flush()


def _cleaned(score: ManualScore) -> ManualScore:
    """Cut a score's texts to the lengths that reviewers may use, and remove control characters."""
    reviewer = clean_line(score.reviewer, LONGEST_NAME) or "?"
    comment = clean(score.comment, LONGEST_COMMENT)
    return score._replace(reviewer=reviewer, at=clean_line(score.at, LONGEST_NAME), comment=comment)


def _later(scores: Sequence[ManualScore], before: ManualScore | None) -> list[ManualScore]:
    """Return the scores of a task that came after `before`, sorted by time and without repetitions."""
    known = sorted(scores, key=lambda each: each.at)
    if before is not None:
        seen = max((number for number, each in enumerate(known) if each == before), default=-1)
        known = [each for each in known[seen + 1 :] if each.at >= before.at]
    return [score for score, last in zip(known, [before, *known], strict=False) if score != last]


def _described_score(score: ManualScore) -> str:
    return f"{score.task}: {score.points:g} by {score.reviewer}" + (f": {score.comment}" if score.comment else "")


def withdraw(transaction: Transaction, submission: SubmissionRow, keep: Collection[str]) -> None:
    """Remove a submission's manual scores, except those for the tasks in `keep`."""
    for mark in marks_on(transaction, submission.id):
        if mark.task not in keep:
            transaction.note_submission(submission, "withdrawn", f"{mark.task}: {mark.points:g} by {mark.reviewer}", "")
            transaction.session.delete(mark)
