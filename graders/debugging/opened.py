"""A puzzle that a learner works on: what they have reached, its judge, and its form as a kata.

`katas debug` in a terminal and `katas serve` in a browser share this module.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from msgspec.structs import asdict, replace

from graders import catalogue
from graders.catalogue import Kata
from graders.debugging import practice
from graders.debugging.puzzle import Puzzle
from graders.errors import KataError
from graders.judge.client import Judge
from graders.verdict import Verdict

POINTS = 10.0  # the points of every puzzle
CACHES = ("__pycache__", ".pytest_cache")


@dataclass(frozen=True)
class PuzzleStanding:
    """What a learner has reached in a puzzle. `puzzle` is None if it cannot be read; `fault` then says why."""

    folder: Path
    puzzle: Puzzle | None
    fault: str
    scores: tuple[float, ...]
    solved_on: str

    @property
    def best(self) -> float:
        return max(self.scores, default=0.0)


def standing(folder: Path) -> PuzzleStanding:
    """Return what the learner has reached in the puzzle in this folder."""
    puzzle, fault = None, ""
    try:
        puzzle = practice.puzzle_in(folder)
    except KataError as problem:
        fault = str(problem)
    found = practice.dated_attempts(folder)
    solved = next((moment[:10] for moment, score in found if score >= POINTS), "")
    return PuzzleStanding(folder, puzzle, fault, tuple(score for _, score in found), solved)


def standings(root: Path) -> list[PuzzleStanding]:
    """Return what the learner has reached in each of their puzzles, sorted by seed."""
    return [standing(folder) for folder in practice.puzzles(root)]


# ------------------------------------------------------------------------------------------ grading


class PuzzleJudge:
    """A judge for one puzzle, for use in a `with` statement. `settings` are those of Judge."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        with ExitStack() as stack:
            root, self._slug = stack.enter_context(practice.repository(practice.puzzle_in(folder)))
            self._judge = stack.enter_context(Judge(root, **settings))
            self._stack = stack.pop_all()

    def __enter__(self) -> PuzzleJudge:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the judge, and remove its copy of the puzzle."""
        self._stack.close()

    def grade(
        self,
        slug: str = "",
        *,
        visible: bool = False,
        until: int | None = None,
        tasks: Collection[str] = (),
        tell: Callable[[Verdict], None] | None = None,
    ) -> Verdict:
        """Return the verdict on the learner's files, as the learner sees it. `slug` is its name for the puzzle.

        A puzzle has no visible tests that the judge could run, so `visible` changes nothing.
        """
        del visible

        def named(verdict: Verdict) -> Verdict:
            return replace(for_learner(verdict), kata=slug or verdict.kata)

        def told(verdict: Verdict) -> None:
            if tell is not None:
                tell(named(verdict))

        how: dict[str, Any] = {"until": until, "tasks": tasks, "tell": told if tell is not None else None}
        return named(self._judge.grade(self._slug, self.folder, **how))


def record(folder: Path, verdict: Verdict) -> None:
    """Record a verdict as an attempt, unless nothing could be graded. Raises KataError if it cannot be written."""
    if verdict.status != "error" and not verdict.untested:
        practice.record_attempt(folder, verdict.score, verdict.max_score)


def for_learner(verdict: Verdict) -> Verdict:
    """Return the verdict as the learner sees it: the puzzle's own files are not listed as ignored."""
    foreign = tuple(name for name in verdict.ignored_files if not _is_ours(name))
    return replace(verdict, ignored_files=foreign)


def _is_ours(name: str) -> bool:
    return name in practice.OURS or Path(name).parts[0] in CACHES


# ---------------------------------------------------------------------------------------- as a kata


class PuzzleKata(Kata, frozen=True, kw_only=True):
    """A puzzle as a kata of the learner's repository. `own` is the learner's folder."""

    own: Path

    @property
    def folder(self) -> Path:
        return self.own


def kata_of(root: Path, seed: int, slug: str) -> PuzzleKata:
    """Return a seed's puzzle as a kata. Raises KataError if there is no such puzzle."""
    folder = practice.folder_of(root, seed)
    title = practice.title(practice.puzzle_in(folder))
    return PuzzleKata(**{**_template(), "slug": slug, "root": root, "title": title, "own": folder})


@cache
def _template() -> dict[str, Any]:
    """Return the fields of the kata in the templates' kata.toml."""
    with TemporaryDirectory(prefix="katas-debug-") as place:
        toml = Path(place, "katas", "debug", "kata.toml")
        toml.parent.mkdir(parents=True)
        toml.write_bytes((practice.TEMPLATES / "kata.toml").read_bytes())
        return asdict(catalogue.load(Path(place), "debug", complete=False))
