"""A puzzle, which consists of a broken training program, its healthy twin and its faults, and what a learner reads.

The texts about a puzzle are its README, three hints, and the explanation of its faults.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from graders.checks.diagnosis_file import CAUSES, PROGRAM
from katas_practice.faults import Fault
from katas_practice.programs import TrainingProgram


@dataclass(frozen=True)
class Puzzle:
    """A broken program, `source`, and its healthy `twin`.

    For each of `faults` (two at level 3, otherwise one), `lines` holds the lines of `source` that are accepted as
    answers, counted from 1. If the fault is a missing line, these are the lines next to the gap. `symptom` describes
    the symptom in numbers for the README, and is empty before the proof. At level 3, `partly_fixed` holds, for each
    fault, the program with only that fault fixed.
    """

    seed: int
    level: int
    program: TrainingProgram
    source: str
    twin: str
    faults: list[Fault]
    lines: list[list[int]]
    partly_fixed: list[str]
    attempt: int = 0
    symptom: str = ""

    @property
    def epochs(self) -> int:
        """The number of epochs that the program trains for."""
        return int(re.findall(r"^EPOCHS = (\d+)", self.twin, flags=re.MULTILINE)[0])

    @property
    def is_slow(self) -> bool:
        """Whether one of the faults makes training slow."""
        return any("slow" in fault.symptoms for fault in self.faults)


# ----------------------------------------------------------------------------------------------- texts

TEMPLATE = Path(__file__).parent / "static" / "README.md"  # has placeholders such as @SEED@
HINTS: dict[str, dict[str, str]] = tomllib.loads(Path(__file__).with_name("hints.toml").read_text(encoding="utf-8"))


def hints(faults: Sequence[Fault]) -> tuple[str, str, str]:
    """Return three hints, which say what to measure, in which part of the program to look, and what the cause is."""
    first = " ".join(dict.fromkeys(HINTS["symptoms"][fault.symptoms[0]].replace("\n", " ") for fault in faults))
    parts = [HINTS["families"][fault.family] for fault in faults]
    causes = [f"{CAUSES[fault.cause]}." for fault in faults]
    if len(faults) == 1:
        return first, f"Look at {parts[0]}.", f"The cause: {causes[0]}"
    second = f"One fault is in {parts[0]}. The other is in {parts[1]}."
    return first, second, f"One cause: {causes[0]} The other: {causes[1]}"


def title(puzzle: Puzzle) -> str:
    """Return the heading of a puzzle's README."""
    return f"A broken training program: {puzzle.program.name}, seed {puzzle.seed}, level {puzzle.level}"


def readme(puzzle: Puzzle) -> str:
    """Return a puzzle's README."""
    two = len(puzzle.faults) > 1
    values = {
        "TITLE": title(puzzle),
        "ABOUT": puzzle.program.about.strip(),
        "FAULTS": "Two faults were inserted" if two else "A fault was inserted",
        "SYMPTOM": puzzle.symptom or "Run the tests to see the symptom.",
        "SEED": str(puzzle.seed),
        "EPOCHS": str(puzzle.epochs),
        "TABLES": "the tables `[fault1]` and `[fault2]`, in any order" if two else "the table `[fault1]`",
        "HALF": " One point for each fault." if two else "",
        "METRIC": puzzle.program.metric,
        "CAUSES": "\n".join(f"- `{name}`: {meaning}" for name, meaning in CAUSES.items()),
    }
    return re.sub(r"@([A-Z]+)@", lambda match: values[match[1]], TEMPLATE.read_text(encoding="utf-8"))


def as_markdown(puzzle: Puzzle) -> str:
    """Return an explanation of the faults with their lines."""
    parts = [f"# {title(puzzle)}\n\n{puzzle.symptom}"]
    source = puzzle.source.splitlines()
    for number, (fault, lines) in enumerate(zip(puzzle.faults, puzzle.lines, strict=True), start=1):
        name = f"Fault {number}" if len(puzzle.faults) > 1 else "The fault"
        code = "\n".join(f"{line:4d}  {source[line - 1]}" for line in lines)
        parts.append(f"## {name}: {fault.cause}\n\nThis means: {CAUSES[fault.cause]}.\n\n```\n{code}\n```")
        parts += [f"**Why:** {fault.why}", f"**Fix:** {fault.fix}", f"**Prevention:** {fault.prevention}"]
    return "\n\n".join(parts)


def fix(puzzle: Puzzle) -> str:
    """Return what fixes the program, as a unified diff."""
    before, after = puzzle.source.splitlines(keepends=True), puzzle.twin.splitlines(keepends=True)
    return "".join(difflib.unified_diff(before, after, f"{PROGRAM}, original", f"{PROGRAM}, fixed"))
