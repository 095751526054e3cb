"""Read and write the files that hold a batch's current verdicts.

The verdicts come from the journal, and `katas review` adds manual scores to the files.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from graders.atomic import folder_lock
from graders.course import journal
from graders.course.batch import Batch
from graders.course.disk import writing
from graders.course.journal import Journal, Row
from graders.course.reviews import Reviews
from graders.errors import KataError
from graders.manual_scores import grading_of
from graders.verdict import Verdict, from_json, to_json


def write(batch: Batch, row: Row) -> None:
    """Write the file of a current verdict.

    The new file keeps the manual scores of this submission in the journal and in the file that it replaces.
    """
    reviews = Reviews(batch.journal)
    with folder_lock(batch.verdicts):
        before = read(batch.verdict_file(*row.key))
        if before is not None:
            reviews.take(row.person, before)
        replace(batch, reviews.onto(row))


def read(file: Path) -> Verdict | None:
    """Return the verdict in a file, or None if the file is missing. Raises KataError if the file is damaged."""
    try:
        return from_json(file.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except KataError as fault:
        raise KataError(
            f"{file}: {str(fault).rstrip('.')}. Remove it, and run the same `katas grade-batch` to write it again."
        ) from None


def replace(batch: Batch, row: Row) -> None:
    """Replace the file of a verdict.

    This function does not wait for the disk, because the file can be restored from the journal.
    """
    file = batch.verdict_file(*row.key)
    new = file.with_name(f".{file.name}")
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(to_json(row.verdict) + b"\n")
        os.replace(new, file)


def restore_missing(batch: Batch) -> None:
    """Write the verdict files that are missing because a run was killed just after it updated the journal."""
    missing = {key for key in journal.shorts(batch.journal) if not batch.verdict_file(*key).is_file()}
    if missing:
        reviews = Reviews(batch.journal)
        with folder_lock(batch.verdicts):
            for row in journal.rows(batch.journal):
                if row.key in missing:
                    replace(batch, reviews.onto(row))


def save_scores(batch: Batch, file: Path) -> None:
    """Copy the manual scores in a verdict file to the journal, which outlives the file."""
    place = file.parts[-2:]
    keys = [key for key in journal.shorts(batch.journal) if batch.verdict_file(*key).parts[-2:] == place]
    with batch.open() as held:
        copy_scores(batch, held, keys, Reviews(batch.journal))


def copy_scores(batch: Batch, held: Journal, keys: Iterable[tuple[str, str]], reviews: Reviews) -> None:
    """Copy the manual scores in these verdict files to the journal, unless the journal already has them.

    For each person and kata, the last verdict in the journal remains the last.
    """
    found = {}
    for key in keys:
        scored = read(batch.verdict_file(*key))
        if scored is not None and scored.kata == key[1] and reviews.lacks(key[0], scored):
            found[key] = scored
    if not found:
        return
    about: dict[tuple[str, str], Row] = {}
    last: dict[tuple[str, str], Row] = {}
    for row in journal.rows(batch.journal):
        if row.key in found:
            last[row.key] = row
            if row.verdict.submission_sha256 == found[row.key].submission_sha256:
                about[row.key] = row
    rows = []
    for key, row in about.items():
        rows.append(msgspec.structs.replace(row, verdict=found[key]))
        if grading_of(last[key].verdict) != grading_of(found[key]):
            rows.append(reviews.onto(last[key]))
    held.append(rows)
