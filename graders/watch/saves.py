"""Which saves there are: the kernel tells that something happened in a kata's folder, a look at the files tells what.

Editors write a file in place, or beside it and rename it, or in several pieces; all of them leave other times or
another inode. The look is taken once a second in any case, because a folder on a network or on a virtual machine's
host may change without the kernel saying so, and ten times a second where the kernel refuses to tell at all.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

from graders.catalogue import Kata

LOOK_S = 1.0
POLL_S = 0.1
TOGETHER_MS = 10  # what is written in shorter intervals is one save
LATEST_MS = 100  # and is looked at after that long, even while it is still being written

Signature = tuple[tuple[str, int, int, int], ...]


def signature(kata: Kata) -> Signature:
    """Changes when a file of the kata does that decides its verdict; a file that is not there is not in it."""
    names = {path.name for path in (*kata.visible_tests, *kata.folder.glob("probes*.py"))}
    names |= {"kata.toml", *kata.supplied}
    for pattern in kata.files:
        names |= {path.relative_to(kata.folder).as_posix() for path in kata.folder.glob(pattern)}
    found = []
    for name in sorted(names):
        try:
            status = os.stat(kata.folder / name)
        except OSError:
            continue
        found.append((name, status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(found)


class Saves:
    """The saves of one kata. `hurry` is called from another thread when it is time to ask `changed`."""

    def __init__(self, kata: Kata, hurry: Callable[[], None]) -> None:
        self.kata = kata
        self.hurry = hurry
        self.polling = bool(os.environ.get("WATCHFILES_FORCE_POLLING"))  # as every program that uses watchfiles has it
        self._seen = signature(kata)
        self._stop = threading.Event()
        self._follow()

    @property
    def pause_s(self) -> float:
        """How long `changed` may be left unasked."""
        return POLL_S if self.polling else LOOK_S

    def changed(self) -> frozenset[str]:
        """The files that have changed since this was asked last, by their names in the kata's folder."""
        before, self._seen = self._seen, signature(self.kata)
        if self._place() != self._followed:  # the folder itself was replaced: nothing is told of the new one yet
            self.close()
            self._follow()
        return frozenset(name for name, *_ in set(before) ^ set(self._seen))

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
        except Exception:  # noqa: BLE001 (no inotify, or no more of it: of whatever kind it is, there is another way)
            self.polling = True
            self.hurry()
