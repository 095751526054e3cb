"""Supplied: the images to learn from, either rendered ones of six things or your own photos from a folder.

data = load_photos(300)               # 300 for training, 200 for validation, 32 × 32
data = load_folder("my/photos")       # one sub-folder per class; any size and format that Pillow reads
name = keep(data, "my photos")        # stores them where the grader finds them
"""

import hashlib
import os
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

CLASSES = ("apple", "fish", "leaf", "mug", "mushroom", "starfish")
POOL = 500  # rendered images for training; the others are for validation
LEAST = 4  # photos per class
# What the grader trains on: so many photos in all, at least so many in each part, and so many classes and pixels
GRADED, GRADED_PART, GRADED_CLASSES, GRADED_SIDE = range(100, 501), 20, range(5, 11), 32

_FOLDER = os.environ.get("KATAS_DATA_PHOTOS")  # set in a grader's worker


@dataclass(frozen=True)
class Photos:
    """Images (n, 3, side, side), float32 from 0 to 1, and int64 labels (n,), which are positions in `classes`."""

    train_images: Tensor
    train_labels: Tensor
    validation_images: Tensor
    validation_labels: Tensor
    classes: tuple[str, ...]


def load_photos(n_train: int = 300, *, seed: int = 0, side: int = 32) -> Photos:
    """Return `n_train` of 500 rendered training images, chosen by the seed, and always the same 200 for validation."""
    if not len(CLASSES) <= n_train <= POOL:
        raise ValueError(
            f"n_train = {n_train}: there are {POOL} images to train on. Ask for {len(CLASSES)} to {POOL} of them."
        )
    folder = Path(_FOLDER or _made_folder())
    images, labels = np.load(folder / "images.npy"), torch.tensor(np.load(folder / "labels.npy"))
    rows = np.random.default_rng(seed).permutation(POOL)[:n_train]
    rows = np.concatenate([rows, np.arange(POOL, len(images))])
    small = torch.stack([tensor_of(Image.fromarray(images[row]), side) for row in rows])
    labels = labels[rows]
    return Photos(small[:n_train], labels[:n_train], small[n_train:], labels[n_train:], CLASSES)


def load_folder(path: str | Path, *, share: float = 0.25, seed: int = 0, side: int = 32) -> Photos:
    """Read your own photos, path/CLASS/FILE, and keep a share of each class for validation.

    Photos are rotated as their EXIF data says, cropped to a square around the centre, and resized. A file that isn't a
    picture is skipped with a warning. Raises ValueError unless there are at least two classes of four photos each.
    """
    path = Path(path)
    if not path.is_dir():
        raise ValueError(f"{path}: no such folder. Name one that has a sub-folder of photos for each class.")
    names = sorted(place.name for place in path.iterdir() if place.is_dir() and not place.name.startswith("."))
    if len(names) < 2:
        sub_folders = f"{len(names)} sub-folder{'s' * (len(names) != 1)}"
        raise ValueError(f"{path}: found {sub_folders}, need at least 2. Put the photos of each class into one.")
    rng = np.random.default_rng(seed)
    parts: tuple[list[tuple[Tensor, int]], ...] = [], []
    for number, name in enumerate(names):
        found = [(image, number) for image in _pictures(path / name, side)]
        if len(found) < LEAST:
            readable = f"{len(found)} readable photo{'s' * (len(found) != 1)}"
            raise ValueError(f"{path / name}: found {readable}, need at least {LEAST}. Add some, or remove the folder.")
        order = rng.permutation(len(found))
        kept = max(1, round(share * len(found)))
        for place, row in enumerate(order):
            parts[place < kept].append(found[row])
    (train, y), (validation, z) = (zip(*part, strict=True) for part in parts)
    return Photos(torch.stack(train), torch.tensor(y), torch.stack(validation), torch.tensor(z), tuple(names))


def keep(data: Photos, title: str) -> str:
    """Store your own photos where the grader finds them. Return their name for the column `data` of comparison.csv.

    The file is own-photos/NAME.safetensors in the folder of all data sets (docs/data.md); the name ends with its
    checksum. Warns if the grader can't train on these photos: it takes 100 to 500 in all, of 5 to 10 classes, with at
    least 20 for training, at least 20 for validation, and at most 32 × 32 pixels.
    """
    from safetensors.torch import save

    from graders.datasets import sources

    arrays = {"n_classes": torch.tensor([len(data.classes)])}
    for part, images, labels in (
        ("train", data.train_images, data.train_labels),
        ("validation", data.validation_images, data.validation_labels),
    ):
        arrays[f"{part}_images"] = (255 * images).round().to(torch.uint8).contiguous()
        arrays[f"{part}_labels"] = labels.contiguous()
    n_train, n_validation, side = len(data.train_images), len(data.validation_images), max(data.train_images.shape[2:])
    n, n_classes = n_train + n_validation, len(data.classes)
    fits = n in GRADED and min(n_train, n_validation) >= GRADED_PART
    if not fits or n_classes not in GRADED_CLASSES or side > GRADED_SIDE:
        warnings.warn(
            f"{n} photos of {n_classes} classes, {n_train} of them for training and {n_validation} of them for "
            f"validation, of {side} × {side} pixels: results on them won't be graded. The grader takes {GRADED[0]} to "
            f"{GRADED[-1]} photos of {GRADED_CLASSES[0]} to {GRADED_CLASSES[-1]} classes, at least {GRADED_PART} of "
            f"them in each part, of at most {GRADED_SIDE} × {GRADED_SIDE} pixels.",
            stacklevel=2,
        )
    content = save(arrays)
    plain = re.sub("[^a-z0-9]+", "-", title.lower()).strip("-")[:40].strip("-") or "photos"
    name = f"{plain}-{hashlib.sha256(content).hexdigest()[:16]}"
    folder = sources.cache() / "own-photos"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.safetensors").write_bytes(content)
    return name


def _pictures(folder: Path, side: int) -> list[Tensor]:
    """Read all pictures of a folder, sorted by name; skip other files with a warning."""
    found = []
    for file in sorted(file for file in folder.iterdir() if file.is_file() and not file.name.startswith(".")):
        try:
            with Image.open(file) as picture:
                found.append(tensor_of(picture, side))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as fault:  # what Pillow raises
            warnings.warn(f"{file}: skipped, because Pillow can't read it ({fault})", stacklevel=3)
    return found


def tensor_of(picture: Image.Image, side: int) -> Tensor:
    """Return a picture of any size and mode as a tensor (3, side, side) from 0 to 1."""
    turned = ImageOps.exif_transpose(picture)
    if turned.mode.startswith("I") or turned.mode == "F":  # 16 bits and more, which Pillow would clip at 255
        values = np.asarray(turned, np.float64)
        turned = Image.fromarray((255 * (values / max(values.max(), 1))).clip(0, 255).astype(np.uint8))
    square = ImageOps.fit(turned.convert("RGB"), (side, side))
    return torch.tensor(np.asarray(square)).permute(2, 0, 1).float() / 255


def _made_folder() -> Path:
    """Return the data set's folder on this computer, which is created on first use."""
    from graders import datasets

    return datasets.folder("photos")
