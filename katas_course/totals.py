"""Pure functions that turn a person's final marks for all katas into a total."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from katas_course.clock import UTC
from katas_course.rules import FinalMark, Rule


@dataclass(frozen=True)
class Category:
    """Katas that count together. Categories divide the total by their weights.

    In each category, the `drop_lowest` katas whose loss helps the person most do not count. The category with the empty
    name holds all katas without a category.
    """

    name: str
    weight: float = 1.0
    drop_lowest: int = 0


@dataclass(frozen=True)
class Course:
    """The settings of a whole course, whose times are shown in the time zone `zone`.

    A person passes with `pass_percent` of the maximum, unless it is None.
    """

    late_day_bank: int = 0
    pass_percent: float | None = None
    categories: tuple[Category, ...] = ()
    zone: str = UTC


@dataclass(frozen=True)
class KataMark:
    """A person's final mark for a kata. `submitted` also covers a decision without a submission."""

    kata: str
    mark: FinalMark
    rule: Rule
    submitted: bool

    @property
    def counts(self) -> bool:
        """Whether the kata counts towards this person's total."""
        weight = self.rule.weight is None or self.rule.weight > 0
        return weight and self.mark.maximum > 0 and (self.submitted or self.rule.missing == "zero")


@dataclass(frozen=True)
class Total:
    """A person's total. `passed` is None if the course has no pass mark. `dropped` are the lowest katas."""

    points: float
    maximum: float
    percent: float
    passed: bool | None
    dropped: tuple[str, ...] = ()


def total(marks: Sequence[KataMark], course: Course) -> Total:
    """Return a person's total.

    Without categories, this is the weighted sum of the points, out of the weighted sum of the maxima. With categories,
    it is out of 100: each category contributes the weighted mean of its katas' shares of points.
    """
    categories = {each.name: each for each in course.categories}
    used = sorted({each.rule.category for each in marks if each.rule.category})
    counting: list[tuple[float, list[_Item]]] = []
    dropped: list[str] = []
    for name in used or [""]:
        category = categories.get(name, Category(name))
        items = [_item(each, in_points=not used) for each in marks if each.counts and each.rule.category == name]
        kept = _kept(items, category.drop_lowest)
        dropped += [each.kata for each in items if each not in kept]
        counting += [(category.weight, kept)] if kept else []
    if used:
        weights = sum(weight for weight, _ in counting)
        points = 100 * sum(weight * _mean(kept) for weight, kept in counting) / weights if weights else 0.0
        maximum = 100.0 if weights else 0.0
    else:
        points = sum(each.share * each.weight for _, kept in counting for each in kept)
        maximum = round(sum(each.weight for _, kept in counting for each in kept), 4)
    points = min(round(points, 4), maximum)
    percent = min(100.0, round(100 * points / maximum, 4)) if maximum else 0.0
    passed = None if course.pass_percent is None else percent >= course.pass_percent
    return Total(points, maximum, percent, passed, tuple(sorted(dropped)))


class _Item(NamedTuple):
    kata: str
    share: float
    weight: float


def _item(each: KataMark, *, in_points: bool) -> _Item:
    weight = 1.0 if each.rule.weight is None else each.rule.weight
    maximum = each.mark.maximum
    return _Item(each.kata, each.mark.points / maximum, weight * maximum if in_points else weight)


def _kept(items: Sequence[_Item], drop: int) -> list[_Item]:
    """Return the items that are left after dropping `drop` of them, but at least one.

    The choice gives the greatest weighted mean (Dinkelbach's method): with the greatest mean m, the items that are kept
    have the greatest weight * (share - m). Each round raises m or ends.
    """
    size = max(len(items) - drop, min(1, len(items)))
    if size == len(items):
        return list(items)
    kept = sorted(items, key=lambda each: (-each.share, each.kata))[:size]
    while True:
        mean = _mean(kept)
        better = sorted(items, key=lambda each: (-each.weight * (each.share - mean), each.kata))[:size]
        if _mean(better) <= mean + 1e-12:
            return kept
        kept = better


def _mean(items: Sequence[_Item]) -> float:
    return sum(each.share * each.weight for each in items) / sum(each.weight for each in items)
