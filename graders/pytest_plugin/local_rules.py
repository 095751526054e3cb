"""Refuses in learner mode what a worker refuses, and keeps a submission from ending pytest or skipping its tests.

This is for honest mistakes. Only `katas grade` confines a submission. An audit hook raises the errors that the kernel
gives a worker, with the sentences of graders.worker.refusals. It can't be removed again, so it is installed only in
learner mode, and acts only while a submission runs without a debugger.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

import pytest

from graders import watchdog
from graders.worker import refusals
from graders.worker.refusals import NO_THREAD, SCRATCH, THREADS, WRITING, announce_threads, called, rule_of

_HARNESS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_EXEMPT = (_HARNESS, "<frozen importlib")  # graders.datasets makes data; imports write and read bytecode


class Left(BaseException):
    """Raised in place of os._exit, which would end pytest. Ordinary handlers don't catch it."""


@dataclass(frozen=True)
class Rules:
    """The rules for one submission. `own` are the files that its learner wrote, `supplied` the harness's."""

    own: frozenset[str]
    supplied: frozenset[str]
    unreadable: tuple[str, ...]  # folders that a worker doesn't have
    writable: tuple[str, ...] = ()  # folders in which it may write; if there are any, it may also start threads
    thread: int = field(default_factory=threading.get_ident)

    def check(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Raise the kernel's error if the submission may not do this."""
        rule = rule_of(event, arguments)
        if rule is None and event != "open":
            return
        frame = sys._getframe(2)  # of what the hook interrupts
        if not self._is_own(frame):
            return
        if rule is None:
            self._check_reading(arguments[0])
        elif not self.writable or (rule is not THREADS and not (rule is WRITING and self._may_write(arguments))):
            what = called(event, frame, self.own.__contains__)
            fault = OSError(rule.number, os.strerror(rule.number)) if rule.number else RuntimeError(NO_THREAD)
            fault.add_note(f"\n{what}: {SCRATCH if self.writable and rule is WRITING else rule.says}")
            raise fault

    def _is_own(self, frame: FrameType | None) -> bool:
        """Return whether the submission does this, rather than a supplied file or the harness, which it called."""
        while frame is not None:
            file = frame.f_code.co_filename
            if file in self.own:
                return True
            if file in self.supplied or (file.startswith(_EXEMPT) and file != refusals.__file__):
                return False
            frame = frame.f_back
        return False

    def _check_reading(self, path: Any) -> None:
        """Refuse a file in a folder of katas, unless it is Python or may have been written by the submission."""
        if isinstance(path, int):
            return
        file = _real(path)
        if file.endswith((".py", ".pyc")) or not file.startswith(self.unreadable):
            return
        if not (self.writable and os.path.exists(file) and os.stat(file).st_mtime >= Enforcement.since):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)

    def _may_write(self, arguments: tuple[Any, ...]) -> bool:
        paths = [each for each in arguments[:2] if isinstance(each, str | bytes | os.PathLike)]
        return all(_real(each).startswith(self.writable) for each in paths)


def _real(path: Any) -> str:
    return os.path.realpath(os.fsdecode(path))


class Enforcement:
    """What learner mode does about a submission's acts. There is one in a process."""

    since = 0.0  # when it was installed
    debugged = False  # whether a person has been at a breakpoint; then nothing is refused or limited
    rules: Rules | None = None  # of the submission that runs now
    status = int(pytest.ExitCode.TESTS_FAILED)  # the exit status of the process if a submission ends it


@contextmanager
def enforced(rules: Rules) -> Iterator[None]:
    """Apply the rules in the block, if learner mode enforces any."""
    before, Enforcement.rules = Enforcement.rules, rules
    try:
        yield
    finally:
        Enforcement.rules = before


def install() -> None:
    """Let this process refuse what a worker refuses, from now on."""
    if Enforcement.since:
        return
    Enforcement.since = time.time()
    process, leave, system = os.getpid(), os._exit, os.system

    def applies(rules: Rules | None) -> bool:
        """Return whether a submission runs in this thread, without a debugger."""
        running = rules is not None and threading.get_ident() == rules.thread
        return running and not Enforcement.debugged and not watchdog.debugging()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "builtins.breakpoint":
            Enforcement.debugged = True
        elif (rules := Enforcement.rules) is not None and applies(rules):
            rules.check(event, arguments)

    def no_system(command: Any) -> int:
        return 127 << 8 if applies(Enforcement.rules) else system(command)  # as in a worker, where this raises nothing

    def leaving(status: int) -> None:
        if os.getpid() != process:
            leave(status)
        if Enforcement.rules is not None and Enforcement.rules.thread == threading.get_ident():
            raise Left(status)
        leave(status or Enforcement.status)  # a thread or an exit handler

    for module in (os, sys.modules[os.name]):  # os takes both names from posix, where a submission finds them, too
        module._exit, module.system = leaving, no_system  # type: ignore[attr-defined]
    announce_threads()
    sys.addaudithook(hook)
