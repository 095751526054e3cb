"""Writes and reads the files of a puzzle, and creates the repository in which the judge grades it."""

from __future__ import annotations

import datetime
import hashlib
import importlib.util
import json
import os
import random
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from graders.checks.artifacts import read_toml
from graders.checks.mismatch import Mismatch
from graders.debugging.causes import CAUSES
from graders.debugging.diagnosis import FIELDS, gaps, remarks
from graders.debugging.generate import candidate
from graders.debugging.hints import hints
from graders.debugging.puzzle import Puzzle
from graders.debugging.readme import filled
from graders.errors import KataError

PROGRAM, DIAGNOSIS, RECORD, ATTEMPTS, SHOWN = "program.py", "diagnosis.toml", "puzzle.toml", "attempts", "hints"
OURS = ("README.md", "test_debug.py", RECORD, ATTEMPTS, SHOWN)
TEMPLATES = Path(__file__).parent / "kata"
LONGEST_NUMBER = 10  # longer numbers in the record of shown hints are rejected
SHOWN_SEEDS = (0, 1)  # the seeds with which `pytest` trains; the README's figures are for the first
NUMBERS = range(1, 1000)  # if no seed is given, one of these is drawn


@dataclass(frozen=True)
class PracticeRecord:
    """The content of puzzle.toml, from which `puzzle_in` makes the puzzle again. `sha256` identifies the program."""

    seed: int
    level: int | None
    family: str | None
    attempt: int
    sha256: str
    symptom: str


def folder_of(root: Path, seed: int) -> Path:
    """Return the folder of a seed's puzzle."""
    return root / "katas" / "debug" / str(seed)


def free_seed(root: Path) -> int:
    """Return a small random seed that has no folder yet. Raises KataError if all are taken."""
    free = [seed for seed in NUMBERS if not folder_of(root, seed).exists()]
    if not free:
        raise KataError(
            f"{root / 'katas' / 'debug'}: all small seeds are taken. Choose one with --seed N, or remove some puzzles."
        )
    return random.choice(free)


def check_free(root: Path, seed: int) -> Path:
    """Return the folder for a new puzzle. Raises KataError if it exists already or cannot be created."""
    folder = folder_of(root, seed)
    if folder.exists():
        raise KataError(f"{folder}: this puzzle exists already. Continue with it, remove it, or choose another --seed.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise KataError(f"{folder.parent}: {fault.strerror}. Make katas/ writable, or choose another --root.") from None
    if not os.access(folder.parent, os.W_OK | os.X_OK):
        raise KataError(
            f"{folder.parent}: the folder is not writable. Change its permissions or choose another --root."
        )
    return folder


# ------------------------------------------------------------------------------------ for the learner


def write(puzzle: Puzzle, root: Path, level: int | None, family: str | None) -> Path:
    """Write the folder of a puzzle atomically. `level` and `family` are the requested values. Raises KataError."""
    folder = check_free(root, puzzle.seed)
    record = PracticeRecord(puzzle.seed, level, family, puzzle.attempt, _digest(puzzle.source), puzzle.symptom)
    texts = {
        "README.md": _readme(puzzle),
        **stubs(puzzle),
        RECORD: _record(record),
        "test_debug.py": (TEMPLATES / "visible.py").read_text(encoding="utf-8"),
    }
    try:
        with TemporaryDirectory(dir=folder.parent, prefix=".new-") as place:
            made = Path(place, "puzzle")
            made.mkdir()
            for name, text in texts.items():
                (made / name).write_text(text, encoding="utf-8")
            made.rename(folder)
    except OSError as fault:
        raise KataError(f"{folder}: {fault.strerror}. Nothing was written. Choose another --root.") from None
    return folder


def read(folder: Path) -> PracticeRecord:
    """Read puzzle.toml. Raises KataError if it is missing or damaged."""
    path = folder / RECORD
    again = "Remove the folder and run `katas debug new` again."
    if not folder.is_dir():
        raise KataError(
            f"{folder}: there is no such puzzle. `katas debug list` shows all puzzles, `katas debug new` makes one."
        )
    try:
        table = read_toml(path.read_bytes(), RECORD)
        record = PracticeRecord(**({"level": None, "family": None} | table))
    except OSError as fault:
        raise KataError(f"{path}: {fault.strerror}. {again}") from None
    except (Mismatch, TypeError) as fault:
        raise KataError(f"{path}: the file is damaged ({fault}). {again}") from None
    numbers = (record.seed, record.attempt, 1 if record.level is None else record.level)
    if any(type(number) is not int for number in numbers) or type(record.symptom) is not str:
        raise KataError(f"{path}: the file is damaged (a value has the wrong type). {again}")
    return record


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
    found = [path.parent for path in (root / "katas" / "debug").glob(f"*/{RECORD}") if path.parent.name.isdecimal()]
    return sorted(found, key=lambda folder: int(folder.name))


def newest(root: Path) -> Path:
    """Return the newest puzzle's folder. Raises KataError if there is none."""
    found = puzzles(root)
    if not found:
        raise KataError(f"{root / 'katas' / 'debug'}: there is no puzzle yet. `katas debug new` makes one.")
    return max(found, key=lambda folder: (folder / RECORD).stat().st_mtime_ns)


def symptoms(folder: Path) -> list[str]:
    """Run the learner's program in this process, and return sentences that describe its symptoms."""
    from graders.debugging import health, readings

    puzzle, program = puzzle_in(folder), _imported(folder / PROGRAM)
    epochs = readings.module_of(puzzle.twin).EPOCHS
    found, twins = [], []
    for seed in SHOWN_SEEDS:
        truth = readings.truth_of(puzzle.twin, seed)
        twins.append(readings.twin_reading(puzzle.twin, seed, epochs, truth))
        found.append(readings.reading_of(readings.own_training(program, seed, epochs, truth), truth))
    ill = health.complaints(found, twins, epochs, SHOWN_SEEDS)
    if puzzle.is_slow and (ratio := _slowdown(folder, puzzle)) > health.SLOW:
        ill.append(f"Training takes {ratio:.1f} times as long as it should.")
    return ill


def form(folder: Path) -> list[str]:
    """Return sentences that say why a diagnosis cannot be graded, without revealing whether it is right."""
    puzzle = puzzle_in(folder)
    try:
        table = _diagnosis(folder)
    except OSError as fault:
        return [f"{DIAGNOSIS} cannot be read: {fault}"]
    except Mismatch as fault:
        return [fault.message]
    lines = len(puzzle.source.splitlines())
    return [f"{DIAGNOSIS}, [{name}]: {gap}" for name in tables(puzzle) for gap in gaps(table, name, PROGRAM, lines)]


def notes(folder: Path) -> list[str]:
    """Return sentences that say what the prose of a diagnosis lacks. Missing prose costs no points."""
    try:
        table = _diagnosis(folder)
    except (OSError, Mismatch):
        return []  # grading reports it
    return [f"{DIAGNOSIS}, [{name}]: {said}" for name in tables(puzzle_in(folder)) for said in remarks(table, name)]


def _diagnosis(folder: Path) -> dict[str, Any]:
    return read_toml((folder / DIAGNOSIS).read_bytes(), DIAGNOSIS)


def tables(puzzle: Puzzle) -> list[str]:
    """Return the names of the tables in a puzzle's diagnosis."""
    return [f"fault{number}" for number, _ in enumerate(puzzle.faults, start=1)]


def hint(folder: Path, number: int | None = None) -> tuple[int, str]:
    """Return the number (from 1) and the text of a hint, by default the first hint that has not been shown.

    Raises KataError if all hints have been shown, or if the hint cannot be recorded.
    """
    all_ = hints(puzzle_in(folder).faults)
    path = folder / SHOWN
    shown = hints_shown(folder)
    if number is None:
        number = next((n for n in range(1, len(all_) + 1) if n not in shown), None)
    if number is None:
        raise KataError(f"{folder}: all {len(all_)} hints have been shown. Add a number to see one again.")
    if number not in shown:
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(f"{number}\n")
        except OSError as fault:
            raise KataError(
                f"{path}: {fault.strerror}. The hint could not be recorded. Make the file writable."
            ) from None
    return number, all_[number - 1]


def hints_shown(folder: Path) -> set[int]:
    """Return the numbers of the hints that have been shown."""
    return set(_numbers(folder / SHOWN))


# -------------------------------------------------------------------------------------- for the judge


@contextmanager
def repository(puzzle: Puzzle) -> Iterator[tuple[Path, str]]:
    """Create a temporary repository with one kata. Yields its root, which only the owner can read, and the slug."""
    slug = f"debug{puzzle.seed}"
    with TemporaryDirectory(prefix="katas-debug-") as place:
        root = Path(place)
        shown, solved, hidden = root / "katas" / slug, root / "solutions" / slug, root / "graders" / "hidden" / slug
        for folder in (shown, solved, hidden):
            folder.mkdir(parents=True)
        toml = (TEMPLATES / "kata.toml").read_text(encoding="utf-8")
        (shown / "kata.toml").write_text(toml.replace("A broken training program", title(puzzle)), encoding="utf-8")
        for folder, source in ((shown, puzzle.source), (solved, puzzle.twin)):
            (folder / PROGRAM).write_text(source, encoding="utf-8")
        (shown / DIAGNOSIS).write_text(_stub(puzzle), encoding="utf-8")
        (solved / DIAGNOSIS).write_text(answer(puzzle), encoding="utf-8")
        tests = ["hidden", "one_fault" if len(puzzle.faults) == 1 else "two_faults"]
        for name in [*tests, *(["speed"] if puzzle.is_slow else [])]:
            shutil.copyfile(TEMPLATES / f"{name}.py", hidden / f"test_{name}.py")
        shutil.copyfile(TEMPLATES / "probes.py", hidden / "probes.py")
        (hidden / "puzzle.json").write_text(json.dumps(_data(puzzle)), encoding="utf-8")
        yield root, slug


def answer(puzzle: Puzzle) -> str:
    """Return a correct diagnosis.toml."""
    parts = []
    for name, fault, lines in zip(tables(puzzle), puzzle.faults, puzzle.lines, strict=True):
        values = [fault.cause, PROGRAM, lines[0], fault.why, fault.fix, fault.prevention]
        parts.append(_table(name, dict(zip(FIELDS, values, strict=True))))
    return "\n".join(parts)


def record_attempt(folder: Path, score: float, of: float) -> None:
    """Record a graded attempt and its points. Raises KataError if the file cannot be written."""
    now = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
    try:
        with (folder / ATTEMPTS).open("a", encoding="utf-8") as file:
            file.write(f"{now}  {score:g} of {of:g}\n")
    except OSError as fault:
        raise KataError(
            f"{folder / ATTEMPTS}: {fault.strerror}. The attempt could not be recorded. Make the file writable."
        ) from None


def attempts(folder: Path) -> list[float]:
    """Return the scores of all graded attempts, oldest first. Lines that are not attempts are ignored."""
    return [score for _, score in dated_attempts(folder)]


def dated_attempts(folder: Path) -> list[tuple[str, float]]:
    """Return the time (ISO 8601) and the score of each graded attempt, oldest first."""
    try:
        text = (folder / ATTEMPTS).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    found = re.findall(r"^(\S+)  (\d+(?:\.\d+)?) of \d", text, re.MULTILINE)
    return [(moment, float(score)) for moment, score in found]


# -------------------------------------------------------------------------------------------- texts


def title(puzzle: Puzzle) -> str:
    """Return the heading of a puzzle's README."""
    return f"A broken training program: {puzzle.program.name}, seed {puzzle.seed}, level {puzzle.level}"


def _readme(puzzle: Puzzle) -> str:
    two = len(puzzle.faults) > 1
    values = {
        "TITLE": title(puzzle),
        "ABOUT": puzzle.program.about,
        "FAULTS": "Two faults were inserted" if two else "A fault was inserted",
        "SYMPTOM": puzzle.symptom or "Run the tests to see the symptom.",
        "SEED": str(puzzle.seed),
        "EPOCHS": str(puzzle.epochs),
        "TABLES": "the tables `[fault1]` and `[fault2]`, in any order" if two else "the table `[fault1]`",
        "HALF": " One point for each fault." if two else "",
        "METRIC": "accuracy" if puzzle.program.metric == "accuracy" else "r2",
        "CAUSES": "\n".join(f"- `{name}`: {meaning}" for name, meaning in CAUSES.items()),
    }
    return filled(values)


def stubs(puzzle: Puzzle) -> dict[str, str]:
    """Return the learner's files as they were at the beginning, by name."""
    return {PROGRAM: puzzle.source, DIAGNOSIS: _stub(puzzle)}


def _stub(puzzle: Puzzle) -> str:
    empty: dict[str, Any] = {name: "" if kind is str else 0 for name, kind in FIELDS.items()} | {"file": PROGRAM}
    head = (
        "# cause: a name from the list in the README. line: a line number in the original program.py, counted from 1.\n"
    )
    return head + "\n".join(["", *(_table(name, empty) for name in tables(puzzle))])


def _table(name: str, values: dict[str, Any]) -> str:
    return "\n".join([f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in values.items()), ""])


def _record(record: PracticeRecord) -> str:
    values = {key: value for key, value in vars(record).items() if value is not None}
    lines = [f"{key} = {_toml(value)}" for key, value in values.items()]
    return "\n".join(["# `katas debug` identifies this puzzle by these values. Do not change them.", *lines, ""])


def _toml(value: str | int) -> str:
    """Return a value as TOML. JSON strings are also valid TOML strings."""
    return json.dumps(value, ensure_ascii=False)


def _data(puzzle: Puzzle) -> dict[str, Any]:
    faults = [{"cause": fault.cause, "lines": lines} for fault, lines in zip(puzzle.faults, puzzle.lines, strict=True)]
    return {
        "source": puzzle.source,
        "twin": puzzle.twin,
        "lines": len(puzzle.source.splitlines()),
        "faults": faults,
    }


def _numbers(path: Path) -> list[int]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [int(line) for line in text.split() if line.isdecimal() and len(line) < LONGEST_NUMBER]


def _digest(source: str) -> str:
    return hashlib.sha256(source.encode()).hexdigest()


def _imported(path: Path) -> ModuleType:
    """Import the learner's program as a module, so that tracebacks show lines of the file."""
    spec = importlib.util.spec_from_file_location("program", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _slowdown(folder: Path, puzzle: Puzzle) -> float:
    from graders.debugging.measurement import slowdown

    return slowdown((folder / PROGRAM).read_text(encoding="utf-8"), puzzle.twin, SHOWN_SEEDS[0])
