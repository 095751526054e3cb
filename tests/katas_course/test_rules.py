"""Lateness, the bank of late days, decisions and totals: pure functions, whose guarantees hold for every input."""

from __future__ import annotations

import dataclasses
import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.verdict import FILES, TestResult
from katas_course import rules, totals
from katas_course.rules import Attempt, Decision, FinalMark, KataWork, Rule
from katas_course.totals import Category, Course, KataMark
from tests.katas_course.books import DUE, graded, moment, task

START = datetime.datetime.fromisoformat(DUE)
HOUR = 3_600


def after(seconds: int) -> str:
    """Return a time that is so many seconds after the deadline."""
    return (START + datetime.timedelta(seconds=seconds)).isoformat()


lateness = st.integers(-3 * 24, 20 * 24).map(lambda hours: hours * HOUR)
scores = st.integers(0, 20).map(lambda half: half / 2)
tries = st.lists(st.tuples(scores, lateness), min_size=1, max_size=4)
late_rules = st.builds(
    Rule,
    counts=st.sampled_from(["best", "last"]),
    due_at=st.just(DUE),
    late_percent=st.sampled_from([0.0, 7.5, 10.0, 34.0, 100.0]),
    late_days=st.one_of(st.none(), st.integers(0, 10)),
    grace_s=st.sampled_from([0, 900, 5 * HOUR]),
    maximum=st.just(10.0),
)
banks = st.integers(0, 8)


def attempts(found: list[tuple[float, int]]) -> list[Attempt]:
    return [Attempt(after(late), graded(score, sha=f"{number:x}")) for number, (score, late) in enumerate(found)]


def points(found: list[tuple[float, int]], rule: Rule, bank: int = 0) -> float:
    """Return the points of the attempt that counts."""
    one = rules.counted(rules.standings(attempts(found), rule, bank), rule)
    return rules.final_mark(one, rule).points


@given(st.lists(scores, min_size=1, max_size=4), lateness, st.integers(0, 30 * 24), late_rules, banks)
def test_more_lateness_of_all_attempts_never_gives_more_points(found, late, more, rule, bank):
    spread = [(score, late + number * HOUR) for number, score in enumerate(found)]
    later = [(score, seconds + more * HOUR) for score, seconds in spread]
    assert points(later, rule, bank) <= points(spread, rule, bank)


@given(tries, late_rules, banks, st.integers(0, 8))
def test_more_late_days_never_cost_points(found, rule, bank, more):
    assert points(found, rule, bank + more) >= points(found, rule, bank)


@given(tries, late_rules, banks, st.integers(-30 * 24, 30 * 24), st.booleans())
def test_an_extension_never_lowers_points(found, rule, bank, hours, is_due):
    rule = rule if is_due else dataclasses.replace(rule, due_at=None)
    extended = dataclasses.replace(rule, due_at=rules.deadline(rule.due_at, after(hours * HOUR)))
    assert points(found, extended, bank) >= points(found, rule, bank)


@given(tries, late_rules, banks, st.integers(0, 90_000))
def test_a_longer_grace_period_never_lowers_points(found, rule, bank, seconds):
    longer = dataclasses.replace(rule, grace_s=rule.grace_s + seconds)
    assert points(found, longer, bank) >= points(found, rule, bank)


def works(course: list[list[tuple[float, int]]], rule: Rule) -> list[KataWork]:
    return [KataWork(f"k{number}", tuple(attempts(found)), rule) for number, found in enumerate(course)]


courses = st.lists(tries, min_size=1, max_size=4)


@given(courses, late_rules, banks)
def test_a_bank_never_costs_points_in_any_kata(course, rule, bank):
    with_bank, without = (rules.scored(works(course, rule), days) for days in (bank, 0))
    for kata, found in without.items():
        marks = [rules.final_mark(rules.counted(each, rule), rule).points for each in (with_bank[kata], found)]
        assert marks[0] >= marks[1]


@given(courses, late_rules, banks)
def test_no_more_days_than_the_bank_has_are_used(course, rule, bank):
    found = rules.scored(works(course, rule), bank)
    used = [rules.counted(each, rule).free for each in found.values()]
    assert sum(used) <= bank


@given(courses, late_rules, banks, st.integers(0, 30 * 24))
def test_an_extension_lowers_neither_its_kata_nor_earlier_ones(course, rule, bank, hours):
    before = works(course, rule)
    last = dataclasses.replace(before[-1], rule=dataclasses.replace(rule, due_at=after(hours * HOUR)), order=DUE)
    before[-1] = dataclasses.replace(before[-1], order=DUE)
    old, new = rules.scored(before, bank), rules.scored([*before[:-1], last], bank)
    for work in (*before[:-1], last):
        one, other = (rules.counted(found[work.kata], work.rule) for found in (new, old))
        assert rules.final_mark(one, work.rule).points >= rules.final_mark(other, work.rule).points


@given(tries, late_rules, banks)
def test_points_are_between_zero_and_the_maximum(found, rule, bank):
    one = rules.counted(rules.standings(attempts(found), rule, bank), rule)
    mark = rules.final_mark(one, rule)
    assert 0 <= mark.points <= mark.maximum


# Totals.

weights = st.sampled_from([None, 0.0, 0.5, 1.0, 3.0])


@st.composite
def kata_marks(draw: st.DrawFn) -> list[KataMark]:
    found = []
    categories = draw(st.sampled_from([[""], ["homework", "project"], ["", "homework"]]))
    for number in range(draw(st.integers(1, 6))):
        maximum = draw(st.sampled_from([1.0, 4.0, 10.0, 12.5]))
        share = draw(st.integers(0, 20)) / 20
        rule = Rule(
            maximum=maximum,
            weight=draw(weights),
            category=draw(st.sampled_from(categories)),
            missing=draw(st.sampled_from(["zero", "empty"])),
        )
        submitted = draw(st.booleans())
        found.append(KataMark(f"k{number}", FinalMark(maximum * share * submitted, maximum), rule, submitted))
    return found


def course_of(drop: int, weight: float = 2.0) -> Course:
    return Course(categories=tuple(Category(name, weight, drop) for name in ("", "homework", "project")))


@given(kata_marks(), st.integers(0, 3), st.integers(1, 3))
def test_dropping_the_lowest_never_lowers_a_total(marks, drop, more):
    assert totals.total(marks, course_of(drop + more)).percent >= totals.total(marks, course_of(drop)).percent - 1e-6


@given(kata_marks(), st.integers(0, 3))
def test_totals_are_at_most_the_maximum(marks, drop):
    found = totals.total(marks, course_of(drop))
    assert 0 <= found.points <= found.maximum
    assert 0 <= found.percent <= 100


@given(kata_marks(), st.integers(0, 3), st.integers(0, 5), st.integers(1, 20))
def test_more_points_never_lower_a_total(marks, drop, which, twentieths):
    course = course_of(drop)
    which %= len(marks)
    one = marks[which]
    more = min(one.mark.maximum, one.mark.points + one.mark.maximum * twentieths / 20)
    better = [*marks]
    better[which] = dataclasses.replace(one, mark=FinalMark(more, one.mark.maximum))
    assert totals.total(better, course).percent >= totals.total(marks, course).percent - 1e-6


def kata_mark(name: str, points: float, maximum: float = 10.0, **changes: object) -> KataMark:
    submitted = bool(changes.pop("submitted", True))
    return KataMark(name, FinalMark(points, maximum), Rule(maximum=maximum, **changes), submitted)


def test_without_categories_the_total_is_the_sum_of_the_points():
    found = totals.total(
        [kata_mark("one", 6), kata_mark("two", 3, 4), kata_mark("three", 0, submitted=False)], Course()
    )
    assert (found.points, found.maximum, found.percent, found.passed) == (9.0, 24.0, 37.5, None)


def test_missing_submission_of_an_empty_kata_does_not_count():
    marks = [kata_mark("one", 6), kata_mark("two", 0, submitted=False, missing="empty")]
    found = totals.total(marks, Course(pass_percent=60))
    assert (found.points, found.maximum, found.passed) == (6.0, 10.0, True)


def test_categories_make_a_total_out_of_100():
    marks = [
        kata_mark("one", 5, category="homework"),
        kata_mark("two", 10, category="homework"),
        kata_mark("three", 1, category="homework"),
        kata_mark("four", 8, category="project"),
        kata_mark("five", 10),
    ]
    course = Course(pass_percent=78, categories=(Category("homework", 60, 1), Category("project", 40)))
    found = totals.total(marks, course)
    assert (found.points, found.maximum, found.dropped, found.passed) == (77.0, 100.0, ("three",), False)


def test_the_kata_is_dropped_whose_loss_helps_most():
    shares = {"heavy": (5.0, 10.0), "light": (4.0, 1.0), "best": (10.0, 1.0)}
    marks = [kata_mark(name, points, weight=weight) for name, (points, weight) in shares.items()]
    found = totals.total(marks, Course(categories=(Category("", drop_lowest=1),)))
    assert (found.dropped, found.percent) == (("heavy",), 70.0)


# The final mark.


def by_ivy(kind: str, points: float, reason: str, task: str = "") -> Decision:
    return Decision(kind, task, points, "Ivy", DUE, reason)


OVERRIDE = by_ivy("override", 8.0, "an oral exam")


@pytest.mark.parametrize(
    ("hours", "rule", "bank", "decisions", "points", "text"),
    [
        (1, {"late_percent": 10}, 0, [OVERRIDE], 8.0, "6 of 10; 1 day late: −10 %; override to 8 by Ivy: an oral exam"),
        (50, {"late_percent": 10}, 2, [], 5.4, "6 of 10; 3 days late, 2 from the late-day bank: −10 %"),
        (50, {"late_days": 1}, 9, [], 0.0, "6 of 10; 3 days late: no points after 1 day"),
        (0, {}, 0, [by_ivy("exclude", 0.0, "plagiarism")], 0.0, "6 of 10; excluded by Ivy: plagiarism"),
        (None, {}, 0, [OVERRIDE], 8.0, "no submission; override to 8 by Ivy: an oral exam"),
    ],
)
def test_steps_explain_the_points(hours, rule, bank, decisions, points, text):
    rule = Rule(due_at=DUE, maximum=10, **rule)
    found = [] if hours is None else [Attempt(after(hours * HOUR), graded(6))]
    one = next(iter(rules.standings(found, rule, bank)), None)
    mark = rules.final_mark(one, rule, decisions)
    assert (mark.points, mark.maximum, mark.text) == (points, 10.0, text)
    assert mark.excluded == ("excluded" in text)


def test_override_of_a_task_changes_points_and_status():
    found = graded(4, tasks=(task("twice", 4, 10),), status="failed")
    decision = by_ivy("override", 10.0, "the test was wrong", "twice")
    changed = rules.decided(found, [decision])
    assert (changed.status, changed.score) == ("passed", 10.0)
    rule = Rule(due_at=DUE, late_percent=10, maximum=10)
    (one,) = rules.standings([Attempt(after(HOUR), changed, found)], rule)
    mark = rules.final_mark(one, rule, [decision])
    assert mark.points == 9.0
    assert mark.text == "4 of 10; twice: 4 → 10 by Ivy: the test was wrong; 1 day late: −10 %"


def test_override_of_a_task_of_an_ungradable_submission_is_not_a_pass():
    broken = graded(0, status="ungradable", tasks=(), max_score=10.0)
    changed = rules.decided(broken, [by_ivy("override", 3.0, "a typing error", "twice")])
    assert (changed.status, changed.score) == ("ungradable", 3.0)


@pytest.mark.parametrize(
    ("seconds", "grace", "late"),
    [
        (900, 900, 0),
        (901, 900, 1),
        (24 * HOUR, 900, 1),
        (24 * HOUR + 1, 900, 2),
        (-9 * 24 * HOUR, 0, 0),
        (0, 0, 0),
        (1, 0, 1),
        (24 * HOUR, 0, 1),
        (24 * HOUR + 1, 0, 2),
    ],
)
def test_every_started_day_after_the_deadline_and_grace_period_is_late(seconds, grace, late):
    assert rules.days_late(after(seconds), DUE, grace) == late


def test_lateness_does_not_depend_on_the_time_zone():
    assert rules.days_late("2026-05-11T14:00:00+02:00", DUE) == 1


def test_bank_is_spent_in_the_order_of_the_course_deadlines():
    rule = Rule(due_at=DUE, late_percent=20)
    later = dataclasses.replace(rule, due_at=after(240 * HOUR))
    work = [
        KataWork("b", (Attempt(after(30 * HOUR), graded(10)),), rule),
        KataWork("a", (Attempt(after((240 + 30) * HOUR), graded(10)),), later),
    ]
    found = rules.scored(work, 3)
    assert {kata: (each[0].free, each[0].points) for kata, each in found.items()} == {"b": (2, 10.0), "a": (1, 8.0)}


def test_bank_is_not_spent_on_a_kata_with_an_override():
    rule = Rule(due_at=DUE, late_percent=20)
    late = (Attempt(after(HOUR), graded(10)),)
    found = rules.scored([KataWork("a", late, rule, decisions=(OVERRIDE,)), KataWork("b", late, rule)], 1)
    assert found["b"][0].free == 1


# Which submission counts


@pytest.mark.parametrize(("late", "points"), [(0, 8.0), (1, 7.2), (3, 5.6), (4, 0.0)])
def test_late_points_fall_daily_to_zero(late, points):
    rule = Rule(due_at=DUE, late_percent=10, late_days=3)
    (found,) = rules.standings([Attempt(moment(10 + late), graded(8))], rule)
    assert (found.late, found.points) == (late, points)


LATE = Rule(due_at=DUE, late_percent=10)


@pytest.mark.parametrize(
    ("rule", "submitted", "points"),
    [
        (Rule(counts="best"), [(3, 4), (1, 2), (2, 9)], 9.0),
        (Rule(counts="last"), [(3, 4), (1, 2), (2, 9)], 4.0),
        (LATE, [(9, 5), (12, 10)], 8.0),  # a late submission that is better may still be the best
        (LATE, [(9, 9), (12, 10)], 9.0),
    ],
)
def test_the_best_or_the_last_counts(rule, submitted, points):
    attempts = [Attempt(moment(day), graded(score)) for day, score in submitted]
    assert rules.counted(rules.standings(attempts, rule), rule).points == points


def passing(points: float, day: int, status: str) -> Attempt:
    return Attempt(moment(day), graded(points, status=status))


@pytest.mark.parametrize(("counts", "points", "passed"), [("best", 9, True), ("last", 9, False)])
def test_pass_stays_a_pass_after_a_failure_with_more_points(counts, points, passed):
    """Extra tasks can be worth more points than the failed core task."""
    rule = Rule(counts=counts)
    found = rules.standings([passing(8, 1, "passed"), passing(9, 2, "failed")], rule)
    assert (rules.counted(found, rule).points, rules.passed(found, rule)) == (points, passed)


def test_pass_counts_when_points_are_equal():
    found = rules.standings([passing(8, 1, "failed"), passing(8, 2, "passed"), passing(8, 3, "passed")], Rule())
    assert rules.counted(found, Rule()).attempt.submitted_at == moment(2)


def test_pass_beyond_the_limit_of_attempts_does_not_count():
    rule = Rule(attempts_per_day=1)
    found = rules.standings([passing(5, 1, "failed"), passing(10, 1, "passed")], rule)
    assert not rules.passed(found, rule)


def test_limit_of_attempts_restarts_every_day():
    attempts = [Attempt(moment(1, hour), graded(hour)) for hour in (1, 2, 3)] + [Attempt(moment(2, 0), graded(1))]
    rule = Rule(counts="last", attempts_per_day=2)
    found = rules.standings(attempts, rule)
    assert [each.over_limit for each in found] == [False, False, True, False]
    assert found[2].points == 0
    best = Rule(attempts_per_day=2)
    assert rules.counted(rules.standings(attempts, best), best).points == 2


def test_free_attempt_does_not_hide_a_spent_one():
    broken = graded(0, status="ungradable", message="SyntaxError: invalid syntax", tasks=(), max_score=0.0)
    rule = Rule(counts="last", attempts_per_day=1)
    attempts = [Attempt(moment(1, 1), broken), Attempt(moment(1, 2), graded(7)), Attempt(moment(1, 3), broken)]
    found = rules.standings(attempts, rule)
    assert [each.over_limit for each in found] == [False, False, False]
    assert rules.counted(found, rule).points == 7


@pytest.mark.parametrize(
    ("names", "reason", "spends"),
    [
        ([FILES], "files", False),
        ([FILES], "import", True),
        ([FILES, "test_twice"], "files", True),
    ],
)
def test_attempt_with_bad_files_counts_if_anything_ran(names, reason, spends):
    tests = tuple(
        TestResult(name=name, task="twice", visibility="visible", status="failed", reason=reason) for name in names
    )
    assert rules.spends_attempt(graded(0, tests=tests)) is spends
