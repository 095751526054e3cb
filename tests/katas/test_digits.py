"""The supplied digits of challenge1, challenge5 and meta, also from the full MNIST once it has been downloaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graders import datasets
from graders.datasets.sources import place_of
from tests.kata_modules import module_at
from tests.workshop import ROOT

KATAS = ("challenge1", "challenge5", "meta")
IMAGES = np.random.default_rng(1).integers(0, 256, (300, 28, 28), dtype=np.uint8)
LABELS = np.arange(300) % 10


@pytest.fixture
def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a small data set in the place of the downloaded MNIST, and return the folder of the data sets."""
    room = tmp_path / "data"
    monkeypatch.setenv("NN_KATAS_DATA", str(room))
    shown = place_of("mnist-full") / "shown"
    shown.mkdir(parents=True)
    np.save(shown / "images.npy", IMAGES)
    np.save(shown / "labels.npy", LABELS)
    return room


def digits_of(slug: str) -> Any:
    return module_at(ROOT / "katas" / slug / "digits.py")


@pytest.mark.parametrize("slug", KATAS)
@pytest.mark.usefixtures("full")
def test_the_full_digits_are_loaded_by_name(slug: str) -> None:
    images, classes = digits_of(slug).load_digits("mnist-full")
    assert (images.dtype, classes.dtype) == (np.float32, np.int64)
    np.testing.assert_array_equal(images.reshape(IMAGES.shape), IMAGES.astype(np.float32) / 255)
    np.testing.assert_array_equal(classes, LABELS)


@pytest.mark.parametrize("slug", KATAS)
def test_without_a_name_the_digits_of_the_package_are_loaded(slug: str) -> None:
    images, classes = digits_of(slug).load_digits()
    assert (len(images), len(classes)) == (4000, 4000)


@pytest.mark.parametrize("slug", KATAS)
def test_full_digits_that_were_not_fetched_name_the_command(
    slug: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NN_KATAS_DATA", str(tmp_path))
    with pytest.raises(datasets.DataError, match="run `katas data fetch mnist-full`"):
        digits_of(slug).load_digits("mnist-full")


def run_program(*words: str, room: Path | None = None, folder: Path) -> str:
    """Run challenge1's solution in a folder, and return what it prints."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "katas/challenge1")}
    environment |= {"NN_KATAS_DATA": str(room)} if room else {}
    command = [sys.executable, str(ROOT / "solutions/challenge1/vanishing.py"), *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.deep
def test_challenge1_trains_on_the_full_digits(full: Path, tmp_path: Path) -> None:
    assert "the fixed network gets" in run_program("--data", "mnist-full", room=full, folder=tmp_path)


def test_the_program_says_which_digits_it_can_take(tmp_path: Path) -> None:
    said = " ".join(run_program("--help", folder=tmp_path).split())
    assert "mnist-full after katas data fetch mnist-full" in said
