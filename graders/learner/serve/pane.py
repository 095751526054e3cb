"""What a page shows of a watched kata: the right pane is HTML, where all text of a submission is escaped."""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import quote

from graders.learner.progress import DONE
from graders.learner.serve.files import names_of, read
from graders.learner.serve.markdown import to_html
from graders.learner.watch.plotting import programs_of
from graders.learner.watch.session import FileError, State
from graders.learner.watch.view import activity
from graders.report import html, wording
from graders.report.page import block, mark
from graders.report.text import clean, clean_line
from graders.verdict import Verdict

Snapshot = dict[str, Any]


def snapshot(state: State) -> Snapshot:
    """Return what a page shows of a kata. It is the learner's view: nothing hidden is in it."""
    kata = state.kata
    following = state.following if state.done else None
    readme, verdict = kata.folder / "README.md", state.verdict
    needed = [other for other in kata.earlier if verdict is not None and verdict.waits_for == other.slug]
    return {
        "slug": kata.slug,
        "status": None if verdict is None or verdict.untouched or needed else verdict.status,
        "score": headline(state),
        "grading": state.started is not None,
        "activity": activity(state, state.idle or _when(state)),
        "verdict": rendered(state),
        "notes": list(state.notes),
        "hints": [to_html(f"**{hint.title}**\n\n{hint.body}", readme, kata.root) for hint in state.hints],
        "hints_left": state.hints_left if state.hints else state.all_hints,
        "visible": state.visible,
        "done": state.done,
        "next": {"slug": following[0].slug, "title": following[0].title} if following else None,
        "first": {"slug": needed[0].slug, "title": needed[0].title} if needed else None,
        "files": {name: read(kata, name).digest or None for name in names_of(kata)},
        "pictures": _pictures(state),
        "marks": [{"file": each.file, "line": each.line, "said": each.said} for each in state.syntax_errors],
        "plots": bool(programs_of(kata)),
    }


def _when(state: State) -> str:
    """Return when the verdict came and how long it took; nothing if there was nothing to grade."""
    graded = state.verdict is not None and not state.verdict.untouched
    return f"{state.graded_at}, {state.seconds:.2f} s" if graded else ""


def _pictures(state: State) -> list[str]:
    """Return the addresses of the pictures that the kata's programs have drawn."""
    folder = state.kata.root / ".katas" / "pictures"
    found = []
    for path in sorted(folder.glob(f"{state.kata.slug}-*.png")):
        try:
            found.append(f"/drawn/{quote(path.name)}?{path.stat().st_mtime_ns}")
        except OSError:
            continue
    return found


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
    """Return whether the verdict only repeats syntax errors that the page shows anyway."""
    broken = {error.file for error in state.syntax_errors}
    return verdict.status == "ungradable" and not verdict.tests and broken.issuperset(state.kata.files)


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
    heading = f"{error.file}, line {error.line}: {clean_line(error.said)}"
    pointer = " " * max(error.column - 1, 0) + "^" if 0 < error.column <= len(source) + 1 else ""
    return f'<p class="failed"><strong>{escape(heading)}</strong></p>\n{block(clean(source) + chr(10) + pointer)}'
