"""The judging process, started before anything else is imported: this module is light to import."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from graders.worker.removal import remove

_REPOSITORY = Path(__file__).parents[2]


@dataclass
class JudgeProcess:
    """The root zygote (graders.judge.zygote) and the socket on which it takes orders."""

    process: subprocess.Popen[bytes]
    control: socket.socket
    folder: str
    """For temporary files; removed at the end, by the judging process where it outlives the one that started it."""

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def close(self) -> None:
        """End it, and with it every process that it started."""
        self.process.kill()
        self.process.wait()
        self.control.close()
        with contextlib.suppress(OSError):
            remove(self.folder)


def start(confinement: str = "auto", first_runtime: str = "numpy", root: Path | None = None) -> JudgeProcess:
    """Start the judging process without waiting for it; `first_runtime` is the sandbox to start at once.

    It imports PyTorch at once, which takes a second, unless no test of the repository at `root` mentions it.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    folder = tempfile.mkdtemp(prefix="katas-")
    with theirs:
        number, early = str(theirs.fileno()), "torch" if root is None or _tests_mention_torch(root) else ""
        process = subprocess.Popen(
            [sys.executable, "-m", "graders.judge.zygote", number, confinement, first_runtime, folder, early],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": str(_REPOSITORY), "PYTHONSAFEPATH": "1", "TMPDIR": folder},
            start_new_session=True,
        )
    return JudgeProcess(process, ours, folder)


def _tests_mention_torch(root: Path) -> bool:
    """Whether a glance at the tests finds the name; a test that imports it all the same only waits for it."""
    files = (file for place in ("katas", "graders/hidden") for file in (root / place).glob("*/*.py"))
    try:
        return any(b"torch" in file.read_bytes() for file in files)
    except OSError:
        return True


def pid_of(pidfd: int) -> int:
    """The process behind a pidfd by its number in our own namespace; -1 once it has been reaped."""
    descriptor = os.open(f"/proc/self/fdinfo/{pidfd}", os.O_RDONLY)
    try:
        return int(os.read(descriptor, 4096).partition(b"\nPid:")[2].split(None, 1)[0])
    finally:
        os.close(descriptor)
