"""A judge zygote: one kata's tests, collected once; a fresh judge is forked from it for every grading.

A room is forked from the root process (graders.judge.zygote), which has imported torch if the tests use it. pytest runs
here as usual up to `pytest_runtestloop`, where the room waits for orders instead of running the tests.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import json
import os
import select
import signal
import socket
import sys
import time
import warnings
from functools import partial
from typing import Any

import msgspec
import pytest

from graders.catalogue import Kata
from graders.errors import CatalogueError
from graders.judge.connection import receive, send
from graders.judge.grading import Sandbox, answer
from graders.judge.handle import Handle
from graders.judge.items import KATA, MODE, SEED, task_of
from graders.judge.local import LocalSide
from graders.judge.memory import MESSAGE_BYTES, Memory
from graders.judge.messages import Answer, Order
from graders.judge.protocol import run_once
from graders.judge.watchdog import limit_memory
from graders.verdict import Verdict
from graders.worker.syscalls import prctl

PR_SET_PDEATHSIG = 1
IDLE_MS = 30  # how long nobody must have asked before something is done ahead of need
DESCRIPTORS = 4  # of an order: who asks, and a worker zygote for each runtime of the kata
REHEARSAL_S = 0.5  # no further test is begun after that
QUICK_S = 0.3

# What pytest would load beside ourselves costs time in every judge and decides nothing.
_WITHOUT = (
    "cacheprovider doctest unittest junitxml stepwise faulthandler logging pastebin debugging setuponly setupplan "
    "threadexception unraisableexception warnings recwarn monkeypatch tmpdir"
)


def serve_kata(kata: Kata, orders: socket.socket, resident: bool) -> None:
    """Collect the kata's tests and serve orders until `orders` closes. Run in a process of its own."""
    prctl("PR_SET_PDEATHSIG", PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # judges are reaped by the kernel
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    room = Room(kata, orders, resident)
    arguments = [str(path) for path in (*kata.visible_tests, *kata.hidden_tests)]
    arguments += ["--import-mode=importlib", "--capture=no", "--noconftest", f"--rootdir={kata.root}", "-c", os.devnull]
    for name in _WITHOUT.split():
        arguments += ["-p", f"no:{name}"]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    sys.path.insert(0, str(kata.root))
    if not (kata.visible_tests or kata.hidden_tests):
        room.faults.append(f"{kata.folder}: no test was collected; write {kata.folder}/test_{kata.slug}.py")
        room.refuse_all()
        return
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        try:
            pytest.main([*arguments, "-p", "graders.judge.plugin"], plugins=[room])
        except CatalogueError as fault:
            room.faults.append(str(fault))
    room.refuse_all()


# Made before the fork: building a decoder takes longer than using it.
_orders = msgspec.msgpack.Decoder(Order)


class Room:
    """A pytest plugin that holds the collected tests and answers orders."""

    def __init__(self, kata: Kata, orders: socket.socket, resident: bool) -> None:
        self.kata = kata
        self.orders = orders
        self.resident = resident
        self.faults: list[str] = []
        self.grading: Any = None
        self.quick = False  # whether every judge may rehearse for itself
        self.served = False
        self.memory = Memory()
        self._cold = resident

    # ------------------------------------------------------------------------------- pytest's hooks

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[MODE] = self
        config.stash[SEED] = bytes(16)
        self.config = config

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.faults.append(f"{report.nodeid}: {report.longreprtext}")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.items = [item for item in session.items if KATA in item.stash]
        self._check()
        if not self.faults:
            self._serve()
        return True

    def _check(self) -> None:
        tested = {task_of(item) for item in self.items}
        untested = [task.name for task in self.kata.tasks if task.name not in tested and not task.review]
        if not self.items:
            self.faults.append(f"{self.kata.folder}: no test was collected; write {self.kata.folder}/test_*.py")
        elif untested and not self.kata.handed_out:
            names = ", ".join(untested)
            self.faults.append(f"{self.kata.folder / 'kata.toml'}: no test decides {names}: write one, marked @task(…)")

    # ------------------------------------------------------------------- the plugin's mode, passed on

    def handle(self, item: pytest.Item, kata: Kata) -> Handle:
        """The `kata` of a test: the grading's, or the solution while the room warms up."""
        if self.grading is None:
            return Handle(kata, LocalSide(kata, kata.solution), lambda: LocalSide(kata, kata.solution))
        return self.grading.handle(item, kata)  # type: ignore[no-any-return]

    def run(self, item: pytest.Function, trial: Any) -> None:
        if self.grading is None:
            trial.failure(reducing=False)
        else:
            self.grading.run(item, trial)

    def install(self, grading: Any, seed: bytes) -> None:
        """From now on this process is the judge of one submission."""
        self.grading = grading
        self.config.stash[SEED] = seed

    # --------------------------------------------------------------------------------------- orders

    def _serve(self) -> None:
        gc.collect()
        gc.freeze()
        waiting: socket.socket | None = self._fork()
        busy: dict[int, socket.socket] = {}
        poll = select.poll()
        poll.register(self.orders, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in poll.poll(IDLE_MS if self._cold else None)}
            for descriptor in ready & busy.keys():
                if not self._learns(busy[descriptor]):
                    poll.unregister(descriptor)
                    busy.pop(descriptor).close()
            asked, idle = self.orders.fileno() in ready, not ready and not busy
            # Where one order follows the other it is never idle: then before the second.
            if self._cold and (idle or (asked and self.served)):
                self._warm_up()
                waiting = self._renewed(waiting)
            if asked:
                self.served = True
                message, descriptors, _, _ = socket.recv_fds(self.orders, 65536, DESCRIPTORS)
                if not message:
                    return
                # One that waits already saves the time of the fork; the next is made when this one is done.
                judge = waiting or self._fork()
                waiting = None
                self._hand_over(judge, message, descriptors)
                busy[judge.fileno()] = judge
                poll.register(judge, select.POLLIN)
            elif waiting is None and not busy and self.resident:
                waiting = self._fork()

    def _learns(self, judge: socket.socket) -> bool:
        """Take in all that a judge has learnt; False when it is gone."""
        with contextlib.suppress(BlockingIOError):
            while True:
                try:
                    message = judge.recv(MESSAGE_BYTES + 1, socket.MSG_DONTWAIT)
                except ConnectionError:
                    return False
                if not message:
                    return False
                self.memory.take_in(message)
        return True

    def _renewed(self, waiting: socket.socket | None) -> socket.socket:
        if waiting is not None:
            waiting.close()
        return self._fork()

    def _hand_over(self, judge: socket.socket, message: bytes, descriptors: list[int]) -> None:
        try:
            socket.send_fds(judge, [message], descriptors)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _fork(self) -> socket.socket:
        """A judge that waits for its order; returns where the order goes."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = os.fork()
        if pid:
            theirs.close()
            return ours
        status = 70
        try:
            prctl("PR_SET_PDEATHSIG", PR_SET_PDEATHSIG, signal.SIGKILL)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            ours.close()
            self.orders.close()
            gc.set_threshold(100_000)  # a judge lives for one grading; collecting copies the pages it shares
            self._judge(theirs)
            status = 0
        finally:
            os._exit(status)

    def _judge(self, orders: socket.socket) -> None:
        if self.quick and not select.select([orders], [], [], IDLE_MS / 1000)[0]:
            self._rehearse()  # nobody waits: touch every page that a grading touches, so that it is ours already
        message, descriptors, _, _ = socket.recv_fds(orders, 65536, DESCRIPTORS)
        if not message:
            return
        client = socket.socket(fileno=descriptors[0])
        sandboxes = {
            runtime: Sandbox(socket.socket(fileno=descriptor), note["confinement"], note["reason"])
            for runtime, descriptor, note in zip(self.kata.runtimes, descriptors[1:], json.loads(message), strict=True)
        }
        order = _orders.decode(receive(client))
        _live_as_long_as(client)
        limit_memory()
        tell = partial(_tell, client)
        found = answer(self.kata, self.items, order, sandboxes, self.install, tell, self.memory)
        with contextlib.suppress(OSError):
            for message in self.memory.news():  # before the answer, which the next order may follow at once
                orders.send(message)
        signal.signal(signal.SIGIO, signal.SIG_IGN)
        send(client, msgspec.msgpack.encode(found))

    def refuse_all(self) -> None:
        """The tests cannot be collected: say so to whoever asks."""
        said = "\n".join(self.faults) or f"{self.kata.folder}: pytest could not collect the tests"
        while True:
            message, descriptors, _, _ = socket.recv_fds(self.orders, 65536, DESCRIPTORS)
            if not message:
                return
            client = socket.socket(fileno=descriptors[0])
            with contextlib.suppress(OSError):
                receive(client)
                send(client, msgspec.msgpack.encode(Answer(error=said)))
            client.close()
            for descriptor in descriptors[1:]:
                os.close(descriptor)

    def _warm_up(self) -> None:
        """Run the tests once on the solution, so that every judge forked later finds everything in its place."""
        begun = time.monotonic()
        self._rehearse()
        self.quick = time.monotonic() - begun < QUICK_S
        self._cold = False
        gc.collect()
        gc.freeze()

    def _rehearse(self) -> None:
        begun = time.monotonic()
        warnings.simplefilter("ignore")  # of what the solution computes nobody here wants to hear
        for item in self.items:
            # No test is interrupted: half set up, it would break in every judge forked later.
            if item.get_closest_marker("gpu") is None and time.monotonic() - begun < REHEARSAL_S:
                with contextlib.suppress(Exception):  # then it will say so itself
                    run_once(item)


def _tell(client: socket.socket, verdict: Verdict) -> None:
    """Send what is known so far; the kernel's signal of room to write on is not that of a client who is gone."""
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    try:
        send(client, msgspec.msgpack.encode(Answer(verdict=verdict, so_far=True)))
    except OSError:
        os._exit(0)
    _live_as_long_as(client)


def _live_as_long_as(client: socket.socket) -> None:
    """End this process as soon as the other end of a socket is closed: a verdict that nobody waits for is not made.

    The kernel then sends the signal of asynchronous input, which is nobody else's here; the worker zygote ends the
    workers of a judge that is gone.
    """
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(client, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(client, fcntl.F_SETFL, fcntl.fcntl(client, fcntl.F_GETFL) | os.O_ASYNC)
    poll = select.poll()
    poll.register(client, select.POLLIN)
    if poll.poll(0):  # it was closed before the kernel was asked
        os._exit(0)
