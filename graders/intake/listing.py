"""Take a submission from a list of entries, which comes from a folder, an archive, a commit or a server.

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
FILES_PER_PATTERN = 999
FILE, FOLDER = "a file", "a folder"


class Entry(NamedTuple):
    """An entry in the list.

    `name` has slashes between folders, but none at the start. `kind` describes the entry in words. `size` is the
    announced size in bytes, and `read(most)` returns the first `most` bytes. Only a file in a folder is not `fixed`: it
    may be saved while it is graded.
    """

    name: str
    kind: str
    size: int = 0
    read: Callable[[int], bytes] = lambda _: b""
    fixed: bool = True


def take(kata: Kata, entries: Sequence[Entry], further: Sequence[str] = ()) -> Submission:
    """Return the declared files among these entries; `further` are the names of other files, which are ignored too.

    Raises IntakeError if a fault concerns more than declared files.
    """
    prefix = kata_folder(kata, entries)
    inside = [
        entry._replace(name=entry.name.removeprefix(prefix)) for entry in entries if entry.name.startswith(prefix)
    ]
    return taken(kata, inside, rules.Refusals(kata), further)


def taken(kata: Kata, inside: Sequence[Entry], refused: rules.Refusals, further: Sequence[str] = ()) -> Submission:
    """Return the declared files among the entries of the kata's folder, unless they are in `refused`."""
    _check_places(kata, inside, refused)
    found: dict[str, bytes] = {}
    total = 0
    for entry in inside:
        name = entry.name
        if kata.declares(name) and entry.kind != FOLDER and not rules.is_refused(kata, name, refused):
            with refused.of(name):
                data = _content(entry)
                total += len(data)
                rules.check_total(name, total)
                found[name] = rules.content(name, data)
    names = [entry.name for entry in inside if entry.kind != FOLDER]
    rules.check_names(names, found, refused)
    ignored = _ignored([*(name for name in names if name not in found and name not in refused), *further])
    more = len(ignored) > rules.IGNORED_WALKED
    return submission(kata, found, rules.shown(ignored[: rules.IGNORED_WALKED], more_unseen=more), refused=refused)


def checked_name(name: str) -> str:
    """Return a name without `.` and doubled slashes. Refuse one that is absolute, has a backslash or leads out."""
    if name.startswith("/") or name[1:3] in (":/", ":\\"):
        refuse(name, "its name is absolute", "Pack the files with relative paths.")
    if "\\" in name:
        refuse(name, "its name has a backslash", "Pack the files with slashes between folders.")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        refuse(name, "its path points outside the archive", "Pack the files under names without `..`.")
    return "/".join(parts)


def kata_folder(kata: Kata, entries: Sequence[Entry]) -> str:
    """Return the prefix of the kata's files: empty or `katas/<slug>/`, perhaps after the only folder at the top."""
    listed = {entry.name: entry for entry in entries}
    tops = {name.split("/")[0] for name in listed} - {"__MACOSX", ".DS_Store"}
    alone = tops if len(tops) == 1 and any(name.startswith(f"{top}/") for top in tops for name in listed) else set()
    roots = ["", *(f"{top}/" for top in alone if top not in kata.files)]
    prefixes = [prefix for root in roots for prefix in (root, f"{root}katas/{kata.slug}/")]
    for prefix in prefixes:
        _check_folders(prefix, listed)
        if any(name.startswith(prefix) and _is_own(kata, name.removeprefix(prefix)) for name in listed):
            return prefix
    return next((each for each in prefixes[1::2] if any(name.startswith(each) for name in listed)), roots[-1])


def _is_own(kata: Kata, name: str) -> bool:
    """Return whether a name is, or lies below, a declared one; patterns count only if there is nothing else."""
    own = kata.named_files
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
                if len(matching) > FILES_PER_PATTERN:
                    said = f"{len(matching)} files match; the limit is {FILES_PER_PATTERN}"
                    refuse(pattern, said, "Hand in fewer files.")
            elif any(name == pattern or name.startswith(f"{pattern}/") for name in listed.keys() - {*matching}):
                refuse(pattern, "it is a folder, not a file", "Put an ordinary file in its place.")
        for name in matching:
            with refused.of(name):
                if times[name] > 1:
                    refuse(name, f"it occurs {times[name]} times", "Pack it once.")


def _content(entry: Entry) -> bytes:
    """Read a declared file, if it is a plain one with a permitted name and size."""
    rules.check_name(entry.name)
    if entry.kind != FILE:
        refuse(entry.name, f"it is {entry.kind}, not a file", "Put an ordinary file in its place.")
    rules.check_size(entry.name, entry.size)
    data = entry.read(rules.limit_of(entry.name) + 1)
    rules.check_size(entry.name, len(data))
    if entry.fixed:
        check_announced(entry, data)
    return data


def check_announced(entry: Entry, data: bytes) -> None:
    """Refuse an entry with another size than the list says."""
    if len(data) != entry.size:
        refuse(entry.name, f"it has {len(data)} bytes, but {entry.size} were announced", "Pack it again.")


def _ignored(names: list[str]) -> list[str]:
    """Return the names, shortened to the first folder that is not entered; files precede subfolders."""

    def place(name: str) -> list[tuple[bool, str]]:
        *folders, base = name.removesuffix("/").split("/")
        return [*((True, part) for part in folders), (name.endswith("/"), base)]

    return sorted({_shortened(name.split("/")) for name in names}, key=place)


def _shortened(parts: list[str]) -> str:
    for depth, part in enumerate(parts[:-1]):
        if part in rules.NOT_ENTERED or depth == rules.IGNORED_DEPTH:
            return "/".join(parts[: depth + 1]) + "/"
    return "/".join(parts)
