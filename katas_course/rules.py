"""Pure functions that decide which of a person's submissions counts, and for how many points."""

from __future__ import annotations

import datetime
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from graders.manual_scores import with_points
from graders.scoring import totalled
from graders.verdict import Verdict

DAY_S = 86_400


@dataclass(frozen=True)
class Rule:
    """The deadline and the scoring rule of a kata. `due_at` is a time in UTC, in ISO 8601.

    Each day (24 hours) after the deadline, even an incomplete one, costs `late_percent` of the points. No points are
    left after `late_days` days, unless `late_days` is None. A submission is not late until `grace_s` seconds after the
    deadline. `attempts_per_day` limits the number of attempts on a calendar day in UTC, and 0 means that there is no
    limit.

    `maximum` is the number of points of the kata, or 0 if it is unknown. In the total, the kata has a `weight` (1 if it
    is None) and belongs to a `category`. A missing submission counts as `zero`, or leaves the kata out of the person's
    total (`empty`). If the kata is done `in_groups`, a submission counts for everyone in the group of its author. The
    files for the katas that it builds on are the `submitted` ones, those of the best `stored` submissions, or the
    `shipped` ones; if `earlier` is empty, the submitted ones or else the stored ones.
    """

    counts: Literal["best", "last"] = "best"
    due_at: str | None = None
    late_percent: float = 0.0
    late_days: int | None = None
    attempts_per_day: int = 0
    grace_s: int = 0
    maximum: float = 0.0
    weight: float | None = None
    category: str = ""
    missing: Literal["zero", "empty"] = "zero"
    in_groups: bool = False
    earlier: Literal["", "submitted", "stored", "shipped"] = ""


@dataclass(frozen=True)
class Attempt:
    """A submission and its current verdict, with manual scores and with the decisions on its tasks.

    `original` is the verdict without these decisions, or None if there are none. `submitted_as` is the person's name in
    the batch, which can differ from the id on the roster. `by` is the other member of the group who submitted it, or
    empty for the person's own submission.
    """

    submitted_at: str
    verdict: Verdict
    original: Verdict | None = None
    submitted_as: str = ""
    by: str = ""

    @property
    def content(self) -> tuple[str, str]:
        """What makes two submissions the same: a download may have one row for each member of a group."""
        return self.submitted_at, self.verdict.submission_sha256


@dataclass(frozen=True)
class ScoredAttempt:
    """An attempt with its `points`, after the penalty for being `late` days late.

    `free` of these days come from the bank of late days. An attempt that is `over_limit` never counts.
    """

    attempt: Attempt
    late: int
    over_limit: bool
    points: float
    free: int = 0

    @property
    def at_most(self) -> float:
        """The points that this attempt has if a reviewer gives full marks for all tasks that await review."""
        verdict = self.attempt.verdict
        share = self.points / verdict.score if verdict.score else 1.0  # the share left after the lateness penalty
        return self.points + share * verdict.review_points


@dataclass(frozen=True)
class Decision:
    """An instructor's decision: an `override` of the points for a kata or one `task`, or the `exclude` of a kata."""

    kind: str
    task: str
    points: float
    who: str
    at: str
    reason: str


@dataclass(frozen=True)
class FinalMark:
    """A person's points for a kata, with the steps that led to them."""

    points: float
    maximum: float
    steps: tuple[str, ...] = ()
    excluded: bool = False

    @property
    def text(self) -> str:
        return "; ".join(self.steps)


@dataclass(frozen=True)
class KataWork:
    """A person's attempts at a kata. `rule` has the person's own deadline, and `order` is everyone's deadline."""

    kata: str
    attempts: tuple[Attempt, ...]
    rule: Rule
    decisions: tuple[Decision, ...] = ()
    order: str | None = None


def described(rule: Rule) -> str:
    """Describe a rule in one line."""
    late = f"{rule.late_percent:g} % a day" if rule.late_percent else "none"
    more = "" if rule.late_days is None else f", for {rule.late_days} days"
    more += f", {rule.grace_s / 60:g} minutes of grace" if rule.grace_s else ""
    more += f", category {rule.category}" if rule.category else ""
    more += "" if rule.weight is None else f", weight {rule.weight:g}"
    more += ", done in groups" if rule.in_groups else ""
    more += f", earlier files: {rule.earlier}" if rule.earlier else ""
    more += ", a missing submission does not count" if rule.missing == "empty" else ""
    return f"{rule.counts} submission counts, due {rule.due_at or 'never'}, penalty for lateness: {late}{more}"


def spends_attempt(verdict: Verdict) -> bool:
    """Return whether an attempt counts towards the daily limit, given its verdict.

    An attempt does not count if no test ran because files are missing, refused or cannot be parsed. It does count if
    the submission raises an exception on import, because otherwise a learner could use free attempts to find out about
    the tests.
    """
    if verdict.untested:
        return "import" in (verdict.reason, *(test.reason for test in verdict.tests))
    return verdict.status in ("passed", "failed", "awaiting_review")


def day_of(moment: str) -> str:
    """Return the date of a moment in UTC, in ISO 8601."""
    return datetime.datetime.fromisoformat(moment).astimezone(datetime.UTC).date().isoformat()


def deadline(general: str | None, own: str | None) -> str | None:
    """Return a person's deadline, given everyone's deadline and the person's own. The later one counts.

    Without a general deadline there is no lateness, so a person's own deadline has no effect.
    """
    return general if general is None or own is None else max(general, own)


def days_late(submitted_at: str, due_at: str | None, grace_s: int = 0) -> int:
    """Return the number of days from the deadline to the submission, rounded up, or 0 if it is not late.

    Up to `grace_s` seconds after the deadline, a submission is not late. The days of a later one start at the deadline.
    """
    if due_at is None:
        return 0
    seconds = (datetime.datetime.fromisoformat(submitted_at) - datetime.datetime.fromisoformat(due_at)).total_seconds()
    return math.ceil(seconds / DAY_S) if seconds > grace_s else 0


def standings(attempts: Sequence[Attempt], rule: Rule, bank: int = 0) -> list[ScoredAttempt]:
    """Return the attempts with their points, in the order of submission.

    Each attempt may use up to `bank` late days without a penalty. It uses as few as give it the most points.
    """
    spent: Counter[str] = Counter()
    result = []
    for attempt in sorted(attempts, key=lambda each: each.submitted_at):
        late = days_late(attempt.submitted_at, rule.due_at, rule.grace_s)
        day = day_of(attempt.submitted_at)
        spends = spends_attempt(attempt.verdict)
        over = spends and 0 < rule.attempts_per_day <= spent[day]
        spent[day] += spends
        shares = [0.0] if over else [share_left(late, rule, free) for free in range(min(late, bank) + 1)]
        points = [round(attempt.verdict.score * share, 4) for share in shares]
        free = points.index(points[-1])  # no other number of days gives more points than all of them
        result.append(ScoredAttempt(attempt, late, over, points[-1], free))
    return result


def share_left(late: int, rule: Rule, free: int = 0) -> float:
    """Return the share of the points that is left if a submission is late by this many days, `free` of them unpunished.

    Free days do not move the end of the `late_days`.
    """
    if rule.late_days is not None and late > rule.late_days:
        return 0.0
    return max(0.0, 1 - (late - free) * rule.late_percent / 100)


def scored(work: Sequence[KataWork], bank: int) -> dict[str, list[ScoredAttempt]]:
    """Return the attempts of one person with their points, by kata.

    The katas use the bank of late days in the order of everyone's deadlines, so that work on a later kata never changes
    the points for an earlier one. Only the attempt that counts uses days.
    """
    result = {}
    for each in sorted(work, key=lambda each: (each.order or each.rule.due_at or "9999", each.kata)):
        decided_by_hand = any(not decision.task for decision in each.decisions)
        result[each.kata] = standings(each.attempts, each.rule, 0 if decided_by_hand else bank)
        one = counted(result[each.kata], each.rule)
        bank -= one.free if one else 0
    return result


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


# -------------------------------------------------------------------------------------------- decisions


def decided(verdict: Verdict, decisions: Sequence[Decision]) -> Verdict:
    """Return a verdict with the decisions on its tasks. An ungradable submission gets points, but cannot pass."""
    given = {each.task: each.points for each in decisions if each.task}
    if given and not verdict.tasks:
        return msgspec.structs.replace(verdict, score=min(verdict.score + sum(given.values()), verdict.max_score))
    if not given:
        return verdict
    tasks = [with_points(task, given[task.name]) if task.name in given else task for task in verdict.tasks]
    return totalled(verdict, tasks)


def final_mark(
    one: ScoredAttempt | None,
    rule: Rule,
    decisions: Sequence[Decision] = (),
    standings: Sequence[ScoredAttempt] = (),
) -> FinalMark:
    """Return a person's final points for a kata, the maximum, and the steps that led to the points.

    `one` is the attempt that counts, or None, out of all attempts in `standings`.
    """
    if one is None:
        points, most, steps = 0.0, rule.maximum, ["no submission counts" if standings else "no submission"]
    else:
        points, most = one.points, _maximum(one.attempt.verdict, rule)
        steps = _steps(one, rule, decisions, standings)
    excluded = False
    for each in decisions:
        if not each.task:
            excluded = each.kind == "exclude"
            points = 0.0 if excluded else each.points
            steps.append(f"{'excluded' if excluded else f'override to {points:g}'} by {each.who}: {each.reason}")
            break
    most = most or points
    return FinalMark(min(points, most), most, tuple(steps), excluded)


def _maximum(verdict: Verdict, rule: Rule) -> float:
    possible = verdict.max_score + verdict.review_points
    return possible if verdict.tasks else max(possible, rule.maximum)  # an ungradable one has not counted every task


def _steps(
    one: ScoredAttempt, rule: Rule, decisions: Sequence[Decision], standings: Sequence[ScoredAttempt]
) -> list[str]:
    verdict = one.attempt.original or one.attempt.verdict
    before = {task.name: task.score for task in verdict.tasks}
    steps = [f"{verdict.score:g} of {_maximum(verdict, rule):g}"]
    if one.attempt.by:
        steps.append(f"submitted for the group by {one.attempt.by}")
    if len(standings) > 1 and any(each.attempt.by for each in standings):
        steps.append(f"chosen from {len(standings)} submissions of the group")
    for each in decisions:
        if each.task:
            steps.append(f"{each.task}: {before.get(each.task, 0.0):g} → {each.points:g} by {each.who}: {each.reason}")
    return [*steps, _lateness(one, rule)] if one.late else steps


def _lateness(one: ScoredAttempt, rule: Rule) -> str:
    words = f"{days(one.late)} late"
    if rule.late_days is not None and one.late > rule.late_days:
        return f"{words}: no points after {days(rule.late_days)}"
    if one.free:
        words += f", {one.free} from the late-day bank"
    lost = 100 * (1 - share_left(one.late, rule, one.free))
    return f"{words}: −{lost:g} %" if lost else f"{words}: no penalty"


def days(count: int) -> str:
    """Return a number of days in words, such as "1 day"."""
    return f"{count} day{'s' if count != 1 else ''}"
