"""A worker as its judge holds it: requests with deadlines, drained output, the kernel's clock, a sure kill.

Nothing that comes over the channel is believed beyond its form (graders.wire checks that): times, counts and
statuses are taken from the kernel and from the judge's own clock.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import time
from dataclasses import dataclass, field
from typing import Any

from graders import wire
from graders.errors import JudgeError, SubmissionError, WireError, WorkerError
from graders.judge.process import pid_of

# Most calls are answered sooner than a sleeping process is woken: that long the judge looks again and again.
SPIN_S = 0.0003
SEND_S = 5.0  # a worker between two calls reads at once; one that does not is not serving us
KILLED_WITHIN_S = 2.0  # how long the kernel may take to announce a death before we go on without its figures


class RemoteFault(SubmissionError):
    """An exception that the submission raised in its worker."""

    def __init__(self, fault: dict[str, Any]) -> None:
        self.type_name = _text(fault.get("type"), 100)
        bases = fault.get("bases")
        self.bases = tuple(_text(base, 100) for base in bases) if isinstance(bases, list) else ()
        self.text = _text(fault.get("message"), 4000)
        self.where = _text(fault.get("where"), 1000)
        super().__init__(f"{self.type_name}: {self.text}" if self.text else self.type_name)


class NotPlain(SubmissionError):
    """The submission returned something that cannot cross: no plain value, or too large."""


class Lost(JudgeError):
    """The worker zygote is gone; the grading can be tried once more."""


def _text(value: Any, limit: int) -> str:
    return value[:limit] if isinstance(value, str) else ""


@dataclass(eq=False)
class Worker:
    """One confined process. `output_limit` is in bytes; what is beyond it is drained and dropped."""

    channel: int
    output: int
    pidfd: int
    crew: Crew
    output_limit: int = 64 << 10
    spin_s: float = SPIN_S
    number: int = 0
    printed: bytearray = field(default_factory=bytearray)
    cut: bool = False
    dead: str = ""
    ended: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        os.set_blocking(self.output, False)
        self.stream = socket.socket(fileno=self.channel)
        self.stream.setblocking(False)
        self.poll = select.poll()
        self.poll.register(self.channel, select.POLLIN)
        self.poll.register(self.output, select.POLLIN)
        self.reader = wire.Reader(self._fill)
        self.deadline = 0.0
        self.pending: int | None = None
        self._pid: int | None = None

    # ------------------------------------------------------------------------------------ requests

    def post(self, operation: str, name: str, value: Any) -> None:
        """Send a request without waiting for its reply."""
        if self.dead:
            raise WorkerError(self.dead)
        if not self.reader.empty or self._spoke():
            raise self.kill("it wrote to the judge without being asked")
        self.number += 1
        try:
            for part in wire.request(self.number, operation, name, value):
                self._write(memoryview(part))
        except (BrokenPipeError, ConnectionResetError):
            raise self.kill(self._epitaph()) from None
        self.pending = self.number

    def _write(self, view: memoryview) -> None:
        while view:
            try:
                view = view[os.write(self.channel, view) :]
            except BlockingIOError:
                poll = select.poll()
                poll.register(self.channel, select.POLLOUT)
                if not poll.poll(SEND_S * 1000):
                    raise self.kill("the worker stopped listening to the judge and was stopped") from None

    def receive(self, seconds: float, what: str, late: str) -> Any:
        """The value of the reply to the last request, within `seconds`; `late` is said when it does not come.

        `what` names the request in other messages. Raises RemoteFault, NotPlain, WorkerError.
        """
        number, self.pending = self.pending, None
        if self.dead:
            raise WorkerError(self.dead)
        self.deadline = time.monotonic() + seconds
        try:
            reply = wire.receive_reply(self.reader, number or 0)
        except WireError as fault:
            raise self.kill(f"the worker broke the rules of the wire: {fault}") from None
        except TimeoutError:
            raise self.kill(late) from None
        except EOFError:
            raise self.kill(f"{what}: {self._epitaph()}") from None
        if reply.ok:
            return reply.value
        if not isinstance(reply.value, dict):
            raise self.kill("the worker broke the rules of the wire: a fault without a description")
        if _text(reply.value.get("type"), 100) == "WireError":
            raise NotPlain(f"{what} returned {_text(reply.value.get('message'), 400)}")
        raise RemoteFault(reply.value)

    def _fill(self, room: int) -> bytes:
        """What has come on the channel, at least a byte; drains the output meanwhile."""
        now = time.monotonic()
        if now >= self.deadline:  # also while bytes keep coming, one by one
            raise TimeoutError
        soon = min(now + self.spin_s, self.deadline)
        while time.monotonic() < soon:
            chunk = self._read(room)
            if chunk is not None:
                return chunk
            os.sched_yield()
        while True:
            remaining = self.deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError
            ready = self.poll.poll(remaining * 1000)
            if any(descriptor == self.output for descriptor, _ in ready) and not self.drain():
                self.poll.unregister(self.output)
            if any(descriptor == self.channel for descriptor, _ in ready):
                chunk = self._read(room)
                if chunk is not None:
                    return chunk

    def _read(self, room: int) -> bytes | None:
        """What is there; None if nothing is. Raises EOFError when the channel is closed."""
        try:
            chunk = os.read(self.channel, room)
        except BlockingIOError:
            return None
        except ConnectionResetError:
            chunk = b""
        if not chunk:
            raise EOFError
        return chunk

    def _spoke(self) -> bool:
        """Whether something has come on the channel since the last reply; a channel that was closed says nothing."""
        try:
            return bool(self.stream.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except (BlockingIOError, ConnectionResetError):
            return False

    # -------------------------------------------------------------------------------------- output

    def drain(self) -> bool:
        """Take in what was printed; False once the other end is closed."""
        for _ in range(64):  # a worker that prints without end must not keep us here
            try:
                chunk = os.read(self.output, 65536)
            except BlockingIOError:
                return True
            if not chunk:
                return False
            room = self.output_limit - len(self.printed)
            self.printed += chunk[:room]
            self.cut = self.cut or len(chunk) > room
        return True

    def take_output(self) -> str:
        """What was printed so far, as text."""
        self.drain()
        text = self.printed.decode("utf-8", "replace")
        if self.cut:
            text += f"\n[output cut at {self.output_limit // 1024} kB]"
        return text

    # ------------------------------------------------------------------------------- life and death

    @property
    def pid(self) -> int:
        """The worker's process number in the judge's own namespace."""
        if self._pid is None:
            self._pid = pid_of(self.pidfd)
        return self._pid

    def cpu_s(self) -> float:
        """CPU seconds of all its threads, by the kernel: its clock, or what was left when it was reaped."""
        if self.ended is None and not self.dead:
            try:
                pid = self.pid
                if pid > 0:  # a process that was reaped has -1, which would be our own clock
                    return time.clock_gettime((~pid << 3) | 2)
            except OSError:
                pass
        end = self.crew.end_of(self, KILLED_WITHIN_S)
        return float(end["cpu_s"]) if end else 0.0

    def pause(self) -> None:
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):  # dead: the next request will tell how
            signal.pidfd_send_signal(self.pidfd, number)

    def kill(self, reason: str) -> WorkerError:
        """End the worker, whatever it is doing, and remember why."""
        if not self.dead:
            self.dead = reason
            self._send(signal.SIGKILL)
        return WorkerError(self.dead)

    def _epitaph(self) -> str:
        """Why a worker that closed its channel is gone, in words."""
        end = self.crew.end_of(self, KILLED_WITHIN_S)
        if end is None:
            return "the worker closed its connection to the judge"
        status = int(end["status"])
        if os.WIFEXITED(status):
            return f"the process ended itself with exit status {os.WEXITSTATUS(status)} instead of returning"
        number = os.WTERMSIG(status)
        if number == signal.SIGXCPU:
            return "the process used up its CPU time and was killed"
        name = signal.Signals(number).name if number in signal.Signals.__members__.values() else str(number)
        if number == signal.SIGSEGV:
            return "the process crashed (SIGSEGV: runaway recursion or memory exhausted)"
        return f"the process crashed ({name})"


class Crew:
    """The workers of one grading, asked of the worker zygote over a socket of their own.

    When the crew is closed, or its judge dies, the zygote ends them all. A `patient` one sleeps while it waits.
    """

    def __init__(self, zygote: socket.socket, output_kb: int, *, patient: bool = False) -> None:
        self.spin_s = 0.0 if patient else SPIN_S
        self.zygote = zygote
        self.output_limit = output_kb << 10
        self.socket, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.workers: dict[int, Worker] = {}

    def hire(self, count: int, seconds: float = 20.0) -> list[Worker]:
        """`count` fresh workers. Raises Lost when the worker zygote is gone, JudgeError where none can be made."""
        theirs = self._theirs
        if theirs is None:
            raise JudgeError("a crew is hired once")
        self._theirs = None  # type: ignore[assignment]
        try:
            order = json.dumps({"workers": count}).encode()
            socket.send_fds(self.zygote, [order], [theirs.fileno()])
        except OSError:
            raise Lost("the worker zygote is gone") from None
        finally:
            theirs.close()
        self.socket.settimeout(seconds)
        return [self._welcome() for _ in range(count)]

    def _welcome(self) -> Worker:
        while True:
            try:
                message, descriptors, _, _ = socket.recv_fds(self.socket, 4096, 3)
            except (TimeoutError, ConnectionError):
                raise Lost("the worker zygote does not answer") from None
            if not message:
                raise Lost("the worker zygote is gone")
            note = json.loads(message)
            if "refused" in note:
                raise JudgeError(f"no worker can be made: {note['refused']}. Grade again when there is room.")
            if len(descriptors) == 3:
                worker = Worker(descriptors[0], descriptors[1], descriptors[2], self, self.output_limit, self.spin_s)
                self.workers[note["pid"]] = worker
                return worker
            self._note(note)

    def _note(self, note: dict[str, Any]) -> None:
        worker = self.workers.get(note["pid"])
        if worker is not None:
            worker.ended = note

    def end_of(self, worker: Worker, seconds: float) -> dict[str, Any] | None:
        """How a worker ended, once the zygote has told; None if it does not tell in time."""
        deadline = time.monotonic() + seconds
        while worker.ended is None:
            self.socket.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                message = self.socket.recv(4096)
            except (TimeoutError, OSError):
                return None
            if not message:
                raise Lost("the worker zygote is gone")
            self._note(json.loads(message))
        return worker.ended

    def close(self) -> None:
        self.socket.close()
