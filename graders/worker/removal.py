"""Removes a worker's folder, which may contain a million files or be nested a thousand levels deep."""

from __future__ import annotations

import itertools
import os


def remove(folder: str) -> None:
    """Remove a folder without following links. To avoid recursion, move inner folders up before emptying them."""
    moved, waiting = 0, [folder]
    while waiting:
        place = waiting.pop()
        os.chmod(place, 0o700)
        while batch := _some_entries(place):
            for entry in batch:
                if entry.is_dir(follow_symlinks=False):
                    moved += 1
                    waiting.append(f"{folder}-{moved}")
                    os.rename(entry.path, waiting[-1])
                else:
                    os.unlink(entry.path)
        os.rmdir(place)


def _some_entries(folder: str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(itertools.islice(entries, 10_000))
