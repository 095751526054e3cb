"""`Judge`, the Python API for grading, whose processes stay warm between submissions."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

import msgspec

from graders import catalogue, intake
from graders.catalogue import Kata
from graders.catalogue.paths import HARNESS, overlap
from graders.errors import Abandoned, IntakeError, JudgeError, KataError
from graders.intake.rules import together
from graders.judge import process
from graders.judge.cached_kata import NOTHING_YET, CachedKata, kata_signature, signature
from graders.judge.messages import GradeOptions, GradeRequest, GradeResponse, Step, SuiteNote, receive, send
from graders.judge.process import JudgeProcess
from graders.judge.side_by_side import Ask, Ends, Part, SideBySide, tasks_of
from graders.scoring import totalled, ungradable
from graders.unix import send_message
from graders.verdict import FILES, Confinement, TestResult, Verdict

LOOK_AGAIN_S = 0.5  # the shortest time between two checks whether the harness's own files have changed
PATIENCE_S = 120.0  # added to a kata's own limit, to allow for the start and a diagnosis
BUSY = 10  # on a busy machine, a grading run may take this many times longer than on a quiet one
SHOWN_INSTEAD = 3  # if files are missing, the message names this many others
HANDED_OUT = "Only the visible tests were run. This copy has no hidden tests; your course grades with them."


class Judge:
    """A judge for one repository of katas, whose processes stay resident.

        with Judge() as judge:
            verdict = judge.grade("exercise01", Path("submissions/ada"))

    `require` is the weakest accepted confinement. If the confinement is weaker, every verdict is an `error`.
    `confinement` may request less than is available. If `resident` is False, the judge prepares nothing for a later
    submission. Set `crowded` if several judges together use all processors: such a judge sleeps immediately while it
    waits for a worker, instead of polling first. The next grading run uses only the `processor`, if there is one. A
    Judge must not be used by several threads at once. Judges that share a process (`started`) need different `slot`s.
    The sandbox for the kata `first` starts with the judge itself.
    """

    def __init__(
        self,
        root: Path | None = None,
        *,
        require: Confinement | None = None,
        confinement: str = "auto",
        resident: bool = True,
        first: str = "",
        started: JudgeProcess | None = None,
        crowded: bool = False,
        slot: int = 0,
    ) -> None:
        self.crowded = crowded
        self.processor: int | None = None
        self.slot = slot
        self.root = Path(root).resolve() if root else catalogue.find_root(Path.cwd())
        self._root_in_utf8 = _in_utf8(self.root)
        self.require = require
        self.confinement = confinement
        self.resident = resident
        self.first = first
        self._process = started
        self._harness = signature(HARNESS) if started else ""
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
        harness = signature(HARNESS)
        if alive and harness == self._harness:
            return
        self.close()
        self._process = process.start(self.root, self.confinement, self.first)
        self._harness = harness

    @property
    def process(self) -> JudgeProcess | None:
        """The running process, which other judges of the same repository may share."""
        return self._process

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
        at: Callable[[Step], None] | None = None,
        require_extras: bool | None = None,
        with_shipped: bool = False,
        separate: bool = False,
        impatient: bool = False,
        spread: bool = False,
    ) -> Verdict:
        """Return the verdict on a submission.

        `submission` is a path or another place (see graders.intake.take), a submission that intake has taken, or None
        for the repository's own files. `visible` runs only the visible tests. `until` is a descriptor: when the
        descriptor becomes readable or its other end is closed, grading ends and Abandoned is raised. `tasks` restricts
        the verdict to these tasks. `tell` is called after each test with a partial verdict: the tests that have run,
        and the tasks whose tests have all run. `at` is called before each test. `require_extras` says whether extra
        tasks must pass; if it is None, kata.toml decides. `with_shipped` takes the files of the katas that this kata
        builds on from their solutions, not from the submission; the verdict is then unofficial. `separate` gives every
        test a worker of its own. With `impatient`, the tests after one that a time limit has stopped are blocked: an
        endless loop then costs a learner one limit, and not each test's. Tasks whose files are as they were handed out
        are blocked too, with the reason `unchanged`. With `spread`, the tasks of all katas but exercises are graded
        side by side if there are two processors; set it where no other grading needs them.

        Raises CatalogueError for an unknown or unreadable kata, and KataError if `with_shipped` finds no solutions. A
        fault in the submission is part of the verdict.
        """
        cached, seed = self._cached_kata(slug), os.urandom(16) if seed is None else seed
        kata, blank = cached.kata, cached.new_verdict(seed, require_extras)
        try:
            taken = _taken(cached, submission, with_shipped=with_shipped)
        except IntakeError as fault:
            return ungradable(blank, kata, str(fault))
        own = _is_own(kata, submission)
        blank = msgspec.structs.replace(
            blank,
            submission_sha256=taken.sha256,
            builds_on={each.kata: each.sha256 for each in taken.earlier},
            with_shipped=with_shipped,
            ignored_files=() if own else taken.ignored,
            intake_notes=taken.notes,
        )
        lacking = taken.refused | _missing(kata, submission, taken)
        if kata.is_lost(lacking):
            return ungradable(blank, kata, together(lacking.values()))
        earlier, why = cached.unfinished(taken, own=own)
        if earlier:
            return ungradable(blank, kata, why, "earlier kata", earlier)
        options = GradeOptions(
            tasks=tuple(sorted(tasks)),
            visible=visible or kata.handed_out,
            separate=separate,
            progress=tell is not None or at is not None,
            impatient=impatient,
        )
        stubs = cached.stubs(kata) or {} if impatient and any(task.files for task in kata.tasks) else {}
        same = tuple(name for name, data in stubs.items() if taken.graded.get(name) == data)
        request = self._request(cached, taken.graded, blank, options, seed, lacking, same)
        ends = () if until is None else (until,)
        verdict = self._spread(cached, request, ends, tell, at) if spread else None
        return _concluded(verdict or self._judged(cached, request, ends, tell, at), request, cached)

    def _spread(
        self,
        cached: CachedKata,
        request: GradeRequest,
        until: Ends,
        tell: Callable[[Verdict], None] | None,
        at: Callable[[Step], None] | None,
    ) -> Verdict | None:
        """Return the verdict of two judges that share the tasks, or None if one must grade them all."""
        tasks = tasks_of(cached.kata, request.options.tasks)
        if not tasks:
            return None
        names = tuple(tasks)  # the list becomes empty
        self.start()
        beside = Judge(
            self.root,
            require=self.require,
            confinement=self.confinement,
            resident=self.resident,
            started=self._process,
            slot=self.slot + 1,
        )

        def asking(judge: Judge) -> Ask:
            def ask(part: Part, until: Ends, *news: Any) -> Verdict:
                others = tuple(each for each in names if each != part.task)
                options = msgspec.structs.replace(
                    request.options, tasks=(part.task,), beside=others, failed=part.failed, stopped=part.stopped
                )
                return judge._judged(cached, msgspec.structs.replace(request, options=options), until, *news)

            return ask

        try:
            return SideBySide(cached.kata, tasks, tell, at).verdict(asking(self), asking(beside), until)
        finally:
            if beside.process is not self._process:  # one has ended, and another one was started
                beside.close()

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
        separate: bool = False,
        measuring: bool = False,
    ) -> Verdict:
        """Return the verdict on `files`, which maps names to contents.

        Without `reducing`, a failing case is not reduced. Without `thorough`, grading stops at the first failing test.
        `tasks`, `visible`, `require_extras` and `separate` are as for `grade`. The solutions provide the files of
        earlier katas that `files` lacks. With `measuring`, the output of a test is the numbers that it measured.
        """
        seed = os.urandom(16) if seed is None else seed
        cached = self._cached_kata(slug)
        blank = cached.new_verdict(seed, require_extras)
        options = GradeOptions(
            tasks=tuple(sorted(tasks)),
            visible=visible,
            diagnosing=diagnosing,
            reducing=reducing,
            thorough=thorough,
            separate=separate,
            measuring=measuring,
        )
        return self._judged(cached, self._request(cached, {**cached.earlier, **files}, blank, options, seed))

    def _cached_kata(self, slug: str) -> CachedKata:
        """Return a kata and its files. All files are read again if one of them has changed."""
        cached = self._katas.get(slug)
        if cached is None or cached.signature != kata_signature(cached.kata):
            cached = self._katas[slug] = CachedKata.read(self.root, slug)
        return cached

    def _request(
        self,
        cached: CachedKata,
        files: Mapping[str, bytes],
        blank: Verdict,
        options: GradeOptions,
        seed: bytes,
        lacking: Mapping[str, str] = MappingProxyType({}),
        unchanged: tuple[str, ...] = (),
    ) -> GradeRequest:
        return GradeRequest(
            files=dict(files),
            lacking=dict(lacking),
            supplied=cached.supplied,
            solution=cached.solution,
            seed=seed,
            verdict=blank,
            suite=cached.suite,
            options=options,
            unchanged=unchanged,
            require=self.require,
            crowded=self.crowded,
            processor=self.processor,
        )

    def _judged(
        self,
        cached: CachedKata,
        request: GradeRequest,
        until: Ends = (),
        tell: Callable[[Verdict], None] | None = None,
        at: Callable[[Step], None] | None = None,
    ) -> Verdict:
        """Return the verdict on a request. Ask twice if the workers' fork server dies or the machine is too busy."""
        blank, data = request.verdict, msgspec.msgpack.encode(request)
        again = False
        for _ in range(2):
            try:
                answer = self._ask(cached, data, until, tell, at, again=again)
            except JudgeError as fault:
                answer = GradeResponse(error=str(fault))
            if answer.verdict is not None:
                return answer.verdict
            if answer.ungraded:
                return msgspec.structs.replace(blank, status="ungraded", message=answer.ungraded)
            if answer.error:
                break
            again = not answer.busy
        lost = f"{answer.lost}, on both attempts; this does not count against the submission"
        return msgspec.structs.replace(blank, status="error", message=answer.error or lost)

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
                    root=self._root_in_utf8,
                    signature=cached.signature,
                    resident=self.resident,
                    again=again,
                    slot=self.slot,
                    crowded=self.crowded,
                )
                try:
                    send_message(self._process.control, msgspec.json.encode(note), [server_end.fileno()])
                except OSError:
                    self.close()
                    raise JudgeError("the judge's process ended; run the command again") from None
            yield client_end

    def _ask(
        self,
        cached: CachedKata,
        request: bytes,
        until: Ends,
        tell: Callable[[Verdict], None] | None,
        at: Callable[[Step], None] | None,
        *,
        again: bool,
    ) -> GradeResponse:
        """Send a request and wait for its response.

        Raises JudgeError after the time limit, and Abandoned once one of `until` is readable or closed.
        """
        with self._connected(cached, again=again) as client_end:
            seconds = BUSY * (cached.kata.limits.total_s + PATIENCE_S)
            client_end.settimeout(seconds)
            try:
                send(client_end, request)
                while True:
                    if until:
                        _wait(client_end, until)
                    answer = msgspec.msgpack.decode(receive(client_end), type=GradeResponse)
                    if not answer.partial:
                        return answer
                    if tell is not None and answer.verdict is not None:
                        tell(answer.verdict)
                    if at is not None and answer.step is not None:
                        at(answer.step)
            except TimeoutError:
                self.close()
                load = os.getloadavg()[0]
                reason = f"the judge did not answer within {seconds:.0f} s (load average {load:.0f})"
                raise JudgeError(f"{reason}; grade again when the machine is less busy") from None
            except (EOFError, OSError):
                return GradeResponse(lost="the judge's process ended before it gave a verdict")


def _in_utf8(folder: Path) -> str:
    """Return a path as the judge's process decodes it, in every locale. Raises KataError."""
    try:
        return os.fsencode(folder).decode()
    except UnicodeDecodeError:
        remedy = "Rename the folders in it, or move the katas."
        raise KataError(f"{folder}: this path is not UTF-8, so nothing can be graded here. {remedy}") from None


def _taken(
    cached: CachedKata, submission: Path | str | intake.Submission | None, *, with_shipped: bool
) -> intake.Submission:
    """Return the submission at a place, by default the repository's own files. Raises IntakeError.

    With `with_shipped`, the files of earlier katas are those of the solutions. Raises KataError if there are none.
    """
    kata = cached.kata
    if not with_shipped:
        place = submission or kata.folder
        if isinstance(place, intake.Submission):
            return place
        return intake.take(kata, place, anywhere=submission is not None)
    if not kata.earlier:
        raise KataError(f"{kata.slug} builds on no other kata. Leave out --with-shipped.")
    if not all(other.solution.is_dir() for other in kata.earlier):
        raise KataError("--with-shipped needs the solutions, which this copy does not have. Leave it out.")
    alone = msgspec.structs.replace(kata, earlier=())
    own = submission if isinstance(submission, intake.Submission) else intake.take(alone, submission or kata.folder)
    return intake.with_earlier(kata, own, lambda other: intake.submission(other, intake.shipped(other, other.solution)))


def _is_own(kata: Kata, submission: Path | str | intake.Submission | None) -> bool:
    """Return whether the submission is a folder of the kata, in which other files belong to the kata."""
    return submission is None or (isinstance(submission, Path) and submission.resolve() in (kata.folder, kata.solution))


def _missing(kata: Kata, submission: Path | str | intake.Submission | None, taken: intake.Submission) -> dict[str, str]:
    """Return the message about the files that a submission lacks, by file. A task may name a pattern of such files."""
    there = [*taken.graded, *taken.refused]
    named = [entry for task in kata.tasks for entry in task.files if not any(overlap(entry, name) for name in there)]
    names = dict.fromkeys([*taken.missing, *named])
    where = "the submission" if submission is taken else submission or kata.folder
    if submission is not None:
        where = f"{where}{_instead(taken, names)}"
    said = f"{', '.join(names)}: not found in {where}. Submit every file that {kata.folder.name}/kata.toml lists."
    return dict.fromkeys(names, said)


def _instead(taken: intake.Submission, missing: Iterable[str]) -> str:
    """Return a clause with the names of the files that a submission has instead, those nearest to a missing one first.

    Source files come before others.
    """

    def likeness(name: str) -> float:
        own = name.lower().rpartition("/")[2]
        return max((SequenceMatcher(None, own, each.rpartition("/")[2]).ratio() for each in missing), default=0.0)

    seen = [name for name in taken.ignored if not name.startswith((".", "…"))]
    seen.sort(key=lambda name: (not name.lower().endswith((".py", ".ipynb")), -likeness(name)))
    if not seen:
        return ""
    more = " and more" if len(taken.ignored) > SHOWN_INSTEAD else ""
    return f", which has {', '.join(seen[:SHOWN_INSTEAD])}{more}"


def _concluded(verdict: Verdict, request: GradeRequest, cached: CachedKata) -> Verdict:
    """Return the verdict, changed to `ungradable` if the files earn no points and are as they were handed out.

    Such files are graded first, because the files that git records as handed out may already contain a solution.

    In a student's copy, the message says that only the visible tests were run.
    """
    kata = cached.kata
    own = {name: data for name, data in request.files.items() if kata.declares(name)}
    if verdict.status == "failed" and verdict.score == 0 and own == cached.stubs(kata):
        blank, how = request.verdict, {"confinement": verdict.confinement, "duration_s": verdict.duration_s}
        return ungradable(msgspec.structs.replace(blank, **how), kata, _as_they_were(sorted(own)), "unchanged")
    verdict = _without_stubs_to_review(verdict, kata, own, cached.stubs(kata) or {})
    if not kata.handed_out or verdict.status in ("ungradable", "error"):
        return verdict
    return msgspec.structs.replace(verdict, message="\n".join(filter(None, (verdict.message, HANDED_OUT))))


def _without_stubs_to_review(
    verdict: Verdict, kata: Kata, own: Mapping[str, bytes], stubs: Mapping[str, bytes]
) -> Verdict:
    """Return the verdict, in which no task awaits a review of files that are as they were handed out."""
    waiting = {task.name for task in verdict.tasks if task.status == "awaiting_review"}
    results = {}
    for task in kata.tasks:
        files = sorted(name for name in own if task.files and task.needs(name))
        if task.name in waiting and files and all(own[name] == stubs.get(name) for name in files):
            blank = TestResult(name=FILES, title="The files", task=task.name, visibility="visible", status="failed")
            results[task.name] = msgspec.structs.replace(blank, reason="unchanged", message=_as_they_were(files))
    if not results:
        return verdict
    tasks = [msgspec.structs.replace(each, status="failed") if each.name in results else each for each in verdict.tasks]
    return totalled(msgspec.structs.replace(verdict, tests=(*verdict.tests, *results.values())), tasks)


def _wait(answer: socket.socket, until: Ends) -> None:
    """Wait until `answer` is readable. Raises Abandoned if one of `until` is ready first, or TimeoutError."""
    poll = select.poll()
    for each in (answer.fileno(), *until):
        poll.register(each, select.POLLIN)
    ready = {descriptor for descriptor, _ in poll.poll(1000 * (answer.gettimeout() or PATIENCE_S))}
    if not ready:
        raise TimeoutError
    if answer.fileno() not in ready:
        raise Abandoned("grading was cancelled")


def _as_they_were(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"{names[0]} is unchanged since it was {NOTHING_YET}"
    return f"{', '.join(names[:-1])} and {names[-1]} are unchanged since they were {NOTHING_YET}"
