"""The data sets that katas train on, as files that a worker may be shown.

A kata names them in kata.toml (`data = ["mnist"]`). Each is made once, of what a package carries or of what `katas data
fetch` has brought, into a folder in the cache ($NN_KATAS_DATA, else nn-katas in the user's cache folder). Learners read
the arrays through a module that the kata supplies; a worker is shown the folder, read-only, and nothing else of the
cache, so that what the judge keeps for itself (`kept_back`) is not there.

What there is: data.toml beside this file, and docs/data.md.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graders.dataroom import sources
from graders.dataroom.sources import DataError, unwritable

if TYPE_CHECKING:
    import numpy as np

    from graders.dataroom.download import Watcher

__all__ = ["NAMES", "DataError", "fetch", "folder", "kept_back"]

NAMES = tuple(sources.table())
_LOCK = "lock"


def folder(name: str) -> Path:
    """The folder of a data set for learners and workers: images.npy or texts.txt, and labels.npy.

    One that comes with a package is made if it is not there. Raises DataError, also for one that must be fetched first.
    """
    return _made(name) / "shown"


def kept_back(name: str) -> tuple[Any, np.ndarray]:
    """What only the judge has: images (n, …) uint8, or a list of n texts, and classes (n,) int64.

    For mnist n is 1000 and an image (28, 28). Raises DataError as `folder` does.
    """
    import numpy as np

    place = _made(name) / "kept_back"
    labels = np.load(place / "labels.npy")
    texts = place / "texts.txt"
    return texts.read_text(encoding="utf-8").splitlines() if texts.exists() else np.load(place / "images.npy"), labels


def fetch(name: str, watcher: Watcher | None = None) -> Path:
    """The folder of a data set as `folder` has it, downloaded if it must be; `watcher` is told how it goes on.

    Of a download that is broken off, by Ctrl-C too, the next call takes up what has arrived. Raises DataError.
    """
    source = sources.source(name)
    place = sources.place_of(name)
    if source.embedded or place.is_dir():
        return folder(name)
    from graders.dataroom import download

    watcher = watcher or download.Watcher()
    hosts, downloads = source.hosts, sources.downloads_of(name)
    try:
        downloads.mkdir(parents=True, exist_ok=True)
        with download.alone(downloads / _LOCK, name, watcher):
            if not place.is_dir():  # whoever was waited for may have made it
                files = {file.name: download.bring(file, hosts, downloads, watcher) for file in source.files}
                _convert(name, files, watcher)
            _clear(place, downloads)
    except OSError as fault:
        raise unwritable(downloads, fault) from None
    return place / "shown"


def arrived(name: str) -> int:
    """Bytes of a data set's files that have been downloaded so far and are not made into arrays."""
    downloads = sources.downloads_of(name)
    return sum(path.stat().st_size for path in downloads.iterdir()) if downloads.is_dir() else 0


def _clear(place: Path, downloads: Path) -> None:
    """Remove the downloads, and what a killed process has left half made; only whoever holds the lock may."""
    for left in place.parent.glob(f".{place.name}.*"):
        shutil.rmtree(left, ignore_errors=True)
    for path in downloads.iterdir():
        if path.name != _LOCK:
            path.unlink()


def _convert(name: str, files: dict[str, Path], watcher: Watcher) -> None:
    from graders.dataroom.formats import FormatError

    try:
        watcher.say(f"{name}: the files are made into arrays")
        _make(name, files)
    except FormatError as fault:
        fault.path.unlink()
        raise DataError(
            f"{fault}. It was removed; run `katas data fetch {name}` again, and if it is so again, the server has "
            "another file: name another one in NN_KATAS_DATA_URL"
        ) from None
    except KeyboardInterrupt:
        watcher.say(f"kept: what was downloaded, in {sources.downloads_of(name)}; the same command goes on from there")
        raise


def _made(name: str) -> Path:
    source = sources.source(name)
    place = sources.place_of(name)
    if place.is_dir():
        return place
    if not source.embedded:
        size = sources.in_words(source.download)
        raise DataError(f"the data set {name} is not here yet: run `katas data fetch {name}` ({size} to download)")
    _make(name, {})
    return place


def _make(name: str, files: dict[str, Path]) -> None:
    """Make a data set beside its place and put it there in one step: it is whole or not there. Raises DataError."""
    from graders.dataroom.formats import READERS

    place, source = sources.place_of(name), sources.source(name)
    maker: Callable[..., None] = READERS[source.format]
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=place.parent, prefix=f".{place.name}."))
    except OSError as fault:
        raise unwritable(place.parent, fault) from None
    try:
        maker(source, files, made)
        made.chmod(0o755)
        with contextlib.suppress(OSError):  # somebody else was faster
            made.rename(place)
    except OSError as fault:
        raise unwritable(place, fault) from None
    finally:
        shutil.rmtree(made, ignore_errors=True)
    if not place.is_dir():
        raise DataError(f"{place}: it could not be put there; remove what is in its place")
