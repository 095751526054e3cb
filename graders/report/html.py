"""Render verdicts as one self-contained HTML page without scripts, which suits phones and light and dark mode."""

from __future__ import annotations

from collections.abc import Container
from html import escape

from graders.report import comparison, wording
from graders.verdict import TaskResult, TestResult, Verdict


def render(verdicts: list[Verdict], under_heading: str = "") -> str:
    """Return an HTML page about these verdicts. Under the heading of each stands this HTML."""
    title = wording.heading(verdicts[0]) if len(verdicts) == 1 else f"{len(verdicts)} katas graded"
    heading = "" if len(verdicts) == 1 else f"<h1>{escape(title)}</h1>\n"
    level = 1 if len(verdicts) == 1 else 2
    return page(
        title, heading + "\n".join(_section(verdict, level, under_heading) for verdict in verdicts), comparison.STYLE
    )


def _section(verdict: Verdict, level: int, under_heading: str) -> str:
    status, score = wording.STATUSES[verdict.status], wording.score(verdict)
    words = f"{status[0].upper()}{status[1:]}{f', {score}' if score else ''}."
    parts = [
        f"<section>\n<h{level}>{escape(wording.heading(verdict))}</h{level}>{under_heading}",
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
    parts += [f'<p class="soft">{escape(remark)}</p>' for remark in wording.remarks(verdict)]
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
    return table(rows, '<th scope="col">Note</th>' * remarks)


def table(rows: list[str], note: str = "") -> str:
    """Return a table of tasks from its rows. `note` is the heading of a column before the points."""
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
        code = block(test.counterexample, "code" if wording.can_be_pasted(test.counterexample) else "")
        parts += [heading, code, *filter(None, [comparison.drawn(test)])]
    if test.output:
        parts += [f"<p>{wording.PRINTED}</p>", block(test.output)]
    return f"<details{' open' * unfolded}><summary>{name}</summary>\n{chr(10).join(parts)}\n</details>"


# -------------------------------------------------------------------------------------------- any page

STYLE = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de; --box: #f6f8fa;
  --good: #116329; --bad: #b3261e; --wait: #7a4b00; --bar: #1a7f37;
  --over1: #fff0e5; --over2: #ffd9b8; --over3: #ffb77c; --under1: #e8f2ff; --under2: #c3dcff; --under3: #93c0ff; }
@media (prefers-color-scheme: dark) { :root { --paper: #0f1419; --ink: #e6edf3; --soft: #9ea7b3; --line: #30363d;
  --box: #171d24; --good: #56d364; --bad: #ff8f87; --wait: #e3b341; --bar: #2ea043;
  --over1: #2b1d10; --over2: #4d2f12; --over3: #754312; --under1: #10213a; --under2: #14325e; --under3: #1a4788; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: .5rem 0; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
p { margin: .5rem 0; } .soft { color: var(--soft); }
table { border-collapse: collapse; width: 100%; } caption { text-align: left; color: var(--soft); padding: .25rem 0; }
th, td { text-align: left; vertical-align: top; padding: .35rem .5rem .35rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; } td { overflow-wrap: break-word; } .number { text-align: right; white-space: nowrap; }
.passed { color: var(--good); } .failed, .ungradable, .error { color: var(--bad); }
.partial, .blocked, .awaiting_review, .ungraded, .failed.optional { color: var(--wait); }
details { border: 1px solid var(--line); border-radius: .4rem; margin: .5rem 0; padding: .5rem .75rem; }
summary { cursor: pointer; } summary:focus-visible, pre:focus-visible { outline: 3px solid var(--ink); }
pre { background: var(--box); border-radius: .4rem; padding: .6rem; overflow-x: auto; overflow-wrap: normal;
  font: .85rem/1.45 ui-monospace, monospace; }
pre.said { white-space: pre-wrap; overflow-wrap: anywhere; }
progress { width: 100%; height: .8rem; accent-color: var(--bar); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
"""


def page(title: str, body: str, style: str = "") -> str:
    """Return a whole page. `title` is plain text, `body` is HTML, and `style` is added to the common style."""
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<style>{STYLE}{style}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def mark(sign: str, status: str, *, optional: bool = False) -> str:
    """Return a symbol as HTML, with its meaning for screen readers. The symbol of an `optional` failure is not red."""
    words = status.replace("_", " ")
    kinds = escape(status) + " optional" * (optional and status == "failed")
    return f'<span class="{kinds}" aria-hidden="true">{escape(sign)}</span><span class="hidden">{words}</span>'


def block(text: str, kind: str = "") -> str:
    """Return preformatted text in a box that the keyboard can scroll. Long lines are wrapped if `kind` is `said`."""
    described = f' class="{kind}"' if kind else ""
    return f'<pre tabindex="0"{described}>{escape(text)}</pre>'
