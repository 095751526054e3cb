"""What a page shows of a watched kata: the right pane is HTML, where all text of a submission is escaped."""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import quote

from graders.learner.progress import DONE
from graders.learner.watch.plotting import programs_of
from graders.learner.watch.session import FileError, State
from graders.learner.watch.view import activity, praise, sentence
from graders.report import html, wording
from graders.report.html import block, mark
from graders.report.text import clean, clean_line
from graders.web.markdown import to_html
from katas_page.files import names_of, read

Snapshot = dict[str, Any]
EXTRAS = (
    "Extras, if you like: other types, sizes and speeds, which a library has to get right and a first network does not."
)
IDLE = "Change something, or press Ctrl-S, to grade."


def snapshot(state: State) -> Snapshot:
    """Return what a page shows of a kata. It is the learner's view: nothing hidden is in it."""
    kata, verdict, readme = state.kata, state.verdict, state.kata.folder / "README.md"
    following = state.following if state.done else None
    needed = [other for other in kata.earlier if verdict is not None and verdict.waits_for == other.slug]
    graded = verdict is not None and not verdict.untouched
    when = f"{state.graded_at}, {state.seconds:.2f} s" if graded else ""
    return {
        "slug": kata.slug,
        "status": _status(state) if graded and not needed else None,
        "score": headline(state),
        "grading": state.started is not None,
        "activity": activity(state, IDLE if state.idle else when),
        "verdict": rendered(state),
        "notes": [sentence(note, state) for note in state.notes],
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


def _status(state: State) -> str | None:
    """Return the verdict's status, or `partial` if no answer is wrong so far, but tasks are still to do."""
    if state.verdict is None:
        return None
    if state.open and state.fails:
        return "failed"
    return "partial" if state.open or state.halfway else state.verdict.status


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
    verdict = state.verdict
    parts = [block(clean(sentence(state.fault, state)), "said")] if state.fault is not None else []
    parts += [_syntax_error(each) for each in state.syntax_errors]
    if verdict is None:
        waits = state.started is not None and state.fault is None
        return "\n".join([*parts, '<p class="soft">The first verdict takes a few seconds.</p>' * waits])
    if verdict.message and not _is_syntax_error(state):
        parts.append(block(verdict.message, "said"))
    if verdict.status in DONE and not state.open:
        parts.append(f"<p><strong>{praise(state)}</strong></p>")
    core = [test for test in state.failing if test.task not in state.optional]
    failures = [html.failure(test, state.optional, unfolded=not number) for number, test in enumerate(core)]
    parts += [*failures[:1], *([_tasks(state)] if state.tasks else []), *failures[1:]]
    extras = [html.failure(test, state.optional, unfolded=False) for test in state.failing if test not in core]
    parts += [f'<p class="soft">{EXTRAS}</p>' * bool(extras), *extras]
    notes = [wording.unofficial(verdict), *wording.outstanding(verdict), *map(wording.timed, verdict.tests)]
    return "\n".join(parts + [f'<p class="soft">{escape(note)}</p>' for note in notes if note])


def _is_syntax_error(state: State) -> bool:
    """Return whether the verdict only repeats syntax errors that the page shows anyway."""
    verdict, broken = state.verdict, {error.file for error in state.syntax_errors}
    ungradable = verdict is not None and verdict.status == "ungradable" and not verdict.tests
    return ungradable and broken.issuperset(state.kata.files)


def headline(state: State) -> str:
    """Return the status and the score in a few words, e.g. `failed, 4 of 10 points`."""
    verdict = state.verdict
    if verdict is None:
        return activity(state, "not graded yet")
    if _is_syntax_error(state):
        return "syntax error"
    if verdict.waits_for:
        return wording.status_of(verdict)
    if verdict.untouched:
        return "not started"
    if state.open and not state.fails:
        return "passed so far"
    if state.halfway and not state.open:
        return f"{wording.score(verdict)}; {wording.progress(verdict)}"
    parts = ["failed"] if state.open else [wording.briefly(verdict.status), wording.score(verdict)]
    return f"{'visible tests only: ' * state.partial}{', '.join(filter(None, parts))}"


def _tasks(state: State) -> str:
    """Return the table of tasks; a task without a result for the current files has none here either."""
    rows, to_do = [], state.to_do
    for task, result in state.tasks:
        if result is None:
            sign = '<span aria-hidden="true">·</span><span class="hidden">being graded</span>'
            remark, worth = "extra" * task.extra, f"– / {wording.points(task.points)}"
        else:
            sign = mark(wording.SYMBOLS[result.status], result.status, optional=task.name in state.optional)
            if is_to_do := task.name in to_do:
                sign = mark("·", wording.TO_DO)
            remark, worth = wording.task_remark(result, is_to_do=is_to_do), wording.worth(result)
        soft = f' <span class="soft">({escape(remark)})</span>' if remark else ""
        rows.append(
            f'<tr><td>{sign}</td><th scope="row">{escape(clean_line(task.title))}{soft}</th>'
            f'<td class="number">{worth}</td></tr>'
        )
    return html.table(rows)


def _syntax_error(error: FileError) -> str:
    source = error.text.split("\n")[0].rstrip()
    heading = f"{error.file}, line {error.line}: {clean_line(error.said)}"
    pointer = " " * max(error.column - 1, 0) + "^" if 0 < error.column <= len(source) + 1 else ""
    return f'<p class="failed"><strong>{escape(heading)}</strong></p>\n{block(clean(source) + chr(10) + pointer)}'
