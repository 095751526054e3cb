"""`Judge`: grading as a Python API that stays warm between gradings."""

from __future__ import annotations

import contextlib
import datetime
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import msgspec

from graders import catalogue, intake
from graders.catalogue import Kata
from graders.errors import IntakeError, JudgeError
from graders.judge import process
from graders.judge.process import JudgeProcess
from graders.verdict import Confinement, Verdict

if TYPE_CHECKING:
    from graders.judge.grading import Answer

PATIENCE_S = 120.0  # beyond a kata's own limit, for our side: start, diagnosis, a slow machine
_HARNESS = Path(__file__).parents[1]


class Judge:
    """A resident judge for one repository of katas.

        with Judge() as judge:
            verdict = judge.grade("exercise01", Path("submissions/ada"))

    `require` is the least confinement that is accepted (a weaker one makes every verdict an `error`); `confinement`
    may ask for less than there is. `resident=False` is for a single grading: nothing is prepared for a next one.
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
    ) -> None:
        self.root = Path(root).resolve() if root else catalogue.find_root(Path.cwd())
        self.require = require
        self.confinement = confinement
        self.resident = resident
        self.first_runtime = first_runtime
        self._process = started
        self._harness = _signature(_HARNESS) if started else ""
        self._katas: dict[str, tuple[str, Kata, Verdict]] = {}

    def __enter__(self) -> Judge:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Start the processes behind this judge, without waiting for them; again where they or the harness changed."""
        if self._process is not None and self._process.alive and self._harness == _signature(_HARNESS):
            return
        self.close()
        self._process = process.start(self.confinement, self.first_runtime)
        self._harness = _signature(_HARNESS)

    def close(self) -> None:
        """End every process behind this judge."""
        if self._process is not None:
            self._process.close()
            self._process = None

    # ------------------------------------------------------------------------------------- grading

    def grade(self, slug: str, submission: Path | None = None, *, seed: bytes | None = None) -> Verdict:
        """The verdict on a submission: a folder (see graders.intake.take), or None for the repository's own files.

        Raises CatalogueError for an unknown or unreadable kata; whatever is wrong with the submission is a verdict.
        """
        seed = os.urandom(16) if seed is None else seed
        kata, begun = self._known(slug, seed)
        try:
            taken = intake.take(kata, submission or kata.folder)
        except IntakeError as fault:
            return msgspec.structs.replace(begun, status="ungradable", message=str(fault))
        begun = msgspec.structs.replace(begun, submission_sha256=taken.sha256, ignored_files=taken.ignored)
        if taken.missing:
            where = submission or kata.folder
            said = f"{', '.join(taken.missing)}: not found in {where}; the kata takes exactly the files it names"
            return msgspec.structs.replace(begun, status="ungradable", message=said)
        return self._judged(kata, {file.name: file.data for file in taken.files}, seed, begun, True)

    def grade_files(
        self, slug: str, files: Mapping[str, bytes], *, seed: bytes | None = None, diagnosing: bool = False
    ) -> Verdict:
        """The verdict on files given by name and content, as `katas check` has them."""
        seed = os.urandom(16) if seed is None else seed
        kata, begun = self._known(slug, seed)
        return self._judged(kata, dict(files), seed, begun, diagnosing)

    def _known(self, slug: str, seed: bytes) -> tuple[Kata, Verdict]:
        """A kata and how its verdicts begin, read again when one of its files has changed."""
        kata = self._katas[slug][1] if slug in self._katas else catalogue.load(self.root, slug)
        signature = _kata_signature(kata)
        if slug not in self._katas or self._katas[slug][0] != signature:
            kata = catalogue.load(self.root, slug)
            self._katas[slug] = signature, kata, _begun(kata)
        graded_at = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        return kata, msgspec.structs.replace(self._katas[slug][2], seed=seed.hex(), graded_at=graded_at)

    def _judged(self, kata: Kata, files: dict[str, bytes], seed: bytes, begun: Verdict, diagnosing: bool) -> Verdict:
        solution = {str(path.relative_to(kata.solution)): path.read_bytes() for path in _declared(kata)}
        order = {
            "files": files,
            "supplied": {file.name: file.data for file in intake.supplied(kata)},
            "solution": solution,
            "seed": seed,
            "verdict": begun,
            "diagnosing": diagnosing,
            "require": self.require,
        }
        data = msgspec.msgpack.encode(order)
        for attempt in (1, 2):
            try:
                answer = self._ask(kata, data)
            except JudgeError as fault:
                return msgspec.structs.replace(begun, status="error", message=str(fault))
            if answer.verdict is not None:
                return answer.verdict
            if answer.error:
                return msgspec.structs.replace(begun, status="error", message=answer.error)
            if attempt == 2:
                said = f"{answer.lost}, twice: see `katas doctor`; nothing is charged to the submission"
                return msgspec.structs.replace(begun, status="error", message=said)
        raise AssertionError("unreachable")

    def _ask(self, kata: Kata, order: bytes) -> Answer:
        """Send one order and wait for its answer. Raises JudgeError when nobody answers."""
        from graders.judge.connection import receive, send
        from graders.judge.grading import Answer

        self.start()
        assert self._process is not None
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                note = {
                    "kata": kata.slug,
                    "root": str(kata.root),
                    "signature": _kata_signature(kata),
                    "resident": self.resident,
                }
                try:
                    socket.send_fds(self._process.control, [msgspec.json.encode(note)], [theirs.fileno()])
                except OSError:
                    self.close()
                    raise JudgeError("the judge's process ended; run the command again") from None
            ours.settimeout(kata.limits.total_s + PATIENCE_S)
            try:
                send(ours, order)
                return msgspec.msgpack.decode(receive(ours), type=Answer)
            except TimeoutError:
                self.close()
                raise JudgeError("the judge did not answer in time") from None
            except (EOFError, OSError):
                return Answer(lost="the judge's process ended before its verdict")


def _declared(kata: Kata) -> list[Path]:
    return [path for pattern in kata.files for path in sorted(kata.solution.glob(pattern)) if path.is_file()]


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


def _kata_signature(kata: Kata) -> str:
    return _signature(kata.folder, kata.solution, kata.hidden)


def _signature(*folders: Path) -> str:
    """Changes when a file under these folders does: names, sizes and times, not contents, since it is asked often."""
    found = []
    for folder in folders:
        for base, inside, names in os.walk(folder):
            inside[:] = sorted(name for name in inside if name != "__pycache__" and base != str(_HARNESS / "hidden"))
            for name in sorted(names):
                with contextlib.suppress(OSError):
                    status = os.stat(os.path.join(base, name))
                    found.append((name, status.st_size, status.st_mtime_ns, status.st_ino))
    return str(hash(tuple(found)))
