"""What data sets there are (data.toml beside this file), and where they and their downloads lie."""

from __future__ import annotations

import errno
import os
import tomllib
from pathlib import Path

import msgspec

from graders.errors import KataError

TABLE = Path(__file__).with_name("data.toml")
VERSION = 1  # of the folders' content; another one gets another folder
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class DataError(KataError):
    """A data set cannot be had; the message says what to do."""


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file to fetch, known by its sum, "sha256:…"."""

    name: str
    bytes: int
    sum: str


class DataSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of data.toml. `format` is a key of formats.READERS; one without files comes with a package."""

    title: str
    source: str
    licence: str
    format: str
    shown: int
    kept_back: int
    megabytes: float
    """What its folder takes."""
    urls: tuple[str, ...] = ()
    files: tuple[File, ...] = ()

    @property
    def embedded(self) -> bool:
        return not self.files

    @property
    def download(self) -> int:
        """Bytes to fetch."""
        return sum(file.bytes for file in self.files)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Where its files are, each ending with a slash. Raises DataError for a mirror that is no address."""
        mirror = mirror_of_course()
        if mirror is None:
            return self.urls
        if not mirror.startswith(("http://", "https://")):
            raise DataError(
                f"NN_KATAS_DATA_URL is {mirror!r}: the address of a folder with the files is expected, "
                "such as https://example.org/data/"
            )
        return (mirror.rstrip("/") + "/",)


def mirror_of_course() -> str | None:
    """What NN_KATAS_DATA_URL says; None where it is not set."""
    return os.environ.get("NN_KATAS_DATA_URL") or None


def table() -> dict[str, DataSet]:
    """The data sets by their names, in the order in which they are listed."""
    return msgspec.convert(tomllib.loads(TABLE.read_text(encoding="utf-8")), dict[str, DataSet])


def source(name: str) -> DataSet:
    """One of them. Raises DataError for a name that there is not."""
    sets = table()
    if name not in sets:
        raise DataError(f"there is no data set {name!r}; there are {', '.join(sets)}")
    return sets[name]


def cache() -> Path:
    """The folder of all data sets: $NN_KATAS_DATA, else nn-katas in the user's cache folder."""
    given = os.environ.get("NN_KATAS_DATA")
    if given:
        return Path(given).absolute()
    general = os.environ.get("XDG_CACHE_HOME")
    return Path(general or Path.home() / ".cache").absolute() / "nn-katas"


def place_of(name: str) -> Path:
    """The folder of a data set, with the folders shown and kept_back; it is there whole or not at all."""
    return cache() / f"{name}-{VERSION}"


def downloads_of(name: str) -> Path:
    """The folder of what has arrived of a data set that is not made yet."""
    return cache() / "downloads" / name


def unwritable(path: Path, fault: OSError) -> DataError:
    """What is said of a file or folder that cannot be written."""
    said = f"{path}: {fault.strerror or fault}"
    if fault.errno in _FULL:
        return DataError(f"{said}: nothing half-written was left; free some space, or name a folder in NN_KATAS_DATA")
    return DataError(f"{said}: name a folder that can be written to in NN_KATAS_DATA")


def in_words(count: float) -> str:
    """Bytes, as they are told to people."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.1f} kB"
