"""Detect terminals, Ctrl-C, and standard output that is closed or full."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Collection
from typing import Any, Final

INTERRUPTED = 130
CLOSED = "closed, so nothing was printed"

# Commands whose result is their exit status, or what they write elsewhere. They finish even if no output is possible.
FINISHING = {"grade", "replay", "demo", "check", "doctor", "grade-batch", "feedback", "collect", "handback"}


class StandardStream(io.FileIO):
    """Standard output or standard error, which may be closed or full.

    If it is `finishing`, it discards what cannot be written, and the command finishes. Otherwise, writing raises an
    OSError, as in other programs.
    """

    def __init__(self, number: int, *, closed: bool, finishing: bool) -> None:
        super().__init__(number, "w", closefd=False)
        self.finishing: Final = finishing
        self.fault = OSError(errno.EBADF, CLOSED) if closed else None
        self.lost = False

    def write(self, data: Any, /) -> int:
        if self.fault is None:
            try:
                return super().write(data)
            except OSError as fault:
                self.fault = fault
        if not self.finishing:
            raise self.fault
        self.lost = True
        return len(data)

    def exit_status(self, own: int) -> int:
        """Return the exit status of a command that has finished with the status `own`, and report lost output.

        If nothing reads the output, `own` is still the result. After any other fault, such as a full disk, a report
        that was wanted is missing.
        """
        if not self.lost or self.fault is None or self.fault.errno == errno.EPIPE:
            return own
        print(f"katas: standard output: {self.fault.strerror}", file=sys.stderr, flush=True)
        return own if self.fault.errno == errno.EBADF else 2


def open_streams(words: Collection[str]) -> StandardStream:
    """Prepare the standard streams for a command line, and return standard output.

    A closed stream leads to /dev/null from now on. Otherwise, the next file or socket that opens would get its number.
    """
    closed = [name for name in ("stdin", "stdout", "stderr") if getattr(sys, name) is None]
    for name in closed:
        number = ("stdin", "stdout", "stderr").index(name)
        os.dup2(os.open(os.devnull, os.O_RDWR), number)
        os.set_inheritable(number, True)
    if "stdin" in closed:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    output = StandardStream(1, closed="stdout" in closed, finishing=not FINISHING.isdisjoint(words))
    if sys.stdout is sys.__stdout__:  # otherwise, a test reads what this process prints
        sys.stdout = _text(output, sys.stdout)
        sys.stderr = _text(StandardStream(2, closed=False, finishing=True), sys.stderr)
    return output


def _text(stream: StandardStream, before: Any) -> io.TextIOWrapper:
    """Return a stream for text, with the settings of the one `before`, if that was open."""
    if before is None:
        return io.TextIOWrapper(io.BufferedWriter(stream), newline="\n", encoding="utf-8")
    settings = {name: getattr(before, name) for name in ("encoding", "errors")}
    at_once = before.line_buffering or before.write_through  # the latter with PYTHONUNBUFFERED
    return io.TextIOWrapper(io.BufferedWriter(stream), newline="\n", line_buffering=at_once, **settings)


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
