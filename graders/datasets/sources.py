"""The data sets listed in data.toml, and the folders for their content and their downloads."""

from __future__ import annotations

import errno
import os
import tomllib
from pathlib import Path

import msgspec

from graders.errors import KataError

TABLE = Path(__file__).with_name("data.toml")
VERSION = 1  # the version of the folders' contents; each version has its own folder


class DataError(KataError):
    """A data set is not available. The message says what to do."""


class DataFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file to download. `bytes` is its size, and `sum` is its checksum, which begins with "sha256:"."""

    name: str
    bytes: int
    sum: str


class DataSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A data set as described in data.toml.

    `format` is a key of formats.READERS, `shown` and `kept_back` are numbers of examples, and `megabytes` is the size
    of the data set's folder. A data set without files needs no download.
    """

    title: str
    source: str
    licence: str
    format: str
    shown: int
    kept_back: int
    megabytes: float
    urls: tuple[str, ...] = ()
    files: tuple[DataFile, ...] = ()

    @property
    def embedded(self) -> bool:
        return not self.files

    @property
    def download(self) -> int:
        """The number of bytes to download."""
        return sum(file.bytes for file in self.files)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The URLs of the folders with the files, each ending in a slash."""
        mirror = os.environ.get("NN_KATAS_DATA_URL")
        return (mirror.rstrip("/") + "/",) if mirror else self.urls


def table() -> dict[str, DataSet]:
    """Return the data sets by name, in the order of data.toml."""
    return msgspec.convert(tomllib.loads(TABLE.read_text(encoding="utf-8")), dict[str, DataSet])


def source(name: str) -> DataSet:
    """Return the data set of this name. Raises DataError for an unknown name."""
    sets = table()
    if name not in sets:
        raise DataError(f"unknown data set {name!r}. Known: {', '.join(sets)}")
    return sets[name]


def cache() -> Path:
    """Return the folder for all data sets: $NN_KATAS_DATA, or else nn-katas in the user's cache folder."""
    if given := os.environ.get("NN_KATAS_DATA"):
        return Path(given).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "nn-katas"


def place_of(name: str) -> Path:
    """Return the folder of a data set, which contains shown/ and kept_back/. If the folder exists, it is complete."""
    return cache() / f"{name}-{VERSION}"


def downloads_of(name: str) -> Path:
    """Return the folder that holds a data set's downloaded files until the data set is built from them."""
    return cache() / "downloads" / name


def unwritable(path: Path, fault: OSError) -> DataError:
    """Return the error for a file or folder that cannot be written."""
    remedy = ": set NN_KATAS_DATA to a folder that you can write to"
    if fault.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        remedy = ": no half-written file remains; free some space, or set NN_KATAS_DATA to another folder"
    return DataError(f"{path}: {fault.strerror or fault}{remedy}")


def in_words(count: float) -> str:
    """Return a number of bytes as text, in MB or kB."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.1f} kB"
