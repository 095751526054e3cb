"""The store of a batch: a gradebook that holds its verdicts, manual scores and seed.

By default, this is `gradebook.sqlite` in the batch's folder. If the batch belongs to another gradebook, the folder has
a small file instead, `gradebook.json`, which names that gradebook and the batch in it. It never contains a password:
put that into ~/.pgpass or the environment variable PGPASSWORD, where PostgreSQL's programs look for it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from graders.atomic import replacing
from graders.course.disk import writing
from graders.course.gradebook import Gradebook, batches
from graders.course.gradebook.batch_tables import BatchRow
from graders.course.gradebook.database import address_in
from graders.course.gradebook.transaction import Transaction
from graders.course.rows import Key, Row, Short
from graders.errors import KataError
from graders.verdict import Record

OWN = "gradebook.sqlite"
POINTER = "gradebook.json"
LOCK = ".lock"
HERE = "."  # a batch's folder, as the gradebook in it names it
TAKEN_OVER = ".taken-over"  # the ending of files whose content is in the store now
SPECIFY = "Specify the --out folder of `katas grade-batch`."


class Pointer(Record, frozen=True, kw_only=True):
    """The content of gradebook.json: the gradebook that is the batch's store, and the batch's key in it."""

    gradebook: str
    batch: str


def exists(out: Path) -> bool:
    """Return whether a folder holds a batch."""
    return any((out / name).is_file() for name in (OWN, POINTER))


def pointer(out: Path) -> Pointer | None:
    """Return which gradebook the batch in a folder belongs to, or None if it has its own."""
    try:
        return msgspec.json.decode((out / POINTER).read_bytes(), type=Pointer)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as fault:
        problem = getattr(fault, "strerror", None) or fault
        raise KataError(
            f"{out / POINTER}: {problem}. Restore it from a copy: it names the gradebook of this batch."
        ) from None


class BatchStore:
    """An open store. Use it in a `with` statement.

    With `lock`, no other process can grade into the folder, and a missing store is created: in the gradebook at `url`,
    or in the folder itself. `seed` is the seed of a new batch, random by default. Raises KataError if the store is
    missing, is in use or cannot be read.
    """

    def __init__(self, out: Path, *, lock: bool = False, url: str | None = None, seed: bytes | None = None) -> None:
        self.out = out
        self._lock: int | None = None
        if not lock and not exists(out):
            raise KataError(f"{out}: not a batch, because it has no {OWN}. {SPECIFY}")
        if lock:
            self._lock = _locked(out)
        try:
            self._open(url, seed, new=lock)
        except BaseException:
            self._unlock()
            raise

    def _open(self, url: str | None, seed: bytes | None, *, new: bool) -> None:
        found = pointer(self.out)
        if found is None and not new and not (self.out / OWN).is_file():
            raise KataError(f"{self.out}: not a batch, because it has no {OWN}. {SPECIFY}")
        if found is not None:
            _check_present(self.out, found)
        self.book = Gradebook(found.gradebook if found else url or str(self.out / OWN))
        try:
            self._check_address(url)
            own = self.book.folder == self.out.resolve() and self.book.address.endswith(f"/{OWN}")
            self.folder = HERE if own else str(self.out.resolve())
            if found is None and not own:
                found = self._point()
            self._prepare(found, seed)
        except BaseException:
            self.book.close()
            raise

    def _check_address(self, url: str | None) -> None:
        if url is None:
            return
        other = address_in(url)
        if other != self.book.address:
            raise KataError(
                f"--gradebook {other}: the results in {self.out} are in {self.book.name}. "
                "Leave out --gradebook, or give another --out."
            )

    def _point(self) -> Pointer:
        new = Pointer(gradebook=self.book.address, batch=os.urandom(16).hex())
        write_pointer(self.out, new)
        return new

    def _prepare(self, found: Pointer | None, seed: bytes | None) -> None:
        """Find or create the batch in the gradebook."""
        with self.book.transaction(alone=True) as transaction:
            row = batches.find(transaction, found.batch) if found else batches.in_folder(transaction, HERE)
            if row is None:
                key = found.batch if found else os.urandom(16).hex()
                row = batches.create(transaction, key, self.folder, (seed or os.urandom(32)).hex())
            elif row.folder != self.folder and not exists(Path(row.folder)):  # it was moved, and not only copied
                batches.move_folder(transaction, row, self.folder)
            self._id, self.key, self.seed = row.id, row.key, bytes.fromhex(row.seed)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the store and release its lock."""
        self.book.close()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def is_own(self) -> bool:
        """Whether the store is in the batch's folder and not in another gradebook."""
        return self.folder == HERE

    def batch(self, transaction: Transaction) -> BatchRow:
        """Return the batch's row in the gradebook."""
        row = transaction.session.get(BatchRow, self._id)
        assert row is not None
        return row

    def append(self, rows: Sequence[Row]) -> list[Row]:
        """Store verdicts in one transaction, and return them with manual scores. They are on disk when this returns."""
        if not rows:
            return []
        with self.book.transaction(alone=True) as transaction:
            batch = self.batch(transaction)
            return [batches.record(transaction, batch, row) for row in rows]

    def shorts(self) -> dict[Key, Short]:
        """Return the current row of each person and kata, without tasks and tests."""
        with self.book.transaction() as transaction:
            return batches.shorts(transaction, self.batch(transaction))

    def people(self) -> set[str]:
        """Return the names of the people who have verdicts in the batch."""
        with self.book.transaction() as transaction:
            return batches.people(transaction, self.batch(transaction))

    def katas(self) -> set[str]:
        """Return the slugs of the katas that have verdicts in the batch."""
        with self.book.transaction() as transaction:
            return batches.katas(transaction, self.batch(transaction))

    def rows(self) -> Iterator[Row]:
        """Yield the current row of each person and kata, with manual scores, a few at a time."""
        with self.book.transaction() as transaction:
            yield from batches.rows(transaction, self.batch(transaction))

    def move(self, times: Mapping[Key, str]) -> int:
        """Correct submission times, and return how many have changed."""
        with self.book.transaction(alone=True) as transaction:
            return batches.move(transaction, self.batch(transaction), times)


def write_pointer(out: Path, new: Pointer) -> None:
    """Write gradebook.json, which is on disk when this function returns."""
    with writing(out / POINTER), replacing(out / POINTER) as file:
        file.write(msgspec.json.format(msgspec.json.encode(new), indent=2) + b"\n")


def retire(file: Path) -> None:
    """Rename a file whose content is in the store now."""
    with writing(file):
        os.replace(file, file.with_name(file.name + TAKEN_OVER))


def _check_present(out: Path, found: Pointer) -> None:
    """Raise KataError if a gradebook that is a file is missing, instead of creating an empty one."""
    if "://" not in found.gradebook and not Path(found.gradebook).is_file():
        raise KataError(
            f"{out}: its results are in {found.gradebook}, which is missing. Restore it, "
            f"or write its new place into {out / POINTER}."
        )


def _locked(out: Path) -> int:
    """Lock a folder against other processes that grade into it, and return the lock's file descriptor."""
    try:
        out.mkdir(mode=0o700, parents=True, exist_ok=True)  # grades are private
        number = os.open(out / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as fault:
        raise KataError(f"{fault.filename or out}: {fault.strerror}. Give another --out.") from None
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(number)
        raise KataError(
            f"{out}: another katas process is writing it. Wait until it ends, or give another --out."
        ) from None
    return number
