"""The worker's main loop, which loads a submission and answers requests until the judge closes the channel.

This code runs in the submission's process, so the judge does not trust it.
"""

from __future__ import annotations

import io
import linecache
import marshal
import os
import random
import resource
import sys
import warnings
from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np

import graders.worker.layouts  # noqa: F401 (probes need it; imported once, before workers are forked)
from graders import wire
from graders.errors import WireError
from graders.unix import limit_own_memory
from graders.worker.loading import Sources, describe, entry_point, load, refuse_forbidden, remove_forbidden, unload
from graders.worker.recorder import QUESTIONS, Exchange, OptimizerWatch, Recorder, TrainingPage
from graders.worker.refusals import Listener, announce_threads
from graders.worker.trying import attempt

MOST_COMPILED = 8 << 20  # bytes; code takes about as much as its source, unless Python must repeat parts of it


class MissingEntryPoint(Exception):
    """Raised if the submission has no function of this name."""


class RequestHandler:
    """A worker's state, which includes the submission, its files and the probes received so far."""

    def __init__(self, runtime: str, base_memory: int) -> None:
        self.runtime = runtime
        self.base_memory = base_memory
        self.submission: Any = None
        self.sources: Sources | None = None
        self.own_files: set[str] = set()
        self.probes: dict[str, ModuleType] = {}
        self.exchange: Exchange | None = None
        self.tried = Listener(lambda file: file in self.own_files, scratch=runtime != "numpy")

    def read(self, _: str, order: dict[str, Any]) -> dict[str, bytes]:
        """Compile every module without running it. Return what spares other workers from compiling them.

        That is nothing if it is too much to send, or if Python prints warnings, as all workers should. Raises
        ImportError if a file names a forbidden symbol.
        """
        with warnings.catch_warnings(record=True) as said:
            self._take(order)
            assert self.sources is not None
            modules = {name: self.sources.get_code(name) for name in self.sources.names}
        try:
            compiled = {name: marshal.dumps(module) for name, module in modules.items()}
        except ValueError:  # nested too deeply
            return {}
        return {} if said or sum(map(len, compiled.values())) > MOST_COMPILED else compiled

    def _take(self, order: dict[str, Any]) -> None:
        """Seed the generators, lower the limits, and compile the submission, unless another worker has done so.

        Then that worker has also looked for forbidden symbols.
        """
        self._seed(order["seed"])
        self._limit(order["memory_mb"], order["cpu_s"])
        files: dict[str, bytes] = order["files"]
        self.sources = sources = Sources(files | order["supplied"])
        self.own_files = set(files)
        if compiled := order.get("compiled"):
            sources.compiled = {name: marshal.loads(code) for name, code in compiled.items()}
            return
        for name, (file, _package) in sources.names.items():
            if file in files:
                sources.get_code(name)
        refuse_forbidden(sources.texts, files, order["forbidden"])

    def load(self, _: str, order: dict[str, Any]) -> bool:
        """Read the submission and import it.

        A test's worker loads one submission. A worker that runs a kata's known variants loads one after another.
        """
        if self.sources is not None:
            unload(self.sources)
        self._take(order)
        assert self.sources is not None
        remove_forbidden(order["forbidden"])
        self.submission = load(self.sources, order["modules"], order.get("earlier", ()))
        return True

    def attempt(self, _: str, order: dict[str, Any]) -> dict[str, Any]:
        """Run a learner's own lines, which import the submission like any program. Forbidden symbols are allowed."""
        self._seed(order["seed"])
        self._limit(order["memory_mb"], order["cpu_s"])
        return attempt(Sources(order["files"] | order["supplied"]), order["text"], order["files"], self.runtime)

    def train(self, _: str, order: dict[str, Any]) -> dict[str, Any]:
        """Run a training program for a page, which gets a frame now and then, and at last how the program ended."""
        assert self.exchange is not None
        program = order["program"]
        sys.argv = [program]
        page = Recorder.page = TrainingPage(self.exchange, order)
        self._seed(order["seed"])
        self._limit(order["memory_mb"], order["cpu_s"])
        sources = Sources(order["files"] | order["supplied"])
        watch = OptimizerWatch() if order["watched"] else None
        ended = attempt(sources, sources.texts[program], order["files"], self.runtime, program)
        note = "" if watch is None or ended["fault"] else watch.why_nothing()
        return {"done": True, "fault": ended["fault"], "note": note, **page.taken()}

    def question(self, question: str, _: str, value: Any) -> dict[str, Any]:
        """Let the network that was trained last answer one of the QUESTIONS."""
        return Recorder.page.answer(question, value) if Recorder.page is not None else {}

    def _limit(self, memory_mb: int, cpu_s: int) -> None:
        limit = self.base_memory + (memory_mb << 20)
        if self.base_memory:
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        elif sys.platform != "linux":
            limit_own_memory(memory_mb << 20)
        resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))

    def _seed(self, seed: int) -> None:
        random.seed(seed)
        np.random.seed(seed & 0xFFFFFFFF)
        if self.runtime != "numpy":
            sys.modules["torch"].manual_seed(seed & 0x7FFFFFFFFFFFFFFF)

    def call(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """Call one of the submission's functions."""
        function = entry_point(self.submission, name)
        if function is None:
            raise MissingEntryPoint(name)
        return function(*wire.with_generators(arguments))

    def probe(self, name: str, compiled: bytes) -> bool:
        """Load a file of probes, which the judge has compiled."""
        module = ModuleType("probes")
        exec(marshal.loads(compiled), module.__dict__)
        self.probes[name] = module
        return True

    def run(self, name: str, arguments: tuple[Any, ...]) -> Any:
        """Run a probe on the submission, in the submission's process."""
        file, _, function = name.rpartition(":")
        return getattr(self.probes[file], function)(self.submission, *wire.with_generators(arguments))


def serve(channel: int, runtime: str, base_memory: int, rehearsing: bool = False) -> None:
    """Answer requests on `channel` (a stream socket) until it closes. Never return."""
    reader = wire.Reader(lambda room: os.read(channel, room) or os._exit(0))
    if rehearsing:
        rehearse(runtime)
    handler = RequestHandler(runtime, base_memory)
    announce_threads()
    sys.addaudithook(handler.tried)
    streams = sys.stdout, sys.stderr

    def send(answer: list[Any]) -> None:
        for stream in {*streams, sys.stdout, sys.stderr}:
            _flush(stream)
        _write(channel, answer)

    while True:
        request = wire.receive_request(reader)
        handler.exchange = partial(_exchange, request, reader, send)
        send(respond(handler, request))


def _exchange(
    request: wire.Request, reader: wire.Reader, send: Callable[[list[Any]], None], value: Any
) -> wire.Request:
    """Answer a request before it is done, and return the next one, which is then the one to answer."""
    send(wire.reply(request.number, True, value))
    following = wire.receive_request(reader)
    request.number = following.number
    return following


def respond(handler: RequestHandler, request: wire.Request) -> list[Any]:
    """Carry out a request and return the reply, ready to be written."""
    operations: dict[str, Callable[[str, Any], Any]] = {
        "read": handler.read,
        "load": handler.load,
        "call": handler.call,
        "attempt": handler.attempt,
        "train": handler.train,
        **{question: partial(handler.question, question) for question in QUESTIONS},
        "probe": handler.probe,
        "run": handler.run,
    }
    handler.tried.last = None
    try:
        value = operations[request.operation](request.name, request.value)
        return wire.reply(request.number, True, value)
    except WireError as fault:
        refusal = {"type": "WireError", "bases": [], "message": str(fault), "where": ""}
        return wire.reply(request.number, False, refusal)
    except BaseException as fault:  # noqa: BLE001 (a submission may also raise SystemExit)
        return wire.reply(request.number, False, _described(handler, fault))


def _described(handler: RequestHandler, fault: BaseException) -> dict[str, Any]:
    """Return an exception as plain values. If the kernel refused what the submission tried, say what to do instead."""
    described = describe(fault, handler.own_files, handler.runtime)
    if said := handler.tried.sentence(fault, described["message"]):
        described["message"] += f"\n{said}"
    return described


class Rehearsal(RequestHandler):
    """A handler for the harness's own files, which leaves the limits of the process unchanged."""

    def _limit(self, memory_mb: int, cpu_s: int) -> None:
        pass


def rehearse(runtime: str) -> None:
    """Serve a small built-in submission, so that Python's caches are warm for the first real request.

    Workers that are forked later inherit the warm caches. In a waiting worker, a rehearsal also makes the kernel copy
    the memory pages that calls change.
    """
    files = {
        "rehearsal.py": b"import numpy as np\n\ndef rehearsed(a, b):\n    return a @ b.T + np.asarray(b).sum(axis=-1)\n"
    }
    limits = {"seed": 1, "memory_mb": 0, "cpu_s": 0}
    order = {"files": files, "supplied": {}, "modules": ["rehearsal"], "forbidden": [], **limits}
    handler = Rehearsal(runtime, 0)
    square = np.ones((3, 3))
    source = "def probed(submission, *arguments):\n    return submission.rehearsed(*arguments)\n"
    probe = marshal.dumps(compile(source, "rehearsal", "exec"))
    for number, operation, name, value in (
        (0, "read", "", order),
        (1, "load", "", order),
        (2, "call", "rehearsed", (square, square)),
        (3, "call", "rehearsed", (square, 1.0)),  # raises
        (4, "probe", "rehearsal", probe),
        (5, "run", "rehearsal:probed", (square, square)),
    ):
        data = b"".join(bytes(part) for part in wire.request(number, operation, name, value))
        respond(handler, wire.receive_request(wire.Reader(io.BytesIO(data).read)))
    if handler.sources is not None:
        unload(handler.sources)
    linecache.cache.pop("rehearsal.py", None)


def _flush(stream: Any) -> None:
    try:
        stream.flush()
    except BaseException:  # noqa: BLE001 (a submission may have replaced a stream with anything)
        return


def _write(channel: int, parts: list[Any]) -> None:
    for part in parts:
        view = memoryview(part)
        while view:
            view = view[os.write(channel, view) :]
