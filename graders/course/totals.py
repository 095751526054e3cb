"""Pure functions that turn a person's final marks for all katas into a total."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from graders.course.rules import FinalMark, Rule


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
    """The settings of a whole course. A person passes with `pass_percent` of the maximum, unless it is None."""

    late_day_bank: int = 0
    pass_percent: float | None = None
    categories: tuple[Category, ...] = ()


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
    """A person's total. `passed` is None if the course has no pass mark.

    The katas in `dropped` were dropped as the lowest. Those in `uncounted` have no category although others have one.
    """

    points: float
    maximum: float
    percent: float
    passed: bool | None
    dropped: tuple[str, ...] = ()
    uncounted: tuple[str, ...] = ()


def total(marks: Sequence[KataMark], course: Course) -> Total:
    """Return a person's total.

    Without categories, this is the weighted sum of the points, out of the weighted sum of the maxima. With categories,
    it is out of 100: each category contributes the weighted mean of its katas' shares of points.
    """
    if not any(each.rule.category for each in marks):
        return _sum(marks, course)
    shares, dropped = [], []
    for category in _categories(marks, course):
        items = [_Item(each.kata, _share(each), _weight(each)) for each in marks if _is_in(each, category)]
        kept = _kept(items, category.drop_lowest)
        dropped += [each.kata for each in items if each not in kept]
        if kept:
            shares.append((_mean(kept), category.weight))
    weights = sum(weight for _, weight in shares)
    points = 100 * sum(share * weight for share, weight in shares) / weights if weights else 0.0
    without = tuple(each.kata for each in marks if not each.rule.category)
    return _total(points, 100.0 if weights else 0.0, course, dropped, without)


def _sum(marks: Sequence[KataMark], course: Course) -> Total:
    drop = next((each.drop_lowest for each in course.categories if not each.name), 0)
    items = [_Item(each.kata, _share(each), _weight(each) * each.mark.maximum) for each in marks if each.counts]
    kept = _kept(items, drop)
    points = sum(each.share * each.weight for each in kept)
    dropped = [each.kata for each in items if each not in kept]
    return _total(points, sum(each.weight for each in kept), course, dropped, ())


def _total(points: float, maximum: float, course: Course, dropped: Sequence[str], uncounted: Sequence[str]) -> Total:
    points = min(round(points, 4), round(maximum, 4))
    percent = min(100.0, round(100 * points / maximum, 4)) if maximum else 0.0
    passed = None if course.pass_percent is None else percent >= course.pass_percent
    return Total(points, round(maximum, 4), percent, passed, tuple(sorted(dropped)), tuple(uncounted))


@dataclass(frozen=True)
class _Item:
    kata: str
    share: float
    weight: float


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


def _categories(marks: Sequence[KataMark], course: Course) -> list[Category]:
    settings = {each.name: each for each in course.categories}
    used = sorted({each.rule.category for each in marks if each.rule.category})
    return [settings.get(name, Category(name)) for name in used]


def _is_in(mark: KataMark, category: Category) -> bool:
    return mark.counts and mark.rule.category == category.name


def _share(mark: KataMark) -> float:
    return mark.mark.points / mark.mark.maximum


def _weight(mark: KataMark) -> float:
    return 1.0 if mark.rule.weight is None else mark.rule.weight
