"""Times the submission and the reference alternately, and computes the median ratio of their times.

Only one of them runs at a time. A `Race` reads the judge's clock; `compare` decides which of the two runs next, how
often, and what their times mean.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from graders.checks.mismatch import TooSlow, is_observing
from graders.errors import JudgeError, SubmissionError
from graders.verdict import Speed

Clock = Literal["wall", "cpu"]
Inputs = Callable[[], tuple[Any, ...]]
Check = Callable[[Any, tuple[Any, ...]], object]
Timer = Callable[[], tuple[float, float]]  # runs the function once and returns (wall_s, cpu_s)

CLOCKS: tuple[Clock, ...] = ("wall", "cpu")  # the order of the times that a Timer returns
RESAMPLES = 2000
CONFIDENCE = 0.95
HYSTERESIS = 0.1
MOST_ROUNDS = 44
CLEARLY = 4  # a race ends early if the submission is this many times as fast as required


def median_interval(ratios: Sequence[float] | npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the median and its 95 % percentile bootstrap interval (Efron, 1979). The result is deterministic."""
    values = np.asarray(ratios, dtype=np.float64)
    if values.ndim != 1 or not values.size:
        raise ValueError("at least one ratio is needed")
    rng = np.random.Generator(np.random.PCG64(0))  # a fixed seed, so that a replay gives the same interval
    medians = np.median(values[rng.integers(values.size, size=(RESAMPLES, values.size))], axis=1)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(medians, [tail, 1 - tail])
    return float(np.median(values)), float(low), float(high)


def decide(low: float, high: float, at_most: float) -> Literal["fast enough", "too slow", "undecided"]:
    """Compare the ratio's confidence interval with a threshold.

    Return "fast enough" if the whole interval is at most `at_most`, and "too slow" if the whole interval exceeds
    `at_most` by more than the share HYSTERESIS. Otherwise return "undecided", because noise could decide the result.
    """
    if high <= at_most:
        return "fast enough"
    return "too slow" if low > at_most * (1 + HYSTERESIS) else "undecided"


def compare(
    submission: Timer, reference: Timer, rounds: int = 11, *, at_most: float | None = None, clock: Clock = "wall"
) -> Speed:
    """Time both callables in alternating order, and return the submission's time divided by the reference's.

    The ratio is the median of the rounds' ratios of wall times, or of CPU times with `clock="cpu"`. `cpu_ratio` is the
    ratio of the total CPU times, or 0.0 if the reference's time is too short to measure. A warm-up round does not
    count. If a threshold `at_most` is given, rounds are added, up to MOST_ROUNDS, while the result is undecided. If
    `clock` is "cpu", and the ratios of the warm-up and of the first round are both below `at_most / CLEARLY`, these
    two rounds decide: to let a slow submission pass, noise would have to change both ratios that much. In the other
    rounds, only the submission is called. Raises ValueError for a time that is not positive.
    """
    warm_up = (submission(), reference())
    pairs = [_round(submission, reference, 0, clock)]
    if at_most is not None and clock == "cpu":
        early = [warm_up, *pairs]
        if all(ours[1] < at_most / CLEARLY * theirs[1] for ours, theirs in early):
            for _ in range(1, rounds):  # the submission still has to give as many right answers
                submission()
            return _summary(early, clock)
    most = rounds
    while True:
        pairs += [_round(submission, reference, i, clock) for i in range(len(pairs), most)]
        speed = _summary(pairs, clock)
        if at_most is None or len(pairs) >= MOST_ROUNDS or decide(speed.low, speed.high, at_most) != "undecided":
            return speed
        most = min(len(pairs) + rounds, MOST_ROUNDS)


SHARES = {"half": 1 / 2, "a third": 1 / 3, "a quarter": 1 / 4, "a fifth": 1 / 5, "a tenth": 1 / 10}


def assert_speed(speed: Speed, at_most: float, *, than: str = "the reference's time") -> None:
    """Check that the submission does not clearly take more than `at_most` times the reference's time (see `decide`).

    `than` names the other time in the message, for a race against something other than the reference.
    """
    if decide(speed.low, speed.high, at_most) == "too slow" and not is_observing():
        most = next((words for words, share in SHARES.items() if math.isclose(share, at_most)), f"{at_most:g} times")
        raise TooSlow(
            f"takes {speed.ratio:.2f} times {than} ({CONFIDENCE:.0%} interval {speed.low:.2f} to "
            f"{speed.high:.2f}; CPU time {speed.cpu_ratio:.2f} times); at most {most} is allowed",
            f"at most {most}",
            speed.ratio,
        )


Round = tuple[tuple[float, float], tuple[float, float]]  # (wall_s, cpu_s) of the submission, and of the reference


def _round(submission: Timer, reference: Timer, number: int, clock: Clock) -> Round:
    if number % 2:
        theirs, ours = reference(), submission()
    else:
        ours, theirs = submission(), reference()
    place = CLOCKS.index(clock)
    if ours[place] <= 0 or theirs[place] <= 0:
        raise ValueError(f"{clock} times {ours[place]} s and {theirs[place]} s; both must be positive")
    return ours, theirs


def _summary(pairs: Sequence[Round], clock: Clock) -> Speed:
    place = CLOCKS.index(clock)
    ratio, low, high = median_interval([ours[place] / theirs[place] for ours, theirs in pairs])
    ours, theirs = (sum(times[1] for times in side) for side in zip(*pairs, strict=True))
    return Speed(ratio=ratio, low=low, high=high, cpu_ratio=ours / theirs if theirs else 0.0)


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
        """Return the submission's time divided by the reference's (see `compare`)."""
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
