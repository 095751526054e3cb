"""Download files, resume interrupted downloads, and verify checksums.

The received bytes are in a .part file next to the destination until all have arrived.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from graders.datasets.sources import DataError, DataFile, unwritable
from graders.extras import missing

TIMEOUT_S = (10.0, 30.0)  # how long to wait for a connection, and for the next piece
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

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"{url}: {reason}: check the connection, and NN_KATAS_DATA_URL if you have set it. Then run the same "
            "command again: it continues with what has arrived."
        )


def bring(file: DataFile, hosts: Sequence[str], folder: Path, watcher: Watcher) -> Path:
    """Return the path of a file in `folder`, and download the file if it is missing.

    The hosts are tried in order. Raises DataError if no host delivers the file, if its checksum is wrong, or if it
    cannot be written. An incomplete file is kept, so that the next call can resume the download.
    """
    path, part = folder / file.name, folder / f"{file.name}.part"
    if path.exists() and _sum(path) == file.sum:
        return path
    for host in hosts:
        try:
            _receive(host + file.name, file, part, watcher)
            break
        except Unreachable as fault:
            if host == hosts[-1]:
                raise
            watcher.say(str(fault))
    found = _sum(part)
    if found != file.sum:
        part.unlink()
        raise DataError(
            f"{path}: the file from {host}{file.name} has the sum\n  {found}, expected\n  {file.sum}.\n"
            "It was removed. Run the command again; if the sum is wrong again, the server has a different file: choose "
            "another server with NN_KATAS_DATA_URL."
        )
    return part.replace(path)


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def _receive(url: str, file: DataFile, part: Path, watcher: Watcher) -> None:
    """Append the missing bytes to the partial file. Raises Unreachable, or another DataError if it must be removed."""
    try:
        import requests
    except ImportError:
        raise DataError(missing("requests")) from None
    done = part.stat().st_size if part.exists() else 0
    if done >= file.bytes:
        return
    # Ask for no content encoding. The files are already compressed, and a download can be resumed only if the stored
    # bytes are the beginning of the file itself.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={done}-"} if done else {})
    try:
        response = requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_S)
    except requests.RequestException as fault:
        raise Unreachable(url, _reason(fault)) from None
    with response:
        if response.status_code not in (200, 206):
            raise Unreachable(url, f"the server answers {response.status_code} {response.reason}")
        if response.status_code == 200:  # also if the server cannot resume a download
            done = 0
        length = response.headers.get("Content-Length", "")
        if length.isdecimal() and done + int(length) != file.bytes:
            part.unlink(missing_ok=True)
            raise DataError(
                f"{url}: the server sends {done + int(length)} bytes, but the file has {file.bytes}, so it is a "
                "different file or a network's login page. Check the connection, or choose another server with "
                "NN_KATAS_DATA_URL."
            )
        watcher.begin(file.name, url, done, file.bytes)
        done = _append(_pieces(url, response), file, part, done, watcher)
    if done < file.bytes:
        raise Unreachable(url, "the connection ended")


def _append(pieces: Iterator[bytes], file: DataFile, part: Path, done: int, watcher: Watcher) -> int:
    """Write the pieces after the first `done` bytes, stop once the file is too long, and return its length."""
    try:
        with part.open("ab" if done else "wb") as stored:
            for piece in pieces:
                stored.write(piece)
                stored.flush()  # what has arrived is kept, however this process ends
                watcher.advance(len(piece))
                done += len(piece)
                if done > file.bytes:
                    break
    except OSError as fault:
        with contextlib.suppress(OSError):
            part.unlink()
        raise unwritable(part, fault) from None
    return done


def _pieces(url: str, response: Any) -> Iterator[bytes]:
    from urllib3.exceptions import HTTPError

    try:
        yield from response.raw.stream(_PIECE, decode_content=False)
    except (HTTPError, OSError) as fault:
        raise Unreachable(url, _reason(fault)) from None


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
