"""What `katas watch` puts on a screen of a given size, and `katas serve` into its right pane."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, get_args

import pytest
from msgspec.structs import replace
from rich.console import Console

from graders import catalogue
from graders.judge.messages import Step
from graders.learner.guidance import Hint
from graders.learner.progress import Standing, points_of
from graders.learner.watch.events import Event, Kind
from graders.learner.watch.session import FileError, State, syntax_errors_in
from graders.learner.watch.view import activity, news_lines, picture
from graders.report import terminal
from graders.report.text import shown
from graders.verdict import FILES, Speed, TaskResult, TaskStatus, TestResult, TestStatus, Verdict
from katas_page import pane
from tests import workshop

MESSAGE = (
    "affine: is off in 2 of 2 elements; worst at [1]: expected -1.3, got -1.5; allowed 1.1e-14\n"
    "affine.py, line 5, in affine: return x @ W.T, which is a line that is as long as such lines are"
)
CODE = """\
import numpy as np
from affine import affine

W = np.array([[1.0, 0.0], [0.5, -1.0]])
x = np.array([1.0, 2.0])
b = np.array([0.1, 0.2])
affine(W, x, b)
# expected: np.array([1.1, -1.3])
# yours   : np.array([1.0, -1.5])"""
DIAGNOSIS = "The bias is missing: this is W x, and what is asked for is W x + b, which is more than that."
BODY = """\
The operator `@` is the matrix product. With `W` of shape `(out, in)` on the left and `x` of shape `(in,)` on the right
it sums over `in`, which is the sum in the formula.

    code stays as it is"""


def screen(state: State, width: int, height: int) -> list[str]:
    """The lines of the screen."""
    return picture(state, Console(width=width), width, height).plain.split("\n")


def result_of(task: str, status: TestStatus, **more: Any) -> TestResult:
    """Return the result of a visible test of a task."""
    return TestResult(**{"name": f"test_{task}", "task": task, "status": status, "visibility": "visible"} | more)


def scored(name: str, status: TaskStatus, score: float, most: float, **more: Any) -> TaskResult:
    return TaskResult(name=name, title=name, status=status, score=score, max_score=most, **more)


@pytest.fixture
def state() -> State:
    """exercise01 with two failing tests, and as many katas as are shipped."""
    katas = [catalogue.load(workshop.ROOT, slug, complete=False) for slug in catalogue.slugs(workshop.ROOT)]
    kata = next(kata for kata in katas if kata.slug == "exercise01")
    statuses: list[TaskStatus] = ["failed", "blocked", "blocked", "blocked"]
    tasks = tuple(
        TaskResult(name=task.name, title=task.title, status=status, score=0, max_score=task.points, blocked_by=blocked)
        for task, status in zip(kata.tasks, statuses, strict=False)
        for blocked in [("vector",) if status == "blocked" else ()]
    )
    known = {"visibility": "visible", "status": "failed", "message": MESSAGE, "diagnosis": DIAGNOSIS}
    names = ("test_the_worked_example", "test_a_vector_is_mapped")
    tests = tuple(TestResult(name=name, task="vector", counterexample=CODE, **known) for name in names)
    verdict = Verdict(kata="exercise01", title="Affine layer", status="failed", max_score=10, tasks=tasks, tests=tests)
    standings = {kata.slug: Standing(kata.slug) for kata in katas}
    return State(katas=katas, standings=standings, kata=kata, verdict=verdict, graded_at="12:00:00")


def test_expected_and_yours_are_on_an_ordinary_screen_and_f_shows_the_next_test(state: State) -> None:
    shown = screen(state, 80, 24)
    assert "    # expected: np.array([1.1, -1.3])" in shown
    assert "    # yours   : np.array([1.0, -1.5])" in shown
    state.nth = 1
    shown = screen(state, 80, 40)
    assert any(line.startswith("✗ A vector is mapped") for line in shown)
    assert "2 of 2 tests that do not pass; press f for the next." in shown


def test_long_outcomes_are_whole_below_the_code(state: State) -> None:
    assert state.verdict is not None
    long = CODE.replace("1.1, -1.3", ", ".join(str(number) for number in range(100)))
    state.verdict = replace(state.verdict, tests=(result_of("vector", "failed", counterexample=long),))
    above, _, below = "\n".join(screen(state, 80, 60)).partition("to paste:")
    assert "# …" in above
    assert "# yours   : np.array([1.0, -1.5])" in above
    assert "98, 99" in below


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_event_is_shown_in_the_plain_display(state: State, kind: Kind) -> None:
    state.hints = [Hint("Hint 1: one vector", BODY, "Hints")]
    assert "".join(line.plain for line in news_lines(state, Event(kind, ("a.py",)), Console(width=80), 80))


@pytest.mark.parametrize("width", [50, 60, 80])
def test_every_key_and_the_progress_fit(state: State, width: int) -> None:
    lines = screen(state, width, 20)
    rule = max(number for number, line in enumerate(lines) if line.startswith("─"))
    progress, *keys = lines[rule + 1 :]
    points = sum(map(points_of, state.katas))
    assert progress.endswith(f"0 of {len(state.katas)} katas done, 0 of {points:g} points")
    assert "  ".join(keys) == "n next  f next failure  h hint  l list  c visible only  p plot  r reset  q quit"


@pytest.mark.parametrize(
    ("ran_s", "said"),
    [
        (0.1, "grading …"),
        (1.2, "grading … 1 s, 0 of 4 tasks left"),
        (10.0, "grading … 10 s, 0 of 4 tasks left · test 7 of 20: It learns · about 30 s left"),
        (50.0, "grading … 50 s, 0 of 4 tasks left · test 7 of 20: It learns"),
    ],
)
def test_a_long_grading_says_what_it_does_and_how_long(state: State, ran_s: float, said: str) -> None:
    state.started, state.step = time.monotonic() - ran_s, Step("It learns", 7, 20)
    state.ends = state.started + 40.4
    assert activity(state, "otherwise") == said.replace("of 4", f"of {len(state.kata.tasks)}")


def test_a_hint_is_wrapped_once(state: State) -> None:
    state.view, state.hints = "hints", [Hint("Hint 1: one vector", BODY, "Hints")]
    shown = screen(state, 50, 20)
    start = shown.index("Hint 1: one vector") + 1
    assert shown[start : start + 7] == [
        "  The operator `@` is the matrix product. With",
        "  `W` of shape `(out, in)` on the left and `x` of",
        "  shape `(in,)` on the right it sums over `in`,",
        "  which is the sum in the formula.",
        "",
        "      code stays as it is",
        "",
    ]


@pytest.mark.parametrize("width", [60, 80])
def test_a_pass_names_the_solution_and_the_explanation(state: State, width: int) -> None:
    state.verdict = Verdict(kata="exercise01", title="Affine layer", status="passed", score=10, max_score=10)
    told = " ".join(" ".join(screen(state, width, 24)).split())
    pointer = (
        "katas solution exercise01 --diff: your files next to the solution; "
        "katas solution exercise01 --explain: why it works"
    )
    assert pointer in told


def test_a_bad_file_and_the_failures_of_the_others_are_shown(state: State) -> None:
    assert state.verdict is not None
    state.verdict = replace(state.verdict, message="notes.toml: it is not UTF-8 (line 1). Save it as UTF-8.")
    told = "\n".join(screen(state, 100, 60))
    assert "notes.toml: it is not UTF-8" in told
    assert "worst at [1]" in told


def test_an_error_that_the_compiler_finds_late_is_shown_with_its_line(tmp_path: Path) -> None:
    """The compiler gives no text for a return outside a function."""
    root = workshop.write_repository(tmp_path, ["alpha"])
    workshop.write(root / "katas" / "alpha" / "twice.py", "import numpy\n\nreturn numpy\n")
    (error,) = syntax_errors_in(catalogue.load(root, "alpha"))
    assert (error.line, error.text) == (3, "return numpy")
    workshop.write(root / "katas" / "alpha" / "twice.py", "%matplotlib inline\n")
    (error,) = syntax_errors_in(catalogue.load(root, "alpha"))
    assert error.said.startswith("SyntaxError: invalid syntax. Lines that begin with % or ! are commands of a notebook")


def test_tasks_that_wait_are_marked_as_extra_and_named_by_title(state: State) -> None:
    assert state.verdict is not None
    core, extra = state.kata.tasks[0], next(task for task in state.kata.tasks if task.extra)
    state.verdict = shown(replace(state.verdict, tasks=state.verdict.tasks[:2]), "learner")
    state.due, state.started = frozenset(task.name for task in state.kata.tasks[1:]), 0.0
    whole = "\n".join(screen(state, 120, 60))
    assert f"{extra.title} (extra)" in whole
    page = pane.rendered(state)
    assert f'{extra.title} <span class="soft">(extra)</span>' in page
    state.due = frozenset()
    assert f"(blocked by &quot;{core.title}&quot;)" in pane.rendered(state)


# -------------------------------------------------------------------------------------- the right pane


def state_of(slug: str, verdict: Verdict) -> State:
    kata = catalogue.load(workshop.ROOT, slug)
    return State(katas=[kata], standings={slug: Standing(slug)}, kata=kata, verdict=verdict)


def test_each_measured_speed_names_its_test() -> None:
    speed = Speed(ratio=1.0, low=0.5, high=1.5, cpu_ratio=1.0)
    titles = {"test_a": "affine is fast enough", "test_layers_are_fast": ""}
    tests = tuple(result_of("parts", "passed", name=name, title=title, speed=speed) for name, title in titles.items())
    tasks = (scored("parts", "passed", 2, 2),)
    html = pane.rendered(state_of("milestone1", Verdict(kata="milestone1", status="passed", tasks=tasks, tests=tests)))
    assert "Speed, in “affine is fast enough”: 1.00 times the reference&#x27;s time" in html
    assert "Speed, in “Layers are fast”: 1.00 times" in html


def test_what_is_not_begun_is_still_to_do_and_no_failure() -> None:
    tests = (result_of("bug1_learns", "passed"), result_of("bug2_heals", "blocked", reason="unchanged"))
    tasks = (scored("bug1_learns", "passed", 4, 4), scored("bug2_heals", "blocked", 0, 4))
    verdict = Verdict(kata="challenge5", status="failed", score=4, max_score=8, tasks=tasks, tests=tests)
    state = state_of("challenge5", verdict)
    said = "1 task still to do; next: bug2_heals"
    assert pane.headline(state) == f"4 of 8 points; {said}"
    assert pane.snapshot(state)["status"] == "partial"
    html, shown_ = pane.rendered(state), "\n".join(screen(state, 100, 60))
    assert "<details" not in html
    assert html.count('<span class="soft">(still to do)</span>') == 1
    assert said in " ".join(shown_.split())
    assert "✗" not in shown_
    failed = replace(tests[1], name="test_b", task="bug1_learns", status="failed", reason="", message="wrong")
    state.verdict = replace(verdict, tests=(*tests, failed))
    assert pane.headline(state) == "failed, 4 of 8 points"


def test_functions_that_are_not_written_are_still_to_do_and_no_failure() -> None:
    unwritten = result_of("backward", "failed", reason="unwritten", message="backward is not written yet")
    tests = (result_of("parts", "passed"), unwritten)
    tasks = (scored("parts", "passed", 2, 2), scored("backward", "failed", 0, 2))
    state = state_of("milestone1", Verdict(kata="milestone1", status="failed", score=2, max_score=4, tasks=tasks))
    state.verdict = replace(state.verdict, tests=tests)
    said = "1 task still to do; next: backward"
    assert (pane.headline(state), pane.snapshot(state)["status"]) == (f"2 of 4 points; {said}", "partial")
    printed = terminal.render([state.verdict])
    assert printed.splitlines()[1] == f"  {said}"
    assert "  · backward (still to do)" in printed
    assert "✗" not in printed
    wrong = replace(unwritten, name="test_b", reason="", message="wrong value")
    state.verdict = replace(state.verdict, tests=(*tests, wrong))
    assert (pane.headline(state), pane.snapshot(state)["status"]) == ("failed, 2 of 4 points", "failed")
    printed = terminal.render([state.verdict])
    assert "✗ backward" in printed
    assert "not written" not in printed


def test_the_colour_agrees_with_a_headline_while_tasks_are_open() -> None:
    task, test = scored("parts", "failed", 0, 2), result_of("parts", "failed", message="wrong")
    state = state_of("milestone1", Verdict(kata="milestone1", status="failed", tasks=(task,), tests=()))
    state.due = frozenset({"backward"})
    assert (pane.headline(state), pane.snapshot(state)["status"]) == ("passed so far", "partial")
    state.verdict = Verdict(kata="milestone1", status="passed", tasks=(task,), tests=(test,))
    assert (pane.headline(state), pane.snapshot(state)["status"]) == ("failed", "failed")


def test_the_headline_names_the_kata_to_do_first() -> None:
    verdict = Verdict(kata="milestone1", status="ungradable", reason="earlier kata", waits_for="exercise02")
    assert pane.headline(state_of("milestone1", verdict)) == "do exercise02 first"


def test_a_syntax_error_is_said_once_and_one_in_one_of_several_files_leaves_the_score() -> None:
    message = "SyntaxError: expected ':' (relu.py, line 4)\nrelu.py, line 4: def relu(z)"
    state = state_of("exercise02", Verdict(kata="exercise02", status="ungradable", message=message))
    state.syntax_errors = (FileError("relu.py", 4, 12, "def relu(z)\n", "SyntaxError: expected ':'"),)
    html = pane.rendered(state)
    assert html.count("expected") == html.count("SyntaxError") == html.count("line 4") == 1
    assert pane.headline(state) == "syntax error"
    test, task = result_of("relu", "failed", name=FILES, message=message), scored("relu", "failed", 0, 4)
    state.verdict = Verdict(kata="exercise02", status="failed", max_score=4, tasks=(task,), tests=(test,))
    assert pane.headline(state) == "failed, 0 of 4 points"


def test_the_first_failure_comes_before_the_table() -> None:
    names = ("relu", "derivative")
    tests = tuple(result_of(name, "failed", message=f"{name} is wrong") for name in names)
    tasks = tuple(scored(name, "failed", 0, 4) for name in names)
    html = pane.rendered(state_of("exercise02", Verdict(kata="exercise02", status="failed", tasks=tasks, tests=tests)))
    assert html.index("relu is wrong") < html.index("<table>") < html.index("derivative is wrong")


def test_what_only_extras_miss_is_folded_below_the_table() -> None:
    tests = (result_of("types", "failed", message="float64 is wrong"),)
    tasks = (scored("relu", "passed", 4, 4), scored("types", "failed", 0, 4, extra=True))
    html = pane.rendered(state_of("exercise02", Verdict(kata="exercise02", status="passed", tasks=tasks, tests=tests)))
    assert html.index("</table>") < html.index(pane.EXTRAS) < html.index("float64 is wrong")
    assert "<details>" in html
    assert "<details open>" not in html
