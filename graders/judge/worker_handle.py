"""Lets a judge send requests with deadlines to a worker, read its output and CPU time, and kill it.

The judge trusts only the form of a worker's replies, which graders.wire checks. Times, counts and statuses
come from the kernel and from the judge's own clock.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import select
import signal
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graders import watchdog, wire
from graders.errors import (
    ForkServerDied,
    JudgeError,
    MachineBusy,
    NotPlain,
    RemoteFault,
    TimeLimitError,
    WireError,
    WorkerError,
)
from graders.unix import cpu_seconds, measures_cpu, message_pair, pid_of, receive_message, send_message

# Most replies arrive sooner than the kernel could wake a sleeping process, so the judge polls for this long before it
# sleeps.
SPIN_S = 0.0003
SEND_S = 5.0  # a worker's own time to read a request; between calls, it reads at once unless it has stopped serving
STARTED_WITHIN_S = 300.0  # the longest wait for a fresh worker; if its fork server dies, the judge notices at once
STOPPED_WITHIN_S = 10.0  # the longest wait until a worker has stopped
NAP_S = 0.0002  # the time between two looks at whether it has, in which it may need this processor to stop
ANSWERED_WITHIN_S = 1.0  # the longest wait until a worker that is about to be stopped has said where it is
FRAME = re.compile(rb'^ +File "([^"\n]+)", line (\d{1,7}) in ', re.MULTILINE)  # of faulthandler, the innermost first
TRACE_END = b" in <module>\n"
KILLED_WITHIN_S = 2.0  # the longest wait for the kernel's record of a worker that has ended
UNMEASURED = 1 / 4  # the share of wall time that counts if the system does not measure the CPU time of a worker
LOOK_S = 0.002, 0.05  # how long the judge waits before it looks whether a worker is asleep: at first, and at most


class Stopwatch:
    """Measures the time that a worker itself uses: its CPU time, and the time in which it sleeps.

    While a worker waits for a processor, it uses no time, so limits are the same on a quiet and on a busy machine.
    """

    def __init__(self, worker: Worker, seconds: float) -> None:
        self.worker = worker
        self.seconds = seconds
        self.started = self.looked = time.monotonic()
        self.wait_s, self.longest_wait_s = LOOK_S
        self.asleep_s = 0.0
        worker.scheduled = None

    @property
    def used_s(self) -> float:
        """The worker's own time, in seconds, since the last request ended."""
        return max(self.worker.cpu_s() - self.worker.charged_s, 0.0) + self.asleep_s

    @property
    def due(self) -> bool:
        """Whether it is time for another look."""
        return time.monotonic() - self.looked > self.wait_s

    def look(self) -> None:
        """Add the time since the last look in which the worker was asleep.

        Raises TimeoutError if the worker has used up its time, and MachineBusy if it hardly gets a processor.
        """
        now = time.monotonic()
        asleep = self.worker.asleep_s(now - self.looked)
        self.asleep_s += min(asleep, 2 * self.wait_s)  # if it is more, this process had to wait
        self.looked = now
        self.wait_s = min(2 * self.wait_s, self.longest_wait_s)
        used = self.used_s
        if used >= self.seconds:
            raise TimeoutError
        if busy := watchdog.too_busy("the submission", used, now - self.started, self.seconds):
            raise MachineBusy(busy)


@dataclass(eq=False)
class Worker:
    """One confined process. `output_limit` is in bytes, and further output is discarded."""

    channel: int
    output: int
    pidfd: int  # -1 on other systems than Linux
    group: WorkerGroup
    output_limit: int = 64 << 10
    spin_s: float = SPIN_S
    number: int = 0
    printed: bytearray = field(default_factory=bytearray)
    own_files: Mapping[str, bytes] = field(default_factory=dict)  # the submission's files
    kept: int = 0  # the number of bytes that were printed before the first test
    own_output: int | None = None  # the number of bytes before it was asked where it is, if it was
    cut: bool = False
    dead: str = ""
    ended: dict[str, Any] | None = None
    closed: bool = False
    charged_s: float = 0.0  # the CPU time that was counted for earlier requests
    seen_s: float = 0.0  # the CPU time at the last look
    scheduled: dict[str, int] | None = None  # how long each thread had run or waited for a processor then, in ns

    def __post_init__(self) -> None:
        os.set_blocking(self.output, False)
        self.stream = socket.socket(fileno=self.channel)
        self.stream.setblocking(False)
        self.poll = select.poll()
        self.poll.register(self.channel, select.POLLIN)
        self.poll.register(self.output, select.POLLIN)
        self.reader = wire.Reader(self._fill)
        self.stopwatch = Stopwatch(self, 0.0)
        self.pending: int | None = None

    # ------------------------------------------------------------------------------------ requests

    def post(self, operation: str, name: str, value: Any) -> None:
        """Send a request without waiting for its reply."""
        if self.dead:
            raise WorkerError(self.dead)
        if not self.reader.empty or self._spoke():
            raise self.kill("the worker wrote to the judge without being asked")
        self.number += 1
        try:
            for part in wire.request(self.number, operation, name, value):
                self._write(memoryview(part))
        except (BrokenPipeError, ConnectionResetError):
            raise self.kill(self._exit_reason()) from None
        self.pending = self.number

    def _write(self, view: memoryview) -> None:
        stopwatch = Stopwatch(self, SEND_S)
        poll = select.poll()
        poll.register(self.channel, select.POLLOUT)
        while view:
            try:
                view = view[os.write(self.channel, view) :]
            except BlockingIOError:
                try:
                    while not poll.poll(stopwatch.wait_s * 1000):
                        stopwatch.look()
                except TimeoutError:
                    raise self.kill("the worker no longer listened to the judge and was stopped") from None

    def receive(self, seconds: float, what: str, late: str) -> Any:
        """Return the value of the reply to the last request.

        `late` is the message for a reply for which the worker uses more than `seconds` of its own time (see
        `Stopwatch`), and `what` names the request in other messages. Raises RemoteFault, NotPlain, WorkerError, or
        MachineBusy.
        """
        number, self.pending = self.pending, None
        if self.dead:
            raise WorkerError(self.dead)
        self.stopwatch = Stopwatch(self, seconds)
        try:
            reply = wire.receive_reply(self.reader, number or 0)
        except WireError as fault:
            raise self.kill(f"the worker broke the wire protocol: {fault}") from None
        except TimeoutError:
            raise self.kill(late + self._whereabouts(), TimeLimitError) from None
        except EOFError:
            raise self.kill(f"{what}: {self._exit_reason()}") from None
        if reply.ok:
            return reply.value
        if not isinstance(reply.value, dict):
            raise self.kill("the worker broke the wire protocol: an exception without a description")
        fault = RemoteFault(reply.value)
        if fault.type_name == "WireError":
            raise NotPlain(f"{what} returned {fault.text[:400]}")
        raise fault

    def charge(self) -> float:
        """Return the worker's own time for the last request, and begin to count for the next."""
        used = self.stopwatch.used_s
        self.charged_s += used - self.stopwatch.asleep_s
        return used

    def _fill(self, room: int) -> bytes:
        """Wait for at least one byte on the channel, and return what has arrived. Meanwhile, read printed output."""
        if self.stopwatch.due:  # the limit holds even if bytes keep arriving one by one
            self.stopwatch.look()
        soon = time.monotonic() + self.spin_s
        while time.monotonic() < soon:
            chunk = self._read(room)
            if chunk is not None:
                return chunk
            os.sched_yield()
        while True:
            ready = self.poll.poll(self.stopwatch.wait_s * 1000)
            if any(descriptor == self.output for descriptor, _ in ready) and not self.drain():
                self.poll.unregister(self.output)
            if any(descriptor == self.channel for descriptor, _ in ready):
                chunk = self._read(room)
                if chunk is not None:
                    return chunk
            if self.stopwatch.due:
                self.stopwatch.look()

    def _read(self, room: int) -> bytes | None:
        """Return what has arrived, or None. Raises EOFError if the channel is closed."""
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
        """Return whether something has arrived on the channel since the last reply. A closed channel does not count."""
        try:
            return bool(self.stream.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except (BlockingIOError, ConnectionResetError):
            return False

    # -------------------------------------------------------------------------------------- output

    def drain(self) -> bool:
        """Read printed output. Return False once the other end is closed."""
        for _ in range(64):  # a worker that prints without end must not block the judge
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

    def keep_output(self) -> None:
        """Let `forget_output` keep what has been printed so far, when the submission was imported."""
        self.drain()
        self.kept = len(self.printed)

    def forget_output(self) -> None:
        """Forget the output of a test, so that the next test has its own."""
        del self.printed[self.kept :]
        self.cut = False

    def take_output(self) -> str:
        """Return the output so far as text."""
        self.drain()
        text = self.printed[: self.own_output].decode("utf-8", "replace")
        if self.cut:
            text += f"\n[output cut at {self.output_limit // 1024} kB]"
        return text

    def _whereabouts(self) -> str:
        """Return which line of the submission runs, e.g. ", in line 7 of softmax.py", or "" if the worker is silent.

        The worker itself says so, so this is for its author only. Nothing that it prints from now on is its output,
        because on a busy machine the rest of what it says comes late.
        """
        self.drain()
        self.own_output = before = len(self.printed)
        self._send(signal.SIGUSR1)
        deadline = time.monotonic() + ANSWERED_WITHIN_S
        while TRACE_END not in self.printed[before:] and time.monotonic() < deadline:
            time.sleep(NAP_S)
            self.drain()
        frames = [(name.decode(errors="replace"), int(line)) for name, line in FRAME.findall(self.printed, before)]
        return watchdog.where_stopped(frames, self.own_files)

    # ------------------------------------------------------------------------------- life and death

    @functools.cached_property
    def pid(self) -> int:
        """The worker's process id in the judge's own namespace. Elsewhere than on Linux, the group sets it."""
        return pid_of(self.pidfd)

    def cpu_s(self) -> float:
        """Return the CPU seconds that all threads of the worker have used so far or, once it has ended, in total.

        On a system that cannot tell, they are always 0 (see `asleep_s`).
        """
        if not measures_cpu():
            return 0.0
        if self.ended is None and not self.dead:
            with contextlib.suppress(OSError):
                if (seconds := cpu_seconds(self.pid)) is not None:
                    return seconds
        end = self.group.end_of(self, KILLED_WITHIN_S)
        return float(end["cpu_s"]) if end else 0.0

    def pause(self) -> None:
        """Stop the worker, and wait until it no longer runs.

        The kernel adds the time of a running process to its CPU time only now and then. A worker that goes on computing
        after its reply could hide the time that the reply took.
        """
        self._send(signal.SIGSTOP)
        if sys.platform != "linux":
            return
        deadline = time.monotonic() + STOPPED_WITHIN_S
        while not self.is_in(b"TZX") and time.monotonic() < deadline:
            time.sleep(NAP_S)

    def asleep_s(self, seconds: float) -> float:
        """Return for how many of the last `seconds` the worker slept, and so used no CPU time.

        Linux counts for how long each thread has run and waited for a processor, so a worker that prints all the time
        can't be found awake whenever the judge wakes up. At the first look after a request, and if the kernel counts
        nothing, the state of the threads decides. Elsewhere, a worker that has used hardly any CPU time counts as
        asleep. If the system does not measure CPU time, part of the wall time counts instead, because the worker may
        have waited for a processor.
        """
        if not measures_cpu():
            return UNMEASURED * seconds
        before, self.seen_s = self.seen_s, self.cpu_s()
        if sys.platform != "linux":
            return seconds * (self.seen_s - before <= watchdog.IDLE * seconds)
        earlier, self.scheduled = self.scheduled, self._scheduled()
        if earlier is None or self.scheduled is None:
            return seconds * self.is_in(b"ST")
        # Threads that wake up together wait for each other, so their waits are no sum.
        busy = max((each - earlier.get(thread, 0) for thread, each in self.scheduled.items()), default=0) / 1e9
        return max(seconds - max(busy, self.seen_s - before), 0.0)

    def _scheduled(self) -> dict[str, int] | None:
        """Return for how long each thread has run or waited for a processor, in ns, or None if it is unknown."""
        tasks, found = f"/proc/{self.pid}/task", {}
        with contextlib.suppress(OSError):
            for thread in os.listdir(tasks):
                with contextlib.suppress(OSError), open(f"{tasks}/{thread}/schedstat", "rb") as stat:  # or it has ended
                    ran, waited, _ = map(int, stat.read().split())
                    found[thread] = ran + waited
        return found if any(found.values()) else None

    def is_in(self, states: bytes) -> bool:
        """Return whether all threads of the worker are in one of these states (see proc_pid_stat(5)).

        A worker that has ended counts as dead (X).
        """
        tasks = f"/proc/{self.pid}/task"
        try:
            for thread in os.listdir(tasks):
                with open(f"{tasks}/{thread}/stat", "rb") as stat:
                    if stat.read().rpartition(b") ")[2][:1] not in states:
                        return False
        except OSError:  # the thread has ended
            return b"X" in states
        return True

    def resume(self) -> None:
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):  # the worker has ended, and the next request reports the reason
            if sys.platform == "linux":
                signal.pidfd_send_signal(self.pidfd, number)
            elif self.group.end_of(self, 0) is None:  # once it is reaped, another process may have its number
                os.kill(self.pid, number)

    def kill(self, reason: str, kind: type[WorkerError] = WorkerError) -> WorkerError:
        """Kill the worker and record the reason. Return an error of this kind for the caller to raise."""
        if not self.dead:
            self.dead = reason
            self._send(signal.SIGKILL)
        return kind(self.dead)

    @property
    def alive(self) -> bool:
        """Whether the worker still runs."""
        if sys.platform != "linux":
            return not self.dead and self.group.end_of(self, 0) is None
        return not self.dead and not select.select([self.pidfd], [], [], 0)[0]

    def close(self) -> None:
        """Close the descriptors, if they are still open."""
        if self.closed:
            return
        self.closed = True
        self.stream.close()
        os.close(self.output)
        if sys.platform == "linux":
            os.close(self.pidfd)

    def _exit_reason(self) -> str:
        end = self.group.end_of(self, KILLED_WITHIN_S)
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


class WorkerGroup:
    """A group of workers for one grading run, which the workers' fork server sends over a private socket.

    When the group is closed or its judge dies, the fork server kills all of these workers. If `patient` is true, the
    judge sleeps immediately while it waits for a reply, without polling first. With a `processor`, the workers run only
    on that one.
    """

    def __init__(
        self, server: socket.socket, output_kb: int, *, patient: bool = False, processor: int | None = None
    ) -> None:
        self.spin_s = 0.0 if patient else SPIN_S
        self.processor = processor
        self.server = server
        self.output_limit = output_kb << 10
        self.socket, self._theirs = message_pair()
        self.workers: dict[int, Worker] = {}

    def acquire(self, count: int, seconds: float = STARTED_WITHIN_S, *, kept: bool = False) -> list[Worker]:
        """Return `count` fresh workers. `kept` says that they stay for later grading runs.

        Raises ForkServerDied, or JudgeError if no worker can be started.
        """
        theirs = self._theirs
        if theirs is None:
            raise JudgeError("a worker group can acquire its workers only once")
        self._theirs = None  # type: ignore[assignment]
        try:
            request = json.dumps({"workers": count, "kept": kept, "processor": self.processor}).encode()
            send_message(self.server, request, [theirs.fileno()])
        except OSError:
            raise ForkServerDied("the workers' fork server is gone") from None
        finally:
            theirs.close()
        self.socket.settimeout(seconds)
        return [self._receive_worker() for _ in range(count)]

    def _receive_worker(self) -> Worker:
        while True:
            try:
                message, descriptors = receive_message(self.socket, 4096, 3)
            except (TimeoutError, ConnectionError):
                raise ForkServerDied("the workers' fork server does not answer") from None
            if not message:
                raise ForkServerDied("the workers' fork server is gone")
            note = json.loads(message)
            if "refused" in note:
                raise JudgeError(
                    f"no worker can be started: {note['refused']}. Grade again when the machine is less busy."
                )
            if descriptors:
                channel, output, *pidfd = descriptors
                if sys.platform == "linux":
                    worker = Worker(channel, output, pidfd[0], self, self.output_limit, self.spin_s)
                else:
                    worker = Worker(channel, output, -1, self, self.output_limit, self.spin_s)
                    worker.pid = note["pid"]  # no sandbox gives it another number
                self.workers[note["pid"]] = worker
                return worker
            self._record_end(note)

    def _record_end(self, note: dict[str, Any]) -> None:
        worker = self.workers.get(note["pid"])
        if worker is not None:
            worker.ended = note

    def end_of(self, worker: Worker, seconds: float) -> dict[str, Any] | None:
        """Return the fork server's note on how a worker ended, or None if it does not arrive within `seconds`."""
        deadline = time.monotonic() + seconds
        while worker.ended is None:
            self.socket.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                message, _ = receive_message(self.socket, 4096)
            except (TimeoutError, OSError):
                return None
            if not message:
                raise ForkServerDied("the workers' fork server is gone")
            self._record_end(json.loads(message))
        return worker.ended

    def close(self) -> None:
        """End all workers of the group."""
        self.socket.close()
        for worker in self.workers.values():
            worker.close()
