"""`Judge`, the Python API for grading, whose processes stay warm between submissions."""

from __future__ import annotations

import contextlib
import datetime
import os
import select
import socket
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType

import msgspec

from graders import catalogue, intake
from graders.catalogue import Kata
from graders.catalogue.stubs import handed_out
from graders.errors import Abandoned, IntakeError, JudgeError, KataError
from graders.judge import process
from graders.judge.framing import receive, send
from graders.judge.messages import GradeRequest, GradeResponse, SuiteNote
from graders.judge.process import JudgeProcess
from graders.scoring import ungradable
from graders.verdict import UNTOUCHED, Confinement, Verdict

LOOK_AGAIN_S = 0.5  # the shortest time between two checks whether the harness's own files have changed
PATIENCE_S = 120.0  # added to a kata's own limit, to allow for the start, a diagnosis and a slow machine
HANDED_OUT = "Only the visible tests were run. This copy has no hidden tests; your course grades with them."
_HARNESS = Path(__file__).parents[1]


@dataclass(frozen=True)
class CachedKata:
    """A kata and its files, cached until one of the files changes. `blank` is the verdict before anything runs."""

    signature: str
    kata: Kata
    blank: Verdict
    solution: dict[str, bytes]
    supplied: dict[str, bytes]

    @classmethod
    def read(cls, root: Path, slug: str) -> CachedKata:
        kata = catalogue.load(root, slug)
        supplied = {file.name: file.data for file in intake.supplied(kata)}
        return cls(_kata_signature(kata), kata, _blank_verdict(kata), intake.shipped(kata, kata.solution), supplied)

    @cached_property
    def stubs(self) -> dict[str, bytes] | None:
        """The learner's files as they were handed out, or None if these are unknown. They are read from git once."""
        try:
            return handed_out(self.kata)
        except KataError:
            return None

    def new_verdict(self, seed: bytes, require_extras: bool | None) -> Verdict:
        """Return a verdict with the current time and no results. If `require_extras` is None, kata.toml decides."""
        graded_at = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        required = self.kata.require_extras if require_extras is None else require_extras
        return msgspec.structs.replace(self.blank, seed=seed.hex(), graded_at=graded_at, require_extras=required)


class Judge:
    """A judge for one repository of katas, whose processes stay resident.

        with Judge() as judge:
            verdict = judge.grade("exercise01", Path("submissions/ada"))

    `require` is the weakest accepted confinement. If the confinement is weaker, every verdict is an `error`.
    `confinement` may request less than is available. If `resident` is False, the judge prepares nothing for a later
    submission. Set `crowded` if several judges together use all processors: such a judge sleeps immediately while it
    waits for a worker, instead of polling first. A Judge must not be used by several threads at once.
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
        self._katas: dict[str, CachedKata] = {}
        self._checked = 0.0

    def __enter__(self) -> Judge:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start this judge's processes without waiting for them. Restart them if they died or the harness changed."""
        alive = self._process is not None and self._process.alive
        now = time.monotonic()
        if alive and now - self._checked < LOOK_AGAIN_S:
            return
        self._checked = now
        signature = _signature(_HARNESS)
        if alive and signature == self._harness:
            return
        self.close()
        self._process = process.start(self.confinement, self.first_runtime, self.root)
        self._harness = signature

    def close(self) -> None:
        """End every process of this judge."""
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
        """Return the verdict on a submission.

        `submission` is a path or another place (see graders.intake.take), an `intake.Submission`, or None for the
        repository's own files. `visible` runs only the visible tests. `until` is a file descriptor. When it becomes
        readable or its other end is closed, grading ends and Abandoned is raised. `tasks` restricts the verdict to
        these tasks. `tell` is called after each test with a partial verdict, which covers the tests that have run and
        the tasks whose tests have all run. `require_extras` says whether extra tasks must pass; if it is None,
        kata.toml decides.

        Files that are unchanged since they were handed out are `ungradable` if they earn no points. They are graded
        first, because the files that git records as handed out may already contain a solution.

        Raises CatalogueError for an unknown or unreadable kata. Faults in the submission are part of the verdict.
        """
        seed = os.urandom(16) if seed is None else seed
        cached = self._cached_kata(slug)
        kata, blank = cached.kata, cached.new_verdict(seed, require_extras)
        try:
            taken = _taken(kata, submission)
        except IntakeError as fault:
            return ungradable(blank, kata, str(fault))
        ignored = () if _is_own(kata, submission) else taken.ignored
        blank = msgspec.structs.replace(blank, submission_sha256=taken.sha256, ignored_files=ignored)
        if taken.missing:
            return ungradable(blank, kata, _missing(kata, submission, taken))
        shown, files = visible or kata.handed_out, {file.name: file.data for file in taken.files}
        request = self._request(cached, files, seed, blank, visible=shown, tasks=tasks, progress=tell is not None)
        return _concluded(self._judged(cached, request, until, tell), request, cached)

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
        """Return the verdict on `files`, which maps names to contents.

        Without `reducing`, a failing case is not reduced. Without `thorough`, grading stops at the first failing test.
        `tasks`, `visible` and `require_extras` are as for `grade`.
        """
        seed = os.urandom(16) if seed is None else seed
        cached = self._cached_kata(slug)
        blank = cached.new_verdict(seed, require_extras)
        how = {"diagnosing": diagnosing, "reducing": reducing, "thorough": thorough, "visible": visible}
        return self._judged(cached, self._request(cached, files, seed, blank, tasks=tasks, **how))

    def _cached_kata(self, slug: str) -> CachedKata:
        """Return a kata and its files. All files are read again if one of them has changed."""
        cached = self._katas.get(slug)
        if cached is None or cached.signature != _kata_signature(cached.kata):
            cached = self._katas[slug] = CachedKata.read(self.root, slug)
        return cached

    def _request(
        self,
        cached: CachedKata,
        files: Mapping[str, bytes],
        seed: bytes,
        blank: Verdict,
        tasks: Collection[str],
        **options: bool,
    ) -> GradeRequest:
        """Return the request to grade these files. `options` are boolean fields of GradeRequest."""
        return GradeRequest(
            files=dict(files),
            supplied=cached.supplied,
            solution=cached.solution,
            seed=seed,
            verdict=blank,
            tasks=tuple(sorted(tasks)),
            require=self.require,
            crowded=self.crowded,
            **options,
        )

    def _judged(
        self,
        cached: CachedKata,
        request: GradeRequest,
        until: int | None = None,
        tell: Callable[[Verdict], None] | None = None,
    ) -> Verdict:
        """Return the verdict on a request. Send the request again if the workers' fork server dies."""
        blank, data = request.verdict, msgspec.msgpack.encode(request)
        for attempt in (1, 2):
            try:
                answer = self._ask(cached, data, until, tell, again=attempt == 2)
            except JudgeError as fault:
                return msgspec.structs.replace(blank, status="error", message=str(fault))
            if answer.verdict is not None:
                return answer.verdict
            if answer.error:
                return msgspec.structs.replace(blank, status="error", message=answer.error)
            if attempt == 2:
                reason = f"{answer.lost}, on both attempts; this does not count against the submission"
                return msgspec.structs.replace(blank, status="error", message=reason)
        raise AssertionError("unreachable")

    @contextlib.contextmanager
    def _connected(self, cached: CachedKata, *, again: bool) -> Iterator[socket.socket]:
        """Connect to the kata's suite through the fork server. Raises JudgeError."""
        self.start()
        assert self._process is not None
        client_end, server_end = socket.socketpair()
        with client_end:
            with server_end:
                note = SuiteNote(
                    kata=cached.kata.slug,
                    root=str(cached.kata.root),
                    signature=cached.signature,
                    resident=self.resident,
                    again=again,
                )
                try:
                    socket.send_fds(self._process.control, [msgspec.json.encode(note)], [server_end.fileno()])
                except OSError:
                    self.close()
                    raise JudgeError("the judge's process ended; run the command again") from None
            yield client_end

    def _ask(
        self,
        cached: CachedKata,
        request: bytes,
        until: int | None,
        tell: Callable[[Verdict], None] | None,
        *,
        again: bool,
    ) -> GradeResponse:
        """Send a request and wait for its response.

        Raises JudgeError after the time limit, and Abandoned once `until` is readable or its other end is closed.
        """
        with self._connected(cached, again=again) as client_end:
            client_end.settimeout(cached.kata.limits.total_s + PATIENCE_S)
            try:
                send(client_end, request)
                while True:
                    if until is not None:
                        _wait(client_end, until)
                    answer = msgspec.msgpack.decode(receive(client_end), type=GradeResponse)
                    if not answer.partial:
                        return answer
                    if tell is not None and answer.verdict is not None:
                        tell(answer.verdict)
            except TimeoutError:
                self.close()
                raise JudgeError("the judge did not answer in time") from None
            except (EOFError, OSError):
                return GradeResponse(lost="the judge's process ended before it gave a verdict")


def _taken(kata: Kata, submission: Path | str | intake.Submission | None) -> intake.Submission:
    """Take the submission from its place, which defaults to the kata's own folder. Raises IntakeError."""
    return submission if isinstance(submission, intake.Submission) else intake.take(kata, submission or kata.folder)


def _is_own(kata: Kata, submission: Path | str | intake.Submission | None) -> bool:
    """Return whether the submission is a folder of the kata, in which other files belong to the kata."""
    return submission is None or (isinstance(submission, Path) and submission.resolve() in (kata.folder, kata.solution))


def _missing(kata: Kata, submission: Path | str | intake.Submission | None, taken: intake.Submission) -> str:
    where = "the submission" if submission is taken else submission or kata.folder
    return (
        f"{', '.join(taken.missing)}: not found in {where}. Submit every file that {kata.folder.name}/kata.toml lists."
    )


def _concluded(verdict: Verdict, request: GradeRequest, cached: CachedKata) -> Verdict:
    """Return the verdict, changed to `ungradable` if the files earn no points and are as they were handed out.

    In a student's copy, the message says that only the visible tests were run.
    """
    kata = cached.kata
    if verdict.status == "failed" and verdict.score == 0 and request.files == cached.stubs:
        blank, how = request.verdict, {"confinement": verdict.confinement, "duration_s": verdict.duration_s}
        return ungradable(msgspec.structs.replace(blank, **how), kata, _as_they_were(sorted(request.files)))
    return msgspec.structs.replace(verdict, message=verdict.message or HANDED_OUT) if kata.handed_out else verdict


def _wait(answer: socket.socket, until: int) -> None:
    """Wait until `answer` is readable. Raises Abandoned if `until` is ready first, or TimeoutError."""
    poll = select.poll()
    poll.register(answer, select.POLLIN)
    poll.register(until, select.POLLIN)
    ready = {descriptor for descriptor, _ in poll.poll(1000 * (answer.gettimeout() or PATIENCE_S))}
    if not ready:
        raise TimeoutError
    if answer.fileno() not in ready:
        raise Abandoned("grading was cancelled")


def _blank_verdict(kata: Kata) -> Verdict:
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
    if len(names) == 1:
        return f"{names[0]} is unchanged since it was {UNTOUCHED}"
    return f"{', '.join(names[:-1])} and {names[-1]} are unchanged since they were {UNTOUCHED}"


def _kata_signature(kata: Kata) -> str:
    """Return a value that changes with the kata's files.

    It ignores the learner's files, because each request reads them.
    """

    def own(path: str) -> bool:
        name = os.path.relpath(path, kata.folder)
        return kata.declares(name.replace(os.sep, "/")) or os.path.basename(name).startswith((".", "#"))

    return f"{_signature(kata.folder, without=own)} {_signature(kata.solution, kata.hidden)}"


def _signature(*folders: Path, without: Callable[[str], bool] = lambda _: False) -> str:
    """Return a value that changes with the files' names, sizes or times. Reading the contents would take too long."""
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
