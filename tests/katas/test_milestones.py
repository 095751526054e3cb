"""The milestones with the learner's own earlier files: which exercise a failure names, and what a program prints."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from graders import Judge, catalogue, programs
from graders.verdict import Verdict
from tests.observed import tasks
from tests.workshop import ROOT, edit

POINTS = {"milestone1": 15, "milestone2": 18}
HIDDEN = ROOT / "graders/hidden"

# an earlier file, a change that makes it wrong, and what the verdict of the milestone says
WRONG = [
    (
        "milestone1",
        "exercise05/affine_gradient.py",
        "return dW, dx, db",
        "return dW, dx, db[:1]",
        "exercise05: affine_backward(dz, x, W) of a batch: db: expected shape (2,), got (1,)",
    ),
    (
        "milestone1",
        "exercise01/affine.py",
        "return x @",
        "raise NotImplementedError\n    return x @",
        "affine is not written yet",
    ),
    (
        "milestone1",
        "exercise07/initialization.py",
        "return math.sqrt(2 / fan_in)",
        "return 1.0",
        'exercise07: initialize(784, 64, "he", rng): the weights have a standard deviation of',
    ),
    (
        "milestone2",
        "exercise09/layer_norm.py",
        "axis=-1, keepdims=True)",
        "axis=0, keepdims=True)",
        "exercise09: layer_norm(x, gamma, beta, 1e-5) of a batch",
    ),
    (
        "milestone2",
        "exercise10/diagnostics.py",
        "for _ in range(100):",
        "for _ in range(0):",
        "exercise10: can_overfit_tiny_batch of a healthy network",
    ),
]
AFTER_WRONG = {  # tasks after `parts`, when `parts` has failed
    "milestone1": {"backward": "blocked", "learns": "blocked", "update": "passed"},
    "milestone2": dict.fromkeys(("forward", "backward", "learns", "faults", "repair"), "blocked"),
}
WIDER = [  # an earlier function that computes float32 in float64
    ("milestone1", "exercise05/affine_gradient.py", "return dW,", "return dW * np.float64(1),", "affine_backward"),
    ("milestone2", "exercise09/layer_norm.py", "return ", "return np.float64(1) * ", "layer_norm"),
]


def earlier(milestone: str) -> list[str]:
    return [kata.slug for kata in catalogue.load(ROOT, milestone).earlier]


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """Return a submission in which both milestones and every exercise before them are solved."""
    for slug in {*POINTS, *earlier("milestone1"), *earlier("milestone2")}:
        folder = tmp_path / "ada" / "katas" / slug
        folder.mkdir(parents=True)
        for name in catalogue.load(ROOT, slug).files:
            shutil.copy(ROOT / "solutions" / slug / name, folder)
    return tmp_path / "ada"


@pytest.fixture
def grade(katas_judge: Judge, course: Path) -> Callable[[str], Verdict]:
    """Return grade(milestone), which grades the course as it is."""
    return lambda milestone: katas_judge.grade(milestone, course)


def failures(verdict: Verdict) -> list[str]:
    return [test.message for test in verdict.tests if test.status == "failed"]


@pytest.mark.deep
@pytest.mark.parametrize("milestone", POINTS)
def test_a_solved_course_passes(grade: Callable[[str], Verdict], milestone: str) -> None:
    verdict = grade(milestone)
    expected = ("passed", POINTS[milestone], earlier(milestone))
    assert (verdict.status, verdict.score, sorted(verdict.builds_on)) == expected


@pytest.mark.deep
@pytest.mark.parametrize(("milestone", "name", "old", "new", "message"), WRONG)
def test_a_wrong_earlier_file_is_named(
    course: Path, grade: Callable[[str], Verdict], milestone: str, name: str, old: str, new: str, message: str
) -> None:
    edit(course / "katas" / name, old, new)
    verdict = grade(milestone)
    assert verdict.status == "failed"
    failed = [test for test in verdict.tests if test.status == "failed" and test.task == "parts"]
    assert {test.title.split(":")[0] for test in failed} == {name.split("/")[0]}
    assert message in failed[0].message
    code = failed[0].counterexample  # an unwritten function has none, and some consist of comments
    comments = all(line.startswith("#") for line in code.splitlines())
    assert comments or f'"katas/{name.split("/")[0]}"' in code  # so that the pasted code finds the earlier file
    assert AFTER_WRONG[milestone].items() <= tasks(verdict).items()


@pytest.mark.deep
@pytest.mark.parametrize(("milestone", "name", "old", "new", "function"), WIDER)
def test_float64_of_an_earlier_function_is_not_blamed_on_the_milestone(
    course: Path, grade: Callable[[str], Verdict], milestone: str, name: str, old: str, new: str, function: str
) -> None:
    edit(course / "katas" / name, old, new)
    messages = failures(grade(milestone))
    assert messages
    assert all(f"float32 gives no float32 in {name.split('/')[0]}: {function}" in message for message in messages)


@pytest.mark.deep
def test_a_hostile_training_result_fails_and_is_no_error(course: Path, grade: Callable[[str], Verdict]) -> None:
    returned = ["{}", "None", "{name: 'text' for name in p}", "{name: v.astype(complex) for name, v in p.items()}"]
    returned += ["{name: v * float('nan') for name, v in p.items()}", "{name: v[:1] for name, v in p.items()}"]
    path = course / "katas/milestone1/network.py"
    solution = path.read_text(encoding="utf-8")
    for value in returned:
        fake = f"def fake(*a, seed, **k):\n    p = _train(*a, seed=seed, epochs=1)[0]\n    return {value}, []\n"
        replaced = "_train, training.train = training.train, lambda *a, **k: fake(*a, **k)"
        path.write_text(f"{solution}\n\n{replaced}\n{fake}", encoding="utf-8")
        assert tasks(grade("milestone1"))["learns"] == "failed", value


@pytest.mark.deep
def test_a_hostile_answer_fails_and_is_no_error(course: Path, grade: Callable[[str], Verdict]) -> None:
    path = course / "katas/milestone2/blocks.py"
    answers = "\n\ndef find_fault(*_):\n    return ['none', {'mode': float('nan')}]\n"
    answers += "\n\ndef train(network, *_, **__):\n    network.weights = [network.weights[0][:1]] * 9\n"
    path.write_text(path.read_text(encoding="utf-8") + answers + "\n\ndeep_training.train = train\n", encoding="utf-8")
    verdict = grade("milestone2")
    assert verdict.status == "failed"
    assert {"learns": "failed", "faults": "failed", "repair": "blocked"}.items() <= tasks(verdict).items()


FLOAT32_MASK = """
import numpy as np


def dropout(h, mask, p_drop):
    return h * mask / (1 - p_drop)


def dropout_mask(shape, p_drop, rng):
    return (rng.random(shape) >= p_drop).astype(np.float32)
"""


@pytest.mark.deep
@pytest.mark.parametrize("masks", ["careless_boolean_mask.py", "careless_integer_mask.py", FLOAT32_MASK])
def test_masks_of_any_dtype_are_enough(course: Path, grade: Callable[[str], Verdict], masks: str) -> None:
    text = masks if "\n" in masks else (HIDDEN / "exercise08/accept" / masks).read_text(encoding="utf-8")
    (course / "katas/exercise08/dropout.py").write_text(text, encoding="utf-8")
    shutil.copy(HIDDEN / "milestone2/accept/textbook.py", course / "katas/milestone2/blocks.py")
    verdict = grade("milestone2")
    assert verdict.status == "passed", failures(verdict)


@pytest.mark.deep
@pytest.mark.parametrize("formula", ["careless_formula.py", "careless_lists.py", "careless_loops.py"])
def test_the_softmax_as_written_is_enough(course: Path, grade: Callable[[str], Verdict], formula: str) -> None:
    shutil.copy(HIDDEN / "exercise04/accept" / formula, course / "katas/exercise04/softmax_cross_entropy.py")
    verdict = grade("milestone2")
    assert verdict.status == "passed", failures(verdict)


def test_a_program_that_fails_names_the_exercise_to_do_first(
    course: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    program = course / "katas/milestone1/network.py"
    program.write_text("import os, affine\nprint(os.environ['OPENBLAS_NUM_THREADS'])\naffine.affine(1, 2, 3)\n")
    edit(course / "katas/exercise01/affine.py", "    return x @", "    raise NotImplementedError  #")
    (course / "katas/exercise02/relu.py").unlink()
    assert programs.run(catalogue.load(ROOT, "milestone1"), program)[1] == [
        "Do exercise01 first: affine.py is not written yet: affine.",
        "Do exercise02 first: relu.py is missing.",
    ]
    assert capfd.readouterr().out == "1\n"


def test_a_program_elsewhere_finds_what_comes_with_earlier_katas(
    course: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    program = course / "katas/milestone2/program.py"
    program.write_text("import blocks, network\nprint(blocks.__file__, network.__file__)\n", encoding="utf-8")
    assert programs.run(catalogue.load(ROOT, "milestone2"), program) == (0, [])
    assert capfd.readouterr().out.split() == [
        str(program.with_name("blocks.py")),
        str(ROOT / "katas/exercise10/network.py"),
    ]


@pytest.mark.parametrize("slug", POINTS)
def test_every_test_has_a_title(slug: str) -> None:
    """A learner reads the titles in the verdict; a function's name would say less."""
    for path in (*(ROOT / "katas" / slug).glob("test_*.py"), *(HIDDEN / slug).glob("test_*.py")):
        tests = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)]
        for test in (each for each in tests if each.name.startswith("test_")):
            marks = [
                mark for mark in test.decorator_list if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "task"
            ]
            titles = [word.value for mark in marks for word in mark.keywords if word.arg == "title"]
            assert [ast.literal_eval(title).count(" ") > 0 for title in titles] == [True], (path, test.name)
