"""The right pane: the state of a watched kata as HTML. Every text that a submission could influence is escaped."""

from __future__ import annotations

from html import escape

from graders.learner.progress import DONE
from graders.learner.watch.state import FileError, State
from graders.learner.watch.view import activity
from graders.report import html, wording
from graders.report.page import block, mark
from graders.report.text import clean, clean_line
from graders.verdict import Verdict

SYNTAX_ERRORS = ("SyntaxError", "IndentationError", "TabError")


def rendered(state: State) -> str:
    """Return what did not pass, the tasks, and the notes on the verdict. One failure of a core task comes first."""
    parts = []
    if state.fault:
        parts.append(block(clean(state.fault), "said"))
    parts += [_syntax_error(each) for each in state.syntax_errors]
    verdict = state.verdict
    if verdict is None:
        waits = state.started is not None and not state.fault
        return "\n".join([*parts, '<p class="soft">The first verdict takes a few seconds.</p>' * waits])
    if verdict.message and not _is_known(state, verdict):
        parts.append(block(verdict.message, "said"))
    if verdict.status in DONE and not state.open:
        parts.append(f"<p><strong>{_praise(state, verdict)}</strong></p>")
    optional = wording.optional(verdict)
    failures = [html.failure(test, optional, unfolded=not number) for number, test in enumerate(state.failing)]
    urgent = int(state.fails)  # how many failures come before the table
    table = [_tasks(state, verdict)] if verdict.tasks else []
    parts += [*failures[:urgent], *table, *failures[urgent:]]
    notes = [wording.unofficial(verdict), *wording.outstanding(verdict)]
    notes += [wording.timed(test) for test in verdict.tests]
    return "\n".join(parts + [f'<p class="soft">{escape(note)}</p>' for note in notes if note])


def _is_known(state: State, verdict: Verdict) -> bool:
    """Return whether the verdict only repeats a syntax error that the page shows anyway."""
    return bool(state.syntax_errors) and not verdict.tests and verdict.message.startswith(SYNTAX_ERRORS)


def headline(state: State) -> str:
    """Return the status and the score in a few words, e.g. `failed, 4 of 10 points`."""
    if state.verdict is None:
        return activity(state, "not graded yet")
    if _is_known(state, state.verdict):
        return "syntax error"
    if state.verdict.waits_for:
        return wording.status_of(state.verdict)
    if state.verdict.untouched:
        return "not started"
    if state.open and not state.fails:
        return "passed so far"
    status = "failed" if state.open else wording.briefly(state.verdict.status)
    score = "" if state.open else wording.score(state.verdict)
    said = ", ".join(part for part in (status, score) if part)
    return f"visible tests only: {said}" if state.partial else said


def _praise(state: State, verdict: Verdict) -> str:
    kind = "core tests" if state.failing else "tests"
    if state.partial:
        return f"The visible {kind} pass. All tests together decide the verdict."
    return f"All {kind} pass." if verdict.status == "passed" else f"All {kind} pass; a person has to grade the rest."


def _tasks(state: State, verdict: Verdict) -> str:
    """Return the table of tasks; a task without a result for the current files has none here either."""
    results, open_, optional = {task.name: task for task in verdict.tasks}, state.open, wording.optional(verdict)
    rows = []
    for task in state.kata.tasks:
        result = results.get(task.name)
        if result is None and task.name not in state.due:
            continue
        if result is None or task.name in open_:
            sign = '<span aria-hidden="true">·</span><span class="hidden">being graded</span>'
            remark = "extra" if task.extra else ""
            worth = f"– / {wording.points(task.points)}"
        else:
            sign = mark(wording.SYMBOLS[result.status], result.status, optional=task.name in optional)
            remark, worth = wording.task_remark(result), wording.worth(result)
        soft = f' <span class="soft">({escape(remark)})</span>' if remark else ""
        rows.append(
            f'<tr><td>{sign}</td><th scope="row">{escape(clean_line(task.title))}{soft}</th>'
            f'<td class="number">{worth}</td></tr>'
        )
    head = '<th scope="col"><span class="hidden">Result</span></th><th scope="col">Task</th>'
    head += '<th scope="col" class="number">Points</th>'
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{chr(10).join(rows)}\n</tbody>\n</table>"


def _syntax_error(error: FileError) -> str:
    source = error.text.split("\n")[0].rstrip()
    place = f"{error.file}, line {error.line}: {clean_line(error.said)}"
    pointer = " " * max(error.column - 1, 0) + "^" if 0 < error.column <= len(source) + 1 else ""
    return f'<p class="failed"><strong>{escape(place)}</strong></p>\n{block(clean(source) + chr(10) + pointer)}'
