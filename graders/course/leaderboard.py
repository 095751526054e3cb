"""Rank people by the speed of their submissions, within the precision of the measurement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from graders.course.gradebook.results import KataResult
from graders.verdict import Speed, Verdict


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
    """Return the ranking for every speed test.

    A ranking contains the fastest submission of each person, among those that passed the test and are within the limit
    on attempts. People who were excluded from the kata are left out.
    """
    collected: dict[str, dict[str, Speed]] = {}
    for result in (each for each in results if not each.mark.excluded):
        for standing in result.standings:
            if standing.over_limit:
                continue
            for test, speed in _speeds(standing.attempt.verdict):
                best = collected.setdefault(test, {}).get(result.person)
                if best is None or speed.ratio < best.ratio:
                    collected[test][result.person] = speed
    return {test: ranked(test, speeds.items()) for test, speeds in sorted(collected.items())}


def ranked(test: str, speeds: Iterable[tuple[str, Speed]]) -> list[Line]:
    """Rank the speeds, with the fastest first.

    People share a rank if their intervals overlap the interval of the fastest person in the rank. The next rank starts
    with the first person whose interval does not overlap it. The number of a rank is one more than the number of people
    in all ranks above it.
    """
    lines: list[Line] = []
    leader: Speed | None = None
    for number, (person, speed) in enumerate(sorted(speeds, key=lambda each: (each[1].ratio, each[0])), start=1):
        if leader is not None and speed.low <= leader.high:
            lines.append(Line(lines[-1].rank, person, test, speed))
            continue
        leader = speed
        lines.append(Line(number, person, test, speed))
    return lines


def _speeds(verdict: Verdict) -> list[tuple[str, Speed]]:
    return [(test.name, test.speed) for test in verdict.tests if test.speed is not None and test.status == "passed"]
