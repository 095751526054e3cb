"""The life of a worker: it loads one submission and answers requests until its judge lets it go.

Everything here shares a process with the submission, so nothing here is believed by the judge.
"""

from __future__ import annotations

import io
import linecache
import os
import random
import resource
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

import graders.worker.layouts  # noqa: F401 (probes import it: here, once, before workers are forked)
from graders import wire
from graders.errors import WireError
from graders.worker.submission import (
    Sources,
    describe,
    entry_point,
    load,
    refuse_forbidden,
    remove_forbidden,
    unload,
)


class MissingEntryPoint(Exception):
    """The submission has no function of this name."""


class Desk:
    """What a worker knows: the submission, its own files, and the probes sent so far."""

    def __init__(self, runtime: str, base_memory: int) -> None:
        self.runtime = runtime
        self.base_memory = base_memory
        self.submission: Any = None
        self.sources: Sources | None = None
        self.own_files: set[str] = set()
        self.probes: dict[str, ModuleType] = {}

    def read(self, _: str, order: dict[str, Any]) -> bool:
        """Seed the generators, lower the limits, compile every file: nothing of the submission is run."""
        self._seed(order["seed"])
        self._limit(order["memory_mb"], order["cpu_s"])
        files: dict[str, bytes] = order["files"]
        self.sources = sources = Sources(files | order["supplied"])
        self.own_files = set(files)
        for name, (file, _package) in sources.names.items():
            if file in files:
                sources.get_code(name)
        return True

    def load(self, name: str, order: dict[str, Any]) -> bool:
        """Read the submission, and import it.

        A worker of a test is loaded once; one that goes through our own variants, once for each.
        """
        if self.sources is not None:
            unload(self.sources)
        self.read(name, order)
        assert self.sources is not None
        refuse_forbidden(self.sources, list(order["files"]), order["forbidden"])
        remove_forbidden(order["forbidden"])
        self.submission = load(self.sources, order["modules"])
        return True

    def _limit(self, memory_mb: int, cpu_s: int) -> None:
        limit = self.base_memory + (memory_mb << 20)
        if self.base_memory:
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))

    def _seed(self, seed: int) -> None:
        random.seed(seed)
        np.random.seed(seed & 0xFFFFFFFF)
        if self.runtime != "numpy":
            sys.modules["torch"].manual_seed(seed & 0x7FFFFFFFFFFFFFFF)

    def call(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """Call one of the submission's own functions."""
        function = entry_point(self.submission, name)
        if function is None:
            raise MissingEntryPoint(name)
        return function(*map(_awake, arguments))

    def probe(self, name: str, source: str) -> bool:
        """Take in a file of probes, once."""
        module = ModuleType("probes")
        exec(compile(source, name, "exec", dont_inherit=True), module.__dict__)
        self.probes[name] = module
        return True

    def run(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """Run a probe beside the submission."""
        file, _, function = name.rpartition(":")
        return getattr(self.probes[file], function)(self.submission, *map(_awake, arguments))


def _awake(argument: Any) -> Any:
    """An argument as the submission sees it: generators are made from their seeds, arrays can be written to."""
    if isinstance(argument, wire.GeneratorSeed):
        return np.random.default_rng(argument.seed)
    return argument


def serve(channel: int, runtime: str, base_memory: int, rehearsing: bool = False) -> None:
    """Answer requests on `channel` (a stream socket) until it closes; never returns."""
    reader = wire.Reader(lambda room: os.read(channel, room) or os._exit(0))
    if rehearsing:
        rehearse(runtime)
    desk = Desk(runtime, base_memory)
    streams = sys.stdout, sys.stderr
    while True:
        answer = respond(desk, wire.receive_request(reader))
        for stream in {*streams, sys.stdout, sys.stderr}:
            _flush(stream)
        _write(channel, answer)


def respond(desk: Desk, request: wire.Request) -> list[Any]:
    """Do what is asked; the reply, ready to be written."""
    operations: dict[str, Callable[[str, Any], Any]] = {
        "read": desk.read,
        "load": desk.load,
        "call": desk.call,
        "probe": desk.probe,
        "run": desk.run,
    }
    try:
        value = operations[request.operation](request.name, request.value)
        return wire.reply(request.number, True, value)
    except WireError as fault:
        refusal = {"type": "WireError", "bases": [], "message": str(fault), "where": ""}
        return wire.reply(request.number, False, refusal)
    except BaseException as fault:  # noqa: BLE001 (SystemExit and KeyboardInterrupt are the submission's too)
        return wire.reply(request.number, False, describe(fault, desk.own_files, desk.runtime))


class Rehearsal(Desk):
    """A desk for files of our own, which leaves the limits of the process as they are."""

    def _limit(self, memory_mb: int, cpu_s: int) -> None:
        pass


def rehearse(runtime: str) -> None:
    """Serve a small submission of our own: what serving changes once, in code and in tables, is changed by then.

    Done before workers are forked, it is changed for all of them; by one that waits, the pages are its own already.
    """
    source = b"import numpy as np\n\ndef rehearsed(a, b):\n    return a @ b.T + np.asarray(b).sum(axis=-1)\n"
    order = {"files": {"rehearsal.py": source}, "supplied": {}, "modules": ["rehearsal"], "forbidden": []}
    desk = Rehearsal(runtime, 0)
    square = np.ones((3, 3))
    probe = "def probed(submission, *arguments):\n    return submission.rehearsed(*arguments)\n"
    for number, operation, name, value in (
        (1, "load", "", order | {"seed": 1, "memory_mb": 0, "cpu_s": 0}),
        (2, "call", "rehearsed", (square, square)),
        (3, "call", "rehearsed", (square, 1.0)),  # which raises
        (4, "probe", "rehearsal", probe),
        (5, "run", "rehearsal:probed", (square, square)),
    ):
        data = b"".join(bytes(part) for part in wire.request(number, operation, name, value))
        respond(desk, wire.receive_request(wire.Reader(io.BytesIO(data).read)))
    if desk.sources is not None:
        unload(desk.sources)
    linecache.cache.pop("rehearsal.py", None)


def _flush(stream: Any) -> None:
    try:
        stream.flush()
    except BaseException:  # noqa: BLE001 (a submission may have put anything in the place of a stream)
        return


def _write(channel: int, parts: list[Any]) -> None:
    for part in parts:
        view = memoryview(part)
        while view:
            view = view[os.write(channel, view) :]
