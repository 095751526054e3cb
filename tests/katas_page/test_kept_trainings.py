"""Trainings belong to the server: they wait for each other, outlive pages and servers, and are kept."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from graders import catalogue
from graders.errors import KataError
from graders.judge.client import Judge
from katas_page.kept import KeptTrainings
from katas_page.trainings import Trainings
from tests.serving import serving
from tests.training_course import GRADIENT, PROGRAM, write_course
from tests.workshop import write

SLOW = PROGRAM.replace("return", "import time; time.sleep(0.05); return")
STATELESS = GRADIENT + (
    'if __name__ == "__main__":\n    from graders.worker.recorder import Recorder\n    recorder = Recorder(3)\n'
    "    for step in range(3):\n        recorder.step(1.0)\n"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_course(tmp_path / "katas")


@pytest.fixture
def opened(root: Path) -> Iterator[Callable[[], Trainings]]:
    """opened() returns the trainings of a new server; the one before has ended."""
    found: list[Trainings] = []

    def one() -> Trainings:
        if found:
            found.pop().close()
        found[:] = [Trainings(Judge(root), KeptTrainings(root / ".katas/trainings"))]
        found[0].resume(lambda slug: catalogue.load(root, slug))
        return found[0]

    yield one
    for each in found:
        each.close()


def begin(trainings: Trainings, root: Path, program: str = PROGRAM, **given: Any) -> int:
    write(root / "katas/alpha/twice.py", program)
    number: int = trainings.begin(catalogue.load(root, "alpha"), given)["run"]
    return number


def begun(trainings: Trainings, root: Path, program: str = PROGRAM, **given: Any) -> int:
    """Begin a training, and wait until it has read the program."""
    run = begin(trainings, root, program, **given)
    reached(trainings, run, 1)
    return run


def news(trainings: Trainings, run: int | None, since: int = 0) -> dict[str, Any]:
    return trainings.news("alpha", {"run": run, "since": since})


def ended(trainings: Trainings, run: int) -> list[dict[str, Any]]:
    """Wait until a training has ended, and return its frames."""
    until = time.monotonic() + 30
    while not news(trainings, run, 10**6)["ended"]:
        assert time.monotonic() < until
    found: list[dict[str, Any]] = news(trainings, run)["frames"]
    return found


def steps(frames: list[dict[str, Any]]) -> list[int]:
    return [step for frame in frames for step, *_ in frame.get("points", ())]


def reached(trainings: Trainings, run: int, step: int) -> None:
    """Wait until a training has come so far."""
    until = time.monotonic() + 30
    while max(steps(news(trainings, run)["frames"]), default=0) < step:
        assert time.monotonic() < until


def test_nobody_needs_to_watch(opened: Callable[[], Trainings], root: Path) -> None:
    trainings = opened()
    run = begin(trainings, root)
    time.sleep(3)
    found = news(trainings, None)
    assert (found["run"], found["ended"], steps(found["frames"])) == (run, True, list(range(1, 41)))
    assert len(found["frames"][-1]["weights"]) > 1000
    assert [frame for frame in found["frames"][:-1] if "weights" in frame] == []
    assert found["frames"][-1]["output"] == "at last 0.000\n"


def test_a_second_training_waits_for_the_first(opened: Callable[[], Trainings], root: Path) -> None:
    trainings = opened()
    first, second = begun(trainings, root, SLOW), begin(trainings, root)
    assert news(trainings, second)["waits_for"].startswith("alpha, step ")
    assert news(trainings, second)["frames"] == []
    assert (steps(ended(trainings, first)), steps(ended(trainings, second))) == (list(range(1, 41)),) * 2


def test_a_pause_lets_the_next_one_go_on(opened: Callable[[], Trainings], root: Path) -> None:
    trainings = opened()
    first = begin(trainings, root, SLOW)
    reached(trainings, first, 2)
    trainings.pace("alpha", {"run": first, "paused": True})
    second = begin(trainings, root)
    assert steps(ended(trainings, second)) == list(range(1, 41))
    assert not news(trainings, first, 10**6)["ended"]
    trainings.pace("alpha", {"run": first, "paused": False})
    assert steps(ended(trainings, first)) == list(range(1, 41))


def test_a_training_that_waits_can_be_stopped(opened: Callable[[], Trainings], root: Path) -> None:
    trainings = opened()
    first, second = begun(trainings, root, SLOW), begin(trainings, root)
    with pytest.raises(KataError, match="waits for its turn"):
        trainings.write("alpha", {"run": second, "prompt": "Mia"})
    trainings.stop_one("alpha", {"run": second})
    assert [frame["fault"] for frame in ended(trainings, second)] == ["Stopped."]
    assert not news(trainings, first, 10**6)["ended"]
    assert steps(ended(trainings, first)) == list(range(1, 41))


def test_a_bug_ends_one_training_alone(
    opened: Callable[[], Trainings], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainings = opened()
    monkeypatch.setattr("katas_page.trainings.frame_of", lambda found: found["step"] if found else {})
    first = begin(trainings, root)
    until = time.monotonic() + 30
    while not news(trainings, first, 10**6)["ended"]:
        assert time.monotonic() < until
    monkeypatch.undo()
    assert steps(ended(trainings, begin(trainings, root))) == list(range(1, 41))


def test_a_new_server_goes_on_with_what_was_interrupted(opened: Callable[[], Trainings], root: Path) -> None:
    trainings = opened()
    first, waiting = begun(trainings, root, SLOW, settings={"learning_rate": 0.2}), begin(trainings, root, SLOW)
    reached(trainings, first, 5)
    trainings = opened()
    for run in (first, waiting):
        assert steps(ended(trainings, run)) == list(range(1, 41))
    starts = [frame for frame in news(trainings, first)["frames"] if frame.get("of")]
    assert [frame["settings"]["learning_rate"] for frame in starts] == [0.2, 0.2]
    assert [bool(frame.get("begins")) for frame in starts] == [True, False]


def test_a_program_without_a_state_begins_again(opened: Callable[[], Trainings], root: Path) -> None:
    trainings = opened()
    run = begin(trainings, root, STATELESS, paused=True, once=1)
    reached(trainings, run, 1)
    trainings = opened()
    trainings.pace("alpha", {"run": run, "paused": False})
    assert steps(ended(trainings, run)) == [1, 2, 3]
    assert not news(trainings, run)["can_go_on"]


def test_a_training_that_was_stopped_goes_on_where_it_was(opened: Callable[[], Trainings], root: Path) -> None:
    trainings = opened()
    run = begin(trainings, root, SLOW)
    reached(trainings, run, 3)
    trainings.stop_one("alpha", {"run": run})
    assert news(trainings, run)["can_go_on"]
    trainings = opened()
    assert trainings.begin(catalogue.load(root, "alpha"), {"continues": run}) == {"run": run}
    frames = ended(trainings, run)
    assert steps(frames) == list(range(1, 41))
    assert [frame for frame in frames if frame.get("fault")] == []


def test_a_network_answers_after_it_was_unloaded(opened: Callable[[], Trainings], root: Path) -> None:
    trainings = opened()
    run = begin(trainings, root)
    ended(trainings, run)
    asked = {"run": run, "prompt": "Mia", "how": {"temperature": 0.5, "top_k": 2}}
    before = trainings.write("alpha", asked)
    ended(trainings, begin(trainings, root))  # which ends the worker of the first
    assert trainings.write("alpha", asked) == before
    trainings = opened()
    assert trainings.write("alpha", asked) == before
    write(root / "katas/alpha/twice.py", "import nothing\n")
    trainings = opened()
    assert trainings.write("alpha", asked)["fault"] == "ModuleNotFoundError: No module named 'nothing'"


def test_a_page_learns_that_a_training_went_back(opened: Callable[[], Trainings], root: Path) -> None:
    trainings = opened()
    run = begin(trainings, root, SLOW)
    reached(trainings, run, 7)
    trainings.stop_one("alpha", {"run": run})
    seen = news(trainings, run)
    asked = {"run": run, "since": len(seen["frames"]), "branch": seen["branch"]}
    assert trainings.news("alpha", asked)["frames"] == []
    trainings.begin(catalogue.load(root, "alpha"), {"continues": run})
    assert trainings.news("alpha", asked)["branch"] != seen["branch"]
    frames = ended(trainings, run)
    assert trainings.news("alpha", asked)["frames"] == frames
    assert [rung for frame in frames for rung in frame.get("reached", ())] == [[5, "is small"]]


def test_a_stop_keeps_the_step_that_is_shown(opened: Callable[[], Trainings], root: Path) -> None:
    trainings = opened()
    run = begin(trainings, root, SLOW)
    reached(trainings, run, 9)  # its state was kept after the first step
    trainings.stop_one("alpha", {"run": run})
    shown = steps(ended(trainings, run))
    trainings.begin(catalogue.load(root, "alpha"), {"continues": run})
    assert steps(news(trainings, run)["frames"])[: len(shown)] == shown


def test_trainings_are_listed_and_forgotten(opened: Callable[[], Trainings], root: Path) -> None:
    trainings = opened()
    first, second = begun(trainings, root), begin(trainings, root, SLOW, paused=True)
    ended(trainings, first)
    waiting, listed = trainings.listed("alpha")["trainings"]
    assert (waiting["run"], waiting["ended"], listed["ended"]) == (second, False, True)
    assert (listed["run"], listed["reached"], listed["program"]) == (first, "step 40 of 40", "twice.py")
    assert listed["kb"] > 0
    with pytest.raises(KataError, match="Stop this training first"):
        trainings.forget("alpha", {"run": second})
    trainings.stop_one("alpha", {"run": second})
    for run in (first, second):
        trainings.forget("alpha", {"run": run})
    assert trainings.listed("alpha") == {"trainings": []}
    opened()
    assert [*(root / ".katas/trainings").iterdir()] == []


def test_a_second_server_says_that_it_keeps_nothing(opened: Callable[[], Trainings], root: Path) -> None:
    first = opened()
    begin(first, root, SLOW)
    with closing(Trainings(Judge(root), KeptTrainings(root / ".katas/trainings"))) as second:
        second.resume(lambda slug: catalogue.load(root, slug))
        assert news(second, None) == {"run": None}
        run = begin(second, root)
        ended(second, run)
        assert "another server keeps the trainings" in news(second, run)["unkept"]


def test_a_full_disk_is_said_and_the_training_goes_on(
    opened: Callable[[], Trainings], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    trainings = opened()
    monkeypatch.setattr("katas_page.kept.replacing", full)
    run = begin(trainings, root)
    assert steps(ended(trainings, run)) == list(range(1, 41))
    assert news(trainings, run)["unkept"].endswith("cannot be written (No space left on device).")
    monkeypatch.undo()
    run = begin(trainings, root)
    ended(trainings, run)
    assert news(trainings, run)["unkept"] == ""
    assert run in [each["run"] for each in opened().listed("alpha")["trainings"]]


def test_damaged_files_are_left_alone(opened: Callable[[], Trainings], root: Path) -> None:
    trainings = opened()
    run = begin(trainings, root)
    ended(trainings, run)
    kept = root / ".katas/trainings"
    for name, data in (("7.training", b"{}\n"), ("8.training", b"\xff"), ("nine.training", b"[]")):
        (kept / name).write_bytes(data)
    trainings = opened()
    assert [each["run"] for each in trainings.listed("alpha")["trainings"]] == [run]
    assert news(trainings, run)["unkept"].startswith(
        f"In {kept}, these trainings cannot be read: 7.training, 8.training,"
    )
    assert begin(trainings, root) == 9
    assert (kept / "8.training").read_bytes() == b"\xff"


def test_a_server_that_is_killed_loses_seconds_alone(root: Path) -> None:
    write(root / "katas/alpha/twice.py", PROGRAM.replace("return", "import time; time.sleep(0.3); return"))
    with serving(root, progress=root.parent / "progress.sqlite") as server:
        run = server.post("/api/katas/alpha/train", {})
        time.sleep(8)
        before = max(steps(server.post("/api/katas/alpha/train/news", run)["frames"]))
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
    with serving(root, progress=root.parent / "progress.sqlite") as server:
        frames: list[dict[str, Any]] = []
        until = time.monotonic() + 60
        while not (found := server.post("/api/katas/alpha/train/news", {**run, "since": len(frames)}))["ended"]:
            frames += found["frames"]
            assert time.monotonic() < until
        frames = server.post("/api/katas/alpha/train/news", run)["frames"]
    assert steps(frames) == list(range(1, 41))
    resumed = next(frame["points"][0][0] for frame in frames[1:] if frame.get("of"))
    assert before - 30 < resumed <= before + 1
    assert resumed > 1
