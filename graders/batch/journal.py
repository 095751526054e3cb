"""What a batch has graded: lines that are only ever appended, each on disk before the next thing happens.

The first line says what the batch is; every other is a row. The last row of a person and kata is the one that counts,
the earlier ones are its history. A line that was torn by a crash is the last one, and is cut off when the journal is
opened.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, TypeVar

import msgspec

from graders.batch.disk import writing
from graders.errors import KataError
from graders.files import replacing
from graders.verdict import Record, TaskResult, Verdict, from_json

T = TypeVar("T")


class Head(Record, frozen=True, kw_only=True):
    """The first line. All seeds of the batch come from `seed` (64 hexadecimal digits)."""

    journal: Literal["katas/batch/v1"] = "katas/batch/v1"
    seed: str


class Row(Record, frozen=True, kw_only=True):
    """A verdict on what a person handed in. `submitted_at` is UTC, ISO 8601."""

    person: str
    submitted_at: str
    verdict: Verdict

    @property
    def key(self) -> tuple[str, str]:
        return self.person, self.verdict.kata


class _Written(Record, frozen=True, kw_only=True):
    """A row whose verdict may be of an older schema."""

    person: str
    submitted_at: str
    verdict: msgspec.Raw


class Graded(msgspec.Struct, frozen=True, kw_only=True):
    """What of a verdict decides whether it still stands."""

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
    """A row without its tests: small enough to have all of them in memory."""

    person: str
    submitted_at: str
    verdict: Graded

    @property
    def key(self) -> tuple[str, str]:
        return self.person, self.verdict.kata


class Marked(msgspec.Struct, frozen=True, kw_only=True):
    """What of a verdict says which points people gave."""

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
    """An open journal; nobody else can open it meanwhile. Use it in a `with`.

    `begin` makes the first line of a new one. Raises KataError where it is in use, damaged or of another kind.
    """

    def __init__(self, path: Path, begin: Callable[[], Head]) -> None:
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise KataError(f"{path}: another katas is writing it; wait for it, or give another --out") from None
        try:
            self._cut_torn_line()
            if os.fstat(self._file).st_size == 0:
                self._write(_encode(begin()) + b"\n")
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
        """Let others open it."""
        os.close(self._file)

    def append(self, rows: Sequence[Row]) -> None:
        """Write rows; they are on disk when this returns."""
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
            begin = max(0, end - (1 << 16))
            tail, end = os.pread(self._file, end - begin, begin) + tail, begin
        whole = end + tail.rfind(b"\n") + 1
        if whole < size:
            os.ftruncate(self._file, whole)
            os.fsync(self._file)


def head(path: Path) -> Head:
    """The first line of a journal. Raises KataError where there is none."""
    try:
        with open(path, "rb") as file:
            return msgspec.json.decode(file.readline(), type=Head)
    except OSError as fault:
        raise KataError(f"{path}: {fault.strerror}: name the --out folder of `katas grade-batch`") from None
    except msgspec.DecodeError as fault:
        raise KataError(f"{path}, line 1: it is no journal of a batch ({fault}); give another --out") from None


def rows(path: Path) -> Iterator[Row]:
    """All rows, one at a time. Raises KataError at one that is damaged."""
    for number, line in _lines(path):
        yield _decoded(_row, path, number, line)


def shorts(path: Path) -> dict[tuple[str, str], Short]:
    """The row that counts of every person and kata."""
    found = {}
    for number, line in _lines(path):
        row = _decoded(_short, path, number, line)
        found[row.key] = row
    return found


def marked(path: Path) -> Iterator[MarkedRow]:
    """All rows with their tasks alone, one at a time."""
    for number, line in _lines(path):
        yield _decoded(_marked, path, number, line)


def rewrite(path: Path, wanted: Callable[[Short], bool]) -> int:
    """Remove the rows that are not wanted, all at once; how many they were. Nobody may have the journal open."""
    with Journal(path, _refuse_to_begin) as held:
        removed = 0
        with writing(path), replacing(path) as file:
            file.write(_encode(held.head) + b"\n")
            for place, line in _lines(path):
                if wanted(_decoded(_short, path, place, line)):
                    file.write(line)
                else:
                    removed += 1
    return removed


def _refuse_to_begin() -> Head:
    raise KataError("there is no journal here; name the --out folder of `katas grade-batch`")


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
            f"{path}, line {number}: it is damaged ({fault}); remove the line, and what it says is graded again"
        ) from None
