"""Measure how long a learner waits from a save to the verdict, in `katas watch` and with pytest run at every save.

    python benchmarks/watch_latency.py [--rounds 15] [--kata exercise01]

All three programs below watch a file with the same library (watchfiles), each in its own copy of this repository. The
script saves a wrong and a right answer in turns. The clock runs from just before a save until its verdict is printed:

- watch : `katas watch SLUG --plain`, until its block of text ends; it runs all tests, including the hidden ones,
  confined, each in a fresh process, and reduces the failing input
- screen: the same on a pseudo-terminal of 80 columns and 24 lines, until the points are on the screen
- pytest: a loop that runs `python -m pytest katas/SLUG` at every save, until its last line; it runs only the visible
  tests, in the learner's own process

The figures are the median and the 95th percentile. The ratios are medians of the rounds' ratios, with a 95 % bootstrap
interval. The last line is the main result.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path
from statistics import median

from graders import catalogue
from graders.catalogue import Kata
from graders.checks.speed import median_interval

ROOT = Path(__file__).parents[1]
KATAS = [sys.executable, "-m", "graders.cli"]  # uses the copy of the repository in the working folder
REST_S = 0.3  # a pause between two saves
PATIENCE_S = 60.0
CONTROL = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")  # a terminal's control sequences

LOOP = """
import subprocess, sys
import watchfiles

slug, name = sys.argv[1:]
run = [sys.executable, "-m", "pytest", f"katas/{slug}"]
subprocess.run(run)
for changes in watchfiles.watch(f"katas/{slug}", step=10, debounce=100):
    if any(path.endswith(name) for _, path in changes):
        subprocess.run(run)
"""


class Side:
    """A program that prints text after every save. The regex `verdict` matches a verdict, with the score in group 1."""

    def __init__(self, command: list[str], cwd: Path, verdict: str, *, terminal: bool = False) -> None:
        self.verdict = re.compile(verdict.encode(), re.DOTALL)
        own = {"NN_KATAS_PROGRESS": str(cwd / "progress.sqlite"), "TERM": "xterm", "LC_ALL": "C.UTF-8"}
        if terminal:
            self.reading, theirs = pty.openpty()
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        else:
            self.reading, theirs = os.pipe()
        environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")} | own
        stdin = theirs if terminal else subprocess.DEVNULL
        self.process = subprocess.Popen(
            command, cwd=cwd, stdin=stdin, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
        )
        os.close(theirs)
        os.set_blocking(self.reading, False)

    def drop(self) -> None:
        """Discard the output so far."""
        while self._read():
            pass

    def answer(self, score: str) -> float:
        """Wait for a verdict with this score, and return the time at which it was printed."""
        text, deadline = b"", time.perf_counter() + PATIENCE_S
        while time.perf_counter() < deadline:
            news = self._read()
            if news:
                text += news
                if any(found[1].decode() == score for found in self.verdict.finditer(CONTROL.sub(b"", text))):
                    return time.perf_counter()
            time.sleep(0.0005)
        sys.exit(f"no verdict of {score} within {PATIENCE_S:.0f} s:\n{text.decode(errors='replace')[-2000:]}")

    def _read(self) -> bytes:
        try:
            return os.read(self.reading, 65536)
        except BlockingIOError:
            return b""

    def close(self) -> None:
        self.process.terminate()
        os.close(self.reading)  # a program that waits until its output is read can end now
        self.process.wait()


def copied(to: Path) -> Path:
    """Copy this repository into a learner's clone, so that edits here don't affect it."""
    to.mkdir()
    for name in ("conftest.py", "tox.ini"):
        shutil.copy(ROOT / name, to)
    for name in ("graders", "katas", "solutions"):
        shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__", "wrong", "accept"))
    return to


def saved(path: Path, text: bytes) -> float:
    """Save a file by renaming, as editors do, and return the time just before."""
    beside = path.with_name(f".{path.name}.new")
    started = time.perf_counter()
    beside.write_bytes(text)
    beside.rename(path)
    return started


def pytest_says(kata: Kata, command: list[str], cwd: Path) -> str:
    """Run pytest on the current files and return the start of its last line."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    found = re.search(r"=+ ((?:\d+ \w+(?:, )?)+) in ", done.stdout)
    if found is None:
        sys.exit(f"{kata.slug}: {done.stdout}{done.stderr}")
    return found[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--kata", default="exercise01")
    given = parser.parse_args()
    slug = given.kata
    with tempfile.TemporaryDirectory() as folder:
        places = {name: copied(Path(folder, name)) for name in ("watch", "screen", "pytest")}
        kata = catalogue.load(places["watch"], slug)
        name = next(name for name in kata.files if name.endswith(".py"))
        answers = {"stub": (ROOT / "katas" / slug / name).read_bytes()}
        answers["right"] = (ROOT / "solutions" / slug / name).read_bytes()
        full = f"{sum(task.points for task in kata.tasks):g}"
        run = [sys.executable, "-m", "pytest", f"katas/{slug}"]
        scores: dict[str, dict[str, str]] = {side: {"stub": "0", "right": full} for side in ("watch", "screen")}
        scores["pytest"] = {}
        for answer, text in reversed(answers.items()):  # the stub comes last, because the clone starts with it
            saved(places["pytest"] / "katas" / slug / name, text)
            scores["pytest"][answer] = pytest_says(kata, run, places["pytest"])
        commands = {
            "watch": [*KATAS, "watch", slug, "--plain"],
            "screen": [*KATAS, "watch", slug],
            "pytest": [sys.executable, "-c", LOOP, slug, name],
        }
        print(f"watch : {' '.join(commands['watch'])}")
        print(f"screen: {' '.join(commands['screen'])}")
        print(f"pytest: {' '.join(run)}, run at every save")
        block = rf"[✓✗~] [^\n]*\({slug}\) +([\d.]+) of {full} points[^\n]*\n.*?katas done[^\n]*\n"
        sides = {
            "watch": Side(commands["watch"], places["watch"], block),
            "screen": Side(
                commands["screen"],
                places["screen"],
                rf"[✓✗~] [^\n]*\({slug}\) +([\d.]+) of {full} points",
                terminal=True,
            ),
            "pytest": Side(commands["pytest"], places["pytest"], r"=+ ((?:\d+ \w+(?:, )?)+) in "),
        }
        times: dict[str, list[float]] = {side: [] for side in sides}
        try:
            for side, program in sides.items():
                program.answer(scores[side]["stub"])
            for number in range(2 * given.rounds + 2):
                answer = "stub" if number % 2 else "right"
                for side, program in sides.items():
                    time.sleep(REST_S)
                    program.drop()
                    started = saved(places[side] / "katas" / slug / name, answers[answer])
                    seconds = program.answer(scores[side][answer]) - started
                    if number > 1:  # the first two saves warm up
                        times[side].append(seconds)
                print(f"\rsave {number + 1}/{2 * given.rounds + 2}", end="", file=sys.stderr)
        finally:
            for program in sides.values():
                program.close()
    print(file=sys.stderr)
    for side, seconds_of in times.items():
        late = sorted(seconds_of)[int(0.95 * len(seconds_of))]
        print(f"{side:6s}: median {1e3 * median(seconds_of):7.1f} ms, 95 % below {1e3 * late:.1f} ms")
    for side in ("screen", "watch"):
        middle, low, high = median_interval([a / b for a, b in zip(times["pytest"], times[side], strict=True)])
        print(f"{side}: a verdict comes sooner than from pytest by {middle:.1f}× ({low:.1f} to {high:.1f})")


if __name__ == "__main__":
    main()
