"""The "Train" tab: the learner's own training program runs in a worker, and the page draws the frames that it sends.

The page asks for one frame after another (graders/worker/recorder.py). A worker that gets no request waits, so pausing
needs no code here. What a worker sends is untrusted: a frame has a small size, comes at most 30 times a second, and
contains only what `frame_of` takes from it.
"""

from __future__ import annotations

import base64
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graders.catalogue import Kata
from graders.errors import JudgeError, KataError, SubmissionError
from graders.learner.watch.plotting import programs_of
from graders.worker.recorder import LONGEST_NAME, MOST_LAYERS, MOST_POINTS, PICTURES, PIXELS
from katas_page.tryout import LONGEST_PART, Run, Sandbox

if TYPE_CHECKING:
    from graders.judge.worker_handle import Worker

Json = dict[str, Any]
FRAMES_PER_S = 30.0
STEP_S = 60.0  # of a worker's own time, between two frames; milestone3 measures its model for some seconds at the end
LATE = f"Stopped: no step was reported for {STEP_S:g} s."
ENDED = "This training has ended. Start it again."
MOST_HEADER, MOST_ARRAYS = 32 << 10, 96 << 10  # in bytes, of a frame: its numbers, and its pictures
CONTRAST = 0.6  # the share of the largest weight that gets the full colour
MOST_DIGITS, MOST_SETTINGS = 20, 4
LONGEST_TEXT, LONGEST_OUTPUT = 400, 8000
USES_RECORDER = b"Recorder("
TRAIN = "train"  # the entry point of a program that trains by itself


@dataclass(frozen=True)
class TrainedBy:
    """The learner's programs that train, if any, and whether their optimizers are watched for want of a Recorder."""

    programs: tuple[str, ...]
    watched: bool


class Trainings(Sandbox):
    """One training at a time. A new one stops the one before it, and one that no page asks for ends after a while."""

    idle_s = 600.0

    _run: Run | None = None  # has the worker
    _number = 0
    _due = 0.0  # when the next frame may be sent

    def begin(self, kata: Kata, given: Json) -> Json:
        """Start the kata's training program, and return its first frame. Raises KataError."""
        found = trained_by(kata)
        if not found.programs:
            raise KataError(f"{kata.slug} has no training to watch.")
        program = given.get("program", found.programs[0])
        if program not in found.programs:
            raise KataError(f"{program!r:.60} is not a program of {kata.slug}. Choose {', '.join(found.programs)}.")
        settings = _settings(given.get("settings"))
        order = {"program": program, "watched": found.watched, "settings": settings, **_how_far(given)}
        with self._lock:
            self._stop()
            self._current = run = Run(kata, "")
            waiting = self._thread.submit(self._begin, run, order)
        return waiting.result()

    def next(self, given: Json) -> Json:
        """Let the training go on, and return the next frame. Raises KataError."""
        return self._asked(given, lambda worker: self._frame(worker, "next", _how_far(given)))

    def read_digit(self, given: Json) -> Json:
        """Let the network that is being trained read a digit, and return the ten probabilities. Raises KataError."""
        try:
            pixels = base64.b64decode(given.get("pixels", ""), validate=True)
        except (TypeError, ValueError):
            pixels = b""
        if len(pixels) != PIXELS:
            raise KataError(f"A digit has {PIXELS} pixels.")
        found = self._asked(given, lambda worker: self._reply(worker, "read_digit", pixels))
        fault, numbers = found.get("fault"), found.get("probabilities")
        probabilities = [_number(each) for each in numbers] if isinstance(numbers, list) and len(numbers) == 10 else []
        missing = "" if probabilities else "Your network returned no probabilities."
        if None in probabilities:
            probabilities, missing = [], "Your network's probabilities are not finite numbers."
        return {"probabilities": probabilities, "fault": _text(fault, LONGEST_TEXT) or missing}

    def _end_all(self) -> None:
        self._end_run()
        super()._end_all()

    def _begin(self, run: Run, order: Json) -> Json:
        self._end_run()
        self._number += 1
        self._run = run
        try:
            worker = self._hire(run)
        except JudgeError as fault:
            self._end_server()  # the next training gets another one
            raise KataError(f"Your training could not be run: {fault}") from None
        worker.reader.most_header, worker.reader.most_arrays = MOST_HEADER, MOST_ARRAYS
        return self._frame(worker, "train", run.order(math.ceil(run.kata.limits.total_s)) | order)

    def _asked(self, given: Json, work: Callable[[Worker], Json]) -> Json:
        """Work with the worker of the training that the page means, in the thread to which it belongs."""

        def done() -> Json:
            worker = self._run.worker if self._run is not None else None
            if worker is None or given.get("run") != self._number:
                raise KataError(ENDED)
            self._use()
            return work(worker)

        return self._thread.submit(done).result()

    def _frame(self, worker: Worker, operation: str, order: Json) -> Json:
        time.sleep(max(0.0, self._due - time.monotonic()))
        try:
            found = frame_of(self._reply(worker, operation, order))
        except KataError as fault:
            found = frame_of({}) | {"done": True, "fault": str(fault)}
        self._due = time.monotonic() + 1 / FRAMES_PER_S
        return found | {"run": self._number, "output": worker.take_output()[-LONGEST_OUTPUT:]}

    def _reply(self, worker: Worker, operation: str, value: Any) -> Json:
        """Return a worker's reply. Raises KataError, and does so for every later request if the worker is dead."""
        try:
            worker.post(operation, "", value)
            found = worker.receive(STEP_S, "your training", LATE)
            worker.charge()
        except (SubmissionError, JudgeError) as fault:
            raise KataError(str(fault)) from None
        return found if isinstance(found, dict) else {}

    def _end_run(self) -> None:
        if self._run is not None:
            self._dismiss(self._run)
        self._run = None


def trained_by(kata: Kata) -> TrainedBy:
    """Return how a kata trains in the page: a supplied Recorder reports the steps, or PyTorch's optimizers are watched.

    The latter is for programs that train by themselves, in a function `train` that the learner's file has.
    """
    programs = tuple(found.relative_to(kata.folder).as_posix() for found in programs_of(kata))
    supplied = (kata.folder / name for name in kata.supplied if name.endswith(".py"))
    if any(path.is_file() and USES_RECORDER in path.read_bytes() for path in supplied):
        return TrainedBy(programs[:1], watched=False)
    trains = kata.runtime == "torch" and TRAIN in kata.entry_points
    return TrainedBy(programs if trains else (), watched=True)


def frame_of(found: Json) -> Json:
    """Return what a page draws of a frame. All of it is checked, because a submission may have made it."""
    import numpy as np

    weights: Any = found.get("weights")
    if _is_pictures(weights, PICTURES) and weights.dtype == np.float32:
        finite = np.nan_to_num(weights, nan=0.0, posinf=0.0, neginf=0.0).astype(float)
        largest = max(CONTRAST * abs(finite).max(), 1e-30)
        weights = np.rint(127 + 127 * np.clip(finite / largest, -1, 1)).astype(np.uint8)
    return {
        "done": found.get("done") is True,
        "fault": _text(found.get("fault"), LONGEST_PART),
        "note": _text(found.get("note"), LONGEST_TEXT),
        "begins": found.get("begins") is True,
        "settings": _settings(found.get("settings")),
        "unit": _text(found.get("unit"), LONGEST_NAME),
        "title": _text(found.get("title"), LONGEST_NAME),
        "of": _count(found.get("of")),
        "step": _count(found.get("step")),
        "points": [[_count(step), *map(_number, two)] for step, *two in _rows(found.get("points"), 3, MOST_POINTS)],
        "sizes": [
            [_text(name, LONGEST_NAME), *map(_number, two)] for name, *two in _rows(found.get("sizes"), 3, MOST_LAYERS)
        ],
        "weights": _bytes(weights, PICTURES),
        "digits": _bytes(found.get("digits"), MOST_DIGITS),
        "labels": _classes(found.get("labels")),
        "read": _classes(found.get("read")),
        "text": _text(found.get("text"), LONGEST_TEXT),
    }


def _how_far(given: Json) -> Json:
    """Return how far a training goes on until its next frame: so many steps, or so long."""
    steps, seconds = _count(given.get("steps")), _number(given.get("seconds")) or 0.0
    return {"steps": max(1, steps), "seconds": min(max(seconds, 0.0), 1.0)}


def _settings(found: object) -> dict[str, float]:
    names = [*found.items()][:MOST_SETTINGS] if isinstance(found, dict) else []
    numbers = {_text(name, LONGEST_NAME): _number(value) for name, value in names}
    return {name: value for name, value in numbers.items() if name and value is not None}


def _rows(found: object, width: int, most: int) -> list[list[Any]]:
    rows = found[:most] if isinstance(found, list) else []
    return [row for row in rows if isinstance(row, list) and len(row) == width]


def _is_pictures(found: Any, most: int) -> bool:
    shape: tuple[int, ...] = getattr(found, "shape", ())
    return len(shape) == 2 and 1 <= shape[0] <= most and shape[1] == PIXELS


def _bytes(pictures: Any, most: int) -> str:
    if not _is_pictures(pictures, most) or pictures.dtype.name != "uint8":
        return ""
    return base64.b64encode(pictures.tobytes()).decode("ascii")


def _classes(found: object) -> list[int]:
    return [min(_count(each), 9) for each in found[:MOST_DIGITS]] if isinstance(found, list) else []


def _count(found: object) -> int:
    return found if type(found) is int and 0 <= found < 1 << 53 else 0


def _number(found: object) -> float | int | None:
    """Return a finite number with six digits, or None. JSON has no others."""
    if type(found) is int and abs(found) < 1 << 53:
        return found
    return float(f"{found:.6g}") if isinstance(found, float) and math.isfinite(found) else None


def _text(found: object, longest: int) -> str:
    return found[:longest] if isinstance(found, str) else ""
