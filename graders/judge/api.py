"""`Judge`: grading as a Python API that stays warm between gradings."""

from __future__ import annotations

import contextlib
import datetime
import os
import select
import socket
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from graders import catalogue, intake
from graders.catalogue import Kata
from graders.errors import Abandoned, IntakeError, JudgeError, KataError
from graders.judge import process
from graders.judge.connection import receive, send
from graders.judge.messages import Answer
from graders.judge.process import JudgeProcess
from graders.judge.scoring import ungradable
from graders.stubs import handed_out
from graders.verdict import UNTOUCHED, Confinement, Verdict

LOOK_AGAIN_S = 0.5  # how often the harness itself is looked at for changes
PATIENCE_S = 120.0  # beyond a kata's own limit, for our side: start, diagnosis, a slow machine
HANDED_OUT = "by the visible tests alone: this copy has no others, and whoever grades it has"
NO_WISHES: Mapping[str, Any] = {}
_HARNESS = Path(__file__).parents[1]


@dataclass(frozen=True)
class Known:
    """What is read of a kata once, and kept until one of its files changes. `begun` is how its verdicts begin."""

    signature: str
    kata: Kata
    begun: Verdict
    solution: dict[str, bytes]
    supplied: dict[str, bytes]

    @classmethod
    def read(cls, root: Path, slug: str) -> Known:
        kata = catalogue.load(root, slug)
        supplied = {file.name: file.data for file in intake.supplied(kata)}
        return cls(_kata_signature(kata), kata, _begun(kata), intake.shipped(kata, kata.solution), supplied)

    @cached_property
    def stubs(self) -> dict[str, bytes] | None:
        """The learner's files as they were handed out; None where that is not known. Asked of git once."""
        try:
            return handed_out(self.kata)
        except KataError:
            return None

    def begin(self, seed: bytes, require_extras: bool | None) -> Verdict:
        """A verdict of this moment, with nothing graded yet; None: the kata says whether extras are required."""
        graded_at = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        required = self.kata.require_extras if require_extras is None else require_extras
        return msgspec.structs.replace(self.begun, seed=seed.hex(), graded_at=graded_at, require_extras=required)


class Judge:
    """A resident judge for one repository of katas.

        with Judge() as judge:
            verdict = judge.grade("exercise01", Path("submissions/ada"))

    `require` is the least confinement that is accepted (a weaker one makes every verdict an `error`); `confinement`
    may ask for less than there is. `resident=False` is for a single grading: nothing is prepared for a next one.
    `crowded` is for one of as many as there are processors: it goes to sleep at once when it waits for a worker.
    Not for use by several threads at once.
    """

    def __init__(
        self,
        root: Path | None = None,
        *,
        require: Confinement | None = None,
        confinement: str = "auto",
        resident: bool = True,
        first_runtime: str = "numpy",
        started: JudgeProcess | None = None,
        crowded: bool = False,
    ) -> None:
        self.crowded = crowded
        self.root = Path(root).resolve() if root else catalogue.find_root(Path.cwd())
        self.require = require
        self.confinement = confinement
        self.resident = resident
        self.first_runtime = first_runtime
        self._process = started
        self._harness = _signature(_HARNESS) if started else ""
        self._katas: dict[str, Known] = {}
        self._looked = 0.0

    def __enter__(self) -> Judge:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start the processes behind this judge, without waiting for them; again where they or the harness changed."""
        alive = self._process is not None and self._process.alive
        now = time.monotonic()
        if alive and now - self._looked < LOOK_AGAIN_S:
            return
        self._looked = now
        signature = _signature(_HARNESS)
        if alive and signature == self._harness:
            return
        self.close()
        self._process = process.start(self.confinement, self.first_runtime, self.root)
        self._harness = signature

    def close(self) -> None:
        """End every process behind this judge."""
        if self._process is not None:
            self._process.close()
            self._process = None

    # ------------------------------------------------------------------------------------- grading

    def grade(
        self,
        slug: str,
        submission: Path | str | intake.Submission | None = None,
        *,
        seed: bytes | None = None,
        visible: bool = False,
        until: int | None = None,
        tasks: Collection[str] = (),
        tell: Callable[[Verdict], None] | None = None,
        require_extras: bool | None = None,
    ) -> Verdict:
        """The verdict on a submission: a place (see graders.intake.take), what intake has taken, or None for the
        repository's own files.

        With `visible`, only the tests that a learner has are run. `until` is a descriptor: as soon as something can be
        read from it, or its other end is closed, the grading is ended and Abandoned raised. `tasks` are the only ones
        to look at. `tell` is called after each test with what is known so far: the tests that were run, and the tasks
        of which all were. `require_extras` says whether the extra tasks must pass too; None: as kata.toml says. Files
        that are as they were handed out, and get no point, are `ungradable`: whoever has changed nothing has not tried.
        They are graded all the same, since a history may begin with somebody's answer.

        Raises CatalogueError for an unknown or unreadable kata; whatever is wrong with the submission is a verdict.
        """
        seed = os.urandom(16) if seed is None else seed
        known = self._known(slug)
        kata, begun = known.kata, known.begin(seed, require_extras)
        try:
            taken = (
                submission
                if isinstance(submission, intake.Submission)
                else intake.take(kata, submission or kata.folder)
            )
        except IntakeError as fault:
            return ungradable(begun, kata, str(fault))
        # What lies beside the files in the repository's own folders is the kata's, and nobody handed it in.
        own = submission is None or (
            isinstance(submission, Path) and submission.resolve() in (kata.folder, kata.solution)
        )
        ignored = () if own else taken.ignored
        begun = msgspec.structs.replace(begun, submission_sha256=taken.sha256, ignored_files=ignored)
        if taken.missing:
            where = "what was handed in" if submission is taken else submission or kata.folder
            said = f"{', '.join(taken.missing)}: not found in {where}; the kata takes exactly the files it names"
            return ungradable(begun, kata, said)
        files = {file.name: file.data for file in taken.files}
        how = {"visible": visible or kata.handed_out, "tasks": sorted(tasks), "telling": tell is not None}
        verdict = self._judged(known, files, seed, begun, how, until, tell)
        if verdict.status == "failed" and verdict.score == 0 and files == known.stubs:
            confined = msgspec.structs.replace(begun, confinement=verdict.confinement, duration_s=verdict.duration_s)
            return ungradable(confined, kata, _as_they_were(sorted(files)))
        return msgspec.structs.replace(verdict, message=verdict.message or HANDED_OUT) if kata.handed_out else verdict

    def grade_files(
        self,
        slug: str,
        files: Mapping[str, bytes],
        *,
        seed: bytes | None = None,
        diagnosing: bool = False,
        tasks: Collection[str] = (),
        reducing: bool = True,
        thorough: bool = True,
        visible: bool = False,
        require_extras: bool | None = None,
    ) -> Verdict:
        """The verdict on files given by name and content, as `katas check` has them; on some tasks, or on all.

        Unless `reducing`, a failing case is left as it was drawn; unless `thorough`, nothing is run after the first
        failure. `visible` and `require_extras` are as for `grade`.
        """
        seed = os.urandom(16) if seed is None else seed
        known = self._known(slug)
        how = {
            "diagnosing": diagnosing,
            "tasks": sorted(tasks),
            "reducing": reducing,
            "thorough": thorough,
            "visible": visible,
        }
        return self._judged(known, dict(files), seed, known.begin(seed, require_extras), how)

    def _known(self, slug: str) -> Known:
        """A kata and its files, read again when one of them has changed."""
        known = self._katas.get(slug)
        if known is None or known.signature != _kata_signature(known.kata):
            known = self._katas[slug] = Known.read(self.root, slug)
        return known

    def _judged(
        self,
        known: Known,
        files: dict[str, bytes],
        seed: bytes,
        begun: Verdict,
        how: Mapping[str, Any] = NO_WISHES,
        until: int | None = None,
        tell: Callable[[Verdict], None] | None = None,
    ) -> Verdict:
        order = {
            "files": files,
            "supplied": known.supplied,
            "solution": known.solution,
            "seed": seed,
            "verdict": begun,
            "require": self.require,
            "crowded": self.crowded,
            **how,
        }
        data = msgspec.msgpack.encode(order)
        for attempt in (1, 2):
            try:
                answer = self._ask(known, data, until, tell, again=attempt == 2)
            except JudgeError as fault:
                return msgspec.structs.replace(begun, status="error", message=str(fault))
            if answer.verdict is not None:
                return answer.verdict
            if answer.error:
                return msgspec.structs.replace(begun, status="error", message=answer.error)
            if attempt == 2:
                said = f"{answer.lost}, twice; nothing is charged to the submission"
                return msgspec.structs.replace(begun, status="error", message=said)
        raise AssertionError("unreachable")

    def _ask(
        self,
        known: Known,
        order: bytes,
        until: int | None,
        tell: Callable[[Verdict], None] | None,
        *,
        again: bool,
    ) -> Answer:
        """Send one order and wait for its answer. Raises JudgeError when nobody answers, Abandoned at `until`."""
        self.start()
        assert self._process is not None
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                note = {
                    "kata": known.kata.slug,
                    "root": str(known.kata.root),
                    "signature": known.signature,
                    "resident": self.resident,
                    "again": again,
                }
                try:
                    socket.send_fds(self._process.control, [msgspec.json.encode(note)], [theirs.fileno()])
                except OSError:
                    self.close()
                    raise JudgeError("the judge's process ended; run the command again") from None
            ours.settimeout(known.kata.limits.total_s + PATIENCE_S)
            try:
                send(ours, order)
                while True:
                    if until is not None:
                        _wait(ours, until)
                    answer = msgspec.msgpack.decode(receive(ours), type=Answer)
                    if not answer.so_far:
                        return answer
                    if tell is not None and answer.verdict is not None:
                        tell(answer.verdict)
            except TimeoutError:
                self.close()
                raise JudgeError("the judge did not answer in time") from None
            except (EOFError, OSError):
                return Answer(lost="the judge's process ended before its verdict")


def _wait(answer: socket.socket, until: int) -> None:
    """Wait for something to read on `answer`. Raises Abandoned when `until` is ready before, TimeoutError."""
    poll = select.poll()
    poll.register(answer, select.POLLIN)
    poll.register(until, select.POLLIN)
    ready = {descriptor for descriptor, _ in poll.poll(1000 * (answer.gettimeout() or PATIENCE_S))}
    if not ready:
        raise TimeoutError
    if answer.fileno() not in ready:
        raise Abandoned("the grading was given up")


def _begun(kata: Kata) -> Verdict:
    """A verdict as it begins: all that is known of a kata before anything runs."""
    return Verdict(
        kata=kata.slug,
        title=kata.title,
        status="error",
        kata_digest=kata.kata_digest(),
        suite_digest=kata.suite_digest(),
        hidden_detail=kata.hidden_detail,
        limits=kata.limits,
    )


def _as_they_were(names: Sequence[str]) -> str:
    """In words, that these files are as they were handed out."""
    if len(names) == 1:
        return f"{names[0]} is as it was {UNTOUCHED}"
    return f"{', '.join(names[:-1])} and {names[-1]} are as they were {UNTOUCHED}"


def _kata_signature(kata: Kata) -> str:
    """Of what is read of a kata once. The learner's own files are not: they are read for every grading."""

    def own(path: str) -> bool:
        name = os.path.relpath(path, kata.folder)
        return kata.declares(name.replace(os.sep, "/")) or os.path.basename(name).startswith((".", "#"))

    return f"{_signature(kata.folder, without=own)} {_signature(kata.solution, kata.hidden)}"


def _signature(*folders: Path, without: Callable[[str], bool] = lambda _: False) -> str:
    """Changes when a file under these folders does: names, sizes and times, not contents, since it is asked often."""
    found = []
    for folder in folders:
        for base, inside, names in os.walk(folder):
            inside[:] = sorted(name for name in inside if name != "__pycache__" and base != str(_HARNESS / "hidden"))
            for name in sorted(names):
                if name.endswith("~") or without(os.path.join(base, name)):
                    continue
                with contextlib.suppress(OSError):
                    status = os.stat(os.path.join(base, name))
                    found.append((name, status.st_size, status.st_mtime_ns, status.st_ino))
    return str(hash(tuple(found)))
