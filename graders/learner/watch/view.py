"""Turn the state of `katas watch` into lines for the full screen or the plain display."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace
from rich.text import Text

from graders.catalogue import Task
from graders.learner.guidance import after_pass
from graders.learner.progress import DONE, all_done, points_of
from graders.learner.watch.session import AGAIN_S, FileError, News, State
from graders.output.paragraphs import filled
from graders.report import wording
from graders.report.terminal import COLOURS, Page, notes_on
from graders.report.text import clean, clean_line
from graders.verdict import TaskResult, TestResult

if TYPE_CHECKING:
    from rich.console import Console

_BAR = 16
_OUTCOME_LINES = 2  # the expected value and the result are each cut to this many lines


class Lines(Page):
    """A page that collects its lines instead of printing them."""

    def __init__(self, console: Console, width: int) -> None:
        super().__init__(console)
        self.width = max(min(width, self.width), 20)
        self.lines: list[Text] = []

    def emit(self, line: Text) -> None:
        self.lines.append(line)

    def failure(self, test: TestResult) -> None:
        """Add a failure as in a report, but shorten the input to fit a small screen."""
        self.name(test)
        if wording.is_bare(test):
            self.block(wording.BARE, "  ", "dim")
        self.explanation(test)
        whole = self.outcome(test)
        self.diagnosed(test)
        self.input(replace(test, counterexample=_split(test.counterexample)[0]) if whole else test)
        self.printed(test)

    def outcome(self, test: TestResult) -> bool:
        """Add the expected value and the result in a few lines. Return whether they are complete."""
        whole = True
        for entry in _split(test.counterexample)[1]:
            first, *rest = self.wrapped(entry, self.width - 6)
            lines = [first, *(f"# {line}" for line in rest)]
            whole = whole and len(lines) <= _OUTCOME_LINES
            for line in [*lines[:_OUTCOME_LINES], *(["# …"] if len(lines) > _OUTCOME_LINES else [])]:
                self.put(("    ", ""), (line, "cyan"))
        return whole

    def task(self, task: TaskResult) -> None:
        """Add a task on one line, and truncate a long title."""
        remark = wording.task_remark(task)
        title = task.title or task.name
        left = clean_line(f"{title} ({remark})" if remark else title)
        self.row(f"  {wording.SYMBOLS[task.status]} ", left, wording.worth(task), COLOURS.get(task.status, "dim"))

    def row(self, mark: str, left: str, right: str, style: str) -> None:
        """Add a line as `ends` does, but truncate a long text."""
        most = self.width - len(mark) - len(right) - 3
        self.ends(mark, left if len(left) <= most else f"{left[: most - 1]}…", right, style)


def _split(counterexample: str) -> tuple[str, list[str]]:
    """Split a counterexample into its code and the comments after it.

    These comments give the expected value and the result, and each of them may have several lines.
    """
    lines = counterexample.split("\n")
    count = len(lines)
    while count and lines[count - 1].startswith("#"):
        count -= 1
    if not count:  # if there are only comments, they describe what a probe asked
        return counterexample, []
    entries: list[str] = []
    for line in lines[count:]:
        if line.startswith("#  ") and entries:
            entries[-1] += f"\n{line.removeprefix('#').strip()}"
        else:
            entries.append(line)
    return "\n".join(lines[:count]), entries


# ----------------------------------------------------------------------------------------------- parts


def top(state: State, console: Console, width: int, most: int = 1000) -> list[Text]:
    """Return the lines at the top, which show the kata, its status and its tasks (in at most `most` lines)."""
    page = Lines(console, width)
    kata, verdict = state.kata, state.verdict
    name = f"{clean_line(kata.title)} ({kata.slug})"
    if verdict is None:
        page.ends("· ", name, "", "bold")
        page.block(activity(state, "not graded yet"), "  ", "dim")
        return page.lines
    status = verdict.status
    if state.open and status in (*DONE, "ungraded"):
        mark, colour, words = ("✗", "red", "failed") if state.fails else ("…", "", "passed so far")
    else:
        mark, colour = wording.SYMBOLS[status], COLOURS.get(status, "")
        words = wording.status_of(verdict)
    page.optional = wording.optional(verdict)
    page.ends(f"{mark} ", name, _score(state), f"bold {colour}")
    tests = "visible tests only" if state.partial else "all tests"
    page.block(f"{words} · {tests} · {activity(state, f'{state.graded_at}, {state.seconds:.2f} s')}", "  ", "dim")
    if verdict.tasks:
        page.blank()
        _tasks(page, state, most)
    return page.lines


def _score(state: State) -> str:
    verdict = state.verdict
    assert verdict is not None
    open_ = state.open
    if not open_:
        return wording.score(verdict)
    score = sum(task.score for task in verdict.tasks if task.name not in open_)
    return f"{wording.points(score)} / {wording.points(points_of(state.kata))} so far"


def activity(state: State, otherwise: str) -> str:
    if state.started is None:
        return otherwise
    passed = time.monotonic() - state.started
    left = f", {_left(state)}" if passed >= AGAIN_S and state.verdict is not None else ""
    return f"grading … {passed:.0f} s{left}" if passed >= 1 else "grading …"


def _left(state: State) -> str:
    return f"{len(state.due)} of {len(state.kata.tasks)} tasks left"


def _tasks(page: Lines, state: State, most: int) -> None:
    """Add the tasks in order.

    If there is no room for all of them, add those that need attention, and say how many others there are.
    """
    assert state.verdict is not None
    results = {task.name: task for task in state.verdict.tasks}
    open_ = state.open
    tasks = [task for task in state.kata.tasks if task.name in results or task.name in state.due]
    urgent = ("failed", "partial", "error", "blocked", "ungraded", "", "awaiting_review", "passed")
    if len(tasks) > most:

        def urgency(task: Task) -> int:
            return urgent.index(results[task.name].status if task.name in results else "")

        kept = sorted(tasks, key=urgency)[: max(most - 1, 1)]
        left = [task for task in tasks if task not in kept]
        tasks = [task for task in tasks if task in kept]
    else:
        left = []
    for task in tasks:
        if task.name in results and task.name not in open_:
            page.task(results[task.name])
        else:
            title = f"{task.title} (extra)" if task.extra else task.title
            page.row("  · ", clean_line(title), f"– / {wording.points(task.points)}", "dim")
    if left:
        passed = sum(task.name in results and results[task.name].status == "passed" for task in left)
        page.block(f"and {len(left)} more, {passed} of them passed", "  … ", "dim")


def middle(state: State, console: Console, width: int) -> list[Text]:
    """Return the lines in the middle, which show notes and the verdict, the hints or the list."""
    page = Lines(console, width)
    if state.notes:
        for note in state.notes:
            page.block(note, "  ", "bold")
        page.blank()
    if state.view == "list":
        _list(page, state)
    elif state.view == "hints":
        _hints(page, state, len(state.hints))
    else:
        _outcome(page, state)
    while page.lines and not page.lines[-1].plain:
        page.lines.pop()
    return page.lines


def _outcome(page: Lines, state: State) -> None:
    verdict = state.verdict
    if state.fault:
        page.block(clean(state.fault), "  │ ", "red")
    elif state.syntax_errors:
        for each in state.syntax_errors:
            _syntax_error(page, each)
        _failure(page, state)
    elif verdict is None and state.graded_at:
        page.block("Grading has restarted.", "  ", "dim")
    elif verdict is None:
        page.block("The first verdict on a kata takes a few seconds longer than later ones.", "  ", "dim")
    elif verdict.message and not verdict.tests:
        page.message(verdict)
    else:
        if verdict.message:
            page.message(verdict)
            page.blank()
        if state.open and not state.fails:
            page.block("Nothing has failed so far.", "  ", "dim")
        elif verdict.status in DONE:
            _praise(page, state)
        _failure(page, state)
    if verdict is not None and not (state.fault or state.syntax_errors):
        notes = notes_on(verdict)
        if notes:
            page.blank()
        for note in notes:
            page.block(note, "  ", "yellow")


def _failure(page: Lines, state: State) -> None:
    """Add one of the tests that do not pass, and its position among those tests."""
    failure, count = state.failure, len(state.failing)
    if state.verdict is None or failure is None:
        return
    page.optional = wording.optional(state.verdict)
    if page.lines:
        page.blank()
    page.failure(failure)
    if count > 1:
        page.blank()
        page.block(f"{state.nth % count + 1} of {count} tests that do not pass; press f for the next.", "", "")


def _syntax_error(page: Lines, error: FileError) -> None:
    page.ends("✗ ", f"{error.file}, line {error.line}: {clean_line(error.said)}", "", "bold red")
    source = error.text.split("\n")[0].expandtabs(4)
    inner = clean(source.strip())
    at = len(error.text[: error.column - 1].expandtabs(4)) - (len(source) - len(source.lstrip()))
    page.block(inner, "  │ ")
    if 0 <= at <= len(inner) < page.width - 6:
        page.put(("  │ ", "dim"), (" " * at + "^", "red"))
    page.blank()


def _praise(page: Lines, state: State) -> None:
    verdict = state.verdict
    assert verdict is not None
    tests = "core tests" if state.failing else "tests"
    if state.partial:
        page.block(f"The visible {tests} pass. Press c to run all tests; they decide the verdict.", "  ", "green")
        return
    rest = "" if verdict.status == "passed" else "; a person has to grade the rest"
    said = f"All {tests} pass{rest}."
    page.block(said, "  ", "bold green")
    page.blank()
    if state.following is None:
        page.block(all_done(state.katas), "  ")
    else:
        kata, why = state.following
        page.block(f"n: {kata.slug}, {clean_line(kata.title)} ({why})", "  ")
    if further := after_pass(state.kata):
        page.block(further, "  ", "dim")


def _hints(page: Lines, state: State, count: int) -> None:
    """Add the last `count` hints, newest first."""
    for number, hint in enumerate(reversed(state.hints[-count:])):
        page.block(clean_line(hint.title), "", "bold yellow")
        page.block(filled(clean(hint.body), page.width - 3), "  ")
        if number == 0 and state.hints_left:
            page.block(f"{state.hints_left} more: press h", "  ", "dim")
        page.blank()


def _list(page: Lines, state: State) -> None:
    for number, kata in enumerate(state.ordered):
        standing = state.standings[kata.slug]
        reached = f"{standing.best:g}" if standing.tries else "–"
        points = f"{reached}/{points_of(kata):g}"
        pointer = "› " if number == state.choice else "  "
        style = "reverse" if number == state.choice else ""
        mark = "✓" if standing.done else "·"
        left = f"{number + 1:2d} {mark} {kata.slug:12}  {clean_line(kata.title)}"
        room = page.width - len(pointer) - len(points) - 3
        page.ends(pointer, left if len(left) <= room else f"{left[: room - 1]}…", points, style)


def bottom(state: State, console: Console, width: int) -> list[Text]:
    """Return the lines at the bottom, which show the progress in all katas and the available keys."""
    page = Lines(console, width)
    done = sum(state.standings[kata.slug].done for kata in state.katas)
    said = _progress(state)
    length = max(min(_BAR, page.width - len(said) - 1), 0)
    full = round(length * done / len(state.katas))
    page.put(("█" * full, "green"), ("░" * (length - full), "dim"), (f" {said}", ""))
    if state.asking:
        page.block(_question(state), "", "bold")
        page.lines.extend(_keys([("y", "yes"), ("n", "no")], width))
    elif state.view == "list":
        page.lines.extend(_keys([("↑↓", "choose"), ("Enter", "select"), ("Esc", "back"), ("q", "quit")], width))
    else:
        keys = [
            ("n", "next"),
            *([("f", "next failure")] if len(state.failing) > 1 else []),
            ("h", "hint"),
            ("l", "list"),
            ("c", "all tests" if state.visible else "visible only"),
        ]
        keys += [("p", "plot"), ("r", "reset")]
        keys += [("Esc", "back")] if state.view == "hints" else []
        page.lines.extend(_keys([*keys, ("q", "quit")], width, dim="" if state.done else "n"))
    return page.lines


def _progress(state: State) -> str:
    done = sum(state.standings[kata.slug].done for kata in state.katas)
    reached = sum(state.standings[kata.slug].best for kata in state.katas)
    possible = sum(map(points_of, state.katas))
    return f"{done} of {len(state.katas)} katas done, {reached:g} of {possible:g} points"


def _question(state: State) -> str:
    return f"Reset {state.kata.slug} to its stubs? Your files are backed up in .katas/backup/."


def _keys(keys: Sequence[tuple[str, str]], width: int, dim: str = "") -> list[Text]:
    lines = [Text()]
    for key, meaning in keys:
        if lines[-1].cell_len and lines[-1].cell_len + len(f"  {key} {meaning}") > width:
            lines.append(Text())
        if lines[-1].cell_len:
            lines[-1].append("  ")
        lines[-1].append(key, "dim" if key == dim else "bold cyan")
        lines[-1].append(f" {meaning}", "dim" if key == dim else "")
    return lines


# --------------------------------------------------------------------------------------------- screens


def picture(state: State, console: Console, width: int, height: int) -> Text:
    """Return one screen. If space is short, tasks are left out and the middle part scrolls."""
    above = [] if state.view == "list" else top(state, console, width, max(height // 3, 2))
    if state.view == "hints":
        above = above[:2]
    below = bottom(state, console, width)
    above += [Text()] if above else []
    room = height - len(above) - len(below) - 1
    if room < 3:  # on a very small screen, show the first line and as much of the rest as fits
        above, below = above[:1], below[-1:]
        room = max(height - len(above) - len(below) - 1, 1)
    body = middle(state, console, width)
    most = max(len(body) - room, 0)
    if state.view == "list":
        state.offset = state.choice - room // 2
    state.offset = max(min(state.offset, most), 0)
    shown = body[state.offset : state.offset + room]
    more = len(body) - state.offset - len(shown)
    shown += [Text()] * (room - len(shown))
    arrows = " ".join([*([f"↑ {state.offset}"] if state.offset else []), *([f"↓ {more} more lines"] if more else [])])
    rule = f" {arrows} ──" if arrows else ""
    separator = Text("─" * (max(min(width, 100), 20) - len(rule)) + rule, "dim")
    lines = [*above, *shown, separator, *below][:height]
    for line in lines:
        line.truncate(width)
    return Text("\n", no_wrap=True, overflow="crop", end="").join(lines)


def news_lines(state: State, news: News, console: Console, width: int) -> list[Text]:
    """Return the lines for one piece of news in the plain display."""
    page = Lines(console, width)
    if news == "kata":
        page.block(f"Watching katas/{state.kata.slug}/: {', '.join(state.kata.files)}", "", "bold")
    elif news == "hint":
        _hints(page, state, 1)
    elif news == "list":
        _list(page, state)
        page.block("Type the number of a kata.", "")
    elif news == "question":
        page.block(f"{_question(state)} y or n:", "")
    elif news == "failure":
        if state.failing:
            page.optional = wording.optional(state.verdict) if state.verdict is not None else frozenset()
            page.failure(state.failing[0])
            page.blank()
            page.block(f"still grading: {_left(state)}", "", "dim")
    elif news == "test":
        _failure(page, state)
    elif news == "notes":
        for note in state.notes:
            page.block(note, "")
    else:
        page.lines += [*top(state, console, width), Text(), *middle(state, console, width), Text()]
        page.block(_progress(state), "")
    return [Text(), *page.lines]
