"""milestone2 with the learner's own earlier files: which exercise a failure names, and what its program prints."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from graders import Judge, catalogue
from graders.learner import programs
from graders.verdict import Verdict
from tests.workshop import ROOT

KATA = catalogue.load(ROOT, "milestone2")
EARLIER = [kata.slug for kata in KATA.earlier]


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """Return a submission in which every exercise and the milestone are solved."""
    for slug in (*EARLIER, "milestone2"):
        folder = tmp_path / "ada" / "katas" / slug
        folder.mkdir(parents=True)
        for name in catalogue.load(ROOT, slug).files:
            shutil.copy(ROOT / "solutions" / slug / name, folder)
    return tmp_path / "ada"


@pytest.fixture(scope="module")
def grade() -> Iterator[Callable[[Path], Verdict]]:
    with Judge(ROOT, require="full") as judge:
        yield lambda place: judge.grade("milestone2", place)


def change(course: Path, name: str, old: str, new: str) -> None:
    path = course / "katas" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.deep
def test_a_solved_course_passes(course: Path, grade: Callable[[Path], Verdict]) -> None:
    verdict = grade(course)
    assert (verdict.status, verdict.score, sorted(verdict.builds_on)) == ("passed", 18, EARLIER)


@pytest.mark.deep
@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        (
            "exercise09/layer_norm.py",
            "axis=-1, keepdims=True)",
            "axis=0, keepdims=True)",
            "exercise09: layer_norm(x, gamma, beta, 1e-5) of a batch",
        ),
        (
            "exercise10/diagnostics.py",
            "for _ in range(100):",
            "for _ in range(0):",
            "exercise10: can_overfit_tiny_batch of a healthy network",
        ),
    ],
)
def test_a_wrong_earlier_file_is_named(
    course: Path, grade: Callable[[Path], Verdict], name: str, old: str, new: str, message: str
) -> None:
    change(course, name, old, new)
    verdict = grade(course)
    assert verdict.status == "failed"
    failed = [test for test in verdict.tests if test.status == "failed" and test.task == "parts"]
    assert {test.title.split(":")[0] for test in failed} == {name.split("/")[0]}
    assert message in failed[0].message
    tasks = {task.name: task.status for task in verdict.tasks}
    assert {tasks[name] for name in ("forward", "backward", "learns", "faults", "repair")} == {"blocked"}


FLOAT32_MASK = """
import numpy as np


def dropout(h, mask, p_drop):
    return h * mask / (1 - p_drop)


def dropout_mask(shape, p_drop, rng):
    return (rng.random(shape) >= p_drop).astype(np.float32)
"""


@pytest.mark.deep
@pytest.mark.parametrize("masks", ["careless_boolean_mask.py", "careless_integer_mask.py", FLOAT32_MASK])
def test_masks_of_any_dtype_are_enough(course: Path, grade: Callable[[Path], Verdict], masks: str) -> None:
    hidden = ROOT / "graders/hidden"
    text = masks if "\n" in masks else (hidden / "exercise08/accept" / masks).read_text(encoding="utf-8")
    (course / "katas/exercise08/dropout.py").write_text(text, encoding="utf-8")
    shutil.copy(hidden / "milestone2/accept/textbook.py", course / "katas/milestone2/blocks.py")
    verdict = grade(course)
    assert verdict.status == "passed", [test.message for test in verdict.tests if test.status == "failed"]


@pytest.mark.deep
@pytest.mark.parametrize("formula", ["careless_formula.py", "careless_lists.py", "careless_loops.py"])
def test_the_softmax_as_written_is_enough(course: Path, grade: Callable[[Path], Verdict], formula: str) -> None:
    shutil.copy(
        ROOT / "graders/hidden/exercise04/accept" / formula, course / "katas/exercise04/softmax_cross_entropy.py"
    )
    verdict = grade(course)
    assert verdict.status == "passed", [test.message for test in verdict.tests if test.status == "failed"]


@pytest.mark.deep
def test_float64_of_an_earlier_function_is_not_blamed_on_the_block(
    course: Path, grade: Callable[[Path], Verdict]
) -> None:
    change(course, "exercise09/layer_norm.py", "return ", "return np.float64(1) * ")
    messages = [test.message for test in grade(course).tests if test.status == "failed"]
    assert messages
    assert all("float32 gives no float32 in exercise09: layer_norm" in message for message in messages)


@pytest.mark.deep
def test_a_hostile_answer_fails_and_is_no_error(course: Path, grade: Callable[[Path], Verdict]) -> None:
    path = course / "katas/milestone2/blocks.py"
    answers = "\n\ndef find_fault(*_):\n    return ['none', {'mode': float('nan')}]\n"
    answers += "\n\ndef train(network, *_, **__):\n    network.weights = [network.weights[0][:1]] * 9\n"
    path.write_text(path.read_text(encoding="utf-8") + answers + "\n\ndeep_training.train = train\n", encoding="utf-8")
    verdict = grade(course)
    tasks = {task.name: task.status for task in verdict.tasks}
    assert verdict.status == "failed"
    assert (tasks["learns"], tasks["faults"], tasks["repair"]) == ("failed", "failed", "blocked")


def test_a_program_elsewhere_finds_what_comes_with_earlier_katas(
    course: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    program = course / "katas/milestone2/program.py"
    program.write_text("import blocks, network\nprint(blocks.__file__, network.__file__)\n", encoding="utf-8")
    assert programs.run(KATA, program) == (0, [])
    assert capfd.readouterr().out.split() == [
        str(program.with_name("blocks.py")),
        str(ROOT / "katas/exercise10/network.py"),
    ]


@pytest.mark.parametrize("slug", ["milestone1", "milestone2"])
def test_every_test_has_a_title(slug: str) -> None:
    """A learner reads the titles in the verdict; a function's name would say less."""
    for path in (*(ROOT / "katas" / slug).glob("test_*.py"), *(ROOT / "graders/hidden" / slug).glob("test_*.py")):
        tests = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)]
        for test in (each for each in tests if each.name.startswith("test_")):
            marks = [
                mark for mark in test.decorator_list if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "task"
            ]
            titles = [word.value for mark in marks for word in mark.keywords if word.arg == "title"]
            assert [ast.literal_eval(title).count(" ") > 0 for title in titles] == [True], (path, test.name)
