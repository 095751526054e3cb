"""Write a batch's files for people from its store: results.csv and the verdict files."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from pathlib import Path

from graders.atomic import folder_lock
from graders.course import verdict_files
from graders.course.batch import Batch
from graders.course.batch_store import BatchStore
from graders.course.gradebook import Gradebook
from graders.course.results_table import Places, results
from graders.course.rows import Key
from graders.errors import KataError
from graders.output import delivery

MOST_LINES = 10  # name at most this many outdated pages
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
    _write_table(batch, held)
    return batch.table


def _write_table(batch: Batch, held: BatchStore, places: Places | None = None) -> bool:
    """Write results.csv, and return whether it has changed. `places` is as in `results`."""
    with folder_lock(batch.verdicts):  # so that an older table never replaces a newer one
        text = results(held, places)
        if places is not None and batch.table.is_file() and batch.table.read_text(encoding="utf-8") == text:
            return False
        delivery.deliver(text, batch.table, NOT_WRITTEN)
    return True


def refresh_tables(book: Gradebook) -> list[str]:
    """Write the results.csv of all batches in a gradebook in which a final mark has changed. Return what to report."""
    lines, places = [], book.by_name()
    for folder in book.batches_with():
        batch = Batch(Path(folder))
        if not batch.exists:  # a command that needs its files names it
            continue
        try:
            with batch.reading() as held:
                if held.book.address == book.address and _write_table(batch, held, places):
                    lines.append(f"written: {batch.table}")
        except KataError as fault:
            lines.append(f"not written: {fault}")
    return lines


def after_change(book: Gradebook, kata: str = "", person: str = "") -> list[str]:
    """Write the tables again after a change to the rules or to a mark, and name the outdated pages, as lines."""
    return [*refresh_tables(book), *pages_to_write_again(book, kata, person)]


def write_regraded(book: Gradebook, folder: str, regraded: Collection[Key]) -> list[str]:
    """Write a batch's files after submissions of these people and katas were graded again. Return what to report."""
    batch = Batch(Path(folder))
    if not folder or not batch.exists:
        return [f"{folder or 'a batch folder'}: not found, so its results.csv and verdict files are outdated"]
    with batch.reading() as held:
        if held.book.address != book.address:
            other = shlex.quote(held.book.name)
            remedy = f"Regrade that too: katas gradebook regrade --gradebook {other}"
            if batch.can_join(held):
                here = shlex.quote(book.name)
                remedy = f"Let it join: katas gradebook import {shlex.quote(folder)} --gradebook {here}"
            return [f"{folder}: its results are in {held.book.name}, which was not regraded. {remedy}"]
        verdicts = len(write(batch, held))
    lines = [f"written: {folder}/results.csv and {verdicts} verdict files"]
    return lines + outdated_pages(batch, regraded)


def pages_to_write_again(book: Gradebook, kata: str = "", person: str = "") -> list[str]:
    """Return a line for every batch folder with pages that a change to the rules or to a mark can have outdated.

    An empty `kata` or `person` stands for all.
    """
    lines = []
    for folder in book.batches_with(kata):
        batch = Batch(Path(folder))
        names = [book.id_of(person), *book.names_of(person)] if person else []
        owners = sorted({batch.feedback / batch.folder_of(name) for name in names})
        pages = [page for owner in owners or batch.feedback.glob("*") for page in owner.glob(f"{kata or '*'}.*")]
        if pages:
            chosen = f" --kata {kata}" if kata else ""
            number = "1 page" if len(pages) == 1 else f"{len(pages)} pages"
            remedy = f"katas feedback {shlex.quote(folder)}{chosen}"
            lines.append(f"{number} of feedback may be outdated; write them again: {remedy}")
    return lines


def _with_groups(batch: Batch, changed: Collection[Key]) -> Collection[Key]:
    """Return these people and katas, and those of their groups, for whom the same submissions count."""
    if not changed:
        return changed
    with batch.reading() as held:
        if not any(rule.in_groups for rule in held.book.rules().values()):
            return changed
        places = held.book.by_name()
    names = {key: {each.attempt.submitted_as for each in place.standings} for key, place in places.items()}
    return {*changed, *(key for key, each in names.items() if any((name, key[1]) in changed for name in each))}


def outdated_pages(batch: Batch, changed: Collection[Key]) -> list[str]:
    """Return which pages of feedback in a batch's folder are outdated after a change for these people and katas."""
    changed = _with_groups(batch, changed)
    pages = sorted(
        page for person, kata in changed for page in (batch.feedback / batch.folder_of(person)).glob(f"{kata}.*")
    )
    lines = [f"outdated: {page}" for page in pages[:MOST_LINES]]
    if len(pages) > MOST_LINES:
        lines.append(f"… and {len(pages) - MOST_LINES} more")
    if pages:
        lines.append(f"write outdated pages again: katas feedback {shlex.quote(str(batch.out))}")
    return lines
