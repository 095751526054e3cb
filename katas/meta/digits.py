"""Supplied: 4 000 handwritten digits of MNIST to learn from."""

import os
from pathlib import Path

import numpy as np


def load_digits(name: str = "mnist") -> tuple[np.ndarray, np.ndarray]:
    """Return images (4000, 28, 28) in float32, from 0 (paper) to 1 (ink), and classes (4000,) in int64, 0 to 9.

    "mnist-full" has all 60 000 training images, after `katas data fetch mnist-full`. The grader uses "mnist".
    """
    # A grader's worker finds the folder in the environment.
    folder = Path(os.environ.get(f"KATAS_DATA_{name.upper().replace('-', '_')}") or _made_folder(name))
    return np.load(folder / "images.npy").astype(np.float32) / 255, np.load(folder / "labels.npy")


def _made_folder(name: str) -> Path:
    """Return the data set's folder on this computer, which is created on first use."""
    from graders import datasets

    return datasets.folder(name)
