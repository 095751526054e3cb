"""Take a submission from a folder.

The content of the folder is not trusted. It may contain links, devices or a million files, and it may change while it
is read. Therefore, every path is opened relative to the descriptor of its parent folder, links in the folder are not
followed, and only plain files are opened.
"""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO

from graders.catalogue import Kata, is_glob, matches
from graders.errors import IntakeError
from graders.intake import listing, rules
from graders.intake.listing import FILE, FOLDER, Entry
from graders.intake.records import Submission, submission
from graders.intake.rules import refuse

FOLDER_ENTRIES = 10_000  # a folder with more entries is not searched for files that match a pattern
SEARCHED_DEPTH = 5  # `entries` enters folders down to this level
NOT_SEARCHED = frozenset({"__MACOSX", "__pycache__"})


def take(kata: Kata, submission_dir: Path, *, follow: bool = True) -> Submission:
    """Return the declared files of a submission, read without following links.

    `submission_dir` holds the kata's files at the top or in katas/<slug>/. If it has both, the files at the top win.
    All of this may be inside a single inner folder, as in many unpacked archives. `submission_dir` itself may be a link
    only with `follow`.

    Raises IntakeError if the folder cannot be read or holds too much. A declared path that is not a plain, small source
    or data file is in `refused`.
    """
    with ExitStack() as stack:
        root = _open_submission(Path(submission_dir), stack, follow=follow)
        folder = None if root is None else _kata_folder(root, kata, stack)
        if folder is None:
            return submission(kata, {})
        refused = rules.Refusals(kata)
        taken = _declared(folder, kata, refused)
        walk = stack.enter_context(closing(_walk(folder, "", 0)))
        found = list(islice(walk, rules.IGNORED_WALKED + 1))
    rules.check_names(found, taken, refused)
    seen = [name for name in found[: rules.IGNORED_WALKED] if name not in taken and name not in refused]
    return submission(kata, taken, rules.shown(seen, more_unseen=len(found) > rules.IGNORED_WALKED), refused=refused)


def entries(submission_dir: Path) -> list[Entry]:
    """List a folder and its subfolders, but not hidden ones, without opening a file or following a link in it.

    Raises IntakeError if there are too many files, because the list would be incomplete.
    """
    found: list[Entry] = []
    with ExitStack() as stack:
        root = _open_submission(submission_dir, stack, follow=True)
        todo: deque[tuple[str, ...]] = deque([()] if root is not None else [])
        while todo and root is not None:
            for name, is_folder in _listed(root, parts := todo.popleft()):
                if is_folder:
                    found.append(Entry("/".join((*parts, name)), FOLDER, 0, _nothing))
                    if len(parts) < SEARCHED_DEPTH and name not in NOT_SEARCHED:
                        todo.append((*parts, name))
                else:
                    found.append(_entry(root, submission_dir, "/".join((*parts, name))))
            if len(found) > listing.ENTRIES:
                refuse(submission_dir.name, f"it holds more than {listing.ENTRIES} files", "Hand in fewer files.")
    return found


def entry(folder: Path, name: str) -> Entry:
    """Return the entry of one file in a folder."""
    with ExitStack() as stack:
        root = _open_submission(folder, stack, follow=True)
        if root is None:
            refuse(name, "it does not exist any more", "Keep the folder unchanged while it is graded.")
        return _entry(root, folder, name)


def _listed(root: int, parts: tuple[str, ...]) -> list[tuple[str, bool]]:
    """Return the visible names in a subfolder, each with whether it is a folder. A folder that cannot be read is empty.

    The limit is one more than the number of entries that `entries` accepts.
    """
    with ExitStack() as stack:
        try:
            folder = _open_folder(root, parts, stack)
            if folder is None:
                return []
            with os.scandir(folder) as scanned:
                seen = [
                    (each.name, each.is_dir(follow_symlinks=False)) for each in islice(scanned, listing.ENTRIES + 1)
                ]
        except (OSError, IntakeError):
            return []
    return sorted(each for each in seen if not each[0].startswith("."))


def _entry(root: int, submission_dir: Path, name: str) -> Entry:
    *parts, base = name.split("/")
    with ExitStack() as stack:
        folder = _open_folder(root, tuple(parts), stack)
        status = None if folder is None else _status(folder, base)
    if status is None:
        return Entry(name, "not there any more", 0, _nothing)
    kind = FILE if stat.S_ISREG(status.st_mode) else _KINDS.get(stat.S_IFMT(status.st_mode), "something else")
    if kind == FILE and status.st_nlink > 1:
        kind = _HARD_LINK
    return Entry(name, kind, status.st_size, partial(_read_entry, submission_dir, name))


def _nothing(_: int) -> bytes:
    return b""


def _read_entry(submission_dir: Path, name: str, most: int) -> bytes:
    *parts, base = name.split("/")
    with ExitStack() as stack:
        root = _open_submission(submission_dir, stack, follow=True)
        folder = None if root is None else _open_folder(root, tuple(parts), stack)
        if folder is None:
            refuse(name, "it does not exist any more", "Keep the folder unchanged while it is graded.")
        with _access(name), _plain(folder, base, name) as file:
            return file.read(most)


@contextmanager
def _access(name: str) -> Iterator[None]:
    """Turn an operating-system error into a refusal that tells the learner what to fix."""
    try:
        yield
    except PermissionError:
        refuse(name, "permission to read it is denied", "Allow reading it: chmod -R u+rX on the submission.")
    except OSError as fault:
        refuse(name, f"it cannot be read ({fault.strerror})", "Make it an ordinary file, and keep it unchanged.")


# Folders.


def _open_submission(path: Path, stack: ExitStack, *, follow: bool) -> int | None:
    """Return a descriptor of the named folder, or None if it does not exist. It may be a link only with `follow`."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    with _access(str(path)):
        try:
            folder = os.open(path, flags)
        except FileNotFoundError:
            return None
        except NotADirectoryError:
            if path.is_symlink():
                refuse(path.name, "it is a symbolic link", "Put a folder in its place.")
            refuse(str(path), "it is not a folder", "Specify the folder that holds the unpacked submission.")
    stack.callback(os.close, folder)
    return folder


def _kata_folder(root: int, kata: Kata, stack: ExitStack) -> int:
    """Return a descriptor of the folder that holds the kata's files.

    This is `root` if it has any of these files, and otherwise katas/<slug> in `root`. If neither has them, and the only
    entry of `root` is a folder, that folder is searched in the same way. If no folder is found, return `root`.
    """
    own = [name for name in kata.files if not is_glob(name)]
    for folder in filter(None, (root, _only_folder(root, kata, stack))):
        if any(_status(folder, name) for name in own) or (not own and _matching(folder, kata, rules.Refusals(kata))):
            return folder
        inner = _open_folder(folder, ("katas", kata.slug), stack)
        if inner is not None:
            return inner
    return root


def _only_folder(root: int, kata: Kata, stack: ExitStack) -> int | None:
    """Return a descriptor of the only folder in `root`, or None if `root` also has other visible entries."""
    try:
        with os.scandir(root) as entries:
            seen = [each for each in islice(entries, FOLDER_ENTRIES) if not each.name.startswith(".")]
        seen = [each for each in seen if each.name != "__MACOSX"]
        if len(seen) != 1 or not seen[0].is_dir(follow_symlinks=False) or seen[0].name in ("katas", *kata.files):
            return None
    except OSError:  # a folder that cannot be listed may still have the kata's files
        return None
    return _open_folder(root, (seen[0].name,), stack)


def _status(folder: int, name: str) -> os.stat_result | None:
    with _access(name):
        try:
            return os.stat(name, dir_fd=folder, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None


def _open_folder(root: int, parts: tuple[str, ...], stack: ExitStack) -> int | None:
    """Return a descriptor of the folder at `parts` below `root`, or None if it does not exist. Refuse links."""
    folder = root
    for depth, part in enumerate(parts, start=1):
        name = "/".join(parts[:depth])
        status = _status(folder, part)
        if status is None:
            return None
        if stat.S_ISLNK(status.st_mode):
            refuse(name, "it is a symbolic link", "Put a folder in its place.")
        if not stat.S_ISDIR(status.st_mode):
            refuse(name, "it is not a folder", "Put a folder in its place.")
        with _access(name):
            folder = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        stack.callback(os.close, folder)
    return folder


def _walk(folder: int, prefix: str, depth: int) -> Generator[str, None, None]:
    """Yield the names of the files below `folder` without opening them. The files in a folder precede its subfolders.

    For a folder that is empty, unreadable, too deep or in NOT_ENTERED, yield only the folder's name and a slash.
    """
    try:
        with os.scandir(folder) as entries:
            found = sorted(
                (entry.is_dir(follow_symlinks=False), entry.name) for entry in islice(entries, rules.IGNORED_WALKED + 1)
            )
    except OSError:  # it cannot be read, so only its name is reported
        found = []
    if not found and prefix:
        yield prefix
    for is_folder, name in found:
        if not is_folder:
            yield prefix + name
        elif name in rules.NOT_ENTERED or depth == rules.IGNORED_DEPTH:
            yield f"{prefix}{name}/"
        else:
            yield from _walk_into(folder, prefix, name, depth)


def _walk_into(folder: int, prefix: str, name: str, depth: int) -> Iterator[str]:
    try:
        inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except OSError:  # it cannot be read or has changed, so only its name is reported
        yield f"{prefix}{name}/"
        return
    try:
        yield from _walk(inner, f"{prefix}{name}/", depth + 1)
    finally:
        os.close(inner)


def _declared(folder: int, kata: Kata, refused: rules.Refusals) -> dict[str, bytes]:
    taken: dict[str, bytes] = {}
    total = 0
    for name in dict.fromkeys([*(name for name in kata.files if not is_glob(name)), *_matching(folder, kata, refused)]):
        with refused.of(name):
            data = _read(folder, name)
            if data is not None:
                total += len(data)
                rules.check_total(name, total)
                taken[name] = rules.content(name, data)
    return taken


def _matching(folder: int, kata: Kata, refused: rules.Refusals) -> list[str]:
    """Return the names that match the patterns in `kata.files`, including links and devices but not folders."""
    names: list[str] = []
    for pattern in filter(is_glob, kata.files):
        with refused.of(pattern):
            names += _expand(folder, pattern, kata)
    return names


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
        refuse(prefix, f"it holds more than {FOLDER_ENTRIES} files", "Remove what does not belong to the submission.")
    names = sorted(
        name for name, is_folder in found if not is_folder and matches(pattern, name) and name not in kata.supplied
    )
    rules.check_count(pattern, names)
    return names


def _read(root: int, name: str) -> bytes | None:
    rules.check_name(name)
    *parts, base = name.split("/")
    with ExitStack() as stack:
        folder = _open_folder(root, tuple(parts), stack)
        status = None if folder is None else _status(folder, base)
        if folder is None or status is None:
            return None
        _check_plain(name, status)  # before the file is opened, because opening a device can have effects
        with _access(name):
            return _read_plain(folder, base, name)


def _read_plain(folder: int, base: str, name: str) -> bytes:
    with _plain(folder, base, name) as file:
        data = file.read(rules.limit_of(name) + 1)
    rules.check_size(name, len(data))
    return data


@contextmanager
def _plain(folder: int, base: str, name: str) -> Iterator[IO[bytes]]:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    with open(os.open(base, flags, dir_fd=folder), "rb") as file:
        _check_kind(name, os.fstat(file.fileno()))  # again, because the file may have been replaced
        yield file


_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


_HARD_LINK = "a hard link to another file"


def _check_plain(name: str, status: os.stat_result) -> None:
    _check_kind(name, status)
    rules.check_size(name, status.st_size)


def _check_kind(name: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "something else")
        refuse(name, f"it is {kind}, not a file", "Put an ordinary file in its place.")
    if status.st_nlink > 1:
        refuse(name, f"it is {_HARD_LINK}", "Put a copy in its place.")
