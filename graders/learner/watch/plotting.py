"""Handle the key p, which plots a training program as `katas show` does, or opens a picture from the README."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from graders.catalogue import Kata

_PROGRAM = re.compile(rb"^if __name__ == ", re.MULTILINE)
_LINES = 3  # if a program fails, show this many lines from the end of its output


class Plotter:
    """A plotter that draws one picture at a time, in a separate process.

    A thread calls `notify` when `messages` will return something new. If `desktop` is set, pictures also open in a
    window.
    """

    def __init__(self, notify: Callable[[], None], *, desktop: bool = True) -> None:
        self.notify = notify
        self.desktop = desktop
        self._process: subprocess.Popen[str] | None = None
        self._messages: list[str] = []

    def begin(self, kata: Kata) -> list[str]:
        """Start drawing the kata's picture, if it has one. Return messages about it."""
        if self._process is not None and self._process.poll() is None:
            return ["The program is still running; its picture appears when it ends."]
        pictures = sorted(kata.folder.glob("figure*.svg")) if self.desktop else []  # a page shows the README's
        found = [f"picture: {path.relative_to(kata.root)}" for path in pictures]
        programs = programs_of(kata)
        if programs:
            program = max(programs, key=lambda path: path.stat().st_mtime_ns)  # the program that was edited last
            place = kata.root / ".katas" / "pictures" / f"{kata.slug}-{program.stem}.png"
            try:
                self._start(kata, program.name, place)
            except OSError as fault:
                return [f"{fault.filename}: {fault.strerror}", *found]
            return [f"Running {program.name}; its picture appears when it ends.", *found]
        if not self.desktop:
            return [f"{kata.slug} has no program that draws a picture."]
        if pictures:
            threading.Thread(target=_open, args=(pictures[0],), daemon=True).start()
        return found or [f"{kata.slug} has nothing to plot."]

    def messages(self) -> list[str]:
        """Return the messages since the last call."""
        found, self._messages = self._messages, []
        return found

    def close(self) -> None:
        """If a program is running, kill it and its child processes."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def _start(self, kata: Kata, program: str, place: Path) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        words = ["--root", str(kata.root), "show", kata.slug, program, "--output", str(place)]
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
        if process.returncode == 0:
            self._messages = [f"picture: {place.relative_to(root)}"]
        else:
            self._messages = ["No picture was drawn. The program's last output:", *out.strip().splitlines()[-_LINES:]]
        self.notify()
        if process.returncode == 0 and self.desktop:
            _open(place)


def programs_of(kata: Kata) -> list[Path]:
    """Return the paths of the learner's files that are programs, which may draw something."""
    return [path for path in map(kata.folder.joinpath, kata.files) if _is_program(path)]


def _is_program(path: Path) -> bool:
    try:
        return path.suffix == ".py" and bool(_PROGRAM.search(path.read_bytes()))
    except OSError:
        return False


def _open(picture: Path) -> None:
    opener = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
    if opener and (sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        nowhere = subprocess.DEVNULL
        subprocess.run(
            [opener, str(picture)], stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True, check=False
        )
