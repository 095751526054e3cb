"""Run a command, adopt the processes that it orphans, and report those that do not end.

    python -I -S tests/shell/keeper.py DESCRIPTOR COMMAND…

writes `[exit status, command lines of the processes that were left]` to the descriptor, as JSON. It imports only the
standard library, so that it starts quickly.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys

PR_SET_CHILD_SUBREAPER = 36
ENDS_WITHIN_S = 60  # for the processes that a command started, once the command has ended


def adopt() -> None:
    """Make the orphans below this process its children."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def left_running() -> list[str]:
    """Wait for all children to end; kill those that do not, and return their command lines."""

    def enough(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, enough)
    signal.alarm(ENDS_WITHIN_S)
    left = []
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        pass
    except TimeoutError:
        for pid in _read("/proc/thread-self/children").split():
            if _read(f"/proc/{pid}/stat").rpartition(")")[2].split()[0] != "Z":
                left.append(_read(f"/proc/{pid}/cmdline").replace("\0", " "))
                os.kill(int(pid), signal.SIGKILL)
    return left


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


if __name__ == "__main__":
    adopt()
    signal.signal(signal.SIGINT, lambda *_: None)
    status = subprocess.Popen(sys.argv[2:]).wait()
    os.write(int(sys.argv[1]), json.dumps([status, left_running()]).encode())
