"""The "Train" tab: the learner's own training programs run in workers, and pages draw the frames that these send.

Trainings belong to the server. They wait in a queue: the first one runs, and a pause lets the next one go on. Each
frame is the answer to one request (graders/worker/recorder.py), so a worker that gets none waits. What it sends is
untrusted: a frame has a limited size, comes at most 30 times a second, and contains only what `frame_of` takes from it.
Every few seconds the program hands over the state from which it can go on, if it has any, and all is written to disk.
"""

from __future__ import annotations

import base64
import contextlib
import math
import threading
import time
import traceback
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graders.catalogue import Kata
from graders.errors import JudgeError, KataError
from graders.judge.client import Judge
from graders.learner.watch.plotting import programs_of
from graders.worker.recorder import PIXELS, QUESTIONS
from katas_page.built import built
from katas_page.exports import authors_of, file_of
from katas_page.frames import LONGEST_TEXT, count_of, frame_of, number_of, settings_of, text_of, written_of
from katas_page.kept import MOST_KEPT, KeptTrainings, Training
from katas_page.tryout import STOPPED, LineRun, LineRunner, is_installed

if TYPE_CHECKING:
    from graders.judge.worker_handle import Worker

Json = dict[str, Any]
FRAMES_PER_S = 30.0
STEP_S = 60.0  # of a worker's own time, between two frames; milestone3 measures its model for some seconds at the end
MOST_WAITING = 10
KEEP_S = 5.0  # between two writings to disk
NEWS_S = 1.0  # how long a page waits for news at most
STOP_S = 1.0  # how long a stop waits for the step that is being taken
LATE = f"Stopped: no step was reported for {STEP_S:g} s."
ENDED = "This network has been unloaded. Train again."
WAITS = "This network is not there yet: its training waits for its turn."
ANSWER_S = 20.0  # of a worker's own time, for the answer to a question
NO_ANSWER = f"Stopped: your network did not answer within {ANSWER_S:g} s."
UNKNOWN = "There is no such training. It may have been deleted."
MOST_HEADER, MOST_ARRAYS = 32 << 10, 16 << 20  # in bytes, of a frame: its numbers, and its pictures with the state
LONGEST_OUTPUT = 8000
AS_MANY = 10**6  # steps
FINISH: Json = {"steps": 1, "seconds": 0.0, "keep": False, "finish": True}  # as Ctrl-C does
USES_RECORDER, PUBLISHES = b"Recorder(", b"recorder.publish("  # in supplied files
WRITES = ("temperature", "top_k", "top_p")  # settings
TRAIN = "train"  # the entry point of a program that trains by itself


@dataclass(frozen=True)
class TrainedBy:
    """The learner's programs that train, if any, and whether their optimizers are watched for want of a Recorder."""

    programs: tuple[str, ...]
    watched: bool


class Trainings(LineRunner):
    """All trainings of a server. The methods that a page calls raise KataError."""

    idle_s = 600.0
    most_servers = MOST_WAITING  # because a paused training keeps its worker

    def __init__(self, judge: Judge, kept: KeptTrainings) -> None:
        super().__init__(judge)
        self._kept = kept
        self._all: dict[int, Training] = {}
        self._queue: list[Training] = []  # those that have not ended
        self._told = threading.Condition()  # held for every change of the two, and of a training
        self._awake = threading.Event()
        self._turning = self._closing = False

    # ------------------------------------------------------------------------------- what a page asks for

    def resume(self, find: Callable[[str], Kata]) -> None:
        """Take over the trainings on disk, and go on with those that were interrupted."""
        with self._told:
            for training in self._kept.read(find):
                self._all[training.number] = training
                if not training.ended:
                    self._queue.append(training)
        self._go()

    def begin(self, kata: Kata, given: Json) -> Json:
        """Queue a training of a kata, or go on with one that has ended. Return its number."""
        number = given.get("continues")
        with self._told:
            if len(self._queue) >= MOST_WAITING:
                raise KataError(f"{MOST_WAITING} trainings have not ended yet. Stop one of them first.")
            training = self._fresh(kata, given) if number is None else self._continued(kata, number, given)
            self._all[training.number] = training
            self._queue.append(training)
            self._pace(training, {"paused": False} | given)
        self._go()
        return {"run": training.number}

    def _fresh(self, kata: Kata, given: Json) -> Training:
        found = trained_by(kata)
        if not found.programs:
            raise KataError(f"{kata.slug} has no training to watch.")
        program = given.get("program", found.programs[0])
        if program not in found.programs:
            raise KataError(f"{program!r:.60} is not a program of {kata.slug}. Choose {', '.join(found.programs)}.")
        settings = settings_of(given.get("settings"))
        number = max([*self._all, self._kept.last]) + 1
        return Training(number, kata, program, found.watched, settings)

    def _continued(self, kata: Kata, number: object, given: Json) -> Training:
        training = self._found(kata.slug, number)
        if not training.ended or not training.state:
            raise KataError("This training cannot go on.")
        training.settings |= settings_of(given.get("settings"))
        training.go_back()
        training.ended = training.stopping = False
        training.kata = kata
        self._release(training)
        return training

    def news(self, slug: str, given: Json) -> Json:
        """Return a training's frames from number `since` on, as soon as there are any, and how it stands.

        Without `run`, it is the kata's latest training, if there is one. Once a training goes on from an earlier state,
        its frames are those of another `branch`, and a page gets them all.
        """
        with self._told:
            run = given.get("run")
            if run is None:
                run = max((number for number, each in self._all.items() if each.slug == slug), default=None)
            if run is None:
                return {"run": None}
            training = self._found(slug, run)
            since = count_of(given.get("since")) if given.get("branch") in (None, training.branch) else 0
            if since >= len(training.frames) and not training.ended:
                self._told.wait(NEWS_S)
            before = self._queue[: self._queue.index(training)] if training in self._queue else []
            ahead = next((each for each in before if each.may_go_on), None)
            return {
                "run": run,
                "branch": training.branch,
                "program": training.program,
                "frames": training.frames[since:],
                "paused": training.paused,
                "ended": training.ended,
                "can_go_on": training.ended and bool(training.state),
                "has_file": training.ended and _may_have_file(training),
                "waits_for": f"{ahead.slug}, {ahead.step()}" if ahead and not training.paused else "",
                "unkept": self._kept.problem(),
            }

    def listed(self, slug: str) -> Json:
        """Return the kata's trainings, the latest first."""
        with self._told:
            return {"trainings": [self._described(each) for each in reversed(self._all.values()) if each.slug == slug]}

    def built(self, done: Collection[str]) -> Json:
        """Return what the learner's own networks of these katas have learned: see `built.built`."""
        with self._told:
            return built(list(self._all.values()), done)

    def _described(self, training: Training) -> Json:
        size = self._kept.size(training)
        when = time.strftime("%d %B, %H:%M", time.localtime(training.begun_at))
        reached = {"program": training.program, "reached": training.step()}
        return {"run": training.number, "ended": training.ended, "when": when, "kb": -(-size // 1000), **reached}

    def pace(self, slug: str, given: Json) -> Json:
        """Change how fast a training goes on: `rate` steps a second, 0 for as many as possible, `paused`, `once`."""
        with self._told:
            self._pace(self._found(slug, given.get("run")), given)
        self._go()
        return {}

    def stop_one(self, slug: str, given: Json) -> Json:
        """End a training after the step that it is taking, or at once if that takes long."""
        with self._told:
            training = self._found(slug, given.get("run"))
            training.stopping = True
        self._go()
        with self._told:
            self._told.wait_for(lambda: training.ended, STOP_S)
        with self._lock:
            if not training.ended and training.worker is not None:
                training.worker.kill(STOPPED)
        return {}

    def forget(self, slug: str, given: Json) -> Json:
        """Delete a training that has ended."""
        with self._told:
            training = self._found(slug, given.get("run"))
            if not training.ended:
                raise KataError("Stop this training first.")
            self._forget(training)
        return {}

    def read_digit(self, slug: str, given: Json) -> Json:
        """Let the network of a training read a digit, and return the ten probabilities."""
        try:
            pixels = base64.b64decode(given.get("pixels", ""), validate=True)
        except (TypeError, ValueError):
            pixels = b""
        if len(pixels) != PIXELS:
            raise KataError(f"A digit has {PIXELS} pixels.")
        found = self._asked(slug, given, "read_digit", pixels)
        fault, numbers = found.get("fault"), found.get("probabilities")
        probabilities = (
            [number_of(each) for each in numbers] if isinstance(numbers, list) and len(numbers) == 10 else []
        )
        missing = "" if probabilities else "Your network returned no probabilities."
        if None in probabilities:
            probabilities, missing = [], "Your network's probabilities are not finite numbers."
        return {"probabilities": probabilities, "fault": text_of(fault, LONGEST_TEXT) or missing}

    def test(self, slug: str, given: Json) -> Json:
        """Let the program of a training try its network, and return in words what it can do."""
        found = self._asked(slug, given, "test", None)
        said, fault = text_of(found.get("said"), LONGEST_OUTPUT), text_of(found.get("fault"), LONGEST_TEXT)
        return {"said": said, "fault": fault or ("" if said else "Your program says nothing.")}

    def write(self, slug: str, given: Json) -> Json:
        """Let the language model of a training go on with a prompt, and return what it writes and expects."""
        how = given.get("how")
        how = {name: number_of(value) for name, value in how.items() if name in WRITES} if isinstance(how, dict) else {}
        value = [text_of(given.get("prompt"), LONGEST_TEXT), how]
        return written_of(self._asked(slug, given, "write", value))

    def _asked(self, slug: str, given: Json, question: str, value: Any) -> Json:
        """Return the answer of a training's network, as it is now. One that was unloaded is made from its state."""
        with self._told:
            training = self._found(slug, given.get("run"))

        def asked() -> Json:
            self._use()
            fault = ""
            if training.worker is None and training.ended and training.state:
                fault = _fault_of(self._reload(training, only_answers=True))
            if training.worker is None:
                raise KataError(ENDED if training.ended else WAITS)
            answer = self._reply(training.worker, question, value)
            return answer | {"fault": fault} if fault and "fault" in answer else answer

        self._awake.set()
        return self._thread.submit(asked).result()

    def export(self, slug: str, given: Json) -> Json:
        """Return what a training that has ended has trained, as one HTML file that its program makes."""
        with self._told:
            training = self._found(slug, given.get("run"))
            if not training.ended:
                raise KataError("Stop this training first.")
        if not training.file:
            self._awake.set()
            self._thread.submit(self._finish, training).result()
        return {"name": f"{slug}.html", "text": training.file.decode()}

    def _finish(self, training: Training) -> None:
        """Let the program of a stopped training measure what it has trained, and take its file."""
        self._use()
        found: Json = {}
        if training.worker is not None:
            with contextlib.suppress(KataError):  # it has been killed, or its program has ended
                found = self._reply(training.worker, "next", FINISH)
        if "file" not in found and training.state:
            found = self._reload(training)
            if not found.get("done") and training.worker is not None:  # the state was older, and it took another step
                found = self._reply(training.worker, "next", FINISH)
        training.file = file_of(found.get("file"))
        if not training.file:
            raise KataError(f"Your program has made no file. {_fault_of(found)}".strip() if found else ENDED)
        self._kept.write(training)

    def _reload(self, training: Training, *, only_answers: bool = False) -> Json:
        """Let a new worker make what a training has trained from its state. Return its next frame.

        With `only_answers`, it waits then for questions. Otherwise, it measures what has been trained, and ends.
        """
        self._release(training)
        training.run = run = LineRun(training.kata, "")
        how = {"settings": training.settings | {"steps": training.done}, "only_answers": only_answers}
        return self._reply(self._begun(run), "train", self._order(training, run) | how)

    def _found(self, slug: str, number: object) -> Training:
        training = self._all.get(number) if type(number) is int else None
        if training is None or training.slug != slug:
            raise KataError(UNKNOWN)
        return training

    def _pace(self, training: Training, given: Json) -> None:
        training.rate = max(0.0, number_of(given.get("rate", training.rate)) or 0.0)
        training.paused = given.get("paused", training.paused) is True
        training.once = min(count_of(given.get("once")), AS_MANY)
        training.due = min(training.due, time.monotonic() + 1 / FRAMES_PER_S)
        self._told.notify_all()
        self._thread.submit(self._kept.write, training)

    def _forget(self, training: Training) -> None:
        self._release(training)
        self._thread.submit(self._kept.forget, training)
        del self._all[training.number]

    def _release(self, training: Training) -> None:
        """Let the thread end a training's worker, if it has one."""
        if training.run is not None:
            self._thread.submit(self._dismiss, training.run)
        training.run = None

    # ------------------------------------------------------------------------------ the thread of the workers

    def _go(self) -> None:
        """Let the thread look at the queue, in which something has changed."""
        self._awake.set()
        with self._told:
            if self._turning or self._closing:
                return
            self._turning = True
        self._later()

    def _later(self) -> None:
        with contextlib.suppress(RuntimeError):  # this was closed in this moment
            self._thread.submit(self._turn)

    def _turn(self) -> None:
        """Let the first training in the queue that may go on send a frame, and come again while there is one.

        One that is to stop goes before the others.
        """
        with self._told:
            ready = [each for each in self._queue if each.may_go_on]
            training = next((each for each in ready if each.stopping), next(iter(ready), None))
            self._turning = training is not None and not self._closing
            if training is None or self._closing:
                return
        wait = training.due - time.monotonic()
        if wait > 0 and not training.stopping:
            self._awake.wait(wait)
            self._awake.clear()
        else:
            self._take(training)
        self._later()

    def _take(self, training: Training) -> None:
        """Take a training's next frame, and record it. Whatever goes wrong ends this training, and no other one."""
        started, state, stopping = time.monotonic(), b"", training.stopping
        pause = max(1 / FRAMES_PER_S, 1 / training.rate if training.rate else 0.0)
        try:
            frame, state = self._frame(training, pause)
        except KataError as fault:
            frame = _last(str(fault))
        except Exception:  # noqa: BLE001 (a bug here must not stop the queue)
            frame = _last(traceback.format_exc())
        if self._closing:  # the next server goes on
            return
        with self._told:
            training.add(frame)
            if state:
                training.state, training.state_at = state, len(training.frames) - frame["done"]
            # A frame that was asked for before the stop came without a state: the next one has it.
            if training.stopping and not frame["done"] and (stopping or state or not training.state):
                training.add(_last(STOPPED))
            training.ended = training.frames[-1]["done"]
            training.due, training.once = started + pause, 0
            if training.ended:
                self._queue.remove(training)
            self._told.notify_all()
        if training.ended or started >= training.keep_at:
            self._kept.write(training)
        if started >= training.keep_at:
            training.keep_at = started + KEEP_S
        if training.ended:
            self._forget_old(training.slug)

    def _frame(self, training: Training, pause: float) -> tuple[Json, bytes]:
        """Return the next frame, and the state that came with it, if any."""
        steps = training.once or (round(training.rate * pause) if training.rate else AS_MANY)
        how: Json = {"steps": max(1, steps), "seconds": 1.0 if training.once or training.rate else pause}
        how |= {"keep": training.stopping or time.monotonic() >= training.keep_at, "finish": False}
        worker = training.worker
        if worker is None and training.stopping:
            raise KataError(STOPPED)
        if worker is None:
            training.run = run = LineRun(training.kata, "")
            how = self._order(training, run) | how
            worker, operation = self._begun(run), "train"
        else:
            operation = "next"
        self._use()
        found = self._reply(worker, operation, how)
        frame = frame_of(found) | {"output": worker.take_output()[-LONGEST_OUTPUT:]}
        training.file = file_of(found.get("file"))
        state = found.get("kept")
        return frame, state.tobytes() if isinstance(state, np.ndarray) else b""

    def _order(self, training: Training, run: LineRun) -> Json:
        """Return what a worker needs to begin a training, or to go on with it."""
        order = {"program": training.program, "watched": training.watched, "settings": training.settings}
        order |= {"kept": training.state, "authors": authors_of(training.kata)}
        order |= FINISH | {"finish": False, "only_answers": False}
        return order | run.order(math.ceil(run.kata.limits.total_s))

    def _begun(self, run: LineRun) -> Worker:
        """Return a worker for a training. Those of trainings that have ended, which waited for digits, end."""
        for each in list(self._all.values()):
            if each.ended and each.run is not None:
                self._dismiss(each.run)
        try:
            worker = self._hire(run)
        except JudgeError as fault:
            if not any(each.worker is not None for each in self._queue):
                self._end_servers()  # the next training gets another one
            raise KataError(f"Your training could not be run: {fault}") from None
        worker.reader.most_header, worker.reader.most_arrays = MOST_HEADER, MOST_ARRAYS
        return worker

    def _runtime(self, kata: Kata) -> str:
        """Return the runtime of a task in PyTorch, if there is one: its workers have a folder for checkpoints."""
        return "torch" if "torch" in kata.runtimes and is_installed("torch") else super()._runtime(kata)

    def _reply(self, worker: Worker, operation: str, value: Any) -> Json:
        """Return a worker's reply. Raises KataError, and does so for every later request if the worker is dead."""
        worker.post(operation, "", value)
        seconds, late = (ANSWER_S, NO_ANSWER) if operation in QUESTIONS else (STEP_S, LATE)
        found = worker.receive(seconds, "your training", late)
        worker.charge()
        return found if isinstance(found, dict) else {}

    def _forget_old(self, slug: str) -> None:
        with self._told:
            for each in [each for each in self._all.values() if each.slug == slug and each.ended][:-MOST_KEPT]:
                self._forget(each)

    # ------------------------------------------------------------------------------------------------ the end

    def stop(self) -> None:
        """Let all workers end. The next server goes on with what has not ended."""
        self._closing = True
        super().stop()
        self._go()

    def _stop(self) -> None:
        for each in list(self._all.values()):
            if each.worker is not None:
                each.worker.kill(STOPPED)

    def close(self) -> None:
        super().close()
        self._kept.close()

    def _look(self) -> None:
        if self._queue:  # a training that is paused keeps its worker
            self._used_at = time.monotonic()
        super()._look()

    def _end_all(self) -> None:
        for each in list(self._all.values()):  # a request may remove one meanwhile
            if each.run is not None:
                self._dismiss(each.run)
        super()._end_all()


def _may_have_file(training: Training) -> bool:
    publishes = any(PUBLISHES in data for data in _supplied(training.kata))
    has_network = training.done > 0 and (bool(training.state) or training.worker is not None)
    return bool(training.file) or (publishes and has_network)


def _fault_of(frame: Json) -> str:
    """Return the line of a fault that names the exception, or an empty string. A hint in brackets may follow it."""
    lines = text_of(frame.get("fault"), LONGEST_OUTPUT).strip().splitlines()
    return next((line for line in reversed(lines) if not line.startswith("(")), "")[:LONGEST_TEXT]


def _last(fault: str) -> Json:
    return frame_of({}) | {"done": True, "fault": fault, "output": ""}


def trained_by(kata: Kata) -> TrainedBy:
    """Return how a kata trains in the page: a supplied Recorder reports the steps, or PyTorch's optimizers are watched.

    The latter is for programs that train by themselves, in a function `train` that the learner's file has.
    """
    programs = tuple(found.relative_to(kata.folder).as_posix() for found in programs_of(kata))
    if any(USES_RECORDER in data for data in _supplied(kata)):
        return TrainedBy(programs[:1], watched=False)
    trains = kata.runtime == "torch" and TRAIN in kata.entry_points
    return TrainedBy(programs if trains else (), watched=True)


def _supplied(kata: Kata) -> list[bytes]:
    paths = (kata.folder / name for name in kata.supplied if name.endswith(".py"))
    return [path.read_bytes() for path in paths if path.is_file()]
