"""A submission's declared files, and nothing else.

Nothing here trusts the folder: it may hold links, devices or a million files, and may change while it is read. Every
step goes through the descriptor of the folder before it, no link is followed, and only plain files are opened.
"""

from __future__ import annotations

import codecs
import hashlib
import io
import os
import stat
import tokenize
import unicodedata
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import NoReturn

from graders.catalogue import Kata, is_glob, matches
from graders.errors import CatalogueError, IntakeError
from graders.verdict import Record

SOURCE_BYTES = 256 * 1024  # a .py file; the longest one anybody wrote for these katas is a tenth of it
DATA_BYTES = 8 * 1024**2  # any other file
TOTAL_BYTES = 32 * 1024**2
FILES_PER_PATTERN = 1_000  # a pattern that matches as many is refused
FOLDER_ENTRIES = 10_000  # more beside the files of a pattern are not looked through
IGNORED_SHOWN = 50
IGNORED_WALKED = 2_000
IGNORED_DEPTH = 8

_TEXT = frozenset({".csv", ".json", ".md", ".py", ".toml", ".txt"})
_COMPILED = frozenset({".a", ".dll", ".dylib", ".exe", ".o", ".pyc", ".pyd", ".pyo", ".so"})
_NOT_ENTERED = frozenset({".git", "__pycache__"})
_BOM = b"\xef\xbb\xbf"
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"


class File(Record, frozen=True, kw_only=True):
    """A file by its name in the kata's folder (relative, with slashes)."""

    name: str
    data: bytes


class Submission(Record, frozen=True, kw_only=True):
    """What was taken, sorted by name; `ignored` and `missing` are names only.

    `missing` are declared files (no patterns) that are not there; `sha256` is over (name, length, data) of `files`.
    """

    files: tuple[File, ...]
    ignored: tuple[str, ...]
    missing: tuple[str, ...]
    sha256: str


def take(kata: Kata, submission_dir: Path) -> Submission:
    """The declared files of a submission, read without following a link.

    `submission_dir` holds the kata's own files, or is a repository with katas/<slug>/; where both are there, its own
    files win. Raises IntakeError for what is inside a declared path and is no plain, small source or data file.
    """
    with ExitStack() as stack:
        root = _open_submission(Path(submission_dir), stack)
        folder = None if root is None else _kata_folder(root, kata, stack)
        if folder is None:
            return _submission(kata, {}, ())
        taken = _declared(folder, kata)
        walk = stack.enter_context(closing(_walk(folder, "", 0)))
        found = list(islice(walk, IGNORED_WALKED + 1))
    _check_names([*taken, *found], taken)
    seen = [name for name in found[:IGNORED_WALKED] if name not in taken]
    return _submission(kata, taken, _shown(seen, more_unseen=len(found) > IGNORED_WALKED))


def shipped(kata: Kata, folder: Path) -> dict[str, bytes]:
    """The kata's declared files in a folder of our own (katas/<slug>, solutions/<slug>), by name; read as they are."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for pattern in kata.files
        for path in sorted(folder.glob(pattern))
        if path.is_file()
    }


def supplied(kata: Kata) -> tuple[File, ...]:
    """The files put beside a submission: always the harness's own. Raises CatalogueError where one cannot be read."""
    files = []
    for name in sorted(kata.supplied):
        try:
            files.append(File(name=name, data=(kata.folder / name).read_bytes()))
        except OSError as fault:
            raise CatalogueError(
                f"katas/{kata.slug}/{name}: it is supplied and cannot be read ({fault.strerror}). Restore it."
            ) from None
    return tuple(files)


def _submission(kata: Kata, taken: dict[str, bytes], ignored: tuple[str, ...]) -> Submission:
    digest = hashlib.sha256()
    for name, data in sorted(taken.items()):
        digest.update(f"{name}\0{len(data)}\0".encode())
        digest.update(data)
    return Submission(
        files=tuple(File(name=name, data=data) for name, data in sorted(taken.items())),
        ignored=ignored,
        missing=tuple(name for name in kata.files if not is_glob(name) and name not in taken),
        sha256=digest.hexdigest(),
    )


def _shown(ignored: list[str], more_unseen: bool) -> tuple[str, ...]:
    names = [_printable(name) for name in ignored[:IGNORED_SHOWN]]
    rest = len(ignored) - len(names)
    if rest:
        names.append(f"… and {'more than ' if more_unseen else ''}{rest} more")
    return tuple(names)


def _printable(name: str) -> str:
    """A stranger's file name, safe to show: control, direction and undecodable characters escaped, cut at 200."""
    text = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in name)
    return text if len(text) <= 200 else text[:199] + "…"


def _refuse(name: str, fault: str, remedy: str) -> NoReturn:
    raise IntakeError(f"{_printable(name)}: {fault}. {remedy}")


@contextmanager
def _access(name: str) -> Iterator[None]:
    """Turn what the operating system refuses into what the learner can mend."""
    try:
        yield
    except PermissionError:
        _refuse(name, "it may not be read", "Allow reading it: chmod -R u+rX on the submission.")
    except OSError as fault:
        _refuse(name, f"it cannot be read ({fault.strerror})", "Make it an ordinary file that stays as it is.")


# Folders.


def _open_submission(path: Path, stack: ExitStack) -> int | None:
    """Descriptor of the folder that was named to us (a link there is its owner's business); None if there is none."""
    with _access(str(path)):
        try:
            folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except NotADirectoryError:
            _refuse(str(path), "it is not a folder", "Name the folder that holds the submission, unpacked.")
    stack.callback(os.close, folder)
    return folder


def _kata_folder(root: int, kata: Kata, stack: ExitStack) -> int:
    """The folder that holds the kata's files: `root` itself if it has any of them, else katas/<slug>, else `root`."""
    own = [name for name in kata.files if not is_glob(name)]
    if any(_status(root, name) for name in own) or (not own and _matching(root, kata)):
        return root
    inner = _open_folder(root, ("katas", kata.slug), stack)
    return root if inner is None else inner


def _status(folder: int, name: str) -> os.stat_result | None:
    """What `name` is, links not followed; None if it is not there."""
    with _access(name):
        try:
            return os.stat(name, dir_fd=folder, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None


def _open_folder(root: int, parts: tuple[str, ...], stack: ExitStack) -> int | None:
    """Descriptor of the folder at `parts` below `root`, link by link refused; None if it is not there."""
    folder = root
    for depth, part in enumerate(parts, start=1):
        name = "/".join(parts[:depth])
        status = _status(folder, part)
        if status is None:
            return None
        if stat.S_ISLNK(status.st_mode):
            _refuse(name, "it is a symbolic link", "Put a folder in its place.")
        if not stat.S_ISDIR(status.st_mode):
            _refuse(name, "it is not a folder", "Put a folder in its place.")
        with _access(name):
            folder = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        stack.callback(os.close, folder)
    return folder


def _walk(folder: int, prefix: str, depth: int) -> Generator[str, None, None]:
    """Names of the files below `folder`, those of a folder before its sub-folders'; nothing is opened but folders.

    A folder that is empty, closed, too deep or not worth entering is named itself, with a slash.
    """
    try:
        with os.scandir(folder) as entries:
            found = sorted(
                (entry.is_dir(follow_symlinks=False), entry.name) for entry in islice(entries, IGNORED_WALKED + 1)
            )
    except OSError:  # only its name would be told
        found = []
    if not found and prefix:
        yield prefix
    for is_folder, name in found:
        if not is_folder:
            yield prefix + name
        elif name in _NOT_ENTERED or depth == IGNORED_DEPTH:
            yield f"{prefix}{name}/"
        else:
            yield from _walk_into(folder, prefix, name, depth)


def _walk_into(folder: int, prefix: str, name: str, depth: int) -> Iterator[str]:
    try:
        inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except OSError:  # closed to us, or changed meanwhile: its name is all that is told
        yield f"{prefix}{name}/"
        return
    try:
        yield from _walk(inner, f"{prefix}{name}/", depth + 1)
    finally:
        os.close(inner)


# Files.


def _declared(folder: int, kata: Kata) -> dict[str, bytes]:
    names = [name for name in kata.files if not is_glob(name)]
    taken: dict[str, bytes] = {}
    total = 0
    for name in dict.fromkeys([*names, *_matching(folder, kata)]):
        data = _read(folder, name)
        if data is None:
            continue
        total += len(data)
        if total > TOTAL_BYTES:
            _refuse(
                name, f"the submission is larger than {TOTAL_BYTES // 1024**2} MB with it", "Hand in smaller files."
            )
        taken[name] = data
    return taken


def _matching(folder: int, kata: Kata) -> list[str]:
    """Names that the patterns of `files` stand for; folders are left out (and so ignored), all else is looked at."""
    return [name for pattern in kata.files if is_glob(pattern) for name in _expand(folder, pattern, kata)]


def _expand(root: int, pattern: str, kata: Kata) -> list[str]:
    parts = tuple(pattern.split("/")[:-1])
    prefix = "".join(f"{part}/" for part in parts)
    with ExitStack() as stack:
        folder = _open_folder(root, parts, stack)
        if folder is None:
            return []
        with _access(prefix or "."), os.scandir(folder) as entries:
            found = [
                (prefix + entry.name, entry.is_dir(follow_symlinks=False))
                for entry in islice(entries, FOLDER_ENTRIES + 1)
            ]
    if len(found) > FOLDER_ENTRIES and parts:
        _refuse(prefix, f"it holds more than {FOLDER_ENTRIES} files", "Remove what does not belong to the submission.")
    names = sorted(
        name for name, is_folder in found if not is_folder and matches(pattern, name) and name not in kata.supplied
    )
    if len(names) >= FILES_PER_PATTERN:
        _refuse(pattern, f"{len(names)} files match, {FILES_PER_PATTERN - 1} may", "Hand in fewer files.")
    return names


def _read(root: int, name: str) -> bytes | None:
    """The content of a declared file, checked; None if it is not there."""
    if not name.isprintable():
        _refuse(name, "its name has characters that cannot be shown", "Rename it.")
    if _COMPILED & set(PurePosixPath(name).suffixes):
        _refuse(name, "it is compiled code", "Hand in the source.")
    limit = SOURCE_BYTES if name.endswith(".py") else DATA_BYTES
    *parts, base = name.split("/")
    with ExitStack() as stack:
        folder = _open_folder(root, tuple(parts), stack)
        status = None if folder is None else _status(folder, base)
        if folder is None or status is None:
            return None
        _check_plain(name, status, limit)  # before it is opened: opening a device can do something
        with _access(name):
            data = _read_plain(folder, base, name, limit)
    return _content(name, data)


def _read_plain(folder: int, base: str, name: str, limit: int) -> bytes:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    with open(os.open(base, flags, dir_fd=folder), "rb") as file:
        _check_plain(name, os.fstat(file.fileno()), limit)  # again, of what was opened: the name may have changed hands
        data = file.read(limit + 1)
    if len(data) > limit:
        _too_large(name, limit)
    return data


_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def _check_plain(name: str, status: os.stat_result, limit: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "something else")
        _refuse(name, f"it is {kind}, not a file", "Put an ordinary file in its place.")
    if status.st_nlink > 1:
        _refuse(name, "it is a hard link to another file", "Put a copy in its place.")
    if status.st_size > limit:
        _too_large(name, limit)


def _too_large(name: str, limit: int) -> NoReturn:
    _refuse(name, f"it is larger than {limit // 1024} KB", "Hand in a smaller file.")


def _content(name: str, data: bytes) -> bytes:
    """The content as it is graded: text without its byte-order mark, data as it is."""
    if data.startswith(b"\x7fELF"):
        _refuse(name, "it is compiled code", "Hand in the source.")
    if data.startswith(_LFS_POINTER):
        _refuse(name, "it is a Git LFS pointer, not the file", "Fetch the file itself: git lfs pull.")
    suffix = PurePosixPath(name).suffix
    if suffix not in _TEXT:
        return data
    data = data.removeprefix(_BOM)
    if b"\0" in data:
        _refuse(name, f"it has a NUL byte in line {data[: data.index(0)].count(10) + 1}", "Save it as text (UTF-8).")
    try:
        data.decode()
    except UnicodeDecodeError as fault:
        line = data[: fault.start].count(10) + 1
        _refuse(name, f"it is not UTF-8 (line {line})", "Save it as UTF-8.")
    if suffix == ".py":
        _check_encoding(name, data)
    return data


def _check_encoding(name: str, data: bytes) -> None:
    """Refuse a coding comment other than UTF-8: the file would be read as one text by us and run as another."""
    try:
        encoding = codecs.lookup(tokenize.detect_encoding(io.BytesIO(data).readline)[0]).name
    except SyntaxError:
        encoding = "unknown"
    if encoding not in ("utf-8", "utf-8-sig", "ascii"):
        _refuse(name, f"it declares the encoding {encoding}", "Save it as UTF-8 and remove the `coding:` comment.")


def _check_names(names: list[str], taken: dict[str, bytes]) -> None:
    """Refuse two names, one of them taken, that are the same file on some file systems.

    On those one would have replaced the other, and which one the learner means cannot be known.
    """
    first: dict[str, str] = {_folded(name): name for name in taken}
    for name in names:
        other = first.get(_folded(name), name)
        if other != name:
            _refuse(
                name, f"its name differs from {_printable(other)} by letter case or Unicode form alone", "Remove one."
            )


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
