"""Detect which files of a kata have been saved.

The kernel reports that the kata's folder has changed, and a comparison of file stats shows which files have. Some
editors write a file in place, some write a new file and rename it, and some write in several pieces. All of them change
the file's times or its inode. The stats are compared at least once a second, because the kernel may not report changes
in a folder on a network or on a virtual machine's host. If the kernel cannot report changes at all, the stats are
compared ten times a second.
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

Signature = tuple[tuple[str, int, int, int], ...]


def signature(kata: Kata) -> Signature:
    """Return a value that changes with any file that affects the kata's verdict. Missing files are left out.

    The files of earlier katas, which a milestone imports, are in the folders next to its own.
    """
    names = {path.name for path in (*kata.visible_tests, *kata.folder.glob("probes*.py"))}
    names |= {"kata.toml", *kata.supplied}
    for pattern in kata.files:
        names |= {path.relative_to(kata.folder).as_posix() for path in kata.folder.glob(pattern)}
    names |= {f"../{other.slug}/{name}" for other in kata.earlier for name in other.files}
    found = []
    for name in sorted(names):
        try:
            status = os.stat(kata.folder / name)
        except OSError:
            continue
        found.append((name, status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(found)


class Saves:
    """A watcher that detects saves of one kata's files.

    It calls `hurry` from another thread when `changed` should be called.
    """

    def __init__(self, kata: Kata, hurry: Callable[[], None]) -> None:
        self.kata = kata
        self.hurry = hurry
        self.polling = bool(os.environ.get("WATCHFILES_FORCE_POLLING"))  # watchfiles reads this environment variable
        self._last_signature = signature(kata)
        self._stop = threading.Event()
        self._follow()

    @property
    def pause_s(self) -> float:
        """The longest time to wait between calls of `changed`."""
        return POLL_S if self.polling else LOOK_S

    def changed(self) -> frozenset[str]:
        """Return the names of the files that have changed since the last call, relative to the kata's folder."""
        before, self._last_signature = self._last_signature, signature(self.kata)
        if self._place() != self._followed:  # the folder itself was replaced, so watch the new one
            self.close()
            self._follow()
        return frozenset(name for name, *_ in set(before) ^ set(self._last_signature))

    def close(self) -> None:
        self._stop.set()

    def _place(self) -> int:
        try:
            return self.kata.folder.stat().st_ino
        except OSError:
            return 0

    def _follow(self) -> None:
        self._followed = self._place()
        self._stop = threading.Event()
        if self._followed and not self.polling:
            threading.Thread(target=self._run, args=(self.kata.folder, self._stop), daemon=True).start()

    def _run(self, folder: Path, stop: threading.Event) -> None:
        import watchfiles

        try:
            for _ in watchfiles.watch(
                folder, watch_filter=None, debounce=LATEST_MS, step=TOGETHER_MS, stop_event=stop, force_polling=False
            ):
                self.hurry()
        except Exception:  # noqa: BLE001 (no inotify, or its limit is reached: polling works in any case)
            self.polling = True
            self.hurry()
