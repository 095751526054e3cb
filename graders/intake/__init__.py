"""Take only the declared files of a submission from a folder, an archive or a git reference.

    take(kata, place)   return the declared files at `place`
    find(text)          turn the argument of --submission into a place

If intake refuses a submission, it raises an IntakeError whose message names the file, the problem and the remedy.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from graders.catalogue import Kata
from graders.errors import CatalogueError, KataError
from graders.intake import folder
from graders.intake.records import Submission, SubmissionFile, submission

if TYPE_CHECKING:
    from graders.intake.git import Reference

__all__ = ["Submission", "SubmissionFile", "find", "shipped", "submission", "supplied", "take"]


def take(kata: Kata, place: Path | str) -> Submission:
    """Return the declared files of a submission, without running its code or unpacking anything to disk.

    `place` is a folder, a .zip or .tar file (.gz, .xz, .bz2), or a git reference (`REPO@REF`, `git:REPO@REF`). It holds
    the kata's files at the top or in katas/<slug>/. If it has both, the files at the top win. All files may also be
    inside a single folder, as in archives from GitHub. If `place` does not exist, every declared file is `missing`.

    Raises IntakeError if a declared path is not a plain, small source or data file, or if an archive is invalid, too
    large, or contains names that lead outside it.
    """
    reference = _reference(place)
    if reference is not None:
        from graders.intake import git

        return git.take(kata, reference)
    path = Path(place)
    if os.path.exists(path) and not os.path.isdir(path):  # unlike Path's methods, these never raise
        from graders.intake import archive  # imported only if needed, because it imports much of the standard library

        return archive.take(kata, path)
    return folder.take(kata, path)


def find(text: str) -> Path | str:
    """Return the place that the text given to `--submission` names. Raises KataError if it does not exist."""
    reference = _reference(text)
    if reference is not None:
        from graders.intake import git

        git.resolve(reference)
        return text
    path = Path(text)
    if not path.exists():
        raise KataError(
            f"{text}: there is no such folder, archive or git reference. Specify the one that holds the files."
        )
    return path


def _reference(place: Path | str) -> Reference | None:
    if not isinstance(place, str) or not (place.startswith("git:") or "@" in place):
        return None
    from graders.intake import git

    return git.parse(place)


def shipped(kata: Kata, folder: Path) -> dict[str, bytes]:
    """Return the kata's declared files in a trusted folder, such as solutions/<slug>, without checking them."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for pattern in kata.files
        for path in sorted(folder.glob(pattern))
        if path.is_file()
    }


def supplied(kata: Kata) -> tuple[SubmissionFile, ...]:
    """Return the files that the kata supplies with a submission.

    Raises CatalogueError if such a file cannot be read.
    """
    files = []
    for name in sorted(kata.supplied):
        try:
            files.append(SubmissionFile(name=name, data=(kata.folder / name).read_bytes()))
        except OSError as fault:
            raise CatalogueError(
                f"katas/{kata.slug}/{name}: this supplied file cannot be read ({fault.strerror}). Restore it."
            ) from None
    return tuple(files)
