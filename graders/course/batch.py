"""Locate the files in the folder of a batch, and remove people from it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from graders.atomic import folder_lock
from graders.course import journal
from graders.course.blobs import Store
from graders.course.journal import Head, Journal, Short
from graders.course.submissions import composed
from graders.errors import KataError


@dataclass
class Batch:
    """The folder of a batch.

    It holds the journal (journal.jsonl), the submissions by digest (submissions/) and the current verdicts
    (verdicts/PERSON/KATA.json).
    """

    out: Path

    @property
    def journal(self) -> Path:
        return self.out / "journal.jsonl"

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

    def open(self, seed: bytes | None = None) -> Journal:
        """Open the journal for writing. A new journal stores `seed` (32 bytes), which is random by default."""
        try:
            self.out.mkdir(mode=0o700, parents=True, exist_ok=True)  # grades are private
            return Journal(self.journal, lambda: Head(seed=(seed or os.urandom(32)).hex()))
        except OSError as fault:
            raise KataError(f"{fault.filename or self.out}: {fault.strerror}. Give another --out.") from None

    def forget(self, person: str) -> tuple[int, int]:
        """Remove a person's rows, verdicts, feedback pages and submissions, except submissions that others share.

        Return the numbers of removed rows and removed submissions.
        """
        return self._keep_only(lambda row: composed(row.person) != composed(person))

    def forget_before(self, moment: str) -> tuple[int, int]:
        """Remove everything submitted before this moment (UTC, ISO 8601). Return the same counts as `forget`."""
        return self._keep_only(lambda row: row.submitted_at >= moment)

    def _keep_only(self, wanted: Callable[[Short], bool]) -> tuple[int, int]:
        before = journal.shorts(self.journal)
        rows = journal.rewrite(self.journal, wanted)
        used = {row.verdict.submission_sha256 for row in journal.rows(self.journal)}
        dropped = sum(self.store.drop(sha256) for sha256 in list(self.store.digests()) if sha256 not in used)
        with folder_lock(self.verdicts):
            for person, kata in before.keys() - journal.shorts(self.journal).keys():
                file, pages = self.verdict_file(person, kata), self.feedback / self.folder_of(person)
                for each in (file, *pages.glob(f"{kata}.*")):
                    each.unlink(missing_ok=True)
                for folder in (file.parent, pages):
                    if folder.is_dir() and not any(folder.iterdir()):
                        folder.rmdir()
        return rows, dropped


def names_alike(batch: Batch, people: Iterable[str]) -> list[str]:
    """Return the pairs of names that differ only in case, among `people` and the people in the batch.

    Raises KataError if two names are the same in Unicode or on the file system, because the verdicts on one person
    would overwrite those on the other.
    """
    known: dict[str, str] = {}
    found = []
    ignores_case = batch.journal.with_name(batch.journal.name.upper()).exists()
    for person in sorted({*people, *(person for person, _ in journal.shorts(batch.journal))}):
        other = known.setdefault(composed(person).casefold(), person)
        if other == person:
            continue
        if composed(other) == composed(person):
            raise KataError(
                f"{batch.out}: {other!a} and {person!a} are the same name in two Unicode forms. Give another --out."
            )
        if ignores_case:
            raise KataError(
                f"{batch.out}: {other} and {person} are the same name on this file system. Rename one or change --out."
            )
        found.append(f"{other} and {person}")
    return found
