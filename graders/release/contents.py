"""Which files go into a bundle, by their names in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from graders import catalogue
from graders.catalogue import Kata
from graders.errors import KataError

SETTINGS = ("conftest.py", "tox.ini", "pyproject.toml", "constraints.txt", "LICENSE")
GRADERS_ONLY = ("batch", "demo", "gradebook", "hidden", "pulls", "release")  # rooms of graders/ that no student needs
DIAGNOSIS = "diagnosis.toml"  # where a learner explains a fault in words
FORM_OF_A_DIAGNOSIS = ("__init__.py", "causes.py", "diagnosis.py")  # of graders/debugging/: all that a kata asks for
_NEVER = frozenset({"__pycache__", "build", "node_modules"})

Files = dict[str, Path]


def with_required(root: Path, katas: Iterable[Kata]) -> list[Kata]:
    """The katas, and those that they build on, sorted."""
    found: dict[str, Kata] = {}
    more = list(katas)
    while more:
        kata = more.pop()
        if kata.slug not in found:
            found[kata.slug] = kata
            more += [catalogue.load(root, slug) for slug in kata.requires]
    return [found[slug] for slug in sorted(found)]


def student_files(root: Path, katas: Iterable[Kata]) -> Files:
    """Stubs, visible tests, and a harness without the rooms that only graders need.

    Practice networks come with an explanation of every fault. They stay behind where that would answer a kata.
    """
    chosen = with_required(root, katas)
    files = _settings(root)
    for kata in chosen:
        files |= _below(kata.folder, f"katas/{kata.slug}")
    harness = _below(_harness(), "graders")
    files |= {name: path for name, path in harness.items() if name.split("/")[1] not in GRADERS_ONLY}
    if not explained(chosen):
        return files
    kept = {f"graders/debugging/{name}" for name in FORM_OF_A_DIAGNOSIS}
    return {name: path for name, path in files.items() if not name.startswith("graders/debugging/") or name in kept}


def explained(katas: Iterable[Kata]) -> list[str]:
    """The katas in which a person marks how a learner explains faults."""
    return [kata.slug for kata in katas if any(task.review and DIAGNOSIS in task.files for task in kata.tasks)]


def grader_files(root: Path, katas: Iterable[Kata]) -> Files:
    """Everything that grades these katas; of those that they build on, what a learner sees."""
    chosen = list(katas)
    files = _settings(root) | {
        name: path
        for name, path in _below(_harness(), "graders").items()
        if not name.startswith(("graders/hidden/", "graders/demo/", "graders/pulls/", "graders/release/"))
    }
    for kata in with_required(root, chosen):
        files |= _below(kata.folder, f"katas/{kata.slug}")
    for kata in chosen:
        files |= _below(kata.solution, f"solutions/{kata.slug}")
        files |= _below(kata.hidden, f"graders/hidden/{kata.slug}")
    return files


def check_place(folder: Path) -> None:
    """Raise KataError unless a bundle can be written there: nothing of anybody's is replaced."""
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise KataError(f"{folder}: something is there already; name a folder that is new or empty")
    if not folder.absolute().parent.is_dir():
        raise KataError(f"{folder}: there is no folder {folder.parent}: make it, or name another place")


def lay_out(files: Mapping[str, Path], texts: Mapping[str, str], folder: Path) -> None:
    """Write a bundle into a folder; scripts can be executed."""
    try:
        for name, path in files.items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)
            place.chmod(0o644)
        for name, text in texts.items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
            place.chmod(0o755 if text.startswith("#!") else 0o644)
    except OSError as fault:
        raise KataError(f"{fault.filename or folder}: {fault.strerror}: the bundle was not finished") from None


def _settings(root: Path) -> Files:
    """A course of one's own has none of these: then they are those that the harness comes with."""
    places = [place / name for place in (_harness().parent, root) for name in SETTINGS]
    return {path.name: path for path in places if path.is_file()}


def _harness() -> Path:
    return Path(__file__).parents[1]


def _below(folder: Path, prefix: str) -> Files:
    """Every plain file below a folder that is not left behind by some program."""
    return {f"{prefix}/{name}": path for name, path in sorted(_walk(folder, ""))}


def _walk(folder: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        name = path.name
        if name in _NEVER or name.startswith(".") or name.endswith(("~", ".pyc", ".egg-info")) or path.is_symlink():
            continue
        if path.is_dir():
            yield from _walk(path, f"{prefix}{name}/")
        elif path.is_file():
            yield prefix + name, path
