"""Locate the files in the folder of a batch, open its store, and remove people from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from graders.atomic import folder_lock
from graders.catalogue import Kata
from graders.course import batch_store
from graders.course.batch_store import BatchStore
from graders.course.blobs import Store
from graders.course.gradebook import Gradebook, batches, taking_over
from graders.course.gradebook.taking_over import Imported
from graders.course.submissions import composed
from graders.errors import KataError


@dataclass
class Batch:
    """The folder of a batch.

    It holds the store or a pointer to it (see `batch_store`), the submissions by digest (submissions/), and files that
    are written from the store: results.csv, the current verdicts (verdicts/PERSON/KATA.json) and feedback/.
    """

    out: Path

    @property
    def store(self) -> Store:
        return Store(self.out / "submissions")

    @property
    def verdicts(self) -> Path:
        """The folder of the verdict files. A process locks the folder while it writes a file in it."""
        return self.out / "verdicts"

    def verdict_file(self, person: str, kata: str) -> Path:
        return self.verdicts / self.folder_of(person) / f"{kata}.json"

    def folder_of(self, person: str) -> str:
        """Return the name of a person's folder, in verdicts/ and in feedback/."""
        return person.replace("/", "_")

    @property
    def feedback(self) -> Path:
        """The folder where `katas feedback` writes the students' reports."""
        return self.out / "feedback"

    @property
    def table(self) -> Path:
        return self.out / "results.csv"

    @property
    def exists(self) -> bool:
        return batch_store.exists(self.out)

    def open(self, seed: bytes | None = None, gradebook: str | None = None) -> BatchStore:
        """Open the store for grading, so that no other process can grade into the folder. A missing store is created.

        `seed` (32 bytes) is the seed of a new batch, random by default. `gradebook` is the gradebook of a new batch, by
        default its own.
        """
        return BatchStore(self.out, lock=True, url=gradebook, seed=seed)

    def reading(self) -> BatchStore:
        """Open the store to read it or to add manual scores, which is also possible while a batch is graded."""
        return BatchStore(self.out)

    def import_into(self, book: Gradebook, katas: Iterable[Kata] = ()) -> Imported:
        """Import the batch's verdicts and manual scores into another gradebook.

        If the batch had its own gradebook, the other one is its store from then on, so that a course has only one. If
        it belongs to a third gradebook, or if an instructor has set up rules in its own, it stays there and is copied.
        Doing this twice changes nothing.
        """
        if not self.exists:
            raise KataError(f"{self.out}: not a batch. {batch_store.SPECIFY}")
        with self.open() as held:
            used = held.katas()
            book.update_katas(kata for kata in katas if kata.slug in used)
            if held.book.address == book.address:
                return Imported(0, 0)
            return self._copy(held, book)

    def can_join(self, held: BatchStore) -> bool:
        """Return whether the batch has a gradebook of its own without any decisions of an instructor."""
        with held.book.transaction() as transaction:
            return held.is_own and taking_over.belongs_to_batch_only(transaction)

    def _copy(self, held: BatchStore, book: Gradebook) -> Imported:
        folder = str(self.out.resolve())
        joins = self.can_join(held)
        with held.book.transaction() as source, book.transaction(alone=True) as target:
            row = held.batch(source)
            into = None
            if joins:
                into = batches.find(target, row.key) or batches.create(target, row.key, folder, row.seed)
            found = taking_over.from_gradebook(source, row, target, folder, into)
            if into is not None:
                taking_over.copy_pages(source, row, target, into)
        if joins:
            batch_store.write_pointer(self.out, batch_store.Pointer(gradebook=book.address, batch=held.key))
            batch_store.retire(self.out / batch_store.OWN)
        return found

    def forget(self, person: str) -> tuple[int, int]:
        """Remove a person's verdicts, feedback pages and submissions, except submissions that others share.

        Return the numbers of removed verdicts and removed submissions.
        """
        with self.open() as held:
            removed = self.clean(held, lambda name, _: composed(name) == composed(person))
            if held.book.has_person(person):
                held.book.forget(person)
            return removed

    def forget_before(self, moment: str) -> tuple[int, int]:
        """Remove everything submitted before this moment (UTC, ISO 8601). Return the same counts as `forget`."""
        with self.open() as held:
            removed = self.clean(held, lambda _, submitted_at: submitted_at < moment)
            held.book.forget_before(moment)
            return removed

    def clean(self, held: BatchStore, unwanted: Callable[[str, str], bool]) -> tuple[int, int]:
        """Remove files from the folder, before their submissions are removed from the store.

        `unwanted` gets the person and the time of a submission. Return the same counts as `forget`.
        """
        verdicts = 0
        used: set[str] = set()
        kept: set[tuple[str, str]] = set()
        with held.book.transaction() as transaction:
            row = held.batch(transaction)
            for each in batches.submissions(transaction, row):
                if unwanted(each.person.name, each.submitted_at):
                    verdicts += len(each.verdicts)
                else:
                    used.add(each.sha256)
            for each in batches.entries(transaction, row):
                if not unwanted(each.person.name, each.submitted_at):
                    kept.add((self.folder_of(each.person.name), each.kata))
            katas = batches.katas(transaction, row)
        dropped = sum(self.store.drop(sha256) for sha256 in list(self.store.digests()) if sha256 not in used)
        for old in self.out.glob(f"*{batch_store.TAKEN_OVER}"):  # a copy of everything, which the store replaced
            old.unlink()
        with folder_lock(self.verdicts):
            return max(verdicts, self._remove_files(kept, katas)), dropped

    def _remove_files(self, kept: set[tuple[str, str]], katas: set[str]) -> int:
        """Remove the verdict files and pages of everyone but `kept`, and return the number of removed verdict files.

        Files of people who remain are removed only if they are about one of the batch's katas.
        """
        people = {folder for folder, _ in kept}
        removed = 0
        for file in [*self.verdicts.glob("*/*.json"), *self.feedback.glob("*/*")]:
            folder, slug = file.parent.name, file.name.partition(".")[0]
            if (folder, slug) not in kept and (folder not in people or slug in katas):
                file.unlink()
                removed += file.parent.parent == self.verdicts
                if not any(file.parent.iterdir()):
                    file.parent.rmdir()
        return removed


def names_alike(batch: Batch, people: Iterable[str], known: Iterable[str] = ()) -> list[str]:
    """Return the pairs of names that differ only in case, among `people` and the people that the batch has.

    Raises KataError if two names are the same on the file system, because the verdicts on one person would overwrite
    those on the other.
    """
    seen: dict[str, str] = {}
    found = []
    ignores_case = (batch.out / batch_store.LOCK.upper()).exists()
    for person in sorted({*people, *known}):
        other = seen.setdefault(composed(person).casefold(), person)
        if other == person:
            continue
        if ignores_case:
            raise KataError(
                f"{batch.out}: {other} and {person} are the same name on this file system. Rename one or change --out."
            )
        found.append(f"{other} and {person}")
    return found
