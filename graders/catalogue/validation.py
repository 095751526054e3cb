"""Check that the keys of a kata.toml agree with each other and with the files next to it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import get_args

import msgspec

from graders.catalogue.decoding import did_you_mean, refuse
from graders.catalogue.paths import is_glob, slugs
from graders.catalogue.records import AFTER, Kata, Runtime

_OWN = ("kata.toml", "conftest.py", "probes.py", "test_*.py", "probes_*.py")  # files that belong to the kata itself


_TASK_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


_PACKAGE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def check(kata: Kata, file: str) -> None:
    _check_numbers(kata, file)
    _check_lists(kata, file)
    _check_names(kata, file)
    _check_tasks(kata, file)
    _check_data(kata, file)
    _check_files(kata, file)
    _check_kind(kata, file)


def _check_numbers(kata: Kata, file: str) -> None:
    if not 1 <= kata.difficulty <= 5:
        refuse(file, f"difficulty = {kata.difficulty} is outside 1–5", "Write a number from 1 to 5.")
    if kata.attempts_per_day < 0:
        refuse(file, f"attempts_per_day = {kata.attempts_per_day} is negative", "Write 0 for no limit.")
    positive: dict[str, float] = {"minutes": kata.minutes}
    positive |= {f"{key} in [limits]": value for key, value in msgspec.structs.asdict(kata.limits).items()}
    positive |= {f"points in [tasks.{task.name}]": task.points for task in kata.tasks}
    for key, value in positive.items():
        if not (value > 0 and math.isfinite(value)):
            refuse(file, f"{key} must be more than 0, not {value}", "Write a positive number.")


def _check_lists(kata: Kata, file: str) -> None:
    lists = {key: value for key, value in msgspec.structs.asdict(kata).items() if isinstance(value, tuple)}
    del lists["tasks"], lists["earlier"]
    lists |= {f"after in [tasks.{task.name}]": task.after for task in kata.tasks}
    for key, items in lists.items():
        for item in items:
            if not item.strip():
                refuse(file, f"{key} has an empty item", "Remove it.")
            if items.count(item) > 1:
                refuse(file, f"{key} names `{item}` twice", "List it only once.")
    if not kata.files:
        refuse(file, "`files` is empty", "List the files that learners write.")


def _check_names(kata: Kata, file: str) -> None:
    for name in kata.entry_points:
        if not name.isidentifier():
            refuse(file, f"entry point `{name}` is not a Python name", "List functions or classes from the module.")
    for package in kata.packages:
        if not _PACKAGE.fullmatch(package):
            refuse(file, f"package `{package}` is not a valid package name", "Write the name as it is imported.")
    for task in kata.tasks:
        if not _TASK_NAME.fullmatch(task.name):
            refuse(
                file, f"task name `{task.name}` contains characters other than letters, digits, - and _", "Rename it."
            )


def _check_tasks(kata: Kata, file: str) -> None:
    tasks = {task.name: task for task in kata.tasks}
    for task in kata.tasks:
        place = f"[tasks.{task.name}]"
        for other in task.after:
            if other not in tasks:
                refuse(
                    file,
                    f"{place} comes after `{other}`, which is not a task",
                    did_you_mean(other, tasks) or "Remove it.",
                )
            if tasks[other].extra:
                refuse(
                    file,
                    f"{place} comes after `{other}`, which is extra; no task may wait for an extra task",
                    f'Remove "{other}" from `after`, or extra = true from [tasks.{other}].',
                )
        cycle = _cycle(task.name, lambda name: tasks[name].after)
        if cycle:
            refuse(file, f"tasks wait for each other: {' → '.join(cycle)}", "Remove one of these from `after`.")
        for name in task.files:
            if name not in kata.files and (is_glob(name) or not kata.declares(name)):
                said = did_you_mean(name, kata.files) or f"One of: {', '.join(kata.files)}."
                refuse(file, f"{place} names `{name}`, which is not in files", said)
        if task.review != bool(task.rubric.strip()):
            have, lack = ("review = true", "rubric") if task.review else ("a rubric", "review = true")
            refuse(file, f"{place} has {have} but no {lack}", 'Write both: review = true and rubric = "…", or neither.')
    if all(task.extra for task in kata.tasks):
        remedy = "Remove extra = true from one task."
        refuse(file, "every task is extra, so nothing decides whether the kata is passed", remedy)


def _check_data(kata: Kata, file: str) -> None:
    names = (*kata.data, *kata.optional_data)
    if names:
        from graders.datasets import NAMES

        for name in names:
            if name not in NAMES:
                refuse(file, f"there is no data set `{name}`", f"Known data sets: {', '.join(NAMES)}.")
            if names.count(name) > 1:
                refuse(file, f"the data set `{name}` is listed twice", "List it once, in data or in optional_data.")


def _check_files(kata: Kata, file: str) -> None:
    for key, names in (("files", kata.files), ("supplied", kata.supplied)):
        for name in names:
            _check_path(key, name, file)
    for name in kata.files:
        if is_glob(name):
            _check_glob(name, file)
        elif name in kata.supplied:
            refuse(
                file,
                f"`{name}` is in both files and supplied",
                "Keep it in files if learners write it, in supplied if they do not.",
            )
        elif any(fnmatchcase(name, own) for own in _OWN):
            refuse(
                file,
                f"`files` lists `{name}`, a name reserved for the kata's configuration and tests",
                "Remove it from `files`; if learners write such a file, give it another name.",
            )
    for name in kata.supplied:
        if is_glob(name):
            refuse(file, f"`{name}` in supplied is a pattern", "Name each supplied file.")


def _check_kind(kata: Kata, file: str) -> None:
    if kata.kind == "milestone" and not kata.builds_on:
        refuse(file, "a milestone needs `builds_on`", 'List the katas whose files it imports: builds_on = ["…"].')
    if kata.builds_on and kata.kind != "milestone":
        refuse(
            file, f"`builds_on` in {_article(kata.kind)} {kata.kind}", 'Write kind = "milestone", or use `requires`.'
        )


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


def check_builds_on(kata: Kata, earlier: Sequence[Kata]) -> None:
    """Check that the files of the earlier katas fit together with this kata's own. `check_requires` comes first."""
    file = f"katas/{kata.slug}/kata.toml"
    listed = {each.slug for each in earlier}
    taken = {_module(name): f"{kata.slug} itself" for name in (*kata.files, *kata.supplied)}
    for other in earlier:
        _check_can_be_taken(kata, other, file)
        for deeper in other.builds_on:
            if deeper not in listed:
                refuse(
                    file, f"it builds on {other.slug}, which builds on {deeper}", f"Add {deeper} to `builds_on` too."
                )
        for name in (*other.files, *other.supplied):
            owner = taken.setdefault(_module(name), other.slug)
            if owner != other.slug:
                refuse(
                    file,
                    f"`{name}` of {other.slug} has the name of a file of {owner}",
                    "Both would be one module: build on only one of them, or rename one file.",
                )


def _module(name: str) -> str:
    """Return the name under which Python would import a file or its folder; case does not matter on some systems."""
    return name.split("/")[0].removesuffix(".py").casefold()


def _check_can_be_taken(kata: Kata, other: Kata, file: str) -> None:
    order = get_args(Runtime)
    if any(is_glob(name) for name in other.files):
        refuse(file, f"the files of {other.slug} include a pattern", "Build on katas that name each of their files.")
    if order.index(other.runtime) > order.index(kata.runtime):
        refuse(file, f"{other.slug} needs runtime {other.runtime}", f'Write runtime = "{other.runtime}" here too.')
    for key in ("packages", "data"):
        for name in getattr(other, key):
            if name not in getattr(kata, key):
                refuse(file, f"{other.slug} needs `{name}` in {key}", f"Add it to {key} here too.")


def check_presence(kata: Kata, file: str) -> None:
    folders = [kata.folder]
    if (kata.root / "solutions").is_dir() and not _explanations_only(kata.root):  # student bundles have no solutions
        folders.append(kata.solution)
    wanted = [(folder, name) for folder in folders for name in kata.files if not is_glob(name)]
    for folder, name in wanted + [(kata.folder, name) for name in kata.supplied]:
        if not (folder / name).is_file():
            shown = folder.relative_to(kata.root).as_posix()
            again = f", or run `katas reset {kata.slug}`" if folder == kata.folder and name in kata.files else ""
            refuse(file, f"`{name}` is listed but is not in {shown}/", f"Write the file or correct its name{again}.")


def _explanations_only(root: Path) -> bool:
    """Return whether solutions/ contains the explanations and nothing else, as in some student bundles."""
    names = {path.name for path in (root / "solutions").glob("*/*")}
    return names == {AFTER}


def _check_path(key: str, name: str, file: str) -> None:
    parts = name.split("/")
    if "\\" in name or ":" in name or not name.isprintable() or any(part in ("", ".", "..", "~") for part in parts):
        refuse(
            file, f"`{name}` in {key} does not stay inside the folder", "Write a relative path with forward slashes."
        )


def _check_glob(pattern: str, file: str) -> None:
    folder, _, last = pattern.rpartition("/")
    if is_glob(folder) or "**" in last:
        refuse(
            file,
            f"`{pattern}` in files has a wildcard outside its last part",
            'Write one pattern for each folder: "results/*".',
        )
    if not folder and (is_glob(Path(last).suffix or "*") or last.endswith(".py")):
        refuse(
            file,
            f"`{pattern}` in files would match the kata's own files",
            'List the modules, or a folder: "results/*".',
        )


def check_requires(kata: Kata, requires_of: Callable[[str], tuple[str, ...] | None]) -> None:
    file = f"katas/{kata.slug}/kata.toml"
    for key, others in (("requires", kata.requires), ("builds on", kata.builds_on)):
        for other in others:
            if requires_of(other) is None:
                remedy = did_you_mean(other, slugs(kata.root)) or "List katas in this repository."
                refuse(file, f"it {key} `{other}`, which is not a kata", remedy)
    if kata.slug in kata.builds_on:
        refuse(file, "it builds on itself", f"Remove {kata.slug} from `builds_on`.")
    cycle = _cycle(kata.slug, lambda slug: requires_of(slug) or ())
    if cycle:
        key = "`builds_on` or `requires`" if kata.builds_on else "`requires`"
        refuse(file, f"katas require each other: {' → '.join(cycle)}", f"Remove one of these from {key}.")


def _cycle(start: str, successors: Callable[[str], Sequence[str]]) -> list[str]:
    """Return a path from `start` back to itself, including both ends, or an empty list if no such path exists."""
    paths, seen = [[start]], set()
    while paths:
        path = paths.pop()
        for name in successors(path[-1]):
            if name == start:
                return [*path, start]
            if name not in seen:
                seen.add(name)
                paths.append([*path, name])
    return []
