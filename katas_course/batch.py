"""The folder of a batch, and the gradebook that stores its verdicts, manual scores and seed.

By default, the gradebook is `gradebook.sqlite` in the batch's folder. For any other, the folder has a small file,
`gradebook.json`, which names that gradebook and the batch in it. It never contains a password: put that into ~/.pgpass
or the environment variable PGPASSWORD, where PostgreSQL's programs look for it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import msgspec

from graders.atomic import folder_lock, replacing
from graders.errors import KataError
from graders.verdict import Record
from katas_course.blobs import Store, writing
from katas_course.gradebook import Gradebook, batches
from katas_course.gradebook.database import Transaction, address_in
from katas_course.gradebook.storing import Row
from katas_course.gradebook.tables import BatchRow

P = ParamSpec("P")
T = TypeVar("T")

OWN = "gradebook.sqlite"
POINTER = "gradebook.json"
LOCK = ".lock"
HERE = "."  # a batch's folder, as the gradebook in it names it
REPLACED = "gradebook.sqlite.taken-over"  # what earlier versions left when they moved everything to another gradebook
SPECIFY = "Specify the --out folder of `katas grade-batch`."


@dataclass
class Batch:
    """The folder of a batch.

    It holds the gradebook or its name, the submissions by digest (submissions/), and files that are written from the
    gradebook: results.csv, the current verdicts (verdicts/PERSON/KATA.json) and feedback/.
    """

    out: Path

    @property
    def store(self) -> Store:
        return Store(self.out / "submissions")

    @property
    def verdicts(self) -> Path:
        """The folder of the verdict files. A process locks the folder while it writes a file in it."""
        return self.out / "verdicts"

    @property
    def feedback(self) -> Path:
        """The folder where `katas feedback` writes the students' reports."""
        return self.out / "feedback"

    @property
    def table(self) -> Path:
        return self.out / "results.csv"

    @property
    def exists(self) -> bool:
        return any((self.out / name).is_file() for name in (OWN, POINTER))

    def folder_of(self, person: str) -> str:
        """Return the name of a person's folder, in verdicts/ and in feedback/."""
        return person.replace("/", "_")

    def verdict_file(self, person: str, kata: str) -> Path:
        return self.verdicts / self.folder_of(person) / f"{kata}.json"

    @contextmanager
    def open(self, seed: bytes | None = None, gradebook: str | None = None) -> Iterator[BatchStore]:
        """Open the gradebook for grading, so that no other process can grade into the folder.

        `seed` (32 bytes, random by default) and `gradebook` (by default, one in the folder) are those of a new batch.
        Raises KataError if the batch is in use or in another gradebook, or if the gradebook cannot be read.
        """
        with _locked(self.out), self._store(gradebook, seed) as held:
            yield held

    @contextmanager
    def reading(self) -> Iterator[BatchStore]:
        """Open the gradebook to read it or to add manual scores, which is also possible while a batch is graded.

        Raises KataError if it is missing or cannot be read.
        """
        if not self.exists:
            raise KataError(f"{self.out}: not a batch, because it has no {OWN}. {SPECIFY}")
        with self._store() as held:
            yield held

    @contextmanager
    def _store(self, url: str | None = None, seed: bytes | None = None) -> Iterator[BatchStore]:
        pointer = _pointer_of(self.out)
        own = str(self.out.resolve() / OWN)
        known = pointer.gradebook if pointer else own if Path(own).is_file() else url or own
        if pointer is not None and "://" not in known and not Path(known).is_file():
            raise KataError(
                f"{self.out}: its results are in {known}, which is missing. Restore it, "
                f"or write its new place into {self.out / POINTER}."
            )
        address = address_in(known)
        if url is not None and address_in(url) != address:
            raise KataError(
                f"--gradebook {address_in(url)}: the results in {self.out} are in {address}. "
                "Leave out --gradebook, or grade again with another --out."
            )
        with Gradebook(url or known) as book:
            if pointer is None and address != own:
                pointer = Pointer(gradebook=address, batch=os.urandom(16).hex())
                _write_pointer(self.out, pointer)
            folder = HERE if address == own else str(self.out.resolve())
            with book.transaction(alone=True) as transaction:
                row = _found_or_created(transaction, pointer, folder, seed)
                held = BatchStore(book, row.id, bytes.fromhex(row.seed))
            yield held

    def clean(self, held: BatchStore, unwanted: Callable[[str, str], bool]) -> tuple[int, int]:
        """Remove files from the folder, before their submissions are removed from the store.

        `unwanted` gets the person and the time of a submission. Return the same counts as `forget`.
        """
        verdicts, used = 0, set()
        with held.book.transaction() as transaction:
            row = held.batch(transaction)
            katas = batches.katas(transaction, row)
            for each in batches.submissions(transaction, row):
                if unwanted(each.person.name, each.submitted_at):
                    verdicts += len(each.verdicts)
                else:
                    used.add(each.sha256)
            kept = {
                (self.folder_of(each.person.name), each.kata)
                for each in batches.entries(transaction, row)
                if not unwanted(each.person.name, each.submitted_at)
            }
        dropped = sum(self.store.drop(sha256) for sha256 in list(self.store.digests()) if sha256 not in used)
        (self.out / REPLACED).unlink(missing_ok=True)
        remaining, removed = {folder for folder, _ in kept}, 0
        with folder_lock(self.verdicts):
            for file in [*self.verdicts.glob("*/*.json"), *self.feedback.glob("*/*")]:
                folder, slug = file.parent.name, file.name.partition(".")[0]
                # Files of people who remain are removed only if they are about one of the batch's katas.
                if (folder, slug) not in kept and (folder not in remaining or slug in katas):
                    file.unlink()
                    removed += file.parent.parent == self.verdicts
                    if not any(file.parent.iterdir()):
                        file.parent.rmdir()
        return max(verdicts, removed), dropped


class Pointer(Record, frozen=True, kw_only=True):
    """The content of gradebook.json: the gradebook that the batch is in, and the batch's key in it."""

    gradebook: str
    batch: str


@dataclass(frozen=True)
class BatchStore:
    """A batch in an open gradebook."""

    book: Gradebook
    id: int
    seed: bytes

    def batch(self, transaction: Transaction) -> BatchRow:
        """Return the batch's row in the gradebook."""
        return transaction.session.get_one(BatchRow, self.id)

    def append(self, rows: Sequence[Row]) -> list[Row]:
        """Store verdicts in one transaction, and return them with manual scores. They are on disk when this returns."""
        with self.book.transaction(alone=True) as transaction:
            return [batches.store(transaction, self.batch(transaction), row) for row in rows]

    def read(self, query: Callable[Concatenate[Transaction, BatchRow, P], T], *args: P.args, **settings: P.kwargs) -> T:
        """Return the result of a function, which gets a transaction and the batch's row first."""
        with self.book.transaction() as transaction:
            return query(transaction, self.batch(transaction), *args, **settings)

    def write(
        self, change: Callable[Concatenate[Transaction, BatchRow, P], T], *args: P.args, **settings: P.kwargs
    ) -> T:
        """Run a function like `read`, while no other transaction changes the gradebook."""
        with self.book.transaction(alone=True) as transaction:
            return change(transaction, self.batch(transaction), *args, **settings)

    def rows(self) -> Iterator[Row]:
        """Yield the current row of each person and kata, with manual scores, a few at a time."""
        with self.book.transaction() as transaction:
            for each in batches.entries(transaction, self.batch(transaction)):
                yield Row(person=each.person.name, submitted_at=each.submitted_at, verdict=each.last_verdict())


def _found_or_created(transaction: Transaction, pointer: Pointer | None, folder: str, seed: bytes | None) -> BatchRow:
    """Return a batch's row in its gradebook. Correct its folder if it was moved, and not only copied."""
    row = batches.find(transaction, key=pointer.batch) if pointer else batches.find(transaction, folder=HERE)
    if row is None:
        key = pointer.batch if pointer else os.urandom(16).hex()
        return batches.create(transaction, key, folder, (seed or os.urandom(32)).hex())
    if row.folder != folder and not Batch(Path(row.folder)).exists:
        batches.move_folder(transaction, row, folder)
    return row


def _pointer_of(out: Path) -> Pointer | None:
    """Return which other gradebook the batch in a folder belongs to, or None."""
    try:
        return msgspec.json.decode((out / POINTER).read_bytes(), type=Pointer)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as fault:
        problem = getattr(fault, "strerror", None) or fault
        raise KataError(
            f"{out / POINTER}: {problem}. Restore it from a copy: it names the gradebook of this batch."
        ) from None


def _write_pointer(out: Path, new: Pointer) -> None:
    """Write gradebook.json, which is on disk when this function returns."""
    with writing(out / POINTER), replacing(out / POINTER) as file:
        file.write(msgspec.json.format(msgspec.json.encode(new), indent=2) + b"\n")


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Create a batch's folder if it is missing, and let no other process grade into it."""
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)  # grades are private
        number = os.open(out / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as fault:
        raise KataError(f"{fault.filename or out}: {fault.strerror}. Give another --out.") from None
    with os.fdopen(number) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise KataError(
                f"{out}: another katas process is writing it. Wait until it ends, or give another --out."
            ) from None
        yield
