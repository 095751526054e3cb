"""The result of intake, which holds the files of a submission and the names of ignored and missing files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from graders.catalogue import Kata, is_glob
from graders.verdict import Record


class SubmissionFile(Record, frozen=True, kw_only=True):
    """A file and its name in the kata's folder (relative, with slashes)."""

    name: str
    data: bytes


class Submission(Record, frozen=True, kw_only=True):
    """The files that were taken from a submission, sorted by name, and the names of ignored and missing files.

    `missing` lists declared files that do not exist, but not patterns that match nothing. `sha256` is the digest of the
    names, lengths and contents of all `files`.
    """

    files: tuple[SubmissionFile, ...]
    ignored: tuple[str, ...]
    missing: tuple[str, ...]
    sha256: str


def submission(kata: Kata, taken: Mapping[str, bytes], ignored: tuple[str, ...] = ()) -> Submission:
    """Return the record of these files, which graders.intake.rules must have checked before."""
    digest = hashlib.sha256()
    for name, data in sorted(taken.items()):
        digest.update(f"{name}\0{len(data)}\0".encode())
        digest.update(data)
    return Submission(
        files=tuple(SubmissionFile(name=name, data=data) for name, data in sorted(taken.items())),
        ignored=ignored,
        missing=tuple(name for name in kata.files if not is_glob(name) and name not in taken),
        sha256=digest.hexdigest(),
    )
