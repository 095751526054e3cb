"""What `katas watch` shows: lines made of its state, for a screen of any size, or all of them for a page."""

from __future__ import annotations

import re
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec.structs import replace
from rich.text import Text

from graders.catalogue import Kata, Task
from graders.cli.learning import Hint
from graders.cli.paragraphs import filled
from graders.progress import DONE, Standing, all_done, next_kata, place, points_of
from graders.report import wording
from graders.report.terminal import COLOURS, Page, notes_on
from graders.report.text import clean, clean_line
from graders.verdict import TaskResult, TestResult, Verdict

if TYPE_CHECKING:
    from rich.console import Console

AGAIN_S = 0.4  # until then a task that is graded again keeps its former mark
_BAR = 16
_OUTCOME_LINES = 2  # of what was expected, and of what came


@dataclass(frozen=True)
class Slip:
    """Where a file is no Python."""

    file: str
    line: int
    column: int
    text: str
    said: str


@dataclass
class State:
    """All that the screen depends on. `verdict` is as the learner may see it, and `graded_at` when it came."""

    katas: Sequence[Kata]
    standings: dict[str, Standing]
    kata: Kata
    verdict: Verdict | None = None
    graded_at: str = ""
    seconds: float = 0.0
    begun: float | None = None  # when the grading that runs was wished for
    due: frozenset[str] = frozenset()  # tasks that are not graded yet as the files lie there now
    first: frozenset[str] = frozenset()  # those that the latest save was about
    fault: str = ""  # why there is nothing to grade, or no verdict
    slips: tuple[Slip, ...] = ()
    partial: bool = False  # is the verdict of the visible tests alone?
    visible: bool = False  # and the next one?
    notes: list[str] = field(default_factory=list)  # what a key brought
    view: str = "verdict"  # or hints, or list
    hints: Sequence[Hint] = ()  # shown so far
    hints_left: int = 0
    asking: bool = False  # is it to be reset?
    choice: int = 0  # in the list
    place: int = 0  # of the test that is shown among those that fail
    offset: int = 0  # lines of the middle part that are above the screen

    @property
    def done(self) -> bool:
        """Whether the kata is passed, by this verdict or by an earlier one."""
        passed = self.verdict is not None and self.verdict.status in DONE and not (self.partial or self.due)
        return passed or self.standings[self.kata.slug].done

    @property
    def open(self) -> frozenset[str]:
        """The tasks of which nothing is to be shown: a former result is, as long as the grading may be over at once."""
        if self.begun is not None and time.monotonic() - self.begun > AGAIN_S:
            return self.due
        return self.due - {task.name for task in self.verdict.tasks} if self.verdict is not None else self.due

    @property
    def failing(self) -> list[TestResult]:
        """The tests that do not pass, those first which the latest save was about."""
        failing = wording.not_passed(self.verdict) if self.verdict is not None else []
        return sorted(failing, key=lambda test: test.task not in self.first)

    @property
    def fails(self) -> bool:
        """Whether a test does not pass that decides: one of an extra task fails nothing."""
        optional = wording.optional(self.verdict) if self.verdict is not None else frozenset()
        return any(test.task not in optional for test in self.failing)

    @property
    def failure(self) -> TestResult | None:
        """The failing test that is shown."""
        failing = self.failing
        return failing[self.place % len(failing)] if failing else None

    @property
    def following(self) -> tuple[Kata, str] | None:
        """What to do after this kata, and why; None when everything else is done."""
        standings = self.standings | {self.kata.slug: Standing(self.kata.slug, done_on="now")}
        return next_kata(self.katas, standings)

    @property
    def ordered(self) -> list[Kata]:
        """The katas in the order in which they are best done."""
        return sorted(self.katas, key=place)


def slips_in(kata: Kata) -> tuple[Slip, ...]:
    """The first fault of syntax of each of the learner's files, found without running anything."""
    found = []
    names = [path for pattern in kata.files for path in sorted(kata.folder.glob(pattern)) if path.suffix == ".py"]
    for path in names:
        try:
            with warnings.catch_warnings(action="ignore"):
                compile(path.read_bytes(), path.name, "exec", dont_inherit=True)
        except SyntaxError as fault:
            name = path.relative_to(kata.folder).as_posix()
            said = f"{type(fault).__name__}: {fault.msg}"
            found.append(Slip(name, fault.lineno or 0, fault.offset or 0, fault.text or "", said))
        except (OSError, ValueError, RecursionError, MemoryError):
            continue  # the judge says what it makes of that
    return tuple(found)


class Lines(Page):
    """A page that keeps its lines instead of printing them."""

    def __init__(self, console: Console, width: int) -> None:
        super().__init__(console)
        self.width = max(min(width, self.width), 20)
        self.lines: list[Text] = []

    def emit(self, line: Text) -> None:
        self.lines.append(line)

    def failure(self, test: TestResult) -> None:
        """As in a report, but with no more of the input than a small screen has room for."""
        self.name(test)
        if wording.is_bare(test):
            self.block(wording.BARE, "  ", "dim")
        self.said(test)
        whole = self.outcome(test)
        self.diagnosed(test)
        self.input(replace(test, counterexample=_split(test.counterexample)[0]) if whole else test)
        self.printed(test)

    def outcome(self, test: TestResult) -> bool:
        """What was expected and what came, in a few lines; whether that is all of it."""
        whole = True
        for entry in _split(test.counterexample)[1]:
            first, *rest = self.wrapped(entry, self.width - 6)
            lines = [first, *(f"# {line}" for line in rest)]
            whole = whole and len(lines) <= _OUTCOME_LINES
            for line in [*lines[:_OUTCOME_LINES], *(["# …"] if len(lines) > _OUTCOME_LINES else [])]:
                self.put(("    ", ""), (line, "cyan"))
        return whole

    def task(self, task: TaskResult) -> None:
        """In one line, however long its title is."""
        remark = wording.task_remark(task)
        title = task.title or task.name
        left = clean_line(f"{title} ({remark})" if remark else title)
        self.row(f"  {wording.MARKS[task.status]} ", left, wording.worth(task), COLOURS.get(task.status, "dim"))

    def row(self, mark: str, left: str, right: str, style: str) -> None:
        """As `ends`, but what is too long is cut."""
        most = self.width - len(mark) - len(right) - 3
        self.ends(mark, left if len(left) <= most else f"{left[: most - 1]}…", right, style)


def _split(counterexample: str) -> tuple[str, list[str]]:
    """The code, and the comments after it: what was expected and what came, each with the lines that go on with it."""
    lines = counterexample.split("\n")
    count = len(lines)
    while count and lines[count - 1].startswith("#"):
        count -= 1
    if not count:  # comments alone are what a probe was asked
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
    """The kata, what it came to, its tasks (at most so many lines of them)."""
    page = Lines(console, width)
    kata, verdict = state.kata, state.verdict
    name = f"{clean_line(kata.title)} ({kata.slug})"
    if verdict is None:
        page.ends("· ", name, "", "bold")
        page.block(_activity(state, "not graded yet"), "  ", "dim")
        return page.lines
    status = verdict.status
    if state.open and status in (*DONE, "ungraded"):
        mark, colour, words = ("✗", "red", "failed") if state.fails else ("…", "", "passed so far")
    else:
        mark, colour = wording.MARKS[status], COLOURS.get(status, "")
        words = re.split("[;:]", wording.STATUSES[status])[0]
    page.optional = wording.optional(verdict)
    page.ends(f"{mark} ", name, _score(state), f"bold {colour}")
    tests = "visible tests only" if state.partial else "all tests"
    page.block(f"{words} · {tests} · {_activity(state, f'{state.graded_at}, {state.seconds:.2f} s')}", "  ", "dim")
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


def _activity(state: State, otherwise: str) -> str:
    if state.begun is None:
        return otherwise
    passed = time.monotonic() - state.begun
    left = f", {_left(state)}" if passed >= AGAIN_S and state.verdict is not None else ""
    return f"grading … {passed:.0f} s{left}" if passed >= 1 else "grading …"


def _left(state: State) -> str:
    return f"{len(state.due)} of {len(state.kata.tasks)} tasks left"


def _tasks(page: Lines, state: State, most: int) -> None:
    """The tasks in their order; where there is no room for all, what needs attention, and the rest counted."""
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
            page.row("  · ", clean_line(task.title), f"– / {wording.points(task.points)}", "dim")
    if left:
        passed = sum(task.name in results and results[task.name].status == "passed" for task in left)
        page.block(f"and {len(left)} more, {passed} of them passed", "  … ", "dim")


def middle(state: State, console: Console, width: int) -> list[Text]:
    """What the chosen view is about: the first failure, hints, or the list."""
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
    elif state.slips:
        for slip in state.slips:
            _slip(page, slip)
    elif verdict is None and state.graded_at:
        page.block("The grading has begun anew.", "  ", "dim")
    elif verdict is None:
        page.block("The first verdict on a kata takes some seconds more than those that follow.", "  ", "dim")
    elif verdict.message:
        page.message(verdict)
    else:
        if state.open and not state.fails:
            page.block("Nothing has failed so far.", "  ", "dim")
        elif verdict.status in DONE:
            _praise(page, state)
        _failure(page, state)
    if verdict is not None and not (state.fault or state.slips):
        notes = notes_on(verdict)
        if notes:
            page.blank()
        for note in notes:
            page.block(note, "  ", "yellow")


def _failure(page: Lines, state: State) -> None:
    """One of the tests that do not pass, and which of them it is."""
    failure, count = state.failure, len(state.failing)
    if state.verdict is None or failure is None:
        return
    page.optional = wording.optional(state.verdict)
    if page.lines:
        page.blank()
    page.failure(failure)
    if count > 1:
        page.blank()
        page.block(f"{state.place % count + 1} of {count} tests that do not pass; f shows the next.", "", "")


def _slip(page: Lines, slip: Slip) -> None:
    page.ends("✗ ", f"{slip.file}, line {slip.line}: {clean_line(slip.said)}", "", "bold red")
    source = slip.text.split("\n")[0].expandtabs(4)
    inner = clean(source.strip())
    at = len(slip.text[: slip.column - 1].expandtabs(4)) - (len(source) - len(source.lstrip()))
    page.block(inner, "  │ ")
    if 0 <= at <= len(inner) < page.width - 6:
        page.put(("  │ ", "dim"), (" " * at + "^", "red"))
    page.blank()


def _praise(page: Lines, state: State) -> None:
    verdict = state.verdict
    assert verdict is not None
    tests = "tests of the core" if state.failing else "tests"
    if state.partial:
        page.block(f"The visible {tests} pass. c runs all tests, which decide.", "  ", "green")
        return
    rest = "" if verdict.status == "passed" else "; a person has to look at the rest"
    said = f"All {tests} pass{rest}."
    page.block(said, "  ", "bold green")
    page.blank()
    if state.following is None:
        page.block(all_done(state.katas), "  ")
    else:
        kata, why = state.following
        page.block(f"n: {kata.slug}, {clean_line(kata.title)} ({why})", "  ")
    page.block(f"katas diff {state.kata.slug}: your files beside the solution", "  ", "dim")


def _hints(page: Lines, state: State, count: int) -> None:
    """The newest first: it is the one that was asked for."""
    for number, hint in enumerate(reversed(state.hints[-count:])):
        page.block(clean_line(hint.title), "", "bold yellow")
        page.block(filled(clean(hint.body), page.width - 3), "  ")
        if number == 0 and state.hints_left:
            page.block(f"{state.hints_left} more: h", "  ", "dim")
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
    """How far all katas are, and the keys."""
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
        page.lines.extend(_keys([("↑↓", "choose"), ("Enter", "take it"), ("Esc", "back"), ("q", "quit")], width))
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
    return f"Reset {state.kata.slug} to its stubs? What you have is kept in .katas/backup/."


def _keys(keys: Sequence[tuple[str, str]], width: int, dim: str = "") -> list[Text]:
    """Keys and what they do, on as many lines as they need."""
    lines = [Text()]
    for key, meaning in keys:
        if lines[-1].cell_len and lines[-1].cell_len + len(f"  {key} {meaning}") > width:
            lines.append(Text())
        if lines[-1].cell_len:
            lines[-1].append("  ")
        lines[-1].append(key, "dim" if key == dim else "bold cyan")
        lines[-1].append(f" {meaning}", "dim" if key == dim else "")
    return lines


# --------------------------------------------------------------------------------------------- wholes


def picture(state: State, console: Console, width: int, height: int) -> Text:
    """A screen full of it: what does not fit is left out of the tasks, and of the middle, which can be scrolled."""
    above = [] if state.view == "list" else top(state, console, width, max(height // 3, 2))
    if state.view == "hints":
        above = above[:2]
    below = bottom(state, console, width)
    above += [Text()] if above else []
    room = height - len(above) - len(below) - 1
    if room < 3:  # a very small screen: the first line, and as much of the rest as there is room for
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


def told(state: State, news: str, console: Console, width: int) -> list[Text]:
    """One piece of news, for a page that goes on and on."""
    page = Lines(console, width)
    if news == "kata":
        page.block(f"Watching katas/{state.kata.slug}/: {', '.join(state.kata.files)}", "", "bold")
    elif news == "hint":
        _hints(page, state, 1)
    elif news == "list":
        _list(page, state)
        page.block("Type a kata's number.", "")
    elif news == "question":
        page.block(f"{_question(state)} y or n:", "")
    elif news == "failure":
        if state.failing:
            page.optional = wording.optional(state.verdict) if state.verdict is not None else frozenset()
            page.failure(state.failing[0])
            page.blank()
            page.block(f"grading goes on: {_left(state)}", "", "dim")
    elif news == "test":
        _failure(page, state)
    elif news == "notes":
        for note in state.notes:
            page.block(note, "")
    else:
        page.lines += [*top(state, console, width), Text(), *middle(state, console, width), Text()]
        page.block(_progress(state), "")
    return [Text(), *page.lines]
