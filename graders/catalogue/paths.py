"""Find the katas in a repository, and compute digests of their files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from graders.errors import CatalogueError

HARNESS = Path(__file__).parents[1]
SHIPPED = HARNESS / "shipped"  # only a wheel has it: katas/, solutions/ and graders/hidden/, as in the repository
MANIFEST = ".nn-katas.json"  # what `katas init` wrote into a folder; it marks such a folder, too
_MADE = (
    "/training.png",
    "/network.npz",
    "/network.html",
    "/model.npz",
    "/model.html",
    "/checkpoint",
)  # by milestones, where they run
# the .gitignore of a learner's folder
GITIGNORE = "\n".join(["__pycache__/", ".venv/", ".katas/", "katas/debug/", ".pytest_cache/", *_MADE, ""])
_KATA_FOLDERS = (Path("katas"), Path("solutions"), Path("graders", "hidden"))  # these contain a folder for each kata


def is_glob(pattern: str) -> bool:
    """Return whether an entry of `files` is a pattern."""
    return any(sign in pattern for sign in "*?[")


def matches(pattern: str, name: str) -> bool:
    """Return whether an entry of `files` matches `name`. Wildcards match neither slashes nor a dot at the start."""
    if not is_glob(pattern):
        return name == pattern
    folder, _, last = pattern.rpartition("/")
    inside, _, base = name.rpartition("/")
    return folder == inside and not base.startswith(".") and fnmatchcase(base, last)


def overlap(one: str, other: str) -> bool:
    """Return whether two entries of `files` may mean the same file."""
    return one == other or matches(one, other) or matches(other, one)


def find_root(start: Path) -> Path:
    """Return the nearest folder at or above `start` that has a katas/ folder. Raises CatalogueError if none has."""
    start = Path(start).resolve()
    for folder in (start, *start.parents):
        if (folder / "katas").is_dir():
            return folder
    raise CatalogueError(
        f"{start}: neither this folder nor one above it has a katas/ folder. Specify the repository with --root DIR. "
        "To write the katas into a new folder: katas init my-katas"
    )


def installed() -> Path:
    """Return the folder with the katas, solutions and hidden suites that came with the running harness."""
    return SHIPPED if SHIPPED.is_dir() else HARNESS.parent


def home(root: Path) -> Path:
    """Return the folder that has the solutions and hidden suites for the katas in `root`.

    That is `root` itself, unless `katas init` wrote `root`: such a folder has neither, so those that came with the
    harness are used.
    """
    return installed() if (root / MANIFEST).is_file() else root


def slug_of(path: Path, root: Path) -> str | None:
    """Return the slug of the kata whose visible, solution or hidden folder contains `path`, or None."""
    path, root = Path(path).resolve(), Path(root).resolve()
    for parent in _KATA_FOLDERS:
        if path.is_relative_to(root / parent):
            inside = path.relative_to(root / parent).parts
            if inside and (root / "katas" / inside[0] / "kata.toml").is_file():
                return inside[0]
    return None


def is_handed_out(root: Path) -> bool:
    """Return whether a repository is a student's copy, which has no hidden suites."""
    return not (home(root) / "graders" / "hidden").is_dir()


def slugs(root: Path) -> list[str]:
    """Return the sorted names of the folders under katas/ that contain a kata.toml."""
    return sorted(path.parent.name for path in (Path(root) / "katas").glob("*/kata.toml"))


def files_under(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the relative name (with slashes) and the path of every file, except caches and hidden files."""
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__" and not name.startswith(".")]
        for name in files:
            path = Path(place, name)
            if not name.startswith(".") and not name.endswith(".pyc") and path.is_file():
                yield path.relative_to(folder).as_posix(), path


def files_digest(files: Mapping[str, bytes]) -> str:
    """Return the SHA-256 (hexadecimal) of the name, length and data of each file."""
    digest = hashlib.sha256()
    for name, data in sorted(files.items()):
        digest.update(f"{name}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()
