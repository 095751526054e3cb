"""A submission's declared files, and nothing else: from a folder, an archive or a git reference.

    take(kata, place)   the declared files of what `place` names
    find(text)          what a person wrote behind --submission, as a place

Every refusal is an IntakeError that names the file, what is wrong with it, and what to do.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from graders.catalogue import Kata
from graders.errors import CatalogueError, KataError
from graders.intake import folder
from graders.intake.records import File, Submission, submission

if TYPE_CHECKING:
    from graders.intake.git import Reference

__all__ = ["File", "Submission", "find", "shipped", "submission", "supplied", "take"]


def take(kata: Kata, place: Path | str) -> Submission:
    """The declared files of a submission; nothing of it is run, and nothing is unpacked to disk.

    `place` is a folder, a .zip or .tar file (.gz, .xz, .bz2), or a git reference (`REPO@REF`, `git:REPO@REF`). It holds
    the kata's own files, or is a repository with katas/<slug>/; where both are there, its own files win. An archive may
    hold all that in one folder, as those of GitHub do. Where nothing is, all files are `missing`.

    Raises IntakeError for what is inside a declared path and is no plain, small source or data file, and for an archive
    that is none, is too large, or has names that lead out of it.
    """
    reference = _reference(place)
    if reference is not None:
        from graders.intake import git

        return git.take(kata, reference)
    path = Path(place)
    if os.path.exists(path) and not os.path.isdir(path):  # which raise nothing, whatever the path
        from graders.intake import archive  # when there is one: reading them takes much of the standard library

        return archive.take(kata, path)
    return folder.take(kata, path)


def find(text: str) -> Path | str:
    """The place that a person named. Raises KataError where there is nothing, before anything is charged to anybody."""
    reference = _reference(text)
    if reference is not None:
        from graders.intake import git

        git.resolve(reference)
        return text
    path = Path(text)
    if not path.exists():
        raise KataError(f"{text}: there is no such folder, archive or git reference; give what holds the files")
    return path


def _reference(place: Path | str) -> Reference | None:
    if not isinstance(place, str) or not (place.startswith("git:") or "@" in place):
        return None
    from graders.intake import git

    return git.parse(place)


def shipped(kata: Kata, folder: Path) -> dict[str, bytes]:
    """The kata's declared files in a folder of our own (katas/<slug>, solutions/<slug>), by name; read as they are."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for pattern in kata.files
        for path in sorted(folder.glob(pattern))
        if path.is_file()
    }


def supplied(kata: Kata) -> tuple[File, ...]:
    """The files put beside a submission: always the harness's own. Raises CatalogueError where one cannot be read."""
    files = []
    for name in sorted(kata.supplied):
        try:
            files.append(File(name=name, data=(kata.folder / name).read_bytes()))
        except OSError as fault:
            raise CatalogueError(
                f"katas/{kata.slug}/{name}: it is supplied and cannot be read ({fault.strerror}). Restore it."
            ) from None
    return tuple(files)
