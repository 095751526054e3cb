"""Times the submission and the reference alternately on the judge's clock. Only one of them runs at a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from graders.checks.speed import Clock, compare
from graders.errors import JudgeError, SubmissionError
from graders.verdict import Speed

Inputs = Callable[[], tuple[Any, ...]]
Check = Callable[[Any, tuple[Any, ...]], object]


class Runner(Protocol):
    """A side that reports its CPU seconds, and that can be stopped while the other side runs."""

    def cpu_s(self) -> float: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...


@dataclass
class Race:
    """A speed test, in which both sides get the same fresh inputs in every round.

    `check` asserts that the submission's answers are right. If `own` is true, the reference is the submission, called
    in another way. `times` holds the wall seconds of both sides, including the warm-up.
    """

    submission: tuple[Runner, Callable[..., Any]]
    reference: tuple[Runner, Callable[..., Any]]
    inputs: Inputs
    check: Check
    own: bool = False
    drawn: list[tuple[Any, ...]] = field(default_factory=list)
    times: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))

    def run(self, rounds: int, at_most: float | None, clock: Clock) -> Speed:
        """Return the submission's time divided by the reference's (see graders.checks.speed.compare)."""
        self._on_reference(self.reference[0].pause)
        self.submission[0].pause()
        try:
            return compare(lambda: self._lap(0), lambda: self._lap(1), rounds, at_most=at_most, clock=clock)
        finally:
            self.reference[0].resume()
            self.submission[0].resume()

    def _lap(self, who: int) -> tuple[float, float]:
        number = len(self.times[who])
        if number == len(self.drawn):
            self.drawn.append(self.inputs())
        runner, call = (self.submission, self.reference)[who]
        cpu = runner.cpu_s()  # exact only while the side is stopped
        runner.resume()
        wall = time.perf_counter()
        value = call(*self.drawn[number]) if who == 0 else self._on_reference(lambda: call(*self.drawn[number]))
        wall = time.perf_counter() - wall
        runner.pause()
        cpu = runner.cpu_s() - cpu
        self.times[who].append(wall)
        if who == 0:
            self.check(value, self.drawn[number])
        return wall, cpu

    def _on_reference(self, step: Callable[[], Any]) -> Any:
        """Run a step of the reference. If the reference is the solution, its failure is raised as a JudgeError."""
        try:
            return step()
        except SubmissionError as fault:
            if self.own:
                raise
            raise JudgeError(f"the reference failed while it was timed: {fault}") from fault
