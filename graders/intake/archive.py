"""Take a submission from a .zip or .tar file. Only the declared files are unpacked, and only in memory.

The headers of an archive are not trusted. There are limits on the size of the archive, on the number of its entries, on
the unpacked sizes that it announces, and on the number of bytes that are actually read. A tar file is read twice, first
to list its entries, and then to read the declared files in the order of the list.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

from graders.catalogue import Kata
from graders.errors import IntakeError
from graders.intake import listing
from graders.intake.listing import FILE, FOLDER, Entry, checked_name
from graders.intake.records import Submission
from graders.intake.rules import printable, refuse_all

ARCHIVE_BYTES = 64 * 1024**2
UNPACKED_BYTES = 128 * 1024**2  # the limit for all entries of an archive together
RATIO = 200  # the limit for unpacked size / packed size; source code rarely shrinks to less than a tenth
RATIO_FROM = 1024**2  # the ratio is checked only above this many unpacked bytes
DIRECTORY_BYTES = 4 * 1024**2  # the limit for a zip's list of entries
NAME_BYTES = 16 * 1024  # the limit for a tar's long name or extended header
_BLOCK = 512
_CHUNK = 1 << 16
_ZSTANDARD = b"\x28\xb5\x2f\xfd"  # the standard library cannot read this format before Python 3.14
_REMEDY = "Pack the files again: a .zip or a .tar.gz of the kata's folder."


def take(kata: Kata, path: Path) -> Submission:
    """Return the declared files in an archive, whose format is detected from its first bytes."""
    with _opened(path) as file, _readable(path.name):
        return listing.take(kata, _lister(path.name, file)(path.name, file))


def read(path: Path) -> bytes:
    """Return the content of an archive, which may be a link, but must be a plain file of a permitted size."""
    with _opened(path) as file:
        return file.read(ARCHIVE_BYTES)


def entries(name: str, data: bytes) -> list[Entry]:
    """Return what is in an archive in memory. The entries can be read in any order, and more than once."""
    file = io.BytesIO(data)
    with _readable(name):
        listed = _lister(name, file)
        found = listed(name, file)
    if listed is _zip_entries:
        return guarded(name, found)
    return [entry._replace(read=partial(_read_again, name, data, number)) for number, entry in enumerate(found)]


def guarded(name: str, found: Sequence[Entry]) -> list[Entry]:
    """Return the entries such that an error in the archive `name` is an IntakeError when they are read."""
    return [entry._replace(read=partial(_guarded_read, name, entry.read)) for entry in found]


def _guarded_read(name: str, read: Callable[[int], bytes], most: int) -> bytes:
    with _readable(name):
        return read(most)


def _read_again(name: str, data: bytes, number: int, most: int) -> bytes:
    """Read an entry of a tar file from the start, because its entries can only be read in their order."""
    file = io.BytesIO(data)
    with _readable(name):
        return _lister(name, file)(name, file)[number].read(most)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a plain file that is not too large for an archive."""
    name = path.name
    try:
        file = open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC), "rb")  # noqa: SIM115
    except OSError as fault:
        refuse_all(name, f"it cannot be read ({fault.strerror})", "Make it an ordinary, readable file.")
    with file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            refuse_all(name, "it is neither a folder nor a file", _REMEDY)
        if status.st_size > ARCHIVE_BYTES:
            refuse_all(name, f"it is larger than {ARCHIVE_BYTES // 1024**2} MB", "Pack only the kata's folder.")
        yield file


def is_archive(start: bytes) -> bool:
    """Return whether a file that starts with these (at least 512) bytes is read as an archive."""
    return start.startswith(_ZSTANDARD) or _format(start) is not None


def _lister(name: str, file: IO[bytes]) -> Callable[[str, IO[bytes]], list[Entry]]:
    start = file.read(_BLOCK)
    file.seek(0)
    if start.startswith(_ZSTANDARD):
        refuse_all(name, "it is packed with Zstandard, which is not supported", "Hand in a .zip or a .tar.gz.")
    found = _format(start)
    if found is None:
        refuse_all(name, "it is neither a folder nor a .zip or .tar file", _REMEDY)
    return found


def _format(start: bytes) -> Callable[[str, IO[bytes]], list[Entry]] | None:
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_entries
    for sign, unpacked in _PACKED.items():
        if start.startswith(sign):
            return partial(_tar_list, unpacked=unpacked)
    if len(start) >= _BLOCK and _header(start[:_BLOCK]) is not None:
        return partial(_tar_list, unpacked=lambda packed: packed)
    return None


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except IntakeError:
        raise
    except (
        EOFError,
        IndexError,
        NotImplementedError,
        OSError,
        OverflowError,
        RuntimeError,
        ValueError,
        lzma.LZMAError,
        struct.error,
        tarfile.TarError,
        zipfile.BadZipFile,
        zlib.error,
    ) as fault:
        refuse_all(name, f"the archive is broken ({printable(str(fault)) or type(fault).__name__})", _REMEDY)


def _check_unpacked(name: str, unpacked: int) -> None:
    if unpacked > UNPACKED_BYTES:
        refuse_all(name, f"it unpacks to more than {UNPACKED_BYTES // 1024**2} MB", "Pack only the kata's folder.")


def _check_ratio(name: str, unpacked: int, packed: int) -> None:
    if unpacked > RATIO_FROM and unpacked > RATIO * packed:
        refuse_all(name, f"it unpacks to more than {RATIO} times its size", "Remove files that are mostly padding.")


def _check_entries(name: str, count: int) -> None:
    if count > listing.ENTRIES:
        refuse_all(name, f"it holds more than {listing.ENTRIES} files", "Pack only the kata's folder.")


def _zip_entries(name: str, file: IO[bytes]) -> list[Entry]:
    _check_directory(name, file)
    archive = zipfile.ZipFile(file)
    members = archive.infolist()
    _check_entries(name, len(members))
    return zip_entries(name, archive, members)


def zip_entries(name: str, archive: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo]) -> list[Entry]:
    """Return the entries of these members, within the limits on what they may unpack to."""
    _check_unpacked(name, sum(member.file_size for member in members))
    for member in members:
        _check_ratio(zip_name(member), member.file_size, member.compress_size)
    found = [_zip_entry(archive, member) for member in members]
    return [entry for entry in found if entry.name]


def _check_directory(name: str, file: IO[bytes]) -> None:
    """Refuse a .zip file whose list of entries is too long, or that uses zip64, which no permitted archive needs."""
    end = file.seek(0, os.SEEK_END)
    file.seek(max(end - (1 << 16) - 42, 0))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        refuse_all(name, "the archive is broken (its list of entries is missing)", _REMEDY)
    (size,) = struct.unpack_from("<I", tail, at + 12)
    if tail[max(at - 20, 0) :].startswith(b"PK\x06\x07") or size > DIRECTORY_BYTES:
        refuse_all(name, f"it holds more than {listing.ENTRIES} files, or claims to", "Pack only the kata's folder.")


def zip_name(member: zipfile.ZipInfo) -> str:
    """Return the name of a member, decoded as UTF-8 if possible, even if its flags do not announce UTF-8."""
    if member.flag_bits & 0x800:
        return member.orig_filename
    try:
        return member.orig_filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return member.orig_filename


def _zip_entry(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Entry:
    name = zip_name(member)
    return Entry(checked_name(name), _zip_kind(member, name), member.file_size, partial(_unzipped, archive, member))


def _zip_kind(member: zipfile.ZipInfo, name: str) -> str:
    if member.flag_bits & 0x1:
        return "encrypted"
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "a symbolic link" if kind == stat.S_IFLNK else "a device, a pipe or a socket"
    if name.endswith("/") or kind == stat.S_IFDIR:
        return FOLDER
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "compressed with a method other than deflate"  # here the unpacked size could not be limited
    return FILE


def _unzipped(archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes:
    with archive.open(member) as file:
        data = file.read(min(most, member.file_size))
        if file.read(1):  # reading to the end also verifies the checksum
            raise zipfile.BadZipFile(f"{printable(member.orig_filename)} is longer than its header says")
        return data


def _tar_list(name: str, file: IO[bytes], unpacked: Callable[[IO[bytes]], IO[bytes]]) -> list[Entry]:
    first = _Forward(name, unpacked(file))
    members = _tar_entries(name, first)
    packed = file.seek(0, os.SEEK_END)
    _check_ratio(name, first.position, packed)
    file.seek(0)
    second = _Forward(name, unpacked(file))
    return [Entry(member, kind, size, partial(second.at, offset, size)) for member, kind, size, offset in members]


class _Forward:
    """A forward-only reader of an unpacked stream, which refuses to read more than the allowed number of bytes."""

    def __init__(self, name: str, file: IO[bytes]) -> None:
        self.name = name
        self.file = file
        self.position = 0

    def read(self, count: int) -> bytes:
        """Return `count` bytes, or all that are left."""
        pieces = []
        while count and (piece := self.file.read(min(count, _CHUNK))):
            self.position += len(piece)
            count -= len(piece)
            _check_unpacked(self.name, self.position)
            pieces.append(piece)
        return b"".join(pieces)

    def skip(self, count: int) -> None:
        """Skip `count` bytes. Raises EOFError if there are fewer."""
        while count:
            passed = len(self.read(min(count, _CHUNK)))
            if not passed:
                raise EOFError("it ends in the middle of a file")
            count -= passed

    def at(self, offset: int, size: int, most: int) -> bytes:
        """Return at most `most` bytes of the file at `offset`. Offsets must increase from call to call."""
        self.skip(offset - self.position)
        return self.read(min(size, most))


def _tar_entries(name: str, stream: _Forward) -> list[tuple[str, str, int, int]]:
    """Return the name, kind, size and offset of every member."""
    found: list[tuple[str, str, int, int]] = []
    extended: dict[str, str] = {}  # the fields of an extended header, which describe the next member
    while (block := stream.read(_BLOCK)).count(0) != _BLOCK:
        if len(block) < _BLOCK:
            raise EOFError("it is incomplete")
        member = _header(block)
        if member is None:
            raise tarfile.ReadError("one of its headers cannot be read")
        size = int(extended.get("size", member.size))
        _check_unpacked(name, size)
        if member.type in _EXTENDED:
            if size > NAME_BYTES:
                refuse_all(name, f"a name in it is longer than {NAME_BYTES} bytes", _REMEDY)
            data = stream.read(size)
            stream.skip(-size % _BLOCK)
            extended |= _EXTENDED[member.type](data)
            continue
        entry = checked_name(extended.get("path", member.name))
        sparse = any(key.startswith("GNU.sparse") for key in extended)
        kind = _SPARSE if sparse else _TAR_KINDS.get(member.type, "a device")
        has_data = member.type in (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE) or kind == _SPARSE
        if kind == FILE and extended.get("path", member.name).endswith("/"):
            kind = FOLDER  # the oldest tar format marks folders like this
        if entry:
            found.append((entry, kind, size, stream.position))
        _check_entries(name, len(found))
        extended = {}
        if has_data:
            stream.skip(size + -size % _BLOCK)
    return found


def _header(block: bytes) -> tarfile.TarInfo | None:
    try:
        member = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return None
    return member if member.size >= 0 else None


def _pax(data: bytes) -> dict[str, str]:
    """Parse an extended header, whose records have the form `LENGTH KEY=VALUE` and end with a newline."""
    found = {}
    while data:
        length = int(data[: data.index(b" ")])
        record, data = data[:length], data[length:]
        key, sign, value = record.partition(b" ")[2].partition(b"=")
        if not sign or len(record) != length or not record.endswith(b"\n"):
            raise tarfile.ReadError("an extended header cannot be read")
        found[key.decode("utf-8", "replace")] = os.fsdecode(value[:-1])
    if not found.get("size", "0").isascii() or not found.get("size", "0").isdigit():
        raise tarfile.ReadError("an extended header has an invalid size")
    return found


def _long_name(data: bytes) -> dict[str, str]:
    return {"path": os.fsdecode(data.split(b"\0")[0])}


def _ignored(_: bytes) -> dict[str, str]:
    return {}


_SPARSE = "a sparse file"
_EXTENDED: dict[bytes, Callable[[bytes], dict[str, str]]] = {
    tarfile.XHDTYPE: _pax,
    tarfile.XGLTYPE: _ignored,
    tarfile.GNUTYPE_LONGNAME: _long_name,
    tarfile.GNUTYPE_LONGLINK: _ignored,
}
_TAR_KINDS = {
    tarfile.REGTYPE: FILE,
    tarfile.AREGTYPE: FILE,
    tarfile.CONTTYPE: FILE,
    tarfile.DIRTYPE: FOLDER,
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.LNKTYPE: "a hard link to another file",
    tarfile.FIFOTYPE: "a pipe",
    tarfile.GNUTYPE_SPARSE: _SPARSE,
}


class _Xz(io.RawIOBase):
    """A reader that unpacks an .xz file within a memory limit, because the file's header may demand any amount."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=UNPACKED_BYTES)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = b""
        while not data and not self.decompressor.eof:
            packed = self.file.read(_CHUNK) if self.decompressor.needs_input else b""
            if not packed and self.decompressor.needs_input:
                raise EOFError("it is incomplete")
            data = self.decompressor.decompress(packed, len(buffer))
        buffer[: len(data)] = data
        return len(data)


_PACKED: dict[bytes, Callable[[IO[bytes]], IO[bytes]]] = {
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),  # type: ignore[dict-item,return-value]
    b"BZh": lambda file: bz2.BZ2File(file),
    b"\xfd7zXZ\x00": lambda file: io.BufferedReader(_Xz(file)),
}
