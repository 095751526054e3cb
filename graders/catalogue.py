"""kata.toml → Kata: what there is to solve, decoded strictly and checked against the files beside it.

Light to import (tomllib and msgspec only), because `katas list` needs nothing else.
"""

from __future__ import annotations

import difflib
import hashlib
import math
import os
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar, get_args

import msgspec

from graders.errors import CatalogueError
from graders.verdict import HiddenDetail, Limits, Record

FORMAT = 1

Kind = Literal["exercise", "challenge", "framework"]
KINDS: tuple[Kind, ...] = get_args(Kind)  # in the order in which they are best done
Runtime = Literal["numpy", "torch", "gpu"]

_CHOICES: dict[str, tuple[str, ...]] = {
    "kind": get_args(Kind),
    "runtime": get_args(Runtime),
    "hidden_detail": get_args(HiddenDetail),
}
COMMON_PROBES = Path(__file__).parent / "checks" / "probes.py"
ABOUT = "about.txt"  # in a folder of accept/ that holds a whole submission: its sentence and its mark
_OWN = ("kata.toml", "conftest.py", "probes.py", "test_*.py", "probes_*.py")  # names of the kata's own files
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]*")
_TASK_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_PACKAGE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_ROOMS = (Path("katas"), Path("solutions"), Path("graders", "hidden"))  # the places that have a folder for each kata


class _TaskTable(Record, frozen=True, kw_only=True):
    title: str
    points: float
    after: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    partial: bool = False
    extra: bool = False
    review: bool = False
    rubric: str = ""
    runtime: Literal["", "numpy", "torch", "gpu"] = ""


class Task(_TaskTable, frozen=True, kw_only=True):
    """What carries points.

    `after`: tasks it builds on; `files`: those of the kata's that decide it, all if none are named; `partial`: points
    in proportion to the tests passed; `extra`: beyond the kata's concept, so that it decides nothing between passed and
    failed; `review`: marked by a person, with `rubric`; `runtime`: what its workers have, where that is not the kata's.
    """

    name: str


class Variant(Record, frozen=True, kw_only=True):
    """A replacement of one file of the solution, kept to test the tests.

    `replaces` is the file it stands for, as it is named in `files`. `sentence` says, to the learner, what is wrong
    with it (or, of an accepted one, what is different); `task` is the one that must fail, None where all must pass.
    `edit` is (the passage of the solution's file, what stands in its place) of one that is not written out in full.
    `hidden_only` says why the visible tests need not catch a wrong one. An accepted one may be marked: `core only`, it
    passes the core tasks and fails an extra; `independent`, its author had only the README, the stub and the visible
    tests, and it may fail extras too. `without` names tasks that an accepted one is not graded on, because they ask
    for what was computed on another machine. An accepted one may also be a whole submission: then `path` is its
    folder, and `replaces` is empty.
    """

    path: Path
    replaces: str
    sentence: str
    task: str | None
    edit: tuple[str, str] | None = None
    hidden_only: str = ""
    mark: str = ""
    without: tuple[str, ...] = ()

    def submission(self, solution: Mapping[str, bytes]) -> dict[str, bytes]:
        """The files with this variant in them. Raises CatalogueError like `applied`."""
        if self.replaces:
            return {**solution, self.replaces: self.applied(solution)}
        return {name: path.read_bytes() for name, path in _files_under(self.path) if name != ABOUT}

    def applied(self, solution: Mapping[str, bytes]) -> bytes:
        """What the file is with this variant. Raises CatalogueError where the passage of an edit is not in it once."""
        if self.edit is None:
            return self.path.read_bytes()
        text, (old, new) = solution[self.replaces].decode(), self.edit
        if text.count(old) != 1:
            found = f"stands {text.count(old)} times" if old in text else "does not stand"
            _fault(
                self.path, f"`old` {found} in the solution's {self.replaces}", "Copy a passage that stands there once."
            )
        return text.replace(old, new).encode()


class _Table(Record, frozen=True, kw_only=True):
    """The keys of kata.toml outside its tables."""

    format: int
    title: str
    kind: Kind
    difficulty: int
    minutes: int
    files: tuple[str, ...]
    entry_points: tuple[str, ...]
    runtime: Runtime
    concepts: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    supplied: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    hidden_detail: HiddenDetail = "counterexample"
    attempts_per_day: int = 0
    require_extras: bool = False


class Kata(_Table, frozen=True, kw_only=True):
    """One exercise, challenge or framework. Paths are under `root`, the repository of katas that it belongs to."""

    slug: str
    root: Path
    limits: Limits
    tasks: tuple[Task, ...]

    @property
    def folder(self) -> Path:
        """What the learner sees."""
        return self.root / "katas" / self.slug

    @property
    def solution(self) -> Path:
        """The solved files; not there in a student bundle."""
        return self.root / "solutions" / self.slug

    @property
    def hidden(self) -> Path:
        """Hidden tests, their probes, wrong/ and accept/; not there in a student bundle."""
        return self.root / "graders" / "hidden" / self.slug

    @property
    def visible_tests(self) -> tuple[Path, ...]:
        return tuple(sorted(self.folder.glob("test_*.py")))

    @property
    def hidden_tests(self) -> tuple[Path, ...]:
        return tuple(sorted(self.hidden.glob("test_*.py")))

    @property
    def handed_out(self) -> bool:
        """Whether this is in a student's copy."""
        return is_handed_out(self.root)

    @property
    def modules(self) -> tuple[str, ...]:
        """Names of the top-level modules and packages among `files`, in that order."""
        tops = (file.split("/")[0].removesuffix(".py") for file in self.files if file.endswith(".py"))
        return tuple(dict.fromkeys(tops))

    @property
    def wrong(self) -> tuple[Variant, ...]:
        """Misconceptions, which must be rejected. Raises CatalogueError when one is not headed as it should be."""
        return tuple(_variant(self, path, misconception=True) for path in _variant_paths(self.hidden / "wrong"))

    @property
    def accept(self) -> tuple[Variant, ...]:
        """Right answers in other styles, which must pass. Raises CatalogueError like `wrong`."""
        return tuple(_variant(self, path, misconception=False) for path in _variant_paths(self.hidden / "accept"))

    def tasks_of(self, name: str) -> frozenset[str]:
        """The tasks that a file decides, and those that they come after; all tasks, if no file is named."""
        return self.with_earlier(task.name for task in self.tasks if not name or not task.files or name in task.files)

    def with_earlier(self, names: Iterable[str]) -> frozenset[str]:
        """These tasks, and those that they come after, directly or not."""
        tasks = {task.name: task for task in self.tasks}
        found: set[str] = set()
        more = list(names)
        while more:
            found.update(more)
            more = [other for each in more for other in tasks[each].after if other not in found]
        return frozenset(found)

    @property
    def runtimes(self) -> tuple[str, ...]:
        """What its workers have: the kata's own runtime first, then that of tasks which need another."""
        return tuple(dict.fromkeys([self.runtime, *(task.runtime for task in self.tasks if task.runtime)]))

    def runtime_of(self, task: str) -> str:
        """What the workers of a task's tests have."""
        return next((each.runtime for each in self.tasks if each.name == task and each.runtime), self.runtime)

    def declares(self, name: str) -> bool:
        """Whether `name` (relative, with slashes) is taken from a submission: in `files`, and not supplied by us."""
        return name not in self.supplied and any(matches(pattern, name) for pattern in self.files)

    def kata_digest(self) -> str:
        """SHA-256 (hexadecimal) of the kata's own files: the visible folder and the solution.

        The stubs are left out: in a learner's clone they are the submission, and the kata is the same kata.
        """
        visible = ((f"katas/{name}", path) for name, path in _files_under(self.folder) if not self.declares(name))
        solution = ((f"solutions/{name}", path) for name, path in _files_under(self.solution))
        return _digest([*visible, *solution])

    def suite_digest(self) -> str:
        """SHA-256 (hexadecimal) of what decides: visible and hidden tests, their probes and what lies beside these."""
        visible = [
            (f"katas/{path.name}", path) for path in (*self.visible_tests, *sorted(self.folder.glob("probes*.py")))
        ]
        hidden = [
            (f"hidden/{name}", path)
            for name, path in _files_under(self.hidden)
            if not name.startswith(("wrong/", "accept/"))
        ]
        common = [("checks/probes.py", COMMON_PROBES)]
        return _digest([(name, path) for name, path in visible + hidden + common if path.is_file()])


def is_glob(pattern: str) -> bool:
    """Whether an entry of `files` stands for any number of names."""
    return any(sign in pattern for sign in "*?[")


def matches(pattern: str, name: str) -> bool:
    """Whether an entry of `files` stands for `name`; as in a shell, `*` crosses no slash and is no leading dot."""
    if not is_glob(pattern):
        return name == pattern
    folder, _, last = pattern.rpartition("/")
    inside, _, base = name.rpartition("/")
    return folder == inside and not base.startswith(".") and fnmatchcase(base, last)


def find_root(start: Path) -> Path:
    """The nearest folder at or above `start` that has a katas/ folder. Raises CatalogueError where there is none."""
    start = Path(start).resolve()
    for folder in (start, *start.parents):
        if (folder / "katas").is_dir():
            return folder
    raise CatalogueError(
        f"{start}: neither it nor a folder above it has a katas/ folder. Name the repository: --root DIR."
    )


def slug_of(path: Path, root: Path) -> str | None:
    """The kata whose folder (visible, solution or hidden) `path` lies in; None if it lies in no kata's."""
    path, root = Path(path).resolve(), Path(root).resolve()
    for room in _ROOMS:
        if path.is_relative_to(root / room):
            inside = path.relative_to(root / room).parts
            if inside and (root / "katas" / inside[0] / "kata.toml").is_file():
                return inside[0]
    return None


def is_handed_out(root: Path) -> bool:
    """Whether a repository of katas is a student's copy: it has no hidden suite at all."""
    return not (root / "graders" / "hidden").is_dir()


def slugs(root: Path) -> list[str]:
    """Every folder under katas/ that holds a kata.toml, sorted."""
    return sorted(path.parent.name for path in (Path(root) / "katas").glob("*/kata.toml"))


def load(root: Path, slug: str, *, complete: bool = True) -> Kata:
    """One kata. Raises CatalogueError, which names the file, the fault and the remedy.

    Unless `complete`, the files that a learner writes need not be there.
    """
    root = Path(root).absolute()
    kata = _read(root, slug, complete=complete)
    _check_requires(kata, lambda other: _requires_of(root, other))
    return kata


def load_all(root: Path) -> list[Kata]:
    """All katas, sorted by slug. Raises CatalogueError at the first one that is not as it should be."""
    root = Path(root).absolute()
    if not (root / "katas").is_dir():
        raise CatalogueError(f"{root}: it has no katas/ folder. Name the repository: --root DIR.")
    katas = {slug: _read(root, slug) for slug in slugs(root)}
    for kata in katas.values():
        _check_requires(kata, lambda other: katas[other].requires if other in katas else None)
    return list(katas.values())


# Decoding: from text to records, with messages for whoever writes a kata.toml.


def _fault(file: Path | str, fault: str, remedy: str) -> NoReturn:
    raise CatalogueError(f"{file}: {fault}. {remedy}".rstrip())


def _read(root: Path, slug: str, *, complete: bool = True) -> Kata:
    path = root / "katas" / slug / "kata.toml"
    if not _SLUG.fullmatch(slug) or not path.is_file():
        _unknown_slug(root, slug)
    file = f"katas/{slug}/kata.toml"
    raw = _toml(path, file)
    if raw.get("format", FORMAT) != FORMAT or isinstance(raw.get("format"), bool):
        _fault(file, f"format {raw['format']!r} is not one that this harness reads", f"Write format = {FORMAT}.")
    tables = {key: raw.pop(key, {}) for key in ("limits", "tasks")}
    table = _record(raw, _Table, file, extra=("limits", "tasks"))
    limits = _record(tables["limits"], Limits, file, "limits")
    if not isinstance(tables["tasks"], dict) or not tables["tasks"]:
        _fault(
            file,
            "it has no task, so there is nothing to earn",
            'Add one: [tasks.NAME] with title = "…" and points = 1.',
        )
    tasks = tuple(_task(name, task, file) for name, task in tables["tasks"].items())
    kata = Kata(slug=slug, root=root, limits=limits, tasks=tasks, **msgspec.structs.asdict(table))
    _check(kata, file)
    if complete:
        _check_presence(kata, file)
    return kata


def _unknown_slug(root: Path, slug: str) -> NoReturn:
    known = slugs(root)
    if slug in known:
        _fault(f"katas/{slug}", "the folder's name is no slug", "Rename it: small letters, digits, - and _.")
    if _SLUG.fullmatch(slug) and (root / "katas" / slug).is_dir():
        _fault(f"katas/{slug}", "the folder has no kata.toml", "Write one, or start from `katas new`.")
    _fault(root / "katas", f"there is no kata `{slug}`", f"{_did_you_mean(slug, known, most=3)}`katas list` shows all.")


def _did_you_mean(word: str, known: Iterable[str], most: int = 1) -> str:
    """'Did you mean `a` or `b`? ' of at most `most` words, or nothing when no known word is near."""
    near = difflib.get_close_matches(word, list(known), n=most)
    return f"Did you mean {' or '.join(f'`{name}`' for name in near)}? " if near else ""


def _toml(path: Path, file: str) -> dict[str, Any]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        _fault(file, "it is not UTF-8", "Save it as UTF-8.")
    except OSError as fault:
        _fault(file, f"it cannot be read ({fault.strerror})", "Make it a readable file.")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        found = re.search(r"at line (\d+)", str(fault))
        line = int(found[1]) if found else text.count("\n") + 1
        _fault(
            f"{file}, line {line}", f"it is not TOML: {fault}", "Correct that line; a key or a table stands only once."
        )


_R = TypeVar("_R", bound=Record)


def _record(raw: Any, kind: type[_R], file: str, table: str = "", extra: Sequence[str] = ()) -> _R:
    """`raw` as a record of this kind; `table` is where in the file it stands, `extra` are further keys that may."""
    place = f" in [{table}]" if table else ""
    if not isinstance(raw, dict):
        _fault(file, f"[{table}] must be a table", f"Write [{table}] and the keys below it.")
    fields = msgspec.structs.fields(kind)
    known = [field.name for field in fields] + list(extra)
    for key in [key for key in raw if key not in known]:
        _fault(file, f"unknown key `{key}`{place}", _did_you_mean(key, known) or f"Known are: {', '.join(known)}.")
    for field in fields:
        if field.required and field.name not in raw:
            _fault(file, f"the key `{field.name}` is missing{place}", f"Add {field.name} = … .")
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as fault:
        _wrong_type(str(fault), raw, file, place)


_IN_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a string",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
}


def _wrong_type(message: str, raw: dict[str, Any], file: str, place: str) -> NoReturn:
    """Say msgspec's message ("Expected `int`, got `str` - at `$.minutes`") in terms of the file."""
    found = re.search(r"at `\$\.(\w+)(\[)?", message)
    key = found[1] if found else ""
    if message.startswith("Invalid enum value"):
        choices = _CHOICES[key]
        _fault(
            file,
            f"{key} = {raw[key]!r} is not a {key}",
            f"{_did_you_mean(raw[key], choices)}One of: {', '.join(choices)}.",
        )
    types = re.match(r"Expected `([^`]+)`, got `([^`]+)`", message)
    if types is None:
        _fault(file, f"`{key}`{place}: {message}", "Correct the value.")
    expected, got = (_IN_WORDS.get(name, name) for name in types.groups())
    item = "an item of " if found and found[2] else ""
    _fault(file, f"{item}`{key}`{place} is {got}", f"Write {expected}.")


def _task(name: str, raw: Any, file: str) -> Task:
    table = _record(raw, _TaskTable, file, f"tasks.{name}")
    return Task(name=name, **msgspec.structs.asdict(table))


# Checking: what the types do not say.


def _check(kata: Kata, file: str) -> None:
    _check_numbers(kata, file)
    _check_lists(kata, file)
    _check_names(kata, file)
    _check_tasks(kata, file)
    _check_data(kata, file)
    _check_files(kata, file)


def _check_numbers(kata: Kata, file: str) -> None:
    if not 1 <= kata.difficulty <= 5:
        _fault(file, f"difficulty = {kata.difficulty} is outside 1–5", "Write a number from 1 to 5.")
    if kata.attempts_per_day < 0:
        _fault(file, f"attempts_per_day = {kata.attempts_per_day} is negative", "Write 0 for no limit.")
    positive: dict[str, float] = {"minutes": kata.minutes}
    positive |= {f"{key} in [limits]": value for key, value in msgspec.structs.asdict(kata.limits).items()}
    positive |= {f"points in [tasks.{task.name}]": task.points for task in kata.tasks}
    for key, value in positive.items():
        if not (value > 0 and math.isfinite(value)):
            _fault(file, f"{key} must be more than 0, and it is {value}", "Write a positive number.")


def _check_lists(kata: Kata, file: str) -> None:
    lists = {key: value for key, value in msgspec.structs.asdict(kata).items() if isinstance(value, tuple)}
    del lists["tasks"]
    lists |= {f"after in [tasks.{task.name}]": task.after for task in kata.tasks}
    for key, items in lists.items():
        for item in items:
            if not item.strip():
                _fault(file, f"{key} has an empty item", "Take it out.")
            if items.count(item) > 1:
                _fault(file, f"{key} names `{item}` twice", "Name it once.")
    if not kata.files:
        _fault(file, "`files` is empty, so nothing would be taken from a submission", "Name the files to be written.")


def _check_names(kata: Kata, file: str) -> None:
    for name in kata.entry_points:
        if not name.isidentifier():
            _fault(file, f"entry point `{name}` is not a Python name", "Name functions or classes of the module.")
    for package in kata.packages:
        if not _PACKAGE.fullmatch(package):
            _fault(file, f"package `{package}` is not a package's name", "Write the name that is imported.")
    for task in kata.tasks:
        if not _TASK_NAME.fullmatch(task.name):
            _fault(file, f"task name `{task.name}` is more than letters, digits, - and _", "Rename it.")


def _check_tasks(kata: Kata, file: str) -> None:
    tasks = {task.name: task for task in kata.tasks}
    for task in kata.tasks:
        place = f"[tasks.{task.name}]"
        for other in task.after:
            if other not in tasks:
                _fault(
                    file,
                    f"{place} comes after `{other}`, which is no task",
                    _did_you_mean(other, tasks) or "Take it out.",
                )
            if tasks[other].extra:
                _fault(
                    file,
                    f"{place} comes after `{other}`, which is extra; nothing waits for an extra task",
                    f'Take "{other}" out of `after`, or take extra = true out of [tasks.{other}].',
                )
        cycle = _cycle(task.name, lambda name: tasks[name].after)
        if cycle:
            _fault(file, f"tasks wait for each other: {' → '.join(cycle)}", "Take one of these out of `after`.")
        for name in task.files:
            if name not in kata.files:
                said = _did_you_mean(name, kata.files) or f"One of: {', '.join(kata.files)}."
                _fault(file, f"{place} names `{name}`, which is not in files", said)
        if task.review != bool(task.rubric.strip()):
            have, lack = ("review = true", "rubric") if task.review else ("a rubric", "review = true")
            _fault(file, f"{place} has {have} and no {lack}", 'Write both: review = true and rubric = "…", or neither.')
    if all(task.extra for task in kata.tasks):
        remedy = "Take extra = true out of one task."
        _fault(file, "every task is extra, so nothing decides whether the kata is passed", remedy)


def _check_data(kata: Kata, file: str) -> None:
    if kata.data:
        from graders.dataroom import NAMES

        for name in kata.data:
            if name not in NAMES:
                _fault(file, f"there is no data set `{name}`", f"data takes names out of: {', '.join(NAMES)}.")


def _check_files(kata: Kata, file: str) -> None:
    for key, names in (("files", kata.files), ("supplied", kata.supplied)):
        for name in names:
            _check_path(key, name, file)
    for name in kata.files:
        if is_glob(name):
            _check_glob(name, file)
        elif name in kata.supplied:
            _fault(file, f"`{name}` is both in files and in supplied", "A file is the learner's or ours: keep one.")
        elif any(fnmatchcase(name, own) for own in _OWN):
            _fault(file, f"`{name}` in files is the kata's own", "Take it out; it is never taken from a submission.")
    for name in kata.supplied:
        if is_glob(name):
            _fault(file, f"`{name}` in supplied is a pattern", "Name each supplied file.")


def _check_presence(kata: Kata, file: str) -> None:
    folders = [kata.folder]
    if (kata.root / "solutions").is_dir():  # a student bundle has none
        folders.append(kata.solution)
    wanted = [(folder, name) for folder in folders for name in kata.files if not is_glob(name)]
    for folder, name in wanted + [(kata.folder, name) for name in kata.supplied]:
        if not (folder / name).is_file():
            shown = folder.relative_to(kata.root).as_posix()
            again = (
                f", or get it back: `katas reset {kata.slug}`" if folder == kata.folder and name in kata.files else ""
            )
            _fault(file, f"`{name}` is named and is not in {shown}/", f"Write that file, correct the name{again}.")


def _check_path(key: str, name: str, file: str) -> None:
    parts = name.split("/")
    if "\\" in name or ":" in name or not name.isprintable() or any(part in ("", ".", "..", "~") for part in parts):
        _fault(file, f"`{name}` in {key} does not stay inside the folder", "Write a relative path with plain slashes.")


def _check_glob(pattern: str, file: str) -> None:
    folder, _, last = pattern.rpartition("/")
    if is_glob(folder) or "**" in last:
        _fault(
            file,
            f"`{pattern}` in files has a wildcard outside its last part",
            'Write one pattern a folder: "results/*".',
        )
    if not folder and (is_glob(Path(last).suffix or "*") or last.endswith(".py")):
        _fault(
            file, f"`{pattern}` in files would take the kata's own files", 'Name the modules, or a folder: "results/*".'
        )


def _check_requires(kata: Kata, requires_of: Callable[[str], tuple[str, ...] | None]) -> None:
    file = f"katas/{kata.slug}/kata.toml"
    for other in kata.requires:
        if requires_of(other) is None:
            remedy = _did_you_mean(other, slugs(kata.root)) or "Name katas of this repository."
            _fault(file, f"it requires `{other}`, which is no kata", remedy)
    cycle = _cycle(kata.slug, lambda slug: requires_of(slug) or ())
    if cycle:
        _fault(file, f"katas require each other: {' → '.join(cycle)}", "Take one of these out of `requires`.")


def _requires_of(root: Path, slug: str) -> tuple[str, ...] | None:
    """What another kata requires; None where there is no such kata. Its own faults are told when it is loaded."""
    path = root / "katas" / slug / "kata.toml"
    if not _SLUG.fullmatch(slug) or not path.is_file():
        return None
    try:
        requires = _toml(path, slug).get("requires", ())
    except CatalogueError:
        return ()
    return tuple(name for name in requires if isinstance(name, str)) if isinstance(requires, list) else ()


def _cycle(start: str, successors: Callable[[str], Sequence[str]]) -> list[str]:
    """A way from `start` back to it, both ends included; empty where there is none."""
    ways, seen = [[start]], set()
    while ways:
        way = ways.pop()
        for name in successors(way[-1]):
            if name == start:
                return [*way, start]
            if name not in seen:
                seen.add(name)
                ways.append([*way, name])
    return []


# Files: variants and digests.


def _variant_paths(folder: Path) -> list[Path]:
    """The variants of wrong/ or accept/: files, and folders that hold a whole submission."""
    whole = {path.parent for path in folder.glob(f"*/{ABOUT}")}
    files = (path for path in folder.rglob("*") if path.suffix in (".py", ".toml", ".edit"))
    return sorted([*whole, *(path for path in files if not whole.intersection(path.parents))])


def _variant(kata: Kata, path: Path, *, misconception: bool) -> Variant:
    file = path.relative_to(kata.root).as_posix()
    whole = path.is_dir()
    if whole and misconception:
        _fault(
            file, "a wrong variant is one file", "Keep the file that is wrong, and let the solution have the others."
        )
    strange = [name for name, _ in _files_under(path) if name != ABOUT and not kata.declares(name)] if whole else []
    if strange:
        _fault(
            file,
            f"`{strange[0]}` is no file that the kata takes",
            f"Remove it; the kata takes {', '.join(kata.files)}.",
        )
    with (path / ABOUT if whole else path).open(encoding="utf-8", errors="replace") as lines:
        first, second, third = (lines.readline().strip() for _ in range(3))
    sentence = first.removeprefix("#").strip()
    if not first.startswith("#") or not sentence:
        _fault(file, "its first line says nothing", "Write `# ` and one sentence to the learner.")
    task = None
    names = [task.name for task in kata.tasks]
    if misconception:
        found = re.fullmatch(r"#\s*task:\s*(\S+)", second)
        if found is None or found[1] not in names:
            fault = f"`{found[1]}`, in its second line, is" if found else "its second line names"
            near = _did_you_mean(found[1], names) if found else ""
            _fault(file, f"{fault} no task of the kata", f"{near}Write `# task: NAME`; one of {', '.join(names)}.")
        task = found[1]
    hidden_only = re.fullmatch(r"#\s*hidden_only:\s*(.*)", third) if misconception else None
    if hidden_only and not hidden_only[1]:
        _fault(file, "its third line gives no reason", "Write `# hidden_only: ` and why visible tests cannot catch it.")
    marked = re.fullmatch(r"#\s*(core only|independent)", second) if not misconception else None
    left_out = re.fullmatch(r"#\s*without:\s*(.+)", third) if not misconception else None
    without = tuple(left_out[1].split()) if left_out else ()
    for name in without:
        if name not in names:
            _fault(file, f"`{name}`, in its third line, is no task of the kata", f"Name some of {', '.join(names)}.")
    replaces, changed = ("", None) if whole else _replacement(kata, path, file)
    return Variant(
        path=path,
        replaces=replaces,
        sentence=sentence,
        task=task,
        edit=changed,
        hidden_only=hidden_only[1] if hidden_only else "",
        mark=marked[1] if marked else "",
        without=without,
    )


def _replacement(kata: Kata, path: Path, file: str) -> tuple[str, tuple[str, str] | None]:
    """The file that a variant replaces, and (old, new) where it changes one passage only."""
    if path.suffix != ".edit":
        return _replaced(kata, path, file), None
    edit = _record(_toml(path, file), _Edit, file)
    if not kata.declares(edit.file) or not (kata.solution / edit.file).is_file():
        _fault(file, f"`{edit.file}` is no file of the solution that a learner writes", "Name one of those.")
    return edit.file, (edit.old, edit.new)


class _Edit(Record, frozen=True, kw_only=True):
    """A variant as a change of one passage: NAME.edit, in TOML."""

    file: str
    old: str
    new: str


def _replaced(kata: Kata, path: Path, file: str) -> str:
    """The declared file that a variant stands for: wrong/NAME.py if there is one module, else wrong/MODULE/NAME.py.

    The same for files in TOML.
    """
    sources = [name for name, _ in _files_under(kata.solution) if name.endswith(path.suffix) and kata.declares(name)]
    inside = path.relative_to(kata.hidden).parts[1:-1]
    if len(sources) == 1 and not inside:
        return sources[0]
    found = [name for name in sources if len(inside) == 1 and Path(name).stem == inside[0]]
    if len(found) != 1:
        stems = ", ".join(sorted(Path(name).stem for name in sources))
        _fault(
            file,
            "its folder does not say which module it replaces",
            f"Put it into a folder named like one of: {stems or '…'}.",
        )
    return found[0]


def _files_under(folder: Path) -> Iterator[tuple[str, Path]]:
    """(relative name with slashes, path) of every file, without caches and hidden files."""
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__" and not name.startswith(".")]
        for name in files:
            path = Path(place, name)
            if not name.startswith(".") and not name.endswith(".pyc") and path.is_file():
                yield path.relative_to(folder).as_posix(), path


def _digest(files: Iterable[tuple[str, Path]]) -> str:
    """SHA-256 over (name, length, content) in the order of the names."""
    digest = hashlib.sha256()
    for name, path in sorted(files):
        content = path.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
