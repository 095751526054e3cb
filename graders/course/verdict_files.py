"""Write the files that hold a batch's current verdicts. They come from its store, and nothing reads them back."""

from __future__ import annotations

import os
from pathlib import Path

from graders.atomic import folder_lock
from graders.course.batch import Batch
from graders.course.batch_store import BatchStore
from graders.course.disk import writing
from graders.course.rows import Row
from graders.verdict import to_json


def replace(batch: Batch, row: Row) -> None:
    """Replace the file of a verdict.

    This function does not wait for the disk, because the file can be written again from the store.
    """
    file = batch.verdict_file(*row.key)
    new = file.with_name(f".{file.name}")
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(_content(row))
        os.replace(new, file)


def restore(batch: Batch, held: BatchStore) -> list[Path]:
    """Write the verdict files that are missing or differ from the store. Return those that differed.

    A file is missing if a run was killed just after it stored a verdict.
    """
    changed = []
    with writing(batch.verdicts):
        batch.verdicts.mkdir(exist_ok=True)
    with folder_lock(batch.verdicts):
        for row in held.rows():
            file = batch.verdict_file(*row.key)
            found = file.read_bytes() if file.is_file() else None
            if found != _content(row):
                replace(batch, row)
                changed += [file] if found is not None else []
    return changed


def _content(row: Row) -> bytes:
    return to_json(row.verdict) + b"\n"
