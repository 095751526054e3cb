"""Store the points and comments of a reviewer in the store of a batch, and write the files that show them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from graders.atomic import folder_lock
from graders.course import verdict_files
from graders.course.batch import Batch
from graders.course.batch_store import BatchStore
from graders.course.gradebook import batches, groups, taking_over
from graders.course.gradebook.records import last_verdict
from graders.course.gradebook.scores import add_scores
from graders.course.gradebook.tables import SubmissionRow
from graders.course.gradebook.transaction import Transaction
from graders.course.rows import Row
from graders.course.written_files import outdated_pages, refresh_tables, write_table
from graders.errors import KataError
from graders.manual_scores import grading_of, marks_of
from graders.verdict import Verdict


class BatchReview:
    """A review of the verdict that a batch wrote to the file `record`. The verdict comes from the batch's store."""

    def __init__(self, out: Path, record: Path) -> None:
        self.batch = Batch(out)
        self.record = record
        self._stale = False  # whether a score has changed verdicts of other people in a group

    def verdict(self) -> Verdict:
        """Return the current verdict, with manual scores."""
        with self.batch.reading() as held, held.book.transaction() as transaction:
            return last_verdict(self._submission(held, transaction))

    def give(self, before: Verdict, award: Callable[[Verdict, str], Verdict], by: str) -> Verdict:
        """Store the scores that `award` adds to the current verdict or removes from it, and return the new verdict.

        `award` also gets the time of the latest score, because a newer one must not have an earlier time. Raises
        KataError if the submission was graded again since `before`.
        """
        with self.batch.reading() as held, folder_lock(self.batch.verdicts):
            held.book.who = by
            with held.book.transaction(alone=True) as transaction:
                submission = self._submission(held, transaction)
                found = last_verdict(submission)
                if grading_of(found) != grading_of(before):
                    raise KataError(
                        f"{self.record}: the submission was graded again in the meantime, so the points were not "
                        "written. Look at the new verdict, and give them again."
                    )
                after = award(found, max((mark.at for mark in marks_of(found)), default=""))
                others = store(transaction, submission, found, after)[1:]
                self._stale |= any(each.person_id != submission.person_id for each in others)
                transaction.session.expire(submission)
                row = Row(person=submission.person.name, submitted_at="", verdict=last_verdict(submission))
            verdict_files.replace(self.batch, row)
        return row.verdict

    def write_table(self) -> list[str]:
        """Write the batch's table of results. Return what to report: its path, and a page that is outdated now."""
        with self.batch.reading() as held:
            lines = [f"written: {write_table(self.batch, held)}", *refresh_tables(held.book)]
            if self._stale:
                verdict_files.restore(self.batch, held)
        return [*lines, *outdated_pages(self.batch, [(self.record.parent.name, self.record.stem)])]

    def _submission(self, held: BatchStore, transaction: Transaction) -> SubmissionRow:
        folder, kata = self.record.parent.name, self.record.stem
        for person in batches.people(transaction, held.batch(transaction)):
            if self.batch.folder_of(person) == folder:
                for submission in batches.entries(transaction, held.batch(transaction), person):
                    if submission.kata == kata:
                        return submission
        raise KataError(
            f"{self.record}: {held.book.name} has no such verdict, so the points cannot be stored. "
            "Name a verdict file that `katas grade-batch` wrote."
        )


def store(transaction: Transaction, submission: SubmissionRow, before: Verdict, after: Verdict) -> list[SubmissionRow]:
    """Change the scores of a submission and of those that are the same, and return all of these.

    The same are those of the same files at another time, and the rows of a group for the same submission.
    """
    known, marks = marks_of(before), marks_of(after)
    every = [submission, *batches.twins(transaction, submission), *groups.same_of_mates(transaction, submission)]
    for each in every:
        add_scores(transaction, each, [mark for mark in marks if mark not in known])
        if len(marks) < len(known):
            taking_over.withdraw(transaction, each, keep={mark.task for mark in marks})
    return every
