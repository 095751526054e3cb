"""Render a verdict for a terminal, with the result first and some of the failing tests in full.

Every line is a rich `Text`, so rich never interprets markup. This module wraps lines itself, because wrapping must not
move a CI workflow command to the start of a line.
"""

from __future__ import annotations

import ast
from io import StringIO
from typing import TYPE_CHECKING

from graders.report import wording
from graders.report.text import clean, defuse, shown
from graders.verdict import Audience, TaskResult, TestResult, Verdict

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

WIDTH = 80
_WIDEST = 100  # longer lines are hard to read
_NARROWEST = 40
_FAILURES = 3  # this many tests are shown in full; fixing the first ones usually changes the others
_NAMED = 10  # this many further failing tests are only named
_MESSAGE_LINES = 30
_PROGRAM_LINES = 80  # this is generous, because a truncated program does not run
_OUTPUT_LINES = 12
_TASK_WIDTH = 24

COLOURS = {
    "passed": "green",
    "partial": "yellow",
    "failed": "red",
    "ungradable": "red",
    "error": "magenta",
    "awaiting_review": "yellow",
}
# Replacements for symbols that the encoding of a terminal may lack.
ASCII_MARKS = str.maketrans("✓✗⊘–…│", "+xo-.|")


def render(verdicts: list[Verdict]) -> str:
    """Return the output of `print_verdict` for all verdicts, as plain text with 80 columns."""
    from rich.console import Console

    page = StringIO()
    console = Console(
        file=page, width=WIDTH, color_system=None, force_terminal=False, force_jupyter=False, legacy_windows=False
    )
    for number, verdict in enumerate(verdicts):
        if number:
            console.print()
        Page(console).verdict(verdict)
    return page.getvalue()


def print_verdict(verdict: Verdict, console: Console | None = None, audience: Audience = "learner") -> None:
    """Print one verdict on a console, which is standard output by default."""
    from rich.console import Console

    Page(console or Console()).verdict(shown(verdict, audience))


class Page:
    """A console, with methods that print the parts of a verdict on it."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.optional: frozenset[str] = frozenset()  # names of tasks that do not decide the status
        self.to_do: frozenset[str] = frozenset()  # names of tasks that are started without a failure, or not at all
        self.shown: set[tuple[str, str]] = set()  # pairs (message, counterexample)
        self.width = max(min(console.width, _WIDEST), _NARROWEST)

    def verdict(self, verdict: Verdict) -> None:
        self.optional = wording.optional(verdict)
        self.to_do = wording.to_do(verdict)
        halfway = wording.in_progress(verdict)
        status = "partial" if halfway else verdict.status
        style = f"bold {COLOURS.get(status, '')}"
        self.ends(f"{wording.SYMBOLS[status]} ", wording.heading(verdict), wording.score(verdict), style)
        self.block(wording.progress(verdict) if halfway else wording.STATUSES[verdict.status], "  ")
        if verdict.ran:
            seconds = f", {verdict.duration_s:.2f} s" if verdict.duration_s else ""
            python = f", Python {verdict.python}" * bool(verdict.python)
            self.block(f"confinement: {verdict.confinement}{python}{seconds}", "  ", "dim")
        if verdict.message:
            self.blank()
            self.message(verdict)
        if verdict.tasks:
            self.blank()
        for task in verdict.tasks:
            self.task(task)
        for who, words in wording.comments(verdict):
            self.blank()
            self.block(who, "  ", "dim")
            self.block(words, "  │ ")
        self.notes(verdict)
        failing = wording.failing(verdict)
        for test in failing[:_FAILURES]:
            self.failure(test)
        self.more(failing[_FAILURES:])

    def task(self, task: TaskResult) -> None:
        mark, left, colour = self.described(task)
        self.ends(mark, left, wording.worth(task), colour)

    def described(self, task: TaskResult) -> tuple[str, str, str]:
        """Return a task's mark, its title with a remark, and its colour."""
        is_to_do = task.name in self.to_do
        remark = wording.task_remark(task, is_to_do=is_to_do)
        left = f"{task.title or task.name}{f' ({remark})' if remark else ''}"
        mark, colour = ("·", "dim") if is_to_do else (wording.SYMBOLS[task.status], self.colour(task.status, task.name))
        return f"  {mark} ", left, colour

    def message(self, verdict: Verdict) -> None:
        self.block(_first_lines(verdict.message, _MESSAGE_LINES), "  │ ", COLOURS.get(verdict.status, ""))

    def notes(self, verdict: Verdict) -> None:
        """Print sentences about what the lists of tasks and tests do not show."""
        remarks = wording.remarks(verdict)
        if remarks:
            self.blank()
        for remark in remarks:
            self.block(remark, "  ", "yellow")

    def failure(self, test: TestResult) -> None:
        self.blank()
        self.name(test)
        if wording.is_bare(test):
            self.block(wording.BARE, "  ", "dim")
        case = (test.message, test.counterexample)
        if test.counterexample and case in self.shown:
            self.block("It fails on the input shown above.", "  ")
            return
        self.shown.add(case)
        self.explanation(test)
        self.diagnosed(test)
        self.input(test)
        self.printed(test)

    def explanation(self, test: TestResult) -> None:
        if test.message:
            self.block(_first_lines(test.message, _MESSAGE_LINES), "  │ ")

    def input(self, test: TestResult) -> None:
        """Print the counterexample without a margin, so that it can be pasted. Wrapped comments stay comments.

        A program that would not be one any more if its lines were wrapped is left to the terminal, which wraps a line
        and still copies it as one.
        """
        if not test.counterexample:
            return
        self.blank()
        self.block(wording.input_heading(test), "  ", "dim")
        most = _PROGRAM_LINES if wording.can_be_pasted(test.counterexample) else _MESSAGE_LINES
        lines = _first_lines(test.counterexample, most, "# ").split("\n")
        wrapped = [piece for line in lines for piece in self.wrapped_code(line)]
        for line in wrapped if _is_program(wrapped) or not _is_program(lines) else lines:
            self.put((line, "cyan"))

    def diagnosed(self, test: TestResult) -> None:
        if test.diagnosis:
            self.blank()
            self.block(wording.diagnosis(test), "  ", "bold yellow")

    def printed(self, test: TestResult) -> None:
        """Print the last lines of the output, because the failing case prints last."""
        if test.output:
            self.blank()
            self.block(wording.PRINTED, "  ", "dim")
            lines = clean(test.output, 1 << 20).split("\n")
            left = len(lines) - _OUTPUT_LINES
            shown = [f"({left} earlier lines)", *lines[-_OUTPUT_LINES:]] if left > 0 else lines
            self.block("\n".join(shown), "  │ ", "dim")

    def more(self, tests: list[TestResult]) -> None:
        if tests:
            self.blank()
            self.block("Also not passed:", "", "bold")
        for test in tests[:_NAMED]:
            self.name(test)
        if len(tests) > _NAMED:
            self.block(f"and {len(tests) - _NAMED} more.", "  ")

    def name(self, test: TestResult) -> None:
        from rich.cells import cell_len, set_cell_size

        task = test.task
        if cell_len(task) > _TASK_WIDTH:
            task = set_cell_size(task, _TASK_WIDTH - 1).rstrip() + "…"
        origin = task + ", extra" * (test.task in self.optional) + ", hidden" * (test.visibility == "hidden")
        style = f"bold {self.colour(test.status, test.task)}"
        self.ends(f"{wording.SYMBOLS[test.status]} ", wording.title(test), origin, style)

    def colour(self, status: str, task: str) -> str:
        """Return the colour for a status. The failures of optional tasks are not red."""
        colour = COLOURS.get(status, "dim")
        return "yellow" if colour == "red" and task in self.optional else colour

    def blank(self) -> None:
        self.put()

    def ends(self, mark: str, left: str, right: str, style: str) -> None:
        """Print `mark` and `left`, wrapped and indented by the width of `mark`, with `right` at the right edge."""
        from rich.cells import cell_len

        first, *rest = self.wrapped(left, self.width - len(mark) - cell_len(right) - 2)
        gap = " " * (self.width - len(mark) - cell_len(first) - cell_len(right)) if right else ""
        self.put((mark, style), (first, style), (gap, ""), (right, ""))
        for line in rest:
            self.put((" " * len(mark), ""), (line, style))

    def block(self, words: str, margin: str, style: str = "") -> None:
        """Print wrapped text with `margin` before every line."""
        for line in self.wrapped(words, self.width - len(margin)):
            self.put((margin, "dim"), (line, style))

    def wrapped_code(self, line: str) -> list[str]:
        again = "# " if line.startswith("#") else ""
        first, *rest = self.wrapped(line, self.width - len(again))
        return [first, *(again + piece for piece in rest)]

    def wrapped(self, words: str, width: int) -> list[str]:
        """Wrap text into lines that are narrower than `width`, to leave room for the space that `defuse` may insert."""
        from rich.text import Text

        lines = Text(words).wrap(self.console, max(width - 1, 8), overflow="fold")
        return [line.plain.rstrip() for line in lines] or [""]

    def put(self, *pieces: tuple[str, str]) -> None:
        """Print one line that consists of pairs (text, style), without wrapping it or interpreting markup."""
        from rich.text import Text

        line = Text()
        for words, style in pieces:
            line.append(defuse(encodable(words, self.console.encoding)), style or None)
        line.rstrip()
        self.emit(line)

    def emit(self, line: Text) -> None:
        self.console.print(line, no_wrap=True, overflow="ignore", crop=False, highlight=False)


def _is_program(lines: list[str]) -> bool:
    try:
        ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return True


def _first_lines(words: str, most: int, comment: str = "") -> str:
    """Return the first `most` lines and, if there are more, a line that counts them and starts with `comment`."""
    lines = clean(words).split("\n")
    left = len(lines) - most
    return "\n".join([*lines[:most], f"{comment}… ({left} more lines)"] if left > 0 else lines)


def encodable(words: str, encoding: str) -> str:
    """Return text that this encoding can represent. For example, Windows code pages lack the symbols."""
    try:
        words.encode(encoding)
    except UnicodeEncodeError:
        return words.translate(ASCII_MARKS).encode(encoding, "replace").decode(encoding)
    return words
