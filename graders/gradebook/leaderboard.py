"""Who is fastest in a kata with a speed task, as far as the measurement can tell."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from graders.gradebook.book import Place
from graders.verdict import Speed, Verdict


@dataclass(frozen=True)
class Line:
    """A place on the board; equal `rank`s are ties. `speed.ratio` is the time by the reference's: less is faster."""

    rank: int
    person: str
    test: str
    speed: Speed


def board(places: Sequence[Place]) -> dict[str, list[Line]]:
    """For every test that measures a speed, everybody who passed it with their fastest submission that may count."""
    found: dict[str, dict[str, Speed]] = {}
    for place in places:
        for standing in place.standings:
            if standing.over_limit:
                continue
            for test, speed in _speeds(standing.attempt.verdict):
                best = found.setdefault(test, {}).get(place.person)
                if best is None or speed.ratio < best.ratio:
                    found[test][place.person] = speed
    return {test: ranked(test, speeds.items()) for test, speeds in sorted(found.items())}


def ranked(test: str, speeds: Iterable[tuple[str, Speed]]) -> list[Line]:
    """The fastest first. Whoever's interval overlaps that of the first of a rank shares the rank.

    So nobody is ahead of somebody whom the measurement cannot tell from them, as long as both are compared with the
    first of their rank; the next rank begins at the number of people before it.
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
