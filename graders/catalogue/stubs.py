"""Read the original stubs of a kata from the repository's git history or, without a clone, from the package."""

from __future__ import annotations

import os
import subprocess

from graders import environment
from graders.catalogue import Kata
from graders.catalogue.paths import SHIPPED, files_under
from graders.errors import KataError


def handed_out(kata: Kata) -> dict[str, bytes]:
    """Return the content of the original stubs by name. Raises KataError if they cannot be read.

    In a clone, they come from the last commit that changed a file that only authors change.
    """
    folder = kata.home / "katas" / kata.slug
    if not folder.is_dir():
        raise KataError(f"{kata.folder}: the kata did not come with nn-katas. Restore its files from your own copy.")
    if kata.home == SHIPPED:
        found = files_under(folder)
        return {name: path.read_bytes() for name, path in found if kata.declares(name)}
    authors = ["kata.toml", "README.md", *(path.name for path in kata.visible_tests)]
    commit = _git(kata, "log", "-1", "--format=%H", "--", *authors).decode().strip()
    if not commit:
        fault = "the kata is not in this repository's git history"
        raise KataError(f"{kata.folder}: {fault}. Copy its files from where you got the katas.")
    listed = _git(kata, "ls-tree", "-r", "-z", "--name-only", commit, ".").decode("utf-8", "surrogateescape")
    names = [name for name in listed.split("\0") if name and kata.declares(name)]
    return {name: _git(kata, "show", f"{commit}:./{name}") for name in names}


def _git(kata: Kata, *words: str) -> bytes:
    command, own = ["git", "-c", "log.showSignature=false", *words], environment.of_git(os.environ)
    try:
        place = kata.home / "katas" / kata.slug
        done = subprocess.run(command, cwd=place, env=own, capture_output=True, check=False)
    except FileNotFoundError:
        fault = "git is not installed, but the stubs are read from the repository's history. Install git."
        raise KataError(fault) from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise KataError(f"{kata.folder}: git failed: {said[-1] if said else done.returncode}")
    return done.stdout
