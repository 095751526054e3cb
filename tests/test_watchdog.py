"""Nothing that a submission returns can keep the judge busy or fill its memory.

In learner mode, a submission may use a limited time of its own.
"""

from __future__ import annotations

import math
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from graders import Judge, watchdog
from tests.observed import result, statuses
from tests.starving import STARVED
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

LONG = "'\\n'.join(f'yours {number}' for number in range(3000))"
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


def endlessly(step=lambda: None):
    while True:
        step()


@pytest.mark.parametrize(
    "limit", [lambda: watchdog.cpu_limit(0.05), lambda: watchdog.own_time_limit(0.05, "too late")], ids=["CPU", "own"]
)
def test_a_limit_ends_a_loop_and_raises_again_if_it_was_swallowed(limit):
    with pytest.raises(watchdog.OutOfTime), limit():
        try:
            endlessly()
        except watchdog.OutOfTime:
            endlessly()


def test_cpu_limit_leaves_no_clock_behind():
    with watchdog.cpu_limit(0.05):
        pass
    started = time.process_time()
    while time.process_time() < started + 0.1:
        pass


@pytest.mark.parametrize(
    ("answer", "test", "told"),
    [
        ("x / 2 if x != 4 else x", "test_the_judge_works_as_long_as_requested", "gave up after 1 s"),
        ("x / 2 if x != 6 else 1e6", "test_the_judge_fills_as_much_as_requested", "MemoryError"),
        ("x / 2 if x != 8 else x", "test_the_message_is_hard_to_write", ""),
        # pytest's own diff can take cubic time in the texts' lengths, and would show the expected value
        (f"x / 2 if x != 10 else {LONG}", "test_a_long_text_is_compared", ""),
    ],
    ids=["it keeps the judge busy", "it fills the memory", "its failure cannot be described", "it is a long text"],
)
def test_an_answer_that_takes_too_much_fails_only_its_test(halved, answer, test, told):
    verdict = halved(answer)
    failed = [name for name, status in statuses(verdict).items() if status == "failed"]
    assert (verdict.status, failed) == ("failed", [test])
    assert told in result(verdict, test).message
    assert "- expected 1" not in result(verdict, test).message


def test_an_endless_test_is_an_error_of_the_harness(halved, judge):
    own_fault = write(judge.root / "graders/hidden/twice/own_fault", "")
    try:
        verdict = halved("x / 2")
    finally:
        own_fault.unlink()
    assert verdict.status == "error"
    assert result(verdict, "test_the_test_itself_never_ends").status == "error"


# ------------------------------------------------------------------------------------------- own time


@pytest.mark.parametrize("step", [lambda: None, lambda: time.sleep(0.001), lambda: time.sleep(60)])
def test_own_time_ends_a_process_that_runs_or_sleeps(step):
    with pytest.raises(watchdog.OutOfTime, match="too late"), watchdog.own_time_limit(0.2, "too late"):
        endlessly(step)


def test_time_in_an_inner_limit_costs_the_outer_one_nothing():
    with pytest.raises(watchdog.OutOfTime, match="outer"), watchdog.own_time_limit(0.5, "outer"):
        with watchdog.own_time_limit(600, "inner") as inner:
            time.sleep(1)
        assert inner.used_s > 0.5
        time.sleep(60)


def test_an_inner_limit_ends_within_an_outer_one():
    with (
        watchdog.own_time_limit(600, "outer"),
        pytest.raises(watchdog.OutOfTime, match="inner"),
        watchdog.own_time_limit(0.05, "inner"),
    ):
        time.sleep(60)


def test_a_foreign_alarm_rings_after_the_block():
    rings = []
    before = signal.signal(signal.SIGALRM, lambda *_: rings.append("foreign"))
    timer = signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        with watchdog.own_time_limit(600, "too late"):
            time.sleep(0.2)
            assert rings == []
        for _ in range(1000):
            if not rings:
                time.sleep(0.01)
        assert rings == ["foreign"]
    finally:
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, *timer)


needs_schedstat = pytest.mark.skipif(
    math.isnan(watchdog._clocks()[2]), reason="the kernel does not say how long a process waits for a processor"
)


def starving(tmp_path: Path, text: str) -> str:
    """Return what a starved process prints that runs `text` within a limit of half a second."""
    program = f"""\
from graders import watchdog
{STARVED}
try:
    with starved():
        with watchdog.own_time_limit(0.5, "too late"):
            {text}
    print("done")
except watchdog.OutOfTime as end:
    print(type(end).__name__, end)
"""
    command = [sys.executable, write(tmp_path / "starving.py", program)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout.strip()


@needs_schedstat
@pytest.mark.parametrize(("text", "end"), [("work(3)", "done"), ("time.sleep(60)", "OutOfTime too late")])
def test_waiting_for_a_processor_is_not_own_time(tmp_path, text, end):
    assert starving(tmp_path, text) == end


@needs_schedstat
def test_a_process_that_hardly_gets_a_processor_is_given_up(tmp_path):
    end = starving(tmp_path, "watchdog.PATIENCE, watchdog.LEAST_PATIENCE_S = 2, 0; work(100)")
    assert end.startswith("MachineTooBusy the machine is too busy: in ")
    assert "load average" in end


@pytest.mark.parametrize(
    ("read", "used_s"),
    [
        ((10.0, 1.0, 9.0), 1.0),  # it has waited
        ((10.0, 1.0, 2.0), 8.0),  # it has waited, run and slept
        ((10.0, 15.0, 0.0), 15.0),  # it has run in two threads
        ((10.0, 1.0, math.nan), 1.0),  # unknown: it has run with interruptions
        ((10.0, 0.1, math.nan), 10.0),  # unknown: it has slept
    ],
)
def test_own_time_follows_from_three_clocks(monkeypatch, read, used_s):
    monkeypatch.setattr(watchdog, "_clocks", lambda: read)
    clock = watchdog.OwnTime(60, "too late", read=(0.0, 0.0, 0.0))
    clock.count()
    assert (clock.wall_s, clock.used_s) == (10.0, used_s)


@pytest.mark.parametrize("step", [lambda: None, lambda: time.sleep(60)])
def test_without_schedstat_running_and_sleeping_are_own_time(monkeypatch, step):
    monkeypatch.setattr(watchdog, "_schedstat", lambda _: None)
    with pytest.raises(watchdog.OutOfTime), watchdog.own_time_limit(0.2, "too late"):
        endlessly(step)


LOOPS = b"""\
def climb(n):
    while n < 3:
        if n:
            # nothing
            step(n)
    return n


def step(n):
    return n
"""


@pytest.mark.parametrize(
    ("frames", "said"),
    [
        ([("a.py", 5)], ", in line 5 of a.py: the loop that begins in line 2 did not end"),
        ([("a.py", 2)], ", in line 2 of a.py: the loop in that line did not end"),
        (
            [("/numpy.py", 9), ("a.py", 10), ("a.py", 5)],
            ", in line 10 of a.py: the loop that begins in line 2 did not end",
        ),
        ([("b.py", 1), ("a.py", 5)], ", in line 1 of b.py: the loop that begins in line 2 of a.py did not end"),
        ([("a.py", 6)], ", in line 6 of a.py"),
        ([("a.py", 99)], ", in line 99 of a.py"),
        ([("/numpy.py", 9)], ""),
    ],
)
def test_a_stopped_submission_is_told_the_loop_it_was_in(frames, said):
    assert watchdog.where_stopped(frames, {"a.py": LOOPS, "b.py": b"x = 1\n"}) == said


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space")
def test_garbage_is_collected_once_for_each_quarter_of_what_is_left() -> None:
    program = """if True:
        import mmap
        from graders import unix, watchdog
        assert not watchdog.short_of_memory(0)  # nothing is limited
        watchdog.limit_memory()
        assert not watchdog.short_of_memory(0)
        held = [mmap.mmap(-1, 280 << 20)]
        assert watchdog.short_of_memory(0)
        collected = unix.address_space()
        assert not watchdog.short_of_memory(collected)
        held.append(mmap.mmap(-1, 150 << 20))
        assert not watchdog.short_of_memory(collected)
        held.append(mmap.mmap(-1, 50 << 20))
        assert watchdog.short_of_memory(collected)
    """
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
