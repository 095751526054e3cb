"""Take a submission from a list of entries, which comes from an archive, a commit or a server.

The list is not trusted. All names are checked before the kata's folder is located among them. Only the declared files
are read, in the order of the list.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from graders.catalogue import Kata, is_glob, matches
from graders.intake import rules
from graders.intake.records import Submission, submission
from graders.intake.rules import refuse

ENTRIES = 20_000  # an archive or a commit with more entries is refused

FILE = "a file"
FOLDER = "a folder"


class Entry(NamedTuple):
    """An entry in the list.

    `name` has slashes between folders, but none at the start. `kind` describes the entry in words. `size` is the
    announced size in bytes, and `read(most)` returns the first `most` bytes.
    """

    name: str
    kind: str
    size: int
    read: Callable[[int], bytes]


def take(kata: Kata, entries: Sequence[Entry], further: Sequence[str] = ()) -> Submission:
    """Return the declared files among these entries. Raises IntakeError if a fault concerns more than declared files.

    `further` are the names of other files, which are ignored too.
    """
    prefix = kata_folder(kata, entries)
    inside = [
        entry._replace(name=entry.name.removeprefix(prefix)) for entry in entries if entry.name.startswith(prefix)
    ]
    declared = [entry for entry in inside if kata.declares(entry.name)]
    refused = rules.Refusals(kata)
    _check_places(kata, inside, refused)
    taken: dict[str, bytes] = {}
    total = 0
    for entry in declared:
        if entry.kind != FOLDER and not rules.is_refused(kata, entry.name, refused):
            with refused.of(entry.name):
                _check_entry(entry)
                total += entry.size
                rules.check_total(entry.name, total)
                taken[entry.name] = _content(entry)
    names = [entry.name for entry in inside if entry.kind != FOLDER]
    rules.check_names(names, taken, refused)
    ignored = _ignored([*(name for name in names if name not in taken and name not in refused), *further])
    more = len(ignored) > rules.IGNORED_WALKED
    return submission(kata, taken, rules.shown(ignored[: rules.IGNORED_WALKED], more_unseen=more), refused=refused)


def checked_name(name: str) -> str:
    """Return an entry's name without `.` and doubled slashes, which is empty for the top folder.

    Refuse a name that is absolute, contains a backslash, or leads out of the top folder.
    """
    if name.startswith("/") or name[1:3] in (":/", ":\\"):
        refuse(name, "its name is absolute", "Pack the files with relative paths.")
    if "\\" in name:
        refuse(name, "its name has a backslash", "Pack the files with slashes between folders.")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        refuse(name, "its path points outside the archive", "Pack the files under names without `..`.")
    return "/".join(parts)


def kata_folder(kata: Kata, entries: Sequence[Entry]) -> str:
    """Return the prefix of the names of the kata's files.

    It is empty or `katas/<slug>/`. If the list has a single folder at the top, the prefix may start with that folder.
    """
    listed = {entry.name: entry for entry in entries}
    tops = {name.split("/")[0] for name in listed} - {"__MACOSX", ".DS_Store"}
    alone = tops if len(tops) == 1 and any(name.startswith(f"{top}/") for top in tops for name in listed) else set()
    roots = ["", *(f"{top}/" for top in alone if top not in kata.files)]
    for root in roots:
        for prefix in (root, f"{root}katas/{kata.slug}/"):
            _check_folders(prefix, listed)
            if any(name.startswith(prefix) and _is_own(kata, name.removeprefix(prefix)) for name in listed):
                return prefix
    return next((f"{root}katas/{kata.slug}/" for root in roots if _has_kata(root, kata, listed)), roots[-1])


def _has_kata(root: str, kata: Kata, listed: dict[str, Entry]) -> bool:
    return any(name.startswith(f"{root}katas/{kata.slug}/") for name in listed)


def _is_own(kata: Kata, name: str) -> bool:
    """Return whether a name is that of a declared file or of an entry below it.

    Names that match a pattern count only if the kata declares nothing but patterns.
    """
    own = [each for each in kata.files if not is_glob(each)]
    return any(name == each or name.startswith(f"{each}/") for each in own) or (not own and kata.declares(name))


def _check_folders(prefix: str, listed: dict[str, Entry]) -> None:
    """Refuse an entry that is in the place of one of the folders in `prefix` but is not a folder."""
    parts = prefix.rstrip("/").split("/")
    for depth in range(1, len(parts) + 1):
        entry = listed.get("/".join(parts[:depth]))
        if entry is not None and entry.kind != FOLDER:
            refuse(entry.name, f"it is {entry.kind}, not a folder", "Put a folder in its place.")


def _check_places(kata: Kata, inside: Sequence[Entry], refused: rules.Refusals) -> None:
    """Refuse declared paths that are not exactly one plain file."""
    listed = {entry.name: entry for entry in inside}
    times = Counter(entry.name for entry in inside if entry.kind != FOLDER)
    for pattern in kata.files:
        matching = [name for name in times if matches(pattern, name) and name not in kata.supplied]
        with refused.of(pattern):
            if "/" in pattern:
                _check_folders(pattern.rpartition("/")[0] + "/", listed)
            if is_glob(pattern):
                rules.check_count(pattern, matching)
            elif any(name == pattern or name.startswith(f"{pattern}/") for name in listed.keys() - {*matching}):
                refuse(pattern, "it is a folder, not a file", "Put an ordinary file in its place.")
        for name in matching:
            with refused.of(name):
                if times[name] > 1:
                    refuse(name, f"it occurs {times[name]} times", "Pack it once.")


def _check_entry(entry: Entry) -> None:
    rules.check_name(entry.name)
    if entry.kind != FILE:
        refuse(entry.name, f"it is {entry.kind}, not a file", "Put an ordinary file in its place.")
    rules.check_size(entry.name, entry.size)


def _content(entry: Entry) -> bytes:
    data = entry.read(rules.limit_of(entry.name) + 1)
    rules.check_size(entry.name, len(data))
    if len(data) != entry.size:
        refuse(entry.name, f"it has {len(data)} bytes, but {entry.size} were announced", "Pack it again.")
    return rules.content(entry.name, data)


def _ignored(names: list[str]) -> list[str]:
    """Return the names in the form and order in which graders.intake.folder lists the ignored files."""
    shortened = (_shortened(name.split("/")) for name in names)
    return sorted(dict.fromkeys(shortened), key=lambda name: [(part.endswith("/"), part) for part in _steps(name)])


def _shortened(parts: list[str]) -> str:
    for depth, part in enumerate(parts[:-1]):
        if part in rules.NOT_ENTERED or depth == rules.IGNORED_DEPTH:
            return "/".join(parts[: depth + 1]) + "/"
    return "/".join(parts)


def _steps(name: str) -> list[str]:
    """Split `a/b` into [`a/`, `b`]."""
    return name.replace("/", "/\0").rstrip("\0").split("\0")
