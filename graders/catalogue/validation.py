"""Check that the keys of a kata.toml agree with each other and with the files next to it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import get_args

import msgspec

from graders.catalogue.decoding import did_you_mean, refuse
from graders.catalogue.paths import is_glob, slugs
from graders.catalogue.records import AFTER, Kata, Runtime
from graders.verdict import PASS_FROM

Faults = Iterator[tuple[str, str]]  # each fault and its remedy; only the first one is reported

_OWN = ("kata.toml", "conftest.py", "probes.py", "test_*.py", "probes_*.py")  # files that belong to the kata itself


def check(kata: Kata, *, complete: bool) -> None:
    """Raise CatalogueError if the keys of a kata.toml contradict each other or, with `complete`, a file is missing."""
    checks = (_numbers, _lists, _names, _tasks, _data, _files, _kind, *([_presence] if complete else []))
    _report(kata, (found for each in checks for found in each(kata)))


def check_requires(kata: Kata, requires_of: Callable[[str], tuple[str, ...] | None]) -> None:
    """Raise CatalogueError if a kata that this one needs is missing, or needs this one."""
    _report(kata, _requires(kata, requires_of))


def check_builds_on(kata: Kata, earlier: Sequence[Kata]) -> None:
    """Check that the files of the earlier katas fit together with this kata's own. `check_requires` comes first."""
    _report(kata, _builds_on(kata, earlier))


def _report(kata: Kata, faults: Faults) -> None:
    for fault, remedy in faults:
        refuse(f"katas/{kata.slug}/kata.toml", fault, remedy)


def _numbers(kata: Kata) -> Faults:
    if not 1 <= kata.difficulty <= 5:
        yield f"difficulty = {kata.difficulty} is outside 1–5", "Write a number from 1 to 5."
    if kata.attempts_per_day < 0:
        yield f"attempts_per_day = {kata.attempts_per_day} is negative", "Write 0 for no limit."
    positive: dict[str, float] = {"minutes": kata.minutes}
    positive |= {f"{key} in [limits]": value for key, value in msgspec.structs.asdict(kata.limits).items()}
    positive |= {f"points in [tasks.{task.name}]": task.points for task in kata.tasks}
    for key, value in positive.items():
        if not (value > 0 and math.isfinite(value)):
            yield f"{key} must be more than 0, not {value}", "Write a positive number."


def _lists(kata: Kata) -> Faults:
    lists = {key: value for key, value in msgspec.structs.asdict(kata).items() if isinstance(value, tuple)}
    del lists["tasks"], lists["earlier"]
    lists |= {f"after in [tasks.{task.name}]": task.after for task in kata.tasks}
    for key, items in lists.items():
        for item in items:
            if not item.strip():
                yield f"{key} has an empty item", "Remove it."
            if items.count(item) > 1:
                yield f"{key} names `{item}` twice", "List it only once."
    if not kata.files:
        yield "`files` is empty", "List the files that learners write."


def _names(kata: Kata) -> Faults:
    for name in kata.entry_points:
        if not name.isidentifier():
            yield f"entry point `{name}` is not a Python name", "List functions or classes from the module."
    for package in kata.packages:
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", package):
            yield f"package `{package}` is not a valid package name", "Write the name as it is imported."
    for task in kata.tasks:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", task.name):
            yield f"task name `{task.name}` contains characters other than letters, digits, - and _", "Rename it."


def _tasks(kata: Kata) -> Faults:
    tasks = {task.name: task for task in kata.tasks}
    for task in kata.tasks:
        place = f"[tasks.{task.name}]"
        for other in task.after:
            fault = f"{place} comes after `{other}`, which is"
            if other not in tasks:
                yield f"{fault} not a task", did_you_mean(other, tasks) or "Remove it."
            if tasks[other].extra:
                remedy = f'Remove "{other}" from `after`, or extra = true from [tasks.{other}].'
                yield f"{fault} extra; no task may wait for an extra task", remedy
        if cycle := _cycle(task.name, lambda name: tasks[name].after):
            yield f"tasks wait for each other: {' → '.join(cycle)}", "Remove one of these from `after`."
        for name in task.files:
            if name not in kata.files and (is_glob(name) or not kata.declares(name)):
                remedy = did_you_mean(name, kata.files) or f"One of: {', '.join(kata.files)}."
                yield f"{place} names `{name}`, which is not in files", remedy
        if task.review != bool(task.rubric.strip()):
            have, lack = ("review = true", "rubric") if task.review else ("a rubric", "review = true")
            yield f"{place} has {have} but no {lack}", 'Write both: review = true and rubric = "…", or neither.'
        if not 0 < task.pass_from <= 1:
            yield f"{place}: pass_from is {task.pass_from:g}", "Give a share of the points, above 0 and at most 1."
        if task.pass_from != PASS_FROM and not task.review:
            yield f"{place} has pass_from, but no person scores it", "Remove it, or write review = true and a rubric."
    if all(task.extra for task in kata.tasks):
        fault = "every task is extra, so nothing decides whether the kata is passed"
        yield fault, "Remove extra = true from one task."


def _data(kata: Kata) -> Faults:
    names = (*kata.data, *kata.optional_data)
    if names:
        from graders.datasets import NAMES

        for name in names:
            if name not in NAMES:
                yield f"there is no data set `{name}`", f"Known data sets: {', '.join(NAMES)}."
            if names.count(name) > 1:
                yield f"the data set `{name}` is listed twice", "List it once, in data or in optional_data."


def _files(kata: Kata) -> Faults:
    for key, names in (("files", kata.files), ("supplied", kata.supplied)):
        for name in names:
            parts = {*name.split("/")}
            if "\\" in name or ":" in name or not name.isprintable() or parts & {"", ".", "..", "~"}:
                yield (
                    f"`{name}` in {key} does not stay inside the folder",
                    "Write a relative path with forward slashes.",
                )
    for name in kata.files:
        if is_glob(name):
            folder, _, last = name.rpartition("/")
            if is_glob(folder) or "**" in last:
                remedy = 'Write one pattern for each folder: "results/*".'
                yield f"`{name}` in files has a wildcard outside its last part", remedy
            if not folder and (is_glob(Path(last).suffix or "*") or last.endswith(".py")):
                remedy = 'List the modules, or a folder: "results/*".'
                yield f"`{name}` in files would match the kata's own files", remedy
        elif name in kata.supplied:
            remedy = "Keep it in files if learners write it, in supplied if they do not."
            yield f"`{name}` is in both files and supplied", remedy
        elif any(fnmatchcase(name, own) for own in _OWN):
            fault = f"`files` lists `{name}`, a name reserved for the kata's configuration and tests"
            yield fault, "Remove it from `files`; if learners write such a file, give it another name."
    for name in filter(is_glob, kata.supplied):
        yield f"`{name}` in supplied is a pattern", "Name each supplied file."


def _kind(kata: Kata) -> Faults:
    if kata.kind == "milestone" and not kata.builds_on:
        yield "a milestone needs `builds_on`", 'List the katas whose files it imports: builds_on = ["…"].'
    if kata.builds_on and kata.kind not in ("exercise", "milestone"):
        yield f"`builds_on` in a {kata.kind}", 'Write kind = "milestone" or "exercise", or use `requires`.'


def _presence(kata: Kata) -> Faults:
    folders = [kata.folder]
    # A student's bundle has no solutions, or only the explanations.
    if {path.name for path in kata.solution.parent.glob("*/*")} != {AFTER} and kata.solution.parent.is_dir():
        folders.append(kata.solution)
    wanted = [(folder, name) for folder in folders for name in kata.named_files]
    for folder, name in wanted + [(kata.folder, name) for name in kata.supplied]:
        if not (folder / name).is_file():
            shown = folder.relative_to(kata.root if folder == kata.folder else kata.home).as_posix()
            again = f", or run `katas reset {kata.slug}`" if folder == kata.folder and name in kata.files else ""
            yield f"`{name}` is listed but is not in {shown}/", f"Write the file or correct its name{again}."


def _requires(kata: Kata, requires_of: Callable[[str], tuple[str, ...] | None]) -> Faults:
    for key, others in (("requires", kata.requires), ("builds on", kata.builds_on)):
        for other in others:
            if requires_of(other) is None:
                remedy = did_you_mean(other, slugs(kata.root)) or "List katas in this repository."
                yield f"it {key} `{other}`, which is not a kata", remedy
    if kata.slug in kata.builds_on:
        yield "it builds on itself", f"Remove {kata.slug} from `builds_on`."
    if cycle := _cycle(kata.slug, lambda slug: requires_of(slug) or ()):
        key = "`builds_on` or `requires`" if kata.builds_on else "`requires`"
        yield f"katas require each other: {' → '.join(cycle)}", f"Remove one of these from {key}."


def _builds_on(kata: Kata, earlier: Sequence[Kata]) -> Faults:
    order = get_args(Runtime)
    listed = {each.slug for each in earlier}
    taken = {_module(name): f"{kata.slug} itself" for name in (*kata.files, *kata.supplied)}
    for other in earlier:
        if any(is_glob(name) and "/" not in name for name in other.files):
            fault = f"the files of {other.slug} include a pattern outside a folder"
            yield fault, "Build on katas that name each of their files, or whose patterns are in a folder of their own."
        if order.index(other.runtime) > order.index(kata.runtime):
            yield f"{other.slug} needs runtime {other.runtime}", f'Write runtime = "{other.runtime}" here too.'
        for key in ("packages", "data"):
            for name in getattr(other, key):
                if name not in getattr(kata, key):
                    yield f"{other.slug} needs `{name}` in {key}", f"Add it to {key} here too."
        for deeper in other.builds_on:
            if deeper not in listed:
                fault = f"it builds on {other.slug}, which builds on {deeper}"
                yield fault, f"Add {deeper} to `builds_on` too."
        for name in (*other.files, *other.supplied):
            owner = taken.setdefault(_module(name), other.slug)
            if owner != other.slug:
                fault = f"`{name}` of {other.slug} has the name of a file of {owner}"
                yield fault, "Both would be one module: build on only one of them, or rename one file."


def _module(name: str) -> str:
    """Return the name under which Python would import a file or its folder; case does not matter on some systems."""
    return name.split("/")[0].removesuffix(".py").casefold()


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
