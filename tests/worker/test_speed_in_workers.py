"""Speed as a ratio between two confined workers: what is slow is found, what lies about time is not believed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from graders.verdict import Verdict
from tests.observed import result, statuses, tasks

Graded = Callable[..., Verdict]
Solved = Callable[[str], str]

TIMED = "test_at_most_four_times_the_references_time"
SLOW = """
def total(x):
    for _ in range(100):
        answer = 0.0
        for entry in x.tolist():
            answer += entry
    return answer
"""


def test_the_reference_against_itself_takes_about_its_own_time(graded: Graded, solved: Solved) -> None:
    verdict = graded("swift", solved("swift"))
    speed = result(verdict, TIMED).speed
    assert verdict.status == "passed"
    assert speed is not None
    assert speed.low <= speed.ratio <= speed.high
    assert 0.25 < speed.ratio < 4
    assert 0 < speed.cpu_ratio < 4


def test_what_is_many_times_slower_fails_and_is_told_how_much(graded: Graded) -> None:
    verdict = graded("swift", SLOW)
    assert tasks(verdict) == {"right": "passed", "fast": "failed"}
    shown = result(verdict, TIMED)
    assert shown.speed is not None
    assert shown.speed.low > 4
    assert "times the reference's time" in shown.message
    assert "at most 4 times is allowed" in shown.message


def test_what_is_faster_than_the_reference_passes(graded: Graded) -> None:
    verdict = graded("swift", "def total(x):\n    return float(x.sum())\n")
    speed = result(verdict, TIMED).speed
    assert verdict.status == "passed"
    assert speed is not None
    assert speed.low < 1


@pytest.mark.security
def test_fast_and_wrong_is_wrong(graded: Graded) -> None:
    verdict = graded("swift", "def total(x):\n    return float(sum(x)) if len(x) == 5 else 0.0\n")
    assert tasks(verdict) == {"right": "passed", "fast": "failed"}
    assert "times the reference" not in result(verdict, TIMED).message


@pytest.mark.security
def test_clocks_that_the_submission_patches_are_not_looked_at(graded: Graded) -> None:
    lie = """
import time

for name in ("time", "perf_counter", "monotonic", "process_time", "thread_time"):
    setattr(time, name, lambda: 0.0)
    setattr(time, name + "_ns", lambda: 0)
"""
    verdict = graded("swift", lie + SLOW)
    assert statuses(verdict)[TIMED] == "failed"
    assert "times the reference's time" in result(verdict, TIMED).message


@pytest.mark.security
def test_every_round_has_inputs_of_its_own(graded: Graded) -> None:
    remembering = """
seen = {}

def total(x):
    key = x.tobytes()
    if key not in seen:
        for _ in range(100):
            answer = 0.0
            for entry in x.tolist():
                answer += entry
        seen[key] = answer
    return seen[key]
"""
    assert statuses(graded("swift", remembering))[TIMED] == "failed"


@pytest.mark.security
def test_sleeping_is_slow_as_well(graded: Graded, solved: Solved) -> None:
    text = "import time\n" + solved("swift").replace("    answer = 0.0\n", "    time.sleep(0.02)\n    answer = 0.0\n")
    verdict = graded("swift", text)
    shown = result(verdict, TIMED)
    assert shown.status == "failed"
    assert shown.speed is not None
    assert shown.speed.cpu_ratio < shown.speed.ratio


def test_a_test_without_a_race_has_no_speed(graded: Graded, solved: Solved) -> None:
    assert result(graded("swift", solved("swift")), "test_the_sum").speed is None


def test_a_crash_while_it_is_timed_fails_its_test_alone(graded: Graded) -> None:
    verdict = graded("swift", "import os\n\ndef total(x):\n    return float(sum(x)) if len(x) == 5 else os._exit(3)\n")
    assert tasks(verdict) == {"right": "passed", "fast": "failed"}
    assert "ended itself with exit status 3" in result(verdict, TIMED).message


# ------------------------------------------------------------- against the submission's own time, without a solution

TOGETHER = "test_rows_together_are_faster_than_row_by_row"
LOOP = """
import numpy as np

def doubled(x):
    return np.array([2 * row for row in x]) if x.ndim > 1 else 2 * x
"""


def test_all_rows_at_once_beat_one_call_for_each_row(graded: Graded, solved: Solved) -> None:
    verdict = graded("together", solved("together"))
    assert verdict.status == "passed"
    assert result(verdict, TOGETHER).speed is None  # not comparable with another submission's


def test_a_loop_over_the_rows_is_as_slow_as_one_call_each(graded: Graded) -> None:
    message = result(graded("together", LOOP), TOGETHER).message
    assert "times the time of one call for each row" in message
    assert "at most a fifth is allowed" in message


def test_a_fault_in_a_single_row_is_the_submissions_fault(graded: Graded) -> None:
    verdict = graded("together", "def doubled(x):\n    return 2 * x if x.ndim > 1 else 1 / 0\n")
    assert tasks(verdict) == {"speed": "failed"}
    assert "doubled raised ZeroDivisionError" in result(verdict, TOGETHER).message
