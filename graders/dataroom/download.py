"""Fetching a file: taken up again where it stopped, checked against its sum, put in its place whole.

pooch decides whether a file must be fetched and puts it in place. It cannot go on with a download that broke off;
`Transfer`, which it calls for the bytes, can: what arrives is kept in a .part file beside the place.
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

from graders.dataroom.sources import DataError, File, in_words, mirror_of_course, unwritable

TIMEOUT_S = (10.0, 30.0)  # to connect, and between two pieces
TRIES = 5  # for a connection that breaks but brings something each time
_PIECE = 1 << 14  # bytes; what of a piece has arrived when the connection breaks is lost


class Watcher:
    """Who is told how a download goes on; this one listens to nothing."""

    def begin(self, name: str, url: str, done: int, whole: int) -> None:
        """A file comes from `url`; `done` of its `whole` bytes are here already."""

    def advance(self, count: int) -> None:
        """So many bytes more."""

    def say(self, line: str) -> None:
        """Something that a person should know."""


class Unreachable(DataError):
    """A host does not give a file; another one may."""


@contextlib.contextmanager
def alone(path: Path, name: str, watcher: Watcher) -> Iterator[None]:
    """Hold a lock file, so that one process at a time fetches a data set. Waits; raises OSError."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            watcher.say(f"{name}: another process is fetching it; waiting for that one")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def bring(file: File, hosts: Sequence[str], folder: Path, watcher: Watcher) -> Path:
    """A file in `folder`, fetched from the first host that gives it unless it is there.

    Raises DataError: no host gives it, it is another file than the sum says, or it cannot be written.
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
        raise DataError("downloads need the package pooch: pip install 'nn-katas[data]'") from None
    pooch.get_logger().setLevel("ERROR")
    return pooch


def _bring(pooch: Any, file: File, host: str, folder: Path, watcher: Watcher) -> Path:
    transfer = Transfer(file, folder / f"{file.name}.part", watcher)
    url = host + file.name
    try:
        return Path(pooch.retrieve(url, known_hash=file.sum, fname=file.name, path=folder, downloader=transfer))
    except OSError as fault:
        raise unwritable(folder / file.name, fault) from None


class Transfer:
    """Called by pooch: brings what is at `url` into a file, going on with the part that there is."""

    def __init__(self, file: File, part: Path, watcher: Watcher) -> None:
        self.file = file
        self.part = part
        self.watcher = watcher

    def __call__(self, url: str, output_file: str, _: object) -> None:
        """Raises DataError; then the part is kept if it can be gone on with, and removed if not."""
        for left in reversed(range(TRIES)):
            before = self.arrived
            if before == self.file.bytes:
                break
            try:
                self._receive(url)
            except KeyboardInterrupt:
                if self.arrived:
                    self.watcher.say(self._kept)
                raise
            except Unreachable as fault:
                if not left or self.arrived <= before:
                    raise Unreachable("; ".join(filter(None, [str(fault), self._kept]))) from None
                self.watcher.say(f"{url}: broken off after {in_words(self.arrived)}; going on")
        self._check(url)
        os.replace(self.part, output_file)

    @property
    def arrived(self) -> int:
        """Bytes that are here; a part that is longer than the file is removed."""
        size = self.part.stat().st_size if self.part.exists() else 0
        if size > self.file.bytes:
            self.part.unlink()
            return 0
        return size

    @property
    def _kept(self) -> str:
        """What is said of a part that is there."""
        told = f"{in_words(self.arrived)} of {in_words(self.file.bytes)}"
        return f"kept: {self.part} ({told}); the same command goes on from there" if self.arrived else ""

    def _receive(self, url: str) -> None:
        """Append what is missing. Raises Unreachable, and DataError for what can't be the file or be written."""
        import requests

        done = self.arrived
        # No other coding: what is fetched is compressed already, and a part must be a part of the file itself.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={done}-"} if done else {})
        try:
            response = requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_S)
        except requests.RequestException as fault:
            raise Unreachable(f"{url}: {_reason(fault)}: {_remedy()}") from None
        with response:
            if done and not _continues(response, done):
                if response.status_code not in (200, 206, 416):
                    raise self._refused(url, response)
                self.watcher.say(f"{url}: the server cannot go on from the middle; from the start again")
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
            f"{url}: {found} are sent, and the file has {self.file.bytes}: it is another file, or the page of a "
            f"network that wants a login; {_remedy()}"
        )

    def _check(self, url: str) -> None:
        import pooch

        algorithm, _, expected = self.file.sum.partition(":")
        found = pooch.file_hash(str(self.part), alg=algorithm)
        if found != expected:
            self.part.unlink()
            raise DataError(
                f"{self.part.with_suffix('')}: what came from {url} has the {algorithm} sum\n  {found}, expected is\n"
                f"  {expected}.\nIt was removed; run the command again, and if the sum is wrong again, the server has "
                "another file: name another one in NN_KATAS_DATA_URL"
            )


def _continues(response: Any, done: int) -> bool:
    """Does the answer begin with the byte that was asked for?"""
    begins = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return response.status_code == 206 and begins is not None and int(begins[1]) == done


def _remedy() -> str:
    if mirror_of_course():
        return "check NN_KATAS_DATA_URL, or unset it to fetch from the public hosts"
    return "check the connection and run the command again, or name a mirror in NN_KATAS_DATA_URL"


def _reason(fault: BaseException) -> str:
    """The innermost cause in a few words: libraries wrap it in several layers."""
    import requests
    from urllib3.exceptions import IncompleteRead, ReadTimeoutError

    layers: list[Any] = [fault]
    for layer in layers:  # which grows
        within = [layer.__cause__, layer.__context__, getattr(layer, "reason", None), *layer.args]
        layers += [each for each in within if isinstance(each, BaseException) and each not in layers]
    if any(isinstance(each, requests.Timeout | ReadTimeoutError) for each in layers):
        return "the server does not answer in time"
    if any(isinstance(each, IncompleteRead) for each in layers):
        return "the connection broke"
    for each in reversed(layers):
        if isinstance(each, socket.gaierror):
            return "the name of the host is not known"
        if isinstance(each, OSError) and isinstance(each.strerror, str):
            return each.strerror
    return str(fault)
