"""Submissions kept by their digest, so that a verdict can be appealed, replayed and regraded."""

from __future__ import annotations

import contextlib
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from graders import intake
from graders.batch.disk import writing
from graders.catalogue import Kata
from graders.errors import KataError
from graders.files import replacing
from graders.intake import Submission

_PACKED_BYTES = 1 << 20  # larger files are stored as they are
_NEVER = (1980, 1, 1, 0, 0, 0)  # the same files make the same archive


class Store:
    """A folder of archives, one a submission: `ab/abcdef….zip`, named by `Submission.sha256`.

    `katas replay VERDICT.json --submission ARCHIVE` takes one as it is.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def place(self, sha256: str) -> Path:
        """Where a submission is, or would be."""
        return self.folder / sha256[:2] / f"{sha256}.zip"

    def keep(self, submission: Submission) -> Path:
        """Keep a submission; on disk when this returns."""
        place = self.place(submission.sha256)
        if place.exists():
            return place
        with writing(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            with replacing(place) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                for each in submission.files:
                    # Intake refuses what unpacks to far more than its size, and a replay takes this archive in again.
                    method = zipfile.ZIP_STORED if len(each.data) > _PACKED_BYTES else zipfile.ZIP_DEFLATED
                    archive.writestr(zipfile.ZipInfo(each.name, _NEVER), each.data, method)
        return place

    def take(self, kata: Kata, sha256: str) -> Submission:
        """A submission that was kept. Raises KataError where it is not there, or is not what it was."""
        place = self.place(sha256)
        if not place.is_file():
            raise KataError(f"{place}: the submission is not kept (any more), so it cannot be graded again")
        try:
            with zipfile.ZipFile(place) as archive:
                files = {each.filename: archive.read(each) for each in archive.infolist()}
        except (OSError, zipfile.BadZipFile, zlib.error, EOFError) as fault:
            raise KataError(f"{place}: it cannot be read ({fault}); restore it from a copy") from None
        taken = intake.submission(kata, files)
        if taken.sha256 != sha256:
            raise KataError(f"{place}: it is not what was handed in; restore it from a copy")
        return taken

    def digests(self) -> Iterator[str]:
        """Of everything that is kept."""
        for place in self.folder.glob("??/*.zip"):
            yield place.stem

    def drop(self, sha256: str) -> bool:
        """Remove a submission; whether it was there."""
        place = self.place(sha256)
        try:
            place.unlink()
        except FileNotFoundError:
            return False
        with contextlib.suppress(OSError):
            place.parent.rmdir()
        return True
