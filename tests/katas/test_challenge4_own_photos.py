"""Challenge 4, graded on a learner's own photos: here, newly rendered photos of five things, in a folder."""

from __future__ import annotations

import csv
import io
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load, save

from graders import Judge, catalogue, intake
from graders.datasets import photos as rendered
from graders.hidden.challenge4 import own_photos
from graders.verdict import Verdict
from tests.kata_modules import importable
from tests.late import torch
from tests.workshop import ROOT

LOG = "results/comparison.csv"
CLASSES = ("apple", "fish", "leaf", "mug", "mushroom")
N_PHOTOS, EPOCHS, SEEDS = 160, 1, (3, 1, 2)
PATHS = "../../secret-0123456789abcdef", "/etc/passwd", "photos-1"  # in place of a data set's name
SEED = b"\1" * 16
SECRET = "another person's photos"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Set the data sets' folder to an empty one with the rendered photos, and yield it."""
    shipped = own_photos.sources.place_of("photos")
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NN_KATAS_DATA", str(folder))
        own_photos.sources.place_of("photos").symlink_to(shipped)
        yield folder


@pytest.fixture(scope="module")
def modules(place: Path) -> Iterator[Any]:
    """Yield a function that imports a module of the kata or of its solution."""
    assert own_photos.sources.cache() == place
    with importable(ROOT / "katas" / "challenge4", ROOT / "solutions" / "challenge4") as imported:
        yield imported


@pytest.fixture(scope="module")
def own(modules: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a learner's photos, read from a folder of JPEG files with a sub-folder per class."""
    folder = tmp_path_factory.mktemp("home") / "My Photos!"
    images, labels = rendered.render(N_PHOTOS * 6 // len(CLASSES), seed=77)
    for number in np.flatnonzero(labels < len(CLASSES))[:N_PHOTOS]:
        path = folder / CLASSES[labels[number]] / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(images[number]).resize((60, 50)).save(path)
    return modules("photos").load_folder(folder)


@pytest.fixture(scope="module")
def name(modules: Any, own: Any) -> str:
    """Return the name of the photos, kept where the judge finds them."""
    kept: str = modules("photos").keep(own, "My Photos!")
    return kept


@pytest.fixture(scope="module")
def submission(modules: Any, own: Any, name: str) -> dict[str, bytes]:
    """Return the solution with short training runs, and with the comparison of its approaches on the learner's photos.

    The pictures of its results are those of the rendered photos.
    """
    transfer: ModuleType = modules("transfer")
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transfer, "EPOCHS", EPOCHS)
        table = transfer.compare(own, seeds=SEEDS).assign(data=name)
    assert table["accuracy"].max() < 0.75  # so that 1.0 is more than the judge tolerates
    kata = catalogue.load(ROOT, "challenge4")
    files = intake.shipped(kata, kata.solution)
    files["transfer.py"] = files["transfer.py"].replace(b"EPOCHS = 20", b"EPOCHS = %d" % EPOCHS)
    return files | {LOG: table.to_csv(index=False).encode()}


def changed(files: dict[str, bytes], **values: str) -> dict[str, bytes]:
    """Return the files with other values in whole columns of the comparison."""
    return with_rows(files, [row | values for row in rows_of(files)])


def shifted(files: dict[str, bytes], *approaches: str) -> dict[str, bytes]:
    """Return the files with accuracies of these approaches that are higher by 0.3."""
    shifts = dict.fromkeys(approaches, 0.3)
    rows = rows_of(files)
    return with_rows(
        files, [row | {"accuracy": str(float(row["accuracy"]) + shifts.get(row["approach"], 0))} for row in rows]
    )


def rows_of(files: dict[str, bytes]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files[LOG].decode())))


def with_rows(files: dict[str, bytes], rows: list[dict[str, str]]) -> dict[str, bytes]:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return files | {LOG: text.getvalue().encode()}


def graded(files: dict[str, bytes]) -> Verdict:
    """Grade the results. With this seed, the judge repeats one row with frozen stages and one row without any."""
    with Judge(ROOT, require="full") as judge:
        return judge.grade_files("challenge4", files, tasks=["results"], diagnosing=False, seed=SEED)


def message(verdict: Verdict, status: str) -> str:
    return "\n".join(test.message for test in verdict.tests if test.task == "results" and test.status == status)


def status(verdict: Verdict) -> str:
    (found,) = [task.status for task in verdict.tasks if task.name == "results"]
    return found


# Keeping and reading photos


def test_kept_photos_are_the_same_for_the_judge(place: Path, own: Any, name: str) -> None:
    assert name.startswith("my-photos-")
    assert [path.name for path in (place / "own-photos").iterdir()] == [f"{name}.safetensors"]
    found = own_photos.read(name)
    assert found.n_classes == len(CLASSES)
    for images, expected in ((found.train, own.train_images), (found.validation, own.validation_images)):
        again = torch.tensor(images).permute(0, 3, 1, 2).float() / 255
        assert torch.equal(again, expected)
    assert found.train_labels.tolist() == own.train_labels.tolist()
    assert found.validation_labels.tolist() == own.validation_labels.tolist()


def test_keeping_the_same_photos_twice_keeps_one_file(place: Path, modules: Any, own: Any, name: str) -> None:
    assert modules("photos").keep(own, "My Photos!") == name
    assert len(list((place / "own-photos").iterdir())) == 1


# How many photos for training and for validation, of how many classes, and what is wrong with them
SIZES = [
    (80, 20, 5, ""),
    (80, 20, 10, ""),
    (380, 120, 7, ""),
    (79, 20, 5, "99 photos"),
    (381, 120, 5, "501 photos"),
    (81, 19, 5, "19 of them for validation"),
    (19, 100, 5, "19 of them for training"),
    (80, 20, 4, "4 classes"),
    (80, 20, 11, "11 classes"),
]


@pytest.mark.parametrize(("n_train", "n_validation", "n_classes", "reason"), SIZES)
def test_photos_that_the_grader_cannot_use_are_reported(
    modules: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    n_train: int,
    n_validation: int,
    n_classes: int,
    reason: str,
) -> None:
    photos = modules("photos")
    parts = [(torch.zeros(n, 3, 4, 4), torch.arange(n) % n_classes) for n in (n_train, n_validation)]
    data = photos.Photos(*parts[0], *parts[1], tuple(f"class {number}" for number in range(n_classes)))
    monkeypatch.setenv("NN_KATAS_DATA", str(tmp_path))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        kept = photos.keep(data, "mine")
    if not reason:
        assert said == []
        assert own_photos.read(kept).n_classes == n_classes
        return
    (warning,) = said
    assert reason in str(warning.message)
    assert "100 to 500 photos of 5 to 10 classes" in str(warning.message)
    with pytest.raises(own_photos.Unusable, match=reason):
        own_photos.read(kept)


@pytest.mark.parametrize(
    "bad",
    [
        "../photos-1/shown/images-0123456789abcdef",
        "/etc/passwd-0123456789abcdef",
        "..",
        "a/b-0123456789abcdef",
        "a\0b-0123456789abcdef",
        "A-0123456789abcdef",
        "a-0123456789abcdef\n",
        "a-0123456789ABCDEF",
        "-0123456789abcdef",
        "a" * 200 + "-0123456789abcdef",
        "a",
    ],
)
def test_a_name_can_not_leave_the_folder(bad: str) -> None:
    assert not own_photos.NAME.fullmatch(bad)


def test_a_link_a_pipe_and_a_giant_file_are_not_read(place: Path, name: str) -> None:
    folder = place / "own-photos"
    secret = place / "secret"
    secret.write_text(SECRET)
    made = {kind: f"{kind}-0123456789abcdef" for kind in ("link", "pipe", "giant", "folder", "changed", "noise")}
    (folder / f"{made['link']}.safetensors").symlink_to(secret)
    os.mkfifo(folder / f"{made['pipe']}.safetensors")
    with (folder / f"{made['giant']}.safetensors").open("wb") as file:
        file.truncate(1 << 40)
    (folder / f"{made['folder']}.safetensors").mkdir()
    (folder / f"{made['changed']}.safetensors").write_bytes((folder / f"{name}.safetensors").read_bytes())
    try:
        for kind, reason in (
            ("link", "not a plain file"),
            ("pipe", "not a plain file"),
            ("folder", "not a plain file"),
            ("giant", "larger than"),
            ("changed", "checksum"),
            ("noise", "not on this computer"),
        ):
            with pytest.raises(own_photos.Unusable, match=reason) as told:
                own_photos.read(made[kind])
            assert SECRET not in str(told.value)
    finally:
        for kind in ("link", "pipe", "giant", "changed"):
            (folder / f"{made[kind]}.safetensors").unlink()
        (folder / f"{made['folder']}.safetensors").rmdir()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"train_images": np.zeros((120, 3, 32, 32), np.float32)}, "train_images"),
        ({"train_images": np.zeros((120, 3, 200, 200), np.uint8)}, "larger than|train_images"),
        ({"train_images": np.zeros((120, 3, 40, 40), np.uint8)}, "40 x 40"),
        ({"train_labels": np.full(120, 5)}, "train_labels"),
        ({"train_labels": np.zeros(119, np.int64)}, "train_labels"),
        ({"train_images": np.zeros((120, 3, 0, 32), np.uint8)}, "0 x 32"),
        ({"train_images": np.zeros((501, 3, 2, 2), np.uint8), "train_labels": np.zeros(501, np.int64)}, "541 photos"),
        ({"n_classes": np.array([10**9])}, "n_classes"),
        ({"n_classes": np.zeros(0, np.int64)}, "n_classes"),
        ({"n_classes": np.array([np.inf])}, "n_classes"),
        ({"n_classes": None}, "n_classes"),
        ({"validation_labels": None}, "validation_labels"),
    ],
)
def test_files_with_other_arrays_are_unusable(
    place: Path, name: str, change: dict[str, np.ndarray | None], reason: str
) -> None:
    arrays = load((place / "own-photos" / f"{name}.safetensors").read_bytes()) | change
    assert_unusable(place, save({key: values for key, values in arrays.items() if values is not None}), reason)


@pytest.mark.usefixtures("name")
def test_a_file_that_is_not_safetensors_is_unusable(place: Path) -> None:
    assert_unusable(place, b"\xff" * 100, "can't be read")


def assert_unusable(place: Path, content: bytes, reason: str) -> None:
    """Keep a file with this content, whose name has the right checksum, and assert that it is refused."""
    other = f"other-{own_photos.checksum(content)}"
    path = place / "own-photos" / f"{other}.safetensors"
    path.write_bytes(content)
    try:
        with pytest.raises(own_photos.Unusable, match=reason):
            own_photos.read(other)
    finally:
        path.unlink()


@pytest.mark.deep
def test_the_program_names_the_photos_of_a_folder(
    modules: Any, place: Path, own: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    transfer, folder = modules("transfer"), tmp_path / "Holiday"
    for number, (image, label) in enumerate(zip(own.train_images, own.train_labels.tolist(), strict=True)):
        path = folder / CLASSES[label] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((255 * image.permute(1, 2, 0)).round().byte().numpy()).save(path)
    for name, value in {"EPOCHS": 1, "SEEDS": range(1), "__file__": str(tmp_path / "transfer.py")}.items():
        monkeypatch.setattr(transfer, name, value)
    monkeypatch.setattr("sys.argv", ["transfer.py", f"{folder}/"])
    transfer.main()
    names = {row["data"] for row in csv.DictReader(io.StringIO((tmp_path / LOG).read_text(encoding="utf-8")))}
    assert [path.stem for path in (place / "own-photos").glob("holiday-*")] == [*names]


# Grading


@pytest.mark.deep
def test_results_on_own_photos_pass(submission: dict[str, bytes]) -> None:
    verdict = graded(submission)
    assert status(verdict) == "passed", message(verdict, "failed") + message(verdict, "ungraded")


@pytest.mark.deep
@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"accuracy": "1.0"}, "training again on your own photos gives"),
        ({"data": ""}, "are trained on the rendered images"),
        *[({"data": each}, "isn't the name of kept photos") for each in PATHS],
    ],
)
def test_results_with_raised_accuracies_or_other_names_fail(
    submission: dict[str, bytes], values: dict[str, str], reason: str
) -> None:
    verdict = graded(changed(submission, **values))
    assert status(verdict) == "failed"
    assert reason in message(verdict, "failed")


@pytest.mark.deep
@pytest.mark.parametrize(
    ("approaches", "reason"),
    [
        (("full training", "from scratch"), ""),
        (("feature extraction", "fine-tuning"), "training again on your own photos gives"),
    ],
)
def test_accuracies_may_differ_more_where_all_stages_are_trained(
    submission: dict[str, bytes], approaches: tuple[str, ...], reason: str
) -> None:
    """With 40 photos for validation, the limit is 0.18 if stages are frozen, and 0.34 if all are trained."""
    verdict = graded(shifted(submission, *approaches))
    assert status(verdict) == ("failed" if reason else "passed")
    assert reason in message(verdict, "failed")


@pytest.mark.deep
@pytest.mark.parametrize("accuracy", ["1.08", "-0.1", "nan", "97 %"])
def test_accuracies_that_are_not_fractions_fail(submission: dict[str, bytes], accuracy: str) -> None:
    verdict = graded(changed(submission, accuracy=accuracy))
    said = [test.message for test in verdict.tests if test.task == "results"]
    assert len(said) == 2
    assert all(f"the accuracy is {accuracy!r}, expected 0 to 1" in each for each in said)


@pytest.mark.deep
def test_results_on_absent_photos_fail(
    submission: dict[str, bytes], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = own_photos.sources.place_of("photos")
    monkeypatch.setenv("NN_KATAS_DATA", str(tmp_path))
    own_photos.sources.place_of("photos").symlink_to(shipped)
    verdict = graded(submission)
    assert status(verdict) == "failed"
    said = message(verdict, "failed")
    assert f"own-photos/{name}.safetensors is not on this computer" in said
    assert "the rendered images, which are graded everywhere" in said


@pytest.mark.deep
def test_results_with_another_backbone_fail(submission: dict[str, bytes]) -> None:
    rows = submission[LOG].decode().splitlines()
    text = "\n".join([f"{rows[0]},backbone", *(f"{row},resnet18" for row in rows[1:])])
    verdict = graded(submission | {LOG: text.encode()})
    assert status(verdict) == "failed"
    assert "the columns must be" in message(verdict, "failed")
