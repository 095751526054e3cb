"""The result of intake, which holds the files of a submission and the names of ignored and missing files."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from graders.catalogue import Kata
from graders.catalogue.paths import files_digest
from graders.intake.rules import is_refused
from graders.verdict import Record


class SubmissionFile(Record, frozen=True, kw_only=True):
    """A file and its name in the kata's folder (relative, with slashes)."""

    name: str
    data: bytes


class EarlierFiles(Record, frozen=True, kw_only=True):
    """The same person's files for an earlier kata, which a milestone builds on; `sha256` covers these files alone."""

    kata: str
    files: tuple[SubmissionFile, ...]
    sha256: str


class Submission(Record, frozen=True, kw_only=True):
    """The files that were taken from a submission, sorted by name, and the names of ignored and missing files.

    `missing` lists the declared files (not patterns) that do not exist. `earlier` holds the files for the katas that
    this kata builds on. `refused` says why declared files, or all files that match a pattern, may not be graded.
    `sha256` covers the name, length and data of each of `files`, and of the earlier files under their names in
    `stored`, and the names in `refused`. `notes` are sentences about files that were found under another name or in
    another folder.
    """

    files: tuple[SubmissionFile, ...]
    ignored: tuple[str, ...]
    missing: tuple[str, ...]
    sha256: str
    earlier: tuple[EarlierFiles, ...] = ()
    notes: tuple[str, ...] = ()
    refused: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def stored(self) -> dict[str, bytes]:
        """All files by the names that they have in a stored submission: earlier ones are in katas/<slug>/."""
        earlier = {f"katas/{each.kata}/{file.name}": file.data for each in self.earlier for file in each.files}
        return {file.name: file.data for file in self.files} | earlier

    @property
    def graded(self) -> dict[str, bytes]:
        """All files by the names that they have in a worker, where earlier ones lie next to the kata's own."""
        earlier = {file.name: file.data for each in self.earlier for file in each.files}
        return earlier | {file.name: file.data for file in self.files}


def submission(
    kata: Kata,
    taken: Mapping[str, bytes],
    ignored: tuple[str, ...] = (),
    earlier: Mapping[str, Mapping[str, bytes]] = {},
    notes: tuple[str, ...] = (),
    refused: Mapping[str, str] = {},
) -> Submission:
    """Return the record of these files without those that were refused. `earlier` has the files by earlier slug."""
    taken = {name: data for name, data in taken.items() if not is_refused(kata, name, refused)}
    record = Submission(
        files=_sorted(taken),
        ignored=ignored,
        missing=tuple(name for name in kata.named_files if name not in taken and name not in refused),
        sha256="",
        earlier=tuple(
            EarlierFiles(kata=slug, files=_sorted(files), sha256=files_digest(files)) for slug, files in earlier.items()
        ),
        notes=notes,
        refused=dict(refused),
    )
    without = {f"{name}\0": b"" for name in refused}  # no file's name has a NUL
    return msgspec.structs.replace(record, sha256=files_digest(record.stored | without))


def restored(kata: Kata, files: Mapping[str, bytes], refused: Mapping[str, str] = {}) -> Submission:
    """Return the submission whose files were stored under the names of `Submission.stored`."""
    folders = {other.slug: f"katas/{other.slug}/" for other in kata.earlier}
    earlier = {
        slug: {name.removeprefix(folder): data for name, data in files.items() if name.startswith(folder)}
        for slug, folder in folders.items()
    }
    own = {name: data for name, data in files.items() if not name.startswith(tuple(folders.values()))}
    return submission(kata, own, earlier=earlier, refused=refused)


def _sorted(taken: Mapping[str, bytes]) -> tuple[SubmissionFile, ...]:
    return tuple(SubmissionFile(name=name, data=data) for name, data in sorted(taken.items()))
