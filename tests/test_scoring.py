"""Scoring turns test results into task results and points, for any kata and any results."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders import catalogue
from graders.catalogue import Kata, Task
from graders.manual_scores import awarded, with_points
from graders.pytest_plugin.point_tally import PointTally, functions_of
from graders.scoring import blocking, scored, totalled
from graders.verdict import Limits, TestResult, Verdict
from tests.workshop import ROOT


def kata_of(*tasks: Task) -> Kata:
    return Kata(
        format=1,
        title="Any",
        kind="exercise",
        difficulty=1,
        minutes=1,
        files=("any.py",),
        entry_points=("f",),
        runtime="numpy",
        slug="any",
        root="/nowhere",
        limits=Limits(),
        tasks=tasks,
    )


def task(name: str, points: float = 1, **settings: object) -> Task:
    return Task(name=name, title=name.upper(), points=points, **settings)


Grading = tuple[Kata, list[TestResult]]
UNSCORED = Verdict(kata="any", status="error")


def result(task: str, status: str, number: int = 0) -> TestResult:
    return TestResult(name=f"test_{task}_{number}", task=task, visibility="hidden", status=status)


def judged(kata: Kata, *tests: tuple[str, str]) -> Verdict:
    results = [result(name, status, number) for number, (name, status) in enumerate(tests)]
    return scored(Verdict(kata="any", status="error"), kata, results)


@st.composite
def katas(draw: st.DrawFn) -> Kata:
    """Draw one to five tasks, in any order. Each builds on some of those drawn before it."""
    tasks: list[Task] = []
    for number in range(draw(st.integers(1, 5))):
        after = draw(st.lists(st.sampled_from([one.name for one in tasks]), unique=True)) if tasks else []
        points = draw(st.sampled_from([0.5, 1, 2, 3.25, 10]))
        tasks.append(task(f"t{number}", points, after=tuple(after), partial=draw(st.booleans())))
        if draw(st.integers(0, 4)) == 0:
            tasks[-1] = msgspec.structs.replace(tasks[-1], review=True, rubric="Is it clear?")
    return kata_of(*draw(st.permutations(with_extras(draw, tasks))))


def with_extras(draw: st.DrawFn, tasks: list[Task]) -> list[Task]:
    """Make some tasks extra: only tasks on which no other task builds, and never all of them."""
    built_on = {earlier for one in tasks for earlier in one.after}
    chosen = {one.name for one in tasks if one.name not in built_on and draw(st.booleans())}
    kept = min(one.name for one in tasks)
    return [msgspec.structs.replace(one, extra=one.name in chosen - {kept}) for one in tasks]


@st.composite
def gradings(draw: st.DrawFn) -> Grading:
    """Draw results of a kata's tests. Either all tests of a task are blocked or none."""
    kata = draw(katas())
    found = []
    for one in kata.tasks:
        statuses = (
            st.just("blocked") if draw(st.booleans()) else st.sampled_from(["passed", "failed", "ungraded", "error"])
        )
        found += [(one.name, status) for status in draw(st.lists(statuses, max_size=4))]
    return kata, [result(name, status, number) for number, (name, status) in enumerate(draw(st.permutations(found)))]


# ----------------------------------------------------------------------------------------- for any grading


@given(gradings())
def test_every_point_is_accounted_for_exactly_once(grading: Grading) -> None:
    kata, tests = grading
    verdict = scored(UNSCORED, kata, tests)
    assert [one.name for one in verdict.tasks] == [one.name for one in kata.tasks]
    all_points = sum(one.points for one in kata.tasks)
    assert verdict.max_score + verdict.ungraded_points + verdict.review_points == pytest.approx(all_points)
    assert 0 <= verdict.score <= verdict.max_score
    for one in verdict.tasks:
        assert 0 <= one.score <= one.max_score


@given(gradings())
def test_full_points_need_tests_that_all_passed(grading: Grading) -> None:
    kata, tests = grading
    verdict = scored(UNSCORED, kata, tests)
    for one in verdict.tasks:
        its = [test.status for test in tests if test.task == one.name]
        review = next(known.review for known in kata.tasks if known.name == one.name)
        assert (one.score == one.max_score) == (set(its) == {"passed"} and not review)


@given(gradings())
def test_only_partial_tasks_get_some_of_their_points(grading: Grading) -> None:
    kata, tests = grading
    partial = {one.name for one in kata.tasks if one.partial}
    for one in scored(Verdict(kata="any", status="error"), kata, tests).tasks:
        if 0 < one.score < one.max_score:
            assert one.name in partial
            assert one.status == "partial"


@given(gradings(), st.booleans())
def test_passed_means_that_every_graded_core_task_passed(grading: Grading, require_extras: bool) -> None:
    kata, tests = grading
    verdict = scored(Verdict(kata="any", status="error", require_extras=require_extras), kata, tests)
    statuses = {one.status for one in verdict.tasks if require_extras or not one.extra}
    if verdict.status == "passed":
        assert statuses <= {"passed", "ungraded"}
        assert "passed" in statuses
    if verdict.status == "awaiting_review":
        assert statuses <= {"passed", "ungraded", "awaiting_review"}
    if verdict.status == "failed":
        assert statuses & {"failed", "partial", "blocked"}
    assert (verdict.status == "error") == ("error" in {one.status for one in verdict.tasks})
    assert verdict.status != "ungradable"


@given(gradings(), st.data())
def test_extras_decide_nothing_unless_they_are_required(grading: Grading, data: st.DataObject) -> None:
    """Unless a test of an extra breaks, only the core tasks decide the status."""
    kata, tests = grading
    extras = {one.name for one in kata.tasks if one.extra}
    found = st.sampled_from(["passed", "failed", "blocked", "ungraded"])
    others = [msgspec.structs.replace(test, status=data.draw(found)) if test.task in extras else test for test in tests]
    core = kata_of(*(one for one in kata.tasks if not one.extra))
    alone = scored(Verdict(kata="any", status="error"), core, [test for test in others if test.task not in extras])
    verdict = scored(Verdict(kata="any", status="error"), kata, others)
    assert (verdict.status, verdict.exit_status) == (alone.status, alone.exit_status)
    assert verdict.score >= alone.score


@given(gradings())
def test_requiring_extras_changes_nothing_without_extras(grading: Grading) -> None:
    kata, tests = grading
    core = kata_of(*(msgspec.structs.replace(one, extra=False) for one in kata.tasks))
    loose, strict = (scored(Verdict(kata="any", status="error", require_extras=each), core, tests) for each in (0, 1))
    assert (loose.status, loose.score, loose.tasks) == (strict.status, strict.score, strict.tasks)


@given(gradings())
def test_passing_a_test_never_takes_points_out_of_reach(grading: Grading) -> None:
    kata, tests = grading

    def within_reach(results: list[TestResult]) -> float:
        """Return the points that are earned or that a reviewer or another machine can still give."""
        verdict = scored(Verdict(kata="any", status="error"), kata, results)
        return verdict.score + verdict.review_points + verdict.ungraded_points

    for i, test in enumerate(tests):
        if test.status == "failed":
            better = [*tests[:i], msgspec.structs.replace(test, status="passed"), *tests[i + 1 :]]
            assert within_reach(better) >= within_reach(tests)


@given(gradings())
def test_the_order_of_the_results_does_not_matter(grading: Grading) -> None:
    kata, tests = grading
    there = scored(Verdict(kata="any", status="error"), kata, tests)
    back = scored(Verdict(kata="any", status="error"), kata, tests[::-1])
    assert (there.tasks, there.score, there.status) == (back.tasks, back.score, back.status)


@given(katas())
def test_every_task_is_run_once_and_after_those_it_builds_on(kata: Kata) -> None:
    order = kata.in_order()
    assert sorted(order) == sorted(one.name for one in kata.tasks)
    for one in kata.tasks:
        assert all(order.index(earlier) < order.index(one.name) for earlier in one.after)


@given(katas(), st.data())
def test_a_task_is_blocked_only_by_failed_tasks_it_builds_on(kata: Kata, data: st.DataObject) -> None:
    names = [one.name for one in kata.tasks]
    failed = data.draw(st.sets(st.sampled_from(names)))
    after = {one.name: one.after for one in kata.tasks}

    def below(name: str) -> set[str]:
        return {found for earlier in after[name] for found in {earlier, *below(earlier)}}

    for name in names:
        found = blocking(kata, failed, name)
        assert set(found) == below(name) & failed
        assert len(found) == len(set(found))


# --------------------------------------------------------------------------------------------- by example


A, TWO, PARTIAL = [task("a", 3)], [task("a", 3), task("b", 2)], [task("a", 5, partial=True)]
CORE_AND_EXTRA = [task("core", 8), task("types", 1, extra=True), task("fast", 1, after=("core",), extra=True)]


# The tasks, the results of their tests, the tasks' statuses, and the verdict's status and points.
EXAMPLES = {
    "a failed test fails its task": (TWO, "a passed, a failed, b passed", "failed passed", ("failed", 2, 5)),
    "a partial task counts what passed": (PARTIAL, "a passed, a failed, a passed", "partial", ("failed", 3.33, 5)),
    "what did not run gives no points": (PARTIAL, "a passed, a failed, a ungraded", "partial", ("failed", 1.67, 5)),
    "an ungraded task is left out": (TWO, "a passed, a ungraded, b passed", "ungraded passed", ("passed", 2, 2)),
    "a failure counts before ungraded": (A, "a failed, a ungraded", "failed", ("failed", 0, 3)),
    "with nothing graded, nothing is passed": (A, "a ungraded", "ungraded", ("ungraded", 0, 0)),
    "an error is not a failure": (TWO, "a error, b failed", "error failed", ("error", 0, 5)),
    "a failed extra costs its points and not the pass":
        (CORE_AND_EXTRA, "core passed, types failed, fast passed", "passed failed passed", ("passed", 9, 10)),
    "passed extras do not make up for a failed core":
        (CORE_AND_EXTRA, "core failed, types passed, fast blocked", "failed passed blocked", ("failed", 1, 10)),
    "passed extras alone do not pass a kata":
        (CORE_AND_EXTRA, "core ungraded, types passed, fast passed", "ungraded passed passed", ("ungraded", 2, 2)),
    "an error in an extra is an error":
        (CORE_AND_EXTRA, "core passed, types error, fast passed", "passed error passed", ("error", 9, 10)),
}  # fmt: skip


@pytest.mark.parametrize(("tasks", "tests", "statuses", "total"), EXAMPLES.values(), ids=EXAMPLES)
def test_results_of_tests_become(tasks: list[Task], tests: str, statuses: str, total: tuple[str, float, float]) -> None:
    verdict = judged(kata_of(*tasks), *(test.split() for test in tests.split(", ")))
    assert [one.status for one in verdict.tasks] == statuses.split()
    assert (verdict.status, verdict.score, verdict.max_score) == total
    assert verdict.exit_status == {"passed": 0, "failed": 1, "ungraded": 2, "error": 2}[verdict.status]
    assert verdict.score + verdict.ungraded_points <= sum(one.points for one in tasks)
    assert [one.extra for one in verdict.tasks] == [one.extra for one in tasks]


def test_tasks_without_an_order_stay_as_they_are_written() -> None:
    assert kata_of(task("z"), task("a"), task("m")).in_order() == ("z", "a", "m")


def test_a_blocked_task_names_the_tasks_that_block_it() -> None:
    kata = kata_of(task("a"), task("b", after=("a",)), task("c", after=("b",)))
    verdict = judged(kata, ("a", "failed"), ("b", "blocked"), ("c", "blocked"))
    assert [one.blocked_by for one in verdict.tasks] == [(), ("a",), ("a",)]
    assert verdict.status == "failed"


def test_a_reviewed_task_waits_for_a_person_once_its_tests_pass() -> None:
    kata = kata_of(task("a", 2), task("essay", 3, review=True, rubric="Is it clear?"))
    assert judged(kata, ("a", "passed")).status == "awaiting_review"
    assert judged(kata, ("a", "passed")).review_points == 3
    assert judged(kata, ("a", "failed")).status == "failed"
    with_tests = judged(kata, ("a", "passed"), ("essay", "failed"))
    assert [one.status for one in with_tests.tasks] == ["passed", "failed"]


# --------------------------------------------------------------------------------------- core and extra, by example


def required(verdict: Verdict) -> Verdict:
    """Return the verdict on the same results if extras are required."""
    return totalled(msgspec.structs.replace(verdict, require_extras=True), verdict.tasks)


def test_a_failed_extra_fails_if_extras_are_required() -> None:
    verdict = judged(kata_of(*CORE_AND_EXTRA), ("core", "passed"), ("types", "failed"), ("fast", "passed"))
    verdict = required(verdict)
    assert (verdict.status, verdict.exit_status, verdict.score, verdict.max_score) == ("failed", 1, 9, 10)


def test_an_extra_in_review_does_not_delay_a_pass() -> None:
    kata = kata_of(task("core"), task("essay", 3, review=True, rubric="Is it clear?", extra=True))
    verdict = judged(kata, ("core", "passed"))
    assert (verdict.status, verdict.review_points) == ("passed", 3)
    assert required(verdict).status == "awaiting_review"
    marked = awarded(kata, verdict, "essay", 1.0, reviewer="Grace", at="2026-01-01T00:00:00+00:00")
    assert (marked.status, marked.score, marked.max_score) == ("passed", 2, 4)
    assert required(marked).status == "failed"


@pytest.mark.parametrize(
    ("pass_from", "points", "status"),
    [(0.6, 1.8, "passed"), (0.6, 1.79, "failed"), (0.6, 3.0, "passed"), (1.0, 2.9, "failed"), (0.1, 0.3, "passed")],
)
def test_a_reviewed_task_passes_from_a_share_of_its_points(pass_from: float, points: float, status: str) -> None:
    kata = kata_of(task("core"), task("essay", 3, review=True, rubric="Is it clear?", pass_from=pass_from))
    marked = awarded(kata, judged(kata, ("core", "passed")), "essay", points, reviewer="Grace", at="2026-01-01")
    assert (marked.status, marked.score) == (status, 1 + points)


def test_a_stored_verdict_without_a_share_passes_from_the_usual_one() -> None:
    kata = kata_of(task("core"), task("essay", 3, review=True, rubric="Is it clear?"))
    verdict = judged(kata, ("core", "passed"))
    old = totalled(verdict, [msgspec.structs.replace(each, pass_from=None) for each in verdict.tasks])
    assert awarded(kata, old, "essay", 1.8, reviewer="Grace", at="2026-01-01").status == "passed"


def test_points_for_a_task_with_tests_pass_it_only_in_full() -> None:
    (failed,) = judged(kata_of(task("core", 3)), ("core", "failed")).tasks
    assert [with_points(failed, points).status for points in (2.9, 3.0)] == ["partial", "passed"]


def total_of(kata: Kata, outcomes: Mapping[str, str]) -> str:
    """Return the line that `pytest katas/…` prints about these outcomes of tasks."""
    tally = PointTally()
    for name, outcome in outcomes.items():
        for test in functions_of(kata)[name] or ["test_by_a_person"]:
            tally.record({"root": str(kata.root), "kata": kata.slug, "task": name}, f"test_x.py::{test}", outcome)
    (line,) = tally.lines()
    return line


def test_the_unofficial_total_names_what_it_leaves_out() -> None:
    kata = catalogue.load(ROOT, "challenge1")
    line = total_of(kata, {task.name: "passed" for task in kata.tasks if task.name != "plot"})
    decided = sum(task.points for task in kata.tasks if task.name not in ("plot", "explanation"))
    core, extra = (sum(task.extra == each for task in kata.tasks) for each in (False, True))
    assert f"{core - 2} of {core - 2} tasks, extras {extra} of {extra}, {decided:g} of {decided:g} points" in line
    left_out = "3 points for tasks that were not run here, or only in part, and 3 points that are awarded manually"
    assert f"; not in this total: {left_out}; " in line


def test_the_unofficial_total_leaves_out_a_task_that_needs_a_gpu() -> None:
    kata = catalogue.load(ROOT, "challenge6")
    found = {task.name: "passed" for task in kata.tasks}
    line = total_of(kata, found | {"gpu": "ungraded"})
    assert "extras 1 of 1, 29 of 29 points in the tests run here" in line
    assert "; not in this total: 1 point for tasks that were not run here, or only in part; " in line
    assert "29 of 30" in total_of(kata, found | {"gpu": "failed"})


def test_the_unofficial_total_names_text_not_ready_for_review() -> None:
    kata = catalogue.load(ROOT, "challenge1")
    found = {task.name: "failed" if task.extra else "passed" for task in kata.tasks}
    ready, unready = (
        total_of(kata, found | {task.name: status for task in kata.tasks if task.review})
        for status in ("passed", "failed")
    )
    assert ", not ready for review: explanation;" in unready
    assert "the core passes" not in unready
    assert "not ready" not in ready
    assert "the core passes" in ready


def test_a_failed_requested_task_blocks_the_whole_chain_after_it() -> None:
    names = ["first", "second", "third", "fourth"]
    after = [(), *((name,) for name in names)]
    kata = kata_of(*(task(name, after=earlier) for name, earlier in zip(names, after, strict=False)))
    assert blocking(kata, ["first"], "fourth") == ("first",)
    assert blocking(kata, ["second"], "third") == ("second",)
    assert blocking(kata, [], "third") == ()
