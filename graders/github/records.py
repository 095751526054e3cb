"""The records that the jobs pass to each other as JSON files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from graders.errors import KataError
from graders.intake import Submission
from graders.verdict import Record, Verdict

TAKEN_BYTES = 128 * 1024**2  # enough for the base64 of the largest request
REPORT_BYTES = 64 * 1024

Slug = Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9_-]{0,63}\Z")]
Commit = Annotated[str, Meta(pattern=r"\A[0-9a-f]{40}\Z")]
Number = Annotated[int, Meta(ge=1, le=2**31)]


class Pull(Record, frozen=True, kw_only=True):
    """A pull request at the commit that is graded."""

    number: Number
    commit: Commit


class Taken(Record, frozen=True, kw_only=True):
    """The files taken for one kata, or why they were `refused`. `moved` is a sentence about missing, renamed files."""

    kata: Slug
    submission: Submission | None = None
    refused: str = ""
    moved: str = ""


class Intake(Record, frozen=True, kw_only=True):
    """The first job's output. `beside` lists changed files that no kata declares, `refused` says why none is taken."""

    pull: Pull
    taken: tuple[Taken, ...] = ()
    beside: tuple[str, ...] = ()
    refused: str = ""


class Report(Record, frozen=True, kw_only=True):
    """The output of the second job, with one verdict for each kata, redacted for the audience."""

    verdicts: Annotated[tuple[Verdict, ...], Meta(max_length=64)] = ()


_R = TypeVar("_R", bound=Record)


def read(path: Path, kind: type[_R], most: int) -> _R:
    """Read a record from a file. Raises KataError if the file is too large or holds something else."""
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as fault:
        raise KataError(f"{path}: {fault.strerror}") from None
    if len(data) > most:
        raise KataError(f"{path}: it is larger than {most // 1024} KB")
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise KataError(f"{path}: not a {kind.__name__.lower()} of this version: {fault}") from None


def write(path: Path, record: Record) -> None:
    """Write a record to a file, as JSON."""
    path.write_bytes(msgspec.json.encode(record))
