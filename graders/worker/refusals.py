"""Says in one sentence what a submission may not do, and what to do instead, in a worker and in learner mode.

In a worker, the kernel refuses these acts (see confinement.py), but its errors, such as "Operation not permitted",
don't say why. Python announces each of them as an audit event. In learner mode, where the kernel refuses nothing,
graders.pytest_plugin.local_rules raises the same errors.
"""

from __future__ import annotations

import _thread
import errno
import os
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any, NamedTuple


class KernelRule(NamedTuple):
    """What the kernel answers to an act (0: Python's own RuntimeError), and what to say about it."""

    number: int
    says: str


NO_THREAD = "can't start new thread"
THREADS = KernelRule(0, "a submission can't start threads. Do one step after the other, in the function itself.")
PROCESSES = KernelRule(
    errno.EPERM, "a submission can't start processes. Compute the result in Python, in this process."
)
NETWORK = KernelRule(errno.EPERM, "a submission has no network. Use only the arguments and the kata's own files.")
SIGNALS = KernelRule(errno.EPERM, "a submission can't send signals. To stop, return a result or raise an exception.")
WRITING = KernelRule(errno.EROFS, "a submission can't write, move or delete files. Return the result, or print it.")
SCRATCH = "a submission can write files only in its scratch folder. Use a name without a folder, or tempfile."
OPEN_TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_REFUSED = (errno.EPERM, errno.EACCES, errno.EROFS)

_EVENTS = {
    THREADS: "_thread.start_new_thread _thread.start_joinable_thread",
    PROCESSES: "os.exec os.fork os.forkpty os.posix_spawn os.spawn os.startfile subprocess.Popen",
    NETWORK: "socket.__new__ socket.bind socket.connect socket.getaddrinfo socket.gethostbyname socket.sendto",
    SIGNALS: "os.kill os.killpg signal.pthread_kill",
    WRITING: """os.chmod os.chown os.link os.mkdir os.remove os.rename os.rmdir os.symlink os.truncate os.utime
        shutil.rmtree""",
}
RULES: dict[str, KernelRule] = {event: rule for rule, events in _EVENTS.items() for event in events.split()}
# multiprocessing imports these when it makes a lock or starts a process, which Python does not announce.
_OF_PROCESSES = ("multiprocessing.synchronize", "multiprocessing.popen_")


def rule_of(event: str, arguments: tuple[Any, ...]) -> KernelRule | None:
    """Return the rule that an audit event breaks, or None."""
    if event == "open":
        path, _, flags = arguments
        return WRITING if flags & OPEN_TO_WRITE and not isinstance(path, int) else None
    if event == "import":
        return PROCESSES if str(arguments[0]).startswith(_OF_PROCESSES) else None
    return RULES.get(event)


def announce_threads() -> None:
    """Let Python 3.11 announce each thread that starts, as later versions do."""
    if sys.version_info >= (3, 12):
        return
    start = _thread.start_new_thread

    def announced(*arguments: Any) -> int:
        sys.audit("_thread.start_new_thread", *arguments)
        return start(*arguments)

    _thread.start_new_thread = threading._start_new_thread = announced  # type: ignore[attr-defined]


def called(event: str, frame: FrameType | None, own: Callable[[str], bool]) -> str:
    """Return which function the submission called, such as subprocess.run, from the frame in which an event occurred.

    `own` says whether a file is the submission's. A function without a frame is named by its event.
    """
    inner = None
    while frame is not None and not own(frame.f_code.co_filename):
        inner, frame = frame, frame.f_back
    if frame is None or inner is None or inner.f_code.co_filename == __file__ or "<" in inner.f_code.co_qualname:
        return "multiprocessing" if event == "import" else event.replace(".__new__", ".socket")
    parts = str(inner.f_globals.get("__name__", "")).split(".")
    return ".".join(
        [*(part for part in parts if not part.startswith("_")), inner.f_code.co_qualname.removesuffix(".__init__")]
    )


@dataclass
class Listener:
    """An audit hook that notes what a worker's submission tried last, and decides nothing."""

    own: Callable[[str], bool]
    scratch: bool = False  # whether the worker may start threads, and has a folder in which it may write
    last: tuple[KernelRule, str] | None = None

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        rule = rule_of(event, arguments)
        if rule is not None and not (self.scratch and rule is THREADS):
            self.last = rule, called(event, sys._getframe(1), self.own)

    def sentence(self, fault: BaseException, text: str) -> str:
        """Return what to say about an exception with this text, or an empty string if no rule explains it."""
        rule, what = self._of_multiprocessing(fault) or self.last or (None, "")
        if rule is None:
            return ""
        if rule is THREADS:
            explained = text == NO_THREAD
        else:
            refused = rule in (PROCESSES, NETWORK) or getattr(fault, "errno", 0) in _REFUSED
            explained = isinstance(fault, OSError) and refused
        return f"{what}: {SCRATCH if self.scratch and rule is WRITING else rule.says}" if explained else ""

    def _of_multiprocessing(self, fault: BaseException) -> tuple[KernelRule, str] | None:
        """Return the rule for an exception in multiprocessing, whose pipes and locks Python does not announce."""
        frames = [frame for frame, _ in traceback.walk_tb(fault.__traceback__)]
        if any(str(frame.f_globals.get("__name__")).startswith("multiprocessing.") for frame in frames):
            return PROCESSES, called("import", frames[-1], self.own)
        return None
