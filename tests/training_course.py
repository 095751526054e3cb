"""Small katas with training programs, which finish in a moment unless the learner's code does not.

One kata has a supplied program with a Recorder; in the other one, the learner's own PyTorch programs train.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from graders.catalogue import Kata
from graders.judge.client import Judge
from katas_page.frames import frame_of
from katas_page.kept import KeptTrainings
from katas_page.trainings import Trainings
from tests import workshop
from tests.workshop import edit, write

TRAINING = '''
"""A training of one number."""
import json
import numpy as np
from graders.worker.recorder import Recorder

STEPS = 40
digits = np.zeros((20, 784), np.float32)
digits[:, ::7] = 1.0
labels = np.arange(20) % 10

def parts(weight, gradient):
    return {"weights": weight * np.ones((3, 784)), "sizes": [("only", weight * np.ones(3), gradient * np.ones(3))]}

def wrote(weight, prompt, temperature, top_k):
    if not prompt:
        raise ValueError("type something")
    while prompt == "loop":
        pass
    if prompt == "exit":
        raise SystemExit("this program ends")
    tokens = [prompt, "<b>", "!"]
    looks = np.tri(3)[None, None] * [[[[weight > 0]]], [[[0.5]]]]
    likely = [["<b>", 0.75], ["!", temperature / (top_k or 8)]]
    return {"text": "".join(tokens), "likely": likely, "tokens": tokens, "attention": looks}

def main(gradient):
    learning_rate, seed = Recorder.settings(learning_rate=0.1, seed=3)
    done, weight = json.loads(Recorder.kept() or json.dumps([0, float(seed)]))
    levels = {"a guess": 4.0}
    recorder = Recorder(
        STEPS, start=done, every=10, digits=(digits, labels), levels=levels, test="Try <b>it",
        ladder=() if done else ("is small", "is <b>tiny", "is nothing"), writes=("temperature", "top_k"),
    )
    read_now = lambda x: read(weight, x)
    recorder.answers(read=read_now, write=lambda *prompt, **how: wrote(weight, *prompt, **how))
    try:
        for step in range(done, STEPS):
            slope = gradient(weight)
            weight -= learning_rate * slope
            now = weight
            recorder.step(
                now ** 2, 0.5, parts=lambda: parts(now, slope), read=lambda x: read(now, x), text=lambda: "<b>hi",
                keep=lambda: json.dumps([step + 1, now]).encode(), test=lambda: f"<b>{1 / now:.3f}",
                write=lambda *prompt, **how: wrote(now, *prompt, **how),
            )
            if now < 1 <= now + learning_rate * slope:
                recorder.reached("is small")
    except KeyboardInterrupt:
        pass
    recorder.publish(f"<p>{weight:.4f} {json.dumps(Recorder.authors())}")
    print(f"at last {weight:.3f}" if recorder.in_page else "drawn")

def read(weight, images):
    return np.eye(10)[[3] * len(images)] * (1 - weight / 100)
'''
GRADIENT = "def gradient(w):\n    return 2 * w\n\n"
START = 'if __name__ == "__main__":\n    import training\n    training.main(gradient)\n'
PROGRAM = GRADIENT + START


TWO = GRADIENT + (
    'if __name__ == "__main__":\n'
    "    from graders.worker.recorder import Recorder\n"
    "    for title, steps in (('flat', 3), ('steep', 5)):\n"
    "        recorder = Recorder(steps, title=title)\n"
    "        for step in range(steps):\n"
    "            sizes = [('layer 1', None, 1e-3), ('layer 2', None, 1.0)]\n"
    "            recorder.step(2.0 if title == 'flat' else 2.0 / (step + 1), parts=lambda: {'sizes': sizes})\n"
)


def write_course(root: Path, program: str = PROGRAM) -> Path:
    """Write a repository whose only kata, alpha, trains `twice.py`. Return its path."""
    workshop.write_clone(root, ["alpha"], "# Alpha\n")
    toml = edit(root / "katas/alpha/kata.toml", '["factors.py"]', '["factors.py", "training.py"]')
    edit(toml, "call_s = 3", "call_s = 3\ntotal_s = 20")
    write(root / "katas/alpha/training.py", TRAINING)
    write(root / "katas/alpha/twice.py", program)
    return root


# ------------------------------------------------------------------ programs without a Recorder, in PyTorch

WATCHED = """
import logging
import torch
from torch import nn

def train(steps=20, learning_rate=0.1):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(784, 4), nn.Tanh(), nn.Linear(4, 2, bias=False))
    X, y = torch.rand(30, 784), torch.arange(30) % 2
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    for _ in range(steps):
        loss = nn.functional.cross_entropy(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            model(X[:1])
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.info("last loss %.4f", loss.item())

if __name__ == "__main__":
    train()
"""

SECOND = 'if __name__ == "__main__":\n    print("the second")\n'


def write_watched(root: Path, program: str = WATCHED) -> Path:
    """Write a repository whose only kata, alpha, has two programs that train by themselves. Return its path."""
    workshop.write_clone(root, ["alpha"], "# Alpha\n")
    toml = edit(root / "katas/alpha/kata.toml", '["twice.py"]', '["twice.py", "second.py"]')
    edit(toml, 'entry_points = ["twice", "half"]', 'entry_points = ["train"]')
    edit(toml, 'runtime = "numpy"', 'runtime = "torch"')
    edit(toml, "call_s = 3", "call_s = 3\ntotal_s = 60")
    write(root / "katas/alpha/twice.py", program)
    for folder in ("katas", "solutions"):
        write(root / folder / "alpha/second.py", SECOND)
    return root


FAST = {"once": 10**6}  # as many steps as fit into a second


class Watcher:
    """A page that lets a training go on from one frame to the next."""

    def __init__(self, judge: Judge) -> None:
        self.folder = TemporaryDirectory()
        self.trainings = Trainings(judge, KeptTrainings(Path(self.folder.name)))
        self.seen: dict[int, int] = {}  # the number of frames of each training
        self.slugs: dict[int, str] = {}

    def begin(self, kata: Kata, given: dict[str, Any]) -> dict[str, Any]:
        """Return the first frame. Other trainings end."""
        for other, slug in self.slugs.items():
            self.trainings.stop_one(slug, {"run": other})
        run = self.trainings.begin(kata, {"paused": True, "once": 1} | given)["run"]
        self.seen, self.slugs = {run: 0}, {run: kata.slug}
        return self._following(kata.slug, run)

    def next(self, frame: dict[str, Any], given: dict[str, Any] = FAST) -> dict[str, Any]:
        """Return the frame after another one."""
        self.trainings.pace(frame["slug"], {"run": frame["run"], **given})
        return self._following(frame["slug"], frame["run"])

    def _following(self, slug: str, run: int) -> dict[str, Any]:
        while True:
            news = self.trainings.news(slug, {"run": run, "since": self.seen[run]})
            if news["frames"]:
                self.seen[run] += 1
                return frame_of({}) | {"output": ""} | news["frames"][0] | {"run": run, "slug": slug}

    def close(self) -> None:
        self.trainings.close()
        self.folder.cleanup()

    def read_digit(self, frame: dict[str, Any], pixels: str) -> dict[str, Any]:
        return self.trainings.read_digit(frame["slug"], {"run": frame["run"], "pixels": pixels})


def rest(watcher: Watcher, frame: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the frame and all that follow it."""
    frames = [frame]
    while not frames[-1]["done"]:
        frames.append(watcher.next(frame))
    return frames
