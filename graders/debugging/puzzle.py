"""A puzzle, which consists of a broken training program, its healthy twin and its faults."""

from __future__ import annotations

import re
from dataclasses import dataclass

from graders.debugging.faults import Fault
from graders.debugging.programs import TrainingProgram


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
