"""The photos to learn from, supplied: rendered ones of six things, or your own from a folder.

data = load_photos(300)               # 300 to train on, 200 to validate with, 32 × 32
data = load_folder("my/photos")       # a sub-folder for each class; any size and format that Pillow reads
"""

import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

CLASSES = ("apple", "fish", "leaf", "mug", "mushroom", "starfish")
POOL = 500  # of the rendered photos; the others are to validate with
LEAST = 4  # photos of a class

_FOLDER = os.environ.get("KATAS_DATA_PHOTOS")  # where a grader's worker finds them


@dataclass(frozen=True)
class Photos:
    """Images (n, 3, side, side) float32 from 0 to 1, and classes (n,) int64, the numbers of `classes`."""

    train_images: Tensor
    train_labels: Tensor
    validation_images: Tensor
    validation_labels: Tensor
    classes: tuple[str, ...]


def load_photos(n_train: int = 300, *, seed: int = 0, side: int = 32) -> Photos:
    """Of 500 rendered photos so many to train on, as the seed picks them, and always the same 200 to validate with."""
    if not len(CLASSES) <= n_train <= POOL:
        raise ValueError(
            f"there are {POOL} photos to train on: n_train = {n_train} is not between {len(CLASSES)} and that"
        )
    folder = Path(_FOLDER or _made_folder())
    images, labels = np.load(folder / "images.npy"), torch.tensor(np.load(folder / "labels.npy"))
    rows = np.random.default_rng(seed).permutation(POOL)[:n_train]
    rows = np.concatenate([rows, np.arange(POOL, len(images))])
    small = torch.stack([tensor_of(Image.fromarray(images[row]), side) for row in rows])
    labels = labels[rows]
    return Photos(small[:n_train], labels[:n_train], small[n_train:], labels[n_train:], CLASSES)


def load_folder(path: str | Path, *, share: float = 0.25, seed: int = 0, side: int = 32) -> Photos:
    """Photos of your own: path/CLASS/FILE. Of each class a share is kept to validate with.

    Photos are turned as the camera says, cut to a square around the middle, and made smaller or larger. A file that is
    no picture is named in a warning and skipped. Raises ValueError where there are not two classes of four photos each.
    """
    path = Path(path)
    if not path.is_dir():
        raise ValueError(f"{path}: there is no such folder")
    names = sorted(place.name for place in path.iterdir() if place.is_dir() and not place.name.startswith("."))
    if len(names) < 2:
        raise ValueError(f"{path}: {len(names)} sub-folders; put the photos of each class into one, two at least")
    rng = np.random.default_rng(seed)
    parts: tuple[list[tuple[Tensor, int]], ...] = [], []
    for number, name in enumerate(names):
        found = [(image, number) for image in _pictures(path / name, side)]
        if len(found) < LEAST:
            raise ValueError(f"{path / name}: {len(found)} photos that can be read; {LEAST} are the least")
        order = rng.permutation(len(found))
        kept = max(1, round(share * len(found)))
        for place, row in enumerate(order):
            parts[place < kept].append(found[row])
    (train, y), (validation, z) = (zip(*part, strict=True) for part in parts)
    return Photos(torch.stack(train), torch.tensor(y), torch.stack(validation), torch.tensor(z), tuple(names))


def _pictures(folder: Path, side: int) -> list[Tensor]:
    """All pictures of a folder, in the order of their names; what is none is named and skipped."""
    found = []
    for file in sorted(file for file in folder.iterdir() if file.is_file() and not file.name.startswith(".")):
        try:
            with Image.open(file) as picture:
                found.append(tensor_of(picture, side))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as fault:  # what Pillow raises
            warnings.warn(f"{file}: skipped, it cannot be read as a picture ({fault})", stacklevel=3)
    return found


def tensor_of(picture: Image.Image, side: int) -> Tensor:
    """A picture of any size and kind as (3, side, side) from 0 to 1."""
    turned = ImageOps.exif_transpose(picture)
    if turned.mode.startswith("I") or turned.mode == "F":  # 16 bits and more: Pillow would cut them off at 255
        values = np.asarray(turned, np.float64)
        turned = Image.fromarray((255 * (values / max(values.max(), 1))).clip(0, 255).astype(np.uint8))
    square = ImageOps.fit(turned.convert("RGB"), (side, side))
    return torch.tensor(np.asarray(square)).permute(2, 0, 1).float() / 255


def _made_folder() -> Path:
    """The folder of the data set on this computer, made at the first use."""
    from graders import dataroom

    return dataroom.folder("photos")
