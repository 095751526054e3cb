"""`katas watch`, at a real terminal and without one: its answer to saves and keys, and its state at the end."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace

import msgspec
import pytest
from rich.console import Console

from graders import catalogue
from graders.judge.messages import Step
from graders.learner.progress import Progress, Standing
from graders.learner.watch import session as session_module
from graders.learner.watch import view
from graders.learner.watch.file_watcher import Saves, signature
from graders.learner.watch.session import State, WatchSession
from graders.learner.watch.task_cache import TaskCache, affected_by
from graders.learner.watch.terminal import split
from graders.scoring import scored
from graders.verdict import TaskResult, TaskStatus, TestResult, TestStatus, Verdict
from katas_page import pane
from tests import shell, workshop
from tests.at_terminal import FULL, PATIENCE_S, AtTerminal
from tests.learner.test_learning import README
from tests.milestone_course import DOUBLE, write_course
from tests.shell import KATAS, katas_cold
from tests.workshop import ADDED, HALF, SOLUTION, STUB, TOML, edit, write

COLOUR = rb"\x1b\[[0-9;]*3[0-7]m"
KEYS = "n next  f next failure  h hint  l list  c visible only  p plot  r reset  q quit"
PROGRAM = """
class History:
    loss = [2.0, 1.0]

if __name__ == "__main__":
    history = History()
    history.loss = [2.0, 1.0]
"""
UNTOUCHED = "twice.py is unchanged since it was handed out: nothing to grade yet"
BEGUN = STUB + "# begun\n"
ENDLESS = "def twice(x):\n    while True:\n        pass\n\n" + HALF
LIMITS = "call_s = 3\ntest_s = 6"
PATIENT = TOML.replace(LIMITS, "call_s = 300\ntest_s = 600\ntotal_s = 900")  # longer than any test waits


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An untouched clone in a folder with an awkward name."""
    return workshop.write_clone(tmp_path / "my kätas", ["alpha", "beta"], README)


Watching = Callable[..., AtTerminal]


@pytest.fixture
def watching(root: Path) -> Iterator[Watching]:
    """watching(*words, …) starts `katas words…` at a terminal and waits for the first verdict."""
    opened: list[AtTerminal] = []

    def start(
        *words: str,
        command: tuple[str, ...] = (),
        env: dict[str, str] | None = None,
        points: str = "0 of 3 points",
        **size: int,
    ) -> AtTerminal:
        env = {"NN_KATAS_PROGRESS": str(root / "progress.sqlite")} | (env or {})
        opened.append(AtTerminal([*command, KATAS, *words], root, env=env, **size))
        opened[-1].__enter__()
        opened[-1].wait(points)
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.__exit__(None, None, None)


def save(root: Path, text: str, slug: str = "alpha") -> Path:
    """Save a file atomically."""
    path = root / "katas" / slug / "twice.py"
    return write(path.with_name(".twice.py.new"), text).rename(path)


def remembered(root: Path) -> tuple[int, float, bool]:
    """Return attempts, best score and whether alpha is done, as in `katas progress`."""
    with Progress(root / "progress.sqlite") as progress:
        standing = progress.standings(["alpha"])["alpha"]
    return standing.tries, standing.best, standing.done


def comes_to(root: Path, tries: int, best: float, done: bool) -> bool:
    """Return whether this progress is recorded, after a while if necessary: the screen is updated before the disk."""
    deadline = time.monotonic() + PATIENCE_S
    while remembered(root) != (tries, best, done) and time.monotonic() < deadline:
        time.sleep(0.05)
    return remembered(root) == (tries, best, done)


def goes_on_for_seconds(screen: str) -> bool:
    """Return whether a grading has been running for a second or more."""
    return bool(re.search(r"grading … \d+ s", screen))


def on_one_screen(*texts: str, without: str = "\0") -> Callable[[str], bool]:
    """Return a condition: the screen has all of these texts, and not the other one."""
    return lambda screen: all(text in screen for text in texts) and without not in screen


# ------------------------------------------------------------------------------------------ the screen


def test_screen_fits_its_window_and_q_restores_the_terminal(watching: Watching, root: Path) -> None:
    terminal = watching()  # `katas` alone watches, at a terminal
    terminal.wait(on_one_screen(UNTOUCHED, without="f next failure"))
    save(root, BEGUN)
    fresh = on_one_screen("still to do; next: twice", "0 of 3 points")
    terminal.wait(lambda text: fresh(text) and text.endswith(KEYS.replace("f next failure  ", "")))
    rows = terminal.rows()
    assert re.fullmatch(r"~ Twice \(alpha\) +0 of 3 points", rows[0])
    assert "  · Twice a vector (still to do)                                           0 / 2" in rows
    assert "✗" not in "".join(rows)
    assert rows[-2].endswith("0 of 2 katas done, 0 of 6 points")
    assert terminal.written.count(FULL) == 1
    assert re.search(COLOUR, terminal.written)

    save(root, ADDED)
    terminal.wait("1 of 3 points")
    for columns, lines in ((120, 40), (60, 16), (34, 8)):
        terminal.resize(columns, lines)
        text = terminal.wait(lambda text: text.startswith("✗ Twice (alpha)") and text.endswith("q quit"))
        assert len(text.splitlines()) == lines
    terminal.type("j")
    terminal.wait("↑ 1")

    terminal.type("q")
    done = terminal.end()
    assert (done.status, done.left) == (0, [])
    assert terminal.restored()


def test_bare_katas_prints_help_without_a_terminal(root: Path) -> None:
    assert "Usage: katas" in katas_cold(cwd=root).said


def test_saves_are_graded_and_changes_are_recorded(watching: Watching, root: Path) -> None:
    terminal = watching("watch", "alpha")
    assert remembered(root) == (0, 0, False)  # viewing a stub is not an attempt
    save(root, ADDED)
    diagnosis = "Your code behaves exactly like a known mistake. two is added."
    terminal.wait(on_one_screen("1 of 3 points", diagnosis, "# expected: np.array([0.0])"))
    assert comes_to(root, 1, 1, False)

    graded_at = re.compile(r"1 of 3 points\n.* (\d\d:\d\d:\d\d), ")
    first = graded_at.search(terminal.wait(lambda text: bool(graded_at.search(text))))
    assert first is not None
    while time.strftime("%H:%M:%S") == first[1]:  # only the time of the verdict changes on the screen
        time.sleep(0.05)
    save(root, ADDED)
    terminal.wait(lambda text: bool(again := graded_at.search(text)) and again[1] != first[1])
    terminal.type("h")
    terminal.wait("Hint 1: small")  # by then everything has been written
    assert remembered(root) == (1, 1, False)

    terminal.type("c")
    terminal.wait(on_one_screen("visible tests only", "0 of 2 points", without="Half a number"))
    save(root, SOLUTION)
    terminal.wait(on_one_screen("2 of 2 points", "c to run all tests; they decide"))
    assert remembered(root) == (1, 1, False)  # a pass of the visible tests alone is not progress
    terminal.type("c")
    terminal.wait(
        on_one_screen("3 of 3 points", "n: beta, Twice (it builds on no other kata)", "1 of 2 katas done, 3 of")
    )
    assert comes_to(root, 2, 3, True)

    terminal.type("n")
    terminal.wait("✗ Twice (beta)")
    save(root, SOLUTION, "beta")
    terminal.wait("2 of 2 katas done")
    terminal.type("n")
    terminal.wait("You have passed every kata.")


@contextlib.contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Stop a process, and continue it afterwards."""
    os.kill(pid, signal.SIGSTOP)
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        os.sched_yield()
    yield
    os.kill(pid, signal.SIGCONT)


@pytest.mark.deep
def test_every_way_of_saving_ends_with_the_last_save(watching: Watching, root: Path) -> None:
    terminal = watching("watch", "alpha")
    save(root, "x = 1\n\tdef twice(x)\n" + HALF)
    terminal.wait("✗ twice.py, line 2: IndentationError: unexpected indent")
    path = save(root, SOLUTION.replace("FACTOR * x", "(FACTOR * x"))
    terminal.wait("line 3: SyntaxError: '(' was never closed\n  │ return (FACTOR * x\n  │        ^\n")

    path.rename(path.with_name("twice.py~"))
    save(root, SOLUTION)
    terminal.wait(on_one_screen("3 of 3 points", "All tests pass."))
    path.unlink()
    terminal.wait("twice.py is not in katas/alpha/.")
    with path.open("w", encoding="utf-8") as file:
        for start in range(0, len(SOLUTION), 40):
            file.write(SOLUTION[start : start + 40])
            file.flush()
            time.sleep(0.03)
    terminal.wait(on_one_screen("3 of 3 points", "All tests pass.", without="is not in"))

    for number in range(20):
        save(root, ADDED + f"# {number}\n")
    save(root, STUB)
    last = on_one_screen("0 of 3 points", UNTOUCHED)
    terminal.wait(last)
    terminal.type("h")
    terminal.wait("Hint 1: small")
    terminal.type("\x1b")
    terminal.wait(last)  # no older verdict has arrived after the last


@pytest.mark.deep
@pytest.mark.parametrize("end", ["Ctrl-C", "SIGTERM"])
def test_a_newer_save_ends_a_long_grading_and_so_do_signals(watching: Watching, root: Path, end: str) -> None:
    write(root / "katas" / "alpha" / "kata.toml", PATIENT)
    terminal = watching("watch", "alpha")
    save(root, "def twice(x)\n")
    terminal.wait(on_one_screen("SyntaxError: expected ':'", "could not be graded"))
    save(root, ENDLESS)
    terminal.wait(lambda screen: goes_on_for_seconds(screen) and "SyntaxError" not in screen)
    save(root, SOLUTION)
    terminal.wait("3 of 3 points")
    terminal.wait("1 of 2 katas done")
    assert comes_to(root, 2, 3, True)

    save(root, ENDLESS)
    terminal.wait(goes_on_for_seconds)
    if end == "Ctrl-C":
        terminal.type("\x03")
    else:
        terminal.kill(signal.SIGTERM)
    all_is_put_back(terminal, 130 if end == "Ctrl-C" else 143)


def all_is_put_back(terminal: AtTerminal, status: int) -> None:
    """Assert that the command ends with this status, leaves no process, and restores the terminal."""
    done = terminal.end()
    assert (done.status, done.left) == (status, [])
    assert terminal.restored()
    assert "Traceback" not in done.out


def test_unrelated_file_does_not_start_a_grading(root: Path) -> None:
    kata = catalogue.load(root, "alpha")
    before = signature(kata)
    for name in (".twice.py.swp", "twice.py~", "#twice.py#", "4913", "notes.txt", "__pycache__/twice.pyc"):
        write(kata.folder / name, "")
    assert signature(kata) == before
    write(kata.folder / "factors.py", "FACTOR = 3.0\n")
    assert signature(kata) != before


@pytest.mark.deep
def test_watch_works_without_inotify_progress_or_colour(watching: Watching, root: Path) -> None:
    command = tuple(workshop.refusing(24, x86_64=294, aarch64=26))  # inotify_init1(2): no more watches
    env = {"NN_KATAS_PROGRESS": "/dev/null/progress.sqlite", "NO_COLOR": "1"}
    terminal = watching("watch", "alpha", command=command, env=env)
    told = "Set NN_KATAS_PROGRESS to a file that you can write to"
    terminal.wait(lambda text: told in " ".join(text.split()))
    for title in ("Hint 1: small", "Hint 2: all"):
        terminal.type("h")
        terminal.wait(title)
    for text, points in ((ADDED, 1), (STUB, 0)):
        save(root, text)
        terminal.wait(f"{points} of 3 points")
    save(root, SOLUTION)
    terminal.wait("1 of 2 katas done")
    terminal.wait("the verdict was not recorded")
    terminal.type("n")
    terminal.wait("✗ Twice (beta)")
    assert not re.search(COLOUR, terminal.written)


# -------------------------------------------------------------------------------- a kata that takes long

PAIR = TOML.replace('files = ["twice.py"]', 'files = ["twice.py", "slow.py"]').replace(
    'entry_points = ["twice", "half"]', 'entry_points = ["twice", "half", "slow"]'
)
PAIR = PAIR.replace("points = 2", 'points = 2\nfiles = ["twice.py"]').replace(
    "points = 1", 'points = 1\nfiles = ["twice.py"]'
)
PAIR = PAIR.replace(LIMITS, "call_s = 60\ntest_s = 120\ntotal_s = 300")  # nothing here is late
PAIR += '[tasks.slow]\ntitle = "Slowly"\npoints = 4\nfiles = ["slow.py"]\n'
SLOW = "import time\n\ndef slow(x):\n    time.sleep(2.0)\n    return x\n"
SLOWER = SLOW.replace("2.0", "6.0")  # for intermediate states
SLOWLY = """
@task("slow")
def test_slowly(kata):
    assert_close(kata.slow(3.0), 3.0)
"""


@pytest.fixture
def pair(root: Path) -> Path:
    """The kata alpha with a second file, whose task takes two seconds."""
    write(root / "katas" / "alpha" / "kata.toml", PAIR)
    write(root / "katas" / "alpha" / "test_alpha.py", workshop.VISIBLE + SLOWLY)
    for place in ("katas", "solutions"):
        write(root / place / "alpha" / "slow.py", SLOW)
    for kind in ("wrong", "accept"):
        folder = root / "graders" / "hidden" / "alpha" / kind
        (folder / "twice").mkdir()
        for path in folder.glob("*.py"):
            path.rename(folder / "twice" / path.name)
    return root


@pytest.mark.deep
def test_save_grades_its_own_tasks_and_reports_early(watching: Watching, pair: Path) -> None:
    terminal = watching("watch", "alpha", points="4 of 7 points")
    slow = pair / "katas" / "alpha" / "slow.py"
    times = slow.stat()
    with stopped(terminal.pid()):
        slow.write_text(SLOW.replace("return x", "return y"), encoding="utf-8")  # a change that is not noticed
        os.utime(slow, ns=(times.st_atime_ns, times.st_mtime_ns))
    save(pair, ADDED)
    terminal.wait("5 of 7 points")
    assert comes_to(pair, 1, 5, False)
    save(pair, SOLUTION)
    terminal.wait(on_one_screen("7 of 7 points", "All tests pass.", "1 of 2 katas done"))
    assert comes_to(pair, 2, 7, True)

    write(slow, SLOWER)
    save(pair, ADDED)
    terminal.wait(lambda screen: bool(re.search(r"test \d of 4: Slowly", " ".join(screen.split()))))
    waiting = "  · Slowly                                                                 – / 4"
    terminal.wait(on_one_screen("1 of 3 tasks left", "# expected: np.array([0.0])", "1 / 7 so far", waiting))
    terminal.wait(on_one_screen("4 / 4", "5 of 7 points"))

    write(slow, SLOWER.replace("return x", "return -x"))
    terminal.wait("1 of 3 tasks left")
    save(pair, SOLUTION)
    terminal.wait("3 / 7 so far")  # the last saved file comes first, then the cancelled tasks
    terminal.wait(on_one_screen("✗ Slowly", "3 of 7 points"))

    write(slow, SLOWER)
    terminal.wait("1 of 3 tasks left")
    terminal.kill(signal.SIGHUP)
    all_is_put_back(terminal, 129)


@pytest.mark.deep
def test_plain_display_reports_long_gradings_and_takes_keys(watching: Watching, pair: Path) -> None:
    terminal = watching("watch", "alpha", "--plain", lines=70, points="4 of 7 points")
    write(pair / "katas" / "alpha" / "slow.py", SLOWER)
    save(pair, ADDED)
    # The first grading, of the stubs, printed this too: wait for the one after the save.
    goes_on = re.compile(r"✗ Every vector is doubled.*still grading: [12] of 3 tasks left", re.DOTALL)
    terminal.wait(lambda text: bool(goes_on.search(text)))
    terminal.wait("5 of 7 points")
    for key, seen in (("h", "Add it to itself."), ("l", "Type the number of a kata."), ("2", "✗ Twice (beta)")):
        terminal.type(f"{key}\n")
        terminal.wait(seen)
    terminal.type("q\n")
    done = terminal.end()
    assert (done.status, done.left) == (0, [])
    assert FULL not in terminal.written
    assert "\x1b[?25l" not in done.out


def of(*tasks: tuple[str, TaskStatus]) -> Verdict:
    results = tuple(TaskResult(name=name, title="", status=status, score=0, max_score=1) for name, status in tasks)
    return Verdict(kata="alpha", status="failed", tasks=results)


def test_cache_requests_all_tasks_then_those_of_saved_files(pair: Path) -> None:
    board = TaskCache(catalogue.load(pair, "alpha"))
    assert board.asked() == {"twice", "half", "slow"}
    board.take(of(("twice", "passed"), ("half", "passed"), ("slow", "passed")), board.asked())
    assert board.due == set()
    board.saved({"slow.py"})
    assert board.asked() == {"slow"}
    board.saved({"twice.py"})
    assert board.asked() == {"twice", "half"}
    board.close(board.asked())
    assert board.asked() == {"slow"}
    board.saved({"test_alpha.py"})
    assert board.asked() == {"twice", "half", "slow"}


def test_cache_requests_later_tasks_unless_they_are_blocked(pair: Path) -> None:
    edit(pair / "katas" / "alpha" / "kata.toml", 'title = "Slowly"', 'title = "Slowly"\nafter = ["half"]')
    board = TaskCache(catalogue.load(pair, "alpha"))
    board.take(of(("twice", "passed"), ("half", "failed"), ("slow", "blocked")), board.asked())
    assert affected_by(board.kata, {"slow.py"}) == {"slow"}
    assert affected_by(board.kata, {"twice.py"}) == {"twice", "half", "slow"}
    board.saved({"slow.py"})
    assert board.asked() == {"half", "slow"}  # nothing else to grade
    board.saved({"twice.py", "slow.py"})
    assert board.asked() == {"twice", "half", "slow"}


# ------------------------------------------------------------------------------- states during a grading


class Scripted:
    """A watch session on alpha, whose judge reports what a test says."""

    def __init__(self, root: Path) -> None:
        self.kata, self.reports = catalogue.load(root, "alpha"), SimpleQueue[Step | Verdict | None]()
        katas = [self.kata, catalogue.load(root, "beta")]
        standings = {kata.slug: Standing(kata.slug) for kata in katas}
        self.session = WatchSession(State(katas, standings, self.kata), self, lambda: None)  # type: ignore[arg-type]

    def grade(self, *_: object, tell: Callable[[Verdict], None], at: Callable[[Step], None], **__: object) -> Verdict:
        verdict = Verdict(kata="alpha", status="error")
        for report in iter(self.reports.get, None):
            if isinstance(report, Step):
                at(report)
            else:
                verdict = report
                tell(report)
        return verdict

    def screen(self, until: Callable[[State], object]) -> str:
        """Return the screen once the state meets a condition, as it is when a grading has run for a second."""
        deadline = time.monotonic() + PATIENCE_S
        while not until(self.session.state):
            assert time.monotonic() < deadline
            self.session.look()
        if self.session.state.started is not None:
            self.session.state.started -= 1
        return view.picture(self.session.state, Console(width=80), 80, 24).plain

    def tested(self, *tests: tuple[str, TestStatus], undecided: str = "", ends: bool = False) -> str:
        """Report these tests, perhaps as the last ones, and return the screen that shows them."""
        results = [
            TestResult(name=f"test_{number}", task=task, visibility="visible", status=status)
            for number, (task, status) in enumerate(tests)
        ]
        tasks = tuple(task for task in self.kata.tasks if task.name not in undecided.split())
        before = self.session.state.verdict
        self.reports.put(
            scored(Verdict(kata="alpha", status="error"), msgspec.structs.replace(self.kata, tasks=tasks), results)
        )
        if ends:
            self.reports.put(None)
            return self.screen(lambda state: state.started is None)
        return self.screen(lambda state: state.verdict is not before)

    def saved(self) -> str:
        """Save the kata's file, and return the screen before the first test has run."""
        save(self.kata.root, ADDED)
        return self.screen(lambda state: state.started is not None)


@pytest.fixture
def scripted(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    monkeypatch.setenv("NN_KATAS_PROGRESS", str(root / "progress.sqlite"))
    scripted = Scripted(root)
    yield scripted
    scripted.reports.put(None)
    scripted.session.close()


def test_a_failure_after_a_pass_is_shown_without_praise(scripted: Scripted) -> None:
    assert "All tests pass.\n\n  n: beta" in scripted.tested(("twice", "passed"), ("half", "passed"), ends=True)
    scripted.saved()
    shown = scripted.tested(("twice", "failed"), undecided="twice")
    assert "✗ Twice (alpha)" in shown
    assert "pass." not in shown
    assert "n: beta" not in shown


def test_a_pass_removes_the_note_that_the_kata_is_not_passed(scripted: Scripted) -> None:
    scripted.session.key("n")
    assert "You have not passed alpha yet." in scripted.screen(lambda state: state.notes)
    assert "You have not passed" not in scripted.tested(("twice", "passed"), ("half", "passed"), ends=True)


def test_tasks_are_listed_before_the_first_is_decided(scripted: Scripted) -> None:
    scripted.tested(("twice", "passed"), ("half", "passed"), ends=True)
    scripted.saved()
    assert "· Twice a vector" in scripted.tested(("twice", "passed"), undecided="twice half")
    assert "<table>" in pane.rendered(scripted.session.state)


def test_a_new_grading_starts_without_the_old_failures(scripted: Scripted) -> None:
    assert "✗ Half a number" in scripted.tested(("twice", "passed"), ("half", "failed"), ends=True)
    for shown in (scripted.saved(), scripted.tested(("twice", "passed"), undecided="half")):
        assert "… Twice (alpha)" in shown
        assert "passed so far" in shown
        assert "Nothing has failed so far." in shown
        assert "not shown" not in shown
        assert "✗" not in shown


def test_the_time_left_is_that_of_the_tests_left(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(monotonic=lambda: clock.now, now=0.0)
    for module in (session_module, view):
        monkeypatch.setattr(module, "time", clock)
    steps, session = (Step("long", 1, 2), Step("short", 2, 2)), scripted.session

    def begin(step: Step, now: float, told: float) -> str:
        clock.now = now
        scripted.reports.put(step)
        scripted.screen(lambda state: state.step == step)
        clock.now = told
        return view.activity(session.state, "")

    for step, now in zip(steps, (0.0, 20.0), strict=True):
        begin(step, now, now + 0.1)
    scripted.tested(("twice", "passed"), ("half", "passed"), ends=True)
    scripted.saved()
    assert begin(steps[0], 100.0, 103.0).endswith("test 1 of 2: long · about 17 s left")
    assert begin(steps[1], 110.0, 112.0).endswith("test 2 of 2: short")


def test_a_handed_out_kata_has_visible_tests_only(watching: Watching, root: Path) -> None:
    shutil.rmtree(root / "graders" / "hidden")
    terminal = watching("watch", "alpha")
    save(root, SOLUTION)
    seen = "The visible tests pass."
    terminal.wait(on_one_screen("2 of 2 points", "passed · visible tests only", seen, without="visible only  p"))
    terminal.type("c")
    terminal.type("h")
    terminal.wait("Hint 1: small")
    terminal.type("\x1b")
    terminal.wait(on_one_screen(seen, "n: beta", "1 of 2 katas done", without="Press c"))


# ------------------------------------------------------------------------------------------------ keys


@pytest.mark.deep
def test_next_list_hints_picture_and_reset_have_a_key_each(watching: Watching, root: Path) -> None:
    terminal = watching("watch", "alpha", lines=30)  # the drawn vector may take several lines
    save(root, STUB.replace("NotImplementedError", "ValueError"))
    terminal.wait("1 of 3 tests that do not pass; press f for the next.")
    for key, seen in (
        ("f", on_one_screen("✗ Every vector is doubled", "2 of 3 tests that do not pass")),
        ("n", "You have not passed alpha yet. Press l to choose another kata."),
        ("l", "›  1 · alpha"),
        ("\x1b[B", "›  2 · beta"),
        ("\n", "✗ Twice (beta)"),
        ("h", "beta has no hints"),
        ("l", "›  2 · beta"),
        ("\x1b[A", "›  1 · alpha"),
        ("\n", on_one_screen("✗ Twice (alpha)", "0 of 3 points")),
        ("h", on_one_screen("Hint 1: small", "Add it to itself.\n  1 more: press h")),
    ):
        terminal.type(key)
        terminal.wait(seen)
    terminal.type("h")
    text = terminal.wait(
        on_one_screen("Hint 2: all", "x + x", "Hint 1: small", "Add it to itself.", without="more: press h")
    )
    assert text.index("x + x") < text.index("Hint 1: small")
    terminal.type("p")
    terminal.wait("alpha has no program that draws a picture.")
    path = save(root, ADDED + PROGRAM)
    terminal.wait(on_one_screen("1 of 3 points", "# expected:", without="Hint"))
    terminal.type("p")
    terminal.wait("picture: .katas/pictures/alpha-twice.png")
    assert (root / ".katas" / "pictures" / "alpha-twice.png").read_bytes().startswith(b"\x89PNG")

    terminal.type("ry")  # a y typed before the question is not an answer
    terminal.wait(on_one_screen("Reset alpha to its stubs?", "y yes  n no"))
    terminal.type("x")
    terminal.wait(on_one_screen("Nothing was changed.", without="y yes"))
    assert path.read_text(encoding="utf-8") == ADDED + PROGRAM
    terminal.type("r")
    terminal.wait("y yes  n no")
    terminal.type("y")
    terminal.wait(on_one_screen("0 of 3 points", "restored: katas/alpha/twice.py"))
    assert path.read_text(encoding="utf-8") == STUB
    (kept,) = (root / ".katas" / "backup").glob("alpha-*/twice.py")
    assert kept.read_text(encoding="utf-8") == ADDED + PROGRAM


def test_keys_are_recognised_when_a_slow_line_splits_them() -> None:
    reading, writing = os.pipe()
    with open(reading, "rb") as keyboard, open(writing, "wb", buffering=0) as line:
        line.write("q\x1b[A\x1bOBä\x1b[5~\n".encode())
        assert split(keyboard.fileno()) == ["q", "up", "down", "ä", "page up", "enter"]
        line.write(b"\x1b")
        assert split(keyboard.fileno()) == ["esc"]
        child = subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(0.03); print(end='[B')"], stdout=line, bufsize=0
        )
        while child.poll() is None:
            pass
        line.write(b"\x1b")
        assert split(keyboard.fileno()) == ["[", "B", "esc"]


# --------------------------------------------------------------------------------------- the terminal


@pytest.mark.deep
def test_ctrl_z_restores_the_terminal_until_continued(root: Path) -> None:
    env = {"NN_KATAS_PROGRESS": str(root / "progress.sqlite"), "PS1": "shell> "}
    with AtTerminal(["bash", "--norc", "-i"], root, env=env) as terminal:
        terminal.wait("shell>")
        terminal.type(f"'{KATAS}' watch alpha\n")
        terminal.wait("0 of 3 points")
        terminal.type("\x1a")
        terminal.wait("Stopped")
        terminal.type("echo $((6 * 7))\n")
        terminal.wait("42\nshell>")
        terminal.type("fg\n")
        terminal.wait("0 of 3 points")
        save(root, SOLUTION)
        terminal.wait("3 of 3 points")
        terminal.type("q")
        terminal.wait(lambda text: text.endswith("shell>"))
        terminal.type("exit $((40 + $?))\n")
        assert terminal.end().status == 40


# ------------------------------------------------------------------------------------------ plain text


def test_without_a_terminal_every_verdict_is_a_block_of_text(root: Path) -> None:
    env = shell.environment(NN_KATAS_PROGRESS=str(root / "progress.sqlite"))
    with subprocess.Popen(
        [KATAS, "watch", "alpha"], cwd=root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=env, encoding="utf-8"
    ) as process:
        assert process.stdout is not None
        read = []
        for line in process.stdout:
            read.append(line)
            if line.endswith("0 of 6 points\n"):
                save(root, SOLUTION)
            if line.endswith("3 of 6 points\n"):
                process.terminate()
        assert process.wait(shell.PATIENCE_S) == 143
    text = "".join(read)
    assert text.startswith("Every save is graded; Ctrl-C quits.\n\nWatching katas/alpha/: twice.py\n\n✗ Tw")
    assert "\n✗ Twice (alpha)" in text
    assert "\n✓ Twice (alpha)" in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_save_of_an_earlier_file_is_noticed(tmp_path: Path) -> None:
    kata = catalogue.load(write_course(tmp_path), "milestone")
    saves = Saves(kata, lambda: None)
    try:
        assert saves.changed() == frozenset()
        write(tmp_path / "katas/one/double.py", DOUBLE)
        assert saves.changed() == {"../one/double.py"}
        assert kata.tasks_of("../one/double.py") == {"parts", "both"}
    finally:
        saves.close()
