"""Store submissions by digest, so that students can appeal and verdicts can be replayed or replaced."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from graders import intake
from graders.atomic import interrupts_deferred, replacing
from graders.catalogue import Kata
from graders.errors import KataError
from graders.intake import Submission

_PACKED_BYTES = 1 << 20  # larger files are stored uncompressed
_NEVER = (1980, 1, 1, 0, 0, 0)  # a fixed date, so that the same files make the same archive


class Store:
    """A folder of archives, each of which holds a submission with the digest abcdef… in `ab/abcdef….zip`.

    The command `katas replay VERDICT.json --submission ARCHIVE` accepts such an archive.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha256: str) -> Path:
        """Return the path of a submission's archive, whether or not the archive exists."""
        return self.folder / sha256[:2] / f"{sha256}.zip"

    def keep(self, submission: Submission) -> Path:
        """Store a submission, and return the path of its archive, which is on disk then."""
        path = self.path(submission.sha256)
        if path.exists():
            return path
        with writing(path), interrupts_deferred():  # if writing is interrupted, closing the archive raises an error
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, data in submission.stored.items():  # intake refuses to replay what unpacks to far more
                    method = zipfile.ZIP_STORED if len(data) > _PACKED_BYTES else zipfile.ZIP_DEFLATED
                    archive.writestr(zipfile.ZipInfo(name, _NEVER), data, method)
                for name, reason in submission.refused.items():  # a link in its path is refused in a replay, too
                    link = zipfile.ZipInfo(name, _NEVER)
                    link.external_attr = stat.S_IFLNK << 16
                    archive.writestr(link, reason)
        return path

    def take(self, kata: Kata, sha256: str) -> Submission:
        """Return a stored submission. Raises KataError if it is missing or damaged."""
        path = self.path(sha256)
        if not path.is_file():
            raise KataError(f"{path}: the submission is missing, so it cannot be graded again. Restore it from a copy.")
        try:
            with zipfile.ZipFile(path) as archive:
                contents = {each.filename: archive.read(each) for each in archive.infolist()}
                links = {each.filename for each in archive.infolist() if stat.S_ISLNK(each.external_attr >> 16)}
        except (OSError, zipfile.BadZipFile, zlib.error, EOFError) as fault:
            raise KataError(f"{path}: the archive cannot be read ({fault}). Restore it from a copy.") from None
        refused = {name: contents.pop(name).decode() for name in links}
        submission = intake.restored(kata, contents, refused)
        if submission.sha256 != sha256:
            raise KataError(f"{path}: its files are not the ones that were submitted. Restore the archive from a copy.")
        return submission

    def digests(self) -> Iterator[str]:
        """Yield the digests of all stored submissions."""
        return (path.stem for path in self.folder.glob("??/*.zip"))

    def drop(self, sha256: str) -> bool:
        """Remove a submission, and return whether it existed."""
        path = self.path(sha256)
        if not path.exists():
            return False
        path.unlink()
        with suppress(OSError):
            path.parent.rmdir()
        return True


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn an OSError from writing one of a batch's files into a KataError that names the file."""
    try:
        yield
    except OSError as fault:
        raise KataError(
            f"{path}: {fault.strerror}, so it was not written. Fix that, and run the same command again to continue."
        ) from None
