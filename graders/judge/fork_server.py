"""The judge's fork server, which starts sandboxes, imports torch if tests use it, and forks suite servers.

graders.judge.client starts it with a control socket (see graders.unix). Each message on that socket is a `SuiteNote` in
JSON. It is sent with the descriptor of the connection on which the client sends the whole request and reads the
response. When the control socket closes, this process ends everything that it started, and then exits.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graders.errors import JudgeError, MissingPackage
from graders.judge.speed import ending_process, freeze_heap
from graders.sandbox import launcher
from graders.sandbox.runtimes import runtime
from graders.unix import address_space, message_pair, pid_of, receive_message, send_message
from graders.worker.eager import import_torch
from graders.worker.removal import remove

if TYPE_CHECKING:
    from graders.catalogue import Kata
    from graders.judge.messages import SuiteNote

HELLO_S = 600.0  # the longest start of a workers' fork server; if it dies, the judge notices at once
REMOVED_WITHIN_S = 60
POOL = 8  # the most workers that are kept ready; one for PyTorch takes 15 MB while it waits
SUITES, SUITES_OF_A_BATCH = 2, 12  # the most suite servers that are kept; a batch goes from kata to kata and back
IDLE_S = 600.0  # after this long without a request, none of them is kept
LOOK_S = 1.0  # while processes start or are about to end, how often this process looks at them


@dataclass
class WorkerServer:
    """A workers' fork server in its sandbox. `judges` is the socket on which judges ask for workers."""

    launch: launcher.Launch
    judges: socket.socket
    theirs: socket.socket | None  # the fork server's end, until its process runs
    greeted: bool = False
    begun: float = field(default_factory=time.monotonic)
    slots: set[int] = field(default_factory=set)  # which have used it

    @classmethod
    def start(
        cls, name: str, packages: tuple[str, ...], data: tuple[str, ...], confinement: Any, pool: int = POOL
    ) -> WorkerServer:
        """Start a fork server without waiting for it. Call `greet` before using it."""
        ours, theirs = message_pair()
        settings = {"pool": pool, "packages": packages}
        shown = {each: importlib.import_module("graders.datasets").folder(each) for each in data}
        launch = launcher.start(
            runtime(name, packages, shown), theirs.fileno(), confinement=confinement, settings=settings
        )
        return cls(launch, ours, theirs)

    @property
    def awaited(self) -> int | None:
        """The descriptor that becomes readable when `go_on` has something to do, or None after the start."""
        if self.greeted:
            return None
        return self.judges.fileno() if self.theirs is None else self.launch.ready.fileno()

    def greet(self) -> launcher.Launch:
        """Wait until the fork server has started. Raises ConfinementError and JudgeError."""
        while (awaited := self.awaited) is not None:
            select.select([awaited], [], [], HELLO_S)
            self.go_on()
        return self.launch

    def go_on(self) -> None:
        """Go on with the start without waiting, unless a weaker confinement must be tried.

        Raises ConfinementError and JudgeError.
        """
        if self.awaited is None:
            return
        if not select.select([self.awaited], [], [], 0)[0]:
            if time.monotonic() > self.begun + HELLO_S:
                raise self._fault()
        elif self.theirs is None:
            self._greet()
        else:
            theirs, self.theirs = self.theirs, None
            with theirs:
                self.launch.settle()

    def _greet(self) -> None:
        """Tell the fork server how much memory it uses without a submission."""
        try:
            message, descriptors = receive_message(self.judges, 4096, 1)
        except ConnectionError:
            message, descriptors = b"", []
        if not message:
            raise self._fault()
        base = 0  # other systems do not limit the memory that a process maps
        if sys.platform == "linux":
            base = address_space(pid_of(descriptors[0]))
            os.close(descriptors[0])
        send_message(self.judges, json.dumps({"base_memory": base}).encode())
        self.greeted = True

    def _fault(self) -> JudgeError:
        return JudgeError(f"the workers' fork server did not start: {self.launch.errors() or 'it printed nothing'}")

    @property
    def alive(self) -> bool:
        return not self.greeted or self.launch.process.poll() is None

    def rest(self) -> None:
        """Let the fork server end the workers that wait, because other workers are needed now."""
        if self.greeted:
            with contextlib.suppress(OSError):  # it is busy, or dead
                send_message(self.judges, json.dumps({"rest": True}).encode(), wait=False)

    def leave(self) -> None:
        """Let the fork server end as soon as no judge holds its socket. Then it `has_left`."""
        self.judges.close()
        if not self.greeted:  # so no judge does
            self.launch.process.kill()

    def has_left(self) -> bool:
        """Return whether the fork server has ended. If so, remove what it leaves."""
        if self.launch.process.poll() is None:
            return False
        self.stop()
        return True

    def stop(self) -> None:
        """End the fork server and its workers at once, and remove what they leave."""
        self.judges.close()
        if self.theirs is not None:
            self.theirs.close()
        self.launch.close()


def data_of(kata: Kata) -> tuple[str, ...]:
    """Return the data sets that a kata's workers can see: those it needs, and the optional ones that are present."""
    optional = importlib.import_module("graders.datasets").available(kata.optional_data) if kata.optional_data else ()
    return kata.data + tuple(optional)


def _seen(kata: Kata | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the packages and the data sets that workers can see for a kata, or for most katas."""
    return ((), ()) if kata is None else (kata.packages, data_of(kata))


def _key(name: str, kata: Kata | None, slot: int = 0) -> str:
    packages, data = _seen(kata)
    return json.dumps([name, sorted(packages), sorted(data), 0 if name == "numpy" else slot])


@dataclass
class SuiteProcess:
    """The process that serves the suite of one kata."""

    pid: int
    requests: socket.socket
    signature: str
    kata: Kata
    servers: set[str] = field(default_factory=set)  # the keys of the workers' fork servers that its judges have used

    def leave(self) -> None:
        """Let the process end as soon as it has answered the requests that it has."""
        self.requests.close()

    def has_left(self) -> bool:
        with contextlib.suppress(ChildProcessError):
            return os.waitpid(self.pid, os.WNOHANG)[0] == self.pid
        return True


@dataclass
class WaitingRequest:
    """A request that is forwarded once the workers' fork servers for it have started."""

    note: SuiteNote
    client: socket.socket
    runtimes: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)  # of the fork server for each runtime
    servers: dict[str, WorkerServer] = field(default_factory=dict)  # by key


@dataclass
class SuiteForkServer:
    """A server with a suite process for each kata, and a workers' fork server for each set of visible files.

    It keeps those of the katas that were requested last. The others end when their last judge has answered: this
    process forgets them before it closes their sockets, so no request can reach one that is about to end.
    """

    control: socket.socket
    confinement: str
    servers: dict[str, WorkerServer] = field(default_factory=dict)
    suites: dict[str, SuiteProcess] = field(default_factory=dict)  # the one that was requested last is the last
    leaving: list[WorkerServer | SuiteProcess] = field(default_factory=list)
    waiting: list[WaitingRequest] = field(default_factory=list)

    def serve(self) -> None:
        import msgspec

        from graders.judge.messages import SuiteNote

        while True:
            servers = (server for request in self.waiting for server in request.servers.values())
            starting = {each for server in servers if (each := server.awaited) is not None}
            seconds = LOOK_S if self.leaving or self.waiting else IDLE_S
            ready = select.select([self.control.fileno(), *starting], [], [], seconds)[0]
            if not ready and not self.leaving and not self.waiting:
                self.keep(0)
            self.leaving = [each for each in self.leaving if not each.has_left()]
            if self.control.fileno() in ready:
                message, descriptors = receive_message(self.control, 65536, 1)
                if not message:
                    return
                client = socket.socket(fileno=descriptors[0])
                try:
                    self.waiting.append(WaitingRequest(msgspec.json.decode(message, type=SuiteNote), client))
                except msgspec.DecodeError as fault:  # it comes from another version
                    self.refuse(client, fault)
                    client.close()
            self.advance()
            while not all(map(self.has_its_servers, self.waiting)):  # one request has replaced a server of another one
                self.advance()

    def advance(self) -> None:
        """Prepare the new requests, and forward those whose fork servers have started."""
        for request in list(self.waiting):
            try:
                if not self.has_its_servers(request):
                    self.prepare(request)
                for key, server in request.servers.items():
                    self.go_on(key, server)
                if not all(server.greeted for server in request.servers.values()):
                    continue
                self.forward(request)
            except Exception as fault:  # noqa: BLE001 (this client must get a response, and others must be served)
                self.refuse(request.client, fault)
            self.waiting.remove(request)
            request.client.close()

    def has_its_servers(self, request: WaitingRequest) -> bool:
        return bool(request.servers) and all(self.servers.get(key) is each for key, each in request.servers.items())

    def prepare(self, request: WaitingRequest) -> None:
        """Start what a request needs, without waiting for it."""
        import msgspec

        kata = self.suite(request.note).kata
        request.runtimes = [self.available(name, kata) for name in kata.runtimes]
        request.keys = [_key(name, kata, request.note.slot) for name in request.runtimes]
        names = dict(zip(request.keys, request.runtimes, strict=True))
        request.servers = {key: self.server(key, name, kata, request.note) for key, name in names.items()}
        request.note = msgspec.structs.replace(request.note, again=False)  # what it lost has been replaced

    def go_on(self, key: str, server: WorkerServer) -> None:
        """Go on with the start of a fork server, and forget it if it fails, so that the next request has a new one."""
        try:
            server.go_on()
        except Exception:
            self.leave(self.servers, key)
            raise

    def forward(self, request: WaitingRequest) -> None:
        """Pass a request on to the suite process of its kata, with the sockets of the workers' fork servers."""
        import msgspec

        from graders.judge.messages import SandboxNote

        note, notes, descriptors = request.note, [], [request.client.fileno()]
        for name, key in zip(request.runtimes, request.keys, strict=True):
            server = request.servers[key]
            notes.append(SandboxNote(confinement=server.launch.confinement, reason=server.launch.reason, runtime=name))
            descriptors.append(server.judges.fileno())
        message = msgspec.json.encode(notes)
        suite = self.suite(note)
        try:
            send_message(suite.requests, message, descriptors)
        except OSError:  # the suite process has ended, so a new one is started
            self.leave(self.suites, note.kata)
            suite = self.suite(note)
            send_message(suite.requests, message, descriptors)
        suite.servers.update(request.keys)
        self.keep(SUITES_OF_A_BATCH if note.crowded else SUITES)
        if not note.crowded:
            for key in self.servers.keys() - suite.servers:
                self.servers[key].rest()

    def keep(self, most: int) -> None:
        """Let all but the suite processes that were requested last end, and the fork servers that these don't use."""
        for slug in list(self.suites)[: max(len(self.suites) - most, 0)]:
            self.leave(self.suites, slug)
        used = {key for suite in self.suites.values() for key in suite.servers}
        used |= {key for request in self.waiting for key in request.keys}
        for key in self.servers.keys() - used:
            self.leave(self.servers, key)

    def leave(self, among: dict[str, WorkerServer] | dict[str, SuiteProcess], key: str) -> None:
        """Remove a process from its table. It ends when its last user has left."""
        process = among.pop(key)
        process.leave()
        self.leaving.append(process)

    def server(self, key: str, name: str, kata: Kata, note: SuiteNote) -> WorkerServer:
        """Return a running fork server for a runtime, with the kata's packages and data. Replace a dead one.

        If the note says `again`, one that the slot has used is dead too. (The end of a process in a sandbox becomes
        visible outside only after a moment.) The workers of the runtime numpy can write nowhere, so all slots share its
        fork server, and the first slot that lost it gets a new one for all of them.
        """
        server = self.servers.get(key)
        if server is None or not server.alive or (note.again and note.slot in server.slots):
            if server is not None:
                server.stop()
            server = self.start(key, name, kata)
        server.slots.add(note.slot)
        return server

    def start(self, key: str, name: str, kata: Kata | None) -> WorkerServer:
        server = self.servers[key] = WorkerServer.start(name, *_seen(kata), self.confinement)
        return server

    def available(self, name: str, kata: Kata) -> str:
        """Return the runtime to start for a runtime in kata.toml. Confined workers cannot have the runtime gpu."""
        if name != "gpu" or self.confinement == "none":
            return name
        return "torch" if kata.runtime == "gpu" else kata.runtime

    def start_ahead(self, root: str, first: str) -> None:
        """Start the workers' fork servers for a kata, or that of most katas, without waiting for them."""
        kata, names = None, ["numpy"]
        if first:
            kata = importlib.import_module("graders.catalogue").load(Path(root), first)
            names = [self.available(name, kata) for name in kata.runtimes]
        for name in dict.fromkeys(names):
            self.start(_key(name, kata), name, kata)

    def suite(self, note: SuiteNote) -> SuiteProcess:
        """Return the suite process of a kata, which is started anew if the kata's files have changed."""
        suite = self.suites.get(note.kata)
        if suite is not None and suite.signature == note.signature:
            self.suites[note.kata] = self.suites.pop(note.kata)
            return suite
        if suite is not None:
            self.leave(self.suites, note.kata)
        kata = importlib.import_module("graders.catalogue").load(Path(note.root), note.kata)
        ours, theirs = message_pair()
        pid = os.fork()
        if pid == 0:
            with ending_process():
                ours.close()
                self.close_inherited()
                importlib.import_module("graders.judge.suite_server").serve_kata(kata, theirs, note.resident)
        theirs.close()
        suite = self.suites[kata.slug] = SuiteProcess(pid, ours, note.signature, kata)
        return suite

    def clear(self, folder: str) -> None:
        """End the workers, which may still write into the temporary folder, and remove the folder."""
        signal.alarm(REMOVED_WITHIN_S)  # the alarm kills this process if unconfined code keeps writing
        for server in (*self.servers.values(), *(each for each in self.leaving if isinstance(each, WorkerServer))):
            server.launch.end()
        remove(folder)

    def close_inherited(self) -> None:
        """In a forked process, close the descriptors that only the fork server uses."""
        self.control.close()
        for request in self.waiting:  # if it stayed open, the client would not notice the judge's end
            request.client.close()
        for server in self.servers.values():
            server.judges.close()
            if server.theirs is not None:  # if it stayed open, a judge would not notice the fork server's end
                server.theirs.close()
        for suite in self.suites.values():
            suite.requests.close()

    def refuse(self, client: socket.socket, fault: Exception) -> None:
        """Answer a request with the reason why it cannot be graded."""
        import msgspec

        from graders.judge.messages import GradeResponse, receive, send

        with contextlib.suppress(OSError, EOFError):
            receive(client)
            missing, said = isinstance(fault, MissingPackage), str(fault)
            answer = GradeResponse(ungraded=said) if missing else GradeResponse(error=said)
            send(client, msgspec.msgpack.encode(answer))


def main(control: int, confinement: str, folder: str, early: str, root: str, first: str) -> None:
    """Run the fork server.

    The sandbox for the kata `first` starts while PyTorch is imported, unless `early` is empty. `folder` is removed at
    the end.
    """
    gc.disable()  # imports leave little garbage, and looking for it takes an eighth of their time
    server = SuiteForkServer(socket.socket(fileno=control), confinement)
    with contextlib.suppress(Exception):  # a request that needs the workers tries again and reports the fault
        server.start_ahead(root, first)
    if early:
        with contextlib.suppress(ImportError):
            import_torch()
    importlib.import_module("graders.judge.suite_server")
    freeze_heap()
    gc.enable()
    try:
        server.serve()
    finally:
        with contextlib.suppress(OSError):
            server.clear(folder)
        if sys.platform != "linux":
            os.killpg(os.getpid(), signal.SIGKILL)  # with the suite servers and judges
        os._exit(0)
