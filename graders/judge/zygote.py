"""The root of the judging processes: it starts sandboxes, imports torch if tests use it, forks a room for every kata.

Started by graders.judge.api with a control socket (SOCK_SEQPACKET). An order is a JSON note `{"kata", "signature",
"root", "resident"}` with one descriptor: the connection on which the client sends the whole order and reads the
answer. The process ends when the control socket closes, and takes everything that it started with it.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graders.errors import JudgeError
from graders.judge import sandbox as walls
from graders.judge.process import pid_of
from graders.judge.runtime import runtime
from graders.worker.removal import remove

if TYPE_CHECKING:
    from graders.catalogue import Kata

HELLO_S = 60.0
REMOVED_WITHIN_S = 60
POOL = 12  # workers kept ready: as many as an exercise has tests, and a few for a diagnosis


@dataclass
class Zygote:
    """A worker zygote in its sandbox. `judges` is the socket on which judges ask for workers."""

    launch: walls.Launch
    judges: socket.socket
    theirs: socket.socket | None
    launched: walls.Launched | None = None

    @classmethod
    def start(cls, name: str, packages: tuple[str, ...], data: tuple[str, ...], confinement: Any) -> Zygote:
        """Begin to start one; `greet` before it is used."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        settings = {"pool": POOL, "packages": packages}
        shown = {each: importlib.import_module("graders.dataroom").folder(each) for each in data}
        launch = walls.start(
            runtime(name, packages, shown), theirs.fileno(), confinement=confinement, settings=settings
        )
        return cls(launch, ours, theirs)

    def greet(self) -> walls.Launched:
        """Wait until it is up, and tell it how much memory it has before any submission."""
        if self.launched is not None:
            return self.launched
        launched = self.launch.settle()
        assert self.theirs is not None
        self.theirs.close()
        self.judges.settimeout(HELLO_S)
        try:
            message, descriptors, _, _ = socket.recv_fds(self.judges, 4096, 1)
        except (TimeoutError, ConnectionError):
            message, descriptors = b"", []
        if not message:
            said = launched.errors()
            launched.close()
            raise JudgeError(f"the worker zygote did not start: {said or 'it said nothing'}")
        pid = pid_of(descriptors[0])
        os.close(descriptors[0])
        self.judges.settimeout(None)
        self.judges.send(json.dumps({"base_memory": _address_space(pid)}).encode())
        self.launched = launched
        return launched

    @property
    def alive(self) -> bool:
        return self.launched is None or self.launched.process.poll() is None

    def stop(self) -> None:
        self.judges.close()
        if self.launched is not None:
            self.launched.close()


def _address_space(pid: int) -> int:
    """Bytes of address space that the zygote uses: what its workers begin with."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[0])
    return pages * os.sysconf("SC_PAGE_SIZE")


@dataclass
class Room:
    """A forked judge zygote of one kata."""

    pid: int
    orders: socket.socket
    signature: str
    kata: Kata

    def close(self) -> None:
        self.orders.close()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


@dataclass
class Root:
    """The zygotes by what their workers can see, and the rooms by kata."""

    control: socket.socket
    confinement: str
    zygotes: dict[str, Zygote] = field(default_factory=dict)
    rooms: dict[str, Room] = field(default_factory=dict)
    client: socket.socket | None = None  # whose order is being forwarded

    def serve(self) -> None:
        while True:
            message, descriptors, _, _ = socket.recv_fds(self.control, 65536, 1)
            if not message:
                return
            self.client = client = socket.socket(fileno=descriptors[0])
            with client:
                try:
                    self.forward(json.loads(message), client)
                except Exception as fault:  # noqa: BLE001 (whatever it is, the client must be told and others served)
                    self.refuse(client, fault)

    def forward(self, note: dict[str, Any], client: socket.socket) -> None:
        """Pass an order on to the room of its kata, with a way to the workers."""
        room = self.room(note)
        runtimes = ["torch" if name == "gpu" else name for name in room.kata.runtimes]
        zygotes = [self.zygote(name, room.kata, afresh=note["again"]) for name in runtimes]
        launched = [zygote.greet() for zygote in zygotes]
        told = json.dumps([{"confinement": each.confinement, "reason": each.reason} for each in launched]).encode()
        descriptors = [client.fileno(), *(zygote.judges.fileno() for zygote in zygotes)]
        try:
            socket.send_fds(room.orders, [told], descriptors)
        except OSError:  # the room is gone: once more, in a new one
            self.rooms.pop(room.kata.slug).close()
            socket.send_fds(self.room(note).orders, [told], descriptors)

    def zygote(self, name: str, kata: Kata, *, afresh: bool) -> Zygote:
        """The running zygote of a runtime with what a kata adds; a new one in the place of one that died.

        `afresh` when somebody has lost its workers: it takes a moment until a death inside a sandbox shows outside.
        """
        key = json.dumps([name, sorted(kata.packages), sorted(kata.data)])
        zygote = self.zygotes.get(key)
        if zygote is None or afresh or not zygote.alive:
            if zygote is not None:
                zygote.stop()
            zygote = self.zygotes[key] = Zygote.start(name, kata.packages, kata.data, self.confinement)
        return zygote

    def ahead(self, name: str) -> None:
        """Start a runtime's zygote without waiting for it."""
        key = json.dumps([name, [], []])
        self.zygotes[key] = Zygote.start(name, (), (), self.confinement)

    def room(self, note: dict[str, Any]) -> Room:
        """The room of a kata; a new one when its tests or solution have changed."""
        room = self.rooms.get(note["kata"])
        if room is not None and room.signature == note["signature"]:
            return room
        if room is not None:
            self.rooms.pop(note["kata"]).close()
        kata = importlib.import_module("graders.catalogue").load(Path(note["root"]), note["kata"])
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = os.fork()
        if pid == 0:
            status = 70
            try:
                ours.close()
                self.leave()
                importlib.import_module("graders.judge.room").serve_kata(kata, theirs, note["resident"])
                status = 0
            finally:
                os._exit(status)
        theirs.close()
        room = self.rooms[kata.slug] = Room(pid, ours, note["signature"], kata)
        return room

    def clear(self, folder: str) -> None:
        """Nobody is left to order anything: end the workers, which may still write into the folder, and remove it."""
        signal.alarm(REMOVED_WITHIN_S)  # kills this process, should something write on without walls
        for zygote in self.zygotes.values():
            zygote.launch.process.kill()
            zygote.launch.process.wait()
        remove(folder)

    def leave(self) -> None:
        """In a fork: close what belongs to the root alone."""
        self.control.close()
        if self.client is not None:  # kept open here, it would never tell its owner that the judge is gone
            self.client.close()
        for zygote in self.zygotes.values():
            zygote.judges.close()
        for room in self.rooms.values():
            room.orders.close()

    def refuse(self, client: socket.socket, fault: Exception) -> None:
        import msgspec

        from graders.judge.connection import receive, send
        from graders.judge.messages import Answer

        with contextlib.suppress(OSError, EOFError):
            receive(client)
            send(client, msgspec.msgpack.encode(Answer(error=str(fault))))


def main(control: int, confinement: str, first_runtime: str, folder: str, early: str) -> None:
    """Start here. The first sandbox starts while `early` is imported; `folder` goes when the orders end."""
    root = Root(socket.socket(fileno=control), confinement)
    if first_runtime:
        with contextlib.suppress(Exception):  # tried again, and then told, when an order needs it
            root.ahead(first_runtime)
    os.environ["OMP_NUM_THREADS"] = "1"
    # A parent that has run a multi-threaded operation leaves children that hang at their first.
    if early:
        with contextlib.suppress(ImportError):
            importlib.import_module(early).set_num_threads(1)
    importlib.import_module("graders.judge.room")
    gc.collect()
    gc.freeze()
    try:
        root.serve()
    finally:
        with contextlib.suppress(OSError):
            root.clear(folder)
        os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:6])
