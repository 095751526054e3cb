"""A puzzle in a learner's repository: its files, what the learner has reached, its judge, and its form as a kata.

`katas debug` in a terminal and `katas serve` in a browser share this module.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import random
import re
import runpy
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import msgspec

from graders import catalogue
from graders.catalogue import Kata
from graders.checks.artifacts import read_toml
from graders.checks.diagnosis_file import DIAGNOSIS, FIELDS, PROGRAM, gaps
from graders.checks.mismatch import Mismatch
from graders.errors import KataError
from graders.judge.client import Judge
from graders.verdict import Verdict
from katas_practice.generate import candidate, generate
from katas_practice.puzzle import Puzzle, hints, readme, title

RECORD, ATTEMPTS, SHOWN = "puzzle.toml", "attempts", "hints"
OURS = ("README.md", "test_debug.py", RECORD, ATTEMPTS, SHOWN)
CACHES = ("__pycache__", ".pytest_cache")
TEMPLATES = Path(__file__).parent / "kata"
POINTS = 10.0  # the points of every puzzle
HINTS = 3  # the number of hints of every puzzle
SHOWN_SEEDS = (0, 1)  # the seeds with which `pytest` trains; the README's figures are for the first
NUMBERS = range(1, 1000)  # if no seed is given, one of these is drawn


class PracticeRecord(msgspec.Struct, frozen=True, omit_defaults=True):
    """The content of puzzle.toml, from which `puzzle_in` makes the puzzle again. `sha256` identifies the program."""

    seed: int
    attempt: int
    sha256: str
    symptom: str
    level: int | None = None
    family: str | None = None


def folder_of(root: Path, seed: int) -> Path:
    """Return the folder of a seed's puzzle."""
    return root / "katas" / "debug" / str(seed)


def free_seed(root: Path) -> int:
    """Return a small random seed that has no folder yet. Raises KataError if all are taken."""
    free = [seed for seed in NUMBERS if not folder_of(root, seed).exists()]
    if free:
        return random.choice(free)
    folder = root / "katas" / "debug"
    raise KataError(f"{folder}: all small seeds are taken. Choose one with --seed N, or remove some puzzles.")


def check_free(root: Path, seed: int, level: int | None = None, family: str | None = None) -> None:
    """Raise KataError if this puzzle cannot be created. This is much faster than `create`."""
    folder = folder_of(root, seed)
    if folder.exists():
        raise KataError(f"{folder}: this puzzle exists already. Continue with it, remove it, or choose another --seed.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        TemporaryDirectory(dir=folder.parent, prefix=".new-").cleanup()
    except OSError as fault:
        raise KataError(f"{folder.parent}: {fault.strerror}. Make katas/ writable, or choose another --root.") from None
    candidate(seed, level, family)  # rejects an unknown level or family


def create(root: Path, seed: int, level: int | None, family: str | None) -> Puzzle:
    """Generate a puzzle, which takes a while, and write its folder. Raises KataError."""
    puzzle = generate(seed, level, family)
    write(puzzle, root, level, family)
    return puzzle


def ahead_of(root: Path) -> Path:
    """Return the folder, laid out like a repository, with puzzles that were made before anyone has asked for them."""
    return root / ".katas" / "ahead"


def made_ahead(root: Path, level: int | None, family: str | None) -> Iterator[Path]:
    """Yield the folders of puzzles that were made ahead for these wishes, by this version."""
    for folder in puzzles(ahead_of(root)):
        with suppress(KataError):
            record = read(folder)
            puzzle_in(folder)
            if (record.level, record.family) == (level, family) and not folder_of(root, record.seed).exists():
                yield folder


def take(root: Path, level: int | None, family: str | None) -> int | None:
    """Move a puzzle that was made ahead for these wishes into katas/debug. Return its seed, or None without one."""
    for folder in made_ahead(root, level, family):
        with suppress(KataError, OSError):  # someone else was faster
            seed = int(folder.name)
            check_free(root, seed)
            folder.rename(folder_of(root, seed))
            return seed
    return None


def write(puzzle: Puzzle, root: Path, level: int | None, family: str | None) -> None:
    """Write the folder of a puzzle atomically. `level` and `family` are the requested values. Raises KataError."""
    check_free(root, puzzle.seed)
    folder = folder_of(root, puzzle.seed)
    record = PracticeRecord(puzzle.seed, puzzle.attempt, _digest(puzzle.source), puzzle.symptom, level, family)
    head = "# `katas debug` identifies this puzzle by these values. Do not change them.\n"
    texts = {
        "README.md": readme(puzzle),
        **stubs(puzzle),
        RECORD: head + _toml(msgspec.to_builtins(record)),
        "test_debug.py": (TEMPLATES / "visible.py").read_text(encoding="utf-8"),
    }
    try:
        with TemporaryDirectory(dir=folder.parent, prefix=".new-") as temporary:
            made = Path(temporary, "puzzle")
            _write(made, texts)
            made.rename(folder)
    except OSError as fault:
        raise KataError(f"{folder}: {fault.strerror}. Nothing was written. Choose another --root.") from None


def _write(folder: Path, texts: dict[str, str]) -> None:
    folder.mkdir(parents=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def read(folder: Path) -> PracticeRecord:
    """Read puzzle.toml. Raises KataError if it is missing or damaged."""
    path = folder / RECORD
    if not folder.is_dir():
        raise KataError(
            f"{folder}: there is no such puzzle. `katas debug list` shows all puzzles, `katas debug new` makes one."
        )
    try:
        return msgspec.convert(read_toml(path.read_bytes(), RECORD), PracticeRecord)
    except OSError as fault:
        problem = fault.strerror
    except (Mismatch, msgspec.ValidationError) as fault:
        problem = f"the file is damaged ({fault})"
    raise KataError(f"{path}: {problem}. Remove the folder and run `katas debug new` again.")


def puzzle_in(folder: Path) -> Puzzle:
    """Return the puzzle in a folder. Raises KataError if this version makes a different puzzle from the seed."""
    record = read(folder)
    puzzle = candidate(record.seed, record.level, record.family, record.attempt)
    if _digest(puzzle.source) != record.sha256:
        raise KataError(
            f"{folder / RECORD}: this version of katas makes a different program from seed {record.seed}. "
            f"Remove the folder and run `katas debug new --seed {record.seed}` again."
        )
    return replace(puzzle, symptom=record.symptom)


def puzzles(root: Path) -> list[Path]:
    """Return the folders of all puzzles, sorted by seed."""
    folders = [path.parent for path in (root / "katas" / "debug").glob(f"*/{RECORD}") if path.parent.name.isdecimal()]
    return sorted(folders, key=lambda folder: int(folder.name))


def newest(root: Path) -> Path:
    """Return the newest puzzle's folder. Raises KataError if there is none."""
    folders = puzzles(root)
    if not folders:
        raise KataError(f"{root / 'katas' / 'debug'}: there is no puzzle yet. `katas debug new` makes one.")
    return max(folders, key=lambda folder: (folder / RECORD).stat().st_mtime_ns)


def tables(puzzle: Puzzle) -> list[str]:
    """Return the names of the tables in a puzzle's diagnosis."""
    return [f"fault{number}" for number, _ in enumerate(puzzle.faults, start=1)]


def stubs(puzzle: Puzzle) -> dict[str, str]:
    """Return the learner's files as they were at the beginning, by name."""
    empty: dict[str, Any] = {name: kind() for name, kind in FIELDS.items()} | {"file": PROGRAM}
    head = (
        "# cause: a name from the list in the README. line: a line number in the original program.py, counted from 1.\n"
    )
    parts = [head, *(f"[{name}]\n{_toml(empty)}" for name in tables(puzzle))]
    return {PROGRAM: puzzle.source, DIAGNOSIS: "\n".join(parts)}


def solution(puzzle: Puzzle) -> dict[str, str]:
    """Return the files that get all points, by name."""
    parts = []
    for name, fault, lines in zip(tables(puzzle), puzzle.faults, puzzle.lines, strict=True):
        values = [fault.cause, PROGRAM, lines[0], fault.why, fault.fix, fault.prevention]
        parts.append(f"[{name}]\n{_toml(dict(zip(FIELDS, values, strict=True)))}")
    return {PROGRAM: puzzle.twin, DIAGNOSIS: "\n".join(parts)}


def _toml(values: dict[str, Any]) -> str:
    """Return these strings and numbers as TOML. JSON strings are also valid TOML strings."""
    return "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items())


def _digest(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()


def symptoms(folder: Path) -> list[str]:
    """Run the learner's program in this process, and return sentences that describe its symptoms."""
    from katas_practice import judging, readings

    puzzle, program = puzzle_in(folder), SimpleNamespace(**runpy.run_path(str(folder / PROGRAM), run_name="program"))
    runs, twins = [], []
    for seed in SHOWN_SEEDS:
        truth = readings.truth_of(puzzle.twin, seed)
        twins.append(readings.measure(puzzle.twin, seed, truth))
        runs.append(readings.reading_of(readings.own_training(program, seed, puzzle.epochs, truth), truth))
    ill = judging.complaints(runs, twins, puzzle.epochs, SHOWN_SEEDS)
    if puzzle.is_slow:
        source = (folder / PROGRAM).read_text(encoding="utf-8")
        if (ratio := readings.slowdown(source, puzzle.twin, SHOWN_SEEDS[0])) > judging.SLOW:
            ill.append(f"Training takes {ratio:.1f} times as long as it should.")
    return ill


def form(folder: Path) -> list[str]:
    """Return sentences that say why a diagnosis cannot be graded, without revealing whether it is right."""
    puzzle = puzzle_in(folder)
    try:
        table = read_toml((folder / DIAGNOSIS).read_bytes(), DIAGNOSIS)
    except OSError as fault:
        return [f"{DIAGNOSIS} cannot be read: {fault}"]
    except Mismatch as fault:
        return [fault.message]
    lines = len(puzzle.source.splitlines())
    return [f"{DIAGNOSIS}, [{name}]: {gap}" for name in tables(puzzle) for gap in gaps(table, name, PROGRAM, lines)]


def hint(folder: Path, number: int | None = None) -> tuple[int, str]:
    """Return the number (from 1) and the text of a hint, by default the first hint that has not been shown.

    Raises KataError if all hints have been shown, or if the hint cannot be recorded.
    """
    texts, shown = hints(puzzle_in(folder).faults), hints_shown(folder)
    if number is None:
        number = next((n for n in range(1, len(texts) + 1) if n not in shown), None)
    if number is None:
        raise KataError(f"{folder}: all {len(texts)} hints have been shown. Add a number to see one again.")
    if number not in shown:
        _append(folder / SHOWN, str(number), "hint")
    return number, texts[number - 1]


def hints_shown(folder: Path) -> set[int]:
    """Return the numbers of the hints that have been shown."""
    shown = _text(folder / SHOWN).split()
    return {number for number in range(1, HINTS + 1) if str(number) in shown}


def record(folder: Path, verdict: Verdict) -> None:
    """Record a verdict as an attempt, unless nothing could be graded. Raises KataError if it cannot be written."""
    if verdict.status != "error" and not verdict.untested:
        record_attempt(folder, verdict.score, verdict.max_score)


def record_attempt(folder: Path, score: float, of: float) -> None:
    """Record a graded attempt and its points. Raises KataError if the file cannot be written."""
    now = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
    _append(folder / ATTEMPTS, f"{now}  {score:g} of {of:g}", "attempt")


def attempts(folder: Path) -> list[float]:
    """Return the scores of all graded attempts, oldest first. Lines that are not attempts are ignored."""
    return [score for _, score in _dated_attempts(folder)]


def _dated_attempts(folder: Path) -> list[tuple[str, float]]:
    """Return the time (ISO 8601) and the score of each graded attempt, oldest first."""
    rows = re.findall(r"^(\S+)  (\d+(?:\.\d+)?) of \d", _text(folder / ATTEMPTS), re.MULTILINE)
    return [(moment, float(score)) for moment, score in rows]


def _append(path: Path, line: str, what: str) -> None:
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
    except OSError as fault:
        raise KataError(
            f"{path}: {fault.strerror}. The {what} could not be recorded. Make the file writable."
        ) from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


@dataclass(frozen=True)
class PuzzleStanding:
    """What a learner has reached in a puzzle. `puzzle` is None if it cannot be read; `fault` then says why."""

    folder: Path
    puzzle: Puzzle | None
    fault: str
    scores: list[float]
    solved_on: str

    @property
    def best(self) -> float:
        return max(self.scores, default=0.0)


def standing(folder: Path) -> PuzzleStanding:
    """Return what the learner has reached in the puzzle in this folder."""
    puzzle, fault = None, ""
    try:
        puzzle = puzzle_in(folder)
    except KataError as problem:
        fault = str(problem)
    solved = next((moment[:10] for moment, score in _dated_attempts(folder) if score >= POINTS), "")
    return PuzzleStanding(folder, puzzle, fault, attempts(folder), solved)


@contextmanager
def repository(puzzle: Puzzle) -> Iterator[tuple[Path, str]]:
    """Create a temporary repository with one kata. Yields its root, which only the owner can read, and the slug."""
    slug = f"debug{puzzle.seed}"
    toml = (TEMPLATES / "kata.toml").read_text(encoding="utf-8").replace("A broken training program", title(puzzle))
    faults = zip(puzzle.faults, puzzle.lines, strict=True)
    data = {
        "source": puzzle.source,
        "twin": puzzle.twin,
        "lines": len(puzzle.source.splitlines()),
        "tables": tables(puzzle),
        "faults": [{"cause": fault.cause, "lines": lines} for fault, lines in faults],
    }
    with TemporaryDirectory(prefix="katas-debug-") as temporary:
        root = Path(temporary)
        hidden = root / "graders" / "hidden" / slug
        _write(root / "katas" / slug, stubs(puzzle) | {"kata.toml": toml})
        _write(root / "solutions" / slug, solution(puzzle))
        _write(hidden, {"puzzle.json": json.dumps(data)})
        shutil.copyfile(TEMPLATES / "hidden.py", hidden / "test_hidden.py")
        if puzzle.is_slow:
            shutil.copyfile(TEMPLATES / "speed.py", hidden / "test_speed.py")
        shutil.copyfile(TEMPLATES / "probes.py", hidden / "probes.py")
        yield root, slug


class PuzzleJudge(ExitStack):
    """A judge for one puzzle, for use in a `with` statement. `settings` are those of Judge.

    `close` ends the judge, and removes its copy of the puzzle.
    """

    def __init__(self, folder: Path, **settings: Any) -> None:
        super().__init__()
        self.folder = folder
        root, self._slug = self.enter_context(repository(puzzle_in(folder)))
        self._judge = self.enter_context(Judge(root, first=self._slug, **settings))

    def grade(self, slug: str = "", *, tell: Callable[[Verdict], None] | None = None, **how: Any) -> Verdict:
        """Return the verdict on the learner's files, as the learner sees it. `slug` is its name for the puzzle.

        `tell` and `how` are as for Judge.grade. All of a puzzle's tests are hidden ones, so they always run.
        """
        how |= {"visible": False, "tell": None if tell is None else lambda verdict: tell(named(verdict))}

        def named(verdict: Verdict) -> Verdict:
            ignored = verdict.ignored_files
            foreign = tuple(name for name in ignored if name not in OURS and Path(name).parts[0] not in CACHES)
            return msgspec.structs.replace(verdict, ignored_files=foreign, kata=slug or verdict.kata)

        return named(self._judge.grade(self._slug, self.folder, **how))


class PuzzleKata(Kata, frozen=True, kw_only=True):
    """A puzzle as a kata of the learner's repository. `own` is the learner's folder."""

    own: Path

    @property
    def folder(self) -> Path:
        return self.own


def kata_of(root: Path, seed: int, slug: str) -> PuzzleKata:
    """Return a seed's puzzle as a kata. Raises KataError if there is no such puzzle."""
    folder = folder_of(root, seed)
    with repository(puzzle_in(folder)) as (temporary, name):
        kata = catalogue.load(temporary, name, complete=False)
    return PuzzleKata(**{**msgspec.structs.asdict(kata), "slug": slug, "root": root, "own": folder})
