"""Read the journal of a batch that an older version of the harness graded.

Older versions kept the verdicts in `journal.jsonl`: a first line with the batch's seed, and then a line for each
verdict. For each person and kata, the last line was current. A crash could damage only the last line, which is ignored.
"""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from graders.course.rows import Row
from graders.errors import KataError
from graders.verdict import Record, from_json


class _Head(Record, frozen=True, kw_only=True):
    """The first line of a journal."""

    journal: Literal["katas/batch/v1"] = "katas/batch/v1"
    seed: str


class _Written(Record, frozen=True, kw_only=True):
    """A row whose verdict may have an older schema."""

    person: str
    submitted_at: str
    verdict: msgspec.Raw


_written = msgspec.json.Decoder(_Written).decode


def seed(path: Path) -> str:
    """Return the seed of the batch. Raises KataError if the file is not a journal."""
    try:
        with open(path, "rb") as file:
            return msgspec.json.decode(file.readline(), type=_Head).seed
    except OSError as fault:
        raise KataError(f"{path}: {fault.strerror}. Specify the --out folder of `katas grade-batch`.") from None
    except msgspec.DecodeError as fault:
        raise KataError(f"{path}, line 1: not the journal of a batch ({fault}). Give another --out.") from None


def rows(path: Path) -> Iterator[Row]:
    """Yield all rows, including the manual scores that their verdicts had. Raises KataError if a row is damaged."""
    with open(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            if number > 1 and line.endswith(b"\n"):
                yield _row(path, number, line)


@contextlib.contextmanager
def unused(path: Path) -> Iterator[None]:
    """Keep a process of an older version from writing the journal. Raises KataError if one is writing it now."""
    with open(path, "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise KataError(
                f"{path}: another katas process is writing it. Wait until it ends, and run the command again."
            ) from None
        yield


def _row(path: Path, number: int, line: bytes) -> Row:
    try:
        found = _written(line)
        verdict = from_json(bytes(found.verdict))
    except (msgspec.DecodeError, KataError) as fault:
        raise KataError(
            f"{path}, line {number}: the line is damaged ({fault}). Remove it, and run the command again."
        ) from None
    return Row(person=found.person, submitted_at=found.submitted_at, verdict=verdict)
