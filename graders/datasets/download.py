"""Download files, resume interrupted downloads, and verify checksums.

The package pooch decides whether a file must be downloaded. Because pooch cannot resume an interrupted download, the
class `Transfer` does the transfer. It stores the received bytes in a .part file next to the destination.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import os
import re
import socket
from collections.abc import Iterator, Sequence
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
    pooch = _pooch()
    *others, last = hosts
    for host in others:
        try:
            return _bring(pooch, file, host, folder, watcher)
        except Unreachable as fault:
            watcher.say(str(fault))
    return _bring(pooch, file, last, folder, watcher)


def _pooch() -> Any:
    try:
        pooch = importlib.import_module("pooch")
    except ImportError:
        raise DataError("downloads need the package pooch: pip install -e '.[data]'") from None
    pooch.get_logger().setLevel("ERROR")
    return pooch


def _bring(pooch: Any, file: DataFile, host: str, folder: Path, watcher: Watcher) -> Path:
    transfer = Transfer(file, folder / f"{file.name}.part", watcher)
    url = host + file.name
    try:
        return Path(pooch.retrieve(url, known_hash=file.sum, fname=file.name, path=folder, downloader=transfer))
    except OSError as fault:
        raise unwritable(folder / file.name, fault) from None


class Transfer:
    """A downloader for pooch that resumes interrupted downloads."""

    def __init__(self, file: DataFile, part: Path, watcher: Watcher) -> None:
        self.file = file
        self.part = part
        self.watcher = watcher

    def __call__(self, url: str, output_file: str, _: object) -> None:
        """Download `url` to `output_file`.

        Raises DataError. The partial file is kept if the download can be resumed.
        """
        for left in reversed(range(TRIES)):
            before = self.arrived
            if before == self.file.bytes:
                break
            try:
                self._receive(url)
            except KeyboardInterrupt:
                if self.arrived:
                    self.watcher.say(self._resumable)
                raise
            except Unreachable as fault:
                if not left or self.arrived <= before:
                    raise Unreachable("; ".join(filter(None, [str(fault), self._resumable]))) from None
                self.watcher.say(f"{url}: interrupted after {in_words(self.arrived)}; resuming")
        self._check(url)
        os.replace(self.part, output_file)

    @property
    def arrived(self) -> int:
        """The number of bytes that have arrived. A partial file that is too long is removed."""
        size = self.part.stat().st_size if self.part.exists() else 0
        if size > self.file.bytes:
            self.part.unlink()
            return 0
        return size

    @property
    def _resumable(self) -> str:
        """A message about the partial file, or an empty string if nothing has arrived."""
        share = f"{in_words(self.arrived)} of {in_words(self.file.bytes)}"
        return f"{share} stored in {self.part}; run the same command to continue" if self.arrived else ""

    def _receive(self, url: str) -> None:
        """Append the missing bytes to the partial file.

        Raises Unreachable, or another DataError if the file is wrong or cannot be written.
        """
        import requests

        done = self.arrived
        # Ask for no content encoding. The files are already compressed, and a download can be resumed only if the
        # stored bytes are the beginning of the file itself.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={done}-"} if done else {})
        try:
            response = requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_S)
        except requests.RequestException as fault:
            raise Unreachable(f"{url}: {_reason(fault)}: {_remedy()}") from None
        with response:
            if done and not _continues(response, done):
                if response.status_code not in (200, 206, 416):
                    raise self._refused(url, response)
                self.watcher.say(f"{url}: the server cannot resume a download; starting again")
                self.part.unlink()
                if response.status_code != 200:
                    return self._receive(url)
                done = 0
            if response.status_code not in (200, 206):
                raise self._refused(url, response)
            length = response.headers.get("Content-Length", "")
            if length.isdecimal() and done + int(length) != self.file.bytes:
                raise self._another(url, f"{done + int(length)} bytes")
            self.watcher.begin(self.file.name, url, done, self.file.bytes)
            self._append(url, response, done)
        return None

    def _append(self, url: str, response: Any, done: int) -> None:
        try:
            with self.part.open("ab" if done else "wb") as file:
                for piece in self._pieces(url, response):
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
            raise self._another(url, f"more than {self.file.bytes} bytes")
        if done < self.file.bytes:
            raise Unreachable(f"{url}: the connection ended: {_remedy()}")

    def _pieces(self, url: str, response: Any) -> Iterator[bytes]:
        from urllib3.exceptions import HTTPError

        try:
            yield from response.raw.stream(_PIECE, decode_content=False)
        except (HTTPError, OSError) as fault:
            raise Unreachable(f"{url}: {_reason(fault)}: {_remedy()}") from None

    def _refused(self, url: str, response: Any) -> Unreachable:
        return Unreachable(f"{url}: the server answers {response.status_code} {response.reason}: {_remedy()}")

    def _another(self, url: str, found: str) -> DataError:
        with contextlib.suppress(OSError):
            self.part.unlink()
        return DataError(
            f"{url}: the server sends {found}, but the file has {self.file.bytes}, so it is a different file or a "
            f"network's login page; {_remedy()}"
        )

    def _check(self, url: str) -> None:
        import pooch

        algorithm, _, expected = self.file.sum.partition(":")
        found = pooch.file_hash(str(self.part), alg=algorithm)
        if found != expected:
            self.part.unlink()
            raise DataError(
                f"{self.part.with_suffix('')}: the file from {url} has the {algorithm} sum\n  {found}, expected\n"
                f"  {expected}.\nIt was removed. Run the command again; if the sum is wrong again, the server has a "
                "different file: choose another server with NN_KATAS_DATA_URL."
            )


def _continues(response: Any, done: int) -> bool:
    begins = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return response.status_code == 206 and begins is not None and int(begins[1]) == done


def _remedy() -> str:
    if mirror_of_course():
        return "check NN_KATAS_DATA_URL, or unset it to fetch from the public hosts"
    return "check the connection and run the command again, or set a mirror with NN_KATAS_DATA_URL"


def _reason(fault: BaseException) -> str:
    """Describe the innermost cause of an exception. Libraries wrap this cause in several other exceptions."""
    import requests
    from urllib3.exceptions import IncompleteRead, ReadTimeoutError

    layers: list[Any] = [fault]
    for layer in layers:  # the loop extends this list
        within = [layer.__cause__, layer.__context__, getattr(layer, "reason", None), *layer.args]
        layers += [each for each in within if isinstance(each, BaseException) and each not in layers]
    if any(isinstance(each, requests.Timeout | ReadTimeoutError) for each in layers):
        return "the server did not respond in time"
    if any(isinstance(each, IncompleteRead) for each in layers):
        return "the connection broke"
    for each in reversed(layers):
        if isinstance(each, socket.gaierror):
            return "unknown host name"
        if isinstance(each, OSError) and isinstance(each.strerror, str):
            return each.strerror
    return str(fault)
