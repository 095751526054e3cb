"""The same seed gives the same grading, another seed other inputs, and no submission can find it out."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from graders import Judge, catalogue
from graders.checks.mismatch import TooSlow
from graders.checks.speed import assert_speed
from graders.cli.grade import differences
from graders.verdict import Speed, TestResult, Verdict
from katas_course.reproducibility import same_result
from tests.observed import result, statuses

Graded = Callable[..., Verdict]
Written = Callable[..., Path]

ONE, OTHER = bytes(range(16)), bytes(range(100, 116))

# Wrong in a way that depends on the inputs; it prints them.
TELLING = """
import numpy as np

def scale(x, factor):
    print("given", x.tolist(), factor)
    return np.where(x > 0, x * factor, 0.0)

def noise(rng, count):
    return rng.random(count)
"""


def outcome(verdict: Verdict) -> tuple[object, ...]:
    """Return a verdict without its times."""
    tests = [msgspec.structs.replace(test, duration_s=0.0, worker_cpu_s=0.0) for test in verdict.tests]
    return verdict.status, verdict.score, verdict.seed, verdict.tasks, tests


def test_the_same_seed_gives_exactly_the_same_verdict(graded: Graded) -> None:
    one, two = graded("scaling", TELLING, ONE), graded("scaling", TELLING, ONE)
    assert one.status == "failed"
    assert any(test.counterexample for test in one.tests)
    assert outcome(one) == outcome(two)


def test_a_judge_started_later_gives_the_same_verdict(judge: Judge, written: Written, repository: Path) -> None:
    folder = written("scaling", TELLING)
    before = judge.grade("scaling", folder, seed=ONE)
    with Judge(repository, resident=False) as later:
        assert outcome(later.grade("scaling", folder, seed=ONE)) == outcome(before)


def test_another_seed_draws_other_inputs(graded: Graded) -> None:
    one, other = (graded("scaling", TELLING, seed) for seed in (ONE, OTHER))
    drawn = ["test_a_vector", "test_the_dtype_stays", "test_the_arguments_are_left_alone"]
    for name in drawn:
        assert "given" in result(one, name).output
        assert result(one, name).output != result(other, name).output
    example = "test_the_example"
    assert result(one, example).output == result(other, example).output


def test_without_a_seed_every_grading_draws_new_inputs(judge: Judge, written: Written) -> None:
    one, two = (judge.grade("scaling", written("scaling", TELLING)) for _ in range(2))
    assert one.seed != two.seed
    assert re.fullmatch("[0-9a-f]{32}", str(one.seed))
    assert result(one, "test_a_vector").output != result(two, "test_a_vector").output


def test_the_tests_of_one_grading_draw_different_inputs(graded: Graded) -> None:
    verdict = graded("scaling", TELLING, ONE)
    drawn = [output for output in (test.output for test in verdict.tests) if output.startswith("given [")]
    assert len(drawn) == 5
    assert len({output[:20] for output in drawn}) == 5


# -------------------------------------------------------------------------------- generators in a worker

ROLLING = """
import random
import numpy as np

def answer(number):
    print("rolled", random.random(), np.random.rand())
    return number
"""


def rolled(verdict: Verdict) -> list[str]:
    return [test.output for test in verdict.tests]


def test_global_generators_differ_from_test_to_test(graded: Graded) -> None:
    outputs = rolled(graded("ten", ROLLING, ONE))
    assert len(set(outputs)) == 10


def test_the_seed_determines_global_generators(graded: Graded) -> None:
    one, again, other = (rolled(graded("ten", ROLLING, seed)) for seed in (ONE, ONE, OTHER))
    assert one == again
    assert not set(one) & set(other)


# -------------------------------------------------------------------------------- what a worker may know

# Searches everything that this process can reach for the seed. It has the seed only reversed.
SEARCHING = """
import gc, sys

BACKWARDS = {backwards!r}
PLANTED = {planted!r}
LETTERS = "".join("%02x" % byte for byte in BACKWARDS)

def spellings(backwards):
    yield "bytes", backwards
    yield "text", "".join("%02x" % byte for byte in reversed(backwards))[::-1].encode()

def reachable():
    gc.unfreeze()
    waiting = [*gc.get_objects(), *sys.modules.values(), sys._getframe()]
    seen = set()
    while waiting:
        item = waiting.pop()
        if id(item) in seen or item is waiting or item is seen:
            continue
        seen.add(id(item))
        yield item
        waiting.extend(gc.get_referents(item))

def raw(item):
    if isinstance(item, str):
        return item.lower().encode("utf-8", "replace")
    if isinstance(item, (bytes, bytearray, memoryview)):
        return bytes(item)
    if isinstance(item, int):
        return item.to_bytes(16, "little") if 0 <= item < 2**128 else b""
    if type(item).__module__ == "numpy" and hasattr(item, "tobytes"):
        return item.tobytes() if item.nbytes < 1 << 16 else b""
    return b""

def search(wanted):
    found = set()
    for item in reachable():
        data = raw(item)
        if len(data) < 16:
            continue
        for kind, spelled in spellings(wanted):
            if spelled in data[::-1] or (isinstance(item, int) and spelled in data):
                found.add(kind + " in " + type(item).__name__)
    return sorted(found)

PLANT = {{"a": [bytes(reversed(PLANTED))], "b": ("".join("%02x" % byte for byte in reversed(PLANTED)),)}}

def answer(number):
    if number in (1, 10):
        print("SEED", search(BACKWARDS), "PLANTED", search(PLANTED))
    return number
"""


@pytest.mark.security
def test_the_seed_is_nowhere_in_a_worker(graded: Graded) -> None:
    seed = bytes.fromhex("d81c6f3a90b7e4522f6608c1ab75f39e")
    planted = bytes.fromhex("7a13c9e04b58d62f91ae35077cf8e2b4")
    text = SEARCHING.format(backwards=seed[::-1], planted=planted[::-1])
    verdict = graded("ten", text, seed)
    assert set(statuses(verdict).values()) == {"passed"}, verdict.tests[0].message
    for name in ("test_one", "test_ten"):
        found, control = re.search(r"SEED (\[.*\]) PLANTED (\[.*\])", result(verdict, name).output).groups()
        assert found == "[]"
        assert control == "['bytes in bytes', 'text in str']"  # the search works


# ------------------------------------------------------------------------------------------------- replay


def test_a_repeated_grading_has_no_differences(graded: Graded) -> None:
    assert differences(graded("scaling", TELLING, ONE), graded("scaling", TELLING, ONE)) == []


def verdict_of(*tests: TestResult, **fields: object) -> Verdict:
    return Verdict(
        kata="any",
        **{"status": "failed", "score": 3.0, "submission_sha256": "a" * 64, "suite_digest": "b" * 64} | fields,
        tests=tests,
    )


def one_test(**fields: object) -> TestResult:
    return TestResult(**{"name": "test_a", "task": "t", "visibility": "hidden", "status": "failed"} | fields)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({}, {"submission_sha256": "c" * 64}, "the submission differs: aaaaaaaaaaaa then, cccccccccccc now"),
        ({}, {"suite_digest": "c" * 64}, "the tests differ: bbbbbbbbbbbb then, cccccccccccc now"),
        (
            {"harness_version": "1.0"},
            {"harness_version": "1.1"},
            "the version of the harness differs: 1.0 then, 1.1 now",
        ),
        ({}, {"score": 4.0}, "the verdict differs: failed, 3 points then, failed, 4 now"),
        (
            {},
            {"status": "error", "message": "no disk"},
            "the verdict differs: failed, 3 points then, error, 3 now no disk",
        ),
    ],
    ids=["submission", "tests", "harness", "score", "status"],
)
def test_differences_in_a_replay_are_reported(before: dict[str, object], after: dict[str, object], said: str) -> None:
    assert differences(verdict_of(**before), verdict_of(**before | after)) == [said]


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (one_test(status="passed"), "test_a: failed then, passed now"),
        (one_test(counterexample="f(1)"), "test_a: the counterexample differs"),
        (one_test(name="test_b"), "test_a: not run now"),
    ],
    ids=["status", "counterexample", "gone"],
)
def test_a_test_that_differs_in_a_replay_is_named(after: TestResult, said: str) -> None:
    assert said in differences(verdict_of(one_test()), verdict_of(after))


def raced(ratio: float) -> Verdict:
    """Return the verdict on an answer that takes `ratio` times as long as the reference. More than 5 is too slow."""
    speed = Speed(ratio=ratio, low=ratio * 0.9, high=ratio * 1.1, cpu_ratio=ratio)
    try:
        assert_speed(speed, 5.0)
    except TooSlow as fault:
        told = {"message": f"twice: {fault}", "counterexample": f"twice(1)  # {ratio}", "actual": f"{ratio}"}
        return verdict_of(one_test(reason="too slow", **told))
    return verdict_of(one_test(status="passed", speed=speed))


def test_measured_times_are_not_differences() -> None:
    slow, slower, quick = raced(39.9), raced(41.5), raced(1.2)
    assert slow.tests[0].message != slower.tests[0].message
    assert differences(slow, slower) == []
    assert same_result(slow, slower)
    assert differences(slow, quick) == ["test_a: failed then, passed now"]
    assert not same_result(slow, quick)


def test_a_new_test_in_a_replay_is_named() -> None:
    assert differences(verdict_of(one_test()), verdict_of(one_test(), one_test(name="test_b"))) != []


def test_times_and_paths_are_not_differences(graded: Graded) -> None:
    verdict = graded("ten", ROLLING, ONE)
    later = msgspec.structs.replace(
        verdict,
        graded_at="2099-01-01T00:00:00+00:00",
        duration_s=99.0,
        tests=tuple(msgspec.structs.replace(test, duration_s=9.0, worker_cpu_s=9.0) for test in verdict.tests),
    )
    assert differences(verdict, later) == []


def test_a_seed_draws_the_same_in_learner_mode_and_grading(repository: Path) -> None:
    """The names that determine the inputs do not contain the repository's path."""
    from graders.pytest_plugin.items import test_name

    class Item:
        def __init__(self, path: Path) -> None:
            self.path = path
            self.name = "test_a"

    kata = catalogue.load(repository, "ten")
    assert test_name(Item(kata.folder / "test_ten.py")) == "visible/test_a"
    assert test_name(Item(kata.hidden / "test_hidden.py")) == "hidden/test_a"
