"""Z54 to Z59: what a submission could carry from test to test in a worker that several tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from graders import Judge
from graders.verdict import Verdict

ROOT = Path(__file__).resolve().parents[2]
SEED = bytes(range(16))

pytestmark = pytest.mark.security
attack = pytest.mark.attack


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Judge(ROOT, require="full") as judge:
        yield judge


@pytest.fixture
def both(judge: Judge, submissions: Path):
    """Return both(name): the verdict of a normal grading, and that with a worker for every test."""

    def grade(name: str) -> tuple[Verdict, Verdict]:
        folder = submissions / name
        normal = judge.grade("exercise01", folder, seed=SEED)
        separate = judge.grade("exercise01", folder, seed=SEED, separate=True)
        assert not separate.shared_worker
        return normal, separate

    return grade


def statuses(verdict: Verdict) -> dict[str, str]:
    return {f"{test.visibility} {test.name}": test.status for test in verdict.tests}


@attack("Z54")
def test_right_answers_after_many_calls_earn_nothing(both, observed):
    normal, separate = both("z54_wrong_at_first")
    assert normal.score <= separate.score
    assert normal.status == separate.status == "failed"
    assert not normal.shared_worker
    assert "passed in a worker with other tests, but not in a fresh one" in normal.remark
    assert normal.for_audience("learner").remark == ""
    assert statuses(normal) == statuses(separate)
    observed("F")


@attack("Z55")
def test_a_first_call_that_fails_on_purpose_gains_nothing(both, observed):
    normal, separate = both("z55_fails_the_first_test")
    assert normal.score <= separate.score
    assert normal.status == "failed"
    assert statuses(normal) == statuses(separate)
    observed("F")


@pytest.mark.deep
@attack("Z56")
def test_memory_used_up_early_costs_nobody_else_a_test(judge, submissions, observed):
    verdict = judge.grade("exercise01", submissions / "z56_memory_used_early", seed=SEED)
    assert verdict.status == "passed", [(test.name, test.message) for test in verdict.tests if test.message]
    observed("N")


@attack("Z57")
def test_threads_do_not_live_on_in_a_shared_worker(both, observed):
    normal, separate = both("z57_threads_live_on")
    assert statuses(normal) == statuses(separate)
    assert all("no thread" in test.output for test in normal.tests if test.status == "passed")
    observed("N")


@attack("Z58")
def test_patches_of_a_shared_worker_earn_nothing(both, observed):
    normal, separate = both("z58_patched_numpy_stays")
    assert (normal.score, separate.score) == (0, 0)
    observed("F")


@attack("Z59")
def test_a_failure_in_a_shared_worker_does_not_count(both, observed):
    """What fails only in company is decided alone. So no submission loses points because tests share a worker."""
    normal, separate = both("z59_wrong_when_used")
    assert {task.name: task.status for task in normal.tasks} == {task.name: task.status for task in separate.tasks}
    observed("F")
