"""Take a submission from a folder.

The content of the folder is not trusted. It may contain links, devices or a million files, and it may change while it
is read. Therefore, every path is opened relative to the descriptor of its parent folder, links in the folder are not
followed, and only plain files are opened.
"""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path

from graders.catalogue import Kata, is_glob, matches
from graders.errors import IntakeError
from graders.intake import listing, rules
from graders.intake.listing import FILE, FOLDER, Entry
from graders.intake.records import Submission, submission
from graders.intake.rules import refuse

FOLDER_ENTRIES = 10_000  # a folder with more entries is not searched for files that match a pattern
SEARCHED_DEPTH = 5  # `entries` enters folders down to this level
NOT_SEARCHED = frozenset({"__MACOSX", "__pycache__"})
_SAFELY = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_KINDS = {
    stat.S_IFREG: FILE,
    stat.S_IFDIR: FOLDER,
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def take(kata: Kata, submission_dir: Path, *, follow: bool = True) -> Submission:
    """Return the declared files of a submission, read without following links; see `graders.intake.take`.

    `submission_dir` itself may be a link only with `follow`. Raises IntakeError if it cannot be read or holds too much.
    """
    with ExitStack() as stack:
        root = _open_submission(submission_dir, stack, follow=follow)
        if root is None:
            return submission(kata, {})
        folder = _kata_folder(root, kata, stack)
        refused = rules.Refusals(kata)
        found: dict[str, Entry] = {}
        for name in sorted(kata.files, key=is_glob):
            with refused.of(name):
                for each in _matching(folder, name, kata) if is_glob(name) else [name]:
                    with refused.of(each):
                        found |= {entry.name: entry for entry in _entries(folder, each)}
        walk = stack.enter_context(closing(_walk(folder, "", 0, rules.IGNORED_WALKED + 1 + len(found))))
        others = (Entry(name, "not declared") for name in walk if name not in found and not kata.declares(name))
        return listing.taken(kata, [*found.values(), *islice(others, rules.IGNORED_WALKED + 1)], refused)


def entries(submission_dir: Path) -> list[Entry]:
    """List a folder and its subfolders, but not hidden ones. Raises IntakeError if there are too many files."""
    found: list[Entry] = []
    with ExitStack() as stack:
        root = _open_submission(submission_dir, stack)
        todo: deque[tuple[str, ...]] = deque([()] if root is not None else [])
        while todo and root is not None:
            parts = todo.popleft()
            for base, is_folder in _listed(root, parts):
                name = "/".join((*parts, base))
                if not is_folder:
                    found += _entries(root, name, submission_dir) or [Entry(name, "not there any more")]
                    continue
                found.append(Entry(name, FOLDER))
                if len(parts) < SEARCHED_DEPTH and base not in NOT_SEARCHED:
                    todo.append((*parts, base))
            if len(found) > listing.ENTRIES:
                refuse(submission_dir.name, f"it holds more than {listing.ENTRIES} files", "Hand in fewer files.")
    return found


def entry(folder: Path, name: str) -> Entry:
    """Return the entry of one file in a folder."""
    with ExitStack() as stack:
        root = _open_submission(folder, stack)
        return next(iter(_entries(root, name, folder) if root is not None else []), Entry(name, "not there any more"))


def _listed(root: int, parts: tuple[str, ...]) -> list[tuple[str, bool]]:
    """Return the visible names in a subfolder, and whether each is a folder. One that cannot be read is empty."""
    with ExitStack() as stack:
        try:
            folder = _open_folder(root, parts, stack)
            return [] if folder is None else sorted(_scanned(folder, listing.ENTRIES + 1, hidden=False))
        except (OSError, IntakeError):
            return []


def _scanned(folder: int, most: int, *, hidden: bool = True) -> list[tuple[str, bool]]:
    """Return the first names in a folder, and whether each is a folder. Raises OSError."""
    with os.scandir(folder) as found:
        names = [(each.name, each.is_dir(follow_symlinks=False)) for each in islice(found, most)]
    return [each for each in names if hidden or not each[0].startswith(".")]


def _entries(root: int, name: str, place: Path | None = None) -> list[Entry]:
    """Return the entry at a path, or the one on the way that is not a folder, or nothing if there is neither.

    It is read below the descriptor `root` or, if that will be closed by then, below the path `place`.
    """
    *folders, base = name.split("/")
    with ExitStack() as stack:
        folder = _descended(root, folders, stack)
        if not isinstance(folder, int):
            return [] if folder is None else [folder]
        status = _status(folder, base, name)
    if status is None:
        return []
    return [Entry(name, _kind(status), status.st_size, partial(_read, place or root, name), fixed=False)]


def _kind(status: os.stat_result) -> str:
    if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
        return "a hard link to another file"
    return _KINDS.get(stat.S_IFMT(status.st_mode), "something else")


def _read(place: Path | int, name: str, most: int) -> bytes:
    """Read a file that was plain when it was listed."""
    *folders, base = name.split("/")
    with ExitStack() as stack:
        root = place if isinstance(place, int) else _open_submission(place, stack)
        folder = None if root is None else _open_folder(root, folders, stack)
        if folder is None:
            refuse(name, "it does not exist any more", "Keep the folder unchanged while it is graded.")
        with _access(name), open(os.open(base, _SAFELY | os.O_NONBLOCK | os.O_NOCTTY, dir_fd=folder), "rb") as file:
            kind = _kind(os.fstat(file.fileno()))  # again, because the file may have been replaced
            if kind != FILE:
                refuse(name, f"it is {kind}, not a file", "Put an ordinary file in its place.")
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


def _open_submission(path: Path, stack: ExitStack, *, follow: bool = True) -> int | None:
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
    """Return a descriptor of the folder that holds the kata's files: `root`, katas/<slug>, or those in the only folder.

    If none of them has these files, return `root`.
    """
    own = kata.named_files
    for folder in filter(None, (root, _only_folder(root, kata, stack))):
        if any(_status(folder, name, name) for name in own):
            return folder
        with rules.Refusals(kata).of(kata.files[0]):  # the folder of a pattern that cannot be searched
            if not own and any(_matching(folder, pattern, kata) for pattern in kata.files):
                return folder
        inner = _open_folder(folder, ("katas", kata.slug), stack)
        if inner is not None:
            return inner
    return root


def _only_folder(root: int, kata: Kata, stack: ExitStack) -> int | None:
    """Return a descriptor of the only folder in `root`, or None if `root` also has other visible entries."""
    try:
        seen = [each for each in _scanned(root, FOLDER_ENTRIES, hidden=False) if each[0] != "__MACOSX"]
    except OSError:  # a folder that cannot be listed may still have the kata's files
        return None
    if len(seen) != 1 or not seen[0][1] or seen[0][0] in ("katas", *kata.files):
        return None
    return _open_folder(root, (seen[0][0],), stack)


def _status(folder: int, base: str, name: str) -> os.stat_result | None:
    with _access(name):
        try:
            return os.stat(base, dir_fd=folder, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None


def _open_folder(root: int, parts: Sequence[str], stack: ExitStack) -> int | None:
    """Return a descriptor of the folder at `parts` below `root`, or None if it does not exist. Refuse links."""
    folder = _descended(root, parts, stack)
    if isinstance(folder, Entry):
        refuse(folder.name, f"it is {folder.kind}, not a folder", "Put a folder in its place.")
    return folder


def _descended(root: int, parts: Sequence[str], stack: ExitStack) -> int | Entry | None:
    """Return a descriptor of a folder below `root`, the entry on the way that is none, or None if there is nothing."""
    folder = root
    for depth, part in enumerate(parts, start=1):
        name = "/".join(parts[:depth])
        status = _status(folder, part, name)
        if status is None:
            return None
        if not stat.S_ISDIR(status.st_mode):
            return Entry(name, _kind(status))
        with _access(name):
            folder = os.open(part, _SAFELY | os.O_DIRECTORY, dir_fd=folder)
        stack.callback(os.close, folder)
    return folder


def _walk(folder: int, prefix: str, depth: int, most: int) -> Generator[str, None, None]:
    """Yield the names of the files below `folder`, at most so many from each folder, and those before its subfolders.

    For a folder that is empty, unreadable, too deep or in NOT_ENTERED, yield only the folder's name and a slash.
    """
    try:
        found = sorted((is_folder, name) for name, is_folder in _scanned(folder, most))
    except OSError:
        found = []
    if not found and prefix:
        yield prefix
    for is_folder, name in found:
        if not is_folder:
            yield prefix + name
        elif name in rules.NOT_ENTERED or depth == rules.IGNORED_DEPTH:
            yield f"{prefix}{name}/"
        else:
            try:
                inner = os.open(name, _SAFELY | os.O_DIRECTORY, dir_fd=folder)
            except OSError:  # it cannot be read or has changed
                yield f"{prefix}{name}/"
                continue
            try:
                yield from _walk(inner, f"{prefix}{name}/", depth + 1, most)
            finally:
                os.close(inner)


def _matching(root: int, pattern: str, kata: Kata) -> list[str]:
    """Return the names that match a pattern, including links and devices but not folders."""
    *parts, _ = pattern.split("/")
    prefix = "".join(f"{part}/" for part in parts)
    with ExitStack() as stack:
        folder = _open_folder(root, parts, stack)
        if folder is None:
            return []
        with _access(prefix or "."):
            found = [(prefix + base, is_folder) for base, is_folder in _scanned(folder, FOLDER_ENTRIES + 1)]
    if len(found) > FOLDER_ENTRIES and parts:
        refuse(prefix, f"it holds more than {FOLDER_ENTRIES} files", "Remove what does not belong to the submission.")
    names = (name for name, is_folder in found if not is_folder)
    return sorted(name for name in names if matches(pattern, name) and name not in kata.supplied)
