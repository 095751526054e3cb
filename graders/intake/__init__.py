"""Take only the declared files of a submission from a folder, an archive or a git reference.

    take(kata, place)   return the declared files at `place`
    find(text)          turn the argument of --submission into a place

If intake refuses a submission, it raises an IntakeError whose message names the file, the problem and the remedy.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from graders.catalogue import Kata
from graders.catalogue.paths import files_digest
from graders.errors import CatalogueError, IntakeError, KataError
from graders.intake import folder, rules
from graders.intake.records import EarlierFiles, Submission, SubmissionFile, restored, submission

if TYPE_CHECKING:
    from graders.intake.places import Place

__all__ = [
    "EarlierFiles",
    "Submission",
    "SubmissionFile",
    "files_digest",
    "find",
    "in_katas",
    "restored",
    "shipped",
    "shipped_earlier",
    "solved",
    "submission",
    "supplied",
    "take",
    "with_earlier",
]


def take(kata: Kata, place: Path | str | Place, *, alone: bool = False, anywhere: bool = False) -> Submission:
    """Return the declared files of a submission, without running its code or unpacking anything to disk.

    `place` is a folder, a .zip, .tar or .tar.gz file, or a git reference (`REPO@REF`, `git:REPO@REF`). It holds
    the kata's files at the top or in katas/<slug>/. If it has both, the files at the top win. All files may also be
    inside a single folder, as in archives from GitHub. If `place` does not exist, every declared file is `missing`.

    With `anywhere`, files with a slightly different name or in another folder are taken too, as graders.intake.search
    describes, and `place` may also be a single file.

    For a kata that builds on earlier ones, the files of those katas are taken from the same place by the same rules. If
    `place` is a folder katas/<slug>, they are in the folders next to it, except with `alone`: the folders next to a
    person's folder are other people's, whatever its name.

    A declared path that is not a plain, small source or data file is in `refused`. Raises IntakeError if no task can be
    graded without the refused files, or if an archive is invalid, too large, or contains names that lead outside it.
    """
    taken_from = _reader(place, anywhere=anywhere)
    beside = None if alone or not isinstance(place, Path | str) else _beside(kata, Path(place))

    def take_other(other: Kata) -> Submission:
        return taken_from(other) if beside is None else folder.take(other, beside / other.slug, follow=False)

    return with_earlier(kata, taken_from(kata), take_other)


def _reader(place: Path | str | Place, *, anywhere: bool) -> Callable[[Kata], Submission]:
    """Return a function that takes a kata's own files. It imports only what this kind of place needs."""
    if isinstance(place, str):
        if "@" in place or place.startswith("git:"):
            from graders.intake import git

            reference = git.parse(place)
            if reference is not None:
                return partial(git.take, reference=reference)
        place = Path(place)
    if anywhere:
        from graders.intake import places, search

        return partial(search.take, place=places.place_at(place) if isinstance(place, Path) else place)
    if isinstance(place, Path):
        if not os.path.exists(place) or os.path.isdir(place):  # unlike Path's methods, these never raise
            return partial(folder.take, submission_dir=place)
        from graders.intake.places import archive_at

        return archive_at(place).exact
    return place.exact


def with_earlier(kata: Kata, own: Submission, take_other: Callable[[Kata], Submission]) -> Submission:
    """Return a submission with the files of the katas that this kata builds on, as `take_other` returns them.

    If the submission has no file of its own, it is for other katas, so take none. Raises IntakeError if no task can be
    graded without the refused files. A milestone needs all earlier files.
    """
    if own.refused and kata.is_lost(own.refused):
        raise IntakeError(rules.together(own.refused.values()))
    if not kata.earlier or not own.files:
        return own
    earlier: dict[str, dict[str, bytes]] = {}
    notes: list[str] = []
    for other in kata.earlier:
        try:
            found = take_other(other)
            if found.refused:
                raise IntakeError(rules.together(found.refused.values()))
            earlier[other.slug] = {file.name: file.data for file in found.files}
            notes += [f"{other.slug}: {note}" for note in found.notes]
        except IntakeError as fault:
            raise IntakeError(f"{other.slug}: {fault}") from None
    taken = {place for slug, files in earlier.items() for name in files for place in (name, f"katas/{slug}/{name}")}
    ignored = tuple(name for name in own.ignored if name not in taken)
    return submission(
        kata, {file.name: file.data for file in own.files}, ignored, earlier, (*own.notes, *notes), own.refused
    )


def _beside(kata: Kata, path: Path) -> Path | None:
    """Return the folder that holds the folders of all katas, if `path` is one of these."""
    trees = ("katas", "solutions")
    inside = path.name == kata.slug and (path.parent.name in trees or path.parent.parent == kata.root)
    return path.parent if inside and path.is_dir() else None


def find(text: str) -> Path | str:
    """Return the place that the text given to `--submission` names. Raises KataError if it does not exist."""
    if "@" in text or text.startswith("git:"):
        from graders.intake import git

        reference = git.parse(text)
        if reference is not None:
            git.resolve(reference)
            return text
    if not Path(text).exists():
        said = "there is no such folder, archive or git reference. Specify the one that holds the files."
        raise KataError(f"{text}: {said}")
    return Path(text)


def shipped(kata: Kata, folder: Path) -> dict[str, bytes]:
    """Return the kata's declared files in a trusted folder, such as solutions/<slug>, without checking them."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for pattern in kata.files
        for path in sorted(folder.glob(pattern))
        if path.is_file()
    }


def shipped_earlier(kata: Kata) -> dict[str, bytes]:
    """Return the solutions' files for the katas that this kata builds on, by name. A student's copy has none."""
    return {name: data for other in kata.earlier for name, data in shipped(other, other.solution).items()}


def solved(kata: Kata) -> dict[str, bytes]:
    """Return the solution's files by name, including those for the katas that this kata builds on."""
    return shipped_earlier(kata) | shipped(kata, kata.solution)


def in_katas(kata: Kata) -> dict[str, bytes]:
    """Return the declared files in katas/ by name, including those for the katas that this kata builds on."""
    return {name: data for each in (*kata.earlier, kata) for name, data in shipped(each, each.folder).items()}


def supplied(kata: Kata) -> tuple[SubmissionFile, ...]:
    """Return the files that the kata and those that it builds on supply. Raises CatalogueError if one is unreadable."""
    files = []
    for owner, name in ((each, name) for each in (kata, *kata.earlier) for name in sorted(each.supplied)):
        try:
            files.append(SubmissionFile(name=name, data=(owner.folder / name).read_bytes()))
        except OSError as fault:
            raise CatalogueError(
                f"katas/{owner.slug}/{name}: this supplied file cannot be read ({fault.strerror}). Restore it."
            ) from None
    return tuple(files)
