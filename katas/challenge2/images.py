"""Pictures to learn from (supplied): rendered shapes, or CIFAR-10 after `katas data fetch cifar10`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True, eq=False)
class ImageData:
    """A data set in two parts. Each row holds the numbers of one picture, from 0 (dark) to 255 (light).

    They are bytes, so that they can be sent quickly to the process that runs a trial: convert them to floats there.
    """

    name: str
    X_train: np.ndarray  # (n_train, n_inputs) uint8
    y_train: np.ndarray  # (n_train,) int64, the classes 0 to n_classes - 1
    X_validation: np.ndarray  # (n_validation, n_inputs) uint8
    y_validation: np.ndarray  # (n_validation,) int64
    n_classes: int = 10

    @property
    def n_inputs(self) -> int:
        """The number of values in a row: 3072 for colour pictures of 32 x 32."""
        return self.X_train.shape[1]


def load(name: str = "shapes32", n_train: int = 4000, n_validation: int = 1000) -> ImageData:
    """Load "shapes32" or "cifar10": the data set's first pictures are for training, its last ones for validation.

    Use the default sizes for the results that you submit.
    """
    folder = Path(os.environ.get(f"KATAS_DATA_{name.upper()}") or _made_folder(name))
    images, labels = np.load(folder / "images.npy", mmap_mode="r"), np.load(folder / "labels.npy")
    if n_train + n_validation > len(images):
        raise ValueError(f"{name} has {len(images)} images: {n_train} and {n_validation} of them are too many")
    X = images.reshape(len(images), -1)
    last = len(X) - n_validation
    return ImageData(name, np.array(X[:n_train]), labels[:n_train], np.array(X[last:]), labels[last:])


def _made_folder(name: str) -> Path:
    """Return the data set's folder on this computer, which the first call creates."""
    from graders import datasets

    return datasets.folder(name)
