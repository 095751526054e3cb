"""The verdict in the right pane of `katas serve`, as HTML."""

from __future__ import annotations

from graders import catalogue
from graders.learner.progress import Standing
from graders.learner.serve.pane import headline, rendered
from graders.learner.watch.session import FileError, State
from graders.verdict import FILES, Speed, TaskResult, TestResult, Verdict
from tests.workshop import ROOT


def state_of(slug: str, verdict: Verdict) -> State:
    kata = catalogue.load(ROOT, slug)
    return State(katas=[kata], standings={slug: Standing(slug)}, kata=kata, verdict=verdict)


def test_each_measured_speed_names_its_test() -> None:
    speed = Speed(ratio=1.0, low=0.5, high=1.5, cpu_ratio=1.0)
    tests = tuple(
        TestResult(name=name, task="parts", status="passed", visibility="visible", title=title, speed=speed)
        for name, title in (("test_a", "affine is fast enough"), ("test_layers_are_fast", ""))
    )
    tasks = (TaskResult(name="parts", title="Parts", status="passed", score=2, max_score=2),)
    html = rendered(state_of("milestone1", Verdict(kata="milestone1", status="passed", tasks=tasks, tests=tests)))
    assert "Speed, in “affine is fast enough”: 1.00 times the reference&#x27;s time" in html
    assert "Speed, in “Layers are fast”: 1.00 times" in html


def test_the_headline_names_the_kata_to_do_first() -> None:
    verdict = Verdict(kata="milestone1", status="ungradable", reason="earlier kata", waits_for="exercise02")
    assert headline(state_of("milestone1", verdict)) == "do exercise02 first"


def test_a_syntax_error_is_said_once_and_one_in_one_of_several_files_leaves_the_score() -> None:
    message = "SyntaxError: expected ':' (relu.py, line 4)\nrelu.py, line 4: def relu(z)"
    state = state_of("exercise02", Verdict(kata="exercise02", status="ungradable", message=message))
    state.syntax_errors = (FileError("relu.py", 4, 12, "def relu(z)\n", "SyntaxError: expected ':'"),)
    html = rendered(state)
    assert html.count("expected") == html.count("SyntaxError") == html.count("line 4") == 1
    assert headline(state) == "syntax error"
    test = TestResult(name=FILES, task="relu", status="failed", visibility="visible", message=message)
    tasks = (TaskResult(name="relu", title="ReLU", status="failed", score=0, max_score=4),)
    state.verdict = Verdict(kata="exercise02", status="failed", max_score=4, tasks=tasks, tests=(test,))
    assert headline(state) == "failed, 0 of 4 points"


def test_the_first_failure_comes_before_the_table() -> None:
    tests = tuple(
        TestResult(name=f"test_{task}", task=task, status="failed", visibility="visible", message=f"{task} is wrong")
        for task in ("relu", "derivative")
    )
    tasks = tuple(
        TaskResult(name=name, title=f"Title of {name}", status="failed", score=0, max_score=4)
        for name in ("relu", "derivative")
    )
    html = rendered(state_of("exercise02", Verdict(kata="exercise02", status="failed", tasks=tasks, tests=tests)))
    assert html.index("relu is wrong") < html.index("<table>") < html.index("derivative is wrong")
