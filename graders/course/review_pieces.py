"""Find the tasks of submissions that a person has to score, in a batch or in a whole gradebook."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from graders.catalogue import Kata
from graders.course.gradebook import batches, decisions, queries
from graders.course.gradebook.batch_tables import BatchRow, EntryRow
from graders.course.gradebook.groups import Groups
from graders.course.gradebook.people import Directory
from graders.course.gradebook.records import PersonKata, current_verdict, last_verdict
from graders.course.gradebook.tables import PersonRow, SubmissionRow
from graders.course.gradebook.transaction import Transaction
from graders.course.rules import ScoredAttempt
from graders.manual_scores import reviewable
from graders.verdict import Verdict

Named = Callable[[str], str]  # returns how the screen names the person with an id


@dataclass(frozen=True)
class Piece:
    """A task of a submission that a person scores. `name` is how the screen names the person."""

    submission: int
    task: str
    kata: str
    person: str
    name: str

    @property
    def place(self) -> tuple[int, str]:
        return self.submission, self.task


class Source:
    """The submissions of a batch, or without `batch` those in a gradebook that count or can still count."""

    def __init__(self, batch: int | None) -> None:
        self.batch = batch

    def verdict(self, transaction: Transaction, submission: int) -> tuple[SubmissionRow, Verdict] | None:
        """Return a submission and its current verdict, or None if it is no longer here."""
        row = transaction.session.get(SubmissionRow, submission)
        if row is None:
            return None
        if self.batch is not None:
            entry = transaction.session.get(EntryRow, (self.batch, row.person_id, row.kata))
            if entry is None or entry.submission_id != row.id:
                return None
        return row, self.verdict_of(row)

    def verdict_of(self, row: SubmissionRow) -> Verdict:
        """Return the current verdict on a submission."""
        return current_verdict(row) if self.batch is None else last_verdict(row)

    def submissions(self, transaction: Transaction) -> Iterator[tuple[int, str, str, Verdict]]:
        """Yield the id, the person's submitted name, the kata and the verdict of each submission."""
        if self.batch is None:
            yield from _that_can_count(transaction)
            return
        batch = transaction.session.get(BatchRow, self.batch)
        assert batch is not None
        directory = Directory(transaction)
        given = decisions.by_person(transaction, directory)
        for row in batches.entries(transaction, batch):
            decided = given.get((directory.id_of(row.person.name), row.kata), ())
            if all(each.task for each in decided):  # otherwise a decision replaces the points for the whole kata
                yield row.id, row.person.name, row.kata, last_verdict(row)


def pieces(
    transaction: Transaction, source: Source, katas: Callable[[str], Kata | None], named: Named | None
) -> list[Piece]:
    """Return the pieces, ordered by kata, then by task, then by person.

    `katas` returns the kata with a slug, or None if it should be left out. `named` defaults to the person's id.
    """
    directory = Directory(transaction)
    found = []
    for submission, name, slug, verdict in source.submissions(transaction):
        kata = katas(slug)
        if kata is None:
            continue
        for task in reviewable(kata, verdict):
            person = directory.id_of(name)
            piece = Piece(submission, task.name, slug, person, named(person) if named else person)
            found.append(((slug, kata.tasks.index(task), piece.name, submission), piece))
    return [piece for _, piece in sorted(found, key=lambda each: each[0])]


def _that_can_count(transaction: Transaction) -> Iterator[tuple[int, str, str, Verdict]]:
    """Yield one submission for each person and kata: the one to review first."""
    rows = transaction.session.execute(
        sa.select(
            SubmissionRow.id, PersonRow.name, SubmissionRow.kata, SubmissionRow.sha256, SubmissionRow.submitted_at
        ).join(PersonRow, PersonRow.id == SubmissionRow.person_id)
    )
    ids = {tuple(key): number for number, *key in rows}
    groups, yielded = Groups(Directory(transaction).roster, ()), set()
    for place in queries.places(transaction, None, None):
        chosen = None if place.is_decided else _to_review(place)
        if chosen is not None:
            attempt = chosen.attempt
            key = attempt.submitted_as, place.kata, attempt.verdict.submission_sha256, attempt.submitted_at
            everyone = (place.person, *groups.mates(place.person)) if place.rule.in_groups else (place.person,)
            once = frozenset(everyone), place.kata, *key[2:]
            if once not in yielded:  # a group's submission is that of each member
                yielded.add(once)
                yield ids[key], attempt.submitted_as, place.kata, attempt.verdict


def _to_review(place: PersonKata) -> ScoredAttempt | None:
    """Return the submission that counts or, if it needs no review, the best one that would count after a review."""
    counted = place.counted
    if counted is None or counted.attempt.verdict.review_points:
        return counted
    others = (
        each
        for each in place.standings
        if each.attempt.verdict.review_points and not each.over_limit and each.at_most > place.points
    )
    return max(others, key=lambda each: (each.at_most, each.attempt.submitted_at), default=counted)


def is_last(transaction: Transaction, submission: int) -> bool:
    """Return whether a submission is the last one of its person and kata in a batch."""
    entry = sa.select(EntryRow.batch_id).where(EntryRow.submission_id == submission).limit(1)
    return transaction.session.scalar(entry) is not None
