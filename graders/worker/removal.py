"""Removes a worker's folder, which may contain a million files or be nested a thousand levels deep."""

from __future__ import annotations

import contextlib
import itertools
import os


def remove(folder: str) -> None:
    """Remove a folder without following links. To avoid recursion, move inner folders up before emptying them.

    A folder may have any mode. Its owner must be able to write to it, even to move it.
    """
    moved, waiting = 0, [folder]
    os.chmod(folder, 0o700)
    while waiting:
        place = waiting.pop()
        while batch := _some_entries(place):
            for entry in batch:
                if entry.is_dir(follow_symlinks=False):
                    moved += 1
                    os.chmod(entry.path, 0o700)
                    waiting.append(f"{folder}-{moved}")
                    os.rename(entry.path, waiting[-1])
                else:
                    os.unlink(entry.path)
        os.rmdir(place)


def remove_if_possible(folder: str | None) -> None:
    """Remove a folder, if there is one, and ignore an OSError."""
    if folder:
        with contextlib.suppress(OSError):
            remove(folder)


def _some_entries(folder: str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(itertools.islice(entries, 10_000))
