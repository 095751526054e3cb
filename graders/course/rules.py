"""Pure functions that decide which of a person's submissions counts, and for how many points."""

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
    """The deadline and the scoring rule of a kata. `due_at` is a time in UTC, in ISO 8601.

    Each day (24 hours) after the deadline, even an incomplete one, costs `late_percent` of the points. No points are
    left after `late_days` days, unless `late_days` is None. `attempts_per_day` limits the number of attempts on a
    calendar day in UTC, and 0 means that there is no limit.
    """

    counts: Literal["best", "last"] = "best"
    due_at: str | None = None
    late_percent: float = 0.0
    late_days: int | None = None
    attempts_per_day: int = 0


@dataclass(frozen=True)
class Attempt:
    """A submission and its current verdict, with manual scores."""

    submitted_at: str
    verdict: Verdict


@dataclass(frozen=True)
class ScoredAttempt:
    """An attempt with its `points`, after the penalty for being `late` days late.

    An attempt that is `over_limit` never counts.
    """

    attempt: Attempt
    late: int
    over_limit: bool
    points: float

    @property
    def at_most(self) -> float:
        """The points that this attempt has if a reviewer gives full marks for all tasks that await review."""
        verdict = self.attempt.verdict
        share = self.points / verdict.score if verdict.score else 1.0  # the share left after the lateness penalty
        return self.points + share * verdict.review_points


def described(rule: Rule) -> str:
    """Describe a rule in one line."""
    late = f"{rule.late_percent:g} % a day" if rule.late_percent else "none"
    until = "" if rule.late_days is None else f", for {rule.late_days} days"
    return f"{rule.counts} submission counts, due {rule.due_at or 'never'}, penalty for lateness: {late}{until}"


def spends_attempt(verdict: Verdict) -> bool:
    """Return whether an attempt counts towards the daily limit, given its verdict.

    An attempt does not count if a file is missing, is refused or cannot be parsed. It does count if the submission
    raises an exception on import, because otherwise a learner could use free attempts to find out about the tests.
    """
    if verdict.status == "ungradable":
        return verdict.message.startswith("the submission cannot be imported")
    return verdict.status in ("passed", "failed", "awaiting_review")


def day_of(moment: str) -> str:
    """Return the date of a moment in UTC, in ISO 8601."""
    return datetime.datetime.fromisoformat(moment).astimezone(datetime.UTC).date().isoformat()


def days_late(submitted_at: str, due_at: str | None) -> int:
    """Return the number of days from the deadline to the submission, rounded up, or 0 if it is not late."""
    if due_at is None:
        return 0
    seconds = (datetime.datetime.fromisoformat(submitted_at) - datetime.datetime.fromisoformat(due_at)).total_seconds()
    return max(0, math.ceil(seconds / DAY_S))


def standings(attempts: Sequence[Attempt], rule: Rule) -> list[ScoredAttempt]:
    """Return the attempts with their points, in the order of submission."""
    spent: Counter[str] = Counter()
    found = []
    for attempt in sorted(attempts, key=lambda each: each.submitted_at):
        late = days_late(attempt.submitted_at, rule.due_at)
        day = day_of(attempt.submitted_at)
        spends = spends_attempt(attempt.verdict)
        over = spends and 0 < rule.attempts_per_day <= spent[day]
        spent[day] += spends
        points = 0.0 if over else round(attempt.verdict.score * share_left(late, rule), 4)
        found.append(ScoredAttempt(attempt, late, over, points))
    return found


def share_left(late: int, rule: Rule) -> float:
    """Return the share of the points that is left if a submission is late by this many days."""
    if rule.late_days is not None and late > rule.late_days:
        return 0.0
    return max(0.0, 1 - late * rule.late_percent / 100)


def counted(found: Sequence[ScoredAttempt], rule: Rule) -> ScoredAttempt | None:
    """Return the attempt that counts, which is the best or the last. Return None if all attempts are over the limit.

    The best attempt has the most points. Ties go to an attempt that passed, and then to the earliest attempt. Attempts
    for which `spends_attempt` is false are considered only if there are no other attempts within the limit.
    """
    allowed = [each for each in found if not each.over_limit]
    known = [each for each in allowed if spends_attempt(each.attempt.verdict)] or allowed
    if not known:
        return None
    return known[-1] if rule.counts == "last" else max(known, key=lambda each: (each.points, _is_pass(each)))


def passed(found: Sequence[ScoredAttempt], rule: Rule) -> bool:
    """Return whether the kata is passed.

    If the last attempt counts, that attempt must pass. If the best attempt counts, one passing attempt within the limit
    is enough, even if another attempt fails with more points from extra tasks.
    """
    one = counted(found, rule)
    if rule.counts == "last":
        return one is not None and _is_pass(one)
    return any(_is_pass(each) for each in found if not each.over_limit)


def _is_pass(standing: ScoredAttempt) -> bool:
    return standing.attempt.verdict.status == "passed"
