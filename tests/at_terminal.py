"""Run a command in its own pseudo-terminal, with an emulated screen that interprets what it writes."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import pyte

from tests import shell
from tests.observed import descendants
from tests.shell import Finished

PATIENCE_S = 90.0  # for a text to appear on the screen of a busy machine
FULL, BACK = b"\x1b[?1049h", b"\x1b[?1049l"  # switch to the alternate screen, and back


class AtTerminal:
    """A command that runs in a terminal of a given size. Use it in a `with`."""

    def __init__(
        self,
        command: Sequence[str],
        cwd: Path,
        *,
        columns: int = 80,
        lines: int = 24,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.ours, self.theirs = pty.openpty()
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.ByteStream(self.screen)
        self.written = b""
        self.resize(columns, lines)
        self.before = termios.tcgetattr(self.theirs)
        reading, writing = os.pipe()
        self.report = open(reading, "rb")  # noqa: SIM115 (closed with the terminal)
        environment = shell.environment(TERM="xterm-256color", **(env or {}))
        del environment["COLUMNS"]
        self.process = subprocess.Popen(
            [*shell.KEEPER, str(writing), *command],
            cwd=cwd,
            env=environment,
            stdin=self.theirs,
            stdout=self.theirs,
            stderr=self.theirs,
            pass_fds=[writing],
            preexec_fn=self._sit_down,
        )
        os.close(writing)

    def _sit_down(self) -> None:
        os.setsid()
        fcntl.ioctl(self.theirs, termios.TIOCSCTTY, 0)

    def __enter__(self) -> AtTerminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        for each in descendants(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(each.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        self.report.close()
        os.close(self.ours)
        os.close(self.theirs)

    def resize(self, columns: int, lines: int) -> None:
        """Resize the terminal as a user resizes a window. The kernel notifies the foreground process."""
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.screen.resize(lines, columns)

    def type(self, keys: str) -> None:
        os.write(self.ours, keys.encode())

    def rows(self) -> list[str]:
        """Return the lines on the screen."""
        return [row.rstrip() for row in self.screen.display]

    def text(self) -> str:
        return "\n".join(self.rows())

    def wait(self, seen: str | Callable[[str], bool], seconds: float = PATIENCE_S) -> str:
        """Wait until the screen shows a text or meets a condition. Return the text of the fully drawn screen."""
        deadline = time.monotonic() + seconds
        wanted = (lambda text: seen in text) if isinstance(seen, str) else seen
        while not wanted(self.text()):
            assert time.monotonic() < deadline, f"never seen: {seen}\n{self.text()}"
            self._take(0.05)
        first, settled = self.text(), time.monotonic() + 1
        while (self._take(0.05) or self._draws() or self._take(0)) and time.monotonic() < settled:
            pass
        return self.text() if wanted(self.text()) else first

    def _draws(self) -> bool:
        """Return whether the command may be about to write: one of its threads runs, or waits for a processor."""
        try:
            places = list(Path(f"/proc/{self.pid()}/task").iterdir())
            return any((place / "stat").read_text().rpartition(")")[2].split()[0] == "R" for place in places)
        except (OSError, IndexError):  # the command or one of its threads has just ended
            return False

    def _take(self, seconds: float) -> bool:
        """Read what the command writes within a time limit. Return whether it wrote anything."""
        if not select.select([self.ours], [], [], seconds)[0]:
            return False
        data = os.read(self.ours, 65536)
        self.written += data
        self.stream.feed(data)
        return True

    def pid(self) -> int:
        """Return the process ID of the command itself, below the keeper."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(children.read_text().split()[0])

    def kill(self, number: signal.Signals) -> None:
        os.kill(self.pid(), number)

    def end(self) -> Finished:
        """Wait until the command ends. Return its exit status, its output and the processes that it left behind."""
        deadline = time.monotonic() + PATIENCE_S
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"the command does not end\n{self.text()}"
            self._take(0.05)
        while select.select([self.ours], [], [], 0)[0]:
            self._take(0)
        status, left = json.load(self.report)
        return Finished(status, self.written.decode(errors="replace"), "", left)

    def restored(self) -> bool:
        """Return whether the terminal is back in its original state: modes, main screen, visible cursor."""
        shown = self.written.rfind(b"\x1b[?25h") > self.written.rfind(b"\x1b[?25l")
        back = self.written.rfind(BACK) >= self.written.rfind(FULL)
        return termios.tcgetattr(self.theirs) == self.before and shown and back
