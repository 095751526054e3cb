"""Handwritten digits (supplied): the 4 000 MNIST images that the network of this milestone learns from."""

import os
from pathlib import Path

import numpy as np


def load_digits(name: str = "mnist") -> tuple[np.ndarray, np.ndarray]:
    """Return the images (4000, 784), one in each row, float32 from 0 (paper) to 1 (ink), and their int64 classes.

    "mnist-full" has all 60 000 training images, after `katas data fetch mnist-full`. The grader uses "mnist".
    """
    # A grader's worker finds the folder in the environment.
    folder = Path(os.environ.get(f"KATAS_DATA_{name.upper().replace('-', '_')}") or _made_folder(name))
    images = np.load(folder / "images.npy").reshape(-1, 28 * 28)
    return images.astype(np.float32) / 255, np.load(folder / "labels.npy")


def _made_folder(name: str) -> Path:
    """Return the data set's folder on this computer, which is created on first use."""
    from graders import datasets

    return datasets.folder(name)
