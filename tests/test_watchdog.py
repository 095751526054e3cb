"""Nothing that a submission returns can keep the judge busy or fill its memory."""

from __future__ import annotations

import time

import pytest

from graders import Judge, watchdog
from tests.observed import result, statuses
from tests.workshop import write, write_repository

HIDDEN = """\
import pathlib
import numpy as np
from graders.checks import assert_close, task
from graders import watchdog

OWN_FAULT = (pathlib.Path(__file__).parent / 'own_fault').exists()
watchdog.TEST_S = 1.0  # this file is imported by the judge

@task("half")
def test_three_is_halved(kata):
    assert_close(kata.half(3.0), 1.5)

@task("half")
def test_the_judge_works_as_long_as_requested(kata):
    if kata.half(4.0) == 4.0:
        while True:
            pass

@task("half")
def test_the_judge_fills_as_much_as_requested(kata):
    rows = int(kata.half(6.0))
    assert np.ones((rows, 1 << 20)).all()

@task("half")
def test_the_message_is_hard_to_write(kata):
    class Hard:
        def __str__(self):
            raise OverflowError
    if kata.half(8.0) == 8.0:
        raise ValueError(Hard())

@task("half")
def test_a_long_text_is_compared(kata):
    found = kata.half(10.0)
    assert found == 5.0 or found == "\\n".join(f"expected {number}" for number in range(3000))

@task("half")
def test_the_test_itself_never_ends(kata):
    while OWN_FAULT:
        pass
"""

HALVES = "def twice(x):\n    return 2.0 * x\n\ndef half(x):\n    return {}\n"


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    root = write_repository(tmp_path_factory.mktemp("busy"), ["twice"])
    write(root / "graders/hidden/twice/test_hidden.py", HIDDEN)
    toml = root / "katas/twice/kata.toml"
    toml.write_text(toml.read_text().replace("test_s = 6", "test_s = 1"))
    with Judge(root, require="full") as judge:
        yield judge


@pytest.fixture
def halved(judge, tmp_path):
    """Return halved(value), the verdict on a submission whose `half` returns this expression of x."""

    def grade(value):
        return judge.grade("twice", write(tmp_path / "twice.py", HALVES.format(value)).parent)

    return grade


def test_using_up_the_cpu_time_ends_a_loop():
    with pytest.raises(watchdog.OutOfTime), watchdog.cpu_limit(0.05):
        while True:
            pass


def test_cpu_limit_raises_again_if_it_was_swallowed():
    with pytest.raises(watchdog.OutOfTime), watchdog.cpu_limit(0.05):
        try:
            while True:
                pass
        except watchdog.OutOfTime:
            while True:
                pass


def test_cpu_limit_leaves_no_clock_behind():
    with watchdog.cpu_limit(0.05):
        pass
    started = time.process_time()
    while time.process_time() < started + 0.1:
        pass


def test_a_judge_that_is_kept_busy_fails_the_test(halved):
    verdict = halved("x / 2 if x != 4 else x")
    assert verdict.status == "failed"
    failed = [name for name, status in statuses(verdict).items() if status == "failed"]
    assert failed == ["test_the_judge_works_as_long_as_requested"]
    assert "gave up after 1 s" in result(verdict, failed[0]).message


def test_a_reply_that_would_take_too_much_memory_fails_the_test(halved):
    verdict = halved("x / 2 if x != 6 else 1e6")
    failed = [name for name, status in statuses(verdict).items() if status == "failed"]
    assert (verdict.status, failed) == ("failed", ["test_the_judge_fills_as_much_as_requested"])
    assert "MemoryError" in result(verdict, failed[0]).message


def test_a_failure_that_cannot_be_described_is_a_failure(halved):
    verdict = halved("x / 2 if x != 8 else x")
    failed = [name for name, status in statuses(verdict).items() if status == "failed"]
    assert (verdict.status, failed) == ("failed", ["test_the_message_is_hard_to_write"])


def test_a_plain_assertion_of_long_texts_computes_no_diff(halved):
    """pytest's own diff can take cubic time in the texts' lengths, and would show the expected value."""
    verdict = halved("x / 2 if x != 10 else '\\n'.join(f'yours {number}' for number in range(3000))")
    failed = [name for name, status in statuses(verdict).items() if status == "failed"]
    assert failed == ["test_a_long_text_is_compared"]
    assert "- expected 1" not in result(verdict, failed[0]).message


def test_an_endless_test_is_an_error_of_the_harness(halved, judge):
    own_fault = write(judge.root / "graders/hidden/twice/own_fault", "")
    try:
        verdict = halved("x / 2")
    finally:
        own_fault.unlink()
    assert verdict.status == "error"
    assert result(verdict, "test_the_test_itself_never_ends").status == "error"
