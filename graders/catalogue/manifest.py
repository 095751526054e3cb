"""The record of what `katas init` wrote into a learner's folder, which tells the learner's changes from updates."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from graders.catalogue.decoding import refuse
from graders.catalogue.paths import MANIFEST, files_under
from graders.catalogue.records import Kata
from graders.errors import CatalogueError
from graders.verdict import Record

FORMAT = 1


class Manifest(Record, frozen=True, kw_only=True):
    """The SHA-256 of each file as it was shipped, by name, and the version of the harness that wrote them."""

    format: int = FORMAT
    version: str = ""
    files: Mapping[str, str] = msgspec.field(default_factory=dict)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def read(folder: Path) -> Manifest | None:
    """Return a folder's manifest, or None if `katas init` did not write the folder. Raises CatalogueError."""
    path = folder / MANIFEST
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        return None
    except OSError as fault:
        refuse(path, f"the file cannot be read ({fault.strerror})", "Make the file readable.")
    except msgspec.DecodeError as fault:
        remedy = "Restore the file, or write a new folder with `katas init` and copy your files there."
        refuse(path, f"this list of what `katas init` wrote is damaged ({fault})", remedy)
    if found.format != FORMAT:
        refuse(path, f"format {found.format} is not supported", "A newer nn-katas wrote this folder. Install that one.")
    strange = next((name for name in found.files if "\0" in name or {*name.split("/")} & {"", ".", ".."}), None)
    if strange is not None:
        refuse(path, f"{strange!r} is not the name of a file in this folder", "Remove the entry.")
    return found


def encoded(manifest: Manifest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"


def check_current(kata: Kata) -> None:
    """Raise CatalogueError if `katas init` wrote the kata's folder, but from another version than the installed one.

    Its visible tests would not belong to the hidden ones.
    """
    if kata.home == kata.root:
        return
    found = read(kata.root)
    written, prefix = found.files if found else {}, f"katas/{kata.slug}/"
    then = {name: digest for name, digest in written.items() if name.startswith(prefix)}
    shipped = {f"{prefix}{name}": path for name, path in files_under(kata.home / "katas" / kata.slug)}
    now = {name: sha256(path.read_bytes()) for name, path in shipped.items()}
    names = {name for name in then.keys() | now.keys() if not kata.declares(name.removeprefix(prefix))}
    if any(then.get(name) != now.get(name) for name in names):
        fault = f"katas/{kata.slug} is not from the installed version of nn-katas"
        raise CatalogueError(
            f"{kata.root}: {fault}. Update the folder, which keeps your work: katas init '{kata.root}'"
        )
