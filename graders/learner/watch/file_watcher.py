"""Detect which files of a kata have been saved.

The kernel reports that the kata's folder has changed, and a comparison of file stats shows which files have: every
editor changes a file's times or its inode. The stats are also compared once a second, because the kernel may not report
changes in a folder on a network, and ten times a second if the kernel reports nothing.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

from graders.catalogue import Kata

LOOK_S = 1.0
POLL_S = 0.1
TOGETHER_MS = 10  # writes at shorter intervals count as one save
LATEST_MS = 100  # a save is reported after this long, even if the file is still being written


def signature(kata: Kata) -> dict[str, tuple[int, int, int]]:
    """Return times, sizes and inodes of all files that affect the kata's verdict, by name relative to its folder."""
    paths = {*kata.visible_tests, *kata.folder.glob("probes*.py"), *map(kata.folder.joinpath, kata.supplied)}
    paths |= {kata.folder / "kata.toml", *(path for pattern in kata.files for path in kata.folder.glob(pattern))}
    names = {path.relative_to(kata.folder).as_posix() for path in paths}
    names |= {f"../{other.slug}/{name}" for other in kata.earlier for name in other.files}
    found = {}
    for name in names:
        try:
            status = os.stat(kata.folder / name)
        except OSError:
            continue
        found[name] = status.st_mtime_ns, status.st_size, status.st_ino
    return found


class Saves:
    """Detects saves of one kata's files. It calls `hurry`, or `pause_s` passes, before `changed` has to be called."""

    def __init__(self, kata: Kata, hurry: Callable[[], None]) -> None:
        self.kata, self._hurry = kata, hurry
        self.pause_s = POLL_S if os.environ.get("WATCHFILES_FORCE_POLLING") else LOOK_S  # watchfiles reads it, too
        self._last = signature(kata)
        self._follow()

    def changed(self) -> frozenset[str]:
        """Return the names of the files that have changed since the last call, relative to the kata's folder."""
        before, self._last = self._last, signature(self.kata)
        if self._place() != self._followed:  # the folder itself was replaced, so watch the new one
            self.close()
            self._follow()
        return frozenset(name for name, _ in before.items() ^ self._last.items())

    def close(self) -> None:
        self._stop.set()

    def _place(self) -> int:
        try:
            return self.kata.folder.stat().st_ino
        except OSError:
            return 0

    def _follow(self) -> None:
        self._followed, self._stop = self._place(), threading.Event()
        if self._followed and self.pause_s != POLL_S:
            threading.Thread(target=self._run, args=(self.kata.folder, self._stop), daemon=True).start()

    def _run(self, folder: Path, stop: threading.Event) -> None:
        import watchfiles

        try:
            for _ in watchfiles.watch(
                folder, watch_filter=None, debounce=LATEST_MS, step=TOGETHER_MS, stop_event=stop, force_polling=False
            ):
                self._hurry()
        except Exception:  # noqa: BLE001 (no inotify, or its limit is reached: polling works in any case)
            self.pause_s = POLL_S
            self._hurry()
