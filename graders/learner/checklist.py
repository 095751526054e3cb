"""Render the checklist of all katas as a self-contained HTML page."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from html import escape

from graders.catalogue import Kata
from graders.learner.progress import VISIBLE_DONE, Standing, next_kata, place, points_of, streak
from graders.report.page import mark, page
from graders.report.wording import points

_STYLE = """.number { padding-left: 1rem; } tbody th { min-width: 10rem; }
@media (max-width: 36rem) { .wide { display: none; } }
"""  # on a phone, show only the kata and its points
_KINDS = {
    "exercise": "Exercises",
    "milestone": "Milestones",
    "challenge": "Challenges",
    "framework": "Build your own framework",
}


def render(
    katas: Sequence[Kata], standings: Mapping[str, Standing], days: Sequence[datetime.date], today: datetime.date
) -> str:
    """Return a page with the number of katas done, the next kata, and a table for each kind of kata."""
    done = sum(standings[kata.slug].done for kata in katas)
    row = streak(days, today)
    parts = [
        "<h1>What I have done</h1>",
        f"<p><strong>{done} of {len(katas)} katas done</strong>, {row} {'day' if row == 1 else 'days'} in a row.</p>",
        f'<progress max="{len(katas)}" value="{done}" aria-label="katas done">{done} of {len(katas)}</progress>',
        _next(katas, standings),
    ]
    for kind, title in _KINDS.items():
        of_kind = sorted((kata for kata in katas if kata.kind == kind), key=place)
        if of_kind:
            parts.append(f"<h2>{title}</h2>\n{_table(of_kind, standings)}")
    parts.append(f'<p class="soft">As of {today.isoformat()}. Made by <code>katas progress --html</code>.</p>')
    return page("Progress in the katas", "\n".join(parts), _STYLE)


def _next(katas: Sequence[Kata], standings: Mapping[str, Standing]) -> str:
    found = next_kata(katas, dict(standings))
    if found is None:
        done = VISIBLE_DONE if any(kata.handed_out for kata in katas) else "You have passed every kata."
        return f"<p>{done}</p>"
    kata, why = found
    return f"<p>Next: <strong>{escape(kata.title)}</strong> (<code>{escape(kata.slug)}</code>): {escape(why)}.</p>"


def _table(katas: Sequence[Kata], standings: Mapping[str, Standing]) -> str:
    head = "".join(
        f'<th scope="col"{cells}>{title}</th>'
        for title, cells in (
            ('<span class="hidden">State</span>', ""),
            ("Kata", ""),
            ("Builds on", ' class="wide"'),
            ("Points", ' class="number"'),
            ("Done on", ' class="wide number"'),
        )
    )
    rows = "\n".join(_row(kata, standings[kata.slug], standings) for kata in katas)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"


def _row(kata: Kata, standing: Standing, standings: Mapping[str, Standing]) -> str:
    if standing.done:
        state = mark("✓", "passed").replace(">passed<", ">done<")
    elif standing.tries:
        state = mark("~", "partial").replace(">partial<", ">in progress<")
    else:
        state = '<span aria-hidden="true">·</span><span class="hidden">not started</span>'
    waiting = [name for name in kata.prerequisites if name in standings and not standings[name].done]
    after = ", ".join(f"{name}{'' if name in waiting else ' ✓'}" for name in kata.prerequisites)
    return (
        f'<tr><td>{state}</td><th scope="row">{escape(kata.title)} <span class="soft">{escape(kata.slug)}</span></th>'
        f'<td class="wide">{escape(after)}</td>'
        f'<td class="number">{points(standing.best)} / {points(points_of(kata))}</td>'
        f'<td class="wide number">{escape(standing.done_on)}</td></tr>'
    )
