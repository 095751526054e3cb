"""The learner's own photos, for training the rows of a comparison again.

`photos.keep` writes them as arrays to one file in the data sets' folder. The judge reads that file and sends the arrays
to the worker, so the submission never sees a path. The name in comparison.csv ends with the checksum of the file. So a
submission can only use photos that its author has, even where the photos of many learners are in one folder, and a log
is never compared with other photos than those it was made with.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graders.datasets import sources

FOLDER = "own-photos"  # in the folder of all data sets
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}-[0-9a-f]{16}")
MOST_BYTES = 4 << 20
MOST, LEAST = 500, 100  # photos in all
LEAST_PART = 20  # photos for training, and for validation; a quarter of 10 in each of 10 classes is rounded to 20
LARGEST = 32  # pixels per side; with more, a training run takes too long
MOST_CLASSES, LEAST_CLASSES = 10, 5


class Unusable(Exception):
    """An error for photos that the judge lacks or can't use; the message says why."""


@dataclass(frozen=True)
class OwnPhotos:
    """Images (n, side, side, 3) uint8 and their classes, int64 from 0 to n_classes - 1."""

    train: np.ndarray
    train_labels: np.ndarray
    validation: np.ndarray
    validation_labels: np.ndarray
    n_classes: int


def read(name: str) -> OwnPhotos:
    """Return the photos of this name, which must match NAME. Raise Unusable if they are missing or unsuitable."""
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of kept photos")
    content = _content(sources.cache() / FOLDER / f"{name}.safetensors", f"{FOLDER}/{name}.safetensors")
    if not name.endswith(f"-{checksum(content)}"):
        raise Unusable(f"{FOLDER}/{name}.safetensors has been changed: its checksum isn't the one in its name")
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return _checked(load(content))
    except (SafetensorError, ValueError, TypeError, KeyError) as fault:
        raise Unusable(f"{FOLDER}/{name}.safetensors can't be read: {fault}") from None


def checksum(content: bytes) -> str:
    """Return the end of a file's name: the first 16 hexadecimal digits of its SHA-256."""
    return hashlib.sha256(content).hexdigest()[:16]


def _content(path: Path, shown: str) -> bytes:
    """Read a small plain file; follow no link, and don't wait for a pipe."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise Unusable(f"{shown} is not on this computer") from None
    except OSError as fault:
        link = path.is_symlink()
        raise Unusable(f"{shown} is not a plain file" if link else f"{shown}: {fault.strerror}") from None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise Unusable(f"{shown} is not a plain file")
        if status.st_size > MOST_BYTES:
            raise Unusable(f"{shown} is larger than {MOST_BYTES >> 20} MB")
        with os.fdopen(os.dup(descriptor), "rb") as file:
            return file.read(MOST_BYTES)
    finally:
        os.close(descriptor)


def _checked(arrays: Mapping[str, np.ndarray]) -> OwnPhotos:
    """Check sizes and types of the arrays. Raise Unusable if the photos are too few, too many or too large."""
    count = arrays["n_classes"]
    if count.dtype != np.int64 or count.shape != (1,):
        raise Unusable("n_classes isn't a whole number")
    n_classes = int(count[0])
    if not LEAST_CLASSES <= n_classes <= MOST_CLASSES:
        raise Unusable(f"n_classes: there are {n_classes} classes; the grader takes {LEAST_CLASSES} to {MOST_CLASSES}")
    parts: list[np.ndarray] = []
    for part, named in (("train", "training"), ("validation", "validation")):
        images, labels = arrays[f"{part}_images"], arrays[f"{part}_labels"]
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1] != 3:
            raise Unusable(f"{part}_images has the type {images.dtype} and the shape {images.shape}")
        if labels.dtype != np.int64 or labels.shape != images.shape[:1] or not _in_range(labels, n_classes):
            raise Unusable(f"{part}_labels aren't {len(images)} class numbers from 0 to {n_classes - 1}")
        n, _, height, width = images.shape
        if n < LEAST_PART:
            raise Unusable(f"the photos have {n} of them for {named}; the grader takes at least {LEAST_PART}")
        if not 0 < min(height, width) <= max(height, width) <= LARGEST:
            raise Unusable(f"the photos have {height} x {width} pixels; the grader takes at most {LARGEST} x {LARGEST}")
        parts += [np.ascontiguousarray(images.transpose(0, 2, 3, 1)), labels]
    n = len(parts[0]) + len(parts[2])
    if not LEAST <= n <= MOST:
        raise Unusable(f"there are {n} photos; the grader takes {LEAST} to {MOST}")
    return OwnPhotos(*parts, n_classes)


def _in_range(labels: np.ndarray, n_classes: int) -> bool:
    return bool(((labels >= 0) & (labels < n_classes)).all())
