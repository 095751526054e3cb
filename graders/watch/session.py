"""What happens in `katas watch`: saves, verdicts and keys, each of which changes the state that is shown."""

from __future__ import annotations

import contextlib
import datetime
import io
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from graders import catalogue
from graders.catalogue import Kata
from graders.cli import learning
from graders.errors import KataError
from graders.judge import Judge
from graders.progress import DONE, Progress, Standing, all_done, next_kata, remember
from graders.report import wording
from graders.report.shown import shown
from graders.verdict import Verdict
from graders.watch.board import Board
from graders.watch.drawing import Drawing
from graders.watch.grader import Graded, Grader
from graders.watch.saves import Saves
from graders.watch.view import State, slips_in

LONG_S = 1.0  # of a grading, after which its first failure is told
TICK_S = 0.25  # how often the seconds of a grading are counted
STEPS = {"up": -1, "k": -1, "down": 1, "j": 1, "page up": -10, "page down": 10, " ": 10}


def opened(root: Path, slug: str | None) -> State:
    """What is known at the beginning. Without a slug: the kata whose folder one is in, or the one to do next."""
    katas = [catalogue.load(root, each, complete=False) for each in catalogue.slugs(root)]
    if not katas:
        raise KataError(f"{root / 'katas'}: there are no katas in it")
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


class Session:
    """The state, and all that changes it. `wake` is called from other threads when it is time for `look`.

    `news` says what is to be told by a form that cannot show everything at once: verdict, failure (the first one of a
    grading that goes on), test (the next one that fails), notes, hint, list, question, kata; the form that tells it
    empties it.
    """

    def __init__(self, state: State, judge: Judge, wake: Callable[[], None]) -> None:
        self.state = state
        self.wake = wake
        self.news: list[str] = ["kata", *(["notes"] if state.notes else [])]
        self.grader = Grader(judge, wake)
        self.drawing = Drawing(wake)
        self.saves = Saves(state.kata, wake)
        self._boards = _boards(state.kata)
        self._settings: bytes | None = _settings(state.kata)  # of kata.toml as it was read last
        self._saved = False  # was anything, since this kata is watched?
        self._counted: object = None  # the verdict on it that was counted last
        self._failed = False  # has a test, in the grading that runs?
        self._told = False  # and was it said?
        self._to_keep: list[Verdict] = []
        self.grade()

    def close(self) -> None:
        """End everything behind the screen."""
        self.saves.close()
        self.drawing.close()
        self.grader.close()

    @property
    def pause_s(self) -> float:
        """How long one may wait for something to happen before it is looked whether it has."""
        return min(self.saves.pause_s, TICK_S if self.state.begun is not None else self.saves.pause_s)

    def look(self) -> None:
        """Take in what has happened: a save, a verdict, a picture."""
        self._look_for_saves()
        graded = self.grader.latest()
        if graded is not None:
            self._graded(graded)
        self._tell_of_failure()
        said = self.drawing.said()
        if said:
            self._note(*said)

    def _look_for_saves(self) -> None:
        files = self.saves.changed()
        if not files:
            return
        graded = self.grader.latest()
        if graded is not None and graded.verdict is not None:  # what it has said of other files holds
            self._boards[graded.visible].take(graded.verdict, graded.tasks)
        for board in self._boards.values():
            board.saved(files)
        self._saved = True
        self._turn("verdict")
        self.grade()

    # ------------------------------------------------------------------------------------- grading

    def grade(self) -> None:
        """Have graded what lies there now, or say why that cannot be."""
        state = self.state
        state.slips, state.fault, state.begun, state.place = (), "", None, 0
        settings = _settings(state.kata)
        if settings != self._settings:
            try:
                state.kata = catalogue.load(state.kata.root, state.kata.slug, complete=False)
            except KataError as fault:
                self._nothing_to_grade(str(fault))
                return
            self._settings, self._boards = settings, _boards(state.kata)
        named = [name for name in state.kata.files if not catalogue.is_glob(name)]
        missing = [name for name in named if not (state.kata.folder / name).is_file()]
        if missing:
            slug, are = state.kata.slug, "is" if len(missing) == 1 else "are"
            remedy = f"Write it, or get it back: r, or `katas reset {slug}`"
            self._nothing_to_grade(f"{', '.join(missing)} {are} not in katas/{slug}/. {remedy}.")
            return
        state.slips = slips_in(state.kata)
        board = self._boards[state.visible]
        if board.verdict is not None and not board.due:
            state.verdict, state.partial = shown(board.verdict, "learner"), state.visible
            self.grader.give_up()
            self.news.append("verdict")
            return
        if state.verdict is not None and not state.verdict.tasks:  # what could not be graded may have been corrected
            state.verdict = shown(board.verdict, "learner") if board.verdict is not None else None
        state.begun, self._failed, self._told = time.monotonic(), False, False
        self._wish()

    def _wish(self) -> None:
        """Have those tasks graded that are due."""
        state, board = self.state, self._boards[self.state.visible]
        asked = board.asked()
        state.due, state.first = board.due, board.first
        whole = len(asked) == len(state.kata.tasks)
        self.grader.grade(state.kata.slug, visible=state.visible, tasks=frozenset() if whole else asked)

    def _nothing_to_grade(self, why: str) -> None:
        self.grader.give_up()
        self.state.verdict, self.state.fault, self.state.due = None, why, frozenset()
        self.news.append("verdict")

    def _graded(self, graded: Graded) -> None:
        state, board = self.state, self._boards[graded.visible]
        state.graded_at = datetime.datetime.now().strftime("%H:%M:%S")
        if graded.verdict is None:
            state.begun, state.seconds, state.due = None, graded.seconds, frozenset()
            state.verdict, state.fault = None, graded.fault
            self.news.append("verdict")
            return
        asked = graded.tasks or frozenset(task.name for task in state.kata.tasks)
        known = board.take(graded.verdict, asked)
        self._failed = self._failed or bool(wording.not_passed(graded.verdict))
        if not graded.so_far and known is board.verdict:
            board.close(asked)
        state.verdict, state.partial, state.due = shown(known, "learner"), graded.visible, board.due
        if graded.so_far or (board.due and known is board.verdict):
            if not graded.so_far:
                self._wish()
            return
        state.begun, state.seconds, state.due = None, time.monotonic() - (state.begun or 0.0), frozenset()
        self.news.append("verdict")
        if not graded.visible:
            self._count(known)

    def _tell_of_failure(self) -> None:
        """Of a grading that takes long the first failure is news before its end."""
        state = self.state
        if state.begun is None or state.verdict is None or time.monotonic() - state.begun < LONG_S:
            return
        if self._failed and not self._told:
            self._told = True
            self.news.append("failure")

    def _count(self, verdict: Verdict) -> None:
        """A verdict that differs from the one before is progress, once something was saved; a pass is in any case."""
        state, slug = self.state, verdict.kata
        standing = state.standings[slug]
        became = (verdict.status, verdict.score, *(task.status for task in verdict.tasks))
        passed = verdict.status in DONE
        if verdict.untouched or became == self._counted or not (self._saved or (passed and not standing.done)):
            return
        self._counted = became
        self._to_keep.append(verdict)
        done_on = standing.done_on or (datetime.date.today().isoformat() if passed else "")
        known = Standing(slug, standing.tries + 1, max(standing.best, verdict.score), done_on)
        state.standings = state.standings | {slug: known}

    def keep(self) -> None:
        """Write down what was counted. Apart from `look`, because a disk takes its time and the screen is first."""
        verdicts, self._to_keep = self._to_keep, []
        if not verdicts:
            return
        with contextlib.redirect_stderr(io.StringIO()) as said:
            remember(verdicts, self.state.kata.root)
        if said.getvalue():
            self._note(said.getvalue().strip())

    def _progress(self, step: Callable[[Progress], None]) -> None:
        """Do something with the learner's file; what stands in the way is said."""
        try:
            with Progress.of(self.state.kata.root) as progress:
                step(progress)
        except (KataError, sqlite3.Error) as fault:
            self._note(str(fault))

    def _refresh(self) -> None:
        """Take in what was done elsewhere meanwhile; of this kata we know best ourselves."""
        state = self.state

        def read(progress: Progress) -> None:
            found = progress.standings([kata.slug for kata in state.katas])
            state.standings = found | {state.kata.slug: state.standings[state.kata.slug]}

        self._progress(read)

    def _note(self, *notes: str) -> None:
        self.state.notes += [note for note in notes if note not in self.state.notes]
        self.news.append("notes")

    def _turn(self, view: str) -> None:
        """Show another view, from its beginning."""
        self.state.view, self.state.offset, self.state.notes = view, 0, []

    # ---------------------------------------------------------------------------------------- keys

    def key(self, key: str) -> bool:
        """Do what a key stands for; False when it was the last."""
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
            self._note(f"{state.kata.slug} is not passed yet; l chooses another kata.")
            return
        self._refresh()
        following = state.following
        if following is None:
            self._note(all_done(state.katas))
        else:
            self._go(following[0])

    def _failing(self) -> None:
        """Show the next of the tests that do not pass."""
        state = self.state
        if len(state.failing) < 2:
            self._note("No other test fails." if state.failing else "No test fails.")
            return
        self._turn("verdict")
        state.place += 1
        self.news.append("test")

    def _go(self, kata: Kata) -> None:
        """Watch another kata."""
        state = self.state
        self.saves.close()
        self._turn("verdict")
        state.kata, state.verdict, state.hints = kata, None, ()
        self._saved, self._counted = False, None
        self.saves = Saves(kata, self.wake)
        self._settings = None
        self._boards = _boards(kata)
        self.news.append("kata")
        self.grade()

    def _hint(self) -> None:
        """One hint more than was ever shown, of those for what fails; when all were, they are all there."""
        state = self.state
        hints = learning.hints_of(state.kata)
        if not hints:
            self._note(f"{state.kata.slug} has no hints; what it wants is in katas/{state.kata.slug}/README.md.")
            return
        failing = state.failure.task if state.failure is not None else ""
        numbers = learning.hints_for(hints, next((task for task in state.kata.tasks if task.name == failing), None))
        seen = {number for number in numbers if hints[number - 1] in state.hints}
        self._turn("hints")
        self._progress(lambda progress: seen.update(progress.hints_seen(state.kata.slug)))
        number = learning.next_hint(numbers, seen)
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
        self._note(*self.drawing.begin(self.state.kata))

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
            self._note(*learning.reset(self.state.kata))
        except KataError as fault:
            self._note(str(fault))
        notes = self.state.notes
        self._look_for_saves()
        self.state.notes = notes


def _boards(kata: Kata) -> dict[bool, Board]:
    """What is known by the visible tests alone (True), and by all."""
    return {True: Board(kata), False: Board(kata)}


def _settings(kata: Kata) -> bytes | None:
    try:
        return (kata.folder / "kata.toml").read_bytes()
    except OSError:
        return None
