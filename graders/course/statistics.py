"""Compute pass rates, discrimination and misconceptions for the tasks of a course."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import StatisticsError, correlation, fmean

from graders.course.gradebook import PersonKata
from graders.verdict import TaskResult, Verdict

GROUP = 0.27  # the share of people in each of the upper and the lower group (Kelley, 1939)
ENOUGH = 10  # the smallest number of people for which coefficients are computed
SHOWN = 5  # misconceptions shown per task
GRADED = ("passed", "partial", "failed", "blocked")


@dataclass(frozen=True)
class TaskStatistics:
    """Statistics on a task, computed from everyone for whom it was graded.

    `pass_rate` and `mean`, the mean share of the points, range from 0 to 1.

    `discrimination` is the index D. To compute it, people are ranked by their points for all other tasks. D is the mean
    share of the points in the upper 27 % of people minus the mean share in the lower 27 %. `rest_correlation` is the
    correlation of the points for the task with the points for all other tasks. Each of the two is None if it is
    undefined or if too few people were graded.

    `misconceptions` holds the most frequent diagnoses, with the number of people who got each diagnosis.
    """

    name: str
    title: str
    people: int
    pass_rate: float
    mean: float
    discrimination: float | None
    rest_correlation: float | None
    misconceptions: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class KataStatistics:
    """Statistics on a kata.

    `people` is the number of people who submitted, `passed` is the number of those who passed, and `mean` is the mean
    share of the points. Instructors changed the points of `overridden` people. The `excluded` people whom instructors
    excluded from the kata are in none of the other numbers.
    """

    slug: str
    title: str
    people: int
    passed: int
    ungradable: int
    submissions: int
    mean: float
    tasks: tuple[TaskStatistics, ...]
    overridden: int = 0
    excluded: int = 0


def of_katas(places: Sequence[PersonKata]) -> list[KataStatistics]:
    """Return statistics on every kata, computed from the submissions that count, without excluded people."""
    totals: defaultdict[str, float] = defaultdict(float)
    for place in included(places):
        totals[place.person] += sum(task.score for task in _tasks(place.verdict))
    return [_kata(slug, [each for each in places if each.kata == slug], totals) for slug in _slugs(places)]


def included(places: Sequence[PersonKata]) -> list[PersonKata]:
    """Return the results of the people who are not excluded from the kata."""
    return [place for place in places if not place.mark.excluded]


def discrimination(shares: Sequence[float], rest: Sequence[float]) -> float | None:
    """Return the discrimination index D of a task, or None if it is undefined or too few people were graded.

    `shares` holds each person's share of the points for the task, and `rest` holds the same person's points for all
    other tasks. If people tie at the edge of a group, the group includes all of them, so the order of people does not
    matter.
    """
    size = round(GROUP * len(shares))
    if len(shares) < ENOUGH or len(set(rest)) < 2:
        return None
    ranked = sorted(rest)
    low, high = ranked[size - 1], ranked[-size]
    lower = [share for share, other in zip(shares, rest, strict=True) if other <= low]
    upper = [share for share, other in zip(shares, rest, strict=True) if other >= high]
    return fmean(upper) - fmean(lower)


def rest_correlation(shares: Sequence[float], rest: Sequence[float]) -> float | None:
    """Return Pearson's correlation of `shares` and `rest`, or None if it is undefined or too few people were graded."""
    if len(shares) < ENOUGH:
        return None
    try:
        found = correlation(shares, rest)
    except StatisticsError:  # all values are equal
        return None
    return found if math.isfinite(found) else None


def _slugs(places: Sequence[PersonKata]) -> list[str]:
    return sorted({place.kata for place in places})


def _tasks(verdict: Verdict | None) -> list[TaskResult]:
    return [] if verdict is None else [task for task in verdict.tasks if task.status in GRADED]


def _kata(slug: str, everyone: Sequence[PersonKata], totals: Mapping[str, float]) -> KataStatistics:
    places = included(everyone)
    verdicts = [place.verdict for place in places if place.verdict is not None]
    names = list(dict.fromkeys(task.name for verdict in verdicts for task in verdict.tasks))
    possible = [each for each in map(_share, places) if each is not None]
    return KataStatistics(
        slug=slug,
        title=next((verdict.title for verdict in verdicts if verdict.title), slug),
        people=len(places),
        passed=sum(place.passed for place in places),
        ungradable=sum(verdict.status == "ungradable" for verdict in verdicts),
        submissions=sum(not each.attempt.by for place in places for each in place.standings),
        mean=fmean(possible) if possible else 0.0,
        tasks=tuple(_task(name, places, totals) for name in names),
        overridden=sum(bool(place.decisions) for place in places),
        excluded=len(everyone) - len(places),
    )


def _share(place: PersonKata) -> float | None:
    """Return the share of the points before late penalties, or an instructor's decision. None means ungradable."""
    if place.is_decided and place.mark.maximum:
        return place.mark.points / place.mark.maximum
    verdict = place.verdict
    return verdict.score / verdict.max_score if verdict and verdict.tasks and verdict.max_score else None


def _task(name: str, places: Sequence[PersonKata], totals: Mapping[str, float]) -> TaskStatistics:
    graded = [
        (place, task) for place in places for task in _tasks(place.verdict) if task.name == name and task.max_score
    ]
    shares = [task.score / task.max_score for _, task in graded]
    rest = [round(totals[place.person] - task.score, 4) for place, task in graded]
    titles = [
        f"{task.title} (extra)" if task.extra else task.title
        for place in places
        if place.verdict
        for task in place.verdict.tasks
        if task.name == name and task.title
    ]
    return TaskStatistics(
        name=name,
        title=titles[0] if titles else name,
        people=len(graded),
        pass_rate=fmean(task.status == "passed" for _, task in graded) if graded else 0.0,
        mean=fmean(shares) if shares else 0.0,
        discrimination=discrimination(shares, rest),
        rest_correlation=rest_correlation(shares, rest),
        misconceptions=_misconceptions(name, [place.verdict for place, _ in graded if place.verdict]),
    )


def _misconceptions(task: str, verdicts: Sequence[Verdict]) -> tuple[tuple[str, int], ...]:
    found = Counter[str]()
    for verdict in verdicts:
        found.update({test.diagnosis for test in verdict.tests if test.task == task and test.diagnosis})
    return tuple(sorted(found.items(), key=lambda each: (-each[1], each[0]))[:SHOWN])
