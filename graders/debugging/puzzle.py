"""A puzzle: a broken training program, its healthy twin and its faults."""

from __future__ import annotations

from dataclasses import dataclass

from graders.debugging.faults import Fault
from graders.debugging.programs import TrainingProgram


@dataclass(frozen=True)
class Puzzle:
    """A broken program, `source`, and its healthy `twin`.

    `lines` has, for each of `faults` (two at level 3, else one), the lines of `source`, counted from 1, that are a
    right answer to where it is; for an omission, the lines next to the gap. `symptom` is the README's description, in
    numbers; it is empty before the proof. `partly_fixed` has, at level 3, for each fault the program with only that
    fault fixed.
    """

    seed: int
    level: int
    program: TrainingProgram
    source: str
    twin: str
    faults: tuple[Fault, ...]
    lines: tuple[tuple[int, ...], ...]
    partly_fixed: tuple[str, ...] = ()
    symptom: str = ""
    attempt: int = 0
