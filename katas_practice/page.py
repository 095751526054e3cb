"""The puzzles of `katas debug` in the browser: the list, new puzzles, and a session that grades each save.

The unbroken program and the correct diagnosis are sent only after the learner has solved the puzzle.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from graders.errors import KataError
from graders.judge.client import Judge
from graders.learner.guidance import Hint
from graders.learner.progress import Standing
from graders.learner.watch.session import State, WatchSession
from graders.verdict import Verdict
from katas_practice import practice
from katas_practice.faults import FAMILIES
from katas_practice.puzzle import as_markdown

LEVELS = {1: "plain", 2: "subtle", 3: "two faults"}
LARGEST_SEED = 10**10 - 1
AHEAD = "katas-ahead"  # the name of the process that makes the next puzzle
CREATION_S = 300.0  # a new puzzle takes a few seconds; on a busy machine, longer


def kata_of(root: Path, slug: str) -> practice.PuzzleKata:
    """Return the puzzle with this slug as a kata. Raises KataError if there is none."""
    return practice.kata_of(root, int(slug.removeprefix("debug:")), slug)


def listed(root: Path) -> dict[str, Any]:
    """Return the learner's puzzles, and which new ones there are."""
    found = [
        {
            "slug": f"debug:{each.folder.name}",
            "name": each.folder.name,
            "level": each.puzzle.level if each.puzzle else 0,
            "program": each.puzzle.program.name if each.puzzle else "",
            "best": each.best,
            "points": practice.POINTS,
            "attempts": len(each.scores),
            "solved_on": each.solved_on,
            "fault": each.fault,
        }
        for each in map(practice.standing, practice.puzzles(root))
    ]
    levels = [{"level": level, "name": name} for level, name in LEVELS.items()]
    return {"puzzles": found, "levels": levels, "families": list(FAMILIES)}


def create(root: Path, given: dict[str, Any]) -> str:
    """Create a puzzle as `katas debug new` does, and return its slug. Raises KataError.

    The proof of a puzzle trains networks, so it runs in a process of its own. Then the next puzzle for the same wishes
    is made, to be ready when it is asked for. `like` is the slug of a puzzle whose wishes are meant.
    """
    like = str(given.get("like", "")).removeprefix("debug:")
    if like.isdecimal():
        record = practice.read(practice.folder_of(root, int(like)))
        given = {"level": record.level, "family": record.family}
    kinds = {"level": int, "family": str, "seed": int}
    for name, kind in kinds.items():
        if type(given.get(name)) not in (kind, type(None)):
            raise KataError(f"{name} {given[name]!r} is not {'a whole number' if kind is int else 'a name'}.")
    level, family, seed = map(given.get, kinds)
    if seed is not None and not 0 <= seed <= LARGEST_SEED:
        raise KataError(f"{seed}: a puzzle's number is from 0 to {LARGEST_SEED}.")
    made = practice.take(root, level, family) if seed is None else None
    if made is None:
        made = practice.free_seed(root) if seed is None else seed
        _wait_for(root, made, level, family)
    _make_ahead(root, level, family)
    return f"debug:{made}"


def _wait_for(root: Path, chosen: int, level: int | None, family: str | None) -> None:
    """Create a puzzle in another process. Raises KataError."""
    practice.check_free(root, chosen, level, family)
    spawning = get_context("spawn")
    ours, theirs = spawning.Pipe(duplex=False)
    process = spawning.Process(target=_create, args=(theirs, root, chosen, level, family))
    process.start()
    theirs.close()  # so that the death of the process ends the wait
    try:
        late = f"it was not ready after {CREATION_S:g} s. Try another number."
        fault = ours.recv() if ours.poll(CREATION_S) else late
    except EOFError:
        fault = "its process was killed."
    finally:
        process.kill()
        process.join()
        ours.close()
    if fault:
        raise KataError(f"The puzzle could not be made: {fault}")


def _make_ahead(root: Path, level: int | None, family: str | None) -> None:
    """Begin to make another puzzle if none is waiting, in a process that gives way and ends with this one."""
    is_waiting = any(practice.made_ahead(root, level, family))
    if not is_waiting and AHEAD not in (each.name for each in active_children()):
        wishes = (root, level, family)
        get_context("spawn").Process(target=_make_one, args=wishes, name=AHEAD, daemon=True).start()


def _make_one(root: Path, level: int | None, family: str | None) -> None:
    os.nice(19)
    _end_with_parent()
    with contextlib.suppress(KataError, ImportError):  # it is made again when it is asked for, and that shows why not
        practice.create(practice.ahead_of(root), practice.free_seed(root), level, family)


def _end_with_parent() -> None:
    """From now on, end this process when its parent ends, as `katas` does without Python's care for its children."""
    parent = parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _create(answer: Connection, root: Path, seed: int, level: int | None, family: str | None) -> None:
    """Create the puzzle, and send what is wrong, or nothing."""
    _end_with_parent()
    try:
        practice.create(root, seed, level, family)
    except (KataError, ImportError) as fault:
        answer.send(str(fault))
    else:
        answer.send("")


def explanation(kata: practice.PuzzleKata) -> tuple[str, dict[str, str]]:
    """Return the explanation (Markdown) and the solution's files. Raises KataError before the puzzle is solved."""
    name = kata.folder.name
    if not practice.standing(kata.folder).solved_on:
        raise KataError(
            f"You have not solved puzzle {name} yet. Its explanation opens when you have all {practice.POINTS:g} "
            f"points. To give up, run `katas debug solution {name} --give-up` in a terminal."
        )
    puzzle = practice.puzzle_in(kata.folder)
    return as_markdown(puzzle), practice.solution(puzzle)


# ------------------------------------------------------------------------------------------ session


class PuzzleState(State):
    """The state of a puzzle's page."""

    @property
    def all_hints(self) -> int:
        return practice.HINTS


class PuzzleSession(WatchSession):
    """A session whose hints, stubs, attempts and judge are those of `katas debug`."""

    _asked = False  # whether the learner wants the unchanged files graded

    def __init__(self, state: PuzzleState, judge: practice.PuzzleJudge, *how: Any) -> None:
        self._judge, self._folder = judge, judge.folder
        super().__init__(state, judge, *how)

    def close(self) -> None:
        super().close()
        self._judge.close()

    def grade(self) -> None:
        """Start grading, unless the files are still the original ones: that takes long, and the README says it all."""
        self.state.idle = not self._asked and self._is_untouched()
        if self.state.idle:
            self.state.syntax_errors = ()
            self._without_verdict(None)
        else:
            super().grade()

    def grade_again(self) -> None:
        self._asked = True
        super().grade_again()
        self._asked = False

    def _is_untouched(self) -> bool:
        try:
            return all((self._folder / name).read_bytes() == data for name, data in self._stubs().items())
        except OSError:  # grading reports it
            return False

    def _stubs(self) -> dict[str, bytes]:
        return {name: text.encode() for name, text in practice.stubs(practice.puzzle_in(self._folder)).items()}

    def _hint(self) -> None:
        try:
            practice.hint(self._folder)
        except KataError as fault:
            self._tell("said", str(fault))
            return
        self.state.hints, self.state.hints_left = _hints(self._folder)

    def _plot(self) -> None:
        """Do nothing: the page of a puzzle has no button for this."""

    def _tests(self) -> None:
        """Do nothing: the page of a puzzle has no button for this."""

    def _record(self, verdicts: list[Verdict]) -> list[str]:
        for verdict in verdicts:
            practice.record(self._folder, verdict)
        return []


def session(root: Path, slug: str, judge: Judge, wake: Callable[[], None], turn: threading.Lock) -> PuzzleSession:
    """Begin a puzzle's session, with a judge of its own that takes turns with the others."""
    kata = kata_of(root, slug)
    found = practice.standing(kata.folder)
    standing = Standing(slug, len(found.scores), found.best, found.solved_on)
    hints, left = _hints(kata.folder)
    state = PuzzleState([kata], {slug: standing}, kata, hints=hints, hints_left=left, in_page=True)
    own = practice.PuzzleJudge(kata.folder, require=judge.require, confinement=judge.confinement)
    return PuzzleSession(state, own, wake, turn)


def _hints(folder: Path) -> tuple[list[Hint], int]:
    """Return the hints that have been shown, and the number of those that have not."""
    shown = sorted(practice.hints_shown(folder))
    found = [Hint(f"Hint {number} of {practice.HINTS}", practice.hint(folder, number)[1], "") for number in shown]
    return found, practice.HINTS - len(shown)
