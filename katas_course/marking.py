"""Store manual scores for the tasks that a person grades, and change the rubric items that they come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from graders.atomic import folder_lock, interrupts_deferred
from graders.catalogue import Kata
from graders.errors import KataError
from graders.manual_scores import scores_of
from graders.verdict import Verdict
from katas_course import written_files
from katas_course.batch import Batch, BatchStore
from katas_course.gradebook import Gradebook, batches, groups, rubrics, storing
from katas_course.gradebook.database import Transaction
from katas_course.gradebook.storing import Row
from katas_course.gradebook.tables import SubmissionRow


def store(transaction: Transaction, submission: SubmissionRow, before: Verdict, after: Verdict) -> list[SubmissionRow]:
    """Change the scores of a submission and of those that are the same, and return all of these.

    The same are those of the same files at another time, and the rows of a group for the same submission.
    """
    known, scores = scores_of(before), scores_of(after)
    every = [submission, *batches.same_files(transaction, submission), *groups.same_of_mates(transaction, submission)]
    for each in every:
        storing.add_scores(transaction, each, [score for score in scores if score not in known])
        if len(scores) < len(known):
            storing.withdraw(transaction, each, keep={score.task for score in scores})
    return every


def batch_of(record: Path) -> Batch | None:
    """Return the batch that wrote a verdict file, or None if the file is not in a batch."""
    folders = record.resolve().parents
    batch = Batch(folders[2]) if len(folders) > 2 and folders[1].name == "verdicts" else None
    return batch if batch is not None and batch.exists else None


def score(
    batch: Batch, record: Path, award: Callable[[Verdict, str], Verdict], by: str
) -> tuple[Verdict, Callable[[], list[str]]]:
    """Store the scores that `award` adds to the current verdict of a file in a batch, or removes from it.

    `award` also gets the time of the latest score, because a newer one must not have an earlier time. Return the new
    verdict, and a function that writes the batch's other files and returns what to report.
    """
    with batch.reading() as held, folder_lock(batch.verdicts):
        held.book.who = by
        with held.book.transaction(alone=True) as transaction:
            submission = _submission(batch, held, transaction, record)
            before = submission.last_verdict()
            after = award(before, max((score.at for score in scores_of(before)), default=""))
            changed = {(each.person.name, each.kata) for each in store(transaction, submission, before, after)}
            transaction.session.expire(submission)
            row = Row(person=submission.person.name, submitted_at="", verdict=submission.last_verdict())
        written_files.replace_verdict(batch, row)

    def write_files() -> list[str]:
        with batch.reading() as held:
            if len(changed) > 1:  # a group has several verdict files
                written_files.write(batch, held)
            else:
                written_files.write_table(batch, held)
            lines = [f"written: {batch.table}", *written_files.refresh_tables(held.book)]
            return [*lines, *written_files.outdated_pages(batch, record.stem)]

    return row.verdict, write_files


def _submission(batch: Batch, held: BatchStore, transaction: Transaction, record: Path) -> SubmissionRow:
    folder, kata = record.resolve().parent.name, record.stem
    row = held.batch(transaction)
    for person in batches.people(transaction, row):
        if batch.folder_of(person) == folder:
            for submission in batches.entries(transaction, row, person):
                if submission.kata == kata:
                    return submission
    raise KataError(
        f"{record}: {held.book.name} has no such verdict, so the points cannot be stored. "
        "Name a verdict file that `katas grade-batch` wrote."
    )


def change_item(
    book: Gradebook, kata: Kata, task: str, number: int, label: str | None, points: float | None, comment: str | None
) -> tuple[int, list[str]]:
    """Change a rubric item of a task, and all scores that come from it. None leaves a value unchanged.

    Return how many scores have changed, and what to report. Raises KataError if there is no such item.
    """
    maximum = next(each.points for each in kata.tasks if each.name == task)
    given: dict[str, Any] = {"label": label, "points": points, "comment": comment}
    with interrupts_deferred():
        with book.transaction(alone=True) as transaction:
            items = rubrics.items(transaction, kata.slug, task)
            if not 1 <= number <= len(items):
                raise KataError(f"--change {number}: {task} has {len(items)} rubric items.")
            new = replace(items[number - 1], **{name: each for name, each in given.items() if each is not None})
            new = rubrics.checked(new.label, new.points, new.comment, maximum)
            rows = rubrics.change(transaction, items[number - 1].id, new, maximum)
            count, folders = rubrics.count(rows), {transaction.path_of(row.batch) for row in rows}
        return count, written_files.after_scores(book, folders)
