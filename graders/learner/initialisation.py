"""Write the katas that came with the installed package into a learner's folder, and update such a folder.

The solutions and the hidden suites stay in the package (see `home` in graders.catalogue.paths).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from graders import catalogue
from graders.atomic import folder_lock
from graders.catalogue import MANIFEST, manifest
from graders.catalogue.manifest import Manifest, sha256
from graders.catalogue.paths import GITIGNORE, files_under, installed
from graders.catalogue.stubs import handed_out
from graders.errors import KataError
from graders.hidden_suites import SETTINGS
from graders.output.delivery import deliver_bytes
from graders.version import __version__

NEW = ".katas/new"  # holds the new version of a file that the learner has changed
README = """\
# My katas

`katas init` wrote this folder. Your files are in katas/, next to the README.md of each kata.

    katas next                  # which kata to do next, and why
    katas serve                 # text, editor and verdict in your browser
    katas watch exercise01      # or grade every time you save in your own editor
    katas grade exercise01      # the official verdict
    pytest katas/exercise01     # the visible tests in an ordinary pytest process

After an update of nn-katas, run `katas init .` here. It never changes a file that you have changed.
"""


def initialise(folder: Path, source: Path | None = None) -> list[str]:
    """Write or update a learner's folder, and return a report as lines of text.

    The katas come from `source`, by default from what came with the harness. The folder may be missing, without visible
    files, or one that this function wrote. A file that the learner has changed stays as it is. Raises KataError; a
    second call then completes what the first one began.
    """
    contents = _contents(source or installed())
    before = _manifest_of(folder)
    again = f"Nothing of yours was lost. Fix that and complete the folder: katas init '{folder}'"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with folder_lock(folder):
            if before is None:  # mark the folder first, so that an interrupted call can be repeated
                deliver_bytes(manifest.encoded(Manifest()), folder / MANIFEST, again)
            done, kept = _update(folder, contents, before.files if before else {}, again)
            digests = {name: sha256(data) for name, data in contents.items()}
            now = Manifest(version=__version__, files=digests)
            if now != before:
                deliver_bytes(manifest.encoded(now), folder / MANIFEST, again)
    except OSError as fault:
        raise KataError(f"{fault.filename or folder}: {fault.strerror}. {again}") from None
    nothing = f"nothing to do; every {'other ' if kept else ''}file is up to date"
    counts = [f"{done[what]} {'file' if done[what] == 1 else 'files'} {what}" for what in _DOING if done[what]]
    return [f"{folder}: {', '.join(counts) or nothing}", *kept]


_DOING = ("written", "updated", "removed")


def _contents(source: Path) -> dict[str, bytes]:
    """Return everything that a learner's folder gets, by name. Raises KataError if the source is not complete."""
    if not (source / "katas").is_dir() or catalogue.is_handed_out(source):
        fault = "the katas with their hidden tests did not come with this installation"
        raise KataError(f"{source}: {fault}. Install nn-katas from its repository or a release.")
    found = {name: (source / name).read_bytes() for name in SETTINGS}
    for kata in catalogue.load_all(source):
        own = {name: path.read_bytes() for name, path in files_under(kata.folder) if not kata.declares(name)}
        found |= {f"katas/{kata.slug}/{name}": data for name, data in (own | handed_out(kata)).items()}
    return found | {"README.md": README.encode(), ".gitignore": GITIGNORE.encode()}


def _manifest_of(folder: Path) -> Manifest | None:
    """Return the folder's manifest, or None for a new folder. Raises KataError if others' files are in the folder."""
    if folder.exists() and not folder.is_dir():
        raise KataError(f"{folder}: it is a file. Choose a new folder.")
    found = manifest.read(folder)
    try:
        others = sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")) if not found else []
    except FileNotFoundError:
        return None
    if others:
        shown = ", ".join(others[:3]) + (", …" if len(others) > 3 else "")
        fault = f"`katas init` did not write this folder, and it is not empty ({shown})"
        raise KataError(f"{folder}: {fault}. Choose a new or empty folder.")
    return found


def _update(
    folder: Path, contents: Mapping[str, bytes], before: Mapping[str, str], again: str
) -> tuple[Counter[str], list[str]]:
    """Bring each file that the learner has not changed up to date. Return how many, and a line for each other one."""
    done, kept = Counter[str](), []
    for name in sorted(contents.keys() | before.keys()):
        path, new = folder / name, contents.get(name)
        there = _content(folder, path)
        if there == new:
            continue
        changed = there is not None and sha256(there) != before.get(name)
        if new is None:
            if not changed:
                path.unlink()
                done["removed"] += 1
        elif not changed:
            path.parent.mkdir(parents=True, exist_ok=True)
            deliver_bytes(new, path, again)
            done["written" if there is None else "updated"] += 1
        elif sha256(new) != before.get(name):
            beside = folder / NEW / name
            _content(folder, beside)  # raises if the path leads out of the folder
            beside.parent.mkdir(parents=True, exist_ok=True)
            deliver_bytes(new, beside, again)
            kept.append(f"kept: {name}, which you have changed. Its new version is {NEW}/{name}")
    return done, kept


def _content(folder: Path, path: Path) -> bytes | None:
    """Return a file's content, or None if it is missing. Raises KataError if the path leads out of the folder."""
    if not path.resolve().is_relative_to(folder.resolve()):
        raise KataError(f"{path}: it is a link to a place outside {folder}. Replace it by the file, and try again.")
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
