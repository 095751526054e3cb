"""Data sets are built once, completely or not at all, and a worker sees only the shown part."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from graders import Judge, catalogue, datasets
from graders.datasets import formats
from graders.errors import CatalogueError
from graders.verdict import Verdict
from tests import workshop
from tests.observed import result

Graded = Callable[..., Verdict]
HERE = Path(__file__).parents[1] / "repository"
SUBMISSION = {name: (HERE / "solutions" / "digits" / name).read_text() for name in ("digits.py", "notes.toml")}


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NN_KATAS_DATA", str(tmp_path / "room"))
    return tmp_path / "room"


def arrays(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    return np.load(folder / "images.npy"), np.load(folder / "labels.npy")


def test_the_digits_are_five_thousand_images_in_two_parts(elsewhere: Path) -> None:
    folder = datasets.folder("mnist")
    assert folder.is_relative_to(elsewhere)
    assert [path.name for path in elsewhere.iterdir()] == [folder.parent.name]  # nothing half built is left
    shown, kept = arrays(folder), datasets.kept_back("mnist")
    assert [part.shape for part in (*shown, *kept)] == [(4000, 28, 28), (4000,), (1000, 28, 28), (1000,)]
    assert {part.dtype.name for part in (shown[0], kept[0])} == {"uint8"}
    assert np.bincount(np.concatenate([shown[1], kept[1]])).tolist() == [500] * 10
    assert not {image.tobytes() for image in shown[0]} & {image.tobytes() for image in kept[0]}


def test_a_nearest_neighbour_classifies_most_digits() -> None:
    X, y = arrays(datasets.folder("mnist"))
    new, truth = datasets.kept_back("mnist")
    A, B = (images.reshape(len(images), -1) / 255.0 for images in (new[:200], X))
    nearest = ((A**2).sum(1)[:, None] - 2 * A @ B.T + (B**2).sum(1)).argmin(axis=1)
    assert np.mean(y[nearest] == truth[:200]) > 0.85


def test_a_folder_that_cannot_be_written_to_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NN_KATAS_DATA", "/proc/no/such/room")
    with pytest.raises(datasets.DataError, match=r"/proc/no/such/room: .*NN_KATAS_DATA"):
        datasets.folder("mnist")


def test_a_missing_package_is_reported_with_the_remedy(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(datasets.DataError, match=r"-e '.\[data\]'"):
        datasets.folder("mnist")
    assert list(elsewhere.iterdir()) == []


@pytest.mark.usefixtures("elsewhere")
def test_another_table_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "_TABLE_SHA256", "0" * 64)
    with pytest.raises(datasets.DataError, match=r"mnist_5k\.csv\.gz: not the table"):
        datasets.folder("mnist")


def test_an_unknown_data_set_is_refused_in_kata_toml(tmp_path: Path) -> None:
    root = workshop.write_repository(tmp_path, [])
    workshop.write_kata(root, "alpha", toml=workshop.TOML.replace("[limits]", 'data = ["mnits"]\n[limits]'))
    with pytest.raises(CatalogueError, match=r"katas/alpha/kata\.toml: there is no data set `mnits`.*mnist"):
        catalogue.load(root, "alpha")


# In a worker


@pytest.mark.parametrize(
    "instead", ["    return True", '    raise RuntimeError("it can be read")'], ids=["shown", "kept back"]
)
def test_a_worker_sees_only_the_shown_part(graded: Graded, instead: str) -> None:
    text = SUBMISSION["digits.py"].replace("    return True", instead)
    assert instead in text
    assert graded("digits", {**SUBMISSION, "digits.py": text}).status == "passed"


def test_a_worker_cannot_change_the_data(graded: Graded) -> None:
    attempt = 'def shapes():\n    open(_folder() + "/labels.npy", "ab").write(b"0")\n'
    text = SUBMISSION["digits.py"] + "\n\n" + attempt
    verdict = graded("digits", {**SUBMISSION, "digits.py": text})
    failed = result(verdict, "test_images_and_labels_are_the_data_rooms")
    assert failed.status == "failed"
    assert "Error" in failed.message


# A file of a submission that is not a module


@pytest.mark.parametrize(
    ("notes", "told", "diagnosis"),
    [
        ("answer = 6\n", "", ""),
        ("answer = 8\n", "", "The answer is 7, and not 8."),  # a known misconception
        ("answer =\n", "notes.toml is not TOML", ""),
    ],
)
def test_the_judge_reads_a_data_file(graded: Graded, notes: str, told: str, diagnosis: str) -> None:
    verdict = graded("digits", {**SUBMISSION, "notes.toml": notes})
    assert [task.status for task in verdict.tasks] == ["passed", "passed", "failed"]
    failed = result(verdict, "test_the_notes_say_seven")
    assert (failed.status, failed.diagnosis) == ("failed", diagnosis)
    assert told in failed.message
    assert not told or "line 1" in failed.message


def test_only_the_requested_tasks_are_graded(judge: Judge) -> None:
    files = {name: text.encode() for name, text in SUBMISSION.items()} | {"notes.toml": b"answer = 6"}
    verdict = judge.grade_files("digits", files, tasks=["notes"])
    assert [(task.name, task.status) for task in verdict.tasks] == [("notes", "failed")]
    assert [test.task for test in verdict.tests] == ["notes"]
    assert judge.grade_files("digits", files, tasks=["shapes", "alone"]).status == "passed"


def test_a_missing_file_makes_a_submission_ungradable(graded: Graded) -> None:
    verdict = graded("digits", {"digits.py": SUBMISSION["digits.py"]})
    assert verdict.status == "ungradable"
    assert "notes.toml: not found" in verdict.message
