"""Trainings on disk, so that a server that is started again knows them, and goes on where one was interrupted.

Each has up to three files: `NUMBER.training` with a line of JSON and the state that its program has handed over,
`NUMBER.frames` with a line of JSON for every frame but the last, and `NUMBER.html` with what was trained. The learner's
program has made the state and the HTML, so only a worker reads the state, and no page of this server shows the HTML.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graders.atomic import replacing
from graders.catalogue import Kata
from graders.errors import KataError
from katas_page.tryout import LineRun

if TYPE_CHECKING:
    from graders.judge.worker_handle import Worker

Json = dict[str, Any]
MOST_KEPT = 20  # trainings of a kata that have ended; older ones go
RECORDED = ("program", "watched", "settings", "rate", "paused", "ended", "begun_at", "state_at")
KINDS = ("training", "frames", "html")  # of files
PASSING = ("weights", "sizes", "output")  # parts of a frame that count until the next one


@dataclass
class Training:
    """A training: what was asked for, what has happened, and how far it may go."""

    number: int
    kata: Kata
    program: str
    watched: bool  # its optimizers are, for want of a Recorder
    settings: dict[str, float]
    rate: float = 0.0  # steps a second, or 0: as many as possible
    paused: bool = False
    once: int = 0  # steps to take in spite of a pause
    stopping: bool = False
    ended: bool = False
    begun_at: float = field(default_factory=time.time)
    state: bytes = b""  # with which its program can go on
    state_at: int = 0  # the number of frames before that
    file: bytes = b""  # what it has trained, as one HTML file
    frames: list[Json] = field(default_factory=list)
    branch: str = field(default_factory=lambda: secrets.token_hex(4))  # another one has other frames
    written: int = 0  # the number of frames on disk
    run: LineRun | None = None  # has the worker
    due: float = 0.0  # when its next frame may be asked for
    keep_at: float = 0.0  # when its state is to be kept again

    @property
    def slug(self) -> str:
        return self.kata.slug

    @property
    def worker(self) -> Worker | None:
        return self.run.worker if self.run is not None else None

    @property
    def may_go_on(self) -> bool:
        return self.stopping or self.once > 0 or not self.paused

    def add(self, frame: Json) -> None:
        """Add a frame. What counts until there is another one moves on from the frame before, whose rest stays."""
        if self.frames and not frame["begins"]:
            before = self.frames[-1]
            frame |= {name: frame[name] or before[name] for name in PASSING if name in before}
            self.frames[-1] = {name: part for name, part in before.items() if part and name not in PASSING}
        self.frames.append(frame)

    def go_back(self) -> None:
        """Forget what came after the state, from which the training will go on."""
        self.file, self.branch = b"", secrets.token_hex(4)
        del self.frames[self.state_at :]
        self.written = min(self.written, len(self.frames))

    @property
    def done(self) -> int:
        """The number of steps that it has taken."""
        return next((frame["step"] for frame in reversed(self.frames) if frame.get("step")), 0)

    def step(self) -> str:
        """Return how far it has come, for people."""
        done = self.done
        of = next((frame["of"] for frame in reversed(self.frames) if frame.get("of")), 0)
        return f"step {done} of {of}" if of else f"step {done}"


class KeptTrainings:
    """The trainings in a folder. If another server uses it, or it can't be written, nothing is kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fault = ""
        self.unread: list[str] = []  # files of trainings that are damaged, or of a kata that is not there
        self.last = 0  # number
        self._lock: int | None = None  # on the folder, if it is ours
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.close()
            self.fault = "This training ends with this server: another server keeps the trainings of this folder."
        except OSError as fault:
            self.close()
            self.fault = f"This training ends with this server: {folder} cannot be written ({fault.strerror})."

    def read(self, find: Callable[[str], Kata]) -> list[Training]:
        """Return the trainings on disk, the oldest first. Files that aren't whole, or of no kata, are left alone."""
        found = []
        for path in self.folder.glob("*.training") if self._lock is not None else []:
            try:
                found.append(self._read(path, find))
            except (OSError, ValueError, KeyError, TypeError, KataError):
                self.unread.append(path.name)
        return sorted(found, key=lambda training: training.number)

    def _read(self, path: Path, find: Callable[[str], Kata]) -> Training:
        number = int(path.stem)
        self.last = max(self.last, number)
        line, _, state = path.read_bytes().partition(b"\n")
        record = json.loads(line)
        recorded = {name: record[name] for name in RECORDED}
        training = Training(number, find(record["slug"]), state=state, **recorded)
        training.frames = [*self._frames(training, int(record["frames"])), *record["last"]]
        training.written = int(record["frames"])
        if self._path(training, "html").is_file():
            training.file = self._path(training, "html").read_bytes()
        if not training.ended:
            training.go_back()
        return training

    def problem(self) -> str:
        """Return what a learner must know about what is kept, or an empty string."""
        names = ", ".join(sorted(self.unread))
        unread = f"In {self.folder}, these trainings cannot be read: {names}. Delete them if you can do without."
        return self.fault or (unread if names else "")

    def _frames(self, training: Training, count: int) -> list[Json]:
        path = self._path(training, "frames")
        lines = path.read_bytes().split(b"\n")[:count] if count else []
        return [json.loads(line) for line in lines]

    def write(self, training: Training) -> None:
        """Write what has happened since the last time. A full disk or the like leaves a fault until there is room."""
        if self._lock is None:
            return
        if not self._path(training, "frames").is_file():
            training.written = 0
        lines, last = training.frames[:-1], training.frames[-1:]
        record = {name: getattr(training, name) for name in RECORDED}
        record |= {"slug": training.slug, "frames": len(lines), "last": last}
        try:
            with open(self._path(training, "frames"), "r+b" if training.written else "wb") as file:
                for _ in range(training.written):
                    file.readline()
                file.truncate(file.tell())
                file.writelines(json.dumps(frame).encode() + b"\n" for frame in lines[training.written :])
            self._path(training, "html").unlink(missing_ok=True)
            if training.file:
                with replacing(self._path(training, "html")) as file:
                    file.write(training.file)
            with replacing(self._path(training, "training")) as file:
                file.write(json.dumps(record).encode() + b"\n" + training.state)
            training.written, self.fault = len(lines), ""
        except OSError as fault:
            self.fault = f"This training ends with this server: {self.folder} cannot be written ({fault.strerror})."

    def forget(self, training: Training) -> None:
        for kind in KINDS:
            with contextlib.suppress(OSError):
                self._path(training, kind).unlink()

    def size(self, training: Training) -> int:
        """Return how many bytes its files have."""
        found = 0
        for kind in KINDS:
            with contextlib.suppress(OSError):
                found += self._path(training, kind).stat().st_size
        return found

    def close(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
        self._lock = None

    def _path(self, training: Training, kind: str) -> Path:
        return self.folder / f"{training.number}.{kind}"
