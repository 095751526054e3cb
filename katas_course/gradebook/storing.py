"""Store verdicts and manual scores, together with their people, katas and submissions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec
import sqlalchemy as sa

from graders.catalogue import Kata
from graders.manual_scores import ManualScore, without_scores
from graders.report.text import clean, clean_line
from graders.verdict import LONGEST_COMMENT, Record, Verdict
from katas_course.gradebook.database import Transaction
from katas_course.gradebook.tables import PersonRow, ScoreItemRow, ScoreRow, SourceRow, SubmissionRow, VerdictRow
from katas_course.identity import NUMBER, Said

LONGEST_NAME = 200  # in characters, for the name of a task or a reviewer

Key = tuple[str, str]  # a submitted name, and a kata's slug


class Row(Record, frozen=True, kw_only=True):
    """A verdict on a person's submission. `submitted_at` is a time in UTC, in ISO 8601. `said` is its source's."""

    person: str
    submitted_at: str
    verdict: Verdict
    said: Said = frozenset()

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


def add(transaction: Transaction, row: Row, batch: str) -> SubmissionRow:
    """Add a verdict without its manual scores, and add its person, kata and submission if they are missing.

    Return the submission.
    """
    verdict = row.verdict
    session = transaction.session
    kata = transaction.kata(verdict.kata)
    if not kata.title:  # the repository lacks it
        kata.maximum = max(kata.maximum, verdict.max_score + verdict.review_points)
    person = transaction.person_added(row.person)
    add_said(transaction, person, row.said)
    files = {"person_id": person.id, "kata": verdict.kata, "sha256": verdict.submission_sha256}
    same = sa.select(SubmissionRow).filter_by(**files, submitted_at=row.submitted_at)
    submission = session.scalar(same) or SubmissionRow(**files, submitted_at=row.submitted_at)
    submission.batch = batch
    session.add(submission)
    session.flush()
    add_verdict(transaction, submission, verdict)
    return submission


def add_said(transaction: Transaction, person: PersonRow, said: Said) -> None:
    """Add what a source says about a submitted name."""
    alone = all(kind.startswith(NUMBER) for kind, _ in said)
    for kind, value in said:
        known = transaction.session.get(SourceRow, (person.id, kind, value))
        if known is None:
            transaction.session.add(SourceRow(person_id=person.id, kind=kind, value=value, alone=alone))
        elif not alone:
            known.alone = False
    transaction.session.flush()


def note_said(transaction: Transaction, said: Mapping[Key, Said]) -> None:
    """Add what sources say about people who are stored already."""
    for (name, _), each in said.items():
        if person := transaction.person(name):
            add_said(transaction, person, each)


def add_verdict(transaction: Transaction, submission: SubmissionRow, verdict: Verdict) -> None:
    """Add a verdict on a submission without its manual scores, unless it is there already.

    If the submission was graded twice within a second, with the same seed, the new verdict replaces the earlier.
    """
    session = transaction.session
    seed = verdict.seed or ""
    known = session.scalars(sa.select(VerdictRow).where(VerdictRow.submission_id == submission.id)).all()
    by_tests = without_scores(verdict)
    same = next((each for each in known if (each.graded_at, each.seed) == (verdict.graded_at, seed)), None)
    if same is not None:
        if same.verdict() == by_tests:
            return
        session.delete(same)
        session.flush()
    current = max((each for each in known if each is not same), key=VerdictRow.age, default=None)
    columns = ("graded_at", "status", "harness_version", "kata_digest", "suite_digest")
    values = {name: getattr(verdict, name) for name in columns} | {"record": msgspec.json.encode(by_tests).decode()}
    session.add(VerdictRow(submission_id=submission.id, seed=seed, **values))
    session.flush()
    before = "" if current is None else _described_verdict(current.verdict())
    transaction.note_submission(submission, "graded", before, _described_verdict(by_tests))


def add_regraded(transaction: Transaction, submission: int, verdict: Verdict) -> None:
    """Add a new verdict on a submission."""
    row = transaction.session.get_one(SubmissionRow, submission)
    add_verdict(transaction, row, verdict)
    transaction.session.expire(row)


def _described_verdict(verdict: Verdict) -> str:
    return f"{verdict.status}, {verdict.score:g} of {verdict.max_score:g}"


# -------------------------------------------------------------------------------------- manual scores


def scores_on(transaction: Transaction, submission: int) -> list[ScoreRow]:
    """Return the manual scores of a submission, as they are in the database."""
    return list(transaction.session.scalars(sa.select(ScoreRow).where(ScoreRow.submission_id == submission)))


def add_scores(transaction: Transaction, submission: SubmissionRow, scores: Iterable[ManualScore]) -> None:
    """Add manual scores of a submission, except those that are there or older than what is there.

    If two scores have the same time, the later one in `scores` is current.
    """
    session = transaction.session
    for score in sorted(map(_cleaned, scores), key=lambda each: each.at):
        row = session.get(ScoreRow, (submission.id, score.task))
        before = None if row is None else row.score
        if before is not None and (score == before or score.at < before.at):
            continue
        if before is not None and score.points != before.points:  # it no longer comes from rubric items
            session.execute(sa.delete(ScoreItemRow).filter_by(submission_id=submission.id, task=score.task))
        row = row or ScoreRow(submission_id=submission.id, task=score.task)
        row.points, row.reviewer, row.reviewed_at, row.comment = score[1:]
        session.add(row)
        session.flush()
        was = "" if before is None else _described_score(before)
        transaction.note_submission(submission, "marked", was, _described_score(score))


def _cleaned(score: ManualScore) -> ManualScore:
    """Cut a score's texts to the lengths that reviewers may use, and remove control characters."""
    reviewer = clean_line(score.reviewer, LONGEST_NAME) or "?"
    return score._replace(reviewer=reviewer, comment=clean(score.comment, LONGEST_COMMENT))


def _described_score(score: ManualScore) -> str:
    return f"{score.task}: {score.points:g} by {score.reviewer}" + (f": {score.comment}" if score.comment else "")


def withdraw(transaction: Transaction, submission: SubmissionRow, keep: Collection[str]) -> None:
    """Remove a submission's manual scores, except those for the tasks in `keep`."""
    for row in scores_on(transaction, submission.id):
        if row.task not in keep:
            transaction.note_submission(submission, "withdrawn", f"{row.task}: {row.points:g} by {row.reviewer}", "")
            transaction.session.delete(row)
