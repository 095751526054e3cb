"""Challenges graded on data sets that must be downloaded, here replaced by archives of the same format."""

from __future__ import annotations

import dataclasses
import io
import re
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from graders import Judge, datasets
from graders.authoring import on_data
from graders.catalogue import load
from graders.datasets import formats
from graders.datasets.sources import DataSet, place_of
from graders.verdict import Verdict
from tests.kata_modules import importable
from tests.workshop import ROOT

pytestmark = pytest.mark.deep

RESULTS = ("experiment_log.csv", "best_models.json", "tradeoff_plot.png", "recommendations.md")
LOG = f"results/{RESULTS[0]}"
SHOWN, KEPT_BACK = 6000, 2000  # pictures; the real data set has 50 000 and 10 000


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield a folder of data sets with a small cifar10, unpacked from an archive in its format."""
    shapes = datasets.folder("shapes32").parent
    place = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NN_KATAS_DATA", str(place))
        shutil.copytree(shapes, place_of("shapes32"))
        archive = place / "cifar-10-binary.tar.gz"
        archive.write_bytes(cifar10_archive(*pictures(SHOWN + KEPT_BACK)))
        small = DataSet("small", "this test", "none", "cifar10", SHOWN, KEPT_BACK, 25.0)
        place_of("cifar10").mkdir()
        formats.write(small, {archive.name: archive}, place_of("cifar10"))
        yield place


def pictures(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return pictures (count, 3, 32, 32) about as hard as CIFAR-10's for a fully connected network, and their classes.

    Each class has six patterns of 4 × 4 coloured patches. A picture is one of them, with other patches mixed in.
    """
    rng = np.random.default_rng(3)
    patterns = rng.normal(size=(10, 6, 3, 4, 4))
    labels, kinds = rng.integers(0, 10, count), rng.integers(0, 6, count)
    mixed = patterns[labels, kinds] + 3.2 * rng.normal(size=(count, 3, 4, 4))
    large = mixed.repeat(8, axis=2).repeat(8, axis=3) + rng.normal(size=(count, 3, 32, 32))
    return np.clip(128 + 30 * large, 0, 255).astype(np.uint8), labels.astype(np.uint8)


def cifar10_archive(images: np.ndarray, labels: np.ndarray) -> bytes:
    """Return an archive in CIFAR-10's binary format: five files of training pictures and one of test pictures."""
    rows = np.concatenate([labels[:, None], images.reshape(len(images), -1)], axis=1)
    parts = {f"data_batch_{number + 1}.bin": part for number, part in enumerate(np.split(rows[:SHOWN], 5))}
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz", compresslevel=1) as archive:
        for name, part in {**parts, "test_batch.bin": rows[SHOWN:]}.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = part.nbytes
            archive.addfile(member, io.BytesIO(part.tobytes()))
    return made.getvalue()


@pytest.fixture(scope="module")
def solution() -> Iterator[ModuleType]:
    """Yield the solution's module of challenge2."""
    with importable(ROOT / "katas" / "challenge2", ROOT / "solutions" / "challenge2") as imported:
        yield imported("search")


@pytest.fixture(scope="module")
def searched(room: Path) -> dict[str, bytes]:
    """Return the solution with the results of its search on the small cifar10."""
    assert (room / "cifar10-1").is_dir()
    return on_data.solution_on(load(ROOT, "challenge2"), "cifar10")


def graded(files: dict[str, bytes], *tasks: str) -> Verdict:
    with Judge(ROOT, require="full") as judge:
        return judge.grade_files("challenge2", files, tasks=list(tasks), diagnosing=False)


def messages(verdict: Verdict, status: str) -> str:
    return "\n".join(test.message for test in verdict.tests if test.status == status)


def test_a_search_on_cifar10_passes(searched: dict[str, bytes]) -> None:
    assert b",cifar10," in searched[LOG]
    best = max(float(line.split(b",")[8]) for line in searched[LOG].splitlines()[1:])
    assert 0.3 < best < 0.55  # as hard as the photographs
    with Judge(ROOT, require="full") as judge:
        verdict = on_data.graded_on(judge, load(ROOT, "challenge2"), searched, None, ("log", "best", "repeated"))
    assert verdict.status == "passed", messages(verdict, "failed")
    first, *others = on_data.lines(verdict, "cifar10")
    assert first == "challenge2 on cifar10: passed, 8 of 8 points"
    assert f"  log: best accuracy in experiment_log.csv: {best:.3f}, at least 0.28" in others
    for what in ("repeated trial", "unseen pictures"):
        numbers = [re.search(rf"  (?:best|repeated): .*{what}: (0\.\d+), (0\.\d+) ± (0\.\d+)", line) for line in others]
        shown = [tuple(map(float, found.groups())) for found in numbers if found]
        assert len(shown) == 3
        assert all(abs(number - logged) <= within for number, logged, within in shown)


def test_a_raised_accuracy_on_cifar10_is_found(
    searched: dict[str, bytes], solution: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / RESULTS[0]).write_bytes(searched[LOG])
    trials = solution.read_log(tmp_path / RESULTS[0])
    best = max(range(len(trials)), key=lambda place: trials[place].accuracy)
    trials[best] = dataclasses.replace(trials[best], accuracy=round(trials[best].accuracy + 0.1, 3))
    solution.write_results(trials, tmp_path)
    written = {f"results/{name}": (tmp_path / name).read_bytes() for name in RESULTS[:3]}
    claimed = trials[best].accuracy
    said = messages(graded(searched | written, "best"), "failed")
    assert f"the log says the accuracy is {claimed:.3f}, the trial gives {claimed - 0.1:.3f}" in said


def test_without_cifar10_the_task_fails(
    searched: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes = place_of("shapes32")
    monkeypatch.setenv("NN_KATAS_DATA", str(tmp_path))
    shutil.copytree(shapes, place_of("shapes32"))
    verdict = graded(searched, "repeated")
    assert (verdict.status, verdict.score, verdict.max_score) == ("failed", 0, 4)
    said = messages(verdict, "failed")
    assert "the trials cannot be repeated here: the data set cifar10 is not downloaded yet" in said
    assert "the trial cannot be repeated here: the data set cifar10 is not downloaded yet" in said
