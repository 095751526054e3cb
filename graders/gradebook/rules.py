"""From what somebody handed in of a kata to what counts: pure functions."""

from __future__ import annotations

import datetime
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from graders.verdict import Verdict

DAY_S = 86_400


@dataclass(frozen=True)
class Rule:
    """How a kata counts. `due_at` is UTC, ISO 8601; days begin at 0:00 UTC.

    Of what is handed in late, each day begun costs `late_percent` of the points; after `late_days` days (None: never)
    nothing is left. `attempts_per_day` 0: no limit.
    """

    counts: Literal["best", "last"] = "best"
    due_at: str | None = None
    late_percent: float = 0.0
    late_days: int | None = None
    attempts_per_day: int = 0


@dataclass(frozen=True)
class Attempt:
    """A submission and the verdict that stands on it, with a person's marks."""

    submitted_at: str
    verdict: Verdict


@dataclass(frozen=True)
class Standing:
    """What an attempt is worth: `points` are what is left after `late` days; `over_limit` says that it never counts."""

    attempt: Attempt
    late: int
    over_limit: bool
    points: float


def spends_attempt(verdict: Verdict) -> bool:
    """Whether a verdict told its learner anything that a run of the tests tells.

    A file that is missing, refused or cannot be parsed does not; an import that raises does, else it would be an
    oracle for free.
    """
    if verdict.status == "ungradable":
        return verdict.message.startswith("the submission cannot be imported")
    return verdict.status in ("passed", "failed", "awaiting_review")


def day_of(moment: str) -> str:
    """The day of a moment, in UTC."""
    return datetime.datetime.fromisoformat(moment).astimezone(datetime.UTC).date().isoformat()


def days_late(submitted_at: str, due_at: str | None) -> int:
    """Days begun after a deadline; 0 at it, before it, and where there is none."""
    if due_at is None:
        return 0
    seconds = (datetime.datetime.fromisoformat(submitted_at) - datetime.datetime.fromisoformat(due_at)).total_seconds()
    return max(0, math.ceil(seconds / DAY_S))


def standings(attempts: Sequence[Attempt], rule: Rule) -> list[Standing]:
    """What each attempt is worth, in the order in which they were handed in."""
    spent: Counter[str] = Counter()
    found = []
    for attempt in sorted(attempts, key=lambda each: each.submitted_at):
        late = days_late(attempt.submitted_at, rule.due_at)
        day = day_of(attempt.submitted_at)
        spends = spends_attempt(attempt.verdict)
        over = spends and 0 < rule.attempts_per_day <= spent[day]
        spent[day] += spends
        points = 0.0 if over else round(attempt.verdict.score * share_left(late, rule), 4)
        found.append(Standing(attempt, late, over, points))
    return found


def share_left(late: int, rule: Rule) -> float:
    """The share of the points that so many days leave."""
    if rule.late_days is not None and late > rule.late_days:
        return 0.0
    return max(0.0, 1 - late * rule.late_percent / 100)


def counted(found: Sequence[Standing], rule: Rule) -> Standing | None:
    """The one that counts: the best, or the last; None where nothing was handed in in time.

    The best has the most points; of equals that which passed, and of these the first.

    What spent no attempt counts only where nothing else is there.
    """
    allowed = [each for each in found if not each.over_limit]
    known = [each for each in allowed if spends_attempt(each.attempt.verdict)] or allowed
    if not known:
        return None
    return known[-1] if rule.counts == "last" else max(known, key=lambda each: (each.points, _is_pass(each)))


def passed(found: Sequence[Standing], rule: Rule) -> bool:
    """Whether the kata is passed: by the last submission, or where the best counts by any that may count.

    A pass stays a pass when a later submission fails and has more points, by its extra tasks.
    """
    one = counted(found, rule)
    if rule.counts == "last":
        return one is not None and _is_pass(one)
    return any(_is_pass(each) for each in found if not each.over_limit)


def _is_pass(standing: Standing) -> bool:
    return standing.attempt.verdict.status == "passed"
