"""milestone1 with the learner's own earlier files: which exercise a failure names, in both modes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from graders import Judge, catalogue
from graders.verdict import Verdict
from tests.workshop import ROOT

EARLIER = [kata.slug for kata in catalogue.load(ROOT, "milestone1").earlier]


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """Return a submission in which every exercise and the milestone are solved."""
    for slug in (*EARLIER, "milestone1"):
        folder = tmp_path / "ada" / "katas" / slug
        folder.mkdir(parents=True)
        for name in catalogue.load(ROOT, slug).files:
            shutil.copy(ROOT / "solutions" / slug / name, folder)
    return tmp_path / "ada"


@pytest.fixture(scope="module")
def grade() -> Iterator[Callable[[Path], Verdict]]:
    with Judge(ROOT, require="full") as judge:
        yield lambda place: judge.grade("milestone1", place)


def change(course: Path, name: str, old: str, new: str) -> None:
    path = course / "katas" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.deep
def test_a_solved_course_passes(course: Path, grade: Callable[[Path], Verdict]) -> None:
    verdict = grade(course)
    assert (verdict.status, verdict.score, sorted(verdict.builds_on)) == ("passed", 15, EARLIER)


@pytest.mark.deep
@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        (
            "exercise05/affine_gradient.py",
            "return dW, dx, db",
            "return dW, dx, db[:1]",
            "exercise05: affine_backward(dz, x, W) of a batch: db: expected shape (2,), got (1,)",
        ),
        (
            "exercise01/affine.py",
            "return x @",
            "raise NotImplementedError\n    return x @",
            "affine is not written yet",
        ),
        (
            "exercise07/initialization.py",
            "return math.sqrt(2 / fan_in)",
            "return 1.0",
            'exercise07: initialize(784, 64, "he", rng): the weights have a standard deviation of',
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
    code = failed[0].counterexample  # an unwritten function has none
    assert not code or f'"katas/{name.split("/")[0]}"' in code  # so that the pasted code finds the earlier file
    tasks = {task.name: task.status for task in verdict.tasks}
    assert (tasks["backward"], tasks["learns"], tasks["update"]) == ("blocked", "blocked", "passed")


@pytest.mark.deep
def test_float64_of_an_earlier_function_is_not_blamed_on_backward(
    course: Path, grade: Callable[[Path], Verdict]
) -> None:
    change(course, "exercise05/affine_gradient.py", "return dW, dx, db", "return dW * np.float64(1), dx, db")
    messages = [test.message for test in grade(course).tests if test.status == "failed"]
    assert messages
    assert all("float32 gives no float32 in exercise05: affine_backward" in message for message in messages)


@pytest.mark.deep
def test_a_hostile_training_result_fails_and_is_no_error(course: Path, grade: Callable[[Path], Verdict]) -> None:
    returned = ["{}", "None", "{name: 'text' for name in p}", "{name: v.astype(complex) for name, v in p.items()}"]
    returned += ["{name: v * float('nan') for name, v in p.items()}", "{name: v[:1] for name, v in p.items()}"]
    for value in returned:
        path = course / "katas/milestone1/network.py"
        shutil.copy(ROOT / "solutions/milestone1/network.py", path)
        fake = f"def fake(*a, seed, **k):\n    p = _train(*a, seed=seed, epochs=1)[0]\n    return {value}, []\n"
        path.write_text(
            path.read_text() + f"\n\n_train, training.train = training.train, lambda *a, **k: fake(*a, **k)\n{fake}"
        )
        verdict = grade(course)
        assert {task.name: task.status for task in verdict.tasks}["learns"] == "failed", value
