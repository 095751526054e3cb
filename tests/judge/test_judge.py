"""Real gradings of right, wrong, broken, crashing and endless submissions, and of faulty katas."""

from __future__ import annotations

import contextlib
import gc
import os
import platform
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from graders import Judge, catalogue
from graders.judge.messages import Step
from graders.judge.sides import SubmissionClock
from graders.report import terminal
from graders.verdict import Limits, Verdict
from tests.observed import descendants, result, statuses, tasks
from tests.workshop import write, write_repository

Graded = Callable[..., Verdict]
Solved = Callable[[str], str]
Written = Callable[..., Path]

WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
TEN = [f"test_{word}" for word in WORDS]
RIGHT = "def answer(number):\n    return number\n"


def when(number: int, does: str, before: str = "") -> str:
    """Return a right submission, except that it `does` something for `number`."""
    return f"""
import ctypes, functools, os, sys, time

{before}

def answer(number):
    if number == {number}:
        {does}
    return number
"""


def only_the_third_failed(verdict: Verdict) -> None:
    assert statuses(verdict) == {name: "failed" if name == "test_three" else "passed" for name in TEN}
    assert tasks(verdict) == {"low": "failed", "high": "passed"}
    assert (verdict.status, verdict.exit_status, verdict.score, verdict.max_score) == ("failed", 1, 5, 10)


# ----------------------------------------------------------------------------------------- right and wrong


@pytest.mark.parametrize("slug", ["chain", "limits", "scaling", "several", "ten", "torchy"])
def test_the_shipped_solution_passes_with_full_points(judge: Judge, repository: Path, slug: str) -> None:
    verdict = judge.grade(slug, repository / "solutions" / slug)
    assert (verdict.status, verdict.exit_status, verdict.message) == ("passed", 0, "")
    assert verdict.score == verdict.max_score == sum(task.max_score for task in verdict.tasks) > 0
    assert set(statuses(verdict).values()) == {"passed"}
    assert verdict.confinement == "full"


def test_every_test_is_announced_before_it_runs(judge: Judge, repository: Path) -> None:
    steps: list[Step] = []
    judge.grade("ten", repository / "solutions" / "ten", at=steps.append)
    assert {step.of for step in steps} == {10}
    assert list(dict.fromkeys(step.number for step in steps)) == list(range(1, 11))
    titles = {task.title for task in catalogue.load(repository, "ten").tasks}
    assert {step.doing for step in steps} <= titles  # the tests have no titles of their own


def test_a_step_names_no_hidden_test(judge: Judge, written: Written) -> None:
    steps: list[Step] = []
    judge.grade("ten", written("ten", {"ten.py": when(3, "return 0")}), at=steps.append)
    assert steps[-1] == Step("comparing your answer with known mistakes", 11, 10)
    assert not any(re.search("test_|hidden", step.doing) for step in steps)


def test_without_a_submission_own_files_are_graded(judge: Judge) -> None:
    verdict = judge.grade("ten")
    assert (verdict.status, verdict.score, verdict.max_score > 0) == ("ungradable", 0, True)
    assert verdict.message == "ten.py is unchanged since it was handed out: nothing to grade yet"
    assert verdict.untouched


def test_a_verdict_records_what_was_graded_by_whom_and_when(judge: Judge, written: Written) -> None:
    folder = written("ten", {"ten.py": RIGHT, "notes.txt": "mine"})
    verdict = judge.grade("ten", folder, seed=bytes(range(16)))
    assert (verdict.kata, verdict.title, verdict.device) == ("ten", "Ten", "cpu")
    assert verdict.seed == bytes(range(16)).hex()
    assert verdict.ignored_files == ("notes.txt",)
    assert len(verdict.submission_sha256) == len(verdict.kata_digest) == len(verdict.suite_digest) == 64
    assert verdict.graded_at.endswith("+00:00")
    assert verdict.limits.call_s == 5
    assert verdict.duration_s > 0
    assert [test.visibility for test in verdict.tests] == ["visible"] * 5 + ["hidden"] * 5
    assert [test.name for test in verdict.tests] == TEN


def test_a_stand_in_is_left_out_if_hidden_tests_of_its_task_run(judge: Judge) -> None:
    def names(*, visible: bool) -> list[str]:
        files = {"extras.py": b"def double(x):\n    return x + x\n"}
        verdict = judge.grade_files("extras", files, visible=visible)
        assert verdict.status == "passed"
        return [test.name for test in verdict.tests if test.task == "types"]

    usual = "test_float32_stays_float32"
    assert names(visible=False) == [usual, "test_float32_of_a_longer_vector_stays_float32"]
    assert names(visible=True) == [usual, "test_float32_of_no_elements_stays_float32"]


def test_only_the_first_failure_of_a_task_is_reduced(judge: Judge) -> None:
    def counterexamples(body: str) -> list[str]:
        files = {"extras.py": f"def double(x):\n    return {body}\n".encode()}
        tests = judge.grade_files("extras", files, seed=bytes(16)).tests
        return [test.counterexample for test in tests if test.task == "double" and test.status == "failed"]

    (reduced,) = counterexamples("2 * x if (x == x.round()).all() and x.any() else x + 1")
    assert "x = np.array([0.0])" in reduced
    _, unreduced = counterexamples("x + 1")
    assert len(unreduced) > len(reduced)


def test_a_wrong_answer_fails_only_its_task(graded: Graded) -> None:
    verdict = graded("ten", when(3, "return 4"))
    only_the_third_failed(verdict)
    message = result(verdict, "test_three").message
    assert "answer" in message
    assert "3" in message
    assert "4" in message


def test_grading_stops_at_the_first_failure_unless_thorough(judge: Judge) -> None:
    verdict = judge.grade_files("ten", {"ten.py": when(3, "return 4").encode()}, thorough=False)
    assert verdict.status == "failed"
    assert [(test.name, test.status) for test in verdict.tests] == [("test_three", "failed")]


def test_a_verdict_names_the_python_that_ran_the_tests(graded: Graded) -> None:
    verdict = graded("ten", RIGHT)
    assert verdict.python == platform.python_version()
    assert f"confinement: {verdict.confinement}, Python {verdict.python}" in terminal.render([verdict])


def test_an_exception_is_reported_with_file_line_and_text(graded: Graded) -> None:
    verdict = graded("ten", when(3, "raise KeyError('lost')"))
    only_the_third_failed(verdict)
    message = result(verdict, "test_three").message
    assert "answer raised KeyError: 'lost'" in message
    assert "ten.py, line 8, in answer: raise KeyError('lost')" in message
    assert str(Path(__file__).parents[2]) not in message


def test_an_exception_in_a_library_names_the_submissions_line(graded: Graded) -> None:
    message = result(
        graded("ten", when(3, "import numpy; numpy.linalg.inv(numpy.zeros((2, 2)))")), "test_three"
    ).message
    assert "LinAlgError: Singular matrix" in message
    assert "ten.py, line 8, in answer" in message


def test_a_value_that_is_not_plain_is_rejected_with_a_message(graded: Graded) -> None:
    verdict = graded("ten", when(3, "return {number}"))
    only_the_third_failed(verdict)
    assert result(verdict, "test_three").message.startswith("answer returned a set, which is not a plain value")


def test_a_missing_function_fails_its_tests_and_is_named(graded: Graded) -> None:
    verdict = graded("chain", "def alone():\n    return 'alone'\n")
    assert tasks(verdict) == {"third": "blocked", "first": "failed", "second": "blocked", "alone": "passed"}
    assert "chain.py does not define first. Use the name" in result(verdict, "test_first").message
    verdict = graded("chain", "def First():\n    return 'first'\n")
    assert "chain.py does not define first. Did you mean `First`?" in result(verdict, "test_first").message
    assert "chain.py is empty" in result(graded("chain", "\n"), "test_first").message


def test_raising_the_expected_built_in_exception_passes(graded: Graded, solved: Solved) -> None:
    for raised in ("ValueError", "UnicodeError", "type('Mine', (ValueError,), {})"):
        verdict = graded("scaling", solved("scaling").replace("raise ValueError", f"raise {raised}"))
        status = tasks(verdict)["errors"]
        # Subclasses of ValueError also count: UnicodeError, and a class of the submission.
        assert status == "passed", result(verdict, "test_a_matrix_is_refused").message


@pytest.mark.parametrize(
    ("instead", "said"),
    [
        ("raise TypeError", "scale raised TypeError: x is no vector"),
        ("return str", "expected ValueError to be raised; nothing was raised"),
        ("raise type('ValueError', (Exception,), {})", "scale raised ValueError: x is no vector"),
    ],
)
def test_another_exception_or_none_fails(graded: Graded, solved: Solved, instead: str, said: str) -> None:
    verdict = graded("scaling", solved("scaling").replace("raise ValueError", instead))
    assert tasks(verdict)["errors"] == "failed"
    assert said in result(verdict, "test_a_matrix_is_refused").message


# ---------------------------------------------------------------------------------- what cannot be graded


def is_ungradable(verdict: Verdict, *said: str) -> None:
    assert (verdict.status, verdict.exit_status, verdict.score) == ("ungradable", 1, 0)
    for part in said:
        assert part in verdict.message
    assert verdict.tests == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def answer(number):\n    return (number\n", ["SyntaxError", "ten.py, line 2"]),
        ("def answer(number):\nreturn number\n", ["IndentationError", "ten.py, line 2"]),
        # The compiler does not give the line of this one.
        (
            "def answer(number):\n    pass\nreturn 10 * number\n",
            ["'return' outside function", "ten.py, line 3", "return 10 * number"],
        ),
    ],
    ids=["syntax", "indentation", "late"],
)
def test_a_syntax_error_is_ungradable_and_names_its_line(graded: Graded, text: str, said: list[str]) -> None:
    is_ungradable(graded("ten", text), *said)


def test_a_syntax_error_in_a_module_imported_late_is_found(graded: Graded, repository: Path) -> None:
    layers = (repository / "solutions/several/layers.py").read_text(encoding="utf-8")
    verdict = graded("several", {"layers.py": layers, "model.py": "def predict(x):\n    return 2 *\n"})
    is_ungradable(verdict, "SyntaxError", "model.py, line 2")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import no_such_module", ["cannot be imported", "no_such_module", "ten.py, line 1", "is graded alone"]),
        ("\nimport torch", ["cannot be imported", "torch", "the standard library, NumPy", "ten.py, line 2"]),
        ("x = 1 / 0", ["cannot be imported", "ZeroDivisionError", "ten.py, line 1"]),
        ("def f():\n    1 / 0\n\x0c\nf()", ["ten.py, line 2, in f: 1 / 0", "ten.py, line 4, in <module>: f()"]),
        ("```python", ["SyntaxError", "ten.py, line 1: ```python", "mark code in Markdown"]),
        ("import sys\nsys.exit(0)", ["cannot be imported", "SystemExit", "ten.py, line 2"]),
        ("import os\nos._exit(0)", ["cannot be imported", "ended itself with exit status 0"]),
        ("import os\nos.abort()", ["cannot be imported", "SIGABRT"]),
        ("raise KeyboardInterrupt", ["cannot be imported", "KeyboardInterrupt"]),
    ],
    ids=[
        "missing module",
        "torch",
        "exception",
        "call at the bottom",
        "Markdown",
        "sys.exit",
        "os._exit",
        "abort",
        "interrupt",
    ],
)
def test_a_failed_import_is_ungradable_and_explained(graded: Graded, text: str, said: list[str]) -> None:
    is_ungradable(graded("ten", text + "\n\n" + RIGHT), *said)


@pytest.mark.parametrize("place", [".", "nowhere"], ids=["file", "folder"])
def test_a_missing_file_or_folder_is_ungradable_and_named(judge: Judge, tmp_path: Path, place: str) -> None:
    is_ungradable(judge.grade("ten", tmp_path / place), "ten.py", "not found", str(tmp_path / place))


# --------------------------------------------------------------------------------- what ends a worker


ENDS = {
    "os._exit": ("os._exit(0)", "ended itself with exit status 0 instead of returning"),
    "sys.exit": ("sys.exit(0)", "SystemExit"),
    "abort": ("os.abort()", "crashed (SIGABRT)"),
    "kill": ("os.kill(os.getpid(), 9)", "crashed (SIGKILL)"),
    "null pointer": ("ctypes.string_at(0)", "crashed (SIGSEGV"),
    "keyboard interrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "stack overflow in C": ("hash(functools.reduce(lambda x, _: (x,), range(10**6), ()))", "crashed (SIGSEGV"),
    "runaway recursion": ("return answer(number)", "RecursionError"),
    "closed connections": ("os.closerange(0, 4096)", "answer: the"),
}


@pytest.mark.security
@pytest.mark.parametrize("way", ENDS)
def test_a_worker_that_dies_in_one_of_ten_tests_leaves_nine(graded: Graded, way: str) -> None:
    does, said = ENDS[way]
    verdict = graded("ten", when(3, does))
    only_the_third_failed(verdict)
    assert said in result(verdict, "test_three").message


# The kata `limits` allows 2 s per import, 0.5 s per call, 1.2 s per test, 2 s in all, 64 MB and 4 kB of output. On a
# busy machine, anything may take that long. So each test here has one small limit, and the others are large.
AMPLE = {"import_s": 60, "call_s": 60, "test_s": 100, "total_s": 200}
Limited = Callable[..., Verdict]


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """A repository with copies of the katas `limits` and `ten`, which tests change."""
    root = tmp_path_factory.mktemp("faulty")
    for part in ("katas", "solutions"):
        shutil.copytree(repository / part / "limits", root / part / "limits")
    return root


@pytest.fixture(scope="module")
def examiner(faulty: Path) -> Iterator[Judge]:
    with Judge(faulty, require="full") as examiner:
        yield examiner


@pytest.fixture
def limited(faulty: Path, examiner: Judge, repository: Path, written: Written) -> Limited:
    """Return a function: `limited(text, call_s=3)` grades with this limit, and with large limits for the rest."""
    toml = (repository / "katas/limits/kata.toml").read_text(encoding="utf-8")

    def grade(text: str, **limits: float) -> Verdict:
        changed = toml
        for name, seconds in (AMPLE | limits).items():
            changed, count = re.subn(rf"(?m)^{name} = .*$", f"{name} = {seconds:g}", changed)
            assert count == 1
        (faulty / "katas/limits/kata.toml").write_text(changed, encoding="utf-8")
        verdict = examiner.grade("limits", written("limits", text))
        assert {name: getattr(verdict.limits, name) for name in AMPLE} == AMPLE | limits
        return verdict

    return grade


def working(body: str) -> str:
    return f"import time\n\ndef work(number):\n    {body}\n    return number\n"


@pytest.mark.security
def test_an_endless_call_is_stopped_at_its_limit(limited: Limited) -> None:
    verdict = limited(working("while number == 2: pass"), call_s=1.5)
    assert statuses(verdict) == {
        "test_one": "passed",
        "test_two": "failed",
        "test_many": "passed",
        "test_three": "passed",
    }
    message = "work took longer than 1.5 s and was stopped, in line 4 of limits.py: the loop in that line did not end"
    assert (result(verdict, "test_two").message, result(verdict, "test_two").output) == (message, "")
    assert {test.name: test.reason for test in verdict.tests if test.reason} == {"test_two": "time limit"}
    assert verdict.stopped_tests == 1


def test_printing_that_takes_the_time_is_named(limited: Limited) -> None:
    verdict = limited(working("while number == 2: print('so far so good')"), call_s=1)
    assert "It printed very much, which takes time" in result(verdict, "test_two").message


def test_an_endless_loop_costs_a_learner_who_waits_one_limit(examiner: Judge, written: Written) -> None:
    place = written("limits", working("while number == 2: pass"))
    verdict = examiner.grade("limits", place, separate=True, impatient=True)
    late = [test.name for test in verdict.tests if test.reason == "time limit"]
    blocked = {test.message for test in verdict.tests if test.status == "blocked"}
    assert (late, len(blocked), tasks(verdict)["once"]) == (["test_two"], 1, "failed"), verdict.tests


def test_a_learner_who_waits_sees_no_stopped_test_run_again(examiner: Judge, written: Written) -> None:
    steps: list[str] = []
    place = written("limits", working("while True: pass"))
    verdict = examiner.grade("limits", place, impatient=True, at=lambda step: steps.append(str(step)))
    late = [test.name for test in verdict.tests if test.reason == "time limit"]
    assert (late, steps[0].count("test 1 of 4: Once"), len(steps)) == (["test_one"], 1, 2), steps


def test_a_grading_of_many_slow_tests_is_stopped_at_its_limit(limited: Limited) -> None:
    verdict = limited(working("time.sleep(0.45)"), total_s=2)
    assert tasks(verdict)["thrice"] == "failed"
    assert result(verdict, "test_many").message == "the whole grading run took longer than 2 s and was stopped"


BURNING = "start = time.process_time()\n    while time.process_time() - start < 0.12: pass"


def test_waiting_for_a_processor_uses_no_time(faulty: Path, crowd: int, repository: Path, written: Written) -> None:
    toml = (repository / "katas/limits/kata.toml").read_text(encoding="utf-8")
    ample = re.sub(r"(?m)^(import_s|test_s|total_s) = .*$", r"\1 = 60", toml)
    (faulty / "katas/limits/kata.toml").write_text(ample, encoding="utf-8")
    others = {each.pid for each in descendants(os.getpid())}
    with Judge(faulty) as judge:
        judge.grade("limits", written("limits", working("pass")))  # the judge starts while the machine is idle
        for each in descendants(os.getpid()):
            if each.pid not in others:
                with contextlib.suppress(ProcessLookupError):  # one that cleaned up and has ended meanwhile
                    os.sched_setaffinity(each.pid, {crowd})
        verdict = judge.grade("limits", written("limits", working(BURNING)), tasks=["thrice"])
    assert (verdict.status, verdict.stopped_tests) == ("passed", 0)
    assert verdict.duration_s > 4 * verdict.limits.call_s, "the machine was not busy, so this test shows nothing"


def test_many_short_sleeps_are_stopped_at_the_limit(limited: Limited) -> None:
    verdict = limited(working("[time.sleep(0.02) for _ in range(10)] if number >= 10 else None"), test_s=1)
    assert (
        result(verdict, "test_many").message == "the test took longer than 1 s and was stopped, in line 4 of limits.py"
    )


def test_a_clock_gives_a_call_the_least_remaining_time() -> None:
    limits = Limits(call_s=2, test_s=10, total_s=60)
    assert [SubmissionClock(limits, **used).allowance("work")[0] for used in ({}, {"test_s": 9})] == [2, 1]
    assert 0 < SubmissionClock(limits, workers_s=59).allowance("work")[0] <= 1


@pytest.mark.security
def test_exceeding_the_memory_limit_is_a_memory_error(limited: Limited) -> None:
    verdict = limited(working("x = bytearray(200 << 20) if number == 2 else None"))
    assert result(verdict, "test_two").message.startswith("work raised MemoryError")
    assert statuses(verdict)["test_three"] == "passed"


# ------------------------------------------------------------------------------------------------ output


def test_output_is_shown_with_its_own_test(graded: Graded) -> None:
    text = """
import sys

def answer(number):
    print("out", number)
    print("err", number, file=sys.stderr)
    return number
"""
    verdict = graded("ten", text)
    for number, name in enumerate(TEN, start=1):
        assert sorted(result(verdict, name).output.split("\n")) == [f"err {number}", f"out {number}"]


@pytest.mark.security
def test_ten_megabytes_of_output_are_cut_after_the_beginning(limited: Limited) -> None:
    verdict = limited("def work(number):\n    print('begin', number)\n    print('x' * (10 << 20))\n    return number\n")
    assert set(statuses(verdict).values()) == {"passed"}
    for test in verdict.tests[:2]:
        assert test.output.startswith("begin ")
        assert test.output.endswith("[output cut at 4 kB]")
        assert len(test.output) < 4096 + 100


def test_the_output_of_a_worker_that_crashed_is_kept(graded: Graded) -> None:
    verdict = graded("ten", when(3, "print('last words', flush=True); os._exit(1)"))
    assert "last words" in result(verdict, "test_three").output


@pytest.mark.security
def test_control_characters_are_removed_everywhere(graded: Graded) -> None:
    verdict = graded("ten", when(3, r"print('\x1b[31mred\x07'); raise ValueError('\x1b[2Jgone\u202e')"))
    shown = result(verdict, "test_three")
    for character in "\x1b\x07\u202e":
        assert character not in shown.message + shown.output
    assert "gone" in shown.message


# ------------------------------------------------------------------------------------------- tasks and points


@pytest.mark.parametrize(
    ("wrong", "expected", "blocked_by"),
    [
        ("first", {"third": "blocked", "first": "failed", "second": "blocked", "alone": "passed"}, ("first",)),
        ("second", {"third": "blocked", "first": "passed", "second": "failed", "alone": "passed"}, ("second",)),
        ("third", {"third": "failed", "first": "passed", "second": "passed", "alone": "passed"}, ()),
    ],
)
def test_a_task_is_blocked_by_the_failed_task_it_builds_on(
    graded: Graded, solved: Solved, wrong: str, expected: dict[str, str], blocked_by: tuple[str, ...]
) -> None:
    verdict = graded("chain", solved("chain").replace(f'"{wrong}"', '"wrong"'))
    assert tasks(verdict) == expected
    third = next(task for task in verdict.tasks if task.name == "third")
    assert third.blocked_by == blocked_by
    assert verdict.max_score == 15
    assert verdict.score == sum(task.max_score for task in verdict.tasks if task.status == "passed")
    if blocked_by:
        assert (
            result(verdict, "test_third").message
            == f'blocked: first make `{blocked_by[0]}` ("{blocked_by[0].title()}") pass'
        )


def test_a_partial_task_gives_points_in_proportion(graded: Graded) -> None:
    verdict = graded("partial", "def answer(number):\n    return min(number, 3)\n")
    assert tasks(verdict) == {"half": "partial", "essay": "awaiting_review", "fast": "ungraded"}
    assert (verdict.status, verdict.score, verdict.max_score) == ("failed", 4.5, 6)


def test_review_and_gpu_tasks_do_not_count(graded: Graded) -> None:
    verdict = graded("partial", RIGHT)
    assert tasks(verdict) == {"half": "passed", "essay": "awaiting_review", "fast": "ungraded"}
    assert (verdict.status, verdict.exit_status) == ("awaiting_review", 0)
    assert (verdict.score, verdict.max_score, verdict.review_points, verdict.ungraded_points) == (6, 6, 3, 2)
    shown = result(verdict, "test_on_a_gpu")
    assert (shown.status, shown.message) == ("ungraded", "this machine has no GPU")


# ---------------------------------------------------------------------------------- katas that are at fault


@pytest.fixture
def broken(faulty: Path, examiner: Judge, repository: Path) -> Callable[..., Verdict]:
    """Return a function: `broken({path: (old, new)})` grades the solution in a changed copy of `ten`."""

    def grade(changes: dict[str, tuple[str, str] | str | None], slug: str = "ten") -> Verdict:
        for part in ("katas", "solutions", "graders/hidden"):
            shutil.rmtree(faulty / part / slug, ignore_errors=True)  # a judge that ends may still write a __pycache__
            if (repository / part / slug).is_dir():
                shutil.copytree(repository / part / slug, faulty / part / slug, dirs_exist_ok=True)
        for name, change in changes.items():
            path = faulty / name
            if change is None:
                path.unlink()
            elif isinstance(change, str):
                path.write_text(change, encoding="utf-8")
            else:
                text = path.read_text(encoding="utf-8")
                assert change[0] in text
                path.write_text(text.replace(*change), encoding="utf-8")
        return examiner.grade(slug, repository / "solutions" / slug)

    return grade


ELSEWHERE = """
from graders.checks import assert_equal, task


@task("elsewhere")
def test_a_worker_of_each_runtime_for_the_whole_test(kata, probes):
    places = kata, kata.beside("numpy"), kata.beside("torch"), kata.beside("numpy")
    found = [place.run(probes.call) for place in places]
    assert_equal(found, [[True, 1], [False, 1], [True, 2], [False, 2]])
"""
CALL = """
import importlib.util
import itertools

numbers = itertools.count(1)


def call(submission):
    return [importlib.util.find_spec("torch") is not None, next(numbers)]
"""


def test_a_test_can_call_a_worker_of_another_runtime(broken: Broken, repository: Path) -> None:
    table = (repository / "katas/ten/kata.toml").read_text(encoding="utf-8")
    task = '\n[tasks.elsewhere]\ntitle = "Elsewhere"\npoints = 1\nruntime = "torch"\n'
    added = {"kata.toml": table + task, "test_elsewhere.py": ELSEWHERE, "probes_elsewhere.py": CALL}
    verdict = broken({f"katas/ten/{name}": text for name, text in added.items()})
    assert statuses(verdict)["test_a_worker_of_each_runtime_for_the_whole_test"] == "passed", verdict.tests[-1].message


@pytest.mark.parametrize(
    ("name", "expected", "status", "most"),
    [
        ("test_one_and_two_become_two_and_four", {"double": "failed", "empty": "blocked"}, "failed", 10),
        ("test_an_empty_vector_stays_empty", {"double": "passed", "empty": "ungraded"}, "passed", 9),
    ],
)
def test_only_tests_of_extra_tasks_may_be_skipped(
    broken: Broken, name: str, expected: dict[str, str], status: str, most: float
) -> None:
    change = f"{name}(kata):", f"{name}(kata):\n    import pytest\n\n    pytest.skip('this machine lacks something')"
    verdict = broken({"katas/extras/test_extras.py": change}, "extras")
    assert tasks(verdict) == {"types": "passed"} | expected
    assert (verdict.status, verdict.max_score) == (status, most)
    assert result(verdict, name).message == "this machine lacks something"


def is_an_error(verdict: Verdict, *said: str) -> None:
    assert (verdict.status, verdict.exit_status, verdict.score, verdict.tests) == ("error", 2, 0, ())
    for part in said:
        assert part in verdict.message, verdict.message


Broken = Callable[..., Verdict]


VISIBLE, HIDDEN = "katas/ten/test_ten.py", "graders/hidden/ten/test_hidden.py"
NO_TEST = ("katas/ten", "no test was collected", "write")
PLUGIN = "def pytest_collection_modifyitems(items):\n    "
LISTED = ("import assert_equal, task", "import assert_equal, task\n\npytest_plugins = ['listed']")
SEVERAL = """
from graders.checks import assert_equal, task
import pytest

@task("high")
@pytest.mark.parametrize("word", ["one", "two"])
def test_values(kata, word):
    pass
"""
IN_A_CLASS = """
class TestIt:
    @task("low")
    def test_zero(self, kata):
        pass
"""
FAULTS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {  # changed files, and what the error says
    "no test": ({VISIBLE: "", HIDDEN: None}, NO_TEST),
    "no test file": ({VISIBLE: None, HIDDEN: None}, NO_TEST),
    "an undecided task": ({HIDDEN: None}, ("katas/ten/kata.toml", "no test for high", "write one, marked @task")),
    "an unknown task": (
        {VISIBLE: ('@task("low")\ndef test_two', '@task("lwo")\ndef test_two')},
        (VISIBLE, "test_two", "'lwo'", "mark it with @task", "low, high"),
    ),
    "a test without a task": (
        {VISIBLE: ('@task("low")\ndef test_two', "def test_two")},
        (VISIBLE, "test_two", "mark it with @task", "low, high"),
    ),
    "a failed import": ({HIDDEN: ("import assert_equal", "import assert_equals")}, (HIDDEN, "assert_equals")),
    "a syntax error": ({HIDDEN: ("def test_ten(kata):", "def test_ten(kata:")}, (HIDDEN, "SyntaxError")),
    "a plugin that deselects": (
        {VISIBLE: LISTED, "listed.py": PLUGIN + "items[:] = [item for item in items if item.name != 'test_ten']"},
        ("katas/ten: pytest", f"({HIDDEN}::test_ten: not collected)", "let nothing deselect"),
    ),
    "a plugin that deselects one of several values": (
        {
            VISIBLE: LISTED,
            HIDDEN: SEVERAL,
            "listed.py": PLUGIN + "items[:] = [item for item in items if 'two]' not in item.name]",
        },
        (f"({HIDDEN}::test_values: not collected)",),
    ),
    "two tests with the same name": (
        {VISIBLE: ("def test_two", "def test_one")},
        (f"({VISIBLE}::test_one: not collected)", "Define each test once"),
    ),
    "a test in a class": (
        {VISIBLE: ("import assert_equal, task", "import assert_equal, task\n" + IN_A_CLASS)},
        (f"({VISIBLE}::TestIt::test_zero: not in the files)", "at the start of a line"),
    ),
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_a_katas_suite_is_an_error(broken: Broken, fault: str) -> None:
    changes, said = FAULTS[fault]
    is_an_error(broken(changes), *said)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("    assert_equal(kata.answer(2)", "    1 / 0\n    assert_equal(kata.answer(2)"), "ZeroDivisionError"),
        (("def test_two(kata)", "def test_two(kata, nothing)"), "nothing"),
        (("kata.answer(2)", "kata.solve(2)"), "declares no entry point 'solve'"),
        (
            (
                "two(kata):\n    assert_equal(kata.answer(2)",
                'two(kata, probes):\n    assert_equal(kata.run(probes.call_with_layout, "answer", "strided", 2)',
            ),
            "call_with_layout with a value that has no memory layout",
        ),
    ],
    ids=["exception", "fixture", "entry point", "scalar"],
)
def test_a_broken_test_is_an_error_and_not_a_failure(broken: Broken, change: tuple[str, str], said: str) -> None:
    verdict = broken({VISIBLE: change})
    assert (verdict.status, verdict.exit_status) == ("error", 2)
    assert result(verdict, "test_two").status == "error"
    assert said in result(verdict, "test_two").message
    assert statuses(verdict)["test_one"] == "passed"


def test_a_missing_probe_is_an_error_that_names_the_file(broken: Broken) -> None:
    verdict = broken({"graders/hidden/scaling/probes.py": "def other(submission):\n    pass\n"}, "scaling")
    assert verdict.status == "error"
    message = result(verdict, "test_the_arguments_are_left_alone").message
    assert "graders/hidden/scaling/probes.py: no function arguments_after_call; it has other" in message


def test_the_same_judge_continues_after_every_fault(broken: Broken) -> None:
    is_an_error(broken({"graders/hidden/ten/test_hidden.py": "import nothing_of_the_kind\n"}))
    verdict = broken({})
    assert (verdict.status, verdict.score) == ("passed", 10)


# ------------------------------------------------------------------------------------------- what is left


def test_gradings_leave_no_descriptor_open(judge: Judge, written: Written) -> None:
    folder = written("ten", when(3, "os._exit(0)"))
    judge.grade("ten", folder)
    gc.collect()  # so that descriptors left open by other tests are not closed during this test
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        judge.grade("ten", folder)
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= before


# Wrong for vectors of three or more, right for the worked example, with another fault for a single number.
TWO_FAULTS = """
import numpy as np

def scale(x, factor):
    if x.size < 2:
        raise KeyError("another fault")
    return x * x.dtype.type(factor) + x.dtype.type(x.size > 2)

def noise(rng, count):
    return rng.standard_normal(count)
"""


def test_reducing_a_case_keeps_its_fault(graded: Callable[..., Verdict]) -> None:
    found = result(graded("scaling", TWO_FAULTS), "test_a_vector")
    assert "another fault" not in found.message
    (vector,) = re.findall(r"^x = np\.array\(\[(.*)\]\)$", found.counterexample, re.MULTILINE)
    assert len(vector.split(",")) == 3


# Adds the number of its calls, and is slower than the time limit for reducing a case.
SLOW = """
import time

calls = 0

def scale(x, factor):
    global calls
    calls += 1
    time.sleep(1.1)
    return x * x.dtype.type(factor) + x.dtype.type(calls)

def noise(rng, count):
    return rng.standard_normal(count)
"""


@pytest.mark.deep
def test_a_slow_call_is_not_reduced(graded: Callable[..., Verdict]) -> None:
    found = result(graded("scaling", SLOW), "test_the_dtype_stays")  # the first failure of its task, decided alone
    (expected, got), *_ = re.findall(r"expected (-?[\d.]+), got (-?[\d.]+)", found.message)
    assert round(float(got) - float(expected), 2) == 1


def test_an_edit_of_equal_size_is_noticed(tmp_path: Path) -> None:
    root = write_repository(tmp_path, ["alpha"])
    solution, hidden = root / "solutions/alpha", root / "graders/hidden/alpha/test_hidden.py"
    with Judge(root) as judge:
        assert judge.grade("alpha", solution).status == "passed"
        write(hidden, hidden.read_text(encoding="utf-8").replace("1.5", "9.5"))
        assert judge.grade("alpha", solution).status == "failed"
