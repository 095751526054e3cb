"""Turn the state of `katas watch` into lines for the full screen or the plain display, and events into sentences.

The page of `katas serve` shows the same sentences.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from msgspec.structs import replace
from rich.text import Text

from graders.learner.guidance import after_pass
from graders.learner.progress import DONE, all_done, points_of
from graders.learner.watch.events import Event
from graders.learner.watch.session import AGAIN_S, State
from graders.output.paragraphs import filled
from graders.report import wording
from graders.report.terminal import COLOURS, Page
from graders.report.text import clean, clean_line
from graders.verdict import TaskResult, TestResult

if TYPE_CHECKING:
    from rich.console import Console

STEP_S = 2.0  # once grading has taken this long, say which test runs
_BAR = 16
_OUTCOME_LINES = 2  # the expected value and the result are each cut to this many lines
_URGENT = ("failed", "partial", "error", "blocked", "ungraded", "", "awaiting_review", "passed")
SENTENCES = {
    "said": "{about}",
    "missing": "{about} {are} not in {folder}/. Write it, or restore it: {restore}.",
    "stopped": "Grading was stopped. Press Grade to start it again.",
    "not passed": "You have not passed {slug} yet. Press l to choose another kata.",
    "all done": "{all_done}",
    "no failure": "No test fails.",
    "no other failure": "No other test fails.",
    "no hints": "{slug} has no hints. Its README explains the tasks: {folder}/README.md",
    "kept": "Nothing was changed.",
    "drawing": "Running {about}; its picture appears when it ends.",
    "drawn": "picture: {about}",
    "not drawn": "No picture was drawn. The program's last output:",
    "no program": "{slug} has no program that draws a picture.",
}
_QUESTION = "Reset {slug} to its stubs? Your files are backed up in .katas/backup/."


def sentence(event: Event, state: State) -> str:
    """Return what to tell the learner about an event."""
    kata = state.kata
    return SENTENCES[event.kind].format(
        slug=kata.slug,
        folder=kata.folder.relative_to(kata.root).as_posix(),
        about=", ".join(event.about),
        are="are" if len(event.about) > 1 else "is",
        restore="choose Reset" if state.in_page else f"press r, or run `katas reset {kata.slug}`",
        all_done=all_done(state.katas),
    )


def praise(state: State) -> str:
    """Return a sentence about a verdict that leaves the learner nothing to do."""
    tests = "core tests" if state.failing else "tests"
    which = "The visible" if state.kata.handed_out else "All"
    if state.partial and state.in_page:
        return f"The visible {tests} pass. All tests together decide the verdict."
    if state.partial:
        return f"The visible {tests} pass. Press c to run all tests; they decide the verdict."
    waiting = [task for task in state.verdict.tasks if task.status == "awaiting_review"] if state.verdict else []
    rest = f"; a person has to grade the rest: {', '.join(task.title or task.name for task in waiting)}" * bool(waiting)
    return f"{which} {tests} pass{rest}."


def activity(state: State, otherwise: str) -> str:
    """Return what the grading does, how long it has been running and how long it will, or another text."""
    if state.started is None:
        return otherwise
    passed = time.monotonic() - state.started
    left = f", {_left(state)}" if passed >= AGAIN_S and state.verdict is not None else ""
    if passed >= STEP_S:
        left += f" · {clean_line(str(state.step or 'preparing the tests'))}"
    if passed >= STEP_S and state.ends - time.monotonic() >= 1:
        left += f" · about {state.ends - time.monotonic():.0f} s left"
    return f"grading … {passed:.0f} s{left}" if passed >= 1 else "grading …"


def _left(state: State) -> str:
    return f"{len(state.due)} of {len(state.kata.tasks)} tasks left"


class Lines(Page):
    """A page that collects its lines instead of printing them."""

    def __init__(self, console: Console, width: int, optional: frozenset[str] = frozenset()) -> None:
        super().__init__(console)
        self.width = max(min(width, self.width), 20)
        self.optional = optional
        self.lines: list[Text] = []

    def emit(self, line: Text) -> None:
        self.lines.append(line)

    def failure(self, test: TestResult) -> None:
        """Add a failure as in a report, but shorten the input to fit a small screen."""
        self.name(test)
        if wording.is_bare(test):
            self.block(wording.BARE, "  ", "dim")
        self.explanation(test)
        code, entries = _split(test.counterexample)
        cut = [entry for entry in entries if not self.outcome(entry)]
        self.diagnosed(test)
        self.input(test if cut else replace(test, counterexample=code))
        self.printed(test)

    def outcome(self, entry: str) -> bool:
        """Add the expected value or the result in a few lines. Return whether it is complete."""
        first, *rest = self.wrapped(entry, self.width - 6)
        lines = [first, *(f"# {line}" for line in rest)]
        whole = len(lines) <= _OUTCOME_LINES
        for line in lines if whole else [*lines[:_OUTCOME_LINES], "# …"]:
            self.put(("    ", ""), (line, "cyan"))
        return whole

    def task(self, task: TaskResult) -> None:
        """Add a task on one line, and truncate a long title. A failed extra task isn't red."""
        mark, left, colour = self.described(task)
        self.row(mark, clean_line(left), wording.worth(task), colour)

    def row(self, mark: str, left: str, right: str, style: str) -> None:
        """Add a line as `ends` does, but truncate a long text."""
        most = self.width - len(mark) - len(right) - 3
        self.ends(mark, left if len(left) <= most else f"{left[: most - 1]}…", right, style)


def _split(counterexample: str) -> tuple[str, list[str]]:
    """Split a counterexample into its code and the comments after it: the expected value and the result.

    If there are only comments, they describe what a probe asked.
    """
    lines = counterexample.split("\n")
    count = len(lines)
    while count and lines[count - 1].startswith("#"):
        count -= 1
    entries: list[str] = []
    for line in lines[count:] if count else []:
        if line.startswith("#  ") and entries:
            entries[-1] += f"\n{line.removeprefix('#').strip()}"
        else:
            entries.append(line)
    return "\n".join(lines[: count or None]), entries


# ----------------------------------------------------------------------------------------------- parts


def top(state: State, console: Console, width: int, most: int = 1000) -> list[Text]:
    """Return the lines at the top, which show the kata, its status and its tasks (in at most `most` lines)."""
    page = Lines(console, width, state.optional)
    page.to_do = state.to_do
    verdict, name = state.verdict, f"{clean_line(state.kata.title)} ({state.kata.slug})"
    if verdict is None:
        page.ends("· ", name, "", "bold")
        page.block(activity(state, "not graded yet"), "  ", "dim")
        return page.lines
    open_, status, score = state.open, verdict.status, wording.score(verdict)
    mark, colour, words = wording.SYMBOLS[status], COLOURS.get(status, ""), wording.status_of(verdict)
    if open_:
        reached = sum(task.score for task in verdict.tasks if task.name not in open_)
        score = f"{wording.points(reached)} / {wording.points(points_of(state.kata))} so far"
        if status in (*DONE, "ungraded", "failed"):  # tasks that wait for others may make it `failed`
            mark, colour, words = ("✗", "red", "failed") if state.fails else ("…", "", "passed so far")
    elif state.halfway:
        mark, colour, words = wording.SYMBOLS["partial"], COLOURS["partial"], wording.progress(verdict)
    page.ends(f"{mark} ", name, score, f"bold {colour}")
    tests = "visible tests only" if state.partial or state.kata.handed_out else "all tests"
    page.block(f"{words} · {tests} · {activity(state, f'{state.graded_at}, {state.seconds:.2f} s')}", "  ", "dim")
    if state.tasks:
        page.blank()
        _tasks(page, state, most)
    return page.lines


def _tasks(page: Lines, state: State, most: int) -> None:
    """Add the tasks in order. If there is no room for all, say how many of those that need no attention are left."""
    tasks, statuses = state.tasks, {task.name: task.status for task in state.verdict.tasks} if state.verdict else {}
    urgent = sorted(tasks, key=lambda each: _URGENT.index(statuses.get(each[0].name, "")))
    kept, left = (tasks, []) if len(tasks) <= most else (urgent[: max(most - 1, 1)], urgent[max(most - 1, 1) :])
    for task, result in tasks:
        if (task, result) not in kept:
            continue
        if result is not None:
            page.task(result)
        else:
            title = f"{task.title} (extra)" if task.extra else task.title
            page.row("  · ", clean_line(title), f"– / {wording.points(task.points)}", "dim")
    if left:
        passed = sum(statuses.get(task.name) == "passed" for task, _ in left)
        page.block(f"and {len(left)} more, {passed} of them passed", "  … ", "dim")


def middle(state: State, console: Console, width: int) -> list[Text]:
    """Return the lines in the middle, which show notes and the verdict, the hints or the list."""
    page = Lines(console, width, state.optional)
    for note in state.notes:
        page.block(sentence(note, state), "  ", "bold")
    if state.notes:
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
    if state.fault is not None:
        page.block(clean(sentence(state.fault, state)), "  │ ", "red")
    elif state.syntax_errors:
        _syntax_errors(page, state)
        _failure(page, state)
    elif verdict is None:
        said = "The first verdict on a kata takes a few seconds longer than later ones."
        page.block("Grading has restarted." if state.graded_at else said, "  ", "dim")
    else:
        if verdict.message:
            page.message(verdict)
        if not verdict.message or verdict.tests:
            if verdict.message:
                page.blank()
            if state.open and not state.fails:
                page.block("Nothing has failed so far.", "  ", "dim")
            elif verdict.status in DONE and not state.open:
                _praise(page, state)
            _failure(page, state)
        page.notes(verdict)


def _failure(page: Lines, state: State) -> None:
    """Add one of the tests that do not pass, and its position among those tests."""
    failure, count = state.failure, len(state.failing)
    if failure is None:
        return
    if page.lines:
        page.blank()
    page.failure(failure)
    if count > 1:
        page.blank()
        page.block(f"{state.nth % count + 1} of {count} tests that do not pass; press f for the next.", "", "")


def _syntax_errors(page: Lines, state: State) -> None:
    for error in state.syntax_errors:
        page.ends("✗ ", f"{error.file}, line {error.line}: {clean_line(error.said)}", "", "bold red")
        source = error.text.split("\n")[0].expandtabs(4)
        inner = clean(source.strip())
        at = len(error.text[: error.column - 1].expandtabs(4)) - (len(source) - len(source.lstrip()))
        page.block(inner, "  │ ")
        if 0 <= at <= len(inner) < page.width - 6:
            page.put(("  │ ", "dim"), (" " * at + "^", "red"))
        page.blank()


def _praise(page: Lines, state: State) -> None:
    page.block(praise(state), "  ", "green" if state.partial else "bold green")
    if state.partial:
        return
    page.blank()
    kata, why = state.following or (None, "")
    page.block(f"n: {kata.slug}, {clean_line(kata.title)} ({why})" if kata else all_done(state.katas), "  ")
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
        standing, chosen = state.standings[kata.slug], number == state.choice
        points = f"{f'{standing.best:g}' if standing.tries else '–'}/{points_of(kata):g}"
        left = f"{number + 1:2d} {'✓' if standing.done else '·'} {kata.slug:12}  {clean_line(kata.title)}"
        page.row("› " if chosen else "  ", left, points, "reverse" if chosen else "")


def bottom(state: State, console: Console, width: int) -> list[Text]:
    """Return the lines at the bottom, which show the progress in all katas and the available keys."""
    page = Lines(console, width)
    said = _progress(state)
    length = max(min(_BAR, page.width - len(said) - 1), 0)
    full = round(length * sum(state.standings[kata.slug].done for kata in state.katas) / len(state.katas))
    page.put(("█" * full, "green"), ("░" * (length - full), "dim"), (f" {said}", ""))
    if state.asking:
        page.block(_QUESTION.format(slug=state.kata.slug), "", "bold")
        keys = {"y": "yes", "n": "no"}
    elif state.view == "list":
        keys = {"↑↓": "choose", "Enter": "select", "Esc": "back", "q": "quit"}
    else:
        keys = {"n": "next"} | ({"f": "next failure"} if len(state.failing) > 1 else {}) | {"h": "hint", "l": "list"}
        keys |= {} if state.kata.handed_out else {"c": "all tests" if state.visible else "visible only"}
        keys |= {"p": "plot", "r": "reset"}
        keys |= ({"Esc": "back"} if state.view == "hints" else {}) | {"q": "quit"}
    line = Text()
    for key, meaning in keys.items():
        if line and line.cell_len + len(f"  {key} {meaning}") > width:
            page.emit(line)
            line = Text()
        dim = key == "n" and not (state.asking or state.done)
        line.append("  " if line else "").append(key, "dim" if dim else "bold cyan")
        line.append(f" {meaning}", "dim" if dim else "")
    return [*page.lines, line]


def _progress(state: State) -> str:
    standings = [state.standings[kata.slug] for kata in state.katas]
    done, reached = sum(each.done for each in standings), sum(each.best for each in standings)
    return f"{done} of {len(standings)} katas done, {reached:g} of {sum(map(points_of, state.katas)):g} points"


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
    if state.view == "list":
        state.offset = state.choice - room // 2
    state.offset = max(min(state.offset, len(body) - room), 0)
    shown = body[state.offset : state.offset + room]
    more = len(body) - state.offset - len(shown)
    shown += [Text()] * (room - len(shown))
    arrows = [f"↑ {state.offset}"] * bool(state.offset) + [f"↓ {more} more lines"] * bool(more)
    rule = f" {' '.join(arrows)} ──" if arrows else ""
    separator = Text("─" * (max(min(width, 100), 20) - len(rule)) + rule, "dim")
    lines = [*above, *shown, separator, *below][:height]
    for line in lines:
        line.truncate(width)
    return Text("\n", no_wrap=True, overflow="crop", end="").join(lines)


def news_lines(state: State, event: Event, console: Console, width: int) -> list[Text]:
    """Return the lines for one event in the plain display."""
    page = Lines(console, width, state.optional)
    if event.kind in SENTENCES:
        page.block(sentence(event, state), "")
    elif event.kind == "kata":
        page.block(f"Watching katas/{state.kata.slug}/: {', '.join(state.kata.files)}", "", "bold")
    elif event.kind == "hint":
        _hints(page, state, 1)
    elif event.kind == "list":
        _list(page, state)
        page.block("Type the number of a kata.", "")
    elif event.kind == "question":
        page.block(f"{_QUESTION.format(slug=state.kata.slug)} y or n:", "")
    elif event.kind == "failure" and state.failing:
        page.failure(state.failing[0])
        page.blank()
        page.block(f"still grading: {_left(state)}", "", "dim")
    elif event.kind == "test":
        _failure(page, state)
    elif event.kind == "verdict":
        page.lines += [*top(state, console, width), Text(), *middle(state, console, width), Text()]
        page.block(_progress(state), "")
    return page.lines if event.kind == "said" else [Text(), *page.lines]  # a report has several of these lines
