"""Detect terminals and Ctrl-C."""

from __future__ import annotations

import os
import sys

INTERRUPTED = 130


def has_screen() -> bool:
    """Return whether standard input and output are a terminal that can show a full screen."""
    attended = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
    return attended and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")


def interrupted(fault: BaseException | None) -> bool:
    """Return whether Ctrl-C caused this exception. In a class body, Python 3.11 raises a RuntimeError from it."""
    while fault is not None:
        if isinstance(fault, KeyboardInterrupt):
            return True
        fault = fault.__cause__ or fault.__context__
    return False
