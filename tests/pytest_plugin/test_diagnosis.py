"""A diagnosis names the misconception that behaves exactly like a submission, if there is exactly one."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from graders import Judge, catalogue
from graders.pytest_plugin.diagnosis import Budget, Case, Program, alike
from graders.pytest_plugin.handle import Handle, Probe
from graders.pytest_plugin.local_side import LocalSide
from graders.pytest_plugin.observation_cache import ObservationCache, same
from graders.verdict import Verdict
from tests.conftest import Graded
from tests.workshop import ROOT

SCALING = """
import numpy as np

def scale(x, factor):
    if x.ndim != 1:
        raise ValueError("x is no vector")
    {scale}

def noise(rng, count):
    return rng.standard_normal(count)
"""


def diagnoses(verdict: Verdict) -> list[str]:
    return [test.diagnosis for test in verdict.tests if test.diagnosis]


def scaling(body: str) -> str:
    return SCALING.format(scale=body)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("return factor + x", "The factor is added instead of multiplied."),
        (
            "x = x.copy(); x[1:] = x[1:] * x.dtype.type(factor); return x",
            "The first entry stays as it was.",
        ),
        ("return np.asarray(x, dtype=float) * factor", "The answer is float64 whatever x is."),
        ("np.multiply(x, x.dtype.type(factor), out=x); return x", "x itself is changed."),
    ],
    ids=["values", "some values", "dtype", "arguments changed"],
)
def test_a_submission_like_one_misconception_gets_its_sentence(graded: Graded, body: str, sentence: str) -> None:
    verdict = graded("scaling", scaling(body))
    assert verdict.status == "failed"
    assert diagnoses(verdict) == [sentence]
    assert next(test for test in verdict.tests if test.status == "failed").diagnosis == sentence


@pytest.mark.parametrize(
    "body",
    [
        "return x - x.dtype.type(factor)",
        "return (x + x.dtype.type(factor)) * (1 + 1e-4)",
        "return list(x + x.dtype.type(factor))",
        "raise ArithmeticError",
        "return np.zeros_like(x)",  # as two misconceptions do
        "return x + factor * np.random.standard_normal()",
        "import os; os._exit(1)",
    ],
    ids=[
        *("other values", "nearly", "other type", "other exception"),
        *("two misconceptions", "varies", "crash"),
    ],
)
def test_a_submission_that_behaves_like_no_single_misconception_is_not_diagnosed(graded: Graded, body: str) -> None:
    verdict = graded("scaling", scaling(body))
    assert verdict.status == "failed"
    assert diagnoses(verdict) == []


@pytest.mark.parametrize(
    "body", ["return x.astype(np.float64) + factor", "x += x.dtype.type(factor); return x"], ids=["dtype", "arguments"]
)
def test_of_two_mistakes_in_different_tasks_the_first_is_named(graded: Graded, body: str) -> None:
    assert diagnoses(graded("scaling", scaling(body))) == ["The factor is added instead of multiplied."]


def test_a_mistake_in_one_kind_of_call_is_named_despite_another_elsewhere(graded: Graded) -> None:
    body = "return x + x.dtype.type(factor) if x.dtype == np.float64 and len(x) > 1 else [x]"
    assert diagnoses(graded("scaling", scaling(body))) == []  # some vectors are wrong in another way
    body = "return np.array(factor + x, np.float64) if x.dtype == np.float64 else x - 1"
    assert diagnoses(graded("scaling", scaling(body))) == ["The factor is added instead of multiplied."]


def test_results_too_large_to_record_do_not_hide_a_mistake(graded: Graded) -> None:
    body = "return factor + x if len(x) < 4 else np.resize(factor + x, 1_200_000)"  # 9.6 MB
    assert diagnoses(graded("scaling", scaling(body))) == ["The factor is added instead of multiplied."]


def test_a_mistake_in_one_file_is_looked_for_in_the_tasks_that_need_the_file(graded: Graded) -> None:
    # `left` passes, but returns other values than the solution. The task `both` tells the two known mistakes apart.
    left = "def left(x):\n    return 2.0 * x if x == 4 else 2 * x\n"
    right = "def right(x):\n    return 10 if x == 3 else x + x + x\n"
    verdict = graded("pieces", {"left.py": left, "right.py": right})
    assert [task.status for task in verdict.tasks][:3] == ["passed", "failed", "passed"]
    assert diagnoses(verdict) == ["Wrong for 3 alone."]


def test_a_mistake_in_one_file_is_named_despite_an_unknown_one_in_another(graded: Graded) -> None:
    right = "def right(x):\n    return x + x + x + x\n"
    for left in ("def left(x):\n    return 5\n", "def left(x):\n    raise NotImplementedError\n"):
        assert diagnoses(graded("pieces", {"left.py": left, "right.py": right})) == ["Four times x."]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return -x * x.dtype.type(factor)", "the expected one with the opposite sign. Look for a minus sign"),
        ("print(x * factor)", "cases, the result is None. Does every branch of the function end with `return`?"),
        ("return list(x * factor)", "the result is a list, not an array. Convert it"),
    ],
)
def test_what_all_wrong_answers_have_in_common_follows_the_message(graded: Graded, body: str, said: str) -> None:
    verdict = graded("scaling", scaling(body))
    assert diagnoses(verdict) == []
    assert said in next(test.message for test in verdict.tests if test.status == "failed")


def test_nothing_is_said_of_wrong_answers_with_nothing_in_common(graded: Graded) -> None:
    verdict = graded("scaling", scaling("return np.sin(x + x.dtype.type(factor)) * (1 if x[0] > 0 else 3)"))
    assert not any("\n" in test.message for test in verdict.tests)


def test_a_right_submission_is_not_diagnosed(graded: Graded, solved: Callable[[str], str]) -> None:
    assert diagnoses(graded("scaling", solved("scaling"))) == []


@pytest.mark.parametrize("name", ["added", "first_left_out", "always_double", "in_place"])
def test_every_misconception_fails_its_task_and_is_diagnosed(judge: Judge, repository: Path, name: str) -> None:
    kata = catalogue.load(repository, "scaling")
    variant = next(each for each in kata.wrong if each.path.stem == name)
    solution = {"scaling.py": (kata.solution / "scaling.py").read_bytes()}
    verdict = judge.grade_files("scaling", variant.submission(solution), diagnosing=True)
    failed = {task.name for task in verdict.tasks if task.status == "failed"}
    assert variant.task in failed
    assert diagnoses(verdict) == [variant.sentence]
    assert diagnoses(judge.grade_files("scaling", variant.submission(solution))) == []  # it was not requested


def test_of_measured_times_only_the_sign_counts(repository: Path) -> None:
    kata = catalogue.load(repository, "scaling")
    source = """
import time

def timed(submission, sign):
    took = sign * time.perf_counter()
    log = f"steps,seconds\\n3,{took:.9e}\\n{took:.9f}"
    return {"steps": 3, "loss": [took + 1], "of": {"wall_seconds": [took]}, "seconds": took, "log_with_seconds": log}
"""
    probe = Probe("probes.py", "timed", source, ("sign",), "Take a time.")

    def seen(sign: int) -> Any:
        case = Case("timed", "value", lambda handle, _: handle.run(probe, sign), "timed", (0,))
        return Program(kata, lambda: LocalSide(kata, kata.solution)).run(case, 0).values[0]

    first, second, negative = (seen(sign) for sign in (1, 1, -1))
    assert not same(first.pop("loss"), second.pop("loss"))  # it has no such key
    assert same(first, second)
    assert [key for key in first if not same(first[key], negative[key])] == ["of", "seconds", "log_with_seconds"]


def test_a_long_text_with_times_costs_little_time() -> None:
    def body(handle: Handle, _: object) -> object:
        return handle.run(Probe("probes.py", "look", source, (), "Look."))

    source = "def look(submission):\n    return {'log_of_seconds': '1' * 99_000 + '.5'}\n"
    kata = catalogue.load(ROOT / "tests" / "repository", "scaling")
    (value,) = Program(kata, lambda: LocalSide(kata, kata.solution)).run(Case("", "value", body, "", (0,)), 0).values
    assert value["log_of_seconds"] == "1" * 98_991 + "0"


def test_a_test_that_ends_early_because_of_a_time_reveals_no_mistake(repository: Path) -> None:
    kata = catalogue.load(repository, "scaling")
    source = "def look(submission):\n    return {'seconds': float(submission.scale(np.array([2.0]), 1.0)[0])}\n"
    probe = Probe("probes.py", "look", "import numpy as np\n" + source, (), "Look.")

    def body(handle: Handle, _: object) -> None:
        assert handle.run(probe)["seconds"] < 5
        handle.scale(np.ones(2), 2.0)

    def sides(files: dict[str, bytes]) -> LocalSide:
        folder = Path(tempfile.mkdtemp(dir=place))
        for name, data in files.items():
            (folder / name).write_bytes(data)
        return LocalSide(kata, folder)

    late = {"scaling.py": scaling("return x * factor * 1000").encode()}
    later = {"scaling.py": scaling("return x * factor * 2000").encode()}
    variant = SimpleNamespace(submission=lambda _: later)
    with tempfile.TemporaryDirectory() as place:
        own = Program(kata, lambda: sides(late))
        case = Case("timed", "value", body, "timed", (0,))
        assert alike(kata, [variant], [case], own, sides, ObservationCache(), Budget()) is None


# ----------------------------------------------------------------------------------- when two are the same


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (None, None),
        (1, 1),
        ("a", "a"),
        (0.1 + 0.2, 0.3),
        (np.float32(0.1), np.float32(0.1) * (1 + np.finfo(np.float32).eps)),
        (np.array([1.0, np.nan]), np.array([1.0 + 1e-15, np.nan])),
        (np.array([1e10, 1e-10]), np.array([1e10, 2e-10])),
        ([1, (2.0, "a")], [1, (2.0, "a")]),
        ({"a": np.arange(3)}, {"a": np.arange(3)}),
        (np.empty(0), np.empty(0)),
        (1.0, np.float64(1.0)),
        (1, np.int64(1)),
        (np.array([1.0, 2.0]), np.array([1.0, 2.0 + 1e-11])),
    ],
    ids=repr,
)
def test_observations_that_agree_up_to_rounding_are_the_same(left: object, right: object) -> None:
    assert same(left, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1, 1.0),
        (True, 1),
        (np.float32(1), np.float64(1)),
        (np.array(1.0), 1.0),
        (np.zeros(3), np.zeros((3, 1))),
        (np.zeros(3), np.zeros(3, np.float32)),
        (np.zeros(3, int), np.zeros(3)),
        (np.array([1.0, np.nan]), np.array([np.nan, 1.0])),
        (np.array([1.0]), np.array([np.inf])),
        (np.array([1.0]), np.array([1.0001])),
        (np.array([1, 2]), np.array([1, 3])),
        (np.array([1.7e308 + 1.7e308j, 1.0]), np.array([1.7e308 + 1.7e308j, 2.0])),
        (np.bool_(True), np.int64(1)),
        ([1], (1,)),
        ([1, 2], [1]),
        ({"a": 1}, {"b": 1}),
        ("a", "b"),
        (("RemoteFault", "ValueError"), ("RemoteFault", "TypeError")),
    ],
    ids=repr,
)
def test_observations_that_differ_in_type_shape_or_value_are_not(left: object, right: object) -> None:
    assert not same(left, right)
    assert not same(right, left)
