"""The messages that the processes of a grading run exchange, and how these are sent on a stream.

This is a separate module so that a command that only requests a verdict imports neither NumPy nor pytest.
"""

from __future__ import annotations

import socket
import struct

import msgspec

from graders.verdict import Confinement, Verdict


class SuiteNote(msgspec.Struct, frozen=True, kw_only=True):
    """A JSON message that tells the fork server which suite must handle a request.

    The file descriptor of the connection that the request arrives on is sent along with it. `signature` changes
    when the kata's files change. `resident` says that more requests may follow. `again` says that the workers' fork
    server died during the first attempt. Requests with different `slot`s may be graded at the same time, so their
    workers never share a folder. `crowded` says that the request is one of a batch.
    """

    kata: str
    root: str
    signature: str
    resident: bool
    again: bool
    slot: int = 0
    crowded: bool = False


class GradeOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to grade a submission."""

    tasks: tuple[str, ...] = ()  # the tasks to grade; an empty tuple means all tasks
    beside: tuple[str, ...] = ()  # tasks that are graded elsewhere at the same time, whose tests a step counts, too
    failed: tuple[str, ...] = ()  # tasks that have failed elsewhere
    stopped: str = ""  # a test elsewhere that a time limit has stopped, in words
    visible: bool = False  # whether only the visible tests run
    diagnosing: bool = True  # whether the cause of a failure is looked for
    reducing: bool = True  # whether failing cases are reduced
    thorough: bool = True  # whether grading continues after the first failing test
    separate: bool = False  # whether every test has a worker of its own
    progress: bool = False  # whether a step is sent before every test, and a partial verdict after it
    measuring: bool = False  # whether a test's output is the numbers that it measured, each beside its limit
    impatient: bool = False  # whether no test runs after one that a time limit has stopped, because a learner waits


class GradeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request to grade a submission. `verdict` has the fields that are known before any test runs.

    `lacking` says why declared files, or all files that match a pattern, are not in `files`. `suite` has the names of
    the tests that the judge must have collected.
    """

    files: dict[str, bytes]
    lacking: dict[str, str] = {}
    supplied: dict[str, bytes]
    solution: dict[str, bytes]
    seed: bytes
    verdict: Verdict
    suite: tuple[str, ...]
    options: GradeOptions
    unchanged: tuple[str, ...] = ()  # files as they were handed out; no test runs of a task that has only such files
    require: Confinement | None = None
    crowded: bool = False  # whether the judge sleeps immediately when it waits, because other judges need the processor
    processor: int | None = None  # the judge and its new workers run only on this one


class Step(msgspec.Struct, frozen=True):
    """What a judge begins to do: test `number` of `of` or, if that is larger, what follows. It names no hidden test."""

    doing: str
    number: int
    of: int

    def __str__(self) -> str:
        return f"test {self.number} of {self.of}: {self.doing}" if self.number <= self.of else self.doing


class GradeResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict, or the reason why grading did not produce one.

    If the workers' fork server died, `lost` says how, and the client may try again; so it may if the machine was too
    `busy`, but then the fork server lives. `partial` marks an intermediate response, which covers the tests that have
    run and the tasks whose tests have all run, or has a `step`. If this machine lacks what the kata needs, `ungraded`
    says what.
    """

    verdict: Verdict | None = None
    partial: bool = False
    step: Step | None = None
    lost: str = ""
    busy: bool = False
    error: str = ""
    ungraded: str = ""


class SandboxNote(msgspec.Struct, frozen=True, kw_only=True):
    """The runtime and confinement of a fork server's workers, and the reason why the confinement is not stronger.

    The fork server sends a JSON list of these notes, one for each runtime, with every request.
    """

    confinement: Confinement
    reason: str
    runtime: str


class LoadRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The data with which a worker imports or compiles a submission. `seed` seeds its global random generators.

    `earlier` are the modules of the katas that a milestone builds on; they are imported first.
    """

    files: dict[str, bytes]
    supplied: dict[str, bytes]
    modules: list[str]
    seed: int
    memory_mb: int
    cpu_s: int
    forbidden: list[str]
    earlier: list[str] = []


# --------------------------------------------------------------------------------------------- framing

LENGTH = struct.Struct("<Q")


def send(connection: socket.socket, data: bytes) -> None:
    """Send a message, preceded by its length."""
    connection.sendall(LENGTH.pack(len(data)) + data)


def receive(connection: socket.socket) -> bytes:
    """Receive a message from `send`. Raises EOFError if the other side has closed the stream."""
    (length,) = LENGTH.unpack(_exactly(connection, LENGTH.size))
    return _exactly(connection, length)


def _exactly(connection: socket.socket, count: int) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        chunk = connection.recv(min(count - len(parts), 1 << 20))
        if not chunk:
            raise EOFError
        parts += chunk
    return bytes(parts)
