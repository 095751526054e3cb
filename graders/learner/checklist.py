"""Render the checklist of all katas as a self-contained HTML page."""

from __future__ import annotations

import datetime
import re
from collections.abc import Collection, Mapping, Sequence
from html import escape

from graders.catalogue import Kata
from graders.learner.progress import Standing, all_done, next_kata, place, points_of, streak
from graders.report.page import page
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
_STATES = {"done": ("✓", "passed"), "in progress": ("~", "partial"), "not started": ("·", "")}  # sign and CSS class
_HEAD = (
    '<th scope="col"><span class="hidden">State</span></th><th scope="col">Kata</th>'
    '<th scope="col" class="wide">Builds on</th><th scope="col" class="number">Points</th>'
    '<th scope="col" class="wide number">Done on</th>'
)


def render(
    katas: Sequence[Kata], standings: Mapping[str, Standing], days: Collection[datetime.date], today: datetime.date
) -> str:
    """Return a page with the number of katas done, the next kata, and a table for each kind of kata."""
    done, row = sum(standings[kata.slug].done for kata in katas), streak(days, today)
    if found := next_kata(katas, standings):
        kata, why = found
        following = f"Next: <strong>{escape(kata.title)}</strong> (<code>{escape(kata.slug)}</code>): {escape(why)}."
    else:
        following = re.sub("`(.+?)`", r"<code>\1</code>", escape(all_done(katas)))
    parts = [
        "<h1>What I have done</h1>",
        f"<p><strong>{done} of {len(katas)} katas done</strong>, {row} {'day' if row == 1 else 'days'} in a row.</p>",
        f'<progress max="{len(katas)}" value="{done}" aria-label="katas done">{done} of {len(katas)}</progress>',
        f"<p>{following}</p>",
    ]
    for kind, title in _KINDS.items():
        rows = [_row(kata, standings) for kata in sorted(katas, key=place) if kata.kind == kind]
        table = f"<table>\n<thead><tr>{_HEAD}</tr></thead>\n<tbody>\n{chr(10).join(rows)}\n</tbody>\n</table>"
        parts += [f"<h2>{title}</h2>", table] if rows else []
    parts.append(f'<p class="soft">As of {today.isoformat()}. Made by <code>katas progress --html</code>.</p>')
    return page("Progress in the katas", "\n".join(parts), _STYLE)


def _row(kata: Kata, standings: Mapping[str, Standing]) -> str:
    standing = standings[kata.slug]
    state = "done" if standing.done else "in progress" if standing.tries else "not started"
    sign, kind = _STATES[state]
    open_ = {name for name in kata.prerequisites if name in standings and not standings[name].done}
    after = ", ".join(name if name in open_ else f"{name} ✓" for name in kata.prerequisites)
    return (
        f'<tr><td><span class="{kind}" aria-hidden="true">{sign}</span><span class="hidden">{state}</span></td>'
        f'<th scope="row">{escape(kata.title)} <span class="soft">{escape(kata.slug)}</span></th>'
        f'<td class="wide">{escape(after)}</td>'
        f'<td class="number">{points(standing.best)} / {points(points_of(kata))}</td>'
        f'<td class="wide number">{escape(standing.done_on)}</td></tr>'
    )
