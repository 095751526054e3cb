"""Explains a puzzle's faults to a learner who has looked for them: as plain text, and as Markdown for a browser."""

from __future__ import annotations

import difflib

from graders.debugging.causes import CAUSES
from graders.debugging.faults import Fault
from graders.debugging.practice import PROGRAM, title
from graders.debugging.puzzle import Puzzle


def as_text(puzzle: Puzzle) -> str:
    """Return an explanation of the faults with their lines, and the fix as a unified diff."""
    lines = puzzle.source.splitlines()
    parts = [f"Seed {puzzle.seed}, level {puzzle.level}: {puzzle.program.name}. {puzzle.symptom}".rstrip()]
    for number, (fault, places) in enumerate(zip(puzzle.faults, puzzle.lines, strict=True), start=1):
        which = f"Fault {number}" if len(puzzle.faults) > 1 else "The fault"
        parts.append(_explanation(which, fault, [(place, lines[place - 1]) for place in places]))
    before, after = puzzle.source.splitlines(keepends=True), puzzle.twin.splitlines(keepends=True)
    parts.append("".join(difflib.unified_diff(before, after, f"{PROGRAM}, original", f"{PROGRAM}, fixed")))
    return "\n\n".join(parts)


def as_markdown(puzzle: Puzzle) -> str:
    """Return the explanation of the faults, in Markdown."""
    lines, parts = puzzle.source.splitlines(), [f"# {title(puzzle)}\n\n{puzzle.symptom}"]
    for number, (fault, places) in enumerate(zip(puzzle.faults, puzzle.lines, strict=True), start=1):
        which = f"Fault {number}" if len(puzzle.faults) > 1 else "The fault"
        code = "\n".join(f"{place:4d}  {lines[place - 1]}" for place in places)
        parts.append(f"## {which}: {fault.cause}\n\nThis means: {CAUSES[fault.cause]}.\n\n```\n{code}\n```")
        parts += [f"**Why:** {fault.why}", f"**Fix:** {fault.fix}", f"**Prevention:** {fault.prevention}"]
    return "\n\n".join(parts)


def _explanation(which: str, fault: Fault, places: list[tuple[int, str]]) -> str:
    rows = [f"  {number:4d}  {text}" for number, text in places]
    return "\n".join(
        [
            f"{which}: {fault.cause} ({CAUSES[fault.cause]})",
            *rows,
            f"Why: {fault.why}",
            f"Fix: {fault.fix}",
            f"Prevention: {fault.prevention}",
        ]
    )
