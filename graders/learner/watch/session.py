"""The state that `katas watch` shows, and what changes it: saves, verdicts and keys."""

from __future__ import annotations

import datetime
import sqlite3
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from graders import catalogue
from graders.catalogue import Kata
from graders.errors import KataError
from graders.learner import guidance
from graders.learner.guidance import Hint
from graders.learner.progress import DONE, Progress, Standing, all_done, next_kata, place, remember
from graders.learner.watch.file_watcher import Saves
from graders.learner.watch.grader import Grader, Judging, WatchedGrading
from graders.learner.watch.plotting import Plotter
from graders.learner.watch.task_cache import TaskCache
from graders.report import wording
from graders.report.shown import shown
from graders.verdict import TestResult, Verdict

AGAIN_S = 0.4  # a task that is being regraded keeps its old symbol for this long
LONG_S = 1.0  # how long a grading run must take before its first failure is reported
TICK_S = 0.25  # how often the elapsed time on the screen is updated
STEPS = {"up": -1, "k": -1, "down": 1, "j": 1, "page up": -10, "page down": 10, " ": 10}
News = Literal["kata", "verdict", "failure", "test", "notes", "hint", "list", "question"]
"""Something that a display has to print, in sentences that it makes from the state.

`failure` is the first failure, while grading is still running; `test` is the next failing test.
"""


@dataclass(frozen=True)
class FileError:
    """A syntax error in a learner's file."""

    file: str
    line: int
    column: int
    text: str
    said: str


@dataclass
class State:
    """Everything that the screen depends on. `verdict` is redacted for the learner, and arrived at `graded_at`."""

    katas: Sequence[Kata]
    standings: dict[str, Standing]
    kata: Kata
    verdict: Verdict | None = None
    graded_at: str = ""
    seconds: float = 0.0
    started: float | None = None  # when the current grading run was requested
    due: frozenset[str] = frozenset()  # tasks that have not been graded with the current files
    first: frozenset[str] = frozenset()  # the due tasks that the latest save affects
    fault: str = ""  # why grading is impossible, or why there is no verdict
    idle: str = ""  # the page's message while it waits for the first change before it grades
    syntax_errors: tuple[FileError, ...] = ()
    partial: bool = False  # whether the verdict covers the visible tests only
    visible: bool = False  # whether the next verdict will cover the visible tests only
    notes: list[str] = field(default_factory=list)  # messages caused by the last key press
    view: str = "verdict"  # "verdict", "hints" or "list"
    hints: Sequence[Hint] = ()  # the hints that have been shown so far
    hints_left: int = 0
    asking: bool = False  # whether the display waits for an answer to "Reset …?"
    choice: int = 0  # the position of the cursor in the list
    nth: int = 0  # the position of the displayed test among the failing tests
    offset: int = 0  # how many lines of the middle part are scrolled off the top

    @property
    def all_hints(self) -> int:
        """The number of the kata's hints."""
        return len(guidance.hints_of(self.kata))

    @property
    def done(self) -> bool:
        """Whether this verdict or an earlier one passes the kata."""
        passed = self.verdict is not None and self.verdict.status in DONE and not (self.partial or self.due)
        return passed or self.standings[self.kata.slug].done

    @property
    def open(self) -> frozenset[str]:
        """The tasks to show without a result. A task that is being regraded keeps its old result for AGAIN_S."""
        if self.started is not None and time.monotonic() - self.started > AGAIN_S:
            return self.due
        return self.due - {task.name for task in self.verdict.tasks} if self.verdict is not None else self.due

    @property
    def failing(self) -> list[TestResult]:
        """The tests that do not pass, starting with those that the latest save affects."""
        failing = wording.not_passed(self.verdict) if self.verdict is not None else []
        return sorted(failing, key=lambda test: test.task not in self.first)

    @property
    def fails(self) -> bool:
        """Whether any test of a core task does not pass."""
        optional = wording.optional(self.verdict) if self.verdict is not None else frozenset()
        return any(test.task not in optional for test in self.failing)

    @property
    def failure(self) -> TestResult | None:
        """The failing test that is shown, or None."""
        failing = self.failing
        return failing[self.nth % len(failing)] if failing else None

    @property
    def following(self) -> tuple[Kata, str] | None:
        """The kata to do after this one and the reason, or None if all other katas are done."""
        standings = self.standings | {self.kata.slug: Standing(self.kata.slug, done_on="now")}
        return next_kata(self.katas, standings)

    @property
    def ordered(self) -> list[Kata]:
        """The katas in the recommended order."""
        return sorted(self.katas, key=place)


def opened(root: Path, slug: str | None) -> State:
    """Return the initial state.

    If `slug` is None, watch the kata whose folder contains the working folder, or else the next kata to do.
    """
    katas = [catalogue.load(root, each, complete=False) for each in catalogue.slugs(root)]
    if not katas:
        raise KataError(f"{root / 'katas'}: the folder contains no katas")
    standings, warning = {kata.slug: Standing(kata.slug) for kata in katas}, ""
    try:
        with Progress.of(root) as progress:
            standings, warning = progress.standings(list(standings)), progress.warning
    except (KataError, sqlite3.Error) as fault:
        warning = str(fault)
    slug = slug or catalogue.slug_of(Path.cwd(), root)
    if slug is None:
        found = next_kata(katas, standings)
        slug = found[0].slug if found else katas[0].slug
    chosen = catalogue.load(root, slug, complete=False)
    return State(katas=katas, standings=standings, kata=chosen, notes=[warning] if warning else [])


class WatchSession:
    """The displayed state, and everything that changes it. Other threads call `wake` when `look` should be called.

    The display removes the `news` that it has printed. `in_page` means that the display is a page in a browser, which
    shows the pictures and has buttons instead of keys.
    """

    def __init__(self, state: State, judge: Judging, wake: Callable[[], None], *, in_page: bool = False) -> None:
        self.state = state
        self.wake = wake
        self.news: list[News] = ["kata", "notes"] if state.notes else ["kata"]
        self.grader = Grader(judge, wake)
        self.in_page = in_page
        self.plotter = Plotter(wake, desktop=not in_page)
        self.saves = Saves(state.kata, wake)
        self._caches = _caches(state.kata)
        self._settings: bytes | None = _settings(state.kata)  # the content of kata.toml when it was last read
        self._saved = False  # whether the learner has saved a file since starting to watch this kata
        self._counted: object = None  # the results in the last verdict that counted as progress
        self._failed = False  # whether a test has failed in the current grading run
        self._failure_shown = False  # whether that failure has been shown
        self._to_keep: list[Verdict] = []
        self.grade()

    def close(self) -> None:
        """End all background work."""
        self.saves.close()
        self.plotter.close()
        self.grader.close()

    @property
    def pause_s(self) -> float:
        """The longest time to wait between calls of `look`."""
        return min(self.saves.pause_s, TICK_S if self.state.started is not None else self.saves.pause_s)

    def look(self) -> None:
        """Process the saves, verdicts and messages since the last call."""
        self._look_for_saves()
        graded = self.grader.latest()
        if graded is not None:
            self._graded(graded)
        self._report_failure()
        said = self.plotter.messages()
        if said:
            self._note(*said)

    def _look_for_saves(self) -> None:
        files = self.saves.changed()
        if not files:
            return
        graded = self.grader.latest()
        if graded is not None and graded.verdict is not None:  # results for other files are still valid
            self._caches[graded.visible].take(graded.verdict, graded.tasks)
        for cache in self._caches.values():
            cache.saved(files)
        self._saved = True
        self._turn("verdict")
        self.grade()

    # ------------------------------------------------------------------------------------- grading

    def grade(self) -> None:
        """Start grading the current files, or show why they cannot be graded."""
        state = self.state
        state.syntax_errors, state.fault, state.started, state.nth = (), "", None, 0
        settings = _settings(state.kata)
        if settings != self._settings:
            try:
                state.kata = catalogue.load(state.kata.root, state.kata.slug, complete=False)
            except KataError as fault:
                self._nothing_to_grade(str(fault))
                return
            self._settings, self._caches = settings, _caches(state.kata)
        named = [name for name in state.kata.files if not catalogue.is_glob(name)]
        missing = [name for name in named if not (state.kata.folder / name).is_file()]
        if missing:
            are, where = "is" if len(missing) == 1 else "are", state.kata.folder.relative_to(state.kata.root).as_posix()
            how = "choose Reset" if self.in_page else f"press r, or run `katas reset {state.kata.slug}`"
            said = f"{', '.join(missing)} {are} not in {where}/. Write it, or restore it: {how}."
            if state.kata.is_lost(missing):
                self._nothing_to_grade(said)
                return
            self._note(said)
        state.syntax_errors = syntax_errors_in(state.kata)
        cache = self._caches[state.visible]
        if cache.verdict is not None and not cache.due:
            state.verdict, state.partial = shown(cache.verdict, "learner"), state.visible
            self.grader.give_up()
            self.news.append("verdict")
            return
        if state.verdict is not None and not state.verdict.tasks:  # that verdict may no longer apply
            state.verdict = shown(cache.verdict, "learner") if cache.verdict is not None else None
        state.started, self._failed, self._failure_shown = time.monotonic(), False, False
        self._request()

    def grade_again(self) -> None:
        """Grade all tasks anew, even if no file has changed."""
        self._caches = _caches(self.state.kata)
        self.grade()

    def stop(self) -> None:
        """Cancel the grading that is running."""
        self.grader.give_up()
        self.state.started = None

    def _request(self) -> None:
        state, cache = self.state, self._caches[self.state.visible]
        asked = cache.asked()
        state.due, state.first = cache.due, cache.first
        whole = len(asked) == len(state.kata.tasks)
        self.grader.grade(state.kata.slug, visible=state.visible, tasks=frozenset() if whole else asked)

    def _nothing_to_grade(self, why: str) -> None:
        self.grader.give_up()
        self.state.verdict, self.state.fault, self.state.due = None, why, frozenset()
        self.news.append("verdict")

    def _graded(self, graded: WatchedGrading) -> None:
        state, cache = self.state, self._caches[graded.visible]
        state.graded_at = datetime.datetime.now().strftime("%H:%M:%S")
        if graded.verdict is None:
            state.started, state.seconds, state.due = None, graded.seconds, frozenset()
            state.verdict, state.fault = None, graded.fault
            self.news.append("verdict")
            return
        asked = graded.tasks or frozenset(task.name for task in state.kata.tasks)
        known = cache.take(graded.verdict, asked)
        self._failed = self._failed or bool(wording.not_passed(graded.verdict))
        if not graded.so_far and known is cache.verdict:
            cache.close(asked)
        state.verdict, state.partial, state.due = shown(known, "learner"), graded.visible, cache.due
        if graded.so_far or (cache.due and known is cache.verdict):
            if not graded.so_far:
                self._request()
            return
        state.started, state.seconds, state.due = None, time.monotonic() - (state.started or 0.0), frozenset()
        self.news.append("verdict")
        if not graded.visible:
            self._count(known)

    def _report_failure(self) -> None:
        state = self.state
        if state.started is None or state.verdict is None or time.monotonic() - state.started < LONG_S:
            return
        if self._failed and not self._failure_shown:
            self._failure_shown = True
            self.news.append("failure")

    def _count(self, verdict: Verdict) -> None:
        """Count a new verdict as progress if the learner has saved a file, or if the kata passes for the first time."""
        state, slug = self.state, verdict.kata
        standing = state.standings[slug]
        became = (verdict.status, verdict.score, *(task.status for task in verdict.tasks))
        passed = verdict.status in DONE
        if (
            verdict.untouched
            or verdict.waits_for
            or became == self._counted
            or not (self._saved or (passed and not standing.done))
        ):
            return
        self._counted = became
        self._to_keep.append(verdict)
        done_on = standing.done_on or (datetime.date.today().isoformat() if passed else "")
        known = Standing(slug, standing.tries + 1, max(standing.best, verdict.score), done_on, verdict.graded_at)
        state.standings = state.standings | {slug: known}

    def keep(self) -> None:
        """Save the counted progress. This is separate from `look`, because a slow disk would delay the screen."""
        verdicts, self._to_keep = self._to_keep, []
        if not verdicts:
            return
        self._record(verdicts)

    def _record(self, verdicts: list[Verdict]) -> None:
        if problems := remember(verdicts, self.state.kata.root):
            self._note(*problems)

    def _progress(self, step: Callable[[Progress], None]) -> None:
        """Apply `step` to the learner's progress file, and show an error as a note."""
        try:
            with Progress.of(self.state.kata.root) as progress:
                step(progress)
        except (KataError, sqlite3.Error) as fault:
            self._note(str(fault))

    def _refresh(self) -> None:
        """Reload the progress that other processes have saved, except for the watched kata."""
        state = self.state

        def read(progress: Progress) -> None:
            found = progress.standings([kata.slug for kata in state.katas])
            state.standings = found | {state.kata.slug: state.standings[state.kata.slug]}

        self._progress(read)

    def _note(self, *notes: str) -> None:
        self.state.notes = list(dict.fromkeys([*self.state.notes, *notes]))
        self.news.append("notes")

    def _turn(self, view: str) -> None:
        self.state.view, self.state.offset, self.state.notes = view, 0, []

    # ---------------------------------------------------------------------------------------- keys

    def key(self, key: str) -> bool:
        """Perform a key's action. Return False if the key ends the session."""
        state = self.state
        if key == "q":
            return False
        keys = {
            "n": self._next,
            "f": self._failing,
            "h": self._hint,
            "l": self._list,
            "c": self._tests,
            "p": self._plot,
            "r": self._ask,
        }
        if state.asking:
            self._answer(key)
        elif state.view == "list" and key in STEPS:
            state.choice = max(0, min(state.choice + STEPS[key], len(state.katas) - 1))
        elif state.view == "list" and key == "enter":
            self._go(state.ordered[state.choice])
        elif key in STEPS:
            state.offset += STEPS[key]
        elif key in keys:
            state.notes = []
            keys[key]()
        elif key == "esc":
            self._turn("verdict")
        return True

    def _next(self) -> None:
        state = self.state
        if not state.done:
            self._note(f"You have not passed {state.kata.slug} yet. Press l to choose another kata.")
            return
        self._refresh()
        following = state.following
        if following is None:
            self._note(all_done(state.katas))
        else:
            self._go(following[0])

    def _failing(self) -> None:
        """Show the next test that does not pass."""
        state = self.state
        if len(state.failing) < 2:
            self._note("No other test fails." if state.failing else "No test fails.")
            return
        self._turn("verdict")
        state.nth += 1
        self.news.append("test")

    def _go(self, kata: Kata) -> None:
        state = self.state
        self.saves.close()
        self._turn("verdict")
        state.kata, state.verdict, state.hints = kata, None, ()
        self._saved, self._counted = False, None
        self.saves = Saves(kata, self.wake)
        self._settings = None
        self._caches = _caches(kata)
        self.news.append("kata")
        self.grade()

    def _hint(self) -> None:
        """Show the hints for the failing task. Each call shows one more, until all are shown."""
        state = self.state
        hints = guidance.hints_of(state.kata)
        if not hints:
            self._note(
                f"{state.kata.slug} has no hints. Its README explains the tasks: katas/{state.kata.slug}/README.md"
            )
            return
        failing = state.failure.task if state.failure is not None else ""
        numbers = guidance.hints_for(hints, next((task for task in state.kata.tasks if task.name == failing), None))
        seen = {number for number in numbers if hints[number - 1] in state.hints}
        self._turn("hints")
        self._progress(lambda progress: seen.update(progress.hints_seen(state.kata.slug)))
        number = guidance.next_hint(numbers, seen)
        self._progress(lambda progress: progress.saw_hint(state.kata.slug, number))
        shown = numbers[: numbers.index(number) + 1]
        state.hints, state.hints_left = [hints[each - 1] for each in shown], len(numbers) - len(shown)
        self.news.append("hint")

    def _list(self) -> None:
        state = self.state
        self._turn("verdict" if state.view == "list" else "list")
        self._refresh()
        state.choice = [kata.slug for kata in state.ordered].index(state.kata.slug)
        self.news.append("list")

    def _tests(self) -> None:
        self.state.visible = not self.state.visible
        self._turn("verdict")
        self.grade()

    def _plot(self) -> None:
        self._note(*self.plotter.begin(self.state.kata))

    def _ask(self) -> None:
        self.state.asking = True
        self.news.append("question")

    def _answer(self, key: str) -> None:
        self.state.asking = False
        if key != "y":
            self._note("Nothing was changed.")
            return
        self._turn("verdict")
        try:
            self._note(*self._restored())
        except KataError as fault:
            self._note(str(fault))
        notes = self.state.notes
        self._look_for_saves()
        self.state.notes = notes

    def _restored(self) -> list[str]:
        """Restore the stubs, and return a report as lines of text. Raises KataError."""
        return guidance.reset(self.state.kata)


def _caches(kata: Kata) -> dict[bool, TaskCache]:
    """Return an empty cache for the visible tests (True), and another for all tests (False)."""
    return {True: TaskCache(kata), False: TaskCache(kata)}


def _settings(kata: Kata) -> bytes | None:
    try:
        return (kata.folder / "kata.toml").read_bytes()
    except OSError:
        return None


def syntax_errors_in(kata: Kata) -> tuple[FileError, ...]:
    """Return the first syntax error in each of the learner's files. Nothing is run."""
    found = []
    names = [path for pattern in kata.files for path in sorted(kata.folder.glob(pattern)) if path.suffix == ".py"]
    for path in names:
        try:
            data = path.read_bytes()
            with warnings.catch_warnings(action="ignore"):
                compile(data, path.name, "exec", dont_inherit=True)
        except SyntaxError as fault:
            name = path.relative_to(kata.folder).as_posix()
            said = f"{type(fault).__name__}: {fault.msg}"
            text = fault.text or _line(data, fault.lineno or 0)
            found.append(FileError(name, fault.lineno or 0, fault.offset or 0, text, said))
        except (OSError, ValueError, RecursionError, MemoryError):
            continue  # the judge reports these
    return tuple(found)


def _line(data: bytes, number: int) -> str:
    """Return a line of a file, because the compiler does not give it with every error."""
    lines = data.decode("utf-8", "replace").splitlines()
    return lines[number - 1] if 0 < number <= len(lines) else ""
