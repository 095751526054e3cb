"""Write a batch's files for people from its store: results.csv and the verdict files."""

from __future__ import annotations

from pathlib import Path

from graders.atomic import folder_lock
from graders.course import verdict_files
from graders.course.batch import Batch
from graders.course.batch_store import BatchStore
from graders.course.results_table import results
from graders.output import delivery

NOT_WRITTEN = "The gradebook has the results. Fix that, and run the same `katas grade-batch` to write the file."


def write(batch: Batch, held: BatchStore) -> list[Path]:
    """Write results.csv, and the verdict files that are missing or differ from the store.

    Return those that differed, because a person had changed them.
    """
    changed = verdict_files.restore(batch, held)
    write_table(batch, held)
    return changed


def write_table(batch: Batch, held: BatchStore) -> Path:
    """Write results.csv, and return its path."""
    table = batch.out / "results.csv"
    with folder_lock(batch.verdicts):  # so that an older table never replaces a newer one
        delivery.deliver(results(held), table, NOT_WRITTEN)
    return table
