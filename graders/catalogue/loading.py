"""Load kata.toml files, and check them against the files in their folders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import NoReturn

import msgspec

from graders.catalogue.decoding import did_you_mean, read_table, record, refuse
from graders.catalogue.paths import slugs
from graders.catalogue.records import Kata, KataTable, Task, TaskTable
from graders.catalogue.validation import check, check_builds_on, check_requires
from graders.errors import CatalogueError
from graders.verdict import Limits

FORMAT = 1

_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]*")


def load(root: Path, slug: str, *, complete: bool = True) -> Kata:
    """Load one kata. Its files may be missing unless `complete` is set. Raises CatalogueError with the fix."""
    root = Path(root).absolute()
    kata = _read(root, slug, complete=complete)
    check_requires(kata, cache(partial(_requires_of, root)))
    return _with_earlier(kata, {})


def load_all(root: Path, *, complete: bool = True) -> list[Kata]:
    """Load all katas, sorted by slug, as `load` does. Raises CatalogueError if any of them is invalid."""
    root = Path(root).absolute()
    if not (root / "katas").is_dir():
        raise CatalogueError(f"{root}: the folder has no katas/ folder. Specify the repository with --root DIR.")
    katas = {slug: _read(root, slug, complete=complete) for slug in slugs(root)}
    for kata in katas.values():
        check_requires(kata, lambda other: katas[other].prerequisites if other in katas else None)
    return [_with_earlier(kata, katas) for kata in katas.values()]


def in_order(katas: Iterable[Kata]) -> list[Kata]:
    """Return the katas in the recommended order."""
    return sorted(katas, key=lambda kata: kata.place)


def grouped(katas: Iterable[Kata]) -> list[tuple[str, list[Kata]]]:
    """Return the katas in the recommended order, grouped under their headings."""
    groups: dict[str, list[Kata]] = {}
    for kata in in_order(katas):
        groups.setdefault(kata.heading, []).append(kata)
    return list(groups.items())


def _with_earlier(kata: Kata, read: Mapping[str, Kata]) -> Kata:
    """Return the kata with the katas that it builds on. The learner's files for those may be missing."""
    earlier = tuple(read.get(slug) or _read(kata.root, slug, complete=False) for slug in kata.builds_on)
    check_builds_on(kata, earlier)
    return msgspec.structs.replace(kata, earlier=earlier)


def _read(root: Path, slug: str, *, complete: bool = True) -> Kata:
    path = root / "katas" / slug / "kata.toml"
    if not _SLUG.fullmatch(slug) or not path.is_file():
        _unknown_slug(root, slug)
    file = f"katas/{slug}/kata.toml"
    raw = read_table(path, file)
    if raw.get("format", FORMAT) != FORMAT or isinstance(raw.get("format"), bool):
        refuse(file, f"format {raw['format']!r} is not supported", f"Write format = {FORMAT}.")
    limits, tasks = raw.pop("limits", {}), raw.pop("tasks", {})
    table = msgspec.structs.asdict(record(raw, KataTable, file, extra=("limits", "tasks")))
    table["limits"] = record(limits, Limits, file, "limits")
    if not isinstance(tasks, dict) or not tasks:
        refuse(file, "the kata has no task", 'Add one: [tasks.NAME] with title = "…" and points = 1.')
    decoded = {name: record(task, TaskTable, file, f"tasks.{name}") for name, task in tasks.items()}
    table["tasks"] = tuple(Task(name=name, **msgspec.structs.asdict(task)) for name, task in decoded.items())
    kata = Kata(slug=slug, root=root, **table)
    check(kata, complete=complete)
    return kata


def _unknown_slug(root: Path, slug: str) -> NoReturn:
    known = slugs(root)
    if slug in known:
        remedy = "Rename it, using only lower-case letters, digits, - and _."
        refuse(f"katas/{slug}", "the folder's name is not a valid slug", remedy)
    if _SLUG.fullmatch(slug) and (root / "katas" / slug).is_dir():
        refuse(f"katas/{slug}", "the folder has no kata.toml", "Write one, or create the kata with `katas new`.")
    folder = slug.rstrip("/").rpartition("/")[2]  # as in katas/exercise01/
    meant = {folder, re.sub(r"\d+$", lambda number: number[0].zfill(2), folder)} & set(known)
    question = f"Did you mean `{meant.pop()}`? " if meant else did_you_mean(slug, known, most=3)
    remedy = f"{question}`katas list` shows them all."
    refuse(root / "katas", f"there is no kata `{slug}`", remedy)


def _requires_of(root: Path, slug: str) -> tuple[str, ...] | None:
    """Return the prerequisites of another kata, or None if there is none. Errors in it are reported elsewhere."""
    path = root / "katas" / slug / "kata.toml"
    if not _SLUG.fullmatch(slug) or not path.is_file():
        return None
    try:
        table = read_table(path, slug)
    except CatalogueError:
        return ()
    lists = [each for each in (table.get("requires"), table.get("builds_on")) if isinstance(each, list)]
    return tuple(name for each in lists for name in each if isinstance(name, str))
