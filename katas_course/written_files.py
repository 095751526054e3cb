"""Write a batch's files for people from its store: results.csv and the verdict files. Nothing reads them back.

after a grading               `write`, for the files of one batch
after a changed score         `after_scores`, which also says in which folders pages of feedback may be outdated
after any other change        `after_decision`, which does the same; `refresh_tables` if it outdates no page
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Collection, Mapping
from pathlib import Path

from graders.atomic import folder_lock
from graders.errors import KataError
from graders.output import delivery
from graders.report import wording
from graders.report.exports import csv_of
from graders.verdict import to_json
from katas_course.batch import Batch, BatchStore
from katas_course.blobs import writing
from katas_course.clock import Clock
from katas_course.gradebook import Gradebook, batches, results, settings
from katas_course.gradebook.batches import Summary
from katas_course.gradebook.results import KataResult
from katas_course.gradebook.storing import Key, Row

NOT_WRITTEN = "The gradebook has the results. Fix that, and run the same `katas grade-batch` to write the file."
OF_VERDICT = ("person", "kata", "status", "score", "max_score", "submitted_at", "submission_sha256", "message", "note")
OF_MARK = ("days_late", "counts", "final_points", "steps")  # as in `katas gradebook export csv`


def write(batch: Batch, held: BatchStore) -> None:
    """Write results.csv, and the verdict files that are missing or differ from the store.

    A file is missing if a run was killed just after it stored a verdict. It differs if a score was given in a browser,
    or if a person has changed it.
    """
    with writing(batch.verdicts):
        batch.verdicts.mkdir(exist_ok=True)
    with folder_lock(batch.verdicts):
        for row in held.rows():
            file = batch.verdict_file(*row.key)
            if not file.is_file() or file.read_bytes() != _content(row):
                replace_verdict(batch, row)
    write_table(batch, held)


def replace_verdict(batch: Batch, row: Row) -> None:
    """Replace the file of a verdict, without waiting for the disk: it can be written again from the store."""
    file = batch.verdict_file(*row.key)
    new = file.with_name(f".{file.name}")
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(_content(row))
        os.replace(new, file)


def _content(row: Row) -> bytes:
    return to_json(row.verdict) + b"\n"


# ---------------------------------------------------------------------------------------- results.csv


def table(held: BatchStore, known: Mapping[Key, KataResult] | None = None) -> str:
    """Return everyone's current results in a batch as CSV: verdicts with manual scores, and final marks.

    `known` is what `results.by_name` returns, if that is known already.
    """
    known = held.book.read(results.by_name) if known is None else known
    clock = held.book.read(settings.clock)
    rows = (
        (*_of_verdict(row, clock), *_of_mark(row, known.get(key)))
        for key, row in sorted(held.read(batches.summaries).items())
    )
    return csv_of([(*OF_VERDICT, *OF_MARK), *rows])


def _of_verdict(row: Summary, clock: Clock) -> tuple[object, ...]:
    verdict = row.verdict
    worth = (row.person, verdict.kata, verdict.status, verdict.score, verdict.max_score)
    notes = wording.notes(verdict.intake_notes, verdict.stopped_tests)
    messages = verdict.message.partition("\n")[0], "; ".join(notes)
    return *worth, clock.iso(row.submitted_at), verdict.submission_sha256, *messages


def _of_mark(row: Summary, result: KataResult | None) -> tuple[object, ...]:
    """Return the cells about the final mark. They are empty until a submission has a verdict that counts."""
    if result is None:
        return ("",) * len(OF_MARK)
    this = result.standing(row.submitted_at, row.verdict.submission_sha256)
    of_this = ("", "") if this is None else (this.late, int(this is result.counted))
    return *of_this, result.points, result.mark.text


def write_table(batch: Batch, held: BatchStore, known: Mapping[Key, KataResult] | None = None) -> bool:
    """Write results.csv, and return whether it has changed. With `known` as in `table`, only if it has changed."""
    with folder_lock(batch.verdicts):  # so that an older table never replaces a newer one
        text = table(held, known)
        if known is not None and batch.table.is_file() and batch.table.read_text(encoding="utf-8") == text:
            return False
        delivery.deliver(text, batch.table, NOT_WRITTEN)
    return True


# ------------------------------------------------------------------------------------- after a change


def after_scores(book: Gradebook, changed: Collection[str]) -> list[str]:
    """Write the files of the batch folders in which scores have changed, and every outdated table.

    Return what to report.
    """
    lines = []
    for folder in sorted(changed):
        lines += _batch_written(book, folder)
    return lines + refresh_tables(book) if changed else []


def _batch_written(book: Gradebook, folder: str) -> list[str]:
    batch = Batch(Path(folder))
    if not folder or not batch.exists:
        return [f"{folder or 'a batch folder'}: not found, so its results.csv and verdict files are outdated"]
    with batch.reading() as held:
        if held.book.address != book.address:
            remedy = f"Make the same change there: --gradebook {shlex.quote(held.book.name)}"
            return [f"{folder}: its results are in {held.book.name}, which was not changed. {remedy}"]
        write(batch, held)
        return [f"written: {batch.table}", *outdated_pages(batch)]


def after_decision(book: Gradebook, kata: str = "") -> list[str]:
    """Write every outdated table after a decision on a mark or a change of rules. Return what to report.

    An empty `kata` stands for all.
    """
    return [*refresh_tables(book), *outdated_everywhere(book, kata)]


def refresh_tables(book: Gradebook) -> list[str]:
    """Write the results.csv of every batch of a gradebook in which a final mark has changed. Return what to report."""
    lines, known = [], book.read(results.by_name)
    for batch in (Batch(Path(folder)) for folder in book.read(batches.folders)):
        if batch.exists:  # otherwise, a command that needs its files names it
            try:
                with batch.reading() as held:
                    if held.book.address == book.address and write_table(batch, held, known):
                        lines.append(f"written: {batch.table}")
            except KataError as fault:
                lines.append(f"not written: {fault}")
    return lines


# ------------------------------------------------------------------------------- pages of feedback


def outdated_pages(batch: Batch, kata: str = "") -> list[str]:
    """Say how to write a batch's pages of feedback on a kata, or on all, again. A batch without pages needs nothing."""
    if not any(batch.feedback.glob(f"*/{kata or '*'}.*")):
        return []
    chosen = f" --kata {kata}" if kata else ""
    remedy = f"katas feedback {shlex.quote(str(batch.out))}{chosen}"
    return [f"pages of feedback may be outdated; write them again: {remedy}"]


def outdated_everywhere(book: Gradebook, kata: str = "") -> list[str]:
    """Say for every batch of a gradebook how to write its pages again."""
    return [text for folder in book.read(batches.folders, kata) for text in outdated_pages(Batch(Path(folder)), kata)]
