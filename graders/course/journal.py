"""The journal of a batch, which is a file to which a run appends each verdict before it continues.

The first line describes the batch, and every other line is a row with one verdict. For each person and kata, the last
row is current, and the earlier rows are its history. A crash can damage only the last line, which is removed when the
journal is next opened.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, TypeVar

import msgspec

from graders.atomic import replacing
from graders.course.disk import writing
from graders.errors import KataError
from graders.verdict import Record, TaskResult, Verdict, from_json

T = TypeVar("T")


class Head(Record, frozen=True, kw_only=True):
    """The first line of a journal. All seeds of the batch are derived from `seed` (64 hexadecimal digits)."""

    journal: Literal["katas/batch/v1"] = "katas/batch/v1"
    seed: str


class Row(Record, frozen=True, kw_only=True):
    """A verdict on a person's submission. `submitted_at` is a time in UTC, in ISO 8601."""

    person: str
    submitted_at: str
    verdict: Verdict

    @property
    def key(self) -> tuple[str, str]:
        return self.person, self.verdict.kata


class _Written(Record, frozen=True, kw_only=True):
    """A row whose verdict may have an older schema."""

    person: str
    submitted_at: str
    verdict: msgspec.Raw


class Graded(msgspec.Struct, frozen=True, kw_only=True):
    """The main fields of a verdict, without its tasks and its tests."""

    kata: str
    status: str
    submission_sha256: str
    kata_digest: str
    suite_digest: str
    harness_version: str
    graded_at: str = ""
    message: str = ""
    score: float = 0.0
    max_score: float = 0.0
    review_points: float = 0.0
    require_extras: bool = False


class Short(msgspec.Struct, frozen=True, kw_only=True):
    """A row without its tasks and its tests, so that all rows fit into memory."""

    person: str
    submitted_at: str
    verdict: Graded

    @property
    def key(self) -> tuple[str, str]:
        return self.person, self.verdict.kata


class Marked(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a verdict that hold its manual scores and show which submission and grading run they belong to."""

    kata: str
    submission_sha256: str = ""
    seed: str | None = None
    graded_at: str = ""
    tasks: tuple[TaskResult, ...] = ()


class MarkedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row without its tests, but with its tasks."""

    person: str
    verdict: Marked


_encode = msgspec.json.Encoder().encode
_written = msgspec.json.Decoder(_Written).decode
_marked = msgspec.json.Decoder(MarkedRow).decode
_short = msgspec.json.Decoder(Short).decode


class Journal:
    """An open journal, locked against other processes. Use it in a `with` statement.

    `new_head` returns the first line of a new journal. Raises KataError if the file is in use, is damaged or is not a
    journal.
    """

    def __init__(self, path: Path, new_head: Callable[[], Head]) -> None:
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise KataError(
                f"{path}: another katas process is writing it. Wait until it ends, or give another --out."
            ) from None
        try:
            self._cut_torn_line()
            if os.fstat(self._file).st_size == 0:
                self._write(_encode(new_head()) + b"\n")
            self.head = head(path)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the journal and release its lock."""
        os.close(self._file)

    def append(self, rows: Sequence[Row]) -> None:
        """Append rows. They are on disk when this method returns."""
        self._write(b"".join(_encode(row) + b"\n" for row in rows))

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        with writing(self.path):
            while view:
                view = view[os.write(self._file, view) :]
            os.fsync(self._file)

    def _cut_torn_line(self) -> None:
        size = os.fstat(self._file).st_size
        end, tail = size, b""
        while end and b"\n" not in tail:
            start = max(0, end - (1 << 16))
            tail, end = os.pread(self._file, end - start, start) + tail, start
        whole = end + tail.rfind(b"\n") + 1
        if whole < size:
            os.ftruncate(self._file, whole)
            os.fsync(self._file)


def head(path: Path) -> Head:
    """Return the first line of a journal. Raises KataError if it is missing or invalid."""
    try:
        with open(path, "rb") as file:
            return msgspec.json.decode(file.readline(), type=Head)
    except OSError as fault:
        raise KataError(f"{path}: {fault.strerror}. Specify the --out folder of `katas grade-batch`.") from None
    except msgspec.DecodeError as fault:
        raise KataError(f"{path}, line 1: not the journal of a batch ({fault}). Give another --out.") from None


def rows(path: Path) -> Iterator[Row]:
    """Yield all rows. Raises KataError if a row is damaged."""
    for number, line in _lines(path):
        yield _decoded(_row, path, number, line)


def shorts(path: Path) -> dict[tuple[str, str], Short]:
    """Return the current row for every person and kata."""
    found = {}
    for number, line in _lines(path):
        row = _decoded(_short, path, number, line)
        found[row.key] = row
    return found


def marked(path: Path) -> Iterator[MarkedRow]:
    """Yield all rows with their tasks, but without their tests."""
    for number, line in _lines(path):
        yield _decoded(_marked, path, number, line)


def rewrite(path: Path, wanted: Callable[[Short], bool]) -> int:
    """Atomically remove all rows except the wanted ones, and return the number of removed rows.

    The journal must not be open.
    """
    with Journal(path, _refuse_new) as held:
        removed = 0
        with writing(path), replacing(path) as file:
            file.write(_encode(held.head) + b"\n")
            for place, line in _lines(path):
                if wanted(_decoded(_short, path, place, line)):
                    file.write(line)
                else:
                    removed += 1
    return removed


def _refuse_new() -> Head:
    raise KataError("there is no journal here. Specify the --out folder of `katas grade-batch`.")


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    head(path)
    with open(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            if number > 1 and line.endswith(b"\n"):
                yield number, line


def _row(line: bytes) -> Row:
    found = _written(line)
    return Row(person=found.person, submitted_at=found.submitted_at, verdict=from_json(bytes(found.verdict)))


def _decoded(decode: Callable[[bytes], T], path: Path, number: int, line: bytes) -> T:
    try:
        return decode(line)
    except (msgspec.DecodeError, KataError) as fault:
        raise KataError(
            f"{path}, line {number}: the line is damaged ({fault}). Remove it, and run `katas grade-batch` again."
        ) from None
