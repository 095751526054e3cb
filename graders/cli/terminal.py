"""Detects a terminal and an interruption by Ctrl-C, before any command is loaded."""

from __future__ import annotations

import os
import sys

INTERRUPTED = 130


def has_screen() -> bool:
    """Return whether there is a keyboard, and a terminal that can draw a screen."""
    attended = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
    return attended and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")


def interrupted(fault: BaseException | None) -> bool:
    """Return whether Ctrl-C caused a fault. While a class is created, Python 3.11 turns it into a RuntimeError."""
    while fault is not None:
        if isinstance(fault, KeyboardInterrupt):
            return True
        fault = fault.__cause__ or fault.__context__
    return False
