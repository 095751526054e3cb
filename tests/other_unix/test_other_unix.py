"""The commands on a system that is not Linux: macOS, or this machine with what only Linux has taken away.

On Linux, the tests make a virtual environment whose interpreter runs `missing.py` whenever it starts. On macOS, they
run the same commands in the interpreter that runs the tests. Whatever is started has the test's folder for temporary
files in its command line, so `ps` shows what is left behind.
"""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import sysconfig
import time
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.serving import Server
from tests.shell import environment
from tests.workshop import ROOT

HERE = Path(__file__).parent
SMALL = ROOT / "tests" / "repository"
PATIENCE_S = 500  # for one command, on a busy machine
AFFINE = (ROOT / "solutions" / "exercise01" / "affine.py").read_text(encoding="utf-8")
# What the environment runs when Python starts.
SITE = """\
import site; site.addsitedir({packages!r})
import sys, runpy; sys.platform == "darwin" or runpy.run_path({missing!r})
"""

pytestmark = pytest.mark.timeout(600)


class Done(NamedTuple):
    """A finished command."""

    status: int
    out: str
    errors: str

    @property
    def verdict(self) -> dict:
        return json.loads(self.out)


class OtherUnix:
    """A way to run commands, with a folder of their own for temporary files and for what they record."""

    def __init__(self, python: Path, folder: Path) -> None:
        self.python, self.folder = python, folder
        # As on macOS: a long path that leads through a link.
        real = folder / "private" / "var" / "folders" / "zz" / "a_long_name_0123456789_0123456789_0123456789" / "T"
        real.mkdir(parents=True)
        (folder / "var").symlink_to(folder / "private" / "var")
        self.temporary = folder / "var" / real.relative_to(folder / "private" / "var")
        self.environment = environment(
            TMPDIR=str(self.temporary), NN_KATAS_PROGRESS=str(folder / "progress.sqlite"), TERM="xterm-256color"
        )

    def command(self, *words: str, root: Path = ROOT) -> list[str]:
        return [str(self.python), "-m", "graders.cli", "--root", str(root), *words]

    def katas(self, *words: str, root: Path = ROOT) -> Done:
        return self.run(self.command(*words, root=root))

    def run(self, command: list[str]) -> Done:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=PATIENCE_S,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def grade(self, slug: str, text: str, *options: str, root: Path = ROOT, file: str = "") -> Done:
        """Grade a text, and return the verdict that an instructor sees."""
        folder = self.folder / f"submission{len(os.listdir(self.folder))}"
        folder.mkdir()
        (folder / (file or f"{slug}.py")).write_text(text, encoding="utf-8")
        words = ("grade", slug, "--submission", str(folder), "--format", "json", "--audience", "instructor", *options)
        return self.katas(*words, root=root)

    def left(self) -> list[str]:
        """Return the command lines of the processes that are left, once those that are ending had time to end."""
        deadline = time.monotonic() + 20
        while left := self._running():
            if time.monotonic() > deadline:
                return left
            time.sleep(0.1)
        return []

    def _running(self) -> list[str]:
        listed = subprocess.run(["ps", "-axww", "-o", "stat=,args="], capture_output=True, text=True, check=True).stdout
        mine = [line for line in listed.splitlines() if str(self.folder) in line and not line.startswith("Z")]
        return [line[:300] for line in mine if "graders" in line]


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an interpreter on which the harness runs as on another Unix system."""
    if sys.platform != "linux":
        return Path(sys.executable)
    folder = tmp_path_factory.mktemp("environment")
    venv.EnvBuilder(symlinks=True).create(folder)
    packages, missing = sysconfig.get_path("purelib"), str(HERE / "missing.py")
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "missing.pth").write_text(SITE.format(packages=packages, missing=missing), encoding="utf-8")
    return folder / "bin" / "python"


@pytest.fixture
def unix(python: Path, tmp_path: Path) -> Iterator[OtherUnix]:
    """Yield a way to run commands, and check that none of their processes is left behind."""
    system = OtherUnix(python, tmp_path)
    yield system
    assert system.left() == []


# ------------------------------------------------------------------------------------------------------------- grading


def test_everything_is_taken_away_even_from_workers(unix: OtherUnix) -> None:
    said = 'f\'{sys.platform} {hasattr(os, "pidfd_open")} {hasattr(select, "epoll")} {os.path.basename(__file__)}\''
    done = unix.grade("exercise01", f"import os, select, sys\nraise ValueError({said})\n", file="affine.py")
    assert "ValueError: darwin False False affine.py" in done.verdict["message"]
    assert (done.status, done.verdict["confinement"]) == (1, "none")


@pytest.mark.parametrize(
    ("text", "status", "score"),
    [
        (AFFINE, "passed", 11),
        ("def affine(W, x, b):\n    return W @ x + b\n", "failed", 4),
        ("def affine(W, x, b):\n    return x @ W.T\n", "failed", 0),
    ],
    ids=["right", "no-batch", "no-bias"],
)
def test_a_submission_is_graded(unix: OtherUnix, text: str, status: str, score: float) -> None:
    done = unix.grade("exercise01", text, file="affine.py")
    assert (done.verdict["status"], done.verdict["score"]) == (status, score)
    assert done.verdict["confinement"] == "none"
    assert done.status == (status != "passed")


def test_a_torch_kata_is_graded(unix: OtherUnix) -> None:
    right = (SMALL / "solutions" / "torchy" / "torchy.py").read_text(encoding="utf-8")
    done = unix.grade("torchy", right, root=SMALL)
    assert (done.status, done.verdict["status"], done.verdict["confinement"]) == (0, "passed", "none")
    done = unix.grade("torchy", right.replace("point**2", "point**3"), root=SMALL)
    assert (done.status, done.verdict["status"]) == (1, "failed")


def test_full_confinement_cannot_be_had(unix: OtherUnix) -> None:
    done = unix.grade("exercise01", AFFINE, "--require-confinement", "full", file="affine.py")
    assert (done.status, done.verdict["status"]) == (2, "error")
    assert "full" in done.verdict["message"]


HOSTILE = {
    "an endless loop": ("while True: pass", "took longer than 0.5 s and was stopped"),
    "a sleep": ("import time; time.sleep(1000)", "took longer than 0.5 s and was stopped"),
    "a loop in C": ("sum(range(10**15))", "took longer than 0.5 s and was stopped"),
    "a loop while importing": (None, "took longer than 2 s and was stopped"),
    "memory": ("kept = []\n    while True: kept.append(bytearray(1 << 20))", "MemoryError"),
    "an exit": ("import os; os._exit(0)", "the process ended itself with exit status 0"),
    "a signal": ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "the process crashed (SIGKILL)"),
    "a fork that returns": ("import os; os.fork()", ""),
    "a fork that loops": ("import os\n    if os.fork() == 0:\n        while True: pass", ""),
    "a fork that waits": ("import os, time\n    if os.fork() == 0:\n        time.sleep(1000)", ""),
}


GRADE_ALL = """
import sys
from pathlib import Path
import msgspec
from graders import Judge
with Judge(Path(sys.argv[1])) as judge:
    for folder in sys.argv[2:]:
        print(msgspec.json.encode(judge.grade("limits", Path(folder))).decode())
"""


@pytest.fixture(scope="module")
def hostile(python: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """Return the verdicts on all hostile submissions, which one judge grades one after another."""
    unix = OtherUnix(python, tmp_path_factory.mktemp("hostile"))
    for name, (body, _) in HOSTILE.items():
        text = f"def work(number):\n    {body}\n    return number + 1\n" if body else "while True: pass\n"
        (unix.folder / name).mkdir()
        (unix.folder / name / "limits.py").write_text(text, encoding="utf-8")
    done = unix.run([str(python), "-c", GRADE_ALL, str(SMALL), *(str(unix.folder / name) for name in HOSTILE)])
    assert done.status == 0, done.errors
    assert unix.left() == []
    return dict(zip(HOSTILE, map(json.loads, done.out.splitlines()), strict=True))


@pytest.mark.security
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_submission_is_stopped(hostile: dict[str, dict], name: str) -> None:
    verdict = hostile[name]
    assert verdict["status"] in ("failed", "ungradable")
    assert (verdict["score"], verdict["confinement"]) == (0, "none")
    assert HOSTILE[name][1] in json.dumps(verdict)


@pytest.mark.security
def test_forks_of_a_worker_without_confinement_end_with_it_on_this_system_too(tmp_path: Path) -> None:
    system = OtherUnix(Path(sys.executable), tmp_path)
    text = f"def work(number):\n    {HOSTILE['a fork that waits'][0]}\n    return number + 1\n"
    done = system.grade("limits", text, "--confinement", "none", root=SMALL)
    assert (done.status, done.verdict["confinement"]) == (1, "none")
    assert system.left() == []


# ------------------------------------------------------------------------------------------------------ other commands


@pytest.mark.deep
def test_the_demo_gives_the_expected_verdicts(unix: OtherUnix) -> None:
    done = unix.katas("demo")
    assert done.status == 0, done.out + done.errors


def test_a_batch_of_three_is_graded(unix: OtherUnix) -> None:
    submissions = ROOT / "graders" / "demo" / "course" / "submissions"
    done = unix.katas("grade-batch", str(submissions), "--out", "graded", "--kata", "exercise01")
    assert done.status == 0, done.out + done.errors
    found = {str(file): json.loads(file.read_text("utf-8")) for file in unix.folder.glob("graded/verdicts/**/*.json")}
    assert len(found) == 3, os.listdir(unix.folder / "graded")
    assert {each["confinement"] for each in found.values()} == {"none"}


@pytest.mark.deep
def test_a_kata_is_checked(unix: OtherUnix) -> None:
    done = unix.katas("check", "exercise01", "--flakes", "0", "--every", "8")
    assert done.status == 0, done.out + done.errors


def test_a_program_runs(unix: OtherUnix) -> None:
    done = unix.katas("run", "challenge1", "--against", "solutions", "--", "--help")
    assert done.status == 0, done.out + done.errors


@pytest.mark.deep  # it trains a network thrice
def test_a_puzzle_is_made_and_graded(unix: OtherUnix, tmp_path: Path) -> None:
    root = tmp_path / "puzzles"
    (root / "katas").mkdir(parents=True)
    done = unix.katas("debug", "new", "--seed", "7", "--level", "1", root=root)
    assert done.status == 0, done.out + done.errors
    done = unix.katas("debug", "grade", "7", root=root)
    assert (done.status, "0 of" in done.out) == (1, True), done.out + done.errors


def test_texts_are_shown(unix: OtherUnix) -> None:
    for words in (("hint", "exercise01"), ("next",), ("progress",), ("list",)):
        done = unix.katas(*words)
        assert (done.status, done.errors) == (0, ""), words


def test_the_doctor_says_what_is_missing(unix: OtherUnix) -> None:
    said = " ".join(unix.katas("doctor").out.split())
    assert "confinement (numpy)" in said
    assert "confinement needs Linux" in said
    assert "grade only your own work here" in said


# ------------------------------------------------------------------------------------------- commands that keep running


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a small repository with the stub of the kata limits."""
    root = tmp_path / "clone"
    for part in ("katas", "solutions"):
        (root / part / "limits").mkdir(parents=True)
        for file in (SMALL / part / "limits").iterdir():
            if file.is_file():
                (root / part / "limits" / file.name).write_bytes(file.read_bytes())
    for file in ("conftest.py", "tox.ini"):
        (root / file).write_bytes((ROOT / file).read_bytes())
    (root / "katas" / "limits" / "limits.py").write_text("def work(number):\n    return number + 1\n")
    return root


class Screen:
    """What a command writes to its terminal."""

    def __init__(self, command: list[str], folder: Path, env: dict[str, str]) -> None:
        self.ours, theirs = pty.openpty()
        self.process = subprocess.Popen(
            command, cwd=folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        os.set_blocking(self.ours, False)
        self.text = ""

    def wait(self, wanted: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not re.search(wanted, self.text):
            assert time.monotonic() < deadline, self.text
            assert self.process.poll() is None, self.text
            try:
                self.text += os.read(self.ours, 65536).decode("utf-8", "replace")
            except BlockingIOError:
                time.sleep(0.05)

    def press(self, key: bytes) -> int:
        self.text = ""
        os.write(self.ours, key)
        status = self.process.wait(PATIENCE_S)
        os.close(self.ours)
        return status


def test_watch_grades_every_save(unix: OtherUnix, clone: Path) -> None:
    screen = Screen(unix.command("watch", "limits", root=clone), clone, unix.environment)
    screen.wait(r"0 of 4|0 / 3")
    screen.text = ""
    (clone / "katas" / "limits" / "limits.py").write_text("def work(number):\n    return number\n")
    screen.wait(r"4 of 4|3 / 3")
    assert screen.press(b"q") == 0


def test_watch_stops_a_loop_when_the_file_is_saved_again(unix: OtherUnix, clone: Path) -> None:
    file = clone / "katas" / "limits" / "limits.py"
    file.write_text("def work(number):\n    while True:\n        pass\n")
    screen = Screen(unix.command("watch", "limits", root=clone), clone, unix.environment)
    screen.wait(r"limits")
    file.write_text("def work(number):\n    return number\n")
    screen.wait(r"4 of 4|3 / 3")
    assert screen.press(b"q") == 0


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(PATIENCE_S)


def test_nothing_is_left_of_a_command_that_was_killed(unix: OtherUnix, clone: Path) -> None:
    (clone / "katas" / "limits" / "limits.py").write_text("def work(number):\n    while True:\n        pass\n")
    done: Callable[[], bool] = lambda: any("-c" in line for line in unix._running())  # noqa: E731
    screen = Screen(unix.command("watch", "limits", root=clone), clone, unix.environment)
    deadline = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    kill(screen.process)
    os.close(screen.ours)
    assert unix.left() == []


def test_serve_shows_a_page_and_grades(unix: OtherUnix, clone: Path) -> None:
    server = Server(clone, environment=unix.environment, command=[str(unix.python), "-m", "graders.cli"])
    try:
        status, _, page = server.request("GET", "/")
        assert (status, b"<html" in page) == (200, True), page
        right = "def work(number):\n    return number\n"
        with server.events("limits") as wait:
            first = wait(lambda each: each["status"] == "failed" and not each["grading"])
            assert "the submission was not confined (confinement: none)" in first["verdict"]
            assert server.save("limits", "limits.py", right, first["files"]["limits.py"])[0] == 200
            wait(lambda each: each["status"] == "passed")
        assert server.post("/api/katas/limits/try", {"text": "1 + 1"})["value"] == "2"
        fault = server.post("/api/katas/limits/try", {"text": "while True: pass"})["fault"]
        assert re.search("was stopped|used up its CPU time", fault)
    finally:
        server.end()
