"""Starts the judging process. This module imports little, so that the process starts early."""

from __future__ import annotations

import contextlib
import os
import signal
import site
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from graders import environment
from graders.errors import JudgeError
from graders.unix import message_pair
from graders.worker.removal import remove_if_possible

_REPOSITORY = Path(__file__).parents[2]
ENDS_WITHIN_S = 5.0
# Python starts isolated: without variables, the folder of the caller, and the user's own packages.
_PYTHON = ("-I", "-X", "utf8", "-c")
# The path may contain a colon, so PYTHONPATH could not hold it.
_FORK_SERVER = """\
import sys
sys.path.insert(0, sys.argv[1])
from graders.judge.fork_server import main
main(int(sys.argv[2]), *sys.argv[3:])
"""


@dataclass
class JudgeProcess:
    """The fork server (graders.judge.fork_server) and its control socket."""

    process: subprocess.Popen[bytes]
    control: socket.socket
    folder: str
    """The folder for temporary files. If `close` is never called, the judging process removes it."""

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def close(self) -> None:
        """End this process and every process that it started."""
        if sys.platform != "linux":  # only the process itself can end its workers
            self.control.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(ENDS_WITHIN_S)
        if self.alive:
            os.killpg(self.process.pid, signal.SIGKILL)  # with its suite servers and judges
        self.process.wait()
        self.control.close()
        remove_if_possible(self.folder)


def start(root: Path, confinement: str = "auto", first: str = "") -> JudgeProcess:
    """Start the judging process without waiting for it.

    The process immediately starts the sandbox for the kata `first`, or that of most katas. It also imports PyTorch,
    which is slow, unless no test of the repository at `root` mentions it: tests of katas without PyTorch compare with
    it, too. It takes nothing from the shell but what graders.environment lists.

    Raises JudgeError if it would not find its packages.
    """
    if site.ENABLE_USER_SITE:
        _check_packages(site.getusersitepackages())
    ours, theirs = message_pair()
    folder = tempfile.mkdtemp(prefix="katas-")
    with theirs:
        number, early = str(theirs.fileno()), "torch" if _tests_mention_torch(root) else ""
        process = subprocess.Popen(
            [
                sys.executable,
                *_PYTHON,
                _FORK_SERVER,
                str(_REPOSITORY),
                number,
                confinement,
                folder,
                early,
                str(root),
                first,
            ],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            cwd="/",
            env=environment.of_judge(os.environ) | {"TMPDIR": folder},
            start_new_session=True,
        )
    return JudgeProcess(process, ours, folder)


def _check_packages(own: str) -> None:
    """Raise JudgeError if pytest is in the user's own folder of packages, where an isolated Python does not look."""
    from importlib.util import find_spec

    found = find_spec("pytest")
    if found is not None and (found.origin or "").startswith(f"{own}{os.sep}"):
        remedy = "Install the katas in a virtual environment: ./run"
        raise JudgeError(
            f"{own}: the judge does not use the packages here, because anything may run from here. {remedy}"
        )


def _tests_mention_torch(root: Path) -> bool:
    """Return whether a test contains the word `torch`.

    A test that imports torch indirectly still works, but takes longer to start.
    """
    files = (file for place in ("katas", "graders/hidden") for file in (root / place).glob("*/*.py"))
    try:
        return any(b"torch" in file.read_bytes() for file in files)
    except OSError:
        return True
