"""Name the sessions of reviewers, so that one whose process has died can get back what it had open."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def new_holder(by: str) -> str:
    """Return a name for a new session of this reviewer: a random part, the process, the user and machine, `by`."""
    return f"{os.urandom(8).hex()} {os.getpid()}.{_started(os.getpid())} {os.getuid()}@{socket.gethostname()} {by}"


def reviewer_of(holder: str) -> str:
    """Return the name of a session's reviewer."""
    return holder.split(" ", 3)[3]


def is_gone(holder: str, asking: str) -> bool:
    """Return whether `holder` was a session of the same reviewer, user and machine, and its process has ended."""
    parts, own = holder.split(" ", 3), asking.split(" ", 3)
    if parts[2:] != own[2:]:
        return False
    number, _, started = parts[1].partition(".")
    return not _is_alive(int(number), started)


def _is_alive(process: int, started: str) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _started(process) == started


def _started(process: int) -> str:
    """Return when a process started, in clock ticks since the boot, or an empty string if the system doesn't say it.

    A later process with the same number has another start. A zombie has ended.
    """
    try:
        state, *fields = Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "ended" if state in "ZX" else fields[18]
