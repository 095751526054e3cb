"""Attacks by a training program in the "Train" tab, which may send anything in place of frames."""

from __future__ import annotations

import base64
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from graders import catalogue
from graders.errors import KataError
from graders.judge.client import Judge
from graders.worker.recorder import MOST_POINTS
from katas_page import trainings as module
from katas_page.frames import frame_of
from tests.serving import Server, serving
from tests.training_course import PROGRAM, WATCHED, Watcher, write_course, write_watched
from tests.workshop import HALF, edit, write

pytestmark = pytest.mark.security

Begin = Callable[[str], dict[str, Any]]
LARGEST_ANSWER = 250_000  # characters of a frame's JSON
HEAD = """
import numpy as np
from graders.worker.recorder import Recorder
def gradient(w):
    return 2 * w
"""


def sending(value: str, times: str = "range(10**6)") -> str:
    """Return a program that sends a value in place of frames."""
    return f'{HEAD}\nif __name__ == "__main__":\n    for i in {times}:\n        Recorder.page.exchange({value})\n'


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_course(tmp_path_factory.mktemp("trained") / "katas")


@pytest.fixture(scope="module")
def watcher(root: Path) -> Iterator[Watcher]:
    with closing(Watcher(Judge(root, require="full"))) as found:
        yield found


@pytest.fixture
def begin(root: Path, watcher: Watcher) -> Begin:
    def begun(program: str) -> dict[str, Any]:
        write(root / "katas/alpha/twice.py", program)
        return watcher.begin(catalogue.load(root, "alpha"), {})

    return begun


def assert_harmless(frame: dict[str, Any]) -> None:
    """Check that a frame is short, valid JSON with exactly the values that the page expects."""
    assert len(json.dumps(frame, allow_nan=False)) < LARGEST_ANSWER
    plain = frame_of({})
    assert {name: type(value) for name, value in frame.items() if name in plain} == {
        name: type(value) for name, value in plain.items()
    }
    assert set(frame) == {*plain, "run", "slug", "output"}
    for row in [*frame["points"], *frame["sizes"]]:
        assert len(row) == 3
        assert all(value is None or isinstance(value, (int, float, str)) for value in row)


@pytest.mark.parametrize(
    "value",
    [
        "{'points': [[float('nan'), float('inf'), 10**300], [1, -float('inf'), None]]}",
        "{'points': [[1, 10**400, 'x'], [1, 2], 'abc', None, [[1], {}, ()]], 'step': -1, 'of': 10**30}",
        "{'points': [[i, i, i] for i in range(1500)]}",
        "{'points': 'x' * 1000, 'sizes': {'a': 1}, 'labels': 3, 'read': ['x', 10**9, None], 'settings': [1]}",
        "{'settings': {i: i for i in range(1000)}, 'unit': 'u' * 9999, 'text': 't' * 9999}",
        "{'settings': {'a': float('nan'), '': 1, 'b': '<b>'}, 'sizes': [['n' * 99, float('nan'), 1]] * 200}",
        "{'weights': np.full((12, 784), np.nan, np.float32)}",
        "{'weights': np.full((12, 784), 3e38, np.float32), 'digits': np.ones((20, 784), bool)}",
        "{'weights': np.ones((1, 784, 1)), 'digits': np.ones((21, 784), np.uint8)}",
        "{'weights': np.zeros((0, 784), np.float32), 'digits': np.zeros(784, np.uint8)}",
        "{'weights': [[1] * 784], 'digits': b'x' * 784, 'done': 1, 'fault': 7}",
        "{'text': '<img src=x onerror=alert(1)>', 'unit': '<script>', 'done': 'yes'}",
        "[1, 2, 3]",
        "None",
        "'text'",
        "np.zeros(3)",
    ],
)
def test_a_frame_of_the_wrong_shape_is_reduced_to_what_is_right(watcher: Watcher, begin: Begin, value: str) -> None:
    frame = begin(sending(value))
    assert_harmless(frame)
    assert not frame["done"]
    assert_harmless(watcher.next(frame))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("{'weights': np.zeros((12, 784 * 1000), np.float32)}", "arrays of 37,632,000 bytes"),
        ("{'points': [[i, i, i] for i in range(20_000)]}", "a header of"),
        ("{'text': 'x' * 500_000}", "a header of"),
        ("object()", "wire"),
    ],
)
def test_a_huge_or_unsendable_frame_ends_the_training(begin: Begin, value: str, said: str) -> None:
    frame = begin(sending(value))
    assert_harmless(frame)
    assert frame["done"]
    assert said in frame["fault"].lower()
    assert begin(PROGRAM)["step"] == 1


def test_a_million_frames_arrive_thirty_a_second(watcher: Watcher, begin: Begin) -> None:
    frame = begin(sending("{'step': i, 'points': [[i, 1.0, 1.0]]}"))
    started, count = time.monotonic(), 0
    while time.monotonic() - started < 1.0:
        frame = watcher.next(frame)
        count += 1
        assert_harmless(frame)
    assert count <= module.FRAMES_PER_S + 1
    assert frame["step"] == count


def test_a_million_steps_are_sent_in_small_frames(watcher: Watcher, begin: Begin) -> None:
    steps = HEAD + 'if __name__ == "__main__":\n    r = Recorder(10**6)\n    while True: r.step(1.0, 2.0)\n'
    frame = begin(steps)
    for _ in range(3):
        frame = watcher.next(frame)
        assert_harmless(frame)
        assert 0 < len(frame["points"]) <= MOST_POINTS


def test_replies_without_a_request_end_the_training(watcher: Watcher, begin: Begin) -> None:
    flood = HEAD + (
        'if __name__ == "__main__":\n    import os\n    Recorder(3).step(1.0)\n    exchange = Recorder.page.exchange\n'
        "    send = exchange.args[2]\n    from graders import wire\n"
        "    for i in range(1000): send(wire.reply(exchange.args[0].number + i, True, {'step': i}))\n"
    )
    frame = begin(flood)
    frames = [frame]
    while not frames[-1]["done"]:
        frames.append(watcher.next(frame))
    assert len(frames) <= 4
    assert "the worker" in frames[-1]["fault"]


@pytest.mark.parametrize(
    "lines",
    [
        "while True: pass",
        "Recorder(3).step(1.0)\n    while True:\n        try: pass\n        except: pass",
        "import time\n    time.sleep(1000)",
        "import signal\n    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n    while True: pass",
    ],
)
def test_an_endless_loop_is_stopped(
    watcher: Watcher, begin: Begin, lines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STEP_S", 1.0)
    started = time.monotonic()
    frame = begin(f'{HEAD}\nif __name__ == "__main__":\n    {lines}\n')
    while not frame["done"]:
        frame = watcher.next(frame)
    assert time.monotonic() - started < 60
    assert frame["fault"].startswith("Stopped: no step was reported")


@pytest.mark.parametrize(
    "lines",
    [
        "import os\n    os._exit(0)",
        "import os\n    os.closerange(0, 64)",
        "import os\n    for fd in range(3, 9):\n        try: os.write(fd, b'\\xff' * 99)\n        except OSError: pass",
        "held = []\n    while True: held.append(bytearray(64 << 20))",
        "for _ in range(100): print('x' * 1_000_000)",
        "raise SystemExit",
        "Recorder.page = None\n    Recorder(3).step(1.0)",
        "Recorder.page.exchange = None\n    Recorder(3).step(1.0)",
    ],
)
def test_a_program_that_breaks_its_process_harms_nobody(begin: Begin, lines: str) -> None:
    frame = begin(f'{HEAD}\nif __name__ == "__main__":\n    {lines}\n')
    assert_harmless(frame)
    assert frame["done"]
    assert begin(PROGRAM)["step"] == 1


@pytest.mark.parametrize(
    "answer",
    ["None", "'x'", "[[1e999] * 10]", "[['x'] * 10]", "[[0.1] * 100_000]", "[]", "[[0.1] * 9]", "1 / 0", "object()"],
)
def test_a_reader_that_answers_anything_gets_no_further(watcher: Watcher, begin: Begin, answer: str) -> None:
    step = f'{HEAD}\nif __name__ == "__main__":\n    Recorder(3).step(1.0, read=lambda x: {answer})\n'
    frame = begin(step)
    try:
        found = watcher.read_digit(frame, base64.b64encode(bytes(784)).decode())
    except KataError as fault:
        found = {"probabilities": [], "fault": str(fault)}
    assert len(json.dumps(found, allow_nan=False)) < 1000
    assert found["fault"] or found["probabilities"] == [None] * 10


@pytest.mark.parametrize("given", [{}, {"run": "1"}, {"run": None}, {"run": 10**400}])
def test_a_page_that_asks_for_anything_gets_an_answer(watcher: Watcher, begin: Begin, given: Any) -> None:
    frame = begin(PROGRAM)
    for ask in ("pace", "stop_one", "forget"):
        with pytest.raises(KataError, match=module.UNKNOWN):
            getattr(watcher.trainings, ask)("alpha", given)
    with pytest.raises(KataError, match=module.UNKNOWN):
        watcher.trainings.pace("beta", frame)
    watcher.trainings.pace("alpha", {"run": frame["run"], "rate": float("nan"), "paused": "yes", "once": -1})
    assert watcher.trainings.news("alpha", {"since": "x"})["frames"][0]["step"] == 1


# ------------------------------------------------------------- programs whose optimizers are watched


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Begin]:
    """watched(program) returns the last frame of a program in PyTorch, after a look at each."""
    root = write_watched(tmp_path_factory.mktemp("watched") / "katas")

    def trained(program: str) -> dict[str, Any]:
        write(root / "katas/alpha/twice.py", program)
        frame = watcher.begin(catalogue.load(root, "alpha"), {})
        assert_harmless(frame)
        while not frame["done"]:
            frame = watcher.next(frame)
            assert_harmless(frame)
        return frame

    with closing(Watcher(Judge(root, require="full"))) as watcher:
        yield trained


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("nn.Linear(784, 4)", "type('<img src=x onerror=alert(1)>' * 99, (nn.Linear,), {})(784, 4)"),
        ("nn.Linear(784, 4)", "nn.Linear(784, 4), *(nn.Linear(4, 4) for _ in range(500))"),
        ("nn.Linear(784, 4)", "nn.Linear(784, 50_000), nn.Linear(50_000, 4)"),
        ("learning_rate=0.1", "learning_rate=float('nan')"),
        ("steps=20", "steps=20_000"),
        ("        loss.backward()", "        loss.backward(torch.tensor(float('inf')))"),
        ("        loss.backward()", "        for _ in range(50): loss.backward(retain_graph=True)"),
        ("        loss.backward()", "        torch.autograd.backward([loss, model(X).sum()])"),
        ("        loss = nn", "        X = X.clone().requires_grad_()\n        loss = nn"),
        ("    train()", "    for _ in range(300): train(1)"),
    ],
)
def test_a_watched_program_of_any_size_is_drawn(watched: Begin, old: str, new: str) -> None:
    assert old in WATCHED
    assert watched(WATCHED.replace(old, new))["fault"] == ""


@pytest.mark.parametrize(
    "lines",
    [
        "nn.Linear.parameters = lambda self, recurse=True: 1 / 0",
        "nn.Linear.__hash__ = lambda self: 1 / 0",
        "torch.Tensor.detach = lambda self: None",
        "torch.is_tensor = lambda found: 'yes'",
        "torch.autograd.backward = lambda *a, **k: None",
        "torch.optim.optimizer._global_optimizer_post_hooks.clear()",
        "from graders.worker.recorder import Recorder\n    Recorder.page.step = lambda *a: 1 / 0",
    ],
)
def test_a_program_that_breaks_the_watch_harms_nobody(watched: Begin, lines: str) -> None:
    found = watched(WATCHED.replace("    train()", f"    {lines}\n    train()"))
    assert found["done"]
    assert watched(WATCHED)["fault"] == ""


# ------------------------------------------------------------------------------------- over the wire


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = write_course(tmp_path_factory.mktemp("served") / "katas")
    environment = os.environ | {"NN_KATAS_PROGRESS": str(root.parent / "progress.sqlite")}
    with serving(root, environment=environment) as server:
        server.root = root  # type: ignore[attr-defined]
        yield server


TRAIN = "/api/katas/alpha/train"


def test_grading_goes_on_while_a_training_loops(server: Server) -> None:
    path = server.root / "katas/alpha/twice.py"  # type: ignore[attr-defined]
    write(
        path, f'{HEAD}\ndef twice(x):\n    return x + x\n\n{HALF}\nif __name__ == "__main__":\n    while True: pass\n'
    )
    run = server.post(TRAIN, {})
    with server.events("alpha") as wait:
        wait(lambda shown: shown["status"] == "passed")
        edit(path, "x + x", "x + 1")
        wait(lambda shown: shown["status"] == "failed")
    assert not server.post(f"{TRAIN}/news", run)["ended"]
    server.post(f"{TRAIN}/stop", run)
    frames = server.post(f"{TRAIN}/news", run)["frames"]
    assert frames[-1]["fault"] == "Stopped."
