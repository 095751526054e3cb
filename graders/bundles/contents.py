"""Select the files for a bundle, and map their names in the bundle to their paths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from graders import catalogue
from graders.catalogue import Kata
from graders.errors import KataError

SETTINGS = ("conftest.py", "tox.ini", "pyproject.toml", "constraints.txt", "LICENSE")
GRADERS_ONLY = ("bundles", "demo", "github", "hidden", "shipped")  # folders that students do not need
DIAGNOSIS = "diagnosis.toml"  # the file in which a learner explains a fault in words
PAGE, PRACTICE = "katas_page", "katas_practice"
_HARNESS = Path(__file__).parents[1]
_NEVER = frozenset({"__pycache__", "build", "node_modules"})

Files = dict[str, Path]


def with_required(root: Path, katas: Iterable[Kata]) -> list[Kata]:
    """Return these katas and all katas that they build on, sorted by slug."""
    found: dict[str, Kata] = {}
    more = list(katas)
    while more:
        kata = more.pop()
        if kata.slug not in found:
            found[kata.slug] = kata
            more += [catalogue.load(root, slug) for slug in kata.prerequisites]
    return [found[slug] for slug in sorted(found)]


def student_files(root: Path, katas: Iterable[Kata]) -> Files:
    """Return the stubs, the visible tests, and the harness without the packages that only graders need.

    The package that creates practice networks also explains the faults of these networks. If the explanations would
    give away answers to a kata, it is left out.
    """
    chosen = with_required(root, katas)
    files = _settings(root)
    for kata in chosen:
        files |= _below(kata.folder, f"katas/{kata.slug}")
    harness = _below(_HARNESS, "graders")
    files |= {name: path for name, path in harness.items() if name.split("/")[1] not in GRADERS_ONLY}
    packages = [PAGE] if explained(chosen) else [PAGE, PRACTICE]
    return files | {name: path for each in packages for name, path in _below(_HARNESS.parent / each, each).items()}


def explanations(katas: Iterable[Kata]) -> Files:
    """Return the texts that `katas solution --explain` shows. A student's copy contains them only on request."""
    found = (kata.explanation for kata in katas)
    return {path.relative_to(path.parents[2]).as_posix(): path for path in found if path.is_file()}


def explained(katas: Iterable[Kata]) -> list[str]:
    """Return the slugs of the katas in which learners explain faults and a person reviews the explanations."""
    return [kata.slug for kata in katas if any(task.review and DIAGNOSIS in task.files for task in kata.tasks)]


def grader_files(root: Path, katas: Iterable[Kata]) -> Files:
    """Return everything needed to grade these katas, and what learners see of the katas that these build on."""
    chosen = list(katas)
    unwanted = tuple(f"graders/{name}/" for name in ("hidden", "demo", "github", "bundles", "shipped"))
    harness = _below(_HARNESS, "graders")
    files = _settings(root) | {name: path for name, path in harness.items() if not name.startswith(unwanted)}
    for kata in with_required(root, chosen):
        files |= _below(kata.folder, f"katas/{kata.slug}")
    for kata in chosen:
        for each in (kata, *kata.earlier):  # a milestone's reference runs with the solutions of the earlier katas
            files |= _below(each.solution, f"solutions/{each.slug}")
        files |= _below(kata.hidden, f"graders/hidden/{kata.slug}")
    return files


def check_place(folder: Path) -> None:
    """Raise KataError unless a bundle can be written to this folder without replacing files."""
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise KataError(f"{folder}: it exists and is not an empty folder. Choose a new or empty folder.")
    if not folder.absolute().parent.is_dir():
        raise KataError(f"{folder}: there is no folder {folder.parent}. Create it, or choose another place.")


def lay_out(files: Mapping[str, Path], texts: Mapping[str, str], folder: Path) -> None:
    """Write a bundle into a folder, and make its scripts executable. Raises KataError if a file cannot be written."""
    try:
        for name in (*files, *texts):
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(texts[name].encode() if name in texts else files[name].read_bytes())
            place.chmod(0o755 if texts.get(name, "").startswith("#!") else 0o644)
    except OSError as fault:
        raise KataError(f"{fault.filename or folder}: {fault.strerror}; the bundle is incomplete") from None


def _settings(root: Path) -> Files:
    """Return the settings files. Those that `root` lacks come from the harness."""
    places = [place / name for place in (_HARNESS.parent, root) for name in SETTINGS]
    return {path.name: path for path in places if path.is_file()}


def _below(folder: Path, prefix: str) -> Files:
    """Return every plain file below a folder, except caches, build output and hidden files."""
    found: Files = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        name = path.name
        if name in _NEVER or name.startswith(".") or name.endswith(("~", ".pyc", ".egg-info")) or path.is_symlink():
            continue
        if path.is_dir():
            found |= _below(path, f"{prefix}/{name}")
        elif path.is_file():
            found[f"{prefix}/{name}"] = path
    return found
