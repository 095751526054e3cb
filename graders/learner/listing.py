"""The katas as text or as JSON: for `katas list`, `katas next` and `katas progress`."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
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
    streak,
)

TITLE = 29  # the number of characters that the other columns leave in a line of 80


def as_text(katas: Sequence[Kata]) -> str:
    """Return a plain-text table of at most 80 columns.

    This function does not use a table library, because importing one takes too long.
    """
    rows: list[tuple[str, ...]] = [("kata", "title", "level", "tasks", "points", "min", "after")]
    rows += [_row(kata) for kata in sorted(katas, key=lambda kata: kata.place)]
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    right = {3, 4, 5}
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=False))
        ]
        first, *more = row[6].split(", ")  # list one prerequisite per line
        lines.append("  ".join([*cells, first]).rstrip())
        lines += [" " * (len("  ".join(cells)) + 2) + other for other in more]
    legends = []
    if any(task.extra for kata in katas for task in kata.tasks):
        legends.append("1+2 tasks: 1 must pass; 2 are extra, for points only")
    if any(task.review for kata in katas for task in kata.tasks):
        legends.append("27+3 points: tests give 27, a person who reads your text gives 3")
    if legends:
        lines += ["", *legends]
    return "\n".join(lines)


def _row(kata: Kata) -> tuple[str, ...]:
    by_tests = sum(task.points for task in kata.tasks if not task.review)
    by_a_person = sum(task.points for task in kata.tasks if task.review)
    points = f"{by_tests:g}" + (f"+{by_a_person:g}" if by_a_person else "")
    level = "★" * kata.difficulty + "·" * (5 - kata.difficulty)
    after = ", ".join(kata.prerequisites)
    title = kata.title if len(kata.title) <= TITLE else kata.title[: TITLE - 1] + "…"
    extras = sum(task.extra for task in kata.tasks)
    tasks = str(len(kata.tasks) - extras) + (f"+{extras}" if extras else "")
    return kata.slug, title, level, tasks, points, str(kata.minutes), after


def as_json(katas: Sequence[Kata]) -> str:
    """Return a JSON list with each kata's settings from kata.toml and its total points."""
    listed = [_record(kata) for kata in katas]
    return msgspec.json.format(msgspec.json.encode(listed), indent=2).decode()


_LISTED = (
    "slug",
    "title",
    "kind",
    "difficulty",
    "minutes",
    "concepts",
    "requires",
    "builds_on",
    "files",
    "entry_points",
    "runtime",
)


def _record(kata: Kata) -> dict[str, Any]:
    record = {name: getattr(kata, name) for name in _LISTED}
    tasks = [{name: getattr(task, name) for name in ("name", "title", "points", "extra")} for task in kata.tasks]
    record |= {"require_extras": kata.require_extras}
    return record | {"points": sum(task.points for task in kata.tasks), "tasks": tasks}


def advice(katas: Sequence[Kata], standings: dict[str, Standing]) -> str:
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


def overview(katas: Sequence[Kata], progress: Progress, today: datetime.date) -> str:
    """Return the checklist of all katas, a summary and the next kata, as text of at most 80 columns."""
    standings = progress.standings([kata.slug for kata in katas])
    lines = []
    for kata in sorted(katas, key=place):
        standing = standings[kata.slug]
        reached = f"{standing.best:g}" if standing.tries else "–"
        points = f"{reached}/{points_of(kata):g}"
        title = kata.title if len(kata.title) <= 34 else f"{kata.title[:33]}…"
        mark = "✓" if standing.done else "·"
        lines.append(f"{mark} {kata.slug:12}  {title:34}  {points:>9}  {standing.done_on}".rstrip())
    lines += ["", in_short(standings, streak(progress.days(), today))]
    return "\n".join([*lines, advice(katas, standings)])
