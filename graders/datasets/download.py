"""Download files, resume interrupted downloads, and verify checksums.

The received bytes are in a .part file next to the destination until all have arrived.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import http.client
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graders.datasets.sources import DataError, DataFile, in_words, mirror_of_course, unwritable

TIMEOUT_S = (10.0, 30.0)  # how long to wait for a connection, and for the next piece
TRIES = 5  # the maximum number of connections for a file, if each one breaks after delivering some bytes
_PIECE = 1 << 14  # bytes per piece; when the connection breaks, an incomplete piece is lost


class Watcher:
    """A receiver of download progress. This base class ignores everything that it receives."""

    def begin(self, name: str, url: str, done: int, whole: int) -> None:
        """Report that a download starts. The file has `whole` bytes, and `done` of them have already arrived."""

    def advance(self, count: int) -> None:
        """Report that `count` more bytes have arrived."""

    def say(self, line: str) -> None:
        """Pass on a message to the user."""


class Unreachable(DataError):
    """A host did not deliver a file. Another host may deliver it."""


@contextlib.contextmanager
def fetch_lock(path: Path, name: str, watcher: Watcher) -> Iterator[None]:
    """Hold a lock on a file, so that only one process at a time fetches a data set. Raises OSError."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            watcher.say(f"{name}: another process is fetching it; waiting for that process")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def bring(file: DataFile, hosts: Sequence[str], folder: Path, watcher: Watcher) -> Path:
    """Return the path of a file in `folder`, and download the file if it is missing.

    The hosts are tried in order. Raises DataError if no host delivers the file, if its checksum is wrong, or if it
    cannot be written.
    """
    path = folder / file.name
    if path.exists() and _sum(path) == file.sum:
        return path
    for host in hosts:
        transfer = _Transfer(host + file.name, file, folder / f"{file.name}.part", watcher)
        try:
            transfer.run()
            break
        except Unreachable as fault:
            if host == hosts[-1]:
                raise
            watcher.say(str(fault))
    return transfer.part.replace(path)


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


@dataclass(frozen=True)
class _Transfer:
    url: str
    file: DataFile
    part: Path
    watcher: Watcher

    def run(self) -> None:
        """Complete the partial file. Raises DataError, and keeps the file if the download can be resumed."""
        for left in reversed(range(TRIES)):
            before = self._arrived
            if before == self.file.bytes:
                break
            try:
                self._receive(before)
            except KeyboardInterrupt:
                if self._arrived:
                    self.watcher.say(self._resumable)
                raise
            except Unreachable as fault:
                if not left or self._arrived <= before:
                    raise Unreachable("; ".join(filter(None, [str(fault), self._resumable]))) from None
                self.watcher.say(f"{self.url}: interrupted after {in_words(self._arrived)}; resuming")
        found = _sum(self.part)
        if found != self.file.sum:
            self.part.unlink()
            raise DataError(
                f"{self.part.with_suffix('')}: the file from {self.url} has the sha256 sum\n  "
                f"{found.removeprefix('sha256:')}, expected\n  {self.file.sum.removeprefix('sha256:')}.\n"
                "It was removed. Run the command again; if the sum is wrong again, the server has a "
                "different file: choose another server with NN_KATAS_DATA_URL."
            )

    @property
    def _arrived(self) -> int:
        """The number of bytes that have arrived. A partial file that is too long is removed."""
        size = self.part.stat().st_size if self.part.exists() else 0
        if size > self.file.bytes:
            self.part.unlink()
            return 0
        return size

    @property
    def _resumable(self) -> str:
        """A message about the partial file, or an empty string if nothing has arrived."""
        share = f"{in_words(self._arrived)} of {in_words(self.file.bytes)}"
        return f"{share} stored in {self.part}; run the same command to continue" if self._arrived else ""

    def _receive(self, done: int) -> None:
        """Append the missing bytes to the partial file, which has `done` bytes.

        Raises Unreachable, or another DataError if the file is wrong or cannot be written.
        """
        try:
            import requests
        except ImportError:
            raise DataError("downloads need the package requests: pip install -e '.[data]'") from None
        # Ask for no content encoding. The files are already compressed, and a download can be resumed only if the
        # stored bytes are the beginning of the file itself.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={done}-"} if done else {})
        try:
            response = requests.get(self.url, headers=headers, stream=True, timeout=TIMEOUT_S)
        except requests.RequestException as fault:
            raise self._unreachable(_reason(fault)) from None
        with response:
            status = response.status_code
            continues = status == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {done}-")
            if done and not continues and status in (200, 206, 416):
                self.watcher.say(f"{self.url}: the server cannot resume a download; starting again")
                self.part.unlink()
                if status != 200:
                    return self._receive(0)
                done = 0
            if status not in (200, 206):
                raise self._unreachable(f"the server answers {status} {response.reason}")
            length = response.headers.get("Content-Length", "")
            if length.isdecimal() and done + int(length) != self.file.bytes:
                raise self._different(f"{done + int(length)} bytes")
            self.watcher.begin(self.file.name, self.url, done, self.file.bytes)
            self._append(response, done)
        return None

    def _append(self, response: Any, done: int) -> None:
        try:
            with self.part.open("ab" if done else "wb") as file:
                for piece in self._pieces(response):
                    done += len(piece)
                    if done > self.file.bytes:
                        break
                    file.write(piece)
                    self.watcher.advance(len(piece))
        except OSError as fault:
            with contextlib.suppress(OSError):
                self.part.unlink()
            raise unwritable(self.part, fault) from None
        if done > self.file.bytes:
            raise self._different(f"more than {self.file.bytes} bytes")
        if done < self.file.bytes:
            raise self._unreachable("the connection ended")

    def _pieces(self, response: Any) -> Iterator[bytes]:
        from urllib3.exceptions import HTTPError

        try:
            yield from response.raw.stream(_PIECE, decode_content=False)
        except (HTTPError, OSError) as fault:
            raise self._unreachable(_reason(fault)) from None

    def _unreachable(self, reason: str) -> Unreachable:
        return Unreachable(f"{self.url}: {reason}: {_remedy()}")

    def _different(self, found: str) -> DataError:
        with contextlib.suppress(OSError):
            self.part.unlink()
        return DataError(
            f"{self.url}: the server sends {found}, but the file has {self.file.bytes}, so it is a different file or a "
            f"network's login page; {_remedy()}"
        )


def _remedy() -> str:
    if mirror_of_course():
        return "check NN_KATAS_DATA_URL, or unset it to fetch from the public hosts"
    return "check the connection and run the command again, or set a mirror with NN_KATAS_DATA_URL"


def _reason(fault: BaseException) -> str:
    """Describe the innermost cause of an exception, which libraries wrap in several others."""
    while fault.__context__ is not None:
        fault = fault.__context__
    if isinstance(fault, TimeoutError):
        return "the server did not respond in time"
    if isinstance(fault, http.client.IncompleteRead):
        return "the connection broke"
    if isinstance(fault, socket.gaierror):
        return "unknown host name"
    return str(getattr(fault, "strerror", None) or fault)
