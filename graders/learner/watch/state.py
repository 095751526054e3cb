"""The state that `katas watch` shows on its screen."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

from graders.catalogue import Kata
from graders.learner import guidance
from graders.learner.guidance import Hint
from graders.learner.progress import DONE, Standing, next_kata, place
from graders.report import wording
from graders.verdict import TestResult, Verdict

AGAIN_S = 0.4  # a task that is being regraded keeps its old symbol for this long


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
    place: int = 0  # the position of the displayed test among the failing tests
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
        return failing[self.place % len(failing)] if failing else None

    @property
    def following(self) -> tuple[Kata, str] | None:
        """The kata to do after this one and the reason, or None if all other katas are done."""
        standings = self.standings | {self.kata.slug: Standing(self.kata.slug, done_on="now")}
        return next_kata(self.katas, standings)

    @property
    def ordered(self) -> list[Kata]:
        """The katas in the recommended order."""
        return sorted(self.katas, key=place)


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
