"""Records that describe a kata, its tasks and its variants."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec

from graders.catalogue.decoding import did_you_mean, read_table, record, refuse
from graders.catalogue.paths import files_digest, files_under, home, is_glob, is_handed_out, matches, overlap
from graders.catalogue.suites import tests_in
from graders.verdict import PASS_FROM, HiddenDetail, Limits, Record

Kind = Literal["exercise", "milestone", "challenge", "framework"]
KINDS: tuple[Kind, ...] = get_args(Kind)  # in the recommended order
HEADINGS = dict(zip(KINDS, ("Exercises", "Milestones", "Challenges", "Build your own framework"), strict=True))
Runtime = Literal["numpy", "torch", "gpu"]
COMMON_PROBES = Path(__file__).parents[1] / "checks" / "probes.py"
AFTER = "after.md"  # explains a kata to people who have passed it; in the folder of the solution
DERIVE = "derive.toml"  # questions that lead to what the README shows folded
ABOUT = "about.txt"  # holds the header lines of an accepted variant that is a folder


class TaskTable(Record, frozen=True, kw_only=True):
    title: str
    points: float
    after: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    partial: bool = False
    extra: bool = False
    review: bool = False
    rubric: str = ""
    pass_from: float = PASS_FROM
    runtime: Literal[""] | Runtime = ""
    alone: bool = False


class Task(TaskTable, frozen=True, kw_only=True):
    """A part of a kata that is worth points.

    `after` lists the tasks that this task builds on, and `files` lists the files that affect it (by default, all
    files). The points for a `partial` task are proportional to the number of tests that pass. An `extra` task goes
    beyond the kata's concept, and has to pass only if extras are required. A person scores a `review` task, following
    `rubric`, and it passes with at least the share `pass_from` of its points. `runtime` is set if the task needs a
    different runtime from the rest of the kata. Every test of an `alone` task has a worker of its own, because it would
    mean less in a worker in which other tests have run.
    """

    name: str

    def needs(self, name: str) -> bool:
        """Return whether the task needs a file, or one of the files that match a pattern."""
        return not self.files or any(overlap(name, each) for each in self.files)


class Variant(Record, frozen=True, kw_only=True):
    """A replacement for one file of the solution, kept to test the tests.

    `replaces` is the name of the replaced file. `sentence` tells the learner what is wrong or, in an accepted variant,
    what is different. `task` is the task that must fail, or None if all tasks must pass. `edits` contains pairs of an
    old and a new passage, unless the variant is written out in full. `hidden_only` is the reason why the visible tests
    need not catch a wrong variant. `family` has passages of the edits, such as a number, and others that may be there.

    An accepted variant may have a `mark`. A variant marked `core only` passes the core tasks and fails an extra task.
    The author of a variant marked `independent` had only the README, the stub and the visible tests, so the variant may
    fail extra tasks, too. `without` names tasks on which a variant is not graded, because they need results computed on
    another machine.

    An accepted variant may also be a whole submission. Then `path` is its folder, and `replaces` is empty. If `over` is
    set, it is another whole submission that provides the missing files.
    """

    path: Path
    replaces: str
    sentence: str
    task: str | None
    edits: tuple[tuple[str, str], ...] = ()
    hidden_only: str = ""
    mark: str = ""
    without: tuple[str, ...] = ()
    over: Path | None = None
    family: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def members(self) -> Iterator[Variant]:
        """Yield the variant, and those that differ from it only by another passage of its family."""
        yield self
        for passage, others in self.family:
            for other in others:
                edits = tuple((old, new.replace(passage, other)) for old, new in self.edits)
                yield msgspec.structs.replace(self, edits=edits)

    def submission(self, solution: Mapping[str, bytes]) -> dict[str, bytes]:
        """Return the files to grade, by name, given those of the solution. Raises CatalogueError as `applied` does."""
        if self.replaces:
            return {**solution, self.replaces: self.applied(solution)}
        folders = [folder for folder in (self.over, self.path) if folder]
        files = (file for folder in folders for file in files_under(folder))
        return {name: path.read_bytes() for name, path in files if name != ABOUT}

    def applied(self, solution: Mapping[str, bytes]) -> bytes:
        """Return the replaced file's new content. Raises CatalogueError unless each old passage occurs exactly once."""
        if not self.edits:
            return self.path.read_bytes()
        text = solution[self.replaces].decode()
        for old, new in self.edits:
            if text.count(old) != 1:
                found = f"occurs {text.count(old)} times" if old in text else "does not occur"
                said = f"`old` {found} in the solution's {self.replaces}"
                refuse(self.path, said, "Copy a passage that occurs there exactly once.")
            text = text.replace(old, new)
        return text.encode()


class KataTable(Record, frozen=True, kw_only=True):
    """The top-level keys of kata.toml.

    `part` is the part of the course, a heading in lists. `adds` is what the kata adds to the learner's network.
    """

    format: int
    title: str
    kind: Kind
    difficulty: int
    minutes: int
    files: tuple[str, ...]
    entry_points: tuple[str, ...]
    runtime: Runtime
    part: str = ""
    adds: str = ""
    concepts: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    builds_on: tuple[str, ...] = ()
    supplied: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    optional_data: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    hidden_detail: HiddenDetail = "counterexample"
    attempts_per_day: int = 0
    require_extras: bool = False


class Kata(KataTable, frozen=True, kw_only=True):
    """A kata in the repository `root`. `earlier` are the katas in `builds_on`, whose files a milestone imports."""

    slug: str
    root: Path
    limits: Limits
    tasks: tuple[Task, ...]
    earlier: tuple[Kata, ...] = ()

    @property
    def home(self) -> Path:
        """The folder with the solutions and hidden suites, which is not `root` if `katas init` wrote `root`."""
        return home(self.root)

    def in_tree(self, name: str) -> Path:
        """Return the kata's folder in `katas`, `solutions` or another folder next to katas/."""
        return self.solution if name == "solutions" else self.root / name / self.slug

    @property
    def folder(self) -> Path:
        """The folder that learners see."""
        return self.root / "katas" / self.slug

    @property
    def solution(self) -> Path:
        """The folder of the solution, which student bundles do not contain."""
        return self.home / "solutions" / self.slug

    @property
    def questions(self) -> Path:
        """The questions that lead to what the README shows folded. Few katas have them."""
        return self.folder / DERIVE

    @property
    def explanation(self) -> Path:
        """The text that explains the kata to people who have passed it. The file may be missing."""
        return self.solution / AFTER

    @property
    def hidden(self) -> Path:
        """The folder of the hidden tests and the variants, which student bundles do not contain."""
        return self.home / "graders" / "hidden" / self.slug

    @property
    def visible_tests(self) -> tuple[Path, ...]:
        return tuple(sorted(self.folder.glob("test_*.py")))

    @property
    def hidden_tests(self) -> tuple[Path, ...]:
        return tuple(sorted(self.hidden.glob("test_*.py")))

    @property
    def handed_out(self) -> bool:
        """Whether this is a student's copy of the kata."""
        return is_handed_out(self.root)

    @property
    def named_files(self) -> tuple[str, ...]:
        """The entries of `files` that are names, not patterns."""
        return tuple(name for name in self.files if not is_glob(name))

    @property
    def modules(self) -> tuple[str, ...]:
        """The names of the top-level modules and packages among `files`, in the same order."""
        tops = (file.split("/")[0].removesuffix(".py") for file in self.files if file.endswith(".py"))
        return tuple(dict.fromkeys(tops))

    @property
    def earlier_modules(self) -> tuple[str, ...]:
        """The names of the modules among the files of the katas that this kata builds on."""
        return tuple(module for kata in self.earlier for module in kata.modules)

    @property
    def prerequisites(self) -> tuple[str, ...]:
        """The katas to do before this one: those in `requires` and in `builds_on`, each once."""
        return tuple(dict.fromkeys((*self.requires, *self.builds_on)))

    @property
    def place(self) -> tuple[int, int, str]:
        """The sort key in the recommended order: by kind, then by slug, but challenges first by difficulty.

        A milestone follows the last kata that it builds on.
        """
        if self.kind == "milestone":
            kind, _, last = max((each.place for each in self.earlier), default=(0, 0, ""))
            return kind, 0, f"{last}~{self.slug}"
        return KINDS.index(self.kind), self.difficulty * (self.kind == "challenge"), self.slug

    @property
    def heading(self) -> str:
        """The heading that the kata has in lists: its part of the course, or else its kind."""
        return self.part or HEADINGS[self.kind]

    @property
    def wrong(self) -> tuple[Variant, ...]:
        """Wrong answers, which must be rejected. Raises CatalogueError if a variant's header lines are invalid."""
        return tuple(_variant(self, path, misconception=True) for path in _variant_paths(self.hidden / "wrong"))

    @property
    def accept(self) -> tuple[Variant, ...]:
        """Correct answers in other styles, which must pass. Raises CatalogueError as `wrong` does."""
        return tuple(_variant(self, path, misconception=False) for path in _variant_paths(self.hidden / "accept"))

    def tasks_of(self, name: str) -> frozenset[str]:
        """Return the names of the tasks that a file (if empty, any file) affects, and of those that these build on."""
        return self.with_earlier(task.name for task in self.tasks if not name or task.needs(name))

    def is_lost(self, without: Collection[str]) -> bool:
        """Return whether no task can be graded without these files or patterns."""
        return all(any(map(task.needs, without)) for task in self.tasks)

    def with_earlier(self, names: Iterable[str]) -> frozenset[str]:
        """Return these tasks and all tasks that they build on, directly or indirectly."""
        return frozenset(self.in_order(names))

    def in_order(self, names: Iterable[str] | None = None) -> tuple[str, ...]:
        """Return these tasks (by default, all) and those that they build on, each after those that it builds on.

        If only some of a kata's tasks are graded, it lacks tasks that these build on.
        """
        after = {task.name: task.after for task in self.tasks}
        ordered: list[str] = []

        def place(name: str) -> None:
            if name not in ordered:
                for earlier in after.get(name, ()):
                    place(earlier)
                ordered.append(name)

        for name in after if names is None else names:
            place(name)
        return tuple(ordered)

    @property
    def runtimes(self) -> tuple[str, ...]:
        """The different runtimes of the kata's workers, starting with the runtime of the kata itself."""
        return tuple(dict.fromkeys([self.runtime, *(task.runtime for task in self.tasks if task.runtime)]))

    def runtime_of(self, task: str) -> str:
        """Return the runtime of a task's workers."""
        return next((each.runtime for each in self.tasks if each.name == task and each.runtime), self.runtime)

    def declares(self, name: str) -> bool:
        """Return whether learners submit the file `name`: it matches an entry of `files` and is not in `supplied`."""
        return name not in self.supplied and any(matches(pattern, name) for pattern in self.files)

    def kata_digest(self) -> str:
        """Return the SHA-256 (hexadecimal) of the solution and the visible folder without the learner's files.

        The questions of a derivation aren't part of it, because they change no verdict.
        """
        files = files_under(self.folder)
        visible = {f"katas/{name}": path for name, path in files if not (self.declares(name) or name == DERIVE)}
        solution = {f"solutions/{name}": path for name, path in files_under(self.solution)}
        return files_digest({name: path.read_bytes() for name, path in (visible | solution).items()})

    def suite_digest(self) -> str:
        """Return the SHA-256 digest (hexadecimal) of all tests and probes, and of other files in the hidden suite."""
        found = {"checks/probes.py": COMMON_PROBES}
        found |= {f"katas/{path.name}": path for path in (*self.visible_tests, *self.folder.glob("probes*.py"))}
        hidden = {name: path for name, path in files_under(self.hidden) if not name.startswith(("wrong/", "accept/"))}
        found |= {f"hidden/{name}": path for name, path in hidden.items()}
        return files_digest({name: path.read_bytes() for name, path in found.items() if path.is_file()})

    def suite_tests(self) -> tuple[str, ...]:
        """Return the names of all tests in the files, which pytest has to collect."""
        return tests_in(self.visible_tests, self.root) + tests_in(self.hidden_tests, self.home)


def _variant_paths(folder: Path) -> list[Path]:
    """Return the paths of the variants in a folder. A variant is a file, or a folder with a whole submission."""
    whole = {path.parent for path in folder.glob(f"*/{ABOUT}")}
    files = (path for path in folder.rglob("*") if path.suffix in (".py", ".toml", ".edit"))
    return sorted([*whole, *(path for path in files if not whole.intersection(path.parents))])


def _variant(kata: Kata, path: Path, *, misconception: bool) -> Variant:
    file = path.relative_to(kata.home).as_posix()
    whole = path.is_dir()
    if whole and misconception:
        remedy = "Keep only the wrong file; the solution provides the others."
        refuse(file, "a wrong variant must be a single file", remedy)
    for name, _ in files_under(path) if whole else ():
        if name != ABOUT and not kata.declares(name):
            remedy = f"Remove it; the kata's files are {', '.join(kata.files)}."
            refuse(file, f"`{name}` is not one of the kata's files", remedy)
    with (path / ABOUT if whole else path).open(encoding="utf-8", errors="replace") as text:
        first, *more = (text.readline().strip() for _ in range(4))
    sentence = first.removeprefix("#").strip()
    if not first.startswith("#") or not sentence:
        refuse(file, "the first line has no sentence", "Write `# ` and one sentence for the learner.")
    header = _header_of_wrong(kata, file, more) if misconception else _header_of_accepted(kata, path, file, more)
    replaces, edits, family = ("", (), ()) if whole else _replacement(kata, path, file)
    return Variant(path=path, replaces=replaces, sentence=sentence, edits=edits, family=family, **header)


def _header_of_wrong(kata: Kata, file: str, lines: Sequence[str]) -> dict[str, Any]:
    """Read the task that must fail, and perhaps the reason why only hidden tests can catch the variant."""
    names = [task.name for task in kata.tasks]
    found = re.fullmatch(r"#\s*task:\s*(\S+)", lines[0])
    if found is None or found[1] not in names:
        fault = f"`{found[1]}`, in the second line, is not a" if found else "the second line names no"
        near = did_you_mean(found[1], names) if found else ""
        remedy = f"{near}Write `# task: NAME`, where NAME is one of {', '.join(names)}."
        refuse(file, f"{fault} task of the kata", remedy)
    reason = re.fullmatch(r"#\s*hidden_only:\s*(.*)", lines[1])
    if reason and not reason[1]:
        remedy = "Write `# hidden_only: ` and why visible tests cannot catch the variant."
        refuse(file, "the third line gives no reason", remedy)
    return {"task": found[1], "hidden_only": reason[1] if reason else ""}


def _header_of_accepted(kata: Kata, path: Path, file: str, lines: Sequence[str]) -> dict[str, Any]:
    """Read the mark (`core only` or `independent`), `without:` and `over:`."""
    mark = re.fullmatch(r"#\s*(core only|independent)", lines[0])
    found = (re.fullmatch(r"#\s*(without|over):\s*(.+)", line) for line in lines)
    said = {each[1]: each[2] for each in found if each}
    without = tuple(said.get("without", "").split())
    names = [task.name for task in kata.tasks]
    for name in without:
        if name not in names:
            refuse(file, f"`{name}`, after `without:`, is not a task of the kata", f"Known tasks: {', '.join(names)}.")
    over = path.with_name(said["over"]) if "over" in said else None
    if over and not (path.is_dir() and (over / ABOUT).is_file()):
        fault = f"this variant or `{over.name}` is not a whole submission"
        refuse(file, fault, f"Choose a folder in accept/ that contains {ABOUT}.")
    return {"task": None, "mark": mark[1] if mark else "", "without": without, "over": over}


def _replacement(
    kata: Kata, path: Path, file: str
) -> tuple[str, tuple[tuple[str, str], ...], tuple[tuple[str, tuple[str, ...]], ...]]:
    """Return the name of the file that a variant replaces, the variant's (old, new) passages, and its family."""
    if path.suffix != ".edit":
        return _replaced(kata, path, file), (), ()
    edit = record(read_table(path, file), _Edit, file)
    slug, _, inside = edit.file.partition("/")
    owner = next((other for other in kata.earlier if other.slug == slug), kata)
    replaced = edit.file if owner is kata else inside
    if not owner.declares(replaced) or not (owner.solution / replaced).is_file():
        earlier = (f"{other.slug}/{name}" for other in kata.earlier for name in other.files)
        remedy = f"Choose one of: {', '.join((*kata.files, *earlier))}."
        refuse(file, f"`{edit.file}` is not one of the learner's files in the solution", remedy)
    passages = [(each.old, each.new) for each in edit.edit]
    if edit.old is not None and edit.new is not None:
        passages.append((edit.old, edit.new))
    if (edit.old is None) != (edit.new is None) or not passages:
        refuse(file, "an edit lacks `old` or `new`", "Give both keys, or several [[edit]] tables with both.")
    for passage in edit.family:
        if not any(passage in new for _, new in passages):
            refuse(file, f"`{passage}`, in `family`, occurs in no `new`", "Copy a passage that occurs there.")
    return replaced, tuple(passages), tuple(edit.family.items())


class _Passage(Record, frozen=True, kw_only=True):
    old: str
    new: str


class _Edit(Record, frozen=True, kw_only=True):
    """The content of a .edit file, where `file` is one of the kata's files, or <slug>/<file> of an earlier kata."""

    file: str
    old: str | None = None
    new: str | None = None
    edit: tuple[_Passage, ...] = ()
    family: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)


def _replaced(kata: Kata, path: Path, file: str) -> str:
    """Return the name of the replaced file. If several could be meant, the variant's folder has its name."""
    sources = [name for name, _ in files_under(kata.solution) if name.endswith(path.suffix) and kata.declares(name)]
    inside = path.relative_to(kata.hidden).parts[1:-1]
    found = [name for name in sources if inside == (Path(name).stem,)] if inside or len(sources) > 1 else sources
    if len(found) != 1:
        stems = ", ".join(sorted(Path(name).stem for name in sources))
        remedy = f"Move it into a folder named after one of: {stems or '…'}."
        refuse(file, "the folder's name must be that of the module that the variant replaces", remedy)
    return found[0]
