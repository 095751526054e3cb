"""Render verdicts as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Container
from html import escape

from graders.report import comparison, wording
from graders.report.page import block, mark, page
from graders.verdict import TaskResult, TestResult, Verdict

_SHOWN_FILES = 20


def render(verdicts: list[Verdict]) -> str:
    """Return an HTML page about these verdicts."""
    title = wording.heading(verdicts[0]) if len(verdicts) == 1 else f"{len(verdicts)} katas graded"
    heading = "" if len(verdicts) == 1 else f"<h1>{escape(title)}</h1>\n"
    level = 1 if len(verdicts) == 1 else 2
    return page(title, heading + "\n".join(_section(verdict, level) for verdict in verdicts), comparison.STYLE)


def _section(verdict: Verdict, level: int) -> str:
    status, score = wording.STATUSES[verdict.status], wording.score(verdict)
    words = f"{status[0].upper()}{status[1:]}{f', {score}' if score else ''}."
    parts = [
        f"<section>\n<h{level}>{escape(wording.heading(verdict))}</h{level}>",
        f"<p><strong>{mark(wording.SYMBOLS[verdict.status], verdict.status)} {escape(words)}</strong></p>",
    ]
    if verdict.max_score:
        share = 100 * verdict.score / verdict.max_score
        parts.append(f'<progress max="100" value="{share:.0f}" aria-label="points">{share:.0f} %</progress>')
    if verdict.message:
        parts.append(block(verdict.message, "said"))
    if verdict.tasks:
        parts.append(_table(verdict.tasks, wording.optional(verdict)))
    for who, words in wording.comments(verdict):
        parts += [f"<p>{escape(who)}</p>", block(words, "said")]
    notes = [wording.unofficial(verdict), *wording.outstanding(verdict)]
    notes += map(wording.unseen, wording.unexplained(verdict))
    notes += [f"Speed: {wording.speed(test.speed)}." for test in verdict.tests if test.speed]
    notes += [*wording.intake_notes(verdict), wording.ignored(verdict, _SHOWN_FILES)]
    parts += [f'<p class="soft">{escape(note)}</p>' for note in notes if note]
    tests, optional = wording.not_passed(verdict), wording.optional(verdict)
    if tests:
        parts.append(f"<h{level + 1}>What did not pass</h{level + 1}>")
    parts += [failure(test, optional, unfolded=not number) for number, test in enumerate(tests)]
    graded = f"Graded {verdict.graded_at}, " if verdict.graded_at else ""
    graded += f"confinement: {verdict.confinement}" if verdict.ran else "not run"
    parts.append(f'<p class="soft">{escape(graded)}.</p>\n</section>')
    return "\n".join(parts)


def _table(tasks: tuple[TaskResult, ...], optional: Container[str]) -> str:
    remarks = any(wording.task_remark(task) for task in tasks)
    rows = [
        f"<tr><td>{mark(wording.SYMBOLS[task.status], task.status, optional=task.name in optional)}</td>"
        f'<th scope="row">{escape(task.title or task.name)}</th>'
        f"{f'<td>{escape(wording.task_remark(task))}</td>' * remarks}"
        f'<td class="number">{wording.worth(task)}</td></tr>'
        for task in tasks
    ]
    note = '<th scope="col">Note</th>' * remarks
    head = f'<tr><th scope="col"><span class="hidden">Result</span></th><th scope="col">Task</th>{note}'
    head += '<th scope="col" class="number">Points</th></tr>'
    return f"<table>\n<thead>{head}</thead>\n<tbody>\n{chr(10).join(rows)}\n</tbody>\n</table>"


def failure(test: TestResult, optional: Container[str], *, unfolded: bool) -> str:
    extra = test.task in optional
    kinds = ", extra" * extra + ", hidden" * (test.visibility == "hidden")
    name = f"{mark(wording.SYMBOLS[test.status], test.status, optional=extra)} {escape(wording.title(test))}"
    name += f' <span class="soft">({escape(test.task)}{kinds})</span>'
    if wording.is_bare(test):
        return f"<p>{name}. {escape(wording.BARE)}</p>"
    parts = []
    if test.diagnosis:
        parts.append(f"<p><strong>{escape(wording.diagnosis(test))}</strong></p>")
    if test.message:
        parts.append(block(test.message, "said"))
    if test.counterexample:
        heading = f"<p>{wording.input_heading(test)}</p>"
        code = block(test.counterexample, "code" if wording.can_be_pasted(test) else "")
        parts += [heading, code, *comparison.drawn(test)]
    if test.output:
        parts += [f"<p>{wording.PRINTED}</p>", block(test.output)]
    return f"<details{' open' * unfolded}><summary>{name}</summary>\n{chr(10).join(parts)}\n</details>"
