"""The data sets that katas train on, as folders of files that workers can read.

A kata names its data sets in kata.toml (`data = ["mnist"]`). Each data set is built once, in a folder of the cache
($NN_KATAS_DATA, or else nn-katas in the user's cache folder). Its content comes from a package, from a generator, or
from files that `katas data fetch` has downloaded. Learners read the arrays through a module that the kata supplies. A
worker can read only the subfolder `shown`. The judge's test data are in the subfolder `kept_back`.

data.toml and docs/data.md list the data sets.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graders.atomic import folder_lock
from graders.datasets import sources
from graders.datasets.sources import DataError, unwritable

if TYPE_CHECKING:
    import numpy as np

    from graders.datasets.download import Watcher

__all__ = ["NAMES", "DataError", "available", "fetch", "folder", "kept_back"]

NAMES = tuple(sources.table())


def folder(name: str) -> Path:
    """Return the folder that learners and workers read. It contains labels.npy, and either images.npy or texts.txt.

    If the data set is missing, build it. Raises DataError if it must be downloaded first.
    """
    source, place = sources.source(name), sources.place_of(name)
    if not place.is_dir():
        if not source.embedded:
            size = sources.in_words(source.download)
            raise DataError(f"the data set {name} is not downloaded yet: run `katas data fetch {name}` ({size})")
        _make(name, {})
    return place / "shown"


def available(names: Iterable[str]) -> tuple[str, ...]:
    """Return the data sets among `names` that are ready or need no download."""
    return tuple(name for name in names if sources.place_of(name).is_dir() or sources.source(name).embedded)


def kept_back(name: str) -> tuple[Any, np.ndarray]:
    """Return the inputs and the classes of the judge's test data.

    The inputs are either images (n, …) uint8 or a list of n texts, and the classes are (n,) int64. For mnist, the
    images have the shape (1000, 28, 28). Raises DataError as `folder` does.
    """
    import numpy as np

    place = folder(name).with_name("kept_back")
    labels = np.load(place / "labels.npy")
    texts = place / "texts.txt"
    return texts.read_text(encoding="utf-8").splitlines() if texts.exists() else np.load(place / "images.npy"), labels


def fetch(name: str, watcher: Watcher | None = None) -> Path:
    """Download a data set if necessary, and return its folder, as `folder` does.

    Progress is reported to `watcher`. If a download is interrupted, for example by Ctrl-C, the next call resumes it.
    Raises DataError.
    """
    source, place, downloads = sources.source(name), sources.place_of(name), sources.downloads_of(name)
    if source.embedded or place.is_dir():
        return folder(name)
    from graders.datasets import download

    watcher = watcher or download.Watcher()
    try:
        downloads.mkdir(parents=True, exist_ok=True)
        with folder_lock(downloads):
            if not place.is_dir():  # the process that held the lock may have built it
                files = {file.name: download.bring(file, source.hosts, downloads, watcher) for file in source.files}
                watcher.say(f"{name}: converting the files to arrays")
                _make(name, files)
            shutil.rmtree(downloads, ignore_errors=True)
    except OSError as fault:
        raise unwritable(downloads, fault) from None
    return place / "shown"


def _make(name: str, files: dict[str, Path]) -> None:
    """Build a data set in a temporary folder and move it into place, so that it is always either complete or absent.

    Raises DataError.
    """
    from graders.datasets import formats

    place = sources.place_of(name)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=f".{place.name}.") as temporary:
            made = Path(temporary, "made")
            made.mkdir()
            formats.write(sources.source(name), files, made)
            with contextlib.suppress(OSError):  # another process was faster
                made.rename(place)
    except OSError as fault:
        raise unwritable(place if place.parent.is_dir() else place.parent, fault) from None
    if not place.is_dir():
        raise DataError(f"{place}: the data set cannot be moved here. Remove what is there.")
