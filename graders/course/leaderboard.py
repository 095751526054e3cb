"""Rank people by the speed of their submissions, within the precision of the measurement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from graders.course.gradebook.results import KataResult
from graders.verdict import Speed


@dataclass(frozen=True)
class Line:
    """A line of the leaderboard. Lines with the same `rank` are tied.

    `speed.ratio` is the time of the submission divided by the time of the reference.
    """

    rank: int
    person: str
    test: str
    speed: Speed


def board(results: Sequence[KataResult]) -> dict[str, list[Line]]:
    """Return the ranking of people for every speed test, without people who were excluded from the kata.

    A person's fastest submission counts, among those that passed the test and are within the limit on attempts.
    """
    fastest: dict[str, dict[str, Speed]] = {}
    for result in results:
        for standing in result.standings if not result.mark.excluded else ():
            for test in standing.attempt.verdict.tests if not standing.over_limit else ():
                if test.speed is not None and test.status == "passed":
                    best = fastest.setdefault(test.name, {})
                    best[result.person] = min(best.get(result.person, test.speed), test.speed, key=attrgetter("ratio"))
    return {test: ranked(test, speeds.items()) for test, speeds in sorted(fastest.items())}


def ranked(test: str, speeds: Iterable[tuple[str, Speed]]) -> list[Line]:
    """Rank the speeds, with the fastest first.

    People share a rank while their intervals overlap that of the fastest person in it. The number of a rank is one more
    than the number of people in all ranks above it.
    """
    lines: list[Line] = []
    rank, until = 0, -1.0
    for number, (person, speed) in enumerate(sorted(speeds, key=lambda each: (each[1].ratio, each[0])), start=1):
        if not rank or speed.low > until:
            rank, until = number, speed.high
        lines.append(Line(rank, person, test, speed))
    return lines
