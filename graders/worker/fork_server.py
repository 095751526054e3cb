"""The workers' fork server, a separate Python process that forks confined workers before they are needed.

Sources are sent directly to a worker, so the fork server's memory never contains a learner's work. A judge sends
`{"workers": n, "kept", "processor"}` over a message socket (graders.unix), together with one end of a private one. Over
the private socket, the fork server sends each worker's descriptors (channel, output and, on Linux, pidfd), and later
the worker's exit (`{"pid", "status", "cpu_s"}`). If it cannot make a worker, it sends `{"refused"}` instead. When the
private socket closes, it kills that judge's workers. It creates the descriptors of each worker, and closes its own
copies once they are sent.

Only a scratch folder can outlive its worker: the kernel frees a worker's memory, threads and descriptors, and the
seccomp filter lets it make no shared memory. Before a grading run gets its first worker, the fork server checks that no
other scratch folder is left. If one is, the fork server ends, and the client grades again with a new one.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import importlib
import json
import logging
import os
import select
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from graders import wire
from graders.unix import receive_message, run_on, send_message
from graders.worker.confinement import WorkerConfinement
from graders.worker.eager import import_torch
from graders.worker.removal import remove_if_possible
from graders.worker.serving import rehearse, serve

IDLE_MS = 4  # after this long without an event, a worker is added to the pool
REST_MS = 30_000  # after this long without an event, the pool shrinks
RESTING = 1  # the smallest pool
CLEANED_WITHIN_S = 5.0  # the longest wait for the removal of what an earlier grading run left
USUAL_MODULES = {"sklearn": "sklearn.metrics", "rich": "rich.progress"}  # what submissions import of large packages
REHEARSALS = 16  # Python specialises code within about this many runs


@dataclass
class ReadyWorker:
    """A confined worker, with the judge's ends of the socket and the pipe that lead to it."""

    pid: int
    descriptors: list[int]
    scratch: str | None

    def close(self) -> None:
        for descriptor in self.descriptors:
            os.close(descriptor)


@dataclass
class WorkerForkServer:
    """The fork server's state. Judges send their requests to `control`, and the launcher provides `settings`."""

    control: socket.socket
    settings: dict[str, Any]
    walls: Any = None
    base_memory: int | None = None
    pool: list[ReadyWorker] = field(default_factory=list)
    handed: dict[int, tuple[ReadyWorker, socket.socket]] = field(default_factory=dict)  # pid -> worker and owner
    owners: dict[int, socket.socket] = field(default_factory=dict)
    kept: set[int] = field(default_factory=set)  # the owners whose workers wait for later grading runs
    cleaners: set[int] = field(default_factory=set)
    made: int = 0
    wanted: int = RESTING  # the size of the pool: as many as a recent grading run used
    asked: int = 0  # how many workers the present grading run has requested

    def run(self) -> None:
        """Serve until the control socket closes."""
        self.ended = _noticing_ends()
        self.poll = select.poll()
        self.poll.register(self.control, select.POLLIN)
        self.poll.register(self.ended, select.POLLIN)
        while True:
            # Do not fill the pool while any judge uses its workers: they need the processors.
            free = self.owners.keys() <= self.kept
            filling = self.base_memory is not None and free and len(self.pool) < min(self.wanted, self.settings["pool"])
            resting = free and self.wanted > RESTING
            events = self.poll.poll(IDLE_MS if filling else REST_MS if resting else None)
            if not events and not filling:
                self.rest()
            elif not events:
                with contextlib.suppress(OSError):  # the next request will report the error
                    self.pool.append(self.fork(rehearsing=True))
            # Only a request brings new descriptors, so it is handled last. Handled earlier, it could reuse the number
            # of a descriptor that was just closed, and an event for the old one would be taken for the new one.
            control = self.control.fileno()
            for descriptor, _ in events:
                if descriptor == self.ended:
                    self.reap_ended()
                elif descriptor in self.owners:
                    self.leave(descriptor)
            if any(descriptor == control for descriptor, _ in events) and not self.answer():
                return

    def answer(self) -> bool:
        """Hand out the workers that one message requests. Return False once the control socket is closed."""
        message, descriptors = receive_message(self.control, 65536, 1)
        if not message:
            return False
        request = json.loads(message)
        if "base_memory" in request:
            self.base_memory = request["base_memory"]
            return True
        if "rest" in request:
            self.rest()
            return True
        owner = socket.socket(fileno=descriptors[0])
        self.owners[owner.fileno()] = owner
        if request.get("kept"):
            self.kept.add(owner.fileno())
        self.poll.register(owner, select.POLLIN)
        try:
            # A grading run has an owner here as long as it lasts. So this is the next one, and must find nothing left.
            if len(self.owners) == 1 and self._leftovers():
                return False
            self.asked += request["workers"]
            for _ in range(request["workers"]):
                worker = self.pool.pop(0) if self.pool else self.fork()
                if request["processor"] is not None:  # a judge may not have the right to
                    run_on({request["processor"]}, worker.pid)
                self.hand_out(worker, owner)
        except OSError as fault:  # the system cannot provide a folder or a process
            with contextlib.suppress(OSError):
                send_message(owner, json.dumps({"refused": str(fault)}).encode(), wait=False)
        return True

    def rest(self) -> None:
        """End the workers that were forked ahead, but for the smallest pool. The next grading runs fill it again."""
        self.wanted = RESTING
        for worker in self.pool[RESTING:]:
            os.kill(worker.pid, signal.SIGKILL)
            os.waitpid(worker.pid, 0)
            worker.close()
            if worker.scratch:
                self.clean(worker.scratch)
        del self.pool[RESTING:]

    def hand_out(self, worker: ReadyWorker, owner: socket.socket) -> None:
        self.handed[worker.pid] = worker, owner
        # The fork server must survive the death of a judge.
        with contextlib.suppress(OSError):
            send_message(owner, json.dumps({"pid": worker.pid}).encode(), worker.descriptors, wait=False)
        worker.close()
        self.reap(worker.pid, os.WNOHANG)  # if it ended in the pool

    def reap_ended(self) -> None:
        """Reap every child that has ended."""
        with contextlib.suppress(BlockingIOError):
            os.read(self.ended, 65536)
        for pid in list(self.handed):
            self.reap(pid, os.WNOHANG)
        self.cleaners = {pid for pid in self.cleaners if os.waitpid(pid, os.WNOHANG)[0] == 0}

    def reap(self, pid: int, options: int = 0) -> None:
        """Reap a worker, and report its end to its judge. With WNOHANG, only if it has ended."""
        ended, status, usage = os.wait4(pid, options)
        if not ended:
            return
        worker, owner = self.handed.pop(pid)
        self.kill_group(pid)
        if worker.scratch:
            self.clean(worker.scratch)
        end = {"pid": worker.pid, "status": status, "cpu_s": usage.ru_utime + usage.ru_stime}
        with contextlib.suppress(OSError):
            send_message(owner, json.dumps(end).encode(), wait=False)

    def kill_group(self, pid: int) -> None:
        """Kill what a worker without confinement has started, unless that has left the worker's process group."""
        if self.walls is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)

    def clean(self, scratch: str) -> None:
        """Remove a worker's folder. A separate process empties it, because it may hold a million files at any depth."""
        with contextlib.suppress(OSError):
            os.rmdir(scratch)
            return
        pid = os.fork()
        if pid == 0:
            remove_if_possible(scratch)
            os._exit(0)
        self.cleaners.add(pid)

    def leave(self, descriptor: int) -> None:
        """Kill an owner's workers. Owners send nothing, so a readable socket means that its owner is gone."""
        owner = self.owners.pop(descriptor)
        self.kept.discard(descriptor)
        self.poll.unregister(descriptor)
        if self.owners.keys() <= self.kept:  # the grading run is over
            self.wanted = max(self.asked, self.wanted - 1, RESTING)
            self.asked = 0
        owned = [pid for pid, (_, other) in self.handed.items() if other is owner]
        for pid in owned:
            os.kill(pid, signal.SIGKILL)
        for pid in owned:
            self.reap(pid)
        owner.close()

    def kill_all(self) -> None:
        """Kill every worker."""
        for pid in [*self.handed, *(worker.pid for worker in self.pool)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            self.kill_group(pid)

    def fork(self, rehearsing: bool = False) -> ReadyWorker:
        """Fork a confined worker that waits for a submission. If `rehearsing` is true, it rehearses first.

        Raises OSError if the system cannot provide a folder or a process.
        """
        scratch = self._scratch()
        judge_end, own_end = socket.socketpair()
        output, own_output = os.pipe()
        pid = os.fork()
        if pid == 0:
            self._become_worker(own_end.fileno(), own_output, scratch, rehearsing)
        own_end.close()
        os.close(own_output)
        if self.walls is None:
            with contextlib.suppress(OSError):  # it has ended
                os.setpgid(pid, pid)  # the worker does so too, because no one knows which of them is first
        return ReadyWorker(pid, [judge_end.detach(), output, *_pidfd(pid)], scratch)

    def _scratch(self) -> str | None:
        root = self.settings.get("scratch")
        if not root:
            return None
        self.made += 1
        folder = f"{root}/{self.made}"
        try:
            os.mkdir(folder, 0o700)
        except OSError:  # the file system is full, so wait until the folders of earlier workers are removed
            while self.cleaners:
                os.waitpid(self.cleaners.pop(), 0)
            os.mkdir(folder, 0o700)
        return folder

    def _leftovers(self) -> list[str]:
        """Return the scratch folders of ended workers that are still there after a short wait for their removal."""
        root = self.settings.get("scratch")
        if not root:
            return []
        deadline = time.monotonic() + CLEANED_WITHIN_S
        while self.cleaners and (left := deadline - time.monotonic()) > 0:
            select.select([self.ended], [], [], left)
            self.reap_ended()
        living = {worker.scratch for worker in self.pool}
        return [name for name in os.listdir(root) if name[0].isdigit() and f"{root}/{name}" not in living]

    def _become_worker(self, channel: int, output: int, scratch: str | None, rehearsing: bool) -> None:
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            os.dup2(output, 1)
            os.dup2(output, 2)
            if self.walls is not None:
                memory = (self.base_memory or 0) + (64 << 30)  # lowered to the kata's limit when a submission is loaded
                self.walls.apply({0, 1, 2, channel}, memory, 24 * 3600, scratch)
            else:
                os.setpgid(0, 0)  # so that the fork server can kill what this worker starts
                os.closerange(3, channel)
                os.closerange(channel + 1, 4096)
            if scratch:
                os.chdir(scratch)
                os.environ["TMPDIR"] = scratch
                tempfile.tempdir = None
            # CUDA reserves more addresses than a limit on memory would allow.
            base_memory = 0 if self.settings["runtime"] == "gpu" else self.base_memory or 0
            serve(channel, self.settings["runtime"], base_memory, rehearsing)
        except BaseException as fault:  # noqa: BLE001 (nothing may return into the fork server's loop)
            os.write(2, f"worker: {type(fault).__name__}: {fault}\n".encode())
        finally:
            os._exit(70)


def _pidfd(pid: int) -> list[int]:
    """Return a descriptor of a process in a list, which is empty on systems that have none."""
    if sys.platform == "linux":
        return [os.pidfd_open(pid)]
    return []


def _noticing_ends() -> int:
    """Return a descriptor that becomes readable when a child of this process has ended."""
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return reading


def _warm_up() -> None:
    """Import and use the modules that most submissions use, so that no worker loses time on them."""
    for name in ["dataclasses", "enum", "functools", "itertools", "math", "statistics", "string", "typing"]:
        importlib.import_module(name)
    for name in ["fft", "linalg", "ma", "polynomial", "random"]:
        importlib.import_module(f"numpy.{name}")
    matrix = np.random.default_rng(0).standard_normal((4, 4))
    np.random.seed(0)
    np.linalg.norm(matrix @ matrix.astype(np.float32).T)
    np.einsum("ij,jk->ik", matrix, np.exp(matrix))
    wire.crossed({"warm": (matrix, 1.0)})


def _warm_up_torch() -> None:
    """Import torch and use optimisers once."""
    torch = import_torch()
    layer = torch.nn.Linear(2, 2)
    for kind in (torch.optim.SGD, torch.optim.Adam):
        layer(torch.ones(1, 2)).sum().backward()
        kind(layer.parameters(), lr=0.1).step()


def _warm_up_packages(packages: Sequence[str], scratch: str | None) -> None:
    """Import a kata's additional packages. Draw a figure with matplotlib, whose first use scans all fonts."""
    if "matplotlib" in packages:
        _warm_up_matplotlib(scratch or os.environ.get("TMPDIR"))
    for name in packages:
        importlib.import_module(USUAL_MODULES.get(name, name))


def _warm_up_matplotlib(folder: str | None) -> None:
    """Import matplotlib and draw a figure. Its settings are those in `folder`; if there is none, nothing is written."""
    os.environ |= {"MPLCONFIGDIR": f"{folder}/matplotlib" if folder else "/", "MPLBACKEND": "agg"}
    access = os.access
    try:
        if not folder:  # matplotlib insists on a folder that it may write to, but does without the files in it
            os.access = lambda *_, **__: True
            logging.getLogger("matplotlib").setLevel(logging.ERROR)
        figure = importlib.import_module("matplotlib.figure").Figure()
        figure.subplots().set_title("warm")
        with open(os.devnull, "wb") as nowhere:
            figure.savefig(nowhere, format="png")
        importlib.import_module("matplotlib.pyplot")
    finally:
        os.access = access


def main(control: int, settings: dict[str, Any]) -> None:
    """Run the fork server. graders.sandbox.launcher documents the settings."""
    gc.disable()  # imports leave little garbage, and looking for it takes long
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if settings["runtime"] != "numpy":
        _warm_up_torch()
    _warm_up()
    _warm_up_packages(settings.get("packages", ()), settings.get("scratch"))
    for _ in range(REHEARSALS):
        rehearse(settings["runtime"])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the judge handles Ctrl-C
    faulthandler.register(signal.SIGUSR1, file=2, all_threads=False)  # so that the judge can ask where a worker is
    walls = WorkerConfinement.build(settings["readable"], settings["runtime"] != "numpy") if settings["walls"] else None
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
    gc.collect()
    gc.freeze()
    gc.enable()
    server = WorkerForkServer(socket.socket(fileno=control), settings, walls)
    hello = _pidfd(os.getpid())
    send_message(server.control, json.dumps({"ready": True}).encode(), hello)
    for descriptor in hello:
        os.close(descriptor)

    def end(*_: object) -> None:
        server.kill_all()
        os._exit(0)

    signal.signal(signal.SIGTERM, end)  # the launcher sends it only to a fork server without confinement
    try:
        server.run()
    finally:
        server.kill_all()
