"""What intake gives: a submission's files by name, and what was left out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from graders.catalogue import Kata, is_glob
from graders.verdict import Record


class File(Record, frozen=True, kw_only=True):
    """A file by its name in the kata's folder (relative, with slashes)."""

    name: str
    data: bytes


class Submission(Record, frozen=True, kw_only=True):
    """What was taken, sorted by name; `ignored` and `missing` are names only.

    `missing` are declared files (no patterns) that are not there; `sha256` is over (name, length, data) of `files`.
    """

    files: tuple[File, ...]
    ignored: tuple[str, ...]
    missing: tuple[str, ...]
    sha256: str


def submission(kata: Kata, taken: Mapping[str, bytes], ignored: tuple[str, ...] = ()) -> Submission:
    """The record of these files, which the rules have let through."""
    digest = hashlib.sha256()
    for name, data in sorted(taken.items()):
        digest.update(f"{name}\0{len(data)}\0".encode())
        digest.update(data)
    return Submission(
        files=tuple(File(name=name, data=data) for name, data in sorted(taken.items())),
        ignored=ignored,
        missing=tuple(name for name in kata.files if not is_glob(name) and name not in taken),
        sha256=digest.hexdigest(),
    )
