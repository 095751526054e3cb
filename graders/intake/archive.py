"""Read a submission in a .zip, .tar or .tar.gz file. Only the declared files are unpacked, and only in memory.

The headers of an archive are not trusted. There are limits on the size of the archive, on the number of its entries, on
the unpacked sizes that it announces, and on the number of bytes that are actually read.
"""

from __future__ import annotations

import gzip
import io
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

from graders.intake import listing
from graders.intake.listing import FILE, FOLDER, Entry, checked_name
from graders.intake.rules import printable, refuse_all

ARCHIVE_BYTES = 64 * 1024**2
UNPACKED_BYTES = 128 * 1024**2  # the limit for all entries of an archive together
RATIO = 200  # the limit for unpacked size / packed size; source code rarely shrinks to less than a tenth
RATIO_FROM = 1024**2  # the ratio is checked only above this many unpacked bytes
DIRECTORY_BYTES = 4 * 1024**2  # the limit for a zip's list of entries
NAME_BYTES = 16 * 1024  # the limit for a tar's long name or extended header
_BLOCK = 512
_CHUNK = 1 << 16
_GZIP = b"\x1f\x8b"
_REMEDY = "Pack the files again: a .zip or a .tar.gz of the kata's folder."
_ONLY_THE_KATA = "Pack only the kata's folder."
_BROKEN = (
    EOFError, IndexError, NotImplementedError, OSError, OverflowError, RuntimeError, ValueError,
    struct.error, tarfile.TarError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def read(path: Path) -> bytes:
    """Return the content of an archive, which may be a link, but must be a plain file of a permitted size."""
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
            refuse_all(name, f"it is larger than {ARCHIVE_BYTES // 1024**2} MB", _ONLY_THE_KATA)
        return file.read(status.st_size)


def entries(name: str, data: bytes) -> list[Entry]:
    """Return what is in an archive, of a format that its first bytes show. A tar file is best read in order."""
    found = _format(data[:_BLOCK])
    if found is None:
        refuse_all(name, "it is neither a folder nor a .zip, .tar or .tar.gz file", _REMEDY)
    with _readable(name):
        return found(name, data)


def is_archive(start: bytes) -> bool:
    """Return whether a file that starts with these (at least 512) bytes is read as an archive."""
    return _format(start) is not None


def _format(start: bytes) -> Callable[[str, bytes], list[Entry]] | None:
    if start.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_entries
    is_tar = start.startswith(_GZIP) or (len(start) >= _BLOCK and _is_header(start[:_BLOCK]))
    return _tar_entries if is_tar else None


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN as fault:
        refuse_all(name, f"the archive is broken ({printable(str(fault)) or type(fault).__name__})", _REMEDY)


def _check_unpacked(name: str, unpacked: int) -> None:
    if unpacked > UNPACKED_BYTES:
        refuse_all(name, f"it unpacks to more than {UNPACKED_BYTES // 1024**2} MB", _ONLY_THE_KATA)


def _check_ratio(name: str, unpacked: int, packed: int) -> None:
    if unpacked > RATIO_FROM and unpacked > RATIO * packed:
        refuse_all(name, f"it unpacks to more than {RATIO} times its size", "Remove files that are mostly padding.")


def _check_entries(name: str, count: int) -> None:
    if count > listing.ENTRIES:
        refuse_all(name, f"it holds more than {listing.ENTRIES} files", _ONLY_THE_KATA)


# .zip files.


def _zip_entries(name: str, data: bytes) -> list[Entry]:
    # Zip64, which no permitted archive needs, could announce a longer list.
    tail = data[-(1 << 16) - 42 :]
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        refuse_all(name, "the archive is broken (its list of entries is missing)", _REMEDY)
    (size,) = struct.unpack_from("<I", tail, at + 12)
    if tail[max(at - 20, 0) :].startswith(b"PK\x06\x07") or size > DIRECTORY_BYTES:
        refuse_all(name, f"it holds more than {listing.ENTRIES} files, or claims to", _ONLY_THE_KATA)
    archive = zipfile.ZipFile(io.BytesIO(data))
    _check_entries(name, len(archive.infolist()))
    return zip_entries(name, archive, archive.infolist())


def zip_entries(name: str, archive: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo]) -> list[Entry]:
    """Return the entries of these members, within the limits on what they may unpack to."""
    _check_unpacked(name, sum(member.file_size for member in members))
    found = []
    for member in members:
        said = zip_name(member)
        _check_ratio(said, member.file_size, member.compress_size)
        read = partial(_unzipped, name, archive, member)
        found.append(Entry(checked_name(said), _zip_kind(member, said), member.file_size, read))
    return [entry for entry in found if entry.name]


def zip_name(member: zipfile.ZipInfo) -> str:
    """Return the name of a member, decoded as UTF-8 if possible, even if its flags do not announce UTF-8."""
    if member.flag_bits & 0x800:
        return member.orig_filename
    try:
        return member.orig_filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return member.orig_filename


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


def _unzipped(name: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo, most: int) -> bytes:
    with _readable(name), archive.open(member) as file:
        data = file.read(min(most, member.file_size))
        if file.read(1):  # reading to the end also verifies the checksum
            raise zipfile.BadZipFile(f"{printable(member.orig_filename)} is longer than its header says")
        return data


# .tar files.


class _Unpacked:
    """The unpacked bytes of a tar file, which count. They are read forward, or from the start again to go back.

    While tarfile reads the headers (`listing`), it may not go back, and the header of each file has a limited size.
    """

    def __init__(self, name: str, data: bytes) -> None:
        self.name, self.data = name, data
        self.listing, self.header_bytes, self.last = True, 0, b""
        self.start()

    def start(self) -> None:
        data = io.BytesIO(self.data)
        self.file = gzip.GzipFile(fileobj=data) if self.data.startswith(_GZIP) else data
        self.position = 0

    def tell(self) -> int:
        return self.position

    def read(self, count: int) -> bytes:
        """Return `count` bytes, or all that are left."""
        self.header_bytes += count
        if self.listing and (count > NAME_BYTES or self.header_bytes > 2 * NAME_BYTES):
            refuse_all(self.name, f"a name in it is longer than {NAME_BYTES} bytes", _REMEDY)
        self.last = b"".join(self._pieces(count))
        return self.last

    def seek(self, offset: int) -> None:
        """Go to `offset`. Raises EOFError if there are fewer bytes."""
        _check_unpacked(self.name, offset)
        if offset < self.position:
            if self.listing:
                raise tarfile.ReadError("one of its headers cannot be read")
            self.start()
        for _ in self._pieces(offset - self.position):
            pass
        if self.position < offset:
            raise EOFError("it ends in the middle of a file")

    def _pieces(self, count: int) -> Iterator[bytes]:
        while count > 0 and (piece := self.file.read(min(count, _CHUNK))):
            self.position += len(piece)
            count -= len(piece)
            _check_unpacked(self.name, self.position)
            yield piece

    def at(self, offset: int, size: int, most: int) -> bytes:
        """Return at most `most` bytes of the file at `offset`."""
        with _readable(self.name):
            self.seek(offset)
            return self.read(min(size, most))


def _tar_entries(name: str, data: bytes) -> list[Entry]:
    stream = _Unpacked(name, data)
    found: list[Entry] = []
    archive = tarfile.TarFile(fileobj=stream, encoding="utf-8", errors="surrogateescape")  # type: ignore[arg-type]
    for member in archive:
        _check_unpacked(name, member.size)
        sparse = member.issparse() or any(key.startswith("GNU.sparse") for key in member.pax_headers)
        kind = _SPARSE if sparse else _TAR_KINDS.get(member.type, "a device")
        if kind == FILE and member.name.endswith("/"):
            kind = FOLDER
        if entry := checked_name(member.name):
            found.append(Entry(entry, kind, member.size, partial(stream.at, member.offset_data, member.size)))
        _check_entries(name, len(found))
        stream.header_bytes = 0
    if len(stream.last) < _BLOCK or stream.last.strip(b"\0"):  # tarfile takes a broken header for the end
        raise tarfile.ReadError("it is incomplete, or one of its headers cannot be read")
    _check_ratio(name, stream.position, len(data))
    stream.listing = False
    return found


def _is_header(block: bytes) -> bool:
    try:
        return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape").size >= 0
    except tarfile.HeaderError:
        return False


_SPARSE = "a sparse file"
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
