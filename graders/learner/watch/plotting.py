"""Handle the key p, which plots a training program as `katas show` does."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from graders.catalogue import Kata
from graders.learner.watch.events import Event

_PROGRAM = re.compile(rb"^if __name__ == ", re.MULTILINE)
_LINES = 3  # if a program fails, show this many lines from the end of its output


class Plotter:
    """A plotter that draws one picture at a time, in a separate process.

    A thread calls `notify` when `news` will return something new.
    """

    def __init__(self, notify: Callable[[], None]) -> None:
        self._notify = notify
        self._process: subprocess.Popen[str] | None = None
        self._news: list[Event] = []

    def begin(self, kata: Kata) -> Event:
        """Start the kata's program, if it has one that draws and none is running. Return what happens."""
        programs = programs_of(kata)
        if not programs:
            return Event("no program")
        program = max(programs, key=lambda path: path.stat().st_mtime_ns)  # the program that was edited last
        if self._process is None or self._process.poll() is not None:
            try:
                self._start(kata, program)
            except OSError as fault:
                return Event("said", (f"{fault.filename}: {fault.strerror}",))
        return Event("drawing", (program.name,))

    def news(self) -> list[Event]:
        """Return what has happened since the last call."""
        found, self._news = self._news, []
        return found

    def close(self) -> None:
        """If a program is running, kill it and its child processes."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _start(self, kata: Kata, program: Path) -> None:
        place = kata.root / ".katas" / "pictures" / f"{kata.slug}-{program.stem}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        words = ["--root", str(kata.root), "show", kata.slug, program.name, "--output", str(place)]
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "graders.cli", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        threading.Thread(target=self._finish, args=(self._process, place, kata.root), daemon=True).start()

    def _finish(self, process: subprocess.Popen[str], place: Path, root: Path) -> None:
        out, _ = process.communicate()
        if process.returncode:
            last = out.strip().splitlines()[-_LINES:]
            self._news = [Event("not drawn"), *(Event("said", (line,)) for line in last)]
        else:
            self._news = [Event("drawn", (str(place.relative_to(root)),))]
        self._notify()


def programs_of(kata: Kata) -> list[Path]:
    """Return the paths of the learner's files that are programs, which may draw something."""
    found = []
    for path in (kata.folder / name for name in kata.files if name.endswith(".py")):
        with contextlib.suppress(OSError):
            found += [path] if _PROGRAM.search(path.read_bytes()) else []
    return found
