"""The katas as text, as JSON and as a page: for `katas list`, `katas next` and `katas progress`."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any

import msgspec

from graders.catalogue import Kata
from graders.learner.progress import (
    Progress,
    Standing,
    all_done,
    in_short,
    next_kata,
    place,
    points_of,
)
from graders.report.html import page
from graders.report.wording import points

TITLE = 29  # the number of characters that the other columns leave in a line of 80
_LISTED = (
    "slug", "title", "kind", "part", "adds", "difficulty", "minutes", "concepts",
    "requires", "builds_on", "files", "entry_points", "runtime", "require_extras",
)  # fmt: skip


def as_text(katas: Sequence[Kata]) -> str:
    """Return a plain-text table of at most 80 columns. (Importing a library for tables takes too long.)"""
    head = ("kata", "title", "level", "tasks", "points", "min", "after")
    groups = [(heading, [_row(kata) for kata in members]) for heading, members in grouped(katas)]
    table = [("", head), *((heading * (row is rows[0]), row) for heading, rows in groups for row in rows)]
    widths = [max(map(len, column)) for column in zip(*(row for _, row in table), strict=True)]
    lines = []
    for heading, (*cells, after) in table:
        lines += ["", heading] if heading and len(groups) > 1 else []
        left = [cell.ljust(width) for cell, width in zip(cells[:3], widths, strict=False)]
        right = [cell.rjust(width) for cell, width in zip(cells[3:], widths[3:], strict=False)]
        begin = "  ".join([*left, *right, ""])
        first, *more = after.split(", ")  # list one prerequisite per line
        lines += [f"{begin}{first}".rstrip(), *(" " * len(begin) + other for other in more)]
    tasks = [task for kata in katas for task in kata.tasks]
    legends = ["1+2 tasks: 1 must pass; 2 are extra, for points only"] * any(task.extra for task in tasks)
    legends += ["27+3 points: tests give 27, a person who reads your text gives 3"] * any(task.review for task in tasks)
    return "\n".join([*lines, "", *legends] if legends else lines)


def grouped(katas: Iterable[Kata]) -> list[tuple[str, list[Kata]]]:
    """Return the katas in the recommended order, under their headings."""
    return [
        (heading, list(members)) for heading, members in groupby(sorted(katas, key=place), lambda kata: kata.heading)
    ]


def _row(kata: Kata) -> tuple[str, ...]:
    extras, by_a_person = sum(task.extra for task in kata.tasks), sum(task.points for task in kata.tasks if task.review)
    return (
        kata.slug,
        kata.title if len(kata.title) <= TITLE else kata.title[: TITLE - 1] + "…",
        "★" * kata.difficulty + "·" * (5 - kata.difficulty),
        f"{len(kata.tasks) - extras}" + (f"+{extras}" if extras else ""),
        f"{points_of(kata):g}" + (f"+{by_a_person:g}" if by_a_person else ""),
        str(kata.minutes),
        ", ".join(kata.prerequisites),
    )


def as_json(katas: Sequence[Kata]) -> str:
    """Return a JSON list with each kata's settings from kata.toml and its total points."""
    listed: list[dict[str, Any]] = []
    for kata in katas:
        tasks = [{name: getattr(task, name) for name in ("name", "title", "points", "extra")} for task in kata.tasks]
        points = sum(task.points for task in kata.tasks)
        listed.append({**{name: getattr(kata, name) for name in _LISTED}, "points": points, "tasks": tasks})
    return msgspec.json.format(msgspec.json.encode(listed), indent=2).decode()


def advice(katas: Sequence[Kata], standings: Mapping[str, Standing]) -> str:
    """Return a text that names the next kata, and says how to work on it."""
    following = next_kata(katas, standings)
    if following is None:
        return all_done(katas)
    kata, why = following
    more = f" and {len(kata.files) - 1} more" if len(kata.files) > 1 else ""
    return (
        f"next: {kata.slug}, {kata.title} ({why})\n"
        f"  read   katas/{kata.slug}/README.md\n"
        f"  write  katas/{kata.slug}/{kata.files[0]}{more}\n"
        f"  grade  katas watch {kata.slug}   (or pytest katas/{kata.slug})"
    )


def overview(katas: Sequence[Kata], progress: Progress) -> str:
    """Return the checklist of all katas, a summary and the next kata, as text of at most 80 columns."""
    standings = progress.standings([kata.slug for kata in katas])
    lines = []
    groups = grouped(katas)
    for heading, members in groups:
        lines += ["", heading] if len(groups) > 1 else []
        for kata in members:
            standing = standings[kata.slug]
            points = f"{f'{standing.best:g}' if standing.tries else '–'}/{points_of(kata):g}"
            title = kata.title if len(kata.title) <= 34 else f"{kata.title[:33]}…"
            mark = "✓" if standing.done else "·"
            lines.append(f"{mark} {kata.slug:12}  {title:34}  {points:>9}  {standing.done_on}".rstrip())
    return "\n".join([*lines[len(groups) > 1 :], "", in_short(standings), advice(katas, standings)])


# ------------------------------------------------------------------------------------------------ HTML

_STYLE = """.number { padding-left: 1rem; } tbody th { min-width: 10rem; }
@media (max-width: 36rem) { .wide { display: none; } }
"""  # on a phone, show only the kata and its points
_STATES = {"done": ("✓", "passed"), "in progress": ("~", "partial"), "not started": ("·", "")}  # sign and CSS class
_HEAD = (
    '<th scope="col"><span class="hidden">State</span></th><th scope="col">Kata</th>'
    '<th scope="col" class="wide">Builds on</th><th scope="col" class="number">Points</th>'
    '<th scope="col" class="wide number">Done on</th>'
)


def as_page(katas: Sequence[Kata], standings: Mapping[str, Standing], today: datetime.date) -> str:
    """Return a page with the number of katas done, the next kata, and a table for each kind of kata."""
    done = sum(standings[kata.slug].done for kata in katas)
    if found := next_kata(katas, standings):
        kata, why = found
        following = f"Next: <strong>{escape(kata.title)}</strong> (<code>{escape(kata.slug)}</code>): {escape(why)}."
    else:
        following = re.sub("`(.+?)`", r"<code>\1</code>", escape(all_done(katas)))
    parts = [
        "<h1>What I have done</h1>",
        f"<p><strong>{done} of {len(katas)} katas done</strong>.</p>",
        f'<progress max="{len(katas)}" value="{done}" aria-label="katas done">{done} of {len(katas)}</progress>',
        f"<p>{following}</p>",
    ]
    for heading, members in grouped(katas):
        rows = "\n".join(_page_row(kata, standings) for kata in members)
        table = f"<table>\n<thead><tr>{_HEAD}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"
        parts += [f"<h2>{escape(heading)}</h2>", table]
    parts.append(f'<p class="soft">As of {today.isoformat()}. Made by <code>katas progress --html</code>.</p>')
    return page("Progress in the katas", "\n".join(parts), _STYLE)


def _page_row(kata: Kata, standings: Mapping[str, Standing]) -> str:
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
