"""The puzzles of `katas debug` in the browser: the list, new puzzles, and a session that grades each save.

The unbroken program and the correct diagnosis are sent only after the learner has solved the puzzle.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from graders.catalogue import Kata
from graders.debugging import practice
from graders.debugging.faults import FAMILIES
from graders.debugging.generate import candidate
from graders.debugging.texts import as_markdown
from graders.errors import KataError
from graders.judge.client import Judge
from graders.learner.guidance import Hint, reset
from graders.learner.progress import Standing
from graders.learner.serve.files import read
from graders.learner.serve.live import SharedJudge
from graders.learner.watch.grader import WatchedGrading
from graders.learner.watch.session import State, WatchSession
from graders.verdict import Verdict

LEVELS = {1: "plain", 2: "subtle", 3: "two faults"}
LARGEST_SEED = 10**10 - 1
CREATION_S = 300.0  # a new puzzle takes a few seconds; on a busy machine, longer
HINTS = 3
IDLE = "Change something, or press Ctrl-S, to grade."


def slug_of(folder: Path) -> str:
    return f"debug:{folder.name}"


def kata_of(root: Path, slug: str) -> practice.PuzzleKata:
    """Return the puzzle with this slug as a kata. Raises KataError if there is none."""
    return practice.kata_of(root, int(slug.removeprefix("debug:")), slug)


def listed(root: Path) -> dict[str, Any]:
    """Return the learner's puzzles, and which new ones there are."""
    found = [
        {
            "slug": slug_of(each.folder),
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

    The proof of a puzzle trains networks, so it runs in a process of its own.
    """
    level, family, seed = (given.get(name) for name in ("level", "family", "seed"))
    kinds = ((level, int, "level"), (family, str, "family"), (seed, int, "seed"))
    for value, kind, name in kinds:
        if value is not None and type(value) is not kind:
            raise KataError(f"{name} {value!r} is not {'a whole number' if kind is int else 'a name'}.")
    if seed is not None and not 0 <= seed <= LARGEST_SEED:
        raise KataError(f"{seed}: a puzzle's number is from 0 to {LARGEST_SEED}.")
    chosen = practice.free_seed(root) if seed is None else seed
    practice.check_free(root, chosen)
    candidate(chosen, level, family)  # rejects an unknown level or family before the slow part starts
    words = ["--root", str(root), "debug", "new", "--seed", str(chosen)]
    words += ["--level", str(level)] if level is not None else []
    words += ["--family", family] if family is not None else []
    _run(words)
    return slug_of(practice.folder_of(root, chosen))


def _run(words: list[str]) -> None:
    """Run a command of `katas`. Raises KataError with its message if it fails."""
    command = [sys.executable, "-P", "-m", "graders.cli", *words]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace",
            timeout=CREATION_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise KataError(f"The puzzle was not ready after {CREATION_S:g} s. Try another number.") from None
    if done.returncode:
        said = done.stderr.partition("katas: ")[2] or done.stderr
        raise KataError(f"The puzzle could not be made: {' '.join(said.split()) or f'exit status {done.returncode}'}")


def explanation(kata: practice.PuzzleKata) -> tuple[str, list[dict[str, Any]]]:
    """Return the explanation (Markdown) and the solution's files. Raises KataError before the puzzle is solved."""
    name = kata.folder.name
    if not practice.standing(kata.folder).solved_on:
        raise KataError(
            f"You have not solved puzzle {name} yet. Its explanation opens when you have all {practice.POINTS:g} "
            f"points. To give up, run `katas debug solution {name} --give-up` in a terminal."
        )
    puzzle = practice.puzzle_in(kata.folder)
    solved = practice.solution(puzzle)
    files = [{"name": each, "text": text, "own": read(kata, each).text} for each, text in solved.items()]
    return as_markdown(puzzle), files


# ------------------------------------------------------------------------------------------ session


class PuzzleState(State):
    """The state of a puzzle's page."""

    @property
    def all_hints(self) -> int:
        return HINTS


class PuzzleSession(WatchSession):
    """A session whose hints, stubs and attempts are those of `katas debug`."""

    state: PuzzleState
    _asked = False  # whether the learner wants the unchanged files graded

    def grade(self) -> None:
        """Start grading, unless the files are still the original ones: that takes long, and the README says it all."""
        state = self.state
        waits = not self._asked and _is_untouched(state.kata)
        state.idle = IDLE if waits else ""
        if waits:
            self.stop()
            state.verdict, state.fault, state.syntax_errors, state.due = None, "", (), frozenset()
        else:
            super().grade()

    def grade_again(self) -> None:
        self._asked = True
        super().grade_again()
        self._asked = False

    def _hint(self) -> None:
        try:
            practice.hint(self.state.kata.folder)
        except KataError as fault:
            self._note(str(fault))
            return
        self.state.hints, self.state.hints_left = _hints(self.state.kata.folder)
        self.news.append("hint")

    def _plot(self) -> None:
        self._note("A puzzle has no picture.")

    def _tests(self) -> None:
        self._note("`pytest` in the puzzle's folder runs the visible tests.")

    def _restored(self) -> list[str]:
        kata = self.state.kata
        stubs = practice.stubs(practice.puzzle_in(kata.folder))
        return reset(kata, {name: text.encode() for name, text in stubs.items()})

    def _graded(self, graded: WatchedGrading) -> None:
        super()._graded(graded)
        if self.state.started is None and self.state.verdict is not None and self.state.verdict.status == "passed":
            self._note(*(f"Not part of the points: {said}" for said in practice.notes(self.state.kata.folder)))

    def _record(self, verdicts: list[Verdict]) -> None:
        for verdict in verdicts:
            practice.record(self.state.kata.folder, verdict)


def _is_untouched(kata: Kata) -> bool:
    """Return whether the learner's files are as they were at the beginning."""
    try:
        stubs = practice.stubs(practice.puzzle_in(kata.folder))
        return all(read(kata, name).text == text for name, text in stubs.items())
    except KataError:  # grading reports it
        return False


def session(root: Path, slug: str, judge: Judge, turn: threading.Lock, wake: Callable[[], None]) -> PuzzleSession:
    """Begin a puzzle's session, with a judge of its own that takes turns with the others."""
    kata = kata_of(root, slug)
    found = practice.standing(kata.folder)
    reached = Standing(slug, len(found.scores), found.best, found.solved_on)
    state = PuzzleState(katas=[kata], standings={slug: reached}, kata=kata)
    state.hints, state.hints_left = _hints(kata.folder)
    own = practice.PuzzleJudge(kata.folder, first_runtime="torch", require=judge.require, confinement=judge.confinement)
    return PuzzleSession(state, SharedJudge(own, turn, owned=True), wake, in_page=True)


def _hints(folder: Path) -> tuple[list[Hint], int]:
    """Return the hints that have been shown, and the number of those that have not."""
    shown = sorted(practice.hints_shown(folder) & set(range(1, HINTS + 1)))
    texts = [practice.hint(folder, number)[1] for number in shown]
    return [
        Hint(f"Hint {number} of {HINTS}", text, "") for number, text in zip(shown, texts, strict=True)
    ], HINTS - len(shown)
