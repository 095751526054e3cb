"""The files of a kata as they were handed out, from the history of the repository."""

from __future__ import annotations

import subprocess

from graders.catalogue import Kata
from graders.errors import KataError


def handed_out(kata: Kata) -> dict[str, bytes]:
    """The learner's files by name, in the commit that changed the kata itself last: kata.toml, README or tests.

    Learners leave those alone. Raises KataError where the files cannot be had.
    """
    authors = ["kata.toml", "README.md", *(path.name for path in kata.visible_tests)]
    commit = _git(kata, "log", "-1", "--format=%H", "--", *authors).decode().strip()
    if not commit:
        raise KataError(
            f"{kata.folder}: it is not in the git history here: take its files from where you have them from"
        )
    listed = _git(kata, "ls-tree", "-r", "-z", "--name-only", commit, ".").decode("utf-8", "surrogateescape")
    names = [name for name in listed.split("\0") if name and kata.declares(name)]
    return {name: _git(kata, "show", f"{commit}:./{name}") for name in names}


def _git(kata: Kata, *words: str) -> bytes:
    try:
        done = subprocess.run(["git", *words], cwd=kata.folder, capture_output=True, check=False)
    except FileNotFoundError:
        raise KataError("git is not installed, and the stubs are taken from its history") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise KataError(f"{kata.folder}: git says: {said[-1] if said else done.returncode}")
    return done.stdout
