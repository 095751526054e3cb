"""A suite server, which collects a kata's tests once and forks judges that grade one submission after another.

graders.judge.fork_server forks this process, after importing torch if the tests use torch. pytest runs here as usual up
to `pytest_runtestloop`, where the server waits for requests instead of running the tests. graders.judge.speed explains
what the server does while it waits.

A judge executes no line of a submission, so it may grade many. After anything unusual, it ends, and a fresh one takes
its place.
"""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
import re
import select
import signal
import socket
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Literal
from weakref import WeakKeyDictionary

import msgspec
import pytest

from graders import extras
from graders.catalogue import Kata
from graders.errors import CatalogueError
from graders.judge.grading import respond
from graders.judge.messages import GradeRequest, GradeResponse, SandboxNote, Step, receive, send
from graders.judge.running import JudgeRunner
from graders.judge.sides import WorkerSide, WorkerSource
from graders.judge.speed import IDLE_MS, ending_process, freeze_heap, rehearse, warm_up
from graders.pytest_plugin.cases import Trial
from graders.pytest_plugin.diagnosis import mistakes
from graders.pytest_plugin.explanation import advice_table
from graders.pytest_plugin.handle import Handle
from graders.pytest_plugin.items import KATA, MODE, SEED, kata_of, task_of, without_stand_ins
from graders.pytest_plugin.local_side import LocalSide
from graders.pytest_plugin.observation_cache import MESSAGE_BYTES, ObservationCache
from graders.unix import address_space, message_pair, processors, receive_message, run_on, send_message
from graders.verdict import Verdict
from graders.watchdog import limit_memory
from graders.worker.syscalls import end_with_parent

READY = b"."  # what a judge sends when it can grade the next submission
GRADINGS = 100  # a judge ends after this many, so that nothing can add up
GROWN_BYTES = 128 << 20  # a judge that has mapped this much more than at its start ends, rather than keep it
DESCRIPTORS = 4  # the most sockets in a message: the client's, and one for each runtime's fork server

# These plugins of pytest take time in every judge, and do not affect the results.
_WITHOUT = (
    "cacheprovider doctest unittest junitxml stepwise faulthandler logging pastebin debugging setuponly setupplan "
    "threadexception unraisableexception warnings recwarn monkeypatch tmpdir"
)


def serve_kata(kata: Kata, requests: socket.socket, resident: bool) -> None:
    """Collect the kata's tests and serve requests until `requests` closes. This runs in its own process."""
    end_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps the judges
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server = SuiteServer(kata, requests, resident)
    # pytest would read `[`, `::` and `$` in the path of the repository as more than a path.
    os.chdir(kata.root)
    arguments = [os.path.relpath(path, kata.root) for path in (*kata.visible_tests, *kata.hidden_tests)]
    arguments += ["--import-mode=importlib", "--capture=no", "--noconftest", "--rootdir=.", "-c", os.devnull]
    for name in _WITHOUT.split():
        arguments += ["-p", f"no:{name}"]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    sys.path.append(str(kata.root))  # after the installed packages, which no file in this folder may replace
    if not (kata.visible_tests or kata.hidden_tests):
        server.faults.append(f"{kata.folder}: no test was collected; write {kata.folder}/test_{kata.slug}.py")
        server.refuse_all()
        return
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        try:
            pytest.main([*arguments, "-p", "graders.pytest_plugin.plugin"], plugins=[server])
        except CatalogueError as fault:
            server.faults.append(str(fault))
    server.refuse_all()


# The decoders are built before the fork, because building one takes longer than using it.
_requests = msgspec.msgpack.Decoder(GradeRequest)
_notes = msgspec.json.Decoder(tuple[SandboxNote, ...])


class SuiteServer:
    """A pytest plugin that keeps the collected tests and serves requests."""

    def __init__(self, kata: Kata, requests: socket.socket, resident: bool) -> None:
        self.kata = kata
        self.requests = requests
        self.resident = resident
        self.faults: list[str] = []
        self.runner: JudgeRunner | None = None
        self.quick = False  # whether every judge rehearses while it waits
        self.served = False
        self.observations = ObservationCache()
        # For the socket of each judge: what other judges observed since this one was forked or last got a request.
        self.unsent: WeakKeyDictionary[socket.socket, list[bytes]] = WeakKeyDictionary()
        self.references: dict[str, WorkerSide] = {}
        self.begun_with = 0  # how much memory a judge had mapped before its first grading
        self.available: set[int] = set()  # the processors that this judge may use, if it stays on one of them
        self._cold = resident  # whether this process still has to rehearse

    # ------------------------------------------------------------------------------- pytest's hooks

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[MODE] = self
        config.stash[SEED] = bytes(16)
        self.config = config

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            lacking = re.search(
                r"^E +ModuleNotFoundError: No module named '([\w.]+)'", report.longreprtext, re.MULTILINE
            )
            known = lacking and extras.extra_with(lacking[1])
            found = extras.missing(lacking[1]) if lacking and known else f"{report.nodeid}: {report.longreprtext}"
            self.faults.append(found)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.collected = session.items
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
            self.faults.append(f"{self.kata.folder / 'kata.toml'}: no test for {names}: write one, marked @task(…)")

    # ------------------------------------------------------------------------- the plugin's mode

    def handle(self, item: pytest.Item, kata: Kata) -> Handle:
        """Return a handle on the submission or, during a rehearsal, on the solution."""
        if self.runner is None:
            return Handle(kata, LocalSide(kata, kata.solution), lambda: LocalSide(kata, kata.solution))
        return self.runner.handle(item, kata)

    def run(self, item: pytest.Function, trial: Trial) -> None:
        if self.runner is None:
            trial.failure(reducing=False)
        else:
            self.runner.run(item, trial)

    def install(self, runner: JudgeRunner, seed: bytes) -> None:
        """Make this process the judge of one submission."""
        self.runner = runner
        self.config.stash[SEED] = seed

    # --------------------------------------------------------------------------------------- requests

    def _serve(self) -> None:
        freeze_heap()
        waiting = [self._fork()]
        busy: dict[int, socket.socket] = {}
        poll = select.poll()
        poll.register(self.requests, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in poll.poll(IDLE_MS if self._cold else None)}
            for descriptor in ready & busy.keys():
                state = self._state(busy[descriptor])
                if state != "busy":
                    poll.unregister(descriptor)
                    judge = busy.pop(descriptor)
                    waiting.append(judge) if state == "ready" else judge.close()
            requested, idle = self.requests.fileno() in ready, not ready and not busy
            # If requests follow each other without a pause, warm up before the second one.
            if self._cold and (idle or (requested and self.served)):
                with contextlib.suppress(CatalogueError):  # then there is no diagnosis
                    mistakes(self.kata)
                advice_table()
                self.quick = warm_up(without_stand_ins(self.items))
                self._cold = False
                while waiting:
                    waiting.pop().close()
                waiting = [self._fork()]
            if requested:
                self.served = True
                message, descriptors = receive_message(self.requests, 65536, DESCRIPTORS)
                if not message:
                    self._finish(waiting, list(busy.values()))
                    return
                judge = self._hand_over(waiting, message, descriptors)
                busy[judge.fileno()] = judge
                poll.register(judge, select.POLLIN)
            elif not waiting and not busy and self.resident:
                waiting.append(self._fork())

    def _finish(self, waiting: list[socket.socket], busy: list[socket.socket]) -> None:
        """Wait until the busy judges have answered and ended, because no judge outlives this process.

        A judge says that it is ready before it answers, so only its end shows that it has.
        """
        for judge in waiting:
            judge.close()
        for judge in busy:
            judge.shutdown(socket.SHUT_WR)
            while self._state(judge) != "ended":
                select.select([judge], [], [])

    def _state(self, judge: socket.socket) -> Literal["busy", "ready", "ended"]:
        """Store the observations that a judge sends, also for the other judges, and return its state."""
        while True:
            try:
                message, _ = receive_message(judge, MESSAGE_BYTES + 1, wait=False)
            except BlockingIOError:
                return "busy"
            except ConnectionError:
                return "ended"
            if message in (READY, b""):
                return "ready" if message else "ended"
            if self.observations.add_message(message):
                for other, unsent in self.unsent.items():
                    if other is not judge:
                        unsent.append(message)

    def _hand_over(self, waiting: list[socket.socket], message: bytes, descriptors: list[int]) -> socket.socket:
        """Pass a request on to a judge, after what it lacks of the others' observations. Return the judge."""
        try:
            while waiting:
                judge = waiting.pop(0)  # so each client usually gets its last judge, on the same processor
                try:
                    for observed in self.unsent[judge]:
                        send_message(judge, observed)
                    self.unsent[judge] = []
                    send_message(judge, message, descriptors)
                    return judge
                except OSError:  # it has ended
                    judge.close()
            judge = self._fork()
            send_message(judge, message, descriptors)
            return judge
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def _fork(self) -> socket.socket:
        """Fork a judge that waits for its request. Return the socket for the request."""
        ours, theirs = message_pair()
        pid = os.fork()
        if pid:
            theirs.close()
            self.unsent[ours] = []
            return ours
        with ending_process():
            end_with_parent()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            ours.close()
            self.requests.close()
            self._judge(theirs)
        raise AssertionError("unreachable")

    def _judge(self, requests: socket.socket) -> None:
        if self.quick and not select.select([requests], [], [], IDLE_MS / 1000)[0]:
            # While there is no request, copy the pages that a grading run will write.
            rehearse(without_stand_ins(self.items))
        self.begun_with = mapped()
        for number in range(GRADINGS):
            message, descriptors = self._request(requests)
            if not message:
                return
            again = self._grade(requests, message, descriptors, last=number + 1 == GRADINGS or not self.resident)
            if not again:
                return

    def _request(self, requests: socket.socket) -> tuple[bytes, list[int]]:
        """Return the next request. Before it, store what other judges observed: messages without descriptors."""
        while True:
            message, descriptors = receive_message(requests, 65536, DESCRIPTORS)
            if descriptors or not message:
                return message, descriptors
            self.observations.add_message(message)

    def _grade(self, requests: socket.socket, message: bytes, descriptors: list[int], *, last: bool) -> bool:
        """Answer one request. Return whether this judge can grade another submission."""
        client = socket.socket(fileno=descriptors[0])
        notes = _notes.decode(message)
        sandboxes = {
            runtime: WorkerSource(socket.socket(fileno=descriptor), note.confinement, note.reason, note.runtime)
            for runtime, descriptor, note in zip(self.kata.runtimes, descriptors[1:], notes, strict=True)
        }
        with client, contextlib.ExitStack() as held:
            for sandbox in sandboxes.values():
                held.enter_context(sandbox.socket)
            request = _requests.decode(receive(client))
            _end_with_client(client)
            limit_memory()
            self._move(request.processor)
            if other := difference(self.collected, request.suite):
                send(client, msgspec.msgpack.encode(GradeResponse(error=f"{self.kata.folder}: {other}")))
                return False
            report = partial(_report_progress, client)
            response = respond(
                self.kata, self.items, request, sandboxes, self.install, report, self.observations, self.references
            )
            again = not last and self.runner is not None and self.runner.usual and response.verdict is not None
            again = again and mapped() - self.begun_with < GROWN_BYTES
            with contextlib.suppress(OSError):
                # Send these before the response, because the next request may follow the response at once.
                for observed in self.observations.new_messages():
                    send_message(requests, observed)
                if again:
                    send_message(requests, READY)
            signal.signal(signal.SIGIO, signal.SIG_IGN)
            send(client, msgspec.msgpack.encode(response))
        return again

    def _move(self, processor: int | None) -> None:
        """Run only on this processor or, if it is None, no longer only on one."""
        if processor is not None:
            self.available = self.available or processors()
            run_on({processor})
        elif self.available:
            run_on(self.available)
            self.available.clear()

    def refuse_all(self) -> None:
        """Answer every request with the reason why the tests could not be collected."""
        reason = "\n".join(dict.fromkeys(self.faults)) or f"{self.kata.folder}: pytest could not collect the tests"
        while True:
            message, descriptors = receive_message(self.requests, 65536, DESCRIPTORS)
            if not message:
                return
            client = socket.socket(fileno=descriptors[0])
            with contextlib.suppress(OSError):
                receive(client)
                send(client, msgspec.msgpack.encode(GradeResponse(error=reason)))
            client.close()
            for descriptor in descriptors[1:]:
                os.close(descriptor)


def mapped() -> int:
    """Return the size of this process's address space in bytes (0 on other systems than Linux)."""
    return address_space() if sys.platform == "linux" else 0


def difference(collected: Iterable[pytest.Item], suite: Sequence[str]) -> str:
    """Return how the tests that pytest collected differ from those that the suite's files define, or an empty string.

    Pytest collects fewer if something deselects tests, or if two have the same name. A verdict would then depend on
    fewer tests than the suite has.
    """
    found, times = Counter[str](), dict[str, int]()
    for item in collected:
        name = _name_of(item)
        found[name] += 1
        times[name] = _repetitions(item)
    defined = Counter[str]()
    for name in suite:
        defined[name] += times.get(name, 1)
    faults = {"not collected": defined - found, "not in the files": found - defined}
    said = "; ".join(f"{', '.join(names)}: {fault}" for fault, names in faults.items() if names)
    remedy = "Define each test once, with `def` at the start of a line, and let nothing deselect tests."
    return f"pytest collected other tests than the files define ({said}). {remedy}" if said else ""


def _name_of(item: pytest.Item) -> str:
    """Return a test's name as in the suite. Pytest's own names of tests outside its root folder have no file."""
    place = kata_of(item.path)
    file = item.path.relative_to(place[0]).as_posix() if place else ""
    return f"{file}::{item.nodeid.partition('::')[2]}".partition("[")[0]


def _repetitions(item: pytest.Item) -> int:
    """Return how many tests the marks on a test's function make of it."""
    marks = getattr(getattr(item, "function", None), "pytestmark", ())
    values = (mark.kwargs.get("argvalues") or mark.args[1] for mark in marks if mark.name == "parametrize")
    return math.prod(max(1, len(each)) for each in values)


def _report_progress(client: socket.socket, found: Verdict | Step) -> None:
    """Send a partial verdict or a step.

    Ignore SIGIO meanwhile, because it also announces that the socket can be written to.
    """
    signal.signal(signal.SIGIO, signal.SIG_IGN)
    try:
        news = GradeResponse(step=found) if isinstance(found, Step) else GradeResponse(verdict=found)
        send(client, msgspec.msgpack.encode(msgspec.structs.replace(news, partial=True)))
    except OSError:
        os._exit(0)
    _end_with_client(client)


def _end_with_client(client: socket.socket) -> None:
    """End this process as soon as the client closes its end of the socket, because it no longer needs a verdict.

    The kernel then sends SIGIO. On Linux, its default action ends the process at once. Elsewhere, a handler does, as
    soon as Python can call it. Nothing else uses this signal here. The workers' fork server kills the workers of a
    judge that has ended.
    """
    signal.signal(signal.SIGIO, signal.SIG_DFL if sys.platform == "linux" else partial(_end_if_closed, client))
    fcntl.fcntl(client, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(client, fcntl.F_SETFL, fcntl.fcntl(client, fcntl.F_GETFL) | os.O_ASYNC)
    _end_if_closed(client)  # if it was closed before O_ASYNC was set


def _end_if_closed(client: socket.socket, *_: object) -> None:
    poll = select.poll()
    poll.register(client, select.POLLIN)
    if poll.poll(0):
        os._exit(0)
